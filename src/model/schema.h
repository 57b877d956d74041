/**
 * @file model/schema.h
 * Every record there is: inputs of the core, events out of it, commands to the world.
 *
 * One row a field; structs, encoding, JSON, printing and documentation all come from these rows.
 *   F(S, kind, name, text)   kinds: num (any unsigned ≤ 64 bits), sig (signed), id (64-bit id),
 *                            textN, piiN (text of a person: sealed with the person's key), blobN
 * A field may be appended to a record (its version goes up by one); nothing else may ever change:
 * records stand in logs. A record that is read with fewer fields gets zeros for the rest.
 *
 * Indices (agent, queue, client, flow, number, skill, trunk, disposition …) point into the centre
 * description in force, which CENTRE_STARTED names by its hash. SAPA_NONE is "no such".
 * Room    model: base only.
 */
#ifndef SAPA_MODEL_SCHEMA_H
#define SAPA_MODEL_SCHEMA_H

/* ---------------------------------------------------------------- inputs: what reaches the core */

/*  X(number, version, name, text)  */
#define SAPA_INPUTS(X) \
    X(1, 3, centre_started, "the centre starts or takes a new description") \
    X(2, 1, tick, "time has come for what is due") \
    X(3, 2, contact_arrived, "somebody reaches the centre") \
    X(4, 1, contact_answered, "the customer's leg is established") \
    X(5, 1, contact_gone, "the customer's leg is gone") \
    X(6, 1, play_done, "an announcement has ended") \
    X(7, 1, digit, "a key was pressed") \
    X(8, 2, offer_ringing, "the agent's phone rings") \
    X(9, 1, offer_accepted, "the agent has answered") \
    X(10, 1, offer_failed, "the agent's phone refused or cannot be reached") \
    X(11, 1, agent_gone, "the agent's leg of an accepted offer is gone") \
    X(12, 1, leg_held, "a party puts the other on hold, or takes it back") \
    X(13, 2, agent_device, "a phone becomes reachable or unreachable") \
    X(14, 1, agent_command, "an agent asks for a state") \
    X(15, 1, lookup_done, "an outside system has answered, or not in time") \
    X(16, 2, dial_progress, "a call that we place rings, is answered or fails") \
    X(17, 1, recording_state, "the recorder reports") \
    X(18, 2, leg_quality, "what a leg sounded like") \
    X(19, 1, switch_set, "surge and the like, switched by hand") \
    X(20, 2, contact_move, "a supervisor moves a contact: to another queue, to an agent, to the front") \
    X(21, 1, agent_skill, "a supervisor changes a skill") \
    X(22, 1, dialog, "the confirmed state of a dialog, for adoption after a restart") \
    X(23, 1, alarm_raised, "something needs a person") \
    X(24, 1, person_known, "an identity is tied to a person") \
    X(25, 3, contact_passed, "the agent who talks with it passes a contact on") \
    X(26, 4, agent_call, "an agent places a call, also to ask somebody while a contact is on hold") \
    X(27, 1, call_command, "an agent does something with a contact in hand") \
    X(40, 1, contact_noted, "somebody has written down something about a contact") \
    X(34, 1, supervise, "a supervisor listens to a conversation, whispers, joins, takes over, or ends that") \
    X(35, 1, hand, "an agent asks for help, or somebody does something about it") \
    X(36, 1, broadcast, "a supervisor says something to agents") \
    X(37, 1, broadcast_read, "an agent has read what supervisors said") \
    X(38, 1, alert, "a limit of the description is passed, or no longer; or somebody has seen that it is") \
    X(45, 1, agent_queue, "a supervisor has an agent serve a queue, or not") \
    X(46, 1, contact_party, "somebody says what the person of a contact is to the client") \
    X(49, 1, agent_team, "a supervisor lends an agent to another team") \
    X(60, 2, api_write, "somebody changed something through the API")

#define SAPA_REC_centre_started(F, S) \
    F(S, text64, centre_hash, "SHA-256 of the centre description, hex") \
    F(S, num, epoch, "fencing epoch of this control process") \
    F(S, text64, build, "build that takes the decisions") \
    F(S, text32, zones, "version of the time-zone data") \
    F(S, text64, by, "who brought this description; empty: the program started with it") \
    F(S, text128, comment, "what for, in the words of who brought it") \
    F(S, sig, stopped_us, "the program was not there from then on until now, and that is nobody's time; 0: it was") \
    F(S, num, whole, "1: no conversation went on meanwhile either: the media process was gone too")

#define SAPA_REC_tick(F, S) \
    F(S, num, unused, "always 0")

#define SAPA_REC_contact_arrived(F, S) \
    F(S, id, contact, "new contact") \
    F(S, num, channel, "enum sapa_channel") \
    F(S, num, direction, "enum sapa_direction") \
    F(S, num, number, "inbound number that was reached") \
    F(S, id, person, "who, 0 when anonymous") \
    F(S, num, trunk, "trunk it came by") \
    F(S, num, language, "enum sapa_language + 1 when known, else 0") \
    F(S, num, priority, "0..255, added to that of the queue (VIP lists)") \
    F(S, num, last_agent, "agent of this person's last contact, SAPA_NONE unknown") \
    F(S, pii64, address, "caller's number, E.164 where possible") \
    F(S, pii64, name, "caller's display name") \
    F(S, text128, reference, "identity of the call on the wire (Call-ID)") \
    F(S, num, party_type, "what was said of this person: enum sapa_party_type + 1; 0: nothing")

