#include "made.h"

#include <inttypes.h>
#include <string.h>

#include "unit/bpf_random.h"

/* What one policy is made with. */
struct maker {
	struct made *made;
	struct buf *out;
	uint64_t seed;
};

static uint32_t below(struct maker *maker, uint32_t limit)
{
	return random_below(&maker->seed, limit);
}

static bool one_in(struct maker *maker, uint32_t limit)
{
	return below(maker, limit) == 0;
}

/* -------------------------------------------------------- architectures -- */

static const char *const machines[][MADE_ABIS] = {
	{ "x86_64" },
	{ "x86_64" },
	{ "x86_64" },
	{ "x86_64", "i386" },
	{ "x86_64", "i386", "x32" },
	{ "x86_64", "x32" },
	{ "i386", "x86_64" },
	{ "i386" },
	{ "x32" },
	{ "x32", "i386" },
	{ "aarch64" },
	{ "aarch64", "arm" },
	{ "arm" },
	{ "armeb" },
	{ "riscv64" },
	{ "loongarch64" },
	{ "ppc64le" },
	{ "ppc64", "ppc" },
	{ "ppc" },
	{ "s390x" },
	{ "s390x", "s390" },
	{ "s390" },
	{ "mips64", "mips", "mips64n32" },
	{ "mips64el", "mipsel", "mipsel64n32" },
	{ "mips" },
	{ "mipsel" },
	{ "parisc64", "parisc" },
	{ "m68k" },
	{ "sh" },
	{ "sheb" },
	{ "xtensa" },
	{ "x86_64", "aarch64", "riscv64" },
};

static void make_architectures(struct maker *maker)
{
	const uint32_t count = sizeof(machines) / sizeof(machines[0]);
	const char *const *names = machines[below(maker, count)];
	struct made *made = maker->made;

	buf_puts(maker->out, "  architectures: [");
	for (size_t i = 0; i < MADE_ABIS && names[i]; i++) {
		made->abis[made->abi_count++] = cg_abi_by_name(names[i]);
		buf_printf(maker->out, "%s%s", i ? ", " : "", names[i]);
	}
	buf_puts(maker->out, "]\n");
}

static const struct cg_syscall *any_call(struct maker *maker)
{
	static size_t calls;
	uint32_t nr;

	while (cg_syscall_get(calls))
		calls++;
	for (;;) {
		const struct cg_syscall *call =
			cg_syscall_get(below(maker, (uint32_t)calls));

		for (size_t i = 0; i < maker->made->abi_count; i++)
			if (cg_syscall_number(call, maker->made->abis[i], &nr))
				return call;
	}
}

/* -------------------------------------------------------------- actions -- */

/* Write an action, and tell its answer on the main ABI. */
static uint32_t make_action(struct maker *maker, const char *key, int indent)
{
	static const struct {
		const char *name;
		uint32_t answer;
	} plain[] = {
		{ "allow", CG_RET_ALLOW },
		{ "log", CG_RET_LOG },
		{ "kill_thread", CG_RET_KILL_THREAD },
		{ "kill_process", CG_RET_KILL_PROCESS },
		{ "trap", CG_RET_TRAP },
		{ "trace", CG_RET_TRACE },
		{ "user_notif", CG_RET_USER_NOTIF },
		{ "errno", CG_RET_ERRNO | 1 },
	};
	static const char *const errnos[] = { "EACCES", "ENOSYS", "EINVAL",
					      "EAFNOSUPPORT", "ELOOP" };
	uint32_t pick = below(maker, 14), number = below(maker, 4096);
	uint64_t value = number;

	buf_printf(maker->out, "%*s%s: ", indent, "", key);
	if (pick < sizeof(plain) / sizeof(plain[0])) {
		buf_printf(maker->out, "%s\n", plain[pick].name);
		return plain[pick].answer;
	}
	if (pick < 10) {
		const char *name = pick == 8 ? "trap" : "trace";

		buf_printf(maker->out, "%s(%" PRIu32 ")\n", name, 16 * number);
		return (pick == 8 ? CG_RET_TRAP : CG_RET_TRACE) | 16 * number;
	}
	if (pick < 12) {
		const char *name = errnos[number % 5];

		cg_constant_value(name, maker->made->abis[0], &value);
		buf_printf(maker->out, "errno(%s)\n", name);
	} else if (strcmp(key, "unknown") == 0) {
		buf_printf(maker->out, "errno(%" PRIu32 ")\n", number);
	} else {
		buf_printf(maker->out, "errno\n%*serrno: %" PRIu32 "\n", indent,
			   "", number);
	}
	return CG_RET_ERRNO | (uint32_t)value;
}

