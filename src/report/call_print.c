/* Call records for people and programs. */
#include "report/call.h"
#include "report/kpi.h"
#include "report/print.h"
#include "report/text_impl.h"
#include "report/words.h"

static void put_time(const struct sapa_call_show *show, int64_t at_us, struct sapa_text *out)
{
    const struct sapa_civil civil = sapa_zone_civil(show->zone, at_us / 1000000);
    const int32_t minutes = civil.offset_s / 60;
    const int32_t size = minutes < 0 ? -minutes : minutes;

    sapa_text_printf(out, "%04d-%02u-%02uT%02u:%02u:%02u.%03lld%c%02d:%02d", civil.year, civil.month, civil.day,
                     civil.hour, civil.minute, civil.second, (long long)(at_us / 1000 % 1000),
                     minutes < 0 ? '-' : '+', size / 60, size % 60);
}

static void put_json(struct sapa_text *out, struct sapa_str text)
{
    sapa_text_char(out, '"');
    for (size_t i = 0; i < text.n; i++) {
        const uint8_t c = (uint8_t)text.p[i];
        if (c == '"' || c == '\\')
            sapa_text_printf(out, "\\%c", c);
        else if (c < 0x20)
            sapa_text_printf(out, "\\u%04x", c);
        else
            sapa_text_char(out, (char)c);
    }
    sapa_text_char(out, '"');
}

static void json_time(const struct sapa_call_show *show, const char *key, int64_t at_us, struct sapa_text *out)
{
    if (at_us == 0)
        return;
    sapa_text_printf(out, ",\"%s\":\"", key);
    put_time(show, at_us, out);
    sapa_text_char(out, '"');
}

static void json_key(const struct sapa_call_show *show, const char *key, enum sapa_dim kind, uint32_t dim,
                     struct sapa_text *out)
{
    if (dim == SAPA_NONE)
        return;
    sapa_text_printf(out, ",\"%s\":", key);
    put_json(out, sapa_names_key(show->names, kind, dim));
}

static const char *policy_of(const struct sapa_call *call)
{
    return call->part_count > 0 ? sapa_record_policy_name(call->parts[call->part_count - 1].policy) : "none";
}

static const char *customer_of(const struct sapa_call *call, const struct sapa_call_show *show)
{
    return show->show_pii || call->address[0] == '\0' ? call->address : "***";
}

/* What was promised; null: nobody was ready, so nothing was. */
static void json_wait(const char *name, uint32_t ms, struct sapa_text *out)
{
    if (ms == SAPA_NONE)
        sapa_text_printf(out, ",\"%s\":null", name);
    else
        sapa_text_printf(out, ",\"%s\":%u", name, ms);
}

/* Without a packet there is no score. */
static void json_mos(const char *key, unsigned mos_x100, struct sapa_text *out)
{
    if (mos_x100)
        sapa_text_printf(out, ",\"%s\":%u.%02u", key, mos_x100 / 100, mos_x100 % 100);
    else
        sapa_text_printf(out, ",\"%s\":null", key);
}

static const enum sapa_dim target_dims[] = {
    [SAPA_TARGET_QUEUE] = SAPA_DIM_QUEUE, [SAPA_TARGET_NUMBER] = SAPA_DIM_NUMBER, [SAPA_TARGET_AGENT] = SAPA_DIM_AGENT,
};

/* How the agent came to take part. */
static const char *role_of(const struct sapa_call_part *part)
{
    return part->joined ? "joined" : part->kind == 2 ? "caller" : part->kind == 3 ? "called" : "offered";
}

