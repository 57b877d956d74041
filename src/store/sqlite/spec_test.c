/* Runs the specs of test/store: every interleaving of the sessions' steps, see its README.md. */
#include "store/sqlite/test_util.h"

#include <glob.h>
#include <string.h>

#include "rt/file.h"

enum { SESSIONS_MAX = 3, STEPS_MAX = 12, WORDS_MAX = 4, VARS_MAX = 16, INTERLEAVINGS_MAX = 2000 };

struct step {
    struct sapa_str words[WORDS_MAX];
    size_t count;
};

struct script {
    struct sapa_str name;
    struct step steps[STEPS_MAX];
    size_t count;
};

struct spec {
    struct script setup, always, sessions[SESSIONS_MAX];
    size_t session_count;
};

struct session {
    struct sapa_store *store;
    struct sapa_loop *loop;
    struct sapa_log_writer *writer;
    struct sapa_log_status told;
    uint64_t seq, merge, epoch;
};

struct variable {
    struct sapa_str name;
    uint64_t person;
    bool erased;
};

struct run {
    struct session sessions[SESSIONS_MAX];
    struct variable vars[VARS_MAX];
    size_t var_count;
    uint64_t acknowledged;
    int64_t at_us; /* one clock for all: they are on one machine */
};

/* --- reading --- */

static void read_spec(struct sapa_str text, struct spec *spec)
{
    struct script *script = NULL;

    *spec = (struct spec){ .session_count = 0 };
    while (text.n > 0) {
        struct sapa_str line = sapa_str_trim(sapa_str_cut(text, '\n', &text)), rest = line;
        struct step step = { .count = 0 };
        if (line.n == 0 || line.p[0] == '#')
            continue;
        while (rest.n > 0 && step.count < WORDS_MAX)
            step.words[step.count++] = sapa_str_cut(sapa_str_trim(rest), ' ', &rest);
        if (sapa_str_eq(step.words[0], SAPA_STR("setup"))) {
            script = &spec->setup;
        } else if (sapa_str_eq(step.words[0], SAPA_STR("always"))) {
            script = &spec->always;
        } else if (sapa_str_eq(step.words[0], SAPA_STR("session"))) {
            assert_true(spec->session_count < SESSIONS_MAX);
            script = &spec->sessions[spec->session_count++];
            script->name = step.words[1];
        } else {
            assert_non_null(script);
            assert_true(script->count < STEPS_MAX);
            script->steps[script->count++] = step;
        }
    }
}

static uint64_t number(struct sapa_str word)
{
    uint64_t value = 0;

    assert_int_equal(sapa_str_u64(word, 1000000, &value), SAPA_OK);
    return value;
}

static struct variable *variable(struct run *run, struct sapa_str name)
{
    for (size_t i = 0; i < run->var_count; i++) {
        if (sapa_str_eq(run->vars[i].name, name))
            return &run->vars[i];
    }
    assert_true(run->var_count < VARS_MAX);
    run->vars[run->var_count].name = name;
    return &run->vars[run->var_count++];
}

/* --- steps --- */

static void told(void *ctx, const struct sapa_log_status *status)
{
    ((struct session *)ctx)->told = *status;
}

static void close_session(struct session *s)
{
    (void)sapa_log_writer_stop(s->writer);
    sapa_loop_free(s->loop);
    sapa_store_close(s->store);
    *s = (struct session){ .store = NULL };
}

static void start_writer(struct session *s)
{
    struct sapa_log_writer_opts opts = { .reserve_bytes = UINT64_MAX, .progress = told, .ctx = s, .cpu = -1 };

    assert_int_equal(sapa_store_take_epoch(s->store, "spec", &s->epoch), SAPA_OK);
    assert_int_equal(sapa_loop_new(NULL, &s->loop), SAPA_OK);
    opts.loop = s->loop;
    assert_int_equal(sapa_log_writer_start(s->store, &opts, &s->writer), SAPA_OK);
    s->seq = s->told.committed_seq = sapa_store_tail(s->store).seq;
}

static void put(struct run *run, struct session *s, struct sapa_record record)
{
    record.seq = ++s->seq;
    record.at_us = ++run->at_us;
    assert_int_equal(sapa_log_writer_put(s->writer, &record), SAPA_OK);
}

