/*
 * A trace as strace writes it: one call a line.
 *
 *	[pid 17350] openat(AT_FDCWD, "x", O_RDONLY) = -1 ENOENT (No such file)
 *	17350 12:00:00.123 read(3,  <unfinished ...>
 *	17350 <... read resumed>"", 1) = 0 <0.000012>
 *
 * Such a log does not say which ABI a program has. That is told by its first
 * names: some exist on one of the ABIs only.
 */
#include "abi/interest.h"
#include "record/log.h"

#include <string.h>

enum {
	HELD_MAX = 16, /* names that a program may begin with, undecided */
	THREADS_MAX = 65536,
	NAME_LENGTH = 64,
};

struct held {
	struct log_line line, name;
	struct log_line resumed; /* its result, if that is not in `line` */
	uint32_t number;         /* of the line */
};

struct thread {
	uint64_t id;
	const struct cg_abi *abi; /* NULL: not decided since the last exec */
	struct thread *parent;    /* that made it, as long as that decides */
	struct held held[HELD_MAX];
	size_t held_count;
};

struct trace {
	struct log *log;
	const struct cg_abi *guest; /* the 32-bit ABI beside the native one */
	struct thread **threads;    /* sorted by id */
	size_t count, room;
	struct thread *maker; /* who called clone last */
	bool begun; /* the exec that started the first program was seen */
};

static struct thread *thread_of(struct trace *trace, uint64_t id)
{
	struct arena *arena = &trace->log->recording->arena;
	size_t low = 0, high = trace->count;
	struct thread *thread, **grown;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (trace->threads[middle]->id == id)
			return trace->threads[middle];
		if (trace->threads[middle]->id < id)
			low = middle + 1;
		else
			high = middle;
	}
	if (trace->count == THREADS_MAX)
		return NULL;
	thread = arena_array(arena, struct thread, 1);
	grown = arena_grow(arena, trace->threads, &trace->room,
			   trace->count + 1, sizeof(struct thread *));
	if (!thread || !grown)
		return NULL;
	trace->threads = grown;
	thread->id = id;
	/* It goes on as who made it was, most likely the last one who tried. */
	thread->parent = trace->maker;
	thread->abi = trace->maker ? trace->maker->abi : NULL;
	memmove(grown + low + 1, grown + low,
		(trace->count - low) * sizeof(*grown));
	grown[low] = thread;
	trace->count++;
	return thread;
}

static void skip_blanks(const char **at, const char *end)
{
	while (*at < end && **at == ' ')
		++*at;
}

/* Digits with : and . between, as -t, -tt, -ttt and -r write a time. */
static void skip_time(const char **at, const char *end)
{
	const char *stop = *at;

	while (stop < end &&
	       ((*stop >= '0' && *stop <= '9') || *stop == ':' || *stop == '.'))
		stop++;
	if (stop > *at && stop < end && *stop == ' ')
		*at = stop;
	skip_blanks(at, end);
}

/* "[pid 123] ", "123 ", then perhaps a time. What is left is the call. */
static uint64_t skip_head(struct log_line *line)
{
	const char *at = line->text, *end = at + line->length;
	uint64_t id = 0;

	skip_blanks(&at, end);
	if (end - at > 5 && memcmp(at, "[pid ", 5) == 0) {
		at += 5;
		skip_blanks(&at, end);
		if (log_number(&at, end, &id) && at < end && *at == ']')
			at++;
	} else {
		const char *start = at;

		if (!log_number(&at, end, &id) || at == end || *at != ' ') {
			at = start; /* a time without an id, or nothing */
			id = 0;
		}
	}
	skip_blanks(&at, end);
	skip_time(&at, end);
	line->length = (size_t)(end - at);
	line->text = at;
	return id;
}

/* ----------------------------------------------------------- arguments -- */

/*
 * The end of the argument that begins at `at`: a comma or the closing bracket
 * of the call. Quotes and brackets within are passed over.
 */