static void json_lists(const struct sapa_call *call, const struct sapa_call_show *show, struct sapa_text *out)
{
    sapa_text_add(out, SAPA_STR(",\"queues\":["));
    for (unsigned i = 0; i < call->visit_count; i++) {
        const struct sapa_call_visit *v = &call->visits[i];
        sapa_text_printf(out, "%s{\"wait_ms\":%lld,\"offers\":%u", i ? "," : "",
                         (long long)((v->left_us ? v->left_us - v->queued_us : 0) / 1000), v->offers);
        json_wait("ewt_p50_ms", v->ewt_p50_ms, out);
        json_wait("ewt_p90_ms", v->ewt_p90_ms, out);
        json_key(show, "queue", SAPA_DIM_QUEUE, v->queue, out);
        json_time(show, "queued", v->queued_us, out);
        if (v->left_us)
            sapa_text_printf(out, ",\"left\":\"%s\"", sapa_dequeue_name(v->reason));
        sapa_text_add(out, v->is_callback ? SAPA_STR(",\"callback\":true}") : SAPA_STR("}"));
    }
    sapa_text_add(out, SAPA_STR("],\"agents\":["));
    for (unsigned i = 0; i < call->part_count; i++) {
        const struct sapa_call_part *p = &call->parts[i];
        sapa_text_printf(out, "%s{\"ring_ms\":%u,\"talk_ms\":%u,\"hold_ms\":%u,\"wrapup_ms\":%u", i ? "," : "",
                         p->ring_ms, p->talk_ms, p->hold_ms, p->wrapup_ms);
        json_key(show, "agent", SAPA_DIM_AGENT, p->agent, out);
        json_key(show, "queue", SAPA_DIM_QUEUE, p->queue, out);
        json_key(show, "disposition", SAPA_DIM_DISPOSITION, p->disposition, out);
        sapa_text_printf(out, ",\"role\":\"%s\"", role_of(p));
        json_time(show, "connected", p->connected_us, out);
        json_time(show, "parted", p->parted_us, out);
        if (p->parted_us)
            sapa_text_printf(out, ",\"side\":\"%s\"", sapa_side_name(p->side));
        sapa_text_char(out, '}');
    }
    sapa_text_add(out, SAPA_STR("],\"transfers\":["));
    for (unsigned i = 0; i < call->transfer_count; i++) {
        const struct sapa_call_transfer *t = &call->transfers[i];
        sapa_text_printf(out, "%s{\"how\":\"%s\",\"to\":\"%s\"", i ? "," : "", t->asked ? "asked" : "blind", sapa_target_name(t->kind));
        json_key(show, "agent", SAPA_DIM_AGENT, t->agent, out);
        if (t->kind < SAPA_COUNT(target_dims))
            json_key(show, "target", target_dims[t->kind], t->target, out);
        if (t->other)
            sapa_text_printf(out, ",\"consultation\":\"%llu\"", (unsigned long long)t->other);
        json_time(show, "at", t->at_us, out);
        sapa_text_char(out, '}');
    }
    sapa_text_add(out, SAPA_STR("],\"outside\":["));
    for (unsigned i = 0; i < call->outside_count; i++) {
        const struct sapa_call_outside *o = &call->outsides[i];
        sapa_text_printf(out, "%s{\"attempt\":%u", i ? "," : "", o->attempt);
        json_time(show, "joined", o->joined_us, out);
        json_time(show, "left", o->left_us, out);
        sapa_text_char(out, '}');
    }
    sapa_text_add(out, SAPA_STR("],\"recordings\":["));
    for (unsigned i = 0; i < call->recording_count; i++) {
        const struct sapa_call_recording *r = &call->recordings[i];
        static const char *const states[] = { "recording", "paused", "recording", "complete", "failed", "cut", "not begun" };
        sapa_text_printf(out, "%s{\"recording\":\"%llu\",\"kind\":\"%s\",\"state\":\"%s\",\"recorded_ms\":%u,\"masked_ms\":%u,\"bytes\":%llu}",
                         i ? "," : "", (unsigned long long)r->recording, r->is_voicemail ? "voicemail" : "conversation",
                         r->state < SAPA_COUNT(states) ? states[r->state] : "?", r->recorded_ms, r->masked_ms,
                         (unsigned long long)r->bytes);
    }
    sapa_text_add(out, SAPA_STR("],\"legs\":["));
    for (unsigned i = 0; i < call->leg_count; i++) {
        const struct sapa_call_leg *l = &call->legs[i];
        sapa_text_printf(out, "%s{\"side\":\"%s\",\"packets\":%u,\"lost\":%u,\"jitter_us\":%u,\"jitter_max_us\":%u",
                         i ? "," : "", sapa_side_name(l->side), l->packets, l->lost, l->jitter_us, l->jitter_max_us);
        json_mos("mos", l->mos_x100, out);
        json_mos("mos_min", l->mos_min_x100, out);
        if (l->heard_mos_x100) {
            sapa_text_printf(out, ",\"heard\":{\"sent\":%u,\"lost\":%u,\"jitter_us\":%u", l->sent, l->heard_lost,
                             l->heard_jitter_us);
            json_mos("mos", l->heard_mos_x100, out);
            json_mos("mos_min", l->heard_mos_min_x100, out);
            sapa_text_char(out, '}');
        }
        sapa_text_char(out, '}');
    }
    sapa_text_add(out, SAPA_STR("],\"path\":["));
    for (unsigned i = 0; i < call->step_count; i++) {
        const struct sapa_call_step *s = &call->steps[i];
        sapa_text_printf(out, "%s[%u,%u", i ? "," : "", s->flow, s->node);
        if (s->via >= 0x20 && s->via < 0x7f && s->via != '"' && s->via != '\\')
            sapa_text_printf(out, ",\"%c\"", s->via);
        sapa_text_char(out, ']');
    }
    sapa_text_add(out, SAPA_STR("],\"survey\":["));
    for (unsigned i = 0; i < call->answer_count; i++) {
        sapa_text_add(out, i ? SAPA_STR(",{\"question\":") : SAPA_STR("{\"question\":"));
        put_json(out, sapa_str_of(call->answers[i].question));
        sapa_text_printf(out, ",\"answer\":%u}", call->answers[i].answer);
    }
    sapa_text_char(out, ']');
}

