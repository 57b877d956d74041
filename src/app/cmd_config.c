/**
 * @file app/cmd_config.c
 * `sapa config`: the centre description as versioned text. The versions are those that came into force, as the log
 * has them; the text of each is kept under its hash.
 *
 * Room    app.   Thread  main.   Tests  test/scenario/47-config
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "app/centre_file.h"
#include "app/commands.h"
#include "app/config_versions.h"
#include "app/console.h"
#include "app/log_open.h"
#include "config/plan.h"
#include "rt/file.h"

enum { ASK_MS = 15000 };

struct config {
    const char *data, *comment, *language, *word;
    bool yes;
    struct sapa_log_open log;
    struct sapa_config_version *versions; /* the oldest first; each differs from the one before */
    size_t count;
};

/* ---- versions ---- */

static int fail(const char *what)
{
    fprintf(stderr, "sapa config: %s\n", what);
    return SAPA_EXIT_FAILED;
}

static sapa_rc text_of(const struct config *c, const struct sapa_config_version *version, uint8_t **ret, size_t *ret_size)
{
    char hash[SAPA_HASH_TEXT_SIZE];

    sapa_str_copy(sapa_sized_str(&version->hash), hash, sizeof(hash));
    return sapa_store_document(c->log.store, hash, ret, ret_size);
}

/* "7", "latest"; NULL with a message when there is no such version. */
static const struct sapa_config_version *find(const struct config *c, const char *word)
{
    uint64_t number = c->count;

    if (c->count == 0)
        (void)fail("no description has been in force yet; sapa serve starts with one");
    else if (word && strcmp(word, "latest") != 0 &&
             (sapa_str_u64(sapa_str_of(word), c->count, &number) != SAPA_OK || number == 0))
        fprintf(stderr, "sapa config: there is no version \"%s\"; there are 1 to %zu (sapa config history)\n", word, c->count);
    else
        return &c->versions[number - 1];
    return NULL;
}

static int history(struct config *c)
{
    char when[32], by[65], comment[129];

    if (c->count == 0)
        return find(c, NULL) ? SAPA_EXIT_OK : SAPA_EXIT_FAILED;
    printf("%7s  %-19s  %-12s  %-12s  %s\n", "version", "in force since", "by", "hash", "comment");
    for (size_t i = c->count; i-- > 0;) {
        const struct sapa_config_version *v = &c->versions[i];
        const time_t at = (time_t)(v->at_us / 1000000);
        struct tm tm;
        localtime_r(&at, &tm);
        strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm);
        sapa_str_copy(sapa_sized_str(&v->by), by, sizeof(by));
        sapa_str_copy(sapa_sized_str(&v->comment), comment, sizeof(comment));
        printf("%7zu  %s  %-12s  %.12s  %s\n", i + 1, when, by[0] ? by : "start", v->hash.p, comment);
    }
    return SAPA_EXIT_OK;
}

static int export(const struct config *c)
{
    const struct sapa_config_version *version = find(c, c->word);
    uint8_t *text;
    size_t size;

    if (!version)
        return SAPA_EXIT_FAILED;
    if (text_of(c, version, &text, &size) != SAPA_OK)
        return fail("the text of this version cannot be read");
    const bool written = fwrite(text, 1, size, stdout) == size && fflush(stdout) == 0;
    free(text);
    return written ? SAPA_EXIT_OK : fail("cannot write it");
}

/* ---- plan and apply ---- */

struct planned {
    uint32_t count[3];
};

static void tell(void *ctx, enum sapa_plan_kind kind, const char *sentence)
{
    static const char signs[] = "+~-";

    ((struct planned *)ctx)->count[kind]++;
    printf("  %c %s\n", signs[kind], sentence);
}

/* Prints what would change. */
static sapa_rc plan(const struct config *c, struct sapa_str after, struct planned *ret)
{
    const struct sapa_config_version *now = c->count > 0 ? &c->versions[c->count - 1] : NULL;
    uint8_t *before = NULL;
    size_t size = 0;
    sapa_rc rc = now ? text_of(c, now, &before, &size) : SAPA_OK;

    *ret = (struct planned){ { 0 } };
    if (rc == SAPA_OK)
        rc = sapa_centre_plan(now ? (struct sapa_str){ (const char *)before, size } : SAPA_STR("{}"), after,
                              strcmp(c->language, "en") == 0 ? SAPA_LANGUAGE_EN : SAPA_LANGUAGE_ID, tell, ret);
    free(before);
    if (rc != SAPA_OK)
        return rc;
    if (ret->count[0] + ret->count[1] + ret->count[2] == 0)
        printf("nothing changes: version %zu says the same\n", c->count);
    else
        printf("%u new, %u changed, %u gone, compared with version %zu\n", ret->count[SAPA_PLAN_NEW],
               ret->count[SAPA_PLAN_CHANGED], ret->count[SAPA_PLAN_GONE], c->count);
    return SAPA_OK;
}

