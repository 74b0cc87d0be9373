/*
 * format/firejail.h - firejail's options and profile lines about system calls.
 */
#ifndef FORMAT_FIREJAIL_H
#define FORMAT_FIREJAIL_H

#include "format/filters.h"

/* A list of calls, as it stands; text is NULL where none was given. */
struct firejail_list {
	const char *text;
	struct place place;
};

/* What all options and lines together come to. */
struct firejail {
	struct reading *reading;
	bool native, twin; /* any --seccomp...; any --seccomp.32... */
	bool block_secondary;
	struct firejail_list more, drop, keep;       /* of 64-bit calls */
	struct firejail_list more32, drop32, keep32; /* of 32-bit calls */
	uint32_t error_action;
	bool allow_debuggers;
	bool protocol;
	uint32_t families; /* bit n: the n-th of firejail_families */
	bool write_execute;
	bool namespaces;
	uint32_t denied; /* CLONE_NEW* */
};

/* The error action that a sandbox has where nobody says another. */
#define FIREJAIL_USUAL (CG_RET_ERRNO | 1u)

/* The words of --protocol, up to NULL, and the value of each. */
struct firejail_word {
	const char *name;
	uint32_t value;
};
extern const struct firejail_word firejail_families[];
extern const struct firejail_word firejail_namespaces[];

/* An item of a list: a call, in what way, and where. */
struct firejail_item {
	int32_t nr; /* below 0: an exception, of call -nr */
	int error;  /* an errno, or one of these */
	bool named; /* the number has a name in firejail's tables */
	bool kept;  /* it is needed to start a program */
	struct place place;
};
enum { FIREJAIL_NO_ERROR = -1, FIREJAIL_KILL = -2 };

/*
 * The items of a list for `abi`, groups opened, those that firejail drops left
 * out with a warning. Fails where firejail refuses the list.
 */
bool firejail_items(struct reading *reading, const struct firejail_list *list,
		    const struct cg_abi *abi, struct firejail_item **out,
		    size_t *count);

/* Which characters may stand in a list. */
bool firejail_check_list(struct reading *reading,
			 const struct firejail_list *list);

/* The number of a call whose name firejail's tables have; false otherwise. */
bool firejail_number(const struct reading *reading, const char *name,
		     const struct cg_abi *abi, uint32_t *nr);

/*
 * The number of a member of a group: groups have what the native ABI has, on
 * 32-bit ones, too.
 */
bool firejail_member(const struct reading *reading, const char *name,
		     const struct cg_abi *abi, uint32_t *nr);

/* Write a profile. */
bool firejail_write(struct writing *writing);

/* Make the filters of a sandbox. */
bool firejail_filters(const struct firejail *firejail);

#endif
