#include "http/schema_impl.h"

#include "report/live.h"

const struct sapa_field_rule sapa_param_rules[SAPA_PARAM_RULES] = {
    { "contact", "id", "the number of a contact" },
    { "agent", "key", "the key of an agent in the description" },
    { "queue", "key", "the key of a queue in the description" },
    { "client", "key", "the key of a client in the description" },
    { "number", "key", "an inbound number as the description has it" },
    { "skill", "key", "the key of a skill in the description" },
    { "switch", "surge|closed", "surge or closed" },
    { "person", "id", "the number of a person" },
    { "recording", "id", "the number of a recording" },
    { "token", "id", "the number of a token" },
    { "merge", "id", "the number of a merge of persons" },
    { "user", "key", "the key of a user or an agent in the description" },
    { "session", "id", "the number of a session" },
    { "offer", "id", "an agent's part in a contact, as in its assignments" },
    { "webhook", "id", "the number of a webhook" },
    { "hash", "key", "SHA-256 of a description, hex" },
    { "comment", "string", "what for, 127 bytes at most; it stands in the history" },
    { "report", "queues|agents|clients|numbers|reasons|trunks|campaigns|total", "queues, agents, clients, numbers, reasons, trunks, campaigns or total" },
    { "place", "new|menu|queue|ringing|talk|callback|outside", "where the contact stands" },
    { "channel", CHANNELS, "a channel" },
    { "presence", "offline|not ready|ready", "offline, not ready or ready" },
    { "check", "true|false", "true: the whole file is read and held against its hash" },
    { "times", "true|false", "true: with the time waited, the place in line and the time expected, as the core says them at the moment" },
    { "outcome", "key", "how the contact ended, as in its record" },
    { "limit", "integer", "a whole number: how many at most (50; 500 at most)" },
    { "cursor", "id", "where to go on: `next` of the page before" },
    { "from", "string", "a time: RFC 3339 (2026-11-21T08:15:00+07:00); for reports local time (2026-11-21 or 2026-11-21T08:15)" },
    { "to", "string", "a time, not included: as from" },
    { "by", "15m|hour|day|week|month", "15m, hour, day, week or month" },
    { "only", "key", "the key of one queue, agent …" },
    { "format", "json|csv|text", "json, csv or text" },
    { "language", "id|en", "id or en" },
    { "phone", "string", "a telephone number, E.164 where possible" },
    { "message", "id", "the number of a message" },
    { "supervision", "id", "a supervisor's part in a conversation, as in his agent" },
    { "board", "key", "the key of a wallboard: small letters, digits and dashes" },
    { "version", "integer", "a whole number: the version that is meant" },
    { "task", "id", "the number of a task of an agent" },
    { "figure", "key", "the key of a figure of FigureValues" },
    { "period", "today|recent|quarter", "today, the last thirty minutes, or the quarter of an hour that `from` lies in" },
    { "proof", "string", "what the answer to the guest's call gave for it" },
    { "day", "string", "one day, instead of from and to: 2026-11-21" },
    { "figures", "string", "keys of figures with commas between them: these alone" },
    { "columns", "all|telling", "of text: all, or telling: those that are not zero in every row" },
    { "team", "key", "the key of a team: what its agents had in hand" },
    { "note", "id", "the number of a coaching note of an agent" },
    { "party_type", "customer|prospect|internal", "what the far end is to the client: customer, prospect or internal" },
    { "ticket", "id", "the number of a ticket" },
    { "status", "open|waiting|resolved|unresolved", "open, waiting (for the customer), resolved, or unresolved: the first two" },
    { "customers", "hidden|shown", "their numbers: hidden, or shown in full, which wants the right person and stands in the audit trail" },
};

