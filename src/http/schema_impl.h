/**
 * @file http/schema_impl.h
 * Every parameter and every object of the API, field by field (http/route.h tells the types).
 * Room    http, internal.
 */
#ifndef SAPA_HTTP_SCHEMA_IMPL_H
#define SAPA_HTTP_SCHEMA_IMPL_H

#include "http/route.h"

#define CHANNELS "voice|chat|email|sms|message|social|video|ticket"
#define DIRECTIONS "inbound|outbound|internal"

enum { SAPA_PARAM_RULES = 50 };
extern const struct sapa_field_rule sapa_param_rules[SAPA_PARAM_RULES];

struct sapa_schema_rule {
    const char *name;
    const struct sapa_field_rule *fields;
    size_t count;
};
extern const struct sapa_schema_rule sapa_schema_rules[SAPA_SCHEMA_COUNT];

#endif
