#include "crowd/orders.h"

#include <libwebsockets.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "model/flow.h"
#include "rt/clock.h"
#include "rt/thread.h"

enum { CONNECTIONS_MAX = 64, HEAD_MAX = 512, SECOND_US = 1000000, DAY_S = 86400, IDLE_S = 10 };

struct sapa_orders {
    struct lws_context *context;
    struct sapa_thread *thread;
    uint16_t port;
    atomic_bool stopping;
};

/* One HTTP request; libwebsockets gives it zeroed. */
struct session {
    struct sapa_orders_answer answer;
    bool answered;
};

/* ---- what is known ---- */

static struct sapa_str argument(struct sapa_str query, struct sapa_str name)
{
    while (query.n > 0) {
        struct sapa_str value;
        const struct sapa_str pair = sapa_str_cut(query, '&', &query);
        if (sapa_str_eq(sapa_str_cut(pair, '=', &value), name))
            return value.p ? value : SAPA_STR("");
    }
    return SAPA_STR("");
}

static bool is_number(struct sapa_str s, size_t min, size_t max)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    }
    return s.n >= min && s.n <= max;
}

static void say(struct sapa_orders_answer *ret, int status, const char *body)
{
    ret->status = status;
    ret->wait_ms = 0;
    snprintf(ret->body, sizeof(ret->body), "%s", body);
}

/* The day so many days from now, as people write dates. UTC is near enough for a parcel. */
static void day_text(int64_t now_us, int days, char buf[16])
{
    const time_t at = (time_t)(now_us / SECOND_US) + (time_t)days * DAY_S;
    struct tm tm;

    gmtime_r(&at, &tm);
    strftime(buf, 16, "%Y-%m-%d", &tm);
}

static void ask_order(struct sapa_str number, int64_t now_us, struct sapa_orders_answer *ret)
{
    static const char *const status[10] = { "new", "packed", "packed", "shipped", "shipped", "shipped", "shipped", "delivered",
                                            "delivered", "shipped" };
    uint64_t value;
    char day[16];

    if (!is_number(number, 6, 6) || sapa_str_u64(number, 999999, &value) != SAPA_OK) {
        say(ret, 400, "an order has six digits\n");
        return;
    }
    if (value == 500) {
        say(ret, 503, "our system is down for a moment\n");
        return;
    }
    if (value < 100000 && value != 999) {
        say(ret, 404, "no such order\n");
        return;
    }
    const char *word = status[value % 10];
    const bool delivered = strcmp(word, "delivered") == 0;
    day_text(now_us, delivered ? -(int)(1 + value / 10 % 5) : (int)(1 + value / 10 % 4), day);
    ret->status = 200;
    ret->wait_ms = value == 999 ? SAPA_ORDERS_SLOW_MS : 0;
    snprintf(ret->body, sizeof(ret->body), "{\"status\": \"%s\", \"tiba\": \"%s\", \"total\": \"%llu\"}\n", word, day,
             (unsigned long long)(25000 + value * 37 % 1900 * 1000));
}

static void ask_balance(struct sapa_str account, struct sapa_str pin, struct sapa_orders_answer *ret)
{
    uint64_t value;

    if (!is_number(account, 8, 16) || !is_number(pin, 6, 6) || sapa_str_u64(account, UINT64_MAX, &value) != SAPA_OK) {
        say(ret, 400, "an account has 8 to 16 digits, a PIN six\n");
        return;
    }
    if (sapa_str_eq(pin, SAPA_STR("000000"))) {
        say(ret, 403, "wrong\n");
        return;
    }
    ret->status = 200;
    ret->wait_ms = 0;
    snprintf(ret->body, sizeof(ret->body), "{\"saldo\": \"%llu\"}\n", (unsigned long long)(50000 + value * 31 % 49000 * 500));
}

void sapa_orders_ask(struct sapa_str path, struct sapa_str query, int64_t now_us, struct sapa_orders_answer *ret)
{
    size_t last = 0;

    while (sapa_str_find(path, '/', last) < path.n)
        last = sapa_str_find(path, '/', last) + 1;
    path = (struct sapa_str){ path.p + last, path.n - last };
    if (sapa_str_eq(path, SAPA_STR("order")))
        ask_order(argument(query, SAPA_STR("number")), now_us, ret);
    else if (sapa_str_eq(path, SAPA_STR("balance")))
        ask_balance(argument(query, SAPA_STR("account")), argument(query, SAPA_STR("pin")), ret);
    else
        say(ret, 404, "there are /order and /balance\n");
}

uint16_t sapa_orders_port(const struct sapa_centre *centre)
{
    const struct sapa_str here = SAPA_STR("http://127.0.0.1:");

    for (uint32_t f = 0; f < centre->flows_count; f++) {
        const struct sapa_flow *flow = &centre->flows[f];
        for (uint32_t n = 0; n < flow->nodes_count; n++) {
            uint64_t port;
            if (flow->nodes[n].kind != SAPA_NODE_LOOKUP)
                continue;
            const struct sapa_flow_part *part = &flow->parts[flow->nodes[n].url.first];
            if (part->text[0].count == 0)
                continue;
            struct sapa_str url = flow->pieces[part->text[0].first].text, rest;
            if (!sapa_str_starts(url, here))
                continue;
            url = (struct sapa_str){ url.p + here.n, url.n - here.n };
            if (sapa_str_u64(sapa_str_cut(url, '/', &rest), UINT16_MAX, &port) == SAPA_OK)
                return (uint16_t)port;
        }
    }
    return 0;
}

