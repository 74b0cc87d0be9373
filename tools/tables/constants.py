"""errno.tbl, flags/*.tbl and argflags.tbl: what values are called."""

from dataclasses import dataclass, field

from . import rows

KINDS = {"enum": "SET_ENUM", "bits": "SET_BITS", "mixed": "SET_MIXED",
         "octal": "SET_OCTAL"}


@dataclass
class Constant:
    name: str
    value: int
    row: rows.Row
    overrides: dict = field(default_factory=dict)  # value or None -> columns


@dataclass
class Set:
    name: str
    kind: str
    mask: int
    members: list = field(default_factory=list)  # (row, name)


def read_constants(paths, calls):
    """All constants by name, all sets by name."""
    constants, sets = {}, {}
    for path in paths:
        current = None
        for row in rows.read(path):
            if row.words[0] == "set":
                current = start_set(row, sets)
            else:
                add_member(row, current, constants, calls)
    for known in sets.values():
        check_members(known, constants)
    return dict(sorted(constants.items())), sets


def start_set(row, sets):
    words = row.want(3, 4)
    rows.unique(row, sets, words[1], "the set")
    kind = row.one_of(words[2], KINDS)
    if (words[2] == "mixed") != (len(words) == 4):
        raise row.error("a mixed set, and no other, has a mask")
    mask = row.number(words[3]) if len(words) == 4 else 0
    sets[words[1]] = Set(row.name(words[1], r"[a-z0-9-]+"), kind, mask)
    return sets[words[1]]


def add_member(row, current, constants, calls):
    if current is None:
        raise row.error("a constant before the first 'set'")
    name = row.name(row.words[0])
    current.members.append((row, name))
    if len(row.words) == 1:
        return  # its value stands in another set
    rows.unique(row, constants, name, "the constant")
    constant = Constant(name, row.number(row.words[1], least=-2**63), row)
    for word in row.words[2:]:
        if word.startswith("only:"):
            add_only(row, constant, word[5:], calls)
        else:
            add_override(row, constant, word, calls)
    constants[name] = constant


def add_only(row, constant, columns, calls):
    """The columns that have the constant; the others do not."""
    here = [row.one_of(word, calls.columns) for word in columns.split(",")]
    absent = [word for word in calls.columns if word not in here]
    constant.overrides.setdefault(None, []).extend(absent)


def add_override(row, constant, word, calls):
    columns, _, value = word.partition("=")
    value = None if value == "-" else row.number(value, least=-2**63)
    if value == constant.value:
        raise row.error(f"'{word}' says what holds anyway")
    known = [c for group in constant.overrides.values() for c in group]
    for column in columns.split(","):
        row.one_of(column, calls.columns)
        rows.unique(row, known, column, "the column")
        constant.overrides.setdefault(value, []).append(column)


def check_members(known, constants):
    seen = set()
    for row, name in known.members:
        if name not in constants:
            raise row.error(f"'{name}' has a value nowhere")
        rows.unique(row, seen, name, "the constant")
        seen.add(name)


def read_argflags(path, arguments, sets):
    """(call, argument) -> set."""
    facts = {}
    for row in rows.read(path):
        call, place, name = row.want(3)
        row.one_of(call, list(arguments))
        key = (call, row.number(place, len(arguments[call]) - 1))
        row.one_of(name, list(sets))
        rows.unique(row, facts, key, "the argument")
        facts[key] = name
    return facts
