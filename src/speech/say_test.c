/**
 * @file speech/say_test.c
 * Tables of what must be said, and a listener that reads every number back from its words.
 */
#include "speech/say.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct number_row {
    enum sapa_say_lang lang;
    int64_t value;
    const char *said;
};

struct digit_row {
    enum sapa_say_lang lang;
    const char *digits;
    unsigned group;
    const char *said;
};

struct money_row {
    enum sapa_say_lang lang;
    int64_t minor;
    const char *currency, *said;
};

struct date_row {
    enum sapa_say_lang lang;
    struct sapa_say_date date;
    const char *said;
};

struct time_row {
    enum sapa_say_lang lang;
    uint8_t hour, minute;
    const char *said;
};

static const struct number_row cardinals[] = {
    { SAPA_SAY_ID, 0, "nol" },
    { SAPA_SAY_ID, 1, "satu" },
    { SAPA_SAY_ID, 2, "dua" },
    { SAPA_SAY_ID, 3, "tiga" },
    { SAPA_SAY_ID, 4, "empat" },
    { SAPA_SAY_ID, 5, "lima" },
    { SAPA_SAY_ID, 6, "enam" },
    { SAPA_SAY_ID, 7, "tujuh" },
    { SAPA_SAY_ID, 8, "delapan" },
    { SAPA_SAY_ID, 9, "sembilan" },
    { SAPA_SAY_ID, 10, "sepuluh" },
    { SAPA_SAY_ID, 11, "sebelas" },
    { SAPA_SAY_ID, 12, "dua belas" },
    { SAPA_SAY_ID, 13, "tiga belas" },
    { SAPA_SAY_ID, 14, "empat belas" },
    { SAPA_SAY_ID, 15, "lima belas" },
    { SAPA_SAY_ID, 16, "enam belas" },
    { SAPA_SAY_ID, 17, "tujuh belas" },
    { SAPA_SAY_ID, 18, "delapan belas" },
    { SAPA_SAY_ID, 19, "sembilan belas" },
    { SAPA_SAY_ID, 20, "dua puluh" },
    { SAPA_SAY_ID, 21, "dua puluh satu" },
    { SAPA_SAY_ID, 25, "dua puluh lima" },
    { SAPA_SAY_ID, 30, "tiga puluh" },
    { SAPA_SAY_ID, 40, "empat puluh" },
    { SAPA_SAY_ID, 50, "lima puluh" },
    { SAPA_SAY_ID, 60, "enam puluh" },
    { SAPA_SAY_ID, 70, "tujuh puluh" },
    { SAPA_SAY_ID, 80, "delapan puluh" },
    { SAPA_SAY_ID, 90, "sembilan puluh" },
    { SAPA_SAY_ID, 99, "sembilan puluh sembilan" },
    { SAPA_SAY_ID, 100, "seratus" },
    { SAPA_SAY_ID, 101, "seratus satu" },
    { SAPA_SAY_ID, 110, "seratus sepuluh" },
    { SAPA_SAY_ID, 111, "seratus sebelas" },
    { SAPA_SAY_ID, 112, "seratus dua belas" },
    { SAPA_SAY_ID, 119, "seratus sembilan belas" },
    { SAPA_SAY_ID, 120, "seratus dua puluh" },
    { SAPA_SAY_ID, 199, "seratus sembilan puluh sembilan" },
    { SAPA_SAY_ID, 200, "dua ratus" },
    { SAPA_SAY_ID, 211, "dua ratus sebelas" },
    { SAPA_SAY_ID, 300, "tiga ratus" },
    { SAPA_SAY_ID, 505, "lima ratus lima" },
    { SAPA_SAY_ID, 999, "sembilan ratus sembilan puluh sembilan" },
    { SAPA_SAY_ID, 1000, "seribu" },
    { SAPA_SAY_ID, 1001, "seribu satu" },
    { SAPA_SAY_ID, 1010, "seribu sepuluh" },
    { SAPA_SAY_ID, 1011, "seribu sebelas" },
    { SAPA_SAY_ID, 1100, "seribu seratus" },
    { SAPA_SAY_ID, 1111, "seribu seratus sebelas" },
    { SAPA_SAY_ID, 1500, "seribu lima ratus" },
    { SAPA_SAY_ID, 1945, "seribu sembilan ratus empat puluh lima" },
    { SAPA_SAY_ID, 2000, "dua ribu" },
    { SAPA_SAY_ID, 2011, "dua ribu sebelas" },
    { SAPA_SAY_ID, 2025, "dua ribu dua puluh lima" },
    { SAPA_SAY_ID, 10000, "sepuluh ribu" },
    { SAPA_SAY_ID, 11000, "sebelas ribu" },
    { SAPA_SAY_ID, 11111, "sebelas ribu seratus sebelas" },
    { SAPA_SAY_ID, 12000, "dua belas ribu" },
    { SAPA_SAY_ID, 15000, "lima belas ribu" },
    { SAPA_SAY_ID, 20000, "dua puluh ribu" },
    { SAPA_SAY_ID, 21000, "dua puluh satu ribu" },
    { SAPA_SAY_ID, 100000, "seratus ribu" },
    { SAPA_SAY_ID, 100001, "seratus ribu satu" },
    { SAPA_SAY_ID, 101000, "seratus satu ribu" },
    { SAPA_SAY_ID, 110000, "seratus sepuluh ribu" },
    { SAPA_SAY_ID, 111000, "seratus sebelas ribu" },
    { SAPA_SAY_ID, 111111, "seratus sebelas ribu seratus sebelas" },
    { SAPA_SAY_ID, 201000, "dua ratus satu ribu" },
    { SAPA_SAY_ID, 250000, "dua ratus lima puluh ribu" },
    { SAPA_SAY_ID, 999999,
      "sembilan ratus sembilan puluh sembilan ribu sembilan ratus sembilan puluh sembilan" },
    { SAPA_SAY_ID, 1000000, "satu juta" },
    { SAPA_SAY_ID, 1000001, "satu juta satu" },
    { SAPA_SAY_ID, 1000100, "satu juta seratus" },
    { SAPA_SAY_ID, 1001000, "satu juta seribu" },
    { SAPA_SAY_ID, 1001001, "satu juta seribu satu" },
    { SAPA_SAY_ID, 1011000, "satu juta sebelas ribu" },
    { SAPA_SAY_ID, 1100000, "satu juta seratus ribu" },
    { SAPA_SAY_ID, 1101000, "satu juta seratus satu ribu" },
    { SAPA_SAY_ID, 1500000, "satu juta lima ratus ribu" },
    { SAPA_SAY_ID, 2000000, "dua juta" },
    { SAPA_SAY_ID, 11000000, "sebelas juta" },
    { SAPA_SAY_ID, 17000000, "tujuh belas juta" },
    { SAPA_SAY_ID, 100000000, "seratus juta" },
    { SAPA_SAY_ID, 101000000, "seratus satu juta" },
    { SAPA_SAY_ID, 270000000, "dua ratus tujuh puluh juta" },
    { SAPA_SAY_ID, 999000000, "sembilan ratus sembilan puluh sembilan juta" },
    { SAPA_SAY_ID, 1000000000, "satu miliar" },
    { SAPA_SAY_ID, 1000001000, "satu miliar seribu" },
    { SAPA_SAY_ID, 1001001001, "satu miliar satu juta seribu satu" },
    { SAPA_SAY_ID, INT64_C(2500000000), "dua miliar lima ratus juta" },
    { SAPA_SAY_ID, INT64_C(100000000000), "seratus miliar" },
    { SAPA_SAY_ID, INT64_C(1000000000000), "satu triliun" },
    { SAPA_SAY_ID, INT64_C(1000000000001), "satu triliun satu" },
    { SAPA_SAY_ID, INT64_C(1001000000000), "satu triliun satu miliar" },
    { SAPA_SAY_ID, INT64_C(1234567890123),
      "satu triliun dua ratus tiga puluh empat miliar lima ratus enam puluh tujuh juta "
      "delapan ratus sembilan puluh ribu seratus dua puluh tiga" },
    { SAPA_SAY_ID, INT64_C(999999999999999),
      "sembilan ratus sembilan puluh sembilan triliun sembilan ratus sembilan puluh "
      "sembilan miliar sembilan ratus sembilan puluh sembilan juta sembilan ratus "
      "sembilan puluh sembilan ribu sembilan ratus sembilan puluh sembilan" },
    { SAPA_SAY_ID, INT64_C(1000000000000000), "satu kuadriliun" },
    { SAPA_SAY_ID, INT64_C(1000000000000001),
      "satu nol nol, nol nol nol, nol nol nol, nol nol nol, nol nol nol satu" },
    { SAPA_SAY_ID, -1, "minus satu" },
    { SAPA_SAY_ID, -1000, "minus seribu" },
    { SAPA_SAY_ID, INT64_C(-1000000000000000), "minus satu kuadriliun" },
    { SAPA_SAY_EN, 0, "zero" },
    { SAPA_SAY_EN, 1, "one" },
    { SAPA_SAY_EN, 2, "two" },
    { SAPA_SAY_EN, 3, "three" },
    { SAPA_SAY_EN, 4, "four" },
    { SAPA_SAY_EN, 5, "five" },
    { SAPA_SAY_EN, 6, "six" },
    { SAPA_SAY_EN, 7, "seven" },
    { SAPA_SAY_EN, 8, "eight" },
    { SAPA_SAY_EN, 9, "nine" },
    { SAPA_SAY_EN, 10, "ten" },
    { SAPA_SAY_EN, 11, "eleven" },
    { SAPA_SAY_EN, 12, "twelve" },
    { SAPA_SAY_EN, 13, "thirteen" },
    { SAPA_SAY_EN, 14, "fourteen" },
    { SAPA_SAY_EN, 15, "fifteen" },
    { SAPA_SAY_EN, 16, "sixteen" },
    { SAPA_SAY_EN, 17, "seventeen" },
    { SAPA_SAY_EN, 18, "eighteen" },
    { SAPA_SAY_EN, 19, "nineteen" },
    { SAPA_SAY_EN, 20, "twenty" },
    { SAPA_SAY_EN, 21, "twenty one" },
    { SAPA_SAY_EN, 30, "thirty" },
    { SAPA_SAY_EN, 40, "forty" },
    { SAPA_SAY_EN, 44, "forty four" },
    { SAPA_SAY_EN, 50, "fifty" },
    { SAPA_SAY_EN, 60, "sixty" },
    { SAPA_SAY_EN, 70, "seventy" },
    { SAPA_SAY_EN, 80, "eighty" },
    { SAPA_SAY_EN, 90, "ninety" },
    { SAPA_SAY_EN, 99, "ninety nine" },
    { SAPA_SAY_EN, 100, "one hundred" },
    { SAPA_SAY_EN, 101, "one hundred one" },
    { SAPA_SAY_EN, 110, "one hundred ten" },
    { SAPA_SAY_EN, 111, "one hundred eleven" },
    { SAPA_SAY_EN, 120, "one hundred twenty" },
    { SAPA_SAY_EN, 999, "nine hundred ninety nine" },
    { SAPA_SAY_EN, 1000, "one thousand" },
    { SAPA_SAY_EN, 1001, "one thousand one" },
    { SAPA_SAY_EN, 1100, "one thousand one hundred" },
    { SAPA_SAY_EN, 1500, "one thousand five hundred" },
    { SAPA_SAY_EN, 2000, "two thousand" },
    { SAPA_SAY_EN, 10000, "ten thousand" },
    { SAPA_SAY_EN, 11000, "eleven thousand" },
    { SAPA_SAY_EN, 100000, "one hundred thousand" },
    { SAPA_SAY_EN, 101000, "one hundred one thousand" },
    { SAPA_SAY_EN, 111111, "one hundred eleven thousand one hundred eleven" },
    { SAPA_SAY_EN, 999999, "nine hundred ninety nine thousand nine hundred ninety nine" },
    { SAPA_SAY_EN, 1000000, "one million" },
    { SAPA_SAY_EN, 1000001, "one million one" },
    { SAPA_SAY_EN, 1001000, "one million one thousand" },
    { SAPA_SAY_EN, 1001001, "one million one thousand one" },
    { SAPA_SAY_EN, 12000000, "twelve million" },
    { SAPA_SAY_EN, 1000000000, "one billion" },
    { SAPA_SAY_EN, INT64_C(1000000000000), "one trillion" },
    { SAPA_SAY_EN, INT64_C(1000000000000000), "one quadrillion" },
    { SAPA_SAY_EN, -7, "minus seven" },
    { SAPA_SAY_EN, -15000, "minus fifteen thousand" },
};

