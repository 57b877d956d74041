#include "http/feed.h"

#include <jansson.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "rt/crypto.h"

enum { RING_ROOM_FIRST = 8 };

/* One message, shared by all who get it. */
struct frame {
    uint32_t refs;
    bool is_beat; /* nothing but its number */
    uint64_t n;
    size_t size;
    char text[];
};

struct ring {
    struct ring *next;
    struct sapa_feed_view view;
    uint64_t base_n;         /* whoever has everything up to here can go on */
    struct frame **frames;
    unsigned first, count, room; /* room: a power of two, SAPA_FEED_RING_FRAMES at most */
    size_t bytes;
    struct frame *snapshot;  /* of the feed's present n, or NULL */
    unsigned subs;
    unsigned idle_ticks;
    bool spoke;              /* since the last beat */
};

struct sapa_feed_sub {
    struct sapa_feed_sub *next, *prev;
    void *connection;
    struct ring *ring;       /* NULL: not admitted */
    uint64_t n;              /* has everything up to here */
    bool fresh;              /* wants a snapshot */
    struct frame *frame;     /* being sent */
    size_t sent;
    char resume_feed[48];
    uint64_t resume_n;
};

struct sapa_feed {
    struct sapa_mirror *mirror;
    void (*want_write)(void *connection);
    const struct sapa_centre *centre; /* of what is published */
    char name[33];
    uint64_t n;
    struct ring *rings;
    struct sapa_feed_sub *subs;
    struct sapa_feed_stats stats;
};

static void frame_drop(struct frame *frame)
{
    if (frame && --frame->refs == 0)
        free(frame);
}

static struct frame *frame_of(const struct sapa_json *json, uint64_t n)
{
    struct frame *frame = json->failed ? NULL : malloc(sizeof(*frame) + json->n);

    if (!frame)
        return NULL;
    frame->refs = 1;
    frame->is_beat = false;
    frame->n = n;
    frame->size = json->n;
    memcpy(frame->text, json->p, json->n);
    return frame;
}

static void rename_feed(struct sapa_feed *feed)
{
    struct sapa_key random;

    sapa_key_random(&random);
    sapa_hex(random.bytes, 16, feed->name);
}

sapa_rc sapa_feed_new(struct sapa_mirror *mirror, void (*want_write)(void *connection), struct sapa_feed **ret)
{
    struct sapa_feed *feed = calloc(1, sizeof(*feed));

    if (!feed)
        return SAPA_ENOMEM;
    feed->mirror = mirror;
    feed->want_write = want_write;
    rename_feed(feed);
    *ret = feed;
    return SAPA_OK;
}

/* ---- rings ---- */

static struct frame **ring_at(const struct ring *ring, unsigned i)
{
    return &ring->frames[(ring->first + i) & (ring->room - 1)];
}

static void ring_shift(struct sapa_feed *feed, struct ring *ring)
{
    struct frame *oldest = *ring_at(ring, 0);

    ring->base_n = oldest->n;
    ring->bytes -= oldest->size;
    feed->stats.bytes -= oldest->size;
    ring->first = (ring->first + 1) & (ring->room - 1);
    ring->count--;
    frame_drop(oldest);
}

static struct ring *fattest(const struct sapa_feed *feed)
{
    struct ring *found = feed->rings;

    for (struct ring *ring = feed->rings; ring; ring = ring->next) {
        if (ring->bytes > found->bytes)
            found = ring;
    }
    return found;
}

/* A quiet desk's ring holds hardly anything: it begins small. Without memory the oldest frame gives way. */
static void ring_grow(struct ring *ring)
{
    const unsigned room = ring->room ? 2 * ring->room : RING_ROOM_FIRST;
    struct frame **frames = room <= SAPA_FEED_RING_FRAMES ? malloc(room * sizeof(struct frame *)) : NULL;

    if (!frames)
        return;
    for (unsigned i = 0; i < ring->count; i++)
        frames[i] = *ring_at(ring, i);
    free(ring->frames);
    ring->frames = frames;
    ring->room = room;
    ring->first = 0;
}

