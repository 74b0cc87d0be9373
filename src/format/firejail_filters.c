/* The programs that firejail loads into a sandbox, joined to one filter. */
#include <string.h>

#include "format/dialect.h"
#include "format/firejail.h"

const struct firejail_word firejail_families[] = {
	{ "unix", 1 },     { "inet", 2 },    { "inet6", 10 },
	{ "netlink", 16 }, { "packet", 17 }, { "bluetooth", 31 },
	{ NULL, 0 },
};

enum { NEW_TIME = 0x80, X32_NUMBERS = 0x40000000, ENOTSUP = 95, ENOSYS = 38 };

const struct firejail_word firejail_namespaces[] = {
	{ "cgroup", 0x02000000 }, { "ipc", 0x08000000 }, { "net", 0x40000000 },
	{ "mnt", 0x00020000 },    { "pid", 0x20000000 }, { "time", NEW_TIME },
	{ "user", 0x10000000 },   { "uts", 0x04000000 }, { NULL, 0 },
};

/* One program in the making: of one architecture, all others are let through.*/
struct program {
	const struct firejail *firejail;
	const struct cg_abi *abi;
	struct filter filter;
};

/* The guest that firejail writes twins for; NULL where there is none. */
static const struct cg_abi *twin_of(const struct firejail *firejail)
{
	const struct cg_abi *native = firejail->reading->host->native;

	return strcmp(native->name, "x86_64") == 0 ? cg_abi_by_name("i386")
						   : NULL;
}

/* On x86_64 every number from x32's first on gets the error action. */
static bool refuse_x32(struct program *program)
{
	const struct cg_abi *x32 = cg_abi_by_name("x32");
	struct cg_rule rule = {
		.abi = program->abi,
		.first = x32->nr_last + 1,
		.last = UINT32_MAX,
		.answer = program->firejail->error_action,
	};

	if (strcmp(program->abi->name, "x86_64") != 0)
		return true;
	filter_default(&program->filter, x32, program->firejail->error_action);
	return filter_rule(&program->filter, &rule);
}

static bool begin(struct program *program, const struct firejail *firejail,
		  const struct cg_abi *abi)
{
	*program = (struct program){ .firejail = firejail, .abi = abi };
	filter_init(&program->filter, firejail->reading, CG_RET_ALLOW);
	return refuse_x32(program);
}

static bool add(struct program *program, uint32_t nr, uint32_t answer,
		const struct cg_test *test, struct place place)
{
	/* What looks like x32's has been answered before. */
	if (strcmp(program->abi->name, "x86_64") == 0 && nr >= X32_NUMBERS)
		return true;
	return filter_call(&program->filter, program->abi, nr, answer, test,
			   place);
}

/* A call by name, if the ABI has it, with one test of one argument. */
static bool add_named(struct program *program, const char *name,
		      uint32_t answer, const struct cg_test *test)
{
	const struct cg_syscall *call = cg_syscall_by_name(name);
	uint32_t nr;

	return !call || !cg_syscall_number(call, program->abi, &nr) ||
	       add(program, nr, answer, test, (struct place){ 0 });
}

/* The word of an argument that its programs load: the first in memory, which
   on a big-endian machine is the high one. */
static struct cg_test
word_test(const struct program *program, uint8_t argument, uint32_t mask,
	  enum cg_operator op, uint32_t value)
{
	unsigned shift = program->abi->big_endian ? 32 : 0;

	return (struct cg_test){
		.argument = argument,
		.op = op,
		.mask = (uint64_t)mask << shift,
		.value = (uint64_t)value << shift,
	};
}

static bool add_word_test(struct program *program, const char *name,
			  uint32_t answer, uint8_t argument, uint32_t mask,
			  enum cg_operator op, uint32_t value)
{
	struct cg_test test = word_test(program, argument, mask, op, value);

	return add_named(program, name, answer, &test);
}

/* ------------------------------------------------------------- the lists -- */

struct listing {
	struct program *program;
	uint32_t answer;
};

static bool add_listed(void *context, const char *name)
{
	struct listing *listing = context;
	struct program *program = listing->program;
	uint32_t nr;

	return !firejail_member(program->firejail->reading, name, program->abi,
				&nr) ||
	       add(program, nr, listing->answer, NULL, (struct place){ 0 });
}

