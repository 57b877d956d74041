/**
 * @file report/kpi.h
 * The dictionary of numbers: what is counted (measures) and what is computed from it (KPIs), each
 * defined once, with its words in Indonesian and English. Reports, the live screen, JSON and the
 * reference page docs/ref/figures.md all read these tables.
 *
 * A row of figures is an array of measures. Measures of contacts come first, those that contacts and
 * agents share next, those of agents last, so that a row keeps only its own part.
 *
 * Room    report: base, model; pure, integers only.   Thread  any.
 * Tests   report/kpi_test.c (against the published values of kpi_examples.csv)
 */
#ifndef SAPA_REPORT_KPI_H
#define SAPA_REPORT_KPI_H

#include "base/str.h"
#include "model/vocab.h"

/* How long somebody waited, in seconds, as sapa_wait_bucket() counts: Y(X, ID, key, span, words). */
#define SAPA_WAITS(Y, X) \
    Y(X, 10, "10", "0–10", "10 s or less") Y(X, 20, "20", "10–20", "more than 10 s, 20 s or less") \
    Y(X, 30, "30", "20–30", "more than 20 s, 30 s or less") Y(X, 60, "60", "30–60", "more than 30 s, 60 s or less") \
    Y(X, 120, "120", "60–120", "more than 60 s, 120 s or less") Y(X, 300, "300", "120–300", "more than 120 s, 300 s or less") \
    Y(X, OVER, "over", "> 300", "more than 300 s")
