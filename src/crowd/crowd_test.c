/*
 * The crowd against a centre that is played here: one SIP stack with digest, over loopback, in virtual
 * time. Time moves with the test's hand; datagrams are there as soon as they are sent.
 */
#include "crowd/crowd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "rt/random.h"
#include "rt/socket.h"
#include "rtp/rtp.h"
#include "rtp/telephone_event.h"
#include "sdp/offer.h"
#include "sip/dialog.h"
#include "sip/digest.h"
#include "sip/net.h"

enum { SEEN_MAX = 64, LEGS_MAX = 4096, FRAME = 160 };

struct leg {
    sapa_sip_dialog_id dialog;
    bool from_phone, over;
    int64_t started_us, over_us;
    int fd; /* RTP of the centre's side, -1 none */
    struct sapa_addr remote;
    char keys[40];
    uint32_t timestamp; /* of the last key by RTP */
};

/* The centre of this test. */
struct fixture {
    struct sapa_clock clock;
    struct sapa_loop *loop;
    struct sapa_sip_net *net;
    struct sapa_sip_stack *stack;
    struct sapa_sip_digest_server *digest;
    struct sapa_sip_ip bound;
    struct sapa_sdp_local sdp;
    struct sapa_crowd *crowd;
    struct sapa_crowd_options options;
    /* how it behaves */
    enum sapa_sip_digest_alg alg;
    int customers_get;          /* status of calls to numbers; 0: no answer at all */
    bool ask_phones, audio;
    /* what it saw */
    unsigned challenges, registers, denied;
    char dialled[SEEN_MAX][32]; /* codes */
    unsigned dialled_count;
    struct leg legs[LEGS_MAX];
    unsigned leg_count;
    struct sapa_sip_flow phone_flow;
    char phone_contact[128];    /* of agent 101 */
    /* the offer: a call of ours to a phone */
    sapa_sip_dialog_id offer;
    int offer_status;           /* of its final answer */
    int64_t offer_rang_us, offer_answered_us, offer_over_us;
    int offer_fd;
    int64_t arrivals_us[LEGS_MAX];
};

/* ---- a description by hand ---- */

static const struct sapa_client clients[] = { { .key = { "toko", 4 }, .name = { "Toko", 4 } } };
static const struct sapa_agent agents[] = {
    { .key = { "siti", 4 }, .name = { "Siti", 4 }, .extension = { "101", 3 }, .password = { "first", 5 } },
    { .key = { "budi", 4 }, .name = { "Budi", 4 }, .extension = { "102", 3 }, .password = { "second", 6 } },
};
static const struct sapa_number numbers[] = { { .key = { "6221500", 7 } } };
static const struct sapa_queue queues[] = { { .key = { "sales", 5 }, .step_count = 1, .disposition_count = 1 } };
static const struct sapa_disposition dispositions[] = { { .key = { "11", 2 } } };
static const struct sapa_reason reasons[] = { { .key = { "1", 1 } } };
static const struct sapa_code codes[] = {
    { { "*1", 2 }, SAPA_VERB_READY }, { { "*2{}", 4 }, SAPA_VERB_NOT_READY }, { { "*3{}", 4 }, SAPA_VERB_WRAPUP_DONE },
};
static const struct sapa_trunk trunks[] = { { .key = { "carrier", 7 }, .host = { "127.0.0.1", 9 } } };
static const struct sapa_centre centre = {
    .clients = clients, .clients_count = 1, .agents = agents, .agents_count = 2, .numbers = numbers, .numbers_count = 1,
    .queues = queues, .queues_count = 1, .dispositions = dispositions, .dispositions_count = 1, .reasons = reasons,
    .reasons_count = 1, .codes = codes, .codes_count = 3, .trunks = trunks, .trunks_count = 1,
};

/* ---- the centre's side ---- */

static struct leg *leg_of(struct fixture *f, sapa_sip_dialog_id dialog)
{
    for (unsigned i = 0; i < f->leg_count; i++) {
        if (f->legs[i].dialog == dialog)
            return &f->legs[i];
    }
    return NULL;
}

static int open_rtp(uint16_t *ret_port)
{
    struct sapa_addr local;
    int fd;

    assert_int_equal(sapa_addr_parse(SAPA_STR("127.0.0.1"), 0, &local), SAPA_OK);
    assert_int_equal(sapa_udp_open(&local, NULL, &fd), SAPA_OK);
    assert_int_equal(sapa_socket_local(fd, &local), SAPA_OK);
    *ret_port = sapa_addr_port(&local);
    return fd;
}

