/* base/sha256.h - the SHA-256 of some bytes (FIPS 180-4). */
#ifndef BASE_SHA256_H
#define BASE_SHA256_H

#include <stddef.h>

enum { SHA256_SIZE = 32, SHA256_TEXT = 2 * SHA256_SIZE + 1 };

void sha256(const void *bytes, size_t length, unsigned char out[SHA256_SIZE]);

/* The same as 64 lower-case hexadecimal digits, and a NUL. */
void sha256_text(const void *bytes, size_t length, char out[SHA256_TEXT]);

#endif
