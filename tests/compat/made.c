#include "made.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tap.h"

static uint64_t next(uint64_t *state)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

static unsigned below(uint64_t *state, unsigned limit)
{
	return (unsigned)(next(state) >> 33) % limit;
}

/* ------------------------------------------------------------- sequences -- */

/* How the rules of one sequence are made: what shows different things. */
struct taste {
	unsigned arguments; /* that conditions look at: 1 to 6 */
	unsigned conditions;
	unsigned calls;     /* to choose from */
	unsigned operators; /* 0 all, 1 equal and masked, 2 bounds */
	bool same_answer;
	bool errors; /* on purpose */
};

static const uint32_t answers[] = {
	SCMP_ACT_ALLOW,        SCMP_ACT_ERRNO(1), SCMP_ACT_ERRNO(13),
	SCMP_ACT_TRAP,         SCMP_ACT_LOG,      SCMP_ACT_TRACE(77),
	SCMP_ACT_KILL_PROCESS, SCMP_ACT_KILL,     SCMP_ACT_NOTIFY,
};
enum { ANSWERS = sizeof(answers) / sizeof(answers[0]) };

static uint64_t value(uint64_t *state)
{
	static const uint64_t values[] = {
		0,           1,           2,          5,
		16,          0xffffffff,  0x80000000, 0x100000000,
		0x100000005, 0x200000001, UINT64_MAX,
	};

	return values[below(state, sizeof(values) / sizeof(values[0]))];
}

static enum scmp_compare operator(uint64_t *state, const struct taste *taste) {
	static const enum scmp_compare equal[] = { SCMP_CMP_EQ,
						   SCMP_CMP_MASKED_EQ };
	static const enum scmp_compare bounds[] = { SCMP_CMP_LT, SCMP_CMP_LE,
						    SCMP_CMP_GE, SCMP_CMP_GT };

	if (taste->operators == 1) return equal[below(state, 2)];
	if (taste->operators == 2) return bounds[below(state, 4)];
	return (enum scmp_compare)(SCMP_CMP_NE + below(state, 7));
}

static void
add_conditions(uint64_t *state, const struct taste *taste, struct op *op)
{
	static const uint64_t masks[] = {
		1, 3, 0xf, 0xff00000001, 0x100000000, 0xffffffff, UINT64_MAX, 0
	};
	unsigned first = below(state, taste->arguments);

	op->count = below(state, taste->conditions + 1);
	for (unsigned i = 0; i < op->count; i++) {
		struct scmp_arg_cmp *arg = &op->args[i];

		arg->arg = (first + i) % taste->arguments;
		arg->op = operator(state, taste);
		arg->datum_a = value(state);
		if (arg->op == SCMP_CMP_MASKED_EQ) {
			arg->datum_b = arg->datum_a;
			arg->datum_a = masks[below(state, 8)];
		}
	}
}

/* One thing about a rule that the library must refuse. */
static void spoil(uint64_t *state, struct op *op)
{
	switch (below(state, 6)) {
	case 0:
		op->nr = -(int)below(state, 260);
		break;
	case 1:
		op->nr = 9999;
		break;
	case 2:
		op->action = 0x12345 * below(state, 5);
		break;
	case 3:
		op->args[0].arg = 6;
		op->count = op->count ? op->count : 1;
		break;
	case 4:
		op->args[0].op = (enum scmp_compare)(below(state, 2) * 8);
		op->count = op->count ? op->count : 1;
		break;
	default:
		op->args[1].arg = op->args[0].arg;
		op->args[1].op = op->args[0].op = SCMP_CMP_EQ;
		op->count = 2;
	}
}

static void make_rule(uint64_t *state, const struct taste *taste,
		      uint32_t answer, struct op *op)
{
	/* On x86_64: some are reached by multiplexers or absent elsewhere. */
	static const int numbers[] = { 8, 41, 0,      64,   157, 16,
				       2, 43, -10026, -109, 220, 49 };

	op->kind = OP_RULE;
	op->exact = below(state, 4) == 0;
	op->nr = numbers[below(state, taste->calls)];
	op->action = answers[below(state, taste->same_answer ? 1 : ANSWERS)];
	if (op->action == answer)
		op->action = taste->same_answer ? SCMP_ACT_ERRNO(22)
						: answers[below(state, 2)];
	add_conditions(state, taste, op);
	if (taste->errors && below(state, 5) == 0)
		spoil(state, op);
}