/* --------------------------------------------------------------- values -- */

/* How an argument is compared. */
struct sort {
	unsigned bits;
	bool is_signed;
};

static uint64_t cut(struct sort sort, uint64_t value)
{
	return sort.bits == 32 ? (uint32_t)value : value;
}

static bool comes_before(struct sort sort, uint64_t a, uint64_t b)
{
	if (!sort.is_signed)
		return cut(sort, a) < cut(sort, b);
	return sort.bits == 32 ? (int32_t)a < (int32_t)b
			       : (int64_t)a < (int64_t)b;
}

static uint64_t pick_value(struct maker *maker, struct sort sort)
{
	uint64_t value = random_edge(&maker->seed);

	if (one_in(maker, 2))
		value = below(maker, 16);
	if (sort.bits == 64 && one_in(maker, 3))
		value = value << 32 | random_edge(&maker->seed);
	return value;
}

/* In one of the spellings of a number; or, now and then, by name. */
static uint64_t
write_value(struct maker *maker, struct sort sort, uint64_t value)
{
	static const char *const names[] = { "AF_INET", "O_CREAT",
					     "CLONE_NEWUSER", "SIGKILL",
					     "TIOCSTI" };
	uint64_t named;
	const char *name = names[below(maker, 5)];

	if (one_in(maker, 8) &&
	    cg_constant_value(name, maker->made->abis[0], &named)) {
		buf_printf(maker->out, "%s", name);
		return named;
	}
	if (sort.is_signed && (int64_t)value > 0 && value < 1 << 20 &&
	    one_in(maker, 3)) {
		buf_printf(maker->out, "-%" PRIu64, value);
		return 0 - value;
	}
	switch (below(maker, 4)) {
	case 0:
		buf_printf(maker->out, "%" PRIu64, value);
		break;
	case 1:
		buf_printf(maker->out, "0o%" PRIo64, value);
		break;
	default:
		buf_printf(maker->out, "0x%" PRIx64, value);
	}
	return value;
}

/* A value, or now and then two joined by |. */
static uint64_t make_value(struct maker *maker, struct sort sort)
{
	uint64_t value = write_value(maker, sort, pick_value(maker, sort));
	struct sort positive = { sort.bits, false };

	if (!one_in(maker, 6))
		return value;
	buf_puts(maker->out, "|");
	return value |
	       write_value(maker, positive, pick_value(maker, positive));
}

/* ----------------------------------------------------------- conditions -- */

/* Two numbers in order; they are written plainly, so that this is known. */
static void
make_range(struct maker *maker, struct sort sort, struct made_range *out)
{
	uint64_t a = pick_value(maker, sort), b = pick_value(maker, sort);

	if (one_in(maker, 2)) {
		out->first = out->last = make_value(maker, sort);
		return;
	}
	out->first = comes_before(sort, b, a) ? b : a;
	out->last = comes_before(sort, b, a) ? a : b;
	buf_printf(maker->out, "%" PRIu64 "..0x%" PRIx64, out->first,
		   out->last);
}

static void
make_set(struct maker *maker, struct sort sort, struct made_condition *out)
{
	bool braces = one_in(maker, 2);
	size_t count = braces ? 1 + below(maker, MADE_SET) : 1;

	buf_puts(maker->out, braces ? "{" : "");
	for (out->count = 0; out->count < count; out->count++) {
		buf_puts(maker->out, out->count ? ", " : "");
		make_range(maker, sort, &out->set[out->count]);
	}
	buf_puts(maker->out, braces ? "}" : "");
}

static struct sort sort_of(const struct cg_syscall *call,
			   const struct cg_abi *abi, unsigned argument)
{
	struct cg_argument arguments[6];
	struct sort sort = { abi->bits, false };
	size_t count;

	if (cg_syscall_arguments(call, abi, arguments, &count) &&
	    argument < count && arguments[argument].bits)
		sort = (struct sort){ arguments[argument].bits,
				      arguments[argument].is_signed };
	return sort;
}

