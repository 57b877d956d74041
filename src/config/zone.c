/* Time zones from TZif files (RFC 8536), the rule of the footer (POSIX TZ, section 3.3) written out until 2060. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/bytes.h"
#include "config/compile_impl.h"

enum { ZONE_FILE_MAX = 1 << 20, ZONE_YEAR_LAST = 2060, ZONE_CHANGES_MAX = 4096 };

/* ---- the rule: std offset [dst [offset] [,start[/time],end[/time]]] ---- */

struct rule_day {
    char kind; /* 'M' month.week.day, 'J' 1..365 without 29 February, 'N' 0..365 */
    int month, week, day;
    int32_t time_s; /* local, after midnight; may be negative or beyond a day */
};

struct rule {
    int32_t standard_s, daylight_s; /* east of UTC */
    bool has_daylight;
    struct rule_day start, end;
};

struct cursor {
    const char *p, *end;
    bool bad;
};

static bool take(struct cursor *at, char c)
{
    if (at->p == at->end || *at->p != c)
        return false;
    at->p++;
    return true;
}

static int take_number(struct cursor *at, int max)
{
    int value = 0, digits = 0;

    while (at->p < at->end && *at->p >= '0' && *at->p <= '9' && digits++ < 4)
        value = value * 10 + (*at->p++ - '0');
    if (digits == 0 || value > max)
        at->bad = true;
    return value;
}

static void take_name(struct cursor *at)
{
    const char *from = at->p;

    if (take(at, '<')) {
        while (at->p < at->end && *at->p != '>')
            at->p++;
        at->bad |= !take(at, '>');
        return;
    }
    while (at->p < at->end &&
           ((*at->p >= 'a' && *at->p <= 'z') || (*at->p >= 'A' && *at->p <= 'Z')))
        at->p++;
    at->bad |= at->p - from < 3;
}

/* [+-]hh[:mm[:ss]] in seconds */
static int32_t take_time(struct cursor *at)
{
    const bool minus = take(at, '-');

    if (!minus)
        (void)take(at, '+');
    int32_t value = take_number(at, 167) * 3600; /* RFC 8536 section 3.3.1 */
    if (take(at, ':')) {
        value += take_number(at, 59) * 60;
        if (take(at, ':'))
            value += take_number(at, 59);
    }
    return minus ? -value : value;
}

static struct rule_day take_day(struct cursor *at)
{
    struct rule_day day = { .kind = 'N', .time_s = 2 * 3600 };

    if (take(at, 'M')) {
        day.kind = 'M';
        day.month = take_number(at, 12);
        at->bad |= !take(at, '.') || day.month < 1;
        day.week = take_number(at, 5);
        at->bad |= !take(at, '.') || day.week < 1;
        day.day = take_number(at, 6);
    } else {
        if (take(at, 'J'))
            day.kind = 'J';
        day.day = take_number(at, 365);
    }
    if (take(at, '/'))
        day.time_s = take_time(at);
    return day;
}

static bool parse_rule(struct sapa_str s, struct rule *ret)
{
    struct cursor at = { s.p, s.p + s.n, false };

    take_name(&at);
    ret->standard_s = -take_time(&at);
    ret->has_daylight = at.p < at.end;
    if (ret->has_daylight) {
        take_name(&at);
        ret->daylight_s = ret->standard_s + 3600;
        if (at.p < at.end && *at.p != ',')
            ret->daylight_s = -take_time(&at);
        at.bad |= !take(&at, ',');
        ret->start = take_day(&at);
        at.bad |= !take(&at, ',');
        ret->end = take_day(&at);
    }
    return !at.bad && at.p == at.end;
}

