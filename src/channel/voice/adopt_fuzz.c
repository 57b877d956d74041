/*
 * What the log says about dialogs is taken at a start: any bytes as such records, beside what the media
 * process holds and the core believes. Then commands, time, requests in the dialogs and a media process
 * that comes back empty. The input is a row of [kind, contact, offer, leg, bytes]. Nothing may stay behind.
 */
#include <stdio.h>
#include <stdlib.h>

#include "channel/voice/voice_impl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { DIALOGS_MAX = 8, HELD_MAX = 8, INVENTORY_MAX = 8 };

static struct sapa_voice *voice;
static char last[2048]; /* our latest message */
static struct sapa_media_message asked[64];
static size_t asked_count;

static sapa_rc on_send(void *ctx, const struct sapa_sip_flow *flow, const char *bytes, size_t n)
{
    (void)ctx, (void)flow;
    (void)sapa_str_copy((struct sapa_str){ bytes, n }, last, sizeof(last));
    return SAPA_OK;
}

static sapa_rc on_open(void *ctx, enum sapa_sip_flow_kind kind, const struct sapa_sip_ip *remote, struct sapa_sip_flow *ret)
{
    (void)ctx;
    *ret = (struct sapa_sip_flow){ .kind = (uint8_t)kind, .remote = *remote };
    (void)!sapa_sip_ip_parse(SAPA_STR("203.0.113.1"), 5060, &ret->local);
    return SAPA_OK;
}

static sapa_rc on_post(void *ctx, const struct sapa_record *record)
{
    uint8_t clear[2 * SAPA_RECORD_ENCODED_MAX], pii[2 * SAPA_RECORD_ENCODED_MAX];
    struct sapa_writer w = sapa_writer_of(clear, sizeof(clear)), p = sapa_writer_of(pii, sizeof(pii));
    (void)ctx;
    sapa_record_encode(record, &w, &p); /* whatever was adopted, what goes to the log is a record */
    sapa_assert(!w.bad && !p.bad && w.n + p.n <= SAPA_RECORD_ENCODED_MAX);
    return SAPA_OK;
}

static sapa_rc on_prompt(void *ctx, const struct sapa_voice_prompt *prompt, uint64_t tag, char *ret_base, size_t n)
{
    (void)ctx, (void)prompt, (void)tag;
    (void)sapa_str_copy(SAPA_STR("/x"), ret_base, n);
    return SAPA_OK;
}

static sapa_rc on_media(void *ctx, const struct sapa_media_message *m)
{
    (void)ctx;
    sapa_assert(sapa_media_message_size(m) <= sizeof(*m));
    if (asked_count < SAPA_COUNT(asked))
        asked[asked_count++] = *m;
    return SAPA_OK;
}

/* The recorder's last word, which comes when the last leg is closed, or after the media process was away. */
static void recorded(uint64_t contact)
{
    const struct sapa_media_message m = { .op = SAPA_MEDIA_RECORD_STATE, .contact = contact, .recording = 88, .u.record_state = { .state = 3 } };
    sapa_voice_media_receive(voice, &m);
}

/* Time goes on, and the media process says what it opened and closed. */
static void advance(struct sapa_loop *loop, int64_t us)
{
    do {
        for (size_t i = 0; i < asked_count; i++) {
            struct sapa_media_message m = asked[i];
            if (m.op != SAPA_MEDIA_LEG_OPEN && m.op != SAPA_MEDIA_LEG_CLOSE)
                continue;
            m.op = m.op == SAPA_MEDIA_LEG_OPEN ? SAPA_MEDIA_LEG_OPENED : SAPA_MEDIA_LEG_CLOSED;
            if (m.op == SAPA_MEDIA_LEG_OPENED)
                m.u.leg.local.port = 20000;
            sapa_voice_media_receive(voice, &m);
            if (m.op == SAPA_MEDIA_LEG_CLOSED)
                recorded(m.contact);
        }
        asked_count = 0;
        sapa_loop_advance(loop, us);
        us = 0;
    } while (asked_count > 0);
}

