#include "doc/doc.h"

#include <libfyaml.h>
#include <string.h>

#include "base/text.h"

struct anchor {
	const char *name;
	size_t length;
	struct node *node;
	bool open; /* its collection is not finished: no alias can mean it */
};

/* A collection that is being read; its children lie on the reader's stack. */
struct open {
	struct node *node;
	size_t first; /* index of its first child on the stack */
};

struct reader {
	struct arena *arena;
	struct cg_error *err;
	const char *text, *source;
	size_t length;
	struct fy_parser *parser;
	struct fy_diag *diag;
	struct node **stack; /* finished nodes that wait for their parent */
	size_t stacked, stack_room;
	struct open open[DOC_DEPTH_MAX];
	size_t depth;
	struct anchor anchors[DOC_ANCHORS_MAX];
	size_t anchor_count;
	enum { ONE_YAML, ONE_JSON, SEVERAL } wanted;
	size_t documents;
	size_t nodes; /* weight of all, so that aliases cannot blow it up */
	size_t seen, line_start; /* where the line that holds `seen` begins */
	uint32_t lines;          /* that end before `seen` */
};

/*
 * The place of a byte, not of a character as libfyaml counts, nor on the line
 * that it thinks comes behind the last. Events come in the order of the text,
 * so each byte is looked at once.
 */
static struct place place_at_offset(struct reader *reader, size_t offset)
{
	if (offset > reader->length)
		offset = reader->length;
	if (offset < reader->seen)
		reader->seen = reader->line_start = reader->lines = 0;
	for (; reader->seen < offset; reader->seen++)
		if (reader->text[reader->seen] == '\n') {
			reader->line_start = reader->seen + 1;
			reader->lines++;
		}
	return (struct place){ reader->source, reader->lines + 1,
			       (uint32_t)(offset - reader->line_start) + 1 };
}

static struct place
place_at_mark(struct reader *reader, const struct fy_mark *mark)
{
	if (mark)
		return place_at_offset(reader, mark->input_pos);
	/* What is not written at all stands at its key, or where it is missing
	   from. */
	if (reader->stacked)
		return reader->stack[reader->stacked - 1]->place;
	if (reader->depth)
		return reader->open[reader->depth - 1].node->place;
	return (struct place){ reader->source, 1, 1 };
}

static struct place
place_of_event(struct reader *reader, struct fy_event *event)
{
	return place_at_mark(reader, fy_event_start_mark(event));
}

/* What libfyaml found wrong; if it names nothing, memory ran out. */
static bool fail_by_parser(struct reader *reader)
{
	struct fy_diag_error *error;
	struct place place = { reader->source, 0, 0 };
	void *iterator = NULL;

	error = fy_diag_errors_iterate(reader->diag, &iterator);
	if (!error)
		return fail_nomem(reader->err);
	if (error->fyt)
		place = place_at_mark(reader, fy_token_start_mark(error->fyt));
	if (!place.line) {
		place.line = error->line > 0 ? (uint32_t)error->line : 1;
		place.column = error->column > 0 ? (uint32_t)error->column : 1;
	}
	return fail_at(reader->err, CG_E_SYNTAX, place, "%s", error->msg);
}

static bool push(struct reader *reader, struct node *node)
{
	reader->stack =
		arena_grow(reader->arena, reader->stack, &reader->stack_room,
			   reader->stacked + 1, sizeof(*reader->stack));
	if (!reader->stack)
		return fail_nomem(reader->err);
	reader->stack[reader->stacked++] = node;
	reader->nodes += node->weight;
	if (reader->nodes > DOC_NODES_MAX)
		return fail_at(reader->err, CG_E_SYNTAX, node->place,
			       "more than %d values, aliases counted as what "
			       "they stand for",
			       DOC_NODES_MAX);
	return true;
}

