/**
 * @file media/dtmf.h
 * Hears DTMF tones in audio of 8 kHz: ITU-T Q.23 (the tones), Q.24 (what must be heard and what must not).
 *
 * Windows of 16 ms, one each 8 ms. A window says a digit when one tone of each group stands out, neither is much
 * weaker than the other, and the two are nearly all that there is; three windows in a row make a digit, three without
 * it end it.
 * Room    media.   Thread  its owner's.   Tests  media/dtmf_test.c
 */
#ifndef SAPA_MEDIA_DTMF_H
#define SAPA_MEDIA_DTMF_H

#include "rtp/telephone_event.h"

enum { SAPA_DTMF_WINDOW = 128, SAPA_DTMF_HOP = 64 };

struct sapa_dtmf {
    int16_t window[SAPA_DTMF_WINDOW];
    unsigned filled;   /* samples in it */
    uint64_t samples;  /* heard so far */
    uint64_t begun, heard; /* where the digit began, and the end of its last window */
    char digit;        /* sounding now, 0 none */
    char said;         /* by the last window, 0 none */
    float power;       /* the strongest of the windows in a row */
    uint8_t run;       /* windows in a row that said so, about as strong */
    uint8_t missing;   /* windows in a row without the digit */
};

/** All zero is a new one. `ret_digits` gets digits whose tone ended, `max` at most. Returns their number. */
unsigned sapa_dtmf_hear(struct sapa_dtmf *dtmf, const int16_t *samples, size_t n, struct sapa_event_digit *ret_digits,
                        unsigned max);

#endif
