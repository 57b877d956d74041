/**
 * @file channel/voice/fake_impl.h
 * The world around the channel for tests: a centre of two clients, a network and a media process that
 * do what the test says, virtual time, and a record of everything that was posted and sent.
 *
 * Room    channel/voice, tests only.
 */
#ifndef SAPA_CHANNEL_VOICE_FAKE_IMPL_H
#define SAPA_CHANNEL_VOICE_FAKE_IMPL_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "channel/voice/voice_impl.h"

enum { FAKE_SENT_MAX = 512, FAKE_POSTED_MAX = 512, FAKE_MEDIA_MAX = 512, FAKE_DIALOGS_MAX = 32, FAKE_LEGS_MAX = 64 };

struct fake_sent {
    struct sapa_sip_flow flow;
    char text[4096];
    bool seen;
};

/* What the media process would do with a leg. */
struct fake_leg {
    uint64_t id, contact, other, mix;
    uint8_t role;
    char plays[SAPA_MEDIA_PATH_MAX];
};

struct fake {
    struct fake_leg legs[FAKE_LEGS_MAX];
    size_t leg_count;
    struct sapa_clock clock;
    struct sapa_loop *loop;
    struct sapa_voice *voice;
    struct sapa_centre centre;
    struct sapa_voice_options options;
    struct fake_sent sent[FAKE_SENT_MAX];
    size_t sent_count;
    struct sapa_record posted[FAKE_POSTED_MAX];
    size_t posted_count, posted_seen;
    struct sapa_record dialogs[FAKE_DIALOGS_MAX]; /* newest of each leg */
    size_t dialog_count;
    struct sapa_media_message media[FAKE_MEDIA_MAX];
    size_t media_count, media_seen, media_answered;
    uint16_t port;
    uint64_t media_generation, media_version;
    bool media_mute;        /* legs are not answered */
    bool record_mute;       /* the recorder says nothing by itself */
    bool post_full;
    bool prompt_later;
    sapa_rc prompt_rc;
    uint64_t prompt_tags[32];
    size_t prompt_count;
    struct sapa_media_message inventory[8]; /* what HELLO is answered with */
    size_t inventory_count;
};

static struct fake *fake_now; /* of the running test, for messages */

/* ---- the centre ---- */

static const struct sapa_client fake_clients[] = {
    { .key = { "toko", 4 }, .name = { "Toko Nusantara", 14 }, .number = 0 },
    { .key = { "bank", 4 }, .name = { "Bank Sejahtera", 14 }, .number = 1 },
};
static const struct sapa_number fake_numbers[] = {
    { .key = { "62215550100", 11 }, .client = 0, .web = 1 },
    { .key = { "1500", 4 }, .client = 1 },
};
static const struct sapa_agent fake_agents[] = {
    { .key = { "siti", 4 }, .extension = { "101", 3 }, .password = { "rahasia", 7 }, .language = SAPA_LANGUAGE_ID, .campaign = SAPA_NONE },
    { .key = { "john", 4 }, .extension = { "102", 3 }, .password = { "secret", 6 }, .language = SAPA_LANGUAGE_EN, .campaign = SAPA_NONE },
};
static const struct sapa_queue fake_queues[] = {
    { .key = { "toko.penjualan", 14 }, .name = { "Penjualan", 9 }, .disposition_first = 0, .disposition_count = 1 },
    { .key = { "bank.kartu", 10 }, .name = { "Kartu", 5 }, .disposition_first = 1, .disposition_count = 1 },
    { .key = { "bank.cepat", 10 }, .name = { "Layanan Cepat", 13 }, .auto_answer = true },
    { .key = { "bank.bisik", 10 }, .name = { "Prioritas", 9 }, .whisper = true },
};
static const struct sapa_disposition fake_dispositions[] = { { .key = { "12", 2 } }, { .key = { "12", 2 } } };
static const struct sapa_reason fake_reasons[] = { { .key = { "1", 1 }, .name = { { "Istirahat", 9 }, { "Break", 5 } } } };
static const struct sapa_code fake_codes[] = {
    { .prefix = { "*1", 2 }, .verb = SAPA_VERB_READY },
    { .prefix = { "*2", 2 }, .verb = SAPA_VERB_NOT_READY },
    { .prefix = { "*3", 2 }, .verb = SAPA_VERB_WRAPUP_DONE },
    { .prefix = { "*4", 2 }, .verb = SAPA_VERB_WRAPUP_EXTEND },
    { .prefix = { "*5", 2 }, .verb = SAPA_VERB_STATUS },
    { .prefix = { "*6", 2 }, .verb = SAPA_VERB_RECORD_PAUSE },
    { .prefix = { "*7", 2 }, .verb = SAPA_VERB_RECORD_RESUME },
    { .prefix = { "*8", 2 }, .verb = SAPA_VERB_RECORD_START },
    { .prefix = { "*9", 2 }, .verb = SAPA_VERB_LOGOUT },
    { .prefix = { "*02", 3 }, .verb = SAPA_VERB_CONSULT },
    { .prefix = { "*03", 3 }, .verb = SAPA_VERB_CONFERENCE },
    { .prefix = { "*04", 3 }, .verb = SAPA_VERB_MERGE },
    { .prefix = { "*05", 3 }, .verb = SAPA_VERB_BACK },
    { .prefix = { "*08", 3 }, .verb = SAPA_VERB_PASS },
    { .prefix = { "*060", 4 }, .verb = SAPA_VERB_CAMPAIGN },
    { .prefix = { "*070", 4 }, .verb = SAPA_VERB_GREETING },
};
static const struct sapa_campaign fake_campaigns[] = {
    { .key = { "sapaan", 6 }, .client = 0, .number = SAPA_NONE, .hours = SAPA_NONE, .queue = SAPA_NONE, .team = SAPA_NONE },
    { .key = { "tagih", 5 }, .dial = { "7", 1 }, .client = 1, .number = SAPA_NONE, .hours = SAPA_NONE, .queue = SAPA_NONE, .team = SAPA_NONE, .brand = { "Bank \"Peduli\"", 13 } },
};
static const struct sapa_campaign_listed fake_campaign_listed[] = { { 1, 628119999999 } };
static const struct sapa_network fake_networks[] = {
    { .family = 4, .bits = 24, .address = { 192, 0, 2, 0 } },
};
static const struct sapa_trunk fake_trunks[] = {
    { .key = { "one", 3 }, .host = { "192.0.2.10", 10 }, .port = 5060, .from_first = 0, .from_count = 1, .calls_max = 50,
      .user = { "sapa", 4 }, .password = { "trunk", 5 } },
    { .key = { "two", 3 }, .host = { "192.0.2.20", 10 }, .port = 5062 },
};
static const struct sapa_listed_number fake_listed_numbers[] = { { 628112345678, 5 } };
static struct sapa_prompt fake_prompts[SAPA_PROMPT_ID_COUNT + 1];

