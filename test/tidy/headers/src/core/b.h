/**
 * @file core/b.h
 */
#ifndef SAPA_CORE_B_H
#define SAPA_CORE_B_H

int sapa_b(void);

#endif
