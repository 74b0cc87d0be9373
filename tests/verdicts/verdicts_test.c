/*
 * Rows of text: what must happen to a call under a policy.
 *
 *	POLICY | ABI CALL ARGUMENT... -> ANSWER		# remark
 *
 * POLICY is a file of the folder policies, `preset:NAME`, or `shared:NAME` for
 * a file of those that CALLGATE_SHARED points to; behind an @ stands what
 * `native` means. CALL is a name or a number, ABI a name or the hexadecimal
 * value of seccomp_data.arch. ANSWER is as cg_answer_print() writes it, or a
 * number. The policy, the program and the proof must all say so.
 */
#include <ctype.h>
#include <inttypes.h>

#include "judges.h"
#include "tap.h"

enum { LINE = 512, WORDS = 12 };

/* The policy that the rows at hand are about. */
static struct bench {
	char name[LINE];
	struct judges judges;
	bool ready, absent, told;
} bench;

struct verdict {
	const char *policy, *want;
	struct cg_call call;
	const struct cg_abi *abi;
};

static bool open_preset(const char *name, const struct cg_abi *native)
{
	const struct cg_policy_options options = { .native = native };

	return cg_policy_preset(name, &options, &bench.judges.policy,
				&bench.judges.err) == CG_OK &&
	       judges_compile(&bench.judges, CG_FORM_BEST);
}

static void open_policy(const char *folder, const char *name)
{
	const char *shared = getenv("CALLGATE_SHARED");
	const struct cg_abi *native = NULL;
	char path[2 * LINE], plain[LINE], *at;

	judges_done(&bench.judges);
	memset(&bench, 0, sizeof(bench));
	snprintf(bench.name, sizeof(bench.name), "%s", name);
	snprintf(plain, sizeof(plain), "%s", name);
	at = strchr(plain, '@');
	if (at) {
		*at = '\0';
		native = cg_abi_by_name(at + 1);
	}
	if (strncmp(plain, "preset:", 7) == 0) {
		bench.ready = open_preset(plain + 7, native);
		return;
	}
	if (strncmp(plain, "shared:", 7) == 0) {
		bench.absent = !shared;
		snprintf(path, sizeof(path), "%s/data/elastic/policies/%s",
			 shared ? shared : "", plain + 7);
	} else {
		snprintf(path, sizeof(path), "%s/policies/%s", folder, plain);
	}
	if (!bench.absent)
		bench.ready = judges_open(&bench.judges, path, native);
}

/* Cut a row into its words; "->" and "|" are words, too. */
static size_t split(char *line, char *words[WORDS])
{
	size_t count = 0;
	char *rest = strchr(line, '#');

	if (rest)
		*rest = '\0';
	for (char *word = strtok_r(line, " \t\n", &rest); word && count < WORDS;
	     word = strtok_r(NULL, " \t\n", &rest))
		words[count++] = word;
	return count;
}

static bool read_number(const char *word, uint64_t *out)
{
	char *end;

	*out = strtoull(word, &end, 0);
	return isdigit((unsigned char)*word) && *end == '\0';
}

static bool read_verdict(char *words[], size_t count, struct verdict *out)
{
	const struct cg_syscall *call;
	uint64_t number;

	*out = (struct verdict){ .policy = words[0] };
	if (count < 6 || strcmp(words[1], "|") != 0 ||
	    strcmp(words[count - 2], "->") != 0 || count > 12)
		return false;
	out->want = words[count - 1];
	out->abi = cg_abi_by_name(words[2]);
	out->call.arch = out->abi ? out->abi->audit_arch : 0;
	if (!out->abi) {
		if (!read_number(words[2], &number))
			return false;
		out->call.arch = (uint32_t)number;
	}
	call = cg_syscall_by_name(words[3]);
	if (read_number(words[3], &number))
		out->call.nr = (uint32_t)number;
	else if (!out->abi || !call ||
		 !cg_syscall_number(call, out->abi, &out->call.nr))
		return false;
	for (size_t i = 4; i + 2 < count; i++)
		if (!read_number(words[i], &out->call.args[i - 4]))
			return false;
	return true;
}

static bool is_wanted(const struct verdict *verdict, uint32_t answer)
{
	char text[64];
	uint64_t number;

	if (read_number(verdict->want, &number))
		return number == answer;
	cg_answer_print(answer, verdict->abi, text, sizeof(text));
	return strcmp(text, verdict->want) == 0;
}

static void judge(struct tap *tap, const char *folder, const char *name,
		  const struct verdict *verdict)
{
	uint32_t answer = 0;
	bool agreed;
	char text[64];

	if (strcmp(bench.name, verdict->policy) != 0)
		open_policy(folder, verdict->policy);
	if (bench.absent) {
		tap_skip(tap, name, "CALLGATE_SHARED is not set");
		return;
	}
	if (!bench.ready) {
		tap_ok(tap, false, "%s", name);
		if (!bench.told)
			tap_note("%s:%" PRIu32 ":%" PRIu32 ": %s",
				 verdict->policy, bench.judges.err.line,
				 bench.judges.err.column,
				 bench.judges.err.message);
		bench.told = true;
		return;
	}
	agreed = judges_ask(&bench.judges, &verdict->call, &answer);
	if (tap_ok(tap, agreed && is_wanted(verdict, answer), "%s", name))
		return;
	cg_answer_print(answer, verdict->abi, text, sizeof(text));
	tap_note("got %s (0x%" PRIx32 ")%s", text, answer,
		 agreed ? "" : ", and the judges do not agree");
}

static void judge_file(struct tap *tap, const char *folder, const char *name)
{
	char path[2 * LINE], line[LINE], row[LINE], *words[WORDS];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "r");
	if (!file) {
		tap_ok(tap, false, "%s can be read", path);
		return;
	}
	while (fgets(line, sizeof(line), file)) {
		struct verdict verdict;
		size_t count;

		snprintf(row, sizeof(row), "%s", line);
		row[strcspn(row, "#\t\n")] = '\0';
		count = split(line, words);
		if (!count)
			continue;
		if (read_verdict(words, count, &verdict))
			judge(tap, folder, row, &verdict);
		else
			tap_ok(tap, false, "a row: %s", row);
	}
	fclose(file);
}

int main(int argc, char **argv)
{
	struct tap tap = { 0 };

	for (int i = 2; i < argc; i++)
		judge_file(&tap, argv[1], argv[i]);
	judges_done(&bench.judges);
	return tap_done(&tap);
}
