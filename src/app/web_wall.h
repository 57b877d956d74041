/**
 * @file app/web_wall.h
 * Wallboards: documents of the centre that say which figures a screen shows, and links for screens.
 *
 * A board is kept in the store's settings, each version under a number of its own; which boards there are, their
 * versions and the tokens of their links stand in one list. A link is a token of the role "wall" and of the user
 * wall.BOARD, bound to the clients whose figures the board shows.
 *
 * Room    app.   Thread  the web thread's pools: writes one at a time, reads any.
 * Tests   app/web_wall_test.c, app/web_wall_fuzz.c, test/scenario/94-wall   Design  docs/design/pages.md
 */
#ifndef SAPA_APP_WEB_WALL_H
#define SAPA_APP_WEB_WALL_H

#include <jansson.h>

#include "app/web_work.h"

enum {
    SAPA_WALLS_MAX = 64,
    SAPA_WALL_KEY_MAX = 40,
    SAPA_WALL_PAGES_MAX = 8,
    SAPA_WALL_TILES_MAX = 7,  /* of a page: what can be read from ten metres, and taken in */
    SAPA_WALL_LINKS_MAX = 32, /* of a board */
    SAPA_WALL_VERSIONS_MAX = 20, /* of a board that are kept; none of one that is gone */
    SAPA_WALL_SECONDS_MIN = 5, SAPA_WALL_SECONDS_MAX = 600,
};

/** Small letters, digits, dashes; begins with a letter. */
bool sapa_wall_key_is(struct sapa_str key);
/**
 * Is this a board (WallboardBody), and may somebody of this scope make it?
 * @param ret_clients  whose figures it shows: bit i is client i; all ones with a tile of the whole centre
 * @retval SAPA_EINVAL   `problem` says what is wrong where
 */
SAPA_MUST_CHECK sapa_rc sapa_wall_check(const json_t *board, const struct sapa_centre *centre, const struct sapa_scope *scope,
                                        struct sapa_text *problem, uint64_t *ret_clients);
/** Do what the route of wallboards wants; the result goes into `work`, its rc is returned. */
sapa_rc sapa_web_wall(const struct sapa_web_files *files, struct sapa_web_work *work);

#endif
