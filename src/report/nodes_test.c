/* Nodes of flows: every stay at a node ends in one way, and the exits are counted by key and by where they lead. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "report/fixture_impl.h"
#include "report/nodes.h"

static const struct sapa_flow_node first_nodes[] = {
    { .key = { "menu", 4 } }, { .key = { "antre", 5 } }, { .key = { "selesai", 7 } },
};
static const struct sapa_flow_node second_nodes[] = { { .key = { "baru", 4 } }, { .key = { "menu", 4 } }, { .key = { "antre", 5 } } };
static const struct sapa_flow first_flows[] = { { .key = { "utama", 5 }, .nodes = first_nodes, .nodes_count = 3 } };
static const struct sapa_flow second_flows[] = {
    { .key = { "lain", 4 }, .nodes = first_nodes, .nodes_count = 1 }, { .key = { "utama", 5 }, .nodes = second_nodes, .nodes_count = 3 },
};
static const struct sapa_centre first = { .flows = first_flows, .flows_count = 1 };
static const struct sapa_centre second = { .flows = second_flows, .flows_count = 2 };

static struct sapa_nodes nodes;
static uint64_t seq;
static int64_t now_us;

#define PUT(type_, ...)                                              \
    do {                                                             \
        struct sapa_record r;                                        \
        sapa_record_init(&r, SAPA_T_##type_);                        \
        r.seq = ++seq;                                               \
        r.at_us = now_us += 1000;                                    \
        r.u.type_ = (struct sapa_rec_##type_){ __VA_ARGS__ };        \
        assert_int_equal(sapa_nodes_fold(&nodes, &r), SAPA_OK);      \
        assert_int_equal(sapa_nodes_fold(&nodes, &r), SAPA_OK); /* twice is once */ \
    } while (0)

static void begin(int64_t from_us, int64_t to_us)
{
    seq = 0;
    now_us = 0;
    sapa_nodes_init(&nodes, sapa_memory_heap(), from_us, to_us);
    assert_int_equal(sapa_nodes_take(&nodes, &first), SAPA_OK);
}

static void expect(const char *node, uint64_t entered, uint64_t left, uint64_t talked, uint64_t hung_up, uint64_t ended, uint64_t here)
{
    const struct sapa_node_row *row = sapa_nodes_find(&nodes, SAPA_STR("utama"), sapa_str_of(node));

    assert_non_null(row);
    assert_int_equal(row->entered, entered);
    assert_int_equal(row->left, left);
    assert_int_equal(row->talked, talked);
    assert_int_equal(row->hung_up, hung_up);
    assert_int_equal(row->ended, ended);
    assert_int_equal(row->here, here);
    assert_int_equal(entered, left + talked + hung_up + ended + here);
}

static void test_stays(void **state)
{
    (void)state;
    begin(0, 0);
    for (uint64_t c = 1; c <= 5; c++)
        PUT(flow_step, .contact = c, .flow = 0, .node = 0);
    PUT(flow_step, .contact = 1, .flow = 0, .node = 1, .via = '1');
    PUT(flow_step, .contact = 2, .flow = 0, .node = 1, .via = '1');
    PUT(flow_step, .contact = 3, .flow = 0, .node = 1); /* was silent */
    PUT(contact_ended, .contact = 4, .side = SAPA_SIDE_CUSTOMER);
    PUT(contact_connected, .contact = 1);
    PUT(contact_ended, .contact = 1, .side = SAPA_SIDE_CUSTOMER);
    PUT(contact_connected, .contact = 2);
    PUT(flow_step, .contact = 2, .flow = 0, .node = 2); /* after the conversation */
    PUT(contact_ended, .contact = 2, .side = SAPA_SIDE_FLOW);
    PUT(contact_ended, .contact = 99, .side = SAPA_SIDE_FLOW); /* never was anywhere */
    expect("menu", 5, 3, 0, 1, 0, 1);
    expect("antre", 3, 1, 1, 0, 0, 1);
    expect("selesai", 1, 0, 0, 0, 1, 0);
    /* a new description: other indices, the same nodes */
    assert_int_equal(sapa_nodes_take(&nodes, &second), SAPA_OK);
    PUT(flow_step, .contact = 5, .flow = 1, .node = 2, .via = '2');
    PUT(flow_step, .contact = 6, .flow = 7, .node = 2); /* no such flow */
    expect("menu", 5, 4, 0, 1, 0, 0);
    expect("antre", 4, 1, 1, 0, 0, 2);

    static const char text[] =
        "Flow      Node        Entered     Left   Talked  Hung up    Ended     Here\n"
        "utama     menu              5        4        0        1        0        0   1 → antre 2, → antre 1, 2 → antre 1\n"
        "utama     antre             4        1        1        0        0        2   → selesai 1\n"
        "utama     selesai           1        0        0        0        1        0\n";
    struct fix_lines lines;
    fix_lines_init(&lines);
    assert_int_equal(sapa_nodes_print(&nodes, SAPA_FORMAT_TEXT, SAPA_LANGUAGE_EN, SAPA_STR(""), &lines.lines), SAPA_OK);
    assert_string_equal(lines.text, text);
    free(lines.text);
    fix_lines_init(&lines);
    assert_int_equal(sapa_nodes_print(&nodes, SAPA_FORMAT_JSON, SAPA_LANGUAGE_EN, SAPA_STR("utama"), &lines.lines), SAPA_OK);
    assert_non_null(strstr(lines.text, "{\"flow\":\"utama\",\"node\":\"antre\",\"entered\":4,\"left\":1,\"talked\":1,\"hung_up\":0,\"ended\":0,"
                                       "\"here\":2,\"exits\":[{\"key\":\"\",\"flow\":\"utama\",\"node\":\"selesai\",\"count\":1}]}"));
    free(lines.text);
    fix_lines_init(&lines);
    assert_int_equal(sapa_nodes_print(&nodes, SAPA_FORMAT_CSV, SAPA_LANGUAGE_ID, SAPA_STR("lain"), &lines.lines), SAPA_ENOENT);
    free(lines.text);
    sapa_nodes_done(&nodes);
}

static void test_bounds(void **state)
{
    (void)state;
    begin(2000, 4000);
    PUT(flow_step, .contact = 1, .flow = 0, .node = 0); /* before */
    PUT(flow_step, .contact = 1, .flow = 0, .node = 1, .via = '1');
    PUT(flow_step, .contact = 2, .flow = 0, .node = 0);
    PUT(flow_step, .contact = 2, .flow = 0, .node = 1, .via = '1'); /* after */
    PUT(contact_ended, .contact = 1, .side = SAPA_SIDE_CUSTOMER);
    PUT(contact_ended, .contact = 2, .side = SAPA_SIDE_CUSTOMER);
    expect("menu", 1, 1, 0, 0, 0, 0);
    expect("antre", 1, 0, 0, 1, 0, 0);
    sapa_nodes_done(&nodes);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_stays), cmocka_unit_test(test_bounds) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
