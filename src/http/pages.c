#include "http/pages.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "rt/crypto.h"
#include "rt/file.h"

struct file {
    char path[SAPA_PAGES_PATH_MAX]; /* within the folder, without a slash before it */
    uint8_t *content, *gzip;        /* gzip NULL: there is none */
    size_t size, gzip_size;
    char hash[17];
    const char *type;
};

struct sapa_pages {
    struct file *files; /* by path */
    size_t count, room, bytes;
};

static const char *type_of(struct sapa_str path)
{
    static const struct { const char *ending, *type; } types[] = {
        { ".html", "text/html; charset=utf-8" }, { ".css", "text/css; charset=utf-8" },
        { ".js", "text/javascript; charset=utf-8" }, { ".json", "application/json" },
        { ".webmanifest", "application/manifest+json" }, { ".svg", "image/svg+xml" }, { ".png", "image/png" },
        { ".ico", "image/x-icon" }, { ".woff2", "font/woff2" }, { ".wav", "audio/wav" }, { ".mp3", "audio/mpeg" },
        { ".wasm", "application/wasm" }, { ".txt", "text/plain; charset=utf-8" },
    };

    for (size_t i = 0; i < SAPA_COUNT(types); i++) {
        const size_t n = strlen(types[i].ending);
        if (path.n > n && memcmp(path.p + path.n - n, types[i].ending, n) == 0)
            return types[i].type;
    }
    return NULL;
}

static bool is_plain_name(const char *name)
{
    if (name[0] == '.')
        return false;
    for (; *name; name++) {
        if (!((*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z') || (*name >= '0' && *name <= '9') || *name == '.' ||
              *name == '-' || *name == '_'))
            return false;
    }
    return true;
}

static bool ends_with(const char *text, const char *ending)
{
    const size_t n = strlen(text), m = strlen(ending);

    return n > m && strcmp(text + n - m, ending) == 0;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct file *)a)->path, ((const struct file *)b)->path);
}

static struct file *find(const struct sapa_pages *pages, const char *path)
{
    struct file wanted;

    if (!sapa_str_copy(sapa_str_of(path), wanted.path, sizeof(wanted.path)))
        return NULL;
    return bsearch(&wanted, pages->files, pages->count, sizeof(*pages->files), by_path);
}

/* ---- reading ---- */

static sapa_rc read_one(struct sapa_pages *pages, const char *full, const char *path)
{
    uint8_t hash[32];

    if (pages->count == SAPA_PAGES_MAX)
        return SAPA_ELIMIT;
    if (pages->count == pages->room) {
        const size_t room = pages->room ? pages->room * 2 : 64;
        struct file *bigger = realloc(pages->files, room * sizeof(*bigger));
        if (!bigger)
            return SAPA_ENOMEM;
        pages->files = bigger, pages->room = room;
    }
    struct file *file = &pages->files[pages->count];
    *file = (struct file){ .content = NULL };
    if (!sapa_str_copy(sapa_str_of(path), file->path, sizeof(file->path)))
        return SAPA_ELIMIT;
    const sapa_rc rc = sapa_file_read(full, SAPA_PAGES_BYTES_MAX - pages->bytes, &file->content, &file->size);
    if (rc != SAPA_OK)
        return rc;
    pages->bytes += file->size;
    pages->count++;
    sapa_sha256(file->content, file->size, hash);
    sapa_hex(hash, 8, file->hash);
    file->type = type_of(sapa_str_of(path));
    return SAPA_OK;
}

/* Folders wait in a list instead of on the stack. */
struct folders {
    char of[64][SAPA_PAGES_PATH_MAX];
    unsigned depth[64];
    size_t count;
};

