/* What the API administers: webhooks, the centre description by the code of `sapa config`, people who log in. */
#include "app/web_job_impl.h"

#include <stdio.h>
#include <stdlib.h>

#include "app/centre_file.h"
#include "app/config_versions.h"
#include "app/hooks.h"
#include "config/centre_parse.h"
#include "config/plan.h"
#include "http/totp.h"
#include "http/user.h"
#include "rt/clock.h"
#include "rt/file.h"

/* ---- webhooks ---- */

struct listing {
    struct job *job;
    uint64_t last_seq;
    sapa_rc rc;
};

static void hook_json(struct listing *listing, const struct sapa_hook *hook)
{
    const struct sapa_web_work *work = listing->job->work;
    const struct sapa_hook_state *state = NULL;
    struct sapa_hook_place place;

    for (size_t i = 0; i < work->hook_count; i++) {
        if (work->hooks[i].id == hook->id)
            state = &work->hooks[i];
    }
    const sapa_rc rc = sapa_hook_place(listing->job->files->store, hook, &place);
    if (rc != SAPA_OK)
        listing->rc = rc;
    else
        sapa_hook_json(hook, &place, state, listing->last_seq, listing->job->out);
}

static void list_hook(void *ctx, const struct sapa_hook *hook)
{
    hook_json(ctx, hook);
}

static struct listing listing_of(struct job *job)
{
    return (struct listing){ job, sapa_store_tail(job->files->store).seq, SAPA_OK };
}

static sapa_rc hooks(struct job *job)
{
    struct listing listing = listing_of(job);

    sapa_json_open(job->out, '{');
    sapa_json_key(job->out, "items");
    sapa_json_open(job->out, '[');
    const sapa_rc rc = sapa_hook_each(job->files->store, list_hook, &listing);
    sapa_json_close(job->out, ']');
    sapa_json_close(job->out, '}');
    return rc == SAPA_OK ? listing.rc : rc;
}

static sapa_rc hook_get(struct job *job, struct sapa_hook *ret)
{
    uint64_t id;
    sapa_rc rc = sapa_str_u64(sapa_str_of(param(job, "webhook")), UINT64_MAX, &id);

    rc = rc == SAPA_OK ? sapa_hook_get(job->files->store, id, ret) : SAPA_ENOENT;
    return rc == SAPA_ENOENT ? problem(job->work, rc, "there is no webhook %s", param(job, "webhook")) : rc;
}

static sapa_rc hook_one(struct job *job)
{
    struct listing listing = listing_of(job);
    struct sapa_hook hook;
    const sapa_rc rc = hook_get(job, &hook);

    if (rc != SAPA_OK)
        return rc;
    hook_json(&listing, &hook);
    return listing.rc;
}

static sapa_rc hook_new(struct job *job)
{
    char secret[SAPA_HOOK_SECRET_SIZE];
    struct listing listing = listing_of(job);
    struct sapa_hook hook;
    const sapa_rc rc = sapa_hook_create(job->files->store, &job->work->hook, secret, &hook);

    if (rc != SAPA_OK)
        return rc == SAPA_ELIMIT ? problem(job->work, rc, "there are %d webhooks already: end one", SAPA_HOOKS_MAX) : rc;
    sapa_json_open(job->out, '{');
    if (secret[0])
        sapa_json_add_text(job->out, "secret", sapa_str_of(secret));
    else
        sapa_json_add_null(job->out, "secret");
    sapa_json_key(job->out, "webhook");
    hook_json(&listing, &hook);
    sapa_json_close(job->out, '}');
    sapa_wipe(secret, sizeof(secret));
    return listing.rc;
}

