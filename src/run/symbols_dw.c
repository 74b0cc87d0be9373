#include "run/symbols.h"

#include <dlfcn.h>
#include <elfutils/libdwfl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
	X(int, dwfl_linux_proc_attach, (Dwfl *, pid_t, bool))                \
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
	unsetenv("DEBUGINFOD_URLS");
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

struct walk {
	Dwfl *dwfl;
	struct cg_refusal *refusal;
};

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
	struct walk *walk = context;
	struct cg_refusal *refusal = walk->refusal;
	struct cg_frame *frame;
	Dwarf_Addr pc;
	bool exact;

	if (refusal->frame_count == CG_FRAMES_MAX ||
	    !dw.dwfl_frame_pc(state, &pc, &exact))
		return DWARF_CB_ABORT;
	frame = &refusal->frames[refusal->frame_count++];
	*frame = (struct cg_frame){ .address = pc };
	/* A return address may lie behind the end of what called. */
	name_frame(walk->dwfl, exact ? pc : pc - 1, frame);
	if (frame->symbol[0] && !exact)
		frame->symbol_offset++;
	return DWARF_CB_OK;
}

void symbols_walk(struct cg_refusal *refusal)
{
	struct walk walk = { dw.dwfl_begin(&dw.callbacks), refusal };

	refusal->frame_count = 0;
	if (!walk.dwfl)
		return;
	/* A walk that ends in an error has seen what can be seen. */
	if (dw.dwfl_linux_proc_report(walk.dwfl, refusal->pid) == 0 &&
	    dw.dwfl_report_end(walk.dwfl, NULL, NULL) == 0 &&
	    dw.dwfl_linux_proc_attach(walk.dwfl, refusal->pid, true) == 0)
		dw.dwfl_getthread_frames(walk.dwfl, refusal->thread, on_frame,
					 &walk);
	dw.dwfl_end(walk.dwfl);
}
