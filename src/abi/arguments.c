/* abi/arguments.c - what each register of a call holds. */
#include "abi/doors.h"
#include "abi/layout.h"
#include "abi/tables.h"

/* The first of the layouts of a call, which stand together. */
static size_t layout_first(uint16_t call)
{
	size_t low = 0, high = layout_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (layout_rows[middle].call < call)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct layout *
layout_of(const struct cg_syscall *call, const struct cg_abi *abi)
{
	uint64_t bit = UINT64_C(1) << (abi - abi_rows);

	for (size_t i = layout_first(call->index);
	     i < layout_count && layout_rows[i].call == call->index; i++)
		if (layout_rows[i].abis & bit)
			return &layout_rows[i];
	return NULL;
}

static struct cg_argument
argument_make(const struct argument_row *row, const struct cg_abi *abi)
{
	uint8_t width = row->width ? row->width : abi->bits;

	return (struct cg_argument){
		.name = table_text + row->name,
		.type = table_text + row->type,
		.bits = width < abi->bits ? width : abi->bits,
		.is_signed = row->sign == TYPE_SIGNED,
		.is_pointer = row->sign == TYPE_POINTER,
		.flags = row->set,
	};
}

/* One half of an argument that is wider than a register. */
static struct cg_argument argument_half(const struct argument_row *row,
					const struct cg_abi *abi, bool high)
{
	struct cg_argument half = argument_make(row, abi);

	half.type = high ? "high half" : "low half";
	half.is_signed = half.is_signed && high;
	half.flags = 0;
	return half;
}

static struct cg_argument argument_in(const struct layout *layout,
				      unsigned place, const struct cg_abi *abi)
{
	unsigned part = layout->registers[place] & PART_MASK;
	unsigned which = layout->registers[place] & ~PART_MASK;
	const struct argument_row *row =
		&argument_rows[layout->arguments.first + which];

	switch (part) {
	case PART_WHOLE:
		return argument_make(row, abi);
	case PART_LOW:
	case PART_HIGH:
		return argument_half(row, abi, part == PART_HIGH);
	default:
		return (struct cg_argument){ .name = "",
					     .type = "",
					     .bits = abi->bits };
	}
}

bool cg_syscall_arguments(const struct cg_syscall *call,
			  const struct cg_abi *abi, struct cg_argument out[6],
			  size_t *count)
{
	const struct argument_list *list = &call_arguments[call->index];
	const struct layout *layout = layout_of(call, abi);

	if (list->count == ARGUMENTS_UNKNOWN)
		return false;
	*count = layout ? layout->count : list->count;
	for (unsigned i = 0; i < *count; i++)
		out[i] = layout ? argument_in(layout, i, abi)
				: argument_make(&argument_rows[list->first + i],
						abi);
	return true;
}

bool abi_arguments_hidden(const struct cg_syscall *call,
			  const struct cg_abi *abi)
{
	const struct layout *layout = layout_of(call, abi);

	return layout && layout->hidden;
}

unsigned abi_argument_position(const struct cg_syscall *call,
			       const struct cg_abi *abi, unsigned position)
{
	const struct layout *layout = layout_of(call, abi);

	if (position >= REGISTERS)
		return REGISTERS;
	if (!layout)
		return position;
	/* What the call does not have stands nowhere. */
	if (position >= call_arguments[call->index].count)
		return REGISTERS;
	return layout->places[position];
}
