/*
 * base/crew.h - many things to be done, perhaps at the same time.
 *
 * Who has threads lends them; who has work for them does not know what they
 * are. What is done for one index must not depend on what is done for another.
 */
#ifndef BASE_CREW_H
#define BASE_CREW_H

#include <stddef.h>

typedef void crew_task(void *data, size_t index);

/* All zeros: whoever asks does it all alone. */
struct crew {
	/* Call task(data, i) for each i below `count`; return after the last.
	 */
	void (*each)(void *context, size_t count, crew_task *task, void *data);
	void *context;
};

static inline void
crew_each(const struct crew *crew, size_t count, crew_task *task, void *data)
{
	if (crew->each) {
		crew->each(crew->context, count, task, data);
		return;
	}
	for (size_t i = 0; i < count; i++)
		task(data, i);
}

#endif
