// Made by web/tools/api.mjs from docs/ref/openapi.json. Do not edit: make docs.

import { call, type Asked } from "./call";

export interface Problem {
  /** about:blank */
  type: string;
  /** what kind of problem */
  title: string;
  /** HTTP status */
  status: number;
  /** what is wrong here, and what helps */
  detail?: string;
  /** name of the result, as in docs/ref/results.md */
  code: string;
  /** id of the request, as in the header Sapa-Request */
  request: string;
  /** what is wrong with a description */
  errors?: Mistake[];
  /** mistakes beyond those */
  more?: number;
}

export interface Contact {
  id: string;
  client: string | null;
  channel: "voice" | "chat" | "email" | "sms" | "message" | "social" | "video" | "ticket";
  direction: "inbound" | "outbound" | "internal";
  /** what the far end is to the client; null: from before it was known */
  party_type: "customer" | "prospect" | "internal" | null;
  /** where it stands */
  place: "new" | "menu" | "queue" | "ringing" | "talk" | "callback" | "outside" | "ended";
  /** inbound number */
  number: string | null;
  queue: string | null;
  /** who is rung or talks */
  agent: string | null;
  /** that agent's part */
  offer: string | null;
  person: string | null;
  /** caller's number; all but two digits hidden without the right person */
  address: string | null;
  language: "id" | "en";
  priority: number;
  arrived: string;
  /** in this place */
  since: string;
  /** an agent has talked to them */
  answered: boolean;
  held: boolean;
  /** state of the callback */
  callback: string | null;
  recording: string | null;
  recording_paused: boolean;
  /** with times: in queues, up to now */
  wait_ms?: number;
  /** with times, in line: 1 is next */
  position?: number;
  /** with times, in line: expected wait; null when nobody serves the queue */
  ewt_p50_ms?: number | null;
  ewt_p90_ms?: number | null;
}

export interface Contacts {
  items: Contact[];
  /** cursor of the next page */
  next: string | null;
}

export interface ContactRecord {
  contact: string;
  /** 0: anonymous */
  person: string;
  channel: "voice" | "chat" | "email" | "sms" | "message" | "social" | "video" | "ticket";
  direction: "inbound" | "outbound" | "internal";
  language: "id" | "en";
  client?: string;
  number?: string;
  /** the last */
  queue?: string;
  /** the last */
  agent?: string;
  /** that it was placed for */
  campaign?: string;
  /** what the far end is to the client; not of contacts from before it was known */
  party_type?: "customer" | "prospect" | "internal";
  /** *** without the right person */
  address: string;
  /** identity of the call on the wire */
  reference: string;
  arrived?: string;
  answered_by_flow?: string;
  queued?: string;
  connected?: string;
  ended?: string;
  outcome: string;
  /** who ended it */
  side: string;
  cause: number;
  place: string;
  answered: boolean;
  total_ms: number;
  menu_ms: number;
  queue_ms: number;
  ring_ms: number;
  talk_ms: number;
  hold_ms: number;
  wrapup_ms: number;
  /** how offers ended */
  offers: Record<string, unknown>;
  /** the recording meter */
  recording: Record<string, unknown>;
  callback?: Record<string, unknown>;
  voicemail_ms?: number;
  /** stays in queues */
  queues: RecordStay[];
  /** agents' parts, with the role in which each took part */
  agents: RecordPart[];
  recordings: RecordRecording[];
  /** most who talked at once, the customer counted */
  parties: number;
  /** an agent brought somebody in and stayed */
  conference: boolean;
  /** it went on in this contact */
  merged_into?: string;
  /** the contact whose parties came in last */
  merged_from?: string;
  /** who passed it on, blind or after asking, and where to */
  transfers: RecordTransfer[];
  /** somebody outside who took part */
  outside: Record<string, unknown>[];
  /** legs with packets, loss, jitter and MOS */
  legs: Record<string, unknown>[];
  /** way through the flow */
  path: unknown[];
  survey: Record<string, unknown>[];
  /** entries that found no room */
  left_out?: number;
}

export interface ContactRecords {
  items: ContactRecord[];
  /** cursor of the next page */
  next: string | null;
}

export interface ContactDetail {
  live: Contact | null;
  record: ContactRecord | null;
  note: Note | null;
}

export interface Why {
  contact: string;
  /** null: it is over */
  place: string | null;
  /** 1 is next */
  position: number | null;
  wait_ms: number | null;
  /** expected wait, the median */
  ewt_p50_ms: number | null;
  /** nine of ten wait no longer */
  ewt_p90_ms: number | null;
  /** the story */
  lines: string[];
}

export interface Assignment {
  /** null: of a client that is not ours */
  offer: string | null;
  contact: string | null;
  queue: string | null;
  state: "none" | "offered" | "talking" | "on hold" | "wrap-up";
  channel: "voice" | "chat" | "email" | "sms" | "message" | "social" | "video" | "ticket";
  since: string;
  /** end of ringing or wrap-up */
  due: string | null;
  /** chosen so far */
  disposition: string | null;
  /** wrap-up has had its one extension */
  extended: boolean;
  /** who else talks in it besides the customer */
  parties: Party[];
  /** offered, and the agent's phone answers by itself */
  auto_answer: boolean;
}

export interface Agent {
  id: string;
  name: string;
  extension: string;
  /** in which he works now */
  team: string | null;
  /** that of the description */
  own_team: string | null;
  presence: "offline" | "not ready" | "ready";
  /** why not ready */
  reason: string | null;
  /** in line for a break for this reason */
  booked: string | null;
  since: string | null;
  /** reachable */
  phone: boolean;
  /** handled since login */
  contacts: number;
  assignments: Assignment[];
  supervision: Supervision | null;
  /** skills, queues and team that are not as the description has them */
  changes: AgentChange[];
  help: Help | null;
  /** the newest message that he has read */
  message_read: string | null;
  /** a supervisor hears one of his conversations; null: the description does not let him know */
  heard: boolean | null;
}

export interface Agents {
  items: Agent[];
  next: string | null;
}

export interface Queue {
  id: string;
  name: string;
  client: string | null;
  open: boolean;
  waiting: number;
  callbacks_waiting: number;
  ringing: number;
  talking: number;
  longest_ms: number;
  /** free now */
  agents_ready: number;
  agents_busy: number;
  agents_not_ready: number;
  /** expected wait of who comes next */
  ewt_p50_ms: number | null;
  ewt_p90_ms: number | null;
  /** target */
  level_ms: number;
  /** target */
  level_percent: number;
  /** today */
  offered: number;
  /** today */
  answered: number;
  /** today */
  abandoned: number;
  /** today */
  abandoned_short: number;
  /** today */
  overflowed: number;
  /** today */
  callbacks: number;
  /** today, 0 to 1 */
  service_level: number | null;
  /** today, 0 to 1, short ones apart */
  abandon_rate: number | null;
  /** today */
  asa_ms: number | null;
  /** today, of the answered: half of them waited no longer */
  wait_p50_ms: number | null;
  /** 90 of 100 */
  wait_p90_ms: number | null;
  /** 95 of 100 */
  wait_p95_ms: number | null;
  /** today, talk, hold and wrap-up of each agent's part */
  handling_p50_ms: number | null;
  handling_p90_ms: number | null;
  handling_p95_ms: number | null;
  /** today, by agents */
  transfers: number;
}

export interface Queues {
  items: Queue[];
  /** when the figures were taken */
  at: string;
}

export interface Number {
  id: string;
  client: string | null;
  language: "id" | "en";
  priority: number;
}

export interface Numbers {
  items: Number[];
}

export interface Switch {
  id: "surge" | "closed";
  /** on for everybody */
  all: boolean;
  /** on for these */
  clients: string[];
}

export interface Switches {
  items: Switch[];
}

export interface Person {
  id: string;
  client: string;
  identities: Identity[];
}

export interface People {
  items: Person[];
}

export interface Identity {
  kind: "phone" | "mail" | "handle";
  value: string;
}

export interface Recording {
  id: string;
  contact: string;
  client: string | null;
  ended: string;
  /** cut: its recorder died; what it had written is there */
  state: "complete" | "cut" | "failed";
  recorded_ms: number;
  /** paused on purpose */
  masked_ms: number;
  /** of the encrypted file */
  bytes: number;
  /** of the encrypted file */
  sha256: string | null;
  /** with check: every chunk is authentic and the hash is the one that was logged; null: none was */
  intact?: boolean | null;
}

export interface Recordings {
  items: Recording[];
  next: string | null;
}

export interface Report {
  kind: string;
  /** a row an interval; keys as in docs/ref/figures.md */
  items: Record<string, unknown>[];
}

export interface Centre {
  hash: string;
  /** the description as it was given */
  text: string;
}

export interface CentreVersion {
  /** counted from 1, as in sapa config */
  version: number;
  hash: string;
  /** came into force */
  from: string;
  /** place in the log */
  seq: string;
  /** who brought it; null: it was there at a start */
  by: string | null;
  comment: string | null;
}

export interface CentreVersions {
  items: CentreVersion[];
}

export interface AuditEntry {
  /** place in the log */
  seq: string;
  at: string;
  request: string;
  /** user of the token */
  actor: string;
  role: string;
  /** address it came from */
  source: string;
  /** method and path */
  what: string;
  /** what was wanted */
  detail: string;
  /** name of the result */
  result: string;
}

export interface AuditEntries {
  items: AuditEntry[];
  next: string | null;
}

export interface Token {
  id: string;
  user: string;
  role: string;
  agent: string | null;
  /** null: all */
  clients: string[] | null;
  /** who made it */
  by: string;
  created: string;
  expires: string | null;
  revoked: string | null;
}

export interface Tokens {
  items: Token[];
}

export interface NewToken {
  /** shown once */
  secret: string;
  token: Token;
}

export interface Me {
  user: string;
  /** as the description has it */
  name: string;
  role: string;
  agent: string | null;
  /** null: all */
  clients: string[] | null;
  /** that he leads; null: not bound to any */
  teams: string[] | null;
  rights: string[];
  /** null: a token */
  session: string | null;
  expires: string | null;
  /** the server's clock */
  now: string;
  /** wanted: no rights until there is one */
  second_factor: "none" | "used" | "wanted";
}

export interface Done {
  /** true: it stands in the log */
  done: boolean;
  /** place in the log */
  seq: string | null;
}

export interface Health {
  alive: boolean;
  version: string;
}

export interface Readiness {
  ready: boolean;
  /** state of the log */
  log: string;
  /** hash of the description in force */
  centre: string | null;
}

export interface FeedEvent {
  type: "contact" | "agent" | "queue" | "switches" | "messages" | "alerts" | "standing" | "tickets";
  id: string;
  /** Contact, Agent, Queue, Standing, a list of Switch, Message, Alert or TicketNews; null: it is gone */
  data: unknown;
}

export interface FeedMessage {
  type: "snapshot" | "events";
  /** name of this run of numbers */
  feed: string;
  /** number of this message; a snapshot has the number that it includes */
  n: number;
  /** snapshot only */
  contacts?: Contact[];
  /** snapshot only */
  agents?: Agent[];
  /** snapshot only */
  queues?: Queue[];
  /** snapshot only; none for agents */
  standings?: Standing[];
  /** snapshot only */
  switches?: Switch[];
  /** snapshot only */
  messages?: Message[];
  /** snapshot only */
  alerts?: Alert[];
  /** snapshot only */
  tickets?: TicketNews[];
  /** events only */
  events?: FeedEvent[];
}

export interface MoveBody {
  /** the key of a queue; it stays in its own without */
  queue?: string;
  /** for whom it waits, as long as the queue says for a preferred agent, or a minute */
  agent?: string;
  /** true: before all others of the queue */
  front?: boolean;
}

