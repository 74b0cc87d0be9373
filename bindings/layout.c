/*
 * The layout of the structs that cross into other languages, a line a field:
 * "struct field offset size". Each binding's tests compare its own with it.
 */
#include <stddef.h>
#include <stdio.h>

#include <callgate/callgate.h>

#define FIELD(type, field)                                                     \
	printf("%s %s %zu %zu\n", #type, #field, offsetof(struct type, field), \
	       sizeof(((struct type *)0)->field))
#define SIZE(type) printf("%s . 0 %zu\n", #type, sizeof(struct type))

int main(void)
{
	SIZE(cg_error);
	FIELD(cg_error, status);
	FIELD(cg_error, line);
	FIELD(cg_error, column);
	FIELD(cg_error, sys_errno);
	FIELD(cg_error, thread);
	FIELD(cg_error, check);
	FIELD(cg_error, source);
	FIELD(cg_error, message);
	SIZE(cg_call);
	FIELD(cg_call, nr);
	FIELD(cg_call, arch);
	FIELD(cg_call, ip);
	FIELD(cg_call, args);
	SIZE(cg_load_options);
	FIELD(cg_load_options, flags);
	FIELD(cg_load_options, one_thread);
	FIELD(cg_load_options, keep_privileges);
	FIELD(cg_load_options, allow_prctl);
	SIZE(cg_loaded);
	FIELD(cg_loaded, listener);
	FIELD(cg_loaded, threads);
	FIELD(cg_loaded, verified);
	FIELD(cg_loaded, set_no_new_privs);
	FIELD(cg_loaded, by_prctl);
	SIZE(cg_noproc_options);
	FIELD(cg_noproc_options, mode);
	FIELD(cg_noproc_options, this_thread_will_do);
	SIZE(cg_noproc);
	FIELD(cg_noproc, state);
	FIELD(cg_noproc, system);
	FIELD(cg_noproc, step);
	FIELD(cg_noproc, threads);
	FIELD(cg_noproc, verified);
	SIZE(cg_notification);
	FIELD(cg_notification, id);
	FIELD(cg_notification, thread);
	FIELD(cg_notification, call);
	SIZE(cg_reason);
	FIELD(cg_reason, answer);
	FIELD(cg_reason, cause);
	FIELD(cg_reason, source);
	FIELD(cg_reason, line);
	FIELD(cg_reason, column);
	SIZE(cg_install_options);
	FIELD(cg_install_options, name);
	FIELD(cg_install_options, best_effort);
	FIELD(cg_install_options, must_be_on);
	FIELD(cg_install_options, load);
	SIZE(cg_install);
	FIELD(cg_install, result);
	FIELD(cg_install, step);
	FIELD(cg_install, error);
	FIELD(cg_install, loaded);
	FIELD(cg_install, name);
	FIELD(cg_install, sha256);
	FIELD(cg_install, instructions);
	FIELD(cg_install, flags);
	return 0;
}
