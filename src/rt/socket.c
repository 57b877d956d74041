#include "rt/socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/un.h>
#include <unistd.h>

#include "rt/file.h"

/* --- addresses --- */

sapa_rc sapa_addr_parse(struct sapa_str text, uint16_t port, struct sapa_addr *ret_addr)
{
    struct sapa_addr addr = { .v6 = { 0 } };
    struct sapa_str host = text, port_text = { NULL, 0 };
    bool has_port = false;
    char buf[INET6_ADDRSTRLEN + 1];
    uint64_t number = port;

    if (text.n > 0 && text.p[0] == '[') {
        const size_t end = sapa_str_find(text, ']', 1);
        if (end == text.n)
            return SAPA_EINVAL;
        host = (struct sapa_str){ text.p + 1, end - 1 };
        if (end + 1 < text.n) {
            if (text.p[end + 1] != ':')
                return SAPA_EINVAL;
            port_text = (struct sapa_str){ text.p + end + 2, text.n - end - 2 };
            has_port = true;
        }
        if (sapa_str_find(host, ':', 0) == host.n)
            return SAPA_EINVAL; /* brackets are for v6 */
    } else {
        const size_t colon = sapa_str_find(text, ':', 0);
        if (colon < text.n && sapa_str_find(text, ':', colon + 1) == text.n) {
            host = (struct sapa_str){ text.p, colon };
            port_text = (struct sapa_str){ text.p + colon + 1, text.n - colon - 1 };
            has_port = true;
        }
    }
    if (has_port && sapa_str_u64(port_text, UINT16_MAX, &number) != SAPA_OK)
        return SAPA_EINVAL;
    if (host.n == 0 || !sapa_str_copy(host, buf, sizeof(buf)) || strlen(buf) != host.n)
        return SAPA_EINVAL;
    if (inet_pton(AF_INET, buf, &addr.v4.sin_addr) == 1) {
        addr.v4.sin_family = AF_INET;
        addr.v4.sin_port = htons((uint16_t)number);
    } else if (inet_pton(AF_INET6, buf, &addr.v6.sin6_addr) == 1) {
        addr.v6.sin6_family = AF_INET6;
        addr.v6.sin6_port = htons((uint16_t)number);
    } else {
        return SAPA_EINVAL;
    }
    *ret_addr = addr;
    return SAPA_OK;
}

bool sapa_addr_is_numeric(struct sapa_str host)
{
    struct sapa_addr ignored;

    if (host.n > 0 && host.p[host.n - 1] != ']' && host.p[0] != '[') {
        const size_t colon = sapa_str_find(host, ':', 0);
        if (colon < host.n && sapa_str_find(host, ':', colon + 1) == host.n)
            return false; /* "1.2.3.4:5060" is more than a host */
    }
    return (host.n == 0 || host.p[0] != '[' || host.p[host.n - 1] == ']') &&
           sapa_addr_parse(host, 0, &ignored) == SAPA_OK;
}

const char *sapa_addr_print_host(const struct sapa_addr *addr, char *buf, size_t size)
{
    const void *bytes = addr->any.sa_family == AF_INET ? (const void *)&addr->v4.sin_addr
                                                       : (const void *)&addr->v6.sin6_addr;

    sapa_assert(size >= SAPA_ADDR_TEXT_MAX);
    if (!sapa_addr_is_set(addr) || !inet_ntop(addr->any.sa_family, bytes, buf, (socklen_t)size))
        (void)sapa_str_copy(SAPA_STR("-"), buf, size);
    return buf;
}

const char *sapa_addr_print(const struct sapa_addr *addr, char *buf, size_t size)
{
    char host[SAPA_ADDR_TEXT_MAX];
    struct sapa_text text;

    sapa_addr_print_host(addr, host, sizeof(host));
    sapa_text_init(&text, buf, size);
    if (!sapa_addr_is_set(addr))
        sapa_text_add(&text, SAPA_STR("-"));
    else
        sapa_text_printf(&text, sapa_addr_is_v6(addr) ? "[%s]:%u" : "%s:%u", host, sapa_addr_port(addr));
    return buf;
}

uint16_t sapa_addr_port(const struct sapa_addr *addr)
{
    return addr->any.sa_family == AF_INET    ? ntohs(addr->v4.sin_port)
           : addr->any.sa_family == AF_INET6 ? ntohs(addr->v6.sin6_port)
                                             : 0;
}

