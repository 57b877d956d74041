/**
 * @file phone/phone.h
 * Telephone numbers by the numbering plan of a country: to E.164, shown to people, and of which kind.
 *
 * The plans are those of libphonenumber, in the plug-in sapa-phone.so beside the program (docs/adr/0021). It is loaded
 * with the first number that needs one: a process that sees none never pays its 8 MB and 10 ms. Without it numbers
 * with "+" or "00" are still understood, national ones stay as they were dialled. Numbers come and go as digits of
 * E.164 without "+", as everywhere in the program.
 *
 * Room    phone: base only. plan.cc, the plug-in, is the one file in C++.   Thread  any, at once.
 * Tests   phone/phone_test.c, phone/phone_fuzz.c
 */
#ifndef SAPA_PHONE_PHONE_H
#define SAPA_PHONE_PHONE_H

#include "base/str.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { SAPA_PHONE_TEXT_MAX = 64 }; /* bytes of a number as it is written; longer ones stay as they are */

/*  X(ID, "name")  */
#define SAPA_PHONE_TYPES(X) \
    X(UNKNOWN, "unknown") X(FIXED, "fixed") X(MOBILE, "mobile") X(FIXED_OR_MOBILE, "fixed or mobile") \
    X(TOLL_FREE, "toll free") X(PREMIUM, "premium") X(SHARED_COST, "shared cost") X(VOIP, "voip") \
    X(PERSONAL, "personal") X(PAGER, "pager") X(COMPANY, "company") X(VOICEMAIL, "voicemail")

enum sapa_phone_type {
#define X(id, text) SAPA_PHONE_##id,
    SAPA_PHONE_TYPES(X)
#undef X
    SAPA_PHONE_TYPE_COUNT
};

/** Is the plug-in there? Does not load it. */
bool sapa_phone_present(void);

/** Is this a country that has a plan? `country`: ISO 3166-1, two capitals ("ID"). Builds no tables. */
bool sapa_phone_country_known(struct sapa_str country);

/**
 * A number as it comes on the wire or from somebody's fingers, as digits of E.164 without "+", in `buf`.
 *
 * Separators go (RFC 3966 5.1.1). "+", the country's own international prefixes and "00" begin an international number; the
 * country's trunk prefix, and a number that its plan knows without one, a national one. Digits that are neither stay
 * as they are: short numbers (below 7 digits, extensions, services) and E.164 without "+", as carriers send it. So do
 * names and codes with other signs, and texts longer than SAPA_PHONE_TEXT_MAX. Do it once, where a number comes in.
 *
 * @param size  of `buf`; cut when it is too small (SAPA_PHONE_TEXT_MAX + 1 never is)
 */
struct sapa_str sapa_phone_normal(struct sapa_str text, struct sapa_str country, char *buf, size_t size);

/** For people: in the national form where it is of `country`, else "+65 6123 4567"; what is no number as it is. */
void sapa_phone_show(struct sapa_str number, struct sapa_str country, struct sapa_text *out);

/** Of a number in E.164 without "+". UNKNOWN: not in any plan. */
enum sapa_phone_type sapa_phone_type_of(struct sapa_str number);
const char *sapa_phone_type_name(unsigned type);

#ifdef __cplusplus
}
#endif

#endif