static bool
add_anchor(struct reader *reader, struct fy_token *token, struct node *node)
{
	struct anchor *anchor = &reader->anchors[reader->anchor_count];
	const char *name;

	if (!token)
		return true;
	if (reader->anchor_count == DOC_ANCHORS_MAX)
		return fail_at(reader->err, CG_E_SYNTAX, node->place,
			       "more than %d anchors", DOC_ANCHORS_MAX);
	name = fy_token_get_text(token, &anchor->length);
	anchor->name =
		name ? arena_text(reader->arena, name, anchor->length) : NULL;
	if (!anchor->name)
		return fail_nomem(reader->err);
	anchor->node = node;
	reader->anchor_count++;
	return true;
}

static struct node *
node_new(struct reader *reader, enum node_kind kind, struct fy_event *event)
{
	struct node *node = arena_array(reader->arena, struct node, 1);

	if (!node) {
		fail_nomem(reader->err);
		return NULL;
	}
	node->kind = kind;
	node->weight = 1;
	node->place = place_of_event(reader, event);
	return node;
}

static bool
refuse_tag(struct reader *reader, struct fy_token *tag, const struct node *node)
{
	if (!tag)
		return true;
	return fail_at(reader->err, CG_E_SYNTAX, node->place,
		       "a YAML tag means nothing here; leave it out");
}

/*
 * libfyaml puts a scalar in quotes behind the quote, and a block at the
 * beginning of its first line, whatever its indentation.
 */
static void place_scalar(const struct reader *reader, struct fy_token *token,
			 struct node *node)
{
	const struct fy_mark *mark = fy_token_start_mark(token);
	const enum fy_scalar_style style = fy_token_scalar_style(token);
	size_t at = mark ? mark->input_pos : reader->length;

	node->quoted =
		style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED;
	if (node->quoted && node->place.column > 1)
		node->place.column--;
	node->block = style == FYSS_LITERAL || style == FYSS_FOLDED;
	if (!node->block)
		return;
	for (; at < reader->length && reader->text[at] == ' '; at++)
		node->place.column++;
}

static bool read_scalar(struct reader *reader, struct fy_event *event)
{
	struct node *node = node_new(reader, NODE_SCALAR, event);
	struct fy_token *token = event->scalar.value;
	const char *text;

	if (!node || !refuse_tag(reader, event->scalar.tag, node))
		return false;
	text = token ? fy_token_get_text(token, &node->length) : "";
	if (token)
		place_scalar(reader, token, node);
	node->text =
		text ? arena_text(reader->arena, text, node->length) : NULL;
	if (!node->text)
		return fail_nomem(reader->err);
	/* An escape in quotes can still make one. */
	if (memchr(node->text, 0, node->length))
		return fail_at(reader->err, CG_E_SYNTAX, node->place,
			       "a NUL character stands in this text");
	return add_anchor(reader, event->scalar.anchor, node) &&
	       push(reader, node);
}

static bool read_alias(struct reader *reader, struct fy_event *event)
{
	size_t length = 0;
	const char *name = fy_token_get_text(event->alias.anchor, &length);

	if (!name)
		return fail_nomem(reader->err);
	/* The newest anchor of a name wins, as in YAML. */
	for (size_t i = reader->anchor_count; i-- > 0;) {
		const struct anchor *anchor = &reader->anchors[i];

		if (!anchor->open && anchor->length == length &&
		    memcmp(anchor->name, name, length) == 0)
			return push(reader, anchor->node);
	}
	return fail_at(reader->err, CG_E_SYNTAX, place_of_event(reader, event),
		       "no anchor '%.*s' stands before this alias",
		       (int)(length < 64 ? length : 64), name);
}

static bool open_collection(struct reader *reader, enum node_kind kind,
			    struct fy_event *event, struct fy_token *tag,
			    struct fy_token *anchor)
{
	struct node *node = node_new(reader, kind, event);