void sapa_call_json(const struct sapa_call *call, const struct sapa_call_show *show, struct sapa_text *out)
{
    sapa_text_printf(out, "{\"contact\":\"%llu\",\"person\":\"%llu\",\"channel\":\"%s\",\"direction\":\"%s\",\"language\":\"%s\"",
                     (unsigned long long)call->contact, (unsigned long long)call->person,
                     sapa_channel_name(call->channel), sapa_direction_name(call->direction),
                     sapa_language_name(call->language));
    json_key(show, "client", SAPA_DIM_CLIENT, call->client, out);
    json_key(show, "number", SAPA_DIM_NUMBER, call->number, out);
    json_key(show, "queue", SAPA_DIM_QUEUE, call->queue, out);
    json_key(show, "agent", SAPA_DIM_AGENT, call->agent, out);
    json_key(show, "campaign", SAPA_DIM_CAMPAIGN, call->campaign, out);
    const unsigned party_type = sapa_call_party_type(call, show);
    if (party_type)
        sapa_text_printf(out, ",\"party_type\":\"%s\"", sapa_party_type_name(party_type - 1));
    sapa_text_add(out, SAPA_STR(",\"address\":"));
    put_json(out, sapa_str_of(customer_of(call, show)));
    sapa_text_add(out, SAPA_STR(",\"reference\":"));
    put_json(out, sapa_str_of(call->reference));
    json_time(show, "arrived", call->arrived_us, out);
    json_time(show, "answered_by_flow", call->answered_us, out);
    json_time(show, "queued", call->queued_us, out);
    json_time(show, "connected", call->connected_us, out);
    json_time(show, "ended", call->ended_us, out);
    sapa_text_printf(out, ",\"outcome\":\"%s\",\"side\":\"%s\",\"cause\":%u,\"place\":\"%s\",\"answered\":%s",
                     sapa_outcome_name(call->outcome), sapa_side_name(call->side), call->cause,
                     sapa_place_name(call->place), call->answered ? "true" : "false");
    sapa_text_printf(out, ",\"total_ms\":%u,\"menu_ms\":%u,\"queue_ms\":%u,\"ring_ms\":%u,\"talk_ms\":%u,\"hold_ms\":%u,\"wrapup_ms\":%u",
                     call->total_ms, call->flow_ms, call->queue_ms, call->offers.ring_ms, call->talk_ms,
                     call->hold_ms, call->wrapup_ms);
    sapa_text_printf(out, ",\"offers\":{\"made\":%u,\"accepted\":%u,\"declined\":%u,\"missed\":%u,\"failed\":%u,\"gone\":%u}",
                     call->offers.made, call->offers.accepted, call->offers.refused, call->offers.no_answer,
                     call->offers.failed, call->offers.gone);
    sapa_text_printf(out, ",\"recording\":{\"policy\":\"%s\",\"conversation_ms\":%u,\"recorded_ms\":%u,\"masked_ms\":%u,\"excluded_ms\":%u,\"unrecorded_ms\":%u}",
                     policy_of(call), call->conversation_ms, call->recorded_ms, call->masked_ms, call->excluded_ms,
                     call->unrecorded_ms);
    if (call->callback)
        sapa_text_printf(out, ",\"callback\":{\"state\":\"%s\",\"attempts\":%u}",
                         sapa_callback_name(call->callback - 1u), call->callback_attempts);
    if (call->voicemail_ms)
        sapa_text_printf(out, ",\"voicemail_ms\":%u", call->voicemail_ms);
    sapa_text_printf(out, ",\"parties\":%u,\"conference\":%s", call->parties_max, call->conference ? "true" : "false");
    if (call->merged_into)
        sapa_text_printf(out, ",\"merged_into\":\"%llu\"", (unsigned long long)call->merged_into);
    if (call->merged_from)
        sapa_text_printf(out, ",\"merged_from\":\"%llu\"", (unsigned long long)call->merged_from);
    json_lists(call, show, out);
    if (call->dropped)
        sapa_text_printf(out, ",\"left_out\":%u", call->dropped);
    sapa_text_char(out, '}');
}

