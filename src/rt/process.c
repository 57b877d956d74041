#include "rt/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rt/file.h"

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

extern char **environ;

enum { FD_HIGH = 200 /* above every target number, for shuffling */ };

struct sapa_process {
    struct sapa_loop *loop;
    struct sapa_watch watch;
    int pid;
    int pidfd; /* -1 once it has been reaped */
    sapa_process_exit_fn *fn;
    void *ctx;
};

struct sapa_signals {
    struct sapa_loop *loop;
    struct sapa_watch watch;
    int fd;
    sapa_signals_fn *fn;
    void *ctx;
};

struct child_plan {
    const char *program;
    char *const *argv;
    char *const *env;
    const char *directory;
    struct sapa_process_fd fds[SAPA_PROCESS_FDS_MAX];
    size_t fd_count;
    bool own_group;
    int death_signal;
    int parent;
    size_t memory_max;
    unsigned cpu_max_s;
    int report; /* errno goes here when exec fails; closed by a good exec */
};

/*
 * In the child, between fork and exec: other threads of the parent may hold any lock, so system
 * calls only.
 */
SAPA_NORETURN static void run_child(struct child_plan *plan)
{
    sigset_t none;
    int keep_max = 2;

    for (int number = 1; number < 32; number++) {
        if (number != SIGKILL && number != SIGSTOP)
            signal(number, SIG_DFL);
    }
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (plan->own_group)
        setpgid(0, 0);
    if (plan->death_signal != 0) {
        prctl(PR_SET_PDEATHSIG, plan->death_signal);
        if (getppid() != plan->parent)
            _exit(127); /* it ended while we were born */
    }
    if (plan->memory_max > 0) {
        const struct rlimit limit = { plan->memory_max, plan->memory_max };
        setrlimit(RLIMIT_AS, &limit);
    }
    if (plan->cpu_max_s > 0) {
        const struct rlimit limit = { plan->cpu_max_s, plan->cpu_max_s + 1 };
        setrlimit(RLIMIT_CPU, &limit);
    }
    if (plan->directory && chdir(plan->directory) != 0)
        goto fail;
    /* First everything up and out of the way, so that no target overwrites a source. */
    plan->report = fcntl(plan->report, F_DUPFD_CLOEXEC, FD_HIGH);
    for (size_t i = 0; i < plan->fd_count; i++) {
        plan->fds[i].from = fcntl(plan->fds[i].from, F_DUPFD_CLOEXEC, FD_HIGH);
        if (plan->fds[i].from < 0)
            goto fail;
    }
    for (size_t i = 0; i < plan->fd_count; i++) {
        if (dup2(plan->fds[i].from, plan->fds[i].to) < 0)
            goto fail;
        keep_max = SAPA_MAX(keep_max, plan->fds[i].to);
    }
    for (int fd = 3; fd < keep_max; fd++) {
        bool kept = false;
        for (size_t i = 0; i < plan->fd_count; i++)
            kept |= plan->fds[i].to == fd;
        if (!kept)
            close(fd);
    }
    close_range((unsigned)keep_max + 1, (unsigned)plan->report - 1, 0);
    close_range((unsigned)plan->report + 1, ~0U, 0);
    execvpe(plan->program, plan->argv, plan->env ? plan->env : environ);
fail:;
    const int error = errno;
    (void)!write(plan->report, &error, sizeof(error));
    _exit(127);
}

/* Fork and wait until the program runs. Returns the pid. */
static sapa_rc start_child(struct child_plan *plan, int *ret_pid, int *ret_pidfd)
{
    int report[2], error = 0;
    sigset_t all, before;

    for (size_t i = 0; i < plan->fd_count; i++) {
        if (plan->fds[i].to < 0 || plan->fds[i].to >= FD_HIGH)
            return SAPA_EINVAL;
    }
    if (pipe2(report, O_CLOEXEC) != 0)
        return sapa_rc_of_errno(errno);
    plan->parent = getpid();
    plan->report = report[1];
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* no handler of ours may run in the child */
    const pid_t pid = fork();
    if (pid == 0)
        run_child(plan);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    close(report[1]);
    if (pid < 0) {
        close(report[0]);
        return SAPA_ELIMIT;
    }
    ssize_t n;
    do
        n = read(report[0], &error, sizeof(error));
    while (n < 0 && errno == EINTR);
    close(report[0]);
    if (n == (ssize_t)sizeof(error)) {
        (void)waitpid(pid, NULL, 0);
        return sapa_rc_of_errno(error);
    }
    const int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (pidfd < 0) {
        const sapa_rc rc = sapa_rc_of_errno(errno);
        kill(pid, SIGKILL);
        (void)waitpid(pid, NULL, 0);
        return rc;
    }
    *ret_pid = pid;
    *ret_pidfd = pidfd;
    return SAPA_OK;
}

static int status_of(const siginfo_t *info)
{
    return info->si_code == CLD_EXITED ? info->si_status : -info->si_status;
}