static void wait_committed(struct run *run, struct session *s)
{
    sapa_log_writer_flush(s->writer);
    while (s->told.committed_seq < s->seq && s->told.state != SAPA_LOG_FENCED)
        (void)sapa_loop_run_once(s->loop, -1);
    run->acknowledged = SAPA_MAX(run->acknowledged, s->told.committed_seq);
}

static void meet(struct run *run, struct session *s, const struct step *step)
{
    struct sapa_person_found found;
    char value[64];

    (void)sapa_str_copy(step->words[3], value, sizeof(value));
    assert_int_equal(sapa_person_reserve(s->store, number(step->words[2]), SAPA_IDENTITY_PHONE, step->words[3], &found),
                     SAPA_OK);
    if (found.is_new)
        put(run, s, record_known(0, 0, &found, value));
    put(run, s, record_of_person(0, 0, found.person, "5"));
    wait_committed(run, s);
    if (s->told.committed_seq >= s->seq) /* else it was refused: the person never was */
        variable(run, step->words[1])->person = found.person;
}

static void do_step(struct run *run, struct session *s, const struct step *step)
{
    const struct sapa_str verb = step->words[0];

    if (sapa_str_eq(verb, SAPA_STR("open"))) {
        s->store = open_store();
    } else if (sapa_str_eq(verb, SAPA_STR("close"))) {
        close_session(s);
    } else if (sapa_str_eq(verb, SAPA_STR("epoch"))) {
        start_writer(s);
    } else if (sapa_str_eq(verb, SAPA_STR("put"))) {
        for (uint64_t i = number(step->words[1]); i > 0; i--)
            put(run, s, record_tick(0, 0));
        wait_committed(run, s);
    } else if (sapa_str_eq(verb, SAPA_STR("meet"))) {
        meet(run, s, step);
    } else if (sapa_str_eq(verb, SAPA_STR("merge"))) {
        uint64_t merge;
        const sapa_rc rc = sapa_person_merge(s->store, variable(run, step->words[1])->person,
                                             variable(run, step->words[2])->person, "spec", &merge);
        assert_true(rc == SAPA_OK || rc == SAPA_ESTATE);
        if (rc == SAPA_OK)
            s->merge = merge;
    } else if (sapa_str_eq(verb, SAPA_STR("unmerge"))) {
        if (s->merge != 0)
            assert_int_equal(sapa_person_unmerge(s->store, s->merge, "spec"), SAPA_OK);
    } else if (sapa_str_eq(verb, SAPA_STR("erase"))) {
        struct variable *var = variable(run, step->words[1]);
        assert_int_equal(sapa_person_erase(s->store, var->person, "spec"), SAPA_OK);
        var->erased = true;
    } else if (sapa_str_eq(verb, SAPA_STR("snapshot"))) {
        const uint64_t seq = sapa_store_tail(s->store).seq;
        assert_int_equal(sapa_store_snapshot_put(s->store, "core", 1, seq, "blob", 4), SAPA_OK);
    } else {
        fail_msg("unknown step " SAPA_STR_FMT, SAPA_STR_ARG(verb));
    }
}

/* --- what holds always --- */

static void count_one(void *ctx, enum sapa_identity_kind kind, struct sapa_str value)
{
    (void)kind;
    (void)value;
    (*(int *)ctx)++;
}

static void check_writer(struct run *run)
{
    struct session *last = NULL;

    for (size_t i = 0; i < SESSIONS_MAX; i++) {
        if (run->sessions[i].writer && (!last || run->sessions[i].epoch > last->epoch))
            last = &run->sessions[i];
    }
    assert_non_null(last);
    put(run, last, record_tick(0, 0));
    wait_committed(run, last);
    assert_int_equal(last->told.committed_seq, last->seq);
}

