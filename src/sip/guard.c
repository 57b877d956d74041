/*
 * A token bucket for each source, kept in buckets of eight: a look-up touches one or two cache lines
 * and a flood of invented addresses only pushes out its own kind. A bucket may run into debt: as long
 * as that is less than a burst a source is refused, beyond it is ignored.
 */
#include "sip/guard.h"

#include <stdlib.h>

#include "sip/map_impl.h"
#include "sip/secret_impl.h"

enum { WAYS = 8, TRUSTED_MAX = 256 };
#define TOKEN 1000000LL /* a token in units: one unit refills per microsecond and per_s */

struct source {
    uint64_t key; /* 0: free */
    int64_t seen_us;
    int64_t units;
};

struct sapa_sip_guard {
    struct sapa_sip_guard_opts opts;
    struct sapa_sip_ip trusted[TRUSTED_MAX];
    unsigned trusted_count;
    uint64_t refused;
    size_t buckets;
    struct source sources[];
};

sapa_rc sapa_sip_guard_open(const struct sapa_sip_guard_opts *opts,
                            struct sapa_sip_guard **ret_guard)
{
    const uint32_t sources = opts->sources_max ? opts->sources_max : 4096;
    size_t buckets = 1;

    if (sources > 1u << 22)
        return SAPA_EINVAL;
    while (buckets * WAYS < sources)
        buckets *= 2;
    struct sapa_sip_guard *guard =
        calloc(1, sizeof(*guard) + buckets * WAYS * sizeof(guard->sources[0]));
    if (!guard)
        return SAPA_ENOMEM;
    guard->opts = *opts;
    secret_fill(guard->opts.secret);
    if (!guard->opts.per_s)
        guard->opts.per_s = 200;
    if (!guard->opts.burst)
        guard->opts.burst = 400;
    guard->buckets = buckets;
    *ret_guard = guard;
    return SAPA_OK;
}

void sapa_sip_guard_close(struct sapa_sip_guard *guard)
{
    free(guard);
}

sapa_rc sapa_sip_guard_trust(struct sapa_sip_guard *guard, const struct sapa_sip_ip *source)
{
    for (unsigned i = 0; i < guard->trusted_count; i++) {
        if (sapa_sip_ip_same_host(&guard->trusted[i], source))
            return SAPA_OK;
    }
    if (guard->trusted_count == TRUSTED_MAX)
        return SAPA_ELIMIT;
    guard->trusted[guard->trusted_count++] = *source;
    return SAPA_OK;
}

uint64_t sapa_sip_guard_refused(const struct sapa_sip_guard *guard)
{
    return guard->refused;
}

enum sapa_sip_guard_verdict sapa_sip_guard_take(struct sapa_sip_guard *guard,
                                                const struct sapa_sip_ip *ip, int64_t now_us)
{
    const int64_t full = guard->opts.burst * TOKEN;
    struct sapa_sip_hash hash;
    struct source *slot = NULL;

    for (unsigned i = 0; i < guard->trusted_count; i++) {
        if (sapa_sip_ip_same_host(&guard->trusted[i], ip))
            return SAPA_SIP_GUARD_PASS;
    }
    sapa_sip_hash_begin(&hash, guard->opts.secret);
    sapa_sip_hash_u64(&hash, ip->family);
    sapa_sip_hash_raw(&hash, ip->bytes, ip->family == 6 ? 8 : 4);
    const uint64_t key = sapa_sip_hash_end(&hash);
    struct source *bucket = &guard->sources[(key & (guard->buckets - 1)) * WAYS];
    for (int i = 0; i < WAYS && (!slot || slot->key != key); i++) {
        if (bucket[i].key == key || !slot || bucket[i].seen_us < slot->seen_us ||
            (bucket[i].key == 0 && slot->key != 0))
            slot = &bucket[i];
    }
    if (slot->key != key)
        *slot = (struct source){ .key = key, .seen_us = now_us, .units = full };
    const int64_t passed_us = SAPA_MIN(SAPA_MAX(now_us - slot->seen_us, 0), 3600 * 1000000LL);
    slot->units = SAPA_MIN(full, slot->units + passed_us * guard->opts.per_s);
    slot->seen_us = SAPA_MAX(slot->seen_us, now_us);
    if (slot->units >= TOKEN) {
        slot->units -= TOKEN;
        return SAPA_SIP_GUARD_PASS;
    }
    guard->refused++;
    if (slot->units - TOKEN <= -full)
        return SAPA_SIP_GUARD_DROP;
    slot->units -= TOKEN;
    return SAPA_SIP_GUARD_REFUSE;
}
