/*
 * The location service. An address of record holds its bindings in a short list; the time of expiry of
 * every binding stands in one heap. A REGISTER is first checked whole, then carried out.
 *
 * When a phone would have more bindings than it may, its oldest one goes: a softphone that takes a new
 * port at every start must not lock itself out until the old ones expire.
 */
#include "sip/registrar.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "sip/chars_impl.h"
#include "sip/map_impl.h"
#include "sip/secret_impl.h"

enum { AOR_MAX = 255, TEXT_MAX = 640, INSTANCE_MAX = 64 }; /* a record of the two fits SAPA_SIP_BINDING_RECORD_MAX */
enum { T_CONTACT, T_PATH, T_CALL_ID, T_AGENT, T_INSTANCE, T_COUNT };

struct binding {
    uint32_t index, heap_place, aor;
    uint32_t cseq, reg_id; /* reg_id 0: none was given */
    uint16_t q_milli;
    uint16_t text_n[T_COUNT];
    int64_t expires_us, registered_us;
    struct sapa_sip_flow flow;
    char text[];
};

struct aor {
    char *name; /* NULL: free */
    uint8_t name_n;
    uint8_t count;
    uint64_t key;
    uint32_t next_free;
    struct binding *bindings[SAPA_SIP_CONTACTS_MAX];
};

struct sapa_sip_registrar {
    struct sapa_sip_registrar_opts opts;
    uint8_t secret[16];
    struct aor *aors;
    uint32_t aor_slots, aor_free, aor_count;
    struct binding **slots; /* by binding index, for the heap */
    uint32_t slot_count;
    uint32_t *free_slots;
    uint32_t free_count;
    struct sapa_sip_map map;
    struct sapa_sip_heap heap;
};

static void heap_moved(void *ctx, uint32_t ref, uint32_t place)
{
    struct sapa_sip_registrar *r = ctx;

    r->slots[ref]->heap_place = place;
}

sapa_rc sapa_sip_registrar_open(const struct sapa_sip_registrar_opts *opts,
                                struct sapa_sip_registrar **ret_registrar)
{
    struct sapa_sip_registrar *r = calloc(1, sizeof(*r));

    if (!r)
        return SAPA_ENOMEM;
    r->opts = *opts;
    r->opts.aor_max = opts->aor_max ? opts->aor_max : 20000;
    r->opts.contacts_max = opts->contacts_max ? opts->contacts_max : 5;
    r->opts.expires_min_s = opts->expires_min_s ? opts->expires_min_s : 30;
    r->opts.expires_max_s = opts->expires_max_s ? opts->expires_max_s : 3600;
    r->opts.expires_default_s = opts->expires_default_s ? opts->expires_default_s : 600;
    if (r->opts.contacts_max > SAPA_SIP_CONTACTS_MAX ||
        r->opts.expires_min_s > r->opts.expires_max_s) {
        free(r);
        return SAPA_EINVAL;
    }
    secret_fill(r->secret);
    r->aor_free = SAPA_NONE;
    r->heap.moved = heap_moved;
    r->heap.ctx = r;
    *ret_registrar = r;
    return SAPA_OK;
}

void sapa_sip_registrar_close(struct sapa_sip_registrar *r)
{
    if (!r)
        return;
    for (uint32_t i = 0; i < r->aor_slots; i++) {
        for (unsigned k = 0; k < r->aors[i].count; k++)
            free(r->aors[i].bindings[k]);
        free(r->aors[i].name);
    }
    free(r->aors);
    free(r->slots);
    free(r->free_slots);
    sapa_sip_map_free(&r->map);
    sapa_sip_heap_free(&r->heap);
    free(r);
}

/* --- tables ------------------------------------------------------------------------------------------------------- */

static uint64_t aor_key(const struct sapa_sip_registrar *r, struct sapa_str name)
{
    struct sapa_sip_hash hash;

    sapa_sip_hash_begin(&hash, r->secret);
    sapa_sip_hash_str(&hash, name);
    return sapa_sip_hash_end(&hash);
}

static struct aor *find_aor(const struct sapa_sip_registrar *r, struct sapa_str name)
{
    size_t cursor = SIZE_MAX;
    uint32_t index;

    while (sapa_sip_map_next(&r->map, aor_key(r, name), &cursor, &index)) {
        struct aor *aor = &r->aors[index];
        if (sapa_str_eq((struct sapa_str){ aor->name, aor->name_n }, name))
            return aor;
    }
    return NULL;
}

