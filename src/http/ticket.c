#include "http/ticket.h"

#include <stdlib.h>
#include <string.h>

#include "http/kept.h"
#include "rt/crypto.h"

enum { TICKETS_MAX = 100000000 };

static const struct sapa_str subject_context = { "ticket", 6 }, text_context = { "ticket.text", 11 };
static const char heads[] = "ticket";

/* ---- words ---- */

static const char *const statuses[] = { "open", "waiting", "resolved" };
static const char *const priorities[] = { "low", "normal", "high" };
static const char *const owners[] = { "nobody", "agent", "queue", "team" };

static unsigned word_of(const char *const *words, unsigned count, struct sapa_str name)
{
    for (unsigned i = 0; i < count; i++) {
        if (sapa_str_eq(sapa_str_of(words[i]), name))
            return i;
    }
    return count;
}

const char *sapa_ticket_status_name(unsigned status) { return status < SAPA_TICKET_STATUS_COUNT ? statuses[status] : "?"; }
const char *sapa_ticket_priority_name(unsigned priority) { return priority < SAPA_TICKET_PRIORITY_COUNT ? priorities[priority] : "?"; }
const char *sapa_ticket_owner_name(unsigned kind) { return kind < SAPA_TICKET_OWNER_COUNT ? owners[kind] : "?"; }
unsigned sapa_ticket_status_of(struct sapa_str name) { return word_of(statuses, SAPA_TICKET_STATUS_COUNT, name); }
unsigned sapa_ticket_priority_of(struct sapa_str name) { return word_of(priorities, SAPA_TICKET_PRIORITY_COUNT, name); }
unsigned sapa_ticket_owner_of(struct sapa_str name) { return word_of(owners, SAPA_TICKET_OWNER_COUNT, name); }

/* ---- texts ---- */

static bool is_clean(struct sapa_str text, bool lines)
{
    for (size_t i = 0; i < text.n; i++) {
        const uint8_t c = (uint8_t)text.p[i];
        if ((c < ' ' && !(lines && c == '\n')) || c == 0x7f)
            return false;
    }
    return sapa_str_utf8(text);
}

bool sapa_ticket_is_subject(struct sapa_str text)
{
    size_t characters = 0;

    for (size_t i = 0; i < text.n; i++)
        characters += ((uint8_t)text.p[i] & 0xc0) != 0x80;
    return characters > 0 && characters <= SAPA_TICKET_SUBJECT_CHARS && text.n <= SAPA_TICKET_SUBJECT_MAX && is_clean(text, false);
}

bool sapa_ticket_is_text(struct sapa_str text)
{
    return text.n <= SAPA_TICKET_TEXT_MAX && is_clean(text, true);
}

static json_t *seal(struct sapa_store *store, uint64_t person, struct sapa_str context, const char *text, sapa_rc *rc)
{
    uint8_t sealed[SAPA_TICKET_TEXT_MAX + SAPA_SEAL_EXTRA];
    char hex[2 * sizeof(sealed) + 1];
    const size_t n = strlen(text);
    json_t *value = NULL;

    *rc = n + SAPA_SEAL_EXTRA <= sizeof(sealed) ? sapa_person_seal(store, person, context, text, n, sealed) : SAPA_EINVAL;
    if (*rc == SAPA_OK && !(value = json_string(sapa_hex(sealed, n + SAPA_SEAL_EXTRA, hex))))
        *rc = SAPA_ENOMEM;
    return value;
}

/* What cannot be opened is empty: its person was erased. */
static sapa_rc unseal(struct sapa_store *store, uint64_t person, struct sapa_str context, const json_t *value, char *text, size_t size)
{
    const char *hex = json_string_value(value);
    uint8_t sealed[SAPA_TICKET_TEXT_MAX + SAPA_SEAL_EXTRA];
    const size_t n = hex ? strlen(hex) / 2 : 0;

    text[0] = '\0';
    if (n < SAPA_SEAL_EXTRA || n > sizeof(sealed) || n - SAPA_SEAL_EXTRA >= size || !sapa_unhex(hex, sealed, n))
        return SAPA_ECORRUPT;
    const sapa_rc rc = sapa_person_unseal(store, person, context, sealed, n, (uint8_t *)text);
    text[rc == SAPA_OK ? n - SAPA_SEAL_EXTRA : 0] = '\0';
    return rc == SAPA_ENOENT ? SAPA_OK : rc;
}

