/* A prompt is spoken in by telephone: with a scripted phone, a media process that records nothing, and takes by hand. */
#include "channel/voice/fake_impl.h"

#include "model/rights.h"

static struct sapa_voice_take takes[16];
static size_t take_count;
static sapa_rc take_rc;
static struct sapa_centre centre;
static struct sapa_agent agents[2];
static struct sapa_prompt prompts[SAPA_PROMPT_ID_COUNT + 3];
static struct sapa_centre_role roles[1];

static sapa_rc take(void *ctx, const struct sapa_voice_take *wanted)
{
    (void)ctx;
    assert_true(take_count < SAPA_COUNT(takes));
    takes[take_count++] = *wanted;
    return take_rc;
}

static int setup(void **state)
{
    fake_new((struct fake **)state);
    struct fake *f = *state;
    take_count = 0;
    take_rc = SAPA_OK;
    f->record_mute = true; /* what it says is said by hand */
    f->voice->options.callbacks.take = take;
    f->voice->options.recordings_dir = "/tmp"; /* only a folder is made in it */
    centre = *f->voice->centre;
    memcpy(agents, centre.agents, sizeof(agents));
    memcpy(prompts, centre.prompts, sizeof(prompts[0]) * centre.prompts_count);
    prompts[SAPA_PROMPT_ID_COUNT].dial = SAPA_STR("12"); /* "welcome" of the first client */
    prompts[SAPA_PROMPT_ID_COUNT + 1] = (struct sapa_prompt){ .key = SAPA_STR("all"), .client = SAPA_NONE, .dial = SAPA_STR("1"), .always = SAPA_LANGUAGE_EN + 1 };
    prompts[SAPA_PROMPT_ID_COUNT + 2] = (struct sapa_prompt){ .key = SAPA_STR("bank"), .client = 1, .dial = SAPA_STR("3") };
    roles[0] = (struct sapa_centre_role){ .key = SAPA_STR("lead"), .rights = SAPA_RIGHT_BIT(PROMPTS) };
    agents[0].clients = 1;
    agents[0].role = 0;
    centre.agents = agents;
    centre.prompts = prompts;
    centre.prompts_count = SAPA_COUNT(prompts);
    centre.roles = roles;
    centre.roles_count = 1;
    sapa_voice_centre(f->voice, &centre);
    fake_register(f, 0, "198.51.100.7", 5060, 7200);
    return 0;
}

static int teardown(void **state)
{
    struct fake *f = *state;
    fake_run(f, 70000000);
    assert_int_equal(f->voice->greetings.count, 0);
    assert_int_equal(f->voice->codes.count, 0);
    assert_int_equal(f->leg_count, 0);
    f->voice->options.recordings_dir = NULL;
    fake_free(f);
    return 0;
}

/* What is under way is heard to its end. */
static void heard(struct fake *f, const struct sapa_media_message *play)
{
    struct sapa_media_message done = { .op = SAPA_MEDIA_PLAY_DONE, .contact = play->contact, .leg = play->leg, .u.play.play = play->u.play.play };
    sapa_voice_media_receive(f->voice, &done);
    fake_run(f, 0);
}

static uint64_t dial(struct fake *f, struct fake_call *c, const char *code)
{
    fake_phone_call(f, c, 0, "198.51.100.7", code, "");
    const uint64_t leg = f->legs[f->leg_count - 1].id;
    fake_learn(c, fake_want(f, "SIP/2.0 200", c->call_id)->text);
    fake_request(f, c, "ACK", "", "", "");
    return leg;
}

static void say_state(struct fake *f, const struct sapa_media_message *record, unsigned state, uint64_t ms)
{
    struct sapa_media_message m = { .op = SAPA_MEDIA_RECORD_STATE, .contact = record->contact, .recording = record->recording };
    m.u.record_state.state = (uint8_t)state;
    m.u.record_state.recorded_ms = ms;
    sapa_voice_media_receive(f->voice, &m);
    fake_run(f, 0);
}

