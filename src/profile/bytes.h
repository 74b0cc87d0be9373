/*
 * profile/bytes.h - numbers out of foreign bytes, each with its bound.
 *
 * What lies outside reads as zero and is told by bytes_has(); no function here
 * ever looks past the end. All files that we read are little endian.
 */
#ifndef PROFILE_BYTES_H
#define PROFILE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct bytes {
	const unsigned char *at; /* NULL only where size is 0 */
	size_t size;
};

static inline bool
bytes_has(struct bytes bytes, uint64_t offset, uint64_t length)
{
	return offset <= bytes.size && length <= bytes.size - offset;
}

/* `length` bytes from `offset`; empty if they are not all there. */
static inline struct bytes
bytes_part(struct bytes bytes, uint64_t offset, uint64_t length)
{
	if (!length || !bytes_has(bytes, offset, length))
		return (struct bytes){ NULL, 0 };
	return (struct bytes){ bytes.at + offset, (size_t)length };
}

/* A number of `size` bytes, 1 to 8. */
static inline uint64_t
bytes_number(struct bytes bytes, uint64_t offset, unsigned size)
{
	uint64_t value = 0;

	if (!bytes_has(bytes, offset, size))
		return 0;
	for (unsigned i = 0; i < size; i++)
		value |= (uint64_t)bytes.at[offset + i] << (8 * i);
	return value;
}

static inline uint8_t bytes_u8(struct bytes bytes, uint64_t offset)
{
	return (uint8_t)bytes_number(bytes, offset, 1);
}

static inline uint16_t bytes_u16(struct bytes bytes, uint64_t offset)
{
	return (uint16_t)bytes_number(bytes, offset, 2);
}

static inline uint32_t bytes_u32(struct bytes bytes, uint64_t offset)
{
	return (uint32_t)bytes_number(bytes, offset, 4);
}

static inline uint64_t bytes_u64(struct bytes bytes, uint64_t offset)
{
	return bytes_number(bytes, offset, 8);
}

/* A signed number of `size` bytes. */
static inline int64_t
bytes_signed(struct bytes bytes, uint64_t offset, unsigned size)
{
	const unsigned spare = 64 - 8 * size;

	return (int64_t)(bytes_number(bytes, offset, size) << spare) >> spare;
}

/*
 * No name or path is longer. Without a bound, a million names that all have
 * the same end, far away, take as long to read as the square of their file.
 */
enum { BYTES_TEXT_MAX = 1 << 16 };

/* The text at `offset`, or NULL if no NUL ends it inside and in time. */
static inline const char *bytes_text(struct bytes bytes, uint64_t offset)
{
	size_t left;

	if (offset >= bytes.size)
		return NULL;
	left = bytes.size - (size_t)offset;
	if (left > BYTES_TEXT_MAX)
		left = BYTES_TEXT_MAX;
	if (!memchr(bytes.at + offset, 0, left))
		return NULL;
	return (const char *)bytes.at + offset;
}

#endif