static sapa_rc hook_change(struct job *job)
{
    struct sapa_hook hook;
    sapa_rc rc = hook_get(job, &hook);

    if (rc != SAPA_OK)
        return rc;
    switch (job->work->route) {
    case SAPA_ROUTE_HOOK_SET: hook.active = job->work->hook.active; break;
    case SAPA_ROUTE_HOOK_REPLAY:
        if (job->work->hook.replay_from > sapa_store_tail(job->files->store).seq + 1)
            return problem(job->work, SAPA_EINVAL, "from: the log does not reach so far yet");
        hook.replay_from = job->work->hook.replay_from;
        hook.replay_turn = hook.turn + 1;
        break;
    default: hook.ended_us = sapa_wall_us(); break;
    }
    return sapa_hook_change(job->files->store, &hook);
}

/* ---- the centre description ---- */

static sapa_rc any_secret(void *ctx, struct sapa_str name, struct sapa_text *out)
{
    (void)ctx, (void)name;
    sapa_text_add(out, SAPA_STR("checked-only"));
    return SAPA_OK;
}

static void mistakes_json(struct job *job, const struct sapa_findings *findings)
{
    struct sapa_json *out = job->out;

    sapa_json_key(out, "errors");
    sapa_json_open(out, '[');
    for (uint32_t i = 0; i < findings->count; i++) {
        const struct sapa_finding *f = &findings->list[i];
        sapa_json_open(out, '{');
        sapa_json_key(out, "line");
        if (f->line)
            sapa_json_number(out, f->line);
        else
            sapa_json_null(out);
        sapa_json_key(out, "column");
        if (f->line)
            sapa_json_number(out, f->column);
        else
            sapa_json_null(out);
        sapa_json_add_text(out, "where", sapa_str_of(f->where));
        sapa_json_add_text(out, "reason", sapa_str_of(f->reason));
        if (f->hint[0])
            sapa_json_add_text(out, "hint", sapa_str_of(f->hint));
        else
            sapa_json_add_null(out, "hint");
        sapa_json_close(out, '}');
    }
    sapa_json_close(out, ']');
    sapa_json_add_number(out, "more", findings->more);
    job->work->has_mistakes = true;
    job->work->status = 422;
    (void)problem(job->work, SAPA_EINVAL, "the description has %u mistake%s; nothing was changed", findings->count + findings->more,
                  findings->count + findings->more == 1 ? "" : "s");
}

static sapa_rc file_beside(void *ctx, struct sapa_str name, size_t max, uint8_t **ret, size_t *ret_size)
{
    return sapa_centre_file_beside(ctx, name, max, ret, ret_size);
}

/* Compiled as a whole, as sapa check does. */
static sapa_rc check_text(struct job *job, struct sapa_str text)
{
    struct sapa_findings *findings = calloc(1, sizeof(*findings));
    const struct sapa_centre_sources sources = { .secret = any_secret, .file = file_beside, .ctx = (void *)(uintptr_t)job->files->centre };
    struct sapa_centre *centre = NULL;
    const sapa_rc rc = findings ? sapa_centre_compile(text, &sources, findings, &centre) : SAPA_ENOMEM;

    if (rc == SAPA_EINVAL)
        mistakes_json(job, findings);
    if (rc == SAPA_OK)
        sapa_centre_free(centre);
    free(findings);
    return rc;
}

struct planning {
    struct sapa_json *out;
    uint32_t count[3];
};

static void add_change(void *ctx, enum sapa_plan_kind kind, const char *sentence)
{
    static const char *const kinds[] = { "new", "changed", "gone" };
    struct planning *planning = ctx;

    planning->count[kind]++;
    sapa_json_open(planning->out, '{');
    sapa_json_add_text(planning->out, "kind", sapa_str_of(kinds[kind]));
    sapa_json_add_text(planning->out, "text", sapa_str_of(sentence));
    sapa_json_close(planning->out, '}');
}