static void wanted(struct sapa_sdp_want *want, uint16_t port)
{
    *want = (struct sapa_sdp_want){ .address = SAPA_STR("127.0.0.1"), .port = port, .direction = SAPA_SDP_SENDRECV,
                                    .codecs = sapa_sdp_codecs_g711, .codec_count = 3, .ptime_ms = 20 };
}

/* True: these are the credentials of the agent who is named. Otherwise a challenge has been sent. */
static bool allowed(struct fixture *f, const struct sapa_sip_event *ev, struct sapa_str user)
{
    struct sapa_sip_digest given;
    struct sapa_text out;
    char ha1[SAPA_SIP_HEX_SIZE], value[512], headers[600];

    if (sapa_sip_digest_of(ev->msg, false, SAPA_STR("sapa"), &given) == SAPA_OK) {
        for (size_t i = 0; i < SAPA_COUNT(agents); i++) {
            if (!sapa_str_eq(agents[i].extension, user) || !sapa_str_eq(given.username, user))
                continue;
            sapa_sip_digest_ha1(f->alg, user, SAPA_STR("sapa"), agents[i].password, ha1);
            if (sapa_sip_digest_check(f->digest, &given, ev->msg, f->alg, ha1, ev->now_us) == SAPA_OK)
                return true;
        }
        f->denied++;
    }
    f->challenges++;
    sapa_text_init(&out, value, sizeof(value));
    sapa_sip_digest_challenge(f->digest, &out, f->alg, SAPA_STR("sapa"), false, ev->now_us);
    const struct sapa_str challenge = sapa_text_str(&out);
    sapa_text_init(&out, headers, sizeof(headers));
    sapa_sip_put_header(&out, SAPA_SIP_H_WWW_AUTHENTICATE, challenge);
    const struct sapa_sip_spec spec = { .headers = sapa_text_str(&out) };
    assert_int_equal(sapa_sip_respond(f->stack, ev->tx, 401, &spec, ev->now_us), SAPA_OK);
    return false;
}

static void on_register(struct fixture *f, const struct sapa_sip_event *ev)
{
    char contact[128], headers[256];
    struct sapa_text text;

    if (!allowed(f, ev, ev->msg->to.uri.user))
        return;
    f->registers++;
    f->phone_flow = *ev->flow;
    sapa_text_init(&text, contact, sizeof(contact));
    sapa_text_printf(&text, "sip:" SAPA_STR_FMT "@", SAPA_STR_ARG(ev->msg->to.uri.user));
    sapa_sip_put_ip_port(&text, &ev->flow->remote);
    if (sapa_str_eq(ev->msg->to.uri.user, SAPA_STR("101")))
        snprintf(f->phone_contact, sizeof(f->phone_contact), "%s", contact);
    sapa_text_init(&text, headers, sizeof(headers));
    sapa_sip_put_number(&text, SAPA_SIP_H_EXPIRES, 300);
    const struct sapa_sip_spec spec = { .headers = sapa_text_str(&text) };
    assert_int_equal(sapa_sip_respond(f->stack, ev->tx, 200, &spec, ev->now_us), SAPA_OK);
}

static void on_call(struct fixture *f, const struct sapa_sip_event *ev)
{
    const struct sapa_str to = ev->msg->uri.user;
    const bool code = to.n > 0 && to.p[0] == '*';
    struct sapa_sdp offer;
    struct sapa_sdp_want want;
    struct sapa_sdp_agreed agreed;
    struct sapa_text text;
    char buf[1024];
    uint16_t port = 30000;

    if (code && f->ask_phones && !allowed(f, ev, ev->msg->from.uri.user)) {
        sapa_sip_dialog_end(f->stack, ev->dialog);
        return;
    }
    if (code) {
        assert_true(f->dialled_count < SEEN_MAX);
        assert_true(sapa_str_copy(to, f->dialled[f->dialled_count++], sizeof(f->dialled[0])));
    } else {
        assert_true(sapa_str_eq(to, numbers[0].key));
    }
    assert_true(f->leg_count < LEGS_MAX);
    struct leg *leg = &f->legs[f->leg_count++];
    *leg = (struct leg){ .dialog = ev->dialog, .from_phone = code, .started_us = ev->now_us, .fd = -1 };
    f->arrivals_us[f->leg_count - 1] = ev->now_us;
    if (!code && f->customers_get != 200) {
        leg->over = true;
        if (f->customers_get > 0) {
            assert_int_equal(sapa_sip_respond(f->stack, ev->tx, f->customers_get, NULL, ev->now_us), SAPA_OK);
            sapa_sip_dialog_end(f->stack, ev->dialog);
        }
        return;
    }
    if (f->audio)
        leg->fd = open_rtp(&port);
    sapa_text_init(&text, buf, sizeof(buf));
    wanted(&want, port);
    assert_int_equal(sapa_sdp_parse(ev->msg->body, &offer), SAPA_OK);
    assert_int_equal(sapa_sdp_answer(&f->sdp, &want, &offer, &text, &agreed), SAPA_OK);
    assert_int_equal(sapa_addr_parse(agreed.address, agreed.port, &leg->remote), SAPA_OK);
    const struct sapa_sip_spec spec = { .body = sapa_text_str(&text) };
    assert_int_equal(sapa_sip_call_answer(f->stack, ev->tx, 200, &spec, ev->now_us), SAPA_OK);
}

