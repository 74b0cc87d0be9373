/*
 * Which profile makes a runtime do what a policy says.
 *
 * A profile knows names, not numbers; one rule holds for all architectures; and
 * what libseccomp makes of several is its own. So a profile is tried: each call
 * is said in the plainest way, the result is read as the runtime would, and a
 * call that comes out wrong is said in another way, until all is right or there
 * is no way left.
 */
#include <string.h>

#include "format/oci_say.h"
#include "policy/rules.h"
#include "prove/compare.h"

enum {
	ROUNDS_MAX = 8,
	FAR = 100000, /* a number that no kernel has */
	SPAN = 4096,  /* where the numbers with names end */
	DEFAULTS_MAX = 3,
	SEEN_MAX = 16,
};

/* --------------------------------------------------------------- rounds -- */

static bool
comes_out_right(const struct spell *spell, const struct cg_syscall *call)
{
	for (size_t i = 0; i < spell->abi_count; i++) {
		dd wanted, built;

		if (shape_on(spell, spell->shapes.whole, call, spell->abis[i],
			     &wanted) &&
		    shape_on(spell, spell->built, call, spell->abis[i],
			     &built) &&
		    wanted != built)
			return false;
	}
	return true;
}

static bool add_to(struct spell *spell, struct profile *profile,
		   const struct profile_rule *rule)
{
	profile->rules =
		arena_grow(spell->arena, profile->rules, &profile->rule_room,
			   profile->rule_count + 1, sizeof(*profile->rules));
	if (!profile->rules)
		return fail_nomem(spell->err);
	profile->rules[profile->rule_count++] = *rule;
	return true;
}

static bool make_profile(struct spell *spell, struct profile *profile)
{

	/* As oci_print() writes it: defaultErrnoRet, and all architectures. */
	*profile = (struct profile){ .answer = spell->answer,
				     .lists_native = !spell->unlisted };
	for (size_t i = 0; i < spell->abi_count; i++)
		if (spell->abis[i] != spell->writing->host->native)
			profile->abis[profile->abi_count++] = spell->abis[i];
	/* As they will be written: what has no condition comes first. */
	for (unsigned tested = 0; tested < 2; tested++)
		for (size_t i = 0; i < spell->count; i++)
			for (size_t j = 0; spell->said[i].way != UNSAID &&
					   j < spell->said[i].count;
			     j++)
				if (!!spell->said[i].rules[j].count == tested &&
				    !add_to(spell, profile,
					    &spell->said[i].rules[j]))
					return false;
	return true;
}

/* The call that the runtime refuses is said in another way. */
static bool give_way(struct spell *spell, const struct node *name)
{
	for (size_t i = 0; i < spell->count; i++)
		if (&spell->said[i].name == name &&
		    spell->said[i].way != LOST) {
			*spell->err = (struct cg_error){ 0 };
			spell->said[i].way++;
			return say(spell, &spell->said[i]);
		}
	return false;
}

/*
 * What the profile, as it stands, means to the runtime; `*refused` if it would
 * not take it, and then a call has been said in another way.
 */
static bool build(struct spell *spell, bool *refused)
{
	static const struct cg_source none = { .name = "" };
	struct reading reading = { .arena = spell->arena,
				   .err = spell->err,
				   .sources = &none,
				   .source_count = 1,
				   .host = spell->writing->host };
	struct cg_policy policy = { .arena.budget = 64 << 20 };
	struct profile profile;
	bool ok;

	*refused = false;
	if (!make_profile(spell, &profile))
		return false;
	if (!profile_filter(&reading, &profile)) {
		*refused = profile.refused != NULL;
		return *refused && give_way(spell, profile.refused);
	}
	ok = policy_from_rules(
		     &policy,
		     &(struct cg_rules){ .defaults = reading.defaults,
					 .default_count = reading.default_count,
					 .rules = reading.rules,
					 .rule_count = reading.rule_count,
					 .foreign = reading.foreign },
		     spell->err) &&
	     shapes_add(&spell->shapes, policy.resolved, &spell->built,
			spell->err);
	arena_free(&policy.arena);
	return ok;
}

