/**
 * @file http/route.h
 * The API as one table: method, path, right, parameters, body, reply. The server is driven by it and the
 * OpenAPI 3.1 document is printed from it, so that neither can know a route that the other does not.
 *
 * Room    http: base.   Thread  any (constant tables).
 * Design  docs/design/http.md   Tests  http/route_test.c, http/route_fuzz.c; test/scenario/80-api holds every reply against it
 */
#ifndef SAPA_HTTP_ROUTE_H
#define SAPA_HTTP_ROUTE_H

#include <jansson.h>

#include "http/json.h"
#include "http/token.h"

enum sapa_method { SAPA_GET, SAPA_POST, SAPA_PUT, SAPA_DELETE, SAPA_METHOD_COUNT };
const char *sapa_method_name(unsigned method);

enum { SAPA_ROUTE_PARAMS_MAX = 12, SAPA_ROUTE_VALUE_MAX = 128, SAPA_ROUTE_PATH_MAX = 256 };

/*
 * Types of parameters and members:
 *   string id time date integer number boolean key object, one of "a|b|c", array:TYPE, or the name of a schema;
 *   "?" behind it: may be null; "~" before it: may be missing.
 */
struct sapa_field_rule {
    const char *name, *type, *text;
};

enum sapa_schema {
#define SAPA_SCHEMAS(X) \
    X(PROBLEM, "Problem") X(CONTACT, "Contact") X(CONTACTS, "Contacts") X(RECORD, "ContactRecord") \
    X(RECORDS, "ContactRecords") X(DETAIL, "ContactDetail") X(WHY, "Why") X(ASSIGNMENT, "Assignment") \
    X(AGENT, "Agent") X(AGENTS, "Agents") X(QUEUE, "Queue") X(QUEUES, "Queues") X(NUMBER, "Number") \
    X(NUMBERS, "Numbers") X(SWITCH, "Switch") X(SWITCHES, "Switches") X(PERSON, "Person") X(PEOPLE, "People") \
    X(IDENTITY, "Identity") X(RECORDING, "Recording") X(RECORDINGS, "Recordings") X(REPORT, "Report") \
    X(CENTRE, "Centre") X(VERSION, "CentreVersion") X(VERSIONS, "CentreVersions") X(AUDIT, "AuditEntry") \
    X(AUDITS, "AuditEntries") X(TOKEN, "Token") X(TOKENS, "Tokens") X(NEW_TOKEN, "NewToken") X(ME, "Me") \
    X(DONE, "Done") X(HEALTH, "Health") X(READY, "Readiness") X(FEED_EVENT, "FeedEvent") X(FEED_MESSAGE, "FeedMessage") \
    X(B_MOVE, "MoveBody") X(B_STATE, "AgentStateBody") X(B_WRAPUP, "WrapupBody") X(B_RECORDING, "RecordingBody") \
    X(B_SKILL, "SkillBody") X(B_SWITCH, "SwitchBody") X(B_TOKEN, "TokenBody")
#define X(id, name) SAPA_SCHEMA_##id,
    SAPA_SCHEMAS(X)
#undef X
    SAPA_SCHEMA_COUNT,
    SAPA_SCHEMA_NONE = SAPA_SCHEMA_COUNT
};

/*  X(ID, METHOD, "path", RIGHT, "params", BODY schema, REPLY schema, success status, "summary")
 *  params: query parameters by name, with blanks between. RIGHT COUNT: none is needed.  */