static const struct sapa_field_rule problem[] = {
    { "type", "string", "about:blank" }, { "title", "string", "what kind of problem" },
    { "status", "integer", "HTTP status" }, { "detail", "~string", "what is wrong here, and what helps" },
    { "code", "string", "name of the result, as in docs/ref/results.md" },
    { "request", "string", "id of the request, as in the header Sapa-Request" },
    { "errors", "~array:Mistake", "what is wrong with a description" },
    { "more", "~integer", "mistakes beyond those" },
};
static const struct sapa_field_rule call[] = {
    { "done", "boolean", "true: it stands in the log" }, { "seq", "id?", "place in the log" },
    { "contact", "id", "the new contact" }, { "offer", "id", "the agent's part in it" },
};
static const struct sapa_field_rule b_call[] = {
    { "kind", "queue|number|agent|outside", "queue, number, agent or outside" },
    { "to", "string", "the key of a queue, of a number of the centre or of an agent; a telephone number" },
    { "client", "~key", "for whom; as the agent's rights say without" },
    { "campaign", "~key", "outside: for which campaign; the agent's own, where he has one, without" },
};
static const struct sapa_field_rule b_target[] = {
    { "kind", "queue|number|agent|outside", "queue, number, agent or outside" },
    { "to", "string", "the key of a queue, of a number of the centre or of an agent; a telephone number" },
};
static const struct sapa_field_rule b_called[] = { { "called", "note", "80 bytes at most; empty: it is not known any more" } };
static const struct sapa_field_rule b_party_type[] = { { "party_type", "customer|prospect", "customer or prospect" } };
static const struct sapa_field_rule b_other[] = { { "contact", "id", "the contact with whom was asked" } };
static const struct sapa_field_rule b_party[] = { { "party", "id", "the offer of an agent, or the attempt of somebody outside" } };
static const struct sapa_field_rule merged[] = {
    { "done", "boolean", "true: it stands in the log" }, { "seq", "id?", "place in the log" }, { "merge", "id", "to take it back" },
};
static const struct sapa_field_rule b_merge[] = { { "into", "id", "the person that it really is" } };
static const struct sapa_field_rule login[] = {
    { "token", "~string", "shown once: Authorization: Bearer TOKEN; not with `cookie`" }, { "expires", "time", "" }, { "user", "string", "" },
    { "session", "id", "of the cookie: header Sapa-Session, or the parameter `session`, names it" },
};
static const struct sapa_field_rule b_login[] = {
    { "user", "string", "key of a user or an agent" }, { "password", "text", "" },
    { "cookie", "~boolean", "true: the token comes as a cookie, for pages of this server" },
    { "code", "~string", "of the second factor, or a recovery code; wanted when the answer says EAGAIN" },
};
static const struct sapa_field_rule b_totp[] = { { "password", "text", "one's own" } };
static const struct sapa_field_rule b_totp_code[] = { { "code", "string", "six digits that the app shows now" } };
static const struct sapa_field_rule new_totp[] = {
    { "secret", "string", "base 32, to be typed" }, { "uri", "string", "otpauth:, for a QR code" },
    { "recovery", "array:string", "each good for one login when the app is lost; shown this once" },
};
static const struct sapa_field_rule b_password[] = {
    { "old", "text", "the password up to now" }, { "new", "text", "10 characters at least, 256 bytes at most" },
};
static const struct sapa_field_rule b_user_password[] = { { "password", "text", "10 characters at least, 256 bytes at most" } };
static const struct sapa_field_rule user[] = {
    { "id", "key", "" }, { "name", "string", "" }, { "agent", "boolean", "" }, { "role", "key?", "of the description" },
    { "rights", "array:string", "" }, { "clients", "array:key", "" }, { "password", "boolean", "there is one: can log in" },
    { "second_factor", "boolean", "there is one" },
};
static const struct sapa_field_rule users[] = { { "items", "array:User", "" } };
static const struct sapa_field_rule role[] = {
    { "id", "key", "" }, { "built_in", "boolean", "a token's; others stand in the description" }, { "rights", "array:string", "" },
};
static const struct sapa_field_rule right[] = { { "id", "key", "" }, { "text", "string", "what it allows" } };
static const struct sapa_field_rule roles[] = { { "items", "array:Role", "" }, { "rights", "array:Right", "" } };
static const struct sapa_field_rule session[] = {
    { "id", "id", "" }, { "user", "string", "" }, { "source", "string", "address that logged in" }, { "created", "time", "" }, { "expires", "time", "" },
    { "second_factor", "boolean", "" },
};
static const struct sapa_field_rule sessions[] = { { "items", "array:Session", "" } };
static const struct sapa_field_rule demo_person[] = {
    { "id", "key", "" }, { "name", "string", "" }, { "agent", "boolean", "" }, { "role", "key?", "of the description" },
    { "team", "key?", "" }, { "clients", "array:key", "" }, { "rights", "array:string", "" },
    { "free", "boolean", "an agent in whose place nobody sits, simulated or not" },
};
static const struct sapa_field_rule demo[] = { { "name", "string", "of the centre" }, { "items", "array:DemoPerson", "" } };
static const struct sapa_field_rule b_demo_login[] = {
    { "user", "string", "key of a user or an agent" }, { "cookie", "~boolean", "true: the token comes as a cookie, for pages of this server" },
};
static const struct sapa_field_rule d_client[] = { { "id", "key", "" }, { "name", "string", "" }, { "language", "id|en", "" } };
static const struct sapa_field_rule d_disposition[] = {
    { "id", "key", "" }, { "id_name", "string", "in Indonesian" }, { "en_name", "string", "in English" }, { "solved", "boolean", "" },
};
static const struct sapa_field_rule d_queue[] = {
    { "id", "key", "" }, { "name", "string", "" }, { "client", "key?", "" }, { "wrapup_ms", "integer", "0: none" },
    { "extend_ms", "integer", "one extension; 0: none" }, { "dispositions", "array:DirectoryDisposition", "" },
};
static const struct sapa_field_rule d_reason[] = { { "id", "key", "" }, { "id_name", "string", "in Indonesian" }, { "en_name", "string", "in English" } };
static const struct sapa_field_rule d_agent[] = {
    { "id", "key", "" }, { "name", "string", "" }, { "extension", "string", "" }, { "team", "key?", "" },
    { "ready", "boolean", "when it was asked" }, { "busy", "boolean", "with a contact, when it was asked" },
    { "leads", "boolean", "the telephone of somebody who leads one's own team" },
};
static const struct sapa_field_rule d_campaign[] = {
    { "id", "key", "" }, { "name", "string", "" }, { "client", "key?", "" }, { "brand", "string?", "in whose name one calls; null: in that of the client" },
    { "number", "key?", "that is shown" }, { "own", "boolean", "what one's calls are for when nothing is chosen" },
};
static const struct sapa_field_rule directory[] = {
    { "name", "string", "of the centre" }, { "zone", "string", "of its clocks" }, { "currency", "string", "" },
    { "clients", "array:DirectoryClient", "" }, { "queues", "array:DirectoryQueue", "" }, { "reasons", "array:DirectoryReason", "why not ready" },
    { "agents", "array:DirectoryAgent", "" }, { "skills", "array:key", "" }, { "teams", "array:key", "" },
    { "campaigns", "array:DirectoryCampaign", "for which one may place calls" },
};
static const struct sapa_field_rule phone[] = {
    { "uri", "string", "what it is: From, and To of a REGISTER" }, { "user", "string", "name of the digest (MD5)" },
    { "password", "string", "of the digest" }, { "realm", "string", "" }, { "expires", "time", "nothing is begun with it afterwards" },
    { "websocket", "string", "path of the WebSocket on this server, sub-protocol sip" },
    { "target", "string?", "of a guest: whom to call" }, { "ice_servers", "array:IceServer", "as RTCPeerConnection wants them" },
};
static const struct sapa_field_rule ice_server[] = {
    { "urls", "array:string", "" }, { "username", "~string", "" }, { "credential", "~string", "" },
};
static const struct sapa_field_rule b_web_call[] = { { "number", "string", "a number of the centre with `web: yes`" } };
static const struct sapa_field_rule mistake[] = {
    { "line", "integer?", "null: the document as a whole" }, { "column", "integer?", "" },
    { "where", "string", "path of the value" }, { "reason", "string", "" }, { "hint", "string?", "what to do about it" },
};
static const struct sapa_field_rule change[] = { { "kind", "new|changed|gone", "" }, { "text", "string", "a sentence; passwords are never in it" } };
static const struct sapa_field_rule plan[] = {
    { "from", "key", "hash of the description in force that it was compared with" }, { "hash", "key", "of the one that was given" },
    { "new", "integer", "" }, { "changed", "integer", "" }, { "gone", "integer", "" }, { "changes", "array:CentreChange", "" },
};
static const struct sapa_field_rule contact[] = {
    { "id", "id", "" }, { "client", "key?", "" }, { "channel", CHANNELS, "" }, { "direction", DIRECTIONS, "" },
    { "party_type", "customer|prospect|internal?", "what the far end is to the client; null: from before it was known" },
    { "place", "new|menu|queue|ringing|talk|callback|outside|ended", "where it stands" },
    { "number", "key?", "inbound number" }, { "queue", "key?", "" }, { "agent", "key?", "who is rung or talks" },
    { "offer", "id?", "that agent's part" }, { "person", "id?", "" },
    { "address", "string?", "caller's number; all but two digits hidden without the right person" },
    { "language", "id|en", "" }, { "priority", "integer", "" }, { "arrived", "time", "" },
    { "since", "time", "in this place" }, { "answered", "boolean", "an agent has talked to them" },
    { "held", "boolean", "" }, { "callback", "string?", "state of the callback" }, { "recording", "id?", "" },
    { "recording_paused", "boolean", "" }, { "wait_ms", "~integer", "with times: in queues, up to now" },
    { "position", "~integer", "with times, in line: 1 is next" },
    { "ewt_p50_ms", "~integer?", "with times, in line: expected wait; null when nobody serves the queue" }, { "ewt_p90_ms", "~integer?", "" },
};
static const struct sapa_field_rule contacts[] = { { "items", "array:Contact", "" }, { "next", "id?", "cursor of the next page" } };
static const struct sapa_field_rule record[] = {
    { "contact", "id", "" }, { "person", "string", "0: anonymous" }, { "channel", CHANNELS, "" },
    { "direction", DIRECTIONS, "" }, { "language", "id|en", "" }, { "client", "~string", "" }, { "number", "~string", "" },
    { "queue", "~string", "the last" }, { "agent", "~string", "the last" }, { "campaign", "~string", "that it was placed for" },
    { "party_type", "~customer|prospect|internal", "what the far end is to the client; not of contacts from before it was known" }, { "address", "string", "*** without the right person" },
    { "reference", "string", "identity of the call on the wire" }, { "arrived", "~time", "" },
    { "answered_by_flow", "~time", "" }, { "queued", "~time", "" }, { "connected", "~time", "" }, { "ended", "~time", "" },
    { "outcome", "string", "" }, { "side", "string", "who ended it" }, { "cause", "integer", "" }, { "place", "string", "" },
    { "answered", "boolean", "" }, { "total_ms", "integer", "" }, { "menu_ms", "integer", "" }, { "queue_ms", "integer", "" },
    { "ring_ms", "integer", "" }, { "talk_ms", "integer", "" }, { "hold_ms", "integer", "" }, { "wrapup_ms", "integer", "" },
    { "offers", "object", "how offers ended" }, { "recording", "object", "the recording meter" },
    { "callback", "~object", "" }, { "voicemail_ms", "~integer", "" }, { "queues", "array:RecordStay", "stays in queues" },
    { "agents", "array:RecordPart", "agents' parts, with the role in which each took part" }, { "recordings", "array:RecordRecording", "" },
    { "parties", "integer", "most who talked at once, the customer counted" }, { "conference", "boolean", "an agent brought somebody in and stayed" },
    { "merged_into", "~id", "it went on in this contact" }, { "merged_from", "~id", "the contact whose parties came in last" },
    { "transfers", "array:RecordTransfer", "who passed it on, blind or after asking, and where to" },
    { "outside", "array:object", "somebody outside who took part" },
    { "legs", "array:object", "legs with packets, loss, jitter and MOS" }, { "path", "array:any", "way through the flow" },
    { "survey", "array:object", "" }, { "left_out", "~integer", "entries that found no room" },
};
static const struct sapa_field_rule record_stay[] = {
    { "queue", "~string", "" }, { "queued", "~time", "" }, { "wait_ms", "integer", "" }, { "offers", "integer", "" },
    { "ewt_p50_ms", "integer?", "that was promised; null: nobody was ready" }, { "ewt_p90_ms", "integer?", "" },
    { "left", "~string", "how it ended" }, { "callback", "~boolean", "true: it waited to be called" },
};
static const struct sapa_field_rule record_part[] = {
    { "agent", "~string", "" }, { "queue", "~string", "" }, { "role", "offered|joined|caller|called", "" }, { "ring_ms", "integer", "" }, { "talk_ms", "integer", "" },
    { "hold_ms", "integer", "" }, { "wrapup_ms", "integer", "" }, { "disposition", "~string", "" }, { "connected", "~time", "" }, { "parted", "~time", "" },
    { "side", "~string", "who ended it" },
};
static const struct sapa_field_rule record_recording[] = {
    { "recording", "id", "" }, { "kind", "conversation|voicemail", "" }, { "state", "string", "recording, paused, complete, failed, cut, not begun" },
    { "recorded_ms", "integer", "" }, { "masked_ms", "integer", "paused on purpose" }, { "bytes", "integer", "" },
};
static const struct sapa_field_rule record_transfer[] = {
    { "how", "blind|asked", "" }, { "to", "string", "queue, number, agent or outside" }, { "agent", "~string", "who passed it on" }, { "target", "~string", "key of where to" },
    { "consultation", "~id", "the contact in which was asked" }, { "at", "~time", "" },
};
static const struct sapa_field_rule records[] = { { "items", "array:ContactRecord", "" }, { "next", "id?", "cursor of the next page" } };
static const struct sapa_field_rule note[] = {
    { "version", "integer", "for If-Match when it is written again" }, { "at", "time", "" }, { "by", "string", "user" }, { "agent", "key?", "" },
    { "text", "note?", "null: taken away, not for this token, or the person was erased" },
};
static const struct sapa_field_rule noted[] = {
    { "done", "boolean", "true: it stands in the log" }, { "seq", "id?", "place in the log" }, { "version", "integer", "of the note" },
};
static const struct sapa_field_rule b_disposition[] = {
    { "disposition", "key?", "the key of a disposition of the queue, or null for none any more" },
};
static const struct sapa_field_rule disposition[] = {
    { "id", "key", "also what is dialled" }, { "text", "string", "" }, { "group", "string?", "first level of two" },
    { "solved", "boolean", "what the customer wanted is done" },
};
static const struct sapa_field_rule dispositions[] = {
    { "queue", "key", "" }, { "required", "boolean", "wrap-up ends only with one" }, { "wrapup_ms", "integer", "time for it; 0: none" },
    { "extend_ms", "integer", "one extension; 0: none" }, { "items", "array:Disposition", "in the order of the description" },
    { "favourites", "array:key", "the five commonest at most: of the agent, then of the queue" },
};
static const struct sapa_field_rule reason[] = {
    { "id", "key", "also what is dialled" }, { "text", "string", "" }, { "team_max", "integer?", "of a team at once; null: any number" },
    { "team_now", "integer", "of the agent's team who are in it" }, { "line", "integer", "of the team who stand in line for it" },
    { "daily_ms", "integer?", "of each agent a day; null: any time" }, { "used_ms", "integer?", "today; null: no agent is meant" },
};
static const struct sapa_field_rule reasons[] = { { "items", "array:Reason", "" } };
static const struct sapa_field_rule task[] = {
    { "id", "id", "of the agent's" }, { "text", "string?", "null: the person it was about was erased" }, { "due", "time?", "null: at any time" },
    { "contact", "id?", "that it is about" }, { "by", "string", "user" }, { "created", "time", "" },
    { "client", "key?", "of that contact" }, { "name", "string?", "of its person, as the network tells it" }, { "address", "string?", "hidden as in the card" },
    { "breach", "TaskBreach?", "a target that was missed, where it is about one" },
};
static const struct sapa_field_rule task_breach[] = {
    { "figure", "key", "as in Figure" }, { "scope", "all|client|queue|team", "for what the target is set" }, { "key", "key?", "of the client, queue or team; null with all" },
    { "day", "string", "2026-11-22" }, { "value", "number", "what it was: in the unit of the figure, shares 0 to 1" }, { "target", "number", "what it should have been; of a number of a day and a team, for all who were at work" },
};
static const struct sapa_field_rule my_tasks[] = { { "items", "array:Task", "by due time" } };
static const struct sapa_field_rule owner[] = { { "id", "key", "" }, { "name", "string", "" } };
static const struct sapa_field_rule own_work[] = {
    { "callbacks", "array:CardCallback", "of the clients that the agent serves: the core offers each when its time has come" },
    { "tasks", "array:Task", "by due time, those without one last" },
    { "coaching", "array:CoachNote", "to be heard again, the newest first: the agent's own, and with the right coach" },
    { "tickets", "array:Ticket", "that the agent owns and are not resolved, the newest first; 50 at most" },
};
static const struct sapa_field_rule b_task[] = {
    { "text", "text", "300 bytes at most" }, { "due", "~time", "a time, RFC 3339" }, { "contact", "~id", "that it is about" },
};
static const struct sapa_field_rule task_made[] = {
    { "done", "boolean", "true: it stands in the log" }, { "seq", "id?", "place in the log" }, { "task", "id", "" },
};
static const struct sapa_field_rule b_task_set[] = {
    { "done", "~boolean", "true: it is gone" }, { "due", "~time?", "another time; null: at any time" },
};
static const struct sapa_field_rule b_totp_end[] = {
    { "password", "string", "one's own" }, { "code", "string", "that the app shows now, or a recovery code" },
};
static const struct sapa_field_rule b_words[] = { { "text", "text", "500 bytes at most" } };
static const struct sapa_field_rule coach_note[] = {
    { "id", "id", "of the agent's" }, { "agent", "key", "whom it is for" }, { "agent_name", "string", "" }, { "recording", "id", "" },
    { "contact", "id", "" }, { "at_ms", "integer", "from the beginning of the recording" }, { "length_ms", "integer", "of the recording" },
    { "text", "string?", "null: the person in the recording was erased" }, { "by", "string", "user" }, { "by_name", "string", "" },
    { "created", "time", "" }, { "done", "time?", "the agent has heard it again" }, { "own", "boolean", "written by who asks, who may take it back" },
};
static const struct sapa_field_rule coach_marks[] = {
    { "items", "array:CoachNote", "by their moments" },
    { "agents", "array:key", "who took part and may get a note by who asks; the last one to talk first" },
};
static const struct sapa_field_rule coach_figure[] = {
    { "figure", "key", "as in docs/ref/figures.md" }, { "unit", "string", "of the dictionary" }, { "before", "number?", "" }, { "since", "number?", "" },
    { "count_before", "integer", "contacts, or answers, that it is made of" }, { "count_since", "integer", "" },
    { "verdict", "few|neither|same|better|worse", "few: fewer than `least` on a side" },
};
static const struct sapa_field_rule coach_followed[] = {
    { "note", "CoachNote", "" }, { "before", "time", "from here to `until`" }, { "until", "time", "the quarter hour in which it was written is in neither" },
    { "since", "time", "from here on" },
    { "figures", "array:CoachFigure?", "null: of several clients, and who asks sees some of them" },
};
static const struct sapa_field_rule coach_notes[] = {
    { "items", "array:CoachFollowed", "the newest first" }, { "least", "integer", "contacts or answers on each side before anything is said of a difference" },
};
static const struct sapa_field_rule b_coach[] = {
    { "recording", "id", "of a contact in which the agent took part" }, { "at_ms", "integer", "from its beginning" }, { "text", "text", "500 bytes at most" },
};
static const struct sapa_field_rule coach_made[] = {
    { "done", "boolean", "true: it stands in the log" }, { "seq", "id?", "place in the log" }, { "note", "id", "of the agent's" },
};
static const struct sapa_field_rule favourite[] = {
    { "kind", "queue|agent|outside", "" }, { "to", "string", "key of the queue or agent, or the number; 80 bytes at most" },
    { "name", "string", "as it is shown; 80 bytes at most" },
};
static const struct sapa_field_rule favourites[] = { { "items", "array:Favourite", "4 at most, each target once" } };
static const struct sapa_field_rule my_figures[] = {
    { "agent", "key", "" }, { "from", "time", "midnight in the zone of the centre" }, { "at", "time", "" },
    { "figures", "object?", "keys as in docs/ref/figures.md; null: nothing yet today" },
    { "targets", "array:FigureTarget", "what is aimed at for each of one's team, and whether it is met today" },
};
#define NETWORK_KINDS "login|call|test"
static const struct sapa_field_rule b_network[] = {
    { "kind", NETWORK_KINDS, "login, call or test" }, { "rtt_ms", "integer", "round trip" }, { "loss_permille", "integer", "0 to 1000" },
    { "jitter_ms", "~integer", "" }, { "mos_x100", "~integer", "100 to 450" }, { "codec", "~string", "" }, { "device", "~string", "microphone or headset, browser" },
    { "path", "~direct|relay", "relay: the audio goes by a TURN server" },
};
static const struct sapa_field_rule network[] = {
    { "seq", "id", "place in the log" }, { "at", "time", "" }, { "user", "string", "" }, { "source", "string", "address it came from" },
    { "kind", NETWORK_KINDS, "" }, { "rtt_ms", "integer", "" }, { "loss_permille", "integer", "" }, { "jitter_ms", "integer?", "" },
    { "mos_x100", "integer?", "" }, { "codec", "string?", "" }, { "device", "string?", "" }, { "path", "direct|relay?", "" },
};
static const struct sapa_field_rule networks[] = { { "items", "array:Network", "" }, { "next", "id?", "cursor of the next page" } };
/* The technical state: nothing of contacts and customers may ever stand in it. */
static const struct sapa_field_rule sys_trunk[] = {
    { "id", "key", "" }, { "host", "string?", "null: calls only come from it" },
    { "state", "up|down|refused|unknown|inbound", "refused: the carrier does not take our registration; unknown: not asked yet, or its name leads nowhere" },
    { "since", "time?", "as it is" }, { "last_status", "integer?", "SIP status of what failed last, 408: no answer; null: nothing has" }, { "failed", "time?", "when that was" },
    { "calls", "integer", "now" }, { "calls_max", "integer?", "null: no limit" }, { "addresses", "integer", "" }, { "addresses_down", "integer", "of these: silent" },
    { "rtt_us", "integer?", "of OPTIONS there and back, the slowest address that answers" }, { "registers", "boolean", "calls come because we register there" },
};
#define WORKPLACES "unknown|office|elsewhere"
static const struct sapa_field_rule sys_device[] = {
    { "agent", "key", "" }, { "name", "string", "of the agent" }, { "extension", "string", "" }, { "browser", "boolean", "false: a telephone" },
    { "transport", "udp|tcp|tls|ws|wss", "" }, { "user_agent", "string?", "program and version, as it says itself" }, { "from", "string", "address it is seen at" },
    { "behind_proxy", "boolean", "`from` is the proxy's" }, { "place", WORKPLACES, "by that address, and the offices of the description" },
    { "reachable", "boolean", "it answered when it was asked last" }, { "since", "time", "registered without a gap, as far as this process has seen" }, { "expires", "time", "of the registration" },
};
static const struct sapa_field_rule sys_agent[] = { { "agent", "key", "" }, { "name", "string", "" }, { "extension", "string", "" } };
static const struct sapa_field_rule sys_media[] = {
    { "up", "boolean", "the media process answers" }, { "restarts", "integer", "since control was started" }, { "version", "integer", "of its messages" },
    { "legs", "integer?", "" }, { "recordings", "integer?", "being written" }, { "packets_dropped", "integer?", "since it was started" },
    { "delay_p99_us", "integer?", "from receiving a packet to sending it on, 99 of 100, last minute" },
};
static const struct sapa_field_rule sys_certificate[] = {
    { "use", "https|sip", "" }, { "names", "string", "with blanks between" }, { "issuer", "string?", "" }, { "own", "boolean", "signed with its own key" },
    { "until", "time?", "null: it cannot be read" }, { "problem", "string?", "why" },
};
static const struct sapa_field_rule sys_disk[] = {
    { "total_bytes", "integer?", "of the file system with the data folder" }, { "free_bytes", "integer?", "" }, { "log_bytes", "integer", "" },
    { "day_bytes", "integer?", "it fills by so much a day, by the last day; null: seen for less than an hour" }, { "days_left", "integer?", "null: not known, or it does not fill" },
};
static const struct sapa_field_rule sys_process[] = {
    { "name", "string", "" }, { "pid", "integer", "" }, { "started", "time", "" }, { "memory_bytes", "integer", "resident" }, { "cpu_ms", "integer", "used since its start" },
    { "threads", "integer", "" }, { "descriptors", "integer?", "open: sockets and files" }, { "descriptors_max", "integer?", "" },
    { "other_program", "boolean", "it runs another file than the one that answers: an upgrade that is not through" },
};
static const struct sapa_field_rule sys_listener[] = { { "kind", "udp|tcp|tls|http|https", "" }, { "address", "string", "" } };
static const struct sapa_field_rule sys_hook[] = {
    { "id", "id", "" }, { "host", "string", "that it posts to" }, { "state", "active|failing|paused|gone", "" }, { "lag", "integer", "records of the log behind it" },
    { "failures", "integer", "in a row" }, { "last_error", "string?", "" }, { "last_delivery", "time?", "" },
};
static const struct sapa_field_rule sys_log[] = {
    { "state", "string", "" }, { "seq", "id?", "last place that is safe" }, { "commits", "integer", "" }, { "slow_commits", "integer", "longer than 10 ms" },
    { "failures", "integer", "commits that were tried again" }, { "longest_commit_us", "integer", "" },
};
static const struct sapa_field_rule sys_connections[] = {
    { "http", "integer", "open now" }, { "feeds", "integer", "pages and screens that follow live" }, { "phones", "integer", "telephones in browsers" }, { "sessions", "integer", "people logged in" },
};
static const struct sapa_field_rule sys_library[] = { { "name", "string", "" }, { "version", "string", "" } };
static const struct sapa_field_rule sys_limits[] = {
    { "rtt_ms", "integer", "lines above it are bad" }, { "loss_permille", "integer", "above it" }, { "mos_x100", "integer", "below it; system.quality_alarm_mos" },
    { "certificate_days", "integer", "to be renewed before" }, { "disk_days", "integer", "left: less is too little" }, { "disk_percent", "integer", "free: less is too little" },
};
static const struct sapa_field_rule system_now[] = {
    { "now", "time", "the server's clock" }, { "name", "string", "of the installation" }, { "version", "string", "of the program" }, { "centre", "key", "hash of the description in force" },
    { "ready", "boolean", "calls can be taken" }, { "starts", "integer", "of control, ever" }, { "alarms", "array:string", "that are on" },
    { "trunks", "array:SystemTrunk", "" }, { "devices", "array:SystemDevice", "telephones that are registered" },
    { "without_device", "array:SystemAgent", "agents at work whose telephone is not there" }, { "media", "SystemMedia?", "null: the SIP thread is not there yet" },
    { "certificates", "array:SystemCertificate", "" }, { "disk", "SystemDisk", "" }, { "processes", "array:SystemProcess", "" }, { "listeners", "array:SystemListener", "" },
    { "log", "SystemLog", "" }, { "connections", "SystemConnections", "" }, { "libraries", "array:SystemLibrary", "" }, { "limits", "SystemLimits", "" }, { "webhooks", "array:SystemWebhook", "" },
};
static const struct sapa_field_rule b_note[] = { { "text", "note", "4,096 bytes at most; empty takes it away" } };
static const struct sapa_field_rule card_item[] = {
    { "id", "key", "of the variable or the node of the flow" }, { "text", "string", "what the flow calls it" },
    { "key", "string?", "pressed to get there; null: typed or found" }, { "value", "string?", "null: chosen by the key, or not for this token" },
};
static const struct sapa_field_rule card_recording[] = {
    { "id", "id", "" }, { "recorded_ms", "integer", "" }, { "complete", "boolean", "false: cut or failed" },
};
static const struct sapa_field_rule card_contact[] = {
    { "contact", "id", "" }, { "channel", CHANNELS, "" }, { "direction", DIRECTIONS, "" }, { "party_type", "customer|prospect|internal?", "what the far end is to the client; null: from before it was known" },
    { "arrived", "time", "" }, { "ended", "time?", "null: it is not over" }, { "queue", "key?", "" }, { "agent", "key?", "who gave the disposition, else who talked last" },
    { "agent_name", "string?", "" }, { "outcome", "string?", "" }, { "disposition", "key?", "" }, { "disposition_text", "string?", "" },
    { "survey", "integer?", "what he answered to its survey's first question; null: nothing, or the scale is not known" }, { "survey_scale", "integer?", "the highest answer there is" },
    { "recordings", "array:CardRecording", "" }, { "note", "Note?", "" },
    { "tickets", "array:id", "that were opened or touched in it" },
};
static const struct sapa_field_rule card_callback[] = {
    { "contact", "id", "" }, { "queue", "key?", "" }, { "state", "string", "" }, { "attempt", "integer", "" }, { "due", "time?", "" },
    { "client", "key?", "" }, { "name", "string?", "not without the right person" }, { "address", "string?", "hidden as in the card" },
};
static const struct sapa_field_rule card[] = {
    { "contact", "id", "" }, { "person", "id?", "null: nobody knows who it is" }, { "client", "key?", "" }, { "client_name", "string?", "" },
    { "customer", "string?", "what the client calls its customers" }, { "greeting", "string?", "the sentence with which the client greets" },
    { "channel", CHANNELS, "" }, { "direction", DIRECTIONS, "" }, { "party_type", "customer|prospect|internal?", "what the far end is to the client; null: from before it was known" },
    { "language", "id|en", "" }, { "number", "key?", "that was reached" },
    { "queue", "key?", "" }, { "arrived", "time", "" }, { "queued", "time?", "" }, { "connected", "time?", "" }, { "ended", "time?", "" },
    { "name", "string?", "as the network tells it" }, { "called", "string?", "how he likes to be called" }, { "address", "string?", "all but two digits hidden without the right person" },
    { "vip", "boolean", "on a list with extra priority" }, { "campaign", "key?", "that it was placed for" }, { "campaign_name", "string?", "" },
    { "brand", "string?", "of the campaign: in whose name one calls; null: in that of the client" },
    { "script", "string?", "of its campaign, else of its queue, in the language of the customer" }, { "identities", "array:Identity", "hidden like the address" },
    { "items", "array:CardItem", "what was chosen and typed, as far as the flow shows it (card in the description)" },
    { "note", "Note?", "" }, { "history", "array:CardContact", "earlier contacts of this person, the newest first" },
    { "more", "boolean", "there are earlier ones" }, { "callbacks", "array:CardCallback", "that are still open" },
    { "tickets", "array:Ticket", "of this person that are not resolved, the newest first; 20 at most" },
};
static const struct sapa_field_rule detail[] = {
    { "live", "Contact?", "while it lives" }, { "record", "ContactRecord?", "what the log says of it; null: not committed yet" },
    { "note", "Note?", "" },
};
static const struct sapa_field_rule why[] = {
    { "contact", "id", "" }, { "place", "string?", "null: it is over" }, { "position", "integer?", "1 is next" },
    { "wait_ms", "integer?", "" }, { "ewt_p50_ms", "integer?", "expected wait, the median" },
    { "ewt_p90_ms", "integer?", "nine of ten wait no longer" }, { "lines", "array:string", "the story" },
};
static const struct sapa_field_rule party[] = {
    { "party", "id", "for OFFER/drop" }, { "agent", "key?", "null: somebody outside" },
};
static const struct sapa_field_rule assignment[] = {
    { "offer", "id?", "null: of a client that is not ours" }, { "contact", "id?", "" }, { "queue", "key?", "" },
    { "state", "none|offered|talking|on hold|wrap-up", "" }, { "channel", CHANNELS, "" }, { "since", "time", "" },
    { "due", "time?", "end of ringing or wrap-up" }, { "disposition", "key?", "chosen so far" },
    { "extended", "boolean", "wrap-up has had its one extension" },
    { "parties", "array:Party", "who else talks in it besides the customer" },
    { "auto_answer", "boolean", "offered, and the agent's phone answers by itself" },
};
static const struct sapa_field_rule agent[] = {
    { "id", "key", "" }, { "name", "string", "" }, { "extension", "string", "" }, { "team", "key?", "in which he works now" },
    { "own_team", "key?", "that of the description" },
    { "presence", "offline|not ready|ready", "" }, { "reason", "key?", "why not ready" }, { "booked", "key?", "in line for a break for this reason" }, { "since", "time?", "" },
    { "phone", "boolean", "reachable" }, { "contacts", "integer", "handled since login" },
    { "assignments", "array:Assignment", "" },
    { "supervision", "Supervision?", "the conversation that his phone supervises" },
    { "changes", "array:AgentChange", "skills, queues and team that are not as the description has them" },
    { "help", "Help?", "he asks for help" }, { "message_read", "id?", "the newest message that he has read" },
    { "heard", "boolean?", "a supervisor hears one of his conversations; null: the description does not let him know" },
};
static const struct sapa_field_rule agent_change[] = {
    { "skill", "key?", "null: no skill" }, { "queue", "key?", "null: no queue" }, { "team", "key?", "in which he works; null: no team" },
    { "level", "integer?", "of the skill; 0: taken away" }, { "serves", "boolean?", "the queue, whatever his skills and his team" }, { "until", "time?", "null: for good" },
};
static const struct sapa_field_rule help[] = {
    { "state", "raised|taken", "taken: somebody comes" }, { "contact", "id?", "that he had in hand" }, { "since", "time", "in this state" },
    { "by", "string?", "who comes" },
};
#define ALERT_KINDS "waiting|longest wait|service level|abandoned|not ready|talk|line"
static const struct sapa_field_rule alert[] = {
    { "kind", ALERT_KINDS, "" }, { "queue", "key?", "of the first four" }, { "agent", "key?", "of the others" },
    { "state", "on|seen", "" }, { "since", "time", "when it came" },
    { "value", "integer", "when it came: contacts, milliseconds, millionths of a share of the last half hour, or hundredths of a MOS (line)" },
    { "limit", "integer", "of the description, likewise" }, { "by", "string?", "who has seen it" },
};
static const struct sapa_field_rule alerts[] = { { "items", "array:Alert", "" } };
static const struct sapa_field_rule b_alert[] = {
    { "kind", ALERT_KINDS, "waiting, longest wait, service level, abandoned, not ready, talk or line" },
    { "key", "key", "the key of the queue or agent" },
};
static const struct sapa_field_rule message[] = {
    { "id", "id", "" }, { "at", "time", "" }, { "until", "time", "of no interest afterwards" }, { "to", "all|team|queue|agent|leaders", "leaders: an agent to who leads his team" },
    { "key", "key?", "of the team, queue or agent" }, { "text", "string", "" }, { "by", "string", "user" },
};
static const struct sapa_field_rule messages[] = { { "items", "array:Message", "" } };
static const struct sapa_field_rule b_message[] = {
    { "to", "all|team|queue|agent", "all, team, queue or agent" }, { "key", "~key", "of the team, queue or agent" },
    { "text", "text", "500 bytes at most" }, { "until", "~time", "a time, RFC 3339; for eight hours without" },
};
static const struct sapa_field_rule supervision[] = {
    { "id", "id?", "null: of a client that is not ours" }, { "contact", "id?", "" }, { "mode", "listen|whisper|barge|takeover", "takeover: as soon as his phone is answered" },
    { "on", "boolean", "false: his phone rings" }, { "since", "time", "in this mode" },
};
static const struct sapa_field_rule b_supervise[] = {
    { "mode", "listen|whisper|barge|takeover", "listen, whisper, barge or takeover" },
    { "phone", "~key", "the agent whose phone is used; one's own without. Another's needs the right supervise" },
};
static const struct sapa_field_rule b_supervision[] = { { "mode", "listen|whisper|barge|takeover", "listen, whisper, barge or takeover" } };
static const struct sapa_field_rule supervised[] = {
    { "done", "boolean", "true: it stands in the log" }, { "seq", "id?", "place in the log" },
    { "supervision", "id", "his part; after a takeover his offer" },
};
static const struct sapa_field_rule agents[] = { { "items", "array:Agent", "" }, { "next", "id?", "" } };
static const struct sapa_field_rule queue[] = {
    { "id", "key", "" }, { "name", "string", "" }, { "client", "key?", "" }, { "open", "boolean", "" },
    { "waiting", "integer", "" }, { "callbacks_waiting", "integer", "" }, { "ringing", "integer", "" },
    { "talking", "integer", "" }, { "longest_ms", "integer", "" }, { "agents_ready", "integer", "free now" },
    { "agents_busy", "integer", "" }, { "agents_not_ready", "integer", "" },
    { "ewt_p50_ms", "integer?", "expected wait of who comes next" }, { "ewt_p90_ms", "integer?", "" },
    { "level_ms", "integer", "target" }, { "level_percent", "integer", "target" }, { "offered", "integer", "today" },
    { "answered", "integer", "today" }, { "abandoned", "integer", "today" }, { "abandoned_short", "integer", "today" },
    { "overflowed", "integer", "today" }, { "callbacks", "integer", "today" },
    { "service_level", "number?", "today, 0 to 1" }, { "abandon_rate", "number?", "today, 0 to 1, short ones apart" },
    { "asa_ms", "integer?", "today" },
    { "wait_p50_ms", "integer?", "today, of the answered: half of them waited no longer" }, { "wait_p90_ms", "integer?", "90 of 100" },
    { "wait_p95_ms", "integer?", "95 of 100" },
    { "handling_p50_ms", "integer?", "today, talk, hold and wrap-up of each agent's part" }, { "handling_p90_ms", "integer?", "" },
    { "handling_p95_ms", "integer?", "" }, { "transfers", "integer", "today, by agents" },
};
static const struct sapa_field_rule queues[] = { { "items", "array:Queue", "" }, { "at", "time", "when the figures were taken" } };
static const struct sapa_field_rule figure[] = {
    { "id", "key", "as in reports" }, { "id_name", "string", "in Indonesian" }, { "en_name", "string", "in English" },
    { "kind", "string", "count, duration, ratio …" }, { "unit", "string", "of the values here: ms, ratio (0 to 1), currency; empty of counts" },
    { "text", "string", "definition, in English" }, { "formula", "string", "empty of what is counted" }, { "edge", "string", "when there is no value, and the like" },
    { "rows", "string", "what has it" }, { "live", "boolean", "in FigureValues" },
    { "better", "neither|higher|lower", "neither: no target can be set for it" },
};
static const struct sapa_field_rule figures[] = { { "items", "array:Figure", "" } };
static const struct sapa_field_rule values[] = {
    { "offered", "integer?", "null of teams, as what else is of contacts" }, { "answered", "integer?", "" }, { "abandoned", "integer?", "" }, { "overflowed", "integer?", "" },
    { "callback", "integer?", "" }, { "handled", "integer?", "" }, { "transfers", "integer?", "" },
    { "service_level_1", "number?", "0 to 1" }, { "answer_rate", "number?", "0 to 1" }, { "abandon_rate_short", "number?", "0 to 1" },
    { "asa", "integer?", "ms" }, { "aht", "integer?", "ms" }, { "wait_max_ms", "integer?", "" },
    { "wrapup_mean", "integer?", "ms" }, { "occupancy", "number?", "0 to 1; of teams" },
};
static const struct sapa_field_rule standing[] = {
    { "id", "string", "all, client:KEY, queue:KEY or team:KEY" }, { "scope", "all|client|queue|team", "" }, { "key", "key?", "of the client, queue or team" },
    { "name", "string?", "null: of the whole centre" }, { "client", "key?", "" }, { "waiting", "integer", "" },
    { "callbacks_waiting", "integer", "" }, { "ringing", "integer", "" }, { "talking", "integer", "" },
    { "oldest", "time?", "since when the one who waits longest waits" }, { "agents_ready", "integer", "free now" },
    { "agents_busy", "integer", "" }, { "agents_not_ready", "integer", "" },
    { "level_ms", "integer?", "of queues: target" }, { "level_percent", "integer?", "of queues: target" },
    { "today", "FigureValues", "what came since the local midnight. Of clients and of all: their queues joined" },
    { "recent", "FigureValues", "what came in the last thirty minutes; of teams, what their people did in them" },
    { "targets", "array:FigureTarget", "of those figures: what is aimed at, and whether it is met" },
};
static const struct sapa_field_rule standings[] = { { "items", "array:Standing", "" }, { "at", "time", "when the figures were taken" } };
#define GOAL_STATES "met|missed|open|none"
static const struct sapa_field_rule figure_goal[] = {
    { "figure", "key", "as in Figure" }, { "target", "number", "what it shall be: in the unit of the figure, shares 0 to 1" },
    { "better", "higher|lower", "" }, { "scope", "all|client|queue|team|description", "for what it is set; description: by nobody, it is the service level of the queue's description" },
    { "from", "string?", "first day; null: of the description" }, { "to", "string?", "last day; null: no end" },
    { "today", GOAL_STATES, "open: a number of a day that goes on, not reached yet; none: the figure has no value" },
    { "recent", GOAL_STATES, "in the last thirty minutes; none also of numbers of a day" },
};
static const struct sapa_field_rule goal[] = {
    { "scope", "all|client|queue|team", "for what: the whole centre, a client, a queue; team: for each of its agents" }, { "key", "key?", "of the client, queue or team; null with all" },
    { "figure", "key", "as in Figure, where `better` says which way" }, { "value", "number", "in the unit of the figure: shares 0 to 1, milliseconds" },
    { "from", "string", "first day, 2026-11-22" }, { "to", "string?", "last day; null: no end" },
    { "owner", "~key?", "the user who is given a task when a day has missed it; null: nobody. Left out: who sets it, if he is a user of the description" },
};
static const struct sapa_field_rule goals[] = {
    { "items", "array:PerformanceTarget", "those that one may see" }, { "version", "integer", "for If-Match; 0: nothing was ever set" },
    { "changed", "time?", "" }, { "by", "string?", "" }, { "comment", "string?", "what for" },
    { "owners", "array:TargetOwner", "users who can be named; for who may set targets" },
};
static const struct sapa_field_rule b_goals[] = {
    { "items", "array:PerformanceTarget", "256 at most. Of several for the same thing and figure, the one that began last holds" },
    { "comment", "~string", "what for, 120 bytes at most; it stands in the history" },
};
static const struct sapa_field_rule goals_made[] = {
    { "done", "boolean", "true: it stands in the log" }, { "seq", "id?", "place in the log" }, { "version", "integer", "the new one" },
};
static const struct sapa_field_rule goal_version[] = {
    { "version", "integer", "" }, { "changed", "time", "" }, { "by", "string", "" }, { "comment", "string?", "" }, { "count", "integer", "targets in it" },
};
static const struct sapa_field_rule goal_versions[] = { { "items", "array:PerformanceTargetsVersion", "100 at most" } };
static const struct sapa_field_rule counted_item[] = {
    { "contact", "id", "" }, { "times", "integer", "how often it counts: a contact may stand in a queue twice" },
    { "in_level", "boolean", "served or gone within the limit of the queue" }, { "record", "ContactRecord", "so far, of one that goes on" },
};
static const struct sapa_field_rule counted[] = {
    { "figure", "key", "" }, { "from", "time", "what came to a queue from then on; of a team, what its agents did" }, { "to", "time?", "up to then; null: until now" },
    { "total", "integer", "of what the figure is made: the figure itself, where it is a count" }, { "contacts", "integer", "in how many contacts" },
    { "items", "array:CountedContact", "the newest first; those whose contacts one may see" }, { "next", "id?", "cursor of those before them; null: these are the last" },
    { "cut", "boolean", "four million records were read, and there are more: what came last is missing" },
};
static const struct sapa_field_rule wall_tile[] = {
    { "scope", "all|client|queue|team", "of what; of a team what agents have, not now" }, { "key", "key?", "of the client, the queue or the team" },
    { "figure", "key", "with the period now: waiting, callbacks_waiting, ringing, talking, oldest, agents_ready, agents_busy, agents_not_ready; else of FigureValues" },
    { "period", "now|today|recent", "recent: the last thirty minutes" },
    { "warn", "number?", "from here on it wants attention" }, { "bad", "number?", "from here on it is bad. Below `warn`: low values are bad" },
};
static const struct sapa_field_rule wall_page[] = { { "title", "string", "" }, { "tiles", "array:WallTile", "seven at most" } };
static const struct sapa_field_rule wall[] = {
    { "id", "key", "" }, { "title", "string", "" }, { "seconds", "integer", "until the next page is shown" }, { "pages", "array:WallPage", "" },
    { "version", "integer", "counted from 1" }, { "changed", "time", "" }, { "by", "string", "" }, { "links", "integer", "tokens that show it on screens" },
};
static const struct sapa_field_rule walls[] = { { "items", "array:Wallboard", "" } };
static const struct sapa_field_rule b_wall[] = {
    { "title", "string", "60 bytes at most" }, { "seconds", "integer", "5 to 600: until the next page is shown" },
    { "pages", "array:WallPage", "1 to 8 pages with 1 to 7 tiles" }, { "version", "~integer", "that it was made from; 0 or left out: a new one" },
};
static const struct sapa_field_rule wall_link[] = {
    { "secret", "string", "shown once: the page /wall#BOARD/SECRET" }, { "path", "string", "that page" }, { "token", "Token", "" },
};
static const struct sapa_field_rule web_number[] = {
    { "number", "key", "for POST" }, { "client", "key", "" }, { "name", "string", "of the client, as its page shows it" },
    { "greeting", "WebGreeting?", "the page's first sentence; null: its own" }, { "colour", "string", "\"#0b5d2e\", for white words" },
    { "colour_dark", "string", "in the dark theme, for dark words" }, { "language", "id|en", "" },
};
#define DAY_FIGURES \
    { "adherence", "number?", "in_schedule / scheduled; null without a plan" }, { "conformance", "number?", "worked / scheduled_work; null without a plan" }, \
    { "availability", "number?", "ready / logged_in" }, { "occupancy", "number?", "as in Figure" }, \
    { "scheduled_ms", "integer", "" }, { "scheduled_work_ms", "integer", "" }, { "in_schedule_ms", "integer", "" }, { "worked_ms", "integer", "" }, { "logged_in_ms", "integer", "" }
