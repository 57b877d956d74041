#include "report/why.h"

#include "model/flow.h"
#include "report/kpi.h"
#include "report/print.h"
#include "report/text_impl.h"
#include "report/words.h"

bool sapa_why_read(struct sapa_reader *reader, struct sapa_why_entry *ret_entry)
{
    if (sapa_reader_left(reader) == 0)
        return false;
    const uint64_t agent = sapa_get_u64(reader);
    const uint64_t why = sapa_get_u64(reader);
    struct sapa_why_entry entry = { .agent = (uint32_t)agent, .why = (uint32_t)why };
    entry.a = sapa_get_u64(reader);
    entry.b = sapa_get_u64(reader);
    if (reader->bad || agent > UINT32_MAX || why >= SAPA_WHY_COUNT)
        return false;
    *ret_entry = entry;
    return true;
}

/* ---- names and numbers in a sentence ---- */

static bool is_id(const struct sapa_why_words *words)
{
    return words->language == SAPA_LANGUAGE_ID;
}

static void put_agent(const struct sapa_why_words *words, uint64_t index, struct sapa_text *out)
{
    const struct sapa_centre *centre = words->centre;

    if (!centre || index >= centre->agents_count)
        sapa_text_printf(out, is_id(words) ? "agen %llu" : "agent %llu", (unsigned long long)index);
    else
        sapa_text_add(out, centre->agents[index].name.n > 0 ? centre->agents[index].name
                                                            : centre->agents[index].key);
}

static void put_queue(const struct sapa_why_words *words, uint64_t index, struct sapa_text *out)
{
    const struct sapa_centre *centre = words->centre;

    if (!centre || index >= centre->queues_count)
        sapa_text_printf(out, is_id(words) ? "antrean %llu" : "queue %llu", (unsigned long long)index);
    else
        sapa_text_add(out, centre->queues[index].name.n > 0 ? centre->queues[index].name
                                                            : centre->queues[index].key);
}

static void put_number(const struct sapa_why_words *words, uint64_t index, struct sapa_text *out)
{
    const struct sapa_centre *centre = words->centre;

    if (!centre || index >= centre->numbers_count)
        sapa_text_printf(out, is_id(words) ? "nomor %llu" : "number %llu", (unsigned long long)index);
    else
        sapa_text_printf(out, is_id(words) ? "nomor " SAPA_STR_FMT : "number " SAPA_STR_FMT, SAPA_STR_ARG(centre->numbers[index].key));
}

/* Where an agent calls or passes a contact on to. */
static void put_target(const struct sapa_why_words *words, uint64_t kind, uint64_t target, struct sapa_text *out)
{
    switch (kind) {
    case SAPA_TARGET_QUEUE:
        sapa_text_add(out, is_id(words) ? SAPA_STR("antrean ") : SAPA_STR("the queue "));
        put_queue(words, target, out);
        break;
    case SAPA_TARGET_NUMBER: put_number(words, target, out); break;
    case SAPA_TARGET_AGENT: put_agent(words, target, out); break;
    default: sapa_text_add(out, is_id(words) ? SAPA_STR("nomor luar") : SAPA_STR("an outside number")); break;
    }
}

static void put_skill(const struct sapa_why_words *words, uint64_t index, struct sapa_text *out)
{
    const struct sapa_centre *centre = words->centre;

    if (!centre || index >= centre->skills_count)
        sapa_text_printf(out, is_id(words) ? "keahlian %llu" : "skill %llu", (unsigned long long)index);
    else
        sapa_text_add(out, centre->skills[index].key);
}

/* Whole seconds, rounded up: "0 s left" would be a lie. */
static void put_left(const struct sapa_why_words *words, uint64_t ms, struct sapa_text *out)
{
    sapa_text_printf(out, is_id(words) ? ", sisa %llu dtk" : ", %llu s left",
                     (unsigned long long)(ms / 1000 + (ms % 1000 != 0)));
}

