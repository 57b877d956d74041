#include "channel/prompt/prompt.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/log.h"
#include "channel/prompt/render_impl.h"
#include "rt/crypto.h"
#include "rt/file.h"
#include "rt/loop.h"
#include "rt/thread.h"

enum {
    BUCKETS = 4096,
    ENTRIES_MAX = 262144,
    RENDER_MS_DEFAULT = 10000,
    HASH_HEX = 64
};

static const uint64_t cache_bytes_default = UINT64_C(1) << 30;
/* A path that was just handed out is about to be opened by the media process: do not take it away. */
static const int64_t kept_us = 120 * INT64_C(1000000);

/** A rendered prompt on the disk. In a bucket by hash, and in the line of use, latest first. */
struct entry {
    struct entry *next;
    struct entry *newer, *older;
    uint8_t key[SAPA_SHA256_SIZE];
    uint64_t samples;
    int64_t used_us; /* monotonic; 0 = not since we started */
};

struct waiter {
    struct waiter *next;
    uint64_t tag;
};

/** One rendering, from get to done; or, for what was in the cache, just the way back through the loop. */
struct job {
    struct sapa_prompts *prompts; /* NULL after close: nobody waits any more */
    struct job *next, *prev;
    struct waiter *waiters, **waiters_end;
    uint8_t key[SAPA_SHA256_SIZE];
    bool rendering;
    bool answering; /* who asks now is too late for this one, and finds the cache */
    struct sapa_posted posted;
    struct sapa_render render;
    struct sapa_render_result result;
};

struct sapa_prompts {
    struct sapa_prompts_opts opts;
    char prompts_dir[SAPA_PROMPT_PATH_MAX];
    char cache_dir[SAPA_PROMPT_PATH_MAX];
    struct entry *buckets[BUCKETS];
    struct entry *newest, *oldest;
    struct job *jobs;
    uint32_t entries, waiters;
    struct sapa_prompts_stats stats;
    char alaw[SAPA_PROMPT_PATH_MAX + 80], ulaw[SAPA_PROMPT_PATH_MAX + 80];
};

/* --- the cache's index --- */

static struct entry **bucket_of(struct sapa_prompts *p, const uint8_t *key)
{
    return &p->buckets[((unsigned)key[0] << 8 | key[1]) % BUCKETS];
}

static struct entry *entry_find(struct sapa_prompts *p, const uint8_t *key)
{
    struct entry *e = *bucket_of(p, key);

    while (e && memcmp(e->key, key, sizeof(e->key)) != 0)
        e = e->next;
    return e;
}

static void line_out(struct sapa_prompts *p, struct entry *e)
{
    *(e->newer ? &e->newer->older : &p->newest) = e->older;
    *(e->older ? &e->older->newer : &p->oldest) = e->newer;
}

static void line_front(struct sapa_prompts *p, struct entry *e)
{
    e->newer = NULL;
    e->older = p->newest;
    *(p->newest ? &p->newest->newer : &p->oldest) = e;
    p->newest = e;
}

static void path_of(struct sapa_prompts *p, const uint8_t *key, const char *suffix, char *buf, size_t size)
{
    char hex[HASH_HEX + 1];
    struct sapa_text text;

    sapa_text_init(&text, buf, size);
    sapa_text_printf(&text, "%s/%s.%s", p->cache_dir, sapa_hex(key, SAPA_SHA256_SIZE, hex), suffix);
}

static void entry_forget(struct sapa_prompts *p, struct entry *e)
{
    struct entry **at = bucket_of(p, e->key);

    while (*at != e)
        at = &(*at)->next;
    *at = e->next;
    line_out(p, e);
    p->entries--;
    p->stats.cache_bytes -= 2 * e->samples;
    free(e);
}

static void entry_evict(struct sapa_prompts *p, struct entry *e)
{
    path_of(p, e->key, "alaw", p->alaw, sizeof(p->alaw));
    path_of(p, e->key, "ulaw", p->ulaw, sizeof(p->ulaw));
    if (sapa_file_remove(p->alaw) != SAPA_OK || sapa_file_remove(p->ulaw) != SAPA_OK)
        sapa_log(SAPA_LOG_WARN, "prompt.evict", "a file of the cache cannot be removed");
    p->stats.evictions++;
    entry_forget(p, e);
}

