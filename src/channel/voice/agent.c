#include "channel/voice/voice_impl.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/*
 * Phones of agents: registrations, whether they answer, and the journal that carries registrations
 * over a restart. The journal is a sequence of [length, CRC-32C, payload]; the newest payload of an
 * address of record holds all its bindings. It is rewritten at start and when it has grown.
 */
enum { JOURNAL_ENTRY_MAX = VOICE_DEVICES_MAX * SAPA_SIP_BINDING_RECORD_MAX + 512, JOURNAL_GROWN = 4 << 20 };

uint32_t sapa_voice_device_crc(struct sapa_str contact)
{
    return sapa_crc32c(0, contact.p, contact.n);
}

static size_t bindings_of(const struct sapa_voice *v, uint32_t agent, struct sapa_sip_binding *ret)
{
    return sapa_sip_registrar_lookup(v->registrar, v->centre->agents[agent].extension, sapa_voice_wall(v), ret, VOICE_DEVICES_MAX);
}

bool sapa_voice_device_is_bad(const struct sapa_voice *v, uint32_t agent, uint32_t crc)
{
    const struct voice_agent *a = &v->agents[agent];
    for (uint8_t i = 0; i < a->device_count; i++)
        if (a->devices[i].contact_crc == crc)
            return a->devices[i].bad;
    return false;
}

/* Bring the watched phones in line with the bindings, and tell the core when reachability changed. */
static void update(struct sapa_voice *v, uint32_t agent, uint32_t fresh_crc, const char *why)
{
    struct voice_agent *a = &v->agents[agent];
    struct sapa_sip_binding bindings[VOICE_DEVICES_MAX];
    struct voice_device devices[VOICE_DEVICES_MAX];
    const size_t count = bindings_of(v, agent, bindings);
    bool reachable = false;
    uint8_t place = SAPA_WORKPLACE_UNKNOWN;
    int64_t newest_us = INT64_MIN;
    for (size_t i = 0; i < count; i++) {
        devices[i].contact_crc = sapa_voice_device_crc(bindings[i].contact);
        devices[i].since_us = bindings[i].registered_us;
        for (uint8_t n = 0; n < a->device_count; n++)
            if (a->devices[n].contact_crc == devices[i].contact_crc)
                devices[i].since_us = a->devices[n].since_us;
        devices[i].bad = devices[i].contact_crc != fresh_crc && sapa_voice_device_is_bad(v, agent, devices[i].contact_crc);
        reachable |= !devices[i].bad;
        if (!devices[i].bad && devices[i].since_us > newest_us) { /* which one was taken in use last, not which has just renewed */
            newest_us = devices[i].since_us;
            place = sapa_voice_workplace(v, &bindings[i].flow.remote);
        }
    }
    memcpy(a->devices, devices, count * sizeof(devices[0]));
    a->device_count = (uint8_t)count;
    if (count == 0)
        a->ping_due_us = 0;
    else if (a->ping_due_us == 0) /* spread over the interval */
        a->ping_due_us = sapa_voice_now(v) + (int64_t)(v->options.ping_ms / 2 + (agent * 7919u) % (v->options.ping_ms / 2 + 1)) * 1000;
    const uint8_t told = reachable ? TOLD_REACHABLE : TOLD_UNREACHABLE;
    if (reachable)
        a->gap_until_us = 0;
    else if (a->gap_until_us > sapa_voice_now(v))
        return; /* its browser may be back in a moment */
    const bool moved = reachable && place != a->place && place != SAPA_WORKPLACE_UNKNOWN;
    if ((a->posted == told && !moved) || (a->posted == TOLD_NOTHING && !reachable))
        return;
    a->posted = told;
    a->place = place;
    struct sapa_record r;
    sapa_record_init(&r, SAPA_T_agent_device);
    r.u.agent_device.agent = agent;
    r.u.agent_device.reachable = reachable;
    r.u.agent_device.place = place;
    sapa_sized_set(&r.u.agent_device.reason, sapa_str_of(why));
    sapa_voice_post(v, &r);
}

