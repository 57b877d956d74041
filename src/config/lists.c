/* Do-not-contact lists of the centre description: in its text, or in files beside it. */
#include <stdlib.h>

#include "config/compile_impl.h"
#include "model/listed.h"

enum { LISTS_MAX = 1000, LISTED_MAX = 1000000 };

struct listed {
    SAPA_VEC(struct sapa_listed_number) list;
    SAPA_VEC(struct sapa_campaign_listed) of_campaigns;
    uint32_t campaign; /* of the list that is read; SAPA_NONE: a client's, or all clients' */
    bool full;
};

static int number_order(const void *a, const void *b)
{
    const struct sapa_listed_number *x = a, *y = b;

    return (x->number > y->number) - (x->number < y->number);
}

static int campaign_order(const void *a, const void *b)
{
    const struct sapa_campaign_listed *x = a, *y = b;

    return x->campaign != y->campaign ? (x->campaign > y->campaign) - (x->campaign < y->campaign)
                                      : (x->number > y->number) - (x->number < y->number);
}

static const char *hint_of(struct sapa_str text)
{
    return text.n > 0 && text.p[0] == '0' ? "write the code of the country in place of the 0: 6281… for 081…"
                                          : "4 to 15 digits in E.164: 6281234567890, or +62 812-3456-7890";
}

/* False: there is no more room. */
static bool add(struct sapa_compile *c, struct listed *listed, uint32_t node, uint64_t number, uint64_t clients)
{
    if (listed->list.n + listed->of_campaigns.n < LISTED_MAX) {
        if (listed->campaign != SAPA_NONE)
            *SAPA_VEC_PUSH(c, &listed->of_campaigns) = (struct sapa_campaign_listed){ listed->campaign, number };
        else
            *SAPA_VEC_PUSH(c, &listed->list) = (struct sapa_listed_number){ number, clients };
        return true;
    }
    if (!listed->full)
        sapa_find(c, node, 0, "take numbers out of use off the lists", "the lists have more than 1,000,000 numbers together");
    listed->full = true;
    return false;
}

/* One number a line; empty lines and what follows a # do not count. */
static void read_lines(struct sapa_compile *c, struct listed *listed, uint32_t node, struct sapa_str text, uint64_t clients)
{
    const struct sapa_str name = sapa_tree(c, node)->text, mark = SAPA_STR("\xef\xbb\xbf");
    uint64_t number;

    if (sapa_str_starts(text, mark)) /* of UTF-8: some editors put it there */
        text = (struct sapa_str){ text.p + mark.n, text.n - mark.n };
    for (unsigned at = 1; text.n > 0; at++) {
        struct sapa_str comment, line = sapa_str_cut(text, '\n', &text);
        line = sapa_str_trim(sapa_str_cut(line, '#', &comment));
        if (line.n == 0)
            continue;
        if (!sapa_listed_parse(line, &number)) {
            const struct sapa_str shown = { line.p, SAPA_MIN(line.n, (size_t)32) };
            sapa_find(c, node, 0, hint_of(line), SAPA_STR_FMT ":%u: \"" SAPA_STR_FMT "\" is no number", SAPA_STR_ARG(name), at,
                      SAPA_STR_ARG(sapa_str_utf8(shown) ? shown : SAPA_STR("…")));
        } else if (!add(c, listed, node, number, clients)) {
            return;
        }
    }
}

