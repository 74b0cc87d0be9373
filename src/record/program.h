/* record/program.h - which program was recorded. */
#ifndef RECORD_PROGRAM_H
#define RECORD_PROGRAM_H

#include "record/recorder.h"

/*
 * "/usr/bin/app 0123abcd": its file and, if it has one, its build-id. False if
 * there is no one program.
 */
bool program_describe(const struct cg_recorder *recorder, char *out,
		      size_t size);

#endif
