/*
 * format/format.h - what readers and writers of foreign formats work with.
 *
 * A reader makes rules of text: numbers, tests and answers, for the ABIs that
 * the runtime's filter would cover, in the order in which the first match
 * decides. What the runtime's own library makes of conflicts, unknown names
 * and the like has happened by then. A writer makes text of a policy's
 * resolved tables; whoever called it reads the text back and proves it, so
 * that a writer may be simple, and cannot be wrong unseen.
 */
#ifndef FORMAT_FORMAT_H
#define FORMAT_FORMAT_H

#include <callgate/format.h>
#include <callgate/program.h>
#include <callgate/rules.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/fail.h"
#include "format/host.h"
#include "policy/resolve.h"

/* What a format has to say beside what it is about. */
struct notes {
	struct cg_error *at; /* each CG_OK, with its place */
	size_t count, room;
};

/*
 * Make rules of sources. In goes what is above the line; a reader fills in what
 * is below through the functions of read.h. All memory is the arena's.
 */
struct reading {
	struct arena *arena;
	struct cg_error *err;
	const struct cg_source *sources; /* names are never NULL */
	size_t source_count;
	const struct host *host;
	bool is_json; /* a reader of JSON says so: text has quotes there */
	/* ---- */
	struct cg_default *defaults; /* the first is the main ABI's */
	size_t default_count, default_room;
	struct cg_rule *rules;
	size_t rule_count, rule_room;
	uint32_t foreign, flags;
	struct place default_place; /* or zeros */
	struct notes warnings;
	/* A reader of programs sets these instead: they are checked, and
	   lifted to a policy. */
	const struct cg_insn *insns;
	size_t insn_count;
	bool big_endian;
};

/*
 * Make text of a policy. A writer adds to `out`; what it may not say exactly
 * goes through writing_lossy().
 */
struct writing {
	struct arena *arena;
	struct cg_error *err;
	const struct cg_policy *policy;
	const struct host *host;
	const struct cg_write_options *options; /* never NULL */
	/* Of formats that need one: the policy compiled, and proved. */
	const struct cg_insn *insns;
	size_t insn_count;
	/* ---- */
	struct buf out;
	struct notes notes;
};

/* A row. `about` is first, so that a public format leads back to its row. */
struct format {
	struct cg_format about;
	/* How much a text looks like it: 0 not at all, 100 beyond doubt. NULL:
	   a format that is never guessed. */
	int (*sniff)(const struct cg_source *source);
	/* NULL, though it is read: Callgate's own. */
	bool (*read)(struct reading *reading);
	bool (*write)(struct writing *writing); /* as above */
	bool wants_program;                     /* what `write` needs */
	/* Files of the folder FILE.d with this suffix belong to a file; or
	   NULL. */
	const char *beside;
};

/* All of them, up to NULL: a file that has formats defines their rows. */
extern const struct format *const formats[];

extern const struct format format_callgate;
extern const struct format format_systemd, format_firejail;
extern const struct format format_minijail, format_minijail_compiler;
extern const struct format format_kafel;
extern const struct format format_bpf, format_asm, format_c, format_c_header;
extern const struct format format_go, format_template;
extern const struct format format_oci, format_docker, format_containers;
extern const struct format format_spo, format_kubernetes, format_annotation;

#endif
