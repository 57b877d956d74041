/* The socket to the media process: connecting, a full socket, and the process going away. */
#include <unistd.h>

#include "channel/voice/fake_impl.h"

struct server {
    char folder[32], path[64];
    int listener, fd;
};

static void turn(struct fake *f)
{
    for (int i = 0; i < 20; i++)
        sapa_loop_run_once(f->loop, 0);
}

static bool next(struct server *s, struct sapa_media_message *ret)
{
    size_t n, fds;
    memset(ret, 0, sizeof(*ret));
    return sapa_unix_receive(s->fd, ret, sizeof(*ret), &n, NULL, 0, &fds) == SAPA_OK;
}

static void say(struct server *s, const struct sapa_media_message *m)
{
    assert_int_equal(sapa_unix_send(s->fd, m, sapa_media_message_size(m), NULL, 0), SAPA_OK);
}

static void greet(struct fake *f, struct server *s, uint64_t generation)
{
    struct sapa_media_message m, hello = { .op = SAPA_MEDIA_HELLO };
    turn(f);
    assert_int_equal(sapa_unix_accept(s->listener, &s->fd), SAPA_OK);
    turn(f);
    assert_true(next(s, &m));
    assert_int_equal(m.op, SAPA_MEDIA_HELLO);
    assert_int_equal(m.epoch, 7);
    assert_int_equal(m.u.hello.epoch, 7);
    hello.u.hello.generation = generation;
    say(s, &hello);
    say(s, &(struct sapa_media_message){ .op = SAPA_MEDIA_INVENTORY_END });
    turn(f);
    assert_true(next(s, &m));
    assert_int_equal(m.op, SAPA_MEDIA_LIMITS);
}

static void socket_to_media(void **state)
{
    struct fake *f;
    struct server s = { .folder = "/tmp/sapa-voice-XXXXXX", .fd = -1 };
    struct sapa_media_message m;
    (void)state;
    assert_non_null(mkdtemp(s.folder));
    snprintf(s.path, sizeof(s.path), "%s/media", s.folder);
    fake_new(&f);
    sapa_voice_close(f->voice);
    f->options.callbacks.media_send = NULL;
    f->options.media_path = s.path;
    assert_int_equal(sapa_voice_open(&f->options, &f->voice), SAPA_OK);
    sapa_voice_adopt(f->voice, NULL, 0, NULL, 0);
    sapa_loop_advance(f->loop, 500000); /* nobody is there yet */
    assert_false(sapa_voice_ready(f->voice));
    assert_int_equal(sapa_unix_listen(s.path, &s.listener), SAPA_OK);
    sapa_loop_advance(f->loop, 100000);
    greet(f, &s, 1);
    assert_true(sapa_voice_ready(f->voice));

    /* a call: the port comes over the socket */
    struct fake_call c;
    fake_invite(f, &c, "192.0.2.5", "1500", "", fake_sdp_customer);
    const uint64_t contact = fake_posted(f, SAPA_T_contact_arrived)->u.contact_arrived.contact;
    FAKE_COMMAND(f, cmd_answer, .contact = contact);
    turn(f);
    assert_true(next(&s, &m));
    assert_int_equal(m.op, SAPA_MEDIA_LEG_OPEN);
    m.op = SAPA_MEDIA_LEG_OPENED;
    m.u.leg.local.port = 23456;
    say(&s, &m);
    turn(f);
    fake_learn(&c, fake_want(f, "SIP/2.0 200", "m=audio 23456 ")->text);
    fake_request(f, &c, "ACK", "", "", "");
    assert_true(next(&s, &m));
    assert_int_equal(m.op, SAPA_MEDIA_LEG_SET);

    /* more than the socket takes: nothing is lost, nothing overtakes */
    enum { MANY = 3000 };
    for (int i = 0; i < MANY; i++) {
        const struct sapa_record r = { .type = SAPA_T_cmd_secret, .u.cmd_secret = { .contact = contact, .on = (uint64_t)(i & 1) } };
        sapa_voice_command(f->voice, &r);
    }
    int got = 0;
    for (int i = 0; i < 200 && got < MANY; i++) {
        while (next(&s, &m)) {
            assert_int_equal(m.op, SAPA_MEDIA_SECRET);
            assert_int_equal(m.code, got & 1);
            got++;
        }
        turn(f);
    }
    assert_int_equal(got, MANY);

    /* garbage is a broken process: the line is cut and made again */
    assert_int_equal(sapa_unix_send(s.fd, "x", 1, NULL, 0), SAPA_OK);
    turn(f);
    assert_false(sapa_voice_ready(f->voice));
    sapa_fd_close(s.fd);
    sapa_loop_advance(f->loop, 60000);
    greet(f, &s, 2); /* another generation: the call is lost by the system */
    assert_true(sapa_voice_ready(f->voice));
    assert_int_equal(fake_posted(f, SAPA_T_contact_gone)->u.contact_gone.side, SAPA_SIDE_SYSTEM);
    fake_want(f, "BYE", c.call_id);
    sapa_fd_close(s.fd);
    sapa_fd_close(s.listener);
    turn(f);
    sapa_loop_advance(f->loop, 1000000);
    fake_free(f);
    unlink(s.path);
    assert_int_equal(rmdir(s.folder), 0);
}

