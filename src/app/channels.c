#include "app/channels.h"

#include <poll.h>
#include <stdlib.h>

#include "app/lookup.h"
#include "app/people.h"
#include "app/system.h"
#include "app/takes.h"
#include "base/log.h"
#include "base/table.h"
#include "channel/prompt/prompt.h"
#include "rt/thread.h"

enum {
    MAILBOX_BYTES = 16 << 20,
    BATCH = 256,          /* commands a turn, so that the network is not kept waiting */
    SPEAKERS = 3,         /* threads that render prompts */
    LOOKERS = 8,          /* threads that wait for outside systems: a slow one must not silence the prompts */
    WORK_QUEUE_MAX = 512,
    READY_LOOK_US = 5000,
    PATIENCE_MS = 10000,  /* of the centre at start, with a mailbox full of dialogs */
    WEB_MESSAGE_MAX = 65536,
    ARRIVED_MAX = 200000, /* contacts of an earlier process whose address may still be asked for */
};

/* Messages of the centre thread to this one. */
enum message { COMMAND = 1, DIALOG, HELD, ARRIVED, TALKED, ADOPT, CENTRE, REFUSE, END_CALLS, WEB_MESSAGE, WEB_CLOSED, SESSION_ENDED, REPORT, STOP };

struct refuse { bool on; const char *why; };

/* A living contact of an earlier process: whom to call back. */
struct talked {
    uint64_t person;
    uint32_t agent;
};

struct arrived {
    uint64_t contact;
    struct sapa_record *record;
};

struct sapa_channels {
    struct sapa_channels_options options;
    struct sapa_channels_ports ports;
    char prompts_dir[SAPA_PROMPT_PATH_MAX], cache_dir[SAPA_PROMPT_PATH_MAX], recordings_dir[SAPA_PROMPT_PATH_MAX],
        registrations[SAPA_PROMPT_PATH_MAX], media_path[SAPA_PROMPT_PATH_MAX];
    struct sapa_clock clock;
    struct sapa_loop *loop;
    struct sapa_thread *thread;
    struct sapa_mailbox *mailbox;
    struct sapa_pool *speakers, *lookers;
    struct sapa_prompts *prompts;
    struct sapa_takes *takes;
    struct sapa_lookup *lookup;
    struct sapa_people *people;
    struct sapa_voice *voice;
    struct sapa_timer ready_timer;
    /* collected before ADOPT */
    struct sapa_record **dialogs;
    size_t dialog_count, dialog_room;
    struct sapa_voice_held *held;
    size_t held_count, held_room;
    struct sapa_table arrived;
};

/* ---- callbacks of voice, on the SIP thread ---- */

static sapa_rc post(void *ctx, const struct sapa_record *input)
{
    struct sapa_channels *c = ctx;
    const sapa_rc rc = sapa_mailbox_put(c->options.inbox, SAPA_INBOX_INPUT, input, sapa_record_size(input));

    if (rc == SAPA_OK)
        sapa_people_note(c->people, input);
    return rc;
}

static void post_lookup(void *ctx, const struct sapa_record *input)
{
    if (post(ctx, input) != SAPA_OK)
        sapa_log(SAPA_LOG_WARN, "lookup.answer", "contact=%llu lost: the centre is overloaded; its flow falls back",
                 (unsigned long long)input->u.lookup_done.contact);
}

static void recording_lost(void *ctx, uint64_t recording)
{
    struct sapa_channels *c = ctx;

    if (sapa_mailbox_put(c->options.inbox, SAPA_INBOX_RECORDING, &recording, sizeof(recording)) != SAPA_OK)
        sapa_log(SAPA_LOG_WARN, "recording.lost", "recording=%llu is looked at after the next start", (unsigned long long)recording);
}

