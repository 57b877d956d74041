#include "app/takes.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "media/recording.h"
#include "rt/file.h"

enum { PATH_SIZE = 512, VERSIONS_MAX = 100000 };

struct sapa_takes {
    struct sapa_takes_options options;
    char prompts[PATH_SIZE], recordings[PATH_SIZE];
};

struct job {
    struct sapa_takes *takes;
    struct sapa_voice_take take;
    sapa_rc rc;
    uint32_t version;
};

/* ---- names ---- */

static bool name_is_good(const char *name)
{
    for (const char *c = name; *c; c++)
        if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') || *c == '_' || *c == '-' || *c == '.'))
            return false;
    return name[0] != '.';
}

static bool take_path(const struct sapa_takes *takes, const struct sapa_voice_take *take, char path[PATH_SIZE])
{
    struct sapa_text text;

    sapa_text_init(&text, path, PATH_SIZE);
    sapa_text_printf(&text, "%s/%s/%s/%llu.wav", takes->prompts, SAPA_VOICE_TAKES, sapa_language_name(take->language),
                     (unsigned long long)take->id);
    return !text.cut;
}

/* "<prompts>/toko/id", and "/selamat-datang" + suffix behind it. */
static bool prompt_path(const struct sapa_takes *takes, const struct sapa_voice_take *take, const char *suffix, char path[PATH_SIZE])
{
    struct sapa_text text;

    sapa_text_init(&text, path, PATH_SIZE);
    sapa_text_printf(&text, "%s%s%s/%s", takes->prompts, take->client[0] ? "/" : "", take->client, sapa_language_name(take->language));
    if (suffix)
        sapa_text_printf(&text, "/%s%s", take->name, suffix);
    return !text.cut;
}

/* ---- on the pool ---- */

static void make(struct job *job)
{
    char path[PATH_SIZE], folder[PATH_SIZE];
    struct sapa_text text;
    struct sapa_key key;

    sapa_text_init(&text, folder, sizeof(folder));
    sapa_text_printf(&text, "%s/%s/%s", job->takes->prompts, SAPA_VOICE_TAKES, sapa_language_name(job->take.language));
    job->rc = !text.cut && take_path(job->takes, &job->take, path) ? sapa_folder_make(folder, 0700) : SAPA_EINVAL;
    if (job->rc != SAPA_OK)
        return;
    memcpy(key.bytes, job->take.key, sizeof(key.bytes));
    job->rc = sapa_recording_to_wav(job->take.path, &key, path, NULL);
    sapa_wipe(&key, sizeof(key));
    (void)!sapa_file_remove(job->take.path);
}

/* A name more for the file; SAPA_EEXIST: it is taken. */
static sapa_rc name_again(const char *from, const char *to)
{
    return link(from, to) == 0 ? SAPA_OK : errno == EEXIST ? SAPA_EEXIST : sapa_rc_of_errno(errno);
}

/* The first free version of the prompt is another name of `from`. */
static sapa_rc number(struct job *job, const char *from)
{
    char path[PATH_SIZE], suffix[24];
    sapa_rc rc = SAPA_EEXIST;

    for (job->version = 0; rc == SAPA_EEXIST && job->version < VERSIONS_MAX;) {
        snprintf(suffix, sizeof(suffix), ".v%u.wav", ++job->version);
        rc = prompt_path(job->takes, &job->take, suffix, path) ? name_again(from, path) : SAPA_EINVAL;
    }
    return rc;
}

static void keep(struct job *job)
{
    char folder[PATH_SIZE], path[PATH_SIZE], first[PATH_SIZE], take[PATH_SIZE];

    if (!prompt_path(job->takes, &job->take, NULL, folder) || !prompt_path(job->takes, &job->take, ".wav", path) ||
        !prompt_path(job->takes, &job->take, ".v1.wav", first) || !take_path(job->takes, &job->take, take)) {
        job->rc = SAPA_EINVAL;
        return;
    }
    job->rc = sapa_folder_make(folder, 0755);
    if (job->rc == SAPA_OK && sapa_file_exists(path) && !sapa_file_exists(first))
        job->rc = name_again(path, first); /* of a studio: it stays, too */
    if (job->rc == SAPA_OK)
        job->rc = number(job, take);
    if (job->rc == SAPA_OK && rename(take, path) != 0)
        job->rc = sapa_rc_of_errno(errno);
    if (job->rc == SAPA_OK)
        job->rc = sapa_folder_sync(folder);
}