static const struct number_row ordinals[] = {
    { SAPA_SAY_ID, 1, "pertama" },
    { SAPA_SAY_ID, 2, "kedua" },
    { SAPA_SAY_ID, 3, "ketiga" },
    { SAPA_SAY_ID, 4, "keempat" },
    { SAPA_SAY_ID, 5, "kelima" },
    { SAPA_SAY_ID, 6, "keenam" },
    { SAPA_SAY_ID, 7, "ketujuh" },
    { SAPA_SAY_ID, 8, "kedelapan" },
    { SAPA_SAY_ID, 9, "kesembilan" },
    { SAPA_SAY_ID, 10, "kesepuluh" },
    { SAPA_SAY_ID, 11, "kesebelas" },
    { SAPA_SAY_ID, 12, "kedua belas" },
    { SAPA_SAY_ID, 20, "kedua puluh" },
    { SAPA_SAY_ID, 21, "kedua puluh satu" },
    { SAPA_SAY_ID, 100, "keseratus" },
    { SAPA_SAY_ID, 101, "keseratus satu" },
    { SAPA_SAY_ID, 1000, "keseribu" },
    { SAPA_SAY_ID, 1001, "keseribu satu" },
    { SAPA_SAY_ID, 1000000, "kesatu juta" },
    { SAPA_SAY_ID, 0, "nol" },
    { SAPA_SAY_ID, -2, "minus dua" },
    { SAPA_SAY_EN, 1, "first" },
    { SAPA_SAY_EN, 2, "second" },
    { SAPA_SAY_EN, 3, "third" },
    { SAPA_SAY_EN, 4, "fourth" },
    { SAPA_SAY_EN, 5, "fifth" },
    { SAPA_SAY_EN, 6, "sixth" },
    { SAPA_SAY_EN, 7, "seventh" },
    { SAPA_SAY_EN, 8, "eighth" },
    { SAPA_SAY_EN, 9, "ninth" },
    { SAPA_SAY_EN, 10, "tenth" },
    { SAPA_SAY_EN, 11, "eleventh" },
    { SAPA_SAY_EN, 12, "twelfth" },
    { SAPA_SAY_EN, 13, "thirteenth" },
    { SAPA_SAY_EN, 14, "fourteenth" },
    { SAPA_SAY_EN, 15, "fifteenth" },
    { SAPA_SAY_EN, 16, "sixteenth" },
    { SAPA_SAY_EN, 17, "seventeenth" },
    { SAPA_SAY_EN, 18, "eighteenth" },
    { SAPA_SAY_EN, 19, "nineteenth" },
    { SAPA_SAY_EN, 20, "twentieth" },
    { SAPA_SAY_EN, 21, "twenty first" },
    { SAPA_SAY_EN, 22, "twenty second" },
    { SAPA_SAY_EN, 23, "twenty third" },
    { SAPA_SAY_EN, 28, "twenty eighth" },
    { SAPA_SAY_EN, 30, "thirtieth" },
    { SAPA_SAY_EN, 31, "thirty first" },
    { SAPA_SAY_EN, 40, "fortieth" },
    { SAPA_SAY_EN, 59, "fifty ninth" },
    { SAPA_SAY_EN, 80, "eightieth" },
    { SAPA_SAY_EN, 90, "ninetieth" },
    { SAPA_SAY_EN, 99, "ninety ninth" },
    { SAPA_SAY_EN, 100, "one hundredth" },
    { SAPA_SAY_EN, 101, "one hundred first" },
    { SAPA_SAY_EN, 112, "one hundred twelfth" },
    { SAPA_SAY_EN, 1000, "one thousandth" },
    { SAPA_SAY_EN, 1000000, "one millionth" },
    { SAPA_SAY_EN, 0, "zero" },
};

