/**
 * @file config/finding.h
 * What is wrong with a document: where, why, and what to do about it. A list, so that one reading tells all.
 *
 * Room    config.   Thread  any; owned by the caller.
 */
#ifndef SAPA_CONFIG_FINDING_H
#define SAPA_CONFIG_FINDING_H

#include "base/str.h"

enum { SAPA_FINDINGS_MAX = 100, SAPA_FINDING_TEXT_MAX = 192 };

struct sapa_finding {
    uint32_t line, column; /* from 1; 0: the document as a whole */
    char where[96];        /* path: "queues.toko.order.steps[1].needs" */
    char reason[SAPA_FINDING_TEXT_MAX];
    char hint[SAPA_FINDING_TEXT_MAX]; /* what to do about it */
};

/** Large (about 48 kB): static or on the heap. Zero-initialised is empty. */
struct sapa_findings {
    uint32_t count; /* of `list` */
    uint32_t more;  /* found beyond those */
    struct sapa_finding list[SAPA_FINDINGS_MAX];
};

/** "file:12:7: queues.toko: reason\n  hint: …\n" for each, into `out` (cut when it is full). */
void sapa_findings_print(const struct sapa_findings *findings, const char *file, struct sapa_text *out);

#endif
