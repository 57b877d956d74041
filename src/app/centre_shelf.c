#include "app/centre_shelf.h"

#include <stdio.h>
#include <stdlib.h>

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
