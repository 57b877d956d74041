#include "store/history.h"

#include <stdlib.h>

#include "base/log.h"
#include "store/log.h"
#include "store/store_impl.h"

#define INDEXED_KEY "index.history"
enum { BATCH = 2048, GROUP_MAX = 64 };

/* --- what is marked --- */

static enum sapa_moment moment_of(const struct sapa_record *record)
{
    switch (record->type) {
    case SAPA_T_contact_arrived:
    case SAPA_T_agent_call:
    case SAPA_T_contact_new: return SAPA_MOMENT_BEGIN;
    case SAPA_T_flow_value: return SAPA_MOMENT_FLOW;
    case SAPA_T_flow_step: return record->u.flow_step.via ? SAPA_MOMENT_FLOW : SAPA_MOMENT_NONE;
    case SAPA_T_contact_queued:
    case SAPA_T_contact_connected:
    case SAPA_T_wrapup_ended:
    case SAPA_T_callback_changed:
    case SAPA_T_contact_ended: return SAPA_MOMENT_WORK;
    case SAPA_T_recording_state:
        return record->u.recording_state.state >= 3 && record->u.recording_state.state <= 5 ? SAPA_MOMENT_WORK : SAPA_MOMENT_NONE;
    case SAPA_T_contact_party:
    case SAPA_T_survey_answered: return SAPA_MOMENT_WORK;
    case SAPA_T_party_joined: return record->u.party_joined.offer ? SAPA_MOMENT_WORK : SAPA_MOMENT_NONE; /* an agent */
    case SAPA_T_contact_noted: return SAPA_MOMENT_NOTE;
    default: return SAPA_MOMENT_NONE;
    }
}

struct sapa_marking sapa_marking_of(const struct sapa_record *record)
{
    struct sapa_marking marking = { .moment = (uint8_t)moment_of(record) };
    const struct sapa_rec_wrapup_ended *ended = &record->u.wrapup_ended;

    if (record->type == SAPA_T_wrapup_ended && ended->disposition != SAPA_NONE && ended->agent < UINT32_MAX && ended->queue < UINT32_MAX) {
        marking.disposed = true;
        marking.agent = (uint32_t)ended->agent;
        marking.queue = (uint32_t)ended->queue;
    }
    if (record->type == SAPA_T_contact_party && record->u.contact_party.party_type >= SAPA_PARTY_TYPE_CUSTOMER + 1 &&
        record->u.contact_party.party_type <= SAPA_PARTY_TYPE_PROSPECT + 1)
        marking.party = (uint8_t)(record->u.contact_party.party_type == SAPA_PARTY_TYPE_CUSTOMER + 1 ? SAPA_MOMENT_CUSTOMER : SAPA_MOMENT_PROSPECT);
    return marking;
}

static bool span_mark(unsigned type, enum sapa_mark *ret_what)
{
    switch (type) {
    case SAPA_T_contact_arrived:
    case SAPA_T_contact_new:
        *ret_what = SAPA_MARK_BEGIN;
        return true;
    case SAPA_T_centre_started:
        *ret_what = SAPA_MARK_CENTRE;
        return true;
    case SAPA_T_contact_ended:
        *ret_what = SAPA_MARK_END;
        return true;
    case SAPA_T_contact_parted:
    case SAPA_T_wrapup_ended:
    case SAPA_T_assignment_moved:
    case SAPA_T_recording_state:
    case SAPA_T_leg_quality:
    case SAPA_T_agent_gone:
        *ret_what = SAPA_MARK_AFTER;
        return true;
    default:
        return false;
    }
}

static struct sapa_contact_mark moment_mark(uint64_t contact, uint64_t seq, enum sapa_moment moment)
{
    return (struct sapa_contact_mark){ .contact = contact, .seq = seq, .what = SAPA_MARK_MOMENT, .value = moment };
}

size_t sapa_marks_of(unsigned type, uint64_t contact, uint64_t person, uint64_t seq, const struct sapa_marking *marking,
                     struct sapa_contact_mark ret[SAPA_MARKS_MAX])
{
    const struct sapa_contact_mark mark = { .contact = contact, .seq = seq };
    size_t count = 0;

