/**
 * @file rtp/telephone_event.h
 * DTMF as named events (RFC 4733): payload, the receiver's memory, the sender's schedule.
 *
 * The receiver gives each digit once, whether its end packet comes three times, once or never, and
 * whatever is repeated or late.
 * Room    rtp: base only.   Thread  any; one struct, one thread.   Tests  rtp/telephone_event_test.c
 */
#ifndef SAPA_RTP_TELEPHONE_EVENT_H
#define SAPA_RTP_TELEPHONE_EVENT_H

#include "base/base.h"

enum {
    SAPA_EVENT_SIZE = 4,
    SAPA_EVENT_DIGITS = 16,             /* events 0..15 are digits */
    SAPA_EVENT_GONE_MS = 120,           /* no packet for so long: the end was lost */
    SAPA_EVENT_END_PACKETS = 3
};

struct sapa_event {
    uint8_t event;
    bool end;
    uint8_t volume;
    uint16_t duration; /* timestamp units */
};

/** @retval SAPA_EINVAL  shorter than four bytes */
SAPA_MUST_CHECK sapa_rc sapa_event_parse(const uint8_t *payload, size_t size, struct sapa_event *ret);
/** Writes SAPA_EVENT_SIZE bytes. */
void sapa_event_put(const struct sapa_event *event, uint8_t *payload);
/** '0'..'9' '*' '#' 'A'..'D'; 0 for an event that is no digit. */
char sapa_event_digit(uint8_t event);
/** Event of a digit (lower case too); -1 when it is none. */
int sapa_event_of(char digit);

/** Zeroed = nothing heard yet. */
struct sapa_event_receiver {
    bool active;           /* a digit is being held */
    bool heard;            /* `timestamp` is that of the last digit, going on or finished */
    uint8_t event;
    uint16_t duration;
    uint32_t timestamp;
    int64_t last_us;       /* arrival of its last packet */
};

struct sapa_event_digit {
    char digit;
    uint16_t length_ms;
};

/**
 * One event packet. Events that are no digits are ignored.
 * @param timestamp   of the RTP packet: the digit's beginning
 * @param ret_digits  digits finished by this packet: a predecessor whose end was lost, and this one
 * @return their number, 0..2
 */
unsigned sapa_event_receive(struct sapa_event_receiver *receiver, const struct sapa_event *event,
                            uint32_t timestamp, int64_t now_us, struct sapa_event_digit ret_digits[2]);
/** A digit whose end never came is finished SAPA_EVENT_GONE_MS after its last packet. True: *ret is one. */
bool sapa_event_expire(struct sapa_event_receiver *receiver, int64_t now_us, struct sapa_event_digit *ret);

#endif
