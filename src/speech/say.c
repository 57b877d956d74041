#include "speech/say.h"

/* Powers of a thousand; index 0 is none. 10^15 is the highest that is spoken. */
static const char *const scales[SAPA_SAY_LANGS][6] = {
    [SAPA_SAY_ID] = { "", "ribu", "juta", "miliar", "triliun", "kuadriliun" },
    [SAPA_SAY_EN] = { "", "thousand", "million", "billion", "trillion", "quadrillion" },
};

static const char *const small[SAPA_SAY_LANGS][20] = {
    [SAPA_SAY_ID] = { "nol", "satu", "dua", "tiga", "empat", "lima", "enam", "tujuh", "delapan",
                      "sembilan", "sepuluh", "sebelas", "dua belas", "tiga belas", "empat belas",
                      "lima belas", "enam belas", "tujuh belas", "delapan belas", "sembilan belas" },
    [SAPA_SAY_EN] = { "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
                      "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen",
                      "seventeen", "eighteen", "nineteen" },
};

static const char *const tens_en[10] = { "",      "ten",   "twenty",  "thirty", "forty",
                                         "fifty", "sixty", "seventy", "eighty", "ninety" };

/** The word, with a space before it unless the text is empty or ends with one already. */
static void word(struct sapa_text *text, const char *what)
{
    if (text->n > 0 && text->buf[text->n - 1] != ' ' && text->buf[text->n - 1] != '\n')
        sapa_text_char(text, ' ');
    sapa_text_add(text, sapa_str_of(what));
}

static void pause(struct sapa_text *text)
{
    sapa_text_char(text, ',');
}

sapa_rc sapa_say_lang_of(struct sapa_str tag, enum sapa_say_lang *ret)
{
    const struct sapa_str primary = { tag.p, tag.n > 2 && (tag.p[2] == '-' || tag.p[2] == '_') ? 2 : tag.n };

    if (sapa_str_ieq(primary, SAPA_STR("id")))
        *ret = SAPA_SAY_ID;
    else if (sapa_str_ieq(primary, SAPA_STR("en")))
        *ret = SAPA_SAY_EN;
    else
        return SAPA_EINVAL;
    return SAPA_OK;
}

const char *sapa_say_lang_tag(enum sapa_say_lang lang)
{
    return lang == SAPA_SAY_EN ? "en" : "id";
}

/** 1..99 in Indonesian; 1..19 are in the table. */
static void say_tens(struct sapa_text *text, enum sapa_say_lang lang, unsigned value)
{
    if (value >= 20) {
        if (lang == SAPA_SAY_EN) {
            word(text, tens_en[value / 10]);
        } else {
            word(text, small[lang][value / 10]);
            word(text, "puluh");
        }
        value %= 10;
        if (value == 0)
            return;
    }
    word(text, small[lang][value]);
}

/** 1..999. */
static void say_hundreds(struct sapa_text *text, enum sapa_say_lang lang, unsigned value)
{
    const unsigned hundreds = value / 100;

    if (hundreds == 1 && lang == SAPA_SAY_ID) {
        word(text, "seratus");
    } else if (hundreds > 0) {
        word(text, small[lang][hundreds]);
        word(text, lang == SAPA_SAY_ID ? "ratus" : "hundred");
    }
    if (value % 100 > 0)
        say_tens(text, lang, value % 100);
}

static void say_magnitude(struct sapa_text *text, enum sapa_say_lang lang, uint64_t value)
{
    uint64_t unit = 1000000000000000;

    if (value == 0)
        word(text, small[lang][0]);
    for (unsigned scale = 5; scale > 0; scale--, unit /= 1000) {
        const unsigned group = (unsigned)(value / unit);
        if (group > 0) {
            if (group == 1 && scale == 1 && lang == SAPA_SAY_ID) {
                word(text, "seribu"); /* but "satu juta" */
            } else {
                say_hundreds(text, lang, group);
                word(text, scales[lang][scale]);
            }
        }
        value %= unit;
    }
    if (value > 0)
        say_hundreds(text, lang, (unsigned)value);
}

