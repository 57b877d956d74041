#include "report/hist.h"

enum { BITS = SAPA_HIST_EXACT_BITS };

uint32_t sapa_hist_bucket(uint32_t ms)
{
    if (ms < 1u << BITS)
        return ms;
    const uint32_t shift = 31 - (uint32_t)__builtin_clz(ms) - BITS; /* ms >> shift has BITS + 1 bits */
    return ((shift + 1) << BITS) + (ms >> shift) - (1u << BITS);
}

uint64_t sapa_hist_low(uint32_t bucket)
{
    const uint32_t octave = bucket >> BITS;

    if (octave == 0)
        return bucket;
    return (uint64_t)((bucket & ((1u << BITS) - 1)) + (1u << BITS)) << (octave - 1);
}

uint32_t sapa_hist_high(uint32_t bucket)
{
    return (uint32_t)(sapa_hist_low(bucket + 1) - 1);
}

uint32_t sapa_hist_percentile(const struct sapa_hist *hist, unsigned percent)
{
    const uint64_t rank = (hist->total * percent + 99) / 100;
    uint64_t seen = 0;

    for (uint32_t i = 0; i < hist->entry_count; i++) {
        seen += sapa_hist_entry_count(hist->entries[i]);
        if (seen >= rank)
            return sapa_hist_high(sapa_hist_entry_bucket(hist->entries[i]));
    }
    return 0;
}

uint64_t sapa_hist_up_to(const struct sapa_hist *hist, uint32_t ms)
{
    const uint32_t bucket = sapa_hist_bucket(ms);
    uint64_t seen = 0;

    for (uint32_t i = 0; i < hist->entry_count && sapa_hist_entry_bucket(hist->entries[i]) <= bucket; i++)
        seen += sapa_hist_entry_count(hist->entries[i]);
    return seen;
}
