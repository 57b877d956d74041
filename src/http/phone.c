#include "http/phone_impl.h"

#include <stdio.h>
#include <stdlib.h>

#include "rt/pass.h"
#include "rt/random.h"

static bool is_turn(struct sapa_str url)
{
    return sapa_str_starts(url, SAPA_STR("turn:")) || sapa_str_starts(url, SAPA_STR("turns:"));
}

/* STUN as it is, TURN with a name that ends by itself; their credentials are another secret than the telephone's. */
static void ice_servers(const struct sapa_system *system, int64_t expires_s, uint64_t serial, struct sapa_json *out)
{
    struct sapa_str rest = system->ice_servers;
    char name[32], user[64], password[SAPA_PASS_TURN_SIZE];

    snprintf(name, sizeof(name), "%016llx", (unsigned long long)serial);
    sapa_json_key(out, "ice_servers");
    sapa_json_open(out, '[');
    while (rest.n > 0) {
        const struct sapa_str url = sapa_str_trim(sapa_str_cut(rest, ',', &rest));
        if (url.n == 0)
            continue;
        sapa_json_open(out, '{');
        sapa_json_key(out, "urls");
        sapa_json_open(out, '[');
        sapa_json_text(out, url);
        sapa_json_close(out, ']');
        if (is_turn(url) && system->turn_secret.n > 0) {
            sapa_pass_turn(system->turn_secret, expires_s, sapa_str_of(name), user, sizeof(user), password);
            sapa_json_add_text(out, "username", sapa_str_of(user));
            sapa_json_add_text(out, "credential", sapa_str_of(password));
            sapa_wipe(password, sizeof(password));
        }
        sapa_json_close(out, '}');
    }
    sapa_json_close(out, ']');
}

/* Told when the log has it; the answer is nowhere kept. */
static void tell(struct web_request *rq, const struct sapa_pass *pass, struct sapa_str sip_user, struct sapa_str target)
{
    const struct sapa_system *system = &rq->web->mirror.centre->system;
    char user[SAPA_PASS_USER_SIZE], password[SAPA_PASS_PASSWORD_SIZE], uri[192];
    struct sapa_json out = { .p = NULL };

    if (sapa_pass_user(pass, user) != SAPA_OK) {
        sapa_web_problem(rq, 409, "EINVAL", "\"%.64s\" has characters that no SIP user can have", pass->subject.p);
        return;
    }
    sapa_pass_password(&rq->web->options.phone_key, sapa_str_of(user), password);
    sapa_json_open(&out, '{');
    snprintf(uri, sizeof(uri), "sip:" SAPA_STR_FMT "@" SAPA_STR_FMT, SAPA_STR_ARG(sip_user), SAPA_STR_ARG(system->sip_host));
    sapa_json_add_text(&out, "uri", sapa_str_of(uri));
    sapa_json_add_text(&out, "user", sapa_str_of(user));
    sapa_json_add_text(&out, "password", sapa_str_of(password));
    sapa_json_add_text(&out, "realm", system->sip_host);
    sapa_json_add_time(&out, "expires", pass->expires_s * 1000000);
    sapa_json_add_text(&out, "websocket", SAPA_STR("/sip"));
    if (target.n > 0) {
        snprintf(uri, sizeof(uri), "sip:" SAPA_STR_FMT "@" SAPA_STR_FMT, SAPA_STR_ARG(target), SAPA_STR_ARG(system->sip_host));
        sapa_json_add_text(&out, "target", sapa_str_of(uri));
    } else {
        sapa_json_add_null(&out, "target");
    }
    ice_servers(system, pass->kind == SAPA_PASS_GUEST ? sapa_wall_us() / 1000000 + WEB_GUEST_RELAY_S : pass->expires_s, pass->serial, &out);
    sapa_json_close(&out, '}');
    sapa_wipe(password, sizeof(password));
    if (out.failed) {
        sapa_json_done(&out);
        sapa_web_problem_rc(rq, SAPA_ENOMEM, NULL);
        return;
    }
    sapa_web_tell_later(rq, &out);
}

void sapa_web_phone(struct web_request *rq)
{
    const struct sapa_centre *centre = rq->web->mirror.centre;
    const uint32_t agent = rq->who.agent[0] ? SAPA_FIND(centre, agents, sapa_str_of(rq->who.agent)) : SAPA_NONE;
    int64_t expires_us = sapa_wall_us() + WEB_PHONE_HOURS * INT64_C(3600000000);

    if (agent == SAPA_NONE) {
        sapa_web_problem(rq, 409, "ESTATE", "only agents have a telephone: log in as one, or make a token for one");
        return;
    }
    if (rq->who.expires_us > 0)
        expires_us = SAPA_MIN(expires_us, rq->who.expires_us);
    const struct sapa_pass pass = { .kind = SAPA_PASS_AGENT, .expires_s = expires_us / 1000000, .session = rq->who.id,
                                    .serial = sapa_random_u64(), .subject = centre->agents[agent].key };
    tell(rq, &pass, centre->agents[agent].extension, (struct sapa_str){ NULL, 0 });
}

/* A bucket a source: whoever asks without an account makes calls that cost us something. */
static unsigned guest_wait_s(struct web_request *rq)
{
    struct web_source *source = sapa_table_find(&rq->web->sources, (uint64_t)(uintptr_t)lws_get_opaque_user_data(rq->wsi));

    if (!source)
        return 0;
    const int64_t next_us = SAPA_MAX(source->calls_us, rq->began_us - WEB_CALLS_BURST * (int64_t)WEB_CALLS_EACH_US) + WEB_CALLS_EACH_US;
    if (next_us > rq->began_us)
        return (unsigned)((next_us - rq->began_us + 999999) / 1000000);
    source->calls_us = next_us;
    return 0;
}

void sapa_web_guest(struct web_request *rq, const json_t *body)
{
    const struct sapa_centre *centre = rq->web->mirror.centre;
    const char *key = json_string_value(json_object_get(body, "number"));
    const uint32_t number = key ? SAPA_FIND(centre, numbers, sapa_str_of(key)) : SAPA_NONE;
    char name[32];

    if ((rq->retry_s = guest_wait_s(rq)) > 0) {
        rq->web->stats.too_fast++;
        sapa_web_problem(rq, 429, "ELIMIT", "too many calls from this address; wait %u seconds", rq->retry_s);
        return;
    }
    if (number == SAPA_NONE || !centre->numbers[number].web) { /* the same words for what is there and not meant for it */
        sapa_web_problem(rq, 404, "ENOENT", "there is no number \"%.64s\" that can be called from a browser", key ? key : "");
        return;
    }
    const struct sapa_pass pass = { .kind = SAPA_PASS_GUEST, .expires_s = sapa_wall_us() / 1000000 + WEB_GUEST_S,
                                    .serial = sapa_random_u64(), .subject = centre->numbers[number].key };
    snprintf(name, sizeof(name), "guest-%016llx", (unsigned long long)pass.serial);
    tell(rq, &pass, sapa_str_of(name), centre->numbers[number].key);
}
