/* Fuzz: paths and Accept-Encoding against a folder of two pages. Whatever is asked for, one of them is answered, or nothing. */
#include "http/pages.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "rt/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sapa_pages *two_pages(void)
{
    char folder[] = "/tmp/sapa-pages-XXXXXX", path[64];
    struct sapa_pages *pages = NULL;

    sapa_assert(mkdtemp(folder) != NULL);
    snprintf(path, sizeof(path), "%s/desk", folder);
    sapa_assert(sapa_folder_make(path, 0700) == SAPA_OK);
    static const char *const names[] = { "index.html", "desk/index.html", "desk/index.html.gz" };
    for (size_t i = 0; i < SAPA_COUNT(names); i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        sapa_assert(sapa_file_write(path, "a page or two", i == 2 ? 4 : 13, 0600) == SAPA_OK);
    }
    sapa_assert(sapa_pages_load(folder, &pages) == SAPA_OK);
    for (size_t i = 0; i < SAPA_COUNT(names); i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        (void)unlink(path);
    }
    snprintf(path, sizeof(path), "%s/desk", folder);
    (void)rmdir(path);
    (void)rmdir(folder);
    return pages;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sapa_pages *pages;
    struct sapa_page page;

    if (!pages)
        pages = two_pages();
    for (size_t cut = 0; cut <= size && cut < 256; cut += cut + 1) {
        const struct sapa_str path = { (const char *)data, size - cut }, accept = { (const char *)data + (size - cut), cut };
        if (sapa_pages_find(pages, path, accept, &page) != SAPA_OK)
            continue;
        sapa_assert(path.p[0] == '/' && page.document && (page.content.n == 13 || page.content.n == 4));
        (void)sapa_page_is_known(&page, accept);
    }
    return 0;
}
