#include "app/centre_shelf.h"

#include <stdio.h>
#include <stdlib.h>
#include <threads.h>

#include "app/centre_file.h"
#include "store/store.h"

struct book {
    struct book *next;
    struct sapa_centre *centre;
};

struct sapa_centre_shelf {
    struct sapa_store *store;
    struct book *first;
};

sapa_rc sapa_centre_shelf_new(struct sapa_store *store, struct sapa_centre_shelf **ret)
{
    struct sapa_centre_shelf *shelf = calloc(1, sizeof(*shelf));

    if (!shelf)
        return SAPA_ENOMEM;
    shelf->store = store;
    *ret = shelf;
    return SAPA_OK;
}

void sapa_centre_shelf_free(struct sapa_centre_shelf *shelf)
{
    if (!shelf)
        return;
    while (shelf->first) {
        struct book *book = shelf->first;
        shelf->first = book->next;
        sapa_centre_free(book->centre);
        free(book);
    }
    free(shelf);
}

void sapa_centre_shelf_add(struct sapa_centre_shelf *shelf, struct sapa_centre *centre)
{
    struct book *book = calloc(1, sizeof(*book));

    sapa_assert(book != NULL);
    *book = (struct book){ shelf->first, centre };
    shelf->first = book;
}

const struct sapa_centre *sapa_centre_shelf_get(struct sapa_centre_shelf *shelf, struct sapa_str hash)
{
    char name[SAPA_HASH_TEXT_SIZE];
    struct sapa_centre *centre = NULL;
    uint8_t *text = NULL;
    size_t size;

    for (const struct book *book = shelf->first; book; book = book->next) {
        if (sapa_str_eq(sapa_str_of(book->centre->hash), hash))
            return book->centre;
    }
    if (!sapa_str_copy(hash, name, sizeof(name)) || sapa_store_document(shelf->store, name, &text, &size) != SAPA_OK) {
        fprintf(stderr, "sapa: the centre description " SAPA_STR_FMT " is not in the store\n", SAPA_STR_ARG(hash));
        return NULL;
    }
    if (sapa_centre_text_compile((struct sapa_str){ (char *)text, size }, name, &centre) == SAPA_OK)
        sapa_centre_shelf_add(shelf, centre);
    else
        fprintf(stderr, "sapa: the centre description %s does not compile with this build\n", name);
    free(text);
    return centre;
}

/* ---- one a thread ---- */

enum { BOOKS_OF_THREAD_MAX = 16 };

static tss_t of_thread;
static once_flag of_thread_once = ONCE_FLAG_INIT;
static bool of_thread_good;

static void end_of_thread(void *shelf)
{
    sapa_centre_shelf_free(shelf);
}

static void begin_of_thread(void)
{
    of_thread_good = tss_create(&of_thread, end_of_thread) == thrd_success;
}

struct sapa_centre_shelf *sapa_centre_shelf_of_thread(struct sapa_store *store)
{
    unsigned books = 0;

    call_once(&of_thread_once, begin_of_thread);
    if (!of_thread_good)
        return NULL;
    struct sapa_centre_shelf *shelf = tss_get(of_thread);
    for (const struct book *book = shelf ? shelf->first : NULL; book; book = book->next)
        books++;
    if (shelf && books <= BOOKS_OF_THREAD_MAX) {
        shelf->store = store; /* descriptions go by their hash: those of another store are the same */
        return shelf;
    }
    sapa_centre_shelf_free(shelf);
    if (sapa_centre_shelf_new(store, &shelf) != SAPA_OK)
        shelf = NULL;
    if (tss_set(of_thread, shelf) != thrd_success) {
        sapa_centre_shelf_free(shelf);
        shelf = NULL;
    }
    return shelf;
}