static const char *argument_end(const char *at, const char *end)
{
	unsigned depth = 0;
	bool quoted = false;

	for (; at < end; at++) {
		if (quoted) {
			if (*at == '\\' && at + 1 < end)
				at++;
			else if (*at == '"')
				quoted = false;
		} else if (*at == '"') {
			quoted = true;
		} else if (*at == '{' || *at == '[' || *at == '(') {
			depth++;
		} else if (*at == '}' || *at == ']' || *at == ')') {
			if (depth == 0)
				return at;
			depth--;
		} else if (*at == ',' && depth == 0) {
			return at;
		}
	}
	return NULL;
}

/* Argument `number`, without blanks; false if the line does not have it. */
static bool argument_text(const char *at, const char *end, unsigned number,
			  struct log_line *out)
{
	for (unsigned i = 0;; i++) {
		const char *stop = argument_end(at, end);

		if (!stop)
			return false;
		if (i == number) {
			skip_blanks(&at, stop);
			*out = (struct log_line){ at, (size_t)(stop - at) };
			return out->length > 0;
		}
		if (*stop != ',')
			return false;
		at = stop + 1;
	}
}

static bool part_value(const struct cg_abi *abi, const char *text,
		       size_t length, uint64_t *out)
{
	char name[NAME_LENGTH];
	uint64_t value = 0;

	if (length == 0 || length >= sizeof(name))
		return false;
	memcpy(name, text, length);
	name[length] = '\0';
	if (cg_constant_value(name, abi, out))
		return true;
	if (length > 2 && name[0] == '0' && name[1] == 'x') {
		for (size_t i = 2; i < length; i++) {
			const char *digits = "0123456789abcdef";
			const char *digit =
				name[i] ? strchr(digits, name[i]) : NULL;

			if (!digit || length > 18)
				return false;
			value = value << 4 | (uint64_t)(digit - digits);
		}
		*out = value;
		return true;
	}
	return log_number(&text, text + length, out);
}

/* CLONE_VM|SIGCHLD, flags=CLONE_VM, 0x5401 with a comment behind it. */
static bool
argument_value(const struct cg_abi *abi, struct log_line word, uint64_t *out)
{
	const char *at = word.text, *end = at + word.length;
	const char *comment = log_find(word, " /*");
	const char *equal = memchr(at, '=', word.length);
	uint64_t value = 0;

	if (comment)
		end = comment;
	if (equal && equal < end)
		at = equal + 1;
	while (at <= end) {
		const char *stop = memchr(at, '|', (size_t)(end - at));
		uint64_t part;

		if (!stop)
			stop = end;
		if (!part_value(abi, at, (size_t)(stop - at), &part))
			return false;
		value |= part;
		at = stop + 1;
	}
	*out = value;
	return true;
}

/* clone(child_stack=NULL, flags=...): strace tells these by name. */
static bool flags_text(const char *at, const char *end, struct log_line *out)
{
	struct log_line rest = { at, (size_t)(end - at) };
	const char *flags = log_find(rest, "flags="), *stop;

	if (!flags)
		return false;
	stop = argument_end(flags, end);
	*out = (struct log_line){ flags, stop ? (size_t)(stop - flags) : 0 };
	return stop != NULL;
}

static bool note_arguments(struct log *log, struct recorded *row,
			   struct log_line line, struct log_line name)
{
	const char *at = name.text + name.length + 1;
	const char *end = line.text + line.length;
	unsigned wanted = interest_arguments(row->abi, row->nr);
	bool clone = name.length == 5 && memcmp(name.text, "clone", 5) == 0;

	for (unsigned i = 0; i < 6; i++) {
		struct log_line word;
		uint64_t value;

		if (!(wanted & 1u << i))
			continue;
		if (!(clone ? flags_text(at, end, &word)
			    : argument_text(at, end, i, &word)) ||
		    !argument_value(row->abi, word, &value)) {
			recording_add(&row->arguments[i].other, 1);
			continue;
		}
		value = interest_value(row->abi, row->nr, i, value);
		if (!recording_value(log->recording, row, i, value, 1))
			return false;
	}
	return true;
}

