/*
 * Spools: what was put comes out once, in order, whatever happens between; what
 * does not is counted. A row is a script of one letter a step:
 *
 *	p put, t take one and be done with it, T take all, l look without being
 *	done, o close and open again, x spoil the last byte of the last segment,
 *	c cut the last segment by one byte, h cut it to less than a header,
 *	m spoil the middle of the first segment, f a full disk, e no longer
 */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sink/segment.h"
#include "sink/spool.h"

#include "tap.h"

enum { LIMIT = SPOOL_LEAST, TEXT = 3000, KILLS = 25 };

static char folder[] = "/tmp/callgate-spool-XXXXXX";

static const struct row {
	const char *name, *script;
	uint64_t put, taken, left, torn, damaged, refused;
} rows[] = {
	{ "nothing", "to", 0, 0, 0, 0, 0, 0 },
	{ "one", "pt", 1, 1, 0, 0, 0, 0 },
	{ "in order", "pppttt", 3, 3, 0, 0, 0, 0 },
	{ "looked at is not taken", "ppllt", 2, 1, 1, 0, 0, 0 },
	{ "opened again", "ppotot", 2, 2, 0, 0, 0, 0 },
	{ "opened again, taken before", "pptoppotT", 4, 4, 0, 0, 0, 0 },
	{ "many segments", "pppppppppppppppppppppppppT", 25, 25, 0, 0, 0, 0 },
	{ "many segments, opened again",
	  "pppppppppppppppppppppppppttttttttttttoT", 25, 25, 0, 0, 0, 0 },
	{ "a torn tail", "pppcoT", 3, 2, 0, 1, 0, 0 },
	{ "put behind a torn tail", "pppcoppT", 5, 4, 0, 1, 0, 0 },
	{ "a spoilt last record", "pppxoT", 3, 2, 0, 1, 0, 0 },
	{ "not even a header", "phopT", 2, 1, 0, 1, 0, 0 },
	{ "all taken, opened again", "ppTopT", 3, 3, 0, 0, 0, 0 },
	{ "damage in the first of many", "ppppppppppppppppppppmoT", 20, 14, 0,
	  0, 6, 0 },
	{ "damage while it is open", "ppppppppppppppppppppmT", 20, 14, 0, 0, 6,
	  0 },
	{ "a full disk", "pppfppepT", 4, 4, 0, 0, 0, 2 },
	{ "a full disk, opened again", "pppfpoepT", 4, 4, 0, 0, 0, 1 },
};

struct run {
	struct spool *spool;
	uint64_t put, taken, refused, next, damaged, torn;
	bool ok;
};

static void text_of(uint64_t n, char out[TEXT + 1])
{
	memset(out, 'a' + (int)(n % 26), TEXT);
	snprintf(out, 24, "%" PRIu64, n);
	out[strlen(out)] = ' ';
	out[TEXT] = '\0';
}

static void put(struct run *run, const char *path)
{
	struct spool_item item = { .time = 7 + run->put, .length = TEXT };
	struct cg_error err = { 0 };
	char text[TEXT + 1];

	(void)path;
	text_of(run->put + 1, text);
	item.text = text;
	snprintf(item.id, sizeof(item.id), "%032" PRIx64, run->put + 1);
	if (spool_put(run->spool, &item, &err))
		run->put++;
	else
		run->refused++;
}

/* Each is later than the one before, and whole. */
static void see(struct run *run, const struct spool_item *item)
{
	uint64_t n = strtoull(item->id, NULL, 16);
	char text[TEXT + 1];

	text_of(n, text);
	run->ok &= n > run->next && item->length == TEXT &&
		   item->time == 6 + n && memcmp(item->text, text, TEXT) == 0;
	run->next = n;
}

static void take(struct run *run, size_t most, bool done)
{
	struct spool_batch batch;
	struct cg_error err = { 0 };
	uint64_t before = run->next;

	do {
		run->ok &=
			spool_take(run->spool, most, 10 * TEXT, &batch, &err);
		for (size_t i = 0; i < batch.count; i++)
			see(run, &batch.items[i]);
		if (done && batch.count) {
			run->taken += batch.count;
			run->ok &=
				spool_done(run->spool,
					   &batch.items[batch.count - 1], &err);
		}
		most = batch.count && most > 1 && done ? most : 0;
		spool_free(&batch);
	} while (most);
	if (!done)
		run->next = before;
}

