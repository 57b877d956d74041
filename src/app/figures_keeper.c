#include "app/figures_keeper.h"

#include <stdlib.h>

#include "app/figures.h"
#include "base/log.h"

enum {
    EVERY_US = 15 * 1000000,
    AT_ONCE = 50000, /* records folded between two looks at the pool's other work: a tenth of a second or so */
};

struct sapa_figures_keeper {
    struct sapa_loop *loop;
    struct sapa_pool *pool;
    struct sapa_timer timer;
    struct sapa_figures *figures; /* the pool's thread alone */
    sapa_rc rc, said;
    bool more;
    char data[512];
};

static void keep(void *ctx)
{
    struct sapa_figures_keeper *keeper = ctx;

    keeper->more = false;
    keeper->rc = keeper->figures ? SAPA_OK : sapa_figures_open(keeper->data, &keeper->figures);
    if (keeper->rc == SAPA_OK)
        keeper->rc = sapa_figures_fold(keeper->figures, AT_ONCE, 0, NULL, &keeper->more);
    if (keeper->rc == SAPA_OK)
        keeper->rc = sapa_figures_save(keeper->figures);
    if (keeper->rc == SAPA_OK)
        return;
    sapa_figures_close(keeper->figures);
    keeper->figures = NULL;
}

static void look(void *ctx);

static void kept(void *ctx, sapa_rc rc)
{
    struct sapa_figures_keeper *keeper = ctx;

    if (rc != SAPA_OK) /* the pool has ended */
        return;
    /* Another who keeps the same shelf is no fault; a fault is said once. */
    if (keeper->rc != keeper->said && keeper->rc != SAPA_OK && keeper->rc != SAPA_ESTATE && keeper->rc != SAPA_EAGAIN)
        sapa_log(SAPA_LOG_WARN, "figures.keep", "%s; reports take longer, trying again", sapa_rc_text(keeper->rc));
    keeper->said = keeper->rc;
    sapa_timer_set(keeper->loop, &keeper->timer, keeper->rc == SAPA_OK && keeper->more ? 0 : EVERY_US, look, keeper);
}

static void look(void *ctx)
{
    struct sapa_figures_keeper *keeper = ctx;

    if (sapa_pool_submit(keeper->pool, keeper->loop, keep, kept, keeper) != SAPA_OK)
        sapa_timer_set(keeper->loop, &keeper->timer, EVERY_US, look, keeper);
}

sapa_rc sapa_figures_keeper_start(struct sapa_loop *loop, struct sapa_pool *pool, const char *data,
                                  struct sapa_figures_keeper **ret_keeper)
{
    struct sapa_figures_keeper *keeper = calloc(1, sizeof(*keeper));
    struct sapa_text text;

    if (!keeper)
        return SAPA_ENOMEM;
    keeper->loop = loop;
    keeper->pool = pool;
    sapa_text_init(&text, keeper->data, sizeof(keeper->data));
    sapa_text_add(&text, sapa_str_of(data));
    sapa_timer_set(loop, &keeper->timer, EVERY_US, look, keeper);
    *ret_keeper = keeper;
    return SAPA_OK;
}

void sapa_figures_keeper_free(struct sapa_figures_keeper *keeper)
{
    if (!keeper)
        return;
    sapa_timer_cancel(keeper->loop, &keeper->timer);
    sapa_figures_close(keeper->figures);
    free(keeper);
}
