#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "media/g711.h"
#include "media/recorder.h"
#include "rt/thread.h"

/* The whole way with time in the hand: recorder, writer with a disk that may fail, file, reader. */

enum { FRAME = 160, EVENT = 7 };

static char folder[64], path[96];
static struct sapa_mailbox *events;
static struct sapa_record_writer *writer;
static struct sapa_record_pool pool;
static struct sapa_recorder recorder;
static struct sapa_key key;
static int64_t now_us;
static struct sapa_record_event last_event;
static unsigned event_count;
static uint64_t next_id = 1;

/* --- a disk that fails --- */

static _Atomic(int64_t) disk_left; /* bytes until it is full */
static _Atomic(int) sync_errno;

static int disk_create(void *ctx, const char *name)
{
    (void)ctx;
    return open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
}

static ssize_t disk_write(void *ctx, int fd, const void *data, size_t size)
{
    const int64_t left = atomic_load(&disk_left);
    const size_t n = SAPA_MIN(size, (size_t)SAPA_MAX(left, 0));

    (void)ctx;
    if (n == 0) {
        errno = ENOSPC;
        return -1;
    }
    atomic_fetch_sub(&disk_left, (int64_t)n);
    return write(fd, data, n); /* the last one is a short write */
}

static int disk_sync(void *ctx, int fd)
{
    (void)ctx;
    (void)fd;
    errno = atomic_load(&sync_errno);
    return errno ? -1 : 0;
}

static _Atomic(unsigned) syncs_together;

static int disk_sync_all(void *ctx, int fd)
{
    atomic_fetch_add(&syncs_together, 1);
    return disk_sync(ctx, fd);
}

static const struct sapa_record_disk disk = { .create = disk_create, .write = disk_write, .sync = disk_sync,
                                              .sync_all = disk_sync_all };

/* --- harness --- */

static void on_event(void *ctx, uint32_t type, const void *data, size_t size)
{
    (void)ctx;
    assert_int_equal(type, EVENT);
    assert_int_equal(size, sizeof(last_event));
    memcpy(&last_event, data, size);
    event_count++;
}

/* The writer lives on its own thread: wait for what it says, bounded by the test's own time limit. */
static struct sapa_record_event await_event(void)
{
    const unsigned before = event_count;

    while (event_count == before)
        if (sapa_mailbox_drain(events, 1, on_event, NULL) == 0)
            (void)poll(NULL, 0, 1);
    return last_event;
}

static int set_up(void **state)
{
    const struct sapa_record_writer_options options = { .event_type = EVENT, .mailbox_bytes = 1 << 20,
                                                        .disk = &disk };
    struct sapa_record_writer_options with_events = options;

    (void)state;
    (void)snprintf(folder, sizeof(folder), "/tmp/sapa-recorder-test-XXXXXX");
    if (!mkdtemp(folder) || sapa_mailbox_new(1 << 16, &events))
        return -1;
    with_events.events = events;
    atomic_store(&disk_left, INT64_MAX);
    sapa_record_pool_init(&pool);
    memset(&key, 3, sizeof(key));
    now_us = 1000000;
    return sapa_record_writer_new(&with_events, &writer) == SAPA_OK ? 0 : -1;
}

static int remove_one(const char *name, const struct stat *what, int kind, struct FTW *place)
{
    (void)what;
    (void)kind;
    (void)place;
    return remove(name);
}