static sapa_rc plan_json(struct job *job, struct sapa_str text)
{
    const enum sapa_language language = strcmp(param(job, "language"), "en") == 0 ? SAPA_LANGUAGE_EN : SAPA_LANGUAGE_ID;
    const char *from = job->work->centre->hash;
    struct planning planning = { job->out, { 0 } };
    uint8_t digest[SAPA_SHA256_SIZE], *before = NULL;
    char hash[SAPA_HASH_TEXT_SIZE];
    size_t size = 0;
    sapa_rc rc = check_text(job, text);

    if (rc == SAPA_OK)
        rc = sapa_store_document(job->files->store, from, &before, &size);
    if (rc != SAPA_OK)
        return rc;
    sapa_sha256(text.p, text.n, digest);
    sapa_json_open(job->out, '{');
    sapa_json_add_text(job->out, "from", sapa_str_of(from));
    sapa_json_add_text(job->out, "hash", sapa_str_of(sapa_hex(digest, sizeof(digest), hash)));
    sapa_json_key(job->out, "changes");
    sapa_json_open(job->out, '[');
    rc = sapa_centre_plan((struct sapa_str){ (const char *)before, size }, text, language, add_change, &planning);
    sapa_json_close(job->out, ']');
    sapa_json_add_number(job->out, "new", planning.count[SAPA_PLAN_NEW]);
    sapa_json_add_number(job->out, "changed", planning.count[SAPA_PLAN_CHANGED]);
    sapa_json_add_number(job->out, "gone", planning.count[SAPA_PLAN_GONE]);
    sapa_json_close(job->out, '}');
    free(before);
    return rc;
}

static struct sapa_str text_of(const struct job *job)
{
    return (struct sapa_str){ job->work->text ? job->work->text : "", job->work->text_n };
}

/* In a file of its own, which the centre takes over and removes. */
static sapa_rc bring(struct job *job, struct sapa_str text, const char *comment)
{
    struct sapa_web_reload *reload = &job->work->reload;
    const sapa_rc rc = plan_json(job, text);

    if (rc != SAPA_OK)
        return rc;
    snprintf(reload->file, sizeof(reload->file), "%s/api-%llu.yaml", job->files->data, (unsigned long long)job->work->request);
    (void)sapa_str_copy(sapa_str_of(comment), reload->comment, sizeof(reload->comment));
    (void)sapa_str_copy(sapa_str_of(job->work->centre->hash), reload->if_match, sizeof(reload->if_match));
    return sapa_file_write(reload->file, text.p, text.n, 0600);
}

static sapa_rc restore(struct job *job)
{
    const char *hash = param(job, "hash"), *comment = param(job, "comment");
    struct sapa_config_version *versions = NULL;
    char text_comment[160];
    uint8_t *text = NULL;
    size_t count = 0, number = 0, size = 0;
    sapa_rc rc = sapa_config_versions(job->files->store, &versions, &count);

    for (size_t i = 0; rc == SAPA_OK && i < count; i++) {
        if (sapa_str_eq(sapa_sized_str(&versions[i].hash), sapa_str_of(hash)))
            number = i + 1;
    }
    free(versions);
    if (rc == SAPA_OK && number == 0)
        return problem(job->work, SAPA_ENOENT, "no description %.64s was ever in force", hash);
    if (rc == SAPA_OK)
        rc = sapa_store_document(job->files->store, hash, &text, &size);
    if (rc != SAPA_OK)
        return rc;
    snprintf(text_comment, sizeof(text_comment), "version %zu again%s%s", number, comment[0] ? ": " : "", comment);
    text_comment[sapa_str_utf8_length((struct sapa_str){ text_comment, SAPA_MIN(strlen(text_comment), (size_t)127) })] = '\0';
    rc = bring(job, (struct sapa_str){ (const char *)text, size }, text_comment);
    free(text);
    return rc;
}

