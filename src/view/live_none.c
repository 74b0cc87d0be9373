/* Where ncurses was not there to build with. */
#include "base/fail.h"
#include "view/live.h"

enum cg_status
live_open(bool keys_from_tty, struct live **out, struct cg_error *err)
{
	(void)keys_from_tty, (void)out;
	fail_set(err, CG_E_UNSUPPORTED,
		 "this callgate-watch was built without ncurses, which --live "
		 "draws with");
	return CG_E_UNSUPPORTED;
}

/* No handle was ever given out: these are never reached. */
void live_put(struct live *live, uint64_t time, const char *json)
{
	(void)live, (void)time, (void)json;
}

void live_set_lost(struct live *live, uint64_t lost)
{
	(void)live, (void)lost;
}

int live_fd(const struct live *live)
{
	(void)live;
	return -1;
}

bool live_turn(struct live *live)
{
	(void)live;
	return true;
}

void live_close(struct live *live)
{
	(void)live;
}