/* ---- lists that lead to heads ---- */

struct list {
    char key[SAPA_STORE_KEY_MAX + 1];
    uint64_t of[SAPA_MAX(SAPA_TICKETS_PERSON_MAX, SAPA_TICKETS_OWNER_MAX)]; /* as they came */
    size_t count;
};

enum { LIST_TEXT = SAPA_MAX(SAPA_TICKETS_PERSON_MAX, SAPA_TICKETS_OWNER_MAX) * 21 + 1 };

static bool key_of_person(uint64_t person, char key[SAPA_STORE_KEY_MAX + 1])
{
    struct sapa_text text;

    sapa_text_init(&text, key, SAPA_STORE_KEY_MAX + 1);
    sapa_text_printf(&text, "ticket.person.%llu", (unsigned long long)person);
    return !text.cut;
}

static bool key_of_owner(unsigned kind, struct sapa_str owner, char key[SAPA_STORE_KEY_MAX + 1])
{
    struct sapa_text text;

    sapa_text_init(&text, key, SAPA_STORE_KEY_MAX + 1);
    sapa_text_printf(&text, "ticket.%s." SAPA_STR_FMT, sapa_ticket_owner_name(kind), SAPA_STR_ARG(owner));
    return kind < SAPA_TICKET_OWNER_COUNT && kind != SAPA_TICKET_NOBODY && owner.n > 0 && !text.cut;
}

static sapa_rc list_read(struct sapa_store *store, struct list *list)
{
    char *text = malloc(LIST_TEXT);
    sapa_rc rc = text ? sapa_store_setting(store, list->key, text, LIST_TEXT) : SAPA_ENOMEM;

    list->count = 0;
    for (const char *at = text; rc == SAPA_OK && *at;) {
        char *end;
        const unsigned long long number = strtoull(at, &end, 10);
        if (end == at || number == 0 || list->count == SAPA_COUNT(list->of))
            rc = SAPA_ECORRUPT;
        else
            list->of[list->count++] = number;
        at = *end == ' ' ? end + 1 : end;
        if (rc == SAPA_OK && at == end && *at)
            rc = SAPA_ECORRUPT;
    }
    free(text);
    return rc == SAPA_ENOENT ? SAPA_OK : rc;
}

static sapa_rc list_write(struct sapa_store *store, const struct list *list)
{
    char *buf = malloc(LIST_TEXT);
    struct sapa_text text;

    if (!buf)
        return SAPA_ENOMEM;
    buf[0] = '\0';
    sapa_text_init(&text, buf, LIST_TEXT);
    for (size_t i = 0; i < list->count; i++)
        sapa_text_printf(&text, "%s%llu", i ? " " : "", (unsigned long long)list->of[i]);
    const sapa_rc rc = text.cut ? SAPA_ELIMIT : list->count == 0 ? sapa_store_unset(store, list->key) : sapa_store_set(store, list->key, buf);
    free(buf);
    return rc;
}

static sapa_rc list_with(struct sapa_store *store, struct list *list, uint64_t number, bool is_in, size_t max)
{
    sapa_rc rc = list_read(store, list);
    size_t at = 0;

    if (rc != SAPA_OK)
        return rc;
    while (at < list->count && list->of[at] != number)
        at++;
    if (is_in == (at < list->count))
        return SAPA_OK; /* so it is */
    if (is_in && list->count >= max)
        return SAPA_ELIMIT;
    if (is_in) {
        list->of[list->count++] = number;
    } else {
        memmove(&list->of[at], &list->of[at + 1], (list->count - at - 1) * sizeof(list->of[0]));
        list->count--;
    }
    return list_write(store, list);
}

