/*
 * Recordings belong to the contact: one from the first conversation to the contact's end, through
 * hold, pause and a second agent. What the contact does without an agent (a survey, a menu, waiting
 * for the next one) is no conversation: it is masked. Whether there is one follows from the policy of
 * the queue that is connected: at each connect it begins, goes on or ends, so that no recording holds
 * what a policy excludes. A share is drawn from the contact's id, so that a replay records the same ones.
 */
#include "core/core_impl.h"

static bool in_share(uint64_t contact, uint32_t percent)
{
    uint64_t x = contact * UINT64_C(0x9E3779B97F4A7C15);

    x ^= x >> 32;
    x *= UINT64_C(0xD6E8FEB86659FD93);
    return (x >> 40) % 100 < percent;
}

static void begin(struct sapa_core *core, struct core_contact *c)
{
    sapa_assert(!c->recording);
    c->recording = sapa_core_id(core);
    c->recording_on = true;
    c->recording_paused = false;
}

bool sapa_recording_connect(struct sapa_core *core, struct core_contact *c,
                            const struct sapa_queue *q)
{
    const bool wanted =
        q->record == SAPA_RECORD_ALL ||
        (q->record == SAPA_RECORD_SHARE && in_share(c->id, q->record_share_percent));
    /* One that an agent asked for is his queue's: under another policy it is neither owed nor allowed. */
    const bool goes_on =
        c->policy == q->record || (wanted && c->policy != SAPA_RECORD_ON_DEMAND);

    if (c->recording_on && !goes_on)
        sapa_recording_end(core, c);
    c->policy = q->record;
    if (c->recording_on)
        return false;
    c->recording = 0;
    if (wanted)
        begin(core, c);
    return wanted;
}

void sapa_recording_rest(struct sapa_core *core, struct core_contact *c)
{
    if (!c->recording_on || c->recording_paused)
        return;
    c->recording_paused = true;
    EMIT(core, cmd_record, .contact = c->id, .recording = c->recording, .action = 1);
}

void sapa_recording_again(struct sapa_core *core, struct core_contact *c)
{
    if (!c->recording_on || !c->recording_paused || c->policy == SAPA_RECORD_ON_DEMAND)
        return; /* on demand: the next agent demands it himself */
    c->recording_paused = false;
    EMIT(core, cmd_record, .contact = c->id, .recording = c->recording, .action = 2);
}

void sapa_recording_end(struct sapa_core *core, struct core_contact *c)
{
    if (!c->recording_on)
        return;
    sapa_assert(c->recording != 0);
    c->recording_on = c->recording_paused = false;
    EMIT(core, cmd_record, .contact = c->id, .recording = c->recording, .action = 3);
}

/* ESTATE: it is so already; EDENIED: not in this state of the recording, or not by policy. */
sapa_rc sapa_recording_command(struct sapa_core *core, struct core_contact *c, enum sapa_verb verb)
{
    switch (verb) {
    case SAPA_VERB_RECORD_START:
        if (c->recording_on)
            return c->recording_paused ? SAPA_EDENIED : SAPA_ESTATE;
        if (c->policy == SAPA_RECORD_NONE)
            return SAPA_EDENIED;
        c->recording = 0;
        begin(core, c);
        EMIT(core, cmd_record, .contact = c->id, .recording = c->recording);
        return SAPA_OK;
    case SAPA_VERB_RECORD_PAUSE:
    case SAPA_VERB_RECORD_RESUME:
        if (!c->recording_on)
            return SAPA_EDENIED;
        if (c->recording_paused == (verb == SAPA_VERB_RECORD_PAUSE))
            return SAPA_ESTATE;
        c->recording_paused = verb == SAPA_VERB_RECORD_PAUSE;
        EMIT(core, cmd_record, .contact = c->id, .recording = c->recording,
             .action = c->recording_paused ? 1 : 2);
        return SAPA_OK;
    default: return SAPA_EINVAL;
    }
}

void sapa_message_start(struct sapa_core *core, struct core_contact *c, uint32_t queue,
                        uint32_t max_ms)
{
    if (c->message)
        sapa_message_stop(core, c);
    c->message = sapa_core_id(core);
    c->message_us = core->now_us;
    c->message_queue = queue;
    sapa_assert(c->message != 0);
    EMIT(core, cmd_record, .contact = c->id, .recording = c->message, .kind = 1, .max_ms = max_ms);
}

void sapa_message_stop(struct sapa_core *core, struct core_contact *c)
{
    if (!c->message)
        return;
    sapa_assert(core->now_us >= c->message_us);
    EMIT(core, cmd_record, .contact = c->id, .recording = c->message, .action = 3, .kind = 1);
    EMIT(core, voicemail_left, .contact = c->id, .recording = c->message,
         .length_ms = core_ms(core->now_us - c->message_us), .queue = c->message_queue);
    c->message = 0;
}
