"""types.tbl, args.tbl and layout.tbl: what a register of a call holds."""

import re
from dataclasses import dataclass

from . import rows

REGISTERS = 6
SIGNS = {"signed": "signed", "unsigned": "unsigned", "pointer": "pointer"}
WIDTHS = {"32": 32, "64": 64, "word": 0}

# What a register of a layout holds: an argument, or half of one, or nothing.
WHOLE, LOW, HIGH, NOTHING = 0x00, 0x10, 0x20, 0x30


@dataclass(frozen=True)
class Argument:
    type: str
    name: str

    def is_pointer(self):
        return self.type.endswith("*")


@dataclass
class Layout:
    call: str
    hidden: bool
    arguments: list  # the call's arguments on these ABIs
    abis: list
    registers: list  # part of which argument, register by register
    places: list     # for each generic argument, its register or REGISTERS


def read_types(path):
    types = {}
    for row in rows.read(path):
        name = " ".join(row.words[:-2])
        rows.unique(row, types, name, "the type")
        types[name] = (row.one_of(row.words[-2], WIDTHS),
                       row.one_of(row.words[-1], SIGNS))
    return types


def parse(row, text, types):
    """The arguments of a prototype; None for a register nobody reads."""
    if text.strip() == "void":
        return []
    return [parse_one(row, part.strip(), types) for part in text.split(",")]


def parse_one(row, text, types):
    if text == "-":
        return None
    match = re.fullmatch(r"(.*[ *])(\w+)", text)
    if not match:
        raise row.error(f"'{text}' is no type and name")
    argument = Argument(match[1].strip(), match[2])
    if not argument.is_pointer() and argument.type not in types:
        raise row.error(f"type '{argument.type}' is not in types.tbl")
    return argument


def read_arguments(path, calls, types):
    arguments = {}
    for row in rows.read(path):
        name, text = row.text.split(None, 1)
        row.one_of(name, list(calls.calls))
        rows.unique(row, arguments, name, "the call")
        arguments[name] = parse(row, text, types)
        if len(arguments[name]) > REGISTERS or None in arguments[name]:
            raise row.error(f"a call has at most {REGISTERS} arguments")
    return arguments


def read_layout(path, abis, calls, types, arguments):
    """The layouts, in the order of the calls, that differ from args.tbl."""
    even, special = set(), {}
    for row in rows.read(path):
        kind = row.one_of(row.words[0], ["even", "order", "hidden"])
        if kind == "even":
            even |= {row.one_of(word, calls.columns) for word in row.words[1:]}
        else:
            read_special(row, kind, calls, types, arguments, special)
    layouts = []
    for name in calls.calls:
        if name in arguments:
            layouts += layouts_of(name, abis.values(), calls, types,
                                  arguments[name], even, special)
    return layouts


def read_special(row, kind, calls, types, arguments, special):
    _, name, columns, text = row.text.split(None, 3)
    if name not in arguments:
        raise row.error(f"'{name}' is not in args.tbl")
    for column in columns.split(","):
        row.one_of(column, calls.calls[name].numbers)
        if column == "x86_64":
            raise row.error("the order of x86_64 is the generic one")
        rows.unique(row, special, (name, column), "the call and column")
        special[name, column] = (kind == "hidden", parse(row, text, types))


def layouts_of(name, abis, calls, types, generic, even, special):
    """One layout for each way in which ABIs depart from the generic order."""
    found = {}
    for abi in abis:
        if abi.column not in calls.calls[name].numbers:
            continue
        hidden, own = special.get((name, abi.column), (False, generic))
        registers = place(own, abi, types, abi.column in even)
        plain = [WHOLE | i for i in range(len(generic))]
        if own == generic and registers == plain and not hidden:
            continue
        key = (hidden, tuple(own), tuple(registers))
        found.setdefault(key, []).append(abi.name)
    return [Layout(name, hidden, list(own), names, list(registers),
                   places(generic, own, registers, hidden))
            for (hidden, own, registers), names in found.items()]


def place(own, abi, types, even):
    """Which part of which argument each register of `abi` holds."""
    registers = []
    for index, argument in enumerate(own):
        if argument is None:
            registers.append(NOTHING)
        elif is_pair(argument, abi, types):
            if even and len(registers) % 2:
                registers.append(NOTHING)
            halves = (HIGH, LOW) if abi.big else (LOW, HIGH)
            registers += [half | index for half in halves]
        else:
            registers.append(WHOLE | index)
    return registers


def is_pair(argument, abi, types):
    if argument.is_pointer() or abi.bits == 64:
        return False
    return types[argument.type][0] == 64


def places(generic, own, registers, hidden):
    """The register of each generic argument that one register holds."""
    found = []
    names = [argument.name if argument else None for argument in own]
    for argument in generic:
        place_of = REGISTERS
        if not hidden and argument.name in names:
            whole = WHOLE | names.index(argument.name)
            if whole in registers:
                place_of = registers.index(whole)
        found.append(min(place_of, REGISTERS))
    return found
