/*
 * Two stacks and a bad network: many calls with loss, duplicates, delay and disorder, from seeds.
 * Whatever happens, both ends agree in the end, every call ends once, and nothing is left over.
 */
#include "sip/fake_impl.h"

enum { CALLS = 40 };
enum stage { IDLE, STARTED, ANSWERED, HELD, ENDED };

struct call {
    enum stage stage;
    unsigned finals;           /* ANSWER, refusal or FAILURE: exactly one */
    bool cancelled, answered_here, byed, failed_after;
    sapa_sip_dialog_id dialog; /* end 0 */
    sapa_sip_dialog_id peer;   /* end 1, as its user knows it */
    bool peer_up, peer_over;
};
struct world {
    struct fake_net net;
    struct call calls[CALLS];
    unsigned acks, ack_timeouts;
};
struct ear {
    struct world *world;
    int end;
};

static uint64_t draw(struct world *w, uint64_t below)
{
    return fake_random(&w->net) % below;
}

static struct call *call_of(struct world *w, const struct sapa_sip_event *event)
{
    assert_in_range(event->user, 1, CALLS);
    return &w->calls[event->user - 1];
}

static void bye(struct world *w, int end, sapa_sip_dialog_id dialog)
{
    sapa_sip_tx_id tx;

    if (sapa_sip_dialog_send(w->net.ends[end].stack, dialog, SAPA_SIP_BYE, NULL, w->net.now_us, &tx) != SAPA_OK)
        sapa_sip_dialog_end(w->net.ends[end].stack, dialog);
}

/* The caller. */
static void on_caller(struct world *w, const struct sapa_sip_event *event)
{
    struct sapa_sip_stack *stack = w->net.ends[0].stack;
    struct call *c = call_of(w, event);

    switch (event->kind) {
    case SAPA_SIP_EV_PROGRESS:
        assert_true(c->stage == STARTED);
        if (draw(w, 8) == 0 && !c->cancelled) {
            c->cancelled = true;
            assert_int_equal(sapa_sip_call_cancel(stack, c->dialog, SAPA_STR(""), event->now_us), SAPA_OK);
        }
        break;
    case SAPA_SIP_EV_ANSWER:
        assert_int_equal(sapa_sip_call_ack(stack, event->dialog, NULL, event->now_us), SAPA_OK);
        if (c->stage == STARTED) {
            c->finals++;
            c->stage = ANSWERED;
            c->answered_here = true;
        }
        if (c->cancelled) {
            c->byed = true;
            bye(w, 0, event->dialog);
        }
        break;
    case SAPA_SIP_EV_RESPONSE:
    case SAPA_SIP_EV_FAILURE:
        if (event->method == SAPA_SIP_INVITE && c->stage == STARTED) {
            c->finals++;
            c->stage = ENDED;
            sapa_sip_dialog_end(stack, c->dialog);
        } else if (event->method == SAPA_SIP_BYE) {
            c->stage = ENDED;
            sapa_sip_dialog_end(stack, c->dialog);
        }
        break;
    case SAPA_SIP_EV_DIALOG_REQUEST:
        (void)!sapa_sip_respond(stack, event->tx, 200, NULL, event->now_us);
        if (event->method == SAPA_SIP_BYE) {
            c->stage = ENDED;
            sapa_sip_dialog_end(stack, c->dialog);
        }
        break;
    case SAPA_SIP_EV_REINVITE:
        (void)!sapa_sip_call_answer(stack, event->tx, 200, NULL, event->now_us);
        break;
    case SAPA_SIP_EV_ACK_TIMEOUT:
        w->ack_timeouts++;
        bye(w, 0, event->dialog);
        break;
    default:
        break;
    }
}