static inline void fake_centre(struct sapa_centre *c)
{
    for (unsigned i = 0; i < SAPA_PROMPT_ID_COUNT; i++)
        fake_prompts[i] = (struct sapa_prompt){ .key = sapa_str_of(sapa_prompt_key(i)), .client = SAPA_NONE, .music = i == 0 };
    fake_prompts[SAPA_PROMPT_ID_COUNT] = (struct sapa_prompt){ .key = SAPA_STR("welcome"), .client = 0 };
    *c = (struct sapa_centre){ .hash = "fake" };
    c->system.sip_host = SAPA_STR("sapa.example");
    c->system.country = SAPA_STR("ID");
    c->system.digest = 1;
    c->system.quality_alarm_mos_x100 = 360;
    c->system.quality_alarm_ms = 10000;
    c->system.register_min_s = 30;
    c->system.register_max_s = 3600;
#define FAKE_TABLE(plural) c->plural = fake_##plural, c->plural##_count = SAPA_COUNT(fake_##plural)
    FAKE_TABLE(clients);
    FAKE_TABLE(numbers);
    FAKE_TABLE(agents);
    FAKE_TABLE(queues);
    FAKE_TABLE(listed_numbers);
    FAKE_TABLE(campaigns);
    FAKE_TABLE(campaign_listed);
    FAKE_TABLE(dispositions);
    FAKE_TABLE(reasons);
    FAKE_TABLE(codes);
    FAKE_TABLE(networks);
    FAKE_TABLE(trunks);
    FAKE_TABLE(prompts);
}

/* ---- the surroundings ---- */

static inline sapa_rc fake_send(void *ctx, const struct sapa_sip_flow *flow, const char *bytes, size_t n)
{
    struct fake *f = ctx;
    assert_true(f->sent_count < FAKE_SENT_MAX);
    struct fake_sent *sent = &f->sent[f->sent_count++];
    assert_true(n < sizeof(sent->text));
    memcpy(sent->text, bytes, n);
    sent->text[n] = '\0';
    sent->flow = *flow;
    sent->seen = false;
    return SAPA_OK;
}

static inline struct sapa_sip_flow fake_flow(const char *host, uint16_t port)
{
    struct sapa_sip_flow flow = { .kind = SAPA_SIP_FLOW_UDP };
    assert_int_equal(sapa_sip_ip_parse(SAPA_STR("203.0.113.1"), 5060, &flow.local), SAPA_OK);
    assert_int_equal(sapa_sip_ip_parse(sapa_str_of(host), port, &flow.remote), SAPA_OK);
    return flow;
}

static inline sapa_rc fake_open(void *ctx, enum sapa_sip_flow_kind kind, const struct sapa_sip_ip *remote, struct sapa_sip_flow *ret)
{
    (void)ctx;
    *ret = fake_flow("192.0.2.10", 5060);
    ret->kind = (uint8_t)kind;
    ret->remote = *remote;
    return SAPA_OK;
}

static const struct sapa_sip_transport_ops fake_transport = { .send = fake_send, .open = fake_open };

