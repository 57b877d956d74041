/**
 * @file sdp/opus.h
 * The parameters of Opus in a=fmtp (RFC 7587 section 6.1).
 *
 * Room    sdp: base only.   Thread  any.   Tests  sdp/opus_test.c, sdp/sdp_fuzz.c
 */
#ifndef SAPA_SDP_OPUS_H
#define SAPA_SDP_OPUS_H

#include "base/str.h"

/** What the peer wants to be sent. */
struct sapa_sdp_opus {
    uint32_t max_playback_hz;    /* 48000 when not said */
    uint32_t max_average_bps;    /* 0: not said; else 6000 … 510000 */
    bool fec;                    /* useinbandfec */
    bool dtx;
    bool cbr;
    bool stereo;
};

/** Reads what it knows; what is malformed or out of range counts as not said. */
struct sapa_sdp_opus sapa_sdp_opus_parse(struct sapa_str fmtp);

#endif
