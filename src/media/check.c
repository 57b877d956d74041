#include "media/check.h"

#include <string.h>

#include "rtp/telephone_event.h"

bool sapa_media_path_is_good(const char *path, size_t size, const char *folder)
{
    const size_t n = strnlen(path, size);

    if (n == size || n < 2 || path[0] != '/' || path[n - 1] == '/')
        return false;
    for (size_t i = 0; i < n; i++) {
        const unsigned char c = (unsigned char)path[i];
        if (c < 0x20 || c == 0x7f || (c == '/' && (path[i + 1] == '/' || strncmp(path + i, "/../", 4) == 0)))
            return false;
    }
    if (n >= 3 && strcmp(path + n - 3, "/..") == 0)
        return false;
    if (folder) {
        const size_t folder_size = strlen(folder);
        return n > folder_size + 1 && memcmp(path, folder, folder_size) == 0 && path[folder_size] == '/';
    }
    return true;
}

static bool address_is_good(const struct sapa_media_address *address, bool may_be_none)
{
    if (address->family == 0)
        return may_be_none;
    return address->family == 4 || address->family == 6;
}

static bool type_is_good(uint8_t *type, uint8_t standard)
{
    if (*type == 0)
        *type = standard;
    return *type >= 96 && *type <= 127;
}

/* Characters of ICE (RFC 8445 section 15.4) and a NUL within `room`; at least `least` of them, or none where that may be. */
static bool ice_is_good(const char *text, size_t room, size_t least, bool may_be_none)
{
    const size_t n = strnlen(text, room);

    if (n == room || (n < least && !(n == 0 && may_be_none)))
        return false;
    for (size_t i = 0; i < n; i++) {
        const char c = text[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '/'))
            return false;
    }
    for (size_t i = n; i < room; i++) /* it is compared as it lies */
        if (text[i])
            return false;
    return true;
}

static sapa_rc check_web(struct sapa_media_message *message)
{
    const bool is_open = message->op == SAPA_MEDIA_LEG_OPEN;

    if (message->u.leg.webrtc > 1 || message->u.leg.dtls_client > 1 ||
        message->u.leg.peer_hash > SAPA_MEDIA_HASH_SHA512)
        return SAPA_EINVAL;
    if (!message->u.leg.webrtc)
        return SAPA_OK;
    if (message->u.leg.srtp != SAPA_MEDIA_SRTP_NONE ||
        !ice_is_good(message->u.leg.ice_ufrag, sizeof(message->u.leg.ice_ufrag), 4, !is_open) ||
        !ice_is_good(message->u.leg.ice_pwd, sizeof(message->u.leg.ice_pwd), 22, !is_open) ||
        !message->u.leg.ice_ufrag[0] != !message->u.leg.ice_pwd[0] ||
        !ice_is_good(message->u.leg.peer_ufrag, sizeof(message->u.leg.peer_ufrag), 4, true))
        return SAPA_EINVAL;
    return SAPA_OK;
}

static sapa_rc check_leg(struct sapa_media_message *message)
{
    const bool is_open = message->op == SAPA_MEDIA_LEG_OPEN;

    if (!address_is_good(&message->u.leg.local, !is_open) || !address_is_good(&message->u.leg.remote, true))
        return SAPA_EINVAL;
    const struct sapa_codec_info *codec = sapa_codec_info(message->u.leg.codec);
    if (!codec && message->u.leg.codec != SAPA_CODEC_NONE)
        return SAPA_EINVAL;
    if (!codec || codec->is_static) /* a static type means its codec, whatever was said */
        message->u.leg.type_send = message->u.leg.type_receive = codec ? codec->type : 0;
    else if (!type_is_good(&message->u.leg.type_send, codec->type) ||
             !type_is_good(&message->u.leg.type_receive, codec->type))
        return SAPA_EINVAL;
    if (message->u.leg.dtmf_type != 0 && (message->u.leg.dtmf_type < 96 || message->u.leg.dtmf_type > 127))
        return SAPA_EINVAL;
    if (message->u.leg.dtmf_khz == 0)
        message->u.leg.dtmf_khz = 8;
    if ((message->u.leg.dtmf_khz != 8 && message->u.leg.dtmf_khz != 48) || message->u.leg.comfort > 1 ||
        message->u.leg.opus_fec > 1)
        return SAPA_EINVAL;
    if (message->u.leg.dtmf_receive != 0 &&
        (message->u.leg.dtmf_receive < 96 || message->u.leg.dtmf_receive > 127 || message->u.leg.dtmf_type == 0))
        return SAPA_EINVAL;
    if (message->u.leg.srtp > SAPA_MEDIA_SRTP_SHA1_32 || check_web(message))
        return SAPA_EINVAL;
    if (message->u.leg.dtmf_inband > 1 || message->u.leg.keys_held > 1 || message->u.leg.direction > 3 || message->u.leg.side > 4)
        return SAPA_EINVAL;
    if (message->u.leg.ptime_ms == 0)
        message->u.leg.ptime_ms = 20;
    if (message->u.leg.ptime_ms % 10 != 0 || message->u.leg.ptime_ms > 60)
        return SAPA_EINVAL;
    return SAPA_OK;
}

static sapa_rc check_play(const struct sapa_media_message *message)
{
    if (message->code < SAPA_MEDIA_PLAY_ALONE || message->code > SAPA_MEDIA_PLAY_ALL)
        return SAPA_EINVAL;
    if (message->u.play.file_count == 0 || message->u.play.loop > 1 || message->u.play.play == 0)
        return SAPA_EINVAL;
    for (unsigned i = 0; i < message->u.play.file_count; i++)
        if (!sapa_media_path_is_good(message->u.play.files[i], SAPA_MEDIA_PATH_MAX, NULL))
            return SAPA_EINVAL;
    return SAPA_OK;
}

