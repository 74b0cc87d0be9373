/* profile/a64.h - decode aarch64. */
#ifndef PROFILE_A64_H
#define PROFILE_A64_H

#include "profile/step.h"

/* As x86_step(). */
void a64_step(struct bytes code, uint64_t address, struct step *out);

#endif