#define SAPA_REC_contact_answered(F, S) \
    F(S, id, contact, "") \
    F(S, id, leg, "media leg of the customer")

#define SAPA_REC_contact_gone(F, S) \
    F(S, id, contact, "") \
    F(S, num, side, "enum sapa_side: who ended it") \
    F(S, num, cause, "SIP status or Q.850 cause + 1000, 0 plain hang-up") \
    F(S, text64, reason, "words for a person")

#define SAPA_REC_play_done(F, S) \
    F(S, id, contact, "") \
    F(S, num, play, "the play command's number") \
    F(S, num, failed, "1: it could not be played")

#define SAPA_REC_digit(F, S) \
    F(S, id, contact, "") \
    F(S, num, side, "enum sapa_side: CUSTOMER or AGENT") \
    F(S, id, person, "whose key seals it") \
    F(S, pii8, digit, "one of 0-9 * # A-D; ? stands for a secret digit kept outside the log") \
    F(S, num, secrets, "how many secret digits the vault now holds")

#define SAPA_REC_offer_ringing(F, S) \
    F(S, id, offer, "") \
    F(S, num, answered, "1: it was answered, and he is told the queue's name before he is connected")

#define SAPA_REC_offer_accepted(F, S) \
    F(S, id, offer, "") \
    F(S, id, leg, "media leg of the agent")

#define SAPA_REC_offer_failed(F, S) \
    F(S, id, offer, "") \
    F(S, num, result, "enum sapa_offer_result: REFUSED, BUSY, UNREACHABLE, FAULT") \
    F(S, num, cause, "SIP status")

#define SAPA_REC_agent_gone(F, S) \
    F(S, id, contact, "") \
    F(S, id, offer, "") \
    F(S, num, side, "enum sapa_side") \
    F(S, num, cause, "as in contact_gone")

#define SAPA_REC_leg_held(F, S) \
    F(S, id, contact, "") \
    F(S, id, offer, "agent's leg, 0 when the customer holds") \
    F(S, num, side, "enum sapa_side: who holds") \
    F(S, num, on, "1 hold, 0 back")

#define SAPA_REC_agent_device(F, S) \
    F(S, num, agent, "") \
    F(S, num, reachable, "1 or 0") \
    F(S, text64, reason, "registered, expired, no answer to OPTIONS …") \
    F(S, num, place, "enum sapa_workplace: where the phone that was registered last is, by its address")

#define SAPA_REC_agent_command(F, S) \
    F(S, num, agent, "") \
    F(S, num, verb, "enum sapa_verb") \
    F(S, num, code, "reason or disposition, SAPA_NONE for none") \
    F(S, id, request, "comes back in agent_reply; 0 for none")

#define SAPA_REC_lookup_done(F, S) \
    F(S, id, contact, "") \
    F(S, num, lookup, "the lookup command's number") \
    F(S, num, result, "0 good, else -enum sapa_rc") \
    F(S, id, person, "whose key seals it") \
    F(S, pii512, values, "name=value lines")

#define SAPA_REC_dial_progress(F, S) \
    F(S, id, contact, "") \
    F(S, num, attempt, "the dial command's number") \
    F(S, num, state, "0 ringing, 1 answered, 2 failed, 3 gone after answer") \
    F(S, num, cause, "SIP status") \
    F(S, num, side, "enum sapa_side: who ended or failed it") \
    F(S, id, leg, "media leg, when answered") \
    F(S, num, trunk, "when answered: index of the trunk that carries it + 1, 0 unknown")

#define SAPA_REC_recording_state(F, S) \
    F(S, id, contact, "") \
    F(S, id, recording, "") \
    F(S, num, state, "0 started, 1 paused, 2 resumed, 3 ended, 4 failed, 5 cut: its recorder died; what it had written counts") \
    F(S, num, recorded_ms, "so far, masked time not counted") \
    F(S, num, masked_ms, "so far") \
    F(S, num, bytes, "size of the file") \
    F(S, text64, hash, "SHA-256 of the file, hex, when ended") \
    F(S, text128, path, "below the recordings folder")

