#include "app/system.h"

#include <curl/curl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "rt/clock.h"
#include "rt/file.h"
#include "store/sqlite/sqlite.h"
#include "store/store.h"

/* ---- what the SIP thread tells ---- */

struct filling {
    const struct sapa_centre *centre;
    struct sapa_system_trunk *trunks;
    struct sapa_system_device *devices;
    size_t trunk_count, trunk_room, device_count, device_room;
};

static void add_trunk(void *ctx, const struct sapa_voice_trunk_state *state)
{
    struct filling *filling = ctx;

    if (filling->trunk_count == filling->trunk_room)
        return;
    struct sapa_system_trunk *trunk = &filling->trunks[filling->trunk_count++];
    trunk->state = *state;
    trunk->state.key = trunk->state.host = SAPA_STR("");
    snprintf(trunk->key, sizeof(trunk->key), SAPA_STR_FMT, SAPA_STR_ARG(state->key));
    snprintf(trunk->host, sizeof(trunk->host), SAPA_STR_FMT, SAPA_STR_ARG(state->host));
}

static void add_device(void *ctx, const struct sapa_voice_registration *registration)
{
    struct filling *filling = ctx;
    struct sapa_text from;

    if (filling->device_count == filling->device_room || registration->agent >= filling->centre->agents_count)
        return;
    struct sapa_system_device *device = &filling->devices[filling->device_count++];
    const struct sapa_str key = filling->centre->agents[registration->agent].key;
    snprintf(device->agent, sizeof(device->agent), SAPA_STR_FMT, SAPA_STR_ARG(key));
    sapa_text_init(&from, device->user_agent, sizeof(device->user_agent));
    sapa_text_add(&from, registration->user_agent);
    sapa_text_init(&from, device->from, sizeof(device->from));
    sapa_sip_put_ip(&from, &registration->from);
    device->transport = registration->transport;
    device->place = registration->place;
    device->reachable = registration->reachable;
    device->behind_proxy = registration->behind_proxy;
    device->since_us = registration->since_us;
    device->expires_us = registration->expires_us;
}

void sapa_system_report(const struct sapa_voice *voice, const struct sapa_centre *centre, struct sapa_slot *slot)
{
    struct sapa_voice_stats stats;

    sapa_voice_stats_read(voice, &stats);
    const size_t size = sizeof(struct sapa_system_head) + centre->trunks_count * sizeof(struct sapa_system_trunk) +
                        stats.registrations * sizeof(struct sapa_system_device);
    struct sapa_system_head *head = calloc(1, size);
    if (!head)
        return;
    struct filling filling = { .centre = centre, .trunks = (struct sapa_system_trunk *)(head + 1), .trunk_room = centre->trunks_count,
                               .device_room = stats.registrations };
    sapa_voice_trunks_each(voice, add_trunk, &filling);
    filling.devices = (struct sapa_system_device *)(filling.trunks + filling.trunk_count);
    sapa_voice_registrations(voice, add_device, &filling);
    head->trunks = filling.trunk_count;
    head->devices = filling.device_count;
    head->voice = stats;
    sapa_voice_media_stats_read(voice, &head->media);
    const size_t used = (size_t)((const char *)(filling.devices + filling.device_count) - (const char *)head);
    if (sapa_slot_put(slot, head, used) != SAPA_OK)
        sapa_log(SAPA_LOG_DEBUG, "system.report", "no memory for it");
    free(head);
}

/* ---- how the disk fills ---- */

enum { DAY_US_PARTS = 86400, HOUR_S = 3600 };
#define DAY_US (INT64_C(86400) * 1000000)
#define DISK_SETTING "disk.free"

void sapa_disk_add(struct sapa_disk_samples *samples, struct sapa_disk_sample sample)
{
    size_t first = 0;

    if (samples->count > 0 && sample.at_us <= samples->of[samples->count - 1].at_us)
        samples->count = 0;
    while (first < samples->count && (samples->of[first].at_us < sample.at_us - DAY_US || samples->count - first == SAPA_DISK_SAMPLES_MAX))
        first++;
    memmove(samples->of, samples->of + first, (samples->count - first) * sizeof(samples->of[0]));
    samples->count -= first;
    samples->of[samples->count++] = sample;
}

