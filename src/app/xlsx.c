#include "app/xlsx.h"

#include <stdlib.h>
#include <xlsxwriter.h>

enum { FIGURES_MAX = 512, ROWS_MAX = 1048575, FIXED_COLUMNS = 4 };

struct sapa_xlsx {
    lxw_workbook *book;
    lxw_worksheet *sheet;
    lxw_format *head, *moment, *duration, *ratio, *money, *points, *count, *wrap;
    enum sapa_language language;
    struct sapa_str currency;
    uint32_t columns, rows;
    bool too_many;
    lxw_error error; /* the first */
    bool shown[FIGURES_MAX];
};

static void note(struct sapa_xlsx *xlsx, lxw_error error)
{
    if (xlsx->error == LXW_NO_ERROR)
        xlsx->error = error;
}

static lxw_format *format(struct sapa_xlsx *xlsx, const char *number)
{
    lxw_format *made = workbook_add_format(xlsx->book);

    if (made)
        format_set_num_format(made, number);
    return made;
}

sapa_rc sapa_xlsx_open(const char *path, enum sapa_language language, struct sapa_str currency, struct sapa_xlsx **ret_xlsx)
{
    struct sapa_xlsx *xlsx = calloc(1, sizeof(*xlsx));

    if (!xlsx)
        return SAPA_ENOMEM;
    xlsx->book = workbook_new(path);
    if (!xlsx->book) {
        free(xlsx);
        return SAPA_ENOMEM;
    }
    xlsx->language = language;
    xlsx->currency = currency.n > 0 ? currency : SAPA_STR("IDR");
    xlsx->head = workbook_add_format(xlsx->book);
    xlsx->wrap = workbook_add_format(xlsx->book);
    if (xlsx->head) {
        format_set_bold(xlsx->head);
        format_set_text_wrap(xlsx->head);
        format_set_align(xlsx->head, LXW_ALIGN_VERTICAL_TOP);
        format_set_bg_color(xlsx->head, 0xDDE6EE);
    }
    if (xlsx->wrap) {
        format_set_text_wrap(xlsx->wrap);
        format_set_align(xlsx->wrap, LXW_ALIGN_VERTICAL_TOP);
    }
    xlsx->moment = format(xlsx, "yyyy-mm-dd hh:mm");
    xlsx->duration = format(xlsx, "[h]:mm:ss");
    xlsx->ratio = format(xlsx, "0.0%");
    xlsx->money = format(xlsx, "#,##0.00");
    xlsx->points = format(xlsx, "0.00");
    xlsx->count = format(xlsx, "#,##0");
    *ret_xlsx = xlsx;
    return SAPA_OK;
}

static void put_text(struct sapa_xlsx *xlsx, uint32_t row, uint32_t at, struct sapa_str text, lxw_format *how)
{
    char buf[512];
    struct sapa_text copy;

    sapa_text_init(&copy, buf, sizeof(buf));
    for (size_t i = 0; i < text.n; i++) /* control characters are no XML */
        sapa_text_char(&copy, (uint8_t)text.p[i] < 0x20 ? ' ' : text.p[i]);
    note(xlsx, worksheet_write_string(xlsx->sheet, row, (lxw_col_t)at, buf, how));
}

static void put_column(void *ctx, uint32_t at, const char *key, const char *name, enum sapa_cell_kind kind,
                       enum sapa_unit unit)
{
    struct sapa_xlsx *xlsx = ctx;
    char buf[160];
    struct sapa_text heading;
    const uint32_t figure = sapa_figure_find(sapa_str_of(key));
    const bool id = xlsx->language == SAPA_LANGUAGE_ID;

    if (at >= FIXED_COLUMNS && figure < FIGURES_MAX)
        xlsx->shown[figure] = true;
    sapa_text_init(&heading, buf, sizeof(buf));
    sapa_text_add(&heading, sapa_str_of(name));
    if (unit == SAPA_UNIT_MONEY)
        sapa_text_printf(&heading, " (" SAPA_STR_FMT ")", SAPA_STR_ARG(xlsx->currency));
    else if (kind == SAPA_CELL_NUMBER && unit == SAPA_UNIT_MS)
        sapa_text_add(&heading, id ? SAPA_STR(" (j:m:d)") : SAPA_STR(" (h:m:s)"));
    else if (kind == SAPA_CELL_NUMBER && unit == SAPA_UNIT_RATIO)
        sapa_text_add(&heading, SAPA_STR(" (%)"));
    put_text(xlsx, 0, at, sapa_text_str(&heading), xlsx->head);
    note(xlsx, worksheet_set_column(xlsx->sheet, (lxw_col_t)at, (lxw_col_t)at, kind == SAPA_CELL_MOMENT ? 17 : kind == SAPA_CELL_TEXT ? 22 : 12, NULL));
    xlsx->columns = SAPA_MAX(xlsx->columns, at + 1);
}

