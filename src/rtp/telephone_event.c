#include "rtp/telephone_event.h"

#include "rtp/rtp.h"

static const char digits[SAPA_EVENT_DIGITS + 1] = "0123456789*#ABCD";

sapa_rc sapa_event_parse(const uint8_t *payload, size_t size, struct sapa_event *ret)
{
    if (size < SAPA_EVENT_SIZE)
        return SAPA_EINVAL;
    *ret = (struct sapa_event){ .event = payload[0], .end = payload[1] >> 7, .volume = payload[1] & 0x3f,
                                .duration = sapa_rtp_get16(payload + 2) };
    return SAPA_OK;
}

void sapa_event_put(const struct sapa_event *event, uint8_t *payload)
{
    payload[0] = event->event;
    payload[1] = (uint8_t)((event->end ? 0x80 : 0) | (event->volume & 0x3f));
    sapa_rtp_put16(payload + 2, event->duration);
}

char sapa_event_digit(uint8_t event)
{
    return event < SAPA_EVENT_DIGITS ? digits[event] : 0;
}

int sapa_event_of(char digit)
{
    if (digit >= 'a' && digit <= 'd')
        digit = (char)(digit - 'a' + 'A');
    for (int i = 0; i < SAPA_EVENT_DIGITS; i++)
        if (digits[i] == digit)
            return i;
    return -1;
}

static struct sapa_event_digit finish(struct sapa_event_receiver *receiver)
{
    receiver->active = false;
    return (struct sapa_event_digit){ .digit = sapa_event_digit(receiver->event),
                                      .length_ms = (uint16_t)(receiver->duration / 8) };
}

unsigned sapa_event_receive(struct sapa_event_receiver *receiver, const struct sapa_event *event,
                            uint32_t timestamp, int64_t now_us, struct sapa_event_digit ret_digits[2])
{
    unsigned n = 0;

    if (event->event >= SAPA_EVENT_DIGITS)
        return 0;
    const int32_t ahead = (int32_t)(timestamp - receiver->timestamp);
    /* What is older than a minute was not delayed: the peer has begun a new clock. */
    const bool is_late = receiver->heard && ahead < 0 && ahead > -60 * 8000;
    const bool is_same = receiver->heard && ahead == 0 && receiver->event == event->event;
    if (is_late || (is_same && !receiver->active))
        return 0;
    if (!is_same) {
        if (receiver->active)
            ret_digits[n++] = finish(receiver);
        receiver->heard = receiver->active = true;
        receiver->event = event->event;
        receiver->timestamp = timestamp;
        receiver->duration = 0;
    }
    receiver->last_us = now_us;
    receiver->duration = SAPA_MAX(receiver->duration, event->duration);
    if (event->end)
        ret_digits[n++] = finish(receiver);
    return n;
}

bool sapa_event_expire(struct sapa_event_receiver *receiver, int64_t now_us, struct sapa_event_digit *ret)
{
    if (!receiver->active || now_us - receiver->last_us < SAPA_EVENT_GONE_MS * 1000)
        return false;
    *ret = finish(receiver);
    return true;
}