static inline sapa_rc fake_post(void *ctx, const struct sapa_record *r)
{
    struct fake *f = ctx;
    if (f->post_full)
        return SAPA_ELIMIT;
    /* What is posted must be loggable: it survives its encoding. */
    uint8_t clear[SAPA_RECORD_ENCODED_MAX], pii[SAPA_RECORD_ENCODED_MAX];
    struct sapa_writer cw = sapa_writer_of(clear, sizeof(clear)), pw = sapa_writer_of(pii, sizeof(pii));
    static struct sapa_record back;
    sapa_record_encode(r, &cw, &pw);
    assert_false(cw.bad || pw.bad);
    assert_int_equal(sapa_record_decode((struct sapa_str){ (char *)clear, cw.n }, (struct sapa_str){ (char *)pii, pw.n }, &back), SAPA_OK);
    assert_true(sapa_record_equal(r, &back));
    if (r->type == SAPA_T_dialog) {
        size_t i = 0;
        while (i < f->dialog_count && f->dialogs[i].u.dialog.leg != r->u.dialog.leg)
            i++;
        if (i < f->dialog_count)
            assert_true(r->u.dialog.generation > f->dialogs[i].u.dialog.generation);
        assert_true(i < FAKE_DIALOGS_MAX);
        f->dialog_count = SAPA_MAX(f->dialog_count, i + 1);
        memcpy(&f->dialogs[i], r, sapa_record_size(r));
        return SAPA_OK;
    }
    assert_true(f->posted_count < FAKE_POSTED_MAX);
    memcpy(&f->posted[f->posted_count++], r, sapa_record_size(r));
    return SAPA_OK;
}

static inline sapa_rc fake_prompt(void *ctx, const struct sapa_voice_prompt *prompt, uint64_t tag, char *ret_base, size_t size)
{
    struct fake *f = ctx;
    if (f->prompt_rc != SAPA_OK)
        return f->prompt_rc;
    if (f->prompt_later) {
        f->prompt_tags[f->prompt_count++] = tag;
        return SAPA_EAGAIN;
    }
    struct sapa_text base;
    sapa_text_init(&base, ret_base, size);
    sapa_text_printf(&base, "/cache/" SAPA_STR_FMT, SAPA_STR_ARG(prompt->name.n ? prompt->name : prompt->text));
    return SAPA_OK;
}

static inline sapa_rc fake_key(void *ctx, uint64_t contact, uint64_t recording, uint8_t key[SAPA_MEDIA_KEY_SIZE], uint8_t wrapped[96], uint8_t *n)
{
    (void)ctx, (void)contact;
    memset(key, (int)recording, SAPA_MEDIA_KEY_SIZE);
    memset(wrapped, 0x55, 96);
    *n = 72;
    return SAPA_OK;
}

static inline void fake_resolve(void *ctx, uint32_t client, struct sapa_str address, uint64_t *ret_person, uint32_t *ret_last_agent, uint8_t *ret_party_type)
{
    (void)ctx, (void)client;
    *ret_person = address.n ? 77 : 0;
    *ret_last_agent = address.n ? 1 : SAPA_NONE;
    *ret_party_type = address.n ? SAPA_PARTY_TYPE_PROSPECT + 1 : 0;
}

static inline struct fake_leg *fake_leg(struct fake *f, uint64_t id)
{
    for (size_t i = 0; i < f->leg_count; i++)
        if (f->legs[i].id == id)
            return &f->legs[i];
    return NULL;
}

static inline void fake_leg_out(struct fake *f, struct fake_leg *leg)
{
    struct fake_leg *other = fake_leg(f, leg->other);
    if (other && other->other == leg->id)
        other->other = 0;
    leg->other = leg->mix = 0;
}

/* Who hears whom by what was said to the media process; what it would refuse is a fault here. */
static inline void fake_media_model(struct fake *f, const struct sapa_media_message *m)
{
    struct fake_leg *leg = fake_leg(f, m->leg), *other = fake_leg(f, m->other);
    if (m->op == SAPA_MEDIA_LEG_OPEN) {
        assert_null(leg);
        assert_true(f->leg_count < FAKE_LEGS_MAX);
        f->legs[f->leg_count++] = (struct fake_leg){ .id = m->leg, .contact = m->contact };
        return;
    }
    if (!leg)
        return;
    switch (m->op) {
    case SAPA_MEDIA_LEG_CLOSE:
        fake_leg_out(f, leg);
        *leg = f->legs[--f->leg_count];
        break;
    case SAPA_MEDIA_BRIDGE:
        assert_non_null(other);
        assert_true(leg->contact == other->contact);
        fake_leg_out(f, leg);
        fake_leg_out(f, other);
        leg->other = other->id;
        other->other = leg->id;
        leg->plays[0] = other->plays[0] = '\0';
        break;
    case SAPA_MEDIA_UNBRIDGE:
    case SAPA_MEDIA_MIX_LEAVE:
        fake_leg_out(f, leg);
        break;
    case SAPA_MEDIA_MIX_JOIN:
        for (size_t i = 0; i < f->leg_count; i++)
            if (f->legs[i].mix == m->u.mix.mix)
                assert_true(f->legs[i].contact == leg->contact);
        if (leg->mix != m->u.mix.mix)
            fake_leg_out(f, leg);
        leg->mix = m->u.mix.mix;
        leg->role = m->u.mix.role;
        break;
    case SAPA_MEDIA_LEG_MOVE:
        fake_leg_out(f, leg);
        leg->contact = m->contact;
        leg->plays[0] = '\0';
        break;
    case SAPA_MEDIA_PLAY:
        memcpy(leg->plays, m->u.play.files[0], sizeof(leg->plays));
        break;
    case SAPA_MEDIA_STOP:
        leg->plays[0] = '\0';
        break;
    default: break;
    }
}