static const struct number_row durations[] = {
    { SAPA_SAY_ID, 0, "nol detik" },
    { SAPA_SAY_ID, 1, "satu detik" },
    { SAPA_SAY_ID, 11, "sebelas detik" },
    { SAPA_SAY_ID, 59, "lima puluh sembilan detik" },
    { SAPA_SAY_ID, 60, "satu menit" },
    { SAPA_SAY_ID, 61, "satu menit satu detik" },
    { SAPA_SAY_ID, 150, "dua menit tiga puluh detik" },
    { SAPA_SAY_ID, 600, "sepuluh menit" },
    { SAPA_SAY_ID, 3600, "satu jam" },
    { SAPA_SAY_ID, 3601, "satu jam satu detik" },
    { SAPA_SAY_ID, 3660, "satu jam satu menit" },
    { SAPA_SAY_ID, 3725, "satu jam dua menit lima detik" },
    { SAPA_SAY_ID, 86400, "satu hari" },
    { SAPA_SAY_ID, 90061, "satu hari satu jam satu menit satu detik" },
    { SAPA_SAY_ID, -5, "nol detik" },
    { SAPA_SAY_EN, 0, "zero seconds" },
    { SAPA_SAY_EN, 1, "one second" },
    { SAPA_SAY_EN, 2, "two seconds" },
    { SAPA_SAY_EN, 60, "one minute" },
    { SAPA_SAY_EN, 61, "one minute and one second" },
    { SAPA_SAY_EN, 150, "two minutes and thirty seconds" },
    { SAPA_SAY_EN, 3600, "one hour" },
    { SAPA_SAY_EN, 7200, "two hours" },
    { SAPA_SAY_EN, 3725, "one hour two minutes and five seconds" },
    { SAPA_SAY_EN, 86400, "one day" },
    { SAPA_SAY_EN, 172800, "two days" },
    { SAPA_SAY_EN, 90061, "one day one hour one minute and one second" },
};

