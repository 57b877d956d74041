/*
 * Text goes to a synthesizer by its standard input, never on a command line, where every user of the
 * machine could read it. espeak-ng answers on its standard output; flite only writes real files well,
 * so it gets one in the cache directory, which is ours alone.
 */
#include "channel/prompt/render_impl.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "channel/prompt/sound.h"
#include "rt/file.h"
#include "rt/process.h"

enum {
    FILE_MAX = 128 * 1024 * 1024, /* ten minutes of 48 kHz stereo are 110 MiB */
    SPEECH_MAX = 32 * 1024 * 1024,
    CPU_SECONDS_MAX = 30,
    MEMORY_MAX = 512 * 1024 * 1024
};

static const float speech_db = -20.0f, music_db = -24.0f, tone_db = -14.0f, beep_db = -18.0f;

static void because(struct sapa_render_result *ret, const char *what, const char *why)
{
    struct sapa_text text;

    sapa_text_init(&text, ret->reason, sizeof(ret->reason));
    sapa_text_printf(&text, "%s: %s", what, why);
}

static sapa_rc sound_of_bytes(const uint8_t *bytes, size_t size, const char *what, struct sapa_sound *sound,
                              struct sapa_render_result *ret)
{
    const char *reason = "";
    struct sapa_wav wav;
    sapa_rc rc = sapa_wav_parse(bytes, size, &wav, &reason);

    if (rc == SAPA_OK) {
        rc = sapa_sound_of_wav(&wav, sound);
        reason = rc == SAPA_ELIMIT ? "longer than ten minutes" : sapa_rc_text(rc);
    }
    if (rc != SAPA_OK)
        because(ret, what, reason);
    return rc;
}

static sapa_rc play(const struct sapa_render *render, struct sapa_sound *sound, struct sapa_render_result *ret)
{
    uint8_t *bytes;
    size_t size;
    sapa_rc rc = sapa_file_read(render->recording, FILE_MAX, &bytes, &size);

    if (rc != SAPA_OK) {
        because(ret, "recording", sapa_rc_text(rc));
        return rc;
    }
    rc = sound_of_bytes(bytes, size, "recording", sound, ret);
    free(bytes);
    /* Every refusal of the reader says the same to the caller: the file is no good. */
    return rc == SAPA_EINVAL ? SAPA_ECORRUPT : rc;
}

/** What a synthesizer could take for a command (phonemes in double brackets, control codes) is a space to it. */
static size_t plain_text(const char *text, char *buf)
{
    size_t n = 0;

    for (; *text; text++) {
        const unsigned char c = (unsigned char)*text;
        buf[n++] = c < ' ' || c == 0x7f || c == '[' || c == ']' || c == '<' || c == '>' ? ' ' : (char)c;
    }
    buf[n++] = '\n';
    return n;
}

static sapa_rc run_synthesizer(char *const *argv, const struct sapa_render *render, struct sapa_run_result *out,
                               struct sapa_render_result *ret)
{
    char input[SAPA_PROMPT_TEXT_MAX + 2];
    const struct sapa_run_opts opts = { .program = argv[0], .argv = argv, .input = input,
                                        .input_size = plain_text(render->text, input), .output_max = SPEECH_MAX,
                                        .limit_ms = render->limit_ms, .cpu_max_s = CPU_SECONDS_MAX,
                                        .memory_max = MEMORY_MAX };
    sapa_rc rc = sapa_process_run(&opts, out);

    if (rc == SAPA_OK && out->status != 0) {
        free(out->output);
        rc = SAPA_EIO;
    }
    if (rc != SAPA_OK)
        because(ret, argv[0], rc == SAPA_ENOENT ? "not installed" : sapa_rc_text(rc));
    return rc;
}

static sapa_rc speak_espeak(const struct sapa_render *render, struct sapa_sound *sound,
                            struct sapa_render_result *ret)
{
    char *const argv[] = { "espeak-ng", "-v", render->lang == SAPA_SAY_ID ? "id" : "en", "-s", "150", "-b", "1",
                           "--stdin", "--stdout", NULL };
    struct sapa_run_result out;
    sapa_rc rc = run_synthesizer(argv, render, &out, ret);

    if (rc != SAPA_OK)
        return rc;
    rc = sound_of_bytes(out.output, out.output_size, argv[0], sound, ret);
    free(out.output);
    return rc == SAPA_ECORRUPT ? SAPA_EINVAL : rc; /* it had nothing to say */
}

static sapa_rc speak_flite(const struct sapa_render *render, struct sapa_sound *sound,
                           struct sapa_render_result *ret)
{
    static atomic_uint serial;
    char path[SAPA_PROMPT_PATH_MAX + 64];
    char *const argv[] = { "flite", "-voice", "slt", "-f", "/dev/stdin", "-o", path, NULL };
    struct sapa_run_result out;
    struct sapa_text text;
    uint8_t *bytes;
    size_t size;
    sapa_rc rc;

