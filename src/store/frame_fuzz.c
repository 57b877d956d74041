/* Frames of a commit as a damaged or hostile database may hold them. */
#include "store/store_impl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct sapa_key key;
    uint8_t buf[FRAME_MAX];
    struct frame frame;
    struct sapa_record record;
    struct sapa_str pii = { NULL, 0 };
    size_t at = 0, before = 0;

    while (sapa_frame_next(data, size, &at, &frame) == SAPA_OK) {
        sapa_assert(at > before && at <= size);
        before = at;
        if (frame.sealed.n > 0 && sapa_frame_open(&frame, 1, &key, buf, &pii) != SAPA_OK)
            pii = (struct sapa_str){ NULL, 0 };
        (void)!sapa_record_decode(frame.clear, pii, &record);
    }
    /* A checksum keeps a fuzzer out: the same bytes once more as the inside of a good frame. */
    struct sapa_buffer frames = { 0 };
    if (size > 0 && size < 1500 &&
        sapa_frame_add(&frames, 1, (struct sapa_str){ (const char *)data, size }, 1, &key,
                       (struct sapa_str){ (const char *)data, size / 2 }) == SAPA_OK) {
        at = 0;
        sapa_assert(sapa_frame_next(frames.p, frames.n, &at, &frame) == SAPA_OK);
        sapa_assert(frame.clear.n == size && at == frames.n);
        if (frame.sealed.n > 0) {
            sapa_assert(sapa_frame_open(&frame, 1, &key, buf, &pii) == SAPA_OK && pii.n == size / 2);
            sapa_assert(sapa_frame_open(&frame, 2, &key, buf, &pii) == SAPA_ECORRUPT);
        }
        (void)!sapa_record_decode(frame.clear, pii, &record);
    }
    sapa_buffer_free(&frames);
    return 0;
}
