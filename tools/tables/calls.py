"""arch.tbl, syscalls.tbl and aliases.tbl: ABIs, and the numbers they use."""

from dataclasses import dataclass, field

from . import rows

YES_NO = {"yes": True, "no": False}
ENDIANS = {"big": True, "little": False}
COLUMNS_MAX = 32  # overrides of constants keep columns as bits of 32
ABIS_MAX = 64     # layouts keep ABIs as bits of 64


@dataclass
class Abi:
    name: str
    audit: int
    base: int
    first: int
    last: int
    bits: int
    big: bool
    seccomp: bool
    cache: bool
    native: str
    column: str
    aliases: list


@dataclass
class Call:
    name: str
    since: tuple
    row: rows.Row
    numbers: dict = field(default_factory=dict)   # column -> number
    releases: dict = field(default_factory=dict)  # column -> release


@dataclass
class Calls:
    kernel: tuple
    columns: list
    calls: dict  # name -> Call, sorted by name

    def index(self, name):
        return self._places[name]

    def finish(self):
        self.calls = dict(sorted(self.calls.items()))
        self._places = {name: i for i, name in enumerate(self.calls)}


def read_abis(path):
    abis, names = {}, set()
    for row in rows.read(path):
        words = row.want(11, 40)
        whole = 2**32 - 1
        abi = Abi(row.name(words[0]), row.number(words[1], whole),
                  *(row.number(word, whole) for word in words[2:5]),
                  row.number(words[5], 64, 32),
                  row.one_of(words[6], ENDIANS), row.one_of(words[7], YES_NO),
                  row.one_of(words[8], YES_NO),
                  None if words[9] == "-" else words[9], words[10], words[11:])
        check_abi(row, abi, abis)
        for name in [abi.name] + [a for a in abi.aliases if a != abi.name]:
            rows.unique(row, names, name, "the name")
            names.add(name)
        abis[abi.name] = abi
    if len(abis) > ABIS_MAX:
        raise rows.TableError(f"{path}: more than {ABIS_MAX} ABIs")
    return abis


def check_abi(row, abi, before):
    if abi.bits not in (32, 64):
        raise row.error("an ABI has 32 or 64 bits")
    if abi.first > abi.last:
        raise row.error("the range of numbers is empty")
    if abi.native and abi.native not in before:
        raise row.error(f"native ABI '{abi.native}' has no row above")
    if not abi.native and any(other.native for other in before.values()):
        raise row.error("ABIs that stand for themselves come before guests")
    for other in before.values():
        if other.column == abi.column and other.base != abi.base:
            raise row.error(f"column '{abi.column}' has two bases")


def join_continued(table):
    """Rows indented twice belong to the row before them."""
    joined = []
    for row in table:
        if row.indent >= 2 and joined:
            joined[-1].words += row.words
        else:
            joined.append(row)
    return joined


def read_calls(path, abis):
    table = join_continued(rows.read(path))
    if [row.words[0] for row in table[:2]] != ["kernel", "columns"]:
        raise rows.TableError(f"{path}:1: 'kernel' and 'columns' come first")
    columns = table[1].words[1:]
    if len(columns) > COLUMNS_MAX or len(set(columns)) != len(columns):
        raise table[1].error(f"at most {COLUMNS_MAX} columns, each once")
    result = Calls(table[0].release(table[0].want(2)[1]), columns, {})
    call = None
    for row in table[2:]:
        if row.indent == 0:
            call = start_call(row, result)
        else:
            add_fact(row, call, result)
    check_calls(path, result, abis)
    result.finish()
    return result


def start_call(row, result):
    words = row.want(2)
    name = row.name(words[0], r"[a-z_][a-z0-9_]*")
    rows.unique(row, result.calls, name, "the call")
    call = Call(name, row.release(words[1]), row)
    result.calls[name] = call
    return call


def add_fact(row, call, result):
    if call is None:
        raise row.error("this row belongs to no call")
    if row.words[0] == "since":
        row.want(3, 2 + COLUMNS_MAX)
        value, columns = row.release(row.words[1]), row.words[2:]
        table = call.releases
    else:
        row.want(2, 1 + COLUMNS_MAX)
        value, columns = row.number(row.words[0], 0xffffff), row.words[1:]
        table = call.numbers
    for column in columns:
        row.one_of(column, result.columns)
        rows.unique(row, table, column, "the column")
        table[column] = value


def check_calls(path, result, abis):
    taken = {}
    for call in result.calls.values():
        if not call.numbers:
            raise call.row.error(f"'{call.name}' has no number anywhere")
        if not call.releases.keys() <= call.numbers.keys():
            raise call.row.error("a release for a column without the call")
        newest = max([call.since, *call.releases.values()])
        if newest > result.kernel:
            raise call.row.error("newer than 'kernel' at the top says")
        for place in call.numbers.items():
            if place in taken:
                raise call.row.error(f"number {place[1]} on {place[0]} is "
                                     f"'{taken[place]}' already")
            taken[place] = call.name
    used = {abi.column for abi in abis.values()}
    if used != set(result.columns):
        raise rows.TableError(f"{path}: columns {used ^ set(result.columns)} "
                              "are only here or only in arch.tbl")


def read_aliases(path, calls):
    aliases = {}
    for row in rows.read(path):
        alias, name = row.want(2)
        row.one_of(name, list(calls.calls))
        if alias in calls.calls:
            raise row.error(f"'{alias}' is a call of its own")
        rows.unique(row, aliases, row.name(alias), "the alias")
        aliases[alias] = name
    return aliases


def read_unfilterable(path, abis, calls):
    """(ABI, number as filters see it, release), by row."""
    facts = []
    for row in rows.read(path):
        abi, name, since = row.want(3)
        abi = row.one_of(abi, abis)
        call = row.one_of(name, calls.calls)
        if abi.column not in call.numbers:
            raise row.error(f"{abi.name} has no {name}")
        facts.append((abi.name, call.numbers[abi.column] + abi.base,
                      row.release(since)))
    return facts


def read_mix(path, calls):
    """How often each call is made, in parts of a million, by name."""
    mix = {}
    for row in rows.read(path):
        name, parts = row.want(2)
        row.one_of(name, list(calls.calls))
        rows.unique(row, mix, name, "the call")
        mix[name] = row.number(parts, 1000000, 1)
    return mix
