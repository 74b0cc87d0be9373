/*
 * callgate/profile.h - which system calls a program can make.
 *
 * A program's ELF file and every library that it loads are read, their code is
 * followed, and what comes out is a list of calls, each with a way from the
 * program to the instruction that makes it. Nothing is run.
 *
 * The list is made to hold too much rather than too little. Where something
 * could not be found out there is a gap, and it says so: a list with an open
 * gap may lack calls.
 */
#ifndef CALLGATE_PROFILE_H
#define CALLGATE_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <callgate/arch.h>
#include <callgate/error.h>

#ifdef __cplusplus
extern "C" {
#endif

struct cg_profile;

/* How much of the data is taken to be used. */
enum cg_profile_data {
	CG_DATA_REACHED, /* what code that can run mentions */
	CG_DATA_ALL,     /* all of it: coarser, and it needs no argument */
};

struct cg_profile_options {
	const char *sysroot; /* where / of the program is; NULL: here */
	enum cg_profile_data data;
	/* Libraries that may be opened at run time; NULL, or up to NULL. */
	const char *const *with;
	/* Folders to look for libraries in first; NULL, or up to NULL. */
	const char *const *library_path;
	/*
	 * What can happen once this function of the program runs, "main" by
	 * name or as the program's entry tells; NULL: all, from the start.
	 */
	const char *after;
	bool no_modules;   /* leave out those that configuration names */
	bool no_arguments; /* do not look for constants of arguments */
	bool no_debug;     /* leave separate files of symbols alone */
	size_t memory;     /* bytes to take at most; 0: 8 GiB */
	unsigned threads;  /* that read code; 0: one for each processor */
	/*
	 * A folder for what is found in libraries, so that it is known the next
	 * time; NULL: none. It is made if the one that it is in is there. Where
	 * others may write it, it is not used, and `note` is told.
	 */
	const char *cache;
	/* Called with what went wrong and changes nothing; NULL: never. */
	void (*note)(void *context, const char *what);
	/*
	 * Called now and then with what is being done, and how much of what is
	 * known so far; that grows. NULL: never.
	 */
	void (*progress)(void *context, const char *what, size_t done,
			 size_t known);
	void *context;
};

/*
 * Profile programs together: what one of them can do is in the list. A script
 * is profiled by its interpreter. `options` may be NULL.
 *
 * Fails with CG_E_SYSTEM where a file cannot be read, CG_E_INPUT where it is
 * not one that we can read, CG_E_NOMEM.
 */
CG_API CG_CHECKED enum cg_status
cg_profile_open(const char *const *programs, size_t count,
		const struct cg_profile_options *options,
		struct cg_profile **out, struct cg_error *err);

/* Free a profile. NULL is fine. */
CG_API void cg_profile_free(struct cg_profile *profile);

/* The ABI of the first program. */
CG_API const struct cg_abi *cg_profile_abi(const struct cg_profile *profile);

/* What says that a call can be made. */
enum cg_evidence {
	CG_BY_CONSTANT, /* its number stands where the call is made */
	CG_BY_CALLER,   /* a caller hands the number to who makes it */
	CG_BY_KERNEL,   /* the kernel makes it for the program */
};

/* One call. Pointers are borrowed from the profile. */
struct cg_profile_call {
	const struct cg_abi *abi;
	const struct cg_syscall *call; /* NULL: a number without a name */
	uint32_t nr;                   /* as seccomp_data.nr shows it */
	enum cg_evidence evidence;
	size_t sites;        /* places that give this number */
	const char *program; /* that makes it */
	size_t steps;        /* of the way to it */
};

/* The calls, by ABI and name, from 0; false past the end. */
CG_API bool cg_profile_call_at(const struct cg_profile *profile, size_t index,
			       struct cg_profile_call *out);

/* One step of the way from a program's start to a call. */
struct cg_profile_step {
	const char *image;    /* path of the file */
	const char *function; /* the closest symbol's name, or "" */
	uint64_t offset;      /* behind that symbol; without one, in the file */
	uint64_t address;     /* in the file */
	const char *how;      /* "calls", "jumps to", "is pointed to by", ... */
};

/* The steps of call `index`, from 0; false past the end. */
CG_API bool cg_profile_step_at(const struct cg_profile *profile, size_t index,
			       size_t step, struct cg_profile_step *out);

/* A constant that a call is made with, and where it comes from. */
struct cg_profile_value {
	unsigned argument; /* from 0 */
	uint64_t value;    /* what the kernel looks at of it */
	struct cg_profile_step place;
};

/*
 * The constants of an argument of call `index`, from 0; false past the end.
 * If there is one, the program makes this call with no others. There is none
 * where they are not all known, there are many of them, or a gap is open.
 */
CG_API bool cg_profile_value_at(const struct cg_profile *profile, size_t index,
				size_t value, struct cg_profile_value *out);

/* Whether the function at an address of a file can be come to. */
CG_API bool cg_profile_comes_to(const struct cg_profile *profile,
				const char *image, uint64_t address);

/*
 * What a program gains by a call: "high", "medium" or "low", the first two with
 * a reason that is worth reading. NULL is a call that nobody knows. `reason`
 * may be NULL; both texts are the library's own.
 */
CG_API const char *
cg_syscall_risk(const struct cg_syscall *call, const char **reason);

/* What could not be found out. */
enum cg_gap {
	CG_GAP_NUMBER,  /* a call whose number is not known */
	CG_GAP_POINTER, /* a function that takes a number may be called by
			   somebody who is not known */
	CG_GAP_LIBRARY, /* a library whose name is not known is opened */
	CG_GAP_SYMBOL,  /* a symbol whose name is not known is looked up */
	CG_GAP_MISSING, /* a library that is needed was not found */
	CG_GAP_CODE,    /* bytes of code that are no instruction we know */
	CG_GAP_MODULES, /* modules that configuration names, not looked at */
	CG_GAP_FOREIGN, /* calls of another ABI are made */
};

struct cg_profile_gap {
	enum cg_gap kind;
	bool open; /* calls may be missing from the list because of it */
	struct cg_profile_step place; /* image "" where there is none */
	const char *why;
};
CG_API bool cg_profile_gap_at(const struct cg_profile *profile, size_t index,
			      struct cg_profile_gap *out);

/* Whether no gap is open. */
CG_API bool cg_profile_complete(const struct cg_profile *profile);

/* The files that were read, from 0; NULL past the end. */
struct cg_profile_image {
	const char *path;
	const char *why;  /* it was loaded */
	size_t functions; /* of it that can be come to */
	bool symbols;     /* it has, or a separate file for it has */
};
CG_API bool cg_profile_image_at(const struct cg_profile *profile, size_t index,
				struct cg_profile_image *out);

#ifdef __cplusplus
}
#endif

#endif