static void request(const char *method)
{
    static unsigned branch;
    char out[8192], from[512], to[512], call_id[256];
    struct sapa_text text;
    const struct { const char *name; char *buf; size_t size; } lines[] = {
        { "\r\nFrom: ", from, sizeof(from) }, { "\r\nTo: ", to, sizeof(to) }, { "\r\nCall-ID: ", call_id, sizeof(call_id) },
    };
    for (size_t i = 0; i < SAPA_COUNT(lines); i++) {
        const char *at = strstr(last, lines[i].name);
        if (!at)
            return;
        at += strlen(lines[i].name);
        (void)sapa_str_copy((struct sapa_str){ at, strcspn(at, "\r") }, lines[i].buf, lines[i].size);
    }
    branch++;
    sapa_text_init(&text, out, sizeof(out));
    sapa_text_printf(&text, "%s sip:x@203.0.113.1 SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKa%u\r\nFrom: %s\r\nTo: %s\r\nCSeq: %u %s\r\n"
                            "Call-ID: %s\r\nMax-Forwards: 70\r\nContact: <sip:x@192.0.2.5>\r\nContent-Length: 0\r\n\r\n",
                     method, branch, to, from, 100000 + branch, method, call_id);
    struct sapa_sip_flow flow = { .kind = SAPA_SIP_FLOW_UDP };
    (void)!sapa_sip_ip_parse(SAPA_STR("203.0.113.1"), 5060, &flow.local);
    (void)!sapa_sip_ip_parse(SAPA_STR("192.0.2.5"), 5060, &flow.remote);
    if (!text.cut)
        sapa_voice_sip_receive(voice, &flow, out, text.n);
}

static const struct sapa_client clients[] = { { .key = { "toko", 4 }, .name = { "C", 1 } } };
static const struct sapa_number numbers[] = { { .key = { "1500", 4 } } };
static const struct sapa_agent agents[] = { { .key = { "siti", 4 }, .extension = { "101", 3 }, .password = { "p", 1 } } };
static const struct sapa_trunk trunks[] = { { .key = { "isp", 3 }, .host = { "192.0.2.5", 9 } } };
static const struct sapa_queue queues[] = { { .key = { "jual", 4 } } };
static const struct sapa_prompt prompts[] = { { .key = { "music", 5 }, .music = 1, .client = SAPA_NONE } };

static struct sapa_record dialogs[DIALOGS_MAX];
static const struct sapa_record *list[DIALOGS_MAX];
static struct sapa_voice_held held[HELD_MAX];
static struct sapa_media_message inventory[INVENTORY_MAX];
static size_t dialog_count, held_count, inventory_count;

static void take(struct sapa_reader *r)
{
    dialog_count = held_count = inventory_count = 0;
    while (sapa_reader_left(r) > 0) {
        const uint64_t what = sapa_get_u64(r), contact = sapa_get_u64(r), offer = sapa_get_u64(r), leg = sapa_get_u64(r);
        const struct sapa_str bytes = sapa_get_str(r);
        if (r->bad)
            return;
        if (what % 4 <= 1 && dialog_count < DIALOGS_MAX) { /* 0: its media leg lives too */
            struct sapa_record *record = &dialogs[dialog_count];
            sapa_record_init(record, SAPA_T_dialog);
            record->u.dialog.contact = contact;
            record->u.dialog.offer = offer;
            record->u.dialog.leg = leg;
            record->u.dialog.generation = what / 4;
            (void)sapa_sized_set(&record->u.dialog.state, bytes);
            list[dialog_count++] = record;
        }
        if (what % 4 != 1 && what % 4 != 3 && inventory_count < INVENTORY_MAX) {
            struct sapa_media_message *m = &inventory[inventory_count++];
            *m = (struct sapa_media_message){ .op = SAPA_MEDIA_INVENTORY, .leg = leg, .contact = contact };
            m->u.inventory.recording = what / 4 % 3 == 1 ? 88 : 0;
            m->u.inventory.play = (uint32_t)(what / 4 % 5);
            m->u.inventory.looping = what / 4 % 2;
        }
        if (what % 4 == 3 && held_count < HELD_MAX)
            held[held_count++] = (struct sapa_voice_held){ .contact = contact, .offer = offer, .what = (uint8_t)(leg % 5), .agent = (uint32_t)(leg % 7),
                                                           .play = (uint32_t)(what / 4 % 5), .talking = what / 64 % 2 };
    }
}

