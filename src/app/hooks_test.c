/* Webhooks against a server on loopback that is this test: in order, signed, at least once, none held up by another. */
#include "app/hooks.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <cmocka.h>
#include <jansson.h>

#include "app/test_store_impl.h"
#include "rt/socket.h"

enum { WAIT_MS = 20000, REQUEST_MAX = 1 << 20 };

struct fixture {
    struct test_store store;
    int listener, quiet_listener; /* the second never takes a connection */
    uint16_t port, quiet_port;
    int told[2]; /* pipe: how the first subscription stands */
    bool allow_private;
    char secrets[128];
    struct sapa_hooks *hooks;
    /* the request at hand */
    int fd;
    char *request, *body;
    size_t body_n;
    json_t *events;
};

static void tell(void *ctx, const struct sapa_hook_state *states, size_t count)
{
    const struct fixture *f = ctx;

    if (count > 0)
        (void)!write(f->told[1], &states[0], sizeof(states[0])); /* a full pipe: the next one tells the same */
}

static void start(struct fixture *f)
{
    const struct sapa_hooks_options options = { .store = f->store.store, .secrets = f->secrets, .allow_private = f->allow_private,
                                                .retry_us = 1000, .timeout_ms = 3000, .tell = tell, .ctx = f };
    assert_int_equal(sapa_hooks_start(&options, &f->hooks), SAPA_OK);
}

static void stop(struct fixture *f)
{
    sapa_hooks_stop(f->hooks);
    sapa_hooks_free(f->hooks);
    f->hooks = NULL;
}

static int listen_on(uint16_t *ret_port)
{
    struct sapa_addr addr;
    int fd;

    assert_int_equal(sapa_addr_parse(SAPA_STR("127.0.0.1:0"), 0, &addr), SAPA_OK);
    assert_int_equal(sapa_tcp_listen(&addr, &fd), SAPA_OK);
    assert_int_equal(sapa_socket_local(fd, &addr), SAPA_OK);
    *ret_port = sapa_addr_port(&addr);
    return fd;
}

static int set_up(void **state)
{
    static struct fixture f;
    struct sapa_centre *centre = test_centre(TEST_CENTRE);
    struct sapa_record r;
    char hash[SAPA_HASH_TEXT_SIZE];

    f = (struct fixture){ .allow_private = true, .fd = -1 };
    test_store_open(&f.store);
    f.listener = listen_on(&f.port);
    f.quiet_listener = listen_on(&f.quiet_port);
    assert_int_equal(pipe2(f.told, O_NONBLOCK | O_CLOEXEC), 0);
    f.request = malloc(REQUEST_MAX);
    snprintf(f.secrets, sizeof(f.secrets), "%s/secrets", f.store.folder);
    assert_int_equal(sapa_store_document_put(f.store.store, TEST_CENTRE, strlen(TEST_CENTRE), hash), SAPA_OK);
    assert_string_equal(hash, centre->hash);
    sapa_centre_free(centre);
    sapa_record_init(&r, SAPA_T_centre_started);
    (void)sapa_sized_set(&r.u.centre_started.centre_hash, sapa_str_of(hash));
    test_store_log(&f.store, &r);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    stop(f);
    sapa_fd_close(f->fd);
    sapa_fd_close(f->listener), sapa_fd_close(f->quiet_listener);
    sapa_fd_close(f->told[0]), sapa_fd_close(f->told[1]);
    json_decref(f->events);
    free(f->request);
    test_store_close(&f->store);
    return 0;
}

/* ---- the log ---- */

static void log_record(struct fixture *f, struct sapa_record *r)
{
    test_store_log(&f->store, r);
    sapa_hooks_committed(f->hooks);
}

static void log_contact(struct fixture *f, uint64_t contact, uint64_t client)
{
    struct sapa_record r;

    sapa_record_init(&r, SAPA_T_contact_new);
    r.u.contact_new.contact = contact;
    r.u.contact_new.client = client;
    log_record(f, &r);
}

