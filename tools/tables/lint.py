"""data/lint/*.tbl: what `callgate lint` knows about calls."""

from tables import rows

SIBLINGS = {"parts": "SIBLINGS_PARTS", "whole": "SIBLINGS_WHOLE",
            "hint": "SIBLINGS_HINT", "ring": "SIBLINGS_RING"}
FLAGS = {"yes": "1", "no": "0", "any": "-1"}
DEFAULTS = {"any": "false", "kill": "true"}


def known(row, names, calls):
    for name in names:
        row.one_of(name, calls)
    return list(names)


def read_siblings(path, calls):
    return [(row.one_of(row.want(3, 64)[0], SIBLINGS),
             row.name(row.words[1]).replace("_", " "),
             known(row, row.words[2:], calls)) for row in rows.read(path)]


def read_probes(path, calls):
    found = {}
    for row in rows.read(path):
        call, fallback, glibc = row.want(3)
        known(row, [call, fallback], calls)
        rows.unique(row, found, call, "the call")
        row.release(glibc)
        found[call] = (fallback, glibc)
    return found


def read_needs(path, calls):
    return [(row.name(row.want(4, 64)[0]), row.one_of(row.words[1], FLAGS),
             row.one_of(row.words[2], DEFAULTS),
             known(row, row.words[3:], calls)) for row in rows.read(path)]


def names(calls):
    return "{ " + ", ".join(f'"{name}"' for name in [*calls]) + ", NULL }"


def emit(siblings, probes, needs):
    lines = ["const struct siblings siblings_rows[] = {"]
    lines += [f'\t{{ {kind}, "{about}", {names(calls)} }},'
              for kind, about, calls in siblings]
    lines += ["\t{ 0 },", "};", "", "const struct probe probe_rows[] = {"]
    lines += [f'\t{{ "{call}", "{fallback}", "{glibc}" }},'
              for call, (fallback, glibc) in probes.items()]
    lines += ["\t{ 0 },", "};", "", "const struct need need_rows[] = {"]
    lines += [f'\t{{ "{runtime}", {flag}, {kill}, {names(calls)} }},'
              for runtime, flag, kill, calls in needs]
    return "\n".join(lines + ["\t{ 0 },", "};", ""])
