#include "channel/voice/voice_impl.h"

#include <stdlib.h>
#include <unistd.h>

#include "phone/phone.h"

int64_t sapa_voice_now(const struct sapa_voice *v)
{
    return sapa_loop_now_us(v->loop);
}

int64_t sapa_voice_wall(const struct sapa_voice *v)
{
    return sapa_clock_wall_us(sapa_loop_clock(v->loop));
}

uint64_t sapa_voice_id(struct sapa_voice *v)
{
    return sapa_id_make(v->options.node, v->options.id_base + ++v->counter);
}

/* ---- tables ---- */

void *sapa_voice_find(const struct sapa_table *table, uint64_t id)
{
    struct voice_ref *ref = id == 0 ? NULL : sapa_table_find(table, id);
    return ref ? ref->value : NULL;
}

bool sapa_voice_put(struct sapa_table *table, uint64_t id, void *value)
{
    struct voice_ref *ref;
    if (id == 0 || sapa_table_find(table, id) || sapa_table_add(table, id, &ref) != SAPA_OK)
        return false;
    ref->value = value;
    return true;
}

void sapa_voice_take(struct sapa_table *table, uint64_t id)
{
    struct voice_ref *ref = sapa_table_find(table, id);
    if (ref)
        sapa_table_remove(table, ref);
}

uint64_t sapa_voice_hash(struct sapa_str text)
{
    uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */
    for (size_t i = 0; i < text.n; i++)
        hash = (hash ^ (uint8_t)text.p[i]) * UINT64_C(1099511628211);
    return hash ? hash : 1;
}

static uint32_t find_text(const struct sapa_table *table, struct sapa_str text)
{
    const uintptr_t index = (uintptr_t)sapa_voice_find(table, sapa_voice_hash(text));
    return index == 0 ? SAPA_NONE : (uint32_t)(index - 1);
}

uint32_t sapa_voice_agent_of(const struct sapa_voice *v, struct sapa_str extension)
{
    const uint32_t agent = extension.n == 0 ? SAPA_NONE : find_text(&v->by_extension, extension);
    return agent != SAPA_NONE && sapa_str_eq(v->centre->agents[agent].extension, extension) ? agent : SAPA_NONE;
}

uint32_t sapa_voice_number_of(const struct sapa_voice *v, struct sapa_str dialled)
{
    char buf[SAPA_PHONE_TEXT_MAX + 1];
    struct sapa_str form = dialled; /* as it is, else by the plan of the country */
    for (int turn = 0; turn < 2 && form.n > 0; turn++) {
        const uint32_t number = find_text(&v->by_number, form);
        if (number != SAPA_NONE && sapa_str_eq(v->centre->numbers[number].key, form))
            return number;
        if (turn == 0)
            form = sapa_phone_normal(dialled, v->centre->system.country, buf, sizeof(buf));
    }
    return SAPA_NONE;
}

/* ---- inputs for the centre ---- */

static void post_again(void *ctx)
{
    struct sapa_voice *v = ctx;
    while (v->post_first) {
        struct voice_post *first = v->post_first;
        if (v->options.callbacks.post(v->options.callbacks.ctx, &first->record) != SAPA_OK) {
            sapa_timer_set(v->loop, &v->post_timer, 1000, post_again, v);
            return;
        }
        v->post_first = first->next;
        if (!v->post_first)
            v->post_last = &v->post_first;
        v->post_count--;
        free(first);
    }
}

/* In order, and never lost while there is memory: a full mailbox only delays. */
void sapa_voice_post(struct sapa_voice *v, const struct sapa_record *record)
{
    if (!v->post_first && v->options.callbacks.post(v->options.callbacks.ctx, record) == SAPA_OK)
        return;
    const size_t size = sapa_record_size(record);
    struct voice_post *post =
        v->post_count < VOICE_POSTS_MAX ? malloc(offsetof(struct voice_post, record) + size) : NULL;
    if (!post) {
        sapa_log(SAPA_LOG_ERROR, "voice.post", "lost=%s waiting=%u", sapa_record_info(record->type)->name,
                 v->post_count);
        return;
    }
    post->next = NULL;
    memcpy(&post->record, record, size);
    *v->post_last = post;
    v->post_last = &post->next;
    v->post_count++;
    v->stats.post_retries++;
    if (!sapa_timer_is_set(&v->post_timer))
        sapa_timer_set(v->loop, &v->post_timer, 1000, post_again, v);
}

void sapa_voice_alarm(struct sapa_voice *v, enum sapa_alarm kind, bool on, uint64_t contact, const char *text)
{
    struct sapa_record r;
    sapa_record_init(&r, SAPA_T_alarm_raised);
    r.u.alarm_raised.kind = kind;
    r.u.alarm_raised.on = on;
    r.u.alarm_raised.contact = contact;
    sapa_sized_set(&r.u.alarm_raised.text, sapa_str_of(text));
    sapa_voice_post(v, &r);
}