static void on_exit_ready(void *ctx, int fd, unsigned events)
{
    struct sapa_process *process = ctx;
    siginfo_t info = { 0 };

    (void)events;
    if (waitid(P_PIDFD, (id_t)fd, &info, WEXITED | WNOHANG) != 0 || info.si_pid == 0)
        return;
    sapa_watch_stop(process->loop, &process->watch);
    close(process->pidfd);
    process->pidfd = -1;
    if (process->fn)
        process->fn(process->ctx, process->pid, status_of(&info)); /* may free the process */
}

sapa_rc sapa_process_spawn(struct sapa_loop *loop, const struct sapa_process_opts *opts, sapa_process_exit_fn *fn,
                           void *ctx, struct sapa_process **ret_process)
{
    struct child_plan plan = { .program = opts->program ? opts->program : "/proc/self/exe",
                               .argv = opts->argv,
                               .env = opts->env,
                               .directory = opts->directory,
                               .fd_count = opts->fd_count,
                               .own_group = opts->own_group,
                               .death_signal = opts->death_signal };

    if (opts->fd_count > SAPA_PROCESS_FDS_MAX || !opts->argv || !opts->argv[0])
        return SAPA_EINVAL;
    for (size_t i = 0; i < opts->fd_count; i++)
        plan.fds[i] = opts->fds[i];
    struct sapa_process *process = calloc(1, sizeof(*process));
    if (!process)
        return SAPA_ENOMEM;
    process->loop = loop;
    process->fn = fn;
    process->ctx = ctx;
    sapa_rc rc = start_child(&plan, &process->pid, &process->pidfd);
    if (rc == SAPA_OK)
        rc = sapa_watch_start(loop, &process->watch, process->pidfd, SAPA_LOOP_READ, on_exit_ready, process);
    else
        process->pidfd = -1;
    if (rc != SAPA_OK) {
        if (process->pidfd >= 0) {
            kill(process->pid, SIGKILL);
            (void)waitpid(process->pid, NULL, 0);
            close(process->pidfd);
        }
        free(process);
        return rc;
    }
    *ret_process = process;
    return SAPA_OK;
}

int sapa_process_pid(const struct sapa_process *process)
{
    return process->pid;
}

bool sapa_process_is_running(const struct sapa_process *process)
{
    return process->pidfd >= 0;
}

sapa_rc sapa_process_kill(struct sapa_process *process, int signal_number)
{
    if (process->pidfd < 0)
        return SAPA_ENOENT;
    if (syscall(SYS_pidfd_send_signal, process->pidfd, signal_number, NULL, 0) != 0)
        return errno == ESRCH ? SAPA_ENOENT : sapa_rc_of_errno(errno);
    return SAPA_OK;
}

void sapa_process_free(struct sapa_process *process)
{
    if (!process)
        return;
    sapa_watch_stop(process->loop, &process->watch);
    if (process->pidfd >= 0) {
        (void)waitpid(process->pid, NULL, WNOHANG); /* perhaps it has just ended */
        close(process->pidfd);
    }
    free(process);
}

/* --- signals --- */