/*
 * Whether something else may bring a call about, once the others are said: the
 * calls behind a multiplexer do so, and the runtime where it answers ENOSYS to
 * numbers past the last one named.
 */
static bool
may_come_about(const struct spell *spell, const struct cg_syscall *call)
{
	uint64_t enosys;
	uint32_t answer;
	dd shape;

	if (strcmp(call->name, "socketcall") == 0 ||
	    strcmp(call->name, "ipc") == 0)
		return first_shape(spell, call, &shape) &&
		       !shape_is_constant(&spell->shapes, shape, &answer);
	if (!host_does(spell->writing->host, TRAIT_ENOSYS_STUB) ||
	    !cg_constant_value("ENOSYS", spell->writing->host->native, &enosys))
		return false;
	for (size_t i = 0; i < spell->abi_count; i++)
		if (shape_on(spell, spell->shapes.whole, call, spell->abis[i],
			     &shape) &&
		    shape_is_constant(&spell->shapes, shape, &answer) &&
		    answer == (CG_RET_ERRNO | (uint32_t)enosys))
			return true;
	return false;
}

static bool round_of(struct spell *spell, unsigned round, bool *changed)
{
	bool refused;

	*changed = false;
	do {
		if (!build(spell, &refused))
			return false;
	} while (refused);
	for (size_t i = 0; i < spell->count; i++) {
		struct said *said = &spell->said[i];

		if (comes_out_right(spell, said->call) || said->way == LOST ||
		    (round == 0 && may_come_about(spell, said->call)))
			continue;
		said->way++;
		*changed = true;
		if (!say(spell, said))
			return false;
	}
	return true;
}

/* ---------------------------------------------------------------- begin -- */

static bool list_calls(struct spell *spell)
{
	const struct cg_syscall *call;
	size_t count = 0;

	while (cg_syscall_get(count))
		count++;
	spell->said = arena_array(spell->arena, struct said, count);
	if (!spell->said)
		return fail_nomem(spell->err);
	for (size_t i = 0; (call = cg_syscall_get(i)); i++) {
		struct said *said = &spell->said[spell->count];
		dd shape;

		if (!profile_knows(spell->writing->host, call) ||
		    !first_shape(spell, call, &shape))
			continue;
		said->call = call;
		said->name = (struct node){ .kind = NODE_SCALAR,
					    .text = call->name,
					    .length = strlen(call->name) };
		said->names[0] = &said->name;
		spell->count++;
	}
	return true;
}

static bool list_abis(struct spell *spell)
{
	const struct cg_policy *policy = spell->writing->policy;
	const struct host *host = spell->writing->host;

	spell->abis[spell->abi_count++] = host->native;
	for (size_t i = 0; i < policy->resolved->count; i++) {
		const struct cg_abi *abi = policy->resolved->abis[i].abi;

		if (abi == host->native)
			continue;
		if (!profile_arch_of(abi) ||
		    spell->abi_count == PROFILE_ABIS_MAX) {
			if (!writing_lossy(spell->writing,
					   "%s has no word for %s",
					   host->engine->about.name, abi->name))
				return false;
			continue;
		}
		spell->abis[spell->abi_count++] = abi;
	}
	return true;
}

/* How many calls get this answer, whatever their arguments. */
static size_t count_answer(const struct spell *spell, uint32_t answer)
{
	size_t count = 0;
	uint32_t other;
	dd shape;

	for (size_t i = 0; i < spell->count; i++)
		count += first_shape(spell, spell->said[i].call, &shape) &&
			 shape_is_constant(&spell->shapes, shape, &other) &&
			 other == answer;
	return count;
}

static bool is_listed(const uint32_t *list, size_t count, uint32_t answer)
{
	for (size_t i = 0; i < count; i++)
		if (list[i] == answer)
			return true;
	return false;
}