/* ---- turns ---- */

static void stack_due(void *ctx)
{
    struct sapa_voice *v = ctx;
    if (v->net)
        sapa_sip_net_run_due(v->net, sapa_voice_now(v));
    else
        sapa_sip_stack_run_due(v->stack, sapa_voice_now(v));
    sapa_voice_touch(v);
}

static void turn_end(void *ctx)
{
    struct sapa_voice *v = ctx;
    /* Freeing a leg may leave its offer or contact without purpose, so legs go first. */
    while (v->dead_legs) {
        struct voice_leg *leg = v->dead_legs;
        v->dead_legs = leg->next_dead;
        sapa_voice_leg_free(v, leg);
    }
    while (v->dead_offers) {
        struct voice_offer *offer = v->dead_offers;
        v->dead_offers = offer->next_dead;
        sapa_voice_offer_free(v, offer);
    }
    while (v->dead_contacts) {
        struct voice_contact *contact = v->dead_contacts;
        v->dead_contacts = contact->next_dead;
        sapa_voice_take(&v->contacts, contact->id);
        sapa_voice_contact_free(contact);
    }
    sapa_voice_watches_turn_end(v);
    sapa_voice_lamps_touch(v);
    /* The stack sets timers also for messages that are no event of ours (ACK, retransmissions), so it
       is looked at every 50 ms while it has work. */
    struct sapa_sip_stats stats;
    sapa_sip_stack_stats(v->stack, &stats);
    const int64_t now = sapa_voice_now(v);
    int64_t due = v->net ? sapa_sip_net_next_due(v->net) : sapa_sip_stack_next_due(v->stack);
    due = SAPA_MIN(due, now + (stats.transactions > 0 ? 50000 : 500000));
    if (!sapa_timer_is_set(&v->stack_timer) || v->stack_timer.at_us > due)
        sapa_timer_set_at(v->loop, &v->stack_timer, SAPA_MAX(due, now), stack_due, v);
}

void sapa_voice_touch(struct sapa_voice *v)
{
    sapa_loop_defer(v->loop, &v->turn_end, turn_end, v);
}

static void second(void *ctx)
{
    struct sapa_voice *v = ctx;
    sapa_timer_set(v->loop, &v->second_timer, 1000000, second, v);
    sapa_voice_agents_second(v);
    sapa_voice_trunks_second(v);
    sapa_voice_watches_second(v);
    sapa_voice_messages_second(v);
    sapa_voice_webs_second(v);
    sapa_voice_touch(v);
}

/* ---- events of the stack ---- */

static void request_event(struct sapa_voice *v, const struct sapa_sip_event *ev)
{
    if (sapa_voice_trunk_of(v, ev->flow) != SAPA_NONE)
        sapa_voice_trust(v, &ev->flow->remote);
    if (ev->method == SAPA_SIP_REGISTER) {
        sapa_voice_register(v, ev);
        return;
    }
    if (ev->method == SAPA_SIP_SUBSCRIBE) {
        sapa_voice_subscribe(v, ev);
        return;
    }
    if (ev->method == SAPA_SIP_MESSAGE) {
        sapa_voice_message(v, ev);
        return;
    }
    const struct sapa_sip_spec accept = { .headers = SAPA_STR("Accept: application/sdp\r\n") };
    const int status = ev->method == SAPA_SIP_OPTIONS ? 200 : 481;
    if (sapa_sip_respond(v->stack, ev->tx, status, status == 200 ? &accept : NULL, ev->now_us) != SAPA_OK)
        v->stats.late_commands++;
}

static void outside_answer(struct sapa_voice *v, const struct sapa_sip_event *ev)
{
    const bool alive = ev->kind == SAPA_SIP_EV_RESPONSE && ev->status != 408 && ev->status != 503 &&
                       ev->status != 404 && ev->status != 410;
    if ((ev->user >> 24 & 0xff) == ASK_MESSAGE)
        sapa_voice_message_answer(v, ev);
    else if ((ev->user >> 24 & 0xff) == ASK_REGISTER)
        sapa_voice_trunk_registered(v, (uint32_t)ev->user & 0xffffff, ev);
    else if ((ev->user >> 24 & 0xff) == ASK_TRUNK)
        sapa_voice_trunk_answer(v, (uint32_t)ev->user & 0xffffff, (uint32_t)(ev->user >> 32), ev->kind == SAPA_SIP_EV_RESPONSE && ev->status != 408 && ev->status != 503);
    else
        sapa_voice_ping_answer(v, ev->user, alive);
}