static struct aor *make_aor(struct sapa_sip_registrar *r, struct sapa_str name)
{
    if (name.n == 0 || name.n > AOR_MAX || r->aor_count >= r->opts.aor_max)
        return NULL;
    if (r->aor_free == SAPA_NONE) {
        const uint32_t slots = r->aor_slots ? r->aor_slots * 2 : 16;
        struct aor *aors = realloc(r->aors, slots * sizeof(*aors));
        if (!aors)
            return NULL;
        r->aors = aors;
        for (uint32_t i = slots; i-- > r->aor_slots;) {
            aors[i] = (struct aor){ .next_free = r->aor_free };
            r->aor_free = i;
        }
        r->aor_slots = slots;
    }
    const uint32_t index = r->aor_free;
    struct aor *aor = &r->aors[index];
    char *copy = malloc(name.n);
    if (!copy || sapa_sip_map_add(&r->map, aor_key(r, name), index) != SAPA_OK) {
        free(copy);
        return NULL;
    }
    memcpy(copy, name.p, name.n);
    r->aor_free = aor->next_free;
    r->aor_count++;
    *aor = (struct aor){ .name = copy, .name_n = (uint8_t)name.n, .key = aor_key(r, name) };
    return aor;
}

static void forget_if_empty(struct sapa_sip_registrar *r, struct aor *aor)
{
    if (aor->count > 0)
        return;
    const uint32_t index = (uint32_t)(aor - r->aors);
    sapa_sip_map_remove(&r->map, aor->key, index);
    free(aor->name);
    *aor = (struct aor){ .next_free = r->aor_free };
    r->aor_free = index;
    r->aor_count--;
}

static struct sapa_str text_of(const struct binding *b, int which)
{
    size_t at = 0;

    for (int i = 0; i < which; i++)
        at += b->text_n[i];
    return (struct sapa_str){ b->text + at, b->text_n[which] };
}

static struct sapa_sip_binding view(const struct sapa_sip_registrar *r, const struct binding *b)
{
    const struct aor *aor = &r->aors[b->aor];

    return (struct sapa_sip_binding){ .aor = { aor->name, aor->name_n },
                                      .contact = text_of(b, T_CONTACT),
                                      .path = text_of(b, T_PATH),
                                      .call_id = text_of(b, T_CALL_ID),
                                      .user_agent = text_of(b, T_AGENT),
                                      .instance = text_of(b, T_INSTANCE),
                                      .cseq = b->cseq,
                                      .reg_id = b->reg_id,
                                      .q_milli = b->q_milli,
                                      .flow = b->flow,
                                      .expires_us = b->expires_us,
                                      .registered_us = b->registered_us };
}

/* NULL: no memory. */
static struct binding *make_binding(const struct sapa_str texts[T_COUNT])
{
    size_t n = 0;

    for (int i = 0; i < T_COUNT; i++)
        n += texts[i].n;
    struct binding *b = calloc(1, sizeof(*b) + n);
    if (!b)
        return NULL;
    char *at = b->text;
    for (int i = 0; i < T_COUNT; i++) {
        if (texts[i].n > 0)
            memcpy(at, texts[i].p, texts[i].n);
        at += texts[i].n;
        b->text_n[i] = (uint16_t)texts[i].n;
    }
    return b;
}

static sapa_rc reserve_slot(struct sapa_sip_registrar *r)
{
    if (r->free_count > 0)
        return SAPA_OK;
    const uint32_t count = r->slot_count ? r->slot_count * 2 : 32;
    if (sapa_sip_heap_reserve(&r->heap, count) != SAPA_OK)
        return SAPA_ENOMEM;
    struct binding **slots = realloc(r->slots, count * sizeof(struct binding *));
    if (!slots)
        return SAPA_ENOMEM;
    r->slots = slots;
    uint32_t *free_slots = realloc(r->free_slots, count * sizeof(uint32_t));
    if (!free_slots)
        return SAPA_ENOMEM;
    r->free_slots = free_slots;
    for (uint32_t i = count; i-- > r->slot_count;) {
        slots[i] = NULL;
        free_slots[r->free_count++] = i;
    }
    r->slot_count = count;
    return SAPA_OK;
}

