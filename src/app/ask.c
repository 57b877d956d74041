#include "app/ask.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/config_versions.h"
#include "app/log_open.h"
#include "app/web_work.h"
#include "rt/crypto.h"

enum { ANSWER_MAX = 64 << 20, LIMIT_S = 30 };

void sapa_answer_done(struct sapa_answer *answer)
{
    if (answer->p)
        sapa_wipe(answer->p, answer->n);
    free(answer->p);
    *answer = (struct sapa_answer){ .p = NULL };
}

static bool keep(struct sapa_answer *answer, const void *bytes, size_t n)
{
    char *bigger = answer->n + n <= ANSWER_MAX ? realloc(answer->p, answer->n + n + 1) : NULL;

    if (!bigger)
        return false;
    answer->p = bigger;
    memcpy(answer->p + answer->n, bytes, n);
    answer->n += n;
    answer->p[answer->n] = '\0';
    return true;
}

/* ---- where no centre runs ---- */

/* "a%20b+c" in place. */
static size_t decode(char *text)
{
    char *to = text;

    for (const char *from = text; *from; from++) {
        unsigned byte;
        if (*from == '%' && sscanf(from + 1, "%2x", &byte) == 1 && from[1] && from[2])
            *to++ = (char)byte, from += 2;
        else
            *to++ = *from == '+' ? ' ' : *from;
    }
    *to = '\0';
    return (size_t)(to - text);
}

static sapa_rc route_of(const struct sapa_question *question, struct sapa_web_work *work, struct sapa_text *error)
{
    char *path = strdup(question->path);
    char *query = path ? strchr(path, '?') : NULL;
    sapa_rc rc = path ? SAPA_OK : SAPA_ENOMEM;

    if (query)
        *query++ = '\0';
    if (rc == SAPA_OK) {
        const size_t n = decode(path);
        rc = sapa_route_find(strcmp(question->method, "GET") == 0 ? SAPA_GET : SAPA_POST, (struct sapa_str){ path, n }, &work->params, error, &work->route);
    }
    while (rc == SAPA_OK && query && *query) {
        char *next = strchr(query, '&'), *value = strchr(query, '=');
        if (next)
            *next++ = '\0';
        if (value)
            *value++ = '\0';
        rc = sapa_route_query(work->route, sapa_str_of(query), (struct sapa_str){ value, value ? decode(value) : 0 }, &work->params, error);
        query = next;
    }
    free(path);
    return rc;
}

/* What is in force is what was last. */
static sapa_rc last_centre(struct sapa_log_open *log, const struct sapa_centre **ret)
{
    struct sapa_config_version *versions;
    size_t count;
    sapa_rc rc = sapa_config_versions(log->store, &versions, &count);

    if (rc != SAPA_OK)
        return rc;
    *ret = count > 0 ? sapa_log_centre(log, sapa_sized_str(&versions[count - 1].hash)) : NULL;
    free(versions);
    return *ret ? SAPA_OK : SAPA_ENOENT;
}

static bool put_out(const struct sapa_question *question, const struct sapa_web_work *work, struct sapa_answer *ret)
{
    return question->out ? fwrite(work->out.p, 1, work->out.n, question->out) == work->out.n
                         : keep(ret, work->out.p ? work->out.p : "", work->out.n);
}

static sapa_rc do_work(const struct sapa_web_files *files, const struct sapa_question *question, struct sapa_web_work *work,
                       struct sapa_answer *ret)
{
    uint64_t at = 0;

    do { /* recordings come in parts */
        work->from = at;
        work->to = UINT64_MAX;
        sapa_json_done(&work->out);
        sapa_web_work(files, work);
        if (work->rc == SAPA_OK && !put_out(question, work, ret))
            work->rc = SAPA_EIO;
        at += work->out.n;
    } while (work->rc == SAPA_OK && sapa_route_is_audio(work->route) && work->out.n > 0 && at < work->total);
    return work->rc;
}

