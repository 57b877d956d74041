#include "app/web_desk.h"

#include <stdio.h>
#include <stdlib.h>

#include "app/web_coach.h"
#include "app/web_job_impl.h"
#include "app/web_ticket.h"
#include "http/called.h"
#include "http/favourite.h"
#include "http/target.h"
#include "http/task.h"
#include "report/card.h"
#include "rt/clock.h"
#include "store/history.h"
#include "store/log.h"
#include "store/people.h"

enum { STARTS_MAX = 16, LIMIT_DEFAULT = 10, LIMIT_MAX = 50, SEQS_MAX = 3 * SAPA_MOMENTS_MAX + SAPA_NOTE_PARTS };

/* Descriptions by the record that brought them. */
struct start {
    uint64_t seq;
    const struct sapa_centre *centre;
};

struct desk {
    const struct sapa_web_files *files;
    struct sapa_web_work *work;
    struct sapa_json *out;
    struct sapa_centre_shelf *shelf;
    struct sapa_log_reader *reader;
    struct sapa_record record;
    struct start starts[STARTS_MAX];
    size_t start_count;
    enum sapa_language language;
    struct sapa_ticket *tickets; /* of the person of a card, resolved ones too */
    size_t ticket_count;
};

static uint64_t number_of(const struct desk *desk, const char *name, uint64_t otherwise)
{
    uint64_t number;

    return sapa_str_u64(sapa_str_of(sapa_params_get(&desk->work->params, name)), UINT64_MAX, &number) == SAPA_OK ? number : otherwise;
}

/* ---- reading ---- */

/* The description in force at a place in the log. */
static sapa_rc centre_at(struct desk *desk, uint64_t seq, const struct sapa_centre **ret)
{
    uint64_t start;
    sapa_rc rc = sapa_store_centre_start(desk->files->store, seq, &start);

    for (size_t i = 0; rc == SAPA_OK && i < desk->start_count; i++) {
        if (desk->starts[i].seq == start) {
            *ret = desk->starts[i].centre;
            return SAPA_OK;
        }
    }
    if (rc != SAPA_OK)
        return rc;
    sapa_log_reader_seek(desk->reader, start);
    if ((rc = sapa_log_reader_next(desk->reader, &desk->record)) != SAPA_OK)
        return rc;
    if (desk->record.type != SAPA_T_centre_started)
        return SAPA_ECORRUPT;
    const struct sapa_str hash = sapa_sized_str(&desk->record.u.centre_started.centre_hash);
    const struct sapa_centre *centre =
        sapa_str_eq(hash, sapa_str_of(desk->work->centre->hash)) ? desk->work->centre : sapa_centre_shelf_get(desk->shelf, hash);
    if (!centre)
        return SAPA_ENOENT;
    desk->starts[desk->start_count < STARTS_MAX ? desk->start_count++ : STARTS_MAX - 1] = (struct start){ start, centre };
    *ret = centre;
    return SAPA_OK;
}