/*
 * What stands behind the bracket that closes the call whose arguments begin at
 * `at`; nothing where that is not in the line. Texts among the arguments may
 * look like a result, too.
 */
static struct log_line result_of(struct log_line line, const char *at)
{
	const char *end = line.text + line.length;

	while (at && at < end) {
		at = argument_end(at, end);
		if (at && *at++ != ',')
			return (struct log_line){ at, (size_t)(end - at) };
	}
	return (struct log_line){ end, 0 };
}

static struct log_line result_of_call(const struct held *call)
{
	return result_of(call->line, call->name.text + call->name.length + 1);
}

static bool has_failed(struct log_line result)
{
	return log_find(result, " = -1 ") != NULL;
}

/* " = -1 ENOENT (No such file or directory) <0.000012>" */
static bool
note_result(struct log *log, struct recorded *row, struct log_line line)
{
	const char *failed = log_find(line, " = -1 E"), *at, *end;
	char name[NAME_LENGTH];
	uint64_t number;
	size_t length = 0;

	if (!failed)
		return true;
	at = failed + strlen(" = -1 ");
	end = line.text + line.length;
	while (at + length < end && at[length] != ' ')
		length++;
	if (length >= sizeof(name))
		return true;
	memcpy(name, at, length);
	name[length] = '\0';
	if (!cg_constant_value(name, row->abi, &number) || number > 511)
		number = 0;
	return recording_error(log->recording, row, (uint32_t)number, 1);
}

/* -------------------------------------------------------------- calls -- */

static bool count_call(struct trace *trace, const struct cg_abi *abi,
		       const struct held *held)
{
	struct log *log = trace->log;
	uint32_t here = log->line, nr;
	struct recorded *row;

	log->line = held->number;
	if (!log_call(abi, held->name.text, held->name.length, &nr))
		return log_fail(log, "%s has no call '%.*s'", abi->name,
				(int)held->name.length, held->name.text);
	row = recording_call(log->recording, CG_PHASE_ALL, abi, nr);
	if (!row)
		return fail_nomem(log->err);
	recording_add(&row->count, 1);
	log->line = here;
	return (note_arguments(log, row, held->line, held->name) &&
		note_result(log, row, result_of_call(held)) &&
		note_result(log, row, held->resumed)) ||
	       fail_nomem(log->err);
}

static bool release(struct trace *trace, struct thread *thread)
{
	for (size_t i = 0; i < thread->held_count; i++)
		if (!count_call(trace, thread->abi, &thread->held[i]))
			return false;
	thread->held_count = 0;
	return true;
}

/* The ABI that a name decides for, or NULL. */
static const struct cg_abi *
decided_by(const struct trace *trace, struct log_line name)
{
	uint32_t nr;
	bool native = log_call(trace->log->native, name.text, name.length, &nr);
	bool guest = trace->guest &&
		     log_call(trace->guest, name.text, name.length, &nr);

	if (native == guest)
		return NULL;
	return native ? trace->log->native : trace->guest;
}

/* clone, clone3, fork, vfork */
static bool makes_thread(struct log_line name)
{
	static const char *const names[] = { "clone", "clone3", "fork",
					     "vfork" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i]) == name.length &&
		    memcmp(names[i], name.text, name.length) == 0)
			return true;
	return false;
}

/* What a thread is that no name of its own tells of. */
static const struct cg_abi *
inherited(const struct trace *trace, const struct thread *thread)
{
	return thread->parent && thread->parent->abi ? thread->parent->abi
						     : trace->log->native;
}

static bool
read_call(struct trace *trace, struct thread *thread, const struct held *call)
{
	struct log_line name = call->name;
	bool exec = name.length == 6 && memcmp(name.text, "execve", 6) == 0;

	if (makes_thread(name))
		trace->maker = thread;

	if (!thread->abi) {
		thread->abi = decided_by(trace, name);
		if (!thread->abi && thread->held_count == HELD_MAX)
			thread->abi = inherited(trace, thread);
		if (!thread->abi && !exec) {
			thread->held[thread->held_count++] = *call;
			return true;
		}
		if (!thread->abi) /* an exec after nothing that tells */
			thread->abi = inherited(trace, thread);
		if (!release(trace, thread))
			return false;
	}
	/* What started the program is not what it does. */
	if (exec && !trace->begun) {
		trace->begun = true;
		thread->abi = NULL;
		thread->parent = NULL;
		return true;
	}
	trace->begun = true;
	if (!count_call(trace, thread->abi, call))
		return false;
	if (exec && !has_failed(result_of_call(call))) {
		thread->abi = NULL;
		thread->parent = NULL;
	}
	return true;
}

