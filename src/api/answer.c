/* callgate/program.h: answers in words. */
#include <callgate/program.h>

#include "bpf/answer.h"

void cg_answer_print(uint32_t answer, const struct cg_abi *abi, char *out,
		     size_t size)
{
	answer_print(answer, abi, out, size);
}

const char *cg_answer_action(uint32_t answer)
{
	return answer_action(answer);
}
