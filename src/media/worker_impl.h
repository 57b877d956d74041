/**
 * @file media/worker_impl.h
 * Inside a packet thread: legs, and what its files do for each other.
 *
 *   worker.c     the thread: waiting, the wheel of those who send by the clock, the sweep
 *   worker_ops.c messages from control
 *   leg.c        packets in, latching, relay
 *   pace.c       packets by the clock: announcements, music, DTMF
 *   party.c      decoding and encoding of a leg
 *   mix.c        conversations that are decoded: conferences, and two who have no codec in common
 *   quality.c    RTCP, statistics, alarms
 *   web.c        legs of WebRTC: the shared port, ICE, DTLS, their keys
 * Room    media.   Thread  the worker's.
 */
#ifndef SAPA_MEDIA_WORKER_IMPL_H
#define SAPA_MEDIA_WORKER_IMPL_H

#include "base/table.h"
#include "ice/lite.h"
#include "media/level.h"
#include "media/playout.h"
#include "media/recorder.h"
#include "media/resample.h"
#include "media/score.h"
#include "media/worker.h"
#include "rt/dtls.h"
#include "rt/udp_batch.h"
#include "rtp/stats.h"

enum {
    WHEEL_SLOTS = 64, /* of 1 ms */
    PACKET_MAX = 1500,
    CNAME_SIZE = 16,
    MIX_MS = 20,
    MIX_SLOTS = MIX_MS,       /* mixes take turns: each slot is a millisecond */
    MIX_LEGS_MAX = 64,
    BEEP_MS = 200,
    WEB_ADDRS_MAX = 4,        /* addresses of a leg that have proved themselves */
    WEB_NAMES_MAX = 4,        /* user fragments of a leg: that in use, and restarts that nobody followed */
    WEB_BATCH = 32,           /* datagrams of a shared port a system call, either way */
    WEB_HANDSHAKES_MAX = 64   /* datagrams of DTLS that wait for their turn */
};

/** Digits on their way to the peer. */
struct sapa_dtmf_out {
    char digits[64];      /* ring */
    uint8_t head, count;
    bool started;         /* the first of them sounds */
    bool inband;          /* as a tone */
    uint8_t ends;         /* end packets sent */
    uint16_t length_ms;   /* of each */
    uint16_t elapsed_ms;  /* of the first, pause after it included */
    uint32_t timestamp;   /* of its event */
};

/** What a leg has that is decoded: always with a codec beside G.711, else while it is in a mix that runs. */
struct sapa_party {
    uint8_t codec;
    uint32_t rate;                   /* of the codec's samples */
    struct sapa_playout *in;
    struct sapa_encoder *out;
    struct sapa_resampler in_rate, out_rate, over_rate, record_rate;
    struct sapa_level level;
    struct sapa_limiter limiter;
    bool has;                        /* something in `frame` */
    bool speaks;
    bool apart;                      /* `frame` is not of the sum: secret, held, muted */
    uint16_t quiet;                  /* frames of nothing that were to be sent */
    uint32_t record_timestamp;       /* of `record`, 8 kHz */
    uint32_t ear_timestamp;          /* decoding without a mix: what is expected next; codec's clock */
    bool ear_on;
    int16_t frame[SAPA_CODER_FRAME]; /* of this tick, at the mix's rate */
};

struct sapa_mix {
    uint64_t id;                     /* 0: two of a bridge who have no codec in common */
    uint64_t contact;
    struct sapa_leg *legs;           /* by mix_next */
    uint32_t count;
    uint32_t rate;                   /* 8000, or 16000 where two or more can hear it */
    bool runs;                       /* in a slot; else its two are relayed */
    uint8_t slot;
    struct sapa_mix *slot_next;
    struct sapa_player *over;        /* everybody hears it */
    uint64_t over_leg;               /* that PLAY named */
    struct sapa_resampler over_rate, record_rate[2];
    struct sapa_limiter record_limiter[2];
    uint32_t record_ssrc, record_timestamp;
    uint32_t index;                  /* in worker->mixes */
    uint64_t speaker;                /* 0: nobody yet */
    int64_t speaker_us;              /* told */
};

