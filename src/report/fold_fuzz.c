/*
 * Any records in any order, however little sense they make: the folds never fail but for memory,
 * every printer prints something bounded, what was saved loads again.
 */
#include "report/fixture_impl.h"
#include "report/live.h"
#include "report/print.h"
#include "report/report.h"
#include "report/top.h"
#include "report/why.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void swallow(void *ctx, struct sapa_str line)
{
    size_t *total = ctx;

    for (size_t i = 0; i < line.n; i++)
        sapa_assert(line.p[i] != '\n');
    *total += line.n;
}

static void fill(struct sapa_reader *r, struct sapa_record *record)
{
    const struct sapa_record_info *info = sapa_record_info(record->type);

    for (unsigned i = 0; i < info->field_count; i++) {
        const struct sapa_field *field = &info->fields[i];
        char *at = (char *)&record->u + field->offset;
        if (field->size == 0) {
            /* Small numbers mostly: they point at things that are there. */
            const uint64_t kind = sapa_get_u64(r);
            const uint64_t value = kind == 7 ? SAPA_NONE : kind == 8 ? sapa_get_u64(r) : kind;
            memcpy(at, &value, sizeof(value));
        } else {
            const struct sapa_str text = sapa_get_str(r);
            const uint16_t n = (uint16_t)SAPA_MIN(text.n, (size_t)field->size - 1);
            memcpy(at, &n, sizeof(n));
            if (n > 0)
                memcpy(at + offsetof(struct sapa_text8, p), text.p, n);
        }
    }
}

static struct sapa_centre centre;

static void one_call(void *ctx, const struct sapa_call *call)
{
    struct sapa_report *report = *(struct sapa_report **)ctx;
    const struct sapa_call_show show = { &report->names, &fix_zones[1], SAPA_LANGUAGE_ID, true, 0 };
    size_t total = 0;
    static char buf[16384];
    struct sapa_text text;

    sapa_call_print(call, &show, &(struct sapa_lines){ swallow, &total });
    sapa_text_init(&text, buf, sizeof(buf));
    sapa_call_json(call, &show, &text);
    sapa_assert(!text.cut);
    sapa_call_csv(call, &show, &text);
}

static const struct sapa_centre *any_centre(void *ctx, struct sapa_str hash)
{
    (void)ctx;
    return hash.n % 5 == 4 ? NULL : &centre;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sapa_report *current;
    struct sapa_reader r = sapa_reader_of(data, size);
    struct sapa_report report;
    struct sapa_live live;
    struct sapa_story story;
    size_t total = 0;
    const struct sapa_lines nowhere = { swallow, &total };
    int64_t now_us = (FIX_MIDNIGHT_S + 3600) * 1000000;
    uint64_t findings;

    if (size > 20000)
        return 0;
    centre = fix_centre(size & 1);
    current = &report;
    const struct sapa_report_options options = {
        .centre = any_centre, .finished = one_call, .ctx = &current, .check = (size & 2) != 0,
        .interval = { .grain = size & 4 ? SAPA_GRAIN_DAY : SAPA_GRAIN_QUARTER },
    };
    sapa_report_init(&report, sapa_memory_heap(), &options);
    sapa_live_init(&live, sapa_memory_heap(), &report.names);
    sapa_story_init(&story, 1, &(struct sapa_why_words){ &centre, SAPA_LANGUAGE_EN }, &fix_zones[0]);
    while (sapa_reader_left(&r) > 0) {
        struct sapa_record record;
        const unsigned type = (unsigned)sapa_get_u64(&r) % SAPA_T_LIMIT;
        const int64_t pause_s = sapa_get_i64(&r) % 3000; /* a row a quarter hour and agent: days, not years */
        if (r.bad || !sapa_record_info(type))
            continue;
        sapa_record_init(&record, (enum sapa_type)type);
        fill(&r, &record);
        now_us += pause_s * 1000000;
        record.at_us = now_us;
        sapa_assert(sapa_report_fold(&report, &record) == SAPA_OK);
        sapa_assert(sapa_live_fold(&live, &record) == SAPA_OK);
        sapa_story_fold(&story, &record, &nowhere);
    }
    sapa_assert(sapa_report_end(&report, now_us) == SAPA_OK);
    for (unsigned kind = 0; kind < SAPA_ROWS_COUNT; kind++)
        for (unsigned format = 0; format <= SAPA_FORMAT_JSON; format++) {
            const struct sapa_print_options print = { .format = (enum sapa_format)format, .language = format & 1,
                                                      .every_column = kind & 1 };
            sapa_assert(sapa_report_print(&report.intervals, (enum sapa_rows)kind, &print, &nowhere) == SAPA_OK);
        }
    if (options.check)
        sapa_assert(sapa_report_check(&report, &nowhere, &findings) == SAPA_OK);

    struct sapa_view_queue queues[FIX_QUEUES];
    struct sapa_view_agent agents[FIX_AGENTS];
    struct sapa_view_call calls[9];
    struct sapa_view_news news[64];
    const struct sapa_view_room room = { queues, agents, calls, news, FIX_QUEUES, FIX_AGENTS, 9, 64 };
    struct sapa_view view;
    sapa_assert(sapa_live_view(&live, now_us, size & 8 ? SAPA_LANGUAGE_EN : SAPA_LANGUAGE_ID, &room, &view) == SAPA_OK);
    sapa_top_print(&view, &(struct sapa_top_options){ .columns = 100, .rows = 50, .colour = true }, &nowhere);

    struct fix_bytes bytes = { 0 };
    struct sapa_live again;
    sapa_assert(sapa_live_save(&live, &(struct sapa_save){ fix_put, &bytes }) == SAPA_OK);
    sapa_live_init(&again, sapa_memory_heap(), &report.names);
    sapa_assert(sapa_live_load(&again, &(struct sapa_load){ fix_get, &bytes }) == SAPA_OK);
    sapa_live_done(&again);
    free(bytes.bytes);
    sapa_live_done(&live);
    sapa_report_done(&report);
    return 0;
}
