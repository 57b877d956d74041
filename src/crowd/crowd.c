#include "crowd/crowd.h"

#include <stdlib.h>

#include "base/g711.h"
#include "base/log.h"
#include "crowd/orders.h"
#include "model/flow.h"
#include "rt/random.h"
#include "rt/socket.h"
#include "rtp/rtp.h"
#include "rtp/telephone_event.h"
#include "sdp/offer.h"
#include "sip/dialog.h"
#include "sip/digest.h"
#include "sip/net.h"

enum {
    CALLS_MAX = 8192,        /* parties of both ends together */
    FRAME_US = 20000,
    TICK_US = 10000,         /* SIP timers need no finer one here */
    FRAME_BYTES = 160,       /* 20 ms of G.711 */
    EVENT_TYPE = 101,
    EVENT_PACKETS = 8,       /* 160 ms of tone, then three end packets */
    PHONE_EXPIRES_S = 300,
    REGISTER_RETRY_MS = 5000,
    CODE_AGAIN_US = 2000000,
    PHONE_EVERY_US = 25000,  /* phones come up one by one: the centre limits what one address may send */
    ARRIVALS_AFTER_US = 4000000, /* callers when they are ready */
    READY_AGAIN_MS = 180000, /* a phone that is not used for so long says "ready" once more */
    READY_AFTER_MISS_MS = 20000, /* one that missed a call was made not ready */
    DIGIT_GAP_MS = 400,      /* within a number that is typed */
    LONG_WAIT_MS = 55000,    /* '^' in a plan: until a callback will have been offered */
    SERVED_MS = 22000,       /* who has heard the answer of a machine stays so long */
    HELD_TAIL_US = 300000,
    VOICE_GONE_US = 2500000, /* the agent is not heard any more: he has hung up */
    KEYS_MAX = 48,
    REFER_LIMIT_MS = 8000,   /* after a transfer the centre ends our part */
    ASK_LIMIT_MS = 45000,    /* a colleague, or somebody of a queue, answers within that */
    PLACE_LIMIT_MS = 60000,
    CODE_LIMIT_MS = 15000,   /* a code's confirmation takes no longer */
    HANG_LIMIT_MS = 1800000,
};

/* The peers that we play: each its own sockets and stack, as the centre sees them apart. */
enum end_kind { END_PHONES, END_CARRIER, END_CARRIER_SPARE, END_COUNT };

struct end {
    struct sapa_crowd *crowd;
    struct sapa_sip_stack *stack;
    struct sapa_sip_net *net;
    struct sapa_sip_ip bound;
    struct sapa_timer timer;
    enum end_kind kind;
};

enum call_kind { CALL_CUSTOMER, CALL_CALLED, /* from here on of agents: */ CALL_OFFER, CALL_CODE, CALL_PLACED, CALL_ASK };
enum call_state { CALL_FREE, CALL_OUT, CALL_RINGING, CALL_TALKING, CALL_ENDING };

struct call {
    struct sapa_crowd *crowd;
    uint32_t next_free;
    uint32_t generation;     /* of this slot: late events of a former call do not fit */
    uint8_t kind, state, end;
    bool challenged;         /* our INVITE went out again with credentials */
    bool colleague;          /* an offer: who calls is an agent */
    bool expects;            /* of a customer: when the agent's voice ends, another's will come */
    bool heard_agent;        /* the other kind of voice came through */
    bool bye_sent;
    uint32_t agent;          /* offers and codes */
    sapa_sip_dialog_id dialog;
    sapa_sip_tx_id tx;       /* the INVITE that we shall answer */
    struct sapa_sdp_local sdp;
    int fd;                  /* RTP, -1 none */
    uint16_t port;
    struct sapa_addr remote;
    uint8_t codec;
    uint16_t rtp_seq;
    uint32_t rtp_time, ssrc;
    uint8_t event_left;      /* packets of the key that is being sent */
    int8_t event;
    uint32_t event_time;
    uint32_t audio_at;       /* place in the list of calls with audio + 1 */
    char keys[KEYS_MAX];     /* what the customer will press: ~ think, ^ wait long, keys in between are typed */
    uint8_t key_next;
    bool serves_himself;     /* hangs up after his last key */
    int64_t agent_us;        /* the agent was last heard (later than now: we are held); 0: that is over */
    int64_t held_us;         /* we were put on hold; what was on its way then is no return */
    uint32_t peer;           /* of an offer: the customer's place; of a question: the offer's; SAPA_NONE */
    bool holds;
    int64_t asked_us;        /* the last key was sent */
    struct sapa_timer action, key;
};

struct phone {
    uint32_t agent;
    bool registered, challenged, in_call, coding, takes_break, places;
    uint32_t queue;          /* of the offer; SAPA_NONE */
    uint32_t cseq;
    char call_id[32];
    struct sapa_timer timer, code_timer, register_timer;
    char code[32];           /* to be dialled next, "" none */
    int64_t free_us;         /* the last conversation ended; 0: not since the last offer */
    struct sapa_crowd *crowd;
};

struct samples {
    uint32_t *us;
    uint32_t count;
};

struct sapa_crowd {
    struct sapa_crowd_options options;
    struct sapa_loop *loop;
    uint64_t random;
    struct end ends[END_COUNT];
    struct call *calls;
    uint32_t first_free;
    uint32_t audio[CALLS_MAX]; /* indices of calls with audio */
    uint32_t audio_count;
    struct phone *phones;
    uint32_t phone_count;
    struct sapa_timer arrival, frame, carrier;
    bool carrier_fails;
    int64_t frame_due_us, arrival_us;
    uint8_t voice[2][2][FRAME_BYTES]; /* customer, agent; µ-law, A-law */
    bool stopping;
    struct sapa_orders *orders;
    struct samples delays[SAPA_CROWD_DELAYS];
    struct sapa_crowd_stats stats;
};

struct sapa_crowd_options sapa_crowd_demo(void)
{
    return (struct sapa_crowd_options){
        .seed = 1, .calls_per_hour = 240, .calls_max = 60, .agents = SAPA_NONE, .audio = true,
        .answer_ms_min = 1200, .answer_ms_max = 5000, .talk_ms_mean = 75000, .wrapup_ms_min = 3000, .wrapup_ms_max = 15000,
        .patience_ms_mean = 150000, .key_ms = 4500, .miss_permille = 30, .refuse_permille = 20, .break_permille = 40, .callback_miss_permille = 150,
        .break_ms = 60000, .hold_permille = 150, .hold_ms = 8000, .customer_ends_permille = 350, .survey_permille = 550,
        .pass_permille = 80, .ask_permille = 120, .ask_ms = 8000, .confer_permille = 350, .place_permille = 80, .fail_every_ms = 600000, .fail_ms = 60000,
    };
}

/* ---- chance ---- */

static uint64_t chance(struct sapa_crowd *crowd)
{
    crowd->random ^= crowd->random >> 12;
    crowd->random ^= crowd->random << 25;
    crowd->random ^= crowd->random >> 27;
    return crowd->random * UINT64_C(2685821657736338717);
}

static uint32_t even(struct sapa_crowd *crowd, uint32_t min, uint32_t max)
{
    return max <= min ? min : min + (uint32_t)(chance(crowd) % (max - min + 1));
}

static bool often(struct sapa_crowd *crowd, uint32_t permille)
{
    return chance(crowd) % 1000 < permille;
}

/* Exponential with this mean, by von Neumann's comparison method: no logarithm, at most 16 means. */
static uint64_t exponential(struct sapa_crowd *crowd, uint32_t mean)
{
    for (uint32_t whole = 0; whole < 16; whole++) {
        const uint64_t first = chance(crowd) >> 32;
        uint64_t last = first;
        unsigned run = 1;
        for (uint64_t next; (next = chance(crowd) >> 32) < last; run++)
            last = next;
        if (run % 2 == 1)
            return (uint64_t)whole * mean + first * mean / UINT32_MAX;
    }
    return UINT64_C(16) * mean;
}

static uint32_t exponential_from(struct sapa_crowd *crowd, uint32_t mean, uint32_t min)
{
    const uint32_t ms = (uint32_t)SAPA_MIN(exponential(crowd, mean), UINT64_C(1000000000));

    return SAPA_MAX(ms, min);
}

/* ---- sounds ---- */

/* A triangle wave whose period divides a frame, so that every frame is the same and can be recognised. */
static void make_voice(uint8_t ulaw[FRAME_BYTES], uint8_t alaw[FRAME_BYTES], int period)
{
    for (int i = 0; i < FRAME_BYTES; i++) {
        const int at = i % period, half = period / 2;
        const int sample = (at < half ? at : period - at) * 12000 / half - 6000;
        ulaw[i] = sapa_ulaw_encode((int16_t)sample);
        alaw[i] = sapa_alaw_encode((int16_t)sample);
    }
}

static void after(struct call *call, struct sapa_timer *timer, uint32_t ms, sapa_timer_fn *fn);
static void on_hang_up(void *ctx);
static void on_key(void *ctx);

static bool is_agent(const struct call *call)
{
    return call->kind >= CALL_OFFER;
}

static void audio_join(struct call *call)
{
    struct sapa_crowd *crowd = call->crowd;

    if (call->fd < 0 || call->audio_at > 0)
        return;
    crowd->audio[crowd->audio_count++] = (uint32_t)(call - crowd->calls);
    call->audio_at = crowd->audio_count;
}

static void audio_leave(struct call *call)
{
    struct sapa_crowd *crowd = call->crowd;

    if (call->audio_at > 0) {
        const uint32_t last = crowd->audio[--crowd->audio_count];
        crowd->audio[call->audio_at - 1] = last;
        crowd->calls[last].audio_at = call->audio_at;
        call->audio_at = 0;
    }
    sapa_fd_close(call->fd);
    call->fd = -1;
}

