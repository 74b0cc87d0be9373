#include "bpf/image.h"

/* `size` bytes as a number; the first byte is the highest if big-endian. */
static uint32_t get(const unsigned char *bytes, unsigned size, bool big_endian)
{
	uint32_t value = 0;

	for (unsigned i = 0; i < size; i++)
		value = value << 8 | bytes[big_endian ? i : size - 1 - i];
	return value;
}

static void
put(unsigned char *bytes, unsigned size, bool big_endian, uint32_t value)
{
	for (unsigned i = 0; i < size; i++, value >>= 8)
		bytes[big_endian ? size - 1 - i : i] = (unsigned char)value;
}

void image_read(const unsigned char *bytes, size_t count, bool big_endian,
		struct cg_insn *out)
{
	for (size_t i = 0; i < count; i++, bytes += INSN_SIZE)
		out[i] = (struct cg_insn){
			.code = (uint16_t)get(bytes, 2, big_endian),
			.jt = bytes[2],
			.jf = bytes[3],
			.k = get(bytes + 4, 4, big_endian),
		};
}

void image_write(const struct cg_insn *insns, size_t count, bool big_endian,
		 unsigned char *out)
{
	for (size_t i = 0; i < count; i++, out += INSN_SIZE) {
		put(out, 2, big_endian, insns[i].code);
		out[2] = insns[i].jt;
		out[3] = insns[i].jf;
		put(out + 4, 4, big_endian, insns[i].k);
	}
}
