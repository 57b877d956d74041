/*
 * SIP over WebSocket (RFC 7118): whole messages between a browser and the SIP thread. What is in them is not this
 * room's business; here are only connections, their limits, and that a dead one is noticed.
 */
#include <stdlib.h>

#include "base/log.h"
#include "http/phone_impl.h"
#include "rt/socket.h"

struct out { /* a message that waits for its socket */
    struct out *next;
    size_t n;
    uint8_t room[LWS_PRE];
    char bytes[];
};

struct web_sip {
    struct lws *wsi;
    struct sapa_web_flow flow;
    char *in; /* pieces of a message so far */
    size_t in_n, in_room;
    struct out *first, **last;
    size_t waiting; /* bytes */
    int64_t heard_us, pinged_us;
    bool ping_due, dying;
};

struct web_sip_ref {
    uint64_t key; /* connection number */
    struct web_sip *sip;
};

static struct web_sip *find(struct sapa_web *web, uint32_t conn)
{
    const struct web_sip_ref *ref = sapa_table_find(&web->phones, conn);

    return ref ? ref->sip : NULL;
}

/* "https://host:port" of the page is that of the server which the connection was made to; others than browsers say nothing. */
static bool origin_is_ours(struct lws *wsi)
{
    char origin_buf[300], host_buf[256];
    const int origin_n = lws_hdr_copy(wsi, origin_buf, sizeof(origin_buf), WSI_TOKEN_ORIGIN);
    const int host_n = lws_hdr_copy(wsi, host_buf, sizeof(host_buf), WSI_TOKEN_HOST);
    struct sapa_str origin = { origin_buf, origin_n > 0 ? (size_t)origin_n : 0 };

    if (lws_hdr_total_length(wsi, WSI_TOKEN_ORIGIN) == 0)
        return true;
    const size_t slashes = sapa_str_find(origin, '/', 0);
    if (origin_n <= 0 || host_n <= 0 || slashes + 2 >= origin.n || origin.p[slashes + 1] != '/')
        return false;
    origin = (struct sapa_str){ origin.p + slashes + 2, origin.n - slashes - 2 };
    return sapa_str_ieq(origin, (struct sapa_str){ host_buf, (size_t)host_n });
}

int sapa_web_sip_upgrade(struct sapa_web *web, struct lws *wsi)
{
    char path[64];
    const int n = lws_hdr_copy(wsi, path, sizeof(path), WSI_TOKEN_GET_URI);

    if (n > 0 && sapa_str_eq((struct sapa_str){ path, (size_t)n }, SAPA_STR("/sip")) && web->options.ports.sip && origin_is_ours(wsi))
        return 0;
    web->stats.sip_refused++;
    return -1;
}

int sapa_web_sip_established(struct sapa_web *web, struct lws *wsi, struct web_session *session)
{
    struct web_sip *sip = calloc(1, sizeof(*sip));
    struct web_sip_ref *ref;
    const int fd = lws_get_socket_fd(lws_get_network_wsi(wsi));
    socklen_t size = sizeof(sip->flow.remote);

    if (!sip)
        return -1;
    sip->wsi = wsi;
    sip->last = &sip->first;
    sip->heard_us = sip->pinged_us = sapa_mono_us();
    sip->flow.conn = ++web->last_phone;
    sip->flow.generation = (uint32_t)web->options.epoch;
    sip->flow.secure = web->options.cert != NULL;
    if (getpeername(fd, &sip->flow.remote.any, &size) != 0 || sapa_socket_local(fd, &sip->flow.local) != SAPA_OK ||
        sapa_table_add(&web->phones, sip->flow.conn, &ref) != SAPA_OK) {
        free(sip);
        return -1;
    }
    sapa_addr_unmap(&sip->flow.local);
    sapa_addr_unmap(&sip->flow.remote);
    ref->sip = sip;
    session->phone = sip;
    return 0;
}

static bool queue(struct web_sip *sip, const void *bytes, size_t n)
{
    struct out *out = sip->waiting + n <= WEB_SIP_QUEUE_MAX ? malloc(sizeof(*out) + n) : NULL;

    if (!out)
        return false;
    out->next = NULL;
    out->n = n;
    memcpy(out->bytes, bytes, n);
    *sip->last = out;
    sip->last = &out->next;
    sip->waiting += n;
    lws_callback_on_writable(sip->wsi);
    return true;
}

/* A whole message. Those that only keep the connection alive (RFC 5626 4.4.1) end here. */
static int deliver(struct sapa_web *web, struct web_sip *sip, const char *bytes, size_t n)
{
    const struct sapa_str text = { bytes, n };

    if (sapa_str_eq(text, SAPA_STR("\r\n\r\n")))
        return queue(sip, "\r\n", 2) ? 0 : -1;
    if (sapa_str_trim(text).n == 0)
        return 0;
    web->stats.sip_in++;
    return web->options.ports.sip(web->options.ports.ctx, &sip->flow, bytes, n) == SAPA_OK ? 0 : -1;
}