/* What most calls get that are not let through, but for what is listed. */
static bool common_answer(const struct spell *spell, const uint32_t *listed,
			  size_t count, uint32_t *out)
{
	uint32_t seen[SEEN_MAX];
	size_t most = 0, seen_count = 0;

	for (size_t i = 0; i < spell->count; i++) {
		uint32_t answer;
		size_t found;
		dd shape;

		if (!first_shape(spell, spell->said[i].call, &shape) ||
		    !shape_is_constant(&spell->shapes, shape, &answer) ||
		    permission(answer) == 2 || seen_count == SEEN_MAX ||
		    is_listed(listed, count, answer) ||
		    is_listed(seen, seen_count, answer))
			continue;
		seen[seen_count++] = answer;
		found = count_answer(spell, answer);
		if (found > most) {
			most = found;
			*out = answer;
		}
	}
	return most > 0;
}

/* The answer to a number, if it does not depend on arguments. */
static bool answer_of(const struct spell *spell, uint32_t nr, uint32_t *out)
{
	return shape_is_constant(&spell->shapes,
				 shape_of(&spell->shapes, spell->shapes.whole,
					  spell->abis[0]->audit_arch, nr),
				 out);
}

/* The highest number without a name below one that has a name. */
static bool near_answer(const struct spell *spell, uint32_t *out)
{
	const struct cg_abi *abi = spell->abis[0];
	bool named = false;

	for (uint32_t i = SPAN; i-- > 0;)
		if (cg_syscall_at(abi, abi->nr_base + i))
			named = true;
		else if (named && answer_of(spell, abi->nr_base + i, out))
			return true;
	return false;
}

/*
 * The default is what happens to numbers that have no name. Where these differ,
 * the runtime may answer ENOSYS by itself to those behind the last one named;
 * so each answer is tried that may be it, the strictest first.
 */
static size_t list_defaults(const struct spell *spell, uint32_t *out)
{
	size_t count = 0;
	uint32_t far;

	if (near_answer(spell, &out[count]))
		count++;
	if (!answer_of(spell, spell->abis[0]->nr_base + FAR, &far))
		far = CG_RET_ERRNO | 1;
	if (!count || permission(far) >= permission(out[0]))
		out[count++] = far;
	else {
		out[count++] = out[0];
		out[0] = far;
	}
	if (count == 2 && out[0] == out[1])
		count--;
	if (common_answer(spell, out, count, &out[count]))
		count++;
	for (size_t i = 0; i < count && spell->only_eperm; i++)
		if (oci_action_has_errno(out[i]))
			out[i] = (out[i] & CG_RET_ACTION) | 1;
	return count;
}

static bool try_default(struct spell *spell, uint32_t answer)
{
	bool changed = true;

	spell->answer = answer;
	for (size_t i = 0; i < spell->count; i++)
		spell->said[i].way = UNSAID;
	for (unsigned round = 0; (changed || round < 2) && round < ROUNDS_MAX;
	     round++)
		if (!round_of(spell, round, &changed))
			return false;
	return true;
}

/* ------------------------------------------------------------------ end -- */

static bool same_tests(const struct spelled *a, const struct profile_rule *b)
{
	if (a->answer != b->answer || a->test_count != b->count)
		return false;
	for (size_t i = 0; i < b->count; i++)
		if (a->tests[i].argument != b->tests[i].argument ||
		    a->tests[i].compare != b->tests[i].compare ||
		    a->tests[i].value != b->tests[i].value ||
		    a->tests[i].value_two != b->tests[i].value_two)
			return false;
	return true;
}

