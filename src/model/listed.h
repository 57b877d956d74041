/**
 * @file model/listed.h
 * Do-not-contact lists: may this number be called for this client?
 *
 * Whoever posts an input that asks for a call outside (agent_call, contact_passed) looks the number up and puts the
 * answer into its field `listed`; the core masks it with the client that the call is for. So the log holds the answer
 * that was given, and a list that comes from a file, and is not part of the description's text, may change between
 * a decision and its replay. Calls that a customer asked for (callbacks) and numbers that a flow names are not looked up.
 * A list of one campaign stops the calls of that campaign alone; for such a call it sets the bit of the client.
 *
 * Room    model: base only.   Thread  any.   Tests   model/listed_test.c
 */
#ifndef SAPA_MODEL_LISTED_H
#define SAPA_MODEL_LISTED_H

#include "model/centre.h"

/**
 * A number as it is written: E.164 with or without "+", with the usual signs between its digits (RFC 3966 5.1.1).
 * @param ret  its digits as an integer; no number in E.164 begins with 0
 * @retval false  it is none: other signs, fewer than 4 or more than 15 digits, a 0 in front
 */
bool sapa_listed_parse(struct sapa_str text, uint64_t *ret);

/** Bit i: the number is on a list of client i, or of all. 0: on none, or no number in E.164. O(log numbers). */
uint64_t sapa_listed(const struct sapa_centre *centre, struct sapa_str number);
/** The same for a call of this campaign (index; SAPA_NONE: none). */
uint64_t sapa_listed_for(const struct sapa_centre *centre, struct sapa_str number, uint32_t campaign);

/**
 * The campaign that a call outside belongs to: the one that was named, else the agent's own, unless the call is for
 * another client or placed beside a contact.
 * @param named   index + 1, 0: none was named      @param client  that was named, or SAPA_NONE
 * @param beside  a contact is in hand
 * @return index; SAPA_NONE: none
 */
uint32_t sapa_campaign_of(const struct sapa_centre *centre, uint32_t agent, uint64_t named, uint64_t client, bool beside);

/**
 * The rule of `callers` for somebody who calls a client: the longest prefix; of equally long ones VIP before allow before
 * block. NULL: there is none. O(rules).
 */
const struct sapa_caller_rule *sapa_caller_rule_find(const struct sapa_centre *centre, uint32_t client, struct sapa_str address);
enum { SAPA_CALLER_VIP = 2 }; /* sapa_caller_rule.what */

#endif