static void reopen(struct run *run, const char *path)
{
	struct cg_error err = { 0 };
	struct spool_counts counts;

	if (run->spool) {
		spool_count(run->spool, &counts);
		run->damaged += counts.damaged;
		run->torn += counts.torn;
	}
	spool_close(run->spool);
	run->spool = NULL;
	if (!spool_open(path, LIMIT, &run->spool, &err)) {
		tap_note("%s", err.message);
		exit(EXIT_FAILURE);
	}
}

/* The path of the first or last segment. */
static bool find(const char *path, bool last, char out[256])
{
	DIR *directory = opendir(path);
	struct dirent *entry;
	char best[256] = "";

	while (directory && (entry = readdir(directory)))
		if (strstr(entry->d_name, ".seg") &&
		    (!*best || (strcmp(entry->d_name, best) > 0) == last))
			snprintf(best, sizeof(best), "%.200s", entry->d_name);
	if (directory)
		closedir(directory);
	snprintf(out, 256, "%.50s/%.200s", path, best);
	return *best;
}

static void spoil(const char *path, char how)
{
	char name[256], byte;
	struct stat about;
	off_t at;
	int file;

	if (!find(path, how != 'm', name) || stat(name, &about) != 0)
		exit(EXIT_FAILURE);
	at = how == 'm' ? about.st_size / 2 : about.st_size - 1;
	file = open(name, O_RDWR);
	if (how == 'c')
		at = ftruncate(file, at);
	else if (how == 'h')
		at = ftruncate(file, SEGMENT_HEADER - 1);
	else if (pread(file, &byte, 1, at) == 1 && (byte ^= 1, 1))
		at = pwrite(file, &byte, 1, at) - 1;
	if (at != 0)
		exit(EXIT_FAILURE);
	close(file);
}

/* The end of room for files is where the last segment ends, or none. */
static void full(const char *path, bool is)
{
	struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };
	struct stat about;
	char name[256];

	if (is && find(path, true, name) && stat(name, &about) == 0)
		limit.rlim_cur = (rlim_t)about.st_size + TEXT / 2;
	setrlimit(RLIMIT_FSIZE, &limit);
}

static void step(struct run *run, char letter, const char *path)
{
	switch (letter) {
	case 'p':
		put(run, path);
		break;
	case 't':
		take(run, 1, true);
		break;
	case 'T':
		take(run, 8, true);
		break;
	case 'l':
		take(run, 8, false);
		break;
	case 'o':
		reopen(run, path);
		break;
	case 'f':
	case 'e':
		full(path, letter == 'f');
		break;
	default:
		spoil(path, letter);
	}
}

static void check_row(struct tap *tap, const struct row *row, size_t number)
{
	struct run run = { .ok = true };
	struct spool_counts counts;
	char path[64];

	snprintf(path, sizeof(path), "%s/%zu", folder, number);
	reopen(&run, path);
	for (const char *at = row->script; *at; at++)
		step(&run, *at, path);
	full(path, false);
	spool_count(run.spool, &counts);
	run.damaged += counts.damaged;
	run.torn += counts.torn;
	tap_ok(tap,
	       run.ok && run.put == row->put && run.taken == row->taken &&
		       counts.records == row->left && run.torn == row->torn &&
		       run.damaged == row->damaged &&
		       run.refused == row->refused,
	       "%s: %d put %" PRIu64 ", taken %" PRIu64 ", left %" PRIu64
	       ", torn %" PRIu64 ", damaged %" PRIu64 ", refused %" PRIu64,
	       row->name, run.ok, run.put, run.taken, counts.records, run.torn,
	       run.damaged, run.refused);
	spool_close(run.spool);
}

/* A bound: what does not fit is refused, and room comes back. */
static void check_bound(struct tap *tap)
{
	struct run run = { .ok = true };
	struct spool_counts counts;
	char path[64];

	snprintf(path, sizeof(path), "%s/bound", folder);
	reopen(&run, path);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 200; i++)
			put(&run, path);
		spool_count(run.spool, &counts);
		run.ok &= counts.bytes <= LIMIT && counts.records > 60;
		take(&run, 8, true);
	}
	tap_ok(tap,
	       run.ok && run.put + run.refused == 600 && run.taken == run.put &&
		       run.refused > 300,
	       "a bound: %" PRIu64 " put, %" PRIu64 " refused, %" PRIu64
	       " taken",
	       run.put, run.refused, run.taken);
	spool_close(run.spool);
}

