/**
 * @file rt/clock.h
 */
#ifndef SAPA_RT_CLOCK_H
#define SAPA_RT_CLOCK_H

int sapa_clock(void);

#endif
