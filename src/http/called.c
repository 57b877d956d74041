#include "http/called.h"

#include "http/kept.h"
#include "rt/crypto.h"

static const struct sapa_str context = { "called", 6 };

enum { SEALED_MAX = SAPA_CALLED_MAX + SAPA_SEAL_EXTRA };

static void key_of(uint64_t person, char ret[SAPA_STORE_KEY_MAX + 1])
{
    struct sapa_text text;

    sapa_text_init(&text, ret, SAPA_STORE_KEY_MAX + 1);
    sapa_text_printf(&text, "desk.called.%llu", (unsigned long long)person);
}

sapa_rc sapa_called_get(struct sapa_store *store, uint64_t person, char ret[SAPA_CALLED_MAX + 1])
{
    char key[SAPA_STORE_KEY_MAX + 1], hex[2 * SEALED_MAX + 1];
    uint8_t sealed[SEALED_MAX];
    sapa_rc rc = sapa_person_resolve(store, person, &person);

    key_of(person, key);
    if (rc == SAPA_OK)
        rc = sapa_store_setting(store, key, hex, sizeof(hex));
    if (rc != SAPA_OK)
        return rc;
    const size_t n = strlen(hex) / 2;
    if (n < SAPA_SEAL_EXTRA || !sapa_unhex(hex, sealed, n))
        return SAPA_ECORRUPT;
    memset(ret, 0, SAPA_CALLED_MAX + 1);
    return sapa_person_unseal(store, person, context, sealed, n, (uint8_t *)ret);
}

sapa_rc sapa_called_put(struct sapa_store *store, uint64_t person, struct sapa_str text)
{
    char key[SAPA_STORE_KEY_MAX + 1], hex[2 * SEALED_MAX + 1];
    uint8_t sealed[SEALED_MAX];
    bool good = text.n <= SAPA_CALLED_MAX && sapa_str_utf8(text);

    for (size_t i = 0; i < text.n && good; i++)
        good = (uint8_t)text.p[i] >= ' ' && text.p[i] != 0x7f;
    sapa_rc rc = good ? sapa_person_resolve(store, person, &person) : SAPA_EINVAL;
    if (rc != SAPA_OK)
        return rc;
    key_of(person, key);
    if (text.n == 0)
        return sapa_store_unset(store, key);
    rc = sapa_person_seal(store, person, context, text.p, text.n, sealed);
    return rc == SAPA_OK ? sapa_store_set(store, key, sapa_hex(sealed, text.n + SAPA_SEAL_EXTRA, hex)) : rc;
}
