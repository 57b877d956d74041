/* The dictionary of figures, as reports have it (report/figure.h): a number on a page leads to what it means. */
#include "base/log.h"
#include "http/target.h"
#include "http/web_impl.h"
#include "report/figure.h"

void sapa_web_goals_load(struct sapa_web *web)
{
    static struct sapa_goals goals; /* the web thread's alone */

    if (sapa_targets_load(web->options.store, &goals) != SAPA_OK) {
        sapa_log(SAPA_LOG_ERROR, "web.targets", "the targets cannot be read; those read before stay, ignoring");
        return;
    }
    sapa_mirror_goals(&web->mirror, &goals);
    sapa_feed_tick(web->feed);
}

static bool is_live(const char *key)
{
    for (unsigned i = 0; i < SAPA_LIVE_FIGURE_COUNT; i++) {
        if (strcmp(sapa_live_figure_key(i), key) == 0)
            return true;
    }
    return false;
}

void sapa_web_figures(struct web_request *rq)
{
    struct sapa_json *out = &rq->out;

    sapa_json_items(out);
    for (uint32_t i = 0; i < sapa_figure_count(); i++) {
        struct sapa_figure figure;
        char rows[96];
        struct sapa_text text;
        sapa_figure_get(i, &figure);
        if (figure.is_outer)
            continue; /* no row has it */
        sapa_text_init(&text, rows, sizeof(rows));
        sapa_rows_print(figure.rows, &text);
        sapa_json_open(out, '{');
        sapa_json_add_text(out, "id", sapa_str_of(figure.key));
        sapa_json_add_text(out, "id_name", sapa_str_of(figure.name[SAPA_LANGUAGE_ID]));
        sapa_json_add_text(out, "en_name", sapa_str_of(figure.name[SAPA_LANGUAGE_EN]));
        sapa_json_add_text(out, "kind", sapa_str_of(sapa_figure_kind_name((enum sapa_figure_kind)figure.kind)));
        sapa_json_add_text(out, "unit", sapa_str_of(sapa_unit_name((enum sapa_unit)figure.unit)));
        sapa_json_add_text(out, "text", sapa_str_of(figure.text));
        sapa_json_add_text(out, "formula", sapa_str_of(figure.formula ? figure.formula : ""));
        sapa_json_add_text(out, "edge", sapa_str_of(figure.edge ? figure.edge : ""));
        sapa_json_add_text(out, "rows", sapa_text_str(&text));
        sapa_json_add_bool(out, "live", is_live(figure.key));
        sapa_json_add_text(out, "better", sapa_str_of(sapa_better_name(figure.better)));
        sapa_json_close(out, '}');
    }
    sapa_json_items_end(out);
    sapa_web_ready(rq);
}
