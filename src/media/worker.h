/**
 * @file media/worker.h
 * A packet thread, as the control thread of the media process sees it.
 *
 * A worker owns its legs, bridges and recordings; nobody else touches them. It is told what to do
 * through its mailbox and tells through control's. What costs time (opening sockets, reading sounds,
 * making files, memory) was done by the control thread before the message is put.
 * Room    media.   Design  docs/design/media-path.md   Tests  media/media_process_test.c
 */
#ifndef SAPA_MEDIA_WORKER_H
#define SAPA_MEDIA_WORKER_H

#include "media/inband.h"
#include "media/srtp.h"
#include "media/record_writer.h"
#include "media/sound.h"
#include "rt/socket.h"

struct sapa_worker;
struct sapa_leg;
struct sapa_web_port;
struct sapa_dtls_context;

enum {
    SAPA_WORKER_WEB_PORTS_MAX = 8, /* local addresses of WebRTC a thread */
    SAPA_WORKER_WEB_PACKET_MAX = 1500
};

/** What is played on a leg. Made and freed by the control thread. */
struct sapa_player {
    struct sapa_player *next; /* in the list of spent ones */
    uint32_t play;
    bool loop;
    uint8_t count;
    uint8_t index;            /* of the sound that plays */
    size_t at;                /* octets of it that were played */
    uint64_t key;             /* equal lists of files have equal keys */
    const struct sapa_sound *sounds[SAPA_MEDIA_FILES_MAX];
};

/* control → worker */
enum {
    SAPA_WORKER_OP = 1,      /* struct sapa_media_message, cut to its size */
    SAPA_WORKER_LEG_OPEN,    /* struct sapa_leg * */
    SAPA_WORKER_LEG_SET,     /* struct sapa_worker_set: what the packet thread shall not allocate (each may be NULL), then the message */
    SAPA_WORKER_PLAY,        /* struct sapa_worker_play */
    SAPA_WORKER_RECORD,      /* struct sapa_worker_record */
    SAPA_WORKER_RECORD_DROP, /* uint64_t recording: its file failed */
    SAPA_WORKER_INVENTORY,   /* uint64_t mark: it comes back in INVENTORY_DONE */
    SAPA_WORKER_LEG_MOVE,    /* struct sapa_worker_move */
    SAPA_WORKER_WEB_PORT,    /* struct sapa_web_port *: read it from now on */
    SAPA_WORKER_WEB_NAME,    /* struct sapa_worker_web: a user fragment of a leg whose port this thread reads */
    SAPA_WORKER_WEB_AT,      /* struct sapa_worker_web: such a leg is on that thread now */
    SAPA_WORKER_WEB_GONE,    /* struct sapa_worker_web: such a leg was closed */
    SAPA_WORKER_WEB_LEARN,   /* struct sapa_worker_web, from the thread where it is: its peer is at that address */
    SAPA_WORKER_WEB_PACKET,  /* struct sapa_worker_web_packet, cut, from the thread that reads its port */
    SAPA_WORKER_STOP         /* end recordings, close legs, end the thread */
};

struct sapa_worker_set {
    struct sapa_inband *inband;
    struct sapa_srtp *srtp;
    struct sapa_media_message message; /* cut */
};

struct sapa_worker_play {
    uint64_t leg;
    uint32_t tag;
    uint8_t how; /* enum sapa_media_play_how */
    struct sapa_player *player;
};

struct sapa_worker_record {
    uint64_t recording, contact;
    uint32_t tag;
    uint8_t channels;
    uint16_t beep_s;
    uint64_t frames_max;
    struct sapa_record_file *file;
};

/** A leg goes to another contact; `away`: to another thread, by way of control's (SAPA_CONTROL_LEG_MOVED). */
struct sapa_worker_move {
    uint64_t leg, contact;
    uint32_t tag;
    bool away;
};

/** About a leg of WebRTC, to the thread that reads its port; its datagrams find it by user fragment and address. */
struct sapa_worker_web {
    uint64_t leg, contact;
    uint64_t name;                 /* user fragment as a key */
    struct sapa_worker *at;        /* NULL: the thread itself */
    struct sapa_addr addr;
    uint8_t place;                 /* of the address among the leg's */
    uint16_t op;                   /* that said the name, for an error */
    uint32_t tag;
};

