/* The packet thread: waits, takes packets, keeps the clocks of those who send by it, looks after the rest. */
#include "media/worker.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "media/worker_impl.h"
#include "rt/random.h"
#include "rt/thread.h"

enum {
    TICK_US = 1000,
    TICK_LEGS = 24,           /* with fewer each packet may wake us */
    ROUNDS_MAX = 8,           /* receptions of READY_MAX sockets a turn */
    SWEEP_US = 1000000,       /* each leg is looked at this often */
    TURN_US = 64000,          /* and each recording */
    INBOX_SIZE = 256 << 10,
    LEGS_MAX = 1 << 20,
    DELAY_STEP_US = 125,
    DELAYS_US = 30000000,
    NICE = -5
};

/* --- to control --- */

void sapa_worker_tell(struct sapa_worker *worker, const struct sapa_media_message *message)
{
    if (sapa_mailbox_put(worker->options.events, SAPA_CONTROL_MESSAGE, message, sapa_media_message_size(message)))
        worker->events_lost++;
}

void sapa_worker_tell_id(struct sapa_worker *worker, uint32_t type, uint64_t id)
{
    if (sapa_mailbox_put(worker->options.events, type, &id, sizeof(id)))
        worker->events_lost++;
}

void sapa_worker_digit(struct sapa_worker *worker, struct sapa_leg *leg, struct sapa_event_digit digit)
{
    struct sapa_media_message message = { .op = SAPA_MEDIA_DIGIT, .contact = leg->contact, .leg = leg->id };
    struct sapa_leg *out = leg->other;

    message.u.dtmf.digit = message.u.dtmf.digits[0] = digit.digit;
    message.u.dtmf.side = leg->side;
    message.u.dtmf.length_ms = digit.length_ms;
    sapa_worker_tell(worker, &message);
    /* Events were relayed as they came; one who does not take events gets the tone, one who is decoded or has another
     * clock gets them anew. A digit that was a tone is in the audio already. */
    if (out && !sapa_leg_takes_events(leg, out) && !leg->secret && !leg->keys_held && worker->now_us == leg->event_us) {
        const char digits[2] = { digit.digit, 0 };
        sapa_leg_queue_dtmf(worker, out, digits, (uint16_t)SAPA_MAX(digit.length_ms, 100));
    }
}

/* --- the wheel --- */

void sapa_worker_pace(struct sapa_worker *worker, struct sapa_leg *leg)
{
    if (leg->paced)
        return;
    /* A slot that was looked at already would come up a round late. */
    const int64_t at_ms = SAPA_MAX(leg->pace_us / 1000, worker->wheel_ms);
    struct sapa_leg **slot = &worker->wheel[at_ms % WHEEL_SLOTS];
    leg->wheel_prev = NULL;
    leg->wheel_next = *slot;
    if (*slot)
        (*slot)->wheel_prev = leg;
    *slot = leg;
    leg->paced = true;
    worker->paced++;
}

void sapa_worker_unpace(struct sapa_worker *worker, struct sapa_leg *leg)
{
    if (!leg->paced)
        return;
    if (leg->wheel_next)
        leg->wheel_next->wheel_prev = leg->wheel_prev;
    if (leg->wheel_prev) {
        leg->wheel_prev->wheel_next = leg->wheel_next;
    } else {
        for (size_t i = 0; i < WHEEL_SLOTS; i++)
            if (worker->wheel[i] == leg)
                worker->wheel[i] = leg->wheel_next;
    }
    leg->paced = false;
    worker->paced--;
}

static void turn_slot(struct sapa_worker *worker, size_t slot)
{
    struct sapa_leg *leg = worker->wheel[slot];

    worker->wheel[slot] = NULL;
    while (leg) {
        struct sapa_leg *next = leg->wheel_next;
        leg->paced = false;
        worker->paced--;
        leg->wheel_next = leg->wheel_prev = NULL;
        if (sapa_leg_pace(worker, leg))
            sapa_worker_pace(worker, leg);
        leg = next;
    }
}

static void turn_wheel(struct sapa_worker *worker)
{
    const int64_t now_ms = worker->now_us / 1000;

    if (now_ms - worker->wheel_ms >= WHEEL_SLOTS)
        worker->wheel_ms = now_ms - WHEEL_SLOTS + 1;
    while (worker->wheel_ms <= now_ms) {
        const size_t slot = (size_t)(worker->wheel_ms % WHEEL_SLOTS);
        worker->wheel_ms++; /* first: what is due again goes ahead of us */
        turn_slot(worker, slot);
    }
}

/* --- the sweeps --- */

/* Digits whose end was lost. The list holds those that go on now: hardly ever more than a few. */
static void expire_events(struct sapa_worker *worker)
{
    struct sapa_leg **place = &worker->eventing;
    struct sapa_event_digit digit;

    while (*place) {
        struct sapa_leg *leg = *place;
        if (sapa_event_expire(&leg->events, worker->now_us, &digit)) {
            leg->event_us = worker->now_us;
            sapa_worker_digit(worker, leg, digit);
        }
        if (leg->events.active) {
            place = &leg->eventing_next;
        } else {
            *place = leg->eventing_next;
            leg->is_eventing = false;
        }
    }
}

