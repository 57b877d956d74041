/**
 * @file http/totp.h
 * A second factor at login: codes that change every thirty seconds (RFC 6238: HMAC-SHA-1, six digits).
 *
 * Kept of somebody, in the store's settings (`user.totp.KEY`): the secret, sealed with a key of the store; the last step
 * that was used, so that no code counts twice; hashes of ten recovery codes, each good for one login. A new secret is
 * pending until a code of it was seen; the one before holds until then.
 *
 * Room    http.   Thread  any; one writer at a time (the pool of logins has one thread).   Tests   app/totp_test.c
 */
#ifndef SAPA_HTTP_TOTP_H
#define SAPA_HTTP_TOTP_H

#include "store/store.h"

enum {
    SAPA_TOTP_SECRET_SIZE = 20,   /* bytes: that of HMAC-SHA-1, as RFC 4226 recommends */
    SAPA_TOTP_DIGITS = 6,
    SAPA_TOTP_STEP_S = 30,
    SAPA_TOTP_RECOVERY = 10,      /* codes */
    SAPA_TOTP_RECOVERY_SIZE = 13, /* "ABCDE-FGHIJ" and more: 12 characters of base 32 (60 bits), and NUL */
    SAPA_TOTP_TEXT_SIZE = 33,     /* the secret in base 32, and NUL */
    SAPA_TOTP_URI_SIZE = 512,
};

struct sapa_totp_new {
    char secret[SAPA_TOTP_TEXT_SIZE];
    char uri[SAPA_TOTP_URI_SIZE]; /* otpauth://totp/… for a QR code */
    char recovery[SAPA_TOTP_RECOVERY][SAPA_TOTP_RECOVERY_SIZE];
};

/** RFC 6238 4.2 with T0 = 0: the code of a step, as a number of at most `digits` (6 to 8) digits. */
uint32_t sapa_totp_code(const void *secret, size_t size, uint64_t step, unsigned digits);

/** Is a second factor in use? */
bool sapa_totp_is_on(struct sapa_store *store, struct sapa_str user);
/** A new secret, pending. Shown once: what is kept does not tell it. @param issuer  name of the installation */
SAPA_MUST_CHECK sapa_rc sapa_totp_begin(struct sapa_store *store, struct sapa_str user, struct sapa_str issuer, struct sapa_totp_new *ret);
/** @retval SAPA_ESTATE  none is pending   @retval SAPA_EDENIED  the code is not of it */
SAPA_MUST_CHECK sapa_rc sapa_totp_confirm(struct sapa_store *store, struct sapa_str user, struct sapa_str code, int64_t now_s);
/**
 * A code of now, the step before or the one behind it, that was not used yet; or a recovery code, which is used up.
 * @retval SAPA_ENOENT  there is no second factor   @retval SAPA_EDENIED  it is none
 */
SAPA_MUST_CHECK sapa_rc sapa_totp_check(struct sapa_store *store, struct sapa_str user, struct sapa_str code, int64_t now_s);
/** No second factor any more, and none pending. Also when there was none. */
SAPA_MUST_CHECK sapa_rc sapa_totp_clear(struct sapa_store *store, struct sapa_str user);

#endif
