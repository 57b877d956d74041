/**
 * @file core/b.h
 */
#ifndef SAPA_B_H
#define SAPA_B_H
	int sapa_a(void); 
#endif
