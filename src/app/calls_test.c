/*
 * Calls through the API, whole: a request over HTTP, the web thread, the core, and a voice channel that is this test.
 * What the core makes of each wish is its own tests' business; here it is that the wish arrives as it was meant, that
 * the answer says what came of it, and that nobody stays behind: after each story the agents are free.
 */
#include "app/web_link.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cmocka.h>
#include <jansson.h>

#include "app/test_store_impl.h"
#include "phone/phone.h"
#include "rt/clock.h"
#include "rt/mailbox.h"
#include "rt/pass.h"
#include "rt/socket.h"

#define CENTRE                                                                                             \
    "version: 1\n"                                                                                         \
    "system: { name: Test, zone: Asia/Jakarta, languages: [en], sip_host: sapa, contacts_max: 500, ice_servers: \"stun:192.0.2.1:3478, turn:192.0.2.1:3478\", turn_secret: { secret: turn } }\n" \
    "clients: { toko: { name: Toko, language: en, calls: { queue: sales } }, bank: { name: Bank, language: en } }\n" \
    "skills: [sales]\n"                                                                                    \
    "teams: [merah, biru]\n"                                                                               \
    "roles: { lead: { rights: [supervisor, users, tokens] }, clerk: { rights: [agent, users] }, caller: { calls: [ { allow: [colleagues, queues] }, { allow: \"+62\" } ] } }\n"                              \
    "do_not_contact: { everybody: { numbers: [628119999] }, one: { numbers: [628118888], client: bank }, three: { numbers: [628117777], campaign: tagih } }\n" \
    "agents:\n"                                                                                            \
    "  siti: { name: Siti, extension: \"101\", password: { secret: a }, skills: { sales: 5 }, role: caller, clients: [toko], team: merah }\n" \
    "  budi: { name: Budi, extension: \"102\", password: { secret: a }, clients: [toko, bank], team: biru, role: clerk }\n" \
    "  dewi: { name: Dewi, extension: \"103\", password: { secret: a }, clients: [bank] }\n" \
    "users: { ratna: { name: Ratna, role: lead, teams: [merah] }, wati: { name: Wati, role: lead }, tono: { name: Tono, role: clerk } }\n" \
    "codes: { \"*1\": ready, \"*2\": not ready, \"*3\": wrap-up done }\n"                                   \
    "reasons: { 1: { en: break } }\n"                                                                      \
    "dispositions: { results: { 11: { en: sold } } }\n"                                                    \
    "queues:\n"                                                                                            \
    "  sales: { name: Sales, client: toko, ring: 20 s, wrapup: 0, record: none, dispositions: results, steps: [ { needs: { sales: 1 } } ] }\n" \
    "  loans: { name: Loans, client: bank, ring: 20 s, wrapup: 0, record: none, dispositions: results, steps: [ { needs: { sales: 1 } } ] }\n" \
    "numbers: { \"100\": { client: toko, flow: main, web: yes }, \"200\": { client: bank, flow: bank } }\n"          \
    "campaigns: { tagih: { name: Tagih, client: toko, number: \"100\", brand: Toko Prima, team: merah }, pinjam: { name: Pinjam, client: bank } }\n" \
    "flows:\n"                                                                                             \
    "  main: { start: wait, nodes: { wait: { do: queue, queue: sales, on_overflow: bye }, bye: { do: hangup } } }\n" \
    "  bank: { start: wait, nodes: { wait: { do: queue, queue: loans, on_overflow: bye }, bye: { do: hangup } } }\n"

enum { ASK = 1, SIP, SIP_CLOSED, ENDED, COMMANDS_MAX = 256, SITI = 0, BUDI = 1, DEWI = 2 };

struct world {
    struct test_store store;
    struct sapa_centre *centre;
    struct sapa_loop *loop;
    struct sapa_core *core;
    struct sapa_names names;
    struct sapa_live live;
    struct sapa_engine *engine;
    struct sapa_web_link *link;
    struct sapa_web *web;
    struct sapa_mailbox *inbox;
    uint16_t port;
    char admin[SAPA_TOKEN_TEXT_SIZE], siti[SAPA_TOKEN_TEXT_SIZE], bank[SAPA_TOKEN_TEXT_SIZE], siti_of_toko[SAPA_TOKEN_TEXT_SIZE], budi_of_bank[SAPA_TOKEN_TEXT_SIZE];
    char ratna[SAPA_TOKEN_TEXT_SIZE], wati[SAPA_TOKEN_TEXT_SIZE], budi[SAPA_TOKEN_TEXT_SIZE]; /* sessions: a team's leader, all teams', a clerk */
    struct sapa_record commands[COMMANDS_MAX]; /* what the voice channel was told, in order */
    unsigned command_count, taken;
    struct sapa_record last_input, known;
    uint64_t next_id;
    struct sapa_web_flow flow; /* of the browser that spoke last */
    char sip[70000];
    size_t sip_n;
    unsigned sip_count, closed_count;
    uint64_t ended, wati_session;
    char *answer; /* of the last request: the body */
    json_t *json;
};

/* ---- ports ---- */

static bool log_ready(void *ctx)
{
    (void)ctx;
    return true;
}

static void log_step(void *ctx, const struct sapa_record *const records[], size_t count, bool last)
{
    struct world *w = ctx;

    if (w->link)
        sapa_web_link_step(w->link, records, count, last);
}

static sapa_rc command(void *ctx, const struct sapa_record *record)
{
    struct world *w = ctx;

    memcpy(&w->commands[w->command_count++ % COMMANDS_MAX], record, sapa_record_size(record));
    return SAPA_OK;
}

static sapa_rc put(void *ctx, uint32_t type, const void *data, size_t size)
{
    return sapa_web_put(((struct world *)ctx)->web, type, data, size);
}

static sapa_rc reply(void *ctx, const struct sapa_web_reply *answer, const void *data, size_t size)
{
    return sapa_web_reply(((struct world *)ctx)->web, answer, data, size);
}

static void wake(void *ctx)
{
    sapa_web_wake(((struct world *)ctx)->web);
}

static sapa_rc input(void *ctx, struct sapa_record *record)
{
    struct world *w = ctx;

    if (record->type == SAPA_T_person_known)
        memcpy(&w->known, record, sapa_record_size(record));
    else if (record->type != SAPA_T_api_write)
        memcpy(&w->last_input, record, sapa_record_size(record));
    return sapa_engine_input(w->engine, record);
}

static sapa_rc reserve(void *ctx, uint64_t client, struct sapa_str address, struct sapa_person_found *ret)
{
    return sapa_person_reserve(((struct world *)ctx)->store.store, client, SAPA_IDENTITY_PHONE, address, ret);
}

static sapa_rc no_reload(void *ctx, const struct sapa_reload *wish)
{
    (void)ctx, (void)wish;
    return SAPA_EINVAL;
}

static sapa_rc ask(void *ctx, const void *message, size_t size)
{
    return sapa_mailbox_put(((struct world *)ctx)->inbox, ASK, message, size);
}

static void no_work(void *ctx, struct sapa_web_work *work)
{
    (void)ctx;
    work->rc = work->route == SAPA_ROUTE_COUNT ? SAPA_OK : SAPA_EINVAL;
}

static sapa_rc on_sip(void *ctx, const struct sapa_web_flow *flow, const char *bytes, size_t n)
{
    const struct sapa_mailbox_part parts[] = { { flow, sizeof(*flow) }, { bytes, n } };

    return sapa_mailbox_putv(((struct world *)ctx)->inbox, SIP, parts, 2);
}

static void on_sip_closed(void *ctx, const struct sapa_web_flow *flow)
{
    assert_int_equal(sapa_mailbox_put(((struct world *)ctx)->inbox, SIP_CLOSED, flow, sizeof(*flow)), SAPA_OK);
}

static void on_ended(void *ctx, uint64_t session)
{
    assert_int_equal(sapa_mailbox_put(((struct world *)ctx)->inbox, ENDED, &session, sizeof(session)), SAPA_OK);
}

