/* Reading what the kernel counted. */
#include "record/ebpf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "abi/interest.h"
#include "sys/bpf_lib.h"

static int map_fd(const struct ebpf *ebpf, const char *name)
{
	return ebpf->lib->bpf_map__fd(
		ebpf->lib->bpf_object__find_map_by_name(ebpf->object, name));
}

/*
 * All entries of an array at once, each with that of every CPU; kernels before
 * 5.13 give them one by one.
 */
static bool
read_each_cpu(const struct ebpf *ebpf, const char *name, uint32_t entries,
	      size_t size, void *out, struct cg_error *err)
{
	uint32_t count = entries, batch = 0;
	int fd = map_fd(ebpf, name);

	if (ebpf->lib->bpf_map_lookup_batch(fd, NULL, &batch, ebpf->keys, out,
					    &count, NULL) == 0 ||
	    errno == ENOENT)
		return true;
	for (uint32_t i = 0; i < entries; i++)
		if (ebpf->lib->bpf_map_lookup_elem(
			    fd, &i, (char *)out + size * ebpf->cpus * i))
			return fail_errno(err, CG_E_SYSTEM, errno,
					  "the counts cannot be read");
	return true;
}

static bool read_cells(const struct ebpf *ebpf, struct cg_error *err)
{
	return read_each_cpu(ebpf, "counts", SIDE_CELLS, sizeof(*ebpf->each),
			     ebpf->each, err);
}

static struct side_count sum_of(const struct ebpf *ebpf, uint32_t cell)
{
	struct side_count sum = { 0, 0 };

	for (unsigned cpu = 0; cpu < ebpf->cpus; cpu++) {
		const struct side_count *each =
			&ebpf->each[(size_t)cell * ebpf->cpus + cpu];

		sum.count += each->count;
		sum.time += each->time;
	}
	return sum;
}

/* `flying` are calls that have begun since they were last counted, or NULL. */
static void read_counts(const struct ebpf *ebpf, const uint64_t *flying,
			struct tally *tally)
{
	uint64_t now = clock_now(), booted = clock_booted();
	int firsts = map_fd(ebpf, "first_times"),
	    others = map_fd(ebpf, "others");

	for (uint32_t cell = 0; cell < SIDE_CELLS; cell++) {
		struct side_count sum = sum_of(ebpf, cell);
		uint64_t first = 0;

		if (sum.count)
			ebpf->lib->bpf_map_lookup_elem(others, &cell,
						       tally->others[cell]);
		if (flying && flying[cell] > sum.count)
			sum.count = flying[cell];
		if (sum.count == tally->counts[cell].count)
			continue;
		tally->counts[cell] = sum;
		tally->lasts[cell] = now;
		if (ebpf->lib->bpf_map_lookup_elem(firsts, &cell, &first) ==
			    0 &&
		    first)
			tally->firsts[cell] = first + booted;
		else if (!tally->firsts[cell])
			tally->firsts[cell] = now;
	}
}

/* --------------------------------------------------- calls that wait -- */

/* They may be many, and are few. */
struct flights {
	struct side_flight *list;
	size_t count, room;
};

static bool
read_flights_from(FILE *file, struct flights *flights, struct cg_error *err)
{
	struct side_flight flight;

	while (fread(&flight, sizeof(flight), 1, file) == 1) {
		if (flights->count == flights->room) {
			size_t room = flights->room ? 2 * flights->room : 64;
			struct side_flight *grown =
				realloc(flights->list, room * sizeof(*grown));

			if (!grown)
				return fail_nomem(err);
			flights->list = grown;
			flights->room = room;
		}
		if (flight.lane < SIDE_LANES && flight.door < SIDE_DOORS)
			flights->list[flights->count++] = flight;
	}
	return !ferror(file) ||
	       fail_errno(err, CG_E_SYSTEM, errno,
			  "the calls that have not returned cannot be read");
}

static bool read_flights(const struct ebpf *ebpf, struct flights *flights,
			 struct cg_error *err)
{
	int fd = ebpf->lib->bpf_iter_create(
		ebpf->lib->bpf_link__fd(ebpf_link(ebpf, "on_flight")));
	FILE *file = fd >= 0 ? fdopen(fd, "r") : NULL;
	bool ok;

	if (!file) {
		if (fd >= 0)
			close(fd);
		return fail_errno(err, CG_E_SYSTEM, errno,
				  "the threads cannot be gone through");
	}
	ok = read_flights_from(file, flights, err);
	fclose(file);
	return ok;
}

/*
 * What had returned before, and what had not then, are different calls: as many
 * have been made at least. That more return meanwhile is counted again.
 */
static bool
count_flights(const struct ebpf *ebpf, const struct flights *flights,
	      struct tally *tally, struct cg_error *err)
{
	uint64_t *least = calloc(SIDE_CELLS, sizeof(*least));
	bool ok = least || fail_nomem(err);

	for (size_t i = 0; ok && i < flights->count; i++) {
		const struct side_flight *flight = &flights->list[i];
		uint32_t cell;

		if (flight->nr >= SIDE_NUMBERS)
			continue;
		cell = SIDE_CELL(flight->lane, flight->door, flight->nr);
		if (!least[cell])
			least[cell] = sum_of(ebpf, cell).count;
		least[cell]++;
	}
	ok = ok && read_cells(ebpf, err);
	if (ok)
		read_counts(ebpf, least, tally);
	free(least);
	return ok;
}