static void send_packet(struct call *call, const uint8_t *packet, size_t size)
{
    if (sapa_udp_send_one(call->fd, &call->remote, packet, size) == SAPA_OK)
        call->crowd->stats.packets_sent++;
}

/* A bad line, the same in every run with this seed: the number was used, the packet is not sent. */
static bool is_lost(const struct call *call)
{
    const uint32_t percent = call->crowd->options.lose_percent;

    return percent > 0 && !is_agent(call) && chance(call->crowd) % 100 < percent;
}

static void send_frame(struct call *call)
{
    uint8_t packet[SAPA_RTP_HEAD + FRAME_BYTES];

    if (call->event_left > 0) { /* a key instead of the voice */
        const bool end = call->event_left <= SAPA_EVENT_END_PACKETS;
        const struct sapa_event event = {
            .event = (uint8_t)call->event, .end = end, .volume = 10,
            .duration = (uint16_t)((EVENT_PACKETS + SAPA_EVENT_END_PACKETS - SAPA_MAX(call->event_left, SAPA_EVENT_END_PACKETS)) *
                                   FRAME_BYTES),
        };
        sapa_rtp_put_head(packet, call->event_left == EVENT_PACKETS + SAPA_EVENT_END_PACKETS, EVENT_TYPE, call->rtp_seq++,
                          call->event_time, call->ssrc);
        sapa_event_put(&event, packet + SAPA_RTP_HEAD);
        send_packet(call, packet, SAPA_RTP_HEAD + SAPA_EVENT_SIZE);
        call->event_left--;
    } else {
        sapa_rtp_put_head(packet, false, call->codec, call->rtp_seq++, call->rtp_time, call->ssrc);
        memcpy(packet + SAPA_RTP_HEAD, call->crowd->voice[is_agent(call)][call->codec == SAPA_RTP_PCMA], FRAME_BYTES);
        if (!is_lost(call))
            send_packet(call, packet, sizeof(packet));
    }
    call->rtp_time += FRAME_BYTES;
}

static void receive_frames(struct call *call)
{
    struct sapa_crowd *crowd = call->crowd;
    uint8_t bytes[8][256];
    struct sapa_packet packets[8];

    for (size_t i = 0; i < SAPA_COUNT(packets); i++)
        packets[i] = (struct sapa_packet){ .data = bytes[i], .size_max = sizeof(bytes[i]) };
    const size_t n = sapa_udp_receive(call->fd, packets, SAPA_COUNT(packets));
    for (size_t i = 0; i < n; i++) {
        struct sapa_rtp rtp;
        crowd->stats.packets_received++;
        if ((call->heard_agent && call->agent_us == 0) || is_agent(call) || sapa_rtp_parse(packets[i].data, packets[i].size, &rtp) != SAPA_OK ||
            rtp.payload_size != FRAME_BYTES || rtp.type > SAPA_RTP_PCMA)
            continue;
        const uint8_t *agent = crowd->voice[1][rtp.type == SAPA_RTP_PCMA];
        if (memcmp(packets[i].data + rtp.payload_at, agent, FRAME_BYTES) == 0) {
            const bool first = !call->heard_agent;
            const int64_t now_us = sapa_loop_now_us(crowd->loop);
            if (now_us - call->held_us < HELD_TAIL_US)
                continue;
            call->agent_us = now_us;
            if (!first)
                continue;
            call->heard_agent = true; /* somebody answers: no more keys, no more impatience */
            crowd->stats.connected++;
            crowd->stats.talking++;
            sapa_timer_cancel(crowd->loop, &call->key);
            sapa_timer_cancel(crowd->loop, &call->action);
            if (often(crowd, crowd->options.customer_ends_permille))
                after(call, &call->action, exponential_from(crowd, crowd->options.talk_ms_mean, crowd->options.talk_ms_mean / 10), on_hang_up);
        }
    }
}

/* The agent has hung up and the centre goes on: some answer its questions, others leave. */
static void agent_left(struct call *call)
{
    struct sapa_crowd *crowd = call->crowd;
    struct sapa_text keys;

    if (call->expects) { /* passed on: he waits for whoever comes */
        call->expects = false;
        call->agent_us = sapa_loop_now_us(crowd->loop) + INT64_C(1000) * HANG_LIMIT_MS;
        after(call, &call->action, exponential_from(crowd, SAPA_MAX(crowd->options.patience_ms_mean, 20000u), 5000), on_hang_up);
        return;
    }
    call->agent_us = 0;
    call->key_next = 0;
    call->serves_himself = true;
    sapa_text_init(&keys, call->keys, sizeof(call->keys));
    if (!often(crowd, crowd->options.survey_permille)) {
        after(call, &call->action, even(crowd, 500, 4000), on_hang_up);
        return;
    }
    sapa_text_printf(&keys, "%c~~%c", often(crowd, 800) ? '4' + (char)even(crowd, 0, 1) : '1' + (char)even(crowd, 0, 2),
                     '6' + (char)even(crowd, 0, 3));
    after(call, &call->key, even(crowd, 3000, 8000), on_key);
}

static void on_frame(void *ctx)
{
    struct sapa_crowd *crowd = ctx;

    for (uint32_t i = 0; i < crowd->audio_count; i++) {
        struct call *call = &crowd->calls[crowd->audio[i]];
        receive_frames(call);
        if (!call->holds)
            send_frame(call);
        if (call->agent_us > 0 && !call->bye_sent && sapa_loop_now_us(crowd->loop) - call->agent_us > VOICE_GONE_US)
            agent_left(call);
    }
    crowd->frame_due_us = SAPA_MAX(crowd->frame_due_us + FRAME_US, sapa_loop_now_us(crowd->loop));
    sapa_timer_set_at(crowd->loop, &crowd->frame, crowd->frame_due_us, on_frame, crowd);
}

/* ---- calls ---- */

static uint64_t user_of(const struct call *call)
{
    return (uint64_t)call->generation << 32 | (uint32_t)(call - call->crowd->calls + 1);
}

static struct call *call_of(struct sapa_crowd *crowd, uint64_t user)
{
    const uint32_t index = (uint32_t)user - 1;

    if (index >= CALLS_MAX || crowd->calls[index].state == CALL_FREE || crowd->calls[index].generation != user >> 32)
        return NULL;
    return &crowd->calls[index];
}

static struct end *end_of(struct call *call)
{
    return &call->crowd->ends[call->end];
}

static struct call *call_new(struct sapa_crowd *crowd, enum call_kind kind, enum end_kind end)
{
    const uint32_t index = crowd->first_free;

    if (index == SAPA_NONE)
        return NULL;
    struct call *call = &crowd->calls[index];
    const uint32_t generation = call->generation + 1;
    crowd->first_free = call->next_free;
    *call = (struct call){ .crowd = crowd, .generation = generation, .kind = (uint8_t)kind, .end = (uint8_t)end, .fd = -1, .agent = SAPA_NONE, .peer = SAPA_NONE,
                           .sdp = { .session_id = chance(crowd) >> 2, .version = 1 }, .ssrc = (uint32_t)chance(crowd),
                           .codec = SAPA_RTP_PCMA };
    return call;
}

static void phone_after_call(struct phone *phone, bool talked);
static void phone_break(struct phone *phone);
static void phone_place(struct phone *phone);
static void hold(struct call *call, bool on);
static bool code_for(const struct sapa_centre *centre, enum sapa_verb verb, struct sapa_str argument, char *buf, size_t size);

/* The first agents of the centre have phones, in their order. */
static struct phone *phone_of(struct sapa_crowd *crowd, uint64_t agent)
{
    return agent < crowd->phone_count ? &crowd->phones[agent] : NULL;
}

static struct phone *phone_at(struct sapa_crowd *crowd, struct sapa_str extension)
{
    for (uint32_t i = 0; i < crowd->phone_count; i++)
        if (sapa_str_eq(crowd->options.centre->agents[i].extension, extension))
            return &crowd->phones[i];
    return NULL;
}

static struct call *peer_of(const struct call *call)
{
    return call->peer < CALLS_MAX && call->crowd->calls[call->peer].state != CALL_FREE ? &call->crowd->calls[call->peer] : NULL;
}

/* The customer of an offer is on hold: silence and music are no goodbye then. */
static void peer_held(const struct call *call, bool held)
{
    struct sapa_crowd *crowd = call->crowd;
    struct call *peer = peer_of(call);

    if (peer && peer->state == CALL_TALKING && peer->agent_us > 0 && !is_agent(peer))
        peer->agent_us = sapa_loop_now_us(crowd->loop) + (held ? INT64_C(1000) * HANG_LIMIT_MS : 0);
    if (peer && held)
        peer->held_us = sapa_loop_now_us(crowd->loop);
}

static void call_free(struct call *call)
{
    struct sapa_crowd *crowd = call->crowd;
    const bool talked = call->state >= CALL_TALKING;

    if (call->heard_agent)
        crowd->stats.talking--;
    if (!is_agent(call))
        crowd->stats.now--;
    sapa_timer_cancel(crowd->loop, &call->action);
    sapa_timer_cancel(crowd->loop, &call->key);
    audio_leave(call);
    struct call *peer = peer_of(call);
    if (call->holds && !(peer && peer->expects))
        peer_held(call, false);
    if (call->kind == CALL_ASK && peer && peer->kind == CALL_OFFER) /* nobody took over: back to the customer */
        hold(peer, false);
    if (call->dialog != 0)
        sapa_sip_dialog_end(end_of(call)->stack, call->dialog);
    const uint32_t agent = call->agent;
    const uint8_t kind = call->kind;
    call->state = CALL_FREE;
    call->next_free = crowd->first_free;
    crowd->first_free = (uint32_t)(call - crowd->calls);
    struct phone *phone = phone_of(crowd, agent);
    if (phone && (kind == CALL_OFFER || kind == CALL_PLACED)) {
        phone_after_call(phone, talked);
    } else if (phone && kind == CALL_CODE) {
        phone->coding = false;
        if (phone->takes_break && !crowd->stopping)
            phone_break(phone);
        else if (phone->places && !crowd->stopping)
            phone_place(phone);
    }
}

