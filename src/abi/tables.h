/*
 * abi/tables.h - the shape of the tables that tools/gen-tables makes of data/.
 *
 * Everything is constant. Text that is not handed out as a pointer stands in
 * one pool, at the offset a row names, so that most tables need no relocation.
 */
#ifndef ABI_TABLES_H
#define ABI_TABLES_H

#include <stddef.h>
#include <stdint.h>

#include <callgate/arch.h>
#include <callgate/policy.h>

#include "abi/doors.h"

enum {
	REGISTERS = 6,
	ARGUMENTS_UNKNOWN = 0xff, /* as a count */
};
#define NO_NUMBER UINT32_MAX /* in call_numbers: no such call */

extern const char table_text[];

/* ABIs, in the order of data/arch.tbl, and every name they go by, sorted. */
extern const struct cg_abi abi_rows[];
extern const size_t abi_count;

/* Per ABI: 1 + the row of its neighbour (abi/doors.h), or 0. */
extern const uint8_t abi_neighbours[];

/* A name and the row it stands for. */
struct table_name {
	uint32_t name; /* in table_text */
	uint16_t row;
};
extern const struct table_name abi_names[];
extern const size_t abi_name_count;

/* Calls, sorted by name: `index` is the place. Aliases, sorted. */
extern const struct cg_syscall call_rows[];
extern const size_t call_count;
extern const struct table_name call_aliases[];
extern const size_t call_alias_count;

/* Per column and call: what seccomp_data.nr shows, or NO_NUMBER. */
extern const uint32_t *const call_numbers[];

/* Per column and call: the release, major << 8 | minor. */
extern const uint16_t *const call_since[];
extern const uint16_t call_since_any[];
extern const uint16_t kernel_newest;

/* Per column: the numbers it has, sorted. */
struct column {
	const struct abi_number *numbers;
	uint16_t count;
};
extern const struct column column_rows[];

/* One argument. */
enum type_sign {
	TYPE_UNSIGNED,
	TYPE_SIGNED,
	TYPE_POINTER,
};
struct argument_row {
	uint32_t type, name; /* in table_text */
	uint8_t width;       /* 32, 64, or 0 for a register's */
	uint8_t sign;        /* enum type_sign */
	uint16_t set;        /* 1 + its set of names, or 0 */
};
extern const struct argument_row argument_rows[];

/* Per call: its arguments in generic order. */
struct argument_list {
	uint16_t first;
	uint8_t count; /* or ARGUMENTS_UNKNOWN */
};
extern const struct argument_list call_arguments[];

/* What a register holds: one of these, with the argument below it. */
enum register_part {
	PART_WHOLE = 0x00,
	PART_LOW = 0x10,  /* its low 32 bits */
	PART_HIGH = 0x20, /* its high 32 bits */
	PART_NONE = 0x30, /* nothing that the kernel reads */
	PART_MASK = 0x30,
};

/* Where some ABIs depart from the generic order; sorted by call. */
struct layout {
	uint64_t abis; /* 1 << row of abi_rows */
	uint16_t call;
	uint8_t hidden; /* behind a pointer */
	struct argument_list arguments;
	uint8_t registers[REGISTERS]; /* enum register_part | argument */
	uint8_t count;                /* of the registers */
	uint8_t places[REGISTERS];    /* of each generic argument */
};
extern const struct layout layout_rows[];
extern const size_t layout_count;

/* Constants, sorted by name. */
struct constant {
	uint64_t value;
	uint32_t name; /* in table_text */
	uint16_t override_first;
	uint8_t override_count;
};
extern const struct constant constant_rows[];
extern const size_t constant_count;

/* Where some columns give a constant another value, or do not have it. */
struct override {
	uint64_t value;
	uint32_t columns; /* 1 << column */
	bool absent;
};
extern const struct override override_rows[];

/* A set of names that the values of an argument have. */
enum set_kind {
	SET_ENUM,  /* a value is one of them */
	SET_BITS,  /* a value is some of them, joined */
	SET_MIXED, /* one of them under `mask`, joined with bits above it */
	SET_OCTAL, /* a number in octal; the names are for policies only */
};
struct set {
	uint64_t mask;
	uint32_t name;         /* in table_text */
	uint16_t first, count; /* in set_members */
	uint8_t kind;          /* enum set_kind */
};
extern const struct set set_rows[];
extern const size_t set_count;
extern const uint16_t set_members[]; /* rows of constant_rows */
extern const uint16_t errno_set;     /* which set the errnos are */

/* Other doors and other names of an operation. */
struct door_row {
	uint32_t mask, value;
	uint16_t through, call;
};
extern const struct door_row door_rows[];
extern const size_t door_count;

struct twin_set {
	uint16_t first, count; /* in twin_members */
};
extern const struct twin_set twin_sets[];
extern const uint16_t twin_members[]; /* rows of call_rows */
extern const uint8_t twin_set_of[];   /* per call: 1 + its set, or 0 */

/* Calls that no filter sees. */
struct unfilterable {
	uint32_t nr;
	uint16_t abi;
	uint16_t since;
};
extern const struct unfilterable unfilterable_rows[];
extern const size_t unfilterable_count;

/* Per call: how often it is made, in parts of a million. */
extern const uint32_t call_frequency[];

extern const struct cg_group group_rows[]; /* sorted */
extern const size_t group_count;

extern const struct cg_preset preset_rows[]; /* sorted */
extern const size_t preset_count;

#endif
