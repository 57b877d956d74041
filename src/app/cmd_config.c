/**
 * @file app/cmd_config.c
 * `sapa config`: the centre description as versioned text. The versions are those that came into force, as the log
 * has them; the text of each is kept under its hash.
 *
 * Room    app.   Thread  main.   Tests  test/scenario/47-config
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/ask.h"
#include "app/centre_file.h"
#include "app/commands.h"
#include "http/route.h"
#include "report/zone.h"
#include "rt/file.h"

enum word { VERSION, SINCE, BY, COMMENT, START, SAME, NEW, CHANGED, GONE, COMPARED, ASK, KEPT, UNASKED, TAKEN, WORD_COUNT };
static const struct { const char *id, *en; } words[WORD_COUNT] = {
    [VERSION] = { "versi", "version" },
    [SINCE] = { "berlaku sejak", "in force since" },
    [BY] = { "oleh", "by" },
    [COMMENT] = { "catatan", "comment" },
    [START] = { "saat mulai", "start" },
    [SAME] = { "tidak ada yang berubah: isinya sama dengan versi", "nothing changes: the same as version" },
    [NEW] = { "baru", "new" },
    [CHANGED] = { "berubah", "changed" },
    [GONE] = { "dihapus", "gone" },
    [COMPARED] = { "dibandingkan dengan versi", "compared with version" },
    [ASK] = { "Berlakukan? [y/T]", "Take it over? [y/N]" },
    [KEPT] = { "tidak ada yang diubah", "nothing was changed" },
    [UNASKED] = { "tidak ada yang diubah: tambahkan --yes agar berlaku tanpa ditanya", "nothing was changed: say --yes to take it over without being asked" },
    [TAKEN] = { "sudah berlaku; panggilan tetap berjalan", "taken over; calls go on" },
};

struct config {
    struct sapa_door door;
    const char *comment, *language, *word;
    bool yes;
};

static const char *say(const struct config *c, enum word word)
{
    return strcmp(c->language, "en") == 0 ? words[word].en : words[word].id;
}

static int fail(const char *what)
{
    fprintf(stderr, "sapa config: %s\n", what);
    return SAPA_EXIT_FAILED;
}

/* ---- versions ---- */

static json_t *ask(const struct config *c, const char *path)
{
    return sapa_ask_json(&c->door, &(const struct sapa_question){ .method = "GET", .path = path, .files = true });
}

/* The newest first. */
static json_t *versions(const struct config *c)
{
    return ask(c, "/api/v1/centre/versions");
}

/* "7", "latest"; NULL with a message when there is no such version. */
static const json_t *find(const json_t *told, const char *word)
{
    const json_t *items = json_object_get(told, "items");
    const size_t count = json_array_size(items);
    uint64_t number = count;

    if (word && strcmp(word, "latest") != 0 && (sapa_str_u64(sapa_str_of(word), count, &number) != SAPA_OK || number == 0)) {
        fprintf(stderr, "sapa config: there is no version \"%s\"; there are 1 to %zu (sapa config history)\n", word, count);
        return NULL;
    }
    return json_array_get(items, count - number);
}

/* The text of a version; NULL with a message. */
static json_t *text_of(const struct config *c, const json_t *version)
{
    char path[160];

    snprintf(path, sizeof(path), "/api/v1/centre/versions/%s", sapa_member(version, "hash"));
    return version ? ask(c, path) : NULL;
}

/* The clock of the centre, by the description in force; NULL: UTC. The centre is the caller's, for free. */
static const struct sapa_zone *clock_of(const struct config *c, const json_t *told, struct sapa_centre **ret_centre)
{
    json_t *newest = text_of(c, json_array_get(json_object_get(told, "items"), 0));
    const json_t *text = json_object_get(newest, "text");
    const struct sapa_str document = { json_string_value(text), json_string_length(text) };

    *ret_centre = NULL;
    if (!text || sapa_centre_text_compile(document, "the description in force", ret_centre) != SAPA_OK)
        *ret_centre = NULL;
    json_decref(newest);
    return *ret_centre && (*ret_centre)->system.zone < (*ret_centre)->zones_count ? &(*ret_centre)->zones[(*ret_centre)->system.zone] : NULL;
}