/** The UDP port that all WebRTC legs of a thread and a local address share. `fd` may be sent on by any thread. */
struct sapa_web_port {
    int fd;
    struct sapa_addr local;
    struct sapa_worker *home;        /* who reads it; the rest is that thread's alone */
    unsigned out_count;
    struct sapa_packet in[WEB_BATCH], out[WEB_BATCH];
    uint8_t in_bytes[WEB_BATCH][PACKET_MAX + 64], out_bytes[WEB_BATCH][PACKET_MAX + SAPA_SRTP_EXTRA];
};

/** What a leg of WebRTC has more than another. It goes where its leg goes; the port stays. */
struct sapa_web {
    struct sapa_web_port *port;
    struct sapa_dtls_context *context;
    struct sapa_ice ice;
    struct sapa_addr proved[WEB_ADDRS_MAX]; /* may speak: a good check came from there */
    uint8_t proved_next;             /* place of the next */
    bool dtls_client;                /* in the next association */
    bool wants;                      /* as client: an association is to be begun */
    bool awaits;                     /* a fingerprint was said with which nothing is keyed yet */
    bool restart_open;               /* a restart without another fingerprint: the answer may bring one */
    bool connected;                  /* CONNECTED 0 is the last that control heard */
    uint8_t hash;                    /* SAPA_MEDIA_HASH_*; NONE: not known */
    uint8_t fingerprint[SAPA_MEDIA_PRINT_SIZE];
    struct sapa_dtls *dtls;          /* under way, or through a short while ago */
    bool handshaking;                /* under way: in worker->handshaking by handshake_next */
    bool resumes;                    /* … was, in the thread that it comes from */
    struct sapa_leg *handshake_next;
    struct sapa_addr dtls_to;
    int64_t dtls_us;                 /* begun, then through */
    int64_t begun_us;                /* the last one that the peer began; 0: none */
    uint8_t queued;                  /* datagrams in worker->handshakes */
    uint8_t client_random[SAPA_DTLS_RANDOM_SIZE];
    bool has_result;                 /* through, and not known whether it is the right one */
    struct sapa_dtls_result result;
};

/** Where the datagrams of a leg go that come in at a port of this thread: it may be on another by now. */
struct sapa_web_seat {
    uint64_t leg;
    struct sapa_worker *away;        /* NULL: here, or on its way */
    uint64_t names[WEB_NAMES_MAX];   /* its user fragments, the newest first; 0: none */
    uint64_t addrs[WEB_ADDRS_MAX];   /* keys in web_addrs; 0: none */
};

struct sapa_web_name {
    uint64_t key;                    /* user fragment */
    uint64_t leg;
};

struct sapa_web_addr {
    uint64_t key;                    /* hash */
    uint64_t leg;
    int64_t at_us;                   /* of its last good check from there */
    struct sapa_addr addr;
};

struct sapa_leg {
    /* what control said */
    uint64_t id, contact;
    uint32_t generation;
    uint8_t side, codec, dtmf_type, dtmf_receive, direction, ptime_ms;
    bool secret, keys_held;
    uint8_t type_send, type_receive, clock_khz, dtmf_khz;
    bool comfort_noise, opus_fec;
    uint16_t opus_kbps;
    struct sapa_addr local;
    struct sapa_addr signalled;      /* from SDP; unset: nowhere yet */
    uint16_t signalled_rtcp_port;

