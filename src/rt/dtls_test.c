/* Two ends of ours, in both roles, over a wire that loses what the test says; time is the test's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "rt/crypto.h"
#include "rt/dtls.h"

enum { WIRE_MAX = 64, DATAGRAM_MAX = 1500 };

struct end {
    struct end *peer;
    struct sapa_dtls *dtls;
    struct { uint8_t bytes[DATAGRAM_MAX]; size_t n; } wire[WIRE_MAX]; /* what came for it and was not taken */
    unsigned waiting;
    unsigned sent;
    uint64_t lose;          /* bit n: its n-th datagram does not arrive */
    size_t largest;
    sapa_rc state;
};

static struct sapa_dtls_context *ours, *theirs;

static void on_send(void *owner, const void *datagram, size_t size)
{
    struct end *end = owner, *peer = end->peer;

    assert_true(size > 0 && size <= 1200);
    end->largest = SAPA_MAX(end->largest, size);
    assert_true(sapa_dtls_is(datagram, size));
    const unsigned number = end->sent++;
    if (number < 64 && (end->lose >> number & 1))
        return;
    assert_true(peer->waiting < WIRE_MAX);
    memcpy(peer->wire[peer->waiting].bytes, datagram, size);
    peer->wire[peer->waiting++].n = size;
}

static bool take_one(struct end *end, int64_t now_us)
{
    uint8_t bytes[DATAGRAM_MAX];

    if (end->waiting == 0)
        return false;
    const size_t n = end->wire[0].n;
    memcpy(bytes, end->wire[0].bytes, n);
    memmove(&end->wire[0], &end->wire[1], --end->waiting * sizeof(end->wire[0]));
    end->state = sapa_dtls_take(end->dtls, bytes, n, now_us);
    return true;
}

struct pair {
    struct end client, server;
    int64_t now_us;
};

static void pair_open(struct pair *pair, uint64_t client_loses, uint64_t server_loses)
{
    memset(pair, 0, sizeof(*pair));
    pair->now_us = 1000;
    pair->client.peer = &pair->server;
    pair->server.peer = &pair->client;
    pair->client.lose = client_loses;
    pair->server.lose = server_loses;
    pair->client.state = pair->server.state = SAPA_EAGAIN;
    assert_int_equal(sapa_dtls_new(theirs, false, on_send, &pair->server, pair->now_us, &pair->server.dtls), SAPA_OK);
    assert_int_equal(sapa_dtls_new(ours, true, on_send, &pair->client, pair->now_us, &pair->client.dtls), SAPA_OK);
}

static void pair_close(struct pair *pair)
{
    sapa_dtls_free(pair->client.dtls);
    sapa_dtls_free(pair->server.dtls);
}

/* Until both are through. Time goes on only when nothing is on the wire. Returns how long it took. */
static int64_t run(struct pair *pair)
{
    const int64_t begin_us = pair->now_us;

    while (pair->client.state == SAPA_EAGAIN || pair->server.state == SAPA_EAGAIN) {
        bool moved = take_one(&pair->client, pair->now_us);
        moved |= take_one(&pair->server, pair->now_us);
        if (moved)
            continue;
        const int64_t due_us = SAPA_MIN(sapa_dtls_due_us(pair->client.dtls), sapa_dtls_due_us(pair->server.dtls));
        assert_true(due_us < INT64_MAX && due_us >= pair->now_us);
        pair->now_us = due_us;
        assert_true(pair->now_us - begin_us < 60000000);
        const sapa_rc client = sapa_dtls_tick(pair->client.dtls, pair->now_us);
        const sapa_rc server = sapa_dtls_tick(pair->server.dtls, pair->now_us);
        assert_true((client == SAPA_OK || client == SAPA_EAGAIN) && (server == SAPA_OK || server == SAPA_EAGAIN));
    }
    assert_int_equal(pair->client.state, SAPA_OK);
    assert_int_equal(pair->server.state, SAPA_OK);
    return pair->now_us - begin_us;
}

static void same_keys(const struct pair *pair)
{
    struct sapa_dtls_result client, server;

    assert_int_equal(sapa_dtls_result(pair->client.dtls, &client), SAPA_OK);
    assert_int_equal(sapa_dtls_result(pair->server.dtls, &server), SAPA_OK);
    assert_int_equal(client.profile, SAPA_DTLS_AEAD_AES_128_GCM);
    assert_int_equal(server.profile, client.profile);
    assert_memory_equal(client.send, server.receive, sizeof(client.send));
    assert_memory_equal(client.receive, server.send, sizeof(client.send));
    assert_memory_not_equal(client.send, client.receive, sizeof(client.send));
    assert_memory_equal(client.sha256, sapa_dtls_fingerprint(theirs), SAPA_DTLS_FINGERPRINT_SIZE);
    assert_memory_equal(server.sha256, sapa_dtls_fingerprint(ours), SAPA_DTLS_FINGERPRINT_SIZE);
    assert_memory_not_equal(server.sha256, client.sha256, SAPA_DTLS_FINGERPRINT_SIZE);
}

