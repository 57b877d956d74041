/* Sockets, connections, requests: everything that libwebsockets sees. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "http/phone_impl.h"
#include "http/web_impl.h"
#include "rt/crypto.h"
#include "rt/file.h"
#include "rt/socket.h"
#include "rt/tls.h"

enum { LIVE_SUBPROTOCOL = 1, SIP_SUBPROTOCOL = 2 };

/* ---- sources ---- */

static uint64_t source_of(const struct sapa_addr *peer, char text[64])
{
    uint8_t hash[32];
    uint64_t key;
    char host[SAPA_ADDR_TEXT_MAX];

    (void)sapa_str_copy(sapa_str_of(sapa_addr_print_host(peer, host, sizeof(host))), text, 64);
    sapa_sha256(text, strlen(text), hash);
    memcpy(&key, hash, sizeof(key));
    return key | 1;
}

static struct web_source *source_at(struct sapa_web *web, uint64_t key)
{
    struct web_source *source = sapa_table_find(&web->sources, key);

    if (!source && sapa_table_add(&web->sources, key, &source) != SAPA_OK)
        return NULL;
    return source;
}

/* Those without connections and without debts are forgotten. */
static void forget_sources(struct sapa_web *web, int64_t now_us)
{
    for (uint32_t i = 0; i < web->sources.count;) {
        struct web_source *source = sapa_table_at(&web->sources, i);
        if (source->connections == 0 && source->tokens_us < now_us && source->pages_us < now_us && source->calls_us < now_us && source->failures_us + 10000000 < now_us)
            sapa_table_remove(&web->sources, source);
        else
            i++;
    }
}

static bool peer_of(struct lws *wsi, char text[64], uint64_t *ret_key)
{
    struct sapa_addr peer;
    socklen_t n = sizeof(peer);

    memset(&peer, 0, sizeof(peer));
    if (getpeername(lws_get_socket_fd(lws_get_network_wsi(wsi)), &peer.any, &n) != 0)
        return false;
    if (peer.any.sa_family == AF_UNIX) {
        (void)sapa_str_copy(SAPA_STR("local"), text, 64);
        *ret_key = WEB_LOCAL;
    } else {
        *ret_key = source_of(&peer, text);
    }
    return true;
}

/* ---- connections ---- */

/* One connection, and who it comes from; 0: nobody who may ask. */
static sapa_rc accept_one(const struct web_listener *listener, int *ret_fd, uint64_t *ret_key)
{
    struct sapa_addr peer;
    char text[64];
    unsigned uid;
    int pid;

    if (!listener->is_local) {
        memset(&peer, 0, sizeof(peer));
        const sapa_rc rc = sapa_tcp_accept(listener->fd, ret_fd, &peer);
        *ret_key = rc == SAPA_OK ? source_of(&peer, text) : 0;
        return rc;
    }
    const sapa_rc rc = sapa_unix_accept(listener->fd, ret_fd);
    if (rc == SAPA_OK)
        *ret_key = sapa_unix_peer(*ret_fd, &pid, &uid) == SAPA_OK && (uid == 0 || uid == geteuid()) ? WEB_LOCAL : 0;
    return rc;
}

/* At the local socket a person waits: he is told. */
static void refuse(struct sapa_web *web, const struct web_listener *listener, int fd)
{
    static const char text[] = "HTTP/1.1 403 Forbidden\r\nContent-Type: application/problem+json\r\nConnection: close\r\n\r\n"
                               "{\"detail\":\"this centre belongs to another user\"}\n";
    size_t n;

    web->stats.refused++;
    if (listener->is_local)
        (void)!sapa_socket_write(fd, text, sizeof(text) - 1, &n);
    sapa_fd_close(fd);
}

/* The owner's own questions are not refused when they are too many: they wait in the kernel. */
static bool must_pause(struct sapa_web *web, struct web_listener *listener)
{
    const struct web_source *source = listener->is_local ? sapa_table_find(&web->sources, WEB_LOCAL) : NULL;

    if (!source || source->connections < WEB_LOCAL_CONNECTIONS_MAX)
        return false;
    uv_poll_stop(&listener->poll);
    listener->is_paused = true;
    return true;
}

static void on_connect(uv_poll_t *handle, int status, int events)
{
    struct web_listener *listener = handle->data;
    struct sapa_web *web = listener->web;

    (void)status, (void)events;
    for (unsigned i = 0; i < 64 && !must_pause(web, listener); i++) {
        const lws_adoption_type type = LWS_ADOPT_HTTP | LWS_ADOPT_SOCKET | (listener->is_local ? 0 : LWS_ADOPT_ALLOW_SSL);
        lws_sock_file_fd_type fd;
        uint64_t key;
        const sapa_rc rc = accept_one(listener, &fd.sockfd, &key);
        if (rc == SAPA_ELIMIT) { /* no descriptors are left: it would be told again and again */
            uv_poll_stop(&listener->poll);
            listener->is_paused = true;
        }
        if (rc != SAPA_OK)
            return;
        struct web_source *source = key ? source_at(web, key) : NULL;
        if (web->stats.connections >= WEB_CONNECTIONS_MAX || !source || source->connections >= WEB_SOURCE_CONNECTIONS_MAX) {
            refuse(web, listener, fd.sockfd);
            continue;
        }
        /* counted when libwebsockets has it: web_session of a connection that failed at once is never seen */
        if (!lws_adopt_descriptor_vhost(web->vhost, type, fd, NULL, NULL))
            web->stats.refused++;
    }
}

static void go_on(struct web_listener *listener)
{
    if (listener->is_paused)
        uv_poll_start(&listener->poll, UV_READABLE, on_connect);
    listener->is_paused = false;
}

static void count_connection(struct sapa_web *web, struct lws *wsi, int by)
{
    char text[64];
    uint64_t key = (uint64_t)(uintptr_t)lws_get_opaque_user_data(wsi);
    if (by > 0 && !peer_of(wsi, text, &key))
        key = 0;
    struct web_source *source = key ? source_at(web, key) : NULL;

    if (by > 0) {
        lws_set_opaque_user_data(wsi, (void *)(uintptr_t)key);
        web->stats.connections++;
        if (source)
            source->connections++;
    } else {
        web->stats.connections -= web->stats.connections > 0;
        if (source)
            source->connections -= source->connections > 0;
        if (key == WEB_LOCAL && !atomic_load(&web->stopping))
            go_on(&web->listeners[1]);
    }
}

/* ---- requests ---- */

struct web_request *sapa_web_request_of(struct sapa_web *web, uint64_t id)
{
    const struct web_waiting *waiting = sapa_table_find(&web->waiting, id);

    return waiting ? waiting->request : NULL;
}

sapa_rc sapa_web_wait(struct web_request *rq)
{
    struct web_waiting *waiting;

    if (rq->waits)
        return SAPA_OK;
    const sapa_rc rc = sapa_table_add(&rq->web->waiting, rq->id, &waiting);
    if (rc != SAPA_OK)
        return rc;
    waiting->request = rq;
    rq->waits = true;
    return SAPA_OK;
}

static void request_free(struct web_request *rq)
{
    if (!rq)
        return;
    if (rq->waits) {
        struct web_waiting *waiting = sapa_table_find(&rq->web->waiting, rq->id);
        if (waiting)
            sapa_table_remove(&rq->web->waiting, waiting);
    }
    sapa_json_done(&rq->out);
    free(rq->why_record);
    free(rq->later);
    free(rq->changes);
    free(rq->body);
    free(rq);
}

static struct web_request *request_new(struct sapa_web *web, struct lws *wsi)
{
    struct web_request *rq = calloc(1, sizeof(*rq));

    if (!rq)
        return NULL;
    rq->web = web;
    rq->wsi = wsi;
    rq->id = web->next_request++;
    rq->began_us = sapa_mono_us();
    rq->content_type = "application/json";
    rq->route = SAPA_ROUTE_COUNT;
    rq->body_max = WEB_BODY_MAX;
    return rq;
}

static unsigned method_of(struct lws *wsi)
{
    if (lws_hdr_total_length(wsi, WSI_TOKEN_GET_URI) > 0)
        return SAPA_GET;
    if (lws_hdr_total_length(wsi, WSI_TOKEN_POST_URI) > 0)
        return SAPA_POST;
    if (lws_hdr_total_length(wsi, WSI_TOKEN_PUT_URI) > 0)
        return SAPA_PUT;
    if (lws_hdr_total_length(wsi, WSI_TOKEN_DELETE_URI) > 0)
        return SAPA_DELETE;
    return SAPA_METHOD_COUNT;
}

