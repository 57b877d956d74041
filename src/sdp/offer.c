/*
 * Offer and answer (RFC 3264) for one audio stream. Our description is always written whole from what
 * the caller wants to say; a checksum of it tells whether the version of o= must go up (RFC 3264 8).
 */
#include "sdp/offer.h"

#include "base/bytes.h"

const struct sapa_sdp_codec sapa_sdp_codecs_g711[3] = {
    { .id = SAPA_SDP_PCMA, .name = "PCMA", .rate_hz = 8000, .channels = 1, .pt = 8 },
    { .id = SAPA_SDP_PCMU, .name = "PCMU", .rate_hz = 8000, .channels = 1, .pt = 0 },
    { .id = SAPA_SDP_DTMF,
      .name = "telephone-event",
      .rate_hz = 8000,
      .channels = 1,
      .pt = 101,
      .fmtp = "0-16",
      .is_dtmf = true },
};

enum { OFFERED_TAG = 1, OFFERED_SUITE = SAPA_SRTP_AES128_SHA1_80 }; /* of our one crypto line */

/* A codec of ours with the payload type it has in this description. */
struct chosen {
    const struct sapa_sdp_codec *codec;
    uint8_t pt;
};

/* Not a codec of its own. */
static bool rides(const struct sapa_sdp_codec *codec)
{
    return codec->is_dtmf || codec->is_noise;
}

static bool want_good(const struct sapa_sdp_want *want)
{
    bool audio = false;

    if (want->codec_count == 0 || want->codec_count > SAPA_SDP_CODECS_MAX || want->address.n == 0 ||
        want->address.n > 45)
        return false;
    for (size_t i = 0; i < want->address.n; i++) {
        if ((uint8_t)want->address.p[i] <= ' ')
            return false;
    }
    for (size_t i = 0; i < want->codec_count; i++)
        audio |= !rides(&want->codecs[i]);
    const struct sapa_sdp_web *web = want->web;
    return audio && want->direction <= SAPA_SDP_INACTIVE && (!want->offer_secure || want->srtp_key) &&
           (!web || (web->ufrag.n >= 4 && web->pwd.n >= 22 && web->fingerprint && web->mid.n > 0));
}

static bool same_codec(const struct sapa_sdp_codec *codec, const struct sapa_sdp_format *format)
{
    return sapa_str_ieq(sapa_str_of(codec->name), format->name) &&
           codec->rate_hz == format->rate_hz &&
           /* Opus is always "/2" (RFC 7587 7); some leave it out and mean the same. */
           ((codec->channels ? codec->channels : 1) == format->channels || codec->channels == 2);
}

/* Ice-lite: our one address is all there is; `setup` as RFC 8842 has it. */
static void put_web(struct sapa_text *out, const struct sapa_sdp_want *want, const char *setup)
{
    const struct sapa_sdp_web *web = want->web;

    sapa_text_printf(out, "a=msid:sapa audio\r\na=ice-ufrag:%.*s\r\na=ice-pwd:%.*s\r\na=fingerprint:sha-256 ", (int)web->ufrag.n, web->ufrag.p,
                     (int)web->pwd.n, web->pwd.p);
    for (unsigned i = 0; i < 32; i++)
        sapa_text_printf(out, "%s%02X", i ? ":" : "", web->fingerprint[i]);
    sapa_text_printf(out, "\r\na=setup:%s\r\na=candidate:1 1 udp 2130706431 %.*s %u typ host\r\na=end-of-candidates\r\n", setup,
                     (int)want->address.n, want->address.p, want->port);
}

static void put_audio(struct sapa_text *out, const struct sapa_sdp_want *want,
                      struct sapa_str proto, const struct sapa_sdp_crypto *crypto,
                      const struct chosen *codecs, size_t count,
                      enum sapa_sdp_direction direction, struct sapa_str mid)
{
    sapa_text_printf(out, "m=audio %u %.*s", want->port, (int)proto.n, proto.p);
    for (size_t i = 0; i < count; i++)
        sapa_text_printf(out, " %u", codecs[i].pt);
    sapa_text_add(out, SAPA_STR("\r\n"));
    for (size_t i = 0; i < count; i++) {
        const struct sapa_sdp_codec *codec = codecs[i].codec;
        sapa_text_printf(out, "a=rtpmap:%u %s/%u", codecs[i].pt, codec->name, codec->rate_hz);
        if (codec->channels > 1)
            sapa_text_printf(out, "/%u", codec->channels);
        sapa_text_add(out, SAPA_STR("\r\n"));
        if (codec->fmtp)
            sapa_text_printf(out, "a=fmtp:%u %s\r\n", codecs[i].pt, codec->fmtp);
    }
    if (want->ptime_ms)
        sapa_text_printf(out, "a=ptime:%u\r\n", want->ptime_ms);
    if (want->rtcp_port)
        sapa_text_printf(out, "a=rtcp:%u\r\n", want->rtcp_port);
    if (want->rtcp_mux)
        sapa_text_add(out, SAPA_STR("a=rtcp-mux\r\n"));
    if (mid.n > 0)
        sapa_text_printf(out, "a=mid:%.*s\r\n", (int)mid.n, mid.p);
    if (crypto->suite != SAPA_SRTP_NONE)
        sapa_sdp_crypto_put(out, crypto->tag, (enum sapa_srtp_suite)crypto->suite, want->srtp_key);
    sapa_text_printf(out, "a=%s\r\n", sapa_sdp_direction_name(direction));
    sapa_text_add(out, want->attributes);
}

