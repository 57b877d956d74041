/**
 * @file core/right.h
 * May this agent place this call? Rights by role and number, hours, do-not-contact; denied by default.
 *
 * Rules of the agent's role match a call by its kind, by how the number begins, and by the client that it is for.
 * A deny outside its hours does not count. Of the rest the longest prefix counts; of several equally long a deny
 * denies, else an allow within its hours allows, else it is outside allowed hours. No rule: denied.
 * A type of number ("premium") that is denied in its hours is denied whatever else is said; one that is allowed counts
 * before "outside" and behind every prefix. A number that no plan knows has no type: an allowed type does not let it
 * through, and where a type is denied only a prefix does. Short numbers (below 7 digits) have none either, and need none. A
 * longer one that begins with 0 is no number of any country (none in E.164 does, and what a plan understands is E.164 by then).
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
    struct sapa_str number; /* OUTSIDE: E.164 without plus; also short numbers, as they are dialled */
    uint32_t client;        /* for whom; SAPA_NONE: `beside`, his `calls_for`, or the only one that his clients and role leave */
    uint32_t beside;        /* client of the contact that he has on hold; SAPA_NONE */
    uint8_t number_type;    /* OUTSIDE: enum sapa_phone_type, 0 unknown: rules on types do not match it */
    uint64_t listed;        /* bit i: the number is on a do-not-contact list of client i (model/listed.h) */
    uint32_t campaign;      /* OUTSIDE: index + 1 of its campaign (sapa_campaign_of()), whose client the call is for; 0 none */
    uint32_t team;          /* index + 1: the agent works in it meanwhile; 0: in his own */
};

/**
 * @param ret_client  for whom the call is, SAPA_NONE with calls to colleagues; written when NONE is returned
 * @param ret_from    number whose identity is shown outside, SAPA_NONE: none; written likewise
 * @return NONE: allowed. Else the first of: TARGET (no such agent, queue, number, campaign, or no digits), CLIENT (not
 *         granted, several are possible and none is named, or the campaign is another's), RIGHT (also: the campaign has
 *         another team), HOURS, LISTED (outside only)
 */
enum sapa_call_denial sapa_right_to_call(const struct sapa_centre *centre, const struct sapa_call_wish *wish,
                                         int64_t now_us, uint32_t *ret_client, uint32_t *ret_from);

#endif