void sapa_disk_print(const struct sapa_disk_samples *samples, struct sapa_text *out)
{
    for (size_t i = 0; i < samples->count; i++)
        sapa_text_printf(out, "%lld %llu\n", (long long)samples->of[i].at_us, (unsigned long long)samples->of[i].free_bytes);
}

void sapa_disk_parse(struct sapa_str text, struct sapa_disk_samples *ret)
{
    ret->count = 0;
    while (text.n > 0) {
        const char *end = memchr(text.p, '\n', text.n), *blank = end ? memchr(text.p, ' ', (size_t)(end - text.p)) : NULL;
        uint64_t at, bytes;
        if (!blank || sapa_str_u64((struct sapa_str){ text.p, (size_t)(blank - text.p) }, INT64_MAX, &at) != SAPA_OK ||
            sapa_str_u64((struct sapa_str){ blank + 1, (size_t)(end - blank - 1) }, UINT64_MAX, &bytes) != SAPA_OK)
            return;
        sapa_disk_add(ret, (struct sapa_disk_sample){ (int64_t)at, bytes });
        text.n -= (size_t)(end + 1 - text.p);
        text.p = end + 1;
    }
}

sapa_rc sapa_disk_growth(const struct sapa_disk_samples *samples, uint64_t *ret_per_day)
{
    if (samples->count < 2)
        return SAPA_EAGAIN;
    const struct sapa_disk_sample first = samples->of[0], last = samples->of[samples->count - 1];
    const uint64_t seconds = (uint64_t)(last.at_us - first.at_us) / 1000000;
    if (seconds < HOUR_S)
        return SAPA_EAGAIN;
    const uint64_t filled = first.free_bytes > last.free_bytes ? first.free_bytes - last.free_bytes : 0;
    *ret_per_day = filled / seconds * DAY_US_PARTS + filled % seconds * DAY_US_PARTS / seconds;
    return SAPA_OK;
}

struct sapa_disk_keeper {
    struct sapa_loop *loop;
    struct sapa_pool *pool;
    struct sapa_store *store;
    struct sapa_timer timer;
};

static void read_samples(struct sapa_store *store, struct sapa_disk_samples *ret)
{
    char buf[SAPA_DISK_SAMPLES_MAX * 44];

    ret->count = 0;
    if (sapa_store_setting(store, DISK_SETTING, buf, sizeof(buf)) == SAPA_OK)
        sapa_disk_parse(sapa_str_of(buf), ret);
}

static void keep(void *ctx)
{
    const struct sapa_disk_keeper *keeper = ctx;
    char buf[SAPA_DISK_SAMPLES_MAX * 44];
    struct sapa_disk_samples samples;
    struct sapa_disk_sample now = { .at_us = sapa_wall_us() };
    struct sapa_text text;

    if (sapa_disk_free(sapa_store_folder(keeper->store), &now.free_bytes) != SAPA_OK)
        return;
    read_samples(keeper->store, &samples);
    sapa_disk_add(&samples, now);
    sapa_text_init(&text, buf, sizeof(buf));
    sapa_disk_print(&samples, &text);
    if (text.cut || sapa_store_set(keeper->store, DISK_SETTING, buf) != SAPA_OK)
        sapa_log(SAPA_LOG_WARN, "system.disk", "what is free is not kept; how the disk fills is not known, ignoring");
}

static void look(void *ctx);

static void kept(void *ctx, sapa_rc rc)
{
    struct sapa_disk_keeper *keeper = ctx;

    if (rc == SAPA_OK) /* else the pool has ended */
        sapa_timer_set(keeper->loop, &keeper->timer, SAPA_DISK_SAMPLE_US, look, keeper);
}

