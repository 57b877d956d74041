#include "config/compile_impl.h"

/* ---- reading one value ---- */

static bool is_text(struct sapa_compile *c, uint32_t node, const char *what)
{
    if (sapa_tree(c, node)->kind == SAPA_TREE_TEXT)
        return true;
    sapa_find(c, node, 0, "write it after the colon, in quotes if it has signs of YAML", "%s is expected here, not a %s", what,
              sapa_tree(c, node)->kind == SAPA_TREE_MAP ? "map" : "list");
    return false;
}

bool sapa_is_map(struct sapa_compile *c, uint32_t node, const char *what)
{
    if (sapa_tree(c, node)->kind == SAPA_TREE_MAP)
        return true;
    sapa_find(c, node, 0, "write { key: value } or lines of their own, two spaces further in", "a map of keys and values is expected here: %s", what);
    return false;
}

bool sapa_is_list(struct sapa_compile *c, uint32_t node, const char *what)
{
    if (sapa_tree(c, node)->kind == SAPA_TREE_LIST)
        return true;
    sapa_find(c, node, 0, "write [a, b] or lines that begin with -", "a list is expected here: %s",
              what);
    return false;
}

static bool parse_int(struct sapa_str s, int64_t *ret)
{
    const bool minus = s.n > 0 && s.p[0] == '-';
    char digits[20];
    size_t n = 0;
    uint64_t value;

    for (size_t i = minus; i < s.n; i++) {
        if (s.p[i] == '_' && i > (size_t)minus && i + 1 < s.n) /* 1_000 */
            continue;
        if (n == sizeof(digits))
            return false;
        digits[n++] = s.p[i];
    }
    if (sapa_str_u64((struct sapa_str){ digits, n }, INT64_MAX, &value) != SAPA_OK)
        return false;
    *ret = minus ? -(int64_t)value : (int64_t)value;
    return true;
}

bool sapa_read_int(struct sapa_compile *c, uint32_t node, int64_t min, int64_t max, int64_t *ret)
{
    int64_t value;

    if (!is_text(c, node, "a number"))
        return false;
    const struct sapa_str s = sapa_tree(c, node)->text;
    if (!parse_int(s, &value)) {
        sapa_find(c, node, 0, "digits only, 1_000 for a thousand", "\"" SAPA_STR_FMT "\" is no whole number", SAPA_STR_ARG(s));
        return false;
    }
    if (value < min || value > max) {
        sapa_find(c, node, 0, "choose one of that range", "%lld is out of range: %lld to %lld", (long long)value,
                  (long long)min, (long long)max);
        return false;
    }
    *ret = value;
    return true;
}

bool sapa_parse_duration(struct sapa_str s, int64_t *ret_ms)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {
        { "ms", 1 },      { "s", 1000 },       { "sec", 1000 },      { "min", 60000 },
        { "h", 3600000 }, { "day", 86400000 }, { "days", 86400000 },
    };
    size_t n = 0;
    uint64_t value;

    while (n < s.n && s.p[n] >= '0' && s.p[n] <= '9')
        n++;
    if (sapa_str_u64((struct sapa_str){ s.p, n }, 1000000000, &value) != SAPA_OK)
        return false;
    const struct sapa_str unit = sapa_str_trim((struct sapa_str){ s.p + n, s.n - n });
    for (size_t i = 0; i < SAPA_COUNT(units); i++) {
        if (sapa_str_eq(unit, sapa_str_of(units[i].unit))) {
            *ret_ms = (int64_t)value * units[i].ms;
            return true;
        }
    }
    *ret_ms = 0;
    return value == 0 && unit.n == 0; /* "0" needs no unit */
}

static void print_duration(int64_t ms, struct sapa_text *out)
{
    if (ms == 0)
        sapa_text_printf(out, "0");
    else if (ms % 86400000 == 0)
        sapa_text_printf(out, "%lld days", (long long)(ms / 86400000));
    else if (ms % 3600000 == 0)
        sapa_text_printf(out, "%lld h", (long long)(ms / 3600000));
    else if (ms % 60000 == 0)
        sapa_text_printf(out, "%lld min", (long long)(ms / 60000));
    else if (ms % 1000 == 0)
        sapa_text_printf(out, "%lld s", (long long)(ms / 1000));
    else
        sapa_text_printf(out, "%lld ms", (long long)ms);
}