static void event(void *ctx, const struct sapa_sip_event *ev)
{
    struct sapa_voice *v = ctx;
    sapa_voice_touch(v);
    if (ev->kind == SAPA_SIP_EV_FLOW_CLOSED) {
        sapa_voice_agents_flow_closed(v, ev->flow);
        sapa_voice_trunks_flow_closed(v, ev->flow);
        sapa_voice_watches_flow_closed(v, ev->flow);
        sapa_voice_gap_flow_closed(v, ev->flow);
        return;
    }
    if (ev->kind == SAPA_SIP_EV_INVITE) {
        sapa_voice_inbound(v, ev);
        return;
    }
    if (ev->kind == SAPA_SIP_EV_REQUEST) {
        request_event(v, ev);
        return;
    }
    if (ev->dialog == 0) {
        outside_answer(v, ev);
        return;
    }
    if (sapa_voice_watch_event(v, ev))
        return;
    struct voice_leg *leg = sapa_voice_find(&v->legs, ev->user);
    if (leg && leg->state != LEG_OVER) {
        if (ev->msg && ev->dialog == leg->dialog)
            sapa_voice_gap_heard(v, leg, ev->flow);
        sapa_voice_leg_event(v, leg, ev);
        return;
    }
    /* Nobody's dialog: say so, and let go of it. */
    const bool request = ev->kind == SAPA_SIP_EV_REINVITE || ev->kind == SAPA_SIP_EV_DIALOG_REQUEST;
    if (request && sapa_sip_respond(v->stack, ev->tx, ev->method == SAPA_SIP_BYE ? 200 : 481, NULL, ev->now_us) != SAPA_OK)
        v->stats.late_commands++;
    sapa_sip_dialog_end(v->stack, ev->dialog);
}

/* Certificates, at start and with each new description: a renewed one is in force without a restart. */
static sapa_rc read_certificates(struct sapa_voice *v)
{
    static const struct sapa_tls_options none;
    char buf[300];
    struct sapa_text problem;
    struct sapa_tls_context *context;
    bool wanted = v->options.tls != NULL;
    for (uint32_t i = 0; i < v->centre->trunks_count; i++)
        wanted |= v->centre->trunks[i].transport >= 2;
    if (!v->net || !wanted)
        return SAPA_OK;
    sapa_text_init(&problem, buf, sizeof(buf));
    const sapa_rc rc = sapa_tls_context_new(v->options.tls ? v->options.tls : &none, &problem, &context);
    if (rc != SAPA_OK) {
        sapa_log(SAPA_LOG_ERROR, "voice.tls", "%s", problem.n ? buf : sapa_rc_text(rc));
        return rc;
    }
    sapa_sip_net_tls(v->net, context);
    sapa_tls_context_release(context);
    return SAPA_OK;
}

/* ---- the description ---- */

static void map_texts(struct sapa_voice *v)
{
    if (v->by_extension.entry_size > 0) {
        sapa_table_done(&v->by_extension);
        sapa_table_done(&v->by_number);
    }
    sapa_table_init(&v->by_extension, sapa_memory_heap(), sizeof(struct voice_ref), SAPA_AGENTS_MAX);
    sapa_table_init(&v->by_number, sapa_memory_heap(), sizeof(struct voice_ref), 1u << 20);
    for (uint32_t i = 0; i < v->centre->agents_count; i++)
        if (v->centre->agents[i].extension.n > 0)
            (void)sapa_voice_put(&v->by_extension, sapa_voice_hash(v->centre->agents[i].extension), (void *)(uintptr_t)(i + 1));
    for (uint32_t i = 0; i < v->centre->numbers_count; i++)
        (void)sapa_voice_put(&v->by_number, sapa_voice_hash(v->centre->numbers[i].key), (void *)(uintptr_t)(i + 1));
    for (unsigned i = 0; i < SAPA_PROMPT_ID_COUNT; i++)
        v->system_prompt[i] = SAPA_FIND(v->centre, prompts, sapa_str_of(sapa_prompt_key(i)));
}