static sapa_rc versions(struct job *job)
{
    struct sapa_config_version *of;
    size_t count;
    const sapa_rc rc = sapa_config_versions(job->files->store, &of, &count);

    if (rc != SAPA_OK)
        return rc;
    sapa_json_open(job->out, '{');
    sapa_json_key(job->out, "items");
    sapa_json_open(job->out, '[');
    for (size_t i = count; i-- > 0;) {
        sapa_json_open(job->out, '{');
        sapa_json_add_number(job->out, "version", (int64_t)i + 1);
        sapa_json_add_text(job->out, "hash", sapa_sized_str(&of[i].hash));
        sapa_json_add_time(job->out, "from", of[i].at_us);
        sapa_json_add_id(job->out, "seq", of[i].seq);
        if (of[i].by.n > 0)
            sapa_json_add_text(job->out, "by", sapa_sized_str(&of[i].by));
        else
            sapa_json_add_null(job->out, "by");
        if (of[i].comment.n > 0)
            sapa_json_add_text(job->out, "comment", sapa_sized_str(&of[i].comment));
        else
            sapa_json_add_null(job->out, "comment");
        sapa_json_close(job->out, '}');
    }
    sapa_json_close(job->out, ']');
    sapa_json_close(job->out, '}');
    free(of);
    return SAPA_OK;
}

/* ---- passwords and sessions ---- */

static sapa_rc end_sessions(struct job *job)
{
    sapa_rc rc = SAPA_OK;

    for (size_t i = 0; rc == SAPA_OK && i < job->work->id_count; i++)
        rc = sapa_session_end(job->files->store, job->work->ids[i]);
    return rc;
}

/*
 * The same answer after the same time, whether there is such a user, a password, the right one. In two parts: the first takes
 * the time and only reads, so that several may run at once; the second, with `password_good`, makes the session.
 */
static sapa_rc login(struct job *job)
{
    struct sapa_web_work *work = job->work;
    const struct sapa_str name = sapa_str_of(work->name);
    char secret[SAPA_TOKEN_TEXT_SIZE];
    struct sapa_user_who who;
    sapa_rc rc = SAPA_OK;

    if (work->route != SAPA_ROUTE_DEMO_LOGIN && !work->password_good) { /* whether there are demo logins was asked before */
        rc = sapa_user_password_check(job->files->store, name, sapa_str_of(work->password));
        work->password_good = rc == SAPA_OK;
        return rc;
    }
    if (sapa_user_find(work->centre, name, &who) != SAPA_OK)
        rc = SAPA_EDENIED; /* he is not in the description any more */
    bool factor = false;
    if (rc == SAPA_OK && sapa_totp_is_on(job->files->store, name)) {
        rc = work->new_password[0] ? sapa_totp_check(job->files->store, name, sapa_str_of(work->new_password), sapa_wall_us() / 1000000) : SAPA_EAGAIN;
        factor = rc == SAPA_OK;
        rc = rc == SAPA_EDENIED ? SAPA_EAGAIN : rc;
    }
    if (rc == SAPA_OK)
        rc = end_sessions(job); /* of many */
    if (rc == SAPA_OK)
        rc = sapa_session_create(job->files->store, name, sapa_str_of(work->source), factor, sapa_wall_us(), secret, &work->session);
    if (rc != SAPA_OK)
        return rc;
    sapa_json_open(job->out, '{');
    if (work->cookie)
        memcpy(work->secret, secret, sizeof(work->secret));
    else
        sapa_json_add_text(job->out, "token", sapa_str_of(secret));
    sapa_json_add_time(job->out, "expires", work->session.expires_us);
    sapa_json_add_text(job->out, "user", name);
    sapa_json_add_id(job->out, "session", work->session.id);
    sapa_json_close(job->out, '}');
    sapa_wipe(secret, sizeof(secret));
    return SAPA_OK;
}