static void make_arch(uint64_t *state, struct op *op)
{
	static const uint32_t tokens[] = {
		SCMP_ARCH_X86,
		SCMP_ARCH_X32,
		SCMP_ARCH_X86_64,
		SCMP_ARCH_NATIVE,
		SCMP_ARCH_AARCH64,
		SCMP_ARCH_ARM,
		SCMP_ARCH_MIPSEL,
		SCMP_ARCH_S390X,
		SCMP_ARCH_PPC64LE,
		SCMP_ARCH_RISCV64,
		SCMP_ARCH_MIPSEL64,
		SCMP_ARCH_MIPSEL64N32,
		SCMP_ARCH_PPC,
		SCMP_ARCH_S390,
		SCMP_ARCH_PARISC,
		SCMP_ARCH_MIPS64,
		12345,
	};

	op->kind = below(state, 4) ? OP_ARCH_ADD : OP_ARCH_REMOVE;
	op->token = tokens[below(state, below(state, 3) ? 3 : 17)];
}

static void make_attribute(uint64_t *state, struct op *op)
{
	op->kind = OP_ATTRIBUTE;
	op->attribute = below(state, 12);
	op->value = below(state, 3) ? below(state, 3)
				    : answers[below(state, ANSWERS)];
}

static void make_op(uint64_t *state, const struct taste *taste,
		    const struct sequence *sequence, struct op *op)
{
	unsigned dice = below(state, 40);

	*op = (struct op){ .context = below(state, 12) == 0 };
	if (dice < 30) {
		make_rule(state, taste, sequence->answers[op->context], op);
	} else if (dice < 34) {
		make_arch(state, op);
	} else if (dice < 36) {
		make_attribute(state, op);
	} else if (dice < 37) {
		op->kind = OP_PRIORITY;
		op->nr = (int)below(state, 300) - 110;
		op->priority = (uint8_t)below(state, 256);
	} else if (dice < 38) {
		op->kind = OP_MERGE;
	} else {
		op->kind = OP_START;
		op->context = 0;
	}
}

/* Close what was started, and say what that undoes. */
static void
make_transaction(uint64_t *state, struct sequence *sequence, size_t start)
{
	struct op *end = &sequence->ops[sequence->count];

	if (sequence->count == OPS_MAX) {
		sequence->ops[start] = (struct op){ .kind = OP_PRIORITY };
		return;
	}
	sequence->count++;
	*end = (struct op){ .kind = below(state, 2) ? OP_REJECT : OP_COMMIT };
	if (end->kind == OP_COMMIT)
		return;
	for (size_t i = start; i < sequence->count - 1; i++) {
		struct op *op = &sequence->ops[i];

		op->undone = op->context == 0;
	}
}

void made_sequence(struct sequence *sequence, uint64_t seed)
{
	uint64_t state = seed;
	const struct taste taste = {
		.arguments = below(&state, 3) ? 1 + below(&state, 3) : 6,
		.conditions = below(&state, 8) ? below(&state, 3) : 6,
		.calls = below(&state, 2) ? 1 + below(&state, 2) : 12,
		.operators = below(&state, 4) ? 1 : below(&state, 3),
		.same_answer = below(&state, 2),
		.errors = below(&state, 3) == 0,
	};
	size_t length = 2 + below(&state, below(&state, 3) ? 7 : 14);
	size_t start = SIZE_MAX;

	*sequence = (struct sequence){ .optimize = 1 + below(&state, 2) };
	sequence->answers[0] = answers[1 + below(&state, 2)];
	sequence->answers[1] = sequence->answers[0];
	if (below(&state, 6) == 0)
		sequence->answers[1] = answers[below(&state, ANSWERS)];
	while (sequence->count < length) {
		struct op *op = &sequence->ops[sequence->count++];

		make_op(&state, &taste, sequence, op);
		/* One at a time; and inside, nothing that is not undone. */
		if (start != SIZE_MAX &&
		    (op->kind == OP_START || op->kind == OP_MERGE ||
		     op->kind == OP_ATTRIBUTE))
			*op = (struct op){ .kind = OP_PRIORITY };
		if (op->kind == OP_START)
			start = sequence->count - 1;
	}
	if (start != SIZE_MAX)
		make_transaction(&state, sequence, start);
}

void op_print(const struct op *op, char *out, size_t size)
{
	static const char *const operators[] = { "?",  "!=", "<", "<=",
						 "==", ">=", ">", "&" };
	int used = snprintf(out, size,
			    "kind %d, context %d, number %d, action "
			    "%#x, token %#x, attribute %u=%u:",
			    op->kind, op->context, op->nr, op->action,
			    op->token, op->attribute, op->value);

	for (unsigned i = 0; i < op->count && (size_t)used < size; i++)
		used += snprintf(out + used, size - (size_t)used,
				 " a%u%s%#jx/%#jx", op->args[i].arg,
				 operators[op->args[i].op & 7],
				 (uintmax_t)op->args[i].datum_a,
				 (uintmax_t)op->args[i].datum_b);
}

