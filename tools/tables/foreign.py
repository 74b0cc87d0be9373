"""foreign/*.tbl: the groups of calls that other tools' policies name."""

import re
from dataclasses import dataclass, field

from . import rows
from .emit import Pool, array, hexa, quote

ALWAYS, NEVER = 0, 0xffffffff


@dataclass
class Dialect:
    releases: list = field(default_factory=list)  # (release, kernel)
    groups: dict = field(default_factory=dict)    # name: [(word, from, until)]


def release(row, word):
    """"0.9.72" as the number that CG_RELEASE makes."""
    match = re.fullmatch(r"(\d{1,4})(?:\.(\d{1,3}))?(?:\.(\d{1,3}))?", word)
    if not match:
        raise row.error(f"'{word}' is no release such as 0.9.72")
    first, minor, patch = (int(part or 0) for part in match.groups())
    if max(minor, patch) > 255:
        raise row.error(f"release {word} has a part past 255")
    return first << 16 | minor << 8 | patch


def members(row):
    """(word, from, until) of each word of an indented row."""
    words, first, last = list(row.words), ALWAYS, NEVER
    if words[0] in ("from", "until") and len(words) > 1:
        if not words[1].endswith(":") or len(words) < 3:
            raise row.error(f"'{words[0]} RELEASE:' and names are wanted")
        bound = release(row, words[1][:-1])
        first, last = (bound, last) if words[0] == "from" else (first, bound)
        words = words[2:]
    for word in words:
        row.name(word, r"@[a-z0-9-]+|[a-z_][a-z0-9_]*")
    return [(word, first, last) for word in words]


def read(path):
    """One tool's table."""
    dialect, name = Dialect(), None
    for row in rows.read(path):
        if row.indent:
            if name is None:
                raise row.error("these names belong to no group")
            dialect.groups[name] += members(row)
        elif row.words[0] == "release":
            _, version, kernel = row.want(3)
            dialect.releases.append((release(row, version),
                                     row.release(kernel)))
        else:
            name, = row.want(1)
            row.name(name, r"@?[a-z0-9-]+")
            rows.unique(row, dialect.groups, name, "the group")
            dialect.groups[name] = []
    check(path, dialect)
    return dialect


def check(path, dialect):
    """Each group that is named exists, and none holds itself."""
    done, open_groups = set(), []

    def visit(name, at):
        if name not in dialect.groups:
            raise rows.TableError(f"{path}: {at} names {name}, which is none")
        if name in open_groups:
            raise rows.TableError(f"{path}: {name} holds itself")
        if name in done:
            return
        open_groups.append(name)
        for word, _, _ in dialect.groups[name]:
            if word.startswith("@"):
                visit(word, name)
        open_groups.pop()
        done.add(name)

    for name in dialect.groups:
        visit(name, path)
    if not dialect.releases:
        raise rows.TableError(f"{path}: no release")


def emit(dialects):
    """C, in the shape of src/format/dialect.h."""
    pool, parts = Pool(), []
    for name, dialect in dialects.items():
        words, groups = [], []
        for group, held in sorted(dialect.groups.items()):
            groups.append(f"{{ {pool(group)}, {len(words)}, {len(held)} }}")
            words += [f"{{ {pool(word)}, {hexa(first, 32)}, {hexa(last, 32)} }}"
                      for word, first, last in held]
        releases = [f"{{ {hexa(number, 32)}, {kernel[0]} << 16 | {kernel[1]} }}"
                    for number, kernel in sorted(dialect.releases)]
        parts += [
            array("struct dialect_word", f"{name}_words", words, "static "),
            array("struct dialect_group", f"{name}_groups", groups, "static "),
            array("struct dialect_release", f"{name}_releases", releases,
                  "static "),
            f"const struct dialect dialect_{name} = {{\n"
            f"\t{name}_words, {name}_groups, {len(groups)},\n"
            f"\t{name}_releases, {len(releases)},\n}};\n"]
    text = "".join(f'\t{quote(word)} "\\0"\n' for word in pool.offsets)
    return f"const char dialect_text[] =\n{text};\n" + "".join(parts)
