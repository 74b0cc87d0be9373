/*
 * doc/doc.h - YAML or JSON text as one tree, with a place on every node.
 *
 * JSON is a subset of YAML 1.2, so one reader serves both. Every scalar is
 * text: what it means is up to whoever asks. The tree lies in the arena.
 */
#ifndef DOC_DOC_H
#define DOC_DOC_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/fail.h"

enum node_kind {
	NODE_SCALAR,
	NODE_SEQUENCE,
	NODE_MAPPING,
};

struct node {
	enum node_kind kind;
	struct place place;
	bool quoted;         /* a scalar in quotes: `place` is the quote */
	bool block;          /* a scalar behind | or >: its first line */
	const char *text;    /* of a scalar, NUL-terminated, no NUL inside */
	size_t length;       /* of text, in bytes */
	struct node **items; /* of a sequence; of a mapping, the values */
	struct node **keys;  /* of a mapping: scalars, each another text */
	size_t count;
	size_t weight; /* nodes in it, itself included, aliases counted full */
};

enum {
	DOC_DEPTH_MAX = 32,      /* collections within each other */
	DOC_NODES_MAX = 1 << 18, /* aliases counted as what they stand for */
	DOC_KEYS_MAX = 256,      /* in one mapping */
	DOC_ANCHORS_MAX = 256,
};

/*
 * Read one document. `source` is for places and must outlive the tree.
 *
 * Refuses, with CG_E_SYNTAX and the place: what is not UTF-8, NUL bytes, more
 * than one document, no document, duplicate keys, keys that are no scalars,
 * tags, more than the limits above. Fails also with CG_E_NOMEM.
 */
bool doc_read(struct arena *arena, const char *text, size_t length,
	      const char *source, struct node **out, struct cg_error *err);

/*
 * As doc_read(), but JSON as RFC 8259 has it: quotes around every text, no
 * comma behind the last item, no comments.
 */
bool doc_read_json(struct arena *arena, const char *text, size_t length,
		   const char *source, struct node **out, struct cg_error *err);

/* As doc_read(), but any number of documents from 1 on, in order. */
bool doc_read_all(struct arena *arena, const char *text, size_t length,
		  const char *source, struct node ***out, size_t *count,
		  struct cg_error *err);

/* The value of a key, or NULL. Requires a mapping. */
struct node *doc_get(const struct node *mapping, const char *key);

/* "a list", "a mapping", "'text'": what a node is, for a message. */
const char *doc_describe(const struct node *node);

#endif
