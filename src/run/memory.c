#include "run/memory.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "trace/inject.h"
#include "trace/pointee.h"

/* No page is smaller, so so few bytes lie in two at most. */
enum { PAGE_LEAST = 4096, READ_MAX = 256 };

static_assert(READ_MAX <= PAGE_LEAST &&
		      sizeof(struct sockaddr_storage) <= READ_MAX,
	      "what is read lies in two pages");

/* By ptrace, which reads whole words; a word never lies in two pages. */
static size_t
peek_bytes(pid_t thread, uint64_t address, unsigned char *to, size_t length)
{
	unsigned char word[8];
	size_t got = 0;

	while (got < length) {
		size_t skip = (address + got) % sizeof(word);
		size_t take = sizeof(word) - skip;

		if (take > length - got)
			take = length - got;
		if (!memory_read(thread, address + got - skip, word,
				 sizeof(word)))
			break;
		memcpy(to + got, word + skip, take);
		got += take;
	}
	return got;
}

/*
 * As many of `length` bytes as there are: the kernel reads a part of the
 * vector or all of it, so a page each. Not by ptrace what is not there: that
 * looks into pages that the program itself may not read.
 */
static size_t read_bytes(pid_t thread, uint64_t address,
			 unsigned char to[READ_MAX], size_t length)
{
	size_t first = PAGE_LEAST - address % PAGE_LEAST;
	struct iovec here, there[2];
	ssize_t got;

	if (length > UINT64_MAX - address)
		length = (size_t)(UINT64_MAX - address);
	if (first > length)
		first = length;
	here = (struct iovec){ to, length };
	there[0] = (struct iovec){ (void *)(uintptr_t)address, first };
	there[1] = (struct iovec){ (void *)(uintptr_t)(address + first),
				   length - first };
	got = process_vm_readv(thread, &here, 1, there, 2, 0);
	if (got >= 0)
		return (size_t)got;
	return errno == EFAULT ? 0 : peek_bytes(thread, address, to, length);
}

static void tell_string(pid_t thread, uint64_t address, char *out)
{
	unsigned char bytes[READ_MAX];
	size_t got = read_bytes(thread, address, bytes, sizeof(bytes));

	pointee_string(bytes, got, out);
}

/* The kernel takes a length for an int, and refuses those out of bounds. */
static void tell_address(pid_t thread, const struct cg_abi *abi,
			 uint64_t address, uint64_t told, char *out)
{
	unsigned char bytes[READ_MAX];
	size_t length = (uint32_t)told, got;

	if (length > sizeof(struct sockaddr_storage))
		length = sizeof(struct sockaddr_storage);
	got = read_bytes(thread, address, bytes, length);
	pointee_address(abi, bytes, got, got == length, out);
}

/* `i` is below `count`, and the argument there is a pointer of this kind. */
static void tell(struct cg_refusal *refusal, const struct cg_abi *abi,
		 enum pointee kind, size_t i, size_t count)
{
	uint64_t address = refusal->call.args[i];

	if (address == 0)
		return;
	if (kind == POINTEE_STRING)
		tell_string(refusal->thread, address, refusal->memory[i]);
	else if (kind == POINTEE_ADDRESS && i + 1 < count)
		tell_address(refusal->thread, abi, address,
			     refusal->call.args[i + 1], refusal->memory[i]);
}

void memory_tell(struct cg_refusal *refusal)
{
	const struct cg_call *call = &refusal->call;
	const struct cg_abi *abi = cg_abi_of_call(call->arch, call->nr);
	const struct cg_syscall *known =
		abi ? cg_syscall_at(abi, call->nr) : NULL;
	struct cg_argument arguments[6];
	size_t count = 0;

	memset(refusal->memory, 0, sizeof(refusal->memory));
	if (!known || !cg_syscall_arguments(known, abi, arguments, &count))
		return;
	for (size_t i = 0; i < count; i++)
		tell(refusal, abi, pointee_kind(known, &arguments[i]), i,
		     count);
}
