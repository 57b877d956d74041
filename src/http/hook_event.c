/* How an event of the log is told to the world: keys for indices, words for numbers of a vocabulary. */
#include "http/hook.h"

typedef const char *word_fn(unsigned value);

static const struct {
    uint16_t type; /* 0: in every record */
    const char *field;
    word_fn *word;
} words[] = {
    { SAPA_T_outside_tried, "place", NULL }, /* a place in a list */
    { SAPA_T_contact_dequeued, "reason", sapa_dequeue_name },
    { SAPA_T_offer_ended, "result", sapa_offer_result_name },
    { SAPA_T_agent_moved, "from", sapa_presence_name },
    { SAPA_T_agent_moved, "to", sapa_presence_name },
    { SAPA_T_assignment_moved, "from", sapa_assignment_name },
    { SAPA_T_assignment_moved, "to", sapa_assignment_name },
    { SAPA_T_callback_changed, "state", sapa_callback_name },
    { SAPA_T_switch_changed, "which", sapa_switch_name },
    { SAPA_T_call_denied, "why", sapa_call_denial_name },
    { SAPA_T_call_denied, "kind", sapa_target_name },
    { SAPA_T_contact_transferred, "kind", sapa_target_name },
    { SAPA_T_alarm_raised, "kind", sapa_alarm_name },
    { 0, "channel", sapa_channel_name },
    { 0, "direction", sapa_direction_name },
    { 0, "language", sapa_language_name },
    { 0, "side", sapa_side_name },
    { 0, "outcome", sapa_outcome_name },
    { 0, "place", sapa_place_name },
    { 0, "policy", sapa_record_policy_name },
};

/* False: the number says it itself. */
static bool word_of(unsigned type, const char *field, uint64_t value, struct sapa_str *ret)
{
    for (size_t i = 0; i < SAPA_COUNT(words); i++) {
        if ((words[i].type != 0 && words[i].type != type) || strcmp(words[i].field, field) != 0)
            continue;
        if (words[i].word)
            *ret = sapa_str_of(words[i].word((unsigned)SAPA_MIN(value, (uint64_t)UINT32_MAX)));
        return words[i].word != NULL;
    }
    return false;
}

/* True: it is an index. The key stays empty when the description does not have it. */
static bool key_of(const struct sapa_centre *centre, unsigned type, const char *field, uint64_t index, struct sapa_str *ret)
{
    *ret = (struct sapa_str){ NULL, 0 };
#define TABLE(name, plural)                                   \
    if (strcmp(field, name) == 0) {                           \
        if (centre && index < centre->plural##_count)         \
            *ret = centre->plural[index].key;                 \
        return true;                                          \
    }
    TABLE("client", clients)
    TABLE("queue", queues)
    TABLE("agent", agents)
    TABLE("last_agent", agents)
    TABLE("number", numbers)
    TABLE("skill", skills)
    TABLE("trunk", trunks)
    TABLE("disposition", dispositions)
    if (strcmp(field, "campaign") == 0) { /* index + 1 */
        if (centre && index > 0 && index <= centre->campaigns_count)
            *ret = centre->campaigns[index - 1].key;
        return true;
    }
    if (type == SAPA_T_agent_moved)
        TABLE("reason", reasons)
#undef TABLE
    return false;
}

static void number_json(const struct sapa_record *record, const struct sapa_centre *centre, const struct sapa_field *field,
                        uint64_t value, struct sapa_json *out)
{
    struct sapa_str text;

    sapa_json_key(out, field->name);
    if (record->type == SAPA_T_contact_arrived && strcmp(field->name, "language") == 0)
        value = value ? value - 1 : SAPA_NONE; /* one more than the word there, 0: not known */
    if (value == SAPA_NONE)
        sapa_json_null(out);
    else if (key_of(centre, record->type, field->name, value, &text) && text.n > 0)
        sapa_json_text(out, text);
    else if (word_of(record->type, field->name, value, &text))
        sapa_json_text(out, text);
    else
        sapa_json_number(out, (int64_t)value);
}

static void text_json(const struct sapa_record *record, const struct sapa_field *field, bool personal, struct sapa_json *out)
{
    const uint8_t *at = (const uint8_t *)&record->u + field->offset;
    uint16_t n;
    struct sapa_str text;

    if (field->kind == SAPA_KIND_BLOB || (field->kind == SAPA_KIND_PII && !personal))
        return; /* not for others; not without the right */
    memcpy(&n, at, sizeof(n));
    text = (struct sapa_str){ (const char *)at + sizeof(n), n };
    sapa_json_key(out, field->name);
    if (field->kind == SAPA_KIND_PII && (record->flags & SAPA_RECORD_ERASED))
        sapa_json_null(out);
    else
        sapa_json_text(out, text);
}

void sapa_hook_event_json(const struct sapa_record *record, const struct sapa_centre *centre, bool personal, struct sapa_json *out)
{
    const struct sapa_record_info *info = sapa_record_info(record->type);

    sapa_json_open(out, '{');
    sapa_json_add_id(out, "id", record->seq);
    sapa_json_add_text(out, "type", sapa_str_of(info->name));
    sapa_json_add_time(out, "at", record->at_us);
    sapa_json_key(out, "data");
    sapa_json_open(out, '{');
    for (unsigned i = 0; i < info->field_count; i++) {
        const struct sapa_field *field = &info->fields[i];
        const size_t name_n = strlen(field->name);
        uint64_t value;
        memcpy(&value, (const uint8_t *)&record->u + field->offset, sizeof(value));
        if (field->kind == SAPA_KIND_ID)
            sapa_json_add_id(out, field->name, value);
        else if (field->kind == SAPA_KIND_SIG && name_n > 3 && strcmp(field->name + name_n - 3, "_us") == 0)
            sapa_json_add_time(out, field->name, (int64_t)value);
        else if (field->kind == SAPA_KIND_SIG)
            sapa_json_add_number(out, field->name, (int64_t)value);
        else if (field->kind == SAPA_KIND_NUM)
            number_json(record, centre, field, value, out);
        else
            text_json(record, field, personal, out);
    }
    sapa_json_close(out, '}');
    sapa_json_close(out, '}');
}