/* A socket that was handed down holds a request: it is answered once the dialogs are there, not before. */
static void socket_to_the_world(void **state)
{
    struct fake *f;
    struct sapa_addr local, bound;
    struct sapa_sip_ip ip;
    struct sapa_voice_listen listen = { .kind = SAPA_SIP_FLOW_UDP };
    uint8_t bytes[2048];
    int client;
    (void)state;
    fake_new(&f);
    sapa_voice_close(f->voice);
    f->media_count = f->media_answered = 0;
    assert_int_equal(sapa_addr_parse(SAPA_STR("127.0.0.1"), 0, &local), SAPA_OK);
    assert_int_equal(sapa_udp_open(&local, NULL, &listen.fd), SAPA_OK);
    assert_int_equal(sapa_udp_open(&local, NULL, &client), SAPA_OK);
    assert_int_equal(sapa_socket_local(listen.fd, &bound), SAPA_OK);
    const char request[] = "OPTIONS sip:sapa.example SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;rport;branch=z9hG4bKo1\r\nMax-Forwards: 70\r\n"
                           "From: <sip:a@b>;tag=1\r\nTo: <sip:sapa.example>\r\nCall-ID: o\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n";
    assert_int_equal(sapa_udp_send_one(client, &bound, request, sizeof(request) - 1), SAPA_OK);
    f->options.transport = NULL;
    f->options.listens = &listen;
    f->options.listen_count = 1;
    fake_open_voice(f);
    assert_int_equal(sapa_voice_bound(f->voice, 0, &ip), SAPA_OK);
    assert_int_equal(ip.port, sapa_addr_port(&bound));
    assert_int_equal(sapa_voice_bound(f->voice, 1, &ip), SAPA_ENOENT);
    fake_run(f, 100000);
    struct sapa_packet packet = { .data = bytes, .size_max = sizeof(bytes) - 1 };
    assert_int_equal(sapa_udp_receive(client, &packet, 1), 0);
    sapa_voice_adopt(f->voice, NULL, 0, NULL, 0);
    fake_run(f, 100000);
    assert_int_equal(sapa_udp_receive(client, &packet, 1), 1);
    bytes[packet.size] = '\0';
    assert_non_null(strstr((const char *)bytes, "SIP/2.0 200"));
    assert_non_null(strstr((const char *)bytes, "Allow: INVITE"));
    sapa_fd_close(client);
    fake_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(socket_to_media), cmocka_unit_test(socket_to_the_world) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
