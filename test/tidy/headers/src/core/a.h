/**
 * @file core/a.h
 */
#ifndef SAPA_CORE_A_H
#define SAPA_CORE_A_H

size_t sapa_a(void);

#endif