static void bye(struct fixture *f, sapa_sip_dialog_id dialog)
{
    sapa_sip_tx_id tx;

    assert_int_equal(sapa_sip_dialog_send(f->stack, dialog, SAPA_SIP_BYE, NULL, sapa_loop_now_us(f->loop), &tx), SAPA_OK);
}

static void in_dialog(struct fixture *f, const struct sapa_sip_event *ev)
{
    struct leg *leg = leg_of(f, ev->dialog);

    assert_int_equal(sapa_sip_respond(f->stack, ev->tx, 200, NULL, ev->now_us), SAPA_OK);
    if (ev->method == SAPA_SIP_INFO) {
        const size_t at = sapa_str_find(ev->msg->body, '=', 0);
        assert_non_null(leg);
        assert_true(sapa_str_starts(ev->msg->body, SAPA_STR("Signal=")));
        const size_t n = strlen(leg->keys);
        assert_true(n + 1 < sizeof(leg->keys));
        leg->keys[n] = ev->msg->body.p[at + 1];
    } else if (ev->method == SAPA_SIP_BYE) {
        if (leg)
            leg->over = true, leg->over_us = ev->now_us;
        if (ev->dialog == f->offer)
            f->offer_over_us = ev->now_us;
        sapa_sip_dialog_end(f->stack, ev->dialog);
    }
}

static void on_event(void *ctx, const struct sapa_sip_event *ev)
{
    struct fixture *f = ctx;

    switch (ev->kind) {
    case SAPA_SIP_EV_REQUEST:
        assert_int_equal(ev->method, SAPA_SIP_REGISTER);
        on_register(f, ev);
        break;
    case SAPA_SIP_EV_INVITE: on_call(f, ev); break;
    case SAPA_SIP_EV_DIALOG_REQUEST: in_dialog(f, ev); break;
    case SAPA_SIP_EV_CANCEL:
        (void)!sapa_sip_respond(f->stack, ev->tx, 487, NULL, ev->now_us);
        if (leg_of(f, ev->dialog))
            leg_of(f, ev->dialog)->over_us = ev->now_us;
        break;
    case SAPA_SIP_EV_ACK: /* a code: said, and over */
        if (leg_of(f, ev->dialog) && leg_of(f, ev->dialog)->from_phone) {
            leg_of(f, ev->dialog)->over = true;
            bye(f, ev->dialog);
        }
        break;
    case SAPA_SIP_EV_PROGRESS:
        if (ev->status == 180)
            f->offer_rang_us = ev->now_us;
        break;
    case SAPA_SIP_EV_ANSWER:
        f->offer_status = ev->status;
        f->offer_answered_us = ev->now_us;
        assert_int_equal(sapa_sip_call_ack(f->stack, ev->dialog, NULL, ev->now_us), SAPA_OK);
        break;
    case SAPA_SIP_EV_RESPONSE:
    case SAPA_SIP_EV_FAILURE:
        if (ev->method == SAPA_SIP_INVITE)
            f->offer_status = ev->status;
        if (ev->method == SAPA_SIP_BYE) {
            assert_int_equal(ev->status, 200);
            sapa_sip_dialog_end(f->stack, ev->dialog);
        }
        break;
    default: break;
    }
}

