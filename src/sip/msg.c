/*
 * The message parser: one pass over the lines, slices into the buffer, then the headers that every
 * message needs. A fault does not stop it as long as the message can still be answered: it is kept
 * in msg->fault and the first one wins.
 */
#include "sip/msg.h"

#include "sip/chars_impl.h"

enum { NO_LINE = 0xff };
static_assert((int)SAPA_SIP_HEADERS_MAX < (int)NO_LINE, "line indexes fit a byte");

static const struct {
    const char *name;
    uint8_t n;
    char first;   /* lower case */
    char compact; /* lower case, 0: none */
} header_names[SAPA_SIP_H_COUNT] = {
#define X(id, text, short_form) \
    [SAPA_SIP_H_##id] = { text, sizeof(text) - 1, (char)(text[0] | 32), short_form },
    SAPA_SIP_HEADERS(X)
#undef X
};

static const struct sapa_str method_names[SAPA_SIP_METHOD_COUNT] = {
#define X(id, text) [SAPA_SIP_##id] = { text, sizeof(text) - 1 },
    SAPA_SIP_METHODS(X)
#undef X
};

const char *sapa_sip_method_name(enum sapa_sip_method method)
{
    return method > SAPA_SIP_OTHER && method < SAPA_SIP_METHOD_COUNT ? method_names[method].p
                                                                     : "OTHER";
}

enum sapa_sip_method sapa_sip_method_of(struct sapa_str text)
{
    for (int i = 1; i < SAPA_SIP_METHOD_COUNT; i++) {
        if (sapa_str_eq(text, method_names[i]))
            return (enum sapa_sip_method)i;
    }
    return SAPA_SIP_OTHER;
}

const char *sapa_sip_header_name(enum sapa_sip_header id)
{
    return id > SAPA_SIP_H_OTHER && id < SAPA_SIP_H_COUNT ? header_names[id].name : "?";
}

static enum sapa_sip_header header_of(struct sapa_str name)
{
    const char first = (char)(name.p[0] | 32);

    if (name.n == 1) {
        for (int i = 1; i < SAPA_SIP_H_COUNT; i++) {
            if (header_names[i].compact == first)
                return (enum sapa_sip_header)i;
        }
        return SAPA_SIP_H_OTHER;
    }
    for (int i = 1; i < SAPA_SIP_H_COUNT; i++) { /* the common ones stand first */
        if (header_names[i].n == name.n && header_names[i].first == first &&
            sapa_str_ieq(name, (struct sapa_str){ header_names[i].name, name.n }))
            return (enum sapa_sip_header)i;
    }
    return SAPA_SIP_H_OTHER;
}

static void fault(struct sapa_sip_msg *msg, int status, const char *text)
{
    if (msg->fault == 0) {
        msg->fault = status;
        msg->fault_text = text;
    }
}

static bool version_good(struct sapa_str text)
{
    return sapa_str_ieq(text, SAPA_STR("SIP/2.0"));
}

/* Looks like a SIP version of whatever number. */
static bool version_like(struct sapa_str text)
{
    return text.n >= 7 && sapa_str_ieq(slice(text, 0, 4), SAPA_STR("SIP/")) &&
           is_class(text.p[4], SAPA_SIP_C_DIGIT);
}

static sapa_rc status_line(struct sapa_str line, struct sapa_sip_msg *msg)
{
    struct sapa_str rest;
    const struct sapa_str version = sapa_str_cut(line, ' ', &rest);
    uint64_t status;

    if (!version_good(version) || rest.n < 3)
        return SAPA_EINVAL;
    if (sapa_str_u64(slice(rest, 0, 3), 699, &status) != SAPA_OK || status < 100 ||
        (rest.n > 3 && rest.p[3] != ' '))
        return SAPA_EINVAL;
    msg->status = (int)status;
    msg->reason = rest.n > 4 ? slice(rest, 4, rest.n) : (struct sapa_str){ rest.p + 3, 0 };
    return SAPA_OK;
}

static sapa_rc request_line(struct sapa_str line, struct sapa_sip_msg *msg)
{
    struct sapa_str uri_text, version;
    size_t last = line.n;

    msg->is_request = true;
    msg->method_text = sapa_str_cut(line, ' ', &version);
    if (msg->method_text.n == 0 || msg->method_text.n > 64 ||
        !all_class(msg->method_text, SAPA_SIP_C_TOKEN))
        return SAPA_EINVAL;
    msg->method = sapa_sip_method_of(msg->method_text);
    while (last > 0 &&
           is_blank(line.p[last - 1])) /* only to find the version; blanks there are a fault */
        last--;
    const size_t end = last;
    while (last > 0 && !is_blank(line.p[last - 1]))
        last--;
    if (last <= msg->method_text.n + 1 || !version_like(slice(line, last, end))) {
        /* No version: it may be something else altogether (HTTP, a scan). */
        if (sapa_str_find(line, ':', 0) == line.n || msg->method == SAPA_SIP_OTHER)
            return SAPA_EINVAL;
        fault(msg, 400, "Bad Request-Line");
        return SAPA_OK;
    }
    version = slice(line, last, end);
    uri_text = slice(line, msg->method_text.n + 1, last - 1);
    if (!version_good(version)) {
        fault(msg, 505, "Version Not Supported");
    } else if (end != line.n) {
        fault(msg, 400, "Blanks after the Request-Line");
    } else if (sapa_sip_uri_parse(uri_text, &msg->uri) != SAPA_OK) {
        msg->uri = (struct sapa_sip_uri){ 0 };
        fault(msg, 400, "Malformed Request-URI");
    } else if (msg->uri.scheme == SAPA_SIP_SCHEME_OTHER) {
        fault(msg, 416, "Unsupported URI Scheme");
    } else if (msg->uri.headers.n > 0) {
        fault(msg, 400, "Request-URI with headers");
    }
    return SAPA_OK;
}

static void add_line(struct sapa_sip_msg *msg, uint8_t *last, struct sapa_str name,
                     struct sapa_str value)
{
    const enum sapa_sip_header id = header_of(name);
    const uint8_t at = msg->line_count++;

    msg->lines[at] =
        (struct sapa_sip_line){ .name = name, .value = value, .id = (uint8_t)id, .next = NO_LINE };
    if (msg->first[id] == NO_LINE)
        msg->first[id] = at;
    else
        msg->lines[last[id]].next = at;
    last[id] = at;
}

/* One header line, unfolded; `line` without its end. */
static void header_line(struct sapa_sip_msg *msg, uint8_t *last, struct sapa_str line)
{
    const size_t colon = sapa_str_find(line, ':', 0);
    struct sapa_str name = slice(line, 0, colon);

    while (name.n > 0 && is_blank(name.p[name.n - 1]))
        name.n--;
    if (colon == line.n || name.n == 0 || !all_class(name, SAPA_SIP_C_TOKEN)) {
        fault(msg, 400, "Malformed header line");
        return;
    }
    if (msg->line_count == SAPA_SIP_HEADERS_MAX) {
        fault(msg, 513, "Too many headers");
        return;
    }
    const struct sapa_str value = trim_blanks(slice(line, colon + 1, line.n));
    if (value.n > SAPA_SIP_VALUE_SIZE_MAX) {
        fault(msg, 513, "Header too long");
        return;
    }
    add_line(msg, last, name, value);
}

/* Lines from `at` to the empty one. Returns the offset of the body, or n when there is no empty line (*ret_ended false). */
static size_t header_lines(char *buf, size_t n, size_t at, struct sapa_sip_msg *msg,
                           bool *ret_ended)
{
    uint8_t last[SAPA_SIP_H_COUNT];

    *ret_ended = false;
    while (at < n) {
        const size_t start = at;
        size_t end; /* of the line, without CRLF */
        for (;;) {
            char *lf = memchr(buf + at, '\n', n - at);
            const size_t next = lf ? (size_t)(lf - buf) + 1 : n;
            end = lf ? (size_t)(lf - buf) : n;
            if (end > start && buf[end - 1] == '\r')
                end--;
            if (end == start || next >= n || !is_blank(buf[next])) {
                at = next;
                break;
            }
            memset(buf + end, ' ', next - end); /* folded: it goes on */
            at = next;
        }
        if (end == start) {
            *ret_ended = true;
            return at;
        }
        const struct sapa_str line = { buf + start, end - start };
        if (memchr(line.p, '\r', line.n)) {
            fault(msg, 400, "CR within a line");
            for (size_t i = start; i < end; i++) {
                if (buf[i] == '\r')
                    buf[i] = ' ';
            }
        }
        header_line(msg, last, line);
    }
    return n;
}

static void parse_cseq(struct sapa_sip_msg *msg)
{
    const struct sapa_str value = sapa_sip_value(msg, SAPA_SIP_H_CSEQ);
    size_t digits = 0;
    uint64_t number;

    while (digits < value.n && is_class(value.p[digits], SAPA_SIP_C_DIGIT))
        digits++;
    const struct sapa_str method = trim_blanks(slice(value, digits, value.n));
    if (digits == value.n || !is_blank(value.p[digits]) || method.n > 64 ||
        !all_class(method, SAPA_SIP_C_TOKEN) ||
        sapa_str_u64(slice(value, 0, digits), INT32_MAX, &number) != SAPA_OK) {
        fault(msg, 400, "Malformed CSeq");
        return;
    }
    msg->cseq = (uint32_t)number;
    msg->cseq_method = method;
    if (!msg->is_request) {
        msg->method_text = method;
        msg->method = sapa_sip_method_of(method);
    } else if (!sapa_str_eq(method, msg->method_text)) {
        fault(msg, 400, "CSeq method does not match");
    }
}

static bool once(struct sapa_sip_msg *msg, enum sapa_sip_header id)
{
    const uint8_t at = msg->first[id];

    if (at == NO_LINE)
        return false;
    if (msg->lines[at].next != NO_LINE)
        fault(msg, 400, "A header that may stand once stands twice");
    return true;
}

/* Call-ID: word ["@" word]; what would break a line or a key is refused. */
static bool call_id_good(struct sapa_str id)
{
    if (id.n == 0 || id.n > 512)
        return false;
    for (size_t i = 0; i < id.n; i++) {
        if ((uint8_t)id.p[i] <= ' ' || id.p[i] == 0x7f)
            return false;
    }
    return true;
}

static void parse_needed(struct sapa_sip_msg *msg)
{
    uint64_t number;

    if (once(msg, SAPA_SIP_H_CALL_ID) && call_id_good(sapa_sip_value(msg, SAPA_SIP_H_CALL_ID)))
        msg->call_id = sapa_sip_value(msg, SAPA_SIP_H_CALL_ID);
    else
        fault(msg, 400, "Missing or malformed Call-ID");
    if (once(msg, SAPA_SIP_H_CSEQ))
        parse_cseq(msg);
    else
        fault(msg, 400, "Missing CSeq");
    if (!once(msg, SAPA_SIP_H_FROM) ||
        sapa_sip_addr_parse(sapa_sip_value(msg, SAPA_SIP_H_FROM), &msg->from) != SAPA_OK ||
        msg->from.star)
        fault(msg, 400, "Missing or malformed From");
    if (!once(msg, SAPA_SIP_H_TO) ||
        sapa_sip_addr_parse(sapa_sip_value(msg, SAPA_SIP_H_TO), &msg->to) != SAPA_OK ||
        msg->to.star)
        fault(msg, 400, "Missing or malformed To");
    if (once(msg, SAPA_SIP_H_MAX_FORWARDS)) {
        if (sapa_str_u64(sapa_sip_value(msg, SAPA_SIP_H_MAX_FORWARDS), 255, &number) == SAPA_OK)
            msg->max_forwards = (int)number;
        else
            fault(msg, 400, "Malformed Max-Forwards");
    }
    (void)once(msg, SAPA_SIP_H_CONTENT_TYPE);
    (void)once(msg, SAPA_SIP_H_EXPIRES);
}

/* The other headers with a structure that the stack relies on: checked here, so that later readers may trust them. */
static void parse_others(struct sapa_sip_msg *msg)
{
    static const uint8_t address_lists[] = { SAPA_SIP_H_CONTACT, SAPA_SIP_H_ROUTE,
                                             SAPA_SIP_H_RECORD_ROUTE, SAPA_SIP_H_PATH };
    struct sapa_sip_via via;
    struct sapa_sip_addr addr;
    struct sapa_str value;
    unsigned vias = 0;

    struct sapa_sip_iter iter = sapa_sip_iter_of(msg, SAPA_SIP_H_VIA);
    while (sapa_sip_iter_next(&iter, &value)) {
        if (vias++ > 0 && sapa_sip_via_parse(value, &via) != SAPA_OK)
            fault(msg, 400, "Malformed Via");
    }
    if (vias > SAPA_SIP_VIAS_MAX)
        fault(msg, 400, "Too many Vias");
    for (size_t i = 0; i < SAPA_COUNT(address_lists); i++) {
        const enum sapa_sip_header id = (enum sapa_sip_header)address_lists[i];
        if (msg->first[id] == NO_LINE)
            continue;
        iter = sapa_sip_iter_of(msg, id);
        while (sapa_sip_iter_next(&iter, &value)) {
            const bool route = id != SAPA_SIP_H_CONTACT;
            if (sapa_sip_addr_parse(value, &addr) != SAPA_OK ||
                (route && (!addr.bracketed || addr.star || addr.uri.headers.n > 0 ||
                           (addr.uri.scheme != SAPA_SIP_SCHEME_SIP &&
                            addr.uri.scheme != SAPA_SIP_SCHEME_SIPS))))
                fault(msg, 400, "Malformed Contact, Route, Record-Route or Path");
        }
    }
    if (msg->is_request && msg->method == SAPA_SIP_INVITE &&
        msg->first[SAPA_SIP_H_CONTACT] != NO_LINE && once(msg, SAPA_SIP_H_CONTACT)) {
        if (sapa_sip_contact(msg, &addr) != SAPA_OK || addr.star)
            fault(msg, 400, "Malformed Contact");
    }
}

static void find_body(struct sapa_sip_msg *msg, char *buf, size_t n, size_t at,
                      enum sapa_sip_framing framing)
{
    uint64_t size = n - at;

    if (once(msg, SAPA_SIP_H_CONTENT_LENGTH)) {
        if (sapa_str_u64(sapa_sip_value(msg, SAPA_SIP_H_CONTENT_LENGTH), SAPA_SIP_MSG_SIZE_MAX,
                         &size) != SAPA_OK) {
            fault(msg, 400, "Malformed Content-Length");
            size = 0;
        } else if (size > n - at) {
            fault(msg, 400, "Shorter than its Content-Length");
            size = n - at;
        }
    } else if (framing == SAPA_SIP_STREAM) {
        fault(msg, 400, "Missing Content-Length");
        size = 0;
    }
    msg->body_at = at;
    msg->body = (struct sapa_str){ buf + at, size };
    msg->raw = (struct sapa_str){ buf, at + size };
}

sapa_rc sapa_sip_msg_parse(char *buf, size_t n, enum sapa_sip_framing framing,
                           struct sapa_sip_msg *ret_msg)
{
    struct sapa_sip_msg *msg = ret_msg;

    while (n > 0 && (*buf == '\r' || *buf == '\n'))
        buf++, n--;
    if (n == 0)
        return SAPA_EMORE;
    if (n > SAPA_SIP_MSG_SIZE_MAX)
        return SAPA_ELIMIT;
    /* All but the array of lines, which fills as it goes. */
    memset(msg, 0, offsetof(struct sapa_sip_msg, lines));
    msg->line_count = 0;
    msg->max_forwards = -1;
    memset(msg->first, NO_LINE, sizeof(msg->first));

    const char *lf = memchr(buf, '\n', n);
    if (!lf)
        return SAPA_EINVAL;
    struct sapa_str line = { buf, (size_t)(lf - buf) };
    const size_t at = line.n + 1;
    if (line.n > 0 && line.p[line.n - 1] == '\r')
        line.n--;
    if (line.n < 12 || line.n > SAPA_SIP_VALUE_SIZE_MAX || memchr(line.p, '\r', line.n))
        return SAPA_EINVAL;
    const bool response = sapa_str_ieq(slice(line, 0, 4), SAPA_STR("SIP/"));
    const sapa_rc rc = response ? status_line(line, msg) : request_line(line, msg);
    if (rc != SAPA_OK)
        return rc;

    bool ended;
    const size_t body_at = header_lines(buf, n, at, msg, &ended);
    if (!ended && framing == SAPA_SIP_STREAM)
        return SAPA_EINVAL;
    find_body(msg, buf, n, body_at, framing);

    /* Without a good topmost Via no answer finds its way. */
    struct sapa_sip_iter iter = sapa_sip_iter_of(msg, SAPA_SIP_H_VIA);
    struct sapa_str value;
    if (!sapa_sip_iter_next(&iter, &value))
        return SAPA_EINVAL;
    if (sapa_sip_via_parse(value, &msg->via) != SAPA_OK) {
        fault(msg, 400, "Malformed Via");
        msg->via = (struct sapa_sip_via){ .all = value };
    }
    parse_needed(msg);
    parse_others(msg);
    return SAPA_OK;
}

/* --- streams ----------------------------------------------------------------------------------- */

enum { HEAD_SIZE_MAX = 32768 }; /* bytes of a stream without an empty line: nobody needs that */

/* Content-Length of the header lines in `head`: 1 found, 0 missing, -1 malformed or twice. Folding is no concern: a number is not folded. */
static int stream_length(struct sapa_str head, uint64_t *ret_size)
{
    int found = 0;

    while (head.n > 0) {
        struct sapa_str rest;
        struct sapa_str line = sapa_str_cut(head, '\n', &rest);
        head = rest;
        if (line.n == 0 || ((line.p[0] | 32) != 'c' && (line.p[0] | 32) != 'l'))
            continue;
        struct sapa_str value;
        struct sapa_str name = sapa_str_cut(line, ':', &value);
        name = trim_blanks(name);
        if (!sapa_str_ieq(name, SAPA_STR("Content-Length")) && !sapa_str_ieq(name, SAPA_STR("l")))
            continue;
        if (found || sapa_str_u64(sapa_str_trim(value), UINT32_MAX, ret_size) != SAPA_OK)
            return -1;
        found = 1;
    }
    return found;
}

sapa_rc sapa_sip_frame_find(const char *buf, size_t n, struct sapa_sip_frame *ret_frame)
{
    struct sapa_sip_frame frame = { 0 };
    size_t end = 0;
    uint64_t body;

    while (frame.skip < n && (buf[frame.skip] == '\r' || buf[frame.skip] == '\n'))
        frame.skip++;
    frame.ping = frame.skip >= 4;
    const struct sapa_str left = { buf + frame.skip, n - frame.skip };
    /* The empty line: LF, an optional CR, LF. */
    for (size_t at = sapa_str_find(left, '\n', 0); at < left.n;
         at = sapa_str_find(left, '\n', at + 1)) {
        if (at + 1 < left.n && left.p[at + 1] == '\n')
            end = at + 2;
        else if (at + 2 < left.n && left.p[at + 1] == '\r' && left.p[at + 2] == '\n')
            end = at + 3;
        if (end > 0)
            break;
    }
    *ret_frame = frame;
    if (end == 0)
        return left.n > HEAD_SIZE_MAX ? SAPA_ELIMIT : SAPA_EMORE;
    if (end > HEAD_SIZE_MAX)
        return SAPA_ELIMIT;
    if (stream_length(slice(left, 0, end), &body) != 1)
        return SAPA_EINVAL;
    if (body > SAPA_SIP_MSG_SIZE_MAX - end)
        return SAPA_ELIMIT;
    if (left.n - end < body)
        return SAPA_EMORE;
    ret_frame->size = end + body;
    return SAPA_OK;
}

/* --- access ------------------------------------------------------------------------------------- */

const struct sapa_sip_line *sapa_sip_first(const struct sapa_sip_msg *msg, enum sapa_sip_header id)
{
    const uint8_t at = msg->first[id];

    return at == NO_LINE ? NULL : &msg->lines[at];
}

const struct sapa_sip_line *sapa_sip_next(const struct sapa_sip_msg *msg,
                                          const struct sapa_sip_line *line)
{
    return line->next == NO_LINE ? NULL : &msg->lines[line->next];
}

struct sapa_str sapa_sip_value(const struct sapa_sip_msg *msg, enum sapa_sip_header id)
{
    const struct sapa_sip_line *line = sapa_sip_first(msg, id);

    return line ? line->value : (struct sapa_str){ NULL, 0 };
}

const struct sapa_sip_line *sapa_sip_find(const struct sapa_sip_msg *msg, struct sapa_str name)
{
    for (size_t i = 0; i < msg->line_count; i++) {
        if (sapa_str_ieq(msg->lines[i].name, name))
            return &msg->lines[i];
    }
    return NULL;
}

struct sapa_sip_iter sapa_sip_iter_of(const struct sapa_sip_msg *msg, enum sapa_sip_header id)
{
    const struct sapa_sip_line *line = sapa_sip_first(msg, id);

    return (struct sapa_sip_iter){ .msg = msg,
                                   .line = line,
                                   .rest = line ? line->value : (struct sapa_str){ NULL, 0 } };
}

bool sapa_sip_iter_next(struct sapa_sip_iter *iter, struct sapa_str *ret_value)
{
    struct sapa_str value;

    while (iter->line) {
        while (sapa_sip_list_next(&iter->rest, &value)) {
            if (value.n > 0) {
                *ret_value = value;
                return true;
            }
        }
        iter->line = sapa_sip_next(iter->msg, iter->line);
        if (iter->line)
            iter->rest = iter->line->value;
    }
    return false;
}

sapa_rc sapa_sip_contact(const struct sapa_sip_msg *msg, struct sapa_sip_addr *ret_contact)
{
    struct sapa_sip_iter iter = sapa_sip_iter_of(msg, SAPA_SIP_H_CONTACT);
    struct sapa_str value;

    if (!sapa_sip_iter_next(&iter, &value))
        return SAPA_ENOENT;
    return sapa_sip_addr_parse(value, ret_contact);
}

sapa_rc sapa_sip_seconds(const struct sapa_sip_msg *msg, enum sapa_sip_header id, uint32_t *ret_s)
{
    const struct sapa_sip_line *line = sapa_sip_first(msg, id);
    uint64_t seconds = 0;
    size_t i = 0;

    if (!line)
        return SAPA_ENOENT;
    while (i < line->value.n && is_class(line->value.p[i], SAPA_SIP_C_DIGIT)) {
        seconds = SAPA_MIN(seconds * 10 + (uint64_t)(line->value.p[i] - '0'), UINT32_MAX);
        i++;
    }
    if (i == 0 || (i < line->value.n && !is_blank(line->value.p[i]) && line->value.p[i] != ';' &&
                   line->value.p[i] != '('))
        return SAPA_EINVAL;
    *ret_s = (uint32_t)seconds;
    return SAPA_OK;
}

bool sapa_sip_has_token(const struct sapa_sip_msg *msg, enum sapa_sip_header id,
                        struct sapa_str token)
{
    struct sapa_sip_iter iter = sapa_sip_iter_of(msg, id);
    struct sapa_str value;

    while (sapa_sip_iter_next(&iter, &value)) {
        if (sapa_str_ieq(value, token))
            return true;
    }
    return false;
}

bool sapa_sip_content_is(const struct sapa_sip_msg *msg, struct sapa_str type)
{
    struct sapa_str rest;

    return sapa_str_ieq(sapa_str_trim(
                            sapa_str_cut(sapa_sip_value(msg, SAPA_SIP_H_CONTENT_TYPE), ';', &rest)),
                        type);
}

/* X(status, text): RFC 3261 section 21 and its extensions. */
#define REASONS(X)                             \
    X(100, "Trying")                           \
    X(180, "Ringing")                          \
    X(181, "Call Is Being Forwarded")          \
    X(182, "Queued")                           \
    X(183, "Session Progress")                 \
    X(200, "OK")                               \
    X(202, "Accepted")                         \
    X(204, "No Notification")                  \
    X(300, "Multiple Choices")                 \
    X(301, "Moved Permanently")                \
    X(302, "Moved Temporarily")                \
    X(305, "Use Proxy")                        \
    X(380, "Alternative Service")              \
    X(400, "Bad Request")                      \
    X(401, "Unauthorized")                     \
    X(402, "Payment Required")                 \
    X(403, "Forbidden")                        \
    X(404, "Not Found")                        \
    X(405, "Method Not Allowed")               \
    X(406, "Not Acceptable")                   \
    X(407, "Proxy Authentication Required")    \
    X(408, "Request Timeout")                  \
    X(410, "Gone")                             \
    X(413, "Request Entity Too Large")         \
    X(414, "Request-URI Too Long")             \
    X(415, "Unsupported Media Type")           \
    X(416, "Unsupported URI Scheme")           \
    X(420, "Bad Extension")                    \
    X(421, "Extension Required")               \
    X(422, "Session Interval Too Small")       \
    X(423, "Interval Too Brief")               \
    X(430, "Flow Failed")                      \
    X(433, "Anonymity Disallowed")             \
    X(439, "First Hop Lacks Outbound Support") \
    X(480, "Temporarily Unavailable")          \
    X(481, "Call/Transaction Does Not Exist")  \
    X(482, "Loop Detected")                    \
    X(483, "Too Many Hops")                    \
    X(484, "Address Incomplete")               \
    X(485, "Ambiguous")                        \
    X(486, "Busy Here")                        \
    X(487, "Request Terminated")               \
    X(488, "Not Acceptable Here")              \
    X(489, "Bad Event")                        \
    X(491, "Request Pending")                  \
    X(493, "Undecipherable")                   \
    X(500, "Server Internal Error")            \
    X(501, "Not Implemented")                  \
    X(502, "Bad Gateway")                      \
    X(503, "Service Unavailable")              \
    X(504, "Server Time-out")                  \
    X(505, "Version Not Supported")            \
    X(513, "Message Too Large")                \
    X(580, "Precondition Failure")             \
    X(600, "Busy Everywhere")                  \
    X(603, "Decline")                          \
    X(604, "Does Not Exist Anywhere")          \
    X(606, "Not Acceptable")                   \
    X(607, "Unwanted")                         \
    X(608, "Rejected")

const char *sapa_sip_reason(int status)
{
    switch (status) {
#define X(number, text) \
    case number: return text;
        REASONS(X)
#undef X
    }
    static const char *const classes[] = { "Progress",       "OK",
                                           "Redirection",    "Request Failure",
                                           "Server Failure", "Global Failure" };
    return status >= 100 && status < 700 ? classes[status / 100 - 1] : "Unknown";
}

/* --- writing ------------------------------------------------------------------------------------- */

/* A value as it may stand in a line: nothing that ends it. */
static void put_value(struct sapa_text *out, struct sapa_str value)
{
    const size_t before = out->n;

    sapa_text_add(out, value);
    for (size_t i = before; i < out->n; i++) {
        if (out->buf[i] == '\r' || out->buf[i] == '\n' || out->buf[i] == '\0')
            out->buf[i] = ' ';
    }
}

/* As sapa_str_of for a static text. */
static void put_text(struct sapa_text *out, const char *text)
{
    sapa_text_add(out, sapa_str_of(text));
}

void sapa_sip_put_request_line(struct sapa_text *out, struct sapa_str method, struct sapa_str uri)
{
    put_value(out, method);
    sapa_text_char(out, ' ');
    put_value(out, uri);
    sapa_text_add(out, SAPA_STR(" SIP/2.0\r\n"));
}

void sapa_sip_put_status_line(struct sapa_text *out, int status, struct sapa_str reason)
{
    const char digits[4] = { (char)('0' + status / 100 % 10), (char)('0' + status / 10 % 10),
                             (char)('0' + status % 10), ' ' };

    sapa_text_add(out, SAPA_STR("SIP/2.0 "));
    sapa_text_add(out, (struct sapa_str){ digits, 4 });
    if (reason.n > 0)
        put_value(out, reason);
    else
        put_text(out, sapa_sip_reason(status));
    sapa_text_add(out, SAPA_STR("\r\n"));
}

void sapa_sip_put_named(struct sapa_text *out, struct sapa_str name, struct sapa_str value)
{
    put_value(out, name);
    sapa_text_add(out, SAPA_STR(": "));
    put_value(out, value);
    sapa_text_add(out, SAPA_STR("\r\n"));
}

void sapa_sip_put_header(struct sapa_text *out, enum sapa_sip_header id, struct sapa_str value)
{
    sapa_sip_put_named(out, (struct sapa_str){ header_names[id].name, header_names[id].n }, value);
}

void sapa_sip_put_number(struct sapa_text *out, enum sapa_sip_header id, uint64_t value)
{
    char digits[20];
    size_t at = sizeof(digits);

    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    sapa_sip_put_header(out, id, (struct sapa_str){ digits + at, sizeof(digits) - at });
}

/* As received: quoted-pairs may hold what put_value would flatten. */
static void put_line(struct sapa_text *out, struct sapa_str name, struct sapa_str value)
{
    sapa_text_add(out, name);
    sapa_text_add(out, SAPA_STR(": "));
    sapa_text_add(out, value);
    sapa_text_add(out, SAPA_STR("\r\n"));
}

void sapa_sip_put_copy(struct sapa_text *out, const struct sapa_sip_msg *msg,
                       enum sapa_sip_header id)
{
    for (const struct sapa_sip_line *line = sapa_sip_first(msg, id); line;
         line = sapa_sip_next(msg, line))
        put_line(out, (struct sapa_str){ header_names[id].name, header_names[id].n }, line->value);
}

void sapa_sip_put_body(struct sapa_text *out, struct sapa_str content_type, struct sapa_str body)
{
    if (body.n > 0)
        sapa_sip_put_header(out, SAPA_SIP_H_CONTENT_TYPE,
                            content_type.n > 0 ? content_type : SAPA_STR("application/sdp"));
    sapa_sip_put_number(out, SAPA_SIP_H_CONTENT_LENGTH, body.n);
    sapa_text_add(out, SAPA_STR("\r\n"));
    sapa_text_add(out, body);
}

void sapa_sip_put_msg(struct sapa_text *out, const struct sapa_sip_msg *msg)
{
    if (msg->is_request)
        sapa_sip_put_request_line(out, msg->method_text, msg->uri.all);
    else
        sapa_sip_put_status_line(out, msg->status, msg->reason);
    for (size_t i = 0; i < msg->line_count; i++) {
        const struct sapa_sip_line *line = &msg->lines[i];
        if (line->id == SAPA_SIP_H_CONTENT_LENGTH || line->id == SAPA_SIP_H_CONTENT_TYPE)
            continue;
        put_line(out,
                 line->id == SAPA_SIP_H_OTHER ? line->name
                                              : sapa_str_of(header_names[line->id].name),
                 line->value);
    }
    sapa_sip_put_body(out, sapa_sip_value(msg, SAPA_SIP_H_CONTENT_TYPE), msg->body);
}