/* Room was reserved. */
static void attach(struct sapa_sip_registrar *r, struct aor *aor, struct binding *b)
{
    sapa_assert(r->free_count > 0 && aor->count < SAPA_SIP_CONTACTS_MAX);
    b->index = r->free_slots[--r->free_count];
    b->aor = (uint32_t)(aor - r->aors);
    b->heap_place = 0;
    r->slots[b->index] = b;
    aor->bindings[aor->count++] = b;
    sapa_sip_heap_set(&r->heap, b->index, 0, b->expires_us);
}

static void detach(struct sapa_sip_registrar *r, struct aor *aor, struct binding *b)
{
    sapa_sip_heap_remove(&r->heap, b->heap_place);
    r->slots[b->index] = NULL;
    r->free_slots[r->free_count++] = b->index;
    for (unsigned i = 0; i < aor->count; i++) {
        if (aor->bindings[i] == b) {
            memmove(&aor->bindings[i], &aor->bindings[i + 1],
                    (size_t)(aor->count - i - 1) * sizeof(aor->bindings[0]));
            aor->count--;
            break;
        }
    }
    free(b);
}

static struct binding *find_contact(const struct aor *aor, const struct sapa_sip_uri *uri)
{
    struct sapa_sip_uri have;

    for (unsigned i = 0; aor && i < aor->count; i++) {
        if (sapa_sip_uri_parse(text_of(aor->bindings[i], T_CONTACT), &have) == SAPA_OK &&
            sapa_sip_uri_eq(&have, uri))
            return aor->bindings[i];
    }
    return NULL;
}

static bool is_web(const struct sapa_sip_flow *flow)
{
    return flow->kind == SAPA_SIP_FLOW_WS || flow->kind == SAPA_SIP_FLOW_WSS;
}

/* The same phone by another flow (RFC 5626 6): its instance and reg-id; a browser is one phone without the latter too. */
static struct binding *find_instance(const struct aor *aor, struct sapa_str instance, uint32_t reg_id, bool web)
{
    for (unsigned i = 0; instance.n > 0 && (reg_id || web) && i < aor->count; i++) {
        struct binding *b = aor->bindings[i];
        if (sapa_str_eq(text_of(b, T_INSTANCE), instance) && b->reg_id == reg_id && (reg_id || is_web(&b->flow)))
            return b;
    }
    return NULL;
}

static void expire_aor(struct sapa_sip_registrar *r, struct aor *aor, int64_t wall_us)
{
    for (unsigned i = aor->count; i-- > 0;) {
        if (aor->bindings[i]->expires_us <= wall_us)
            detach(r, aor, aor->bindings[i]);
    }
}

/* --- REGISTER -------------------------------------------------------------------------------------------------------- */

struct wish {
    struct sapa_sip_addr addr;
    uint32_t expires_s, reg_id;
    uint16_t q_milli;
    struct sapa_str instance;
};

static uint16_t q_of(struct sapa_str params)
{
    struct sapa_str text;
    unsigned q = 0, unit = 1000;

    if (!sapa_sip_params_get(params, SAPA_STR("q"), &text) || text.n == 0)
        return 1000;
    if (text.p[0] == '1')
        return 1000;
    for (size_t i = 2; i < text.n && i < 5 && is_class(text.p[i], SAPA_SIP_C_DIGIT); i++) {
        unit /= 10;
        q += (unsigned)(text.p[i] - '0') * unit;
    }
    return (uint16_t)q;
}

/* delta-seconds of a parameter; malformed ones count as 3600 (RFC 3261 10.2.1.1), large ones are capped. */
static uint32_t seconds_of(struct sapa_str text)
{
    uint64_t seconds = 0;

    if (text.n == 0)
        return 3600;
    for (size_t i = 0; i < text.n; i++) {
        if (!is_class(text.p[i], SAPA_SIP_C_DIGIT))
            return 3600;
        seconds = SAPA_MIN(seconds * 10 + (uint64_t)(text.p[i] - '0'), UINT32_MAX);
    }
    return (uint32_t)seconds;
}

/* Reads all Contacts. 0: fine, else the status to answer. */
static int read_wishes(const struct sapa_sip_registrar *r, const struct sapa_sip_msg *msg,
                       struct wish *wishes, unsigned *ret_count, bool *ret_star)
{
    uint32_t common = r->opts.expires_default_s;
    struct sapa_sip_iter iter = sapa_sip_iter_of(msg, SAPA_SIP_H_CONTACT);
    struct sapa_str value, text;
    unsigned count = 0;