void sapa_addr_set_port(struct sapa_addr *addr, uint16_t port)
{
    if (addr->any.sa_family == AF_INET)
        addr->v4.sin_port = htons(port);
    else if (addr->any.sa_family == AF_INET6)
        addr->v6.sin6_port = htons(port);
}

socklen_t sapa_addr_size(const struct sapa_addr *addr)
{
    return addr->any.sa_family == AF_INET    ? sizeof(addr->v4)
           : addr->any.sa_family == AF_INET6 ? sizeof(addr->v6)
                                             : 0;
}

bool sapa_addr_same_host(const struct sapa_addr *a, const struct sapa_addr *b)
{
    if (a->any.sa_family != b->any.sa_family)
        return false;
    if (a->any.sa_family == AF_INET)
        return a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
    if (a->any.sa_family == AF_INET6)
        return memcmp(&a->v6.sin6_addr, &b->v6.sin6_addr, 16) == 0 && a->v6.sin6_scope_id == b->v6.sin6_scope_id;
    return true;
}

bool sapa_addr_equal(const struct sapa_addr *a, const struct sapa_addr *b)
{
    return sapa_addr_same_host(a, b) && sapa_addr_port(a) == sapa_addr_port(b);
}

static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

uint64_t sapa_addr_hash(const struct sapa_addr *addr, uint64_t seed)
{
    uint64_t hash = mix(seed + sapa_addr_port(addr) + ((uint64_t)addr->any.sa_family << 16));

    if (addr->any.sa_family == AF_INET) {
        hash = mix(hash ^ addr->v4.sin_addr.s_addr);
    } else if (addr->any.sa_family == AF_INET6) {
        uint64_t half[2];
        memcpy(half, &addr->v6.sin6_addr, sizeof(half));
        hash = mix(mix(hash ^ half[0]) ^ half[1] ^ addr->v6.sin6_scope_id);
    }
    return hash;
}

bool sapa_addr_is_loopback(const struct sapa_addr *addr)
{
    if (addr->any.sa_family == AF_INET)
        return ntohl(addr->v4.sin_addr.s_addr) >> 24 == 127;
    return addr->any.sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&addr->v6.sin6_addr);
}

bool sapa_addr_is_wildcard(const struct sapa_addr *addr)
{
    if (addr->any.sa_family == AF_INET)
        return addr->v4.sin_addr.s_addr == htonl(INADDR_ANY);
    return addr->any.sa_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&addr->v6.sin6_addr);
}

void sapa_addr_unmap(struct sapa_addr *addr)
{
    struct sapa_addr plain = { .v6 = { 0 } };

    if (addr->any.sa_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&addr->v6.sin6_addr))
        return;
    plain.v4.sin_family = AF_INET;
    plain.v4.sin_port = addr->v6.sin6_port;
    memcpy(&plain.v4.sin_addr, addr->v6.sin6_addr.s6_addr + 12, 4);
    *addr = plain;
}

bool sapa_addr_is_multicast(const struct sapa_addr *addr)
{
    if (addr->any.sa_family == AF_INET) {
        const uint32_t host = ntohl(addr->v4.sin_addr.s_addr);
        return host >> 28 == 14 || host == INADDR_BROADCAST;
    }
    return addr->any.sa_family == AF_INET6 && IN6_IS_ADDR_MULTICAST(&addr->v6.sin6_addr);
}

sapa_rc sapa_net_parse(struct sapa_str text, struct sapa_net *ret_net)
{
    struct sapa_net net;
    struct sapa_str bits;
    const bool has_bits = sapa_str_find(text, '/', 0) < text.n;
    const struct sapa_str host = sapa_str_cut(text, '/', &bits);
    uint64_t prefix;

    if (!sapa_addr_is_numeric(host) || sapa_addr_parse(host, 0, &net.addr) != SAPA_OK)
        return SAPA_EINVAL;
    prefix = sapa_addr_is_v6(&net.addr) ? 128 : 32;
    if (has_bits && sapa_str_u64(bits, prefix, &prefix) != SAPA_OK)
        return SAPA_EINVAL;
    net.prefix = (unsigned)prefix;
    *ret_net = net;
    return SAPA_OK;
}

