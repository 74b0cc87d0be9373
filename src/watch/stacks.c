#include "watch/stacks.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "trace/names.h"

enum { PLACES = 512, LINES = 32, TEXT = 8192, SHARE = 10 };

#define SECOND UINT64_C(1000000000)

/* Shared by violations from the same place. */
struct stack {
	unsigned references;
	uint32_t process;
	uint64_t start, image, hash;
	size_t count;
	const char *lines[LINES];
	char text[TEXT];
};

struct stacks {
	struct namer *namer;
	struct stack *at[PLACES];
	uint64_t credit, since; /* ns that may be spent; as of when */
};

struct stacks *stacks_new(void)
{
	struct stacks *stacks = calloc(1, sizeof(*stacks));

	if (stacks)
		stacks->namer = namer_new();
	return stacks;
}

void stack_put(struct stack *stack)
{
	if (stack &&
	    __atomic_sub_fetch(&stack->references, 1, __ATOMIC_ACQ_REL) == 0)
		free(stack);
}

void stacks_free(struct stacks *stacks)
{
	if (!stacks)
		return;
	for (size_t i = 0; i < PLACES; i++)
		stack_put(stacks->at[i]);
	namer_free(stacks->namer);
	free(stacks);
}

static uint64_t hash_of(const struct violation *violation)
{
	uint64_t hash = violation->start ^ violation->about.pid;

	for (size_t i = 0; i < violation->stack_count; i++)
		hash = (hash ^ violation->stack[i]) *
		       UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 29;
}

static bool fits(const struct stack *stack, const struct violation *violation,
		 uint64_t hash)
{
	return stack && stack->hash == hash &&
	       stack->process == violation->about.pid &&
	       stack->start == violation->start &&
	       stack->image == violation->image;
}

/* One in SHARE of the time, saved up for at most a second. */
static bool has_turn(struct stacks *stacks, uint64_t now)
{
	stacks->credit += (now - stacks->since) / SHARE;
	stacks->since = now;
	if (stacks->credit > SECOND / SHARE)
		stacks->credit = SECOND / SHARE;
	return stacks->credit >= SECOND / 1000;
}

/* Code that keeps no frame pointers leads astray: what lies in no file ends a
   stack. */
static bool is_astray(const char *line)
{
	return strncmp(line, "0x", 2) == 0 && !strstr(line, " in ");
}

static void cut_lines(struct stack *stack)
{
	char *rest = NULL;

	for (char *line = strtok_r(stack->text, "\n", &rest);
	     line && stack->count < LINES && !(stack->count && is_astray(line));
	     line = strtok_r(NULL, "\n", &rest))
		stack->lines[stack->count++] = line;
}

static uint64_t clock_now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * SECOND + (uint64_t)time.tv_nsec;
}

static struct stack *
name(struct stacks *stacks, const struct violation *violation, uint64_t hash)
{
	struct stack *stack = calloc(1, sizeof(*stack));
	uint64_t began = clock_now(), took;

	if (!stack)
		return NULL;
	stack->references = 1;
	stack->process = violation->about.pid;
	stack->start = violation->start;
	stack->image = violation->image;
	stack->hash = hash;
	namer_stack(stacks->namer, (pid_t)stack->process, violation->stack,
		    violation->stack_count, stack->text, sizeof(stack->text));
	cut_lines(stack);
	took = clock_now() - began;
	stacks->credit -= took < stacks->credit ? took : stacks->credit;
	return stack;
}

void stacks_name(struct stacks *stacks, struct violation *violation,
		 uint64_t now)
{
	const uint64_t hash = hash_of(violation);
	struct stack **place;

	if (!stacks || !violation->stack_count)
		return;
	place = &stacks->at[hash % PLACES];
	if (!fits(*place, violation, hash)) {
		struct stack *fresh = has_turn(stacks, now)
					      ? name(stacks, violation, hash)
					      : NULL;

		if (!fresh)
			return;
		stack_put(*place);
		*place = fresh;
	}
	violation->named = *place;
	__atomic_add_fetch(&(*place)->references, 1, __ATOMIC_RELAXED);
	violation->about.stack = (*place)->lines;
	violation->about.stack_count = (*place)->count;
}