static sapa_rc person_with(struct sapa_store *store, uint64_t person, uint64_t number)
{
    struct list list;

    return key_of_person(person, list.key) ? list_with(store, &list, number, true, SAPA_TICKETS_PERSON_MAX) : SAPA_EINVAL;
}

/* Is it among what its owner has to do, as the head says? */
static bool is_owned(const struct sapa_ticket *ticket)
{
    return ticket->status != SAPA_TICKET_RESOLVED && ticket->owner_kind != SAPA_TICKET_NOBODY;
}

static sapa_rc owner_with(struct sapa_store *store, const struct sapa_ticket *ticket, bool is_in)
{
    struct list list;

    if (ticket->owner_kind == SAPA_TICKET_NOBODY)
        return SAPA_OK;
    return key_of_owner(ticket->owner_kind, sapa_str_of(ticket->owner), list.key) ? list_with(store, &list, ticket->number, is_in, SAPA_TICKETS_OWNER_MAX)
                                                                                 : SAPA_EINVAL;
}

static int newest_first(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? 1 : x > y ? -1 : 0;
}

static void take(const struct list *list, uint64_t *ret, size_t max, size_t *count)
{
    for (size_t i = list->count; i > 0 && *count < max; i--)
        ret[(*count)++] = list->of[i - 1];
}

sapa_rc sapa_tickets_of_person(struct sapa_store *store, uint64_t person, uint64_t *ret, size_t max, size_t *ret_count)
{
    uint64_t group[SAPA_MERGE_DEPTH_MAX];
    size_t persons = 0, count = 0;
    struct list list;
    sapa_rc rc = person ? sapa_person_group(store, person, group, SAPA_COUNT(group), &persons) : SAPA_ENOENT;

    for (size_t i = 0; rc == SAPA_OK && i < persons; i++) {
        rc = key_of_person(group[i], list.key) ? list_read(store, &list) : SAPA_EINVAL;
        if (rc == SAPA_OK)
            take(&list, ret, max, &count);
    }
    if (rc != SAPA_OK && rc != SAPA_ENOENT)
        return rc;
    qsort(ret, count, sizeof(ret[0]), newest_first);
    *ret_count = count;
    return SAPA_OK;
}

sapa_rc sapa_tickets_of_owner(struct sapa_store *store, enum sapa_ticket_owner kind, struct sapa_str owner, uint64_t *ret, size_t max, size_t *ret_count)
{
    struct list list;
    size_t count = 0;
    const sapa_rc rc = key_of_owner(kind, owner, list.key) ? list_read(store, &list) : SAPA_EINVAL;

    if (rc != SAPA_OK)
        return rc;
    take(&list, ret, max, &count);
    qsort(ret, count, sizeof(ret[0]), newest_first);
    *ret_count = count;
    return SAPA_OK;
}

sapa_rc sapa_ticket_last(struct sapa_store *store, uint64_t *ret)
{
    return sapa_kept_count(store, heads, ret);
}

/* ---- heads ---- */

static json_t *id_json(uint64_t id)
{
    char buf[24];
    struct sapa_text text;

    sapa_text_init(&text, buf, sizeof(buf));
    sapa_text_printf(&text, "%llu", (unsigned long long)id);
    return json_string(buf);
}

static uint64_t id_of(const json_t *value)
{
    const char *text = json_string_value(value);
    uint64_t id;

    return text && sapa_str_u64(sapa_str_of(text), UINT64_MAX, &id) == SAPA_OK ? id : 0;
}

static int64_t number_of(const json_t *one, const char *name)
{
    return json_integer_value(json_object_get(one, name));
}

