#include "record/recording.h"

#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "doc/doc.h"

struct reader {
	struct cg_recording *recording;
	struct cg_error *err;
};

/* A key of a mapping, and who reads what stands there. */
struct key {
	const char *name;
	bool (*read)(struct reader *reader, const struct node *node,
		     void *context);
	bool needed;
};

static bool
fail_kind(struct reader *reader, const struct node *node, const char *wanted)
{
	return fail_at(reader->err, CG_E_MEANING, node->place,
		       "%s is wanted here, not %s", wanted, doc_describe(node));
}

static const struct key *
key_find(const struct key *keys, const struct node *name)
{
	for (; keys->name; keys++)
		if (strcmp(keys->name, name->text) == 0)
			return keys;
	return NULL;
}

static bool
fail_key(struct reader *reader, const struct key *keys, const struct node *name)
{
	const char *best = NULL;
	unsigned least = 3;

	for (; keys->name; keys++) {
		unsigned distance = text_near(name->text, keys->name, 3);

		if (distance < least) {
			least = distance;
			best = keys->name;
		}
	}
	return fail_at(reader->err, CG_E_MEANING, name->place,
		       "a recording has no key '%.64s' here%s%s%s", name->text,
		       best ? "; did you mean '" : "", best ? best : "",
		       best ? "'?" : "");
}

/* Each key once, in their order; nothing else may stand there. */
static bool read_mapping(struct reader *reader, const struct node *node,
			 const struct key *keys, void *context)
{
	if (node->kind != NODE_MAPPING)
		return fail_kind(reader, node, "a mapping");
	for (size_t i = 0; i < node->count; i++)
		if (!key_find(keys, node->keys[i]))
			return fail_key(reader, keys, node->keys[i]);
	for (; keys->name; keys++) {
		const struct node *value = doc_get(node, keys->name);

		if (!value && keys->needed)
			return fail_at(reader->err, CG_E_MEANING, node->place,
				       "'%s' is missing", keys->name);
		if (value && !keys->read(reader, value, context))
			return false;
	}
	return true;
}

static bool
read_number(struct reader *reader, const struct node *node, uint64_t *out)
{
	if (node->kind != NODE_SCALAR)
		return fail_kind(reader, node, "a number");
	if (num_read(node->text, node->length, out) != NUM_OK)
		return fail_at(reader->err, CG_E_MEANING, node->place,
			       "'%.64s' is no number from 0 to 2^64 - 1",
			       node->text);
	return true;
}

static bool
read_text(struct reader *reader, const struct node *node, const char **out)
{
	if (node->kind != NODE_SCALAR)
		return fail_kind(reader, node, "text");
	if (node->length == 0 || node->length > RECORDING_LABEL_MAX)
		return fail_at(reader->err, CG_E_MEANING, node->place,
			       "text of 1 to %d bytes is wanted here",
			       RECORDING_LABEL_MAX);
	*out = node->text;
	return true;
}

static bool read_list(struct reader *reader, const struct node *node,
		      bool (*each)(struct reader *reader,
				   const struct node *item, void *context),
		      void *context)
{
	if (node->kind != NODE_SEQUENCE)
		return fail_kind(reader, node, "a list");
	for (size_t i = 0; i < node->count; i++)
		if (!each(reader, node->items[i], context))
			return false;
	return true;
}

/* ------------------------------------------------------- one call -- */

/* Where what is read of a call goes; its row needs ABI and number first. */
struct at_call {
	const struct cg_abi *abi;
	enum cg_phase phase;
	uint64_t nr;
	struct recorded *row;
	uint64_t argument;
	uint64_t stack_at;
};

static bool
read_abi(struct reader *reader, const struct node *node, void *context)
{
	struct at_call *at = context;
	const char *name;

	if (!read_text(reader, node, &name))
		return false;
	at->abi = cg_abi_by_name(name);
	if (!at->abi)
		return fail_at(reader->err, CG_E_ARCH, node->place,
			       "'%.64s' is no architecture that is known",
			       name);
	return true;
}

static bool
read_nr(struct reader *reader, const struct node *node, void *context)
{
	struct at_call *at = context;

	if (!read_number(reader, node, &at->nr))
		return false;
	if (at->nr > UINT32_MAX)
		return fail_at(reader->err, CG_E_MEANING, node->place,
			       "the number of a call has 32 bits");
	return true;
}

/* The number counts; the name is there for people, and must not mislead. */
static bool
read_name(struct reader *reader, const struct node *node, void *context)
{
	const struct at_call *at = context;
	const struct cg_syscall *call =
		cg_syscall_at(at->abi, (uint32_t)at->nr);
	const char *name;

	if (!read_text(reader, node, &name))
		return false;
	if (call && strcmp(call->name, name) != 0)
		return fail_at(reader->err, CG_E_MEANING, node->place,
			       "call %u of %s is %s, not '%.64s'",
			       (unsigned)at->nr, at->abi->name, call->name,
			       name);
	return true;
}

