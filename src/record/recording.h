/*
 * record/recording.h - what was seen: calls, how often, with what.
 *
 * Pure: values in, values out. A recording lies in its own arena. Joining two
 * is associative and commutative; joining one with itself adds its counts and
 * changes nothing else.
 */
#ifndef RECORD_RECORDING_H
#define RECORD_RECORDING_H

#include <callgate/record.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/fail.h"

enum {
	RECORDING_VALUES = 64, /* distinct values kept of one argument */
	RECORDING_MEMORY = 64 << 20,
	RECORDING_VERSION = 1,
	RECORDING_STACK_MAX = 4096, /* bytes of a stack */
	RECORDING_LABEL_MAX = 4096, /* bytes of a label */
};

/* What is said of the recording as a whole: sets of words. */
enum label {
	LABEL_PROGRAM, /* "/usr/bin/app", or with " build-id" behind it */
	LABEL_KERNEL,  /* "6.12.1" */
	LABEL_BACKEND, /* "ebpf" */
	LABEL_GAP,     /* what could not be seen: "errors", "start", ... */
	LABEL_LOST,    /* with a count: "values" */
	LABELS,
};

struct tag {
	const char *text;
	uint64_t count; /* of LABEL_LOST alone */
};

struct tags {
	struct tag *at; /* sorted, each another text */
	size_t count, room;
};

/* Sorted by value, each another. */
struct arguments {
	struct cg_recorded_value *at;
	size_t count, room;
	uint64_t other; /* calls whose value found no room */
};

struct failures {
	struct cg_recorded_error *at; /* sorted by number */
	size_t count, room;
};

struct recorded {
	enum cg_phase phase;
	const struct cg_abi *abi;
	uint32_t nr;    /* as seccomp_data.nr shows it */
	uint64_t count; /* at least the errors */
	uint64_t time;  /* ns in the call */
	uint64_t first; /* ns since 1970; 0: not known */
	uint64_t last;
	struct failures failures;
	struct arguments arguments[6];
	const char *stack; /* lines, the innermost frame first; or NULL */
	uint64_t stack_at; /* when it was taken; 0: not known */
};

struct cg_recording {
	struct arena arena;
	struct recorded **calls; /* sorted by phase, ABI, number */
	size_t count, room;
	struct tags tags[LABELS];
	uint64_t runs; /* recordings that were joined */
};

/* `memory` 0: RECORDING_MEMORY. NULL if there is none. */
struct cg_recording *recording_new(size_t memory);

/* The row of a call, made if it is not there; NULL if memory ran out. */
struct recorded *
recording_call(struct cg_recording *recording, enum cg_phase phase,
	       const struct cg_abi *abi, uint32_t nr);

/* Add to what is there; false if memory ran out. Sums stop at 2^64 - 1. */
bool recording_error(struct cg_recording *recording, struct recorded *call,
		     uint32_t number, uint64_t count);
bool recording_value(struct cg_recording *recording, struct recorded *call,
		     unsigned argument, uint64_t value, uint64_t count);
bool recording_tag(struct cg_recording *recording, enum label label,
		   const char *text, uint64_t count);
/* The earlier stack stays; of two of the same moment, the smaller text. */
bool recording_stack(struct cg_recording *recording, struct recorded *call,
		     const char *stack, uint64_t at);

/* Whether a word stands there. */
bool recording_has(const struct cg_recording *recording, enum label label,
		   const char *text);

/* Note when a call was made; 0 is not known. */
void recorded_seen(struct recorded *call, uint64_t first, uint64_t last);

void recording_add(uint64_t *sum, uint64_t more);

/* Join `from` to `into`; false if memory ran out, and `into` is useless. */
bool recording_join(struct cg_recording *into, const struct cg_recording *from);

/*
 * The words of the format: "all", "start", ...; back: CG_PHASES if there is
 * none.
 */
const char *recording_phase_name(enum cg_phase phase);
enum cg_phase recording_phase(const char *name);

/* As JSON; RECORDING_VERSION says which. */
void recording_write(const struct cg_recording *recording, struct buf *out);

/* Read that, strictly. False, and the place of what is wrong. */
bool recording_read(struct cg_recording *recording, const char *text,
		    size_t length, const char *source, struct cg_error *err);

#endif
