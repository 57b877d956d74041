/* Health, readiness and Prometheus metrics. */
#include <stdlib.h>

#include "http/answer_impl.h"

static bool is_ready(const struct sapa_web *web)
{
    return web->mirror.centre && web->has_state && web->state.accepts_new;
}

void sapa_web_readiness(struct web_request *rq)
{
    const struct sapa_web *web = rq->web;

    rq->status = is_ready(web) ? 200 : 503;
    sapa_json_open(&rq->out, '{');
    sapa_json_add_bool(&rq->out, "ready", is_ready(web));
    sapa_json_add_text(&rq->out, "log", sapa_str_of(web->has_state ? web->state.log_text : "starting"));
    if (web->mirror.centre)
        sapa_json_add_text(&rq->out, "centre", sapa_str_of(web->mirror.centre->hash));
    else
        sapa_json_add_null(&rq->out, "centre");
    sapa_json_close(&rq->out, '}');
    sapa_web_ready(rq);
}

static void metric(struct sapa_json *out, const char *name, const char *kind, const char *help, uint64_t value)
{
    sapa_json_printf(out, "# HELP sapa_%s %s\n# TYPE sapa_%s %s\nsapa_%s %llu\n", name, help, name, kind, name, (unsigned long long)value);
}

static void hook_metrics(const struct sapa_web *web, struct sapa_json *out)
{
    static const struct { const char *name, *kind, *help; } rows[] = {
        { "webhook_lag", "gauge", "records of the log that a webhook is behind" },
        { "webhook_delivered_total", "counter", "events delivered, ever" },
        { "webhook_failures_total", "counter", "deliveries that failed since the start" },
        { "webhook_failing", "gauge", "1: its last delivery failed, or its target is gone" },
    };

    for (size_t k = 0; web->hook_count > 0 && k < SAPA_COUNT(rows); k++) {
        sapa_json_printf(out, "# HELP sapa_%s %s\n# TYPE sapa_%s %s\n", rows[k].name, rows[k].help, rows[k].name, rows[k].kind);
        for (size_t i = 0; i < web->hook_count; i++) {
            const struct sapa_hook_state *state = &web->hooks[i];
            const uint64_t seq = web->state.committed, values[] = {
                seq > state->offset ? seq - state->offset : 0, state->delivered, state->failures_total,
                state->kind == SAPA_HOOK_FAILING || state->kind == SAPA_HOOK_GONE,
            };
            sapa_json_printf(out, "sapa_%s{webhook=\"%llu\"} %llu\n", rows[k].name, (unsigned long long)state->id, (unsigned long long)values[k]);
        }
    }
}