static void on_ask(void *ctx, uint32_t type, const void *data, size_t size)
{
    struct world *w = ctx;

    if (type == SIP) {
        memcpy(&w->flow, data, sizeof(w->flow));
        w->sip_n = size - sizeof(w->flow);
        memcpy(w->sip, (const char *)data + sizeof(w->flow), w->sip_n);
        w->sip[w->sip_n] = '\0';
        w->sip_count++;
        return;
    }
    if (type == SIP_CLOSED) {
        w->closed_count++;
        return;
    }
    if (type == ENDED) {
        memcpy(&w->ended, data, sizeof(w->ended));
        return;
    }
    assert_int_equal(type, ASK);
    sapa_web_link_ask(((struct world *)ctx)->link, data, size);
}

static void commit(struct world *w)
{
    const uint64_t seq = sapa_engine_stats(w->engine).seq;

    sapa_engine_committed(w->engine, seq);
    sapa_web_link_committed(w->link, seq);
}

/* ---- the world ---- */

static void make_token(struct world *w, const char *user, enum sapa_role role, const char *agent, const char *clients, char text[SAPA_TOKEN_TEXT_SIZE])
{
    struct sapa_token wish = { .role = (uint8_t)role }, token;

    (void)sapa_str_copy(sapa_str_of(user), wish.user, sizeof(wish.user));
    (void)sapa_str_copy(sapa_str_of(agent), wish.agent, sizeof(wish.agent));
    (void)sapa_str_copy(sapa_str_of(clients), wish.clients, sizeof(wish.clients));
    assert_int_equal(sapa_token_create(w->store.store, &wish, text, &token), SAPA_OK);
}

static uint64_t make_session(struct world *w, const char *user, char text[SAPA_TOKEN_TEXT_SIZE])
{
    struct sapa_session session;

    assert_int_equal(sapa_session_create(w->store.store, sapa_str_of(user), SAPA_STR("::1"), false, sapa_wall_us(), text, &session), SAPA_OK);
    return session.id;
}

static void post(struct world *w, struct sapa_record *record)
{
    assert_int_equal(sapa_engine_input(w->engine, record), SAPA_OK);
    commit(w);
}

static unsigned rate; /* requests a second; 0: no limit */

static int set_up(void **state)
{
    static struct world w;
    static char pages[96];
    char page[128];
    const struct sapa_core_options core = { .contacts_max = 600 };
    uint64_t clients[64] = { 0 };
    struct sapa_addr addr;
    struct sapa_record record;
    int fd;

    memset(&w, 0, sizeof(w));
    test_store_open(&w.store);
    make_token(&w, "admin", SAPA_ROLE_ADMIN, "", "", w.admin);
    make_token(&w, "siti", SAPA_ROLE_AGENT, "siti", "", w.siti);
    make_token(&w, "siti2", SAPA_ROLE_AGENT, "siti", "toko", w.siti_of_toko);
    make_token(&w, "budi2", SAPA_ROLE_AGENT, "budi", "bank", w.budi_of_bank);
    make_token(&w, "bank", SAPA_ROLE_SUPERVISOR, "", "bank", w.bank);
    (void)make_session(&w, "ratna", w.ratna);
    w.wati_session = make_session(&w, "wati", w.wati);
    (void)make_session(&w, "budi", w.budi);
    w.centre = test_centre(CENTRE);
    clients[0] = w.store.client;
    assert_int_equal(sapa_store_client(w.store.store, "bank", "Bank", &clients[1]), SAPA_OK);
    assert_int_equal(sapa_loop_new(NULL, &w.loop), SAPA_OK);
    assert_int_equal(sapa_core_new(&core, &w.core), SAPA_OK);
    sapa_names_init(&w.names, sapa_memory_heap());
    sapa_live_init(&w.live, sapa_memory_heap(), &w.names);
    const struct sapa_engine_options engine = {
        .loop = w.loop, .core = w.core, .live = &w.live, .names = &w.names,
        .ports = { .ctx = &w, .log_ready = log_ready, .log = log_step, .command = command },
    };
    assert_int_equal(sapa_engine_new(&engine, &w.engine), SAPA_OK);
    assert_int_equal(sapa_mailbox_new(1 << 20, &w.inbox), SAPA_OK);
    assert_int_equal(sapa_addr_parse(SAPA_STR("127.0.0.1:0"), 0, &addr), SAPA_OK);
    assert_int_equal(sapa_tcp_listen(&addr, &fd), SAPA_OK);
    assert_int_equal(sapa_socket_local(fd, &addr), SAPA_OK);
    w.port = sapa_addr_port(&addr);
    snprintf(pages, sizeof(pages), "%s/web", w.store.folder);
    assert_int_equal(mkdir(pages, 0700), 0);
    snprintf(page, sizeof(page), "%s/index.html", pages);
    assert_int_equal(sapa_file_create(page, "<!doctype html>", 15, 0600), SAPA_OK);
    const struct sapa_web_options web = { .listen_fd = fd, .data = w.store.folder, .pages = pages, .demo = SAPA_WEB_DEMO_LOOPBACK, .rate = rate, .version = "test", .store = w.store.store, .epoch = 3,
                                          .ports = { .ctx = &w, .ask = ask, .work = no_work, .sip = on_sip, .sip_closed = on_sip_closed, .ended = on_ended },
                                          .phone_key = { { 1, 2, 3 } } };
    assert_int_equal(sapa_web_start(&web, &w.web), SAPA_OK);
    const struct sapa_web_link_options link = {
        .loop = w.loop, .core = w.core, .engine = w.engine, .live = &w.live,
        .ports = { .ctx = &w, .put = put, .reply = reply, .wake = wake, .input = input, .reserve = reserve, .reload = no_reload },
    };
    assert_int_equal(sapa_web_link_open(&link, &w.link), SAPA_OK);
    assert_int_equal(sapa_core_centre(w.core, w.centre), SAPA_OK);
    sapa_web_link_clients(w.link, clients);
    sapa_record_init(&record, SAPA_T_centre_started);
    (void)sapa_sized_set(&record.u.centre_started.centre_hash, sapa_str_of(w.centre->hash));
    post(&w, &record);
    sapa_engine_start(w.engine);
    sapa_mailbox_attach(w.inbox, w.loop, 64, on_ask, &w);
    for (uint32_t i = 0; i < 3; i++) {
        sapa_record_init(&record, SAPA_T_agent_device);
        record.u.agent_device.agent = i;
        record.u.agent_device.reachable = 1;
        post(&w, &record);
        sapa_record_init(&record, SAPA_T_agent_command);
        record.u.agent_command.agent = i;
        record.u.agent_command.verb = SAPA_VERB_READY;
        record.u.agent_command.code = SAPA_NONE;
        post(&w, &record);
    }
    *state = &w;
    return 0;
}

static int set_up_slow(void **state)
{
    rate = 20;
    return set_up(state);
}

static int tear_down(void **state)
{
    struct world *w = *state;

    rate = 0;
    sapa_mailbox_detach(w->inbox);
    sapa_web_stop(w->web);
    sapa_web_link_close(w->link);
    sapa_engine_free(w->engine);
    sapa_live_done(&w->live);
    sapa_names_done(&w->names);
    sapa_core_free(w->core);
    sapa_mailbox_free(w->inbox);
    sapa_loop_free(w->loop);
    sapa_centre_free(w->centre);
    json_decref(w->json);
    free(w->answer);
    test_store_close(&w->store);
    return 0;
}

/* ---- requests ---- */

/* One request with these header lines, while the centre's loop turns; the status. Its body is w->json then. */
static unsigned call_with(struct world *w, const char *headers, const char *method, const char *path, const char *body)
{
    char head[2048];
    struct sapa_addr addr;
    size_t n = 0, room = 1 << 16;
    int fd;

    w->command_count = w->taken = 0;
    memset(&addr, 0, sizeof(addr));
    addr.v4.sin_family = AF_INET;
    addr.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    addr.v4.sin_port = htons(w->port);
    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, &addr.any, sizeof(addr.v4)), 0);
    const int head_n = snprintf(head, sizeof(head), "%s %s HTTP/1.1\r\n%sContent-Length: %zu\r\nConnection: close\r\n\r\n%s", method, path, headers, strlen(body), body);
    assert_int_equal(sapa_fd_write_all(fd, head, (size_t)head_n), SAPA_OK);
    free(w->answer);
    w->answer = malloc(room);
    for (;;) {
        struct pollfd p = { .fd = fd, .events = POLLIN };
        sapa_loop_run_once(w->loop, 2000);
        commit(w);
        if (poll(&p, 1, 0) <= 0)
            continue;
        const ssize_t got = recv(fd, w->answer + n, room - 1 - n, 0);
        if (got <= 0)
            break;
        n += (size_t)got;
    }
    w->answer[n] = '\0';
    close(fd);
    const char *text = strstr(w->answer, "\r\n\r\n");
    assert_non_null(text);
    json_decref(w->json);
    w->json = json_loads(text + 4, 0, NULL);
    return (unsigned)strtoul(w->answer + 9, NULL, 10);
}

