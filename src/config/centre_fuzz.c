/* Any bytes as a centre description: findings, or a centre whose every index holds. */
#include <stdlib.h>
#include <string.h>

#include "config/centre_parse.h"
#include "core/expr.h"
#include "phone/phone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static sapa_rc secret(void *ctx, struct sapa_str name, struct sapa_text *out)
{
    (void)ctx;
    sapa_text_add(out, name);
    return SAPA_OK;
}

/* A document as the list beside it: what follows its first NUL, or all of it. */
static sapa_rc file(void *ctx, struct sapa_str name, size_t max, uint8_t **ret, size_t *ret_size)
{
    const struct sapa_str *list = ctx;

    (void)name;
    if (list->n > max)
        return SAPA_ELIMIT;
    *ret = malloc(list->n + 1);
    if (!*ret)
        return SAPA_ENOMEM;
    memcpy(*ret, list->p, list->n);
    *ret_size = list->n;
    return SAPA_OK;
}

static void check_index(uint32_t index, uint32_t count)
{
    sapa_assert(index == SAPA_NONE || index < count);
}

static void check_people(const struct sapa_centre *c)
{
    for (uint32_t i = 0; i < c->clients_count; i++) {
        check_index(c->clients[i].calls_queue, c->queues_count);
        check_index(c->clients[i].calls_hours, c->hours_count);
        sapa_assert(c->clients[i].calls_queue == SAPA_NONE || c->queues[c->clients[i].calls_queue].client == i);
    }
    for (uint32_t i = 0; i < c->roles_count; i++)
        sapa_assert(c->roles[i].rule_first + c->roles[i].rule_count <= c->call_rules_count);
    for (uint32_t i = 0; i < c->call_rules_count; i++) {
        check_index(c->call_rules[i].hours, c->hours_count);
        sapa_assert(c->call_rules[i].kind < SAPA_TARGET_COUNT && c->call_rules[i].prefix.n <= 15);
        sapa_assert(c->call_rules[i].number_type <= SAPA_PHONE_TYPE_COUNT && (c->call_rules[i].number_type == 0 || c->call_rules[i].prefix.n == 0));
    }
    for (uint32_t i = 0; i < c->agents_count; i++) {
        check_index(c->agents[i].role, c->roles_count);
        check_index(c->agents[i].calls_for, c->clients_count);
        check_index(c->agents[i].campaign, c->campaigns_count);
    }
    for (uint32_t i = 0; i < c->campaigns_count; i++) {
        const struct sapa_campaign *campaign = &c->campaigns[i];
        sapa_assert(campaign->client < c->clients_count && campaign->dial.n <= 6);
        check_index(campaign->number, c->numbers_count);
        check_index(campaign->hours, c->hours_count);
        check_index(campaign->queue, c->queues_count);
        check_index(campaign->team, c->teams_count);
        sapa_assert(campaign->number == SAPA_NONE || c->numbers[campaign->number].client == campaign->client);
        sapa_assert(campaign->queue == SAPA_NONE || c->queues[campaign->queue].client == campaign->client);
    }
    for (uint32_t i = 0; i < c->campaign_listed_count; i++)
        sapa_assert(c->campaign_listed[i].campaign < c->campaigns_count);
    for (uint32_t i = 0; i < c->users_count; i++) {
        sapa_assert(c->users[i].role < c->roles_count && c->users[i].team_first + c->users[i].team_count <= c->user_teams_count);
        sapa_assert(SAPA_FIND(c, agents, c->users[i].key) == SAPA_NONE);
    }
    for (uint32_t i = 0; i < c->user_teams_count; i++)
        check_index(c->user_teams[i].team, c->teams_count);
    for (uint32_t i = 1; i < c->listed_numbers_count; i++)
        sapa_assert(c->listed_numbers[i - 1].number < c->listed_numbers[i].number);
}