static int open_fixture(void **state)
{
    static const struct sapa_sip_user_ops user = { on_event };
    struct fixture *f = calloc(1, sizeof(*f));
    struct sapa_sip_listen listen = { .kind = SAPA_SIP_FLOW_UDP, .fd = -1 };

    sapa_clock_init_manual(&f->clock, 1000000, INT64_C(1767600000000000));
    assert_int_equal(sapa_loop_new(&f->clock, &f->loop), SAPA_OK);
    const struct sapa_sip_net_opts net = { .loop = f->loop };
    assert_int_equal(sapa_sip_net_open(&net, &f->net), SAPA_OK);
    const struct sapa_sip_stack_opts stack = { .transport = &sapa_sip_net_ops, .transport_ctx = f->net, .user = &user, .user_ctx = f };
    assert_int_equal(sapa_sip_stack_open(&stack, &f->stack), SAPA_OK);
    sapa_sip_net_attach(f->net, f->stack);
    assert_int_equal(sapa_sip_ip_parse(SAPA_STR("127.0.0.1"), 0, &listen.local), SAPA_OK);
    assert_int_equal(sapa_sip_net_listen(f->net, &listen, &f->bound), SAPA_OK);
    const struct sapa_sip_digest_opts digest = { .nonce_ms = 600000 };
    assert_int_equal(sapa_sip_digest_open(&digest, &f->digest), SAPA_OK);
    f->sdp = (struct sapa_sdp_local){ .session_id = 7, .version = 1 };
    f->options = sapa_crowd_demo();
    f->options.loop = f->loop;
    f->options.centre = &centre;
    f->options.target = f->bound;
    f->options.local = listen.local;
    f->options.calls_per_hour = 0;
    f->options.audio = false;
    f->options.keys = "123";
    f->options.miss_permille = f->options.refuse_permille = f->options.break_permille = 0;
    f->customers_get = 200;
    f->alg = SAPA_SIP_SHA256;
    f->offer_fd = -1;
    *state = f;
    return 0;
}

static int close_fixture(void **state)
{
    struct fixture *f = *state;

    sapa_crowd_close(f->crowd);
    sapa_sip_stack_close(f->stack);
    sapa_sip_net_close(f->net);
    sapa_sip_digest_close(f->digest);
    assert_int_equal(sapa_loop_timers(f->loop), 0); /* nothing of the crowd is left */
    sapa_loop_free(f->loop);
    for (unsigned i = 0; i < f->leg_count; i++)
        sapa_fd_close(f->legs[i].fd);
    sapa_fd_close(f->offer_fd);
    free(f);
    return 0;
}

static void start(struct fixture *f)
{
    assert_int_equal(sapa_crowd_open(&f->options, &f->crowd), SAPA_OK);
}

static void pass(struct fixture *f, int64_t ms)
{
    sapa_loop_advance(f->loop, ms * 1000);
}

static struct sapa_crowd_stats stats(const struct fixture *f)
{
    return sapa_crowd_stats(f->crowd);
}

/* Ring the phone of agent 101. */
static void offer(struct fixture *f)
{
    struct sapa_sdp_want want;
    struct sapa_text text;
    char buf[1024], to[160];
    uint16_t port = 30000;
    sapa_sip_tx_id tx;

    if (f->audio && f->offer_fd < 0)
        f->offer_fd = open_rtp(&port);
    sapa_text_init(&text, buf, sizeof(buf));
    wanted(&want, port);
    assert_int_equal(sapa_sdp_offer(&f->sdp, &want, &text), SAPA_OK);
    snprintf(to, sizeof(to), "<%s>", f->phone_contact);
    const struct sapa_sip_call call = { .flow = f->phone_flow, .uri = sapa_str_of(f->phone_contact), .from = SAPA_STR("<sip:sapa@127.0.0.1>"),
                                        .to = sapa_str_of(to), .spec = { .body = sapa_text_str(&text) } };
    f->offer_status = 0;
    f->offer_rang_us = f->offer_answered_us = f->offer_over_us = 0;
    assert_int_equal(sapa_sip_call_start(f->stack, &call, sapa_loop_now_us(f->loop), &f->offer, &tx), SAPA_OK);
}

static void come_up(struct fixture *f)
{
    start(f);
    pass(f, 6000);
    assert_int_equal(f->registers, 2);
    assert_int_equal(f->dialled_count, 2);
}

/* ---- phones ---- */

static void test_phones_register_and_say_ready(void **state)
{
    struct fixture *f = *state;

    come_up(f);
    assert_int_equal(f->challenges, 2);
    assert_int_equal(f->denied, 0);
    assert_string_equal(f->dialled[0], "*1");
    assert_string_equal(f->dialled[1], "*1");
    assert_int_equal(stats(f).registers, 2);
    assert_int_equal(stats(f).codes, 2);
    assert_int_equal(stats(f).codes_failed, 0);
    /* they register again before it ends */
    pass(f, 160000);
    assert_int_equal(f->registers, 4);
    assert_int_equal(stats(f).register_failed, 0);
}

