/**
 * @file report/words.h
 * The vocabulary in the reader's language. English is that of model/vocab.h.
 *
 * Room    report: base, model; pure.   Thread  any.   Tests  report/why_test.c (every word is there)
 */
#ifndef SAPA_REPORT_WORDS_H
#define SAPA_REPORT_WORDS_H

#include "model/vocab.h"

/** Static storage; "?" outside the set. */
const char *sapa_word_outcome(unsigned value, enum sapa_language language);
const char *sapa_word_side(unsigned value, enum sapa_language language);
const char *sapa_word_place(unsigned value, enum sapa_language language);
const char *sapa_word_presence(unsigned value, enum sapa_language language);
const char *sapa_word_offer(unsigned value, enum sapa_language language);
const char *sapa_word_dequeue(unsigned value, enum sapa_language language);
const char *sapa_word_callback(unsigned value, enum sapa_language language);
const char *sapa_word_why(unsigned value, enum sapa_language language);
const char *sapa_word_channel(unsigned value, enum sapa_language language);
const char *sapa_word_direction(unsigned value, enum sapa_language language);
const char *sapa_word_party_type(unsigned value, enum sapa_language language);
const char *sapa_word_denial(unsigned value, enum sapa_language language);

#endif