/* ---- a page ---- */

static void line(const struct sapa_lines *out, const char *fmt, ...) SAPA_PRINTF(2, 3);

static void line(const struct sapa_lines *out, const char *fmt, ...)
{
    char buf[512];
    struct sapa_text text;
    va_list args;

    sapa_text_init(&text, buf, sizeof(buf));
    va_start(args, fmt);
    sapa_text_vprintf(&text, fmt, args);
    va_end(args);
    clean_text(&text);
    out->line(out->ctx, sapa_text_str(&text));
}

struct moment { char text[40]; };

static struct moment moment(const struct sapa_call_show *show, int64_t at_us)
{
    const struct sapa_civil civil = sapa_zone_civil(show->zone, at_us / 1000000);
    struct moment m = { "" };
    struct sapa_text text;

    sapa_text_init(&text, m.text, sizeof(m.text));
    sapa_text_printf(&text, "%04d-%02u-%02u %02u:%02u:%02u", civil.year, civil.month, civil.day, civil.hour,
                     civil.minute, civil.second);
    return m;
}

static struct moment length(uint64_t ms)
{
    struct moment m = { "" };
    struct sapa_text text;

    sapa_text_init(&text, m.text, sizeof(m.text));
    sapa_print_ms(&text, (int64_t)ms);
    return m;
}

static struct sapa_str name(const struct sapa_call_show *show, enum sapa_dim kind, uint32_t dim)
{
    return sapa_names_text(show->names, kind, dim, show->language);
}

/* One direction: MOS 4.12 (worst 3.90), lost 26 of 10400, jitter 3.1 ms */
static struct direction { char text[96]; } direction(enum sapa_language language, unsigned mos_x100, unsigned worst_x100,
                                                     uint32_t lost, uint32_t of, uint32_t jitter_us)
{
    const bool id = language == SAPA_LANGUAGE_ID;
    struct direction d = { "" };
    struct sapa_text text;

    sapa_text_init(&text, d.text, sizeof(d.text));
    sapa_text_printf(&text, id ? "MOS %u.%02u (terburuk %u.%02u), hilang %u dari %u, jitter %u.%u ms"
                               : "MOS %u.%02u (worst %u.%02u), lost %u of %u, jitter %u.%u ms",
                     mos_x100 / 100, mos_x100 % 100, worst_x100 / 100, worst_x100 % 100, lost, of, jitter_us / 1000,
                     jitter_us % 1000 / 100);
    return d;
}

static void print_leg(const struct sapa_call_leg *l, enum sapa_language language, const struct sapa_lines *out)
{
    const bool id = language == SAPA_LANGUAGE_ID;
    const char *side = sapa_word_side(l->side, language);

    if (l->mos_x100 == 0)
        line(out, id ? "  suara       %s: tak ada suara yang datang" : "  audio       %s: no audio came", side);
    else
        line(out, id ? "  suara       %s: %s" : "  audio       %s: %s", side,
             direction(language, l->mos_x100, l->mos_min_x100, l->lost, l->packets + l->lost, l->jitter_us).text);
    if (l->heard_mos_x100)
        line(out, id ? "  didengar    %s: %s" : "  heard by    %s: %s", side,
             direction(language, l->heard_mos_x100, l->heard_mos_min_x100, l->heard_lost, l->sent,
                       l->heard_jitter_us).text);
}

