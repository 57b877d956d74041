#include "app/web_ticket.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/web_desk.h"
#include "http/user.h"
#include "report/card.h"
#include "rt/clock.h"

enum {
    PAGE_DEFAULT = 50, PAGE_MAX = 500,
    LOOK_MAX = 2000,   /* heads that a page without person and owner reads: the next one goes on */
    CARD_MAX = 20, CONTACTS_MAX = 20,
    LIST_MAX = SAPA_MAX(SAPA_TICKETS_PERSON_MAX, SAPA_TICKETS_OWNER_MAX),
};

static uint64_t number_of(const struct job *job, const char *name, uint64_t otherwise)
{
    uint64_t number;

    return sapa_str_u64(sapa_str_of(param(job, name)), UINT64_MAX, &number) == SAPA_OK ? number : otherwise;
}

static sapa_rc no_ticket(struct job *job)
{
    return problem(job->work, SAPA_ENOENT, "there is no ticket %s", param(job, "ticket"));
}

/* ---- who sees what ---- */

static uint32_t client_of(const struct sapa_web_work *work, const struct sapa_ticket *ticket)
{
    return SAPA_FIND(work->centre, clients, sapa_str_of(ticket->client));
}

static const struct sapa_agent *own_agent(const struct sapa_web_work *work)
{
    return work->scope.agent < work->centre->agents_count ? &work->centre->agents[work->scope.agent] : NULL;
}

/* Who writes: as an agent where he is one, with whatever token. */
static struct sapa_str author(const struct sapa_web_work *work)
{
    const struct sapa_agent *agent = own_agent(work);

    return agent ? agent->key : sapa_str_of(work->user);
}

/* One's clients; of an agent those that he serves. An erased person has no tickets. */
static bool is_of_clients(const struct sapa_web_work *work, const struct sapa_ticket *ticket)
{
    const uint32_t client = client_of(work, ticket);
    const struct sapa_agent *agent = own_agent(work);

    if (ticket->subject[0] == '\0' || !sapa_scope_client(&work->scope, client))
        return false;
    return work->scope.agent == SAPA_NONE || (agent && client < 64 && (agent->clients >> client & 1));
}

static bool owns(const struct sapa_web_work *work, uint32_t agent, const struct sapa_ticket *ticket)
{
    const struct sapa_centre *centre = work->centre;
    const struct sapa_str owner = sapa_str_of(ticket->owner);

    switch ((enum sapa_ticket_owner)ticket->owner_kind) {
    case SAPA_TICKET_AGENT: return sapa_str_eq(centre->agents[agent].key, owner);
    case SAPA_TICKET_TEAM: return SAPA_FIND(centre, teams, owner) == centre->agents[agent].team;
    case SAPA_TICKET_QUEUE: {
        const uint32_t queue = SAPA_FIND(centre, queues, owner);
        return queue != SAPA_NONE && sapa_centre_serves(centre, agent, queue);
    }
    default: return false;
    }
}

/* Who leads teams sees what is theirs, and what is nobody's alone. */
static bool is_of_teams(const struct sapa_web_work *work, const struct sapa_ticket *ticket)
{
    const struct sapa_centre *centre = work->centre;
    uint32_t index;

    if (work->scope.team_count == 0 || ticket->owner_kind == SAPA_TICKET_NOBODY || ticket->owner_kind == SAPA_TICKET_QUEUE)
        return true;
    if (ticket->owner_kind == SAPA_TICKET_TEAM)
        return (index = SAPA_FIND(centre, teams, sapa_str_of(ticket->owner))) != SAPA_NONE && sapa_scope_team(&work->scope, centre, index);
    index = SAPA_FIND(centre, agents, sapa_str_of(ticket->owner));
    return index == SAPA_NONE || sapa_scope_team(&work->scope, centre, centre->agents[index].team);
}

static sapa_rc sees(struct job *job, const struct sapa_ticket *ticket, bool *ret)
{
    struct sapa_web_work *work = job->work;

    *ret = is_of_clients(work, ticket) && (work->scope.agent != SAPA_NONE || is_of_teams(work, ticket));
    if (!*ret || work->scope.agent == SAPA_NONE)
        return SAPA_OK;
    *ret = owns(work, work->scope.agent, ticket) || sapa_str_eq(sapa_str_of(ticket->by), author(work)) || sapa_str_eq(sapa_str_of(ticket->changed_by), author(work));
    return *ret ? SAPA_OK : sapa_web_desk_knows(job->files, work, job->shelf, ticket->person, ret);
}

static bool shows_words(const struct sapa_web_work *work)
{
    return work->show_pii || work->scope.agent != SAPA_NONE;
}

