/* Every key of the centre description: how it is read, its default and limits, and its line in docs/ref/centre.md. */
#include "config/compile_impl.h"

const char *const sapa_section_names[SAPA_SECTION_COUNT] = {
    "version", "system", "interrupts", "addresses", "holidays", "hours", "clients", "skills", "teams", "agents",
    "reasons", "dispositions", "queues", "trunks", "numbers", "callers", "prompts", "codes", "flows", "roles", "do_not_contact", "users", "campaigns",
};

static const char *const languages[] = { "id", "en", NULL };
static const char *const choices[] = { "longest idle", "least occupied", "fewest contacts", "round robin", "ring all", NULL };
static const char *const overflow_whens[] = { "wait", "length", "expected wait", "no agents", NULL };
static const char *const srtp_uses[] = { "prefer", "no", "require", NULL };
static const char *const transports[] = { "udp", "tcp", "tls", "any", NULL };
static const char *const caller_whats[] = { "block", "allow", "vip", NULL };
static const char *const number_types[] = { "local", "toll free", "mobile", "premium", "internal", NULL };
static const char *const party_types[] = { "customer", "prospect", NULL };
static const char *const no_answers[] = { "ready", "not ready", NULL };
static const char *const kinds[] = {
#define X(id, name, text) name,
    SAPA_NODE_KINDS(X)
#undef X
    NULL
};

#define AT(type, member) sizeof(((struct type *)0)->member), offsetof(struct type, member)
#define MS 1
#define S 1000
#define MIN 60000
#define H 3600000
#define DAY 86400000
#define INT(key, type, member, lo, hi, std, text) { key, SAPA_FIELD_INT, AT(type, member), 0, 0, 0, lo, hi, std, NULL, text }
#define TIME(key, type, member, lo, hi, std, text) { key, SAPA_FIELD_DURATION, AT(type, member), 0, 0, 0, lo, hi, std, NULL, text }
#define SECS(key, type, member, lo, hi, std, text) { key, SAPA_FIELD_SECONDS, AT(type, member), 0, 0, 0, lo, hi, std, NULL, text }
#define SHARE(key, type, member, std, text) { key, SAPA_FIELD_PERCENT, AT(type, member), 0, 0, 0, 0, 100, std, NULL, text }
#define BOOL(key, type, member, std, text) { key, SAPA_FIELD_BOOL, AT(type, member), 0, 0, 0, 0, 1, std, NULL, text }
#define TEXT(key, type, member, lo, hi, std, text) { key, SAPA_FIELD_TEXT, AT(type, member), 0, 0, 0, lo, hi, std, NULL, text }
#define MUST(key, type, member, lo, hi, text) { key, SAPA_FIELD_TEXT, AT(type, member), 1, 0, 0, lo, hi, NULL, NULL, text }
#define CHOICE(key, type, member, names, std, text) { key, SAPA_FIELD_CHOICE, AT(type, member), 0, 0, 0, 0, 0, std, names, text }
#define SECRET(key, type, member, text) { key, SAPA_FIELD_SECRET, AT(type, member), 0, 0, 0, 1, 128, NULL, NULL, text }
#define REF(key, type, member, section, must, text) { key, SAPA_FIELD_REF, AT(type, member), must, SAPA_SECTION_##section, 0, 0, 0, NULL, NULL, text }
#define OTHER(key, must, std, text) { key, SAPA_FIELD_OTHER, 0, 0, must, 0, 0, 0, 0, std, NULL, text }

static const struct sapa_field_row top_rows[] = {
    OTHER("version", 1, NULL, "version of this language: 1"),
    OTHER("system", 0, NULL, "settings of the whole installation"),
    OTHER("interrupts", 0, NULL, "which channel may interrupt which: { voice: [email, ticket] }"),
    OTHER("addresses", 0, NULL, "base addresses for look-ups: { orders: \"http://127.0.0.1:8080/demo\" }, used as {address.orders} in a url"),
    OTHER("holidays", 0, NULL, "calendars of holidays: { national: [ { date: 2026-08-17, name: Independence Day } ] }"),
    OTHER("hours", 0, NULL, "opening hours by key"),
    OTHER("clients", 1, NULL, "companies that are served, by key; at most 64"),
    OTHER("skills", 0, NULL, "list of skills: [indonesian, english, billing]"),
    OTHER("teams", 0, NULL, "list of teams"),
    OTHER("roles", 0, NULL, "what people may do, by key"),
    OTHER("users", 0, NULL, "people who log in and are no agents, by key; passwords are set with sapa user password"),
    OTHER("campaigns", 0, NULL, "calls that agents place for a client with one purpose, by key"),
    OTHER("do_not_contact", 0, NULL, "lists of numbers that agents cannot call, by key"),
    OTHER("agents", 0, NULL, "agents by key"),
    OTHER("reasons", 0, NULL, "reasons for not being ready, by the digits that are dialled: { 1: { id: Istirahat, en: Break, quota: { team: 6, daily: 60 min } } }"),
    OTHER("dispositions", 0, NULL, "sets of results of a conversation: { sales: { 11: { id: Terjual, en: Sold, solved: yes } } }; solved: what the customer wanted is done; group: { id: Produk, en: Product }: first level of two, for those who look for one"),
    OTHER("queues", 0, NULL, "queues by key"),
    OTHER("trunks", 0, NULL, "ways to and from the telephone network, by key"),
    OTHER("numbers", 0, NULL, "numbers that can be called, by the digits that arrive"),
    OTHER("callers", 0, NULL, "list of callers to block, to allow or to put first"),
    OTHER("prompts", 0, NULL, "recordings and the texts spoken where none is recorded, by key; also the name of the file"),
    OTHER("codes", 0, NULL, "what agents dial: { \"*1\": ready, \"*2\": not ready }; the reason or disposition follows the code"),
    OTHER("flows", 0, NULL, "menus and everything else that callers meet, by key"),
};

