/* The attributes of a filter, a row each. */
#include "internal.h"

struct attribute {
	bool exists;
	size_t flag;    /* where its bool is in a context, or 0 */
	unsigned level; /* that setting it takes */
};

#define FLAG(member) offsetof(struct context, member)

static const struct attribute attributes[] = {
	[SCMP_FLTATR_ACT_DEFAULT] = { true, 0, 0 },
	[SCMP_FLTATR_ACT_BADARCH] = { true, 0, 0 },
	[SCMP_FLTATR_CTL_NNP] = { true, FLAG(no_new_privs), 0 },
	[SCMP_FLTATR_CTL_TSYNC] = { true, FLAG(tsync), LEVEL_TSYNC },
	[SCMP_FLTATR_API_TSKIP] = { true, FLAG(minus_one), 0 },
	[SCMP_FLTATR_CTL_LOG] = { true, FLAG(log), LEVEL_LOG },
	[SCMP_FLTATR_CTL_SSB] = { true, FLAG(ssb), LEVEL_SSB },
	[SCMP_FLTATR_CTL_OPTIMIZE] = { true, 0, 0 },
	[SCMP_FLTATR_API_SYSRAWRC] = { true, FLAG(raw_codes), 0 },
	[SCMP_FLTATR_CTL_WAITKILL] = { AT_LEAST(2, 6), FLAG(wait_killable),
				       LEVEL_WAIT },
};

enum { ATTRIBUTES = sizeof(attributes) / sizeof(attributes[0]) };

/* The row of an attribute, if the filter is good for one at all. */
static const struct attribute *
row_of(const struct context *context, enum scmp_filter_attr attr)
{
	if (!context || !cg_scmp_arch_at(context->rules, 0))
		return NULL;
	if ((unsigned)attr >= ATTRIBUTES || !attributes[attr].exists)
		return NULL;
	return &attributes[attr];
}

static bool *flag_of(struct context *context, const struct attribute *row)
{
	return (bool *)((char *)context + row->flag);
}

API int seccomp_attr_get(const scmp_filter_ctx ctx, enum scmp_filter_attr attr,
			 uint32_t *value)
{
	struct context *context = context_of(ctx);
	const struct attribute *row = row_of(context, attr);

	if (!row || !value)
		return -EINVAL;
	if (row->flag)
		*value = *flag_of(context, row);
	else if (attr == SCMP_FLTATR_ACT_DEFAULT)
		*value = context->answer;
	else if (attr == SCMP_FLTATR_ACT_BADARCH)
		*value = context->foreign;
	else
		*value = context->optimize;
	return 0;
}

static int set_foreign(struct context *context, uint32_t value)
{
	if (!level_has_answer(value))
		return context_fail(context, -EINVAL,
				    "0x%08" PRIx32 " is no action here", value);
	context->foreign = value;
	cg_scmp_set_foreign(context->rules, value);
	context_changed(context);
	return 0;
}

static int set_optimize(struct context *context, uint32_t value)
{
	if (value != 1 && value != 2)
		return -EOPNOTSUPP;
	context->optimize = value;
	context_changed(context);
	return 0;
}

API int seccomp_attr_set(scmp_filter_ctx ctx, enum scmp_filter_attr attr,
			 uint32_t value)
{
	struct context *context = context_of(ctx);
	const struct attribute *row = row_of(context, attr);

	if (!row)
		return -EINVAL;
	if (attr == SCMP_FLTATR_ACT_DEFAULT)
		return -EACCES;
	if (attr == SCMP_FLTATR_ACT_BADARCH)
		return set_foreign(context, value);
	if (attr == SCMP_FLTATR_CTL_OPTIMIZE)
		return set_optimize(context, value);
	if (row->level && level_now() < row->level)
		return context_fail(context, -EOPNOTSUPP,
				    "that takes API level %u; this is %u",
				    row->level, level_now());
	*flag_of(context, row) = value != 0;
	cg_scmp_set_minus_one(context->rules, context->minus_one);
	return 0;
}
