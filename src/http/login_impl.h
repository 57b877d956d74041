/**
 * @file http/login_impl.h
 * Logins, passwords, sessions, users and roles: what of them happens on the web thread.
 * Room    http, internal.   Thread  the web thread's.
 */
#ifndef SAPA_HTTP_LOGIN_IMPL_H
#define SAPA_HTTP_LOGIN_IMPL_H

#include "http/web_impl.h"

/* A session's rights, as the description in force has them. False: he is not in it any more. */
bool sapa_web_who_session(struct sapa_web *web, const struct sapa_session *session, struct web_who *ret);
/* Routes LOGIN, PASSWORD, USER_PASSWORD, USER_CLEAR, TOTP, TOTP_CONFIRM, USER_TOTP: fills `work`; false: answered. */
bool sapa_web_login_wish(struct web_request *rq, const json_t *body, struct sapa_web_work *work);
/*
 * Its turn has come: what those before it have found counts, however many came at once. SAPA_ELIMIT: it is not even looked at;
 * SAPA_EAGAIN: not beside those that run, of whom each may turn out wrong.
 */
sapa_rc sapa_web_login_may_run(const struct sapa_web *web, const struct sapa_web_work *work);
/* Which sessions end with it: those that there are when its turn has come, of logins in front of it too. */
void sapa_web_login_sessions(const struct web_request *rq, struct sapa_web_work *work);
/* It has run: what was wrong is counted, whether or not somebody waits for the answer. */
void sapa_web_login_ran(struct sapa_web *web, const struct sapa_web_work *work);
/* Its job is done: sessions in memory follow. False: answered, with a problem. */
bool sapa_web_login_done(struct web_request *rq, struct sapa_web_work *work);
/* Routes LOGOUT, SESSION_END: fills `work` with what is to be ended; false: answered. */
bool sapa_web_logout_wish(struct web_request *rq, struct sapa_web_work *work);
void sapa_web_logout_done(struct sapa_web *web, const struct sapa_web_work *work);
/* Routes DEMO, DIRECTORY: who may log in without a password; names of what the description holds. */
void sapa_web_demo(struct web_request *rq);
void sapa_web_directory(struct web_request *rq);
/* Of who asks: as the description has it, else the user of the token. */
struct sapa_str sapa_web_name_of(const struct web_request *rq);
/* Routes ROLES, SESSIONS. */
void sapa_web_roles(struct web_request *rq);
void sapa_web_sessions(struct web_request *rq);

#endif