void sapa_voice_device_bad(struct sapa_voice *v, uint32_t agent, uint32_t crc, const char *why)
{
    if (agent >= v->centre->agents_count)
        return;
    struct voice_agent *a = &v->agents[agent];
    for (uint8_t i = 0; i < a->device_count; i++)
        if (a->devices[i].contact_crc == crc && !a->devices[i].bad) {
            a->devices[i].bad = true;
            a->ping_due_us = SAPA_MIN(a->ping_due_us, sapa_voice_now(v) + 10000000); /* it may come back soon */
            update(v, agent, 0, why);
            return;
        }
}

/* ---- journal ---- */

static bool put_entry(const struct sapa_voice *v, struct sapa_str aor, struct sapa_writer *w)
{
    uint8_t buf[JOURNAL_ENTRY_MAX], one[SAPA_SIP_BINDING_RECORD_MAX];
    struct sapa_sip_binding bindings[VOICE_DEVICES_MAX];
    struct sapa_writer entry = sapa_writer_of(buf, sizeof(buf));
    const size_t count = sapa_sip_registrar_lookup(v->registrar, aor, sapa_voice_wall(v), bindings, VOICE_DEVICES_MAX);
    sapa_put_str(&entry, aor);
    sapa_put_u64(&entry, count);
    for (size_t i = 0; i < count; i++) {
        size_t n;
        if (sapa_sip_binding_export(&bindings[i], one, sizeof(one), &n) != SAPA_OK)
            return false;
        sapa_put_str(&entry, (struct sapa_str){ (const char *)one, n });
    }
    sapa_put_fixed32(w, (uint32_t)entry.n);
    sapa_put_fixed32(w, sapa_crc32c(0, buf, entry.n));
    sapa_put_raw(w, buf, entry.n);
    return !entry.bad && !w->bad;
}

/* The whole journal anew: every registered phone once. */
static sapa_rc rewrite(struct sapa_voice *v)
{
    const char *path = v->options.registrations_path;
    size_t size = 4096, count = 0;
    for (uint32_t i = 0; i < v->centre->agents_count; i++)
        count += v->agents[i].posted != TOLD_NOTHING || v->agents[i].device_count > 0;
    size += count * 1024;
    uint8_t *buf = NULL;
    struct sapa_writer w = { .bad = true };
    while (w.bad && size < ((size_t)1 << 28)) {
        free(buf);
        buf = malloc(size);
        if (!buf)
            return SAPA_ENOMEM;
        w = sapa_writer_of(buf, size);
        for (uint32_t i = 0; i < v->centre->agents_count && !w.bad; i++)
            if (v->agents[i].posted != TOLD_NOTHING || v->agents[i].device_count > 0)
                (void)put_entry(v, v->centre->agents[i].extension, &w);
        size *= 2;
    }
    sapa_rc rc = w.bad ? SAPA_ELIMIT : sapa_file_write(path, buf, w.n, 0600);
    free(buf);
    if (rc != SAPA_OK)
        return rc;
    if (v->registrations_fd >= 0)
        close(v->registrations_fd);
    v->registrations_fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    v->registrations_bytes = w.n;
    v->registrations_live = w.n;
    return v->registrations_fd >= 0 ? SAPA_OK : SAPA_EIO;
}

/* Before the 200: a phone that was told "registered" stays so whatever happens to this process. */
static bool journal(struct sapa_voice *v, struct sapa_str aor)
{
    uint8_t buf[JOURNAL_ENTRY_MAX + 16];
    struct sapa_writer w = sapa_writer_of(buf, sizeof(buf));
    if (v->registrations_fd < 0)
        return true;
    if (!put_entry(v, aor, &w) || sapa_fd_write_all(v->registrations_fd, buf, w.n) != SAPA_OK)
        return false;
    v->registrations_bytes += w.n;
    if (v->registrations_bytes > v->registrations_live * 4 + JOURNAL_GROWN && rewrite(v) != SAPA_OK)
        sapa_log(SAPA_LOG_WARN, "voice.registrations", "rewrite=failed");
    return true;
}

