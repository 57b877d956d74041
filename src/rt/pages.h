/**
 * @file rt/pages.h
 * Memory for large tables that are looked up at random: huge pages, where the system has them.
 *
 * A table of a hundred megabytes in pages of 4 kB costs a walk of the page tables at nearly every
 * look-up; in pages of 2 MB it does not (the routing core: 1.4 times the decisions a second with
 * 100,000 contacts waiting). The price is that memory is touched 2 MB at a time, so small centres
 * take the ordinary heap.
 *
 * Room    rt.   Thread  any.   Tests  rt/pages_test.c
 */
#ifndef SAPA_RT_PAGES_H
#define SAPA_RT_PAGES_H

#include "base/memory.h"

/** Each request is a mapping of its own, zeroed, aligned to 2 MB. Static storage; thread-safe. */
const struct sapa_memory *sapa_memory_pages(void);

#endif
