/**
 * @file sip/msg.h
 * A SIP message (RFC 3261): parsing in place, typed access to headers, writing.
 *
 * The parser makes slices into the receive buffer and allocates nothing. It replaces the line
 * breaks of folded headers by spaces, which is why the buffer is not const. The message is good
 * as long as the buffer is.
 *
 * Room    sip: base and rt only.
 * Thread  any; a message belongs to one thread.
 * Design  docs/design/sip.md
 * Tests   sip/msg_test.c, sip/torture_test.c (RFC 4475), sip/msg_fuzz.c
 */
#ifndef SAPA_SIP_MSG_H
#define SAPA_SIP_MSG_H

#include "sip/uri.h"

enum {
    SAPA_SIP_MSG_SIZE_MAX = 65535,  /* bytes, header and body */
    SAPA_SIP_HEADERS_MAX = 128,     /* header lines of one message */
    SAPA_SIP_VALUE_SIZE_MAX = 8192, /* bytes of one header value */
    SAPA_SIP_VIAS_MAX = 70,         /* hops */
};

/* X(enumerator, text): the methods that have a meaning here; every other token is SAPA_SIP_OTHER. */
#define SAPA_SIP_METHODS(X)   \
    X(INVITE, "INVITE")       \
    X(ACK, "ACK")             \
    X(BYE, "BYE")             \
    X(CANCEL, "CANCEL")       \
    X(REGISTER, "REGISTER")   \
    X(OPTIONS, "OPTIONS")     \
    X(INFO, "INFO")           \
    X(UPDATE, "UPDATE")       \
    X(PRACK, "PRACK")         \
    X(REFER, "REFER")         \
    X(SUBSCRIBE, "SUBSCRIBE") \
    X(NOTIFY, "NOTIFY")       \
    X(MESSAGE, "MESSAGE")     \
    X(PUBLISH, "PUBLISH")

enum sapa_sip_method {
    SAPA_SIP_OTHER,
#define X(name, text) SAPA_SIP_##name,
    SAPA_SIP_METHODS(X)
#undef X
        SAPA_SIP_METHOD_COUNT
};

/* X(enumerator, canonical name, compact form or 0) */
#define SAPA_SIP_HEADERS(X)                            \
    X(VIA, "Via", 'v')                                 \
    X(FROM, "From", 'f')                               \
    X(TO, "To", 't')                                   \
    X(CALL_ID, "Call-ID", 'i')                         \
    X(CSEQ, "CSeq", 0)                                 \
    X(MAX_FORWARDS, "Max-Forwards", 0)                 \
    X(CONTACT, "Contact", 'm')                         \
    X(ROUTE, "Route", 0)                               \
    X(RECORD_ROUTE, "Record-Route", 0)                 \
    X(PATH, "Path", 0)                                 \
    X(CONTENT_LENGTH, "Content-Length", 'l')           \
    X(CONTENT_TYPE, "Content-Type", 'c')               \
    X(CONTENT_ENCODING, "Content-Encoding", 'e')       \
    X(CONTENT_DISPOSITION, "Content-Disposition", 0)   \
    X(EXPIRES, "Expires", 0)                           \
    X(MIN_EXPIRES, "Min-Expires", 0)                   \
    X(REQUIRE, "Require", 0)                           \
    X(PROXY_REQUIRE, "Proxy-Require", 0)               \
    X(SUPPORTED, "Supported", 'k')                     \
    X(UNSUPPORTED, "Unsupported", 0)                   \
    X(ALLOW, "Allow", 0)                               \
    X(ACCEPT, "Accept", 0)                             \
    X(AUTHORIZATION, "Authorization", 0)               \
    X(PROXY_AUTHORIZATION, "Proxy-Authorization", 0)   \
    X(WWW_AUTHENTICATE, "WWW-Authenticate", 0)         \
    X(PROXY_AUTHENTICATE, "Proxy-Authenticate", 0)     \
    X(AUTHENTICATION_INFO, "Authentication-Info", 0)   \
    X(USER_AGENT, "User-Agent", 0)                     \
    X(SERVER, "Server", 0)                             \
    X(SUBJECT, "Subject", 's')                         \
    X(DATE, "Date", 0)                                 \
    X(EVENT, "Event", 'o')                             \
    X(ALLOW_EVENTS, "Allow-Events", 'u')               \
    X(REFER_TO, "Refer-To", 'r')                       \
    X(REFERRED_BY, "Referred-By", 'b')                 \
    X(REPLACES, "Replaces", 0)                         \
    X(REASON, "Reason", 0)                             \
    X(RETRY_AFTER, "Retry-After", 0)                   \
    X(WARNING, "Warning", 0)                           \
    X(SESSION_EXPIRES, "Session-Expires", 'x')         \
    X(MIN_SE, "Min-SE", 0)                             \
    X(RACK, "RAck", 0)                                 \
    X(RSEQ, "RSeq", 0)                                 \
    X(P_ASSERTED_IDENTITY, "P-Asserted-Identity", 0)   \
    X(P_PREFERRED_IDENTITY, "P-Preferred-Identity", 0) \
    X(REMOTE_PARTY_ID, "Remote-Party-ID", 0)           \
    X(PRIVACY, "Privacy", 0)                           \
    X(DIVERSION, "Diversion", 0)                       \
    X(HISTORY_INFO, "History-Info", 0)                 \
    X(ALERT_INFO, "Alert-Info", 0)                     \
    X(CALL_INFO, "Call-Info", 0)                       \
    X(MIME_VERSION, "MIME-Version", 0)