static struct sapa_str header(struct lws *wsi, enum lws_token_indexes which, char *buf, int size)
{
    const int n = lws_hdr_copy(wsi, buf, size, which);

    return n > 0 ? (struct sapa_str){ buf, (size_t)n } : (struct sapa_str){ NULL, 0 };
}

/* "bytes=FROM-TO", "bytes=FROM-" or "bytes=-LAST"; one range. Others are as if none were asked for. */
static void take_range(struct web_request *rq, struct sapa_str text)
{
    struct sapa_str last;

    if (!sapa_str_starts(text, SAPA_STR("bytes=")))
        return;
    text.p += 6, text.n -= 6;
    const struct sapa_str first = sapa_str_cut(text, '-', &last);
    uint64_t from = 0, to = UINT64_MAX - 1;
    if (first.n == 0) { /* the last so many: from is counted from the end */
        if (sapa_str_u64(last, UINT64_MAX / 2, &to) != SAPA_OK)
            return;
        rq->range_from = UINT64_MAX, rq->range_to = to;
    } else {
        if (sapa_str_u64(first, UINT64_MAX / 2, &from) != SAPA_OK ||
            (last.n > 0 && (sapa_str_u64(last, UINT64_MAX / 2, &to) != SAPA_OK || to < from)))
            return;
        rq->range_from = from, rq->range_to = to + 1;
    }
    rq->has_range = true;
}

/* ---- browsers ---- */

bool sapa_web_origin_is_ours(struct lws *wsi)
{
    char origin[256], host[256];

    return sapa_origin_is_ours(header(wsi, WSI_TOKEN_ORIGIN, origin, sizeof(origin)), header(wsi, WSI_TOKEN_HOST, host, sizeof(host)));
}

/* A proxy says that it speaks for somebody else: then its address says nothing of him. */
static bool is_forwarded(struct lws *wsi)
{
    return lws_hdr_total_length(wsi, WSI_TOKEN_X_FORWARDED_FOR) > 0 || lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_X_REAL_IP) > 0 ||
           lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_VIA) > 0 || lws_hdr_custom_length(wsi, "forwarded:", 10) > 0 ||
           lws_hdr_custom_length(wsi, "x-forwarded-host:", 17) > 0 || lws_hdr_custom_length(wsi, "x-forwarded-proto:", 18) > 0;
}

bool sapa_web_is_loopback(struct lws *wsi)
{
    struct sapa_addr peer;
    socklen_t n = sizeof(peer);
    char host[256], text[SAPA_ADDR_TEXT_MAX];

    memset(&peer, 0, sizeof(peer));
    if (getpeername(lws_get_socket_fd(lws_get_network_wsi(wsi)), &peer.any, &n) != 0)
        return false;
    sapa_addr_unmap(&peer);
    sapa_addr_print_host(&peer, text, sizeof(text));
    if (is_forwarded(wsi))
        return false;
    return (sapa_str_starts(sapa_str_of(text), SAPA_STR("127.")) || strcmp(text, "::1") == 0 || strcmp(text, "[::1]") == 0) &&
           sapa_host_is_loopback(header(wsi, WSI_TOKEN_HOST, host, sizeof(host)));
}

bool sapa_web_is_secure(const struct sapa_web *web, struct lws *wsi)
{
    char origin[256], before[8];
    const int n = lws_hdr_custom_length(wsi, "x-forwarded-proto:", 18);

    return web->options.cert ||
           (sapa_web_origin_is_ours(wsi) && sapa_str_starts(header(wsi, WSI_TOKEN_ORIGIN, origin, sizeof(origin)), SAPA_STR("https://"))) ||
           (n == 5 && lws_hdr_custom_copy(wsi, before, sizeof(before), "x-forwarded-proto:", 18) == n && memcmp(before, "https", 5) == 0);
}