#define SAPA_ROUTES(X) \
    X(HEALTH, GET, "/health", COUNT, "", NONE, HEALTH, 200, "The process answers") \
    X(READY, GET, "/ready", COUNT, "", NONE, READY, 200, "Calls can be taken; 503 when not") \
    X(METRICS, GET, "/metrics", METRICS, "", NONE, NONE, 200, "Metrics in the text format of Prometheus") \
    X(OPENAPI, GET, "/api/v1/openapi.json", COUNT, "", NONE, NONE, 200, "This document") \
    X(ME, GET, "/api/v1/me", COUNT, "", NONE, ME, 200, "Who the token says one is, and what it allows") \
    X(CONTACTS, GET, "/api/v1/contacts", LIVE, "client queue agent number place channel limit cursor", NONE, CONTACTS, 200, "Contacts that live now, the oldest first") \
    X(PAST, GET, "/api/v1/contacts/past", LIVE, "from to client queue agent number channel outcome limit cursor", NONE, RECORDS, 200, "Contacts that have ended, by arrival") \
    X(CONTACT, GET, "/api/v1/contacts/{contact}", LIVE, "", NONE, DETAIL, 200, "One contact, living or past: its record with stays, agents, recordings, legs and their quality") \
    X(WHY, GET, "/api/v1/contacts/{contact}/why", LIVE, "language", NONE, WHY, 200, "Why it waits or waited, and why agents were passed over, in sentences") \
    X(MOVE, POST, "/api/v1/contacts/{contact}/move", CONTACTS, "", B_MOVE, DONE, 200, "Move a waiting contact to another queue; its age is kept") \
    X(AGENTS, GET, "/api/v1/agents", LIVE, "client presence limit cursor", NONE, AGENTS, 200, "Agents and what they do") \
    X(AGENT, GET, "/api/v1/agents/{agent}", LIVE, "", NONE, AGENT, 200, "One agent") \
    X(STATE, POST, "/api/v1/agents/{agent}/state", SELF, "", B_STATE, DONE, 200, "Ready, not ready for a reason, or logged out") \
    X(WRAPUP, POST, "/api/v1/agents/{agent}/wrapup", SELF, "", B_WRAPUP, DONE, 200, "End wrap-up with a disposition, or ask for more time") \
    X(RECORD, POST, "/api/v1/agents/{agent}/recording", SELF, "", B_RECORDING, DONE, 200, "Pause, resume or start the recording of the contact in hand") \
    X(SKILL, PUT, "/api/v1/agents/{agent}/skills/{skill}", AGENTS, "", B_SKILL, DONE, 200, "Change a skill by hand, for good or until a time") \
    X(QUEUES, GET, "/api/v1/queues", LIVE, "client", NONE, QUEUES, 200, "Queues with live figures and those of today") \
    X(QUEUE, GET, "/api/v1/queues/{queue}", LIVE, "", NONE, QUEUE, 200, "One queue") \
    X(NUMBERS, GET, "/api/v1/numbers", LIVE, "client", NONE, NUMBERS, 200, "Inbound numbers") \
    X(SWITCHES, GET, "/api/v1/switches", LIVE, "", NONE, SWITCHES, 200, "Surge and closed") \
    X(SWITCH, PUT, "/api/v1/switches/{switch}", SWITCH, "", B_SWITCH, DONE, 200, "Switch surge or closed, for all or for one client") \
    X(PEOPLE, GET, "/api/v1/people", PERSON, "phone client", NONE, PEOPLE, 200, "Find a person by telephone number") \
    X(PERSON, GET, "/api/v1/people/{person}", PERSON, "", NONE, PERSON, 200, "One person and what identifies them") \
    X(ERASE, DELETE, "/api/v1/people/{person}", ERASE, "", NONE, DONE, 200, "Erase a person: the key of all that is kept of them is destroyed") \
    X(REPORT, GET, "/api/v1/reports/{report}", REPORT, "by from to only format language", NONE, REPORT, 200, "The figures of `sapa report`") \
    X(RECORDINGS, GET, "/api/v1/recordings", RECORDING, "from to limit cursor", NONE, RECORDINGS, 200, "Recordings by the time they ended") \
    X(RECORDING, GET, "/api/v1/recordings/{recording}", RECORDING, "", NONE, RECORDING, 200, "One recording") \
    X(AUDIO, GET, "/api/v1/recordings/{recording}/audio", LISTEN, "", NONE, NONE, 200, "A recording as WAV; ranges are answered") \
    X(CENTRE, GET, "/api/v1/centre", CENTRE, "", NONE, CENTRE, 200, "The centre description in force") \
    X(VERSIONS, GET, "/api/v1/centre/versions", CENTRE, "", NONE, VERSIONS, 200, "Descriptions that were in force, the newest first") \
    X(VERSION, GET, "/api/v1/centre/versions/{hash}", CENTRE, "", NONE, CENTRE, 200, "One of them") \
    X(RELOAD, POST, "/api/v1/centre/reload", RELOAD, "", NONE, DONE, 200, "Read the description's file again; with mistakes in it the one before stays in force") \
    X(AUDIT, GET, "/api/v1/audit", AUDIT, "from to limit cursor", NONE, AUDITS, 200, "Who changed what, and from where") \
    X(TOKENS, GET, "/api/v1/tokens", TOKENS, "", NONE, TOKENS, 200, "Tokens, without their secrets") \
    X(TOKEN_NEW, POST, "/api/v1/tokens", TOKENS, "", B_TOKEN, NEW_TOKEN, 201, "A new token; its secret is shown this once") \
    X(TOKEN_END, DELETE, "/api/v1/tokens/{token}", TOKENS, "", NONE, DONE, 200, "Revoke a token for good") \
    X(LIVE, GET, "/api/v1/live", LIVE, "", NONE, FEED_MESSAGE, 101, "The live feed, a WebSocket: a snapshot, then numbered changes; each message is a FeedMessage")

