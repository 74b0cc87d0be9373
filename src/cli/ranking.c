#include "cli/ranking.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "cli/opt.h"
#include "cli/out.h"

/* A call that was found, recorded, or both. */
struct row {
	const struct cg_abi *abi;
	const struct cg_syscall *call;
	uint32_t nr;
	bool found, recorded;
	uint64_t count; /* how often it was recorded */
	const char *risk, *reason;
	unsigned rank; /* 0 is the highest risk */
};

struct rows {
	struct row *at;
	size_t count;
};

static unsigned rank_of(const char *risk)
{
	return risk[0] == 'h' ? 0 : risk[0] == 'm' ? 1 : 2;
}

static struct row *row_of(struct rows *rows, const struct cg_abi *abi,
			  const struct cg_syscall *call, uint32_t nr)
{
	struct row *row;

	for (size_t i = 0; i < rows->count; i++)
		if (rows->at[i].abi == abi && rows->at[i].nr == nr)
			return &rows->at[i];
	row = realloc(rows->at, (rows->count + 1) * sizeof(*row));
	if (!row)
		out_die_nomem();
	rows->at = row;
	row += rows->count++;
	*row = (struct row){ .abi = abi, .call = call, .nr = nr };
	row->risk = cg_syscall_risk(call, &row->reason);
	row->rank = rank_of(row->risk);
	return row;
}

static int by_rank(const void *left, const void *right)
{
	const struct row *a = left, *b = right;
	/* Those without a name come behind all that have one. */
	const char *one = a->call ? a->call->name : "~";
	const char *other = b->call ? b->call->name : "~";

	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	if (strcmp(one, other) != 0)
		return strcmp(one, other);
	return a->nr < b->nr ? -1 : a->nr > b->nr;
}

static void sort(struct rows *rows)
{
	if (rows->count)
		qsort(rows->at, rows->count, sizeof(*rows->at), by_rank);
}

static void add_found(const struct cg_profile *profile, struct rows *rows)
{
	struct cg_profile_call call;

	for (size_t i = 0; cg_profile_call_at(profile, i, &call); i++)
		row_of(rows, call.abi, call.call, call.nr)->found = true;
}

static void add_name(struct buf *out, const struct row *row)
{
	if (row->call)
		buf_printf(out, "%-22s", row->call->name);
	else
		buf_printf(out, "%s call %-10u", row->abi->name, row->nr);
}

void ranking_table(const struct cg_profile *profile, struct buf *out)
{
	struct rows rows = { 0 };

	add_found(profile, &rows);
	sort(&rows);
	for (size_t i = 0; i < rows.count; i++) {
		buf_printf(out, "%-7s ", rows.at[i].risk);
		add_name(out, &rows.at[i]);
		buf_printf(out, " %s\n", rows.at[i].reason);
	}
	free(rows.at);
}

/* ---------------------------------------------------------------- merging --
 */

/* "/usr/bin/app 0123456789abcdef": the path, with the build-id behind it. */
static bool is_profiled(const struct cg_profile *profile, const char *word)
{
	const size_t length = strcspn(word, " ");
	struct cg_profile_image image;
	char real[PATH_MAX];

	for (size_t i = 0; cg_profile_image_at(profile, i, &image); i++) {
		if (strlen(image.path) == length &&
		    strncmp(image.path, word, length) == 0)
			return true;
		if (realpath(image.path, real) && strlen(real) == length &&
		    strncmp(real, word, length) == 0)
			return true;
	}
	return false;
}

/* Whether the recording is of nothing but what was profiled. */
static bool all_profiled(const struct cg_profile *profile,
			 const struct cg_recording *recording)
{
	const char *word;
	bool all = true;

	for (size_t i = 0;
	     (word = cg_recording_word(recording, CG_WORD_PROGRAM, i, NULL));
	     i++) {
		if (is_profiled(profile, word))
			continue;
		out_note("%s was recorded, but not profiled", word);
		all = false;
	}
	return all;
}

static void
add_recorded(const struct cg_recording *recording, struct rows *rows)
{
	struct cg_recorded one;

	for (size_t i = 0; cg_recording_get(recording, i, &one); i++) {
		struct row *row;

		/* What a container's runtime did is not the program's. */
		if (one.phase == CG_PHASE_RUNTIME)
			continue;
		row = row_of(rows, one.abi, one.call, one.nr);
		row->recorded = true;
		row->count += one.count;
	}
}

/* What one of the three parts consists of, and how it is said. */
static const struct part {
	bool found, recorded;
	const char *key, *title;
} parts[] = {
	{ false, true, "missing", "recorded, but not found" },
	{ true, false, "unseen", "found, but never recorded" },
	{ true, true, "both", "found and recorded" },
};

static void
put_part(const struct rows *rows, const struct part *part, struct buf *out)
{
	bool any = false;

	for (size_t i = 0; i < rows->count; i++) {
		const struct row *row = &rows->at[i];

		if (row->found != part->found ||
		    row->recorded != part->recorded)
			continue;
		if (!any)
			buf_printf(out, "%s:\n", part->title);
		any = true;
		buf_puts(out, "  ");
		add_name(out, row);
		if (row->recorded)
			buf_printf(out, " %llu times",
				   (unsigned long long)row->count);
		else
			buf_printf(out, " %-7s %s", row->risk, row->reason);
		buf_puts(out, "\n");
	}
}

static void
put_json_part(const struct rows *rows, const struct part *part, struct buf *out)
{
	const char *comma = "";

	buf_printf(out, "\"%s\":[", part->key);
	for (size_t i = 0; i < rows->count; i++) {
		const struct row *row = &rows->at[i];

		if (row->found != part->found ||
		    row->recorded != part->recorded)
			continue;
		buf_printf(out, "%s\n{\"name\":", comma);
		buf_json(out, row->call ? row->call->name : "");
		buf_printf(out,
			   ",\"abi\":\"%s\",\"nr\":%u,\"count\":%llu,"
			   "\"risk\":\"%s\",\"reason\":",
			   row->abi->name, row->nr,
			   (unsigned long long)row->count, row->risk);
		buf_json(out, row->reason);
		buf_puts(out, "}");
		comma = ",";
	}
	buf_puts(out, "]");
}

static bool any_missing(const struct rows *rows)
{
	for (size_t i = 0; i < rows->count; i++)
		if (!rows->at[i].found)
			return true;
	return false;
}

int ranking_merge(const struct cg_profile *profile,
		  const struct cg_recording *recording, bool json,
		  struct buf *out)
{
	const bool all = all_profiled(profile, recording);
	struct rows rows = { 0 };
	bool missing;

	add_found(profile, &rows);
	add_recorded(recording, &rows);
	sort(&rows);
	missing = any_missing(&rows);
	buf_puts(out, json ? "{" : "");
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		if (!json) {
			put_part(&rows, &parts[i], out);
			continue;
		}
		buf_puts(out, i ? ",\n" : "");
		put_json_part(&rows, &parts[i], out);
	}
	buf_puts(out, json ? "}\n" : "");
	free(rows.at);
	if (!missing)
		return EXIT_YES;
	if (!all || !cg_profile_complete(profile))
		return EXIT_NO;
	out_error("what was recorded must be in the list: this is a fault of "
		  "callgate profile; please report it");
	return EXIT_ANALYSER;
}
