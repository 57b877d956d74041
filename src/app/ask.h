/**
 * @file app/ask.h
 * The one door through which commands ask: the API, over the local socket of a centre's folder or over the network.
 *
 * At `api.sock` in the folder the centre knows who may: its own user and root, with all rights (docs/adr/0023-one-door.md).
 * Where SAPA_TOKEN is set it is sent, and what it allows counts; SAPA_CA names a file of authorities (PEM) other than the
 * system's for --url https://…. Where no centre runs, a question about what the log
 * and the files tell is answered by the very code that would answer it in a centre (app/web_work.h).
 *
 * Room    app.   Thread  main.   Tests  app/ask_test.c, test/scenario/85-api-command and all that use commands
 */
#ifndef SAPA_APP_ASK_H
#define SAPA_APP_ASK_H

#include <jansson.h>
#include <stdio.h>

#include "app/options.h"

/** Where a command asks. */
struct sapa_door {
    const char *command; /* for messages */
    const char *data;    /* folder of a centre on this machine */
    const char *url;     /* or where another one's API is: http(s)://HOST:PORT; NULL */
};

/** Its options, for the option table of a command. */
#define SAPA_DOOR_OPTIONS(door) \
    { "data", SAPA_OPTION_TEXT, &(door)->data, "DIR", "folder of the centre (the one that runs, or ran last)", 0, 0 }, \
    { "url", SAPA_OPTION_TEXT, &(door)->url, "URL", "ask the API there instead, with the token in SAPA_TOKEN", 0, 0 }

struct sapa_question {
    const char *method, *path;  /* the path with its query, encoded */
    const char *body;           /* NULL: none */
    size_t body_n;
    const char *if_match, *key; /* headers; NULL: without */
    FILE *out;                  /* a good answer's bytes go there as they come; NULL: into memory */
    bool files;                 /* the log and the files know it too, where no centre runs */
    const char *beside;         /* with files: other files that a description names stand beside this one */
    int limit_s;                /* how long it may take; 0: as usual (30) */
};

struct sapa_answer {
    long status; /* HTTP's; 0: there was none */
    char *p;     /* NUL-terminated; NULL: empty */
    size_t n;
};

/**
 * Ask and wait.
 * @param error  gets a sentence for a person when it is not SAPA_OK; empty if it was said on standard error
 * @retval SAPA_EINVAL  the answer is no (status 400 and above); `ret` has it
 * @retval SAPA_ENOENT  no centre is there   @retval SAPA_EDENIED  it is another user's   @retval SAPA_EIO  no answer
 */
SAPA_MUST_CHECK sapa_rc sapa_ask(const struct sapa_door *door, const struct sapa_question *question, struct sapa_answer *ret,
                                 struct sapa_text *error);
void sapa_answer_done(struct sapa_answer *answer);

/** Ask for JSON. NULL: it failed, and why was said on standard error. */
json_t *sapa_ask_json(const struct sapa_door *door, const struct sapa_question *question);
/** Likewise; takes the reference of `body`. */
json_t *sapa_ask_send(const struct sapa_door *door, const char *method, const char *path, json_t *body);

/** "/api/v1/x" → "/api/v1/x?name=value", encoded; nothing for an empty value. */
void sapa_path_add(struct sapa_text *path, const char *name, const char *value);
/** One part of a path, encoded. */
void sapa_path_part(struct sapa_text *path, const char *value);

/** A member's text; "-" when it has none. */
const char *sapa_member(const json_t *object, const char *name);

#endif
