/**
 * @file bare_relay.c
 * The yardstick of bench/media_bench: the least that a relay can do, a socket a leg, epoll, recvfrom, sendto.
 *
 * bare_relay PORT CALLS: legs 2k and 2k+1 on UDP ports PORT + leg are one call; whatever comes in on
 * one goes out of the other, to the address that its own last packet came from.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

struct leg {
    int fd;
    struct sockaddr_in peer;
};

static int leg_open(struct leg *leg, uint16_t port)
{
    struct sockaddr_in local = { .sin_family = AF_INET, .sin_port = htons(port),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

    leg->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    return leg->fd < 0 ? -1 : bind(leg->fd, (struct sockaddr *)&local, sizeof(local));
}

int main(int argc, char **argv)
{
    const uint16_t port = (uint16_t)(argc > 1 ? strtoul(argv[1], NULL, 10) : 0);
    const size_t count = 2 * (argc > 2 ? strtoul(argv[2], NULL, 10) : 0);
    struct rlimit files = { count + 64, count + 64 };
    struct leg *legs = calloc(count + 1, sizeof(*legs));
    const int epoll = epoll_create1(EPOLL_CLOEXEC);
    static struct epoll_event events[512];
    static char packet[2048];

    (void)setrlimit(RLIMIT_NOFILE, &files);
    for (size_t i = 0; i < count; i++) {
        struct epoll_event event = { .events = EPOLLIN, .data.u64 = i };
        if (leg_open(&legs[i], (uint16_t)(port + i)) || epoll_ctl(epoll, EPOLL_CTL_ADD, legs[i].fd, &event)) {
            perror("bare_relay");
            return 1;
        }
    }
    puts("ready");
    fflush(stdout);
    for (;;) {
        const int n = epoll_wait(epoll, events, 512, -1);
        for (int i = 0; i < n; i++) {
            struct leg *in = &legs[events[i].data.u64], *out = &legs[events[i].data.u64 ^ 1];
            socklen_t size = sizeof(in->peer);
            const ssize_t bytes = recvfrom(in->fd, packet, sizeof(packet), 0, (struct sockaddr *)&in->peer, &size);
            if (bytes > 0 && out->peer.sin_port)
                (void)sendto(out->fd, packet, (size_t)bytes, 0, (struct sockaddr *)&out->peer, sizeof(out->peer));
        }
        if (n < 0 && errno != EINTR)
            return 1;
    }
}