#define SAPA_ANSWERED_WAIT(X, id, key, span, words) \
    X(ANSWERED_WAIT_##id, "answered_wait_" key, COUNT, SUM, "Terjawab " span " dtk", "Answered " span " s", "of the answered: waited " words)
#define SAPA_ABANDONED_WAIT(X, id, key, span, words) \
    X(ABANDONED_WAIT_##id, "abandoned_wait_" key, COUNT, SUM, "Ditinggalkan " span " dtk", "Abandoned " span " s", "of those abandoned in queue or ringing: waited " words)

/*  X(ID, key, unit, sum or max, name id, name en, definition)  */
#define SAPA_MEASURES_CONTACT(X) \
    X(OFFERED, "offered", COUNT, SUM, "Masuk", "Offered", "contacts that came in; in the row of a queue: that joined it and do not wait as a callback") \
    X(OPEN, "open", COUNT, SUM, "Berjalan", "Open", "of the offered: not yet closed (queue: still waiting)") \
    X(ANSWERED, "answered", COUNT, SUM, "Terjawab", "Answered", "of the offered: an agent and the customer talked") \
    X(ABANDONED, "abandoned", COUNT, SUM, "Ditinggalkan", "Abandoned", "of the offered: the customer hung up first, in the menu, in the queue or while an agent's phone rang") \
    X(ABANDONED_MENU, "abandoned_menu", COUNT, SUM, "Ditinggalkan di menu", "Abandoned in menu", "of the abandoned: before any queue") \
    X(ABANDONED_QUEUE, "abandoned_queue", COUNT, SUM, "Ditinggalkan di antrean", "Abandoned in queue", "of the abandoned: while waiting") \
    X(ABANDONED_RINGING, "abandoned_ringing", COUNT, SUM, "Ditinggalkan saat berdering", "Abandoned ringing", "of the abandoned: while an agent's phone rang") \
    X(ABANDONED_SHORT, "abandoned_short", COUNT, SUM, "Ditinggalkan singkat", "Short abandons", "of those abandoned in queue or ringing: sooner than the queue's short limit") \
    X(ABANDONED_IN_LEVEL, "abandoned_in_level", COUNT, SUM, "Ditinggalkan dalam target", "Abandoned in time", "of those abandoned in queue or ringing: not later than the service level's limit") \
    X(ANSWERED_IN_LEVEL, "answered_in_level", COUNT, SUM, "Terjawab dalam target", "Answered in time", "of the answered: not later than the service level's limit") \
    X(CONTAINED, "contained", COUNT, SUM, "Selesai di menu", "Contained", "of the offered: served by the menu") \
    X(CLOSED, "closed", COUNT, SUM, "Di luar jam buka", "Closed", "of the offered: outside opening hours") \
    X(VOICEMAIL, "voicemail", COUNT, SUM, "Pesan suara", "Voicemail", "of the offered: left a message") \
    X(CALLBACK, "callback", COUNT, SUM, "Telepon balik", "Callback", "of the offered: became a callback (contact: was reached)") \
    X(CALLBACK_FAILED, "callback_failed", COUNT, SUM, "Telepon balik gagal", "Callback failed", "of the offered: became a callback that was never reached") \
    X(TRANSFERRED, "transferred", COUNT, SUM, "Dialihkan keluar", "Transferred out", "of the offered: sent to an outside number, and no agent had talked") \
    X(REFUSED, "refused", COUNT, SUM, "Ditolak", "Refused", "of the offered: refused by a limit or a list") \
    X(SYSTEM_FAULT, "system_fault", COUNT, SUM, "Gangguan sistem", "System faults", "of the offered: lost by a fault of ours, never counted as abandoned") \
    X(OVERFLOWED, "overflowed", COUNT, SUM, "Luapan keluar", "Overflowed out", "of the offered: left by an overflow rule (wait, length, expected wait)") \
    X(MOVED, "moved", COUNT, SUM, "Dipindah", "Moved", "of the offered to a queue: moved by a supervisor") \
    X(LEFT_BY_FLOW, "left_by_flow", COUNT, SUM, "Keluar oleh alur", "Left by flow", "of the offered to a queue: taken out by the flow") \
    X(NO_AGENTS, "no_agents", COUNT, SUM, "Tanpa agen", "No agents", "of the offered to a queue: left because nobody was logged in") \
    X(OVERFLOWED_IN, "overflowed_in", COUNT, SUM, "Luapan masuk", "Overflowed in", "offered to this queue by the overflow or move of another") \
    X(CONTACTS, "contacts", COUNT, SUM, "Semua panggilan", "All calls", "everything that began: came in, was placed outward, or was between colleagues") \
    X(PARTY_CUSTOMERS, "party_customers", COUNT, SUM, "Dengan pelanggan", "With customers", "of all calls: the far end is a customer, as far as is known when it begins; who says otherwise on the card changes it, also when the call is long over") \
    X(PARTY_PROSPECTS, "party_prospects", COUNT, SUM, "Dengan calon pelanggan", "With prospects", "of all calls: the far end is no customer yet, likewise; customers, prospects and internal together are all calls") \
    X(OUTBOUND, "outbound", COUNT, SUM, "Panggilan keluar", "Outbound", "calls that agents placed outward; not part of the offered") \
    X(OUTBOUND_REACHED, "outbound_reached", COUNT, SUM, "Keluar tersambung", "Outbound reached", "of the outbound: somebody was there and talked with the agent") \
    X(OUTBOUND_UNREACHED, "outbound_unreached", COUNT, SUM, "Keluar tak tersambung", "Outbound not reached", "of the outbound: nobody was there (busy, refused, no answer, given up by the agent, a fault on the way)") \
    X(OUTBOUND_PASSED, "outbound_passed", COUNT, SUM, "Keluar diserahkan", "Outbound handed over", "of the outbound: still ringing when the agent passed his caller on to it") \
    X(OUTBOUND_OTHER, "outbound_other", COUNT, SUM, "Keluar lain", "Outbound otherwise", "of the outbound: ended in another way, without a conversation") \
    X(OUTBOUND_OPEN, "outbound_open", COUNT, SUM, "Keluar berjalan", "Outbound going on", "of the outbound: not yet closed") \
    X(INTERNAL, "internal", COUNT, SUM, "Panggilan internal", "Internal", "calls of agents to colleagues, queues and numbers of the centre; not part of the offered") \
    X(INTERNAL_REACHED, "internal_reached", COUNT, SUM, "Internal tersambung", "Internal reached", "of the internal: a colleague talked") \
    X(INTERNAL_UNREACHED, "internal_unreached", COUNT, SUM, "Internal tak tersambung", "Internal not reached", "of the internal: nobody took it, or it was given up before") \
    X(INTERNAL_PASSED, "internal_passed", COUNT, SUM, "Internal diserahkan", "Internal handed over", "of the internal: still ringing or waiting when the agent passed his caller on to it") \
    X(INTERNAL_OTHER, "internal_other", COUNT, SUM, "Internal lain", "Internal otherwise", "of the internal: ended by a menu, by closed hours or by a fault") \
    X(INTERNAL_OPEN, "internal_open", COUNT, SUM, "Internal berjalan", "Internal going on", "of the internal: not yet closed") \
    X(TRANSFERRED_IN, "transferred_in", COUNT, SUM, "Alihan masuk", "Transferred in", "offered to this queue because an agent passed the contact on to it") \
    X(TRANSFERS_OUTSIDE, "transfers_outside", COUNT, SUM, "Alihan sampai luar", "Transfers done outside", "of the transfers: ended in a conversation with an outside number") \
    X(TRANSFERS_MENU, "transfers_menu", COUNT, SUM, "Alihan selesai di menu", "Transfers served by menu", "of the transfers: the menu to which it was passed on served it, or took a message") \
    X(TRANSFERS_LOST, "transfers_lost", COUNT, SUM, "Alihan hilang", "Transfers lost", "of the transfers: the contact ended before anybody took it") \
    X(TRANSFERS_OPEN, "transfers_open", COUNT, SUM, "Alihan berjalan", "Transfers on the way", "of the transfers: nobody has taken it yet") \
    X(OUTBOUND_LINES, "outbound_lines", COUNT, SUM, "Saluran keluar", "Outbound lines", "answered lines that we placed (calls of agents, callbacks, transfers outside) and that are over; a line counts where its contact began") \
    X(OUTBOUND_LINE_TIME, "outbound_line_ms", MS, SUM, "Waktu saluran keluar", "Outbound line time", "time of these lines from answer to their end") \
    X(OUTBOUND_COST, "outbound_cost", MONEY, SUM, "Biaya keluar", "Outbound cost", "cost of the outbound lines, by the tariff of their trunk") \
    X(OUTBOUND_CHARGED, "outbound_charged_ms", MS, SUM, "Waktu keluar berbiaya", "Outbound charged time", "time of those outbound lines whose trunk has a tariff") \
    X(OUTBOUND_CHARGED_CALLS, "outbound_charged_calls", COUNT, SUM, "Keluar berbiaya", "Outbound charged calls", "those outbound lines whose trunk has a tariff") \
    X(OUTBOUND_AGENT_COST, "outbound_agent_cost", MONEY, SUM, "Biaya agen keluar", "Outbound agent cost", "cost of the time that agents spent with calls that they placed outward (talk, hold, wrap-up), by their cost_hour when the call began") \
    X(WAIT_ANSWERED, "wait_answered_ms", MS, SUM, "Tunggu terjawab", "Wait of answered", "waiting time of the answered, from joining the queue to talking, ringing included") \
    X(WAIT_ABANDONED, "wait_abandoned_ms", MS, SUM, "Tunggu ditinggalkan", "Wait of abandoned", "waiting time of those abandoned in queue or ringing") \
    X(WAIT_MAX, "wait_max_ms", MS, MAX, "Tunggu terlama", "Longest wait", "longest waiting time of any that left the queue") \
    SAPA_WAITS(SAPA_ANSWERED_WAIT, X) SAPA_WAITS(SAPA_ABANDONED_WAIT, X) \
    X(CALLBACKS_QUEUED, "callbacks_queued", COUNT, SUM, "Telepon balik antre", "Callbacks queued", "callbacks that took their place in the line") \
    X(CALLBACKS_ANSWERED, "callbacks_answered", COUNT, SUM, "Telepon balik tersambung", "Callbacks answered", "of the callbacks queued: agent and customer talked") \
    X(CALLBACKS_ENDED, "callbacks_ended", COUNT, SUM, "Telepon balik berakhir", "Callbacks ended", "of the callbacks queued: ended otherwise") \
    X(CALLBACKS_OPEN, "callbacks_open", COUNT, SUM, "Telepon balik menunggu", "Callbacks open", "of the callbacks queued: still in the line") \
    X(MENU, "menu_ms", MS, SUM, "Waktu di menu", "Menu time", "time spent in menus, by those that are closed") \
    X(BY_CUSTOMER, "by_customer", COUNT, SUM, "Diakhiri pelanggan", "Ended by customer", "closed contacts that the customer ended") \
    X(BY_AGENT, "by_agent", COUNT, SUM, "Diakhiri agen", "Ended by agent", "closed contacts that the agent ended") \
    X(BY_FLOW, "by_flow", COUNT, SUM, "Diakhiri alur", "Ended by flow", "closed contacts that the flow ended") \
    X(BY_NETWORK, "by_network", COUNT, SUM, "Diakhiri jaringan", "Ended by network", "closed contacts that the carrier or the network ended") \
    X(BY_SYSTEM, "by_system", COUNT, SUM, "Diakhiri sistem", "Ended by system", "closed contacts that a fault of ours ended, answered ones too") \
    X(RECORDED, "recorded_ms", MS, SUM, "Terekam", "Recorded", "answered time in recordings, of closed contacts") \
    X(MASKED, "masked_ms", MS, SUM, "Disamarkan", "Masked", "answered time paused on purpose (card data), of closed contacts") \
    X(EXCLUDED, "excluded_ms", MS, SUM, "Dikecualikan", "Excluded", "answered time that the policy of the queue does not record, of closed contacts") \
    X(UNRECORDED, "unrecorded_ms", MS, SUM, "Tidak terekam", "Unrecorded", "answered time that should be recorded and is not, of closed contacts") \
    X(CONVERSATION, "conversation_ms", MS, SUM, "Percakapan", "Answered time", "from talking to parting, hold included, agents together counted once, of closed contacts") \
    X(COST, "cost", MONEY, SUM, "Biaya", "Cost", "cost of the customers' lines by the tariff of the number that was called; rows of queues have none") \
    X(CHARGED, "charged_ms", MS, SUM, "Waktu berbiaya", "Charged time", "time of the customers' lines from answer to their end, on numbers that have a tariff") \
    X(CHARGED_CALLS, "charged_calls", COUNT, SUM, "Panggilan berbiaya", "Charged calls", "customers' lines that were answered and are over, on numbers that have a tariff") \
    X(LEGS, "legs", COUNT, SUM, "Jalur suara", "Audio legs", "legs that were measured: on which a packet came") \
    X(LEGS_BAD, "legs_bad", COUNT, SUM, "Jalur buruk", "Poor legs", "of these, below the quality alarm in what came or in what the peer says it heard") \
    X(MOS_SUM, "mos_sum_x100", COUNT, SUM, "Jumlah MOS", "Sum of MOS", "sum of the legs' MOS, times 100") \
    X(MESSAGES, "messages", COUNT, SUM, "Pesan untuk antrean", "Messages", "messages that callers left (queue: for this queue, in the interval in which they were left)") \
    X(SURGE, "surge_ms", MS, SUM, "Waktu lonjakan", "Surge time", "time of the interval with the surge switch on for this client (total: for any)") \
    X(SURGE_MET, "surge_met", COUNT, SUM, "Lonjakan dalam target", "Met in surges", "of answered_in_level and abandoned_in_level: came while the surge switch was on") \
    X(SURGE_DECIDED, "surge_decided", COUNT, SUM, "Lonjakan", "Decided in surges", "of the answered, and the abandoned in queue or ringing: came while the surge switch was on")

#define SAPA_MEASURES_SHARED(X) \
    X(HANDLED, "handled", COUNT, SUM, "Ditangani", "Handled", "agents' parts in contacts with customers, and those that a queue gave them: talked and parted; two agents in one conversation are two parts") \
    X(RECEIVED, "received", COUNT, SUM, "Diterima masuk", "Received", "of the handled: the contact came to the agent, from a queue or from a colleague") \
    X(OUTBOUND_HANDLED, "outbound_handled", COUNT, SUM, "Keluar ditangani", "Outbound handled", "of the handled: the agent placed the call") \
    X(SOLVED, "solved", COUNT, SUM, "Tuntas", "Solved", "of the handled: wrapped up with a result that the description calls solved") \
    X(TALK, "talk_ms", MS, SUM, "Bicara", "Talk", "talking time, hold not counted, calls among colleagues apart") \
    X(HOLD, "hold_ms", MS, SUM, "Tahan", "Hold", "time on hold, also while the agent asks somebody") \
    X(OUTBOUND_TALK, "outbound_talk_ms", MS, SUM, "Bicara keluar", "Outbound talk", "of the talk: in calls that the agent placed outward") \
    X(INTERNAL_TALK, "internal_talk_ms", MS, SUM, "Bicara internal", "Internal talk", "time of agents in calls among colleagues, each for himself, hold included") \
    X(WRAPUP, "wrapup_ms", MS, SUM, "Pasca-panggilan", "Wrap-up", "wrap-up time") \
    X(RING, "ring_ms", MS, SUM, "Dering", "Ringing", "time that agents' phones rang") \
    X(OFFERS, "offers", COUNT, SUM, "Tawaran", "Offers", "offers made to agents") \
    X(OFFERS_ACCEPTED, "offers_accepted", COUNT, SUM, "Diterima", "Accepted", "of the offers: accepted") \
    X(OFFERS_MISSED, "offers_missed", COUNT, SUM, "Terlewat", "Missed", "of the offers: not answered") \
    X(OFFERS_REFUSED, "offers_refused", COUNT, SUM, "Ditolak agen", "Declined", "of the offers: refused or busy") \
    X(OFFERS_FAILED, "offers_failed", COUNT, SUM, "Gagal", "Failed", "of the offers: phone not reachable, or a fault") \
    X(OFFERS_GONE, "offers_gone", COUNT, SUM, "Batal", "Gone", "of the offers: caller gone, withdrawn, or another was faster") \
    X(OFFERS_OPEN, "offers_open", COUNT, SUM, "Sedang berdering", "Ringing now", "of the offers: still open") \
    X(PASSED_ON, "passed_on", COUNT, SUM, "Diteruskan", "Passed on", "parts after which the contact went on to another agent, by whatever way") \
    X(TRANSFERS, "transfers", COUNT, SUM, "Alihan", "Transfers", "contacts that an agent passed on") \
    X(TRANSFERS_BLIND, "transfers_blind", COUNT, SUM, "Alihan langsung", "Blind transfers", "of the transfers: without asking") \
    X(TRANSFERS_ASKED, "transfers_asked", COUNT, SUM, "Alihan setelah tanya", "Transfers after asking", "of the transfers: after a consultation") \
    X(TRANSFERS_TO_QUEUE, "transfers_to_queue", COUNT, SUM, "Alihan ke antrean", "Transfers to queues", "of the transfers: to a queue") \
    X(TRANSFERS_TO_NUMBER, "transfers_to_number", COUNT, SUM, "Alihan ke nomor", "Transfers to menus", "of the transfers: to a number of the centre and its menu") \
    X(TRANSFERS_TO_AGENT, "transfers_to_agent", COUNT, SUM, "Alihan ke agen", "Transfers to agents", "of the transfers: to a colleague") \
    X(TRANSFERS_TO_OUTSIDE, "transfers_to_outside", COUNT, SUM, "Alihan ke luar", "Transfers to the outside", "of the transfers: to an outside number, reached or not") \
    X(TRANSFERS_RECEIVED, "transfers_received", COUNT, SUM, "Alihan diterima", "Transfers received", "of the transfers: another agent took it; in the row of an agent: those that he took") \
    X(CONSULTATIONS, "consultations", COUNT, SUM, "Konsultasi", "Consultations", "calls that an agent placed while he had a contact on hold") \
    X(CONFERENCES, "conferences", COUNT, SUM, "Konferensi", "Conferences", "contacts into whose conversation an agent brought somebody more and stayed; each once") \
    X(CALLS_DENIED, "calls_denied", COUNT, SUM, "Panggilan ditolak aturan", "Calls denied", "calls that an agent wanted to place and may not") \
    X(SURVEYS, "surveys", COUNT, SUM, "Jawaban survei", "Survey answers", "answers to survey questions; of an agent: about him, when the contact was over") \
    X(SURVEY_SUM, "survey_sum", COUNT, SUM, "Jumlah nilai", "Sum of answers", "sum of the survey answers") \
    X(SURVEYS_10, "surveys_10", COUNT, SUM, "Jawaban 0-10", "Answers of 0 to 10", "of these: to questions of 0 to 10") \
    X(PROMOTERS, "promoters", COUNT, SUM, "Promotor", "Promoters", "answers 9 and 10 to a question of 0 to 10") \
    X(DETRACTORS, "detractors", COUNT, SUM, "Detraktor", "Detractors", "answers 0 to 6 to a question of 0 to 10") \
    X(SURVEYS_5, "surveys_5", COUNT, SUM, "Jawaban 1-5", "Answers of 1 to 5", "of the survey answers: to questions of 1 to 5") \
    X(TOP_TWO, "top_two", COUNT, SUM, "Puas", "Satisfied", "answers 4 and 5 to a question of 1 to 5") \
    X(SURVEYS_7, "surveys_7", COUNT, SUM, "Jawaban 1-7", "Answers of 1 to 7", "of the survey answers: to questions of 1 to 7") \
    X(EFFORT_SUM, "effort_sum", COUNT, SUM, "Jumlah usaha", "Sum of effort", "sum of the answers to questions of 1 to 7") \
    X(HANDLING_MAX, "handling_max_ms", MS, MAX, "Penanganan terlama", "Longest handling", "talk, hold and wrap-up of the longest part that is over")

#define SAPA_MEASURES_AGENT(X) \
    X(LOGGED_IN, "logged_in_ms", MS, SUM, "Masuk kerja", "Logged in", "time ready or not ready") \
    X(READY, "ready_ms", MS, SUM, "Siap", "Ready", "time in presence ready, busy or not") \
    X(IDLE, "idle_ms", MS, SUM, "Menganggur", "Idle", "time ready with nothing offered and nothing in hand") \
    X(NOT_READY, "not_ready_ms", MS, SUM, "Tidak siap", "Not ready", "time in presence not ready") \
    X(HANDLING, "handling_ms", MS, SUM, "Menangani", "Handling", "time with at least one contact talking, on hold or in wrap-up, calls among colleagues included; counted once") \
    X(RINGING, "ringing_ms", MS, SUM, "Ditawari", "Being offered", "time logged in with an offer, or a call of his own that rings, and nothing else in hand") \
    X(CALLS_PLACED, "calls_placed", COUNT, SUM, "Panggilan dibuat", "Calls placed", "calls that the agent placed outward") \
    X(CALLS_REACHED, "calls_reached", COUNT, SUM, "Panggilan tersambung", "Calls reached", "of the calls placed: somebody was there and talked with him") \
    X(INTERNAL_PLACED, "internal_placed", COUNT, SUM, "Panggilan ke rekan", "Calls to colleagues", "calls that the agent placed to colleagues, queues and numbers of the centre") \
    X(INTERNAL_PARTS, "internal_parts", COUNT, SUM, "Bagian internal", "Internal parts", "the agent's parts in calls among colleagues, as caller or as the one called, that are over; not among the handled") \
    X(LOGINS, "logins", COUNT, SUM, "Login", "Logins", "times logged in") \
    X(LOGOUTS, "logouts", COUNT, SUM, "Logout", "Logouts", "times logged out") \
    X(IN_OFFICE, "office_ms", MS, SUM, "Bekerja di kantor", "Worked in the office", "of the time logged in: with the telephone at an address of system.offices") \
    X(ELSEWHERE, "elsewhere_ms", MS, SUM, "Bekerja di luar kantor", "Worked elsewhere", "of the time logged in: with the telephone at another address (at home, on the way)") \
    X(SCHEDULED, "scheduled_ms", MS, SUM, "Terjadwal", "Scheduled", "time of planned shifts that has passed, with breaks and what is planned off the phone; time in which the centre stood still is left out") \
    X(SCHEDULED_WORK, "scheduled_work_ms", MS, SUM, "Terjadwal kerja", "Scheduled work", "of the scheduled: planned on the phone") \
    X(IN_SCHEDULE, "in_schedule_ms", MS, SUM, "Sesuai jadwal", "In schedule", "of the scheduled: ready, in a contact or in wrap-up where work is planned, and none of these where a break or something else is") \
    X(WORKED, "worked_ms", MS, SUM, "Dikerjakan", "Worked", "time ready, in contacts or in wrap-up on days with a shift, whenever it was")

/* Numbers that nothing in the log says yet: input of KPIs for plans, surveys and campaigns to come. */
#define SAPA_MEASURES_OUTER(X) \
    X(PRODUCTIVE_OTHER, "productive_other_ms", MS, SUM, "Kerja lain", "Other productive", "paid productive time that is no contact") \
    X(PAID, "paid_ms", MS, SUM, "Dibayar", "Paid", "paid time") \
    X(AVAILABLE, "available_ms", MS, SUM, "Tersedia", "Available", "of the paid time: available for work") \
    X(CUSTOMERS, "customers", COUNT, SUM, "Pelanggan", "Customers", "customers with a matter") \
    X(FIRST_TIME, "first_time", COUNT, SUM, "Sekali kontak", "Resolved at first contact", "of the customers: resolved on the first contact") \
    X(ATTEMPTS, "attempts", COUNT, SUM, "Percobaan", "Attempts", "dial attempts") \
    X(LIVE, "live", COUNT, SUM, "Terhubung", "Live contacts", "of the attempts: a person answered") \
    X(RIGHT_PARTY, "right_party", COUNT, SUM, "Orang tepat", "Right party", "of the live contacts: the right person") \
    X(PROMISES, "promises", COUNT, SUM, "Janji", "Promises", "promises to pay") \
    X(PROMISES_DUE, "promises_due", COUNT, SUM, "Janji jatuh tempo", "Promises due", "promises whose date and grace have passed") \
    X(PROMISES_KEPT, "promises_kept", COUNT, SUM, "Janji ditepati", "Promises kept", "of the promises due: paid in full in time") \
    X(LEADS, "leads", COUNT, SUM, "Prospek", "Leads", "leads loaded") \
    X(LEADS_TRIED, "leads_tried", COUNT, SUM, "Prospek dicoba", "Leads tried", "of the leads: attempted at least once") \
    X(PERSON_ANSWERED, "person_answered", COUNT, SUM, "Dijawab orang", "Answered by a person", "placed calls that a person answered") \
    X(HUMANS, "humans", COUNT, SUM, "Manusia", "Humans", "placed calls that agents handled and were people") \
    X(MACHINES, "machines", COUNT, SUM, "Mesin", "Machines", "placed calls that agents handled and were machines") \
    X(DROPS, "drops", COUNT, SUM, "Terputus", "Drops", "placed calls that were answered and found no agent")

#define SAPA_MEASURES(X) \
    SAPA_MEASURES_CONTACT(X) SAPA_MEASURES_SHARED(X) SAPA_MEASURES_AGENT(X) SAPA_MEASURES_OUTER(X)

enum sapa_measure {
#define X(id, key, unit, how, name_id, name_en, text) SAPA_M_##id,
    SAPA_MEASURES(X)
#undef X
    SAPA_M_COUNT,
    SAPA_M_SHARED_FIRST = SAPA_M_HANDLED,
    SAPA_M_AGENT_FIRST = SAPA_M_LOGGED_IN,
    SAPA_M_OUTER_FIRST = SAPA_M_PRODUCTIVE_OTHER,
};

/* How long somebody waited, in seven buckets: at most 10, 20, 30, 60, 120, 300 s, and longer. */
enum { SAPA_WAIT_BUCKETS = 7 };
unsigned sapa_wait_bucket(uint64_t wait_ms);
static_assert(SAPA_M_ANSWERED_WAIT_OVER - SAPA_M_ANSWERED_WAIT_10 == SAPA_WAIT_BUCKETS - 1
                  && SAPA_M_ABANDONED_WAIT_OVER - SAPA_M_ABANDONED_WAIT_10 == SAPA_WAIT_BUCKETS - 1,
              "one measure a bucket, in their order");

/* Distributions, kept in buckets (report/hist.h); of each the percentiles below are figures. */
/*  X(ID, key, name id, name en, largest value, definition)  */
#define SAPA_DISTS(X) \
    X(WAIT, "wait", "Tunggu", "Wait", WAIT_MAX, "waits of the answered, as in wait_answered_ms") \
    X(PATIENCE, "patience", "Tunggu ditinggalkan", "Wait of abandoned", WAIT_MAX, "waits of those abandoned in queue or ringing, as in wait_abandoned_ms") \
    X(HANDLE, "handling", "Penanganan", "Handling", HANDLING_MAX, "talk, hold and wrap-up of each agent's part whose wrap-up is over")

enum sapa_dist {
#define X(id, key, name_id, name_en, largest, text) SAPA_DIST_##id,
    SAPA_DISTS(X)
#undef X
    SAPA_DIST_COUNT
};

#define SAPA_PERCENTS(X) X(50) X(80) X(90) X(95) X(99)

/**
 * How a value is to be read. RATIO and POINTS are in millionths: 830189 is 83.0 %, or 0.830189. MONEY is in
 * hundredths of the centre's currency. MOMENT is UTC microseconds.
 */
enum sapa_unit { SAPA_UNIT_COUNT, SAPA_UNIT_MS, SAPA_UNIT_RATIO, SAPA_UNIT_POINTS, SAPA_UNIT_MONEY, SAPA_UNIT_MOMENT };

struct sapa_measure_info {
    const char *key;
    const char *name[SAPA_LANGUAGE_COUNT];
    const char *text;
    uint8_t unit; /* enum sapa_unit */
    bool is_max;  /* rows are joined by the larger, not by the sum */
};
const struct sapa_measure_info *sapa_measure_info(enum sapa_measure measure);

/** All measures of one row; those that do not apply are 0. */
struct sapa_measures {
    int64_t of[SAPA_M_COUNT];
};

/** Join b into a: sums and maxima. */
void sapa_measures_join(struct sapa_measures *a, const struct sapa_measures *b);

/** The value of a KPI that has no meaning: nothing was offered, nobody was logged in. Shown as "–". */
#define SAPA_KPI_NONE INT64_MIN

/** Rounded half up, in the KPI's unit; SAPA_KPI_NONE when the divisor is 0. */
typedef int64_t sapa_kpi_fn(const struct sapa_measures *m);

/** Rows in which it means something: of contacts where they arrive (centre, client, number), of their stays in
 *  queues, of agents, of trunks. */
enum sapa_kpi_of {
    SAPA_KPI_OF_ARRIVALS = 1, SAPA_KPI_OF_QUEUES = 2, SAPA_KPI_OF_AGENTS = 4, SAPA_KPI_OF_TRUNKS = 8,
    SAPA_KPI_OF_CONTACTS = SAPA_KPI_OF_ARRIVALS | SAPA_KPI_OF_QUEUES,
    SAPA_KPI_OF_BOTH = SAPA_KPI_OF_CONTACTS | SAPA_KPI_OF_AGENTS,
    SAPA_KPI_OF_LINES = SAPA_KPI_OF_ARRIVALS | SAPA_KPI_OF_TRUNKS,
    SAPA_KPI_OF_CALLERS = SAPA_KPI_OF_ARRIVALS | SAPA_KPI_OF_AGENTS,
};

struct sapa_kpi {
    const char *key;                        /* "service_level" */
    const char *variant;                    /* as in kpi_examples.csv; "" when there is one only */
    const char *name[SAPA_LANGUAGE_COUNT];
    const char *formula;                    /* as it is computed, for people */
    const char *text;                       /* definition */
    const char *edge;                       /* edge cases beside the divisor that is zero; may be "" */
    uint8_t unit;
    uint8_t of;                             /* bits of enum sapa_kpi_of */
    bool is_outer;                          /* needs numbers that the log does not hold (yet) */
    sapa_kpi_fn *value;
};

/** "service_level_3": key and variant as one word, for columns and JSON. At most 40 bytes. */
void sapa_kpi_slug(const struct sapa_kpi *kpi, struct sapa_text *out);

/** The dictionary; *ret_count entries. Static storage. */
const struct sapa_kpi *sapa_kpis(uint32_t *ret_count);
/** By key and variant ("" takes the first of the key); NULL when there is none. */
const struct sapa_kpi *sapa_kpi_find(const char *key, const char *variant);

/** The service level that reports show: variant 1 of the dictionary unless said otherwise. */
int64_t sapa_kpi_service_level(const struct sapa_measures *m);
/** numerator·scale/divisor rounded half up (numbers ≥ 0 or negative numerator); NONE when divisor ≤ 0. */
int64_t sapa_kpi_share(int64_t numerator, int64_t divisor, int64_t scale);

/** A value as people read it: 1234 · 00:01:23 · 83.0 % · 45 · 1.234,50 of money. "–" for NONE. Indonesian writes 83,0 %. */
void sapa_kpi_print(struct sapa_text *out, enum sapa_unit unit, int64_t value,
                    enum sapa_language language);

#endif
