/* People and rights in the centre description: roles with what they may do and call, and users. */
#include "config/compile_impl.h"
#include "model/rights.h"
#include "phone/phone.h"

enum { ROLES_MAX = 1000, USERS_MAX = 20000, CALL_RULES_MAX = 1000, E164_MAX = 15 };

/* ---- roles ---- */

/* "colleagues", "62": what a rule is about. */
static bool read_pattern(struct sapa_compile *c, uint32_t node, struct sapa_call_rule *rule)
{
    static const struct {
        const char *word;
        enum sapa_target kind;
    } words[] = { { "colleagues", SAPA_TARGET_AGENT }, { "queues", SAPA_TARGET_QUEUE },
                  { "numbers", SAPA_TARGET_NUMBER }, { "outside", SAPA_TARGET_OUTSIDE } };
    struct sapa_near near;
    struct sapa_str text;

    if (!sapa_read_text(c, node, 1, 32, &text))
        return false;
    sapa_near_start(c, &near, text);
    for (size_t i = 0; i < SAPA_COUNT(words); i++) {
        sapa_near_try(&near, sapa_str_of(words[i].word));
        if (sapa_str_eq(text, sapa_str_of(words[i].word))) {
            rule->kind = (uint8_t)words[i].kind;
            return true;
        }
    }
    for (unsigned type = SAPA_PHONE_UNKNOWN + 1; type < SAPA_PHONE_TYPE_COUNT; type++) {
        sapa_near_try(&near, sapa_str_of(sapa_phone_type_name(type)));
        if (sapa_str_eq(text, sapa_str_of(sapa_phone_type_name(type)))) {
            rule->kind = SAPA_TARGET_OUTSIDE;
            rule->number_type = (uint8_t)(type + 1);
            return true;
        }
    }
    if (text.p[0] == '+')
        text = (struct sapa_str){ text.p + 1, text.n - 1 };
    if (!sapa_digits_good(text, E164_MAX)) {
        sapa_find(c, node, 0,
                  near.best.n ? sapa_near_hint(&near) : "colleagues, queues, numbers, outside, a type (mobile, premium …), or the first digits: \"62\"",
                  "\"" SAPA_STR_FMT "\" is neither a kind of call nor the beginning of a number", SAPA_STR_ARG(text));
        return false;
    }
    if (text.p[0] == '0') {
        sapa_find(c, node, 0, "write the code of the country in place of the 0: \"6221\" for 021",
                  "no number in E.164 begins with 0");
        return false;
    }
    rule->kind = SAPA_TARGET_OUTSIDE;
    rule->prefix = text;
    return true;
}

/* [live, report], or built-in roles for all of theirs; as bits. */
static uint32_t read_rights(struct sapa_compile *c, uint32_t node)
{
    uint32_t rights = 0;

    if (node == SAPA_NONE || !sapa_is_list(c, node, "rights"))
        return 0;
    for SAPA_TREE_EACH(c, one, node) {
        struct sapa_near near;
        struct sapa_str text;
        if (!sapa_read_text(c, one, 1, 32, &text))
            continue;
        const enum sapa_role role = sapa_role_of(text);
        unsigned right = 0;
        sapa_near_start(c, &near, text);
        while (right < SAPA_RIGHT_COUNT && !sapa_str_eq(text, sapa_str_of(sapa_right_name(right))))
            sapa_near_try(&near, sapa_str_of(sapa_right_name(right++)));
        for (unsigned i = 0; i < SAPA_ROLE_COUNT; i++)
            sapa_near_try(&near, sapa_str_of(sapa_role_name(i)));
        if (right < SAPA_RIGHT_COUNT)
            rights |= UINT32_C(1) << right;
        else if (role < SAPA_ROLE_COUNT)
            rights |= sapa_role_rights(role);
        else
            sapa_find(c, one, 0, sapa_near_hint(&near), "there is no right \"" SAPA_STR_FMT "\"", SAPA_STR_ARG(text));
    }
    return rights;
}

