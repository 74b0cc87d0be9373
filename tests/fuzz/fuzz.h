/*
 * fuzz/fuzz.h - what each target is made of.
 *
 * A target is one reader of foreign bytes, with the promises that hold for all
 * input. clang's libFuzzer makes up the input; in an ordinary build replay.c
 * puts the corpus through instead.
 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* libFuzzer's name for it. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A promise. Ends the process where it is broken. */
static inline void must(bool kept, const char *promise)
{
	if (kept)
		return;
	fprintf(stderr, "broken promise: %s\n", promise);
	abort();
}

#endif