static void check_centre(const struct sapa_centre *c)
{
    check_index(c->system.zone, c->zones_count);
    for (uint32_t i = 0; i < c->hours_count; i++) {
        check_index(c->hours[i].zone, c->zones_count);
        sapa_assert(c->hours[i].span_first + c->hours[i].span_count <= c->spans_count);
        sapa_assert(c->hours[i].holiday_first + c->hours[i].holiday_count <= c->holidays_count);
    }
    for (uint32_t i = 0; i < c->spans_count; i++)
        sapa_assert(c->spans[i].from_min < c->spans[i].to_min && c->spans[i].to_min <= 1440);
    for (uint32_t i = 0; i < c->agents_count; i++) {
        check_index(c->agents[i].team, c->teams_count);
        sapa_assert(c->agents[i].skill_first + c->agents[i].skill_count <= c->levels_count);
        for (uint32_t k = 0; k < c->agents[i].skill_count; k++) {
            const struct sapa_agent_skill_level *level = &c->levels[c->agents[i].skill_first + k];
            sapa_assert(level->skill < c->skills_count && level->level >= 1 && level->level <= 10);
            sapa_assert(k == 0 || level[-1].skill < level->skill);
        }
    }
    for (uint32_t i = 0; i < c->queues_count; i++) {
        const struct sapa_queue *q = &c->queues[i];
        sapa_assert(q->client < c->clients_count && q->music < c->prompts_count && q->step_count >= 1 && q->step_count <= SAPA_STEPS_MAX);
        sapa_assert(q->overflow_first + q->overflow_count <= c->overflows_count);
        sapa_assert(q->disposition_first + q->disposition_count <= c->dispositions_count);
        for (unsigned k = 0; k < q->step_count; k++) {
            check_index(q->steps[k].team, c->teams_count);
            check_index(q->steps[k].preferred_skill, c->skills_count);
            for (unsigned n = 0; n < q->steps[k].need_count; n++)
                sapa_assert(q->steps[k].needs[n].skill < c->skills_count);
        }
    }
    for (uint32_t i = 0; i < c->numbers_count; i++)
        sapa_assert(c->numbers[i].client < c->clients_count && c->numbers[i].flow < c->flows_count && c->numbers[i].language < SAPA_LANGUAGE_COUNT);
    for (uint32_t f = 0; f < c->flows_count; f++) {
        const struct sapa_flow *flow = &c->flows[f];
        sapa_assert(flow->start < flow->nodes_count && flow->text_size <= SAPA_FLOW_TEXT_MAX);
        for (uint32_t i = 0; i < flow->exprs_count; i++)
            sapa_assert(sapa_expr_sound(c, flow, i));
        for (uint32_t i = 0; i < flow->nodes_count; i++) {
            for (unsigned e = 0; e < SAPA_EDGE_COUNT; e++)
                check_index(flow->nodes[i].edge[e], flow->nodes_count);
        }
        for (uint32_t i = 0; i < flow->parts_count; i++)
            check_index(flow->parts[i].prompt, c->prompts_count);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sapa_findings findings;
    static char said[1 << 16];
    const uint8_t *nul = size ? memchr(data, 0, size) : NULL;
    struct sapa_str list = { nul ? (const char *)nul + 1 : (const char *)data, nul ? size - (size_t)(nul + 1 - data) : size };
    const struct sapa_centre_sources sources = { .secret = secret, .file = file, .ctx = &list };
    struct sapa_centre *centre = NULL;
    struct sapa_text out;

    size = nul ? (size_t)(nul - data) : size;

    const sapa_rc rc = sapa_centre_compile((struct sapa_str){ (const char *)data, size }, &sources, &findings, &centre);
    if (rc == SAPA_OK) {
        check_centre(centre);
        check_people(centre);
    } else {
        sapa_assert(rc == SAPA_EINVAL && findings.count > 0 && !centre);
        sapa_text_init(&out, said, sizeof(said));
        sapa_findings_print(&findings, "f", &out);
        sapa_assert(findings.list[0].reason[0] != '\0');
    }
    sapa_centre_free(centre);
    return 0;
}