#define SAPA_REC_leg_quality(F, S) \
    F(S, id, contact, "") \
    F(S, id, leg, "") \
    F(S, num, side, "enum sapa_side") \
    F(S, num, final, "1: the leg is closed; 0: an alarm on the way") \
    F(S, num, packets, "received") \
    F(S, num, lost, "of those expected") \
    F(S, num, jitter_us, "RFC 3550 interarrival jitter, last") \
    F(S, num, jitter_max_us, "") \
    F(S, num, mos_x100, "ITU-T G.107 estimate, 100..450: of the whole leg, of an alarm: now; 0: no packet came") \
    F(S, num, mos_min_x100, "worst ten seconds, 0: as above") \
    F(S, num, sent, "packets to the peer") \
    F(S, num, rtt_us, "round trip by the peer's reports, 0: unknown") \
    F(S, num, heard_lost, "of those sent, as the peer reports (RFC 3550 6.4.1)") \
    F(S, num, heard_fraction, "of 256, of its last report") \
    F(S, num, heard_jitter_us, "of its last report") \
    F(S, num, heard_mos_x100, "the same estimate of what the peer hears of us, 0: it reported nothing") \
    F(S, num, heard_mos_min_x100, "worst ten seconds of that")

#define SAPA_REC_switch_set(F, S) \
    F(S, num, which, "enum sapa_switch") \
    F(S, num, client, "SAPA_NONE: all clients") \
    F(S, num, on, "") \
    F(S, text64, by, "who switched")

#define SAPA_REC_contact_move(F, S) \
    F(S, id, contact, "") \
    F(S, num, queue, "its own: it stays where it is, with what is said below") \
    F(S, text64, by, "") \
    F(S, num, agent, "index of the agent for whom it waits a while + 1; 0: whoever comes") \
    F(S, num, front, "1: before all others")

#define SAPA_REC_contact_passed(F, S) \
    F(S, id, contact, "") \
    F(S, id, offer, "of the agent who passes it on") \
    F(S, num, kind, "enum sapa_target; an agent is waited for as long as the queue says") \
    F(S, num, target, "index of the queue, number or agent; SAPA_NONE: outside") \
    F(S, id, request, "comes back in cmd_agent_reply") \
    F(S, id, person, "whose key seals the address") \
    F(S, pii64, address, "number outside, E.164 without plus; else empty") \
    F(S, num, listed, "bit i: that number is on a do-not-contact list of client i") \
    F(S, text64, by, "user of the API, empty: by the agent's phone") \
    F(S, num, number_type, "enum sapa_phone_type of the number outside; 0 unknown")

#define SAPA_REC_agent_call(F, S) \
    F(S, id, contact, "new contact") \
    F(S, id, offer, "new: the agent's own part in it") \
    F(S, num, agent, "who calls") \
    F(S, num, line, "enum sapa_call_line: with which line of his") \
    F(S, id, beside, "offer of the contact that he puts on hold meanwhile; 0 none") \
    F(S, num, kind, "enum sapa_target") \
    F(S, num, target, "index of the queue, number or agent; SAPA_NONE: outside") \
    F(S, num, client, "for whom, SAPA_NONE: as his rights and the contact beside say") \
    F(S, id, person, "who is called, 0 unknown; whose key seals the address") \
    F(S, pii64, address, "number outside, E.164 without plus; else empty") \
    F(S, num, listed, "bit i: that number is on a do-not-contact list of client i") \
    F(S, text128, reference, "identity of the call on the wire (Call-ID)") \
    F(S, id, request, "comes back in cmd_agent_reply; 0 none") \
    F(S, text64, by, "user of the API, empty: by the agent's phone") \
    F(S, num, number_type, "enum sapa_phone_type of the number outside; 0 unknown") \
    F(S, num, campaign, "index of the campaign that he named + 1; 0: his own, where he has one") \
    F(S, num, party_type, "what was said of who is called: enum sapa_party_type + 1; 0: nothing")

#define SAPA_REC_call_command(F, S) \
    F(S, num, agent, "whose") \
    F(S, id, offer, "his part") \
    F(S, num, verb, "enum sapa_call_verb") \
    F(S, id, other, "MERGE, CONFERENCE: the other contact; DROP: the offer or outside attempt that shall leave; DISPOSE: index of the disposition + 1, 0: none any more; else 0") \
    F(S, id, request, "comes back in cmd_agent_reply; 0 none") \
    F(S, text64, by, "user of the API, empty: by the agent's phone")

#define SAPA_REC_agent_skill(F, S) \
    F(S, num, agent, "") \
    F(S, num, skill, "") \
    F(S, num, level, "0 removes it; SAPA_LEVEL_DESCRIBED: as the description has it") \
    F(S, sig, until_us, "0: for good") \
    F(S, text64, by, "")

#define SAPA_REC_agent_queue(F, S) \
    F(S, num, agent, "") \
    F(S, num, queue, "") \
    F(S, num, serves, "enum sapa_serves") \
    F(S, sig, until_us, "0: for good") \
    F(S, text64, by, "")

#define SAPA_REC_agent_team(F, S) \
    F(S, num, agent, "") \
    F(S, num, team, "SAPA_NONE or his own: back to it") \
    F(S, sig, until_us, "0: for good") \
    F(S, text64, by, "")

#define SAPA_REC_supervise(F, S) \
    F(S, id, supervision, "known: another mode, or its end; else a new one: his phone is rung") \
    F(S, id, contact, "the conversation") \
    F(S, num, agent, "whose phone the supervisor uses") \
    F(S, num, mode, "enum sapa_supervision; END ends it") \
    F(S, text64, by, "user of the API")