static sapa_rc head_write(struct sapa_store *store, const struct sapa_ticket *ticket)
{
    sapa_rc rc;
    json_t *subject = seal(store, ticket->person, subject_context, ticket->subject, &rc), *contacts = json_array();

    for (uint32_t i = 0; i < ticket->contact_count; i++)
        json_array_append_new(contacts, id_json(ticket->contacts[i]));
    if (rc != SAPA_OK) {
        json_decref(contacts);
        return rc;
    }
    return sapa_kept_put(store, heads, ticket->number,
                         json_pack("{s:s,s:o,s:I,s:I,s:I,s:I,s:I,s:i,s:i,s:i,s:s,s:s,s:s,s:o,s:o}", "client", ticket->client, "person", id_json(ticket->person),
                                   "version", (json_int_t)ticket->version, "created_us", (json_int_t)ticket->created_us, "changed_us",
                                   (json_int_t)ticket->changed_us, "due_us", (json_int_t)ticket->due_us, "resolved_us", (json_int_t)ticket->resolved_us,
                                   "status", (int)ticket->status, "priority", (int)ticket->priority, "owner_kind", (int)ticket->owner_kind, "owner",
                                   ticket->owner, "by", ticket->by, "changed_by", ticket->changed_by, "subject", subject, "contacts", contacts));
}

static sapa_rc head_read(struct sapa_store *store, uint64_t number, const json_t *one, struct sapa_ticket *ret)
{
    const json_t *contacts = json_object_get(one, "contacts");
    const int64_t status = number_of(one, "status"), priority = number_of(one, "priority"), kind = number_of(one, "owner_kind");

    memset(ret, 0, sizeof(*ret));
    ret->number = number;
    ret->person = id_of(json_object_get(one, "person"));
    ret->version = (uint64_t)number_of(one, "version");
    ret->created_us = number_of(one, "created_us");
    ret->changed_us = number_of(one, "changed_us");
    ret->due_us = number_of(one, "due_us");
    ret->resolved_us = number_of(one, "resolved_us");
    if (status < 0 || status >= SAPA_TICKET_STATUS_COUNT || priority < 0 || priority >= SAPA_TICKET_PRIORITY_COUNT || kind < 0 ||
        kind >= SAPA_TICKET_OWNER_COUNT || !sapa_kept_text(one, "owner", ret->owner, sizeof(ret->owner)) ||
        !sapa_kept_text(one, "client", ret->client, sizeof(ret->client)) || !sapa_kept_text(one, "by", ret->by, sizeof(ret->by)) ||
        !sapa_kept_text(one, "changed_by", ret->changed_by, sizeof(ret->changed_by)))
        return SAPA_ECORRUPT;
    ret->status = (uint8_t)status;
    ret->priority = (uint8_t)priority;
    ret->owner_kind = (uint8_t)kind;
    for (size_t i = 0; i < json_array_size(contacts) && ret->contact_count < SAPA_TICKET_CONTACTS_MAX; i++)
        ret->contacts[ret->contact_count++] = id_of(json_array_get(contacts, i));
    return unseal(store, ret->person, subject_context, json_object_get(one, "subject"), ret->subject, sizeof(ret->subject));
}

sapa_rc sapa_ticket_get(struct sapa_store *store, uint64_t number, struct sapa_ticket *ret)
{
    json_t *one = NULL;
    sapa_rc rc = sapa_kept_get(store, heads, number, &one);

    if (rc == SAPA_OK)
        rc = head_read(store, number, one, ret);
    json_decref(one);
    return rc;
}

/* ---- entries ---- */

static void kind_of(uint64_t number, char kind[SAPA_STORE_KEY_MAX])
{
    struct sapa_text text;

    sapa_text_init(&text, kind, SAPA_STORE_KEY_MAX);
    sapa_text_printf(&text, "ticket.%llu", (unsigned long long)number);
}

static sapa_rc entry_write(struct sapa_store *store, const struct sapa_ticket *ticket, const struct sapa_ticket_entry *entry, uint64_t number)
{
    char kind[SAPA_STORE_KEY_MAX];
    sapa_rc rc;
    json_t *text = seal(store, ticket->person, text_context, entry->text, &rc);

    if (rc != SAPA_OK)
        return rc;
    kind_of(ticket->number, kind);
    return sapa_kept_put(store, kind, number,
                         json_pack("{s:o,s:I,s:I,s:I,s:i,s:i,s:i,s:s,s:s,s:o}", "contact", id_json(entry->contact), "at_us", (json_int_t)entry->at_us, "due_us",
                                   (json_int_t)entry->due_us, "set", (json_int_t)entry->set, "status", (int)entry->status, "priority",
                                   (int)entry->priority, "owner_kind", (int)entry->owner_kind, "owner", entry->owner, "by", entry->by, "text", text));
}

