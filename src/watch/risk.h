/* watch/risk.h - how unwise it may be to allow a call. */
#ifndef WATCH_RISK_H
#define WATCH_RISK_H

#include <stddef.h>

struct risk {
	const char *name; /* "high", "medium", "low" */
	const char *reason;
};

/* Made from data/risk.tbl, sorted by call. */
struct risk_row {
	const char *call;
	size_t risk;
};
extern const struct risk risks[];
extern const struct risk_row risk_rows[];
extern const size_t risk_row_count;

/* What is said of a call; of one without a name that it has a high risk. */
const struct risk *risk_of(const char *call);

#endif