/* A call that is held, which a line goes on with; the newest of that name. */
static struct held *held_of(struct thread *thread, struct log_line name)
{
	for (size_t i = thread->held_count; i-- > 0;) {
		struct held *held = &thread->held[i];

		if (held->name.length == name.length &&
		    memcmp(held->name.text, name.text, name.length) == 0)
			return held;
	}
	return NULL;
}

/* "<... read resumed>...": the call was counted, its result was not. */
static bool
read_resumed(struct trace *trace, struct thread *thread, struct log_line line)
{
	struct log_line name = { line.text + 5, 0 };
	const char *end = line.text + line.length;
	const char *rest = log_find(line, " resumed>");
	struct log_line result =
		result_of(line, rest ? rest + strlen(" resumed>") : NULL);
	struct held *held;
	struct recorded *row;
	uint32_t nr;

	while (name.text + name.length < end && name.text[name.length] != ' ')
		name.length++;
	held = held_of(thread, name);
	if (held) {
		held->resumed = result;
		return true;
	}
	if (!thread->abi || !log_call(thread->abi, name.text, name.length, &nr))
		return true;
	row = recording_call(trace->log->recording, CG_PHASE_ALL, thread->abi,
			     nr);
	return (row && note_result(trace->log, row, result)) ||
	       fail_nomem(trace->log->err);
}

static bool is_name(struct log_line name)
{
	for (size_t i = 0; i < name.length; i++) {
		char c = name.text[i];

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		      (c >= 'A' && c <= 'Z') || c == '_'))
			return false;
	}
	return name.length > 0;
}

static bool read_line(struct trace *trace, struct log_line line)
{
	uint64_t id = skip_head(&line);
	const char *open = memchr(line.text, '(', line.length);
	struct thread *thread;
	struct held call = { .line = line, .number = trace->log->line };

	call.name = (struct log_line){ line.text,
				       open ? (size_t)(open - line.text) : 0 };
	thread = thread_of(trace, id);
	if (!thread)
		return fail_nomem(trace->log->err);
	if (log_find(line, "runs in 32 bit mode")) {
		thread->abi = trace->guest;
		return !thread->abi || release(trace, thread);
	}
	if (line.length > 5 && memcmp(line.text, "<... ", 5) == 0)
		return read_resumed(trace, thread, line);
	/* Signals, exits, what strace and the program themselves say. */
	if (!is_name(call.name))
		return true;
	return read_call(trace, thread, &call);
}

static const struct cg_abi *guest_of(const struct cg_abi *native)
{
	const struct cg_abi *abi;

	for (size_t i = 0; (abi = cg_abi_at(i)); i++)
		if (abi->native && strcmp(abi->native, native->name) == 0 &&
		    abi->bits == 32 && !abi->nr_base)
			return abi;
	return NULL;
}

bool log_read_strace(struct log *log, const char *text, size_t length)
{
	struct trace trace = { .log = log, .guest = guest_of(log->native) };
	const char *at = text, *end = text + length;
	struct log_line line;

	for (log->line = 1; log_next(&at, end, &line); log->line++)
		if (!read_line(&trace, line))
			return false;
	for (size_t i = 0; i < trace.count; i++) {
		struct thread *thread = trace.threads[i];

		if (!thread->abi)
			thread->abi = inherited(&trace, thread);
		if (!release(&trace, thread))
			return false;
	}
	return recording_tag(log->recording, LABEL_BACKEND, "strace", 0) ||
	       fail_nomem(log->err);
}
