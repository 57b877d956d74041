/**
 * @file core/right.h
 * May this agent place this call? Rights by role and number, hours, do-not-contact; denied by default.
 *
 * Room    core: pure.   Thread  any; nothing is kept.
 * Tests   core/right_test.c
 */
#ifndef SAPA_CORE_RIGHT_H
#define SAPA_CORE_RIGHT_H

#include "model/centre.h"

/** What an agent wants to call. */
struct sapa_call_wish {
    uint32_t agent;
    enum sapa_target kind;
    uint32_t target;        /* index; SAPA_NONE with OUTSIDE */
    struct sapa_str number; /* OUTSIDE: E.164 without plus */
    uint32_t client;        /* for whom; SAPA_NONE: `beside`, else the only one that he is granted and may call for */
    uint32_t beside;        /* client of the contact that he has on hold; SAPA_NONE */
    bool listed;            /* the number is on a do-not-contact list */
};

/**
 * @param ret_client  for whom the call is, SAPA_NONE with calls to colleagues; written when NONE is returned
 * @param ret_from    number whose identity is shown outside, SAPA_NONE: none; written likewise
 * @return NONE: allowed
 */
enum sapa_call_denial sapa_right_to_call(const struct sapa_centre *centre, const struct sapa_call_wish *wish,
                                         int64_t now_us, uint32_t *ret_client, uint32_t *ret_from);

#endif