/* Each has its share of the whole. Who has more gives way when the whole is full, down to it at once: he is seldom looked for. */
static void ring_add(struct sapa_feed *feed, struct ring *ring, struct frame *frame)
{
    const size_t share = SAPA_FEED_BYTES / SAPA_MAX(feed->stats.rings, UINT64_C(1));

    if (frame->is_beat && ring->count > 0 && (*ring_at(ring, ring->count - 1))->is_beat) { /* this one says what that one said */
        struct frame **last = ring_at(ring, ring->count - 1);
        ring->bytes += frame->size - (*last)->size;
        feed->stats.bytes += frame->size - (*last)->size;
        frame_drop(*last);
        *last = frame;
        return;
    }
    if (ring->count == ring->room)
        ring_grow(ring);
    if (ring->room == 0) { /* no memory at all: whoever was there gets a snapshot */
        ring->base_n = frame->n;
        frame_drop(frame);
        return;
    }
    while (ring->count == ring->room || (ring->count > 0 && ring->bytes + frame->size > SAPA_FEED_RING_BYTES))
        ring_shift(feed, ring);
    while (feed->stats.bytes > 0 && feed->stats.bytes + frame->size > SAPA_FEED_BYTES) {
        struct ring *full = ring->count > 0 && ring->bytes + frame->size > share ? ring : fattest(feed);
        do
            ring_shift(feed, full);
        while (full->count > 0 && full->bytes > share);
    }
    *ring_at(ring, ring->count++) = frame;
    ring->bytes += frame->size;
    feed->stats.bytes += frame->size;
}

static void ring_empty(struct sapa_feed *feed, struct ring *ring)
{
    while (ring->count > 0)
        ring_shift(feed, ring);
    frame_drop(ring->snapshot);
    ring->snapshot = NULL;
}

static void ring_forget(struct sapa_feed *feed, struct ring **at)
{
    struct ring *ring = *at;

    *at = ring->next;
    ring_empty(feed, ring);
    free(ring->frames);
    free(ring);
    feed->stats.rings--;
}

/* The one that nobody has looked at for the longest time gives way. */
static void forget_one(struct sapa_feed *feed)
{
    struct ring **idle = NULL;

    for (struct ring **at = &feed->rings; *at; at = &(*at)->next) {
        if ((*at)->subs == 0 && (!idle || (*at)->idle_ticks > (*idle)->idle_ticks))
            idle = at;
    }
    if (idle)
        ring_forget(feed, idle);
}

static struct ring *ring_of(struct sapa_feed *feed, const struct sapa_feed_view *view)
{
    for (struct ring *ring = feed->rings; ring; ring = ring->next) {
        if (sapa_scope_same(&ring->view.scope, &view->scope) && ring->view.show_pii == view->show_pii &&
            ring->view.standings_only == view->standings_only)
            return ring;
    }
    if (feed->stats.rings >= SAPA_FEED_SUBS_MAX) /* then one is nobody's: he who asks has none yet */
        forget_one(feed);
    struct ring *ring = calloc(1, sizeof(*ring));
    if (!ring)
        return NULL;
    ring->view = *view;
    ring->base_n = feed->n;
    ring->next = feed->rings;
    feed->rings = ring;
    feed->stats.rings++;
    return ring;
}

/* First frame after `n`, NULL when there is none. Numbers grow, but not by one. */
static struct frame *ring_after(const struct ring *ring, uint64_t n)
{
    unsigned low = 0, high = ring->count;

    while (low < high) {
        const unsigned middle = (low + high) / 2;
        if ((*ring_at(ring, middle))->n <= n)
            low = middle + 1;
        else
            high = middle;
    }
    return low < ring->count ? *ring_at(ring, low) : NULL;
}

/* ---- subscribers ---- */

struct sapa_feed_sub *sapa_feed_join(struct sapa_feed *feed, void *connection)
{
    struct sapa_feed_sub *sub = feed->stats.subscribers < SAPA_FEED_SUBS_MAX ? calloc(1, sizeof(*sub)) : NULL;

    if (!sub)
        return NULL;
    sub->connection = connection;
    sub->next = feed->subs;
    if (sub->next)
        sub->next->prev = sub;
    feed->subs = sub;
    feed->stats.subscribers++;
    return sub;
}

void sapa_feed_leave(struct sapa_feed *feed, struct sapa_feed_sub *sub)
{
    if (sub->prev)
        sub->prev->next = sub->next;
    else
        feed->subs = sub->next;
    if (sub->next)
        sub->next->prev = sub->prev;
    if (sub->ring)
        sub->ring->subs--;
    frame_drop(sub->frame);
    feed->stats.subscribers--;
    free(sub);
}