/* Up to the choice. */
static const struct sapa_media_message *spoken(struct fake *f, uint64_t leg)
{
    const struct sapa_media_message *play = fake_media(f, SAPA_MEDIA_PLAY);
    assert_int_equal(play->u.play.file_count, 2);
    assert_string_equal(play->u.play.files[0], "/cache/prompt.speak");
    assert_string_equal(play->u.play.files[1], "/cache/beep");
    heard(f, play);
    const struct sapa_media_message *record = fake_media(f, SAPA_MEDIA_RECORD);
    assert_int_equal(record->leg, leg);
    assert_int_equal(record->u.record.kind, 1);
    assert_int_equal(record->u.record.wrapped_size, 0);
    say_state(f, record, 0, 0);
    fake_press(f, leg, "15"); /* a slip of the finger */
    fake_press(f, leg, "#");
    assert_int_equal(fake_media(f, SAPA_MEDIA_RECORD_END)->recording, record->recording);
    const size_t before = take_count;
    say_state(f, record, 3, 4200);
    assert_int_equal(take_count, before + 1);
    assert_int_equal(takes[before].what, SAPA_VOICE_TAKE_MAKE);
    assert_int_equal(takes[before].id, record->recording);
    assert_string_equal(takes[before].path, record->u.record.path);
    assert_memory_equal(takes[before].key, record->u.record.key, sizeof(takes[before].key));
    sapa_voice_take_done(f->voice, record->recording, SAPA_OK, 0);
    fake_run(f, 0);
    play = fake_media(f, SAPA_MEDIA_PLAY);
    char file[64];
    snprintf(file, sizeof(file), "/cache/%llu", (unsigned long long)record->recording);
    assert_string_equal(play->u.play.files[0], file);
    assert_string_equal(play->u.play.files[1], "/cache/prompt.choose");
    return record;
}

static void ends(struct fake *f, const struct fake_call *c, const char *word)
{
    const struct sapa_media_message *play = fake_media(f, SAPA_MEDIA_PLAY);
    assert_string_equal(play->u.play.files[0], word);
    heard(f, play);
    fake_reply(f, fake_want(f, "BYE", c->call_id), 200, "", "", "");
}

static void kept(void **state)
{
    struct fake *f = *state;
    struct fake_call c;
    const uint64_t leg = dial(f, &c, "*07012*2");
    const uint64_t id = spoken(f, leg)->recording;
    fake_press(f, leg, "9"); /* no choice */
    fake_press(f, leg, "1"); /* in the middle of it */
    assert_int_equal(take_count, 2);
    assert_int_equal(takes[1].what, SAPA_VOICE_TAKE_KEEP);
    assert_string_equal(takes[1].client, "toko");
    assert_string_equal(takes[1].name, "welcome");
    assert_int_equal(takes[1].language, SAPA_LANGUAGE_EN);
    assert_int_equal(fake_posted_count(f, SAPA_T_api_write), 0); /* nothing is so yet */
    sapa_voice_take_done(f->voice, id, SAPA_OK, 7);
    fake_run(f, 0);
    const struct sapa_rec_api_write *told = &fake_posted(f, SAPA_T_api_write)->u.api_write;
    assert_string_equal(told->actor.p, "siti");
    assert_string_equal(told->role.p, "lead");
    assert_string_equal(told->what.p, "record prompt welcome");
    assert_string_equal(told->detail.p, "client=toko language=en version=7 length_ms=4200");
    assert_int_equal(told->rc, 0);
    ends(f, &c, "/cache/prompt.kept");
    assert_int_equal(take_count, 2);
    assert_int_equal(fake_posted_count(f, SAPA_T_recording_state), 0); /* of no conversation */
}