/* An index of the old description as one of the new; SAPA_NONE when it is gone. */
#define MOVED(old, new, plural, index) \
    ((index) < (old)->plural##_count ? SAPA_FIND(new, plural, (old)->plural[index].key) : SAPA_NONE)

void sapa_voice_centre(struct sapa_voice *v, const struct sapa_centre *centre)
{
    const struct sapa_centre *old = v->centre;
    v->centre = centre;
    map_texts(v);
    for (uint32_t i = 0; i < v->contacts.count; i++) {
        struct voice_contact *c = ((struct voice_ref *)sapa_table_at(&v->contacts, i))->value;
        c->client = MOVED(old, centre, clients, c->client);
        c->number = MOVED(old, centre, numbers, c->number);
        c->trunk = MOVED(old, centre, trunks, c->trunk);
        c->dial_from = MOVED(old, centre, numbers, c->dial_from);
        c->own_agent = MOVED(old, centre, agents, c->own_agent);
        c->own_target = c->own_kind == SAPA_TARGET_AGENT ? MOVED(old, centre, agents, c->own_target)
                        : c->own_kind == SAPA_TARGET_QUEUE ? MOVED(old, centre, queues, c->own_target)
                                                           : MOVED(old, centre, numbers, c->own_target);
    }
    for (uint32_t i = 0; i < v->legs.count; i++) {
        struct voice_leg *leg = ((struct voice_ref *)sapa_table_at(&v->legs, i))->value;
        leg->agent = MOVED(old, centre, agents, leg->agent);
        leg->trunk = MOVED(old, centre, trunks, leg->trunk);
    }
    for (uint32_t i = 0; i < v->offers.count; i++) {
        struct voice_offer *o = ((struct voice_ref *)sapa_table_at(&v->offers, i))->value;
        o->agent = MOVED(old, centre, agents, o->agent);
        o->queue = MOVED(old, centre, queues, o->queue);
    }
    for (uint32_t i = 0; i < v->codes.count; i++) {
        struct voice_call_code *code = ((struct voice_ref *)sapa_table_at(&v->codes, i))->value;
        code->agent = MOVED(old, centre, agents, code->agent);
    }
    (void)!read_certificates(v); /* logged; the ones before stay in force */
    sapa_voice_trunks_map(v, old);
    sapa_voice_agents_map(v, old);
    sapa_voice_watches_map(v, old);
    sapa_voice_messages_map(v, old);
    sapa_voice_media_limits(v);
    sapa_voice_touch(v);
}

void sapa_voice_refuse(struct sapa_voice *v, bool on, const char *why)
{
    v->refusing = on;
    sapa_str_copy(sapa_str_of(why), v->refuse_why, sizeof(v->refuse_why));
}

/* ---- open and close ---- */

static const struct sapa_sip_user_ops user_ops = { .event = event };

static void defaults(struct sapa_voice_options *o)
{
    if (o->calls_max == 0)
        o->calls_max = 2000;
    if (o->source_per_s == 0)
        o->source_per_s = 200;
    if (o->source_burst == 0)
        o->source_burst = 400;
    if (o->ping_ms == 0)
        o->ping_ms = 30000;
    if (o->phone_answer_ms == 0)
        o->phone_answer_ms = 4000;
    if (o->media_grace_ms == 0)
        o->media_grace_ms = 2000;
}

static sapa_rc listen_on(struct sapa_voice *v, const struct sapa_voice_listen *l, struct sapa_sip_ip *ret_bound)
{
    const struct sapa_sip_listen listen = {
        .kind = l->kind, .local = l->local, .advertise = l->has_advertise ? &l->advertise : NULL, .fd = l->fd
    };
    return sapa_sip_net_listen(v->net, &listen, ret_bound);
}

static sapa_rc bound_of(int fd, struct sapa_sip_ip *ret_bound)
{
    struct sapa_addr addr;
    char host[SAPA_ADDR_TEXT_MAX];
    const sapa_rc rc = sapa_socket_local(fd, &addr);
    return rc != SAPA_OK ? rc
                         : sapa_sip_ip_parse(sapa_str_of(sapa_addr_print_host(&addr, host, sizeof(host))), sapa_addr_port(&addr), ret_bound);
}

static sapa_rc open_sip(struct sapa_voice *v)
{
    struct sapa_sip_stack_opts opts = {
        .transport = v->options.transport,
        .transport_ctx = v->options.transport_ctx,
        .user = &user_ops,
        .user_ctx = v,
        .dialog_max = v->options.calls_max * 6 + 256 + VOICE_WATCHES_MAX,
        .methods = 1u << SAPA_SIP_INVITE | 1u << SAPA_SIP_ACK | 1u << SAPA_SIP_BYE | 1u << SAPA_SIP_CANCEL |
                   1u << SAPA_SIP_REGISTER | 1u << SAPA_SIP_OPTIONS | 1u << SAPA_SIP_INFO | 1u << SAPA_SIP_UPDATE | 1u << SAPA_SIP_PRACK | 1u << SAPA_SIP_REFER | 1u << SAPA_SIP_SUBSCRIBE | 1u << SAPA_SIP_MESSAGE,
        .product = v->options.product,
        .supported = "path, timer, 100rel, replaces",
    };
    sapa_random_bytes(opts.secret, sizeof(opts.secret));
    if (!v->options.transport) {
        struct sapa_sip_guard_opts guard = { .per_s = v->options.source_per_s, .burst = v->options.source_burst };
        sapa_random_bytes(guard.secret, sizeof(guard.secret));
        sapa_rc rc = sapa_sip_guard_open(&guard, &v->guard);
        if (rc != SAPA_OK)
            return rc;
        const struct sapa_sip_net_opts net = { .loop = v->loop, .guard = v->guard };
        rc = sapa_sip_net_open(&net, &v->net);
        if (rc != SAPA_OK)
            return rc;
        opts.transport = &sapa_sip_net_ops;
        opts.transport_ctx = v->net;
    }
    const sapa_rc rc = sapa_sip_stack_open(&opts, &v->stack);
    if (rc != SAPA_OK || !v->net)
        return rc;
    sapa_sip_net_attach(v->net, v->stack);
    const sapa_rc tls = read_certificates(v);
    if (tls != SAPA_OK)
        return tls;
    for (size_t i = 0; i < v->options.listen_count; i++) {
        const struct sapa_voice_listen *l = &v->options.listens[i];
        const sapa_rc opened = l->fd >= 0 ? bound_of(l->fd, &v->bound[i]) : listen_on(v, l, &v->bound[i]);
        if (opened != SAPA_OK)
            return opened;
        if (l->fd >= 0)
            v->waiting[v->waiting_count++] = *l;
        v->bound_count++;
    }
    return SAPA_OK;
}

/*
 * Sockets that were handed down hold what arrived while nobody read them: a BYE of a call that is not adopted
 * yet would be answered 481. So they are read only when the dialogs are there.
 */
void sapa_voice_listen_now(struct sapa_voice *v)
{
    for (size_t i = 0; i < v->waiting_count; i++) {
        struct sapa_sip_ip bound;
        const sapa_rc rc = listen_on(v, &v->waiting[i], &bound);
        if (rc == SAPA_OK)
            continue;
        sapa_log(SAPA_LOG_ERROR, "voice.listen", "%s", sapa_rc_text(rc));
        sapa_fd_close(v->waiting[i].fd);
    }
    v->waiting_count = 0;
}

static sapa_rc open_all(struct sapa_voice *v)
{
    struct sapa_sip_digest_opts digest = { .nonce_ms = 0 };
    const struct sapa_system *system = &v->centre->system;
    const struct sapa_sip_registrar_opts registrar = {
        .expires_min_s = system->register_min_s, .expires_max_s = system->register_max_s,
        .contacts_max = VOICE_DEVICES_MAX,
    };
    sapa_random_bytes(digest.secret, sizeof(digest.secret));
    sapa_rc rc = sapa_sip_digest_open(&digest, &v->digest);
    if (rc == SAPA_OK)
        rc = sapa_sip_registrar_open(&registrar, &v->registrar);
    if (rc == SAPA_OK)
        rc = open_sip(v);
    if (rc == SAPA_OK)
        sapa_voice_webs_open(v);
    if (rc == SAPA_OK) {
        sapa_voice_trunks_resolver(v);
        rc = v->dns ? SAPA_OK : SAPA_EIO;
    }
    if (rc == SAPA_OK)
        rc = sapa_voice_agents_open(v);
    if (rc == SAPA_OK)
        rc = sapa_voice_watches_open(v);
    if (rc == SAPA_OK)
        rc = sapa_voice_media_open(v);
    return rc;
}

SAPA_MUST_CHECK sapa_rc sapa_voice_open(const struct sapa_voice_options *options, struct sapa_voice **ret_voice)
{
    if (!options->loop || !options->centre || !options->callbacks.post || !options->callbacks.prompt ||
        options->listen_count > SAPA_VOICE_LISTENS_MAX || (!options->media_path && !options->callbacks.media_send))
        return SAPA_EINVAL;
    struct sapa_voice *v = calloc(1, sizeof(*v));
    if (!v)
        return SAPA_ENOMEM;
    v->options = *options;
    defaults(&v->options);
    v->loop = options->loop;
    v->centre = options->centre;
    v->post_last = &v->post_first;
    v->registrations_fd = v->watches_fd = -1;
    const struct sapa_memory *heap = sapa_memory_heap();
    sapa_table_init(&v->contacts, heap, sizeof(struct voice_ref), 1u << 20);
    sapa_table_init(&v->legs, heap, sizeof(struct voice_ref), 1u << 20);
    sapa_table_init(&v->offers, heap, sizeof(struct voice_ref), 1u << 20);
    sapa_table_init(&v->codes, heap, sizeof(struct voice_ref), 1u << 16);
    sapa_table_init(&v->greetings, heap, sizeof(struct voice_ref), 1u << 10);
    sapa_table_init(&v->watches, heap, sizeof(struct voice_ref), VOICE_WATCHES_MAX);
    sapa_table_init(&v->messages, heap, sizeof(struct voice_ref), 1024);
    sapa_table_init(&v->trusted, heap, sizeof(struct voice_ref), 256);
    sapa_table_init(&v->prompts, heap, sizeof(struct voice_prompt_wait), 1u << 16);
    map_texts(v);
    const sapa_rc rc = open_all(v);
    /* What options only borrow is used up now. */
    v->options.listens = NULL;
    if (rc != SAPA_OK) {
        sapa_voice_close(v);
        return rc;
    }
    sapa_voice_trunks_map(v, NULL);
    sapa_timer_set(v->loop, &v->second_timer, 1000000, second, v);
    sapa_voice_touch(v);
    *ret_voice = v;
    return SAPA_OK;
}

#define FREE_EACH(table, type, fn)                                                 \
    for (uint32_t i_ = 0; i_ < (table).count; i_++) {                              \
        struct type *each_ = ((struct voice_ref *)sapa_table_at(&(table), i_))->value; \
        fn;                                                                        \
    }

void sapa_voice_close(struct sapa_voice *v)
{
    if (!v)
        return;
    sapa_timer_cancel(v->loop, &v->post_timer);
    sapa_timer_cancel(v->loop, &v->stack_timer);
    sapa_timer_cancel(v->loop, &v->second_timer);
    sapa_timer_cancel(v->loop, &v->media_timer);
    sapa_timer_cancel(v->loop, &v->media_retry);
    sapa_loop_undefer(v->loop, &v->turn_end);
    sapa_voice_media_close(v);
    FREE_EACH(v->offers, voice_offer, (sapa_timer_cancel(v->loop, &each_->silence), sapa_timer_cancel(v->loop, &each_->line), free(each_)));
    FREE_EACH(v->codes, voice_call_code, (sapa_timer_cancel(v->loop, &each_->timer), free(each_)));
    FREE_EACH(v->legs, voice_leg, (sapa_timer_cancel(v->loop, &each_->star), free(each_->body), free(each_->target), free(each_)));
    FREE_EACH(v->contacts, voice_contact, sapa_voice_contact_free(each_));
    while (v->post_first) {
        struct voice_post *post = v->post_first;
        v->post_first = post->next;
        free(post);
    }
    sapa_voice_trunks_stop(v);
    sapa_dns_free(v->dns);
    sapa_voice_watches_close(v);
    sapa_voice_messages_close(v);
    sapa_voice_agents_close(v);
    for (size_t i = 0; i < v->waiting_count; i++)
        sapa_fd_close(v->waiting[i].fd);
    sapa_sip_net_close(v->net);
    sapa_sip_stack_close(v->stack);
    sapa_sip_guard_close(v->guard);
    sapa_sip_registrar_close(v->registrar);
    sapa_sip_digest_close(v->digest);
    sapa_table_done(&v->contacts);
    sapa_table_done(&v->legs);
    sapa_table_done(&v->offers);
    sapa_table_done(&v->codes);
    sapa_voice_greetings_close(v);
    sapa_table_done(&v->trusted);
    sapa_voice_webs_close(v);
    sapa_table_done(&v->prompts);
    sapa_table_done(&v->by_extension);
    sapa_table_done(&v->by_number);
    free(v->inventory);
    free(v->adopt_dialogs);
    free(v->adopt_held);
    free(v);
}

SAPA_MUST_CHECK sapa_rc sapa_voice_bound(const struct sapa_voice *v, size_t index, struct sapa_sip_ip *ret_bound)
{
    if (index >= v->bound_count)
        return SAPA_ENOENT;
    *ret_bound = v->bound[index];
    return SAPA_OK;
}

bool sapa_voice_ready(const struct sapa_voice *v)
{
    return v->adopt == ADOPT_DONE && v->media_up;
}

void sapa_voice_sip_receive(struct sapa_voice *v, const struct sapa_sip_flow *flow, char *bytes, size_t n)
{
    sapa_sip_stack_receive(v->stack, flow, bytes, n, sapa_voice_now(v));
    sapa_voice_touch(v);
}

static void count_registration(void *ctx, const struct sapa_voice_registration *registration)
{
    (void)registration;
    ++*(uint32_t *)ctx;
}

void sapa_voice_stats_read(const struct sapa_voice *v, struct sapa_voice_stats *ret_stats)
{
    struct sapa_sip_stats sip;
    sapa_sip_stack_stats(v->stack, &sip);
    *ret_stats = v->stats;
    uint32_t registrations = 0;
    sapa_voice_registrations(v, count_registration, &registrations);
    ret_stats->registrations = registrations;
    ret_stats->calls = v->calls;
    ret_stats->legs = v->legs.count;
    ret_stats->contacts = v->contacts.count;
    ret_stats->dialogs = sip.dialogs;
    ret_stats->transactions = sip.transactions;
    ret_stats->media_up = v->media_up;
    ret_stats->media_restarts = v->media_restarts;
    ret_stats->media_version = v->media_version;
}

/* ---- commands ---- */

static void ring(struct sapa_voice *v, struct voice_contact *c)
{
    struct voice_leg *leg = c->customer;
    if (c->own_agent != SAPA_NONE) {
        sapa_voice_own_progress(v, c, NULL);
        return;
    }
    if (leg && leg->state == LEG_NEW && leg->tx && !leg->ringing) {
        leg->ringing = true;
        if (sapa_sip_call_answer(v->stack, leg->tx, 180, NULL, sapa_voice_now(v)) != SAPA_OK)
            v->stats.late_commands++;
    }
}

static void post_answered(struct sapa_voice *v, const struct voice_contact *c)
{
    struct sapa_record r;
    sapa_record_init(&r, SAPA_T_contact_answered);
    r.u.contact_answered.contact = c->id;
    r.u.contact_answered.leg = c->customer->id;
    sapa_voice_post(v, &r);
}

static void answer(struct sapa_voice *v, struct voice_contact *c)
{
    struct voice_leg *leg = c->customer;
    if (leg && leg->state == LEG_UP && c->own_agent != SAPA_NONE) { /* his line was up before */
        post_answered(v, c);
        return;
    }
    if (!leg || leg->state != LEG_NEW || !leg->tx)
        return;
    leg->answer_wanted = true;
    if (leg->media == MEDIA_OPEN && !sapa_voice_leg_answer(v, leg))
        sapa_voice_leg_lost(v, leg, SAPA_SIDE_SYSTEM, 500, "answer could not be sent");
}

static void reject(struct sapa_voice *v, struct voice_contact *c, unsigned status)
{
    struct voice_leg *leg = c->own_agent != SAPA_NONE ? sapa_voice_own_waiting(c) : c->customer;
    c->gone = true;
    if (!leg || leg->state != LEG_NEW || !leg->tx)
        return;
    char buf[160];
    struct sapa_text text;
    struct sapa_str why = { NULL, 0 };
    sapa_text_init(&text, buf, sizeof(buf));
    if (status == 503)
        sapa_sip_put_number(&text, SAPA_SIP_H_RETRY_AFTER, VOICE_RETRY_AFTER_S);
    if (c->denial) { /* his phone may show it */
        why = sapa_str_of(sapa_call_denial_name(c->denial));
        sapa_text_printf(&text, "Reason: SIP;cause=%u;text=\"" SAPA_STR_FMT "\"\r\n", status, SAPA_STR_ARG(why));
    }
    const struct sapa_sip_spec spec = { .reason = why, .headers = sapa_text_str(&text) };
    if (leg->offer)
        leg->offer->over = true;
    const sapa_sip_tx_id tx = leg->tx;
    leg->tx = 0;
    if (sapa_sip_respond(v->stack, tx, status >= 300 && status < 700 ? (int)status : 480, &spec, sapa_voice_now(v)) != SAPA_OK)
        v->stats.late_commands++;
    sapa_voice_leg_over(v, leg);
}

/* Final answer to an unanswered call that says what a hang-up cause says (RFC 3398 8.2.6.1). */
static unsigned status_of_cause(unsigned cause)
{
    switch (cause) {
    case 1: return 404;
    case 17: return 486;
    case 21: return 603;
    case 34: case 38: case 41: case 42: case 47: return 503;
    default: return 480;
    }
}

static void hangup(struct sapa_voice *v, struct voice_contact *c, unsigned cause)
{
    struct voice_leg *leg = c->customer;
    c->gone = true;
    if (c->borrowed && c->borrowed == leg) {
        sapa_voice_line_return(v, c);
        return;
    }
    if (!leg)
        return;
    if (leg->state == LEG_NEW && leg->tx)
        reject(v, c, status_of_cause(cause));
    else
        sapa_voice_leg_end(v, leg, cause ? (int)cause : 16, NULL);
}

static void drop_agent(struct sapa_voice *v, uint64_t offer)
{
    struct voice_offer *o = sapa_voice_find(&v->offers, offer);
    if (!o || o->over) {
        v->stats.late_commands++;
        return;
    }
    if (!o->winner) { /* the answer and the drop crossed */
        sapa_voice_offer_cancel(v, o, false);
        return;
    }
    if (o->lent) { /* it was only asked with */
        sapa_voice_line_return(v, o->contact);
        return;
    }
    if (o->winner->lent) { /* he asks somebody on this line, and goes on with that */
        sapa_voice_line_give(v, o->winner);
        return;
    }
    o->over = true;
    if (o->contact->unreached && o->winner->state == LEG_UP) {
        sapa_voice_leg_alone(v, o->winner);
        sapa_voice_code_last_word(v, o->winner, SAPA_PROMPT_ID_CALLBACK_NOT_REACHED);
    } else {
        sapa_voice_leg_end(v, o->winner, 16, NULL);
    }
}

static void forget(struct sapa_voice *v, struct voice_contact *c)
{
    c->forgotten = c->gone = true;
    sapa_voice_line_return(v, c);
    if (c->customer && c->customer->state != LEG_OVER)
        sapa_voice_leg_end(v, c->customer, 16, NULL);
    while (c->outside) /* what is over is in the list no more */
        sapa_voice_leg_end(v, c->outside, 16, NULL);
    for (struct voice_offer *o = c->offers; o; o = o->next)
        if (!o->over && o->winner && o->winner->lent)
            sapa_voice_line_give(v, o->winner);
        else if (!o->over)
            sapa_voice_offer_cancel(v, o, false);
    sapa_voice_contact_check(v, c);
}

void sapa_voice_command(struct sapa_voice *v, const struct sapa_record *r)
{
    sapa_voice_touch(v);
    switch (r->type) {
    case SAPA_T_cmd_offer:
        sapa_voice_offer_command(v, &r->u.cmd_offer);
        return;
    case SAPA_T_cmd_offer_cancel: {
        struct voice_offer *o = sapa_voice_find(&v->offers, r->u.cmd_offer_cancel.offer);
        if (o && !o->over)
            sapa_voice_offer_cancel(v, o, r->u.cmd_offer_cancel.elsewhere);
        else
            v->stats.late_commands++;
        return;
    }
    case SAPA_T_cmd_dial:
        sapa_voice_dial_command(v, &r->u.cmd_dial);
        return;
    case SAPA_T_cmd_offer_accept: {
        struct voice_offer *o = sapa_voice_find(&v->offers, r->u.cmd_offer_accept.offer);
        if (o && !o->over && !o->winner)
            sapa_voice_offer_accept(v, o);
        else
            v->stats.late_commands++;
        return;
    }
    case SAPA_T_cmd_call:
        sapa_voice_own_call(v, &r->u.cmd_call);
        return;
    case SAPA_T_cmd_agent_reply:
        if (!sapa_voice_own_reply(v, &r->u.cmd_agent_reply))
            sapa_voice_code_reply(v, &r->u.cmd_agent_reply);
        return;
    default:
        break;
    }
    if (!sapa_type_is_command(r->type))
        return;
    struct voice_contact *c = sapa_voice_find(&v->contacts, sapa_record_contact(r));
    if (!c) {
        if (r->type == SAPA_T_cmd_play && !r->u.cmd_play.loop) { /* never leave the core waiting */
            struct sapa_record done;
            sapa_record_init(&done, SAPA_T_play_done);
            done.u.play_done.contact = r->u.cmd_play.contact;
            done.u.play_done.play = r->u.cmd_play.play;
            done.u.play_done.failed = 1;
            sapa_voice_post(v, &done);
        } else if (r->type == SAPA_T_cmd_lookup && v->options.callbacks.lookup) {
            v->options.callbacks.lookup(v->options.callbacks.ctx, r, (struct sapa_str){ "", 0 }, 0);
        }
        v->stats.late_commands++;
        return;
    }
    switch (r->type) {
    case SAPA_T_cmd_ring: ring(v, c); break;
    case SAPA_T_cmd_answer: answer(v, c); break;
    case SAPA_T_cmd_reject: reject(v, c, (unsigned)r->u.cmd_reject.status); break;
    case SAPA_T_cmd_play: sapa_voice_play(v, &r->u.cmd_play); break;
    case SAPA_T_cmd_stop_play: sapa_voice_play_stop(v, c); break;
    case SAPA_T_cmd_secret: sapa_voice_secret_set(v, c, r->u.cmd_secret.on); break;
    case SAPA_T_cmd_connect: sapa_voice_connect(v, c, r->u.cmd_connect.offer); break;
    case SAPA_T_cmd_hold: sapa_voice_hold(v, c, &r->u.cmd_hold); break;
    case SAPA_T_cmd_join: sapa_voice_join(v, c, &r->u.cmd_join); break;
    case SAPA_T_cmd_supervise: sapa_voice_supervise(v, c, &r->u.cmd_supervise); break;
    case SAPA_T_cmd_hold_music: sapa_voice_hold_music(v, &r->u.cmd_hold_music); break;
    case SAPA_T_cmd_drop_agent: drop_agent(v, r->u.cmd_drop_agent.offer); break;
    case SAPA_T_cmd_hangup: hangup(v, c, (unsigned)r->u.cmd_hangup.cause); break;
    case SAPA_T_cmd_record: sapa_voice_record(v, &r->u.cmd_record); break;
    case SAPA_T_cmd_dial_cancel: {
        struct voice_leg *leg = sapa_voice_outside_of(c, r->u.cmd_dial_cancel.attempt);
        if (!leg && c->customer && c->customer->is_caller && c->attempt == r->u.cmd_dial_cancel.attempt)
            leg = c->customer;
        if (leg)
            sapa_voice_leg_end(v, leg, 16, NULL);
        else
            v->stats.late_commands++;
        break;
    }
    case SAPA_T_cmd_lookup:
        if (v->options.callbacks.lookup)
            v->options.callbacks.lookup(v->options.callbacks.ctx, r,
                                        (struct sapa_str){ c->secret ? c->secret : "", c->secret_n }, c->person);
        break;
    case SAPA_T_cmd_forget: forget(v, c); break;
    default: break;
    }
}