static void put_number(struct sapa_xlsx *xlsx, uint32_t row, uint32_t at, const struct sapa_cell *cell)
{
    double value = (double)cell->value;
    lxw_format *how = xlsx->count;

    switch (cell->unit) {
    case SAPA_UNIT_MS:
        value /= 86400000.0; /* of a day */
        how = xlsx->duration;
        break;
    case SAPA_UNIT_RATIO:
        value /= 1000000.0;
        how = xlsx->ratio;
        break;
    case SAPA_UNIT_POINTS:
        value /= 1000000.0;
        how = xlsx->points;
        break;
    case SAPA_UNIT_MONEY:
        value /= 100.0;
        how = xlsx->money;
        break;
    case SAPA_UNIT_COUNT:
    case SAPA_UNIT_MOMENT: break;
    }
    note(xlsx, worksheet_write_number(xlsx->sheet, row, (lxw_col_t)at, value, how));
}

static void put_cell(void *ctx, uint32_t row, uint32_t at, const struct sapa_cell *cell)
{
    struct sapa_xlsx *xlsx = ctx;

    if (row >= ROWS_MAX) {
        xlsx->too_many = true;
        return;
    }
    xlsx->rows = SAPA_MAX(xlsx->rows, row + 1);
    row++; /* below the heading */
    switch (cell->kind) {
    case SAPA_CELL_EMPTY: break;
    case SAPA_CELL_TEXT: put_text(xlsx, row, at, cell->text, NULL); break;
    case SAPA_CELL_MOMENT: /* the local clock: a workbook knows no zones; day 25569 is 1970-01-01 */
        note(xlsx, worksheet_write_number(xlsx->sheet, row, (lxw_col_t)at,
                                          25569.0 + ((double)cell->value / 1e6 + cell->offset_s) / 86400.0, xlsx->moment));
        break;
    case SAPA_CELL_NUMBER: put_number(xlsx, row, at, cell); break;
    }
}

/* The sheet is full: its heading stays in view, and its columns can be filtered. */
static void end_sheet(struct sapa_xlsx *xlsx)
{
    if (!xlsx->sheet)
        return;
    worksheet_freeze_panes(xlsx->sheet, 1, FIXED_COLUMNS);
    if (xlsx->rows > 0 && xlsx->columns > 0)
        note(xlsx, worksheet_autofilter(xlsx->sheet, 0, 0, xlsx->rows, (lxw_col_t)(xlsx->columns - 1)));
    xlsx->sheet = NULL;
    xlsx->rows = xlsx->columns = 0;
}

sapa_rc sapa_xlsx_add(struct sapa_xlsx *xlsx, const char *name, struct sapa_sheet *ret_sheet)
{
    end_sheet(xlsx);
    xlsx->sheet = workbook_add_worksheet(xlsx->book, name);
    if (!xlsx->sheet)
        return SAPA_EINVAL;
    *ret_sheet = (struct sapa_sheet){ put_column, put_cell, xlsx };
    return SAPA_OK;
}

static void add_definitions(struct sapa_xlsx *xlsx)
{
    static const char *const headings[][SAPA_LANGUAGE_COUNT] = {
        { "Angka", "Figure" }, { "Kunci", "Key" }, { "Satuan", "Unit" }, { "Arti", "Meaning" }, { "Rumus", "Formula" },
        { "Batas", "Edge cases" },
    };
    static const double widths[] = { 28, 26, 10, 60, 50, 50 };
    struct sapa_figure figure;
    uint32_t row = 0;

    end_sheet(xlsx);
    xlsx->sheet = workbook_add_worksheet(xlsx->book, xlsx->language == SAPA_LANGUAGE_ID ? "Definisi" : "Definitions");
    if (!xlsx->sheet)
        return;
    for (uint32_t i = 0; i < SAPA_COUNT(headings); i++) {
        put_text(xlsx, 0, i, sapa_str_of(headings[i][xlsx->language]), xlsx->head);
        note(xlsx, worksheet_set_column(xlsx->sheet, (lxw_col_t)i, (lxw_col_t)i, widths[i], NULL));
    }
    for (uint32_t i = 0; i < sapa_figure_count() && i < FIGURES_MAX; i++) {
        if (!xlsx->shown[i])
            continue;
        sapa_figure_get(i, &figure);
        const char *const cells[] = { figure.name[xlsx->language], figure.key, sapa_unit_name(figure.unit), figure.text,
                                      figure.formula, figure.edge };
        row++;
        for (uint32_t c = 0; c < SAPA_COUNT(cells); c++)
            put_text(xlsx, row, c, sapa_str_of(cells[c]), xlsx->wrap);
    }
    worksheet_freeze_panes(xlsx->sheet, 1, 1);
    xlsx->sheet = NULL;
}

sapa_rc sapa_xlsx_close(struct sapa_xlsx *xlsx, struct sapa_text *problem)
{
    sapa_rc rc = SAPA_OK;

    add_definitions(xlsx);
    const lxw_error error = workbook_close(xlsx->book); /* frees the book, also when it fails */
    note(xlsx, error);
    if (xlsx->too_many) {
        sapa_text_printf(problem, "a sheet holds %d rows at most: take a shorter time or longer intervals", (int)ROWS_MAX);
        rc = SAPA_ELIMIT;
    } else if (xlsx->error != LXW_NO_ERROR) {
        sapa_text_add(problem, sapa_str_of(lxw_strerror(xlsx->error)));
        rc = SAPA_EIO;
    }
    free(xlsx);
    return rc;
}