static sapa_rc entry_read(struct sapa_store *store, const struct sapa_ticket *ticket, uint64_t number, struct sapa_ticket_entry *ret)
{
    char kind[SAPA_STORE_KEY_MAX];
    json_t *one = NULL;

    kind_of(ticket->number, kind);
    sapa_rc rc = sapa_kept_get(store, kind, number, &one);
    if (rc != SAPA_OK)
        return rc == SAPA_ENOENT ? SAPA_ECORRUPT : rc; /* the head counts it */
    memset(ret, 0, sizeof(*ret));
    ret->number = number;
    ret->contact = id_of(json_object_get(one, "contact"));
    ret->at_us = number_of(one, "at_us");
    ret->due_us = number_of(one, "due_us");
    ret->set = (uint32_t)number_of(one, "set");
    ret->status = (uint8_t)number_of(one, "status");
    ret->priority = (uint8_t)number_of(one, "priority");
    ret->owner_kind = (uint8_t)number_of(one, "owner_kind");
    if (!sapa_kept_text(one, "owner", ret->owner, sizeof(ret->owner)) || !sapa_kept_text(one, "by", ret->by, sizeof(ret->by)))
        rc = SAPA_ECORRUPT;
    if (rc == SAPA_OK)
        rc = unseal(store, ticket->person, text_context, json_object_get(one, "text"), ret->text, sizeof(ret->text));
    json_decref(one);
    return rc;
}

sapa_rc sapa_ticket_entries(struct sapa_store *store, const struct sapa_ticket *ticket, void (*fn)(void *ctx, const struct sapa_ticket_entry *entry),
                            void *ctx)
{
    struct sapa_ticket_entry entry;
    sapa_rc rc = SAPA_OK;

    for (uint64_t i = 1; rc == SAPA_OK && i <= ticket->version; i++) {
        if ((rc = entry_read(store, ticket, i, &entry)) == SAPA_OK)
            fn(ctx, &entry);
    }
    sapa_wipe(&entry, sizeof(entry));
    return rc;
}

/* ---- writing ---- */

static bool is_good(const struct sapa_ticket_entry *entry)
{
    return sapa_ticket_is_text((struct sapa_str){ entry->text, strnlen(entry->text, sizeof(entry->text)) }) && entry->status < SAPA_TICKET_STATUS_COUNT &&
           entry->priority < SAPA_TICKET_PRIORITY_COUNT && entry->owner_kind < SAPA_TICKET_OWNER_COUNT && (entry->set & ~15u) == 0 &&
           (entry->owner_kind == SAPA_TICKET_NOBODY) == (entry->owner[0] == '\0');
}

static void apply(struct sapa_ticket *ticket, const struct sapa_ticket_entry *entry)
{
    if (entry->set & SAPA_TICKET_SET_STATUS) {
        if (entry->status != SAPA_TICKET_RESOLVED)
            ticket->resolved_us = 0;
        else if (ticket->status != SAPA_TICKET_RESOLVED)
            ticket->resolved_us = entry->at_us;
        ticket->status = entry->status;
    }
    if (entry->set & SAPA_TICKET_SET_OWNER) {
        ticket->owner_kind = entry->owner_kind;
        memcpy(ticket->owner, entry->owner, sizeof(ticket->owner));
    }
    if (entry->set & SAPA_TICKET_SET_DUE)
        ticket->due_us = entry->due_us;
    if (entry->set & SAPA_TICKET_SET_PRIORITY)
        ticket->priority = entry->priority;
    bool known = entry->contact == 0 || ticket->contact_count == SAPA_TICKET_CONTACTS_MAX;
    for (uint32_t i = 0; i < ticket->contact_count; i++)
        known |= ticket->contacts[i] == entry->contact;
    if (!known)
        ticket->contacts[ticket->contact_count++] = entry->contact;
    ticket->changed_us = entry->at_us;
    memcpy(ticket->changed_by, entry->by, sizeof(ticket->changed_by));
    ticket->version++;
}

