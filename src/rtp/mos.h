/**
 * @file rtp/mos.h
 * How good a call sounds: the E-model (ITU-T G.107) reduced to delay and packet loss of G.711.
 *
 * R = 93.2 - Idd(delay) - Ie_eff(loss), with Ie = 0 and Bpl = 25.1 for G.711 with concealment
 * (G.113 appendix I); MOS from R by G.107 annex B. All other inputs have their defaults.
 * Room    rtp: base only.   Thread  any.   Tests  rtp/mos_test.c
 */
#ifndef SAPA_RTP_MOS_H
#define SAPA_RTP_MOS_H

#include "base/base.h"

/**
 * @param lost, expected   packets in the window; nothing expected is no loss
 * @param delay_ms         mouth to ear, one way
 * @return 100..450, MOS times 100
 */
uint16_t sapa_mos_x100(uint32_t lost, uint32_t expected, uint32_t delay_ms);
/** The rating factor times 10, -200..932. */
int sapa_mos_rating_x10(uint32_t lost, uint32_t expected, uint32_t delay_ms);
/**
 * Mouth to ear as it is guessed from what RTCP and arrivals tell: half the round trip, a packet of
 * 20 ms, and a jitter buffer of twice the jitter, at least 20 ms.
 */
uint32_t sapa_mos_delay_ms(uint32_t rtt_us, uint32_t jitter_us);

#endif