export interface AgentStateBody {
  /** ready, not_ready or logged_out */
  state: "ready" | "not_ready" | "logged_out";
  /** with not_ready: the key of a reason in the description */
  reason?: string;
  /** with a reason: stand in line for it, and go when there is a place and nothing in hand; ready takes it back */
  book?: boolean;
}

export interface WrapupBody {
  /** done or extend */
  action: "done" | "extend";
  /** with done: the key of a disposition of the queue */
  disposition?: string;
}

export interface RecordingBody {
  /** pause, resume or start */
  action: "pause" | "resume" | "start";
}

export interface SkillBody {
  /** 1 to 10; 0 takes the skill away */
  level: number;
  /** a time, RFC 3339: then it is as it was before; for good without */
  until?: string;
}

export interface AgentChange {
  /** null: no skill */
  skill: string | null;
  /** null: no queue */
  queue: string | null;
  /** in which he works; null: no team */
  team: string | null;
  /** of the skill; 0: taken away */
  level: number | null;
  /** the queue, whatever his skills and his team */
  serves: boolean | null;
  /** null: for good */
  until: string | null;
}

export interface ChangeSkillBody {
  /** the key of a skill */
  skill: string;
  /** 1 to 10; 0 takes the skill away; as the description has it without */
  level?: number;
}

export interface ChangeQueueBody {
  /** the key of a queue */
  queue: string;
  /** true: at every step, whatever the agent's skills and team; false: not at all; as the description has it without */
  serves?: boolean;
}

export interface ChangesBody {
  /** keys of agents */
  agents: string[];
  skills?: ChangeSkillBody[];
  queues?: ChangeQueueBody[];
  /** the team in which they work meanwhile; null: their own */
  team?: string | null;
  /** a time, RFC 3339: then it is as it was before; for good without */
  until?: string;
}

export interface ChangeResult {
  agent: string;
  /** false: nothing is changed of this agent, unless the problem says so */
  done: boolean;
  /** as a Problem's */
  code: string | null;
  /** why not */
  problem: string | null;
}

export interface Changed {
  /** in the order of the agents */
  items: ChangeResult[];
  /** place in the log */
  seq: string | null;
}

export interface RecordStay {
  queue?: string;
  queued?: string;
  wait_ms: number;
  offers: number;
  /** that was promised; null: nobody was ready */
  ewt_p50_ms: number | null;
  ewt_p90_ms: number | null;
  /** how it ended */
  left?: string;
  /** true: it waited to be called */
  callback?: boolean;
}

export interface RecordPart {
  agent?: string;
  queue?: string;
  role: "offered" | "joined" | "caller" | "called";
  ring_ms: number;
  talk_ms: number;
  hold_ms: number;
  wrapup_ms: number;
  disposition?: string;
  connected?: string;
  parted?: string;
  /** who ended it */
  side?: string;
}

export interface RecordRecording {
  recording: string;
  kind: "conversation" | "voicemail";
  /** recording, paused, complete, failed, cut, not begun */
  state: string;
  recorded_ms: number;
  /** paused on purpose */
  masked_ms: number;
  bytes: number;
}

export interface RecordTransfer {
  how: "blind" | "asked";
  /** queue, number, agent or outside */
  to: string;
  /** who passed it on */
  agent?: string;
  /** key of where to */
  target?: string;
  /** the contact in which was asked */
  consultation?: string;
  at?: string;
}

export interface CountedContact {
  contact: string;
  /** how often it counts: a contact may stand in a queue twice */
  times: number;
  /** served or gone within the limit of the queue */
  in_level: boolean;
  record: ContactRecord;
}

export interface Counted {
  figure: string;
  /** what came to a queue from then on; of a team, what its agents did */
  from: string;
  /** up to then; null: until now */
  to: string | null;
  /** of what the figure is made: the figure itself, where it is a count */
  total: number;
  /** in how many contacts */
  contacts: number;
  /** the newest first; those whose contacts one may see */
  items: CountedContact[];
  /** cursor of those before them; null: these are the last */
  next: string | null;
  /** four million records were read, and there are more: what came last is missing */
  cut: boolean;
}

export interface SwitchBody {
  /** true or false */
  on: boolean;
  /** only for this client */
  client?: string;
}

export interface TokenBody {
  /** a name without blanks */
  user: string;
  /** admin, supervisor, agent, viewer, auditor, monitor, wall, director, trainer or technician */
  role: "admin" | "supervisor" | "agent" | "viewer" | "auditor" | "monitor" | "wall" | "director" | "trainer" | "technician";
  /** with the role agent: whose */
  agent?: string;
  /** keys of clients; all without */
  clients?: string[];
  /** a time, RFC 3339 */
  expires?: string;
}

export interface Webhook {
  id: string;
  url: string;
  /** types of records (docs/ref/records.md) */
  events: string[];
  /** only what belongs to these; null: all */
  clients: string[] | null;
  /** events carry personal data */
  personal: boolean;
  /** name of its secret in the secrets file; null: it was made with the webhook */
  secret_ref: string | null;
  /** who made it */
  by: string;
  created: string;
  /** gone: the target answered 410 */
  state: "active" | "failing" | "paused" | "gone";
  /** all up to this place in the log is delivered, or was not wanted */
  offset: string | null;
  /** records of the log behind it */
  lag: number;
  /** events, ever */
  delivered: number;
  /** in a row */
  failures: number;
  /** HTTP status of the last answer */
  last_status: number | null;
  /** of the failure that is being tried again */
  last_error: string | null;
  last_delivery: string | null;
  next_try: string | null;
}

export interface Webhooks {
  items: Webhook[];
}

export interface NewWebhook {
  /** shown once: key of the signatures; null with secret_ref */
  secret: string | null;
  webhook: Webhook;
}

export interface WebhookBody {
  /** where events are posted to: https or http */
  url: string;
  /** types of records; the usual ones without */
  events?: string[];
  /** keys of clients: only what belongs to them; everything without */
  clients?: string[];
  /** true: events carry personal data; needs the right person */
  personal?: boolean;
  /** name of a secret in the secrets file, webhook.NAME; without one a secret is made */
  secret_ref?: string;
  /** place in the log to begin at; from now on without */
  from?: string;
}

export interface WebhookStateBody {
  /** false pauses it */
  active: boolean;
}

export interface ReplayBody {
  /** place in the log to go on at: an event's id */
  from: string;
}

export interface CentrePlan {
  /** hash of the description in force that it was compared with */
  from: string;
  /** of the one that was given */
  hash: string;
  new: number;
  changed: number;
  gone: number;
  changes: CentreChange[];
}

export interface CentreChange {
  kind: "new" | "changed" | "gone";
  /** a sentence; passwords are never in it */
  text: string;
}

export interface Mistake {
  /** null: the document as a whole */
  line: number | null;
  column: number | null;
  /** path of the value */
  where: string;
  reason: string;
  /** what to do about it */
  hint: string | null;
}

export interface Call {
  /** true: it stands in the log */
  done: boolean;
  /** place in the log */
  seq: string | null;
  /** the new contact */
  contact: string;
  /** the agent's part in it */
  offer: string;
}

export interface CallBody {
  /** queue, number, agent or outside */
  kind: "queue" | "number" | "agent" | "outside";
  /** the key of a queue, of a number of the centre or of an agent; a telephone number */
  to: string;
  /** for whom; as the agent's rights say without */
  client?: string;
  /** outside: for which campaign; the agent's own, where he has one, without */
  campaign?: string;
}

export interface TargetBody {
  /** queue, number, agent or outside */
  kind: "queue" | "number" | "agent" | "outside";
  /** the key of a queue, of a number of the centre or of an agent; a telephone number */
  to: string;
}

export interface OtherContactBody {
  /** the contact with whom was asked */
  contact: string;
}

export interface PartyBody {
  /** the offer of an agent, or the attempt of somebody outside */
  party: string;
}

export interface Merged {
  /** true: it stands in the log */
  done: boolean;
  /** place in the log */
  seq: string | null;
  /** to take it back */
  merge: string;
}

export interface MergeBody {
  /** the person that it really is */
  into: string;
}

export interface Login {
  /** shown once: Authorization: Bearer TOKEN; not with `cookie` */
  token?: string;
  expires: string;
  user: string;
  /** of the cookie: header Sapa-Session, or the parameter `session`, names it */
  session: string;
}

export interface LoginBody {
  /** key of a user or an agent */
  user: string;
  password: string;
  /** true: the token comes as a cookie, for pages of this server */
  cookie?: boolean;
  /** of the second factor, or a recovery code; wanted when the answer says EAGAIN */
  code?: string;
}

export interface PasswordChangeBody {
  /** the password up to now */
  old: string;
  /** 10 characters at least, 256 bytes at most */
  new: string;
}

export interface PasswordBody {
  /** 10 characters at least, 256 bytes at most */
  password: string;
}

export interface User {
  id: string;
  name: string;
  agent: boolean;
  /** of the description */
  role: string | null;
  rights: string[];
  clients: string[];
  /** there is one: can log in */
  password: boolean;
  /** there is one */
  second_factor: boolean;
}

export interface Users {
  items: User[];
}

export interface Role {
  id: string;
  /** a token's; others stand in the description */
  built_in: boolean;
  rights: string[];
}

export interface Right {
  id: string;
  /** what it allows */
  text: string;
}

export interface Roles {
  items: Role[];
  rights: Right[];
}

export interface Session {
  id: string;
  user: string;
  /** address that logged in */
  source: string;
  created: string;
  expires: string;
  second_factor: boolean;
}

export interface Sessions {
  items: Session[];
}

export interface Card {
  contact: string;
  /** null: nobody knows who it is */
  person: string | null;
  client: string | null;
  client_name: string | null;
  /** what the client calls its customers */
  customer: string | null;
  /** the sentence with which the client greets */
  greeting: string | null;
  channel: "voice" | "chat" | "email" | "sms" | "message" | "social" | "video" | "ticket";
  direction: "inbound" | "outbound" | "internal";
  /** what the far end is to the client; null: from before it was known */
  party_type: "customer" | "prospect" | "internal" | null;
  language: "id" | "en";
  /** that was reached */
  number: string | null;
  queue: string | null;
  arrived: string;
  queued: string | null;
  connected: string | null;
  ended: string | null;
  /** as the network tells it */
  name: string | null;
  /** how he likes to be called */
  called: string | null;
  /** all but two digits hidden without the right person */
  address: string | null;
  /** on a list with extra priority */
  vip: boolean;
  /** that it was placed for */
  campaign: string | null;
  campaign_name: string | null;
  /** of the campaign: in whose name one calls; null: in that of the client */
  brand: string | null;
  /** of its campaign, else of its queue, in the language of the customer */
  script: string | null;
  /** hidden like the address */
  identities: Identity[];
  /** what was chosen and typed, as far as the flow shows it (card in the description) */
  items: CardItem[];
  note: Note | null;
  /** earlier contacts of this person, the newest first */
  history: CardContact[];
  /** there are earlier ones */
  more: boolean;
  /** that are still open */
  callbacks: CardCallback[];
  /** of this person that are not resolved, the newest first; 20 at most */
  tickets: Ticket[];
}

export interface CardItem {
  /** of the variable or the node of the flow */
  id: string;
  /** what the flow calls it */
  text: string;
  /** pressed to get there; null: typed or found */
  key: string | null;
  /** null: chosen by the key, or not for this token */
  value: string | null;
}

export interface CardContact {
  contact: string;
  channel: "voice" | "chat" | "email" | "sms" | "message" | "social" | "video" | "ticket";
  direction: "inbound" | "outbound" | "internal";
  /** what the far end is to the client; null: from before it was known */
  party_type: "customer" | "prospect" | "internal" | null;
  arrived: string;
  /** null: it is not over */
  ended: string | null;
  queue: string | null;
  /** who gave the disposition, else who talked last */
  agent: string | null;
  agent_name: string | null;
  outcome: string | null;
  disposition: string | null;
  disposition_text: string | null;
  /** what he answered to its survey's first question; null: nothing, or the scale is not known */
  survey: number | null;
  /** the highest answer there is */
  survey_scale: number | null;
  recordings: CardRecording[];
  note: Note | null;
  /** that were opened or touched in it */
  tickets: string[];
}

