#include "app/hooks.h"

#include <curl/curl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "app/centre_shelf.h"
#include "base/log.h"
#include "base/table.h"
#include "config/centre_parse.h"
#include "rt/clock.h"
#include "rt/file.h"
#include "rt/random.h"
#include "rt/socket.h"
#include "rt/thread.h"
#include "store/log.h"

enum {
    BATCH_EVENTS = 100,
    BATCH_BYTES = 256 * 1024,
    SCAN_MAX = 20000,          /* records of one turn: others want their turn too */
    ANSWER_MAX = 64 * 1024,
    CONNECT_MS = 5000,
    TIMEOUT_MS = 10000,
    CONTACTS_MAX = 200000,     /* whose client is remembered, of one subscription */
    SPAN_READ_MAX = 64,
    SECRETS_MAX = 1 << 20,
};

#define RETRY_US INT64_C(1000000)
#define RETRY_MAX_US (INT64_C(300) * 1000000)
#define PLACE_EVERY_US INT64_C(1000000)
#define TELL_EVERY_US INT64_C(250000)
#define IDLE_US INT64_C(1000000)
#define SERVE_EVERY_US INT64_C(10000) /* a busy log commits more often than it is worth to look */

struct known { /* of a contact: does the subscription want its client? */
    uint64_t contact;
    uint64_t wanted;
};

struct target {
    struct sapa_hooks *hooks;
    struct sapa_hook hook;
    struct sapa_hook_place place;
    struct sapa_hook_state state;
    char secret[256];
    size_t secret_n;
    bool seen;                   /* at the last reading of subscriptions */
    bool place_dirty, more;      /* more: the log has not been read to its end */
    int64_t place_us, next_us;   /* mono */
    struct sapa_table known;
    struct sapa_log_reader *reader;
    const struct sapa_centre *centre;
    struct sapa_json body;
    unsigned events;
    uint64_t batch_end;          /* place of its last record */
    CURL *curl;                  /* under way; NULL: nothing is */
    struct curl_slist *headers;
    size_t answer_n;
    char problem[CURL_ERROR_SIZE];
    bool refused;                /* the address is none that we call */
};

struct sapa_hooks {
    struct sapa_hooks_options options;
    struct sapa_thread *thread;
    struct sapa_centre_shelf *shelf;
    CURLM *multi;
    atomic_bool stopping, changed, awake, active;
    struct target *targets[SAPA_HOOKS_MAX];
    size_t count;
    int64_t told_us, served_us;
    bool news;
    struct sapa_record *record;
};

static void wake(struct sapa_hooks *hooks)
{
    if (!atomic_exchange(&hooks->awake, true))
        (void)curl_multi_wakeup(hooks->multi);
}

/* ---- what may be called ---- */

static bool in(const uint8_t *address, const uint8_t *net, unsigned bits)
{
    for (unsigned i = 0; i < bits; i++) {
        if ((address[i / 8] ^ net[i / 8]) >> (7 - i % 8) & 1)
            return false;
    }
    return true;
}

bool sapa_hooks_is_private(const struct sapa_addr *addr)
{
    static const struct { uint8_t net[4]; unsigned bits; } v4[] = {
        { { 0, 0, 0, 0 }, 8 },      { { 10, 0, 0, 0 }, 8 },     { { 100, 64, 0, 0 }, 10 }, { { 127, 0, 0, 0 }, 8 },
        { { 169, 254, 0, 0 }, 16 }, { { 172, 16, 0, 0 }, 12 },  { { 192, 0, 0, 0 }, 24 },  { { 192, 168, 0, 0 }, 16 },
        { { 198, 18, 0, 0 }, 15 },  { { 224, 0, 0, 0 }, 3 },
    };
    struct sapa_addr plain = *addr;

    sapa_addr_unmap(&plain);
    if (plain.any.sa_family == AF_INET) {
        for (size_t i = 0; i < SAPA_COUNT(v4); i++) {
            if (in((const uint8_t *)&plain.v4.sin_addr, v4[i].net, v4[i].bits))
                return true;
        }
        return false;
    }
    if (plain.any.sa_family != AF_INET6)
        return true;
    static const uint8_t global[] = { 0x20 }, nat64[] = { 0x00, 0x64, 0xff, 0x9b }, to4[] = { 0x20, 0x02 }, teredo[] = { 0x20, 0x01, 0, 0 };
    const uint8_t *a = plain.v6.sin6_addr.s6_addr;
    /* what carries an address of version 4 inside may lead anywhere; of the rest only 2000::/3 is the world */
    return in(a, nat64, 32) || in(a, to4, 16) || in(a, teredo, 32) || !in(a, global, 3);
}