static void load_entry(struct sapa_voice *v, struct sapa_str entry)
{
    struct sapa_reader r = sapa_reader_of(entry.p, entry.n);
    const struct sapa_str aor = sapa_get_str(&r);
    const uint64_t count = sapa_get_u64(&r);
    const uint32_t agent = r.bad ? SAPA_NONE : sapa_voice_agent_of(v, aor);
    if (agent == SAPA_NONE)
        return;
    v->agents[agent].posted = TOLD_BEFORE;
    sapa_sip_registrar_drop(v->registrar, aor, NULL, NULL);
    for (uint64_t i = 0; i < count && i < VOICE_DEVICES_MAX && !r.bad; i++) {
        const struct sapa_str one = sapa_get_str(&r);
        if (r.bad)
            return;
        const sapa_rc rc = sapa_sip_registrar_import(v->registrar, (const uint8_t *)one.p, one.n, sapa_voice_wall(v));
        if (rc == SAPA_ECLOSED)
            v->agents[agent].gap_until_us = sapa_voice_now(v) + VOICE_GAP_US;
        else if (rc != SAPA_OK && rc != SAPA_ETIMEOUT && rc != SAPA_EEXIST)
            sapa_log(SAPA_LOG_WARN, "voice.registrations", "import=%s", sapa_rc_name(rc));
    }
}

static void load(struct sapa_voice *v)
{
    uint8_t *data;
    size_t size;
    if (sapa_file_read(v->options.registrations_path, (size_t)1 << 28, &data, &size) != SAPA_OK)
        return;
    struct sapa_reader r = sapa_reader_of(data, size);
    while (sapa_reader_left(&r) > 0) {
        const uint32_t n = sapa_get_fixed32(&r), crc = sapa_get_fixed32(&r);
        const uint8_t *bytes = n <= JOURNAL_ENTRY_MAX ? sapa_get_raw(&r, n) : NULL;
        if (!bytes || sapa_crc32c(0, bytes, n) != crc)
            break; /* the end was cut by a crash; what came before is good */
        load_entry(v, (struct sapa_str){ (const char *)bytes, n });
    }
    free(data);
}

/* ---- life ---- */

sapa_rc sapa_voice_agents_open(struct sapa_voice *v)
{
    v->agents = calloc(v->centre->agents_count ? v->centre->agents_count : 1, sizeof(*v->agents));
    if (!v->agents)
        return SAPA_ENOMEM;
    for (uint32_t i = 0; i < v->centre->agents_count; i++)
        v->agents[i].last_queue = SAPA_NONE;
    if (!v->options.registrations_path)
        return SAPA_OK;
    load(v);
    return rewrite(v);
}

void sapa_voice_agents_close(struct sapa_voice *v)
{
    if (v->registrations_fd >= 0)
        close(v->registrations_fd);
    v->registrations_fd = -1;
    free(v->agents);
    v->agents = NULL;
}

/* After a restart the core believes what it was told before: say what holds now. */
void sapa_voice_agents_restore(struct sapa_voice *v)
{
    for (uint32_t i = 0; i < v->centre->agents_count; i++)
        if (v->agents[i].posted == TOLD_BEFORE)
            update(v, i, 0, "registered before the restart");
}

void sapa_voice_agents_map(struct sapa_voice *v, const struct sapa_centre *old)
{
    struct voice_agent *agents = calloc(v->centre->agents_count ? v->centre->agents_count : 1, sizeof(*agents));
    sapa_assert(agents);
    for (uint32_t i = 0; i < v->centre->agents_count; i++)
        agents[i].last_queue = SAPA_NONE;
    for (uint32_t i = 0; i < old->agents_count; i++) {
        const struct sapa_agent *was = &old->agents[i];
        const uint32_t now = sapa_voice_agent_of(v, was->extension);
        if (now != SAPA_NONE && sapa_str_eq(v->centre->agents[now].key, was->key)) {
            agents[now] = v->agents[i];
            agents[now].last_queue = SAPA_NONE;
        } else {
            sapa_sip_registrar_drop(v->registrar, was->extension, NULL, NULL);
        }
    }
    free(v->agents);
    v->agents = agents;
    for (uint32_t i = 0; i < v->centre->agents_count; i++)
        update(v, i, 0, "description changed");
}

