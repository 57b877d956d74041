#include "base/base.h"

#include <stdio.h>
#include <stdlib.h>

static void (*assert_hook)(void);

const char *sapa_rc_name(sapa_rc rc)
{
    switch (rc) {
#define X(name, number, http, again, text) \
    case SAPA_##name: return #name;
        SAPA_RCS(X)
#undef X
    }
    return "?";
}

const char *sapa_rc_text(sapa_rc rc)
{
    switch (rc) {
#define X(name, number, http, again, text) \
    case SAPA_##name: return text;
        SAPA_RCS(X)
#undef X
    }
    return "unknown result";
}

void sapa_assert_hook(void (*hook)(void))
{
    assert_hook = hook;
}

void sapa_assert_failed(const char *cond, const char *file, int line)
{
    fprintf(stderr, "assertion failed: %s (%s:%d)\n", cond, file, line);
    if (assert_hook) {
        void (*hook)(void) = assert_hook;
        assert_hook = NULL; /* a failing hook must not come back here */
        hook();
    }
    abort();
}
