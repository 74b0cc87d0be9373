#include "record/tally.h"

#include <string.h>

#include "abi/interest.h"

struct tally_doors tally_doors(const struct cg_abi *native)
{
	struct tally_doors doors = { { native } };
	const struct cg_abi *abi;

	for (size_t i = 0; (abi = cg_abi_at(i)); i++) {
		if (!abi->native || strcmp(abi->native, native->name) != 0)
			continue;
		if (abi->audit_arch == native->audit_arch)
			doors.abi[DOOR_X32] = abi;
		else if (!doors.abi[DOOR_COMPAT])
			doors.abi[DOOR_COMPAT] = abi;
	}
	return doors;
}

bool tally_door(const struct tally_doors *doors, uint32_t audit_arch,
		uint32_t nr, uint32_t *door, uint32_t *bare)
{
	/* The ABI with a base comes before the one it shares an arch with. */
	static const uint32_t order[SIDE_DOORS] = { DOOR_X32, DOOR_NATIVE,
						    DOOR_COMPAT };

	for (size_t i = 0; i < SIDE_DOORS; i++) {
		const struct cg_abi *abi = doors->abi[order[i]];

		if (!abi || abi->audit_arch != audit_arch ||
		    (abi->nr_base && (nr < abi->nr_first || nr > abi->nr_last)))
			continue;
		*door = order[i];
		*bare = nr - abi->nr_base;
		return true;
	}
	return false;
}

static uint32_t mix(const void *key, size_t size)
{
	const unsigned char *bytes = key;
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ bytes[i]) * 16777619u;
	return hash ^ hash >> 15;
}

/*
 * The count of `key` in a table of entries of `size` bytes that begin with a
 * key and end with a count; NULL if the table is full.
 */
static uint64_t *
slot(void *table, size_t entries, size_t size, const void *key, size_t key_size)
{
	uint32_t at = mix(key, key_size);

	for (size_t i = 0; i < entries; i++, at++) {
		char *entry = (char *)table + at % entries * size;
		uint64_t *count =
			(uint64_t *)(void *)(entry + size - sizeof(*count));

		if (*count && memcmp(entry, key, key_size) == 0)
			return count;
		if (!*count) {
			memcpy(entry, key, key_size);
			return count;
		}
	}
	return NULL;
}

void tally_value(struct tally *tally, uint32_t cell, uint32_t argument,
		 uint64_t value, uint64_t count)
{
	const struct side_value key = { cell, argument, value };
	uint64_t *sum;

	sum = slot(tally->values, TALLY_VALUES, sizeof(tally->values[0]), &key,
		   sizeof(key));
	if (sum && !*sum && tally->distinct[cell][argument] >= SIDE_VALUES) {
		tally->others[cell][argument] += count;
		return;
	}
	if (!sum) {
		tally->others[cell][argument] += count;
		tally->lost[LOSS_VALUES] += count;
		return;
	}
	tally->distinct[cell][argument] += !*sum;
	*sum += count;
}

void tally_error(struct tally *tally, uint32_t cell, uint32_t number,
		 uint64_t count)
{
	const struct side_error key = { cell, number };
	uint64_t *sum = slot(tally->errors, TALLY_ERRORS,
			     sizeof(tally->errors[0]), &key, sizeof(key));

	if (sum)
		*sum += count;
	else
		tally->lost[LOSS_ERRORS] += count;
}

void tally_stranger(struct tally *tally, uint32_t lane, uint32_t door,
		    uint32_t nr, uint64_t count)
{
	const struct side_stranger key = { lane, door, nr, 0 };
	uint64_t *sum = slot(tally->strangers, TALLY_STRANGERS,
			     sizeof(tally->strangers[0]), &key, sizeof(key));

	if (sum)
		*sum += count;
	else
		tally->lost[LOSS_STRANGERS] += count;
}

struct tally_stack *tally_stack(struct tally *tally, uint32_t cell)
{
	for (size_t i = 0; i < TALLY_STACKS; i++) {
		if (tally->stacks[i].cell == cell + 1)
			return NULL;
		if (tally->stacks[i].cell == 0)
			return &tally->stacks[i];
	}
	tally->lost[LOSS_FIRSTS]++;
	return NULL;
}

struct collect {
	const struct tally *tally;
	const struct tally_doors *doors;
	bool phased;
	struct cg_recording *out;
};

static enum cg_phase phase_of(const struct collect *collect, uint32_t lane)
{
	if (lane == 2)
		return CG_PHASE_RUNTIME;
	if (!collect->phased)
		return CG_PHASE_ALL;
	return lane ? CG_PHASE_SERVICE : CG_PHASE_START;
}

