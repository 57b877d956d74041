#include "ice/lite.h"

#include <string.h>

static_assert(SAPA_ICE_UFRAG_SIZE - 1 == sizeof(uint64_t), "a user fragment is a key");

uint64_t sapa_ice_key(struct sapa_str username)
{
    const size_t n = sapa_str_find(username, ':', 0);
    uint64_t key = 0;

    if (n == 0 || n >= SAPA_ICE_UFRAG_SIZE)
        return 0;
    memcpy(&key, username.p, n);
    return key;
}

static bool same_pair(const struct sapa_ice_pair *a, const struct sapa_ice_pair *b)
{
    return strcmp(a->ufrag, b->ufrag) == 0 && strcmp(a->pwd, b->pwd) == 0;
}

bool sapa_ice_set(struct sapa_ice *ice, const struct sapa_ice_pair *pair)
{
    struct sapa_ice_pair *known = same_pair(&ice->next, pair) ? &ice->next : same_pair(&ice->now, pair) ? &ice->now : NULL;

    if (known || !ice->now.ufrag[0]) {
        *(known ? known : &ice->now) = *pair;
        return false;
    }
    ice->next = *pair;
    return true;
}

const struct sapa_ice_pair *sapa_ice_newest(const struct sapa_ice *ice)
{
    return ice->next.ufrag[0] ? &ice->next : &ice->now;
}

/* "ours:theirs" of this pair? */
static bool is_for(const struct sapa_ice_pair *pair, struct sapa_str username)
{
    struct sapa_str theirs;
    const struct sapa_str ours = sapa_str_cut(username, ':', &theirs);

    return pair->ufrag[0] && sapa_str_eq(ours, sapa_str_of(pair->ufrag)) &&
           (!pair->peer_ufrag[0] || sapa_str_eq(theirs, sapa_str_of(pair->peer_ufrag)));
}

static size_t answer(const struct sapa_stun *stun, uint16_t error, const struct sapa_addr *from, const char *password,
                     uint8_t *ret_answer)
{
    struct sapa_stun_out out = { .type = error ? SAPA_STUN_ERROR : SAPA_STUN_SUCCESS, .error = error,
                                 .mapped = error ? NULL : from, .password = password };

    memcpy(out.transaction, stun->transaction, sizeof(out.transaction));
    if (error == 420) {
        out.unknown = stun->unknown;
        out.unknown_count = stun->unknown_count;
    }
    return sapa_stun_write(&out, ret_answer);
}

/* 0: a good check of `pair`. The order is that of RFC 8489 section 9.1.3, then 6.3.1, then RFC 8445 section 7.3.1.1. */
static uint16_t problem_of(const struct sapa_stun *stun, const uint8_t *bytes, const struct sapa_ice_pair *pair)
{
    if (!stun->has_integrity || stun->username.n == 0)
        return 400;
    if (!pair || !sapa_stun_is_by(stun, bytes, pair->pwd))
        return 401;
    if (stun->unknown_count > 0)
        return 420;
    return stun->controlled ? 487 : 0; /* one of us must lead, and a lite agent never does */
}

enum sapa_ice_result sapa_ice_take(struct sapa_ice *ice, const uint8_t *bytes, size_t size, const struct sapa_addr *from,
                                   int64_t now_us, uint8_t ret_answer[SAPA_STUN_OUT_MAX], size_t *ret_size)
{
    struct sapa_stun stun;

    *ret_size = 0;
    if (sapa_stun_parse(bytes, size, &stun) || stun.type != SAPA_STUN_REQUEST)
        return SAPA_ICE_IGNORED;
    const struct sapa_ice_pair *pair = is_for(&ice->next, stun.username)  ? &ice->next
                                       : is_for(&ice->now, stun.username) ? &ice->now
                                                                          : NULL;
    const uint16_t problem = problem_of(&stun, bytes, pair);
    /* Without a proof of the password there is nobody to sign an answer for. */
    *ret_size = answer(&stun, problem, from, problem == 400 || problem == 401 ? NULL : pair->pwd, ret_answer);
    if (problem) {
        ice->refused++;
        return SAPA_ICE_REFUSED;
    }
    ice->checks++;
    if (pair == &ice->next && stun.use_candidate) {
        ice->now = ice->next;
        memset(&ice->next, 0, sizeof(ice->next));
        ice->selected = *from;
        ice->consent_us = now_us;
        ice->lapsed = false;
        return SAPA_ICE_RESTARTED;
    }
    if (pair == &ice->next)
        return SAPA_ICE_CHECKED; /* says nothing about those who speak now */
    ice->consent_us = now_us;
    ice->lapsed = false;
    if (!stun.use_candidate || sapa_addr_equal(&ice->selected, from))
        return SAPA_ICE_CHECKED;
    ice->selected = *from;
    return SAPA_ICE_NOMINATED;
}

bool sapa_ice_is_up(const struct sapa_ice *ice)
{
    return sapa_addr_is_set(&ice->selected) && !ice->lapsed;
}

bool sapa_ice_tick(struct sapa_ice *ice, int64_t consent_us, int64_t now_us)
{
    if (!sapa_ice_is_up(ice) || now_us - ice->consent_us < consent_us)
        return false;
    return ice->lapsed = true;
}
