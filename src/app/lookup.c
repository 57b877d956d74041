#include "app/lookup.h"

#include <curl/curl.h>
#include <jansson.h>
#include <stdlib.h>

#include "rt/crypto.h"

enum { BODY_MAX = 64 * 1024, URL_MAX = 1024, NAME_MAX_BYTES = 64 };

struct sapa_lookup {
    struct sapa_loop *loop;
    struct sapa_pool *pool;
    sapa_lookup_fn *fn;
    void *ctx;
};

struct job {
    struct sapa_lookup *lookup;
    struct sapa_record input; /* what comes out of it */
    char url[URL_MAX];
    int64_t end_us; /* monotonic: waiting for a worker counts */
    char *body;
    size_t size;
    bool too_long;
};

static size_t on_body(char *bytes, size_t one, size_t n, void *ctx)
{
    struct job *job = ctx;

    (void)one;
    if (n > BODY_MAX - job->size) {
        job->too_long = true;
        return 0;
    }
    memcpy(job->body + job->size, bytes, n);
    job->size += n;
    return n;
}

/* Without line ends and other control characters: one value stays one line. */
static bool is_line(struct sapa_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if ((uint8_t)s.p[i] < ' ' && s.p[i] != '\t')
            return false;
    }
    return sapa_str_utf8(s);
}

static sapa_rc put_value(struct sapa_text *text, struct sapa_str name, struct sapa_str value)
{
    if (name.n == 0 || name.n > NAME_MAX_BYTES || sapa_str_find(name, '=', 0) < name.n || !is_line(name) || !is_line(value))
        return SAPA_EINVAL;
    sapa_text_printf(text, SAPA_STR_FMT "=" SAPA_STR_FMT "\n", SAPA_STR_ARG(name), SAPA_STR_ARG(value));
    return text->cut ? SAPA_ELIMIT : SAPA_OK;
}

static sapa_rc values_of_json(struct sapa_str body, struct sapa_text *text)
{
    json_t *root = json_loadb(body.p, body.n, JSON_REJECT_DUPLICATES, NULL);
    sapa_rc rc = json_is_object(root) ? SAPA_OK : SAPA_EINVAL;
    const char *name;
    json_t *value;

    json_object_foreach(root, name, value) {
        char number[40];
        struct sapa_text digits;
        sapa_text_init(&digits, number, sizeof(number));
        if (json_is_integer(value))
            sapa_text_printf(&digits, "%lld", (long long)json_integer_value(value));
        else if (json_is_boolean(value))
            sapa_text_add(&digits, json_is_true(value) ? SAPA_STR("true") : SAPA_STR("false"));
        else if (!json_is_string(value))
            continue; /* lists, objects, null and fractions have no place in a flow */
        if (rc == SAPA_OK)
            rc = put_value(text, sapa_str_of(name),
                           json_is_string(value) ? sapa_str_of(json_string_value(value)) : sapa_text_str(&digits));
    }
    json_decref(root);
    return rc;
}

static sapa_rc values_of_lines(struct sapa_str body, struct sapa_text *text)
{
    sapa_rc rc = SAPA_OK;

    while (rc == SAPA_OK && body.n > 0) {
        struct sapa_str value;
        const struct sapa_str line = sapa_str_trim(sapa_str_cut(body, '\n', &body));
        const struct sapa_str name = sapa_str_cut(line, '=', &value);
        if (line.n > 0)
            rc = value.p ? put_value(text, sapa_str_trim(name), sapa_str_trim(value)) : SAPA_EINVAL;
    }
    return rc;
}

sapa_rc sapa_lookup_values(struct sapa_str body, bool json, struct sapa_text512 *values)
{
    char buf[sizeof(values->p)];
    struct sapa_text text;

    sapa_text_init(&text, buf, sizeof(buf));
    const sapa_rc rc = json ? values_of_json(body, &text) : values_of_lines(body, &text);
    if (rc != SAPA_OK)
        return rc;
    return sapa_sized_set(values, sapa_text_str(&text)) ? SAPA_OK : SAPA_ELIMIT;
}

