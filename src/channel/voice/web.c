#include "channel/voice/voice_impl.h"
#include "rt/pass.h"

#include <stdlib.h>

/*
 * Browsers as telephones: their connections (SIP over WebSocket, kept by the web thread), their credentials, and what
 * becomes of a call while a connection is gone: it waits for the next one of the same browser, which may be another page
 * of it (docs/design/browser-phones.md).
 */
enum {
    WEBS_MAX = 8192,
    ENDED_MAX = 65536,
    MESSAGE_US = 20000,                     /* a connection may send 50 messages a second … */
    BURST_US = 100 * MESSAGE_US,            /* … and a hundred at once; from twice that on it is closed. Until it has shown */
    STRANGER = 5,                           /* credentials that are right, each of its messages counts so many times */
    GAP_US = 60 * 1000 * 1000,              /* a call waits so long for its browser */
    LEAVES_US = 12 * 1000 * 1000,           /* a guest whose page said that it goes */
    GUESTS_MAX = 65536,
    WRONG_MAX = 65536,
    WRONG_COUNT = 10,                       /* of an agent's own password from one address, … */
    WRONG_US = 60 * 1000 * 1000,            /* … since the first of them: then none is looked at */
    GUEST_KEPT_US = 13 * INT64_C(3600000000), /* how long a guest's call may be taken up again by his next page */
};

struct voice_web {
    uint64_t key; /* connection */
    struct sapa_sip_flow flow;
    uint64_t session; /* whose credentials were shown on it; 0: of none */
    uint64_t known;   /* right ones were shown */
    int64_t spent_us;
};

struct voice_ended { /* a session that is over; a guest's credentials that were used; wrong passwords */
    uint64_t key;
    int64_t until_us; /* mono */
    uint64_t count;   /* of wrong passwords */
};

bool sapa_voice_flow_is_web(const struct sapa_sip_flow *flow)
{
    return flow->kind == SAPA_SIP_FLOW_WS || flow->kind == SAPA_SIP_FLOW_WSS;
}

/* ---- connections ---- */

static struct voice_web *web_of(const struct sapa_voice *v, const struct sapa_sip_flow *flow)
{
    struct voice_web *web = sapa_table_find(&v->webs, flow->conn);
    return web && web->flow.generation == flow->generation ? web : NULL;
}

/* The stack sends. */
static sapa_rc web_send(void *ctx, const struct sapa_sip_flow *flow, const char *bytes, size_t n)
{
    struct sapa_voice *v = ctx;
    return web_of(v, flow) ? v->options.callbacks.web_send(v->options.callbacks.ctx, flow, bytes, n) : SAPA_ECLOSED;
}

void sapa_voice_webs_open(struct sapa_voice *v)
{
    sapa_table_init(&v->webs, sapa_memory_heap(), sizeof(struct voice_web), WEBS_MAX);
    sapa_table_init(&v->ended, sapa_memory_heap(), sizeof(struct voice_ended), ENDED_MAX);
    sapa_table_init(&v->guests, sapa_memory_heap(), sizeof(struct voice_ended), GUESTS_MAX);
    sapa_table_init(&v->wrong, sapa_memory_heap(), sizeof(struct voice_ended), WRONG_MAX);
    if (!v->net || !v->options.callbacks.web_send)
        return;
    sapa_sip_net_foreign(v->net, SAPA_SIP_FLOW_WS, web_send, v);
    sapa_sip_net_foreign(v->net, SAPA_SIP_FLOW_WSS, web_send, v);
}

void sapa_voice_webs_close(struct sapa_voice *v)
{
    if (v->webs.entry_size == 0)
        return;
    sapa_table_done(&v->webs);
    sapa_table_done(&v->ended);
    sapa_table_done(&v->guests);
    sapa_table_done(&v->wrong);
}

static void hang_up(struct sapa_voice *v, const struct voice_web *web)
{
    if (v->options.callbacks.web_send && v->options.callbacks.web_send(v->options.callbacks.ctx, &web->flow, "", 0) != SAPA_OK)
        v->stats.late_commands++;
}

/* Many browsers stand behind one address: what counts is the connection. */
void sapa_voice_web_receive(struct sapa_voice *v, const struct sapa_sip_flow *flow, char *bytes, size_t n)
{
    const int64_t now = sapa_voice_now(v);
    struct voice_web *web = web_of(v, flow);
    if (!web && sapa_table_add(&v->webs, flow->conn, &web) != SAPA_OK)
        return;
    web->flow = *flow;
    web->spent_us = SAPA_MAX(web->spent_us, now - BURST_US) + (web->known ? 1 : STRANGER) * (int64_t)MESSAGE_US;
    const int64_t over = web->spent_us - now;
    sapa_voice_touch(v);
    if (over <= 0)
        sapa_sip_stack_receive(v->stack, flow, bytes, n, now);
    else if (over < BURST_US)
        sapa_sip_stack_receive_refused(v->stack, flow, bytes, n, VOICE_RETRY_AFTER_S, now);
    else
        hang_up(v, web);
}

