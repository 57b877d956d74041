#include "channel/voice/voice_impl.h"

#include "sdp/opus.h"

/*
 * Which codecs a leg is offered and takes. The peer's order decides; what two who talk have in common is agreed upon by a
 * re-INVITE when they did not find it by themselves, so that sound is decoded only where nothing else is left.
 */
enum { EVENTS = 101, EVENTS_WIDE = 102, ID_EVENTS = 256, ID_NOISE = 257 };

static bool can(const struct sapa_voice *v, size_t i)
{
    return sapa_codec_is_g711(sapa_codec_at(i)->id) || (v->media_codecs >> i & 1);
}

static struct sapa_sdp_codec of_table(const struct sapa_codec_info *info)
{
    return (struct sapa_sdp_codec){ .id = info->id, .name = info->name, .rate_hz = info->clock_hz,
                                    .channels = info->channels, .pt = info->type, .fmtp = info->fmtp };
}

size_t sapa_voice_codecs(const struct sapa_voice *v, uint8_t first, bool alone, struct sapa_sdp_codec ret[SAPA_SDP_CODECS_MAX])
{
    bool wide = false;
    size_t n = 0;

    for (int round = 0; round < 2; round++) /* the wished one, then the others */
        for (size_t i = 0; sapa_codec_at(i); i++) {
            const struct sapa_codec_info *info = sapa_codec_at(i);
            const bool wished = info->id == first;
            if (!can(v, i) || wished != (round == 0) || (alone && !wished))
                continue;
            ret[n++] = of_table(info);
            wide |= info->clock_hz == 48000;
        }
    ret[n++] = (struct sapa_sdp_codec){ .id = ID_EVENTS, .name = "telephone-event", .rate_hz = 8000, .channels = 1,
                                        .pt = EVENTS, .fmtp = "0-16", .is_dtmf = true };
    if (wide)
        ret[n++] = (struct sapa_sdp_codec){ .id = ID_EVENTS, .name = "telephone-event", .rate_hz = 48000, .channels = 1,
                                            .pt = EVENTS_WIDE, .fmtp = "0-16", .is_dtmf = true };
    if (v->media_codecs) /* a media process that can do codecs can do this */
        ret[n++] = (struct sapa_sdp_codec){ .id = ID_NOISE, .name = "CN", .rate_hz = 8000, .channels = 1, .pt = 13,
                                            .is_noise = true };
    sapa_assert(n <= SAPA_SDP_CODECS_MAX);
    return n;
}

static uint32_t bit_of(uint32_t codec)
{
    for (uint32_t i = 0; sapa_codec_at(i); i++)
        if (sapa_codec_at(i)->id == codec)
            return (uint32_t)1 << i;
    return 0;
}

void sapa_voice_codec_agree(struct voice_leg *leg, const struct sapa_sdp_want *want, const struct sapa_sdp_agreed *agreed)
{
    const struct sapa_sdp_opus opus = sapa_sdp_opus_parse(agreed->fmtp);

    leg->codec = (uint8_t)agreed->codec_id;
    leg->type_send = agreed->pt_send;
    leg->type_receive = agreed->pt_receive;
    leg->dtmf_khz = (uint8_t)(agreed->dtmf_hz / 1000);
    leg->noise = agreed->noise;
    leg->opus_fec = leg->codec == SAPA_CODEC_OPUS && opus.fec;
    leg->opus_kbps = leg->codec == SAPA_CODEC_OPUS ? (uint16_t)(opus.max_average_bps / 1000) : 0;
    for (size_t i = 0; i < want->codec_count; i++)
        if (agreed->others >> i & 1)
            leg->codecs |= bit_of(want->codecs[i].id);
}

/* One codec of `leg` that `other` speaks already; SAPA_CODEC_NONE: none but what it speaks. */
static uint8_t common(const struct voice_leg *leg, const struct voice_leg *other)
{
    if (leg->codecs & bit_of(other->codec))
        return other->codec;
    for (size_t i = 0; sapa_codec_is_g711(other->codec) && sapa_codec_at(i); i++) /* either law will do */
        if (sapa_codec_is_g711(sapa_codec_at(i)->id) && (leg->codecs >> i & 1))
            return sapa_codec_at(i)->id;
    return SAPA_CODEC_NONE;
}

static bool offer_again(struct sapa_voice *v, struct voice_leg *leg, uint8_t codec)
{
    struct sapa_sdp_codec codecs[SAPA_SDP_CODECS_MAX];
    char body[VOICE_SDP_MAX], head_buf[160], host[64];
    struct sapa_sdp_want want;
    struct sapa_text sdp, head;
    sapa_sip_tx_id tx;

    if (codec == SAPA_CODEC_NONE || sapa_voice_in_gap(leg) || leg->state != LEG_UP || !leg->acked || leg->held || leg->offered_again ||
        leg->late_offer || leg->refreshing)
        return false;
    sapa_voice_leg_want(v, leg, &want, host, codecs);
    want.codec_count = sapa_voice_codecs(v, codec, true, codecs);
    sapa_text_init(&sdp, body, sizeof(body));
    if (sapa_sdp_offer(&leg->sdp, &want, &sdp) != SAPA_OK)
        return false;
    sapa_text_init(&head, head_buf, sizeof(head_buf));
    sapa_voice_session_ask(leg, &head);
    const struct sapa_sip_spec spec = { .headers = sapa_text_str(&head), .body = sapa_text_str(&sdp) };
    leg->offered_again = sapa_sip_dialog_send(v->stack, leg->dialog, SAPA_SIP_INVITE, &spec, sapa_voice_now(v), &tx) == SAPA_OK;
    return leg->offered_again;
}

/* Both talk from now on: when their codecs differ and one of them knows the other's, it is asked to change. */
void sapa_voice_codec_meet(struct sapa_voice *v, struct voice_leg *a, struct voice_leg *b)
{
    if (a->codec == b->codec || (sapa_codec_is_g711(a->codec) && sapa_codec_is_g711(b->codec)))
        return;
    if (!offer_again(v, a, common(a, b)))
        (void)offer_again(v, b, common(b, a));
}

/* The answer to that. One who refuses goes on as before: what he says is decoded. */
void sapa_voice_codec_answer(struct sapa_voice *v, struct voice_leg *leg, const struct sapa_sip_event *ev)
{
    struct sapa_sdp_codec codecs[SAPA_SDP_CODECS_MAX];
    struct sapa_sdp_agreed agreed;
    struct sapa_sdp_want want;
    struct sapa_sdp answer;
    char host[64];

    leg->offered_again = false;
    if (ev->kind != SAPA_SIP_EV_ANSWER)
        return;
    if (sapa_sip_call_ack(v->stack, leg->dialog, NULL, ev->now_us) != SAPA_OK)
        v->stats.late_commands++;
    sapa_voice_session_answered(v, leg, ev->msg);
    sapa_voice_leg_want(v, leg, &want, host, codecs);
    if (ev->msg->body.n == 0 || sapa_sdp_parse(ev->msg->body, &answer) != SAPA_OK ||
        sapa_sdp_accept(&want, &answer, &agreed) != SAPA_OK || (leg->webrtc && !sapa_voice_web_good(&agreed)))
        return;
    sapa_voice_leg_agree(leg, &want, &agreed);
    sapa_voice_leg_set(v, leg);
    sapa_voice_leg_log(v, leg, false);
}