/* The level that the step asks of this skill; 0 when the description does not say. */
static unsigned level_needed(const struct sapa_why_words *words, const struct sapa_rec_why *why, uint64_t skill)
{
    const struct sapa_centre *centre = words->centre;

    if (!centre || why->queue >= centre->queues_count)
        return 0;
    const struct sapa_queue *queue = &centre->queues[why->queue];
    if (why->step >= queue->step_count || why->step >= SAPA_STEPS_MAX)
        return 0;
    const struct sapa_step *step = &queue->steps[why->step];
    for (unsigned i = 0; i < step->need_count && i < SAPA_NEEDS_MAX; i++)
        if (step->needs[i].skill == skill)
            return step->needs[i].level_min;
    return 0;
}

static void put_numbers(const struct sapa_rec_why *why, const struct sapa_why_entry *entry,
                        const struct sapa_why_words *words, struct sapa_text *out)
{
    const bool id = is_id(words);
    unsigned needed;

    switch ((enum sapa_why)entry->why) {
    case SAPA_WHY_WRAPUP:
    case SAPA_WHY_OFFERED:
    case SAPA_WHY_JUST_REFUSED:
        if (entry->a > 0)
            put_left(words, entry->a, out);
        break;
    case SAPA_WHY_PREFERRED:
        sapa_text_char(out, ' ');
        put_agent(words, entry->a, out);
        if (entry->b > 0)
            put_left(words, entry->b, out);
        break;
    case SAPA_WHY_SKILL:
        needed = level_needed(words, why, entry->a);
        sapa_text_add(out, id ? SAPA_STR("keahlian ") : SAPA_STR("skill "));
        put_skill(words, entry->a, out);
        sapa_text_printf(out, " %llu", (unsigned long long)entry->b);
        if (needed > 0)
            sapa_text_printf(out, " < %u", needed);
        break;
    case SAPA_WHY_BUSY:
    case SAPA_WHY_CAPACITY:
    case SAPA_WHY_INTERRUPT:
        if (entry->a < SAPA_CHANNEL_COUNT)
            sapa_text_printf(out, " (%s)", sapa_word_channel((unsigned)entry->a, words->language));
        break;
    default: break;
    }
}

/* Several agents who were passed over for the very same reason share a sentence. */
static void put_entries(const struct sapa_rec_why *why, const struct sapa_why_entry *entries, size_t count,
                        const struct sapa_why_words *words, struct sapa_text *out)
{
    const bool id = is_id(words);
    const struct sapa_why_entry *entry = &entries[0];

    if (entry->why == SAPA_WHY_AHEAD) {
        sapa_text_printf(out, id ? "%llu kontak di depannya" : entry->a == 1 ? "%llu contact ahead in the line"
                                                                             : "%llu contacts ahead in the line",
                         (unsigned long long)entry->a);
        return;
    }
    if (entry->agent != SAPA_NONE) {
        for (size_t i = 0; i < count; i++) {
            if (i > 0)
                sapa_text_add(out, SAPA_STR(", "));
            put_agent(words, entries[i].agent, out);
        }
        if (entry->why != SAPA_WHY_CHOSEN)
            sapa_text_add(out, id ? SAPA_STR(" dilewati: ") : SAPA_STR(" skipped: "));
        else
            sapa_text_char(out, ' ');
    }
    if (entry->why != SAPA_WHY_SKILL)
        sapa_text_add(out, sapa_str_of(sapa_word_why(entry->why, words->language)));
    put_numbers(why, entry, words, out);
}

void sapa_why_entry_print(const struct sapa_rec_why *why, const struct sapa_why_entry *entry,
                          const struct sapa_why_words *words, struct sapa_text *out)
{
    put_entries(why, entry, 1, words, out);
}

static bool is_same_reason(const struct sapa_why_entry *a, const struct sapa_why_entry *b)
{
    return a->why == b->why && a->a == b->a && a->b == b->b && a->agent != SAPA_NONE && b->agent != SAPA_NONE
        && a->why != SAPA_WHY_CHOSEN;
}

/* ---- the story of a contact ---- */

