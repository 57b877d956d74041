/**
 * @file app/channels.h
 * The SIP thread: the voice channel with what it needs around it (prompts, people, look-ups).
 *
 * The centre thread talks to it by one mailbox, it answers into the mailbox of the centre.
 *
 * Room    app.   Thread  functions here are the centre thread's; callbacks say theirs.
 * Design  docs/design/processes.md   Tests  app/channels_test.c
 */
#ifndef SAPA_APP_CHANNELS_H
#define SAPA_APP_CHANNELS_H

#include "channel/voice/voice.h"
#include "rt/socket.h"
#include "rt/mailbox.h"
#include "store/people.h"

struct sapa_channels;
struct sapa_slot;

/* What stands in the centre's mailbox (type of the message). */
enum sapa_inbox {
    SAPA_INBOX_INPUT = 1, /* a struct sapa_record, cut to its size: an input */
    SAPA_INBOX_READY,     /* nothing: calls can be taken */
    SAPA_INBOX_WEB,       /* a question of the web thread (http/web.h) */
    SAPA_INBOX_RECORDING, /* a uint64_t: this recording of an earlier process does not run any more */
};

/** What the channel asks of the store. Called on the SIP thread; must not block for long. */
struct sapa_channels_ports {
    void *ctx;
    /** As in sapa_people_ports, but `client` is the store's number. */
    sapa_rc (*reserve_person)(void *ctx, uint64_t client, struct sapa_str address, struct sapa_person_found *ret);
    /** A fresh key for a recording of this person (0: unknown), plain and wrapped (at most 96 bytes). */
    sapa_rc (*recording_key)(void *ctx, uint64_t person, uint64_t recording, uint8_t ret_key[SAPA_MEDIA_KEY_SIZE],
                             uint8_t ret_wrapped[96], uint8_t *ret_wrapped_size);
    /** A SIP message for a browser's connection (`n` 0: close it). SAPA_ELIMIT: not now. NULL: there are no browsers. */
    sapa_rc (*web_send)(void *ctx, const struct sapa_sip_flow *flow, const char *bytes, size_t n);
    /** As in sapa_voice_callbacks. */
    bool (*session_lives)(void *ctx, uint64_t session);
};

enum { SAPA_CHANNELS_CLIENTS_MAX = 64 };

/** A description and the store's numbers of its clients. */
struct sapa_channels_centre {
    const struct sapa_centre *centre;
    uint64_t clients[SAPA_CHANNELS_CLIENTS_MAX];
};

struct sapa_channels_options {
    const char *data;                     /* folder; borrowed for ever */
    struct sapa_channels_centre centre;
    const struct sapa_channels_ports *ports;
    struct sapa_mailbox *inbox;           /* of the centre */
    const struct sapa_voice_listen *listens;
    size_t listen_count;
    struct sapa_media_address media_advertise;
    const struct sapa_tls_options *tls;   /* as in sapa_voice_options */
    uint8_t offer_key[32]; /* as in sapa_voice_options */
    struct sapa_key pass_key;
    uint32_t epoch;
    unsigned node;
    int cpu;                              /* pin the thread; -1 not */
    struct sapa_slot *reports;            /* where sapa_channels_report() leaves them; NULL: nowhere */
};

/** Open everything and start the thread. Calls are refused until sapa_channels_adopt(). */
SAPA_MUST_CHECK sapa_rc sapa_channels_start(const struct sapa_channels_options *options, struct sapa_channels **ret);
/** The thread ends; what is still put is never looked at. Before those end to whom it speaks (ports). NULL is fine. */
void sapa_channels_halt(struct sapa_channels *channels);
/** Stop and join. Living calls stay as they are, for the next control process. NULL is fine. */
void sapa_channels_stop(struct sapa_channels *channels);

/** A command of the core. @retval SAPA_ELIMIT  not now, the mailbox is full: try again later */
SAPA_MUST_CHECK sapa_rc sapa_channels_command(struct sapa_channels *channels, const struct sapa_record *command);

/** Before sapa_channels_adopt(): one dialog record, one thing the core holds. These wait for room: there may be many. */
SAPA_MUST_CHECK sapa_rc sapa_channels_dialog(struct sapa_channels *channels, const struct sapa_record *dialog);
SAPA_MUST_CHECK sapa_rc sapa_channels_held(struct sapa_channels *channels, const struct sapa_voice_held *held);
/** The address of a living contact, for callbacks that the channel must dial: its contact_arrived record. */
SAPA_MUST_CHECK sapa_rc sapa_channels_contact(struct sapa_channels *channels, const struct sapa_record *arrived);
/** With whom a person talked last, by index of the agent. */
SAPA_MUST_CHECK sapa_rc sapa_channels_talked(struct sapa_channels *channels, uint64_t person, uint32_t agent);
/** Go. */
SAPA_MUST_CHECK sapa_rc sapa_channels_adopt(struct sapa_channels *channels);

/** A new description; the old one must live until the next call. */
SAPA_MUST_CHECK sapa_rc sapa_channels_centre(struct sapa_channels *channels, const struct sapa_channels_centre *centre);
/** A browser's connection, as the web thread counts them. */
struct sapa_channels_web {
    uint32_t conn, generation;
    bool secure;
    struct sapa_addr local, remote;
};
/** A SIP message of a browser; any thread. @retval SAPA_ELIMIT  the mailbox is full */
SAPA_MUST_CHECK sapa_rc sapa_channels_web_receive(struct sapa_channels *channels, const struct sapa_channels_web *from, const char *bytes, size_t n);
/** Its connection is gone; any thread. Waits for room: this must not be lost. */
SAPA_MUST_CHECK sapa_rc sapa_channels_web_closed(struct sapa_channels *channels, const struct sapa_channels_web *from);
/** A session is over, and what was made with it for telephones; any thread. */
SAPA_MUST_CHECK sapa_rc sapa_channels_session_ended(struct sapa_channels *channels, uint64_t session);

/** Let the thread put how it stands into options.reports (app/system.h); any thread. False: it cannot be asked now. */
bool sapa_channels_report(struct sapa_channels *channels);

/** End every call, politely; they are gone a moment later. `why` is static. */
SAPA_MUST_CHECK sapa_rc sapa_channels_end_calls(struct sapa_channels *channels, const char *why);
/** No new calls while on. `why` is static. */
SAPA_MUST_CHECK sapa_rc sapa_channels_refuse(struct sapa_channels *channels, bool on, const char *why);

#endif