void sapa_voice_web_closed(struct sapa_voice *v, const struct sapa_sip_flow *flow)
{
    struct voice_web *web = web_of(v, flow);
    if (web)
        sapa_table_remove(&v->webs, web);
    sapa_sip_stack_flow_closed(v->stack, flow, sapa_voice_now(v));
    sapa_voice_touch(v);
}

/* Room for one more: the one that is over first is forgotten; of sessions the store still knows. */
static void forget_oldest(struct sapa_table *table)
{
    struct voice_ended *oldest = sapa_table_at(table, 0);
    for (uint32_t i = 1; i < table->count; i++) {
        struct voice_ended *one = sapa_table_at(table, i);
        oldest = one->until_us < oldest->until_us ? one : oldest;
    }
    sapa_table_remove(table, oldest);
}

void sapa_voice_session_ended(struct sapa_voice *v, uint64_t session)
{
    struct voice_ended *ended = sapa_table_find(&v->ended, session);
    if (session == 0)
        return;
    if (!ended && v->ended.count == ENDED_MAX)
        forget_oldest(&v->ended);
    if (ended || sapa_table_add(&v->ended, session, &ended) == SAPA_OK)
        ended->until_us = sapa_voice_now(v) + GUEST_KEPT_US; /* nothing that it made is good for longer */
    for (uint32_t i = 0; i < v->webs.count; i++) {
        const struct voice_web *web = sapa_table_at(&v->webs, i);
        if (web->session == session)
            hang_up(v, web);
    }
}

static void forget_old(struct sapa_table *table, int64_t now)
{
    for (uint32_t i = 0; i < table->count;) {
        struct voice_ended *one = sapa_table_at(table, i);
        if (one->until_us <= now)
            sapa_table_remove(table, one);
        else
            i++;
    }
}

/* ---- guessing ---- */

static uint64_t wrong_key(const struct sapa_sip_flow *flow, uint32_t agent)
{
    uint8_t bytes[sizeof(flow->remote.bytes) + sizeof(agent)];
    memcpy(bytes, flow->remote.bytes, sizeof(flow->remote.bytes));
    memcpy(bytes + sizeof(flow->remote.bytes), &agent, sizeof(agent));
    return sapa_voice_hash((struct sapa_str){ (const char *)bytes, sizeof(bytes) });
}

bool sapa_voice_guesses(const struct sapa_voice *v, const struct sapa_sip_flow *flow, uint32_t agent)
{
    const struct voice_ended *wrong = sapa_table_find(&v->wrong, wrong_key(flow, agent));
    return wrong && wrong->count >= WRONG_COUNT && wrong->until_us > sapa_voice_now(v);
}

void sapa_voice_guessed(struct sapa_voice *v, const struct sapa_sip_flow *flow, uint32_t agent, bool good)
{
    const uint64_t key = wrong_key(flow, agent);
    struct voice_ended *wrong = sapa_table_find(&v->wrong, key);
    if (good && wrong)
        sapa_table_remove(&v->wrong, wrong);
    if (good)
        return;
    if (!wrong && v->wrong.count == WRONG_MAX)
        forget_oldest(&v->wrong);
    if (!wrong && sapa_table_add(&v->wrong, key, &wrong) != SAPA_OK)
        return;
    if (wrong->until_us <= sapa_voice_now(v)) {
        wrong->until_us = sapa_voice_now(v) + WRONG_US;
        wrong->count = 0;
    }
    wrong->count++;
}

/* ---- credentials ---- */

bool sapa_voice_pass_known(struct sapa_voice *v, struct sapa_str user, const struct sapa_agent *agent,
                           char ret_password[SAPA_PASS_PASSWORD_SIZE])
{
    struct sapa_pass pass;
    if (!agent || sapa_pass_read(user, &pass) != SAPA_OK || pass.kind != SAPA_PASS_AGENT || !sapa_str_eq(pass.subject, agent->key) ||
        pass.expires_s * 1000000 <= sapa_voice_wall(v) || sapa_table_find(&v->ended, pass.session ? pass.session : UINT64_MAX))
        return false;
    if (pass.session && v->options.callbacks.session_lives && !v->options.callbacks.session_lives(v->options.callbacks.ctx, pass.session))
        return false; /* it ended before this process began, or was not told */
    sapa_pass_password(&v->options.pass_key, user, ret_password);
    return true;
}

