/* The writers of the OCI family. */
#include "format/oci_write.h"

#include <string.h>

enum { NAME_LENGTH_MAX = 200 };

static const char *name_of(const struct writing *writing)
{
	return writing->options->name ? writing->options->name : "callgate";
}

/* What Kubernetes lets an object be called; a file of that name is fine. */
static bool check_name(struct writing *writing)
{
	const char *name = name_of(writing);
	size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.-");

	if (length && length <= NAME_LENGTH_MAX && !name[length] &&
	    strchr("-.", name[0]) == NULL &&
	    strchr("-.", name[length - 1]) == NULL)
		return true;
	return fail(writing->err, CG_E_INPUT,
		    "'%.64s' is no name of an object in Kubernetes: small "
		    "letters, digits, points and dashes",
		    name);
}

static bool
note_listener(struct writing *writing, const struct spelling *spelling)
{
	return !spelling->notifies ||
	       writing_note(writing, "listenerPath must name the socket of "
				     "your agent in place of " OCI_LISTENER);
}

static bool spell(struct writing *writing, struct spelling *spelling)
{
	return oci_spell(writing, spelling) && note_listener(writing, spelling);
}

bool oci_write(struct writing *writing)
{
	struct spelling spelling;

	if (!spell(writing, &spelling))
		return false;
	oci_print(&writing->out, &spelling, "", false);
	return true;
}

bool containers_write(struct writing *writing)
{
	struct spelling spelling;

	if (!spell(writing, &spelling))
		return false;
	oci_print(&writing->out, &spelling, "", true);
	return true;
}

/* What a rule of the operator cannot hold. */
static bool check_spo(struct writing *writing, const struct spelling *spelling)
{
	for (size_t i = 0; i < spelling->count; i++) {
		const struct spelled *rule = &spelling->rules[i];

		if (oci_action_has_errno(rule->answer) &&
		    !(rule->answer & CG_RET_DATA))
			return fail(writing->err, CG_E_MEANING,
				    "a SeccompProfile cannot say errno 0 for "
				    "%s: it takes that for none",
				    rule->names[0]);
		for (size_t j = 0; j < rule->test_count; j++)
			if (rule->tests[j].value > INT64_MAX ||
			    rule->tests[j].value_two > INT64_MAX)
				return fail(writing->err, CG_E_MEANING,
					    "a SeccompProfile cannot say what "
					    "%s needs: it has no numbers from "
					    "2^63 on",
					    rule->names[0]);
	}
	return true;
}

bool spo_write(struct writing *writing)
{
	struct spelling spelling;

	if (!check_name(writing) || !oci_spell_eperm(writing, &spelling) ||
	    !note_listener(writing, &spelling) ||
	    !check_spo(writing, &spelling))
		return false;
	oci_print_spo(&writing->out, &spelling, name_of(writing));
	return true;
}

/*
 * The profile rides in a ConfigMap, so that it comes to the cluster by the same
 * way as the rest; what a Pod needs stands above it.
 */
bool kubernetes_write(struct writing *writing)
{
	struct buf *out = &writing->out;
	const char *name = name_of(writing);
	struct spelling spelling;

	if (!check_name(writing) || !spell(writing, &spelling))
		return false;
	buf_printf(
		out,
		"# On every node, before the container is created:\n"
		"#   /var/lib/kubelet/seccomp/profiles/%s.json\n"
		"# holds what stands under `data` below (the kubelet's root "
		"directory plus\n"
		"# seccomp/). In the Pod, or in one of its containers, which "
		"wins:\n"
		"#   securityContext:\n"
		"#     allowPrivilegeEscalation: false\n"
		"#     seccompProfile:\n"
		"#       type: Localhost\n"
		"#       localhostProfile: profiles/%s.json\n",
		name, name);
	buf_printf(out,
		   "apiVersion: v1\n"
		   "kind: ConfigMap\n"
		   "metadata:\n"
		   "  name: seccomp-%s\n"
		   "data:\n"
		   "  %s.json: |\n",
		   name, name);
	oci_print(out, &spelling, "    ", false);
	return true;
}
