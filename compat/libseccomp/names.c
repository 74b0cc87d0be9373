/* Architectures and calls by name and by number; rules. */
#include "internal.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const struct cg_scmp_arch *arch_of(uint32_t token)
{
	return token == SCMP_ARCH_NATIVE ? cg_scmp_arch_native()
					 : cg_scmp_arch_by_token(token);
}

API const struct scmp_version *seccomp_version(void)
{
	static const struct scmp_version version = {
		SCMP_VER_MAJOR,
		SCMP_VER_MINOR,
		SCMP_VER_MICRO,
	};

	return &version;
}

/* --------------------------------------------------------- architectures -- */

API uint32_t seccomp_arch_resolve_name(const char *arch_name)
{
	const struct cg_scmp_arch *arch =
		arch_name ? cg_scmp_arch_by_name(arch_name) : NULL;

	return arch ? arch->token : 0;
}

API uint32_t seccomp_arch_native(void)
{
	const struct cg_scmp_arch *arch = cg_scmp_arch_native();

	return arch ? arch->token : 0;
}

API int seccomp_arch_exist(const scmp_filter_ctx ctx, uint32_t arch_token)
{
	const struct context *context = context_of(ctx);
	const struct cg_scmp_arch *arch = arch_of(arch_token), *at;

	if (!context || !arch)
		return -EINVAL;
	for (size_t i = 0; (at = cg_scmp_arch_at(context->rules, i)); i++)
		if (at == arch)
			return 0;
	return -EEXIST;
}

/* Both of adding and removing. */
static int change_arch(const scmp_filter_ctx ctx, uint32_t arch_token,
		       int (*change)(struct cg_scmp *rules,
				     const struct cg_scmp_arch *arch))
{
	struct context *context = context_of(ctx);
	const struct cg_scmp_arch *arch = arch_of(arch_token);
	int rc = context && arch ? change(context->rules, arch) : -EINVAL;

	if (rc == 0)
		context_changed(context);
	return rc;
}

API int seccomp_arch_add(scmp_filter_ctx ctx, uint32_t arch_token)
{
	return change_arch(ctx, arch_token, cg_scmp_arch_add);
}

API int seccomp_arch_remove(scmp_filter_ctx ctx, uint32_t arch_token)
{
	return change_arch(ctx, arch_token, cg_scmp_arch_remove);
}

/* ------------------------------------------------------------------ calls --
 */

API char *seccomp_syscall_resolve_num_arch(uint32_t arch_token, int num)
{
	const struct cg_scmp_arch *arch = arch_of(arch_token);
	const struct cg_syscall *call;
	const char *name;

	if (!arch)
		return NULL;
	/* x32's numbers are known with its bit and without. */
	if (num >= 0 && (uint32_t)num < arch->abi->nr_first)
		num |= (int)arch->abi->nr_first;
	name = cg_scmp_name(arch, num);
	/* What goes through a multiplexer may have a number all the same. */
	if (!name && num >= 0 && (uint32_t)num >= arch->abi->nr_first &&
	    (uint32_t)num <= arch->abi->nr_last) {
		call = cg_syscall_at(arch->abi, (uint32_t)num);
		name = call ? call->name : NULL;
	}
	return name ? strdup(name) : NULL;
}

API int seccomp_syscall_resolve_name_arch(uint32_t arch_token, const char *name)
{
	const struct cg_scmp_arch *arch = arch_of(arch_token);

	return arch && name ? cg_scmp_number(arch, name) : __NR_SCMP_ERROR;
}

API int
seccomp_syscall_resolve_name_rewrite(uint32_t arch_token, const char *name)
{
	const struct cg_scmp_arch *arch = arch_of(arch_token);

	return arch && name ? cg_scmp_door(arch, cg_scmp_number(arch, name))
			    : __NR_SCMP_ERROR;
}

API int seccomp_syscall_resolve_name(const char *name)
{
	return seccomp_syscall_resolve_name_arch(SCMP_ARCH_NATIVE, name);
}

API int
seccomp_syscall_priority(scmp_filter_ctx ctx, int syscall, uint8_t priority)
{
	struct context *context = context_of(ctx);
	int rc = context ? cg_scmp_priority(context->rules, syscall, priority)
			 : -EINVAL;

	if (rc == 0)
		context_changed(context);
	return rc;
}

/* ------------------------------------------------------------------ rules --
 */

static int
add_rule(struct context *context, bool exact, uint32_t action, int syscall,
	 const struct cg_scmp_test *tests, unsigned count)
{
	int rc;

	if (!level_has_answer(action))
		return context_fail(context, -EINVAL,
				    "0x%08" PRIx32 " is no action here",
				    action);
	if (action == SCMP_ACT_NOTIFY && context->tsync &&
	    level_now() < LEVEL_ESRCH)
		return context_fail(context, -EINVAL,
				    "NOTIFY with TSYNC takes API level %d",
				    LEVEL_ESRCH);
	rc = cg_scmp_rule(context->rules, exact, action, syscall, tests, count);
	if (rc == 0)
		context_changed(context);
	else
		context_fail(context, rc, "the rule for call %d is refused: %s",
			     syscall, strerrordesc_np(-rc));
	return rc;
}

static int
add_array(const scmp_filter_ctx ctx, bool exact, uint32_t action, int syscall,
	  unsigned count, const struct scmp_arg_cmp *array)
{
	struct context *context = context_of(ctx);
	struct cg_scmp_test tests[CG_SCMP_TESTS_MAX];

	if (!context || count > CG_SCMP_TESTS_MAX || (count && !array))
		return -EINVAL;
	for (unsigned i = 0; i < count; i++)
		tests[i] = (struct cg_scmp_test){ .argument = array[i].arg,
						  .op = (int)array[i].op,
						  .a = array[i].datum_a,
						  .b = array[i].datum_b };
	return add_rule(context, exact, action, syscall, tests, count);
}

static int add_list(const scmp_filter_ctx ctx, bool exact, uint32_t action,
		    int syscall, unsigned count, va_list args)
{
	struct scmp_arg_cmp array[CG_SCMP_TESTS_MAX];

	if (count > CG_SCMP_TESTS_MAX)
		return -EINVAL;
	for (unsigned i = 0; i < count; i++)
		array[i] = va_arg(args, struct scmp_arg_cmp);
	return add_array(ctx, exact, action, syscall, count, array);
}

API int seccomp_rule_add(scmp_filter_ctx ctx, uint32_t action, int syscall,
			 unsigned int arg_cnt, ...)
{
	va_list args;
	int rc;

	va_start(args, arg_cnt);
	rc = add_list(ctx, false, action, syscall, arg_cnt, args);
	va_end(args);
	return rc;
}

API int seccomp_rule_add_exact(scmp_filter_ctx ctx, uint32_t action,
			       int syscall, unsigned int arg_cnt, ...)
{
	va_list args;
	int rc;

	va_start(args, arg_cnt);
	rc = add_list(ctx, true, action, syscall, arg_cnt, args);
	va_end(args);
	return rc;
}

API int seccomp_rule_add_array(scmp_filter_ctx ctx, uint32_t action,
			       int syscall, unsigned int arg_cnt,
			       const struct scmp_arg_cmp *arg_array)
{
	return add_array(ctx, false, action, syscall, arg_cnt, arg_array);
}

API int seccomp_rule_add_exact_array(scmp_filter_ctx ctx, uint32_t action,
				     int syscall, unsigned int arg_cnt,
				     const struct scmp_arg_cmp *arg_array)
{
	return add_array(ctx, true, action, syscall, arg_cnt, arg_array);
}