static const struct sapa_field_row system_rows[] = {
    TEXT("name", sapa_system, name, 1, 64, "Sapa", "name of the installation"),
    OTHER("zone", 0, "Asia/Jakarta", "time zone where nothing nearer says otherwise"),
    OTHER("languages", 0, "[id, en]", "languages in which every text must exist"),
    TEXT("sip_host", sapa_system, sip_host, 1, 64, "sapa", "name that telephones register to; also the realm of their passwords"),
    TEXT("name_servers", sapa_system, name_servers, 1, 200, NULL, "asked for the hosts of trunks: addresses with a comma between, \"192.0.2.53, 192.0.2.54:5353\"; without: those of the machine"),
    INT("contacts_max", sapa_system, contacts_max, 1, 1000000, "100000", "contacts at once; more are refused politely"),
    OTHER("digest", 0, "[MD5, SHA-256]", "algorithms offered to telephones"),
    CHOICE("srtp", sapa_system, srtp, srtp_uses, "prefer", "encrypted audio (SRTP, keys by SDES) with telephones over TLS: prefer falls back to plain where a telephone cannot"),
    SECS("register_min", sapa_system, register_min_s, 10 * S, H, "60 s", "shortest registration of a telephone"),
    SECS("register_max", sapa_system, register_max_s, 60 * S, DAY, "1 h", "longest registration of a telephone"),
    INT("record_chunk", sapa_system, record_chunk_bytes, 4096, 1048576, "65536", "bytes of one encrypted chunk of a recording"),
    SECS("recording_tone", sapa_system, recording_tone_s, 0, 10 * MIN, "0", "both sides of a recorded call hear a short tone this often (2 s at least), where the law asks for it; 0: none"),
    INT("quality_alarm_mos", sapa_system, quality_alarm_mos_x100, 100, 450, "360", "alarm below this mean opinion score, times 100"),
    TIME("quality_alarm_after", sapa_system, quality_alarm_ms, S, 10 * MIN, "10 s", "so long must the score be low"),
    OTHER("agent_alerts", 0, NULL, "{ not_ready: 30 min, talk: 15 min }; without: none"),
    BOOL("supervision_shown", sapa_system, supervision_shown, "no", "an agent is told in his page that a supervisor hears him; without, only supervisors see it"),
    INT("human_steps_max", sapa_system, human_steps_max, 1, 10, "2", "steps from any menu to a human, at most"),
    SHARE("system_drop_alarm", sapa_system, system_drop_percent, "2 %", "alarm above this share of calls lost by the system"),
    TEXT("country", sapa_system, country, 2, 2, "ID", "ISO 3166-1 code of the country whose numbering plan holds for numbers without +: 0812… there is 62812…"),
    TEXT("currency", sapa_system, currency, 3, 3, "IDR", "ISO 4217 code of money in flows"),
    TEXT("ice_servers", sapa_system, ice_servers, 1, 400, NULL, "what browsers reach each other through where networks stand between: addresses with a comma between, \"stun:stun.example:3478, turn:turn.example:3478?transport=udp, turns:turn.example\""),
    OTHER("offices", 0, NULL, "networks of the offices, [10.20.0.0/16, \"2001:db8:7::/48\"]: who works there and who elsewhere is told by the address of the telephone; without: nobody knows"),
    SECRET("turn_secret", sapa_system, turn_secret, "shared with the TURN servers among them: names and passwords that end by themselves are made of it (coturn: use-auth-secret)"),
};

static const struct sapa_field_row holiday_rows[] = {
    OTHER("date", 1, NULL, "2026-08-17"),
    TEXT("name", sapa_holiday, name, 1, 64, NULL, "what is celebrated"),
    OTHER("open", 0, NULL, "hours of that day, as [\"09:00-12:00\"]; without: closed"),
};

static const struct sapa_field_row hours_rows[] = {
    OTHER("zone", 0, "system.zone", "time zone of these hours"),
    OTHER("open", 1, NULL, "list of \"Mon-Fri 08:00-17:00\", \"Sat,Sun 09:00-12:00\", \"daily 00:00-24:00\"; a span may go over midnight"),
    OTHER("holidays", 0, NULL, "a calendar of `holidays`, or a list of them, of which the first that names a day counts; also indonesia (national holidays as decreed) and cuti-bersama (collective leave)"),
};

static const struct sapa_field_row client_rows[] = {
    MUST("name", sapa_client, name, 1, 64, "what the company is called"),
    CHOICE("language", sapa_client, language, languages, "id", "language that its callers hear first"),
    REF("hours", sapa_client, hours, HOURS, 0, "opening hours; without: always open"),
    REF("number", sapa_client, number, NUMBERS, 0, "number shown on calls that are placed for it"),
    OTHER("calls", 0, NULL, "rules for calls that agents place for it: { queue: sales, hours: calling }"),
    OTHER("desk", 0, NULL, "what agents are shown for it"),
    OTHER("page", 0, NULL, "how its page for customers (/call) looks: { colour: \"#0b5d2e\", greeting: { id: …, en: … } }"),
};

