#include "format/write.h"

#include <stdio.h>

#include "bpf/image.h"
#include "format/read.h"

bool writing_lossy(struct writing *writing, const char *format, ...)
{
	char text[CG_MESSAGE_MAX - 64];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (writing->options->nearest)
		return writing_note(writing, "%s", text);
	return fail(writing->err, CG_E_MEANING,
		    "%s; the nearest form lets no more through", text);
}

bool writing_note(struct writing *writing, const char *format, ...)
{
	va_list arguments;
	bool ok;

	va_start(arguments, format);
	ok = notes_add(&writing->notes, writing->arena, writing->err,
		       (struct place){ 0 }, format, arguments);
	va_end(arguments);
	return ok;
}

unsigned char *writing_bytes(struct writing *writing, size_t *length)
{
	unsigned char *bytes;

	*length = writing->insn_count * INSN_SIZE;
	bytes = arena_array(writing->arena, unsigned char, *length);
	if (bytes)
		image_write(writing->insns, writing->insn_count,
			    writing->policy->resolved->big_endian, bytes);
	return bytes;
}
