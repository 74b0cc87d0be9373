/*
 * What libseccomp's interface promises besides filters: its states, what is
 * wrong with them, memory that runs out at each allocation, many threads.
 */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <seccomp.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"

/* ------------------------------------------------- memory that runs out -- */

/* How many allocations still work; below 0: all. */
static atomic_long left = -1;

static int runs_out(void)
{
	if (atomic_load(&left) < 0)
		return 0;
	return atomic_fetch_sub(&left, 1) <= 0;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

void *__wrap_malloc(size_t size)
{
	return runs_out() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return runs_out() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return runs_out() ? NULL : __real_realloc(old, size);
}

/* Whatever happens is fine but a crash, a leak, or a filter that is wrong. */
static int use_everything(unsigned char *bytes, size_t *length)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(1));
	scmp_filter_ctx other = seccomp_init(SCMP_ACT_ERRNO(1));
	int fd = memfd_create("text", MFD_CLOEXEC), rc = 0;

	rc |= seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(read), 0);
	rc |= seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 2,
			       SCMP_A0(SCMP_CMP_EQ, 15),
			       SCMP_A1(SCMP_CMP_LT, 7));
	rc |= seccomp_transaction_start(ctx);
	rc |= seccomp_rule_add(ctx, SCMP_ACT_TRAP, SCMP_SYS(write), 0);
	seccomp_transaction_reject(ctx);
	rc |= seccomp_arch_remove(other, SCMP_ARCH_NATIVE);
	rc |= seccomp_arch_add(other, SCMP_ARCH_ARM);
	rc |= seccomp_rule_add(other, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
			       SCMP_A0(SCMP_CMP_EQ, 1));
	rc |= seccomp_merge(ctx, other);
	rc |= seccomp_syscall_priority(ctx, SCMP_SYS(read), 9);
	rc |= seccomp_export_pfc(ctx, fd);
	rc |= seccomp_precompute(ctx);
	rc |= seccomp_export_bpf_mem(ctx, bytes, length);
	rc |= seccomp_reset(ctx, SCMP_ACT_KILL);
	rc |= seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(write), 0);
	rc |= seccomp_transaction_start(ctx);
	rc |= seccomp_transaction_commit(ctx);
	free(seccomp_syscall_resolve_num_arch(0, 0));
	close(fd);
	seccomp_release(ctx);
	if (rc)
		seccomp_release(other);
	return rc;
}

static void no_memory(struct tap *tap)
{
	static unsigned char whole[8192], bytes[8192];
	size_t length = sizeof(whole), wrong = 0;
	long failures = 0;

	tap_ok(tap, use_everything(whole, &length) == 0, "all of it works");
	for (;; failures++) {
		size_t got = sizeof(bytes);
		int rc;

		atomic_store(&left, failures);
		rc = use_everything(bytes, &got);
		if (atomic_exchange(&left, -1) >= 0)
			break;
		wrong += rc == 0 &&
			 (got != length || memcmp(whole, bytes, got) != 0);
	}
	tap_ok(tap, wrong == 0 && failures > 50,
	       "memory ran out at each of %ld allocations", failures);
}

/* ----------------------------------------------------------------- states --
 */

static size_t length_of(scmp_filter_ctx ctx)
{
	size_t length = 0;

	return seccomp_export_bpf_mem(ctx, NULL, &length) == 0 ? length : 0;
}

static void released(struct tap *tap)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	uint32_t value;

	seccomp_release(ctx);
	seccomp_release(ctx);
	tap_ok(tap,
	       seccomp_rule_add(ctx, SCMP_ACT_KILL, 0, 0) == -EINVAL &&
		       seccomp_attr_get(ctx, SCMP_FLTATR_CTL_NNP, &value) ==
			       -EINVAL &&
		       seccomp_load(ctx) == -EINVAL &&
		       seccomp_merge(ctx, ctx) == -EINVAL &&
		       seccomp_export_bpf(ctx, 1) == -EINVAL &&
		       seccomp_reset(ctx, SCMP_ACT_ALLOW) == -EINVAL,
	       "a released context is refused");
	tap_ok(tap,
	       seccomp_load(NULL) == -EINVAL &&
		       seccomp_arch_add(NULL, 0) == -EINVAL &&
		       seccomp_notify_fd(NULL) == -EINVAL,
	       "so is none");
}

