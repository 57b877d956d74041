/* Whatever is dialled: no byte is invented, nothing is overrun, digits stay digits. Two letters of country, then the text. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "phone/phone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char buf[SAPA_PHONE_TEXT_MAX + 1], small[9], shown_buf[512], again_buf[SAPA_PHONE_TEXT_MAX + 1];
    struct sapa_text shown;

    if (size < 2)
        return 0;
    const struct sapa_str country = { (const char *)data, 2 }, text = { (const char *)data + 2, size - 2 };
    const struct sapa_str normal = sapa_phone_normal(text, country, buf, sizeof(buf)),
                          cut = sapa_phone_normal(text, country, small, sizeof(small));
    bool digits = true;

    sapa_assert(normal.n < sizeof(buf) && cut.n < sizeof(small));
    sapa_assert(cut.n <= normal.n && memcmp(cut.p, normal.p, cut.n) == 0);
    for (size_t i = 0; i < normal.n; i++)
        digits = digits && normal.p[i] >= '0' && normal.p[i] <= '9';
    if (!digits && text.n < sizeof(buf)) /* a name stays what it is */
        sapa_assert(sapa_str_eq(normal, text));
    if (digits && normal.n > 0 && sapa_phone_type_of(normal) != SAPA_PHONE_UNKNOWN && normal.p[0] != '0') /* E.164: twice is once */
        sapa_assert(sapa_str_eq(sapa_phone_normal(normal, country, again_buf, sizeof(again_buf)), normal));
    sapa_text_init(&shown, shown_buf, sizeof(shown_buf));
    sapa_phone_show(normal, country, &shown);
    (void)sapa_phone_country_known(country);
    return 0;
}
