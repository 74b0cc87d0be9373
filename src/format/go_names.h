/* format/go_names.h - what Go calls an ABI. */
#ifndef FORMAT_GO_NAMES_H
#define FORMAT_GO_NAMES_H

#include <callgate/arch.h>

/* The GOARCH of an ABI, or NULL where Go has no port. */
const char *go_arch(const struct cg_abi *abi);

#endif