#define SAPA_REC_hand(F, S) \
    F(S, num, agent, "who asks for help") \
    F(S, num, state, "enum sapa_hand: RAISED, TAKEN or DOWN") \
    F(S, text64, by, "user of the API")

#define SAPA_REC_broadcast(F, S) \
    F(S, num, kind, "enum sapa_audience") \
    F(S, num, target, "index of the team, queue or agent; SAPA_NONE: everybody") \
    F(S, sig, until_us, "it is of no interest afterwards") \
    F(S, text512, text, "what he says; not for what concerns a customer: it is not sealed") \
    F(S, text64, by, "user of the API")

#define SAPA_REC_broadcast_read(F, S) \
    F(S, num, agent, "") \
    F(S, id, message, "the newest that he has read")

#define SAPA_REC_alert(F, S) \
    F(S, num, kind, "enum sapa_alert") \
    F(S, num, target, "index of the queue or agent") \
    F(S, num, state, "enum sapa_alert_state: ON, OVER, or SEEN of one that is on") \
    F(S, num, value, "measured: contacts, milliseconds, or millionths of a share") \
    F(S, num, limit, "of the description, likewise") \
    F(S, text64, by, "user of the API, with SEEN")

#define SAPA_REC_dialog(F, S) \
    F(S, id, contact, "0: a call of an agent to the centre itself") \
    F(S, id, offer, "0: the customer's leg") \
    F(S, id, leg, "media leg") \
    F(S, num, generation, "counts up with each confirmed change") \
    F(S, num, closed, "1: the dialog is over") \
    F(S, id, person, "whose key seals it") \
    F(S, pii1400, state, "sip dialog and sdp, as the voice channel writes them")

#define SAPA_REC_alarm_raised(F, S) \
    F(S, num, kind, "enum sapa_alarm") \
    F(S, num, on, "1 raised, 0 over") \
    F(S, id, contact, "or 0") \
    F(S, text128, text, "what and what to do")

#define SAPA_REC_person_known(F, S) \
    F(S, id, person, "") \
    F(S, num, client, "") \
    F(S, num, identity, "0 phone number, 1 mail, 2 handle") \
    F(S, blob64, lookup, "keyed hash of the normalised identity") \
    F(S, pii128, value, "the identity itself")

#define SAPA_REC_contact_noted(F, S) \
    F(S, id, contact, "") \
    F(S, num, version, "of its note: counts up from 1") \
    F(S, num, part, "a text is longer than a record: which part of it, from 0") \
    F(S, num, parts, "how many there are, one after the other in the log") \
    F(S, id, person, "whose key seals it") \
    F(S, pii1400, text, "UTF-8, cut between characters") \
    F(S, num, agent, "who wrote it, SAPA_NONE: no agent") \
    F(S, text64, by, "user of the API")

#define SAPA_REC_contact_party(F, S) \
    F(S, id, contact, "on whose card it was said") \
    F(S, id, person, "of whom it holds from now on") \
    F(S, num, party_type, "enum sapa_party_type + 1: CUSTOMER or PROSPECT") \
    F(S, num, agent, "who said it, SAPA_NONE: no agent") \
    F(S, text64, by, "user of the API") \
    F(S, num, was, "what the contact counts as until now, as party_type; 0: not known, and when it is over it stays what it was") \
    F(S, sig, began_us, "when it began: where it counts, when it is over") \
    F(S, text64, client, "likewise: its key, empty none") F(S, text64, number, "likewise") F(S, text64, campaign, "likewise")

#define SAPA_REC_api_write(F, S) \
    F(S, id, request, "as the answer named it") \
    F(S, text64, actor, "user of the token") \
    F(S, text32, role, "") \
    F(S, text64, source, "address it came from") \
    F(S, text128, what, "method and path") \
    F(S, text512, detail, "what was wanted: parameters and body") \
    F(S, num, rc, "-enum sapa_rc: what came of it") \
    F(S, blob64, idempotent, "with an Idempotency-Key: hash of the key and of the request, 8 bytes each") \
    F(S, text512, answer, "what the answer said besides done and seq: members of an object")

/* ---------------------------------------------------------------- events: what the core decided */