static bool
read_phase(struct reader *reader, const struct node *node, void *context)
{
	struct at_call *at = context;
	const char *name;

	if (!read_text(reader, node, &name))
		return false;
	at->phase = recording_phase(name);
	if (at->phase == CG_PHASES)
		return fail_at(reader->err, CG_E_MEANING, node->place,
			       "'%.64s' is no phase; all, start, service and "
			       "runtime are",
			       name);
	return true;
}

static bool skip(struct reader *reader, const struct node *node, void *context)
{
	(void)reader;
	(void)node;
	(void)context;
	return true;
}

/* The row is made once the keys that name it have been read. */
#define READ_SUM(field)                                                  \
	static bool read_##field(struct reader *reader,                  \
				 const struct node *node, void *context) \
	{                                                                \
		struct at_call *at = context;                            \
		uint64_t number;                                         \
                                                                         \
		if (!read_number(reader, node, &number))                 \
			return false;                                    \
		recording_add(&at->row->field, number);                  \
		return true;                                             \
	}
READ_SUM(count)
READ_SUM(time)

static bool
read_first(struct reader *reader, const struct node *node, void *context)
{
	struct at_call *at = context;
	uint64_t when;

	if (!read_number(reader, node, &when))
		return false;
	recorded_seen(at->row, when, 0);
	return true;
}

static bool
read_last(struct reader *reader, const struct node *node, void *context)
{
	struct at_call *at = context;
	uint64_t when;

	if (!read_number(reader, node, &when))
		return false;
	recorded_seen(at->row, 0, when);
	return true;
}

static bool
errno_number(const char *name, const struct cg_abi *abi, uint64_t *out)
{
	if (num_read(name, strlen(name), out) != NUM_OK &&
	    !(name[0] == 'E' && cg_constant_value(name, abi, out)))
		return false;
	return *out < 4096; /* 0: which one is not known */
}

static bool
read_errors(struct reader *reader, const struct node *node, void *context)
{
	struct at_call *at = context;

	if (node->kind != NODE_MAPPING)
		return fail_kind(reader, node, "a mapping");
	for (size_t i = 0; i < node->count; i++) {
		const struct node *key = node->keys[i];
		uint64_t number, count;

		if (!errno_number(key->text, at->abi, &number))
			return fail_at(reader->err, CG_E_MEANING, key->place,
				       "'%.64s' is no errno", key->text);
		if (!read_number(reader, node->items[i], &count))
			return false;
		if (!recording_error(reader->recording, at->row,
				     (uint32_t)number, count))
			return fail_nomem(reader->err);
	}
	return true;
}

static bool read_argument_number(struct reader *reader, const struct node *node,
				 void *context)
{
	struct at_call *at = context;

	if (!read_number(reader, node, &at->argument))
		return false;
	if (at->argument > 5)
		return fail_at(reader->err, CG_E_MEANING, node->place,
			       "a call has arguments 0 to 5");
	return true;
}

static bool
read_values(struct reader *reader, const struct node *node, void *context)
{
	struct at_call *at = context;

	if (node->kind != NODE_MAPPING)
		return fail_kind(reader, node, "a mapping");
	for (size_t i = 0; i < node->count; i++) {
		uint64_t value, count;

		if (!read_number(reader, node->keys[i], &value) ||
		    !read_number(reader, node->items[i], &count))
			return false;
		if (!recording_value(reader->recording, at->row,
				     (unsigned)at->argument, value, count))
			return fail_nomem(reader->err);
	}
	return true;
}

static bool
read_other(struct reader *reader, const struct node *node, void *context)
{
	struct at_call *at = context;
	uint64_t count;

	if (!read_number(reader, node, &count))
		return false;
	recording_add(&at->row->arguments[at->argument].other, count);
	return true;
}

static bool
read_argument(struct reader *reader, const struct node *node, void *context)
{
	static const struct key keys[] = {
		{ "argument", read_argument_number, true },
		{ "values", read_values, true },
		{ "other", read_other, false },
		{ NULL, NULL, false },
	};

	return read_mapping(reader, node, keys, context);
}

static bool
read_arguments(struct reader *reader, const struct node *node, void *context)
{
	return read_list(reader, node, read_argument, context);
}

static bool
read_stack_at(struct reader *reader, const struct node *node, void *context)
{
	struct at_call *at = context;

	return read_number(reader, node, &at->stack_at);
}

static bool
add_frame(struct reader *reader, const struct node *node, void *context)
{
	struct buf *stack = context;
	const char *line;

	if (!read_text(reader, node, &line))
		return false;
	if (strchr(line, '\n') ||
	    stack->length + node->length + 1 > RECORDING_STACK_MAX)
		return fail_at(reader->err, CG_E_MEANING, node->place,
			       "a stack is at most %d bytes, a frame one line",
			       RECORDING_STACK_MAX);
	if (stack->length)
		buf_puts(stack, "\n");
	buf_puts(stack, line);
	return true;
}

