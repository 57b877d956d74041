/**
 * @file model/vocab.h
 * The closed sets of words that records, core, channels and reports share.
 *
 * Numbers stand in logs: append only, never renumber. Names (the second column) are what people
 * read in `sapa why`, JSON and reports.
 * Room    model: base only.   Thread  any.
 */
#ifndef SAPA_MODEL_VOCAB_H
#define SAPA_MODEL_VOCAB_H

#include "base/base.h"

#define SAPA_CHANNELS(X) \
    X(VOICE, "voice") X(CHAT, "chat") X(EMAIL, "email") X(SMS, "sms") X(MESSAGE, "message") \
    X(SOCIAL, "social") X(VIDEO, "video") X(TICKET, "ticket")

#define SAPA_DIRECTIONS(X) X(INBOUND, "inbound") X(OUTBOUND, "outbound") X(INTERNAL, "internal")

#define SAPA_LANGUAGES(X) X(ID, "id") X(EN, "en")

/* Who ended something. SYSTEM and NETWORK are our faults and the carrier's, never "gave up". */
#define SAPA_SIDES(X) \
    X(CUSTOMER, "customer") X(AGENT, "agent") X(FLOW, "flow") X(NETWORK, "network") X(SYSTEM, "system")

/* Where a contact stood. */
#define SAPA_PLACES(X) \
    X(NEW, "new") X(FLOW, "menu") X(QUEUE, "queue") X(RINGING, "ringing") X(TALK, "talk") \
    X(CALLBACK, "callback") X(OUTSIDE, "outside") X(ENDED, "ended")

/* How an offered contact ended: exactly one each, so offered = sum of outcomes. */
#define SAPA_OUTCOMES(X) \
    X(OPEN, "open") X(ANSWERED, "answered") X(ABANDONED_FLOW, "abandoned in menu") \
    X(ABANDONED_QUEUE, "abandoned in queue") X(ABANDONED_RINGING, "abandoned while ringing") \
    X(CONTAINED, "served by the menu") X(CLOSED, "outside opening hours") \
    X(VOICEMAIL, "voicemail") X(CALLBACK_KEPT, "called back") X(CALLBACK_FAILED, "callback not reached") \
    X(TRANSFERRED, "transferred out") X(REFUSED, "refused by a limit or a list") \
    X(SYSTEM_FAULT, "lost by a fault of the system") X(OVERFLOW_ENDED, "ended by an overflow rule") \
    X(MERGED, "went on in another contact") X(UNREACHED, "not reached") X(REACHED, "reached")

/* Why a contact left a queue. */
#define SAPA_DEQUEUES(X) \
    X(CONNECTED, "connected") X(ABANDONED, "abandoned") X(OVERFLOW_WAIT, "overflow by waiting time") \
    X(OVERFLOW_LENGTH, "overflow by length") X(OVERFLOW_EWT, "overflow by expected wait") \
    X(CALLBACK, "turned into a callback") X(MOVED, "moved by a supervisor") X(FLOW, "left by the flow") \
    X(FAULT, "system fault") X(NO_AGENTS, "nobody is logged in")

/* The presence of an agent. Assignments are counted beside it. */
#define SAPA_PRESENCES(X) \
    X(OFFLINE, "offline") X(NOT_READY, "not ready") X(READY, "ready")

/* What one assignment of an agent is doing. */
#define SAPA_ASSIGNMENTS(X) \
    X(NONE, "none") X(OFFERED, "offered") X(TALKING, "talking") X(HELD, "on hold") X(WRAPUP, "wrap-up")

#define SAPA_OFFER_RESULTS(X) \
    X(OPEN, "open") X(ACCEPTED, "accepted") X(REFUSED, "refused") X(NO_ANSWER, "no answer") \
    X(BUSY, "busy") X(UNREACHABLE, "unreachable") X(CANCELLED, "caller gone") X(LOST_RACE, "another was faster") \
    X(FAULT, "system fault") X(WITHDRAWN, "withdrawn")

/* Why an agent was passed over, or a contact waits. `a` and `b` are the numbers in the sentence. */
#define SAPA_WHYS(X) \
    X(CHOSEN, "chosen") \
    X(OFFLINE, "not logged in") \
    X(NOT_READY, "not ready") \
    X(DEVICE, "phone not reachable") \
    X(BUSY, "busy with another contact") \
    X(CAPACITY, "no capacity on this channel") \
    X(RESERVED, "kept free for voice") \
    X(WRAPUP, "in wrap-up") \
    X(OFFERED, "is being offered another contact") \
    X(SKILL, "skill too low") \
    X(TEAM, "not in the team of this step") \
    X(CLIENT, "not granted this client") \
    X(JUST_REFUSED, "has just refused or missed this contact") \
    X(LOWER, "another agent stands before by the rule of the queue") \
    X(AHEAD, "contacts ahead in the line") \
    X(PREFERRED, "waiting for the preferred agent") \
    X(NO_AGENT, "nobody who could take it is logged in") \
    X(CLOSED, "queue is closed") \
    X(INTERRUPT, "busy with something this channel may not interrupt") \
    X(QUEUE, "taken off this queue by hand")

