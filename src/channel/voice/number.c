#include "channel/voice/voice_impl.h"

/*
 * Telephone numbers as they come on the wire, brought to one form: digits of E.164 without "+". Visual
 * separators (RFC 3966 5.1.1) go, "00" is the international prefix, a single leading 0 the national one.
 * Short numbers (extensions, 3-digit services) and names stay as they are.
 */
struct sapa_str sapa_voice_number_normal(struct sapa_str text, const char *country, char *buf, size_t size)
{
    struct sapa_text out;
    bool plus = false;
    size_t digits = 0;
    sapa_text_init(&out, buf, size);
    for (size_t i = 0; i < text.n; i++) {
        const char c = text.p[i];
        if (c == '+' && i == 0) {
            plus = true;
        } else if (c == '-' || c == '.' || c == '(' || c == ')' || c == ' ') {
            continue;
        } else if (c >= '0' && c <= '9') {
            sapa_text_char(&out, c);
            digits++;
        } else { /* a name, a code with * or #: not a number to be changed */
            sapa_text_init(&out, buf, size);
            sapa_text_add(&out, text);
            return sapa_text_str(&out);
        }
    }
    if (plus || digits < 7 || buf[0] != '0')
        return sapa_text_str(&out);
    if (buf[1] == '0')
        return (struct sapa_str){ buf + 2, out.n - 2 };
    const size_t code = country ? strlen(country) : 0;
    if (code == 0 || out.n - 1 + code >= size)
        return sapa_text_str(&out);
    memmove(buf + code, buf + 1, out.n); /* with its NUL */
    memcpy(buf, country, code);
    return (struct sapa_str){ buf, out.n - 1 + code };
}
