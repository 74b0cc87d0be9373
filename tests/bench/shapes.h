/* bench/shapes.h - filters as other compilers shape them. */
#ifndef BENCH_SHAPES_H
#define BENCH_SHAPES_H

#include <callgate/callgate.h>

/* Name after name, as go-seccomp-bpf does it; NULL if it cannot be said so. */
struct cg_program *shape_linear(const struct cg_policy *policy);

/*
 * A balanced tree of comparisons for order over the borders of runs, as kafel,
 * Chromium and Android make it. NULL unless the policy covers one ABI and looks
 * at no argument, or if a jump would reach too far.
 */
struct cg_program *shape_ranges(const struct cg_policy *policy);

/* The same, but halved by how often calls come, as minijail makes it. */
struct cg_program *shape_frequencies(const struct cg_policy *policy);

#endif