/* How many of `count` are due when all are to be seen once in `period_us`. */
static uint32_t due(uint64_t *credit, uint32_t count, int64_t elapsed_us, uint32_t period_us)
{
    *credit += (uint64_t)elapsed_us * count;
    const uint64_t n = *credit / period_us;
    *credit -= n * period_us;
    return (uint32_t)SAPA_MIN(n, count);
}

static void sweep(struct sapa_worker *worker)
{
    const int64_t elapsed_us = SAPA_MIN(worker->now_us - worker->swept_us, SWEEP_US);

    worker->swept_us = worker->now_us;
    for (uint32_t n = due(&worker->sweep_credit, worker->leg_count, elapsed_us, SWEEP_US); n > 0; n--) {
        worker->sweep_at = worker->sweep_at + 1 < worker->leg_count ? worker->sweep_at + 1 : 0;
        sapa_leg_check(worker, worker->legs[worker->sweep_at]);
    }
    for (uint32_t n = due(&worker->turn_credit, worker->recording_count, elapsed_us, TURN_US); n > 0; n--) {
        if (worker->recording_count == 0)
            break;
        worker->turn_at = worker->turn_at + 1 < worker->recording_count ? worker->turn_at + 1 : 0;
        sapa_worker_record_turn(worker, worker->recordings[worker->turn_at]);
    }
    expire_events(worker);
    if (worker->now_us - worker->trimmed_us > SWEEP_US) {
        worker->trimmed_us = worker->now_us;
        sapa_record_pool_trim(&worker->pool);
    }
}

/* --- how long packets wait in us --- */

static void note_delay(struct sapa_worker *worker, uint64_t packets)
{
    const int64_t now_us = sapa_mono_us();

    if (now_us >= worker->delays_us) {
        memcpy(worker->delays[1], worker->delays[0], sizeof(worker->delays[0]));
        memset(worker->delays[0], 0, sizeof(worker->delays[0]));
        worker->delay_max_us[1] = worker->delay_max_us[0];
        worker->delay_max_us[0] = 0;
        worker->delays_us = now_us + DELAYS_US;
    }
    if (packets == 0)
        return;
    /* What was taken now came after the turn before: this is the longest it can have waited. */
    const int64_t delay_us = now_us - worker->previous_us;
    const size_t bucket = SAPA_MIN((size_t)(delay_us / DELAY_STEP_US), (size_t)SAPA_WORKER_DELAYS - 1);
    worker->delays[0][bucket] += (uint32_t)packets;
    worker->delay_max_us[0] = (uint32_t)SAPA_MAX((int64_t)worker->delay_max_us[0], delay_us);
}

/* --- the thread --- */

static void take_rtcp(struct sapa_worker *worker, struct sapa_leg *leg)
{
    struct sapa_addr from;
    size_t size = sapa_udp_take(leg->fds[1], worker->packet, PACKET_MAX, &from);

    if (size > 0 && leg->srtp)
        size = sapa_srtp_open(leg->srtp, true, worker->packet, size);
    if (size > 0)
        sapa_leg_on_rtcp(worker, leg, worker->packet, size, &from);
}

static uint64_t take_packets(struct sapa_worker *worker, size_t n)
{
    const uint64_t before = worker->packets_in;

    for (size_t i = 0; i < n; i++) {
        if (i + 2 < n) /* thousands of legs do not fit into the nearest cache */
            sapa_leg_prefetch((struct sapa_leg *)(uintptr_t)(worker->keys[i + 2] & ~(uint64_t)3));
        struct sapa_leg *leg = (struct sapa_leg *)(uintptr_t)(worker->keys[i] & ~(uint64_t)3);
        if (worker->keys[i] & 2) /* a shared port, all that is there at once */
            sapa_web_take(worker, (struct sapa_web_port *)(void *)leg);
        else if (worker->keys[i] & 1)
            take_rtcp(worker, leg);
        else
            sapa_leg_on_rtp(worker, leg);
    }
    return worker->packets_in - before;
}

static int64_t waiting_us(const struct sapa_worker *worker)
{
    if (worker->paced || worker->mixes_running || worker->inventory_on || worker->eventing || worker->handshake_count)
        return TICK_US;
    return worker->leg_count || worker->recording_count ? 20000 : 1000000;
}

