/*
 * A program whose calls are known beforehand. Its own are getppid, which
 * nothing else makes: `target MODE [NUMBER]` makes them in one way or another.
 */
#include <alloca.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <ucontext.h>
#endif

static void make(long count)
{
	for (long i = 0; i < count; i++)
		syscall(SYS_getppid);
}

static void loop(long count)
{
	make(count);
}

static void *one_thread(void *count)
{
	make(*(long *)count);
	return NULL;
}

/* 100 threads that run together. */
static void crowd(void *(*run)(void *count), long count)
{
	enum { THREADS = 100 };
	pthread_t ids[THREADS];

	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&ids[i], NULL, run, &count) != 0)
			abort();
	for (int i = 0; i < THREADS; i++)
		pthread_join(ids[i], NULL);
}

/* Each with `count` calls. */
static void threads(long count)
{
	crowd(one_thread, count);
}

static void *fail_often(void *count)
{
	for (long i = 0; i < *(long *)count; i++) {
		syscall(SYS_socket, 1000 + i % 3, 0, 0);
		close(-1);
	}
	return NULL;
}

/* The same few values and errors, many times. */
static void few_values(long count)
{
	crowd(fail_often, count);
}

/* A child each, with one call. */
static void forks(long count)
{
	for (long i = 0; i < count; i++) {
		pid_t child = fork();

		if (child == 0) {
			make(1);
			_exit(0);
		}
		if (child < 0 || waitpid(child, NULL, 0) != child)
			abort();
	}
}

static void vforks(long count)
{
	for (volatile long i = 0; i < count; i++) {
		pid_t child = vfork();

		if (child == 0) {
			syscall(SYS_getppid);
			_exit(0);
		}
		if (child < 0 || waitpid(child, NULL, 0) != child)
			abort();
	}
}

static void *exec_self(void *self)
{
	execl(self, self, "loop", "5", (char *)NULL);
	abort();
}

/* Another thread than the first executes: it takes over the first one's id. */
static void exec_by_thread(long count)
{
	static char self[4096];
	pthread_t id;

	make(count);
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0 ||
	    pthread_create(&id, NULL, exec_self, self) != 0)
		abort();
	pthread_join(id, NULL);
}

/* By its descriptor, which is another call than execve. */
static void exec_at(long count)
{
	const char *words[] = { "target", "loop", "5", NULL };
	const char *none[] = { NULL };
	int fd = open("/proc/self/exe", O_PATH);

	make(count);
	syscall(SYS_execveat, fd, "", words, none, AT_EMPTY_PATH);
	abort();
}

/* A child that outlives its parent, and calls after it has gone. */
static void orphan(long count)
{
	if (fork() == 0) {
		usleep(200000);
		make(count);
		_exit(0);
	}
}

/* Numbers that no call has, and errors. */
static void strange(long count)
{
	for (long i = 0; i < count; i++) {
		syscall(700 + i % 3);
		if (close(-1) == 0 || errno != EBADF)
			abort();
	}
}

/* A number that also stands for "no call" in the kernel's registers. */
static void minus_one(long count)
{
	for (long i = 0; i < count; i++)
		if (syscall(-1L) == 0 || errno != ENOSYS)
			abort();
}

/* More numbers without a name than there is room for. */
static void lossy(long count)
{
	for (long i = 0; i < count; i++)
		syscall(1000 + i);
}

/* More domains of socket than are kept. */
static void many_values(long count)
{
	for (long i = 0; i < count; i++)
		syscall(SYS_socket, 1000 + i, 0, 0);
}

static volatile sig_atomic_t hits;

static void on_signal(int sig)
{
	(void)sig;
	hits++;
	syscall(SYS_getppid);
}

/* Calls out of handlers. */
static void signals(long count)
{
	signal(SIGUSR1, on_signal);
	for (long i = 0; i < count; i++)
		kill(getpid(), SIGUSR1);
	if (hits != count)
		abort();
}

/* A call of service; it must not be refused. */
static void serve(void)
{
	if (syscall(SYS_getpgrp) < 0)
		abort();
}

/* Start-up, the moment, service. */
static void server(long count)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	make(count);
	if (bind(fd, (struct sockaddr *)&address, sizeof(sa_family_t)) != 0 ||
	    listen(fd, 5) != 0)
		abort();
	for (long i = 0; i < count; i++)
		serve();
}

/* Tell of readiness as sd_notify(3) does. */
static void ready(long count)
{
	const char text[] = "STATUS=up\nREADY=1";
	int pair[2];

	make(count);
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) != 0 ||
	    send(pair[0], text, sizeof(text) - 1, 0) < 0)
		abort();
	for (long i = 0; i < count; i++)
		serve();
}

void begin_service(void);

