/**
 * @file rt/socket.h
 * Addresses and sockets: UDP with batches, TCP, local sockets with descriptors in tow.
 *
 * Every descriptor is non-blocking and close-on-exec; the caller closes it with sapa_fd_close().
 * Results: SAPA_EAGAIN not now, SAPA_ECLOSED the peer is gone, SAPA_EIO any other refusal (errno kept).
 * Room    rt.   Thread  any.   Tests  rt/socket_test.c
 */
#ifndef SAPA_RT_SOCKET_H
#define SAPA_RT_SOCKET_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/str.h"

/** An IPv4 or IPv6 address with port. Zeroed = none. Compare with sapa_addr_equal(), not memcmp. */
struct sapa_addr {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    };
};

enum {
    SAPA_ADDR_TEXT_MAX = 64,   /* "[v6%scope]:port" with NUL */
    SAPA_SOCKET_BATCH_MAX = 64 /* packets a call of the batch functions */
};

/** "192.0.2.1", "192.0.2.1:5060", "::1", "[::1]", "[::1]:5060". No names. `port` is used when none is given. */
SAPA_MUST_CHECK sapa_rc sapa_addr_parse(struct sapa_str text, uint16_t port, struct sapa_addr *ret_addr);
/** Host part alone, brackets allowed. */
bool sapa_addr_is_numeric(struct sapa_str host);
/** "192.0.2.1:5060" or "[::1]:5060" into `buf` (>= SAPA_ADDR_TEXT_MAX); returns it. "-" for none. */
const char *sapa_addr_print(const struct sapa_addr *addr, char *buf, size_t size);
/** Host alone, without brackets. */
const char *sapa_addr_print_host(const struct sapa_addr *addr, char *buf, size_t size);
uint16_t sapa_addr_port(const struct sapa_addr *addr);
void sapa_addr_set_port(struct sapa_addr *addr, uint16_t port);
/** sizeof the sockaddr in use; 0 for none. */
socklen_t sapa_addr_size(const struct sapa_addr *addr);
bool sapa_addr_equal(const struct sapa_addr *a, const struct sapa_addr *b);
/** Without the port. */
bool sapa_addr_same_host(const struct sapa_addr *a, const struct sapa_addr *b);
/** For hash tables; equal addresses have equal hashes. `seed` per process against chosen collisions. */
uint64_t sapa_addr_hash(const struct sapa_addr *addr, uint64_t seed);
static inline bool sapa_addr_is_set(const struct sapa_addr *addr)
{
    return addr->any.sa_family != AF_UNSPEC;
}
static inline bool sapa_addr_is_v6(const struct sapa_addr *addr)
{
    return addr->any.sa_family == AF_INET6;
}
bool sapa_addr_is_loopback(const struct sapa_addr *addr);
/** 0.0.0.0 or :: */
bool sapa_addr_is_wildcard(const struct sapa_addr *addr);
/** ::ffff:a.b.c.d becomes a.b.c.d; anything else stays. */
void sapa_addr_unmap(struct sapa_addr *addr);
/** 224/4, ff00::/8 or 255.255.255.255: never a sender worth answering. */
bool sapa_addr_is_multicast(const struct sapa_addr *addr);

/** A range of addresses. */
struct sapa_net {
    struct sapa_addr addr;
    unsigned prefix; /* bits */
};
/** "10.0.0.0/8", "2001:db8::/32", or a single address. */
SAPA_MUST_CHECK sapa_rc sapa_net_parse(struct sapa_str text, struct sapa_net *ret_net);
bool sapa_net_has(const struct sapa_net *net, const struct sapa_addr *addr);

/** Address (port 0) this machine would use as source towards `peer`. Sends nothing. */
SAPA_MUST_CHECK sapa_rc sapa_addr_local_for(const struct sapa_addr *peer, struct sapa_addr *ret_addr);
/** Where a socket is bound. */
SAPA_MUST_CHECK sapa_rc sapa_socket_local(int fd, struct sapa_addr *ret_addr);

/** -1 is fine. */
void sapa_fd_close(int fd);

/* --- UDP --- */

struct sapa_udp_opts {
    bool reuse_address; /* SO_REUSEADDR */
    bool reuse_port;    /* SO_REUSEPORT: several sockets share the port */
    bool dual_stack;    /* v6 socket also takes v4; default IPV6_V6ONLY */
    int receive_bytes;  /* kernel buffer, 0 = default */
    int send_bytes;
    uint8_t dscp;       /* 0..63, e.g. 46 (EF) for audio */
};

/** `addr` port 0 = any free one, see sapa_socket_local(). `opts` may be NULL. @retval SAPA_EEXIST the port is taken */
SAPA_MUST_CHECK sapa_rc sapa_udp_open(const struct sapa_addr *addr, const struct sapa_udp_opts *opts, int *ret_fd);