/* Names and numbers that nobody has. */
static bool odd_names(void)
{
	static const char *const names[] = { "",     " read",    "READ",
					     "%s%n", "\xff\xfe", "read\n" };
	static const int numbers[] = { INT_MIN, INT_MAX, -1,     -2,
				       -99,     -100,    -20000, 0x40000000 };
	static char long_name[1 << 16];
	bool ok = seccomp_syscall_resolve_name(NULL) == __NR_SCMP_ERROR &&
		  seccomp_arch_resolve_name(NULL) == 0;

	memset(long_name, 'a', sizeof(long_name) - 1);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		ok &= seccomp_syscall_resolve_name(names[i]) ==
			      __NR_SCMP_ERROR &&
		      seccomp_syscall_resolve_name_rewrite(
			      SCMP_ARCH_X86, names[i]) == __NR_SCMP_ERROR &&
		      seccomp_arch_resolve_name(names[i]) == 0;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		ok &= !seccomp_syscall_resolve_num_arch(SCMP_ARCH_X86_64,
							numbers[i]);
	return ok &&
	       seccomp_syscall_resolve_name(long_name) == __NR_SCMP_ERROR &&
	       seccomp_syscall_resolve_name_arch(UINT32_MAX, "read") ==
		       __NR_SCMP_ERROR &&
	       !seccomp_syscall_resolve_num_arch(UINT32_MAX, 0);
}

/* Attributes, architectures and rules that there cannot be. */
static bool odd_values(scmp_filter_ctx ctx)
{
	const struct scmp_arg_cmp seven = SCMP_CMP(6, SCMP_CMP_EQ, 0);
	const struct scmp_arg_cmp far = SCMP_CMP(UINT_MAX, SCMP_CMP_EQ, 0);
	const struct scmp_arg_cmp none = { 0, (enum scmp_compare)99, 0, 0 };
	const uint32_t refuse = SCMP_ACT_ERRNO(1);
	uint32_t value = 0;

	return seccomp_attr_set(ctx, (enum scmp_filter_attr)99, 1) == -EINVAL &&
	       seccomp_attr_set(ctx, (enum scmp_filter_attr) - 1, 1) ==
		       -EINVAL &&
	       seccomp_attr_get(ctx, (enum scmp_filter_attr) - 1, &value) ==
		       -EINVAL &&
	       seccomp_attr_get(ctx, SCMP_FLTATR_CTL_NNP, NULL) == -EINVAL &&
	       seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, UINT32_MAX) ==
		       -EOPNOTSUPP &&
	       seccomp_arch_add(ctx, UINT32_MAX) == -EINVAL &&
	       seccomp_arch_remove(ctx, 1) == -EINVAL &&
	       seccomp_arch_exist(ctx, 0xc000003f) == -EINVAL &&
	       seccomp_rule_add_array(ctx, refuse, 1, 1, NULL) == -EINVAL &&
	       seccomp_rule_add_array(ctx, refuse, 1, UINT_MAX, &seven) ==
		       -EINVAL &&
	       seccomp_rule_add_array(ctx, refuse, 1, 1, &seven) == -EINVAL &&
	       seccomp_rule_add_array(ctx, refuse, 1, 1, &far) == -EINVAL &&
	       seccomp_rule_add_array(ctx, refuse, 1, 1, &none) == -EINVAL &&
	       seccomp_rule_add(ctx, 0x12345678, 1, 0) == -EINVAL &&
	       seccomp_rule_add(ctx, refuse, -2, 0) == -EINVAL &&
	       seccomp_syscall_priority(ctx, -50, UINT8_MAX) == -EINVAL;
}