static bool is_leap(int year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

/* Days from 1970-01-01 to 1 January of a year >= 1970. */
static int64_t days_to_year(int year)
{
    const int64_t y = year - 1;

    return (year - 1970) * 365LL + (y / 4 - y / 100 + y / 400) -
           (1969 / 4 - 1969 / 100 + 1969 / 400);
}

static int64_t rule_at(const struct rule_day *day, int year, int32_t offset_s)
{
    static const int before[12] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };
    static const int length[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    int64_t days = days_to_year(year);

    if (day->kind == 'M') {
        const int leap = is_leap(year);
        const int64_t first = days + before[day->month - 1] + (leap && day->month > 2);
        const int weekday = (int)((first + 4) % 7); /* 0 Sunday; 1970-01-01 was a Thursday */
        int in_month = (day->day - weekday + 7) % 7 + (day->week - 1) * 7;
        if (in_month >= length[day->month - 1] + (leap && day->month == 2))
            in_month -= 7;
        days = first + in_month;
    } else if (day->kind == 'J') {
        days += day->day - 1 + (is_leap(year) && day->day > 59);
    } else {
        days += day->day;
    }
    return days * 86400 + day->time_s - offset_s;
}

/* ---- the file ---- */

struct changes {
    int64_t at_s[ZONE_CHANGES_MAX];
    int32_t offset_s[ZONE_CHANGES_MAX];
    uint32_t count;
    int32_t before_s;
};

static void add_change(struct changes *changes, int64_t at_s, int32_t offset_s)
{
    const int32_t now_s =
        changes->count ? changes->offset_s[changes->count - 1] : changes->before_s;

    if (offset_s == now_s || changes->count == ZONE_CHANGES_MAX)
        return;
    changes->at_s[changes->count] = at_s;
    changes->offset_s[changes->count++] = offset_s;
}

static uint32_t be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int64_t be64(const uint8_t *p) { return (int64_t)((uint64_t)be32(p) << 32 | be32(p + 4)); }

struct header {
    uint32_t utc, standard, leaps, times, types, letters;
};

static const uint8_t *read_header(struct sapa_reader *r, struct header *ret)
{
    const uint8_t *h = sapa_get_raw(r, 44);

    if (!h || memcmp(h, "TZif", 4) != 0)
        return NULL;
    *ret = (struct header){ be32(h + 20), be32(h + 24), be32(h + 28),
                            be32(h + 32), be32(h + 36), be32(h + 40) };
    if (ret->times > 10000 || ret->types == 0 || ret->types > 256 || ret->letters > 10000 ||
        ret->leaps > 1000 || ret->utc > 256 || ret->standard > 256)
        return NULL;
    return h;
}

static size_t block_size(const struct header *h, size_t time_size)
{
    return h->times * (time_size + 1) + h->types * 6 + h->letters + h->leaps * (time_size + 4) +
           h->standard + h->utc;
}

static bool parse_tzif(const uint8_t *bytes, size_t size, struct changes *ret)
{
    struct sapa_reader r = sapa_reader_of(bytes, size);
    struct header header;
    const uint8_t *h = read_header(&r, &header);

    if (!h ||
        h[4] <
            '2') /* without the 64-bit block there is no footer: no such file has been made since 2006 */
        return false;
    if (!sapa_get_raw(&r, block_size(&header, 4)) || !read_header(&r, &header))
        return false;
    const uint8_t *times = sapa_get_raw(&r, (size_t)header.times * 8);
    const uint8_t *indices = sapa_get_raw(&r, header.times);
    const uint8_t *types = sapa_get_raw(&r, (size_t)header.types * 6);
    const uint8_t *rest =
        sapa_get_raw(&r, block_size(&header, 8) - header.times * 9u - header.types * 6u);
    if (!times || !indices || !types || (!rest && r.bad) || r.bad)
        return false;

    ret->count = 0;
    ret->before_s = (int32_t)be32(types);
    int64_t last_s = INT64_MIN;
    for (uint32_t i = 0; i < header.times; i++) {
        const int64_t at_s = be64(times + i * 8);
        if (indices[i] >= header.types || at_s < last_s)
            return false;
        last_s = at_s;
        const int32_t offset_s = (int32_t)be32(types + indices[i] * 6u);
        if (offset_s < -26 * 3600 || offset_s > 26 * 3600)
            return false;
        if (at_s <= 0)
            ret->before_s = offset_s; /* nothing here is older than 1970 */
        else
            add_change(ret, at_s, offset_s);
    }
    const size_t left = sapa_reader_left(&r);
    const char *footer = (const char *)sapa_get_raw(&r, left);
    if (!footer || left < 2 || footer[0] != '\n')
        return false;
    struct sapa_str unused;
    const struct sapa_str text =
        sapa_str_cut((struct sapa_str){ footer + 1, left - 1 }, '\n', &unused);
    struct rule rule;
    if (text.n == 0)
        return true; /* no rule for what comes: the last offset stays */
    if (!parse_rule(text, &rule))
        return false;
    if (!rule.has_daylight) {
        if (last_s <= 0)
            ret->before_s = rule.standard_s;
        return true;
    }
    for (int year = 1970; year <= ZONE_YEAR_LAST; year++) {
        const int64_t start_s = rule_at(&rule.start, year, rule.standard_s);
        const int64_t end_s = rule_at(&rule.end, year, rule.daylight_s);
        const bool south = end_s < start_s;
        for (int i = 0; i < 2; i++) {
            const bool daylight = (i == 0) != south;
            const int64_t at_s = daylight ? start_s : end_s;
            if (at_s > last_s && at_s > 0)
                add_change(ret, at_s, daylight ? rule.daylight_s : rule.standard_s);
        }
    }
    return true;
}

static bool name_good(struct sapa_str name)
{
    bool good = name.n > 0 && name.n <= 64 && name.p[0] != '/';

    for (size_t i = 0; i < name.n && good; i++) {
        const char ch = name.p[i];
        good = (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') ||
               ch == '_' || ch == '-' || ch == '+' || (ch == '/' && i > 0 && name.p[i - 1] != '/');
    }
    return good; /* no '.', so no way up */
}

static size_t read_file(const char *path, uint8_t *buf, size_t size)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t n = 0;

    if (fd < 0)
        return 0;
    while (n < size) {
        const ssize_t got = read(fd, buf + n, size - n);
        if (got <= 0)
            break;
        n += (size_t)got;
    }
    close(fd);
    return n < size ? n : 0;
}

bool sapa_zone_read(struct sapa_compile *c, uint32_t node, struct sapa_str name,
                    struct sapa_zone *ret)
{
    char path[256];
    struct sapa_text out;
    const char *folder =
        c->sources && c->sources->zoneinfo ? c->sources->zoneinfo : "/usr/share/zoneinfo";

    sapa_text_init(&out, path, sizeof(path));
    sapa_text_printf(&out, "%s/" SAPA_STR_FMT, folder, SAPA_STR_ARG(name));
    if (!c->zone_buf) /* one for all zones of a document */
        c->zone_buf = sapa_compile_scratch(c, sizeof(struct changes) + ZONE_FILE_MAX);
    struct changes *changes = c->zone_buf;
    uint8_t *bytes = (uint8_t *)(changes + 1);
    const size_t size = name_good(name) && !out.cut ? read_file(path, bytes, ZONE_FILE_MAX) : 0;
    if (size == 0 || !parse_tzif(bytes, size, changes)) {
        sapa_find(
            c, node, 0,
            "a name such as Asia/Jakarta, Asia/Makassar, Asia/Jayapura or Europe/Berlin; Debian package tzdata",
            "there is no time zone \"" SAPA_STR_FMT "\"", SAPA_STR_ARG(name));
        return false;
    }
    *ret = (struct sapa_zone){
        .name = name,
        .before_s = changes->before_s,
        .count = changes->count,
        .at_s = sapa_vec_keep(c, changes->at_s, changes->count * sizeof(*changes->at_s)),
        .offset_s =
            sapa_vec_keep(c, changes->offset_s, changes->count * sizeof(*changes->offset_s)),
    };
    return true;
}
