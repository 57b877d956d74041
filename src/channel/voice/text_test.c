/* Numbers and headers as peers write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "channel/voice/voice_impl.h"

static char head[2048];

static void parse(struct sapa_sip_msg *msg, const char *extra, const char *body)
{
    struct sapa_text text;
    sapa_text_init(&text, head, sizeof(head));
    sapa_text_printf(&text,
                     "BYE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=2\r\n"
                     "Call-ID: x\r\nCSeq: 1 BYE\r\nMax-Forwards: 70\r\n%sContent-Length: %zu\r\n\r\n%s", extra, strlen(body), body);
    assert_false(text.cut);
    assert_int_equal(sapa_sip_msg_parse(head, text.n, SAPA_SIP_DATAGRAM, msg), SAPA_OK);
}

static void reasons(void **state)
{
    static const struct { const char *line; int cause; enum sapa_side side; const char *text; } cases[] = {
        { "", 0, SAPA_SIDE_CUSTOMER, "" },
        { "Reason: Q.850;cause=16;text=\"Terminated\"\r\n", 1016, SAPA_SIDE_CUSTOMER, "Terminated" },
        { "Reason: Q.850 ;cause=38\r\n", 1038, SAPA_SIDE_NETWORK, "" },
        { "Reason: SIP;cause=503;text=\"gone\"\r\n", 503, SAPA_SIDE_NETWORK, "gone" },
        { "Reason: SIP;cause=200;text=\"elsewhere\", Q.850;cause=41\r\n", 1041, SAPA_SIDE_NETWORK, "elsewhere" },
        { "Reason: Q.850;cause=999\r\n", 0, SAPA_SIDE_CUSTOMER, "" },
        { "Reason: Q.850;cause=-1\r\n", 0, SAPA_SIDE_CUSTOMER, "" },
        { "Reason: foo;cause=1\r\n", 0, SAPA_SIDE_CUSTOMER, "" },
    };
    (void)state;
    for (size_t i = 0; i < SAPA_COUNT(cases); i++) {
        struct sapa_sip_msg msg;
        struct sapa_text64 text = { .n = 0 };
        parse(&msg, cases[i].line, "");
        const int cause = sapa_voice_reason_cause(&msg, &text);
        assert_int_equal(cause, cases[i].cause);
        assert_int_equal(sapa_voice_side_of_cause(cause, SAPA_SIDE_CUSTOMER), cases[i].side);
        assert_string_equal(text.p, cases[i].text);
    }
}

static void info_keys(void **state)
{
    static const struct { const char *type, *body; char digit; } cases[] = {
        { "application/dtmf-relay", "Signal=5\r\nDuration=160\r\n", '5' }, { "application/dtmf-relay", "Duration=160\r\nSignal= #\r\n", '#' },
        { "application/dtmf-relay", "signal=10", '*' },   { "application/dtmf-relay", "Signal=11\n", '#' },
        { "application/dtmf-relay", "Signal=12", 0 },     { "application/dtmf-relay", "Duration=1", 0 },
        { "application/dtmf", "9", '9' },                 { "application/dtmf", "a\r\n", 'A' },
        { "application/dtmf", "E", 0 },                   { "application/dtmf", "", 0 },
        { "text/plain", "5", 0 },
    };
    (void)state;
    for (size_t i = 0; i < SAPA_COUNT(cases); i++) {
        struct sapa_sip_msg msg;
        char type[80];
        struct sapa_text line;
        sapa_text_init(&line, type, sizeof(type));
        sapa_text_printf(&line, "Content-Type: %s\r\n", cases[i].type);
        parse(&msg, type, cases[i].body);
        assert_int_equal(sapa_voice_info_digit(&msg), cases[i].digit);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(reasons), cmocka_unit_test(info_keys) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