static unsigned call(struct world *w, const char *token, const char *method, const char *path, const char *body)
{
    char headers[256];

    snprintf(headers, sizeof(headers), "Host: sapa\r\nAuthorization: Bearer %s\r\n", token);
    return call_with(w, headers, method, path, body);
}

static uint64_t told_id(struct world *w, const char *name)
{
    const char *text = json_string_value(json_object_get(w->json, name));

    return text ? strtoull(text, NULL, 10) : 0;
}

/* ---- the voice channel ---- */

/* The next command of this type since the last request or look; NULL: there was none. */
static const struct sapa_record *told(struct world *w, enum sapa_type type)
{
    for (; w->taken < w->command_count; w->taken++) {
        if (w->commands[w->taken % COMMANDS_MAX].type == type)
            return &w->commands[w->taken++ % COMMANDS_MAX];
    }
    return NULL;
}

/* Somebody calls and is offered to Siti; the offer. */
static uint64_t ring(struct world *w, uint64_t *ret_contact)
{
    struct sapa_record r;

    w->command_count = w->taken = 0;
    sapa_record_init(&r, SAPA_T_contact_arrived);
    r.u.contact_arrived.contact = *ret_contact = sapa_id_make(1, ++w->next_id);
    r.u.contact_arrived.number = 0;
    r.u.contact_arrived.last_agent = SAPA_NONE;
    (void)sapa_sized_set(&r.u.contact_arrived.address, SAPA_STR("62811999123"));
    post(w, &r);
    if (told(w, SAPA_T_cmd_answer)) {
        sapa_record_init(&r, SAPA_T_contact_answered);
        r.u.contact_answered.contact = *ret_contact;
        post(w, &r);
    }
    w->taken = 0;
    const struct sapa_record *offer = told(w, SAPA_T_cmd_offer);
    assert_non_null(offer);
    assert_int_equal(offer->u.cmd_offer.agent, SITI);
    return offer->u.cmd_offer.offer;
}

static void accept_offer(struct world *w, uint64_t offer)
{
    struct sapa_record r;

    sapa_record_init(&r, SAPA_T_offer_accepted);
    r.u.offer_accepted.offer = offer;
    r.u.offer_accepted.leg = sapa_id_make(1, ++w->next_id);
    post(w, &r);
}

static uint64_t talk(struct world *w, uint64_t *ret_contact)
{
    const uint64_t offer = ring(w, ret_contact);

    accept_offer(w, offer);
    return offer;
}

static bool is_free(const struct world *w, uint32_t agent)
{
    struct sapa_assignment_view one;
    uint32_t cursor = 0;

    return !sapa_core_assignment_next(w->core, agent, &cursor, &one);
}

static bool lives(const struct world *w, uint64_t contact)
{
    struct sapa_contact_view view;

    return sapa_core_contact_get(w->core, contact, sapa_core_now(w->core), &view) == SAPA_OK;
}

static const char *path_of(uint64_t offer, const char *verb)
{
    static char path[96];

    snprintf(path, sizeof(path), "/api/v1/offers/%llu/%s", (unsigned long long)offer, verb);
    return path;
}

/* Or nobody but Siti could take it. */
static void teach_budi(struct world *w)
{
    struct sapa_record r;

    sapa_record_init(&r, SAPA_T_agent_skill);
    r.u.agent_skill.agent = BUDI;
    r.u.agent_skill.level = 3;
    post(w, &r);
}

/* ---- tests ---- */

static void passed_on(void **state)
{
    struct world *w = *state;
    uint64_t contact;
    uint64_t offer = talk(w, &contact);

    teach_budi(w);
    /* to what is not there, or is none, or is himself */
    assert_int_equal(call(w, w->siti, "POST", path_of(offer, "transfer"), "{\"kind\":\"queue\",\"to\":\"nothing\"}"), 400);
    assert_int_equal(call(w, w->siti, "POST", path_of(offer, "transfer"), "{\"kind\":\"planet\",\"to\":\"mars\"}"), 400);
    assert_int_equal(call(w, w->siti, "POST", path_of(offer, "transfer"), "{\"kind\":\"outside\",\"to\":\"x\"}"), 400);
    assert_int_equal(call(w, w->siti, "POST", path_of(offer, "transfer"), "{\"kind\":\"agent\",\"to\":\"siti\"}"), 409); /* himself */
    assert_false(is_free(w, SITI));
    assert_int_equal(call(w, w->siti, "POST", path_of(offer, "transfer"), "{\"kind\":\"agent\",\"to\":\"budi\"}"), 200);
    assert_int_equal(w->last_input.type, SAPA_T_contact_passed);
    assert_int_equal(w->last_input.u.contact_passed.target, BUDI);
    assert_string_equal(w->last_input.u.contact_passed.by.p, "siti");
    assert_true(is_free(w, SITI));
    const struct sapa_record *dropped = told(w, SAPA_T_cmd_drop_agent), *rung = told(w, SAPA_T_cmd_offer);
    assert_non_null(dropped);
    assert_int_equal(dropped->u.cmd_drop_agent.offer, offer);
    assert_non_null(rung);
    assert_int_equal(rung->u.cmd_offer.agent, BUDI);
    assert_int_equal(call(w, w->siti, "POST", path_of(offer, "transfer"), "{\"kind\":\"agent\",\"to\":\"budi\"}"), 404); /* it is not his any more */
    /* what others have in their hands is not there for him; for whoever supervises it is */
    offer = rung->u.cmd_offer.offer;
    accept_offer(w, offer);
    assert_int_equal(call(w, w->siti, "POST", path_of(offer, "transfer"), "{\"kind\":\"queue\",\"to\":\"sales\"}"), 404);
    assert_int_equal(call(w, w->bank, "POST", path_of(offer, "transfer"), "{\"kind\":\"queue\",\"to\":\"loans\"}"), 404);
    assert_int_equal(call(w, w->admin, "POST", path_of(offer, "transfer"), "{\"kind\":\"queue\",\"to\":\"sales\"}"), 200);
    assert_true(is_free(w, BUDI));
    assert_true(lives(w, contact));
}

/* What an older attempt got wrong: after a hang-up the agent's part never ended. */
static void hung_up_is_over(void **state)
{
    struct world *w = *state;

    for (unsigned way = 0; way < 3; way++) { /* talking, on hold, alone in it and leaving */
        uint64_t contact;
        const uint64_t offer = talk(w, &contact);
        if (way == 1)
            assert_int_equal(call(w, w->siti, "POST", path_of(offer, "hold"), ""), 200);
        assert_int_equal(call(w, w->siti, "POST", path_of(offer, way == 2 ? "leave" : "hangup"), ""), 200);
        assert_non_null(told(w, SAPA_T_cmd_drop_agent));
        w->taken = 0;
        assert_non_null(told(w, SAPA_T_cmd_hangup));
        assert_true(is_free(w, SITI));
        assert_false(lives(w, contact));
        assert_int_equal(call(w, w->siti, "POST", path_of(offer, "hangup"), ""), 404);
        /* and what the API shows is so at once */
        assert_int_equal(call(w, w->siti, "GET", "/api/v1/agents/siti", ""), 200);
        assert_int_equal(json_array_size(json_object_get(w->json, "assignments")), 0);
        assert_string_equal(json_string_value(json_object_get(w->json, "presence")), "ready");
    }
}

