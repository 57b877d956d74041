/* The low-level SHA-256 of OpenSSL keeps its state in a plain struct and is five times as fast as libsodium's. */
#define OPENSSL_SUPPRESS_DEPRECATED 1
#include "rt/crypto.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <sodium.h>
#include <string.h>

#include "rt/random.h"

static_assert(sizeof(struct sapa_sha256) >= sizeof(SHA256_CTX), "state fits");
static_assert(SAPA_SEAL_EXTRA == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES +
                                     crypto_aead_xchacha20poly1305_ietf_ABYTES, "nonce and tag");
static_assert(SAPA_KEY_SIZE == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "key");
enum { NONCE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES };

sapa_rc sapa_crypto_init(void)
{
    return sodium_init() >= 0 ? SAPA_OK : SAPA_EIO;
}

static void need_init(void)
{
    const sapa_rc rc = sapa_crypto_init();

    sapa_assert(rc == SAPA_OK);
}

void sapa_sha256(const void *data, size_t size, uint8_t ret_digest[SAPA_SHA256_SIZE])
{
    const int ok = EVP_Digest(size ? data : "", size, ret_digest, NULL, EVP_sha256(), NULL);

    sapa_assert(ok == 1);
}

void sapa_md5(const void *data, size_t size, uint8_t ret_digest[SAPA_MD5_SIZE])
{
    const int ok = EVP_Digest(size ? data : "", size, ret_digest, NULL, EVP_md5(), NULL);

    sapa_assert(ok == 1);
}

void sapa_hmac_sha256(const void *key, size_t key_size, const void *data, size_t size,
                      uint8_t ret_mac[SAPA_SHA256_SIZE])
{
    crypto_auth_hmacsha256_state state;

    crypto_auth_hmacsha256_init(&state, key, key_size);
    crypto_auth_hmacsha256_update(&state, data, size);
    crypto_auth_hmacsha256_final(&state, ret_mac);
    sodium_memzero(&state, sizeof(state));
}

void sapa_hmac_sha1(const void *key, size_t key_size, const void *first, size_t first_size, const void *second,
                    size_t second_size, uint8_t ret_mac[SAPA_SHA1_SIZE])
{
    uint8_t pad[SHA_CBLOCK] = { 0 }, inner[SHA_DIGEST_LENGTH];
    SHA_CTX sha;

    sapa_assert(key_size <= sizeof(pad));
    memcpy(pad, key, key_size);
    for (size_t i = 0; i < sizeof(pad); i++)
        pad[i] ^= 0x36;
    SHA1_Init(&sha);
    SHA1_Update(&sha, pad, sizeof(pad));
    SHA1_Update(&sha, first, first_size);
    SHA1_Update(&sha, second, second_size);
    SHA1_Final(inner, &sha);
    for (size_t i = 0; i < sizeof(pad); i++)
        pad[i] ^= 0x36 ^ 0x5c;
    SHA1_Init(&sha);
    SHA1_Update(&sha, pad, sizeof(pad));
    SHA1_Update(&sha, inner, sizeof(inner));
    SHA1_Final(ret_mac, &sha);
    sapa_wipe(pad, sizeof(pad));
    sapa_wipe(&sha, sizeof(sha));
}

void sapa_sha256_begin(struct sapa_sha256 *sha)
{
    SHA256_Init((SHA256_CTX *)(void *)sha->opaque);
}

void sapa_sha256_add(struct sapa_sha256 *sha, const void *data, size_t size)
{
    SHA256_Update((SHA256_CTX *)(void *)sha->opaque, data, size);
}

void sapa_sha256_end(struct sapa_sha256 *sha, uint8_t ret_digest[SAPA_SHA256_SIZE])
{
    SHA256_Final(ret_digest, (SHA256_CTX *)(void *)sha->opaque);
}

char *sapa_hex(const void *data, size_t size, char *buf)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *bytes = data;

    for (size_t i = 0; i < size; i++) {
        buf[2 * i] = digits[bytes[i] >> 4];
        buf[2 * i + 1] = digits[bytes[i] & 15];
    }
    buf[2 * size] = '\0';
    return buf;
}

void sapa_key_random(struct sapa_key *ret_key)
{
    sapa_random_bytes(ret_key->bytes, sizeof(ret_key->bytes));
}

void sapa_wipe(void *data, size_t size)
{
    sodium_memzero(data, size);
}

bool sapa_equal_secret(const void *a, const void *b, size_t size)
{
    return sodium_memcmp(a, b, size) == 0;
}

void sapa_seal_chunk(const struct sapa_key *key, const uint8_t nonce[24], const void *context, size_t context_size,
                     const void *plain, size_t size, uint8_t *ret_sealed)
{
    need_init();
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(ret_sealed, NULL, plain, size, context, context_size, NULL,
                                                     nonce, key->bytes);
}

sapa_rc sapa_unseal_chunk(const struct sapa_key *key, const uint8_t nonce[24], const void *context,
                          size_t context_size, const uint8_t *sealed, size_t size, uint8_t *ret_plain)
{
    need_init();
    if (size < crypto_aead_xchacha20poly1305_ietf_ABYTES)
        return SAPA_ECORRUPT;
    return crypto_aead_xchacha20poly1305_ietf_decrypt(ret_plain, NULL, NULL, sealed, size, context, context_size,
                                                      nonce, key->bytes) == 0
               ? SAPA_OK
               : SAPA_ECORRUPT;
}

void sapa_seal(const struct sapa_key *key, const void *context, size_t context_size, const void *plain, size_t size,
               uint8_t *ret_sealed)
{
    sapa_random_bytes(ret_sealed, NONCE);
    sapa_seal_chunk(key, ret_sealed, context, context_size, plain, size, ret_sealed + NONCE);
}

sapa_rc sapa_unseal(const struct sapa_key *key, const void *context, size_t context_size, const uint8_t *sealed,
                    size_t size, uint8_t *ret_plain)
{
    if (size < SAPA_SEAL_EXTRA)
        return SAPA_ECORRUPT;
    return sapa_unseal_chunk(key, sealed, context, context_size, sealed + NONCE, size - NONCE, ret_plain);
}

/* "sapa key" and the id, so that a wrapped key cannot pass for another person's or for sealed text. */
static void wrap_context(uint64_t id, uint8_t context[16])
{
    memcpy(context, "sapa key", 8);
    for (int i = 0; i < 8; i++)
        context[8 + i] = (uint8_t)(id >> (8 * i));
}

void sapa_key_wrap(const struct sapa_key *master, uint64_t id, const struct sapa_key *key,
                   uint8_t ret_wrapped[SAPA_WRAPPED_KEY_SIZE])
{
    uint8_t context[16];

    wrap_context(id, context);
    sapa_seal(master, context, sizeof(context), key->bytes, sizeof(key->bytes), ret_wrapped);
}

sapa_rc sapa_key_unwrap(const struct sapa_key *master, uint64_t id, const uint8_t wrapped[SAPA_WRAPPED_KEY_SIZE],
                        struct sapa_key *ret_key)
{
    uint8_t context[16];

    wrap_context(id, context);
    return sapa_unseal(master, context, sizeof(context), wrapped, SAPA_WRAPPED_KEY_SIZE, ret_key->bytes);
}

void sapa_key_derive(const struct sapa_key *key, const char *purpose, struct sapa_key *ret_key)
{
    sapa_hmac_sha256(key->bytes, sizeof(key->bytes), purpose, strlen(purpose), ret_key->bytes);
}
