#include "report/check.h"

enum {
    ROUNDING_MS = 2,      /* moments are microseconds, lengths milliseconds */
    RECORDING_MS = 1000,  /* a contact's answered time may lack so much of its recording */
};

struct watched_contact {
    uint64_t contact;
    int64_t opened_us, queued_us;
    uint32_t queue;         /* dimension: an index changes with the description */
    int64_t waited_us;      /* in queues, callbacks apart */
    uint32_t visits;
    uint32_t offers, talking, outside;
    bool inbound, queued, answered, is_callback, merged;
};

struct watched_offer {
    uint64_t offer, contact;
    uint32_t agent; /* dimension */
    int64_t made_us, connected_us, parted_us;
    int64_t hold_began_us;    /* in whatever contact */
    int64_t held_us, hold_us; /* in this one: since then, and what is over */
    uint8_t stage; /* 0 made, 1 accepted, 2 connected, 3 parted */
    uint8_t held_by; /* bit per enum sapa_side: both may hold at once */
    bool wrapping, released;
};

struct watched_agent {
    uint64_t agent;
    int64_t since_us;
    uint8_t presence;
    bool known;
    bool talks; /* while the centre was down */
};

const char *sapa_identity_name(unsigned identity)
{
    static const char *const names[] = {
#define X(id, text) text,
        SAPA_IDENTITIES(X)
#undef X
    };

    return identity < SAPA_COUNT(names) ? names[identity] : "?";
}

void sapa_check_init(struct sapa_check *check, const struct sapa_memory *memory,
                     const struct sapa_names *names)
{
    memset(check, 0, sizeof(*check));
    check->names = names;
    sapa_table_init(&check->contacts, memory, sizeof(struct watched_contact), SAPA_CALLS_MAX);
    sapa_table_init(&check->offers, memory, sizeof(struct watched_offer), SAPA_CALLS_MAX);
    sapa_table_init(&check->agents, memory, sizeof(struct watched_agent), SAPA_NAMES_PER_DIM_MAX);
}

void sapa_check_done(struct sapa_check *check)
{
    sapa_table_done(&check->contacts);
    sapa_table_done(&check->offers);
    sapa_table_done(&check->agents);
}

/* ---- findings ---- */

static void find(struct sapa_check *check, enum sapa_identity identity, uint64_t contact, const char *fmt, ...)
    SAPA_PRINTF(4, 5);

static void find(struct sapa_check *check, enum sapa_identity identity, uint64_t contact, const char *fmt, ...)
{
    struct sapa_text text;
    va_list args;

    check->broken[identity]++;
    if (check->finding_count == SAPA_CHECK_FINDINGS_MAX)
        return;
    struct sapa_check_finding *finding = &check->findings[check->finding_count++];
    finding->identity = (uint8_t)identity;
    finding->seq = check->seq;
    finding->contact = contact;
    sapa_text_init(&text, finding->text, sizeof(finding->text));
    va_start(args, fmt);
    sapa_text_vprintf(&text, fmt, args);
    va_end(args);
}

/* Count a look; true when the condition holds. */
static bool holds(struct sapa_check *check, enum sapa_identity identity, bool condition)
{
    check->checks[identity]++;
    return condition;
}

#define U(value) ((unsigned long long)(value))
#define D(value) ((long long)(value))

static void expect_length(struct sapa_check *check, uint64_t contact, const char *what, uint64_t said_ms,
                          int64_t from_us, int64_t to_us)
{
    const int64_t real_ms = (to_us - from_us) / 1000;
    const int64_t apart_ms = (int64_t)SAPA_MIN(said_ms, (uint64_t)INT64_MAX) - real_ms;

    if (!holds(check, SAPA_IDENTITY_TIME, apart_ms >= -ROUNDING_MS && apart_ms <= ROUNDING_MS))
        find(check, SAPA_IDENTITY_TIME, contact, "contact %llu: %s is said to have taken %llu ms and took %lld ms.",
             U(contact), what, U(said_ms), D(real_ms));
}

static uint32_t queue_of(const struct sapa_check *check, uint64_t index)
{
    return sapa_names_dim(check->names, SAPA_DIM_QUEUE, index);
}

static uint32_t agent_of(const struct sapa_check *check, uint64_t index)
{
    return sapa_names_dim(check->names, SAPA_DIM_AGENT, index);
}

/* For findings. */
#define QUEUE(dim) SAPA_STR_ARG(sapa_names_key(check->names, SAPA_DIM_QUEUE, dim))
#define AGENT(dim) SAPA_STR_ARG(sapa_names_key(check->names, SAPA_DIM_AGENT, dim))

#define STORY(condition, contact, ...)                                  \
    do {                                                                \
        if (!holds(check, SAPA_IDENTITY_STORY, (condition))) {          \
            find(check, SAPA_IDENTITY_STORY, (contact), __VA_ARGS__);   \
        }                                                               \
    } while (0)

/* ---- contacts ---- */

static sapa_rc opened(struct sapa_check *check, const struct sapa_record *record)
{
    const struct sapa_rec_contact_new *in = &record->u.contact_new;
    struct watched_contact *contact = sapa_table_find(&check->contacts, in->contact);

    STORY(!contact, in->contact, "contact %llu is opened a second time.", U(in->contact));
    if (contact)
        return SAPA_OK;
    const sapa_rc rc = sapa_table_add(&check->contacts, in->contact, &contact);
    if (rc != SAPA_OK)
        return rc;
    contact->opened_us = record->at_us;
    contact->inbound = in->direction == SAPA_DIRECTION_INBOUND;
    check->opened++;
    STORY(in->direction < SAPA_DIRECTION_COUNT, in->contact, "contact %llu has the direction %llu, which is none.",
          U(in->contact), U(in->direction));
    if (in->direction < SAPA_DIRECTION_COUNT)
        check->opened_by[in->direction]++;
    check->of_campaigns += in->campaign > 0;
    return SAPA_OK;
}