static void look(void *ctx)
{
    struct sapa_disk_keeper *keeper = ctx;

    if (sapa_pool_submit(keeper->pool, keeper->loop, keep, kept, keeper) != SAPA_OK)
        sapa_timer_set(keeper->loop, &keeper->timer, SAPA_DISK_SAMPLE_US, look, keeper);
}

sapa_rc sapa_disk_keeper_start(struct sapa_loop *loop, struct sapa_pool *pool, struct sapa_store *store,
                               struct sapa_disk_keeper **ret_keeper)
{
    struct sapa_disk_keeper *keeper = calloc(1, sizeof(*keeper));

    if (!keeper)
        return SAPA_ENOMEM;
    keeper->loop = loop;
    keeper->pool = pool;
    keeper->store = store;
    look(keeper);
    *ret_keeper = keeper;
    return SAPA_OK;
}

void sapa_disk_keeper_free(struct sapa_disk_keeper *keeper)
{
    if (!keeper)
        return;
    sapa_timer_cancel(keeper->loop, &keeper->timer);
    free(keeper);
}

/* ---- the answer ---- */

enum {
    REPORT_WAIT_MS = 1000,
    FAMILY_MAX = 16,
    RTT_LIMIT_MS = 300,        /* there and back; beyond it people talk over each other (ITU-T G.114: 150 ms one way) */
    LOSS_LIMIT_PERMILLE = 30,  /* concealment is heard from here on */
    CERTIFICATE_LIMIT_DAYS = 21,
    DISK_LIMIT_DAYS = 14,
    DISK_LIMIT_PERCENT = 10,
};

static void add_or_null(struct sapa_json *out, const char *key, bool there, int64_t number)
{
    if (there)
        sapa_json_add_number(out, key, number);
    else
        sapa_json_add_null(out, key);
}

static void text_or_null(struct sapa_json *out, const char *key, const char *text)
{
    if (text[0])
        sapa_json_add_text(out, key, sapa_str_of(text));
    else
        sapa_json_add_null(out, key);
}

static void add_trunks(struct sapa_json *out, const struct sapa_system_trunk *trunks, size_t count)
{
    sapa_json_key(out, "trunks");
    sapa_json_open(out, '[');
    for (size_t i = 0; i < count; i++) {
        const struct sapa_voice_trunk_state *state = &trunks[i].state;
        const bool refused = state->registers && !state->registered && state->last_status != 0;
        const char *how = state->inbound ? "inbound" : !state->known ? "unknown" : state->down ? "down" : refused ? "refused"
                          : state->registers && !state->registered ? "unknown" : state->since_us == 0 ? "unknown" : "up";
        sapa_json_open(out, '{');
        sapa_json_add_text(out, "id", sapa_str_of(trunks[i].key));
        text_or_null(out, "host", trunks[i].host);
        sapa_json_add_text(out, "state", sapa_str_of(how));
        sapa_json_add_time(out, "since", state->since_us);
        add_or_null(out, "last_status", state->last_status != 0, state->last_status);
        sapa_json_add_time(out, "failed", state->failed_us);
        sapa_json_add_number(out, "calls", state->calls);
        add_or_null(out, "calls_max", state->calls_max != 0, state->calls_max);
        sapa_json_add_number(out, "addresses", state->addresses);
        sapa_json_add_number(out, "addresses_down", state->addresses_down);
        add_or_null(out, "rtt_us", state->rtt_us != 0, state->rtt_us);
        sapa_json_add_bool(out, "registers", state->registers);
        sapa_json_close(out, '}');
    }
    sapa_json_close(out, ']');
}

static const struct sapa_agent *agent_of(const struct sapa_centre *centre, const char *key, uint32_t *ret_index)
{
    *ret_index = SAPA_FIND(centre, agents, sapa_str_of(key));
    return *ret_index != SAPA_NONE ? &centre->agents[*ret_index] : NULL;
}