static void binding_gone(void *ctx, const struct sapa_sip_binding *binding)
{
    struct sapa_voice *v = ctx;
    const uint32_t agent = sapa_voice_agent_of(v, binding->aor);
    if (agent == SAPA_NONE)
        return;
    v->agents[agent].dirty = v->agents_dirty = true;
    if (sapa_voice_flow_is_web(&binding->flow) && binding->expires_us > sapa_voice_wall(v))
        v->agents[agent].gap_until_us = sapa_voice_now(v) + VOICE_GAP_US;
}

static void update_dirty(struct sapa_voice *v, const char *why)
{
    if (!v->agents_dirty)
        return;
    v->agents_dirty = false;
    for (uint32_t i = 0; i < v->centre->agents_count; i++)
        if (v->agents[i].dirty) {
            v->agents[i].dirty = false;
            update(v, i, 0, why);
        }
}

void sapa_voice_agents_flow_closed(struct sapa_voice *v, const struct sapa_sip_flow *flow)
{
    sapa_sip_registrar_flow_closed(v->registrar, flow, binding_gone, v);
    update_dirty(v, "connection closed");
}

/* ---- REGISTER ---- */

void sapa_voice_register(struct sapa_voice *v, const struct sapa_sip_event *ev)
{
    char user_buf[128], buf[8192];
    struct sapa_str user;
    struct sapa_sip_register_result result;
    struct sapa_sip_addr contact;
    struct sapa_text head;
    if (sapa_sip_unescape(ev->msg->to.uri.user, user_buf, sizeof(user_buf), &user) != SAPA_OK)
        user = (struct sapa_str){ NULL, 0 };
    const uint32_t agent = sapa_voice_agent_of(v, user);
    if (!sapa_voice_authenticate(v, ev, false, agent))
        return;
    sapa_text_init(&head, buf, sizeof(buf));
    sapa_sip_registrar_update(v->registrar, v->centre->agents[agent].extension, ev->msg, ev->flow, sapa_voice_wall(v), &result);
    if (result.status == 200 && (result.added || result.refreshed || result.removed) &&
        !journal(v, v->centre->agents[agent].extension))
        result.status = 500; /* not kept: the phone shall try again */
    if (result.status == 200) {
        sapa_sip_registrar_put(v->registrar, v->centre->agents[agent].extension, sapa_voice_wall(v), &head);
        sapa_sip_registrar_put_path(ev->msg, &head);
    } else if (result.status == 423)
        sapa_sip_put_number(&head, SAPA_SIP_H_MIN_EXPIRES, result.min_expires_s);
    const struct sapa_sip_spec spec = { .headers = sapa_text_str(&head) };
    if (sapa_sip_respond(v->stack, ev->tx, result.status, &spec, ev->now_us) != SAPA_OK)
        v->stats.late_commands++;
    v->stats.registers += result.status == 200;
    if (result.status != 200)
        return;
    const uint32_t fresh = (result.added || result.refreshed) && sapa_sip_contact(ev->msg, &contact) == SAPA_OK && !contact.star
                               ? sapa_voice_device_crc(contact.uri.all) : 0;
    if (result.bindings == 0)
        v->agents[agent].gap_until_us = 0; /* it has said so itself */
    update(v, agent, fresh, result.bindings ? "registered" : "unregistered");
    if (result.added || result.refreshed) {
        sapa_voice_gap_registered(v, agent, ev->flow);
        sapa_voice_offers_registered(v, agent);
    }
}

/* ---- does it answer? ---- */

void sapa_voice_ping_answer(struct sapa_voice *v, uint64_t user, bool alive)
{
    const uint32_t agent = (uint32_t)(user & 0xffffff), crc = (uint32_t)(user >> 32);
    if ((user >> 24 & 0xff) != ASK_PHONE || agent >= v->centre->agents_count)
        return;
    if (!alive) {
        v->stats.pings_failed++;
        sapa_voice_device_bad(v, agent, crc, "no answer to OPTIONS");
    } else if (sapa_voice_device_is_bad(v, agent, crc)) {
        update(v, agent, crc, "answers again");
    }
}

