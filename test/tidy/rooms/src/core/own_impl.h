/**
 * @file core/own_impl.h
 */
#ifndef SAPA_CORE_OWN_IMPL_H
#define SAPA_CORE_OWN_IMPL_H

int sapa_own(void);

#endif