static int tear_down(void **state)
{
    (void)state;
    sapa_record_writer_free(writer);
    sapa_record_pool_done(&pool);
    sapa_mailbox_free(events);
    return nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void begin(unsigned channels, uint64_t frames_max)
{
    struct sapa_record_params params = { .recording = next_id++, .contact = 9, .key = key };
    struct sapa_record_file *file;

    (void)snprintf(path, sizeof(path), "%s/%u", folder, (unsigned)params.recording);
    (void)snprintf(params.path, sizeof(params.path), "%s", path);
    params.head = (struct sapa_recording_head){ .channels = (uint8_t)channels, .start_us = 1234,
                                                .frames_per_chunk = SAPA_RECORDING_FRAMES };
    pool.limit = 256;
    assert_int_equal(sapa_record_writer_open(writer, &params, &file), SAPA_OK);
    sapa_recorder_begin(&recorder, writer, file, &pool, channels, frames_max, now_us);
    assert_int_equal(await_event().state, SAPA_RECORD_STARTED);
}

static struct sapa_record_event end(void)
{
    sapa_rc rc;

    while ((rc = sapa_recorder_end(&recorder, SAPA_RECORDING_COMPLETE, now_us)) == SAPA_EAGAIN)
        ;
    assert_int_equal(rc, SAPA_OK);
    return await_event();
}

/* Linear audio of the file; frames in *ret. */
static const int16_t *read_back(struct sapa_recording_info *info, size_t *ret)
{
    static int16_t pcm[2 * 8000 * 20];
    struct sapa_recording *recording;

    assert_int_equal(sapa_recording_open(path, &key, &recording), SAPA_OK);
    assert_int_equal(sapa_recording_verify(recording, info), SAPA_OK);
    assert_int_equal(sapa_recording_read_pcm(recording, 0, 160000, pcm, ret), SAPA_OK);
    assert_int_equal(*ret, info->frames);
    assert_int_equal(sapa_recording_frames(recording), info->frames);
    sapa_recording_close(recording);
    return pcm;
}

static void say(unsigned channel, uint32_t ssrc, uint32_t timestamp, uint8_t octet)
{
    uint8_t octets[FRAME];

    memset(octets, octet, sizeof(octets));
    sapa_recorder_audio(&recorder, channel, SAPA_CODEC_PCMA, ssrc, timestamp, octets, FRAME, now_us);
}

static int16_t level(uint8_t octet)
{
    int16_t linear;

    sapa_g711_decode(SAPA_CODEC_PCMA, &octet, 1, &linear);
    return linear;
}

static void step(void)
{
    now_us += 20000;
    assert_int_equal(sapa_recorder_turn(&recorder, now_us), SAPA_OK);
}

/* --- tests --- */

static void test_every_sample_in_its_place(void **state)
{
    struct sapa_recording_info info;
    size_t frames = 0;

    (void)state;
    begin(2, 8000 * 3600);
    for (unsigned i = 0; i < 100; i++) {
        step();
        say(0, 1, i * FRAME, (uint8_t)(2 * i));
        if (i % 5 != 3) /* lost: silence */
            say(1, 2, 5000 + i * FRAME, (uint8_t)(2 * i + 1));
    }
    const struct sapa_record_event event = end();
    assert_int_equal(event.state, SAPA_RECORD_ENDED);
    assert_int_equal(event.recorded_ms, 2000);
    assert_int_equal(event.masked_ms, 0);
    const int16_t *pcm = read_back(&info, &frames);
    assert_int_equal(frames, 16000);
    assert_int_equal(info.end, SAPA_RECORDING_COMPLETE);
    assert_int_equal(info.recorded_ms, 2000);
    assert_memory_equal(info.hash, event.hash, SAPA_SHA256_SIZE);
    for (size_t i = 0; i < frames; i++) {
        const unsigned n = (unsigned)(i / FRAME);
        assert_int_equal(pcm[2 * i], level((uint8_t)(2 * n)));
        assert_int_equal(pcm[2 * i + 1], level(n % 5 == 3 ? SAPA_G711_ALAW_SILENCE : (uint8_t)(2 * n + 1)));
    }
}

/* Delayed by up to 100 ms and out of order, each packet still goes where its timestamp says. */
static void test_jitter_and_disorder(void **state)
{
    static const unsigned delay[] = { 0, 3, 1, 5, 0, 2, 4, 0, 1, 0 };
    struct sapa_recording_info info;
    size_t frames = 0;

    (void)state;
    begin(1, 8000 * 3600);
    for (unsigned slot = 0; slot < 110; slot++) {
        step();
        for (unsigned i = 0; i < 100; i++)
            if (i + delay[i % 10] == slot)
                say(0, 1, 0xfffff000 + i * FRAME, (uint8_t)(2 * i)); /* the clock wraps on the way */
    }
    (void)end();
    const int16_t *pcm = read_back(&info, &frames);
    assert_int_equal(frames, 110 * FRAME);
    for (size_t i = 0; i < frames; i++) {
        const unsigned n = (unsigned)(i / FRAME);
        assert_int_equal(pcm[i], level(n < 100 ? (uint8_t)(2 * n) : SAPA_G711_ALAW_SILENCE));
    }
}

static void test_masks_add_up(void **state)
{
    struct sapa_recording_info info;
    uint64_t total, masked;
    size_t frames = 0;

    (void)state;
    begin(2, 8000 * 3600);
    for (unsigned i = 0; i < 200; i++) {
        if (i == 50) /* card data: both sides */
            sapa_recorder_pause(&recorder, true, now_us);
        if (i == 90)
            sapa_recorder_pause(&recorder, false, now_us);
        if (i == 80) /* secret digits of the customer, overlapping */
            sapa_recorder_secret(&recorder, 0, true, now_us);
        if (i == 120)
            sapa_recorder_secret(&recorder, 0, false, now_us);
        step();
        say(0, 1, i * FRAME, 0x11);
        say(1, 2, i * FRAME, 0x22);
    }
    sapa_recorder_meter(&recorder, now_us, &total, &masked);
    assert_int_equal(total, 200 * FRAME);
    assert_int_equal(masked, 70 * FRAME);
    const struct sapa_record_event event = end();
    assert_int_equal(event.masked_ms, 1400);
    assert_int_equal(event.recorded_ms, 2600);
    const int16_t *pcm = read_back(&info, &frames);
    assert_int_equal(info.masked_ms, 1400);
    assert_int_equal(info.recorded_ms, 2600);
    for (size_t i = 0; i < frames; i++) {
        const size_t n = i / FRAME;
        const bool customer = n < 50 || n >= 120, agent = n < 50 || n >= 90;
        assert_int_equal(pcm[2 * i], level(customer ? 0x11 : SAPA_G711_ALAW_SILENCE));
        assert_int_equal(pcm[2 * i + 1], level(agent ? 0x22 : SAPA_G711_ALAW_SILENCE));
    }
}

static void test_masked_until_the_end_and_all_the_time(void **state)
{
    struct sapa_recording_info info;
    size_t frames = 0;

    (void)state;
    begin(2, 8000 * 3600);
    for (unsigned i = 0; i < 60; i++) {
        if (i == 33)
            sapa_recorder_pause(&recorder, true, now_us);
        step();
    }
    assert_int_equal(end().masked_ms, 540);
    (void)read_back(&info, &frames);
    assert_int_equal(info.recorded_ms, 660);
    begin(1, 8000 * 3600);
    sapa_recorder_pause(&recorder, true, now_us);
    for (unsigned i = 0; i < 40; i++)
        step();
    const struct sapa_record_event event = end();
    assert_int_equal(event.recorded_ms, 0);
    assert_int_equal(event.masked_ms, 800);
    begin(2, 8000 * 3600); /* over before it began */
    assert_int_equal(end().recorded_ms, 0);
    (void)read_back(&info, &frames);
    assert_int_equal(frames, 0);
    assert_int_equal(info.end, SAPA_RECORDING_COMPLETE);
}

/* Hold and transfer: the source changes, its clock jumps; alignment comes from arrival. */
static void test_new_source(void **state)
{
    struct sapa_recording_info info;
    size_t frames = 0;

    (void)state;
    begin(1, 8000 * 3600);
    for (unsigned i = 0; i < 20; i++, step())
        say(0, 1, i * FRAME, 0x11);
    for (unsigned i = 20; i < 40; i++) /* nothing */
        step();
    for (unsigned i = 40; i < 60; i++, step())
        say(0, 1, 90000000 + i * FRAME, 0x22); /* same SSRC, clock jumped */
    for (unsigned i = 60; i < 80; i++, step())
        say(0, 2, i, 0x33); /* another one, that does not even count */
    (void)end();
    const int16_t *pcm = read_back(&info, &frames);
    assert_int_equal(pcm[10 * FRAME], level(0x11));
    assert_int_equal(pcm[30 * FRAME], level(SAPA_G711_ALAW_SILENCE));
    assert_int_equal(pcm[50 * FRAME], level(0x22));
}

/* A sender whose clock is 0.1 % slow does not run away: after a minute it is still within 60 ms. */
static void test_drift(void **state)
{
    int64_t sent = 0;

    (void)state;
    begin(1, 8000 * 3600);
    for (unsigned i = 0; i < 3000; i++) {
        step();
        say(0, 1, (uint32_t)sent, 0x11);
        sent += FRAME;
        if (i % 6 == 5) /* loses one sample time in a thousand */
            now_us += 125;
    }
    const int64_t at = recorder.channel[0].anchor;
    const int64_t due = (now_us - recorder.start_us) * 8 / 1000 - FRAME;
    assert_in_range(due - at, 0, 480);
    (void)end();
}

static void test_limit(void **state)
{
    sapa_rc rc = SAPA_OK;
    struct sapa_recording_info info;
    size_t frames = 0;

    (void)state;
    begin(2, 8000);
    for (unsigned i = 0; i < 60 && rc == SAPA_OK; i++) {
        now_us += 20000;
        say(0, 1, i * FRAME, 0x11);
        rc = sapa_recorder_turn(&recorder, now_us);
    }
    assert_int_equal(rc, SAPA_ESTATE);
    assert_int_equal(sapa_recorder_end(&recorder, SAPA_RECORDING_LIMIT, now_us), SAPA_OK);
    assert_int_equal(await_event().recorded_ms, 1000);
    (void)read_back(&info, &frames);
    assert_int_equal(info.end, SAPA_RECORDING_LIMIT);
    assert_int_equal(frames, 8000);
}

static void await_full(void)
{
    while (atomic_load(&disk_left) > 0)
        (void)poll(NULL, 0, 1);
}

/* Audio for a second and a half on a disk that has space for three chunks and a piece of the fourth. */
static void fill_disk(void)
{
    begin(2, 8000 * 3600);
    atomic_store(&disk_left, 3 * 4096 + 1000);
    for (unsigned i = 0; i < 75; i++) {
        step();
        say(0, 1, i * FRAME, (uint8_t)(i + 1));
    }
    await_full();
}

static void test_full_disk_loses_nothing(void **state)
{
    struct sapa_recording_info info;
    size_t frames;

    (void)state;
    fill_disk();
    /* it ends while the disk is full: the word of its end comes when it is whole */
    assert_int_equal(sapa_recorder_end(&recorder, SAPA_RECORDING_COMPLETE, now_us), SAPA_OK);
    atomic_store(&disk_left, 700); /* space for another piece, and full again */
    await_full();
    assert_int_equal(sapa_mailbox_drain(events, 1, on_event, NULL), 0);
    atomic_store(&disk_left, INT64_MAX);
    const struct sapa_record_event event = await_event();
    assert_int_equal(event.state, SAPA_RECORD_ENDED);
    assert_int_equal(event.recorded_ms, 1500);
    const int16_t *audio = read_back(&info, &frames);
    assert_int_equal(info.end, SAPA_RECORDING_COMPLETE);
    assert_int_equal(frames, 12000);
    for (size_t i = 0; i < 75; i++)
        assert_int_equal(audio[2 * (i * FRAME + 80)], level((uint8_t)(i + 1)));
}

static void test_disk_full_for_too_long(void **state)
{
    struct sapa_recording *recording;
    struct sapa_recording_info info;

    (void)state;
    fill_disk();
    /* the packet thread runs out of buffers and gives it up */
    assert_int_equal(sapa_recorder_end(&recorder, SAPA_RECORDING_CUT, now_us), SAPA_OK);
    atomic_store(&disk_left, INT64_MAX);
    /* what is there can be heard */
    assert_int_equal(sapa_recording_open(path, &key, &recording), SAPA_OK);
    assert_int_equal(sapa_recording_verify(recording, &info), SAPA_OK);
    assert_int_equal(info.end, SAPA_RECORDING_CUT);
    assert_int_equal(info.frames, 3 * SAPA_RECORDING_FRAMES);
    sapa_recording_close(recording);
    begin(2, 8000 * 3600); /* the next one is not hurt */
    assert_int_equal(end().state, SAPA_RECORD_ENDED);
}

static void test_failing_sync(void **state)
{
    (void)state;
    begin(2, 8000 * 3600);
    atomic_store(&sync_errno, EIO); /* an error that comes only with the sync is not kept quiet */
    assert_int_equal(end().state, SAPA_RECORD_FAILED);
    atomic_store(&sync_errno, 0);
}

static void test_name_is_taken(void **state)
{
    struct sapa_record_params params = { .recording = next_id++, .key = key };
    struct sapa_record_file *file;
    const struct sapa_record_end cut = { .end = SAPA_RECORDING_CUT };

    (void)state;
    (void)snprintf(params.path, sizeof(params.path), "%s", path);
    params.head = (struct sapa_recording_head){ .channels = 1, .frames_per_chunk = SAPA_RECORDING_FRAMES };
    assert_int_equal(sapa_record_writer_open(writer, &params, &file), SAPA_OK);
    const struct sapa_record_event event = await_event();
    assert_int_equal(event.state, SAPA_RECORD_FAILED);
    assert_int_equal(event.rc, SAPA_EEXIST);
    assert_int_equal(sapa_record_writer_end(writer, file, &cut), SAPA_OK);
}

/* Many that end at once are one commit, and each is reported. */
static void test_many_ends(void **state)
{
    enum { MANY = 64 };
    struct sapa_recorder recorders[MANY];
    unsigned ended = 0;

    (void)state;
    atomic_store(&syncs_together, 0);
    for (unsigned i = 0; i < MANY; i++) {
        begin(1, 8000);
        recorders[i] = recorder;
    }
    now_us += 300000;
    for (unsigned i = 0; i < MANY; i++) {
        assert_int_equal(sapa_recorder_turn(&recorders[i], now_us), SAPA_OK);
        assert_int_equal(sapa_recorder_end(&recorders[i], SAPA_RECORDING_COMPLETE, now_us), SAPA_OK);
    }
    for (unsigned i = 0; i < MANY; i++) {
        const struct sapa_record_event event = await_event();
        ended += event.state == SAPA_RECORD_ENDED && event.recorded_ms == 300;
    }
    assert_int_equal(ended, MANY);
    assert_in_range(atomic_load(&syncs_together), 1, MANY / 4);
}

/* What a slow disk needed goes back when it is over; what is in use stays. */
static void test_pool_shrinks(void **state)
{
    struct sapa_record_pool buffers;
    struct sapa_record_buffer *taken[600];

    (void)state;
    sapa_record_pool_init(&buffers);
    buffers.limit = 1000;
    for (int i = 0; i < 600; i++)
        taken[i] = sapa_record_pool_get(&buffers);
    assert_int_equal(buffers.count, 640);
    for (int i = 0; i < 600; i++) /* each tenth stays: no slab is empty */
        if (i % 10 != 0)
            sapa_record_pool_return(taken[i]);
    sapa_record_pool_trim(&buffers);
    assert_int_equal(buffers.count, 640);
    for (int round = 0; round < 2; round++) { /* their turn comes, others are taken: from the first slabs */
        struct sapa_record_buffer *fresh[60];
        for (int i = 0; i < 60; i++)
            fresh[i] = sapa_record_pool_get(&buffers);
        for (int i = 0; i < 60; i++) {
            memset(taken[i * 10]->plain, i, sizeof(taken[i * 10]->plain));
            sapa_record_pool_return(taken[i * 10]);
            taken[i * 10] = fresh[i];
        }
        sapa_record_pool_trim(&buffers);
    }
    assert_int_equal(buffers.count, 128); /* 60 in use, and as many for what comes */
    for (int i = 0; i < 60; i++)
        sapa_record_pool_put(&buffers, taken[i * 10]);
    sapa_record_pool_trim(&buffers);
    assert_int_equal(buffers.count, 64);
    sapa_record_pool_done(&buffers);
}

/* The writer is stopped: buffers run out at the limit, and the recorder says so instead of waiting. */
static void test_slow_writer(void **state)
{
    sapa_rc rc = SAPA_OK;
    unsigned i;

    (void)state;
    begin(2, 8000 * 3600);
    pool.limit = pool.count; /* nothing new */
    struct sapa_record_buffer *taken = NULL, *buffer;
    while ((buffer = sapa_record_pool_get(&pool)) != NULL) {
        buffer->next = taken;
        taken = buffer;
    }
    for (i = 0; i < 100 && rc == SAPA_OK; i++) {
        now_us += 20000;
        say(0, 1, i * FRAME, 0x11);
        rc = sapa_recorder_turn(&recorder, now_us);
    }
    assert_int_equal(rc, SAPA_ELIMIT);
    while (taken) {
        buffer = taken;
        taken = buffer->next;
        sapa_record_pool_put(&pool, buffer);
    }
    assert_int_equal(sapa_recorder_end(&recorder, SAPA_RECORDING_CUT, now_us), SAPA_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_sample_in_its_place),
        cmocka_unit_test(test_jitter_and_disorder),
        cmocka_unit_test(test_masks_add_up),
        cmocka_unit_test(test_masked_until_the_end_and_all_the_time),
        cmocka_unit_test(test_new_source),
        cmocka_unit_test(test_drift),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_full_disk_loses_nothing),
        cmocka_unit_test(test_disk_full_for_too_long),
        cmocka_unit_test(test_failing_sync),
        cmocka_unit_test(test_name_is_taken),
        cmocka_unit_test(test_many_ends),
        cmocka_unit_test(test_pool_shrinks),
        cmocka_unit_test(test_slow_writer),
    };

    sapa_log_level(SAPA_LOG_ERROR + 1);
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