/* What an agent asks for, by dialled code or later by the desk. From CONSULT on: codes alone, which become inputs of their own;
 * CAMPAIGN names what a call outside is for: "*60" 7 "*" 0812…; GREETING is between the agent and voice alone. */
#define SAPA_VERBS(X) \
    X(READY, "ready") X(NOT_READY, "not ready") X(WRAPUP_DONE, "wrap-up done") \
    X(WRAPUP_EXTEND, "more wrap-up time") X(LOGOUT, "log out") X(STATUS, "say my state") \
    X(RECORD_PAUSE, "pause recording") X(RECORD_RESUME, "resume recording") X(RECORD_START, "record") \
    X(CONSULT, "ask") X(CONFERENCE, "conference") X(MERGE, "transfer after asking") X(BACK, "back") X(PASS, "transfer") \
    X(CAMPAIGN, "campaign") \
    X(BOOK, "book a break") \
    X(GREETING, "record prompt") \
    X(ECHO, "echo test")

/* Where an agent calls or passes a contact on to. */
#define SAPA_TARGETS(X) X(QUEUE, "queue") X(NUMBER, "number") X(AGENT, "agent") X(OUTSIDE, "outside")

/* With which line an agent calls: his phone has called us; the line that he talks with; his phone is rung first. */
#define SAPA_CALL_LINES(X) X(OWN, "own") X(SAME, "same") X(RING, "ring")

/* What an agent does with a contact in hand, besides passing it on and calling. */
#define SAPA_CALL_VERBS(X) \
    X(ACCEPT, "accept") X(REFUSE, "refuse") X(HOLD, "hold") X(RESUME, "resume") X(HANGUP, "hang up") \
    X(LEAVE, "leave") X(MERGE, "transfer after asking") X(CONFERENCE, "conference") X(DROP, "drop a party") \
    X(DISPOSE, "choose a disposition")

/* Why an agent may not place a call. */
#define SAPA_CALL_DENIALS(X) \
    X(NONE, "allowed") X(RIGHT, "no right to call this kind of number") X(HOURS, "outside allowed hours") \
    X(LISTED, "on a do-not-contact list") X(CLIENT, "not granted this client") X(BUSY, "another call in hand") \
    X(TARGET, "no such target, or nobody there") X(OFFLINE, "not logged in")

/* What needs somebody's attention, by limits of the description. The first four are of queues, the others of agents. */
#define SAPA_ALERTS(X) \
    X(WAITING, "waiting") X(LONGEST, "longest wait") X(LEVEL, "service level") X(ABANDONED, "abandoned") \
    X(NOT_READY, "not ready") X(TALK, "talk") X(LINE, "line")

#define SAPA_ALERT_STATES(X) X(OVER, "over") X(ON, "on") X(SEEN, "seen")

/* An agent who asks for help. */
#define SAPA_HANDS(X) X(DOWN, "down") X(RAISED, "raised") X(TAKEN, "taken")

/* Whether an agent serves a queue, whatever his skills and his team are; never for a client that is not his. */
#define SAPA_SERVES_WORDS(X) X(DESCRIBED, "described") X(YES, "yes") X(NO, "no")

/* To whom a supervisor speaks. */
#define SAPA_AUDIENCES(X) X(ALL, "all") X(TEAM, "team") X(QUEUE, "queue") X(AGENT, "agent") X(LEADERS, "leaders")

/* What a supervisor does in a conversation. */
#define SAPA_SUPERVISIONS(X) \
    X(LISTEN, "listen") X(WHISPER, "whisper") X(BARGE, "barge") X(TAKEOVER, "takeover") X(END, "end")

#define SAPA_RECORD_POLICIES(X) X(NONE, "none") X(ALL, "all") X(SHARE, "share") X(ON_DEMAND, "on demand")

#define SAPA_SWITCHES(X) X(SURGE, "surge") X(CLOSED, "closed by hand")

#define SAPA_CALLBACK_STATES(X) \
    X(WAITING, "waiting in line") X(AGENT, "agent is asked") X(DIALLING, "customer is called") \
    X(REACHED, "reached") X(RETRY, "will be tried again") X(FAILED, "given up") X(CANCELLED, "cancelled")

#define SAPA_ALARMS(X) \
    X(LINE_QUALITY, "line quality") X(STORE_SLOW, "the log is slow") X(STORE_FULL, "the disk is full") \
    X(STORE_FAILED, "the log cannot be written") X(MEDIA_LOST, "the media process is gone") \
    X(TRUNK_DOWN, "trunk down") X(SYSTEM_DROPS, "calls lost by the system")

