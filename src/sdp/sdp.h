/**
 * @file sdp/sdp.h
 * Session descriptions (RFC 4566, RFC 8866): parsing into slices, and writing.
 *
 * Tolerant towards what phones, trunks and browsers send; bounded in everything. A description
 * borrows the text it was parsed from.
 *
 * Room    sdp: base only.
 * Thread  any (pure).
 * Design  docs/design/sip.md#sdp
 * Tests   sdp/sdp_test.c, sdp/sdp_fuzz.c
 */
#ifndef SAPA_SDP_SDP_H
#define SAPA_SDP_SDP_H

#include "base/str.h"

enum {
    SAPA_SDP_SIZE_MAX = 32768, /* bytes of a description */
    SAPA_SDP_MEDIA_MAX = 8,    /* m-lines; more: SAPA_ELIMIT */
    SAPA_SDP_FORMATS_MAX = 32, /* payload types of one m-line; further ones are passed over */
};

enum sapa_sdp_direction {
    SAPA_SDP_SENDRECV,
    SAPA_SDP_SENDONLY,
    SAPA_SDP_RECVONLY,
    SAPA_SDP_INACTIVE
};
enum sapa_sdp_type {
    SAPA_SDP_AUDIO,
    SAPA_SDP_VIDEO,
    SAPA_SDP_APPLICATION,
    SAPA_SDP_IMAGE,
    SAPA_SDP_TEXT,
    SAPA_SDP_TYPE_OTHER
};

struct sapa_sdp_address {
    uint8_t family;       /* 4, 6; 0: none given */
    struct sapa_str text; /* numeric or a name */
    bool is_zero;         /* 0.0.0.0 (old hold) or :: */
};

struct sapa_sdp_format {
    uint8_t pt;           /* 0..127 */
    struct sapa_str name; /* of rtpmap, or of the static table (RFC 3551); empty: unknown */
    uint32_t rate_hz;     /* clock rate; 0: unknown */
    uint8_t channels;     /* 1 unless given */
    struct sapa_str fmtp; /* empty: none */
};

struct sapa_sdp_media {
    enum sapa_sdp_type type;
    struct sapa_str type_text;
    uint16_t port;                     /* 0: refused or switched off */
    struct sapa_str proto;             /* "RTP/AVP", "UDP/TLS/RTP/SAVPF" … */
    struct sapa_str formats_text;      /* the format list as written */
    struct sapa_sdp_address address;   /* own c=, else that of the session */
    enum sapa_sdp_direction direction; /* own, else of the session, else sendrecv */
    struct sapa_sdp_format formats[SAPA_SDP_FORMATS_MAX]; /* RTP only, in order of preference */
    uint8_t format_count;
    uint16_t ptime_ms; /* 0: not given */
    uint16_t maxptime_ms;
    uint16_t rtcp_port;                   /* a=rtcp; 0: port + 1 */
    struct sapa_sdp_address rtcp_address; /* family 0: same as address */
    bool rtcp_mux;
    bool ssrc_given;
    uint32_t ssrc; /* first a=ssrc */
    struct sapa_str mid;
    struct sapa_str ice_ufrag, ice_pwd;            /* own, else of the session */
    struct sapa_str fingerprint_hash, fingerprint; /* "sha-256", "AB:CD:…" */
    struct sapa_str setup;                         /* active, passive, actpass */
    struct sapa_str
        text; /* all lines of this section, m= included, for attributes not kept above */
};

struct sapa_sdp {
    struct sapa_str origin_user, origin_session, origin_address;
    uint64_t origin_version;
    struct sapa_str session_name;
    struct sapa_sdp_address address;
    struct sapa_str text; /* the session's lines */
    bool ice_lite;
    struct sapa_str bundle; /* value of a=group:BUNDLE */
    struct sapa_sdp_media media[SAPA_SDP_MEDIA_MAX];
    uint8_t media_count;
};

/**
 * SAPA_EINVAL: not a session description (no v=0, no o=, malformed m= or c=); SAPA_ELIMIT: too large or too many m-lines.
 * O(size).
 */
SAPA_MUST_CHECK sapa_rc sapa_sdp_parse(struct sapa_str text, struct sapa_sdp *ret_sdp);

/** Take the value of the next "a=name…" off the lines in `*cursor`; "a=name" alone gives an empty value. False at the end. */
bool sapa_sdp_attribute_next(struct sapa_str *cursor, struct sapa_str name,
                             struct sapa_str *ret_value);

/** They hold us: sendonly, inactive or c=0.0.0.0 without ICE (RFC 3264 8.4, RFC 2543). */
bool sapa_sdp_is_hold(const struct sapa_sdp_media *media);
/** What we may do when they say `offered`: sendonly <-> recvonly. */
enum sapa_sdp_direction sapa_sdp_reverse(enum sapa_sdp_direction direction);
const char *sapa_sdp_direction_name(enum sapa_sdp_direction direction);

#endif