bool sapa_read_duration(struct sapa_compile *c, uint32_t node, int64_t min, int64_t max,
                        int64_t *ret_ms)
{
    int64_t value;

    if (!is_text(c, node, "a duration"))
        return false;
    const struct sapa_str s = sapa_tree(c, node)->text;
    if (!sapa_parse_duration(s, &value)) {
        sapa_find(c, node, 0, "write a number and ms, s, min, h or days: \"30 s\"",
                  "\"" SAPA_STR_FMT "\" is no duration", SAPA_STR_ARG(s));
        return false;
    }
    if (value < min || value > max) {
        char buf[64];
        struct sapa_text range;
        sapa_text_init(&range, buf, sizeof(buf));
        print_duration(min, &range);
        sapa_text_printf(&range, " to ");
        print_duration(max, &range);
        sapa_find(c, node, 0, "choose one of that range", "\"" SAPA_STR_FMT "\" is out of range: %s", SAPA_STR_ARG(s), buf);
        return false;
    }
    *ret_ms = value;
    return true;
}

bool sapa_read_percent(struct sapa_compile *c, uint32_t node, int64_t *ret)
{
    int64_t value;

    if (!is_text(c, node, "a share"))
        return false;
    struct sapa_str s = sapa_tree(c, node)->text;
    const bool sign = s.n > 0 && s.p[s.n - 1] == '%';
    s.n -= sign;
    if (!sign || !parse_int(sapa_str_trim(s), &value) || value < 0 || value > 100) {
        sapa_find(c, node, 0, "write 0 % to 100 %", "\"" SAPA_STR_FMT "\" is no share in percent",
                  SAPA_STR_ARG(sapa_tree(c, node)->text));
        return false;
    }
    *ret = value;
    return true;
}

bool sapa_read_bool(struct sapa_compile *c, uint32_t node, bool *ret)
{
    static const char *const yes[] = { "yes", "true", "on" }, *const no[] = { "no", "false",
                                                                              "off" };

    if (!is_text(c, node, "yes or no"))
        return false;
    const struct sapa_str s = sapa_tree(c, node)->text;
    for (size_t i = 0; i < SAPA_COUNT(yes); i++) {
        if (sapa_str_ieq(s, sapa_str_of(yes[i]))) {
            *ret = true;
            return true;
        }
        if (sapa_str_ieq(s, sapa_str_of(no[i]))) {
            *ret = false;
            return true;
        }
    }
    sapa_find(c, node, 0, "write yes or no", "\"" SAPA_STR_FMT "\" is neither yes nor no", SAPA_STR_ARG(s));
    return false;
}

bool sapa_read_text(struct sapa_compile *c, uint32_t node, int64_t min, int64_t max,
                    struct sapa_str *ret)
{
    if (!is_text(c, node, "a text"))
        return false;
    const struct sapa_str s = sapa_tree(c, node)->text;
    if ((int64_t)s.n < min || (int64_t)s.n > max) {
        if (s.n == 0)
            sapa_find(c, node, 0, "write it, or take the key out", "the text is empty");
        else
            sapa_find(c, node, 0, "make it fit", "the text has %zu bytes; %lld to %lld are allowed", s.n,
                      (long long)min, (long long)max);
        return false;
    }
    *ret = s;
    return true;
}

/* What a section's objects are called in a sentence. */
static const char *const section_nouns[SAPA_SECTION_COUNT] = {
    "version", "system", "interrupt", "address",     "holiday calendar", "set of opening hours",
    "client",  "skill",  "team",      "agent",       "reason",           "set of dispositions",
    "queue",   "trunk",  "number",    "caller rule", "prompt",           "code",
    "flow",    "role",   "do-not-contact list", "user", "campaign",
};