/* Where somebody works, by the address of the telephone. UNKNOWN: the description does not say which networks are offices. */
#define SAPA_WORKPLACES(X) X(UNKNOWN, "unknown") X(OFFICE, "office") X(ELSEWHERE, "elsewhere")

/* What the far end of a contact is to the client. Nobody says INTERNAL of a person: the direction does. */
#define SAPA_PARTY_TYPES(X) X(CUSTOMER, "customer") X(PROSPECT, "prospect") X(INTERNAL, "internal")

/* Who may take part in one conversation. */
enum { SAPA_OUTSIDE_MAX = 4, SAPA_PARTIES_MAX = 8, SAPA_SUPERVISORS_MAX = 3 };

#define SAPA_VOCABS(V) \
    V(channel, CHANNEL, CHANNELS) V(direction, DIRECTION, DIRECTIONS) V(language, LANGUAGE, LANGUAGES) \
    V(side, SIDE, SIDES) V(place, PLACE, PLACES) V(outcome, OUTCOME, OUTCOMES) \
    V(dequeue, DEQUEUE, DEQUEUES) V(presence, PRESENCE, PRESENCES) \
    V(assignment, ASSIGNMENT, ASSIGNMENTS) V(offer_result, OFFER, OFFER_RESULTS) V(why, WHY, WHYS) \
    V(verb, VERB, VERBS) V(record_policy, RECORD, RECORD_POLICIES) V(switch, SWITCH, SWITCHES) \
    V(callback, CALLBACK, CALLBACK_STATES) V(alarm, ALARM, ALARMS) \
    V(target, TARGET, TARGETS) V(call_line, LINE, CALL_LINES) V(call_verb, CALL_VERB, CALL_VERBS) \
    V(call_denial, DENIAL, CALL_DENIALS) V(supervision, SUPERVISION, SUPERVISIONS) V(hand, HAND, HANDS) \
    V(audience, AUDIENCE, AUDIENCES) V(alert, ALERT, ALERTS) V(alert_state, ALERT_STATE, ALERT_STATES) \
    V(serves, SERVES, SERVES_WORDS) V(workplace, WORKPLACE, WORKPLACES) V(party_type, PARTY_TYPE, PARTY_TYPES)

#define X_CHANNEL(id, text) SAPA_CHANNEL_##id,
#define X_DIRECTION(id, text) SAPA_DIRECTION_##id,
#define X_LANGUAGE(id, text) SAPA_LANGUAGE_##id,
#define X_SIDE(id, text) SAPA_SIDE_##id,
#define X_PLACE(id, text) SAPA_PLACE_##id,
#define X_OUTCOME(id, text) SAPA_OUTCOME_##id,
#define X_DEQUEUE(id, text) SAPA_DEQUEUE_##id,
#define X_PRESENCE(id, text) SAPA_PRESENCE_##id,
#define X_ASSIGNMENT(id, text) SAPA_ASSIGNMENT_##id,
#define X_OFFER(id, text) SAPA_OFFER_##id,
#define X_WHY(id, text) SAPA_WHY_##id,
#define X_VERB(id, text) SAPA_VERB_##id,
#define X_RECORD(id, text) SAPA_RECORD_##id,
#define X_SWITCH(id, text) SAPA_SWITCH_##id,
#define X_CALLBACK(id, text) SAPA_CALLBACK_##id,
#define X_ALARM(id, text) SAPA_ALARM_##id,
#define X_TARGET(id, text) SAPA_TARGET_##id,
#define X_LINE(id, text) SAPA_LINE_##id,
#define X_CALL_VERB(id, text) SAPA_CALL_VERB_##id,
#define X_DENIAL(id, text) SAPA_DENIAL_##id,
#define X_SUPERVISION(id, text) SAPA_SUPERVISION_##id,
#define X_HAND(id, text) SAPA_HAND_##id,
#define X_SERVES(id, text) SAPA_SERVES_##id,
#define X_WORKPLACE(id, text) SAPA_WORKPLACE_##id,
#define X_PARTY_TYPE(id, text) SAPA_PARTY_TYPE_##id,
#define X_AUDIENCE(id, text) SAPA_AUDIENCE_##id,
#define X_ALERT(id, text) SAPA_ALERT_##id,
#define X_ALERT_STATE(id, text) SAPA_ALERT_STATE_##id,

/** `enum sapa_channel { SAPA_CHANNEL_VOICE, …, SAPA_CHANNEL_COUNT }`, and so on for every set. */
#define V(noun, PREFIX, LIST) enum sapa_##noun { SAPA_##LIST(X_##PREFIX) SAPA_##PREFIX##_COUNT };
SAPA_VOCABS(V)
#undef V

/** `sapa_channel_name(SAPA_CHANNEL_VOICE)` is "voice"; "?" outside the set. Static storage. */
#define V(noun, PREFIX, LIST) const char *sapa_##noun##_name(unsigned value);
SAPA_VOCABS(V)
#undef V

#endif
