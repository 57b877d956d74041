#include "report/kpi.h"

#include "report/print.h"

/* ---- measures ---- */

#define HOW_SUM false
#define HOW_MAX true

const struct sapa_measure_info *sapa_measure_info(enum sapa_measure measure)
{
    static const struct sapa_measure_info infos[SAPA_M_COUNT] = {
#define X(id, key_, unit_, how, name_id, name_en, text_)                                            \
    [SAPA_M_##id] = { .key = key_, .name = { name_id, name_en }, .text = text_,                    \
                      .unit = SAPA_UNIT_##unit_, .is_max = HOW_##how },
        SAPA_MEASURES(X)
#undef X
    };

    sapa_assert(measure < SAPA_M_COUNT);
    return &infos[measure];
}

void sapa_measures_join(struct sapa_measures *a, const struct sapa_measures *b)
{
    for (unsigned i = 0; i < SAPA_M_COUNT; i++) {
        if (sapa_measure_info(i)->is_max)
            a->of[i] = SAPA_MAX(a->of[i], b->of[i]);
        else
            a->of[i] += b->of[i];
    }
}

unsigned sapa_wait_bucket(uint64_t wait_ms)
{
    static const uint32_t upto_ms[SAPA_WAIT_BUCKETS - 1] = { 10000, 20000, 30000, 60000, 120000, 300000 };
    unsigned bucket = 0;

    while (bucket < SAPA_COUNT(upto_ms) && wait_ms > upto_ms[bucket])
        bucket++;
    return bucket;
}

/* ---- formulas ---- */

enum { MILLION = 1000000 };

int64_t sapa_kpi_share(int64_t numerator, int64_t divisor, int64_t scale)
{
    if (divisor <= 0)
        return SAPA_KPI_NONE;
    /* 128 bits: a year of ten thousand agents in milliseconds, times a million, is more than 64. */
    const __int128 twice = (__int128)numerator * scale * 2 + divisor;
    const __int128 whole = twice / ((__int128)divisor * 2);
    return (int64_t)(twice < 0 && whole * divisor * 2 != twice ? whole - 1 : whole);
}

#define M(id) (m->of[SAPA_M_##id])

/* Abandoned where an agent was wanted: those who left in the menu never reached the line. */
static int64_t abandoned_waiting(const struct sapa_measures *m)
{
    return M(ABANDONED) - M(ABANDONED_MENU);
}

static int64_t decided(const struct sapa_measures *m)
{
    return M(ANSWERED) + abandoned_waiting(m);
}

static int64_t closed_by_all(const struct sapa_measures *m)
{
    return M(BY_CUSTOMER) + M(BY_AGENT) + M(BY_FLOW) + M(BY_NETWORK) + M(BY_SYSTEM);
}

/* Of each stretch of waiting (SAPA_WAITS). */
#define ABANDON_WAIT_RATE(X, id, key, span, words) \
    X(abandon_wait_##id, "abandon_wait_rate", key " (waited " words ")", RATIO, CONTACTS, "Ditinggalkan setelah " span " dtk", "Abandoned after " span " s (share)", \
      "abandoned_wait_" key " / (abandoned_wait_" key " + answered_wait_" key ")", "of those whose wait ended after " words ", the share that left", \
      "no value where no wait ended so; short abandons count, too", M(ABANDONED_WAIT_##id), M(ABANDONED_WAIT_##id) + M(ANSWERED_WAIT_##id), MILLION)

/*  X(fn, key, variant, unit, of, name id, name en, formula, text, edge, numerator, divisor, scale)  */
#define KPIS_OF_LOG(X) \
    X(level_1, "service_level", "1 abandons in threshold count as met", RATIO, CONTACTS, "Tingkat layanan", "Service level", \
      "(answered_in_level + abandoned_in_level) / (answered + abandoned)", \
      "share of those who wanted an agent and were served, or left, within the limit of the queue; abandoned in menus are not meant", "who waits exactly as long as the limit is in time", \
      M(ANSWERED_IN_LEVEL) + M(ABANDONED_IN_LEVEL), decided(m), MILLION) \
    X(level_2, "service_level", "2 answered only", RATIO, CONTACTS, "Tingkat layanan (hanya terjawab)", "Service level (answered only)", \
      "answered_in_level / answered", "hides every abandoned contact: for comparison with systems that show it", "", \
      M(ANSWERED_IN_LEVEL), M(ANSWERED), MILLION) \
    X(level_3, "service_level", "3 all offered", RATIO, CONTACTS, "Tingkat layanan (semua)", "Service level (all)", \
      "answered_in_level / (answered + abandoned)", "the strictest: each abandoned contact counts as missed", "", \
      M(ANSWERED_IN_LEVEL), decided(m), MILLION) \
    X(level_4, "service_level", "4 abandons in threshold ignored", RATIO, CONTACTS, "Tingkat layanan (tanpa yang cepat pergi)", "Service level (early abandons ignored)", \
      "answered_in_level / (answered + abandoned - abandoned_in_level)", "those who left within the limit are left out", "no value when all left early", \
      M(ANSWERED_IN_LEVEL), decided(m) - M(ABANDONED_IN_LEVEL), MILLION) \
    X(level_5, "service_level", "5 short abandons count as met", RATIO, CONTACTS, "Tingkat layanan (singkat terpenuhi)", "Service level (short abandons met)", \
      "(answered_in_level + abandoned_short) / (answered + abandoned)", "only those who left within the short limit count as met", "", \
      M(ANSWERED_IN_LEVEL) + M(ABANDONED_SHORT), decided(m), MILLION) \
    X(level_6, "service_level", "6 short abandons removed", RATIO, CONTACTS, "Tingkat layanan (tanpa singkat)", "Service level (short abandons removed)", \
      "answered_in_level / (answered + abandoned - abandoned_short)", "those who left within the short limit are left out", "", \
      M(ANSWERED_IN_LEVEL), decided(m) - M(ABANDONED_SHORT), MILLION) \
    X(level_ignore, "service_level", "cisco ignore", RATIO, CONTACTS, "Tingkat layanan (Cisco, abaikan)", "Service level (Cisco, ignore)", \
      "answered_in_level / (answered + abandoned - abandoned_in_level)", "the same as variant 4", "", \
      M(ANSWERED_IN_LEVEL), decided(m) - M(ABANDONED_IN_LEVEL), MILLION) \
    X(level_negative, "service_level", "cisco negative", RATIO, CONTACTS, "Tingkat layanan (Cisco, negatif)", "Service level (Cisco, negative)", \
      "answered_in_level / (answered + abandoned)", "the same as variant 3", "", M(ANSWERED_IN_LEVEL), decided(m), MILLION) \
    X(level_positive, "service_level", "cisco positive", RATIO, CONTACTS, "Tingkat layanan (Cisco, positif)", "Service level (Cisco, positive)", \
      "(answered_in_level + abandoned_in_level) / (answered + abandoned)", "the same as variant 1", "", \
      M(ANSWERED_IN_LEVEL) + M(ABANDONED_IN_LEVEL), decided(m), MILLION) \
    X(level_surge, "service_level_surge", "", RATIO, CONTACTS, "Tingkat layanan saat lonjakan", "Service level in surges", \
      "surge_met / surge_decided", "the service level of those alone who came while the surge switch was on", "no value without a surge", \
      M(SURGE_MET), M(SURGE_DECIDED), MILLION) \
    X(level_calm, "service_level_calm", "", RATIO, CONTACTS, "Tingkat layanan di luar lonjakan", "Service level outside surges", \
      "(answered_in_level + abandoned_in_level - surge_met) / (answered + abandoned - surge_decided)", \
      "the service level without those, to compare with", "only in rows in which somebody came in a surge", \
      M(ANSWERED_IN_LEVEL) + M(ABANDONED_IN_LEVEL) - M(SURGE_MET), M(SURGE_DECIDED) ? decided(m) - M(SURGE_DECIDED) : 0, MILLION) \
    X(level_7, "service_level", "7 of all offered", RATIO, CONTACTS, "Tingkat layanan (dari semua masuk)", "Service level (of all offered)", \
      "answered_in_level / (offered - open)", "overflow, callbacks, faults and closed hours count as missed: what callers met, whoever's doing", \
      "contacts whose end is open are left out", M(ANSWERED_IN_LEVEL), M(OFFERED) - M(OPEN), MILLION) \
    X(answer_rate, "answer_rate", "", RATIO, CONTACTS, "Tingkat terjawab", "Answer rate", \
      "answered / (offered - open)", "share of what came in that an agent answered", "contacts whose end is open are left out", \
      M(ANSWERED), M(OFFERED) - M(OPEN), MILLION) \
    X(asa, "asa", "answered only", MS, CONTACTS, "Rata-rata tunggu terjawab", "Average speed of answer", \
      "wait_answered / answered", "from joining the queue to talking, ringing included", "contacts that never waited count with 0", M(WAIT_ANSWERED), M(ANSWERED), 1) \
    X(abandon_all, "abandon_rate", "all", RATIO, CONTACTS, "Tingkat ditinggalkan", "Abandon rate", \
      "abandoned / offered", "menu, queue and ringing together; never faults of the system, callbacks or closed hours. To be read beside system_fault and csat of the same row: more abandons with longer waits and a lower csat say too few agents; more of them within 10 s while csat stays, or with system_drop_rate, say something of ours drops calls", "contacts that are still open are offered and not yet abandoned", \
      M(ABANDONED), M(OFFERED), MILLION) \
    X(abandon_short, "abandon_rate", "short excluded", RATIO, CONTACTS, "Tingkat ditinggalkan (tanpa singkat)", "Abandon rate (short ones apart)", \
      "(abandoned - abandoned_short) / (offered - abandoned_short)", "those who left within the short limit are left out", "", \
      M(ABANDONED) - M(ABANDONED_SHORT), M(OFFERED) - M(ABANDONED_SHORT), MILLION) \
    SAPA_WAITS(ABANDON_WAIT_RATE, X) \
    X(abandon_menu, "abandon_rate", "menu", RATIO, ARRIVALS, "Ditinggalkan di menu", "Abandon rate in menus", \
      "abandoned_menu / offered", "before any queue", "", M(ABANDONED_MENU), M(OFFERED), MILLION) \
    X(abandon_queue, "abandon_rate", "queue", RATIO, CONTACTS, "Ditinggalkan di antrean", "Abandon rate in queues", \
      "abandoned_queue / offered", "while waiting, no phone ringing", "", M(ABANDONED_QUEUE), M(OFFERED), MILLION) \
    X(abandon_ringing, "abandon_rate", "ringing", RATIO, CONTACTS, "Ditinggalkan saat berdering", "Abandon rate while ringing", \
      "abandoned_ringing / offered", "while an agent's phone rang: nobody took it in time", "", M(ABANDONED_RINGING), M(OFFERED), MILLION) \
    X(wait_abandoned, "abandon_wait", "", MS, CONTACTS, "Rata-rata tunggu ditinggalkan", "Average wait of abandoned", \
      "wait_abandoned / (abandoned - abandoned_menu)", "patience, as far as it was tried", "", M(WAIT_ABANDONED), abandoned_waiting(m), 1) \
    X(aht, "aht", "", MS, BOTH, "Rata-rata waktu penanganan", "Average handling time", \
      "(talk + hold + wrapup) / handled", "per agent's part: a contact that two agents served has two; calls among colleagues are apart", "talk and wrap-up that go on count with the part: the mean settles when wrap-up ends", \
      M(TALK) + M(HOLD) + M(WRAPUP), M(HANDLED), 1) \
    X(talk_mean, "talk_mean", "", MS, BOTH, "Rata-rata bicara", "Average talk", "talk / handled", "hold not counted", "", M(TALK), M(HANDLED), 1) \
    X(wrapup_mean, "wrapup_mean", "", MS, BOTH, "Rata-rata pasca-panggilan", "Average wrap-up", "wrapup / handled", "", "", M(WRAPUP), M(HANDLED), 1) \
    X(hold_mean, "hold_mean", "", MS, BOTH, "Rata-rata tahan", "Average hold", "hold / handled", "over all parts, also those without hold", "", M(HOLD), M(HANDLED), 1) \
    X(transfer_rate, "transfer_rate", "", RATIO, BOTH, "Tingkat pengalihan", "Transfer rate", "transfers / handled", \
      "share of parts at whose end the agent passed the contact on, blind or after asking", \
      "what the flow moves on, and who waits again after a fault, is none", M(TRANSFERS), M(HANDLED), MILLION) \
    X(transfer_asked, "transfer_asked_rate", "", RATIO, BOTH, "Alihan dengan tanya", "Transfers asked before", "transfers_asked / transfers", \
      "share of the transfers before which the agent asked whom he passed it to", "", M(TRANSFERS_ASKED), M(TRANSFERS), MILLION) \
    X(transfer_lost, "transfer_lost_rate", "", RATIO, CONTACTS, "Alihan yang hilang", "Transfers lost (share)", \
      "transfers_lost / (transfers - transfers_open)", "share of the transfers whose contact ended before anybody took it", \
      "those on the way are left out", M(TRANSFERS_LOST), M(TRANSFERS) - M(TRANSFERS_OPEN), MILLION) \
    X(solved_rate, "solved_rate", "", RATIO, BOTH, "Tingkat tuntas", "Solved (share)", "solved / handled", \
      "share of parts that were wrapped up as solved", "parts without a result, and those still in wrap-up, count as not solved", M(SOLVED), M(HANDLED), MILLION) \
    X(outbound_rate, "outbound_reach_rate", "", RATIO, ARRIVALS, "Keluar tersambung (bagian)", "Outbound reached (share)", \
      "outbound_reached / (outbound - outbound_open - outbound_passed)", "share of the calls placed outward that came to a conversation", \
      "calls handed over while they rang, and those that go on, are left out", M(OUTBOUND_REACHED), M(OUTBOUND) - M(OUTBOUND_OPEN) - M(OUTBOUND_PASSED), MILLION) \
    X(agent_reach, "reach_rate", "", RATIO, AGENTS, "Tersambung (bagian)", "Calls reached (share)", "calls_reached / calls_placed", \
      "share of the calls that the agent placed outward that came to a conversation", "a call that still rings counts as not reached", M(CALLS_REACHED), M(CALLS_PLACED), MILLION) \
    X(outbound_talk, "outbound_talk_mean", "", MS, CALLERS, "Rata-rata bicara keluar", "Average outbound talk", "outbound_talk / outbound_handled", \
      "hold not counted", "", M(OUTBOUND_TALK), M(OUTBOUND_HANDLED), 1) \
    X(callback_kept, "callback_kept_rate", "", RATIO, QUEUES, "Telepon balik tersambung", "Callbacks reached", \
      "callbacks_answered / (callbacks_queued - callbacks_open)", "share of the callbacks that came to a conversation", \
      "those still in the line are left out", M(CALLBACKS_ANSWERED), M(CALLBACKS_QUEUED) - M(CALLBACKS_OPEN), MILLION) \
    X(cost_call, "cost_per_call", "", MONEY, ARRIVALS, "Biaya per panggilan", "Cost per call", "cost / charged_calls", \
      "of the customers' lines that have a tariff", "numbers without a tariff are left out", M(COST), M(CHARGED_CALLS), 1) \
    X(cost_answered, "cost_per_answered", "", MONEY, ARRIVALS, "Biaya per terjawab", "Cost per answered", "cost / answered", \
      "what the lines cost for each contact that an agent answered", "", M(COST), M(ANSWERED), 1) \
    X(cost_outbound, "cost_per_outbound", "", MONEY, LINES, "Biaya per panggilan keluar", "Cost per outbound call", "outbound_cost / outbound_charged_calls", \
      "of the answered lines that we placed over a trunk that has a tariff", "trunks without a tariff are left out", M(OUTBOUND_COST), M(OUTBOUND_CHARGED_CALLS), 1) \
    X(cost_handled, "cost_per_outbound_handled", "", MONEY, ARRIVALS, "Biaya per panggilan keluar, dengan agen", "Cost per outbound call, agents included", \
      "(outbound_cost + outbound_agent_cost) / outbound_handled", "lines and the agents' time, for each call placed outward that came to a conversation", \
      "agents without cost_hour and trunks without a tariff cost nothing here", M(OUTBOUND_COST) + M(OUTBOUND_AGENT_COST), M(OUTBOUND_HANDLED), 1) \
    X(containment, "containment", "", RATIO, ARRIVALS, "Selesai tanpa agen", "Containment", \
      "contained / (offered - closed - refused)", "share of those let in whom the menu served", "open contacts count as not contained yet", \
      M(CONTAINED), M(OFFERED) - M(CLOSED) - M(REFUSED), MILLION) \
    X(system_drops, "system_drop_rate", "", RATIO, ARRIVALS, "Terputus oleh sistem", "Ended by a fault of ours", \
      "by_system / all closed", "whoever it hit, talking or waiting; network faults are apart. They are never among the abandoned: beside csat of the same row they say what they did to customers", "who was dropped before an agent talked is asked nothing: csat is that of the others", M(BY_SYSTEM), closed_by_all(m), MILLION) \
    X(network_drops, "network_drop_rate", "", RATIO, ARRIVALS, "Terputus oleh jaringan", "Ended by the network", \
      "by_network / all closed", "carrier or internet", "", M(BY_NETWORK), closed_by_all(m), MILLION) \
    X(recorded, "recorded_share", "", RATIO, CONTACTS, "Terekam", "Recorded", \
      "(recorded + masked) / (conversation - excluded)", "of the time that policy says must be recorded; whole is 100 %", "no value when policy asks for no recording", \
      M(RECORDED) + M(MASKED), M(CONVERSATION) - M(EXCLUDED), MILLION) \
    X(mos, "mos", "", POINTS, CONTACTS, "Mutu suara (MOS)", "Voice quality (MOS)", "mos_sum / legs", "mean over measured legs, 1 to 4.5", "", \
      M(MOS_SUM), M(LEGS), MILLION / 100) \
    X(occupancy, "occupancy", "COPC", RATIO, AGENTS, "Okupansi", "Occupancy", \
      "handling / (handling + ringing + idle)", "handling is talk, hold, wrap-up and calls among colleagues, whatever overlaps counted once; not ready is left out", "with several contacts at once at most 100 %", \
      M(HANDLING), M(HANDLING) + M(RINGING) + M(IDLE), MILLION) \
    X(adherence, "adherence", "", RATIO, AGENTS, "Kepatuhan jadwal", "Adherence", "in_schedule / scheduled", \
      "the right time: share of the planned time in which the agent did the kind of thing that was planned", \
      "no value without a plan; a contact that goes on into a planned break is not in the schedule, nor is the break that is taken later: the day of the agent says which is which", \
      M(IN_SCHEDULE), M(SCHEDULED), MILLION) \
    X(conformance, "conformance", "", RATIO, AGENTS, "Kesesuaian jam", "Conformance", "worked / scheduled_work", \
      "the right amount of time, whenever it was", "no value without a plan; more than planned is more than 100 %", \
      M(WORKED), M(SCHEDULED_WORK), MILLION) \
    X(availability, "availability", "", RATIO, AGENTS, "Ketersediaan", "Availability", "ready / logged_in", \
      "share of the time at work in presence ready, busy or not", "", M(READY), M(LOGGED_IN), MILLION) \
    X(utilisation_in, "utilisation", "logged in", RATIO, AGENTS, "Utilisasi (jam masuk)", "Utilisation (logged in)", "handling / logged_in", \
      "share of the time at work that went into contacts, breaks included", "work after logging out may exceed 100 %", M(HANDLING), M(LOGGED_IN), MILLION) \
    X(accept_rate, "accept_rate", "", RATIO, BOTH, "Tawaran diterima", "Offers accepted", \
      "offers_accepted / (offers - offers_gone - offers_open)", "callers who hung up meanwhile are not held against the agent", "phones that ring now are left out", \
      M(OFFERS_ACCEPTED), M(OFFERS) - M(OFFERS_GONE) - M(OFFERS_OPEN), MILLION) \
    X(nps, "nps", "", POINTS, BOTH, "NPS", "NPS", "(promoters - detractors) / surveys_10 x 100", "9-10 less 0-6, -100 to 100", "may be negative; questions of another scale are no part of it", \
      M(PROMOTERS) - M(DETRACTORS), M(SURVEYS_10), (int64_t)MILLION * 100) \
    X(csat, "csat", "top-2 box", RATIO, BOTH, "Kepuasan", "Satisfaction", "top_two / surveys_5", "answers 4 and 5 of 1 to 5", "questions of another scale are no part of it", \
      M(TOP_TWO), M(SURVEYS_5), MILLION) \
    X(ces, "ces", "mean of 1-7", POINTS, BOTH, "Usaha pelanggan", "Customer effort", "effort_sum / surveys_7", "mean answer", "questions of another scale are no part of it", \
      M(EFFORT_SUM), M(SURVEYS_7), MILLION)

#define KPIS_OUTER(X) \
    X(utilisation, "utilisation", "paid time", RATIO, AGENTS, "Utilisasi", "Utilisation", \
      "(handling + productive_other) / paid", "of paid time", "", M(HANDLING) + M(PRODUCTIVE_OTHER), M(PAID), MILLION) \
    X(shrinkage, "shrinkage", "", RATIO, CONTACTS, "Penyusutan", "Shrinkage", "1 - available / paid", "paid but not available", "", \
      M(PAID) - M(AVAILABLE), M(PAID), MILLION) \
    X(fcr, "fcr", "customers resolved on first contact", RATIO, CONTACTS, "Selesai kontak pertama", "First contact resolution", \
      "first_time / customers", "", "", M(FIRST_TIME), M(CUSTOMERS), MILLION) \
    X(contact_rate, "contact_rate", "per attempt", RATIO, CONTACTS, "Terhubung", "Contact rate", "live / attempts", "", "", M(LIVE), M(ATTEMPTS), MILLION) \
    X(rpc, "rpc_rate", "of contacts", RATIO, CONTACTS, "Orang tepat", "Right party", "right_party / live", "", "", M(RIGHT_PARTY), M(LIVE), MILLION) \
    X(ptp, "ptp_rate", "of RPC", RATIO, CONTACTS, "Janji bayar", "Promise rate", "promises / right_party", "", "", M(PROMISES), M(RIGHT_PARTY), MILLION) \
    X(ptp_kept, "ptp_kept_rate", "count", RATIO, CONTACTS, "Janji ditepati", "Promises kept", "promises_kept / promises_due", "", "", \
      M(PROMISES_KEPT), M(PROMISES_DUE), MILLION) \
    X(penetration, "list_penetration", "", RATIO, CONTACTS, "Daftar tersentuh", "List penetration", "leads_tried / leads", "", "", \
      M(LEADS_TRIED), M(LEADS), MILLION) \
    X(drop_us, "dialer_abandon_rate", "US TSR", RATIO, CONTACTS, "Panggilan terputus (AS)", "Dropped calls (US)", \
      "drops / person_answered", "16 CFR 310.4(b)(4): at most three percent per campaign and thirty days", "", M(DROPS), M(PERSON_ANSWERED), MILLION) \
    X(drop_uk, "dialer_abandon_rate", "UK AMD-adjusted", RATIO, CONTACTS, "Panggilan terputus (Inggris)", "Dropped calls (UK)", \
      "d(1 - m) / (h + d(1 - m)), m = machines / (humans + machines)", "drops less those that were machines; equals d / (h + machines + d)", "", \
      M(DROPS), M(HUMANS) + M(MACHINES) + M(DROPS), MILLION)

#define KPIS(X) KPIS_OF_LOG(X) KPIS_OUTER(X)

#define X(fn, key, variant, unit, of, name_id, name_en, formula, text, edge, numerator, divisor, scale) \
    static int64_t fn(const struct sapa_measures *m)                                          \
    {                                                                                         \
        return sapa_kpi_share((numerator), (divisor), (scale));                               \
    }
KPIS(X)
#undef X

static const struct sapa_kpi kpis[] = {
#define ENTRY(outer, fn, key_, variant_, unit_, of_, name_id, name_en, formula_, text_, edge_)         \
    { .key = key_, .variant = variant_, .name = { name_id, name_en }, .formula = formula_,             \
      .text = text_, .edge = edge_, .unit = SAPA_UNIT_##unit_, .of = SAPA_KPI_OF_##of_, .is_outer = outer, .value = fn },
#define X(fn, key, variant, unit, of, name_id, name_en, formula, text, edge, numerator, divisor, scale) \
    ENTRY(false, fn, key, variant, unit, of, name_id, name_en, formula, text, edge)
    KPIS_OF_LOG(X)
#undef X
#define X(fn, key, variant, unit, of, name_id, name_en, formula, text, edge, numerator, divisor, scale) \
    ENTRY(true, fn, key, variant, unit, of, name_id, name_en, formula, text, edge)
    KPIS_OUTER(X)
#undef X
};

const struct sapa_kpi *sapa_kpis(uint32_t *ret_count)
{
    *ret_count = SAPA_COUNT(kpis);
    return kpis;
}

const struct sapa_kpi *sapa_kpi_find(const char *key, const char *variant)
{
    for (size_t i = 0; i < SAPA_COUNT(kpis); i++)
        if (strcmp(kpis[i].key, key) == 0 && (!variant[0] || strcmp(kpis[i].variant, variant) == 0))
            return &kpis[i];
    return NULL;
}

void sapa_kpi_slug(const struct sapa_kpi *kpi, struct sapa_text *out)
{
    const char *end = kpi->variant;

    sapa_text_add(out, sapa_str_of(kpi->key));
    if (sapa_kpi_find(kpi->key, "") == kpi && !(kpi->variant[0] >= '0' && kpi->variant[0] <= '9'))
        return;
    while (*end && *end != ' ')
        end++;
    sapa_text_char(out, '_');
    if (strcmp(kpi->key, "service_level") == 0 && *kpi->variant == 'c') { /* three of the same maker */
        sapa_text_add(out, sapa_str_of("cisco_"));
        sapa_text_add(out, sapa_str_of(end + 1));
        return;
    }
    for (const char *p = kpi->variant; p < end; p++)
        sapa_text_char(out, *p >= 'A' && *p <= 'Z' ? (char)(*p - 'A' + 'a') : *p);
}

int64_t sapa_kpi_service_level(const struct sapa_measures *m)
{
    return level_1(m);
}

/* ---- for people ---- */

/* A number with `decimals` digits behind the point, given as a whole. */
static void print_decimal(struct sapa_text *out, int64_t value, unsigned decimals, char point)
{
    static const int64_t powers[] = { 1, 10, 100, 1000 };
    const bool negative = value < 0;
    const int64_t size = negative ? -value : value;

    if (negative)
        sapa_text_char(out, '-');
    sapa_text_printf(out, "%lld", (long long)(size / powers[decimals]));
    if (decimals > 0)
        sapa_text_printf(out, "%c%0*lld", point, (int)decimals, (long long)(size % powers[decimals]));
}

/* 1.234.567 or 1,234,567; hundredths only where there are any. */
static void print_money(struct sapa_text *out, int64_t value, enum sapa_language language)
{
    const char point = language == SAPA_LANGUAGE_ID ? ',' : '.', group = language == SAPA_LANGUAGE_ID ? '.' : ',';
    const uint64_t size = value < 0 ? -(uint64_t)value : (uint64_t)value;
    char digits[24];
    struct sapa_text whole;

    sapa_text_init(&whole, digits, sizeof(digits));
    sapa_text_printf(&whole, "%llu", (unsigned long long)(size / 100));
    if (value < 0)
        sapa_text_char(out, '-');
    for (size_t i = 0; i < whole.n; i++) {
        if (i > 0 && (whole.n - i) % 3 == 0)
            sapa_text_char(out, group);
        sapa_text_char(out, digits[i]);
    }
    if (size % 100 != 0)
        sapa_text_printf(out, "%c%02u", point, (unsigned)(size % 100));
}

void sapa_kpi_print(struct sapa_text *out, enum sapa_unit unit, int64_t value,
                    enum sapa_language language)
{
    const char point = language == SAPA_LANGUAGE_ID ? ',' : '.';

    if (value == SAPA_KPI_NONE) {
        sapa_text_add(out, SAPA_STR("–"));
        return;
    }
    switch (unit) {
    case SAPA_UNIT_COUNT: sapa_text_printf(out, "%lld", (long long)value); break;
    case SAPA_UNIT_MS: sapa_print_ms(out, value); break;
    case SAPA_UNIT_RATIO:
        print_decimal(out, sapa_kpi_share(value, 1000, 1), 1, point);
        sapa_text_add(out, SAPA_STR(" %"));
        break;
    case SAPA_UNIT_MONEY: print_money(out, value, language); break;
    case SAPA_UNIT_MOMENT: break; /* needs a zone: whoever prints rows has it */
    case SAPA_UNIT_POINTS:
        if (value % MILLION == 0)
            print_decimal(out, value / MILLION, 0, point);
        else
            print_decimal(out, sapa_kpi_share(value, 10000, 1), 2, point);
        break;
    }
}