__attribute__((noinline)) void begin_service(void)
{
	__asm__ volatile("" ::: "memory");
}

static void symbol(long count)
{
	make(count);
	begin_service();
	for (long i = 0; i < count; i++)
		serve();
}

/* Calls, slowly, until it is killed; says each. */
static void slowly(long count)
{
	for (long i = 0; i < count; i++) {
		make(1);
		puts("running");
		fflush(stdout);
		usleep(10000);
	}
}

/* In one call until it is killed; says when. */
static void wait_forever(long count)
{
	make(count);
	printf("ready\n");
	fflush(stdout);
	for (;;)
		pause();
}

static bool stdin_speaks(void)
{
	struct pollfd end = { .events = POLLIN };

	return poll(&end, 1, 0) != 0;
}

/* Threads that end at once, one after the other, until stdin ends; says when
   it begins. */
static void churn(long count)
{
	pthread_t id;

	puts("ready");
	fflush(stdout);
	while (!stdin_speaks())
		if (pthread_create(&id, NULL, one_thread, &count) != 0 ||
		    pthread_join(id, NULL) != 0)
			abort();
}

static void *hop_on(void *count)
{
	char text[32];

	snprintf(text, sizeof(text), "%ld", *(long *)count);
	execl("/proc/self/exe", "target", "hop", text, "again", (char *)NULL);
	abort();
}

/* Become itself anew, by another thread each time, until stdin speaks; says
   when it begins. */
static void hop(long count, bool again)
{
	pthread_t id;

	if (!again) {
		puts("ready");
		fflush(stdout);
	}
	if (stdin_speaks()) {
		make(count);
		return;
	}
	if (pthread_create(&id, NULL, hop_on, &count) == 0)
		pthread_join(id, NULL);
	abort();
}

/* Signals that are queued, until all have been heard; says when it listens. */
static void hear(long count)
{
	signal(SIGRTMIN, on_signal);
	puts("ready");
	fflush(stdout);
	while (hits < count)
		usleep(1000);
}

/* Many threads that wait for stdin to speak, and call then; says when they are
   there. */
static pthread_barrier_t gate;

static void *wait_at_gate(void *count)
{
	pthread_barrier_wait(&gate);
	pthread_barrier_wait(&gate);
	make(*(long *)count);
	return NULL;
}

static void host(long count)
{
	enum { THREADS = 1000 };
	static pthread_t ids[THREADS];
	pthread_attr_t small;
	char byte;

	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 65536);
	pthread_barrier_init(&gate, NULL, THREADS + 1);
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&ids[i], &small, wait_at_gate, &count) != 0)
			abort();
	pthread_barrier_wait(&gate);
	puts("ready");
	fflush(stdout);
	if (read(0, &byte, 1) != 1)
		abort();
	pthread_barrier_wait(&gate);
	for (int i = 0; i < THREADS; i++)
		pthread_join(ids[i], NULL);
}

/* A child that keeps its parent waiting until stdin speaks; says so. */
static void vfork_wait(long count)
{
	char byte;
	pid_t child = vfork();

	if (child == 0) {
		if (write(1, "ready\n", 6) != 6 || read(0, &byte, 1) != 1)
			_exit(1);
		_exit(0);
	}
	if (child < 0 || waitpid(child, NULL, 0) != child)
		abort();
	make(count);
}

/* Start it, and let it run; says when it does. */
static void wait_then(long count)
{
	char byte;

	printf("ready\n");
	fflush(stdout);
	if (read(0, &byte, 1) != 1)
		abort();
	make(count);
}

/* Go into a cgroup and become a program, with no call between. */
static void enter(char **argv)
{
	char line[16];
	int fd = open(argv[0], O_WRONLY | O_CLOEXEC);
	int length = snprintf(line, sizeof(line), "%d", (int)getpid());

	if (fd < 0 || write(fd, line, (size_t)length) != length)
		abort();
	execv(argv[1], argv + 1);
	abort();
}

/* A child that begins its life in a cgroup, with one call. */
static void begin_in(const char *directory)
{
	/* struct clone_args, which not every libc has: flags first, the exit
	   signal fifth, the cgroup last. */
	uint64_t args[11] = { 0x200000000u, 0, 0, 0, SIGCHLD };
	pid_t child;

	args[10] = (uint64_t)open(directory, O_PATH | O_DIRECTORY);
	child = (pid_t)syscall(SYS_clone3, args, sizeof(args));
	if (child == 0) {
		make(1);
		_exit(0);
	}
	if (child < 0 || waitpid(child, NULL, 0) != child)
		abort();
}

static void ask_often(long count)
{
	int size;

	for (long i = 0; i < count; i++)
		ioctl(-1, FIONREAD, &size);
}

