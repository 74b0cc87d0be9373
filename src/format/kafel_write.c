/* Lists of calls as a kafel policy. */
#include <string.h>

#include "format/kafel.h"
#include "format/list_write.h"

static void add_action(struct buf *out, uint32_t answer)
{
	uint32_t data = answer & CG_RET_DATA;

	switch (answer & CG_RET_ACTION) {
	case CG_RET_ALLOW:
		buf_puts(out, "ALLOW");
		break;
	case CG_RET_LOG:
		buf_puts(out, "LOG");
		break;
	case CG_RET_ERRNO:
		buf_printf(out, "ERRNO(%u)", data);
		break;
	case CG_RET_TRAP:
		buf_printf(out, "TRAP(%u)", data);
		break;
	case CG_RET_TRACE:
		buf_printf(out, "TRACE(%u)", data);
		break;
	case CG_RET_USER_NOTIF:
		buf_puts(out, "USER_NOTIF");
		break;
	case CG_RET_KILL_PROCESS:
		buf_puts(out, "KILL_PROCESS");
		break;
	default:
		buf_puts(out, "KILL_THREAD");
	}
}

/* The answer of a call or number, the strictest where there are several. */
static bool answer_of(struct writing *writing, const struct view_call *call,
		      uint32_t *answer)
{
	if (view_is_plain(call, answer))
		return true;
	*answer = view_strictest(call);
	return writing_lossy(writing,
			     "%s depends on its arguments, which a list cannot "
			     "say: %s for all",
			     call->call ? call->call->name : "a number",
			     answer_words(writing, *answer));
}

/* A number and its answer; of x32, too, which shares the numbers. */
struct row {
	const struct view_call *call;
	bool guest;
	uint32_t answer;
};

struct rows {
	struct row *at;
	size_t count;
};

/* One block of the policy: all calls with this answer. */
static void
write_block(struct writing *writing, const struct rows *rows, uint32_t answer)
{
	struct buf *out = &writing->out;
	size_t column = 0;

	buf_puts(out, "\t");
	add_action(out, answer);
	buf_puts(out, " {");
	for (size_t i = 0; i < rows->count; i++) {
		const struct row *row = &rows->at[i];
		const char *name = NULL;
		size_t length = 20;

		if (row->answer != answer)
			continue;
		if (row->call->call && !row->guest) {
			name = kafel_name(row->call->call->name);
			length = strlen(name);
		}
		buf_puts(out, column ? "," : "");
		if (!column || column + length > 60) {
			buf_puts(out, "\n\t\t");
			column = 0;
		} else {
			buf_puts(out, " ");
		}
		if (name)
			buf_puts(out, name);
		else
			buf_printf(out, "SYSCALL[%u]", row->call->nr);
		column += length + 2;
	}
	buf_puts(out, "\n\t},\n");
}

static bool shares(const struct view *view, const struct view_abi *abi)
{
	return abi->abi->audit_arch == view->abis[0].abi->audit_arch;
}

/* The answers of all numbers that the policy can name. */
static bool
find_rows(struct writing *writing, const struct view *view, struct rows *rows)
{
	size_t all = 1;

	for (size_t i = 0; i < view->count; i++)
		all += view->abis[i].count;
	*rows = (struct rows){ 0 };
	rows->at = arena_array(writing->arena, struct row, all);
	if (!rows->at)
		return fail_nomem(writing->err);
	for (size_t i = 0; i < view->count; i++)
		for (size_t n = 0;
		     shares(view, &view->abis[i]) && n < view->abis[i].count;
		     n++) {
			struct row *row = &rows->at[rows->count++];

			row->call = &view->abis[i].calls[n];
			row->guest = i > 0;
			if (!answer_of(writing, row->call, &row->answer))
				return false;
		}
	return true;
}

static bool
fit_others(struct writing *writing, const struct view *view, uint32_t others)
{
	for (size_t i = 1; i < view->count; i++) {
		const struct view_abi *abi = &view->abis[i];
		bool numbers = shares(view, abi);
		uint32_t answer = numbers ? others : CG_RET_KILL_THREAD;

		if (abi->others == answer && !abi->odd &&
		    (numbers || view_is_constant(abi)))
			continue;
		if (!writing_lossy(writing,
				   "a policy of kafel is for %s: %s for %s "
				   "calls of %s",
				   view->abis[0].abi->name,
				   answer_words(writing, answer),
				   numbers ? "unknown" : "all", abi->abi->name))
			return false;
	}
	return view->foreign == CG_RET_KILL_THREAD ||
	       writing_lossy(writing,
			     "kafel cannot say %s for other architectures: "
			     "kill_thread",
			     answer_words(writing, view->foreign));
}

static bool attempt(struct writing *writing, bool closed)
{
	const char *name = writing->options->name;
	struct buf *out = &writing->out;
	struct view view;
	struct rows rows;
	uint32_t others;

	name = name ? name : "policy";
	if (name[strspn(name, "abcdefghijklmnopqrstuvwxyz"
			      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")] ||
	    !name[0] || (name[0] >= '0' && name[0] <= '9'))
		return fail(writing->err, CG_E_INPUT,
			    "'%.64s' is no name: letters, digits and _ make "
			    "one",
			    name);
	if (!view_make(writing, &view))
		return false;
	others = view.abis[0].others;
	if (closed && answer_permits(others))
		others = CG_RET_ERRNO | 1;
	if (!fit_others(writing, &view, others) ||
	    !find_rows(writing, &view, &rows))
		return false;
	buf_printf(out, "POLICY %s {\n", name);
	for (size_t i = 0; i < rows.count; i++) {
		size_t before = 0;

		while (rows.at[before].answer != rows.at[i].answer)
			before++;
		if (before == i && rows.at[i].answer != others)
			write_block(writing, &rows, rows.at[i].answer);
	}
	buf_printf(out, "}\n\nUSE %s DEFAULT ", name);
	add_action(out, others);
	buf_puts(out, "\n");
	return writing_check(writing, &format_kafel, "kafel");
}

bool kafel_write(struct writing *writing)
{
	return list_attempts(writing, "kafel", attempt);
}