static void test_handshake(void **state)
{
    struct pair pair;
    struct sapa_dtls_result result;

    (void)state;
    pair_open(&pair, 0, 0);
    assert_int_equal(sapa_dtls_result(pair.client.dtls, &result), SAPA_ESTATE);
    assert_int_equal(run(&pair), 0);
    same_keys(&pair);
    assert_true(sapa_dtls_due_us(pair.client.dtls) == INT64_MAX && sapa_dtls_due_us(pair.server.dtls) == INT64_MAX);
    sapa_dtls_close(pair.client.dtls);
    assert_true(take_one(&pair.server, pair.now_us));
    assert_int_equal(pair.server.state, SAPA_ECLOSED);
    pair_close(&pair);
}

/* Each datagram of either side is lost once, then all of the first three: it takes longer, and it comes to the same. */
static void test_losses(void **state)
{
    struct pair pair;

    (void)state;
    pair_open(&pair, 0, 0);
    (void)run(&pair);
    const unsigned from_client = pair.client.sent, from_server = pair.server.sent;
    pair_close(&pair);
    assert_true(from_client >= 2 && from_server >= 2);
    for (unsigned i = 0; i < from_client + from_server; i++) {
        const uint64_t bit = (uint64_t)1 << (i < from_client ? i : i - from_client);
        pair_open(&pair, i < from_client ? bit : 0, i < from_client ? 0 : bit);
        const int64_t took_us = run(&pair);
        assert_true(took_us >= 100000 && took_us <= 400000);
        same_keys(&pair);
        pair_close(&pair);
    }
    pair_open(&pair, 7, 7);
    assert_true(run(&pair) >= 700000); /* the delay doubles: 100, 200, 400 ms */
    same_keys(&pair);
    pair_close(&pair);
}

static void test_nobody_answers(void **state)
{
    struct pair pair;
    int64_t last_us = 0;

    (void)state;
    pair_open(&pair, UINT64_MAX, 0);
    while (pair.client.state == SAPA_EAGAIN) {
        pair.now_us = sapa_dtls_due_us(pair.client.dtls);
        assert_true(pair.now_us < 120000000 && pair.now_us > last_us);
        last_us = pair.now_us;
        pair.client.state = sapa_dtls_tick(pair.client.dtls, pair.now_us);
    }
    assert_int_equal(pair.client.state, SAPA_EIO);
    assert_true(sapa_dtls_due_us(pair.client.dtls) == INT64_MAX);
    assert_true(pair.client.sent >= 10 && pair.client.sent <= 14);
    assert_int_equal(sapa_dtls_tick(pair.client.dtls, pair.now_us + 1), SAPA_EIO);
    pair_close(&pair);
}

/* What is none of the handshake's, before, within and after it. */
static void test_junk(void **state)
{
    struct pair pair;
    uint8_t junk[DATAGRAM_MAX];

    (void)state;
    pair_open(&pair, 0, 0);
    for (unsigned i = 0; i < 200; i++) {
        for (size_t k = 0; k < sizeof(junk); k++)
            junk[k] = (uint8_t)(k * 31 + i * 17 + k / 7);
        junk[0] = (uint8_t)(20 + i % 6);
        junk[1] = 0xfe;
        junk[2] = i % 2 ? 0xfd : 0xff;
        const sapa_rc rc = sapa_dtls_take(pair.server.dtls, junk, 1 + (i * 37) % sizeof(junk), pair.now_us);
        assert_true(rc == SAPA_EAGAIN);
    }
    (void)run(&pair);
    same_keys(&pair);
    for (unsigned i = 0; i < 200; i++) {
        junk[0] = (uint8_t)(20 + i % 6);
        junk[4] = (uint8_t)(i % 2);
        (void)!sapa_dtls_take(pair.server.dtls, junk, 14 + i, pair.now_us);
    }
    pair_close(&pair);
}

static void test_client_random(void **state)
{
    struct pair pair;

    (void)state;
    pair_open(&pair, 0, 0);
    const uint8_t *hello = pair.server.wire[0].bytes;
    assert_true(sapa_dtls_client_random(hello, pair.server.wire[0].n) == hello + 27);
    assert_null(sapa_dtls_client_random(hello, 58));
    assert_true(take_one(&pair.server, pair.now_us));
    assert_null(sapa_dtls_client_random(pair.client.wire[0].bytes, pair.client.wire[0].n));
    pair_close(&pair);
}

static int set_up(void **state)
{
    (void)state;
    assert_int_equal(sapa_dtls_context_new(&ours), SAPA_OK);
    assert_int_equal(sapa_dtls_context_new(&theirs), SAPA_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    sapa_dtls_context_free(ours);
    sapa_dtls_context_free(theirs);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_handshake),      cmocka_unit_test(test_losses), cmocka_unit_test(test_nobody_answers),
        cmocka_unit_test(test_junk),           cmocka_unit_test(test_client_random),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
