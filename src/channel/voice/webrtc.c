#include "channel/voice/voice_impl.h"

/*
 * WebRTC in descriptions: our side of ICE and DTLS, what theirs says, and when both begin anew. The media process does
 * the rest (model/media.h, version 5).
 */

bool sapa_voice_uri_is_web(struct sapa_str text)
{
    struct sapa_sip_uri uri;
    struct sapa_str transport;
    return sapa_sip_uri_parse(text, &uri) == SAPA_OK && sapa_sip_uri_param(&uri, SAPA_STR("transport"), &transport) &&
           (sapa_str_ieq(transport, SAPA_STR("ws")) || sapa_str_ieq(transport, SAPA_STR("wss")));
}

static const struct sapa_sdp_media *audio_of(const struct sapa_sdp *sdp)
{
    for (uint8_t i = 0; i < sdp->media_count; i++)
        if (sdp->media[i].type == SAPA_SDP_AUDIO && sdp->media[i].port > 0)
            return &sdp->media[i];
    return NULL;
}

/* What they offer says it; where they offer nothing, the connection does. */
bool sapa_voice_invite_is_web(const struct sapa_sip_event *ev)
{
    struct sapa_sdp sdp;
    if (ev->msg->body.n == 0 || sapa_sdp_parse(ev->msg->body, &sdp) != SAPA_OK)
        return sapa_voice_flow_is_web(ev->flow);
    const struct sapa_sdp_media *audio = audio_of(&sdp);
    return audio && sapa_str_starts(audio->proto, SAPA_STR("UDP/TLS/"));
}

bool sapa_voice_web_can(const struct sapa_voice *v)
{
    return v->media_version >= SAPA_MEDIA_VERSION_WEBRTC;
}

static void describe(const struct sapa_voice *v, struct voice_leg *leg)
{
    if (!leg->mid[0])
        sapa_str_copy(SAPA_STR("0"), leg->mid, sizeof(leg->mid));
    leg->web = (struct sapa_sdp_web){ .ufrag = sapa_str_of(leg->ice_ufrag), .pwd = sapa_str_of(leg->ice_pwd),
                                      .fingerprint = v->media_fingerprint, .mid = sapa_str_of(leg->mid) };
}

/* Names of ours that no other leg has: eight of 36 characters, and a password of 124 bits. */
void sapa_voice_web_begin(struct sapa_voice *v, struct voice_leg *leg)
{
    sapa_random_text(leg->ice_ufrag, SAPA_MEDIA_UFRAG_SIZE - 1);
    sapa_random_text(leg->ice_pwd, SAPA_MEDIA_PWD_SIZE - 1);
    describe(v, leg);
}

void sapa_voice_web_adopted(struct sapa_voice *v, struct voice_leg *leg, const struct sapa_media_message *media)
{
    memcpy(leg->ice_ufrag, media->u.inventory.ice_ufrag, sizeof(leg->ice_ufrag) - 1);
    memcpy(leg->ice_pwd, media->u.inventory.ice_pwd, sizeof(leg->ice_pwd) - 1);
    leg->dtls_client = media->u.inventory.dtls_client;
    leg->peer_hash = media->u.inventory.peer_hash;
    memcpy(leg->peer_fingerprint, media->u.inventory.peer_fingerprint, sizeof(leg->peer_fingerprint));
    describe(v, leg);
}

/* A new offer: when their names are others than before, ICE begins anew, and ours change too (RFC 8839 4.4.1.1.1). */
void sapa_voice_web_meet(struct sapa_voice *v, struct voice_leg *leg, const struct sapa_sdp *offer)
{
    const struct sapa_sdp_media *audio = leg->webrtc ? audio_of(offer) : NULL;
    if (audio && leg->peer_ufrag[0] && !sapa_str_eq(audio->ice_ufrag, sapa_str_of(leg->peer_ufrag)))
        sapa_voice_web_begin(v, leg);
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static uint8_t read_print(struct sapa_str hash, struct sapa_str text, uint8_t ret[SAPA_MEDIA_PRINT_SIZE])
{
    static const struct { const char *name; uint8_t hash, size; } hashes[] = {
        { "sha-256", SAPA_MEDIA_HASH_SHA256, 32 }, { "sha-384", SAPA_MEDIA_HASH_SHA384, 48 }, { "sha-512", SAPA_MEDIA_HASH_SHA512, 64 },
    };
    for (size_t i = 0; i < SAPA_COUNT(hashes); i++) {
        if (!sapa_str_ieq(hash, sapa_str_of(hashes[i].name)) || text.n != hashes[i].size * 3u - 1)
            continue;
        memset(ret, 0, SAPA_MEDIA_PRINT_SIZE);
        for (size_t k = 0; k < hashes[i].size; k++) {
            const int high = hex_digit(text.p[k * 3]), low = hex_digit(text.p[k * 3 + 1]);
            if (high < 0 || low < 0 || (k > 0 && text.p[k * 3 - 1] != ':'))
                return SAPA_MEDIA_HASH_NONE;
            ret[k] = (uint8_t)(high << 4 | low);
        }
        return hashes[i].hash;
    }
    return SAPA_MEDIA_HASH_NONE;
}

bool sapa_voice_web_good(const struct sapa_sdp_agreed *agreed)
{
    uint8_t print[SAPA_MEDIA_PRINT_SIZE];
    return read_print(agreed->fingerprint_hash, agreed->fingerprint, print) != SAPA_MEDIA_HASH_NONE;
}

void sapa_voice_web_agree(struct voice_leg *leg, const struct sapa_sdp_agreed *agreed)
{
    if (!leg->webrtc)
        return;
    if (!sapa_str_copy(agreed->ufrag, leg->peer_ufrag, sizeof(leg->peer_ufrag)))
        leg->peer_ufrag[0] = '\0'; /* longer than anybody makes them: any name is taken */
    leg->peer_hash = read_print(agreed->fingerprint_hash, agreed->fingerprint, leg->peer_fingerprint);
    leg->dtls_client = agreed->dtls_client;
    if (agreed->mid.n > 0 && !sapa_str_copy(agreed->mid, leg->mid, sizeof(leg->mid)))
        sapa_str_copy(SAPA_STR("0"), leg->mid, sizeof(leg->mid));
    leg->web.mid = sapa_str_of(leg->mid);
}

void sapa_voice_web_set(const struct voice_leg *leg, struct sapa_media_message *m)
{
    m->u.leg.webrtc = 1;
    m->u.leg.dtls_client = leg->dtls_client;
    memcpy(m->u.leg.ice_ufrag, leg->ice_ufrag, sizeof(m->u.leg.ice_ufrag));
    memcpy(m->u.leg.ice_pwd, leg->ice_pwd, sizeof(m->u.leg.ice_pwd));
    memcpy(m->u.leg.peer_ufrag, leg->peer_ufrag, sizeof(m->u.leg.peer_ufrag));
    m->u.leg.peer_hash = leg->peer_hash;
    memcpy(m->u.leg.peer_fingerprint, leg->peer_fingerprint, sizeof(m->u.leg.peer_fingerprint));
}
