/**
 * @file model/segment.h
 * What a play command plays: prompts of the centre and sentences to be spoken, in order.
 *
 * Encoded in the blob of cmd_play: per segment a LEB128 tag (prompt index * 2, or text length * 2
 * + 1 followed by the text, UTF-8). At most SAPA_SEGMENTS_MAX segments.
 * Room    model: base only.   Tests  model/record_test.c
 */
#ifndef SAPA_MODEL_SEGMENT_H
#define SAPA_MODEL_SEGMENT_H

#include "base/bytes.h"

enum { SAPA_SEGMENTS_MAX = 12 };

static inline void sapa_segment_put_prompt(struct sapa_writer *w, uint32_t prompt)
{
    sapa_put_u64(w, (uint64_t)prompt * 2);
}

static inline void sapa_segment_put_text(struct sapa_writer *w, struct sapa_str text)
{
    sapa_put_u64(w, (uint64_t)text.n * 2 + 1);
    sapa_put_raw(w, text.p, text.n);
}

/** Next segment: true, and either *ret_prompt, or SAPA_NONE there and *ret_text. False at the end or when bad. */
static inline bool sapa_segment_next(struct sapa_reader *r, uint32_t *ret_prompt, struct sapa_str *ret_text)
{
    if (sapa_reader_left(r) == 0)
        return false;
    const uint64_t tag = sapa_get_u64(r);
    *ret_prompt = tag & 1 ? SAPA_NONE : (uint32_t)(tag / 2);
    *ret_text = (struct sapa_str){ NULL, 0 };
    if (tag & 1) {
        const uint8_t *bytes = sapa_get_raw(r, tag / 2);
        *ret_text = (struct sapa_str){ (const char *)bytes, bytes ? tag / 2 : 0 };
    }
    return !r->bad;
}

#endif
