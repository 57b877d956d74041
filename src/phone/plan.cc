/* The only C++ of the program: libphonenumber behind a table of functions for C, as the plug-in sapa-phone.so. */
#include "phone/phone_impl.h"

#include <cstdint>
#include <cstring>
#include <string>

#include <phonenumbers/phonenumberutil.h>

#include "phone/phone.h"

using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;

namespace {

bool copy(const std::string &from, char *buf, size_t size)
{
    if (from.size() >= size)
        return false;
    std::memcpy(buf, from.c_str(), from.size() + 1);
    return true;
}

unsigned type_of(PhoneNumberUtil::PhoneNumberType type)
{
    switch (type) {
    case PhoneNumberUtil::FIXED_LINE: return SAPA_PHONE_FIXED;
    case PhoneNumberUtil::MOBILE: return SAPA_PHONE_MOBILE;
    case PhoneNumberUtil::FIXED_LINE_OR_MOBILE: return SAPA_PHONE_FIXED_OR_MOBILE;
    case PhoneNumberUtil::TOLL_FREE: return SAPA_PHONE_TOLL_FREE;
    case PhoneNumberUtil::PREMIUM_RATE: return SAPA_PHONE_PREMIUM;
    case PhoneNumberUtil::SHARED_COST: return SAPA_PHONE_SHARED_COST;
    case PhoneNumberUtil::VOIP: return SAPA_PHONE_VOIP;
    case PhoneNumberUtil::PERSONAL_NUMBER: return SAPA_PHONE_PERSONAL;
    case PhoneNumberUtil::PAGER: return SAPA_PHONE_PAGER;
    case PhoneNumberUtil::UAN: return SAPA_PHONE_COMPANY;
    case PhoneNumberUtil::VOICEMAIL: return SAPA_PHONE_VOICEMAIL;
    default: return SAPA_PHONE_UNKNOWN;
    }
}

/* Memory that runs out throws: no number is known then. */

bool know_country(const char *country)
try {
    return PhoneNumberUtil::GetInstance()->GetCountryCodeForRegion(country) != 0;
} catch (...) {
    return false;
}

bool parse(const char *text, const char *country, struct sapa_plan_number *ret)
try {
    const PhoneNumberUtil *plans = PhoneNumberUtil::GetInstance();
    PhoneNumber number;
    std::string e164;

    if (plans->Parse(text, country, &number) != PhoneNumberUtil::NO_PARSING_ERROR)
        return false;
    plans->Format(number, PhoneNumberUtil::E164, &e164);
    if (e164.size() < 2 || e164[0] != '+' || !copy(e164.substr(1), ret->e164, sizeof(ret->e164)))
        return false;
    ret->valid = plans->IsValidNumber(number);
    ret->trunk = false;
    if (text[0] != '+' && number.country_code() == plans->GetCountryCodeForRegion(country)) {
        std::string trunk;
        plans->GetNddPrefixForRegion(country, true, &trunk);
        ret->trunk = !trunk.empty() && std::strncmp(text, trunk.c_str(), trunk.size()) == 0;
        if (!ret->valid && ret->trunk) /* a number that the plan does not know, perhaps yet: the prefix goes all the same */
            return copy(std::to_string(number.country_code()) + (text + trunk.size()), ret->e164, sizeof(ret->e164));
    }
    return true;
} catch (...) {
    return false;
}

bool show(const char *text, const char *country, char *buf, size_t size)
try {
    const PhoneNumberUtil *plans = PhoneNumberUtil::GetInstance();
    PhoneNumber number;
    std::string shown;

    if (plans->Parse(text, "ZZ", &number) != PhoneNumberUtil::NO_PARSING_ERROR || !plans->IsValidNumber(number))
        return false;
    const bool own = number.country_code() == plans->GetCountryCodeForRegion(country);
    plans->Format(number, own ? PhoneNumberUtil::NATIONAL : PhoneNumberUtil::INTERNATIONAL, &shown);
    return copy(shown, buf, size);
} catch (...) {
    return false;
}

unsigned type(const char *text)
try {
    const PhoneNumberUtil *plans = PhoneNumberUtil::GetInstance();
    PhoneNumber number;

    if (plans->Parse(text, "ZZ", &number) != PhoneNumberUtil::NO_PARSING_ERROR)
        return SAPA_PHONE_UNKNOWN;
    return type_of(plans->GetNumberType(number));
} catch (...) {
    return SAPA_PHONE_UNKNOWN;
}

} // namespace

extern "C" __attribute__((visibility("default"))) const struct sapa_plans sapa_plans = { SAPA_PLANS_VERSION, know_country, parse, show, type };