static sapa_rc open_audio(struct call *call)
{
    const struct sapa_sip_ip *ip = &call->crowd->options.local;
    struct sapa_addr local;
    char host[64];
    struct sapa_text text;

    if (!call->crowd->options.audio) {
        call->port = (uint16_t)(40000 + (uint32_t)(call - call->crowd->calls) * 2 % 20000);
        return SAPA_OK;
    }
    sapa_text_init(&text, host, sizeof(host));
    sapa_sip_put_ip(&text, ip);
    sapa_rc rc = sapa_addr_parse(sapa_text_str(&text), 0, &local);
    if (rc == SAPA_OK)
        rc = sapa_udp_open(&local, NULL, &call->fd);
    if (rc == SAPA_OK)
        rc = sapa_socket_local(call->fd, &local);
    if (rc == SAPA_OK)
        call->port = sapa_addr_port(&local);
    return rc;
}

static void want(const struct call *call, struct sapa_sdp_want *ret, char *buf, size_t size)
{
    struct sapa_text text;

    sapa_text_init(&text, buf, size);
    sapa_sip_put_ip(&text, &call->crowd->options.local);
    struct sapa_str address = sapa_text_str(&text);
    if (address.n > 2 && address.p[0] == '[') { /* SDP writes IPv6 without brackets */
        address.p++;
        address.n -= 2;
    }
    *ret = (struct sapa_sdp_want){ .address = address, .port = call->port, .direction = SAPA_SDP_SENDRECV,
                                   .codecs = sapa_sdp_codecs_g711, .codec_count = 3, .ptime_ms = 20 };
}

static void use_agreed(struct call *call, const struct sapa_sdp_agreed *agreed)
{
    call->codec = agreed->codec_id == SAPA_SDP_PCMA ? SAPA_RTP_PCMA : SAPA_RTP_PCMU;
    if (call->fd >= 0 && sapa_addr_parse(agreed->address, agreed->port, &call->remote) == SAPA_OK)
        audio_join(call);
}

static void hang_up(struct call *call)
{
    struct end *end = end_of(call);
    const int64_t now_us = sapa_loop_now_us(call->crowd->loop);
    sapa_sip_tx_id tx;

    if (call->bye_sent)
        return;
    call->bye_sent = true;
    if (call->state == CALL_OUT) {
        if (sapa_sip_call_cancel(end->stack, call->dialog, SAPA_STR(""), now_us) != SAPA_OK)
            call_free(call);
        return;
    }
    if (call->state == CALL_RINGING) {
        (void)!sapa_sip_respond(end->stack, call->tx, 486, NULL, now_us);
        call_free(call);
        return;
    }
    call->state = CALL_ENDING;
    if (sapa_sip_dialog_send(end->stack, call->dialog, SAPA_SIP_BYE, NULL, now_us, &tx) != SAPA_OK)
        call_free(call);
}

static void on_hang_up(void *ctx)
{
    hang_up(ctx);
}

static void on_give_up(void *ctx)
{
    struct call *call = ctx;

    if (!call->heard_agent)
        call->crowd->stats.abandoned++;
    hang_up(call);
}

static void after(struct call *call, struct sapa_timer *timer, uint32_t ms, sapa_timer_fn *fn)
{
    sapa_timer_set(call->crowd->loop, timer, (int64_t)ms * 1000, fn, call);
}

static void on_key(void *ctx)
{
    struct call *call = ctx;
    const struct sapa_crowd_options *o = &call->crowd->options;
    const char key = call->keys[call->key_next];
    uint32_t pause_ms = 0;

    if (key == '\0' && call->serves_himself && call->state == CALL_TALKING)
        after(call, &call->action, o->leave_ms, on_hang_up);
    if (key == '\0' || call->state != CALL_TALKING)
        return;
    call->event = (int8_t)sapa_event_of(key);
    call->event_left = EVENT_PACKETS + SAPA_EVENT_END_PACKETS;
    call->event_time = call->rtp_time;
    if (call->fd < 0 && o->key_ms > 0) { /* no audio: as INFO */
        char body[64];
        struct sapa_text text;
        sapa_sip_tx_id tx;
        sapa_text_init(&text, body, sizeof(body));
        sapa_text_printf(&text, "Signal=%c\r\nDuration=160\r\n", key);
        const struct sapa_sip_spec spec = { .content_type = SAPA_STR("application/dtmf-relay"), .body = sapa_text_str(&text) };
        (void)!sapa_sip_dialog_send(end_of(call)->stack, call->dialog, SAPA_SIP_INFO, &spec, sapa_loop_now_us(call->crowd->loop), &tx);
    }
    call->asked_us = sapa_loop_now_us(call->crowd->loop);
    while (call->keys[++call->key_next] == '~' || call->keys[call->key_next] == '^')
        pause_ms += call->keys[call->key_next] == '~' ? even(call->crowd, o->key_ms, o->key_ms * 3 / 2)
                                                      : even(call->crowd, LONG_WAIT_MS, LONG_WAIT_MS * 3 / 2);
    if (call->keys[call->key_next] != '\0')
        after(call, &call->key, SAPA_MAX(pause_ms, (uint32_t)DIGIT_GAP_MS), on_key);
    else if (call->serves_himself)
        after(call, &call->action, o->leave_ms > 0 ? o->leave_ms : even(call->crowd, SERVED_MS, SERVED_MS * 2), on_hang_up);
}

/* ---- starting calls ---- */

static sapa_rc start(struct call *call, struct sapa_str from_user, struct sapa_str to_user)
{
    struct end *end = end_of(call);
    const struct sapa_crowd_options *o = &call->crowd->options;
    char uri_buf[128], from_buf[128], to_buf[128], sdp_buf[1024], address[64];
    struct sapa_text uri, from, to, sdp;
    struct sapa_sdp_want wanted;
    struct sapa_sip_call out = { .hop = SAPA_SIP_HOP_FLOW, .user = user_of(call) };
    sapa_rc rc = open_audio(call);

    if (rc != SAPA_OK)
        return rc;
    sapa_text_init(&uri, uri_buf, sizeof(uri_buf));
    sapa_text_init(&from, from_buf, sizeof(from_buf));
    sapa_text_init(&to, to_buf, sizeof(to_buf));
    sapa_text_init(&sdp, sdp_buf, sizeof(sdp_buf));
    sapa_text_printf(&uri, "sip:" SAPA_STR_FMT "@", SAPA_STR_ARG(to_user));
    sapa_sip_put_ip_port(&uri, &o->target);
    sapa_text_printf(&to, "<" SAPA_STR_FMT ">", SAPA_STR_ARG(sapa_text_str(&uri)));
    sapa_text_printf(&from, "<sip:" SAPA_STR_FMT "@", SAPA_STR_ARG(from_user));
    sapa_sip_put_ip_port(&from, &end->bound);
    sapa_text_char(&from, '>');
    want(call, &wanted, address, sizeof(address));
    if ((rc = sapa_sdp_offer(&call->sdp, &wanted, &sdp)) != SAPA_OK ||
        (rc = sapa_sip_net_ops.open(end->net, SAPA_SIP_FLOW_UDP, &o->target, &out.flow)) != SAPA_OK)
        return rc;
    out.uri = sapa_text_str(&uri), out.from = sapa_text_str(&from), out.to = sapa_text_str(&to);
    out.spec.body = sapa_text_str(&sdp);
    call->state = CALL_OUT;
    return sapa_sip_call_start(end->stack, &out, sapa_loop_now_us(call->crowd->loop), &call->dialog, &call->tx);
}

/* What the flow asks for in numbers, node by node: an order, an account and a PIN. */
static void plan_digits(struct sapa_crowd *crowd, const struct sapa_flow *flow, struct sapa_text *keys)
{
    for (uint32_t i = 0; flow && i < flow->nodes_count; i++) {
        const struct sapa_flow_node *node = &flow->nodes[i];
        if (node->kind != SAPA_NODE_COLLECT || keys->n + node->digits_min + 3u >= KEYS_MAX)
            continue;
        sapa_text_char(keys, '~');
        for (unsigned digit = 0; digit < node->digits_min; digit++) /* some were read wrongly, and begin with 0 */
            sapa_text_char(keys, digit == 0 && often(crowd, 900) ? (char)('1' + even(crowd, 0, 7)) : (char)('0' + even(crowd, 0, 9)));
        sapa_text_char(keys, '#');
    }
}

/*
 * What this customer wants. The plans fit a centre whose callers choose a language, then a matter:
 * 1 and 2 lead to people, 3 asks a machine, 0 is a human wherever one is.
 */