static sapa_rc fetch(struct job *job)
{
    const int64_t left_ms = (job->end_us - sapa_mono_us()) / 1000;
    CURL *curl = left_ms > 0 ? curl_easy_init() : NULL;
    const char *type = NULL;
    long status = 0;

    if (!curl)
        return left_ms > 0 ? SAPA_ENOMEM : SAPA_ETIMEOUT;
    if (curl_easy_setopt(curl, CURLOPT_URL, job->url) != CURLE_OK ||
        curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") != CURLE_OK) {
        curl_easy_cleanup(curl);
        return SAPA_ENOMEM;
    }
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)left_ms);
    curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
    curl_easy_setopt(curl, CURLOPT_MAXFILESIZE, (long)BODY_MAX);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, job);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "sapa");
    const CURLcode code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
    sapa_rc rc = code == CURLE_OPERATION_TIMEDOUT ? SAPA_ETIMEOUT
               : job->too_long || code == CURLE_FILESIZE_EXCEEDED ? SAPA_ELIMIT
               : code != CURLE_OK                 ? SAPA_EIO
               : status == 404                    ? SAPA_ENOENT
               : status != 200                    ? SAPA_EIO
                                                  : SAPA_OK;
    if (rc == SAPA_OK)
        rc = sapa_lookup_values((struct sapa_str){ job->body, job->size }, type && strstr(type, "json"),
                                &job->input.u.lookup_done.values);
    curl_easy_cleanup(curl);
    return rc;
}

static void work(void *ctx)
{
    struct job *job = ctx;

    job->body = malloc(BODY_MAX);
    const sapa_rc rc = job->body ? fetch(job) : SAPA_ENOMEM;
    job->input.u.lookup_done.result = (uint64_t)-(int)rc;
    sapa_wipe(job->url, sizeof(job->url)); /* it may hold a secret */
    free(job->body);
}

static void job_free(struct job *job)
{
    if (job)
        sapa_wipe(job, sizeof(*job)); /* the URL may hold a secret */
    free(job);
}

static void done(void *ctx, sapa_rc rc)
{
    struct job *job = ctx;

    if (rc == SAPA_OK)
        job->lookup->fn(job->lookup->ctx, &job->input);
    job_free(job);
}

/* The URL with "{secret}" replaced; false when it does not fit. */
static bool fill_url(struct sapa_str template, struct sapa_str secret, char *buf, size_t size)
{
    static const char mark[] = "{secret}";
    struct sapa_text url;

    sapa_text_init(&url, buf, size);
    for (size_t i = 0; i < template.n; i++) {
        const struct sapa_str rest = { template.p + i, template.n - i };
        if (!sapa_str_starts(rest, SAPA_STR(mark))) {
            sapa_text_char(&url, template.p[i]);
            continue;
        }
        for (size_t k = 0; k < secret.n; k++) {
            const char c = secret.p[k];
            if (c >= '0' && c <= '9')
                sapa_text_char(&url, c);
            else
                sapa_text_printf(&url, "%%%02X", (uint8_t)c);
        }
        i += sizeof(mark) - 2;
    }
    return !url.cut;
}

void sapa_lookup_start(struct sapa_lookup *lookup, const struct sapa_record *command, struct sapa_str secret,
                       uint64_t person)
{
    const struct sapa_rec_cmd_lookup *ask = &command->u.cmd_lookup;
    struct job *job = calloc(1, sizeof(*job));
    struct sapa_record failed;
    sapa_rc rc = job ? SAPA_OK : SAPA_ENOMEM;
    struct sapa_record *input = job ? &job->input : &failed;

    sapa_record_init(input, SAPA_T_lookup_done);
    input->u.lookup_done.contact = ask->contact;
    input->u.lookup_done.lookup = ask->lookup;
    input->u.lookup_done.person = person;
    if (job) {
        job->lookup = lookup;
        job->end_us = sapa_mono_us() + (int64_t)SAPA_MIN(ask->timeout_ms, 3600000u) * 1000;
        if (!fill_url(sapa_sized_str(&ask->url), secret, job->url, sizeof(job->url)))
            rc = SAPA_ELIMIT;
        else
            rc = sapa_pool_submit(lookup->pool, lookup->loop, work, done, job);
    }
    if (rc == SAPA_OK)
        return;
    input->u.lookup_done.result = (uint64_t)-(int)rc; /* the flow falls back */
    lookup->fn(lookup->ctx, input);
    job_free(job);
}

sapa_rc sapa_lookup_new(struct sapa_loop *loop, struct sapa_pool *pool, sapa_lookup_fn *fn, void *ctx,
                        struct sapa_lookup **ret)
{
    struct sapa_lookup *lookup = calloc(1, sizeof(*lookup));

    if (!lookup)
        return SAPA_ENOMEM;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        free(lookup);
        return SAPA_EIO;
    }
    *lookup = (struct sapa_lookup){ .loop = loop, .pool = pool, .fn = fn, .ctx = ctx };
    *ret = lookup;
    return SAPA_OK;
}

void sapa_lookup_free(struct sapa_lookup *lookup)
{
    if (!lookup)
        return;
    curl_global_cleanup();
    free(lookup);
}