static int by_number(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

size_t sapa_web_cookies(const struct sapa_web *web, struct lws *wsi, uint64_t ret[SAPA_COOKIES_MAX * 4])
{
    char buf[WEB_HEADER_MAX];
    const size_t count = sapa_cookie_sessions(header(wsi, WSI_TOKEN_HTTP_COOKIE, buf, sizeof(buf)), sapa_web_is_secure(web, wsi), ret, SAPA_COOKIES_MAX * 4);

    qsort(ret, count, sizeof(*ret), by_number);
    return count;
}

/* Parameter `session`: of WebSockets and of what a browser loads by itself, which cannot carry the header. */
static struct sapa_str session_parameter(struct lws *wsi, char buf[64])
{
    for (int i = 0; i < 64 && lws_hdr_fragment_length(wsi, WSI_TOKEN_HTTP_URI_ARGS, i) > 0; i++) {
        struct sapa_str value;
        const int n = lws_hdr_copy_fragment(wsi, buf, 64, WSI_TOKEN_HTTP_URI_ARGS, i);
        if (n > 0 && sapa_str_eq(sapa_str_cut((struct sapa_str){ buf, (size_t)n }, '=', &value), SAPA_STR("session")))
            return value;
    }
    return (struct sapa_str){ NULL, 0 };
}

/* Whose cookie, of the session that the page names. Nobody's when it names none. */
static void who_of_cookie(struct sapa_web *web, struct lws *wsi, struct web_who *ret)
{
    char buf[WEB_HEADER_MAX], name[64], authorization[8 + SAPA_TOKEN_TEXT_SIZE] = "Bearer ";
    struct sapa_str wanted;
    uint64_t session;

    const int n = lws_hdr_custom_length(wsi, "sapa-session:", 13);
    if (n > 0 && n < (int)sizeof(name) && lws_hdr_custom_copy(wsi, name, sizeof(name), "sapa-session:", 13) == n)
        wanted = (struct sapa_str){ name, (size_t)n };
    else
        wanted = session_parameter(wsi, name);
    *ret = (struct web_who){ .scope.agent = SAPA_NONE };
    if (wanted.n == 0 || sapa_str_u64(wanted, UINT64_MAX, &session) != SAPA_OK ||
        !sapa_cookie_find(header(wsi, WSI_TOKEN_HTTP_COOKIE, buf, sizeof(buf)), session, sapa_web_is_secure(web, wsi), authorization + 7))
        return;
    sapa_web_who_of(web, sapa_str_of(authorization), ret);
    sapa_wipe(authorization, sizeof(authorization));
    sapa_wipe(buf, sizeof(buf));
    ret->by_cookie = true;
    if (ret->session != session) /* a token in a cookie is none of ours */
        *ret = (struct web_who){ .scope.agent = SAPA_NONE };
}

/* Too many wrong tokens a moment ago. */
static bool is_guessing(const struct sapa_web *web, struct lws *wsi, int64_t now_us)
{
    const struct web_source *source = sapa_table_find(&web->sources, (uint64_t)(uintptr_t)lws_get_opaque_user_data(wsi));

    return source && source->key != WEB_LOCAL && source->failures >= WEB_FAILURES_MAX && now_us - source->failures_us < 10000000;
}

/* Spend one request of the source's allowance: a bucket that holds two seconds; pages have one of their own. False: answered. */
static bool may_go_on(struct web_request *rq, bool page)
{
    struct sapa_web *web = rq->web;
    struct web_source *source = sapa_table_find(&web->sources, (uint64_t)(uintptr_t)lws_get_opaque_user_data(rq->wsi));
    const bool guesses = !page && lws_hdr_total_length(rq->wsi, WSI_TOKEN_HTTP_AUTHORIZATION) > 0; /* others bring nothing to guess with */
    bool good = !guesses || !is_guessing(web, rq->wsi, rq->began_us);

    if (good && source && source->key != WEB_LOCAL && web->options.rate > 0) {
        int64_t *spent_us = page ? &source->pages_us : &source->tokens_us;
        *spent_us = SAPA_MAX(*spent_us, rq->began_us - 2000000) + 1000000 / web->options.rate / (page ? WEB_PAGES_RATE : 1);
        good = *spent_us <= rq->began_us;
    }
    if (good)
        return true;
    web->stats.too_fast++;
    sapa_web_problem(rq, 429, "ELIMIT", "too many requests, or too many wrong tokens, from this address; wait a moment");
    return false;
}

static void note_failure(struct sapa_web *web, struct lws *wsi, int64_t now_us)
{
    struct web_source *source = sapa_table_find(&web->sources, (uint64_t)(uintptr_t)lws_get_opaque_user_data(wsi));

    web->stats.wrong_tokens++;
    if (!source)
        return;
    if (now_us - source->failures_us >= 10000000) {
        source->failures = 0;
        source->failures_us = now_us;
    }
    source->failures++;
}

/* By his token or the cookie of a page; at the local socket he needs neither. */
static void find_who(struct web_request *rq, uint64_t source)
{
    char buf[512];
    const struct sapa_str authorization = header(rq->wsi, WSI_TOKEN_HTTP_AUTHORIZATION, buf, sizeof(buf));

    if (source == WEB_LOCAL && authorization.n == 0) {
        const int n = lws_hdr_custom_copy(rq->wsi, buf, sizeof(buf), "sapa-by:", 8);
        sapa_web_who_local((struct sapa_str){ buf, n > 0 ? (size_t)n : 0 }, &rq->who);
        return;
    }
    if (authorization.n == 0) {
        who_of_cookie(rq->web, rq->wsi, &rq->who);
        return;
    }
    sapa_web_who_of(rq->web, authorization, &rq->who);
    if (!rq->who.known)
        note_failure(rq->web, rq->wsi, rq->began_us);
}

/* A browser says that a page of another origin wants this: a recording in its <audio>, say. */
static bool comes_from_elsewhere(struct lws *wsi)
{
    char site[16];
    const int n = lws_hdr_custom_length(wsi, "sec-fetch-site:", 15);

    if (n <= 0)
        return false;
    if (n >= (int)sizeof(site) || lws_hdr_custom_copy(wsi, site, sizeof(site), "sec-fetch-site:", 15) != n)
        return true;
    const struct sapa_str text = { site, (size_t)n };
    return !sapa_str_eq(text, SAPA_STR("same-origin")) && !sapa_str_eq(text, SAPA_STR("none"));
}

/* Route, parameters, token and right. False: it has its answer. */
static bool admit(struct web_request *rq, struct sapa_str path)
{
    char buf[512], problem_buf[256];
    struct sapa_text problem;
    uint64_t key = 0;

    sapa_text_init(&problem, problem_buf, sizeof(problem_buf));
    if (!peer_of(rq->wsi, rq->source, &key))
        (void)sapa_str_copy(SAPA_STR("?"), rq->source, sizeof(rq->source));
    if (!may_go_on(rq, false))
        return false;
    const sapa_rc rc = sapa_route_find(rq->method, path, &rq->params, &problem, &rq->route);
    find_who(rq, key);
    if (rq->who.by_cookie && (comes_from_elsewhere(rq->wsi) || (rq->method != SAPA_GET && !sapa_web_origin_is_ours(rq->wsi)))) {
        sapa_web_problem(rq, 403, "EDENIED", "a session in a cookie acts from pages of this server only; programs send Authorization: Bearer");
        return false;
    }
    if (rc == SAPA_OK && sapa_route_is_open(rq->route))
        goto query;
    if (!rq->who.known) {
        sapa_web_problem(rq, 401, "EDENIED", "a token is wanted: Authorization: Bearer sapa_…; sapa token create makes one, or POST /api/v1/login with a password");
        return false;
    }
    if (rc == SAPA_ENOENT || rc == SAPA_EINVAL) {
        sapa_web_problem(rq, rc == SAPA_ENOENT ? 404 : 400, sapa_rc_name(rc), "%s", rc == SAPA_ENOENT ? "there is nothing at this path; /api/v1/openapi.json lists what there is" : problem_buf);
        return false;
    }
    if (rc == SAPA_EDENIED) {
        sapa_web_problem(rq, 405, "EDENIED", "this path has no such method");
        return false;
    }
    if (sapa_route(rq->route)->right < SAPA_RIGHT_COUNT && !(rq->who.rights >> sapa_route(rq->route)->right & 1) &&
        !(sapa_route(rq->route)->right == SAPA_RIGHT_SELF && (rq->who.rights & (SAPA_RIGHT_BIT(AGENTS) | SAPA_RIGHT_BIT(SUPERVISE))))) {
        sapa_web_problem(rq, 403, "EDENIED", "the role %s does not have the right %s", rq->who.role_name,
                    sapa_right_name(sapa_route(rq->route)->right));
        return false;
    }
query:
    for (int i = 0;; i++) {
        struct sapa_str value;
        const int n = lws_hdr_copy_fragment(rq->wsi, buf, sizeof(buf), WSI_TOKEN_HTTP_URI_ARGS, i);
        if (n < 0 && i < 64 && lws_hdr_fragment_length(rq->wsi, WSI_TOKEN_HTTP_URI_ARGS, i) > 0) {
            sapa_web_problem(rq, 400, "EINVAL", "a parameter is too long");
            return false;
        }
        if (n <= 0)
            break;
        const struct sapa_str name = sapa_str_cut((struct sapa_str){ buf, (size_t)n }, '=', &value);
        if (rq->who.by_cookie && sapa_str_eq(name, SAPA_STR("session")))
            continue; /* taken above */
        if (sapa_route_query(rq->route, name, value, &rq->params, &problem) != SAPA_OK) {
            sapa_web_problem(rq, 400, "EINVAL", "%s", problem_buf);
            return false;
        }
    }
    return true;
}

/* "/call/NUMBER" or "/call/CLIENT": the number whose description says which web sites may show it in a frame; SAPA_NONE. */
static uint32_t framed_number(const struct sapa_centre *centre, struct sapa_str path)
{
    const struct sapa_str start = SAPA_STR("/call/");

    if (!centre || !sapa_str_starts(path, start))
        return SAPA_NONE;
    const struct sapa_str key = { path.p + start.n, path.n - start.n };
    for (uint32_t i = 0; i < centre->numbers_count; i++) {
        const struct sapa_number *number = &centre->numbers[i];
        if (number->web && number->web_frames.n > 0 &&
            (sapa_str_eq(number->key, key) || (number->client < centre->clients_count && sapa_str_eq(centre->clients[number->client].key, key))))
            return i;
    }
    return SAPA_NONE;
}

/* What a browser loads. False: it has its answer, a problem. */
static bool find_page(struct web_request *rq, struct sapa_str path)
{
    char buf[1024];
    uint64_t key;

    if (!peer_of(rq->wsi, rq->source, &key))
        (void)sapa_str_copy(SAPA_STR("?"), rq->source, sizeof(rq->source));
    if (!may_go_on(rq, true))
        return false;
    const struct sapa_str encoding = header(rq->wsi, WSI_TOKEN_HTTP_ACCEPT_ENCODING, buf, sizeof(buf));
    /* read when the first one is wanted: a centre with telephones alone does without their memory */
    const sapa_rc rc = rq->web->pages ? SAPA_OK : sapa_pages_load(rq->web->options.pages, &rq->web->pages);
    if (rc != SAPA_OK) {
        sapa_web_problem_rc(rq, rc, "the pages cannot be read; the server's log says more");
        sapa_log(SAPA_LOG_ERROR, "web.pages", "folder=%s rc=%s", rq->web->options.pages, sapa_rc_name(rc));
        return false;
    }
    if (sapa_pages_find(rq->web->pages, path, encoding, &rq->page) != SAPA_OK) {
        sapa_web_problem(rq, 404, "ENOENT", "there is no page here; the first one is /");
        return false;
    }
    rq->framed = framed_number(rq->web->mirror.centre, path);
    rq->content_type = rq->page.type;
    rq->status = sapa_page_is_known(&rq->page, header(rq->wsi, WSI_TOKEN_HTTP_IF_NONE_MATCH, buf, sizeof(buf))) ? 304 : 200;
    return true;
}

/* Headers are complete. */
static int on_request(struct sapa_web *web, struct lws *wsi, struct web_session *session, struct sapa_str path)
{
    char buf[WEB_HEADER_MAX];
    uint64_t length = 0;

    request_free(session->request);
    struct web_request *rq = session->request = request_new(web, wsi);
    if (!rq)
        return -1;
    rq->method = method_of(wsi);
    rq->head_only = lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI) > 0;
    if (web->options.pages && (rq->method == SAPA_GET || rq->head_only) && !sapa_pages_is_api(path)) {
        if (find_page(rq, path))
            sapa_web_ready(rq);
        return 0;
    }
    take_range(rq, header(wsi, WSI_TOKEN_HTTP_RANGE, buf, sizeof(buf)));
    (void)sapa_str_copy(sapa_str_trim(header(wsi, WSI_TOKEN_HTTP_IF_MATCH, buf, sizeof(buf))), rq->if_match, sizeof(rq->if_match));
    const struct sapa_str length_text = header(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH, buf, sizeof(buf));
    const bool has_length = sapa_str_u64(length_text, UINT64_MAX / 2, &length) == SAPA_OK;
    rq->body_wanted = (size_t)length; /* read to its end even when it is refused, or the connection ends */
    if (!admit(rq, path))
        return 0;
    if (lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING) > 0 ||
        ((rq->method == SAPA_POST || rq->method == SAPA_PUT) && !has_length)) {
        rq->body_wanted = SIZE_MAX;
        sapa_web_problem(rq, 411, "EINVAL", "Content-Length is wanted, and no Transfer-Encoding");
        return 0;
    }
    if (sapa_route(rq->route)->body == SAPA_SCHEMA_YAML || rq->route == SAPA_ROUTE_SHIFTS_PUT)
        rq->body_max = WEB_TEXT_MAX;
    if (length > rq->body_max) {
        sapa_web_problem(rq, 413, "ELIMIT", "a body is at most %zu bytes here", rq->body_max);
        return 0;
    }
    const int key_n = lws_hdr_custom_length(wsi, "idempotency-key:", 16);
    if (key_n > 0 && rq->method != SAPA_GET) {
        uint8_t hash[32];
        char text[192];
        struct sapa_text all;
        if (key_n > 64 || lws_hdr_custom_copy(wsi, buf, 80, "idempotency-key:", 16) < 0) {
            sapa_web_problem(rq, 400, "EINVAL", "an Idempotency-Key has 64 bytes at most");
            return 0;
        }
        sapa_text_init(&all, text, sizeof(text));
        sapa_text_printf(&all, "%llu %s", (unsigned long long)rq->who.id, buf);
        sapa_sha256(text, all.n, hash);
        memcpy(&rq->idempotent, hash, sizeof(rq->idempotent));
        rq->idempotent |= 1;
    }
    if (length == 0)
        sapa_web_answer(rq);
    return 0;
}