enum sapa_sip_header {
    SAPA_SIP_H_OTHER,
#define X(name, text, compact) SAPA_SIP_H_##name,
    SAPA_SIP_HEADERS(X)
#undef X
        SAPA_SIP_H_COUNT
};

struct sapa_sip_line {
    struct sapa_str name;  /* as received */
    struct sapa_str value; /* trimmed, unfolded */
    uint8_t id;            /* enum sapa_sip_header */
    uint8_t next;          /* index of the next line with the same id; 0xff: none */
};

struct sapa_sip_msg {
    struct sapa_str raw; /* start line to end of body */
    size_t body_at;      /* offset of the body in raw */
    bool is_request;
    enum sapa_sip_method method; /* request: of the start line; response: of CSeq */
    struct sapa_str method_text;
    struct sapa_sip_uri uri; /* request only */
    int status;              /* response only, 100..699 */
    struct sapa_str reason;
    struct sapa_str body;

    /* The headers that every message must have, parsed. Empty when the message lacks them. */
    struct sapa_sip_via via; /* topmost */
    struct sapa_sip_addr from;
    struct sapa_sip_addr to;
    struct sapa_str call_id;
    uint32_t cseq;
    struct sapa_str cseq_method;
    int max_forwards; /* 0..255, -1: not given */

    /* When parsing found a fault that can be answered: the answer for a request (400, 416, 505,
       513 …), and why. A response with a fault is to be dropped. 0: no fault. */
    int fault;
    const char *fault_text; /* static */

    struct sapa_sip_line lines[SAPA_SIP_HEADERS_MAX];
    uint8_t line_count;
    uint8_t first[SAPA_SIP_H_COUNT]; /* index of the first line of a header, 0xff: none */
};

enum sapa_sip_framing {
    SAPA_SIP_DATAGRAM, /* UDP, WebSocket: the body ends with the buffer or, if shorter, by Content-Length */
    SAPA_SIP_STREAM, /* TCP, TLS: exactly one framed message (sapa_sip_frame); Content-Length is a must */
};

/**
 * Parse one message in `buf`. Leading CRLFs are passed over.
 *
 * @retval SAPA_OK       parsed; look at msg->fault before anything else: a request with a fault is
 *                       answered with it (sapa_sip_stack_receive does so), a response is dropped
 * @retval SAPA_EINVAL   no SIP message, or not enough of one for an answer (no Via, no Call-ID …): drop
 * @retval SAPA_EMORE    nothing but CRLFs: a keep-alive
 * @retval SAPA_ELIMIT   larger than SAPA_SIP_MSG_SIZE_MAX: drop
 */
SAPA_MUST_CHECK sapa_rc sapa_sip_msg_parse(char *buf, size_t n, enum sapa_sip_framing framing,
                                           struct sapa_sip_msg *ret_msg);

struct sapa_sip_frame {
    size_t skip; /* CRLFs before the message, to be dropped */
    size_t size; /* bytes of the message after them; 0: none complete yet */
    bool ping;   /* the skipped bytes hold a CRLFCRLF keep-alive: answer CRLF (RFC 5626) */
};
/**
 * Find one message in a stream (RFC 3261 18.3). Cheap to call again when more has come.
 *
 * @retval SAPA_OK     ret_frame->size bytes after ret_frame->skip are a message
 * @retval SAPA_EMORE  incomplete; ret_frame->skip and ping are set
 * @retval SAPA_EINVAL the stream cannot be framed any more (Content-Length missing or malformed, header too large, no SIP): close it
 * @retval SAPA_ELIMIT too large: close it
 */
