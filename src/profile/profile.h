/*
 * profile/profile.h - from a program's file to the calls that it can make.
 */
#ifndef PROFILE_PROFILE_H
#define PROFILE_PROFILE_H

#include <callgate/profile.h>

#include "base/crew.h"
#include "profile/load.h"
#include "profile/shelf.h"

struct report_call {
	struct cg_profile_call call;
	struct cg_profile_step *steps;
	struct cg_profile_value *values; /* of `argument` */
	size_t value_count;
	bool unsure; /* a program makes it with what is not known */
	unsigned argument;
};

/* A function that can be come to. */
struct report_function {
	size_t image; /* of `images` */
	uint64_t address;
};

/* All of it in the arena. */
struct report {
	const struct cg_abi *abi;
	struct report_call *calls;
	size_t call_count, call_room;
	struct cg_profile_gap *gaps;
	size_t gap_count, gap_room;
	struct cg_profile_image *images;
	size_t image_count, image_room;
	struct report_function *functions; /* sorted by image and address */
	size_t function_count, function_room;
};

/* What is wanted, besides a program. */
struct wanted {
	const struct cg_profile_options *options; /* not NULL */
	struct files files;
	struct crew crew; /* who reads code */
	struct storage storage;
	size_t memory; /* bytes that the work may take */
};

/*
 * Profile the program at `path` with this content, and add what it does to the
 * report. What the report keeps lies in `arena`; all else goes back.
 */
bool profile_program(struct arena *arena, const struct wanted *wanted,
		     const char *path, struct bytes file, struct report *report,
		     struct cg_error *err);

/* An open gap about a program that could not be profiled at all. */
bool report_gap(struct arena *arena, struct report *report, const char *why);

/* What the work of one program consists of, for tell.c. */
struct work;
bool profile_tell(struct arena *arena, const struct work *work,
		  struct report *report, struct cg_error *err);

#endif