export interface CardRecording {
  id: string;
  recorded_ms: number;
  /** false: cut or failed */
  complete: boolean;
}

export interface CardCallback {
  contact: string;
  queue: string | null;
  state: string;
  attempt: number;
  due: string | null;
  client: string | null;
  /** not without the right person */
  name: string | null;
  /** hidden as in the card */
  address: string | null;
}

export interface Note {
  /** for If-Match when it is written again */
  version: number;
  at: string;
  /** user */
  by: string;
  agent: string | null;
  /** null: taken away, not for this token, or the person was erased */
  text: string | null;
}

export interface Noted {
  /** true: it stands in the log */
  done: boolean;
  /** place in the log */
  seq: string | null;
  /** of the note */
  version: number;
}

export interface NoteBody {
  /** 4,096 bytes at most; empty takes it away */
  text: string;
}

export interface Demo {
  /** of the centre */
  name: string;
  items: DemoPerson[];
}

export interface DemoPerson {
  id: string;
  name: string;
  agent: boolean;
  /** of the description */
  role: string | null;
  team: string | null;
  clients: string[];
  rights: string[];
  /** an agent in whose place nobody sits, simulated or not */
  free: boolean;
}

export interface DemoLoginBody {
  /** key of a user or an agent */
  user: string;
  /** true: the token comes as a cookie, for pages of this server */
  cookie?: boolean;
}

export interface Directory {
  /** of the centre */
  name: string;
  /** of its clocks */
  zone: string;
  currency: string;
  clients: DirectoryClient[];
  queues: DirectoryQueue[];
  /** why not ready */
  reasons: DirectoryReason[];
  agents: DirectoryAgent[];
  skills: string[];
  teams: string[];
  /** for which one may place calls */
  campaigns: DirectoryCampaign[];
}

export interface DirectoryClient {
  id: string;
  name: string;
  language: "id" | "en";
}

export interface DirectoryQueue {
  id: string;
  name: string;
  client: string | null;
  /** 0: none */
  wrapup_ms: number;
  /** one extension; 0: none */
  extend_ms: number;
  dispositions: DirectoryDisposition[];
}

export interface DirectoryDisposition {
  id: string;
  /** in Indonesian */
  id_name: string;
  /** in English */
  en_name: string;
  solved: boolean;
}

export interface DirectoryReason {
  id: string;
  /** in Indonesian */
  id_name: string;
  /** in English */
  en_name: string;
}

export interface DirectoryAgent {
  id: string;
  name: string;
  extension: string;
  team: string | null;
  /** when it was asked */
  ready: boolean;
  /** with a contact, when it was asked */
  busy: boolean;
  /** the telephone of somebody who leads one's own team */
  leads: boolean;
}

export interface BrowserPhone {
  /** what it is: From, and To of a REGISTER */
  uri: string;
  /** name of the digest (MD5) */
  user: string;
  /** of the digest */
  password: string;
  realm: string;
  /** nothing is begun with it afterwards */
  expires: string;
  /** path of the WebSocket on this server, sub-protocol sip */
  websocket: string;
  /** of a guest: whom to call */
  target: string | null;
  /** as RTCPeerConnection wants them */
  ice_servers: IceServer[];
}

export interface IceServer {
  urls: string[];
  username?: string;
  credential?: string;
}

export interface WebCallBody {
  /** a number of the centre with `web: yes` */
  number: string;
}

export interface Disposition {
  /** also what is dialled */
  id: string;
  text: string;
  /** first level of two */
  group: string | null;
  /** what the customer wanted is done */
  solved: boolean;
}

export interface Dispositions {
  queue: string;
  /** wrap-up ends only with one */
  required: boolean;
  /** time for it; 0: none */
  wrapup_ms: number;
  /** one extension; 0: none */
  extend_ms: number;
  /** in the order of the description */
  items: Disposition[];
  /** the five commonest at most: of the agent, then of the queue */
  favourites: string[];
}

export interface DispositionBody {
  /** the key of a disposition of the queue, or null for none any more */
  disposition: string | null;
}

export interface Reason {
  /** also what is dialled */
  id: string;
  text: string;
  /** of a team at once; null: any number */
  team_max: number | null;
  /** of the agent's team who are in it */
  team_now: number;
  /** of the team who stand in line for it */
  line: number;
  /** of each agent a day; null: any time */
  daily_ms: number | null;
  /** today; null: no agent is meant */
  used_ms: number | null;
}

export interface Reasons {
  items: Reason[];
}

export interface Supervision {
  /** null: of a client that is not ours */
  id: string | null;
  contact: string | null;
  /** takeover: as soon as his phone is answered */
  mode: "listen" | "whisper" | "barge" | "takeover";
  /** false: his phone rings */
  on: boolean;
  /** in this mode */
  since: string;
}

export interface SuperviseBody {
  /** listen, whisper, barge or takeover */
  mode: "listen" | "whisper" | "barge" | "takeover";
  /** the agent whose phone is used; one's own without. Another's needs the right supervise */
  phone?: string;
}

export interface SupervisionBody {
  /** listen, whisper, barge or takeover */
  mode: "listen" | "whisper" | "barge" | "takeover";
}

export interface Supervised {
  /** true: it stands in the log */
  done: boolean;
  /** place in the log */
  seq: string | null;
  /** his part; after a takeover his offer */
  supervision: string;
}

export interface Help {
  /** taken: somebody comes */
  state: "raised" | "taken";
  /** that he had in hand */
  contact: string | null;
  /** in this state */
  since: string;
  /** who comes */
  by: string | null;
}

export interface Message {
  id: string;
  at: string;
  /** of no interest afterwards */
  until: string;
  /** leaders: an agent to who leads his team */
  to: "all" | "team" | "queue" | "agent" | "leaders";
  /** of the team, queue or agent */
  key: string | null;
  text: string;
  /** user */
  by: string;
}

export interface Messages {
  items: Message[];
}

export interface MessageBody {
  /** all, team, queue or agent */
  to: "all" | "team" | "queue" | "agent";
  /** of the team, queue or agent */
  key?: string;
  /** 500 bytes at most */
  text: string;
  /** a time, RFC 3339; for eight hours without */
  until?: string;
}

export interface Figure {
  /** as in reports */
  id: string;
  /** in Indonesian */
  id_name: string;
  /** in English */
  en_name: string;
  /** count, duration, ratio … */
  kind: string;
  /** of the values here: ms, ratio (0 to 1), currency; empty of counts */
  unit: string;
  /** definition, in English */
  text: string;
  /** empty of what is counted */
  formula: string;
  /** when there is no value, and the like */
  edge: string;
  /** what has it */
  rows: string;
  /** in FigureValues */
  live: boolean;
  /** neither: no target can be set for it */
  better: "neither" | "higher" | "lower";
}

export interface Figures {
  items: Figure[];
}

export interface FigureValues {
  /** null of teams, as what else is of contacts */
  offered: number | null;
  answered: number | null;
  abandoned: number | null;
  overflowed: number | null;
  callback: number | null;
  handled: number | null;
  transfers: number | null;
  /** 0 to 1 */
  service_level_1: number | null;
  /** 0 to 1 */
  answer_rate: number | null;
  /** 0 to 1 */
  abandon_rate_short: number | null;
  /** ms */
  asa: number | null;
  /** ms */
  aht: number | null;
  wait_max_ms: number | null;
  /** ms */
  wrapup_mean: number | null;
  /** 0 to 1; of teams */
  occupancy: number | null;
}

export interface Standing {
  /** all, client:KEY, queue:KEY or team:KEY */
  id: string;
  scope: "all" | "client" | "queue" | "team";
  /** of the client, queue or team */
  key: string | null;
  /** null: of the whole centre */
  name: string | null;
  client: string | null;
  waiting: number;
  callbacks_waiting: number;
  ringing: number;
  talking: number;
  /** since when the one who waits longest waits */
  oldest: string | null;
  /** free now */
  agents_ready: number;
  agents_busy: number;
  agents_not_ready: number;
  /** of queues: target */
  level_ms: number | null;
  /** of queues: target */
  level_percent: number | null;
  today: FigureValues;
  recent: FigureValues;
  /** of those figures: what is aimed at, and whether it is met */
  targets: FigureTarget[];
}

export interface Standings {
  items: Standing[];
  /** when the figures were taken */
  at: string;
}

export interface WallTile {
  /** of what; of a team what agents have, not now */
  scope: "all" | "client" | "queue" | "team";
  /** of the client, the queue or the team */
  key: string | null;
  /** with the period now: waiting, callbacks_waiting, ringing, talking, oldest, agents_ready, agents_busy, agents_not_ready; else of FigureValues */
  figure: string;
  /** recent: the last thirty minutes */
  period: "now" | "today" | "recent";
  /** from here on it wants attention */
  warn: number | null;
  /** from here on it is bad. Below `warn`: low values are bad */
  bad: number | null;
}

export interface WallPage {
  title: string;
  /** seven at most */
  tiles: WallTile[];
}

export interface Wallboard {
  id: string;
  title: string;
  /** until the next page is shown */
  seconds: number;
  pages: WallPage[];
  /** counted from 1 */
  version: number;
  changed: string;
  by: string;
  /** tokens that show it on screens */
  links: number;
}

export interface Wallboards {
  items: Wallboard[];
}

export interface WallboardBody {
  /** 60 bytes at most */
  title: string;
  /** 5 to 600: until the next page is shown */
  seconds: number;
  /** 1 to 8 pages with 1 to 7 tiles */
  pages: WallPage[];
  /** that it was made from; 0 or left out: a new one */
  version?: number;
}

export interface WallboardLink {
  /** shown once: the page /wall#BOARD/SECRET */
  secret: string;
  /** that page */
  path: string;
  token: Token;
}

export interface WebNumber {
  /** for POST */
  number: string;
  client: string;
  /** of the client, as its page shows it */
  name: string;
  greeting: WebGreeting | null;
  /** "#0b5d2e", for white words */
  colour: string;
  /** in the dark theme, for dark words */
  colour_dark: string;
  language: "id" | "en";
}

export interface WebNumbers {
  items: WebNumber[];
}

export interface WebPlace {
  place: "new" | "menu" | "queue" | "ringing" | "talk" | "callback" | "outside" | "ended";
  /** 1 is next; null: not in line */
  position: number | null;
  /** expected wait: half wait no longer; null: not known, or nobody serves the queue */
  ewt_p50_ms: number | null;
  /** nine of ten wait no longer */
  ewt_p90_ms: number | null;
}

export interface Alert {
  kind: "waiting" | "longest wait" | "service level" | "abandoned" | "not ready" | "talk" | "line";
  /** of the first four */
  queue: string | null;
  /** of the others */
  agent: string | null;
  state: "on" | "seen";
  /** when it came */
  since: string;
  /** when it came: contacts, milliseconds, millionths of a share of the last half hour, or hundredths of a MOS (line) */
  value: number;
  /** of the description, likewise */
  limit: number;
  /** who has seen it */
  by: string | null;
}

export interface Alerts {
  items: Alert[];
}

export interface AlertBody {
  /** waiting, longest wait, service level, abandoned, not ready, talk or line */
  kind: "waiting" | "longest wait" | "service level" | "abandoned" | "not ready" | "talk" | "line";
  /** the key of the queue or agent */
  key: string;
}

export interface SecondFactorBody {
  /** one's own */
  password: string;
}

export interface SecondFactorCodeBody {
  /** six digits that the app shows now */
  code: string;
}

export interface NewSecondFactor {
  /** base 32, to be typed */
  secret: string;
  /** otpauth:, for a QR code */
  uri: string;
  /** each good for one login when the app is lost; shown this once */
  recovery: string[];
}

