/**
 * @file http/pages.h
 * The pages that a browser loads: a folder of files, read once and served from memory.
 *
 * What is served is what was read at the start: a path is looked up in that list, never opened, so that no path
 * can lead out of the folder. Beside FILE may lie FILE.gz, which is the same compressed. Names under assets/ carry
 * a hash of their content and never change; everything else is asked for again with its ETag.
 * A folder with an index.html stands for all paths below it that name no file: pages have paths of their own.
 *
 * Room    http: base, rt.   Thread  loading: any; reading: any, it never changes.   Owner  sapa_pages_free().
 * Design  docs/design/pages.md   Tests  http/pages_test.c, http/pages_fuzz.c, test/scenario/90-pages
 */
#ifndef SAPA_HTTP_PAGES_H
#define SAPA_HTTP_PAGES_H

#include "base/str.h"

enum {
    SAPA_PAGES_MAX = 1024,           /* files */
    SAPA_PAGES_BYTES_MAX = 64 << 20, /* all of them */
    SAPA_PAGES_DEPTH_MAX = 4,
    SAPA_PAGES_PATH_MAX = 160,       /* of a file within the folder, and of a path that is asked for */
};

struct sapa_page {
    struct sapa_str content;
    const char *type;      /* media type */
    char etag[24];         /* with quotes */
    bool forever;          /* its name changes with its content */
    bool compressed;       /* content is gzip */
    bool varies;           /* there is the other form, too */
    bool document;         /* HTML: what a tab shows */
};

struct sapa_pages;
/**
 * @param folder  e.g. "build/web"
 * @retval SAPA_ENOENT  there is no such folder, or no index.html in it   @retval SAPA_ELIMIT  more than the limits above
 */
SAPA_MUST_CHECK sapa_rc sapa_pages_load(const char *folder, struct sapa_pages **ret);
void sapa_pages_free(struct sapa_pages *pages);
size_t sapa_pages_count(const struct sapa_pages *pages);

/** Is this path the API's? Then there is no page at it, and never will be. */
bool sapa_pages_is_api(struct sapa_str path);
/**
 * The page at a path (without its query). NULL pages have none.
 * @param accept_encoding  of the request; empty: nothing compressed
 * @retval SAPA_ENOENT  there is none
 */
SAPA_MUST_CHECK sapa_rc sapa_pages_find(const struct sapa_pages *pages, struct sapa_str path, struct sapa_str accept_encoding,
                                        struct sapa_page *ret);
/** Does If-None-Match name this page? */
bool sapa_page_is_known(const struct sapa_page *page, struct sapa_str if_none_match);

#endif