enum sapa_route_id {
#define X(id, method, path, right, params, body, reply, status, text) SAPA_ROUTE_##id,
    SAPA_ROUTES(X)
#undef X
    SAPA_ROUTE_COUNT
};

struct sapa_route {
    const char *name; /* "CONTACTS" */
    const char *path, *params, *text;
    uint8_t method, right, body, reply;
    uint16_t status;
};
const struct sapa_route *sapa_route(unsigned id);

/** Parameters of one request, checked. */
struct sapa_params {
    unsigned count;
    struct sapa_param {
        const struct sapa_field_rule *rule;
        char value[SAPA_ROUTE_VALUE_MAX];
    } of[SAPA_ROUTE_PARAMS_MAX];
};
/** "" when it was not given. */
const char *sapa_params_get(const struct sapa_params *params, const char *name);

/**
 * Find the route of a path (decoded, without query). Parameters of the path go into `params`.
 * @retval SAPA_ENOENT  no such path   @retval SAPA_EDENIED  the path has no such method
 * @retval SAPA_EINVAL  a parameter is malformed: `problem` tells
 */
SAPA_MUST_CHECK sapa_rc sapa_route_find(unsigned method, struct sapa_str path, struct sapa_params *params,
                                        struct sapa_text *problem, enum sapa_route_id *ret_id);
/** Add one parameter of the query. @retval SAPA_EINVAL  not of this route, given twice, or malformed: `problem` tells */
SAPA_MUST_CHECK sapa_rc sapa_route_query(enum sapa_route_id id, struct sapa_str name, struct sapa_str value,
                                         struct sapa_params *params, struct sapa_text *problem);
/**
 * Parse a body and hold it against the route's schema: exact members, right types.
 * @param ret_body  to be freed with json_decref()
 */
SAPA_MUST_CHECK sapa_rc sapa_route_body(enum sapa_route_id id, struct sapa_str text, struct sapa_text *problem,
                                        json_t **ret_body);

/** RFC 3339 with zone, in UTC microseconds. */
SAPA_MUST_CHECK sapa_rc sapa_time_parse(struct sapa_str text, int64_t *ret_us);

/** The whole document, one object. */
void sapa_openapi(struct sapa_json *out);

#endif
