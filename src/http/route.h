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

enum { SAPA_ROUTE_PARAMS_MAX = 12, SAPA_ROUTE_VALUE_MAX = 128, SAPA_ROUTE_TEXT_MAX = 1024, SAPA_ROUTE_NOTE_MAX = 4096, SAPA_ROUTE_PATH_MAX = 256 };

/*
 * Types of parameters and members:
 *   string (127 bytes at most in a body) text (1023) note (4096, may be empty) id time date integer number boolean key object, one of "a|b|c",
 *   array:TYPE, or the name of a schema;
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
    X(B_SKILL, "SkillBody") X(AGENT_CHANGE, "AgentChange") X(B_CHANGE_SKILL, "ChangeSkillBody") X(B_CHANGE_QUEUE, "ChangeQueueBody") \
    X(B_CHANGES, "ChangesBody") X(CHANGE_RESULT, "ChangeResult") X(CHANGED, "Changed") \
    X(RECORD_STAY, "RecordStay") X(RECORD_PART, "RecordPart") X(RECORD_RECORDING, "RecordRecording") X(RECORD_TRANSFER, "RecordTransfer") \
    X(COUNTED_ITEM, "CountedContact") X(COUNTED, "Counted") X(B_SWITCH, "SwitchBody") X(B_TOKEN, "TokenBody") X(HOOK, "Webhook") X(HOOKS, "Webhooks") \
    X(NEW_HOOK, "NewWebhook") X(B_HOOK, "WebhookBody") X(B_HOOK_SET, "WebhookStateBody") X(B_REPLAY, "ReplayBody") \
    X(PLAN, "CentrePlan") X(CHANGE, "CentreChange") X(MISTAKE, "Mistake") X(CALL, "Call") X(B_CALL, "CallBody") \
    X(B_TARGET, "TargetBody") X(B_OTHER, "OtherContactBody") X(B_PARTY, "PartyBody") X(MERGED, "Merged") X(B_MERGE, "MergeBody") X(LOGIN, "Login") \
    X(B_LOGIN, "LoginBody") X(B_PASSWORD, "PasswordChangeBody") X(B_USER_PASSWORD, "PasswordBody") X(USER, "User") \
    X(USERS, "Users") X(ROLE, "Role") X(RIGHT, "Right") X(ROLES, "Roles") X(SESSION, "Session") X(SESSIONS, "Sessions") \
    X(CARD, "Card") X(CARD_ITEM, "CardItem") X(CARD_CONTACT, "CardContact") X(CARD_RECORDING, "CardRecording") \
    X(CARD_CALLBACK, "CardCallback") X(NOTE, "Note") X(NOTED, "Noted") X(B_NOTE, "NoteBody") \
    X(DEMO, "Demo") X(DEMO_PERSON, "DemoPerson") X(B_DEMO_LOGIN, "DemoLoginBody") X(DIRECTORY, "Directory") \
    X(D_CLIENT, "DirectoryClient") X(D_QUEUE, "DirectoryQueue") X(D_DISPOSITION, "DirectoryDisposition") \
    X(D_REASON, "DirectoryReason") X(D_AGENT, "DirectoryAgent") \
    X(PHONE, "BrowserPhone") X(ICE_SERVER, "IceServer") X(B_WEB_CALL, "WebCallBody") \
    X(DISPOSITION, "Disposition") X(DISPOSITIONS, "Dispositions") X(B_DISPOSITION, "DispositionBody") \
    X(REASON, "Reason") X(REASONS, "Reasons") \
    X(SUPERVISION, "Supervision") X(B_SUPERVISE, "SuperviseBody") X(B_SUPERVISION, "SupervisionBody") X(SUPERVISED, "Supervised") \
    X(HELP, "Help") X(MESSAGE, "Message") X(MESSAGES, "Messages") X(B_MESSAGE, "MessageBody") \
    X(FIGURE, "Figure") X(FIGURES, "Figures") X(VALUES, "FigureValues") X(STANDING, "Standing") X(STANDINGS, "Standings") \
    X(WALL_TILE, "WallTile") X(WALL_PAGE, "WallPage") X(WALL, "Wallboard") X(WALLS, "Wallboards") X(B_WALL, "WallboardBody") \
    X(WALL_LINK, "WallboardLink") X(WEB_NUMBER, "WebNumber") X(WEB_NUMBERS, "WebNumbers") X(WEB_PLACE, "WebPlace") \
    X(ALERT, "Alert") X(ALERTS, "Alerts") X(B_ALERT, "AlertBody") \
    X(B_TOTP, "SecondFactorBody") X(B_TOTP_CODE, "SecondFactorCodeBody") X(NEW_TOTP, "NewSecondFactor") \
    X(MY_FIGURES, "OwnFigures") X(B_NETWORK, "NetworkBody") X(NETWORK, "Network") X(NETWORKS, "Networks") \
    X(TASK, "Task") X(WORK, "Work") X(B_TASK, "TaskBody") X(TASK_MADE, "TaskMade") X(B_TASK_SET, "TaskChangeBody") \
    X(GOAL, "PerformanceTarget") X(GOALS, "PerformanceTargets") X(B_GOALS, "PerformanceTargetsBody") X(GOALS_MADE, "PerformanceTargetsMade") \
    X(GOAL_VERSION, "PerformanceTargetsVersion") X(GOAL_VERSIONS, "PerformanceTargetsVersions") X(FIGURE_GOAL, "FigureTarget") \
    X(TASK_BREACH, "TaskBreach") X(MY_TASKS, "MyTasks") X(OWNER, "TargetOwner") \
    X(VIEW, "View") X(VIEW_QUEUE, "ViewQueue") X(VIEW_AGENT, "ViewAgent") X(VIEW_CALL, "ViewCall") X(VIEW_NEWS, "ViewNews") \
    X(PARTY, "Party") X(B_TOTP_END, "SecondFactorEndBody") X(B_WORDS, "WordsBody") \
    X(D_CAMPAIGN, "DirectoryCampaign") X(B_PARTY_TYPE, "PartyTypeBody") X(B_CALLED, "CalledBody") \
    X(COACH_NOTE, "CoachNote") X(COACH_MARKS, "CoachMarks") X(COACH_NOTES, "CoachNotes") X(COACH_FOLLOWED, "CoachFollowed") \
    X(COACH_FIGURE, "CoachFigure") X(B_COACH, "CoachNoteBody") X(COACH_MADE, "CoachNoteMade") \
    X(FAVOURITE, "Favourite") X(FAVOURITES, "Favourites") \
    X(SYSTEM, "System") X(SYS_TRUNK, "SystemTrunk") X(SYS_DEVICE, "SystemDevice") X(SYS_AGENT, "SystemAgent") X(SYS_MEDIA, "SystemMedia") X(SYS_CERTIFICATE, "SystemCertificate") \
    X(SYS_DISK, "SystemDisk") X(SYS_PROCESS, "SystemProcess") X(SYS_LISTENER, "SystemListener") X(SYS_HOOK, "SystemWebhook") X(SYS_LOG, "SystemLog") \
    X(SYS_CONNECTIONS, "SystemConnections") X(SYS_LIBRARY, "SystemLibrary") X(SYS_LIMITS, "SystemLimits") X(WEB_GREETING, "WebGreeting") \
    X(TICKET, "Ticket") X(TICKETS, "Tickets") X(TICKET_ENTRY, "TicketEntry") X(TICKET_CONTACT, "TicketContact") X(TICKET_DETAIL, "TicketDetail") \
    X(B_TICKET, "TicketBody") X(B_TICKET_SET, "TicketChangeBody") X(B_TICKET_ENTRY, "TicketEntryBody") X(TICKET_MADE, "TicketMade") X(TICKET_NEWS, "TicketNews") \
    X(SHIFT, "ShiftEntry") X(SHIFTS, "Shifts") X(B_SHIFTS, "ShiftsBody") X(SHIFTS_MADE, "ShiftsMade") X(DAY_PLAN, "DayPlan") X(DAY_LINE, "DayLine") \
    X(AGENT_DAY, "AgentDay") X(AGENT_ADHERENCE, "AgentAdherence") X(TEAM_ADHERENCE, "TeamAdherence") X(ADHERENCE, "Adherence") \
    X(DENIED_CALL, "DeniedCall") X(DENIED_CALLS, "DeniedCalls") X(NODE_EXIT, "FlowNodeExit") X(FLOW_NODE, "FlowNode") X(FLOW_NODES, "FlowNodes")
#define X(id, name) SAPA_SCHEMA_##id,
    SAPA_SCHEMAS(X)
#undef X
    SAPA_SCHEMA_COUNT,
    SAPA_SCHEMA_NONE = SAPA_SCHEMA_COUNT,
    SAPA_SCHEMA_YAML, /* a body that is no JSON: a centre description */
};

