/**
 * @file app/cmd_api.c
 * `sapa api`, `sapa erase`, `sapa merge`: the API of the running centre from the command line.
 *
 * The centre writes where it listens into `api.url` of its folder, and at its first start a token into `admin.token`;
 * SAPA_TOKEN stands before that. Room  app.   Thread  main.   Tests  test/scenario/85-api-command
 */
#include <curl/curl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/commands.h"
#include "rt/crypto.h"
#include "rt/file.h"

enum { BODY_MAX = 64 << 20, TIMEOUT_S = 120 };

struct request {
    const char *command, *data;
    const char *method, *path; /* beginning with a slash */
    const char *body;          /* NULL: none */
    size_t body_n;
    const char *if_match, *key;
};

struct answer {
    char *p;
    size_t n;
    long status;
};

static size_t take(char *bytes, size_t one, size_t n, void *ctx)
{
    struct answer *answer = ctx;
    char *bigger = answer->n + n <= BODY_MAX ? realloc(answer->p, answer->n + n + 1) : NULL;

    (void)one;
    if (!bigger)
        return 0;
    answer->p = bigger;
    memcpy(answer->p + answer->n, bytes, n);
    answer->n += n;
    answer->p[answer->n] = '\0';
    return n;
}

/* The first line of a file of the centre's folder, and what is behind it. */
static bool read_line(const char *data, const char *name, char *buf, size_t size, char *rest, size_t rest_size)
{
    char path[512];
    uint8_t *text;
    size_t n;
    struct sapa_str more;

    snprintf(path, sizeof(path), "%s/%s", data, name);
    if (sapa_file_read(path, 4096, &text, &n) != SAPA_OK)
        return false;
    const struct sapa_str line = sapa_str_trim(sapa_str_cut((struct sapa_str){ (const char *)text, n }, '\n', &more));
    const bool good = line.n > 0 && sapa_str_copy(line, buf, size) && (!rest || sapa_str_copy(sapa_str_trim(more), rest, rest_size));
    sapa_wipe(text, n);
    free(text);
    return good;
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

static int fail(const struct request *request, const char *what)
{
    fprintf(stderr, "sapa %s: %s\n", request->command, what);
    return SAPA_EXIT_FAILED;
}

/* SAPA_EXIT_OK: there is an answer, whatever it says. */
static int ask(const struct request *request, struct answer *ret)
{
    char url[256], whole[1400], certificate[512], token[128], bearer[160];
    const char *own = getenv("SAPA_TOKEN");
    struct curl_slist *headers = NULL;
    CURL *curl;

    if (!read_line(request->data, "api.url", url, sizeof(url), certificate, sizeof(certificate)))
        return fail(request, "no running centre with an API is known in this folder (api.url is missing); --data names another");
    if (own)
        snprintf(token, sizeof(token), "%s", own);
    else if (!read_line(request->data, "admin.token", token, sizeof(token), NULL, 0))
        return fail(request, "there is no token: set SAPA_TOKEN (sapa token create NAME admin makes one)");
    if ((size_t)snprintf(whole, sizeof(whole), "%s%s", url, request->path) >= sizeof(whole))
        return fail(request, "the path is too long");
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || !(curl = curl_easy_init()))
        return fail(request, "out of memory");
    snprintf(bearer, sizeof(bearer), "Bearer %s", token);
    headers = header(headers, "Authorization", bearer);
    headers = header(headers, "If-Match", request->if_match);
    headers = header(headers, "Idempotency-Key", request->key);
    headers = header(headers, "Content-Type", "application/json");
    headers = header(headers, "Expect", " ");
    sapa_wipe(token, sizeof(token));
    sapa_wipe(bearer, sizeof(bearer));
    curl_easy_setopt(curl, CURLOPT_URL, whole);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)TIMEOUT_S);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
    if (strcmp(request->method, "GET") != 0) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body ? request->body : "");
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)request->body_n);
    }
    if (certificate[0]) { /* the very one that the centre serves; its name is not this address */
        curl_easy_setopt(curl, CURLOPT_CAINFO, certificate);
        curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, ret);
    const CURLcode code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &ret->status);
    curl_easy_cleanup(curl);
    curl_slist_free_all(headers);
    curl_global_cleanup();
    if (code != CURLE_OK)
        return fail(request, code == CURLE_COULDNT_CONNECT ? "the centre does not answer; is it running?" : curl_easy_strerror(code));
    return SAPA_EXIT_OK;
}