static void ping(struct sapa_voice *v, uint32_t agent, const struct sapa_sip_binding *b)
{
    char buf[320];
    struct sapa_text name;
    sapa_sip_tx_id tx;
    sapa_text_init(&name, buf, sizeof(buf));
    sapa_text_printf(&name, "<sip:" SAPA_STR_FMT ">", SAPA_STR_ARG(v->centre->system.sip_host));
    const struct sapa_sip_request request = {
        .method = SAPA_SIP_OPTIONS, .flow = b->flow, .uri = b->contact, .from = sapa_text_str(&name),
        .to = sapa_text_str(&name), .route = b->path,
        .user = voice_ask(ASK_PHONE, agent, sapa_voice_device_crc(b->contact)),
    };
    if (sapa_sip_request_send(v->stack, &request, sapa_voice_now(v), &tx) != SAPA_OK)
        v->stats.late_commands++;
}

void sapa_voice_agents_second(struct sapa_voice *v)
{
    const int64_t now = sapa_voice_now(v);
    if (sapa_sip_registrar_next_due(v->registrar) <= sapa_voice_wall(v)) {
        sapa_sip_registrar_run_due(v->registrar, sapa_voice_wall(v), binding_gone, v);
        update_dirty(v, "registration expired");
    }
    for (uint32_t i = 0; i < v->centre->agents_count; i++)
        if (v->agents[i].gap_until_us != 0 && v->agents[i].gap_until_us <= now) {
            v->agents[i].gap_until_us = 0;
            update(v, i, 0, "connection closed");
        }
    if (v->options.ping_ms == UINT32_MAX)
        return;
    for (uint32_t i = 0; i < v->centre->agents_count; i++) {
        struct voice_agent *a = &v->agents[i];
        struct sapa_sip_binding bindings[VOICE_DEVICES_MAX];
        if (a->ping_due_us == 0 || a->ping_due_us > now)
            continue;
        const size_t count = bindings_of(v, i, bindings);
        bool bad = false;
        for (size_t n = 0; n < count; n++) {
            bad |= sapa_voice_device_is_bad(v, i, sapa_voice_device_crc(bindings[n].contact));
            ping(v, i, &bindings[n]);
        }
        a->ping_due_us = now + (bad ? 10000000 : (int64_t)v->options.ping_ms * 1000);
    }
}

struct each_registration {
    const struct sapa_voice *v;
    sapa_voice_registration_fn *fn;
    void *ctx;
};

static void each_binding(void *ctx, const struct sapa_sip_binding *b)
{
    const struct each_registration *each = ctx;
    const uint32_t agent = sapa_voice_agent_of(each->v, b->aor);
    if (agent == SAPA_NONE || b->expires_us <= sapa_voice_wall(each->v))
        return;
    struct sapa_voice_registration registration = {
        .agent = agent, .contact = b->contact, .user_agent = b->user_agent, .expires_us = b->expires_us, .since_us = b->registered_us,
        .transport = b->flow.kind, .behind_proxy = b->path.n > 0, .from = b->flow.remote, .place = sapa_voice_workplace(each->v, &b->flow.remote),
        .reachable = !sapa_voice_device_is_bad(each->v, agent, sapa_voice_device_crc(b->contact)),
    };
    const struct voice_agent *a = &each->v->agents[agent];
    for (uint8_t i = 0; i < a->device_count; i++)
        if (a->devices[i].contact_crc == sapa_voice_device_crc(b->contact))
            registration.since_us = a->devices[i].since_us;
    each->fn(each->ctx, &registration);
}

void sapa_voice_registrations(const struct sapa_voice *v, sapa_voice_registration_fn *fn, void *ctx)
{
    struct each_registration each = { v, fn, ctx };
    sapa_sip_registrar_each(v->registrar, each_binding, &each);
}