static sapa_rc prompt(void *ctx, const struct sapa_voice_prompt *wanted, uint64_t tag, char *ret_base, size_t size)
{
    struct sapa_channels *c = ctx;
    const struct sapa_prompt_ref ref = {
        .kind = wanted->music ? SAPA_PROMPT_MUSIC : SAPA_PROMPT_SPEECH,
        .lang = wanted->language == SAPA_LANGUAGE_ID ? SAPA_SAY_ID : SAPA_SAY_EN,
        .client = wanted->client,
        .name = wanted->name,
        .text = wanted->text,
    };
    struct sapa_prompt_ready ready;
    sapa_rc rc = sapa_prompts_find(c->prompts, &ref, &ready);

    if (rc == SAPA_OK) {
        struct sapa_str base = sapa_str_of(ready.alaw);
        base.n -= strlen(".alaw");
        return sapa_str_copy(base, ret_base, size) ? SAPA_OK : SAPA_ELIMIT;
    }
    if (rc == SAPA_EAGAIN)
        rc = sapa_prompts_get(c->prompts, &ref, tag);
    return rc == SAPA_OK ? SAPA_EAGAIN : rc;
}

static void prompt_done(void *ctx, uint64_t tag, const struct sapa_prompt_ready *ready)
{
    struct sapa_channels *c = ctx;
    char base[SAPA_VOICE_PATH_MAX];
    sapa_rc rc = ready->rc;

    if (rc == SAPA_OK) {
        struct sapa_str path = sapa_str_of(ready->alaw);
        path.n -= strlen(".alaw");
        if (!sapa_str_copy(path, base, sizeof(base)))
            rc = SAPA_ELIMIT;
    }
    if (rc != SAPA_OK)
        sapa_log(SAPA_LOG_WARN, "prompt.render", "%s: %s", sapa_rc_text(rc), ready->reason);
    if (c->voice) /* not at the very end */
        sapa_voice_prompt_ready(c->voice, tag, rc, rc == SAPA_OK ? base : "");
}

static sapa_rc take(void *ctx, const struct sapa_voice_take *wanted)
{
    return sapa_takes_do(((struct sapa_channels *)ctx)->takes, wanted);
}

static void take_done(void *ctx, uint64_t id, sapa_rc rc, uint32_t version)
{
    const struct sapa_channels *c = ctx;

    if (c->voice) /* not at the very end */
        sapa_voice_take_done(c->voice, id, rc, version);
}

static void resolve(void *ctx, uint32_t client, struct sapa_str address, uint64_t *ret_person,
                    uint32_t *ret_last_agent, uint8_t *ret_party_type)
{
    sapa_people_resolve(((struct sapa_channels *)ctx)->people, client, address, ret_person, ret_last_agent, ret_party_type);
}

static bool address_of(void *ctx, uint64_t contact, struct sapa_text64 *ret_address, uint64_t *ret_person,
                       uint32_t *ret_number)
{
    const struct sapa_channels *c = ctx;
    const struct arrived *found = sapa_table_find(&c->arrived, contact);

    if (!found)
        return false;
    *ret_address = found->record->u.contact_arrived.address;
    *ret_person = found->record->u.contact_arrived.person;
    *ret_number = (uint32_t)found->record->u.contact_arrived.number;
    return true;
}

static sapa_rc recording_key(void *ctx, uint64_t contact, uint64_t recording, uint8_t ret_key[SAPA_MEDIA_KEY_SIZE],
                             uint8_t ret_wrapped[96], uint8_t *ret_wrapped_size)
{
    const struct sapa_channels *c = ctx;

    return c->ports.recording_key(c->ports.ctx, sapa_people_of_contact(c->people, contact), recording, ret_key,
                                  ret_wrapped, ret_wrapped_size);
}

static void start_lookup(void *ctx, const struct sapa_record *command, struct sapa_str secret, uint64_t person)
{
    struct sapa_channels *c = ctx;

    sapa_lookup_start(c->lookup, command, secret, person);
}

static sapa_rc reserve_person(void *ctx, uint32_t client, struct sapa_str address, struct sapa_person_found *ret)
{
    const struct sapa_channels *c = ctx;

    return client < SAPA_CHANNELS_CLIENTS_MAX
               ? c->ports.reserve_person(c->ports.ctx, c->options.centre.clients[client], address, ret)
               : SAPA_EINVAL;
}

static sapa_rc web_send(void *ctx, const struct sapa_sip_flow *flow, const char *bytes, size_t n)
{
    const struct sapa_channels *c = ctx;

    return c->ports.web_send(c->ports.ctx, flow, bytes, n);
}