static int on_body(struct web_request *rq, const void *data, size_t size)
{
    if (!rq || size == 0)
        return 0;
    rq->body_seen += size;
    if (rq->answered)
        return 0;
    if (rq->body_n + size > rq->body_max)
        return -1;
    if (rq->body_n + size + 1 > rq->body_room) {
        const size_t room = SAPA_MAX(rq->body_wanted + 1, rq->body_n + size + 1);
        char *bigger = realloc(rq->body, room);
        if (!bigger)
            return -1;
        rq->body = bigger, rq->body_room = room;
    }
    memcpy(rq->body + rq->body_n, data, size);
    rq->body_n += size;
    return 0;
}

void sapa_web_ready(struct web_request *rq)
{
    if (rq->out.failed) {
        sapa_json_reset(&rq->out);
        sapa_web_problem(rq, 500, "ENOMEM", "the answer is too large");
        return;
    }
    rq->answered = true;
    lws_callback_on_writable(rq->wsi);
}

static const char *status_text(unsigned status)
{
    static const struct { unsigned status; const char *text; } table[] = {
        { 200, "OK" }, { 201, "Created" }, { 206, "Partial Content" }, { 304, "Not Modified" }, { 400, "Bad Request" }, { 401, "Unauthorized" },
        { 403, "Forbidden" }, { 404, "Not Found" }, { 405, "Method Not Allowed" }, { 409, "Conflict" },
        { 411, "Length Required" }, { 412, "Precondition Failed" }, { 413, "Content Too Large" }, { 416, "Range Not Satisfiable" },
        { 422, "Unprocessable Content" }, { 426, "Upgrade Required" }, { 428, "Precondition Required" },
        { 429, "Too Many Requests" },
        { 500, "Internal Server Error" }, { 503, "Service Unavailable" }, { 504, "Gateway Timeout" },
    };

    for (size_t i = 0; i < SAPA_COUNT(table); i++) {
        if (table[i].status == status)
            return table[i].text;
    }
    return "";
}

static void add_header(struct lws *wsi, const char *name, const char *value, unsigned char **p, unsigned char *end, bool *ret_bad)
{
    *ret_bad |= lws_add_http_header_by_name(wsi, (const unsigned char *)name, (const unsigned char *)value, (int)strlen(value), p, end) != 0;
}

/* Of what a tab shows: scripts, styles and connections of this server alone, in no frame of another's page but where the description allows it. */
static void add_page_headers(struct web_request *rq, unsigned char **p, unsigned char *end, bool *ret_bad)
{
    add_header(rq->wsi, "cache-control:", rq->page.forever ? "public, max-age=31536000, immutable" : "no-cache", p, end, ret_bad);
    add_header(rq->wsi, "etag:", rq->page.etag, p, end, ret_bad);
    add_header(rq->wsi, "referrer-policy:", "same-origin", p, end, ret_bad);
    if (rq->page.varies)
        add_header(rq->wsi, "vary:", "accept-encoding", p, end, ret_bad);
    if (rq->page.compressed && rq->status == 200)
        add_header(rq->wsi, "content-encoding:", "gzip", p, end, ret_bad);
    if (!rq->page.document)
        return;
    const struct sapa_centre *centre = rq->web->mirror.centre;
    const struct sapa_str frames = centre && rq->framed < centre->numbers_count ? centre->numbers[rq->framed].web_frames : (struct sapa_str){ NULL, 0 };
    char policy[1024];
    snprintf(policy, sizeof(policy),
             "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
             "media-src 'self' blob:; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors " SAPA_STR_FMT,
             SAPA_STR_ARG(frames.n > 0 ? frames : SAPA_STR("'none'")));
    add_header(rq->wsi, "content-security-policy:", policy, p, end, ret_bad);
    add_header(rq->wsi, "permissions-policy:", "microphone=(self), speaker-selection=(self), camera=(), geolocation=(), payment=(), usb=()", p, end, ret_bad);
    add_header(rq->wsi, "cross-origin-opener-policy:", "same-origin", p, end, ret_bad);
    if (frames.n == 0)
        add_header(rq->wsi, "x-frame-options:", "DENY", p, end, ret_bad);
}

static struct sapa_str content_of(const struct web_request *rq)
{
    if (!rq->page.type || rq->status >= 400)
        return sapa_json_str(&rq->out);
    return rq->status == 304 ? (struct sapa_str){ NULL, 0 } : rq->page.content;
}

/* The head, and as much of the body as fits behind it. */
static int write_head(struct web_request *rq)
{
    struct sapa_web *web = rq->web;
    unsigned char *start = web->buffer + LWS_PRE, *p = start, *end = start + WEB_HEADER_MAX;
    const struct sapa_str content = content_of(rq);
    const bool is_page = rq->page.type && rq->status < 400;
    const uint64_t total = rq->stream_end > 0 ? content.n + (rq->stream_end - rq->stream_at) : content.n;
    char text[96];
    bool bad = false;

    (void)status_text(rq->status);
    bad |= lws_add_http_header_status(rq->wsi, rq->status, &p, end) != 0;
    add_header(rq->wsi, "content-type:", rq->content_type, &p, end, &bad);
    snprintf(text, sizeof(text), "%llu", (unsigned long long)total);
    if (rq->status != 304)
        add_header(rq->wsi, "content-length:", text, &p, end, &bad);
    snprintf(text, sizeof(text), "%llu", (unsigned long long)rq->id);
    add_header(rq->wsi, "sapa-request:", text, &p, end, &bad);
    add_header(rq->wsi, "x-content-type-options:", "nosniff", &p, end, &bad);
    add_header(rq->wsi, "cross-origin-resource-policy:", "same-origin", &p, end, &bad);
    if (is_page)
        add_page_headers(rq, &p, end, &bad);
    else
        add_header(rq->wsi, "cache-control:", "no-store", &p, end, &bad);
    for (size_t i = 0; i < SAPA_COUNT(rq->cookies) && rq->status < 300; i++) {
        if (rq->cookies[i][0])
            add_header(rq->wsi, "set-cookie:", rq->cookies[i], &p, end, &bad);
    }
    if (rq->etag[0])
        add_header(rq->wsi, "etag:", rq->etag, &p, end, &bad);
    if (rq->status == 401)
        add_header(rq->wsi, "www-authenticate:", "Bearer", &p, end, &bad);
    if (rq->status == 429 || rq->status == 503)
        snprintf(text, sizeof(text), "%u", rq->retry_s ? rq->retry_s : 1), add_header(rq->wsi, "retry-after:", text, &p, end, &bad);
    if (rq->status == 426)
        add_header(rq->wsi, "upgrade:", "websocket", &p, end, &bad);
    if (sapa_route_is_audio(rq->route) && (rq->status == 200 || rq->status == 206)) {
        add_header(rq->wsi, "accept-ranges:", "bytes", &p, end, &bad);
        if (rq->status == 206) {
            snprintf(text, sizeof(text), "bytes %llu-%llu/%llu", (unsigned long long)rq->range_from,
                     (unsigned long long)rq->range_from + total - 1, (unsigned long long)rq->stream_total);
            add_header(rq->wsi, "content-range:", text, &p, end, &bad);
        }
    }
    bad |= lws_finalize_http_header(rq->wsi, &p, end) != 0;
    if (bad)
        return -1;
    const size_t with = rq->head_only ? 0 : SAPA_MIN(content.n, (size_t)WEB_CHUNK);
    if (with > 0)
        memcpy(p, content.p, with);
    rq->head_sent = true;
    rq->sent = with;
    const size_t n = (size_t)(p - start) + with;
    return lws_write(rq->wsi, start, n, LWS_WRITE_HTTP_HEADERS) == (int)n ? 0 : -1;
}

