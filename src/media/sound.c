#include "media/sound.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "rt/file.h"

enum { BUCKETS = 512 };

struct entry {
    struct sapa_sound sound; /* first: a sound is its entry */
    struct entry *next;      /* in the bucket */
    dev_t device;
    ino_t inode;
    struct timespec changed;
    uint32_t holds;
    uint64_t last_use;
    uint8_t octets[];
};

struct sapa_sounds {
    size_t bytes, bytes_max;
    uint64_t uses;
    struct entry *buckets[BUCKETS];
};

sapa_rc sapa_sounds_new(size_t bytes_max, struct sapa_sounds **ret_sounds)
{
    struct sapa_sounds *sounds = calloc(1, sizeof(*sounds));

    if (!sounds)
        return SAPA_ENOMEM;
    sounds->bytes_max = bytes_max;
    *ret_sounds = sounds;
    return SAPA_OK;
}

static void forget(struct sapa_sounds *sounds, struct entry **place)
{
    struct entry *entry = *place;

    sapa_assert(entry->holds == 0);
    *place = entry->next;
    sounds->bytes -= entry->sound.size;
    free(entry);
}

void sapa_sounds_free(struct sapa_sounds *sounds)
{
    if (!sounds)
        return;
    for (size_t i = 0; i < BUCKETS; i++)
        while (sounds->buckets[i])
            forget(sounds, &sounds->buckets[i]);
    free(sounds);
}

/* Make room for `size`: the least recently used that nobody holds leave. O(sounds), only when a new one is read. */
static bool make_room(struct sapa_sounds *sounds, size_t size)
{
    while (sounds->bytes + size > sounds->bytes_max) {
        struct entry **oldest = NULL;
        for (size_t i = 0; i < BUCKETS; i++)
            for (struct entry **place = &sounds->buckets[i]; *place; place = &(*place)->next)
                if ((*place)->holds == 0 && (!oldest || (*place)->last_use < (*oldest)->last_use))
                    oldest = place;
        if (!oldest)
            return false;
        forget(sounds, oldest);
    }
    return true;
}

static sapa_rc read_octets(int fd, uint8_t *octets, size_t size)
{
    for (size_t n = 0; n < size;) {
        const ssize_t got = read(fd, octets + n, size - n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return SAPA_EIO;
        n += (size_t)got;
    }
    return SAPA_OK;
}

static sapa_rc load(struct sapa_sounds *sounds, int fd, const struct stat *file, uint8_t codec, struct entry **ret)
{
    const size_t size = (size_t)file->st_size;

    if (file->st_size > SAPA_SOUND_SIZE_MAX || !make_room(sounds, size))
        return SAPA_ELIMIT;
    struct entry *entry = malloc(sizeof(*entry) + size);
    if (!entry)
        return SAPA_ENOMEM;
    *entry = (struct entry){ .sound = { .octets = entry->octets, .size = size, .codec = codec },
                             .device = file->st_dev, .inode = file->st_ino, .changed = file->st_mtim };
    const sapa_rc rc = read_octets(fd, entry->octets, size);
    if (rc) {
        free(entry);
        return rc;
    }
    sounds->bytes += size;
    *ret = entry;
    return SAPA_OK;
}

static bool is_file(const struct entry *entry, const struct stat *file)
{
    return entry->inode == file->st_ino && entry->device == file->st_dev &&
           entry->sound.size == (size_t)file->st_size && entry->changed.tv_sec == file->st_mtim.tv_sec &&
           entry->changed.tv_nsec == file->st_mtim.tv_nsec;
}

static sapa_rc hold_file(struct sapa_sounds *sounds, const char *path, uint8_t codec,
                         const struct sapa_sound **ret_sound)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat file;
    sapa_rc rc = SAPA_OK;

    if (fd < 0)
        return sapa_rc_of_errno(errno);
    if (fstat(fd, &file) || !S_ISREG(file.st_mode) || file.st_size <= 0) {
        close(fd);
        return SAPA_ENOENT;
    }
    struct entry **bucket = &sounds->buckets[(size_t)file.st_ino % BUCKETS];
    struct entry *entry = *bucket;
    while (entry && !(is_file(entry, &file) && entry->sound.codec == codec))
        entry = entry->next;
    if (!entry) {
        rc = load(sounds, fd, &file, codec, &entry);
        if (rc == SAPA_OK) {
            entry->next = *bucket;
            *bucket = entry;
        }
    }
    close(fd);
    if (rc)
        return rc;
    entry->holds++;
    entry->last_use = ++sounds->uses;
    *ret_sound = &entry->sound;
    return SAPA_OK;
}

sapa_rc sapa_sounds_hold(struct sapa_sounds *sounds, const char *name, uint8_t codec,
                         const struct sapa_sound **ret_sound)
{
    const uint8_t order[2] = { codec == SAPA_CODEC_PCMU ? SAPA_CODEC_PCMU : SAPA_CODEC_PCMA,
                               codec == SAPA_CODEC_PCMU ? SAPA_CODEC_PCMA : SAPA_CODEC_PCMU };
    char buf[SAPA_MEDIA_PATH_MAX + 8];
    sapa_rc rc = SAPA_ENOENT;

    for (int i = 0; i < 2 && rc == SAPA_ENOENT; i++) {
        struct sapa_text path;
        sapa_text_init(&path, buf, sizeof(buf));
        sapa_text_printf(&path, "%s.%s", name, order[i] == SAPA_CODEC_PCMU ? "ulaw" : "alaw");
        rc = path.cut ? SAPA_EINVAL : hold_file(sounds, buf, order[i], ret_sound);
    }
    return rc;
}

void sapa_sounds_release(struct sapa_sounds *sounds, const struct sapa_sound *sound)
{
    struct entry *entry = (struct entry *)(uintptr_t)sound;

    (void)sounds;
    sapa_assert(entry->holds > 0);
    entry->holds--;
}

size_t sapa_sounds_bytes(const struct sapa_sounds *sounds)
{
    return sounds->bytes;
}
