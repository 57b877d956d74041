/**
 * @file model/media.h
 * What control and the media process say to each other: flat messages, one a datagram, over a
 * local SOCK_SEQPACKET socket (later: another machine).
 *
 * Control speaks first with HELLO (its fencing epoch). Media answers HELLO with its generation
 * (a new one each time the media process starts), then one INVENTORY per living leg and one
 * INVENTORY_END; control adopts or closes each. A message with an older epoch than the highest
 * that media has seen is refused with FENCED. Media never needs control to keep talking, playing
 * and recording what it was told; when control's socket closes it goes on and waits for the next.
 *
 * Every request carries `tag`; a reply repeats it. Requests without a reply of their own are
 * answered only when they fail (ERROR).
 *
 * Ids are chosen by control: leg ids are unique for ever, a contact's legs live on one thread.
 * Room    model: base only.   Thread  any.
 */
#ifndef SAPA_MODEL_MEDIA_H
#define SAPA_MODEL_MEDIA_H

#include "model/codec.h"

/**
 * Said in HELLO by media since 2 (a media process of before says nothing: 0). It outlives control, which may be a newer
 * program: fields are only added, at the end of a message, and a message that ends before them has zeros there.
 *   2  codecs beside G.711, mixes, PLAY over a conversation, the tone while recorded
 *   3  SRTP
 *   4  legs move from one contact to another
 *   5  legs of browsers (WebRTC)
 */
enum {
    SAPA_MEDIA_VERSION = 5, SAPA_MEDIA_VERSION_MIXES = 2, SAPA_MEDIA_VERSION_SRTP = 3, SAPA_MEDIA_VERSION_MOVES = 4,
    SAPA_MEDIA_VERSION_WEBRTC = 5
};

enum sapa_media_op {
    /* control → media */
    SAPA_MEDIA_HELLO = 1,      /* u.hello */
    SAPA_MEDIA_LEG_OPEN,       /* u.leg: allocate a port on `local`; → LEG_OPENED */
    SAPA_MEDIA_LEG_SET,        /* u.leg: remote address, codec, payload types, direction; repeated at each re-INVITE */
    SAPA_MEDIA_LEG_CLOSE,      /* leg; → LEG_CLOSED with its statistics */
    SAPA_MEDIA_BRIDGE,         /* leg, other, of one contact: audio and DTMF both ways; ends what plays on both. With itself: it hears itself */
    SAPA_MEDIA_UNBRIDGE,       /* leg: both fall silent */
    SAPA_MEDIA_PLAY,           /* u.play, `code` enum sapa_media_play_how: → PLAY_DONE unless looped or replaced */
    SAPA_MEDIA_STOP,           /* leg: silence */
    SAPA_MEDIA_SEND_DTMF,      /* u.dtmf: towards the leg, RFC 4733 (in band where it was not negotiated) */
    SAPA_MEDIA_RECORD,         /* u.record: start: a recording of the contact, two channels */
    SAPA_MEDIA_RECORD_PAUSE,   /* recording: what follows is masked (silence of the same length) */
    SAPA_MEDIA_RECORD_RESUME,
    SAPA_MEDIA_RECORD_END,     /* recording; → RECORD_STATE */
    SAPA_MEDIA_STATS,          /* ask: → STATS (whole process) */
    SAPA_MEDIA_SECRET,         /* leg, on in `code`: digits are secret: keep their tones out of recordings and of the other leg */
    SAPA_MEDIA_LIMITS,         /* u.limits: when a line is called bad; of all legs, those that live too */
    SAPA_MEDIA_MIX_JOIN,       /* leg, u.mix: into that mix (made by its first), out of its bridge; again: another role */
    SAPA_MEDIA_MIX_LEAVE,      /* leg: out of its mix, silence */
    SAPA_MEDIA_LEG_MOVE,       /* leg, contact: belongs to that one from now on; out of bridge, mix and what plays, silence */

    /* media → control */
    SAPA_MEDIA_LEG_OPENED = 64,/* u.leg.local: address and port; code: a sapa_rc (< 0) when failed */
    SAPA_MEDIA_LEG_CLOSED,     /* u.quality */
    SAPA_MEDIA_QUALITY,        /* u.quality: an alarm began or ended (code 1 or 0) */
    SAPA_MEDIA_PLAY_DONE,      /* u.play.play; code: 0 played, else a sapa_rc (< 0) */
    SAPA_MEDIA_DIGIT,          /* u.dtmf: one finished digit, however it was sent */
    SAPA_MEDIA_RECORD_STATE,   /* u.record_state */
    SAPA_MEDIA_INVENTORY,      /* u.inventory */
    SAPA_MEDIA_INVENTORY_END,
    SAPA_MEDIA_STATS_REPLY,    /* u.stats */
    SAPA_MEDIA_SILENT,         /* leg: no packet for `code` seconds although it should send */
    SAPA_MEDIA_ERROR,          /* code: a sapa_rc (< 0); `failed` says which op */
    SAPA_MEDIA_FENCED,         /* a newer control is in charge */
    SAPA_MEDIA_SPEAKER,        /* leg: who speaks in the mix u.mix.mix now; at most twice a second */
    SAPA_MEDIA_CONNECTED,      /* leg of a browser; code 0: ICE nominated and SRTP keyed, again with each new association;
                                  SAPA_EDENIED: another certificate than announced; SAPA_ETIMEOUT: consent lost, the leg takes checks again */
};

