#include "model/prompt_keys.h"

#include "base/base.h"

static const char *const keys[SAPA_PROMPT_ID_COUNT] = {
#define X(id, key, indonesian, english) [SAPA_PROMPT_ID_##id] = key,
    SAPA_PROMPT_KEYS(X)
#undef X
};

const char *sapa_prompt_key(enum sapa_prompt_id id)
{
    return (unsigned)id < SAPA_PROMPT_ID_COUNT ? keys[id] : "?";
}