	if (!node || !refuse_tag(reader, tag, node))
		return false;
	if (reader->depth == DOC_DEPTH_MAX)
		return fail_at(reader->err, CG_E_SYNTAX, node->place,
			       "nested deeper than %d levels", DOC_DEPTH_MAX);
	if (anchor && !add_anchor(reader, anchor, node))
		return false;
	if (anchor)
		reader->anchors[reader->anchor_count - 1].open = true;
	reader->open[reader->depth++] = (struct open){ node, reader->stacked };
	return true;
}

static bool keys_differ(struct reader *reader, const struct node *mapping)
{
	if (mapping->count > DOC_KEYS_MAX)
		return fail_at(reader->err, CG_E_SYNTAX, mapping->place,
			       "more than %d keys in one mapping",
			       DOC_KEYS_MAX);
	for (size_t i = 0; i < mapping->count; i++) {
		const struct node *key = mapping->keys[i];

		if (key->kind != NODE_SCALAR)
			return fail_at(reader->err, CG_E_SYNTAX, key->place,
				       "a key must be plain text, not %s",
				       doc_describe(key));
		for (size_t j = 0; j < i; j++)
			if (strcmp(mapping->keys[j]->text, key->text) == 0)
				return fail_at(
					reader->err, CG_E_SYNTAX, key->place,
					"duplicate key '%s', first in line %u",
					key->text,
					mapping->keys[j]->place.line);
	}
	return true;
}

/* Hand the children of the innermost open collection to it. */
static bool close_collection(struct reader *reader)
{
	struct open *open = &reader->open[--reader->depth];
	struct node *node = open->node, **from;
	size_t count = reader->stacked - open->first;
	size_t step = node->kind == NODE_MAPPING ? 2 : 1;

	/* Nothing was ever stacked in a text that is an empty list. */
	from = reader->stack ? reader->stack + open->first : NULL;
	node->count = count / step;
	node->items = arena_array(reader->arena, struct node *, node->count);
	node->keys = arena_array(reader->arena, struct node *, node->count);
	if (!node->items || !node->keys)
		return fail_nomem(reader->err);
	for (size_t i = 0; i < node->count; i++) {
		node->keys[i] = from[step * i];
		node->items[i] = from[step * i + step - 1];
	}
	for (size_t i = 0; i < count; i++)
		node->weight += from[i]->weight;
	reader->stacked = open->first;
	reader->nodes -= node->weight - 1; /* push() adds it as a whole */
	for (size_t i = 0; i < reader->anchor_count; i++)
		if (reader->anchors[i].node == node)
			reader->anchors[i].open = false;
	if (node->kind == NODE_MAPPING && !keys_differ(reader, node))
		return false;
	return push(reader, node);
}

static bool read_event(struct reader *reader, struct fy_event *event)
{
	switch (event->type) {
	case FYET_SCALAR:
		return read_scalar(reader, event);
	case FYET_ALIAS:
		return read_alias(reader, event);
	case FYET_SEQUENCE_START:
		return open_collection(reader, NODE_SEQUENCE, event,
				       event->sequence_start.tag,
				       event->sequence_start.anchor);
	case FYET_MAPPING_START:
		return open_collection(reader, NODE_MAPPING, event,
				       event->mapping_start.tag,
				       event->mapping_start.anchor);
	case FYET_SEQUENCE_END:
	case FYET_MAPPING_END:
		return close_collection(reader);
	case FYET_DOCUMENT_START:
		if (reader->documents++ == 0 || reader->wanted == SEVERAL)
			return true;
		return fail_at(reader->err, CG_E_SYNTAX,
			       place_of_event(reader, event),
			       "a second document starts here; one is wanted");
	default:
		return true;
	}
}