void sapa_story_init(struct sapa_story *story, uint64_t contact, const struct sapa_why_words *words,
                     const struct sapa_zone *zone)
{
    *story = (struct sapa_story){ .words = *words, .zone = zone, .contact = contact };
}

/* "10:15:03  +0:41  ": the wall clock and the time since arrival. */
static void put_time(const struct sapa_story *story, int64_t at_us, struct sapa_text *out)
{
    const struct sapa_civil civil = sapa_zone_civil(story->zone, at_us / 1000000);
    const int64_t since_ms = story->began_us ? (at_us - story->began_us) / 1000 : 0;

    sapa_text_printf(out, "%02u:%02u:%02u  +%02lld:%02lld  ", civil.hour, civil.minute, civil.second,
                     (long long)(since_ms / 60000), (long long)(since_ms / 1000 % 60));
}

static void put_ms(struct sapa_text *out, uint64_t ms)
{
    sapa_print_ms(out, (int64_t)SAPA_MIN(ms, (uint64_t)INT64_MAX / 2));
}

/* The step in force and since when: "step 2 at 00:41". */
static void put_step(const struct sapa_story *story, const struct sapa_rec_why *why, struct sapa_text *out)
{
    const struct sapa_centre *centre = story->words.centre;

    sapa_text_printf(out, is_id(&story->words) ? "langkah %llu" : "step %llu", (unsigned long long)why->step + 1);
    if (!centre || why->queue >= centre->queues_count || why->step == 0
        || why->step >= centre->queues[why->queue].step_count)
        return;
    const uint32_t after_ms = centre->queues[why->queue].steps[why->step].after_ms;
    sapa_text_printf(out, is_id(&story->words) ? " sejak %02u:%02u" : " at %02u:%02u", after_ms / 60000,
                     after_ms / 1000 % 60);
}

static void put_why(const struct sapa_story *story, const struct sapa_rec_why *why, struct sapa_text *out)
{
    const bool id = is_id(&story->words);
    struct sapa_reader reader = sapa_reader_of(why->reasons.p, why->reasons.n);
    struct sapa_why_entry entries[64], group[64]; /* the blob has room for 64 at most */
    size_t count = 0;

    sapa_text_add(out, why->offer ? (id ? SAPA_STR("Mengapa ditawarkan: ") : SAPA_STR("Why offered: "))
                                  : (id ? SAPA_STR("Menunggu: ") : SAPA_STR("Waits: ")));
    while (count < SAPA_COUNT(entries) && sapa_why_read(&reader, &entries[count]))
        count++;
    while (count > 0) {
        const struct sapa_why_entry first = entries[0];
        size_t grouped = 0, left = 0;
        for (size_t i = 0; i < count; i++) {
            if (i == 0 || is_same_reason(&first, &entries[i]))
                group[grouped++] = entries[i];
            else
                entries[left++] = entries[i];
        }
        count = left;
        put_entries(why, group, grouped, &story->words, out);
        sapa_text_add(out, SAPA_STR("; "));
    }
    put_step(story, why, out);
}

/* Where the caller went in a menu, and by which key. Nodes that he does not notice are left out. */
static bool put_flow_step(const struct sapa_why_words *words, const struct sapa_rec_flow_step *step, struct sapa_text *out)
{
    const struct sapa_centre *centre = words->centre;

    if (!centre || step->flow >= centre->flows_count || step->node >= centre->flows[step->flow].nodes_count)
        return false;
    const struct sapa_flow *flow = &centre->flows[step->flow];
    const struct sapa_flow_node *node = &flow->nodes[step->node];
    const bool asks = node->kind == SAPA_NODE_SAY || node->kind == SAPA_NODE_MENU || node->kind == SAPA_NODE_COLLECT || node->kind == SAPA_NODE_LOOKUP
                      || node->kind == SAPA_NODE_VOICEMAIL || node->kind == SAPA_NODE_RECORD || node->kind == SAPA_NODE_CALLBACK
                      || node->kind == SAPA_NODE_ONCALL || node->kind == SAPA_NODE_TRANSFER;
    if (!asks && step->via == 0)
        return false;
    if (step->via != 0)
        sapa_text_printf(out, is_id(words) ? "Tombol %c: " : "Key %c: ", (char)step->via);
    sapa_text_printf(out, "menu " SAPA_STR_FMT ", " SAPA_STR_FMT, SAPA_STR_ARG(flow->key), SAPA_STR_ARG(node->key));
    return true;
}