/* ---- HTTP ---- */

static int send_head(struct lws *wsi, const struct session *session)
{
    uint8_t head[LWS_PRE + HEAD_MAX], *start = head + LWS_PRE, *p = start, *end = head + sizeof(head) - 1;

    if (lws_add_http_common_headers(wsi, (unsigned)session->answer.status,
                                    session->answer.status == 200 ? "application/json" : "text/plain",
                                    strlen(session->answer.body), &p, end) != 0 ||
        lws_finalize_write_http_header(wsi, start, &p, end) != 0)
        return -1;
    lws_callback_on_writable(wsi);
    return 0;
}

static int send_body(struct lws *wsi, struct session *session)
{
    uint8_t body[LWS_PRE + sizeof(session->answer.body)];
    const size_t size = strlen(session->answer.body);

    if (session->answered)
        return 0;
    session->answered = true;
    memcpy(body + LWS_PRE, session->answer.body, size);
    if (lws_write(wsi, body + LWS_PRE, size, LWS_WRITE_HTTP_FINAL) != (int)size)
        return -1;
    return lws_http_transaction_completed(wsi) != 0 ? -1 : 0;
}

static int ask(struct lws *wsi, struct session *session, const char *path, size_t size)
{
    char query[512];
    size_t n = 0;

    /* libwebsockets keeps arguments apart, each already decoded */
    for (int i = 0; n + 1 < sizeof(query); i++) {
        const int got = lws_hdr_copy_fragment(wsi, query + n, (int)(sizeof(query) - n - 1), WSI_TOKEN_HTTP_URI_ARGS, i);
        if (got <= 0)
            break;
        n += (size_t)got;
        query[n++] = '&';
    }
    *session = (struct session){ .answered = false };
    sapa_orders_ask((struct sapa_str){ path, size }, (struct sapa_str){ query, n }, sapa_wall_us(), &session->answer);
    if (session->answer.wait_ms > 0) {
        lws_set_timer_usecs(wsi, (lws_usec_t)session->answer.wait_ms * 1000);
        return 0;
    }
    return send_head(wsi, session);
}

static int on_http(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t size)
{
    switch (reason) {
    case LWS_CALLBACK_HTTP: return ask(wsi, user, in, size);
    case LWS_CALLBACK_TIMER: return send_head(wsi, user);
    case LWS_CALLBACK_HTTP_WRITEABLE: return send_body(wsi, user);
    default: return lws_callback_http_dummy(wsi, reason, user, in, size);
    }
}

static const struct lws_protocols protocols[] = {
    { .name = "http", .callback = on_http, .per_session_data_size = sizeof(struct session) },
    { .name = NULL },
};

static void serve(void *ctx)
{
    struct sapa_orders *orders = ctx;

    while (!atomic_load(&orders->stopping) && lws_service(orders->context, 0) >= 0)
        ;
}

sapa_rc sapa_orders_open(uint16_t port, struct sapa_orders **ret)
{
    struct sapa_orders *orders = calloc(1, sizeof(*orders));
    const struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN_SERVER, .iface = "127.0.0.1", .protocols = protocols, .gid = -1, .uid = -1,
        .fd_limit_per_thread = CONNECTIONS_MAX, .timeout_secs = IDLE_S, .keepalive_timeout = IDLE_S, .server_string = "sapa-demo",
        .options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS | LWS_SERVER_OPTION_DISABLE_IPV6,
    };

    if (!orders)
        return SAPA_ENOMEM;
    lws_set_log_level(LLL_ERR, NULL);
    orders->context = lws_create_context(&info);
    if (!orders->context) {
        free(orders);
        return SAPA_EIO;
    }
    struct lws_context_creation_info listen = info;
    listen.port = port;
    listen.vhost_name = "demo";
    lws_set_log_level(0, NULL); /* a port that is taken is our caller's news */
    struct lws_vhost *vhost = lws_create_vhost(orders->context, &listen);
    lws_set_log_level(LLL_ERR, NULL);
    sapa_rc rc = vhost ? SAPA_OK : SAPA_EEXIST;
    if (rc == SAPA_OK) {
        orders->port = (uint16_t)lws_get_vhost_listen_port(vhost);
        rc = sapa_thread_start("orders", -1, serve, orders, &orders->thread);
    }
    if (rc != SAPA_OK) {
        lws_context_destroy(orders->context);
        free(orders);
        return rc;
    }
    *ret = orders;
    return SAPA_OK;
}

uint16_t sapa_orders_bound(const struct sapa_orders *orders)
{
    return orders->port;
}

void sapa_orders_close(struct sapa_orders *orders)
{
    if (!orders)
        return;
    atomic_store(&orders->stopping, true);
    lws_cancel_service(orders->context);
    sapa_thread_join(orders->thread);
    lws_context_destroy(orders->context);
    free(orders);
}