#define SAPA_EVENTS(X) \
    X(64, 3, contact_new, "a contact is open") \
    X(65, 1, flow_step, "a node of a flow was entered") \
    X(66, 1, flow_value, "a flow stored a value") \
    X(67, 1, contact_queued, "a contact joined a queue") \
    X(68, 1, contact_dequeued, "a contact left a queue") \
    X(69, 1, offer_made, "a contact was offered to an agent") \
    X(70, 1, offer_ended, "an offer came to its end") \
    X(71, 1, contact_connected, "customer and agent talk") \
    X(72, 1, hold_changed, "hold began or ended") \
    X(73, 1, contact_parted, "an agent's part in a contact ended") \
    X(74, 1, wrapup_ended, "wrap-up ended") \
    X(75, 1, contact_ended, "a contact is closed") \
    X(76, 1, agent_moved, "an agent's presence changed") \
    X(77, 1, callback_changed, "a callback moved on") \
    X(78, 1, voicemail_left, "a message was left") \
    X(79, 2, survey_answered, "a survey question was answered") \
    X(80, 1, why, "why an offer, a skip or a wait") \
    X(81, 1, switch_changed, "surge and the like") \
    X(82, 1, refused, "an input that was late, repeated or impossible, and changed nothing") \
    X(83, 1, assignment_moved, "one assignment of an agent changed") \
    X(84, 1, outside_tried, "a transfer or an on-call list has tried a number") \
    X(85, 1, contact_transferred, "an agent passed a contact on") \
    X(86, 1, contact_merged, "the other parties of a second contact came into this one") \
    X(87, 1, party_joined, "somebody more takes part in a conversation") \
    X(88, 1, party_left, "an outside party left a conversation") \
    X(89, 2, call_denied, "an agent may not place this call") \
    X(110, 1, break_booked, "an agent stands in line for a break, or no more") \
    X(100, 1, supervision_began, "a supervisor's phone is rung: he is to hear a conversation") \
    X(101, 1, supervision_changed, "he is on, or does something else in it") \
    X(102, 1, supervision_ended, "he is out of it") \
    X(103, 1, hand_changed, "help is wanted, is coming, or not wanted any more") \
    X(104, 1, broadcast_made, "something was said to agents") \
    X(105, 1, broadcast_seen, "an agent has read it and what was said before") \
    X(106, 1, alert_changed, "something needs attention, has somebody's, or needs it no longer") \
    X(115, 1, skill_changed, "an agent's skill is another by hand, or what it was before") \
    X(116, 1, serves_changed, "an agent serves a queue by hand, or as it was before") \
    X(119, 1, team_changed, "an agent works in another team by hand, or as it was before")

#define SAPA_REC_contact_new(F, S) \
    F(S, id, contact, "") F(S, num, client, "") F(S, num, channel, "") F(S, num, direction, "") \
    F(S, num, number, "") F(S, id, person, "") F(S, num, flow, "") F(S, num, language, "") \
    F(S, num, campaign, "index of the campaign that it was placed for + 1; 0 none") \
    F(S, num, party_type, "enum sapa_party_type + 1; 0: from before it was known")

#define SAPA_REC_flow_step(F, S) \
    F(S, id, contact, "") F(S, num, flow, "") F(S, num, node, "index in the flow") \
    F(S, num, via, "key pressed, as a character, or 0") F(S, num, language, "")

#define SAPA_REC_flow_value(F, S) \
    F(S, id, contact, "") F(S, text32, name, "") F(S, id, person, "") F(S, pii128, value, "")

#define SAPA_REC_contact_queued(F, S) \
    F(S, id, contact, "") F(S, num, queue, "") F(S, num, priority, "0..255 at arrival") \
    F(S, num, position, "1 is next") F(S, num, ewt_p50_ms, "promised; SAPA_NONE: nobody is ready") F(S, num, ewt_p90_ms, "promised") \
    F(S, num, virtual_waiter, "1: a callback that keeps its place")

#define SAPA_REC_contact_dequeued(F, S) \
    F(S, id, contact, "") F(S, num, queue, "") F(S, num, reason, "enum sapa_dequeue") \
    F(S, num, wait_ms, "in this queue")

#define SAPA_REC_offer_made(F, S) \
    F(S, id, offer, "") F(S, id, contact, "") F(S, num, agent, "") F(S, num, queue, "") \
    F(S, num, wait_ms, "of the contact so far") F(S, num, step, "requirement step in force, from 0") \
    F(S, num, kind, "0 contact, 1 callback, 2 his own call: his phone first, 3 a colleague calls, 4 a supervisor")

#define SAPA_REC_offer_ended(F, S) \
    F(S, id, offer, "") F(S, id, contact, "") F(S, num, agent, "") F(S, num, queue, "") \
    F(S, num, result, "enum sapa_offer_result") F(S, num, ring_ms, "") F(S, num, cause, "SIP status")

#define SAPA_REC_contact_connected(F, S) \
    F(S, id, contact, "") F(S, id, offer, "") F(S, num, agent, "") F(S, num, queue, "") \
    F(S, num, wait_ms, "queue time, ringing included") F(S, id, recording, "0: none by policy") \
    F(S, num, policy, "enum sapa_record_policy")

#define SAPA_REC_hold_changed(F, S) \
    F(S, id, contact, "") F(S, id, offer, "") F(S, num, agent, "") F(S, num, side, "") F(S, num, on, "") \
    F(S, num, held_ms, "length of the hold that ended")

#define SAPA_REC_contact_parted(F, S) \
    F(S, id, contact, "") F(S, id, offer, "") F(S, num, agent, "") F(S, num, queue, "") \
    F(S, num, talk_ms, "hold not counted") F(S, num, hold_ms, "") F(S, num, side, "who hung up") \
    F(S, num, cause, "")