static void check(struct run *run, struct sapa_store *store, const struct step *step)
{
    const struct sapa_str what = step->words[0];
    uint64_t person = 0;

    if (sapa_str_eq(what, SAPA_STR("verify"))) {
        struct sapa_log_report report;
        assert_int_equal(sapa_log_verify(store, &(struct sapa_log_verify_opts){ .open_personal = true }, &report), SAPA_OK);
        if (!report.good)
            print_message("%s\n", report.text);
        assert_true(report.good);
    } else if (sapa_str_eq(what, SAPA_STR("acknowledged"))) {
        assert_true(sapa_store_tail(store).seq >= run->acknowledged);
    } else if (sapa_str_eq(what, SAPA_STR("writer"))) {
        check_writer(run);
    } else if (sapa_str_eq(what, SAPA_STR("once"))) {
        const sapa_rc rc = sapa_person_find(store, number(step->words[1]), SAPA_IDENTITY_PHONE, step->words[2], &person);
        int count = 0;
        assert_true(rc == SAPA_OK || rc == SAPA_ENOENT);
        if (rc == SAPA_OK) {
            assert_false(sapa_person_is_erased(store, person));
            assert_int_equal(sapa_person_identities(store, person, count_one, &count), SAPA_OK);
            assert_true(count >= 1);
        }
    } else if (sapa_str_eq(what, SAPA_STR("distinct"))) {
        const uint64_t a = variable(run, step->words[1])->person, b = variable(run, step->words[2])->person;
        assert_true(a == 0 || b == 0 || a != b);
    } else if (sapa_str_eq(what, SAPA_STR("erased"))) {
        const struct variable *var = variable(run, step->words[1]);
        uint8_t sealed[100];
        if (var->erased) {
            assert_true(sapa_person_is_erased(store, var->person));
            assert_int_equal(sapa_person_seal(store, var->person, SAPA_STR("x"), "y", 1, sealed), SAPA_ENOENT);
        }
    } else {
        fail_msg("unknown check " SAPA_STR_FMT, SAPA_STR_ARG(what));
    }
}

/* --- interleavings --- */

/* `order` says whose step comes next; true while there is a next permutation of this multiset. */
static bool next_order(uint8_t *order, size_t n)
{
    size_t i = n;

    while (i > 1 && order[i - 2] >= order[i - 1])
        i--;
    if (i <= 1)
        return false;
    size_t j = n - 1;
    while (order[j] <= order[i - 2])
        j--;
    uint8_t kept = order[i - 2];
    order[i - 2] = order[j];
    order[j] = kept;
    for (size_t a = i - 1, b = n - 1; a < b; a++, b--) {
        kept = order[a];
        order[a] = order[b];
        order[b] = kept;
    }
    return true;
}

static void run_order(const struct spec *spec, const uint8_t *order, size_t n)
{
    struct run *run = calloc(1, sizeof(*run));
    size_t at[SESSIONS_MAX] = { 0 };

    assert_int_equal(make_folder(NULL), 0);
    for (size_t i = 0; i < spec->setup.count; i++) /* session 0 closes behind itself */
        do_step(run, &run->sessions[0], &spec->setup.steps[i]);
    for (size_t i = 0; i < n; i++)
        do_step(run, &run->sessions[order[i]], &spec->sessions[order[i]].steps[at[order[i]]++]);
    struct sapa_store *store = open_store(); /* an eye that has seen nothing of it */
    for (size_t i = 0; i < spec->always.count; i++)
        check(run, store, &spec->always.steps[i]);
    sapa_store_close(store);
    for (size_t i = 0; i < SESSIONS_MAX; i++)
        close_session(&run->sessions[i]);
    free(run);
    assert_int_equal(remove_folder(NULL), 0);
}

static void run_file(const char *path)
{
    struct spec *spec = calloc(1, sizeof(*spec));
    uint8_t order[SESSIONS_MAX * STEPS_MAX], *text;
    size_t n = 0, size, count = 0;

    assert_int_equal(sapa_file_read(path, 65536, &text, &size), SAPA_OK);
    read_spec((struct sapa_str){ (const char *)text, size }, spec);
    for (size_t s = 0; s < spec->session_count; s++) {
        for (size_t i = 0; i < spec->sessions[s].count; i++)
            order[n++] = (uint8_t)s;
    }
    do {
        run_order(spec, order, n);
        count++;
    } while (count < INTERLEAVINGS_MAX && next_order(order, n));
    print_message("%s: %zu interleavings\n", strrchr(path, '/') + 1, count);
    free(text);
    free(spec);
}

static void all_specs_hold_in_every_order(void **state)
{
    glob_t found;

    (void)state;
    if (access("/dev/shm", W_OK) == 0)
        test_root = "/dev/shm"; /* the order of steps is what is tested here, not the disk: syncs cost nothing there */
    assert_int_equal(glob(SAPA_SOURCE_DIR "/test/store/*.spec", 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++)
        run_file(found.gl_pathv[i]);
    assert_true(found.gl_pathc >= 4);
    globfree(&found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_specs_hold_in_every_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
