/**
 * @file channel/prompt/prompt.h
 * A prompt reference becomes two ready files for the media process: G.711 A-law and µ-law, 8 kHz.
 *
 * Order of search for a named prompt: <prompts>/<client>/<lang>/<name>.wav, <prompts>/<lang>/<name>.wav,
 * then text-to-speech of `text` (espeak-ng for Indonesian, flite for English, each a worker process
 * without a shell and with a time limit). What was made once lies in the cache under the hash of all that
 * went into it; a second request runs nothing.
 *
 * Room    channel/prompt.   Thread  the loop's; rendering on a pool.
 * Owner   the centre's wiring (app) owns the one struct sapa_prompts.
 * Limits  text 2000 bytes, recording 10 minutes, SAPA_PROMPT_PENDING_MAX requests being rendered.
 * Design  docs/design/prompts.md    Tests  channel/prompt/prompt_test.c, wav_test.c, dsp_test.c
 */
#ifndef SAPA_CHANNEL_PROMPT_PROMPT_H
#define SAPA_CHANNEL_PROMPT_PROMPT_H

#include "base/str.h"
#include "speech/say.h"

enum {
    SAPA_PROMPT_TEXT_MAX = 2000,   /* bytes of UTF-8 to speak */
    SAPA_PROMPT_NAME_MAX = 64,     /* characters of a prompt's or client's name: a-z A-Z 0-9 _ - . */
    SAPA_PROMPT_PATH_MAX = 512,    /* bytes of a path, NUL included */
    SAPA_PROMPT_PENDING_MAX = 256, /* different prompts being rendered at once */
    SAPA_PROMPT_WAITERS_MAX = 4096 /* callers waiting for one of them */
};

enum sapa_prompt_kind {
    SAPA_PROMPT_SPEECH, /* name (recorded) and/or text (spoken where none is recorded) */
    SAPA_PROMPT_MUSIC,  /* music on hold: the recording `name` if given and there, else our own loop */
    SAPA_PROMPT_RINGBACK, /* 425 Hz, 1 s on, 4 s off: one cadence, to be repeated */
    SAPA_PROMPT_BUSY,     /* 425 Hz, 0.5 s on, 0.5 s off: one cadence */
    SAPA_PROMPT_CONGESTION, /* 425 Hz, 0.25 s on, 0.25 s off */
    SAPA_PROMPT_BEEP,     /* before a recording: 1000 Hz, 0.4 s */
    SAPA_PROMPT_SILENCE,  /* one second */
    SAPA_PROMPT_KINDS
};

/** What to say or play. Slices are borrowed for the call only; empty ones are "not given". */
struct sapa_prompt_ref {
    enum sapa_prompt_kind kind;
    enum sapa_say_lang lang;
    struct sapa_str client; /* the client's name in the centre description */
    struct sapa_str name;   /* a recorded prompt's name, without .wav */
    struct sapa_str text;   /* UTF-8 */
};

/** A ready prompt. Strings are valid until the next call that takes the same struct sapa_prompts. */
struct sapa_prompt_ready {
    sapa_rc rc;           /* see sapa_prompts_get() */
    const char *reason;   /* for the log when rc is not SAPA_OK, else ""; no personal data */
    const char *alaw;     /* <cache>/<hash>.alaw: raw 8 kHz A-law bytes; "" unless SAPA_OK */
    const char *ulaw;     /* the same in µ-law */
    uint32_t duration_ms; /* of the sound */
    bool rendered;        /* made just now, not found in the cache */
};

typedef void sapa_prompt_done_fn(void *ctx, uint64_t tag, const struct sapa_prompt_ready *ready);

struct sapa_loop; /* rt/loop.h */
struct sapa_pool; /* rt/thread.h */
struct sapa_prompts;

struct sapa_prompts_opts {
    struct sapa_loop *loop;   /* where everything but the rendering happens; outlives us */
    struct sapa_pool *pool;   /* where rendering happens; freed before sapa_prompts_close() */
    const char *prompts_dir;  /* recordings; may not exist; copied */
    const char *cache_dir;    /* made when it is missing; copied */
    uint64_t cache_bytes_max; /* least recently used prompts go first; 0 = 1 GiB */
    uint32_t render_ms_max;   /* time limit of one synthesis; 0 = 10 s */
    sapa_prompt_done_fn *done;
    void *ctx;
};

/**
 * Open the cache: what an earlier run left there is used again.
 * @retval SAPA_EIO, SAPA_EDENIED, SAPA_EFULL  the cache directory cannot be made or read
 * @retval SAPA_EINVAL  a path is too long
 */
SAPA_MUST_CHECK sapa_rc sapa_prompts_open(const struct sapa_prompts_opts *opts, struct sapa_prompts **ret);
/** The pool must have ended (its queue empty). Callers that still wait are dropped without a call. NULL is fine. */
void sapa_prompts_close(struct sapa_prompts *prompts);

/**
 * What is in the cache now, without waiting for anything but stat().
 * @retval SAPA_EAGAIN  not there: ask with sapa_prompts_get()
 * @retval SAPA_ENOENT  nothing is recorded under the name, and no text is given
 * @retval SAPA_EINVAL  names with characters that are not allowed, text too long or not UTF-8
 */
SAPA_MUST_CHECK sapa_rc sapa_prompts_find(struct sapa_prompts *prompts, const struct sapa_prompt_ref *ref,
                                          struct sapa_prompt_ready *ret);

/**
 * Ask for a prompt. `done` is called on the loop, never from inside, exactly once for each SAPA_OK returned
 * here and never for another result. Equal requests share one rendering.
 *
 * `ready->rc` is then SAPA_OK, SAPA_ECORRUPT (the recording cannot be read and there is no text),
 * SAPA_ETIMEOUT or SAPA_EIO (synthesis), SAPA_ENOENT (the synthesizer is not installed), SAPA_ELIMIT
 * (longer than 10 minutes), SAPA_EFULL, SAPA_EINVAL (nothing to be heard in it), SAPA_ECLOSED (closing).
 *
 * @param tag  the caller's own; given back
 * @retval SAPA_ENOENT, SAPA_EINVAL  as sapa_prompts_find()
 * @retval SAPA_ELIMIT  too many different prompts are being rendered, or too many callers wait
 */
SAPA_MUST_CHECK sapa_rc sapa_prompts_get(struct sapa_prompts *prompts, const struct sapa_prompt_ref *ref,
                                         uint64_t tag);

struct sapa_prompts_stats {
    uint64_t hits, renders, failures, evictions;
    uint64_t cache_bytes;
    uint32_t pending; /* being rendered now */
};
void sapa_prompts_stats(const struct sapa_prompts *prompts, struct sapa_prompts_stats *ret);

#endif