static void plan_keys(struct call *call, const struct sapa_number *number)
{
    struct sapa_crowd *crowd = call->crowd;
    const struct sapa_centre *centre = crowd->options.centre;
    const struct sapa_flow *flow = number->flow < centre->flows_count ? &centre->flows[number->flow] : NULL;
    struct sapa_text keys;

    sapa_text_init(&keys, call->keys, sizeof(call->keys));
    if (crowd->options.keys) { /* without marks: a thought before each */
        const struct sapa_str given = sapa_str_of(crowd->options.keys);
        const bool marked = sapa_str_find(given, '~', 0) < given.n || sapa_str_find(given, '^', 0) < given.n;
        for (size_t i = 0; i < given.n; i++) {
            if (i > 0 && !marked)
                sapa_text_char(&keys, '~');
            sapa_text_char(&keys, given.p[i]);
        }
        call->serves_himself = crowd->options.leave_ms > 0;
        return;
    }
    if (flow && flow->nodes[flow->start].kind == SAPA_NODE_HOURS && often(crowd, 500)) {
        sapa_text_add(&keys, SAPA_STR("2~1")); /* a message when closed */
        call->serves_himself = true;
        return;
    }
    sapa_text_char(&keys, often(crowd, 800) ? '1' : '2');
    const uint32_t matter = even(crowd, 0, 99);
    if (matter < 20) {
        sapa_text_add(&keys, SAPA_STR("~3"));
        plan_digits(crowd, flow, &keys);
        call->serves_himself = often(crowd, 800);
        if (!call->serves_himself)
            sapa_text_add(&keys, SAPA_STR("~~~~0")); /* and has a question */
    } else {
        sapa_text_char(&keys, '~');
        sapa_text_char(&keys, matter < 58 ? '1' : matter < 90 ? '2' : '0');
        if (often(crowd, 350))
            sapa_text_add(&keys, SAPA_STR("^1~~1")); /* takes the offer of a callback, to this number */
    }
}

/* The first number of a client is the one that everybody knows. */
static const struct sapa_number *choose_number(struct sapa_crowd *crowd)
{
    const struct sapa_centre *centre = crowd->options.centre;
    uint32_t known[64], count = 0;

    for (uint32_t i = 0; i < centre->numbers_count && count < SAPA_COUNT(known); i++) {
        bool first = true;
        for (uint32_t k = 0; k < i; k++)
            first &= centre->numbers[k].client != centre->numbers[i].client;
        if (first)
            known[count++] = i;
    }
    const uint32_t wish = crowd->options.number ? SAPA_FIND(centre, numbers, sapa_str_of(crowd->options.number)) : SAPA_NONE;
    if (wish != SAPA_NONE)
        return &centre->numbers[wish];
    if (crowd->options.keys || often(crowd, 120))
        return &centre->numbers[chance(crowd) % centre->numbers_count];
    return &centre->numbers[known[chance(crowd) % count]];
}

static void call_in(struct sapa_crowd *crowd)
{
    const bool spare = crowd->ends[END_CARRIER_SPARE].stack && (crowd->carrier_fails || often(crowd, 200));
    struct call *call = crowd->stats.now < crowd->options.calls_max
                            ? call_new(crowd, CALL_CUSTOMER, spare ? END_CARRIER_SPARE : END_CARRIER)
                            : NULL;
    char from[32];
    struct sapa_text text;

    if (!call)
        return;
    const struct sapa_number *number = choose_number(crowd);
    plan_keys(call, number);
    /* a small town: people call again, and are known; who calls now is told by the number's end */
    sapa_text_init(&text, from, sizeof(from));
    sapa_text_printf(&text, "62812000%04u", (uint32_t)(call - crowd->calls));
    crowd->stats.calls++;
    crowd->stats.now++;
    call->state = CALL_OUT;
    if (start(call, sapa_text_str(&text), number->key) != SAPA_OK) {
        crowd->stats.failed++;
        call_free(call);
    }
}

static void on_arrival(void *ctx)
{
    struct sapa_crowd *crowd = ctx;
    const uint32_t mean_us = (uint32_t)(UINT64_C(3600000000) / crowd->options.calls_per_hour);

    /* arrivals stand on a time line of their own: a late turn of the loop makes up for itself */
    while (crowd->arrival_us <= sapa_loop_now_us(crowd->loop)) {
        if (crowd->stopping || (crowd->options.calls_total > 0 && crowd->stats.calls >= crowd->options.calls_total))
            return;
        crowd->arrival_us += exponential(crowd, mean_us);
        call_in(crowd);
    }
    sapa_timer_set_at(crowd->loop, &crowd->arrival, crowd->arrival_us, on_arrival, crowd);
}

/* ---- phones ---- */

/* What is dialled for a verb: the code's prefix, its {} filled in. False when the centre has none. */
static bool code_for(const struct sapa_centre *centre, enum sapa_verb verb, struct sapa_str argument, char *buf, size_t size)
{
    struct sapa_text text;

    sapa_text_init(&text, buf, size);
    for (uint32_t i = 0; i < centre->codes_count; i++) {
        if (centre->codes[i].verb != verb)
            continue;
        struct sapa_str rest, prefix = sapa_str_cut(centre->codes[i].prefix, '{', &rest);
        sapa_text_add(&text, prefix);
        sapa_text_add(&text, argument);
        return true;
    }
    return false;
}

static const struct sapa_agent *agent_of(const struct phone *phone)
{
    return &phone->crowd->options.centre->agents[phone->agent];
}

static void dial_code(void *ctx)
{
    struct phone *phone = ctx;
    struct sapa_crowd *crowd = phone->crowd;

    if (crowd->stopping || phone->code[0] == '\0')
        return;
    if ((phone->in_call && !crowd->options.by_hand) || phone->coding || !phone->registered) { /* one thing at a time */
        sapa_timer_set(crowd->loop, &phone->code_timer, 1000000, dial_code, phone);
        return;
    }
    struct call *call = call_new(crowd, CALL_CODE, END_PHONES);
    if (!call) { /* too much is going on; the code is not forgotten */
        sapa_timer_set(crowd->loop, &phone->code_timer, 1000000, dial_code, phone);
        return;
    }
    call->agent = phone->agent;
    call->state = CALL_OUT;
    phone->coding = true;
    crowd->stats.codes++;
    after(call, &call->action, CODE_LIMIT_MS, on_hang_up);
    if (start(call, agent_of(phone)->extension, sapa_str_of(phone->code)) != SAPA_OK) {
        crowd->stats.codes_failed++;
        call_free(call);
    }
    phone->code[0] = '\0';
}

sapa_rc sapa_crowd_dial(struct sapa_crowd *crowd, struct sapa_str extension, struct sapa_str code)
{
    struct phone *phone = phone_at(crowd, extension);

    if (!phone)
        return SAPA_ENOENT;
    if (sapa_str_eq(code, SAPA_STR("hangup"))) {
        for (uint32_t i = 0; i < CALLS_MAX; i++)
            if (crowd->calls[i].state == CALL_TALKING && crowd->calls[i].kind == CALL_OFFER && crowd->calls[i].agent == phone->agent) {
                hang_up(&crowd->calls[i]);
                return SAPA_OK;
            }
        return SAPA_ENOENT;
    }
    if (phone->code[0] != '\0') /* one waits already */
        return SAPA_ESTATE;
    if (!sapa_str_copy(code, phone->code, sizeof(phone->code)))
        return SAPA_ELIMIT;
    dial_code(phone);
    return SAPA_OK;
}

static void code_later(struct phone *phone, uint32_t ms)
{
    sapa_timer_set(phone->crowd->loop, &phone->code_timer, (int64_t)ms * 1000, dial_code, phone);
}

static void say_ready(void *ctx)
{
    struct phone *phone = ctx;

    if (phone->crowd->options.by_hand)
        return;
    if (phone->code[0] == '\0' && code_for(phone->crowd->options.centre, SAPA_VERB_READY, SAPA_STR(""), phone->code, sizeof(phone->code)))
        code_later(phone, 0);
    /* and again some time: one that missed a call was made not ready */
    sapa_timer_set(phone->crowd->loop, &phone->timer, (int64_t)READY_AGAIN_MS * 1000, say_ready, phone);
}

static void phone_break(struct phone *phone)
{
    struct sapa_crowd *crowd = phone->crowd;
    const struct sapa_centre *centre = crowd->options.centre;

    phone->takes_break = false;
    if (centre->reasons_count == 0 || !code_for(centre, SAPA_VERB_NOT_READY, centre->reasons[chance(crowd) % centre->reasons_count].key,
                                                phone->code, sizeof(phone->code)))
        return;
    code_later(phone, even(crowd, 500, 2000));
    sapa_timer_set(crowd->loop, &phone->timer, (int64_t)crowd->options.break_ms * 1000, say_ready, phone);
}

/* One of the results that the queue knows. */
static const struct sapa_disposition *choose_result(struct sapa_crowd *crowd, uint32_t queue)
{
    const struct sapa_centre *centre = crowd->options.centre;
    uint32_t first = 0, count = centre->dispositions_count;

    if (queue != SAPA_NONE)
        first = centre->queues[queue].disposition_first, count = centre->queues[queue].disposition_count;
    return count > 0 ? &centre->dispositions[first + chance(crowd) % count] : NULL;
}

/* After a conversation the result is dialled; sometimes a break follows. */
static void phone_after_call(struct phone *phone, bool talked)
{
    struct sapa_crowd *crowd = phone->crowd;
    const struct sapa_centre *centre = crowd->options.centre;

    phone->in_call = false;
    phone->free_us = talked ? sapa_loop_now_us(crowd->loop) : 0;
    if (crowd->stopping || crowd->options.by_hand)
        return;
    phone->takes_break = talked && often(crowd, crowd->options.break_permille);
    phone->places = talked && !phone->takes_break && often(crowd, crowd->options.place_permille);
    const struct sapa_disposition *result = talked && crowd->options.wrapup_ms_max > 0 ? choose_result(crowd, phone->queue) : NULL;
    if (result && code_for(centre, SAPA_VERB_WRAPUP_DONE, result->key, phone->code, sizeof(phone->code)))
        code_later(phone, even(crowd, crowd->options.wrapup_ms_min, crowd->options.wrapup_ms_max));
    else if (phone->takes_break)
        phone_break(phone);
    sapa_timer_set(crowd->loop, &phone->timer,
                   (int64_t)(talked ? READY_AGAIN_MS : even(crowd, READY_AFTER_MISS_MS, 2 * READY_AFTER_MISS_MS)) * 1000, say_ready, phone);
}

