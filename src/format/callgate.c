/* Callgate's own language, as one format among the others. */
#include "format/read.h"

/* The keys that stand at the top of each of its policies. */
static int sniff_callgate(const struct cg_source *source)
{
	return source_holds(source, source_begins(source, "{") ? "\"seccomp\""
							       : "seccomp:")
		       ? 50
		       : 0;
}

/* Without a reader and a writer: policy/read.h and policy/write.h are these. */
const struct format format_callgate = {
	.about = { .name = "callgate",
		   .aliases = "elastic",
		   .about = "Callgate's own policies, YAML or JSON",
		   .reads = true,
		   .writes = true },
	.sniff = sniff_callgate,
};
