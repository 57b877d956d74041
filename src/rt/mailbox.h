/**
 * @file rt/mailbox.h
 * Bounded mailbox between threads: a ring of flat messages {type, bytes}, many writers, one reader.
 *
 * Messages from one writer arrive in order. The reader is a loop; it is woken by its eventfd only
 * when it may be asleep. When full the writer is refused (SAPA_ELIMIT) and decides what to do.
 * Room    rt.   Thread  put: any; attach, drain: the reader's.   Tests  rt/mailbox_test.c
 */
#ifndef SAPA_RT_MAILBOX_H
#define SAPA_RT_MAILBOX_H

#include "rt/loop.h"

struct sapa_mailbox;

/** `data` is 8-byte aligned and valid during the call. The callback may put into any mailbox. */
typedef void sapa_mailbox_fn(void *ctx, uint32_t type, const void *data, size_t size);

struct sapa_mailbox_part {
    const void *data;
    size_t size;
};

struct sapa_mailbox_stats {
    uint64_t puts;        /* messages taken */
    uint64_t refused;     /* SAPA_ELIMIT given */
    uint64_t wakeups;     /* eventfd writes */
    size_t depth_bytes;   /* in the ring now, headers included */
    size_t high_bytes;    /* most there ever were */
    size_t size_bytes;    /* capacity */
};

/** @param size  bytes of the ring, rounded up to a power of two, 4 KiB..1 GiB */
SAPA_MUST_CHECK sapa_rc sapa_mailbox_new(size_t size, struct sapa_mailbox **ret_mailbox);
/** Detaches. No writer may be left. NULL is fine. */
void sapa_mailbox_free(struct sapa_mailbox *mailbox);

/** From now on `fn` gets every message on the loop's thread, up to `batch_max` a turn (0 = all). One loop at a time. */
void sapa_mailbox_attach(struct sapa_mailbox *mailbox, struct sapa_loop *loop, size_t batch_max, sapa_mailbox_fn *fn,
                         void *ctx);
/** Not from the mailbox's own callback. Fine when not attached. */
void sapa_mailbox_detach(struct sapa_mailbox *mailbox);

/**
 * Copy a message in.
 * @param type  < 0xffffffff
 * @retval SAPA_ELIMIT  full now
 * @retval SAPA_EINVAL  larger than a quarter of the ring: never fits
 */
SAPA_MUST_CHECK sapa_rc sapa_mailbox_put(struct sapa_mailbox *mailbox, uint32_t type, const void *data, size_t size);
/** The same from several pieces joined into one message. */
SAPA_MUST_CHECK sapa_rc sapa_mailbox_putv(struct sapa_mailbox *mailbox, uint32_t type,
                                          const struct sapa_mailbox_part *parts, size_t count);

/** Take up to `max` (0 = all that are there at the start) messages by hand. Returns how many. */
size_t sapa_mailbox_drain(struct sapa_mailbox *mailbox, size_t max, sapa_mailbox_fn *fn, void *ctx);
bool sapa_mailbox_is_empty(const struct sapa_mailbox *mailbox);
/** Any thread. */
struct sapa_mailbox_stats sapa_mailbox_stats(struct sapa_mailbox *mailbox);

#endif
