#include "view/query.h"

#include <stddef.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"

#define MILLISECOND UINT64_C(1000000)

enum kind { TEXT, NUMBER, ROW, TIME, FLAG, SIZE, PID };

/* The parameters, as rows: what each fills, and how large it may be. */
static const struct parameter {
	const char *name;
	enum kind kind;
	size_t field;
	uint64_t most;
} parameters[] = {
#define F(member) offsetof(struct query, filter.member)
	{ "program", TEXT, F(program), 0 },
	{ "call", TEXT, F(call), 0 },
	{ "verdict", TEXT, F(verdict), 0 },
	{ "container", TEXT, F(container), 0 },
	{ "unit", TEXT, F(unit), 0 },
	{ "action", TEXT, F(action), 0 },
	{ "text", TEXT, F(text), 0 },
	{ "pid", PID, F(pid), UINT32_MAX },
	{ "since", TIME, F(since), UINT64_MAX / MILLISECOND },
	{ "until", TIME, F(until), UINT64_MAX / MILLISECOND },
	{ "before", ROW, F(before), INT64_MAX },
	{ "after", ROW, F(after), INT64_MAX },
	{ "limit", SIZE, F(limit), ROWS_MAX },
	{ "oldest", FLAG, F(oldest_first), 1 },
	{ "skip", SIZE, F(skip), INT32_MAX },
	{ "buckets", NUMBER, offsetof(struct query, buckets), BUCKETS_MAX },
	{ "column", TEXT, offsetof(struct query, column), 0 },
	{ "total", FLAG, offsetof(struct query, total), 1 },
};
#undef F
enum { COUNT = sizeof(parameters) / sizeof(parameters[0]) };

struct reader {
	struct query *query;
	uint32_t seen; /* a bit for each parameter */
	const char *name, *wrong;
};

static void put_number(const struct parameter *at, void *field, uint64_t number)
{
	switch (at->kind) {
	case TIME:
		*(uint64_t *)field = number * MILLISECOND;
		break;
	case ROW:
		*(int64_t *)field = (int64_t)number;
		break;
	case FLAG:
		*(bool *)field = number;
		break;
	case SIZE:
		*(size_t *)field = number;
		break;
	case PID:
		*(uint32_t *)field = (uint32_t)number;
		break;
	default:
		*(uint64_t *)field = number;
		break;
	}
}

/* What is wrong with the value, or NULL. */
static const char *
take(struct reader *reader, const struct parameter *at, const char *value)
{
	char *field = (char *)reader->query + at->field;
	uint64_t number;

	if (at->kind == TEXT) {
		/* An empty text is a filter that was left out. */
		*(const char **)field = *value ? value : NULL;
		return NULL;
	}
	if (!*value || strspn(value, "0123456789") != strlen(value) ||
	    (*value == '0' && value[1]) ||
	    num_read(value, strlen(value), &number) != NUM_OK)
		return "wants a number";
	if (number > at->most)
		return "is too large";
	put_number(at, field, number);
	return NULL;
}

static enum MHD_Result
each(void *context, enum MHD_ValueKind kind, const char *name,
     size_t name_length, const char *value, size_t length)
{
	struct reader *reader = context;
	size_t bad, i = 0;

	(void)kind;
	reader->name = name;
	reader->wrong = "is no parameter of this API";
	while (i < COUNT && strcmp(parameters[i].name, name) != 0)
		i++;
	if (i == COUNT || strlen(name) != name_length)
		return MHD_NO;
	if (!value || strlen(value) != length || length > VALUE_MAX)
		reader->wrong = "wants a value of 8192 bytes at most";
	else if (!text_is_utf8(value, length, &bad))
		reader->wrong = "is no UTF-8";
	else if (reader->seen & 1u << i)
		reader->wrong = "is there twice";
	else
		reader->wrong = take(reader, &parameters[i], value);
	reader->seen |= 1u << i;
	return reader->wrong ? MHD_NO : MHD_YES;
}

bool query_read(struct request *request, struct query *out,
		enum MHD_Result *result)
{
	struct reader reader = { .query = out };

	*out = (struct query){ .filter.limit = ROWS_USUAL, .buckets = 120 };
	(void)MHD_get_connection_values_n(request->connection,
					  MHD_GET_ARGUMENT_KIND, each, &reader);
	if (!reader.wrong && !out->filter.limit) {
		reader.name = "limit";
		reader.wrong = "is too small";
	}
	if (!reader.wrong && !out->buckets) {
		reader.name = "buckets";
		reader.wrong = "is too small";
	}
	if (!reader.wrong)
		return true;
	*result = answer_error(request, MHD_HTTP_BAD_REQUEST, "'%.64s' %s",
			       reader.name, reader.wrong);
	return false;
}
