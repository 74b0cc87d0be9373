/* cli/listing.h - what `callgate profile` shows of a profile. */
#ifndef CLI_LISTING_H
#define CLI_LISTING_H

#include <callgate/profile.h>

#include "base/buf.h"
#include "cli/opt.h"

/* A set of calls by name: what is left of a profile after --block and --allow.
 */
struct names {
	const char **at; /* sorted, borrowed from the library's tables */
	size_t count;
	/* Those of them that are allowed with all arguments. */
	const char **whole;
	size_t whole_count;
};

/*
 * The names of a profile's calls on its own ABI, those of `block` left out and
 * those of `allow` put in: lists as cli/lists.h has them. False, said on
 * stderr.
 */
bool listing_names(const struct cg_profile *profile, const struct texts *block,
		   const struct texts *allow, struct names *out);
void listing_free(struct names *names);

/* One more name, in its place. */
void listing_add(struct names *names, const char *name);

/* "libc.so.6!getpwnam", "ls+0x1234": what a step is called. */
void listing_place(const struct cg_profile_step *step, struct buf *out);

/* Each call with the way to it, on stdout. */
void listing_table(const struct cg_profile *profile);
void listing_json(const struct cg_profile *profile, struct buf *out);

/* All steps of the way to one call. False if it is not there. */
bool listing_why(const struct cg_profile *profile, const char *name);

/* What could not be found out, on stderr; all of it, or only what is open. */
void listing_gaps(const struct cg_profile *profile, bool all);

/* A policy that allows these calls. */
void listing_policy(const struct cg_profile *profile, const struct names *names,
		    char **programs, int count, struct buf *out);

/* The ways to all calls as one graph, in the language of Graphviz. */
void listing_graph(const struct cg_profile *profile, struct buf *out);

/* Go's text/template with the names that Elastic's profiler gives it. */
bool listing_template(const struct cg_profile *profile,
		      const struct names *names, const char *template,
		      const char *package, struct buf *out);

/*
 * Why a call of `all`, which was profiled with all data, is not in `profile`:
 * where on its way there the code is left that can be come to. `name` may be
 * NULL: of all such calls, each with its name.
 */
void listing_cut(const struct cg_profile *profile, const struct cg_profile *all,
		 const char *name);

#endif