static curl_socket_t open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct target *target = ctx;
    struct sapa_addr addr;

    memset(&addr, 0, sizeof(addr));
    if (purpose == CURLSOCKTYPE_IPCXN && address->addrlen <= sizeof(addr)) {
        memcpy(&addr, &address->addr, address->addrlen);
        if (target->hooks->options.allow_private || !sapa_hooks_is_private(&addr))
            return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    }
    target->refused = true;
    return CURL_SOCKET_BAD;
}

/* ---- places ---- */

static void keep_place(struct target *target, bool now)
{
    const int64_t mono = sapa_mono_us();

    if (!target->place_dirty || (!now && mono - target->place_us < PLACE_EVERY_US))
        return;
    if (sapa_hook_place_set(target->hooks->options.store, target->hook.id, &target->place) != SAPA_OK) {
        sapa_log(SAPA_LOG_WARN, "hooks.place", "webhook=%llu: its place cannot be kept; after a restart events may come twice, ignoring",
                 (unsigned long long)target->hook.id);
    } else {
        target->place_dirty = false;
    }
    target->place_us = mono;
}

static void close_reader(struct target *target)
{
    sapa_log_reader_close(target->reader);
    target->reader = NULL;
}

static void end_transfer(struct target *target)
{
    if (!target->curl)
        return;
    curl_multi_remove_handle(target->hooks->multi, target->curl);
    curl_easy_cleanup(target->curl);
    curl_slist_free_all(target->headers);
    target->curl = NULL;
    target->headers = NULL;
}

/* What was put together is not sent; it will be read again. */
static void drop_batch(struct target *target)
{
    end_transfer(target);
    close_reader(target);
    sapa_json_reset(&target->body);
    target->events = 0;
    target->batch_end = 0;
}

static void target_free(struct target *target)
{
    keep_place(target, true);
    drop_batch(target);
    sapa_json_done(&target->body);
    sapa_table_done(&target->known);
    sapa_wipe(target->secret, sizeof(target->secret));
    free(target);
}

/* ---- subscriptions ---- */

static sapa_rc find_secret(struct target *target)
{
    const char *path = target->hooks->options.secrets;
    uint8_t *bytes = NULL;
    size_t size = 0;

    if (target->hook.secret_ref[0] == '\0') {
        const sapa_rc rc = sapa_hook_secret(target->hooks->options.store, &target->hook, target->secret);
        target->secret_n = rc == SAPA_OK ? strlen(target->secret) : 0;
        return rc;
    }
    sapa_rc rc = path ? sapa_file_read(path, SECRETS_MAX, &bytes, &size) : SAPA_ENOENT;
    if (rc == SAPA_OK) {
        struct sapa_secrets secrets = { { (const char *)bytes, size } };
        struct sapa_text text;
        sapa_text_init(&text, target->secret, sizeof(target->secret));
        rc = sapa_secrets_resolve(&secrets, sapa_str_of(target->hook.secret_ref), &text);
        target->secret_n = text.n;
        if (rc == SAPA_OK && (text.cut || text.n == 0))
            rc = SAPA_ELIMIT;
        sapa_wipe(bytes, size);
    }
    free(bytes);
    return rc;
}

struct reading {
    struct sapa_hooks *hooks;
    sapa_rc rc;
};

