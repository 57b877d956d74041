#include "app/recording_key.h"

#include "base/bytes.h"

static struct sapa_str context(uint64_t recording, char buf[32])
{
    struct sapa_text text;

    sapa_text_init(&text, buf, 32);
    sapa_text_printf(&text, "recording %llu", (unsigned long long)recording);
    return sapa_text_str(&text);
}

sapa_rc sapa_recording_key_make(struct sapa_store *store, uint64_t person, uint64_t recording,
                                uint8_t ret_key[SAPA_KEY_SIZE], uint8_t ret_wrapped[96], uint8_t *ret_wrapped_size)
{
    struct sapa_writer w = sapa_writer_of(ret_wrapped, 96);
    struct sapa_key key;
    char buf[32];

    sapa_key_random(&key);
    sapa_put_fixed32(&w, (uint32_t)person);
    sapa_put_fixed32(&w, (uint32_t)(person >> 32));
    const sapa_rc rc = sapa_person_seal(store, person, context(recording, buf), key.bytes, SAPA_KEY_SIZE, ret_wrapped + w.n);
    if (rc == SAPA_OK) {
        memcpy(ret_key, key.bytes, SAPA_KEY_SIZE);
        *ret_wrapped_size = SAPA_RECORDING_WRAPPED_SIZE;
    }
    sapa_wipe(&key, sizeof(key));
    return rc;
}

sapa_rc sapa_recording_key_open(struct sapa_store *store, uint64_t recording, const uint8_t *wrapped, size_t size,
                                uint8_t ret_key[SAPA_KEY_SIZE])
{
    struct sapa_reader r = sapa_reader_of(wrapped, size);
    const uint64_t low = sapa_get_fixed32(&r), high = sapa_get_fixed32(&r);
    char buf[32];

    if (size != SAPA_RECORDING_WRAPPED_SIZE)
        return SAPA_ECORRUPT;
    return sapa_person_unseal(store, low | high << 32, context(recording, buf), wrapped + r.at, size - r.at, ret_key);
}