static bool session_lives(void *ctx, uint64_t session)
{
    const struct sapa_channels *c = ctx;

    return c->ports.session_lives(c->ports.ctx, session);
}

/* ---- messages of the centre, on the SIP thread ---- */

/* A mailbox message is cut to the record's size; a copy of its own for what is kept. */
static struct sapa_record *keep(const void *data, size_t size)
{
    struct sapa_record *record = malloc(size);

    if (record)
        memcpy(record, data, size);
    return record;
}

static bool grow(void **array, size_t *room, size_t count, size_t item_size)
{
    if (count < *room)
        return true;
    const size_t wanted = *room ? *room * 2 : 256;
    void *bigger = realloc(*array, wanted * item_size);
    if (!bigger)
        return false;
    *array = bigger;
    *room = wanted;
    return true;
}

/* The media process may still be starting: tell the centre when calls can be taken. */
static void look_ready(void *ctx)
{
    struct sapa_channels *c = ctx;

    if (!sapa_voice_ready(c->voice) || sapa_mailbox_put(c->options.inbox, SAPA_INBOX_READY, NULL, 0) != SAPA_OK)
        sapa_timer_set(c->loop, &c->ready_timer, READY_LOOK_US, look_ready, c);
}

static void adopt(struct sapa_channels *c)
{
    sapa_voice_adopt(c->voice, (const struct sapa_record *const *)c->dialogs, c->dialog_count, c->held, c->held_count);
    for (size_t i = 0; i < c->dialog_count; i++)
        free(c->dialogs[i]);
    free(c->dialogs), free(c->held);
    c->dialogs = NULL, c->held = NULL;
    c->dialog_count = c->held_count = c->dialog_room = c->held_room = 0;
    look_ready(c);
}

static void arrived_add(struct sapa_channels *c, const struct sapa_record *record, size_t size)
{
    const uint64_t contact = record->u.contact_arrived.contact;
    struct arrived *entry;
    struct sapa_record *copy = sapa_table_find(&c->arrived, contact) ? NULL : keep(record, size);

    if (copy && sapa_table_add(&c->arrived, contact, &entry) == SAPA_OK)
        entry->record = copy;
    else
        free(copy);
}

static void arrived_drop(struct sapa_channels *c, uint64_t contact)
{
    struct arrived *entry = sapa_table_find(&c->arrived, contact);

    if (!entry)
        return;
    free(entry->record);
    sapa_table_remove(&c->arrived, entry);
}

/* Who talked last with whom is remembered by index of the agent; arrivals by index of the number. */
static void renumber(struct sapa_channels *c, const struct sapa_centre *old, const struct sapa_centre *next)
{
    uint32_t *map = calloc((size_t)old->agents_count + 1, sizeof(*map));

    for (uint32_t i = 0; map && i < old->agents_count; i++)
        map[i] = SAPA_FIND(next, agents, old->agents[i].key);
    sapa_people_renumber(c->people, map, map ? old->agents_count : 0);
    free(map);
    for (uint32_t i = 0; i < c->arrived.count; i++) {
        struct sapa_rec_contact_arrived *arrived =
            &((struct arrived *)sapa_table_at(&c->arrived, i))->record->u.contact_arrived;
        arrived->number = arrived->number < old->numbers_count ? SAPA_FIND(next, numbers, old->numbers[arrived->number].key)
                                                               : SAPA_NONE;
    }
}