static void add_devices(struct sapa_json *out, const struct sapa_web_work *work, const struct sapa_system_device *devices, size_t count)
{
    static const char *const transports[SAPA_SIP_FLOW_KIND_COUNT] = { "udp", "udp", "tcp", "tls", "ws", "wss" };
    static const char *const places[] = { "unknown", "office", "elsewhere" };

    sapa_json_key(out, "devices");
    sapa_json_open(out, '[');
    for (size_t i = 0; i < count; i++) {
        const struct sapa_system_device *device = &devices[i];
        uint32_t index;
        const struct sapa_agent *agent = agent_of(work->centre, device->agent, &index);
        if (!agent)
            continue; /* another description since then */
        sapa_json_open(out, '{');
        sapa_json_add_text(out, "agent", agent->key);
        sapa_json_add_text(out, "name", agent->name);
        sapa_json_add_text(out, "extension", agent->extension);
        sapa_json_add_bool(out, "browser", device->transport == SAPA_SIP_FLOW_WS || device->transport == SAPA_SIP_FLOW_WSS);
        sapa_json_add_text(out, "transport", sapa_str_of(device->transport < SAPA_SIP_FLOW_KIND_COUNT ? transports[device->transport] : "udp"));
        text_or_null(out, "user_agent", device->user_agent);
        sapa_json_add_text(out, "from", sapa_str_of(device->from));
        sapa_json_add_bool(out, "behind_proxy", device->behind_proxy);
        sapa_json_add_text(out, "place", sapa_str_of(device->place < SAPA_COUNT(places) ? places[device->place] : places[0]));
        sapa_json_add_bool(out, "reachable", device->reachable);
        sapa_json_add_time(out, "since", device->since_us);
        sapa_json_add_time(out, "expires", device->expires_us);
        sapa_json_close(out, '}');
    }
    sapa_json_close(out, ']');
}

/* At work as far as the core knows, and no telephone of theirs is there. */
static void add_missing(struct sapa_json *out, const struct sapa_web_work *work)
{
    const struct sapa_centre *centre = work->centre;

    sapa_json_key(out, "without_device");
    sapa_json_open(out, '[');
    for (uint32_t i = 0; work->missing && i < centre->agents_count; i++) {
        if (!work->missing[i])
            continue;
        sapa_json_open(out, '{');
        sapa_json_add_text(out, "agent", centre->agents[i].key);
        sapa_json_add_text(out, "name", centre->agents[i].name);
        sapa_json_add_text(out, "extension", centre->agents[i].extension);
        sapa_json_close(out, '}');
    }
    sapa_json_close(out, ']');
}

static void add_media(struct sapa_json *out, const struct sapa_system_head *head)
{
    sapa_json_key(out, "media");
    if (!head) {
        sapa_json_null(out);
        return;
    }
    const bool known = head->voice.media_up && head->media.at_us != 0;
    sapa_json_open(out, '{');
    sapa_json_add_bool(out, "up", head->voice.media_up);
    sapa_json_add_number(out, "restarts", head->voice.media_restarts);
    sapa_json_add_number(out, "version", (int64_t)head->voice.media_version);
    add_or_null(out, "legs", known, head->media.legs);
    add_or_null(out, "recordings", known, head->media.recordings);
    add_or_null(out, "packets_dropped", known, (int64_t)head->media.packets_dropped);
    add_or_null(out, "delay_p99_us", known, head->media.delay_p99_us);
    sapa_json_close(out, '}');
}

static void add_certificates(struct sapa_json *out, const struct sapa_system_sources *sources)
{
    sapa_json_key(out, "certificates");
    sapa_json_open(out, '[');
    for (size_t i = 0; i < sources->certificate_count; i++) {
        struct sapa_tls_facts facts = { .names = "" };
        if (!sources->certificates[i])
            continue;
        const sapa_rc rc = sapa_tls_look(sources->certificates[i], &facts);
        sapa_json_open(out, '{');
        sapa_json_add_text(out, "use", i == 0 ? SAPA_STR("https") : SAPA_STR("sip"));
        sapa_json_add_text(out, "names", sapa_str_of(facts.names));
        text_or_null(out, "issuer", facts.issuer);
        sapa_json_add_bool(out, "own", facts.own);
        sapa_json_add_time(out, "until", facts.until_us);
        text_or_null(out, "problem", rc == SAPA_OK ? "" : sapa_rc_text(rc));
        sapa_json_close(out, '}');
    }
    sapa_json_close(out, ']');
}

