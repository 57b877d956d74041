/**
 * @file app/web_coach.h
 * The API of coaching notes (http/coach.h keeps them): marks of a recording, an agent's notes with his figures before and
 * since, writing, finishing and taking back, the recording that a note is about.
 *
 * Room    app.   Thread  the web thread's pools: writes one at a time, reads any.
 * Tests   app/web_coach_test.c, test/scenario/80-api   Design  docs/design/coaching.md
 */
#ifndef SAPA_APP_WEB_COACH_H
#define SAPA_APP_WEB_COACH_H

#include "app/web_job_impl.h"

/** COACH_MARKS, COACH_NOTES, COACH_NEW, COACH_DONE, COACH_END; the result goes into job->work, its rc is returned. */
SAPA_MUST_CHECK sapa_rc sapa_web_coach(struct job *job);
/** COACH_AUDIO: the recording of the note of the path. Whose agent asks has been judged. SAPA_ENOENT. */
SAPA_MUST_CHECK sapa_rc sapa_web_coach_recording(struct job *job, uint64_t *ret_recording);
/** What an agent has to hear again, as elements of an array: his own for himself, else with the right coach. */
SAPA_MUST_CHECK sapa_rc sapa_web_coach_work(const struct sapa_web_files *files, struct sapa_web_work *work, struct sapa_str agent);

#endif