void sapa_feed_resume(struct sapa_feed_sub *sub, const char *name, uint64_t n)
{
    if (!sapa_str_copy(sapa_str_of(name), sub->resume_feed, sizeof(sub->resume_feed)))
        sub->resume_feed[0] = '\0';
    sub->resume_n = n;
}

/* Who sees other agents than before begins again: what he does not see any more would stay with him. */
static struct sapa_str name_of(const struct sapa_feed *feed, const struct sapa_scope *scope, char buf[48])
{
    struct sapa_text text;

    sapa_text_init(&text, buf, 48);
    sapa_text_add(&text, sapa_str_of(feed->name));
    if (scope->guest_count > 0)
        sapa_text_printf(&text, "-%08x", (unsigned)sapa_crc32c(0, scope->guests, scope->guest_count * sizeof(scope->guests[0])));
    return sapa_text_str(&text);
}

bool sapa_feed_admit(struct sapa_feed *feed, struct sapa_feed_sub *sub, const struct sapa_feed_view *view)
{
    char buf[48];

    sub->ring = ring_of(feed, view);
    if (!sub->ring)
        return false;
    sub->ring->subs++;
    sub->ring->idle_ticks = 0;
    sub->fresh = !sapa_str_eq(sapa_str_of(sub->resume_feed), name_of(feed, &view->scope, buf)) || sub->resume_n < sub->ring->base_n || sub->resume_n > feed->n;
    sub->n = sub->resume_n;
    feed->want_write(sub->connection);
    return true;
}

bool sapa_feed_is_admitted(const struct sapa_feed_sub *sub)
{
    return sub->ring != NULL;
}

void sapa_feed_free(struct sapa_feed *feed)
{
    if (!feed)
        return;
    while (feed->subs)
        sapa_feed_leave(feed, feed->subs);
    while (feed->rings)
        ring_forget(feed, &feed->rings);
    free(feed);
}

/* ---- writing ---- */

static void event(struct sapa_json *out, const char *type, struct sapa_str id)
{
    sapa_json_open(out, '{');
    sapa_json_add_text(out, "type", sapa_str_of(type));
    sapa_json_add_text(out, "id", id);
    sapa_json_key(out, "data");
}

static struct sapa_str id_text(uint64_t id, char buf[24])
{
    struct sapa_text text;

    sapa_text_init(&text, buf, 24);
    sapa_text_printf(&text, "%llu", (unsigned long long)id);
    return sapa_text_str(&text);
}

static void contact_gone(struct sapa_json *out, uint64_t contact, unsigned *count)
{
    char buf[24];

    event(out, "contact", id_text(contact, buf));
    sapa_json_null(out);
    sapa_json_close(out, '}');
    ++*count;
}

