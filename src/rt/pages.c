#include "rt/pages.h"

#include <string.h>
#include <sys/mman.h>

enum { HUGE_PAGE = 2 << 20, HEAD = 4096 /* keeps what follows aligned to a page */ };

/* In front of what the caller gets. */
struct head {
    void *mapping;
    size_t mapping_size;
    size_t size; /* as asked for */
};

static struct head *head_of(void *memory)
{
    return (struct head *)(void *)((char *)memory - HEAD);
}

static void *take(size_t size)
{
    size_t mapping_size;

    if (__builtin_add_overflow(size, (size_t)HEAD + 2 * HUGE_PAGE, &mapping_size))
        return NULL;
    char *mapping = mmap(NULL, mapping_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapping == MAP_FAILED)
        return NULL;
    /* the caller's part begins on a boundary, the head lies in the page before it */
    char *memory = mapping + (HUGE_PAGE - ((uintptr_t)mapping + HEAD) % HUGE_PAGE) % HUGE_PAGE + HEAD;
    (void)madvise(memory, size, MADV_HUGEPAGE); /* without them it is only slower */
    *head_of(memory) = (struct head){ mapping, mapping_size, size };
    return memory;
}

static void *resize(void *ctx, void *old, size_t size)
{
    (void)ctx;
    if (old && size == 0) {
        const struct head head = *head_of(old);
        munmap(head.mapping, head.mapping_size);
        return NULL;
    }
    void *memory = size > 0 ? take(size) : NULL;
    if (old && memory) {
        memcpy(memory, old, SAPA_MIN(size, head_of(old)->size));
        (void)resize(ctx, old, 0);
    }
    return memory;
}

const struct sapa_memory *sapa_memory_pages(void)
{
    static const struct sapa_memory pages = { .resize = resize };

    return &pages;
}