static void taken_held_and_given_back(void **state)
{
    struct world *w = *state;
    uint64_t contact;
    uint64_t offer = ring(w, &contact);

    assert_int_equal(call(w, w->siti, "POST", path_of(offer, "hold"), ""), 409); /* it only rings */
    assert_int_equal(call(w, w->siti, "POST", path_of(offer, "accept"), ""), 200);
    const struct sapa_record *accept = told(w, SAPA_T_cmd_offer_accept);
    assert_non_null(accept);
    assert_int_equal(accept->u.cmd_offer_accept.offer, offer);
    accept_offer(w, offer); /* the phone answers */
    assert_int_equal(call(w, w->siti, "POST", path_of(offer, "accept"), ""), 409);
    assert_int_equal(call(w, w->siti, "POST", path_of(offer, "hold"), ""), 200);
    assert_int_equal(w->last_input.u.call_command.agent, SITI);
    assert_string_equal(w->last_input.u.call_command.by.p, "siti");
    const struct sapa_record *hold = told(w, SAPA_T_cmd_hold);
    assert_non_null(hold);
    assert_int_equal(hold->u.cmd_hold.on, 1);
    assert_int_equal(call(w, w->siti, "POST", path_of(offer, "hold"), ""), 409);
    assert_int_equal(call(w, w->siti, "GET", "/api/v1/agents/siti", ""), 200);
    assert_string_equal(json_string_value(json_object_get(json_array_get(json_object_get(w->json, "assignments"), 0), "state")), "on hold");
    assert_int_equal(call(w, w->siti, "POST", path_of(offer, "resume"), ""), 200);
    assert_int_equal(told(w, SAPA_T_cmd_hold)->u.cmd_hold.on, 0);
    assert_int_equal(call(w, w->siti, "POST", path_of(offer, "resume"), ""), 409);
    assert_int_equal(call(w, w->siti, "POST", path_of(offer, "hangup"), ""), 200);
    /* what is refused ends */
    offer = ring(w, &contact);
    assert_int_equal(call(w, w->siti, "POST", path_of(offer, "refuse"), ""), 200);
    assert_non_null(told(w, SAPA_T_cmd_offer_cancel));
    assert_int_equal(call(w, w->siti, "POST", path_of(offer, "refuse"), ""), 404);
    assert_true(lives(w, contact));
    assert_int_equal(call(w, w->siti, "POST", "/api/v1/offers/0/hold", ""), 404);
    assert_int_equal(call(w, w->siti, "POST", "/api/v1/offers/abc/hold", ""), 404);
    assert_int_equal(call(w, w->siti, "POST", path_of(99, "hold"), ""), 404);
}

static void dial_says(struct world *w, uint64_t contact, unsigned call_state)
{
    struct sapa_record r;

    sapa_record_init(&r, SAPA_T_dial_progress);
    r.u.dial_progress.contact = contact;
    r.u.dial_progress.attempt = 1;
    r.u.dial_progress.state = call_state;
    r.u.dial_progress.leg = sapa_id_make(1, ++w->next_id);
    post(w, &r);
}

#define OUT(number) "{\"kind\":\"outside\",\"to\":\"" number "\"}"

static void calls_out_with_a_right(void **state)
{
    struct world *w = *state;

    for (unsigned way = 0; way < 2; way++) { /* hung up in talk, or while it rings there */
        assert_int_equal(call(w, w->siti, "POST", "/api/v1/agents/siti/calls", OUT("+62 811-123-456")), 200);
        const uint64_t contact = told_id(w, "contact"), offer = told_id(w, "offer");
        assert_true(contact != 0 && offer != 0 && contact != offer);
        assert_true(told_id(w, "seq") != 0);
        assert_int_equal(w->last_input.u.agent_call.line, SAPA_LINE_RING);
        assert_string_equal(w->last_input.u.agent_call.address.p, "62811123456");
        assert_int_equal(w->last_input.u.agent_call.number_type, SAPA_PHONE_MOBILE);
        /* who is called has a key of his own, and the log knew of him before */
        assert_int_not_equal(w->last_input.u.agent_call.person, 0);
        if (way == 0) {
            assert_int_equal(w->known.u.person_known.person, w->last_input.u.agent_call.person);
            assert_string_equal(w->known.u.person_known.value.p, "62811123456");
        }
        const struct sapa_record *rung = told(w, SAPA_T_cmd_offer);
        assert_non_null(rung);
        assert_int_equal(rung->u.cmd_offer.offer, offer);
        assert_int_equal(rung->u.cmd_offer.kind, 2);
        assert_int_equal(call(w, w->siti, "POST", "/api/v1/agents/siti/calls", OUT("628111235")), 409); /* one at a time */
        accept_offer(w, offer);
        const struct sapa_record *dial = told(w, SAPA_T_cmd_dial);
        assert_non_null(dial);
        assert_string_equal(dial->u.cmd_dial.number.p, "62811123456");
        dial_says(w, contact, way == 0);
        assert_int_equal(call(w, w->admin, "GET", "/api/v1/contacts?place=talk", ""), 200);
        assert_int_equal(json_array_size(json_object_get(w->json, "items")), way == 0);
        assert_int_equal(call(w, w->admin, "GET", "/api/v1/contacts", ""), 200);
        const json_t *shown = json_array_get(json_object_get(w->json, "items"), 0);
        assert_string_equal(json_string_value(json_object_get(shown, "direction")), "outbound");
        assert_string_equal(json_string_value(json_object_get(shown, "address")), "62811123456");
        assert_string_equal(json_string_value(json_object_get(shown, "client")), "toko");
        assert_int_equal(call(w, w->siti, "POST", path_of(offer, "hangup"), ""), 200);
        assert_true(is_free(w, SITI));
        assert_false(lives(w, contact));
    }
    assert_int_equal(call(w, w->siti, "POST", "/api/v1/agents/siti/calls", OUT("0811-1234")), 200); /* as it is dialled here */
    assert_string_equal(w->last_input.u.agent_call.address.p, "628111234");
    assert_int_equal(call(w, w->siti, "POST", path_of(told_id(w, "offer"), "hangup"), ""), 200);
    /* not beyond the right, and not without one */
    assert_int_equal(call(w, w->siti, "POST", "/api/v1/agents/siti/calls", OUT("15551234567")), 403);
    assert_non_null(strstr(json_string_value(json_object_get(w->json, "detail")), "no right"));
    assert_string_not_equal(w->known.u.person_known.value.p, "15551234567"); /* nobody became known by it */
    assert_int_equal(call(w, w->admin, "POST", "/api/v1/agents/budi/calls", OUT("628111234")), 403);
    assert_int_equal(call(w, w->admin, "POST", "/api/v1/agents/nobody/calls", OUT("628111234")), 404);
    assert_int_equal(call(w, w->siti, "POST", "/api/v1/agents/budi/calls", OUT("628111234")), 404); /* he sees himself alone */
    assert_int_equal(call(w, w->siti, "POST", "/api/v1/agents/siti/calls", "{\"kind\":\"outside\"}"), 400);
    assert_int_equal(call(w, w->siti, "POST", "/api/v1/agents/siti/calls", "{\"kind\":\"agent\",\"to\":\"siti\"}"), 404);
    assert_int_equal(call(w, w->siti, "POST", "/api/v1/agents/siti/calls", "{\"kind\":\"outside\",\"to\":\"628111234\",\"client\":\"x\"}"), 400);
    assert_true(is_free(w, SITI) && is_free(w, BUDI));
    assert_int_equal(call(w, w->siti, "POST", "/api/v1/agents/siti/calls", OUT("+62 811 9999")), 403);
    assert_non_null(strstr(json_string_value(json_object_get(w->json, "detail")), "do-not-contact"));
    assert_int_equal(call(w, w->siti, "POST", "/api/v1/agents/siti/calls", OUT("+628118888")), 200); /* it is on the list of another client */
    assert_int_equal(call(w, w->siti, "POST", path_of(told_id(w, "offer"), "hangup"), ""), 200);
    /* for a campaign: its number is shown and its list counts; others' are not to be seen */
    assert_int_equal(call(w, w->siti, "POST", "/api/v1/agents/siti/calls", "{\"kind\":\"outside\",\"to\":\"+628118888\",\"campaign\":\"tagih\"}"), 200);
    assert_int_equal(w->last_input.u.agent_call.campaign, 1);
    assert_int_equal(call(w, w->siti, "POST", path_of(told_id(w, "offer"), "hangup"), ""), 200);
    assert_int_equal(call(w, w->siti, "POST", "/api/v1/agents/siti/calls", OUT("+628117777")), 200);
    assert_int_equal(call(w, w->siti, "POST", path_of(told_id(w, "offer"), "hangup"), ""), 200);
    assert_int_equal(call(w, w->siti, "POST", "/api/v1/agents/siti/calls", "{\"kind\":\"outside\",\"to\":\"+628117777\",\"campaign\":\"tagih\"}"), 403);
    assert_non_null(strstr(json_string_value(json_object_get(w->json, "detail")), "do-not-contact"));
    assert_int_equal(call(w, w->siti, "POST", "/api/v1/agents/siti/calls", "{\"kind\":\"outside\",\"to\":\"+628111234\",\"campaign\":\"x\"}"), 400);
    assert_int_equal(call(w, w->siti, "POST", "/api/v1/agents/siti/calls", "{\"kind\":\"agent\",\"to\":\"budi\",\"campaign\":\"tagih\"}"), 400);
    assert_int_equal(call(w, w->admin, "POST", "/api/v1/agents/siti/calls", "{\"kind\":\"outside\",\"to\":\"+628111234\",\"campaign\":\"pinjam\"}"), 403); /* not granted */
    assert_true(is_free(w, SITI));
    /* a supervisor places one for an agent; his name stands in the log */
    assert_int_equal(call(w, w->admin, "POST", "/api/v1/agents/siti/calls", OUT("628111234")), 200);
    assert_string_equal(w->last_input.u.agent_call.by.p, "admin");
    assert_int_equal(call(w, w->admin, "POST", path_of(told_id(w, "offer"), "hangup"), ""), 200);
    assert_true(is_free(w, SITI));
}

