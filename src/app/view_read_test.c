/* The live view out of its JSON: what was written is read, and what nobody wrote does no harm. */
#include "app/view_read.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "report/kpi.h"

static struct sapa_view_memory memory, other;
static char text_buf[SAPA_VIEW_JSON_MAX], again_buf[SAPA_VIEW_JSON_MAX];

static json_t *written(const struct sapa_view *view, char *buf)
{
    struct sapa_text text;

    sapa_text_init(&text, buf, SAPA_VIEW_JSON_MAX);
    sapa_view_json(view, &text);
    assert_false(text.cut);
    json_t *json = json_loadb(text.buf, text.n, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(json);
    return json;
}

/* Every member of every part with a value of its own. */
static void fill(struct sapa_view *view)
{
    const struct { void *at; uint32_t count; } lists[SAPA_VIEW_PARTS] = {
        { view, 1 }, { memory.queues, 3 }, { memory.agents, 3 }, { memory.calls, 3 }, { memory.news, 3 },
    };
    unsigned turn = 1;

    for (unsigned which = 0; which < SAPA_VIEW_PARTS; which++) {
        const struct sapa_view_part *part = sapa_view_part(which);
        for (size_t i = 0; i < lists[which].count * part->count; i++, turn++) {
            const struct sapa_view_field *field = &part->fields[i % part->count];
            char *to = (char *)lists[which].at + i / part->count * part->size + field->offset;
            if (field->kind == SAPA_VIEW_TEXT)
                snprintf(to, field->size, "a \"%u\"\\ é", turn);
            else if (field->size == 1)
                *to = (char)(field->kind == SAPA_VIEW_FLAG ? turn % 2 : turn % 2);
            else if (field->kind == SAPA_VIEW_ALARMS)
                *(uint32_t *)(void *)to = 5;
            else if (field->size == 4)
                *(uint32_t *)(void *)to = turn * 7;
            else
                *(int64_t *)(void *)to = field->kind == SAPA_VIEW_ANY                                               ? turn % 2
                                         : field->kind == SAPA_VIEW_TIME                                            ? INT64_C(1795194000123000) + turn * INT64_C(1000000)
                                         : (field->kind == SAPA_VIEW_MS || field->kind == SAPA_VIEW_RATIO) && turn % 5 == 0 ? SAPA_KPI_NONE
                                                                                                                    : turn * 11;
        }
    }
    view->queues = memory.queues, view->agents = memory.agents, view->calls = memory.calls, view->news = memory.news;
    view->queue_count = view->agent_count = view->call_count = view->news_count = 3;
}

static void test_there_and_back(void **state)
{
    struct sapa_view view = { .now_us = 0 }, back;

    (void)state;
    fill(&view);
    json_t *json = written(&view, text_buf);
    assert_int_equal(sapa_view_read(json, &other, &back), SAPA_OK);
    json_decref(json);
    json_decref(written(&back, again_buf));
    assert_string_equal(text_buf, again_buf);
    assert_int_equal(back.queue_count, 3);
    for (unsigned which = 1; which < SAPA_VIEW_PARTS; which++) {
        const struct { const void *a, *b; } lists[] = { { NULL, NULL }, { memory.queues, other.queues }, { memory.agents, other.agents },
                                                        { memory.calls, other.calls }, { memory.news, other.news } };
        for (size_t i = 0; i < 3; i++) {
            for (size_t k = 0; k < sapa_view_part(which)->count; k++) {
                const struct sapa_view_field *field = &sapa_view_part(which)->fields[k];
                const size_t at = i * sapa_view_part(which)->size + field->offset;
                assert_memory_equal((const char *)lists[which].a + at, (const char *)lists[which].b + at, field->kind == SAPA_VIEW_TEXT ? 4 : field->size);
            }
        }
    }
}

static void read_text_view(const char *text, sapa_rc want, struct sapa_view *ret)
{
    json_t *json = json_loads(text, JSON_DECODE_ANY, NULL);

    assert_non_null(json);
    assert_int_equal(sapa_view_read(json, &other, ret), want);
    json_decref(json);
}

static void test_of_others(void **state)
{
    struct sapa_view view;

    (void)state;
    read_text_view("[]", SAPA_EINVAL, &view);
    read_text_view("null", SAPA_EINVAL, &view);
    assert_int_equal(sapa_view_read(NULL, &other, &view), SAPA_EINVAL);
    read_text_view("{}", SAPA_OK, &view);
    assert_int_equal(view.queue_count + view.agent_count + view.call_count + view.news_count, 0);
    assert_true(view.service_level == SAPA_KPI_NONE); /* has no meaning, rather than 0 */
    read_text_view("{\"open\":-1,\"waiting\":99999999999,\"talking\":\"7\",\"offered\":1e3,\"offset_s\":999999999,\"alarms\":[1,\"no such\"],"
                   "\"language\":\"fr\",\"at\":\"yesterday\",\"service_level\":-2,\"queues\":[7,{\"asa_ms\":-5,\"service_level\":1e300}],\"agents\":{}}",
                   SAPA_OK, &view);
    assert_int_equal(view.open, 0);
    assert_int_equal(view.waiting, UINT32_MAX);
    assert_int_equal(view.talking + view.offered + (uint64_t)view.offset_s + view.alarms + view.language + (uint64_t)view.now_us, 0);
    assert_true(view.service_level == SAPA_KPI_NONE && view.queues[1].service_level == SAPA_KPI_NONE);
    assert_int_equal(view.queues[1].asa_ms, 0);
    assert_int_equal(view.queue_count, 2);
    assert_int_equal(view.agent_count, 0);
    /* more than fits, and texts that are cut between characters */
    json_t *many = json_object(), *list = json_array();
    for (int i = 0; i < SAPA_VIEW_NEWS + 9; i++)
        json_array_append_new(list, json_pack("{s:s}", "text", "ééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé"));
    json_object_set_new(many, "news", list);
    assert_int_equal(sapa_view_read(many, &other, &view), SAPA_OK);
    json_decref(many);
    assert_int_equal(view.news_count, SAPA_VIEW_NEWS);
    assert_int_equal(strlen(view.news[0].text), sizeof(view.news[0].text) - 2);
    assert_true(sapa_str_utf8(sapa_str_of(view.news[0].text)));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_there_and_back), cmocka_unit_test(test_of_others) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
