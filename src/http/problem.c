/* Problems of the API (RFC 9457). */
#include <stdio.h>

#include "http/answer_impl.h"

static const char *title_of(unsigned status)
{
    switch (status) {
    case 400: return "the request is malformed";
    case 401: return "who are you?";
    case 403: return "not allowed";
    case 404: return "there is no such thing";
    case 405: return "not this method";
    case 409: return "not possible in the present state";
    case 412: return "it is not as it was meant to be";
    case 428: return "it must be said what is meant to be in force";
    case 411: return "how long is the body?";
    case 413: return "the body is too large";
    case 416: return "no such range";
    case 422: return "it cannot be taken";
    case 426: return "this is a WebSocket";
    case 429: return "too many requests";
    case 503: return "not now";
    default: return "it did not work";
    }
}

void sapa_web_problem_with(struct web_request *rq, unsigned status, const char *code, struct sapa_str detail, struct sapa_str more)
{
    char id[24];

    snprintf(id, sizeof(id), "%llu", (unsigned long long)rq->id);
    sapa_json_reset(&rq->out);
    sapa_json_open(&rq->out, '{');
    sapa_json_add_text(&rq->out, "type", SAPA_STR("about:blank"));
    sapa_json_add_text(&rq->out, "title", sapa_str_of(title_of(status)));
    sapa_json_add_number(&rq->out, "status", status);
    if (detail.n > 0)
        sapa_json_add_text(&rq->out, "detail", detail);
    sapa_json_add_text(&rq->out, "code", sapa_str_of(code));
    sapa_json_add_text(&rq->out, "request", sapa_str_of(id));
    if (more.n > 0)
        sapa_json_raw(&rq->out, more);
    sapa_json_close(&rq->out, '}');
    rq->status = status;
    rq->content_type = "application/problem+json";
    rq->stream_at = rq->stream_end = 0;
    if (rq->out.failed) { /* no memory even for this: an empty answer */
        sapa_json_done(&rq->out);
    }
    rq->answered = true;
    lws_callback_on_writable(rq->wsi);
}

void sapa_web_problem(struct web_request *rq, unsigned status, const char *code, const char *fmt, ...)
{
    char detail[512];
    struct sapa_text text;
    va_list args;

    sapa_text_init(&text, detail, sizeof(detail));
    va_start(args, fmt);
    sapa_text_vprintf(&text, fmt, args);
    va_end(args);
    sapa_web_problem_with(rq, status, code, sapa_text_str(&text), (struct sapa_str){ NULL, 0 });
}

void sapa_web_problem_rc(struct web_request *rq, sapa_rc rc, const char *detail)
{
    static const struct { sapa_rc rc; unsigned status; } table[] = {
#define X(name, number, http, again, text) { SAPA_##name, http },
        SAPA_RCS(X)
#undef X
    };
    unsigned status = 500;

    for (size_t i = 0; i < SAPA_COUNT(table); i++) {
        if (table[i].rc == rc)
            status = table[i].status;
    }
    if (status == 505 || status == 507 || status == 410 || status == 202)
        status = status == 507 ? 503 : status == 410 ? 404 : 500;
    sapa_web_problem(rq, status, sapa_rc_name(rc), "%s", detail && detail[0] ? detail : sapa_rc_text(rc));
}