static void log_queued(struct fixture *f, uint64_t contact)
{
    struct sapa_record r;

    sapa_record_init(&r, SAPA_T_contact_queued);
    r.u.contact_queued.contact = contact;
    log_record(f, &r);
}

/* ---- subscriptions ---- */

static struct sapa_hook subscribe(struct fixture *f, uint16_t port, const struct sapa_hook *like, char secret[SAPA_HOOK_SECRET_SIZE])
{
    struct sapa_hook wish = *like, hook;

    snprintf(wish.url, sizeof(wish.url), "http://127.0.0.1:%u/hook", port);
    wish.events = wish.events ? wish.events : sapa_hook_events_usual();
    assert_int_equal(sapa_hook_create(f->store.store, &wish, secret, &hook), SAPA_OK);
    sapa_hooks_changed(f->hooks);
    return hook;
}

/* ---- the server ---- */

/* The next delivery: its events in f->events. False: none came within `limit_ms`. */
static bool take(struct fixture *f, int limit_ms)
{
    struct pollfd p = { .fd = f->listener, .events = POLLIN };
    size_t n = 0, length = 0;
    char *end = NULL;

    if (poll(&p, 1, limit_ms) <= 0)
        return false;
    f->fd = accept(f->listener, NULL, NULL);
    assert_true(f->fd >= 0);
    while (!end || n < (size_t)(end + 4 - f->request) + length) {
        p = (struct pollfd){ .fd = f->fd, .events = POLLIN };
        assert_true(poll(&p, 1, WAIT_MS) > 0);
        const ssize_t got = recv(f->fd, f->request + n, REQUEST_MAX - 1 - n, 0);
        assert_true(got > 0);
        n += (size_t)got;
        f->request[n] = '\0';
        end = strstr(f->request, "\r\n\r\n");
        const char *header = strstr(f->request, "Content-Length: ");
        length = header ? strtoul(header + 16, NULL, 10) : 0;
    }
    f->body = end + 4;
    f->body_n = length;
    json_t *body = json_loadb(f->body, length, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(body);
    json_decref(f->events);
    f->events = json_incref(json_object_get(body, "events"));
    json_decref(body);
    assert_true(json_array_size(f->events) > 0);
    return true;
}

static void answer(struct fixture *f, const char *status)
{
    char buf[128];
    const int n = snprintf(buf, sizeof(buf), "HTTP/1.1 %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", status);

    assert_int_equal(sapa_fd_write_all(f->fd, buf, (size_t)n), SAPA_OK);
    sapa_fd_close(f->fd);
    f->fd = -1;
}

static uint64_t id_at(const struct fixture *f, size_t i)
{
    return strtoull(json_string_value(json_object_get(json_array_get(f->events, i), "id")), NULL, 10);
}

static const char *header(struct fixture *f, const char *name, char *buf, size_t size)
{
    const char *at = strstr(f->request, name);

    assert_non_null(at);
    assert_true(sapa_str_copy((struct sapa_str){ at + strlen(name), strcspn(at + strlen(name), "\r") }, buf, size));
    return buf;
}

/* Receive and receipt all up to record `last`: each id from `next` on, once and in order. */
static void receive(struct fixture *f, uint64_t next, uint64_t last)
{
    while (next <= last) {
        assert_true(take(f, WAIT_MS));
        for (size_t i = 0; i < json_array_size(f->events); i++)
            assert_int_equal(id_at(f, i), next++);
        answer(f, "204 No Content");
    }
}

static struct sapa_hook_state state_of(struct fixture *f, bool (*wanted)(const struct sapa_hook_state *))
{
    struct sapa_hook_state state;
    struct pollfd p = { .fd = f->told[0], .events = POLLIN };

    do {
        assert_true(poll(&p, 1, WAIT_MS) > 0);
        assert_int_equal(read(f->told[0], &state, sizeof(state)), sizeof(state));
    } while (!wanted(&state));
    return state;
}

/* Until the sender has taken the receipts of so many events: a change before that may have them come again. */
static void settled(struct fixture *f, uint64_t delivered)
{
    struct sapa_hook_state state;
    struct pollfd p = { .fd = f->told[0], .events = POLLIN };

    do {
        assert_true(poll(&p, 1, WAIT_MS) > 0);
        assert_int_equal(read(f->told[0], &state, sizeof(state)), sizeof(state));
    } while (state.delivered < delivered);
}

static bool is_gone(const struct sapa_hook_state *state)
{
    return state->kind == SAPA_HOOK_GONE;
}

static bool is_failing(const struct sapa_hook_state *state)
{
    return state->kind == SAPA_HOOK_FAILING && state->failures > 1;
}

/* ---- tests ---- */

static void in_order_and_signed(void **state)
{
    struct fixture *f = *state;
    char secret[SAPA_HOOK_SECRET_SIZE], text[64], signature[80], hex[68];
    uint8_t mac[32];
    static char signed_text[REQUEST_MAX];

    start(f);
    const struct sapa_hook hook = subscribe(f, f->port, &(const struct sapa_hook){ .personal = false }, secret);
    for (uint64_t i = 1; i <= 5; i++)
        log_contact(f, i, 0);
    assert_true(take(f, WAIT_MS));
    assert_int_equal(id_at(f, 0), 2); /* behind the start of the centre: from now on */
    /* the signature is HMAC-SHA-256 of "TIMESTAMP.BODY" with the secret's text */
    const int n = snprintf(signed_text, sizeof(signed_text), "%s.%.*s", header(f, "Sapa-Timestamp: ", text, sizeof(text)),
                           (int)f->body_n, f->body);
    sapa_hmac_sha256(secret, strlen(secret), signed_text, (size_t)n, mac);
    hex[0] = 'v', hex[1] = '1', hex[2] = '=';
    sapa_hex(mac, sizeof(mac), hex + 3);
    assert_string_equal(header(f, "Sapa-Signature: ", signature, sizeof(signature)), hex);
    snprintf(signed_text, sizeof(signed_text), "%llu", (unsigned long long)hook.id);
    assert_string_equal(header(f, "Sapa-Webhook: ", text, sizeof(text)), signed_text);
    const uint64_t last = id_at(f, json_array_size(f->events) - 1);
    snprintf(signed_text, sizeof(signed_text), "%llu", (unsigned long long)last);
    assert_string_equal(header(f, "Sapa-Offset: ", text, sizeof(text)), signed_text);
    answer(f, "200 OK");
    receive(f, last + 1, 6);
    assert_string_equal(json_string_value(json_object_get(json_object_get(json_array_get(f->events, 0), "data"), "client")), "toko");
}

static void again_after_failures_and_restarts(void **state)
{
    struct fixture *f = *state;
    char secret[SAPA_HOOK_SECRET_SIZE];
    struct sapa_hook_place place;

    start(f);
    struct sapa_hook hook = subscribe(f, f->port, &(const struct sapa_hook){ .personal = false }, secret);
    log_contact(f, 1, 0);
    for (unsigned i = 0; i < 4; i++) { /* the same, until there is a receipt */
        assert_true(take(f, WAIT_MS));
        assert_int_equal(id_at(f, 0), 2);
        answer(f, i == 1 ? "302 Found\r\nLocation: /elsewhere" : "500 Oops");
    }
    assert_true(take(f, WAIT_MS));
    assert_int_equal(id_at(f, 0), 2);
    answer(f, "200 OK");
    log_contact(f, 2, 0);
    assert_true(take(f, WAIT_MS)); /* so the receipt before has been taken */
    assert_int_equal(id_at(f, 0), 3);
    stop(f); /* in the middle of it: it will come again, and what has a receipt will not */
    sapa_fd_close(f->fd);
    assert_int_equal(sapa_hook_place(f->store.store, &hook, &place), SAPA_OK);
    assert_int_equal(place.offset, 2);
    assert_int_equal(place.delivered, 1);
    log_contact(f, 3, 0); /* while nobody sends */
    start(f);
    receive(f, 3, 4);
    settled(f, 3);
    /* all of it again, on request */
    hook.replay_from = 2;
    hook.replay_turn = hook.turn + 1;
    assert_int_equal(sapa_hook_change(f->store.store, &hook), SAPA_OK);
    sapa_hooks_changed(f->hooks);
    receive(f, 2, 4);
    settled(f, 6);
    /* paused: nothing, and then what came meanwhile */
    hook.active = false;
    assert_int_equal(sapa_hook_change(f->store.store, &hook), SAPA_OK);
    sapa_hooks_changed(f->hooks);
    stop(f);
    start(f);
    log_contact(f, 4, 0);
    assert_false(take(f, 100));
    hook.active = true;
    assert_int_equal(sapa_hook_change(f->store.store, &hook), SAPA_OK);
    sapa_hooks_changed(f->hooks);
    receive(f, 5, 5);
}

static void gone_until_resumed(void **state)
{
    struct fixture *f = *state;
    char secret[SAPA_HOOK_SECRET_SIZE];

    start(f);
    struct sapa_hook hook = subscribe(f, f->port, &(const struct sapa_hook){ .personal = false }, secret);
    log_contact(f, 1, 0);
    assert_true(take(f, WAIT_MS));
    answer(f, "410 Gone");
    (void)state_of(f, is_gone);
    stop(f); /* that is known after a restart too */
    start(f);
    log_contact(f, 2, 0);
    assert_false(take(f, 100));
    assert_int_equal(sapa_hook_change(f->store.store, &hook), SAPA_OK);
    sapa_hooks_changed(f->hooks);
    receive(f, 2, 3);
}

static void the_dead_hold_up_nobody(void **state)
{
    struct fixture *f = *state;
    char secret[SAPA_HOOK_SECRET_SIZE];

    start(f);
    for (unsigned i = 0; i < SAPA_HOOKS_MAX - 2; i++) /* connects, and hears nothing for ever */
        (void)subscribe(f, f->quiet_port, &(const struct sapa_hook){ .personal = false }, secret);
    (void)subscribe(f, 1, &(const struct sapa_hook){ .personal = false }, secret); /* refuses */
    (void)subscribe(f, f->port, &(const struct sapa_hook){ .personal = false }, secret);
    const int64_t began_us = sapa_mono_us();
    for (uint64_t i = 1; i <= 200; i++)
        log_contact(f, i, 0);
    receive(f, 2, 201);
    assert_true(sapa_mono_us() - began_us < INT64_C(2500000)); /* their limit is three seconds */
    struct sapa_hook wish = { .url = "http://127.0.0.1/", .events = 1 }, hook;
    assert_int_equal(sapa_hook_create(f->store.store, &wish, secret, &hook), SAPA_ELIMIT);
}

static void only_what_is_wanted(void **state)
{
    struct fixture *f = *state;
    char secret[SAPA_HOOK_SECRET_SIZE];
    const struct sapa_hook wish = { .events = sapa_hook_event_of(SAPA_STR("contact_queued")), .clients = "bank" };
    struct sapa_record r;

    log_contact(f, 7, 1); /* before there was a subscription */
    start(f);
    struct sapa_hook hook = subscribe(f, f->port, &wish, secret);
    log_contact(f, 1, 0);
    log_contact(f, 2, 1);
    log_queued(f, 1);
    log_queued(f, 2);
    log_queued(f, 7); /* 7 */
    sapa_record_init(&r, SAPA_T_agent_moved);
    log_record(f, &r);
    uint64_t seen[2] = { 0 };
    for (size_t n = 0; n < 2;) {
        assert_true(take(f, WAIT_MS));
        for (size_t i = 0; i < json_array_size(f->events); i++) {
            assert_true(n < 2);
            seen[n++] = id_at(f, i);
        }
        answer(f, "200 OK");
    }
    assert_int_equal(seen[0], 6);
    assert_int_equal(seen[1], 7);
    /* whose name and number it was, is told to who may know it */
    hook.ended_us = 1;
    assert_int_equal(sapa_hook_change(f->store.store, &hook), SAPA_OK);
    const uint64_t person = test_store_person(&f->store, "+62811999123");
    sapa_record_init(&r, SAPA_T_contact_arrived);
    r.u.contact_arrived.contact = 9;
    r.u.contact_arrived.person = person;
    (void)sapa_sized_set(&r.u.contact_arrived.address, SAPA_STR("+62811999123"));
    for (unsigned personal = 0; personal < 2; personal++) {
        const struct sapa_hook other = { .events = sapa_hook_event_of(SAPA_STR("contact_arrived")), .personal = personal };
        hook = subscribe(f, f->port, &other, secret);
        log_record(f, &r);
        assert_true(take(f, WAIT_MS));
        assert_int_equal(strstr(f->body, "62811999123") != NULL, personal);
        answer(f, "200 OK");
        hook.ended_us = 1;
        assert_int_equal(sapa_hook_change(f->store.store, &hook), SAPA_OK);
        sapa_hooks_changed(f->hooks);
    }
}

static void private_addresses_need_a_setting(void **state)
{
    static const struct { const char *address; bool is_private; } table[] = {
        { "127.0.0.1", true }, { "10.1.2.3", true }, { "172.16.0.1", true }, { "172.32.0.1", false }, { "192.168.9.9", true },
        { "169.254.169.254", true }, { "100.64.0.1", true }, { "0.0.0.0", true }, { "224.0.0.1", true }, { "255.255.255.255", true },
        { "8.8.8.8", false }, { "203.119.1.1", false }, { "::1", true }, { "::", true }, { "fe80::1", true }, { "fd00::1", true },
        { "::ffff:127.0.0.1", true }, { "::ffff:8.8.8.8", false }, { "64:ff9b::7f00:1", true }, { "2002:7f00:1::", true },
        { "ff02::1", true }, { "2404:6800::1", false },
    };
    struct fixture *f = *state;
    char secret[SAPA_HOOK_SECRET_SIZE];

    for (size_t i = 0; i < SAPA_COUNT(table); i++) {
        struct sapa_addr addr;
        assert_int_equal(sapa_addr_parse(sapa_str_of(table[i].address), 1, &addr), SAPA_OK);
        if (sapa_hooks_is_private(&addr) != table[i].is_private)
            fail_msg("%s", table[i].address);
    }
    f->allow_private = false;
    start(f);
    (void)subscribe(f, f->port, &(const struct sapa_hook){ .personal = false }, secret);
    log_contact(f, 1, 0);
    const struct sapa_hook_state told = state_of(f, is_failing);
    assert_non_null(strstr(told.error, "private"));
    assert_false(take(f, 50));
}

static void secrets_by_reference(void **state)
{
    struct fixture *f = *state;
    char secret[SAPA_HOOK_SECRET_SIZE], text[64], signature[80], hex[65], signed_text[8192];
    uint8_t mac[32];

    start(f);
    (void)subscribe(f, f->port, &(const struct sapa_hook){ .secret_ref = "webhook.crm" }, secret);
    assert_string_equal(secret, "");
    log_contact(f, 1, 0);
    const struct sapa_hook_state told = state_of(f, is_failing); /* it is not there yet */
    assert_non_null(strstr(told.error, "secret"));
    assert_int_equal(sapa_file_write(f->secrets, "webhook.crm = open sesame\n", 26, 0600), SAPA_OK);
    assert_true(take(f, WAIT_MS));
    const int n = snprintf(signed_text, sizeof(signed_text), "%s.%.*s", header(f, "Sapa-Timestamp: ", text, sizeof(text)),
                           (int)f->body_n, f->body);
    sapa_hmac_sha256("open sesame", 11, signed_text, (size_t)n, mac);
    assert_string_equal(header(f, "Sapa-Signature: v1=", signature, sizeof(signature)), sapa_hex(mac, sizeof(mac), hex));
    answer(f, "200 OK");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(in_order_and_signed), TEST(again_after_failures_and_restarts), TEST(gone_until_resumed), TEST(the_dead_hold_up_nobody),
        TEST(only_what_is_wanted), TEST(private_addresses_need_a_setting), TEST(secrets_by_reference),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
