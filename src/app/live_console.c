#include "app/live_console.h"

#include <stdio.h>
#include <stdlib.h>

#include "app/console.h"
#include "app/view_wire.h"
#include "http/token.h"
#include "http/user.h"
#include "rt/crypto.h"

enum { CONTACT_ROWS_MAX = 300 };

struct sapa_live_console {
    struct sapa_live_console_options options;
    struct sapa_console *console;
    struct sapa_view_memory view;
};

static int64_t now_us(const struct sapa_live_console *console)
{
    return sapa_clock_core_us(sapa_loop_clock(console->options.loop));
}

static const char *text_of(const json_t *request, const char *key)
{
    const char *text = json_string_value(json_object_get(request, key));

    return text ? text : "";
}

/* "4711" into a number; false and an error row otherwise. */
static bool contact_of(const json_t *request, struct sapa_console_reply *reply, uint64_t *ret)
{
    if (sapa_str_u64(sapa_str_of(text_of(request, "contact")), UINT64_MAX, ret) == SAPA_OK)
        return true;
    sapa_console_error(reply, "a contact is named by its number, as `sapa contacts` shows it");
    return false;
}

static json_t *key_of(struct sapa_str key)
{
    return json_stringn(key.p ? key.p : "", key.n);
}

static json_t *id_text(uint64_t id)
{
    char buf[24];
    struct sapa_text text;

    sapa_text_init(&text, buf, sizeof(buf));
    sapa_text_printf(&text, "%llu", (unsigned long long)id);
    return json_string(buf);
}

static void answer_top(struct sapa_live_console *c, const json_t *request, struct sapa_console_reply *reply)
{
    const struct sapa_view_room room = sapa_view_room_of(&c->view);
    const bool english = strcmp(text_of(request, "language"), "en") == 0;
    struct sapa_view view;

    if (sapa_live_view(c->options.live, now_us(c), english ? SAPA_LANGUAGE_EN : SAPA_LANGUAGE_ID, &room, &view) == SAPA_OK) {
        /* what waits for a moment only is no news; what a full disk keeps waiting may never have happened after a kill */
        const struct sapa_engine_stats engine = sapa_engine_stats(c->options.engine);
        const enum sapa_log_state state = sapa_log_writer_status(c->options.writer).state;
        view.unwritten = state == SAPA_LOG_FULL || state == SAPA_LOG_FAILED ? engine.seq - engine.committed : 0;
        sapa_view_send(reply, &view);
    } else {
        sapa_console_error(reply, "the view cannot be made: out of memory");
    }
}

/* null: nobody is ready, so nothing can be expected. */
static json_t *wait_of(uint32_t ms)
{
    return ms == SAPA_NONE ? json_null() : json_integer(ms);
}

static void answer_contacts(struct sapa_live_console *c, struct sapa_console_reply *reply)
{
    const struct sapa_centre *centre = sapa_core_centre_now(c->options.core);
    const int64_t now = now_us(c);
    struct sapa_contact_view view;
    uint32_t cursor = 0, rows = 0;

    while (rows < CONTACT_ROWS_MAX && sapa_core_contact_next(c->options.core, &cursor, now, &view)) {
        json_t *row = json_pack("{s:o,s:s,s:s,s:I,s:I,s:I}", "contact", id_text(view.contact), "place",
                                sapa_place_name(view.place), "channel", sapa_channel_name(view.channel), "position",
                                (json_int_t)view.position, "wait_ms", (json_int_t)view.wait_ms, "here_ms",
                                (json_int_t)((now - view.since_us) / 1000));
        if (view.client < centre->clients_count)
            json_object_set_new(row, "client", key_of(centre->clients[view.client].key));
        if (view.queue < centre->queues_count)
            json_object_set_new(row, "queue", key_of(centre->queues[view.queue].key));
        if (view.agent < centre->agents_count)
            json_object_set_new(row, "agent", key_of(centre->agents[view.agent].key));
        if (view.position > 0) {
            json_object_set_new(row, "ewt_p50_ms", wait_of(view.ewt_p50_ms));
            json_object_set_new(row, "ewt_p90_ms", wait_of(view.ewt_p90_ms));
        }
        sapa_console_row(reply, row);
        rows++;
    }
}

