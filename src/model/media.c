#include "model/media.h"

size_t sapa_media_message_least(const struct sapa_media_message *message)
{
    switch ((enum sapa_media_op)message->op) { /* as version 1 sent them */
    case SAPA_MEDIA_HELLO: return offsetof(struct sapa_media_message, u.hello.version);
    case SAPA_MEDIA_LEG_OPEN:
    case SAPA_MEDIA_LEG_SET:
    case SAPA_MEDIA_LEG_OPENED: return offsetof(struct sapa_media_message, u.leg.type_send);
    case SAPA_MEDIA_RECORD: return offsetof(struct sapa_media_message, u.record.beep_s);
    case SAPA_MEDIA_INVENTORY: return offsetof(struct sapa_media_message, u.inventory.mix);
    default: return sapa_media_message_size(message);
    }
}

size_t sapa_media_message_size(const struct sapa_media_message *message)
{
    const size_t head = offsetof(struct sapa_media_message, u);

    switch ((enum sapa_media_op)message->op) {
    case SAPA_MEDIA_HELLO: return head + sizeof(message->u.hello);
    case SAPA_MEDIA_LEG_OPEN:
    case SAPA_MEDIA_LEG_SET:
    case SAPA_MEDIA_LEG_OPENED: return head + sizeof(message->u.leg);
    case SAPA_MEDIA_PLAY: {
        const size_t count = SAPA_MIN(message->u.play.file_count, SAPA_MEDIA_FILES_MAX);
        return offsetof(struct sapa_media_message, u.play.files) + count * SAPA_MEDIA_PATH_MAX;
    }
    case SAPA_MEDIA_PLAY_DONE: return offsetof(struct sapa_media_message, u.play.files);
    case SAPA_MEDIA_SEND_DTMF:
    case SAPA_MEDIA_DIGIT: return head + sizeof(message->u.dtmf);
    case SAPA_MEDIA_RECORD: return head + sizeof(message->u.record);
    case SAPA_MEDIA_RECORD_STATE: return head + sizeof(message->u.record_state);
    case SAPA_MEDIA_LEG_CLOSED:
    case SAPA_MEDIA_QUALITY: return head + sizeof(message->u.quality);
    case SAPA_MEDIA_LIMITS: return head + sizeof(message->u.limits);
    case SAPA_MEDIA_INVENTORY: return head + sizeof(message->u.inventory);
    case SAPA_MEDIA_MIX_JOIN:
    case SAPA_MEDIA_SPEAKER: return head + sizeof(message->u.mix);
    case SAPA_MEDIA_STATS_REPLY: return head + sizeof(message->u.stats);
    default: return head;
    }
}
