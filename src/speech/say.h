/**
 * @file speech/say.h
 * Numbers, money, dates, times and waits as a person would say them, in Indonesian and English.
 *
 * The text is made for a speech synthesizer or a screen: lower case words but for names, no digits, commas
 * where a speaker pauses. Each call appends, with a space before it where the text needs one. Grammar of numbers after Tata Bahasa Baku Bahasa Indonesia (4th ed., numeralia):
 * "se-" for a leading one of puluh, belas, ratus, ribu, and "satu" before juta and above.
 *
 * Room    speech: pure; integers in, text out. No clock, no time zone: the caller converts.
 * Thread  any; nothing is kept.
 * Errors  A builder that is too small is cut as base/str.h says (SAPA_SAY_MAX bytes always suffice).
 * Tests   speech/say_test.c
 */
#ifndef SAPA_SPEECH_SAY_H
#define SAPA_SPEECH_SAY_H

#include "base/str.h"

enum { SAPA_SAY_MAX = 512 }; /* bytes that hold one spoken value, digits of up to 40 characters included */

/** Above this a cardinal is read digit by digit: nobody follows "quadrillions" on a telephone. */
#define SAPA_SAY_CARDINAL_MAX INT64_C(1000000000000000)

enum sapa_say_lang {
    SAPA_SAY_ID, /* Indonesian */
    SAPA_SAY_EN, /* English */
    SAPA_SAY_LANGS
};

/** "id", "en", also "id-ID", "en_US" and upper case. SAPA_EINVAL for any other language. */
SAPA_MUST_CHECK sapa_rc sapa_say_lang_of(struct sapa_str tag, enum sapa_say_lang *ret);
/** "id" or "en". Static storage. */
const char *sapa_say_lang_tag(enum sapa_say_lang lang);

/** 1500 → "seribu lima ratus", "one thousand five hundred"; -3 → "minus tiga", "minus three". */
void sapa_say_cardinal(struct sapa_text *text, enum sapa_say_lang lang, int64_t value);

/** 1 → "pertama", "first"; 21 → "kedua puluh satu", "twenty first". Below 1: as the cardinal. */
void sapa_say_ordinal(struct sapa_text *text, enum sapa_say_lang lang, int64_t value);

/**
 * One by one: "0812" → "nol delapan satu dua". Digits, '+' (plus), '*' (bintang, star) and '#' (pagar,
 * hash) are spoken, letters by their name; space, '-', '.', '(', ')' and '/' are a pause; anything else
 * is passed over.
 * @param group  digits between pauses, 0 = pauses only where the text has them; the last group may be
 *               one longer than the others rather than leave a single digit alone
 */
void sapa_say_digits(struct sapa_text *text, enum sapa_say_lang lang, struct sapa_str digits,
                     unsigned group);

/**
 * Money from minor units: 1500000 IDR → "lima belas ribu rupiah"; 150 USD → "one dollar and fifty cents".
 * @param currency  ISO 4217: IDR, USD, SGD, MYR, EUR, JPY (all with two minor digits but JPY, with none)
 * @retval SAPA_EINVAL  a currency that is not known; nothing is written
 */
SAPA_MUST_CHECK sapa_rc sapa_say_money(struct sapa_text *text, enum sapa_say_lang lang, int64_t minor,
                                       struct sapa_str currency);

/** A day of the Gregorian calendar, local to the listener. */
struct sapa_say_date {
    int32_t year;   /* 1..9999; 0 = the year is not said */
    uint8_t month;  /* 1..12 */
    uint8_t day;    /* 1..31 */
    bool weekday;   /* say it too; needs the year */
};

/** "Minggu, tujuh belas Agustus dua ribu dua puluh lima", "Sunday, August seventeenth, twenty twenty five". SAPA_EINVAL: no such day; nothing is written. */
SAPA_MUST_CHECK sapa_rc sapa_say_date(struct sapa_text *text, enum sapa_say_lang lang,
                                      const struct sapa_say_date *date);

/**
 * A time of day: 14:30 → "pukul empat belas tiga puluh", "two thirty p m".
 * 24:00 is allowed (the end of a day). SAPA_EINVAL: no such time; nothing is written.
 */
SAPA_MUST_CHECK sapa_rc sapa_say_time(struct sapa_text *text, enum sapa_say_lang lang, uint8_t hour,
                                      uint8_t minute);

/**
 * Exact: 150 → "dua menit tiga puluh detik", "two minutes and thirty seconds". The parts that are zero are
 * left out; 0, and less than 0, → "nol detik".
 */
void sapa_say_duration(struct sapa_text *text, enum sapa_say_lang lang, int64_t seconds);

/**
 * An expected wait, rounded up so that a promise is kept: below 45 s "kurang dari satu menit", then
 * whole minutes to 10, fives to 60, half hours to a day ("sekitar satu setengah jam"), and "lebih dari satu hari".
 */
void sapa_say_wait(struct sapa_text *text, enum sapa_say_lang lang, int64_t seconds);

/** A place in the line: 1 → "urutan pertama", "first in line"; 3 → "urutan ketiga", "number three in line"; 0 as 1. */
void sapa_say_position(struct sapa_text *text, enum sapa_say_lang lang, uint32_t position);

/** "satu panggilan", "three calls": the number and its noun; Indonesian has no plural, so `many` may equal `one`. */
void sapa_say_count(struct sapa_text *text, enum sapa_say_lang lang, int64_t n, struct sapa_str one,
                    struct sapa_str many);

#endif