/* ---- JSON ---- */

static void add_user(const struct sapa_web_work *work, struct sapa_json *out, const char *key, const char *name_key, const char *user)
{
    struct sapa_user_who who;
    const struct sapa_str text = sapa_str_of(user);

    sapa_json_add_text(out, key, text);
    sapa_json_add_text(out, name_key, sapa_user_find(work->centre, text, &who) == SAPA_OK && who.name.n > 0 ? who.name : text);
}

static struct sapa_str owner_name(const struct sapa_centre *centre, unsigned kind, struct sapa_str owner)
{
    const uint32_t agent = kind == SAPA_TICKET_AGENT ? SAPA_FIND(centre, agents, owner) : SAPA_NONE;
    const uint32_t queue = kind == SAPA_TICKET_QUEUE ? SAPA_FIND(centre, queues, owner) : SAPA_NONE;

    if (agent != SAPA_NONE && centre->agents[agent].name.n > 0)
        return centre->agents[agent].name;
    return queue != SAPA_NONE && centre->queues[queue].name.n > 0 ? centre->queues[queue].name : owner;
}

static void add_owner(const struct sapa_web_work *work, struct sapa_json *out, unsigned kind, const char *owner)
{
    const struct sapa_str key = sapa_str_of(owner);

    sapa_json_add_word(out, "owner_kind", sapa_str_of(kind == SAPA_TICKET_NOBODY ? "" : sapa_ticket_owner_name(kind)));
    sapa_json_add_word(out, "owner", key);
    sapa_json_add_word(out, "owner_name", owner_name(work->centre, kind, key));
}

static void add_masked(const struct sapa_web_work *work, struct sapa_json *out, const char *key, struct sapa_str text)
{
    char buf[SAPA_IDENTITY_MAX + 1];

    if (text.n == 0 || !sapa_str_copy(text, buf, sizeof(buf))) {
        sapa_json_add_null(out, key);
        return;
    }
    for (size_t i = 0; !work->show_pii && i + 2 < text.n; i++)
        buf[i] = '*';
    sapa_json_add_text(out, key, (struct sapa_str){ buf, text.n });
}

/* @param card  of its first contact; NULL: whom it is about is known */
static void ticket_json(const struct sapa_web_work *work, const struct sapa_ticket *ticket, bool words, const struct sapa_card *card, struct sapa_json *out)
{
    sapa_json_open(out, '{');
    sapa_json_add_id(out, "id", ticket->number);
    sapa_json_add_number(out, "version", (int64_t)ticket->version);
    sapa_json_add_id(out, "person", ticket->person);
    sapa_json_add_text(out, "client", sapa_str_of(ticket->client));
    sapa_json_add_word(out, "subject", sapa_str_of(words ? ticket->subject : ""));
    sapa_json_add_text(out, "status", sapa_str_of(sapa_ticket_status_name(ticket->status)));
    sapa_json_add_text(out, "priority", sapa_str_of(sapa_ticket_priority_name(ticket->priority)));
    add_owner(work, out, ticket->owner_kind, ticket->owner);
    sapa_json_add_time(out, "due", ticket->due_us);
    sapa_json_add_time(out, "created", ticket->created_us);
    add_user(work, out, "by", "by_name", ticket->by);
    sapa_json_add_time(out, "changed", ticket->changed_us);
    add_user(work, out, "changed_by", "changed_by_name", ticket->changed_by);
    sapa_json_add_time(out, "resolved", ticket->resolved_us);
    sapa_json_key(out, "contacts");
    sapa_json_open(out, '[');
    for (uint32_t i = 0; i < ticket->contact_count; i++) {
        char id[24];
        struct sapa_text text;
        sapa_text_init(&text, id, sizeof(id));
        sapa_text_printf(&text, "%llu", (unsigned long long)ticket->contacts[i]);
        sapa_json_text(out, sapa_str_of(id));
    }
    sapa_json_close(out, ']');
    sapa_json_add_word(out, "name", sapa_str_of(card && words ? card->name : ""));
    add_masked(work, out, "address", sapa_str_of(card ? card->address : ""));
    sapa_json_close(out, '}');
}

/* Whom it is about, as his first contact says. */
static const struct sapa_card *card_of(const struct sapa_web_files *files, struct sapa_web_work *work, struct sapa_centre_shelf *shelf,
                                       const struct sapa_ticket *ticket, struct sapa_card *card)
{
    return ticket->contact_count > 0 && sapa_web_desk_card(files, work, shelf, ticket->contacts[0], card) == SAPA_OK ? card : NULL;
}

struct entries {
    const struct sapa_web_work *work;
    struct sapa_json *out;
    bool words;
};