/* Once more, and then not at all; in the agent's language where none is named. */
static void again_and_discarded(void **state)
{
    struct fake *f = *state;
    struct fake_call c;
    const uint64_t leg = dial(f, &c, "*070*12");
    const uint64_t first = spoken(f, leg)->recording;
    assert_int_equal(takes[0].language, SAPA_LANGUAGE_ID);
    fake_press(f, leg, "2");
    assert_int_equal(takes[1].what, SAPA_VOICE_TAKE_DISCARD);
    assert_int_equal(takes[1].id, first);
    const uint64_t second = spoken(f, leg)->recording;
    assert_int_not_equal(second, first);
    fake_press(f, leg, "3");
    assert_int_equal(takes[3].what, SAPA_VOICE_TAKE_DISCARD);
    assert_int_equal(takes[3].id, second);
    ends(f, &c, "/cache/prompt.discarded");
    assert_int_equal(fake_posted_count(f, SAPA_T_api_write), 0);
}

static void no_choice_is_none(void **state)
{
    struct fake *f = *state;
    struct fake_call c;
    const uint64_t leg = dial(f, &c, "*07012");
    spoken(f, leg);
    fake_run(f, 4200000 + 19900000);
    assert_int_equal(take_count, 1);
    fake_run(f, 200000);
    assert_int_equal(takes[1].what, SAPA_VOICE_TAKE_DISCARD);
    ends(f, &c, "/cache/prompt.discarded");
}

static void refused(void **state)
{
    static const struct { const char *code, *word; bool told; } cases[] = {
        { "*070", "/cache/prompt.unknown", false }, { "*0709", "/cache/prompt.unknown", false }, { "*07012*3", "/cache/prompt.unknown", false },
        { "*0703", "/cache/prompt.not-allowed", true }, /* of a client that he is not granted */
        { "*0701", "/cache/prompt.not-allowed", true }, /* of all: all must be */
    };
    struct fake *f = *state;
    struct fake_call c;
    for (size_t i = 0; i < SAPA_COUNT(cases); i++) {
        const size_t told = fake_posted_count(f, SAPA_T_api_write);
        dial(f, &c, cases[i].code);
        assert_int_equal(fake_posted_count(f, SAPA_T_api_write), told + cases[i].told);
        ends(f, &c, cases[i].word);
    }
    assert_int_equal(fake_posted(f, SAPA_T_api_write)->u.api_write.rc, (uint64_t)-SAPA_EDENIED);
    roles[0].rights = 0;
    dial(f, &c, "*07012");
    ends(f, &c, "/cache/prompt.not-allowed");
    agents[0].role = SAPA_NONE;
    dial(f, &c, "*07012");
    ends(f, &c, "/cache/prompt.not-allowed");
    agents[0].role = 0;
    roles[0].rights = SAPA_RIGHT_BIT(PROMPTS);
    agents[0].clients = UINT64_MAX;
    dial(f, &c, "*0701");
    assert_string_equal(fake_media(f, SAPA_MEDIA_PLAY)->u.play.files[0], "/cache/prompt.speak");
    fake_request(f, &c, "BYE", "", "", "");
    f->voice->options.callbacks.take = NULL;
    dial(f, &c, "*07012");
    ends(f, &c, "/cache/agent.refused");
    assert_int_equal(take_count, 0);
}