/* The session's lines in front of `body`; the version goes up when anything has changed. */
static sapa_rc finish(struct sapa_sdp_local *local, const struct sapa_sdp_want *want, struct sapa_str bundle,
                      const struct sapa_text *body, struct sapa_text *out)
{
    const char *type = sapa_str_find(want->address, ':', 0) < want->address.n ? "IP6" : "IP4";
    uint32_t crc = sapa_crc32c(0, body->buf, body->n);

    if (body->cut)
        return SAPA_ELIMIT;
    crc = sapa_crc32c(crc, want->address.p, want->address.n);
    const uint64_t version = local->version == 0 ? 1 : local->version + (crc != local->last_crc);
    sapa_text_printf(out, "v=0\r\no=- %llu %llu IN %s %.*s\r\ns=-\r\nc=IN %s %.*s\r\nt=0 0\r\n",
                     (unsigned long long)local->session_id, (unsigned long long)version, type,
                     (int)want->address.n, want->address.p, type, (int)want->address.n,
                     want->address.p);
    if (want->web)
        sapa_text_add(out, SAPA_STR("a=ice-lite\r\n"));
    if (want->web && bundle.n > 0)
        sapa_text_printf(out, "a=group:BUNDLE %.*s\r\n", (int)bundle.n, bundle.p);
    sapa_text_add(out, sapa_text_str(body));
    if (out->cut)
        return SAPA_ELIMIT;
    local->version = version;
    local->last_crc = crc;
    return SAPA_OK;
}

sapa_rc sapa_sdp_offer(struct sapa_sdp_local *local, const struct sapa_sdp_want *want,
                       struct sapa_text *out)
{
    struct chosen codecs[SAPA_SDP_CODECS_MAX];
    size_t count = 0;
    struct sapa_text body;
    char buf[4096];

    if (!want_good(want))
        return SAPA_EINVAL;
    for (size_t i = 0; i < want->codec_count; i++)
        if (!want->codecs[i].is_noise) /* taken where they offer it */
            codecs[count++] = (struct chosen){ &want->codecs[i], want->codecs[i].pt };
    sapa_text_init(&body, buf, sizeof(buf));
    const struct sapa_sdp_crypto crypto = { .suite = want->offer_secure ? OFFERED_SUITE : SAPA_SRTP_NONE, .tag = OFFERED_TAG };
    const struct sapa_str mid = want->web ? want->web->mid : (struct sapa_str){ NULL, 0 };
    put_audio(&body, want, want->web ? SAPA_STR("UDP/TLS/RTP/SAVPF") : want->offer_secure ? SAPA_STR("RTP/SAVP") : SAPA_STR("RTP/AVP"),
              &crypto, codecs, count, want->direction, mid);
    if (want->web)
        put_web(&body, want, "actpass");
    return finish(local, want, mid, &body, out);
}

enum profile { PROFILE_NONE, PROFILE_PLAIN, PROFILE_SDES, PROFILE_DTLS };

static enum profile profile_of(struct sapa_str proto)
{
    static const struct {
        const char *name;
        enum profile profile;
    } names[] = { { "RTP/AVP", PROFILE_PLAIN },          { "RTP/AVPF", PROFILE_PLAIN },
                  { "RTP/SAVP", PROFILE_SDES },          { "RTP/SAVPF", PROFILE_SDES },
                  { "UDP/TLS/RTP/SAVP", PROFILE_DTLS },  { "UDP/TLS/RTP/SAVPF", PROFILE_DTLS } };

    for (size_t i = 0; i < SAPA_COUNT(names); i++) {
        if (sapa_str_ieq(proto, sapa_str_of(names[i].name)))
            return names[i].profile;
    }
    return PROFILE_NONE;
}

