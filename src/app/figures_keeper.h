/**
 * @file app/figures_keeper.h
 * In the running centre: brings the shelf of figures up to date every now and then, on the pool's thread, with its
 * own look at the log. Nobody waits for it, and what goes wrong costs nothing but time later.
 *
 * Room    app.   Thread  the loop's; the work is on the pool's.   Design  docs/design/figures.md
 */
#ifndef SAPA_APP_FIGURES_KEEPER_H
#define SAPA_APP_FIGURES_KEEPER_H

#include "rt/loop.h"
#include "rt/thread.h"

struct sapa_figures_keeper;

/** `data` is copied. */
SAPA_MUST_CHECK sapa_rc sapa_figures_keeper_start(struct sapa_loop *loop, struct sapa_pool *pool, const char *data,
                                                  struct sapa_figures_keeper **ret_keeper);
/** After the pool was freed. NULL is fine. */
void sapa_figures_keeper_free(struct sapa_figures_keeper *keeper);

#endif