static void count_answer(struct web_request *rq)
{
    struct web_stats *stats = &rq->web->stats;

    stats->requests[rq->status / 100 < 6 ? rq->status / 100 : 0]++;
    stats->slow += sapa_mono_us() - rq->began_us > 100000;
}

/* Non-zero: the connection ends. */
static int on_writable(struct web_session *session)
{
    struct web_request *rq = session->request;

    if (!rq || !rq->answered || (!rq->head_sent && rq->body_wanted <= rq->body_max && rq->body_seen < rq->body_wanted))
        return 0;
    const struct sapa_str content = content_of(rq);
    if (!rq->head_sent) {
        if (write_head(rq) != 0)
            return -1;
    } else if (rq->sent < content.n) {
        const size_t n = SAPA_MIN(content.n - rq->sent, (size_t)WEB_CHUNK);
        unsigned char *start = rq->web->buffer + LWS_PRE;
        memcpy(start, content.p + rq->sent, n);
        if (lws_write(rq->wsi, start, n, LWS_WRITE_HTTP) != (int)n)
            return -1;
        rq->sent += n;
    }
    if (rq->sent < content.n && !rq->head_only) {
        lws_set_timeout(rq->wsi, PENDING_TIMEOUT_HTTP_CONTENT, WEB_TAKE_S);
        lws_callback_on_writable(rq->wsi);
        return 0;
    }
    if (rq->stream_end > 0 && rq->stream_at < rq->stream_end) {
        sapa_web_stream_next(rq);
        return 0;
    }
    count_answer(rq);
    const bool unread = rq->body_wanted > rq->body_seen;
    struct lws *wsi = rq->wsi;
    session->request = NULL;
    request_free(rq);
    return lws_http_transaction_completed(wsi) != 0 || unread ? -1 : 0;
}

/* ---- the live feed's connections ---- */

static int on_upgrade(struct sapa_web *web, struct lws *wsi)
{
    char path[128], buf[512];
    struct web_who who;
    const struct sapa_str uri = header(wsi, WSI_TOKEN_GET_URI, path, sizeof(path));
    const struct sapa_str authorization = header(wsi, WSI_TOKEN_HTTP_AUTHORIZATION, buf, sizeof(buf));

    if (!sapa_str_eq(uri, SAPA_STR("/api/v1/live")) || is_guessing(web, wsi, sapa_mono_us()))
        return -1;
    if (authorization.n == 0) {
        who_of_cookie(web, wsi, &who);
        if (!who.by_cookie)
            return 0; /* it will say its token in its first message */
        return who.known && (who.rights & (SAPA_RIGHT_BIT(LIVE) | SAPA_RIGHT_BIT(WALL))) && sapa_web_origin_is_ours(wsi) ? 0 : -1;
    }
    sapa_web_who_of(web, authorization, &who);
    if (!who.known)
        note_failure(web, wsi, sapa_mono_us());
    return who.known && (who.rights & (SAPA_RIGHT_BIT(LIVE) | SAPA_RIGHT_BIT(WALL))) ? 0 : -1;
}

/* -1: no memory for his view */
static int admit_sub(struct sapa_web *web, struct web_session *session, const struct web_who *who)
{
    const struct sapa_feed_view view = { .scope = who->scope, .show_pii = (who->rights & SAPA_RIGHT_BIT(PERSON)) != 0,
                                         .standings_only = !(who->rights & SAPA_RIGHT_BIT(LIVE)) };

    session->who = malloc(sizeof(*session->who));
    if (!session->who)
        return -1;
    *session->who = *who;
    session->who_version = web->who_version;
    return sapa_feed_admit(web->feed, session->sub, &view) ? 0 : -1;
}

/* May he still see what he subscribed to? Looked at again when anything about it may have changed. */
static bool may_see_on(struct sapa_web *web, struct web_session *session)
{
    const struct web_who *who = session->who;

    if (!who || (session->who_version == web->who_version && (who->expires_us == 0 || sapa_wall_us() < who->expires_us)))
        return true;
    session->who_version = web->who_version;
    return sapa_web_who_sees(web, who);
}

/* ?feed=NAME&n=NUMBER */
static void take_resume(struct lws *wsi, struct sapa_feed_sub *sub)
{
    char buf[128], feed[64] = "";
    uint64_t n = 0;
    bool has_n = false;

    for (int i = 0; i < 8 && lws_hdr_copy_fragment(wsi, buf, sizeof(buf), WSI_TOKEN_HTTP_URI_ARGS, i) > 0; i++) {
        struct sapa_str value;
        const struct sapa_str name = sapa_str_cut(sapa_str_of(buf), '=', &value);
        if (sapa_str_eq(name, SAPA_STR("feed")))
            (void)sapa_str_copy(value, feed, sizeof(feed));
        else if (sapa_str_eq(name, SAPA_STR("n")))
            has_n = sapa_str_u64(value, UINT64_MAX, &n) == SAPA_OK;
    }
    if (feed[0] && has_n)
        sapa_feed_resume(sub, feed, n);
}

static int on_established(struct sapa_web *web, struct lws *wsi, struct web_session *session)
{
    char buf[512];
    struct web_who who;
    const struct sapa_str authorization = header(wsi, WSI_TOKEN_HTTP_AUTHORIZATION, buf, sizeof(buf));

    session->sub = sapa_feed_join(web->feed, wsi);
    if (!session->sub)
        return -1;
    if (authorization.n > 0)
        sapa_web_who_of(web, authorization, &who);
    else
        who_of_cookie(web, wsi, &who);
    if (who.known) {
        take_resume(wsi, session->sub);
        return admit_sub(web, session, &who);
    }
    lws_set_timer_usecs(wsi, WEB_HELLO_MS * INT64_C(1000));
    return 0;
}

static int on_message(struct sapa_web *web, struct lws *wsi, struct web_session *session, struct sapa_str text)
{
    struct sapa_feed_hello hello;
    struct web_who who;
    char authorization[128];

    if (!session->sub || sapa_feed_is_admitted(session->sub) || is_guessing(web, wsi, sapa_mono_us()) || !lws_is_first_fragment(wsi) || !lws_is_final_fragment(wsi) ||
        lws_remaining_packet_payload(wsi) > 0 || sapa_feed_hello_parse(text, &hello) != SAPA_OK)
        return -1; /* nothing else is ever wanted from a subscriber */
    snprintf(authorization, sizeof(authorization), "Bearer %s", hello.token);
    sapa_web_who_of(web, sapa_str_of(authorization), &who);
    sapa_wipe(authorization, sizeof(authorization));
    sapa_wipe(hello.token, sizeof(hello.token));
    if (!who.known || !(who.rights & (SAPA_RIGHT_BIT(LIVE) | SAPA_RIGHT_BIT(WALL)))) {
        note_failure(web, wsi, sapa_mono_us());
        return -1;
    }
    if (hello.feed[0])
        sapa_feed_resume(session->sub, hello.feed, hello.n);
    lws_set_timer_usecs(wsi, LWS_SET_TIMER_USEC_CANCEL);
    return admit_sub(web, session, &who);
}

static int write_feed(struct sapa_web *web, struct lws *wsi, struct sapa_feed_sub *sub)
{
    struct sapa_feed_part part;

    if (!sapa_feed_next(web->feed, sub, web->buffer + LWS_PRE, WEB_CHUNK, &part))
        return 0;
    const int how = part.first ? LWS_WRITE_TEXT : LWS_WRITE_CONTINUATION;
    if (lws_write(wsi, web->buffer + LWS_PRE, part.size, (enum lws_write_protocol)(part.last ? how : how | LWS_WRITE_NO_FIN)) < (int)part.size)
        return -1;
    if (sapa_feed_has_more(web->feed, sub))
        lws_callback_on_writable(wsi);
    return 0;
}

