#include "cli/drawing.h"

#include <stdlib.h>
#include <string.h>

#include "cli/listing.h"
#include "cli/out.h"

enum {
	COLUMN = 210, /* from one to the next */
	ROW = 22,
	BOX_WIDTH = 180,
	BOX_HEIGHT = 18,
	MARGIN = 16,
	LETTERS_MAX = 30, /* that fit into a box */
	DEPTH_MAX = 64,
};

struct box {
	char *name;
	unsigned column;
	double weight; /* by which boxes of one column are put in order */
	unsigned row;
	bool call, high; /* of high risk */
};

struct arrow {
	size_t from, to;
};

struct drawing {
	struct box *boxes;
	size_t box_count, box_room;
	struct arrow *arrows;
	size_t arrow_count, arrow_room;
	unsigned columns, rows;
};

static void *more(void *array, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return array;
	*room = *room ? 2 * *room : 64;
	array = realloc(array, *room * size);
	if (!array)
		out_die_nomem();
	return array;
}

/* Takes the name over. */
static size_t box_of(struct drawing *drawing, char *name, unsigned column)
{
	if (!name)
		out_die_nomem();
	for (size_t i = 0; i < drawing->box_count; i++)
		if (strcmp(drawing->boxes[i].name, name) == 0) {
			free(name);
			return i;
		}
	drawing->boxes = more(drawing->boxes, drawing->box_count,
			      &drawing->box_room, sizeof(*drawing->boxes));
	drawing->boxes[drawing->box_count] =
		(struct box){ .name = name, .column = column };
	return drawing->box_count++;
}

static void add_arrow(struct drawing *drawing, size_t from, size_t to)
{
	if (from == to)
		return;
	for (size_t i = 0; i < drawing->arrow_count; i++)
		if (drawing->arrows[i].from == from &&
		    drawing->arrows[i].to == to)
			return;
	drawing->arrows = more(drawing->arrows, drawing->arrow_count,
			       &drawing->arrow_room, sizeof(*drawing->arrows));
	drawing->arrows[drawing->arrow_count++] = (struct arrow){ from, to };
}

static void add_call(struct drawing *drawing, const struct cg_profile *profile,
		     size_t index, const struct cg_profile_call *call)
{
	struct cg_profile_step step;
	struct buf name = { 0 };
	bool begun = false;
	size_t last = 0, at;

	for (size_t i = 0; cg_profile_step_at(profile, index, i, &step); i++) {
		listing_place(&step, &name);
		at = box_of(drawing, buf_done(&name),
			    begun ? drawing->boxes[last].column + 1 : 0);
		if (begun)
			add_arrow(drawing, last, at);
		last = at;
		begun = true;
	}
	if (call->call)
		buf_printf(&name, "%s()", call->call->name);
	else
		buf_printf(&name, "call %u", call->nr);
	at = box_of(drawing, buf_done(&name), DEPTH_MAX);
	drawing->boxes[at].call = true;
	drawing->boxes[at].high = cg_syscall_risk(call->call, NULL)[0] == 'h';
	if (begun)
		add_arrow(drawing, last, at);
}

/* ---------------------------------------------------------------- layout --
 */

static int by_weight(const void *left, const void *right)
{
	const struct box *a = *(struct box *const *)left;
	const struct box *b = *(struct box *const *)right;

	if (a->weight < b->weight || a->weight > b->weight)
		return a->weight < b->weight ? -1 : 1;
	return strcmp(a->name, b->name);
}

/* The mean row of what leads to a box, which has been placed already. */
static double weight_of(const struct drawing *drawing, size_t box)
{
	double sum = 0;
	size_t count = 0;

	for (size_t i = 0; i < drawing->arrow_count; i++) {
		const struct arrow *arrow = &drawing->arrows[i];

		if (arrow->to != box || drawing->boxes[arrow->from].column >=
						drawing->boxes[box].column)
			continue;
		sum += drawing->boxes[arrow->from].row;
		count++;
	}
	return count ? sum / (double)count : 0;
}

static void
place_column(struct drawing *drawing, unsigned column, struct box **sorted)
{
	size_t count = 0;

	for (size_t i = 0; i < drawing->box_count; i++) {
		if (drawing->boxes[i].column != column)
			continue;
		drawing->boxes[i].weight = weight_of(drawing, i);
		sorted[count++] = &drawing->boxes[i];
	}
	if (count)
		qsort(sorted, count, sizeof(*sorted), by_weight);
	for (size_t i = 0; i < count; i++)
		sorted[i]->row = (unsigned)i;
	if (count > drawing->rows)
		drawing->rows = (unsigned)count;
}

