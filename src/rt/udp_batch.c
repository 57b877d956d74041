#include "rt/udp_batch.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "rt/file.h"

struct sapa_udp_set {
    int epoll;
    int wake;
    struct epoll_event events[SAPA_UDP_SET_READY_MAX];
};

enum { WAKE = -1 };

sapa_rc sapa_udp_set_new(struct sapa_udp_set **ret_set)
{
    struct sapa_udp_set *set = calloc(1, sizeof(*set));
    struct epoll_event event = { .events = EPOLLIN, .data.u64 = (uint64_t)WAKE };

    if (!set)
        return SAPA_ENOMEM;
    set->epoll = epoll_create1(EPOLL_CLOEXEC);
    set->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (set->epoll < 0 || set->wake < 0 || epoll_ctl(set->epoll, EPOLL_CTL_ADD, set->wake, &event)) {
        sapa_udp_set_free(set);
        return SAPA_EIO;
    }
    *ret_set = set;
    return SAPA_OK;
}

void sapa_udp_set_free(struct sapa_udp_set *set)
{
    if (!set)
        return;
    sapa_fd_close(set->epoll);
    sapa_fd_close(set->wake);
    free(set);
}

sapa_rc sapa_udp_set_add(struct sapa_udp_set *set, int fd, uint64_t key)
{
    struct epoll_event event = { .events = EPOLLIN, .data.u64 = key };

    return epoll_ctl(set->epoll, EPOLL_CTL_ADD, fd, &event) ? SAPA_EIO : SAPA_OK;
}

void sapa_udp_set_remove(struct sapa_udp_set *set, int fd)
{
    (void)epoll_ctl(set->epoll, EPOLL_CTL_DEL, fd, NULL);
}

size_t sapa_udp_set_ready(struct sapa_udp_set *set, int64_t timeout_us, uint64_t *ret_keys, size_t max)
{
    const int room = (int)SAPA_MIN(max, (size_t)SAPA_UDP_SET_READY_MAX);
    struct timespec wait = { .tv_sec = timeout_us / 1000000, .tv_nsec = timeout_us % 1000000 * 1000 };
    size_t n = 0;
    int ready;

    if (timeout_us == 0)
        ready = epoll_wait(set->epoll, set->events, room, 0);
    else
        ready = epoll_pwait2(set->epoll, set->events, room, timeout_us < 0 ? NULL : &wait, NULL);
    for (int i = 0; i < ready; i++) {
        if (set->events[i].data.u64 == (uint64_t)WAKE) {
            uint64_t count;
            (void)!read(set->wake, &count, sizeof(count));
            continue;
        }
        ret_keys[n++] = set->events[i].data.u64;
    }
    return n;
}

void sapa_udp_set_tick(int64_t mono_us)
{
    const struct timespec at = { .tv_sec = mono_us / 1000000, .tv_nsec = mono_us % 1000000 * 1000 };

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
        ;
}

void sapa_udp_set_wake(struct sapa_udp_set *set)
{
    const uint64_t one = 1;

    (void)!write(set->wake, &one, sizeof(one));
}

/*
 * The three calls of each packet go past glibc's wrappers: in a program with threads those are
 * cancellation points and pay two locked instructions a call, 4 % of a packet's price.
 */
size_t sapa_udp_take(int fd, void *buf, size_t size, struct sapa_addr *ret_from)
{
    socklen_t from_size = sizeof(*ret_from);
    const long n = syscall(SYS_recvfrom, fd, buf, size, MSG_DONTWAIT, &ret_from->any, &from_size);

    return n < 0 ? 0 : (size_t)n;
}

size_t sapa_udp_give(int fd, const void *buf, size_t size)
{
    const long n = syscall(SYS_sendto, fd, buf, size, MSG_DONTWAIT | MSG_NOSIGNAL, NULL, 0);

    return n < 0 ? 0 : (size_t)n;
}

size_t sapa_udp_give_to(int fd, const void *buf, size_t size, const struct sapa_addr *to)
{
    const long n = syscall(SYS_sendto, fd, buf, size, MSG_DONTWAIT | MSG_NOSIGNAL, &to->any, sapa_addr_size(to));

    return n < 0 ? 0 : (size_t)n;
}

sapa_rc sapa_udp_connect(int fd, const struct sapa_addr *peer)
{
    return connect(fd, &peer->any, sapa_addr_size(peer)) ? sapa_rc_of_errno(errno) : SAPA_OK;
}

void sapa_udp_disconnect(int fd)
{
    const struct sockaddr none = { .sa_family = AF_UNSPEC };

    (void)connect(fd, &none, sizeof(none));
}