    /* place in the worker */
    uint32_t index;                  /* in worker->legs */
    uint64_t inventory_mark;         /* of the inventory that has it */
    struct sapa_leg *contact_next;
    struct sapa_leg *other;          /* bridged with */
    int64_t bridged_us;              /* since */
    int64_t talk_us;                 /* of earlier bridges */
    struct sapa_recording_run *recording; /* its audio goes there */
    uint8_t channel;
    struct sapa_party *party;        /* NULL: nothing of it is decoded */
    struct sapa_mix *mix;            /* NULL: none */
    struct sapa_leg *mix_next;
    uint8_t role;                    /* enum sapa_media_role */
    uint64_t whisper_to;
    struct sapa_player *over;        /* heard over the conversation */
    uint16_t beep_ms;                /* left of the tone while recorded */

    /* sockets and the peer */
    int fds[2];                      /* RTP, RTCP; -1 with `web` */
    struct sapa_web *web;            /* NULL: none of WebRTC */
    struct sapa_addr remote;         /* where we send; unset: nowhere yet */
    struct sapa_addr remote_rtcp;
    bool connected;                  /* the kernel filters for `remote` */
    bool latched;                    /* `remote` is a source that we heard */
    uint8_t rank;                    /* how well `remote` agrees with what was signalled */
    int64_t latch_until_us;          /* a better source may still take over */
    int64_t heard_us;                /* last good packet, or when we began to listen */
    bool silent;                     /* SILENT was said */

    /* in */
    struct sapa_rtp_stats stats;
    struct sapa_event_receiver events;
    struct sapa_leg *eventing_next;  /* in worker->eventing */
    bool is_eventing;
    struct sapa_inband *inband;      /* NULL: not listened for */
    int64_t event_us;                /* last telephone-event; keeps its tone in the audio from counting twice */

    /* out */
    struct sapa_srtp *srtp;          /* NULL: plain */
    uint32_t ssrc;
    uint16_t seq;                    /* last sent */
    uint32_t timestamp;              /* last sent */
    int64_t sent_us;                 /* when */
    uint64_t sent;
    uint32_t sent_octets;
    const struct sapa_leg *source;   /* whose packets are relayed now; NULL: the next one begins a new spurt */
    uint32_t source_ssrc;
    uint16_t seq_offset, seq_first;
    uint32_t timestamp_offset;
    struct sapa_player *player;
    uint64_t music_key;              /* the place kept of music that was interrupted */
    uint8_t music_index;
    size_t music_at;
    struct sapa_dtmf_out dtmf;
    bool paced;                      /* on the wheel */
    int64_t pace_us;
    struct sapa_leg *wheel_next, *wheel_prev;

    /* quality */
    uint64_t dropped;
    uint32_t rtt_us, last_sr;
    int64_t last_sr_us;
    int64_t rtcp_us;                 /* next report */
    int64_t slice_us;                /* end of this slice */
    struct sapa_score score;         /* what we hear */
    struct sapa_heard heard;         /* what the peer says it hears of us */
    bool alarm;
    uint32_t bad_ms;
    char cname[CNAME_SIZE];
};

struct sapa_recording_run {
    uint64_t id, contact;
    uint32_t index;                  /* in worker->recordings */
    bool ended;                      /* only the writer has to take the rest */
    bool paused;
    struct sapa_leg *sources[2];
    struct sapa_mix *mixes[2];       /* that give a channel instead */
    uint32_t beep_s;                 /* 0: none */
    int64_t beep_us;                 /* next */
    struct sapa_recorder recorder;
};

struct sapa_contact_row {
    uint64_t contact;
    struct sapa_leg *legs;
    struct sapa_recording_run *recording;
};

struct sapa_id_row {
    uint64_t id;
    void *what;
};

struct sapa_worker {
    struct sapa_worker_options options;
    struct sapa_thread *thread;
    struct sapa_mailbox *inbox;
    struct sapa_udp_set *set;
    _Atomic(struct sapa_player *) spent;
    int64_t now_us;                  /* of this turn, mono */
    int64_t previous_us;             /* of the turn before */
    bool stopping;
    bool inventory_on;               /* control waits for the rest of it */
    uint32_t inventory_left;         /* legs [0, left) are to be looked at */
    uint64_t inventory_mark;