static const struct sapa_field_rule shift_entry[] = {
    { "agent", "key", "" }, { "activity", "shift|break|meeting|training|other", "shift: work on the phone, but where another entry lies in it" },
    { "start", "string", "local time of the centre: 2026-11-22T08:00" }, { "end", "string", "likewise; of a shift over midnight on the next day" },
};
static const struct sapa_field_rule shifts[] = {
    { "version", "integer", "for If-Match; 0: nothing was ever planned" }, { "from", "string", "a day" }, { "to", "string", "a day, not included" },
    { "items", "array:ShiftEntry", "by agent, then by time" },
};
static const struct sapa_field_rule b_shifts[] = {
    { "agents", "array:key", "whose plans of these days are replaced, 1000 at most; of whom there is no item nothing is planned any more" },
    { "items", "array:ShiftEntry", "20000 at most, in any order. What is no shift lies in one of the same agent" },
};
static const struct sapa_field_rule shifts_made[] = {
    { "done", "boolean", "true: it stands in the log" }, { "seq", "id?", "place in the log" }, { "version", "integer", "the new one" }, { "entries", "integer", "that are planned with it" },
};
static const struct sapa_field_rule day_plan[] = {
    { "activity", "shift|break|meeting|training|other", "" }, { "from", "time", "" }, { "to", "time", "" },
};
static const struct sapa_field_rule day_line[] = {
    { "from", "time", "" }, { "to", "time", "" }, { "planned", "shift|break|meeting|training|other?", "null: nothing" },
    { "actual", "work|out|ready|contact|wrapup|not ready|stopped", "work: ready, in contacts or in wrap-up, as planned" }, { "reason", "key?", "of not being ready" },
    { "verdict", "as planned|busy|absent|at work|unplanned|unknown", "busy: in a contact or in wrap-up where no work was planned; absent: logged out or not ready where it was; at work: ready in a planned break; unplanned: logged in outside shifts; unknown: the centre stood still" },
    { "contact_count", "integer", "" }, { "contacts", "array:id", "those that he had in hand, 20 at most" },
};
static const struct sapa_field_rule agent_day[] = {
    { "agent", "key", "" }, { "name", "string", "" }, { "day", "string", "" }, { "until", "time", "of the last that is known" },
    { "plan", "array:DayPlan", "entries whose shift begins on the day" }, { "items", "array:DayLine", "from midnight to midnight; what lies between them: logged out, and nothing was planned" },
    { "cut", "boolean", "true: there is more than 2000 lines" }, DAY_FIGURES,
};
static const struct sapa_field_rule agent_adherence[] = { { "agent", "key", "" }, { "name", "string", "" }, { "team", "key?", "" }, DAY_FIGURES };
static const struct sapa_field_rule team_adherence[] = { { "team", "key", "" }, DAY_FIGURES };
static const struct sapa_field_rule adherence[] = {
    { "day", "string", "" }, { "until", "time", "of the last that is known" },
    { "agents", "array:AgentAdherence", "who was planned or logged in" }, { "teams", "array:TeamAdherence", "their sums" },
};
static const struct sapa_field_rule web_greeting[] = { { "id", "string", "may be empty" }, { "en", "string", "" } };
static const struct sapa_field_rule web_place[] = {
    { "place", "new|menu|queue|ringing|talk|callback|outside|ended", "" }, { "position", "integer?", "1 is next; null: not in line" },
    { "ewt_p50_ms", "integer?", "expected wait: half wait no longer; null: not known, or nobody serves the queue" },
    { "ewt_p90_ms", "integer?", "nine of ten wait no longer" },
};
static const struct sapa_field_rule web_numbers[] = { { "items", "array:WebNumber", "" } };
static const struct sapa_field_rule number[] = {
    { "id", "key", "" }, { "client", "key?", "" }, { "language", "id|en", "" },
    { "priority", "integer", "" },
};
static const struct sapa_field_rule numbers[] = { { "items", "array:Number", "" } };
static const struct sapa_field_rule switch_[] = {
    { "id", "surge|closed", "" }, { "all", "boolean", "on for everybody" }, { "clients", "array:key", "on for these" },
};
static const struct sapa_field_rule switches[] = { { "items", "array:Switch", "" } };
static const struct sapa_field_rule identity[] = { { "kind", "phone|mail|handle", "" }, { "value", "string", "" } };
static const struct sapa_field_rule person[] = {
    { "id", "id", "" }, { "client", "key", "" }, { "identities", "array:Identity", "" },
};
static const struct sapa_field_rule people[] = { { "items", "array:Person", "" } };
static const struct sapa_field_rule recording[] = {
    { "id", "id", "" }, { "contact", "id", "" }, { "client", "key?", "" }, { "ended", "time", "" },
    { "state", "complete|cut|failed", "cut: its recorder died; what it had written is there" }, { "recorded_ms", "integer", "" }, { "masked_ms", "integer", "paused on purpose" },
    { "bytes", "integer", "of the encrypted file" }, { "sha256", "string?", "of the encrypted file" },
    { "intact", "~boolean?", "with check: every chunk is authentic and the hash is the one that was logged; null: none was" },
};
static const struct sapa_field_rule recordings[] = { { "items", "array:Recording", "" }, { "next", "id?", "" } };
static const struct sapa_field_rule report[] = { { "kind", "string", "" }, { "items", "array:object", "a row an interval; keys as in docs/ref/figures.md" } };
static const struct sapa_field_rule centre[] = {
    { "hash", "key", "" }, { "text", "string", "the description as it was given" },
};
static const struct sapa_field_rule version[] = {
    { "version", "integer", "counted from 1, as in sapa config" }, { "hash", "key", "" }, { "from", "time", "came into force" },
    { "seq", "id", "place in the log" }, { "by", "string?", "who brought it; null: it was there at a start" }, { "comment", "string?", "" },
};
static const struct sapa_field_rule versions[] = { { "items", "array:CentreVersion", "" } };
static const struct sapa_field_rule audit[] = {
    { "seq", "id", "place in the log" }, { "at", "time", "" }, { "request", "id", "" }, { "actor", "string", "user of the token" },
    { "role", "string", "" }, { "source", "string", "address it came from" }, { "what", "string", "method and path" },
    { "detail", "string", "what was wanted" }, { "result", "string", "name of the result" },
};
static const struct sapa_field_rule audits[] = { { "items", "array:AuditEntry", "" }, { "next", "id?", "" } };
static const struct sapa_field_rule denied_call[] = {
    { "seq", "id", "place in the log" }, { "at", "time", "" }, { "agent", "key?", "null: no agent of the description that was in force" },
    { "why", "string", "as the answer to who asked has it" }, { "kind", "queue|number|agent|outside", "what he wanted to call" },
    { "client", "key?", "for whom; null: for none" }, { "campaign", "key?", "for which; null: for none" },
    { "contact", "id?", "on hold beside it" }, { "text", "string", "when, who, what, for whom and why not, in one sentence" },
};
static const struct sapa_field_rule denied_calls[] = { { "items", "array:DeniedCall", "" }, { "next", "id?", "cursor of the next page" } };
static const struct sapa_field_rule node_exit[] = {
    { "key", "string", "pressed; empty: of itself (silence, time, the state of the centre)" }, { "flow", "string", "where to" }, { "node", "string", "" }, { "count", "integer", "" },
};
static const struct sapa_field_rule flow_node[] = {
    { "flow", "string", "" }, { "node", "string", "" }, { "entered", "integer", "" }, { "left", "integer", "to another node" }, { "talked", "integer", "with an agent then" },
    { "hung_up", "integer", "by the caller" }, { "ended", "integer", "by us" }, { "here", "integer", "now" }, { "exits", "array:FlowNodeExit", "the most used first" },
};
static const struct sapa_field_rule flow_nodes[] = { { "items", "array:FlowNode", "the most used first" } };
static const struct sapa_field_rule token[] = {
    { "id", "id", "" }, { "user", "string", "" }, { "role", "string", "" }, { "agent", "key?", "" },
    { "clients", "array:key?", "null: all" }, { "by", "string", "who made it" }, { "created", "time", "" },
    { "expires", "time?", "" }, { "revoked", "time?", "" },
};
static const struct sapa_field_rule tokens[] = { { "items", "array:Token", "" } };
static const struct sapa_field_rule new_token[] = { { "secret", "string", "shown once" }, { "token", "Token", "" } };
static const struct sapa_field_rule me[] = {
    { "user", "string", "" }, { "name", "string", "as the description has it" }, { "role", "string", "" }, { "agent", "key?", "" },
    { "clients", "array:key?", "null: all" }, { "teams", "array:key?", "that he leads; null: not bound to any" }, { "rights", "array:string", "" }, { "session", "id?", "null: a token" }, { "expires", "time?", "" },
    { "now", "time", "the server's clock" },
    { "second_factor", "none|used|wanted", "wanted: no rights until there is one" },
};
static const struct sapa_field_rule done[] = { { "done", "boolean", "true: it stands in the log" }, { "seq", "id?", "place in the log" } };
static const struct sapa_field_rule health[] = { { "alive", "boolean", "" }, { "version", "string", "" } };
static const struct sapa_field_rule ready[] = {
    { "ready", "boolean", "" }, { "log", "string", "state of the log" }, { "centre", "key?", "hash of the description in force" },
};
static const struct sapa_field_rule feed_event[] = {
    { "type", "contact|agent|queue|switches|messages|alerts|standing|tickets", "" }, { "id", "string", "" },
    { "data", "any", "Contact, Agent, Queue, Standing, a list of Switch, Message, Alert or TicketNews; null: it is gone" },
};
static const struct sapa_field_rule feed_message[] = {
    { "type", "snapshot|events", "" }, { "feed", "string", "name of this run of numbers" },
    { "n", "integer", "number of this message; a snapshot has the number that it includes" },
    { "contacts", "~array:Contact", "snapshot only" }, { "agents", "~array:Agent", "snapshot only" },
    { "queues", "~array:Queue", "snapshot only" }, { "standings", "~array:Standing", "snapshot only; none for agents" }, { "switches", "~array:Switch", "snapshot only" },
    { "messages", "~array:Message", "snapshot only" },
    { "alerts", "~array:Alert", "snapshot only" },
    { "tickets", "~array:TicketNews", "snapshot only" },
    { "events", "~array:FeedEvent", "events only" },
};
#define TICKET_STATUSES "open|waiting|resolved"
#define TICKET_OWNERS "agent|queue|team"
#define PRIORITIES "low|normal|high"
static const struct sapa_field_rule ticket[] = {
    { "id", "id", "the number that people say" }, { "version", "integer", "how many entries it has; for If-Match" }, { "person", "id", "whose it is" },
    { "client", "key", "" }, { "subject", "string?", "null: not for who asks" }, { "status", TICKET_STATUSES, "waiting: for the customer" }, { "priority", PRIORITIES, "" },
    { "owner_kind", TICKET_OWNERS "?", "null: nobody's" }, { "owner", "key?", "" }, { "owner_name", "string?", "" }, { "due", "time?", "" },
    { "created", "time", "" }, { "by", "string", "user" }, { "by_name", "string", "" },
    { "changed", "time", "" }, { "changed_by", "string", "user" }, { "changed_by_name", "string", "" }, { "resolved", "time?", "" },
    { "contacts", "array:id", "in which it was opened or touched, the first first; 100 at most" },
    { "name", "string?", "of the person, as the network told it; null on his own card" }, { "address", "string?", "hidden as in the card; null there" },
};
static const struct sapa_field_rule tickets[] = {
    { "items", "array:Ticket", "the newest first" }, { "next", "id?", "where to go on; null: that was all. A page may have fewer than asked for" },
};
static const struct sapa_field_rule ticket_entry[] = {
    { "id", "id", "of the ticket's" }, { "at", "time", "" }, { "by", "string", "user" }, { "by_name", "string", "" },
    { "contact", "id?", "in which it was made" }, { "text", "note?", "null: none, or not for who asks" },
    { "set", "array:status|owner|due|priority", "what it has changed: to what stands here" }, { "status", TICKET_STATUSES "?", "" }, { "priority", PRIORITIES "?", "" },
    { "due", "time?", "" }, { "owner_kind", TICKET_OWNERS "?", "" }, { "owner", "key?", "" }, { "owner_name", "string?", "" },
};
static const struct sapa_field_rule ticket_contact[] = {
    { "contact", "id", "" }, { "channel", CHANNELS, "" }, { "direction", DIRECTIONS, "" }, { "arrived", "time", "" },
    { "agent", "key?", "" }, { "agent_name", "string?", "" },
};
static const struct sapa_field_rule ticket_detail[] = {
    { "ticket", "Ticket", "" }, { "entries", "array:TicketEntry", "the first first" }, { "contacts", "array:TicketContact", "the last first; 20 at most" },
};
static const struct sapa_field_rule b_ticket[] = {
    { "contact", "~id", "from which it is opened; or:" }, { "person", "~id", "whose it is" }, { "subject", "text", "one line of 200 characters at most" },
    { "text", "~note", "2000 bytes at most" }, { "priority", "~" PRIORITIES, "normal without" }, { "due", "~time?", "until when; RFC 3339" },
    { "owner_kind", "~" TICKET_OWNERS "?", "with owner; null: nobody's" }, { "owner", "~key?", "of this client" },
};
static const struct sapa_field_rule b_ticket_set[] = {
    { "status", "~" TICKET_STATUSES, "" }, { "owner_kind", "~" TICKET_OWNERS "?", "with owner; null: nobody's" }, { "owner", "~key?", "of this client" },
    { "due", "~time?", "null: none" }, { "priority", "~" PRIORITIES, "" }, { "text", "~note", "2000 bytes at most" }, { "contact", "~id", "in which it is done" },
};
static const struct sapa_field_rule b_ticket_entry[] = {
    { "text", "note", "2000 bytes at most" }, { "contact", "~id", "in which it was said" },
};
static const struct sapa_field_rule ticket_made[] = {
    { "done", "boolean", "true: it stands in the log" }, { "seq", "id?", "place in the log" }, { "ticket", "id", "" }, { "version", "integer", "that it has now" },
};
static const struct sapa_field_rule ticket_news[] = {
    { "id", "id", "of a ticket that was changed" }, { "version", "integer", "" }, { "at", "time", "" }, { "person", "id", "" }, { "client", "key", "" },
    { "status", TICKET_STATUSES, "" }, { "owner_kind", TICKET_OWNERS "?", "" }, { "owner", "key?", "" },
};
static const struct sapa_field_rule b_move[] = {
    { "queue", "~key", "the key of a queue; it stays in its own without" },
    { "agent", "~key", "for whom it waits, as long as the queue says for a preferred agent, or a minute" },
    { "front", "~boolean", "true: before all others of the queue" },
};
static const struct sapa_field_rule b_state[] = {
    { "state", "ready|not_ready|logged_out", "ready, not_ready or logged_out" },
    { "reason", "~key", "with not_ready: the key of a reason in the description" },
    { "book", "~boolean", "with a reason: stand in line for it, and go when there is a place and nothing in hand; ready takes it back" },
};
static const struct sapa_field_rule b_wrapup[] = {
    { "action", "done|extend", "done or extend" }, { "disposition", "~key", "with done: the key of a disposition of the queue" },
};
static const struct sapa_field_rule b_recording[] = { { "action", "pause|resume|start", "pause, resume or start" } };
static const struct sapa_field_rule b_skill[] = {
    { "level", "integer", "1 to 10; 0 takes the skill away" }, { "until", "~time", "a time, RFC 3339: then it is as it was before; for good without" },
};
static const struct sapa_field_rule b_change_skill[] = {
    { "skill", "key", "the key of a skill" }, { "level", "~integer", "1 to 10; 0 takes the skill away; as the description has it without" },
};
static const struct sapa_field_rule b_change_queue[] = {
    { "queue", "key", "the key of a queue" },
    { "serves", "~boolean", "true: at every step, whatever the agent's skills and team; false: not at all; as the description has it without" },
};
static const struct sapa_field_rule b_changes[] = {
    { "agents", "array:string", "keys of agents" }, { "skills", "~array:ChangeSkillBody", "" }, { "queues", "~array:ChangeQueueBody", "" },
    { "team", "~key?", "the team in which they work meanwhile; null: their own" },
    { "until", "~time", "a time, RFC 3339: then it is as it was before; for good without" },
};
static const struct sapa_field_rule change_result[] = {
    { "agent", "string", "" }, { "done", "boolean", "false: nothing is changed of this agent, unless the problem says so" },
    { "code", "string?", "as a Problem's" }, { "problem", "string?", "why not" },
};
static const struct sapa_field_rule changed[] = {
    { "items", "array:ChangeResult", "in the order of the agents" }, { "seq", "id?", "place in the log" },
};
static const struct sapa_field_rule b_switch[] = { { "on", "boolean", "true or false" }, { "client", "~key", "only for this client" } };
static const struct sapa_field_rule b_token[] = {
    { "user", "key", "a name without blanks" }, { "role", "admin|supervisor|agent|viewer|auditor|monitor|wall|director|trainer|technician", "admin, supervisor, agent, viewer, auditor, monitor, wall, director, trainer or technician" },
    { "agent", "~key", "with the role agent: whose" }, { "clients", "~array:string", "keys of clients; all without" },
    { "expires", "~time", "a time, RFC 3339" },
};
static const struct sapa_field_rule hook[] = {
    { "id", "id", "" }, { "url", "string", "" }, { "events", "array:string", "types of records (docs/ref/records.md)" },
    { "clients", "array:key?", "only what belongs to these; null: all" }, { "personal", "boolean", "events carry personal data" },
    { "secret_ref", "string?", "name of its secret in the secrets file; null: it was made with the webhook" },
    { "by", "string", "who made it" }, { "created", "time", "" },
    { "state", "active|failing|paused|gone", "gone: the target answered 410" },
    { "offset", "id?", "all up to this place in the log is delivered, or was not wanted" },
    { "lag", "integer", "records of the log behind it" }, { "delivered", "integer", "events, ever" },
    { "failures", "integer", "in a row" }, { "last_status", "integer?", "HTTP status of the last answer" },
    { "last_error", "string?", "of the failure that is being tried again" }, { "last_delivery", "time?", "" }, { "next_try", "time?", "" },
};
static const struct sapa_field_rule hooks[] = { { "items", "array:Webhook", "" } };
static const struct sapa_field_rule new_hook[] = {
    { "secret", "string?", "shown once: key of the signatures; null with secret_ref" }, { "webhook", "Webhook", "" },
};
static const struct sapa_field_rule b_hook[] = {
    { "url", "text", "where events are posted to: https or http" },
    { "events", "~array:string", "types of records; the usual ones without" },
    { "clients", "~array:string", "keys of clients: only what belongs to them; everything without" },
    { "personal", "~boolean", "true: events carry personal data; needs the right person" },
    { "secret_ref", "~key", "name of a secret in the secrets file, webhook.NAME; without one a secret is made" },
    { "from", "~id", "place in the log to begin at; from now on without" },
};
static const struct sapa_field_rule b_hook_set[] = { { "active", "boolean", "false pauses it" } };
static const struct sapa_field_rule b_replay[] = { { "from", "id", "place in the log to go on at: an event's id" } };

