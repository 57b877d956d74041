/* The SIP thread as the centre sees it: a real loop, a real socket, a media process that is played here. */
#include "app/channels.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/test_impl.h"
#include "rt/socket.h"

enum { INPUTS_MAX = 64, CLIENT_TOKO = 77, CLIENT_BANK = 78 };

struct fixture {
    char folder[64], media_path[100];
    struct sapa_loop *loop; /* the centre's */
    struct sapa_mailbox *inbox;
    struct sapa_centre *centre, *next;
    struct sapa_channels *channels;
    /* the carrier: the test's UDP socket */
    int carrier;
    struct sapa_addr carrier_addr, sip_addr;
    int sip_fd;
    /* the media process */
    int listener, media;
    struct sapa_watch listen_watch, media_watch;
    unsigned hellos, opened;
    /* what reaches the centre */
    struct sapa_record inputs[INPUTS_MAX];
    size_t input_count;
    bool ready;
    atomic_ullong asked_client; /* of the last reserve_person, on the SIP thread */
};

/* ---- media ---- */

static void media_say(struct fixture *f, struct sapa_media_message *m)
{
    assert_int_equal(sapa_unix_send(f->media, m, sapa_media_message_size(m), NULL, 0), SAPA_OK);
}

static void on_media(void *ctx, int fd, unsigned events)
{
    struct fixture *f = ctx;
    struct sapa_media_message m;
    size_t n, fds;

    (void)events;
    memset(&m, 0, sizeof(m));
    const sapa_rc rc = sapa_unix_receive(fd, &m, sizeof(m), &n, NULL, 0, &fds);
    if (rc == SAPA_ECLOSED) {
        sapa_watch_stop(f->loop, &f->media_watch);
        return;
    }
    if (rc != SAPA_OK)
        return;
    if (m.op == SAPA_MEDIA_HELLO) {
        struct sapa_media_message hello = { .op = SAPA_MEDIA_HELLO }, end = { .op = SAPA_MEDIA_INVENTORY_END };
        hello.u.hello.generation = 5;
        f->hellos++;
        media_say(f, &hello);
        media_say(f, &end);
    } else if (m.op == SAPA_MEDIA_LEG_OPEN) {
        m.op = SAPA_MEDIA_LEG_OPENED;
        m.code = 0;
        m.u.leg.local = (struct sapa_media_address){ .family = 4, .address = { 127, 0, 0, 1 }, .port = 40000 };
        f->opened++;
        media_say(f, &m);
    } else if (m.op == SAPA_MEDIA_LEG_CLOSE) {
        m.op = SAPA_MEDIA_LEG_CLOSED;
        media_say(f, &m);
    }
}

static void on_connect(void *ctx, int fd, unsigned events)
{
    struct fixture *f = ctx;

    (void)events;
    if (sapa_unix_accept(fd, &f->media) == SAPA_OK)
        assert_int_equal(sapa_watch_start(f->loop, &f->media_watch, f->media, SAPA_LOOP_READ, on_media, f), SAPA_OK);
}

/* ---- the centre ---- */

static void on_inbox(void *ctx, uint32_t type, const void *data, size_t size)
{
    struct fixture *f = ctx;

    if (type == SAPA_INBOX_READY) {
        f->ready = true;
        return;
    }
    assert_int_equal(type, SAPA_INBOX_INPUT);
    assert_true(f->input_count < INPUTS_MAX);
    memcpy(&f->inputs[f->input_count++], data, size);
}

static sapa_rc reserve_person(void *ctx, uint64_t client, struct sapa_str address, struct sapa_person_found *ret)
{
    struct fixture *f = ctx;

    f->asked_client = client;
    *ret = (struct sapa_person_found){ .person = 4000 + address.n, .is_new = true };
    return SAPA_OK;
}

static sapa_rc recording_key(void *ctx, uint64_t person, uint64_t recording, uint8_t ret_key[SAPA_MEDIA_KEY_SIZE],
                             uint8_t ret_wrapped[96], uint8_t *ret_wrapped_size)
{
    (void)ctx, (void)person, (void)recording, (void)ret_key, (void)ret_wrapped, (void)ret_wrapped_size;
    return SAPA_ENOENT;
}

