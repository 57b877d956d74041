/* The OpenAPI 3.1 document, printed from the tables of route.h and schema.c. */
#include "http/schema_impl.h"

static bool is_schema(const char *name, size_t n)
{
    for (unsigned i = 0; i < SAPA_SCHEMA_COUNT; i++) {
        if (strlen(sapa_schema_rules[i].name) == n && memcmp(sapa_schema_rules[i].name, name, n) == 0)
            return true;
    }
    return false;
}

static void reference(struct sapa_json *out, const char *name, size_t n)
{
    char buf[96];
    struct sapa_text text;

    sapa_text_init(&text, buf, sizeof(buf));
    sapa_text_printf(&text, "#/components/schemas/%.*s", (int)n, name);
    sapa_json_open(out, '{');
    sapa_json_add_text(out, "$ref", sapa_text_str(&text));
    sapa_json_close(out, '}');
}

static void kind(struct sapa_json *out, const char *name, bool or_null)
{
    sapa_json_key(out, "type");
    if (or_null)
        sapa_json_open(out, '[');
    sapa_json_text(out, sapa_str_of(name));
    if (or_null) {
        sapa_json_text(out, SAPA_STR("null"));
        sapa_json_close(out, ']');
    }
}

static bool is(const char *type, size_t n, const char *name)
{
    return strlen(name) == n && memcmp(type, name, n) == 0;
}

/* The schema of a type word, without arrays. */
static void simple(struct sapa_json *out, const char *type, size_t n, bool or_null, const char *text)
{
    if (is_schema(type, n)) {
        if (!or_null) {
            reference(out, type, n);
            return;
        }
        sapa_json_open(out, '{');
        sapa_json_key(out, "anyOf");
        sapa_json_open(out, '[');
        reference(out, type, n);
        sapa_json_raw(out, SAPA_STR("{\"type\":\"null\"}"));
        sapa_json_close(out, ']');
        sapa_json_close(out, '}');
        return;
    }
    sapa_json_open(out, '{');
    if (memchr(type, '|', n)) {
        struct sapa_str rest = { type, n };
        kind(out, "string", or_null);
        sapa_json_key(out, "enum");
        sapa_json_open(out, '[');
        while (rest.n > 0)
            sapa_json_text(out, sapa_str_cut(rest, '|', &rest));
        if (or_null)
            sapa_json_null(out);
        sapa_json_close(out, ']');
    } else if (is(type, n, "id")) {
        kind(out, "string", or_null);
        sapa_json_add_text(out, "pattern", SAPA_STR("^[1-9][0-9]{0,19}$"));
    } else if (is(type, n, "time")) {
        kind(out, "string", or_null);
        sapa_json_add_text(out, "format", SAPA_STR("date-time"));
        sapa_json_add_text(out, "pattern", SAPA_STR("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(Z|[+-][0-9]{2}:[0-9]{2})$"));
    } else if (is(type, n, "key")) {
        kind(out, "string", or_null);
        sapa_json_add_number(out, "minLength", 1);
    } else if (is(type, n, "text")) {
        kind(out, "string", or_null);
        sapa_json_add_number(out, "minLength", 1);
    } else if (is(type, n, "note")) {
        kind(out, "string", or_null);
        sapa_json_add_number(out, "maxLength", SAPA_ROUTE_NOTE_MAX);
    } else if (!is(type, n, "any")) {
        char name[16];
        (void)sapa_str_copy((struct sapa_str){ type, n }, name, sizeof(name));
        kind(out, name, or_null);
        if (is(type, n, "integer"))
            sapa_json_add_number(out, "minimum", 0);
    }
    if (text && text[0])
        sapa_json_add_text(out, "description", sapa_str_of(text));
    sapa_json_close(out, '}');
}

static void typed(struct sapa_json *out, const char *type, const char *text)
{
    type += *type == '~';
    size_t n = strlen(type);
    const bool or_null = type[n - 1] == '?';

    n -= or_null;
    if (n > 6 && memcmp(type, "array:", 6) == 0) {
        sapa_json_open(out, '{');
        kind(out, "array", or_null);
        sapa_json_key(out, "items");
        simple(out, type + 6, n - 6, false, NULL);
        if (text[0])
            sapa_json_add_text(out, "description", sapa_str_of(text));
        sapa_json_close(out, '}');
    } else {
        simple(out, type, n, or_null, text);
    }
}

