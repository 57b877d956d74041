#include "app/centre_file.h"

#include <stdio.h>
#include <stdlib.h>

#include "rt/crypto.h"
#include "rt/file.h"
#include "rt/random.h"

enum { SECRETS_MAX = 1 << 20, SECRET_BYTES = 12 };

struct secrets {
    struct sapa_secrets known;
    const char *path; /* to add to; NULL: nothing is invented */
    const char *beside; /* files stand beside this one */
    struct sapa_text added;
};

/* Known, or invented and remembered for the end. */
static sapa_rc resolve(void *ctx, struct sapa_str name, struct sapa_text *out)
{
    struct secrets *secrets = ctx;
    uint8_t bytes[SECRET_BYTES];
    char hex[2 * SECRET_BYTES + 1];
    sapa_rc rc = sapa_secrets_resolve(&secrets->known, name, out);

    if (rc != SAPA_ENOENT || !secrets->path)
        return rc;
    struct sapa_secrets added = { sapa_text_str(&secrets->added) };
    if (sapa_secrets_resolve(&added, name, out) == SAPA_OK)
        return SAPA_OK;
    sapa_random_bytes(bytes, sizeof(bytes));
    sapa_text_printf(&secrets->added, SAPA_STR_FMT " = %s\n", SAPA_STR_ARG(name), sapa_hex(bytes, sizeof(bytes), hex));
    sapa_text_add(out, sapa_str_of(hex));
    return secrets->added.cut ? SAPA_ELIMIT : SAPA_OK;
}

sapa_rc sapa_centre_file_beside(const char *path, struct sapa_str name, size_t max, uint8_t **ret, size_t *ret_size)
{
    const char *slash = strrchr(path, '/');
    char whole[1024];
    struct sapa_text text;

    sapa_text_init(&text, whole, sizeof(whole));
    sapa_text_add(&text, (struct sapa_str){ path, slash ? (size_t)(slash - path) + 1 : 0 });
    sapa_text_add(&text, name);
    return text.cut || memchr(whole, '\0', text.n) ? SAPA_EINVAL : sapa_file_read(whole, max, ret, ret_size);
}

static sapa_rc read_beside(void *ctx, struct sapa_str name, size_t max, uint8_t **ret, size_t *ret_size)
{
    return sapa_centre_file_beside(((const struct secrets *)ctx)->beside, name, max, ret, ret_size);
}

/* Decisions of long ago stand in the log with what the lists said then. */
static sapa_rc no_file(void *ctx, struct sapa_str name, size_t max, uint8_t **ret, size_t *ret_size)
{
    (void)ctx, (void)name, (void)max;
    *ret = NULL;
    *ret_size = 0;
    return SAPA_OK;
}

static void print_findings(const struct sapa_findings *findings, const char *name)
{
    const size_t size = (size_t)SAPA_FINDINGS_MAX * 640;
    char *buf = malloc(size);
    struct sapa_text text;

    if (!buf)
        return;
    sapa_text_init(&text, buf, size);
    sapa_findings_print(findings, name, &text);
    fputs(buf, stderr);
    if (findings->more > 0)
        fprintf(stderr, "%s: and %u more\n", name, findings->more);
    free(buf);
}

static sapa_rc compile(struct sapa_str text, const struct sapa_centre_file *file, struct sapa_centre **ret)
{
    const char *secrets_path = file->secrets_path, *name = file->path;
    struct sapa_findings *findings = calloc(1, sizeof(*findings));
    struct sapa_centre *centre = NULL;
    char *added = malloc(SECRETS_MAX);
    uint8_t *known = NULL;
    size_t known_size = 0;
    struct secrets secrets = { .path = file->make_secrets ? secrets_path : NULL, .beside = file->beside ? file->beside : name };
    const struct sapa_centre_sources sources = { .secret = file->any_secret ? file->any_secret : resolve,
                                                 .file = file->text_only ? no_file : read_beside, .ctx = &secrets,
                                                 .was_good = file->was_good };
    sapa_rc rc = findings && added ? SAPA_OK : SAPA_ENOMEM;

    if (rc == SAPA_OK && secrets_path) {
        rc = sapa_file_read(secrets_path, SECRETS_MAX / 2, &known, &known_size);
        if (rc == SAPA_ENOENT)
            rc = SAPA_OK;
        else if (rc != SAPA_OK)
            fprintf(stderr, "sapa: cannot read the secrets in %s: %s\n", secrets_path, sapa_rc_text(rc));
    }
    if (rc == SAPA_OK) {
        secrets.known.text = (struct sapa_str){ (const char *)known, known_size };
        sapa_text_init(&secrets.added, added, SECRETS_MAX / 2);
        rc = sapa_centre_compile(text, &sources, findings, &centre);
        if (rc == SAPA_EINVAL)
            print_findings(findings, name);
        else if (rc != SAPA_OK)
            fprintf(stderr, "sapa: cannot compile the centre description %s: %s\n", name, sapa_rc_text(rc));
    }
    if (rc == SAPA_OK && secrets.added.n > 0) { /* known ones first, invented ones behind them */
        struct sapa_text all;
        char *both = malloc(SECRETS_MAX);
        sapa_text_init(&all, both ? both : added, both ? SECRETS_MAX : 1);
        sapa_text_add(&all, secrets.known.text);
        if (all.n > 0 && all.buf[all.n - 1] != '\n')
            sapa_text_char(&all, '\n'); /* or its last secret and the first new one would be one line */
        sapa_text_add(&all, sapa_text_str(&secrets.added));
        rc = both && !all.cut ? sapa_file_write(secrets_path, all.buf, all.n, 0600) : SAPA_ENOMEM;
        if (both)
            sapa_wipe(both, all.n);
        free(both);
        if (rc != SAPA_OK) {
            fprintf(stderr, "sapa: cannot write the secrets to %s: %s\n", secrets_path, sapa_rc_text(rc));
            sapa_centre_free(centre);
        }
    }
    if (rc == SAPA_OK)
        *ret = centre;
    if (known)
        sapa_wipe(known, known_size);
    if (added)
        sapa_wipe(added, secrets.added.n);
    free(known);
    free(added);
    free(findings);
    return rc;
}

static sapa_rc no_secret(void *ctx, struct sapa_str name, struct sapa_text *out)
{
    (void)ctx, (void)name;
    sapa_text_char(out, '-');
    return SAPA_OK;
}

sapa_rc sapa_centre_text_compile(struct sapa_str text, const char *name, struct sapa_centre **ret)
{
    const struct sapa_centre_file file = { .path = name, .any_secret = no_secret, .text_only = true, .was_good = true };

    return compile(text, &file, ret);
}

sapa_rc sapa_centre_file_read(const struct sapa_centre_file *file, struct sapa_centre **ret, char **ret_text)
{
    uint8_t *text = NULL;
    size_t size;
    sapa_rc rc = sapa_file_read(file->path, SAPA_CENTRE_TEXT_MAX, &text, &size);

    if (rc != SAPA_OK) {
        fprintf(stderr, "sapa: cannot read the centre description %s: %s\n", file->path,
                rc == SAPA_ENOENT   ? "there is no such file"
                : rc == SAPA_EINVAL ? "it is a folder, or no file that can be read"
                : rc == SAPA_ELIMIT ? "it is larger than 4 MiB"
                                    : sapa_rc_text(rc));
        return rc;
    }
    rc = compile((struct sapa_str){ (char *)text, size }, file, ret);
    if (rc == SAPA_OK && ret_text)
        *ret_text = (char *)text;
    else
        free(text);
    return rc;
}
