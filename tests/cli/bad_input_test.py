#!/usr/bin/env -S python3 -B
"""Bad input: a clear message, the right status, and nothing has run.

usage: bad_input_test.py CALLGATE
"""

import os
import re

from cli import MARKER, begin, check

HEAD = "seccomp:\n  default_action: allow\n  syscalls:\n  - action: errno\n"
GOOD = HEAD + "    names: [bind]\n"


def condition(value):
    return (HEAD + "    names_with_args:\n    - name: socket\n      arguments:\n"
            "      - argument: 0\n        operation: Equal\n"
            f"        value: {value}\n")


def bomb():
    """Nine levels of nine: what it stands for is 9^9 values."""
    lines = ["a: &a [x,x,x,x,x,x,x,x,x]"]
    for above, name in zip("abcdefgh", "bcdefghi"):
        lines.append(f"{name}: &{name} [{','.join(['*' + above] * 9)}]")
    return "\n".join(lines) + "\n"


def too_long():
    rules = "".join(f"    - ioctl(_, {n * 7919 + 1}, {n * 104729 + 3})\n"
                    for n in range(3000))
    return HEAD + "    rules:\n" + rules


SHOWN = r"     *\d+ \| [^\n]*\n *\| *\^\n"  # the line, and a caret below it


def at(place, words):
    """The message of a fault in a file, with its line shown."""
    return rf"callgate: policy:{place}: [^\n]*{words}[^\n]*\n{SHOWN}"


# name, content of the policy, all of stderr
CONTENTS = [
    ("empty file", "", r"callgate: policy:?[^\n]*\n(" + SHOWN + ")?"),
    ("20,000 brackets", "[" * 20000 + "]" * 20000, at("1:33", "32 levels")),
    ("20,000 braces", "{" * 20000, r"callgate: policy:1:\d+: .*"),
    ("alias bomb", bomb(), at(r"\d+:\d+", "more than 262144 values")),
    ("duplicate key", "seccomp:\n  default_action: allow\n"
     "  default_action: errno\n", at("3:3", "duplicate key 'default_action'")),
    ("invalid UTF-8", b"seccomp:\n  default_action: al\xfflow\n",
     at("2:21", "not UTF-8: byte 0xff")),
    ("NUL byte", b"seccomp:\n  default_action: allow\0\n",
     at("2:24", r"NUL byte")),
    ("value -1", condition("-1"), at("10:16", "'-1' is below 0")),
    ("value 2^64", condition("18446744073709551616"),
     at("10:16", "'18446744073709551616' does not fit 64 bits")),
    ("value that is no number", condition("many"), at("10:16", "'many'")),
    ("unknown call", GOOD.replace("bind", "bnid"),
     at("5:13", r"'bnid' \(did you mean 'bind'\?\)")),
    ("unknown action", GOOD.replace("action: errno", "action: erno"),
     at("4:13", "'erno'.*did you mean 'errno'")),
    ("unknown key", GOOD.replace("names", "nmaes"),
     at("5:5", "'nmaes'.*did you mean 'names'")),
    ("no default action", GOOD.replace("  default_action: allow\n", ""),
     at(r"\d+:\d+", "default_action")),
    ("not YAML", "seccomp: [bind\n", r"callgate: policy:\d+:\d+: .*"),
    ("JSON, cut off", '{"seccomp": {"default_action"',
     r"callgate: policy:\d+:\d+: .*"),
    ("escapes in a name", GOOD.replace("bind", r'"\x1b]0;owned\x07"'),
     at("5:13", r"'\?\]0;owned\?'")),
    ("escapes of 8 bits in a name", GOOD.replace("bind", r'"\x9b2J\x7f"'),
     at("5:13", r"'\?\?2J\?'")),
    ("umlauts in a name", GOOD.replace("bind", "b\u00efnd"),
     at("5:13", "'b\u00efnd'")),
    ("raw escapes", HEAD.encode() + b"    names: [\x1b[2J, \xc2\x9b2J, bnid]",
     r"callgate: policy:5:\d+: [^\x1b\x80-\x9f]*"),
    ("more than 4096 instructions", too_long(),
     r"callgate: the policy needs \d+ instructions; the kernel takes 4096\n"),
    ("100 MiB", None, r"callgate: policy is larger than \d+ bytes\n"),
]