    if (contact == 0 && type != SAPA_T_centre_started)
        return 0;
    ret[0] = mark;
    if (span_mark(type, &ret[0].what))
        count++;
    if (marking->moment != SAPA_MOMENT_NONE)
        ret[count++] = moment_mark(contact, seq, (enum sapa_moment)marking->moment);
    if (marking->disposed) {
        ret[count++] = moment_mark(sapa_moment_of_agent(marking->agent), seq, SAPA_MOMENT_DISPOSED);
        ret[count++] = moment_mark(sapa_moment_of_queue(marking->queue), seq, SAPA_MOMENT_DISPOSED);
    }
    if (marking->party != SAPA_MOMENT_NONE) {
        ret[count++] = moment_mark(contact, seq, (enum sapa_moment)marking->party);
        if (person != 0 && person < SAPA_MOMENT_PERSON)
            ret[count++] = moment_mark(sapa_moment_of_person(person), seq, (enum sapa_moment)marking->party);
    }
    if (type == SAPA_T_contact_new && person != 0) {
        ret[count] = mark;
        ret[count].what = SAPA_MARK_PERSON;
        ret[count++].value = person;
    }
    return count;
}

/* --- of records from before --- */

struct indexing {
    struct sapa_store *store;
    struct sapa_contact_mark marks[BATCH + SAPA_MARKS_MAX];
    size_t count;
    struct sapa_record record;
};

static sapa_rc put_marks(struct indexing *indexing)
{
    const sapa_rc rc = indexing->store->ops->marks_put(indexing->store->db, indexing->marks, indexing->count);

    indexing->count = 0;
    return rc;
}

static sapa_rc index_record(struct indexing *indexing)
{
    const struct sapa_record *record = &indexing->record;
    struct sapa_contact_mark marks[SAPA_MARKS_MAX];
    const struct sapa_marking marking = sapa_marking_of(record);
    const size_t count =
        sapa_marks_of(record->type, sapa_record_contact(record), sapa_record_person(record), record->seq, &marking, marks);

    for (size_t i = 0; i < count; i++) {
        if (marks[i].what == SAPA_MARK_MOMENT || marks[i].what == SAPA_MARK_PERSON || marks[i].what == SAPA_MARK_CENTRE)
            indexing->marks[indexing->count++] = marks[i];
    }
    return indexing->count >= BATCH ? put_marks(indexing) : SAPA_OK;
}

static sapa_rc index_log(struct sapa_store *store)
{
    struct indexing *indexing = calloc(1, sizeof(*indexing));
    struct sapa_log_reader *reader;
    sapa_rc rc = indexing ? sapa_log_reader_open(store, 1, &reader) : SAPA_ENOMEM;

    if (rc != SAPA_OK) {
        free(indexing);
        return rc;
    }
    indexing->store = store;
    sapa_log_reader_keep_sealed(reader);
    while ((rc = sapa_log_reader_next(reader, &indexing->record)) == SAPA_OK) {
        if ((rc = index_record(indexing)) != SAPA_OK)
            break;
    }
    if (rc == SAPA_ENOENT)
        rc = put_marks(indexing);
    sapa_log_reader_close(reader);
    free(indexing);
    return rc;
}

sapa_rc sapa_history_index(struct sapa_store *store)
{
    const struct sapa_log_tail tail = sapa_store_tail(store);
    char done[8];
    sapa_rc rc = sapa_store_setting(store, INDEXED_KEY, done, sizeof(done));

    if (rc != SAPA_ENOENT)
        return rc;
    rc = tail.seq > 0 ? index_log(store) : SAPA_OK;
    if (rc == SAPA_ECORRUPT || rc == SAPA_EVERSION) { /* whoever verifies the log says so; people can be served all the same */
        sapa_log(SAPA_LOG_WARN, "store.history", "the log cannot be read to its end (%s): histories before are not whole", sapa_rc_name(rc));
        rc = SAPA_OK;
    }
    return rc == SAPA_OK ? sapa_store_set(store, INDEXED_KEY, "1") : rc;
}

/* --- asking --- */

struct rows {
    struct sapa_past_contact *of;
    size_t count, max;
};