static void take_hook(void *ctx, const struct sapa_hook *hook)
{
    struct reading *reading = ctx;
    struct sapa_hooks *hooks = reading->hooks;
    struct target *target = NULL;

    for (size_t i = 0; i < hooks->count; i++) {
        if (hooks->targets[i]->hook.id == hook->id)
            target = hooks->targets[i];
    }
    if (!target) {
        if (hooks->count == SAPA_HOOKS_MAX || !(target = calloc(1, sizeof(*target)))) {
            reading->rc = SAPA_ELIMIT;
            return;
        }
        target->hooks = hooks;
        sapa_table_init(&target->known, sapa_memory_heap(), sizeof(struct known), CONTACTS_MAX);
        hooks->targets[hooks->count++] = target;
    }
    target->seen = true;
    if (target->hook.id != 0 && target->hook.turn == hook->turn)
        return;
    drop_batch(target);
    keep_place(target, true);
    target->hook = *hook;
    target->centre = NULL;
    sapa_table_done(&target->known);
    sapa_table_init(&target->known, sapa_memory_heap(), sizeof(struct known), CONTACTS_MAX);
    if (sapa_hook_place(hooks->options.store, hook, &target->place) != SAPA_OK)
        reading->rc = SAPA_EIO;
    target->place_dirty = true;
    target->more = true;
    target->next_us = 0;
    target->state.id = hook->id;
    target->state.failures = 0;
    target->state.error[0] = '\0';
}

static void read_hooks(struct sapa_hooks *hooks)
{
    struct reading reading = { hooks, SAPA_OK };

    for (size_t i = 0; i < hooks->count; i++)
        hooks->targets[i]->seen = false;
    sapa_rc rc = sapa_hook_each(hooks->options.store, take_hook, &reading);
    rc = rc == SAPA_OK ? reading.rc : rc;
    if (rc != SAPA_OK) {
        sapa_log(SAPA_LOG_ERROR, "hooks.read", "the webhooks cannot be read (%s); those read before go on, ignoring", sapa_rc_name(rc));
        return;
    }
    for (size_t i = 0; i < hooks->count;) {
        if (hooks->targets[i]->seen) {
            i++;
            continue;
        }
        hooks->targets[i]->place_dirty = false; /* it has ended */
        target_free(hooks->targets[i]);
        hooks->targets[i] = hooks->targets[--hooks->count];
    }
    atomic_store(&hooks->active, hooks->count > 0);
    hooks->news = true;
}

/* ---- what is wanted ---- */

static bool is_listed(const struct sapa_hook *hook, const struct sapa_centre *centre, uint64_t client)
{
    struct sapa_str rest = sapa_str_of(hook->clients);

    while (centre && client < centre->clients_count && rest.n > 0) {
        if (sapa_str_eq(sapa_str_cut(rest, ',', &rest), centre->clients[client].key))
            return true;
    }
    return false;
}

/* The number in a record's field `client`; false: it has none. */
static bool client_field(const struct sapa_record *record, uint64_t *ret)
{
    const struct sapa_record_info *info = sapa_record_info(record->type);

    for (unsigned i = 0; info && i < info->field_count; i++) {
        if (info->fields[i].kind == SAPA_KIND_NUM && strcmp(info->fields[i].name, "client") == 0) {
            memcpy(ret, (const uint8_t *)&record->u + info->fields[i].offset, sizeof(*ret));
            return true;
        }
    }
    return false;
}

static const struct sapa_centre *centre_at(struct sapa_hooks *hooks, uint64_t seq)
{
    const struct sapa_centre *centre = NULL;
    struct sapa_log_reader *reader;
    struct sapa_record *record = malloc(sizeof(*record));
    uint64_t at;

    if (record && sapa_store_centre_start(hooks->options.store, seq, &at) == SAPA_OK &&
        sapa_log_reader_open(hooks->options.store, at, &reader) == SAPA_OK) {
        sapa_log_reader_keep_sealed(reader);
        if (sapa_log_reader_next(reader, record) == SAPA_OK && record->type == SAPA_T_centre_started)
            centre = sapa_centre_shelf_get(hooks->shelf, sapa_sized_str(&record->u.centre_started.centre_hash));
        sapa_log_reader_close(reader);
    }
    free(record);
    return centre;
}

