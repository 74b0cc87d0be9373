/* Machines without i386, x32 or uretprobe(2). */
#include "sys/trial.h"

bool trial_i386(void)
{
	return false;
}

bool trial_x32(void)
{
	return false;
}

int trial_uretprobe(void)
{
	return -1;
}