void sapa_call_print(const struct sapa_call *call, const struct sapa_call_show *show,
                     const struct sapa_lines *out)
{
    const bool id = show->language == SAPA_LANGUAGE_ID;
    const enum sapa_language language = show->language;

    line(out, id ? "Kontak %llu, %s%s, " SAPA_STR_FMT ", nomor " SAPA_STR_FMT
                 : "Contact %llu, %s%s, " SAPA_STR_FMT ", number " SAPA_STR_FMT,
         (unsigned long long)call->contact, sapa_word_channel(call->channel, language),
         call->direction == SAPA_DIRECTION_OUTBOUND   ? (id ? " keluar" : ", outbound")
         : call->direction == SAPA_DIRECTION_INTERNAL ? (id ? " internal" : ", internal") : "",
         SAPA_STR_ARG(name(show, SAPA_DIM_CLIENT, call->client)),
         SAPA_STR_ARG(sapa_names_key(show->names, SAPA_DIM_NUMBER, call->number)));
    if (call->address[0])
        line(out, call->direction == SAPA_DIRECTION_OUTBOUND ? (id ? "  ke          %s" : "  to          %s")
                                                              : (id ? "  dari        %s" : "  from        %s"),
             customer_of(call, show));
    const unsigned party_type = sapa_call_party_type(call, show);
    if (party_type && call->direction != SAPA_DIRECTION_INTERNAL)
        line(out, id ? "  pihak       %s" : "  party       %s", sapa_word_party_type(party_type - 1, language));
    line(out, id ? "  datang      %s" : "  arrived     %s", moment(show, call->arrived_us).text);
    if (call->ended_us)
        line(out, id ? "  selesai     %s  %s, oleh %s (%u)" : "  ended       %s  %s, by the %s (%u)",
             moment(show, call->ended_us).text, sapa_word_outcome(call->outcome, language),
             sapa_word_side(call->side, language), call->cause);
    else
        line(out, id ? "  masih berjalan" : "  still open");
    line(out, id ? "  lamanya     %s: menu %s, antre %s, bicara %s, tahan %s, catatan akhir %s"
                 : "  lasted      %s: menu %s, queue %s, talk %s, hold %s, wrap-up %s",
         length(call->total_ms).text, length(call->flow_ms).text, length(call->queue_ms).text,
         length(call->talk_ms).text, length(call->hold_ms).text, length(call->wrapup_ms).text);
    for (unsigned i = 0; i < call->visit_count; i++) {
        const struct sapa_call_visit *v = &call->visits[i];
        line(out, id ? "  antrean     %s  " SAPA_STR_FMT ": %s, tunggu %s, %u tawaran%s%s"
                     : "  queue       %s  " SAPA_STR_FMT ": %s, waited %s, %u offer%s%s",
             moment(show, v->queued_us).text, SAPA_STR_ARG(name(show, SAPA_DIM_QUEUE, v->queue)),
             v->left_us ? sapa_word_dequeue(v->reason, language) : "…",
             length(v->left_us ? (uint64_t)(v->left_us - v->queued_us) / 1000 : 0).text, v->offers,
             id || v->offers == 1 ? "" : "s", v->is_callback ? (id ? ", telepon balik" : ", callback") : "");
    }
    for (unsigned i = 0; i < call->part_count; i++) {
        const struct sapa_call_part *p = &call->parts[i];
        if (p->connected_us == 0)
            continue;
        line(out, id ? "  agen        %s  " SAPA_STR_FMT ": bicara %s, tahan %s, catatan akhir %s, diakhiri %s, " SAPA_STR_FMT
                     : "  agent       %s  " SAPA_STR_FMT ": talked %s, held %s, wrap-up %s, ended by the %s, " SAPA_STR_FMT,
             moment(show, p->connected_us).text, SAPA_STR_ARG(name(show, SAPA_DIM_AGENT, p->agent)),
             length(p->talk_ms).text, length(p->hold_ms).text, length(p->wrapup_ms).text,
             sapa_word_side(p->side, language),
             SAPA_STR_ARG(p->disposition == SAPA_NONE ? (id ? SAPA_STR("tanpa disposisi") : SAPA_STR("no disposition"))
                                                      : name(show, SAPA_DIM_DISPOSITION, p->disposition)));
    }
    for (unsigned i = 0; i < call->transfer_count; i++) {
        const struct sapa_call_transfer *t = &call->transfers[i];
        const struct sapa_str target = t->kind < SAPA_COUNT(target_dims) ? name(show, target_dims[t->kind], t->target)
                                                                         : (id ? SAPA_STR("nomor luar") : SAPA_STR("an outside number"));
        line(out, id ? "  dialihkan   %s  oleh " SAPA_STR_FMT " ke " SAPA_STR_FMT ", %s" : "  passed on   %s  by " SAPA_STR_FMT " to " SAPA_STR_FMT ", %s",
             moment(show, t->at_us).text, SAPA_STR_ARG(name(show, SAPA_DIM_AGENT, t->agent)), SAPA_STR_ARG(target),
             t->asked ? (id ? "setelah bertanya" : "after asking") : (id ? "langsung" : "blind"));
    }
    for (unsigned i = 0; i < call->outside_count; i++)
        line(out, id ? "  pihak luar  %s" : "  outside     %s", moment(show, call->outsides[i].joined_us).text);
    if (call->merged_into)
        line(out, id ? "  berlanjut   dalam kontak %llu" : "  went on     in contact %llu", (unsigned long long)call->merged_into);
    if (call->conversation_ms > 0)
        line(out, id ? "  rekaman     %s bicara = %s terekam + %s disamarkan + %s dikecualikan + %s hilang"
                     : "  recording   %s talked = %s recorded + %s masked + %s excluded + %s missing",
             length(call->conversation_ms).text, length(call->recorded_ms).text, length(call->masked_ms).text,
             length(call->excluded_ms).text, length(call->unrecorded_ms).text);
    for (unsigned i = 0; i < call->leg_count; i++)
        print_leg(&call->legs[i], language, out);
    for (unsigned i = 0; i < call->answer_count; i++)
        line(out, id ? "  survei      %s: %u" : "  survey      %s: %u", call->answers[i].question, call->answers[i].answer);
    if (call->voicemail_ms)
        line(out, id ? "  pesan       %s" : "  message     %s", length(call->voicemail_ms).text);
}

