/**
 * @file channel/prompt/render_impl.h
 * One rendering, from what is wanted to the two files: what a pool thread does.
 *
 * Room    channel/prompt.   Thread  any; a plan shares nothing with anybody.
 * Tests   channel/prompt/prompt_test.c
 */
#ifndef SAPA_CHANNEL_PROMPT_RENDER_IMPL_H
#define SAPA_CHANNEL_PROMPT_RENDER_IMPL_H

#include "channel/prompt/prompt.h"

/** Goes into every hash: raise it when the same input gives other sound. */
#define SAPA_RENDER_VERSION "sapa-prompt 1"

enum { SAPA_RENDER_REASON_MAX = 160 };

/** All that a rendering needs, by value. */
struct sapa_render {
    enum sapa_prompt_kind kind;
    enum sapa_say_lang lang;
    char recording[SAPA_PROMPT_PATH_MAX];    /* "" = none: speak */
    char text[SAPA_PROMPT_TEXT_MAX + 1];     /* "" = nothing to fall back on */
    char cache_dir[SAPA_PROMPT_PATH_MAX];
    char hash[65];                           /* names the files */
    uint32_t limit_ms;
};

struct sapa_render_result {
    sapa_rc rc;
    uint64_t samples;
    bool fell_back; /* the recording is bad (see `reason`), the text was spoken */
    char reason[SAPA_RENDER_REASON_MAX];
};

/** Blocks for as long as it takes, at most about twice limit_ms. */
void sapa_render_run(const struct sapa_render *render, struct sapa_render_result *ret);

#endif
