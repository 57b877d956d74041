/**
 * @file app/test_impl.h
 * What the tests of this room share: a small centre, a folder that goes away, records made by hand.
 *
 * Room    app, tests only.   Thread  one.
 */
#ifndef SAPA_APP_TEST_IMPL_H
#define SAPA_APP_TEST_IMPL_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "config/centre_parse.h"
#include "model/record.h"
#include "rt/file.h"

/* Two agents, one queue that rings 5 s, a number that leads straight into it. */
#define TEST_CENTRE \
    "version: 1\n" \
    "system: { name: Test, zone: Asia/Jakarta, languages: [en], sip_host: sapa, contacts_max: 500 }\n" \
    "clients: { toko: { name: Toko, language: en }, bank: { name: Bank, language: en } }\n" \
    "skills: [sales]\n" \
    "agents:\n" \
    "  siti: { name: Siti, extension: \"101\", password: { secret: agent-101 }, skills: { sales: 5 } }\n" \
    "  budi: { name: Budi, extension: \"102\", password: { secret: agent-102 }, skills: { sales: 3 } }\n" \
    "codes: { \"*1\": ready, \"*2\": not ready, \"*3\": wrap-up done }\n" \
    "reasons: { 1: { en: break } }\n" \
    "dispositions: { results: { 11: { en: sold } } }\n" \
    "queues:\n" \
    "  sales:\n" \
    "    { name: Sales, client: toko, ring: 5 s, wrapup: 10 s, record: none, dispositions: results }\n" \
    "numbers: { \"100\": { client: toko, flow: main } }\n" \
    "flows:\n" \
    "  main:\n" \
    "    start: wait\n" \
    "    nodes:\n" \
    "      wait: { do: queue, queue: sales, on_overflow: bye }\n" \
    "      bye: { do: hangup }\n"

static inline sapa_rc test_secret(void *ctx, struct sapa_str name, struct sapa_text *out)
{
    (void)ctx;
    sapa_text_printf(out, "pw-" SAPA_STR_FMT, SAPA_STR_ARG(name));
    return SAPA_OK;
}

/** Compile, or end the test program with what is wrong. */
static inline struct sapa_centre *test_centre(const char *text)
{
    static struct sapa_findings findings;
    static char buf[16384];
    const struct sapa_centre_sources sources = { .secret = test_secret };
    struct sapa_centre *centre = NULL;
    struct sapa_text out;

    findings.count = findings.more = 0;
    if (sapa_centre_compile(sapa_str_of(text), &sources, &findings, &centre) != SAPA_OK) {
        sapa_text_init(&out, buf, sizeof(buf));
        sapa_findings_print(&findings, "test centre", &out);
        fputs(buf, stderr);
        abort();
    }
    return centre;
}

/** A new folder below the system's for temporary files; test_folder_remove() takes it away with all in it. */
static inline const char *test_folder(char buf[64])
{
    snprintf(buf, 64, "/tmp/sapa-app-test-XXXXXX");
    if (!mkdtemp(buf))
        abort();
    return buf;
}

static inline int test_remove_one(const char *path, const struct stat *info, int type, struct FTW *ftw)
{
    (void)info, (void)type, (void)ftw;
    return remove(path);
}

static inline void test_folder_remove(const char *path)
{
    nftw(path, test_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

#endif