/* ---- libwebsockets ---- */

static bool is_sip_event(enum lws_callback_reasons reason)
{
    return reason == LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION || reason == LWS_CALLBACK_ESTABLISHED || reason == LWS_CALLBACK_RECEIVE ||
           reason == LWS_CALLBACK_RECEIVE_PONG || reason == LWS_CALLBACK_SERVER_WRITEABLE || reason == LWS_CALLBACK_CLOSED;
}

static int on_sip_event(struct sapa_web *web, struct lws *wsi, enum lws_callback_reasons reason, struct web_session *session,
                        const void *in, size_t size)
{
    switch (reason) {
    case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION: return sapa_web_sip_upgrade(web, wsi);
    case LWS_CALLBACK_ESTABLISHED: return sapa_web_sip_established(web, wsi, session);
    case LWS_CALLBACK_RECEIVE: return sapa_web_sip_receive(web, wsi, session, in, size);
    case LWS_CALLBACK_SERVER_WRITEABLE: return sapa_web_sip_writable(web, wsi, session);
    case LWS_CALLBACK_RECEIVE_PONG: sapa_web_sip_pong(session); return 0;
    default: sapa_web_sip_closed(web, session); return 0;
    }
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t size)
{
    struct lws_context *context = wsi ? lws_get_context(wsi) : NULL;
    struct sapa_web *web = context ? lws_context_user(context) : NULL;
    struct web_session *session = user;

    if (wsi && lws_get_protocol(wsi) && lws_get_protocol(wsi)->id == SIP_SUBPROTOCOL && is_sip_event(reason))
        return on_sip_event(web, wsi, reason, session, in, size);
    switch (reason) {
    case LWS_CALLBACK_SERVER_NEW_CLIENT_INSTANTIATED: count_connection(web, wsi, 1); return 0;
    case LWS_CALLBACK_WSI_DESTROY:
        if (lws_get_opaque_user_data(wsi))
            count_connection(web, wsi, -1);
        return 0;
    case LWS_CALLBACK_HTTP: return on_request(web, wsi, session, (struct sapa_str){ in, size }) < 0 ? -1 : 0;
    case LWS_CALLBACK_HTTP_BODY: return on_body(session->request, in, size);
    case LWS_CALLBACK_HTTP_BODY_COMPLETION:
        if (session->request && session->request->answered)
            lws_callback_on_writable(wsi); /* it was refused before, and waited for this */
        else if (session->request && session->request->body_wanted > 0)
            sapa_web_answer(session->request);
        return 0;
    case LWS_CALLBACK_HTTP_WRITEABLE: return on_writable(session);
    case LWS_CALLBACK_CLOSED_HTTP:
        if (session) {
            request_free(session->request);
            session->request = NULL;
        }
        return 0;
    case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION: return on_upgrade(web, wsi);
    case LWS_CALLBACK_ESTABLISHED: return on_established(web, wsi, session);
    case LWS_CALLBACK_RECEIVE: return on_message(web, wsi, session, (struct sapa_str){ in, size });
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return session->sub && may_see_on(web, session) ? write_feed(web, wsi, session->sub) : -1;
    case LWS_CALLBACK_TIMER: return session && session->sub && !sapa_feed_is_admitted(session->sub) ? -1 : 0;
    case LWS_CALLBACK_CLOSED:
        if (session && session->sub) {
            sapa_feed_leave(web->feed, session->sub);
            session->sub = NULL;
            free(session->who);
            session->who = NULL;
        }
        return 0;
    default: return 0;
    }
}

static const struct lws_protocols protocols[] = {
    { "http", on_event, sizeof(struct web_session), 2048, 0, NULL, 0 },
    { "sapa.live.v1", on_event, sizeof(struct web_session), 1024 /* a hello is no longer */, LIVE_SUBPROTOCOL, NULL, 0 },
    { "sip", on_event, sizeof(struct web_session), 2048, SIP_SUBPROTOCOL, NULL, 0 },
    { NULL, NULL, 0, 0, 0, NULL, 0 },
};

/* ---- messages of the centre ---- */

struct pending_head {
    uint32_t type, size;
};

static void keep(struct sapa_web *web, uint32_t type, const void *data, size_t size)
{
    const size_t wanted = sizeof(struct pending_head) + ((size + 7) & ~(size_t)7);

    if (web->pending_n + wanted > web->pending_room) {
        size_t room = web->pending_room ? web->pending_room : 65536;
        while (room < web->pending_n + wanted)
            room *= 2;
        void *bigger = realloc(web->pending, room);
        sapa_assert(bigger != NULL); /* bounded: what the centre may log before a commit */
        web->pending = bigger, web->pending_room = room;
    }
    const struct pending_head head = { type, (uint32_t)size };
    memcpy(web->pending + web->pending_n, &head, sizeof(head));
    if (size > 0)
        memcpy(web->pending + web->pending_n + sizeof(head), data, size);
    web->pending_n += wanted;
}

/* Take what is committed: whole groups, each ended by its STEP. */
static void apply(struct sapa_web *web)
{
    size_t at = 0, group = 0;

    while (at < web->pending_n) {
        struct pending_head head;
        memcpy(&head, web->pending + at, sizeof(head));
        const size_t next = at + sizeof(head) + ((head.size + 7) & ~(size_t)7);
        if (head.type == SAPA_WEB_STEP) {
            uint64_t seq;
            memcpy(&seq, web->pending + at + sizeof(head), sizeof(seq));
            if (seq > web->committed)
                break;
            for (size_t i = group; i < next;) {
                struct pending_head one;
                memcpy(&one, web->pending + i, sizeof(one));
                const uint64_t teams = web->mirror.teams_version;
                web->who_version += one.type == SAPA_WEB_RESET; /* perhaps another description: clients have other places, users other roles */
                if (sapa_mirror_take(&web->mirror, one.type, web->pending + i + sizeof(one), one.size) != SAPA_OK)
                    sapa_log(SAPA_LOG_ERROR, "web.mirror", "type=%u cannot be taken, ignoring", one.type);
                web->who_version += web->mirror.teams_version != teams;
                i += sizeof(one) + ((one.size + 7) & ~(size_t)7);
            }
            group = next;
        }
        at = next;
    }
    if (group > 0) {
        memmove(web->pending, web->pending + group, web->pending_n - group);
        web->pending_n -= group;
    }
}

static void on_figures(uv_timer_t *timer);

/* Something has happened: screens want figures of it at once, and not more often than the centre can well bear. */
static void figures_soon(struct sapa_web *web)
{
    const int64_t wait_ms = WEB_FIGURES_SOON_MS + (int64_t)web->mirror.queue_count * WEB_FIGURES_QUEUE_MS - (sapa_mono_us() - web->shared[WEB_SHARED_FIGURES].at_us) / 1000;

    if (!uv_is_active((uv_handle_t *)&web->figures))
        uv_timer_start(&web->figures, on_figures, (uint64_t)SAPA_MAX(wait_ms, 0), 0);
}

static void on_figures(uv_timer_t *timer)
{
    struct sapa_web *web = timer->data;

    if (web->shared[WEB_SHARED_FIGURES].asked != 0)
        uv_timer_start(timer, on_figures, WEB_TICK_MS, 0); /* the ones before are on their way, and may be older */
    else
        sapa_web_shared_ask(web, WEB_SHARED_FIGURES);
}

static void on_tick(uv_timer_t *timer)
{
    struct sapa_web *web = timer->data;

    web->ticking = false;
    sapa_feed_tick(web->feed);
    if (sapa_feed_stats(web->feed).subscribers > 0)
        figures_soon(web);
}

static void on_later(uv_timer_t *timer)
{
    sapa_web_shared_again(timer->data);
}

void sapa_web_later(struct sapa_web *web, uint64_t ms)
{
    if (!atomic_load(&web->stopping) && (!uv_is_active((uv_handle_t *)&web->later) || uv_timer_get_due_in(&web->later) > ms))
        uv_timer_start(&web->later, on_later, ms, 0);
}