    struct sapa_table leg_ids, recording_ids, contacts, mix_ids;
    struct sapa_mix **mixes;
    uint32_t mix_count, mix_room, mixes_running;
    struct sapa_mix *mix_slots[MIX_SLOTS];
    int64_t mix_ms;                  /* next slot to look at */
    uint8_t mix_slot;                /* of the next mix */
    struct sapa_leg **legs;
    struct sapa_recording_run **recordings;
    uint32_t leg_count, leg_room, recording_count, recording_room;
    uint32_t bridges;
    struct sapa_leg *leaving;        /* by contact_next: on their way to another thread */
    uint32_t leaving_gone;           /* asked for, and not there any more */

    struct sapa_leg *eventing;       /* a digit goes on there */
    struct sapa_leg *wheel[WHEEL_SLOTS];
    int64_t wheel_ms;                /* next slot to look at */
    uint32_t paced;
    uint64_t sweep_credit, turn_credit; /* microseconds times count, not yet used */
    int64_t trimmed_us; /* the pool of buffers */
    uint32_t sweep_at, turn_at;
    int64_t swept_us;

    struct sapa_table web_names, web_addrs, web_seats;
    struct sapa_web_port *web_ports[SAPA_WORKER_WEB_PORTS_MAX];
    uint64_t web_seed;
    unsigned web_port_count;
    unsigned web_checks;             /* STUN of this turn */
    struct sapa_leg *handshaking;
    unsigned handshaking_count;
    int64_t handshakes_us;           /* when timers are looked at next */
    unsigned handshake_at, handshake_count; /* of the ring */
    struct sapa_worker_web_packet handshakes[WEB_HANDSHAKES_MAX];

    struct sapa_record_pool pool;
    uint64_t packets_in, packets_out, packets_dropped, events_lost;
    uint32_t delays[2][SAPA_WORKER_DELAYS]; /* this half minute and the last */
    uint32_t delay_max_us[2];
    int64_t delays_us;               /* when the halves change */
    uint64_t keys[SAPA_UDP_SET_READY_MAX];
    uint8_t packet[PACKET_MAX + 64];
};

/* worker.c */
/** Tell control; counted as lost when its mailbox is full. */
void sapa_worker_tell(struct sapa_worker *worker, const struct sapa_media_message *message);
void sapa_worker_tell_id(struct sapa_worker *worker, uint32_t type, uint64_t id);
/** Put on the wheel for leg->pace_us, if it is not. */
void sapa_worker_pace(struct sapa_worker *worker, struct sapa_leg *leg);
void sapa_worker_unpace(struct sapa_worker *worker, struct sapa_leg *leg);
void sapa_worker_digit(struct sapa_worker *worker, struct sapa_leg *leg, struct sapa_event_digit digit);

/* worker_ops.c */
void sapa_worker_message(void *ctx, uint32_t type, const void *data, size_t size);
/** One look at a recording: hand over, perhaps end it. May remove it from worker->recordings. */
void sapa_worker_record_turn(struct sapa_worker *worker, struct sapa_recording_run *recording);
void sapa_worker_inventory_turn(struct sapa_worker *worker);
void sapa_worker_close_all(struct sapa_worker *worker);
/** Legs that leave for another thread, as far as control's mailbox takes them. */
void sapa_worker_leave_turn(struct sapa_worker *worker);
/** Whose audio goes into the recording of this contact, anew. */
void sapa_worker_attach_sources(struct sapa_worker *worker, uint64_t contact);
void sapa_worker_error(struct sapa_worker *worker, const struct sapa_media_message *about, sapa_rc rc);
/** Room for one more in an array that doubles. */
SAPA_MUST_CHECK sapa_rc sapa_worker_room(void **array, uint32_t *room, uint32_t count, size_t size);