static int open_fixture(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    char text[sizeof(TEST_CENTRE) + 200];

    test_folder(f->folder);
    f->media = -1;
    snprintf(f->media_path, sizeof(f->media_path), "%s/media.sock", f->folder);
    assert_int_equal(sapa_loop_new(NULL, &f->loop), SAPA_OK);
    assert_int_equal(sapa_mailbox_new(1 << 20, &f->inbox), SAPA_OK);
    assert_int_equal(sapa_unix_listen(f->media_path, &f->listener), SAPA_OK);
    assert_int_equal(sapa_watch_start(f->loop, &f->listen_watch, f->listener, SAPA_LOOP_READ, on_connect, f), SAPA_OK);
    assert_int_equal(sapa_addr_parse(SAPA_STR("127.0.0.1"), 0, &f->carrier_addr), SAPA_OK);
    f->sip_addr = f->carrier_addr;
    assert_int_equal(sapa_udp_open(&f->carrier_addr, NULL, &f->carrier), SAPA_OK);
    assert_int_equal(sapa_socket_local(f->carrier, &f->carrier_addr), SAPA_OK);
    assert_int_equal(sapa_udp_open(&f->sip_addr, NULL, &f->sip_fd), SAPA_OK);
    assert_int_equal(sapa_socket_local(f->sip_fd, &f->sip_addr), SAPA_OK);
    snprintf(text, sizeof(text), TEST_CENTRE "trunks: { carrier: { host: 127.0.0.1, port: %u, from: [127.0.0.0/8] } }\n",
             sapa_addr_port(&f->carrier_addr));
    f->centre = test_centre(text);
    *state = f;
    return 0;
}

static void start(struct fixture *f)
{
    const struct sapa_channels_ports ports = { .ctx = f, .reserve_person = reserve_person, .recording_key = recording_key };
    struct sapa_voice_listen listen = { .kind = SAPA_SIP_FLOW_UDP, .fd = f->sip_fd };
    const struct sapa_channels_options options = {
        .data = f->folder, .centre = { f->centre, { CLIENT_TOKO, CLIENT_BANK } }, .ports = &ports, .inbox = f->inbox,
        .listens = &listen, .listen_count = 1, .epoch = 3, .node = 1, .cpu = -1,
    };

    assert_int_equal(sapa_sip_ip_parse(SAPA_STR("127.0.0.1"), sapa_addr_port(&f->sip_addr), &listen.local), SAPA_OK);
    sapa_mailbox_attach(f->inbox, f->loop, 0, on_inbox, f);
    assert_int_equal(sapa_channels_start(&options, &f->channels), SAPA_OK);
}

static int close_fixture(void **state)
{
    struct fixture *f = *state;

    sapa_channels_stop(f->channels);
    sapa_watch_stop(f->loop, &f->listen_watch);
    sapa_watch_stop(f->loop, &f->media_watch);
    sapa_fd_close(f->media);
    sapa_fd_close(f->listener);
    sapa_fd_close(f->carrier);
    sapa_mailbox_free(f->inbox);
    sapa_loop_free(f->loop);
    sapa_centre_free(f->centre);
    sapa_centre_free(f->next);
    test_folder_remove(f->folder);
    free(f);
    return 0;
}

/* Turn the centre's loop until this holds; ten seconds are for ever. */
#define UNTIL(f, condition)                                          \
    do {                                                             \
        const int64_t end_us_ = sapa_mono_us() + 10000000;           \
        while (!(condition) && sapa_mono_us() < end_us_)             \
            sapa_loop_run_once((f)->loop, 10000);                    \
        assert_true(condition);                                      \
    } while (0)

static void become_ready(struct fixture *f)
{
    start(f);
    assert_int_equal(sapa_channels_adopt(f->channels), SAPA_OK);
    UNTIL(f, f->ready);
}

/* ---- */

