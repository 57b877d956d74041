/**
 * @file core/a.h
 */
#ifndef SAPA_CORE_A_H
#define SAPA_CORE_A_H

int sapa_a_of(int value);

#endif
