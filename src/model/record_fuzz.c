/*
 * Any bytes as an encoded record: the first two octets say where the personal part begins. What is
 * accepted is printed, and encoded again it is the same record.
 */
#include <stdlib.h>

#include "model/record.h"
#include "model/segment.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_texts(const struct sapa_record *record)
{
    const struct sapa_record_info *info = sapa_record_info(record->type);

    for (unsigned i = 0; i < info->field_count; i++) {
        const struct sapa_field *field = &info->fields[i];
        const struct sapa_text8 *text = (const void *)((const char *)&record->u + field->offset);
        const char *bytes = (const char *)text + offsetof(struct sapa_text8, p);
        if (field->size > 0)
            sapa_assert(text->n < field->size && bytes[text->n] == '\0');
    }
}

static void show(const struct sapa_record *record)
{
    static char buf[32768];
    struct sapa_text text;

    sapa_text_init(&text, buf, sizeof(buf));
    sapa_record_print(record, &text);
    sapa_assert(!text.cut && text.n > 0);
    for (int pii = 0; pii < 2; pii++) {
        sapa_text_init(&text, buf, sizeof(buf));
        sapa_record_json(record, pii, &text);
        sapa_assert(!text.cut && buf[0] == '{' && buf[text.n - 1] == '}');
        sapa_assert(sapa_str_utf8(sapa_text_str(&text))); /* JSON is UTF-8, whatever a network sent */
        for (size_t i = 0; i < text.n; i++)
            sapa_assert((uint8_t)buf[i] >= 0x20);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sapa_record record, again;
    uint8_t clear_bytes[2 * SAPA_RECORD_ENCODED_MAX], pii_bytes[2 * SAPA_RECORD_ENCODED_MAX];
    struct sapa_writer clear = sapa_writer_of(clear_bytes, sizeof(clear_bytes));
    struct sapa_writer pii = sapa_writer_of(pii_bytes, sizeof(pii_bytes));
    struct sapa_reader r;
    struct sapa_str text;
    uint32_t prompt;

    r = sapa_reader_of(data, size);
    while (sapa_segment_next(&r, &prompt, &text)) /* a list in a record has its own parser */
        sapa_assert(text.n <= size);
    if (size < 2)
        return 0;
    const size_t n = SAPA_MIN((size_t)data[0] << 8 | data[1], size - 2);
    /* Exact copies: one octet too far is seen. */
    char *first = malloc(n + 1), *second = malloc(size - 2 - n + 1);
    if (!first || !second)
        abort();
    memcpy(first, data + 2, n);
    memcpy(second, data + 2 + n, size - 2 - n);
    const sapa_rc rc = sapa_record_decode((struct sapa_str){ first, n }, (struct sapa_str){ second, size - 2 - n }, &record);
    free(first);
    free(second);
    if (rc != SAPA_OK) {
        sapa_assert(rc == SAPA_ECORRUPT || rc == SAPA_EVERSION);
        return 0;
    }
    check_texts(&record);
    show(&record);
    (void)sapa_record_person(&record);
    (void)sapa_record_contact(&record);
    sapa_record_encode(&record, &clear, &pii);
    sapa_assert(!clear.bad && !pii.bad);
    const sapa_rc back = sapa_record_decode((struct sapa_str){ (char *)clear_bytes, clear.n },
                                            (struct sapa_str){ (char *)pii_bytes, pii.n }, &again);
    sapa_assert(back == SAPA_OK && sapa_record_equal(&record, &again) && again.seq == record.seq);
    return 0;
}