    *ret_star = false;
    const bool given = sapa_sip_seconds(msg, SAPA_SIP_H_EXPIRES, &common) == SAPA_OK;
    while (sapa_sip_iter_next(&iter, &value)) {
        struct wish *wish = &wishes[count];
        if (count == SAPA_SIP_CONTACTS_MAX)
            return 403;
        if (sapa_sip_addr_parse(value, &wish->addr) != SAPA_OK)
            return 400;
        count++;
        if (wish->addr.star) {
            *ret_star = true;
            continue;
        }
        if (wish->addr.uri.scheme != SAPA_SIP_SCHEME_SIP &&
            wish->addr.uri.scheme != SAPA_SIP_SCHEME_SIPS)
            return 400;
        wish->expires_s = sapa_sip_params_get(wish->addr.params, SAPA_STR("expires"), &text)
                              ? seconds_of(text)
                              : common;
        wish->q_milli = q_of(wish->addr.params);
        wish->reg_id = sapa_sip_params_get(wish->addr.params, SAPA_STR("reg-id"), &text) ? seconds_of(text) : 0;
        wish->instance = (struct sapa_str){ NULL, 0 };
        if (sapa_sip_params_get(wish->addr.params, SAPA_STR("+sip.instance"), &text) && text.n <= INSTANCE_MAX)
            wish->instance = text;
    }
    if (*ret_star && (count != 1 || !given || common != 0))
        return 400;
    *ret_count = count;
    return 0;
}

static bool out_of_order(const struct binding *b, const struct sapa_sip_msg *msg)
{
    return b && sapa_str_eq(text_of(b, T_CALL_ID), msg->call_id) && msg->cseq <= b->cseq;
}

static bool join_path(const struct sapa_sip_msg *msg, struct sapa_text *out)
{
    struct sapa_sip_iter iter = sapa_sip_iter_of(msg, SAPA_SIP_H_PATH);
    struct sapa_str value;

    while (sapa_sip_iter_next(&iter, &value)) {
        if (out->n > 0)
            sapa_text_char(out, ',');
        sapa_text_add(out, value);
    }
    return !out->cut;
}

/* Put one wish into effect. False: no memory. */
static bool bind(struct sapa_sip_registrar *r, struct aor *aor, const struct wish *wish,
                 const struct sapa_sip_msg *msg, const struct sapa_sip_flow *flow,
                 struct sapa_str path, int64_t wall_us, struct sapa_sip_register_result *result)
{
    struct binding *old = find_contact(aor, &wish->addr.uri);

    if (wish->expires_s == 0) {
        if (old) {
            detach(r, aor, old);
            result->removed++;
        }
        return true;
    }
    struct sapa_str agent = sapa_sip_value(msg, SAPA_SIP_H_USER_AGENT);
    agent.n = SAPA_MIN(agent.n, 64u);
    const struct sapa_str texts[T_COUNT] = { wish->addr.uri.all, path, msg->call_id, agent, wish->instance };
    struct binding *b = make_binding(texts);
    if (!b || reserve_slot(r) != SAPA_OK) {
        free(b);
        return false;
    }
    b->cseq = msg->cseq;
    b->reg_id = wish->reg_id;
    b->q_milli = wish->q_milli;
    b->flow = *flow;
    b->registered_us = wall_us;
    b->expires_us = wall_us + SAPA_MIN(wish->expires_s, r->opts.expires_max_s) * 1000000LL;
    if (old) {
        detach(r, aor, old);
        result->refreshed++;
    } else {
        result->added++;
    }
    struct binding *before_it;
    while ((before_it = find_instance(aor, wish->instance, wish->reg_id, is_web(flow))) != NULL) {
        detach(r, aor, before_it);
        result->removed++;
    }
    while (aor->count >= r->opts.contacts_max) { /* the oldest gives way */
        struct binding *oldest = aor->bindings[0];
        for (unsigned i = 1; i < aor->count; i++) {
            if (aor->bindings[i]->registered_us < oldest->registered_us)
                oldest = aor->bindings[i];
        }
        detach(r, aor, oldest);
        result->removed++;
    }
    attach(r, aor, b);
    return true;
}

