/**
 * @file media/media_process.h
 * The media process: audio of all legs, bridges, announcements, music, DTMF and recordings.
 *
 * It serves one control at a time over a SOCK_SEQPACKET socket with the messages of model/media.h
 * and lives on when control dies: what is bridged, played and recorded goes on, and the next control
 * takes the inventory. It sees no database and no customer data.
 *
 * Threads: the caller's (control socket, sound files), `threads` packet threads (the legs of one
 * contact are always on one), one writer (recordings, may block on the disk).
 * Room    media.   Design  docs/design/media-path.md   Tests  media/media_process_test.c
 */
#ifndef SAPA_MEDIA_MEDIA_PROCESS_H
#define SAPA_MEDIA_MEDIA_PROCESS_H

#include "base/base.h"

/** Zeroed fields mean the default that is named here. */
struct sapa_media_options {
    const char *socket_path;   /* listen here (a stale socket file is replaced); NULL with listen_fd */
    int listen_fd;             /* an already listening SOCK_SEQPACKET socket, used when socket_path is NULL;
                                  we close it at the end */
    uint16_t port_min;         /* RTP on even ports, RTCP on the next; 20000 */
    uint16_t port_max;         /* inclusive; 39999 */
    unsigned threads;          /* packet threads; 0 = one per CPU, at most 64 */
    bool pin;                  /* pin packet thread i to CPU cpu_first + i */
    int cpu_first;
    uint32_t legs_max;         /* 20,000; more are refused with ELIMIT */
    uint32_t recordings_max;   /* 10,000 */
    size_t sounds_bytes_max;   /* memory for prompts and music, 64 MiB; least recently played leave first */
    const char *sounds_folder;     /* only files beneath it are played; NULL = any absolute path */
    const char *recordings_folder; /* only files beneath it are written; NULL = any absolute path */
    uint32_t quality_mos_x100;     /* alarm below this; 360. Control may change both */
    uint32_t quality_window_ms;    /* ... for longer than this; 10,000 */
    uint32_t silent_s;             /* SILENT after so many seconds without a packet; 10 */
    uint32_t consent_ms;           /* WebRTC: nothing is sent any more after so long without a check; 30,000 (RFC 7675) */
    const char *codec_plugin;      /* shared object of a codec (media/codec_plugin.h) to load; NULL = none */
    bool handle_signals;       /* SIGTERM and SIGINT end the process politely */
    int beat_fd;               /* > 0: a byte 1 is written here every second, from the first second on; never waits for a reader */
    int ready_fd;              /* > 0: one byte is written here when legs can be opened, then it is closed */
};

/**
 * Runs until sapa_media_stop() or a signal, then ends every recording properly.
 * @return 0, or 1 when it could not start (the reason is logged)
 */
int sapa_media_main(const struct sapa_media_options *options);

/** sapa_media_main() returns soon. Any thread; not before `ready_fd` was written. */
void sapa_media_stop(void);

#endif
