#include "cli/parts.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/out.h"

enum { WHO_MAX = 64, NAMES_MAX = 1024 };

/* An option's value cut in two. `list` is a copy, to be freed. */
struct said {
	char who[WHO_MAX];
	char *list;
};

bool parts_given(const struct parts *parts)
{
	return parts->need.count || parts->policy.count ||
	       parts->refuse.count || parts->configured;
}

static bool cut(const char *option, const char *text, struct said *out)
{
	const char *equals = strchr(text, '=');
	size_t length = equals ? (size_t)(equals - text) : 0;

	if (!length || length >= WHO_MAX || !equals[1]) {
		out_error("--%s takes who and what, such as %s; not '%s'",
			  option,
			  strcmp(option, "need-policy") == 0
				  ? "web=web.yml"
				  : "web=bind,socket(AF_UNIX)",
			  text);
		return false;
	}
	memcpy(out->who, text, length);
	out->who[length] = '\0';
	out->list = strdup(equals + 1);
	if (!out->list)
		out_die_nomem();
	return true;
}

/* Where the name at `at` ends: commas between parentheses belong to a rule. */
static char *name_end(char *at)
{
	int depth = 0;

	for (; *at; at++) {
		depth += (*at == '(') - (*at == ')');
		if (depth <= 0 && strchr(",; \t\n", *at))
			break;
	}
	return at;
}

/* Cut a list into its names. */
static bool
names_of(const char *option, char *list, const char **names, size_t *count)
{
	*count = 0;
	for (char *at = list, *end; *at; at = end) {
		end = name_end(at);
		if (end == at) {
			end++;
			continue;
		}
		if (*count == NAMES_MAX) {
			out_error("--%s: more than %d names", option,
				  NAMES_MAX);
			return false;
		}
		names[(*count)++] = at;
		if (*end)
			*end++ = '\0';
	}
	return true;
}

static bool done(enum cg_status status, const struct cg_error *err)
{
	if (status != CG_OK)
		out_failure(err, NULL, 0);
	return status == CG_OK;
}

typedef enum cg_status
add_names(struct cg_registry *registry, const char *who,
	  const char *const names[], size_t count, struct cg_error *err);

static int add_lists(struct cg_registry *registry, const char *option,
		     const struct texts *texts, add_names *add)
{
	const char *names[NAMES_MAX];
	struct cg_error err;
	struct said said;
	size_t count;

	for (size_t i = 0; i < texts->count; i++) {
		bool ok;

		if (!cut(option, texts->at[i], &said))
			return EXIT_USAGE;
		ok = names_of(option, said.list, names, &count) &&
		     done(add(registry, said.who, names, count, &err), &err);
		free(said.list);
		if (!ok)
			return EXIT_USAGE;
	}
	return EXIT_YES;
}

/* A file, or the preset of that name if there is no such file. */
static bool add_policy(struct cg_registry *registry, const struct said *said)
{
	struct cg_policy *policy = NULL;
	struct cg_error err;

	if (access(said->list, F_OK) != 0 && !strchr(said->list, '/') &&
	    !strchr(said->list, '.'))
		return done(cg_registry_need_preset(registry, said->who,
						    said->list, &err),
			    &err);
	if (!done(cg_policy_open(said->list, NULL, &policy, &err), &err))
		return false;
	if (done(cg_registry_need_policy(registry, said->who, policy, &err),
		 &err))
		return true;
	cg_policy_free(policy);
	return false;
}

static int add_policies(struct cg_registry *registry, const struct texts *texts)
{
	struct said said;

	for (size_t i = 0; i < texts->count; i++) {
		bool ok;

		if (!cut("need-policy", texts->at[i], &said))
			return EXIT_USAGE;
		ok = add_policy(registry, &said);
		free(said.list);
		if (!ok)
			return EXIT_USAGE;
	}
	return EXIT_YES;
}

int parts_join(const struct parts *parts, struct cg_registry **registry,
	       const struct cg_policy **out)
{
	struct cg_error err;
	enum cg_status status;
	int way;

	*registry = cg_registry_new();
	if (!*registry)
		out_die_nomem();
	way = add_lists(*registry, "need", &parts->need, cg_registry_need);
	if (way == EXIT_YES)
		way = add_policies(*registry, &parts->policy);
	if (way == EXIT_YES)
		way = add_lists(*registry, "refuse", &parts->refuse,
				cg_registry_refuse);
	if (way != EXIT_YES)
		return way;
	if (parts->configured &&
	    !done(cg_registry_configure_file(*registry, parts->configured,
					     &err),
		  &err))
		return out_status(&err);
	if (!cg_registry_enabled(*registry)) {
		out_error("%s switches the policy off (enabled: false)",
			  parts->configured);
		return EXIT_NO;
	}
	status = cg_registry_join(*registry, out, &err);
	return done(status, &err) ? EXIT_YES : out_status(&err);
}
