/*
 * format/scmp_names.h - libseccomp's architectures, and numbers for names.
 *
 * Its callers have tokens and pseudo numbers compiled in; data/scmp.tbl has
 * them as rows.
 */
#ifndef FORMAT_SCMP_NAMES_H
#define FORMAT_SCMP_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <callgate/scmp.h>

extern const struct cg_scmp_arch scmp_arches[];
extern const size_t scmp_arch_count;

extern const int16_t scmp_pseudos[]; /* by index of the call; 0: none */
extern const size_t scmp_pseudo_count;

enum { SCMP_RESERVED = -99 }; /* from -1 down to here; below: pseudo numbers */

/* A family: its pseudo numbers are base - operation, from first to last. */
struct scmp_family {
	int base, first, last;
	const char *door; /* the multiplexer's name */
};

/* The family of a pseudo number, or NULL. */
const struct scmp_family *scmp_family_of(int number);

/*
 * The call that a number of `arch` stands for, pseudo numbers included, or
 * NULL; and back, as cg_scmp_number().
 */
const struct cg_syscall *
scmp_call_of(const struct cg_scmp_arch *arch, int number);
int scmp_number_of(const struct cg_scmp_arch *arch,
		   const struct cg_syscall *call);

/*
 * The number that the kernel has for a call on `arch`, whatever stands for it
 * in rules; -1 if it has none.
 */
int64_t scmp_kernel_number(const struct cg_scmp_arch *arch,
			   const struct cg_syscall *call);

#endif
