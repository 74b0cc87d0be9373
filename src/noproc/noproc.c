/* The order of things: steps one after the other, and an account of them. */
#include "noproc/noproc.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

intptr_t noproc_call(struct noproc_attempt *attempt, enum noproc_call what,
		     uintptr_t a, uintptr_t b, uintptr_t c, uintptr_t d)
{
	const uintptr_t arguments[4] = { a, b, c, d };

	attempt->number = 0;
	return attempt->os->call(attempt->os->context, what, arguments,
				 &attempt->number);
}

bool noproc_fail(const struct noproc_attempt *attempt, struct cg_error *err,
		 enum cg_status status, const char *format, ...)
{
	int32_t number = attempt->number;
	const char *text = NULL;
	char message[320];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	if (number && attempt->os->text)
		text = attempt->os->text(number);
	if (!number)
		fail_set(err, status, "%s: %s", attempt->out.step, message);
	else if (text)
		fail_set(err, status, "%s: %s: %s", attempt->out.step, message,
			 text);
	else
		fail_set(err, status, "%s: %s: error %ld", attempt->out.step,
			 message, (long)number);
	err->sys_errno = number;
	return false;
}

bool noproc_run(const struct noproc_system *system, const struct noproc_os *os,
		const struct cg_noproc_options *options, struct cg_noproc *out,
		struct cg_error *err)
{
	struct noproc_attempt attempt = {
		.os = os,
		.options = options,
		.out = { .system = system->name, .step = "" },
	};
	bool ok = true;

	for (const struct noproc_step *step = system->steps; ok && step->name;
	     step++) {
		attempt.out.step = step->name;
		ok = step->run(&attempt, err);
	}
	if (system->clean)
		system->clean(&attempt);
	*out = attempt.out;
	return ok;
}

const char *cg_noproc_state_text(enum cg_noproc_state state)
{
	static const char *const texts[] = {
		[CG_NOPROC_NONE] = "none",
		[CG_NOPROC_THIS_THREAD] = "this thread",
		[CG_NOPROC_ALL_THREADS] = "all threads",
	};

	return texts[state];
}

/* Which of them this is built for. */
#if defined(__linux__)
#define NATIVE linux
#elif defined(__APPLE__)
#define NATIVE macos
#elif defined(__FreeBSD__)
#define NATIVE freebsd
#elif defined(__NetBSD__)
#define NATIVE netbsd
#elif defined(__OpenBSD__)
#define NATIVE openbsd
#elif defined(__sun)
#define NATIVE solaris
#elif defined(_WIN32)
#define NATIVE windows
#endif

#ifdef NATIVE
#undef linux /* what old dialects of C predefine */
#define NAME(system, part) NAME_(system, part)
#define NAME_(system, part) noproc_##system##part
static const struct noproc_system *const native = &NAME(NATIVE, );
static const struct noproc_os *const native_os = &NAME(NATIVE, _os);
#else
static bool no_way(struct noproc_attempt *attempt, struct cg_error *err)
{
	return noproc_fail(attempt, err, CG_E_UNSUPPORTED,
			   "nothing is known here that refuses new processes");
}

static const struct noproc_step no_steps[] = {
	{ "system", no_way },
	{ NULL, NULL },
};
static const struct noproc_system nowhere = { .name = "unknown",
					      .steps = no_steps };
static const struct noproc_os nothing;
static const struct noproc_system *const native = &nowhere;
static const struct noproc_os *const native_os = &nothing;
#endif

enum cg_status cg_no_new_processes(const struct cg_noproc_options *options,
				   struct cg_noproc *out, struct cg_error *err)
{
	static const struct cg_noproc_options defaults;
	struct cg_noproc unwanted;
	struct cg_error scratch;

	err = err ? err : &scratch;
	return noproc_run(native, native_os, options ? options : &defaults,
			  out ? out : &unwanted, err)
		       ? CG_OK
		       : err->status;
}