export interface OwnFigures {
  agent: string;
  /** midnight in the zone of the centre */
  from: string;
  at: string;
  /** keys as in docs/ref/figures.md; null: nothing yet today */
  figures: Record<string, unknown> | null;
  /** what is aimed at for each of one's team, and whether it is met today */
  targets: FigureTarget[];
}

export interface NetworkBody {
  /** login, call or test */
  kind: "login" | "call" | "test";
  /** round trip */
  rtt_ms: number;
  /** 0 to 1000 */
  loss_permille: number;
  jitter_ms?: number;
  /** 100 to 450 */
  mos_x100?: number;
  codec?: string;
  /** microphone or headset, browser */
  device?: string;
  /** relay: the audio goes by a TURN server */
  path?: "direct" | "relay";
}

export interface Network {
  /** place in the log */
  seq: string;
  at: string;
  user: string;
  /** address it came from */
  source: string;
  kind: "login" | "call" | "test";
  rtt_ms: number;
  loss_permille: number;
  jitter_ms: number | null;
  mos_x100: number | null;
  codec: string | null;
  device: string | null;
  path: "direct" | "relay" | null;
}

export interface Networks {
  items: Network[];
  /** cursor of the next page */
  next: string | null;
}

export interface Task {
  /** of the agent's */
  id: string;
  /** null: the person it was about was erased */
  text: string | null;
  /** null: at any time */
  due: string | null;
  /** that it is about */
  contact: string | null;
  /** user */
  by: string;
  created: string;
  /** of that contact */
  client: string | null;
  /** of its person, as the network tells it */
  name: string | null;
  /** hidden as in the card */
  address: string | null;
  breach: TaskBreach | null;
}

export interface Work {
  /** of the clients that the agent serves: the core offers each when its time has come */
  callbacks: CardCallback[];
  /** by due time, those without one last */
  tasks: Task[];
  /** to be heard again, the newest first: the agent's own, and with the right coach */
  coaching: CoachNote[];
  /** that the agent owns and are not resolved, the newest first; 50 at most */
  tickets: Ticket[];
}

export interface TaskBody {
  /** 300 bytes at most */
  text: string;
  /** a time, RFC 3339 */
  due?: string;
  /** that it is about */
  contact?: string;
}

export interface TaskMade {
  /** true: it stands in the log */
  done: boolean;
  /** place in the log */
  seq: string | null;
  task: string;
}

export interface TaskChangeBody {
  /** true: it is gone */
  done?: boolean;
  /** another time; null: at any time */
  due?: string | null;
}

export interface PerformanceTarget {
  /** for what: the whole centre, a client, a queue; team: for each of its agents */
  scope: "all" | "client" | "queue" | "team";
  /** of the client, queue or team; null with all */
  key: string | null;
  /** as in Figure, where `better` says which way */
  figure: string;
  /** in the unit of the figure: shares 0 to 1, milliseconds */
  value: number;
  /** first day, 2026-11-22 */
  from: string;
  /** last day; null: no end */
  to: string | null;
  /** the user who is given a task when a day has missed it; null: nobody. Left out: who sets it, if he is a user of the description */
  owner?: string | null;
}

export interface PerformanceTargets {
  /** those that one may see */
  items: PerformanceTarget[];
  /** for If-Match; 0: nothing was ever set */
  version: number;
  changed: string | null;
  by: string | null;
  /** what for */
  comment: string | null;
  /** users who can be named; for who may set targets */
  owners: TargetOwner[];
}

export interface PerformanceTargetsBody {
  /** 256 at most. Of several for the same thing and figure, the one that began last holds */
  items: PerformanceTarget[];
  /** what for, 120 bytes at most; it stands in the history */
  comment?: string;
}

export interface PerformanceTargetsMade {
  /** true: it stands in the log */
  done: boolean;
  /** place in the log */
  seq: string | null;
  /** the new one */
  version: number;
}

export interface PerformanceTargetsVersion {
  version: number;
  changed: string;
  by: string;
  comment: string | null;
  /** targets in it */
  count: number;
}

export interface PerformanceTargetsVersions {
  /** 100 at most */
  items: PerformanceTargetsVersion[];
}

export interface FigureTarget {
  /** as in Figure */
  figure: string;
  /** what it shall be: in the unit of the figure, shares 0 to 1 */
  target: number;
  better: "higher" | "lower";
  /** for what it is set; description: by nobody, it is the service level of the queue's description */
  scope: "all" | "client" | "queue" | "team" | "description";
  /** first day; null: of the description */
  from: string | null;
  /** last day; null: no end */
  to: string | null;
  /** open: a number of a day that goes on, not reached yet; none: the figure has no value */
  today: "met" | "missed" | "open" | "none";
  /** in the last thirty minutes; none also of numbers of a day */
  recent: "met" | "missed" | "open" | "none";
}

export interface TaskBreach {
  /** as in Figure */
  figure: string;
  /** for what the target is set */
  scope: "all" | "client" | "queue" | "team";
  /** of the client, queue or team; null with all */
  key: string | null;
  /** 2026-11-22 */
  day: string;
  /** what it was: in the unit of the figure, shares 0 to 1 */
  value: number;
  /** what it should have been; of a number of a day and a team, for all who were at work */
  target: number;
}

export interface MyTasks {
  /** by due time */
  items: Task[];
}

export interface TargetOwner {
  id: string;
  name: string;
}

export interface View {
  at: string;
  /** local time less UTC */
  offset_s: number;
  /** of the news */
  language: "id" | "en";
  /** its name */
  centre: string;
  /** living contacts */
  open: number;
  in_menu: number;
  waiting: number;
  ringing: number;
  talking: number;
  /** waiting */
  callbacks: number;
  /** of the open: placed outward */
  outbound: number;
  /** of the open: among colleagues */
  internal: number;
  agents_ready: number;
  agents_busy: number;
  agents_wrapup: number;
  agents_not_ready: number;
  agents_offline: number;
  /** today */
  offered: number;
  /** today */
  answered: number;
  /** today */
  abandoned: number;
  /** today: served by the menu */
  contained: number;
  /** today */
  system_faults: number;
  /** today, of all queues together, 0 to 1 */
  service_level: number | null;
  /** records counted here that a full or failing disk does not take */
  unwritten: number;
  /** on for somebody */
  surge: boolean;
  /** by hand, for somebody */
  closed: boolean;
  /** that are on */
  alarms: string[];
  queues: ViewQueue[];
  agents: ViewAgent[];
  /** the oldest first */
  calls: ViewCall[];
  /** the newest first */
  news: ViewNews[];
}

export interface ViewQueue {
  id: string;
  name: string;
  client: string;
  waiting: number;
  callbacks_waiting: number;
  ringing: number;
  talking: number;
  /** of those waiting, callbacks apart */
  longest_ms: number;
  /** free now */
  agents_ready: number;
  agents_busy: number;
  agents_not_ready: number;
  /** target */
  level_ms: number;
  /** target */
  level_percent: number;
  /** today */
  offered: number;
  /** today */
  answered: number;
  /** today */
  abandoned: number;
  /** today */
  abandoned_short: number;
  /** today */
  overflowed: number;
  /** today */
  callbacks: number;
  /** today, 0 to 1 */
  service_level: number | null;
  /** today, 0 to 1, short ones apart */
  abandon_rate: number | null;
  /** today */
  asa_ms: number | null;
  /** today, of the answered */
  wait_p50_ms: number | null;
  wait_p90_ms: number | null;
  wait_p95_ms: number | null;
  /** today, of parts that are over */
  handling_p50_ms: number | null;
  handling_p90_ms: number | null;
  handling_p95_ms: number | null;
  /** today, by agents */
  transfers: number;
}

export interface ViewAgent {
  id: string;
  name: string;
  extension: string;
  doing: "offline" | "not ready" | "ready" | "ringing" | "talking" | "on hold" | "wrap-up";
  presence: "offline" | "not ready" | "ready";
  /** in this state for so long */
  since_ms: number;
  /** not ready because; or empty */
  reason: string;
  /** of the contact in hand; or empty */
  queue: string;
  /** in hand */
  contact: string | null;
  /** today */
  handled: number;
  /** today */
  missed: number;
  /** today, 0 to 1 */
  occupancy: number | null;
  /** reachable */
  phone: boolean;
}

export interface ViewCall {
  contact: string | null;
  client: string;
  number: string;
  queue: string;
  agent: string;
  /** since it arrived */
  age_ms: number;
  /** in this place for so long */
  here_ms: number;
  place: "new" | "menu" | "queue" | "ringing" | "talk" | "callback" | "outside" | "ended";
  channel: "voice" | "chat" | "email" | "sms" | "message" | "social" | "video" | "ticket";
  direction: "inbound" | "outbound" | "internal";
}

export interface ViewNews {
  at: string;
  text: string;
}

export interface Party {
  /** for OFFER/drop */
  party: string;
  /** null: somebody outside */
  agent: string | null;
}

export interface SecondFactorEndBody {
  /** one's own */
  password: string;
  /** that the app shows now, or a recovery code */
  code: string;
}

export interface WordsBody {
  /** 500 bytes at most */
  text: string;
}

export interface DirectoryCampaign {
  id: string;
  name: string;
  client: string | null;
  /** in whose name one calls; null: in that of the client */
  brand: string | null;
  /** that is shown */
  number: string | null;
  /** what one's calls are for when nothing is chosen */
  own: boolean;
}

export interface PartyTypeBody {
  /** customer or prospect */
  party_type: "customer" | "prospect";
}

export interface CalledBody {
  /** 80 bytes at most; empty: it is not known any more */
  called: string;
}

export interface CoachNote {
  /** of the agent's */
  id: string;
  /** whom it is for */
  agent: string;
  agent_name: string;
  recording: string;
  contact: string;
  /** from the beginning of the recording */
  at_ms: number;
  /** of the recording */
  length_ms: number;
  /** null: the person in the recording was erased */
  text: string | null;
  /** user */
  by: string;
  by_name: string;
  created: string;
  /** the agent has heard it again */
  done: string | null;
  /** written by who asks, who may take it back */
  own: boolean;
}

export interface CoachMarks {
  /** by their moments */
  items: CoachNote[];
  /** who took part and may get a note by who asks; the last one to talk first */
  agents: string[];
}

export interface CoachNotes {
  /** the newest first */
  items: CoachFollowed[];
  /** contacts or answers on each side before anything is said of a difference */
  least: number;
}

export interface CoachFollowed {
  note: CoachNote;
  /** from here to `until` */
  before: string;
  /** the quarter hour in which it was written is in neither */
  until: string;
  /** from here on */
  since: string;
  /** null: of several clients, and who asks sees some of them */
  figures: CoachFigure[] | null;
}

export interface CoachFigure {
  /** as in docs/ref/figures.md */
  figure: string;
  /** of the dictionary */
  unit: string;
  before: number | null;
  since: number | null;
  /** contacts, or answers, that it is made of */
  count_before: number;
  count_since: number;
  /** few: fewer than `least` on a side */
  verdict: "few" | "neither" | "same" | "better" | "worse";
}

export interface CoachNoteBody {
  /** of a contact in which the agent took part */
  recording: string;
  /** from its beginning */
  at_ms: number;
  /** 500 bytes at most */
  text: string;
}

export interface CoachNoteMade {
  /** true: it stands in the log */
  done: boolean;
  /** place in the log */
  seq: string | null;
  /** of the agent's */
  note: string;
}

export interface Favourite {
  kind: "queue" | "agent" | "outside";
  /** key of the queue or agent, or the number; 80 bytes at most */
  to: string;
  /** as it is shown; 80 bytes at most */
  name: string;
}

export interface Favourites {
  /** 4 at most, each target once */
  items: Favourite[];
}