static const struct sapa_field_row client_calls_rows[] = {
    REF("queue", sapa_client, calls_queue, QUEUES, 0, "a queue of this company, whose rules for recording, wrap-up and dispositions hold; without: no recording and no wrap-up"),
    REF("hours", sapa_client, calls_hours, HOURS, 0, "customers are called in these hours only; without: always"),
};

static const struct sapa_field_row client_desk_rows[] = {
    OTHER("customer", 0, NULL, "what this company calls those who call it: { id: nasabah, en: client }"),
    OTHER("greeting", 0, NULL, "the sentence with which agents greet: { id: \"Selamat datang di Bank Sejahtera\", en: \"Welcome to Bank Sejahtera\" }"),
};

static const struct sapa_field_row client_page_rows[] = {
    TEXT("name", sapa_client, page_name, 1, 64, NULL, "its name there; without: the name of the company"),
    OTHER("greeting", 0, NULL, "the first sentence there: { id: \"Ada yang bisa kami bantu?\", en: \"How may we help you?\" }"),
    OTHER("colour", 0, NULL, "its colour, under white words, \"#0b5d2e\": a contrast of 4.5 to 1 at least (WCAG 2.2); without: one of eight"),
    OTHER("colour_dark", 0, NULL, "its colour in the dark theme, under dark words, \"#63d08b\": a contrast of 4.5 to 1 at least; without: made of `colour`"),
};

static const struct sapa_field_row quota_rows[] = {
    INT("team", sapa_reason, team_max, 0, 1000, "0", "so many agents of a team may be in it at once; others are refused or stand in line; 0: any number"),
    TIME("daily", sapa_reason, daily_ms, 0, DAY, "0", "each agent may be in it so long a day; 0: any time"),
};

static const struct sapa_field_row role_rows[] = {
    OTHER("rights", 0, NULL, "list of rights in the API and at the desk: names of rights, or of built-in roles for all of theirs (below); without: none"),
    OTHER("calls", 0, NULL, "list of rules: what may be called; what no rule allows is denied"),
    BOOL("second_factor", sapa_centre_role, second_factor, "no", "logging in with a password alone gives no rights: a second factor (codes of an app) is wanted"),
};

static const struct sapa_field_row call_rule_rows[] = {
    OTHER("allow", 0, NULL, "one or a list of: colleagues, queues, numbers (of this centre), outside (any number), a type of number (fixed, mobile, fixed or mobile, toll free, premium, shared cost, voip, personal, pager, company, voicemail), or how an outside number begins (E.164: \"62\"); the longest match counts, outside last and types before it"),
    OTHER("deny", 0, NULL, "the same, not allowed; of equally long matches this one counts, and a type of number that is denied is denied whatever else is allowed"),
    OTHER("clients", 0, "all", "list of clients for which it is so, or all; he must be granted them besides"),
    REF("hours", sapa_call_rule, hours, HOURS, 0, "it is so in these hours; without: always"),
};

static const struct sapa_field_row user_rows[] = {
    MUST("name", sapa_user, name, 1, 64, "full name"),
    REF("role", sapa_user, role, ROLES, 1, "what he may do"),
    OTHER("clients", 0, "all", "list of clients whose affairs he sees, or all"),
    OTHER("teams", 0, NULL, "list of teams whose people he leads: others he does not see; without: everybody"),
    REF("agent", sapa_user, agent, AGENTS, 0, "the agent whose telephone and calls are his, to listen, to take over, to call; it need not take contacts (capacity: { voice: 0 })"),
};

static const struct sapa_field_row campaign_rows[] = {
    MUST("name", sapa_campaign, name, 1, 64, "what reports call it"),
    REF("client", sapa_campaign, client, CLIENTS, 1, "company for which is called; the agent must be granted it, and his role must allow the call for it"),
    REF("number", sapa_campaign, number, NUMBERS, 0, "number of this company that is shown; without: that of the company"),
    TEXT("dial", sapa_campaign, dial, 1, 6, NULL, "digits that choose it on a telephone, after the code for campaign: *60 7 * number with \"7\"; without: only through the API, or as the agent's own"),
    REF("hours", sapa_campaign, hours, HOURS, 0, "is called in these hours only, and in those of the company's calls; without: in those alone"),
    REF("queue", sapa_campaign, queue, QUEUES, 0, "a queue of this company, whose rules for recording, wrap-up and dispositions hold; without: as for the company's calls"),
    REF("team", sapa_campaign, team, TEAMS, 0, "only this team calls for it"),
    TEXT("brand", sapa_campaign, brand, 1, 64, NULL, "in whose name is called, as the agent says it and telephones show it; without: the name of the company"),
    OTHER("script", 0, NULL, "what agents read beside such a call, before that of a queue, in the language of the customer: { id: \"1. Sebutkan nama merek …\", en: \"1. Say the brand …\" }"),
    CHOICE("party", sapa_campaign, party_type, party_types, "prospect", "what those are who are called for it, unless somebody has said what they are"),
};

static const struct sapa_field_row list_rows[] = {
    { "client", SAPA_FIELD_REF, sizeof(uint32_t), 0, 0, SAPA_SECTION_CLIENTS, 0, 0, 0, NULL, NULL, "company whose calls it stops; without: those of all" },
    { "campaign", SAPA_FIELD_REF, sizeof(uint32_t), sizeof(uint32_t), 0, SAPA_SECTION_CAMPAIGNS, 0, 0, 0, NULL, NULL, "it stops the calls of this campaign alone" },
    OTHER("numbers", 0, NULL, "list of numbers in E.164: [6281234567890, \"+62 812-3456-7890\"]"),
    OTHER("file", 0, NULL, "name of a text file beside the description, at most 32 MiB: one number a line, # begins a comment. It is read when the description is; its numbers are not part of a version"),
};

