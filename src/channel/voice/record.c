#include "channel/voice/voice_impl.h"

#include <stdlib.h>

enum { RECORDING_STARTED, RECORDING_PAUSED, RECORDING_RESUMED, RECORDING_ENDED, RECORDING_FAILED };

static void post_state(struct sapa_voice *v, struct voice_contact *c, unsigned state)
{
    struct sapa_record r;
    sapa_record_init(&r, SAPA_T_recording_state);
    r.u.recording_state.contact = c->id;
    r.u.recording_state.recording = c->recording;
    r.u.recording_state.state = state;
    if (c->recording_path)
        sapa_sized_set(&r.u.recording_state.path, sapa_str_of(c->recording_path));
    sapa_voice_post(v, &r);
}

void sapa_voice_recording_failed(struct sapa_voice *v, struct voice_contact *c)
{
    if (!c->recording || c->recording_off)
        return;
    c->recording_off = true;
    if (!c->recording_begun)
        post_state(v, c, RECORDING_FAILED);
    sapa_voice_contact_check(v, c);
}

/* "<client>/<yyyy>/<mm>/<dd>/<recording>.srec" by UTC date (civil from days, H. Hinnant), and its folder. */
static bool make_path(struct sapa_voice *v, struct voice_contact *c, int days_ago, char *full, size_t size)
{
    char relative[SAPA_MEDIA_PATH_MAX];
    struct sapa_text path, whole;
    const struct sapa_str client = c->client < v->centre->clients_count ? v->centre->clients[c->client].key : SAPA_STR("none");
    const int64_t days = sapa_voice_wall(v) / INT64_C(86400000000) + 719468 - days_ago;
    const int64_t era = days / 146097;
    const unsigned day_of_era = (unsigned)(days - era * 146097);
    const unsigned year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    const unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const unsigned m = (5 * day_of_year + 2) / 153;
    const unsigned month = m < 10 ? m + 3 : m - 9;
    sapa_text_init(&path, relative, sizeof(relative));
    for (size_t i = 0; i < client.n; i++) { /* keys are words; whatever else they hold must not leave the folder */
        const char k = client.p[i];
        const bool word = (k >= 'a' && k <= 'z') || (k >= 'A' && k <= 'Z') || (k >= '0' && k <= '9') || k == '-' || k == '_';
        sapa_text_char(&path, word ? k : '_');
    }
    sapa_text_printf(&path, "/%04lld/%02u/%02u", (long long)(era * 400 + year_of_era + (month <= 2)), month,
                     day_of_year - (153 * m + 2) / 5 + 1);
    sapa_text_init(&whole, full, size);
    sapa_text_printf(&whole, "%s/%s", v->options.recordings_dir, relative);
    if (path.cut || whole.cut)
        return false;
    if (strcmp(v->made_folder, full) != 0) {
        if (sapa_folder_make(full, 0700) != SAPA_OK)
            return false;
        sapa_str_copy(sapa_text_str(&whole), v->made_folder, sizeof(v->made_folder));
    }
    sapa_text_printf(&path, "/%llu.srec", (unsigned long long)c->recording);
    sapa_text_printf(&whole, "/%llu.srec", (unsigned long long)c->recording);
    if (path.cut || whole.cut)
        return false;
    free(c->recording_path);
    c->recording_path = malloc(path.n + 1);
    if (!c->recording_path)
        return false;
    memcpy(c->recording_path, relative, path.n + 1);
    return true;
}

static bool start(struct sapa_voice *v, struct voice_contact *c, const struct sapa_rec_cmd_record *cmd)
{
    struct sapa_media_message m = { .op = SAPA_MEDIA_RECORD, .contact = c->id, .recording = cmd->recording };
    if (!v->options.recordings_dir || !v->options.callbacks.recording_key ||
        !make_path(v, c, 0, m.u.record.path, sizeof(m.u.record.path)) ||
        v->options.callbacks.recording_key(v->options.callbacks.ctx, c->id, cmd->recording, m.u.record.key,
                                           m.u.record.wrapped, &m.u.record.wrapped_size) != SAPA_OK)
        return false;
    m.leg = c->customer ? c->customer->id : 0;
    m.u.record.kind = (uint8_t)cmd->kind;
    m.u.record.max_ms = (uint32_t)cmd->max_ms;
    if (v->centre->system.recording_tone_s && cmd->kind == 0) /* who leaves a message hears its beginning */
        m.u.record.beep_s = (uint16_t)SAPA_MAX(v->centre->system.recording_tone_s, (uint32_t)SAPA_MEDIA_BEEP_S_MIN);
    const sapa_rc rc = sapa_voice_media_send(v, &m);
    sapa_wipe(m.u.record.key, sizeof(m.u.record.key));
    return rc == SAPA_OK;
}

