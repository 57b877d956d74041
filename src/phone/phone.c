#include "phone/phone.h"

#include <dlfcn.h>
#include <pthread.h>
#include <unistd.h>

#include "phone/phone_impl.h"

enum { NATIONAL_MIN = 7 }; /* digits; shorter ones are extensions and services */

/* ---- the plug-in ---- */

static const struct sapa_plans *loaded;

/* Its place: beside the program. */
static bool plugin_path(char *buf, size_t size)
{
    static const char name[] = "sapa-phone.so";
    const ssize_t n = readlink("/proc/self/exe", buf, size);
    size_t folder = n > 0 ? (size_t)n : 0;

    while (folder > 0 && buf[folder - 1] != '/')
        folder--;
    if (folder == 0 || (size_t)n >= size || folder + sizeof(name) > size)
        return false;
    memcpy(buf + folder, name, sizeof(name));
    return true;
}

static void load(void)
{
    char path[4096];
    void *plugin = plugin_path(path, sizeof(path)) ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
    const struct sapa_plans *plans = plugin ? dlsym(plugin, "sapa_plans") : NULL;

    if (plans && plans->version == SAPA_PLANS_VERSION)
        loaded = plans;
}

const struct sapa_plans *sapa_phone_plans(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, load);
    return loaded;
}

bool sapa_phone_present(void)
{
    char path[4096];

    return plugin_path(path, sizeof(path)) && access(path, R_OK) == 0;
}

static bool parse(const char *text, const char *country, struct sapa_plan_number *ret)
{
    const struct sapa_plans *plans = sapa_phone_plans();

    return plans && plans->parse(text, country, ret);
}

/* ---- numbers ---- */

/* "ID", NUL-terminated; false: no such thing. */
static bool country_text(struct sapa_str country, char text[3])
{
    return country.n == 2 && sapa_str_copy(country, text, 3) && text[0] >= 'A' && text[0] <= 'Z' && text[1] >= 'A' &&
           text[1] <= 'Z';
}

bool sapa_phone_country_known(struct sapa_str country)
{
    static const char known[] =
        "ACADAEAFAGAIALAMAOARASATAUAWAXAZBABBBDBEBFBGBHBIBJBLBMBNBOBQBRBSBTBWBYBZCACCCDCFCGCHCICKCLCMCNCOCRCU"
        "CVCWCXCYCZDEDJDKDMDODZECEEEGEHERESETFIFJFKFMFOFRGAGBGDGEGFGGGHGIGLGMGNGPGQGRGTGUGWGYHKHNHRHTHUIDIEIL"
        "IMINIOIQIRISITJEJMJOJPKEKGKHKIKMKNKPKRKWKYKZLALBLCLILKLRLSLTLULVLYMAMCMDMEMFMGMHMKMLMMMNMOMPMQMRMSMT"
        "MUMVMWMXMYMZNANCNENFNGNINLNONPNRNUNZOMPAPEPFPGPHPKPLPMPRPSPTPWPYQARERORSRURWSASBSCSDSESGSHSISJSKSLSM"
        "SNSOSRSSSTSVSXSYSZTATCTDTGTHTJTKTLTMTNTOTRTTTVTWTZUAUGUSUYUZVAVCVEVGVIVNVUWFWSXKYEYTZAZMZW";

    for (size_t i = 0; country.n == 2 && i + 1 < sizeof(known); i += 2)
        if (country.p[0] == known[i] && country.p[1] == known[i + 1])
            return true;
    return false;
}

static struct sapa_str keep(struct sapa_str s, char *buf, size_t size)
{
    struct sapa_text out;

    sapa_text_init(&out, buf, size);
    sapa_text_add(&out, s);
    return sapa_text_str(&out);
}

/* "+" and digits, or digits, into `plain`; false: it is a name, a code with * or #, or too long. */
static bool digits_of(struct sapa_str text, char plain[SAPA_PHONE_TEXT_MAX + 1], size_t *ret_digits)
{
    size_t n = 0;

    *ret_digits = 0;
    if (text.n > SAPA_PHONE_TEXT_MAX)
        return false;
    for (size_t i = 0; i < text.n; i++) {
        const char c = text.p[i];
        if (c == '-' || c == '.' || c == '(' || c == ')' || c == ' ')
            continue;
        if (!(c >= '0' && c <= '9') && !(c == '+' && i == 0))
            return false;
        *ret_digits += c != '+';
        plain[n++] = c;
    }
    plain[n] = '\0';
    return true;
}