static const struct sapa_field_row agent_rows[] = {
    MUST("name", sapa_agent, name, 1, 64, "full name"),
    MUST("extension", sapa_agent, extension, 1, 32, "digits that colleagues dial; also the SIP user of the telephone"),
    SECRET("password", sapa_agent, password, "of the telephone: a text, or { secret: NAME }; without one it cannot register"),
    REF("team", sapa_agent, team, TEAMS, 0, "team"),
    REF("role", sapa_agent, role, ROLES, 0, "what he may do; without: he can call nobody"),
    REF("calls_for", sapa_agent, calls_for, CLIENTS, 0, "company for which he calls outside when no contact in hand says so; without: the only one that his role and `clients` leave"),
    REF("campaign", sapa_agent, campaign, CAMPAIGNS, 0, "campaign that his calls outside belong to when he names none, no contact is in hand, and they are not for another company"),
    CHOICE("language", sapa_agent, language, languages, "id", "language of confirmations"),
    OTHER("skills", 0, NULL, "{ billing: 7, english: 4 }: levels 1 to 10"),
    OTHER("clients", 0, "all", "list of clients whose contacts this agent may take, or all"),
    OTHER("capacity", 0, NULL, "contacts at once by channel: { voice: 1, chat: 3 }"),
    INT("capacity_total", sapa_agent, capacity_total, 1, 100, "8", "contacts at once on all channels together"),
    BOOL("reserve_voice", sapa_agent, reserve_voice, "no", "digital work never fills the last place"),
    INT("cost_hour", sapa_agent, cost_hour, 0, 1000000000, "0", "what an hour of his costs, in system.currency; it goes into the cost of the calls that he places outward"),
};

#define CAPACITY(name, i, std) { name, SAPA_FIELD_INT, 1, offsetof(struct sapa_agent, capacity) + i, 0, 0, 0, 0, 100, std, NULL, "contacts at once" }
static const struct sapa_field_row capacity_rows[] = {
    CAPACITY("voice", SAPA_CHANNEL_VOICE, "1"), CAPACITY("chat", SAPA_CHANNEL_CHAT, "3"),
    CAPACITY("email", SAPA_CHANNEL_EMAIL, "5"), CAPACITY("sms", SAPA_CHANNEL_SMS, "3"),
    CAPACITY("message", SAPA_CHANNEL_MESSAGE, "3"), CAPACITY("social", SAPA_CHANNEL_SOCIAL, "3"),
    CAPACITY("video", SAPA_CHANNEL_VIDEO, "1"), CAPACITY("ticket", SAPA_CHANNEL_TICKET, "5"),
};

static const struct sapa_field_row queue_rows[] = {
    MUST("name", sapa_queue, name, 1, 64, "what reports call it"),
    REF("client", sapa_queue, client, CLIENTS, 1, "company it belongs to"),
    REF("hours", sapa_queue, hours, HOURS, 0, "opening hours; without: those of the client"),
    INT("priority", sapa_queue, priority, 0, 255, "50", "higher is served first"),
    TIME("age_step", sapa_queue, age_ms_per_step, 0, DAY, "60 s", "waiting this long adds 1 to the priority; 0: never"),
    CHOICE("choice", sapa_queue, choice, choices, "longest idle", "who of the free agents gets the contact"),
    OTHER("steps", 0, NULL, "requirements, relaxed in time: [ { needs: { french: 4 } }, { after: 30 s, needs: { french: 3 } } ]; without: anybody with access to the client"),
    TIME("preferred", sapa_queue, preferred_ms, 0, 10 * MIN, "0", "the last or preferred agent alone is asked for so long"),
    TIME("ring", sapa_queue, ring_ms, 3 * S, 2 * MIN, "20 s", "an offer rings so long"),
    BOOL("auto_answer", sapa_queue, auto_answer, "no", "the agent's phone answers an offer by itself; he hears a tone and the name of the queue before he is connected"),
    BOOL("whisper", sapa_queue, whisper, "no", "the same tone and name when he answers himself"),
    TIME("wrapup", sapa_queue, wrapup_ms, 0, 4 * H, "60 s", "time for notes after a conversation; 0: none"),
    TIME("wrapup_extend", sapa_queue, wrapup_extend_ms, 0, H, "60 s", "one extension by the agent; 0: none"),
    CHOICE("no_answer", sapa_queue, no_answer_not_ready, no_answers, "not ready", "what an agent is who missed an offer"),
    INT("length_max", sapa_queue, length_max, 1, 100000, "500", "contacts that may wait; further ones take the overflow edge"),
    OTHER("overflow", 0, NULL, "list of rules, tried in order"),
    OTHER("service_level", 0, NULL, "{ within: 20 s, percent: 80 % }"),
    OTHER("alerts", 0, NULL, "{ waiting: 10, longest: 2 min, service_level: 70 %, abandoned: 10 % }; without: none"),
    TIME("short_abandon", sapa_queue, short_abandon_ms, 0, MIN, "5 s", "who gives up before is counted apart"),
    OTHER("record", 0, "all", "all, none, on demand, or a share: \"10 %\""),
    REF("music", sapa_queue, music, PROMPTS, 0, "prompt that plays while waiting; without: the prompt \"music\""),
    TIME("announce_every", sapa_queue, announce_every_ms, 0, H, "45 s", "position and expected wait are said so often; 0: never"),
    OTHER("dispositions", 0, NULL, "set of dispositions"),
    BOOL("disposition_required", sapa_queue, disposition_required, "no", "agents end wrap-up only with a disposition; at its limit it ends without"),
    OTHER("callback", 0, NULL, "{ attempts: 3, retry: 10 min, ring: 30 s }; without: no callback from this queue"),
    TIME("handle_time", sapa_queue, handle_ms_initial, S, DAY, "4 min", "what a contact takes, until there are figures"),
    TIME("patience", sapa_queue, patience_ms_initial, S, DAY, "3 min", "how long callers wait, until there are figures"),
    OTHER("script", 0, NULL, "what agents read beside the call, in the language of the customer: { id: \"1. Tanyakan nomor pesanan …\", en: \"1. Ask for the order number …\" }"),
};