/* Of a contact that began before the place where reading began. */
static bool look_contact_up(struct target *target, uint64_t contact)
{
    struct sapa_store *store = target->hooks->options.store;
    struct sapa_log_reader *reader;
    struct sapa_record *record = malloc(sizeof(*record));
    uint64_t first, last;
    bool wanted = false;

    if (record && sapa_store_contact_span(store, contact, &first, &last) == SAPA_OK &&
        sapa_log_reader_open(store, first, &reader) == SAPA_OK) {
        sapa_log_reader_keep_sealed(reader);
        for (unsigned i = 0; i < SPAN_READ_MAX && sapa_log_reader_next(reader, record) == SAPA_OK; i++) {
            if (record->type == SAPA_T_contact_new && record->u.contact_new.contact == contact) {
                wanted = is_listed(&target->hook, centre_at(target->hooks, first), record->u.contact_new.client);
                break;
            }
        }
        sapa_log_reader_close(reader);
    }
    free(record);
    return wanted;
}

static void remember(struct target *target, uint64_t contact, bool wanted)
{
    struct known *known = sapa_table_find(&target->known, contact);

    if (!known && sapa_table_add(&target->known, contact, &known) != SAPA_OK) {
        sapa_table_done(&target->known); /* those that are asked for again are looked up */
        sapa_table_init(&target->known, sapa_memory_heap(), sizeof(struct known), CONTACTS_MAX);
        return;
    }
    known->wanted = wanted;
}

static bool is_of_clients(struct target *target, const struct sapa_record *record)
{
    const uint64_t contact = sapa_record_contact(record);
    const struct known *known = contact ? sapa_table_find(&target->known, contact) : NULL;
    uint64_t client = SAPA_NONE;

    if (client_field(record, &client))
        return is_listed(&target->hook, target->centre, client);
    if (record->type == SAPA_T_contact_arrived) /* its client is that of its number */
        return target->centre && record->u.contact_arrived.number < target->centre->numbers_count &&
               is_listed(&target->hook, target->centre, target->centre->numbers[record->u.contact_arrived.number].client);
    if (!contact)
        return false;
    if (known)
        return known->wanted;
    const bool wanted = look_contact_up(target, contact);
    remember(target, contact, wanted);
    return wanted;
}

static void note(struct target *target, const struct sapa_record *record)
{
    if (record->type == SAPA_T_centre_started)
        target->centre = sapa_centre_shelf_get(target->hooks->shelf, sapa_sized_str(&record->u.centre_started.centre_hash));
    if (target->hook.clients[0] && record->type == SAPA_T_contact_new)
        remember(target, record->u.contact_new.contact, is_listed(&target->hook, target->centre, record->u.contact_new.client));
}

static void forget(struct target *target, const struct sapa_record *record)
{
    struct known *known = record->type == SAPA_T_contact_ended ? sapa_table_find(&target->known, record->u.contact_ended.contact) : NULL;

    if (known)
        sapa_table_remove(&target->known, known);
}

static bool is_wanted(struct target *target, const struct sapa_record *record)
{
    return (target->hook.events & sapa_hook_event_bit(record->type)) &&
           (target->hook.clients[0] == '\0' || is_of_clients(target, record));
}

/* ---- deliveries ---- */

static void failed(struct target *target, const char *why)
{
    const int64_t first_us = target->hooks->options.retry_us ? target->hooks->options.retry_us : RETRY_US;
    int64_t pause_us = first_us;

    for (uint64_t i = 0; i < target->state.failures && pause_us < RETRY_MAX_US; i++)
        pause_us *= 2;
    pause_us = SAPA_MIN(pause_us, RETRY_MAX_US);
    pause_us += (int64_t)(sapa_random_u64() % (uint64_t)(pause_us / 10 + 1)); /* not all at once */
    if (target->state.failures++ == 0)
        sapa_log(SAPA_LOG_WARN, "hooks.failed", "webhook=%llu %s; it will be tried again", (unsigned long long)target->hook.id, why);
    target->state.failures_total++;
    target->next_us = sapa_mono_us() + pause_us;
    target->state.next_us = sapa_wall_us() + pause_us;
    (void)sapa_str_copy(sapa_str_of(why), target->state.error, sizeof(target->state.error));
    drop_batch(target);
    target->more = true;
    target->hooks->news = true;
}