/* All calls of a group of firejail's own. */
static bool
add_group(struct program *program, const char *name, uint32_t answer)
{
	uint32_t release = program->firejail->reading->host->release;
	const struct dialect_group *group =
		dialect_find(&dialect_firejail, name, release);
	struct listing listing = { program, answer };

	return !group || dialect_each(&dialect_firejail, group, release,
				      add_listed, &listing);
}

static bool add_usual(struct program *program)
{
	return add_group(program,
			 program->firejail->allow_debuggers
				 ? "@default"
				 : "@default-nodebuggers",
			 program->firejail->error_action);
}

/* Items with an answer of their own, and exceptions, stand in front. */
static bool
add_first(struct program *program, const struct firejail_item *items,
	  size_t count, uint32_t excepted)
{
	for (size_t i = 0; i < count; i++) {
		const struct firejail_item *item = &items[i];
		uint32_t nr = (uint32_t)item->nr, answer = excepted;

		if (item->error >= 0)
			answer = CG_RET_ERRNO | (uint32_t)item->error;
		else if (item->error == FIREJAIL_KILL)
			answer = CG_RET_KILL_THREAD;
		else if (item->nr < 0)
			nr = -nr;
		else
			continue;
		if (!add(program, nr, answer, NULL, item->place))
			return false;
	}
	return true;
}

/*
 * The calls of a list get the error action; those that are needed to start the
 * program get it from a second filter, `after`, that is loaded in the program.
 */
static bool
drop_program(const struct firejail *firejail, const struct firejail_list *list,
	     const struct cg_abi *abi, bool usual, struct program *program,
	     struct program *after)
{
	struct firejail_item *items = NULL;
	size_t count = 0;

	if (!begin(program, firejail, abi) || !begin(after, firejail, abi))
		return false;
	if (list->text &&
	    !firejail_items(firejail->reading, list, abi, &items, &count))
		return false;
	if (!add_first(program, items, count, CG_RET_ALLOW) ||
	    (usual && !add_usual(program)))
		return false;
	for (size_t i = 0; i < count; i++)
		if (items[i].nr >= 0 && items[i].named &&
		    !add(items[i].kept ? after : program, (uint32_t)items[i].nr,
			 firejail->error_action, NULL, items[i].place))
			return false;
	return true;
}

static bool
keep_program(const struct firejail *firejail, const struct firejail_list *list,
	     const struct cg_abi *abi, struct program *program)
{
	struct firejail_item *items;
	size_t count;

	if (!begin(program, firejail, abi) ||
	    !firejail_items(firejail->reading, list, abi, &items, &count) ||
	    !add_first(program, items, count, firejail->error_action) ||
	    !add_group(program, "@default-keep", CG_RET_ALLOW))
		return false;
	for (size_t i = 0; i < count; i++)
		if (items[i].nr >= 0 &&
		    !add(program, (uint32_t)items[i].nr, CG_RET_ALLOW, NULL,
			 items[i].place))
			return false;
	filter_default(&program->filter, abi, firejail->error_action);
	return true;
}

/* ------------------------------------------------- ready-made programs -- */

/* What 32-bit programs are refused beside the usual list. */
static bool
secondary_program(const struct firejail *firejail, struct program *program)
{
	const struct cg_abi *twin = twin_of(firejail);

	*program = (struct program){ .firejail = firejail, .abi = twin };
	filter_init(&program->filter, firejail->reading, CG_RET_ALLOW);
	return !twin || add_group(program, "secondary", firejail->error_action);
}

/* No architecture but the native one, and no personality that is another. */
static bool block_program(const struct firejail *firejail, uint32_t answer,
			  struct program *program)
{
	struct firejail with = *firejail;
	const struct cg_abi *native = firejail->reading->host->native;
	struct cg_test unset = { .argument = 0, .mask = UINT64_MAX };
	struct cg_test asked = { .argument = 0,
				 .mask = UINT64_MAX,
				 .value = UINT32_MAX };