static void discard(struct job *job)
{
    char path[PATH_SIZE];

    if (take_path(job->takes, &job->take, path))
        (void)!sapa_file_remove(path);
    (void)!sapa_file_remove(job->take.path);
}

static void work(void *ctx)
{
    struct job *job = ctx;

    switch ((enum sapa_voice_take_what)job->take.what) {
    case SAPA_VOICE_TAKE_MAKE: make(job); break;
    case SAPA_VOICE_TAKE_KEEP: keep(job); break;
    case SAPA_VOICE_TAKE_DISCARD: discard(job); break;
    }
}

static void worked(void *ctx, sapa_rc rc)
{
    struct job *job = ctx;
    const struct sapa_takes *takes = job->takes;

    if (rc == SAPA_OK)
        rc = job->rc;
    if (job->take.what != SAPA_VOICE_TAKE_DISCARD)
        takes->options.done(takes->options.ctx, job->take.id, rc, job->version);
    sapa_wipe(job, sizeof(*job));
    free(job);
}

/* ---- public ---- */

/* What an earlier process left undecided. */
static void clear(const char *folder, const char *ending)
{
    char path[PATH_SIZE + 300];
    const struct dirent *entry;
    DIR *all = opendir(folder);

    while (all && (entry = readdir(all))) {
        const struct sapa_str name = sapa_str_of(entry->d_name), end = sapa_str_of(ending);
        if (name.n <= end.n || !sapa_str_eq((struct sapa_str){ name.p + name.n - end.n, end.n }, end))
            continue;
        snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        if (sapa_file_remove(path) != SAPA_OK)
            sapa_log(SAPA_LOG_WARN, "takes.left", "%s stays", entry->d_name);
    }
    if (all)
        closedir(all);
}

sapa_rc sapa_takes_new(const struct sapa_takes_options *options, struct sapa_takes **ret)
{
    struct sapa_takes *takes = calloc(1, sizeof(*takes));
    char folder[PATH_SIZE];
    struct sapa_text text;

    if (!takes)
        return SAPA_ENOMEM;
    takes->options = *options;
    if (!sapa_str_copy(sapa_str_of(options->prompts_dir), takes->prompts, sizeof(takes->prompts)) ||
        !sapa_str_copy(sapa_str_of(options->recordings_dir), takes->recordings, sizeof(takes->recordings))) {
        free(takes);
        return SAPA_EINVAL;
    }
    for (unsigned i = 0; i < SAPA_LANGUAGE_COUNT; i++) {
        sapa_text_init(&text, folder, sizeof(folder));
        sapa_text_printf(&text, "%s/%s/%s", takes->prompts, SAPA_VOICE_TAKES, sapa_language_name(i));
        clear(folder, ".wav");
    }
    sapa_text_init(&text, folder, sizeof(folder));
    sapa_text_printf(&text, "%s/%s", takes->recordings, SAPA_VOICE_TAKES);
    clear(folder, ".srec");
    *ret = takes;
    return SAPA_OK;
}

void sapa_takes_free(struct sapa_takes *takes)
{
    free(takes);
}

sapa_rc sapa_takes_do(struct sapa_takes *takes, const struct sapa_voice_take *take)
{
    if (take->language >= SAPA_LANGUAGE_COUNT || !name_is_good(take->client) || !name_is_good(take->name) || take->name[0] == '\0')
        return SAPA_EINVAL;
    struct job *job = calloc(1, sizeof(*job));
    if (!job)
        return SAPA_ENOMEM;
    job->takes = takes;
    job->take = *take;
    const sapa_rc rc = sapa_pool_submit(takes->options.pool, takes->options.loop, work, worked, job);
    if (rc != SAPA_OK) {
        sapa_wipe(job, sizeof(*job));
        free(job);
    }
    return rc;
}