static void read_file(struct sapa_compile *c, struct listed *listed, uint32_t node, uint64_t clients)
{
    struct sapa_str name;
    size_t size = 0;

    if (!sapa_read_text(c, node, 1, 128, &name))
        return;
    if (name.p[0] == '.' || sapa_str_find(name, '/', 0) < name.n) {
        sapa_find(c, node, 0, "the file stands beside the description: give its name alone",
                  "\"" SAPA_STR_FMT "\" is a path", SAPA_STR_ARG(name));
        return;
    }
    if (!c->sources || !c->sources->file) {
        sapa_find(c, node, 0, "numbers: [6281234567890]", "this description is no file: none can stand beside it");
        return;
    }
    const sapa_rc rc = c->sources->file(c->sources->ctx, name, SAPA_LIST_FILE_MAX, &c->file, &size);
    if (rc == SAPA_OK)
        read_lines(c, listed, node, (struct sapa_str){ (const char *)c->file, size }, clients);
    else if (rc == SAPA_ENOMEM)
        sapa_compile_no_memory(c);
    else
        sapa_find(c, node, 0, rc == SAPA_ELIMIT ? "at most 32 MiB: split it" : "put it beside the description, readable for sapa",
                  "\"" SAPA_STR_FMT "\" cannot be read: %s", SAPA_STR_ARG(name), sapa_rc_text(rc));
    free(c->file);
    c->file = NULL;
}

void sapa_lists_compile(struct sapa_compile *c)
{
    const uint32_t section = sapa_section_map(c, SAPA_SECTION_DO_NOT_CONTACT);
    struct listed listed = { 0 };
    uint32_t kept = 0;

    if (sapa_tree_count(c, section) > LISTS_MAX)
        sapa_find_key(c, section, "put several into one file", "there are more than %d lists", LISTS_MAX);
    for SAPA_TREE_EACH(c, child, section) {
        struct {
            uint32_t client, campaign; /* as the rows of a list read them */
        } of = { SAPA_NONE, SAPA_NONE };
        uint64_t number;
        if (!sapa_key_good(c, child, SAPA_KEY_MAX))
            continue;
        sapa_fields_read(c, child, SAPA_OBJECT_LIST, UINT32_MAX, &of);
        listed.campaign = of.campaign;
        if (of.campaign != SAPA_NONE && of.client != SAPA_NONE)
            sapa_find(c, sapa_field_get(c, child, "client"), 0, "leave the client out: the campaign is of one", "a list of a campaign stops its calls alone");
        const uint32_t numbers = sapa_field_get(c, child, "numbers"), file = sapa_field_get(c, child, "file");
        const uint64_t clients = of.client < SAPA_CLIENTS_MAX ? UINT64_C(1) << of.client : UINT64_MAX;
        if (numbers == SAPA_NONE && file == SAPA_NONE && sapa_tree(c, child)->kind == SAPA_TREE_MAP)
            sapa_find_key(c, child, "numbers: [6281234567890], or file: NAME", "a list has numbers, a file, or both");
        for SAPA_TREE_EACH(c, one, numbers != SAPA_NONE && sapa_is_list(c, numbers, "numbers") ? numbers : SAPA_NONE) {
            struct sapa_str text;
            if (!sapa_read_text(c, one, 1, 32, &text))
                continue;
            if (!sapa_listed_parse(text, &number))
                sapa_find(c, one, 0, hint_of(text), "\"" SAPA_STR_FMT "\" is no number", SAPA_STR_ARG(text));
            else if (!add(c, &listed, one, number, clients))
                break;
        }
        if (file != SAPA_NONE)
            read_file(c, &listed, file, clients);
    }
    if (listed.list.n > 1)
        qsort(listed.list.at, listed.list.n, sizeof(*listed.list.at), number_order);
    for (uint32_t i = 0; i < listed.list.n; i++) { /* each number once, for the clients of all its lists */
        if (kept > 0 && listed.list.at[kept - 1].number == listed.list.at[i].number)
            listed.list.at[kept - 1].clients |= listed.list.at[i].clients;
        else
            listed.list.at[kept++] = listed.list.at[i];
    }
    listed.list.n = kept;
    c->centre->listed_numbers = SAPA_VEC_KEEP(c, &listed.list);
    c->centre->listed_numbers_count = kept;
    if (listed.of_campaigns.n > 1)
        qsort(listed.of_campaigns.at, listed.of_campaigns.n, sizeof(*listed.of_campaigns.at), campaign_order);
    c->centre->campaign_listed = SAPA_VEC_KEEP(c, &listed.of_campaigns);
    c->centre->campaign_listed_count = listed.of_campaigns.n;
}
