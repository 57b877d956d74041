/**
 * @file rt/pass.h
 * Short-lived names and their passwords, derived from one key, so that nothing of them need be stored: of telephones in
 * browsers, and of TURN servers (the scheme of draft-uberti-behave-turn-rest).
 *
 * A name says what it is for and until when; its password is a MAC of the name. Whoever holds the key can make and check
 * both, over restarts too; a name that was changed has another password.
 *
 * Room    rt: base only.   Thread  any (pure).   Tests  rt/pass_test.c
 */
#ifndef SAPA_RT_PASS_H
#define SAPA_RT_PASS_H

#include "base/str.h"
#include "rt/crypto.h"

enum {
    SAPA_PASS_USER_SIZE = 144,    /* with the NUL */
    SAPA_PASS_PASSWORD_SIZE = 33,
    SAPA_PASS_SUBJECT_MAX = 64,
    SAPA_PASS_TURN_SIZE = 29,     /* base64 of an HMAC-SHA-1, with the NUL */
};

enum sapa_pass_kind { SAPA_PASS_AGENT = 'a', SAPA_PASS_GUEST = 'g' };

struct sapa_pass {
    char kind;              /* enum sapa_pass_kind */
    int64_t expires_s;      /* UTC */
    uint64_t session;       /* that it ends with; 0: none */
    uint64_t serial;        /* random: no two are the same */
    struct sapa_str subject; /* AGENT: key of the agent; GUEST: the number that may be called. Letters, digits, ".", "_", "+", "-" */
};

/** @retval SAPA_EINVAL  the subject has other characters, none, or more than SAPA_PASS_SUBJECT_MAX */
SAPA_MUST_CHECK sapa_rc sapa_pass_user(const struct sapa_pass *pass, char ret_user[SAPA_PASS_USER_SIZE]);
/** The subject is borrowed from `user`. Says nothing about the password. @retval SAPA_EINVAL  no such name */
SAPA_MUST_CHECK sapa_rc sapa_pass_read(struct sapa_str user, struct sapa_pass *ret_pass);
void sapa_pass_password(const struct sapa_key *key, struct sapa_str user, char ret_password[SAPA_PASS_PASSWORD_SIZE]);

/** What proves to the API that one is the caller of this contact (the guest's page gets it with the answer). No name of a telephone. */
void sapa_pass_place(const struct sapa_key *key, uint64_t contact, char ret_proof[SAPA_PASS_PASSWORD_SIZE]);

/** Name "EXPIRES:NAME" (NUL behind it, cut at `size`) and its password for a TURN server that knows `secret`. */
void sapa_pass_turn(struct sapa_str secret, int64_t expires_s, struct sapa_str name, char *ret_user, size_t size,
                    char ret_password[SAPA_PASS_TURN_SIZE]);

#endif
