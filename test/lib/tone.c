/**
 * @file tone.c
 * What is heard in a WAV file: `sapa_tone FILE left|right|mono HZ [FROM_S [TO_S]]` prints the share, in percent, of
 * the windows of 50 ms in which this tone holds most of the power; with 0 Hz, in which anything is heard at all. For
 * tests that compare audio by content.
 */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WINDOW_MS = 50, HEAD_MAX = 4096 };

static uint32_t u32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static int16_t of_law(uint8_t byte, bool alaw)
{
    int value, segment;

    if (alaw) {
        byte ^= 0x55;
        segment = byte >> 4 & 7;
        value = (byte & 15) << 4;
        value = segment == 0 ? value + 8 : (value + 0x108) << (segment - 1);
        return (int16_t)(byte & 0x80 ? value : -value);
    }
    byte = (uint8_t)~byte;
    value = (((byte & 15) << 3) + 0x84) << (byte >> 4 & 7);
    return (int16_t)(byte & 0x80 ? 0x84 - value : value - 0x84);
}

/* Goertzel: the power of one frequency in a window, as a share of all of it. */
static double share(const double *x, size_t n, double hz, double rate)
{
    const double k = 2.0 * cos(2.0 * M_PI * hz / rate);
    double s1 = 0, s2 = 0, all = 0;

    for (size_t i = 0; i < n; i++) {
        const double s = x[i] + k * s1 - s2;
        s2 = s1, s1 = s;
        all += x[i] * x[i];
    }
    if (hz == 0)
        return all / (double)n < 100.0 ? 0.0 : 1.0;
    const double power = s1 * s1 + s2 * s2 - k * s1 * s2;
    return all / (double)n < 100.0 ? 0.0 : 2.0 * power / ((double)n * all); /* quieter than 10 of 32768 is silence */
}

int main(int argc, char **argv)
{
    FILE *f = argc >= 4 ? fopen(argv[1], "rb") : NULL;
    uint8_t head[HEAD_MAX];
    uint32_t rate = 0, channels = 0, format = 0, bits = 0, data_at = 0;

    if (!f) {
        fprintf(stderr, "usage: sapa_tone FILE.wav left|right|mono HZ [FROM_S [TO_S]]\n");
        return 2;
    }
    const size_t n = fread(head, 1, sizeof(head), f);
    for (size_t at = 12; n >= 44 && at + 8 <= n;) {
        const uint32_t size = u32(head + at + 4);
        if (memcmp(head + at, "fmt ", 4) == 0 && at + 24 <= n) {
            format = head[at + 8], channels = head[at + 10], rate = u32(head + at + 12), bits = head[at + 22];
        } else if (memcmp(head + at, "data", 4) == 0) {
            data_at = (uint32_t)at + 8;
            break;
        }
        if (size > n)
            break;
        at += 8 + size + (size & 1);
    }
    const size_t sample = bits / 8, frame = sample * channels;
    if (rate == 0 || data_at == 0 || channels < 1 || channels > 2 || !((format == 1 && bits == 16) || ((format == 6 || format == 7) && bits == 8))) {
        fprintf(stderr, "sapa_tone: %s: no WAV file of 16 bits or G.711 with one or two channels\n", argv[1]);
        return 2;
    }
    const size_t offset = strcmp(argv[2], "right") == 0 && channels == 2 ? sample : 0;
    const double hz = atof(argv[3]), from = argc > 4 ? atof(argv[4]) : 0, to = argc > 5 ? atof(argv[5]) : 1e9;
    const size_t window = rate * WINDOW_MS / 1000;
    uint8_t *bytes = malloc(window * frame);
    double *x = malloc(window * sizeof(double));
    unsigned windows = 0, heard = 0;
    if (!bytes || !x || fseek(f, (long)data_at, SEEK_SET) != 0)
        return 2;
    for (double at = 0; fread(bytes, frame, window, f) == window; at += WINDOW_MS / 1000.0) {
        if (at < from || at >= to)
            continue;
        for (size_t i = 0; i < window; i++) {
            const uint8_t *p = bytes + i * frame + offset;
            x[i] = format == 1 ? (int16_t)(p[0] | p[1] << 8) : of_law(*p, format == 6);
        }
        windows++;
        heard += share(x, window, hz, rate) > 0.5;
    }
    free(x);
    free(bytes);
    fclose(f);
    if (windows == 0) {
        fprintf(stderr, "sapa_tone: %s: nothing there\n", argv[1]);
        return 1;
    }
    printf("%u\n", heard * 100 / windows);
    return 0;
}