void sapa_web_metrics(struct web_request *rq)
{
    const struct sapa_web *web = rq->web;
    const struct web_stats *s = &web->stats;
    const struct sapa_feed_stats feed = sapa_feed_stats(web->feed);
    const struct sapa_mailbox_stats mailbox = sapa_mailbox_stats(web->mailbox);
    uint32_t places[SAPA_PLACE_COUNT] = { 0 }, presences[SAPA_PRESENCE_COUNT] = { 0 };
    struct sapa_json *out = &rq->out;

    for (uint32_t i = 0; i < web->mirror.contacts.count; i++) {
        const struct sapa_mirror_contact *c = sapa_table_at(&web->mirror.contacts, i);
        if (c->has_view && c->view.place < SAPA_PLACE_COUNT)
            places[c->view.place]++;
    }
    for (uint32_t i = 0; web->mirror.centre && i < web->mirror.centre->agents_count; i++)
        presences[SAPA_MIN(web->mirror.agents[i].view.presence, (unsigned)SAPA_PRESENCE_COUNT - 1)]++;
    sapa_json_printf(out, "# HELP sapa_contacts living contacts by place\n# TYPE sapa_contacts gauge\n");
    for (unsigned i = 0; i < SAPA_PLACE_ENDED; i++)
        sapa_json_printf(out, "sapa_contacts{place=\"%s\"} %u\n", sapa_place_name(i), places[i]);
    sapa_json_printf(out, "# HELP sapa_agents agents by presence\n# TYPE sapa_agents gauge\n");
    for (unsigned i = 0; i < SAPA_PRESENCE_COUNT; i++)
        sapa_json_printf(out, "sapa_agents{presence=\"%s\"} %u\n", sapa_presence_name(i), presences[i]);
    metric(out, "ready", "gauge", "1: calls can be taken", is_ready(web));
    metric(out, "inputs_total", "counter", "inputs of the core", web->state.inputs);
    metric(out, "events_total", "counter", "events of the core", web->state.events);
    metric(out, "commands_total", "counter", "commands of the core", web->state.commands);
    metric(out, "refused_total", "counter", "inputs that changed nothing", web->state.refused);
    metric(out, "log_seq", "gauge", "last place given in the log", web->state.seq);
    metric(out, "log_committed_seq", "gauge", "last place that is safe", web->state.committed);
    metric(out, "log_commits_total", "counter", "commits", web->state.commits);
    metric(out, "log_slow_commits_total", "counter", "commits longer than 10 ms", web->state.slow_commits);
    metric(out, "log_failures_total", "counter", "commits that were tried again", web->state.failures);
    metric(out, "log_longest_commit_us", "gauge", "longest commit", (uint64_t)web->state.longest_commit_us);
    metric(out, "commands_held", "gauge", "commands that wait for the log", web->state.held);
    sapa_json_printf(out, "# HELP sapa_http_requests_total requests by hundreds of their status\n# TYPE sapa_http_requests_total counter\n");
    for (unsigned i = 1; i < SAPA_COUNT(s->requests); i++)
        sapa_json_printf(out, "sapa_http_requests_total{status=\"%uxx\"} %llu\n", i, (unsigned long long)s->requests[i]);
    metric(out, "http_slow_total", "counter", "requests answered after more than 100 ms", s->slow);
    metric(out, "http_connections", "gauge", "open connections", s->connections);
    metric(out, "http_refused_total", "counter", "connections refused by a limit", s->refused);
    metric(out, "http_too_fast_total", "counter", "requests refused by the rate of their source", s->too_fast);
    metric(out, "http_wrong_tokens_total", "counter", "requests with a token that is none", s->wrong_tokens);
    metric(out, "http_sip_connections", "gauge", "WebSockets of browsers' telephones now", rq->web->phones.count);
    metric(out, "http_sip_in_total", "counter", "SIP messages from browsers", s->sip_in);
    metric(out, "http_sip_out_total", "counter", "SIP messages to browsers", s->sip_out);
    metric(out, "http_sip_refused_total", "counter", "WebSockets of SIP refused or ended for what they sent", s->sip_refused);
    metric(out, "http_wrong_passwords_total", "counter", "logins with a wrong user or password", s->wrong_passwords);
    metric(out, "http_sessions", "gauge", "people logged in", web->sessions.by_hash.count);
    metric(out, "http_asks_total", "counter", "questions to the centre", s->asks);
    metric(out, "http_asks_refused_total", "counter", "questions that its mailbox had no room for", s->asks_refused);
    metric(out, "http_work_total", "counter", "jobs given to the pool", s->work);
    metric(out, "http_resets_total", "counter", "times that the whole state was sent again", s->resets);
    metric(out, "http_mailbox_bytes", "gauge", "of the centre's messages that wait", mailbox.depth_bytes);
    metric(out, "http_mailbox_high_bytes", "gauge", "most there ever were", mailbox.high_bytes);
    metric(out, "feed_subscribers", "gauge", "subscribers of the live feed", feed.subscribers);
    metric(out, "feed_rings", "gauge", "different views among them", feed.rings);
    metric(out, "feed_bytes", "gauge", "of messages kept for who comes back", feed.bytes);
    metric(out, "feed_messages_total", "counter", "messages to subscribers", feed.messages);
    metric(out, "feed_snapshots_total", "counter", "of those, snapshots", feed.snapshots);
    metric(out, "feed_behind_total", "counter", "of those, for subscribers that fell behind", feed.behind);
    hook_metrics(web, out);
    rq->content_type = "text/plain; version=0.0.4";
    sapa_web_ready(rq);
}

void sapa_web_health(struct web_request *rq)
{
    sapa_json_open(&rq->out, '{');
    sapa_json_add_bool(&rq->out, "alive", true);
    sapa_json_add_text(&rq->out, "version", sapa_str_of(rq->web->options.version));
    sapa_json_close(&rq->out, '}');
    sapa_web_ready(rq);
}

sapa_rc sapa_web_system_of(const struct sapa_web *web, struct sapa_web_work *work)
{
    const struct sapa_web_state *state = &web->state;
    const struct sapa_mirror *mirror = &web->mirror;
    struct sapa_web_system *system = &work->system;

    *system = (struct sapa_web_system){
        .ready = is_ready(web), .alarms = state->alarms, .committed = state->committed, .commits = state->commits,
        .slow_commits = state->slow_commits, .failures = state->failures, .longest_commit_us = state->longest_commit_us,
        .connections = web->stats.connections, .feeds = sapa_feed_stats(web->feed).subscribers, .phones = web->phones.count,
        .sessions = web->sessions.by_hash.count,
    };
    (void)sapa_str_copy(sapa_str_of(web->options.version), system->version, sizeof(system->version));
    (void)sapa_str_copy(sapa_str_of(web->has_state ? state->log_text : "starting"), system->log_text, sizeof(system->log_text));
    system->http_library = lws_get_library_version();
    work->missing = calloc(mirror->centre->agents_count + 1, sizeof(*work->missing));
    if (!work->missing)
        return SAPA_ENOMEM;
    for (uint32_t i = 0; i < mirror->centre->agents_count; i++)
        work->missing[i] = mirror->agents[i].view.presence != SAPA_PRESENCE_OFFLINE && !mirror->agents[i].view.reachable;
    return SAPA_OK;
}
