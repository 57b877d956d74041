/*
 * Two files are read at a start beside the log: registrations and lamps (subscriptions of desk phones). Any bytes as these,
 * bare or as entries with a good checksum. What was taken from them is written anew at once; a second start must take all of
 * that, and nothing may stay behind. The input is a row of [kind, bytes]: bit 0 lamps, bit 1 bare.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "channel/voice/voice_impl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FILE_MAX = 1 << 20 };

static char paths[2][96]; /* registrations, lamps */

static sapa_rc on_send(void *ctx, const struct sapa_sip_flow *flow, const char *bytes, size_t n)
{
    (void)ctx, (void)flow, (void)bytes, (void)n;
    return SAPA_OK;
}

static sapa_rc on_open(void *ctx, enum sapa_sip_flow_kind kind, const struct sapa_sip_ip *remote, struct sapa_sip_flow *ret)
{
    (void)ctx;
    *ret = (struct sapa_sip_flow){ .kind = (uint8_t)kind, .remote = *remote };
    (void)!sapa_sip_ip_parse(SAPA_STR("203.0.113.1"), 5060, &ret->local);
    return SAPA_OK;
}

static sapa_rc on_post(void *ctx, const struct sapa_record *record)
{
    (void)ctx, (void)record;
    return SAPA_OK;
}

static sapa_rc on_prompt(void *ctx, const struct sapa_voice_prompt *prompt, uint64_t tag, char *ret_base, size_t n)
{
    (void)ctx, (void)prompt, (void)tag, (void)ret_base, (void)n;
    return SAPA_ENOENT;
}

static sapa_rc on_media(void *ctx, const struct sapa_media_message *m)
{
    (void)ctx, (void)m;
    return SAPA_OK;
}

static const struct sapa_agent agents[] = {
    { .key = { "a", 1 }, .extension = { "1001", 4 }, .password = { "p", 1 } }, { .key = { "b", 1 }, .extension = { "1002", 4 }, .password = { "p", 1 } },
    { .key = { "c", 1 }, .extension = { "1003", 4 }, .password = { "p", 1 } },
};

static void write_files(const uint8_t *data, size_t size)
{
    static uint8_t bytes[2][FILE_MAX];
    struct sapa_writer files[2] = { sapa_writer_of(bytes[0], FILE_MAX), sapa_writer_of(bytes[1], FILE_MAX) };
    struct sapa_reader r = sapa_reader_of(data, size);

    while (sapa_reader_left(&r) > 0) {
        const uint64_t kind = sapa_get_u64(&r);
        const struct sapa_str entry = sapa_get_str(&r);
        if (r.bad)
            break;
        struct sapa_writer *to = &files[kind & 1];
        if (!(kind & 2)) {
            sapa_put_fixed32(to, (uint32_t)entry.n);
            sapa_put_fixed32(to, sapa_crc32c(0, entry.p, entry.n));
        }
        sapa_put_raw(to, entry.p, entry.n);
    }
    for (unsigned i = 0; i < 2; i++)
        if (sapa_file_write(paths[i], bytes[i], files[i].bad ? 0 : files[i].n, 0600) != SAPA_OK)
            abort();
}

/* One life of the channel; its files as they are then. */
static void live(uint8_t *ret[2], size_t ret_n[2], uint32_t *ret_watches)
{
    static const struct sapa_sip_transport_ops transport = { .send = on_send, .open = on_open };
    const struct sapa_centre centre = { .system = { .sip_host = { "s", 1 }, .country = { "ID", 2 } }, .agents = agents, .agents_count = SAPA_COUNT(agents) };
    struct sapa_clock clock;
    struct sapa_loop *loop;
    struct sapa_voice *voice;

    sapa_clock_init_manual(&clock, 1000000, INT64_C(1795305600000000)); /* before what the first inputs of the corpus hold expires */
    if (sapa_loop_new(&clock, &loop) != SAPA_OK)
        abort();
    const struct sapa_voice_options options = {
        .loop = loop, .centre = &centre, .transport = &transport, .node = 1, .epoch = 2, .id_base = UINT64_C(2) << 32,
        .registrations_path = paths[0], .callbacks = { .post = on_post, .prompt = on_prompt, .media_send = on_media },
    };
    if (sapa_voice_open(&options, &voice) != SAPA_OK)
        abort();
    *ret_watches = voice->watches.count;
    for (unsigned i = 0; i < 2; i++)
        if (sapa_file_read(paths[i], FILE_MAX, &ret[i], &ret_n[i]) != SAPA_OK)
            abort();
    sapa_voice_adopt(voice, NULL, 0, NULL, 0);
    for (unsigned i = 0; i < 5; i++)
        sapa_loop_advance(loop, 40000000); /* pings, NOTIFYs without an answer, what expires */
    sapa_voice_close(voice);
    sapa_assert(sapa_loop_timers(loop) == 0);
    sapa_loop_free(loop);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *first[2], *second[2];
    size_t first_n[2], second_n[2];
    uint32_t watches, again;

    sapa_log_level(SAPA_LOG_ERROR + 1);
    snprintf(paths[0], sizeof(paths[0]), "/tmp/sapa-journal-fuzz-%d", (int)getpid());
    snprintf(paths[1], sizeof(paths[1]), "/tmp/sapa-journal-fuzz-%d.lamps", (int)getpid());
    write_files(data, size);
    live(first, first_n, &watches);
    /* as they stood at the start: time has gone on since */
    for (unsigned i = 0; i < 2; i++)
        if (sapa_file_write(paths[i], first[i], first_n[i], 0600) != SAPA_OK)
            abort();
    live(second, second_n, &again);
    sapa_assert(first_n[0] == second_n[0] && memcmp(first[0], second[0], first_n[0]) == 0);
    sapa_assert(watches == again);
    for (unsigned i = 0; i < 2; i++) {
        free(first[i]);
        free(second[i]);
        unlink(paths[i]);
    }
    return 0;
}
