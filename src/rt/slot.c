#include "rt/slot.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct sapa_slot {
    pthread_mutex_t lock;
    pthread_cond_t fresh;
    uint64_t turn;
    void *bytes;
    size_t n;
};

sapa_rc sapa_slot_new(struct sapa_slot **ret_slot)
{
    struct sapa_slot *slot = calloc(1, sizeof(*slot));
    pthread_condattr_t attributes;

    if (!slot)
        return SAPA_ENOMEM;
    pthread_mutex_init(&slot->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&slot->fresh, &attributes);
    pthread_condattr_destroy(&attributes);
    *ret_slot = slot;
    return SAPA_OK;
}

void sapa_slot_free(struct sapa_slot *slot)
{
    if (!slot)
        return;
    pthread_cond_destroy(&slot->fresh);
    pthread_mutex_destroy(&slot->lock);
    free(slot->bytes);
    free(slot);
}

uint64_t sapa_slot_turn(struct sapa_slot *slot)
{
    pthread_mutex_lock(&slot->lock);
    const uint64_t turn = slot->turn;
    pthread_mutex_unlock(&slot->lock);
    return turn;
}

sapa_rc sapa_slot_put(struct sapa_slot *slot, const void *bytes, size_t n)
{
    void *copy = malloc(n > 0 ? n : 1);

    if (!copy)
        return SAPA_ENOMEM;
    if (n > 0)
        memcpy(copy, bytes, n);
    pthread_mutex_lock(&slot->lock);
    void *old = slot->bytes;
    slot->bytes = copy;
    slot->n = n;
    slot->turn++;
    pthread_cond_broadcast(&slot->fresh);
    pthread_mutex_unlock(&slot->lock);
    free(old);
    return SAPA_OK;
}

sapa_rc sapa_slot_wait(struct sapa_slot *slot, uint64_t turn, unsigned limit_ms, void **ret_bytes, size_t *ret_n)
{
    struct timespec until;
    int error = 0;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += limit_ms / 1000;
    until.tv_nsec += (long)(limit_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&slot->lock);
    while (slot->turn <= turn && error != ETIMEDOUT)
        error = pthread_cond_timedwait(&slot->fresh, &slot->lock, &until);
    sapa_rc rc = slot->turn > turn ? SAPA_OK : SAPA_ETIMEOUT;
    void *copy = slot->turn > 0 ? malloc(slot->n > 0 ? slot->n : 1) : NULL;
    if (copy && slot->n > 0)
        memcpy(copy, slot->bytes, slot->n);
    else if (!copy && slot->turn > 0)
        rc = SAPA_ENOMEM;
    const size_t n = copy ? slot->n : 0;
    pthread_mutex_unlock(&slot->lock);
    if (rc == SAPA_ENOMEM)
        return rc;
    *ret_bytes = copy;
    *ret_n = n;
    return rc;
}