static void queued(struct sapa_check *check, struct watched_contact *contact, const struct sapa_record *record)
{
    const struct sapa_rec_contact_queued *in = &record->u.contact_queued;

    const uint32_t queue = queue_of(check, in->queue);

    STORY(!contact->queued, in->contact, "contact %llu joins queue " SAPA_STR_FMT " while it stands in queue " SAPA_STR_FMT ".",
          U(in->contact), QUEUE(queue), QUEUE(contact->queue));
    contact->queued = true;
    contact->queue = queue;
    contact->queued_us = record->at_us;
    contact->is_callback = in->virtual_waiter != 0;
}

static void dequeued(struct sapa_check *check, struct watched_contact *contact,
                     const struct sapa_record *record)
{
    const struct sapa_rec_contact_dequeued *in = &record->u.contact_dequeued;

    const uint32_t queue = queue_of(check, in->queue);

    STORY(contact->queued && contact->queue == queue, in->contact,
          "contact %llu leaves queue " SAPA_STR_FMT ", in which it does not stand.", U(in->contact), QUEUE(queue));
    STORY(in->reason < SAPA_DEQUEUE_COUNT, in->contact, "contact %llu leaves a queue for the unknown reason %llu.",
          U(in->contact), U(in->reason));
    if (contact->queued)
        expect_length(check, in->contact, "the wait in the queue", in->wait_ms, contact->queued_us,
                      record->at_us);
    if (contact->queued && !contact->is_callback) {
        contact->waited_us += record->at_us - contact->queued_us;
        contact->visits++;
    }
    contact->queued = false;
}

static bool is_abandoned(uint64_t outcome)
{
    return outcome == SAPA_OUTCOME_ABANDONED_FLOW || outcome == SAPA_OUTCOME_ABANDONED_QUEUE
        || outcome == SAPA_OUTCOME_ABANDONED_RINGING;
}

static void ended(struct sapa_check *check, struct watched_contact *contact, const struct sapa_record *record)
{
    const struct sapa_rec_contact_ended *in = &record->u.contact_ended;

    STORY(!contact->queued, in->contact, "contact %llu ends while it stands in queue " SAPA_STR_FMT ".",
          U(in->contact), QUEUE(contact->queue));
    STORY(contact->offers == 0, in->contact, "contact %llu ends with %u offers open.", U(in->contact),
          contact->offers);
    STORY(contact->talking == 0, in->contact, "contact %llu ends while %u agents talk.", U(in->contact),
          contact->talking);
    STORY(in->outcome != SAPA_OUTCOME_OPEN && in->outcome < SAPA_OUTCOME_COUNT, in->contact,
          "contact %llu ends with the outcome %llu, which is none.", U(in->contact), U(in->outcome));
    STORY((in->answered != 0) == contact->answered, in->contact,
          "contact %llu ends as %sanswered, but agents %s it.", U(in->contact), in->answered ? "" : "not ",
          contact->answered ? "answered" : "never answered");
    STORY(in->outcome != SAPA_OUTCOME_ANSWERED || contact->answered, in->contact,
          "contact %llu has the outcome answered, and no agent answered it.", U(in->contact));
    STORY(in->outcome != SAPA_OUTCOME_REACHED || contact->answered, in->contact,
          "contact %llu has the outcome reached, and nobody talked.", U(in->contact));
    STORY(in->outcome != SAPA_OUTCOME_UNREACHED || !contact->answered, in->contact,
          "contact %llu has the outcome not reached, and somebody talked.", U(in->contact));
    STORY((in->outcome == SAPA_OUTCOME_MERGED) == contact->merged, in->contact,
          contact->merged ? "contact %llu went on in another, and ends as if it had not."
                          : "contact %llu is said to go on in another, and none took it up.", U(in->contact));
    STORY(!is_abandoned(in->outcome) || !contact->inbound || in->side == SAPA_SIDE_CUSTOMER, in->contact,
          "contact %llu is counted as abandoned, but %s ended it.", U(in->contact),
          sapa_side_name((unsigned)SAPA_MIN(in->side, (uint64_t)SAPA_SIDE_COUNT)));
    expect_length(check, in->contact, "the whole contact", in->total_ms, contact->opened_us, record->at_us);
    if (!holds(check, SAPA_IDENTITY_TIME, in->flow_ms + in->queue_ms <= in->total_ms + ROUNDING_MS))
        find(check, SAPA_IDENTITY_TIME, in->contact,
             "contact %llu: %llu ms in menus and %llu ms in queues are more than its %llu ms.", U(in->contact),
             U(in->flow_ms), U(in->queue_ms), U(in->total_ms));
    const int64_t apart_ms = (int64_t)SAPA_MIN(in->queue_ms, (uint64_t)INT64_MAX) - contact->waited_us / 1000;
    if (!holds(check, SAPA_IDENTITY_TIME, apart_ms >= -ROUNDING_MS && apart_ms <= ROUNDING_MS))
        find(check, SAPA_IDENTITY_TIME, in->contact,
             "contact %llu is said to have waited %llu ms in queues; its %u stays make %lld ms.", U(in->contact),
             U(in->queue_ms), contact->visits, D(contact->waited_us / 1000));
    check->closed++;
    if (contact->inbound && in->outcome < SAPA_OUTCOME_COUNT)
        check->outcomes[in->outcome]++;
    sapa_table_remove(&check->contacts, contact);
}

/* ---- offers ---- */