static void on_signal_ready(void *ctx, int fd, unsigned events)
{
    struct sapa_signals *signals = ctx;
    struct signalfd_siginfo info;

    (void)events;
    if (read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
        signals->fn(signals->ctx, (int)info.ssi_signo); /* may stop; level-triggered, so one a turn */
}

sapa_rc sapa_signals_start(struct sapa_loop *loop, const int *numbers, sapa_signals_fn *fn, void *ctx,
                           struct sapa_signals **ret_signals)
{
    struct sapa_signals *signals = calloc(1, sizeof(*signals));
    sigset_t set;

    if (!signals)
        return SAPA_ENOMEM;
    sigemptyset(&set);
    for (size_t i = 0; numbers[i] != 0; i++)
        sigaddset(&set, numbers[i]);
    signals->loop = loop;
    signals->fn = fn;
    signals->ctx = ctx;
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signals->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (signals->fd < 0 || sapa_watch_start(loop, &signals->watch, signals->fd, SAPA_LOOP_READ, on_signal_ready,
                                            signals) != SAPA_OK) {
        if (signals->fd >= 0)
            close(signals->fd);
        free(signals);
        return SAPA_EIO;
    }
    *ret_signals = signals;
    return SAPA_OK;
}

void sapa_signals_stop(struct sapa_signals *signals)
{
    if (!signals)
        return;
    sapa_watch_stop(signals->loop, &signals->watch);
    close(signals->fd);
    free(signals);
}

/* --- run to the end --- */

struct run {
    const struct sapa_run_opts *opts;
    int input, output; /* our ends; -1 when closed */
    int pidfd;
    int64_t end_us;
    size_t fed;
    uint8_t *buf;
    size_t n, size;
};

static void close_end(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void feed(struct run *run)
{
    const size_t left = run->opts->input_size - run->fed;
    const ssize_t n = write(run->input, (const uint8_t *)run->opts->input + run->fed, left);

    if (n > 0)
        run->fed += (size_t)n;
    if ((n < 0 && errno != EAGAIN && errno != EINTR) || run->fed == run->opts->input_size)
        close_end(&run->input); /* it may end without reading everything */
}

static sapa_rc collect(struct run *run)
{
    if (run->n == run->size) {
        const size_t size = SAPA_MIN(run->size ? run->size * 2 : 4096, run->opts->output_max + 1);
        if (run->n > run->opts->output_max)
            return SAPA_ELIMIT;
        uint8_t *more = realloc(run->buf, size + 1);
        if (!more)
            return SAPA_ENOMEM;
        run->buf = more;
        run->size = size;
    }
    const ssize_t n = read(run->output, run->buf + run->n, run->size - run->n);
    if (n > 0)
        run->n += (size_t)n;
    else if (n == 0 || (errno != EAGAIN && errno != EINTR))
        close_end(&run->output);
    return run->n > run->opts->output_max ? SAPA_ELIMIT : SAPA_OK;
}

/* It has ended: what stands in the pipe now is all; a grandchild may keep the pipe open. */
static sapa_rc collect_rest(struct run *run)
{
    sapa_rc rc = SAPA_OK;

    for (size_t before = SIZE_MAX; rc == SAPA_OK && run->output >= 0 && run->n != before;) {
        before = run->n;
        rc = collect(run);
    }
    return rc;
}

static sapa_rc serve(struct run *run)
{
    while (run->output >= 0 || run->pidfd >= 0) {
        struct pollfd fds[3] = { { run->input, POLLOUT, 0 }, { run->output, POLLIN, 0 }, { run->pidfd, POLLIN, 0 } };
        const int64_t left_us = run->end_us - sapa_mono_us();
        if (left_us <= 0)
            return SAPA_ETIMEOUT;
        if (poll(fds, 3, (int)SAPA_MIN((left_us + 999) / 1000, 60000)) <= 0)
            continue;
        if (run->input >= 0 && fds[0].revents)
            feed(run);
        if (run->output >= 0 && fds[1].revents) {
            const sapa_rc rc = collect(run);
            if (rc != SAPA_OK)
                return rc;
        } else if (run->pidfd >= 0 && fds[2].revents) {
            return collect_rest(run);
        }
    }
    return SAPA_OK;
}

static void open_pipe(int ends[2])
{
    if (pipe2(ends, O_CLOEXEC) != 0)
        ends[0] = ends[1] = -1;
}

sapa_rc sapa_process_run(const struct sapa_run_opts *opts, struct sapa_run_result *ret_result)
{
    struct run run = { .opts = opts, .input = -1, .output = -1, .pidfd = -1,
                       .end_us = sapa_mono_us() + opts->limit_ms * 1000 };
    const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int in[2], out[2], pid = -1;
    siginfo_t info = { 0 };
    sigset_t pipe_only, before;

    open_pipe(in);
    open_pipe(out);
    struct child_plan plan = { .program = opts->program, .argv = opts->argv, .own_group = true,
                               .fds = { { in[0], 0 }, { out[1], 1 }, { null, 2 } }, .fd_count = 3,
                               .memory_max = opts->memory_max, .cpu_max_s = opts->cpu_max_s };
    sapa_rc rc = null >= 0 && in[0] >= 0 && out[0] >= 0 ? start_child(&plan, &pid, &run.pidfd) : SAPA_ELIMIT;
    close_end(&in[0]);
    close_end(&out[1]);
    if (null >= 0)
        close(null);
    run.input = in[1];
    run.output = out[0];
    if (rc == SAPA_OK) {
        sigemptyset(&pipe_only); /* a child that does not read must not end us */
        sigaddset(&pipe_only, SIGPIPE);
        pthread_sigmask(SIG_BLOCK, &pipe_only, &before);
        fcntl(run.input, F_SETFL, O_NONBLOCK);
        fcntl(run.output, F_SETFL, O_NONBLOCK);
        if (opts->input_size == 0)
            close_end(&run.input);
        rc = serve(&run);
        const struct timespec now = { 0 };
        while (sigtimedwait(&pipe_only, NULL, &now) == SIGPIPE)
            ;
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        kill(-pid, SIGKILL); /* whatever of its group is left; it is not reaped yet, so the number is ours */
        (void)waitid(P_PID, (id_t)pid, &info, WEXITED);
        close(run.pidfd);
    }
    close_end(&run.input);
    close_end(&run.output);
    if (rc == SAPA_OK && !run.buf && !(run.buf = calloc(1, 1)))
        rc = SAPA_ENOMEM;
    if (rc != SAPA_OK) {
        free(run.buf);
        return rc;
    }
    run.buf[run.n] = '\0';
    *ret_result = (struct sapa_run_result){ run.buf, run.n, status_of(&info) };
    return SAPA_OK;
}

/* ---- limits ---- */

uint64_t sapa_process_files(uint64_t wanted)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return 0;
    const rlim_t now = files.rlim_cur;
    files.rlim_cur = SAPA_MIN((rlim_t)wanted, files.rlim_max);
    return now < files.rlim_cur && setrlimit(RLIMIT_NOFILE, &files) == 0 ? files.rlim_cur : now;
}
