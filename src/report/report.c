#include "report/report.h"

#include "report/save_impl.h"

enum { REPORT_MARK = 0x50455253, REPORT_VERSION = 2 }; /* "SREP"; 2: stretches */

static void call_finished(void *ctx, const struct sapa_call *call)
{
    struct sapa_report *report = ctx;

    sapa_intervals_call(&report->intervals, call);
    if (report->options.check)
        sapa_check_call(&report->check, call);
    if (report->options.finished)
        report->options.finished(report->options.ctx, call);
}

void sapa_report_init(struct sapa_report *report, const struct sapa_memory *memory,
                      const struct sapa_report_options *options)
{
    report->options = *options;
    if (options->check) {
        report->options.interval.kinds = 0;
        report->options.interval.from_s = report->options.interval.to_s = 0;
    }
    sapa_names_init(&report->names, memory);
    sapa_calls_init(&report->calls, memory, &report->names);
    report->calls.finished = call_finished;
    report->calls.ctx = report;
    sapa_intervals_init(&report->intervals, memory, &report->names, &report->options.interval);
    sapa_stretches_init(&report->stretches, memory, &report->names, options->stretches);
    sapa_check_init(&report->check, memory, &report->names);
}

void sapa_report_done(struct sapa_report *report)
{
    sapa_check_done(&report->check);
    sapa_stretches_done(&report->stretches);
    sapa_intervals_done(&report->intervals);
    sapa_calls_done(&report->calls);
    sapa_names_done(&report->names);
}

sapa_rc sapa_report_fold(struct sapa_report *report, const struct sapa_record *record)
{
    sapa_rc rc = SAPA_OK;

    if (record->type == SAPA_T_centre_started && report->options.centre) {
        const struct sapa_centre *centre =
            report->options.centre(report->options.ctx, sapa_sized_str(&record->u.centre_started.centre_hash));
        if (centre && centre != report->names.centre)
            rc = sapa_names_take(&report->names, centre);
    }
    if (rc == SAPA_OK && report->options.check)
        rc = sapa_check_fold(&report->check, record);
    if (rc == SAPA_OK)
        rc = sapa_intervals_fold(&report->intervals, record);
    if (rc == SAPA_OK)
        rc = sapa_stretches_fold(&report->stretches, record);
    /* After the intervals: a call record that this hands out finds its contact counted. */
    return rc == SAPA_OK ? sapa_calls_fold(&report->calls, record) : rc;
}

sapa_rc sapa_report_end(struct sapa_report *report, int64_t now_us)
{
    sapa_calls_flush(&report->calls);
    const sapa_rc rc = sapa_intervals_until(&report->intervals, SAPA_MAX(now_us, report->intervals.now_us));
    return rc == SAPA_OK ? sapa_stretches_until(&report->stretches, report->intervals.now_us) : rc;
}

/* 1,204 as people write it. */
static void print_count(struct sapa_text *out, uint64_t value)
{
    char digits[24];
    struct sapa_text text;

    sapa_text_init(&text, digits, sizeof(digits));
    sapa_text_printf(&text, "%llu", (unsigned long long)value);
    for (size_t i = 0; i < text.n; i++) {
        if (i > 0 && (text.n - i) % 3 == 0)
            sapa_text_char(out, ',');
        sapa_text_char(out, digits[i]);
    }
}

