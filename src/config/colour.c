#include "config/colour.h"

sapa_rc sapa_colour_parse(struct sapa_str text, uint32_t *ret_colour)
{
    uint32_t colour = 0;

    if (text.n != 7 || text.p[0] != '#')
        return SAPA_EINVAL;
    for (size_t i = 1; i < text.n; i++) {
        const char c = text.p[i];
        const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
        if (digit < 0)
            return SAPA_EINVAL;
        colour = colour << 4 | (uint32_t)digit;
    }
    *ret_colour = colour;
    return SAPA_OK;
}

/* x to the power of 2.4, 0 < x <= 1: x squared times the fifth root of x squared, by Newton. */
static double power(double x)
{
    const double square = x * x;
    double root = 1;

    for (int i = 0; i < 60; i++)
        root -= (root - square / (root * root * root * root)) / 5;
    return square * root;
}

static double linear(uint32_t part)
{
    const double c = part / 255.0;

    return c <= 0.04045 ? c / 12.92 : power((c + 0.055) / 1.055);
}

static double luminance(uint32_t colour)
{
    return 0.2126 * linear(colour >> 16 & 0xff) + 0.7152 * linear(colour >> 8 & 0xff) + 0.0722 * linear(colour & 0xff);
}

uint32_t sapa_colour_contrast_x100(uint32_t a, uint32_t b)
{
    const double x = luminance(a) + 0.05, y = luminance(b) + 0.05;

    return (uint32_t)((x > y ? x / y : y / x) * 100 + 1e-9);
}

/* `step` of 255 on the way to black or white. */
static uint32_t moved(uint32_t colour, bool lighter, uint32_t step)
{
    uint32_t out = 0;

    for (unsigned shift = 0; shift < 24; shift += 8) {
        const uint32_t part = colour >> shift & 0xff;
        out |= (lighter ? part + (255 - part) * step / 255 : part * (255 - step) / 255) << shift;
    }
    return out;
}

uint32_t sapa_colour_readable(uint32_t colour, uint32_t words)
{
    const bool lighter = luminance(words) < 0.18; /* dark words want light under them */
    uint32_t step = 0;

    while (step < 255 && sapa_colour_contrast_x100(moved(colour, lighter, step), words) < SAPA_COLOUR_CONTRAST_X100)
        step++;
    return moved(colour, lighter, step);
}