/* The live view: the table is its room's (report/live.h). */
#define VIEW_TEXT "string"
#define VIEW_COUNT "integer"
#define VIEW_TOTAL "integer"
#define VIEW_ID "id?"
#define VIEW_MS "integer?"
#define VIEW_RATIO "number?"
#define VIEW_TIME "time"
#define VIEW_EAST "number"
#define VIEW_FLAG "boolean"
#define VIEW_ANY "boolean"
#define VIEW_ALARMS "array:string"
#define VIEW_LANGUAGE "id|en"
#define VIEW_DOING "offline|not ready|ready|ringing|talking|on hold|wrap-up"
#define VIEW_PRESENCE "offline|not ready|ready"
#define VIEW_PLACE "new|menu|queue|ringing|talk|callback|outside|ended"
#define VIEW_CHANNEL CHANNELS
#define VIEW_DIRECTION DIRECTIONS
#define X(kind, member, name, text) { name, VIEW_##kind, text },
static const struct sapa_field_rule view[] = {
    SAPA_VIEW_FIELDS(X) { "queues", "array:ViewQueue", "" }, { "agents", "array:ViewAgent", "" },
    { "calls", "array:ViewCall", "the oldest first" }, { "news", "array:ViewNews", "the newest first" },
};
static const struct sapa_field_rule view_queue[] = { SAPA_VIEW_QUEUE_FIELDS(X) };
static const struct sapa_field_rule view_agent[] = { SAPA_VIEW_AGENT_FIELDS(X) };
static const struct sapa_field_rule view_call[] = { SAPA_VIEW_CALL_FIELDS(X) };
static const struct sapa_field_rule view_news[] = { SAPA_VIEW_NEWS_FIELDS(X) };
#undef X

