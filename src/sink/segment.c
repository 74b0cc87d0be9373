#include "sink/segment.h"

#include <string.h>

#include "base/num.h"

static const char magic[7] = { 'C', 'G', 's', 'p', 'o', 'o', 'l' };
static const char mark[4] = { 'C', 'G', 'c', 'u' };

static void put(unsigned char *out, uint64_t number, int bytes)
{
	for (int i = 0; i < bytes; i++)
		out[i] = (unsigned char)(number >> 8 * i);
}

static uint64_t get(const unsigned char *bytes, int count)
{
	uint64_t number = 0;

	while (count--)
		number = number << 8 | bytes[count];
	return number;
}

void segment_header(unsigned char out[SEGMENT_HEADER], uint64_t first)
{
	memcpy(out, magic, sizeof(magic));
	out[sizeof(magic)] = SEGMENT_VERSION;
	put(out + 8, first, 8);
}

enum segment_answer
segment_is(const unsigned char *bytes, size_t length, uint64_t *first)
{
	if (length < SEGMENT_HEADER || memcmp(bytes, magic, sizeof(magic)) != 0)
		return SEGMENT_NONE;
	if (bytes[sizeof(magic)] != SEGMENT_VERSION)
		return SEGMENT_NEWER;
	*first = get(bytes + 8, 8);
	return SEGMENT_OURS;
}

/* Hexadecimal digits are half as long as bytes; what is none becomes 0. */
static void put_id(unsigned char out[16], const char *id)
{
	memset(out, 0, 16);
	for (int i = 0; i < SPOOL_ID - 1 && id[i]; i++) {
		unsigned digit = num_digit(id[i]);

		if (digit < 16)
			out[i / 2] |= (unsigned char)(digit << (i % 2 ? 0 : 4));
	}
}

static void get_id(char out[SPOOL_ID], const unsigned char bytes[16])
{
	for (int i = 0; i < SPOOL_ID - 1; i++)
		out[i] = "0123456789abcdef"[bytes[i / 2] >> (i % 2 ? 0 : 4) &
					    15];
	out[SPOOL_ID - 1] = '\0';
}

void segment_record(unsigned char out[SEGMENT_RECORD],
		    const struct spool_item *item)
{
	uint32_t crc;

	put(out, item->length, 4);
	put(out + 8, item->time, 8);
	put_id(out + 16, item->id);
	/* Over the length, too, or one bit of it would lead astray. */
	crc = spool_crc(0, out, 4);
	crc = spool_crc(crc, out + 8, SEGMENT_RECORD - 8);
	crc = spool_crc(crc, item->text, item->length);
	put(out + 4, crc, 4);
}

bool segment_read(const unsigned char *bytes, size_t length,
		  struct spool_item *out, size_t *size)
{
	uint64_t text;
	uint32_t crc;

	if (length < SEGMENT_RECORD)
		return false;
	text = get(bytes, 4);
	if (text > SPOOL_TEXT_MAX || length - SEGMENT_RECORD < text)
		return false;
	crc = spool_crc(0, bytes, 4);
	crc = spool_crc(crc, bytes + 8, SEGMENT_RECORD - 8 + text);
	if (crc != get(bytes + 4, 4))
		return false;
	out->time = get(bytes + 8, 8);
	get_id(out->id, bytes + 16);
	out->text = (const char *)bytes + SEGMENT_RECORD;
	out->length = text;
	*size = SEGMENT_RECORD + text;
	return true;
}

void cursor_write(unsigned char out[CURSOR_SIZE], uint64_t turn, uint64_t next)
{
	memcpy(out, mark, sizeof(mark));
	put(out + 8, turn, 8);
	put(out + 16, next, 8);
	put(out + 4, spool_crc(0, out + 8, 16), 4);
}

bool cursor_read(const unsigned char bytes[CURSOR_SIZE], uint64_t *turn,
		 uint64_t *next)
{
	if (memcmp(bytes, mark, sizeof(mark)) != 0 ||
	    spool_crc(0, bytes + 8, 16) != get(bytes + 4, 4))
		return false;
	*turn = get(bytes + 8, 8);
	*next = get(bytes + 16, 8);
	return true;
}