#define SAPA_REC_wrapup_ended(F, S) \
    F(S, id, contact, "") F(S, id, offer, "") F(S, num, agent, "") F(S, num, queue, "") \
    F(S, num, wrapup_ms, "") F(S, num, disposition, "SAPA_NONE: none given") \
    F(S, num, how, "0 by the agent, 1 by the limit, 2 logged out")

#define SAPA_REC_contact_ended(F, S) \
    F(S, id, contact, "") F(S, num, client, "") F(S, num, outcome, "enum sapa_outcome") \
    F(S, num, side, "enum sapa_side") F(S, num, cause, "") F(S, num, place, "where it stood") \
    F(S, num, queue, "last queue or SAPA_NONE") F(S, num, total_ms, "") F(S, num, flow_ms, "in menus") \
    F(S, num, queue_ms, "in queues") F(S, num, answered, "1: an agent answered at least once")

#define SAPA_REC_agent_moved(F, S) \
    F(S, num, agent, "") F(S, num, from, "enum sapa_presence") F(S, num, to, "") \
    F(S, num, reason, "not-ready reason or SAPA_NONE") F(S, num, was_ms, "in the state that ended") \
    F(S, num, by, "0 agent, 1 device, 2 rule (no answer), 3 supervisor")

#define SAPA_REC_callback_changed(F, S) \
    F(S, id, contact, "") F(S, num, state, "enum sapa_callback") F(S, num, attempt, "from 1") \
    F(S, sig, due_us, "next try, or 0") F(S, num, cause, "")

#define SAPA_REC_voicemail_left(F, S) \
    F(S, id, contact, "") F(S, id, recording, "") F(S, num, length_ms, "") F(S, num, queue, "")

#define SAPA_REC_survey_answered(F, S) \
    F(S, id, contact, "") F(S, num, agent, "who is judged") F(S, num, queue, "") F(S, text32, question, "") \
    F(S, num, answer, "0..10") F(S, num, scale, "the highest answer there is: 5, 7, 10; 0: it was not told")

#define SAPA_REC_why(F, S) \
    F(S, id, contact, "") F(S, id, offer, "0: no offer came of it") F(S, num, queue, "") \
    F(S, num, step, "requirement step") F(S, num, waiting, "contacts ahead of it") \
    F(S, blob256, reasons, "triples (agent, enum sapa_why, a, b), LEB128, nearest first")

#define SAPA_REC_switch_changed(F, S) \
    F(S, num, which, "") F(S, num, client, "") F(S, num, on, "")

#define SAPA_REC_refused(F, S) \
    F(S, num, input, "number of the input's record") F(S, num, rc, "-enum sapa_rc") F(S, id, about, "")

#define SAPA_REC_assignment_moved(F, S) \
    F(S, num, agent, "") F(S, id, contact, "") F(S, id, offer, "") F(S, num, from, "enum sapa_assignment") \
    F(S, num, to, "") F(S, num, was_ms, "")

#define SAPA_REC_outside_tried(F, S) \
    F(S, id, contact, "") F(S, num, flow, "") F(S, num, node, "") F(S, num, attempt, "as in dial_progress") \
    F(S, num, place, "in the on-call list, from 1") \
    F(S, num, result, "0 answered, 1 failed (busy, refused, no answer), 2 nothing was heard of it in time") \
    F(S, text64, number, "of the on-call list; empty for a transfer, whose number may hold the caller's digits")

#define SAPA_REC_contact_transferred(F, S) \
    F(S, id, contact, "") F(S, id, offer, "of the agent who passed it on") F(S, num, agent, "") F(S, num, queue, "") \
    F(S, num, kind, "enum sapa_target: where to") F(S, num, target, "SAPA_NONE: outside") \
    F(S, num, asked, "1: after asking (consultation), 0: blind") F(S, id, other, "contact of the consultation, 0 none") \
    F(S, text64, by, "")

#define SAPA_REC_contact_merged(F, S) \
    F(S, id, contact, "that goes on") F(S, id, other, "that ended in it") F(S, num, agent, "who did it") \
    F(S, num, conference, "1: he stays in it, 0: he left")

#define SAPA_REC_party_joined(F, S) \
    F(S, id, contact, "") F(S, id, offer, "the agent's part; 0: somebody outside") F(S, num, agent, "or SAPA_NONE") \
    F(S, num, attempt, "somebody outside: as in dial_progress") F(S, num, queue, "whose rules hold, or SAPA_NONE") \
    F(S, num, parties, "how many talk now, the customer among them")

#define SAPA_REC_party_left(F, S) \
    F(S, id, contact, "") F(S, num, attempt, "as in party_joined") F(S, num, side, "enum sapa_side") F(S, num, cause, "") \
    F(S, num, talk_ms, "")

#define SAPA_REC_call_denied(F, S) \
    F(S, num, agent, "") F(S, num, why, "enum sapa_call_denial") F(S, num, kind, "enum sapa_target") \
    F(S, num, client, "or SAPA_NONE") F(S, id, person, "or 0") F(S, id, contact, "on hold beside it, or 0") \
    F(S, num, campaign, "index of its campaign + 1; 0 none")

