#include "cli/bytes.h"

void bytes_add(const struct cg_program *program, struct buf *out)
{
	const struct cg_insn *insns;
	bool big = cg_program_big_endian(program);
	size_t count;

	insns = cg_program_insns(program, &count);
	for (size_t i = 0; i < count; i++) {
		const uint32_t k = insns[i].k;
		const unsigned char low[] = {
			(unsigned char)insns[i].code,
			(unsigned char)(insns[i].code >> 8),
			(unsigned char)k,
			(unsigned char)(k >> 8),
			(unsigned char)(k >> 16),
			(unsigned char)(k >> 24),
		};
		const char bytes[8] = {
			(char)low[big ? 1 : 0], (char)low[big ? 0 : 1],
			(char)insns[i].jt,      (char)insns[i].jf,
			(char)low[big ? 5 : 2], (char)low[big ? 4 : 3],
			(char)low[big ? 3 : 4], (char)low[big ? 2 : 5],
		};

		buf_add(out, bytes, sizeof(bytes));
	}
}