static int by_seq(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

/* Fold what stands in the log of a contact. @param kinds  bits of enum sapa_moment */
static sapa_rc read_card(struct desk *desk, uint64_t contact, uint32_t kinds, struct sapa_card *card)
{
    uint64_t seqs[SEQS_MAX];
    size_t count = 0, more;
    sapa_rc rc = SAPA_OK;

    for (unsigned kind = SAPA_MOMENT_BEGIN; rc == SAPA_OK && kind <= SAPA_MOMENT_NOTE; kind++) {
        if (!(kinds >> kind & 1))
            continue;
        rc = sapa_contact_moments(desk->files->store, contact, (enum sapa_moment)kind, seqs + count,
                                  kind == SAPA_MOMENT_NOTE ? SAPA_NOTE_PARTS : SAPA_MOMENTS_MAX, &more);
        count += rc == SAPA_OK ? more : 0;
    }
    qsort(seqs, count, sizeof(seqs[0]), by_seq);
    for (size_t i = 0; rc == SAPA_OK && i < count; i++) {
        const struct sapa_centre *centre;
        if ((rc = centre_at(desk, seqs[i], &centre)) != SAPA_OK)
            break;
        sapa_log_reader_seek(desk->reader, seqs[i]);
        if ((rc = sapa_log_reader_next(desk->reader, &desk->record)) == SAPA_OK)
            sapa_card_fold(card, centre, &desk->record);
    }
    return rc == SAPA_OK && count == 0 ? SAPA_ENOENT : rc;
}

#define BIT(kind) (UINT32_C(1) << SAPA_MOMENT_##kind)

/* What nobody ever had in hand is every leader's business. */
static bool is_of_teams(const struct desk *desk, const struct sapa_card *card)
{
    const struct sapa_centre *centre = desk->work->centre;

    for (unsigned i = 0; desk->work->scope.team_count > 0 && i < card->agent_count; i++) {
        const uint32_t agent = SAPA_FIND(centre, agents, card->agents[i]);
        if (agent != SAPA_NONE && sapa_scope_team(&desk->work->scope, centre, centre->agents[agent].team))
            return true;
    }
    return desk->work->scope.team_count == 0 || card->agent_count == 0;
}

/* May this token see it? What lives was judged by who holds it now. */
static bool is_visible(const struct desk *desk, const struct sapa_card *card)
{
    const struct sapa_web_work *work = desk->work;
    const struct sapa_centre *centre = work->centre;

    if (!card->began || !sapa_scope_client(&work->scope, SAPA_FIND(centre, clients, card->client)))
        return false;
    return work->living || (work->scope.agent == SAPA_NONE && is_of_teams(desk, card)) ||
           (work->scope.agent < centre->agents_count && sapa_card_has_agent(card, centre->agents[work->scope.agent].key));
}

/* What was said and written is for who may see persons, and for the agent whose contact it is or was. */
static bool shows_words(const struct desk *desk)
{
    return desk->work->show_pii || desk->work->scope.agent != SAPA_NONE;
}

/* ---- JSON ---- */

/* All but the last two characters; bytes of one that are cut become question marks. */
static void add_masked(const struct desk *desk, const char *key, struct sapa_str text)
{
    char buf[SAPA_IDENTITY_MAX + 1];

    if (text.n == 0 || desk->work->show_pii || !sapa_str_copy(text, buf, sizeof(buf))) {
        sapa_json_add_word(desk->out, key, desk->work->show_pii ? text : (struct sapa_str){ NULL, 0 });
        return;
    }
    for (size_t i = 0; i + 2 < text.n; i++)
        buf[i] = '*';
    sapa_json_add_text(desk->out, key, (struct sapa_str){ buf, text.n });
}

static void note_json(const struct desk *desk, const struct sapa_card_note *note)
{
    struct sapa_json *out = desk->out;

    if (note->version == 0) {
        sapa_json_null(out);
        return;
    }
    sapa_json_open(out, '{');
    sapa_json_add_number(out, "version", (int64_t)note->version);
    sapa_json_add_time(out, "at", note->at_us);
    sapa_json_add_text(out, "by", sapa_str_of(note->by));
    sapa_json_add_word(out, "agent", note->agent);
    if (shows_words(desk) && note->whole && !note->erased)
        sapa_json_add_text(out, "text", (struct sapa_str){ note->text, note->n });
    else
        sapa_json_add_null(out, "text");
    sapa_json_close(out, '}');
}

static void items_json(const struct desk *desk, const struct sapa_card *card)
{
    struct sapa_json *out = desk->out;

    sapa_json_open(out, '[');
    for (unsigned i = 0; i < card->item_count; i++) {
        const struct sapa_card_item *item = &card->items[i];
        const char via[2] = { item->via, '\0' };
        const struct sapa_str text = item->text[desk->language].n ? item->text[desk->language] : item->text[!desk->language];
        sapa_json_open(out, '{');
        sapa_json_add_text(out, "id", item->key);
        sapa_json_add_text(out, "text", text.n ? text : item->key);
        sapa_json_add_word(out, "key", sapa_str_of(item->chosen ? via : ""));
        sapa_json_add_word(out, "value", sapa_str_of(shows_words(desk) ? item->value : ""));
        sapa_json_close(out, '}');
    }
    sapa_json_close(out, ']');
}

static struct sapa_str word_of(const struct sapa_str text[SAPA_LANGUAGE_COUNT], enum sapa_language language)
{
    return text[language].n ? text[language] : text[!language];
}

/* Empty: it is from before this was known. */
static struct sapa_str party_name(uint8_t party_type)
{
    return sapa_str_of(party_type > 0 ? sapa_party_type_name(party_type - 1u) : "");
}

/* Those that were opened or touched in a contact. */
static void tickets_in(const struct desk *desk, uint64_t contact)
{
    char id[24];
    struct sapa_text text;

    sapa_json_key(desk->out, "tickets");
    sapa_json_open(desk->out, '[');
    for (size_t i = 0; i < desk->ticket_count; i++) {
        bool there = false;
        for (uint32_t k = 0; k < desk->tickets[i].contact_count; k++)
            there |= desk->tickets[i].contacts[k] == contact;
        if (!there)
            continue;
        sapa_text_init(&text, id, sizeof(id));
        sapa_text_printf(&text, "%llu", (unsigned long long)desk->tickets[i].number);
        sapa_json_text(desk->out, sapa_str_of(id));
    }
    sapa_json_close(desk->out, ']');
}

static void contact_json(const struct desk *desk, const struct sapa_card *card)
{
    struct sapa_json *out = desk->out;

    sapa_json_open(out, '{');
    sapa_json_add_id(out, "contact", card->contact);
    sapa_json_add_text(out, "channel", sapa_str_of(sapa_channel_name(card->channel)));
    sapa_json_add_text(out, "direction", sapa_str_of(sapa_direction_name(card->direction)));
    sapa_json_add_word(out, "party_type", party_name(card->party_type));
    sapa_json_add_time(out, "arrived", card->arrived_us);
    sapa_json_add_time(out, "ended", card->ended_us);
    sapa_json_add_word(out, "queue", card->queue);
    sapa_json_add_word(out, "agent", card->agent);
    sapa_json_add_word(out, "agent_name", card->agent_name);
    sapa_json_add_word(out, "outcome", sapa_str_of(card->ended ? sapa_outcome_name(card->outcome) : ""));
    sapa_json_add_word(out, "disposition", card->disposition);
    sapa_json_add_word(out, "disposition_text", word_of(card->disposition_text, desk->language));
    if (card->survey_scale > 0) {
        sapa_json_add_number(out, "survey", card->survey);
        sapa_json_add_number(out, "survey_scale", card->survey_scale);
    } else {
        sapa_json_add_null(out, "survey"), sapa_json_add_null(out, "survey_scale");
    }
    sapa_json_key(out, "recordings");
    sapa_json_open(out, '[');
    for (unsigned i = 0; i < card->recording_count && is_of_teams(desk, card); i++) { /* others could not be heard */
        sapa_json_open(out, '{');
        sapa_json_add_id(out, "id", card->recordings[i].recording);
        sapa_json_add_number(out, "recorded_ms", (int64_t)card->recordings[i].recorded_ms);
        sapa_json_add_bool(out, "complete", card->recordings[i].complete);
        sapa_json_close(out, '}');
    }
    sapa_json_close(out, ']');
    sapa_json_key(out, "note");
    note_json(desk, &card->note);
    tickets_in(desk, card->contact);
    sapa_json_close(out, '}');
}

/* Whom it is about, in a list of work. `is_own`: he talked with them. */
static void add_who(const struct desk *desk, const struct sapa_card *card, bool is_own)
{
    sapa_json_add_word(desk->out, "client", card->client);
    sapa_json_add_word(desk->out, "name", sapa_str_of(desk->work->show_pii || is_own ? card->name : ""));
    add_masked(desk, "address", sapa_str_of(card->address));
}

static void callback_json(const struct desk *desk, const struct sapa_card *card)
{
    struct sapa_json *out = desk->out;

    sapa_json_open(out, '{');
    sapa_json_add_id(out, "contact", card->contact);
    sapa_json_add_word(out, "queue", card->queue);
    sapa_json_add_text(out, "state", sapa_str_of(sapa_callback_name(card->callback - 1u)));
    sapa_json_add_number(out, "attempt", card->callback_attempt);
    sapa_json_add_time(out, "due", card->callback_due_us);
    add_who(desk, card, false);
    sapa_json_close(out, '}');
}

static void add_identity(void *ctx, enum sapa_identity_kind kind, struct sapa_str value)
{
    static const char *const kinds[] = { "phone", "mail", "handle" };
    const struct desk *desk = ctx;

    sapa_json_open(desk->out, '{');
    sapa_json_add_text(desk->out, "kind", sapa_str_of(kind < SAPA_COUNT(kinds) ? kinds[kind] : "?"));
    add_masked(desk, "value", value);
    sapa_json_close(desk->out, '}');
}

/* ---- the card ---- */

/* In whose name one calls, and what is read out: of the campaign, else of the queue. */
static void campaign_json(const struct desk *desk, const struct sapa_card *card)
{
    static const struct sapa_campaign none;
    const struct sapa_centre *centre = desk->work->centre;
    const uint32_t queue = SAPA_FIND(centre, queues, card->queue), found = SAPA_FIND(centre, campaigns, card->campaign);
    const struct sapa_campaign *campaign = found < centre->campaigns_count ? &centre->campaigns[found] : &none;
    struct sapa_str script = word_of(campaign->script, (enum sapa_language)card->language);

    if (script.n == 0 && queue < centre->queues_count)
        script = word_of(centre->queues[queue].script, (enum sapa_language)card->language);
    sapa_json_add_word(desk->out, "campaign", card->campaign);
    sapa_json_add_word(desk->out, "campaign_name", campaign->name);
    sapa_json_add_word(desk->out, "brand", campaign->brand);
    sapa_json_add_word(desk->out, "script", script);
}

static void called_json(const struct desk *desk, const struct sapa_card *card)
{
    char called[SAPA_CALLED_MAX + 1] = "";

    if (card->person == 0 || !shows_words(desk) || sapa_called_get(desk->files->store, card->person, called) != SAPA_OK)
        called[0] = '\0'; /* erased, or not to be read: the card is shown all the same */
    sapa_json_add_word(desk->out, "called", sapa_str_of(called));
    sapa_wipe(called, sizeof(called));
}

static void head_json(struct desk *desk, const struct sapa_card *card)
{
    static const struct sapa_client nobody;
    const struct sapa_centre *centre = desk->work->centre;
    const uint32_t index = SAPA_FIND(centre, clients, card->client);
    const struct sapa_client *client = index < centre->clients_count ? &centre->clients[index] : &nobody;
    struct sapa_json *out = desk->out;

    sapa_json_add_id(out, "contact", card->contact);
    sapa_json_add_id(out, "person", card->person);
    sapa_json_add_word(out, "client", card->client);
    sapa_json_add_word(out, "client_name", client->name);
    sapa_json_add_word(out, "customer", word_of(client->customer, desk->language));
    sapa_json_add_word(out, "greeting", word_of(client->greeting, (enum sapa_language)card->language)); /* what is said to them */
    sapa_json_add_text(out, "channel", sapa_str_of(sapa_channel_name(card->channel)));
    sapa_json_add_text(out, "direction", sapa_str_of(sapa_direction_name(card->direction)));
    sapa_json_add_word(out, "party_type", party_name(card->party_type));
    sapa_json_add_text(out, "language", sapa_str_of(sapa_language_name(card->language)));
    sapa_json_add_word(out, "number", card->number);
    sapa_json_add_word(out, "queue", card->queue);
    sapa_json_add_time(out, "arrived", card->arrived_us);
    sapa_json_add_time(out, "queued", card->queued_us);
    sapa_json_add_time(out, "connected", card->connected_us);
    sapa_json_add_time(out, "ended", card->ended_us);
    sapa_json_add_word(out, "name", sapa_str_of(shows_words(desk) ? card->name : ""));
    called_json(desk, card);
    add_masked(desk, "address", sapa_str_of(card->address));
    sapa_json_add_bool(out, "vip", card->vip);
    campaign_json(desk, card);
}

/* Callbacks of this person that are still to come; those that the history has are counted once. */
static sapa_rc callbacks_json(struct desk *desk, struct sapa_card *scratch, const uint64_t *open, size_t open_count)
{
    uint64_t told[LIMIT_MAX + SAPA_WEB_CALLBACKS_MAX];
    size_t count = 0;
    sapa_rc rc = SAPA_OK;

    sapa_json_key(desk->out, "callbacks");
    sapa_json_open(desk->out, '[');
    for (size_t i = 0; rc == SAPA_OK && i < open_count + desk->work->callback_count; i++) {
        const uint64_t contact = i < open_count ? open[i] : desk->work->callbacks[i - open_count];
        bool known = false;
        for (size_t k = 0; k < count; k++)
            known |= told[k] == contact;
        if (known || contact == number_of(desk, "contact", 0))
            continue;
        told[count++] = contact;
        *scratch = (struct sapa_card){ .contact = contact };
        rc = read_card(desk, contact, BIT(BEGIN) | BIT(WORK), scratch);
        if (rc == SAPA_OK && scratch->callback != 0 && !scratch->ended)
            callback_json(desk, scratch);
        rc = rc == SAPA_ENOENT ? SAPA_OK : rc;
    }
    sapa_json_close(desk->out, ']');
    return rc;
}

static sapa_rc history_json(struct desk *desk, const struct sapa_card *card, struct sapa_card *scratch)
{
    struct sapa_past_contact past[LIMIT_MAX + 2];
    uint64_t open[LIMIT_MAX];
    const size_t limit = (size_t)SAPA_MIN(SAPA_MAX(number_of(desk, "limit", LIMIT_DEFAULT), UINT64_C(1)), (uint64_t)LIMIT_MAX);
    size_t count = 0, shown = 0, open_count = 0;
    bool more = false;
    sapa_rc rc = card->person ? sapa_person_contacts(desk->files->store, card->person, UINT64_MAX, past, limit + 2, &count) : SAPA_OK;

    if (rc == SAPA_ENOENT)
        rc = SAPA_OK; /* erased */
    sapa_json_key(desk->out, "history");
    sapa_json_open(desk->out, '[');
    for (size_t i = 0; rc == SAPA_OK && i < count; i++) {
        if (past[i].contact == card->contact)
            continue;
        if (shown == limit) {
            more = true;
            break;
        }
        *scratch = (struct sapa_card){ .contact = past[i].contact };
        rc = read_card(desk, past[i].contact, BIT(BEGIN) | BIT(WORK) | BIT(NOTE), scratch);
        if (rc == SAPA_ENOENT) { /* its description is not there any more */
            rc = SAPA_OK;
            continue;
        }
        if (rc != SAPA_OK)
            break;
        contact_json(desk, scratch);
        if (scratch->callback != 0 && !scratch->ended)
            open[open_count++] = scratch->contact;
        shown++;
    }
    sapa_json_close(desk->out, ']');
    sapa_json_add_bool(desk->out, "more", more);
    return rc == SAPA_OK ? callbacks_json(desk, scratch, open, open_count) : rc;
}

static sapa_rc no_contact(struct desk *desk)
{
    return problem(desk->work, SAPA_ENOENT, "there is no contact %s", sapa_params_get(&desk->work->params, "contact"));
}

static sapa_rc card_json(struct desk *desk, struct sapa_card *card, struct sapa_card *scratch)
{
    sapa_rc rc = read_card(desk, number_of(desk, "contact", 0), BIT(BEGIN) | BIT(FLOW) | BIT(WORK) | BIT(NOTE), card);

    if (rc == SAPA_OK)
        rc = sapa_web_tickets_of(desk->files, desk->work, card->person, &desk->tickets, &desk->ticket_count);
    if (rc == SAPA_ENOENT || (rc == SAPA_OK && !is_visible(desk, card) && !sapa_web_tickets_own(desk->work, desk->tickets, desk->ticket_count, card->contact)))
        return no_contact(desk);
    if (rc != SAPA_OK)
        return rc;
    sapa_json_open(desk->out, '{');
    head_json(desk, card);
    sapa_json_key(desk->out, "identities");
    sapa_json_open(desk->out, '[');
    rc = card->person ? sapa_person_identities(desk->files->store, card->person, add_identity, desk) : SAPA_OK;
    rc = rc == SAPA_ENOENT ? SAPA_OK : rc;
    sapa_json_close(desk->out, ']');
    sapa_json_key(desk->out, "items");
    items_json(desk, card);
    sapa_json_key(desk->out, "note");
    note_json(desk, &card->note);
    if (rc == SAPA_OK)
        rc = history_json(desk, card, scratch);
    sapa_json_key(desk->out, "tickets");
    sapa_json_open(desk->out, '[');
    sapa_web_tickets_json(desk->work, desk->tickets, desk->ticket_count, shows_words(desk), desk->out);
    sapa_json_close(desk->out, ']');
    sapa_json_close(desk->out, '}');
    return rc;
}

/* ---- notes ---- */

static bool is_text(struct sapa_str text)
{
    for (size_t i = 0; i < text.n; i++) {
        const uint8_t c = (uint8_t)text.p[i];
        if ((c < ' ' && c != '\n' && c != '\t') || c == 0x7f)
            return false;
    }
    return text.n <= SAPA_NOTE_MAX && sapa_str_utf8(text);
}

/* Is it right to write it? What it says goes to the log by way of the centre. */
static sapa_rc judge_note(struct desk *desk, struct sapa_card *card)
{
    struct sapa_web_work *work = desk->work;
    uint64_t client;
    sapa_rc rc = read_card(desk, number_of(desk, "contact", 0), BIT(BEGIN) | BIT(WORK) | BIT(NOTE), card);

    if (rc == SAPA_ENOENT || (rc == SAPA_OK && !is_visible(desk, card)))
        return no_contact(desk);
    if (rc != SAPA_OK)
        return rc;
    if (!is_text((struct sapa_str){ work->text, work->text_n }))
        return problem(desk->work, SAPA_EINVAL, "a note is UTF-8 text of %d bytes at most, with line ends and tabs but no other control characters", SAPA_NOTE_MAX);
    if (work->match != card->note.version) {
        work->status = 412;
        return problem(desk->work, SAPA_ESTATE, "somebody has written it meanwhile: it has version \"%llu\" now; read it again", (unsigned long long)card->note.version);
    }
    if (card->person != 0 && sapa_person_client(desk->files->store, card->person, &client) == SAPA_ENOENT)
        return problem(desk->work, SAPA_ESTATE, "the person was erased: nothing more is kept");
    work->note = (struct sapa_web_note){ .contact = card->contact, .person = card->person, .version = card->note.version + 1, .agent = work->agent };
    return SAPA_OK;
}

/* ---- what is said of a person ---- */

/* What the reports count the contact as, by the last word on it, and in which rows. */
static struct sapa_web_counted_as counted_as(const struct sapa_card *card)
{
    struct sapa_web_counted_as counted = { .was = card->party_type, .began_us = card->opened_us };

    if (counted.was == 0) /* from before it was known */
        counted.was = (card->campaign.n > 0 ? SAPA_PARTY_TYPE_PROSPECT : SAPA_PARTY_TYPE_CUSTOMER) + UINT64_C(1);
    (void)sapa_str_copy(card->client, counted.client, sizeof(counted.client));
    (void)sapa_str_copy(card->number, counted.number, sizeof(counted.number));
    (void)sapa_str_copy(card->campaign, counted.campaign, sizeof(counted.campaign));
    return counted;
}

/* May it be? Whether he is a customer or a prospect goes to the log by way of the centre. */
static sapa_rc judge_person(struct desk *desk, struct sapa_card *card)
{
    struct sapa_web_work *work = desk->work;
    uint64_t client;
    sapa_rc rc = read_card(desk, number_of(desk, "contact", 0), BIT(BEGIN) | BIT(WORK), card);

    if (rc == SAPA_ENOENT || (rc == SAPA_OK && !is_visible(desk, card)))
        return no_contact(desk);
    if (rc != SAPA_OK)
        return rc;
    if (card->direction == SAPA_DIRECTION_INTERNAL)
        return problem(work, SAPA_ESTATE, "among colleagues nobody is a customer or a prospect, and names are in the description");
    if (card->person != 0 && sapa_person_client(desk->files->store, card->person, &client) == SAPA_ENOENT)
        return problem(work, SAPA_ESTATE, "the person was erased: nothing more is kept");
    work->note = (struct sapa_web_note){ .contact = card->contact, .person = card->person, .agent = work->agent };
    work->counted_as = counted_as(card);
    if (work->route != SAPA_ROUTE_CALLED_SET)
        return SAPA_OK;
    if (card->person == 0)
        return problem(work, SAPA_ESTATE, "nobody knows who this is: the name would be found by nobody");
    rc = sapa_called_put(desk->files->store, card->person, (struct sapa_str){ work->text, work->text_n });
    return rc == SAPA_EINVAL ? problem(work, rc, "a name has %d bytes at most, no control characters", SAPA_CALLED_MAX) : rc;
}

/* ---- dispositions ---- */

enum { FAVOURITES_MAX = 5, LOOK_BACK = 100, OWN_WEIGHT = 4 };

/* Count what an agent or a queue chose lately, for the dispositions that the queue has now. */
static sapa_rc count_chosen(struct desk *desk, uint64_t pseudo, const struct sapa_queue *queue, struct sapa_str agent, uint32_t weight, uint32_t *counts)
{
    const struct sapa_centre *now = desk->work->centre, *then;
    uint64_t seqs[LOOK_BACK];
    size_t count = 0;
    sapa_rc rc = sapa_contact_moments(desk->files->store, pseudo, SAPA_MOMENT_DISPOSED, seqs, LOOK_BACK, &count);

    for (size_t i = 0; rc == SAPA_OK && i < count; i++) {
        if ((rc = centre_at(desk, seqs[i], &then)) != SAPA_OK)
            break;
        sapa_log_reader_seek(desk->reader, seqs[i]);
        rc = sapa_log_reader_next(desk->reader, &desk->record);
        const struct sapa_rec_wrapup_ended *in = &desk->record.u.wrapup_ended;
        if (rc != SAPA_OK || desk->record.type != SAPA_T_wrapup_ended || in->queue >= then->queues_count || in->agent >= then->agents_count ||
            in->disposition >= then->dispositions_count || !sapa_str_eq(then->queues[in->queue].key, queue->key) ||
            (agent.n > 0 && !sapa_str_eq(then->agents[in->agent].key, agent)))
            continue;
        for (uint32_t k = 0; k < queue->disposition_count; k++) {
            if (sapa_str_eq(now->dispositions[queue->disposition_first + k].key, then->dispositions[in->disposition].key))
                counts[k] += weight;
        }
    }
    return rc == SAPA_ENOENT ? SAPA_OK : rc; /* of a description that is not there any more */
}

static sapa_rc favourites_json(struct desk *desk, uint32_t index)
{
    const struct sapa_centre *centre = desk->work->centre;
    const struct sapa_queue *queue = &centre->queues[index];
    const struct sapa_str nobody = { NULL, 0 };
    uint32_t *counts = calloc((size_t)queue->disposition_count + 1, sizeof(*counts));
    sapa_rc rc = counts ? count_chosen(desk, sapa_moment_of_queue(index), queue, nobody, 1, counts) : SAPA_ENOMEM;

    if (rc == SAPA_OK && desk->work->agent < centre->agents_count)
        rc = count_chosen(desk, sapa_moment_of_agent(desk->work->agent), queue, centre->agents[desk->work->agent].key, OWN_WEIGHT, counts);
    sapa_json_key(desk->out, "favourites");
    sapa_json_open(desk->out, '[');
    for (unsigned n = 0; rc == SAPA_OK && n < FAVOURITES_MAX; n++) {
        uint32_t best = 0;
        for (uint32_t k = 1; k < queue->disposition_count; k++)
            best = counts[k] > counts[best] ? k : best;
        if (queue->disposition_count == 0 || counts[best] == 0)
            break;
        sapa_json_text(desk->out, centre->dispositions[queue->disposition_first + best].key);
        counts[best] = 0;
    }
    sapa_json_close(desk->out, ']');
    free(counts);
    return rc;
}

static sapa_rc dispositions_json(struct desk *desk)
{
    const struct sapa_centre *centre = desk->work->centre;
    const uint32_t index = SAPA_FIND(centre, queues, sapa_str_of(sapa_params_get(&desk->work->params, "queue")));
    struct sapa_json *out = desk->out;

    if (index == SAPA_NONE)
        return SAPA_ENOENT; /* judged before */
    const struct sapa_queue *queue = &centre->queues[index];
    sapa_json_open(out, '{');
    sapa_json_add_text(out, "queue", queue->key);
    sapa_json_add_bool(out, "required", queue->disposition_required);
    sapa_json_add_number(out, "wrapup_ms", queue->wrapup_ms);
    sapa_json_add_number(out, "extend_ms", queue->wrapup_extend_ms);
    sapa_json_key(out, "items");
    sapa_json_open(out, '[');
    for (uint32_t i = 0; i < queue->disposition_count; i++) {
        const struct sapa_disposition *one = &centre->dispositions[queue->disposition_first + i];
        const struct sapa_str text = word_of(one->name, desk->language);
        sapa_json_open(out, '{');
        sapa_json_add_text(out, "id", one->key);
        sapa_json_add_text(out, "text", text.n ? text : one->key);
        sapa_json_add_word(out, "group", word_of(one->group, desk->language));
        sapa_json_add_bool(out, "solved", one->solved);
        sapa_json_close(out, '}');
    }
    sapa_json_close(out, ']');
    const sapa_rc rc = favourites_json(desk, index);
    sapa_json_close(out, '}');
    return rc;
}

/* ---- tasks ---- */

static struct sapa_str agent_key(const struct desk *desk)
{
    return sapa_str_of(sapa_params_get(&desk->work->params, "agent"));
}

struct tasks {
    struct desk *desk;
    struct sapa_card *card;
};

/* One's own list: of who logs in, or of the agent whose token it is. */
static struct sapa_str own_key(const struct desk *desk)
{
    const struct sapa_centre *centre = desk->work->centre;
    const struct sapa_str user = sapa_str_of(desk->work->user);
    const uint32_t agent = desk->work->scope.agent;

    return SAPA_FIND(centre, users, user) == SAPA_NONE && agent < centre->agents_count ? centre->agents[agent].key : user;
}

static bool is_own(const struct desk *desk)
{
    return desk->work->route == SAPA_ROUTE_MY_TASKS || desk->work->route == SAPA_ROUTE_MY_TASK_SET;
}

static void add_breach(struct sapa_json *out, const struct sapa_task_breach *breach)
{
    const uint32_t figure = breach->figure[0] ? sapa_figure_find(sapa_str_of(breach->figure)) : SAPA_NONE;
    char date[16];

    if (figure == SAPA_NONE) {
        sapa_json_add_null(out, "breach");
        return;
    }
    sapa_target_date(breach->date, date);
    sapa_json_key(out, "breach");
    sapa_json_open(out, '{');
    sapa_json_add_text(out, "figure", sapa_str_of(breach->figure));
    sapa_json_add_text(out, "scope", sapa_str_of(sapa_goal_scope_name(breach->scope)));
    sapa_json_add_word(out, "key", sapa_str_of(breach->key));
    sapa_json_add_text(out, "day", sapa_str_of(date));
    sapa_json_key(out, "value");
    sapa_figure_json(figure, breach->value, out);
    sapa_json_key(out, "target");
    sapa_figure_json(figure, breach->target, out);
    sapa_json_close(out, '}');
}

static void task_json(void *ctx, const struct sapa_task *task)
{
    const struct tasks *tasks = ctx;
    struct desk *desk = tasks->desk;
    const struct sapa_scope *scope = &desk->work->scope;
    struct sapa_json *out = desk->out;

    *tasks->card = (struct sapa_card){ .contact = task->contact };
    const bool has_card = task->contact != 0 && read_card(desk, task->contact, BIT(BEGIN) | BIT(WORK), tasks->card) == SAPA_OK;
    /* about a contact of a client that one does not see: there is something to do, and that is all */
    const bool told = task->contact == 0 || scope->clients == UINT64_MAX || scope->agent != SAPA_NONE ||
                      (has_card && sapa_scope_client(scope, SAPA_FIND(desk->work->centre, clients, tasks->card->client)));

    sapa_json_open(out, '{');
    sapa_json_add_id(out, "id", task->id);
    sapa_json_add_word(out, "text", sapa_str_of(told ? task->text : ""));
    sapa_json_add_time(out, "due", task->due_us);
    sapa_json_add_id(out, "contact", told ? task->contact : 0);
    sapa_json_add_text(out, "by", sapa_str_of(task->by));
    sapa_json_add_time(out, "created", task->created_us);
    if (!has_card || !told || task->text[0] == '\0' || !is_visible(desk, tasks->card))
        *tasks->card = (struct sapa_card){ .contact = 0 }; /* it is a task all the same */
    add_who(desk, tasks->card, shows_words(desk));
    add_breach(out, &task->breach);
    sapa_json_close(out, '}');
}

static sapa_rc work_json(struct desk *desk, struct sapa_card *scratch)
{
    sapa_json_open(desk->out, '{');
    sapa_rc rc = callbacks_json(desk, scratch, NULL, 0);
    sapa_json_key(desk->out, "tasks");
    sapa_json_open(desk->out, '[');
    if (rc == SAPA_OK)
        rc = sapa_task_each(desk->files->store, agent_key(desk), task_json, &(struct tasks){ desk, scratch });
    sapa_json_close(desk->out, ']');
    sapa_json_key(desk->out, "coaching");
    sapa_json_open(desk->out, '[');
    if (rc == SAPA_OK)
        rc = sapa_web_coach_work(desk->files, desk->work, agent_key(desk));
    sapa_json_close(desk->out, ']');
    sapa_json_key(desk->out, "tickets");
    sapa_json_open(desk->out, '[');
    if (rc == SAPA_OK)
        rc = sapa_web_tickets_work(desk->files, desk->work, desk->shelf, agent_key(desk));
    sapa_json_close(desk->out, ']');
    sapa_json_close(desk->out, '}');
    return rc;
}

static sapa_rc my_tasks(struct desk *desk, struct sapa_card *scratch)
{
    sapa_json_open(desk->out, '{');
    sapa_json_key(desk->out, "items");
    sapa_json_open(desk->out, '[');
    const sapa_rc rc = sapa_task_each(desk->files->store, own_key(desk), task_json, &(struct tasks){ desk, scratch });
    sapa_json_close(desk->out, ']');
    sapa_json_close(desk->out, '}');
    return rc;
}

static sapa_rc task_new(struct desk *desk, struct sapa_card *card)
{
    struct sapa_web_work *work = desk->work;
    struct sapa_task task = { .contact = work->into, .due_us = (int64_t)work->match, .created_us = sapa_wall_us() };
    uint64_t id;
    sapa_rc rc = work->into ? read_card(desk, work->into, BIT(BEGIN) | BIT(WORK), card) : SAPA_OK;

    if (rc == SAPA_ENOENT || (rc == SAPA_OK && work->into && !is_visible(desk, card)))
        return problem(desk->work, SAPA_ENOENT, "there is no contact %llu", (unsigned long long)work->into);
    if (rc != SAPA_OK)
        return rc;
    task.person = work->into ? card->person : 0;
    (void)sapa_str_copy(sapa_str_of(work->user), task.by, sizeof(task.by));
    rc = work->text_n > SAPA_TASK_TEXT_MAX ? SAPA_EINVAL : SAPA_OK;
    if (rc == SAPA_OK) {
        (void)sapa_str_copy((struct sapa_str){ work->text, work->text_n }, task.text, sizeof(task.text));
        rc = sapa_task_add(desk->files->store, agent_key(desk), &task, &id);
    }
    if (rc == SAPA_OK)
        snprintf(work->answer, sizeof(work->answer), "\"task\":\"%llu\"", (unsigned long long)id);
    sapa_wipe(task.text, sizeof(task.text));
    return rc == SAPA_EINVAL  ? problem(desk->work, rc, "a task has 1 to %d bytes of text, in one line", SAPA_TASK_TEXT_MAX)
           : rc == SAPA_ELIMIT ? problem(desk->work, SAPA_ESTATE, "there are %d tasks: first some have to be done", SAPA_TASKS_MAX)
           : rc == SAPA_ENOENT ? problem(desk->work, SAPA_ESTATE, "the person was erased: nothing more is kept")
                               : rc;
}

static sapa_rc task_set(struct desk *desk)
{
    const sapa_rc rc = sapa_task_set(desk->files->store, is_own(desk) ? own_key(desk) : agent_key(desk), number_of(desk, "task", 0), (int64_t)desk->work->match, desk->work->task_done);

    return rc == SAPA_ENOENT ? problem(desk->work, rc, "there is no task %s", sapa_params_get(&desk->work->params, "task")) : rc;
}

/* ---- favourites ---- */

static sapa_rc favourites(struct desk *desk)
{
    struct sapa_web_work *work = desk->work;
    struct sapa_text text;
    json_t *items = NULL;

    if (work->route == SAPA_ROUTE_FAVOURITES_PUT) {
        sapa_text_init(&text, work->problem, sizeof(work->problem));
        return sapa_favourites_put(desk->files->store, sapa_str_of(work->user), (struct sapa_str){ work->text, work->text_n }, &text);
    }
    const sapa_rc rc = sapa_favourites_get(desk->files->store, sapa_str_of(work->user), &items);
    char *list = rc == SAPA_OK ? json_dumps(items, JSON_COMPACT) : NULL;
    if (list) {
        sapa_json_open(desk->out, '{');
        sapa_json_key(desk->out, "items");
        sapa_json_raw(desk->out, sapa_str_of(list));
        sapa_json_close(desk->out, '}');
    }
    free(list);
    json_decref(items);
    return rc == SAPA_OK && !list ? SAPA_ENOMEM : rc;
}

/* ---- jobs ---- */

static sapa_rc desk_begin(const struct sapa_web_files *files, struct sapa_web_work *work, struct sapa_centre_shelf *shelf, struct desk **ret)
{
    struct desk *desk = calloc(1, sizeof(*desk));
    const sapa_rc rc = desk ? sapa_log_reader_open(files->store, 1, &desk->reader) : SAPA_ENOMEM;

    if (rc != SAPA_OK) {
        free(desk);
        return rc;
    }
    desk->files = files;
    desk->work = work;
    desk->out = &work->out;
    desk->shelf = shelf;
    desk->language = strcmp(sapa_params_get(&work->params, "language"), "en") == 0 ? SAPA_LANGUAGE_EN : SAPA_LANGUAGE_ID;
    *ret = desk;
    return SAPA_OK;
}

static void desk_end(struct desk *desk)
{
    sapa_log_reader_close(desk->reader);
    sapa_web_tickets_free(desk->tickets, desk->ticket_count);
    sapa_wipe(desk, sizeof(*desk));
    free(desk);
}

static sapa_rc with_desk(const struct sapa_web_files *files, struct sapa_web_work *work, struct sapa_centre_shelf *shelf,
                         sapa_rc (*fn)(struct desk *desk, struct sapa_card *cards, uint64_t contact), uint64_t contact)
{
    struct sapa_card *cards = calloc(2, sizeof(*cards));
    struct desk *desk;
    sapa_rc rc = cards ? desk_begin(files, work, shelf, &desk) : SAPA_ENOMEM;

    if (rc == SAPA_OK) {
        rc = fn(desk, cards, contact);
        desk_end(desk);
        sapa_wipe(cards, 2 * sizeof(*cards));
    }
    free(cards);
    return rc;
}

static sapa_rc do_route(struct desk *desk, struct sapa_card *cards, uint64_t contact)
{
    (void)contact;
    switch (desk->work->route) {
    case SAPA_ROUTE_DISPOSITIONS: return dispositions_json(desk);
    case SAPA_ROUTE_WORK: return work_json(desk, &cards[0]);
    case SAPA_ROUTE_TASK_NEW: return task_new(desk, &cards[0]);
    case SAPA_ROUTE_CALLED_SET:
    case SAPA_ROUTE_PARTY_SET: return judge_person(desk, &cards[0]);
    case SAPA_ROUTE_FAVOURITES:
    case SAPA_ROUTE_FAVOURITES_PUT: return favourites(desk);
    case SAPA_ROUTE_TASK_SET:
    case SAPA_ROUTE_MY_TASK_SET: return task_set(desk);
    case SAPA_ROUTE_MY_TASKS: return my_tasks(desk, &cards[0]);
    default: break;
    }
    return desk->work->route == SAPA_ROUTE_NOTE ? judge_note(desk, &cards[0]) : card_json(desk, &cards[0], &cards[1]);
}

static sapa_rc do_note(struct desk *desk, struct sapa_card *cards, uint64_t contact)
{
    const sapa_rc rc = read_card(desk, contact, BIT(NOTE), &cards[0]);

    if (rc == SAPA_OK || rc == SAPA_ENOENT)
        note_json(desk, &cards[0].note);
    return rc == SAPA_ENOENT ? SAPA_OK : rc;
}

/* Has he somebody in hand who is this person? */
static sapa_rc has_in_hand(struct desk *desk, struct sapa_card *card, uint64_t person, bool *ret)
{
    uint64_t group[SAPA_MERGE_DEPTH_MAX];
    size_t count = 0;
    sapa_rc rc = sapa_person_group(desk->files->store, person, group, SAPA_COUNT(group), &count);

    for (size_t i = 0; rc == SAPA_OK && i < desk->work->in_hand_count && !*ret; i++) {
        *card = (struct sapa_card){ .contact = desk->work->in_hand[i] };
        rc = read_card(desk, desk->work->in_hand[i], BIT(BEGIN), card);
        for (size_t k = 0; rc == SAPA_OK && k < count; k++)
            *ret |= group[k] == card->person;
        rc = rc == SAPA_ENOENT ? SAPA_OK : rc;
    }
    return rc == SAPA_ENOENT ? SAPA_OK : rc; /* erased */
}

/* Is `contact` among what the card of one in hand shows? */
static sapa_rc is_before_one_in_hand(struct desk *desk, struct sapa_card *card, uint64_t contact, bool *ret)
{
    struct sapa_past_contact past[LIMIT_MAX + 2];
    sapa_rc rc = SAPA_OK;

    for (size_t i = 0; rc == SAPA_OK && i < desk->work->in_hand_count && !*ret; i++) {
        size_t count = 0;
        *card = (struct sapa_card){ .contact = desk->work->in_hand[i] };
        rc = read_card(desk, desk->work->in_hand[i], BIT(BEGIN), card);
        if (rc == SAPA_OK && card->person)
            rc = sapa_person_contacts(desk->files->store, card->person, UINT64_MAX, past, SAPA_COUNT(past), &count);
        for (size_t k = 0; rc == SAPA_OK && k < count; k++)
            *ret |= past[k].contact == contact;
        rc = rc == SAPA_ENOENT ? SAPA_OK : rc; /* erased, or of no description that is there */
    }
    return rc;
}

/* Did he take part in another contact of the same person? */
static sapa_rc knows_person(struct desk *desk, struct sapa_card *card, struct sapa_str agent, uint64_t person, bool *ret)
{
    struct sapa_past_contact past[LIMIT_MAX + 2];
    size_t count = 0;
    sapa_rc rc = person ? sapa_person_contacts(desk->files->store, person, UINT64_MAX, past, SAPA_COUNT(past), &count) : SAPA_ENOENT;

    for (size_t i = 0; rc == SAPA_OK && i < count && !*ret; i++) {
        *card = (struct sapa_card){ .contact = past[i].contact };
        rc = read_card(desk, past[i].contact, BIT(BEGIN) | BIT(WORK), card);
        *ret = rc == SAPA_OK && sapa_card_has_agent(card, agent);
        rc = rc == SAPA_ENOENT ? SAPA_OK : rc;
    }
    return rc == SAPA_ENOENT ? SAPA_OK : rc;
}

static sapa_rc do_hears(struct desk *desk, struct sapa_card *cards, uint64_t contact)
{
    const struct sapa_centre *centre = desk->work->centre;
    const uint32_t agent = desk->work->scope.agent;
    bool hears = false;
    sapa_rc rc = read_card(desk, contact, BIT(BEGIN) | BIT(WORK), &cards[0]);

    if (rc != SAPA_OK || agent == SAPA_NONE)
        return rc != SAPA_OK || is_of_teams(desk, &cards[0]) ? rc : SAPA_ENOENT;
    if (agent >= centre->agents_count)
        return SAPA_ENOENT;
    hears = sapa_card_has_agent(&cards[0], centre->agents[agent].key);
    if (!hears)
        rc = is_before_one_in_hand(desk, &cards[1], contact, &hears);
    if (rc == SAPA_OK && !hears)
        rc = knows_person(desk, &cards[1], centre->agents[agent].key, cards[0].person, &hears);
    return rc == SAPA_OK && !hears ? SAPA_ENOENT : rc;
}

static sapa_rc do_knows(struct desk *desk, struct sapa_card *cards, uint64_t person)
{
    const struct sapa_centre *centre = desk->work->centre;
    const uint32_t agent = desk->work->scope.agent;
    bool knows = false;
    sapa_rc rc = agent < centre->agents_count ? has_in_hand(desk, &cards[0], person, &knows) : SAPA_ENOENT;

    if (rc == SAPA_OK && !knows)
        rc = knows_person(desk, &cards[0], centre->agents[agent].key, person, &knows);
    return rc == SAPA_OK && !knows ? SAPA_ENOENT : rc;
}

sapa_rc sapa_web_desk_knows(const struct sapa_web_files *files, struct sapa_web_work *work, struct sapa_centre_shelf *shelf, uint64_t person, bool *ret)
{
    const sapa_rc rc = with_desk(files, work, shelf, do_knows, person);

    if (rc == SAPA_OK || rc == SAPA_ENOENT)
        *ret = rc == SAPA_OK;
    return rc == SAPA_ENOENT ? SAPA_OK : rc;
}

sapa_rc sapa_web_desk_hears(const struct sapa_web_files *files, struct sapa_web_work *work, struct sapa_centre_shelf *shelf, uint64_t contact)
{
    return work->scope.agent == SAPA_NONE && work->scope.team_count == 0 ? SAPA_OK : with_desk(files, work, shelf, do_hears, contact);
}

sapa_rc sapa_web_desk(const struct sapa_web_files *files, struct sapa_web_work *work, struct sapa_centre_shelf *shelf)
{
    return with_desk(files, work, shelf, do_route, 0);
}

sapa_rc sapa_web_desk_note(const struct sapa_web_files *files, struct sapa_web_work *work, struct sapa_centre_shelf *shelf, uint64_t contact)
{
    return with_desk(files, work, shelf, do_note, contact);
}

static sapa_rc look(const struct sapa_web_files *files, struct sapa_web_work *work, struct sapa_centre_shelf *shelf, uint64_t contact, bool judged,
                    struct sapa_card *ret)
{
    struct desk *desk;
    sapa_rc rc = desk_begin(files, work, shelf, &desk);

    if (rc != SAPA_OK)
        return rc;
    *ret = (struct sapa_card){ .contact = contact };
    rc = read_card(desk, contact, BIT(BEGIN) | BIT(WORK), ret);
    if (rc == SAPA_OK && !judged && !is_visible(desk, ret))
        rc = SAPA_ENOENT;
    desk_end(desk);
    return rc;
}

sapa_rc sapa_web_desk_card(const struct sapa_web_files *files, struct sapa_web_work *work, struct sapa_centre_shelf *shelf, uint64_t contact,
                           struct sapa_card *ret)
{
    return look(files, work, shelf, contact, true, ret);
}

sapa_rc sapa_web_desk_seen(const struct sapa_web_files *files, struct sapa_web_work *work, struct sapa_centre_shelf *shelf, uint64_t contact,
                           struct sapa_card *ret)
{
    return look(files, work, shelf, contact, false, ret);
}
