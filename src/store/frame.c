#include "store/store_impl.h"

/*
 * A frame: fixed32 length, fixed32 CRC-32C, then the bytes: version, counted clear part, and, when
 * something is sealed, the person's id and the sealed part up to the end. The seal is bound to the
 * record's seq, so that it cannot be moved to another record.
 */
static void seal_context(uint64_t seq, uint8_t context[SEAL_CONTEXT_SIZE])
{
    memcpy(context, "log", 3);
    for (int i = 0; i < 8; i++)
        context[3 + i] = (uint8_t)(seq >> (8 * i));
}

sapa_rc sapa_frame_add(struct sapa_buffer *frames, uint64_t seq, struct sapa_str clear, uint64_t person,
                       const struct sapa_key *key, struct sapa_str pii)
{
    uint8_t context[SEAL_CONTEXT_SIZE];
    const size_t start = frames->n;

    if (sapa_buffer_reserve(frames, FRAME_HEADER + clear.n + pii.n + 64 + SAPA_SEAL_EXTRA) != SAPA_OK)
        return SAPA_ENOMEM;
    struct sapa_writer w = sapa_writer_of(frames->p + start + FRAME_HEADER, frames->size - start - FRAME_HEADER);
    sapa_put_u64(&w, FRAME_VERSION);
    sapa_put_str(&w, clear);
    if (key && pii.n > 0) {
        sapa_put_u64(&w, person);
        seal_context(seq, context);
        sapa_seal(key, context, sizeof(context), pii.p, pii.n, w.buf + w.n);
        w.n += pii.n + SAPA_SEAL_EXTRA;
    }
    sapa_assert(!w.bad);
    if (w.n > FRAME_MAX)
        return SAPA_EINVAL;
    struct sapa_writer header = sapa_writer_of(frames->p + start, FRAME_HEADER);
    sapa_put_fixed32(&header, (uint32_t)w.n);
    sapa_put_fixed32(&header, sapa_crc32c(0, w.buf, w.n));
    frames->n = start + FRAME_HEADER + w.n;
    return SAPA_OK;
}

sapa_rc sapa_frame_next(const uint8_t *frames, size_t size, size_t *at, struct frame *ret)
{
    struct sapa_reader r = sapa_reader_of(frames + *at, size - *at);
    struct frame frame = { 0 };

    if (*at == size)
        return SAPA_ENOENT;
    const uint32_t length = sapa_get_fixed32(&r);
    const uint32_t crc = sapa_get_fixed32(&r);
    if (r.bad || length > FRAME_MAX)
        return SAPA_ECORRUPT;
    const uint8_t *bytes = sapa_get_raw(&r, length);
    if (!bytes || sapa_crc32c(0, bytes, length) != crc)
        return SAPA_ECORRUPT;
    struct sapa_reader body = sapa_reader_of(bytes, length);
    const uint64_t version = sapa_get_u64(&body);
    if (!body.bad && version > FRAME_VERSION)
        return SAPA_EVERSION;
    frame.clear = sapa_get_str(&body);
    if (sapa_reader_left(&body) > 0) {
        frame.person = sapa_get_u64(&body);
        frame.sealed.n = sapa_reader_left(&body);
        frame.sealed.p = (const char *)sapa_get_raw(&body, frame.sealed.n);
    }
    if (body.bad || version != FRAME_VERSION || frame.clear.n == 0)
        return SAPA_ECORRUPT;
    *at += FRAME_HEADER + length;
    *ret = frame;
    return SAPA_OK;
}

sapa_rc sapa_frame_open(const struct frame *frame, uint64_t seq, const struct sapa_key *key, uint8_t *buf,
                        struct sapa_str *ret_pii)
{
    uint8_t context[SEAL_CONTEXT_SIZE];

    seal_context(seq, context);
    const sapa_rc rc = sapa_unseal(key, context, sizeof(context), (const uint8_t *)frame->sealed.p, frame->sealed.n,
                                   buf);
    if (rc != SAPA_OK)
        return rc;
    *ret_pii = (struct sapa_str){ (const char *)buf, frame->sealed.n - SAPA_SEAL_EXTRA };
    return SAPA_OK;
}
