#include "trace/inject.h"
#include "trace/symbols.h"

#include <dlfcn.h>
#include <elfutils/libdwfl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

/*
 * What is used of libdw: X(result, name, parameters). The library is opened
 * when there is something to explain, so that no start pays for it.
 */
#define FUNCTIONS(X)                                                         \
	X(Dwfl *, dwfl_begin, (const Dwfl_Callbacks *))                      \
	X(void, dwfl_end, (Dwfl *))                                          \
	X(int, dwfl_linux_proc_report, (Dwfl *, pid_t))                      \
	X(int, dwfl_report_end,                                              \
	  (Dwfl *,                                                           \
	   int (*)(Dwfl_Module *, void *, const char *, Dwarf_Addr, void *), \
	   void *))                                                          \
	X(bool, dwfl_attach_state,                                           \
	  (Dwfl *, Elf *, pid_t, const Dwfl_Thread_Callbacks *, void *))     \
	X(bool, dwfl_thread_state_registers,                                 \
	  (Dwfl_Thread *, int, unsigned, const Dwarf_Word *))                \
	X(int, dwfl_getthread_frames,                                        \
	  (Dwfl *, pid_t, int (*)(Dwfl_Frame *, void *), void *))            \
	X(bool, dwfl_frame_pc, (Dwfl_Frame *, Dwarf_Addr *, bool *))         \
	X(Dwfl_Module *, dwfl_addrmodule, (Dwfl *, Dwarf_Addr))              \
	X(const char *, dwfl_module_addrinfo,                                \
	  (Dwfl_Module *, GElf_Addr, GElf_Off *, GElf_Sym *, GElf_Word *,    \
	   Elf **, Dwarf_Addr *))                                            \
	X(Dwfl_Line *, dwfl_module_getsrc, (Dwfl_Module *, Dwarf_Addr))      \
	X(const char *, dwfl_lineinfo,                                       \
	  (Dwfl_Line *, Dwarf_Addr *, int *, int *, Dwarf_Word *,            \
	   Dwarf_Word *))

static struct {
#define X(result, name, parameters) result(*name) parameters;
	FUNCTIONS(X)
#undef X
	Dwfl_Callbacks callbacks;
} dw;

static const struct {
	const char *name;
	size_t at;
} names[] = {
#define X(result, name, parameters) { #name, offsetof(__typeof__(dw), name) },
	FUNCTIONS(X)
#undef X
		{ "dwfl_linux_proc_find_elf",
		  offsetof(__typeof__(dw), callbacks.find_elf) },
	{ "dwfl_standard_find_debuginfo",
	  offsetof(__typeof__(dw), callbacks.find_debuginfo) },
};

const char *symbols_open(void)
{
	void *library;

	/* Symbols are not worth asking the network for them. */
	unsetenv("DEBUGINFOD_URLS"); /* NOLINT(concurrency-mt-unsafe): alone */
	library = dlopen("libdw.so.1", RTLD_NOW | RTLD_LOCAL);
	if (!library)
		return "libdw.so.1 is not installed (Debian: libdw1)";
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		void *found = dlsym(library, names[i].name);

		if (!found)
			return "libdw.so.1 is too old";
		memcpy((char *)&dw + names[i].at, &found, sizeof(found));
	}
	return NULL;
}

/*
 * Reading the files of a program takes far longer than walking its stack, and
 * a program that is refused once is refused often, also in its children. So
 * what was read stays, for as long as the same code lies at the same places.
 */
static struct {
	Dwfl *dwfl;
	char *code;                 /* the lines of maps that are executable */
	struct cg_refusal *refusal; /* being walked */
	bool narrow;
} cache;

/* The executable lines of maps, to be freed, or NULL. */
static char *code_of(const char *maps)
{
	struct buf code = { 0 };

	while (*maps) {
		size_t length = strcspn(maps, "\n");
		size_t permissions = strcspn(maps, " ") + 1;

		length += maps[length] == '\n';
		if (permissions + 2 < length && maps[permissions + 2] == 'x')
			buf_add(&code, maps, length);
		maps += length;
	}
	return buf_done(&code);
}

