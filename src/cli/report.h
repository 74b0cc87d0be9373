/* cli/report.h - what a compiled filter costs. */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include <callgate/program.h>

/* Length, paths and cached calls of a program, on stdout. */
void report_program(const struct cg_policy *policy,
		    const struct cg_program *program, bool json);

#endif
