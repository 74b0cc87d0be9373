/* Where libmicrohttpd was not there to build with. */
#include "sink/inside.h"

static bool
absent(struct settings *settings, struct place place, struct cg_error *err)
{
	(void)settings;
	fail_set_at(err, CG_E_UNSUPPORTED, place,
		    "this callgate-watch was built without libmicrohttpd, "
		    "which answers Prometheus");
	return false;
}

const struct sink_kind sink_prometheus = {
	.name = "prometheus",
	.bit = KIND_PROMETHEUS,
	.target = "HOST:PORT",
	.shape = CG_EVENT_ECS,
	.check = absent,
};