static void delivered(struct target *target)
{
    if (target->state.failures > 0)
        sapa_log(SAPA_LOG_INFO, "hooks.again", "webhook=%llu takes events again", (unsigned long long)target->hook.id);
    target->place.offset = target->batch_end;
    target->place.delivered += target->events;
    target->place_dirty = true;
    target->state.batches++;
    target->state.failures = 0;
    target->state.error[0] = '\0';
    target->state.last_us = sapa_wall_us();
    target->state.next_us = 0;
    end_transfer(target);
    sapa_json_reset(&target->body); /* the reader stands behind it */
    target->events = 0;
    keep_place(target, false);
    target->hooks->news = true;
}

static size_t on_answer(char *bytes, size_t one, size_t n, void *ctx)
{
    struct target *target = ctx;

    (void)bytes, (void)one;
    target->answer_n += n;
    return target->answer_n <= ANSWER_MAX ? n : 0; /* nobody reads it */
}

static void answered(struct target *target, CURLcode code)
{
    long status = 0;
    char why[96];

    curl_easy_getinfo(target->curl, CURLINFO_RESPONSE_CODE, &status);
    target->state.status = (uint32_t)status;
    if (status >= 200 && status < 300 && code != CURLE_OPERATION_TIMEDOUT) {
        delivered(target);
        return;
    }
    if (status == 410) {
        sapa_log(SAPA_LOG_WARN, "hooks.gone", "webhook=%llu answers 410: nothing is sent until it is resumed", (unsigned long long)target->hook.id);
        target->place.gone = true;
        target->place_dirty = true;
        drop_batch(target);
        keep_place(target, true);
        target->hooks->news = true;
        return;
    }
    if (target->refused)
        snprintf(why, sizeof(why), "the address is private or of this machine, and serve was not given --webhooks-private");
    else if (code == CURLE_OK)
        snprintf(why, sizeof(why), "answered %ld", status);
    else
        snprintf(why, sizeof(why), "%.94s", curl_easy_strerror(code));
    failed(target, why);
}

static bool add_header(struct target *target, const char *fmt, ...) SAPA_PRINTF(2, 3);

static bool add_header(struct target *target, const char *fmt, ...)
{
    char line[160];
    struct sapa_text text;
    va_list args;

    sapa_text_init(&text, line, sizeof(line));
    va_start(args, fmt);
    sapa_text_vprintf(&text, fmt, args);
    va_end(args);
    struct curl_slist *more = curl_slist_append(target->headers, line);
    if (more)
        target->headers = more;
    return more != NULL;
}

static void send_batch(struct target *target)
{
    const int64_t now_s = sapa_wall_us() / 1000000;
    char signature[65];
    struct sapa_hooks *hooks = target->hooks;

    if (find_secret(target) != SAPA_OK) {
        failed(target, "its secret is not in the secrets file, or cannot be read");
        return;
    }
    sapa_hook_sign((struct sapa_str){ target->secret, target->secret_n }, now_s, sapa_json_str(&target->body), signature);
    sapa_wipe(target->secret, sizeof(target->secret));
    target->curl = curl_easy_init();
    target->refused = false;
    target->answer_n = 0;
    bool good = target->curl && add_header(target, "Content-Type: application/json") && add_header(target, "Expect:") &&
                add_header(target, "Sapa-Webhook: %llu", (unsigned long long)target->hook.id) &&
                add_header(target, "Sapa-Offset: %llu", (unsigned long long)target->batch_end) &&
                add_header(target, "Sapa-Timestamp: %lld", (long long)now_s) &&
                add_header(target, "Sapa-Signature: v1=%s", signature);
    if (good) {
        CURL *curl = target->curl;
        good = curl_easy_setopt(curl, CURLOPT_URL, target->hook.url) == CURLE_OK &&
               curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK;
        curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
        curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
        curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, hooks->options.timeout_ms ? (long)hooks->options.timeout_ms : (long)TIMEOUT_MS);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)target->body.n);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, target->body.p);
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, target->headers);
        curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
        curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, target);
        curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_answer);
        curl_easy_setopt(curl, CURLOPT_WRITEDATA, target);
        curl_easy_setopt(curl, CURLOPT_PRIVATE, target);
        curl_easy_setopt(curl, CURLOPT_USERAGENT, "sapa");
        good = good && curl_multi_add_handle(hooks->multi, curl) == CURLM_OK;
    }
    if (!good)
        failed(target, "out of memory");
}

