/* The life of contexts, and their attributes. */
#include "internal.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC 0x5cabca11u
enum { BLOCK = 16, KEPT = 64 };

/* Contexts that are free, in the order in which they became so: one that was
   released is not used again soon, so that using it still is noticed. */
static struct {
	pthread_mutex_t lock;
	struct context *first, *last;
	size_t count;
	void *blocks; /* so that none counts as lost */
} idle = { .lock = PTHREAD_MUTEX_INITIALIZER };

struct block {
	void *older;
	struct context contexts[BLOCK];
};

static void put_idle(struct context *context)
{
	context->next = NULL;
	if (idle.last)
		idle.last->next = context;
	else
		idle.first = context;
	idle.last = context;
	idle.count++;
}

static struct context *take_idle(void)
{
	struct context *context = idle.first;

	if (!context)
		return NULL;
	idle.first = context->next;
	if (!idle.first)
		idle.last = NULL;
	idle.count--;
	return context;
}

static bool add_block(void)
{
	struct block *block = calloc(1, sizeof(*block));

	if (!block)
		return false;
	block->older = idle.blocks;
	idle.blocks = block;
	for (size_t i = 0; i < BLOCK; i++)
		put_idle(&block->contexts[i]);
	return true;
}

static struct context *context_new(void)
{
	struct context *context = NULL;

	pthread_mutex_lock(&idle.lock);
	/* Where memory is short, what was released late must do. */
	if (idle.count >= KEPT || add_block() || idle.count)
		context = take_idle();
	pthread_mutex_unlock(&idle.lock);
	return context;
}

struct context *context_of(const scmp_filter_ctx handle)
{
	struct context *context = handle;

	return context && atomic_load(&context->magic) == MAGIC ? context
								: NULL;
}

void context_changed(struct context *context)
{
	free(context->insns);
	context->insns = NULL;
	context->message[0] = '\0';
}

int context_fail(struct context *context, int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(context->message, sizeof(context->message), format, args);
	va_end(args);
	return code;
}

API const char *callgate_seccomp_message(const scmp_filter_ctx ctx)
{
	const struct context *context = context_of(ctx);

	return context ? context->message : "";
}

/* ------------------------------------------------------------------- life --
 */

static void context_empty(struct context *context)
{
	while (context->snapshots) {
		struct snapshot *snapshot = context->snapshots;

		context->snapshots = snapshot->older;
		cg_scmp_free(snapshot->rules);
		free(snapshot);
	}
	cg_scmp_free(context->rules);
	free(context->insns);
	context->rules = NULL;
	context->insns = NULL;
}

/* The rules of a new filter: for this machine alone. */
static struct cg_scmp *new_rules(uint32_t answer)
{
	const struct cg_scmp_arch *native = cg_scmp_arch_native();
	struct cg_scmp *rules = native ? cg_scmp_new(native, answer) : NULL;

	if (rules && cg_scmp_arch_add(rules, native) == 0)
		return rules;
	cg_scmp_free(rules);
	return NULL;
}

/* The attributes of a new filter. */
static void
context_fill(struct context *context, struct cg_scmp *rules, uint32_t answer)
{
	context->rules = rules;
	context->answer = answer;
	context->foreign = SCMP_ACT_KILL_THREAD;
	context->optimize = 1;
	context->no_new_privs = true;
	context->tsync = context->minus_one = context->log = false;
	context->ssb = context->wait_killable = context->raw_codes = false;
	context->message[0] = '\0';
}

API scmp_filter_ctx seccomp_init(uint32_t def_action)
{
	struct cg_scmp *rules;
	struct context *context;

	if (!level_has_answer(def_action))
		return NULL;
	rules = new_rules(def_action);
	context = rules ? context_new() : NULL;
	if (!context) {
		cg_scmp_free(rules);
		return NULL;
	}
	context_fill(context, rules, def_action);
	atomic_store(&context->magic, MAGIC);
	return context;
}

/* One thread wins; for the others it is released already. */
static bool context_claim(struct context *context)
{
	uint32_t magic = MAGIC;

	return atomic_compare_exchange_strong(&context->magic, &magic, 0);
}

API void seccomp_release(scmp_filter_ctx ctx)
{
	struct context *context = context_of(ctx);

	if (!context || !context_claim(context))
		return;
	context_empty(context);
	pthread_mutex_lock(&idle.lock);
	put_idle(context);
	pthread_mutex_unlock(&idle.lock);
}

API int seccomp_merge(scmp_filter_ctx ctx_dst, scmp_filter_ctx ctx_src)
{
	struct context *into = context_of(ctx_dst), *from = context_of(ctx_src);
	int rc;

	if (!into || !from)
		return -EINVAL;
	if (into == from)
		return cg_scmp_arch_at(into->rules, 0) ? -EEXIST : -EINVAL;
	if (into->answer != from->answer ||
	    into->no_new_privs != from->no_new_privs ||
	    into->tsync != from->tsync)
		return context_fail(into, -EINVAL,
				    "the filters have different attributes");
	rc = cg_scmp_merge(into->rules, from->rules);
	if (rc)
		return rc;
	context_changed(into);
	/* Its rules are the other's now. */
	from->rules = NULL;
	seccomp_release(from);
	return 0;
}

/* ----------------------------------------------------------- transactions --
 */

API int seccomp_transaction_start(const scmp_filter_ctx ctx)
{
	struct context *context = context_of(ctx);
	struct snapshot *snapshot;

	if (!context)
		return -EINVAL;
	snapshot = calloc(1, sizeof(*snapshot));
	if (!snapshot)
		return -ENOMEM;
	snapshot->rules = cg_scmp_copy(context->rules);
	if (!snapshot->rules) {
		free(snapshot);
		return -ENOMEM;
	}
	snapshot->older = context->snapshots;
	context->snapshots = snapshot;
	return 0;
}

static struct cg_scmp *pop_snapshot(struct context *context)
{
	struct snapshot *snapshot = context->snapshots;
	struct cg_scmp *rules = snapshot->rules;

	context->snapshots = snapshot->older;
	free(snapshot);
	return rules;
}

API int seccomp_transaction_commit(const scmp_filter_ctx ctx)
{
	struct context *context = context_of(ctx);

	if (!context)
		return -EINVAL;
	if (context->snapshots)
		cg_scmp_free(pop_snapshot(context));
	return 0;
}

API void seccomp_transaction_reject(const scmp_filter_ctx ctx)
{
	struct context *context = context_of(ctx);

	if (!context || !context->snapshots)
		return;
	cg_scmp_free(context->rules);
	context->rules = pop_snapshot(context);
	/* Attributes are not part of it. */
	cg_scmp_set_foreign(context->rules, context->foreign);
	cg_scmp_set_minus_one(context->rules, context->minus_one);
	context_changed(context);
}

API int seccomp_reset(scmp_filter_ctx ctx, uint32_t def_action)
{
	struct context *context = context_of(ctx);
	struct cg_scmp *rules;

	if (!ctx) {
		notify_forget();
		return 0;
	}
	if (!context || !level_has_answer(def_action))
		return -EINVAL;
	rules = new_rules(def_action);
	if (!rules)
		return -ENOMEM;
	context_empty(context);
	context_fill(context, rules, def_action);
	return 0;
}
