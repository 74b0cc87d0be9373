/* view/query.h - what stands behind the ? of a request. */
#ifndef VIEW_QUERY_H
#define VIEW_QUERY_H

#include "view/inside.h"

enum { ROWS_MAX = 500, ROWS_USUAL = 100, BUCKETS_MAX = 400 };

struct query {
	struct store_filter filter; /* texts are the request's */
	uint64_t buckets;
	const char *column;
	bool total; /* count all rows that match, too */
};

/*
 * Read all parameters: times are milliseconds since 1970. False, and answered
 * in `*result`, where one is unknown, twice there, too long or no number.
 */
bool query_read(struct request *request, struct query *out,
		enum MHD_Result *result);

#endif
