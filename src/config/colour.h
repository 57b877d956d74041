/**
 * @file config/colour.h
 * Colours of pages: are words legible on them?
 *
 * Contrast as WCAG 2.2 defines it (relative luminance of sRGB, 1.4.3: 4.5 to 1 for words of a usual size).
 * Room    config, pure.   Thread  any.   Tests  config/colour_test.c
 */
#ifndef SAPA_CONFIG_COLOUR_H
#define SAPA_CONFIG_COLOUR_H

#include "base/str.h"

enum {
    SAPA_COLOUR_LIGHT_WORDS = 0xffffff,
    SAPA_COLOUR_DARK_WORDS = 0x10151b, /* --page of the dark theme */
    SAPA_COLOUR_CONTRAST_X100 = 450,
};

/** "#0b5d2e" as 0xRRGGBB; case is ignored. SAPA_EINVAL */
SAPA_MUST_CHECK sapa_rc sapa_colour_parse(struct sapa_str text, uint32_t *ret_colour);
/** 100 … 2100, rounded down. */
uint32_t sapa_colour_contrast_x100(uint32_t a, uint32_t b);
/** The colour of the same hue that is nearest to this one and has enough contrast to the words: darker for light ones, lighter for dark ones. */
uint32_t sapa_colour_readable(uint32_t colour, uint32_t words);

#endif