static void turn(struct sapa_worker *worker)
{
    size_t ready = 0;

    /*
     * With many legs: sleep to the next tick and take what came. With few: the first packet wakes us.
     * Messages of control wait a tick at most, or wake us.
     */
    if (worker->leg_count >= TICK_LEGS)
        sapa_udp_set_tick((worker->now_us / TICK_US + 1) * TICK_US);
    else
        ready = sapa_udp_set_ready(worker->set, waiting_us(worker),
                                   worker->keys, SAPA_UDP_SET_READY_MAX);
    worker->previous_us = worker->leg_count >= TICK_LEGS ? worker->now_us : sapa_mono_us();
    worker->now_us = sapa_mono_us();
    worker->web_checks = 0;
    uint64_t packets = take_packets(worker, ready);
    for (int round = 0; round < ROUNDS_MAX; round++) {
        ready = sapa_udp_set_ready(worker->set, 0, worker->keys, SAPA_UDP_SET_READY_MAX);
        packets += take_packets(worker, ready);
        if (ready < SAPA_UDP_SET_READY_MAX)
            break;
    }
    turn_wheel(worker);
    if (worker->mixes_running)
        sapa_mix_turn(worker);
    if (worker->web_port_count || worker->handshaking)
        sapa_web_flush(worker);
    note_delay(worker, packets);
    sweep(worker);
    sapa_mailbox_drain(worker->inbox, 256, sapa_worker_message, worker);
    if (worker->inventory_on)
        sapa_worker_inventory_turn(worker);
    sapa_worker_leave_turn(worker);
    sapa_web_turn(worker);
}

/*
 * A packet that waits is heard, so where the system allows it we run before what has no deadline: the work of a
 * turn is bounded and a turn ends asleep. The kernel keeps a twentieth of the core for the others.
 */
static void go_first(void)
{
    const struct sched_param lowest = { .sched_priority = 1 };

    if (sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &lowest))
        (void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
}

static void run(void *ctx)
{
    struct sapa_worker *worker = ctx;

    go_first();
    worker->now_us = worker->swept_us = sapa_mono_us();
    worker->wheel_ms = worker->now_us / 1000;
    worker->delays_us = worker->now_us + DELAYS_US;
    while (!worker->stopping)
        turn(worker);
    sapa_worker_close_all(worker);
}

/* --- from control's thread --- */

sapa_rc sapa_worker_new(const struct sapa_worker_options *options, struct sapa_worker **ret_worker)
{
    struct sapa_worker *worker = calloc(1, sizeof(*worker));

    if (!worker)
        return SAPA_ENOMEM;
    worker->options = *options;
    sapa_table_init(&worker->leg_ids, sapa_memory_heap(), sizeof(struct sapa_id_row), LEGS_MAX);
    sapa_table_init(&worker->recording_ids, sapa_memory_heap(), sizeof(struct sapa_id_row), LEGS_MAX);
    sapa_table_init(&worker->mix_ids, sapa_memory_heap(), sizeof(struct sapa_id_row), LEGS_MAX);
    sapa_table_init(&worker->contacts, sapa_memory_heap(), sizeof(struct sapa_contact_row), LEGS_MAX);
    sapa_table_init(&worker->web_names, sapa_memory_heap(), sizeof(struct sapa_web_name), LEGS_MAX);
    sapa_table_init(&worker->web_addrs, sapa_memory_heap(), sizeof(struct sapa_web_addr), LEGS_MAX);
    sapa_table_init(&worker->web_seats, sapa_memory_heap(), sizeof(struct sapa_web_seat), LEGS_MAX);
    worker->web_seed = sapa_random_u64();
    sapa_record_pool_init(&worker->pool);
    sapa_rc rc = sapa_mailbox_new(INBOX_SIZE, &worker->inbox);
    if (rc == SAPA_OK)
        rc = sapa_udp_set_new(&worker->set);
    if (rc == SAPA_OK)
        rc = sapa_thread_start("media-packets", options->cpu, run, worker, &worker->thread);
    if (rc) {
        sapa_worker_free(worker);
        return rc;
    }
    *ret_worker = worker;
    return SAPA_OK;
}

void sapa_worker_join(struct sapa_worker *worker)
{
    sapa_thread_join(worker->thread);
    worker->thread = NULL;
}

void sapa_worker_free(struct sapa_worker *worker)
{
    if (!worker)
        return;
    sapa_assert(!worker->thread);
    sapa_record_pool_done(&worker->pool);
    sapa_udp_set_free(worker->set);
    if (worker->inbox)
        sapa_mailbox_free(worker->inbox);
    sapa_table_done(&worker->leg_ids);
    sapa_table_done(&worker->recording_ids);
    sapa_table_done(&worker->contacts);
    sapa_table_done(&worker->mix_ids);
    sapa_table_done(&worker->web_names);
    sapa_table_done(&worker->web_addrs);
    sapa_table_done(&worker->web_seats);
    for (unsigned i = 0; i < worker->web_port_count; i++)
        sapa_web_port_free(worker->web_ports[i]);
    free(worker->mixes);
    free(worker->legs);
    free(worker->recordings);
    free(worker);
}

sapa_rc sapa_worker_put(struct sapa_worker *worker, uint32_t type, const void *data, size_t size)
{
    const sapa_rc rc = sapa_mailbox_put(worker->inbox, type, data, size);

    if (rc == SAPA_OK)
        sapa_udp_set_wake(worker->set);
    return rc;
}

struct sapa_player *sapa_worker_spent(struct sapa_worker *worker)
{
    return atomic_exchange_explicit(&worker->spent, NULL, memory_order_acquire);
}