/* The changes that this view may see. Returns how many. */
static unsigned write_events(const struct sapa_mirror *mirror, const struct sapa_feed_view *view, struct sapa_json *out)
{
    const struct sapa_scope *scope = &view->scope;
    unsigned count = 0;
    char buf[24];

    for (size_t i = 0; i < mirror->standing_count; i++) {
        char name[SAPA_KEY_MAX + 16];
        struct sapa_text text;
        if (!mirror->standing_dirty[i] || !sapa_scope_standing(scope, mirror, i))
            continue;
        sapa_text_init(&text, name, sizeof(name));
        event(out, "standing", sapa_mirror_standing_id(mirror, i, &text));
        sapa_mirror_standing_json(mirror, i, out);
        sapa_json_close(out, '}');
        count++;
    }
    if (view->standings_only)
        return count;
    for (size_t i = 0; i < mirror->end_count; i++) {
        const struct sapa_mirror_end *end = &mirror->ends[i];
        if (sapa_scope_hands(scope, mirror->centre, end->client, end->agent, end->others))
            contact_gone(out, end->contact, &count);
    }
    for (size_t i = 0; i < mirror->dirty_count; i++) {
        const struct sapa_mirror_contact *contact = sapa_mirror_contact_find(mirror, mirror->dirty[i]);
        if (!contact)
            continue;
        if (sapa_scope_contact(scope, mirror->centre, contact)) {
            event(out, "contact", id_text(contact->view.contact, buf));
            sapa_mirror_contact_json(mirror, contact, view->show_pii, out);
            sapa_json_close(out, '}');
            count++;
        } else if (contact->published &&
                   sapa_scope_hands(scope, mirror->centre, contact->view.client, contact->published_agent, contact->published_others)) {
            contact_gone(out, contact->view.contact, &count); /* it has left this agent, or these teams */
        }
    }
    for (uint32_t i = 0; i < mirror->centre->agents_count; i++) {
        if (!mirror->agents[i].dirty || !sapa_scope_agent(scope, mirror->centre, i))
            continue;
        event(out, "agent", mirror->centre->agents[i].key);
        sapa_mirror_agent_json(mirror, i, scope, out);
        sapa_json_close(out, '}');
        count++;
    }
    for (size_t i = 0; i < mirror->queue_count; i++) {
        if (!mirror->queue_dirty[i] || !sapa_scope_queue(scope, mirror, i))
            continue;
        event(out, "queue", mirror->centre->queues[mirror->queues[i].queue].key);
        sapa_mirror_queue_json(mirror, i, out);
        sapa_json_close(out, '}');
        count++;
    }
    if (mirror->alerts_dirty) {
        event(out, "alerts", SAPA_STR("alerts"));
        sapa_mirror_alerts_json(mirror, scope, out);
        sapa_json_close(out, '}');
        count++;
    }
    if (mirror->broadcasts_dirty) {
        event(out, "messages", SAPA_STR("messages"));
        sapa_mirror_broadcasts_json(mirror, scope, out);
        sapa_json_close(out, '}');
        count++;
    }
    if (mirror->tickets_dirty) {
        event(out, "tickets", SAPA_STR("tickets"));
        sapa_mirror_tickets_json(mirror, scope, out);
        sapa_json_close(out, '}');
        count++;
    }
    if (mirror->switches_dirty) {
        event(out, "switches", SAPA_STR("switches"));
        sapa_mirror_switches_json(mirror, scope, out);
        sapa_json_close(out, '}');
        count++;
    }
    return count;
}

/* @param scope  NULL: of one that sees no guests */
static void head(const struct sapa_feed *feed, const struct sapa_scope *scope, const char *type, struct sapa_json *out)
{
    char buf[48];

    sapa_json_open(out, '{');
    sapa_json_add_text(out, "type", sapa_str_of(type));
    sapa_json_add_text(out, "feed", scope ? name_of(feed, scope, buf) : sapa_str_of(feed->name));
    sapa_json_add_number(out, "n", (int64_t)feed->n);
}

static struct frame *snapshot_of(struct sapa_feed *feed, struct ring *ring)
{
    const struct sapa_mirror *mirror = feed->mirror;
    const struct sapa_scope *scope = &ring->view.scope;
    const bool whole = !ring->view.standings_only;
    struct sapa_json out = { .p = NULL };

    if (ring->snapshot)
        return ring->snapshot;
    head(feed, scope, "snapshot", &out);
    sapa_json_key(&out, "contacts");
    sapa_json_open(&out, '[');
    for (uint32_t i = 0; whole && i < mirror->contacts.count; i++) {
        const struct sapa_mirror_contact *contact = sapa_table_at(&mirror->contacts, i);
        if (sapa_scope_contact(scope, mirror->centre, contact))
            sapa_mirror_contact_json(mirror, contact, ring->view.show_pii, &out);
    }
    sapa_json_close(&out, ']');
    sapa_json_key(&out, "agents");
    sapa_json_open(&out, '[');
    for (uint32_t i = 0; whole && mirror->centre && i < mirror->centre->agents_count; i++) {
        if (sapa_scope_agent(scope, mirror->centre, i))
            sapa_mirror_agent_json(mirror, i, scope, &out);
    }
    sapa_json_close(&out, ']');
    sapa_json_key(&out, "queues");
    sapa_json_open(&out, '[');
    for (size_t i = 0; whole && i < mirror->queue_count; i++) {
        if (sapa_scope_queue(scope, mirror, i))
            sapa_mirror_queue_json(mirror, i, &out);
    }
    sapa_json_close(&out, ']');
    sapa_json_key(&out, "alerts");
    if (whole)
        sapa_mirror_alerts_json(mirror, scope, &out);
    else
        sapa_json_raw(&out, SAPA_STR("[]"));
    sapa_json_key(&out, "messages");
    if (whole)
        sapa_mirror_broadcasts_json(mirror, scope, &out);
    else
        sapa_json_raw(&out, SAPA_STR("[]"));
    sapa_json_key(&out, "tickets");
    if (whole)
        sapa_mirror_tickets_json(mirror, scope, &out);
    else
        sapa_json_raw(&out, SAPA_STR("[]"));
    if (scope->agent == SAPA_NONE) {
        sapa_json_key(&out, "standings");
        sapa_json_open(&out, '[');
        for (size_t i = 0; i < mirror->standing_count; i++) {
            if (sapa_scope_standing(scope, mirror, i))
                sapa_mirror_standing_json(mirror, i, &out);
        }
        sapa_json_close(&out, ']');
    }
    sapa_json_key(&out, "switches");
    if (whole)
        sapa_mirror_switches_json(mirror, scope, &out);
    else
        sapa_json_raw(&out, SAPA_STR("[]"));
    sapa_json_close(&out, '}');
    ring->snapshot = frame_of(&out, feed->n);
    sapa_json_done(&out);
    return ring->snapshot;
}

