#include "base/sha256.h"

#include <stdint.h>
#include <string.h>

enum { BLOCK = 64, ROUNDS = 64, LENGTH_AT = 56 };

/* The first 32 bits of the fractions of the cube roots of 64 primes. */
static const uint32_t constants[ROUNDS] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1,
	0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
	0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
	0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
	0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
	0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
	0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
	0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t turn(uint32_t word, unsigned bits)
{
	return word >> bits | word << (32 - bits);
}

static void schedule(const unsigned char *block, uint32_t words[ROUNDS])
{
	for (size_t i = 0; i < 16; i++)
		words[i] = (uint32_t)block[4 * i] << 24 |
			   (uint32_t)block[4 * i + 1] << 16 |
			   (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
	for (size_t i = 16; i < ROUNDS; i++) {
		uint32_t a = words[i - 15], b = words[i - 2];

		words[i] = words[i - 16] + words[i - 7] +
			   (turn(a, 7) ^ turn(a, 18) ^ a >> 3) +
			   (turn(b, 17) ^ turn(b, 19) ^ b >> 10);
	}
}

/*
 * One round. Where the eight words stand in the state turns by one each time,
 * instead of the words themselves.
 */
static inline void
mix_word(uint32_t state[8], unsigned round, uint32_t constant_and_word)
{
	uint32_t *const h = &state[(7u - round) & 7];
	const uint32_t a = state[(0u - round) & 7], b = state[(1u - round) & 7],
		       c = state[(2u - round) & 7], e = state[(4u - round) & 7],
		       f = state[(5u - round) & 7], g = state[(6u - round) & 7];
	const uint32_t first = *h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) +
			       ((e & f) ^ (~e & g)) + constant_and_word;

	state[(3u - round) & 7] += first;
	*h = first + (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) +
	     ((a & b) ^ (a & c) ^ (b & c));
}

static void mix(uint32_t state[8], const unsigned char *block)
{
	uint32_t words[ROUNDS], s[8];

	schedule(block, words);
	memcpy(s, state, sizeof(s));
	/* Eight at once, so that each knows its words while compiling. */
	for (unsigned i = 0; i < ROUNDS; i += 8) {
		mix_word(s, 0, constants[i] + words[i]);
		mix_word(s, 1, constants[i + 1] + words[i + 1]);
		mix_word(s, 2, constants[i + 2] + words[i + 2]);
		mix_word(s, 3, constants[i + 3] + words[i + 3]);
		mix_word(s, 4, constants[i + 4] + words[i + 4]);
		mix_word(s, 5, constants[i + 5] + words[i + 5]);
		mix_word(s, 6, constants[i + 6] + words[i + 6]);
		mix_word(s, 7, constants[i + 7] + words[i + 7]);
	}
	for (size_t i = 0; i < 8; i++)
		state[i] += s[i];
}

void sha256(const void *bytes, size_t length, unsigned char out[SHA256_SIZE])
{
	uint32_t state[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
			      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };
	unsigned char last[2 * BLOCK] = { 0 };
	const unsigned char *at = bytes;
	size_t left = length, size;

	for (; left >= BLOCK; left -= BLOCK, at += BLOCK)
		mix(state, at);
	if (left)
		memcpy(last, at, left);
	last[left] = 0x80;
	size = left < LENGTH_AT ? BLOCK : 2 * BLOCK;
	for (size_t i = 0; i < 8; i++)
		last[size - 1 - i] =
			(unsigned char)((uint64_t)length * 8 >> 8 * i);
	mix(state, last);
	if (size > BLOCK)
		mix(state, last + BLOCK);
	for (size_t i = 0; i < SHA256_SIZE; i++)
		out[i] = (unsigned char)(state[i / 4] >> (24 - 8 * (i % 4)));
}

void sha256_text(const void *bytes, size_t length, char out[SHA256_TEXT])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char hash[SHA256_SIZE];

	sha256(bytes, length, hash);
	for (size_t i = 0; i < SHA256_SIZE; i++) {
		out[2 * i] = digits[hash[i] >> 4];
		out[2 * i + 1] = digits[hash[i] & 15];
	}
	out[2 * SHA256_SIZE] = '\0';
}