int sapa_web_sip_receive(struct sapa_web *web, struct lws *wsi, struct web_session *session, const char *bytes, size_t n)
{
    struct web_sip *sip = session->phone;
    const bool whole = lws_is_final_fragment(wsi) && lws_remaining_packet_payload(wsi) == 0;

    if (!sip || sip->dying)
        return -1;
    sip->heard_us = sapa_mono_us();
    if (sip->in_n + n > WEB_SIP_MESSAGE_MAX) {
        web->stats.sip_refused++;
        return -1;
    }
    if (whole && sip->in_n == 0)
        return deliver(web, sip, bytes, n);
    if (sip->in_n + n > sip->in_room) {
        const size_t room = SAPA_MIN(SAPA_MAX(sip->in_room * 2, sip->in_n + n), (size_t)WEB_SIP_MESSAGE_MAX);
        char *bigger = realloc(sip->in, room);
        if (!bigger)
            return -1;
        sip->in = bigger;
        sip->in_room = room;
    }
    if (n > 0)
        memcpy(sip->in + sip->in_n, bytes, n);
    sip->in_n += n;
    if (!whole)
        return 0;
    const int result = deliver(web, sip, sip->in, sip->in_n);
    free(sip->in);
    sip->in = NULL;
    sip->in_n = sip->in_room = 0;
    return result;
}

void sapa_web_sip_pong(struct web_session *session)
{
    if (session->phone)
        session->phone->heard_us = sapa_mono_us();
}

int sapa_web_sip_writable(struct sapa_web *web, struct lws *wsi, struct web_session *session)
{
    struct web_sip *sip = session->phone;

    if (!sip || sip->dying)
        return -1;
    if (sip->ping_due) {
        uint8_t ping[LWS_PRE + 1];
        sip->ping_due = false;
        if (lws_write(wsi, ping + LWS_PRE, 0, LWS_WRITE_PING) < 0)
            return -1;
    } else if (sip->first) {
        struct out *out = sip->first;
        const int written = lws_write(wsi, (unsigned char *)out->bytes, out->n, LWS_WRITE_TEXT);
        const int wanted = (int)out->n;
        sip->first = out->next;
        if (!sip->first)
            sip->last = &sip->first;
        sip->waiting -= out->n;
        free(out);
        web->stats.sip_out++;
        if (written < wanted)
            return -1;
    }
    if (sip->first || sip->ping_due)
        lws_callback_on_writable(wsi);
    return 0;
}

void sapa_web_sip_closed(struct sapa_web *web, struct web_session *session)
{
    struct web_sip *sip = session->phone;
    struct web_sip_ref *ref = sip ? sapa_table_find(&web->phones, sip->flow.conn) : NULL;

    if (!sip)
        return;
    session->phone = NULL;
    if (ref)
        sapa_table_remove(&web->phones, ref);
    web->options.ports.sip_closed(web->options.ports.ctx, &sip->flow);
    while (sip->first) {
        struct out *out = sip->first;
        sip->first = out->next;
        free(out);
    }
    free(sip->in);
    free(sip);
}

static void kill_soon(struct web_sip *sip)
{
    sip->dying = true;
    lws_callback_on_writable(sip->wsi); /* which ends it; or, where nobody reads any more: */
    lws_set_timeout(sip->wsi, PENDING_TIMEOUT_USER_OK, 2);
}

void sapa_web_sip_send(struct sapa_web *web, const void *message, size_t size)
{
    struct sapa_web_sip_head head;

    if (size < sizeof(head))
        return;
    memcpy(&head, message, sizeof(head));
    struct web_sip *sip = find(web, head.conn);
    if (!sip || sip->dying || sip->flow.generation != head.generation)
        return;
    if (size == sizeof(head) || !queue(sip, (const char *)message + sizeof(head), size - sizeof(head)))
        kill_soon(sip);
}

void sapa_web_sip_second(struct sapa_web *web, int64_t now_us)
{
    for (uint32_t i = 0; i < web->phones.count; i++) {
        struct web_sip *sip = ((struct web_sip_ref *)sapa_table_at(&web->phones, i))->sip;
        if (sip->dying)
            continue;
        if (now_us - sip->heard_us > WEB_SIP_SILENT_US) {
            kill_soon(sip);
        } else if (now_us - SAPA_MAX(sip->heard_us, sip->pinged_us) >= WEB_SIP_PING_US) {
            sip->pinged_us = now_us;
            sip->ping_due = true;
            lws_callback_on_writable(sip->wsi);
        }
    }
}

void sapa_web_phones_init(struct sapa_web *web)
{
    sapa_table_init(&web->phones, sapa_memory_heap(), sizeof(struct web_sip_ref), WEB_CONNECTIONS_MAX);
}
