#include "rt/crypto.h"

#include <string.h>

#include "rt/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void expect_hex(const void *data, size_t size, const char *hex)
{
    char buf[129];

    assert_string_equal(sapa_hex(data, size, buf), hex);
}

/* FIPS 180-2, RFC 1321, RFC 4231 case 2. */
static void digests_match_their_vectors(void **state)
{
    uint8_t digest[32];
    struct sapa_sha256 sha, branch;

    (void)state;
    sapa_sha256("abc", 3, digest);
    expect_hex(digest, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    sapa_sha256(NULL, 0, digest);
    expect_hex(digest, 32, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    sapa_sha256_begin(&sha);
    sapa_sha256_add(&sha, "a", 1);
    branch = sha;
    sapa_sha256_add(&sha, "bc", 2);
    sapa_sha256_end(&sha, digest);
    expect_hex(digest, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    sapa_sha256_end(&branch, digest);
    expect_hex(digest, 32, "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb");
    sapa_md5("message digest", 14, digest);
    expect_hex(digest, 16, "f96b697d7cb7938d525a2f31aaf161d0");
    sapa_hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, digest);
    expect_hex(digest, 32, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    static const char asked[] = "what do ya want for nothing?";
    for (size_t cut = 0; cut <= 28; cut += 7) { /* RFC 2202, in two pieces */
        sapa_hmac_sha1("Jefe", 4, asked, cut, &asked[cut], 28 - cut, digest);
        expect_hex(digest, 20, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
    }
}

static void sealed_text_opens_only_unchanged(void **state)
{
    struct sapa_key key, other;
    uint8_t sealed[5 + SAPA_SEAL_EXTRA], plain[5];

    (void)state;
    sapa_key_random(&key);
    sapa_key_random(&other);
    sapa_seal(&key, "ctx", 3, "hello", 5, sealed);
    assert_int_equal(sapa_unseal(&key, "ctx", 3, sealed, sizeof(sealed), plain), SAPA_OK);
    assert_memory_equal(plain, "hello", 5);
    assert_int_equal(sapa_unseal(&other, "ctx", 3, sealed, sizeof(sealed), plain), SAPA_ECORRUPT);
    assert_int_equal(sapa_unseal(&key, "ctX", 3, sealed, sizeof(sealed), plain), SAPA_ECORRUPT);
    for (size_t n = 0; n < sizeof(sealed); n++)
        assert_int_equal(sapa_unseal(&key, "ctx", 3, sealed, n, plain), SAPA_ECORRUPT);
    for (size_t i = 0; i < sizeof(sealed); i++) {
        sealed[i] ^= 1;
        assert_int_equal(sapa_unseal(&key, "ctx", 3, sealed, sizeof(sealed), plain), SAPA_ECORRUPT);
        sealed[i] ^= 1;
    }
    uint8_t again[sizeof(sealed)];
    sapa_seal(&key, "ctx", 3, "hello", 5, again);
    assert_memory_not_equal(again, sealed, sizeof(sealed));
}

/* draft-irtf-cfrg-xchacha-03, appendix A.3.1: the tag proves key schedule, nonce and order of inputs. */
static void chunk_matches_the_draft(void **state)
{
    static const char text[] = "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the "
                               "future, sunscreen would be it.";
    static const uint8_t aad[12] = { 0x50, 0x51, 0x52, 0x53, 0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7 };
    struct sapa_key key;
    uint8_t nonce[24], sealed[114 + 16], plain[114];

    (void)state;
    for (int i = 0; i < 32; i++)
        key.bytes[i] = (uint8_t)(0x80 + i);
    for (int i = 0; i < 24; i++)
        nonce[i] = (uint8_t)(0x40 + i);
    sapa_seal_chunk(&key, nonce, aad, sizeof(aad), text, 114, sealed);
    expect_hex(sealed, 16, "bd6d179d3e83d43b9576579493c0e939");
    expect_hex(sealed + 114, 16, "c0875924c1c7987947deafd8780acf49");
    assert_int_equal(sapa_unseal_chunk(&key, nonce, aad, sizeof(aad), sealed, sizeof(sealed), plain), SAPA_OK);
    assert_memory_equal(plain, text, 114);
}

static void wrapped_key_belongs_to_one_id(void **state)
{
    struct sapa_key master, key, back = { { 0 } }, derived[2];
    uint8_t wrapped[SAPA_WRAPPED_KEY_SIZE];

    (void)state;
    sapa_key_random(&master);
    sapa_key_random(&key);
    sapa_key_wrap(&master, 17, &key, wrapped);
    assert_int_equal(sapa_key_unwrap(&master, 18, wrapped, &back), SAPA_ECORRUPT);
    assert_int_equal(sapa_key_unwrap(&master, 17, wrapped, &back), SAPA_OK);
    assert_true(sapa_equal_secret(&key, &back, sizeof(key)));
    sapa_key_derive(&master, "one", &derived[0]);
    sapa_key_derive(&master, "two", &derived[1]);
    assert_false(sapa_equal_secret(&derived[0], &derived[1], sizeof(key)));
    sapa_wipe(&key, sizeof(key));
    expect_hex(key.bytes, 32, "0000000000000000000000000000000000000000000000000000000000000000");
}

static void random_text_uses_the_whole_alphabet(void **state)
{
    char buf[5001];
    int count[128] = { 0 };

    (void)state;
    sapa_random_text(buf, 5000);
    assert_int_equal(strlen(buf), 5000);
    for (int i = 0; i < 5000; i++)
        count[(unsigned char)buf[i] & 127]++;
    int kinds = 0;
    for (int c = 0; c < 128; c++) {
        kinds += count[c] > 0;
        assert_true(count[c] == 0 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z'));
    }
    assert_int_equal(kinds, 36);
    assert_true(sapa_random_u64() != sapa_random_u64());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests_match_their_vectors),
        cmocka_unit_test(sealed_text_opens_only_unchanged),
        cmocka_unit_test(chunk_matches_the_draft),
        cmocka_unit_test(wrapped_key_belongs_to_one_id),
        cmocka_unit_test(random_text_uses_the_whole_alphabet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