/* The log with what SQLite keeps beside it. */
static uint64_t log_size(const char *folder)
{
    static const char *const ends[] = { "sapa.db", "sapa.db-wal", "sapa.db-shm" };
    uint64_t sum = 0, size;
    char path[512];

    for (size_t i = 0; i < SAPA_COUNT(ends); i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, ends[i]);
        if (sapa_file_size(path, &size) == SAPA_OK)
            sum += size;
    }
    return sum;
}

static void add_disk(struct sapa_json *out, const struct sapa_system_sources *sources)
{
    const char *folder = sapa_store_folder(sources->store);
    struct sapa_disk_samples samples;
    uint64_t total = 0, left = 0, per_day = 0;
    const bool seen = sapa_disk_size(folder, &total) == SAPA_OK && sapa_disk_free(folder, &left) == SAPA_OK;

    read_samples(sources->store, &samples);
    const bool known = sapa_disk_growth(&samples, &per_day) == SAPA_OK;
    sapa_json_key(out, "disk");
    sapa_json_open(out, '{');
    add_or_null(out, "total_bytes", seen, (int64_t)total);
    add_or_null(out, "free_bytes", seen, (int64_t)left);
    sapa_json_add_number(out, "log_bytes", (int64_t)log_size(folder));
    add_or_null(out, "day_bytes", known, (int64_t)per_day);
    add_or_null(out, "days_left", seen && known && per_day > 0, per_day > 0 ? (int64_t)(left / per_day) : 0);
    sapa_json_close(out, '}');
}

static void add_process(struct sapa_json *out, int pid)
{
    struct sapa_process_facts facts;

    if (sapa_process_look(pid, &facts) != SAPA_OK)
        return;
    const bool seen = facts.descriptors != UINT32_MAX && facts.descriptors_max != UINT32_MAX;
    sapa_json_open(out, '{');
    sapa_json_add_text(out, "name", sapa_str_of(facts.name));
    sapa_json_add_number(out, "pid", facts.pid);
    sapa_json_add_time(out, "started", facts.started_us);
    sapa_json_add_number(out, "memory_bytes", (int64_t)facts.memory_bytes);
    sapa_json_add_number(out, "cpu_ms", (int64_t)facts.cpu_ms);
    sapa_json_add_number(out, "threads", facts.threads);
    add_or_null(out, "descriptors", seen, facts.descriptors);
    add_or_null(out, "descriptors_max", seen, facts.descriptors_max);
    sapa_json_add_bool(out, "other_program", facts.other_program);
    sapa_json_close(out, '}');
}

static void add_processes(struct sapa_json *out, const struct sapa_system_sources *sources)
{
    int pids[FAMILY_MAX];
    const size_t count = sources->parent > 0 ? sapa_process_children(sources->parent, pids, FAMILY_MAX) : 0;

    sapa_json_key(out, "processes");
    sapa_json_open(out, '[');
    if (sources->parent > 0)
        add_process(out, sources->parent);
    for (size_t i = 0; i < count; i++)
        add_process(out, pids[i]);
    sapa_json_close(out, ']');
}

static void add_listeners(struct sapa_json *out, const struct sapa_system_sources *sources)
{
    sapa_json_key(out, "listeners");
    sapa_json_open(out, '[');
    for (size_t i = 0; i < sources->listener_count; i++) {
        char text[SAPA_ADDR_TEXT_MAX];
        sapa_json_open(out, '{');
        sapa_json_add_text(out, "kind", sapa_str_of(sources->listeners[i].kind));
        sapa_json_add_text(out, "address", sapa_str_of(sapa_addr_print(&sources->listeners[i].addr, text, sizeof(text))));
        sapa_json_close(out, '}');
    }
    sapa_json_close(out, ']');
}

