/* profile/read.h - what the instructions of a function mention. */
#ifndef PROFILE_READ_H
#define PROFILE_READ_H

#include "profile/reach.h"

/* Read the code of a function, once for all its entries. */
void read_function(struct reach *reach, uint32_t function);

/* For the reader: what it finds (reach.c). */
void reach_edge(struct reach *reach, uint64_t target, uint32_t region,
		struct cause cause);
void reach_site(struct reach *reach, uint64_t at, uint32_t region,
		uint8_t trap);
void reach_indirect(struct reach *reach, uint64_t at, uint32_t region,
		    bool jump);
void reach_store(struct reach *reach, uint64_t word, uint64_t at,
		 uint32_t region);

void reach_personality(struct reach *reach, uint64_t address, unsigned word,
		       struct cause cause);

#endif
