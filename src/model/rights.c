#include "model/rights.h"

static const struct { const char *name; uint32_t rights; } roles[SAPA_ROLE_COUNT] = {
#define X(id, name, rights) { name, rights },
    SAPA_ROLES(X)
#undef X
};

static const struct { const char *name, *text; } rights_of[SAPA_RIGHT_COUNT] = {
#define X(id, name, text) { name, text },
    SAPA_RIGHTS(X)
#undef X
};

const char *sapa_role_name(unsigned role)
{
    return role < SAPA_ROLE_COUNT ? roles[role].name : "?";
}

enum sapa_role sapa_role_of(struct sapa_str name)
{
    unsigned role = 0;

    while (role < SAPA_ROLE_COUNT && !sapa_str_eq(name, sapa_str_of(roles[role].name)))
        role++;
    return (enum sapa_role)role;
}

uint32_t sapa_role_rights(unsigned role)
{
    return role < SAPA_ROLE_COUNT ? roles[role].rights : 0;
}

const char *sapa_right_name(unsigned right)
{
    return right < SAPA_RIGHT_COUNT ? rights_of[right].name : "?";
}

const char *sapa_right_text(unsigned right)
{
    return right < SAPA_RIGHT_COUNT ? rights_of[right].text : "?";
}
