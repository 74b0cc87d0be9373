/* cli/ready.h - say that it is at work, to whoever started it. */
#ifndef CLI_READY_H
#define CLI_READY_H

/*
 * Send READY=1 to the socket that NOTIFY_SOCKET names, as services of type
 * "notify" do (sd_notify(3)); nothing where it names none.
 */
void ready_tell(void);

#endif