/* "@FILE", "-" for standard input, or the text itself. */
static bool take_body(const char *word, struct request *request, uint8_t **ret_owned)
{
    size_t n = 0;

    *ret_owned = NULL;
    if (word[0] == '@') {
        if (sapa_file_read(word + 1, 8 << 20, ret_owned, &n) != SAPA_OK)
            return false;
    } else if (strcmp(word, "-") == 0) {
        if (!(*ret_owned = malloc((8 << 20) + 1)))
            return false;
        n = fread(*ret_owned, 1, 8 << 20, stdin);
    }
    request->body = *ret_owned ? (const char *)*ret_owned : word;
    request->body_n = *ret_owned ? n : strlen(word);
    return true;
}

int sapa_api_main(int argc, char **argv)
{
    struct request request = { .command = "api", .data = sapa_data_default() };
    struct answer answer = { .p = NULL };
    const char *words[3] = { NULL, NULL, NULL };
    uint8_t *owned = NULL;
    size_t count = 0;
    const struct sapa_option options[] = {
        { "data", SAPA_OPTION_TEXT, &request.data, "DIR", "folder of the centre (the one started last)", 0, 0 },
        { "if-match", SAPA_OPTION_TEXT, &request.if_match, "HASH", "the description that must be in force (centre/apply)", 0, 0 },
        { "key", SAPA_OPTION_TEXT, &request.key, "KEY", "Idempotency-Key: the same one twice does it once", 0, 0 },
    };
    const int usage = sapa_command_options("api", argc, argv, options, SAPA_COUNT(options), words, 3, &count);

    if (usage >= 0)
        return usage;
    request.method = words[0];
    request.path = words[1];
    if (count < 2 || (strcmp(words[0], "GET") != 0 && strcmp(words[0], "POST") != 0 && strcmp(words[0], "PUT") != 0 && strcmp(words[0], "DELETE") != 0))
        return sapa_command_wrong("api", "GET, POST, PUT or DELETE, then a path such as /api/v1/queues, then perhaps a body (text, @FILE or -)");
    if (words[1][0] != '/')
        return sapa_command_wrong("api", "a path begins with a slash: /api/v1/queues; /api/v1/openapi.json lists all");
    if (count == 3 && !take_body(words[2], &request, &owned))
        return sapa_command_wrong("api", "%s cannot be read", words[2]);
    int exit_code = ask(&request, &answer);
    free(owned);
    if (exit_code == SAPA_EXIT_OK) {
        exit_code = answer.status < 400 ? SAPA_EXIT_OK : SAPA_EXIT_FAILED;
        FILE *out = exit_code == SAPA_EXIT_OK ? stdout : stderr;
        if (answer.n > 0 && fwrite(answer.p, 1, answer.n, out) == answer.n && answer.p[answer.n - 1] != '\n')
            fputc('\n', out);
    }
    free(answer.p);
    return exit_code;
}

/* ---- people ---- */

/* What a problem says, to a person. */
static int refused(const struct request *request, const struct answer *answer)
{
    json_t *problem = json_loadb(answer->p ? answer->p : "", answer->n, 0, NULL);
    const char *detail = json_string_value(json_object_get(problem, "detail"));
    char buf[64];

    snprintf(buf, sizeof(buf), "the centre answers %ld", answer->status);
    const int exit_code = fail(request, detail ? detail : buf);
    json_decref(problem);
    return exit_code;
}