void sapa_say_cardinal(struct sapa_text *text, enum sapa_say_lang lang, int64_t value)
{
    const uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

    if (value < 0)
        word(text, "minus");
    if (magnitude > (uint64_t)SAPA_SAY_CARDINAL_MAX) {
        char digits[24];
        struct sapa_text plain;
        sapa_text_init(&plain, digits, sizeof(digits));
        sapa_text_printf(&plain, "%llu", (unsigned long long)magnitude);
        sapa_say_digits(text, lang, sapa_text_str(&plain), 3);
        return;
    }
    say_magnitude(text, lang, magnitude);
}

/** Turn the last word of an English cardinal into its ordinal. */
static void say_ordinal_en(struct sapa_text *text, struct sapa_str cardinal)
{
    static const struct {
        const char *from, *to;
    } odd[] = { { "one", "first" }, { "two", "second" }, { "three", "third" }, { "five", "fifth" },
                { "eight", "eighth" }, { "nine", "ninth" }, { "twelve", "twelfth" } };
    size_t start = cardinal.n;
    struct sapa_str last;

    while (start > 0 && cardinal.p[start - 1] != ' ')
        start--;
    last = (struct sapa_str){ cardinal.p + start, cardinal.n - start };
    sapa_text_add(text, (struct sapa_str){ cardinal.p, start });
    for (size_t i = 0; i < SAPA_COUNT(odd); i++) {
        if (sapa_str_eq(last, sapa_str_of(odd[i].from))) {
            sapa_text_add(text, sapa_str_of(odd[i].to));
            return;
        }
    }
    if (last.n > 0 && last.p[last.n - 1] == 'y') {
        sapa_text_add(text, (struct sapa_str){ last.p, last.n - 1 });
        sapa_text_add(text, SAPA_STR("ieth"));
        return;
    }
    sapa_text_add(text, last);
    sapa_text_add(text, SAPA_STR("th"));
}

void sapa_say_ordinal(struct sapa_text *text, enum sapa_say_lang lang, int64_t value)
{
    char buf[SAPA_SAY_MAX];
    struct sapa_text cardinal;

    if (value < 1 || value > SAPA_SAY_CARDINAL_MAX) {
        sapa_say_cardinal(text, lang, value);
        return;
    }
    sapa_text_init(&cardinal, buf, sizeof(buf));
    say_magnitude(&cardinal, lang, (uint64_t)value);
    word(text, "");
    if (lang == SAPA_SAY_EN) {
        say_ordinal_en(text, sapa_text_str(&cardinal));
    } else if (value == 1) {
        sapa_text_add(text, SAPA_STR("pertama"));
    } else {
        sapa_text_add(text, SAPA_STR("ke"));
        sapa_text_add(text, sapa_text_str(&cardinal));
    }
}

static const char *letter_name(enum sapa_say_lang lang, char letter)
{
    static const char *const names[SAPA_SAY_LANGS][26] = {
        [SAPA_SAY_ID] = { "a",  "be", "ce", "de", "e",  "ef", "ge", "ha", "i",  "je",  "ka", "el", "em",
                          "en", "o",  "pe", "ki", "er", "es", "te", "u",  "ve", "we",  "eks", "ye", "zet" },
        [SAPA_SAY_EN] = { "ay", "bee", "see", "dee", "ee", "eff", "gee", "aitch", "eye",
                          "jay", "kay", "ell", "em", "en", "oh", "pee", "cue", "ar",
                          "ess", "tee", "you", "vee", "double you", "ex", "why", "zee" },
    };
    return names[lang][letter - 'a'];
}

/** The spoken name of a dialled character; NULL when it has none. */
static const char *character_name(enum sapa_say_lang lang, char c)
{
    if (c >= '0' && c <= '9')
        return small[lang][c - '0'];
    if (c >= 'a' && c <= 'z')
        return letter_name(lang, c);
    if (c >= 'A' && c <= 'Z')
        return letter_name(lang, (char)(c - 'A' + 'a'));
    switch (c) {
    case '+': return "plus";
    case '*': return lang == SAPA_SAY_ID ? "bintang" : "star";
    case '#': return lang == SAPA_SAY_ID ? "pagar" : "hash";
    default: return NULL;
    }
}