/* Does he see it, in his own hand and among the living? A conversation of colleagues is no client's: it is seen by who has it. */
static bool sees(struct world *w, const char *token, const char *agent, uint64_t contact)
{
    char path[64], id[24];
    size_t i;
    json_t *one;
    bool in_hand = false, lives_there = false;

    snprintf(path, sizeof(path), "/api/v1/agents/%s", agent);
    snprintf(id, sizeof(id), "%llu", (unsigned long long)contact);
    if (call(w, token, "GET", path, "") == 200) {
        json_array_foreach(json_object_get(w->json, "assignments"), i, one)
            in_hand |= json_is_string(json_object_get(one, "offer")) && json_is_string(json_object_get(one, "contact")) &&
                       strcmp(json_string_value(json_object_get(one, "contact")), id) == 0;
    }
    assert_int_equal(call(w, token, "GET", "/api/v1/contacts", ""), 200);
    json_array_foreach(json_object_get(w->json, "items"), i, one)
        lives_there |= strcmp(json_string_value(json_object_get(one, "id")), id) == 0;
    assert_int_equal(in_hand, lives_there);
    return in_hand;
}

/* Asked on the same line; then each of the ways on from there. Twice: by who may see all clients, and by who serves one. */
static void asked_and_brought_together(void **state)
{
    struct world *w = *state;

    for (unsigned turn = 0; turn < 8; turn++) {
        const unsigned way = turn % 4;
        const char *siti = turn < 4 ? w->siti : w->siti_of_toko;
        uint64_t contact;
        const uint64_t offer = talk(w, &contact);
        char other[64];
        assert_int_equal(call(w, siti, "POST", path_of(offer, "consult"), "{\"kind\":\"agent\",\"to\":\"budi\"}"), 200);
        const uint64_t asked = told_id(w, "contact"), own = told_id(w, "offer");
        assert_int_equal(w->last_input.u.agent_call.line, SAPA_LINE_SAME);
        assert_int_equal(w->last_input.u.agent_call.beside, offer);
        assert_int_equal(told(w, SAPA_T_cmd_hold)->u.cmd_hold.offer, offer);
        const struct sapa_record *rung = told(w, SAPA_T_cmd_offer);
        assert_non_null(rung);
        assert_int_equal(rung->u.cmd_offer.kind, 3);
        const uint64_t colleague = rung->u.cmd_offer.offer;
        assert_true(sees(w, siti, "siti", asked));
        assert_true(sees(w, w->budi_of_bank, "budi", asked));
        assert_false(sees(w, w->bank, "budi", asked)); /* who leads no team sees what is his client's alone */
        assert_true(sees(w, siti, "siti", contact));
        assert_false(sees(w, w->budi_of_bank, "budi", contact));
        snprintf(other, sizeof(other), "{\"contact\":\"%llu\"}", (unsigned long long)asked);
        if (way == 0) { /* nobody answers: back to the customer */
            assert_int_equal(call(w, siti, "POST", path_of(own, "hangup"), ""), 200);
            assert_false(lives(w, asked));
            assert_int_equal(told(w, SAPA_T_cmd_hold)->u.cmd_hold.on, 0);
            assert_int_equal(call(w, siti, "POST", path_of(offer, "hangup"), ""), 200);
        } else {
            accept_offer(w, colleague);
            assert_int_equal(call(w, siti, "POST", path_of(offer, "merge"), "{\"contact\":\"99\"}"), 400);
            assert_int_equal(call(w, siti, "POST", path_of(offer, way == 1 ? "merge" : "conference"), other), 200);
            const struct sapa_record *join = told(w, SAPA_T_cmd_join);
            assert_non_null(join);
            assert_int_equal(join->u.cmd_join.contact, contact);
            assert_int_equal(join->u.cmd_join.offer, colleague);
            assert_int_equal(is_free(w, SITI), way == 1);
            assert_false(lives(w, asked));
        }
        if (way == 1) /* the colleague has it now */
            assert_int_equal(call(w, w->admin, "POST", path_of(colleague, "hangup"), ""), 200);
        if (way == 2) { /* one of three is sent away; nobody else can be */
            char party[64];
            snprintf(party, sizeof(party), "{\"party\":\"%llu\"}", (unsigned long long)colleague);
            assert_int_equal(call(w, siti, "POST", path_of(offer, "drop"), "{\"party\":\"12345\"}"), 404);
            assert_int_equal(call(w, siti, "POST", path_of(offer, "drop"), party), 200);
            assert_true(is_free(w, BUDI));
            assert_true(lives(w, contact));
            assert_int_equal(call(w, siti, "POST", path_of(offer, "hangup"), ""), 200);
        }
        if (way == 3) { /* he leaves, they talk on; then all of it ends */
            assert_int_equal(call(w, siti, "POST", path_of(offer, "leave"), ""), 200);
            assert_true(is_free(w, SITI) && lives(w, contact) && !is_free(w, BUDI));
            assert_int_equal(call(w, w->admin, "POST", path_of(colleague, "hangup"), ""), 200);
        }
        assert_false(lives(w, contact));
        assert_true(is_free(w, SITI) && is_free(w, BUDI));
    }
}

/* ---- browsers as telephones ---- */

static const char *told_text(struct world *w, const char *name)
{
    const char *text = json_string_value(json_object_get(w->json, name));

    assert_non_null(text);
    return text;
}