/* What a line shows of one record; false for records that say nothing to a person. */
static bool put_record(const struct sapa_story *story, const struct sapa_record *record, struct sapa_text *out)
{
    const struct sapa_why_words *words = &story->words;
    const enum sapa_language language = words->language;
    const bool id = is_id(words);
    const struct sapa_centre *centre = words->centre;

    switch (record->type) {
    case SAPA_T_contact_new:
        if (record->u.contact_new.direction == SAPA_DIRECTION_OUTBOUND)
            sapa_text_add(out, id ? SAPA_STR("Panggilan keluar, tampil") : SAPA_STR("Call outward, shown"));
        else if (record->u.contact_new.direction == SAPA_DIRECTION_INTERNAL)
            sapa_text_add(out, id ? SAPA_STR("Panggilan internal") : SAPA_STR("Call among colleagues"));
        else
            sapa_text_add(out, id ? SAPA_STR("Masuk") : SAPA_STR("Arrived"));
        if (centre && record->u.contact_new.number < centre->numbers_count)
            sapa_text_printf(out, id ? " di nomor " SAPA_STR_FMT : " on number " SAPA_STR_FMT,
                             SAPA_STR_ARG(centre->numbers[record->u.contact_new.number].key));
        if (centre && record->u.contact_new.client < centre->clients_count)
            sapa_text_printf(out, " (" SAPA_STR_FMT ")",
                             SAPA_STR_ARG(centre->clients[record->u.contact_new.client].name));
        return true;
    case SAPA_T_flow_step: return put_flow_step(words, &record->u.flow_step, out);
    case SAPA_T_contact_queued:
        sapa_text_add(out, id ? SAPA_STR("Masuk antrean ") : SAPA_STR("Joined the queue "));
        put_queue(words, record->u.contact_queued.queue, out);
        sapa_text_printf(out, id ? ", urutan %llu" : ", place %llu",
                         (unsigned long long)record->u.contact_queued.position);
        if (record->u.contact_queued.ewt_p50_ms == SAPA_NONE) {
            sapa_text_add(out, id ? SAPA_STR(", perkiraan tunggu tidak diketahui")
                                  : SAPA_STR(", expected wait unknown"));
        } else if (record->u.contact_queued.ewt_p50_ms != 0) {
            sapa_text_add(out, id ? SAPA_STR(", perkiraan tunggu ") : SAPA_STR(", expected wait "));
            put_ms(out, record->u.contact_queued.ewt_p50_ms);
            sapa_text_add(out, id ? SAPA_STR(" sampai ") : SAPA_STR(" to "));
            put_ms(out, record->u.contact_queued.ewt_p90_ms);
        }
        if (record->u.contact_queued.virtual_waiter)
            sapa_text_add(out, id ? SAPA_STR(", sebagai telepon balik") : SAPA_STR(", as a callback"));
        return true;
    case SAPA_T_contact_dequeued:
        sapa_text_add(out, id ? SAPA_STR("Keluar dari ") : SAPA_STR("Left "));
        put_queue(words, record->u.contact_dequeued.queue, out);
        sapa_text_printf(out, ": %s, ", sapa_word_dequeue((unsigned)record->u.contact_dequeued.reason, language));
        sapa_text_add(out, id ? SAPA_STR("tunggu ") : SAPA_STR("waited "));
        put_ms(out, record->u.contact_dequeued.wait_ms);
        return true;
    case SAPA_T_offer_made:
        if (record->u.offer_made.kind == 2)
            sapa_text_add(out, id ? SAPA_STR("Ditelepon oleh ") : SAPA_STR("Placed by "));
        else if (record->u.offer_made.kind == 3)
            sapa_text_add(out, id ? SAPA_STR("Menelepon rekan ") : SAPA_STR("Calls the colleague "));
        else
            sapa_text_add(out, id ? SAPA_STR("Ditawarkan kepada ") : SAPA_STR("Offered to "));
        put_agent(words, record->u.offer_made.agent, out);
        return true;
    case SAPA_T_offer_ended:
        put_agent(words, record->u.offer_ended.agent, out);
        sapa_text_printf(out, ": %s, ", sapa_word_offer((unsigned)record->u.offer_ended.result, language));
        sapa_text_add(out, id ? SAPA_STR("berdering ") : SAPA_STR("rang "));
        put_ms(out, record->u.offer_ended.ring_ms);
        return true;
    case SAPA_T_contact_connected:
        sapa_text_add(out, id ? SAPA_STR("Bicara dengan ") : SAPA_STR("Talks with "));
        put_agent(words, record->u.contact_connected.agent, out);
        if (record->u.contact_connected.queue == SAPA_NONE && record->u.contact_connected.wait_ms == 0)
            return true; /* a call of an agent: nobody has waited */
        sapa_text_add(out, id ? SAPA_STR(" setelah menunggu ") : SAPA_STR(" after waiting "));
        put_ms(out, record->u.contact_connected.wait_ms);
        return true;
    case SAPA_T_hold_changed:
        sapa_text_add(out, record->u.hold_changed.on ? (id ? SAPA_STR("Ditahan") : SAPA_STR("On hold"))
                                                     : (id ? SAPA_STR("Kembali dari tahan") : SAPA_STR("Back from hold")));
        return true;
    case SAPA_T_contact_parted:
        put_agent(words, record->u.contact_parted.agent, out);
        sapa_text_add(out, id ? SAPA_STR(" selesai, bicara ") : SAPA_STR(" is done, talked "));
        put_ms(out, record->u.contact_parted.talk_ms);
        if (record->u.contact_parted.hold_ms > 0) {
            sapa_text_add(out, id ? SAPA_STR(", tahan ") : SAPA_STR(", held "));
            put_ms(out, record->u.contact_parted.hold_ms);
        }
        sapa_text_printf(out, id ? ", diakhiri %s" : ", ended by %s",
                         sapa_word_side((unsigned)record->u.contact_parted.side, language));
        return true;
    case SAPA_T_wrapup_ended:
        sapa_text_add(out, id ? SAPA_STR("Wrap-up selesai: ") : SAPA_STR("Wrap-up over: "));
        put_agent(words, record->u.wrapup_ended.agent, out);
        sapa_text_add(out, SAPA_STR(", "));
        put_ms(out, record->u.wrapup_ended.wrapup_ms);
        if (centre && record->u.wrapup_ended.disposition < centre->dispositions_count)
            sapa_text_printf(out, ", " SAPA_STR_FMT,
                             SAPA_STR_ARG(centre->dispositions[record->u.wrapup_ended.disposition].name[language]));
        return true;
    case SAPA_T_callback_changed:
        sapa_text_printf(out, id ? "Telepon balik: %s" : "Callback: %s",
                         sapa_word_callback((unsigned)record->u.callback_changed.state, language));
        if (record->u.callback_changed.attempt > 0)
            sapa_text_printf(out, id ? ", percobaan %llu" : ", attempt %llu",
                             (unsigned long long)record->u.callback_changed.attempt);
        return true;
    case SAPA_T_voicemail_left:
        sapa_text_add(out, id ? SAPA_STR("Meninggalkan pesan, ") : SAPA_STR("Left a message, "));
        put_ms(out, record->u.voicemail_left.length_ms);
        return true;
    case SAPA_T_outside_tried: {
        const struct sapa_rec_outside_tried *in = &record->u.outside_tried;
        if (in->number.n > 0)
            sapa_text_printf(out, id ? "Petugas jaga ke-%llu, " SAPA_STR_FMT : "On call, number %llu, " SAPA_STR_FMT,
                             (unsigned long long)in->place, SAPA_STR_ARG(sapa_sized_str(&in->number)));
        else
            sapa_text_add(out, id ? SAPA_STR("Nomor luar") : SAPA_STR("Outside number"));
        sapa_text_add(out, in->result == 0 ? (id ? SAPA_STR(": menjawab") : SAPA_STR(": answered"))
                                           : (id ? SAPA_STR(": tidak menjawab") : SAPA_STR(": not answered")));
        return true;
    }
    case SAPA_T_contact_transferred: {
        const struct sapa_rec_contact_transferred *in = &record->u.contact_transferred;
        put_agent(words, in->agent, out);
        sapa_text_add(out, id ? SAPA_STR(" mengalihkan ke ") : SAPA_STR(" passes it on to "));
        put_target(words, in->kind, in->target, out);
        sapa_text_add(out, in->asked ? (id ? SAPA_STR(", setelah bertanya") : SAPA_STR(", after asking"))
                                     : (id ? SAPA_STR(", tanpa bertanya") : SAPA_STR(", without asking")));
        if (in->other)
            sapa_text_printf(out, id ? " (kontak %llu)" : " (contact %llu)", (unsigned long long)in->other);
        if (in->by.n > 0)
            sapa_text_printf(out, id ? ", lewat API oleh " SAPA_STR_FMT : ", through the API by " SAPA_STR_FMT,
                             SAPA_STR_ARG(sapa_sized_str(&in->by)));
        return true;
    }
    case SAPA_T_contact_merged: {
        const struct sapa_rec_contact_merged *in = &record->u.contact_merged;
        if (in->other == story->contact) {
            sapa_text_printf(out, id ? "Berlanjut dalam kontak %llu" : "Goes on in contact %llu", (unsigned long long)in->contact);
            return true;
        }
        put_agent(words, in->agent, out);
        sapa_text_printf(out, id ? " menggabungkan kontak %llu%s" : " brings in contact %llu%s", (unsigned long long)in->other,
                         in->conference ? (id ? ", konferensi" : ", a conference") : "");
        return true;
    }
    case SAPA_T_party_joined: {
        const struct sapa_rec_party_joined *in = &record->u.party_joined;
        if (in->offer)
            put_agent(words, in->agent, out);
        else
            sapa_text_add(out, id ? SAPA_STR("Pihak luar") : SAPA_STR("Somebody outside"));
        sapa_text_printf(out, id ? " ikut berbicara, %llu orang" : " joins, %llu talk", (unsigned long long)in->parties);
        return true;
    }
    case SAPA_T_party_left:
        sapa_text_printf(out, id ? "Pihak luar pergi, diakhiri %s, bicara " : "Somebody outside leaves, ended by %s, talked ",
                         sapa_word_side((unsigned)record->u.party_left.side, language));
        put_ms(out, record->u.party_left.talk_ms);
        return true;
    case SAPA_T_call_denied: {
        const struct sapa_rec_call_denied *in = &record->u.call_denied;
        put_agent(words, in->agent, out);
        sapa_text_add(out, id ? SAPA_STR(" tidak boleh menelepon ") : SAPA_STR(" may not call "));
        sapa_text_add(out, in->kind == SAPA_TARGET_QUEUE    ? (id ? SAPA_STR("antrean") : SAPA_STR("a queue"))
                           : in->kind == SAPA_TARGET_NUMBER ? (id ? SAPA_STR("nomor kita") : SAPA_STR("a number of ours"))
                           : in->kind == SAPA_TARGET_AGENT  ? (id ? SAPA_STR("rekan") : SAPA_STR("a colleague"))
                                                            : (id ? SAPA_STR("nomor luar") : SAPA_STR("an outside number")));
        if (centre && in->client < centre->clients_count)
            sapa_text_printf(out, id ? " untuk " SAPA_STR_FMT : " for " SAPA_STR_FMT, SAPA_STR_ARG(centre->clients[in->client].name));
        sapa_text_printf(out, ": %s", sapa_word_denial((unsigned)in->why, language));
        return true;
    }
    case SAPA_T_survey_answered:
        sapa_text_printf(out, id ? "Survei %s: %llu" : "Survey %s: %llu", record->u.survey_answered.question.p,
                         (unsigned long long)record->u.survey_answered.answer);
        return true;
    case SAPA_T_contact_ended:
        sapa_text_printf(out, id ? "Selesai: %s, oleh %s" : "Ended: %s, by the %s",
                         sapa_word_outcome((unsigned)record->u.contact_ended.outcome, language),
                         sapa_word_side((unsigned)record->u.contact_ended.side, language));
        if (record->u.contact_ended.cause != 0)
            sapa_text_printf(out, " (%llu)", (unsigned long long)record->u.contact_ended.cause);
        sapa_text_add(out, id ? SAPA_STR(", seluruhnya ") : SAPA_STR(", in all "));
        put_ms(out, record->u.contact_ended.total_ms);
        return true;
    default: return false;
    }
}