static const struct sapa_field_row step_rows[] = {
    TIME("after", sapa_step, after_ms, 0, DAY, "0", "in force from so much waiting on; rising, the first is 0"),
    OTHER("needs", 0, NULL, "{ skill: level }: all of these, at most 4"),
    OTHER("prefer", 0, NULL, "among those who qualify, the higher level of this skill comes first"),
    REF("team", sapa_step, team, TEAMS, 0, "only this team"),
};

static const struct sapa_field_row overflow_rows[] = {
    CHOICE("when", sapa_overflow, when, overflow_whens, "wait", "what is measured"),
    OTHER("limit", 0, NULL, "for wait and expected wait a duration, for length a number, for no agents nothing"),
    REF("queue", sapa_overflow, queue, QUEUES, 0, "goes there and keeps its age; without: the flow's on_overflow"),
};

static const struct sapa_field_row service_rows[] = {
    TIME("within", sapa_queue, service_level_ms, S, DAY, "20 s", "answered within"),
    SHARE("percent", sapa_queue, service_level_percent, "80 %", "of so many"),
};

static const struct sapa_field_row queue_alert_rows[] = {
    INT("waiting", sapa_queue, alert_waiting, 0, 100000, "0", "more than so many wait; over when three quarters of it do. 0: none"),
    TIME("longest", sapa_queue, alert_longest_ms, 0, DAY, "0", "somebody waits longer; over below three quarters of it"),
    SHARE("service_level", sapa_queue, alert_level_percent, "0 %", "the service level of the last half hour is below; over when it is three points above. Fewer than five contacts say nothing"),
    SHARE("abandoned", sapa_queue, alert_abandoned_percent, "0 %", "the share of the abandoned in the last half hour is above; over below three quarters of it"),
};

static const struct sapa_field_row agent_alert_rows[] = {
    TIME("not_ready", sapa_system, alert_not_ready_ms, 0, DAY, "0", "an agent is not ready for longer; 0: none"),
    TIME("talk", sapa_system, alert_talk_ms, 0, DAY, "0", "an agent talks for longer without a pause; 0: none"),
};

static const struct sapa_field_row callback_rows[] = {
    INT("attempts", sapa_queue, callback_attempts, 1, 10, "3", "the customer is called so often"),
    TIME("retry", sapa_queue, callback_retry_ms, S, DAY, "10 min", "between attempts"),
    TIME("ring", sapa_queue, callback_ring_ms, 5 * S, 2 * MIN, "30 s", "each attempt rings so long"),
};

static const struct sapa_field_row trunk_rows[] = {
    OTHER("host", 0, NULL, "where calls go out: a name or address, or a list of at most 4, the next one tried when the one before fails; without: calls only come in"),
    INT("port", sapa_trunk, port, 1, 65535, NULL, "port of the host; without: names are found by their NAPTR and SRV records, where they have any; else 5060, over TLS 5061"),
    CHOICE("transport", sapa_trunk, transport, transports, "udp", "transport; any: what the records of the host prefer"),
    TEXT("tls_name", sapa_trunk, tls_name, 1, 128, NULL, "name in the carrier's certificate, for TLS; without: that of the host. Calls that come with such a certificate are the trunk's"),
    OTHER("from", 1, NULL, "list of addresses calls may come from: [10.0.0.0/8, \"2001:db8::/32\"]"),
    INT("calls_max", sapa_trunk, calls_max, 1, 100000, "1000", "calls at once"),
    TEXT("user", sapa_trunk, user, 1, 64, NULL, "user name at the carrier"),
    SECRET("password", sapa_trunk, password, "password at the carrier: a text, or { secret: NAME }"),
    CHOICE("srtp", sapa_trunk, srtp, srtp_uses, "no", "encrypted audio, with transport tls"),
    BOOL("register", sapa_trunk, registers, "no", "register there with user and password, so that the carrier knows where to send calls; these are the trunk's wherever its `from` is"),
    SECS("register_for", sapa_trunk, register_s, 30 * S, DAY, "10 min", "length of a registration; it is renewed in time"),
    TEXT("domain", sapa_trunk, domain, 1, 128, NULL, "domain of our address at the carrier; without: the host"),
    BOOL("inband_dtmf", sapa_trunk, inband_dtmf, "no", "listen for keys as tones, also where the carrier promises telephone events"),
    INT("cost_call", sapa_trunk, cost_call, 0, 1000000000, "0", "what each answered call that goes out costs, in system.currency"),
    INT("cost_minute", sapa_trunk, cost_minute, 0, 1000000000, "0", "what each minute of it costs, from answer to its end"),
    TIME("cost_pulse", sapa_trunk, cost_pulse_ms, S, H, "1 min", "a begun stretch of this length is charged whole"),
};