static const struct number_row waits[] = {
    { SAPA_SAY_ID, -3, "kurang dari satu menit" },
    { SAPA_SAY_ID, 0, "kurang dari satu menit" },
    { SAPA_SAY_ID, 44, "kurang dari satu menit" },
    { SAPA_SAY_ID, 45, "sekitar satu menit" },
    { SAPA_SAY_ID, 60, "sekitar satu menit" },
    { SAPA_SAY_ID, 61, "sekitar dua menit" },
    { SAPA_SAY_ID, 121, "sekitar tiga menit" },
    { SAPA_SAY_ID, 180, "sekitar tiga menit" },
    { SAPA_SAY_ID, 600, "sekitar sepuluh menit" },
    { SAPA_SAY_ID, 601, "sekitar lima belas menit" },
    { SAPA_SAY_ID, 900, "sekitar lima belas menit" },
    { SAPA_SAY_ID, 901, "sekitar dua puluh menit" },
    { SAPA_SAY_ID, 3300, "sekitar lima puluh lima menit" },
    { SAPA_SAY_ID, 3301, "sekitar satu jam" },
    { SAPA_SAY_ID, 3600, "sekitar satu jam" },
    { SAPA_SAY_ID, 3601, "sekitar satu setengah jam" },
    { SAPA_SAY_ID, 5400, "sekitar satu setengah jam" },
    { SAPA_SAY_ID, 5401, "sekitar dua jam" },
    { SAPA_SAY_ID, 86400, "sekitar dua puluh empat jam" },
    { SAPA_SAY_ID, 86401, "lebih dari satu hari" },
    { SAPA_SAY_EN, 0, "less than one minute" },
    { SAPA_SAY_EN, 44, "less than one minute" },
    { SAPA_SAY_EN, 45, "about one minute" },
    { SAPA_SAY_EN, 61, "about two minutes" },
    { SAPA_SAY_EN, 180, "about three minutes" },
    { SAPA_SAY_EN, 660, "about fifteen minutes" },
    { SAPA_SAY_EN, 3600, "about one hour" },
    { SAPA_SAY_EN, 3700, "about one and a half hours" },
    { SAPA_SAY_EN, 7200, "about two hours" },
    { SAPA_SAY_EN, 9000, "about two and a half hours" },
    { SAPA_SAY_EN, 86401, "more than one day" },
};

static const struct number_row positions[] = {
    { SAPA_SAY_ID, 0, "urutan pertama" },
    { SAPA_SAY_ID, 1, "urutan pertama" },
    { SAPA_SAY_ID, 2, "urutan kedua" },
    { SAPA_SAY_ID, 3, "urutan ketiga" },
    { SAPA_SAY_ID, 10, "urutan kesepuluh" },
    { SAPA_SAY_ID, 11, "urutan kesebelas" },
    { SAPA_SAY_ID, 27, "urutan kedua puluh tujuh" },
    { SAPA_SAY_ID, 100, "urutan keseratus" },
    { SAPA_SAY_EN, 1, "first in line" },
    { SAPA_SAY_EN, 2, "number two in line" },
    { SAPA_SAY_EN, 3, "number three in line" },
    { SAPA_SAY_EN, 12, "number twelve in line" },
    { SAPA_SAY_EN, 101, "number one hundred one in line" },
};

static const struct digit_row digit_rows[] = {
    { SAPA_SAY_ID, "0812", 0, "nol delapan satu dua" },
    { SAPA_SAY_ID, "081234567890", 4,
      "nol delapan satu dua, tiga empat lima enam, tujuh delapan sembilan nol" },
    { SAPA_SAY_ID, "0812345678", 3, "nol delapan satu, dua tiga empat, lima enam tujuh delapan" },
    { SAPA_SAY_ID, "12345678901", 4,
      "satu dua tiga empat, lima enam tujuh delapan, sembilan nol satu" },
    { SAPA_SAY_ID, "123456789", 4, "satu dua tiga empat, lima enam tujuh delapan sembilan" },
    { SAPA_SAY_ID, "123", 3, "satu dua tiga" },
    { SAPA_SAY_ID, "1234", 3, "satu dua tiga empat" },
    { SAPA_SAY_ID, "12345", 3, "satu dua tiga, empat lima" },
    { SAPA_SAY_ID, "+62 812-3456", 0, "plus enam dua, delapan satu dua, tiga empat lima enam" },
    { SAPA_SAY_ID, "+628123456", 3, "plus enam dua delapan, satu dua tiga, empat lima enam" },
    { SAPA_SAY_ID, "*21#", 0, "bintang dua satu pagar" },
    { SAPA_SAY_ID, "(021) 555-01", 0, "nol dua satu, lima lima lima, nol satu" },
    { SAPA_SAY_ID, "12", 1, "satu, dua" },
    { SAPA_SAY_ID, "", 4, "" },
    { SAPA_SAY_ID, "---", 0, "" },
    { SAPA_SAY_ID, "1!2", 0, "satu dua" },
    { SAPA_SAY_ID, "B 1234 XYZ", 0, "be, satu dua tiga empat, eks ye zet" },
    { SAPA_SAY_ID, "q", 0, "ki" },
    { SAPA_SAY_EN, "0812", 0, "zero eight one two" },
    { SAPA_SAY_EN, "4111111111111111", 4,
      "four one one one, one one one one, one one one one, one one one one" },
    { SAPA_SAY_EN, "12345", 2, "one two, three four five" },
    { SAPA_SAY_EN, "+1-202", 0, "plus one, two zero two" },
    { SAPA_SAY_EN, "A7w", 0, "ay seven double you" },
    { SAPA_SAY_EN, "*#", 0, "star hash" },
    { SAPA_SAY_EN, " 1 ", 0, "one" },
    { SAPA_SAY_EN, "1  2", 0, "one, two" },
};