/* May this line be taken, by its profile and its keys? */
static bool usable(const struct sapa_sdp_want *want, const struct sapa_sdp_media *media,
                   struct sapa_sdp_crypto *ret_crypto)
{
    *ret_crypto = (struct sapa_sdp_crypto){ 0 };
    if (want->web)
        return profile_of(media->proto) == PROFILE_DTLS && media->ice_ufrag.n >= 4 && media->ice_pwd.n >= 22 &&
               media->fingerprint.n > 0 && media->rtcp_mux;
    switch (profile_of(media->proto)) {
    case PROFILE_PLAIN: return !want->secure_only;
    case PROFILE_SDES:
        return want->secure && (!want->srtp_key || sapa_sdp_crypto_pick(media->text, ret_crypto));
    case PROFILE_DTLS: return want->secure && !want->srtp_key;
    case PROFILE_NONE: break;
    }
    return false;
}

/* Both directions taken together: what we may do given what we want and what they say. */
static enum sapa_sdp_direction meet(enum sapa_sdp_direction want, enum sapa_sdp_direction theirs)
{
    const enum sapa_sdp_direction allowed = sapa_sdp_reverse(theirs);
    const bool send = (want == SAPA_SDP_SENDRECV || want == SAPA_SDP_SENDONLY) &&
                      (allowed == SAPA_SDP_SENDRECV || allowed == SAPA_SDP_SENDONLY);
    const bool receive = (want == SAPA_SDP_SENDRECV || want == SAPA_SDP_RECVONLY) &&
                         (allowed == SAPA_SDP_SENDRECV || allowed == SAPA_SDP_RECVONLY);

    return send && receive ? SAPA_SDP_SENDRECV
           : send          ? SAPA_SDP_SENDONLY
           : receive       ? SAPA_SDP_RECVONLY
                           : SAPA_SDP_INACTIVE;
}

/* What is taken of a stream: the codec, and what rides along with it. */
struct picked {
    struct chosen audio, dtmf, noise;
    struct sapa_str fmtp;
    uint32_t others;
};

/* Codec of ours that `media` has, by the order of its formats; telephone-event of the codec's clock, else of another. */
static bool pick(const struct sapa_sdp_want *want, const struct sapa_sdp_media *media,
                 struct picked *ret)
{
    *ret = (struct picked){ 0 };
    for (size_t i = 0; i < media->format_count; i++) {
        for (size_t k = 0; k < want->codec_count; k++) {
            const struct sapa_sdp_codec *codec = &want->codecs[k];
            if (rides(codec) || !same_codec(codec, &media->formats[i]))
                continue;
            ret->others |= (uint32_t)1 << k;
            if (ret->audio.codec)
                continue;
            ret->audio = (struct chosen){ codec, media->formats[i].pt };
            ret->fmtp = media->formats[i].fmtp;
        }
    }
    for (size_t i = 0; i < media->format_count && ret->audio.codec; i++) {
        for (size_t k = 0; k < want->codec_count; k++) {
            const struct sapa_sdp_codec *codec = &want->codecs[k];
            if (!rides(codec) || !same_codec(codec, &media->formats[i]))
                continue;
            const bool fits = codec->rate_hz == ret->audio.codec->rate_hz;
            struct chosen *slot = codec->is_dtmf ? &ret->dtmf : &ret->noise;
            if (codec->is_dtmf ? !slot->codec || (fits && slot->codec->rate_hz != codec->rate_hz)
                               : fits && media->formats[i].pt == codec->pt)
                *slot = (struct chosen){ codec, media->formats[i].pt };
        }
    }
    return ret->audio.codec != NULL;
}

static void describe(const struct sapa_sdp_want *want, const struct sapa_sdp_media *media,
                     const struct picked *picked, uint8_t index,
                     struct sapa_sdp_agreed *agreed)
{
    *agreed = (struct sapa_sdp_agreed){ .audio = true,
                                        .media_index = index,
                                        .address = media->address.text,
                                        .family = media->address.family,
                                        .port = media->port,
                                        .rtcp_mux = media->rtcp_mux && want->rtcp_mux,
                                        .codec_id = picked->audio.codec->id,
                                        .pt_send = picked->audio.pt,
                                        .pt_receive = picked->audio.pt,
                                        .dtmf = picked->dtmf.codec != NULL,
                                        .dtmf_pt_send = picked->dtmf.pt,
                                        .dtmf_pt_receive = picked->dtmf.pt,
                                        .dtmf_hz = picked->dtmf.codec ? picked->dtmf.codec->rate_hz : 0,
                                        .noise = picked->noise.codec != NULL,
                                        .fmtp = picked->fmtp,
                                        .others = picked->others,
                                        .direction = meet(want->direction,
                                                          media->direction == SAPA_SDP_SENDRECV &&
                                                                  sapa_sdp_is_hold(media)
                                                              ? SAPA_SDP_SENDONLY
                                                              : media->direction),
                                        .held = sapa_sdp_is_hold(media),
                                        .ptime_ms = media->ptime_ms };
    if (want->web) {
        agreed->ufrag = media->ice_ufrag;
        agreed->pwd = media->ice_pwd;
        agreed->mid = media->mid;
        agreed->fingerprint_hash = media->fingerprint_hash;
        agreed->fingerprint = media->fingerprint;
        agreed->dtls_client = sapa_str_ieq(media->setup, SAPA_STR("passive"));
    }
    agreed->rtcp_address =
        media->rtcp_address.family ? media->rtcp_address.text : media->address.text;
    agreed->rtcp_port = agreed->rtcp_mux      ? media->port
                        : media->rtcp_port    ? media->rtcp_port
                        : media->port < 65535 ? (uint16_t)(media->port + 1)
                                              : 0;
}

