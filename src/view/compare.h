/* view/compare.h - two policies that were posted, compared for every call. */
#ifndef VIEW_COMPARE_H
#define VIEW_COMPARE_H

#include "view/inside.h"

/* POST /api/diff: the fields left and right are texts of any known format. */
enum MHD_Result compare_posted(struct request *request);

/* GET /api/policies: what there is to compare with. */
enum MHD_Result compare_offers(struct request *request);

/* Read the files that are offered. Fails as web_open(). */
bool compare_load(struct web *web, const char *const *paths, size_t count,
		  struct cg_error *err);
void compare_free(struct web *web);

#endif
