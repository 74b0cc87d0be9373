/*
 * format/capability.h - capabilities by name, for profiles that ask for them.
 */
#ifndef FORMAT_CAPABILITY_H
#define FORMAT_CAPABILITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* As linux/capability.h numbers them. */
enum capability {
	CAP_CHOWN,
	CAP_DAC_OVERRIDE,
	CAP_DAC_READ_SEARCH,
	CAP_FOWNER,
	CAP_FSETID,
	CAP_KILL,
	CAP_SETGID,
	CAP_SETUID,
	CAP_SETPCAP,
	CAP_LINUX_IMMUTABLE,
	CAP_NET_BIND_SERVICE,
	CAP_NET_BROADCAST,
	CAP_NET_ADMIN,
	CAP_NET_RAW,
	CAP_IPC_LOCK,
	CAP_IPC_OWNER,
	CAP_SYS_MODULE,
	CAP_SYS_RAWIO,
	CAP_SYS_CHROOT,
	CAP_SYS_PTRACE,
	CAP_SYS_PACCT,
	CAP_SYS_ADMIN,
	CAP_SYS_BOOT,
	CAP_SYS_NICE,
	CAP_SYS_RESOURCE,
	CAP_SYS_TIME,
	CAP_SYS_TTY_CONFIG,
	CAP_MKNOD,
	CAP_LEASE,
	CAP_AUDIT_WRITE,
	CAP_AUDIT_CONTROL,
	CAP_SETFCAP,
	CAP_MAC_OVERRIDE,
	CAP_MAC_ADMIN,
	CAP_SYSLOG,
	CAP_WAKE_ALARM,
	CAP_BLOCK_SUSPEND,
	CAP_AUDIT_READ,
	CAP_PERFMON,
	CAP_BPF,
	CAP_CHECKPOINT_RESTORE,
	CAPABILITIES,
};

#define BIT(n) (UINT64_C(1) << (n))

/*
 * The number of a capability, with or without CAP_ before it and in letters of
 * any case; false if there is none.
 */
bool capability_named(const char *name, size_t length, unsigned *number);

/* "CAP_SYS_ADMIN" */
const char *capability_name(unsigned number);

#endif