static void on_message(void *ctx, uint32_t type, const void *data, size_t size)
{
    struct sapa_channels *c = ctx;

    switch ((enum message)type) {
    case COMMAND:
        sapa_people_note(c->people, data);
        sapa_voice_command(c->voice, data);
        if (((const struct sapa_record *)data)->type == SAPA_T_cmd_forget)
            arrived_drop(c, ((const struct sapa_record *)data)->u.cmd_forget.contact);
        break;
    case DIALOG:
        if (grow((void **)&c->dialogs, &c->dialog_room, c->dialog_count, sizeof(*c->dialogs)) &&
            (c->dialogs[c->dialog_count] = keep(data, size)))
            c->dialog_count++;
        break;
    case HELD:
        if (grow((void **)&c->held, &c->held_room, c->held_count, sizeof(*c->held)))
            memcpy(&c->held[c->held_count++], data, sizeof(*c->held));
        break;
    case ARRIVED:
        sapa_people_note(c->people, data);
        arrived_add(c, data, size);
        break;
    case TALKED: {
        const struct talked *talked = data;
        sapa_people_talked(c->people, talked->person, talked->agent);
        break;
    }
    case ADOPT: adopt(c); break;
    case CENTRE: {
        const struct sapa_centre *old = c->options.centre.centre;
        memcpy(&c->options.centre, data, sizeof(c->options.centre));
        renumber(c, old, c->options.centre.centre);
        sapa_voice_centre(c->voice, c->options.centre.centre);
        break;
    }
    case REFUSE: {
        const struct refuse *refuse = data;
        sapa_voice_refuse(c->voice, refuse->on, refuse->why);
        break;
    }
    case END_CALLS: {
        const char *why;
        memcpy(&why, data, sizeof(why));
        sapa_voice_end_calls(c->voice, why);
        break;
    }
    case WEB_MESSAGE: {
        struct sapa_sip_flow flow;
        char bytes[WEB_MESSAGE_MAX]; /* it is changed in place */
        memcpy(&flow, data, sizeof(flow));
        memcpy(bytes, (const char *)data + sizeof(flow), SAPA_MIN(size - sizeof(flow), sizeof(bytes)));
        sapa_voice_web_receive(c->voice, &flow, bytes, SAPA_MIN(size - sizeof(flow), sizeof(bytes)));
        break;
    }
    case WEB_CLOSED: sapa_voice_web_closed(c->voice, data); break;
    case SESSION_ENDED: {
        uint64_t session;
        memcpy(&session, data, sizeof(session));
        sapa_voice_session_ended(c->voice, session);
        break;
    }
    case REPORT:
        sapa_system_report(c->voice, c->options.centre.centre, c->options.reports);
        sapa_voice_media_ask(c->voice);
        break;
    case STOP: sapa_loop_stop(c->loop); break;
    }
}

static void run(void *ctx)
{
    struct sapa_channels *c = ctx;

    sapa_loop_run(c->loop);
}

/* ---- start and stop, on the centre thread ---- */

static bool path(char *buf, size_t size, const char *data, const char *name)
{
    struct sapa_text text;

    sapa_text_init(&text, buf, size);
    sapa_text_printf(&text, "%s/%s", data, name);
    return !text.cut;
}

static sapa_rc open_voice(struct sapa_channels *c)
{
    struct sapa_voice_options voice = {
        .loop = c->loop,
        .centre = c->options.centre.centre,
        .callbacks = { .ctx = c, .post = post, .prompt = prompt, .resolve = resolve, .address = address_of,
                       .recording_key = recording_key, .recording_lost = recording_lost, .lookup = start_lookup, .take = take },
        .listens = c->options.listens,
        .listen_count = c->options.listen_count,
        .tls = c->options.tls,
        .product = "Sapa",
        .media_path = c->media_path,
        .epoch = c->options.epoch,
        .media_advertise = c->options.media_advertise,
        .registrations_path = c->registrations,
        .recordings_dir = c->recordings_dir,
        .node = c->options.node,
        .id_base = (uint64_t)c->options.epoch << 32,
        .calls_max = c->options.centre.centre->system.contacts_max,
    };
    voice.pass_key = c->options.pass_key;
    if (c->ports.web_send)
        voice.callbacks.web_send = web_send;
    if (c->ports.session_lives)
        voice.callbacks.session_lives = session_lives;
    memcpy(voice.offer_key, c->options.offer_key, sizeof(voice.offer_key));
    return sapa_voice_open(&voice, &c->voice);
}