static int history(const struct config *c)
{
    json_t *told = versions(c), *version;
    struct sapa_centre *centre;
    size_t i;

    if (!told)
        return SAPA_EXIT_FAILED;
    const struct sapa_zone *zone = clock_of(c, told, &centre);
    printf("%7s  %-19s  %-12s  %-12s  %s\n", say(c, VERSION), say(c, SINCE), say(c, BY), "hash", say(c, COMMENT));
    json_array_foreach(json_object_get(told, "items"), i, version) {
        const char *by = json_string_value(json_object_get(version, "by")), *comment = json_string_value(json_object_get(version, "comment"));
        int64_t at_us = 0;
        (void)!sapa_time_parse(sapa_str_of(sapa_member(version, "from")), &at_us);
        const struct sapa_civil at = sapa_zone_civil(zone, at_us / 1000000);
        printf("%7lld  %04d-%02u-%02u %02u:%02u:%02u  %-12s  %.12s  %s\n", (long long)json_integer_value(json_object_get(version, "version")),
               at.year, at.month, at.day, at.hour, at.minute, at.second, by ? by : say(c, START), sapa_member(version, "hash"),
               comment ? comment : "");
    }
    sapa_centre_free(centre);
    json_decref(told);
    return SAPA_EXIT_OK;
}

static int export(const struct config *c)
{
    json_t *told = versions(c), *centre = told ? text_of(c, find(told, c->word)) : NULL;
    const json_t *text = json_object_get(centre, "text");
    const size_t n = json_string_length(text);
    int exit_code = SAPA_EXIT_FAILED;

    if (json_is_string(text))
        exit_code = fwrite(json_string_value(text), 1, n, stdout) == n && fflush(stdout) == 0 ? SAPA_EXIT_OK : fail("cannot write it");
    json_decref(centre);
    json_decref(told);
    return exit_code;
}

/* ---- plan and apply ---- */

/* As `sapa check` would say them. */
static void print_mistakes(const json_t *problem, const char *file)
{
    const json_int_t more = json_integer_value(json_object_get(problem, "more"));
    const json_t *mistake;
    size_t i;

    json_array_foreach(json_object_get(problem, "errors"), i, mistake) {
        const char *where = json_string_value(json_object_get(mistake, "where")), *hint = json_string_value(json_object_get(mistake, "hint"));
        fprintf(stderr, "%s:%lld:%lld: %s%s%s\n", file, (long long)json_integer_value(json_object_get(mistake, "line")),
                (long long)json_integer_value(json_object_get(mistake, "column")), where ? where : "", where && where[0] ? ": " : "",
                sapa_member(mistake, "reason"));
        if (hint)
            fprintf(stderr, "  hint: %s\n", hint);
    }
    if (more > 0)
        fprintf(stderr, "%s: and %lld more\n", file, (long long)more);
}

/* A description goes there; what comes back, or NULL with a message and the exit code. */
static json_t *send(const struct config *c, const struct sapa_question *question, const char *file, int *ret_exit_code)
{
    char buf[900];
    struct sapa_text error;
    struct sapa_answer answer;

    sapa_text_init(&error, buf, sizeof(buf));
    const sapa_rc rc = sapa_ask(&c->door, question, &answer, &error);
    json_t *json = json_loadb(answer.p ? answer.p : "", answer.n, 0, NULL);
    sapa_answer_done(&answer);
    *ret_exit_code = SAPA_EXIT_FAILED;
    if (rc == SAPA_OK && json)
        return json;
    if (json_object_get(json, "errors")) {
        print_mistakes(json, file);
        *ret_exit_code = SAPA_EXIT_USAGE;
    } else if (error.n > 0) {
        (void)fail(buf);
    }
    json_decref(json);
    return NULL;
}

static void print_plan(const struct config *c, const json_t *plan, const json_t *told)
{
    static const struct { const char *kind; char sign; } signs[] = { { "new", '+' }, { "changed", '~' }, { "gone", '-' } };
    const size_t count = json_array_size(json_object_get(told, "items"));
    const json_t *change;
    size_t i;

    json_array_foreach(json_object_get(plan, "changes"), i, change) {
        for (size_t k = 0; k < SAPA_COUNT(signs); k++) {
            if (strcmp(sapa_member(change, "kind"), signs[k].kind) == 0)
                printf("  %c %s\n", signs[k].sign, sapa_member(change, "text"));
        }
    }
    if (i == 0)
        printf("%s %zu\n", say(c, SAME), count);
    else
        printf("%lld %s, %lld %s, %lld %s, %s %zu\n", (long long)json_integer_value(json_object_get(plan, "new")), say(c, NEW),
               (long long)json_integer_value(json_object_get(plan, "changed")), say(c, CHANGED),
               (long long)json_integer_value(json_object_get(plan, "gone")), say(c, GONE), say(c, COMPARED), count);
}

static bool agreed(const struct config *c)
{
    char answer[16] = "";

    if (c->yes)
        return true;
    if (!isatty(STDIN_FILENO)) {
        (void)fail(say(c, UNASKED));
        return false;
    }
    printf("%s ", say(c, ASK));
    fflush(stdout);
    if (fgets(answer, sizeof(answer), stdin) && (answer[0] == 'y' || answer[0] == 'Y'))
        return true;
    puts(say(c, KEPT));
    return false;
}