static void entry_json(void *ctx, const struct sapa_ticket_entry *entry)
{
    static const char *const sets[] = { "status", "owner", "due", "priority" };
    const struct entries *to = ctx;
    struct sapa_json *out = to->out;

    sapa_json_open(out, '{');
    sapa_json_add_id(out, "id", entry->number);
    sapa_json_add_time(out, "at", entry->at_us);
    add_user(to->work, out, "by", "by_name", entry->by);
    sapa_json_add_id(out, "contact", entry->contact);
    sapa_json_add_word(out, "text", sapa_str_of(to->words ? entry->text : ""));
    sapa_json_key(out, "set");
    sapa_json_open(out, '[');
    for (unsigned i = 0; i < SAPA_COUNT(sets); i++) {
        if (entry->set >> i & 1)
            sapa_json_text(out, sapa_str_of(sets[i]));
    }
    sapa_json_close(out, ']');
    sapa_json_add_word(out, "status", sapa_str_of(entry->set & SAPA_TICKET_SET_STATUS ? sapa_ticket_status_name(entry->status) : ""));
    sapa_json_add_word(out, "priority", sapa_str_of(entry->set & SAPA_TICKET_SET_PRIORITY ? sapa_ticket_priority_name(entry->priority) : ""));
    sapa_json_add_time(out, "due", entry->set & SAPA_TICKET_SET_DUE ? entry->due_us : 0);
    if (entry->set & SAPA_TICKET_SET_OWNER)
        add_owner(to->work, out, entry->owner_kind, entry->owner);
    else
        add_owner(to->work, out, SAPA_TICKET_NOBODY, "");
    sapa_json_close(out, '}');
}

static void contact_json(struct sapa_json *out, const struct sapa_card *card)
{
    sapa_json_open(out, '{');
    sapa_json_add_id(out, "contact", card->contact);
    sapa_json_add_text(out, "channel", sapa_str_of(sapa_channel_name(card->channel)));
    sapa_json_add_text(out, "direction", sapa_str_of(sapa_direction_name(card->direction)));
    sapa_json_add_time(out, "arrived", card->arrived_us);
    sapa_json_add_word(out, "agent", card->agent);
    sapa_json_add_word(out, "agent_name", card->agent_name);
    sapa_json_close(out, '}');
}

/* ---- reading ---- */

/* The one that is asked for, if he may see it. */
static sapa_rc seen_ticket(struct job *job, struct sapa_ticket *ticket)
{
    bool seen = false;
    sapa_rc rc = sapa_ticket_get(job->files->store, number_of(job, "ticket", 0), ticket);

    if (rc == SAPA_OK)
        rc = sees(job, ticket, &seen);
    return rc == SAPA_ENOENT || (rc == SAPA_OK && !seen) ? no_ticket(job) : rc;
}

static sapa_rc detail(struct job *job, struct sapa_ticket *ticket, struct sapa_card *card)
{
    struct sapa_web_work *work = job->work;
    sapa_rc rc = seen_ticket(job, ticket);

    if (rc != SAPA_OK)
        return rc;
    sapa_json_open(job->out, '{');
    sapa_json_key(job->out, "ticket");
    ticket_json(work, ticket, shows_words(work), card_of(job->files, work, job->shelf, ticket, card), job->out);
    sapa_json_key(job->out, "entries");
    sapa_json_open(job->out, '[');
    rc = sapa_ticket_entries(job->files->store, ticket, entry_json, &(struct entries){ work, job->out, shows_words(work) });
    sapa_json_close(job->out, ']');
    sapa_json_key(job->out, "contacts");
    sapa_json_open(job->out, '[');
    for (uint32_t i = ticket->contact_count, told = 0; rc == SAPA_OK && i > 0 && told < CONTACTS_MAX; i--, told++) {
        if (sapa_web_desk_card(job->files, work, job->shelf, ticket->contacts[i - 1], card) == SAPA_OK) /* else its description is not there any more */
            contact_json(job->out, card);
    }
    sapa_json_close(job->out, ']');
    sapa_json_close(job->out, '}');
    return rc;
}

/* What a list is about. */
struct query {
    uint64_t person, cursor;
    uint32_t statuses; /* bits */
    uint32_t client;   /* SAPA_NONE: any */
    enum sapa_ticket_owner kind;
    struct sapa_str owner;
    size_t limit;
};

static uint32_t statuses_of(struct sapa_str word)
{
    const unsigned status = sapa_ticket_status_of(word);

    if (sapa_str_eq(word, SAPA_STR("unresolved")))
        return 1u << SAPA_TICKET_OPEN | 1u << SAPA_TICKET_WAITING;
    return status < SAPA_TICKET_STATUS_COUNT ? 1u << status : (1u << SAPA_TICKET_STATUS_COUNT) - 1;
}

