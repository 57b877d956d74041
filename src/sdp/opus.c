#include "sdp/opus.h"

static bool number(struct sapa_str text, uint32_t least, uint32_t most, uint32_t *ret)
{
    uint64_t value;

    if (sapa_str_u64(text, most, &value) != SAPA_OK || value < least)
        return false;
    *ret = (uint32_t)value;
    return true;
}

static bool is_on(struct sapa_str text)
{
    return sapa_str_eq(text, SAPA_STR("1"));
}

struct sapa_sdp_opus sapa_sdp_opus_parse(struct sapa_str fmtp)
{
    struct sapa_sdp_opus opus = { .max_playback_hz = 48000 };

    while (fmtp.n > 0) {
        struct sapa_str value, one = sapa_str_cut(fmtp, ';', &fmtp);
        const struct sapa_str name = sapa_str_trim(sapa_str_cut(one, '=', &value));
        value = sapa_str_trim(value);
        if (sapa_str_ieq(name, SAPA_STR("maxplaybackrate")))
            (void)number(value, 8000, 48000, &opus.max_playback_hz);
        else if (sapa_str_ieq(name, SAPA_STR("maxaveragebitrate")))
            (void)number(value, 6000, 510000, &opus.max_average_bps);
        else if (sapa_str_ieq(name, SAPA_STR("useinbandfec")))
            opus.fec = is_on(value);
        else if (sapa_str_ieq(name, SAPA_STR("usedtx")))
            opus.dtx = is_on(value);
        else if (sapa_str_ieq(name, SAPA_STR("cbr")))
            opus.cbr = is_on(value);
        else if (sapa_str_ieq(name, SAPA_STR("stereo")))
            opus.stereo = is_on(value);
    }
    return opus;
}