static sapa_rc open_one(struct sapa_store *store, const struct sapa_ticket *wish, const struct sapa_ticket_entry *first, struct sapa_ticket *ret)
{
    struct sapa_ticket ticket = { .person = wish->person, .created_us = first->at_us, .priority = SAPA_TICKET_NORMAL };
    struct sapa_ticket_entry entry = *first;
    uint64_t last = 0;
    sapa_rc rc = sapa_kept_count(store, heads, &last);

    if (rc == SAPA_OK && last >= TICKETS_MAX)
        rc = SAPA_ELIMIT;
    ticket.number = last + 1;
    memcpy(ticket.client, wish->client, sizeof(ticket.client));
    memcpy(ticket.subject, wish->subject, sizeof(ticket.subject));
    memcpy(ticket.by, first->by, sizeof(ticket.by));
    entry.set &= ~SAPA_TICKET_SET_STATUS; /* it is open */
    apply(&ticket, &entry);
    if (rc == SAPA_OK)
        rc = entry_write(store, &ticket, &entry, 1);
    if (rc == SAPA_OK)
        rc = person_with(store, ticket.person, ticket.number);
    if (rc == SAPA_OK)
        rc = owner_with(store, &ticket, true);
    if (rc == SAPA_OK)
        rc = head_write(store, &ticket);
    if (rc == SAPA_OK)
        rc = sapa_kept_count_set(store, heads, ticket.number);
    if (rc == SAPA_OK)
        *ret = ticket;
    sapa_wipe(&ticket, sizeof(ticket));
    sapa_wipe(&entry, sizeof(entry));
    return rc;
}

sapa_rc sapa_ticket_open(struct sapa_store *store, const struct sapa_ticket *ticket, const struct sapa_ticket_entry *first, struct sapa_ticket *ret)
{
    if (ticket->person == 0 || !sapa_ticket_is_subject((struct sapa_str){ ticket->subject, strnlen(ticket->subject, sizeof(ticket->subject)) }) || !is_good(first))
        return SAPA_EINVAL;
    sapa_store_settings_begin(store);
    const sapa_rc rc = open_one(store, ticket, first, ret);
    sapa_store_settings_end(store);
    return rc;
}

static sapa_rc change(struct sapa_store *store, const struct sapa_ticket *before, const struct sapa_ticket_entry *entry, struct sapa_ticket *ticket)
{
    *ticket = *before;
    apply(ticket, entry);
    sapa_rc rc = is_owned(ticket) ? owner_with(store, ticket, true) : SAPA_OK;
    if (rc == SAPA_OK)
        rc = entry_write(store, ticket, entry, ticket->version);
    if (rc == SAPA_OK)
        rc = head_write(store, ticket);
    if (rc == SAPA_OK && is_owned(before) && (!is_owned(ticket) || ticket->owner_kind != before->owner_kind || strcmp(ticket->owner, before->owner) != 0))
        rc = owner_with(store, before, false);
    return rc == SAPA_ENOENT ? SAPA_ESTATE : rc; /* erased meanwhile */
}

sapa_rc sapa_ticket_change(struct sapa_store *store, uint64_t number, uint64_t match, const struct sapa_ticket_entry *entry, struct sapa_ticket *ret)
{
    struct sapa_ticket before, ticket;

    if (!is_good(entry))
        return SAPA_EINVAL;
    sapa_store_settings_begin(store); /* read, changed, written */
    sapa_rc rc = sapa_ticket_get(store, number, &before);
    if (rc == SAPA_OK)
        rc = match != 0 && match != before.version          ? SAPA_EEXIST
             : before.subject[0] == '\0'                    ? SAPA_ESTATE /* erased */
             : before.version >= SAPA_TICKET_ENTRIES_MAX    ? SAPA_ELIMIT
                                                            : change(store, &before, entry, &ticket);
    sapa_store_settings_end(store);
    if (rc == SAPA_OK)
        *ret = ticket;
    sapa_wipe(&before, sizeof(before));
    sapa_wipe(&ticket, sizeof(ticket));
    return rc;
}