static sapa_rc query_of(struct job *job, struct query *query)
{
    static const char *const names[SAPA_TICKET_OWNER_COUNT] = { "", "agent", "queue", "team" };
    struct sapa_web_work *work = job->work;
    const struct sapa_agent *own = own_agent(work);

    *query = (struct query){
        .person = number_of(job, "person", 0), .cursor = number_of(job, "cursor", UINT64_MAX), .statuses = statuses_of(sapa_str_of(param(job, "status"))),
        .client = SAPA_NONE, .limit = (size_t)SAPA_MIN(SAPA_MAX(number_of(job, "limit", PAGE_DEFAULT), UINT64_C(1)), (uint64_t)PAGE_MAX),
    };
    if (param(job, "client")[0] && ((query->client = SAPA_FIND(work->centre, clients, sapa_str_of(param(job, "client")))) == SAPA_NONE ||
                                    !sapa_scope_client(&work->scope, query->client)))
        return problem(work, SAPA_ENOENT, "there is no client \"%s\"", param(job, "client"));
    for (unsigned kind = SAPA_TICKET_AGENT; kind < SAPA_TICKET_OWNER_COUNT; kind++) {
        if (param(job, names[kind])[0] == '\0')
            continue;
        if (query->owner.n > 0)
            return problem(work, SAPA_EINVAL, "one of agent, queue and team");
        query->kind = kind;
        query->owner = sapa_str_of(param(job, names[kind]));
    }
    /* an agent looks for what he can see: whose calls he takes, and what is his */
    if (work->scope.agent != SAPA_NONE && query->person == 0 && (query->kind != SAPA_TICKET_AGENT || !own || !sapa_str_eq(own->key, query->owner)) &&
        query->kind != SAPA_TICKET_QUEUE && query->kind != SAPA_TICKET_TEAM)
        return problem(work, SAPA_EDENIED, "name a person, or one's own agent, queue or team");
    return SAPA_OK;
}

static bool matches(const struct query *query, const struct sapa_web_work *work, const struct sapa_ticket *ticket)
{
    if (!(query->statuses >> ticket->status & 1) || (query->client != SAPA_NONE && client_of(work, ticket) != query->client))
        return false;
    return query->kind == SAPA_TICKET_NOBODY || (query->kind == ticket->owner_kind && sapa_str_eq(sapa_str_of(ticket->owner), query->owner));
}

/* The numbers that may be meant, the newest first: `*list` NULL for all there are. */
static sapa_rc candidates(struct job *job, const struct query *query, uint64_t **list, size_t *count)
{
    uint64_t *found = NULL;
    sapa_rc rc = SAPA_OK;

    *count = 0;
    *list = NULL;
    if (query->person == 0 && (query->kind == SAPA_TICKET_NOBODY || (query->statuses >> SAPA_TICKET_RESOLVED & 1)))
        return SAPA_OK; /* lists of owners have no resolved ones */
    if (!(found = calloc(LIST_MAX, sizeof(*found))))
        return SAPA_ENOMEM;
    rc = query->person ? sapa_tickets_of_person(job->files->store, query->person, found, LIST_MAX, count)
                       : sapa_tickets_of_owner(job->files->store, query->kind, query->owner, found, LIST_MAX, count);
    if (rc == SAPA_OK)
        *list = found;
    else
        free(found);
    return rc;
}

struct walk {
    const uint64_t *list; /* NULL: every number from `last` down */
    size_t count, at;
    uint64_t last;
};

static uint64_t next_of(struct walk *walk, uint64_t cursor)
{
    uint64_t number;

    do {
        number = walk->list ? (walk->at < walk->count ? walk->list[walk->at++] : 0) : walk->last > 0 ? walk->last-- : 0;
    } while (number >= cursor && number != 0);
    return number;
}