#define SAPA_REC_break_booked(F, S) \
    F(S, num, agent, "") F(S, num, reason, "not-ready reason") F(S, num, how, "0 in line from now on, 1 no more, 2 it is his turn")

#define SAPA_REC_supervision_began(F, S) \
    F(S, id, supervision, "") F(S, id, contact, "") F(S, num, agent, "whose phone the supervisor uses") \
    F(S, num, watched, "the agent who talks") F(S, num, mode, "enum sapa_supervision") F(S, text64, by, "")

#define SAPA_REC_supervision_changed(F, S) \
    F(S, id, supervision, "") F(S, id, contact, "") F(S, num, agent, "") F(S, num, from, "enum sapa_supervision") \
    F(S, num, to, "the same: his phone was answered") F(S, num, on, "0: his phone still rings") \
    F(S, num, was_ms, "since the last such event") F(S, text64, by, "")

#define SAPA_REC_supervision_ended(F, S) \
    F(S, id, supervision, "") F(S, id, contact, "") F(S, num, agent, "") F(S, num, mode, "last") \
    F(S, num, result, "enum sapa_offer_result: ACCEPTED: he was on; else why not") F(S, num, side, "enum sapa_side: who ended it") \
    F(S, num, cause, "as in contact_gone") F(S, num, heard_ms, "for so long he was on")

#define SAPA_REC_hand_changed(F, S) \
    F(S, num, agent, "") F(S, id, contact, "that he had in hand when he asked, 0 none") F(S, num, from, "enum sapa_hand") \
    F(S, num, to, "") F(S, num, was_ms, "in the state that ended: with TAKEN how long he waited") F(S, text64, by, "empty: he logged out")

#define SAPA_REC_broadcast_made(F, S) \
    F(S, id, message, "") F(S, num, kind, "enum sapa_audience") F(S, num, target, "") F(S, sig, until_us, "") \
    F(S, text512, text, "") F(S, text64, by, "")

#define SAPA_REC_broadcast_seen(F, S) F(S, num, agent, "") F(S, id, message, "")

#define SAPA_REC_alert_changed(F, S) \
    F(S, num, kind, "enum sapa_alert") F(S, num, target, "") F(S, num, from, "enum sapa_alert_state") F(S, num, to, "") \
    F(S, num, value, "") F(S, num, limit, "") F(S, num, was_ms, "in the state that ended") F(S, text64, by, "")

#define SAPA_REC_skill_changed(F, S) \
    F(S, num, agent, "") F(S, num, skill, "") F(S, num, level, "that he has now") F(S, num, described, "1: as the description has it") \
    F(S, sig, until_us, "0: for good") F(S, text64, by, "empty: its time was over")

#define SAPA_REC_serves_changed(F, S) \
    F(S, num, agent, "") F(S, num, queue, "") F(S, num, serves, "enum sapa_serves") F(S, sig, until_us, "0: for good") \
    F(S, text64, by, "empty: its time was over")

#define SAPA_REC_team_changed(F, S) \
    F(S, num, agent, "") F(S, num, team, "in which he works now; SAPA_NONE: none") F(S, num, described, "1: nothing is changed by hand any more") \
    F(S, sig, until_us, "0: for good") F(S, text64, by, "empty: its time was over")

/* ---------------------------------------------------------------- commands: what the world shall do */

/* Never logged: they follow from the inputs. Those with `promise` wait for the commit. */
#define SAPA_COMMANDS(X) \
    X(128, 1, cmd_ring, "tell the caller that it rings (provisional, no promise)") \
    X(129, 1, cmd_answer, "answer the customer") \
    X(130, 1, cmd_reject, "refuse the customer's call") \
    X(131, 1, cmd_play, "play segments to the customer, in place of what plays now") \
    X(132, 1, cmd_stop_play, "silence") \
    X(133, 1, cmd_secret, "digits that follow are secret, or no longer") \
    X(134, 1, cmd_offer, "ring an agent's phone") \
    X(135, 1, cmd_offer_cancel, "stop ringing") \
    X(136, 1, cmd_connect, "let customer and agent talk") \
    X(137, 1, cmd_hold_music, "play to the held party, or stop") \
    X(138, 1, cmd_drop_agent, "end the agent's leg") \
    X(139, 1, cmd_hangup, "end the customer's leg") \
    X(140, 1, cmd_record, "start, pause, resume or end a recording") \
    X(141, 1, cmd_lookup, "ask an outside system") \
    X(142, 1, cmd_dial, "place a call: a callback, or a transfer to an outside number") \
    X(143, 1, cmd_dial_cancel, "give it up") \
    X(144, 2, cmd_agent_reply, "answer to an agent's command") \
    X(145, 1, cmd_forget, "the contact is over: release everything kept for it") \
    X(146, 1, cmd_join, "the parties of another contact come into this one") \
    X(147, 1, cmd_hold, "take an agent's line out of the conversation, or back: not by his own phone") \
    X(148, 1, cmd_offer_accept, "let the agent's phone answer") \
    X(149, 2, cmd_call, "an agent's own call begins: whose line it has") \
    X(158, 1, cmd_supervise, "what a supervisor's leg does in a conversation")

