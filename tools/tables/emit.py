"""Write the checked facts as C, in the shape of src/abi/tables.h."""

from .arguments import REGISTERS

HEAD = """/* Made by tools/gen-tables from data/. Changes here are lost. */
#include "abi/tables.h"
"""
ABSENT = 0xffffffff
UNKNOWN = 0xff


class Pool:
    """All text that rows refer to by its offset."""

    def __init__(self):
        self.offsets, self.length = {}, 0

    def __call__(self, text):
        if text not in self.offsets:
            self.offsets[text] = self.length
            self.length += len(text.encode()) + 1
        return self.offsets[text]


def quote(text):
    escapes = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}
    plain = (escapes.get(c, c) for c in text)
    # What is not ASCII goes byte by byte, in octal: it cannot run on.
    return '"' + "".join(c if c.isascii() else
                         "".join(f"\\{byte:03o}" for byte in c.encode())
                         for c in plain) + '"'


def array(kind, name, lines, storage=""):
    """An array; an empty one gets a row of zeros, which nobody counts."""
    body = "".join(f"\t{line},\n" for line in lines) or "\t{ 0 },\n"
    return f"{storage}const {kind} {name}[] = {{\n{body}}};\n"


def counted(kind, name, count, lines):
    lines = list(lines)
    return (array(kind, name, lines) +
            f"const size_t {count} = {len(lines)};\n")


def flat(numbers, width=12):
    """Numbers, a dozen to a line."""
    words = [str(number) for number in numbers]
    return [", ".join(words[i:i + width]) for i in range(0, len(words), width)]


def boolean(value):
    return "true" if value else "false"


def hexa(value, bits=64):
    return f"0x{value % 2**bits:x}" + ("u" if bits <= 32 else "ull")


def release(pair):
    return pair[0] << 8 | pair[1]


def neighbour(abi, abis):
    """1 + the place of the ABI that has the rest of an audit value's numbers,
    or 0."""
    return next((1 + i for i, other in enumerate(abis)
                 if other is not abi and other.audit == abi.audit and
                 other.seccomp and (other.first or abi.first)), 0)


def abis(abis, calls, pool):
    rows = (f"{{ .name = {quote(abi.name)}, .audit_arch = "
            f"{hexa(abi.audit, 32)}, .nr_base = {hexa(abi.base, 32)}, "
            f".nr_first = {hexa(abi.first, 32)}, "
            f".nr_last = {hexa(abi.last, 32)}, .bits = {abi.bits}, "
            f".big_endian = {boolean(abi.big)}, "
            f".seccomp = {boolean(abi.seccomp)}, "
            f".action_cache = {boolean(abi.cache)}, .native = "
            f"{quote(abi.native) if abi.native else 'NULL'}, "
            f".column = {calls.columns.index(abi.column)} }}"
            for abi in abis.values())
    names = {name: i for i, abi in enumerate(abis.values())
             for name in [abi.name] + abi.aliases}
    return (counted("struct cg_abi", "abi_rows", "abi_count", rows) +
            array("uint8_t", "abi_neighbours",
                  flat((neighbour(abi, list(abis.values()))
                        for abi in abis.values()), 20)) +
            name_table("abi_names", "abi_name_count", names, pool))


def name_table(name, count, rows, pool):
    return counted("struct table_name", name, count,
                   (f"{{ {pool(key)}, {row} }}"
                    for key, row in sorted(rows.items())))


def calls(calls, bases, aliases, mix, pool):
    rows = (f"{{ {quote(name)}, {i} }}" for i, name in enumerate(calls.calls))
    parts = [counted("struct cg_syscall", "call_rows", "call_count", rows),
             name_table("call_aliases", "call_alias_count",
                        {a: calls.index(n) for a, n in aliases.items()}, pool)]
    for place, column in enumerate(calls.columns):
        parts += column_tables(calls, place, column, bases[column], mix)
    names = calls.columns
    parts += [
        array("uint32_t *const", "call_numbers",
              (f"numbers_{i}" for i in range(len(names)))),
        array("uint16_t *const", "call_since",
              (f"since_{i}" for i in range(len(names)))),
        array("struct column", "column_rows",
              (f"{{ sorted_{i}, {sum(c in k.numbers for k in calls.calls.values())} }}"
               for i, c in enumerate(names))),
        array("uint16_t", "call_since_any",
              flat(release(call.since) for call in calls.calls.values())),
        f"const uint16_t kernel_newest = {release(calls.kernel)};\n"]
    return "".join(parts)


def column_tables(calls, place, column, base, mix):
    numbers, since, rows = [], [], []
    for index, call in enumerate(calls.calls.values()):
        number = call.numbers.get(column)
        numbers.append(hexa(ABSENT if number is None else number + base, 32))
        since.append(release(call.releases.get(column, call.since)))
        if number is not None:
            rows.append((number + base, index, mix.get(call.name, 0)))
    return [array("uint32_t", f"numbers_{place}", flat(numbers, 6), "static "),
            array("uint16_t", f"since_{place}", flat(since), "static "),
            array("struct abi_number", f"sorted_{place}",
                  (f"{{ {hexa(number, 32)}, {index}, {before} }}"
                   for number, index, before in summed(rows)), "static ")]


def summed(rows):
    """Rows of number, index and frequency in order, each with the sum of the
    frequencies before it; a row behind them has the sum of all."""
    before = 0
    for number, index, frequency in sorted(rows):
        yield number, index, before
        before += frequency
        assert index < 1 << 12 and before < 1 << 20
    yield ABSENT, 0, before