export interface System {
  /** the server's clock */
  now: string;
  /** of the installation */
  name: string;
  /** of the program */
  version: string;
  /** hash of the description in force */
  centre: string;
  /** calls can be taken */
  ready: boolean;
  /** of control, ever */
  starts: number;
  /** that are on */
  alarms: string[];
  trunks: SystemTrunk[];
  /** telephones that are registered */
  devices: SystemDevice[];
  /** agents at work whose telephone is not there */
  without_device: SystemAgent[];
  media: SystemMedia | null;
  certificates: SystemCertificate[];
  disk: SystemDisk;
  processes: SystemProcess[];
  listeners: SystemListener[];
  log: SystemLog;
  connections: SystemConnections;
  libraries: SystemLibrary[];
  limits: SystemLimits;
  webhooks: SystemWebhook[];
}

export interface SystemTrunk {
  id: string;
  /** null: calls only come from it */
  host: string | null;
  /** refused: the carrier does not take our registration; unknown: not asked yet, or its name leads nowhere */
  state: "up" | "down" | "refused" | "unknown" | "inbound";
  /** as it is */
  since: string | null;
  /** SIP status of what failed last, 408: no answer; null: nothing has */
  last_status: number | null;
  /** when that was */
  failed: string | null;
  /** now */
  calls: number;
  /** null: no limit */
  calls_max: number | null;
  addresses: number;
  /** of these: silent */
  addresses_down: number;
  /** of OPTIONS there and back, the slowest address that answers */
  rtt_us: number | null;
  /** calls come because we register there */
  registers: boolean;
}

export interface SystemDevice {
  agent: string;
  /** of the agent */
  name: string;
  extension: string;
  /** false: a telephone */
  browser: boolean;
  transport: "udp" | "tcp" | "tls" | "ws" | "wss";
  /** program and version, as it says itself */
  user_agent: string | null;
  /** address it is seen at */
  from: string;
  /** `from` is the proxy's */
  behind_proxy: boolean;
  /** by that address, and the offices of the description */
  place: "unknown" | "office" | "elsewhere";
  /** it answered when it was asked last */
  reachable: boolean;
  /** registered without a gap, as far as this process has seen */
  since: string;
  /** of the registration */
  expires: string;
}

export interface SystemAgent {
  agent: string;
  name: string;
  extension: string;
}

export interface SystemMedia {
  /** the media process answers */
  up: boolean;
  /** since control was started */
  restarts: number;
  /** of its messages */
  version: number;
  legs: number | null;
  /** being written */
  recordings: number | null;
  /** since it was started */
  packets_dropped: number | null;
  /** from receiving a packet to sending it on, 99 of 100, last minute */
  delay_p99_us: number | null;
}

export interface SystemCertificate {
  use: "https" | "sip";
  /** with blanks between */
  names: string;
  issuer: string | null;
  /** signed with its own key */
  own: boolean;
  /** null: it cannot be read */
  until: string | null;
  /** why */
  problem: string | null;
}

export interface SystemDisk {
  /** of the file system with the data folder */
  total_bytes: number | null;
  free_bytes: number | null;
  log_bytes: number;
  /** it fills by so much a day, by the last day; null: seen for less than an hour */
  day_bytes: number | null;
  /** null: not known, or it does not fill */
  days_left: number | null;
}

export interface SystemProcess {
  name: string;
  pid: number;
  started: string;
  /** resident */
  memory_bytes: number;
  /** used since its start */
  cpu_ms: number;
  threads: number;
  /** open: sockets and files */
  descriptors: number | null;
  descriptors_max: number | null;
  /** it runs another file than the one that answers: an upgrade that is not through */
  other_program: boolean;
}

export interface SystemListener {
  kind: "udp" | "tcp" | "tls" | "http" | "https";
  address: string;
}

export interface SystemWebhook {
  id: string;
  /** that it posts to */
  host: string;
  state: "active" | "failing" | "paused" | "gone";
  /** records of the log behind it */
  lag: number;
  /** in a row */
  failures: number;
  last_error: string | null;
  last_delivery: string | null;
}

export interface SystemLog {
  state: string;
  /** last place that is safe */
  seq: string | null;
  commits: number;
  /** longer than 10 ms */
  slow_commits: number;
  /** commits that were tried again */
  failures: number;
  longest_commit_us: number;
}

export interface SystemConnections {
  /** open now */
  http: number;
  /** pages and screens that follow live */
  feeds: number;
  /** telephones in browsers */
  phones: number;
  /** people logged in */
  sessions: number;
}

export interface SystemLibrary {
  name: string;
  version: string;
}

export interface SystemLimits {
  /** lines above it are bad */
  rtt_ms: number;
  /** above it */
  loss_permille: number;
  /** below it; system.quality_alarm_mos */
  mos_x100: number;
  /** to be renewed before */
  certificate_days: number;
  /** left: less is too little */
  disk_days: number;
  /** free: less is too little */
  disk_percent: number;
}

export interface WebGreeting {
  /** may be empty */
  id: string;
  en: string;
}

export interface Ticket {
  /** the number that people say */
  id: string;
  /** how many entries it has; for If-Match */
  version: number;
  /** whose it is */
  person: string;
  client: string;
  /** null: not for who asks */
  subject: string | null;
  /** waiting: for the customer */
  status: "open" | "waiting" | "resolved";
  priority: "low" | "normal" | "high";
  /** null: nobody's */
  owner_kind: "agent" | "queue" | "team" | null;
  owner: string | null;
  owner_name: string | null;
  due: string | null;
  created: string;
  /** user */
  by: string;
  by_name: string;
  changed: string;
  /** user */
  changed_by: string;
  changed_by_name: string;
  resolved: string | null;
  /** in which it was opened or touched, the first first; 100 at most */
  contacts: string[];
  /** of the person, as the network told it; null on his own card */
  name: string | null;
  /** hidden as in the card; null there */
  address: string | null;
}

export interface Tickets {
  /** the newest first */
  items: Ticket[];
  /** where to go on; null: that was all. A page may have fewer than asked for */
  next: string | null;
}

export interface TicketEntry {
  /** of the ticket's */
  id: string;
  at: string;
  /** user */
  by: string;
  by_name: string;
  /** in which it was made */
  contact: string | null;
  /** null: none, or not for who asks */
  text: string | null;
  /** what it has changed: to what stands here */
  set: ("status" | "owner" | "due" | "priority")[];
  status: "open" | "waiting" | "resolved" | null;
  priority: "low" | "normal" | "high" | null;
  due: string | null;
  owner_kind: "agent" | "queue" | "team" | null;
  owner: string | null;
  owner_name: string | null;
}

export interface TicketContact {
  contact: string;
  channel: "voice" | "chat" | "email" | "sms" | "message" | "social" | "video" | "ticket";
  direction: "inbound" | "outbound" | "internal";
  arrived: string;
  agent: string | null;
  agent_name: string | null;
}

export interface TicketDetail {
  ticket: Ticket;
  /** the first first */
  entries: TicketEntry[];
  /** the last first; 20 at most */
  contacts: TicketContact[];
}

export interface TicketBody {
  /** from which it is opened; or: */
  contact?: string;
  /** whose it is */
  person?: string;
  /** one line of 200 characters at most */
  subject: string;
  /** 2000 bytes at most */
  text?: string;
  /** normal without */
  priority?: "low" | "normal" | "high";
  /** until when; RFC 3339 */
  due?: string | null;
  /** with owner; null: nobody's */
  owner_kind?: "agent" | "queue" | "team" | null;
  /** of this client */
  owner?: string | null;
}

export interface TicketChangeBody {
  status?: "open" | "waiting" | "resolved";
  /** with owner; null: nobody's */
  owner_kind?: "agent" | "queue" | "team" | null;
  /** of this client */
  owner?: string | null;
  /** null: none */
  due?: string | null;
  priority?: "low" | "normal" | "high";
  /** 2000 bytes at most */
  text?: string;
  /** in which it is done */
  contact?: string;
}

export interface TicketEntryBody {
  /** 2000 bytes at most */
  text: string;
  /** in which it was said */
  contact?: string;
}

export interface TicketMade {
  /** true: it stands in the log */
  done: boolean;
  /** place in the log */
  seq: string | null;
  ticket: string;
  /** that it has now */
  version: number;
}

export interface TicketNews {
  /** of a ticket that was changed */
  id: string;
  version: number;
  at: string;
  person: string;
  client: string;
  status: "open" | "waiting" | "resolved";
  owner_kind: "agent" | "queue" | "team" | null;
  owner: string | null;
}

export interface ShiftEntry {
  agent: string;
  /** shift: work on the phone, but where another entry lies in it */
  activity: "shift" | "break" | "meeting" | "training" | "other";
  /** local time of the centre: 2026-11-22T08:00 */
  start: string;
  /** likewise; of a shift over midnight on the next day */
  end: string;
}

export interface Shifts {
  /** for If-Match; 0: nothing was ever planned */
  version: number;
  /** a day */
  from: string;
  /** a day, not included */
  to: string;
  /** by agent, then by time */
  items: ShiftEntry[];
}

export interface ShiftsBody {
  /** whose plans of these days are replaced, 1000 at most; of whom there is no item nothing is planned any more */
  agents: string[];
  /** 20000 at most, in any order. What is no shift lies in one of the same agent */
  items: ShiftEntry[];
}

export interface ShiftsMade {
  /** true: it stands in the log */
  done: boolean;
  /** place in the log */
  seq: string | null;
  /** the new one */
  version: number;
  /** that are planned with it */
  entries: number;
}

export interface DayPlan {
  activity: "shift" | "break" | "meeting" | "training" | "other";
  from: string;
  to: string;
}

export interface DayLine {
  from: string;
  to: string;
  /** null: nothing */
  planned: "shift" | "break" | "meeting" | "training" | "other" | null;
  /** work: ready, in contacts or in wrap-up, as planned */
  actual: "work" | "out" | "ready" | "contact" | "wrapup" | "not ready" | "stopped";
  /** of not being ready */
  reason: string | null;
  /** busy: in a contact or in wrap-up where no work was planned; absent: logged out or not ready where it was; at work: ready in a planned break; unplanned: logged in outside shifts; unknown: the centre stood still */
  verdict: "as planned" | "busy" | "absent" | "at work" | "unplanned" | "unknown";
  contact_count: number;
  /** those that he had in hand, 20 at most */
  contacts: string[];
}

export interface AgentDay {
  agent: string;
  name: string;
  day: string;
  /** of the last that is known */
  until: string;
  /** entries whose shift begins on the day */
  plan: DayPlan[];
  /** from midnight to midnight; what lies between them: logged out, and nothing was planned */
  items: DayLine[];
  /** true: there is more than 2000 lines */
  cut: boolean;
  /** in_schedule / scheduled; null without a plan */
  adherence: number | null;
  /** worked / scheduled_work; null without a plan */
  conformance: number | null;
  /** ready / logged_in */
  availability: number | null;
  /** as in Figure */
  occupancy: number | null;
  scheduled_ms: number;
  scheduled_work_ms: number;
  in_schedule_ms: number;
  worked_ms: number;
  logged_in_ms: number;
}

export interface AgentAdherence {
  agent: string;
  name: string;
  team: string | null;
  /** in_schedule / scheduled; null without a plan */
  adherence: number | null;
  /** worked / scheduled_work; null without a plan */
  conformance: number | null;
  /** ready / logged_in */
  availability: number | null;
  /** as in Figure */
  occupancy: number | null;
  scheduled_ms: number;
  scheduled_work_ms: number;
  in_schedule_ms: number;
  worked_ms: number;
  logged_in_ms: number;
}

export interface TeamAdherence {
  team: string;
  /** in_schedule / scheduled; null without a plan */
  adherence: number | null;
  /** worked / scheduled_work; null without a plan */
  conformance: number | null;
  /** ready / logged_in */
  availability: number | null;
  /** as in Figure */
  occupancy: number | null;
  scheduled_ms: number;
  scheduled_work_ms: number;
  in_schedule_ms: number;
  worked_ms: number;
  logged_in_ms: number;
}