static inline bool fake_hears(struct fake *f, uint64_t a, uint64_t b)
{
    const struct fake_leg *one = fake_leg(f, a), *two = fake_leg(f, b);
    assert_non_null(one);
    assert_non_null(two);
    if (one->mix && one->mix == two->mix)
        return one->role == SAPA_MEDIA_ROLE_PARTY && two->role == SAPA_MEDIA_ROLE_PARTY;
    return one->other == b && two->other == a;
}

static inline sapa_rc fake_media_send(void *ctx, const struct sapa_media_message *m)
{
    struct fake *f = ctx;
    assert_true(f->media_count < FAKE_MEDIA_MAX);
    assert_true(m->op == SAPA_MEDIA_HELLO || m->op == SAPA_MEDIA_LIMITS || m->contact != 0); /* what media/check.c refuses */
    assert_true(m->op != SAPA_MEDIA_PLAY || (m->leg && m->u.play.play && m->u.play.file_count && m->u.play.files[0][0] == '/'));
    assert_true(m->op != SAPA_MEDIA_LEG_OPEN || m->u.leg.local.family == 4 || m->u.leg.local.family == 6);
    if (m->op == SAPA_MEDIA_LEG_OPEN || m->op == SAPA_MEDIA_LEG_SET) {
        assert_int_equal(strlen(m->u.leg.ice_ufrag), m->u.leg.webrtc ? 8 : 0);
        assert_int_equal(strlen(m->u.leg.ice_pwd), m->u.leg.webrtc ? 24 : 0);
        assert_true(m->op == SAPA_MEDIA_LEG_OPEN || !m->u.leg.webrtc || m->u.leg.peer_hash);
        assert_true(!m->u.leg.webrtc || !m->u.leg.srtp);
    }
    f->media[f->media_count++] = *m;
    fake_media_model(f, m);
    return SAPA_OK;
}

/* The media process answers what it was asked since the last time. */
static inline void fake_media_run(struct fake *f)
{
    while (f->media_answered < f->media_count) {
        const struct sapa_media_message ask = f->media[f->media_answered++];
        struct sapa_media_message m = { .contact = ask.contact, .leg = ask.leg, .recording = ask.recording, .tag = ask.tag };
        switch (ask.op) {
        case SAPA_MEDIA_HELLO:
            m.op = SAPA_MEDIA_HELLO;
            m.u.hello.generation = f->media_generation;
            m.u.hello.version = f->media_version;
            for (unsigned i = 0; i < sizeof(m.u.hello.fingerprint); i++)
                m.u.hello.fingerprint[i] = (uint8_t)(0xa0 + i);
            sapa_voice_media_receive(f->voice, &m);
            for (size_t i = 0; i < f->inventory_count; i++)
                sapa_voice_media_receive(f->voice, &f->inventory[i]);
            m.op = SAPA_MEDIA_INVENTORY_END;
            sapa_voice_media_receive(f->voice, &m);
            break;
        case SAPA_MEDIA_LEG_OPEN:
            if (f->media_mute)
                break;
            m.op = SAPA_MEDIA_LEG_OPENED;
            m.u.leg.local = ask.u.leg.local;
            m.u.leg.local.port = f->port += 2;
            sapa_voice_media_receive(f->voice, &m);
            break;
        case SAPA_MEDIA_LEG_CLOSE:
            if (f->media_mute)
                break;
            m.op = SAPA_MEDIA_LEG_CLOSED;
            m.u.quality.packets = 100;
            m.u.quality.lost = 2;
            m.u.quality.mos_x100 = 430;
            sapa_voice_media_receive(f->voice, &m);
            break;
        case SAPA_MEDIA_RECORD:
        case SAPA_MEDIA_RECORD_PAUSE:
        case SAPA_MEDIA_RECORD_RESUME:
        case SAPA_MEDIA_RECORD_END:
            if (f->media_mute || f->record_mute)
                break;
            m.op = SAPA_MEDIA_RECORD_STATE;
            m.u.record_state.state = (uint8_t)(ask.op - SAPA_MEDIA_RECORD);
            m.u.record_state.recorded_ms = 1000;
            memset(m.u.record_state.hash, 0xab, 32);
            sapa_voice_media_receive(f->voice, &m);
            break;
        default: break;
        }
    }
}