static sapa_rc totp_new(struct job *job)
{
    struct sapa_web_work *work = job->work;
    const struct sapa_str name = sapa_str_of(work->name);
    struct sapa_totp_new made;
    sapa_rc rc = sapa_user_password_check(job->files->store, name, sapa_str_of(work->password));

    if (rc == SAPA_OK)
        rc = sapa_totp_begin(job->files->store, name, work->centre->system.name, &made);
    if (rc != SAPA_OK)
        return rc;
    sapa_json_open(job->out, '{');
    sapa_json_add_text(job->out, "secret", sapa_str_of(made.secret));
    sapa_json_add_text(job->out, "uri", sapa_str_of(made.uri));
    sapa_json_key(job->out, "recovery");
    sapa_json_open(job->out, '[');
    for (unsigned i = 0; i < SAPA_TOTP_RECOVERY; i++)
        sapa_json_text(job->out, sapa_str_of(made.recovery[i]));
    sapa_json_close(job->out, ']');
    sapa_json_close(job->out, '}');
    sapa_wipe(&made, sizeof(made));
    return SAPA_OK;
}

/* With the password and a code: whoever finds an open desk does not take it away. */
static sapa_rc totp_end(struct job *job)
{
    const struct sapa_web_work *work = job->work;
    const struct sapa_str name = sapa_str_of(work->name);
    struct sapa_user_who who;
    sapa_rc rc = sapa_user_password_check(job->files->store, name, sapa_str_of(work->password));

    if (rc == SAPA_OK && sapa_user_find(work->centre, name, &who) != SAPA_OK)
        rc = SAPA_EDENIED;
    if (rc == SAPA_OK && who.role < work->centre->roles_count && work->centre->roles[who.role].second_factor)
        return problem(job->work, SAPA_ESTATE, "your role wants a second factor");
    if (rc == SAPA_OK)
        rc = sapa_totp_check(job->files->store, name, sapa_str_of(work->new_password), sapa_wall_us() / 1000000);
    if (rc == SAPA_ENOENT)
        return problem(job->work, SAPA_ESTATE, "there is no second factor");
    return rc == SAPA_OK ? sapa_totp_clear(job->files->store, name) : rc;
}

static sapa_rc totp_change(struct job *job)
{
    const struct sapa_str name = sapa_str_of(job->work->name);
    const sapa_rc rc = job->work->route == SAPA_ROUTE_USER_TOTP
                           ? sapa_totp_clear(job->files->store, name)
                           : sapa_totp_confirm(job->files->store, name, sapa_str_of(job->work->new_password), sapa_wall_us() / 1000000);

    if (rc == SAPA_ESTATE)
        return problem(job->work, rc, "there is no new secret to confirm: POST /api/v1/me/totp makes one");
    return rc == SAPA_OK ? end_sessions(job) : rc;
}

static sapa_rc password(struct job *job)
{
    struct sapa_web_work *work = job->work;
    const struct sapa_str name = sapa_str_of(work->name);
    char hash[SAPA_USER_HASH_SIZE];
    struct sapa_user_who who;
    sapa_rc rc = SAPA_OK;

    /* who has left the description can still be locked out, who never was there cannot */
    if (work->route == SAPA_ROUTE_USER_CLEAR && sapa_user_find(work->centre, name, &who) != SAPA_OK &&
        !sapa_user_password_set(job->files->store, name))
        return problem(work, SAPA_ENOENT, "there is no user \"%s\"; users and agents stand in the description", work->name);
    if (work->route == SAPA_ROUTE_PASSWORD)
        rc = sapa_user_password_check(job->files->store, name, sapa_str_of(work->password));
    if (rc == SAPA_OK && work->route != SAPA_ROUTE_USER_CLEAR)
        rc = sapa_user_password_hash(sapa_str_of(work->new_password), hash);
    if (rc == SAPA_EINVAL)
        return problem(job->work, rc, "a password has %d characters at least and %d bytes at most, and no control characters", SAPA_USER_PASSWORD_MIN,
                       SAPA_USER_PASSWORD_MAX);
    if (rc == SAPA_OK)
        rc = work->route == SAPA_ROUTE_USER_CLEAR ? sapa_user_password_clear(job->files->store, name)
                                                  : sapa_user_password_keep(job->files->store, name, hash);
    return rc == SAPA_OK ? end_sessions(job) : rc;
}