/* "there are: agen, pimpinan …", the first of them; NULL: none. */
static const char *list_keys(const struct sapa_compile *c, enum sapa_section section, char list[SAPA_FINDING_TEXT_MAX])
{
    enum { LISTED_MAX = 8 };
    const uint32_t all = c->section[section];
    struct sapa_text out;
    unsigned count = 0;

    sapa_text_init(&out, list, SAPA_FINDING_TEXT_MAX);
    for SAPA_TREE_EACH(c, child, all) {
        const struct sapa_str key = sapa_tree(c, all)->kind == SAPA_TREE_MAP ? sapa_tree(c, child)->key : sapa_tree(c, child)->text;
        if (count == LISTED_MAX || out.n + key.n + 8 > SAPA_FINDING_TEXT_MAX) {
            sapa_text_add(&out, SAPA_STR(" …"));
            break;
        }
        sapa_text_printf(&out, "%s" SAPA_STR_FMT, count++ ? ", " : "there are: ", SAPA_STR_ARG(key));
    }
    return count > 0 ? list : NULL;
}

uint32_t sapa_read_ref(struct sapa_compile *c, uint32_t node, enum sapa_section section)
{
    struct sapa_near near;

    if (!is_text(c, node, "a name"))
        return SAPA_NONE;
    const struct sapa_str key = sapa_tree(c, node)->text;
    const uint32_t found = sapa_tree_get(c, c->section[section], key);
    if (found != SAPA_NONE)
        return sapa_tree(c, found)->ordinal;
    sapa_near_start(c, &near, key);
    for SAPA_TREE_EACH(c, child, c->section[section]) {
        sapa_near_try(&near, sapa_tree(c, c->section[section])->kind == SAPA_TREE_MAP
                                 ? sapa_tree(c, child)->key
                                 : sapa_tree(c, child)->text);
    }
    for (unsigned i = 0; section == SAPA_SECTION_HOLIDAYS && i < SAPA_CALENDAR_COUNT; i++)
        sapa_near_try(&near, sapa_str_of(sapa_calendar_key(i)));
    char list[SAPA_FINDING_TEXT_MAX];
    const char *all = near.best.n ? NULL : list_keys(c, section, list);
    sapa_find(c, node, 0, all ? all : sapa_near_hint(&near), "there is no %s \"" SAPA_STR_FMT "\"",
              section_nouns[section], SAPA_STR_ARG(key));
    return SAPA_NONE;
}