/* One condition of a rule, for an argument that `out` names. */
static void
make_typed(struct maker *maker, struct sort sort, struct made_condition *out)
{
	static const char *const signs[] = { "== ", "!= ", "< ",
					     "<= ", "> ",  ">= " };
	struct sort bits = { sort.bits, false };

	out->typed = true;
	out->mask = UINT64_MAX;
	switch (below(maker, 3)) {
	case 0:
		out->compare = (enum made_compare)below(maker, 6);
		buf_puts(maker->out, signs[out->compare]);
		out->value = make_value(maker, sort);
		return;
	case 1:
		buf_puts(maker->out, "&");
		out->masked = true;
		out->mask = make_value(maker, bits);
		sort = bits;
		/* fall through */
	default:
		out->compare = one_in(maker, 2) ? MADE_IN : MADE_NOT_IN;
		if (out->compare == MADE_NOT_IN)
			buf_puts(maker->out, " != ");
		else if (out->masked || one_in(maker, 2))
			buf_puts(maker->out, " == ");
		make_set(maker, sort, out);
	}
}

/* Arguments of a rule are those of the native ABI, whatever it is for. */
static size_t count_arguments(const struct cg_syscall *call)
{
	struct cg_argument arguments[6];
	size_t count;

	return cg_syscall_arguments(call, cg_abi_native(), arguments, &count)
		       ? count
		       : 0;
}

static void make_rule(struct maker *maker, struct made_entry *entry)
{
	size_t count = count_arguments(entry->call), written;

	written = count ? 1 + below(maker, (uint32_t)count) : 0;
	buf_printf(maker->out, "        - '%s(", entry->call->name);
	for (unsigned i = 0; i < written; i++) {
		const struct sort sort =
			sort_of(entry->call, maker->made->abis[0], i);
		struct made_condition *out = &entry->conditions[entry->count];

		buf_puts(maker->out, i ? ", " : "");
		/* The first has one, so that other rules may stand beside. */
		if (entry->count + 1 >= MADE_CONDITIONS ||
		    (i > 0 && one_in(maker, 3))) {
			buf_puts(maker->out, "_");
			continue;
		}
		out->argument = i;
		make_typed(maker, sort, out);
		entry->count++;
		if (one_in(maker, 4)) {
			buf_puts(maker->out, " && ");
			out = &entry->conditions[entry->count++];
			out->argument = i;
			make_typed(maker, sort, out);
		}
	}
	buf_puts(maker->out, ")'\n");
}

static const char *const operations[] = {
	[MADE_EQ] = "Equal",
	[MADE_NE] = "NotEqual",
	[MADE_LT] = "LessThan",
	[MADE_LE] = "LessOrEqual",
	[MADE_GT] = "GreaterThan",
	[MADE_GE] = "GreaterOrEqual",
	[MADE_ANY_BITS] = "BitsSet",
	[MADE_NO_BITS] = "BitsNotSet",
	[MADE_ALL_BITS] = "AllBitsSet",
	[MADE_IN] = "In",
	[MADE_NOT_IN] = "NotIn",
};

static void make_values(struct maker *maker, struct made_condition *out)
{
	const struct sort sort = { 64, false };
	size_t count = 1 + below(maker, MADE_SET);

	buf_puts(maker->out, ", values: [");
	for (out->count = 0; out->count < count; out->count++) {
		buf_puts(maker->out, out->count ? ", '" : "'");
		make_range(maker, sort, &out->set[out->count]);
		buf_puts(maker->out, "'");
	}
	buf_puts(maker->out, "]");
}

static void make_spelled(struct maker *maker, struct made_condition *out)
{
	const struct sort sort = { 64, false };
	bool masked = one_in(maker, 6);
	const char *name;

	out->argument = below(maker, 6);
	out->compare = (enum made_compare)below(maker, MADE_NOT_IN + 1);
	out->mask = UINT64_MAX;
	if (masked)
		out->compare = one_in(maker, 2) ? MADE_IN : MADE_NOT_IN;
	name = !masked                   ? operations[out->compare]
	       : out->compare == MADE_IN ? "MaskedEqual"
					 : "MaskedNotEqual";
	buf_printf(maker->out, "            - {argument: %u, operation: %s",
		   out->argument, name);
	if (masked) {
		buf_puts(maker->out, ", mask: '");
		out->mask = make_value(maker, sort);
		buf_puts(maker->out, "', value: '");
		out->set[0].first = out->set[0].last = make_value(maker, sort);
		out->count = 1;
		buf_puts(maker->out, "'");
	} else if (out->compare >= MADE_IN) {
		make_values(maker, out);
	} else {
		buf_puts(maker->out, ", value: '");
		out->value = make_value(maker, sort);
		buf_puts(maker->out, "'");
	}
	buf_puts(maker->out, "}\n");
}

