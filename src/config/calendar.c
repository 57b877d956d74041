/*
 * Calendars that are always there.
 *
 * National holidays of Indonesia ("hari libur nasional") and the collective leave that goes with them ("cuti
 * bersama") are decreed each year, usually in September or October for the year that follows, by three ministers
 * (Agama, Ketenagakerjaan, PANRB).
 *
 *   2026  Keputusan Bersama Nomor 1497 Tahun 2025, Nomor 2 Tahun 2025, Nomor 5 Tahun 2025, of 19 September 2025:
 *         17 national holidays, 8 days of collective leave. As published by Kemenko PMK and repeated by
 *         disdiksmg.semarangkota.go.id/post-detail/resmi-daftar-hari-libur-nasional-dan-cuti-bersama-tahun-2026-berdasarkan-skb-3-menteri
 *   2027  no decree was at hand when this was written. Only days that no decree moves stand here: those fixed by
 *         date, and those that follow from Easter (28 March 2027). The days of the Islamic, Balinese, Buddhist and
 *         Chinese calendars and all collective leave are missing; `sapa check` says so.
 *
 * With a new decree: add its days, in order, and raise `decreed` to its year.
 */
#include "config/compile_impl.h"

struct day {
    int32_t date;
    const char *name;
};

static const struct day national[] = {
    { 20260101, "Tahun Baru 2026 Masehi" },
    { 20260116, "Isra Mikraj Nabi Muhammad SAW" },
    { 20260217, "Tahun Baru Imlek 2577 Kongzili" },
    { 20260319, "Hari Suci Nyepi (Tahun Baru Saka 1948)" },
    { 20260321, "Idulfitri 1447 Hijriah" },
    { 20260322, "Idulfitri 1447 Hijriah" },
    { 20260403, "Wafat Yesus Kristus" },
    { 20260405, "Kebangkitan Yesus Kristus (Paskah)" },
    { 20260501, "Hari Buruh Internasional" },
    { 20260514, "Kenaikan Yesus Kristus" },
    { 20260527, "Iduladha 1447 Hijriah" },
    { 20260531, "Hari Raya Waisak 2570 BE" },
    { 20260601, "Hari Lahir Pancasila" },
    { 20260616, "1 Muharam Tahun Baru Islam 1448 Hijriah" },
    { 20260817, "Proklamasi Kemerdekaan" },
    { 20260825, "Maulid Nabi Muhammad SAW" },
    { 20261225, "Kelahiran Yesus Kristus" },
    { 20270101, "Tahun Baru 2027 Masehi" },
    { 20270326, "Wafat Yesus Kristus" },
    { 20270328, "Kebangkitan Yesus Kristus (Paskah)" },
    { 20270501, "Hari Buruh Internasional" },
    { 20270506, "Kenaikan Yesus Kristus" },
    { 20270601, "Hari Lahir Pancasila" },
    { 20270817, "Proklamasi Kemerdekaan" },
    { 20271225, "Kelahiran Yesus Kristus" },
};

static const struct day leave[] = {
    { 20260216, "Cuti bersama Tahun Baru Imlek" },
    { 20260318, "Cuti bersama Nyepi" },
    { 20260320, "Cuti bersama Idulfitri" },
    { 20260323, "Cuti bersama Idulfitri" },
    { 20260324, "Cuti bersama Idulfitri" },
    { 20260515, "Cuti bersama Kenaikan Yesus Kristus" },
    { 20260528, "Cuti bersama Iduladha" },
    { 20261224, "Cuti bersama Kelahiran Yesus Kristus" },
};

static const struct calendar {
    const char *key;
    const struct day *days;
    uint16_t count, from, decreed; /* years: nothing before `from`, incomplete after `decreed` */
} calendars[SAPA_CALENDAR_COUNT] = {
    [SAPA_CALENDAR_INDONESIA] = { "indonesia", national, SAPA_COUNT(national), 2026, 2026 },
    [SAPA_CALENDAR_CUTI_BERSAMA] = { "cuti-bersama", leave, SAPA_COUNT(leave), 2026, 2026 },
};

const char *sapa_calendar_key(unsigned calendar)
{
    return calendar < SAPA_CALENDAR_COUNT ? calendars[calendar].key : "?";
}

bool sapa_calendar_whole(unsigned calendar, int32_t year)
{
    return calendar < SAPA_CALENDAR_COUNT && year >= calendars[calendar].from && year <= calendars[calendar].decreed;
}

bool sapa_calendar_day(unsigned calendar, unsigned i, int32_t *ret_date, struct sapa_str *ret_name)
{
    if (calendar >= SAPA_CALENDAR_COUNT || i >= calendars[calendar].count)
        return false;
    *ret_date = calendars[calendar].days[i].date;
    *ret_name = sapa_str_of(calendars[calendar].days[i].name);
    return true;
}
