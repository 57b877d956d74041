/* docs/ref/centre.md, from the same rows that the compiler reads by. */
#include "config/compile_impl.h"
#include "core/expr.h"
#include "model/rights.h"

static const char *unit_of(uint8_t type)
{
    switch ((enum sapa_field_type)type) {
    case SAPA_FIELD_TEXT: return "text";
    case SAPA_FIELD_INT: return "number";
    case SAPA_FIELD_DURATION:
    case SAPA_FIELD_SECONDS: return "duration";
    case SAPA_FIELD_PERCENT: return "share";
    case SAPA_FIELD_BOOL: return "yes or no";
    case SAPA_FIELD_CHOICE: return "one of";
    case SAPA_FIELD_SECRET: return "secret";
    case SAPA_FIELD_REF: return "name";
    case SAPA_FIELD_CHAR: return "key";
    case SAPA_FIELD_OTHER: return "";
    }
    return "";
}

static void write_ms(struct sapa_text *out, int64_t ms)
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

static void write_range(struct sapa_text *out, const struct sapa_field_row *row)
{
    switch ((enum sapa_field_type)row->type) {
    case SAPA_FIELD_INT: sapa_text_printf(out, "%lld – %lld", (long long)row->min, (long long)row->max); break;
    case SAPA_FIELD_TEXT:
    case SAPA_FIELD_SECRET: sapa_text_printf(out, "%lld – %lld bytes", (long long)row->min, (long long)row->max); break;
    case SAPA_FIELD_DURATION:
    case SAPA_FIELD_SECONDS:
        write_ms(out, row->min);
        sapa_text_printf(out, " – ");
        write_ms(out, row->max);
        break;
    case SAPA_FIELD_PERCENT: sapa_text_printf(out, "0 – 100 %%"); break;
    case SAPA_FIELD_CHOICE:
        for (unsigned i = 0; row->names[i]; i++)
            sapa_text_printf(out, "%s%s", i ? ", " : "", row->names[i]);
        break;
    case SAPA_FIELD_REF: sapa_text_printf(out, "a key of `%s`", sapa_section_names[row->section]); break;
    default: break;
    }
}

static void write_object(struct sapa_text *out, const struct sapa_object *object, bool nodes)
{
    static const char *const kinds[] = {
#define X(id, name, text) name,
        SAPA_NODE_KINDS(X)
#undef X
    };

    sapa_text_printf(out, "\n## %s%s%s\n\n%s\n\n| key | type | allowed | default | meaning |\n|---|---|---|---|---|\n",
                     object->path[0] ? "`" : "", object->path[0] ? object->path : "The document", object->path[0] ? "`" : "", object->text);
    for (unsigned i = 0; i < object->count; i++) {
        const struct sapa_field_row *row = &object->rows[i];
        sapa_text_printf(out, "| `%s` | %s | ", row->key, unit_of(row->type));
        write_range(out, row);
        sapa_text_printf(out, " | %s | %s", row->required ? "*needed*" : row->standard ? row->standard : "", row->text);
        if (nodes && row->kinds) {
            sapa_text_printf(out, " *(");
            bool first = true;
            for (unsigned k = 0; k < SAPA_NODE_KIND_COUNT; k++) {
                if (row->kinds >> k & 1) {
                    sapa_text_printf(out, "%s%s", first ? "" : ", ", kinds[k]);
                    first = false;
                }
            }
            sapa_text_printf(out, ")*");
        }
        sapa_text_printf(out, " |\n");
    }
}