static void give_line(struct sapa_story *story, struct sapa_text *line, const struct sapa_lines *out)
{
    story->lines++;
    clean_text(line);
    out->line(out->ctx, sapa_text_str(line));
}

/* The same reasons again (the line is looked at often): said once, counted. */
static bool is_repeated(struct sapa_story *story, const struct sapa_rec_why *why)
{
    /* Seconds left differ each time; who is named and why does not. */
    struct sapa_reader reader = sapa_reader_of(why->reasons.p, why->reasons.n);
    struct sapa_why_entry entry;
    uint32_t hash = 2166136261u ^ (uint32_t)why->step ^ (uint32_t)(why->offer != 0) << 16;

    while (sapa_why_read(&reader, &entry))
        hash = (hash ^ entry.agent ^ entry.why << 20) * 16777619u;
    const bool same = why->offer == 0 && hash == story->last_hash;
    story->last_hash = hash;
    return same;
}

void sapa_story_fold(struct sapa_story *story, const struct sapa_record *record, const struct sapa_lines *out)
{
    char buf[1200];
    struct sapa_text line;

    const bool taken_up = record->type == SAPA_T_contact_merged && record->u.contact_merged.other == story->contact;

    if (!sapa_type_is_event(record->type) || (sapa_record_contact(record) != story->contact && !taken_up))
        return;
    if (story->began_us == 0)
        story->began_us = record->at_us;
    if (record->type == SAPA_T_why && is_repeated(story, &record->u.why)) {
        story->same++;
        return;
    }
    sapa_text_init(&line, buf, sizeof(buf));
    put_time(story, record->at_us, &line);
    if (record->type == SAPA_T_why) {
        put_why(story, &record->u.why, &line);
    } else if (!put_record(story, record, &line)) {
        return;
    }
    if (record->type != SAPA_T_why)
        story->last_hash = 0;
    give_line(story, &line, out);
}

void sapa_denied_print(const struct sapa_record *record, const struct sapa_why_words *words, const struct sapa_zone *zone,
                       struct sapa_text *out)
{
    const struct sapa_story story = { .words = *words };
    const struct sapa_civil civil = sapa_zone_civil(zone, record->at_us / 1000000);

    sapa_text_printf(out, "%04d-%02u-%02u %02u:%02u:%02u  ", civil.year, civil.month, civil.day, civil.hour, civil.minute,
                     civil.second);
    (void)put_record(&story, record, out);
    clean_text(out);
}

void sapa_story_now(struct sapa_story *story, const struct sapa_record *why, const struct sapa_lines *out)
{
    char buf[1200];
    struct sapa_text line;

    sapa_text_init(&line, buf, sizeof(buf));
    put_time(story, why->at_us, &line);
    sapa_text_add(&line, is_id(&story->words) ? SAPA_STR("SEKARANG  ") : SAPA_STR("NOW  "));
    put_why(story, &why->u.why, &line);
    give_line(story, &line, out);
}