void sapa_voice_record(struct sapa_voice *v, const struct sapa_rec_cmd_record *cmd)
{
    static const uint16_t ops[] = { SAPA_MEDIA_RECORD, SAPA_MEDIA_RECORD_PAUSE, SAPA_MEDIA_RECORD_RESUME, SAPA_MEDIA_RECORD_END };
    struct voice_contact *c = sapa_voice_find(&v->contacts, cmd->contact);
    if (cmd->action >= SAPA_COUNT(ops))
        return;
    if (cmd->action == 0) {
        if (c->recording && !c->recording_off) {
            free(c->earlier_path);
            c->earlier = c->recording;
            c->earlier_path = c->recording_path;
            c->recording_path = NULL;
        }
        c->recording = cmd->recording;
        c->recording_off = c->recording_begun = false;
        if (!start(v, c, cmd))
            sapa_voice_recording_failed(v, c);
        return;
    }
    struct sapa_media_message m = { .op = ops[cmd->action], .contact = c->id, .recording = cmd->recording };
    if (cmd->recording == c->recording && c->recording_off)
        v->stats.late_commands++;
    else if (sapa_voice_media_send(v, &m) != SAPA_OK && cmd->recording == c->recording)
        sapa_voice_recording_failed(v, c);
}

/* A recording that an earlier process began: its file is of today, or of the day before. */
static void recall_path(struct sapa_voice *v, struct voice_contact *c)
{
    char full[SAPA_MEDIA_PATH_MAX];

    for (int days_ago = 0; days_ago < 2 && v->options.recordings_dir && !c->recording_path; days_ago++) {
        if (!make_path(v, c, days_ago, full, sizeof(full)) || !sapa_file_exists(full)) {
            free(c->recording_path);
            c->recording_path = NULL;
        }
    }
}

/* What the recorder says, for the log. */
void sapa_voice_record_state(struct sapa_voice *v, const struct sapa_media_message *m)
{
    struct voice_contact *c = sapa_voice_find(&v->contacts, m->contact);
    struct sapa_record r;
    char hex[65];
    if (sapa_voice_greeting_recorded(v, m))
        return; /* no conversation: the log does not know it */
    sapa_record_init(&r, SAPA_T_recording_state);
    r.u.recording_state.contact = m->contact;
    r.u.recording_state.recording = m->recording;
    r.u.recording_state.state = m->u.record_state.state;
    r.u.recording_state.recorded_ms = m->u.record_state.recorded_ms;
    r.u.recording_state.masked_ms = m->u.record_state.masked_ms;
    r.u.recording_state.bytes = m->u.record_state.bytes;
    if (m->u.record_state.state == RECORDING_ENDED)
        sapa_sized_set(&r.u.recording_state.hash, sapa_str_of(sapa_hex(m->u.record_state.hash, 32, hex)));
    if (c && c->recording == m->recording && m->u.record_state.state < RECORDING_ENDED)
        c->recording_begun = true;
    if (c && c->recording == m->recording && !c->recording_path)
        recall_path(v, c);
    if (c && c->recording == m->recording && c->recording_path)
        sapa_sized_set(&r.u.recording_state.path, sapa_str_of(c->recording_path));
    else if (c && c->earlier == m->recording && c->earlier_path)
        sapa_sized_set(&r.u.recording_state.path, sapa_str_of(c->earlier_path));
    sapa_voice_post(v, &r);
    if (c && c->recording == m->recording && m->u.record_state.state >= RECORDING_ENDED) {
        c->recording_off = true;
        sapa_voice_contact_check(v, c);
    }
}
