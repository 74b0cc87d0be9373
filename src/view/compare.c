#include "view/compare.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <callgate/format.h>
#include <callgate/prove.h>

#include "base/fail.h"
#include "base/text.h"

enum {
	MEMORY = 32 << 20, /* bytes that one policy may take */
	NODES = 1 << 18,   /* of the diagrams */
	ROWS_MAX = 2000,   /* differences that are told */
	TEXTS_MAX = 16     /* of one region */
};

/* --------------------------------------------------------- differences -- */

static const char *const relations[] = {
	[CG_EQUAL] = "equal",
	[CG_STRICTER] = "stricter",
	[CG_LOOSER] = "looser",
	[CG_DIFFERENT] = "different",
};

struct comparison {
	struct buf out;
	size_t count;
};

static void
put_pair(struct buf *out, const struct cg_difference *difference,
	 enum cg_relation relation, const struct cg_witness *witness)
{
	char left[64], right[64];

	cg_answer_print(witness->left, difference->abi, left, sizeof(left));
	cg_answer_print(witness->right, difference->abi, right, sizeof(right));
	buf_printf(out, "{\"relation\":\"%s\",\"left\":", relations[relation]);
	buf_json(out, left);
	buf_puts(out, ",\"right\":");
	buf_json(out, right);
}

static void
put_ways(struct comparison *all, const struct cg_difference *difference)
{
	buf_puts(&all->out, ",\"ways\":[");
	if (!difference->region_count) {
		put_pair(&all->out, difference, difference->relation,
			 &difference->witness);
		buf_puts(&all->out, ",\"where\":null}");
	}
	for (size_t i = 0; i < difference->region_count; i++) {
		const struct cg_region *region = &difference->regions[i];

		buf_puts(&all->out, i ? "," : "");
		put_pair(&all->out, difference, region->relation,
			 &region->witness);
		buf_puts(&all->out, ",\"where\":[");
		for (size_t j = 0; j < region->text_count && j < TEXTS_MAX;
		     j++) {
			buf_puts(&all->out, j ? "," : "");
			buf_json(&all->out, region->texts[j]);
		}
		buf_puts(&all->out, "]}");
	}
	buf_puts(&all->out, "]");
}

static void add(void *context, const struct cg_difference *difference)
{
	struct comparison *all = context;
	const uint32_t first = difference->witness.call.nr;

	if (all->count++ >= ROWS_MAX)
		return;
	buf_puts(&all->out, all->count > 1 ? ",{\"abi\":" : "{\"abi\":");
	buf_json(&all->out, difference->abi ? difference->abi->name : "others");
	buf_puts(&all->out, ",\"call\":");
	if (difference->whole)
		buf_json(&all->out, "every call");
	else if (difference->call)
		buf_json(&all->out, difference->call->name);
	else if (difference->nr_last != first)
		buf_printf(&all->out, "\"nr=%" PRIu32 "..%" PRIu32 "\"", first,
			   difference->nr_last);
	else
		buf_printf(&all->out, "\"nr=%" PRIu32 "\"", first);
	buf_printf(&all->out, ",\"relation\":\"%s\"",
		   relations[difference->relation]);
	put_ways(all, difference);
	buf_puts(&all->out, "}");
}

/* -------------------------------------------------------------- answer -- */

static enum MHD_Result
fail_side(struct request *request, const char *side, const struct cg_error *err)
{
	struct buf out = { 0 };

	buf_printf(&out,
		   "{\"side\":\"%s\",\"line\":%" PRIu32 ",\"column\":%" PRIu32
		   ",\"error\":",
		   side, err->line, err->column);
	buf_json(&out, err->message);
	buf_puts(&out, "}");
	return answer_buf(request, 422 /* its name changed */,
			  "application/json", &out);
}

static bool read_side(const struct field *field, struct cg_policy **out,
		      struct cg_error *err)
{
	const struct cg_source source = { .text = field->value.text,
					  .length = field->value.length,
					  .name = field->name };
	const struct cg_target target = { .memory = MEMORY };
	const struct cg_format *format = NULL;

	if (!source.length)
		return fail(err, CG_E_INPUT, "no policy was given");
	format = cg_format_guess(&source);
	if (!format || format->binary || !format->reads)
		format = cg_format_by_name("callgate");
	return cg_format_read(format, &source, 1, &target, out, err) == CG_OK;
}

