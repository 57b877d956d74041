/**
 * @file core/expr.h
 * Evaluates the expressions of flows: a small stack machine, total and bounded.
 *
 * Every expression ends after at most SAPA_EXPR_OPS_MAX operations (jumps go forward only) and needs
 * no memory but the result. It gives a value or says that there is none: arithmetic that overflows,
 * division by zero, a text that is no number, a text that grows too long, an expected wait while
 * nobody is ready.
 *
 * Room    core: pure.   Thread  any.   Tests  core/flow_test.c, config/expr_test.c
 */
#ifndef SAPA_CORE_EXPR_H
#define SAPA_CORE_EXPR_H

#include "core/flow.h"

/** A result. `text` may point into `scratch`, into the run, or into the flow: use it before those change. */
struct sapa_expr_result {
    int64_t number; /* bool 0/1, ms, minor units, yyyymmdd, minutes of the day */
    struct sapa_str text;
    uint16_t scratch_n;
    char scratch[512];
};

/**
 * Evaluate expression `expr` of `flow`.
 * @retval SAPA_EINVAL  there is no value (see above); *ret holds 0 and an empty text
 */
SAPA_MUST_CHECK sapa_rc sapa_expr_eval(const struct sapa_flow_env *env,
                                       const struct sapa_flow *flow,
                                       const struct sapa_flow_run *run, uint32_t expr,
                                       struct sapa_expr_result *ret);

/**
 * Is the bytecode sound: known operations, indices in range, jumps forward and inside, the stack
 * never empty or too deep, one value at the end? The compiler asks this of all it makes.
 */
bool sapa_expr_sound(const struct sapa_centre *centre, const struct sapa_flow *flow, uint32_t expr);

/** Type and argument kind of a fact, see SAPA_FACTS. */
struct sapa_fact_info {
    struct sapa_str name;
    uint8_t type;
    uint8_t argument;
};
const struct sapa_fact_info *sapa_fact_info(enum sapa_fact fact);

/** Today at the client as yyyymmdd, and the minute of the day and weekday (1 Monday … 7 Sunday). */
int32_t sapa_flow_today(const struct sapa_flow_env *env, int32_t *ret_minute, int32_t *ret_weekday);

/** Text variable or text form of a variable of the run. Numbers are written to `out`. */
void sapa_flow_value_text(const struct sapa_flow *flow, const struct sapa_flow_run *run,
                          uint32_t variable, struct sapa_text *out);

#endif