/* The row of a call; NULL if memory ran out. */
static struct recorded *
row_of(const struct collect *collect, uint32_t lane, uint32_t door, uint32_t nr)
{
	const struct cg_abi *abi = collect->doors->abi[door];

	return recording_call(collect->out, phase_of(collect, lane), abi,
			      abi->nr_base + nr);
}

static struct recorded *
row_of_cell(const struct collect *collect, uint32_t cell)
{
	uint32_t nr = cell % SIDE_NUMBERS;
	uint32_t door = cell / SIDE_NUMBERS % SIDE_DOORS;
	uint32_t lane = cell / SIDE_NUMBERS / SIDE_DOORS;

	return row_of(collect, lane, door, nr);
}

static bool collect_counts(const struct collect *collect)
{
	const struct tally *tally = collect->tally;

	for (uint32_t cell = 0; cell < SIDE_CELLS; cell++) {
		uint32_t door = cell / SIDE_NUMBERS % SIDE_DOORS;
		struct recorded *row;

		if (!tally->counts[cell].count || !collect->doors->abi[door])
			continue;
		row = row_of_cell(collect, cell);
		if (!row)
			return false;
		recording_add(&row->count, tally->counts[cell].count);
		recording_add(&row->time, tally->counts[cell].time);
		recorded_seen(row, tally->firsts[cell], tally->lasts[cell]);
		for (unsigned arg = 0; arg < SIDE_ARGUMENTS; arg++)
			recording_add(&row->arguments[arg].other,
				      tally->others[cell][arg]);
	}
	return true;
}

static bool collect_values(const struct collect *collect)
{
	for (size_t i = 0; i < TALLY_VALUES; i++) {
		const struct tally_value *value = &collect->tally->values[i];
		struct recorded *row;

		if (!value->count)
			continue;
		row = row_of_cell(collect, value->key.cell);
		if (!row ||
		    !recording_value(collect->out, row, value->key.argument,
				     interest_value(row->abi, row->nr,
						    value->key.argument,
						    value->key.value),
				     value->count))
			return false;
	}
	return true;
}

static uint64_t errors_of(const struct recorded *row)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < row->failures.count; i++)
		recording_add(&sum, row->failures.at[i].count);
	return sum;
}

/* A call that a filter refused is seen failing, and was not seen coming. */
static bool collect_errors(const struct collect *collect)
{
	for (size_t i = 0; i < TALLY_ERRORS; i++) {
		const struct tally_error *error = &collect->tally->errors[i];
		struct recorded *row;

		if (!error->count)
			continue;
		row = row_of_cell(collect, error->key.cell);
		if (!row || !recording_error(collect->out, row,
					     error->key.number, error->count))
			return false;
	}
	for (size_t i = 0; i < collect->out->count; i++) {
		struct recorded *row = collect->out->calls[i];
		uint64_t errors = errors_of(row);

		if (row->count < errors)
			row->count = errors;
	}
	return true;
}

static bool collect_strangers(const struct collect *collect)
{
	for (size_t i = 0; i < TALLY_STRANGERS; i++) {
		const struct tally_stranger *at = &collect->tally->strangers[i];
		struct recorded *row;

		if (!at->count || !collect->doors->abi[at->key.door])
			continue;
		row = row_of(collect, at->key.lane, at->key.door, at->key.nr);
		if (!row)
			return false;
		recording_add(&row->count, at->count);
	}
	return true;
}

static bool collect_stacks(const struct collect *collect)
{
	for (size_t i = 0; i < TALLY_STACKS; i++) {
		const struct tally_stack *stack = &collect->tally->stacks[i];
		struct recorded *row;

		if (!stack->cell)
			break;
		row = row_of_cell(collect, stack->cell - 1);
		if (!row || !recording_stack(collect->out, row, stack->text,
					     row->first))
			return false;
	}
	return true;
}

static bool collect_lost(const struct collect *collect)
{
	static const char *const names[LOSSES] = {
		[LOSS_VALUES] = "values",     [LOSS_ERRORS] = "errors",
		[LOSS_STRANGERS] = "numbers", [LOSS_FIRSTS] = "stacks",
		[LOSS_TIMES] = "times",       [LOSS_THREADS] = "threads",
		[LOSS_CALLS] = "calls",
	};

	for (size_t i = 0; i < LOSSES; i++)
		if (collect->tally->lost[i] &&
		    !recording_tag(collect->out, LABEL_LOST, names[i],
				   collect->tally->lost[i]))
			return false;
	return true;
}

bool tally_collect(const struct tally *tally, const struct tally_doors *doors,
		   bool phased, struct cg_recording *out)
{
	const struct collect collect = { tally, doors, phased, out };

	return collect_counts(&collect) && collect_values(&collect) &&
	       collect_errors(&collect) && collect_strangers(&collect) &&
	       collect_stacks(&collect) && collect_lost(&collect);
}