static const struct sapa_field_row number_rows[] = {
    REF("client", sapa_number, client, CLIENTS, 1, "company it belongs to"),
    REF("flow", sapa_number, flow, FLOWS, 1, "what its callers meet"),
    OTHER("language", 0, "that of the client", "language that its callers hear first"),
    INT("priority", sapa_number, priority, 0, 100, "0", "added to the priority of queues"),
    CHOICE("type", sapa_number, type, number_types, "local", "kind of number; stands beside it in reports"),
    INT("cost_call", sapa_number, cost_call, 0, 1000000000, "0", "what each answered call costs us, in system.currency"),
    INT("cost_minute", sapa_number, cost_minute, 0, 1000000000, "0", "what each minute costs us, from answer to the end of the caller's line"),
    TIME("cost_pulse", sapa_number, cost_pulse_ms, S, H, "1 min", "a begun stretch of this length is charged whole"),
    BOOL("web", sapa_number, web, "no", "may be called from a browser by anybody who opens the customer's page"),
    TEXT("web_frames", sapa_number, web_frames, 8, 400, NULL, "\"https://shop.example https://www.shop.example\": web sites that may show the customer's page of this number (/call/NUMBER) in a frame; without: none"),
    CHOICE("party", sapa_number, party_type, party_types, "customer", "what its callers are, unless somebody has said what they are, or they are VIPs (customers)"),
};

static const struct sapa_field_row caller_rows[] = {
    REF("client", sapa_caller_rule, client, CLIENTS, 0, "for the numbers of this company; without: all"),
    CHOICE("what", sapa_caller_rule, what, caller_whats, "allow", "what becomes of them"),
    INT("priority", sapa_caller_rule, priority, 0, 100, "0", "added to the priority (vip)"),
    MUST("prefix", sapa_caller_rule, prefix, 1, 32, "digits with which the caller's number begins (E.164 without +); the longest match wins, of equally long ones vip before allow before block"),
};

static const struct sapa_field_row prompt_rows[] = {
    REF("client", sapa_prompt, client, CLIENTS, 0, "company it belongs to; without: shared"),
    OTHER("id", 0, NULL, "text in Indonesian"),
    OTHER("en", 0, NULL, "text in English"),
    OTHER("always", 0, NULL, "spoken in this language (id or en) whatever the contact's is; the other text is not needed"),
    BOOL("music", sapa_prompt, music, "no", "plays in a loop and has no text"),
    TEXT("dial", sapa_prompt, dial, 1, 6, NULL, "digits that choose it after the code for record prompt: who has the right prompts and is granted its client speaks it in by telephone; without: only files"),
};

static const struct sapa_field_row flow_rows[] = {
    INT("version", sapa_flow, version, 1, 1000000, "1", "counted up by its author"),
    OTHER("variables", 0, NULL, "{ number: text 16, pin: secret, balance: money, days: int }: at most 16; types text N (bytes, 32 without N), int, bool, duration, money, date, time, secret"),
    OTHER("start", 1, NULL, "first node"),
    OTHER("card", 0, NULL, "what of it agents are shown, by variable or by the node that a key leads to: { number: { id: Nomor pesanan, en: Order number } }; a bool called `verified` stands at the customer's head: is it known who he is? without: nothing"),
    OTHER("self_service", 0, NULL, "a reason why this flow leads to no human; without it every menu must"),
    OTHER("nodes", 1, NULL, "nodes by key"),
};

#define K(id) (UINT32_C(1) << SAPA_NODE_##id)
#define NODE_INT(key, k, member, lo, hi, std, text) { key, SAPA_FIELD_INT, AT(sapa_flow_node, member), 0, 0, k, lo, hi, std, NULL, text }
#define NODE_TIME(key, k, member, lo, hi, std, text) { key, SAPA_FIELD_DURATION, AT(sapa_flow_node, member), 0, 0, k, lo, hi, std, NULL, text }
#define NODE_BOOL(key, k, member, std, text) { key, SAPA_FIELD_BOOL, AT(sapa_flow_node, member), 0, 0, k, 0, 1, std, NULL, text }
#define NODE_REF(key, k, member, section, must, text) { key, SAPA_FIELD_REF, AT(sapa_flow_node, member), must, SAPA_SECTION_##section, k, 0, 0, NULL, NULL, text }
#define NODE_CHAR(key, k, member, std, text) { key, SAPA_FIELD_CHAR, AT(sapa_flow_node, member), 0, 0, k, 0, 0, std, NULL, text }
#define NODE_OTHER(key, k, must, std, text) { key, SAPA_FIELD_OTHER, 0, 0, must, 0, k, 0, 0, std, NULL, text }
#define EDGE(key, k, must, text) { key, SAPA_FIELD_OTHER, 0, 0, must, 0, k, 0, 0, NULL, NULL, text }