void sapa_call_agents(const struct sapa_call *call, const struct sapa_call_show *show, struct sapa_text *out)
{
    for (unsigned i = 0, n = 0; i < call->part_count; i++) {
        const struct sapa_call_part *p = &call->parts[i];
        bool before = p->connected_us == 0;
        for (unsigned k = 0; k < i && !before; k++)
            before = call->parts[k].agent == p->agent && call->parts[k].connected_us != 0;
        if (before)
            continue;
        sapa_text_printf(out, "%s" SAPA_STR_FMT, n++ ? " " : "", SAPA_STR_ARG(sapa_names_key(show->names, SAPA_DIM_AGENT, p->agent)));
    }
}

void sapa_call_transfers(const struct sapa_call *call, const struct sapa_call_show *show, enum sapa_language language, struct sapa_text *out)
{
    static const char *const targets[SAPA_TARGET_COUNT] = {
        [SAPA_TARGET_QUEUE] = "antrean", [SAPA_TARGET_NUMBER] = "nomor", [SAPA_TARGET_AGENT] = "agen", [SAPA_TARGET_OUTSIDE] = "luar",
    };
    const bool id = language == SAPA_LANGUAGE_ID;

    for (unsigned i = 0; i < call->transfer_count; i++) {
        const struct sapa_call_transfer *t = &call->transfers[i];
        sapa_text_printf(out, "%s" SAPA_STR_FMT " %s %s", i ? "; " : "", SAPA_STR_ARG(sapa_names_key(show->names, SAPA_DIM_AGENT, t->agent)),
                         t->asked ? (id ? "setelah bertanya ke" : "asked") : (id ? "langsung ke" : "blind"),
                         id && t->kind < SAPA_TARGET_COUNT ? targets[t->kind] : sapa_target_name(t->kind));
        if (t->kind < SAPA_COUNT(target_dims))
            sapa_text_printf(out, " " SAPA_STR_FMT, SAPA_STR_ARG(sapa_names_key(show->names, target_dims[t->kind], t->target)));
    }
}

/* ---- CSV ---- */

