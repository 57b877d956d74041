#include "app/people.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/table.h"

/*
 * Small direct-mapped caches. A collision only forgets: the store is asked again, or a caller
 * goes to the longest idle agent instead of the last one.
 */
enum { SLOTS = SAPA_PEOPLE_KEPT_MAX, UNTOLD_MAX = 1024 };

struct talked { uint64_t person; uint32_t agent; };
struct living { uint64_t contact, person; };
struct offered { uint64_t offer, contact; uint32_t agent; };

/* Reserved, but the centre was too busy to hear of it. The reservation stays, so the store will not say "new" again. */
struct untold {
    uint64_t person;
};

struct sapa_people {
    struct sapa_people_ports ports;
    struct talked talked[SLOTS];
    struct living living[SLOTS];
    struct offered offered[SLOTS];
    struct sapa_table untold;
};

static uint64_t mix(uint64_t x)
{
    x ^= x >> 33, x *= UINT64_C(0xff51afd7ed558ccd), x ^= x >> 33;
    x *= UINT64_C(0xc4ceb9fe1a85ec53), x ^= x >> 33;
    return x;
}

sapa_rc sapa_people_new(const struct sapa_people_ports *ports, struct sapa_people **ret)
{
    struct sapa_people *people = calloc(1, sizeof(*people)); /* pages are touched as they are used */

    if (!people)
        return SAPA_ENOMEM;
    people->ports = *ports;
    sapa_table_init(&people->untold, sapa_memory_heap(), sizeof(struct untold), UNTOLD_MAX);
    *ret = people;
    return SAPA_OK;
}

void sapa_people_free(struct sapa_people *people)
{
    if (!people)
        return;
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
                         uint32_t *ret_last_agent)
{
    struct sapa_person_found found = { .person = 0 };

    *ret_person = 0;
    *ret_last_agent = SAPA_NONE;
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
    const struct talked *talked = &people->talked[mix(found.person) % SLOTS];
    if (talked->person == found.person)
        *ret_last_agent = talked->agent;
}

void sapa_people_note(struct sapa_people *people, const struct sapa_record *record)
{
    switch (record->type) {
    case SAPA_T_contact_arrived: {
        const struct sapa_rec_contact_arrived *arrived = &record->u.contact_arrived;
        people->living[mix(arrived->contact) % SLOTS] = (struct living){ arrived->contact, arrived->person };
        break;
    }
    case SAPA_T_cmd_offer: {
        const struct sapa_rec_cmd_offer *offer = &record->u.cmd_offer;
        people->offered[mix(offer->offer) % SLOTS] =
            (struct offered){ offer->offer, offer->contact, (uint32_t)offer->agent };
        break;
    }
    case SAPA_T_cmd_connect: {
        const struct offered *offered = &people->offered[mix(record->u.cmd_connect.offer) % SLOTS];
        const uint64_t person = sapa_people_of_contact(people, record->u.cmd_connect.contact);
        if (person != 0 && offered->offer == record->u.cmd_connect.offer)
            people->talked[mix(person) % SLOTS] = (struct talked){ person, offered->agent };
        break;
    }
    case SAPA_T_cmd_forget: {
        struct living *living = &people->living[mix(record->u.cmd_forget.contact) % SLOTS];
        if (living->contact == record->u.cmd_forget.contact)
            *living = (struct living){ 0, 0 };
        break;
    }
    default: break;
    }
}

static uint32_t renumbered(const uint32_t *map, size_t count, uint32_t agent)
{
    return agent < count ? map[agent] : SAPA_NONE;
}

void sapa_people_renumber(struct sapa_people *people, const uint32_t *map, size_t count)
{
    for (size_t i = 0; i < SLOTS; i++) {
        if (people->talked[i].person != 0)
            people->talked[i].agent = renumbered(map, count, people->talked[i].agent);
        if (people->offered[i].offer != 0)
            people->offered[i].agent = renumbered(map, count, people->offered[i].agent);
    }
}

uint64_t sapa_people_of_contact(const struct sapa_people *people, uint64_t contact)
{
    const struct living *living = &people->living[mix(contact) % SLOTS];

    return living->contact == contact ? living->person : 0;
}