static const struct money_row money_rows[] = {
    { SAPA_SAY_ID, 1500000, "IDR", "lima belas ribu rupiah" },
    { SAPA_SAY_ID, 0, "IDR", "nol rupiah" },
    { SAPA_SAY_ID, 100, "IDR", "satu rupiah" },
    { SAPA_SAY_ID, 50, "IDR", "lima puluh sen" },
    { SAPA_SAY_ID, 1, "IDR", "satu sen" },
    { SAPA_SAY_ID, 150, "IDR", "satu rupiah lima puluh sen" },
    { SAPA_SAY_ID, 100000, "IDR", "seribu rupiah" },
    { SAPA_SAY_ID, 100100, "IDR", "seribu satu rupiah" },
    { SAPA_SAY_ID, 1100000, "IDR", "sebelas ribu rupiah" },
    { SAPA_SAY_ID, 10000000, "IDR", "seratus ribu rupiah" },
    { SAPA_SAY_ID, 100000000, "IDR", "satu juta rupiah" },
    { SAPA_SAY_ID, 150000000, "IDR", "satu juta lima ratus ribu rupiah" },
    { SAPA_SAY_ID, INT64_C(12345678900), "IDR",
      "seratus dua puluh tiga juta empat ratus lima puluh enam ribu tujuh ratus delapan "
      "puluh sembilan rupiah" },
    { SAPA_SAY_ID, -2500000, "IDR", "minus dua puluh lima ribu rupiah" },
    { SAPA_SAY_ID, INT64_C(100000000000000), "IDR", "satu triliun rupiah" },
    { SAPA_SAY_ID, 150, "USD", "satu dolar Amerika lima puluh sen" },
    { SAPA_SAY_ID, 10000, "SGD", "seratus dolar Singapura" },
    { SAPA_SAY_ID, 1111, "MYR", "sebelas ringgit sebelas sen" },
    { SAPA_SAY_ID, 100, "EUR", "satu euro" },
    { SAPA_SAY_ID, 1000, "JPY", "seribu yen" },
    { SAPA_SAY_ID, 5, "idr", "lima sen" },
    { SAPA_SAY_EN, 1500000, "IDR", "fifteen thousand rupiah" },
    { SAPA_SAY_EN, 0, "IDR", "zero rupiah" },
    { SAPA_SAY_EN, 100, "IDR", "one rupiah" },
    { SAPA_SAY_EN, 1550, "IDR", "fifteen rupiah and fifty sen" },
    { SAPA_SAY_EN, 150, "USD", "one dollar and fifty cents" },
    { SAPA_SAY_EN, 101, "USD", "one dollar and one cent" },
    { SAPA_SAY_EN, 200, "USD", "two dollars" },
    { SAPA_SAY_EN, 0, "USD", "zero dollars" },
    { SAPA_SAY_EN, 1, "USD", "one cent" },
    { SAPA_SAY_EN, 99, "USD", "ninety nine cents" },
    { SAPA_SAY_EN, -101, "USD", "minus one dollar and one cent" },
    { SAPA_SAY_EN, 123456, "USD",
      "one thousand two hundred thirty four dollars and fifty six cents" },
    { SAPA_SAY_EN, 100, "SGD", "one Singapore dollar" },
    { SAPA_SAY_EN, 220, "SGD", "two Singapore dollars and twenty cents" },
    { SAPA_SAY_EN, 300, "EUR", "three euros" },
    { SAPA_SAY_EN, 1000, "MYR", "ten ringgit" },
    { SAPA_SAY_EN, 1, "JPY", "one yen" },
};

static const struct date_row date_rows[] = {
    { SAPA_SAY_ID, { 2025, 8, 17, true }, "Minggu, tujuh belas Agustus dua ribu dua puluh lima" },
    { SAPA_SAY_ID, { 1945, 8, 17, true },
      "Jumat, tujuh belas Agustus seribu sembilan ratus empat puluh lima" },
    { SAPA_SAY_ID, { 2024, 2, 29, true },
      "Kamis, dua puluh sembilan Februari dua ribu dua puluh empat" },
    { SAPA_SAY_ID, { 2000, 2, 29, true }, "Selasa, dua puluh sembilan Februari dua ribu" },
    { SAPA_SAY_ID, { 2026, 1, 1, true }, "Kamis, satu Januari dua ribu dua puluh enam" },
    { SAPA_SAY_ID, { 2025, 12, 31, true },
      "Rabu, tiga puluh satu Desember dua ribu dua puluh lima" },
    { SAPA_SAY_ID, { 2025, 3, 1, true }, "Sabtu, satu Maret dua ribu dua puluh lima" },
    { SAPA_SAY_ID, { 2025, 4, 7, true }, "Senin, tujuh April dua ribu dua puluh lima" },
    { SAPA_SAY_ID, { 0, 5, 10, false }, "sepuluh Mei" },
    { SAPA_SAY_ID, { 0, 2, 29, false }, "dua puluh sembilan Februari" },
    { SAPA_SAY_ID, { 2025, 6, 11, false }, "sebelas Juni dua ribu dua puluh lima" },
    { SAPA_SAY_ID, { 2025, 7, 20, false }, "dua puluh Juli dua ribu dua puluh lima" },
    { SAPA_SAY_ID, { 2025, 9, 30, false }, "tiga puluh September dua ribu dua puluh lima" },
    { SAPA_SAY_ID, { 2025, 10, 28, false }, "dua puluh delapan Oktober dua ribu dua puluh lima" },
    { SAPA_SAY_ID, { 2025, 11, 10, false }, "sepuluh November dua ribu dua puluh lima" },
    { SAPA_SAY_EN, { 2025, 8, 17, true }, "Sunday, August seventeenth, twenty twenty five" },
    { SAPA_SAY_EN, { 1945, 8, 17, true }, "Friday, August seventeenth, nineteen forty five" },
    { SAPA_SAY_EN, { 2000, 1, 1, true }, "Saturday, January first, two thousand" },
    { SAPA_SAY_EN, { 2008, 8, 8, false }, "August eighth, two thousand eight" },
    { SAPA_SAY_EN, { 2010, 2, 3, false }, "February third, twenty ten" },
    { SAPA_SAY_EN, { 1905, 6, 30, false }, "June thirtieth, nineteen oh five" },
    { SAPA_SAY_EN, { 1900, 3, 22, false }, "March twenty second, nineteen hundred" },
    { SAPA_SAY_EN, { 2024, 12, 25, true }, "Wednesday, December twenty fifth, twenty twenty four" },
    { SAPA_SAY_EN, { 0, 7, 4, false }, "July fourth" },
    { SAPA_SAY_EN, { 1066, 10, 14, false }, "October fourteenth, one thousand sixty six" },
    { SAPA_SAY_EN, { 2100, 5, 31, true }, "Monday, May thirty first, twenty one hundred" },
};

