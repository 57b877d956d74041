/**
 * @file rt/udp_batch.h
 * Thousands of UDP sockets on one thread: who has something to read, and the calls that move packets.
 *
 * A set is one epoll. With many busy sockets the owner does not wait for each packet but turns in
 * ticks (sapa_udp_set_tick): it sleeps to the next tick and then takes all that is there, so that
 * the price of waking up is paid once for many packets. docs/adr/0010-media-packet-path.md has the
 * measurements that led here.
 *
 * Results of the packet calls: bytes, or 0 when nothing could be moved (nothing there, buffer full,
 * an ICMP error of an earlier packet); they never block and never fail otherwise.
 * Room    rt.   Thread  a set: its owner's, wake: any; packet calls: any.   Tests  rt/udp_batch_test.c
 */
#ifndef SAPA_RT_UDP_BATCH_H
#define SAPA_RT_UDP_BATCH_H

#include "rt/socket.h"

struct sapa_udp_set;

enum { SAPA_UDP_SET_READY_MAX = 512 }; /* keys a call of sapa_udp_set_ready() */

SAPA_MUST_CHECK sapa_rc sapa_udp_set_new(struct sapa_udp_set **ret_set);
/** Does not close the sockets. NULL is fine. */
void sapa_udp_set_free(struct sapa_udp_set *set);
/** `key` comes back from sapa_udp_set_ready(); not UINT64_MAX. @retval SAPA_EIO */
SAPA_MUST_CHECK sapa_rc sapa_udp_set_add(struct sapa_udp_set *set, int fd, uint64_t key);
/** Before the socket is closed. */
void sapa_udp_set_remove(struct sapa_udp_set *set, int fd);
/**
 * Keys of sockets with something to read (level-triggered), at most `max` <= SAPA_UDP_SET_READY_MAX.
 * @param timeout_us  0 = do not wait, -1 = until something comes or sapa_udp_set_wake()
 */
size_t sapa_udp_set_ready(struct sapa_udp_set *set, int64_t timeout_us, uint64_t *ret_keys, size_t max);
/** Sleep until this monotonic time; returns at once when it has passed. Not ended by packets or by wake. */
void sapa_udp_set_tick(int64_t mono_us);
/** A waiting sapa_udp_set_ready() returns. Any thread. */
void sapa_udp_set_wake(struct sapa_udp_set *set);

/** One datagram and where it came from. What is longer than `size` is cut. */
size_t sapa_udp_take(int fd, void *buf, size_t size, struct sapa_addr *ret_from);
/** To the connected peer. */
size_t sapa_udp_give(int fd, const void *buf, size_t size);
/** To `to`, of a socket that is not connected. */
size_t sapa_udp_give_to(int fd, const void *buf, size_t size, const struct sapa_addr *to);
/** From now on the kernel takes packets from `peer` only, and finds its way to it without a look-up. */
SAPA_MUST_CHECK sapa_rc sapa_udp_connect(int fd, const struct sapa_addr *peer);
/** Packets from anywhere again; the port stays bound, if it was bound by number and not chosen by the system. */
void sapa_udp_disconnect(int fd);

#endif
