/* Fuzz: method, path, query and body of a request: "M path\nname=value&…\nbody"; the body as a webhook's address, too. */
#include "http/hook.h"
#include "http/route.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sapa_str rest, query;
    const struct sapa_str path = sapa_str_cut((struct sapa_str){ (const char *)data + (size > 0), size - (size > 0) }, '\n', &rest);
    struct sapa_str body;
    struct sapa_params params;
    struct sapa_text problem;
    enum sapa_route_id id;
    char buf[256];
    json_t *read = NULL;

    query = sapa_str_cut(rest, '\n', &body);
    sapa_text_init(&problem, buf, sizeof(buf));
    if (size == 0 || sapa_route_find(data[0] % (SAPA_METHOD_COUNT + 1), path, &params, &problem, &id) != SAPA_OK)
        return 0;
    while (query.n > 0) {
        struct sapa_str value;
        const struct sapa_str name = sapa_str_cut(sapa_str_cut(query, '&', &query), '=', &value);
        if (sapa_route_query(id, name, value, &params, &problem) != SAPA_OK)
            sapa_assert(problem.n > 0);
    }
    for (unsigned i = 0; i < params.count; i++)
        sapa_assert(strlen(params.of[i].value) > 0);
    if (sapa_hook_url_check(body, &problem) != SAPA_OK)
        sapa_assert(problem.n > 0);
    if (sapa_route(id)->body < SAPA_SCHEMA_COUNT && sapa_route_body(id, body, &problem, &read) == SAPA_OK)
        sapa_assert(json_is_object(read));
    json_decref(read);
    return 0;
}
