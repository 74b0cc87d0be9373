#include "compile/compile.h"

#include "compile/dispatch.h"
#include "compile/linear.h"

/*
 * The passes:
 *
 *	dispatch   tables of entries -> graph of tests (dispatch.c), with
 *	  arguments  entries of one call -> tests of its words (arguments.c)
 *	  runs       runs of values -> the cheapest tests (runs.c)
 *	layout     graph -> instructions (layout.c)
 *
 * The proof is not a pass: it judges from outside (prove/).
 */
bool compile_policy(struct arena *arena, const struct resolved *resolved,
		    enum form form, const struct cost *cost, struct code *out,
		    struct cg_error *err)
{
	struct graph graph;
	uint32_t root;

	graph_init(&graph, arena, cost);
	if (form == FORM_LINEAR
		    ? !linear_decide(&graph, resolved, &root, err)
		    : !dispatch_decide(&graph, resolved, &root, err))
		return false;
	return layout_code(&graph, root, resolved->big_endian, out, err);
}