static void test_it_adopts_nothing_and_is_ready(void **state)
{
    struct fixture *f = *state;

    start(f);
    UNTIL(f, f->hellos == 1);
    assert_false(f->ready); /* not before it is told that there is nothing to adopt */
    assert_int_equal(sapa_channels_adopt(f->channels), SAPA_OK);
    UNTIL(f, f->ready);
    assert_int_equal(f->input_count, 0);
    assert_true(sapa_file_exists(f->folder));
}

/* What the core believes to live and does not is ended as our fault. */
static void test_what_does_not_live_is_ended(void **state)
{
    struct fixture *f = *state;
    const struct sapa_voice_held customer = { .contact = sapa_id_make(1, 9), .what = SAPA_VOICE_HELD_CUSTOMER };
    const struct sapa_voice_held ringing = { .contact = sapa_id_make(1, 8), .offer = 5, .what = SAPA_VOICE_HELD_RINGING };

    start(f);
    assert_int_equal(sapa_channels_held(f->channels, &customer), SAPA_OK);
    assert_int_equal(sapa_channels_held(f->channels, &ringing), SAPA_OK);
    assert_int_equal(sapa_channels_adopt(f->channels), SAPA_OK);
    UNTIL(f, f->ready && f->input_count == 2);
    for (size_t i = 0; i < 2; i++) {
        const struct sapa_record *in = &f->inputs[i];
        if (in->type == SAPA_T_contact_gone) {
            assert_int_equal(in->u.contact_gone.contact, customer.contact);
            assert_int_equal(in->u.contact_gone.side, SAPA_SIDE_SYSTEM);
        } else {
            assert_int_equal(in->type, SAPA_T_offer_failed);
            assert_int_equal(in->u.offer_failed.offer, 5);
        }
    }
}

static void send_invite(struct fixture *f, const char *number, const char *from, const char *call_id)
{
    char text[1400], sdp[300];
    struct sapa_addr to = f->sip_addr;
    const unsigned port = sapa_addr_port(&f->carrier_addr);
    const int sdp_n = snprintf(sdp, sizeof(sdp), "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
                                                 "m=audio 30000 RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\n");
    const int n = snprintf(text, sizeof(text),
                           "INVITE sip:%s@127.0.0.1:%u SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bK%s;rport\r\n"
                           "Max-Forwards: 70\r\nFrom: <sip:%s@127.0.0.1>;tag=%s\r\nTo: <sip:%s@127.0.0.1>\r\nCall-ID: %s\r\n"
                           "CSeq: 1 INVITE\r\nContact: <sip:%s@127.0.0.1:%u>\r\nContent-Type: application/sdp\r\n"
                           "Content-Length: %d\r\n\r\n%s",
                           number, sapa_addr_port(&to), port, call_id, from, call_id, number, call_id, from, port, sdp_n, sdp);

    assert_int_equal(sapa_udp_send_one(f->carrier, &to, text, (size_t)n), SAPA_OK);
}

/* A stranger calls: the person first, then the contact that names it; the store is asked by its own number of the client. */
static void test_a_person_comes_before_the_contact(void **state)
{
    struct fixture *f = *state;

    become_ready(f);
    send_invite(f, "100", "628111", "first");
    UNTIL(f, f->input_count >= 2);
    assert_int_equal(f->inputs[0].type, SAPA_T_person_known);
    assert_int_equal(f->inputs[1].type, SAPA_T_contact_arrived);
    assert_int_equal(f->inputs[1].u.contact_arrived.person, f->inputs[0].u.person_known.person);
    assert_int_equal(f->inputs[1].u.contact_arrived.last_agent, SAPA_NONE);
    assert_int_equal(atomic_load(&f->asked_client), CLIENT_TOKO);
    assert_int_equal(f->inputs[1].u.contact_arrived.contact >> 54, 1);
    assert_true((f->inputs[1].u.contact_arrived.contact & UINT32_MAX) > 0);
}

/* The next request that reaches the carrier, "" when none comes. */
static const char *carrier_hears(struct fixture *f, const char *method)
{
    static uint8_t bytes[4096];
    const int64_t end_us = sapa_mono_us() + 10000000;

    while (sapa_mono_us() < end_us) {
        struct sapa_packet packet = { .data = bytes, .size_max = sizeof(bytes) - 1 };
        sapa_loop_run_once(f->loop, 5000);
        if (sapa_udp_receive(f->carrier, &packet, 1) == 1) {
            bytes[packet.size] = '\0';
            if (strncmp((char *)bytes, method, strlen(method)) == 0)
                return (char *)bytes;
        }
    }
    return "";
}