static sapa_rc offered(struct sapa_check *check, struct watched_contact *contact,
                       const struct sapa_record *record)
{
    const struct sapa_rec_offer_made *in = &record->u.offer_made;
    struct watched_offer *offer = sapa_table_find(&check->offers, in->offer);

    STORY(!offer, in->contact, "offer %llu is made a second time.", U(in->offer));
    STORY(contact != NULL, in->contact, "offer %llu is made of contact %llu, which is not open.", U(in->offer),
          U(in->contact));
    if (offer)
        return SAPA_OK;
    const sapa_rc rc = sapa_table_add(&check->offers, in->offer, &offer);
    if (rc != SAPA_OK)
        return rc;
    offer->contact = in->contact;
    offer->agent = agent_of(check, in->agent);
    offer->made_us = record->at_us;
    if (contact)
        contact->offers++;
    return SAPA_OK;
}

static void offer_over(struct sapa_check *check, struct watched_contact *contact,
                       const struct sapa_record *record)
{
    const struct sapa_rec_offer_ended *in = &record->u.offer_ended;
    struct watched_offer *offer = sapa_table_find(&check->offers, in->offer);

    STORY(offer && offer->stage == 0, in->contact, "offer %llu ends and was not open.", U(in->offer));
    if (!offer || offer->stage != 0)
        return;
    const uint32_t agent = agent_of(check, in->agent);
    STORY(offer->contact == in->contact && offer->agent == agent, in->contact,
          "offer %llu ends for contact %llu and agent " SAPA_STR_FMT ", and was made for %llu and " SAPA_STR_FMT ".",
          U(in->offer), U(in->contact), AGENT(agent), U(offer->contact), AGENT(offer->agent));
    if (!holds(check, SAPA_IDENTITY_TIME,
               (int64_t)in->ring_ms <= (record->at_us - offer->made_us) / 1000 + ROUNDING_MS))
        find(check, SAPA_IDENTITY_TIME, in->contact, "offer %llu rang %llu ms, longer than it was open.",
             U(in->offer), U(in->ring_ms));
    if (contact)
        contact->offers -= contact->offers > 0;
    if (in->result == SAPA_OFFER_ACCEPTED)
        offer->stage = 1;
    else
        sapa_table_remove(&check->offers, offer);
}

static void connected(struct sapa_check *check, struct watched_contact *contact,
                      const struct sapa_record *record)
{
    const struct sapa_rec_contact_connected *in = &record->u.contact_connected;
    struct watched_offer *offer = sapa_table_find(&check->offers, in->offer);

    STORY(contact != NULL, in->contact, "contact %llu is connected and not open.", U(in->contact));
    const uint32_t agent = agent_of(check, in->agent);
    STORY(offer && offer->stage == 1 && offer->agent == agent, in->contact,
          "contact %llu is connected to agent " SAPA_STR_FMT " without an accepted offer.", U(in->contact), AGENT(agent));
    if (contact) {
        if (contact->queued_us != 0 && in->queue != SAPA_NONE) /* who calls has not waited in a line */
            expect_length(check, in->contact, "the wait before the conversation", in->wait_ms, contact->queued_us,
                          record->at_us);
        contact->answered = true;
        contact->talking++;
    }
    if (offer && offer->stage == 1) {
        offer->stage = 2;
        offer->connected_us = record->at_us;
    }
}

static void held(struct sapa_check *check, const struct sapa_record *record)
{
    const struct sapa_rec_hold_changed *in = &record->u.hold_changed;
    struct watched_offer *offer = sapa_table_find(&check->offers, in->offer);

    STORY(offer && offer->stage == 2, in->contact, "contact %llu is held without a conversation.", U(in->contact));
    if (!offer || offer->stage != 2)
        return;
    const uint8_t side = (uint8_t)(1u << SAPA_MIN(in->side, (uint64_t)SAPA_SIDE_COUNT));
    if (in->on) {
        if (offer->held_by == 0)
            offer->hold_began_us = offer->held_us = record->at_us;
        offer->held_by |= side;
        return;
    }
    STORY((offer->held_by & side) != 0, in->contact, "contact %llu comes back from a hold that had not begun.",
          U(in->contact));
    if (offer->held_by == 0)
        return;
    expect_length(check, in->contact, "a hold", in->held_ms, offer->hold_began_us, record->at_us);
    offer->held_by &= (uint8_t)~side;
    if (offer->held_by == 0)
        offer->hold_us += record->at_us - offer->held_us;
}

static void parted(struct sapa_check *check, struct watched_contact *contact, const struct sapa_record *record)
{
    const struct sapa_rec_contact_parted *in = &record->u.contact_parted;
    struct watched_offer *offer = sapa_table_find(&check->offers, in->offer);

    STORY(offer && offer->stage == 2, in->contact, "agent " SAPA_STR_FMT " parts from contact %llu and did not talk.",
          AGENT(agent_of(check, in->agent)), U(in->contact));
    check->talk_contacts_ms += (int64_t)in->talk_ms;
    check->hold_contacts_ms += (int64_t)in->hold_ms;
    if (contact)
        contact->talking -= contact->talking > 0;
    if (!offer || offer->stage != 2)
        return;
    expect_length(check, in->contact, "talk and hold", in->talk_ms + in->hold_ms, offer->connected_us,
                  record->at_us);
    if (offer->held_by != 0) /* the other of two holds ends with the conversation */
        offer->hold_us += record->at_us - offer->held_us;
    expect_length(check, in->contact, "hold", in->hold_ms, 0, offer->hold_us);
    offer->stage = 3;
    offer->parted_us = record->at_us;
    if (offer->released)
        sapa_table_remove(&check->offers, offer);
}

/* A part goes on in this contact, or somebody outside comes in. */
static void joined(struct sapa_check *check, struct watched_contact *contact, const struct sapa_record *record)
{
    const struct sapa_rec_party_joined *in = &record->u.party_joined;
    struct watched_offer *offer = in->offer == 0 ? NULL : sapa_table_find(&check->offers, in->offer);

    if (in->offer == 0) {
        contact->outside++;
        return;
    }
    const uint32_t agent = agent_of(check, in->agent);
    STORY(offer && offer->agent == agent && (offer->stage == 1 || offer->stage == 3), in->contact,
          "agent " SAPA_STR_FMT " joins contact %llu and has neither accepted an offer nor left another contact.", AGENT(agent),
          U(in->contact));
    contact->answered = true;
    contact->talking++;
    if (!offer)
        return;
    offer->contact = in->contact;
    offer->stage = 2;
    offer->connected_us = record->at_us;
    offer->held_us = record->at_us; /* who is on hold comes in so */
    offer->hold_us = offer->parted_us = 0;
}