static bool
read_stack(struct reader *reader, const struct node *node, void *context)
{
	struct at_call *at = context;
	struct buf stack = { 0 };
	char *text;
	bool ok;

	if (!read_list(reader, node, add_frame, &stack)) {
		buf_free(&stack);
		return false;
	}
	if (!stack.length && !stack.failed)
		return true;
	text = buf_done(&stack);
	ok = text &&
	     recording_stack(reader->recording, at->row, text, at->stack_at);
	free(text);
	return ok || fail_nomem(reader->err);
}

static bool
read_call(struct reader *reader, const struct node *node, void *context)
{
	/* Twice over the same keys: first those that name the row. */
	static const struct key names[] = {
		{ "abi", read_abi, true },    { "nr", read_nr, true },
		{ "name", read_name, false }, { "phase", read_phase, false },
		{ "count", skip, true },      { "time", skip, false },
		{ "first", skip, false },     { "last", skip, false },
		{ "errors", skip, false },    { "arguments", skip, false },
		{ "stack-at", skip, false },  { "stack", skip, false },
		{ NULL, NULL, false },
	};
	static const struct key rest[] = {
		{ "abi", skip, true },
		{ "nr", skip, true },
		{ "name", skip, false },
		{ "phase", skip, false },
		{ "count", read_count, true },
		{ "time", read_time, false },
		{ "first", read_first, false },
		{ "last", read_last, false },
		{ "errors", read_errors, false },
		{ "arguments", read_arguments, false },
		{ "stack-at", read_stack_at, false },
		{ "stack", read_stack, false },
		{ NULL, NULL, false },
	};
	struct at_call at = { .phase = CG_PHASE_ALL };
	size_t before = reader->recording->count;

	(void)context;
	if (!read_mapping(reader, node, names, &at))
		return false;
	at.row = recording_call(reader->recording, at.phase, at.abi,
				(uint32_t)at.nr);
	if (!at.row)
		return fail_nomem(reader->err);
	if (reader->recording->count == before)
		return fail_at(reader->err, CG_E_MEANING, node->place,
			       "call %u of %s stands here a second time",
			       (unsigned)at.nr, at.abi->name);
	return read_mapping(reader, node, rest, &at);
}

/* ---------------------------------------------------------- as a whole -- */

static bool
read_version(struct reader *reader, const struct node *node, void *context)
{
	uint64_t version;

	(void)context;
	if (!read_number(reader, node, &version))
		return false;
	if (version != RECORDING_VERSION)
		return fail_at(reader->err, CG_E_MEANING, node->place,
			       "a recording of version %llu; this callgate "
			       "reads version %d",
			       (unsigned long long)version, RECORDING_VERSION);
	return true;
}

static bool
read_runs(struct reader *reader, const struct node *node, void *context)
{
	(void)context;
	return read_number(reader, node, &reader->recording->runs);
}

static bool
read_tag(struct reader *reader, const struct node *node, void *context)
{
	const enum label *label = context;
	const char *text;

	if (!read_text(reader, node, &text))
		return false;
	return recording_tag(reader->recording, *label, text, 0) ||
	       fail_nomem(reader->err);
}

#define READ_TAGS(name, what)                                           \
	static bool read_##name(struct reader *reader,                  \
				const struct node *node, void *context) \
	{                                                               \
		enum label label = what;                                \
                                                                        \
		(void)context;                                          \
		return read_list(reader, node, read_tag, &label);       \
	}
READ_TAGS(programs, LABEL_PROGRAM)
READ_TAGS(kernels, LABEL_KERNEL)
READ_TAGS(backends, LABEL_BACKEND)
READ_TAGS(gaps, LABEL_GAP)

static bool
read_lost(struct reader *reader, const struct node *node, void *context)
{
	(void)context;
	if (node->kind != NODE_MAPPING)
		return fail_kind(reader, node, "a mapping");
	for (size_t i = 0; i < node->count; i++) {
		const char *text;
		uint64_t count;

		if (!read_text(reader, node->keys[i], &text) ||
		    !read_number(reader, node->items[i], &count))
			return false;
		if (!recording_tag(reader->recording, LABEL_LOST, text, count))
			return fail_nomem(reader->err);
	}
	return true;
}

static bool
read_calls(struct reader *reader, const struct node *node, void *context)
{
	return read_list(reader, node, read_call, context);
}

bool recording_read(struct cg_recording *recording, const char *text,
		    size_t length, const char *source, struct cg_error *err)
{
	static const struct key keys[] = {
		{ "callgate-recording", read_version, true },
		{ "runs", read_runs, false },
		{ "programs", read_programs, false },
		{ "kernels", read_kernels, false },
		{ "backends", read_backends, false },
		{ "gaps", read_gaps, false },
		{ "lost", read_lost, false },
		{ "calls", read_calls, true },
		{ NULL, NULL, false },
	};
	struct arena arena = { .budget = RECORDING_MEMORY };
	struct reader reader = { recording, err };
	struct node *root;
	bool ok;

	ok = doc_read(&arena, text, length, source, &root, err) &&
	     read_mapping(&reader, root, keys, NULL);
	arena_free(&arena);
	return ok;
}
