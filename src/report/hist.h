/**
 * @file report/hist.h
 * Distributions that can be added: counts in buckets that grow with the value.
 *
 * A value of milliseconds falls into one of SAPA_HIST_BUCKETS: below 512 each value has its own, above
 * that every doubling is cut into 256 (the layout of HdrHistogram, G. Tene, with 8 bits). A percentile is
 * read as the upper end of the bucket that holds the nearest rank: never below the exact one, and above it
 * by less than one part in 256 (0.4 %). Two distributions joined are the distribution of both, exactly.
 *
 * An entry is one number: the bucket in the upper 13 bits, how many values in the lower 19. A bucket may
 * have several entries.
 *
 * Room    report: base; pure, integers only.   Thread  any.   Tests  report/hist_test.c
 */
#ifndef SAPA_REPORT_HIST_H
#define SAPA_REPORT_HIST_H

#include "base/base.h"

enum {
    SAPA_HIST_EXACT_BITS = 8,
    SAPA_HIST_BUCKETS = ((32 - SAPA_HIST_EXACT_BITS) << SAPA_HIST_EXACT_BITS) + (1 << SAPA_HIST_EXACT_BITS),
    SAPA_HIST_COUNT_BITS = 19,
};
static_assert(SAPA_HIST_BUCKETS <= 1 << (32 - SAPA_HIST_COUNT_BITS), "a bucket fits an entry");
#define SAPA_HIST_COUNT_MAX ((UINT32_C(1) << SAPA_HIST_COUNT_BITS) - 1)

/** Bucket of a value. */
uint32_t sapa_hist_bucket(uint32_t ms);
/** The smallest value of a bucket; that of SAPA_HIST_BUCKETS would be 2^32. */
uint64_t sapa_hist_low(uint32_t bucket);
/** What a bucket stands for: its largest value. */
uint32_t sapa_hist_high(uint32_t bucket);

static inline uint32_t sapa_hist_entry(uint32_t bucket, uint32_t count)
{
    return bucket << SAPA_HIST_COUNT_BITS | count;
}
static inline uint32_t sapa_hist_entry_bucket(uint32_t entry)
{
    return entry >> SAPA_HIST_COUNT_BITS;
}
static inline uint32_t sapa_hist_entry_count(uint32_t entry)
{
    return entry & SAPA_HIST_COUNT_MAX;
}

/** A distribution to be read; memory of whoever gives it. */
struct sapa_hist {
    const uint32_t *entries; /* by bucket, ascending */
    uint32_t entry_count;
    uint64_t total;          /* values */
};

/**
 * Nearest rank: the smallest value that `percent` of all values do not exceed, as good as its bucket is.
 * @param percent  1..100   @return ms, 0 of an empty distribution
 */
uint32_t sapa_hist_percentile(const struct sapa_hist *hist, unsigned percent);
/** How many values fall into buckets that lie below `ms` as a whole or begin at it at most. */
uint64_t sapa_hist_up_to(const struct sapa_hist *hist, uint32_t ms);

#endif