/* The explanation as an encoded record: the asker has the same words for it as for the log. */
static void answer_why(struct sapa_live_console *c, const json_t *request, struct sapa_console_reply *reply)
{
    uint8_t clear_bytes[SAPA_RECORD_ENCODED_MAX], pii_bytes[8];
    struct sapa_writer clear = sapa_writer_of(clear_bytes, sizeof(clear_bytes));
    struct sapa_writer pii = sapa_writer_of(pii_bytes, sizeof(pii_bytes));
    char hex[2 * SAPA_RECORD_ENCODED_MAX + 1];
    struct sapa_contact_view view;
    struct sapa_record why;
    uint64_t contact;

    if (!contact_of(request, reply, &contact))
        return;
    if (sapa_core_contact_get(c->options.core, contact, now_us(c), &view) != SAPA_OK)
        return; /* over: the log knows the rest */
    json_t *row = json_pack("{s:s,s:I,s:I}", "place", sapa_place_name(view.place), "position", (json_int_t)view.position,
                            "wait_ms", (json_int_t)view.wait_ms);
    if (sapa_core_why_contact(c->options.core, contact, now_us(c), &why) == SAPA_OK) {
        sapa_record_encode(&why, &clear, &pii);
        json_object_set_new(row, "why", json_string(sapa_hex(clear_bytes, clear.n, hex)));
    }
    sapa_console_row(reply, row);
}

static void answer_switch(struct sapa_live_console *c, const json_t *request, struct sapa_console_reply *reply)
{
    const struct sapa_centre *centre = sapa_core_centre_now(c->options.core);
    const char *which = text_of(request, "which"), *client = text_of(request, "client");
    struct sapa_record input;

    sapa_record_init(&input, SAPA_T_switch_set);
    input.u.switch_set.client = SAPA_NONE;
    input.u.switch_set.on = json_is_true(json_object_get(request, "on"));
    (void)sapa_sized_set(&input.u.switch_set.by, sapa_str_of(text_of(request, "by")));
    if (strcmp(which, "surge") != 0 && strcmp(which, "closed") != 0) {
        sapa_console_error(reply, "there are the switches \"surge\" and \"closed\", not \"%s\"", which);
        return;
    }
    input.u.switch_set.which = strcmp(which, "surge") == 0 ? SAPA_SWITCH_SURGE : SAPA_SWITCH_CLOSED;
    if (client[0] != '\0') {
        const uint32_t index = SAPA_FIND(centre, clients, sapa_str_of(client));
        if (index == SAPA_NONE) {
            sapa_console_error(reply, "there is no client \"%s\"", client);
            return;
        }
        input.u.switch_set.client = index;
    }
    if (c->options.input(c->options.ctx, &input) != SAPA_OK)
        sapa_console_error(reply, "the log is too far behind at the moment; try again");
    else
        sapa_console_row(reply, json_pack("{s:b}", "done", 1));
}

static void row_token(void *ctx, const struct sapa_token *token)
{
    struct sapa_json json = { .p = NULL };

    sapa_token_json(token, &json);
    json_t *row = json.failed ? NULL : json_loadb(json.p, json.n, 0, NULL);
    if (row)
        sapa_console_row(ctx, row);
    sapa_json_done(&json);
}

