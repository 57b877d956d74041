/*
 * Any bytes as a question on the local door of a centre in which callers wait: over the real socket, to
 * the real answers. Each answer is one JSON object a message, then an end or an error; no client stays.
 */
#include "app/console.h"

#include "app/live_console.h"
#include "app/test_store_impl.h"
#include "base/log.h"
#include "rt/socket.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
    struct test_store store;
    char path[100];
    struct sapa_clock clock;
    struct sapa_centre *centre;
    struct sapa_core *core;
    struct sapa_names names;
    struct sapa_live live;
    struct sapa_engine *engine;
    struct sapa_loop *loop;
    struct sapa_live_console *console;
    unsigned inputs;
} room;

static bool log_ready(void *ctx)
{
    (void)ctx;
    return true;
}

static void log_step(void *ctx, const struct sapa_record *const records[], size_t count, bool last)
{
    (void)ctx, (void)records, (void)count, (void)last;
}

static sapa_rc on_command(void *ctx, const struct sapa_record *record)
{
    (void)ctx, (void)record;
    return SAPA_OK;
}

/* A switch: what would be logged. It is not taken, so that each question finds the same centre. */
static sapa_rc on_input(void *ctx, struct sapa_record *input)
{
    uint8_t bytes[SAPA_RECORD_ENCODED_MAX], pii_bytes[SAPA_RECORD_ENCODED_MAX];
    struct sapa_writer clear = sapa_writer_of(bytes, sizeof(bytes)), pii = sapa_writer_of(pii_bytes, sizeof(pii_bytes));

    (void)ctx;
    sapa_assert(input->type == SAPA_T_switch_set);
    sapa_record_encode(input, &clear, &pii);
    sapa_assert(!clear.bad && !pii.bad);
    return room.inputs++ % 2 ? SAPA_EAGAIN : SAPA_OK;
}

static void at_end(void)
{
    sapa_live_console_close(room.console);
    sapa_engine_free(room.engine);
    sapa_live_done(&room.live);
    sapa_names_done(&room.names);
    sapa_core_free(room.core);
    sapa_loop_free(room.loop);
    sapa_centre_free(room.centre);
    test_store_close(&room.store);
}

static void give(struct sapa_record *input)
{
    if (sapa_engine_input(room.engine, input) != SAPA_OK)
        abort();
}

static void open_room(void)
{
    static struct sapa_record in;
    const struct sapa_core_options core = { .contacts_max = 100 };

    sapa_log_level(SAPA_LOG_ERROR + 1);
    test_store_open(&room.store);
    snprintf(room.path, sizeof(room.path), "%s/console.sock", room.store.folder);
    room.centre = test_centre(TEST_CENTRE);
    sapa_clock_init_manual(&room.clock, 1000000, INT64_C(1767600000000000));
    sapa_names_init(&room.names, sapa_memory_heap());
    sapa_live_init(&room.live, sapa_memory_heap(), &room.names);
    if (sapa_loop_new(&room.clock, &room.loop) != SAPA_OK || sapa_core_new(&core, &room.core) != SAPA_OK)
        abort();
    const struct sapa_engine_options engine = { .loop = room.loop, .core = room.core, .live = &room.live, .names = &room.names,
                                                .ports = { .log_ready = log_ready, .log = log_step, .command = on_command } };
    if (sapa_engine_new(&engine, &room.engine) != SAPA_OK || sapa_core_centre(room.core, room.centre) != SAPA_OK)
        abort();
    sapa_record_init(&in, SAPA_T_centre_started);
    (void)sapa_sized_set(&in.u.centre_started.centre_hash, sapa_str_of(room.centre->hash));
    in.u.centre_started.epoch = 1;
    give(&in);
    for (uint64_t i = 1; i <= 3; i++) {
        sapa_record_init(&in, SAPA_T_contact_arrived);
        in.u.contact_arrived.contact = i;
        in.u.contact_arrived.trunk = in.u.contact_arrived.last_agent = SAPA_NONE;
        give(&in);
        sapa_record_init(&in, SAPA_T_contact_answered);
        in.u.contact_answered.contact = i;
        in.u.contact_answered.leg = i;
        give(&in);
    }
    const struct sapa_live_console_options console = { .loop = room.loop, .core = room.core, .live = &room.live,
                                                       .engine = room.engine, .writer = room.store.writer, .path = room.path,
                                                       .input = on_input };
    if (sapa_live_console_open(&console, &room.console) != SAPA_OK || atexit(at_end) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char buf[SAPA_CONSOLE_MESSAGE_MAX + 1];
    bool over = false;
    size_t n, fds;
    sapa_rc rc;
    int fd;

    if (!room.console)
        open_room();
    if (size == 0 || size > 60000)
        return 0;
    if (sapa_unix_connect(room.path, &fd) != SAPA_OK || sapa_unix_send(fd, data, size, NULL, 0) != SAPA_OK)
        abort();
    for (int i = 0; i < 4; i++)
        sapa_loop_run_once(room.loop, 0);
    while ((rc = sapa_unix_receive(fd, buf, sizeof(buf), &n, NULL, 0, &fds)) == SAPA_OK) {
        json_t *row = json_loadb(buf, n, 0, NULL);
        sapa_assert(json_is_object(row) && !over);
        over = json_is_true(json_object_get(row, "end")) || json_is_string(json_object_get(row, "error"));
        json_decref(row);
        sapa_loop_run_once(room.loop, 0);
    }
    sapa_assert(over && rc != SAPA_EAGAIN); /* answered, and the connection is closed */
    sapa_fd_close(fd);
    return 0;
}
