/*
 * compile/twin.h - runs that a tree below does justice to, but for one bit.
 *
 * Where two ABIs differ in a bit of nr, and each has its own tests (join.h has
 * the other way), many runs of the higher are runs of the lower with the bit
 * added. With the bit taken off, the tests for those serve these, too.
 */
#ifndef COMPILE_TWIN_H
#define COMPILE_TWIN_H

#include "compile/tree.h"

enum { TWIN_RUNS_LEAST = 5 }; /* fewer take hardly more tests themselves */

/*
 * A node that decides the runs i..j of a tree with `bit`, made of one that the
 * graph has since `made`; GRAPH_NONE if there is none.
 */
uint32_t twin_find(const struct tree *tree, size_t i, size_t j);

#endif
