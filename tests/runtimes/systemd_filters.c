/*
 * What systemd's own code makes of SystemCall*= lines: its parsers fill its own
 * structures, its loader makes filters of them, and seccomp_load() below puts
 * them into files: NN.bpf in a folder, in the order of loading.
 *
 *	systemd_filters FOLDER KEY=VALUE...
 *
 * Linked with the two private libraries of the systemd that is installed.
 */
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef int
config_parser(const char *unit, const char *filename, unsigned line,
	      const char *section, unsigned section_line, const char *key,
	      int type, const char *value, void *data, void *userdata);
config_parser config_parse_syscall_filter, config_parse_syscall_log,
	config_parse_syscall_archs, config_parse_syscall_errno;
int seccomp_load_syscall_filter_set_raw(uint32_t default_action, void *filter,
					uint32_t action, bool log_missing);
int seccomp_restrict_archs(void *archs);

enum { WORDS = 1024 }; /* more than its structures have */

/* Room for an ExecContext, of which only these parsers know the shape. */
struct context {
	uint64_t words[WORDS];
};

static struct context context;
static void *archs[WORDS];
static const char *folder;
static unsigned loaded;

/* In place of libseccomp's. */
int seccomp_load(const scmp_filter_ctx ctx)
{
	char path[4096];
	int fd, result;

	snprintf(path, sizeof(path), "%s/%02u.bpf", folder, loaded++);
	fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0600);
	if (fd < 0)
		return -errno;
	result = seccomp_export_bpf(ctx, fd);
	close(fd);
	return result;
}

static void parse(config_parser *parser, const char *value, void *data)
{
	static uint64_t unit[WORDS];

	parser("u", "u", 1, "Service", 1, "k", 0, value, data, unit);
}

static void die(const char *why)
{
	fprintf(stderr, "systemd_filters: %s\n", why);
	exit(2);
}

/* Where a parser keeps its table: the word that it makes a pointer. */
static size_t find_table(config_parser *parser)
{
	struct context probe = { { 0 } };

	parse(parser, "~read", &probe);
	for (size_t i = 0; i < WORDS; i++)
		if (probe.words[i] >> 32)
			return i;
	die("a parser keeps no table");
	return 0;
}

/* Whether the list is one of what is allowed: the bit that differs. */
static bool is_allow_list(config_parser *parser, size_t table)
{
	struct context allow = { { 0 } }, deny = { { 0 } };

	parse(parser, "read", &allow);
	parse(parser, "~read", &deny);
	for (size_t i = 0; i < WORDS; i++)
		if (i != table && allow.words[i] != deny.words[i])
			return context.words[i] &
			       (allow.words[i] ^ deny.words[i]);
	die("two kinds of lists look alike");
	return false;
}

/* What SystemCallErrorNumber= comes to: the word that the parser writes. */
static uint32_t error_action(const char *value, uint32_t before)
{
	struct context probe;
	const uint32_t *words = (const uint32_t *)&probe;

	memset(&probe, 0xa5, sizeof(probe));
	parse(config_parse_syscall_errno, value, &probe);
	for (size_t i = 0; i < 2 * WORDS; i++)
		if (words[i] != 0xa5a5a5a5)
			return words[i] > 4095 ? SCMP_ACT_KILL_PROCESS
					       : SCMP_ACT_ERRNO(words[i]);
	return before;
}

static void load(size_t table, uint32_t others, uint32_t listed)
{
	int result = seccomp_load_syscall_filter_set_raw(
		others, (void *)(uintptr_t)context.words[table], listed, false);

	if (result < 0)
		die(strerror(-result));
}

int main(int argc, char **argv)
{
	static const struct {
		const char *key;
		config_parser *parser;
		void *data;
	} keys[] = {
		{ "SystemCallFilter=", config_parse_syscall_filter, &context },
		{ "SystemCallLog=", config_parse_syscall_log, &context },
		{ "SystemCallArchitectures=", config_parse_syscall_archs,
		  archs },
	};
	uint32_t refused = SCMP_ACT_KILL_PROCESS;
	size_t filter = find_table(config_parse_syscall_filter);
	size_t log = find_table(config_parse_syscall_log);
	bool allow;

	if (argc < 2)
		die("a folder is wanted");
	folder = argv[1];
	for (int i = 2; i < argc; i++) {
		for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++)
			if (strncmp(argv[i], keys[k].key,
				    strlen(keys[k].key)) == 0)
				parse(keys[k].parser,
				      argv[i] + strlen(keys[k].key),
				      keys[k].data);
		if (strncmp(argv[i], "SystemCallErrorNumber=", 22) == 0)
			refused = error_action(argv[i] + 22, refused);
	}
	/* In the order in which a service manager does it. */
	if (archs[0] && seccomp_restrict_archs(archs[0]) < 0)
		die("the architectures are refused");
	if (context.words[log]) {
		allow = is_allow_list(config_parse_syscall_log, log);
		load(log, allow ? SCMP_ACT_ALLOW : SCMP_ACT_LOG,
		     allow ? SCMP_ACT_LOG : SCMP_ACT_ALLOW);
	}
	if (context.words[filter]) {
		allow = is_allow_list(config_parse_syscall_filter, filter);
		load(filter, allow ? refused : SCMP_ACT_ALLOW,
		     allow ? SCMP_ACT_ALLOW : refused);
	}
	return 0;
}