static bool is_separator(char c)
{
    return c == ' ' || c == '-' || c == '.' || c == '(' || c == ')' || c == '/';
}

/** Characters with a name, '+' apart, from `at` to the next separator or the end. */
static size_t run_length(enum sapa_say_lang lang, struct sapa_str digits, size_t at)
{
    size_t n = 0;

    for (; at < digits.n && !is_separator(digits.p[at]); at++)
        n += digits.p[at] != '+' && character_name(lang, digits.p[at]) != NULL;
    return n;
}

void sapa_say_digits(struct sapa_text *text, enum sapa_say_lang lang, struct sapa_str digits, unsigned group)
{
    bool pausing = false, spoken = false;
    unsigned in_group = 0;
    size_t left = run_length(lang, digits, 0);

    for (size_t i = 0; i < digits.n; i++) {
        const char c = digits.p[i];
        const char *name;
        if (is_separator(c)) {
            pausing = true;
            in_group = 0;
            left = run_length(lang, digits, i + 1);
            continue;
        }
        name = character_name(lang, c);
        if (!name)
            continue;
        if (group > 0 && in_group >= group && (left > 1 || group == 1)) {
            pausing = true;
            in_group = 0;
        }
        if (pausing && spoken)
            pause(text);
        pausing = false;
        spoken = true;
        word(text, name);
        if (c != '+') {
            in_group++;
            left--;
        }
    }
}

/** English: the noun in one or many; Indonesian words are given twice the same. */
struct noun {
    const char *one, *many;
};

static void say_noun(struct sapa_text *text, uint64_t n, struct noun noun)
{
    word(text, n == 1 ? noun.one : noun.many);
}

static const struct money {
    const char *code;
    unsigned minor_per_major;
    struct noun major[SAPA_SAY_LANGS], minor[SAPA_SAY_LANGS];
} moneys[] = {
    { "IDR", 100, { { "rupiah", "rupiah" }, { "rupiah", "rupiah" } }, { { "sen", "sen" }, { "sen", "sen" } } },
    { "USD", 100, { { "dolar Amerika", "dolar Amerika" }, { "dollar", "dollars" } },
      { { "sen", "sen" }, { "cent", "cents" } } },
    { "SGD", 100, { { "dolar Singapura", "dolar Singapura" }, { "Singapore dollar", "Singapore dollars" } },
      { { "sen", "sen" }, { "cent", "cents" } } },
    { "MYR", 100, { { "ringgit", "ringgit" }, { "ringgit", "ringgit" } }, { { "sen", "sen" }, { "sen", "sen" } } },
    { "EUR", 100, { { "euro", "euro" }, { "euro", "euros" } }, { { "sen", "sen" }, { "cent", "cents" } } },
    { "JPY", 1, { { "yen", "yen" }, { "yen", "yen" } }, { { "", "" }, { "", "" } } },
};

sapa_rc sapa_say_money(struct sapa_text *text, enum sapa_say_lang lang, int64_t minor, struct sapa_str currency)
{
    const uint64_t magnitude = minor < 0 ? 0 - (uint64_t)minor : (uint64_t)minor;
    const struct money *money = NULL;
    uint64_t whole, part;

    for (size_t i = 0; i < SAPA_COUNT(moneys); i++) {
        if (sapa_str_ieq(currency, sapa_str_of(moneys[i].code)))
            money = &moneys[i];
    }
    if (!money)
        return SAPA_EINVAL;
    whole = magnitude / money->minor_per_major;
    part = magnitude % money->minor_per_major;
    if (minor < 0)
        word(text, "minus");
    if (whole > 0 || part == 0) {
        /* Below 2^63 / 100, and JPY below 2^63 + 1: the cast can only reach the digits' branch. */
        sapa_say_cardinal(text, lang, (int64_t)SAPA_MIN(whole, (uint64_t)INT64_MAX));
        say_noun(text, whole, money->major[lang]);
    }
    if (part > 0) {
        if (whole > 0 && lang == SAPA_SAY_EN)
            word(text, "and");
        say_magnitude(text, lang, part);
        say_noun(text, part, money->minor[lang]);
    }
    return SAPA_OK;
}