static bool is_number(const char *word)
{
    uint64_t number;

    return word && sapa_str_u64(sapa_str_of(word), UINT64_MAX, &number) == SAPA_OK && number > 0;
}

int sapa_erase_main(int argc, char **argv)
{
    struct request request = { .command = "erase", .data = sapa_data_default(), .method = "DELETE" };
    struct answer answer = { .p = NULL };
    const char *person = NULL;
    char path[128];
    bool yes = false;
    size_t count = 0;
    const struct sapa_option options[] = {
        { "data", SAPA_OPTION_TEXT, &request.data, "DIR", "folder of the centre (the one started last)", 0, 0 },
        { "yes", SAPA_OPTION_FLAG, &yes, NULL, "it cannot be undone, and you know", 0, 0 },
    };
    const int usage = sapa_command_options("erase", argc, argv, options, SAPA_COUNT(options), &person, 1, &count);

    if (usage >= 0)
        return usage;
    if (count != 1 || !is_number(person))
        return sapa_command_wrong("erase", "whom? A person's number: sapa api GET '/api/v1/people?phone=NUMBER' finds it");
    if (!yes)
        return sapa_command_wrong("erase", "the key of all that is kept of person %s is destroyed, for good: say --yes", person);
    snprintf(path, sizeof(path), "/api/v1/people/%s", person);
    request.path = path;
    int exit_code = ask(&request, &answer);
    if (exit_code == SAPA_EXIT_OK && answer.status >= 400)
        exit_code = refused(&request, &answer);
    else if (exit_code == SAPA_EXIT_OK)
        printf("person %s is erased\n", person);
    free(answer.p);
    return exit_code;
}

int sapa_merge_main(int argc, char **argv)
{
    struct request request = { .command = "merge", .data = sapa_data_default(), .method = "POST" };
    struct answer answer = { .p = NULL };
    const char *words[2] = { NULL, NULL }, *undo = "";
    char path[128], body[64] = "";
    size_t count = 0;
    const struct sapa_option options[] = {
        { "data", SAPA_OPTION_TEXT, &request.data, "DIR", "folder of the centre (the one started last)", 0, 0 },
        { "undo", SAPA_OPTION_TEXT, &undo, "MERGE", "take a merge back, by its number", 0, 0 },
    };
    const int usage = sapa_command_options("merge", argc, argv, options, SAPA_COUNT(options), words, 2, &count);

    if (usage >= 0)
        return usage;
    if (undo[0] ? count != 0 || !is_number(undo) : count != 2 || !is_number(words[0]) || !is_number(words[1]))
        return sapa_command_wrong("merge", "PERSON INTO: two numbers, the first is really the second; or --undo MERGE");
    if (undo[0]) {
        request.method = "DELETE";
        snprintf(path, sizeof(path), "/api/v1/merges/%s", undo);
    } else {
        snprintf(path, sizeof(path), "/api/v1/people/%s/merge", words[0]);
        snprintf(body, sizeof(body), "{\"into\":\"%s\"}", words[1]);
        request.body = body;
        request.body_n = strlen(body);
    }
    request.path = path;
    int exit_code = ask(&request, &answer);
    if (exit_code == SAPA_EXIT_OK && answer.status >= 400) {
        exit_code = refused(&request, &answer);
    } else if (exit_code == SAPA_EXIT_OK && undo[0]) {
        printf("merge %s is taken back\n", undo);
    } else if (exit_code == SAPA_EXIT_OK) {
        json_t *told = json_loadb(answer.p ? answer.p : "", answer.n, 0, NULL);
        const char *merge = json_string_value(json_object_get(told, "merge"));
        printf("person %s is person %s now (merge %s)\n", words[0], words[1], merge ? merge : "?");
        json_decref(told);
    }
    free(answer.p);
    return exit_code;
}