static void odd(struct tap *tap)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	int before = errno;

	errno = 77;
	tap_ok(tap, odd_names(), "names and numbers that nobody has");
	tap_ok(tap, odd_values(ctx), "values that cannot be");
	/* Numbers without a call, at either end. */
	tap_ok(tap,
	       seccomp_rule_add(ctx, SCMP_ACT_ERRNO(1), INT_MAX, 0) == 0 &&
		       seccomp_syscall_priority(ctx, INT_MAX, UINT8_MAX) == 0 &&
		       seccomp_rule_add(ctx, SCMP_ACT_ERRNO(2), INT_MIN, 0) !=
			       -ENOMEM &&
		       seccomp_export_bpf(ctx, -1) == -ECANCELED,
	       "numbers without a call");
	errno = before;
	seccomp_release(ctx);
}

/* A priority is never taken back: as libseccomp, the highest counts. */
static void priorities(struct tap *tap)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	char text[4096] = "";
	int fd = memfd_create("pfc", MFD_CLOEXEC);

	seccomp_syscall_priority(ctx, 1, 5);
	seccomp_rule_add(ctx, SCMP_ACT_KILL, 1, 0);
	seccomp_syscall_priority(ctx, 1, 200);
	seccomp_syscall_priority(ctx, 1, 7);
	tap_ok(tap,
	       seccomp_export_pfc(ctx, fd) == 0 &&
		       pread(fd, text, sizeof(text) - 1, 0) > 0 &&
		       strstr(text, "[priority: 13172735]"),
	       "priorities: the highest counts");
	close(fd);
	seccomp_release(ctx);
}

static void merged(struct tap *tap)
{
	scmp_filter_ctx into = seccomp_init(SCMP_ACT_ALLOW);
	scmp_filter_ctx from = seccomp_init(SCMP_ACT_ALLOW);

	tap_ok(tap,
	       seccomp_merge(into, from) == -EEXIST &&
		       seccomp_merge(into, into) == -EEXIST,
	       "merge: both are native, or one");
	seccomp_arch_remove(from, SCMP_ARCH_NATIVE);
	seccomp_arch_add(from, SCMP_ARCH_ARM);
	seccomp_attr_set(from, SCMP_FLTATR_CTL_NNP, 0);
	tap_ok(tap, seccomp_merge(into, from) == -EINVAL,
	       "merge: other attributes");
	seccomp_attr_set(from, SCMP_FLTATR_CTL_NNP, 1);
	tap_ok(tap,
	       seccomp_merge(into, from) == 0 &&
		       seccomp_arch_exist(into, SCMP_ARCH_ARM) == 0 &&
		       seccomp_arch_exist(from, SCMP_ARCH_ARM) == -EINVAL,
	       "merge: the other is gone");
	seccomp_release(from);
	seccomp_release(into);
}

static void transactions(struct tap *tap)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	size_t empty = length_of(ctx), outer;

	seccomp_transaction_start(ctx);
	seccomp_rule_add(ctx, SCMP_ACT_ERRNO(1), 5, 0);
	outer = length_of(ctx);
	seccomp_transaction_start(ctx);
	seccomp_arch_add(ctx, SCMP_ARCH_ARM);
	seccomp_rule_add(ctx, SCMP_ACT_ERRNO(1), SCMP_SYS(mount), 0);
	seccomp_transaction_reject(ctx);
	tap_ok(tap,
	       length_of(ctx) == outer &&
		       seccomp_arch_exist(ctx, SCMP_ARCH_ARM) == -EEXIST,
	       "transactions: the inner one is undone");
	seccomp_transaction_reject(ctx);
	tap_ok(tap, length_of(ctx) == empty, "transactions: the outer one");
	seccomp_transaction_reject(ctx);
	tap_ok(tap,
	       seccomp_transaction_commit(ctx) == 0 && length_of(ctx) == empty,
	       "transactions: none is left");
	seccomp_transaction_start(ctx);
	seccomp_rule_add(ctx, SCMP_ACT_ERRNO(1), 5, 0);
	seccomp_transaction_commit(ctx);
	tap_ok(tap, length_of(ctx) == outer, "transactions: committed");
	seccomp_release(ctx);
}