static void send_register(struct phone *phone, struct sapa_str authorization, bool proxy)
{
    struct sapa_crowd *crowd = phone->crowd;
    struct end *end = &crowd->ends[END_PHONES];
    const struct sapa_str extension = agent_of(phone)->extension;
    char uri_buf[96], addr_buf[128], contact_buf[128], headers_buf[1024];
    struct sapa_text uri, addr, contact, headers;
    struct sapa_sip_request request = { .method = SAPA_SIP_REGISTER, .user = phone->agent, .cseq = ++phone->cseq };
    sapa_sip_tx_id tx;

    sapa_text_init(&uri, uri_buf, sizeof(uri_buf));
    sapa_text_init(&addr, addr_buf, sizeof(addr_buf));
    sapa_text_init(&contact, contact_buf, sizeof(contact_buf));
    sapa_text_init(&headers, headers_buf, sizeof(headers_buf));
    sapa_text_add(&uri, SAPA_STR("sip:"));
    sapa_sip_put_ip_port(&uri, &crowd->options.target);
    sapa_text_printf(&addr, "<sip:" SAPA_STR_FMT "@", SAPA_STR_ARG(extension));
    sapa_sip_put_ip_port(&addr, &crowd->options.target);
    sapa_text_char(&addr, '>');
    sapa_text_printf(&contact, "<sip:" SAPA_STR_FMT "@", SAPA_STR_ARG(extension));
    sapa_sip_put_ip_port(&contact, &end->bound);
    sapa_text_char(&contact, '>');
    sapa_sip_put_number(&headers, SAPA_SIP_H_EXPIRES, PHONE_EXPIRES_S);
    if (authorization.n > 0)
        sapa_sip_put_header(&headers, proxy ? SAPA_SIP_H_PROXY_AUTHORIZATION : SAPA_SIP_H_AUTHORIZATION, authorization);
    request.uri = sapa_text_str(&uri);
    request.from = request.to = sapa_text_str(&addr);
    request.contact = sapa_text_str(&contact);
    request.call_id = sapa_str_of(phone->call_id);
    request.spec.headers = sapa_text_str(&headers);
    if (sapa_sip_net_ops.open(end->net, SAPA_SIP_FLOW_UDP, &crowd->options.target, &request.flow) != SAPA_OK ||
        sapa_sip_request_send(end->stack, &request, sapa_loop_now_us(crowd->loop), &tx) != SAPA_OK)
        crowd->stats.register_failed++;
}

static void register_again(void *ctx)
{
    struct phone *phone = ctx;

    phone->challenged = false;
    if (!phone->crowd->stopping)
        send_register(phone, (struct sapa_str){ NULL, 0 }, false);
}

static bool answer_challenge(struct sapa_crowd *crowd, const struct sapa_agent *agent, const struct sapa_sip_msg *msg,
                             struct sapa_str method, struct sapa_str uri, struct sapa_text *out, bool *ret_proxy)
{
    struct sapa_sip_digest challenge;
    char ha1[SAPA_SIP_HEX_SIZE], cnonce[17];

    if (sapa_sip_digest_pick(msg, &challenge, ret_proxy) != SAPA_OK)
        return false;
    sapa_sip_token(crowd->ends[END_PHONES].stack, cnonce);
    sapa_sip_digest_ha1(challenge.alg, agent->extension, challenge.realm, agent->password, ha1);
    const struct sapa_sip_digest_answer answer = { .challenge = &challenge, .method = method, .uri = uri,
                                                   .username = agent->extension, .ha1_hex = ha1, .nc = 1,
                                                   .cnonce = sapa_str_of(cnonce) };
    sapa_sip_digest_respond(out, &answer);
    return !out->cut;
}

static void on_register(struct sapa_crowd *crowd, const struct sapa_sip_event *event)
{
    struct phone *phone = phone_of(crowd, event->user);
    char value_buf[768], uri_buf[96];
    struct sapa_text value, uri;
    bool proxy;

    if (!phone || crowd->stopping)
        return;
    if (event->kind == SAPA_SIP_EV_RESPONSE && event->status < 300) {
        const bool first = !phone->registered;
        phone->registered = true;
        crowd->stats.registers++;
        if (first)
            sapa_timer_set(crowd->loop, &phone->timer, (int64_t)even(crowd, 200, 2000) * 1000, say_ready, phone);
        sapa_timer_set(crowd->loop, &phone->register_timer, (int64_t)PHONE_EXPIRES_S * 1000000 / 2, register_again, phone);
        return;
    }
    if (event->kind == SAPA_SIP_EV_RESPONSE && (event->status == 401 || event->status == 407)) {
        sapa_text_init(&value, value_buf, sizeof(value_buf));
        sapa_text_init(&uri, uri_buf, sizeof(uri_buf));
        sapa_text_add(&uri, SAPA_STR("sip:"));
        sapa_sip_put_ip_port(&uri, &crowd->options.target);
        if (!phone->challenged && answer_challenge(crowd, agent_of(phone), event->msg, SAPA_STR("REGISTER"), sapa_text_str(&uri), &value, &proxy)) {
            phone->challenged = true;
            send_register(phone, sapa_text_str(&value), proxy);
            return;
        }
    }
    crowd->stats.register_failed++;
    sapa_timer_set(crowd->loop, &phone->register_timer, (int64_t)REGISTER_RETRY_MS * 1000, register_again, phone);
}

/* A phone that is asked for its password when it calls. */
static bool on_invite_challenge(struct call *call, const struct sapa_sip_event *event)
{
    struct sapa_crowd *crowd = call->crowd;
    struct sapa_sip_dialog_info info;
    char value_buf[768], headers_buf[1024], uri_buf[160], sdp_buf[1024], address[64];
    struct sapa_text value, headers, uri, sdp;
    struct sapa_sdp_want wanted;
    bool proxy;

    if (!is_agent(call) || (event->status != 401 && event->status != 407) || call->bye_sent || call->challenged)
        return false;
    call->challenged = true; /* once */
    if (sapa_sip_dialog_get(end_of(call)->stack, call->dialog, &info) != SAPA_OK)
        return false;
    sapa_text_init(&uri, uri_buf, sizeof(uri_buf));
    struct sapa_str target = info.remote_addr; /* "<sip:*1@…>" */
    sapa_text_add(&uri, (struct sapa_str){ target.p + 1, target.n - 2 });
    sapa_text_init(&value, value_buf, sizeof(value_buf));
    sapa_text_init(&headers, headers_buf, sizeof(headers_buf));
    sapa_text_init(&sdp, sdp_buf, sizeof(sdp_buf));
    if (!answer_challenge(crowd, &crowd->options.centre->agents[call->agent], event->msg, SAPA_STR("INVITE"), sapa_text_str(&uri), &value, &proxy))
        return false;
    sapa_sip_put_header(&headers, proxy ? SAPA_SIP_H_PROXY_AUTHORIZATION : SAPA_SIP_H_AUTHORIZATION, sapa_text_str(&value));
    want(call, &wanted, address, sizeof(address));
    if (sapa_sdp_offer(&call->sdp, &wanted, &sdp) != SAPA_OK)
        return false;
    const struct sapa_sip_spec spec = { .headers = sapa_text_str(&headers), .body = sapa_text_str(&sdp) };
    return sapa_sip_call_retry(end_of(call)->stack, call->dialog, (struct sapa_str){ NULL, 0 }, &spec, event->now_us, &call->tx) == SAPA_OK;
}

/* ---- answering ---- */

static void sample(struct sapa_crowd *crowd, enum sapa_crowd_delay delay, int64_t from_us, int64_t to_us)
{
    struct samples *samples = &crowd->delays[delay];

    if (from_us > 0 && samples->us && samples->count < SAPA_CROWD_SAMPLES_MAX)
        samples->us[samples->count++] = (uint32_t)SAPA_MIN(to_us - from_us, (int64_t)UINT32_MAX);
}

/* An offer shows its caller's number, and that ends with the place in our table. */
static void sample_offer(struct call *call, struct phone *phone, const struct sapa_sip_event *event)
{
    struct sapa_crowd *crowd = phone->crowd;
    struct sapa_str from = event->msg->from.uri.user;
    uint64_t index;

    if (crowd->stats.now >= crowd->options.calls_max / 10 * 9) /* a full house: somebody waits */
        sample(crowd, SAPA_CROWD_FREE_TO_RING, phone->free_us, event->now_us);
    phone->free_us = 0;
    if (from.n < 4)
        return;
    from = (struct sapa_str){ from.p + from.n - 4, 4 };
    if (sapa_str_u64(from, CALLS_MAX - 1, &index) != SAPA_OK || crowd->calls[index].state != CALL_TALKING)
        return;
    call->peer = (uint32_t)index;
    sample(crowd, SAPA_CROWD_ASKED_TO_RING, crowd->calls[index].asked_us, event->now_us);
    crowd->calls[index].asked_us = 0;
}