static const struct sapa_say_date bad_dates[] = {
    { 2025, 2, 29, false },
    { 1900, 2, 29, false },
    { 2025, 13, 1, false },
    { 2025, 0, 1, false },
    { 2025, 4, 31, false },
    { 2025, 4, 0, false },
    { 0, 4, 1, true },
    { 10000, 1, 1, false },
    { -1, 1, 1, false },
    { 0, 2, 30, false },
};

static const struct time_row time_rows[] = {
    { SAPA_SAY_ID, 0, 0, "pukul nol nol" },
    { SAPA_SAY_ID, 0, 15, "pukul nol nol lima belas" },
    { SAPA_SAY_ID, 0, 5, "pukul nol nol lewat lima menit" },
    { SAPA_SAY_ID, 1, 0, "pukul satu" },
    { SAPA_SAY_ID, 8, 0, "pukul delapan" },
    { SAPA_SAY_ID, 8, 1, "pukul delapan lewat satu menit" },
    { SAPA_SAY_ID, 8, 9, "pukul delapan lewat sembilan menit" },
    { SAPA_SAY_ID, 8, 10, "pukul delapan sepuluh" },
    { SAPA_SAY_ID, 8, 30, "pukul delapan tiga puluh" },
    { SAPA_SAY_ID, 11, 11, "pukul sebelas sebelas" },
    { SAPA_SAY_ID, 12, 0, "pukul dua belas" },
    { SAPA_SAY_ID, 14, 30, "pukul empat belas tiga puluh" },
    { SAPA_SAY_ID, 17, 45, "pukul tujuh belas empat puluh lima" },
    { SAPA_SAY_ID, 20, 0, "pukul dua puluh" },
    { SAPA_SAY_ID, 21, 0, "pukul dua puluh satu" },
    { SAPA_SAY_ID, 23, 59, "pukul dua puluh tiga lima puluh sembilan" },
    { SAPA_SAY_ID, 24, 0, "pukul dua puluh empat" },
    { SAPA_SAY_EN, 0, 0, "midnight" },
    { SAPA_SAY_EN, 24, 0, "midnight" },
    { SAPA_SAY_EN, 12, 0, "noon" },
    { SAPA_SAY_EN, 0, 1, "twelve oh one a m" },
    { SAPA_SAY_EN, 0, 30, "twelve thirty a m" },
    { SAPA_SAY_EN, 1, 0, "one a m" },
    { SAPA_SAY_EN, 8, 5, "eight oh five a m" },
    { SAPA_SAY_EN, 11, 59, "eleven fifty nine a m" },
    { SAPA_SAY_EN, 12, 1, "twelve oh one p m" },
    { SAPA_SAY_EN, 12, 45, "twelve forty five p m" },
    { SAPA_SAY_EN, 14, 30, "two thirty p m" },
    { SAPA_SAY_EN, 17, 0, "five p m" },
    { SAPA_SAY_EN, 23, 59, "eleven fifty nine p m" },
};

static char said[SAPA_SAY_MAX];
static struct sapa_text text;

static void fresh(void)
{
    sapa_text_init(&text, said, sizeof(said));
}

static void test_cardinals(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAPA_COUNT(cardinals); i++) {
        fresh();
        sapa_say_cardinal(&text, cardinals[i].lang, cardinals[i].value);
        assert_string_equal(said, cardinals[i].said);
        assert_false(text.cut);
    }
}

static void test_ordinals(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAPA_COUNT(ordinals); i++) {
        fresh();
        sapa_say_ordinal(&text, ordinals[i].lang, ordinals[i].value);
        assert_string_equal(said, ordinals[i].said);
    }
}

static void test_durations(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAPA_COUNT(durations); i++) {
        fresh();
        sapa_say_duration(&text, durations[i].lang, durations[i].value);
        assert_string_equal(said, durations[i].said);
    }
}

static void test_waits(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAPA_COUNT(waits); i++) {
        fresh();
        sapa_say_wait(&text, waits[i].lang, waits[i].value);
        assert_string_equal(said, waits[i].said);
    }
}

static void test_positions(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAPA_COUNT(positions); i++) {
        fresh();
        sapa_say_position(&text, positions[i].lang, (uint32_t)positions[i].value);
        assert_string_equal(said, positions[i].said);
    }
}

