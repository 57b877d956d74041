/* Records: the one encoding, its versions, its bounds; segments of a play command. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "model/media.h"
#include "model/record.h"
#include "model/segment.h"

/* Fill every field of a record with something that depends on its place. */
static void fill(struct sapa_record *record, unsigned type)
{
    const struct sapa_record_info *info = sapa_record_info(type);

    sapa_record_init(record, (enum sapa_type)type);
    record->seq = 77;
    record->at_us = 1767225600000000 + type;
    for (unsigned i = 0; i < info->field_count; i++) {
        const struct sapa_field *field = &info->fields[i];
        char *at = (char *)&record->u + field->offset;
        if (field->size == 0) {
            const uint64_t value = UINT64_MAX / (i + 1) + type;
            memcpy(at, &value, sizeof(value));
        } else {
            const uint16_t n = (uint16_t)(field->size - 1);
            memcpy(at, &n, sizeof(n));
            memset(at + 2, 'a' + (int)(i % 26), n);
        }
    }
}

static void every_type_round_trips(void **state)
{
    unsigned count = 0;

    (void)state;
    for (unsigned type = 0; type < SAPA_T_LIMIT; type++) {
        uint8_t clear_bytes[SAPA_RECORD_ENCODED_MAX], pii_bytes[SAPA_RECORD_ENCODED_MAX];
        struct sapa_writer clear = sapa_writer_of(clear_bytes, sizeof(clear_bytes));
        struct sapa_writer pii = sapa_writer_of(pii_bytes, sizeof(pii_bytes));
        static struct sapa_record in, out;
        if (!sapa_record_info(type))
            continue;
        count++;
        fill(&in, type);
        sapa_record_encode(&in, &clear, &pii);
        assert_false(clear.bad || pii.bad);
        assert_true((pii.n > 0) == sapa_record_info(type)->has_pii);
        const struct sapa_str c = { (char *)clear_bytes, clear.n }, p = { (char *)pii_bytes, pii.n };
        assert_int_equal(sapa_record_decode(c, p, &out), SAPA_OK);
        assert_true(sapa_record_equal(&in, &out));
        assert_int_equal(out.seq, 77);

        /* sealed for good: the rest is still there */
        assert_int_equal(sapa_record_decode(c, (struct sapa_str){ NULL, 0 }, &out), SAPA_OK);
        assert_true(((out.flags & SAPA_RECORD_ERASED) != 0) == sapa_record_info(type)->has_pii);

        /* cut anywhere: refused, never overread (the sanitizer watches) */
        for (size_t n = 0; n < clear.n; n++) {
            char *exact = malloc(n ? n : 1);
            memcpy(exact, clear_bytes, n);
            assert_int_not_equal(sapa_record_decode((struct sapa_str){ exact, n }, p, &out), SAPA_OK);
            free(exact);
        }
    }
    assert_int_equal(count, 36 + 36 + 25);
}

static void newer_versions_are_refused(void **state)
{
    uint8_t bytes[64];
    struct sapa_writer w = sapa_writer_of(bytes, sizeof(bytes));
    struct sapa_record out;

    (void)state;
    sapa_put_u64(&w, SAPA_T_tick), sapa_put_u64(&w, 9);
    sapa_put_u64(&w, 1), sapa_put_i64(&w, 1), sapa_put_u64(&w, 0);
    assert_int_equal(sapa_record_decode((struct sapa_str){ (char *)bytes, w.n }, SAPA_STR(""), &out),
                     SAPA_EVERSION);
    w.n = 0;
    sapa_put_u64(&w, 63), sapa_put_u64(&w, 1);
    assert_int_equal(sapa_record_decode((struct sapa_str){ (char *)bytes, w.n }, SAPA_STR(""), &out),
                     SAPA_EVERSION);
}

/* A log of before a record grew: what was not there is zero. */
static void older_versions_are_read(void **state)
{
    uint8_t clear_bytes[256], pii_bytes[8];
    struct sapa_writer clear = sapa_writer_of(clear_bytes, sizeof(clear_bytes));
    struct sapa_writer pii = sapa_writer_of(pii_bytes, sizeof(pii_bytes));
    struct sapa_record in, out;

    (void)state;
    sapa_record_init(&in, SAPA_T_leg_quality);
    in.u.leg_quality.contact = 5;
    in.u.leg_quality.mos_min_x100 = 77;
    sapa_record_encode(&in, &clear, &pii);
    clear_bytes[1] = 1;  /* the first version had ten fields; those since then are a zero byte each */
    clear_bytes[4] = 10;
    memset(&out, 0xff, sizeof(out));
    assert_int_equal(sapa_record_decode((struct sapa_str){ (char *)clear_bytes, clear.n - 7 },
                                        SAPA_STR(""), &out), SAPA_OK);
    assert_int_equal(out.u.leg_quality.contact, 5);
    assert_int_equal(out.u.leg_quality.mos_min_x100, 77);
    assert_int_equal(out.u.leg_quality.sent, 0);
    assert_int_equal(out.u.leg_quality.heard_mos_min_x100, 0);
}