/* party.c. Allocates: for messages of control only. */
/** What its codec needs; made anew when that changed. Nothing is done for one that has it. */
SAPA_MUST_CHECK sapa_rc sapa_leg_need_party(struct sapa_leg *leg);
void sapa_leg_drop_party(struct sapa_leg *leg);
/** 20 ms at 8 kHz as payload of the leg's codec, G.711 included. */
size_t sapa_leg_encode(struct sapa_leg *leg, const int16_t *linear, uint8_t *ret_payload);
/** Next frame in, at `rate`, into party->frame. */
void sapa_party_hear(struct sapa_party *party, uint32_t rate);
/** `linear`, 20 ms at `rate`, as the next packet of the leg. */
void sapa_party_say(struct sapa_worker *worker, struct sapa_leg *leg, const int16_t *linear, uint32_t rate);
/** `frame`, 20 ms at `rate`, at 8 kHz. */
void sapa_to_narrow(struct sapa_resampler *resampler, const int16_t *frame, uint32_t rate,
                    int16_t ret_narrow[SAPA_CODER_FRAME / 2]);
/** A packet of a leg that is not in a running mix, but recorded or listened to for tones. */
void sapa_leg_ear(struct sapa_worker *worker, struct sapa_leg *leg, const struct sapa_rtp *rtp, const uint8_t *octets);

/* mix.c */
void sapa_mix_turn(struct sapa_worker *worker);
SAPA_MUST_CHECK sapa_rc sapa_mix_join(struct sapa_worker *worker, struct sapa_leg *leg,
                                      const struct sapa_media_message *message);
/** Out of its mix, told by control or not. Nothing is done for one that is in none. */
void sapa_mix_leave(struct sapa_worker *worker, struct sapa_leg *leg);
/** After any change at a leg: relay where that will do, a running mix where not. */
SAPA_MUST_CHECK sapa_rc sapa_mix_review(struct sapa_worker *worker, struct sapa_leg *leg);
/** Two who can be relayed. */
bool sapa_leg_fits(const struct sapa_leg *leg, const struct sapa_leg *other);
/** Events of `leg` can go to `out` as they come. */
static inline bool sapa_leg_takes_events(const struct sapa_leg *leg, const struct sapa_leg *out)
{
    return out->dtmf_type && !(leg->mix && leg->mix->runs) && out->dtmf_khz == leg->dtmf_khz;
}
static inline bool sapa_leg_is_mixed(const struct sapa_leg *leg)
{
    return leg->mix && leg->mix->runs;
}
/** The next of the tone while recorded, added to `n` samples at `rate`. */
void sapa_leg_beep(struct sapa_leg *leg, int16_t *frame, size_t n, uint32_t rate);

/* leg.c */
static inline void sapa_leg_prefetch(const struct sapa_leg *leg)
{
    const char *p = (const char *)leg;

    __builtin_prefetch(p + offsetof(struct sapa_leg, codec));
    __builtin_prefetch(p + offsetof(struct sapa_leg, other));
    __builtin_prefetch(p + offsetof(struct sapa_leg, remote));
    __builtin_prefetch(p + offsetof(struct sapa_leg, stats));
    __builtin_prefetch(p + offsetof(struct sapa_leg, stats) + 64);
    __builtin_prefetch(p + offsetof(struct sapa_leg, ssrc));
}
void sapa_leg_on_rtp(struct sapa_worker *worker, struct sapa_leg *leg);
/** What lies in worker->packet, RTP or RTCP, still sealed where the leg is. */
void sapa_leg_on_packet(struct sapa_worker *worker, struct sapa_leg *leg, size_t size, const struct sapa_addr *from);
void sapa_leg_forget_peer(struct sapa_leg *leg);
/** Head and payload out; the caller has set leg->seq and leg->timestamp. `packet` has SAPA_RTP_HEAD bytes of room in front. */
void sapa_leg_send(struct sapa_worker *worker, struct sapa_leg *leg, bool marker, uint8_t type, uint8_t *packet,
                   size_t payload);