static void schema(struct sapa_json *out, const struct sapa_schema_rule *rule)
{
    sapa_json_key(out, rule->name);
    sapa_json_open(out, '{');
    sapa_json_add_text(out, "type", SAPA_STR("object"));
    sapa_json_add_bool(out, "additionalProperties", false);
    sapa_json_key(out, "required");
    sapa_json_open(out, '[');
    for (size_t i = 0; i < rule->count; i++) {
        if (rule->fields[i].type[0] != '~')
            sapa_json_text(out, sapa_str_of(rule->fields[i].name));
    }
    sapa_json_close(out, ']');
    sapa_json_key(out, "properties");
    sapa_json_open(out, '{');
    for (size_t i = 0; i < rule->count; i++) {
        sapa_json_key(out, rule->fields[i].name);
        typed(out, rule->fields[i].type, rule->fields[i].text);
    }
    sapa_json_close(out, '}');
    sapa_json_close(out, '}');
}

static void parameter(struct sapa_json *out, struct sapa_str name, const char *in)
{
    for (size_t i = 0; i < SAPA_PARAM_RULES; i++) {
        const struct sapa_field_rule *rule = &sapa_param_rules[i];
        if (!sapa_str_eq(name, sapa_str_of(rule->name)))
            continue;
        sapa_json_open(out, '{');
        sapa_json_add_text(out, "name", name);
        sapa_json_add_text(out, "in", sapa_str_of(in));
        sapa_json_add_bool(out, "required", in[0] == 'p');
        sapa_json_add_text(out, "description", sapa_str_of(rule->text));
        sapa_json_key(out, "schema");
        typed(out, rule->type, "");
        sapa_json_close(out, '}');
    }
}

static bool needs_if_match(const struct sapa_route *route)
{
    return route == sapa_route(SAPA_ROUTE_CENTRE_APPLY) || route == sapa_route(SAPA_ROUTE_CENTRE_RESTORE) || route == sapa_route(SAPA_ROUTE_GOALS_PUT) ||
           route == sapa_route(SAPA_ROUTE_SHIFTS_PUT);
}

static void parameters(struct sapa_json *out, const struct sapa_route *route)
{
    struct sapa_str rest = sapa_str_of(route->path);

    sapa_json_key(out, "parameters");
    sapa_json_open(out, '[');
    while (rest.n > 0) {
        const struct sapa_str word = sapa_str_cut(rest, '/', &rest);
        if (word.n > 2 && word.p[0] == '{')
            parameter(out, (struct sapa_str){ word.p + 1, word.n - 2 }, "path");
    }
    rest = sapa_str_of(route->params);
    while (rest.n > 0)
        parameter(out, sapa_str_cut(rest, ' ', &rest), "query");
    if (route->method != SAPA_GET)
        sapa_json_raw(out, SAPA_STR("{\"name\":\"Idempotency-Key\",\"in\":\"header\",\"required\":false,\"description\":\"the same key and "
                                    "body again within a day: the same answer, and nothing is done twice\",\"schema\":{\"type\":\"string\",\"maxLength\":64}}"));
    if (needs_if_match(route))
        sapa_json_raw(out, SAPA_STR("{\"name\":\"If-Match\",\"in\":\"header\",\"required\":true,\"description\":\"hash of the description in "
                                    "force (targets, shifts: their version), in quotes, as its ETag; without it 428, with another one 412\",\"schema\":{\"type\":\"string\"}}"));
    sapa_json_close(out, ']');
}

static void content(struct sapa_json *out, const char *type, unsigned which)
{
    sapa_json_key(out, "content");
    sapa_json_open(out, '{');
    sapa_json_key(out, type);
    sapa_json_open(out, '{');
    if (which < SAPA_SCHEMA_COUNT) {
        sapa_json_key(out, "schema");
        reference(out, sapa_schema_rules[which].name, strlen(sapa_schema_rules[which].name));
    }
    sapa_json_close(out, '}');
    sapa_json_close(out, '}');
}