/** Least recently used first, and nothing that was handed out a moment ago. */
static void make_room(struct sapa_prompts *p)
{
    const int64_t now_us = sapa_loop_now_us(p->opts.loop);

    while (p->oldest && (p->stats.cache_bytes > p->opts.cache_bytes_max || p->entries > ENTRIES_MAX) &&
           (p->oldest->used_us == 0 || now_us - p->oldest->used_us >= kept_us))
        entry_evict(p, p->oldest);
}

static struct entry *entry_add(struct sapa_prompts *p, const uint8_t *key, uint64_t samples)
{
    struct entry *e = entry_find(p, key);

    if (e)
        return e;
    e = calloc(1, sizeof(*e));
    if (!e)
        return NULL;
    memcpy(e->key, key, sizeof(e->key));
    e->samples = samples;
    e->next = *bucket_of(p, key);
    *bucket_of(p, key) = e;
    line_front(p, e);
    p->entries++;
    p->stats.cache_bytes += 2 * samples;
    return e;
}

/** "ab…64 hex digits….alaw" → key. */
static bool key_of_name(const char *name, uint8_t *ret_key)
{
    static const char digits[] = "0123456789abcdef";

    if (strlen(name) != HASH_HEX + 5 || strcmp(name + HASH_HEX, ".alaw") != 0)
        return false;
    for (size_t i = 0; i < HASH_HEX; i++) {
        const char *digit = memchr(digits, name[i], 16);
        if (!digit)
            return false;
        ret_key[i / 2] = (uint8_t)((i % 2 ? ret_key[i / 2] << 4 : 0) | (digit - digits));
    }
    return true;
}

struct found {
    uint8_t key[SAPA_SHA256_SIZE];
    uint64_t samples;
    int64_t mtime;
};

static int by_age(const void *a, const void *b)
{
    const int64_t x = ((const struct found *)a)->mtime, y = ((const struct found *)b)->mtime;

    return (x > y) - (x < y);
}

static uint64_t size_of(const char *path, int64_t *ret_mtime)
{
    struct stat st;

    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size < 0)
        return 0;
    if (ret_mtime)
        *ret_mtime = st.st_mtim.tv_sec;
    return (uint64_t)st.st_size;
}

static void sweep(struct sapa_prompts *p, const char *name)
{
    char path[SAPA_PROMPT_PATH_MAX + 260];
    struct sapa_text text;

    sapa_text_init(&text, path, sizeof(path));
    sapa_text_printf(&text, "%s/%s", p->cache_dir, name);
    if (sapa_file_remove(path) != SAPA_OK)
        sapa_log(SAPA_LOG_WARN, "prompt.sweep", "a leftover in the cache cannot be removed");
}

/** What an earlier run left: whole pairs are entries, oldest first; temporary files of a run that died go. */
static sapa_rc load(struct sapa_prompts *p)
{
    DIR *dir = opendir(p->cache_dir);
    struct found *all = NULL;
    size_t n = 0, room = 0;
    const struct dirent *item;
    sapa_rc rc = SAPA_OK;

    if (!dir)
        return SAPA_EIO;
    while (rc == SAPA_OK && (item = readdir(dir))) {
        struct found found = { 0 };
        if (strncmp(item->d_name, ".speech-", 8) == 0)
            sweep(p, item->d_name);
        if (!key_of_name(item->d_name, found.key))
            continue;
        path_of(p, found.key, "alaw", p->alaw, sizeof(p->alaw));
        path_of(p, found.key, "ulaw", p->ulaw, sizeof(p->ulaw));
        found.samples = size_of(p->alaw, &found.mtime);
        if (found.samples == 0 || size_of(p->ulaw, NULL) != found.samples)
            continue; /* half of a pair: it is written over when it is wanted */
        if (n == room) {
            struct found *more = realloc(all, (room = room ? 2 * room : 256) * sizeof(*all));
            if (!more) {
                rc = SAPA_ENOMEM;
                break;
            }
            all = more;
        }
        all[n++] = found;
    }
    closedir(dir);
    if (n > 0)
        qsort(all, n, sizeof(*all), by_age);
    for (size_t i = 0; rc == SAPA_OK && i < n; i++) {
        if (!entry_add(p, all[i].key, all[i].samples))
            rc = SAPA_ENOMEM;
    }
    free(all);
    return rc;
}

/* --- what is asked for --- */

static bool is_name(struct sapa_str s)
{
    if (s.n > SAPA_PROMPT_NAME_MAX || (s.n > 0 && s.p[0] == '.'))
        return false;
    for (size_t i = 0; i < s.n; i++) {
        const char c = s.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
              c == '.'))
            return false;
    }
    return true;
}

