"""groups.tbl, twins.tbl, multiplexers.tbl and policies/: sets of calls."""

from dataclasses import dataclass

from . import rows

TWINS_MAX = 8  # as abi/doors.h has it
DOORS_MAX = 4


@dataclass
class Group:
    name: str
    about: str
    names: list


def read_groups(path, calls):
    """The groups, sorted. Each call lies in exactly one leaf."""
    blocks, home = [], {}
    for row in rows.read(path):
        if row.indent == 0:
            name, _, about = row.text.partition(" ")
            row.name(name, r"@[a-z0-9-]+")
            if not about.strip():
                raise row.error(f"group {name} does not say what it is about")
            blocks.append((row, name, about.strip(), []))
        elif not blocks:
            raise row.error("these names belong to no group")
        else:
            blocks[-1][3].extend((row, word) for word in row.words)
    groups = {}
    for row, name, about, members in blocks:
        rows.unique(row, groups, name, "the group")
        names = members_of(members, groups, calls, home, name)
        if not names:
            raise row.error(f"group {name} is empty")
        groups[name] = Group(name, about, sorted(names))
    lost = sorted(set(calls.calls) - set(home))
    if lost:
        raise rows.TableError(f"{path}: in no group: {' '.join(lost)}")
    return dict(sorted(groups.items()))


def members_of(members, groups, calls, home, name):
    """A leaf has calls only; a wider group has groups, defined above it."""
    names = set()
    wide = any(word.startswith("@") for _, word in members)
    for row, word in members:
        if wide:
            row.one_of(word, list(groups))
            names |= set(groups[word].names)
            continue
        row.one_of(word, list(calls.calls))
        if word in home:
            raise row.error(f"'{word}' is in {home[word]} already")
        home[word] = name
        names.add(word)
    return names


def read_twins(path, calls):
    sets, seen = [], set()
    for row in rows.read(path):
        if not 2 <= len(row.words) <= TWINS_MAX:
            raise row.error(f"a set has 2 to {TWINS_MAX} calls")
        for word in row.words:
            row.one_of(word, list(calls.calls))
            rows.unique(row, seen, word, "the call")
            seen.add(word)
        sets.append(row.words)
    return sets


def read_doors(path, calls):
    """(multiplexer, mask, value, call), by row."""
    doors, count = [], {}
    for row in rows.read(path):
        through, mask, value, call = row.want(4)
        for word in (through, call):
            row.one_of(word, list(calls.calls))
        mask, value = (row.number(w, 2**32 - 1) for w in (mask, value))
        if value & ~mask:
            raise row.error("the value has bits that the mask drops")
        count[call] = count.get(call, 0) + 1
        if count[call] > DOORS_MAX:
            raise row.error(f"'{call}' has more than {DOORS_MAX} doors")
        doors.append((through, mask, value, call))
    return doors


def read_presets(folder):
    """(name, about, text) of each preset, by name."""
    presets = []
    for path in sorted(folder.glob("*.yml")):
        text = path.read_text(encoding="utf-8")
        first = text.split("\n", 1)[0]
        if not first.startswith("# ") or len(first) < 4:
            raise rows.TableError(f"{path}:1: the first line must be "
                                  "'# one line about it'")
        presets.append((path.stem, first[2:].strip(), text))
    return presets