void sapa_roles_compile(struct sapa_compile *c)
{
    const uint32_t section = sapa_section_map(c, SAPA_SECTION_ROLES);
    struct sapa_centre_role *roles = sapa_table_take(c, section, sizeof(*roles), ROLES_MAX);
    SAPA_VEC(struct sapa_call_rule) rules = { 0 };

    for SAPA_TREE_EACH(c, child, section) {
        struct sapa_centre_role *role = &roles[sapa_tree(c, child)->ordinal];
        role->key = sapa_tree(c, child)->key;
        role->rule_first = rules.n;
        if (!sapa_key_good(c, child, SAPA_KEY_MAX))
            continue;
        sapa_fields_read(c, child, SAPA_OBJECT_ROLE, UINT32_MAX, role);
        const uint32_t calls = sapa_field_get(c, child, "calls");
        role->rights = read_rights(c, sapa_field_get(c, child, "rights"));
        for SAPA_TREE_EACH(c, one, calls != SAPA_NONE && sapa_is_list(c, calls, "rules on calls") ? calls : SAPA_NONE) {
            struct sapa_call_rule rule = { .hours = SAPA_NONE };
            sapa_fields_read(c, one, SAPA_OBJECT_CALL_RULE, UINT32_MAX, &rule);
            const uint32_t allow = sapa_field_get(c, one, "allow"), deny = sapa_field_get(c, one, "deny"),
                           clients = sapa_field_get(c, one, "clients"), what = allow != SAPA_NONE ? allow : deny;
            if ((allow == SAPA_NONE) == (deny == SAPA_NONE)) {
                sapa_find(c, one, 0, "{ allow: colleagues }, { deny: \"62809\" }", "a rule allows or denies: one of the two");
                continue;
            }
            rule.allow = allow != SAPA_NONE;
            rule.clients = sapa_read_clients(c, clients);
            const bool many = sapa_tree(c, what)->kind == SAPA_TREE_LIST;
            if (many && sapa_tree(c, what)->count == 0)
                sapa_find(c, what, 0, "name what it is about, or take the rule out", "this list is empty");
            for (uint32_t at = many ? sapa_tree(c, what)->first : what; at != SAPA_NONE;
                 at = many ? sapa_tree(c, at)->next : SAPA_NONE) {
                rule.prefix = (struct sapa_str){ "", 0 };
                rule.number_type = 0;
                if (!read_pattern(c, at, &rule))
                    continue;
                if (rule.kind == SAPA_TARGET_AGENT && clients != SAPA_NONE)
                    sapa_find_key(c, clients, "make it a rule of its own, without clients", "calls to colleagues are for no client");
                *SAPA_VEC_PUSH(c, &rules) = rule;
            }
        }
        role->rule_count = rules.n - role->rule_first;
        if (role->rule_count > CALL_RULES_MAX)
            sapa_find_key(c, calls, "shorter beginnings of numbers cover more of them", "a role has at most %d rules on calls",
                          CALL_RULES_MAX);
    }
    c->centre->roles = roles;
    c->centre->roles_count = sapa_tree_count(c, section);
    c->centre->call_rules = SAPA_VEC_KEEP(c, &rules);
    c->centre->call_rules_count = rules.n;
}

void sapa_users_compile(struct sapa_compile *c)
{
    const uint32_t section = sapa_section_map(c, SAPA_SECTION_USERS);
    struct sapa_user *users = sapa_table_take(c, section, sizeof(*users), USERS_MAX);
    SAPA_VEC(struct sapa_user_team) teams = { 0 };

    for SAPA_TREE_EACH(c, child, section) {
        struct sapa_user *user = &users[sapa_tree(c, child)->ordinal];
        user->key = sapa_tree(c, child)->key;
        user->role = user->agent = SAPA_NONE;
        user->team_first = teams.n;
        if (!sapa_key_good(c, child, SAPA_KEY_MAX))
            continue;
        sapa_fields_read(c, child, SAPA_OBJECT_USER, UINT32_MAX, user);
        user->clients = sapa_read_clients(c, sapa_field_get(c, child, "clients"));
        const uint32_t list = sapa_field_get(c, child, "teams"), agents = c->section[SAPA_SECTION_AGENTS];
        for SAPA_TREE_EACH(c, one, list != SAPA_NONE && sapa_is_list(c, list, "teams") ? list : SAPA_NONE) {
            const uint32_t team = sapa_read_ref(c, one, SAPA_SECTION_TEAMS);
            if (team != SAPA_NONE)
                *SAPA_VEC_PUSH(c, &teams) = (struct sapa_user_team){ team };
        }
        user->team_count = teams.n - user->team_first;
        if (agents != SAPA_NONE && sapa_tree_get(c, agents, user->key) != SAPA_NONE)
            sapa_find_key(c, child, "agents log in by their own keys: give him another, or give the agent a role",
                          "there is an agent \"" SAPA_STR_FMT "\"", SAPA_STR_ARG(user->key));
    }
    c->centre->users = users;
    c->centre->users_count = sapa_tree_count(c, section);
    c->centre->user_teams = SAPA_VEC_KEEP(c, &teams);
    c->centre->user_teams_count = teams.n;
}
