/*
 * Parsing of session descriptions: one pass over the lines. Unknown lines and attributes are passed
 * over; what a stream rests on (v, o, c, m) must be well formed.
 */
#include "sdp/sdp.h"

/* Static payload types of RFC 3551 that are still met. */
static const struct {
    uint8_t pt, channels;
    uint16_t rate_hz;
    const char *name;
} static_types[] = {
    { 0, 1, 8000, "PCMU" }, { 3, 1, 8000, "GSM" }, { 4, 1, 8000, "G723" },  { 8, 1, 8000, "PCMA" },
    { 9, 1, 8000, "G722" }, { 13, 1, 8000, "CN" }, { 15, 1, 8000, "G728" }, { 18, 1, 8000, "G729" },
};

static struct sapa_str word(struct sapa_str *cursor)
{
    struct sapa_str s = *cursor;
    size_t n = 0;

    if (s.n == 0) /* it may have no address at all */
        return s;
    while (s.n > 0 && s.p[0] == ' ')
        s.p++, s.n--;
    while (n < s.n && s.p[n] != ' ')
        n++;
    *cursor = (struct sapa_str){ s.p + n, s.n - n };
    return (struct sapa_str){ s.p, n };
}

/* Next line without its end; CRLF, LF and CR all end one. False at the end. */
static bool line_next(struct sapa_str *cursor, struct sapa_str *ret_line)
{
    struct sapa_str s = *cursor;
    size_t n = 0;

    while (s.n > 0 && (s.p[0] == '\r' || s.p[0] == '\n'))
        s.p++, s.n--;
    if (s.n == 0)
        return false;
    while (n < s.n && s.p[n] != '\r' && s.p[n] != '\n')
        n++;
    *ret_line = (struct sapa_str){ s.p, n };
    *cursor = (struct sapa_str){ s.p + n, s.n - n };
    return true;
}

static bool zero_address(struct sapa_str text, uint8_t family)
{
    if (family == 4)
        return sapa_str_eq(text, SAPA_STR("0.0.0.0"));
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] != '0' && text.p[i] != ':')
            return false;
    }
    return text.n > 0;
}

/* "IN IP4 192.0.2.1", also with a multicast tail. */
static bool address_of(struct sapa_str value, struct sapa_sdp_address *ret_address)
{
    const struct sapa_str net = word(&value), type = word(&value);
    struct sapa_str rest;
    const struct sapa_str text = sapa_str_cut(word(&value), '/', &rest);
    struct sapa_sdp_address address = { .text = text };

    if (!sapa_str_ieq(net, SAPA_STR("IN")) || text.n == 0 || text.n > 253)
        return false;
    if (sapa_str_ieq(type, SAPA_STR("IP4")))
        address.family = 4;
    else if (sapa_str_ieq(type, SAPA_STR("IP6")))
        address.family = 6;
    else
        return false;
    for (size_t i = 0; i < text.n; i++) {
        if ((uint8_t)text.p[i] <= ' ' || (uint8_t)text.p[i] >= 0x7f)
            return false;
    }
    address.is_zero = zero_address(text, address.family);
    *ret_address = address;
    return true;
}

static bool origin(struct sapa_str value, struct sapa_sdp *sdp)
{
    uint64_t version;

    sdp->origin_user = word(&value);
    sdp->origin_session = word(&value);
    const struct sapa_str text = word(&value);
    /* Some devices put more than 64 bits there: it is only compared, so keep the low part. */
    if (sapa_str_u64(text, UINT64_MAX, &version) == SAPA_OK) {
        sdp->origin_version = version;
    } else {
        for (size_t i = 0; i < text.n; i++) {
            if (text.p[i] < '0' || text.p[i] > '9')
                return false;
            sdp->origin_version = sdp->origin_version * 10 + (uint64_t)(text.p[i] - '0');
        }
    }
    struct sapa_str rest = value;
    (void)word(&rest);
    (void)word(&rest);
    sdp->origin_address = word(&rest);
    return sdp->origin_session.n > 0 && text.n > 0;
}

