/**
 * @file sdp/offer.h
 * Offer and answer for one audio stream (RFC 3264), driven by a table of codecs.
 *
 * Room    sdp: base only.
 * Thread  any (pure; the caller keeps struct sapa_sdp_local).
 * Design  docs/design/sip.md#sdp
 * Tests   sdp/offer_test.c
 */
#ifndef SAPA_SDP_OFFER_H
#define SAPA_SDP_OFFER_H

#include "sdp/crypto.h"
#include "sdp/sdp.h"

enum { SAPA_SDP_CODECS_MAX = 8 };

/** A codec that we can do. Names compare without case. */
struct sapa_sdp_codec {
    uint32_t id;      /* the caller's number, given back */
    const char *name; /* "PCMA", "opus", "telephone-event" */
    uint32_t rate_hz;
    uint8_t channels; /* 1 unless opus (2) */
    uint8_t pt;       /* static, or what we propose (96..127) */
    const char *fmtp; /* NULL: none; "0-16" for telephone-event */
    bool is_dtmf;     /* telephone-event: rides along, is never the only one; one a clock */
    bool is_noise;    /* comfort noise (RFC 3389): rides along with a codec of its clock, is taken but not offered */
};

/** PCMA, PCMU, telephone-event/8000 (101); ids are SAPA_SDP_PCMA … */
enum { SAPA_SDP_PCMU = 1, SAPA_SDP_PCMA = 2, SAPA_SDP_DTMF = 3 };
extern const struct sapa_sdp_codec sapa_sdp_codecs_g711[3];

/** Our side of a session; keep it as long as the dialog and its SDP version lives on. */
struct sapa_sdp_local {
    uint64_t session_id; /* o=, never changes */
    uint64_t version;    /* o=; starts at 1, raised when what we say changes */
    uint32_t last_crc;   /* of what was said with that version; 0: nothing */
};

/** Our side of a WebRTC stream (RFC 8829, RFC 8839, RFC 8842): ICE-lite, one host candidate, DTLS-SRTP with one certificate. */
struct sapa_sdp_web {
    struct sapa_str ufrag, pwd;   /* ours */
    const uint8_t *fingerprint;   /* SHA-256 of our certificate, 32 bytes */
    struct sapa_str mid;          /* of our offers: one token */
};

/** What we want to say. */
struct sapa_sdp_want {
    struct sapa_str address; /* numeric; ':' in it makes it IP6 */
    uint16_t port;           /* our RTP port */
    enum sapa_sdp_direction direction;
    const struct sapa_sdp_codec *codecs;
    size_t codec_count; /* 1..SAPA_SDP_CODECS_MAX, in our order of preference */
    uint16_t ptime_ms;  /* 0: not said */
    uint16_t rtcp_port; /* 0: not said (port + 1) */
    bool rtcp_mux;
    bool secure; /* lines that want SRTP (…/SAVP, …/SAVPF) may be taken; false: they are refused like any other that we cannot do */
    bool secure_only;        /* and no others */
    bool offer_secure;       /* our offer is RTP/SAVP, and so must be its answer; wants srtp_key */
    const uint8_t *srtp_key; /* ours, SAPA_SDP_KEY_SIZE bytes, for SDES (RFC 4568); NULL: keys come another way (DTLS), by `attributes` */
    const struct sapa_sdp_web *web; /* NULL: not WebRTC; else only UDP/TLS/RTP/SAVPF lines with ICE, a fingerprint and rtcp-mux are taken */
    struct sapa_str
        attributes; /* further lines for the audio section, each with CRLF ("a=…\r\n"); empty: none */
};

/** What was agreed for the audio stream. */
struct sapa_sdp_agreed {
    bool audio;              /* false: no audio stream (refused, port 0): nothing below is set */
    uint8_t media_index;     /* which m-line */
    struct sapa_str address; /* theirs; borrowed from the parsed text */
    uint8_t family;          /* 4, 6 */
    uint16_t port;           /* theirs */
    struct sapa_str rtcp_address;
    uint16_t rtcp_port; /* theirs; equal to port with mux */
    bool rtcp_mux;
    uint32_t codec_id;  /* from the table */
    uint8_t pt_send;    /* payload type that they expect from us */
    uint8_t pt_receive; /* payload type that we expect from them */
    bool dtmf;          /* telephone-event was agreed */
    uint8_t dtmf_pt_send, dtmf_pt_receive;
    uint32_t dtmf_hz;   /* its clock: that of the codec where they have it */
    bool noise;         /* comfort noise was agreed, under its static type */
    struct sapa_str fmtp; /* theirs, of the codec; borrowed from the parsed text */
    uint32_t others;      /* codecs of the table that they have too: bit i is the i-th of what we wanted */
    enum sapa_sdp_direction direction; /* ours: sendonly = we send, they hear only … */
    bool held;                         /* they hold us */
    bool secure;                       /* SRTP … */
    struct sapa_sdp_crypto crypto;     /* … with their key; suite NONE: not by SDES */
    uint16_t ptime_ms;                 /* theirs, 0: not said */
    /* with `web`; borrowed from the parsed text */
    struct sapa_str ufrag, pwd, mid, fingerprint_hash, fingerprint; /* theirs */
    bool dtls_client;                  /* they are passive: we begin */
    bool bundled;                      /* their description groups its streams */
};

/** Write an offer. SAPA_ELIMIT: `out` too small; SAPA_EINVAL: want is malformed. The version is raised when the content changed. */
SAPA_MUST_CHECK sapa_rc sapa_sdp_offer(struct sapa_sdp_local *local,
                                       const struct sapa_sdp_want *want, struct sapa_text *out);
/**
 * Write the answer to `offer`: the first usable audio line is taken (one that wants SRTP only if `want->secure`:
 * it is never answered with plain RTP), the order of the offerer's formats decides among our codecs, every other m-line is refused with port 0. The direction is what both want.
 * SAPA_EINVAL, SAPA_ELIMIT as above; SAPA_ENOENT: no audio line with a codec of ours: answer the call with 488.
 */
SAPA_MUST_CHECK sapa_rc sapa_sdp_answer(struct sapa_sdp_local *local,
                                        const struct sapa_sdp_want *want,
                                        const struct sapa_sdp *offer, struct sapa_text *out,
                                        struct sapa_sdp_agreed *ret_agreed);
/** Read their answer to our offer. SAPA_ENOENT: no codec of ours in it, or the stream is refused (agreed.audio false then would lie): end the call. */
SAPA_MUST_CHECK sapa_rc sapa_sdp_accept(const struct sapa_sdp_want *offered,
                                        const struct sapa_sdp *answer,
                                        struct sapa_sdp_agreed *ret_agreed);
/** Look at an offer without answering it: what would be agreed. Same errors as sapa_sdp_answer(). */
SAPA_MUST_CHECK sapa_rc sapa_sdp_match(const struct sapa_sdp_want *want,
                                       const struct sapa_sdp *offer,
                                       struct sapa_sdp_agreed *ret_agreed);

#endif
