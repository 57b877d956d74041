/**
 * @file report/card.h
 * What an agent is shown of one contact: how it came, what the caller chose and typed, how it ended, what was noted.
 *
 * A fold of the few records of one contact that store/history.h finds again, each together with the description that was
 * in force then; so it costs no reading of the log, and the same records give the same card whenever they are folded.
 * Slices point into those descriptions.
 * Room    report: base, model; pure.   Thread  the fold's.   Owner  the caller; nothing to free.
 * Design  docs/design/desk.md   Tests  app/web_desk_test.c
 */
#ifndef SAPA_REPORT_CARD_H
#define SAPA_REPORT_CARD_H

#include "model/centre.h"
#include "model/record.h"

enum {
    SAPA_CARD_ITEMS_MAX = 16, SAPA_CARD_RECORDINGS_MAX = 8, SAPA_CARD_AGENTS_MAX = 8,
    SAPA_NOTE_MAX = 4096,                        /* bytes of a note */
    SAPA_NOTE_PART = 1396, SAPA_NOTE_PARTS = 3,  /* of a record; a character is never torn, and 3 * 1396 >= 4096 + 3 * 3 */
};

/** Something that the caller typed, or chose by a key. */
struct sapa_card_item {
    struct sapa_str key;                       /* of the variable or the node */
    struct sapa_str text[SAPA_LANGUAGE_COUNT]; /* what the flow calls it */
    bool chosen;                               /* a key led to it; else `value` was typed or found */
    char via;                                  /* that key */
    char value[129];
};

struct sapa_card_recording {
    uint64_t recording;
    uint64_t recorded_ms;
    bool complete; /* false: cut or failed */
};

/** Zeroed = empty. */
struct sapa_card_note {
    uint64_t version; /* 0: there is none */
    int64_t at_us;
    struct sapa_str agent;
    char by[65];
    unsigned parts;   /* that have come */
    bool whole, erased;
    size_t n;
    char text[SAPA_NOTE_PARTS * 1401];
};

struct sapa_card {
    uint64_t contact, person;
    int64_t arrived_us, opened_us, queued_us, connected_us, ended_us; /* 0: it did not happen; opened: where figures count it */
    uint8_t channel, direction, language, outcome;
    uint8_t party_type;                     /* enum sapa_party_type + 1; 0: from before it was known */
    uint8_t callback;                       /* enum sapa_callback + 1; 0: none */
    uint8_t survey, survey_scale;           /* the first answer, and the highest there is; scale 0: none */
    unsigned callback_attempt;
    int64_t callback_due_us;
    bool began, ended, vip, erased;
    uint32_t flow, client_index;            /* of the description at its beginning */
    struct sapa_str client, number, queue, campaign;
    struct sapa_str agent, agent_name;      /* who gave the disposition, else who talked last */
    struct sapa_str disposition;            /* empty: none */
    struct sapa_str disposition_text[SAPA_LANGUAGE_COUNT];
    char address[65], name[65];
    struct sapa_card_item items[SAPA_CARD_ITEMS_MAX];
    unsigned item_count;
    struct sapa_card_recording recordings[SAPA_CARD_RECORDINGS_MAX];
    unsigned recording_count;
    struct sapa_str agents[SAPA_CARD_AGENTS_MAX]; /* who took part */
    unsigned agent_count;
    struct sapa_card_note note;
};

/** Zero it first. @param centre  in force at this record; it outlives the card */
void sapa_card_fold(struct sapa_card *card, const struct sapa_centre *centre, const struct sapa_record *record);

/** Did this agent, by key, take part in it? */
bool sapa_card_has_agent(const struct sapa_card *card, struct sapa_str agent);

/**
 * The next part of a note: at most SAPA_NOTE_PART bytes, whole characters.
 * @return  bytes; 0 at its end
 */
size_t sapa_note_part(struct sapa_str text, size_t at);

#endif