static void inventory_tell(void)
{
    struct sapa_media_message m = { .op = SAPA_MEDIA_HELLO };
    sapa_voice_media_receive(voice, &m);
    for (size_t i = 0; i < inventory_count; i++)
        sapa_voice_media_receive(voice, &inventory[i]);
    m.op = SAPA_MEDIA_INVENTORY_END;
    sapa_voice_media_receive(voice, &m);
}

static void command(struct sapa_loop *loop, enum sapa_type type, uint64_t contact, uint64_t offer)
{
    static struct sapa_record r;
    sapa_record_init(&r, type);
    memcpy((char *)&r.u, &contact, sizeof(contact)); /* the first field of each that is used here */
    if (type == SAPA_T_cmd_connect)
        r.u.cmd_connect.offer = offer;
    else if (type == SAPA_T_cmd_drop_agent)
        r.u.cmd_drop_agent.offer = offer;
    sapa_voice_command(voice, &r);
    advance(loop, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct sapa_sip_transport_ops transport = { .send = on_send, .open = on_open };
    const struct sapa_centre centre = { .system = { .sip_host = { "s", 1 }, .country = { "ID", 2 } }, .clients = clients, .clients_count = 1, .numbers = numbers,
        .numbers_count = 1, .agents = agents, .agents_count = 1, .trunks = trunks, .trunks_count = 1, .queues = queues,
        .queues_count = 1, .prompts = prompts, .prompts_count = 1 };
    struct sapa_reader r = sapa_reader_of(data, size);
    struct sapa_voice_stats stats;
    struct sapa_clock clock;
    struct sapa_loop *loop;

    sapa_log_level(SAPA_LOG_ERROR + 1);
    last[0] = '\0';
    asked_count = 0;
    take(&r);
    sapa_clock_init_manual(&clock, 1000000, INT64_C(1795000000000000));
    if (sapa_loop_new(&clock, &loop) != SAPA_OK)
        abort();
    const struct sapa_voice_options options = {
        .loop = loop, .centre = &centre, .transport = &transport, .node = 1, .epoch = 2, .id_base = UINT64_C(2) << 32,
        .callbacks = { .post = on_post, .prompt = on_prompt, .media_send = on_media },
    };
    if (sapa_voice_open(&options, &voice) != SAPA_OK)
        abort();
    sapa_voice_adopt(voice, list, dialog_count, held, held_count);
    sapa_voice_media_link(voice, true);
    inventory_tell();
    advance(loop, 0);
    sapa_assert(sapa_voice_ready(voice));
    request("BYE"); /* in the dialog of an orphan: it is gone already */
    for (size_t i = 0; i < dialog_count; i++) {
        const struct sapa_rec_dialog *dialog = &dialogs[i].u.dialog;
        command(loop, SAPA_T_cmd_connect, dialog->contact, dialog->offer);
        command(loop, SAPA_T_cmd_drop_agent, dialog->contact, dialog->offer);
        request("INVITE");
        request("BYE");
        advance(loop, 31000000); /* OPTIONS within the dialogs */
    }
    request("OPTIONS");
    if (size % 2) { /* the media process comes back with nothing */
        sapa_voice_media_link(voice, false);
        sapa_voice_media_link(voice, true);
        inventory_count = 0;
        inventory_tell();
        for (size_t i = 0; i < dialog_count; i++)
            recorded(dialogs[i].u.dialog.contact);
        advance(loop, 0);
    } else {
        for (size_t i = 0; i < dialog_count; i++)
            command(loop, SAPA_T_cmd_hangup, dialogs[i].u.dialog.contact, 0);
    }
    for (size_t i = 0; i < dialog_count; i++)
        command(loop, SAPA_T_cmd_forget, dialogs[i].u.dialog.contact, 0);
    advance(loop, 70000000);
    sapa_voice_stats_read(voice, &stats);
    sapa_assert(stats.contacts == 0 && stats.calls == 0 && stats.legs == 0);
    sapa_voice_close(voice);
    if (sapa_loop_timers(loop) != 0)
        abort();
    sapa_loop_free(loop);
    return 0;
}