RUN = ["--", "touch", MARKER]
# name, arguments, exit status, all of stderr
USAGE = [
    ("a folder as policy", ["run", "-p", ".", *RUN], 2,
     r"callgate: \. is a directory, not a file\n"),
    ("no such policy", ["run", "-p", "nowhere", *RUN], 2,
     r"callgate: cannot open nowhere: No such file or directory\n"),
    ("run without a command", ["run", "--drop", "bind"], 2,
     r"callgate: .*usage: callgate run .*try: callgate run --help\n"),
    ("run without a policy", ["run", *RUN], 2, r"callgate: .*--policy.*"),
    ("run under nothing", ["run", "--drop", "", *RUN], 2,
     r"callgate: --drop names no call\n"),
    ("a policy and a list", ["run", "-p", "good", "--drop", "bind", *RUN], 2,
     r"callgate: only one of --policy, .*\n"),
    ("two lists", ["run", "--keep", "bind", "--drop", "bind", *RUN], 2,
     r"callgate: only one of --policy, .*\n"),
    ("unknown option", ["run", "--dorp", "bind", *RUN], 2,
     r"callgate: run has no option '--dorp'; did you mean '--drop'\?\n.*"),
    ("unknown letter", ["run", "-Z", *RUN], 2, r"callgate: .*'-Z'.*"),
    ("an option that wants a value", ["compile", "--drop"], 2,
     r"callgate: .*--drop.*"),
    ("a value for a flag", ["run", "--explain=no", "--drop", "bind", *RUN], 2,
     r"callgate: .*--explain.*"),
    ("unknown verb", ["rum", *RUN], 2,
     r"callgate: no command is called 'rum'; did you mean 'run'\?\n.*"),
    ("unknown call in a list", ["run", "--drop", "bnid", *RUN], 2,
     r"callgate: --drop: .*'bnid' \(did you mean 'bind'\?\)\n"),
    ("unknown group in a list", ["run", "--drop", "@nothing", *RUN], 2,
     r"callgate: --drop: .*nothing.*\n"),
    ("unknown preset", ["run", "--preset", "nothing", *RUN], 2,
     r"callgate: .*nothing.*"),
    ("modes that contradict", ["run", "--explain", "--no-explain", "--drop",
                               "bind", *RUN], 2,
     r"callgate: --explain and --no-explain contradict each other\n"),
    ("command not found", ["run", "--drop", "bind", "--", "no-such-command"],
     127, r"callgate: .*no-such-command: No such file or directory\n"),
    ("command with a path, not found", ["run", "--drop", "bind", "./nowhere"],
     127, r"callgate: .*\./nowhere: No such file or directory\n"),
    ("command below a file", ["run", "--drop", "bind", "./good/x"], 127,
     r"callgate: .*\./good/x: Not a directory\n"),
    ("not executable", ["run", "--drop", "bind", "./good"], 126,
     r"callgate: .*\./good: Permission denied\n"),
    ("no program", ["run", "--drop", "bind", "./text"], 126,
     r"callgate: .*\./text: Exec format error\n"),
    ("a folder as command", ["run", "--drop", "bind", "/"], 126,
     r"callgate: .*/: Permission denied\n"),
    ("the same before exec", ["run", "--before-exec", "--drop", "bind",
                              "no-such-command"], 127,
     r"callgate: .*no-such-command: No such file or directory\n"),
    ("explain: not a call", ["explain", "good", "bind(1"], 2, r"callgate: .*"),
    ("diff: one operand", ["diff", "good"], 2, r"callgate: .*usage: .*"),
    ("dump: half an instruction", ["dump", "half"], 2, r"callgate: half.*"),
    ("test: no such table", ["test", "good", "nowhere"], 2,
     r"callgate: .*nowhere: No such file or directory\n"),
    ("test: a row that is none", ["test", "good", "text"], 2,
     r"callgate: text:1: .*"),
    ("compile: no such folder", ["compile", "good", "-o", "no/where"], 3,
     r"callgate: .*no/where.*: No such file or directory\n"),
]