/* Connections wait in the kernel until there is something to tell: a restart is a pause, not an error. */
static void listen_now(struct sapa_web *web)
{
    web->listening = true;
    for (size_t i = 0; i < SAPA_COUNT(web->listeners); i++) {
        struct web_listener *listener = &web->listeners[i];
        *listener = (struct web_listener){ .web = web, .fd = i ? web->options.local_fd : web->options.listen_fd, .is_local = i == 1 };
        if (listener->fd == 0 || uv_poll_init(&web->loop, &listener->poll, listener->fd) != 0) {
            listener->fd = 0;
            continue;
        }
        listener->poll.data = listener;
        uv_poll_start(&listener->poll, UV_READABLE, on_connect);
    }
}

static void on_centre(void *ctx, uint32_t type, const void *data, size_t size)
{
    struct sapa_web *web = ctx;

    switch (type) {
    case SAPA_WEB_COMMITTED:
        web->committed = *(const uint64_t *)data;
        apply(web);
        if (!web->listening && web->mirror.centre && !atomic_load(&web->stopping))
            listen_now(web);
        if (!web->ticking) {
            web->ticking = true;
            uv_timer_start(&web->tick, on_tick, WEB_TICK_MS, 0);
        }
        break;
    case SAPA_WEB_REPLY:
        sapa_web_centre_replied(web, data, (const uint8_t *)data + sizeof(struct sapa_web_reply), size - sizeof(struct sapa_web_reply));
        break;
    case SAPA_WEB_RESULT: {
        struct web_job *job;
        memcpy(&job, data, sizeof(job));
        sapa_web_job_done(web, job);
        break;
    }
    case SAPA_WEB_HOOKS:
        web->hook_count = SAPA_MIN(size / sizeof(web->hooks[0]), SAPA_COUNT(web->hooks));
        if (web->hook_count > 0)
            memcpy(web->hooks, data, web->hook_count * sizeof(web->hooks[0]));
        break;
    case SAPA_WEB_STATE:
        memcpy(&web->state, data, SAPA_MIN(size, sizeof(web->state)));
        web->has_state = true;
        break;
    case SAPA_WEB_SIP: sapa_web_sip_send(web, data, size); break;
    case SAPA_WEB_RESET:
        web->stats.resets++;
        keep(web, type, data, size);
        break;
    default: keep(web, type, data, size); break;
    }
}

static void close_all(struct sapa_web *web)
{
    for (size_t i = 0; web->listening && i < SAPA_COUNT(web->listeners); i++) {
        if (web->listeners[i].fd == 0)
            continue;
        uv_poll_stop(&web->listeners[i].poll);
        uv_close((uv_handle_t *)&web->listeners[i].poll, NULL);
    }
    web->listening = false;
    uv_close((uv_handle_t *)&web->wake, NULL);
    uv_close((uv_handle_t *)&web->tick, NULL);
    uv_close((uv_handle_t *)&web->second, NULL);
    uv_close((uv_handle_t *)&web->figures, NULL);
    uv_close((uv_handle_t *)&web->later, NULL);
    if (web->context)
        lws_context_destroy(web->context);
}

static void on_wake(uv_async_t *async)
{
    struct sapa_web *web = async->data;

    atomic_store(&web->awake, false);
    sapa_mailbox_drain(web->mailbox, 0, on_centre, web);
    if (atomic_load(&web->stopping) && !uv_is_closing((uv_handle_t *)async))
        close_all(web);
}

/* What reads much of the log, or whole files; and a recording whose next part is on its way. */
static bool may_take_long(const struct web_request *rq)
{
    return sapa_route(rq->route)->right == SAPA_RIGHT_REPORT || rq->route == SAPA_ROUTE_PAST || rq->route == SAPA_ROUTE_COUNTED || rq->route == SAPA_ROUTE_RECORDINGS ||
           rq->route == SAPA_ROUTE_AUDIT || rq->route == SAPA_ROUTE_RECORDING ||
           rq->route == SAPA_ROUTE_COACH_NOTES || rq->route == SAPA_ROUTE_AGENT_DAY || rq->route == SAPA_ROUTE_ADHERENCE || sapa_route_is_audio(rq->route);
}

/* Requests that nobody answers, sources that are gone, figures for subscribers. */
static void on_second(uv_timer_t *timer)
{
    struct sapa_web *web = timer->data;
    const int64_t now_us = sapa_mono_us();

    for (uint32_t i = 0; i < web->waiting.count;) {
        struct web_request *rq = ((struct web_waiting *)sapa_table_at(&web->waiting, i))->request;
        if (now_us - rq->began_us > (sapa_web_is_login(rq->route) ? WEB_LOGIN_MS : WEB_WAIT_MS) * INT64_C(1000) && !rq->answered && !may_take_long(rq)) {
            rq->waits = false;
            sapa_table_remove(&web->waiting, sapa_table_at(&web->waiting, i));
            sapa_web_problem(rq, 503, "ETIMEOUT", "no answer in time; a write may have been done nevertheless: ask again with the same Idempotency-Key");
        } else {
            i++;
        }
    }
    for (size_t i = 0; web->listening && i < SAPA_COUNT(web->listeners); i++)
        go_on(&web->listeners[i]);
    forget_sources(web, now_us);
    sapa_web_sip_second(web, now_us);
    sapa_web_look_certificate(web);
    sapa_web_forget_answers(web, now_us);
    if (sapa_feed_stats(web->feed).subscribers > 0)
        sapa_web_shared_ask(web, WEB_SHARED_FIGURES);
    if (++web->seconds % WEB_BEAT_S == 0)
        sapa_feed_beat(web->feed);
}

/* ---- start and stop ---- */

static void run(void *ctx)
{
    struct sapa_web *web = ctx;

    uv_run(&web->loop, UV_RUN_DEFAULT);
    if (web->context)
        lws_context_destroy(web->context); /* the second half: on a loop that is not its own it waits for that to end */
}

/* ---- certificates ---- */

static int64_t changed_us(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0 ? (int64_t)info.st_mtim.tv_sec * 1000000 + info.st_mtim.tv_nsec / 1000 : 0;
}

/*
 * Another certificate lies where the one in force came from (ACME renews it): new connections get it, those that live keep
 * theirs. One that is not whole yet, or not of its key, is looked at again when it has changed again.
 */
void sapa_web_look_certificate(struct sapa_web *web)
{
    struct sapa_tls_options options = { .certificates = { web->options.cert }, .keys = { web->options.key }, .count = 1 };
    struct sapa_tls_context *good;
    char buf[300];
    struct sapa_text problem;

    if (!web->options.cert)
        return;
    const int64_t cert_us = changed_us(web->options.cert), key_us = changed_us(web->options.key);
    if (cert_us == web->cert_us && key_us == web->key_us)
        return;
    const bool first = web->cert_us == 0; /* it was read this moment */
    web->cert_us = cert_us;
    web->key_us = key_us;
    if (first)
        return;
    sapa_text_init(&problem, buf, sizeof(buf));
    const sapa_rc rc = sapa_tls_context_new(&options, &problem, &good);
    if (rc != SAPA_OK) {
        sapa_log(SAPA_LOG_WARN, "web.certificate", "%s; the one before stays in force", problem.n ? buf : sapa_rc_text(rc));
        return;
    }
    sapa_tls_context_release(good);
    if (lws_tls_cert_updated(web->context, web->options.cert, web->options.key, NULL, 0, NULL, 0) != 0)
        sapa_log(SAPA_LOG_ERROR, "web.certificate", "%s cannot be taken", web->options.cert);
    else
        sapa_log(SAPA_LOG_INFO, "web.certificate", "%s is in force now", web->options.cert);
}

static sapa_rc open_context(struct sapa_web *web)
{
    static const lws_retry_bo_t keep_alive = { .secs_since_valid_ping = 25, .secs_since_valid_hangup = 60 };
    void *loops[1] = { &web->loop };
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN_SERVER,
        .protocols = protocols,
        .options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS | LWS_SERVER_OPTION_DISABLE_IPV6,
        .foreign_loops = loops,
        .user = web,
        .uid = (uid_t)-1, .gid = (gid_t)-1,
        .max_http_header_data = WEB_HEADER_MAX,
        .max_http_header_pool = WEB_CONNECTIONS_MAX, /* made when wanted; whoever says nothing has one, and keeps nobody else from his */
        .keepalive_timeout = 60,
        .timeout_secs = 15, /* to send a request's head */
        .retry_and_idle_policy = &keep_alive,
        .alpn = "http/1.1",
        .pt_serv_buf_size = 16384,
    };

    lws_set_log_level(LLL_ERR, NULL);
    if (web->options.cert) {
        info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
        info.ssl_cert_filepath = web->options.cert;
        info.ssl_private_key_filepath = web->options.key;
    }
    web->context = lws_create_context(&info);
    if (!web->context)
        return SAPA_EIO;
    web->vhost = lws_create_vhost(web->context, &info);
    if (!web->vhost) {
        return SAPA_EINVAL;
    }
    lws_set_log_level(0, NULL); /* from here on it would speak of strangers' mistakes only */
    return SAPA_OK;
}