enum sapa_media_play_how {
    SAPA_MEDIA_PLAY_ALONE = 0, /* instead of whatever the leg would hear */
    SAPA_MEDIA_PLAY_OVER = 1,  /* the leg hears it over its conversation */
    SAPA_MEDIA_PLAY_ALL = 2    /* everybody in the conversation hears it (and nobody is recorded saying it) */
};

/** What one does in a mix. Who speaks never hears himself. */
enum sapa_media_role {
    SAPA_MEDIA_ROLE_PARTY = 0,   /* speaks and hears the parties */
    SAPA_MEDIA_ROLE_LISTEN = 1,  /* hears the parties and whispers, is not heard */
    SAPA_MEDIA_ROLE_WHISPER = 2, /* hears as LISTEN; is heard by `other` alone (0: by all of side AGENT) */
    SAPA_MEDIA_ROLE_HELD = 3,    /* neither; PLAY gives it music while the others go on */
    SAPA_MEDIA_ROLE_MUTED = 4,   /* a party that is not heard for now */
    SAPA_MEDIA_ROLE_COUNT
};

enum { SAPA_MEDIA_PATH_MAX = 200, SAPA_MEDIA_FILES_MAX = 12, SAPA_MEDIA_KEY_SIZE = 32, SAPA_MEDIA_BEEP_S_MIN = 2 };

/* SRTP of a leg: suites of RFC 4568, master key and salt. */
enum { SAPA_MEDIA_SRTP_NONE, SAPA_MEDIA_SRTP_SHA1_80, SAPA_MEDIA_SRTP_SHA1_32 };
enum { SAPA_MEDIA_SRTP_KEY_SIZE = 30 };

/* WebRTC: fragments and passwords of ICE with the NUL behind them, fingerprints of certificates (hash functions of RFC 8122). */
enum { SAPA_MEDIA_UFRAG_SIZE = 9, SAPA_MEDIA_PWD_SIZE = 25, SAPA_MEDIA_PEER_UFRAG_SIZE = 33, SAPA_MEDIA_PRINT_SIZE = 64, SAPA_MEDIA_OWN_PRINT_SIZE = 32 };
enum { SAPA_MEDIA_HASH_NONE, SAPA_MEDIA_HASH_SHA256, SAPA_MEDIA_HASH_SHA384, SAPA_MEDIA_HASH_SHA512 };

enum sapa_direction_bits { SAPA_MEDIA_SEND = 1, SAPA_MEDIA_RECEIVE = 2 }; /* as seen from us */

/** Family 4 or 6, address in network order, port in host order. */
struct sapa_media_address {
    uint8_t family;
    uint8_t address[16];
    uint16_t port;
};