sapa_rc sapa_sdp_match(const struct sapa_sdp_want *want, const struct sapa_sdp *offer,
                       struct sapa_sdp_agreed *ret_agreed)
{
    struct picked picked;
    struct sapa_sdp_crypto crypto;

    if (!want_good(want))
        return SAPA_EINVAL;
    for (uint8_t i = 0; i < offer->media_count; i++) {
        const struct sapa_sdp_media *media = &offer->media[i];
        if (media->type == SAPA_SDP_AUDIO && media->port > 0 && media->address.family &&
            usable(want, media, &crypto) && pick(want, media, &picked)) {
            describe(want, media, &picked, i, ret_agreed);
            ret_agreed->secure = profile_of(media->proto) != PROFILE_PLAIN;
            ret_agreed->crypto = crypto;
            ret_agreed->bundled = offer->bundle.n > 0;
            return SAPA_OK;
        }
    }
    return SAPA_ENOENT;
}

sapa_rc sapa_sdp_answer(struct sapa_sdp_local *local, const struct sapa_sdp_want *want,
                        const struct sapa_sdp *offer, struct sapa_text *out,
                        struct sapa_sdp_agreed *ret_agreed)
{
    struct sapa_sdp_agreed agreed;
    struct picked picked;
    struct sapa_text body;
    char buf[8192];

    const sapa_rc rc = sapa_sdp_match(want, offer, &agreed);
    if (rc != SAPA_OK)
        return rc;
    sapa_text_init(&body, buf, sizeof(buf));
    for (uint8_t i = 0; i < offer->media_count; i++) {
        const struct sapa_sdp_media *media = &offer->media[i];
        if (i != agreed.media_index) { /* refused: port 0, the formats as they came (RFC 3264 6) */
            sapa_text_printf(&body, "m=%.*s 0 %.*s %.*s\r\n", (int)media->type_text.n,
                             media->type_text.p, (int)media->proto.n, media->proto.p,
                             (int)media->formats_text.n, media->formats_text.p);
            continue;
        }
        (void)pick(want, media, &picked); /* it matched before */
        struct chosen codecs[3] = { picked.audio };
        size_t count = 1;
        if (picked.noise.codec)
            codecs[count++] = picked.noise;
        if (picked.dtmf.codec)
            codecs[count++] = picked.dtmf;
        struct sapa_sdp_want own = *want;
        own.rtcp_mux = agreed.rtcp_mux;
        put_audio(&body, &own, media->proto, &agreed.crypto, codecs, count, agreed.direction,
                  media->mid);
        if (want->web)
            put_web(&body, want, agreed.dtls_client ? "active" : "passive");
    }
    const sapa_rc written = finish(local, want, agreed.bundled ? agreed.mid : (struct sapa_str){ NULL, 0 }, &body, out);
    if (written == SAPA_OK)
        *ret_agreed = agreed;
    return written;
}

sapa_rc sapa_sdp_accept(const struct sapa_sdp_want *offered, const struct sapa_sdp *answer,
                        struct sapa_sdp_agreed *ret_agreed)
{
    struct sapa_sdp_agreed agreed;

    /* Our offer has one stream: theirs is the first. */
    struct sapa_sdp_want as_offered = *offered;
    as_offered.secure = as_offered.secure_only = offered->offer_secure && !offered->web; /* the profile that we offered, no other */
    const sapa_rc rc = sapa_sdp_match(&as_offered, answer, &agreed);
    if (rc != SAPA_OK)
        return rc;
    if (offered->offer_secure && (agreed.crypto.tag != OFFERED_TAG || agreed.crypto.suite != OFFERED_SUITE))
        return SAPA_ENOENT; /* not the line that we gave (RFC 4568 5.1.3) */
    /* We receive what our offer numbered, they receive what their answer numbers (RFC 3264 6.1). */
    for (size_t i = 0; i < offered->codec_count; i++) {
        if (offered->codecs[i].id == agreed.codec_id)
            agreed.pt_receive = offered->codecs[i].pt;
        if (agreed.dtmf && offered->codecs[i].is_dtmf && offered->codecs[i].rate_hz == agreed.dtmf_hz)
            agreed.dtmf_pt_receive = offered->codecs[i].pt;
    }
    *ret_agreed = agreed;
    return SAPA_OK;
}