bool sapa_leg_can_send(const struct sapa_leg *leg);
/** Timestamp for what begins now, after a pause. */
uint32_t sapa_leg_timestamp_now(const struct sapa_worker *worker, const struct sapa_leg *leg);

/* pace.c */
/** Everything due by the clock on this leg; sets the next pace_us. False: nothing more to pace. */
bool sapa_leg_pace(struct sapa_worker *worker, struct sapa_leg *leg);
void sapa_leg_play(struct sapa_worker *worker, struct sapa_leg *leg, struct sapa_player *player);
/** Heard over the conversation, by this leg or (only in a mix that runs) by all of it. */
void sapa_leg_play_over(struct sapa_worker *worker, struct sapa_leg *leg, struct sapa_player *player, bool all);
/** Adds the next 20 ms at 8 kHz; false: it has ended, which was said. */
bool sapa_player_add(struct sapa_worker *worker, const struct sapa_leg *leg, struct sapa_player *player,
                     int16_t ret_linear[SAPA_CODER_FRAME / 2]);
void sapa_player_spend(struct sapa_worker *worker, struct sapa_player *player);
/** Ends without a word. */
void sapa_leg_stop(struct sapa_worker *worker, struct sapa_leg *leg);
/** What does not fit any more is dropped. */
void sapa_leg_queue_dtmf(struct sapa_worker *worker, struct sapa_leg *leg, const char *digits, uint16_t length_ms);
/** A frame of silence now and then keeps firewalls and patience open. */
void sapa_leg_comfort(struct sapa_worker *worker, struct sapa_leg *leg);

/* web.c */
/** A shared port has something to read. Returns datagrams taken. */
unsigned sapa_web_take(struct sapa_worker *worker, struct sapa_web_port *port);
/** A datagram for this leg, from wherever it came in. */
void sapa_web_on_datagram(struct sapa_worker *worker, struct sapa_leg *leg, const uint8_t *bytes, size_t size,
                          const struct sapa_addr *from);
/** A sealed packet to the selected address, with the others of this turn. Returns `size`, or 0. */
size_t sapa_web_send(struct sapa_worker *worker, struct sapa_leg *leg, const uint8_t *packet, size_t size);
/** Handshakes as far as a turn has time for them, their timers; then what waits to be sent. */
void sapa_web_turn(struct sapa_worker *worker);
void sapa_web_flush(struct sapa_worker *worker);
void sapa_web_set(struct sapa_worker *worker, struct sapa_leg *leg, const struct sapa_media_message *message);
/** Once a second: consent, associations that are over. */
void sapa_web_check(struct sapa_worker *worker, struct sapa_leg *leg);
/** The leg comes to this thread, or leaves it. */
void sapa_web_enter(struct sapa_worker *worker, struct sapa_leg *leg);
void sapa_web_leave(struct sapa_worker *worker, struct sapa_leg *leg);
void sapa_web_free(struct sapa_web *web); /* NULL is fine */
/** SAPA_WORKER_WEB_*. */
void sapa_web_message(struct sapa_worker *worker, uint32_t type, const void *data, size_t size);
void sapa_web_inventory(const struct sapa_leg *leg, struct sapa_media_message *message);

/* quality.c */
void sapa_leg_on_rtcp(struct sapa_worker *worker, struct sapa_leg *leg, const uint8_t *packet, size_t size,
                      const struct sapa_addr *from);
void sapa_leg_rtcp(struct sapa_worker *worker, struct sapa_leg *leg, bool bye);
/** Once a second: reports, slices, alarms, silence. */
void sapa_leg_check(struct sapa_worker *worker, struct sapa_leg *leg);
void sapa_leg_quality(const struct sapa_worker *worker, const struct sapa_leg *leg,
                      struct sapa_media_message *message);

#endif