static bool is_recording(const char *path, struct stat *st)
{
    return stat(path, st) == 0 && S_ISREG(st->st_mode);
}

/** The client's own recording, else everybody's; "" when there is none. */
static void find_recording(const struct sapa_prompts *p, const struct sapa_prompt_ref *ref, char *path, size_t size,
                           struct stat *st)
{
    const char *lang = sapa_say_lang_tag(ref->lang);
    struct sapa_text text;

    if (ref->name.n > 0 && ref->client.n > 0) {
        sapa_text_init(&text, path, size);
        sapa_text_printf(&text, "%s/" SAPA_STR_FMT "/%s/" SAPA_STR_FMT ".wav", p->prompts_dir,
                         SAPA_STR_ARG(ref->client), lang, SAPA_STR_ARG(ref->name));
        if (!text.cut && is_recording(path, st))
            return;
    }
    if (ref->name.n > 0) {
        sapa_text_init(&text, path, size);
        sapa_text_printf(&text, "%s/%s/" SAPA_STR_FMT ".wav", p->prompts_dir, lang, SAPA_STR_ARG(ref->name));
        if (!text.cut && is_recording(path, st))
            return;
    }
    path[0] = '\0';
}

/** Names that are sounds of ours where nobody recorded anything under them. */
static enum sapa_prompt_kind kind_of_name(struct sapa_str name)
{
    static const char *const names[SAPA_PROMPT_KINDS] = {
        [SAPA_PROMPT_MUSIC] = "music",           [SAPA_PROMPT_RINGBACK] = "ringback",
        [SAPA_PROMPT_BUSY] = "busy",             [SAPA_PROMPT_BEEP] = "beep",
        [SAPA_PROMPT_CONGESTION] = "congestion", [SAPA_PROMPT_SILENCE] = "silence",
    };

    for (enum sapa_prompt_kind kind = SAPA_PROMPT_MUSIC; kind < SAPA_PROMPT_KINDS; kind++) {
        if (sapa_str_eq(name, sapa_str_of(names[kind])))
            return kind;
    }
    return SAPA_PROMPT_SPEECH;
}

/** What is to be made, and under which key it lies in the cache. */
static sapa_rc plan(struct sapa_prompts *p, const struct sapa_prompt_ref *ref, struct sapa_render *ret,
                    uint8_t *ret_key)
{
    static const char *const engines[SAPA_SAY_LANGS] = { "espeak-ng id 150", "flite slt" };
    struct sapa_sha256 sha;
    struct stat st = { 0 };

    if (ref->kind >= SAPA_PROMPT_KINDS || ref->lang >= SAPA_SAY_LANGS || !is_name(ref->client) ||
        !is_name(ref->name) || ref->text.n > SAPA_PROMPT_TEXT_MAX || !sapa_str_utf8(ref->text))
        return SAPA_EINVAL;
    ret->kind = ref->kind;
    ret->lang = ref->lang;
    ret->limit_ms = p->opts.render_ms_max;
    ret->recording[0] = ret->text[0] = '\0';
    (void)sapa_str_copy(sapa_str_of(p->cache_dir), ret->cache_dir, sizeof(ret->cache_dir));
    if (ret->kind == SAPA_PROMPT_SPEECH || ret->kind == SAPA_PROMPT_MUSIC)
        find_recording(p, ref, ret->recording, sizeof(ret->recording), &st);
    if (ret->kind == SAPA_PROMPT_SPEECH) {
        (void)sapa_str_copy(sapa_str_trim(ref->text), ret->text, sizeof(ret->text));
        if (!ret->recording[0] && !ret->text[0]) {
            ret->kind = kind_of_name(ref->name);
            if (ret->kind == SAPA_PROMPT_SPEECH)
                return SAPA_ENOENT;
        }
    }

    sapa_sha256_begin(&sha);
    sapa_sha256_add(&sha, SAPA_RENDER_VERSION, sizeof(SAPA_RENDER_VERSION));
    sapa_sha256_add(&sha, &(const uint8_t){ (uint8_t)ret->kind }, 1);
    if (ret->recording[0]) {
        const int64_t identity[] = { (int64_t)st.st_ino, st.st_size, st.st_mtim.tv_sec, st.st_mtim.tv_nsec };
        sapa_sha256_add(&sha, ret->recording, strlen(ret->recording) + 1);
        sapa_sha256_add(&sha, identity, sizeof(identity));
    }
    if (ret->text[0]) {
        sapa_sha256_add(&sha, engines[ret->lang], strlen(engines[ret->lang]) + 1);
        sapa_sha256_add(&sha, ret->text, strlen(ret->text) + 1);
    }
    sapa_sha256_end(&sha, ret_key);
    sapa_hex(ret_key, SAPA_SHA256_SIZE, ret->hash);
    return SAPA_OK;
}