bool sapa_net_has(const struct sapa_net *net, const struct sapa_addr *addr)
{
    struct sapa_addr plain = *addr;

    if (!sapa_addr_is_v6(&net->addr))
        sapa_addr_unmap(&plain);
    if (plain.any.sa_family != net->addr.any.sa_family)
        return false;
    const uint8_t *a = sapa_addr_is_v6(&plain) ? plain.v6.sin6_addr.s6_addr : (const uint8_t *)&plain.v4.sin_addr;
    const uint8_t *b = sapa_addr_is_v6(&plain) ? net->addr.v6.sin6_addr.s6_addr
                                               : (const uint8_t *)&net->addr.v4.sin_addr;
    const unsigned whole = net->prefix / 8, rest = net->prefix % 8;
    if (memcmp(a, b, whole) != 0)
        return false;
    return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

/* --- any socket --- */

void sapa_fd_close(int fd)
{
    if (fd >= 0)
        close(fd);
}

static sapa_rc fail_close(int fd)
{
    const sapa_rc rc = sapa_rc_of_errno(errno);

    close(fd);
    return rc;
}

static int open_socket(int family, int type)
{
    return socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static bool set_option(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof(value)) == 0;
}

sapa_rc sapa_addr_local_for(const struct sapa_addr *peer, struct sapa_addr *ret_addr)
{
    struct sapa_addr target = *peer;
    struct sapa_addr local;

    if (!sapa_addr_is_set(peer))
        return SAPA_EINVAL;
    const int fd = open_socket(peer->any.sa_family, SOCK_DGRAM);
    if (fd < 0)
        return sapa_rc_of_errno(errno);
    if (sapa_addr_port(&target) == 0)
        sapa_addr_set_port(&target, 9); /* discard; nothing is sent */
    if (connect(fd, &target.any, sapa_addr_size(&target)) != 0)
        return fail_close(fd);
    const sapa_rc rc = sapa_socket_local(fd, &local);
    close(fd);
    if (rc != SAPA_OK)
        return rc;
    sapa_addr_set_port(&local, 0);
    *ret_addr = local;
    return SAPA_OK;
}

sapa_rc sapa_socket_local(int fd, struct sapa_addr *ret_addr)
{
    struct sapa_addr addr = { .v6 = { 0 } };
    socklen_t size = sizeof(addr);

    if (getsockname(fd, &addr.any, &size) != 0)
        return sapa_rc_of_errno(errno);
    *ret_addr = addr;
    return SAPA_OK;
}

sapa_rc sapa_socket_error(int fd)
{
    int error = 0;
    socklen_t size = sizeof(error);

    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
        error = errno;
    return sapa_rc_of_errno(error);
}

sapa_rc sapa_socket_read(int fd, void *buf, size_t size, size_t *ret_n)
{
    ssize_t n;

    do
        n = recv(fd, buf, size, 0);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return sapa_rc_of_errno(errno);
    if (n == 0)
        return SAPA_ECLOSED;
    *ret_n = (size_t)n;
    return SAPA_OK;
}

sapa_rc sapa_socket_write(int fd, const void *buf, size_t size, size_t *ret_n)
{
    ssize_t n;

    do
        n = send(fd, buf, size, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return sapa_rc_of_errno(errno);
    *ret_n = (size_t)n;
    return SAPA_OK;
}

/* --- UDP --- */

sapa_rc sapa_udp_open(const struct sapa_addr *addr, const struct sapa_udp_opts *opts, int *ret_fd)
{
    static const struct sapa_udp_opts none;
    const bool v6 = sapa_addr_is_v6(addr);
    bool ok = true;

    if (!opts)
        opts = &none;
    if (!sapa_addr_is_set(addr))
        return SAPA_EINVAL;
    const int fd = open_socket(addr->any.sa_family, SOCK_DGRAM);
    if (fd < 0)
        return sapa_rc_of_errno(errno);
    if (opts->reuse_address)
        ok &= set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (opts->reuse_port)
        ok &= set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    if (v6)
        ok &= set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, opts->dual_stack ? 0 : 1);
    if (!ok)
        return fail_close(fd);
    /* Wishes: the system may give less, that is no failure. */
    if (opts->receive_bytes > 0 && !set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, opts->receive_bytes))
        (void)set_option(fd, SOL_SOCKET, SO_RCVBUF, opts->receive_bytes);
    if (opts->send_bytes > 0 && !set_option(fd, SOL_SOCKET, SO_SNDBUFFORCE, opts->send_bytes))
        (void)set_option(fd, SOL_SOCKET, SO_SNDBUF, opts->send_bytes);
    if (opts->dscp > 0)
        (void)set_option(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_TCLASS : IP_TOS, opts->dscp << 2);
    if (bind(fd, &addr->any, sapa_addr_size(addr)) != 0)
        return fail_close(fd);
    *ret_fd = fd;
    return SAPA_OK;
}