class Arguments:
    """Argument rows, each list of them once."""

    def __init__(self, types, sets, pool):
        self.types, self.pool = types, pool
        self.sets = {name: 1 + i for i, name in enumerate(sets)}
        self.rows, self.lists = [], {}

    def __call__(self, arguments, flags):
        """The initialiser of a struct argument_list."""
        lines = tuple(self.line(argument, name)
                      for argument, name in zip(arguments, flags))
        if lines not in self.lists:
            self.lists[lines] = len(self.rows)
            self.rows += lines
        return f"{{ {self.lists[lines]}, {len(lines)} }}"

    def line(self, argument, set_name):
        if argument is None:
            return f"{{ {self.pool('')}, {self.pool('')}, 0, 0, 0 }}"
        width, sign = (0, "pointer") if argument.is_pointer() else \
            self.types[argument.type]
        return (f"{{ {self.pool(argument.type)}, {self.pool(argument.name)}, "
                f"{width}, TYPE_{sign.upper()}, {self.sets.get(set_name, 0)} }}")


def arguments(calls, arguments, layouts, argflags, abis, rows):
    lists, lines = [], []
    for name in calls.calls:
        known = arguments.get(name)
        flags = [argflags.get((name, i)) for i in range(len(known or []))]
        lists.append(f"{{ 0, {UNKNOWN} }}" if known is None
                     else rows(known, flags))
    places = {name: i for i, name in enumerate(abis)}
    for layout in layouts:
        mask = sum(1 << places[name] for name in layout.abis)
        flags = layout_flags(layout, arguments[layout.call], argflags)
        lines.append(
            f"{{ {hexa(mask)}, {calls.index(layout.call)}, "
            f"{int(layout.hidden)}, {rows(layout.arguments, flags)}, "
            f"{braces(layout.registers[:REGISTERS])}, "
            f"{min(len(layout.registers), REGISTERS)}, "
            f"{braces(layout.places)} }}")
    return (array("struct argument_list", "call_arguments", lists) +
            array("struct argument_row", "argument_rows", rows.rows) +
            counted("struct layout", "layout_rows", "layout_count", lines))


def layout_flags(layout, generic, argflags):
    """The sets of a layout's arguments: those of the same name."""
    names = {argument.name: argflags.get((layout.call, i))
             for i, argument in enumerate(generic)}
    return [argument and names.get(argument.name)
            for argument in layout.arguments]


def braces(numbers):
    return "{ " + (", ".join(map(str, numbers)) or "0") + " }"


def constants(constants, sets, calls, pool):
    rows, overrides = [], []
    for constant in constants.values():
        rows.append(f"{{ {hexa(constant.value)}, {pool(constant.name)}, "
                    f"{len(overrides)}, {len(constant.overrides)} }}")
        for value, columns in constant.overrides.items():
            mask = sum(1 << calls.columns.index(c) for c in columns)
            overrides.append(f"{{ {hexa(value or 0)}, {hexa(mask, 32)}, "
                             f"{boolean(value is None)} }}")
    index = {name: i for i, name in enumerate(constants)}
    members, lines = [], []
    for known in sets.values():
        lines.append(f"{{ {hexa(known.mask)}, {pool(known.name)}, "
                     f"{len(members)}, {len(known.members)}, {known.kind} }}")
        members += [index[name] for _, name in known.members]
    return (counted("struct constant", "constant_rows", "constant_count",
                    rows) +
            array("struct override", "override_rows", overrides) +
            counted("struct set", "set_rows", "set_count", lines) +
            array("uint16_t", "set_members", flat(members)) +
            f"const uint16_t errno_set = {list(sets).index('errno')};\n")


def doors(doors, twins, unfilterable, calls, abis):
    members, sets, of = [], [], {}
    for twin_set in twins:
        sets.append(f"{{ {len(members)}, {len(twin_set)} }}")
        members += [calls.index(name) for name in twin_set]
        of.update((name, len(sets)) for name in twin_set)
    return (counted("struct door_row", "door_rows", "door_count",
                    (f"{{ {hexa(mask, 32)}, {value}, {calls.index(through)}, "
                     f"{calls.index(call)} }}"
                     for through, mask, value, call in doors)) +
            array("struct twin_set", "twin_sets", sets) +
            array("uint16_t", "twin_members", flat(members)) +
            array("uint8_t", "twin_set_of",
                  flat((of.get(name, 0) for name in calls.calls), 20)) +
            counted("struct unfilterable", "unfilterable_rows",
                    "unfilterable_count",
                    (f"{{ {nr}, {list(abis).index(abi)}, {release(since)} }}"
                     for abi, nr, since in unfilterable)))


def mix(mix, calls):
    return array("uint32_t", "call_frequency",
                 flat((mix.get(name, 0) for name in calls.calls), 10))


def groups(groups):
    parts = [array("char *const", f"group_{i}",
                   [quote(name) for name in group.names] + ["NULL"], "static ")
             for i, group in enumerate(groups.values())]
    rows = (f"{{ {quote(group.name)}, {quote(group.about)}, group_{i} }}"
            for i, group in enumerate(groups.values()))
    return "".join(parts) + counted("struct cg_group", "group_rows",
                                    "group_count", rows)


def presets(presets):
    rows = (f"{{ {quote(name)}, {quote(about)},\n\t  " +
            "\n\t  ".join(quote(line) for line in text.splitlines(True)) +
            f",\n\t  {len(text.encode())} }}" for name, about, text in presets)
    return counted("struct cg_preset", "preset_rows", "preset_count", rows)


def text(pool):
    lines = "".join(f'\t{quote(text)} "\\0"\n' for text in pool.offsets)
    return f"const char table_text[] =\n{lines};\n"
