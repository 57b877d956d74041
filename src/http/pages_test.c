/* Pages: what lies in the folder is served and nothing else, whatever the path says; compressed only for who takes it. */
#include "http/pages.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "rt/file.h"

static char folder[] = "/tmp/sapa-pages-XXXXXX";
static struct sapa_pages *pages;

static const struct { const char *name, *content; } files[] = {
    { "index.html", "<first page of all>" }, { "desk/index.html", "<the desk>" },
    { "assets/a-1.js", "long long long script" }, { "assets/a-1.js.gz", "zipped" },
    { "assets/b-2.css", "tiny" }, { "assets/b-2.css.gz", "larger than that" }, { "assets/lost.js.gz", "of nothing" },
    { "icon.svg", "<svg/>" }, { "secret", "no type" }, { ".hidden.html", "hidden" }, { "bad name.html", "odd" },
};

static void put(const char *name, const char *content)
{
    char path[256];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    assert_int_equal(sapa_file_write(path, content, strlen(content), 0600), SAPA_OK);
}

static int set_up(void **state)
{
    char path[256];

    (void)state;
    assert_non_null(mkdtemp(folder));
    static const char *const folders[] = { "desk", "assets" };
    for (size_t i = 0; i < SAPA_COUNT(folders); i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, folders[i]);
        assert_int_equal(sapa_folder_make(path, 0700), SAPA_OK);
    }
    for (size_t i = 0; i < SAPA_COUNT(files); i++)
        put(files[i].name, files[i].content);
    snprintf(path, sizeof(path), "%s/link.html", folder);
    assert_int_equal(symlink("/etc/hostname", path), 0);
    assert_int_equal(sapa_pages_load(folder, &pages), SAPA_OK);
    return 0;
}

static int tear_down(void **state)
{
    static const char *const folders[] = { "desk", "assets", "." };
    char path[256];

    (void)state;
    sapa_pages_free(pages);
    for (size_t i = 0; i < SAPA_COUNT(files); i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, files[i].name);
        (void)unlink(path);
    }
    snprintf(path, sizeof(path), "%s/link.html", folder);
    (void)unlink(path);
    for (size_t i = 0; i < SAPA_COUNT(folders); i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, folders[i]);
        (void)rmdir(path);
    }
    (void)rmdir(folder);
    return 0;
}

static const char *at(const char *path, const char *accept)
{
    static char text[64];
    struct sapa_page page;

    if (sapa_pages_find(pages, sapa_str_of(path), sapa_str_of(accept), &page) != SAPA_OK)
        return "nothing";
    assert_true(sapa_str_copy(page.content, text, sizeof(text)));
    return text;
}

static void pages_have_their_paths(void **state)
{
    (void)state;
    assert_int_equal(sapa_pages_count(pages), 5); /* two pages, script, sheet, icon */
    assert_string_equal(at("/", ""), "<first page of all>");
    assert_string_equal(at("/index.html", ""), "<first page of all>");
    assert_string_equal(at("/desk", ""), "<the desk>");
    assert_string_equal(at("/desk/", ""), "<the desk>");
    assert_string_equal(at("/desk/contacts/7", ""), "<the desk>");
    assert_string_equal(at("/icon.svg", ""), "<svg/>");
    static const char *const none[] = { "", "desk", "/desk.html", "/desk/contacts/7.html", "/nothing", "/assets", "/assets/c.js", "/secret", "/.hidden.html",
                                        "/bad name.html", "/link.html", "/../etc/passwd", "/assets/../../etc/hostname", "//etc/hostname",
                                        "/desk/../../../etc/passwd.txt", "/assets/lost.js", "/assets/a-1.js.gz", "/desk/index.html/x.js" };
    for (size_t i = 0; i < SAPA_COUNT(none); i++)
        assert_string_equal(at(none[i], "gzip"), "nothing");
    char long_path[400];
    memset(long_path, 'a', sizeof(long_path));
    long_path[0] = '/', long_path[sizeof(long_path) - 1] = '\0';
    assert_string_equal(at(long_path, ""), "nothing");
}

static void compressed_for_who_takes_it(void **state)
{
    struct sapa_page plain, zipped;

    (void)state;
    assert_string_equal(at("/assets/a-1.js", "deflate, gzip;q=0.5"), "zipped");
    assert_string_equal(at("/assets/a-1.js", "br"), "long long long script");
    assert_string_equal(at("/assets/a-1.js", "gzip;q=0"), "long long long script");
    assert_string_equal(at("/assets/a-1.js", "gzip;q=0.000"), "long long long script");
    assert_string_equal(at("/assets/b-2.css", "gzip"), "tiny"); /* the other form is larger */
    assert_int_equal(sapa_pages_find(pages, SAPA_STR("/assets/a-1.js"), SAPA_STR(""), &plain), SAPA_OK);
    assert_int_equal(sapa_pages_find(pages, SAPA_STR("/assets/a-1.js"), SAPA_STR("gzip"), &zipped), SAPA_OK);
    assert_true(plain.forever && plain.varies && !plain.compressed && zipped.compressed && !plain.document);
    assert_string_not_equal(plain.etag, zipped.etag);
    assert_string_equal(plain.type, "text/javascript; charset=utf-8");
    assert_int_equal(sapa_pages_find(pages, SAPA_STR("/desk"), SAPA_STR("gzip"), &plain), SAPA_OK);
    assert_true(plain.document && !plain.forever && !plain.varies);
}

static void what_is_known_is_not_sent_again(void **state)
{
    struct sapa_page page;
    char both[64];

    (void)state;
    assert_int_equal(sapa_pages_find(pages, SAPA_STR("/"), SAPA_STR(""), &page), SAPA_OK);
    assert_true(sapa_page_is_known(&page, sapa_str_of(page.etag)));
    snprintf(both, sizeof(both), "\"other\", W/%s", page.etag);
    assert_true(sapa_page_is_known(&page, sapa_str_of(both)));
    assert_true(sapa_page_is_known(&page, SAPA_STR("*")));
    assert_false(sapa_page_is_known(&page, SAPA_STR("\"other\"")));
    assert_false(sapa_page_is_known(&page, SAPA_STR("")));
}

static void the_api_keeps_its_paths(void **state)
{
    (void)state;
    static const char *const api[] = { "/api/v1/me", "/api/", "/api", "/health", "/ready", "/metrics" };
    static const char *const not_api[] = { "/", "/apis", "/desk", "/health/x", "/assets/api/v1" };
    for (size_t i = 0; i < SAPA_COUNT(api); i++)
        assert_true(sapa_pages_is_api(sapa_str_of(api[i])));
    for (size_t i = 0; i < SAPA_COUNT(not_api); i++)
        assert_false(sapa_pages_is_api(sapa_str_of(not_api[i])));
}

static void a_folder_without_a_first_page_is_none(void **state)
{
    struct sapa_pages *none = NULL;

    (void)state;
    assert_int_equal(sapa_pages_load("/tmp/sapa-there-is-no-such-folder", &none), SAPA_ENOENT);
    char assets[64];
    snprintf(assets, sizeof(assets), "%s/assets", folder);
    assert_int_equal(sapa_pages_load(assets, &none), SAPA_ENOENT);
    assert_null(none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_have_their_paths),
        cmocka_unit_test(compressed_for_who_takes_it),
        cmocka_unit_test(what_is_known_is_not_sent_again),
        cmocka_unit_test(the_api_keeps_its_paths),
        cmocka_unit_test(a_folder_without_a_first_page_is_none),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