static void check_refusals(struct tap *tap)
{
	struct run run = { .ok = true };
	struct cg_error err = { 0 };
	struct spool *second = NULL;
	char path[64], name[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/refused", folder);
	reopen(&run, path);
	tap_ok(tap,
	       !spool_open(path, LIMIT, &second, &err) &&
		       strstr(err.message, "another process"),
	       "twice");
	spool_close(run.spool);
	snprintf(name, sizeof(name), "%s/%016x.seg", path, 1);
	file = fopen(name, "w");
	if (!file || fputs("CGspool\2........", file) < 0 || fclose(file))
		exit(EXIT_FAILURE);
	tap_ok(tap,
	       !spool_open(path, LIMIT, &second, &err) &&
		       err.status == CG_E_INPUT &&
		       strstr(err.message, "another version"),
	       "of another version: %s", err.message);
	snprintf(path, sizeof(path), "%s/others", folder);
	if (mkdir(path, 0700) != 0 || chmod(path, 0770) != 0)
		exit(EXIT_FAILURE);
	tap_ok(tap,
	       !spool_open(path, LIMIT, &second, &err) &&
		       err.status == CG_E_INPUT &&
		       strstr(err.message, "others may write"),
	       "of others, too: %s", err.message);
	snprintf(path, sizeof(path), "%s/no/where", folder);
	tap_ok(tap, !spool_open(path, LIMIT, &second, &err), "nowhere: %s",
	       err.message);
}

/* ---------------------------------------------------------------- kills -- */

/* Tell of each record that is kept: those may not be lost. */
_Noreturn static void put_until_killed(const char *path, uint64_t n, int to)
{
	struct run run = { .put = n };

	reopen(&run, path);
	for (;;) {
		uint64_t before = run.put;

		put(&run, path);
		if (run.put > before &&
		    write(to, &run.put, sizeof(run.put)) != sizeof(run.put))
			_exit(1);
		if (run.refused)
			_exit(2);
	}
}

static bool survives(const char *path, struct run *run)
{
	uint64_t told = run->put, word;
	int ends[2], status;
	pid_t child;

	spool_close(run->spool);
	run->spool = NULL;
	if (pipe(ends) != 0 || (child = fork()) < 0)
		return false;
	if (child == 0)
		put_until_killed(path, run->put, ends[1]);
	close(ends[1]);
	/* Until some came, and then at any moment. */
	if (read(ends[0], &word, sizeof(word)) == sizeof(word))
		told = word;
	usleep((useconds_t)(rand() % 500));
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	while (read(ends[0], &word, sizeof(word)) == sizeof(word))
		told = word;
	close(ends[0]);
	reopen(run, path);
	run->put = run->next;
	take(run, 1000, true);
	run->put = run->next;
	return run->ok && run->next >= told;
}

static void check_kills(struct tap *tap)
{
	struct run run = { .ok = true };
	char path[64];
	bool ok = true;

	snprintf(path, sizeof(path), "%s/kills", folder);
	reopen(&run, path);
	for (int i = 0; ok && i < KILLS; i++)
		ok = survives(path, &run);
	tap_ok(tap, ok && run.taken == run.next,
	       "killed %d times: %" PRIu64 " put, %" PRIu64 " taken, %" PRIu64
	       " torn",
	       KILLS, run.next, run.taken, run.torn);
	spool_close(run.spool);
}

int main(void)
{
	struct tap tap = { 0 };
	char remove[64];

	tap_seed((unsigned)getpid());
	signal(SIGXFSZ, SIG_IGN);
	if (!mkdtemp(folder))
		return EXIT_FAILURE;
	tap_ok(&tap, spool_crc(0, "123456789", 9) == 0xcbf43926,
	       "the checksum's check value");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_row(&tap, &rows[i], i);
	check_bound(&tap);
	check_refusals(&tap);
	check_kills(&tap);
	snprintf(remove, sizeof(remove), "rm -r %s", folder);
	if (system(remove) != 0)
		tap_note("%s stays", folder);
	return tap_done(&tap);
}