static sapa_rc open_all(struct sapa_channels *c)
{
    const struct sapa_people_ports people = { .ctx = c, .reserve = reserve_person, .post = post };
    sapa_rc rc;

    sapa_clock_init(&c->clock);
    if ((rc = sapa_loop_new(&c->clock, &c->loop)) != SAPA_OK ||
        (rc = sapa_mailbox_new(MAILBOX_BYTES, &c->mailbox)) != SAPA_OK ||
        (rc = sapa_pool_new("speak", SPEAKERS, WORK_QUEUE_MAX, &c->speakers)) != SAPA_OK ||
        (rc = sapa_pool_new("look", LOOKERS, WORK_QUEUE_MAX, &c->lookers)) != SAPA_OK ||
        (rc = sapa_people_new(&people, &c->people)) != SAPA_OK ||
        (rc = sapa_lookup_new(c->loop, c->lookers, post_lookup, c, &c->lookup)) != SAPA_OK)
        return rc;
    const struct sapa_prompts_opts prompts = { .loop = c->loop, .pool = c->speakers, .prompts_dir = c->prompts_dir,
                                               .cache_dir = c->cache_dir, .done = prompt_done, .ctx = c };
    const struct sapa_takes_options takes = { .loop = c->loop, .pool = c->speakers, .prompts_dir = c->prompts_dir,
                                              .recordings_dir = c->recordings_dir, .done = take_done, .ctx = c };
    if ((rc = sapa_prompts_open(&prompts, &c->prompts)) != SAPA_OK || (rc = sapa_takes_new(&takes, &c->takes)) != SAPA_OK ||
        (rc = open_voice(c)) != SAPA_OK)
        return rc;
    sapa_mailbox_attach(c->mailbox, c->loop, BATCH, on_message, c);
    return sapa_thread_start("sip", c->options.cpu, run, c, &c->thread);
}

sapa_rc sapa_channels_start(const struct sapa_channels_options *options, struct sapa_channels **ret)
{
    struct sapa_channels *c = calloc(1, sizeof(*c));

    if (!c)
        return SAPA_ENOMEM;
    c->options = *options;
    c->ports = *options->ports;
    sapa_table_init(&c->arrived, sapa_memory_heap(), sizeof(struct arrived), ARRIVED_MAX);
    sapa_rc rc = SAPA_EINVAL;
    if (path(c->prompts_dir, sizeof(c->prompts_dir), options->data, "prompts") &&
        path(c->cache_dir, sizeof(c->cache_dir), options->data, "cache") &&
        path(c->recordings_dir, sizeof(c->recordings_dir), options->data, "recordings") &&
        path(c->registrations, sizeof(c->registrations), options->data, "registrations") &&
        path(c->media_path, sizeof(c->media_path), options->data, "media.sock"))
        rc = open_all(c);
    if (rc != SAPA_OK) {
        sapa_channels_stop(c);
        return rc;
    }
    *ret = c;
    return SAPA_OK;
}

void sapa_channels_halt(struct sapa_channels *c)
{
    if (!c || !c->thread)
        return;
    if (sapa_mailbox_put(c->mailbox, STOP, NULL, 0) != SAPA_OK) /* after the commands in front of it, unless these fill the mailbox */
        sapa_loop_stop(c->loop);
    sapa_thread_join(c->thread);
    c->thread = NULL;
}

void sapa_channels_stop(struct sapa_channels *c)
{
    if (!c)
        return;
    sapa_channels_halt(c);
    if (c->mailbox)
        sapa_mailbox_detach(c->mailbox);
    if (c->loop)
        sapa_timer_cancel(c->loop, &c->ready_timer);
    sapa_voice_close(c->voice);
    c->voice = NULL;
    sapa_pool_free(c->lookers);
    sapa_pool_free(c->speakers);
    if (c->loop)
        sapa_loop_run_once(c->loop, 0); /* work that was never begun says so */
    sapa_prompts_close(c->prompts);
    sapa_takes_free(c->takes);
    sapa_lookup_free(c->lookup);
    sapa_people_free(c->people);
    sapa_mailbox_free(c->mailbox);
    sapa_loop_free(c->loop);
    for (size_t i = 0; i < c->dialog_count; i++)
        free(c->dialogs[i]);
    for (uint32_t i = 0; i < c->arrived.count; i++)
        free(((struct arrived *)sapa_table_at(&c->arrived, i))->record);
    sapa_table_done(&c->arrived);
    free(c->dialogs), free(c->held);
    free(c);
}

sapa_rc sapa_channels_command(struct sapa_channels *c, const struct sapa_record *command)
{
    return sapa_mailbox_put(c->mailbox, COMMAND, command, sapa_record_size(command));
}

