/* Where libcurl, zlib or OpenSSL were not there to build with. */
#include "sink/inside.h"

static bool
absent(struct settings *settings, struct place place, struct cg_error *err)
{
	fail_set_at(err, CG_E_UNSUPPORTED, place,
		    "this callgate-watch was built without libcurl, which "
		    "%s is reached by",
		    settings->kind->name);
	return false;
}

/* Its check refuses it before any of the rest is asked for. */
#define KIND(word, which)                                      \
	{                                                      \
		.name = word, .bit = which, .target = "a URL", \
		.shape = CG_EVENT_ECS, .check = absent,        \
	}

const struct sink_kind sink_elastic = KIND("elasticsearch", KIND_ELASTIC);
const struct sink_kind sink_opensearch = KIND("opensearch", KIND_ELASTIC);
const struct sink_kind sink_otlp = KIND("otlp", KIND_OTLP);