static void dial(struct fixture *f, uint64_t contact, uint64_t attempt)
{
    struct sapa_record command;

    sapa_record_init(&command, SAPA_T_cmd_dial);
    command.u.cmd_dial.contact = contact;
    command.u.cmd_dial.attempt = attempt;
    command.u.cmd_dial.from = 0;
    command.u.cmd_dial.ring_ms = 20000;
    assert_int_equal(sapa_channels_command(f->channels, &command), SAPA_OK);
}

static const struct sapa_record *progress(const struct fixture *f, uint64_t contact)
{
    for (size_t i = f->input_count; i-- > 0;) {
        if (f->inputs[i].type == SAPA_T_dial_progress && f->inputs[i].u.dial_progress.contact == contact)
            return &f->inputs[i];
    }
    return NULL;
}

/* A callback that waits since before the restart: its number is known from the contact's arrival, until it is forgotten. */
static void test_callbacks_of_an_earlier_process(void **state)
{
    struct fixture *f = *state;
    struct sapa_record arrived;

    start(f);
    for (uint64_t i = 1; i <= 5000; i++) { /* more than a few of them */
        sapa_record_init(&arrived, SAPA_T_contact_arrived);
        arrived.u.contact_arrived.contact = sapa_id_make(1, i);
        arrived.u.contact_arrived.person = i;
        char number[20];
        snprintf(number, sizeof(number), "6281%llu", (unsigned long long)i);
        assert_true(sapa_sized_set(&arrived.u.contact_arrived.address, sapa_str_of(number)));
        assert_int_equal(sapa_channels_contact(f->channels, &arrived), SAPA_OK);
    }
    assert_int_equal(sapa_channels_adopt(f->channels), SAPA_OK);
    UNTIL(f, f->ready);
    dial(f, sapa_id_make(1, 4999), 1);
    const char *invite = carrier_hears(f, "INVITE ");
    assert_non_null(strstr(invite, "62814999@"));

    struct sapa_record forget;
    sapa_record_init(&forget, SAPA_T_cmd_forget);
    forget.u.cmd_forget.contact = sapa_id_make(1, 17);
    assert_int_equal(sapa_channels_command(f->channels, &forget), SAPA_OK);
    dial(f, sapa_id_make(1, 17), 1);
    UNTIL(f, progress(f, sapa_id_make(1, 17)));
    assert_int_equal(progress(f, sapa_id_make(1, 17))->u.dial_progress.state, 2);
}

/* A new description while calls wait to be called back. */
static void test_a_new_description(void **state)
{
    struct fixture *f = *state;
    struct sapa_record arrived;
    char text[sizeof(TEST_CENTRE) + 300];

    start(f);
    sapa_record_init(&arrived, SAPA_T_contact_arrived);
    arrived.u.contact_arrived.contact = sapa_id_make(1, 5);
    assert_true(sapa_sized_set(&arrived.u.contact_arrived.address, SAPA_STR("628555")));
    assert_int_equal(sapa_channels_contact(f->channels, &arrived), SAPA_OK);
    assert_int_equal(sapa_channels_adopt(f->channels), SAPA_OK);
    UNTIL(f, f->ready);
    /* a client in front of the others: toko has index 1 now */
    snprintf(text, sizeof(text), TEST_CENTRE "trunks: { carrier: { host: 127.0.0.1, port: %u, from: [127.0.0.0/8] } }\n",
             sapa_addr_port(&f->carrier_addr));
    char *at = strstr(text, "{ toko: {");
    static const char more[] = "asuransi: { name: Asuransi, language: en }, ";
    memmove(at + 2 + sizeof(more) - 1, at + 2, strlen(at + 2) + 1);
    memcpy(at + 2, more, sizeof(more) - 1);
    f->next = test_centre(text);
    const struct sapa_channels_centre next = { f->next, { 79, CLIENT_TOKO, CLIENT_BANK } };
    assert_int_equal(sapa_channels_centre(f->channels, &next), SAPA_OK);
    dial(f, sapa_id_make(1, 5), 1);
    assert_non_null(strstr(carrier_hears(f, "INVITE "), "628555@"));
    send_invite(f, "100", "628111", "second");
    UNTIL(f, atomic_load(&f->asked_client) != 0);
    assert_int_equal(atomic_load(&f->asked_client), CLIENT_TOKO);
}