static void format_defaults(struct sapa_sdp_format *format)
{
    format->channels = 1;
    for (size_t i = 0; i < SAPA_COUNT(static_types); i++) {
        if (static_types[i].pt == format->pt) {
            format->name = sapa_str_of(static_types[i].name);
            format->rate_hz = static_types[i].rate_hz;
            format->channels = static_types[i].channels;
        }
    }
}

/* May be repeated in an answer of ours. */
static bool printable(struct sapa_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if ((uint8_t)s.p[i] < ' ' || s.p[i] == 0x7f)
            return false;
    }
    return true;
}

static const struct sapa_str type_names[] = {
    { "audio", 5 }, { "video", 5 }, { "application", 11 }, { "image", 5 }, { "text", 4 }
};

static sapa_rc media_line(struct sapa_str value, const struct sapa_sdp *sdp,
                          struct sapa_sdp_media *media)
{
    uint64_t number;
    struct sapa_str rest;

    media->type_text = word(&value);
    const struct sapa_str port =
        sapa_str_cut(word(&value), '/', &rest); /* "/2": a number of ports, not supported */
    media->proto = word(&value);
    media->formats_text = sapa_str_trim(value);
    if (media->type_text.n == 0 || media->proto.n == 0 || !printable(media->type_text) ||
        !printable(media->proto) || !printable(media->formats_text) ||
        sapa_str_u64(port, 65535, &number) != SAPA_OK)
        return SAPA_EINVAL;
    media->port = (uint16_t)number;
    media->type = SAPA_SDP_TYPE_OTHER;
    for (size_t i = 0; i < SAPA_COUNT(type_names); i++) {
        if (sapa_str_ieq(media->type_text, type_names[i]))
            media->type = (enum sapa_sdp_type)i;
    }
    media->address = sdp->address;
    if (sapa_str_find(media->proto, 'R', 0) ==
        media->proto.n) /* not RTP/AVP, RTP/SAVPF …: formats are not payload types */
        return SAPA_OK;
    for (struct sapa_str pt = word(&value); pt.n > 0 && media->format_count < SAPA_SDP_FORMATS_MAX;
         pt = word(&value)) {
        if (sapa_str_u64(pt, 127, &number) != SAPA_OK)
            return SAPA_EINVAL;
        struct sapa_sdp_format *format = &media->formats[media->format_count++];
        format->pt = (uint8_t)number;
        format_defaults(format);
    }
    return SAPA_OK;
}

static struct sapa_sdp_format *format_of(struct sapa_sdp_media *media, uint64_t pt)
{
    for (size_t i = 0; i < media->format_count; i++) {
        if (media->formats[i].pt == pt)
            return &media->formats[i];
    }
    return NULL;
}

/* "101 telephone-event/8000", "111 opus/48000/2" */
static void rtpmap(struct sapa_str value, struct sapa_sdp_media *media)
{
    uint64_t pt, rate, channels = 1;
    struct sapa_str rest, more;

    if (sapa_str_u64(word(&value), 127, &pt) != SAPA_OK)
        return;
    struct sapa_sdp_format *format = format_of(media, pt);
    const struct sapa_str name = sapa_str_cut(word(&value), '/', &rest);
    const struct sapa_str rate_text = sapa_str_cut(rest, '/', &more);
    if (!format || name.n == 0 || sapa_str_u64(rate_text, 1000000, &rate) != SAPA_OK)
        return;
    if (more.n > 0 && (sapa_str_u64(more, 255, &channels) != SAPA_OK || channels == 0))
        channels = 1;
    format->name = name;
    format->rate_hz = (uint32_t)rate;
    format->channels = (uint8_t)channels;
}