static void put_csv(struct sapa_text *out, struct sapa_str text)
{
    const bool is_formula = text.n > 0 && (text.p[0] == '=' || text.p[0] == '+' || text.p[0] == '-' || text.p[0] == '@');

    sapa_text_add(out, SAPA_STR(",\""));
    if (is_formula) /* a spreadsheet would compute it */
        sapa_text_char(out, '\'');
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '"')
            sapa_text_char(out, '"');
        sapa_text_char(out, text.p[i] == '\n' || text.p[i] == '\r' ? ' ' : text.p[i]);
    }
    sapa_text_char(out, '"');
}

static void put_csv_time(const struct sapa_call_show *show, int64_t at_us, struct sapa_text *out)
{
    sapa_text_char(out, ',');
    if (at_us)
        put_time(show, at_us, out);
}

void sapa_call_csv_head(struct sapa_text *out)
{
    sapa_text_add(out, SAPA_STR("contact,client,number,queue,agent,address,arrived,answered_by_flow,queued,connected,"
                                "ended,outcome,side,cause,place,total_ms,menu_ms,queue_ms,ring_ms,talk_ms,hold_ms,"
                                "wrapup_ms,offers,conversation_ms,recorded_ms,masked_ms,excluded_ms,unrecorded_ms,mos,direction,agents,"
                                "transfers,outside,conference,merged_into,campaign,party_type"));
}

void sapa_call_csv(const struct sapa_call *call, const struct sapa_call_show *show, struct sapa_text *out)
{
    unsigned mos = UINT16_MAX;
    char buf[1024];
    struct sapa_text text;

    sapa_text_printf(out, "%llu", (unsigned long long)call->contact);
    put_csv(out, sapa_names_key(show->names, SAPA_DIM_CLIENT, call->client));
    put_csv(out, sapa_names_key(show->names, SAPA_DIM_NUMBER, call->number));
    put_csv(out, call->queue == SAPA_NONE ? (struct sapa_str){ NULL, 0 } : sapa_names_key(show->names, SAPA_DIM_QUEUE, call->queue));
    put_csv(out, call->agent == SAPA_NONE ? (struct sapa_str){ NULL, 0 } : sapa_names_key(show->names, SAPA_DIM_AGENT, call->agent));
    put_csv(out, sapa_str_of(customer_of(call, show)));
    put_csv_time(show, call->arrived_us, out);
    put_csv_time(show, call->answered_us, out);
    put_csv_time(show, call->queued_us, out);
    put_csv_time(show, call->connected_us, out);
    put_csv_time(show, call->ended_us, out);
    sapa_text_printf(out, ",%s,%s,%u,%s,%u,%u,%u,%u,%u,%u,%u,%u,%u,%u,%u,%u,%u,", sapa_outcome_name(call->outcome),
                     sapa_side_name(call->side), call->cause, sapa_place_name(call->place), call->total_ms,
                     call->flow_ms, call->queue_ms, call->offers.ring_ms, call->talk_ms, call->hold_ms,
                     call->wrapup_ms, call->offers.made, call->conversation_ms, call->recorded_ms, call->masked_ms,
                     call->excluded_ms, call->unrecorded_ms);
    for (unsigned i = 0; i < call->leg_count; i++)
        if (call->legs[i].mos_x100)
            mos = SAPA_MIN(mos, call->legs[i].mos_x100);
    if (mos != UINT16_MAX)
        sapa_text_printf(out, "%u.%02u", mos / 100, mos % 100);
    sapa_text_printf(out, ",%s", sapa_direction_name(call->direction));
    sapa_text_init(&text, buf, sizeof(buf));
    sapa_call_agents(call, show, &text);
    put_csv(out, sapa_text_str(&text));
    sapa_text_init(&text, buf, sizeof(buf));
    sapa_call_transfers(call, show, SAPA_LANGUAGE_EN, &text);
    put_csv(out, sapa_text_str(&text));
    sapa_text_printf(out, ",%u,%u,", call->outside_count, call->conference);
    if (call->merged_into)
        sapa_text_printf(out, "%llu", (unsigned long long)call->merged_into);
    put_csv(out, call->campaign == SAPA_NONE ? (struct sapa_str){ NULL, 0 } : sapa_names_key(show->names, SAPA_DIM_CAMPAIGN, call->campaign));
    sapa_text_printf(out, ",%s", sapa_call_party_type(call, show) ? sapa_party_type_name(sapa_call_party_type(call, show) - 1u) : "");
}