static void test_digits(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAPA_COUNT(digit_rows); i++) {
        fresh();
        sapa_say_digits(&text, digit_rows[i].lang, sapa_str_of(digit_rows[i].digits), digit_rows[i].group);
        assert_string_equal(said, digit_rows[i].said);
    }
}

static void test_money(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAPA_COUNT(money_rows); i++) {
        fresh();
        assert_int_equal(sapa_say_money(&text, money_rows[i].lang, money_rows[i].minor,
                                        sapa_str_of(money_rows[i].currency)),
                         SAPA_OK);
        assert_string_equal(said, money_rows[i].said);
    }
    fresh();
    assert_int_equal(sapa_say_money(&text, SAPA_SAY_ID, 1, SAPA_STR("XYZ")), SAPA_EINVAL);
    assert_int_equal(sapa_say_money(&text, SAPA_SAY_ID, 1, SAPA_STR("")), SAPA_EINVAL);
    assert_string_equal(said, "");
}

static void test_dates(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAPA_COUNT(date_rows); i++) {
        fresh();
        assert_int_equal(sapa_say_date(&text, date_rows[i].lang, &date_rows[i].date), SAPA_OK);
        assert_string_equal(said, date_rows[i].said);
    }
    for (size_t i = 0; i < SAPA_COUNT(bad_dates); i++) {
        fresh();
        assert_int_equal(sapa_say_date(&text, SAPA_SAY_ID, &bad_dates[i]), SAPA_EINVAL);
        assert_string_equal(said, "");
    }
}

static void test_times(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAPA_COUNT(time_rows); i++) {
        fresh();
        assert_int_equal(sapa_say_time(&text, time_rows[i].lang, time_rows[i].hour, time_rows[i].minute), SAPA_OK);
        assert_string_equal(said, time_rows[i].said);
    }
    fresh();
    assert_int_equal(sapa_say_time(&text, SAPA_SAY_EN, 24, 1), SAPA_EINVAL);
    assert_int_equal(sapa_say_time(&text, SAPA_SAY_EN, 25, 0), SAPA_EINVAL);
    assert_int_equal(sapa_say_time(&text, SAPA_SAY_ID, 8, 60), SAPA_EINVAL);
    assert_string_equal(said, "");
}

static void test_languages(void **state)
{
    static const struct {
        const char *tag;
        sapa_rc rc;
        enum sapa_say_lang lang;
    } rows[] = { { "id", SAPA_OK, SAPA_SAY_ID },    { "en", SAPA_OK, SAPA_SAY_EN },
                 { "ID", SAPA_OK, SAPA_SAY_ID },    { "id-ID", SAPA_OK, SAPA_SAY_ID },
                 { "en_US", SAPA_OK, SAPA_SAY_EN }, { "en-GB", SAPA_OK, SAPA_SAY_EN },
                 { "eng", SAPA_EINVAL, 0 },         { "", SAPA_EINVAL, 0 },
                 { "e", SAPA_EINVAL, 0 },           { "jv", SAPA_EINVAL, 0 },
                 { "-id", SAPA_EINVAL, 0 } };

    (void)state;
    for (size_t i = 0; i < SAPA_COUNT(rows); i++) {
        enum sapa_say_lang lang = SAPA_SAY_LANGS;
        assert_int_equal(sapa_say_lang_of(sapa_str_of(rows[i].tag), &lang), rows[i].rc);
        assert_int_equal(lang, rows[i].rc == SAPA_OK ? rows[i].lang : SAPA_SAY_LANGS);
    }
    assert_string_equal(sapa_say_lang_tag(SAPA_SAY_ID), "id");
    assert_string_equal(sapa_say_lang_tag(SAPA_SAY_EN), "en");
}

static void test_sentences(void **state)
{
    (void)state;
    fresh();
    sapa_text_add(&text, SAPA_STR("Anda di"));
    sapa_say_position(&text, SAPA_SAY_ID, 3);
    sapa_text_add(&text, SAPA_STR(", menunggu "));
    sapa_say_wait(&text, SAPA_SAY_ID, 170);
    sapa_text_char(&text, '.');
    assert_string_equal(said, "Anda di urutan ketiga, menunggu sekitar tiga menit.");
    fresh();
    sapa_say_count(&text, SAPA_SAY_EN, 1, SAPA_STR("call"), SAPA_STR("calls"));
    sapa_text_add(&text, SAPA_STR(" and"));
    sapa_say_count(&text, SAPA_SAY_EN, 3, SAPA_STR("call"), SAPA_STR("calls"));
    assert_string_equal(said, "one call and three calls");
    fresh();
    sapa_say_count(&text, SAPA_SAY_EN, 0, SAPA_STR("call"), SAPA_STR("calls"));
    assert_string_equal(said, "zero calls");
    fresh();
    sapa_say_count(&text, SAPA_SAY_ID, 3, SAPA_STR("panggilan"), SAPA_STR("panggilan-panggilan"));
    assert_string_equal(said, "tiga panggilan");
}

static void test_too_small_a_buffer_is_cut_and_whole(void **state)
{
    char small[12];

    (void)state;
    sapa_text_init(&text, small, sizeof(small));
    sapa_say_cardinal(&text, SAPA_SAY_ID, 999999);
    assert_true(text.cut);
    assert_string_equal(small, "sembilan ra");
}

/* The listener: words back to the number they mean, written apart from the speaker. */