static sapa_rc open_reader(struct target *target)
{
    const uint64_t from = target->place.offset + 1;
    const sapa_rc rc = sapa_log_reader_open(target->hooks->options.store, from, &target->reader);

    if (rc != SAPA_OK)
        return rc;
    if (!target->hook.personal)
        sapa_log_reader_keep_sealed(target->reader);
    target->centre = centre_at(target->hooks, from);
    target->batch_end = target->place.offset;
    return SAPA_OK;
}

/* Read on; true when there is something to send. */
static bool read_batch(struct target *target)
{
    struct sapa_record *record = target->hooks->record;
    char id[24];
    sapa_rc rc = target->reader ? SAPA_OK : open_reader(target);

    for (unsigned n = 0; rc == SAPA_OK && n < SCAN_MAX && target->events < BATCH_EVENTS && target->body.n < BATCH_BYTES; n++) {
        rc = sapa_log_reader_next(target->reader, record);
        if (rc != SAPA_OK)
            break;
        note(target, record);
        if (is_wanted(target, record)) {
            if (target->events++ == 0) {
                snprintf(id, sizeof(id), "%llu", (unsigned long long)target->hook.id);
                sapa_json_open(&target->body, '{');
                sapa_json_add_text(&target->body, "webhook", sapa_str_of(id));
                sapa_json_key(&target->body, "events");
                sapa_json_open(&target->body, '[');
            }
            sapa_hook_event_json(record, target->centre, target->hook.personal, &target->body);
        }
        forget(target, record);
        target->batch_end = record->seq;
    }
    target->more = rc == SAPA_OK;
    if (rc != SAPA_OK && rc != SAPA_ENOENT) {
        failed(target, rc == SAPA_ECORRUPT ? "the log is damaged at its place: sapa verify" : sapa_rc_text(rc));
        return false;
    }
    if (target->events == 0) { /* nothing of it was wanted: that is done as well */
        if (target->batch_end > target->place.offset) {
            target->place.offset = target->batch_end;
            target->place_dirty = true;
        }
        return false;
    }
    sapa_json_close(&target->body, ']');
    sapa_json_close(&target->body, '}');
    if (target->body.failed) {
        failed(target, "out of memory");
        return false;
    }
    return true;
}

static bool is_on(const struct target *target)
{
    return target->hook.active && !target->place.gone;
}

static void serve(struct target *target)
{
    if (!is_on(target) || target->curl || sapa_mono_us() < target->next_us)
        return;
    if (read_batch(target))
        send_batch(target);
    else
        keep_place(target, false);
}

static void tell(struct sapa_hooks *hooks, int64_t now_us)
{
    struct sapa_hook_state states[SAPA_HOOKS_MAX];

    if (!hooks->options.tell || (!hooks->news && now_us - hooks->told_us < IDLE_US) || now_us - hooks->told_us < TELL_EVERY_US)
        return;
    for (size_t i = 0; i < hooks->count; i++) {
        struct target *target = hooks->targets[i];
        target->state.offset = target->place.offset;
        target->state.delivered = target->place.delivered;
        target->state.kind = !target->hook.active ? SAPA_HOOK_PAUSED : target->place.gone ? SAPA_HOOK_GONE
                             : target->state.failures > 0 ? SAPA_HOOK_FAILING : SAPA_HOOK_ACTIVE;
        states[i] = target->state;
    }
    hooks->options.tell(hooks->options.ctx, states, hooks->count);
    hooks->told_us = now_us;
    hooks->news = false;
}