/* Over what was compared with, and nothing else. `hash`: an earlier version, which the centre has itself. */
static int bring(const struct config *c, struct sapa_str text, const char *file, const char *from, const char *hash)
{
    char path[700];
    struct sapa_text line;
    int exit_code;

    sapa_text_init(&line, path, sizeof(path));
    if (hash)
        sapa_text_printf(&line, "/api/v1/centre/versions/%s/restore", hash);
    else
        sapa_text_add(&line, SAPA_STR("/api/v1/centre/apply"));
    sapa_path_add(&line, "comment", c->comment);
    const struct sapa_question question = { .method = "POST", .path = path, .body = hash ? NULL : text.p, .body_n = hash ? 0 : text.n, .if_match = from };
    json_t *told = send(c, &question, file, &exit_code);
    if (!told)
        return exit_code;
    json_decref(told);
    puts(say(c, TAKEN));
    return SAPA_EXIT_OK;
}

static int plan_or_apply(const struct config *c, struct sapa_str text, const char *file, const char *hash, bool apply)
{
    char path[64];
    int exit_code = SAPA_EXIT_FAILED;

    snprintf(path, sizeof(path), "/api/v1/centre/plan?language=%s", c->language);
    const struct sapa_question question = { .method = "POST", .path = path, .body = text.p, .body_n = text.n, .files = !apply, .beside = file };
    json_t *told = versions(c), *plan = told ? send(c, &question, file, &exit_code) : NULL;
    if (plan) {
        print_plan(c, plan, told);
        exit_code = !apply ? SAPA_EXIT_OK : agreed(c) ? bring(c, text, file, sapa_member(plan, "from"), hash) : SAPA_EXIT_FAILED;
    }
    json_decref(plan);
    json_decref(told);
    return exit_code;
}

static int of_file(const struct config *c, bool apply)
{
    uint8_t *text;
    size_t n;
    const sapa_rc rc = sapa_file_read(c->word, SAPA_CENTRE_TEXT_MAX, &text, &n);

    if (rc != SAPA_OK) {
        fprintf(stderr, "sapa config: cannot read %s: %s\n", c->word, rc == SAPA_ENOENT ? "there is no such file" : sapa_rc_text(rc));
        return SAPA_EXIT_USAGE;
    }
    const int exit_code = plan_or_apply(c, (struct sapa_str){ (const char *)text, n }, c->word, NULL, apply);
    free(text);
    return exit_code;
}

static int restore(const struct config *c)
{
    json_t *told = versions(c), *centre = told ? text_of(c, find(told, c->word)) : NULL;
    const json_t *text = json_object_get(centre, "text");
    int exit_code = SAPA_EXIT_FAILED;

    if (json_is_string(text))
        exit_code = plan_or_apply(c, (struct sapa_str){ json_string_value(text), json_string_length(text) }, c->word, sapa_member(centre, "hash"), true);
    json_decref(centre);
    json_decref(told);
    return exit_code;
}

int sapa_config_main(int argc, char **argv)
{
    struct config c = { .door = { .command = "config", .data = sapa_data_default() }, .comment = "", .language = "id" };
    const char *wanted[2] = { NULL, NULL };
    size_t count = 0;
    const struct sapa_option options[] = {
        SAPA_DOOR_OPTIONS(&c.door),
        { "comment", SAPA_OPTION_TEXT, &c.comment, "TEXT", "what for; it stands in the history", 0, 0 },
        { "yes", SAPA_OPTION_FLAG, &c.yes, NULL, "take it over without being asked", 0, 0 },
        { "language", SAPA_OPTION_TEXT, &c.language, "id|en", "language of the sentences (id)", 0, 0 },
    };
    const int usage = sapa_command_options("config", argc, argv, options, SAPA_COUNT(options), wanted, 2, &count);
    const char *what = count > 0 ? wanted[0] : "";

    if (usage >= 0)
        return usage;
    const bool plans = strcmp(what, "plan") == 0, applies = strcmp(what, "apply") == 0, restores = strcmp(what, "restore") == 0;
    if (!plans && !applies && !restores && strcmp(what, "history") != 0 && strcmp(what, "export") != 0)
        return sapa_command_wrong("config", "say plan FILE, apply FILE, export [VERSION], history or restore VERSION");
    if ((plans || applies) && count != 2)
        return sapa_command_wrong("config", "%s which file?", what);
    if (restores && count != 2)
        return sapa_command_wrong("config", "restore which version? sapa config history lists them");
    if (strcmp(c.language, "id") != 0 && strcmp(c.language, "en") != 0)
        return sapa_command_wrong("config", "--language is id or en");
    if (strlen(c.comment) > 127)
        return sapa_command_wrong("config", "--comment has 127 bytes at most");
    c.word = wanted[1];
    return plans || applies ? of_file(&c, applies) : restores ? restore(&c) : strcmp(what, "export") == 0 ? export(&c) : history(&c);
}