/* Whoever may open this socket owns the folder: the first token comes from here. */
static void answer_token_new(struct sapa_live_console *c, const json_t *request, struct sapa_console_reply *reply)
{
    const struct sapa_centre *centre = sapa_core_centre_now(c->options.core);
    struct sapa_token wish = { .role = (uint8_t)sapa_role_of(sapa_str_of(text_of(request, "role"))) }, token;
    struct sapa_str rest = sapa_str_of(text_of(request, "clients"));
    char secret[SAPA_TOKEN_TEXT_SIZE];

    if (!sapa_str_copy(sapa_str_of(text_of(request, "user")), wish.user, sizeof(wish.user)) ||
        !sapa_str_copy(sapa_str_of(text_of(request, "agent")), wish.agent, sizeof(wish.agent)) ||
        !sapa_str_copy(rest, wish.clients, sizeof(wish.clients)) ||
        !sapa_str_copy(sapa_str_of(text_of(request, "by")), wish.by, sizeof(wish.by))) {
        sapa_console_error(reply, "a name is too long");
        return;
    }
    const json_int_t days = json_integer_value(json_object_get(request, "days"));
    wish.expires_us = days > 0 ? now_us(c) + days * INT64_C(86400000000) : 0;
    if (wish.agent[0] && SAPA_FIND(centre, agents, sapa_str_of(wish.agent)) == SAPA_NONE) {
        sapa_console_error(reply, "there is no agent \"%s\"", wish.agent);
        return;
    }
    while (rest.n > 0) {
        const struct sapa_str key = sapa_str_cut(rest, ',', &rest);
        if (SAPA_FIND(centre, clients, key) == SAPA_NONE) {
            sapa_console_error(reply, "there is no client \"" SAPA_STR_FMT "\"", SAPA_STR_ARG(key));
            return;
        }
    }
    const sapa_rc rc = sapa_token_create(c->options.store, &wish, secret, &token);
    if (rc != SAPA_OK) {
        sapa_console_error(reply, rc == SAPA_EINVAL ? "a user (without blanks and commas) and a role are wanted, and an agent for the role agent" : "%s", sapa_rc_text(rc));
        return;
    }
    if (c->options.tokens_changed)
        c->options.tokens_changed(c->options.ctx);
    char id[24];
    snprintf(id, sizeof(id), "%llu", (unsigned long long)token.id);
    sapa_console_row(reply, json_pack("{s:s,s:s}", "secret", secret, "id", id));
    sapa_wipe(secret, sizeof(secret));
}

static void answer_token_end(struct sapa_live_console *c, const json_t *request, struct sapa_console_reply *reply)
{
    uint64_t id;
    sapa_rc rc = sapa_str_u64(sapa_str_of(text_of(request, "token")), UINT64_MAX, &id);

    if (rc == SAPA_OK)
        rc = sapa_token_revoke(c->options.store, id);
    if (rc == SAPA_OK && c->options.tokens_changed)
        c->options.tokens_changed(c->options.ctx);
    if (rc == SAPA_OK)
        sapa_console_row(reply, json_pack("{s:b}", "done", 1));
    else
        sapa_console_error(reply, rc == SAPA_ESTATE ? "the token is revoked already" : rc == SAPA_ENOENT || rc == SAPA_EINVAL ? "there is no such token" : "%s", sapa_rc_text(rc));
}

static void answer_token(struct sapa_live_console *c, const json_t *request, struct sapa_console_reply *reply)
{
    const char *what = text_of(request, "what");

    if (!c->options.store)
        sapa_console_error(reply, "this centre has no tokens");
    else if (strcmp(what, "create") == 0)
        answer_token_new(c, request, reply);
    else if (strcmp(what, "revoke") == 0)
        answer_token_end(c, request, reply);
    else if (sapa_token_each(c->options.store, row_token, reply) != SAPA_OK)
        sapa_console_error(reply, "the tokens cannot be read");
}

/* Passwords come as hashes: whoever may open this socket owns the folder. */
static void answer_user(struct sapa_live_console *c, const json_t *request, struct sapa_console_reply *reply)
{
    const struct sapa_centre *centre = sapa_core_centre_now(c->options.core);
    const struct sapa_str key = sapa_str_of(text_of(request, "user"));
    const char *what = text_of(request, "what");
    struct sapa_user_who who;
    sapa_rc rc = SAPA_OK;

    if (!c->options.store) {
        sapa_console_error(reply, "this centre has no users");
    } else if (strcmp(what, "list") == 0) {
        for (uint32_t i = 0; i < centre->users_count + centre->agents_count; i++) {
            const struct sapa_str one = i < centre->users_count ? centre->users[i].key : centre->agents[i - centre->users_count].key;
            if (sapa_user_find(centre, one, &who) != SAPA_OK)
                continue;
            const struct sapa_str role = who.role < centre->roles_count ? centre->roles[who.role].key : (struct sapa_str){ "", 0 };
            sapa_console_row(reply, json_pack("{s:s%,s:s%,s:s%,s:b,s:b}", "user", who.key.p, who.key.n, "name", who.name.p, who.name.n,
                                              "role", role.p, role.n, "agent", who.agent != SAPA_NONE, "password",
                                              sapa_user_password_set(c->options.store, who.key)));
        }
    } else if (sapa_user_find(centre, key, &who) != SAPA_OK && strcmp(what, "lock") != 0) { /* whoever left can still be locked out */
        sapa_console_error(reply, "there is no user and no agent \"" SAPA_STR_FMT "\"", SAPA_STR_ARG(key));
    } else {
        rc = strcmp(what, "lock") == 0 ? sapa_user_password_clear(c->options.store, key)
                                       : sapa_user_password_keep(c->options.store, key, text_of(request, "hash"));
        if (rc == SAPA_OK && c->options.password_changed)
            c->options.password_changed(c->options.ctx, key);
        if (rc == SAPA_OK)
            sapa_console_row(reply, json_pack("{s:b}", "done", 1));
        else
            sapa_console_error(reply, "%s", rc == SAPA_EINVAL ? "that is no name, or no hash of a password" : sapa_rc_text(rc));
    }
}

