/**
 * @file app/centre_file.h
 * A centre description from a file, with its secrets.
 *
 * Room    app.   Thread  any.   Tests  app/centre_file_test.c
 */
#ifndef SAPA_APP_CENTRE_FILE_H
#define SAPA_APP_CENTRE_FILE_H

#include "config/centre_parse.h"

struct sapa_centre_file {
    const char *path;         /* the description */
    const char *secrets_path; /* "name = value" lines, 0600; may not exist */
    bool make_secrets;        /* a secret that is missing is invented and added to the file */
    sapa_rc (*any_secret)(void *ctx, struct sapa_str name, struct sapa_text *out); /* instead of the file; NULL: the file */
    const char *beside;       /* files that the description names stand beside this one; NULL: beside `path` */
    bool text_only;           /* files that the description names stay unread: their lists are empty */
    bool was_good;            /* of an earlier build, perhaps: see struct sapa_centre_sources */
};

/**
 * Read and compile. Every finding is printed to standard error as a compiler would.
 *
 * @param ret_text  the document, NUL-terminated; free(). May be NULL
 * @retval SAPA_EINVAL  findings were printed   @retval SAPA_ENOENT, SAPA_EDENIED, SAPA_ELIMIT  said too
 */
SAPA_MUST_CHECK sapa_rc sapa_centre_file_read(const struct sapa_centre_file *file, struct sapa_centre **ret,
                                              char **ret_text);
/** Bytes of the file `name` beside the file `path`; free(). As sapa_centre_sources.file. */
SAPA_MUST_CHECK sapa_rc sapa_centre_file_beside(const char *path, struct sapa_str name, size_t max, uint8_t **ret,
                                                size_t *ret_size);
/**
 * The same from a text in memory (an older version out of the log); `name` stands in findings. Decisions
 * and reports need no secrets, and those of long ago may be gone: each is "-". Keys that an earlier build knew are passed over.
 */
SAPA_MUST_CHECK sapa_rc sapa_centre_text_compile(struct sapa_str text, const char *name, struct sapa_centre **ret);

#endif