static void left(struct sapa_check *check, struct watched_contact *contact, const struct sapa_record *record)
{
    const struct sapa_rec_party_left *in = &record->u.party_left;

    STORY(contact->outside > 0, in->contact, "an outside party leaves contact %llu, in which there is none.", U(in->contact));
    contact->outside -= contact->outside > 0;
}

static void merged(struct sapa_check *check, const struct sapa_record *record)
{
    const struct sapa_rec_contact_merged *in = &record->u.contact_merged;
    struct watched_contact *other = sapa_table_find(&check->contacts, in->other);

    STORY(other && in->other != in->contact, in->contact, "contact %llu takes up contact %llu, which is not open.",
          U(in->contact), U(in->other));
    check->merges++;
    if (other && in->other != in->contact)
        other->merged = true;
}

static void assigned(struct sapa_check *check, const struct sapa_record *record)
{
    const struct sapa_rec_assignment_moved *in = &record->u.assignment_moved;
    struct watched_offer *offer = sapa_table_find(&check->offers, in->offer);

    if (!offer)
        return;
    if (in->to == SAPA_ASSIGNMENT_WRAPUP)
        offer->wrapping = true;
    /* Over for good, unless the record of the part's or the wrap-up's end is still to come. */
    if (in->to != SAPA_ASSIGNMENT_NONE || offer->stage == 0 || offer->wrapping)
        return;
    offer->released = true;
    if (offer->stage != 2)
        sapa_table_remove(&check->offers, offer);
}

static void wrapped(struct sapa_check *check, const struct sapa_record *record)
{
    const struct sapa_rec_wrapup_ended *in = &record->u.wrapup_ended;
    struct watched_offer *offer = sapa_table_find(&check->offers, in->offer);

    STORY(offer && offer->stage == 3, in->contact, "a wrap-up of contact %llu ends that had not begun.",
          U(in->contact));
    if (!offer || offer->stage != 3)
        return;
    expect_length(check, in->contact, "wrap-up", in->wrapup_ms, offer->parted_us, record->at_us);
    sapa_table_remove(&check->offers, offer);
}

static sapa_rc moved(struct sapa_check *check, const struct sapa_record *record)
{
    const struct sapa_rec_agent_moved *in = &record->u.agent_moved;
    const uint32_t key = agent_of(check, in->agent);
    struct watched_agent *agent = sapa_table_find(&check->agents, key);

    if (!agent) {
        const sapa_rc rc = sapa_table_add(&check->agents, key, &agent);
        if (rc != SAPA_OK)
            return rc;
    }
    if (agent->known) {
        const int64_t real_ms = (record->at_us - agent->since_us) / 1000;
        const int64_t apart_ms = (int64_t)in->was_ms - real_ms;
        STORY(agent->presence == in->from, 0, "agent " SAPA_STR_FMT " leaves %s and was %s.", AGENT(key),
              sapa_presence_name((unsigned)SAPA_MIN(in->from, (uint64_t)SAPA_PRESENCE_COUNT)),
              sapa_presence_name(agent->presence));
        if (!holds(check, SAPA_IDENTITY_TIME, apart_ms >= -ROUNDING_MS && apart_ms <= ROUNDING_MS))
            find(check, SAPA_IDENTITY_TIME, 0, "agent " SAPA_STR_FMT " is said to have been %s for %llu ms and was for %lld ms.",
                 AGENT(key), sapa_presence_name(agent->presence), U(in->was_ms), D(real_ms));
    }
    agent->known = true;
    agent->presence = (uint8_t)SAPA_MIN(in->to, (uint64_t)SAPA_PRESENCE_COUNT);
    agent->since_us = record->at_us;
    return SAPA_OK;
}

/* Nobody was there: what lasts begins so much later, but for those who went on talking. */
static void stopped(struct sapa_check *check, const struct sapa_record *record)
{
    const struct sapa_rec_centre_started *in = &record->u.centre_started;
    const int64_t down_us = record->at_us - in->stopped_us;

    if (in->stopped_us <= 0 || down_us <= 0)
        return;
    for (uint32_t i = 0; i < check->agents.count; i++)
        ((struct watched_agent *)sapa_table_at(&check->agents, i))->talks = false;
    for (uint32_t i = 0; i < check->offers.count; i++) {
        struct watched_offer *offer = sapa_table_at(&check->offers, i);
        struct watched_agent *agent = sapa_table_find(&check->agents, offer->agent);
        if (offer->stage < 2) {
            offer->made_us += down_us;
        } else if (offer->stage == 3) {
            offer->parted_us += down_us;
        } else if (in->whole) {
            offer->connected_us += down_us;
            offer->held_us += down_us;
            offer->hold_began_us += down_us;
        } else if (agent) {
            agent->talks = true;
        }
    }
    for (uint32_t i = 0; i < check->agents.count; i++) {
        struct watched_agent *agent = sapa_table_at(&check->agents, i);
        if (!agent->talks)
            agent->since_us += down_us;
    }
}

/* ---- folding ---- */