struct sapa_worker_web_packet {
    uint64_t leg;
    struct sapa_addr from;
    uint16_t size;
    uint8_t bytes[SAPA_WORKER_WEB_PACKET_MAX];
};

/* worker → control */
enum {
    SAPA_CONTROL_MESSAGE = 1,    /* struct sapa_media_message, cut: for the one in charge */
    SAPA_CONTROL_LEG_GONE,       /* uint64_t leg */
    SAPA_CONTROL_RECORD_GONE,    /* uint64_t recording */
    SAPA_CONTROL_RECORD_EVENT,   /* struct sapa_record_event, from the writer */
    SAPA_CONTROL_INVENTORY_DONE, /* uint64_t mark */
    SAPA_CONTROL_STATS,          /* struct sapa_worker_stats */
    SAPA_CONTROL_LEG_MOVED,      /* struct sapa_leg *, NULL when it was gone: put it into its next thread */
};

enum { SAPA_WORKER_DELAYS = 96 }; /* buckets of 125 us; the last is "more" */

struct sapa_worker_stats {
    uint32_t tag;
    uint32_t legs, bridges, recordings;
    uint64_t packets_in, packets_out, packets_dropped, events_lost;
    uint32_t delay_max_us;
    uint32_t delays[SAPA_WORKER_DELAYS];
};

struct sapa_worker_options {
    unsigned index;
    int cpu;                       /* -1: anywhere */
    struct sapa_mailbox *events;   /* to control; borrowed */
    struct sapa_record_writer *writer;
    uint32_t quality_mos_x100, quality_window_ms, silent_s, consent_ms;
};

SAPA_MUST_CHECK sapa_rc sapa_worker_new(const struct sapa_worker_options *options, struct sapa_worker **ret_worker);
/** After SAPA_WORKER_STOP was put. Waits for its end. */
void sapa_worker_join(struct sapa_worker *worker);
/** After the writer has ended too (it still gives buffers back). NULL is fine. */
void sapa_worker_free(struct sapa_worker *worker);
/** @retval SAPA_ELIMIT  its mailbox is full */
SAPA_MUST_CHECK sapa_rc sapa_worker_put(struct sapa_worker *worker, uint32_t type, const void *data, size_t size);
/** Players that are not needed any more, chained by `next`. Control's thread. */
struct sapa_player *sapa_worker_spent(struct sapa_worker *worker);

/** A leg on its way to a worker, which closes the sockets and frees it. `fds`: RTP, RTCP. */
SAPA_MUST_CHECK sapa_rc sapa_leg_new(const struct sapa_media_message *open, const int fds[2],
                                     const struct sapa_addr *local, struct sapa_leg **ret_leg);
/**
 * A shared port on `local` (its port is chosen from the range), read by `home` once it got SAPA_WORKER_WEB_PORT, which closes
 * and frees it then.
 * @retval SAPA_ELIMIT  every port is taken
 */
SAPA_MUST_CHECK sapa_rc sapa_web_port_new(const struct sapa_addr *local, const struct sapa_port_range *range,
                                          struct sapa_worker *home, struct sapa_web_port **ret_port);
/** Only while no worker has it. */
void sapa_web_port_free(struct sapa_web_port *port);
const struct sapa_addr *sapa_web_port_local(const struct sapa_web_port *port);
/** A leg of WebRTC; both are borrowed. */
SAPA_MUST_CHECK sapa_rc sapa_leg_new_web(const struct sapa_media_message *open, struct sapa_web_port *port,
                                         struct sapa_dtls_context *context, struct sapa_leg **ret_leg);
/** Only while no worker has it. */
uint64_t sapa_leg_id(const struct sapa_leg *leg);
/** Only while no worker has it. Closes its sockets. */
void sapa_leg_free(struct sapa_leg *leg);

/** Makes what mixes need. Once, before the threads start. */
void sapa_mix_init(void);

struct sapa_addr sapa_addr_of_media(const struct sapa_media_address *address);
struct sapa_media_address sapa_media_of_addr(const struct sapa_addr *addr);

#endif
