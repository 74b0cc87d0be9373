#include "profile/pack.h"

void pack_byte(struct packing *packing, unsigned byte)
{
	unsigned char *grown =
		arena_grow(packing->arena, packing->at, &packing->room,
			   packing->count + 1, 1);

	if (!grown) {
		packing->failed = true;
		return;
	}
	packing->at = grown;
	grown[packing->count++] = (unsigned char)byte;
}

void pack_distance(struct packing *packing, uint64_t distance)
{
	uint64_t left = distance << 1 ^ (distance >> 63 ? UINT64_MAX : 0);

	for (; left > 127; left >>= 7)
		pack_byte(packing, 128 | (left & 127));
	pack_byte(packing, (unsigned)left);
}

void pack_text(struct packing *packing, const char *text)
{
	pack_byte(packing, text != NULL);
	for (; text && *text; text++)
		pack_byte(packing, (unsigned char)*text);
	if (text)
		pack_byte(packing, 0);
}

unsigned unpack_byte(struct unpacking *unpacking)
{
	if (unpacking->at >= unpacking->from.size) {
		unpacking->failed = true;
		return 0;
	}
	return unpacking->from.at[unpacking->at++];
}

uint64_t unpack_distance(struct unpacking *unpacking)
{
	uint64_t value = 0;
	unsigned byte;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		byte = unpack_byte(unpacking);
		value |= (uint64_t)(byte & 127) << shift;
		if (!(byte & 128))
			return value >> 1 ^ (value & 1 ? UINT64_MAX : 0);
	}
	unpacking->failed = true;
	return 0;
}

size_t unpack_count(struct unpacking *unpacking)
{
	const uint64_t count = unpack_distance(unpacking);

	if (count > unpacking->from.size - unpacking->at) {
		unpacking->failed = true;
		return 0;
	}
	return (size_t)count;
}

const char *unpack_text(struct unpacking *unpacking)
{
	const char *text;

	if (!unpack_byte(unpacking))
		return NULL;
	text = bytes_text(unpacking->from, unpacking->at);
	if (!text) {
		unpacking->failed = true;
		return NULL;
	}
	unpacking->at += strlen(text) + 1;
	return text;
}
