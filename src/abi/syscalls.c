/* abi/syscalls.c - calls by name, by number, and since when. */
#include <string.h>

#include "abi/doors.h"
#include "abi/names.h"
#include "abi/tables.h"

static const struct cg_syscall *call_named(const char *name)
{
	size_t low = 0, high = call_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(name, call_rows[middle].name);

		if (order == 0)
			return &call_rows[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

const struct cg_syscall *cg_syscall_by_name(const char *name)
{
	const struct cg_syscall *call = call_named(name);
	size_t row;

	if (call)
		return call;
	row = names_find(call_aliases, call_alias_count, name);
	return row == SIZE_MAX ? NULL : &call_rows[row];
}

const struct cg_syscall *cg_syscall_get(size_t index)
{
	return index < call_count ? &call_rows[index] : NULL;
}

bool cg_syscall_number(const struct cg_syscall *call, const struct cg_abi *abi,
		       uint32_t *nr)
{
	uint32_t number = call_numbers[abi->column][call->index];

	if (number == NO_NUMBER)
		return false;
	*nr = number;
	return true;
}

const struct cg_syscall *cg_syscall_at(const struct cg_abi *abi, uint32_t nr)
{
	const struct column *column = &column_rows[abi->column];
	size_t low = 0, high = column->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (column->numbers[middle].nr == nr)
			return abi_number_call(&column->numbers[middle]);
		if (nr < column->numbers[middle].nr)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

const struct abi_number *abi_numbers(const struct cg_abi *abi, size_t *count)
{
	*count = column_rows[abi->column].count;
	return column_rows[abi->column].numbers;
}

static uint32_t kernel_of(uint16_t packed)
{
	return CG_KERNEL(packed >> 8, packed & 0xff);
}

uint32_t
cg_syscall_since(const struct cg_syscall *call, const struct cg_abi *abi)
{
	if (!abi)
		return kernel_of(call_since_any[call->index]);
	return kernel_of(call_since[abi->column][call->index]);
}

uint32_t cg_syscall_frequency(const struct cg_syscall *call)
{
	return call_frequency[call->index];
}

uint32_t cg_kernel_newest(void)
{
	return kernel_of(kernel_newest);
}

const char *cg_syscall_suggest(const char *name)
{
	struct suggestion suggestion = suggestion_start(name);

	for (size_t i = 0; i < call_count; i++)
		suggestion_try(&suggestion, call_rows[i].name);
	for (size_t i = 0; i < call_alias_count; i++)
		suggestion_try(&suggestion, table_text + call_aliases[i].name);
	return suggestion.best;
}
