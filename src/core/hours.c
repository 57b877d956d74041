#include "core/hours.h"

enum { DAY_S = 86400, DAY_MIN = 1440 };

int32_t sapa_zone_offset_s(const struct sapa_zone *zone, int64_t at_s)
{
    uint32_t low = 0, high = zone->count; /* first change after at_s */

    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (zone->at_s[middle] <= at_s)
            low = middle + 1;
        else
            high = middle;
    }
    sapa_assert(low <= zone->count);
    return low == 0 ? zone->before_s : zone->offset_s[low - 1];
}

int64_t sapa_zone_next_change_s(const struct sapa_zone *zone, int64_t at_s)
{
    uint32_t low = 0, high = zone->count;

    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (zone->at_s[middle] <= at_s)
            low = middle + 1;
        else
            high = middle;
    }
    sapa_assert(low <= zone->count);
    return low < zone->count ? zone->at_s[low] : INT64_MAX;
}

struct sapa_local sapa_local_of(const struct sapa_zone *zone, int64_t at_us)
{
    const int64_t at_s = SAPA_MIN(at_us < 0 ? 0 : at_us / 1000000, INT64_C(253402214400));
    const int32_t offset_s = zone ? sapa_zone_offset_s(zone, at_s) : 0;
    const int64_t local_s = at_s + offset_s < 0 ? 0 : at_s + offset_s;
    const int64_t days = local_s / DAY_S;
    const uint32_t second = (uint32_t)(local_s % DAY_S);
    /* civil date of a day number (Howard Hinnant, "chrono-compatible low-level date algorithms") */
    const int64_t z = days + 719468, era = z / 146097;
    const int64_t doe = z - era * 146097;
    const int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    const int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    const int64_t mp = (5 * doy + 2) / 153;
    struct sapa_local local = {
        .day = (uint8_t)(doy - (153 * mp + 2) / 5 + 1),
        .month = (uint8_t)(mp < 10 ? mp + 3 : mp - 9),
        .weekday = (uint8_t)((days + 3) % 7), /* 1 January 1970 was a Thursday */
        .hour = (uint8_t)(second / 3600),
        .minute = (uint8_t)(second / 60 % 60),
        .second = (uint8_t)(second % 60),
        .minute_of_day = (uint16_t)(second / 60),
        .offset_s = offset_s,
    };

    local.year = (int32_t)(yoe + era * 400 + (local.month <= 2));
    local.date = local.year * 10000 + local.month * 100 + local.day;
    sapa_assert(local.month >= 1 && local.month <= 12);
    sapa_assert(local.day >= 1 && local.day <= 31);
    return local;
}

static const struct sapa_zone *zone_of(const struct sapa_centre *centre, uint32_t hours)
{
    const uint32_t zone = centre->hours[hours].zone;

    return zone < centre->zones_count ? &centre->zones[zone] : NULL;
}

static uint32_t holiday_on(const struct sapa_centre *centre, const struct sapa_hours *hours,
                           int32_t date)
{
    uint32_t low = hours->holiday_first, high = hours->holiday_first + hours->holiday_count;

    sapa_assert(high <= centre->holidays_count);
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (centre->holidays[middle].date < date)
            low = middle + 1;
        else
            high = middle;
    }
    return low < hours->holiday_first + hours->holiday_count && centre->holidays[low].date == date
               ? low
               : SAPA_NONE;
}

uint32_t sapa_hours_holiday(const struct sapa_centre *centre, uint32_t hours, int64_t at_us)
{
    if (hours >= centre->hours_count)
        return SAPA_NONE;
    const struct sapa_local local = sapa_local_of(zone_of(centre, hours), at_us);
    return holiday_on(centre, &centre->hours[hours], local.date);
}

static bool in_spans(const struct sapa_centre *centre, uint32_t first, uint32_t count,
                     unsigned weekdays, uint16_t minute)
{
    sapa_assert(minute < DAY_MIN);
    sapa_assert(first + count <= centre->spans_count || count == 0);
    for (uint32_t i = first; i < first + count; i++) {
        const struct sapa_hours_span *span = &centre->spans[i];
        if ((weekdays == 0 || (span->weekdays & weekdays)) && minute >= span->from_min &&
            minute < span->to_min)
            return true;
    }
    return false;
}

bool sapa_hours_open(const struct sapa_centre *centre, uint32_t hours, int64_t at_us)
{
    if (hours >= centre->hours_count)
        return true;
    const struct sapa_hours *h = &centre->hours[hours];
    const struct sapa_local local = sapa_local_of(zone_of(centre, hours), at_us);
    const uint32_t holiday = holiday_on(centre, h, local.date);
    if (holiday != SAPA_NONE)
        return in_spans(centre, centre->holidays[holiday].span_first,
                        centre->holidays[holiday].span_count, 0, local.minute_of_day);
    return in_spans(centre, h->span_first, h->span_count, 1u << local.weekday, local.minute_of_day);
}

/* The next minute of the local day at which a span begins or ends, or midnight. */
static uint16_t next_edge(const struct sapa_centre *centre, const struct sapa_hours *h,
                          int32_t date, uint16_t minute)
{
    const uint32_t holiday = holiday_on(centre, h, date);
    const uint32_t first =
        holiday == SAPA_NONE ? h->span_first : centre->holidays[holiday].span_first;
    const uint32_t count =
        holiday == SAPA_NONE ? h->span_count : centre->holidays[holiday].span_count;
    uint16_t edge = DAY_MIN;

    for (uint32_t i = first; i < first + count; i++) {
        const struct sapa_hours_span *span = &centre->spans[i];
        if (span->from_min > minute)
            edge = SAPA_MIN(edge, span->from_min);
        if (span->to_min > minute)
            edge = SAPA_MIN(edge, span->to_min);
    }
    sapa_assert(edge > minute);
    return edge;
}

int64_t sapa_hours_next_change(const struct sapa_centre *centre, uint32_t hours, int64_t at_us)
{
    if (hours >= centre->hours_count)
        return INT64_MAX;
    const struct sapa_zone *zone = zone_of(centre, hours);
    const bool open = sapa_hours_open(centre, hours, at_us);
    const int64_t end_s = at_us / 1000000 + (int64_t)SAPA_HOURS_LOOK_AHEAD_DAYS * DAY_S;

    /* between two edges of the local day and two changes of the clock the answer cannot change */
    for (int64_t at_s = at_us < 0 ? 0 : at_us / 1000000; at_s < end_s;) {
        const struct sapa_local local = sapa_local_of(zone, at_s * 1000000);
        const uint16_t edge =
            next_edge(centre, &centre->hours[hours], local.date, local.minute_of_day);
        int64_t next_s = at_s + (edge - local.minute_of_day) * 60 - local.second;
        if (zone)
            next_s = SAPA_MIN(next_s, sapa_zone_next_change_s(zone, at_s));
        sapa_assert(next_s > at_s);
        at_s = next_s;
        if (sapa_hours_open(centre, hours, at_s * 1000000) != open)
            return at_s * 1000000;
    }
    return INT64_MAX;
}

uint32_t sapa_hours_of_queue(const struct sapa_centre *centre, uint32_t queue)
{
    const struct sapa_queue *q = &centre->queues[queue];

    sapa_assert(queue < centre->queues_count);
    if (q->hours != SAPA_NONE)
        return q->hours;
    return q->client < centre->clients_count ? centre->clients[q->client].hours : SAPA_NONE;
}
