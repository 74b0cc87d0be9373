#include "watch/subject.h"

#include <string.h>

static const struct subject_row other = { "", "process", { "info" }, false };

const struct subject_row *subject_of(const char *call, bool auditbeat)
{
	size_t low = 0, high = call ? subject_row_count : 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct subject_row *row = &subject_rows[middle];
		int order = strcmp(call, row->call);

		if (order == 0)
			return row->own && auditbeat ? &other : row;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return &other;
}