static sapa_rc about_contact(struct sapa_check *check, uint64_t id, const struct sapa_record *record)
{
    struct watched_contact *contact = sapa_table_find(&check->contacts, id);

    switch (record->type) {
    case SAPA_T_offer_made: return offered(check, contact, record);
    case SAPA_T_offer_ended: offer_over(check, contact, record); return SAPA_OK;
    case SAPA_T_contact_connected: connected(check, contact, record); return SAPA_OK;
    case SAPA_T_contact_parted: parted(check, contact, record); return SAPA_OK;
    default: break;
    }
    STORY(contact != NULL, id, "%s speaks of contact %llu, which is not open.",
          sapa_record_info(record->type)->name, U(id));
    if (!contact)
        return SAPA_OK;
    if (record->type == SAPA_T_contact_queued)
        queued(check, contact, record);
    else if (record->type == SAPA_T_contact_dequeued)
        dequeued(check, contact, record);
    else if (record->type == SAPA_T_contact_ended)
        ended(check, contact, record);
    else if (record->type == SAPA_T_party_joined)
        joined(check, contact, record);
    else if (record->type == SAPA_T_party_left)
        left(check, contact, record);
    else if (record->type == SAPA_T_contact_transferred)
        check->transfers++;
    else if (record->type == SAPA_T_contact_merged)
        merged(check, record);
    return SAPA_OK;
}

sapa_rc sapa_check_fold(struct sapa_check *check, const struct sapa_record *record)
{
    if (record->seq != 0) {
        if (record->seq <= check->seq) {
            check->repeated++;
            return SAPA_OK;
        }
        check->seq = record->seq;
    }
    check->records++;
    if (!holds(check, SAPA_IDENTITY_ORDER, record->at_us >= check->now_us))
        find(check, SAPA_IDENTITY_ORDER, 0, "time steps back by %lld microseconds.",
             D(check->now_us - record->at_us));
    check->now_us = SAPA_MAX(check->now_us, record->at_us);
    switch (record->type) {
    case SAPA_T_contact_new: return opened(check, record);
    case SAPA_T_agent_moved: return moved(check, record);
    case SAPA_T_hold_changed: held(check, record); break;
    case SAPA_T_assignment_moved: assigned(check, record); break;
    case SAPA_T_wrapup_ended: wrapped(check, record); break;
#define C(name) case SAPA_T_##name: return about_contact(check, record->u.name.contact, record);
    C(flow_step) C(contact_queued) C(contact_dequeued) C(offer_made) C(offer_ended) C(contact_connected)
    C(contact_parted) C(contact_ended) C(party_joined) C(party_left) C(contact_transferred) C(contact_merged)
#undef C
    case SAPA_T_centre_started: stopped(check, record); break;
    default: break;
    }
    return SAPA_OK;
}

/* Whose recorder failed or died: the log says so itself. */
static unsigned known_losses(const struct sapa_call *call)
{
    unsigned count = 0;

    for (unsigned i = 0; i < call->recording_count; i++)
        count += !call->recordings[i].is_voicemail && (call->recordings[i].state == SAPA_CALL_RECORDING_FAILED ||
                                                       call->recordings[i].state == SAPA_CALL_RECORDING_CUT);
    return count;
}

void sapa_check_call(struct sapa_check *check, const struct sapa_call *call)
{
    const uint64_t whole = (uint64_t)call->recorded_ms + call->masked_ms + call->excluded_ms + call->unrecorded_ms;

    if (call->direction == SAPA_DIRECTION_INBOUND) {
        check->calls_in++;
        if (call->outcome < SAPA_OUTCOME_COUNT)
            check->call_outcomes[call->outcome]++;
    } else {
        check->calls_out++;
    }
    check->talk_calls_ms += call->talk_ms;
    check->hold_calls_ms += call->hold_ms;
    check->conversation_ms += call->conversation_ms;
    check->recorded_ms += call->recorded_ms;
    check->masked_ms += call->masked_ms;
    check->excluded_ms += call->excluded_ms;
    check->unrecorded_ms += call->unrecorded_ms;
    if (!holds(check, SAPA_IDENTITY_RECORDING, whole == call->conversation_ms))
        find(check, SAPA_IDENTITY_RECORDING, call->contact,
             "contact %llu: %llu ms recorded, masked, excluded and missing are not its %u ms of conversation.",
             U(call->contact), U(whole), call->conversation_ms);
    const unsigned lost = call->unrecorded_ms > RECORDING_MS ? known_losses(call) : 0;
    if (lost > 0) {
        check->lost_ms += call->unrecorded_ms;
        check->lost_recordings += lost;
    }
    if (!holds(check, SAPA_IDENTITY_RECORDING, call->unrecorded_ms <= RECORDING_MS || lost > 0))
        find(check, SAPA_IDENTITY_RECORDING, call->contact,
             "contact %llu: %u of %u ms of conversation should be recorded and are not.", U(call->contact),
             call->unrecorded_ms, call->conversation_ms);
    if (!holds(check, SAPA_IDENTITY_RECORDING, call->forbidden_ms <= RECORDING_MS))
        find(check, SAPA_IDENTITY_RECORDING, call->contact,
             "contact %llu: a recorder ran for %u ms of conversation under a policy that records nothing.",
             U(call->contact), call->forbidden_ms);
}

/* ---- the end ---- */

struct row_check {
    struct sapa_check *check;
    enum sapa_rows kind;
    struct sapa_measures all;
};

static void expect_sum(struct sapa_check *check, enum sapa_identity identity, const struct sapa_row *row, const char *what,
                       int64_t whole, int64_t parts)
{
    static const char *const kinds[] = { "total", "client", "number", "queue", "agent", "reason", "trunk", "campaign" };

    if (!holds(check, identity, whole == parts))
        find(check, identity, 0, "%s %u, interval of %lld: %s is %lld, its parts are %lld.",
             kinds[row->kind], row->dim, D(row->span.from_s), what, D(whole), D(parts));
}

static void expect_row(struct sapa_check *check, const struct sapa_row *row, const char *what, int64_t whole,
                       int64_t parts)
{
    expect_sum(check, SAPA_IDENTITY_OFFERED, row, what, whole, parts);
}

#define M(id) (m->of[SAPA_M_##id])

