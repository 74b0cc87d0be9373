/* profile/mention.h - texts that tell which libraries will be opened. */
#ifndef PROFILE_MENTION_H
#define PROFILE_MENTION_H

#include "profile/reach.h"

/* If there is a text at `address` that means something to us, remember it. */
void reach_mention(struct reach *reach, struct loaded *in, uint64_t address,
		   struct cause cause);

/* For mention.c (reach.c). */
void reach_add_mention(struct reach *reach, struct mention mention);

#endif