/* He hangs up: while it is recorded, made, to be chosen; what he has kept is kept. */
static void left(void **state)
{
    for (int when = 0; when < 5; when++) {
        struct fake *f = *state;
        struct fake_call c;
        take_count = 0;
        f->media_seen = f->media_count;
        const uint64_t leg = dial(f, &c, "*07012");
        const size_t told = fake_posted_count(f, SAPA_T_api_write);
        if (when == 0) {
            fake_request(f, &c, "BYE", "", "", "");
            fake_run(f, 1000000);
            assert_int_equal(take_count, 0);
            continue;
        }
        if (when < 3) {
            heard(f, fake_media(f, SAPA_MEDIA_PLAY));
            const struct sapa_media_message *record = fake_media(f, SAPA_MEDIA_RECORD);
            if (when == 1) {
                fake_request(f, &c, "BYE", "", "", "");
                fake_run(f, 0);
                assert_int_equal(fake_media(f, SAPA_MEDIA_RECORD_END)->recording, record->recording);
                say_state(f, record, 3, 1000);
            } else {
                say_state(f, record, 3, 1000); /* the longest is reached */
                fake_request(f, &c, "BYE", "", "", "");
                fake_run(f, 0);
                sapa_voice_take_done(f->voice, record->recording, SAPA_OK, 0);
            }
        } else {
            const uint64_t id = spoken(f, leg)->recording;
            if (when == 4)
                fake_press(f, leg, "1");
            fake_request(f, &c, "BYE", "", "", "");
            fake_run(f, 0);
            if (when == 4)
                sapa_voice_take_done(f->voice, id, SAPA_OK, 2);
        }
        fake_run(f, 100000);
        assert_int_equal(takes[take_count - 1].what, when == 4 ? SAPA_VOICE_TAKE_KEEP : SAPA_VOICE_TAKE_DISCARD);
        assert_int_equal(fake_posted_count(f, SAPA_T_api_write), told + (when == 4));
        assert_int_equal(f->voice->greetings.count, 0);
    }
}

/* The recorder fails, or says nothing; the file cannot be made or kept; the pool is full. */
static void faults(void **state)
{
    struct fake *f = *state;
    struct fake_call c;
    uint64_t leg = dial(f, &c, "*07012");
    heard(f, fake_media(f, SAPA_MEDIA_PLAY));
    say_state(f, fake_media(f, SAPA_MEDIA_RECORD), 4, 0);
    assert_int_equal(takes[0].what, SAPA_VOICE_TAKE_DISCARD);
    ends(f, &c, "/cache/agent.refused");

    leg = dial(f, &c, "*07012");
    heard(f, fake_media(f, SAPA_MEDIA_PLAY));
    const struct sapa_media_message *record = fake_media(f, SAPA_MEDIA_RECORD);
    say_state(f, record, 3, 1000);
    sapa_voice_take_done(f->voice, record->recording, SAPA_EFULL, 0);
    fake_run(f, 0);
    ends(f, &c, "/cache/agent.refused");

    leg = dial(f, &c, "*07012");
    const uint64_t id = spoken(f, leg)->recording;
    fake_press(f, leg, "1");
    sapa_voice_take_done(f->voice, id, SAPA_EFULL, 0);
    fake_run(f, 0);
    assert_int_equal(fake_posted(f, SAPA_T_api_write)->u.api_write.rc, (uint64_t)-SAPA_EFULL);
    ends(f, &c, "/cache/agent.refused");
    sapa_voice_take_done(f->voice, id, SAPA_OK, 3); /* late */
    sapa_voice_take_done(f->voice, 4711, SAPA_OK, 3);

    take_rc = SAPA_ELIMIT;
    dial(f, &c, "*07012");
    heard(f, fake_media(f, SAPA_MEDIA_PLAY));
    say_state(f, fake_media(f, SAPA_MEDIA_RECORD), 3, 1000);
    ends(f, &c, "/cache/agent.refused");
    take_rc = SAPA_OK;

    dial(f, &c, "*07012"); /* he hangs up, and the recorder never says a word */
    heard(f, fake_media(f, SAPA_MEDIA_PLAY));
    fake_media(f, SAPA_MEDIA_RECORD);
    take_count = 0;
    fake_request(f, &c, "BYE", "", "", "");
    fake_run(f, 11000000);
    assert_int_equal(take_count, 1);
    assert_int_equal(takes[0].what, SAPA_VOICE_TAKE_DISCARD);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = { TEST(kept), TEST(again_and_discarded), TEST(no_choice_is_none), TEST(refused), TEST(left), TEST(faults) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