static void test_md5_and_asked_for_at_each_call(void **state)
{
    struct fixture *f = *state;

    f->alg = SAPA_SIP_MD5;
    f->ask_phones = true;
    come_up(f);
    assert_int_equal(f->challenges, 4); /* two at the registration, two at the codes */
    assert_int_equal(f->denied, 0);
}

/* A wrong password: it does not try in a storm, and nobody is dialled. */
static void test_a_wrong_password(void **state)
{
    static const struct sapa_agent stranger[] = { { .key = { "x", 1 }, .extension = { "101", 3 }, .password = { "wrong", 5 } } };
    struct fixture *f = *state;
    struct sapa_centre other = centre;

    other.agents = stranger;
    other.agents_count = 1;
    f->options.centre = &other;
    start(f);
    pass(f, 20000);
    assert_int_equal(f->registers, 0);
    assert_in_range(f->denied, 2, 6);
    assert_in_range(stats(f).register_failed, 2, 6);
    assert_int_equal(f->dialled_count, 0);
    sapa_crowd_close(f->crowd); /* `other` goes out of scope */
    f->crowd = NULL;
}

static void test_an_offer_is_answered_and_wrapped_up(void **state)
{
    struct fixture *f = *state;

    f->options.answer_ms_min = 1000, f->options.answer_ms_max = 2000;
    f->options.talk_ms_mean = 10000;
    f->options.wrapup_ms_min = 3000, f->options.wrapup_ms_max = 4000;
    come_up(f);
    const int64_t before_us = sapa_loop_now_us(f->loop);
    offer(f);
    pass(f, 3000);
    assert_int_equal(f->offer_status, 200);
    assert_in_range(f->offer_rang_us - before_us, 0, 50000);
    assert_in_range(f->offer_answered_us - before_us, 990000, 2050000);
    assert_int_equal(stats(f).offers, 1);
    assert_int_equal(stats(f).answered, 1);
    /* while it talks it takes no other: busy */
    const sapa_sip_dialog_id first = f->offer;
    offer(f);
    pass(f, 100);
    assert_int_equal(f->offer_status, 486);
    sapa_sip_dialog_end(f->stack, f->offer);
    f->offer = first;
    pass(f, 170000);
    assert_true(f->offer_over_us > f->offer_answered_us + 900000); /* a tenth of the mean at least */
    assert_string_equal(f->dialled[2], "*311");                    /* the result was dialled */
}

static void test_the_centre_hangs_up(void **state)
{
    struct fixture *f = *state;

    f->options.answer_ms_min = f->options.answer_ms_max = 0;
    f->options.talk_ms_mean = 3000000;
    come_up(f);
    offer(f);
    pass(f, 100);
    assert_int_equal(f->offer_status, 200);
    bye(f, f->offer); /* its 200 is asserted where it arrives */
    pass(f, 60000);
    assert_string_equal(f->dialled[2], "*311");
}

static void test_offers_that_are_missed_or_refused(void **state)
{
    struct fixture *f = *state;

    f->options.refuse_permille = 1000;
    f->options.answer_ms_min = f->options.answer_ms_max = 500;
    come_up(f);
    offer(f);
    pass(f, 1000);
    assert_int_equal(f->offer_status, 486);
    sapa_crowd_close(f->crowd);
    f->registers = f->dialled_count = 0;
    f->options.refuse_permille = 0;
    f->options.miss_permille = 1000;
    come_up(f);
    offer(f);
    pass(f, 20000);
    assert_int_equal(f->offer_status, 0); /* it rings … */
    assert_int_equal(sapa_sip_call_cancel(f->stack, f->offer, SAPA_STR(""), sapa_loop_now_us(f->loop)), SAPA_OK);
    pass(f, 1000);
    assert_int_equal(f->offer_status, 487); /* … until it is told to stop */
    assert_int_equal(stats(f).missed, 1);
    assert_int_equal(stats(f).answered, 0);
    const unsigned dialled = f->dialled_count;
    pass(f, 100000);
    assert_true(f->dialled_count > dialled); /* made not ready by it, the agent says ready again */
    assert_string_equal(f->dialled[dialled], "*1");
}

/* ---- customers ---- */

static struct leg *customer(struct fixture *f, unsigned index)
{
    for (unsigned i = 0; i < f->leg_count; i++) {
        if (!f->legs[i].from_phone && index-- == 0)
            return &f->legs[i];
    }
    return NULL;
}

