/**
 * @file media/inband.h
 * DTMF tones inside the audio (media/dtmf.h behind a jitter buffer and loss concealment), and
 * tones to send where telephone-event was not negotiated.
 *
 * Room    media.   Thread  a detector: its owner's; tones: any after sapa_inband_init().
 * Tests   media/inband_test.c
 */
#ifndef SAPA_MEDIA_INBAND_H
#define SAPA_MEDIA_INBAND_H

#include "rtp/telephone_event.h"

enum { SAPA_INBAND_DIGITS_MAX = 4, SAPA_INBAND_TONE_MS_MAX = 500 };

struct sapa_inband;

/** Renders the tones once. Idempotent; call before the threads start. */
void sapa_inband_init(void);
/** A-law octets of the tone of event 0..15, SAPA_INBAND_TONE_MS_MAX long. */
const uint8_t *sapa_inband_tone(unsigned event);

SAPA_MUST_CHECK sapa_rc sapa_inband_new(struct sapa_inband **ret_inband);
void sapa_inband_free(struct sapa_inband *inband); /* NULL is fine */
/**
 * One packet of audio. Digits are given when their tone ends.
 * @return number of digits, at most SAPA_INBAND_DIGITS_MAX
 */
unsigned sapa_inband_receive(struct sapa_inband *inband, uint8_t codec, uint32_t timestamp, const uint8_t *octets,
                             size_t n, int64_t now_us,
                             struct sapa_event_digit ret_digits[SAPA_INBAND_DIGITS_MAX]);

#endif