/* They were right. With minted ones the connection lives as long as their session. */
void sapa_voice_pass_used(struct sapa_voice *v, const struct sapa_sip_flow *flow, struct sapa_str user)
{
    struct sapa_pass pass;
    struct voice_web *web = sapa_voice_flow_is_web(flow) ? web_of(v, flow) : NULL;
    if (!web)
        return;
    web->known = true;
    if (sapa_pass_read(user, &pass) == SAPA_OK && pass.kind == SAPA_PASS_AGENT)
        web->session = pass.session;
}

uint64_t sapa_voice_guest_of(struct sapa_str user)
{
    uint64_t serial = 0;
    if (!sapa_str_starts(user, SAPA_STR("guest-")) || user.n != 22)
        return 0;
    for (size_t i = 6; i < user.n; i++) {
        const char k = user.p[i];
        if (!((k >= '0' && k <= '9') || (k >= 'a' && k <= 'f')))
            return 0;
        serial = serial << 4 | (uint64_t)(k <= '9' ? k - '0' : k - 'a' + 10);
    }
    return serial;
}

bool sapa_voice_guest_authenticate(struct sapa_voice *v, const struct sapa_sip_event *ev, uint64_t guest, struct sapa_str dialled,
                                   uint64_t replaces, uint32_t *ret_number)
{
    struct sapa_sip_digest digest;
    struct sapa_pass pass = { .expires_s = 0 };
    char ha1[SAPA_SIP_HEX_SIZE], password[SAPA_PASS_PASSWORD_SIZE];
    const struct sapa_str realm = v->centre->system.sip_host;
    sapa_rc rc = sapa_sip_digest_of(ev->msg, false, realm, &digest);
    if (rc == SAPA_ENOENT || (rc == SAPA_OK && digest.alg != SAPA_SIP_MD5)) {
        sapa_voice_challenge(v, ev, false, SAPA_SIP_MD5);
        sapa_sip_dialog_end(v->stack, ev->dialog);
        return false;
    }
    const uint32_t number = rc == SAPA_OK && sapa_pass_read(digest.username, &pass) == SAPA_OK && pass.kind == SAPA_PASS_GUEST &&
                                    pass.serial == guest ? sapa_voice_number_of(v, pass.subject) : SAPA_NONE;
    const bool known = number != SAPA_NONE && v->centre->numbers[number].web && sapa_voice_number_of(v, dialled) == number;
    if (known) {
        sapa_pass_password(&v->options.pass_key, digest.username, password);
        sapa_sip_digest_ha1(SAPA_SIP_MD5, digest.username, realm, sapa_str_of(password), ha1);
    }
    if (rc == SAPA_OK)
        rc = sapa_sip_digest_check(v->digest, &digest, ev->msg, SAPA_SIP_MD5, known ? ha1 : NULL, ev->now_us);
    sapa_wipe(ha1, sizeof(ha1));
    sapa_wipe(password, sizeof(password));
    if (rc == SAPA_EAGAIN) {
        sapa_voice_challenge(v, ev, true, SAPA_SIP_MD5);
        sapa_sip_dialog_end(v->stack, ev->dialog);
        return false;
    }
    struct voice_ended *used = sapa_table_find(&v->guests, guest);
    const bool own = replaces != 0 && replaces == guest; /* his next page takes his own call up */
    if (rc != SAPA_OK || (!own && (used || pass.expires_s * 1000000 <= sapa_voice_wall(v))) ||
        (!used && sapa_table_add(&v->guests, guest, &used) != SAPA_OK)) {
        v->stats.offered++;
        sapa_voice_call_refuse(v, ev, 403, &v->stats.refused_auth);
        return false;
    }
    used->until_us = sapa_voice_now(v) + GUEST_KEPT_US;
    sapa_voice_pass_used(v, ev->flow, digest.username);
    *ret_number = number;
    return true;
}

/* ---- while a connection is gone ---- */

uint64_t sapa_voice_instance_hash(struct sapa_str instance)
{
    return instance.n > 0 ? sapa_voice_hash(instance) : 0;
}

/* Which browser is it that speaks on this connection? 0: it has not said. */
uint64_t sapa_voice_instance_on(const struct sapa_voice *v, uint32_t agent, const struct sapa_sip_flow *flow)
{
    struct sapa_sip_binding bindings[VOICE_DEVICES_MAX];
    const size_t count = agent < v->centre->agents_count
                             ? sapa_sip_registrar_lookup(v->registrar, v->centre->agents[agent].extension, sapa_voice_wall(v), bindings,
                                                         VOICE_DEVICES_MAX) : 0;
    for (size_t i = 0; i < count; i++)
        if (sapa_sip_flow_eq(&bindings[i].flow, flow))
            return sapa_voice_instance_hash(bindings[i].instance);
    return 0;
}