/* What a call costs, in ns of CPU time: the least of many batches. */
static void cost_of(void (*run)(long count), long batches)
{
	enum { CALLS = 1000 };
	double least = 1e9;

	for (long i = 0; i < batches; i++) {
		struct timespec begin, end;
		double each;

		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
		run(CALLS);
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
		each = ((double)(end.tv_sec - begin.tv_sec) * 1e9 +
			(double)(end.tv_nsec - begin.tv_nsec)) /
		       CALLS;
		if (each < least)
			least = each;
	}
	printf("%.1f\n", least);
}

/* When the command has begun; seconds, on CLOCK_MONOTONIC. */
static void tell_clock(long unused)
{
	struct timespec now;

	(void)unused;
	clock_gettime(CLOCK_MONOTONIC, &now);
	printf("%.6f\n", (double)now.tv_sec + (double)now.tv_nsec / 1e9);
}

static void cost(long batches)
{
	cost_of(make, batches);
}

/* Of one that has an argument worth keeping, and fails. */
static void cost_of_value(long batches)
{
	cost_of(ask_often, batches);
}

/* ---------------------------------------------------------- a neighbour -- */

#ifdef __GLIBC__ /* others have no coroutines */

enum { BELOW = 16384, STACK = 8192, LEFT = 512, STRIDE = 8 };

/* The stack of a coroutine, above memory that another thread is using. */
static unsigned char room[BELOW + STACK] __attribute__((aligned(4096)));
static volatile bool finished, disturbed;
static ucontext_t back;

static void *use_room(void *unused)
{
	volatile unsigned long *words = (void *)room;

	for (unsigned long n = 1; !finished; n++) {
		for (size_t i = 0; i < BELOW / sizeof(*words); i += STRIDE)
			words[i] = n;
		for (size_t i = 0; i < BELOW / sizeof(*words); i += STRIDE)
			disturbed |= words[i] != n;
	}
	return unused;
}

static void listen_at(int fd)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };

	bind(fd, (struct sockaddr *)&name, sizeof(name.sun_family));
	listen(fd, 1);
	make(100);
}

static int listener;

/* With next to nothing left of its stack. */
static void listen_deep(void)
{
	char here;
	volatile char *deep =
		alloca((size_t)(&here - (char *)room) - BELOW - LEFT);

	*deep = 0;
	listen_at(listener);
}

static void neighbour(long unused)
{
	ucontext_t inside;
	pthread_t other;

	(void)unused;
	listen_at(-1); /* so that all of it is bound */
	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	pthread_create(&other, NULL, use_room, NULL);
	getcontext(&inside);
	inside.uc_stack.ss_sp = room + BELOW;
	inside.uc_stack.ss_size = STACK;
	inside.uc_link = &back;
	makecontext(&inside, listen_deep, 0);
	swapcontext(&back, &inside);
	finished = true;
	pthread_join(other, NULL);
	puts(disturbed ? "disturbed" : "undisturbed");
}

#endif

static const struct mode {
	const char *name;
	void (*run)(long count);
} modes[] = {
	{ "loop", loop },
	{ "threads", threads },
	{ "forks", forks },
	{ "vforks", vforks },
	{ "exec", exec_by_thread },
	{ "orphan", orphan },
	{ "execat", exec_at },
	{ "minus", minus_one },
	{ "forever", wait_forever },
	{ "churn", churn },
	{ "strange", strange },
	{ "lossy", lossy },
	{ "values", many_values },
	{ "same", few_values },
	{ "signals", signals },
	{ "server", server },
	{ "ready", ready },
	{ "symbol", symbol },
	{ "slowly", slowly },
#ifdef __GLIBC__
	{ "neighbour", neighbour },
#endif
	{ "wait", wait_then },
	{ "host", host },
	{ "hear", hear },
	{ "vfork-wait", vfork_wait },
	{ "clock", tell_clock },
	{ "cost", cost },
	{ "cost-value", cost_of_value },
};

int main(int argc, char **argv)
{
	long count = argc > 2 ? strtol(argv[2], NULL, 10) : 1;

	if (argc > 3 && strcmp(argv[1], "enter") == 0)
		enter(argv + 2);
	if (argc > 2 && strcmp(argv[1], "begin") == 0) {
		begin_in(argv[2]);
		return EXIT_SUCCESS;
	}
	if (argc > 1 && strcmp(argv[1], "hop") == 0) {
		hop(count, argc > 3);
		return EXIT_SUCCESS;
	}
	for (size_t i = 0; argc > 1 && i < sizeof(modes) / sizeof(modes[0]);
	     i++)
		if (strcmp(modes[i].name, argv[1]) == 0) {
			modes[i].run(count);
			return EXIT_SUCCESS;
		}
	fprintf(stderr, "usage: target MODE [COUNT]\n");
	return EXIT_FAILURE;
}