static bool read_events(struct reader *reader)
{
	struct fy_event *event;
	bool ok = true;

	while (ok && (event = fy_parser_parse(reader->parser))) {
		ok = read_event(reader, event);
		fy_parser_event_free(reader->parser, event);
	}
	if (!ok)
		return false;
	if (fy_parser_get_stream_error(reader->parser))
		return fail_by_parser(reader);
	if (reader->stacked == 0)
		return fail_at(reader->err, CG_E_SYNTAX,
			       (struct place){ reader->source, 1, 1 },
			       "the text is empty");
	return true;
}

static bool parse(struct reader *reader)
{
	struct fy_diag_cfg diag_cfg;
	struct fy_parse_cfg cfg = { .search_path = "",
				    .flags = FYPCF_QUIET |
					     FYPCF_DEFAULT_VERSION_1_2 |
					     FYPCF_SLOPPY_FLOW_INDENTATION };
	bool ok;

	cfg.flags |=
		reader->wanted == ONE_JSON ? FYPCF_JSON_FORCE : FYPCF_JSON_NONE;
	fy_diag_cfg_default(&diag_cfg);
	diag_cfg.fp = NULL;
	diag_cfg.colorize = false;
	reader->diag = fy_diag_create(&diag_cfg);
	if (!reader->diag)
		return fail_nomem(reader->err);
	fy_diag_set_collect_errors(reader->diag, true);
	cfg.diag = reader->diag;
	reader->parser = fy_parser_create(&cfg);
	ok = reader->parser &&
	     fy_parser_set_string(reader->parser, reader->text,
				  reader->length) == 0;
	ok = ok ? read_events(reader) : fail_nomem(reader->err);
	fy_parser_destroy(reader->parser);
	fy_diag_destroy(reader->diag);
	return ok;
}

static bool read_text(struct arena *arena, const char *text, size_t length,
		      const char *source, int wanted, struct node ***out,
		      size_t *count, struct cg_error *err)
{
	struct reader *reader = arena_array(arena, struct reader, 1);
	size_t at;

	if (!reader)
		return fail_nomem(err);
	reader->wanted = wanted;
	reader->arena = arena;
	reader->err = err;
	reader->text = text;
	reader->length = length;
	reader->source = source;
	if (!text_is_utf8(text, length, &at))
		return fail_at(err, CG_E_SYNTAX, place_at_offset(reader, at),
			       text[at] ? "not UTF-8: byte 0x%02x cannot "
					  "stand here"
					: "a NUL byte (0x%02x) stands here",
			       (unsigned char)text[at]);
	if (!parse(reader))
		return false;
	*out = reader->stack;
	*count = reader->stacked;
	return true;
}

static bool read_one(struct arena *arena, const char *text, size_t length,
		     const char *source, int wanted, struct node **out,
		     struct cg_error *err)
{
	struct node **all;
	size_t count;

	if (!read_text(arena, text, length, source, wanted, &all, &count, err))
		return false;
	*out = all[0];
	return true;
}

bool doc_read(struct arena *arena, const char *text, size_t length,
	      const char *source, struct node **out, struct cg_error *err)
{
	return read_one(arena, text, length, source, ONE_YAML, out, err);
}

bool doc_read_json(struct arena *arena, const char *text, size_t length,
		   const char *source, struct node **out, struct cg_error *err)
{
	return read_one(arena, text, length, source, ONE_JSON, out, err);
}

bool doc_read_all(struct arena *arena, const char *text, size_t length,
		  const char *source, struct node ***out, size_t *count,
		  struct cg_error *err)
{
	return read_text(arena, text, length, source, SEVERAL, out, count, err);
}

struct node *doc_get(const struct node *mapping, const char *key)
{
	for (size_t i = 0; i < mapping->count; i++)
		if (strcmp(mapping->keys[i]->text, key) == 0)
			return mapping->items[i];
	return NULL;
}

const char *doc_describe(const struct node *node)
{
	switch (node->kind) {
	case NODE_SEQUENCE:
		return "a list";
	case NODE_MAPPING:
		return "a mapping";
	default:
		return node->length ? "text" : "nothing";
	}
}