static sapa_rc any_secret(void *ctx, struct sapa_str name, struct sapa_text *out)
{
    (void)ctx, (void)name;
    sapa_text_add(out, SAPA_STR("checked-only"));
    return SAPA_OK;
}

/* Checked as a whole, but for files beside the one in force, which the centre reads; every mistake is printed with its line. */
static int read_file(const char *path, char **ret_text)
{
    const struct sapa_centre_file file = { .path = path, .any_secret = any_secret, .text_only = true };
    struct sapa_centre *centre;

    if (sapa_centre_file_read(&file, &centre, ret_text) != SAPA_OK)
        return SAPA_EXIT_USAGE;
    sapa_centre_free(centre);
    return SAPA_EXIT_OK;
}

static void ignore_row(void *ctx, const json_t *row)
{
    (void)ctx, (void)row;
}

static int bring(const struct config *c, const char *file, const char *comment)
{
    const char *by = getenv("SUDO_USER") ? getenv("SUDO_USER") : getenv("USER");
    char path[512], said[900], whole[PATH_MAX];
    struct sapa_text error;

    if (!realpath(file, whole))
        return fail(strerror(errno));
    snprintf(path, sizeof(path), "%s/console.sock", c->data);
    sapa_text_init(&error, said, sizeof(said));
    json_t *request = json_pack("{s:s,s:s,s:s,s:s}", "do", "reload", "file", whole, "by", by ? by : "console", "comment", comment);
    if (!request)
        return fail("the comment is no UTF-8 text");
    if (sapa_console_ask(path, request, ASK_MS, ignore_row, NULL, &error) != SAPA_OK)
        return fail(said);
    puts("taken over; calls go on");
    return SAPA_EXIT_OK;
}

static bool agreed(const struct config *c)
{
    char answer[16] = "";

    if (c->yes)
        return true;
    if (!isatty(STDIN_FILENO)) {
        (void)fail("nothing was changed: say --yes to take it over without being asked");
        return false;
    }
    printf("Take it over? [y/N] ");
    fflush(stdout);
    if (fgets(answer, sizeof(answer), stdin) && (answer[0] == 'y' || answer[0] == 'Y'))
        return true;
    puts("nothing was changed");
    return false;
}

static int plan_or_apply(struct config *c, const char *file, const char *comment, bool apply)
{
    struct planned planned;
    char *text;
    const int exit_code = read_file(file, &text);

    if (exit_code != SAPA_EXIT_OK)
        return exit_code;
    const sapa_rc rc = plan(c, sapa_str_of(text), &planned);
    free(text);
    if (rc != SAPA_OK)
        return fail("the description in force cannot be compared");
    if (!apply)
        return SAPA_EXIT_OK;
    return agreed(c) ? bring(c, file, comment) : SAPA_EXIT_FAILED;
}

/* An older version again: its text in a file of its own, then as any other. */
static int restore(struct config *c)
{
    const struct sapa_config_version *version = find(c, c->word);
    char path[512], comment[160];
    uint8_t *text;
    size_t size;

    if (!version)
        return SAPA_EXIT_FAILED;
    if (text_of(c, version, &text, &size) != SAPA_OK)
        return fail("the text of this version cannot be read");
    snprintf(path, sizeof(path), "%s/restored.yaml", c->data);
    const sapa_rc rc = sapa_file_write(path, text, size, 0600);
    free(text);
    if (rc != SAPA_OK)
        return fail("the folder of the centre cannot be written");
    snprintf(comment, sizeof(comment), "version %zu again%s%s", (size_t)(version - c->versions) + 1, c->comment[0] ? ": " : "", c->comment);
    const int exit_code = plan_or_apply(c, path, comment, true);
    (void)unlink(path);
    return exit_code;
}

int sapa_config_main(int argc, char **argv)
{
    struct config c = { .data = sapa_data_default(), .comment = "", .language = "id" };
    const char *wanted[2] = { NULL, NULL };
    size_t count = 0;
    const struct sapa_option options[] = {
        { "data", SAPA_OPTION_TEXT, &c.data, "DIR", "folder of the centre (the one started last)", 0, 0 },
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
    if (sapa_log_open(c.data, &c.log) != SAPA_OK)
        return SAPA_EXIT_FAILED;
    int exit_code = SAPA_EXIT_FAILED;
    if (sapa_config_versions(c.log.store, &c.versions, &c.count) != SAPA_OK)
        (void)fail("the versions cannot be read");
    else
        exit_code = plans || applies ? plan_or_apply(&c, c.word, c.comment, applies) : restores ? restore(&c)
                    : strcmp(what, "export") == 0 ? export(&c) : history(&c);
    free(c.versions);
    sapa_log_close(&c.log);
    return exit_code;
}
