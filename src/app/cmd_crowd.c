/**
 * @file app/cmd_crowd.c
 * `sapa crowd`: customers and agents for a centre that runs on this machine.
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include <stdlib.h>

#include "app/centre_file.h"
#include "app/commands.h"
#include "base/log.h"
#include "crowd/crowd.h"
#include "rt/process.h"
#include "rt/socket.h"

enum { STOP_US = 1500000 };

struct crowd_command {
    struct sapa_loop *loop;
    struct sapa_crowd *crowd;
    struct sapa_timer timer, end_timer;
    int64_t started_us;
    bool stopping;
    struct sapa_watch codes_watch;
    char codes[256];
    size_t codes_n;
};

static void end_now(void *ctx)
{
    sapa_loop_stop(((struct crowd_command *)ctx)->loop);
}

static void stop(struct crowd_command *c)
{
    if (c->stopping)
        return;
    c->stopping = true;
    sapa_crowd_stop(c->crowd);
    sapa_timer_set(c->loop, &c->end_timer, STOP_US, end_now, c);
}

static void print_stats(const struct crowd_command *c);

static void on_signal(void *ctx, int number)
{
    if (number == SIGUSR1)
        print_stats(ctx);
    else
        stop(ctx);
}

static void on_limit(void *ctx)
{
    stop(ctx);
}

/* Lines "EXTENSION CODE" from a pipe: what agents do by hand. */
static void on_codes(void *ctx, int fd, unsigned events)
{
    struct crowd_command *c = ctx;
    struct sapa_str rest;

    (void)events;
    const ssize_t n = read(fd, c->codes + c->codes_n, sizeof(c->codes) - c->codes_n);
    if (n <= 0)
        return;
    c->codes_n += (size_t)n;
    for (const char *end; (end = memchr(c->codes, '\n', c->codes_n)) != NULL;) {
        const struct sapa_str line = { c->codes, (size_t)(end - c->codes) };
        const struct sapa_str extension = sapa_str_cut(line, ' ', &rest);
        const sapa_rc rc = sapa_crowd_dial(c->crowd, extension, sapa_str_trim(rest));
        sapa_log(rc == SAPA_OK ? SAPA_LOG_INFO : SAPA_LOG_WARN, "crowd.dial", "extension=" SAPA_STR_FMT " code=" SAPA_STR_FMT " rc=%s",
                 SAPA_STR_ARG(extension), SAPA_STR_ARG(rest), sapa_rc_name(rc));
        c->codes_n -= line.n + 1;
        memmove(c->codes, end + 1, c->codes_n);
    }
    if (c->codes_n == sizeof(c->codes)) /* no line */
        c->codes_n = 0;
}

static void print_stats(const struct crowd_command *c)
{
    const struct sapa_crowd_stats s = sapa_crowd_stats(c->crowd);

    printf("{\"seconds\": %.1f, \"calls\": %llu, \"connected\": %llu, \"abandoned\": %llu, \"refused\": %llu, \"failed\": %llu, "
           "\"callbacks\": %llu, \"now\": %u, \"talking\": %u, \"offers\": %llu, \"answered\": %llu, \"missed\": %llu, \"holds\": %llu, "
           "\"passed\": %llu, \"asked\": %llu, \"asked_refused\": %llu, \"conferences\": %llu, \"placed\": %llu, \"placed_refused\": %llu, \"carrier_fails\": %llu, \"codes\": %llu, \"codes_failed\": %llu, "
           "\"registers\": %llu, \"register_failed\": %llu, \"packets_sent\": %llu, \"packets_received\": %llu, "
           "\"asked_to_ring_us\": {\"p50\": %u, \"p99\": %u}, \"free_to_ring_us\": {\"p50\": %u, \"p99\": %u}}\n",
           (double)(sapa_mono_us() - c->started_us) / 1e6, (unsigned long long)s.calls, (unsigned long long)s.connected,
           (unsigned long long)s.abandoned, (unsigned long long)s.refused, (unsigned long long)s.failed,
           (unsigned long long)s.callbacks, s.now, s.talking, (unsigned long long)s.offers, (unsigned long long)s.answered,
           (unsigned long long)s.missed, (unsigned long long)s.holds, (unsigned long long)s.passed, (unsigned long long)s.asked,
           (unsigned long long)s.asked_refused, (unsigned long long)s.conferences, (unsigned long long)s.placed, (unsigned long long)s.placed_refused,
           (unsigned long long)s.carrier_fails, (unsigned long long)s.codes, (unsigned long long)s.codes_failed,
           (unsigned long long)s.registers, (unsigned long long)s.register_failed, (unsigned long long)s.packets_sent,
           (unsigned long long)s.packets_received, sapa_crowd_delay_us(c->crowd, SAPA_CROWD_ASKED_TO_RING, 500),
           sapa_crowd_delay_us(c->crowd, SAPA_CROWD_ASKED_TO_RING, 990), sapa_crowd_delay_us(c->crowd, SAPA_CROWD_FREE_TO_RING, 500),
           sapa_crowd_delay_us(c->crowd, SAPA_CROWD_FREE_TO_RING, 990));
    fflush(stdout);
}