static bool direction_of(struct sapa_str name, enum sapa_sdp_direction *ret_direction)
{
    for (int i = SAPA_SDP_SENDRECV; i <= SAPA_SDP_INACTIVE; i++) {
        if (sapa_str_ieq(name, sapa_str_of(sapa_sdp_direction_name((enum sapa_sdp_direction)i)))) {
            *ret_direction = (enum sapa_sdp_direction)i;
            return true;
        }
    }
    return false;
}

static uint16_t milliseconds(struct sapa_str value)
{
    uint64_t ms;
    struct sapa_str rest;

    return sapa_str_u64(sapa_str_cut(sapa_str_trim(value), '.', &rest), 1000, &ms) == SAPA_OK
               ? (uint16_t)ms
               : 0;
}

/* Attributes that stand in both places; `media` holds them for the session too. */
static void common_attribute(struct sapa_str name, struct sapa_str value,
                             struct sapa_sdp_media *media)
{
    if (sapa_str_eq(name, SAPA_STR("ice-ufrag"))) {
        media->ice_ufrag = value;
    } else if (sapa_str_eq(name, SAPA_STR("ice-pwd"))) {
        media->ice_pwd = value;
    } else if (sapa_str_eq(name, SAPA_STR("fingerprint"))) {
        media->fingerprint_hash = word(&value);
        media->fingerprint = word(&value);
    } else if (sapa_str_eq(name, SAPA_STR("setup"))) {
        media->setup = value;
    } else {
        (void)direction_of(name, &media->direction);
    }
}

static void media_attribute(struct sapa_str name, struct sapa_str value,
                            struct sapa_sdp_media *media)
{
    uint64_t number;

    if (sapa_str_eq(name, SAPA_STR("rtpmap"))) {
        rtpmap(value, media);
    } else if (sapa_str_eq(name, SAPA_STR("fmtp"))) {
        if (sapa_str_u64(word(&value), 127, &number) == SAPA_OK && format_of(media, number))
            format_of(media, number)->fmtp = sapa_str_trim(value);
    } else if (sapa_str_eq(name, SAPA_STR("ptime"))) {
        media->ptime_ms = milliseconds(value);
    } else if (sapa_str_eq(name, SAPA_STR("maxptime"))) {
        media->maxptime_ms = milliseconds(value);
    } else if (sapa_str_eq(name, SAPA_STR("rtcp"))) {
        if (sapa_str_u64(word(&value), 65535, &number) == SAPA_OK) {
            media->rtcp_port = (uint16_t)number;
            (void)address_of(value, &media->rtcp_address);
        }
    } else if (sapa_str_eq(name, SAPA_STR("rtcp-mux"))) {
        media->rtcp_mux = true;
    } else if (sapa_str_eq(name, SAPA_STR("mid"))) {
        if (printable(value))
            media->mid = value;
    } else if (sapa_str_eq(name, SAPA_STR("ssrc"))) {
        if (!media->ssrc_given && sapa_str_u64(word(&value), UINT32_MAX, &number) == SAPA_OK) {
            media->ssrc_given = true;
            media->ssrc = (uint32_t)number;
        }
    } else {
        common_attribute(name, value, media);
    }
}

static void session_attribute(struct sapa_str name, struct sapa_str value, struct sapa_sdp *sdp,
                              struct sapa_sdp_media *session)
{
    if (sapa_str_eq(name, SAPA_STR("ice-lite"))) {
        sdp->ice_lite = true;
    } else if (sapa_str_eq(name, SAPA_STR("group"))) {
        if (sapa_str_ieq(word(&value), SAPA_STR("BUNDLE")))
            sdp->bundle = sapa_str_trim(value);
    } else {
        common_attribute(name, value, session);
    }
}

static void inherit(struct sapa_sdp_media *media, const struct sapa_sdp_media *session)
{
    media->direction = session->direction;
    media->ice_ufrag = session->ice_ufrag;
    media->ice_pwd = session->ice_pwd;
    media->fingerprint_hash = session->fingerprint_hash;
    media->fingerprint = session->fingerprint;
    media->setup = session->setup;
}