static void credentials_for_a_browser(void **state)
{
    const struct sapa_key key = { { 1, 2, 3 } };
    struct world *w = *state;
    struct sapa_pass pass;
    char password[SAPA_PASS_PASSWORD_SIZE], first[SAPA_PASS_USER_SIZE];

    assert_int_equal(call(w, w->siti, "POST", "/api/v1/me/phone", ""), 201);
    assert_string_equal(told_text(w, "uri"), "sip:101@sapa");
    assert_string_equal(told_text(w, "realm"), "sapa");
    assert_string_equal(told_text(w, "websocket"), "/sip");
    assert_true(json_is_null(json_object_get(w->json, "target")));
    assert_int_equal(sapa_pass_read(sapa_str_of(told_text(w, "user")), &pass), SAPA_OK);
    assert_int_equal(pass.kind, SAPA_PASS_AGENT);
    assert_true(sapa_str_eq(pass.subject, SAPA_STR("siti")) && pass.session != 0);
    assert_true(pass.expires_s > sapa_wall_us() / 1000000 + 11 * 3600 && pass.expires_s <= sapa_wall_us() / 1000000 + 12 * 3600);
    sapa_pass_password(&key, sapa_str_of(told_text(w, "user")), password);
    assert_string_equal(told_text(w, "password"), password);
    const json_t *servers = json_object_get(w->json, "ice_servers");
    assert_int_equal(json_array_size(servers), 2);
    assert_null(json_object_get(json_array_get(servers, 0), "credential"));
    assert_non_null(json_object_get(json_array_get(servers, 1), "credential"));
    snprintf(first, sizeof(first), "%s", told_text(w, "user"));
    assert_int_equal(call(w, w->siti, "POST", "/api/v1/me/phone", ""), 201);
    assert_string_not_equal(told_text(w, "user"), first);
    /* what its credentials are asked for when they are shown */
    const int64_t now_us = sapa_wall_us();
    assert_true(sapa_token_lives(w->store.store, pass.session, now_us));
    assert_false(sapa_token_lives(w->store.store, 4711, now_us) || sapa_token_lives(w->store.store, 0, now_us));
    char text[SAPA_TOKEN_TEXT_SIZE];
    struct sapa_session session;
    assert_int_equal(sapa_session_create(w->store.store, SAPA_STR("siti"), SAPA_STR("::1"), false, now_us, text, &session), SAPA_OK);
    assert_true(sapa_session_lives(w->store.store, session.id, now_us));
    assert_false(sapa_session_lives(w->store.store, session.id, session.expires_us) || sapa_session_lives(w->store.store, session.id + 1, now_us));
    assert_int_equal(sapa_session_end(w->store.store, session.id), SAPA_OK);
    assert_false(sapa_session_lives(w->store.store, session.id, now_us));
    assert_int_equal(call(w, w->admin, "POST", "/api/v1/me/phone", ""), 409); /* who is no agent has no telephone */
    assert_int_equal(call(w, "sapa_wrong", "POST", "/api/v1/me/phone", ""), 401);
    assert_int_equal(call(w, w->siti, "POST", "/api/v1/web-calls", "{\"number\":\"100\"}"), 201); /* whoever asks */
    assert_int_equal(sapa_pass_read(sapa_str_of(told_text(w, "user")), &pass), SAPA_OK);
    assert_int_equal(pass.kind, SAPA_PASS_GUEST);
    assert_true(pass.expires_s <= sapa_wall_us() / 1000000 + 120);
    const int64_t relay_s = strtoll(json_string_value(json_object_get(json_array_get(json_object_get(w->json, "ice_servers"), 1), "username")), NULL, 10);
    assert_true(relay_s > sapa_wall_us() / 1000000 + 3600 && relay_s <= sapa_wall_us() / 1000000 + 2 * 3600);
    assert_string_equal(told_text(w, "target"), "sip:100@sapa");
    assert_non_null(strstr(told_text(w, "uri"), "sip:guest-"));
    assert_int_equal(call(w, w->siti, "POST", "/api/v1/web-calls", "{\"number\":\"200\"}"), 404); /* not for browsers */
    assert_int_equal(call(w, w->siti, "POST", "/api/v1/web-calls", "{\"number\":\"999\"}"), 404);
    unsigned given = 0, status = 201;
    for (; given < 20 && status == 201; given++)
        status = call(w, w->siti, "POST", "/api/v1/web-calls", "{\"number\":\"100\"}");
    assert_int_equal(status, 429); /* ten at once of one address, the three before counted */
    assert_int_equal(given, 8);
    assert_int_equal(sapa_token_revoke(w->store.store, 2), SAPA_OK); /* the second that was made */
    assert_false(sapa_token_lives(w->store.store, 2, sapa_wall_us()));
}

/* Who leads a team reaches its agents; what concerns the whole centre is not his. */
static void who_leads_a_team_leads_that_one(void **state)
{
    struct world *w = *state;

    assert_int_equal(call(w, w->ratna, "GET", "/api/v1/agents", ""), 200);
    assert_int_equal(json_array_size(json_object_get(w->json, "items")), 1);
    assert_int_equal(call(w, w->ratna, "GET", "/api/v1/agents/budi", ""), 404);
    assert_int_equal(call(w, w->ratna, "POST", "/api/v1/messages", "{\"to\":\"all\",\"text\":\"hello\"}"), 403);
    assert_int_equal(call(w, w->ratna, "POST", "/api/v1/messages", "{\"to\":\"team\",\"key\":\"biru\",\"text\":\"hello\"}"), 400);
    assert_int_equal(call(w, w->ratna, "POST", "/api/v1/messages", "{\"to\":\"agent\",\"key\":\"budi\",\"text\":\"hello\"}"), 400);
    assert_int_equal(call(w, w->ratna, "POST", "/api/v1/messages", "{\"to\":\"team\",\"key\":\"merah\",\"text\":\"hello\"}"), 200);
    assert_int_equal(call(w, w->bank, "POST", "/api/v1/messages", "{\"to\":\"all\",\"text\":\"hello\"}"), 403); /* of one client */
    assert_int_equal(call(w, w->wati, "POST", "/api/v1/messages", "{\"to\":\"all\",\"text\":\"hello\"}"), 200);
    assert_int_equal(call(w, w->ratna, "PUT", "/api/v1/switches/closed", "{\"on\":true}"), 403);
    assert_int_equal(call(w, w->ratna, "PUT", "/api/v1/switches/closed", "{\"on\":true,\"client\":\"bank\"}"), 200);
    assert_int_equal(call(w, w->ratna, "GET", "/api/v1/me", ""), 200);
    assert_int_equal(json_array_size(json_object_get(w->json, "teams")), 1);
    assert_int_equal(call(w, w->wati, "GET", "/api/v1/me", ""), 200);
    assert_true(json_is_null(json_object_get(w->json, "teams")));
    /* people and their doors are the whole centre's */
    static const char *const whole[] = { "/api/v1/users", "/api/v1/sessions", "/api/v1/roles", "/api/v1/tokens", "/api/v1/centre" };
    for (size_t i = 0; i < SAPA_COUNT(whole); i++)
        assert_int_equal(call(w, w->ratna, "GET", whole[i], ""), 403);
    assert_int_equal(call(w, w->ratna, "PUT", "/api/v1/users/wati/password", "{\"password\":\"a very long password\"}"), 403);
    assert_int_equal(call(w, w->wati, "GET", "/api/v1/sessions", ""), 200);
}

/* Nobody gives more than he has: not by a token, not by somebody's password. */
static void nobody_gives_more_than_he_has(void **state)
{
    struct world *w = *state;

    assert_int_equal(call(w, w->wati, "POST", "/api/v1/tokens", "{\"user\":\"x\",\"role\":\"admin\"}"), 403);
    assert_int_equal(call(w, w->wati, "POST", "/api/v1/tokens", "{\"user\":\"x\",\"role\":\"auditor\"}"), 403);
    assert_int_equal(call(w, w->wati, "POST", "/api/v1/tokens", "{\"user\":\"x\",\"role\":\"supervisor\"}"), 400); /* let through; this world makes none */
    assert_int_equal(call(w, w->budi, "PUT", "/api/v1/users/wati/password", "{\"password\":\"a very long password\"}"), 403);
    assert_int_equal(call(w, w->budi, "PUT", "/api/v1/users/tono/password", "{\"password\":\"a very long password\"}"), 403); /* the same role, and sees all agents */
    for (unsigned i = 0; i < 100; i++) /* let through; what the pool says of it is what is told, however quick it was */
        assert_int_equal(call(w, w->budi, "PUT", "/api/v1/users/siti/password", "{\"password\":\"a very long password\"}"), 400);
}

/* Who sees one client's people does not read what is said to others'. */
static void messages_are_for_whose_people_they_are(void **state)
{
    static const struct { const char *body; size_t seen; } rows[] = {
        { "{\"to\":\"team\",\"key\":\"merah\",\"text\":\"hello\"}", 0 }, /* siti, who serves toko alone */
        { "{\"to\":\"team\",\"key\":\"biru\",\"text\":\"hello\"}", 1 },  /* budi, who serves the bank, too */
        { "{\"to\":\"queue\",\"key\":\"sales\",\"text\":\"hello\"}", 1 },
        { "{\"to\":\"queue\",\"key\":\"loans\",\"text\":\"hello\"}", 2 },
        { "{\"to\":\"agent\",\"key\":\"siti\",\"text\":\"hello\"}", 2 },
        { "{\"to\":\"all\",\"text\":\"hello\"}", 3 },
    };
    struct world *w = *state;

    for (size_t i = 0; i < SAPA_COUNT(rows); i++) {
        assert_int_equal(call(w, w->wati, "POST", "/api/v1/messages", rows[i].body), 200);
        assert_int_equal(call(w, w->bank, "GET", "/api/v1/messages", ""), 200);
        assert_int_equal(json_array_size(json_object_get(w->json, "items")), rows[i].seen);
    }
    assert_int_equal(call(w, w->wati, "GET", "/api/v1/messages", ""), 200);
    assert_int_equal(json_array_size(json_object_get(w->json, "items")), SAPA_COUNT(rows));
}