static sapa_rc list_page(struct job *job, const struct query *query, struct walk *walk, struct sapa_ticket *ticket, struct sapa_card *card)
{
    struct sapa_web_work *work = job->work;
    uint64_t number = 0, next = 0;
    size_t shown = 0, looked = 0;
    sapa_rc rc = SAPA_OK;

    if (!walk->list && query->cursor <= walk->last)
        walk->last = query->cursor - 1;
    sapa_json_open(job->out, '{');
    sapa_json_key(job->out, "items");
    sapa_json_open(job->out, '[');
    while (rc == SAPA_OK && (number = next_of(walk, query->cursor)) != 0) {
        bool seen = false;
        if (shown == query->limit || looked++ == LOOK_MAX) {
            next = number + 1;
            break;
        }
        rc = sapa_ticket_get(job->files->store, number, ticket);
        if (rc == SAPA_OK && matches(query, work, ticket))
            rc = sees(job, ticket, &seen);
        if (rc == SAPA_OK && seen) {
            ticket_json(work, ticket, shows_words(work), card_of(job->files, work, job->shelf, ticket, card), job->out);
            shown++;
        }
        rc = rc == SAPA_ENOENT ? SAPA_OK : rc; /* a number that a crash has left in a list */
    }
    sapa_json_close(job->out, ']');
    sapa_json_add_id(job->out, "next", next);
    sapa_json_close(job->out, '}');
    return rc;
}

static sapa_rc list(struct job *job, struct sapa_ticket *ticket, struct sapa_card *card)
{
    struct query query;
    struct walk walk = { .at = 0 };
    uint64_t *found = NULL;
    sapa_rc rc = query_of(job, &query);

    if (rc == SAPA_OK)
        rc = candidates(job, &query, &found, &walk.count);
    if (rc == SAPA_OK)
        rc = sapa_ticket_last(job->files->store, &walk.last);
    walk.list = found;
    if (rc == SAPA_OK)
        rc = list_page(job, &query, &walk, ticket, card);
    free(found);
    return rc;
}

/* ---- on the card, in an agent's work ---- */

sapa_rc sapa_web_tickets_of(const struct sapa_web_files *files, const struct sapa_web_work *work, uint64_t person, struct sapa_ticket **ret,
                            size_t *ret_count)
{
    uint64_t numbers[SAPA_TICKETS_PERSON_MAX];
    size_t count = 0, kept = 0;
    sapa_rc rc = person ? sapa_tickets_of_person(files->store, person, numbers, SAPA_COUNT(numbers), &count) : SAPA_OK;
    struct sapa_ticket *tickets = rc == SAPA_OK && count > 0 ? calloc(count, sizeof(*tickets)) : NULL;

    if (rc == SAPA_OK && count > 0 && !tickets)
        rc = SAPA_ENOMEM;
    for (size_t i = 0; rc == SAPA_OK && i < count; i++) {
        rc = sapa_ticket_get(files->store, numbers[i], &tickets[kept]);
        if (rc == SAPA_OK && is_of_clients(work, &tickets[kept]))
            kept++;
        else
            sapa_wipe(&tickets[kept], sizeof(tickets[kept]));
        rc = rc == SAPA_ENOENT ? SAPA_OK : rc;
    }
    if (rc != SAPA_OK) {
        sapa_web_tickets_free(tickets, count);
        return rc;
    }
    *ret = tickets;
    *ret_count = kept;
    return SAPA_OK;
}

void sapa_web_tickets_free(struct sapa_ticket *tickets, size_t count)
{
    if (tickets)
        sapa_wipe(tickets, count * sizeof(*tickets));
    free(tickets);
}

void sapa_web_tickets_json(const struct sapa_web_work *work, const struct sapa_ticket *tickets, size_t count, bool words, struct sapa_json *out)
{
    for (size_t i = 0, told = 0; i < count && told < CARD_MAX; i++) {
        if (tickets[i].status == SAPA_TICKET_RESOLVED)
            continue;
        ticket_json(work, &tickets[i], words, NULL, out);
        told++;
    }
}

bool sapa_web_tickets_own(const struct sapa_web_work *work, const struct sapa_ticket *tickets, size_t count, uint64_t contact)
{
    bool found = false;

    for (size_t i = 0; i < count && work->scope.agent < work->centre->agents_count && !found; i++) {
        for (uint32_t k = 0; k < tickets[i].contact_count && !found; k++)
            found = tickets[i].contacts[k] == contact && tickets[i].status != SAPA_TICKET_RESOLVED && owns(work, work->scope.agent, &tickets[i]);
    }
    return found;
}

static sapa_rc work_json(const struct sapa_web_files *files, struct sapa_web_work *work, struct sapa_centre_shelf *shelf, const uint64_t *numbers,
                         size_t count, struct sapa_ticket *ticket, struct sapa_card *card)
{
    sapa_rc rc = SAPA_OK;

    for (size_t i = 0, told = 0; rc == SAPA_OK && i < count && told < PAGE_DEFAULT; i++) {
        rc = sapa_ticket_get(files->store, numbers[i], ticket);
        if (rc == SAPA_OK && ticket->status != SAPA_TICKET_RESOLVED && is_of_clients(work, ticket)) {
            ticket_json(work, ticket, shows_words(work), card_of(files, work, shelf, ticket, card), &work->out);
            told++;
        }
        rc = rc == SAPA_ENOENT ? SAPA_OK : rc;
    }
    return rc;
}