static int until_next(const struct sapa_hooks *hooks, int64_t now_us)
{
    int64_t wait_us = hooks->news ? TELL_EVERY_US : IDLE_US;

    for (size_t i = 0; i < hooks->count; i++) {
        const struct target *target = hooks->targets[i];
        if (is_on(target) && !target->curl && target->more)
            wait_us = SAPA_MIN(wait_us, SAPA_MAX(target->next_us - now_us, INT64_C(0)));
    }
    return hooks->count == 0 ? 60000 : (int)((wait_us + 999) / 1000);
}

static void run(void *ctx)
{
    struct sapa_hooks *hooks = ctx;
    int running, left;
    CURLMsg *message;

    while (!atomic_load(&hooks->stopping)) {
        atomic_store(&hooks->awake, false);
        if (atomic_exchange(&hooks->changed, false))
            read_hooks(hooks);
        const bool serves = sapa_mono_us() - hooks->served_us >= SERVE_EVERY_US;
        for (size_t i = 0; serves && i < hooks->count; i++)
            serve(hooks->targets[i]);
        if (serves)
            hooks->served_us = sapa_mono_us();
        curl_multi_perform(hooks->multi, &running);
        while ((message = curl_multi_info_read(hooks->multi, &left)) != NULL) {
            struct target *target = NULL;
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&target);
            answered(target, message->data.result);
        }
        const int64_t now_us = sapa_mono_us();
        tell(hooks, now_us);
        /* woken between two looks: the rest is waited for, not read at once */
        curl_multi_poll(hooks->multi, NULL, 0, serves ? until_next(hooks, now_us) : (int)(SERVE_EVERY_US / 1000), NULL);
    }
}

sapa_rc sapa_hooks_start(const struct sapa_hooks_options *options, struct sapa_hooks **ret)
{
    struct sapa_hooks *hooks = calloc(1, sizeof(*hooks));

    if (!hooks)
        return SAPA_ENOMEM;
    hooks->options = *options;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        free(hooks);
        return SAPA_EIO;
    }
    hooks->record = malloc(sizeof(*hooks->record));
    hooks->multi = curl_multi_init();
    atomic_store(&hooks->changed, true);
    sapa_rc rc = hooks->record && hooks->multi ? sapa_centre_shelf_new(options->store, &hooks->shelf) : SAPA_ENOMEM;
    if (rc == SAPA_OK)
        rc = sapa_thread_start("hooks", -1, run, hooks, &hooks->thread);
    if (rc != SAPA_OK) {
        sapa_hooks_free(hooks);
        return rc;
    }
    *ret = hooks;
    return SAPA_OK;
}

void sapa_hooks_stop(struct sapa_hooks *hooks)
{
    if (!hooks)
        return;
    atomic_store(&hooks->stopping, true);
    (void)curl_multi_wakeup(hooks->multi);
    sapa_thread_join(hooks->thread);
    hooks->thread = NULL;
    for (size_t i = 0; i < hooks->count; i++)
        target_free(hooks->targets[i]);
    hooks->count = 0;
}

void sapa_hooks_free(struct sapa_hooks *hooks)
{
    if (!hooks)
        return;
    if (hooks->multi)
        curl_multi_cleanup(hooks->multi);
    sapa_centre_shelf_free(hooks->shelf);
    free(hooks->record);
    curl_global_cleanup();
    free(hooks);
}

void sapa_hooks_changed(struct sapa_hooks *hooks)
{
    if (!hooks)
        return;
    atomic_store(&hooks->changed, true);
    atomic_store(&hooks->awake, true);
    (void)curl_multi_wakeup(hooks->multi);
}

void sapa_hooks_committed(struct sapa_hooks *hooks)
{
    if (hooks && atomic_load(&hooks->active))
        wake(hooks);
}