/* A new description: keys may name other things. Everybody begins again. */
static void begin_again(struct sapa_feed *feed)
{
    feed->centre = feed->mirror->centre;
    rename_feed(feed);
    for (struct ring *ring = feed->rings; ring; ring = ring->next) {
        ring_empty(feed, ring);
        ring->base_n = feed->n;
    }
    for (struct sapa_feed_sub *sub = feed->subs; sub; sub = sub->next)
        sub->fresh = true;
}

static bool has_changes(const struct sapa_mirror *mirror)
{
    bool any = mirror->dirty_count > 0 || mirror->end_count > 0 || mirror->switches_dirty || mirror->broadcasts_dirty || mirror->alerts_dirty || mirror->tickets_dirty;

    for (uint32_t i = 0; !any && i < mirror->centre->agents_count; i++)
        any = mirror->agents[i].dirty;
    for (size_t i = 0; !any && i < mirror->queue_count; i++)
        any = mirror->queue_dirty[i];
    for (size_t i = 0; !any && i < mirror->standing_count; i++)
        any = mirror->standing_dirty[i];
    return any;
}

static void forget_rings(struct sapa_feed *feed)
{
    for (struct ring **at = &feed->rings; *at;) {
        struct ring *ring = *at;
        if (ring->subs > 0 || ring->idle_ticks++ < SAPA_FEED_KEPT_TICKS) {
            at = &ring->next;
            continue;
        }
        ring_forget(feed, at);
    }
}

void sapa_feed_tick(struct sapa_feed *feed)
{
    struct sapa_mirror *mirror = feed->mirror;
    struct sapa_json out = { .p = NULL };

    feed->stats.ticks++;
    if (!mirror->centre)
        return;
    forget_rings(feed);
    const bool again = feed->centre != mirror->centre;
    if (!again && !has_changes(mirror))
        return;
    feed->n++;
    if (again)
        begin_again(feed);
    for (struct ring *ring = feed->rings; ring; ring = ring->next) {
        frame_drop(ring->snapshot);
        ring->snapshot = NULL;
        if (again)
            continue;
        sapa_json_reset(&out);
        head(feed, &ring->view.scope, "events", &out);
        sapa_json_key(&out, "events");
        sapa_json_open(&out, '[');
        const unsigned count = write_events(mirror, &ring->view, &out);
        sapa_json_close(&out, ']');
        sapa_json_close(&out, '}');
        struct frame *frame = count > 0 ? frame_of(&out, feed->n) : NULL;
        if (frame) {
            ring_add(feed, ring, frame);
            ring->spoke = true;
        } else if (count > 0) { /* no memory for it: whoever was there gets a snapshot */
            ring_empty(feed, ring);
            ring->base_n = feed->n;
        }
    }
    sapa_json_done(&out);
    sapa_mirror_clean(mirror);
    for (struct sapa_feed_sub *sub = feed->subs; sub; sub = sub->next) {
        if (sapa_feed_has_more(feed, sub))
            feed->want_write(sub->connection);
    }
}

static struct frame *beat_of(const struct sapa_feed *feed, const struct sapa_scope *scope)
{
    struct sapa_json out = { .p = NULL };

    head(feed, scope, "events", &out);
    sapa_json_key(&out, "events");
    sapa_json_raw(&out, SAPA_STR("[]"));
    sapa_json_close(&out, '}');
    struct frame *beat = frame_of(&out, feed->n);
    if (beat)
        beat->is_beat = true;
    sapa_json_done(&out);
    return beat;
}