sapa_rc sapa_web_tickets_work(const struct sapa_web_files *files, struct sapa_web_work *work, struct sapa_centre_shelf *shelf, struct sapa_str agent)
{
    uint64_t numbers[SAPA_TICKETS_OWNER_MAX];
    struct sapa_ticket *ticket = calloc(1, sizeof(*ticket));
    struct sapa_card *card = calloc(1, sizeof(*card));
    size_t count = 0;
    sapa_rc rc = ticket && card ? sapa_tickets_of_owner(files->store, SAPA_TICKET_AGENT, agent, numbers, SAPA_COUNT(numbers), &count) : SAPA_ENOMEM;

    if (rc == SAPA_OK)
        rc = work_json(files, work, shelf, numbers, count, ticket, card);
    sapa_web_tickets_free(ticket, 1);
    if (card)
        sapa_wipe(card, sizeof(*card));
    free(card);
    return rc;
}

/* ---- writing ---- */

static struct sapa_str text_of(const json_t *body, const char *name)
{
    const char *text = json_string_value(json_object_get(body, name));

    return sapa_str_of(text ? text : "");
}

/* The owner that a body names, of whom there must be one, and for the client of the ticket. */
static sapa_rc read_owner(struct job *job, const json_t *body, uint32_t client, struct sapa_ticket_entry *entry)
{
    const struct sapa_centre *centre = job->work->centre;
    const struct sapa_str kind = text_of(body, "owner_kind"), owner = text_of(body, "owner");
    uint32_t index = SAPA_NONE;
    bool serves = false;

    if (!json_object_get(body, "owner_kind") && !json_object_get(body, "owner"))
        return SAPA_OK;
    if ((kind.n == 0) != (owner.n == 0))
        return problem(job->work, SAPA_EINVAL, "owner_kind and owner belong together; both are null of a ticket that is nobody's");
    entry->set |= SAPA_TICKET_SET_OWNER;
    if (kind.n == 0)
        return SAPA_OK;
    entry->owner_kind = (uint8_t)sapa_ticket_owner_of(kind);
    if (entry->owner_kind == SAPA_TICKET_AGENT && (index = SAPA_FIND(centre, agents, owner)) != SAPA_NONE)
        serves = client < 64 && (centre->agents[index].clients >> client & 1);
    else if (entry->owner_kind == SAPA_TICKET_QUEUE && (index = SAPA_FIND(centre, queues, owner)) != SAPA_NONE)
        serves = centre->queues[index].client == client;
    else if (entry->owner_kind == SAPA_TICKET_TEAM)
        serves = (index = SAPA_FIND(centre, teams, owner)) != SAPA_NONE;
    if (index == SAPA_NONE || !serves || !sapa_str_copy(owner, entry->owner, sizeof(entry->owner)))
        return problem(job->work, SAPA_EINVAL, "there is no %s \"" SAPA_STR_FMT "\" that serves this client", sapa_ticket_owner_name(entry->owner_kind),
                       SAPA_STR_ARG(owner));
    return SAPA_OK;
}

static bool is_in_hand(const struct sapa_web_work *work, uint64_t contact)
{
    bool found = false;

    for (size_t i = 0; i < work->in_hand_count; i++)
        found |= work->in_hand[i] == contact;
    return found;
}

/* A contact that a body names: it must be one that he sees, of this person. */
static sapa_rc read_contact(struct job *job, uint64_t contact, struct sapa_card *card)
{
    job->work->living = is_in_hand(job->work, contact);
    const sapa_rc rc = sapa_web_desk_seen(job->files, job->work, job->shelf, contact, card);

    return rc == SAPA_ENOENT ? problem(job->work, rc, "there is no contact %llu", (unsigned long long)contact) : rc;
}

static sapa_rc read_entry(struct job *job, const json_t *body, struct sapa_ticket_entry *entry)
{
    const struct sapa_str text = text_of(body, "text"), due = text_of(body, "due"), priority = text_of(body, "priority"), status = text_of(body, "status");

    entry->at_us = sapa_wall_us();
    entry->priority = SAPA_TICKET_NORMAL;
    (void)sapa_str_copy(author(job->work), entry->by, sizeof(entry->by));
    if (!sapa_ticket_is_text(text) || !sapa_str_copy(text, entry->text, sizeof(entry->text)))
        return problem(job->work, SAPA_EINVAL, "text has %d bytes at most, with line ends but no other control characters", SAPA_TICKET_TEXT_MAX);
    if (json_object_get(body, "due")) {
        entry->set |= SAPA_TICKET_SET_DUE;
        if (due.n > 0 && sapa_time_parse(due, &entry->due_us) != SAPA_OK)
            return problem(job->work, SAPA_EINVAL, "due is no time");
    }
    if (priority.n > 0) {
        entry->set |= SAPA_TICKET_SET_PRIORITY;
        entry->priority = (uint8_t)sapa_ticket_priority_of(priority);
    }
    if (status.n > 0) {
        entry->set |= SAPA_TICKET_SET_STATUS;
        entry->status = (uint8_t)sapa_ticket_status_of(status);
    }
    return SAPA_OK;
}