void sapa_sip_registrar_update(struct sapa_sip_registrar *r, struct sapa_str name,
                               const struct sapa_sip_msg *msg, const struct sapa_sip_flow *flow,
                               int64_t wall_us, struct sapa_sip_register_result *ret_result)
{
    struct sapa_sip_register_result result = { .status = 200 };
    struct wish wishes[SAPA_SIP_CONTACTS_MAX];
    char path_buf[TEXT_MAX];
    struct sapa_text path;
    unsigned count = 0, adding = 0;
    bool star;
    struct aor *aor = find_aor(r, name);

    if (aor)
        expire_aor(r, aor, wall_us);
    sapa_text_init(&path, path_buf, sizeof(path_buf));
    result.status = read_wishes(r, msg, wishes, &count, &star);
    if (result.status == 0 && !join_path(msg, &path))
        result.status = 513;
    for (unsigned i = 0; result.status == 0 && i < count && !star; i++) {
        const struct wish *wish = &wishes[i];
        if (wish->expires_s > 0 && wish->expires_s < r->opts.expires_min_s) {
            result.status = 423;
            result.min_expires_s = r->opts.expires_min_s;
        } else if (out_of_order(find_contact(aor, &wish->addr.uri), msg)) {
            result.status = 500;
        } else if (wish->addr.uri.all.n + path.n + msg->call_id.n + wish->instance.n + 64 > TEXT_MAX) {
            result.status = 513;
        }
        adding += wish->expires_s > 0;
    }
    for (unsigned i = 0; result.status == 0 && star && aor && i < aor->count; i++) {
        if (out_of_order(aor->bindings[i], msg))
            result.status = 500;
    }
    if (result.status == 0 && adding > r->opts.contacts_max)
        result.status = 403;
    if (result.status == 0 && adding > 0 && !aor) {
        aor = make_aor(r, name);
        if (!aor)
            result.status = 503;
    }
    if (result.status == 0) {
        result.status = 200;
        if (star && aor) {
            result.removed = aor->count;
            while (aor->count > 0)
                detach(r, aor, aor->bindings[0]);
        }
        for (unsigned i = 0; i < count && !star && aor; i++) {
            if (!bind(r, aor, &wishes[i], msg, flow, sapa_text_str(&path), wall_us, &result))
                result.status = 503;
        }
    }
    if (aor) {
        result.bindings = aor->count;
        forget_if_empty(r, aor);
    }
    *ret_result = result;
}

void sapa_sip_registrar_put(const struct sapa_sip_registrar *r, struct sapa_str name,
                            int64_t wall_us, struct sapa_text *out)
{
    const struct aor *aor = find_aor(r, name);

    for (unsigned i = 0; aor && i < aor->count; i++) {
        const struct binding *b = aor->bindings[i];
        const int64_t left_s = (b->expires_us - wall_us + 999999) / 1000000;
        const struct sapa_str contact = text_of(b, T_CONTACT);
        if (left_s <= 0)
            continue;
        sapa_text_printf(out, "Contact: <%.*s>;expires=%lld", (int)contact.n, contact.p,
                         (long long)left_s);
        if (b->q_milli < 1000)
            sapa_text_printf(out, ";q=0.%03u", b->q_milli);
        sapa_text_add(out, SAPA_STR("\r\n"));
    }
}

void sapa_sip_registrar_put_path(const struct sapa_sip_msg *msg, struct sapa_text *out)
{
    struct sapa_sip_iter iter = sapa_sip_iter_of(msg, SAPA_SIP_H_PATH);
    struct sapa_str value;

    while (sapa_sip_iter_next(&iter, &value))
        sapa_sip_put_header(out, SAPA_SIP_H_PATH, value);
}

/* --- look-ups ----------------------------------------------------------------------------------------------------------- */

static bool before(const struct binding *a, const struct binding *b)
{
    return a->q_milli != b->q_milli ? a->q_milli > b->q_milli : a->registered_us > b->registered_us;
}