static void user_json(struct job *job, struct sapa_str key)
{
    const struct sapa_centre *centre = job->work->centre;
    struct sapa_json *out = job->out;
    struct sapa_user_who who;

    if (sapa_user_find(centre, key, &who) != SAPA_OK)
        return;
    sapa_json_open(out, '{');
    sapa_json_add_text(out, "id", key);
    sapa_json_add_text(out, "name", who.name);
    sapa_json_add_bool(out, "agent", who.agent != SAPA_NONE);
    sapa_json_key(out, "role");
    if (who.role < centre->roles_count)
        sapa_json_text(out, centre->roles[who.role].key);
    else
        sapa_json_null(out);
    sapa_rights_json(sapa_session_rights(&who), out);
    sapa_json_key(out, "clients");
    sapa_json_open(out, '[');
    for (uint32_t i = 0; i < centre->clients_count && i < 64; i++) {
        if (who.clients >> i & 1)
            sapa_json_text(out, centre->clients[i].key);
    }
    sapa_json_close(out, ']');
    sapa_json_add_bool(out, "password", sapa_user_password_set(job->files->store, key));
    sapa_json_add_bool(out, "second_factor", sapa_totp_is_on(job->files->store, key));
    sapa_json_close(out, '}');
}

static sapa_rc users(struct job *job)
{
    const struct sapa_centre *centre = job->work->centre;

    sapa_json_open(job->out, '{');
    sapa_json_key(job->out, "items");
    sapa_json_open(job->out, '[');
    for (uint32_t i = 0; i < centre->users_count; i++)
        user_json(job, centre->users[i].key);
    for (uint32_t i = 0; i < centre->agents_count; i++)
        user_json(job, centre->agents[i].key);
    sapa_json_close(job->out, ']');
    sapa_json_close(job->out, '}');
    return SAPA_OK;
}

sapa_rc sapa_web_admin(struct job *job)
{
    sapa_rc rc;

    switch (job->work->route) {
    case SAPA_ROUTE_LOGIN:
    case SAPA_ROUTE_DEMO_LOGIN: return login(job);
    case SAPA_ROUTE_TOTP: return totp_new(job);
    case SAPA_ROUTE_TOTP_END: return totp_end(job);
    case SAPA_ROUTE_TOTP_CONFIRM:
    case SAPA_ROUTE_USER_TOTP: return totp_change(job);
    case SAPA_ROUTE_PASSWORD:
    case SAPA_ROUTE_USER_PASSWORD:
    case SAPA_ROUTE_USER_CLEAR: return password(job);
    case SAPA_ROUTE_LOGOUT:
    case SAPA_ROUTE_SESSION_END: return end_sessions(job);
    case SAPA_ROUTE_USERS: return users(job);
    case SAPA_ROUTE_VERSIONS: return versions(job);
    case SAPA_ROUTE_CENTRE_PLAN: return plan_json(job, text_of(job));
    case SAPA_ROUTE_CENTRE_APPLY: return bring(job, text_of(job), param(job, "comment"));
    case SAPA_ROUTE_CENTRE_RESTORE: return restore(job);
    case SAPA_ROUTE_HOOKS: return hooks(job);
    case SAPA_ROUTE_HOOK: return hook_one(job);
    case SAPA_ROUTE_HOOK_NEW: rc = hook_new(job); break;
    case SAPA_ROUTE_HOOK_SET:
    case SAPA_ROUTE_HOOK_REPLAY:
    case SAPA_ROUTE_HOOK_END: rc = hook_change(job); break;
    default: return SAPA_EINVAL;
    }
    if (rc == SAPA_OK)
        sapa_hooks_changed(job->files->hooks);
    return rc;
}