/* An agent puts the customer on hold, or comes back. */
static void hold(struct call *call, bool on)
{
    struct sapa_crowd *crowd = call->crowd;
    char sdp_buf[1024], address[64];
    struct sapa_text sdp;
    struct sapa_sdp_want wanted;
    sapa_sip_tx_id tx;

    if (call->state != CALL_TALKING || call->bye_sent || call->holds == on)
        return;
    sapa_text_init(&sdp, sdp_buf, sizeof(sdp_buf));
    want(call, &wanted, address, sizeof(address));
    wanted.direction = on ? SAPA_SDP_SENDONLY : SAPA_SDP_SENDRECV;
    if (sapa_sdp_offer(&call->sdp, &wanted, &sdp) != SAPA_OK)
        return;
    const struct sapa_sip_spec spec = { .body = sapa_text_str(&sdp) };
    if (sapa_sip_dialog_send(end_of(call)->stack, call->dialog, SAPA_SIP_INVITE, &spec, sapa_loop_now_us(crowd->loop), &tx) != SAPA_OK)
        return;
    call->holds = on;
    peer_held(call, on);
    crowd->stats.holds += on;
}

static void on_hold(void *ctx)
{
    struct call *call = ctx;
    const struct sapa_crowd_options *o = &call->crowd->options;

    hold(call, !call->holds);
    if (call->holds)
        after(call, &call->key, even(call->crowd, o->hold_ms / 2, o->hold_ms * 3 / 2), on_hold);
}

/* ---- passed on, and asked ---- */

/* Who else could help: another queue of the same client, or a colleague who is at his phone. */
static struct sapa_str choose_helper(struct call *call, bool queue)
{
    struct sapa_crowd *crowd = call->crowd;
    const struct sapa_centre *centre = crowd->options.centre;
    const struct phone *phone = phone_of(crowd, call->agent);
    const uint32_t first = (uint32_t)chance(crowd);

    for (uint32_t i = 0; queue && phone && phone->queue != SAPA_NONE && i < centre->queues_count; i++) {
        const uint32_t at = (first + i) % centre->queues_count;
        if (at != phone->queue && centre->queues[at].client == centre->queues[phone->queue].client)
            return centre->queues[at].key;
    }
    for (uint32_t i = 0; i < crowd->phone_count; i++) {
        const struct phone *other = &crowd->phones[(first + i) % crowd->phone_count];
        if (other->registered && !other->in_call && !other->coding && other->agent != call->agent)
            return agent_of(other)->extension;
    }
    return (struct sapa_str){ NULL, 0 };
}

/* The transfer key (RFC 3515); with `asked`, to the one whom he talks to in that call (RFC 3891). */
static void refer(struct call *call, struct sapa_str target, const struct call *asked)
{
    struct sapa_crowd *crowd = call->crowd;
    struct sapa_sip_dialog_info info;
    char head_buf[512];
    struct sapa_text head;
    sapa_sip_tx_id tx;

    sapa_text_init(&head, head_buf, sizeof(head_buf));
    sapa_text_printf(&head, "Refer-To: <sip:" SAPA_STR_FMT "@", SAPA_STR_ARG(target));
    sapa_sip_put_ip_port(&head, &crowd->options.target);
    if (asked) {
        if (sapa_sip_dialog_get(end_of(call)->stack, asked->dialog, &info) != SAPA_OK)
            return;
        sapa_text_printf(&head, "?Replaces=" SAPA_STR_FMT "%%3Bto-tag%%3D" SAPA_STR_FMT "%%3Bfrom-tag%%3D" SAPA_STR_FMT,
                         SAPA_STR_ARG(info.call_id), SAPA_STR_ARG(info.remote_tag), SAPA_STR_ARG(info.local_tag));
    }
    sapa_text_add(&head, SAPA_STR(">\r\n"));
    const struct sapa_sip_spec spec = { .headers = sapa_text_str(&head) };
    if (!head.cut)
        (void)!sapa_sip_dialog_send(end_of(call)->stack, call->dialog, SAPA_SIP_REFER, &spec, sapa_loop_now_us(crowd->loop), &tx);
}

static void on_pass(void *ctx)
{
    struct call *call = ctx;
    const struct sapa_str target = choose_helper(call, often(call->crowd, 700));

    if (call->state == CALL_TALKING && !call->bye_sent && target.n > 0)
        refer(call, target, NULL);
}

/* The centre takes a transfer: the customer stays, our two calls will be ended. Or it does not. */
static void on_referred(struct call *call, int status)
{
    struct call *customer = peer_of(call), *asked = NULL;

    for (uint32_t i = 0; i < CALLS_MAX && !asked; i++) {
        struct call *other = &call->crowd->calls[i];
        if (other->state != CALL_FREE && other->kind == CALL_ASK && other->peer == (uint32_t)(call - call->crowd->calls))
            asked = other;
    }
    if (status >= 300) {
        sapa_log(SAPA_LOG_WARN, "crowd.refer", "status=%d asked=%d", status, asked != NULL);
        if (asked)
            hang_up(asked);
        return;
    }
    if (asked)
        asked->peer = SAPA_NONE;
    call->crowd->stats.passed += !asked;
    call->crowd->stats.asked += asked != NULL;
    if (customer && customer->state == CALL_TALKING && !is_agent(customer)) {
        customer->expects = true;
        sapa_timer_cancel(call->crowd->loop, &customer->action);
    }
    after(call, &call->action, REFER_LIMIT_MS, on_hang_up);
}

static void on_asked(void *ctx)
{
    struct call *ask = ctx;
    struct call *call = peer_of(ask);
    struct sapa_sip_dialog_info info;

    if (!call || call->kind != CALL_OFFER || call->state != CALL_TALKING || call->bye_sent ||
        sapa_sip_dialog_get(end_of(ask)->stack, ask->dialog, &info) != SAPA_OK) {
        hang_up(ask);
        return;
    }
    const struct sapa_crowd_stats *stats = &ask->crowd->stats; /* the share is kept, so that a short run has both */
    if (call->fd >= 0 && stats->conferences * 1000 < ask->crowd->options.confer_permille * (stats->asked + stats->conferences + 1) &&
        code_for(ask->crowd->options.centre, SAPA_VERB_CONFERENCE, SAPA_STR(""), ask->keys, sizeof(ask->keys))) {
        ask->key_next = 0; /* all three: the code, dialled while they talk; the centre then ends this line, and we go back to the other */
        ask->crowd->stats.conferences++;
        on_key(ask);
        after(call, &call->action, exponential_from(ask->crowd, ask->crowd->options.talk_ms_mean, 5000), on_hang_up);
        after(ask, &ask->action, REFER_LIMIT_MS, on_hang_up);
        return;
    }
    struct sapa_str user = { info.remote_addr.p + 5, info.remote_addr.n - 5 }, rest; /* "<sip:102@…>" */
    user = sapa_str_cut(user, '@', &rest);
    refer(call, user, ask);
    after(ask, &ask->action, REFER_LIMIT_MS, on_hang_up);
}

static void on_ask(void *ctx)
{
    struct call *call = ctx;
    struct sapa_crowd *crowd = call->crowd;
    const struct sapa_str target = choose_helper(call, often(crowd, 300));

    if (call->state != CALL_TALKING || call->bye_sent || target.n == 0)
        return;
    struct call *ask = call_new(crowd, CALL_ASK, END_PHONES);
    if (!ask)
        return;
    hold(call, true);
    ask->agent = call->agent;
    ask->peer = (uint32_t)(call - crowd->calls);
    ask->state = CALL_OUT;
    after(ask, &ask->action, ASK_LIMIT_MS, on_hang_up);
    after(call, &call->action, ASK_LIMIT_MS + crowd->options.ask_ms * 2 + REFER_LIMIT_MS, on_hang_up);
    if (start(ask, crowd->options.centre->agents[call->agent].extension, target) != SAPA_OK)
        call_free(ask);
}

/* An agent calls one of the small town himself. */
static void phone_place(struct phone *phone)
{
    struct sapa_crowd *crowd = phone->crowd;
    struct call *call = !phone->in_call && phone->registered ? call_new(crowd, CALL_PLACED, END_PHONES) : NULL;
    char number_buf[32];
    struct sapa_text number;

    phone->places = false;
    if (!call)
        return;
    sapa_text_init(&number, number_buf, sizeof(number_buf));
    sapa_text_printf(&number, "0812000%04u", even(crowd, CALLS_MAX / 2, CALLS_MAX - 1));
    call->agent = phone->agent;
    call->state = CALL_OUT;
    phone->in_call = true;
    crowd->stats.placed++;
    after(call, &call->action, PLACE_LIMIT_MS, on_hang_up);
    if (start(call, agent_of(phone)->extension, sapa_text_str(&number)) != SAPA_OK)
        call_free(call);
}

static void pick_up(void *ctx)
{
    struct call *call = ctx;
    struct sapa_crowd *crowd = call->crowd;
    char sdp_buf[1024], address[64];
    struct sapa_text sdp;
    struct sapa_sdp_want wanted;

    sapa_text_init(&sdp, sdp_buf, sizeof(sdp_buf));
    want(call, &wanted, address, sizeof(address));
    /* the offer was matched when it came: what was agreed then is said now */
    struct sapa_sdp_codec agreed[2];
    for (size_t i = 0; i < SAPA_COUNT(sapa_sdp_codecs_g711); i++) {
        if (sapa_sdp_codecs_g711[i].is_dtmf)
            agreed[1] = sapa_sdp_codecs_g711[i];
        else if (sapa_sdp_codecs_g711[i].pt == call->codec)
            agreed[0] = sapa_sdp_codecs_g711[i];
    }
    wanted.codecs = agreed, wanted.codec_count = 2;
    if (sapa_sdp_offer(&call->sdp, &wanted, &sdp) != SAPA_OK) {
        hang_up(call);
        return;
    }
    const struct sapa_sip_spec answer = { .body = sapa_text_str(&sdp) };
    if (sapa_sip_call_answer(end_of(call)->stack, call->tx, 200, &answer, sapa_loop_now_us(crowd->loop)) != SAPA_OK) {
        call_free(call);
        return;
    }
    call->state = CALL_TALKING;
    if (call->kind == CALL_OFFER)
        crowd->stats.answered++;
    if (call->fd >= 0)
        audio_join(call);
    const uint32_t talk_ms = exponential_from(crowd, crowd->options.talk_ms_mean, crowd->options.talk_ms_mean / 10);
    const uint32_t more_ms = call->colleague ? 3 * crowd->options.ask_ms : 0; /* he asks: he ends it */
    after(call, &call->action, call->kind == CALL_OFFER ? talk_ms + more_ms : HANG_LIMIT_MS, on_hang_up);
    if (call->kind != CALL_OFFER)
        return;
    const uint32_t what = (uint32_t)(chance(crowd) % 1000), hold_to = crowd->options.hold_permille,
                   pass_to = hold_to + crowd->options.pass_permille, ask_to = pass_to + crowd->options.ask_permille;
    if (what < ask_to && (what < hold_to || !call->colleague))
        after(call, &call->key, even(crowd, talk_ms / 4, talk_ms / 2), what < hold_to ? on_hold : what < pass_to ? on_pass : on_ask);
}