export interface Adherence {
  day: string;
  /** of the last that is known */
  until: string;
  /** who was planned or logged in */
  agents: AgentAdherence[];
  /** their sums */
  teams: TeamAdherence[];
}

export interface DeniedCall {
  /** place in the log */
  seq: string;
  at: string;
  /** null: no agent of the description that was in force */
  agent: string | null;
  /** as the answer to who asked has it */
  why: string;
  /** what he wanted to call */
  kind: "queue" | "number" | "agent" | "outside";
  /** for whom; null: for none */
  client: string | null;
  /** for which; null: for none */
  campaign: string | null;
  /** on hold beside it */
  contact: string | null;
  /** when, who, what, for whom and why not, in one sentence */
  text: string;
}

export interface DeniedCalls {
  items: DeniedCall[];
  /** cursor of the next page */
  next: string | null;
}

export interface FlowNodeExit {
  /** pressed; empty: of itself (silence, time, the state of the centre) */
  key: string;
  /** where to */
  flow: string;
  node: string;
  count: number;
}

export interface FlowNode {
  flow: string;
  node: string;
  entered: number;
  /** to another node */
  left: number;
  /** with an agent then */
  talked: number;
  /** by the caller */
  hung_up: number;
  /** by us */
  ended: number;
  /** now */
  here: number;
  /** the most used first */
  exits: FlowNodeExit[];
}

export interface FlowNodes {
  /** the most used first */
  items: FlowNode[];
}