static bool unit_of(struct sapa_str word, uint64_t *ret)
{
    static const struct {
        const char *word;
        uint64_t value;
    } words[] = { { "nol", 0 },       { "satu", 1 },      { "dua", 2 },      { "tiga", 3 },    { "empat", 4 },
                  { "lima", 5 },      { "enam", 6 },      { "tujuh", 7 },    { "delapan", 8 }, { "sembilan", 9 },
                  { "sepuluh", 10 },  { "sebelas", 11 },  { "seratus", 100 },
                  { "zero", 0 },      { "one", 1 },       { "two", 2 },      { "three", 3 },   { "four", 4 },
                  { "five", 5 },      { "six", 6 },       { "seven", 7 },    { "eight", 8 },   { "nine", 9 },
                  { "ten", 10 },      { "eleven", 11 },   { "twelve", 12 },  { "thirteen", 13 },
                  { "fourteen", 14 }, { "fifteen", 15 },  { "sixteen", 16 }, { "seventeen", 17 },
                  { "eighteen", 18 }, { "nineteen", 19 }, { "twenty", 20 },  { "thirty", 30 }, { "forty", 40 },
                  { "fifty", 50 },    { "sixty", 60 },    { "seventy", 70 }, { "eighty", 80 }, { "ninety", 90 } };

    for (size_t i = 0; i < SAPA_COUNT(words); i++) {
        if (sapa_str_eq(word, sapa_str_of(words[i].word))) {
            *ret = words[i].value;
            return true;
        }
    }
    return false;
}

static uint64_t scale_of(struct sapa_str word)
{
    static const struct {
        const char *word;
        uint64_t value;
    } words[] = { { "ribu", 1000 },          { "thousand", 1000 },          { "juta", 1000000 },
                  { "million", 1000000 },    { "miliar", 1000000000 },      { "billion", 1000000000 },
                  { "triliun", 1000000000000 },      { "trillion", 1000000000000 },
                  { "kuadriliun", 1000000000000000 }, { "quadrillion", 1000000000000000 } };

    for (size_t i = 0; i < SAPA_COUNT(words); i++) {
        if (sapa_str_eq(word, sapa_str_of(words[i].word)))
            return words[i].value;
    }
    return 0;
}

static int64_t heard(struct sapa_str words)
{
    uint64_t total = 0, group = 0, last = 0;
    bool negative = false;

    while (words.n > 0) {
        const struct sapa_str word = sapa_str_cut(words, ' ', &words);
        uint64_t value = 0;
        if (sapa_str_eq(word, SAPA_STR("minus"))) {
            negative = true;
        } else if (sapa_str_eq(word, SAPA_STR("seribu"))) {
            assert_int_equal(group, 0); /* "dua seribu" is no word */
            total += 1000;
        } else if (sapa_str_eq(word, SAPA_STR("puluh"))) {
            assert_in_range(last, 2, 9); /* "satu puluh" neither */
            group += last * 9;
        } else if (sapa_str_eq(word, SAPA_STR("belas"))) {
            assert_in_range(last, 2, 9);
            group += 10;
        } else if (sapa_str_eq(word, SAPA_STR("ratus"))) {
            assert_in_range(last, 2, 9);
            group += last * 99;
        } else if (sapa_str_eq(word, SAPA_STR("hundred"))) {
            assert_in_range(last, 1, 9);
            group += last * 99;
        } else if (scale_of(word) > 0) {
            assert_in_range(group, 1, 999);
            total += group * scale_of(word);
            group = 0;
        } else {
            assert_true(unit_of(word, &value));
            group += value;
            last = value;
        }
    }
    return negative ? -(int64_t)(total + group) : (int64_t)(total + group);
}

static void said_is_heard(int64_t value)
{
    for (enum sapa_say_lang lang = 0; lang < SAPA_SAY_LANGS; lang++) {
        fresh();
        sapa_say_cardinal(&text, lang, value);
        if (heard(sapa_text_str(&text)) != value)
            fail_msg("%lld is said \"%s\"", (long long)value, said);
    }
}

static void test_every_number_is_heard_back(void **state)
{
    uint64_t seed = 88172645463325252u;

    (void)state;
    for (int64_t value = -2000; value <= 30000; value++)
        said_is_heard(value);
    for (int64_t unit = 1; unit <= SAPA_SAY_CARDINAL_MAX / 10; unit *= 10) {
        for (int64_t times = 1; times <= 10; times++) {
            said_is_heard(unit * times - 1);
            said_is_heard(unit * times);
            if (unit * times < SAPA_SAY_CARDINAL_MAX)
                said_is_heard(unit * times + 1);
        }
    }
    for (int i = 0; i < 20000; i++) {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        said_is_heard((int64_t)(seed % (uint64_t)SAPA_SAY_CARDINAL_MAX >> (seed >> 58) % 50u));
    }
}

static void test_extremes_do_not_overflow(void **state)
{
    (void)state;
    fresh();
    sapa_say_cardinal(&text, SAPA_SAY_EN, INT64_MIN);
    assert_false(text.cut);
    assert_true(sapa_str_starts(sapa_text_str(&text), SAPA_STR("minus nine two two, three three seven")));
    fresh();
    sapa_say_duration(&text, SAPA_SAY_EN, INT64_MAX);
    assert_false(text.cut);
    fresh();
    sapa_say_wait(&text, SAPA_SAY_ID, INT64_MAX);
    assert_string_equal(said, "lebih dari satu hari");
    fresh();
    assert_int_equal(sapa_say_money(&text, SAPA_SAY_ID, INT64_MIN, SAPA_STR("IDR")), SAPA_OK);
    assert_false(text.cut);
    fresh();
    sapa_say_digits(&text, SAPA_SAY_EN, SAPA_STR("wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww"), 1);
    assert_false(text.cut); /* 40 of the longest name: what SAPA_SAY_MAX promises */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cardinals),
        cmocka_unit_test(test_ordinals),
        cmocka_unit_test(test_durations),
        cmocka_unit_test(test_waits),
        cmocka_unit_test(test_positions),
        cmocka_unit_test(test_digits),
        cmocka_unit_test(test_money),
        cmocka_unit_test(test_dates),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_languages),
        cmocka_unit_test(test_sentences),
        cmocka_unit_test(test_too_small_a_buffer_is_cut_and_whole),
        cmocka_unit_test(test_every_number_is_heard_back),
        cmocka_unit_test(test_extremes_do_not_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
