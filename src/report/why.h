/**
 * @file report/why.h
 * The sentences of `sapa why`: what the core decided and why, in Indonesian and English.
 *
 * The reasons are the core's own, written at the decision; here they only get words. The history of a
 * contact is every record of it; the present reasons come from the core in the same form.
 *
 * Room    report: base, model; pure.   Thread  any.   Tests  report/why_test.c
 */
#ifndef SAPA_REPORT_WHY_H
#define SAPA_REPORT_WHY_H

#include "model/record.h"
#include "report/names.h"
#include "report/zone.h"

/** One entry of the blob of a `why` record. */
struct sapa_why_entry {
    uint32_t agent; /* index in the description; SAPA_NONE: about the contact itself */
    uint32_t why;   /* enum sapa_why */
    uint64_t a, b;  /* SKILL: skill, level it has; WRAPUP, OFFERED, JUST_REFUSED: ms left; PREFERRED: agent, ms left;
                       LOWER: place in the order; AHEAD: how many; CAPACITY, BUSY, INTERRUPT: channel */
};

/** Next entry; false at the end or when the blob is malformed. */
bool sapa_why_read(struct sapa_reader *reader, struct sapa_why_entry *ret_entry);
static inline void sapa_why_put(struct sapa_writer *writer, const struct sapa_why_entry *entry)
{
    sapa_put_u64(writer, entry->agent);
    sapa_put_u64(writer, entry->why);
    sapa_put_u64(writer, entry->a);
    sapa_put_u64(writer, entry->b);
}

struct sapa_why_words {
    const struct sapa_centre *centre; /* in force at the record; NULL: indices are shown */
    enum sapa_language language;
};

/** "Budi skipped: wrap-up, 4 s left". One entry of `why`, without a full stop. */
void sapa_why_entry_print(const struct sapa_rec_why *why, const struct sapa_why_entry *entry,
                          const struct sapa_why_words *words, struct sapa_text *out);

/**
 * The story of one contact, a line per record that says something, times as the local clock and as the
 * time since arrival. Feed the records of the log in order; those of other contacts are passed over.
 */
struct sapa_story {
    struct sapa_why_words words;
    const struct sapa_zone *zone;
    uint64_t contact;
    int64_t began_us;  /* 0: nothing seen */
    uint32_t lines;
    uint32_t same;     /* why records equal to the last, not repeated */
    uint32_t last_hash;
};
void sapa_story_init(struct sapa_story *story, uint64_t contact, const struct sapa_why_words *words,
                     const struct sapa_zone *zone);
void sapa_story_fold(struct sapa_story *story, const struct sapa_record *record,
                     const struct sapa_lines *out);
/** A call_denied, which need belong to no contact: "2026-11-21 09:00:00  Siti may not call an outside number: …". */
void sapa_denied_print(const struct sapa_record *record, const struct sapa_why_words *words, const struct sapa_zone *zone,
                       struct sapa_text *out);
/** The present, from a `why` record that the core has just made (it has no place in the log). */
void sapa_story_now(struct sapa_story *story, const struct sapa_record *why, const struct sapa_lines *out);

#endif