/* Budi serves both; that he talks with a customer of the one is not told the other's people. */
static void a_raised_hand_hides_another_clients_contact(void **state)
{
    struct world *w = *state;
    uint64_t contact;
    const uint64_t offer = talk(w, &contact);

    teach_budi(w);
    assert_int_equal(call(w, w->siti, "POST", path_of(offer, "transfer"), "{\"kind\":\"agent\",\"to\":\"budi\"}"), 200);
    accept_offer(w, told(w, SAPA_T_cmd_offer)->u.cmd_offer.offer);
    struct sapa_record r;
    sapa_record_init(&r, SAPA_T_hand);
    r.u.hand.agent = BUDI;
    r.u.hand.state = SAPA_HAND_RAISED;
    post(w, &r);
    assert_int_equal(call(w, w->admin, "GET", "/api/v1/agents/budi", ""), 200);
    const json_t *help = json_object_get(w->json, "help");
    assert_int_equal(strtoull(json_string_value(json_object_get(help, "contact")), NULL, 10), contact);
    assert_int_equal(call(w, w->bank, "GET", "/api/v1/agents/budi", ""), 200);
    help = json_object_get(w->json, "help");
    assert_true(json_is_object(help) && json_is_null(json_object_get(help, "contact")));
    assert_null(strstr(w->answer, "62811999123"));
    /* nor is it his to pause what is recorded of it, or to end its wrap-up */
    assert_int_equal(call(w, w->bank, "POST", "/api/v1/agents/budi/recording", "{\"action\":\"pause\"}"), 409);
    assert_non_null(strstr(w->answer, "not of a client of yours"));
    assert_int_equal(call(w, w->bank, "POST", "/api/v1/agents/budi/wrapup", "{\"action\":\"done\"}"), 409);
    assert_non_null(strstr(w->answer, "not of a client of yours"));
    assert_int_equal(call(w, w->bank, "GET", "/api/v1/directory", ""), 200);
    assert_int_equal(json_array_size(json_object_get(w->json, "agents")), 2); /* budi and dewi, who serve the bank */
    /* campaigns: of one's clients, and of one's team */
    const json_t *campaigns = json_object_get(w->json, "campaigns");
    assert_int_equal(json_array_size(campaigns), 1);
    assert_string_equal(json_string_value(json_object_get(json_array_get(campaigns, 0), "id")), "pinjam");
    assert_true(json_is_null(json_object_get(json_array_get(campaigns, 0), "number"))); /* the bank has none */
    assert_int_equal(call(w, w->admin, "GET", "/api/v1/directory", ""), 200);
    assert_int_equal(json_array_size(json_object_get(w->json, "campaigns")), 2);
    assert_int_equal(call(w, w->siti, "GET", "/api/v1/directory", ""), 200);
    assert_int_equal(json_array_size(json_object_get(w->json, "agents")), 3); /* colleagues, whom anybody may call */
    campaigns = json_object_get(w->json, "campaigns"); /* siti: of toko, in merah */
    assert_int_equal(json_array_size(campaigns), 1);
    const json_t *tagih = json_array_get(campaigns, 0);
    assert_string_equal(json_string_value(json_object_get(tagih, "id")), "tagih");
    assert_string_equal(json_string_value(json_object_get(tagih, "brand")), "Toko Prima");
    assert_string_equal(json_string_value(json_object_get(tagih, "client")), "toko");
    assert_string_equal(json_string_value(json_object_get(tagih, "number")), "100");
    assert_true(json_is_false(json_object_get(tagih, "own")));
    assert_int_equal(call(w, w->budi, "GET", "/api/v1/directory", ""), 200); /* of both, in biru */
    campaigns = json_object_get(w->json, "campaigns");
    assert_int_equal(json_array_size(campaigns), 1);
    assert_string_equal(json_string_value(json_object_get(json_array_get(campaigns, 0), "id")), "pinjam");
}

/* GET with the cookie of a session under this name, and further lines. */
static unsigned by_cookie(struct world *w, const char *name, const char *more, const char *path)
{
    const unsigned long long session = w->wati_session;
    char headers[512];

    snprintf(headers, sizeof(headers), "Host: sapa\r\nSapa-Session: %llu\r\nCookie: %s%llu=%s\r\n%s", session, name, session, w->wati, more);
    return call_with(w, headers, "GET", path, "");
}

static void a_session_in_a_cookie(void **state)
{
    struct world *w = *state;

    assert_int_equal(by_cookie(w, "sapa-", "", "/api/v1/me"), 200);
    assert_non_null(strstr(w->answer, "cross-origin-resource-policy: same-origin"));
    assert_int_equal(by_cookie(w, "sapa-", "Sec-Fetch-Site: same-origin\r\n", "/api/v1/me"), 200);
    assert_int_equal(by_cookie(w, "sapa-", "Sec-Fetch-Site: none\r\n", "/api/v1/me"), 200);
    assert_int_equal(by_cookie(w, "sapa-", "Sec-Fetch-Site: same-site\r\n", "/api/v1/me"), 403); /* another port of this host */
    assert_int_equal(by_cookie(w, "sapa-", "Sec-Fetch-Site: cross-site\r\n", "/api/v1/recordings/1/audio"), 403);
    /* over TLS, which is before us here, only the name counts that no other host can set */
    assert_int_equal(by_cookie(w, "sapa-", "X-Forwarded-Proto: https\r\n", "/api/v1/me"), 401);
    assert_int_equal(by_cookie(w, "__Host-sapa-", "X-Forwarded-Proto: https\r\n", "/api/v1/me"), 200);
    assert_int_equal(by_cookie(w, "__Host-sapa-", "", "/api/v1/me"), 200);
}

/* Whoever is let in without a password sits at this machine; a proxy on it speaks for others. */
static void demo_logins_are_for_this_machine(void **state)
{
    static const struct { const char *headers; unsigned status; } rows[] = {
        { "Host: localhost\r\n", 200 },
        { "Host: 127.0.0.1:8080\r\n", 200 },
        { "Host: sapa\r\n", 404 },
        { "Host: localhost\r\nX-Forwarded-For: 192.0.2.7\r\n", 404 },
        { "Host: localhost\r\nX-Forwarded-For: 127.0.0.1\r\n", 404 },
        { "Host: localhost\r\nForwarded: for=192.0.2.7\r\n", 404 },
        { "Host: localhost\r\nX-Real-IP: 192.0.2.7\r\n", 404 },
        { "Host: localhost\r\nVia: 1.1 proxy\r\n", 404 },
        { "Host: localhost\r\nX-Forwarded-Host: desk.example\r\n", 404 },
        { "Host: localhost\r\nX-Forwarded-Proto: https\r\n", 404 },
    };
    struct world *w = *state;

    for (size_t i = 0; i < SAPA_COUNT(rows); i++)
        assert_int_equal(call_with(w, rows[i].headers, "GET", "/api/v1/demo", ""), rows[i].status);
    assert_int_equal(call_with(w, "Host: localhost\r\nX-Forwarded-For: 192.0.2.7\r\n", "POST", "/api/v1/demo/login", "{\"user\":\"wati\"}"), 404);
}

/* An office behind one address opens its pages, and is not refused for it when it then asks; nor the other way round. */
static void pages_have_an_allowance_of_their_own(void **state)
{
    struct world *w = *state;
    unsigned refused = 0;

    for (unsigned i = 0; i < 150; i++)
        assert_int_equal(call_with(w, "Host: sapa\r\n", "GET", "/", ""), 200);
    assert_int_equal(call(w, w->admin, "GET", "/api/v1/me", ""), 200);
    for (unsigned i = 0; i < 500 && refused == 0; i++)
        refused += call(w, w->admin, "GET", "/api/v1/me", "") == 429;
    assert_int_equal(refused, 1);
    assert_int_equal(call_with(w, "Host: sapa\r\n", "GET", "/", ""), 200);
}

static void whoever_guesses_still_sees_pages(void **state)
{
    struct world *w = *state;
    unsigned status = 0;

    for (unsigned i = 0; i < 25 && status != 429; i++)
        status = call(w, "sapa_wrong", "GET", "/api/v1/me", "");
    assert_int_equal(status, 429);
    assert_int_equal(call(w, w->admin, "GET", "/api/v1/me", ""), 429); /* a right one is not told from a wrong one */
    assert_int_equal(call_with(w, "Host: sapa\r\n", "GET", "/", ""), 200);
    assert_int_equal(by_cookie(w, "sapa-", "", "/api/v1/me"), 200); /* nor are those locked out who sit beside him */
}

