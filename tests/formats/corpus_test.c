/*
 * Real profiles, read and written as everything that can hold them. What is
 * written is read back and proved by the library; here it is counted, and a
 * refusal has to say why. The files lie beside the sources, if at all: the
 * folder is in CALLGATE_SHARED.
 */
#include <string.h>

#include <callgate/format.h>
#include <callgate/prove.h>

#include "tap.h"

enum { PATH_MAX_LENGTH = 512, COLUMNS = 24 };

static const struct row {
	const char *file, *format; /* as it is guessed; NULL: none */
	const char *item;          /* of several */
	const char *error;         /* part of it; NULL: it is read */
} rows[] = {
	{ "containerd-1.6.20-default-resolved-x86_64.json", "oci", NULL, NULL },
	{ "containers-common-seccomp.json", "containers-common", NULL, NULL },
	{ "containers-golang-2020-seccomp.json", "docker", NULL, NULL },
	{ "debian12-containers-common-0.50.1.json", "containers-common", NULL,
	  NULL },
	{ "docker-labs-allow.json", "oci", NULL, NULL },
	{ "docker-labs-default-no-chmod.json", "docker", NULL, NULL },
	{ "docker-labs-default.json", "docker", NULL, NULL },
	{ "docker-labs-deny.json", "oci", NULL, NULL },
	{ "jessfraz-chrome.json", "docker", NULL, NULL },
	{ "k8s-docs-violation.json", "oci", NULL, NULL },
	{ "moby-default-2017-05.json", "docker", NULL, NULL },
	{ "moby-default-2024-02.json", "docker", NULL, NULL },
	{ "moby-default.json", "docker", NULL, NULL },
	{ "moby-fixture-conditional-include.json", "docker", NULL, NULL },
	{ "moby-fixture-default-old-format.json", "docker", NULL, NULL },
	{ "moby-fixture-example.json", "docker", NULL,
	  "errno 12345 is out of range" },
	{ "resolved-containers-common-x86_64-dockercaps.json", "oci", NULL,
	  NULL },
	{ "resolved-moby-default-x86_64-defaultcaps.json", "oci", NULL, NULL },
	{ "runc-test-enosys1.json", "oci", NULL, NULL },
	{ "runc-test-enxio2.json", "oci", NULL, NULL },
	{ "seccomp-oci-cpp.json", "oci", NULL, "trailing comma" },
	{ "zaz-no-highrisk.json", "oci", NULL, NULL },
	{ "crd/spo-baseprofile-crun.yaml", "spo", NULL, NULL },
	{ "crd/spo-baseprofile-runc.yaml", "spo", NULL, NULL },
	{ "crd/spo-seccompprofile-allowed-syscalls-change.yaml", "spo", NULL,
	  NULL },
	{ "crd/spo-seccompprofile-allowed-syscalls-validation.yaml", "spo",
	  NULL, "say which of" },
	{ "crd/spo-seccompprofile-allowed-syscalls-validation.yaml", "spo",
	  "profile-allowed-syscalls", NULL },
	{ "crd/spo-seccompprofile-allowed-syscalls-validation.yaml", "spo",
	  "profile-denied-syscalls", NULL },
	{ "crd/spo-seccompprofile.yaml", "spo", "profile-block-all", NULL },
	{ "crd/spo-seccompprofile.yaml", "spo", "profile-complain-unsafe",
	  NULL },
	{ "crd/spo-seccompprofile.yaml", "spo", "profile-allow-unsafe", NULL },
	{ "crd/spo-seccompprofile.yaml", "spo",
	  "profile-complain-block-high-risk", NULL },
	{ "other/firecracker-unimplemented.json", "oci", NULL,
	  "seccompiler's format" },
	{ "other/firecracker-x86_64-unknown-linux-musl.json", "oci", NULL,
	  "seccompiler's format" },
	{ "other/vmsan-default.json", "oci", NULL, "seccompiler's format" },
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

/* What became of all files in one format. */
static struct column {
	size_t exact, nearest, refused, unproved, broken;
} columns[COLUMNS];

static char *read_file(const char *name, size_t *length)
{
	char path[PATH_MAX_LENGTH], *text;
	FILE *file;

	snprintf(path, sizeof(path), "%s/data/oci/%s",
		 getenv("CALLGATE_SHARED"), name);
	file = fopen(path, "re");
	if (!file)
		return NULL;
	text = malloc(CG_POLICY_TEXT_MAX);
	*length = text ? fread(text, 1, CG_POLICY_TEXT_MAX, file) : 0;
	fclose(file);
	return text;
}

static struct cg_target target_for(const struct row *row)
{
	return (struct cg_target){ .native = cg_abi_by_name("x86_64"),
				   .item = row->item };
}

/* A writer either proves what it wrote, or names what would be lost. */
static bool
write_as(const struct row *row, const struct cg_policy *policy, size_t index)
{
	const struct cg_format *format = cg_format_get(index);
	struct cg_target target = target_for(row);
	struct cg_write_options how = { 0 };
	struct column *column = &columns[index];
	struct cg_written *written = NULL;
	enum cg_status status;
	struct cg_error err;

	target.item = NULL;
	for (unsigned nearest = 0; nearest < 2; nearest++) {
		how.nearest = nearest;
		status = cg_format_write(format, policy, &target, &how,
					 &written, &err);
		if (status != CG_OK)
			continue;
		if (cg_written_proved(written))
			*(nearest ? &column->nearest : &column->exact) += 1;
		else
			column->unproved++;
		cg_written_free(written);
		return true;
	}
	if (status == CG_E_MEANING || status == CG_E_TOOLONG) {
		column->refused++;
		return true;
	}
	column->broken++;
	tap_note("%s as %s: %s", row->file, format->name, err.message);
	return false;
}

/* The format that it came in can hold it, for the same runtime. */
static bool write_back(const struct row *row, const struct cg_format *format,
		       const struct cg_policy *policy)
{
	struct cg_target target = target_for(row);
	struct cg_written *written = NULL;
	struct cg_error err;

	target.item = NULL;
	if (cg_format_write(format, policy, &target, NULL, &written, &err) !=
	    CG_OK) {
		tap_note("%s: not as it came: %s", row->file, err.message);
		return false;
	}
	cg_written_free(written);
	return true;
}

static bool is_refused(const struct row *row, const struct cg_error *err)
{
	if (row->error && strstr(err->message, row->error) && err->line)
		return true;
	tap_note("%u:%u: %s", err->line, err->column, err->message);
	return false;
}

static bool passes(const struct row *row, const struct cg_source *source)
{
	const struct cg_format *format = cg_format_guess(source);
	const struct cg_target target = target_for(row);
	struct cg_policy *policy = NULL;
	struct cg_error err;
	bool ok;

	if (row->format ? !format || strcmp(format->name, row->format) != 0
			: format != NULL) {
		tap_note("guessed as %s", format ? format->name : "nothing");
		return false;
	}
	if (!format)
		format = cg_format_by_name("oci");
	if (cg_format_read(format, source, 1, &target, &policy, &err) != CG_OK)
		return is_refused(row, &err);
	ok = !row->error && write_back(row, format, policy);
	for (size_t i = 0; cg_format_get(i) && i < COLUMNS; i++)
		if (cg_format_get(i)->writes)
			ok = write_as(row, policy, i) && ok;
	cg_policy_free(policy);
	return ok;
}

static void print_columns(void)
{
	const struct cg_format *format;

	tap_note("%-20s %7s %7s %8s %8s", "as", "exactly", "nearest", "refused",
		 "unproved");
	for (size_t i = 0; (format = cg_format_get(i)) && i < COLUMNS; i++)
		if (format->writes)
			tap_note("%-20s %7zu %7zu %8zu %8zu", format->name,
				 columns[i].exact, columns[i].nearest,
				 columns[i].refused, columns[i].unproved);
}

int main(void)
{
	struct tap tap = { 0 };

	if (!getenv("CALLGATE_SHARED")) {
		tap_skip(&tap, "real profiles",
			 "CALLGATE_SHARED names no folder that has them");
		return tap_done(&tap);
	}
	for (size_t i = 0; i < ROWS; i++) {
		struct cg_source source = { .name = rows[i].file };
		char *text = read_file(rows[i].file, &source.length);

		source.text = text;
		if (!text)
			tap_skip(&tap, rows[i].file, "the file is not there");
		else
			tap_ok(&tap, passes(&rows[i], &source), "%s%s%s",
			       rows[i].file, rows[i].item ? ", " : "",
			       rows[i].item ? rows[i].item : "");
		free(text);
	}
	print_columns();
	return tap_done(&tap);
}
