/* watcher/ready.h - say that it listens, to whoever started it. */
#ifndef WATCHER_READY_H
#define WATCHER_READY_H

/*
 * Send READY=1 to the socket that NOTIFY_SOCKET names, as services of type
 * "notify" do (sd_notify(3)); nothing where it names none.
 */
void ready_tell(void);

#endif