static bool add_spelled(struct spell *spell, struct spelling *out,
			const struct profile_rule *rule)
{
	struct spelled *spelled = NULL;

	for (size_t i = 0; i < out->count && !spelled; i++)
		if (same_tests(&out->rules[i], rule))
			spelled = &out->rules[i];
	if (!spelled) {
		out->rules = arena_grow(spell->arena, out->rules, &out->room,
					out->count + 1, sizeof(*out->rules));
		if (!out->rules)
			return fail_nomem(spell->err);
		spelled = &out->rules[out->count++];
		*spelled = (struct spelled){ .answer = rule->answer,
					     .tests = rule->tests,
					     .test_count = rule->count };
	}
	out->notifies |= rule->answer == CG_RET_USER_NOTIF;
	spelled->names =
		arena_grow(spell->arena, spelled->names, &spelled->room,
			   spelled->count + 1, sizeof(*spelled->names));
	if (!spelled->names)
		return fail_nomem(spell->err);
	spelled->names[spelled->count++] = rule->names[0]->text;
	return true;
}

/* Rules without conditions first; what libseccomp makes of it is the same. */
static bool hand_out(struct spell *spell, struct spelling *out)
{
	const struct cg_abi **abis = arena_array(
		spell->arena, const struct cg_abi *, spell->abi_count);

	if (!abis)
		return fail_nomem(spell->err);
	memcpy(abis, spell->abis, spell->abi_count * sizeof(*abis));
	*out = (struct spelling){ .answer = spell->answer,
				  .abis = abis,
				  .abi_count = spell->abi_count,
				  .unlisted = spell->unlisted,
				  .notifies =
					  spell->answer == CG_RET_USER_NOTIF,
				  .flags = spell->writing->policy->flags };
	for (unsigned tested = 0; tested < 2; tested++)
		for (size_t i = 0; i < spell->count; i++) {
			const struct said *said = &spell->said[i];

			for (size_t j = 0;
			     said->way != UNSAID && j < said->count; j++)
				if (!!said->rules[j].count == tested &&
				    !add_spelled(spell, out, &said->rules[j]))
					return false;
		}
	return true;
}

/* What is left are numbers without a name, and other architectures. */
static bool
tell_number(struct spell *spell, const struct cg_abi *abi, bool *told)
{
	const struct diagrams *all = spell->shapes.all;
	char want[40], got[40];
	struct cg_witness witness;
	uint32_t nr;

	*told = compare_other_number(all, spell->shapes.whole, spell->built,
				     abi->audit_arch, 0, UINT32_MAX, NULL, 0,
				     &nr);
	if (!*told)
		return true;
	compare_witness(all,
			shape_of(&spell->shapes, spell->shapes.whole,
				 abi->audit_arch, nr),
			shape_of(&spell->shapes, spell->built, abi->audit_arch,
				 nr),
			&witness);
	cg_answer_print(witness.left, abi, want, sizeof(want));
	cg_answer_print(witness.right, abi, got, sizeof(got));
	if (nr > INT32_MAX)
		return writing_lossy(
			spell->writing,
			"%s gives %s and not %s to numbers below 0 of %s, "
			"which no kernel carries out",
			spell->writing->host->engine->about.name, got, want,
			abi->name);
	return writing_lossy(
		spell->writing,
		"%s cannot say %s for all numbers of %s: call %u%s%s%s, for "
		"one, gets %s",
		spell->writing->host->engine->about.name, want, abi->name, nr,
		cg_syscall_at(abi, nr) ? " (" : "",
		cg_syscall_at(abi, nr) ? cg_syscall_at(abi, nr)->name : "",
		cg_syscall_at(abi, nr) ? ")" : "", got);
}

