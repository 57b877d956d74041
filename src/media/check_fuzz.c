/* A datagram on the control socket. What passes holds to every bound that the rest of the room relies on. */
#include <string.h>

#include "media/check.h"
#include "rtp/telephone_event.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sapa_media_message message, again;

    if (sapa_media_check(data, size, &message))
        return 0;
    const size_t needed = sapa_media_message_size(&message);
    sapa_assert(needed <= sizeof(message));
    if (message.op == SAPA_MEDIA_PLAY) {
        sapa_assert(message.u.play.file_count >= 1 && message.u.play.file_count <= SAPA_MEDIA_FILES_MAX);
        for (unsigned i = 0; i < message.u.play.file_count; i++)
            sapa_assert(strnlen(message.u.play.files[i], SAPA_MEDIA_PATH_MAX) < SAPA_MEDIA_PATH_MAX);
    } else if (message.op == SAPA_MEDIA_SEND_DTMF) {
        for (const char *digit = message.u.dtmf.digits; *digit; digit++)
            sapa_assert(sapa_event_of(*digit) >= 0);
    } else if (message.op == SAPA_MEDIA_RECORD) {
        sapa_assert(message.u.record.path[0] == '/' && !strstr(message.u.record.path, "/../"));
        sapa_assert(message.u.record.wrapped_size <= sizeof(message.u.record.wrapped));
    } else if (message.op == SAPA_MEDIA_LEG_SET || message.op == SAPA_MEDIA_LEG_OPEN) {
        sapa_assert(message.u.leg.ptime_ms >= 10 && message.u.leg.ptime_ms <= 60);
        if (message.u.leg.webrtc) {
            sapa_assert(!message.u.leg.ice_ufrag[SAPA_MEDIA_UFRAG_SIZE - 1] && !message.u.leg.ice_pwd[SAPA_MEDIA_PWD_SIZE - 1]);
            sapa_assert(!message.u.leg.peer_ufrag[SAPA_MEDIA_PEER_UFRAG_SIZE - 1]);
            sapa_assert(message.op == SAPA_MEDIA_LEG_SET || strlen(message.u.leg.ice_pwd) >= 22);
        }
    }
    /* What was accepted is accepted again, unchanged. */
    const sapa_rc rc = sapa_media_check(&message, needed, &again);
    sapa_assert(rc == SAPA_OK);
    sapa_assert(memcmp(&message, &again, needed) == 0);
    return 0;
}
