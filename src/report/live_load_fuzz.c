/*
 * Saved live figures with anything in them: they are refused, or what was taken can be folded on, looked
 * at, printed and saved. The same for the names and for a report's folds.
 */
#include "report/fixture_impl.h"
#include "report/live.h"
#include "report/print.h"
#include "report/report.h"
#include "report/top.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sapa_centre centre;

static const struct sapa_centre *any_centre(void *ctx, struct sapa_str hash)
{
    (void)ctx, (void)hash;
    return &centre;
}

static void swallow(void *ctx, struct sapa_str line)
{
    size_t *total = ctx;

    for (size_t i = 0; i < line.n; i++)
        sapa_assert(line.p[i] != '\n');
    *total += line.n;
}

static void one_call(void *ctx, const struct sapa_call *call)
{
    const struct sapa_call_show show = { ctx, &fix_zones[1], SAPA_LANGUAGE_EN, true, 0 };
    static char buf[32768];
    size_t total = 0;
    struct sapa_text text;

    sapa_call_print(call, &show, &(struct sapa_lines){ swallow, &total });
    sapa_text_init(&text, buf, sizeof(buf));
    sapa_call_json(call, &show, &text);
    sapa_text_init(&text, buf, sizeof(buf));
    sapa_call_csv(call, &show, &text);
}

static struct sapa_lines nowhere_of(size_t *total)
{
    return (struct sapa_lines){ swallow, total };
}

/* Something about each of the first ids, in an order in which it may happen. */
static void go_on(void *ctx, sapa_rc (*fold)(void *ctx, const struct sapa_record *record), int64_t at_us)
{
    static const uint16_t types[] = { SAPA_T_agent_call, SAPA_T_contact_new, SAPA_T_dial_progress, SAPA_T_party_joined,
                                      SAPA_T_contact_merged, SAPA_T_contact_transferred, SAPA_T_party_left,
                                      SAPA_T_call_denied, SAPA_T_contact_queued, SAPA_T_offer_made, SAPA_T_offer_ended,
                                      SAPA_T_contact_dequeued, SAPA_T_contact_connected, SAPA_T_agent_moved,
                                      SAPA_T_assignment_moved, SAPA_T_hold_changed, SAPA_T_contact_parted,
                                      SAPA_T_wrapup_ended, SAPA_T_contact_ended, SAPA_T_tick };

    for (uint64_t i = 0; i < 4; i++)
        for (size_t t = 0; t < SAPA_COUNT(types); t++) {
            struct sapa_record record;
            sapa_record_init(&record, (enum sapa_type)types[t]);
            const struct sapa_record_info *info = sapa_record_info(types[t]);
            for (unsigned f = 0; f < info->field_count; f++)
                if (info->fields[f].size == 0)
                    memcpy((char *)&record.u + info->fields[f].offset, &i, sizeof(i));
            record.at_us = at_us + (int64_t)i * 400000000;
            sapa_assert(fold(ctx, &record) == SAPA_OK);
        }
}

static sapa_rc fold_live(void *ctx, const struct sapa_record *record)
{
    return sapa_live_fold(ctx, record);
}

static sapa_rc fold_report(void *ctx, const struct sapa_record *record)
{
    return sapa_report_fold(ctx, record);
}

static void use_live(struct sapa_live *live, struct sapa_names *names, int64_t now_us)
{
    static struct sapa_view_queue queues[FIX_QUEUES];
    static struct sapa_view_agent agents[FIX_AGENTS];
    static struct sapa_view_call calls[9];
    static struct sapa_view_news news[64];
    const struct sapa_view_room room = { queues, agents, calls, news, FIX_QUEUES, FIX_AGENTS, 9, 64 };
    struct fix_bytes bytes = { 0 };
    struct sapa_record alarm;
    struct sapa_view view;
    struct sapa_live again;
    size_t total = 0;
    const struct sapa_lines nowhere = nowhere_of(&total);

    sapa_assert(sapa_live_save(live, &(struct sapa_save){ fix_put, &bytes }) == SAPA_OK);
    sapa_live_init(&again, sapa_memory_heap(), names);
    sapa_assert(sapa_live_load(&again, &(struct sapa_load){ fix_get, &bytes }) == SAPA_OK);
    sapa_live_done(&again);
    free(bytes.bytes);
    for (unsigned round = 0; round < 2; round++) {
        sapa_assert(sapa_live_view(live, now_us, SAPA_LANGUAGE_EN, &room, &view) == SAPA_OK);
        sapa_top_print(&view, &(struct sapa_top_options){ .columns = 100, .rows = 50, .colour = true }, &nowhere);
        (void)sapa_live_drop_alarm(live, &alarm);
        if (round == 0)
            go_on(live, fold_live, now_us);
        now_us += INT64_C(2000) * 1000000;
    }
}

static void use_report(struct sapa_report *report, int64_t now_us)
{
    size_t total = 0;
    const struct sapa_lines nowhere = nowhere_of(&total);

    go_on(report, fold_report, now_us);
    sapa_assert(sapa_report_end(report, now_us + INT64_C(3000) * 1000000) == SAPA_OK);
    for (unsigned kind = 0; kind < SAPA_ROWS_COUNT; kind++)
        sapa_assert(sapa_report_print(&report->intervals, (enum sapa_rows)kind, &(struct sapa_print_options){ .every_column = true },
                                      &nowhere) == SAPA_OK);
}

/* Years that pass make rows, rightly: that is not what is looked for. */
static bool is_near(int64_t loaded_us, int64_t now_us)
{
    return loaded_us > now_us - INT64_C(40) * 86400 * 1000000 && loaded_us < now_us + INT64_C(40) * 86400 * 1000000;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fix_bytes bytes = { 0 };

    if (size < 2 || size > 200000)
        return 0;
    centre = fix_centre(0);
    fix_put(&bytes, data + 1, size - 1);
    const struct sapa_load load = { fix_get, &bytes };
    const int64_t now_us = (FIX_MIDNIGHT_S + 30000) * 1000000;
    if (data[0] % 2 == 0) {
        struct sapa_names names;
        struct sapa_live live;
        sapa_names_init(&names, sapa_memory_heap());
        if (sapa_names_load(&names, &load) == SAPA_OK && sapa_names_take(&names, &centre) == SAPA_OK) {
            sapa_live_init(&live, sapa_memory_heap(), &names);
            if (sapa_live_load(&live, &load) == SAPA_OK && is_near(live.now_us, now_us) && is_near(live.today.now_us, now_us))
                use_live(&live, &names, SAPA_MAX(now_us, live.now_us));
            sapa_live_done(&live);
        }
        sapa_names_done(&names);
    } else {
        struct sapa_report report;
        const struct sapa_report_options options = { .centre = any_centre, .finished = one_call, .ctx = &report.names,
                                                     .interval = { .grain = SAPA_GRAIN_QUARTER } };
        sapa_report_init(&report, sapa_memory_heap(), &options);
        if (sapa_report_load(&report, &load) == SAPA_OK && is_near(report.intervals.now_us, now_us))
            use_report(&report, SAPA_MAX(now_us, report.intervals.now_us));
        sapa_report_done(&report);
    }
    free(bytes.bytes);
    return 0;
}