/** A range of ports to hand out; even ports carry RTP, the next one RTCP. */
struct sapa_port_range {
    uint16_t min; /* inclusive */
    uint16_t max; /* inclusive */
    uint16_t next; /* where the search goes on; 0 = at min */
};
/**
 * Two sockets on port 2k and 2k+1 within the range, walking on from the last pair given out.
 * @retval SAPA_ELIMIT  every pair is taken
 */
SAPA_MUST_CHECK sapa_rc sapa_udp_open_pair(const struct sapa_addr *host, struct sapa_port_range *range,
                                           const struct sapa_udp_opts *opts, int ret_fds[2], uint16_t *ret_port);

struct sapa_packet {
    struct sapa_addr peer; /* sender or receiver */
    uint8_t *data;
    size_t size;     /* bytes in it */
    size_t size_max; /* receive: bytes that fit */
    bool cut;        /* receive: it was longer than size_max */
};

/** Up to `count` (<= SAPA_SOCKET_BATCH_MAX) datagrams that are there now (recvmmsg). Returns how many, 0 when none. */
size_t sapa_udp_receive(int fd, struct sapa_packet *packets, size_t count);
/** Send them (sendmmsg). Returns how many the kernel took; a datagram that it refuses (no route, too big) is passed over and counted as taken. */
size_t sapa_udp_send(int fd, const struct sapa_packet *packets, size_t count);
/** One datagram. SAPA_EAGAIN when the send buffer is full. */
SAPA_MUST_CHECK sapa_rc sapa_udp_send_one(int fd, const struct sapa_addr *to, const void *data, size_t size);

/* --- TCP --- */

/** @retval SAPA_EEXIST the port is taken */
SAPA_MUST_CHECK sapa_rc sapa_tcp_listen(const struct sapa_addr *addr, int *ret_fd);
SAPA_MUST_CHECK sapa_rc sapa_tcp_accept(int listener, int *ret_fd, struct sapa_addr *ret_peer);
/** Starts connecting; when it becomes writable ask sapa_socket_error(). `local` (port ignored) may be NULL. */
SAPA_MUST_CHECK sapa_rc sapa_tcp_connect(const struct sapa_addr *local, const struct sapa_addr *peer, int *ret_fd);
/** Pending error of a socket: SAPA_OK connected, SAPA_ECLOSED refused, SAPA_ETIMEOUT, SAPA_EIO. */
SAPA_MUST_CHECK sapa_rc sapa_socket_error(int fd);
/** Stream read. OK with n >= 1, SAPA_EAGAIN, SAPA_ECLOSED at the end. */
SAPA_MUST_CHECK sapa_rc sapa_socket_read(int fd, void *buf, size_t size, size_t *ret_n);
/** Stream write of what fits: OK with 1 <= n <= size, SAPA_EAGAIN, SAPA_ECLOSED. Never raises SIGPIPE. */
SAPA_MUST_CHECK sapa_rc sapa_socket_write(int fd, const void *buf, size_t size, size_t *ret_n);

/* --- local sockets: SOCK_SEQPACKET, messages stay whole --- */

enum { SAPA_UNIX_FDS_MAX = 16 }; /* descriptors with one message */

/** Removes a stale socket file (nobody listens) first. @retval SAPA_EEXIST somebody listens there @retval SAPA_EINVAL path too long (107 bytes) */
SAPA_MUST_CHECK sapa_rc sapa_unix_listen(const char *path, int *ret_fd);
/** The same for a stream of bytes (SOCK_STREAM). */
SAPA_MUST_CHECK sapa_rc sapa_unix_stream_listen(const char *path, int *ret_fd);
/** Of either kind. */
SAPA_MUST_CHECK sapa_rc sapa_unix_accept(int listener, int *ret_fd);
/** @retval SAPA_ENOENT  nobody listens there @retval SAPA_EAGAIN  its backlog is full */
SAPA_MUST_CHECK sapa_rc sapa_unix_connect(const char *path, int *ret_fd);
/** Does somebody listen on this stream socket? */
bool sapa_unix_stream_listens(const char *path);
SAPA_MUST_CHECK sapa_rc sapa_unix_pair(int ret_fds[2]);
/** One message with up to SAPA_UNIX_FDS_MAX descriptors (they stay open here). `fds` may be NULL with 0. */
SAPA_MUST_CHECK sapa_rc sapa_unix_send(int fd, const void *data, size_t size, const int *fds, size_t fd_count);
/**
 * One message. Descriptors that came with it go to `fds` (room for `fd_max`; surplus ones are closed).
 * @retval SAPA_ELIMIT  the message was longer than `size`; it is lost
 */
SAPA_MUST_CHECK sapa_rc sapa_unix_receive(int fd, void *buf, size_t size, size_t *ret_n, int *fds, size_t fd_max,
                                          size_t *ret_fd_count);
/** Who is at the other end. */
SAPA_MUST_CHECK sapa_rc sapa_unix_peer(int fd, int *ret_pid, unsigned *ret_uid);

#endif
