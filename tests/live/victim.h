/* tests/live/victim.h - what the victim and its filter have agreed on. */
#ifndef TESTS_LIVE_VICTIM_H
#define TESTS_LIVE_VICTIM_H

/* In the sixth argument of openat, which has none: refuse this one. */
enum { VICTIM_MARK = 0x706f696e };

#endif
