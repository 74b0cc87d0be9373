#include "format/capability.h"

#include <string.h>

#include <callgate/format.h>

#include "base/fail.h"
#include "base/text.h"

static const char *const names[CAPABILITIES] = {
	"CAP_CHOWN",
	"CAP_DAC_OVERRIDE",
	"CAP_DAC_READ_SEARCH",
	"CAP_FOWNER",
	"CAP_FSETID",
	"CAP_KILL",
	"CAP_SETGID",
	"CAP_SETUID",
	"CAP_SETPCAP",
	"CAP_LINUX_IMMUTABLE",
	"CAP_NET_BIND_SERVICE",
	"CAP_NET_BROADCAST",
	"CAP_NET_ADMIN",
	"CAP_NET_RAW",
	"CAP_IPC_LOCK",
	"CAP_IPC_OWNER",
	"CAP_SYS_MODULE",
	"CAP_SYS_RAWIO",
	"CAP_SYS_CHROOT",
	"CAP_SYS_PTRACE",
	"CAP_SYS_PACCT",
	"CAP_SYS_ADMIN",
	"CAP_SYS_BOOT",
	"CAP_SYS_NICE",
	"CAP_SYS_RESOURCE",
	"CAP_SYS_TIME",
	"CAP_SYS_TTY_CONFIG",
	"CAP_MKNOD",
	"CAP_LEASE",
	"CAP_AUDIT_WRITE",
	"CAP_AUDIT_CONTROL",
	"CAP_SETFCAP",
	"CAP_MAC_OVERRIDE",
	"CAP_MAC_ADMIN",
	"CAP_SYSLOG",
	"CAP_WAKE_ALARM",
	"CAP_BLOCK_SUSPEND",
	"CAP_AUDIT_READ",
	"CAP_PERFMON",
	"CAP_BPF",
	"CAP_CHECKPOINT_RESTORE",
};

enum { PREFIX = 4, NAME_MAX_LENGTH = 32 };

const char *capability_name(unsigned number)
{
	return names[number];
}

bool capability_named(const char *name, size_t length, unsigned *number)
{
	char word[NAME_MAX_LENGTH + 1];

	if (length > NAME_MAX_LENGTH)
		return false;
	memcpy(word, name, length);
	word[length] = '\0';
	for (unsigned i = 0; i < CAPABILITIES; i++)
		if (text_same_letters(word, names[i]) ||
		    text_same_letters(word, names[i] + PREFIX)) {
			*number = i;
			return true;
		}
	return false;
}

static const char *closest(const char *name, size_t length)
{
	char word[NAME_MAX_LENGTH + 1];
	const char *best = NULL;
	unsigned distance = 4;

	if (length > NAME_MAX_LENGTH)
		return NULL;
	for (size_t i = 0; i <= length; i++) {
		char letter = i < length ? name[i] : '\0';

		word[i] = letter >= 'a' && letter <= 'z'
				  ? (char)(letter - 'a' + 'A')
				  : letter;
	}
	for (unsigned i = 0; i < CAPABILITIES; i++)
		for (unsigned from = 0; from <= PREFIX; from += PREFIX) {
			unsigned d = text_near(word, names[i] + from, 3);

			if (d < distance) {
				distance = d;
				best = names[i];
			}
		}
	return best;
}

/* One item of the list: a word for a whole set, or a name. */
static bool read_item(const char *item, size_t length, bool first,
		      uint64_t *set, struct cg_error *err)
{
	bool less = length && *item == '-';
	size_t sign = length && (*item == '-' || *item == '+');
	const char *meant;
	unsigned number;

	if (first && length == 4 && memcmp(item, "none", 4) == 0) {
		*set = 0;
		return true;
	}
	if (first && length == 3 && memcmp(item, "all", 3) == 0) {
		*set = BIT(CAPABILITIES) - 1;
		return true;
	}
	if (first && length == 7 && memcmp(item, "default", 7) == 0)
		return true;
	if (!capability_named(item + sign, length - sign, &number)) {
		meant = closest(item + sign, length - sign);
		return fail(err, CG_E_MEANING, "'%.*s' is no capability%s%s%s",
			    (int)(length < 64 ? length : 64), item,
			    meant ? "; did you mean '" : "", meant ? meant : "",
			    meant ? "'?" : "");
	}
	if (first && !sign)
		*set = 0;
	*set = less ? *set & ~BIT(number) : *set | BIT(number);
	return true;
}

enum cg_status
cg_capabilities_parse(const char *text, uint64_t *set, struct cg_error *err)
{
	struct cg_error here = { 0 };
	uint64_t found = *set;
	const char *at = text;

	for (;;) {
		size_t length = strcspn(at, ",");

		if (!read_item(at, length, at == text, &found, &here)) {
			here.line = 1;
			here.column = (uint32_t)(at - text) + 1;
			if (err)
				*err = here;
			return here.status;
		}
		at += length;
		if (!*at)
			break;
		at++;
	}
	*set = found;
	return CG_OK;
}
