/* Campaigns of the centre description: whose, which number they show, when, by whose rules. */
#include "config/compile_impl.h"

enum { CAMPAIGNS_MAX = 1000 };

/* Digits that choose it, each once; a "*" ends them, so one may begin another. */
static void check_dial(struct sapa_compile *c, uint32_t node, const struct sapa_campaign *campaigns, uint32_t count)
{
    const uint32_t dial = sapa_field_get(c, node, "dial");

    if (dial == SAPA_NONE || campaigns[count].dial.n == 0)
        return;
    if (!sapa_digits_good(campaigns[count].dial, 6)) {
        sapa_find(c, dial, 0, "1 to 6 digits, with quotes", "\"" SAPA_STR_FMT "\" cannot be dialled",
                  SAPA_STR_ARG(campaigns[count].dial));
        return;
    }
    for (uint32_t i = 0; i < count; i++)
        if (sapa_str_eq(campaigns[i].dial, campaigns[count].dial))
            sapa_find(c, dial, 0, "each campaign has digits of its own", "\"" SAPA_STR_FMT "\" dials \"" SAPA_STR_FMT "\" already",
                      SAPA_STR_ARG(campaigns[count].dial), SAPA_STR_ARG(campaigns[i].key));
}

static void check_client(struct sapa_compile *c, uint32_t node, const struct sapa_campaign *campaign)
{
    const struct sapa_centre *centre = c->centre;

    if (campaign->client >= centre->clients_count)
        return;
    if (campaign->number < centre->numbers_count && centre->numbers[campaign->number].client != campaign->client)
        sapa_find(c, sapa_field_get(c, node, "number"), 0, "name a number with this client",
                  "the number " SAPA_STR_FMT " belongs to another client", SAPA_STR_ARG(centre->numbers[campaign->number].key));
    if (campaign->queue < centre->queues_count && centre->queues[campaign->queue].client != campaign->client)
        sapa_find(c, sapa_field_get(c, node, "queue"), 0, "name a queue with this client",
                  "the queue \"" SAPA_STR_FMT "\" belongs to another client", SAPA_STR_ARG(centre->queues[campaign->queue].key));
}

/* Whose own campaign it is must be able to call for it. */
static void check_agents(struct sapa_compile *c, const struct sapa_campaign *campaigns, uint32_t count)
{
    for SAPA_TREE_EACH(c, child, c->centre->agents_count > 0 ? c->section[SAPA_SECTION_AGENTS] : SAPA_NONE) {
        const struct sapa_agent *agent = &c->centre->agents[sapa_tree(c, child)->ordinal];
        if (agent->campaign >= count)
            continue;
        const struct sapa_campaign *own = &campaigns[agent->campaign];
        if (own->client < SAPA_CLIENTS_MAX && !(agent->clients >> own->client & 1))
            sapa_find(c, sapa_field_get(c, child, "campaign"), 0, "add its client to his clients, or name another campaign",
                      "he is not granted the client of this campaign");
        else if (own->team != SAPA_NONE && own->team != agent->team)
            sapa_find(c, sapa_field_get(c, child, "campaign"), 0, "put him into its team, or name another campaign",
                      "another team calls for this campaign");
    }
}

void sapa_campaigns_compile(struct sapa_compile *c)
{
    const uint32_t section = sapa_section_map(c, SAPA_SECTION_CAMPAIGNS);
    struct sapa_campaign *campaigns = sapa_table_take(c, section, sizeof(*campaigns), CAMPAIGNS_MAX);

    for SAPA_TREE_EACH(c, child, section) {
        struct sapa_campaign *campaign = &campaigns[sapa_tree(c, child)->ordinal];
        campaign->key = sapa_tree(c, child)->key;
        campaign->client = campaign->number = campaign->hours = campaign->queue = campaign->team = SAPA_NONE;
        if (!sapa_key_good(c, child, SAPA_KEY_MAX))
            continue;
        sapa_fields_read(c, child, SAPA_OBJECT_CAMPAIGN, UINT32_MAX, campaign);
        const uint32_t script = sapa_field_get(c, child, "script");
        if (script != SAPA_NONE)
            (void)sapa_read_texts(c, script, SAPA_SCRIPT_MAX, campaign->script);
        check_dial(c, child, campaigns, sapa_tree(c, child)->ordinal);
        check_client(c, child, campaign);
    }
    check_agents(c, campaigns, sapa_tree_count(c, section));
    c->centre->campaigns = campaigns;
    c->centre->campaigns_count = sapa_tree_count(c, section);
}
