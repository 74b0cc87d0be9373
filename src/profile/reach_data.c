/* All data of an image, or all that may be meant from afar. */
#include "profile/reach.h"

/* What lies between the functions of a segment. */
static void reach_between(struct reach *reach, struct loaded *in,
			  const struct segment *segment, struct cause cause)
{
	const struct image *image = &in->image;
	uint64_t from = segment->start;

	for (size_t i = 0; i < image->frame_count; i++) {
		const struct frame *frame = &image->frames[i];

		if (frame->start >= segment->end)
			break;
		if (frame->start > from)
			reach_range(reach, in, image->base + from,
				    image->base + frame->start, cause);
		if (frame->end > from)
			from = frame->end;
	}
	if (from < segment->end)
		reach_range(reach, in, image->base + from,
			    image->base + segment->end, cause);
}

void reach_data(struct reach *reach, struct loaded *in, struct cause cause)
{
	const struct image *image = in ? &in->image : NULL;

	if (!in || in->whole)
		return;
	in->whole = true;
	for (size_t i = 0; i < image->segment_count; i++) {
		const struct segment *segment = &image->segments[i];

		if (segment->execute)
			reach_between(reach, in, segment, cause);
		else
			reach_range(reach, in, image->base + segment->start,
				    image->base + segment->end, cause);
	}
}

/*
 * An index that does not count from 0 has its table elsewhere: within a page
 * or two, or anywhere if there is no data at all where the address is.
 */
enum { FAR = 4096 };

static bool is_new_page(struct reach *reach, uint64_t page)
{
	bool there = true;

	if (!map_add(reach->arena, &reach->words, page * 128 + 127, 0, &there))
		reach->nomem = true;
	return !there;
}

void reach_far(struct reach *reach, uint64_t address, struct cause cause)
{
	struct loaded *in = world_at(reach->world, address);
	const struct segment *segment =
		in ? image_segment(&in->image, address - in->image.base) : NULL;
	const uint64_t page = address / FAR * FAR;
	uint64_t low, high;

	cause.whole = true;
	if (!segment || segment->execute) {
		reach_data(reach, in, cause);
		return;
	}
	low = segment->start + in->image.base;
	high = segment->end + in->image.base;
	for (uint64_t at = page - FAR; at <= page + FAR; at += FAR)
		if (at + FAR > low && at < high && is_new_page(reach, at))
			reach_range(reach, in, at < low ? low : at,
				    at + FAR > high ? high : at + FAR, cause);
}