void sapa_centre_reference(struct sapa_text *out)
{
    static const char *const types[SAPA_VALUE_COUNT] = {
#define X(id, text) [SAPA_VALUE_##id] = text,
        SAPA_VALUE_TYPES(X)
#undef X
    };

    sapa_text_printf(out,
        "# The centre description: every key\n\n"
        "Generated from `src/config/fields.c`; do not edit. `sapa check FILE` reads a document and lists what is wrong with it.\n\n"
        "A document is YAML: maps, lists and texts; no anchors, aliases or tags; at most 4 MiB, 32 levels, 200,000 values. "
        "Durations have a unit (`500 ms`, `30 s`, `2 min`, `1 h`, `3 days`), shares a percent sign, times of day are `08:30`, days `2026-08-17`. "
        "Keys of objects use letters, digits, `.`, `-` and `_`. A text for people is one text for all languages or `{ id: …, en: … }`. "
        "A secret is a text or `{ secret: NAME }`, which is looked up in the secrets file and then in the environment variable `SAPA_SECRET_NAME`.\n");
    for (unsigned i = 0; i < SAPA_OBJECT_COUNT; i++)
        write_object(out, &sapa_objects[i], i == SAPA_OBJECT_NODE);

    sapa_text_printf(out, "\n## Rights\n\n| right | what it allows |\n|---|---|\n");
    for (unsigned i = 0; i < SAPA_RIGHT_COUNT; i++)
        sapa_text_printf(out, "| `%s` | %s |\n", sapa_right_name(i), sapa_right_text(i));
    sapa_text_printf(out, "\n| built-in role | its rights |\n|---|---|\n");
    for (unsigned role = 0; role < SAPA_ROLE_COUNT; role++) {
        sapa_text_printf(out, "| `%s` |", sapa_role_name(role));
        for (unsigned i = 0; i < SAPA_RIGHT_COUNT; i++)
            if (sapa_role_rights(role) >> i & 1)
                sapa_text_printf(out, " `%s`", sapa_right_name(i));
        sapa_text_printf(out, " |\n");
    }
    sapa_text_printf(out, "\n## Kinds of nodes\n\n| `do` | what it does |\n|---|---|\n");
#define X(id, name, text) sapa_text_printf(out, "| `%s` | %s |\n", name, text);
    SAPA_NODE_KINDS(X)
#undef X
    sapa_text_printf(out, "\n## How values are spoken: `{value:format}`\n\n| format | heard |\n|---|---|\n");
#define X(id, name, text) sapa_text_printf(out, "| `%s` | %s |\n", name[0] ? name : "(none)", text);
    SAPA_SAY_FORMATS(X)
#undef X
    sapa_text_printf(out, "\n## Facts in expressions\n\n| fact | type | meaning |\n|---|---|---|\n");
#define X(id, name, type, argument, text) \
    sapa_text_printf(out, "| `%s%s` | %s | %s |\n", name, argument == 1 ? "(\"queue\")" : argument == 2 ? "(\"hours\")" : "", types[SAPA_VALUE_##type], text);
    SAPA_FACTS(X)
#undef X
    sapa_text_printf(out,
        "\n## Functions\n\n"
        "| function | gives |\n|---|---|\n"
        "| `len(text)` | number of characters; also of a secret |\n"
        "| `left(text, n)` `right(text, n)` `mid(text, from, n)` | a part; the first character is 1 |\n"
        "| `starts(text, text)` `contains(text, text)` | bool |\n"
        "| `is_int(text)` `int(text)` `text(int)` | is it a whole number; as a number; as a text |\n"
        "| `luhn(text)` | bool: the check digit is right (ISO/IEC 7812-1) |\n"
        "| `min(a, b)` `max(a, b)` `abs(a)` | of int, duration or money |\n"
        "\nOperators, low to high: `or`; `and`; `not`; `== != < <= > >=`; `+ -`; `* / %%`; minus. `+` also joins texts.\n"
        "Arithmetic that overflows, a division by 0 and `int()` of what is no number give no value: "
        "a case does not hold, a `set` stores 0 or nothing and takes `on_failed`, a spoken value is left out together with its sentence. "
        "An expected wait has no value while nobody is ready for the queue, `ewt_p50` and `ewt_p90` neither outside a queue.\n"
        "\n## Prompts of the program\n\nA shared prompt of the same key replaces the text.\n\n| key | id | en |\n|---|---|---|\n");
#define X(id, key, indonesian, english) sapa_text_printf(out, "| `%s` | %s | %s |\n", key, indonesian, english);
    SAPA_PROMPT_KEYS(X)
#undef X
}