#define SAPA_REC_cmd_ring(F, S) F(S, id, contact, "")
#define SAPA_REC_cmd_answer(F, S) F(S, id, contact, "")
#define SAPA_REC_cmd_reject(F, S) F(S, id, contact, "") F(S, num, status, "SIP status")
#define SAPA_REC_cmd_play(F, S) \
    F(S, id, contact, "") F(S, num, play, "counts up; play_done names it") \
    F(S, num, loop, "1: until replaced, no play_done") F(S, num, client, "") F(S, num, language, "") \
    F(S, blob1024, segments, "model/segment.h: prompt indices and texts to be spoken")
#define SAPA_REC_cmd_stop_play(F, S) F(S, id, contact, "")
#define SAPA_REC_cmd_secret(F, S) F(S, id, contact, "") F(S, num, on, "")
#define SAPA_REC_cmd_offer(F, S) \
    F(S, id, offer, "") F(S, id, contact, "") F(S, num, agent, "") F(S, num, queue, "") \
    F(S, num, kind, "0 contact, 1 callback, 2 his own call: his phone first, 3 a colleague calls, 4 a supervisor") F(S, num, ring_ms, "the core cancels after this; for the phone's display")
#define SAPA_REC_cmd_offer_cancel(F, S) \
    F(S, id, offer, "") F(S, num, elsewhere, "1: answered elsewhere (no missed call on the phone)")
#define SAPA_REC_cmd_connect(F, S) F(S, id, contact, "") F(S, id, offer, "")
#define SAPA_REC_cmd_hold_music(F, S) \
    F(S, id, contact, "") F(S, id, offer, "") F(S, num, side, "who hears it: CUSTOMER or AGENT") \
    F(S, num, on, "") F(S, num, prompt, "music")
#define SAPA_REC_cmd_drop_agent(F, S) F(S, id, contact, "") F(S, id, offer, "")
#define SAPA_REC_cmd_hangup(F, S) F(S, id, contact, "") F(S, num, cause, "Q.850")
#define SAPA_REC_cmd_record(F, S) \
    F(S, id, contact, "") F(S, id, recording, "") \
    F(S, num, action, "0 start, 1 pause, 2 resume, 3 end") \
    F(S, num, kind, "0 conversation, 1 voicemail") F(S, num, max_ms, "0: no limit")
#define SAPA_REC_cmd_lookup(F, S) \
    F(S, id, contact, "") F(S, num, lookup, "counts up") F(S, num, timeout_ms, "") \
    F(S, text512, url, "with values filled in; {secret} is filled in by the vault")
#define SAPA_REC_cmd_dial(F, S) \
    F(S, id, contact, "") F(S, num, attempt, "counts up") F(S, num, kind, "0 callback, 1 transfer, 2 call of an agent") \
    F(S, text64, number, "empty: the address of the contact itself") \
    F(S, num, from, "number whose identity is shown") F(S, num, ring_ms, "")
#define SAPA_REC_cmd_dial_cancel(F, S) F(S, id, contact, "") F(S, num, attempt, "")
#define SAPA_REC_cmd_agent_reply(F, S) \
    F(S, num, agent, "") F(S, id, request, "") F(S, num, rc, "-enum sapa_rc") F(S, num, verb, "of agent_command; else 255") \
    F(S, num, code, "as asked; with STATUS the reason of being not ready") F(S, num, presence, "now") \
    F(S, num, wrapup, "1: a call waits to be wrapped up")
#define SAPA_REC_cmd_forget(F, S) F(S, id, contact, "")
#define SAPA_REC_cmd_join(F, S) \
    F(S, id, contact, "that goes on") F(S, id, other, "whose parties come over; cmd_forget follows for it") \
    F(S, id, offer, "agent's part in `other` that comes over; 0: its customer's leg comes over as outside party") \
    F(S, num, attempt, "number of that outside party from now on")
#define SAPA_REC_cmd_hold(F, S) \
    F(S, id, contact, "") F(S, id, offer, "") F(S, num, on, "") F(S, num, prompt, "music for whom is left alone")
#define SAPA_REC_cmd_offer_accept(F, S) F(S, id, offer, "")
#define SAPA_REC_cmd_supervise(F, S) \
    F(S, id, contact, "") F(S, id, offer, "as in cmd_offer") F(S, num, mode, "enum sapa_supervision; TAKEOVER: an agent's leg like any other from now on")
#define SAPA_REC_cmd_call(F, S) \
    F(S, id, contact, "") F(S, id, offer, "his own part in it") F(S, num, agent, "") F(S, num, line, "enum sapa_call_line") \
    F(S, id, beside, "offer whose line is used, with SAME; else 0") F(S, num, kind, "enum sapa_target") \
    F(S, num, target, "index of the queue, number or agent; SAPA_NONE: outside") F(S, num, client, "or SAPA_NONE") \
    F(S, text64, number, "outside: whom he calls, for the display of his phone") \
    F(S, num, campaign, "index of the campaign that it is placed for + 1; 0 none")

#endif