/* Let everything that is due happen, `us` from now. */
static inline void fake_run(struct fake *f, int64_t us)
{
    fake_media_run(f);
    sapa_loop_advance(f->loop, us);
    fake_media_run(f);
    sapa_loop_advance(f->loop, 0);
    while (sapa_loop_run_once(f->loop, 0) > 0)
        fake_media_run(f);
}

static inline void fake_open_voice(struct fake *f)
{
    assert_int_equal(sapa_voice_open(&f->options, &f->voice), SAPA_OK);
    sapa_voice_media_link(f->voice, true);
}

static inline void fake_new(struct fake **ret)
{
    struct fake *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    fake_now = f;
    sapa_log_level(SAPA_LOG_ERROR);
    fake_centre(&f->centre);
    sapa_clock_init_manual(&f->clock, 1000000, INT64_C(1795000000000000));
    assert_int_equal(sapa_loop_new(&f->clock, &f->loop), SAPA_OK);
    f->port = 20000;
    f->media_generation = 4711;
    f->media_version = SAPA_MEDIA_VERSION_WEBRTC;
    f->options = (struct sapa_voice_options){
        .loop = f->loop,
        .centre = &f->centre,
        .callbacks = { .ctx = f, .post = fake_post, .prompt = fake_prompt, .resolve = fake_resolve,
                       .recording_key = fake_key, .media_send = fake_media_send },
        .transport = &fake_transport,
        .transport_ctx = f,
        .epoch = 7,
        .node = 3,
        .id_base = UINT64_C(7) << 32,
        .ping_ms = UINT32_MAX,
        .product = "Sapa",
        .pass_key = { { 5, 6, 7 } },
    };
    fake_open_voice(f);
    sapa_voice_adopt(f->voice, NULL, 0, NULL, 0);
    fake_run(f, 0);
    assert_true(sapa_voice_ready(f->voice));
    *ret = f;
}

static inline void fake_free(struct fake *f)
{
    sapa_voice_close(f->voice);
    assert_int_equal(sapa_loop_timers(f->loop), 0);
    sapa_loop_free(f->loop);
    free(f);
}

static inline int fake_setup(void **state)
{
    fake_new((struct fake **)state);
    return 0;
}

static inline int fake_teardown(void **state)
{
    fake_free(*state);
    return 0;
}

/* Nothing is left of anything: contacts, legs, dialogs; and after their time no transaction either. */
static inline void fake_assert_empty(struct fake *f)
{
    struct sapa_voice_stats stats;
    fake_run(f, 70000000);
    sapa_voice_stats_read(f->voice, &stats);
    assert_int_equal(stats.contacts, 0);
    assert_int_equal(stats.legs, 0);
    assert_int_equal(stats.calls, 0);
    assert_int_equal(stats.dialogs, 0);
    assert_int_equal(stats.transactions, 0);
    assert_int_equal(f->voice->offers.count, 0);
    assert_int_equal(f->voice->codes.count, 0);
    assert_int_equal(f->voice->prompts.count, 0);
    for (size_t i = 0; i < f->dialog_count; i++)
        assert_int_equal(f->dialogs[i].u.dialog.closed, 1);
}

/* ---- looking at what happened ---- */

/* The next posted input of this type; fails when there is none. leg_quality may come at any time. */
static inline const struct sapa_record *fake_posted(struct fake *f, enum sapa_type type)
{
    for (size_t i = f->posted_seen; i < f->posted_count; i++)
        if (f->posted[i].type == type) {
            f->posted_seen = i + 1;
            return &f->posted[i];
        }
    fail_msg("no %s was posted", sapa_record_info(type)->name);
    return NULL;
}

static inline size_t fake_posted_count(const struct fake *f, enum sapa_type type)
{
    size_t n = 0;
    for (size_t i = 0; i < f->posted_count; i++)
        n += f->posted[i].type == type;
    return n;
}

static inline const struct sapa_media_message *fake_media(struct fake *f, unsigned op)
{
    for (size_t i = f->media_seen; i < f->media_count; i++)
        if (f->media[i].op == op) {
            f->media_seen = i + 1;
            return &f->media[i];
        }
    fail_msg("no media op %u was sent", op);
    return NULL;
}

/* The first message not yet looked at that starts with `start` and holds `part`. NULL: none. */
static inline struct fake_sent *fake_find(struct fake *f, const char *start, const char *part)
{
    for (size_t i = 0; i < f->sent_count; i++)
        if (!f->sent[i].seen && strncmp(f->sent[i].text, start, strlen(start)) == 0 && strstr(f->sent[i].text, part)) {
            f->sent[i].seen = true;
            return &f->sent[i];
        }
    return NULL;
}

static inline struct fake_sent *fake_want(struct fake *f, const char *start, const char *part)
{
    struct fake_sent *sent = fake_find(f, start, part);
    if (!sent) {
        fail_msg("nothing sent that starts with \"%s\" and holds \"%s\"", start, part);
        abort(); /* it does not come back, which the compiler does not know */
    }
    return sent;
}

static inline void fake_none(struct fake *f, const char *start, const char *part)
{
    struct fake_sent *sent = fake_find(f, start, part);
    if (sent)
        fail_msg("sent although it should not be:\n%s", sent->text);
}