static void test_customers_press_keys_and_give_up(void **state)
{
    struct fixture *f = *state;

    f->options.calls_per_hour = 3600;
    f->options.calls_total = 20;
    f->options.patience_ms_mean = 30000;
    f->options.key_ms = 500;
    start(f);
    pass(f, 900000);
    assert_int_equal(stats(f).calls, 20);
    assert_int_equal(stats(f).abandoned, 20);
    assert_int_equal(stats(f).now, 0);
    unsigned all_keys = 0;
    int64_t sum_us = 0;
    for (unsigned i = 0; i < 20; i++) {
        const struct leg *leg = customer(f, i);
        assert_non_null(leg);
        assert_true(leg->over);
        assert_true(leg->over_us - leg->started_us >= 1990000);
        assert_ptr_equal(strstr("123", leg->keys[0] ? leg->keys : "123"), "123");
        all_keys += strcmp(leg->keys, "123") == 0;
        sum_us += leg->over_us - leg->started_us;
    }
    assert_true(all_keys >= 15); /* as INFO; who has no patience presses fewer */
    assert_in_range(sum_us / 20, 12000000, 60000000);
}

static void test_refused_calls_are_counted(void **state)
{
    struct fixture *f = *state;

    f->options.calls_per_hour = 3600;
    f->options.calls_total = 10;
    f->customers_get = 486;
    start(f);
    pass(f, 120000);
    assert_int_equal(stats(f).refused, 10);
    assert_int_equal(stats(f).now, 0);
    assert_int_equal(stats(f).failed, 0);
}

static void test_the_centre_ends_a_call(void **state)
{
    struct fixture *f = *state;

    f->options.calls_per_hour = 3600;
    f->options.calls_total = 1;
    f->options.patience_ms_mean = 0;
    start(f);
    pass(f, 30000);
    assert_int_equal(stats(f).now, 1);
    bye(f, customer(f, 0)->dialog);
    pass(f, 1000);
    assert_int_equal(stats(f).now, 0);
    assert_int_equal(stats(f).abandoned, 0);
}

/* Stop ends what talks, what rings and what nobody has answered yet. */
static void test_stop(void **state)
{
    struct fixture *f = *state;

    f->options.calls_per_hour = 36000;
    f->options.patience_ms_mean = 0;
    f->options.calls_max = 30;
    start(f);
    pass(f, 20000);
    assert_int_equal(stats(f).now, 30); /* never more */
    f->customers_get = 0;               /* from now on it does not answer */
    for (unsigned i = 0; i < 10; i++)
        bye(f, customer(f, i)->dialog);
    pass(f, 5000);
    assert_int_equal(stats(f).now, 30);
    const uint64_t calls = stats(f).calls;
    sapa_crowd_stop(f->crowd);
    pass(f, 40000);
    assert_int_equal(stats(f).now, 0);
    assert_int_equal(stats(f).calls, calls);
    for (unsigned i = 0; i < 30; i++)
        assert_true(customer(f, i)->over || i < 10);
    /* and one who calls a stopped crowd is refused */
    if (f->phone_contact[0]) {
        offer(f);
        pass(f, 1000);
        assert_int_equal(f->offer_status, 486);
    }
}

/* Arrivals are a Poisson process: gaps with the right mean, of which 63.2 % are shorter than it. */
static void test_arrivals(void **state)
{
    struct fixture *f = *state;
    unsigned shorter = 0, twice = 0;

    f->options.calls_per_hour = 7200; /* every half second */
    f->options.calls_total = 3000;
    f->options.agents = 0;
    f->customers_get = 486;
    start(f);
    for (int i = 0; i < 1700; i++)
        pass(f, 1000);
    assert_int_equal(f->leg_count, 3000);
    const int64_t span_us = f->arrivals_us[2999] - f->arrivals_us[0];
    assert_in_range(span_us / 2999, 475000, 525000); /* 2.7 deviations */
    for (unsigned i = 1; i < 3000; i++) {
        const int64_t gap_us = f->arrivals_us[i] - f->arrivals_us[i - 1];
        shorter += gap_us < 500000;
        twice += gap_us > 1000000;
    }
    assert_in_range(shorter * 1000 / 2999, 602, 662); /* 632 */
    assert_in_range(twice * 1000 / 2999, 112, 159);   /* 135 */
}