static sapa_rc ask_files(const struct sapa_door *door, const struct sapa_question *question, struct sapa_answer *ret, struct sapa_text *error)
{
    struct sapa_web_work *work = calloc(1, sizeof(*work));
    struct sapa_log_open log;

    if (!work)
        return SAPA_ENOMEM;
    work->scope = (struct sapa_scope){ .clients = UINT64_MAX, .agent = SAPA_NONE };
    work->show_pii = true;
    work->text = (char *)(uintptr_t)question->body, work->text_n = question->body_n; /* only read */
    sapa_rc rc = route_of(question, work, error);
    if (rc == SAPA_OK && (rc = sapa_log_open(door->data, &log)) == SAPA_OK) {
        const struct sapa_web_files files = { .store = log.store, .data = door->data, .centre = question->beside };
        rc = last_centre(&log, &work->centre);
        if (rc == SAPA_ENOENT)
            sapa_text_add(error, SAPA_STR("no description has been in force yet; sapa serve starts with one"));
        if (rc == SAPA_OK && (rc = do_work(&files, question, work, ret)) != SAPA_OK)
            sapa_text_add(error, sapa_str_of(work->problem[0] ? work->problem : sapa_rc_text(rc)));
        if (rc != SAPA_OK && work->has_mistakes) {
            (void)keep(ret, "{", 1);
            (void)keep(ret, work->out.p, work->out.n);
            (void)keep(ret, "}", 1);
        }
        sapa_log_close(&log);
    }
    ret->status = rc == SAPA_OK ? 200 : 422;
    sapa_json_done(&work->out);
    free(work);
    return rc == SAPA_OK ? SAPA_OK : SAPA_EINVAL;
}

/* ---- where one runs ---- */

struct taking {
    CURL *curl;
    FILE *out;
    struct sapa_answer *answer;
};

static size_t take(char *bytes, size_t one, size_t n, void *ctx)
{
    struct taking *taking = ctx;
    long status = 0;

    (void)one;
    curl_easy_getinfo(taking->curl, CURLINFO_RESPONSE_CODE, &status);
    if (taking->out && status < 400)
        return fwrite(bytes, 1, n, taking->out);
    return keep(taking->answer, bytes, n) ? n : 0;
}

static struct curl_slist *header(struct curl_slist *list, const char *name, const char *value)
{
    char line[400];

    if (!value || !value[0])
        return list;
    snprintf(line, sizeof(line), "%s: %s", name, value);
    struct curl_slist *more = curl_slist_append(list, line);
    sapa_wipe(line, sizeof(line));
    return more ? more : list;
}

static struct curl_slist *headers_of(const struct sapa_door *door, const struct sapa_question *question)
{
    const char *token = getenv("SAPA_TOKEN"), *by = getenv("SUDO_USER") ? getenv("SUDO_USER") : getenv("USER");
    char bearer[200];
    struct curl_slist *list = NULL;

    if (token && token[0]) {
        snprintf(bearer, sizeof(bearer), "Bearer %s", token);
        list = header(list, "Authorization", bearer);
        sapa_wipe(bearer, sizeof(bearer));
    } else if (!door->url) {
        list = header(list, "Sapa-By", by);
    }
    list = header(list, "If-Match", question->if_match);
    list = header(list, "Idempotency-Key", question->key);
    list = header(list, "Content-Type", "application/json");
    return header(list, "Expect", " ");
}

/* Why nobody answered, to a person. */
static sapa_rc no_answer(const struct sapa_door *door, CURLcode code, long os_error, struct sapa_text *error)
{
    const bool is_local = !door->url, is_closed = code == CURLE_GOT_NOTHING || code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR;

    if (code == CURLE_OPERATION_TIMEDOUT) {
        sapa_text_add(error, SAPA_STR("the centre does not answer in time"));
        return SAPA_ETIMEOUT;
    }
    if (code == CURLE_COULDNT_CONNECT && is_local && os_error == EACCES) {
        sapa_text_printf(error, "%s belongs to another user; run this as the user who started the centre (sudo -u USER …)", door->data);
        return SAPA_EDENIED;
    }
    if (code == CURLE_COULDNT_CONNECT && is_local) {
        sapa_text_printf(error, "no centre answers at %s/api.sock; start one with sapa serve, or name its folder with --data DIR", door->data);
        return SAPA_ENOENT;
    }
    if (is_closed)
        sapa_text_add(error, SAPA_STR("the centre has closed the connection"));
    else
        sapa_text_printf(error, "%s: %s", door->url ? door->url : door->data, curl_easy_strerror(code));
    return SAPA_EIO;
}

/* What a problem says, to a person. */
static void add_problem(const struct sapa_answer *answer, struct sapa_text *error)
{
    json_t *problem = json_loadb(answer->p ? answer->p : "", answer->n, 0, NULL);
    const char *detail = json_string_value(json_object_get(problem, "detail"));

    if (detail)
        sapa_text_add(error, sapa_str_of(detail));
    else
        sapa_text_printf(error, "the centre answers %ld", answer->status);
    json_decref(problem);
}