export const api = {
  /** The process answers */
  health: (asked: Asked = {}) => call<Health>("GET", `/health`, asked),
  /** Calls can be taken; 503 when not */
  ready: (asked: Asked = {}) => call<Readiness>("GET", `/ready`, asked),
  /** Metrics in the text format of Prometheus */
  metrics: (asked: Asked = {}) => call<unknown>("GET", `/metrics`, asked),
  /** This document */
  openapi: (asked: Asked = {}) => call<unknown>("GET", `/api/v1/openapi.json`, asked),
  /** Who the token says one is, and what it allows */
  me: (asked: Asked = {}) => call<Me>("GET", `/api/v1/me`, asked),
  /** Log in with a password: a session's token, for twelve hours */
  login: (body: LoginBody, asked: Asked = {}) => call<Login>("POST", `/api/v1/login`, { ...asked, body }),
  /** Who can log in without a password; 404 where nobody can */
  demo: (asked: Asked = {}) => call<Demo>("GET", `/api/v1/demo`, asked),
  /** Log in without a password, where that is allowed */
  demoLogin: (body: DemoLoginBody, asked: Asked = {}) => call<Login>("POST", `/api/v1/demo/login`, { ...asked, body }),
  /** Names for pages: clients, queues with their dispositions, reasons, colleagues */
  directory: (asked: Asked = {}) => call<Directory>("GET", `/api/v1/directory`, asked),
  /** End this session */
  logout: (asked: Asked = {}) => call<Done>("POST", `/api/v1/logout`, asked),
  /** Another password; one's other sessions end */
  password: (body: PasswordChangeBody, asked: Asked = {}) => call<Done>("PUT", `/api/v1/me/password`, { ...asked, body }),
  /** Credentials for a telephone in the browser (SIP over WebSocket at /sip, WebRTC): good as long as the session, twelve hours at most */
  mePhone: (asked: Asked = {}) => call<BrowserPhone>("POST", `/api/v1/me/phone`, asked),
  /** Credentials for one call of a guest from the browser, to be begun within two minutes; only to numbers with `web: yes` */
  webCall: (body: WebCallBody, asked: Asked = {}) => call<BrowserPhone>("POST", `/api/v1/web-calls`, { ...asked, body }),
  /** Numbers that guests may call from the browser */
  webNumbers: (asked: Asked = {}) => call<WebNumbers>("GET", `/api/v1/web-calls`, asked),
  /** One's own figures of today: those of the report, of one's own agent */
  myFigures: (asked: Asked = {}) => call<OwnFigures>("GET", `/api/v1/me/figures`, asked),
  /** What who is logged in has to do: tasks that he made, and targets of his that were missed */
  myTasks: (asked: Asked = {}) => call<MyTasks>("GET", `/api/v1/me/tasks`, asked),
  /** One of them is done, or to be done at another time */
  myTaskSet: (task: string, body: TaskChangeBody, asked: Asked = {}) => call<Done>("PUT", `/api/v1/me/tasks/${encodeURIComponent(task)}`, { ...asked, body }),
  /** What a check of one's line has shown, at login or after a call; kept in the log */
  network: (body: NetworkBody, asked: Asked = {}) => call<Done>("POST", `/api/v1/me/network`, { ...asked, body }),
  /** What checks of agents' lines have shown, by time: for who looks after the technology */
  networks: (query: { from?: string; to?: string; limit?: number; cursor?: string } = {}, asked: Asked = {}) => call<Networks>("GET", `/api/v1/network`, { ...asked, query }),
  /** The technical state, for who looks after the technology: trunks, telephones, certificates, disk, processes, webhooks; nothing of contacts and customers */
  system: (asked: Asked = {}) => call<System>("GET", `/api/v1/system`, asked),
  /** A new secret for one's second factor, shown this once; it holds when a code of it was seen */
  totp: (body: SecondFactorBody, asked: Asked = {}) => call<NewSecondFactor>("POST", `/api/v1/me/totp`, { ...asked, body }),
  /** The second factor holds from now on; one's sessions end */
  totpConfirm: (body: SecondFactorCodeBody, asked: Asked = {}) => call<Done>("PUT", `/api/v1/me/totp`, { ...asked, body }),
  /** No second factor any more, where one's role wants none */
  totpEnd: (body: SecondFactorEndBody, asked: Asked = {}) => call<Done>("POST", `/api/v1/me/totp/end`, { ...asked, body }),
  /** Somebody has lost it: no second factor any more; the sessions end */
  userTotp: (user: string, asked: Asked = {}) => call<Done>("DELETE", `/api/v1/users/${encodeURIComponent(user)}/totp`, asked),
  /** Who can log in: users and agents of the description */
  users: (asked: Asked = {}) => call<Users>("GET", `/api/v1/users`, asked),
  /** Give somebody a password; the sessions of the one before end */
  userPassword: (user: string, body: PasswordBody, asked: Asked = {}) => call<Done>("PUT", `/api/v1/users/${encodeURIComponent(user)}/password`, { ...asked, body }),
  /** Let somebody log in no more; the sessions end */
  userClear: (user: string, asked: Asked = {}) => call<Done>("DELETE", `/api/v1/users/${encodeURIComponent(user)}/password`, asked),
  /** Roles, and what each right allows */
  roles: (asked: Asked = {}) => call<Roles>("GET", `/api/v1/roles`, asked),
  /** Who is logged in, and from where */
  sessions: (asked: Asked = {}) => call<Sessions>("GET", `/api/v1/sessions`, asked),
  /** End a session */
  sessionEnd: (session: string, asked: Asked = {}) => call<Done>("DELETE", `/api/v1/sessions/${encodeURIComponent(session)}`, asked),
  /** Contacts that live now, the oldest first */
  contacts: (query: { client?: string; queue?: string; agent?: string; number?: string; place?: "new" | "menu" | "queue" | "ringing" | "talk" | "callback" | "outside"; channel?: "voice" | "chat" | "email" | "sms" | "message" | "social" | "video" | "ticket"; party_type?: "customer" | "prospect" | "internal"; times?: "true" | "false"; limit?: number; cursor?: string } = {}, asked: Asked = {}) => call<Contacts>("GET", `/api/v1/contacts`, { ...asked, query }),
  /** Contacts that have ended, by arrival */
  past: (query: { from?: string; to?: string; client?: string; queue?: string; agent?: string; number?: string; channel?: "voice" | "chat" | "email" | "sms" | "message" | "social" | "video" | "ticket"; outcome?: string; party_type?: "customer" | "prospect" | "internal"; limit?: number; cursor?: string } = {}, asked: Asked = {}) => call<ContactRecords>("GET", `/api/v1/contacts/past`, { ...asked, query }),
  /** One contact, living or past: its record with stays, agents, recordings, legs and their quality */
  contact: (contact: string, asked: Asked = {}) => call<ContactDetail>("GET", `/api/v1/contacts/${encodeURIComponent(contact)}`, asked),
  /** What an agent is shown of it: who it is, what was chosen and typed, earlier contacts with their notes and recordings, open callbacks */
  card: (contact: string, query: { language?: "id" | "en"; limit?: number } = {}, asked: Asked = {}) => call<Card>("GET", `/api/v1/contacts/${encodeURIComponent(contact)}/card`, { ...asked, query }),
  /** Write its note; If-Match names the version that it was made from, 0 when there was none. Who took part in it may, and who supervises */
  note: (contact: string, body: NoteBody, asked: Asked = {}) => call<Noted>("PUT", `/api/v1/contacts/${encodeURIComponent(contact)}/note`, { ...asked, body }),
  /** Say how the person of a contact likes to be called: shown from then on. Who took part in it may, and who supervises */
  calledSet: (contact: string, body: CalledBody, asked: Asked = {}) => call<Done>("PUT", `/api/v1/contacts/${encodeURIComponent(contact)}/called`, { ...asked, body }),
  /** Say what the person of a contact is to the client: it holds for this contact and for those to come. Who took part in it may, and who supervises */
  partySet: (contact: string, body: PartyTypeBody, asked: Asked = {}) => call<Done>("PUT", `/api/v1/contacts/${encodeURIComponent(contact)}/party`, { ...asked, body }),
  /** Why it waits or waited, and why agents were passed over, in sentences */
  why: (contact: string, query: { language?: "id" | "en" } = {}, asked: Asked = {}) => call<Why>("GET", `/api/v1/contacts/${encodeURIComponent(contact)}/why`, { ...asked, query }),
  /** Move a waiting contact to another queue, to an agent, or to the front; its age is kept */
  move: (contact: string, body: MoveBody, asked: Asked = {}) => call<Done>("POST", `/api/v1/contacts/${encodeURIComponent(contact)}/move`, { ...asked, body }),
  /** Agents and what they do; of a queue those who serve it now */
  agents: (query: { client?: string; presence?: "offline" | "not ready" | "ready"; queue?: string; limit?: number; cursor?: string } = {}, asked: Asked = {}) => call<Agents>("GET", `/api/v1/agents`, { ...asked, query }),
  /** One agent */
  agent: (agent: string, asked: Asked = {}) => call<Agent>("GET", `/api/v1/agents/${encodeURIComponent(agent)}`, asked),
  /** What is to be done and nobody waits for: callbacks and tasks, one's own, or anybody's with the right agents */
  work: (agent: string, asked: Asked = {}) => call<Work>("GET", `/api/v1/agents/${encodeURIComponent(agent)}/work`, asked),
  /** A task: something to do, perhaps at a time, perhaps about a contact */
  taskNew: (agent: string, body: TaskBody, asked: Asked = {}) => call<TaskMade>("POST", `/api/v1/agents/${encodeURIComponent(agent)}/tasks`, { ...asked, body }),
  /** Done, or at another time */
  taskSet: (agent: string, task: string, body: TaskChangeBody, asked: Asked = {}) => call<Done>("PUT", `/api/v1/agents/${encodeURIComponent(agent)}/tasks/${encodeURIComponent(task)}`, { ...asked, body }),
  /** Ready, not ready for a reason, or logged out */
  state: (agent: string, body: AgentStateBody, asked: Asked = {}) => call<Done>("POST", `/api/v1/agents/${encodeURIComponent(agent)}/state`, { ...asked, body }),
  /** End wrap-up with a disposition, or ask for more time */
  wrapup: (agent: string, body: WrapupBody, asked: Asked = {}) => call<Done>("POST", `/api/v1/agents/${encodeURIComponent(agent)}/wrapup`, { ...asked, body }),
  /** Pause, resume or start the recording of the contact in hand */
  record: (agent: string, body: RecordingBody, asked: Asked = {}) => call<Done>("POST", `/api/v1/agents/${encodeURIComponent(agent)}/recording`, { ...asked, body }),
  /** Change a skill by hand, for good or until a time */
  skill: (agent: string, skill: string, body: SkillBody, asked: Asked = {}) => call<Done>("PUT", `/api/v1/agents/${encodeURIComponent(agent)}/skills/${encodeURIComponent(skill)}`, { ...asked, body }),
  /** Change skills and queues of several agents at once, for good or until a time; each agent has an answer of his own */
  changes: (body: ChangesBody, asked: Asked = {}) => call<Changed>("POST", `/api/v1/changes`, { ...asked, body }),
  /** Place a call: the agent's phone is rung first, then who is called. Answered when the core has taken it; what comes of it is seen in the contact */
  call: (agent: string, body: CallBody, asked: Asked = {}) => call<Call>("POST", `/api/v1/agents/${encodeURIComponent(agent)}/calls`, { ...asked, body }),
  /** Take what rings: the phone is told to answer (Event: talk) */
  offerAccept: (offer: string, asked: Asked = {}) => call<Done>("POST", `/api/v1/offers/${encodeURIComponent(offer)}/accept`, asked),
  /** Refuse what rings; it is offered to somebody else */
  offerRefuse: (offer: string, asked: Asked = {}) => call<Done>("POST", `/api/v1/offers/${encodeURIComponent(offer)}/refuse`, asked),
  /** Put on hold, with music */
  offerHold: (offer: string, asked: Asked = {}) => call<Done>("POST", `/api/v1/offers/${encodeURIComponent(offer)}/hold`, asked),
  /** Take back from hold */
  offerResume: (offer: string, asked: Asked = {}) => call<Done>("POST", `/api/v1/offers/${encodeURIComponent(offer)}/resume`, asked),
  /** End the contact for all */
  offerHangup: (offer: string, asked: Asked = {}) => call<Done>("POST", `/api/v1/offers/${encodeURIComponent(offer)}/hangup`, asked),
  /** Leave a conversation that goes on without one; alone with the customer it ends */
  offerLeave: (offer: string, asked: Asked = {}) => call<Done>("POST", `/api/v1/offers/${encodeURIComponent(offer)}/leave`, asked),
  /** Pass the contact on without asking: to a queue, a number of the centre, a colleague, a number outside */
  offerTransfer: (offer: string, body: TargetBody, asked: Asked = {}) => call<Done>("POST", `/api/v1/offers/${encodeURIComponent(offer)}/transfer`, { ...asked, body }),
  /** Ask somebody on the same line; the contact is on hold meanwhile */
  offerConsult: (offer: string, body: CallBody, asked: Asked = {}) => call<Call>("POST", `/api/v1/offers/${encodeURIComponent(offer)}/consult`, { ...asked, body }),
  /** Transfer after asking: who was asked takes over */
  offerMerge: (offer: string, body: OtherContactBody, asked: Asked = {}) => call<Done>("POST", `/api/v1/offers/${encodeURIComponent(offer)}/merge`, { ...asked, body }),
  /** Bring who was asked into the conversation */
  offerConference: (offer: string, body: OtherContactBody, asked: Asked = {}) => call<Done>("POST", `/api/v1/offers/${encodeURIComponent(offer)}/conference`, { ...asked, body }),
  /** Let one party of a conference go */
  offerDrop: (offer: string, body: PartyBody, asked: Asked = {}) => call<Done>("POST", `/api/v1/offers/${encodeURIComponent(offer)}/drop`, { ...asked, body }),
  /** Choose what came of it, during the conversation or in wrap-up, which ends with it unless another is named then */
  offerDisposition: (offer: string, body: DispositionBody, asked: Asked = {}) => call<Done>("PUT", `/api/v1/offers/${encodeURIComponent(offer)}/disposition`, { ...asked, body }),
  /** What can come of a conversation of a queue, and the commonest of an agent: oneself without */
  dispositions: (queue: string, query: { agent?: string; language?: "id" | "en" } = {}, asked: Asked = {}) => call<Dispositions>("GET", `/api/v1/queues/${encodeURIComponent(queue)}/dispositions`, { ...asked, query }),
  /** Reasons for not being ready, their quotas and what of them is used by an agent and his team: oneself without */
  reasons: (query: { agent?: string; language?: "id" | "en" } = {}, asked: Asked = {}) => call<Reasons>("GET", `/api/v1/reasons`, { ...asked, query }),
  /** Hear a conversation: the supervisor's phone is rung. Each mode has its right; who is in it already only changes the mode */
  supervise: (contact: string, body: SuperviseBody, asked: Asked = {}) => call<Supervised>("POST", `/api/v1/contacts/${encodeURIComponent(contact)}/supervision`, { ...asked, body }),
  /** Listen, whisper, join or take over, without a new call */
  supervisionSet: (supervision: string, body: SupervisionBody, asked: Asked = {}) => call<Done>("PUT", `/api/v1/supervisions/${encodeURIComponent(supervision)}`, { ...asked, body }),
  /** Leave a conversation that one supervises */
  supervisionEnd: (supervision: string, asked: Asked = {}) => call<Done>("DELETE", `/api/v1/supervisions/${encodeURIComponent(supervision)}`, asked),
  /** Raise one's hand: help is wanted, with the contact in hand */
  helpAsk: (agent: string, asked: Asked = {}) => call<Done>("POST", `/api/v1/agents/${encodeURIComponent(agent)}/help`, asked),
  /** Take the hand down */
  helpEnd: (agent: string, asked: Asked = {}) => call<Done>("DELETE", `/api/v1/agents/${encodeURIComponent(agent)}/help`, asked),
  /** Say that one comes; who supervises the contact has said so, too */
  helpTake: (agent: string, asked: Asked = {}) => call<Done>("POST", `/api/v1/agents/${encodeURIComponent(agent)}/help/take`, asked),
  /** A line of one's own agent to who leads his team; it stands among their messages. Not for what concerns a customer */
  leaderMessage: (agent: string, body: WordsBody, asked: Asked = {}) => call<Done>("POST", `/api/v1/agents/${encodeURIComponent(agent)}/message`, { ...asked, body }),
  /** What supervisors say to agents, the oldest first; who has read what stands with the agents */
  messages: (asked: Asked = {}) => call<Messages>("GET", `/api/v1/messages`, asked),
  /** Say something to all, a team, those who serve a queue, or one agent. Not for what concerns a customer */
  messageNew: (body: MessageBody, asked: Asked = {}) => call<Done>("POST", `/api/v1/messages`, { ...asked, body }),
  /** One's own agent has read this and what was said before */
  messageRead: (message: string, asked: Asked = {}) => call<Done>("POST", `/api/v1/messages/${encodeURIComponent(message)}/read`, asked),
  /** What needs attention: figures of queues and agents beyond the limits of the description */
  alerts: (asked: Asked = {}) => call<Alerts>("GET", `/api/v1/alerts`, asked),
  /** Say that one has seen an alert and sees to it */
  alertSeen: (body: AlertBody, asked: Asked = {}) => call<Done>("POST", `/api/v1/alerts/seen`, { ...asked, body }),
  /** Queues with live figures and those of today */
  queues: (query: { client?: string } = {}, asked: Asked = {}) => call<Queues>("GET", `/api/v1/queues`, { ...asked, query }),
  /** One queue */
  queue: (queue: string, asked: Asked = {}) => call<Queue>("GET", `/api/v1/queues/${encodeURIComponent(queue)}`, asked),
  /** How the centre, each client and each queue stand: now, today, in the last thirty minutes */
  standings: (query: { client?: string } = {}, asked: Asked = {}) => call<Standings>("GET", `/api/v1/standings`, { ...asked, query }),
  /** The dictionary of figures: name, unit, definition, formula, edge cases */
  figures: (asked: Asked = {}) => call<Figures>("GET", `/api/v1/figures`, asked),
  /** Targets that are set: what figures shall be, for what and when. Also as they were in an earlier version */
  goals: (query: { version?: number } = {}, asked: Asked = {}) => call<PerformanceTargets>("GET", `/api/v1/targets`, { ...asked, query }),
  /** Set targets, all of them at once; If-Match names the version that they were made from, 0 when there was none */
  goalsPut: (body: PerformanceTargetsBody, asked: Asked = {}) => call<PerformanceTargetsMade>("PUT", `/api/v1/targets`, { ...asked, body }),
  /** Who set targets when, the newest first */
  goalVersions: (asked: Asked = {}) => call<PerformanceTargetsVersions>("GET", `/api/v1/targets/versions`, asked),
  /** The contacts that a figure is made of, page by page: of a queue, a client, a team or the whole centre, today, in the last half hour, on a day or in a quarter of an hour */
  counted: (figure: string, query: { period?: "today" | "recent" | "quarter"; day?: string; from?: string; client?: string; queue?: string; team?: string; limit?: number; cursor?: string } = {}, asked: Asked = {}) => call<Counted>("GET", `/api/v1/figures/${encodeURIComponent(figure)}/contacts`, { ...asked, query }),
  /** Wallboards */
  walls: (asked: Asked = {}) => call<Wallboards>("GET", `/api/v1/wallboards`, asked),
  /** One wallboard; also as it was in an earlier version */
  wall: (board: string, query: { version?: number } = {}, asked: Asked = {}) => call<Wallboard>("GET", `/api/v1/wallboards/${encodeURIComponent(board)}`, { ...asked, query }),
  /** Make a wallboard, or change it: `version` names the one that it was made from */
  wallPut: (board: string, body: WallboardBody, asked: Asked = {}) => call<Done>("PUT", `/api/v1/wallboards/${encodeURIComponent(board)}`, { ...asked, body }),
  /** Take a wallboard away; its links end */
  wallEnd: (board: string, asked: Asked = {}) => call<Done>("DELETE", `/api/v1/wallboards/${encodeURIComponent(board)}`, asked),
  /** A link for a screen: a token that sees this wallboard and its figures, and nothing else. Shown this once */
  wallLink: (board: string, asked: Asked = {}) => call<WallboardLink>("POST", `/api/v1/wallboards/${encodeURIComponent(board)}/link`, asked),
  /** End every link of a wallboard */
  wallUnlink: (board: string, asked: Asked = {}) => call<Done>("DELETE", `/api/v1/wallboards/${encodeURIComponent(board)}/link`, asked),
  /** The whole centre at one moment, as `sapa top` shows it; not for tokens that are bound to clients or an agent */
  view: (query: { language?: "id" | "en" } = {}, asked: Asked = {}) => call<View>("GET", `/api/v1/view`, { ...asked, query }),
  /** Where a guest's own call stands, for his page: `Sapa-Place` of the answer names the contact and the proof */
  webPlace: (contact: string, query: { proof?: string } = {}, asked: Asked = {}) => call<WebPlace>("GET", `/api/v1/web-calls/${encodeURIComponent(contact)}`, { ...asked, query }),
  /** Inbound numbers */
  numbers: (query: { client?: string } = {}, asked: Asked = {}) => call<Numbers>("GET", `/api/v1/numbers`, { ...asked, query }),
  /** Surge and closed */
  switches: (asked: Asked = {}) => call<Switches>("GET", `/api/v1/switches`, asked),
  /** Switch surge or closed, for all or for one client */
  switch: (switch_: "surge" | "closed", body: SwitchBody, asked: Asked = {}) => call<Done>("PUT", `/api/v1/switches/${encodeURIComponent(switch_)}`, { ...asked, body }),
  /** Find a person by telephone number */
  people: (query: { phone?: string; client?: string } = {}, asked: Asked = {}) => call<People>("GET", `/api/v1/people`, { ...asked, query }),
  /** One person and what identifies them */
  person: (person: string, asked: Asked = {}) => call<Person>("GET", `/api/v1/people/${encodeURIComponent(person)}`, asked),
  /** Erase a person: the key of all that is kept of them is destroyed */
  erase: (person: string, asked: Asked = {}) => call<Done>("DELETE", `/api/v1/people/${encodeURIComponent(person)}`, asked),
  /** This person is really another; nothing is copied, and it can be taken back */
  personMerge: (person: string, body: MergeBody, asked: Asked = {}) => call<Merged>("POST", `/api/v1/people/${encodeURIComponent(person)}/merge`, { ...asked, body }),
  /** Take a merge back */
  mergeEnd: (merge: string, asked: Asked = {}) => call<Done>("DELETE", `/api/v1/merges/${encodeURIComponent(merge)}`, asked),
  /** The figures of `sapa report` */
  report: (report: "queues" | "agents" | "clients" | "numbers" | "reasons" | "trunks" | "campaigns" | "total", query: { by?: "15m" | "hour" | "day" | "week" | "month"; day?: string; from?: string; to?: string; only?: string; figures?: string; columns?: "all" | "telling"; format?: "json" | "csv" | "text"; language?: "id" | "en" } = {}, asked: Asked = {}) => call<Report>("GET", `/api/v1/reports/${encodeURIComponent(report)}`, { ...asked, query }),
  /** Recordings by the time they ended */
  recordings: (query: { from?: string; to?: string; limit?: number; cursor?: string } = {}, asked: Asked = {}) => call<Recordings>("GET", `/api/v1/recordings`, { ...asked, query }),
  /** One recording */
  recording: (recording: string, query: { check?: "true" | "false" } = {}, asked: Asked = {}) => call<Recording>("GET", `/api/v1/recordings/${encodeURIComponent(recording)}`, { ...asked, query }),
  /** A recording as WAV; ranges are answered */
  audio: (recording: string, asked: Asked = {}) => call<unknown>("GET", `/api/v1/recordings/${encodeURIComponent(recording)}/audio`, asked),
  /** The centre description in force */
  centre: (asked: Asked = {}) => call<Centre>("GET", `/api/v1/centre`, asked),
  /** Descriptions that were in force, the newest first */
  versions: (asked: Asked = {}) => call<CentreVersions>("GET", `/api/v1/centre/versions`, asked),
  /** One of them */
  version: (hash: string, asked: Asked = {}) => call<Centre>("GET", `/api/v1/centre/versions/${encodeURIComponent(hash)}`, asked),
  /** What would change if this description took the place of the one in force, in sentences; each mistake with line, reason and hint */
  centrePlan: (body: string, query: { language?: "id" | "en" } = {}, asked: Asked = {}) => call<CentrePlan>("POST", `/api/v1/centre/plan`, { ...asked, body, query }),
  /** Take this description over; If-Match names the hash of the one that it was made from. Answered when it is in force */
  centreApply: (body: string, query: { comment?: string; language?: "id" | "en" } = {}, asked: Asked = {}) => call<CentrePlan>("POST", `/api/v1/centre/apply`, { ...asked, body, query }),
  /** Take an earlier description over; If-Match as with apply */
  centreRestore: (hash: string, query: { comment?: string; language?: "id" | "en" } = {}, asked: Asked = {}) => call<CentrePlan>("POST", `/api/v1/centre/versions/${encodeURIComponent(hash)}/restore`, { ...asked, query }),
  /** Read the description's file again; with mistakes in it the one before stays in force. Answered when it is in force */
  reload: (asked: Asked = {}) => call<Done>("POST", `/api/v1/centre/reload`, asked),
  /** Who changed what, and from where */
  audit: (query: { from?: string; to?: string; limit?: number; cursor?: string } = {}, asked: Asked = {}) => call<AuditEntries>("GET", `/api/v1/audit`, { ...asked, query }),
  /** Tokens, without their secrets */
  tokens: (asked: Asked = {}) => call<Tokens>("GET", `/api/v1/tokens`, asked),
  /** A new token; its secret is shown this once */
  tokenNew: (body: TokenBody, asked: Asked = {}) => call<NewToken>("POST", `/api/v1/tokens`, { ...asked, body }),
  /** Revoke a token for good */
  tokenEnd: (token: string, asked: Asked = {}) => call<Done>("DELETE", `/api/v1/tokens/${encodeURIComponent(token)}`, asked),
  /** Webhooks: where each stands in the log, its lag and its failures */
  hooks: (asked: Asked = {}) => call<Webhooks>("GET", `/api/v1/webhooks`, asked),
  /** A new webhook; its secret is shown this once */
  hookNew: (body: WebhookBody, asked: Asked = {}) => call<NewWebhook>("POST", `/api/v1/webhooks`, { ...asked, body }),
  /** One webhook */
  hook: (webhook: string, asked: Asked = {}) => call<Webhook>("GET", `/api/v1/webhooks/${encodeURIComponent(webhook)}`, asked),
  /** Pause it, or let it go on where it stands */
  hookSet: (webhook: string, body: WebhookStateBody, asked: Asked = {}) => call<Done>("PUT", `/api/v1/webhooks/${encodeURIComponent(webhook)}`, { ...asked, body }),
  /** End a webhook for good */
  hookEnd: (webhook: string, asked: Asked = {}) => call<Done>("DELETE", `/api/v1/webhooks/${encodeURIComponent(webhook)}`, asked),
  /** Deliver again from a place in the log on */
  hookReplay: (webhook: string, body: ReplayBody, asked: Asked = {}) => call<Done>("POST", `/api/v1/webhooks/${encodeURIComponent(webhook)}/replay`, { ...asked, body }),
  /** Coaching notes at moments of a recording, for who may hear it; an agent sees those that are for him */
  coachMarks: (recording: string, asked: Asked = {}) => call<CoachMarks>("GET", `/api/v1/recordings/${encodeURIComponent(recording)}/coaching`, asked),
  /** Coaching notes for an agent of the last thirty days, each with his figures of the seven days before it and since */
  coachNotes: (agent: string, asked: Asked = {}) => call<CoachNotes>("GET", `/api/v1/agents/${encodeURIComponent(agent)}/coaching`, asked),
  /** A coaching note at a moment of a recording of an agent: it stands in his work until he has heard it again; also needs the right listen */
  coachNew: (agent: string, body: CoachNoteBody, asked: Asked = {}) => call<CoachNoteMade>("POST", `/api/v1/agents/${encodeURIComponent(agent)}/coaching`, { ...asked, body }),
  /** One's own agent has heard it again */
  coachDone: (agent: string, note: string, asked: Asked = {}) => call<Done>("POST", `/api/v1/agents/${encodeURIComponent(agent)}/coaching/${encodeURIComponent(note)}/done`, asked),
  /** Take back a coaching note that one has written */
  coachEnd: (agent: string, note: string, asked: Asked = {}) => call<Done>("DELETE", `/api/v1/agents/${encodeURIComponent(agent)}/coaching/${encodeURIComponent(note)}`, asked),
  /** The recording that a coaching note for one's own agent is about, as WAV, also without the right listen; ranges are answered */
  coachAudio: (agent: string, note: string, asked: Asked = {}) => call<unknown>("GET", `/api/v1/agents/${encodeURIComponent(agent)}/coaching/${encodeURIComponent(note)}/audio`, asked),
  /** Whom one passes contacts on to most, on whatever computer */
  favourites: (asked: Asked = {}) => call<Favourites>("GET", `/api/v1/me/favourites`, asked),
  /** Set them, all at once */
  favouritesPut: (body: Favourites, asked: Asked = {}) => call<Done>("PUT", `/api/v1/me/favourites`, { ...asked, body }),
  /** Tickets, the newest first: of a person, of an owner (agent, queue or team), in a status. Agents see those that they own or have written in, and those of whom they talk or have talked with */
  tickets: (query: { person?: string; client?: string; agent?: string; queue?: string; team?: string; status?: "open" | "waiting" | "resolved" | "unresolved"; limit?: number; cursor?: string } = {}, asked: Asked = {}) => call<Tickets>("GET", `/api/v1/tickets`, { ...asked, query }),
  /** Open a ticket: something that a customer waits for. From a contact, or for a person; an agent who names no owner sees to it himself */
  ticketNew: (body: TicketBody, asked: Asked = {}) => call<TicketMade>("POST", `/api/v1/tickets`, { ...asked, body }),
  /** One ticket with its entries and the contacts in which it was opened or touched */
  ticket: (ticket: string, asked: Asked = {}) => call<TicketDetail>("GET", `/api/v1/tickets/${encodeURIComponent(ticket)}`, asked),
  /** Another status, owner, time or priority, with a text if wanted: one entry. If-Match may name the version that it was made from */
  ticketSet: (ticket: string, body: TicketChangeBody, asked: Asked = {}) => call<TicketMade>("PUT", `/api/v1/tickets/${encodeURIComponent(ticket)}`, { ...asked, body }),
  /** Write in it what was said or done */
  ticketEntry: (ticket: string, body: TicketEntryBody, asked: Asked = {}) => call<TicketMade>("POST", `/api/v1/tickets/${encodeURIComponent(ticket)}/entries`, { ...asked, body }),
  /** Planned shifts, of the agents that one sees: those that begin on the days from `from` on, `to` not included; seven days from today without */
  shifts: (query: { from?: string; to?: string; agent?: string; team?: string } = {}, asked: Asked = {}) => call<Shifts>("GET", `/api/v1/shifts`, { ...asked, query }),
  /** Another plan for some agents and the days from `from` on, `to` not included, in place of what is planned there: all of it, or nothing and what is wrong; If-Match names the version that was seen, 0 when there was none */
  shiftsPut: (body: ShiftsBody, query: { from?: string; to?: string } = {}, asked: Asked = {}) => call<ShiftsMade>("PUT", `/api/v1/shifts`, { ...asked, body, query }),
  /** What was planned for an agent on a day and what he did, with each deviation: busy with which contacts, or absent. Today without `day` */
  agentDay: (agent: string, query: { day?: string } = {}, asked: Asked = {}) => call<AgentDay>("GET", `/api/v1/agents/${encodeURIComponent(agent)}/day`, { ...asked, query }),
  /** Adherence and conformance of a day, of each agent that one sees and of their teams; today without `day` */
  adherence: (query: { day?: string; team?: string } = {}, asked: Asked = {}) => call<Adherence>("GET", `/api/v1/adherence`, { ...asked, query }),
  /** Calls that agents were not allowed to place, and why; the last day without `from` */
  denied: (query: { from?: string; to?: string; agent?: string; client?: string; language?: "id" | "en"; limit?: number; cursor?: string } = {}, asked: Asked = {}) => call<DeniedCalls>("GET", `/api/v1/denied-calls`, { ...asked, query }),
  /** Calls that are over, one by one, by when they ended: the list of `sapa report --calls`; of what began in the time that is asked for */
  reportCalls: (query: { day?: string; from?: string; to?: string; only?: string; customers?: "hidden" | "shown"; format?: "json" | "csv" | "text"; language?: "id" | "en" } = {}, asked: Asked = {}) => call<ContactRecords>("GET", `/api/v1/reports/calls`, { ...asked, query }),
  /** What callers did in the nodes of flows: the table of `sapa report --nodes` */
  reportNodes: (query: { day?: string; from?: string; to?: string; only?: string; format?: "json" | "csv" | "text"; language?: "id" | "en" } = {}, asked: Asked = {}) => call<FlowNodes>("GET", `/api/v1/reports/nodes`, { ...asked, query }),
  /** The live feed, a WebSocket: a snapshot, then numbered changes; each message is a FeedMessage */
  live: (asked: Asked = {}) => call<unknown>("GET", `/api/v1/live`, asked),
};