/* Whose machine it is posted to, and no more: the rest of an address may hold secrets. */
static struct sapa_str host_of(const char *url)
{
    const char *from = strstr(url, "://");

    from = from ? from + 3 : url;
    return (struct sapa_str){ from, strcspn(from, "/?#") };
}

struct hooks {
    const struct sapa_web_work *work;
    struct sapa_store *store;
    struct sapa_json *out;
    uint64_t last_seq;
};

static void add_hook(void *ctx, const struct sapa_hook *hook)
{
    static const char *const kinds[] = { "active", "failing", "paused", "gone" };
    const struct hooks *hooks = ctx;
    struct sapa_hook_state state = { .kind = hook->active ? SAPA_HOOK_ACTIVE : SAPA_HOOK_PAUSED };
    struct sapa_hook_place place;

    if (sapa_hook_place(hooks->store, hook, &place) == SAPA_OK) {
        state.offset = place.offset;
        state.kind = place.gone ? SAPA_HOOK_GONE : state.kind;
    }
    for (size_t i = 0; i < hooks->work->hook_count; i++)
        if (hooks->work->hooks[i].id == hook->id)
            state = hooks->work->hooks[i];
    sapa_json_open(hooks->out, '{');
    sapa_json_add_id(hooks->out, "id", hook->id);
    sapa_json_add_text(hooks->out, "host", host_of(hook->url));
    sapa_json_add_text(hooks->out, "state", sapa_str_of(state.kind < SAPA_COUNT(kinds) ? kinds[state.kind] : kinds[0]));
    sapa_json_add_number(hooks->out, "lag", (int64_t)(hooks->last_seq > state.offset ? hooks->last_seq - state.offset : 0));
    sapa_json_add_number(hooks->out, "failures", (int64_t)state.failures);
    text_or_null(hooks->out, "last_error", state.failures > 0 ? state.error : "");
    sapa_json_add_time(hooks->out, "last_delivery", state.last_us);
    sapa_json_close(hooks->out, '}');
}

static sapa_rc add_hooks(struct sapa_json *out, const struct sapa_system_sources *sources, const struct sapa_web_work *work)
{
    struct hooks hooks = { work, sources->store, out, work->system.committed };

    sapa_json_key(out, "webhooks");
    sapa_json_open(out, '[');
    const sapa_rc rc = sapa_hook_each(sources->store, add_hook, &hooks);
    sapa_json_close(out, ']');
    return rc;
}

static void add_log(struct sapa_json *out, const struct sapa_web_system *system)
{
    sapa_json_key(out, "log");
    sapa_json_open(out, '{');
    sapa_json_add_text(out, "state", sapa_str_of(system->log_text));
    sapa_json_add_id(out, "seq", system->committed);
    sapa_json_add_number(out, "commits", (int64_t)system->commits);
    sapa_json_add_number(out, "slow_commits", (int64_t)system->slow_commits);
    sapa_json_add_number(out, "failures", (int64_t)system->failures);
    sapa_json_add_number(out, "longest_commit_us", system->longest_commit_us);
    sapa_json_close(out, '}');
    sapa_json_key(out, "alarms");
    sapa_json_open(out, '[');
    for (unsigned i = 0; i < SAPA_ALARM_COUNT; i++)
        if (system->alarms >> i & 1)
            sapa_json_text(out, sapa_str_of(sapa_alarm_name(i)));
    sapa_json_close(out, ']');
    sapa_json_key(out, "connections");
    sapa_json_open(out, '{');
    sapa_json_add_number(out, "http", (int64_t)system->connections);
    sapa_json_add_number(out, "feeds", (int64_t)system->feeds);
    sapa_json_add_number(out, "phones", (int64_t)system->phones);
    sapa_json_add_number(out, "sessions", (int64_t)system->sessions);
    sapa_json_close(out, '}');
}

