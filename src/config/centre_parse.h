/**
 * @file config/centre_parse.h
 * The centre description: from text to struct sapa_centre, or a list of everything wrong with it.
 *
 * The text is YAML 1.1 (a strict part of it: no aliases, no tags, no merge keys). docs/ref/centre.md
 * lists every key; it is generated from the tables of this room.
 *
 * Room    config: no files and no clock but the time-zone data it is pointed to.
 * Thread  any; the result is immutable.   Tests  config/centre_test.c, config/centre_fuzz.c
 */
#ifndef SAPA_CONFIG_CENTRE_PARSE_H
#define SAPA_CONFIG_CENTRE_PARSE_H

#include "config/finding.h"
#include "model/centre.h"
#include "model/flow.h"

enum {
    SAPA_CENTRE_TEXT_MAX = 4 << 20, /* bytes of a document */
    SAPA_LIST_FILE_MAX = 32 << 20,   /* bytes of a file of numbers */
    SAPA_CENTRE_DEPTH_MAX = 32,
    SAPA_CENTRE_VALUES_MAX = 200000,/* scalars, lists and maps in it */
};

/** What the compiler may ask for. */
struct sapa_centre_sources {
    /**
     * Value of the secret `name`, into `out`. SAPA_ENOENT: there is none. May be NULL: no secrets.
     * Values reach struct sapa_centre only, never the hash or a finding.
     */
    sapa_rc (*secret)(void *ctx, struct sapa_str name, struct sapa_text *out);
    /**
     * Bytes of the file `name` (a plain name) beside the document, at most `max`, on the heap. NULL: there are no
     * files. They are not part of the hash.
     */
    sapa_rc (*file)(void *ctx, struct sapa_str name, size_t max, uint8_t **ret, size_t *ret_size);
    void *ctx;
    const char *zoneinfo; /* "/usr/share/zoneinfo"; NULL: that */
    bool was_good;        /* it was in force under an earlier build: keys that this one does not know (any more) are passed over */
};

/**
 * Compile a document.
 *
 * @param findings  filled with every mistake, at most SAPA_FINDINGS_MAX
 * @param ret       one block of memory; give it back with sapa_centre_free()
 * @retval SAPA_EINVAL  there are findings
 * @retval SAPA_ENOMEM
 * Deterministic: the same text, files, secrets and zone data give the same centre.
 */
SAPA_MUST_CHECK sapa_rc sapa_centre_compile(struct sapa_str text, const struct sapa_centre_sources *sources,
                                            struct sapa_findings *findings, struct sapa_centre **ret);
/**
 * Calendars that are always there: config/calendar.c has their days, and where they come from. Hours name them like
 * calendars of the document, one of which with the same key takes their place (sapa_hours.calendars).
 */
enum sapa_calendar { SAPA_CALENDAR_INDONESIA, SAPA_CALENDAR_CUTI_BERSAMA, SAPA_CALENDAR_COUNT };
const char *sapa_calendar_key(unsigned calendar);
/** Are all days of the year in it? False: it is not decreed, or was before the calendar begins. */
bool sapa_calendar_whole(unsigned calendar, int32_t year);
/** Its days in order, i from 0; false behind the last. */
bool sapa_calendar_day(unsigned calendar, unsigned i, int32_t *ret_date, struct sapa_str *ret_name);

/** NULL is fine. */
void sapa_centre_free(struct sapa_centre *centre);

/**
 * Resolves secrets from `text` ("name = value" lines, # comments) and, failing that, from the
 * environment as SAPA_SECRET_<NAME> (upper case, other characters than letters and digits as _).
 * `ctx` of the sources is a struct sapa_secrets.
 */
struct sapa_secrets {
    struct sapa_str text;
};
sapa_rc sapa_secrets_resolve(void *ctx, struct sapa_str name, struct sapa_text *out);

/** The reference of every key as Markdown, into `out`: docs/ref/centre.md. */
void sapa_centre_reference(struct sapa_text *out);

#endif