	with.error_action = answer;
	if (!begin(program, &with, native))
		return false;
	for (size_t i = 1; i < program->filter.abi_count; i++)
		program->filter.defaults[i].answer = answer;
	program->filter.foreign = answer;
	return add_named(program, "personality", CG_RET_ALLOW, &unset) &&
	       add_named(program, "personality", CG_RET_ALLOW, &asked) &&
	       add_named(program, "personality", answer, NULL);
}

/* socket() of listed families alone; for 32-bit programs, too. */
static bool
protocol_program(const struct firejail *firejail, struct program *program)
{
	const struct cg_abi *both[2] = { firejail->reading->host->native,
					 twin_of(firejail) };

	if (!begin(program, firejail, both[0]))
		return false;
	for (size_t n = 0; n < 2 && both[n]; n++) {
		program->abi = both[n];
		for (size_t i = 0; firejail_families[i].name; i++)
			if (firejail->families & 1u << i &&
			    !add_word_test(program, "socket", CG_RET_ALLOW, 0,
					   UINT32_MAX, CG_EQ,
					   firejail_families[i].value))
				return false;
		if (!add_named(program, "socket", CG_RET_ERRNO | ENOTSUP, NULL))
			return false;
	}
	return true;
}

/* Memory that can be written must not become executable. */
static bool
write_execute_program(const struct firejail *firejail, const struct cg_abi *abi,
		      struct program *program)
{
	static const struct {
		const char *call;
		uint32_t bits; /* of argument 2 */
	} calls[] = {
		{ "mmap", 6 },          { "mmap2", 6 },      { "mprotect", 4 },
		{ "pkey_mprotect", 4 }, { "shmat", 0x8000 },
	};
	bool native = abi == firejail->reading->host->native;
	uint32_t answer = firejail->error_action;

	if (!begin(program, firejail, abi) ||
	    (!native && !add_named(program, "mmap", answer, NULL)))
		return false;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (!add_word_test(program, calls[i].call, answer, 2,
				   calls[i].bits, CG_EQ, calls[i].bits))
			return false;
	return add_named(program, "memfd_create", answer, NULL);
}

/* No new namespaces of some kinds. */
static bool
namespaces_program(const struct firejail *firejail, const struct cg_abi *abi,
		   struct program *program)
{
	uint32_t answer = firejail->error_action, denied = firejail->denied;
	uint32_t cloned = denied & ~(uint32_t)NEW_TIME;
	uint8_t flags = strncmp(abi->name, "s390", 4) == 0 ? 1 : 0;

	return begin(program, firejail, abi) &&
	       (!cloned || add_word_test(program, "clone", answer, flags,
					 cloned, CG_NE, 0)) &&
	       add_named(program, "clone3", CG_RET_ERRNO | ENOSYS, NULL) &&
	       (!denied || add_word_test(program, "unshare", answer, 0, denied,
					 CG_NE, 0)) &&
	       add_word_test(program, "setns", answer, 1, UINT32_MAX, CG_EQ,
			     0) &&
	       (!denied ||
		add_word_test(program, "setns", answer, 1, denied, CG_NE, 0));
}

/* ------------------------------------------------------------- together -- */

/* All programs of a sandbox, those that were loaded last in front. */
struct sandbox {
	const struct firejail *firejail;
	struct filter all;
	bool any;
};

/* The next one was loaded before those there are. */
static bool join(struct sandbox *sandbox, const struct program *older)
{
	if (sandbox->any)
		return filters_join(&sandbox->all, &older->filter);
	sandbox->all = older->filter;
	sandbox->any = true;
	return true;
}

static bool is_changed(const struct firejail *firejail)
{
	return firejail->error_action != FIREJAIL_USUAL;
}

/* The program for other architectures that goes with the usual list. */
static bool join_secondary(struct sandbox *sandbox)
{
	const struct firejail *firejail = sandbox->firejail;
	struct program program;

	return (firejail->block_secondary
			? block_program(firejail, firejail->error_action,
					&program)
			: secondary_program(firejail, &program)) &&
	       join(sandbox, &program);
}

/* With a list alone it is there only if asked for, and as it was packaged. */
static bool join_block(struct sandbox *sandbox)
{
	struct program program;

	return !sandbox->firejail->block_secondary ||
	       (block_program(sandbox->firejail, FIREJAIL_USUAL, &program) &&
		join(sandbox, &program));
}