sapa_rc sapa_udp_open_pair(const struct sapa_addr *host, struct sapa_port_range *range,
                           const struct sapa_udp_opts *opts, int ret_fds[2], uint16_t *ret_port)
{
    const unsigned first = (range->min + 1u) & ~1u;
    struct sapa_addr addr = *host;

    if (range->min == 0 || first + 1 > range->max)
        return SAPA_EINVAL;
    const unsigned pairs = (range->max - first + 1) / 2;
    unsigned pair = range->next >= first ? (range->next - first) / 2 % pairs : 0;
    for (unsigned tried = 0; tried < pairs; tried++, pair = (pair + 1) % pairs) {
        const uint16_t port = (uint16_t)(first + 2 * pair);
        int fds[2];
        sapa_addr_set_port(&addr, port);
        sapa_rc rc = sapa_udp_open(&addr, opts, &fds[0]);
        if (rc == SAPA_OK) {
            sapa_addr_set_port(&addr, (uint16_t)(port + 1));
            rc = sapa_udp_open(&addr, opts, &fds[1]);
            if (rc != SAPA_OK)
                close(fds[0]);
        }
        if (rc == SAPA_EEXIST)
            continue;
        if (rc != SAPA_OK)
            return rc;
        range->next = (uint16_t)(first + 2 * ((pair + 1) % pairs));
        ret_fds[0] = fds[0];
        ret_fds[1] = fds[1];
        *ret_port = port;
        return SAPA_OK;
    }
    return SAPA_ELIMIT;
}

size_t sapa_udp_receive(int fd, struct sapa_packet *packets, size_t count)
{
    struct mmsghdr headers[SAPA_SOCKET_BATCH_MAX];
    struct iovec parts[SAPA_SOCKET_BATCH_MAX];
    int n;

    count = SAPA_MIN(count, (size_t)SAPA_SOCKET_BATCH_MAX);
    for (size_t i = 0; i < count; i++) {
        parts[i] = (struct iovec){ packets[i].data, packets[i].size_max };
        headers[i] = (struct mmsghdr){ .msg_hdr = { .msg_name = &packets[i].peer,
                                                    .msg_namelen = sizeof(packets[i].peer),
                                                    .msg_iov = &parts[i],
                                                    .msg_iovlen = 1 } };
    }
    /* An ICMP error of an earlier send is reported once here: take it and look again. */
    for (int tries = 0; tries < 8; tries++) {
        n = recvmmsg(fd, headers, (unsigned)count, MSG_DONTWAIT, NULL);
        if (n >= 0 || errno == EAGAIN)
            break;
    }
    for (int i = 0; i < n; i++) {
        packets[i].size = headers[i].msg_len;
        packets[i].cut = (headers[i].msg_hdr.msg_flags & MSG_TRUNC) != 0;
    }
    return n > 0 ? (size_t)n : 0;
}

size_t sapa_udp_send(int fd, const struct sapa_packet *packets, size_t count)
{
    struct mmsghdr headers[SAPA_SOCKET_BATCH_MAX];
    struct iovec parts[SAPA_SOCKET_BATCH_MAX];
    size_t done = 0;

    count = SAPA_MIN(count, (size_t)SAPA_SOCKET_BATCH_MAX);
    for (size_t i = 0; i < count; i++) {
        const socklen_t peer_size = sapa_addr_size(&packets[i].peer);
        parts[i] = (struct iovec){ packets[i].data, packets[i].size };
        headers[i] = (struct mmsghdr){ .msg_hdr = { .msg_name = peer_size ? (void *)&packets[i].peer : NULL,
                                                    .msg_namelen = peer_size,
                                                    .msg_iov = &parts[i],
                                                    .msg_iovlen = 1 } };
    }
    while (done < count) {
        const int n = sendmmsg(fd, headers + done, (unsigned)(count - done), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n > 0)
            done += (size_t)n;
        else if (errno == EAGAIN || errno == ENOBUFS)
            break;
        else if (errno != EINTR)
            done++; /* this one is refused, or carries the error of an earlier one: datagrams may be lost */
    }
    return done;
}