bool sapa_voice_in_gap(const struct voice_leg *leg)
{
    return leg->webrtc && leg->gap_us != 0;
}

void sapa_voice_gap_begin(struct sapa_voice *v, struct voice_leg *leg)
{
    if (leg->gap_us == 0)
        leg->gap_us = sapa_voice_now(v) + (leg->leaves ? LEAVES_US : GAP_US);
}

void sapa_voice_gap_flow_closed(struct sapa_voice *v, const struct sapa_sip_flow *flow)
{
    if (!sapa_voice_flow_is_web(flow))
        return;
    for (uint32_t i = 0; i < v->legs.count; i++) {
        struct voice_leg *leg = ((struct voice_ref *)sapa_table_at(&v->legs, i))->value;
        if (leg->state == LEG_OVER || !sapa_sip_flow_eq(&leg->flow, flow))
            continue;
        if (leg->state == LEG_UP)
            sapa_voice_gap_begin(v, leg);
        else if (leg->state == LEG_NEW && leg->tx) /* nobody is there who could be answered */
            sapa_voice_leg_lost(v, leg, SAPA_SIDE_NETWORK, 487, "its connection is gone");
    }
}

/* The leg is reached by this connection from now on. */
static void move(struct sapa_voice *v, struct voice_leg *leg, const struct sapa_sip_flow *flow)
{
    leg->gap_us = 0;
    leg->leaves = leg->leaves && sapa_sip_flow_eq(&leg->flow, flow);
    if (sapa_sip_flow_eq(&leg->flow, flow))
        return;
    leg->flow = *flow;
    if (leg->dialog && sapa_sip_dialog_flow(v->stack, leg->dialog, flow) != SAPA_OK)
        v->stats.late_commands++;
    if (leg->logged)
        sapa_voice_leg_log(v, leg, false);
}

void sapa_voice_gap_registered(struct sapa_voice *v, uint32_t agent, const struct sapa_sip_flow *flow)
{
    if (!sapa_voice_flow_is_web(flow))
        return;
    const uint64_t instance = sapa_voice_instance_on(v, agent, flow);
    for (uint32_t i = 0; i < v->legs.count && instance; i++) {
        struct voice_leg *leg = ((struct voice_ref *)sapa_table_at(&v->legs, i))->value;
        if (leg->webrtc && leg->state == LEG_UP && leg->agent == agent && leg->instance == instance)
            move(v, leg, flow);
    }
}

/* Something of the dialog came, by which way ever: there its browser is. */
void sapa_voice_gap_heard(struct sapa_voice *v, struct voice_leg *leg, const struct sapa_sip_flow *flow)
{
    if (leg->webrtc && leg->state == LEG_UP && flow && sapa_voice_flow_is_web(flow))
        move(v, leg, flow);
}

/* The media process: the browser hears us, or does not any more. */
void sapa_voice_web_connected(struct sapa_voice *v, struct voice_leg *leg, const struct sapa_media_message *m)
{
    if (!leg->webrtc || leg->state == LEG_OVER)
        return;
    if (m->code == SAPA_OK) {
        leg->media_gap_us = 0;
        leg->web_up = true;
        if (leg->offer && leg->offer->winner == leg)
            sapa_voice_whisper_heard(v, leg->offer);
    } else if (m->code == SAPA_ETIMEOUT) {
        if (leg->media_gap_us == 0)
            leg->media_gap_us = sapa_voice_now(v) + GAP_US / 2; /* as long again as its consent has been missing */
    } else {
        sapa_voice_leg_lost(v, leg, SAPA_SIDE_NETWORK, 488, "DTLS failed");
    }
}

void sapa_voice_webs_second(struct sapa_voice *v)
{
    const int64_t now = sapa_voice_now(v);
    forget_old(&v->ended, now);
    forget_old(&v->guests, now);
    forget_old(&v->wrong, now);
    for (uint32_t i = 0; i < v->legs.count; i++) {
        struct voice_leg *leg = ((struct voice_ref *)sapa_table_at(&v->legs, i))->value;
        if (!leg->webrtc || leg->state != LEG_UP)
            continue;
        if (leg->gap_us != 0 && leg->gap_us <= now)
            sapa_voice_leg_lost(v, leg, SAPA_SIDE_NETWORK, 408, "its browser did not come back");
        else if (leg->media_gap_us != 0 && leg->media_gap_us <= now)
            sapa_voice_leg_lost(v, leg, SAPA_SIDE_NETWORK, 408, "its browser hears nothing any more");
    }
}