    sapa_text_init(&text, path, sizeof(path));
    sapa_text_printf(&text, "%s/.speech-%d-%u.wav", render->cache_dir, (int)getpid(), atomic_fetch_add(&serial, 1));
    rc = run_synthesizer(argv, render, &out, ret);
    if (rc == SAPA_OK) {
        free(out.output);
        rc = sapa_file_read(path, SPEECH_MAX, &bytes, &size);
        if (rc == SAPA_OK) {
            rc = sound_of_bytes(bytes, size, argv[0], sound, ret);
            free(bytes);
        } else {
            because(ret, argv[0], "wrote no sound");
            rc = SAPA_EIO;
        }
    }
    if (sapa_file_remove(path) != SAPA_OK && rc == SAPA_OK)
        because(ret, argv[0], "its file cannot be removed");
    return rc == SAPA_ECORRUPT ? SAPA_EINVAL : rc;
}

static sapa_rc speak(const struct sapa_render *render, struct sapa_sound *sound, struct sapa_render_result *ret)
{
    sapa_rc rc;

    if (render->lang == SAPA_SAY_ID)
        return speak_espeak(render, sound, ret);
    rc = speak_flite(render, sound, ret);
    if (rc == SAPA_ENOENT)
        rc = speak_espeak(render, sound, ret); /* a poorer voice says it as well */
    return rc;
}

/** Recorded or spoken, trimmed and at one level. */
static sapa_rc say(const struct sapa_render *render, struct sapa_sound *sound, struct sapa_render_result *ret)
{
    sapa_rc rc = SAPA_ENOENT;

    if (render->recording[0]) {
        rc = play(render, sound, ret);
        if (rc != SAPA_OK && render->text[0])
            ret->fell_back = true;
    }
    if (rc != SAPA_OK && render->text[0])
        rc = speak(render, sound, ret);
    if (rc != SAPA_OK)
        return rc;
    if (render->kind == SAPA_PROMPT_SPEECH)
        sapa_sound_trim(sound);
    rc = sapa_sound_level(sound, render->kind == SAPA_PROMPT_MUSIC ? music_db : speech_db);
    if (rc != SAPA_OK)
        because(ret, render->recording[0] ? "recording" : "speech", "there is nothing to be heard");
    return rc;
}

static sapa_rc make(const struct sapa_render *render, struct sapa_sound *sound, struct sapa_render_result *ret)
{
    switch (render->kind) {
    case SAPA_PROMPT_MUSIC:
        if (render->recording[0]) {
            const sapa_rc rc = say(render, sound, ret);
            if (rc == SAPA_OK)
                return rc;
            sapa_sound_free(sound);
            ret->fell_back = true; /* a caller in a queue shall hear something */
        }
        return sapa_sound_music(sound);
    case SAPA_PROMPT_RINGBACK: return sapa_sound_tone(425, 1000, 4000, tone_db, sound);
    case SAPA_PROMPT_BUSY: return sapa_sound_tone(425, 500, 500, tone_db, sound);
    case SAPA_PROMPT_CONGESTION: return sapa_sound_tone(425, 250, 250, tone_db, sound);
    case SAPA_PROMPT_BEEP: return sapa_sound_tone(1000, 400, 100, beep_db, sound);
    case SAPA_PROMPT_SILENCE: return sapa_sound_tone(0, 0, 1000, tone_db, sound);
    case SAPA_PROMPT_SPEECH:
    case SAPA_PROMPT_KINDS: break;
    }
    return say(render, sound, ret);
}

static sapa_rc write_files(const struct sapa_render *render, const struct sapa_sound *sound,
                           struct sapa_render_result *ret)
{
    uint8_t *bytes = malloc(sound->n);
    char path[SAPA_PROMPT_PATH_MAX + 80];
    struct sapa_text text;
    sapa_rc rc;

    if (!bytes)
        return SAPA_ENOMEM;
    /* A-law last: where it is, both are whole. */
    sapa_text_init(&text, path, sizeof(path));
    sapa_text_printf(&text, "%s/%s.ulaw", render->cache_dir, render->hash);
    sapa_sound_ulaw(sound, bytes);
    rc = sapa_file_write(path, bytes, sound->n, 0640);
    if (rc == SAPA_OK) {
        sapa_text_init(&text, path, sizeof(path));
        sapa_text_printf(&text, "%s/%s.alaw", render->cache_dir, render->hash);
        sapa_sound_alaw(sound, bytes);
        rc = sapa_file_write(path, bytes, sound->n, 0640);
    }
    free(bytes);
    if (rc != SAPA_OK)
        because(ret, "cache", sapa_rc_text(rc));
    return rc;
}

void sapa_render_run(const struct sapa_render *render, struct sapa_render_result *ret)
{
    struct sapa_sound sound = { 0 };

    *ret = (struct sapa_render_result){ 0 };
    ret->rc = make(render, &sound, ret);
    if (ret->rc == SAPA_OK)
        ret->rc = write_files(render, &sound, ret);
    if (ret->rc == SAPA_OK)
        ret->samples = sound.n;
    else if (!ret->reason[0])
        because(ret, "prompt", sapa_rc_text(ret->rc));
    sapa_sound_free(&sound);
}