/* Calls stand in one column, behind all others. */
static void place(struct drawing *drawing)
{
	struct box **sorted = calloc(drawing->box_count + 1, sizeof(*sorted));
	unsigned last = 0;

	if (!sorted)
		out_die_nomem();
	for (size_t i = 0; i < drawing->box_count; i++)
		if (!drawing->boxes[i].call && drawing->boxes[i].column >= last)
			last = drawing->boxes[i].column + 1;
	for (size_t i = 0; i < drawing->box_count; i++)
		if (drawing->boxes[i].call)
			drawing->boxes[i].column = last;
	for (unsigned column = 0; column <= last; column++)
		place_column(drawing, column, sorted);
	drawing->columns = last + 1;
	free(sorted);
}

/* --------------------------------------------------------------- drawing --
 */

static unsigned left_of(const struct box *box)
{
	return MARGIN + box->column * COLUMN;
}

static unsigned middle_of(const struct box *box)
{
	return MARGIN + box->row * ROW + BOX_HEIGHT / 2;
}

static void add_escaped(struct buf *out, const char *text, size_t most)
{
	for (size_t i = 0; text[i] && i < most; i++) {
		const unsigned char c = (unsigned char)text[i];

		if (c == '&' || c == '<' || c == '>' || c == '"')
			buf_printf(out, "&#%u;", c);
		else
			buf_printf(out, "%c", c < ' ' || c > '~' ? '?' : c);
	}
	if (strlen(text) > most)
		buf_puts(out, "...");
}

static void draw_box(const struct box *box, struct buf *out)
{
	const char *fill = box->high   ? "#ffd7d5"
			   : box->call ? "#ddf4ff"
				       : "#f6f8fa";

	buf_printf(out,
		   "<g><rect x=\"%u\" y=\"%u\" width=\"%d\" height=\"%d\" "
		   "rx=\"%d\" fill=\"%s\" stroke=\"#8c959f\"/><text x=\"%u\" "
		   "y=\"%u\">",
		   left_of(box), middle_of(box) - BOX_HEIGHT / 2, BOX_WIDTH,
		   BOX_HEIGHT, box->call ? BOX_HEIGHT / 2 : 2, fill,
		   left_of(box) + 6, middle_of(box) + 4);
	add_escaped(out, box->name, LETTERS_MAX);
	buf_puts(out, "</text><title>");
	add_escaped(out, box->name, strlen(box->name));
	buf_puts(out, "</title></g>\n");
}

static void
draw_arrow(const struct box *from, const struct box *to, struct buf *out)
{
	const unsigned x1 = left_of(from) + BOX_WIDTH, y1 = middle_of(from);
	const unsigned x2 = left_of(to), y2 = middle_of(to);
	const unsigned bend = (COLUMN - BOX_WIDTH) / 2 + COLUMN / 4;

	buf_printf(out,
		   "<path d=\"M%u %u C%u %u %d %u %u %u\" "
		   "marker-end=\"url(#a)\"/>\n",
		   x1, y1, x1 + bend, y1, (int)x2 - (int)bend, y2, x2, y2);
}

void drawing_svg(const struct cg_profile *profile, struct buf *out)
{
	struct drawing drawing = { 0 };
	struct cg_profile_call call;

	for (size_t i = 0; cg_profile_call_at(profile, i, &call); i++)
		add_call(&drawing, profile, i, &call);
	place(&drawing);
	buf_printf(out,
		   "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" "
		   "height=\"%u\" font-family=\"sans-serif\" "
		   "font-size=\"11\">\n<defs><marker id=\"a\" "
		   "viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" "
		   "markerWidth=\"6\" markerHeight=\"6\" orient=\"auto\">"
		   "<path d=\"M0 0 8 4 0 8z\" fill=\"#57606a\"/></marker>"
		   "</defs>\n<rect width=\"100%%\" height=\"100%%\" "
		   "fill=\"#ffffff\"/>\n<g fill=\"none\" "
		   "stroke=\"#57606a\" stroke-opacity=\"0.6\">\n",
		   2 * MARGIN + drawing.columns * COLUMN,
		   2 * MARGIN + drawing.rows * ROW);
	for (size_t i = 0; i < drawing.arrow_count; i++)
		draw_arrow(&drawing.boxes[drawing.arrows[i].from],
			   &drawing.boxes[drawing.arrows[i].to], out);
	buf_puts(out, "</g>\n");
	for (size_t i = 0; i < drawing.box_count; i++) {
		draw_box(&drawing.boxes[i], out);
		free(drawing.boxes[i].name);
	}
	buf_puts(out, "</svg>\n");
	free(drawing.boxes);
	free(drawing.arrows);
}