/* What the live feed says of it, and the answer. */
static sapa_rc told(struct job *job, const struct sapa_ticket *ticket, sapa_rc rc)
{
    struct sapa_web_work *work = job->work;

    if (rc == SAPA_OK) {
        work->ticket = (struct sapa_web_ticket){ .number = ticket->number, .version = ticket->version, .person = ticket->person, .at_us = ticket->changed_us,
                                                 .status = ticket->status, .owner_kind = ticket->owner_kind };
        memcpy(work->ticket.client, ticket->client, sizeof(work->ticket.client));
        memcpy(work->ticket.owner, ticket->owner, sizeof(work->ticket.owner));
        snprintf(work->answer, sizeof(work->answer), "\"ticket\":\"%llu\",\"version\":%llu", (unsigned long long)ticket->number,
                 (unsigned long long)ticket->version);
    }
    switch (rc) {
    case SAPA_EEXIST:
        work->status = 412;
        return problem(work, SAPA_ESTATE, "somebody has changed it meanwhile: read it again");
    case SAPA_ELIMIT:
        return problem(work, SAPA_ESTATE, "there is no room: a ticket has %d entries, a person %d tickets, an owner %d that are not resolved",
                       SAPA_TICKET_ENTRIES_MAX, SAPA_TICKETS_PERSON_MAX, SAPA_TICKETS_OWNER_MAX);
    case SAPA_EINVAL:
        return problem(work, rc, "a subject is one line of 1 to %d characters", SAPA_TICKET_SUBJECT_CHARS);
    case SAPA_ESTATE: return problem(work, rc, "the person was erased: nothing more is kept");
    default: return rc;
    }
}

/* Whose it is and of which client: out of the contact that it was opened from, else the person that was named. */
static sapa_rc read_person(struct job *job, const json_t *body, struct sapa_card *card, struct sapa_ticket *ticket, struct sapa_ticket_entry *entry)
{
    struct sapa_web_work *work = job->work;
    const struct sapa_str contact = text_of(body, "contact"), person = text_of(body, "person");
    uint64_t client = 0;
    bool known = work->scope.agent == SAPA_NONE;
    sapa_rc rc;

    if ((contact.n > 0) == (person.n > 0))
        return problem(work, SAPA_EINVAL, "contact or person: one of both");
    if (sapa_str_u64(contact.n > 0 ? contact : person, UINT64_MAX, contact.n > 0 ? &entry->contact : &ticket->person) != SAPA_OK)
        return SAPA_EINVAL; /* judged before */
    if (entry->contact != 0) {
        if ((rc = read_contact(job, entry->contact, card)) != SAPA_OK)
            return rc;
        if (card->person == 0 || card->direction == SAPA_DIRECTION_INTERNAL)
            return problem(work, SAPA_ESTATE, "nobody knows who this is: the ticket would be found by nobody");
        ticket->person = card->person;
        known = true;
    }
    rc = sapa_person_client(job->files->store, ticket->person, &client);
    if (rc == SAPA_OK && !known)
        rc = sapa_web_desk_knows(job->files, work, job->shelf, ticket->person, &known);
    uint32_t index = SAPA_NONE;
    for (uint32_t i = 0; i < work->centre->clients_count && i < SAPA_COUNT(work->clients); i++)
        index = work->clients[i] == client ? i : index;
    if (rc == SAPA_OK && (!known || index == SAPA_NONE || !sapa_scope_client(&work->scope, index)))
        rc = SAPA_ENOENT;
    if (rc == SAPA_ENOENT)
        return entry->contact != 0 ? problem(work, SAPA_ESTATE, "the person was erased: nothing more is kept")
                                   : problem(work, rc, "there is no person " SAPA_STR_FMT, SAPA_STR_ARG(person));
    return rc == SAPA_OK && !sapa_str_copy(work->centre->clients[index].key, ticket->client, sizeof(ticket->client)) ? SAPA_EINVAL : rc;
}