static const struct sapa_field_row node_rows[] = {
    { "do", SAPA_FIELD_CHOICE, AT(sapa_flow_node, kind), 1, 0, 0, 0, 0, NULL, kinds, "kind of node" },
    NODE_OTHER("say", K(SAY) | K(MENU) | K(COLLECT) | K(SURVEY), 1, NULL, "a prompt's key, { id: text, en: text }, or a list of these"),
    NODE_OTHER("say", K(LOOKUP) | K(QUEUE) | K(TRANSFER) | K(RECORD) | K(ONCALL) | K(HANGUP), 0, NULL, "said first: a prompt's key, { id: text, en: text }, or a list of these"),
    NODE_OTHER("say", K(VOICEMAIL), 0, "voicemail.greeting", "the greeting; a tone follows it"),
    NODE_OTHER("again", K(MENU) | K(COLLECT) | K(SURVEY), 0, "as say", "said after silence or a wrong key"),
    NODE_OTHER("keys", K(MENU), 1, NULL, "{ 1: node, 2: node, 0: node }"),
    NODE_INT("retries", K(MENU) | K(COLLECT) | K(SURVEY) | K(CALLBACK), retries, 0, 5, "2", "further tries after silence or a wrong key"),
    NODE_TIME("timeout", K(MENU) | K(COLLECT) | K(SURVEY), timeout_ms, S, MIN, "6 s", "silence that counts as no answer"),
    NODE_TIME("timeout", K(LOOKUP), timeout_ms, 200 * MS, 30 * S, "3 s", "the answer must be there in this time"),
    NODE_BOOL("barge_in", K(MENU) | K(COLLECT) | K(SURVEY), barge_in, "yes", "keys are taken while it speaks"),
    NODE_BOOL("contained", K(SAY) | K(LOOKUP) | K(SET) | K(RECORD), contained, "no", "who has passed here was served by the menu"),
    NODE_OTHER("into", K(COLLECT), 0, NULL, "text or secret variable that takes the digits"),
    NODE_OTHER("digits", K(COLLECT), 0, "1-20", "how many: \"6\" or \"4-16\""),
    NODE_CHAR("end", K(COLLECT) | K(VOICEMAIL) | K(RECORD), terminator, "#", "key that ends it, or none"),
    NODE_OTHER("valid", K(COLLECT), 0, NULL, "bool expression that must hold; it may read the variable"),
    NODE_OTHER("cases", K(BRANCH), 1, NULL, "list of { if: expression, go: node }: the first that holds"),
    NODE_OTHER("else", K(BRANCH), 1, NULL, "node when no case holds"),
    NODE_REF("hours", K(HOURS), hours, HOURS, 0, "opening hours; without: those of the client"),
    NODE_OTHER("set", K(SET), 1, NULL, "{ variable: expression }"),
    NODE_OTHER("url", K(LOOKUP), 1, NULL, "\"{address.orders}/order?number={number}\": values are percent-encoded; a secret variable is filled in where nobody can read it"),
    NODE_OTHER("results", K(LOOKUP), 0, NULL, "list of variables that the answer must hold (name=value lines, or a flat JSON object)"),
    NODE_REF("queue", K(QUEUE), queue, QUEUES, 1, "queue to wait in"),
    NODE_REF("queue", K(VOICEMAIL), queue, QUEUES, 1, "queue in whose figures the message stands"),
    NODE_REF("queue", K(CALLBACK) | K(RECORD), queue, QUEUES, 0, "queue that calls back, or in whose figures the message stands; without: the one that the caller waits in"),
    NODE_INT("priority", K(QUEUE), priority_add, 0, 100, "0", "added to the priority of the queue"),
    NODE_OTHER("agent", K(QUEUE), 0, NULL, "agent who is preferred, or last: the one of this person's last contact"),
    NODE_REF("music", K(QUEUE), music, PROMPTS, 0, "prompt; without: the queue's"),
    NODE_OTHER("announce", K(QUEUE), 0, "[queue.position, queue.wait]", "said while waiting"),
    NODE_OTHER("announce_every", K(QUEUE), 0, "that of the queue", "so often; 0: never"),
    NODE_OTHER("offer", K(QUEUE), 0, "callback.offer", "said when a callback is offered"),
    NODE_TIME("offer_after", K(QUEUE), offer_after_ms, 0, H, "0", "offer a callback after so much waiting; 0: never"),
    NODE_CHAR("offer_key", K(QUEUE), offer_key, "1", "key that takes the callback"),
    NODE_TIME("longest", K(QUEUE), max_ms, 0, DAY, "0", "longest wait, then on_timeout; 0: no end"),
    NODE_OTHER("number", K(TRANSFER), 1, NULL, "digits to dial; {variables} allowed"),
    NODE_REF("flow", K(FLOW), flow, FLOWS, 1, "flow that goes on; variables of the same name and type go along"),
    NODE_TIME("ring", K(TRANSFER) | K(ONCALL), ring_ms, 5 * S, 2 * MIN, "25 s", "each number rings so long"),
    NODE_TIME("longest", K(VOICEMAIL) | K(RECORD), max_ms, 5 * S, 10 * MIN, "2 min", "longest message"),
    NODE_OTHER("numbers", K(ONCALL), 1, NULL, "numbers to try in turn, at most 8"),
    NODE_OTHER("confirm", K(CALLBACK), 0, "callback.confirm", "asks whether the caller's number is right (1) or another shall be taken (2)"),
    NODE_OTHER("enter", K(CALLBACK), 0, "callback.enter", "asks for another number"),
    NODE_OTHER("read_back", K(CALLBACK), 0, "callback.read-back", "reads it back: 1 right, 2 once more"),
    NODE_OTHER("accepted", K(CALLBACK), 0, "callback.accepted", "said at the end"),
    { "question", SAPA_FIELD_TEXT, AT(sapa_flow_node, name), 1, 0, K(SURVEY), 1, 31, NULL, NULL, "name of the question in reports" },
    NODE_OTHER("answers", K(SURVEY), 0, "1-5", "lowest and highest: \"0-10\""),
    { "language", SAPA_FIELD_CHOICE, AT(sapa_flow_node, language), 1, 0, K(LANGUAGE), 0, 0, NULL, languages, "language from here on" },
    NODE_INT("cause", K(HANGUP), cause, 1, 127, "16", "Q.850 cause: 16 normal, 17 busy, 34 no line free"),
    NODE_OTHER("outcome", K(HANGUP), 0, NULL, "how the contact counts: served, closed, refused, ended; without: as it went"),
    EDGE("next", K(SAY) | K(COLLECT) | K(SET) | K(LOOKUP) | K(VOICEMAIL) | K(RECORD) | K(SURVEY) | K(LANGUAGE), 1, "node that follows"),
    EDGE("next", K(CALLBACK), 0, "node that follows; without: the call ends"),
    EDGE("on_timeout", K(MENU) | K(COLLECT), 1, "after silence, all tries used"),
    EDGE("on_timeout", K(QUEUE), 0, "after the longest wait; without: on_overflow"),
    EDGE("on_timeout", K(SURVEY), 0, "after silence, all tries used; without: next"),
    EDGE("on_invalid", K(MENU) | K(COLLECT), 0, "after wrong keys, all tries used; without: on_timeout"),
    EDGE("on_failed", K(LOOKUP) | K(TRANSFER) | K(ONCALL) | K(CALLBACK), 1, "when it did not work"),
    EDGE("on_failed", K(SET) | K(QUEUE), 0, "when it did not work"),
    EDGE("open", K(HOURS), 1, "when open"),
    EDGE("closed", K(HOURS), 1, "when closed"),
    EDGE("holiday", K(HOURS), 0, "when closed for a holiday; without: closed"),
    EDGE("on_overflow", K(QUEUE), 1, "when the queue sends the caller on: too long, too full, closed"),
    EDGE("on_nobody", K(QUEUE), 0, "when nobody is logged in; without: on_overflow"),
    EDGE("on_callback", K(QUEUE), 0, "when the caller takes the callback: a callback node"),
    EDGE("after", K(QUEUE) | K(TRANSFER) | K(ONCALL), 0, "when the conversation is over and the caller still there; without: goodbye"),
    EDGE("on", K(SURGE), 1, "surge switch is on"),
    EDGE("off", K(SURGE), 1, "surge switch is off"),
};

