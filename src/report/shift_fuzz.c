/*
 * Any bytes: as a plan in CSV (read to its end, each line good or wrong), as a plan and stretches (what is taken for a plan is
 * walked without gap, and its sums are those of the walk), and as pieces of stretches (refused, or drained and joined again).
 */
#include "report/fixture_impl.h"
#include "report/shift.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PLAN_MAX = 40, STRETCHES_MAX = 64 };

struct walk {
    int64_t at_us, planned_us;
    struct sapa_shift_sums sums;
};

static void take(void *ctx, const struct sapa_shift_piece *piece)
{
    struct walk *walk = ctx;

    sapa_assert(piece->from_us == walk->at_us && piece->to_us > piece->from_us);
    walk->at_us = piece->to_us;
    if (piece->activity != SAPA_ACTIVITY_NONE && piece->verdict != SAPA_VERDICT_UNKNOWN)
        walk->planned_us += piece->to_us - piece->from_us;
    sapa_shift_sum(piece, &walk->sums);
}

static void read_csv(const uint8_t *data, size_t size)
{
    struct sapa_shift_csv csv;
    struct sapa_shift_line line;
    char buf[256];
    struct sapa_text problem;
    sapa_rc rc;

    sapa_text_init(&problem, buf, sizeof(buf));
    if (sapa_shift_csv_open(&csv, (struct sapa_str){ (const char *)data, size }, &problem) != SAPA_OK)
        return;
    for (uint32_t before = 0; (rc = sapa_shift_csv_next(&csv, &line, &problem)) != SAPA_ENOENT; before = line.line)
        sapa_assert((rc == SAPA_OK || rc == SAPA_EINVAL) && line.line > before && (rc != SAPA_OK || (line.agent[0] && line.activity[0])));
}

static void walk_plan(struct sapa_reader in, const struct sapa_zone *zone)
{
    struct sapa_planned plan[PLAN_MAX];
    struct sapa_stretch stretches[STRETCHES_MAX];
    struct sapa_shift_sides sides = { .plan = plan, .stretches = stretches };
    struct sapa_text problem;
    struct sapa_span window;
    char buf[128];
    size_t count = 0, wrong, at = 0;
    int64_t at_us = FIX_MIDNIGHT_S * 1000000;

    for (uint64_t left = sapa_get_u64(&in) % PLAN_MAX; left > 0 && !in.bad; left--) {
        const int64_t from_s = FIX_MIDNIGHT_S + (int64_t)(sapa_get_u64(&in) % 300000);
        plan[count++] = (struct sapa_planned){ from_s, from_s + (int64_t)(sapa_get_u64(&in) % 60000), (uint32_t)(sapa_get_u64(&in) % SAPA_ACTIVITY_COUNT), 0 };
    }
    for (uint64_t left = sapa_get_u64(&in) % STRETCHES_MAX; left > 0 && !in.bad; left--) {
        at_us += (int64_t)(sapa_get_u64(&in) % 4000000000);
        const int64_t to_us = at_us + 1 + (int64_t)(sapa_get_u64(&in) % 40000000000);
        stretches[sides.stretch_count++] = (struct sapa_stretch){ at_us, to_us, .doing = SAPA_DID_READY + (uint32_t)(sapa_get_u64(&in) % 4), .reason = SAPA_NONE };
        at_us = to_us;
    }
    sapa_planned_sort(plan, count);
    sapa_text_init(&problem, buf, sizeof(buf));
    if (sapa_planned_check(plan, count, zone, &wrong, &problem) != SAPA_OK) {
        sapa_assert(wrong < count && problem.n > 0);
        return;
    }
    sides.plan_count = count;
    int64_t shifts_us = 0, scheduled_us = 0;
    for (size_t i = 0; i < count; i++) {
        sapa_assert(sapa_planned_date(plan, count, i, zone) > 0);
        shifts_us += plan[i].activity == SAPA_ACTIVITY_SHIFT ? (plan[i].to_s - plan[i].from_s) * 1000000 : 0;
    }
    while (sapa_shift_window(plan, count, zone, &at, &window)) { /* all that is planned lies in the windows */
        struct walk walk = { .at_us = window.from_s * 1000000 };
        sapa_shift_walk(&sides, window.from_s * 1000000, window.to_s * 1000000, take, &walk);
        sapa_assert(walk.at_us == window.to_s * 1000000 && walk.planned_us == walk.sums.scheduled_us);
        sapa_assert(walk.sums.in_schedule_us <= walk.sums.scheduled_us && walk.sums.scheduled_work_us <= walk.sums.scheduled_us);
        scheduled_us += walk.sums.scheduled_us;
    }
    sapa_assert(scheduled_us == shifts_us);
}

static bool join(void *ctx, uint64_t key, struct sapa_str piece)
{
    (void)key;
    sapa_assert(sapa_stretches_join(ctx, piece) == SAPA_OK);
    return true;
}

static void join_pieces(struct sapa_reader in, const struct sapa_names *names)
{
    struct sapa_stretches fold, other;

    sapa_stretches_init(&fold, sapa_memory_heap(), names, true);
    sapa_stretches_init(&other, sapa_memory_heap(), names, true);
    while (sapa_reader_left(&in) > 0) {
        const struct sapa_str piece = sapa_get_str(&in);
        if (in.bad)
            break;
        const sapa_rc rc = sapa_stretches_join(&fold, piece);
        sapa_assert(rc == SAPA_OK || rc == SAPA_ECORRUPT);
    }
    const uint64_t total = fold.total, digest = fold.digest;
    const sapa_rc drained = sapa_stretches_drain(&fold, NULL, join, &other);
    sapa_assert(drained == SAPA_OK || drained == SAPA_ELIMIT);
    sapa_assert(drained != SAPA_OK || (other.total == total && other.digest == digest));
    sapa_stretches_sort(&other);
    sapa_stretches_done(&other);
    sapa_stretches_done(&fold);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct sapa_centre centre = fix_centre(size & 1);
    struct sapa_names names;

    if (size > 20000)
        return 0;
    read_csv(data, size);
    walk_plan(sapa_reader_of(data, size), &centre.zones[centre.system.zone]);
    sapa_names_init(&names, sapa_memory_heap());
    sapa_assert(sapa_names_take(&names, &centre) == SAPA_OK);
    join_pieces(sapa_reader_of(data, size), &names);
    sapa_names_done(&names);
    return 0;
}