static void add_limits(struct sapa_json *out, const struct sapa_centre *centre)
{
    sapa_json_key(out, "limits");
    sapa_json_open(out, '{');
    sapa_json_add_number(out, "rtt_ms", RTT_LIMIT_MS);
    sapa_json_add_number(out, "loss_permille", LOSS_LIMIT_PERMILLE);
    sapa_json_add_number(out, "mos_x100", centre->system.quality_alarm_mos_x100);
    sapa_json_add_number(out, "certificate_days", CERTIFICATE_LIMIT_DAYS);
    sapa_json_add_number(out, "disk_days", DISK_LIMIT_DAYS);
    sapa_json_add_number(out, "disk_percent", DISK_LIMIT_PERCENT);
    sapa_json_close(out, '}');
}

static void add_library(struct sapa_json *out, const char *name, const char *version)
{
    sapa_json_open(out, '{');
    sapa_json_add_text(out, "name", sapa_str_of(name));
    sapa_json_add_text(out, "version", sapa_str_of(version));
    sapa_json_close(out, '}');
}

/* Of those that the network reaches: which of them is in use is what a notice of weakness is about. */
static void add_libraries(struct sapa_json *out, const struct sapa_web_system *system)
{
    sapa_json_key(out, "libraries");
    sapa_json_open(out, '[');
    add_library(out, "OpenSSL", sapa_tls_version());
    add_library(out, "SQLite", sapa_store_sqlite_version());
    add_library(out, "libwebsockets", system->http_library ? system->http_library : "");
    add_library(out, "libcurl", curl_version_info(CURLVERSION_NOW)->version);
    add_library(out, "jansson", jansson_version_str());
    sapa_json_close(out, ']');
}

/* A report that was asked for now, or an older one, or none. */
static struct sapa_system_head *take_report(const struct sapa_system_sources *sources)
{
    void *bytes = NULL;
    size_t n = 0;

    if (!sources->slot || !sources->ask)
        return NULL;
    const uint64_t turn = sapa_slot_turn(sources->slot);
    if (!sources->ask(sources->ctx))
        return NULL;
    const sapa_rc rc = sapa_slot_wait(sources->slot, turn, REPORT_WAIT_MS, &bytes, &n);
    if ((rc != SAPA_OK && rc != SAPA_ETIMEOUT) || n < sizeof(struct sapa_system_head)) {
        if (rc == SAPA_OK || rc == SAPA_ETIMEOUT)
            free(bytes);
        return NULL;
    }
    return bytes;
}

sapa_rc sapa_web_system(const struct sapa_system_sources *sources, struct sapa_web_work *work)
{
    struct sapa_system_head *head = take_report(sources);
    const struct sapa_system_trunk *trunks = head ? (const struct sapa_system_trunk *)(head + 1) : NULL;
    const struct sapa_system_device *devices = head ? (const struct sapa_system_device *)(trunks + head->trunks) : NULL;
    struct sapa_json *out = &work->out;

    sapa_json_open(out, '{');
    sapa_json_add_time(out, "now", sapa_wall_us());
    sapa_json_add_text(out, "name", work->centre->system.name);
    sapa_json_add_text(out, "version", sapa_str_of(work->system.version));
    sapa_json_add_text(out, "centre", sapa_str_of(work->centre->hash));
    sapa_json_add_bool(out, "ready", work->system.ready);
    sapa_json_add_number(out, "starts", (int64_t)sapa_store_epoch(sources->store));
    add_trunks(out, trunks, head ? head->trunks : 0);
    add_devices(out, work, devices, head ? head->devices : 0);
    add_missing(out, work);
    add_media(out, head);
    add_certificates(out, sources);
    add_disk(out, sources);
    add_processes(out, sources);
    add_listeners(out, sources);
    add_log(out, &work->system);
    add_libraries(out, &work->system);
    add_limits(out, work->centre);
    const sapa_rc rc = add_hooks(out, sources, work);
    sapa_json_close(out, '}');
    free(head);
    return rc;
}