/* The called: answers at once, later, or refuses. Its user number is the caller's, taken from the Subject header. */
static void on_called(struct world *w, const struct sapa_sip_event *event)
{
    struct sapa_sip_stack *stack = w->net.ends[1].stack;

    if (event->kind == SAPA_SIP_EV_INVITE) {
        uint64_t user;
        assert_int_equal(sapa_str_u64(sapa_sip_value(event->msg, SAPA_SIP_H_SUBJECT), CALLS, &user), SAPA_OK);
        struct call *c = &w->calls[user - 1];
        if (c->peer)
            sapa_sip_dialog_end(stack, c->peer); /* the caller's INVITE cannot come twice as new */
        assert_int_equal(c->peer, 0);
        c->peer = event->dialog;
        assert_int_equal(sapa_sip_dialog_user(stack, event->dialog, user), SAPA_OK);
        switch (draw(w, 4)) {
        case 0:
            assert_int_equal(sapa_sip_call_answer(stack, event->tx, 486, NULL, event->now_us), SAPA_OK);
            c->peer_over = true;
            sapa_sip_dialog_end(stack, event->dialog);
            break;
        case 1:
            assert_int_equal(sapa_sip_call_answer(stack, event->tx, 180, NULL, event->now_us), SAPA_OK);
            break;
        default:
            assert_int_equal(sapa_sip_call_answer(stack, event->tx, 180, NULL, event->now_us), SAPA_OK);
            assert_int_equal(sapa_sip_call_answer(stack, event->tx, 200, NULL, event->now_us), SAPA_OK);
            c->peer_up = true;
        }
        return;
    }
    struct call *c = call_of(w, event);
    switch (event->kind) {
    case SAPA_SIP_EV_CANCEL:
        assert_int_equal(sapa_sip_call_answer(stack, event->tx, 487, NULL, event->now_us), SAPA_OK);
        c->peer_over = true;
        sapa_sip_dialog_end(stack, c->peer);
        break;
    case SAPA_SIP_EV_ACK:
        w->acks++;
        break;
    case SAPA_SIP_EV_ACK_TIMEOUT:
        w->ack_timeouts++;
        bye(w, 1, event->dialog);
        break;
    case SAPA_SIP_EV_DIALOG_REQUEST:
        (void)!sapa_sip_respond(stack, event->tx, 200, NULL, event->now_us);
        if (event->method == SAPA_SIP_BYE) {
            c->peer_over = true;
            sapa_sip_dialog_end(stack, c->peer);
        }
        break;
    case SAPA_SIP_EV_REINVITE:
        (void)!sapa_sip_call_answer(stack, event->tx, 200, NULL, event->now_us);
        break;
    case SAPA_SIP_EV_ANSWER:
        assert_int_equal(sapa_sip_call_ack(stack, event->dialog, NULL, event->now_us), SAPA_OK);
        break;
    case SAPA_SIP_EV_RESPONSE:
    case SAPA_SIP_EV_FAILURE:
        if (event->method == SAPA_SIP_BYE) {
            c->peer_over = true;
            sapa_sip_dialog_end(stack, c->peer);
        }
        break;
    default:
        break;
    }
}

static void on_event(void *ctx, const struct sapa_sip_event *event)
{
    struct ear *ear = ctx;

    if (ear->end == 0)
        on_caller(ear->world, event);
    else
        on_called(ear->world, event);
}
static const struct sapa_sip_user_ops user_ops = { .event = on_event };

/* One step of life: start calls, ring on, hold, hang up. */
static void live(struct world *w)
{
    struct call *c = &w->calls[draw(w, CALLS)];
    const uint64_t user = (uint64_t)(c - w->calls) + 1;
    struct sapa_sip_dialog_info info;
    sapa_sip_tx_id tx;

    if (c->stage == IDLE) {
        char subject[40];
        snprintf(subject, sizeof(subject), "Subject: %u\r\n", (unsigned)user);
        const struct sapa_sip_call call = { .flow = fake_flow(&w->net, 0), .hop = (enum sapa_sip_hop)draw(w, 2), .uri = SAPA_STR("sip:200@10.0.0.2"),
                                            .from = SAPA_STR("<sip:100@10.0.0.1>"), .to = SAPA_STR("<sip:200@10.0.0.2>"), .user = user,
                                            .ring_ms = 15000, .spec = { .headers = sapa_str_of(subject) } };
        assert_int_equal(sapa_sip_call_start(w->net.ends[0].stack, &call, w->net.now_us, &c->dialog, &tx), SAPA_OK);
        c->stage = STARTED;
        return;
    }
    /* The called picks up a ringing call. */
    if (c->peer && !c->peer_up && !c->peer_over && draw(w, 2) == 0) {
        if (sapa_sip_dialog_get(w->net.ends[1].stack, c->peer, &info) == SAPA_OK && info.invite_tx &&
            sapa_sip_call_answer(w->net.ends[1].stack, info.invite_tx, 200, NULL, w->net.now_us) == SAPA_OK)
            c->peer_up = true;
        return;
    }
    const int end = (int)draw(w, 2);
    const sapa_sip_dialog_id dialog = end ? c->peer : c->dialog;
    if (sapa_sip_dialog_get(w->net.ends[end].stack, dialog, &info) != SAPA_OK || info.state != SAPA_SIP_DIALOG_CONFIRMED)
        return;
    if (draw(w, 3) == 0)
        bye(w, end, dialog);
    else if (sapa_sip_dialog_send(w->net.ends[end].stack, dialog, draw(w, 2) ? SAPA_SIP_INVITE : SAPA_SIP_INFO, NULL, w->net.now_us, &tx) != SAPA_OK)
        return; /* one is open already */
}