static void test_the_same_seed_is_the_same_crowd(void **state)
{
    struct fixture *f = *state;
    static int64_t first[100];

    f->options.calls_per_hour = 7200;
    f->options.calls_total = 100;
    f->options.agents = 0;
    f->customers_get = 486;
    for (int round = 0; round < 3; round++) {
        f->options.seed = round < 2 ? 7 : 8;
        const int64_t start_us = sapa_loop_now_us(f->loop);
        f->leg_count = 0;
        start(f);
        pass(f, 100000);
        assert_int_equal(f->leg_count, 100);
        bool same = true;
        for (unsigned i = 0; i < 100; i++) {
            const int64_t at_us = f->arrivals_us[i] - start_us;
            if (round == 0)
                first[i] = at_us;
            same &= first[i] == at_us;
        }
        assert_int_equal(same, round < 2);
        sapa_crowd_close(f->crowd);
        f->crowd = NULL;
    }
}

/* ---- audio ---- */

/* Everything that came to this leg's port: keys are noted, a voice frame is copied out. */
static size_t listen_to(struct leg *leg, int fd, uint8_t voice[FRAME])
{
    uint8_t bytes[16][300];
    struct sapa_packet packets[16];
    size_t total = 0, n;

    do {
        for (size_t i = 0; i < SAPA_COUNT(packets); i++)
            packets[i] = (struct sapa_packet){ .data = bytes[i], .size_max = sizeof(bytes[i]) };
        n = sapa_udp_receive(fd, packets, SAPA_COUNT(packets));
        total += n;
        for (size_t i = 0; i < n; i++) {
            struct sapa_rtp rtp;
            struct sapa_event event;
            assert_int_equal(sapa_rtp_parse(packets[i].data, packets[i].size, &rtp), SAPA_OK);
            if (rtp.type != 101) {
                assert_int_equal(rtp.payload_size, FRAME);
                memcpy(voice, packets[i].data + rtp.payload_at, FRAME);
                continue;
            }
            assert_non_null(leg);
            assert_int_equal(sapa_event_parse(packets[i].data + rtp.payload_at, rtp.payload_size, &event), SAPA_OK);
            if (event.end && (leg->timestamp != rtp.timestamp || !leg->keys[0])) { /* ends come three times */
                leg->timestamp = rtp.timestamp;
                leg->keys[strlen(leg->keys)] = sapa_event_digit(event.event);
                assert_in_range(event.duration, 800, 2000); /* 100 to 250 ms */
            }
        }
    } while (n > 0);
    return total;
}

static void say_to(const struct leg *leg, const uint8_t voice[FRAME], uint16_t seq)
{
    uint8_t packet[SAPA_RTP_HEAD + FRAME];

    sapa_rtp_put_head(packet, false, SAPA_RTP_PCMA, seq, seq * FRAME, 99);
    memcpy(packet + SAPA_RTP_HEAD, voice, FRAME);
    assert_int_equal(sapa_udp_send_one(leg->fd, &leg->remote, packet, sizeof(packet)), SAPA_OK);
}

static void test_keys_and_voices_by_rtp(void **state)
{
    struct fixture *f = *state;
    uint8_t customer_voice[FRAME] = { 0 }, agent_voice[FRAME] = { 0 }, silence[FRAME];
    size_t heard = 0;

    f->audio = f->options.audio = true;
    f->options.calls_per_hour = 36000;
    f->options.calls_total = 1;
    f->options.patience_ms_mean = 2000000;
    f->options.key_ms = 400;
    f->options.answer_ms_min = f->options.answer_ms_max = 0;
    f->options.talk_ms_mean = 10000000;
    f->options.customer_ends_permille = 0;
    start(f);
    pass(f, 4000);
    for (int i = 0; i < 100 && (!customer(f, 0) || strlen(customer(f, 0)->keys) < 3); i++) {
        pass(f, 100);
        if (customer(f, 0))
            heard += listen_to(customer(f, 0), customer(f, 0)->fd, customer_voice);
    }
    struct leg *leg = customer(f, 0);
    assert_non_null(leg);
    assert_string_equal(leg->keys, "123");
    heard = 0;
    for (int i = 0; i < 10; i++) {
        pass(f, 100);
        heard += listen_to(leg, leg->fd, customer_voice);
    }
    assert_in_range(heard, 48, 52); /* a second */

    /* silence and the own voice are not somebody who answers */
    memset(silence, 0xd5, sizeof(silence));
    say_to(leg, silence, 1);
    say_to(leg, customer_voice, 2);
    pass(f, 100);
    assert_int_equal(stats(f).connected, 0);
    /* the agent's voice, as it comes out of the agent's phone */
    offer(f);
    pass(f, 500);
    assert_int_equal(f->offer_status, 200);
    assert_true(listen_to(NULL, f->offer_fd, agent_voice) > 10);
    assert_memory_not_equal(agent_voice, customer_voice, FRAME);
    for (uint16_t i = 3; i < 30; i++) {
        say_to(leg, agent_voice, i);
        pass(f, 20);
    }
    assert_int_equal(stats(f).connected, 1);
    assert_int_equal(stats(f).talking, 1);
    assert_true(stats(f).packets_received > 0 && stats(f).packets_sent > stats(f).packets_received);
    bye(f, leg->dialog);
    pass(f, 1000);
    assert_int_equal(stats(f).talking, 0);
    assert_int_equal(stats(f).now, 0);
    assert_int_equal(stats(f).abandoned, 0);
}

