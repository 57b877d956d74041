/**
 * @file phone/phone_impl.h
 * What phone.c asks of libphonenumber, in C: a table of functions that the plug-in sapa-phone.so has.
 *
 * The plug-in lies beside the program and is loaded with the first number that needs a plan. Digits are ASCII and
 * NUL-terminated; nothing throws.
 *
 * Room    phone, private.   Thread  any, at once.
 */
#ifndef SAPA_PHONE_PHONE_IMPL_H
#define SAPA_PHONE_PHONE_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { SAPA_PLAN_E164_SIZE = 24, SAPA_PLANS_VERSION = 1 };

/** What the plans say of a number. */
struct sapa_plan_number {
    char e164[SAPA_PLAN_E164_SIZE]; /* without "+" */
    bool valid;                     /* the plan has such a number */
    bool trunk;                     /* of the country that was asked for, and dialled with its trunk prefix */
};

struct sapa_plans {
    uint32_t version; /* SAPA_PLANS_VERSION */
    /** The same answer as sapa_phone_country_known(). */
    bool (*country)(const char *country);
    /** `text` as it would be dialled in `country`; "ZZ" takes numbers with "+" only. False: it is no number. */
    bool (*parse)(const char *text, const char *country, struct sapa_plan_number *ret);
    /** `text` with "+". In the national form when it is of `country`. False: it is no number or does not fit. */
    bool (*show)(const char *text, const char *country, char *buf, size_t size);
    /** enum sapa_phone_type of a number with "+". */
    unsigned (*type)(const char *text);
};

/** What the plug-in exports. */
extern const struct sapa_plans sapa_plans;
/** Its table; NULL when it is not beside the program. Loads it with the first call. */
const struct sapa_plans *sapa_phone_plans(void);

#ifdef __cplusplus
}
#endif

#endif