/* With "+": the digits as they stand unless a plan knows better (a trunk prefix that was left in: +62 (0)21 …). */
static struct sapa_str international(const char *plain, char *buf, size_t size)
{
    struct sapa_plan_number number;

    if (parse(plain, "ZZ", &number) && number.valid)
        return keep(sapa_str_of(number.e164), buf, size);
    return keep(sapa_str_of(plain + 1), buf, size);
}

/*
 * Nearly everybody who calls a centre in Indonesia has a mobile telephone there: 8 (not 80), nine to twelve digits in
 * all, behind 62 or 0. What the plan says of these is known without loading it. NULL: ask the plan.
 */
static const char *indonesian_mobile(const char *plain, const char *country, size_t digits)
{
    const bool home = strcmp(country, "ID") == 0;
    const size_t prefix = plain[0] == '+' ? (strncmp(plain, "+62", 3) == 0 ? 3 : 0)
                          : !home         ? 0
                          : plain[0] == '0' ? 1 : strncmp(plain, "62", 2) == 0 ? 2 : 0;
    const size_t rest = digits - (prefix - (plain[0] == '+'));

    return prefix > 0 && plain[prefix] == '8' && plain[prefix + 1] >= '1' && rest >= 9 && rest <= 12 ? plain + prefix : NULL;
}

struct sapa_str sapa_phone_normal(struct sapa_str text, struct sapa_str country, char *buf, size_t size)
{
    char plain[SAPA_PHONE_TEXT_MAX + 2], with_plus[SAPA_PHONE_TEXT_MAX + 3] = "+", where[3];
    struct sapa_plan_number number, foreign;
    size_t digits;

    if (!digits_of(text, plain, &digits))
        return keep(text, buf, size);
    const char *mobile = indonesian_mobile(plain, country_text(country, where) ? where : "", digits);
    if (mobile) {
        struct sapa_text out;
        sapa_text_init(&out, buf, size);
        sapa_text_printf(&out, "62%s", mobile);
        return sapa_text_str(&out);
    }
    if (plain[0] == '+')
        return international(plain, buf, size);
    if (digits < NATIONAL_MIN || !country_text(country, where))
        return keep(sapa_str_of(plain), buf, size);
    const bool parsed = parse(plain, where, &number);
    if (plain[0] == '0' && plain[1] == '0' && !(parsed && number.valid)) { /* understood everywhere */
        memcpy(with_plus + 1, plain + 2, digits - 1); /* with its NUL */
        return international(with_plus, buf, size);
    }
    memcpy(with_plus + 1, plain, digits + 1);
    if (plain[0] != '0' && !(parsed && number.valid && number.trunk) && parse(with_plus, "ZZ", &foreign) && foreign.valid)
        return keep(sapa_str_of(plain), buf, size); /* E.164 without its plus */
    if (parsed && (number.valid || plain[0] == '0'))
        return keep(sapa_str_of(number.e164), buf, size);
    return keep(sapa_str_of(plain), buf, size);
}

void sapa_phone_show(struct sapa_str number, struct sapa_str country, struct sapa_text *out)
{
    char plain[SAPA_PHONE_TEXT_MAX + 2] = "+", shown[2 * SAPA_PHONE_TEXT_MAX], where[3];
    size_t digits;

    const struct sapa_plans *plans;

    if (digits_of(number, plain + 1, &digits) && digits >= NATIONAL_MIN && plain[1] != '+' && (plans = sapa_phone_plans()) &&
        plans->show(plain, country_text(country, where) ? where : "ZZ", shown, sizeof(shown)))
        sapa_text_add(out, sapa_str_of(shown));
    else
        sapa_text_add(out, number);
}

enum sapa_phone_type sapa_phone_type_of(struct sapa_str number)
{
    char plain[SAPA_PHONE_TEXT_MAX + 3] = "+";
    size_t digits;

    const struct sapa_plans *plans;

    if (!digits_of(number, plain + 1, &digits) || plain[1] == '+' || digits < NATIONAL_MIN || !(plans = sapa_phone_plans()))
        return SAPA_PHONE_UNKNOWN;
    return (enum sapa_phone_type)plans->type(plain);
}

const char *sapa_phone_type_name(unsigned type)
{
    static const char *const names[] = {
#define X(id, text) text,
        SAPA_PHONE_TYPES(X)
#undef X
    };

    return type < SAPA_PHONE_TYPE_COUNT ? names[type] : "?";
}