/* A bad line: of the customer's voice so much is lost; what he presses is not. */
static void test_a_line_that_loses(void **state)
{
    struct fixture *f = *state;
    uint8_t voice[FRAME] = { 0 };
    size_t heard = 0;

    f->audio = f->options.audio = true;
    f->options.calls_per_hour = 36000;
    f->options.calls_total = 1;
    f->options.patience_ms_mean = 2000000;
    f->options.key_ms = 400;
    f->options.lose_percent = 40;
    start(f);
    pass(f, 4000);
    for (int i = 0; i < 100 && (!customer(f, 0) || strlen(customer(f, 0)->keys) < 3); i++) {
        pass(f, 100);
        if (customer(f, 0))
            (void)listen_to(customer(f, 0), customer(f, 0)->fd, voice);
    }
    assert_non_null(customer(f, 0));
    assert_string_equal(customer(f, 0)->keys, "123");
    for (int i = 0; i < 40; i++) {
        pass(f, 100);
        heard += listen_to(customer(f, 0), customer(f, 0)->fd, voice);
    }
    assert_in_range(heard, 90, 150); /* 120 of 200 */
}

/* Bytes that are no RTP, or somebody else's, do no harm. */
static void test_noise_at_an_audio_port(void **state)
{
    struct fixture *f = *state;
    uint8_t noise[600];
    uint64_t random = 5;

    f->audio = f->options.audio = true;
    f->options.calls_per_hour = 36000;
    f->options.calls_total = 1;
    f->options.patience_ms_mean = 2000000;
    start(f);
    pass(f, 6000);
    const struct leg *leg = customer(f, 0);
    assert_non_null(leg);
    for (int i = 0; i < 500; i++) {
        for (size_t k = 0; k < sizeof(noise); k++)
            noise[k] = (uint8_t)((random = random * UINT64_C(6364136223846793005) + 1442695040888963407u) >> 56);
        if (i % 2)
            noise[0] = 0x80, noise[1] = 8;
        assert_int_equal(sapa_udp_send_one(leg->fd, &leg->remote, noise, (size_t)(i * 7 % 600)), SAPA_OK);
        if (i % 10 == 0)
            pass(f, 20);
    }
    pass(f, 1000);
    assert_int_equal(stats(f).connected, 0);
    assert_int_equal(stats(f).now, 1);
}

static void test_limits(void **state)
{
    struct fixture *f = *state;
    struct sapa_centre empty = centre;

    f->options.calls_max = 100000;
    assert_int_equal(sapa_crowd_open(&f->options, &f->crowd), SAPA_ELIMIT);
    f->options.calls_max = 10;
    empty.numbers_count = 0;
    f->options.centre = &empty;
    assert_int_equal(sapa_crowd_open(&f->options, &f->crowd), SAPA_ELIMIT);
    assert_null(f->crowd);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)
    const struct CMUnitTest tests[] = {
        TEST(test_phones_register_and_say_ready), TEST(test_md5_and_asked_for_at_each_call), TEST(test_a_wrong_password),
        TEST(test_an_offer_is_answered_and_wrapped_up), TEST(test_the_centre_hangs_up),
        TEST(test_offers_that_are_missed_or_refused), TEST(test_customers_press_keys_and_give_up),
        TEST(test_refused_calls_are_counted), TEST(test_the_centre_ends_a_call), TEST(test_stop), TEST(test_arrivals),
        TEST(test_the_same_seed_is_the_same_crowd), TEST(test_keys_and_voices_by_rtp), TEST(test_a_line_that_loses), TEST(test_noise_at_an_audio_port),
        TEST(test_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