/* Their arguments, and those that have no cell. */
static void
keep_flights(const struct cg_recorder *recorder, const struct flights *flights)
{
	for (size_t i = 0; i < flights->count; i++) {
		const struct side_flight *flight = &flights->list[i];
		const struct cg_abi *abi = recorder->doors.abi[flight->door];
		unsigned wanted;

		if (flight->nr >= SIDE_NUMBERS || !abi) {
			tally_stranger(recorder->tally, flight->lane,
				       flight->door, flight->nr, 1);
			continue;
		}
		wanted = recorder->options.no_values
				 ? 0
				 : interest_arguments(abi, abi->nr_base +
								   flight->nr);
		for (unsigned arg = 0; arg < SIDE_ARGUMENTS; arg++)
			if (wanted & 1u << arg)
				tally_value(recorder->tally,
					    SIDE_CELL(flight->lane,
						      flight->door, flight->nr),
					    arg, flight->args[arg], 1);
	}
}

/* ---------------------------------------------------------------- hashes -- */

/* Entry by entry of a hash; a key deleted meanwhile there is none. */
static void
read_hash(const struct ebpf *ebpf, const char *name, void *key,
	  void (*each)(struct tally *tally, const void *key, uint64_t count),
	  struct tally *tally)
{
	int fd = map_fd(ebpf, name);
	const void *last = NULL;
	uint64_t count;

	while (ebpf->lib->bpf_map_get_next_key(fd, last, key) == 0) {
		last = key;
		if (ebpf->lib->bpf_map_lookup_elem(fd, key, &count) == 0)
			each(tally, key, count);
	}
}

static void each_value(struct tally *tally, const void *key, uint64_t count)
{
	const struct side_value *value = key;

	tally_value(tally, value->cell, value->argument, value->value, count);
}

static void each_error(struct tally *tally, const void *key, uint64_t count)
{
	const struct side_error *error = key;

	tally_error(tally, error->cell, error->number, count);
}

static void each_stranger(struct tally *tally, const void *key, uint64_t count)
{
	const struct side_stranger *at = key;

	tally_stranger(tally, at->lane, at->door, at->nr, count);
}

/* They are read before the hashes, which have what they are of. */
static void read_slots(const struct ebpf *ebpf, struct tally *tally)
{
	for (size_t i = 0; i < (size_t)SIDE_SLOTS * ebpf->cpus; i++) {
		const struct side_slot *slot = &ebpf->slots[i];

		if (!slot->count || slot->cell >= SIDE_CELLS)
			continue;
		if (slot->what == SIDE_ERROR)
			tally_error(tally, slot->cell, (uint32_t)slot->value,
				    slot->count);
		else if (slot->what && slot->what < SIDE_ERROR)
			tally_value(tally, slot->cell, slot->what - 1,
				    slot->value, slot->count);
	}
}

/* A call that came while another program ran on that CPU is not counted. */
static uint64_t read_misses(const struct ebpf *ebpf)
{
	struct bpf_program *program =
		ebpf->lib->bpf_object__find_program_by_name(ebpf->object,
							    ebpf_counter(ebpf));
	struct bpf_prog_info info = { 0 };
	uint32_t size = sizeof(info);

	if (ebpf->lib->bpf_obj_get_info_by_fd(
		    ebpf->lib->bpf_program__fd(program), &info, &size) != 0)
		return 0;
	return info.recursion_misses;
}

static void read_hashes(const struct ebpf *ebpf, struct tally *tally)
{
	struct side_value value;
	struct side_error error;
	struct side_stranger stranger;

	memset(tally->values, 0, sizeof(tally->values));
	memset(tally->errors, 0, sizeof(tally->errors));
	memset(tally->strangers, 0, sizeof(tally->strangers));
	memset(tally->distinct, 0, sizeof(tally->distinct));
	read_slots(ebpf, tally);
	read_hash(ebpf, "values", &value, each_value, tally);
	read_hash(ebpf, "errors", &error, each_error, tally);
	read_hash(ebpf, "strangers", &stranger, each_stranger, tally);
}

bool ebpf_read(struct cg_recorder *recorder, struct cg_error *err)
{
	struct ebpf *ebpf = recorder->own;
	struct tally *tally = recorder->tally;
	struct flights flights = { NULL, 0, 0 };
	bool ok;

	ebpf->lib->ring_buffer__consume(ebpf->ring);
	if (!read_cells(ebpf, err) ||
	    !read_each_cpu(ebpf, "slots", SIDE_SLOTS, sizeof(*ebpf->slots),
			   ebpf->slots, err))
		return false;
	for (size_t i = 0; i < LOSSES; i++)
		tally->lost[i] = ebpf->shared->lost[i];
	tally->lost[LOSS_CALLS] += read_misses(ebpf);
	if (ebpf->at_exit && ebpf->shared->alive > 0) {
		ok = read_flights(ebpf, &flights, err) &&
		     count_flights(ebpf, &flights, tally, err);
	} else {
		read_counts(ebpf, NULL, tally);
		ok = true;
	}
	read_hashes(ebpf, tally);
	if (ok)
		keep_flights(recorder, &flights);
	free(flights.list);
	return ok;
}
