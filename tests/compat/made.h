/*
 * made.h - made-up uses of libseccomp's interface, for whichever library.
 *
 * A sequence is plain data: the same one is played to both libraries, and read
 * by the reference.
 */
#ifndef TESTS_COMPAT_MADE_H
#define TESTS_COMPAT_MADE_H

#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { OPS_MAX = 20, CONTEXTS = 2, ARGS_ROOM = 8 };

enum kind {
	OP_RULE,
	OP_ARCH_ADD,
	OP_ARCH_REMOVE,
	OP_ATTRIBUTE,
	OP_PRIORITY,
	OP_MERGE, /* of the second context into the first */
	OP_START, /* transactions: of the first context */
	OP_COMMIT,
	OP_REJECT,
};

struct op {
	enum kind kind;
	uint8_t context;
	bool exact;
	bool undone; /* by a later OP_REJECT */
	uint8_t priority;
	int nr;
	uint32_t action, token, attribute, value;
	unsigned count;
	struct scmp_arg_cmp args[ARGS_ROOM];
};

struct sequence {
	uint32_t answers[CONTEXTS]; /* for calls without a rule */
	uint32_t optimize;
	struct op ops[OPS_MAX];
	size_t count;
};

/* The sequence of a seed: the same on every machine. */
void made_sequence(struct sequence *sequence, uint64_t seed);

/* A library's functions; the last three are NULL where it has none. */
struct library {
	scmp_filter_ctx (*init)(uint32_t);
	void (*release)(scmp_filter_ctx);
	int (*merge)(scmp_filter_ctx, scmp_filter_ctx);
	int (*arch_add)(scmp_filter_ctx, uint32_t);
	int (*arch_remove)(scmp_filter_ctx, uint32_t);
	int (*attr_set)(scmp_filter_ctx, enum scmp_filter_attr, uint32_t);
	int (*priority)(scmp_filter_ctx, int, uint8_t);
	int (*rule)(scmp_filter_ctx, uint32_t, int, unsigned,
		    const struct scmp_arg_cmp *);
	int (*rule_exact)(scmp_filter_ctx, uint32_t, int, unsigned,
			  const struct scmp_arg_cmp *);
	int (*export_bpf)(scmp_filter_ctx, int);
	int (*export_pfc)(scmp_filter_ctx, int);
	int (*start)(scmp_filter_ctx);
	int (*commit)(scmp_filter_ctx);
	void (*reject)(scmp_filter_ctx);
};

/* Open the library in a file; false, and a note, if it cannot be. */
bool library_open(struct library *library, const char *path);

/* What playing a sequence returned. */
struct outcome {
	int codes[OPS_MAX]; /* of each step; 0 where it was not taken */
	int exported;       /* what export_bpf returned */
	size_t length;      /* of the program, in bytes */
	uint64_t text;      /* the hash of what export_pfc wrote */
};

enum { PROGRAM_ROOM = 1 << 16 };

/*
 * Play a sequence. A library without transactions is spared what is undone.
 * The program goes to `bytes`, of PROGRAM_ROOM, by way of the file `fd`.
 */
void library_play(const struct library *library,
		  const struct sequence *sequence, int fd,
		  struct outcome *outcome, unsigned char *bytes);

/* A rule for a person. */
void op_print(const struct op *op, char *out, size_t size);

#endif