static sapa_rc open_new(struct job *job, const json_t *body, struct sapa_card *card, struct sapa_ticket *ticket, struct sapa_ticket_entry *entry)
{
    struct sapa_web_work *work = job->work;
    const struct sapa_agent *own = own_agent(work);
    sapa_rc rc = read_entry(job, body, entry);

    if (rc == SAPA_OK)
        rc = read_person(job, body, card, ticket, entry);
    if (rc == SAPA_OK)
        rc = read_owner(job, body, client_of(work, ticket), entry);
    if (rc != SAPA_OK)
        return rc;
    if (!(entry->set & SAPA_TICKET_SET_OWNER) && own) { /* who opens it sees to it */
        entry->set |= SAPA_TICKET_SET_OWNER;
        entry->owner_kind = SAPA_TICKET_AGENT;
        (void)sapa_str_copy(own->key, entry->owner, sizeof(entry->owner));
    }
    rc = sapa_ticket_is_subject(text_of(body, "subject")) && sapa_str_copy(text_of(body, "subject"), ticket->subject, sizeof(ticket->subject))
             ? sapa_ticket_open(job->files->store, ticket, entry, ticket)
             : SAPA_EINVAL;
    return told(job, ticket, rc == SAPA_ENOENT ? SAPA_ESTATE : rc);
}

/* In a contact of somebody else nothing is written in it. */
static sapa_rc same_person(struct job *job, const struct sapa_card *card, const struct sapa_ticket *ticket)
{
    uint64_t group[SAPA_MERGE_DEPTH_MAX];
    size_t count = 0;
    bool same = false;
    const sapa_rc rc = sapa_person_group(job->files->store, ticket->person, group, SAPA_COUNT(group), &count);

    for (size_t i = 0; rc == SAPA_OK && i < count; i++)
        same |= group[i] == card->person;
    return rc != SAPA_OK || same ? rc : problem(job->work, SAPA_ESTATE, "contact %llu is of somebody else", (unsigned long long)card->contact);
}

static sapa_rc change(struct job *job, const json_t *body, struct sapa_card *card, struct sapa_ticket *ticket, struct sapa_ticket_entry *entry)
{
    struct sapa_web_work *work = job->work;
    sapa_rc rc = seen_ticket(job, ticket);

    if (rc == SAPA_OK)
        rc = read_entry(job, body, entry);
    if (rc == SAPA_OK)
        rc = read_owner(job, body, client_of(work, ticket), entry);
    if (rc == SAPA_OK && entry->set == 0 && entry->text[0] == '\0')
        rc = problem(work, SAPA_EINVAL, "nothing is to be changed: a text, a status, an owner, a time or a priority");
    if (rc == SAPA_OK && json_is_string(json_object_get(body, "contact"))) {
        if (sapa_str_u64(text_of(body, "contact"), UINT64_MAX, &entry->contact) != SAPA_OK)
            return SAPA_EINVAL; /* judged before */
        rc = read_contact(job, entry->contact, card);
        if (rc == SAPA_OK)
            rc = same_person(job, card, ticket);
    }
    if (rc != SAPA_OK)
        return rc;
    rc = sapa_ticket_change(job->files->store, ticket->number, work->match, entry, ticket);
    return rc == SAPA_ENOENT ? no_ticket(job) : told(job, ticket, rc);
}

static sapa_rc do_write(struct job *job, struct sapa_ticket *ticket, struct sapa_card *card)
{
    json_t *body = json_loadb(job->work->text ? job->work->text : "", job->work->text_n, 0, NULL);
    struct sapa_ticket_entry *entry = calloc(1, sizeof(*entry));
    const sapa_rc rc = !entry || !body                                 ? SAPA_ENOMEM
                       : job->work->route == SAPA_ROUTE_TICKET_NEW ? open_new(job, body, card, ticket, entry)
                                                                   : change(job, body, card, ticket, entry);
    if (entry)
        sapa_wipe(entry, sizeof(*entry));
    free(entry);
    json_decref(body);
    return rc;
}

sapa_rc sapa_web_ticket(struct job *job)
{
    struct sapa_ticket *ticket = calloc(1, sizeof(*ticket));
    struct sapa_card *card = calloc(1, sizeof(*card));
    sapa_rc rc = SAPA_ENOMEM;

    if (ticket && card) {
        switch (job->work->route) {
        case SAPA_ROUTE_TICKETS: rc = list(job, ticket, card); break;
        case SAPA_ROUTE_TICKET: rc = detail(job, ticket, card); break;
        default: rc = do_write(job, ticket, card); break;
        }
    }
    sapa_web_tickets_free(ticket, 1);
    if (card)
        sapa_wipe(card, sizeof(*card));
    free(card);
    return rc;
}
