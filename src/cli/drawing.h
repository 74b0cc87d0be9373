/* cli/drawing.h - the ways to the calls of a profile, as a picture. */
#ifndef CLI_DRAWING_H
#define CLI_DRAWING_H

#include <callgate/profile.h>

#include "base/buf.h"

/* An SVG of its own: where ways begin on the left, the calls on the right. */
void drawing_svg(const struct cg_profile *profile, struct buf *out);

#endif
