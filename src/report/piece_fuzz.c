/*
 * Any bytes as pieces of rows: they are refused or joined, every row can be read, printed, grouped, and drained
 * into pieces that join to the same rows again.
 */
#include "report/fixture_impl.h"
#include "report/print.h"
#include "report/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PIECES_MAX = 64 };

static void swallow(void *ctx, struct sapa_str line)
{
    *(size_t *)ctx += line.n;
}

static bool join(void *ctx, struct sapa_row_place place, struct sapa_str piece)
{
    (void)place;
    sapa_assert(sapa_intervals_join(ctx, piece) == SAPA_OK);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum sapa_grain grains[] = { SAPA_GRAIN_HOUR, SAPA_GRAIN_DAY, SAPA_GRAIN_WEEK, SAPA_GRAIN_MONTH };
    const struct sapa_interval_options quarters = { .grain = SAPA_GRAIN_QUARTER };
    const struct sapa_centre centre = fix_centre(size & 1);
    struct sapa_reader in = sapa_reader_of(data, size);
    struct sapa_names names;
    struct sapa_intervals rows, other;
    uint64_t looked, differences;
    size_t total = 0;
    const struct sapa_lines nowhere = { swallow, &total };
    char buf[256];
    struct sapa_text first;

    if (size > 20000)
        return 0;
    sapa_names_init(&names, sapa_memory_heap());
    sapa_assert(sapa_names_take(&names, &centre) == SAPA_OK);
    sapa_intervals_init(&rows, sapa_memory_heap(), &names, &quarters);
    for (unsigned i = 0; i < PIECES_MAX && sapa_reader_left(&in) > 0; i++) {
        const struct sapa_str piece = sapa_get_str(&in);
        if (in.bad)
            break;
        const sapa_rc rc = sapa_intervals_join(&rows, piece);
        sapa_assert(rc == SAPA_OK || rc == SAPA_ECORRUPT);
    }
    for (unsigned kind = 0; kind < SAPA_ROWS_COUNT; kind++)
        for (unsigned format = 0; format <= SAPA_FORMAT_JSON; format++) {
            const struct sapa_print_options print = { .format = (enum sapa_format)format, .every_column = true };
            sapa_assert(sapa_report_print(&rows, (enum sapa_rows)kind, &print, &nowhere) == SAPA_OK);
        }
    sapa_intervals_init(&other, sapa_memory_heap(), &names, &(struct sapa_interval_options){ .grain = grains[size / 2 % 4] });
    sapa_assert(sapa_intervals_group(&other, &rows) == SAPA_OK);
    sapa_intervals_done(&other);
    /* Out, and in again. */
    sapa_intervals_init(&other, sapa_memory_heap(), &names, &quarters);
    const uint32_t count = rows.rows.count + rows.agent_rows.count;
    const sapa_rc drained = sapa_intervals_drain(&rows, NULL, join, &other);
    sapa_assert(drained == SAPA_OK || drained == SAPA_ELIMIT);
    if (drained == SAPA_OK) {
        sapa_assert(rows.rows.count == 0 && rows.agent_rows.count == 0 && other.rows.count + other.agent_rows.count == count);
        sapa_text_init(&first, buf, sizeof(buf));
        sapa_assert(sapa_intervals_compare(&other, &other, &looked, &differences, &first) == SAPA_OK && differences == 0);
    }
    sapa_intervals_done(&other);
    sapa_intervals_done(&rows);
    sapa_names_done(&names);
    return 0;
}