static void run_seed(enum sapa_sip_flow_kind kind, uint64_t seed, unsigned loss, unsigned doubles, int64_t jitter_us)
{
    struct world *w = calloc(1, sizeof(*w));
    struct ear ears[2] = { { w, 0 }, { w, 1 } };

    fake_net_init(&w->net, kind, seed);
    w->net.loss_permille = loss;
    w->net.double_permille = doubles;
    w->net.jitter_us = jitter_us;
    for (int i = 0; i < 2; i++) {
        const struct sapa_sip_stack_opts opts = { .transport = &fake_ops, .transport_ctx = &w->net.ends[i], .user = &user_ops,
                                                  .user_ctx = &ears[i], .secret = { (uint8_t)(i + 1), (uint8_t)seed } };
        assert_int_equal(sapa_sip_stack_open(&opts, &w->net.ends[i].stack), SAPA_OK);
    }
    for (int step = 0; step < 1500; step++) {
        live(w);
        fake_run(&w->net, w->net.now_us + (int64_t)draw(w, 100000));
        fake_forget(&w->net);
    }
    /* The faults stop; whoever still talks hangs up; everything must drain. */
    w->net.loss_permille = w->net.double_permille = 0;
    fake_run_ms(&w->net, 70000);
    for (int i = 0; i < CALLS; i++) {
        struct call *c = &w->calls[i];
        struct sapa_sip_dialog_info info;
        if (c->stage == IDLE)
            continue;
        if (sapa_sip_dialog_get(w->net.ends[0].stack, c->dialog, &info) == SAPA_OK && info.state == SAPA_SIP_DIALOG_CONFIRMED)
            bye(w, 0, c->dialog);
    }
    fake_run_ms(&w->net, 70000);
    for (int i = 0; i < CALLS; i++) {
        struct call *c = &w->calls[i];
        struct sapa_sip_dialog_info info;
        if (c->stage == IDLE)
            continue;
        assert_int_equal(c->finals, 1);
        assert_int_equal(c->stage, ENDED);
        if (c->peer_up && !c->peer_over) { /* up at the called end only: its 2xx or our BYE never got through in time */
            if (sapa_sip_dialog_get(w->net.ends[1].stack, c->peer, &info) == SAPA_OK)
                bye(w, 1, c->peer);
        } else if (c->peer && !c->peer_over) {
            sapa_sip_dialog_end(w->net.ends[1].stack, c->peer); /* rang, never cancelled: CANCEL was lost for 32 s */
        }
    }
    fake_run_ms(&w->net, 70000);
    for (int i = 0; i < 2; i++) {
        struct sapa_sip_stats stats;
        sapa_sip_stack_stats(w->net.ends[i].stack, &stats);
        assert_int_equal(stats.transactions, 0);
        assert_int_equal(stats.dialogs, 0);
        assert_int_equal(stats.faulty, 0);
        assert_int_equal(stats.unparsable, 0);
        assert_true(sapa_sip_stack_next_due(w->net.ends[i].stack) == INT64_MAX);
        if (loss == 0)
            assert_int_equal(stats.ack_timeout, 0);
    }
    fake_net_done(&w->net);
    free(w);
}

static void test_perfect(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        run_seed(SAPA_SIP_FLOW_UDP, seed, 0, 0, 0);
        run_seed(SAPA_SIP_FLOW_TCP, seed, 0, 0, 0);
    }
}

static void test_disorder(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++)
        run_seed(SAPA_SIP_FLOW_UDP, seed, 0, 200, 300000);
}

static void test_loss(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 15; seed++)
        run_seed(SAPA_SIP_FLOW_UDP, seed, 200, 100, 200000);
}

static void test_terrible(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++)
        run_seed(SAPA_SIP_FLOW_UDP, seed, 600, 300, 1000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_perfect), cmocka_unit_test(test_disorder), cmocka_unit_test(test_loss),
                                        cmocka_unit_test(test_terrible) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