/* At the very first start there is nobody who could make a token: this one is for whoever owns the data folder. */
static sapa_rc first_token(struct sapa_web *web)
{
    const struct sapa_token wish = { .user = "admin", .by = "first-start", .role = SAPA_ROLE_ADMIN };
    struct sapa_token token;
    char secret[SAPA_TOKEN_TEXT_SIZE], line[SAPA_TOKEN_TEXT_SIZE + 1], path[512];
    sapa_rc rc = web->tokens.by_hash.count > 0 ? SAPA_EEXIST : SAPA_OK;

    snprintf(path, sizeof(path), "%s/admin.token", web->options.data);
    if (rc != SAPA_OK || sapa_file_exists(path))
        return SAPA_OK;
    rc = sapa_token_create(web->options.store, &wish, secret, &token);
    if (rc == SAPA_OK) {
        snprintf(line, sizeof(line), "%s\n", secret);
        rc = sapa_file_create(path, line, strlen(line), 0600);
        sapa_wipe(secret, sizeof(secret));
        sapa_wipe(line, sizeof(line));
    }
    return rc == SAPA_OK ? sapa_tokens_load(&web->tokens, web->options.store) : rc;
}

static void free_pools(struct sapa_web *web)
{
    sapa_pool_free(web->passwords);
    sapa_pool_free(web->logins);
    sapa_pool_free(web->writes);
    sapa_pool_free(web->pool);
}

static void free_tables(struct sapa_web *web)
{
    for (uint32_t i = 0; i < web->idempotent.count; i++)
        free(((struct web_idempotent *)sapa_table_at(&web->idempotent, i))->text);
    sapa_table_done(&web->idempotent);
    sapa_table_done(&web->waiting);
    sapa_table_done(&web->sources);
    sapa_table_done(&web->phones);
    sapa_feed_free(web->feed);
    sapa_pages_free(web->pages);
    sapa_mirror_done(&web->mirror);
    sapa_tokens_done(&web->tokens);
    sapa_sessions_done(&web->sessions);
    sapa_tries_done(&web->tries);
    sapa_web_logins_drop(web);
    sapa_mailbox_free(web->mailbox);
    sapa_json_done(&web->scratch);
    sapa_json_done(&web->openapi);
    for (size_t i = 0; i < WEB_SHARED_COUNT; i++) {
        free(web->shared[i].waiters);
        sapa_json_done(&web->shared[i].text);
    }
    free(web->pending);
    free(web);
}

static void want_write(void *connection)
{
    lws_callback_on_writable(connection);
}

sapa_rc sapa_web_start(const struct sapa_web_options *options, struct sapa_web **ret)
{
    struct sapa_web *web = calloc(1, sizeof(*web));

    if (!web)
        return SAPA_ENOMEM;
    web->options = *options;
    web->next_request = (options->epoch << 40) + 1;
    sapa_mirror_init(&web->mirror);
    sapa_tokens_init(&web->tokens);
    sapa_sessions_init(&web->sessions);
    sapa_tries_init(&web->tries);
    web->logins_last = &web->logins_first;
    sapa_table_init(&web->waiting, sapa_memory_heap(), sizeof(struct web_waiting), WEB_REQUESTS_MAX);
    sapa_table_init(&web->sources, sapa_memory_heap(), sizeof(struct web_source), WEB_SOURCES_MAX);
    sapa_web_phones_init(web);
    sapa_table_init(&web->idempotent, sapa_memory_heap(), sizeof(struct web_idempotent), WEB_IDEMPOTENT_MAX);
    sapa_rc rc = sapa_mailbox_new(WEB_MAILBOX_BYTES, &web->mailbox);
    if (rc == SAPA_OK)
        rc = sapa_tokens_load(&web->tokens, options->store);
    if (rc == SAPA_OK)
        rc = sapa_sessions_load(&web->sessions, options->store, sapa_wall_us());
    if (rc == SAPA_OK)
        rc = first_token(web);
    if (rc == SAPA_OK)
        rc = sapa_feed_new(&web->mirror, want_write, &web->feed);
    if (rc == SAPA_OK)
        sapa_web_goals_load(web);
    if (rc == SAPA_OK && options->pages) { /* whole? They are read again when a browser comes */
        const sapa_rc found = sapa_pages_load(options->pages, &web->pages);
        if (found == SAPA_ENOENT) {
            sapa_log(SAPA_LOG_WARN, "web.pages", "folder=%s there are no pages; browsers get the API alone, ignoring", options->pages);
            web->options.pages = NULL;
        } else {
            rc = found;
        }
        sapa_pages_free(web->pages);
        web->pages = NULL;
    }
    if (rc == SAPA_OK)
        rc = sapa_pool_new("web", WEB_WORKERS, WEB_WORK_MAX, &web->pool);
    if (rc == SAPA_OK)
        rc = sapa_pool_new("web-write", 1, WEB_WORK_MAX, &web->writes);
    const unsigned threads = SAPA_MIN(sapa_cpu_count(), (unsigned)WEB_LOGIN_THREADS_MAX);
    web->login_runs_max = threads + 1;
    if (rc == SAPA_OK)
        rc = sapa_pool_new("web-password", threads, WEB_LOGIN_THREADS_MAX + 1, &web->passwords);
    if (rc == SAPA_OK)
        rc = sapa_pool_new("web-login", 1, WEB_LOGIN_THREADS_MAX + 1, &web->logins);
    if (rc != SAPA_OK) {
        free_pools(web);
        free_tables(web);
        return rc;
    }
    if (uv_loop_init(&web->loop) != 0) {
        free_pools(web);
        free_tables(web);
        return SAPA_EIO;
    }
    uv_async_init(&web->loop, &web->wake, on_wake);
    uv_timer_init(&web->loop, &web->tick);
    uv_timer_init(&web->loop, &web->second);
    uv_timer_init(&web->loop, &web->figures);
    uv_timer_init(&web->loop, &web->later);
    web->wake.data = web->tick.data = web->second.data = web->figures.data = web->later.data = web;
    rc = open_context(web);
    if (rc == SAPA_OK) {
        sapa_web_look_certificate(web);
        uv_timer_start(&web->second, on_second, 1000, 1000);
        sapa_web_remember(web);
        rc = sapa_thread_start("web", -1, run, web, &web->thread);
    }
    if (rc != SAPA_OK) {
        atomic_store(&web->stopping, true);
        close_all(web);
        run(web);
        (void)uv_loop_close(&web->loop);
        free_pools(web);
        free_tables(web);
        return rc;
    }
    *ret = web;
    return SAPA_OK;
}

void sapa_web_stop(struct sapa_web *web)
{
    if (!web)
        return;
    atomic_store(&web->stopping, true);
    uv_async_send(&web->wake);
    sapa_thread_join(web->thread);
    free_pools(web); /* work that runs ends; its results are taken below */
    sapa_mailbox_drain(web->mailbox, 0, on_centre, web);
    const int closed = uv_loop_close(&web->loop);
    if (closed != 0)
        sapa_log(SAPA_LOG_WARN, "web.stop", "the loop is still in use: %s, ignoring", uv_strerror(closed));
    free_tables(web);
}

sapa_rc sapa_web_put(struct sapa_web *web, uint32_t type, const void *data, size_t size)
{
    return sapa_mailbox_put(web->mailbox, type, data, size);
}

sapa_rc sapa_web_reply(struct sapa_web *web, const struct sapa_web_reply *reply, const void *data, size_t size)
{
    const struct sapa_mailbox_part parts[] = { { reply, sizeof(*reply) }, { data, size } };

    return sapa_mailbox_putv(web->mailbox, SAPA_WEB_REPLY, parts, 2);
}

sapa_rc sapa_web_sip(struct sapa_web *web, const struct sapa_web_sip_head *head, const char *bytes, size_t n)
{
    const struct sapa_mailbox_part parts[] = { { head, sizeof(*head) }, { bytes, n } };
    const sapa_rc rc = sapa_mailbox_putv(web->mailbox, SAPA_WEB_SIP, parts, 2);

    if (rc == SAPA_OK)
        sapa_web_wake(web);
    return rc;
}

void sapa_web_wake(struct sapa_web *web)
{
    if (!atomic_exchange(&web->awake, true))
        uv_async_send(&web->wake);
}