static void answer_stats(struct sapa_live_console *c, struct sapa_console_reply *reply)
{
    const struct sapa_engine_stats engine = sapa_engine_stats(c->options.engine);
    const struct sapa_log_status log = sapa_log_writer_status(c->options.writer);

    sapa_console_row(reply, json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:s}", "inputs", (json_int_t)engine.inputs,
                                      "events", (json_int_t)engine.events, "commands", (json_int_t)engine.commands,
                                      "refused", (json_int_t)engine.refused, "seq", (json_int_t)engine.seq, "committed",
                                      (json_int_t)engine.committed, "held", (json_int_t)engine.held, "commits",
                                      (json_int_t)log.commits, "slow_commits", (json_int_t)log.slow_commits,
                                      "longest_commit_us", (json_int_t)log.longest_commit_us, "log",
                                      sapa_log_state_name(log.state)));
}

static void answer_reload(struct sapa_live_console *c, const json_t *request, struct sapa_console_reply *reply)
{
    const struct sapa_reload wish = { .file = json_string_value(json_object_get(request, "file")),
                                      .by = json_string_value(json_object_get(request, "by")),
                                      .comment = json_string_value(json_object_get(request, "comment")) };
    const char *file = wish.file ? wish.file : c->options.centre;
    const sapa_rc rc = c->options.reload(c->options.ctx, &wish);

    if (rc == SAPA_EAGAIN)
        sapa_console_error(reply, "the description read before has not taken force yet; ask again in a moment");
    else if (rc == SAPA_EIO)
        sapa_console_error(reply, "%s cannot be written; the description before stays in force", c->options.centre);
    else if (rc != SAPA_OK)
        sapa_console_error(reply, "%s has mistakes or does not fit; the one before stays in force (sapa check %s lists them)", file, file);
    else
        sapa_console_row(reply, json_pack("{s:s}", "centre", c->options.centre));
}

static void answer(void *ctx, const json_t *request, struct sapa_console_reply *reply)
{
    struct sapa_live_console *c = ctx;
    const char *what = text_of(request, "do");

    if (!sapa_core_centre_now(c->options.core))
        sapa_console_error(reply, "the centre is still starting");
    else if (strcmp(what, "top") == 0)
        answer_top(c, request, reply);
    else if (strcmp(what, "contacts") == 0)
        answer_contacts(c, reply);
    else if (strcmp(what, "why") == 0)
        answer_why(c, request, reply);
    else if (strcmp(what, "switch") == 0)
        answer_switch(c, request, reply);
    else if (strcmp(what, "token") == 0)
        answer_token(c, request, reply);
    else if (strcmp(what, "user") == 0)
        answer_user(c, request, reply);
    else if (strcmp(what, "reload") == 0)
        answer_reload(c, request, reply);
    else if (strcmp(what, "stats") == 0)
        answer_stats(c, reply);
    else
        sapa_console_error(reply, "this build does not know the question \"%s\"", what);
}

sapa_rc sapa_live_console_open(const struct sapa_live_console_options *options, struct sapa_live_console **ret)
{
    struct sapa_live_console *c = calloc(1, sizeof(*c));

    if (!c)
        return SAPA_ENOMEM;
    c->options = *options;
    const sapa_rc rc = sapa_console_open(options->loop, options->path, answer, c, &c->console);
    if (rc != SAPA_OK) {
        free(c);
        return rc;
    }
    *ret = c;
    return SAPA_OK;
}

void sapa_live_console_close(struct sapa_live_console *c)
{
    if (!c)
        return;
    sapa_console_close(c->console);
    free(c);
}