static enum MHD_Result
compare(struct request *request, struct cg_side left, struct cg_side right)
{
	struct comparison all = { 0 };
	enum cg_relation relation;
	struct cg_error err = { 0 };

	if (cg_compare(left, right, NODES, &relation, NULL, &err) != CG_OK)
		return fail_side(request, "", &err);
	buf_printf(&all.out, "{\"relation\":\"%s\",\"differences\":[",
		   relations[relation]);
	if (cg_differences(left, right, NODES, add, &all, &err) != CG_OK) {
		buf_free(&all.out);
		return fail_side(request, "", &err);
	}
	buf_printf(&all.out, "],\"count\":%zu}", all.count);
	return answer_json(request, &all.out);
}

enum MHD_Result compare_posted(struct request *request)
{
	struct cg_policy *left = NULL, *right = NULL;
	struct cg_error err = { 0 };
	enum MHD_Result result;

	if (!read_side(&request->fields[0], &left, &err))
		result = fail_side(request, "left", &err);
	else if (!read_side(&request->fields[1], &right, &err))
		result = fail_side(request, "right", &err);
	else
		result = compare(request, (struct cg_side){ .policy = left },
				 (struct cg_side){ .policy = right });
	cg_policy_free(left);
	cg_policy_free(right);
	return result;
}

/* -------------------------------------------------------------- offers -- */

static void put_offer(struct buf *out, const char *kind, const char *name,
		      const char *about, const char *text)
{
	buf_printf(out, "%s{\"kind\":\"%s\",\"name\":",
		   out->text[out->length - 1] == '[' ? "" : ",", kind);
	buf_json(out, name);
	buf_puts(out, ",\"about\":");
	buf_json(out, about);
	buf_puts(out, ",\"text\":");
	buf_json(out, text);
	buf_puts(out, "}");
}

enum MHD_Result compare_offers(struct request *request)
{
	const struct web *web = request->web;
	const struct cg_preset *preset;
	struct buf out = { 0 };

	buf_puts(&out, "{\"policies\":[");
	for (size_t i = 0; i < web->offer_count && !out.failed; i++)
		put_offer(&out, "file", web->offers[i].name, "",
			  web->offers[i].text);
	for (size_t i = 0; (preset = cg_preset_get(i)) && !out.failed; i++)
		put_offer(&out, "preset", preset->name, preset->about,
			  preset->text);
	buf_puts(&out, "]}");
	return answer_json(request, &out);
}

static bool load(const char *path, struct offer *offer, struct cg_error *err)
{
	FILE *file = fopen(path, "re");
	size_t length, bad;

	if (!file)
		return fail_errno(err, CG_E_SYSTEM, errno, "%s", path);
	offer->name = strdup(path);
	offer->text = malloc(BODY_MAX / 2 + 1);
	length = offer->text ? fread(offer->text, 1, BODY_MAX / 2, file) : 0;
	if (ferror(file)) {
		fclose(file);
		return fail_errno(err, CG_E_SYSTEM, errno, "%s", path);
	}
	fclose(file);
	if (!offer->name || !offer->text)
		return fail_nomem(err);
	offer->text[length] = '\0';
	if (length == BODY_MAX / 2 || !text_is_utf8(offer->text, length, &bad))
		return fail(err, CG_E_INPUT,
			    "%s: no policy, or one of more than %d bytes", path,
			    BODY_MAX / 2 - 1);
	return true;
}

bool compare_load(struct web *web, const char *const *paths, size_t count,
		  struct cg_error *err)
{
	web->offers = calloc(count + 1, sizeof(*web->offers));
	if (!web->offers)
		return fail_nomem(err);
	for (; web->offer_count < count; web->offer_count++)
		if (!load(paths[web->offer_count],
			  &web->offers[web->offer_count], err)) {
			web->offer_count++; /* to be freed with the others */
			return false;
		}
	return true;
}

void compare_free(struct web *web)
{
	for (size_t i = 0; i < web->offer_count; i++) {
		free(web->offers[i].name);
		free(web->offers[i].text);
	}
	free(web->offers);
}