#define FIELDS(array) array, SAPA_COUNT(array)
const struct sapa_schema_rule sapa_schema_rules[SAPA_SCHEMA_COUNT] = {
    [SAPA_SCHEMA_PROBLEM] = { "Problem", FIELDS(problem) },
    [SAPA_SCHEMA_CONTACT] = { "Contact", FIELDS(contact) },
    [SAPA_SCHEMA_CONTACTS] = { "Contacts", FIELDS(contacts) },
    [SAPA_SCHEMA_RECORD] = { "ContactRecord", FIELDS(record) },
    [SAPA_SCHEMA_RECORD_STAY] = { "RecordStay", FIELDS(record_stay) },
    [SAPA_SCHEMA_RECORD_PART] = { "RecordPart", FIELDS(record_part) },
    [SAPA_SCHEMA_RECORD_RECORDING] = { "RecordRecording", FIELDS(record_recording) },
    [SAPA_SCHEMA_RECORD_TRANSFER] = { "RecordTransfer", FIELDS(record_transfer) },
    [SAPA_SCHEMA_RECORDS] = { "ContactRecords", FIELDS(records) },
    [SAPA_SCHEMA_DETAIL] = { "ContactDetail", FIELDS(detail) },
    [SAPA_SCHEMA_CARD] = { "Card", FIELDS(card) },
    [SAPA_SCHEMA_CARD_ITEM] = { "CardItem", FIELDS(card_item) },
    [SAPA_SCHEMA_CARD_CONTACT] = { "CardContact", FIELDS(card_contact) },
    [SAPA_SCHEMA_CARD_RECORDING] = { "CardRecording", FIELDS(card_recording) },
    [SAPA_SCHEMA_CARD_CALLBACK] = { "CardCallback", FIELDS(card_callback) },
    [SAPA_SCHEMA_NOTE] = { "Note", FIELDS(note) },
    [SAPA_SCHEMA_NOTED] = { "Noted", FIELDS(noted) },
    [SAPA_SCHEMA_DISPOSITION] = { "Disposition", FIELDS(disposition) },
    [SAPA_SCHEMA_DISPOSITIONS] = { "Dispositions", FIELDS(dispositions) },
    [SAPA_SCHEMA_B_DISPOSITION] = { "DispositionBody", FIELDS(b_disposition) },
    [SAPA_SCHEMA_REASON] = { "Reason", FIELDS(reason) },
    [SAPA_SCHEMA_REASONS] = { "Reasons", FIELDS(reasons) },
    [SAPA_SCHEMA_B_TOTP] = { "SecondFactorBody", FIELDS(b_totp) },
    [SAPA_SCHEMA_B_TOTP_CODE] = { "SecondFactorCodeBody", FIELDS(b_totp_code) },
    [SAPA_SCHEMA_NEW_TOTP] = { "NewSecondFactor", FIELDS(new_totp) },
    [SAPA_SCHEMA_MY_FIGURES] = { "OwnFigures", FIELDS(my_figures) },
    [SAPA_SCHEMA_B_NETWORK] = { "NetworkBody", FIELDS(b_network) },
    [SAPA_SCHEMA_NETWORK] = { "Network", FIELDS(network) },
    [SAPA_SCHEMA_NETWORKS] = { "Networks", FIELDS(networks) },
    [SAPA_SCHEMA_SYSTEM] = { "System", FIELDS(system_now) },
    [SAPA_SCHEMA_SYS_TRUNK] = { "SystemTrunk", FIELDS(sys_trunk) },
    [SAPA_SCHEMA_SYS_DEVICE] = { "SystemDevice", FIELDS(sys_device) },
    [SAPA_SCHEMA_SYS_AGENT] = { "SystemAgent", FIELDS(sys_agent) },
    [SAPA_SCHEMA_SYS_MEDIA] = { "SystemMedia", FIELDS(sys_media) },
    [SAPA_SCHEMA_SYS_CERTIFICATE] = { "SystemCertificate", FIELDS(sys_certificate) },
    [SAPA_SCHEMA_SYS_DISK] = { "SystemDisk", FIELDS(sys_disk) },
    [SAPA_SCHEMA_SYS_PROCESS] = { "SystemProcess", FIELDS(sys_process) },
    [SAPA_SCHEMA_SYS_LISTENER] = { "SystemListener", FIELDS(sys_listener) },
    [SAPA_SCHEMA_SYS_HOOK] = { "SystemWebhook", FIELDS(sys_hook) },
    [SAPA_SCHEMA_SYS_LOG] = { "SystemLog", FIELDS(sys_log) },
    [SAPA_SCHEMA_SYS_CONNECTIONS] = { "SystemConnections", FIELDS(sys_connections) },
    [SAPA_SCHEMA_SYS_LIBRARY] = { "SystemLibrary", FIELDS(sys_library) },
    [SAPA_SCHEMA_SYS_LIMITS] = { "SystemLimits", FIELDS(sys_limits) },
    [SAPA_SCHEMA_TASK] = { "Task", FIELDS(task) },
    [SAPA_SCHEMA_WORK] = { "Work", FIELDS(own_work) },
    [SAPA_SCHEMA_B_TASK] = { "TaskBody", FIELDS(b_task) },
    [SAPA_SCHEMA_TASK_MADE] = { "TaskMade", FIELDS(task_made) },
    [SAPA_SCHEMA_B_TASK_SET] = { "TaskChangeBody", FIELDS(b_task_set) },
    [SAPA_SCHEMA_B_NOTE] = { "NoteBody", FIELDS(b_note) },
    [SAPA_SCHEMA_TICKET] = { "Ticket", FIELDS(ticket) },
    [SAPA_SCHEMA_TICKETS] = { "Tickets", FIELDS(tickets) },
    [SAPA_SCHEMA_TICKET_ENTRY] = { "TicketEntry", FIELDS(ticket_entry) },
    [SAPA_SCHEMA_TICKET_CONTACT] = { "TicketContact", FIELDS(ticket_contact) },
    [SAPA_SCHEMA_TICKET_DETAIL] = { "TicketDetail", FIELDS(ticket_detail) },
    [SAPA_SCHEMA_B_TICKET] = { "TicketBody", FIELDS(b_ticket) },
    [SAPA_SCHEMA_B_TICKET_SET] = { "TicketChangeBody", FIELDS(b_ticket_set) },
    [SAPA_SCHEMA_B_TICKET_ENTRY] = { "TicketEntryBody", FIELDS(b_ticket_entry) },
    [SAPA_SCHEMA_TICKET_MADE] = { "TicketMade", FIELDS(ticket_made) },
    [SAPA_SCHEMA_TICKET_NEWS] = { "TicketNews", FIELDS(ticket_news) },
    [SAPA_SCHEMA_WHY] = { "Why", FIELDS(why) },
    [SAPA_SCHEMA_ASSIGNMENT] = { "Assignment", FIELDS(assignment) },
    [SAPA_SCHEMA_AGENT] = { "Agent", FIELDS(agent) },
    [SAPA_SCHEMA_AGENTS] = { "Agents", FIELDS(agents) },
    [SAPA_SCHEMA_QUEUE] = { "Queue", FIELDS(queue) },
    [SAPA_SCHEMA_QUEUES] = { "Queues", FIELDS(queues) },
    [SAPA_SCHEMA_NUMBER] = { "Number", FIELDS(number) },
    [SAPA_SCHEMA_NUMBERS] = { "Numbers", FIELDS(numbers) },
    [SAPA_SCHEMA_SWITCH] = { "Switch", FIELDS(switch_) },
    [SAPA_SCHEMA_SWITCHES] = { "Switches", FIELDS(switches) },
    [SAPA_SCHEMA_PERSON] = { "Person", FIELDS(person) },
    [SAPA_SCHEMA_PEOPLE] = { "People", FIELDS(people) },
    [SAPA_SCHEMA_IDENTITY] = { "Identity", FIELDS(identity) },
    [SAPA_SCHEMA_RECORDING] = { "Recording", FIELDS(recording) },
    [SAPA_SCHEMA_RECORDINGS] = { "Recordings", FIELDS(recordings) },
    [SAPA_SCHEMA_REPORT] = { "Report", FIELDS(report) },
    [SAPA_SCHEMA_CENTRE] = { "Centre", FIELDS(centre) },
    [SAPA_SCHEMA_VERSION] = { "CentreVersion", FIELDS(version) },
    [SAPA_SCHEMA_VERSIONS] = { "CentreVersions", FIELDS(versions) },
    [SAPA_SCHEMA_AUDIT] = { "AuditEntry", FIELDS(audit) },
    [SAPA_SCHEMA_AUDITS] = { "AuditEntries", FIELDS(audits) },
    [SAPA_SCHEMA_TOKEN] = { "Token", FIELDS(token) },
    [SAPA_SCHEMA_TOKENS] = { "Tokens", FIELDS(tokens) },
    [SAPA_SCHEMA_NEW_TOKEN] = { "NewToken", FIELDS(new_token) },
    [SAPA_SCHEMA_ME] = { "Me", FIELDS(me) },
    [SAPA_SCHEMA_DONE] = { "Done", FIELDS(done) },
    [SAPA_SCHEMA_HEALTH] = { "Health", FIELDS(health) },
    [SAPA_SCHEMA_READY] = { "Readiness", FIELDS(ready) },
    [SAPA_SCHEMA_FEED_EVENT] = { "FeedEvent", FIELDS(feed_event) },
    [SAPA_SCHEMA_FEED_MESSAGE] = { "FeedMessage", FIELDS(feed_message) },
    [SAPA_SCHEMA_B_MOVE] = { "MoveBody", FIELDS(b_move) },
    [SAPA_SCHEMA_B_STATE] = { "AgentStateBody", FIELDS(b_state) },
    [SAPA_SCHEMA_B_WRAPUP] = { "WrapupBody", FIELDS(b_wrapup) },
    [SAPA_SCHEMA_B_RECORDING] = { "RecordingBody", FIELDS(b_recording) },
    [SAPA_SCHEMA_COUNTED_ITEM] = { "CountedContact", FIELDS(counted_item) },
    [SAPA_SCHEMA_COUNTED] = { "Counted", FIELDS(counted) },
    [SAPA_SCHEMA_B_SKILL] = { "SkillBody", FIELDS(b_skill) },
    [SAPA_SCHEMA_AGENT_CHANGE] = { "AgentChange", FIELDS(agent_change) },
    [SAPA_SCHEMA_B_CHANGE_SKILL] = { "ChangeSkillBody", FIELDS(b_change_skill) },
    [SAPA_SCHEMA_B_CHANGE_QUEUE] = { "ChangeQueueBody", FIELDS(b_change_queue) },
    [SAPA_SCHEMA_B_CHANGES] = { "ChangesBody", FIELDS(b_changes) },
    [SAPA_SCHEMA_CHANGE_RESULT] = { "ChangeResult", FIELDS(change_result) },
    [SAPA_SCHEMA_CHANGED] = { "Changed", FIELDS(changed) },
    [SAPA_SCHEMA_B_SWITCH] = { "SwitchBody", FIELDS(b_switch) },
    [SAPA_SCHEMA_B_TOKEN] = { "TokenBody", FIELDS(b_token) },
    [SAPA_SCHEMA_CALL] = { "Call", FIELDS(call) },
    [SAPA_SCHEMA_B_CALL] = { "CallBody", FIELDS(b_call) },
    [SAPA_SCHEMA_B_TARGET] = { "TargetBody", FIELDS(b_target) },
    [SAPA_SCHEMA_B_OTHER] = { "OtherContactBody", FIELDS(b_other) },
    [SAPA_SCHEMA_B_PARTY] = { "PartyBody", FIELDS(b_party) },
    [SAPA_SCHEMA_MERGED] = { "Merged", FIELDS(merged) },
    [SAPA_SCHEMA_B_MERGE] = { "MergeBody", FIELDS(b_merge) },
    [SAPA_SCHEMA_LOGIN] = { "Login", FIELDS(login) },
    [SAPA_SCHEMA_B_LOGIN] = { "LoginBody", FIELDS(b_login) },
    [SAPA_SCHEMA_B_PASSWORD] = { "PasswordChangeBody", FIELDS(b_password) },
    [SAPA_SCHEMA_B_USER_PASSWORD] = { "PasswordBody", FIELDS(b_user_password) },
    [SAPA_SCHEMA_USER] = { "User", FIELDS(user) },
    [SAPA_SCHEMA_USERS] = { "Users", FIELDS(users) },
    [SAPA_SCHEMA_ROLE] = { "Role", FIELDS(role) },
    [SAPA_SCHEMA_RIGHT] = { "Right", FIELDS(right) },
    [SAPA_SCHEMA_ROLES] = { "Roles", FIELDS(roles) },
    [SAPA_SCHEMA_SESSION] = { "Session", FIELDS(session) },
    [SAPA_SCHEMA_SESSIONS] = { "Sessions", FIELDS(sessions) },
    [SAPA_SCHEMA_DEMO] = { "Demo", FIELDS(demo) },
    [SAPA_SCHEMA_DEMO_PERSON] = { "DemoPerson", FIELDS(demo_person) },
    [SAPA_SCHEMA_B_DEMO_LOGIN] = { "DemoLoginBody", FIELDS(b_demo_login) },
    [SAPA_SCHEMA_DIRECTORY] = { "Directory", FIELDS(directory) },
    [SAPA_SCHEMA_D_CLIENT] = { "DirectoryClient", FIELDS(d_client) },
    [SAPA_SCHEMA_D_QUEUE] = { "DirectoryQueue", FIELDS(d_queue) },
    [SAPA_SCHEMA_D_DISPOSITION] = { "DirectoryDisposition", FIELDS(d_disposition) },
    [SAPA_SCHEMA_D_REASON] = { "DirectoryReason", FIELDS(d_reason) },
    [SAPA_SCHEMA_D_AGENT] = { "DirectoryAgent", FIELDS(d_agent) },
    [SAPA_SCHEMA_PHONE] = { "BrowserPhone", FIELDS(phone) },
    [SAPA_SCHEMA_ICE_SERVER] = { "IceServer", FIELDS(ice_server) },
    [SAPA_SCHEMA_B_WEB_CALL] = { "WebCallBody", FIELDS(b_web_call) },
    [SAPA_SCHEMA_ALERT] = { "Alert", FIELDS(alert) },
    [SAPA_SCHEMA_ALERTS] = { "Alerts", FIELDS(alerts) },
    [SAPA_SCHEMA_B_ALERT] = { "AlertBody", FIELDS(b_alert) },
    [SAPA_SCHEMA_HELP] = { "Help", FIELDS(help) },
    [SAPA_SCHEMA_MESSAGE] = { "Message", FIELDS(message) },
    [SAPA_SCHEMA_MESSAGES] = { "Messages", FIELDS(messages) },
    [SAPA_SCHEMA_B_MESSAGE] = { "MessageBody", FIELDS(b_message) },
    [SAPA_SCHEMA_SUPERVISION] = { "Supervision", FIELDS(supervision) },
    [SAPA_SCHEMA_B_SUPERVISE] = { "SuperviseBody", FIELDS(b_supervise) },
    [SAPA_SCHEMA_B_SUPERVISION] = { "SupervisionBody", FIELDS(b_supervision) },
    [SAPA_SCHEMA_SUPERVISED] = { "Supervised", FIELDS(supervised) },
    [SAPA_SCHEMA_VIEW] = { "View", FIELDS(view) },
    [SAPA_SCHEMA_VIEW_QUEUE] = { "ViewQueue", FIELDS(view_queue) },
    [SAPA_SCHEMA_VIEW_AGENT] = { "ViewAgent", FIELDS(view_agent) },
    [SAPA_SCHEMA_VIEW_CALL] = { "ViewCall", FIELDS(view_call) },
    [SAPA_SCHEMA_VIEW_NEWS] = { "ViewNews", FIELDS(view_news) },
    [SAPA_SCHEMA_PARTY] = { "Party", FIELDS(party) },
    [SAPA_SCHEMA_B_TOTP_END] = { "SecondFactorEndBody", FIELDS(b_totp_end) },
    [SAPA_SCHEMA_B_WORDS] = { "WordsBody", FIELDS(b_words) },
    [SAPA_SCHEMA_D_CAMPAIGN] = { "DirectoryCampaign", FIELDS(d_campaign) },
    [SAPA_SCHEMA_B_CALLED] = { "CalledBody", FIELDS(b_called) },
    [SAPA_SCHEMA_B_PARTY_TYPE] = { "PartyTypeBody", FIELDS(b_party_type) },
    [SAPA_SCHEMA_COACH_NOTE] = { "CoachNote", FIELDS(coach_note) },
    [SAPA_SCHEMA_COACH_MARKS] = { "CoachMarks", FIELDS(coach_marks) },
    [SAPA_SCHEMA_COACH_FIGURE] = { "CoachFigure", FIELDS(coach_figure) },
    [SAPA_SCHEMA_COACH_FOLLOWED] = { "CoachFollowed", FIELDS(coach_followed) },
    [SAPA_SCHEMA_COACH_NOTES] = { "CoachNotes", FIELDS(coach_notes) },
    [SAPA_SCHEMA_B_COACH] = { "CoachNoteBody", FIELDS(b_coach) },
    [SAPA_SCHEMA_COACH_MADE] = { "CoachNoteMade", FIELDS(coach_made) },
    [SAPA_SCHEMA_PLAN] = { "CentrePlan", FIELDS(plan) },
    [SAPA_SCHEMA_CHANGE] = { "CentreChange", FIELDS(change) },
    [SAPA_SCHEMA_MISTAKE] = { "Mistake", FIELDS(mistake) },
    [SAPA_SCHEMA_HOOK] = { "Webhook", FIELDS(hook) },
    [SAPA_SCHEMA_FIGURE] = { "Figure", FIELDS(figure) },
    [SAPA_SCHEMA_FIGURES] = { "Figures", FIELDS(figures) },
    [SAPA_SCHEMA_VALUES] = { "FigureValues", FIELDS(values) },
    [SAPA_SCHEMA_STANDING] = { "Standing", FIELDS(standing) },
    [SAPA_SCHEMA_STANDINGS] = { "Standings", FIELDS(standings) },
    [SAPA_SCHEMA_GOAL] = { "PerformanceTarget", FIELDS(goal) },
    [SAPA_SCHEMA_GOALS] = { "PerformanceTargets", FIELDS(goals) },
    [SAPA_SCHEMA_B_GOALS] = { "PerformanceTargetsBody", FIELDS(b_goals) },
    [SAPA_SCHEMA_GOALS_MADE] = { "PerformanceTargetsMade", FIELDS(goals_made) },
    [SAPA_SCHEMA_GOAL_VERSION] = { "PerformanceTargetsVersion", FIELDS(goal_version) },
    [SAPA_SCHEMA_GOAL_VERSIONS] = { "PerformanceTargetsVersions", FIELDS(goal_versions) },
    [SAPA_SCHEMA_TASK_BREACH] = { "TaskBreach", FIELDS(task_breach) },
    [SAPA_SCHEMA_MY_TASKS] = { "MyTasks", FIELDS(my_tasks) },
    [SAPA_SCHEMA_OWNER] = { "TargetOwner", FIELDS(owner) },
    [SAPA_SCHEMA_FIGURE_GOAL] = { "FigureTarget", FIELDS(figure_goal) },
    [SAPA_SCHEMA_WALL_TILE] = { "WallTile", FIELDS(wall_tile) },
    [SAPA_SCHEMA_WALL_PAGE] = { "WallPage", FIELDS(wall_page) },
    [SAPA_SCHEMA_WALL] = { "Wallboard", FIELDS(wall) },
    [SAPA_SCHEMA_WALLS] = { "Wallboards", FIELDS(walls) },
    [SAPA_SCHEMA_FAVOURITE] = { "Favourite", FIELDS(favourite) },
    [SAPA_SCHEMA_FAVOURITES] = { "Favourites", FIELDS(favourites) },
    [SAPA_SCHEMA_B_WALL] = { "WallboardBody", FIELDS(b_wall) },
    [SAPA_SCHEMA_WALL_LINK] = { "WallboardLink", FIELDS(wall_link) },
    [SAPA_SCHEMA_WEB_NUMBER] = { "WebNumber", FIELDS(web_number) },
    [SAPA_SCHEMA_WEB_NUMBERS] = { "WebNumbers", FIELDS(web_numbers) },
    [SAPA_SCHEMA_SHIFT] = { "ShiftEntry", FIELDS(shift_entry) },
    [SAPA_SCHEMA_SHIFTS] = { "Shifts", FIELDS(shifts) },
    [SAPA_SCHEMA_B_SHIFTS] = { "ShiftsBody", FIELDS(b_shifts) },
    [SAPA_SCHEMA_SHIFTS_MADE] = { "ShiftsMade", FIELDS(shifts_made) },
    [SAPA_SCHEMA_DAY_PLAN] = { "DayPlan", FIELDS(day_plan) },
    [SAPA_SCHEMA_DAY_LINE] = { "DayLine", FIELDS(day_line) },
    [SAPA_SCHEMA_AGENT_DAY] = { "AgentDay", FIELDS(agent_day) },
    [SAPA_SCHEMA_AGENT_ADHERENCE] = { "AgentAdherence", FIELDS(agent_adherence) },
    [SAPA_SCHEMA_TEAM_ADHERENCE] = { "TeamAdherence", FIELDS(team_adherence) },
    [SAPA_SCHEMA_ADHERENCE] = { "Adherence", FIELDS(adherence) },
    [SAPA_SCHEMA_DENIED_CALL] = { "DeniedCall", FIELDS(denied_call) },
    [SAPA_SCHEMA_DENIED_CALLS] = { "DeniedCalls", FIELDS(denied_calls) },
    [SAPA_SCHEMA_NODE_EXIT] = { "FlowNodeExit", FIELDS(node_exit) },
    [SAPA_SCHEMA_FLOW_NODE] = { "FlowNode", FIELDS(flow_node) },
    [SAPA_SCHEMA_FLOW_NODES] = { "FlowNodes", FIELDS(flow_nodes) },
    [SAPA_SCHEMA_WEB_GREETING] = { "WebGreeting", FIELDS(web_greeting) },
    [SAPA_SCHEMA_WEB_PLACE] = { "WebPlace", FIELDS(web_place) },
    [SAPA_SCHEMA_HOOKS] = { "Webhooks", FIELDS(hooks) },
    [SAPA_SCHEMA_NEW_HOOK] = { "NewWebhook", FIELDS(new_hook) },
    [SAPA_SCHEMA_B_HOOK] = { "WebhookBody", FIELDS(b_hook) },
    [SAPA_SCHEMA_B_HOOK_SET] = { "WebhookStateBody", FIELDS(b_hook_set) },
    [SAPA_SCHEMA_B_REPLAY] = { "ReplayBody", FIELDS(b_replay) },
};