/* The end comes also when the mailbox is full of commands. */
static void test_it_stops_with_a_full_mailbox(void **state)
{
    struct fixture *f = *state;
    struct sapa_record command;
    size_t refused = 0;

    become_ready(f);
    sapa_record_init(&command, SAPA_T_cmd_play);
    command.u.cmd_play.contact = sapa_id_make(1, 1);
    for (int i = 0; i < 400000 && refused < 3; i++)
        refused += sapa_channels_command(f->channels, &command) != SAPA_OK;
    sapa_channels_stop(f->channels);
    f->channels = NULL;
}

/* Calls are refused while the log cannot take them, and taken again. */
static void test_refusing(void **state)
{
    struct fixture *f = *state;

    become_ready(f);
    assert_int_equal(sapa_channels_refuse(f->channels, true, "test"), SAPA_OK);
    const char *answer = "";
    char call_id[20];
    for (int i = 0; i < 50 && !strstr(answer, "Retry-After:"); i++) { /* the network may be faster than the mailbox */
        snprintf(call_id, sizeof(call_id), "refused%d", i);
        send_invite(f, "100", "628111", call_id);
        answer = carrier_hears(f, "SIP/2.0");
    }
    assert_memory_equal(answer, "SIP/2.0 503", 11);
    const size_t before = f->input_count;
    send_invite(f, "100", "628111", "refused");
    assert_non_null(strstr(carrier_hears(f, "SIP/2.0 503"), "Retry-After:"));
    assert_int_equal(f->input_count, before);
    assert_int_equal(sapa_channels_refuse(f->channels, false, "test"), SAPA_OK);
    for (int i = 0; i < 50 && f->input_count == before; i++) {
        snprintf(call_id, sizeof(call_id), "again%d", i);
        send_invite(f, "100", "628111", call_id);
        (void)carrier_hears(f, "SIP/2.0");
    }
    UNTIL(f, f->input_count >= before + 2);
}

/* Folders that cannot be used, sockets that are none: an error, and nothing is left open. */
static void test_starts_that_fail(void **state)
{
    struct fixture *f = *state;
    const struct sapa_channels_ports ports = { .ctx = f, .reserve_person = reserve_person, .recording_key = recording_key };
    struct sapa_voice_listen listen = { .kind = SAPA_SIP_FLOW_UDP, .fd = -1 };
    struct sapa_channels_options options = {
        .data = f->folder, .centre = { f->centre, { CLIENT_TOKO, CLIENT_BANK } }, .ports = &ports, .inbox = f->inbox,
        .listens = &listen, .listen_count = 1, .epoch = 3, .node = 1, .cpu = -1,
    };
    struct sapa_channels *channels = NULL;
    static char deep[700];

    /* the carrier's own port is taken */
    assert_int_equal(sapa_sip_ip_parse(SAPA_STR("127.0.0.1"), sapa_addr_port(&f->carrier_addr), &listen.local), SAPA_OK);
    assert_int_not_equal(sapa_channels_start(&options, &channels), SAPA_OK);
    memset(deep, 'x', sizeof(deep) - 1);
    options.data = deep;
    assert_int_equal(sapa_channels_start(&options, &channels), SAPA_EINVAL);
    assert_null(channels);
    sapa_fd_close(f->sip_fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_it_adopts_nothing_and_is_ready, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(test_what_does_not_live_is_ended, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(test_a_person_comes_before_the_contact, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(test_callbacks_of_an_earlier_process, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(test_a_new_description, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(test_it_stops_with_a_full_mailbox, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(test_refusing, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(test_starts_that_fail, open_fixture, close_fixture),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