static void on_invite(struct end *end, const struct sapa_sip_event *event)
{
    struct sapa_crowd *crowd = end->crowd;
    const bool fails = end->kind == END_CARRIER && crowd->carrier_fails;
    struct call *call = crowd->stopping || fails ? NULL : call_new(crowd, end->kind == END_PHONES ? CALL_OFFER : CALL_CALLED, end->kind);
    struct sapa_sdp offer;
    struct sapa_sdp_agreed agreed;
    struct sapa_sdp_want wanted;
    char address[64];
    struct phone *phone = NULL;

    if (!call) {
        (void)!sapa_sip_respond(end->stack, event->tx, fails ? 503 : 486, NULL, event->now_us);
        sapa_sip_dialog_end(end->stack, event->dialog);
        return;
    }
    call->dialog = event->dialog, call->tx = event->tx, call->state = CALL_RINGING;
    (void)!sapa_sip_dialog_user(end->stack, event->dialog, user_of(call));
    if (end->kind != END_PHONES) {
        crowd->stats.now++;
        crowd->stats.callbacks++;
    }
    if (end->kind == END_PHONES)
        phone = phone_at(crowd, event->msg->uri.user);
    const bool can_talk = open_audio(call) == SAPA_OK;
    want(call, &wanted, address, sizeof(address));
    if (!can_talk || (end->kind == END_PHONES && (!phone || phone->in_call || phone->coding)) || sapa_sdp_parse(event->msg->body, &offer) != SAPA_OK ||
        sapa_sdp_match(&wanted, &offer, &agreed) != SAPA_OK) {
        hang_up(call); /* 486 */
        return;
    }
    call->codec = agreed.codec_id == SAPA_SDP_PCMA ? SAPA_RTP_PCMA : SAPA_RTP_PCMU;
    if (call->fd >= 0 && sapa_addr_parse(agreed.address, agreed.port, &call->remote) != SAPA_OK)
        sapa_log(SAPA_LOG_DEBUG, "crowd.sdp", "no address");
    if (phone) {
        call->agent = phone->agent;
        phone->in_call = true;
        const struct sapa_sip_line *queue = sapa_sip_find(event->msg, SAPA_STR("X-Sapa-Queue"));
        phone->queue = queue ? SAPA_FIND(crowd->options.centre, queues, queue->value) : SAPA_NONE;
        call->colleague = phone_at(crowd, event->msg->from.uri.user) != NULL;
        crowd->stats.offers++;
        sample_offer(call, phone, event);
    }
    (void)!sapa_sip_call_answer(end->stack, event->tx, 180, NULL, event->now_us);
    const uint32_t ring_ms = even(crowd, crowd->options.answer_ms_min, crowd->options.answer_ms_max);
    if (phone && often(crowd, crowd->options.refuse_permille)) {
        after(call, &call->action, ring_ms, on_hang_up);
    } else if (often(crowd, phone ? crowd->options.miss_permille : crowd->options.callback_miss_permille)) {
        crowd->stats.missed++;
        after(call, &call->action, 60000, on_hang_up); /* the centre will have given up before */
    } else if (ring_ms == 0) {
        pick_up(call);
    } else {
        after(call, &call->action, ring_ms, pick_up);
    }
}

/* ---- events of the stacks ---- */

static void on_answer(struct call *call, const struct sapa_sip_event *event)
{
    struct sapa_crowd *crowd = call->crowd;
    struct sapa_sdp answer;
    struct sapa_sdp_agreed agreed;
    struct sapa_sdp_want wanted;
    char address[64];

    if (sapa_sip_call_ack(end_of(call)->stack, event->dialog, NULL, event->now_us) != SAPA_OK || call->state != CALL_OUT)
        return;
    call->state = CALL_TALKING;
    if (call->bye_sent) { /* the race with our CANCEL was lost */
        call->bye_sent = false;
        hang_up(call);
        return;
    }
    want(call, &wanted, address, sizeof(address));
    if (sapa_sdp_parse(event->msg->body, &answer) != SAPA_OK || sapa_sdp_accept(&wanted, &answer, &agreed) != SAPA_OK) {
        hang_up(call);
        return;
    }
    use_agreed(call, &agreed);
    if (call->kind == CALL_PLACED)
        after(call, &call->action, exponential_from(crowd, crowd->options.talk_ms_mean, crowd->options.talk_ms_mean / 10), on_hang_up);
    if (call->kind == CALL_ASK)
        after(call, &call->action, even(crowd, crowd->options.ask_ms / 2, crowd->options.ask_ms * 2), on_asked);
    if (call->kind != CALL_CUSTOMER)
        return;
    if (crowd->options.patience_ms_mean > 0)
        after(call, &call->action, exponential_from(crowd, crowd->options.patience_ms_mean, 2000), on_give_up);
    else
        after(call, &call->action, HANG_LIMIT_MS, on_give_up);
    after(call, &call->key, crowd->options.key_ms, on_key);
}

static void on_refused(struct call *call, const struct sapa_sip_event *event)
{
    if (on_invite_challenge(call, event))
        return;
    if (call->kind == CALL_CODE) {
        call->crowd->stats.codes_failed++;
        if (event->status == 503) /* the centre asks for patience: many phones came up at once */
            sapa_timer_set(call->crowd->loop, &call->crowd->phones[call->agent].timer, CODE_AGAIN_US, say_ready,
                           &call->crowd->phones[call->agent]);
    } else if (call->kind == CALL_CUSTOMER && event->status != 487) {
        call->crowd->stats.refused++;
    }
    call->crowd->stats.asked_refused += call->kind == CALL_ASK;
    call->crowd->stats.placed_refused += call->kind == CALL_PLACED;
    call_free(call);
}

static void in_dialog(struct end *end, struct call *call, const struct sapa_sip_event *event)
{
    (void)!sapa_sip_respond(end->stack, event->tx, 200, NULL, event->now_us);
    if (call && event->method == SAPA_SIP_BYE)
        call_free(call);
}

/* Held, or a new codec: the same answer as before, in the direction asked for. */
static void on_reinvite(struct end *end, struct call *call, const struct sapa_sip_event *event)
{
    struct sapa_sdp offer;
    struct sapa_sdp_want wanted;
    struct sapa_sdp_agreed agreed;
    char buf[1024], address[64];
    struct sapa_text text;

    sapa_text_init(&text, buf, sizeof(buf));
    want(call, &wanted, address, sizeof(address));
    sapa_rc rc = event->msg->body.n == 0 ? sapa_sdp_offer(&call->sdp, &wanted, &text) : sapa_sdp_parse(event->msg->body, &offer);
    if (rc == SAPA_OK && event->msg->body.n > 0) {
        rc = sapa_sdp_answer(&call->sdp, &wanted, &offer, &text, &agreed);
        if (rc == SAPA_OK)
            use_agreed(call, &agreed);
    }
    const struct sapa_sip_spec spec = { .body = sapa_text_str(&text) };
    (void)!sapa_sip_call_answer(end->stack, event->tx, rc == SAPA_OK ? 200 : 488, rc == SAPA_OK ? &spec : NULL, event->now_us);
}

static void on_event(void *ctx, const struct sapa_sip_event *event)
{
    struct end *end = ctx;
    struct call *call = event->dialog != 0 ? call_of(end->crowd, event->user) : NULL;

    switch (event->kind) {
    case SAPA_SIP_EV_INVITE: on_invite(end, event); break;
    case SAPA_SIP_EV_REQUEST: /* OPTIONS of the centre; a carrier that fails says so */
        (void)!sapa_sip_respond(end->stack, event->tx, end->kind == END_CARRIER && end->crowd->carrier_fails ? 503
                                                       : event->method == SAPA_SIP_OPTIONS                   ? 200
                                                                                                             : 501, NULL, event->now_us);
        break;
    case SAPA_SIP_EV_DIALOG_REQUEST: in_dialog(end, call, event); break;
    case SAPA_SIP_EV_REINVITE:
        if (call)
            on_reinvite(end, call, event);
        break;
    case SAPA_SIP_EV_CANCEL:
        if (call) {
            (void)!sapa_sip_respond(end->stack, call->tx, 487, NULL, event->now_us);
            call_free(call);
        }
        break;
    case SAPA_SIP_EV_ANSWER:
        if (call)
            on_answer(call, event);
        break;
    case SAPA_SIP_EV_ACK_TIMEOUT:
        if (call)
            hang_up(call);
        break;
    case SAPA_SIP_EV_RESPONSE:
    case SAPA_SIP_EV_FAILURE:
        if (event->method == SAPA_SIP_REGISTER)
            on_register(end->crowd, event);
        else if (call && event->method == SAPA_SIP_INVITE && call->state == CALL_OUT)
            on_refused(call, event);
        else if (call && event->method == SAPA_SIP_BYE)
            call_free(call);
        else if (call && event->method == SAPA_SIP_REFER)
            on_referred(call, event->kind == SAPA_SIP_EV_RESPONSE ? event->status : 408);
        break;
    case SAPA_SIP_EV_ACK:
    case SAPA_SIP_EV_PROGRESS:
    case SAPA_SIP_EV_FLOW_CLOSED:
    case SAPA_SIP_EV_COUNT: break;
    }
}

