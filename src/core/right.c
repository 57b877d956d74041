/*
 * Rights to call: nothing is allowed that the description does not allow.
 */
#include "core/right.h"

enum sapa_call_denial sapa_right_to_call(const struct sapa_centre *centre, const struct sapa_call_wish *wish,
                                         int64_t now_us, uint32_t *ret_client, uint32_t *ret_from)
{
    (void)centre;
    (void)now_us;
    if (wish->kind == SAPA_TARGET_OUTSIDE)
        return SAPA_DENIAL_RIGHT;
    *ret_client = *ret_from = SAPA_NONE;
    return SAPA_DENIAL_NONE;
}
