/**
 * @file rt/crypto.h
 * The few primitives that are used: digests (OpenSSL), HMAC, authenticated encryption (libsodium).
 *
 * Room    rt.   Thread  any; sapa_crypto_init() once before the first use (idempotent, any thread).
 * Tests   rt/crypto_test.c (published vectors)
 */
#ifndef SAPA_RT_CRYPTO_H
#define SAPA_RT_CRYPTO_H

#include "base/base.h"

enum {
    SAPA_SHA256_SIZE = 32,
    SAPA_SHA1_SIZE = 20,
    SAPA_MD5_SIZE = 16,
    SAPA_KEY_SIZE = 32,
    SAPA_SEAL_EXTRA = 40,  /* a sealed text is this much longer: 24 nonce + 16 tag */
    SAPA_WRAPPED_KEY_SIZE = SAPA_KEY_SIZE + SAPA_SEAL_EXTRA
};

struct sapa_key {
    uint8_t bytes[SAPA_KEY_SIZE];
};

/** SAPA_EIO when the libraries refuse to start. The functions below call it themselves. */
SAPA_MUST_CHECK sapa_rc sapa_crypto_init(void);

void sapa_sha256(const void *data, size_t size, uint8_t ret_digest[SAPA_SHA256_SIZE]);
/** For RFC 3261 digest authentication only. */
void sapa_md5(const void *data, size_t size, uint8_t ret_digest[SAPA_MD5_SIZE]);
/** RFC 2104 with SHA-256. */
void sapa_hmac_sha256(const void *key, size_t key_size, const void *data, size_t size,
                      uint8_t ret_mac[SAPA_SHA256_SIZE]);

/** RFC 2104 with SHA-1 over two pieces: STUN's MESSAGE-INTEGRITY only. `key_size` is at most 64. */
void sapa_hmac_sha1(const void *key, size_t key_size, const void *first, size_t first_size, const void *second,
                    size_t second_size, uint8_t ret_mac[SAPA_SHA1_SIZE]);

/** SHA-256 in pieces; a plain value, copy it to branch off. */
struct sapa_sha256 {
    _Alignas(16) uint8_t opaque[128];
};
void sapa_sha256_begin(struct sapa_sha256 *sha);
void sapa_sha256_add(struct sapa_sha256 *sha, const void *data, size_t size);
void sapa_sha256_end(struct sapa_sha256 *sha, uint8_t ret_digest[SAPA_SHA256_SIZE]);

/** Lower-case hex with NUL into `buf` (2 * size + 1 bytes); returns it. */
char *sapa_hex(const void *data, size_t size, char *buf);

void sapa_key_random(struct sapa_key *ret_key);
/** Overwrite so that the compiler cannot leave it out. */
void sapa_wipe(void *data, size_t size);
/** Constant time. */
bool sapa_equal_secret(const void *a, const void *b, size_t size);

/**
 * XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha) with a random nonce in front: nonce, ciphertext, tag.
 * @param context      bound but not hidden (client, kind, ids); may be empty
 * @param ret_sealed   size + SAPA_SEAL_EXTRA bytes; may not overlap `plain`
 */
void sapa_seal(const struct sapa_key *key, const void *context, size_t context_size, const void *plain, size_t size,
               uint8_t *ret_sealed);
/**
 * @param ret_plain  size - SAPA_SEAL_EXTRA bytes; untouched on failure
 * @retval SAPA_ECORRUPT  wrong key, wrong context or changed bytes
 */
SAPA_MUST_CHECK sapa_rc sapa_unseal(const struct sapa_key *key, const void *context, size_t context_size,
                                    const uint8_t *sealed, size_t size, uint8_t *ret_plain);
/**
 * The same cipher with a nonce chosen by the caller, for numbered chunks (a nonce must never repeat
 * under one key). Output is size + 16 bytes.
 */
void sapa_seal_chunk(const struct sapa_key *key, const uint8_t nonce[24], const void *context, size_t context_size,
                     const void *plain, size_t size, uint8_t *ret_sealed);
SAPA_MUST_CHECK sapa_rc sapa_unseal_chunk(const struct sapa_key *key, const uint8_t nonce[24], const void *context,
                                          size_t context_size, const uint8_t *sealed, size_t size,
                                          uint8_t *ret_plain);

/** Wrap one key under another, bound to `id` (whose key it is): a wrapped key moved to another row does not open. */
void sapa_key_wrap(const struct sapa_key *master, uint64_t id, const struct sapa_key *key,
                   uint8_t ret_wrapped[SAPA_WRAPPED_KEY_SIZE]);
SAPA_MUST_CHECK sapa_rc sapa_key_unwrap(const struct sapa_key *master, uint64_t id,
                                        const uint8_t wrapped[SAPA_WRAPPED_KEY_SIZE], struct sapa_key *ret_key);
/** A key for one purpose derived from another (HKDF-like: HMAC(key, purpose)). */
void sapa_key_derive(const struct sapa_key *key, const char *purpose, struct sapa_key *ret_key);

#endif