SAPA_MUST_CHECK sapa_rc sapa_sip_frame_find(const char *buf, size_t n,
                                            struct sapa_sip_frame *ret_frame);

/* --- access ---------------------------------------------------------------------------------- */

/** First line of a header; NULL if there is none. */
const struct sapa_sip_line *sapa_sip_first(const struct sapa_sip_msg *msg, enum sapa_sip_header id);
const struct sapa_sip_line *sapa_sip_next(const struct sapa_sip_msg *msg,
                                          const struct sapa_sip_line *line);
/** Value of the first line of a header; empty if there is none. */
struct sapa_str sapa_sip_value(const struct sapa_sip_msg *msg, enum sapa_sip_header id);
/** A header by its name, case ignored; for the ones without an id. */
const struct sapa_sip_line *sapa_sip_find(const struct sapa_sip_msg *msg, struct sapa_str name);

/** Steps through the comma-separated values of all lines of one header, in order. */
struct sapa_sip_iter {
    const struct sapa_sip_msg *msg;
    const struct sapa_sip_line *line;
    struct sapa_str rest;
};
struct sapa_sip_iter sapa_sip_iter_of(const struct sapa_sip_msg *msg, enum sapa_sip_header id);
/** False at the end. Empty values are passed over. */
bool sapa_sip_iter_next(struct sapa_sip_iter *iter, struct sapa_str *ret_value);

/** SAPA_ENOENT: no Contact; SAPA_EINVAL: malformed. The first one. */
SAPA_MUST_CHECK sapa_rc sapa_sip_contact(const struct sapa_sip_msg *msg,
                                         struct sapa_sip_addr *ret_contact);
/** Expires, Min-Expires, Session-Expires …: leading delta-seconds, capped at 2^32-1. SAPA_ENOENT, SAPA_EINVAL. */
SAPA_MUST_CHECK sapa_rc sapa_sip_seconds(const struct sapa_sip_msg *msg, enum sapa_sip_header id,
                                         uint32_t *ret_s);
/** An option tag or method in a list header (Require, Supported, Allow …), case ignored. */
bool sapa_sip_has_token(const struct sapa_sip_msg *msg, enum sapa_sip_header id,
                        struct sapa_str token);
/** Content-Type is "type/subtype" of `type`, case ignored, parameters ignored. */
bool sapa_sip_content_is(const struct sapa_sip_msg *msg, struct sapa_str type);

enum sapa_sip_method sapa_sip_method_of(struct sapa_str text); /* case matters */
const char *sapa_sip_method_name(enum sapa_sip_method method); /* "OTHER" for SAPA_SIP_OTHER */
const char *sapa_sip_header_name(enum sapa_sip_header id);     /* canonical; "?" for OTHER */
/** "Busy Here" …; the class's text for an unknown code. Static. */
const char *sapa_sip_reason(int status);

/* --- writing: onto a bounded builder; look at text->cut at the end ----------------------------- */

void sapa_sip_put_request_line(struct sapa_text *out, struct sapa_str method, struct sapa_str uri);
/** `reason` empty: the usual text. */
void sapa_sip_put_status_line(struct sapa_text *out, int status, struct sapa_str reason);
/** "Name: value\r\n"; CR, LF and NUL in the value become spaces, so nothing can be injected. */
void sapa_sip_put_header(struct sapa_text *out, enum sapa_sip_header id, struct sapa_str value);
void sapa_sip_put_named(struct sapa_text *out, struct sapa_str name, struct sapa_str value);
void sapa_sip_put_number(struct sapa_text *out, enum sapa_sip_header id, uint64_t value);
/** Every line of a header of `msg`, in order, as received. */
void sapa_sip_put_copy(struct sapa_text *out, const struct sapa_sip_msg *msg,
                       enum sapa_sip_header id);
/** Content-Type (when there is a body), Content-Length, the empty line, the body: ends the message. */
void sapa_sip_put_body(struct sapa_text *out, struct sapa_str content_type, struct sapa_str body);
/** The whole message again from its parsed form (start line, all headers with canonical names and unfolded, body). */
void sapa_sip_put_msg(struct sapa_text *out, const struct sapa_sip_msg *msg);

#endif