/* At start there is nothing better to do than to wait for room. */
static sapa_rc put_patiently(struct sapa_channels *c, enum message type, const void *data, size_t size)
{
    sapa_rc rc = sapa_mailbox_put(c->mailbox, type, data, size);

    for (int waited_ms = 0; rc == SAPA_ELIMIT && waited_ms < PATIENCE_MS; waited_ms++) {
        (void)poll(NULL, 0, 1);
        rc = sapa_mailbox_put(c->mailbox, type, data, size);
    }
    return rc;
}

sapa_rc sapa_channels_dialog(struct sapa_channels *c, const struct sapa_record *dialog)
{
    return put_patiently(c, DIALOG, dialog, sapa_record_size(dialog));
}

sapa_rc sapa_channels_held(struct sapa_channels *c, const struct sapa_voice_held *held)
{
    return put_patiently(c, HELD, held, sizeof(*held));
}

sapa_rc sapa_channels_contact(struct sapa_channels *c, const struct sapa_record *arrived)
{
    return put_patiently(c, ARRIVED, arrived, sapa_record_size(arrived));
}

sapa_rc sapa_channels_talked(struct sapa_channels *c, uint64_t person, uint32_t agent)
{
    const struct talked talked = { person, agent };

    return put_patiently(c, TALKED, &talked, sizeof(talked));
}

sapa_rc sapa_channels_adopt(struct sapa_channels *c)
{
    return put_patiently(c, ADOPT, NULL, 0);
}

sapa_rc sapa_channels_centre(struct sapa_channels *c, const struct sapa_channels_centre *centre)
{
    return sapa_mailbox_put(c->mailbox, CENTRE, centre, sizeof(*centre));
}

sapa_rc sapa_channels_end_calls(struct sapa_channels *c, const char *why)
{
    return sapa_mailbox_put(c->mailbox, END_CALLS, &why, sizeof(why));
}

sapa_rc sapa_channels_refuse(struct sapa_channels *c, bool on, const char *why)
{
    const struct refuse refuse = { on, why };

    return sapa_mailbox_put(c->mailbox, REFUSE, &refuse, sizeof(refuse));
}

/* ---- browsers, on any thread ---- */

static struct sapa_sip_ip ip_of(const struct sapa_addr *addr)
{
    char host[SAPA_ADDR_TEXT_MAX];
    struct sapa_sip_ip ip = { .family = 0 };

    if (sapa_sip_ip_parse(sapa_str_of(sapa_addr_print_host(addr, host, sizeof(host))), sapa_addr_port(addr), &ip) != SAPA_OK)
        ip = (struct sapa_sip_ip){ .family = 4, .bytes = { 127, 0, 0, 1 }, .port = 9 }; /* a socket of IP always has an address */
    return ip;
}

static struct sapa_sip_flow flow_of(const struct sapa_channels_web *from)
{
    return (struct sapa_sip_flow){ .kind = from->secure ? SAPA_SIP_FLOW_WSS : SAPA_SIP_FLOW_WS, .conn = from->conn,
                                   .generation = from->generation, .local = ip_of(&from->local), .remote = ip_of(&from->remote) };
}

sapa_rc sapa_channels_web_receive(struct sapa_channels *c, const struct sapa_channels_web *from, const char *bytes, size_t n)
{
    const struct sapa_sip_flow flow = flow_of(from);
    const struct sapa_mailbox_part parts[] = { { &flow, sizeof(flow) }, { bytes, n } };

    return n <= WEB_MESSAGE_MAX ? sapa_mailbox_putv(c->mailbox, WEB_MESSAGE, parts, 2) : SAPA_EINVAL;
}

sapa_rc sapa_channels_web_closed(struct sapa_channels *c, const struct sapa_channels_web *from)
{
    const struct sapa_sip_flow flow = flow_of(from);

    return put_patiently(c, WEB_CLOSED, &flow, sizeof(flow));
}

sapa_rc sapa_channels_session_ended(struct sapa_channels *c, uint64_t session)
{
    return put_patiently(c, SESSION_ENDED, &session, sizeof(session));
}

bool sapa_channels_report(struct sapa_channels *c)
{
    return c->options.reports && sapa_mailbox_put(c->mailbox, REPORT, NULL, 0) == SAPA_OK;
}
