/* Where libmicrohttpd was not there to build with. */
#include "base/fail.h"
#include "view/web.h"

enum cg_status web_open(const struct web_options *options, struct web **out,
			struct cg_error *err)
{
	(void)options, (void)out;
	fail_set(err, CG_E_UNSUPPORTED,
		 "this callgate-watch was built without libmicrohttpd, which "
		 "serves the page");
	return CG_E_UNSUPPORTED;
}

/* No handle was ever given out: these are never reached. */
const char *web_address(const struct web *web)
{
	(void)web;
	return "";
}

enum cg_status web_put(struct web *web, const struct cg_violation *violation,
		       const char *json, struct cg_error *err)
{
	(void)web, (void)violation, (void)json, (void)err;
	return CG_OK;
}

enum cg_status web_flush(struct web *web, struct cg_error *err)
{
	(void)web, (void)err;
	return CG_OK;
}

void web_set_status(struct web *web, const char *json)
{
	(void)web, (void)json;
}

void web_close(struct web *web)
{
	(void)web;
}
