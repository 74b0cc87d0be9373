/*
 * format/read.h - what readers of foreign formats share.
 */
#ifndef FORMAT_READ_H
#define FORMAT_READ_H

#include <stdarg.h>

#include "doc/doc.h"
#include "format/format.h"

/* The filter covers `abi`; `answer` goes to calls that no rule matches. */
bool reading_default(struct reading *reading, const struct cg_abi *abi,
		     uint32_t answer);

/* One more rule behind those there are; its tests are copied. */
bool reading_rule(struct reading *reading, const struct cg_rule *rule);

/*
 * The runtime makes no filter at all of this: every call is allowed, and a
 * warning says `why`. Nothing else may have been made.
 */
bool reading_no_filter(struct reading *reading, struct place place,
		       const char *why);

/* What the runtime would not say, with its place; false if memory ran out. */
__attribute__((format(printf, 3, 4))) bool
reading_warn(struct reading *reading, struct place place, const char *format,
	     ...);

/* The same, with the name of the check of lint that it belongs to. */
__attribute__((format(printf, 4, 5))) bool
reading_find(struct reading *reading, const char *check, struct place place,
	     const char *format, ...);

/* A note at the end of a list, as text and arguments. */
__attribute__((format(printf, 5, 0))) bool
notes_add(struct notes *notes, struct arena *arena, struct cg_error *err,
	  struct place place, const char *format, va_list arguments);

/* The place where a source begins. */
static inline struct place source_start(const struct cg_source *source)
{
	return (struct place){ source->name, 1, 1 };
}

/* ----------------------------------------------------------- sniffing -- */

/* Whether a text begins, past blanks and a byte order mark, with `what`. */
bool source_begins(const struct cg_source *source, const char *what);

/* Whether `what` stands anywhere in the first few thousand bytes. */
bool source_holds(const struct cg_source *source, const char *what);

/* ----------------------------------------------------- trees of doc.h -- */

/* The text of a scalar; anything else fails: "`what` must be text". */
bool node_string(struct reading *reading, const struct node *node,
		 const char *what, const char **out);

/* An unsigned number up to `most`, exact to 64 bits. */
bool node_number(struct reading *reading, const struct node *node,
		 const char *what, uint64_t most, uint64_t *out);

/* Whether nothing stands there: null, or a YAML key without a value. */
bool node_is_null(const struct node *node);

/* A list; a missing one, null, is empty. */
bool node_list(struct reading *reading, const struct node *node,
	       const char *what);

/* A mapping. */
bool node_mapping(struct reading *reading, const struct node *node,
		  const char *what);

#endif
