/* callgate watch - a program of its own: src/watcher. */
#include "cli/verbs.h"

const struct command command_watch = {
	.name = "watch",
	.about = WATCH_ABOUT,
	.elsewhere = true,
};