static void exported(struct tap *tap)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	unsigned char bytes[1024];
	size_t length = 8, wanted = length_of(ctx);

	tap_ok(tap,
	       seccomp_export_bpf_mem(ctx, bytes, &length) == -ERANGE &&
		       length == wanted,
	       "export: too little room, and how much it takes");
	tap_ok(tap, seccomp_export_bpf_mem(ctx, bytes, &length) == 0,
	       "export: enough");
	tap_ok(tap,
	       seccomp_export_bpf(ctx, -1) == -ECANCELED &&
		       seccomp_attr_set(ctx, SCMP_FLTATR_API_SYSRAWRC, 1) ==
			       0 &&
		       seccomp_export_bpf(ctx, -1) == -EBADF,
	       "export: the system's own code, if asked for");
	seccomp_arch_remove(ctx, SCMP_ARCH_NATIVE);
	tap_ok(tap,
	       seccomp_export_bpf(ctx, 1) == -EINVAL &&
		       seccomp_attr_set(ctx, SCMP_FLTATR_CTL_NNP, 0) == -EINVAL,
	       "export: for no architecture");
	seccomp_release(ctx);
}

/* Rules for so many values of one argument, or of two. */
static int add_values(scmp_filter_ctx ctx, int count, unsigned arguments)
{
	enum { STEP = 7919 };
	int rc = 0;

	for (int i = 0; i < count; i++) {
		const struct scmp_arg_cmp args[] = {
			SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)i * STEP),
			SCMP_A2(SCMP_CMP_EQ, (scmp_datum_t)(count - i)),
		};

		rc |= seccomp_rule_add_array(ctx, SCMP_ACT_ERRNO(1),
					     SCMP_SYS(ioctl), arguments, args);
	}
	return rc;
}

/* Rules that no kernel can take in one filter: exported, and not loaded. */
static void too_long(struct tap *tap)
{
	enum { VALUES = 10000, PAIRS = 4000, KERNEL_MOST = 4096 * 8 };
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);

	tap_ok(tap,
	       add_values(ctx, VALUES, 1) == 0 && length_of(ctx) > KERNEL_MOST,
	       "too long: %d values are exported", VALUES);
	tap_ok(tap, strlen(callgate_seccomp_message(ctx)) > 0, "too long: %s",
	       callgate_seccomp_message(ctx));
	tap_ok(tap, seccomp_load(ctx) == -ECANCELED, "too long: not loaded");
	seccomp_reset(ctx, SCMP_ACT_ALLOW);
	tap_ok(tap,
	       add_values(ctx, PAIRS, 2) == 0 && length_of(ctx) > KERNEL_MOST,
	       "too long: %d pairs of values are exported", PAIRS);
	seccomp_release(ctx);
}

static void messages(struct tap *tap)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);

	seccomp_rule_add(ctx, SCMP_ACT_ALLOW, 5, 0);
	tap_ok(tap, strlen(callgate_seccomp_message(ctx)) > 0, "message: %s",
	       callgate_seccomp_message(ctx));
	seccomp_release(ctx);
	tap_ok(tap, strcmp(callgate_seccomp_message(ctx), "") == 0,
	       "message: none of a released one");
}

/* In a child: filters stay. It returns 0 if all is well. */
static int load_twice(void)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);

	if (seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EBADMSG), SCMP_SYS(getppid),
			     0) ||
	    seccomp_precompute(ctx))
		return 1;
	/* Loading what is ready allocates nothing. */
	atomic_store(&left, 0);
	if (seccomp_load(ctx) || seccomp_load(ctx))
		return 2;
	atomic_store(&left, -1);
	seccomp_release(ctx);
	return syscall(SYS_getppid) == -1 && errno == EBADMSG ? 0 : 3;
}

/* What is printed already must not be printed again by a child: under valgrind
   that happens even at _exit(). */
static pid_t fork_flushed(void)
{
	fflush(stdout);
	return fork();
}

static void loaded(struct tap *tap)
{
	int status = 0;
	pid_t child = fork_flushed();

	if (child == 0)
		_exit(load_twice());
	waitpid(child, &status, 0);
	tap_ok(tap, status == 0, "a precomputed filter is loaded, twice: 0x%x",
	       (unsigned)status);
}

/* ---------------------------------------------------------------- threads --
 */

