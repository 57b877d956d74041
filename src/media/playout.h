/**
 * @file media/playout.h
 * Packets of one sender in, as they come; 20 ms of samples out, whenever the clock of a mix asks: the jitter buffer of all
 * that is decoded, for every codec.
 *
 * It begins with 40 ms in hand. Who comes too late to be heard makes it wait 20 ms more (to 200 ms); what was not needed
 * for two seconds is given back, 20 ms at a time, one frame faded into the next: so a sender's clock may be fast or slow.
 * What is lost is repaired from the packet behind it (Opus), or concealed. Nothing in hand for 60 ms: silence, and it
 * begins anew with the next packet. Comfort noise (RFC 3389) is heard until a packet of sound comes.
 * Room    media.   Thread  the owner's.   Tests  media/playout_test.c, media/coder_fuzz.c
 */
#ifndef SAPA_MEDIA_PLAYOUT_H
#define SAPA_MEDIA_PLAYOUT_H

#include "media/coder.h"
#include "media/conceal.h"

enum { SAPA_PLAYOUT_PACKETS = 24 };

struct sapa_playout_packet {
    bool taken;
    uint16_t size;
    uint32_t timestamp;
    uint32_t samples;
    uint8_t *octets;         /* in `room` */
};

struct sapa_playout {
    struct sapa_decoder *decoder;
    uint32_t rate;             /* of samples */
    uint32_t clock;            /* of timestamps */
    enum sapa_playout_state { SAPA_PLAYOUT_EMPTY, SAPA_PLAYOUT_FILLING, SAPA_PLAYOUT_PLAYING } state;
    uint32_t next;             /* timestamp that is decoded next */
    uint32_t count;            /* of packets */
    uint32_t want_ms;          /* in hand before it begins */
    uint32_t waited;           /* ticks of filling, or of starving */
    uint32_t window, least;    /* ticks, least samples in hand in them */
    bool stretch;              /* one frame is to be made, so that late ones are in time */
    uint32_t ready;            /* samples decoded and not given */
    int16_t line[SAPA_CODER_SAMPLES_MAX + 2 * SAPA_CODER_FRAME];
    struct sapa_conceal conceal;
    bool noise;                /* comfort noise is heard */
    uint32_t noise_level;      /* rms */
    uint32_t noise_seed;
    uint64_t played, lost, late, repaired, dropped, stretched; /* frames; packets that were late */
    struct sapa_playout_packet packets[SAPA_PLAYOUT_PACKETS];
    uint8_t room[SAPA_PLAYOUT_PACKETS][SAPA_CODER_PAYLOAD_MAX];
};

SAPA_MUST_CHECK sapa_rc sapa_playout_new(uint8_t codec, struct sapa_playout **ret_playout);
void sapa_playout_free(struct sapa_playout *playout); /* NULL is fine */
/** A packet of the codec. Copies of one that is here are ignored. */
void sapa_playout_put(struct sapa_playout *playout, uint32_t timestamp, const uint8_t *octets, size_t n);
/** Comfort noise: -`level` dBov, RFC 3389 section 3. */
void sapa_playout_noise(struct sapa_playout *playout, uint8_t level);
/** The next 20 ms: rate / 50 samples. False: there is nothing, and they are silence. */
bool sapa_playout_get(struct sapa_playout *playout, int16_t *ret_frame);
/** How long a packet waits now, ms. */
uint32_t sapa_playout_delay_ms(const struct sapa_playout *playout);

#endif