struct sapa_media_message {
    uint16_t op;        /* enum sapa_media_op */
    int16_t code;
    uint16_t failed;    /* with ERROR: the op it answers */
    uint16_t reserved;
    uint32_t tag;
    uint32_t epoch;     /* control's, in its messages */
    uint64_t contact;
    uint64_t leg;
    uint64_t other;     /* second leg of a bridge */
    uint64_t recording;
    union {
        struct { uint32_t epoch; uint64_t generation; uint32_t legs; uint64_t version, codecs; /* of media, since 2: its version, what it can do by place in the table */
                 uint8_t fingerprint[SAPA_MEDIA_OWN_PRINT_SIZE]; /* since 5: SHA-256 of its certificate for DTLS */ } hello;
        struct {
            struct sapa_media_address local;  /* open: the address to bind, port 0; opened: with its port */
            struct sapa_media_address remote; /* set: from SDP; media latches on the real source (symmetric RTP) */
            uint16_t remote_rtcp_port;        /* 0: port + 1 */
            uint8_t codec;                    /* enum sapa_codec of what we send and expect */
            uint8_t dtmf_type;                /* payload type of telephone-event as the peer numbers it, 0: none negotiated */
            uint8_t dtmf_receive;             /* as we numbered it in our offer; 0: the same. Either is recognised */
            uint8_t dtmf_inband;              /* 1: listen for tones in the audio */
            uint8_t keys_held;                /* 1: its telephone events are told, not relayed: control passes on what is no code */
            uint8_t direction;                /* SAPA_MEDIA_SEND | SAPA_MEDIA_RECEIVE */
            uint8_t side;                     /* enum sapa_side: CUSTOMER is channel 0 of recordings, AGENT channel 1 */
            uint8_t ptime_ms;                 /* what we send: 20 by default */
            uint32_t generation;              /* control's dialog generation, comes back in INVENTORY */
            /* since version 2 */
            uint8_t type_send, type_receive;  /* payload types of the codec, 0: its own (not G.711: 96 … 127) */
            uint8_t dtmf_khz;                 /* clock of telephone-event: 8 or 48, 0: 8 */
            uint8_t comfort;                  /* 1: comfort noise (RFC 3389, type 13) was negotiated */
            uint8_t opus_fec;                 /* 1: the peer uses forward error correction: send it */
            uint16_t opus_kbps;               /* most that the peer wants; 0: not said */
            /* since version 3 */
            uint8_t srtp;                     /* SAPA_MEDIA_SRTP_*; NONE: plain */
            uint8_t srtp_send[SAPA_MEDIA_SRTP_KEY_SIZE], srtp_receive[SAPA_MEDIA_SRTP_KEY_SIZE]; /* ours, theirs */
            /* since version 5 */
            uint8_t webrtc;                   /* 1: ICE-lite and DTLS-SRTP on the thread's one shared port */
            uint8_t dtls_client;              /* set: 1: the peer is passive, we begin */
            char ice_ufrag[SAPA_MEDIA_UFRAG_SIZE], ice_pwd[SAPA_MEDIA_PWD_SIZE]; /* ours; another pair is an ICE restart: the old one holds until the new one is nominated */
            char peer_ufrag[SAPA_MEDIA_PEER_UFRAG_SIZE]; /* set: checks are named "ours:theirs"; empty: any */
            uint8_t peer_hash;                /* SAPA_MEDIA_HASH_*; NONE: not known yet */
            uint8_t peer_fingerprint[SAPA_MEDIA_PRINT_SIZE]; /* another one than in use begins a new association */
        } leg;
        struct {
            uint32_t play;                    /* control's number */
            uint8_t loop;                     /* repeat for ever, keeping the place across interruptions */
            uint8_t file_count;
            /* absolute base names: media opens NAME.alaw or NAME.ulaw, raw 8 kHz octets; a file is replaced by rename */
            char files[SAPA_MEDIA_FILES_MAX][SAPA_MEDIA_PATH_MAX];
        } play;
        struct { char digit; uint8_t side; uint16_t length_ms; char digits[32]; } dtmf;
        struct {
            char path[SAPA_MEDIA_PATH_MAX];   /* file to create; its folder exists */
            uint8_t key[SAPA_MEDIA_KEY_SIZE]; /* plain key of this file */
            uint8_t wrapped[96];              /* the same, wrapped: stored in the file's head */
            uint8_t wrapped_size;
            uint8_t kind;                     /* 0 conversation (two channels), 1 voicemail (one) */
            uint32_t max_ms;
            uint16_t beep_s;                  /* since version 2: everybody hears a tone this often; 0: none */
        } record;
        struct {
            uint8_t state;                    /* as in record recording_state */
            uint64_t recorded_ms, masked_ms, bytes;
            uint8_t hash[32];                 /* SHA-256 of the file when ended */
        } record_state;
        struct {
            uint64_t packets, lost, out_of_order, sent;
            uint32_t jitter_us, jitter_max_us, rtt_us;
            uint16_t mos_x100, mos_min_x100;
            uint8_t side;
            uint64_t talk_ms;                 /* time bridged */
            /* what the peer reported that it hears of us; its score 0: nothing */
            uint32_t heard_lost, heard_jitter_us;
            uint16_t heard_mos_x100, heard_mos_min_x100;
            uint8_t heard_fraction;           /* lost of 256, of the last report */
        } quality;
        struct { uint32_t quality_mos_x100, quality_window_ms; } limits; /* 0: as it is */
        struct {
            uint64_t bridged_with;            /* 0: none */
            uint64_t recording;               /* 0: none */
            struct sapa_media_address local;
            uint32_t generation;
            uint32_t play;                    /* what plays, 0: nothing */
            uint8_t side, looping, paused;
            /* since version 2 */
            uint64_t mix;                     /* 0: none */
            uint64_t whisper_to;
            uint8_t role, codec;
            /* since version 5: as in leg */
            uint8_t webrtc, dtls_client;
            char ice_ufrag[SAPA_MEDIA_UFRAG_SIZE], ice_pwd[SAPA_MEDIA_PWD_SIZE];
            uint8_t peer_hash, peer_fingerprint[SAPA_MEDIA_PRINT_SIZE];
            uint8_t connected;
        } inventory;
        struct {
            uint64_t mix;                     /* chosen by control, unique for ever; legs of one contact */
            uint8_t role;                     /* enum sapa_media_role */
        } mix;
        struct {
            uint32_t legs, bridges, recordings, threads;
            uint64_t packets_in, packets_out, packets_dropped, bytes_recorded;
            uint32_t delay_p50_us, delay_p99_us, delay_max_us; /* receive to send, last minute */
        } stats;
    } u;
};

/** Bytes that must be sent for a message of this op (the union is cut to what the op uses). */
size_t sapa_media_message_size(const struct sapa_media_message *message);
/** The same as the oldest program sent it: what is missing behind it counts as zeros. */
size_t sapa_media_message_least(const struct sapa_media_message *message);

#endif