sapa_rc sapa_report_check(struct sapa_report *report, const struct sapa_lines *out, uint64_t *ret_findings)
{
    struct sapa_check *check = &report->check;
    const sapa_rc rc = sapa_check_end(check, &report->intervals, &report->calls);
    uint64_t broken = 0;
    char buf[400];
    struct sapa_text line;

    if (rc != SAPA_OK)
        return rc;
    sapa_text_init(&line, buf, sizeof(buf));
    print_count(&line, check->records);
    sapa_text_add(&line, SAPA_STR(" records, "));
    print_count(&line, check->opened);
    sapa_text_add(&line, SAPA_STR(" contacts, "));
    print_count(&line, check->contacts.count);
    sapa_text_add(&line, SAPA_STR(" of them open, "));
    print_count(&line, report->calls.closed.count);
    sapa_text_add(&line, SAPA_STR(" in wrap-up or with a recording not ended yet"));
    out->line(out->ctx, sapa_text_str(&line));
    for (unsigned i = 0; i < SAPA_IDENTITY_COUNT; i++) {
        sapa_text_init(&line, buf, sizeof(buf));
        sapa_text_printf(&line, "%-10s", sapa_identity_name(i));
        print_count(&line, check->checks[i]);
        sapa_text_add(&line, SAPA_STR(" checks, "));
        if (check->broken[i] == 0) {
            sapa_text_add(&line, SAPA_STR("good"));
        } else {
            print_count(&line, check->broken[i]);
            sapa_text_add(&line, SAPA_STR(" broken"));
        }
        if (i == SAPA_IDENTITY_RECORDING)
            sapa_text_printf(&line, " (conversation %llu s = recorded %llu + masked %llu + excluded %llu + missing %llu)",
                             (unsigned long long)check->conversation_ms / 1000,
                             (unsigned long long)check->recorded_ms / 1000,
                             (unsigned long long)check->masked_ms / 1000,
                             (unsigned long long)check->excluded_ms / 1000,
                             (unsigned long long)check->unrecorded_ms / 1000);
        out->line(out->ctx, sapa_text_str(&line));
        broken += check->broken[i];
    }
    if (check->lost_recordings > 0) {
        sapa_text_init(&line, buf, sizeof(buf));
        sapa_text_printf(&line, "lost       %llu s of conversation are not in %llu recording%s: fault logged, nothing more to find",
                         (unsigned long long)(check->lost_ms + 500) / 1000, (unsigned long long)check->lost_recordings,
                         check->lost_recordings == 1 ? "" : "s");
        out->line(out->ctx, sapa_text_str(&line));
    }
    for (uint32_t i = 0; i < check->finding_count; i++) {
        const struct sapa_check_finding *finding = &check->findings[i];
        sapa_text_init(&line, buf, sizeof(buf));
        sapa_text_printf(&line, "%s: ", sapa_identity_name(finding->identity));
        if (finding->seq != 0)
            sapa_text_printf(&line, "record %llu: ", (unsigned long long)finding->seq);
        sapa_text_add(&line, sapa_str_of(finding->text));
        out->line(out->ctx, sapa_text_str(&line));
    }
    *ret_findings = broken;
    return SAPA_OK;
}

/* ---- saving ---- */

struct report_head {
    char centre_hash[72];
    uint32_t check, unused;
};

sapa_rc sapa_report_save(const struct sapa_report *report, const struct sapa_save *save)
{
    struct report_head head = { .check = report->options.check };
    sapa_rc rc = save_head(save, REPORT_MARK, REPORT_VERSION, sizeof(head));

    if (report->names.centre)
        memcpy(head.centre_hash, report->names.centre->hash, sizeof(report->names.centre->hash));
    if (rc == SAPA_OK && !save->put(save->ctx, &head, sizeof(head)))
        rc = SAPA_EIO;
    if (rc == SAPA_OK)
        rc = sapa_names_save(&report->names, save);
    if (rc == SAPA_OK)
        rc = sapa_calls_save(&report->calls, save);
    if (rc == SAPA_OK)
        rc = sapa_stretches_save(&report->stretches, save);
    return rc == SAPA_OK ? sapa_intervals_save(&report->intervals, save) : rc;
}

sapa_rc sapa_report_load(struct sapa_report *report, const struct sapa_load *load)
{
    struct report_head head;
    sapa_rc rc = load_head(load, REPORT_MARK, REPORT_VERSION, sizeof(head));

    if (rc == SAPA_OK && !load->get(load->ctx, &head, sizeof(head)))
        rc = SAPA_ECORRUPT;
    /* A check looks at every record: it has no middle to begin from. */
    if (rc == SAPA_OK && (report->options.check || head.check))
        rc = SAPA_ESTATE;
    if (rc == SAPA_OK)
        rc = sapa_names_load(&report->names, load);
    if (rc == SAPA_OK && head.centre_hash[0] != '\0' && report->options.centre) {
        head.centre_hash[sizeof(head.centre_hash) - 1] = '\0';
        const struct sapa_centre *centre =
            report->options.centre(report->options.ctx, sapa_str_of(head.centre_hash));
        rc = centre ? sapa_names_take(&report->names, centre) : SAPA_ENOENT;
    }
    if (rc == SAPA_OK)
        rc = sapa_calls_load(&report->calls, load);
    if (rc == SAPA_OK)
        rc = sapa_stretches_load(&report->stretches, load);
    return rc == SAPA_OK ? sapa_intervals_load(&report->intervals, load) : rc;
}
