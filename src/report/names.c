#include "report/names.h"

#include "report/text_impl.h"

enum { NAMES_VERSION = 4 }; /* 3: campaigns; 4: teams */

void sapa_names_init(struct sapa_names *names, const struct sapa_memory *memory)
{
    *names = (struct sapa_names){ .memory = memory };
}

void sapa_names_done(struct sapa_names *names)
{
    for (unsigned kind = 0; kind < SAPA_DIM_COUNT; kind++) {
        if (names->dims[kind].names)
            (void)names->memory->resize(names->memory->ctx, names->dims[kind].names, 0);
        if (names->dims[kind].of_index)
            (void)names->memory->resize(names->memory->ctx, names->dims[kind].of_index, 0);
    }
    sapa_names_init(names, names->memory);
}

/* "628001500101 (toll-free)": a number that is no ordinary one says what it is. */
static void add_type(uint8_t type, struct sapa_str key, char typed[][SAPA_KEY_MAX + 1], struct sapa_str *ret_text)
{
    static const char *const types[SAPA_NUMBER_TYPE_COUNT][SAPA_LANGUAGE_COUNT] = {
        [SAPA_NUMBER_LOCAL] = { "lokal", "local" },        [SAPA_NUMBER_TOLL_FREE] = { "bebas pulsa", "toll-free" },
        [SAPA_NUMBER_MOBILE] = { "seluler", "mobile" },    [SAPA_NUMBER_PREMIUM] = { "premium", "premium" },
        [SAPA_NUMBER_INTERNAL] = { "internal", "internal" },
    };

    for (unsigned language = 0; language < SAPA_LANGUAGE_COUNT && type < SAPA_NUMBER_TYPE_COUNT; language++) {
        struct sapa_text out;
        sapa_text_init(&out, typed[language], SAPA_KEY_MAX + 1);
        sapa_text_printf(&out, SAPA_STR_FMT " (%s)", SAPA_STR_ARG(key), types[type][language]);
        if (!out.cut)
            ret_text[language] = sapa_text_str(&out);
    }
}

/* What the description says about object `index` of a kind. */
static struct sapa_name describe(const struct sapa_centre *centre, enum sapa_dim kind, uint32_t index)
{
    struct sapa_str key = { NULL, 0 }, text[SAPA_LANGUAGE_COUNT] = { { NULL, 0 } };
    struct sapa_name name = { .client = SAPA_NONE, .team = SAPA_NONE };
    uint32_t client = SAPA_NONE;
    char typed[SAPA_LANGUAGE_COUNT][SAPA_KEY_MAX + 1];

    switch (kind) {
    case SAPA_DIM_CLIENT:
        key = centre->clients[index].key;
        text[0] = text[1] = centre->clients[index].name;
        break;
    case SAPA_DIM_NUMBER:
        key = text[0] = text[1] = centre->numbers[index].key;
        client = centre->numbers[index].client;
        break;
    case SAPA_DIM_QUEUE:
        key = centre->queues[index].key;
        text[0] = text[1] = centre->queues[index].name;
        client = centre->queues[index].client;
        break;
    case SAPA_DIM_AGENT:
        key = centre->agents[index].key;
        text[0] = text[1] = centre->agents[index].name;
        name.team = centre->agents[index].team; /* still an index, as the client below */
        break;
    case SAPA_DIM_TEAM: key = text[0] = text[1] = centre->teams[index].key; break;
    case SAPA_DIM_REASON:
        key = centre->reasons[index].key;
        memcpy(text, centre->reasons[index].name, sizeof(text));
        break;
    case SAPA_DIM_DISPOSITION:
        key = centre->dispositions[index].key;
        memcpy(text, centre->dispositions[index].name, sizeof(text));
        break;
    case SAPA_DIM_TRUNK: key = text[0] = text[1] = centre->trunks[index].key; break;
    case SAPA_DIM_CAMPAIGN:
        key = centre->campaigns[index].key;
        text[0] = text[1] = centre->campaigns[index].name;
        client = centre->campaigns[index].client;
        break;
    case SAPA_DIM_TOTAL:
    case SAPA_DIM_COUNT: break;
    }
    fit_text(key, name.key, sizeof(name.key));
    if (kind == SAPA_DIM_NUMBER && centre->numbers[index].type != SAPA_NUMBER_LOCAL)
        add_type(centre->numbers[index].type, key, typed, text);
    for (unsigned language = 0; language < SAPA_LANGUAGE_COUNT; language++)
        fit_text(text[language].n > 0 ? text[language] : key, name.text[language],
                  sizeof(name.text[language]));
    name.client = client; /* still an index: the client's own dimension is looked up below */
    return name;
}