/* Each wait that ended is in one bucket; who left in a menu has not waited. */
static void check_waits(struct sapa_check *check, const struct sapa_row *row)
{
    const struct sapa_measures *m = &row->m;
    int64_t answered = 0, abandoned = 0;

    for (unsigned i = 0; i < SAPA_WAIT_BUCKETS; i++) {
        answered += m->of[SAPA_M_ANSWERED_WAIT_10 + i];
        abandoned += m->of[SAPA_M_ABANDONED_WAIT_10 + i];
    }
    expect_row(check, row, "answered", M(ANSWERED), answered);
    expect_row(check, row, "abandoned while waiting", M(ABANDONED) - M(ABANDONED_MENU), abandoned);
}

/* Calls of agents, and what they passed on. */
static void check_calls(struct sapa_check *check, const struct sapa_row *row)
{
    const struct sapa_measures *m = &row->m;

#define SUMS(what, whole, parts) expect_sum(check, SAPA_IDENTITY_CALLS, row, what, whole, parts)
    if (row->kind < SAPA_ROWS_QUEUES || row->kind == SAPA_ROWS_CAMPAIGNS)
        SUMS("all calls", M(CONTACTS), M(OFFERED) + M(OUTBOUND) + M(INTERNAL));
    SUMS("outbound", M(OUTBOUND),
         M(OUTBOUND_REACHED) + M(OUTBOUND_UNREACHED) + M(OUTBOUND_PASSED) + M(OUTBOUND_OTHER) + M(OUTBOUND_OPEN));
    SUMS("internal", M(INTERNAL),
         M(INTERNAL_REACHED) + M(INTERNAL_UNREACHED) + M(INTERNAL_PASSED) + M(INTERNAL_OTHER) + M(INTERNAL_OPEN));
    SUMS("handled", M(HANDLED), M(RECEIVED) + M(OUTBOUND_HANDLED));
    SUMS("transfers", M(TRANSFERS), M(TRANSFERS_BLIND) + M(TRANSFERS_ASKED));
    SUMS("transfers by target", M(TRANSFERS),
         M(TRANSFERS_TO_QUEUE) + M(TRANSFERS_TO_NUMBER) + M(TRANSFERS_TO_AGENT) + M(TRANSFERS_TO_OUTSIDE));
    if (row->kind < SAPA_ROWS_AGENTS || row->kind == SAPA_ROWS_CAMPAIGNS) {
        SUMS("transfers by end", M(TRANSFERS),
             M(TRANSFERS_RECEIVED) + M(TRANSFERS_OUTSIDE) + M(TRANSFERS_MENU) + M(TRANSFERS_LOST) + M(TRANSFERS_OPEN));
    } else if (row->kind == SAPA_ROWS_AGENTS) {
        const int64_t length_ms = (row->span.to_s - row->span.from_s) * 1000;
        const int64_t parts_ms = M(TALK) + M(HOLD) + M(WRAPUP) + M(INTERNAL_TALK), apart_ms = M(LOGGED_IN) - M(READY) - M(NOT_READY);
        /* each is rounded for itself */
        SUMS("time logged in, apart from ready and not ready by more than rounding,", apart_ms < -ROUNDING_MS || apart_ms > ROUNDING_MS, 0);
        SUMS("time logged in, shorter than that in the office and elsewhere together,", M(IN_OFFICE) + M(ELSEWHERE) > M(LOGGED_IN) + ROUNDING_MS, 0);
        SUMS("handling, longer than its parts together,", M(HANDLING) > parts_ms + ROUNDING_MS, 0);
        SUMS("handling and idle, longer than the interval,", M(HANDLING) + M(IDLE) + M(RINGING) > length_ms + ROUNDING_MS, 0);
    }
#undef SUMS
}

static void check_row(void *ctx, const struct sapa_row *row)
{
    struct row_check *rows = ctx;
    const struct sapa_measures *m = &row->m;

    expect_row(rows->check, row, "offered", M(OFFERED),
               M(ANSWERED) + M(ABANDONED) + M(CONTAINED) + M(CLOSED) + M(VOICEMAIL) + M(CALLBACK)
                   + M(CALLBACK_FAILED) + M(TRANSFERRED) + M(REFUSED) + M(SYSTEM_FAULT) + M(OVERFLOWED)
                   + M(MOVED) + M(LEFT_BY_FLOW) + M(NO_AGENTS) + M(OPEN));
    expect_row(rows->check, row, "abandoned", M(ABANDONED),
               M(ABANDONED_MENU) + M(ABANDONED_QUEUE) + M(ABANDONED_RINGING));
    expect_row(rows->check, row, "callbacks queued", M(CALLBACKS_QUEUED),
               M(CALLBACKS_ANSWERED) + M(CALLBACKS_ENDED) + M(CALLBACKS_OPEN));
    expect_row(rows->check, row, "offers", M(OFFERS),
               M(OFFERS_ACCEPTED) + M(OFFERS_MISSED) + M(OFFERS_REFUSED) + M(OFFERS_FAILED) + M(OFFERS_GONE)
                   + M(OFFERS_OPEN));
    check_calls(rows->check, row);
    if (row->kind != SAPA_ROWS_AGENTS && row->kind != SAPA_ROWS_REASONS)
        check_waits(rows->check, row);
    if (row->kind < SAPA_ROWS_AGENTS || row->kind == SAPA_ROWS_TRUNKS || row->kind == SAPA_ROWS_CAMPAIGNS)
        expect_row(rows->check, row, "waits kept", M(ANSWERED), row->wait_count);
    sapa_measures_join(&rows->all, m);
}

static sapa_rc check_rows(struct sapa_check *check, struct sapa_intervals *intervals, enum sapa_rows kind,
                          struct sapa_measures *ret_all)
{
    struct row_check rows = { .check = check, .kind = kind };
    const sapa_rc rc = sapa_intervals_each(intervals, kind, check_row, &rows);