static sapa_rc read_entry(struct sapa_pages *pages, struct folders *folders, const char *root, const char *path, unsigned depth)
{
    char full[1024];
    struct stat about;

    if (snprintf(full, sizeof(full), "%s/%s", root, path) >= (int)sizeof(full))
        return SAPA_ELIMIT;
    if (lstat(full, &about) != 0)
        return SAPA_EIO;
    if (S_ISDIR(about.st_mode)) {
        if (depth >= SAPA_PAGES_DEPTH_MAX || folders->count == SAPA_COUNT(folders->of) ||
            !sapa_str_copy(sapa_str_of(path), folders->of[folders->count], SAPA_PAGES_PATH_MAX))
            return SAPA_ELIMIT;
        folders->depth[folders->count++] = depth + 1;
        return SAPA_OK;
    }
    /* links are not followed; what has no known type is not for browsers */
    return S_ISREG(about.st_mode) && (type_of(sapa_str_of(path)) || ends_with(path, ".gz")) ? read_one(pages, full, path) : SAPA_OK;
}

static sapa_rc read_folder(struct sapa_pages *pages, struct folders *folders, const char *root, const char *folder, unsigned depth)
{
    char full[1024], path[SAPA_PAGES_PATH_MAX];
    sapa_rc rc = SAPA_OK;

    if (snprintf(full, sizeof(full), "%s/%s", root, folder) >= (int)sizeof(full))
        return SAPA_ELIMIT;
    DIR *dir = opendir(full);
    if (!dir)
        return SAPA_ENOENT;
    for (struct dirent *entry; rc == SAPA_OK && (entry = readdir(dir)) != NULL;) {
        if (!is_plain_name(entry->d_name))
            continue;
        if (snprintf(path, sizeof(path), "%s%s%s", folder, folder[0] ? "/" : "", entry->d_name) >= (int)sizeof(path))
            rc = SAPA_ELIMIT;
        else
            rc = read_entry(pages, folders, root, path, depth);
    }
    closedir(dir);
    return rc;
}

/* FILE.gz becomes the other form of FILE. What has no FILE is of no use. */
static void pair(struct sapa_pages *pages)
{
    size_t kept = 0;

    qsort(pages->files, pages->count, sizeof(*pages->files), by_path);
    for (size_t i = 0; i < pages->count; i++) { /* FILE sorts before FILE.gz */
        struct file *file = &pages->files[i];
        if (!ends_with(file->path, ".gz")) {
            pages->files[kept++] = *file;
            continue;
        }
        file->path[strlen(file->path) - 3] = '\0';
        struct file *plain = NULL;
        for (size_t k = kept; k-- > 0 && !plain;)
            plain = strcmp(pages->files[k].path, file->path) == 0 ? &pages->files[k] : NULL;
        if (plain && file->size < plain->size) {
            plain->gzip = file->content, plain->gzip_size = file->size;
        } else {
            free(file->content);
        }
    }
    pages->count = kept;
}

sapa_rc sapa_pages_load(const char *folder, struct sapa_pages **ret)
{
    struct sapa_pages *pages = calloc(1, sizeof(*pages));
    struct folders *folders = calloc(1, sizeof(*folders));
    sapa_rc rc = pages && folders ? SAPA_OK : SAPA_ENOMEM;

    if (rc == SAPA_OK) {
        folders->count = 1; /* the folder itself: "" */
        for (size_t i = 0; rc == SAPA_OK && i < folders->count; i++)
            rc = read_folder(pages, folders, folder, folders->of[i], folders->depth[i]);
    }
    free(folders);
    if (rc == SAPA_OK) {
        pair(pages);
        rc = find(pages, "index.html") ? SAPA_OK : SAPA_ENOENT;
    }
    if (rc != SAPA_OK) {
        sapa_pages_free(pages);
        return rc;
    }
    *ret = pages;
    return SAPA_OK;
}

void sapa_pages_free(struct sapa_pages *pages)
{
    for (size_t i = 0; pages && i < pages->count; i++) {
        free(pages->files[i].content);
        free(pages->files[i].gzip);
    }
    if (pages)
        free(pages->files);
    free(pages);
}