/* Insertion into a list that is kept in order, the newest first; the oldest falls out at its end. */
static void add_row(void *ctx, uint64_t contact, uint64_t seq)
{
    struct rows *rows = ctx;
    size_t at = rows->count;

    while (at > 0 && rows->of[at - 1].seq < seq)
        at--;
    if (at == rows->max)
        return;
    rows->count = SAPA_MIN(rows->count + 1, rows->max);
    memmove(&rows->of[at + 1], &rows->of[at], (rows->count - at - 1) * sizeof(*rows->of));
    rows->of[at] = (struct sapa_past_contact){ contact, seq };
}

sapa_rc sapa_person_contacts(struct sapa_store *store, uint64_t person, uint64_t before_seq, struct sapa_past_contact *ret,
                             size_t max, size_t *ret_count)
{
    uint64_t group[GROUP_MAX]; /* a history of 64 who became one is long enough */
    struct rows rows = { ret, 0, SAPA_MIN(max, (size_t)SAPA_HISTORY_MAX) };
    size_t persons = 0;
    sapa_rc rc = sapa_person_group(store, person, group, GROUP_MAX, &persons);

    for (size_t i = 0; rc == SAPA_OK && i < persons; i++)
        rc = store->ops->person_contacts(store->db, group[i], before_seq, rows.max, add_row, &rows);
    if (rc == SAPA_OK)
        *ret_count = rows.count;
    return rc;
}

struct places {
    uint64_t *seqs;
    size_t count;
};

static void add_place(void *ctx, uint64_t contact, uint64_t seq)
{
    struct places *places = ctx;

    (void)contact;
    places->seqs[places->count++] = seq;
}

sapa_rc sapa_contact_moments(struct sapa_store *store, uint64_t contact, enum sapa_moment kind, uint64_t *ret_seqs, size_t max,
                             size_t *ret_count)
{
    struct places places = { ret_seqs, 0 };
    const sapa_rc rc = store->ops->moments_each(store->db, contact, kind, SAPA_MIN(max, (size_t)SAPA_MOMENTS_MAX), add_place, &places);

    if (rc != SAPA_OK)
        return rc;
    for (size_t i = 0; i < places.count / 2; i++) {
        const uint64_t swap = ret_seqs[i];
        ret_seqs[i] = ret_seqs[places.count - 1 - i];
        ret_seqs[places.count - 1 - i] = swap;
    }
    *ret_count = places.count;
    return SAPA_OK;
}

/* ---- what was said of somebody ---- */

static void keep_newest(void *ctx, uint64_t contact, uint64_t seq)
{
    uint64_t *newest = ctx;

    (void)contact;
    *newest = SAPA_MAX(*newest, seq);
}

/* The later of what was said under this number and of `*seq`. */
static sapa_rc said_under(struct sapa_store *store, uint64_t number, uint64_t *seq, uint8_t *type)
{
    sapa_rc rc = SAPA_OK;

    for (unsigned i = 0; rc == SAPA_OK && i < 2; i++) {
        const unsigned kind = i == 0 ? SAPA_MOMENT_CUSTOMER : SAPA_MOMENT_PROSPECT;
        const uint64_t before = *seq;
        rc = store->ops->moments_each(store->db, number, kind, 1, keep_newest, seq);
        if (rc == SAPA_OK && *seq != before)
            *type = (uint8_t)((i == 0 ? SAPA_PARTY_TYPE_CUSTOMER : SAPA_PARTY_TYPE_PROSPECT) + 1);
    }
    return rc;
}

sapa_rc sapa_person_party_type(struct sapa_store *store, uint64_t person, uint8_t *ret)
{
    uint64_t group[GROUP_MAX], seq = 0;
    size_t persons = 0;
    uint8_t type = 0;
    sapa_rc rc = sapa_person_group(store, person, group, GROUP_MAX, &persons);

    for (size_t i = 0; rc == SAPA_OK && i < persons; i++)
        rc = said_under(store, sapa_moment_of_person(group[i]), &seq, &type);
    if (rc == SAPA_OK)
        *ret = type;
    return rc;
}

sapa_rc sapa_contact_party_type_said(struct sapa_store *store, uint64_t contact, uint8_t *ret)
{
    uint64_t seq = 0;
    uint8_t type = 0;
    const sapa_rc rc = said_under(store, contact, &seq, &type);

    if (rc == SAPA_OK)
        *ret = type;
    return rc;
}
