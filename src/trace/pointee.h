/*
 * trace/pointee.h - bytes of a program's memory, as text for a person.
 *
 * Pure: what was read is handed in. Nothing in it is trusted, and the text is
 * printable ASCII whatever the bytes are.
 */
#ifndef TRACE_POINTEE_H
#define TRACE_POINTEE_H

#include <callgate/run.h>

enum pointee {
	POINTEE_NONE,    /* not a pointer, or to something not told of */
	POINTEE_STRING,  /* that the kernel reads up to its NUL */
	POINTEE_ADDRESS, /* a socket address; its length is the next argument */
};

/* What an argument of a call points to when the call is made. */
enum pointee
pointee_kind(const struct cg_syscall *call, const struct cg_argument *argument);

/*
 * "/etc/passwd", in quotes, up to a NUL: without one, or where there is no
 * room, "..." follows. A quote, a backslash and what is not printable ASCII
 * is written \xNN. "" of no bytes at all.
 */
void pointee_string(const void *bytes, size_t length, char out[CG_MEMORY_MAX]);

/*
 * {AF_INET 127.0.0.1:80}, {AF_INET6 [::1]:80}, {AF_UNIX "/run/x"}, {AF_UNIX
 * @"abstract"}, {AF_NETLINK pid 0 groups 0x1}; of other families the name.
 * `whole` is false where the call names more bytes than could be read: "..."
 * stands where something is missing. "" if not even the family is there.
 */
void pointee_address(const struct cg_abi *abi, const void *bytes, size_t length,
		     bool whole, char out[CG_MEMORY_MAX]);

#endif