/*  X(ID, METHOD, "path", RIGHT, "params", BODY schema, REPLY schema, success status, "summary")
 *  params: query parameters by name, with blanks between. RIGHT COUNT: none is needed.  */
#define SAPA_ROUTES(X) \
    X(HEALTH, GET, "/health", COUNT, "", NONE, HEALTH, 200, "The process answers") \
    X(READY, GET, "/ready", COUNT, "", NONE, READY, 200, "Calls can be taken; 503 when not") \
    X(METRICS, GET, "/metrics", METRICS, "", NONE, NONE, 200, "Metrics in the text format of Prometheus") \
    X(OPENAPI, GET, "/api/v1/openapi.json", COUNT, "", NONE, NONE, 200, "This document") \
    X(ME, GET, "/api/v1/me", COUNT, "", NONE, ME, 200, "Who the token says one is, and what it allows") \
    X(LOGIN, POST, "/api/v1/login", COUNT, "", B_LOGIN, LOGIN, 201, "Log in with a password: a session's token, for twelve hours") \
    X(DEMO, GET, "/api/v1/demo", COUNT, "", NONE, DEMO, 200, "Who can log in without a password; 404 where nobody can") \
    X(DEMO_LOGIN, POST, "/api/v1/demo/login", COUNT, "", B_DEMO_LOGIN, LOGIN, 201, "Log in without a password, where that is allowed") \
    X(DIRECTORY, GET, "/api/v1/directory", LIVE, "", NONE, DIRECTORY, 200, "Names for pages: clients, queues with their dispositions, reasons, colleagues") \
    X(LOGOUT, POST, "/api/v1/logout", COUNT, "", NONE, DONE, 200, "End this session") \
    X(PASSWORD, PUT, "/api/v1/me/password", COUNT, "", B_PASSWORD, DONE, 200, "Another password; one's other sessions end") \
    X(ME_PHONE, POST, "/api/v1/me/phone", SELF, "", NONE, PHONE, 201, "Credentials for a telephone in the browser (SIP over WebSocket at /sip, WebRTC): good as long as the session, twelve hours at most") \
    X(WEB_CALL, POST, "/api/v1/web-calls", COUNT, "", B_WEB_CALL, PHONE, 201, "Credentials for one call of a guest from the browser, to be begun within two minutes; only to numbers with `web: yes`") \
    X(MY_FIGURES, GET, "/api/v1/me/figures", SELF, "", NONE, MY_FIGURES, 200, "One's own figures of today: those of the report, of one's own agent") \
    X(MY_TASKS, GET, "/api/v1/me/tasks", LIVE, "", NONE, MY_TASKS, 200, "What who is logged in has to do: tasks that he made, and targets of his that were missed") \
    X(MY_TASK_SET, PUT, "/api/v1/me/tasks/{task}", LIVE, "", B_TASK_SET, DONE, 200, "One of them is done, or to be done at another time") \
    X(NETWORK, POST, "/api/v1/me/network", SELF, "", B_NETWORK, DONE, 200, "What a check of one's line has shown, at login or after a call; kept in the log") \
    X(NETWORKS, GET, "/api/v1/network", METRICS, "from to limit cursor", NONE, NETWORKS, 200, "What checks of agents' lines have shown, by time: for who looks after the technology") \
    X(SYSTEM, GET, "/api/v1/system", METRICS, "", NONE, SYSTEM, 200, "The technical state, for who looks after the technology: trunks, telephones, certificates, disk, processes, webhooks; nothing of contacts and customers") \
    X(TOTP, POST, "/api/v1/me/totp", COUNT, "", B_TOTP, NEW_TOTP, 201, "A new secret for one's second factor, shown this once; it holds when a code of it was seen") \
    X(TOTP_CONFIRM, PUT, "/api/v1/me/totp", COUNT, "", B_TOTP_CODE, DONE, 200, "The second factor holds from now on; one's sessions end") \
    X(TOTP_END, POST, "/api/v1/me/totp/end", COUNT, "", B_TOTP_END, DONE, 200, "No second factor any more, where one's role wants none") \
    X(USER_TOTP, DELETE, "/api/v1/users/{user}/totp", USERS, "", NONE, DONE, 200, "Somebody has lost it: no second factor any more; the sessions end") \
    X(USERS, GET, "/api/v1/users", USERS, "", NONE, USERS, 200, "Who can log in: users and agents of the description") \
    X(USER_PASSWORD, PUT, "/api/v1/users/{user}/password", USERS, "", B_USER_PASSWORD, DONE, 200, "Give somebody a password; the sessions of the one before end") \
    X(USER_CLEAR, DELETE, "/api/v1/users/{user}/password", USERS, "", NONE, DONE, 200, "Let somebody log in no more; the sessions end") \
    X(ROLES, GET, "/api/v1/roles", USERS, "", NONE, ROLES, 200, "Roles, and what each right allows") \
    X(SESSIONS, GET, "/api/v1/sessions", USERS, "", NONE, SESSIONS, 200, "Who is logged in, and from where") \
    X(SESSION_END, DELETE, "/api/v1/sessions/{session}", USERS, "", NONE, DONE, 200, "End a session") \
    X(CONTACTS, GET, "/api/v1/contacts", LIVE, "client queue agent number place channel party_type times limit cursor", NONE, CONTACTS, 200, "Contacts that live now, the oldest first") \
    X(PAST, GET, "/api/v1/contacts/past", LIVE, "from to client queue agent number channel outcome party_type limit cursor", NONE, RECORDS, 200, "Contacts that have ended, by arrival") \
    X(CONTACT, GET, "/api/v1/contacts/{contact}", LIVE, "", NONE, DETAIL, 200, "One contact, living or past: its record with stays, agents, recordings, legs and their quality") \
    X(CARD, GET, "/api/v1/contacts/{contact}/card", LIVE, "language limit", NONE, CARD, 200, "What an agent is shown of it: who it is, what was chosen and typed, earlier contacts with their notes and recordings, open callbacks") \
    X(NOTE, PUT, "/api/v1/contacts/{contact}/note", SELF, "", B_NOTE, NOTED, 200, "Write its note; If-Match names the version that it was made from, 0 when there was none. Who took part in it may, and who supervises") \
    X(CALLED_SET, PUT, "/api/v1/contacts/{contact}/called", SELF, "", B_CALLED, DONE, 200, "Say how the person of a contact likes to be called: shown from then on. Who took part in it may, and who supervises") \
    X(PARTY_SET, PUT, "/api/v1/contacts/{contact}/party", SELF, "", B_PARTY_TYPE, DONE, 200, "Say what the person of a contact is to the client: it holds for this contact and for those to come. Who took part in it may, and who supervises") \
    X(WHY, GET, "/api/v1/contacts/{contact}/why", LIVE, "language", NONE, WHY, 200, "Why it waits or waited, and why agents were passed over, in sentences") \
    X(MOVE, POST, "/api/v1/contacts/{contact}/move", CONTACTS, "", B_MOVE, DONE, 200, "Move a waiting contact to another queue, to an agent, or to the front; its age is kept") \
    X(AGENTS, GET, "/api/v1/agents", LIVE, "client presence queue limit cursor", NONE, AGENTS, 200, "Agents and what they do; of a queue those who serve it now") \
    X(AGENT, GET, "/api/v1/agents/{agent}", LIVE, "", NONE, AGENT, 200, "One agent") \
    X(WORK, GET, "/api/v1/agents/{agent}/work", SELF, "", NONE, WORK, 200, "What is to be done and nobody waits for: callbacks and tasks, one's own, or anybody's with the right agents") \
    X(TASK_NEW, POST, "/api/v1/agents/{agent}/tasks", SELF, "", B_TASK, TASK_MADE, 201, "A task: something to do, perhaps at a time, perhaps about a contact") \
    X(TASK_SET, PUT, "/api/v1/agents/{agent}/tasks/{task}", SELF, "", B_TASK_SET, DONE, 200, "Done, or at another time") \
    X(STATE, POST, "/api/v1/agents/{agent}/state", SELF, "", B_STATE, DONE, 200, "Ready, not ready for a reason, or logged out") \
    X(WRAPUP, POST, "/api/v1/agents/{agent}/wrapup", SELF, "", B_WRAPUP, DONE, 200, "End wrap-up with a disposition, or ask for more time") \
    X(RECORD, POST, "/api/v1/agents/{agent}/recording", SELF, "", B_RECORDING, DONE, 200, "Pause, resume or start the recording of the contact in hand") \
    X(SKILL, PUT, "/api/v1/agents/{agent}/skills/{skill}", AGENTS, "", B_SKILL, DONE, 200, "Change a skill by hand, for good or until a time") \
    X(CHANGES, POST, "/api/v1/changes", AGENTS, "", B_CHANGES, CHANGED, 200, "Change skills and queues of several agents at once, for good or until a time; each agent has an answer of his own") \
    X(CALL, POST, "/api/v1/agents/{agent}/calls", SELF, "", B_CALL, CALL, 200, "Place a call: the agent's phone is rung first, then who is called. Answered when the core has taken it; what comes of it is seen in the contact") \
    X(OFFER_ACCEPT, POST, "/api/v1/offers/{offer}/accept", SELF, "", NONE, DONE, 200, "Take what rings: the phone is told to answer (Event: talk)") \
    X(OFFER_REFUSE, POST, "/api/v1/offers/{offer}/refuse", REFUSE, "", NONE, DONE, 200, "Refuse what rings; it is offered to somebody else") \
    X(OFFER_HOLD, POST, "/api/v1/offers/{offer}/hold", SELF, "", NONE, DONE, 200, "Put on hold, with music") \
    X(OFFER_RESUME, POST, "/api/v1/offers/{offer}/resume", SELF, "", NONE, DONE, 200, "Take back from hold") \
    X(OFFER_HANGUP, POST, "/api/v1/offers/{offer}/hangup", SELF, "", NONE, DONE, 200, "End the contact for all") \
    X(OFFER_LEAVE, POST, "/api/v1/offers/{offer}/leave", SELF, "", NONE, DONE, 200, "Leave a conversation that goes on without one; alone with the customer it ends") \
    X(OFFER_TRANSFER, POST, "/api/v1/offers/{offer}/transfer", SELF, "", B_TARGET, DONE, 200, "Pass the contact on without asking: to a queue, a number of the centre, a colleague, a number outside") \
    X(OFFER_CONSULT, POST, "/api/v1/offers/{offer}/consult", SELF, "", B_CALL, CALL, 200, "Ask somebody on the same line; the contact is on hold meanwhile") \
    X(OFFER_MERGE, POST, "/api/v1/offers/{offer}/merge", SELF, "", B_OTHER, DONE, 200, "Transfer after asking: who was asked takes over") \
    X(OFFER_CONFERENCE, POST, "/api/v1/offers/{offer}/conference", SELF, "", B_OTHER, DONE, 200, "Bring who was asked into the conversation") \
    X(OFFER_DROP, POST, "/api/v1/offers/{offer}/drop", SELF, "", B_PARTY, DONE, 200, "Let one party of a conference go") \
    X(OFFER_DISPOSITION, PUT, "/api/v1/offers/{offer}/disposition", SELF, "", B_DISPOSITION, DONE, 200, "Choose what came of it, during the conversation or in wrap-up, which ends with it unless another is named then") \
    X(DISPOSITIONS, GET, "/api/v1/queues/{queue}/dispositions", LIVE, "agent language", NONE, DISPOSITIONS, 200, "What can come of a conversation of a queue, and the commonest of an agent: oneself without") \
    X(REASONS, GET, "/api/v1/reasons", LIVE, "agent language", NONE, REASONS, 200, "Reasons for not being ready, their quotas and what of them is used by an agent and his team: oneself without") \
    X(SUPERVISE, POST, "/api/v1/contacts/{contact}/supervision", HEAR, "", B_SUPERVISE, SUPERVISED, 200, "Hear a conversation: the supervisor's phone is rung. Each mode has its right; who is in it already only changes the mode") \
    X(SUPERVISION_SET, PUT, "/api/v1/supervisions/{supervision}", HEAR, "", B_SUPERVISION, DONE, 200, "Listen, whisper, join or take over, without a new call") \
    X(SUPERVISION_END, DELETE, "/api/v1/supervisions/{supervision}", HEAR, "", NONE, DONE, 200, "Leave a conversation that one supervises") \
    X(HELP_ASK, POST, "/api/v1/agents/{agent}/help", SELF, "", NONE, DONE, 200, "Raise one's hand: help is wanted, with the contact in hand") \
    X(HELP_TAKE, POST, "/api/v1/agents/{agent}/help/take", AGENTS, "", NONE, DONE, 200, "Say that one comes; who supervises the contact has said so, too") \
    X(HELP_END, DELETE, "/api/v1/agents/{agent}/help", SELF, "", NONE, DONE, 200, "Take the hand down") \
    X(LEADER_MESSAGE, POST, "/api/v1/agents/{agent}/message", SELF, "", B_WORDS, DONE, 200, "A line of one's own agent to who leads his team; it stands among their messages. Not for what concerns a customer") \
    X(MESSAGES, GET, "/api/v1/messages", LIVE, "", NONE, MESSAGES, 200, "What supervisors say to agents, the oldest first; who has read what stands with the agents") \
    X(MESSAGE_NEW, POST, "/api/v1/messages", AGENTS, "", B_MESSAGE, DONE, 200, "Say something to all, a team, those who serve a queue, or one agent. Not for what concerns a customer") \
    X(MESSAGE_READ, POST, "/api/v1/messages/{message}/read", SELF, "", NONE, DONE, 200, "One's own agent has read this and what was said before") \
    X(ALERTS, GET, "/api/v1/alerts", LIVE, "", NONE, ALERTS, 200, "What needs attention: figures of queues and agents beyond the limits of the description") \
    X(ALERT_SEEN, POST, "/api/v1/alerts/seen", AGENTS, "", B_ALERT, DONE, 200, "Say that one has seen an alert and sees to it") \
    X(QUEUES, GET, "/api/v1/queues", LIVE, "client", NONE, QUEUES, 200, "Queues with live figures and those of today") \
    X(QUEUE, GET, "/api/v1/queues/{queue}", LIVE, "", NONE, QUEUE, 200, "One queue") \
    X(STANDINGS, GET, "/api/v1/standings", WALL, "client", NONE, STANDINGS, 200, "How the centre, each client and each queue stand: now, today, in the last thirty minutes") \
    X(FIGURES, GET, "/api/v1/figures", COUNT, "", NONE, FIGURES, 200, "The dictionary of figures: name, unit, definition, formula, edge cases") \
    X(GOALS, GET, "/api/v1/targets", LIVE, "version", NONE, GOALS, 200, "Targets that are set: what figures shall be, for what and when. Also as they were in an earlier version") \
    X(GOALS_PUT, PUT, "/api/v1/targets", TARGETS, "", B_GOALS, GOALS_MADE, 200, "Set targets, all of them at once; If-Match names the version that they were made from, 0 when there was none") \
    X(GOAL_VERSIONS, GET, "/api/v1/targets/versions", LIVE, "", NONE, GOAL_VERSIONS, 200, "Who set targets when, the newest first") \
    X(COUNTED, GET, "/api/v1/figures/{figure}/contacts", LIVE, "period day from client queue team limit cursor", NONE, COUNTED, 200, "The contacts that a figure is made of, page by page: of a queue, a client, a team or the whole centre, today, in the last half hour, on a day or in a quarter of an hour") \
    X(WALLS, GET, "/api/v1/wallboards", WALL, "", NONE, WALLS, 200, "Wallboards") \
    X(WALL, GET, "/api/v1/wallboards/{board}", WALL, "version", NONE, WALL, 200, "One wallboard; also as it was in an earlier version") \
    X(WALL_PUT, PUT, "/api/v1/wallboards/{board}", WALLBOARDS, "", B_WALL, DONE, 200, "Make a wallboard, or change it: `version` names the one that it was made from") \
    X(WALL_END, DELETE, "/api/v1/wallboards/{board}", WALLBOARDS, "", NONE, DONE, 200, "Take a wallboard away; its links end") \
    X(WALL_LINK, POST, "/api/v1/wallboards/{board}/link", WALLBOARDS, "", NONE, WALL_LINK, 201, "A link for a screen: a token that sees this wallboard and its figures, and nothing else. Shown this once") \
    X(WALL_UNLINK, DELETE, "/api/v1/wallboards/{board}/link", WALLBOARDS, "", NONE, DONE, 200, "End every link of a wallboard") \
    X(VIEW, GET, "/api/v1/view", LIVE, "language", NONE, VIEW, 200, "The whole centre at one moment, as `sapa top` shows it; not for tokens that are bound to clients or an agent") \
    X(WEB_NUMBERS, GET, "/api/v1/web-calls", COUNT, "", NONE, WEB_NUMBERS, 200, "Numbers that guests may call from the browser") \
    X(WEB_PLACE, GET, "/api/v1/web-calls/{contact}", COUNT, "proof", NONE, WEB_PLACE, 200, "Where a guest's own call stands, for his page: `Sapa-Place` of the answer names the contact and the proof") \
    X(NUMBERS, GET, "/api/v1/numbers", LIVE, "client", NONE, NUMBERS, 200, "Inbound numbers") \
    X(SWITCHES, GET, "/api/v1/switches", LIVE, "", NONE, SWITCHES, 200, "Surge and closed") \
    X(SWITCH, PUT, "/api/v1/switches/{switch}", SWITCH, "", B_SWITCH, DONE, 200, "Switch surge or closed, for all or for one client") \
    X(PEOPLE, GET, "/api/v1/people", PERSON, "phone client", NONE, PEOPLE, 200, "Find a person by telephone number") \
    X(PERSON, GET, "/api/v1/people/{person}", PERSON, "", NONE, PERSON, 200, "One person and what identifies them") \
    X(ERASE, DELETE, "/api/v1/people/{person}", ERASE, "", NONE, DONE, 200, "Erase a person: the key of all that is kept of them is destroyed") \
    X(PERSON_MERGE, POST, "/api/v1/people/{person}/merge", MERGE, "", B_MERGE, MERGED, 200, "This person is really another; nothing is copied, and it can be taken back") \
    X(MERGE_END, DELETE, "/api/v1/merges/{merge}", MERGE, "", NONE, DONE, 200, "Take a merge back") \
    X(REPORT, GET, "/api/v1/reports/{report}", REPORT, "by day from to only figures columns format language", NONE, REPORT, 200, "The figures of `sapa report`") \
    X(RECORDINGS, GET, "/api/v1/recordings", RECORDING, "from to limit cursor", NONE, RECORDINGS, 200, "Recordings by the time they ended") \
    X(RECORDING, GET, "/api/v1/recordings/{recording}", RECORDING, "check", NONE, RECORDING, 200, "One recording") \
    X(AUDIO, GET, "/api/v1/recordings/{recording}/audio", LISTEN, "", NONE, NONE, 200, "A recording as WAV; ranges are answered") \
    X(CENTRE, GET, "/api/v1/centre", CENTRE, "", NONE, CENTRE, 200, "The centre description in force") \
    X(VERSIONS, GET, "/api/v1/centre/versions", CENTRE, "", NONE, VERSIONS, 200, "Descriptions that were in force, the newest first") \
    X(VERSION, GET, "/api/v1/centre/versions/{hash}", CENTRE, "", NONE, CENTRE, 200, "One of them") \
    X(CENTRE_PLAN, POST, "/api/v1/centre/plan", CENTRE, "language", YAML, PLAN, 200, "What would change if this description took the place of the one in force, in sentences; each mistake with line, reason and hint") \
    X(CENTRE_APPLY, POST, "/api/v1/centre/apply", CONFIGURE, "comment language", YAML, PLAN, 200, "Take this description over; If-Match names the hash of the one that it was made from. Answered when it is in force") \
    X(CENTRE_RESTORE, POST, "/api/v1/centre/versions/{hash}/restore", CONFIGURE, "comment language", NONE, PLAN, 200, "Take an earlier description over; If-Match as with apply") \
    X(RELOAD, POST, "/api/v1/centre/reload", RELOAD, "", NONE, DONE, 200, "Read the description's file again; with mistakes in it the one before stays in force. Answered when it is in force") \
    X(AUDIT, GET, "/api/v1/audit", AUDIT, "from to limit cursor", NONE, AUDITS, 200, "Who changed what, and from where") \
    X(TOKENS, GET, "/api/v1/tokens", TOKENS, "", NONE, TOKENS, 200, "Tokens, without their secrets") \
    X(TOKEN_NEW, POST, "/api/v1/tokens", TOKENS, "", B_TOKEN, NEW_TOKEN, 201, "A new token; its secret is shown this once") \
    X(TOKEN_END, DELETE, "/api/v1/tokens/{token}", TOKENS, "", NONE, DONE, 200, "Revoke a token for good") \
    X(HOOKS, GET, "/api/v1/webhooks", WEBHOOKS, "", NONE, HOOKS, 200, "Webhooks: where each stands in the log, its lag and its failures") \
    X(HOOK_NEW, POST, "/api/v1/webhooks", WEBHOOKS, "", B_HOOK, NEW_HOOK, 201, "A new webhook; its secret is shown this once") \
    X(HOOK, GET, "/api/v1/webhooks/{webhook}", WEBHOOKS, "", NONE, HOOK, 200, "One webhook") \
    X(HOOK_SET, PUT, "/api/v1/webhooks/{webhook}", WEBHOOKS, "", B_HOOK_SET, DONE, 200, "Pause it, or let it go on where it stands") \
    X(HOOK_REPLAY, POST, "/api/v1/webhooks/{webhook}/replay", WEBHOOKS, "", B_REPLAY, DONE, 200, "Deliver again from a place in the log on") \
    X(HOOK_END, DELETE, "/api/v1/webhooks/{webhook}", WEBHOOKS, "", NONE, DONE, 200, "End a webhook for good") \
    X(COACH_MARKS, GET, "/api/v1/recordings/{recording}/coaching", LISTEN, "", NONE, COACH_MARKS, 200, "Coaching notes at moments of a recording, for who may hear it; an agent sees those that are for him") \
    X(COACH_NOTES, GET, "/api/v1/agents/{agent}/coaching", COACH, "", NONE, COACH_NOTES, 200, "Coaching notes for an agent of the last thirty days, each with his figures of the seven days before it and since") \
    X(COACH_NEW, POST, "/api/v1/agents/{agent}/coaching", COACH, "", B_COACH, COACH_MADE, 201, "A coaching note at a moment of a recording of an agent: it stands in his work until he has heard it again; also needs the right listen") \
    X(COACH_DONE, POST, "/api/v1/agents/{agent}/coaching/{note}/done", SELF, "", NONE, DONE, 200, "One's own agent has heard it again") \
    X(COACH_END, DELETE, "/api/v1/agents/{agent}/coaching/{note}", COACH, "", NONE, DONE, 200, "Take back a coaching note that one has written") \
    X(COACH_AUDIO, GET, "/api/v1/agents/{agent}/coaching/{note}/audio", SELF, "", NONE, NONE, 200, "The recording that a coaching note for one's own agent is about, as WAV, also without the right listen; ranges are answered") \
    X(FAVOURITES, GET, "/api/v1/me/favourites", SELF, "", NONE, FAVOURITES, 200, "Whom one passes contacts on to most, on whatever computer") \
    X(FAVOURITES_PUT, PUT, "/api/v1/me/favourites", SELF, "", FAVOURITES, DONE, 200, "Set them, all at once") \
    X(TICKETS, GET, "/api/v1/tickets", LIVE, "person client agent queue team status limit cursor", NONE, TICKETS, 200, "Tickets, the newest first: of a person, of an owner (agent, queue or team), in a status. Agents see those that they own or have written in, and those of whom they talk or have talked with") \
    X(TICKET_NEW, POST, "/api/v1/tickets", SELF, "", B_TICKET, TICKET_MADE, 201, "Open a ticket: something that a customer waits for. From a contact, or for a person; an agent who names no owner sees to it himself") \
    X(TICKET, GET, "/api/v1/tickets/{ticket}", LIVE, "", NONE, TICKET_DETAIL, 200, "One ticket with its entries and the contacts in which it was opened or touched") \
    X(TICKET_SET, PUT, "/api/v1/tickets/{ticket}", SELF, "", B_TICKET_SET, TICKET_MADE, 200, "Another status, owner, time or priority, with a text if wanted: one entry. If-Match may name the version that it was made from") \
    X(TICKET_ENTRY, POST, "/api/v1/tickets/{ticket}/entries", SELF, "", B_TICKET_ENTRY, TICKET_MADE, 201, "Write in it what was said or done") \
    X(SHIFTS, GET, "/api/v1/shifts", LIVE, "from to agent team", NONE, SHIFTS, 200, "Planned shifts, of the agents that one sees: those that begin on the days from `from` on, `to` not included; seven days from today without") \
    X(SHIFTS_PUT, PUT, "/api/v1/shifts", AGENTS, "from to", B_SHIFTS, SHIFTS_MADE, 200, "Another plan for some agents and the days from `from` on, `to` not included, in place of what is planned there: all of it, or nothing and what is wrong; If-Match names the version that was seen, 0 when there was none") \
    X(AGENT_DAY, GET, "/api/v1/agents/{agent}/day", LIVE, "day", NONE, AGENT_DAY, 200, "What was planned for an agent on a day and what he did, with each deviation: busy with which contacts, or absent. Today without `day`") \
    X(ADHERENCE, GET, "/api/v1/adherence", LIVE, "day team", NONE, ADHERENCE, 200, "Adherence and conformance of a day, of each agent that one sees and of their teams; today without `day`") \
    X(DENIED, GET, "/api/v1/denied-calls", REPORT, "from to agent client language limit cursor", NONE, DENIED_CALLS, 200, "Calls that agents were not allowed to place, and why; the last day without `from`") \
    X(REPORT_CALLS, GET, "/api/v1/reports/calls", REPORT, "day from to only customers format language", NONE, RECORDS, 200, "Calls that are over, one by one, by when they ended: the list of `sapa report --calls`; of what began in the time that is asked for") \
    X(REPORT_NODES, GET, "/api/v1/reports/nodes", REPORT, "day from to only format language", NONE, FLOW_NODES, 200, "What callers did in the nodes of flows: the table of `sapa report --nodes`") \
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
/** Sound, in parts. */
static inline bool sapa_route_is_audio(enum sapa_route_id id)
{
    return id == SAPA_ROUTE_AUDIO || id == SAPA_ROUTE_COACH_AUDIO;
}
/** Its body goes to the job as it is: words about a customer. */
static inline bool sapa_route_writes_ticket(enum sapa_route_id id)
{
    return id == SAPA_ROUTE_TICKET_NEW || id == SAPA_ROUTE_TICKET_SET || id == SAPA_ROUTE_TICKET_ENTRY;
}
/** Needs neither a token nor a session. */
bool sapa_route_is_open(enum sapa_route_id id);

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