/* A 32-bit program of one's own stands where the usual one would. */
static bool replaces_secondary(const struct firejail *firejail)
{
	return firejail->twin && (firejail->keep32.text ||
				  firejail->more.text || is_changed(firejail));
}

static bool join_native(struct sandbox *sandbox, struct program *after)
{
	const struct firejail *firejail = sandbox->firejail;
	const struct cg_abi *abi = firejail->reading->host->native;
	struct program program;

	if (firejail->keep.text)
		return join_block(sandbox) &&
		       keep_program(firejail, &firejail->keep, abi, &program) &&
		       join(sandbox, &program);
	if (firejail->drop.text)
		return join_block(sandbox) &&
		       drop_program(firejail, &firejail->drop, abi, false,
				    &program, after) &&
		       join(sandbox, &program);
	return (replaces_secondary(firejail) || join_secondary(sandbox)) &&
	       drop_program(firejail, &firejail->more, abi, true, &program,
			    after) &&
	       join(sandbox, &program);
}

static bool twin_needs(const struct firejail *firejail,
		       const struct firejail_list *list, const char *with)
{
	if (list->text)
		return true;
	return fail_at(firejail->reading->err, CG_E_MEANING,
		       source_start(&firejail->reading->sources[0]),
		       "firejail does not start: with %s the 32-bit list must "
		       "be %s, too",
		       with, with);
}

/*
 * The 32-bit twins. Which list counts depends on the 64-bit options, and a list
 * of what is kept is read as one of 64-bit calls.
 */
static bool join_twin(struct sandbox *sandbox, struct program *after)
{
	const struct firejail *firejail = sandbox->firejail;
	const struct cg_abi *twin = twin_of(firejail);
	struct program program;

	if (firejail->keep32.text)
		return keep_program(firejail, &firejail->keep32,
				    firejail->reading->host->native,
				    &program) &&
		       join(sandbox, &program);
	if (firejail->drop.text)
		return twin_needs(firejail, &firejail->drop32,
				  "seccomp.drop") &&
		       drop_program(firejail, &firejail->drop32, twin, false,
				    &program, after) &&
		       join(sandbox, &program);
	if (!firejail->more.text && !is_changed(firejail))
		return reading_warn(firejail->reading,
				    firejail->more32.text
					    ? firejail->more32.place
					    : firejail->drop32.place,
				    "firejail does not use this list: without "
				    "a 64-bit one of its kind the usual 32-bit "
				    "filter is loaded") &&
		       join_secondary(sandbox);
	return drop_program(firejail, &firejail->more32, twin, true, &program,
			    after) &&
	       join(sandbox, &program);
}

static bool
join_pair(struct sandbox *sandbox,
	  bool (*make)(const struct firejail *firejail,
		       const struct cg_abi *abi, struct program *program))
{
	const struct firejail *firejail = sandbox->firejail;
	const struct cg_abi *twin = twin_of(firejail);
	struct program program;

	return make(firejail, firejail->reading->host->native, &program) &&
	       join(sandbox, &program) &&
	       (!twin ||
		(make(firejail, twin, &program) && join(sandbox, &program)));
}

bool firejail_filters(const struct firejail *firejail)
{
	struct sandbox sandbox = { .firejail = firejail };
	struct program after, after32, program;

	filter_init(&after.filter, firejail->reading, CG_RET_ALLOW);
	after32.filter = after.filter;
	if ((firejail->protocol && !(protocol_program(firejail, &program) &&
				     join(&sandbox, &program))) ||
	    (firejail->native && !join_native(&sandbox, &after)) ||
	    (firejail->twin && !join_twin(&sandbox, &after32)) ||
	    (firejail->write_execute &&
	     !join_pair(&sandbox, write_execute_program)) ||
	    (firejail->namespaces && !join_pair(&sandbox, namespaces_program)))
		return false;
	return (!sandbox.any || filters_join(&after32.filter, &sandbox.all)) &&
	       filters_join(&after.filter, &after32.filter) &&
	       filter_give(&after.filter);
}