static void make_with_args(struct maker *maker, struct made_entry *entry)
{
	size_t count = 1 + below(maker, MADE_CONDITIONS);

	buf_printf(maker->out, "        - name: %s\n          arguments:\n",
		   entry->call->name);
	for (; entry->count < count; entry->count++)
		make_spelled(maker, &entry->conditions[entry->count]);
}

/* --------------------------------------------------------------- groups -- */

enum kind { BY_NAME, BY_ARGS, BY_RULE, KINDS };

/* A call that may still stand in the group in this way, or NULL. */
static const struct cg_syscall *
fresh_call(struct maker *maker, const struct made_group *group, enum kind kind)
{
	const struct cg_syscall *call = any_call(maker);

	/* Earlier groups are worth going back to, as are other conditions. */
	if (maker->made->count && one_in(maker, 2))
		call = maker->made->groups[0].entries[0].call;
	if (kind != BY_NAME && group->count && one_in(maker, 2))
		call = group->entries[group->count - 1].call;
	for (size_t i = 0; i < group->count; i++)
		if (group->entries[i].call == call &&
		    (kind == BY_NAME || !group->entries[i].count ||
		     (kind == BY_RULE && !count_arguments(call))))
			return NULL;
	for (size_t i = 0; kind != BY_NAME && i < group->set_count; i++)
		for (size_t j = 0; group->sets[i]->names[j]; j++)
			if (strcmp(group->sets[i]->names[j], call->name) == 0)
				return NULL;
	return call;
}

static const struct cg_group *any_set(struct maker *maker)
{
	size_t count = 0;

	while (cg_group_get(count))
		count++;
	return cg_group_get(below(maker, (uint32_t)count));
}

static void
make_part(struct maker *maker, struct made_group *group, enum kind kind)
{
	static const char *const keys[] = { "names", "names_with_args",
					    "rules" };
	size_t wanted = 1 + below(maker, MADE_ENTRIES / KINDS), done = 0;
	const struct cg_syscall *call;

	if (kind == BY_NAME && one_in(maker, 4))
		group->sets[group->set_count++] = any_set(maker);
	for (; wanted-- > 0;) {
		struct made_entry *entry = &group->entries[group->count];

		call = fresh_call(maker, group, kind);
		if (!call)
			continue;
		if (done++ == 0)
			buf_printf(maker->out, "      %s:\n", keys[kind]);
		if (done == 1 && kind == BY_NAME && group->set_count)
			buf_printf(maker->out, "        - '%s'\n",
				   group->sets[0]->name);
		entry->call = call;
		if (kind == BY_NAME)
			buf_printf(maker->out, "        - %s\n", call->name);
		else if (kind == BY_ARGS)
			make_with_args(maker, entry);
		else
			make_rule(maker, entry);
		group->count++;
	}
	if (!done && kind == BY_NAME)
		group->set_count = 0;
}

static void make_group(struct maker *maker)
{
	struct made *made = maker->made;
	struct made_group *group = &made->groups[made->count];

	buf_puts(maker->out, "    -\n");
	group->answer = make_action(maker, "action", 6);
	for (int kind = 0; kind < KINDS; kind++)
		if (one_in(maker, 2) || (kind == BY_RULE && !group->count))
			make_part(maker, group, (enum kind)kind);
	made->count++;
}

static void make_settings(struct maker *maker)
{
	static const char *const others[] = { "allow", "kill_thread", "elastic",
					      "errno(ENOSYS)", "trap(7)" };
	struct made *made = maker->made;

	make_architectures(maker);
	made->fallback = make_action(maker, "default_action", 2);
	/* A default of plain errno asks the kernel's table, as does this. */
	made->by_kernel = made->fallback == (CG_RET_ERRNO | 1);
	if (one_in(maker, 4)) {
		buf_printf(maker->out, "  kernel: \"%u.%u\"\n",
			   3 + below(maker, 4), below(maker, 20));
	}
	if (one_in(maker, 4)) {
		made->by_kernel = true;
		make_action(maker, "unknown", 2);
	}
	if (one_in(maker, 3))
		buf_printf(maker->out, "  foreign: %s\n",
			   others[below(maker, 5)]);
}