static void ready_of(struct sapa_prompts *p, struct entry *e, bool rendered, struct sapa_prompt_ready *ret)
{
    e->used_us = SAPA_MAX(sapa_loop_now_us(p->opts.loop), 1);
    line_out(p, e);
    line_front(p, e);
    path_of(p, e->key, "alaw", p->alaw, sizeof(p->alaw));
    path_of(p, e->key, "ulaw", p->ulaw, sizeof(p->ulaw));
    *ret = (struct sapa_prompt_ready){ .rc = SAPA_OK, .reason = "", .alaw = p->alaw, .ulaw = p->ulaw,
                                       .duration_ms = (uint32_t)(e->samples / 8), .rendered = rendered };
}

/** The entry, if its files are still what we believe: somebody may have cleaned up the directory. */
static struct entry *entry_whole(struct sapa_prompts *p, const uint8_t *key)
{
    struct entry *e = entry_find(p, key);

    if (!e)
        return NULL;
    path_of(p, key, "alaw", p->alaw, sizeof(p->alaw));
    path_of(p, key, "ulaw", p->ulaw, sizeof(p->ulaw));
    if (size_of(p->alaw, NULL) == e->samples && size_of(p->ulaw, NULL) == e->samples)
        return e;
    entry_forget(p, e);
    return NULL;
}

sapa_rc sapa_prompts_find(struct sapa_prompts *p, const struct sapa_prompt_ref *ref, struct sapa_prompt_ready *ret)
{
    uint8_t key[SAPA_SHA256_SIZE];
    struct sapa_render render;
    struct entry *e;
    const sapa_rc rc = plan(p, ref, &render, key);

    if (rc != SAPA_OK)
        return rc;
    e = entry_whole(p, key);
    if (!e)
        return SAPA_EAGAIN;
    p->stats.hits++;
    ready_of(p, e, false, ret);
    return SAPA_OK;
}

/* --- rendering --- */

static void job_free(struct job *job)
{
    while (job->waiters) {
        struct waiter *waiter = job->waiters;
        job->waiters = waiter->next;
        free(waiter);
    }
    free(job);
}

static void job_unlink(struct job *job)
{
    struct sapa_prompts *p = job->prompts;

    *(job->prev ? &job->prev->next : &p->jobs) = job->next;
    if (job->next)
        job->next->prev = job->prev;
    if (job->rendering)
        p->stats.pending--;
}

/** Tell everybody who waits. A callback may ask for more prompts, or close us. */
static void answer(struct job *job)
{
    struct sapa_prompts *p = job->prompts;
    struct waiter *waiter;

    job->answering = true;
    while ((waiter = job->waiters)) {
        struct sapa_prompt_ready ready = { .rc = job->result.rc, .reason = job->result.reason, .alaw = "",
                                           .ulaw = "" };
        const uint64_t tag = waiter->tag;
        job->waiters = waiter->next;
        free(waiter);
        p->waiters--;
        if (ready.rc == SAPA_OK) {
            struct entry *e = entry_find(p, job->key);
            if (e)
                ready_of(p, e, job->rendering, &ready);
            else
                ready.rc = SAPA_ENOMEM;
        }
        p->opts.done(p->opts.ctx, tag, &ready);
        if (!job->prompts)
            return; /* closed by the callback, which freed what was ours */
    }
}

static void job_done(void *ctx, sapa_rc rc)
{
    struct job *job = ctx;
    struct sapa_prompts *p = job->prompts;

    if (!p) {
        job_free(job);
        return;
    }
    if (rc != SAPA_OK) { /* the pool ended before it began */
        job->result.rc = rc;
        (void)sapa_str_copy(sapa_str_of(sapa_rc_text(rc)), job->result.reason, sizeof(job->result.reason));
    }
    if (job->rendering) {
        p->stats.renders++;
        if (job->result.rc != SAPA_OK)
            p->stats.failures++;
        else if (!entry_add(p, job->key, job->result.samples))
            job->result.rc = SAPA_ENOMEM;
        if (job->result.fell_back)
            sapa_log(SAPA_LOG_WARN, "prompt.recording_bad", "file=%s %s", job->render.recording, job->result.reason);
    }
    answer(job);
    p = job->prompts;
    if (p) {
        job_unlink(job);
        make_room(p);
    }
    job_free(job);
}