bool sapa_parse_date(struct sapa_str s, int32_t *ret)
{
    static const uint8_t days[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    char digits[8];
    uint64_t date;

    if (s.n != 10 || s.p[4] != '-' || s.p[7] != '-')
        return false;
    memcpy(digits, s.p, 4);
    memcpy(digits + 4, s.p + 5, 2);
    memcpy(digits + 6, s.p + 8, 2);
    if (sapa_str_u64((struct sapa_str){ digits, 8 }, 99991231, &date) != SAPA_OK)
        return false;
    const unsigned year = (unsigned)(date / 10000), month = date / 100 % 100, day = date % 100;
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (year < 1970 || month < 1 || month > 12 || day < 1 ||
        day > days[month - 1] + (unsigned)(month == 2 && leap))
        return false;
    *ret = (int32_t)date;
    return true;
}

bool sapa_parse_clock(struct sapa_str s, uint16_t *ret)
{
    struct sapa_str rest;
    uint64_t hour, minute;
    const struct sapa_str first = sapa_str_cut(s, ':', &rest);

    if (first.n < 1 || first.n > 2 || rest.n != 2 || sapa_str_u64(first, 24, &hour) != SAPA_OK ||
        sapa_str_u64(rest, 59, &minute) != SAPA_OK || (hour == 24 && minute > 0))
        return false;
    *ret = (uint16_t)(hour * 60 + minute);
    return true;
}

bool sapa_key_good(struct sapa_compile *c, uint32_t node, size_t max)
{
    const struct sapa_tree_node *at = sapa_tree(c, node);
    const struct sapa_str key = at->key.p ? at->key : at->text;
    bool good = key.n > 0 && key.n <= max;

    for (size_t i = 0; i < key.n && good; i++) {
        const char ch = key.p[i];
        good = (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') ||
               ch == '.' || ch == '-' || ch == '_';
    }
    if (!good) {
        char hint[96];
        struct sapa_text out;
        sapa_text_init(&out, hint, sizeof(hint));
        sapa_text_printf(&out, "use letters, digits, '.', '-' and '_', at most %zu of them", max);
        sapa_find_key(c, node, hint, "\"" SAPA_STR_FMT "\" cannot be a key", SAPA_STR_ARG(key));
    }
    return good;
}

bool sapa_read_texts(struct sapa_compile *c, uint32_t node, size_t max,
                     struct sapa_str ret[SAPA_LANGUAGE_COUNT])
{
    return sapa_read_texts_and(c, node, max, "", ret);
}

/* Of words with blanks between. */
static bool is_among(const char *words, struct sapa_str word)
{
    struct sapa_str rest = sapa_str_of(words);

    while (rest.n > 0) {
        if (sapa_str_eq(sapa_str_cut(rest, ' ', &rest), word))
            return true;
    }
    return false;
}

bool sapa_read_texts_and(struct sapa_compile *c, uint32_t node, size_t max, const char *other,
                         struct sapa_str ret[SAPA_LANGUAGE_COUNT])
{
    bool good = true;

    memset(ret, 0, sizeof(*ret) * SAPA_LANGUAGE_COUNT);
    if (sapa_tree(c, node)->kind == SAPA_TREE_TEXT) { /* the same in all languages */
        struct sapa_str text;
        if (!sapa_read_text(c, node, 1, (int64_t)max, &text))
            return false;
        for (unsigned i = 0; i < SAPA_LANGUAGE_COUNT; i++)
            ret[i] = text;
        return true;
    }
    if (!sapa_is_map(c, node, "a text for each language"))
        return false;
    for SAPA_TREE_EACH(c, child, node) {
        unsigned language = 0;
        if (is_among(other, sapa_tree(c, child)->key))
            continue;
        while (language < SAPA_LANGUAGE_COUNT &&
               !sapa_str_eq(sapa_tree(c, child)->key, sapa_str_of(sapa_language_name(language))))
            language++;
        if (language == SAPA_LANGUAGE_COUNT) {
            sapa_find_key(c, child, "the languages are id and en",
                          "\"" SAPA_STR_FMT "\" is no language",
                          SAPA_STR_ARG(sapa_tree(c, child)->key));
            good = false;
        } else if (!sapa_read_text(c, child, 1, (int64_t)max, &ret[language])) {
            good = false;
        }
    }
    for (unsigned i = 0; i < SAPA_LANGUAGE_COUNT; i++) {
        if ((c->centre->system.languages >> i & 1) && ret[i].n == 0 &&
            sapa_field_get(c, node, sapa_language_name(i)) == SAPA_NONE) {
            sapa_find(c, node, 0, "add it, or take the language out of system.languages",
                      "the text in %s is missing",
                      i == SAPA_LANGUAGE_ID ? "Indonesian (id)" : "English (en)");
            good = false;
        }
    }
    return good;
}

uint32_t sapa_field_get(const struct sapa_compile *c, uint32_t node, const char *key)
{
    if (node == SAPA_NONE || sapa_tree(c, node)->kind != SAPA_TREE_MAP)
        return SAPA_NONE;
    return sapa_tree_get(c, node, sapa_str_of(key));
}

/* ---- reading by rows ---- */

static void put_number(void *base, const struct sapa_field_row *row, int64_t value)
{
    char *at = (char *)base + row->offset;
    const uint64_t bits = (uint64_t)value;

    memcpy(at, &bits, row->size); /* little endian machines only, as the log */
    _Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
                   "fields are copied from their low end");
}

static int choice_of(const struct sapa_field_row *row, struct sapa_str s)
{
    for (int i = 0; row->names[i]; i++) {
        if (sapa_str_eq(s, sapa_str_of(row->names[i])))
            return i;
    }
    return -1;
}

static void put_default(const struct sapa_field_row *row, void *base)
{
    int64_t value = 0;
    bool good = true;
    const struct sapa_str s = sapa_str_of(row->standard);

    if (row->size == 0)
        return;
    switch ((enum sapa_field_type)row->type) {
    case SAPA_FIELD_TEXT:
    case SAPA_FIELD_SECRET: memcpy((char *)base + row->offset, &s, sizeof(s)); return;
    case SAPA_FIELD_REF: value = SAPA_NONE; break;
    case SAPA_FIELD_INT:
        if (row->standard)
            good = parse_int(s, &value);
        break;
    case SAPA_FIELD_DURATION:
    case SAPA_FIELD_SECONDS:
        if (row->standard)
            good = sapa_parse_duration(s, &value);
        if (row->type == SAPA_FIELD_SECONDS)
            value /= 1000;
        break;
    case SAPA_FIELD_PERCENT:
        if (row->standard)
            good = parse_int(sapa_str_trim((struct sapa_str){ s.p, s.n - 1 }), &value);
        break;
    case SAPA_FIELD_BOOL: value = row->standard && s.p[0] == 'y'; break;
    case SAPA_FIELD_CHOICE:
        value = row->standard ? choice_of(row, s) : 0;
        good = value >= 0;
        break;
    case SAPA_FIELD_CHAR: value = row->standard && s.n == 1 ? s.p[0] : 0; break;
    case SAPA_FIELD_OTHER: return;
    }
    sapa_assert(good); /* the rows' own defaults */
    put_number(base, row, value);
}

static void read_secret(struct sapa_compile *c, uint32_t node, const struct sapa_field_row *row,
                        void *base)
{
    struct sapa_str value = { NULL, 0 };
    char buf[256];
    struct sapa_text out;

    if (sapa_tree(c, node)->kind == SAPA_TREE_TEXT) {
        if (!sapa_read_text(c, node, row->min, row->max, &value))
            return;
        memcpy((char *)base + row->offset, &value, sizeof(value));
        return;
    }
    if (!sapa_is_map(c, node, "a text or { secret: NAME }"))
        return;
    const uint32_t name = sapa_field_get(c, node, "secret");
    if (name == SAPA_NONE || sapa_tree(c, node)->count != 1 ||
        sapa_tree(c, name)->kind != SAPA_TREE_TEXT) {
        sapa_find(c, node, 0, "password: { secret: siti-phone }", "{ secret: NAME } is expected here, with that one key");
        return;
    }
    sapa_text_init(&out, buf, sizeof(buf));
    const struct sapa_str wanted = sapa_tree(c, name)->text;
    if (!c->sources || !c->sources->secret ||
        c->sources->secret(c->sources->ctx, wanted, &out) != SAPA_OK || out.cut) {
        sapa_find(
            c, name, 0,
            "add a line \"name = value\" to the secrets file, or set the environment variable SAPA_SECRET_NAME",
            "there is no secret \"" SAPA_STR_FMT "\"", SAPA_STR_ARG(wanted));
        return;
    }
    value = sapa_compile_str(c, sapa_text_str(&out));
    explicit_bzero(buf, sizeof(buf));
    memcpy((char *)base + row->offset, &value, sizeof(value));
}

static void read_row(struct sapa_compile *c, uint32_t node, const struct sapa_field_row *row,
                     void *base)
{
    struct sapa_str text;
    int64_t value;
    bool flag;

    switch ((enum sapa_field_type)row->type) {
    case SAPA_FIELD_TEXT:
        if (sapa_read_text(c, node, row->min, row->max, &text))
            memcpy((char *)base + row->offset, &text, sizeof(text));
        return;
    case SAPA_FIELD_INT:
        if (sapa_read_int(c, node, row->min, row->max, &value))
            put_number(base, row, value);
        return;
    case SAPA_FIELD_DURATION:
    case SAPA_FIELD_SECONDS:
        if (sapa_read_duration(c, node, row->min, row->max, &value))
            put_number(base, row, row->type == SAPA_FIELD_SECONDS ? value / 1000 : value);
        return;
    case SAPA_FIELD_PERCENT:
        if (sapa_read_percent(c, node, &value))
            put_number(base, row, value);
        return;
    case SAPA_FIELD_BOOL:
        if (sapa_read_bool(c, node, &flag))
            put_number(base, row, flag);
        return;
    case SAPA_FIELD_CHOICE: {
        struct sapa_near near;
        if (!sapa_read_text(c, node, 1, 64, &text))
            return;
        if ((value = choice_of(row, text)) >= 0) {
            put_number(base, row, value);
            return;
        }
        char list[SAPA_FINDING_TEXT_MAX];
        struct sapa_text out;
        sapa_text_init(&out, list, sizeof(list));
        sapa_near_start(c, &near, text);
        for (unsigned i = 0; row->names[i]; i++) {
            sapa_near_try(&near, sapa_str_of(row->names[i]));
            sapa_text_printf(&out, "%s%s", i ? ", " : "one of: ", row->names[i]);
        }
        sapa_find(c, node, 0, near.best.n ? sapa_near_hint(&near) : list,
                  "\"" SAPA_STR_FMT "\" is not possible here", SAPA_STR_ARG(text));
        return;
    }
    case SAPA_FIELD_SECRET: read_secret(c, node, row, base); return;
    case SAPA_FIELD_REF:
        value = sapa_read_ref(c, node, (enum sapa_section)row->section);
        put_number(base, row, value);
        return;
    case SAPA_FIELD_CHAR:
        if (!sapa_read_text(c, node, 1, 8, &text))
            return;
        if (sapa_str_eq(text, SAPA_STR("none"))) {
            put_number(base, row, 0);
        } else if (text.n == 1 && ((text.p[0] >= '0' && text.p[0] <= '9') || text.p[0] == '*' ||
                                   text.p[0] == '#')) {
            put_number(base, row, text.p[0]);
        } else {
            sapa_find(c, node, 0, "one of 0 to 9, \"*\", \"#\", or none",
                      "\"" SAPA_STR_FMT "\" is no key of a telephone", SAPA_STR_ARG(text));
        }
        return;
    case SAPA_FIELD_OTHER: return;
    }
}

static bool of_kind(const struct sapa_field_row *row, uint32_t kind)
{
    return row->kinds == 0 || (row->kinds & kind) != 0;
}

void sapa_fields_read(struct sapa_compile *c, uint32_t node, enum sapa_object_id id, uint32_t kind,
                      void *base)
{
    const struct sapa_object *object = &sapa_objects[id];

    for (unsigned i = 0; i < object->count; i++) {
        if (of_kind(&object->rows[i], kind))
            put_default(&object->rows[i], base);
    }
    if (node == SAPA_NONE || !sapa_is_map(c, node, object->path))
        return;
    for SAPA_TREE_EACH(c, child, node) {
        const struct sapa_str key = sapa_tree(c, child)->key;
        const struct sapa_field_row *row = NULL, *elsewhere = NULL;
        for (unsigned i = 0; i < object->count && !row; i++) {
            if (!sapa_str_eq(key, sapa_str_of(object->rows[i].key)))
                continue;
            if (of_kind(&object->rows[i], kind))
                row = &object->rows[i];
            else
                elsewhere = &object->rows[i];
        }
        if (row) {
            read_row(c, child, row, base);
        } else if (elsewhere) {
            if (kind == 0)
                continue; /* which kind it is, is the mistake */
            sapa_find_key(c, child, "docs/ref/centre.md lists what each kind of node takes", "\"" SAPA_STR_FMT "\" has no meaning in this kind of node",
                          SAPA_STR_ARG(key));
        } else if (!c->sources || !c->sources->was_good) {
            struct sapa_near near;
            sapa_near_start(c, &near, key);
            for (unsigned i = 0; i < object->count; i++) {
                if (of_kind(&object->rows[i], kind))
                    sapa_near_try(&near, sapa_str_of(object->rows[i].key));
            }
            sapa_find_key(c, child, sapa_near_hint(&near), "unknown key \"" SAPA_STR_FMT "\"",
                          SAPA_STR_ARG(key));
        }
    }
    for (unsigned i = 0; i < object->count; i++) {
        const struct sapa_field_row *row = &object->rows[i];
        if (row->required && of_kind(row, kind) && sapa_field_get(c, node, row->key) == SAPA_NONE)
            sapa_find_key(c, node, row->text, "\"%s\" is missing", row->key);
    }
}