size_t sapa_sip_registrar_lookup(const struct sapa_sip_registrar *r, struct sapa_str name,
                                 int64_t wall_us, struct sapa_sip_binding *ret_bindings, size_t max)
{
    const struct aor *aor = find_aor(r, name);
    const struct binding *sorted[SAPA_SIP_CONTACTS_MAX];
    size_t count = 0;

    for (unsigned i = 0; aor && i < aor->count; i++) {
        const struct binding *b = aor->bindings[i];
        if (b->expires_us <= wall_us)
            continue;
        size_t at = count++;
        for (; at > 0 && before(b, sorted[at - 1]); at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = b;
    }
    count = SAPA_MIN(count, max);
    for (size_t i = 0; i < count; i++)
        ret_bindings[i] = view(r, sorted[i]);
    return count;
}

void sapa_sip_registrar_each(const struct sapa_sip_registrar *r, sapa_sip_binding_fn *each,
                             void *ctx)
{
    for (uint32_t i = 0; i < r->aor_slots; i++) {
        for (unsigned k = 0; k < r->aors[i].count; k++) {
            const struct sapa_sip_binding binding = view(r, r->aors[i].bindings[k]);
            each(ctx, &binding);
        }
    }
}

/* --- ends ----------------------------------------------------------------------------------------------------------------- */

static void end_binding(struct sapa_sip_registrar *r, struct aor *aor, struct binding *b,
                        sapa_sip_binding_fn *gone, void *ctx)
{
    const struct sapa_sip_binding binding = view(r, b);

    if (gone)
        gone(ctx, &binding);
    detach(r, aor, b);
}

int64_t sapa_sip_registrar_next_due(const struct sapa_sip_registrar *r)
{
    return r->heap.count ? r->heap.items[0].due_us : INT64_MAX;
}

size_t sapa_sip_registrar_run_due(struct sapa_sip_registrar *r, int64_t wall_us,
                                  sapa_sip_binding_fn *gone, void *ctx)
{
    size_t count = 0;

    while (r->heap.count > 0 && r->heap.items[0].due_us <= wall_us) {
        struct binding *b = r->slots[r->heap.items[0].ref];
        struct aor *aor = &r->aors[b->aor];
        end_binding(r, aor, b, gone, ctx);
        forget_if_empty(r, aor);
        count++;
    }
    return count;
}

size_t sapa_sip_registrar_flow_closed(struct sapa_sip_registrar *r,
                                      const struct sapa_sip_flow *flow, sapa_sip_binding_fn *gone,
                                      void *ctx)
{
    size_t count = 0;

    if (flow->kind == SAPA_SIP_FLOW_UDP)
        return 0;
    for (uint32_t i = 0; i < r->aor_slots; i++) {
        struct aor *aor = &r->aors[i];
        if (!aor->name)
            continue;
        for (unsigned k = aor->count; k-- > 0;) {
            const struct sapa_sip_flow *has = &aor->bindings[k]->flow;
            if (has->kind == flow->kind && has->conn == flow->conn &&
                has->generation == flow->generation) {
                end_binding(r, aor, aor->bindings[k], gone, ctx);
                count++;
            }
        }
        forget_if_empty(r, aor);
    }
    return count;
}

size_t sapa_sip_registrar_drop(struct sapa_sip_registrar *r, struct sapa_str name,
                               sapa_sip_binding_fn *gone, void *ctx)
{
    struct aor *aor = find_aor(r, name);
    size_t count = 0;

    if (!aor)
        return 0;
    for (; aor->count > 0; count++)
        end_binding(r, aor, aor->bindings[0], gone, ctx);
    forget_if_empty(r, aor);
    return count;
}

/* --- records ---------------------------------------------------------------------------------------------------------------- */

enum { RECORD_VERSION = 2, RECORD_VERSION_OLDEST = 1 };

static void put_ip(struct sapa_writer *w, const struct sapa_sip_ip *ip)
{
    sapa_put_u64(w, ip->family);
    sapa_put_raw(w, ip->bytes, sizeof(ip->bytes));
    sapa_put_u64(w, ip->port);
    sapa_put_u64(w, ip->scope);
}

static struct sapa_sip_ip get_ip(struct sapa_reader *r)
{
    struct sapa_sip_ip ip = { .family = (uint8_t)sapa_get_u64(r) };
    const uint8_t *bytes = sapa_get_raw(r, sizeof(ip.bytes));

    if (bytes)
        memcpy(ip.bytes, bytes, sizeof(ip.bytes));
    ip.port = (uint16_t)sapa_get_u64(r);
    ip.scope = (uint32_t)sapa_get_u64(r);
    r->bad |= ip.family != 0 && ip.family != 4 && ip.family != 6;
    return ip;
}

sapa_rc sapa_sip_binding_export(const struct sapa_sip_binding *b, uint8_t *buf, size_t size,
                                size_t *ret_n)
{
    struct sapa_writer w = sapa_writer_of(buf, size);

    sapa_put_u64(&w, RECORD_VERSION);
    sapa_put_str(&w, b->aor);
    sapa_put_str(&w, b->contact);
    sapa_put_str(&w, b->path);
    sapa_put_str(&w, b->call_id);
    sapa_put_str(&w, b->user_agent);
    sapa_put_u64(&w, b->cseq);
    sapa_put_u64(&w, b->q_milli);
    sapa_put_u64(&w, b->flow.kind);
    sapa_put_u64(&w, b->flow.socket);
    put_ip(&w, &b->flow.local);
    put_ip(&w, &b->flow.remote);
    sapa_put_i64(&w, b->expires_us);
    sapa_put_i64(&w, b->registered_us);
    sapa_put_str(&w, b->instance);
    sapa_put_u64(&w, b->reg_id);
    sapa_put_fixed32(&w, w.bad ? 0 : sapa_crc32c(0, buf, w.n));
    if (w.bad)
        return SAPA_ELIMIT;
    *ret_n = w.n;
    return SAPA_OK;
}

sapa_rc sapa_sip_registrar_import(struct sapa_sip_registrar *r, const uint8_t *record, size_t n,
                                  int64_t wall_us)
{
    struct sapa_reader in = sapa_reader_of(record, n);
    struct sapa_str texts[T_COUNT];
    struct sapa_sip_flow flow = { 0 };
    struct sapa_sip_uri uri;

    if (n < 5 || n > SAPA_SIP_BINDING_RECORD_MAX * 2)
        return SAPA_ECORRUPT;
    struct sapa_reader tail = sapa_reader_of(record + n - 4, 4);
    if (sapa_get_fixed32(&tail) != sapa_crc32c(0, record, n - 4))
        return SAPA_ECORRUPT;
    const uint64_t version = sapa_get_u64(&in);
    if (version < RECORD_VERSION_OLDEST || version > RECORD_VERSION)
        return SAPA_EVERSION;
    const struct sapa_str name = sapa_get_str(&in);
    for (int i = 0; i < T_INSTANCE; i++)
        texts[i] = sapa_get_str(&in);
    const uint64_t cseq = sapa_get_u64(&in), q = sapa_get_u64(&in);
    flow.kind = (uint8_t)sapa_get_u64(&in);
    flow.socket = (uint8_t)sapa_get_u64(&in);
    flow.local = get_ip(&in);
    flow.remote = get_ip(&in);
    const int64_t expires_us = sapa_get_i64(&in), registered_us = sapa_get_i64(&in);
    texts[T_INSTANCE] = version >= 2 ? sapa_get_str(&in) : (struct sapa_str){ NULL, 0 };
    const uint64_t reg_id = version >= 2 ? sapa_get_u64(&in) : 0;
    if (in.bad || sapa_reader_left(&in) != 4 || cseq > UINT32_MAX || q > 1000 ||
        flow.kind >= SAPA_SIP_FLOW_KIND_COUNT || name.n == 0 || name.n > AOR_MAX ||
        sapa_sip_uri_parse(texts[T_CONTACT], &uri) != SAPA_OK)
        return SAPA_ECORRUPT;
    if (expires_us <= wall_us)
        return SAPA_ETIMEOUT;
    if (is_web(&flow))
        return SAPA_ECLOSED; /* nobody but the browser can open its connection again */
    struct aor *aor = find_aor(r, name);
    struct binding *old = aor ? find_contact(aor, &uri) : NULL;
    if (old && old->registered_us >= registered_us)
        return SAPA_EEXIST;
    if (!aor)
        aor = make_aor(r, name);
    if (!aor)
        return SAPA_ELIMIT;
    if (old)
        detach(r, aor, old);
    struct binding *b = aor->count < SAPA_SIP_CONTACTS_MAX && reserve_slot(r) == SAPA_OK
                            ? make_binding(texts)
                            : NULL;
    if (!b) {
        forget_if_empty(r, aor);
        return SAPA_ELIMIT;
    }
    b->cseq = (uint32_t)cseq;
    b->reg_id = (uint32_t)SAPA_MIN(reg_id, (uint64_t)UINT32_MAX);
    b->q_milli = (uint16_t)q;
    b->flow = flow;
    b->expires_us = expires_us;
    b->registered_us = registered_us;
    attach(r, aor, b);
    return SAPA_OK;
}