static void job_work(void *ctx)
{
    struct job *job = ctx;

    sapa_render_run(&job->render, &job->result);
}

static void job_posted(void *ctx)
{
    job_done(ctx, SAPA_OK);
}

static sapa_rc job_wait(struct job *job, uint64_t tag)
{
    struct waiter *waiter = calloc(1, sizeof(*waiter));

    if (!waiter)
        return SAPA_ENOMEM;
    waiter->tag = tag;
    *job->waiters_end = waiter;
    job->waiters_end = &waiter->next;
    job->prompts->waiters++;
    return SAPA_OK;
}

static struct job *job_find(struct sapa_prompts *p, const uint8_t *key)
{
    struct job *job = p->jobs;

    while (job && (!job->rendering || job->answering || memcmp(job->key, key, sizeof(job->key)) != 0))
        job = job->next;
    return job;
}

sapa_rc sapa_prompts_get(struct sapa_prompts *p, const struct sapa_prompt_ref *ref, uint64_t tag)
{
    struct job *job = calloc(1, sizeof(*job));
    struct job *same;
    sapa_rc rc;

    if (!job)
        return SAPA_ENOMEM;
    rc = plan(p, ref, &job->render, job->key);
    if (rc == SAPA_OK && p->waiters >= SAPA_PROMPT_WAITERS_MAX)
        rc = SAPA_ELIMIT;
    same = rc == SAPA_OK ? job_find(p, job->key) : NULL;
    if (rc != SAPA_OK || same) {
        free(job);
        return same ? job_wait(same, tag) : rc;
    }
    job->prompts = p;
    job->waiters_end = &job->waiters;
    job->rendering = !entry_whole(p, job->key);
    if (job->rendering && p->stats.pending >= SAPA_PROMPT_PENDING_MAX)
        rc = SAPA_ELIMIT;
    if (rc == SAPA_OK)
        rc = job_wait(job, tag);
    if (rc == SAPA_OK && job->rendering && (rc = sapa_pool_submit(p->opts.pool, p->opts.loop, job_work, job_done, job)) != SAPA_OK)
        p->waiters--;
    if (rc != SAPA_OK) {
        job_free(job);
        return rc;
    }
    job->next = p->jobs;
    if (p->jobs)
        p->jobs->prev = job;
    p->jobs = job;
    if (job->rendering) {
        p->stats.pending++;
    } else {
        p->stats.hits++;
        sapa_loop_post(p->opts.loop, &job->posted, job_posted, job);
    }
    return SAPA_OK;
}

void sapa_prompts_stats(const struct sapa_prompts *p, struct sapa_prompts_stats *ret)
{
    *ret = p->stats;
}

/* --- open and close --- */

sapa_rc sapa_prompts_open(const struct sapa_prompts_opts *opts, struct sapa_prompts **ret)
{
    struct sapa_prompts *p = calloc(1, sizeof(*p));
    sapa_rc rc = SAPA_EINVAL;

    if (!p)
        return SAPA_ENOMEM;
    p->opts = *opts;
    if (p->opts.cache_bytes_max == 0)
        p->opts.cache_bytes_max = cache_bytes_default;
    if (p->opts.render_ms_max == 0)
        p->opts.render_ms_max = RENDER_MS_DEFAULT;
    if (sapa_str_copy(sapa_str_of(opts->prompts_dir), p->prompts_dir, sizeof(p->prompts_dir)) &&
        sapa_str_copy(sapa_str_of(opts->cache_dir), p->cache_dir, sizeof(p->cache_dir)))
        rc = sapa_folder_make(p->cache_dir, 0750);
    if (rc == SAPA_OK)
        rc = load(p);
    if (rc != SAPA_OK) {
        sapa_prompts_close(p);
        return rc;
    }
    make_room(p);
    *ret = p;
    return SAPA_OK;
}

void sapa_prompts_close(struct sapa_prompts *p)
{
    if (!p)
        return;
    /* A job whose answer is still on its way through the loop frees itself when it arrives. */
    for (struct job *job = p->jobs; job; job = job->next)
        job->prompts = NULL;
    while (p->newest)
        entry_forget(p, p->newest);
    free(p);
}