static void operation(struct sapa_json *out, enum sapa_route_id id)
{
    static const char *const words[SAPA_METHOD_COUNT] = { "get", "post", "put", "delete" };
    const struct sapa_route *route = sapa_route(id);
    char status[8], name[32];
    struct sapa_text text;

    sapa_text_init(&text, name, sizeof(name));
    for (const char *c = route->name; *c; c++)
        sapa_text_char(&text, *c >= 'A' && *c <= 'Z' ? (char)(*c + 32) : *c);
    sapa_json_key(out, words[route->method]);
    sapa_json_open(out, '{');
    sapa_json_add_text(out, "operationId", sapa_text_str(&text));
    sapa_json_add_text(out, "summary", sapa_str_of(route->text));
    if (route->right < SAPA_RIGHT_COUNT) {
        char needs[64];
        sapa_text_init(&text, needs, sizeof(needs));
        sapa_text_printf(&text, "Needs the right %s.", sapa_right_name(route->right));
        sapa_json_add_text(out, "description", sapa_text_str(&text));
    } else if (sapa_route_is_open(id)) {
        sapa_json_key(out, "security");
        sapa_json_open(out, '[');
        sapa_json_close(out, ']');
    }
    parameters(out, route);
    if (route->body == SAPA_SCHEMA_YAML)
        sapa_json_key(out, "requestBody"), sapa_json_raw(out, SAPA_STR("{\"required\":true,\"content\":{\"application/yaml\":{\"schema\":{\"type\":\"string\",\"maxLength\":4194304}}}}"));
    if (route->body < SAPA_SCHEMA_COUNT) {
        sapa_json_key(out, "requestBody");
        sapa_json_open(out, '{');
        sapa_json_add_bool(out, "required", true);
        content(out, "application/json", route->body);
        sapa_json_close(out, '}');
    }
    sapa_json_key(out, "responses");
    sapa_json_open(out, '{');
    sapa_text_init(&text, status, sizeof(status));
    sapa_text_printf(&text, "%u", route->status);
    sapa_json_key(out, status);
    sapa_json_open(out, '{');
    sapa_json_add_text(out, "description", route->status == 101 ? SAPA_STR("switched to WebSocket") : SAPA_STR("done"));
    content(out, id == SAPA_ROUTE_METRICS ? "text/plain" : sapa_route_is_audio(id) ? "audio/wav" : "application/json", route->reply);
    sapa_json_close(out, '}');
    if (id == SAPA_ROUTE_READY) {
        sapa_json_key(out, "503");
        sapa_json_open(out, '{');
        sapa_json_add_text(out, "description", SAPA_STR("not ready"));
        content(out, "application/json", SAPA_SCHEMA_READY);
        sapa_json_close(out, '}');
    }
    if (sapa_route_is_audio(id))
        sapa_json_raw(out, SAPA_STR("\"206\":{\"description\":\"the range that was asked for\",\"content\":{\"audio/wav\":{}}}"));
    sapa_json_key(out, "default");
    sapa_json_open(out, '{');
    sapa_json_add_text(out, "description", SAPA_STR("a problem (RFC 9457)"));
    content(out, "application/problem+json", SAPA_SCHEMA_PROBLEM);
    sapa_json_close(out, '}');
    sapa_json_close(out, '}');
    sapa_json_close(out, '}');
}

void sapa_openapi(struct sapa_json *out)
{
    sapa_json_open(out, '{');
    sapa_json_add_text(out, "openapi", SAPA_STR("3.1.0"));
    sapa_json_key(out, "info");
    sapa_json_raw(out, SAPA_STR("{\"title\":\"Sapa\",\"version\":\"1\",\"description\":\"A contact centre. Ids are text; times are RFC 3339; what "
                                "belongs to a client that the token is not bound to answers 404. A write is answered when it stands in the log.\"}"));
    sapa_json_key(out, "security");
    sapa_json_raw(out, SAPA_STR("[{\"token\":[]}]"));
    sapa_json_key(out, "paths");
    sapa_json_open(out, '{');
    for (unsigned i = 0; i < SAPA_ROUTE_COUNT; i++) {
        bool said = false;
        for (unsigned k = 0; k < i; k++)
            said |= strcmp(sapa_route(k)->path, sapa_route(i)->path) == 0;
        if (said)
            continue;
        sapa_json_key(out, sapa_route(i)->path);
        sapa_json_open(out, '{');
        for (unsigned k = i; k < SAPA_ROUTE_COUNT; k++) {
            if (strcmp(sapa_route(k)->path, sapa_route(i)->path) == 0)
                operation(out, (enum sapa_route_id)k);
        }
        sapa_json_close(out, '}');
    }
    sapa_json_close(out, '}');
    sapa_json_key(out, "components");
    sapa_json_open(out, '{');
    sapa_json_key(out, "securitySchemes");
    sapa_json_raw(out, SAPA_STR("{\"token\":{\"type\":\"http\",\"scheme\":\"bearer\"}}"));
    sapa_json_key(out, "schemas");
    sapa_json_open(out, '{');
    for (unsigned i = 0; i < SAPA_SCHEMA_COUNT; i++)
        schema(out, &sapa_schema_rules[i]);
    sapa_json_close(out, '}');
    sapa_json_close(out, '}');
    sapa_json_close(out, '}');
}