    *ret_all = rows.all;
    return rc;
}

/* What counts contacts must be the same in all clients together, all numbers together, and the whole. */
static void compare(struct sapa_check *check, const char *who, const struct sapa_measures *all,
                    const struct sapa_measures *total)
{
    for (unsigned i = 0; i < SAPA_M_AGENT_FIRST; i++)
        /* the time of a surge is the client's own: at the same time it counts once for the whole */
        if (!holds(check, SAPA_IDENTITY_OFFERED,
                   i == SAPA_M_SURGE ? all->of[i] >= total->of[i] : all->of[i] == total->of[i]))
            find(check, SAPA_IDENTITY_OFFERED, 0, "%s of all %s together is %lld, of the whole centre %lld.",
                 sapa_measure_info(i)->key, who, D(all->of[i]), D(total->of[i]));
}

static void compare_outcomes(struct sapa_check *check, const struct sapa_measures *total,
                             const struct sapa_calls *calls)
{
    uint64_t closed_in = 0;

    /* Closed, but in wrap-up or with a recording that may still be reported: no record yet. */
    for (uint32_t i = 0; i < calls->open.count; i++) {
        const struct sapa_call *call = sapa_table_at(&calls->open, i);
        if (call->ended_us == 0)
            continue;
        if (call->direction != SAPA_DIRECTION_INBOUND)
            check->calls_out++;
        else if (call->outcome < SAPA_OUTCOME_COUNT)
            check->call_outcomes[call->outcome]++, check->calls_in++;
    }

    for (unsigned i = 0; i < SAPA_OUTCOME_COUNT; i++) {
        closed_in += check->outcomes[i];
        if (!holds(check, SAPA_IDENTITY_RECORDS, check->outcomes[i] == check->call_outcomes[i]))
            find(check, SAPA_IDENTITY_RECORDS, 0, "%llu contacts ended as \"%s\", %llu call records say so.",
                 U(check->outcomes[i]), sapa_outcome_name(i), U(check->call_outcomes[i]));
    }
    if (!holds(check, SAPA_IDENTITY_RECORDS, check->calls_in + check->calls_out == check->closed))
        find(check, SAPA_IDENTITY_RECORDS, 0, "%llu contacts are closed, there are %llu call records.",
             U(check->closed), U(check->calls_in + check->calls_out));
    if (!holds(check, SAPA_IDENTITY_OFFERED,
               total->of[SAPA_M_OFFERED] - total->of[SAPA_M_OPEN] == (int64_t)closed_in))
        find(check, SAPA_IDENTITY_OFFERED, 0, "%lld contacts of the report are closed, %llu of the log.",
             D(total->of[SAPA_M_OFFERED] - total->of[SAPA_M_OPEN]), U(closed_in));
    if (!holds(check, SAPA_IDENTITY_OFFERED, check->opened - check->closed == check->contacts.count))
        find(check, SAPA_IDENTITY_OFFERED, 0, "%llu opened less %llu closed are not the %u open ones.",
             U(check->opened), U(check->closed), check->contacts.count);
}

/* What the rows say of calls and transfers, against what the log says and agents' rows against contacts'. */
static void compare_calls(struct sapa_check *check, const struct sapa_measures *total, const struct sapa_measures *agents)
{
    const struct { const char *what; int64_t rows, other; } pairs[] = {
        { "calls in", total->of[SAPA_M_OFFERED], (int64_t)check->opened_by[SAPA_DIRECTION_INBOUND] },
        { "calls out", total->of[SAPA_M_OUTBOUND], (int64_t)check->opened_by[SAPA_DIRECTION_OUTBOUND] },
        { "internal calls", total->of[SAPA_M_INTERNAL], (int64_t)check->opened_by[SAPA_DIRECTION_INTERNAL] },
        { "all calls", total->of[SAPA_M_CONTACTS], (int64_t)check->opened },
        { "calls by what the far end is", total->of[SAPA_M_PARTY_CUSTOMERS] + total->of[SAPA_M_PARTY_PROSPECTS] + total->of[SAPA_M_INTERNAL], (int64_t)check->opened },
        { "transfers", total->of[SAPA_M_TRANSFERS], (int64_t)check->transfers },
        { "transfers of agents", agents->of[SAPA_M_TRANSFERS], total->of[SAPA_M_TRANSFERS] },
        { "transfers that agents received", agents->of[SAPA_M_TRANSFERS_RECEIVED], total->of[SAPA_M_TRANSFERS_RECEIVED] },
        { "handled by agents", agents->of[SAPA_M_HANDLED], total->of[SAPA_M_HANDLED] },
        { "solved by agents", agents->of[SAPA_M_SOLVED], total->of[SAPA_M_SOLVED] },
        { "calls placed by agents", agents->of[SAPA_M_CALLS_PLACED], total->of[SAPA_M_OUTBOUND] },
        { "internal calls placed by agents", agents->of[SAPA_M_INTERNAL_PLACED], total->of[SAPA_M_INTERNAL] },
        { "calls reached by agents", agents->of[SAPA_M_CALLS_REACHED], total->of[SAPA_M_OUTBOUND_REACHED] },
        { "calls denied to agents", agents->of[SAPA_M_CALLS_DENIED], total->of[SAPA_M_CALLS_DENIED] },
        { "conferences of agents", agents->of[SAPA_M_CONFERENCES], total->of[SAPA_M_CONFERENCES] },
        { "consultations of agents", agents->of[SAPA_M_CONSULTATIONS], total->of[SAPA_M_CONSULTATIONS] },
    };

    for (size_t i = 0; i < SAPA_COUNT(pairs); i++)
        if (!holds(check, SAPA_IDENTITY_CALLS, pairs[i].rows == pairs[i].other))
            find(check, SAPA_IDENTITY_CALLS, 0, "%s: %lld in the rows, %lld by the other count.", pairs[i].what,
                 D(pairs[i].rows), D(pairs[i].other));
}

