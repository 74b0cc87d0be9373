/* bench/peer.h - what the machine's libseccomp makes of the same policy. */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include <callgate/callgate.h>

/* Conditions on arguments are not read off a policy, but said once more. */
enum peer_conditions {
	PEER_NONE,
	PEER_CONTAINER, /* socket, personality and clone, as runtimes have it */
	PEER_REQUESTS,  /* the values of ioctl's second argument */
};

/*
 * Its filter for the calls that `policy` decides by number alone, and for
 * `conditions`. `otherwise` is the policy's default; `level` is 1 or 2, as
 * CTL_OPTIMIZE has it. NULL without libseccomp. Ends the program on failure.
 */
struct cg_program *
peer_filter(const struct cg_policy *policy, uint32_t otherwise,
	    enum peer_conditions conditions, int level);

#endif