/* In a child: its own child makes the call, and gets what is answered. */
static int answer_call(void)
{
	struct seccomp_notif_resp *response = NULL;
	struct seccomp_notif *request = NULL;
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	int fd, status = 0;
	pid_t child;

	alarm(20);
	if (seccomp_notify_alloc(&request, &response) ||
	    seccomp_rule_add(ctx, SCMP_ACT_NOTIFY, SCMP_SYS(getppid), 0) ||
	    seccomp_notify_fd(ctx) != -EFAULT || seccomp_load(ctx))
		return 1;
	fd = seccomp_notify_fd(ctx);
	if (fd < 0 || seccomp_notify_id_valid(fd, 5) != -ENOENT ||
	    seccomp_notify_respond(fd, response) != -ECANCELED)
		return 2;
	child = fork_flushed();
	if (child == 0)
		_exit(syscall(SYS_getppid) == 77 ? 0 : 1);
	if (seccomp_notify_receive(fd, request) ||
	    request->data.nr != SYS_getppid ||
	    seccomp_notify_id_valid(fd, request->id))
		return 3;
	response->id = request->id;
	response->val = 77;
	if (seccomp_notify_respond(fd, response) ||
	    waitpid(child, &status, 0) != child || status)
		return 4;
	seccomp_notify_free(request, response);
	seccomp_reset(NULL, SCMP_ACT_ALLOW);
	return seccomp_notify_fd(ctx) == -EFAULT ? 0 : 5;
}

static void notified(struct tap *tap)
{
	scmp_filter_ctx ctx;
	int status = 0;
	pid_t child;

	if (seccomp_api_get() < 5) {
		tap_note("this kernel has no notifications");
		return;
	}
	child = fork_flushed();
	if (child == 0)
		_exit(answer_call());
	waitpid(child, &status, 0);
	tap_ok(tap, status == 0, "a call is answered by its supervisor: 0x%x",
	       (unsigned)status);
	ctx = seccomp_init(SCMP_ACT_ALLOW);
	tap_ok(tap,
	       seccomp_notify_fd(ctx) == -EFAULT &&
		       seccomp_notify_receive(-1, NULL) == -ECANCELED &&
		       seccomp_notify_addfd(-1, NULL) == -ECANCELED,
	       "without a listener there is nothing to answer");
	seccomp_release(ctx);
}

enum { THREADS = 8, EACH = 125 };

static void *make_many(void *argument)
{
	scmp_filter_ctx contexts[EACH];
	unsigned char bytes[4096];
	uintptr_t wrong = 0;

	for (int i = 0; i < EACH; i++) {
		size_t length = sizeof(bytes);

		contexts[i] = seccomp_init(SCMP_ACT_ALLOW);
		wrong += seccomp_rule_add(contexts[i], SCMP_ACT_ERRNO(1), i,
					  0) != 0;
		wrong += seccomp_export_bpf_mem(contexts[i], bytes, &length) !=
			 0;
		wrong += seccomp_api_get() < 1;
		/* Some are released early, and once more at the end. */
		if (i % 3 == 0)
			seccomp_release(contexts[i]);
	}
	for (int i = 0; i < EACH; i++)
		if (i % 3)
			seccomp_release(contexts[i]);
	(void)argument;
	return (void *)wrong;
}

static void threads(struct tap *tap)
{
	pthread_t running[THREADS];
	uintptr_t wrong = 0;

	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&running[i], NULL, make_many, NULL))
			exit(1);
	for (int i = 0; i < THREADS; i++) {
		void *said;

		pthread_join(running[i], &said);
		wrong += (uintptr_t)said;
	}
	tap_ok(tap, wrong == 0, "%d contexts in %d threads", THREADS * EACH,
	       THREADS);
}

int main(void)
{
	struct tap tap = { 0 };

	no_memory(&tap);
	released(&tap);
	odd(&tap);
	priorities(&tap);
	merged(&tap);
	transactions(&tap);
	exported(&tap);
	too_long(&tap);
	messages(&tap);
	loaded(&tap);
	notified(&tap);
	threads(&tap);
	return tap_done(&tap);
}
