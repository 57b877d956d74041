#include "app/people.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/table.h"

/*
 * Small tables. When one is full, some entry is forgotten: the store is asked again, or a caller
 * goes to the longest idle agent instead of the last one.
 */
enum { UNTOLD_MAX = 1024 };

struct talked { uint64_t person, agent; };
struct living { uint64_t contact, person; };
struct offered { uint64_t offer, agent; };

/* Reserved, but the centre was too busy to hear of it. The reservation stays, so the store will not say "new" again. */
struct untold {
    uint64_t person;
};

struct sapa_people {
    struct sapa_people_ports ports;
    struct sapa_table talked, living, offered;
    uint32_t forget_next; /* where the next one to be forgotten stands */
    struct sapa_table untold;
};

/* The entry of `key`, new or known. NULL: no memory, nothing is remembered. */
static void *entry_of(struct sapa_people *people, struct sapa_table *table, uint64_t key)
{
    void *entry = sapa_table_find(table, key);

    if (entry || key == 0)
        return entry;
    if (table->count == table->limit)
        sapa_table_remove(table, sapa_table_at(table, people->forget_next++ % table->count));
    return sapa_table_add(table, key, &entry) == SAPA_OK ? entry : NULL;
}

static void forget(struct sapa_table *table, uint64_t key)
{
    void *entry = sapa_table_find(table, key);

    if (entry)
        sapa_table_remove(table, entry);
}

sapa_rc sapa_people_new(const struct sapa_people_ports *ports, struct sapa_people **ret)
{
    struct sapa_people *people = calloc(1, sizeof(*people));

    if (!people)
        return SAPA_ENOMEM;
    people->ports = *ports;
    sapa_table_init(&people->talked, sapa_memory_heap(), sizeof(struct talked), SAPA_PEOPLE_KEPT_MAX);
    sapa_table_init(&people->living, sapa_memory_heap(), sizeof(struct living), SAPA_PEOPLE_KEPT_MAX);
    sapa_table_init(&people->offered, sapa_memory_heap(), sizeof(struct offered), SAPA_PEOPLE_KEPT_MAX);
    sapa_table_init(&people->untold, sapa_memory_heap(), sizeof(struct untold), UNTOLD_MAX);
    *ret = people;
    return SAPA_OK;
}

void sapa_people_free(struct sapa_people *people)
{
    if (!people)
        return;
    sapa_table_done(&people->talked);
    sapa_table_done(&people->living);
    sapa_table_done(&people->offered);
    sapa_table_done(&people->untold);
    free(people);
}

/* The log learns of a new person before anything names it. */
static sapa_rc announce(struct sapa_people *people, uint32_t client, struct sapa_str address,
                        const struct sapa_person_found *found)
{
    struct sapa_record known;

    sapa_record_init(&known, SAPA_T_person_known);
    known.u.person_known.person = found->person;
    known.u.person_known.client = client;
    known.u.person_known.identity = SAPA_IDENTITY_PHONE;
    if (!sapa_sized_set(&known.u.person_known.lookup, ((struct sapa_str){ (const char *)found->lookup, SAPA_LOOKUP_SIZE })) ||
        !sapa_sized_set(&known.u.person_known.value, address))
        return SAPA_EINVAL;
    return people->ports.post(people->ports.ctx, &known);
}

void sapa_people_resolve(struct sapa_people *people, uint32_t client, struct sapa_str address, uint64_t *ret_person,
                         uint32_t *ret_last_agent, uint8_t *ret_party_type)
{
    struct sapa_person_found found = { .person = 0 };

    *ret_person = 0;
    *ret_last_agent = SAPA_NONE;
    *ret_party_type = 0;
    if (address.n == 0)
        return;
    sapa_rc rc = people->ports.reserve(people->ports.ctx, client, address, &found);
    struct untold *untold = rc == SAPA_OK ? sapa_table_find(&people->untold, found.person) : NULL;
    if (rc == SAPA_OK && (found.is_new || untold)) {
        rc = announce(people, client, address, &found);
        if (rc == SAPA_OK && untold)
            sapa_table_remove(&people->untold, untold);
        else if (rc != SAPA_OK && !untold && sapa_table_add(&people->untold, found.person, &untold) != SAPA_OK)
            sapa_log(SAPA_LOG_ERROR, "people.untold", "too many: a person stays unknown until the next start");
    }
    if (rc != SAPA_OK) {
        sapa_log(SAPA_LOG_WARN, "people.resolve", "%s; the caller stays anonymous, ignoring", sapa_rc_text(rc));
        return;
    }
    *ret_person = found.person;
    *ret_party_type = found.party_type;
    const struct talked *talked = sapa_table_find(&people->talked, found.person);
    if (talked)
        *ret_last_agent = (uint32_t)talked->agent;
}

void sapa_people_note(struct sapa_people *people, const struct sapa_record *record)
{
    switch (record->type) {
    case SAPA_T_contact_arrived: {
        struct living *living = entry_of(people, &people->living, record->u.contact_arrived.contact);
        if (living)
            living->person = record->u.contact_arrived.person;
        break;
    }
    case SAPA_T_cmd_offer: {
        struct offered *offered = entry_of(people, &people->offered, record->u.cmd_offer.offer);
        if (offered)
            offered->agent = (uint32_t)record->u.cmd_offer.agent;
        break;
    }
    case SAPA_T_cmd_offer_cancel:
        forget(&people->offered, record->u.cmd_offer_cancel.offer);
        break;
    case SAPA_T_cmd_connect: {
        const struct offered *offered = sapa_table_find(&people->offered, record->u.cmd_connect.offer);
        const uint64_t person = sapa_people_of_contact(people, record->u.cmd_connect.contact);
        struct talked *talked = person != 0 && offered ? entry_of(people, &people->talked, person) : NULL;
        if (talked)
            talked->agent = offered->agent;
        break;
    }
    case SAPA_T_cmd_forget:
        forget(&people->living, record->u.cmd_forget.contact);
        break;
    default: break;
    }
}

void sapa_people_talked(struct sapa_people *people, uint64_t person, uint32_t agent)
{
    struct talked *talked = entry_of(people, &people->talked, person);

    if (talked)
        talked->agent = agent;
}

static uint32_t renumbered(const uint32_t *map, size_t count, uint32_t agent)
{
    return agent < count ? map[agent] : SAPA_NONE;
}

void sapa_people_renumber(struct sapa_people *people, const uint32_t *map, size_t count)
{
    for (uint32_t i = 0; i < people->talked.count; i++) {
        struct talked *talked = sapa_table_at(&people->talked, i);
        talked->agent = renumbered(map, count, (uint32_t)talked->agent);
    }
    for (uint32_t i = 0; i < people->offered.count; i++) {
        struct offered *offered = sapa_table_at(&people->offered, i);
        offered->agent = renumbered(map, count, (uint32_t)offered->agent);
    }
}

uint64_t sapa_people_of_contact(const struct sapa_people *people, uint64_t contact)
{
    const struct living *living = sapa_table_find(&people->living, contact);

    return living ? living->person : 0;
}