/* -------------------------------------------------------------- libraries --
 */

bool library_open(struct library *library, const char *path)
{
	const struct {
		const char *name;
		void *place;
		bool optional;
	} rows[] = {
		{ "seccomp_init", &library->init, false },
		{ "seccomp_release", &library->release, false },
		{ "seccomp_merge", &library->merge, false },
		{ "seccomp_arch_add", &library->arch_add, false },
		{ "seccomp_arch_remove", &library->arch_remove, false },
		{ "seccomp_attr_set", &library->attr_set, false },
		{ "seccomp_syscall_priority", &library->priority, false },
		{ "seccomp_rule_add_array", &library->rule, false },
		{ "seccomp_rule_add_exact_array", &library->rule_exact, false },
		{ "seccomp_export_bpf", &library->export_bpf, false },
		{ "seccomp_export_pfc", &library->export_pfc, false },
		{ "seccomp_transaction_start", &library->start, true },
		{ "seccomp_transaction_commit", &library->commit, true },
		{ "seccomp_transaction_reject", &library->reject, true },
	};
	void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		void *symbol = handle ? dlsym(handle, rows[i].name) : NULL;

		if (!symbol && !rows[i].optional) {
			tap_note("%s", dlerror());
			return false;
		}
		memcpy(rows[i].place, &symbol, sizeof(symbol));
	}
	return true;
}

static int play_op(const struct library *library, scmp_filter_ctx *contexts,
		   const struct sequence *sequence, const struct op *op)
{
	scmp_filter_ctx ctx = contexts[op->context];
	int rc;

	switch (op->kind) {
	case OP_RULE:
		return (op->exact ? library->rule_exact : library->rule)(
			ctx, op->action, op->nr, op->count, op->args);
	case OP_ARCH_ADD:
		return library->arch_add(ctx, op->token);
	case OP_ARCH_REMOVE:
		return library->arch_remove(ctx, op->token);
	case OP_ATTRIBUTE:
		return library->attr_set(
			ctx, (enum scmp_filter_attr)op->attribute, op->value);
	case OP_PRIORITY:
		return library->priority(ctx, op->nr, op->priority);
	case OP_MERGE:
		rc = library->merge(contexts[0], contexts[1]);
		if (rc == 0)
			contexts[1] = library->init(sequence->answers[1]);
		return rc;
	case OP_START:
		return library->start ? library->start(ctx) : 0;
	case OP_COMMIT:
		return library->commit ? library->commit(ctx) : 0;
	default:
		if (library->reject)
			library->reject(ctx);
		return 0;
	}
}

/* FNV-1a of a file. */
static uint64_t hash_of(int fd)
{
	uint64_t hash = 0xcbf29ce484222325;
	unsigned char bytes[4096];
	ssize_t length;

	for (off_t at = 0; (length = pread(fd, bytes, sizeof(bytes), at)) > 0;
	     at += length)
		for (ssize_t i = 0; i < length; i++)
			hash = (hash ^ bytes[i]) * 0x100000001b3;
	return hash;
}

void library_play(const struct library *library,
		  const struct sequence *sequence, int fd,
		  struct outcome *outcome, unsigned char *bytes)
{
	scmp_filter_ctx contexts[CONTEXTS];

	*outcome = (struct outcome){ .length = 0 };
	for (size_t i = 0; i < CONTEXTS; i++)
		contexts[i] = library->init(sequence->answers[i]);
	for (size_t i = 0; i < sequence->count; i++) {
		const struct op *op = &sequence->ops[i];

		if (!op->undone || library->start)
			outcome->codes[i] =
				play_op(library, contexts, sequence, op);
		if (op->undone)
			outcome->codes[i] = 0;
	}
	library->attr_set(contexts[0], SCMP_FLTATR_CTL_OPTIMIZE,
			  sequence->optimize);
	if (ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0) {
		ssize_t length;

		outcome->exported = library->export_bpf(contexts[0], fd);
		length = pread(fd, bytes, PROGRAM_ROOM, 0);
		outcome->length = length > 0 ? (size_t)length : 0;
	}
	if (ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0 &&
	    library->export_pfc(contexts[0], fd) == 0)
		outcome->text = hash_of(fd);
	for (size_t i = 0; i < CONTEXTS; i++)
		library->release(contexts[i]);
}