static void too_many_fields_are_refused(void **state)
{
    uint8_t clear_bytes[256], pii_bytes[8];
    struct sapa_writer clear = sapa_writer_of(clear_bytes, sizeof(clear_bytes));
    struct sapa_writer pii = sapa_writer_of(pii_bytes, sizeof(pii_bytes));
    struct sapa_record in, out;

    (void)state;
    sapa_record_init(&in, SAPA_T_offer_ringing);
    in.u.offer_ringing.offer = 5;
    sapa_record_encode(&in, &clear, &pii);
    clear_bytes[4] = 9; /* the count of fields: type, version, seq and time are a byte each */
    assert_int_equal(sapa_record_decode((struct sapa_str){ (char *)clear_bytes, clear.n },
                                        SAPA_STR(""), &out), SAPA_ECORRUPT);
}

static void people_stay_out_of_print(void **state)
{
    char buf[1024];
    struct sapa_text text;
    struct sapa_record record;

    (void)state;
    sapa_record_init(&record, SAPA_T_contact_arrived);
    record.u.contact_arrived.contact = 9007199254740993;
    record.at_us = 1767225600000001;
    sapa_sized_set(&record.u.contact_arrived.address, SAPA_STR("6281234567890"));
    sapa_sized_set(&record.u.contact_arrived.reference, SAPA_STR("a\"b\\c\n"));
    sapa_text_init(&text, buf, sizeof(buf));
    sapa_record_print(&record, &text);
    assert_null(strstr(buf, "6281234567890"));
    assert_non_null(strstr(buf, " reference=\"a\\\"b\\\\c\\u000a\"")); /* for people's terminals: nothing that moves a cursor */
    sapa_sized_set(&record.u.contact_arrived.reference, SAPA_STR("\x1b[2J\x7f\xc2\x9b" "1m\xff"));
    sapa_text_init(&text, buf, sizeof(buf));
    sapa_record_print(&record, &text);
    assert_non_null(strstr(buf, " reference=\"\\u001b[2J\\u007f\\u009b1m\\ufffd\""));
    sapa_sized_set(&record.u.contact_arrived.reference, SAPA_STR("a\"b\\c\n"));
    sapa_text_init(&text, buf, sizeof(buf));
    sapa_record_json(&record, false, &text);
    assert_null(strstr(buf, "6281234567890"));
    assert_non_null(strstr(buf, "\"contact\":\"9007199254740993\""));
    assert_non_null(strstr(buf, "\"at\":\"2026-01-01T00:00:00.000001Z\""));
    assert_non_null(strstr(buf, "a\\\"b\\\\c\\u000a"));
    sapa_text_init(&text, buf, sizeof(buf));
    sapa_record_json(&record, true, &text);
    assert_non_null(strstr(buf, "6281234567890"));
    /* what is not UTF-8 (Latin-1, a cut character) does not reach the JSON */
    sapa_sized_set(&record.u.contact_arrived.reference, SAPA_STR("\xc3\xb6 Bj\xf6rn\xe2\x82"));
    sapa_text_init(&text, buf, sizeof(buf));
    sapa_record_json(&record, false, &text);
    assert_non_null(strstr(buf, "\"\xc3\xb6 Bj\\ufffdrn\\ufffd\\ufffd\""));
    assert_true(sapa_str_utf8(sapa_text_str(&text)));
}

static void segments_round_trip(void **state)
{
    uint8_t bytes[128];
    struct sapa_writer w = sapa_writer_of(bytes, sizeof(bytes));
    uint32_t prompt;
    struct sapa_str text = { NULL, 0 };

    (void)state;
    sapa_segment_put_prompt(&w, 7);
    sapa_segment_put_text(&w, SAPA_STR("urutan ketiga"));
    sapa_segment_put_prompt(&w, 0);
    struct sapa_reader r = sapa_reader_of(bytes, w.n);
    assert_true(sapa_segment_next(&r, &prompt, &text));
    assert_int_equal(prompt, 7);
    assert_true(sapa_segment_next(&r, &prompt, &text));
    assert_int_equal(prompt, SAPA_NONE);
    assert_true(sapa_str_eq(text, SAPA_STR("urutan ketiga")));
    assert_true(sapa_segment_next(&r, &prompt, &text));
    assert_int_equal(prompt, 0);
    assert_false(sapa_segment_next(&r, &prompt, &text));
    r = sapa_reader_of(bytes, w.n - 3); /* a text that is cut */
    assert_true(sapa_segment_next(&r, &prompt, &text));
    assert_false(sapa_segment_next(&r, &prompt, &text) && r.bad);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_round_trips),   cmocka_unit_test(newer_versions_are_refused),
        cmocka_unit_test(older_versions_are_read),
        cmocka_unit_test(too_many_fields_are_refused), cmocka_unit_test(people_stay_out_of_print),
        cmocka_unit_test(segments_round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