void made_init(struct made *made, uint64_t seed)
{
	struct maker maker = { made, &made->text, seed };
	uint32_t groups;

	*made = (struct made){ 0 };
	random_next(&maker.seed);
	buf_puts(maker.out, "seccomp:\n");
	make_settings(&maker);
	buf_puts(maker.out, "  syscalls:\n");
	groups = 1 + below(&maker, MADE_GROUPS);
	while (made->count < groups)
		make_group(&maker);
}

void made_done(struct made *made)
{
	buf_free(&made->text);
}

/* -------------------------------------------------------------- meaning -- */

static bool
in_set(const struct made_condition *condition, struct sort sort, uint64_t x)
{
	for (size_t i = 0; i < condition->count; i++)
		if (!comes_before(sort, x, condition->set[i].first) &&
		    !comes_before(sort, condition->set[i].last, x))
			return true;
	return false;
}

static bool
holds(const struct made_condition *condition, struct sort sort, uint64_t x)
{
	const uint64_t value = cut(sort, condition->value);
	/* Where bits are left out, orders are unsigned. */
	const bool whole = cut(sort, ~condition->mask) == 0;
	const struct sort in = { sort.bits, sort.is_signed && whole };

	x = cut(sort, x);
	switch (condition->compare) {
	case MADE_EQ:
		return x == value;
	case MADE_NE:
		return x != value;
	case MADE_LT:
		return comes_before(sort, x, value);
	case MADE_LE:
		return !comes_before(sort, value, x);
	case MADE_GT:
		return comes_before(sort, value, x);
	case MADE_GE:
		return !comes_before(sort, x, value);
	case MADE_ANY_BITS:
		return (x & value) != 0;
	case MADE_NO_BITS:
		return (x & value) == 0;
	case MADE_ALL_BITS:
		return (x & value) == value;
	case MADE_IN:
		return in_set(condition, in, x & condition->mask);
	case MADE_NOT_IN:
		return !in_set(condition, in, x & condition->mask);
	}
	return false;
}

static bool entry_holds(const struct made_entry *entry,
			const struct cg_abi *abi, const struct cg_call *call)
{
	for (size_t i = 0; i < entry->count; i++) {
		const struct made_condition *one = &entry->conditions[i];
		struct sort sort = { 64, false };

		if (one->typed)
			sort = sort_of(entry->call, abi, one->argument);
		if (!holds(one, sort, call->args[one->argument]))
			return false;
	}
	return true;
}

static bool in_sets(const struct made_group *group, const char *name)
{
	for (size_t i = 0; i < group->set_count; i++)
		for (size_t j = 0; group->sets[i]->names[j]; j++)
			if (strcmp(group->sets[i]->names[j], name) == 0)
				return true;
	return false;
}

static bool group_holds(const struct made_group *group,
			const struct cg_abi *abi, const struct cg_call *call)
{
	const struct cg_syscall *named = cg_syscall_at(abi, call->nr);

	if (named && in_sets(group, named->name))
		return true;
	for (size_t i = 0; i < group->count; i++) {
		uint32_t nr;

		if (cg_syscall_number(group->entries[i].call, abi, &nr) &&
		    nr == call->nr &&
		    entry_holds(&group->entries[i], abi, call))
			return true;
	}
	return false;
}

/* Whether x32 is covered and has the call, 512 to 547 without its bit. */
static bool is_of_x32(const struct made *made, const struct cg_call *call)
{
	for (size_t i = 0; i < made->abi_count; i++)
		if (strcmp(made->abis[i]->name, "x32") == 0)
			return call->nr >= 512 && call->nr <= 547;
	return false;
}

bool made_answer(const struct made *made, const struct cg_call *call,
		 uint32_t *answer)
{
	const struct cg_abi *abi = made->abis[0];
	struct cg_call taken = *call;

	if (strcmp(abi->name, "x86_64") != 0 || call->arch != abi->audit_arch ||
	    call->nr >= 0x40000000)
		return false;
	if (is_of_x32(made, call)) {
		abi = cg_abi_by_name("x32");
		taken.nr |= 0x40000000;
	}
	for (size_t i = 0; i < made->count; i++) {
		if (!group_holds(&made->groups[i], abi, &taken))
			continue;
		*answer = made->groups[i].answer;
		return true;
	}
	*answer = made->fallback;
	return !made->by_kernel;
}
