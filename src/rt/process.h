/**
 * @file rt/process.h
 * Child processes and signals.
 *
 * Room    rt.   Thread  spawn, signals: the loop's; run: any (it blocks).   Tests  rt/process_test.c
 */
#ifndef SAPA_RT_PROCESS_H
#define SAPA_RT_PROCESS_H

#include <signal.h>

#include "rt/loop.h"

struct sapa_process;
struct sapa_signals;

struct sapa_process_fd {
    int from; /* ours */
    int to;   /* number in the child, e.g. 3; 0..2 allowed */
};

enum { SAPA_PROCESS_FDS_MAX = 16 };

struct sapa_process_opts {
    const char *program;     /* path, looked up in PATH; NULL = this program itself */
    char *const *argv;       /* NULL-terminated; argv[0] included */
    char *const *env;        /* NULL = inherit */
    const char *directory;   /* NULL = stay */
    const struct sapa_process_fd *fds; /* everything else but 0..2 is closed in the child */
    size_t fd_count;         /* <= SAPA_PROCESS_FDS_MAX */
    bool own_group;          /* a process group of its own (a terminal's ^C does not reach it) */
    int death_signal;        /* sent to it when the spawning thread ends; 0 = none */
};

/** How it ended: exit code 0..255, or -signal. */
typedef void sapa_process_exit_fn(void *ctx, int pid, int status);

/**
 * Start a child. `fn` is called once on the loop when it has ended and been reaped; the handle stays
 * valid until sapa_process_free().
 * @retval SAPA_ENOENT  no such program @retval SAPA_EDENIED not executable @retval SAPA_EIO otherwise
 */
SAPA_MUST_CHECK sapa_rc sapa_process_spawn(struct sapa_loop *loop, const struct sapa_process_opts *opts,
                                           sapa_process_exit_fn *fn, void *ctx, struct sapa_process **ret_process);
int sapa_process_pid(const struct sapa_process *process);
bool sapa_process_is_running(const struct sapa_process *process);
/** Never hits a recycled pid. SAPA_ENOENT when it has ended. */
SAPA_MUST_CHECK sapa_rc sapa_process_kill(struct sapa_process *process, int signal_number);
/** Forget it; a child that still runs goes on, un-reaped until we end. NULL is fine. Not from another thread. */
void sapa_process_free(struct sapa_process *process);

/**
 * This process may have so many descriptors, as far as the system allows: shells give 1,024. What it may have already stays.
 * Returns how many it may have now.
 */
uint64_t sapa_process_files(uint64_t wanted);

/** What the system says of a process of ours. */
struct sapa_process_facts {
    int pid;
    char name[16];            /* its first argument: "serve", "control", "media" */
    int64_t started_us;       /* UTC */
    uint64_t memory_bytes;    /* resident */
    uint64_t cpu_ms;          /* used so far */
    uint32_t threads;
    uint32_t descriptors, descriptors_max; /* open; UINT32_MAX: not to be seen */
    bool other_program;       /* it runs another file than we do: an upgrade that is not through */
};
/** @retval SAPA_ENOENT  there is no such process */
SAPA_MUST_CHECK sapa_rc sapa_process_look(int pid, struct sapa_process_facts *ret_facts);
/** Children of a process, at most `max`; returns how many. */
size_t sapa_process_children(int pid, int *ret_pids, size_t max);

/** `fn` gets the signal's number on the loop. */
typedef void sapa_signals_fn(void *ctx, int signal_number);
/** Block these signals for the process (call before starting threads) and deliver them by signalfd. `numbers` ends with 0. */
SAPA_MUST_CHECK sapa_rc sapa_signals_start(struct sapa_loop *loop, const int *numbers, sapa_signals_fn *fn, void *ctx,
                                           struct sapa_signals **ret_signals);
void sapa_signals_stop(struct sapa_signals *signals);

struct sapa_run_opts {
    const char *program;   /* looked up in PATH */
    char *const *argv;
    const void *input;     /* fed to its standard input; may be NULL */
    size_t input_size;
    size_t output_max;     /* bytes of standard output kept; more = SAPA_ELIMIT */
    int64_t limit_ms;      /* wall-clock limit; its process group is killed after it */
    size_t memory_max;     /* address space bytes, 0 = no limit */
    unsigned cpu_max_s;    /* CPU seconds, 0 = no limit */
};

struct sapa_run_result {
    uint8_t *output;   /* heap, NUL-terminated; caller frees with free(); set also when status != 0 */
    size_t output_size;
    int status;        /* exit code, or -signal */
};

/**
 * Run a program and collect its standard output; standard error goes to /dev/null. Blocks: use a pool.
 * @retval SAPA_ETIMEOUT limit_ms passed @retval SAPA_ELIMIT output_max @retval SAPA_ENOENT no such program
 */
SAPA_MUST_CHECK sapa_rc sapa_process_run(const struct sapa_run_opts *opts, struct sapa_run_result *ret_result);

#endif