/* Each line that we placed went over one trunk. */
static void compare_lines(struct sapa_check *check, const struct sapa_measures *trunks, const struct sapa_measures *total)
{
    static const enum sapa_measure measures[] = { SAPA_M_OUTBOUND_LINES, SAPA_M_OUTBOUND_LINE_TIME, SAPA_M_OUTBOUND_COST,
                                                  SAPA_M_OUTBOUND_CHARGED, SAPA_M_OUTBOUND_CHARGED_CALLS };

    for (size_t i = 0; i < SAPA_COUNT(measures); i++)
        if (!holds(check, SAPA_IDENTITY_CALLS, trunks->of[measures[i]] == total->of[measures[i]]))
            find(check, SAPA_IDENTITY_CALLS, 0, "%s of all trunks together is %lld, of the whole centre %lld.",
                 sapa_measure_info(measures[i])->key, D(trunks->of[measures[i]]), D(total->of[measures[i]]));
}

static void compare_talk(struct sapa_check *check, const struct sapa_intervals *intervals,
                         const struct sapa_measures *agents, const struct sapa_measures *total)
{
    const int64_t parts_ms = check->talk_contacts_ms + check->hold_contacts_ms;
    int64_t running_ms = 0, slack_ms = ROUNDING_MS;

    if (!holds(check, SAPA_IDENTITY_TALK,
               total->of[SAPA_M_TALK] + total->of[SAPA_M_HOLD] + total->of[SAPA_M_INTERNAL_TALK] == parts_ms))
        find(check, SAPA_IDENTITY_TALK, 0, "the report has %lld ms of talk, %lld of hold and %lld among colleagues, the log %lld in all.",
             D(total->of[SAPA_M_TALK]), D(total->of[SAPA_M_HOLD]), D(total->of[SAPA_M_INTERNAL_TALK]), D(parts_ms));
    for (uint32_t i = 0; i < check->offers.count; i++) {
        const struct watched_offer *offer = sapa_table_at(&check->offers, i);
        if (offer->stage == 2)
            running_ms += (intervals->now_us - offer->connected_us) / 1000;
    }
    /* Each part rounds its talk and its hold, each row once. */
    slack_ms += 2 * (total->of[SAPA_M_HANDLED] + agents->of[SAPA_M_INTERNAL_PARTS] + (int64_t)check->merges) + intervals->agent_rows.count + check->offers.count;
    const int64_t agents_ms = agents->of[SAPA_M_TALK] + agents->of[SAPA_M_HOLD] + agents->of[SAPA_M_INTERNAL_TALK];
    const int64_t apart_ms = agents_ms - parts_ms - running_ms;
    if (!holds(check, SAPA_IDENTITY_TALK, apart_ms >= -slack_ms && apart_ms <= slack_ms))
        find(check, SAPA_IDENTITY_TALK, 0,
             "agents talked and held %lld ms; contacts %lld ms and %lld ms of conversations that go on.",
             D(agents_ms), D(parts_ms), D(running_ms));
}

sapa_rc sapa_check_end(struct sapa_check *check, struct sapa_intervals *intervals,
                       const struct sapa_calls *calls)
{
    struct sapa_measures total, other, agents;
    sapa_rc rc = check_rows(check, intervals, SAPA_ROWS_TOTAL, &total);

    check->seq = 0; /* what is found now has no place in the log */
    if (rc == SAPA_OK)
        rc = check_rows(check, intervals, SAPA_ROWS_CLIENTS, &other);
    if (rc != SAPA_OK)
        return rc;
    compare(check, "clients", &other, &total);
    rc = check_rows(check, intervals, SAPA_ROWS_NUMBERS, &other);
    if (rc != SAPA_OK)
        return rc;
    compare(check, "numbers", &other, &total);
    rc = check_rows(check, intervals, SAPA_ROWS_TRUNKS, &other);
    if (rc != SAPA_OK)
        return rc;
    compare_lines(check, &other, &total);
    rc = check_rows(check, intervals, SAPA_ROWS_CAMPAIGNS, &other);
    if (rc != SAPA_OK)
        return rc;
    if (!holds(check, SAPA_IDENTITY_CALLS, other.of[SAPA_M_CONTACTS] == (int64_t)check->of_campaigns))
        find(check, SAPA_IDENTITY_CALLS, 0, "calls of all campaigns together are %lld, the log has %llu.",
             D(other.of[SAPA_M_CONTACTS]), U(check->of_campaigns));
    rc = check_rows(check, intervals, SAPA_ROWS_QUEUES, &other);
    if (rc == SAPA_OK)
        rc = check_rows(check, intervals, SAPA_ROWS_AGENTS, &agents);
    if (rc != SAPA_OK)
        return rc;
    compare_outcomes(check, &total, calls);
    compare_calls(check, &total, &agents);
    compare_talk(check, intervals, &agents, &total);
    /* Call records of contacts that are still open carry their share of the talk. */
    int64_t open_talk_ms = 0, open_hold_ms = 0;
    for (uint32_t i = 0; i < calls->open.count; i++) {
        const struct sapa_call *call = sapa_table_at(&calls->open, i);
        open_talk_ms += call->talk_ms;
        open_hold_ms += call->hold_ms;
    }
    if (!holds(check, SAPA_IDENTITY_TALK,
               check->talk_calls_ms + open_talk_ms == check->talk_contacts_ms
                   && check->hold_calls_ms + open_hold_ms == check->hold_contacts_ms))
        find(check, SAPA_IDENTITY_TALK, 0, "call records have %lld ms of talk and %lld of hold, the log %lld and %lld.",
             D(check->talk_calls_ms + open_talk_ms), D(check->hold_calls_ms + open_hold_ms),
             D(check->talk_contacts_ms), D(check->hold_contacts_ms));
    return SAPA_OK;
}