/* UINT64_MAX: it was not said. */
static void take(uint64_t said, uint32_t unit, uint32_t *ret)
{
    if (said != UINT64_MAX)
        *ret = (uint32_t)said * unit;
}

int sapa_crowd_main(int argc, char **argv)
{
    static const int numbers[] = { SIGTERM, SIGINT, SIGUSR1, 0 }; /* USR1: the figures so far */
    struct sapa_crowd_options crowd = sapa_crowd_demo();
    const char *data = sapa_data_default(), *path = NULL, *secrets = NULL, *sip = "127.0.0.1:5060", *keys = NULL, *number = NULL, *codes = NULL;
    uint64_t per_hour = 240, at_once = crowd.calls_max, total = 0, agents = UINT32_MAX, seconds = 0, seed = 1;
    uint64_t leave_ms = 0, wrapup_ms = UINT64_MAX, answer_ms = UINT64_MAX, hold = UINT64_MAX, survey = UINT64_MAX, talk_ms = crowd.talk_ms_mean, key_ms = crowd.key_ms, patience_ms = crowd.patience_ms_mean, lose = 0;
    uint64_t pass = UINT64_MAX, ask = UINT64_MAX, confer = crowd.confer_permille, place = UINT64_MAX, fail_every_s = UINT64_MAX, fail_s = crowd.fail_ms / 1000;
    bool no_audio = false, brisk = false, lively = false, quiet = false;
    const struct sapa_option options[] = {
        { "data", SAPA_OPTION_TEXT, &data, "DIR", "folder of the centre: its secrets are there (the one that runs, or ran last)", 0, 0 },
        { "centre", SAPA_OPTION_TEXT, &path, "FILE", "description of the centre", 0, 0 },
        { "secrets", SAPA_OPTION_TEXT, &secrets, "FILE", "passwords of the phones (DIR/secrets)", 0, 0 },
        { "sip", SAPA_OPTION_TEXT, &sip, "ADDRESS", "where the centre listens (127.0.0.1:5060)", 0, 0 },
        { "calls-per-hour", SAPA_OPTION_NUMBER, &per_hour, "N", "customers an hour (240)", 0, 3600000 },
        { "at-once", SAPA_OPTION_NUMBER, &at_once, "N", "customers at once, at most (60)", 1, 4000 },
        { "total", SAPA_OPTION_NUMBER, &total, "N", "stop calling after so many (never)", 0, 100000000 },
        { "agents", SAPA_OPTION_NUMBER, &agents, "N", "so many of the centre's agents (all)", 0, UINT32_MAX },
        { "seconds", SAPA_OPTION_NUMBER, &seconds, "S", "end after so long (never)", 0, 864000 },
        { "seed", SAPA_OPTION_NUMBER, &seed, "N", "of everything random (1)", 0, UINT32_MAX },
        { "talk-ms", SAPA_OPTION_NUMBER, &talk_ms, "MS", "mean length of a conversation (75000)", 1, 3600000 },
        { "hold", SAPA_OPTION_NUMBER, &hold, "N", "of 1,000 conversations have a hold (150)", 0, 1000 },
        { "survey", SAPA_OPTION_NUMBER, &survey, "N", "of 1,000 customers answer when the agent has left (550)", 0, 1000 },
        { "codes", SAPA_OPTION_TEXT, &codes, "PIPE", "agents dial only what is written there: lines EXTENSION CODE, or EXTENSION hangup", 0, 0 },
        { "key-ms", SAPA_OPTION_NUMBER, &key_ms, "MS", "between the keys of a customer (4500)", 1, 60000 },
        { "keys", SAPA_OPTION_TEXT, &keys, "DIGITS", "what every customer presses (by chance)", 0, 0 },
        { "wrapup-ms", SAPA_OPTION_NUMBER, &wrapup_ms, "MS", "until a result is dialled after a call, 0 never (3 to 15 s)", 0, 600000 },
        { "leave-ms", SAPA_OPTION_NUMBER, &leave_ms, "MS", "with --keys: hang up so long after the last key (stay)", 0, 3600000 },
        { "number", SAPA_OPTION_TEXT, &number, "KEY", "the number that every customer calls (by chance)", 0, 0 },
        { "patience-ms", SAPA_OPTION_NUMBER, &patience_ms, "MS", "mean patience, 0 endless (150000)", 0, 36000000 },
        { "lose-percent", SAPA_OPTION_NUMBER, &lose, "N", "of the customers' packets are lost on the way (0)", 0, 100 },
        { "no-audio", SAPA_OPTION_FLAG, &no_audio, NULL, "signalling only; keys go as INFO", 0, 0 },
        { "answer-ms", SAPA_OPTION_NUMBER, &answer_ms, "MS", "agents let it ring exactly so long (1.2 to 5 s)", 0, 3600000 },
        { "lively", SAPA_OPTION_FLAG, &lively, NULL, "agents also transfer, ask colleagues and call customers; the first of two carriers fails now and then", 0, 0 },
        { "pass", SAPA_OPTION_NUMBER, &pass, "N", "of 1,000 conversations are passed on (0; lively: 80)", 0, 1000 },
        { "ask", SAPA_OPTION_NUMBER, &ask, "N", "of 1,000 conversations are passed on after asking (0; lively: 120)", 0, 1000 },
        { "confer", SAPA_OPTION_NUMBER, &confer, "N", "of 1,000 of these the agent stays: a conference (350)", 0, 1000 },
        { "place", SAPA_OPTION_NUMBER, &place, "N", "after so many of 1,000 conversations the agent calls a customer (0; lively: 80)", 0, 1000 },
        { "fail-every", SAPA_OPTION_NUMBER, &fail_every_s, "S", "the first of two carriers fails so often (never; lively: 600)", 0, 86400 },
        { "fail-for", SAPA_OPTION_NUMBER, &fail_s, "S", "and for so long (60)", 1, 86400 },
        { "brisk", SAPA_OPTION_FLAG, &brisk, NULL, "agents answer at once, miss nothing, do not hold, take no breaks", 0, 0 },
        { "quiet", SAPA_OPTION_FLAG, &quiet, NULL, "no figures at the end", 0, 0 },
    };
    static struct crowd_command c;
    struct sapa_clock clock;
    struct sapa_signals *signals;
    struct sapa_centre *centre;
    struct sapa_addr addr;
    char secrets_buf[512], host[SAPA_ADDR_TEXT_MAX];
    const int usage = sapa_command_options("crowd", argc, argv, options, SAPA_COUNT(options), NULL, 0, NULL);

    if (usage >= 0)
        return usage;
    if (!path)
        return sapa_command_wrong("crowd", "--centre FILE is missing: the one that the centre serves");
    if (sapa_addr_parse(sapa_str_of(sip), 5060, &addr) != SAPA_OK)
        return sapa_command_wrong("crowd", "--sip wants an address such as 127.0.0.1:5060");
    if (sapa_addr_is_wildcard(&addr)) /* it listens everywhere: loopback is part of that */
        sip = sapa_addr_is_v6(&addr) ? "::1" : "127.0.0.1";
    else if (!sapa_addr_is_loopback(&addr))
        return sapa_command_wrong("crowd", "a crowd only calls a centre on this machine");
    else
        sip = sapa_addr_print_host(&addr, host, sizeof(host));
    if (!secrets) {
        snprintf(secrets_buf, sizeof(secrets_buf), "%s/secrets", data);
        secrets = secrets_buf;
    }
    sapa_log_role("crowd");
    const struct sapa_centre_file file = { .path = path, .secrets_path = secrets };
    if (sapa_centre_file_read(&file, &centre, NULL) != SAPA_OK)
        return SAPA_EXIT_USAGE;
    sapa_clock_init(&clock);
    c.started_us = sapa_mono_us();
    crowd.centre = centre, crowd.seed = seed, crowd.calls_per_hour = (uint32_t)per_hour, crowd.calls_max = (uint32_t)at_once;
    crowd.calls_total = (uint32_t)total, crowd.agents = (uint32_t)agents, crowd.audio = !no_audio;
    crowd.lose_percent = (uint32_t)lose;
    crowd.keys = keys, crowd.number = number, crowd.leave_ms = (uint32_t)leave_ms;
    crowd.talk_ms_mean = (uint32_t)talk_ms, crowd.key_ms = (uint32_t)key_ms, crowd.patience_ms_mean = (uint32_t)patience_ms;
    if (brisk)
        crowd.hold_permille = crowd.answer_ms_min = crowd.answer_ms_max = crowd.wrapup_ms_max = crowd.miss_permille = crowd.refuse_permille =
            crowd.break_permille = crowd.callback_miss_permille = crowd.customer_ends_permille = 0;
    if (!lively)
        crowd.pass_permille = crowd.ask_permille = crowd.place_permille = crowd.fail_every_ms = 0;
    take(pass, 1, &crowd.pass_permille), take(ask, 1, &crowd.ask_permille), take(place, 1, &crowd.place_permille);
    take(fail_every_s, 1000, &crowd.fail_every_ms);
    crowd.confer_permille = (uint32_t)confer;
    crowd.fail_ms = (uint32_t)fail_s * 1000;
    crowd.by_hand = codes != NULL;
    take(hold, 1, &crowd.hold_permille), take(survey, 1, &crowd.survey_permille);
    take(answer_ms, 1, &crowd.answer_ms_min), take(answer_ms, 1, &crowd.answer_ms_max);
    take(wrapup_ms, 1, &crowd.wrapup_ms_min), take(wrapup_ms, 1, &crowd.wrapup_ms_max);
    sapa_rc rc = sapa_sip_ip_parse(sapa_str_of(sip), sapa_addr_port(&addr), &crowd.target);
    if (rc == SAPA_OK)
        rc = sapa_sip_ip_parse(sapa_str_of(sip), 0, &crowd.local);
    if (rc == SAPA_OK)
        rc = sapa_loop_new(&clock, &c.loop);
    crowd.loop = c.loop;
    if (rc == SAPA_OK)
        rc = sapa_signals_start(c.loop, numbers, on_signal, &c, &signals);
    if (rc == SAPA_OK)
        rc = sapa_crowd_open(&crowd, &c.crowd);
    const int codes_fd = rc == SAPA_OK && codes ? open(codes, O_RDWR | O_NONBLOCK | O_CLOEXEC) : -1; /* RDWR: writers come and go */
    if (rc == SAPA_OK && codes)
        rc = codes_fd < 0 ? SAPA_EIO : sapa_watch_start(c.loop, &c.codes_watch, codes_fd, SAPA_LOOP_READ, on_codes, &c);
    if (rc != SAPA_OK) {
        fprintf(stderr, "sapa crowd: %s\n", sapa_rc_text(rc));
        return SAPA_EXIT_FAILED;
    }
    sapa_log(SAPA_LOG_INFO, "crowd.ready", "customers_an_hour=%u agents=%u", crowd.calls_per_hour,
             SAPA_MIN(crowd.agents, centre->agents_count));
    if (seconds > 0)
        sapa_timer_set(c.loop, &c.timer, (int64_t)seconds * 1000000, on_limit, &c);
    sapa_loop_run(c.loop);
    if (!quiet)
        print_stats(&c);
    if (codes_fd >= 0) {
        sapa_watch_stop(c.loop, &c.codes_watch);
        close(codes_fd);
    }
    sapa_crowd_close(c.crowd);
    sapa_signals_stop(signals);
    sapa_loop_free(c.loop);
    sapa_centre_free(centre);
    return SAPA_EXIT_OK;
}