static void name_frame(Dwfl *dwfl, uint64_t pc, struct cg_frame *frame)
{
	Dwfl_Module *module = dw.dwfl_addrmodule(dwfl, pc);
	GElf_Sym symbol;
	const char *name;
	Dwfl_Line *line;
	int number = 0;

	if (!module)
		return;
	name = dw.dwfl_module_addrinfo(module, pc, &frame->symbol_offset,
				       &symbol, NULL, NULL, NULL);
	if (name)
		snprintf(frame->symbol, sizeof(frame->symbol), "%s", name);
	line = dw.dwfl_module_getsrc(module, pc);
	name = line ? dw.dwfl_lineinfo(line, NULL, &number, NULL, NULL, NULL)
		    : NULL;
	if (name && number > 0) {
		snprintf(frame->file, sizeof(frame->file), "%s", name);
		frame->line = (uint32_t)number;
	}
}

static int on_frame(Dwfl_Frame *state, void *context)
{
	struct cg_refusal *refusal = cache.refusal;
	struct cg_frame *frame;
	Dwarf_Addr pc;
	bool exact;

	(void)context;
	if (refusal->frame_count == CG_FRAMES_MAX ||
	    !dw.dwfl_frame_pc(state, &pc, &exact))
		return DWARF_CB_ABORT;
	frame = &refusal->frames[refusal->frame_count++];
	*frame = (struct cg_frame){ .address = pc };
	/* A return address may lie behind the end of what called. */
	name_frame(cache.dwfl, exact ? pc : pc - 1, frame);
	if (frame->symbol[0] && !exact)
		frame->symbol_offset++;
	return DWARF_CB_OK;
}

/* Of all threads there is one, the one that was refused. */
static pid_t next_thread(Dwfl *dwfl, void *context, void **thread)
{
	(void)dwfl;
	(void)context;
	if (*thread)
		return 0;
	*thread = cache.refusal;
	return cache.refusal->thread;
}

static bool get_thread(Dwfl *dwfl, pid_t id, void *context, void **thread)
{
	(void)dwfl;
	(void)context;
	*thread = cache.refusal;
	return id == cache.refusal->thread;
}

static bool
read_word(Dwfl *dwfl, Dwarf_Addr address, Dwarf_Word *word, void *context)
{
	(void)dwfl;
	(void)context;
	if (!memory_read(cache.refusal->thread, address, word, sizeof(*word)))
		return false;
	if (cache.narrow)
		*word &= UINT32_MAX;
	return true;
}

static bool first_registers(Dwfl_Thread *thread, void *context)
{
	uint64_t words[DWARF_REGS_MAX];
	struct regs regs;
	unsigned count;

	(void)context;
	if (!regs_read(cache.refusal->thread, &regs))
		return false;
	count = regs_dwarf(&regs, words, &cache.narrow);
	return dw.dwfl_thread_state_registers(thread, 0, count, words);
}

void symbols_close(void)
{
	if (cache.dwfl)
		dw.dwfl_end(cache.dwfl);
	cache.dwfl = NULL;
	free(cache.code);
	cache.code = NULL;
}

/* Make the cache fit the process; false if its code cannot be told. */
static bool cache_fit(pid_t process, const char *maps)
{
	static const Dwfl_Thread_Callbacks callbacks = {
		.next_thread = next_thread,
		.get_thread = get_thread,
		.memory_read = read_word,
		.set_initial_registers = first_registers,
	};
	char *code = code_of(maps);

	if (!code)
		return false;
	if (cache.dwfl && strcmp(code, cache.code) == 0) {
		free(code);
		return true;
	}
	symbols_close();
	cache.code = code;
	cache.dwfl = dw.dwfl_begin(&dw.callbacks);
	if (cache.dwfl && dw.dwfl_linux_proc_report(cache.dwfl, process) == 0 &&
	    dw.dwfl_report_end(cache.dwfl, NULL, NULL) == 0 &&
	    dw.dwfl_attach_state(cache.dwfl, NULL, process, &callbacks, NULL))
		return true;
	symbols_close();
	return false;
}

void symbols_walk(struct cg_refusal *refusal, const char *maps)
{
	refusal->frame_count = 0;
	cache.refusal = refusal;
	/* A walk that ends in an error has seen what can be seen. */
	if (cache_fit(refusal->pid, maps))
		dw.dwfl_getthread_frames(cache.dwfl, refusal->thread, on_frame,
					 NULL);
}

void symbols_name(struct cg_refusal *refusal, const char *maps)
{
	if (!cache_fit(refusal->pid, maps))
		return;
	for (size_t i = 0; i < refusal->frame_count; i++) {
		struct cg_frame *frame = &refusal->frames[i];

		/* But for the innermost one they are return addresses. */
		name_frame(cache.dwfl, frame->address - (i > 0), frame);
		if (frame->symbol[0] && i > 0)
			frame->symbol_offset++;
	}
}