static sapa_rc check_dtmf(struct sapa_media_message *message)
{
    const size_t n = strnlen(message->u.dtmf.digits, sizeof(message->u.dtmf.digits));

    if (n == sizeof(message->u.dtmf.digits))
        return SAPA_EINVAL;
    if (n == 0) {
        message->u.dtmf.digits[0] = message->u.dtmf.digit;
        message->u.dtmf.digits[1] = 0;
    }
    for (const char *digit = message->u.dtmf.digits; *digit || digit == message->u.dtmf.digits; digit++)
        if (sapa_event_of(*digit) < 0)
            return SAPA_EINVAL;
    if (message->u.dtmf.length_ms == 0)
        message->u.dtmf.length_ms = 100;
    if (message->u.dtmf.length_ms < SAPA_MEDIA_DTMF_MS_MIN || message->u.dtmf.length_ms > SAPA_MEDIA_DTMF_MS_MAX)
        return SAPA_EINVAL;
    return SAPA_OK;
}

static sapa_rc check_record(const struct sapa_media_message *message)
{
    if (message->u.record.wrapped_size > sizeof(message->u.record.wrapped) || message->u.record.kind > 1 ||
        (message->u.record.beep_s != 0 && message->u.record.beep_s < SAPA_MEDIA_BEEP_S_MIN) ||
        !sapa_media_path_is_good(message->u.record.path, SAPA_MEDIA_PATH_MAX, NULL))
        return SAPA_EINVAL;
    return message->contact ? SAPA_OK : SAPA_EINVAL;
}

static sapa_rc check_limits(const struct sapa_media_message *message)
{
    const uint32_t mos = message->u.limits.quality_mos_x100, window_ms = message->u.limits.quality_window_ms;

    return (mos == 0 || (mos >= 100 && mos <= 450)) && window_ms <= SAPA_MEDIA_WINDOW_MS_MAX ? SAPA_OK : SAPA_EINVAL;
}

sapa_rc sapa_media_check(const void *bytes, size_t size, struct sapa_media_message *ret_message)
{
    const size_t head = offsetof(struct sapa_media_message, u);

    memset(ret_message, 0, sizeof(*ret_message));
    if (size < head || size > sizeof(*ret_message))
        return SAPA_EINVAL;
    memcpy(ret_message, bytes, size);
    if (ret_message->op == SAPA_MEDIA_PLAY && (size < offsetof(struct sapa_media_message, u.play.files) ||
                                               ret_message->u.play.file_count > SAPA_MEDIA_FILES_MAX))
        return SAPA_EINVAL;
    if (size < sapa_media_message_least(ret_message))
        return SAPA_EINVAL;
    const size_t needed = sapa_media_message_size(ret_message);
    memset((uint8_t *)ret_message + needed, 0, sizeof(*ret_message) - needed);

    const bool has_leg = ret_message->leg != 0, has_recording = ret_message->recording != 0;
    switch (ret_message->op) {
    case SAPA_MEDIA_HELLO:
        return ret_message->u.hello.epoch ? SAPA_OK : SAPA_EINVAL;
    case SAPA_MEDIA_LEG_OPEN:
        return has_leg && ret_message->contact ? check_leg(ret_message) : SAPA_EINVAL;
    case SAPA_MEDIA_LEG_SET:
        return has_leg ? check_leg(ret_message) : SAPA_EINVAL;
    case SAPA_MEDIA_LEG_CLOSE:
    case SAPA_MEDIA_UNBRIDGE:
    case SAPA_MEDIA_STOP:
    case SAPA_MEDIA_MIX_LEAVE:
        return has_leg ? SAPA_OK : SAPA_EINVAL;
    case SAPA_MEDIA_LEG_MOVE:
        return has_leg && ret_message->contact ? SAPA_OK : SAPA_EINVAL;
    case SAPA_MEDIA_SECRET:
        return has_leg && (ret_message->code == 0 || ret_message->code == 1) ? SAPA_OK : SAPA_EINVAL;
    case SAPA_MEDIA_BRIDGE:
        return has_leg && ret_message->other ? SAPA_OK : SAPA_EINVAL;
    case SAPA_MEDIA_MIX_JOIN:
        return has_leg && ret_message->u.mix.mix && ret_message->u.mix.role < SAPA_MEDIA_ROLE_COUNT &&
                       ret_message->other != ret_message->leg
                   ? SAPA_OK
                   : SAPA_EINVAL;
    case SAPA_MEDIA_PLAY:
        return has_leg ? check_play(ret_message) : SAPA_EINVAL;
    case SAPA_MEDIA_SEND_DTMF:
        return has_leg ? check_dtmf(ret_message) : SAPA_EINVAL;
    case SAPA_MEDIA_RECORD:
        return has_recording ? check_record(ret_message) : SAPA_EINVAL;
    case SAPA_MEDIA_RECORD_PAUSE:
    case SAPA_MEDIA_RECORD_RESUME:
    case SAPA_MEDIA_RECORD_END:
        return has_recording ? SAPA_OK : SAPA_EINVAL;
    case SAPA_MEDIA_STATS:
        return SAPA_OK;
    case SAPA_MEDIA_LIMITS:
        return check_limits(ret_message);
    default:
        return SAPA_EINVAL;
    }
}