/* ---- life ---- */

static void on_due(void *ctx)
{
    struct end *end = ctx;
    const int64_t now_us = sapa_loop_now_us(end->crowd->loop);

    if (sapa_sip_net_next_due(end->net) <= now_us)
        sapa_sip_net_run_due(end->net, now_us);
    sapa_timer_set(end->crowd->loop, &end->timer, TICK_US, on_due, end);
}

static sapa_rc end_open(struct end *end, uint16_t port)
{
    static const struct sapa_sip_user_ops user = { on_event };
    struct sapa_crowd *crowd = end->crowd;
    const struct sapa_sip_net_opts net = { .loop = crowd->loop };
    struct sapa_sip_listen listen = { .kind = SAPA_SIP_FLOW_UDP, .local = crowd->options.local, .fd = -1 };
    sapa_rc rc = sapa_sip_net_open(&net, &end->net);

    if (rc != SAPA_OK)
        return rc;
    struct sapa_sip_stack_opts stack = { .transport = &sapa_sip_net_ops, .transport_ctx = end->net, .user = &user, .user_ctx = end,
                                         .product = "Sapa crowd" };
    sapa_random_bytes(stack.secret, sizeof(stack.secret));
    if ((rc = sapa_sip_stack_open(&stack, &end->stack)) != SAPA_OK)
        return rc;
    sapa_sip_net_attach(end->net, end->stack);
    listen.local.port = port;
    rc = sapa_sip_net_listen(end->net, &listen, &end->bound);
    if (rc != SAPA_OK && port != 0) { /* taken: calls still go out, only callbacks do not come in */
        listen.local.port = 0;
        rc = sapa_sip_net_listen(end->net, &listen, &end->bound);
    }
    return rc;
}

/* Where the centre sends its own calls: the trunks on loopback, in their order. 0: there are not so many. */
static uint16_t carrier_port(const struct sapa_centre *centre, unsigned place)
{
    for (uint32_t i = 0; i < centre->trunks_count; i++) {
        if ((sapa_str_starts(centre->trunks[i].host, SAPA_STR("127.")) || sapa_str_eq(centre->trunks[i].host, SAPA_STR("::1"))) &&
            place-- == 0)
            return centre->trunks[i].port;
    }
    return 0;
}

/* The first carrier has a bad minute. */
static void on_carrier(void *ctx)
{
    struct sapa_crowd *crowd = ctx;
    const struct sapa_crowd_options *o = &crowd->options;

    crowd->carrier_fails = !crowd->carrier_fails && !crowd->stopping;
    crowd->stats.carrier_fails += crowd->carrier_fails;
    sapa_timer_set(crowd->loop, &crowd->carrier, INT64_C(1000) * (crowd->carrier_fails ? o->fail_ms : o->fail_every_ms), on_carrier, crowd);
}

sapa_rc sapa_crowd_open(const struct sapa_crowd_options *options, struct sapa_crowd **ret)
{
    struct sapa_crowd *crowd = calloc(1, sizeof(*crowd));
    const uint32_t agents = SAPA_MIN(options->agents, options->centre->agents_count);
    sapa_rc rc = SAPA_OK;

    if (!crowd)
        return SAPA_ENOMEM;
    if (options->centre->numbers_count == 0 || options->calls_max > CALLS_MAX / 2) {
        free(crowd);
        return SAPA_ELIMIT;
    }
    crowd->options = *options;
    crowd->loop = options->loop;
    crowd->random = options->seed * 2 + 1;
    crowd->calls = calloc(CALLS_MAX, sizeof(*crowd->calls));
    crowd->phones = calloc(agents + 1, sizeof(*crowd->phones));
    if (!crowd->calls || !crowd->phones)
        rc = SAPA_ENOMEM;
    crowd->first_free = SAPA_NONE;
    for (uint32_t i = CALLS_MAX; rc == SAPA_OK && i-- > 0;) {
        crowd->calls[i].next_free = crowd->first_free;
        crowd->calls[i].fd = -1;
        crowd->first_free = i;
    }
    for (unsigned i = 0; i < SAPA_CROWD_DELAYS; i++)
        crowd->delays[i].us = malloc(SAPA_CROWD_SAMPLES_MAX * sizeof(uint32_t)); /* without: no figures */
    make_voice(crowd->voice[0][0], crowd->voice[0][1], 20); /* customers: 400 Hz */
    make_voice(crowd->voice[1][0], crowd->voice[1][1], 10); /* agents: 800 Hz */
    for (unsigned i = 0; rc == SAPA_OK && i < END_COUNT; i++) {
        const uint16_t port = i == END_PHONES ? 0 : carrier_port(options->centre, i - END_CARRIER);
        crowd->ends[i] = (struct end){ .crowd = crowd, .kind = (enum end_kind)i };
        if (i == END_CARRIER_SPARE && port == 0)
            continue;
        rc = end_open(&crowd->ends[i], port);
        if (rc == SAPA_OK)
            on_due(&crowd->ends[i]);
    }
    if (rc != SAPA_OK) {
        sapa_crowd_close(crowd);
        return rc;
    }
    crowd->phone_count = agents;
    for (uint32_t i = 0; i < agents; i++) {
        struct phone *phone = &crowd->phones[i];
        *phone = (struct phone){ .agent = i, .queue = SAPA_NONE, .crowd = crowd };
        sapa_sip_token(crowd->ends[END_PHONES].stack, phone->call_id);
        sapa_timer_set(crowd->loop, &phone->register_timer, (int64_t)i * PHONE_EVERY_US, register_again, phone);
    }
    if (options->calls_per_hour > 0) {
        crowd->arrival_us = sapa_loop_now_us(crowd->loop) + (agents > 0 ? ARRIVALS_AFTER_US + (int64_t)agents * PHONE_EVERY_US : 0);
        sapa_timer_set_at(crowd->loop, &crowd->arrival, crowd->arrival_us, on_arrival, crowd);
    }
    if (crowd->ends[END_CARRIER_SPARE].stack && options->fail_every_ms > 0)
        sapa_timer_set(crowd->loop, &crowd->carrier, INT64_C(1000) * options->fail_every_ms, on_carrier, crowd);
    if (options->audio) {
        crowd->frame_due_us = sapa_loop_now_us(crowd->loop);
        sapa_timer_set(crowd->loop, &crowd->frame, FRAME_US, on_frame, crowd);
    }
    const uint16_t port = sapa_orders_port(options->centre);
    if (port != 0 && sapa_orders_open(port, &crowd->orders) != SAPA_OK)
        sapa_log(SAPA_LOG_WARN, "crowd.orders", "port=%u cannot be served: look-ups of flows will fail, ignoring", port);
    *ret = crowd;
    return SAPA_OK;
}

void sapa_crowd_stop(struct sapa_crowd *crowd)
{
    crowd->stopping = true;
    sapa_timer_cancel(crowd->loop, &crowd->arrival);
    for (uint32_t i = 0; i < CALLS_MAX; i++) {
        if (crowd->calls[i].state != CALL_FREE)
            hang_up(&crowd->calls[i]);
    }
}

void sapa_crowd_close(struct sapa_crowd *crowd)
{
    if (!crowd)
        return;
    sapa_orders_close(crowd->orders);
    sapa_timer_cancel(crowd->loop, &crowd->arrival);
    sapa_timer_cancel(crowd->loop, &crowd->frame);
    sapa_timer_cancel(crowd->loop, &crowd->carrier);
    for (uint32_t i = 0; crowd->calls && i < CALLS_MAX; i++) {
        if (crowd->calls[i].state != CALL_FREE) {
            sapa_timer_cancel(crowd->loop, &crowd->calls[i].action);
            sapa_timer_cancel(crowd->loop, &crowd->calls[i].key);
            sapa_fd_close(crowd->calls[i].fd);
        }
    }
    for (uint32_t i = 0; i < crowd->phone_count; i++) {
        sapa_timer_cancel(crowd->loop, &crowd->phones[i].timer);
        sapa_timer_cancel(crowd->loop, &crowd->phones[i].code_timer);
        sapa_timer_cancel(crowd->loop, &crowd->phones[i].register_timer);
    }
    for (unsigned i = 0; i < END_COUNT; i++) {
        sapa_timer_cancel(crowd->loop, &crowd->ends[i].timer);
        sapa_sip_stack_close(crowd->ends[i].stack);
        sapa_sip_net_close(crowd->ends[i].net);
    }
    for (unsigned i = 0; i < SAPA_CROWD_DELAYS; i++)
        free(crowd->delays[i].us);
    free(crowd->phones);
    free(crowd->calls);
    free(crowd);
}

struct sapa_crowd_stats sapa_crowd_stats(const struct sapa_crowd *crowd)
{
    return crowd->stats;
}

static int by_value(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

uint32_t sapa_crowd_delay_us(struct sapa_crowd *crowd, enum sapa_crowd_delay delay, uint32_t permille)
{
    struct samples *samples = &crowd->delays[delay];

    if (samples->count == 0)
        return 0;
    qsort(samples->us, samples->count, sizeof(uint32_t), by_value);
    const uint32_t rank = (uint32_t)(((uint64_t)samples->count * permille + 999) / 1000);
    return samples->us[SAPA_MAX(rank, 1u) - 1];
}
