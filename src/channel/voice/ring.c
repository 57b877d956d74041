#include "channel/voice/voice_impl.h"

/*
 * Phones that ring over a restart. Nothing of an INVITE to a phone is written: Call-ID, tag and branch follow from
 * the offer, the phone and a key of the store, and the media leg's id from the offer and the phone. So a successor
 * can go on with the very same INVITE (for the phone it is a retransmission, RFC 3261 17.2.1), or cancel it.
 */

enum { CRC_BITS = 16 };

struct voice_ring sapa_voice_ring_of(const struct sapa_voice *v, uint64_t offer, uint32_t device_crc)
{
    struct voice_ring ring = { .leg = sapa_id_make(VOICE_OFFER_NODE, offer << CRC_BITS | (device_crc & 0xffff)) };
    uint8_t data[12], hash[32];
    char hex[65];
    struct sapa_writer w = sapa_writer_of(data, sizeof(data));

    sapa_put_fixed32(&w, (uint32_t)offer);
    sapa_put_fixed32(&w, (uint32_t)(offer >> 32));
    sapa_put_fixed32(&w, device_crc);
    sapa_hmac_sha256(v->options.offer_key, sizeof(v->options.offer_key), data, w.n, hash);
    sapa_hex(hash, sizeof(hash), hex);
    memcpy(ring.call_id, hex, VOICE_RING_TOKEN - 1);
    memcpy(ring.tag, hex + 16, VOICE_RING_TOKEN - 1);
    memcpy(ring.branch, hex + 32, VOICE_RING_TOKEN - 1);
    return ring;
}

static void cancel_at(struct sapa_voice *v, uint64_t offer, uint32_t agent, const struct sapa_sip_binding *binding)
{
    const struct voice_ring ring = sapa_voice_ring_of(v, offer, sapa_voice_device_crc(binding->contact));
    const int64_t now = sapa_voice_now(v);
    char buf[256];
    struct sapa_text name;
    sapa_sip_dialog_id dialog;
    sapa_sip_tx_id tx;

    sapa_text_init(&name, buf, sizeof(buf));
    sapa_text_add(&name, SAPA_STR("<sip:"));
    sapa_sip_put_user(&name, v->centre->agents[agent].extension);
    sapa_text_char(&name, '@');
    sapa_text_add(&name, v->centre->system.sip_host);
    sapa_text_char(&name, '>');
    const struct sapa_sip_call call = {
        .flow = binding->flow, .hop = SAPA_SIP_HOP_FLOW, .uri = binding->contact, .route = binding->path,
        .from = sapa_text_str(&name), .to = sapa_text_str(&name),
        .call_id = sapa_str_of(ring.call_id), .from_tag = sapa_str_of(ring.tag), .branch = sapa_str_of(ring.branch),
        .sent_before = true,
    };
    if (name.cut || sapa_sip_call_start(v->stack, &call, now, &dialog, &tx) != SAPA_OK)
        return;
    if (sapa_sip_call_cancel(v->stack, dialog, SAPA_STR("SIP;cause=200;text=\"Offered again\""), now) != SAPA_OK)
        v->stats.late_commands++;
    sapa_sip_dialog_end(v->stack, dialog);
    v->agents[agent].ghost_until_us = now + VOICE_GHOST_US;
}

static size_t bindings_of(struct sapa_voice *v, uint32_t agent, struct sapa_sip_binding *bindings)
{
    return sapa_sip_registrar_lookup(v->registrar, v->centre->agents[agent].extension, sapa_voice_wall(v), bindings,
                                     VOICE_DEVICES_MAX);
}

void sapa_voice_ring_cancel(struct sapa_voice *v, uint64_t offer, uint32_t agent)
{
    struct sapa_sip_binding bindings[VOICE_DEVICES_MAX];
    const size_t count = agent < v->centre->agents_count ? bindings_of(v, agent, bindings) : 0;

    for (size_t i = 0; i < count; i++)
        cancel_at(v, offer, agent, &bindings[i]);
}

void sapa_voice_ring_cancel_leg(struct sapa_voice *v, uint64_t leg)
{
    const uint64_t counter = leg & ((UINT64_C(1) << 54) - 1);
    struct sapa_sip_binding bindings[VOICE_DEVICES_MAX];

    if (leg >> 54 != VOICE_OFFER_NODE)
        return;
    for (uint32_t agent = 0; agent < v->centre->agents_count; agent++) {
        const size_t count = bindings_of(v, agent, bindings);
        for (size_t i = 0; i < count; i++)
            if ((sapa_voice_device_crc(bindings[i].contact) & 0xffff) == (counter & 0xffff))
                cancel_at(v, counter >> CRC_BITS, agent, &bindings[i]);
    }
}