sapa_rc sapa_udp_send_one(int fd, const struct sapa_addr *to, const void *data, size_t size)
{
    for (int tries = 0;; tries++) {
        if (sendto(fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL, &to->any, sapa_addr_size(to)) >= 0)
            return SAPA_OK;
        /* ECONNREFUSED speaks of an earlier datagram */
        if (tries >= 3 || (errno != EINTR && errno != ECONNREFUSED))
            return sapa_rc_of_errno(errno);
    }
}

/* --- TCP --- */

sapa_rc sapa_tcp_listen(const struct sapa_addr *addr, int *ret_fd)
{
    if (!sapa_addr_is_set(addr))
        return SAPA_EINVAL;
    const int fd = open_socket(addr->any.sa_family, SOCK_STREAM);
    if (fd < 0)
        return sapa_rc_of_errno(errno);
    if (!set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1) ||
        (sapa_addr_is_v6(addr) && !set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1)) ||
        bind(fd, &addr->any, sapa_addr_size(addr)) != 0 || listen(fd, SOMAXCONN) != 0)
        return fail_close(fd);
    *ret_fd = fd;
    return SAPA_OK;
}

sapa_rc sapa_tcp_accept(int listener, int *ret_fd, struct sapa_addr *ret_peer)
{
    struct sapa_addr peer = { .v6 = { 0 } };
    socklen_t size = sizeof(peer);
    int fd;

    do
        fd = accept4(listener, &peer.any, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
    if (fd < 0)
        return sapa_rc_of_errno(errno);
    (void)set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    *ret_fd = fd;
    *ret_peer = peer;
    return SAPA_OK;
}

sapa_rc sapa_tcp_connect(const struct sapa_addr *local, const struct sapa_addr *peer, int *ret_fd)
{
    if (!sapa_addr_is_set(peer))
        return SAPA_EINVAL;
    const int fd = open_socket(peer->any.sa_family, SOCK_STREAM);
    if (fd < 0)
        return sapa_rc_of_errno(errno);
    (void)set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    if (local && sapa_addr_is_set(local)) {
        struct sapa_addr from = *local;
        sapa_addr_set_port(&from, 0);
        if (bind(fd, &from.any, sapa_addr_size(&from)) != 0)
            return fail_close(fd);
    }
    if (connect(fd, &peer->any, sapa_addr_size(peer)) != 0 && errno != EINPROGRESS)
        return fail_close(fd);
    *ret_fd = fd;
    return SAPA_OK;
}

/* --- local sockets --- */

static bool unix_name(const char *path, struct sockaddr_un *name)
{
    *name = (struct sockaddr_un){ .sun_family = AF_UNIX };
    return path[0] != '\0' && sapa_str_copy(sapa_str_of(path), name->sun_path, sizeof(name->sun_path));
}

static sapa_rc unix_connect(const char *path, int type, int *ret_fd)
{
    struct sockaddr_un name;

    if (!unix_name(path, &name))
        return SAPA_EINVAL;
    const int fd = open_socket(AF_UNIX, type);
    if (fd < 0)
        return sapa_rc_of_errno(errno);
    if (connect(fd, (struct sockaddr *)&name, sizeof(name)) != 0) {
        if (errno == ECONNREFUSED) /* a file without a listener */
            errno = ENOENT;
        return fail_close(fd);
    }
    *ret_fd = fd;
    return SAPA_OK;
}

sapa_rc sapa_unix_connect(const char *path, int *ret_fd)
{
    return unix_connect(path, SOCK_SEQPACKET, ret_fd);
}

bool sapa_unix_stream_listens(const char *path)
{
    int fd = -1;
    const sapa_rc rc = unix_connect(path, SOCK_STREAM, &fd);

    if (rc == SAPA_OK)
        close(fd);
    return rc == SAPA_OK || rc == SAPA_EAGAIN;
}

static sapa_rc unix_listen(const char *path, int type, int *ret_fd)
{
    struct sockaddr_un name;
    int probe = -1;

    if (!unix_name(path, &name))
        return SAPA_EINVAL;
    const sapa_rc there = unix_connect(path, type, &probe);
    if (there == SAPA_OK)
        close(probe);
    if (there == SAPA_OK || there == SAPA_EAGAIN)
        return SAPA_EEXIST;
    const int fd = open_socket(AF_UNIX, type);
    if (fd < 0)
        return sapa_rc_of_errno(errno);
    if (there == SAPA_ENOENT)
        (void)unlink(path);
    if (bind(fd, (struct sockaddr *)&name, sizeof(name)) != 0 || listen(fd, SOMAXCONN) != 0)
        return fail_close(fd);
    *ret_fd = fd;
    return SAPA_OK;
}

sapa_rc sapa_unix_listen(const char *path, int *ret_fd)
{
    return unix_listen(path, SOCK_SEQPACKET, ret_fd);
}

sapa_rc sapa_unix_stream_listen(const char *path, int *ret_fd)
{
    return unix_listen(path, SOCK_STREAM, ret_fd);
}

sapa_rc sapa_unix_accept(int listener, int *ret_fd)
{
    int fd;

    do
        fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
    if (fd < 0)
        return sapa_rc_of_errno(errno);
    *ret_fd = fd;
    return SAPA_OK;
}

sapa_rc sapa_unix_pair(int ret_fds[2])
{
    int fds[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) != 0)
        return sapa_rc_of_errno(errno);
    ret_fds[0] = fds[0];
    ret_fds[1] = fds[1];
    return SAPA_OK;
}