sapa_rc sapa_sdp_parse(struct sapa_str text, struct sapa_sdp *ret_sdp)
{
    struct sapa_sdp *sdp = ret_sdp;
    struct sapa_sdp_media session = { 0 }, *media = NULL;
    struct sapa_str cursor = text, line;
    bool has_version = false, has_origin = false;

    if (text.n > SAPA_SDP_SIZE_MAX)
        return SAPA_ELIMIT;
    if (text.n > 0 && memchr(text.p, '\0', text.n))
        return SAPA_EINVAL;
    memset(sdp, 0, sizeof(*sdp));
    while (line_next(&cursor, &line)) {
        if (line.n < 2 || line.p[1] != '=') {
            if (!has_version)
                return SAPA_EINVAL;
            continue; /* "m =video" and other rubbish in the middle is passed over */
        }
        const struct sapa_str value = { line.p + 2, line.n - 2 };
        if (!has_version) {
            if (line.p[0] != 'v' || !sapa_str_eq(sapa_str_trim(value), SAPA_STR("0")))
                return SAPA_EINVAL;
            has_version = true;
            continue;
        }
        switch (line.p[0]) {
        case 'o':
            if (media || has_origin || !origin(value, sdp))
                return SAPA_EINVAL;
            has_origin = true;
            break;
        case 's':
            if (!media)
                sdp->session_name = value;
            break;
        case 'c':
            if (!address_of(value, media ? &media->address : &sdp->address))
                return SAPA_EINVAL;
            break;
        case 'm':
            if (sdp->media_count == SAPA_SDP_MEDIA_MAX)
                return SAPA_ELIMIT;
            if (media)
                media->text.n = (size_t)(line.p - media->text.p);
            else
                sdp->text = (struct sapa_str){ text.p, (size_t)(line.p - text.p) };
            media = &sdp->media[sdp->media_count++];
            media->text = (struct sapa_str){ line.p, (size_t)(text.p + text.n - line.p) };
            if (media_line(value, sdp, media) != SAPA_OK)
                return SAPA_EINVAL;
            inherit(media, &session);
            break;
        case 'a': {
            struct sapa_str attribute;
            const struct sapa_str name = sapa_str_trim(sapa_str_cut(value, ':', &attribute));
            if (media)
                media_attribute(name, attribute, media);
            else
                session_attribute(name, attribute, sdp, &session);
            break;
        }
        default: break;
        }
    }
    if (!media)
        sdp->text = text;
    return has_version && has_origin ? SAPA_OK : SAPA_EINVAL;
}

bool sapa_sdp_attribute_next(struct sapa_str *cursor, struct sapa_str name,
                             struct sapa_str *ret_value)
{
    struct sapa_str line, value;

    while (line_next(cursor, &line)) {
        if (line.n < 2 || line.p[0] != 'a' || line.p[1] != '=')
            continue;
        const struct sapa_str found =
            sapa_str_cut((struct sapa_str){ line.p + 2, line.n - 2 }, ':', &value);
        if (sapa_str_eq(sapa_str_trim(found), name)) {
            *ret_value = value;
            return true;
        }
    }
    return false;
}

bool sapa_sdp_is_hold(const struct sapa_sdp_media *media)
{
    /* With ICE a zero address only says that the candidates will tell. */
    return media->direction == SAPA_SDP_SENDONLY || media->direction == SAPA_SDP_INACTIVE ||
           (media->address.is_zero && media->ice_ufrag.n == 0);
}

enum sapa_sdp_direction sapa_sdp_reverse(enum sapa_sdp_direction direction)
{
    return direction == SAPA_SDP_SENDONLY   ? SAPA_SDP_RECVONLY
           : direction == SAPA_SDP_RECVONLY ? SAPA_SDP_SENDONLY
                                            : direction;
}

const char *sapa_sdp_direction_name(enum sapa_sdp_direction direction)
{
    static const char *const names[] = { "sendrecv", "sendonly", "recvonly", "inactive" };

    return names[direction & 3];
}