# What each of these asks of `policy` or --drop, it must be refused by.
VERBS = [["compile"], ["compile", "--check"], ["dump"]]


def test_contents(tap, callgate):
    for name, content, err in CONTENTS:
        if content is None:
            with open(callgate.folder / "policy", "wb") as file:
                file.truncate(100 << 20)
        else:
            callgate.write("policy", content)
        check(tap, f"run: {name}", callgate("run", "-p", "policy", *RUN), 2,
              err=err)
        tap.ok(not callgate.marked(), f"{name}: nothing ran")
        for verb in VERBS:
            got = callgate(*verb, "policy")
            tap.ok(got.status == 2 and not got.out and got.err,
                   f"{' '.join(verb)}: {name}", got)


def test_usage(tap, callgate):
    callgate.write("good", GOOD)
    callgate.write("text", "neither a program nor a script\n")
    callgate.write("half", b"\x06\0\0\0")
    (callgate.folder / "text").chmod(0o755)
    for name, words, status, err in USAGE:
        check(tap, name, callgate(*words), status, err=err)
        tap.ok(not callgate.marked(), f"{name}: nothing ran")
    # The last counts, and it alone is read.
    got = callgate("run", "-p", "good", "-p", "nowhere", *RUN)
    tap.ok(got.status == 2 and not callgate.marked(),
           "--policy twice, the last is bad", got)
    got = callgate("run", "--before-exec", "-p", "nowhere", "-p", "good", *RUN)
    tap.ok(got.status == 0 and callgate.marked(),
           "--policy twice, the last is good", got)


def test_unreadable(tap, callgate):
    callgate.write("secret", GOOD)
    (callgate.folder / "secret").chmod(0)
    if os.geteuid() != 0:
        who = "an ordinary user"
    else:
        who = "nobody"
    check(tap, f"a policy that {who} may not read",
          callgate("run", "-p", "secret", *RUN, nobody=True), 2,
          err=r"callgate: cannot open secret: Permission denied\n")
    tap.ok(not callgate.marked(), "unreadable: nothing ran")


def test_names(tap, callgate):
    """What a file is called is told, and changes nothing on a terminal."""
    name = "n\x1b[31m\u202e\u2028\n!"
    callgate.write(name, GOOD.replace("bind", "mount"))
    callgate.write("good", GOOD)
    callgate.write("calls", "mount -> al\x1b[31mlow\n")
    for words, status in ((("explain", name, "mount"), 0),
                          (("lint", name), 1),
                          (("diff", name, "good"), 1),
                          (("diff", name, name), 0),
                          (("merge", name, "good"), 0),
                          (("test", name, "calls"), 1),
                          (("test", name, "nowhere"), 2),
                          (("run", "-p", name, "--then", "good"), 2)):
        got = callgate(*words)
        said = got.out + got.err
        tap.ok(got.status == status and not re.search(
            "[\x1b\u202e\u2028]|^!", said, re.M),
            f"{words[0]}: a name that is no text", got)


def main():
    callgate, tap = begin()
    test_contents(tap, callgate)
    test_usage(tap, callgate)
    test_unreadable(tap, callgate)
    test_names(tap, callgate)
    # The marker itself can be made: else all of this would prove nothing.
    callgate.write("policy", GOOD)
    got = callgate("run", "--before-exec", "-p", "policy", *RUN, nobody=True)
    tap.ok(got.status == 0 and callgate.marked(), "a good policy runs", got)
    tap.done()


main()
