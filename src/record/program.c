#include "record/program.h"

#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/line.h"

enum { NOTES_MAX = 64 << 10, SEGMENTS_MAX = 64, ID_MAX = 64 };

static size_t padded(size_t size)
{
	return (size + 3) & ~(size_t)3;
}

/* The build-id of some notes, in hex; false if there is none. */
static bool
id_of_notes(const unsigned char *notes, size_t size, struct line *line)
{
	size_t at = 0;

	while (size - at >= sizeof(Elf64_Nhdr)) {
		Elf64_Nhdr head;
		size_t name, id;

		memcpy(&head, notes + at, sizeof(head));
		name = at + sizeof(head);
		if (head.n_namesz > size - name)
			return false;
		id = name + padded(head.n_namesz);
		if (id > size || head.n_descsz > size - id)
			return false;
		if (head.n_type == NT_GNU_BUILD_ID && head.n_namesz == 4 &&
		    memcmp(notes + name, "GNU", 4) == 0 &&
		    head.n_descsz <= ID_MAX) {
			line_add(line, " ");
			for (size_t i = 0; i < head.n_descsz; i++)
				line_add(line, "%02x", notes[id + i]);
			return true;
		}
		at = id + padded(head.n_descsz);
		if (at > size)
			return false;
	}
	return false;
}

struct segment {
	uint64_t offset, size;
};

/* The notes of a program header of either width. */
static bool note_segment(int fd, bool wide, uint64_t at, struct segment *out)
{
	Elf64_Phdr head;
	Elf32_Phdr narrow;

	if (wide) {
		if (pread(fd, &head, sizeof(head), (off_t)at) != sizeof(head) ||
		    head.p_type != PT_NOTE)
			return false;
		*out = (struct segment){ head.p_offset, head.p_filesz };
		return true;
	}
	if (pread(fd, &narrow, sizeof(narrow), (off_t)at) != sizeof(narrow) ||
	    narrow.p_type != PT_NOTE)
		return false;
	*out = (struct segment){ narrow.p_offset, narrow.p_filesz };
	return true;
}

static void add_id(int fd, struct line *line)
{
	static const size_t sizes[] = { sizeof(Elf32_Phdr),
					sizeof(Elf64_Phdr) };
	_Alignas(Elf64_Ehdr) unsigned char head[sizeof(Elf64_Ehdr)],
		notes[NOTES_MAX];
	const Elf64_Ehdr *e64 = (const void *)head;
	const Elf32_Ehdr *e32 = (const void *)head;
	bool wide;
	uint64_t table;
	unsigned count;

	if (pread(fd, head, sizeof(head), 0) != sizeof(head) ||
	    memcmp(head, ELFMAG, SELFMAG) != 0)
		return;
	wide = head[EI_CLASS] == ELFCLASS64;
	table = wide ? e64->e_phoff : e32->e_phoff;
	count = wide ? e64->e_phnum : e32->e_phnum;
	for (unsigned i = 0; i < count && i < SEGMENTS_MAX; i++) {
		struct segment segment;
		ssize_t got;

		if (!note_segment(fd, wide, table + i * sizes[wide], &segment))
			continue;
		if (segment.size > sizeof(notes))
			continue;
		got = pread(fd, notes, segment.size, (off_t)segment.offset);
		if (got > 0 && id_of_notes(notes, (size_t)got, line))
			return;
	}
}

bool program_describe(const struct cg_recorder *recorder, char *out,
		      size_t size)
{
	struct line line = { .out = out, .size = size };
	char *file = target_file(recorder);
	int fd;

	if (!file)
		return false;
	line_add(&line, "%s", file);
	fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd >= 0) {
		add_id(fd, &line);
		close(fd);
	}
	free(file);
	return line.length > 0;
}