static uint32_t count_in(const struct sapa_centre *centre, enum sapa_dim kind)
{
    switch (kind) {
    case SAPA_DIM_CLIENT: return centre->clients_count;
    case SAPA_DIM_NUMBER: return centre->numbers_count;
    case SAPA_DIM_QUEUE: return centre->queues_count;
    case SAPA_DIM_AGENT: return centre->agents_count;
    case SAPA_DIM_REASON: return centre->reasons_count;
    case SAPA_DIM_DISPOSITION: return centre->dispositions_count;
    case SAPA_DIM_TRUNK: return centre->trunks_count;
    case SAPA_DIM_CAMPAIGN: return centre->campaigns_count;
    case SAPA_DIM_TEAM: return centre->teams_count;
    case SAPA_DIM_TOTAL:
    case SAPA_DIM_COUNT: break;
    }
    return 0;
}

/* Dispositions of different queues may share a dialled key: the words tell them apart. */
static bool same_thing(enum sapa_dim kind, const struct sapa_name *a, const struct sapa_name *b)
{
    return strcmp(a->key, b->key) == 0
        && (kind != SAPA_DIM_DISPOSITION || strcmp(a->text[1], b->text[1]) == 0);
}

static sapa_rc reserve(struct sapa_names *names, enum sapa_dim kind, uint32_t more)
{
    const uint32_t count = names->dims[kind].count;
    uint32_t room = names->dims[kind].room;

    if (count + more > SAPA_NAMES_PER_DIM_MAX)
        return SAPA_ELIMIT;
    if (count + more <= room)
        return SAPA_OK;
    room = SAPA_MAX(count + more, SAPA_MIN(room * 2, (uint32_t)SAPA_NAMES_PER_DIM_MAX));
    void *grown = names->memory->resize(names->memory->ctx, names->dims[kind].names,
                                        room * sizeof(struct sapa_name));
    if (!grown)
        return SAPA_ENOMEM;
    names->dims[kind].names = grown;
    names->dims[kind].room = room;
    return SAPA_OK;
}

static uint32_t find_from(const struct sapa_names *names, enum sapa_dim kind, const struct sapa_name *name,
                          uint32_t guess)
{
    const uint32_t count = names->dims[kind].count;

    /* Descriptions mostly keep their order: look where it would be then, and all round from there. */
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t dim = (guess + i) % count;
        if (same_thing(kind, &names->dims[kind].names[dim], name))
            return dim;
    }
    return SAPA_NONE;
}

sapa_rc sapa_names_take(struct sapa_names *names, const struct sapa_centre *centre)
{
    uint32_t *maps[SAPA_DIM_COUNT] = { NULL };
    sapa_rc rc = SAPA_OK;

    for (unsigned kind = SAPA_DIM_CLIENT; kind < SAPA_DIM_COUNT && rc == SAPA_OK; kind++) {
        const uint32_t count = count_in(centre, kind);
        rc = reserve(names, kind, count);
        if (rc != SAPA_OK || count == 0)
            continue;
        maps[kind] = names->memory->resize(names->memory->ctx, NULL, count * sizeof(uint32_t));
        rc = maps[kind] ? SAPA_OK : SAPA_ENOMEM;
    }
    if (rc != SAPA_OK) {
        for (unsigned kind = 0; kind < SAPA_DIM_COUNT; kind++)
            if (maps[kind])
                (void)names->memory->resize(names->memory->ctx, maps[kind], 0);
        return rc;
    }
    for (unsigned kind = SAPA_DIM_CLIENT; kind < SAPA_DIM_COUNT; kind++) {
        const uint32_t count = count_in(centre, kind), before = names->dims[kind].count;
        for (uint32_t i = 0; i < count; i++) {
            struct sapa_name name = describe(centre, kind, i);
            uint32_t dim = before == 0 && kind != SAPA_DIM_DISPOSITION ? SAPA_NONE
                                                                       : find_from(names, kind, &name, i);
            if (name.client != SAPA_NONE) /* clients come first in the order of kinds */
                name.client = name.client < centre->clients_count ? maps[SAPA_DIM_CLIENT][name.client]
                                                                  : SAPA_NONE;
            if (dim == SAPA_NONE)
                dim = names->dims[kind].count++;
            names->dims[kind].names[dim] = name;
            maps[kind][i] = dim;
        }
        if (names->dims[kind].of_index)
            (void)names->memory->resize(names->memory->ctx, names->dims[kind].of_index, 0);
        names->dims[kind].of_index = maps[kind];
        names->dims[kind].index_count = count;
    }
    for (uint32_t i = 0; i < centre->agents_count; i++) /* teams come after agents in the order of kinds */
        names->dims[SAPA_DIM_AGENT].names[sapa_names_dim(names, SAPA_DIM_AGENT, i)].team =
            sapa_names_dim(names, SAPA_DIM_TEAM, centre->agents[i].team);
    names->centre = centre;
    return SAPA_OK;
}