static sapa_rc ask_centre(const struct sapa_door *door, const struct sapa_question *question, struct sapa_answer *ret, struct sapa_text *error)
{
    char *whole = NULL, socket_path[512];
    struct taking taking = { .curl = curl_easy_init(), .out = question->out, .answer = ret };
    long os_error = 0;

    if (!taking.curl || asprintf(&whole, "%s%s", door->url ? door->url : "http://centre", question->path) < 0) {
        curl_easy_cleanup(taking.curl);
        return SAPA_ENOMEM;
    }
    struct curl_slist *headers = headers_of(door, question);
    snprintf(socket_path, sizeof(socket_path), "%s/api.sock", door->data);
    curl_easy_setopt(taking.curl, CURLOPT_URL, whole);
    curl_easy_setopt(taking.curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(taking.curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(taking.curl, CURLOPT_NOSIGNAL, 1L);
    if (!question->out) /* what is long may take long, as long as it goes on */
        curl_easy_setopt(taking.curl, CURLOPT_TIMEOUT, (long)(question->limit_s ? question->limit_s : LIMIT_S));
    curl_easy_setopt(taking.curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(taking.curl, CURLOPT_LOW_SPEED_TIME, (long)LIMIT_S);
    curl_easy_setopt(taking.curl, CURLOPT_CUSTOMREQUEST, question->method);
    if (!door->url)
        curl_easy_setopt(taking.curl, CURLOPT_UNIX_SOCKET_PATH, socket_path);
    else if (getenv("SAPA_CA"))
        curl_easy_setopt(taking.curl, CURLOPT_CAINFO, getenv("SAPA_CA"));
    if (strcmp(question->method, "GET") != 0) {
        curl_easy_setopt(taking.curl, CURLOPT_POSTFIELDS, question->body ? question->body : "");
        curl_easy_setopt(taking.curl, CURLOPT_POSTFIELDSIZE, (long)question->body_n);
    }
    curl_easy_setopt(taking.curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(taking.curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(taking.curl, CURLOPT_WRITEDATA, &taking);
    const CURLcode code = curl_easy_perform(taking.curl);
    curl_easy_getinfo(taking.curl, CURLINFO_RESPONSE_CODE, &ret->status);
    curl_easy_getinfo(taking.curl, CURLINFO_OS_ERRNO, &os_error);
    curl_easy_cleanup(taking.curl);
    curl_slist_free_all(headers);
    free(whole);
    if (code != CURLE_OK)
        return no_answer(door, code, os_error, error);
    if (ret->status < 400)
        return SAPA_OK;
    add_problem(ret, error);
    return SAPA_EINVAL;
}

sapa_rc sapa_ask(const struct sapa_door *door, const struct sapa_question *question, struct sapa_answer *ret, struct sapa_text *error)
{
    *ret = (struct sapa_answer){ .p = NULL };
    if (door->url && !getenv("SAPA_TOKEN")) {
        sapa_text_add(error, SAPA_STR("--url wants a token in SAPA_TOKEN (sapa token create NAME ROLE makes one there)"));
        return SAPA_EDENIED;
    }
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return SAPA_ENOMEM;
    const sapa_rc rc = ask_centre(door, question, ret, error);
    if (rc != SAPA_ENOENT || !question->files)
        return rc;
    error->n = 0, error->buf[0] = '\0';
    return ask_files(door, question, ret, error);
}

json_t *sapa_ask_json(const struct sapa_door *door, const struct sapa_question *question)
{
    char buf[900];
    struct sapa_text error;
    struct sapa_answer answer;
    json_t *json = NULL;

    sapa_text_init(&error, buf, sizeof(buf));
    if (sapa_ask(door, question, &answer, &error) == SAPA_OK && !(json = json_loadb(answer.p ? answer.p : "", answer.n, 0, NULL)))
        sapa_text_add(&error, SAPA_STR("the answer is not readable; is the centre of another version?"));
    if (!json && error.n > 0)
        fprintf(stderr, "sapa %s: %s\n", door->command, buf);
    sapa_answer_done(&answer);
    return json;
}

json_t *sapa_ask_send(const struct sapa_door *door, const char *method, const char *path, json_t *body)
{
    char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    json_t *json = NULL;

    if (body && !text)
        fprintf(stderr, "sapa %s: what was given is no UTF-8 text\n", door->command);
    else
        json = sapa_ask_json(door, &(const struct sapa_question){ .method = method, .path = path, .body = text, .body_n = text ? strlen(text) : 0 });
    if (text)
        sapa_wipe(text, strlen(text));
    free(text);
    json_decref(body);
    return json;
}

void sapa_path_part(struct sapa_text *path, const char *value)
{
    for (const char *c = value; *c; c++) {
        if ((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') || strchr("-_.~", *c))
            sapa_text_char(path, *c);
        else
            sapa_text_printf(path, "%%%02X", (uint8_t)*c);
    }
}

void sapa_path_add(struct sapa_text *path, const char *name, const char *value)
{
    if (!value[0])
        return;
    sapa_text_printf(path, "%c%s=", strchr(path->buf, '?') ? '&' : '?', name);
    sapa_path_part(path, value);
}

const char *sapa_member(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text ? text : "-";
}
