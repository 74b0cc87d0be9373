#include "format/profile.h"

bool profile_filter(struct reading *reading, const struct profile *profile)
{
	return fail_at(reading->err, CG_E_UNSUPPORTED, profile->place,
		       "profiles cannot be read yet");
}