/* Two ABIs on which a call gets different answers, if that is what is wrong. */
static bool
tell_abis(struct spell *spell, const struct cg_syscall *call, bool *told)
{
	const struct cg_abi *first = NULL;
	uint32_t answer, other;
	char a[40], b[40];
	dd shape;

	*told = false;
	for (size_t i = 0; i < spell->abi_count; i++) {
		if (!shape_on(spell, spell->shapes.whole, call, spell->abis[i],
			      &shape) ||
		    !shape_is_constant(&spell->shapes, shape,
				       first ? &other : &answer))
			continue;
		if (first && other != answer) {
			*told = true;
			cg_answer_print(answer, first, a, sizeof(a));
			cg_answer_print(other, spell->abis[i], b, sizeof(b));
			return writing_lossy(
				spell->writing,
				"%s cannot say %s for %s on %s and %s on %s: "
				"one rule holds for all architectures",
				spell->writing->host->engine->about.name, a,
				call->name, first->name, b,
				spell->abis[i]->name);
		}
		first = first ? first : spell->abis[i];
	}
	return true;
}

static bool tell_calls(struct spell *spell)
{
	for (size_t i = 0; i < spell->count; i++) {
		const struct said *said = &spell->said[i];
		bool told;

		if (said->way != LOST)
			continue;
		if (!tell_abis(spell, said->call, &told))
			return false;
		if (!told &&
		    !writing_lossy(spell->writing,
				   "%s cannot say what happens to %s: its "
				   "conditions differ between architectures, "
				   "or are too many",
				   spell->writing->host->engine->about.name,
				   said->call->name))
			return false;
	}
	return true;
}

static bool tell_losses(struct spell *spell)
{
	uint32_t arch, want, got, nothing[1];
	char wanted[40], gets[40];
	bool told = false;

	if (!tell_calls(spell))
		return false;
	for (size_t i = 0; i < spell->abi_count; i++) {
		bool here;

		if (spell->abis[i]->nr_first)
			continue;
		if (!tell_number(spell, spell->abis[i], &here))
			return false;
		told |= here;
	}
	if (told || !compare_other_arch(spell->shapes.all, spell->shapes.whole,
					spell->built, nothing, 0, &arch))
		return true;
	want = shape_decide(&spell->shapes,
			    shape_of(&spell->shapes, spell->shapes.whole, arch,
				     0),
			    (const uint64_t[6]){ 0 });
	got = shape_decide(&spell->shapes,
			   shape_of(&spell->shapes, spell->built, arch, 0),
			   (const uint64_t[6]){ 0 });
	cg_answer_print(want, NULL, wanted, sizeof(wanted));
	cg_answer_print(got, NULL, gets, sizeof(gets));
	return writing_lossy(spell->writing,
			     "%s gives %s to calls of other architectures, "
			     "and the policy %s",
			     spell->writing->host->engine->about.name, gets,
			     wanted);
}

static bool spell_it(struct spell *spell, struct spelling *out)
{
	uint32_t answers[DEFAULTS_MAX];
	size_t count;

	if (!shapes_init(&spell->shapes, spell->writing->policy->resolved, 0,
			 spell->err) ||
	    !list_abis(spell) || !list_calls(spell))
		return false;
	count = list_defaults(spell, answers);
	/* To old releases of runc it matters whether the native one is named:
	   that may be tried where it stands alone. */
	for (unsigned unlisted = 0; unlisted < 2; unlisted++) {
		spell->unlisted = unlisted;
		if (unlisted && spell->abi_count > 1)
			break;
		for (size_t i = 0; i < count; i++) {
			if (!try_default(spell, answers[i]))
				return false;
			if (spell->built == spell->shapes.whole)
				return hand_out(spell, out);
		}
	}
	spell->unlisted = false;
	return try_default(spell, answers[0]) && hand_out(spell, out) &&
	       tell_losses(spell);
}

static bool
spell_with(struct writing *writing, bool only_eperm, struct spelling *out)
{
	struct spell spell = { .writing = writing,
			       .arena = writing->arena,
			       .err = writing->err,
			       .only_eperm = only_eperm };
	bool ok = spell_it(&spell, out);

	shapes_done(&spell.shapes);
	return ok;
}

bool oci_spell(struct writing *writing, struct spelling *out)
{
	return spell_with(writing, false, out);
}

bool oci_spell_eperm(struct writing *writing, struct spelling *out)
{
	return spell_with(writing, true, out);
}