sapa_rc sapa_unix_send(int fd, const void *data, size_t size, const int *fds, size_t fd_count)
{
    struct iovec part = { (void *)(uintptr_t)data, size };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
    union {
        char bytes[CMSG_SPACE(SAPA_UNIX_FDS_MAX * sizeof(int))];
        struct cmsghdr align;
    } control;
    ssize_t n;

    if (fd_count > SAPA_UNIX_FDS_MAX || size == 0) /* an empty packet looks like the end */
        return SAPA_EINVAL;
    if (fd_count > 0) {
        memset(&control, 0, sizeof(control));
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(fd_count * sizeof(int));
        memcpy(CMSG_DATA(header), fds, fd_count * sizeof(int));
    }
    do
        n = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno == EMSGSIZE ? SAPA_EINVAL : errno == ENOBUFS ? SAPA_EAGAIN : sapa_rc_of_errno(errno);
    return SAPA_OK;
}

/* Keep up to fd_max of the descriptors that came, close the rest. */
static size_t take_fds(struct msghdr *message, int *fds, size_t fd_max)
{
    size_t count = 0;

    for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header; header = CMSG_NXTHDR(message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
            continue;
        const size_t got = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < got; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof(fd));
            if (count < fd_max)
                fds[count++] = fd;
            else
                close(fd);
        }
    }
    return count;
}

sapa_rc sapa_unix_receive(int fd, void *buf, size_t size, size_t *ret_n, int *fds, size_t fd_max,
                          size_t *ret_fd_count)
{
    struct iovec part = { buf, size };
    union {
        char bytes[CMSG_SPACE(SAPA_UNIX_FDS_MAX * sizeof(int))];
        struct cmsghdr align;
    } control;
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes,
                              .msg_controllen = sizeof(control.bytes) };
    ssize_t n;

    do
        n = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return sapa_rc_of_errno(errno);
    if (message.msg_flags & MSG_TRUNC) {
        (void)take_fds(&message, NULL, 0);
        return SAPA_ELIMIT;
    }
    const size_t count = take_fds(&message, fds, fd_max);
    if (ret_fd_count)
        *ret_fd_count = count;
    if (n == 0)
        return SAPA_ECLOSED;
    *ret_n = (size_t)n;
    return SAPA_OK;
}

sapa_rc sapa_unix_peer(int fd, int *ret_pid, unsigned *ret_uid)
{
    struct ucred cred;
    socklen_t size = sizeof(cred);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &size) != 0)
        return sapa_rc_of_errno(errno);
    *ret_pid = cred.pid;
    *ret_uid = cred.uid;
    return SAPA_OK;
}