static inline void fake_command(struct fake *f, const struct sapa_record *r)
{
    sapa_voice_command(f->voice, r);
    fake_run(f, 0);
}

#define FAKE_COMMAND(f, name, ...)                                                                       \
    fake_command(f, &(struct sapa_record){ .type = SAPA_T_##name, .u.name = { __VA_ARGS__ } })

/* ---- the peers ---- */

static inline void fake_receive(struct fake *f, const struct sapa_sip_flow *flow, const char *text)
{
    char buf[8192];
    const size_t n = strlen(text);
    assert_true(n < sizeof(buf));
    memcpy(buf, text, n);
    sapa_voice_sip_receive(f->voice, flow, buf, n);
    fake_run(f, 0);
}

#define FAKE_SDP(host, port, codecs, direction)                                                    \
    "v=0\r\no=- 1 1 IN IP4 " host "\r\ns=-\r\nc=IN IP4 " host "\r\nt=0 0\r\nm=audio " port          \
    " RTP/AVP " codecs "\r\na=rtpmap:101 telephone-event/8000\r\na=" direction "\r\n"
static const char *const fake_sdp_customer = FAKE_SDP("192.0.2.5", "30000", "8 0 101", "sendrecv");
static const char *const fake_sdp_agent = FAKE_SDP("198.51.100.7", "40000", "8 101", "sendrecv");

/* One dialog as the peer sees it. */
struct fake_call {
    struct sapa_sip_flow flow;
    char call_id[80], us[200], them[300], target[200]; /* us: the peer; them: Sapa, with its tag once known */
    unsigned cseq, branch;
};

static inline void fake_header(const char *text, const char *name, char *ret, size_t size)
{
    char start[64];
    snprintf(start, sizeof(start), "\r\n%s: ", name);
    const char *at = strstr(text, start);
    if (!at)
        fail_msg("no %s in:\n%s", name, text);
    at += strlen(start);
    const size_t n = strcspn(at, "\r");
    assert_true(n < size);
    memcpy(ret, at, n);
    ret[n] = '\0';
}

static inline void fake_uri(const char *contact, char *ret, size_t size)
{
    const char *from = strchr(contact, '<');
    assert_non_null(from);
    const size_t n = strcspn(from + 1, ">");
    assert_true(n < size);
    memcpy(ret, from + 1, n);
    ret[n] = '\0';
}

static inline void fake_request(struct fake *f, struct fake_call *c, const char *method, const char *extra, const char *type, const char *body)
{
    char text[4096];
    if (strcmp(method, "ACK") != 0 && strcmp(method, "CANCEL") != 0) {
        c->cseq++;
        c->branch++;
    }
    const unsigned branch = strcmp(method, "ACK") == 0 ? ++c->branch : c->branch;
    snprintf(text, sizeof(text),
             "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.5:5060;branch=z9hG4bK%s-%u\r\nMax-Forwards: 70\r\nFrom: %s\r\nTo: %s\r\n"
             "Call-ID: %s\r\nCSeq: %u %s\r\nContact: <sip:peer@192.0.2.5:5060>\r\n%s%s%s%sContent-Length: %zu\r\n\r\n%s",
             method, c->target, c->call_id, branch, c->us, c->them, c->call_id, c->cseq, method, extra,
             body[0] ? "Content-Type: " : "", body[0] ? type : "", body[0] ? "\r\n" : "", strlen(body), body);
    fake_receive(f, &c->flow, text);
}

/* A customer dials; nothing is answered yet. */
static inline void fake_invite(struct fake *f, struct fake_call *c, const char *host, const char *number, const char *extra, const char *sdp)
{
    static unsigned count;
    *c = (struct fake_call){ .flow = fake_flow(host, 5060) };
    snprintf(c->call_id, sizeof(c->call_id), "call%u", ++count);
    snprintf(c->us, sizeof(c->us), "\"Andi\" <sip:081234567890@carrier.example>;tag=peer%u", count);
    snprintf(c->them, sizeof(c->them), "<sip:%s@203.0.113.1>", number);
    snprintf(c->target, sizeof(c->target), "sip:%s@203.0.113.1", number);
    fake_request(f, c, "INVITE", extra, "application/sdp", sdp);
}

static inline void fake_learn(struct fake_call *c, const char *response)
{
    char contact[300];
    fake_header(response, "To", c->them, sizeof(c->them));
    fake_header(response, "Contact", contact, sizeof(contact));
    fake_uri(contact, c->target, sizeof(c->target));
}

/* Answer one of our requests. */
static inline void fake_reply(struct fake *f, const struct fake_sent *request, int status, const char *tag, const char *extra, const char *sdp)
{
    char text[4096], via[400], from[400], to[300], call_id[100], cseq[60];
    fake_header(request->text, "Via", via, sizeof(via));
    fake_header(request->text, "From", from, sizeof(from));
    fake_header(request->text, "To", to, sizeof(to));
    fake_header(request->text, "Call-ID", call_id, sizeof(call_id));
    fake_header(request->text, "CSeq", cseq, sizeof(cseq));
    snprintf(text, sizeof(text),
             "SIP/2.0 %d X\r\nVia: %s\r\nFrom: %s\r\nTo: %s%s%s\r\nCall-ID: %s\r\nCSeq: %s\r\n"
             "Contact: <sip:phone@198.51.100.7:5060>\r\n%s%sContent-Length: %zu\r\n\r\n%s",
             status, via, from, to, strstr(to, ";tag=") ? "" : ";tag=", strstr(to, ";tag=") ? "" : tag, call_id, cseq, extra,
             sdp[0] ? "Content-Type: application/sdp\r\n" : "", strlen(sdp), sdp);
    const struct sapa_sip_flow flow = request->flow;
    fake_receive(f, &flow, text);
}

/* The call that our INVITE made, seen from the phone that answered it with `tag`. */
static inline struct fake_call fake_callee(const struct fake_sent *invite, const char *tag)
{
    struct fake_call c = { .flow = invite->flow, .branch = 900 };
    char contact[300], to[180];
    fake_header(invite->text, "Call-ID", c.call_id, sizeof(c.call_id));
    fake_header(invite->text, "From", c.them, sizeof(c.them));
    fake_header(invite->text, "To", to, sizeof(to));
    snprintf(c.us, sizeof(c.us), "%s;tag=%s", to, tag);
    fake_header(invite->text, "Contact", contact, sizeof(contact));
    fake_uri(contact, c.target, sizeof(c.target));
    return c;
}

/* "Authorization: …" in answer to a 401, as the phone of an agent whose extension and password these are. */
static inline void fake_credentials(const struct fake_sent *challenge, const char *method, const char *uri, unsigned agent, char *buf, size_t size)
{
    const char *extension = agent == 0 ? "101" : "102";
    struct sapa_sip_digest digest;
    char ha1[SAPA_SIP_HEX_SIZE], value[600];
    struct sapa_text out;
    fake_header(challenge->text, "WWW-Authenticate", value, sizeof(value));
    assert_int_equal(sapa_sip_digest_parse(sapa_str_of(value), &digest), SAPA_OK);
    sapa_sip_digest_ha1(digest.alg, sapa_str_of(extension), digest.realm, fake_agents[agent].password, ha1);
    const struct sapa_sip_digest_answer answer = {
        .challenge = &digest, .method = sapa_str_of(method), .uri = sapa_str_of(uri), .username = sapa_str_of(extension),
        .ha1_hex = ha1, .nc = 1, .cnonce = SAPA_STR("abcdef"),
    };
    sapa_text_init(&out, buf, size);
    sapa_text_add(&out, SAPA_STR("Authorization: "));
    sapa_sip_digest_respond(&out, &answer);
    sapa_text_add(&out, SAPA_STR("\r\n"));
}

/* REGISTER with digest; the phone of `agent` is reachable afterwards. */
static inline void fake_register(struct fake *f, unsigned agent, const char *host, uint16_t port, unsigned expires)
{
    static unsigned count;
    char text[2048], auth[900];
    const struct sapa_sip_flow flow = fake_flow(host, port);
    const char *extension = agent == 0 ? "101" : "102";
    count++;
    for (int round = 0; round < 2; round++) {
        snprintf(text, sizeof(text),
                 "REGISTER sip:sapa.example SIP/2.0\r\nVia: SIP/2.0/UDP %s:%u;branch=z9hG4bKreg%u-%d\r\nMax-Forwards: 70\r\n"
                 "From: <sip:%s@sapa.example>;tag=r%u\r\nTo: <sip:%s@sapa.example>\r\nCall-ID: reg-%s-%u\r\nCSeq: %u REGISTER\r\n"
                 "Contact: <sip:%s@%s:%u>;expires=%u\r\n%sContent-Length: 0\r\n\r\n",
                 host, port, count, round, extension, count, extension, host, port, count * 2 + (unsigned)round, extension, host, port, expires,
                 round ? auth : "");
        fake_receive(f, &flow, text);
        if (round == 1)
            break;
        fake_credentials(fake_want(f, "SIP/2.0 401", "WWW-Authenticate"), "REGISTER", "sip:sapa.example", agent, auth, sizeof(auth));
    }
    fake_want(f, "SIP/2.0 200", "REGISTER");
}

/* A call of an agent's phone, with digest. Nothing is answered yet but the challenge. */
static inline void fake_phone_call(struct fake *f, struct fake_call *c, unsigned agent, const char *host, const char *dialled, const char *extra)
{
    char auth[1200];
    static unsigned count;
    const char *extension = agent == 0 ? "101" : "102";
    *c = (struct fake_call){ .flow = fake_flow(host, 5060) };
    snprintf(c->call_id, sizeof(c->call_id), "phone%u", ++count);
    snprintf(c->us, sizeof(c->us), "<sip:%s@sapa.example>;tag=p%u", extension, count);
    snprintf(c->them, sizeof(c->them), "<sip:%s@sapa.example>", dialled);
    snprintf(c->target, sizeof(c->target), "sip:%s@sapa.example", dialled);
    fake_request(f, c, "INVITE", extra, "application/sdp", fake_sdp_agent);
    fake_credentials(fake_want(f, "SIP/2.0 401", c->call_id), "INVITE", c->target, agent, auth, sizeof(auth));
    snprintf(auth + strlen(auth), sizeof(auth) - strlen(auth), "%s", extra);
    c->branch--;
    fake_request(f, c, "ACK", "", "", "");
    fake_request(f, c, "INVITE", auth, "application/sdp", fake_sdp_agent);
}

/* ---- pieces of stories ---- */

/* A customer's call, answered and established. Returns the contact. */
static inline uint64_t fake_customer(struct fake *f, struct fake_call *c)
{
    fake_invite(f, c, "192.0.2.5", "+62215550100", "", fake_sdp_customer);
    const uint64_t contact = fake_posted(f, SAPA_T_contact_arrived)->u.contact_arrived.contact;
    FAKE_COMMAND(f, cmd_ring, .contact = contact);
    fake_want(f, "SIP/2.0 180", c->call_id);
    FAKE_COMMAND(f, cmd_answer, .contact = contact);
    fake_learn(c, fake_want(f, "SIP/2.0 200", c->call_id)->text);
    const size_t before = f->posted_count; /* nothing is established before the ACK */
    fake_request(f, c, "ACK", "", "", "");
    f->posted_seen = before;
    assert_int_equal(fake_posted(f, SAPA_T_contact_answered)->u.contact_answered.contact, contact);
    return contact;
}

/* An offer to a registered agent, answered; not connected yet. */
static inline struct fake_call fake_agent(struct fake *f, uint64_t contact, uint64_t offer, uint32_t agent)
{
    f->posted_seen = f->posted_count;
    FAKE_COMMAND(f, cmd_offer, .offer = offer, .contact = contact, .agent = agent, .queue = 0, .ring_ms = 20000);
    const struct fake_sent *invite = fake_want(f, "INVITE", "X-Sapa-Queue: toko.penjualan");
    fake_reply(f, invite, 180, "phone", "", "");
    assert_int_equal(fake_posted(f, SAPA_T_offer_ringing)->u.offer_ringing.offer, offer);
    fake_reply(f, invite, 200, "phone", "", fake_sdp_agent);
    struct fake_call call = fake_callee(invite, "phone");
    fake_want(f, "ACK", call.call_id);
    assert_int_equal(fake_posted(f, SAPA_T_offer_accepted)->u.offer_accepted.offer, offer);
    return call;
}

static inline uint64_t fake_customer_leg(struct fake *f, uint64_t contact)
{
    const struct voice_contact *c = sapa_voice_find(&f->voice->contacts, contact);
    assert_non_null(c);
    assert_non_null(c->customer);
    return c->customer->id;
}

static inline uint64_t fake_offer_leg(struct fake *f, uint64_t offer)
{
    const struct voice_offer *o = sapa_voice_find(&f->voice->offers, offer);
    assert_non_null(o);
    assert_non_null(o->winner);
    return o->winner->id;
}

static inline void fake_press(struct fake *f, uint64_t leg, const char *keys)
{
    for (; *keys; keys++) {
        struct sapa_media_message m = { .op = SAPA_MEDIA_DIGIT, .leg = leg, .contact = 1, .u.dtmf.digit = *keys };
        sapa_voice_media_receive(f->voice, &m);
    }
    fake_run(f, 0);
}

static inline const char *fake_plays(struct fake *f, uint64_t leg)
{
    assert_non_null(fake_leg(f, leg));
    return fake_leg(f, leg)->plays;
}

/* A phone is rung for an offer of this kind, and answers. */
static inline struct fake_call fake_answers(struct fake *f, uint64_t contact, uint64_t offer, uint32_t agent, unsigned kind)
{
    FAKE_COMMAND(f, cmd_offer, .offer = offer, .contact = contact, .agent = agent, .queue = SAPA_NONE, .kind = kind, .ring_ms = 30000);
    const struct fake_sent *invite = fake_want(f, "INVITE", "X-Sapa-Contact");
    fake_reply(f, invite, 180, "b", "", "");
    fake_reply(f, invite, 200, "b", "", fake_sdp_agent);
    struct fake_call call = fake_callee(invite, "b");
    fake_want(f, "ACK", call.call_id);
    assert_int_equal(fake_posted(f, SAPA_T_offer_accepted)->u.offer_accepted.offer, offer);
    return call;
}

static inline const struct fake_sent *fake_dial(struct fake *f, uint64_t contact, unsigned attempt, unsigned kind, const char *number)
{
    struct sapa_record r = { .type = SAPA_T_cmd_dial, .u.cmd_dial = { .contact = contact, .attempt = attempt, .kind = kind, .from = 0, .ring_ms = 30000 } };
    char start[60];
    sapa_sized_set(&r.u.cmd_dial.number, sapa_str_of(number));
    fake_command(f, &r);
    snprintf(start, sizeof(start), "INVITE sip:%s@192.0.2.10", number);
    return fake_want(f, start, "");
}

#endif