size_t sapa_pages_count(const struct sapa_pages *pages)
{
    return pages ? pages->count : 0;
}

/* ---- asking ---- */

bool sapa_pages_is_api(struct sapa_str path)
{
    return sapa_str_starts(path, SAPA_STR("/api/")) || sapa_str_eq(path, SAPA_STR("/api")) || sapa_str_eq(path, SAPA_STR("/health")) ||
           sapa_str_eq(path, SAPA_STR("/ready")) || sapa_str_eq(path, SAPA_STR("/metrics"));
}

/* RFC 9110 12.5.3, as far as it matters: gzip is named, and not with q=0. */
static bool takes_gzip(struct sapa_str accept)
{
    while (accept.n > 0) {
        struct sapa_str weight;
        const struct sapa_str coding = sapa_str_cut(sapa_str_cut(accept, ',', &accept), ';', &weight);
        if (!sapa_str_ieq(sapa_str_trim(coding), SAPA_STR("gzip")))
            continue;
        const struct sapa_str q = sapa_str_trim(weight);
        bool zero = sapa_str_starts(q, SAPA_STR("q=0"));
        for (size_t i = 3; zero && i < q.n; i++)
            zero = q.p[i] == '0' || q.p[i] == '.';
        return !zero;
    }
    return false;
}

/* The file of a path: itself, a folder's index.html, or the nearest such above it when it names no file. */
static const struct file *file_of(const struct sapa_pages *pages, struct sapa_str path)
{
    char buf[SAPA_PAGES_PATH_MAX + 16];
    size_t n = path.n;

    if (path.n == 0 || path.n >= SAPA_PAGES_PATH_MAX || path.p[0] != '/' || memchr(path.p, '\0', path.n))
        return NULL;
    memcpy(buf, path.p + 1, --n);
    buf[n] = '\0';
    const struct file *file = find(pages, buf);
    const char *last = strrchr(buf, '/');
    if (file || strchr(last ? last : buf, '.'))
        return file;
    while (n > 0 && buf[n - 1] == '/')
        n--;
    for (;;) { /* /desk/contacts/7 → desk/contacts/index.html, desk/index.html; the first page of all stands for itself alone */
        memcpy(buf + n, n > 0 ? "/index.html" : "index.html", n > 0 ? 12 : 11);
        file = find(pages, buf);
        if (file && (n > 0 || sapa_str_eq(path, SAPA_STR("/"))))
            return file;
        if (n == 0)
            return NULL;
        do
            n--;
        while (n > 0 && buf[n] != '/');
    }
}

sapa_rc sapa_pages_find(const struct sapa_pages *pages, struct sapa_str path, struct sapa_str accept_encoding, struct sapa_page *ret)
{
    const struct file *file = pages ? file_of(pages, path) : NULL;

    if (!file)
        return SAPA_ENOENT;
    const bool compressed = file->gzip && takes_gzip(accept_encoding);
    *ret = (struct sapa_page){
        .content = { (const char *)(compressed ? file->gzip : file->content), compressed ? file->gzip_size : file->size },
        .type = file->type, .compressed = compressed, .varies = file->gzip != NULL,
        .forever = sapa_str_starts(sapa_str_of(file->path), SAPA_STR("assets/")), .document = ends_with(file->path, ".html"),
    };
    snprintf(ret->etag, sizeof(ret->etag), "\"%s%s\"", file->hash, compressed ? "z" : "");
    return SAPA_OK;
}

bool sapa_page_is_known(const struct sapa_page *page, struct sapa_str if_none_match)
{
    while (if_none_match.n > 0) {
        struct sapa_str one = sapa_str_trim(sapa_str_cut(if_none_match, ',', &if_none_match));
        if (sapa_str_starts(one, SAPA_STR("W/")))
            one.p += 2, one.n -= 2;
        if (sapa_str_eq(one, SAPA_STR("*")) || sapa_str_eq(one, sapa_str_of(page->etag)))
            return true;
    }
    return false;
}