static const char *const weekdays[SAPA_SAY_LANGS][7] = {
    [SAPA_SAY_ID] = { "Minggu", "Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu" },
    [SAPA_SAY_EN] = { "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday" },
};

static const char *const months[SAPA_SAY_LANGS][12] = {
    [SAPA_SAY_ID] = { "Januari", "Februari", "Maret", "April", "Mei", "Juni", "Juli", "Agustus", "September",
                      "Oktober", "November", "Desember" },
    [SAPA_SAY_EN] = { "January", "February", "March", "April", "May", "June", "July", "August", "September",
                      "October", "November", "December" },
};

static bool is_leap(int32_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static unsigned days_in_month(int32_t year, unsigned month)
{
    static const uint8_t days[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

    return days[month - 1] + (month == 2 && (year == 0 || is_leap(year)) ? 1u : 0u);
}

/** 0 = Sunday. Sakamoto's method (comp.lang.c, 1993). */
static unsigned weekday_of(int32_t year, unsigned month, unsigned day)
{
    static const uint8_t shift[12] = { 0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4 };
    const int32_t y = month < 3 ? year - 1 : year;

    return (unsigned)(y + y / 4 - y / 100 + y / 400 + shift[month - 1] + (int32_t)day) % 7;
}

/** "nineteen forty five", "nineteen oh five", "two thousand eight", "twenty twenty five". */
static void say_year_en(struct sapa_text *text, unsigned year)
{
    const unsigned century = year / 100, rest = year % 100;

    if (year < 1100 || year > 9999 || century % 10 == 0) {
        say_magnitude(text, SAPA_SAY_EN, year);
        return;
    }
    say_tens(text, SAPA_SAY_EN, century);
    if (rest == 0) {
        word(text, "hundred");
    } else {
        if (rest < 10)
            word(text, "oh");
        say_tens(text, SAPA_SAY_EN, rest);
    }
}

sapa_rc sapa_say_date(struct sapa_text *text, enum sapa_say_lang lang, const struct sapa_say_date *date)
{
    if (date->year < 0 || date->year > 9999 || date->month < 1 || date->month > 12 || date->day < 1 ||
        date->day > days_in_month(date->year, date->month) || (date->weekday && date->year == 0))
        return SAPA_EINVAL;
    if (date->weekday) {
        word(text, weekdays[lang][weekday_of(date->year, date->month, date->day)]);
        pause(text);
    }
    if (lang == SAPA_SAY_EN) {
        word(text, months[lang][date->month - 1]);
        sapa_say_ordinal(text, lang, date->day);
        if (date->year > 0) {
            pause(text);
            /* 2010 and later as pairs; 2000 to 2009 as "two thousand …". */
            if (date->year >= 2010 && date->year <= 2099) {
                word(text, "twenty");
                say_tens(text, lang, (unsigned)date->year % 100);
            } else {
                say_year_en(text, (unsigned)date->year);
            }
        }
        return SAPA_OK;
    }
    say_magnitude(text, lang, date->day);
    word(text, months[lang][date->month - 1]);
    if (date->year > 0)
        say_magnitude(text, lang, (uint64_t)date->year);
    return SAPA_OK;
}

static void say_time_en(struct sapa_text *text, unsigned hour, unsigned minute)
{
    if (minute == 0 && hour % 12 == 0) {
        word(text, hour == 12 ? "noon" : "midnight");
        return;
    }
    say_tens(text, SAPA_SAY_EN, hour % 12 == 0 ? 12 : hour % 12);
    if (minute > 0) {
        if (minute < 10)
            word(text, "oh");
        say_tens(text, SAPA_SAY_EN, minute);
    }
    word(text, hour < 12 ? "a m" : "p m");
}

sapa_rc sapa_say_time(struct sapa_text *text, enum sapa_say_lang lang, uint8_t hour, uint8_t minute)
{
    if (hour > 24 || minute > 59 || (hour == 24 && minute > 0))
        return SAPA_EINVAL;
    if (lang == SAPA_SAY_EN) {
        say_time_en(text, hour, minute);
        return SAPA_OK;
    }
    word(text, "pukul");
    if (hour == 0)
        word(text, "nol nol");
    else
        say_tens(text, lang, hour);
    if (minute > 0 && minute < 10) {
        word(text, "lewat");
        say_tens(text, lang, minute);
        word(text, "menit");
    } else if (minute > 0) {
        say_tens(text, lang, minute);
    }
    return SAPA_OK;
}

static const struct noun day_noun[SAPA_SAY_LANGS] = { { "hari", "hari" }, { "day", "days" } };
static const struct noun hour_noun[SAPA_SAY_LANGS] = { { "jam", "jam" }, { "hour", "hours" } };
static const struct noun minute_noun[SAPA_SAY_LANGS] = { { "menit", "menit" }, { "minute", "minutes" } };
static const struct noun second_noun[SAPA_SAY_LANGS] = { { "detik", "detik" }, { "second", "seconds" } };

static void say_quantity(struct sapa_text *text, enum sapa_say_lang lang, uint64_t n, struct noun noun)
{
    sapa_say_cardinal(text, lang, (int64_t)n);
    say_noun(text, n, noun);
}

void sapa_say_duration(struct sapa_text *text, enum sapa_say_lang lang, int64_t seconds)
{
    const uint64_t total = seconds < 0 ? 0 : (uint64_t)seconds;
    const struct {
        uint64_t n;
        struct noun noun;
    } parts[] = { { total / 86400, day_noun[lang] },
                  { total / 3600 % 24, hour_noun[lang] },
                  { total / 60 % 60, minute_noun[lang] },
                  { total % 60, second_noun[lang] } };
    unsigned left = 0;
    bool any = false;

    for (size_t i = 0; i < SAPA_COUNT(parts); i++)
        left += parts[i].n > 0;
    if (left == 0)
        say_quantity(text, lang, 0, second_noun[lang]);
    for (size_t i = 0; i < SAPA_COUNT(parts); i++) {
        if (parts[i].n == 0)
            continue;
        if (any && left == 1 && lang == SAPA_SAY_EN)
            word(text, "and");
        say_quantity(text, lang, parts[i].n, parts[i].noun);
        any = true;
        left--;
    }
}

/** Half hours, 2..48. */
static void say_half_hours(struct sapa_text *text, enum sapa_say_lang lang, uint64_t halves)
{
    say_magnitude(text, lang, halves / 2);
    if (halves % 2 == 0) {
        say_noun(text, halves / 2, hour_noun[lang]);
    } else if (lang == SAPA_SAY_EN) {
        word(text, "and a half hours");
    } else {
        word(text, "setengah jam");
    }
}

void sapa_say_wait(struct sapa_text *text, enum sapa_say_lang lang, int64_t seconds)
{
    const bool english = lang == SAPA_SAY_EN;
    uint64_t minutes;

    if (seconds < 45) {
        word(text, english ? "less than one minute" : "kurang dari satu menit");
        return;
    }
    if (seconds > 86400) {
        word(text, english ? "more than one day" : "lebih dari satu hari");
        return;
    }
    minutes = ((uint64_t)seconds + 59) / 60;
    word(text, english ? "about" : "sekitar");
    if (minutes > 55)
        say_half_hours(text, lang, (minutes + 29) / 30);
    else
        say_quantity(text, lang, minutes > 10 ? (minutes + 4) / 5 * 5 : minutes, minute_noun[lang]);
}

void sapa_say_position(struct sapa_text *text, enum sapa_say_lang lang, uint32_t position)
{
    if (position == 0)
        position = 1;
    if (lang == SAPA_SAY_ID) {
        word(text, "urutan");
        sapa_say_ordinal(text, lang, position);
    } else if (position == 1) {
        word(text, "first in line");
    } else {
        word(text, "number");
        say_magnitude(text, lang, position);
        word(text, "in line");
    }
}

void sapa_say_count(struct sapa_text *text, enum sapa_say_lang lang, int64_t n, struct sapa_str one,
                    struct sapa_str many)
{
    sapa_say_cardinal(text, lang, n);
    word(text, "");
    sapa_text_add(text, n == 1 || lang == SAPA_SAY_ID ? one : many);
}
