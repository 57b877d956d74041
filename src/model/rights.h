/**
 * @file model/rights.h
 * What somebody may do through the API and the desk, and the roles that are always there.
 *
 * Tokens have one of these roles; roles of the centre description name rights, or these roles for all of theirs.
 * Names stand in the store and in descriptions: append only.
 * Room    model: base only.   Thread  any.   Tests   http/route_test.c, config/people_test.c
 */
#ifndef SAPA_MODEL_RIGHTS_H
#define SAPA_MODEL_RIGHTS_H

#include "base/str.h"

/*  X(ID, "name in the description of the API", "what it allows")  */
#define SAPA_RIGHTS(X) \
    X(LIVE, "live", "see contacts, queues, agents, switches") \
    X(PERSON, "person", "see callers' numbers in full and find people") \
    X(REPORT, "report", "read reports") \
    X(RECORDING, "recording", "list recordings") \
    X(LISTEN, "listen", "hear recordings") \
    X(CENTRE, "centre", "read the centre description and its versions") \
    X(AUDIT, "audit", "read who changed what") \
    X(SELF, "self", "change the state of one's own agent, and handle one's own contacts") \
    X(AGENTS, "agents", "change the state of any agent") \
    X(CONTACTS, "contacts", "move contacts") \
    X(SWITCH, "switch", "switch surge and closed") \
    X(ERASE, "erase", "erase a person for good") \
    X(RELOAD, "reload", "read the centre description again") \
    X(TOKENS, "tokens", "create, list and revoke tokens") \
    X(METRICS, "metrics", "read metrics") \
    X(WEBHOOKS, "webhooks", "create, see and change webhooks") \
    X(CONFIGURE, "configure", "change the centre description") \
    X(SUPERVISE, "supervise", "place calls for any agent, and handle the contacts in any agent's hands") \
    X(USERS, "users", "see users and sessions, set passwords, end sessions") \
    X(MERGE, "merge", "say that two persons are one, and take it back") \
    X(PROMPTS, "prompts", "speak prompts in by telephone") \
    X(HEAR, "hear", "listen to conversations while they last") \
    X(WHISPER, "whisper", "with hear: speak to the agent alone") \
    X(BARGE, "barge", "with hear: join a conversation") \
    X(TAKEOVER, "takeover", "with hear: take an agent's place in a conversation") \
    X(WALL, "wall", "see wallboards and their figures, nothing of contacts and people") \
    X(WALLBOARDS, "wallboards", "make, change and link wallboards") \
    X(TARGETS, "targets", "set targets: what figures of the centre, clients, queues and teams shall be") \
    X(COACH, "coach", "with listen: write coaching notes to agents at moments of their recordings, and see what came of them") \
    X(REFUSE, "refuse", "refuse contacts that are offered")

enum sapa_right {
#define X(id, name, text) SAPA_RIGHT_##id,
    SAPA_RIGHTS(X)
#undef X
    SAPA_RIGHT_COUNT
};
#define SAPA_RIGHT_BIT(id) (UINT32_C(1) << SAPA_RIGHT_##id)

/*  X(ID, "name", rights)  */
#define SAPA_ROLES(X) \
    X(ADMIN, "admin", (UINT32_C(1) << SAPA_RIGHT_COUNT) - 1) \
    X(SUPERVISOR, "supervisor", SAPA_RIGHT_BIT(LIVE) | SAPA_RIGHT_BIT(PERSON) | SAPA_RIGHT_BIT(REPORT) | \
      SAPA_RIGHT_BIT(RECORDING) | SAPA_RIGHT_BIT(LISTEN) | SAPA_RIGHT_BIT(CENTRE) | SAPA_RIGHT_BIT(SELF) | \
      SAPA_RIGHT_BIT(AGENTS) | SAPA_RIGHT_BIT(CONTACTS) | SAPA_RIGHT_BIT(SWITCH) | SAPA_RIGHT_BIT(SUPERVISE) | \
      SAPA_RIGHT_BIT(HEAR) | SAPA_RIGHT_BIT(WHISPER) | SAPA_RIGHT_BIT(BARGE) | SAPA_RIGHT_BIT(TAKEOVER) | \
      SAPA_RIGHT_BIT(WALL) | SAPA_RIGHT_BIT(WALLBOARDS) | SAPA_RIGHT_BIT(COACH) | SAPA_RIGHT_BIT(REFUSE)) \
    X(AGENT, "agent", SAPA_RIGHT_BIT(LIVE) | SAPA_RIGHT_BIT(SELF) | SAPA_RIGHT_BIT(REFUSE)) \
    X(VIEWER, "viewer", SAPA_RIGHT_BIT(LIVE) | SAPA_RIGHT_BIT(REPORT) | SAPA_RIGHT_BIT(WALL)) \
    X(AUDITOR, "auditor", SAPA_RIGHT_BIT(LIVE) | SAPA_RIGHT_BIT(REPORT) | SAPA_RIGHT_BIT(CENTRE) | \
      SAPA_RIGHT_BIT(AUDIT) | SAPA_RIGHT_BIT(RECORDING)) \
    X(MONITOR, "monitor", SAPA_RIGHT_BIT(METRICS)) \
    X(WALL, "wall", SAPA_RIGHT_BIT(WALL)) \
    X(DIRECTOR, "director", SAPA_RIGHT_BIT(LIVE) | SAPA_RIGHT_BIT(REPORT) | SAPA_RIGHT_BIT(RECORDING) | \
      SAPA_RIGHT_BIT(LISTEN) | SAPA_RIGHT_BIT(CENTRE) | SAPA_RIGHT_BIT(AUDIT) | SAPA_RIGHT_BIT(WALL) | SAPA_RIGHT_BIT(TARGETS)) \
    X(TRAINER, "trainer", SAPA_RIGHT_BIT(LIVE) | SAPA_RIGHT_BIT(REPORT) | SAPA_RIGHT_BIT(RECORDING) | \
      SAPA_RIGHT_BIT(LISTEN) | SAPA_RIGHT_BIT(COACH)) \
    X(TECHNICIAN, "technician", SAPA_RIGHT_BIT(METRICS) | SAPA_RIGHT_BIT(RELOAD))

enum sapa_role {
#define X(id, name, rights) SAPA_ROLE_##id,
    SAPA_ROLES(X)
#undef X
    SAPA_ROLE_COUNT
};

const char *sapa_role_name(unsigned role);
/** SAPA_ROLE_COUNT when there is none of this name. */
enum sapa_role sapa_role_of(struct sapa_str name);
uint32_t sapa_role_rights(unsigned role);
const char *sapa_right_name(unsigned right);
const char *sapa_right_text(unsigned right);

#endif