static int ws_open(struct world *w, const char *path, const char *protocol, const char *origin)
{
    char head[512], answer[1024];
    struct sapa_addr addr;
    size_t n = 0;

    memset(&addr, 0, sizeof(addr));
    addr.v4.sin_family = AF_INET;
    addr.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    addr.v4.sin_port = htons(w->port);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, &addr.any, sizeof(addr.v4)), 0);
    const int head_n = snprintf(head, sizeof(head), "GET %s HTTP/1.1\r\nHost: sapa.example:8443\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s%s%s%s%s%s\r\n", path,
                                protocol[0] ? "Sec-WebSocket-Protocol: " : "", protocol, protocol[0] ? "\r\n" : "",
                                origin[0] ? "Origin: " : "", origin, origin[0] ? "\r\n" : "");
    assert_int_equal(sapa_fd_write_all(fd, head, (size_t)head_n), SAPA_OK);
    while (n < sizeof(answer) - 1 && !(n > 4 && memcmp(answer + n - 4, "\r\n\r\n", 4) == 0)) {
        const ssize_t got = recv(fd, answer + n, 1, 0);
        if (got <= 0)
            break;
        n++;
    }
    answer[n] = '\0';
    if (strncmp(answer, "HTTP/1.1 101", 12) == 0 && strstr(answer, "rotocol: sip"))
        return fd;
    close(fd);
    return -1;
}

static void ws_write(int fd, unsigned opcode, bool last, const char *bytes, size_t n)
{
    uint8_t *frame = calloc(1, n + 14);
    size_t at = 0;

    frame[at++] = (uint8_t)((last ? 0x80 : 0) | opcode);
    if (n < 126) {
        frame[at++] = (uint8_t)(0x80 | n);
    } else if (n < 65536) {
        frame[at++] = 0x80 | 126;
        frame[at++] = (uint8_t)(n >> 8), frame[at++] = (uint8_t)n;
    } else {
        frame[at++] = 0x80 | 127;
        for (int i = 7; i >= 0; i--)
            frame[at++] = (uint8_t)((uint64_t)n >> (8 * i));
    }
    at += 4; /* a mask of zeros */
    if (n > 0)
        memcpy(frame + at, bytes, n);
    const sapa_rc rc = sapa_fd_write_all(fd, frame, at + n);
    assert_true(rc == SAPA_OK || rc == SAPA_ECLOSED || rc == SAPA_EIO); /* who sends too much is cut off in the middle */
    free(frame);
}

/* A whole frame that is no ping; the opcode, 0: the connection is over. */
static unsigned ws_read(int fd, char *buf, size_t size, size_t *ret_n)
{
    uint8_t head[4];

    if (recv(fd, head, 2, MSG_WAITALL) != 2)
        return 0;
    size_t n = head[1] & 0x7f;
    if (n == 126) {
        assert_int_equal(recv(fd, head + 2, 2, MSG_WAITALL), 2);
        n = (size_t)head[2] << 8 | head[3];
    }
    assert_true(n < size);
    if (n > 0)
        assert_int_equal(recv(fd, buf, n, MSG_WAITALL), n);
    buf[n] = '\0';
    *ret_n = n;
    return head[0] & 0x0f;
}

static void until(struct world *w, const unsigned *what, unsigned wanted)
{
    for (int i = 0; i < 2000 && *what < wanted; i++)
        sapa_loop_run_once(w->loop, 5000);
    assert_int_equal(*what, wanted);
}

static void sip_over_websocket(void **state)
{
    static const char message[] = "OPTIONS sip:sapa SIP/2.0\r\nVia: SIP/2.0/WS x.invalid;branch=z9hG4bK1\r\n\r\n";
    struct world *w = *state;
    char buf[4096];
    size_t n;

    assert_true(call(w, w->siti, "GET", "/health", "") == 200);
    assert_int_equal(ws_open(w, "/sip", "", ""), -1);                        /* without the sub-protocol */
    assert_int_equal(ws_open(w, "/api/v1/live", "sip", ""), -1);
    assert_int_equal(ws_open(w, "/sip", "sip", "https://evil.example"), -1); /* a page of somebody else */
    assert_int_equal(ws_open(w, "/sip", "sip", "https://sapa.example"), -1);
    assert_int_equal(ws_open(w, "/sip", "sip", "null"), -1);
    const int plain = ws_open(w, "/sip", "sip", ""), fd = ws_open(w, "/sip", "sip", "https://sapa.example:8443");
    assert_true(plain >= 0 && fd >= 0);

    ws_write(fd, 1, true, message, sizeof(message) - 1);
    until(w, &w->sip_count, 1);
    assert_string_equal(w->sip, message);
    assert_false(w->flow.secure);
    assert_int_equal(sapa_addr_port(&w->flow.local), w->port);
    assert_int_equal(w->flow.generation, 3);
    const struct sapa_web_flow first = w->flow;
    ws_write(fd, 1, false, message, 10); /* in pieces, with something between */
    ws_write(fd, 9, true, "hi", 2);
    ws_write(fd, 0, true, message + 10, sizeof(message) - 11);
    until(w, &w->sip_count, 2);
    assert_string_equal(w->sip, message);
    assert_int_equal(w->flow.conn, first.conn);
    ws_write(plain, 2, true, message, sizeof(message) - 1); /* as bytes */
    until(w, &w->sip_count, 3);
    assert_int_not_equal(w->flow.conn, first.conn);
    const struct sapa_web_sip_head other = { .conn = w->flow.conn, .generation = 3 };
    assert_int_equal(ws_read(fd, buf, sizeof(buf), &n), 10); /* the pong */

    ws_write(fd, 1, true, "\r\n\r\n", 4);
    assert_int_equal(ws_read(fd, buf, sizeof(buf), &n), 1);
    assert_string_equal(buf, "\r\n");
    ws_write(fd, 1, true, "\r\n", 2);

    const struct sapa_web_sip_head head = { .conn = first.conn, .generation = first.generation };
    assert_int_equal(sapa_web_sip(w->web, &head, "SIP/2.0 200 OK\r\n\r\n", 18), SAPA_OK);
    assert_int_equal(sapa_web_sip(w->web, &(const struct sapa_web_sip_head){ 4711, 3 }, "x", 1), SAPA_OK); /* nobody's */
    assert_int_equal(ws_read(fd, buf, sizeof(buf), &n), 1);
    assert_string_equal(buf, "SIP/2.0 200 OK\r\n\r\n");

    /* 64 KiB are a message, more are not. */
    char *big = malloc(70000);
    memset(big, 'a', 70000);
    ws_write(fd, 1, true, big, 65536);
    until(w, &w->sip_count, 4);
    assert_int_equal(w->sip_n, 65536);
    assert_int_equal(w->closed_count, 0);
    ws_write(fd, 1, true, big, 65537);
    until(w, &w->closed_count, 1);
    assert_int_equal(w->sip_count, 4);
    free(big);
    close(fd);

    /* The SIP thread ends one; a browser goes away. */
    const int third = ws_open(w, "/sip", "sip", "");
    assert_true(third >= 0);
    assert_int_equal(sapa_web_sip(w->web, &other, "", 0), SAPA_OK);
    until(w, &w->closed_count, 2);
    close(third);
    until(w, &w->closed_count, 3);
    close(plain);
    assert_int_equal(w->sip_count, 4);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = { TEST(passed_on), TEST(hung_up_is_over), TEST(taken_held_and_given_back), TEST(calls_out_with_a_right), TEST(asked_and_brought_together), TEST(credentials_for_a_browser), TEST(who_leads_a_team_leads_that_one), TEST(nobody_gives_more_than_he_has), TEST(messages_are_for_whose_people_they_are), TEST(a_raised_hand_hides_another_clients_contact), TEST(a_session_in_a_cookie), TEST(demo_logins_are_for_this_machine), cmocka_unit_test_setup_teardown(pages_have_an_allowance_of_their_own, set_up_slow, tear_down), TEST(whoever_guesses_still_sees_pages), TEST(sip_over_websocket) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