#define OBJECT(id, path, text, rows) [SAPA_OBJECT_##id] = { path, text, rows, SAPA_COUNT(rows) }
const struct sapa_object sapa_objects[SAPA_OBJECT_COUNT] = {
    OBJECT(TOP, "", "the sections of the document", top_rows),
    OBJECT(SYSTEM, "system", "the whole installation", system_rows),
    OBJECT(HOLIDAY, "holidays.KEY[]", "a day that differs", holiday_rows),
    OBJECT(HOURS, "hours.KEY", "opening hours", hours_rows),
    OBJECT(CLIENT, "clients.KEY", "a company that is served", client_rows),
    OBJECT(CLIENT_CALLS, "clients.KEY.calls", "calls that agents place for a company", client_calls_rows),
    OBJECT(CLIENT_DESK, "clients.KEY.desk", "what agents are shown for a company", client_desk_rows),
    OBJECT(CLIENT_PAGE, "clients.KEY.page", "how a company's page for customers looks", client_page_rows),
    OBJECT(QUOTA, "reasons.DIGITS.quota", "a limit of a reason for not being ready; at most 8 reasons have one", quota_rows),
    OBJECT(ROLE, "roles.KEY", "what somebody may do", role_rows),
    OBJECT(CALL_RULE, "roles.KEY.calls[]", "a rule on calls that are placed", call_rule_rows),
    OBJECT(USER, "users.KEY", "somebody who logs in and is no agent", user_rows),
    OBJECT(CAMPAIGN, "campaigns.KEY", "calls that agents place for a company with one purpose", campaign_rows),
    OBJECT(LIST, "do_not_contact.KEY", "numbers that are not called; at most 1,000,000 on all lists together", list_rows),
    OBJECT(AGENT, "agents.KEY", "an agent", agent_rows),
    OBJECT(CAPACITY, "agents.KEY.capacity", "contacts at once by channel", capacity_rows),
    OBJECT(QUEUE, "queues.KEY", "a queue", queue_rows),
    OBJECT(STEP, "queues.KEY.steps[]", "requirements of one step", step_rows),
    OBJECT(OVERFLOW, "queues.KEY.overflow[]", "a rule of overflow", overflow_rows),
    OBJECT(SERVICE, "queues.KEY.service_level", "service level", service_rows),
    OBJECT(QUEUE_ALERTS, "queues.KEY.alerts", "what of a queue needs attention", queue_alert_rows),
    OBJECT(AGENT_ALERTS, "system.agent_alerts", "what of agents needs attention", agent_alert_rows),
    OBJECT(CALLBACK, "queues.KEY.callback", "callbacks of a queue", callback_rows),
    OBJECT(TRUNK, "trunks.KEY", "a way to and from the telephone network", trunk_rows),
    OBJECT(NUMBER, "numbers.DIGITS", "a number that can be called", number_rows),
    OBJECT(CALLER, "callers[]", "a rule for callers", caller_rows),
    OBJECT(PROMPT, "prompts.KEY", "something that is played or said", prompt_rows),
    OBJECT(FLOW, "flows.KEY", "a flow", flow_rows),
    OBJECT(NODE, "flows.KEY.nodes.KEY", "a node of a flow", node_rows),
};