struct sapa_str sapa_names_key(const struct sapa_names *names, enum sapa_dim kind, uint32_t dim)
{
    if (kind == SAPA_DIM_TOTAL)
        return (struct sapa_str){ NULL, 0 };
    if (dim >= names->dims[kind].count)
        return SAPA_STR("?");
    return sapa_str_of(names->dims[kind].names[dim].key);
}

struct sapa_str sapa_names_text(const struct sapa_names *names, enum sapa_dim kind, uint32_t dim,
                                enum sapa_language language)
{
    if (kind == SAPA_DIM_TOTAL)
        return sapa_names_key(names, kind, dim);
    if (dim >= names->dims[kind].count)
        return SAPA_STR("–"); /* none: a call that was denied before it had one */
    return sapa_str_of(names->dims[kind].names[dim].text[language]);
}

uint32_t sapa_names_find(const struct sapa_names *names, enum sapa_dim kind, struct sapa_str key)
{
    for (uint32_t dim = 0; dim < names->dims[kind].count; dim++)
        if (sapa_str_eq(sapa_str_of(names->dims[kind].names[dim].key), key))
            return dim;
    return SAPA_NONE;
}

/* ---- saving ---- */

sapa_rc sapa_names_save(const struct sapa_names *names, const struct sapa_save *save)
{
    const uint32_t head[2] = { 0x4d414e53, NAMES_VERSION }; /* "SNAM" */
    bool good = save->put(save->ctx, head, sizeof(head));

    for (unsigned kind = 0; kind < SAPA_DIM_COUNT && good; kind++) {
        const uint32_t count = names->dims[kind].count;
        good = save->put(save->ctx, &count, sizeof(count));
        if (good && count > 0)
            good = save->put(save->ctx, names->dims[kind].names, count * sizeof(struct sapa_name));
    }
    return good ? SAPA_OK : SAPA_EIO;
}

sapa_rc sapa_names_load(struct sapa_names *names, const struct sapa_load *load)
{
    uint32_t head[2], count;

    if (!load->get(load->ctx, head, sizeof(head)) || head[0] != 0x4d414e53)
        return SAPA_ECORRUPT;
    if (head[1] != NAMES_VERSION)
        return SAPA_EVERSION;
    for (unsigned kind = 0; kind < SAPA_DIM_COUNT; kind++) {
        if (!load->get(load->ctx, &count, sizeof(count)) || count > SAPA_NAMES_PER_DIM_MAX)
            return SAPA_ECORRUPT;
        for (uint32_t i = 0; i < count; i++) {
            struct sapa_name name;
            if (!load->get(load->ctx, &name, sizeof(name)))
                return SAPA_ECORRUPT;
            const sapa_rc rc = reserve(names, kind, 1);
            if (rc != SAPA_OK)
                return rc;
            name.key[SAPA_KEY_MAX] = name.text[0][SAPA_KEY_MAX] = name.text[1][SAPA_KEY_MAX] = '\0';
            names->dims[kind].names[names->dims[kind].count++] = name;
        }
    }
    return SAPA_OK;
}
