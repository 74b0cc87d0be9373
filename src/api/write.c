/* callgate/write.h: text, which is believed only once it is read back. */
#include <callgate/write.h>

#include <stdlib.h>

#include <callgate/prove.h>

#include "base/buf.h"
#include "base/fail.h"
#include "policy/write.h"

enum { MEMORY = 64 << 20 };

/* Whether the text is the policy. False, with `err`, if nobody can tell. */
static bool read_back(const struct cg_policy *policy, const struct buf *text,
		      size_t nodes, bool *equal, struct cg_error *err)
{
	const struct cg_policy_options options = { .native = policy->abis[0] };
	struct cg_policy *again = NULL;
	struct cg_side left = { .policy = policy }, right = { 0 };
	enum cg_relation relation = CG_DIFFERENT;
	enum cg_status status;

	*equal = false;
	status = cg_policy_parse(text->text, text->length, "written", &options,
				 &again, err);
	if (status != CG_OK)
		return status != CG_E_NOMEM;
	right.policy = again;
	status = cg_compare(left, right, nodes, &relation, NULL, err);
	*equal = relation == CG_EQUAL && again->flags == policy->flags;
	cg_policy_free(again);
	return status == CG_OK;
}

/* One style: the text, or nothing where it does not say what is meant. */
static bool
write_style(const struct cg_policy *policy, const struct write_style *style,
	    size_t nodes, struct buf *out, bool *equal, struct cg_error *err)
{
	struct arena arena = { .budget = MEMORY };
	enum write_result result;
	bool ok = true;

	result = policy_write(&arena, policy, style, out, err);
	arena_free(&arena);
	*equal = false;
	if (result == WRITE_FAILED)
		ok = false;
	if (result == WRITE_DONE)
		ok = read_back(policy, out, nodes, equal, err);
	if (!*equal)
		buf_free(out);
	return ok;
}

static char *
write_policy(const struct cg_policy *policy, enum cg_policy_text form,
	     size_t nodes, struct cg_error *err)
{
	struct write_style style = { .json = form == CG_TEXT_JSON };
	struct buf out = { 0 };
	bool equal;

	if (policy->disabled) {
		fail_set(err, CG_E_INPUT,
			 "the policy is switched off (enabled: false)");
		return NULL;
	}
	if (!write_style(policy, &style, nodes, &out, &equal, err))
		return NULL;
	style.exact = true;
	*err = (struct cg_error){ 0 };
	if (!equal && !write_style(policy, &style, nodes, &out, &equal, err))
		return NULL;
	if (equal)
		return buf_done(&out);
	if (err->status == CG_E_SYNTAX)
		fail_set(err, CG_E_INPUT,
			 "the text would be longer than a policy may be");
	else
		fail_set(err, CG_E_PROOF,
			 "the policy as text is not the policy; this is a bug "
			 "of Callgate, and nothing was handed out");
	return NULL;
}

enum cg_status
cg_policy_write(const struct cg_policy *policy, enum cg_policy_text form,
		size_t nodes, char **text, struct cg_error *err)
{
	struct cg_error here = { 0 };
	char *out = write_policy(policy, form, nodes, &here);

	if (out) {
		*text = out;
		return CG_OK;
	}
	if (here.status == CG_OK)
		fail_set(&here, CG_E_NOMEM, "out of memory");
	if (err)
		*err = here;
	return here.status;
}
