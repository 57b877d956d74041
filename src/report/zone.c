#include "report/zone.h"

enum { DAY_S = 86400 };

/* Index of the last change at or before `at_s`, -1 when it lies before all of them. */
static int64_t change_before(const struct sapa_zone *zone, int64_t at_s)
{
    uint32_t low = 0, high = zone ? zone->count : 0;

    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (zone->at_s[middle] <= at_s)
            low = middle + 1;
        else
            high = middle;
    }
    return (int64_t)low - 1;
}

int32_t sapa_zone_offset(const struct sapa_zone *zone, int64_t at_s)
{
    if (!zone)
        return 0;
    const int64_t index = change_before(zone, at_s);
    return index < 0 ? zone->before_s : zone->offset_s[index];
}

static int64_t floor_to(int64_t value, int64_t step)
{
    const int64_t rest = value % step;

    return value - (rest < 0 ? rest + step : rest);
}

/* Days since 1970-01-01 of a date of the proleptic Gregorian calendar, and back (Hinnant's algorithms). */
static int64_t days_of(int64_t year, unsigned month, unsigned day)
{
    year -= month <= 2;
    const int64_t era = floor_to(year, 400) / 400;
    const unsigned of_era = (unsigned)(year - era * 400);
    const unsigned of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static void date_of(int64_t days, struct sapa_civil *ret)
{
    days += 719468;
    const int64_t era = floor_to(days, 146097) / 146097;
    const unsigned of_era = (unsigned)(days - era * 146097);
    const unsigned year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    const unsigned of_year = of_era - (365 * year + year / 4 - year / 100);
    const unsigned month = (5 * of_year + 2) / 153;

    ret->day = (uint8_t)(of_year - (153 * month + 2) / 5 + 1);
    ret->month = (uint8_t)(month < 10 ? month + 3 : month - 9);
    ret->year = (int32_t)(year + era * 400 + (ret->month <= 2));
}

struct sapa_civil sapa_zone_civil(const struct sapa_zone *zone, int64_t at_s)
{
    struct sapa_civil civil = { .offset_s = sapa_zone_offset(zone, at_s) };
    const int64_t local = at_s + civil.offset_s;
    const int64_t days = floor_to(local, DAY_S) / DAY_S;
    const int64_t second = local - days * DAY_S;

    date_of(days, &civil);
    civil.hour = (uint8_t)(second / 3600);
    civil.minute = (uint8_t)(second / 60 % 60);
    civil.second = (uint8_t)(second % 60);
    civil.weekday = (uint8_t)(((days + 3) % 7 + 7) % 7); /* 1970-01-01 was a Thursday */
    return civil;
}

/* The first moment whose local date is `days` or later: midnight, or the end of a gap that swallows it. */
static int64_t day_begin(const struct sapa_zone *zone, int64_t days)
{
    const int64_t local = days * DAY_S;
    const int64_t around = change_before(zone, local - DAY_S);

    /* Offsets lie within a day of UTC: only changes in the two days around can matter. */
    for (int64_t i = around;; i++) {
        const int64_t from = i < 0 || !zone ? INT64_MIN : zone->at_s[i];
        const int64_t to = !zone || i + 1 >= (int64_t)zone->count ? INT64_MAX : zone->at_s[i + 1];
        const int32_t offset = !zone ? 0 : i < 0 ? zone->before_s : zone->offset_s[i];
        const int64_t midnight = local - offset;
        if (midnight < to)
            return SAPA_MAX(midnight, from); /* before `from`: the clock jumped over midnight */
    }
}

/* Where the offset changes next after `at_s`, and where it changed last. */
static struct sapa_span steady(const struct sapa_zone *zone, int64_t at_s)
{
    const int64_t index = zone ? change_before(zone, at_s) : -1;

    return (struct sapa_span){
        .from_s = index < 0 ? INT64_MIN : zone->at_s[index],
        .to_s = !zone || index + 1 >= (int64_t)zone->count ? INT64_MAX : zone->at_s[index + 1],
    };
}

/* Local date of a moment in days. A date that comes twice by a change over midnight is one day. */
static int64_t day_of(const struct sapa_zone *zone, int64_t at_s)
{
    const int64_t days = floor_to(at_s + sapa_zone_offset(zone, at_s), DAY_S) / DAY_S;

    return day_begin(zone, days + 1) <= at_s ? days + 1 : days;
}

struct sapa_span sapa_zone_span(const struct sapa_zone *zone, enum sapa_grain grain, int64_t at_s)
{
    if (grain == SAPA_GRAIN_QUARTER || grain == SAPA_GRAIN_HOUR || grain == SAPA_GRAIN_MINUTE) {
        const int32_t offset = sapa_zone_offset(zone, at_s);
        const int64_t length = grain == SAPA_GRAIN_HOUR ? 3600 : grain == SAPA_GRAIN_MINUTE ? 60 : SAPA_QUARTER_S;
        const struct sapa_span same = steady(zone, at_s);
        const int64_t from = floor_to(at_s + offset, length) - offset;
        return (struct sapa_span){ SAPA_MAX(from, same.from_s), SAPA_MIN(from + length, same.to_s) };
    }
    const int64_t day = day_of(zone, at_s);
    if (grain == SAPA_GRAIN_WEEK) {
        const int64_t monday = day - ((day + 3) % 7 + 7) % 7;
        return (struct sapa_span){ day_begin(zone, monday), day_begin(zone, monday + 7) };
    }
    if (grain == SAPA_GRAIN_MONTH) {
        struct sapa_civil date = { 0 };
        date_of(day, &date);
        const int64_t first = days_of(date.year, date.month, 1);
        const int64_t next = date.month == 12 ? days_of(date.year + 1, 1, 1) : days_of(date.year, date.month + 1u, 1);
        return (struct sapa_span){ day_begin(zone, first), day_begin(zone, next) };
    }
    return (struct sapa_span){ day_begin(zone, day), day_begin(zone, day + 1) };
}

int64_t sapa_zone_midnight(const struct sapa_zone *zone, int32_t date)
{
    return day_begin(zone, days_of(date / 10000, (unsigned)(date / 100 % 100), (unsigned)(date % 100)));
}

sapa_rc sapa_zone_date(struct sapa_str text, int32_t *ret_date)
{
    uint64_t year, month, day;
    struct sapa_civil back = { 0 };

    if (text.n != 10 || text.p[4] != '-' || text.p[7] != '-'
        || sapa_str_u64((struct sapa_str){ text.p, 4 }, 9999, &year) != SAPA_OK
        || sapa_str_u64((struct sapa_str){ text.p + 5, 2 }, 12, &month) != SAPA_OK
        || sapa_str_u64((struct sapa_str){ text.p + 8, 2 }, 31, &day) != SAPA_OK || month == 0 || day == 0)
        return SAPA_EINVAL;
    date_of(days_of((int64_t)year, (unsigned)month, (unsigned)day), &back);
    if (back.month != month || back.day != day)
        return SAPA_EINVAL; /* 31 April */
    *ret_date = (int32_t)(year * 10000 + month * 100 + day);
    return SAPA_OK;
}

bool sapa_zone_time(const char *text, const struct sapa_zone *zone, int64_t *ret_s)
{
    struct sapa_str clock, minute;
    const struct sapa_str day = sapa_str_cut(sapa_str_of(text), 'T', &clock);
    uint64_t h = 0, m = 0;
    int32_t date;

    if (sapa_zone_date(day, &date) != SAPA_OK)
        return false;
    if (clock.p) {
        const struct sapa_str hour = sapa_str_cut(clock, ':', &minute);
        if (sapa_str_u64(hour, 23, &h) != SAPA_OK || sapa_str_u64(minute, 59, &m) != SAPA_OK)
            return false;
    }
    const int64_t midnight = sapa_zone_midnight(zone, date), at = midnight + (int64_t)(h * 3600 + m * 60);
    /* on the day on which the clocks change, what the clock says */
    *ret_s = at + sapa_zone_offset(zone, midnight) - sapa_zone_offset(zone, at);
    return true;
}