void sapa_feed_beat(struct sapa_feed *feed)
{
    struct frame *beat = NULL; /* one for all: of hundreds of desks most are quiet most of the time */
    bool quiet = false;

    sapa_feed_tick(feed); /* what waits goes first, under a number of its own */
    if (!feed->centre)
        return;
    for (struct ring *ring = feed->rings; ring; ring = ring->next)
        quiet |= ring->subs > 0 && !ring->spoke;
    if (quiet) {
        feed->n++;
        beat = beat_of(feed, NULL);
    }
    for (struct ring *ring = feed->rings; ring; ring = ring->next) {
        if (quiet) { /* it would have an older number */
            frame_drop(ring->snapshot);
            ring->snapshot = NULL;
        }
        if (quiet && ring->subs > 0 && !ring->spoke) {
            struct frame *own = ring->view.scope.guest_count > 0 ? beat_of(feed, &ring->view.scope) : beat;
            if (own && own == beat)
                beat->refs++;
            if (own)
                ring_add(feed, ring, own);
        }
        ring->spoke = false;
    }
    frame_drop(beat);
    for (struct sapa_feed_sub *sub = feed->subs; quiet && sub; sub = sub->next) {
        if (sapa_feed_has_more(feed, sub))
            feed->want_write(sub->connection);
    }
}

bool sapa_feed_has_more(const struct sapa_feed *feed, const struct sapa_feed_sub *sub)
{
    (void)feed;
    return sub->ring && feed->centre && (sub->frame || sub->fresh || sub->n < sub->ring->base_n || ring_after(sub->ring, sub->n));
}

bool sapa_feed_next(struct sapa_feed *feed, struct sapa_feed_sub *sub, void *buf, size_t size, struct sapa_feed_part *ret)
{
    if (!sapa_feed_has_more(feed, sub))
        return false;
    if (!sub->frame) {
        feed->stats.behind += !sub->fresh && sub->n < sub->ring->base_n;
        /* A snapshot shows the mirror: nothing may wait in it that is not published, or it would come twice. */
        const bool fresh = sub->fresh || sub->n < sub->ring->base_n;
        if (fresh && has_changes(feed->mirror))
            sapa_feed_tick(feed);
        struct frame *frame = fresh ? snapshot_of(feed, sub->ring) : ring_after(sub->ring, sub->n);
        if (!frame)
            return false;
        frame->refs++;
        sub->frame = frame;
        sub->sent = 0;
        sub->fresh = false;
        sub->n = frame->n;
        feed->stats.messages++;
        feed->stats.snapshots += fresh;
    }
    ret->size = SAPA_MIN(size, sub->frame->size - sub->sent);
    memcpy(buf, sub->frame->text + sub->sent, ret->size);
    ret->first = sub->sent == 0;
    sub->sent += ret->size;
    ret->last = sub->sent == sub->frame->size;
    if (ret->last) {
        frame_drop(sub->frame);
        sub->frame = NULL;
    }
    return true;
}

struct sapa_feed_stats sapa_feed_stats(const struct sapa_feed *feed)
{
    return feed->stats;
}

sapa_rc sapa_feed_hello_parse(struct sapa_str text, struct sapa_feed_hello *ret)
{
    struct sapa_feed_hello hello = { .n = 0 };
    json_t *object = text.n <= 1024 ? json_loadb(text.p ? text.p : "", text.n, JSON_REJECT_DUPLICATES, NULL) : NULL;
    const json_t *token = json_object_get(object, "token"), *feed = json_object_get(object, "feed"), *n = json_object_get(object, "n");
    const bool good =
        json_is_string(token) && sapa_str_copy((struct sapa_str){ json_string_value(token), json_string_length(token) }, hello.token, sizeof(hello.token)) &&
        (!feed || (json_is_string(feed) && sapa_str_copy((struct sapa_str){ json_string_value(feed), json_string_length(feed) }, hello.feed, sizeof(hello.feed)))) &&
        (!n || (json_is_integer(n) && json_integer_value(n) >= 0));

    hello.n = n ? (uint64_t)json_integer_value(n) : 0;
    json_decref(object);
    if (!good)
        return SAPA_EINVAL;
    *ret = hello;
    return SAPA_OK;
}
