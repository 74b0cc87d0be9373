#!/usr/bin/env -S python3 -B
"""The main use of each verb: its answer, its exit status, and --json.

usage: verbs_test.py CALLGATE
"""

import json
import re
import struct
import subprocess

from cli import begin, check

POLICY = """\
seccomp:
  default_action: allow
  syscalls:
    - action: errno
      names: [bind]
      rules:
        - socket(AF_INET)
"""
STRICT = POLICY.replace("[bind]", "[bind, listen]")
MANY = """\
seccomp:
  default_action: allow
  architectures: [i386]
  syscalls:
    - action: errno
      names: [getuid, getpid]
      rules: [personality(3)]
"""
NONE = """\
seccomp:
  default_action: allow
  architectures: [i386]
  syscalls:
    - {action: allow, names: [getpid]}
"""
TABLE = "bind -> errno(EPERM)\nsocket(AF_UNIX, _, _) -> allow\n"
WRONG = "bind -> allow\n"
OFF = "seccomp: {enabled: false}\n"
MORE = """\
seccomp:
  registered: extend
  syscalls: [{action: allow, names: [listen]}]
"""

# As Elastic's profiler keeps them; the last of BLOCK is misspelt there, too.
ALLOW = "# pthread\nmprotect\nset_robust_list\n\naccess,open;stat\nfcntl64\n"
BLOCK = "chdir chroot execve execveat fork\nvfork\nunmount2\n"

# name, arguments, exit status, all of stdout, all of stderr
ROWS = [
    ("version", ["--version"], 0, r"callgate [0-9.]+\n", ""),
    ("help", ["--help"], 0, r"usage: callgate COMMAND.*doctor.*", ""),
    ("no verb", [], 2, "",
     r"callgate: no command given\ntry: callgate --help\n"),
    ("compile: checked", ["compile", "--check", "policy"], 0, "", ""),
    ("compile: listing", ["compile", "-f", "listing", "policy"], 0,
     r".*ret .*", ""),
    ("compile: C", ["compile", "-f", "c", "-n", "mine", "policy"], 0,
     r".*\bmine\b.*\{.*", ""),
    ("compile: assembly", ["compile", "-f", "asm", "policy"], 0, r".*ret .*",
     ""),
    ("compile: no such format", ["compile", "-f", "elf", "policy"], 2, "",
     r"callgate: .*'elf'.*raw.*\n"),
    *[(f"compile: cost {cost}",
       ["compile", "-f", "listing", "--cost", cost, "policy"], 0, r".*ret .*",
       "") for cost in ("cached", "uncached", "balanced", "size", "depth")],
    ("compile: no such cost", ["compile", "--cost", "gold", "policy"], 2, "",
     r"callgate: .*'gold'.*balanced.*\n"),
    ("compile: what parts need",
     ["compile", "-f", "asm", "--need", "web=write bind,socket(AF_UNIX, any)",
      "--refuse", "boss=execve"], 2, "",
     r"callgate: web: .*'any'.*\n"),
    ("compile: a part with a policy",
     ["compile", "--check", "--need", "web=write", "--need-policy",
      "core=policy"], 0, "", ""),
    ("compile: a part with a preset",
     ["compile", "--check", "--need-policy", "core=no-exec"], 0, "", ""),
    ("compile: a part with what is none",
     ["compile", "--check", "--need-policy", "core=nothere"], 2, "",
     r"callgate: .*'nothere'\n"),
    ("compile: a part and what it needs",
     ["compile", "-f", "asm", "--need", "web=write bind,socket(AF_UNIX)",
      "--need", "log=fsync", "--refuse", "boss=execve"], 0, r".*ret .*", ""),
    ("compile: a part that needs nothing", ["compile", "--need", "web"], 2, "",
     r"callgate: --need takes who and what, .*'web'\n"),
    ("compile: a call that is none",
     ["compile", "--need", "web=opne"], 2, "",
     r"callgate: web: .*'opne' \(did you mean 'open'\?\)\n"),
    ("compile: parts and a policy",
     ["compile", "--need", "web=bind", "policy"], 2, "",
     r"callgate: two policies: .*\n"),
    ("compile: parts on another machine",
     ["compile", "--need", "web=bind", "-a", "sparc64"], 2, "",
     r"callgate: .*sparc64\n"),
    ("compile: switched off by the user",
     ["compile", "--need", "web=bind", "--registered", "off"], 1, "",
     r"callgate: off switches the policy off .*\n"),
    ("compile: the user's configuration extends",
     ["compile", "--check", "--need", "web=bind", "--registered", "more"], 0,
     "", ""),
    ("compile: no such architecture", ["compile", "-a", "pdp11", "policy"], 2,
     "", r"callgate: .*'pdp11'.*\n"),
    ("BT7: a file of names to refuse",
     ["compile", "--check", "-a", "x86_64", "--drop", "./block"], 0, "",
     r"callgate: \./block:3: x86_64 has no call 'unmount2'; it is left out; "
     r"did you mean 'umount2'\?\n"),
    ("BT7: a file of names to allow",
     ["compile", "--check", "-a", "x86_64", "--keep", "./allow"], 0, "",
     r"callgate: \./allow:6: x86_64 has no call 'fcntl64'; it is left out\n"),
    ("BT7: the same for another architecture",
     ["compile", "--check", "-a", "arm64", "--keep", "./allow"], 0, "",
     r".*'access'.*'open'.*'stat'.*'fcntl64'.*"),
    ("a list of what is nowhere", ["compile", "--check", "--drop", "./none"],
     2, "", r"callgate: cannot open \./none: No such file or directory\n"),
    ("B14: a misspelt name on the command line",
     ["compile", "--check", "--drop", "unmount2"], 2, "",
     r".*'unmount2' \(did you mean 'umount2'\?\)\n"),
    ("explain: by a rule", ["explain", "policy", "bind(3, _, 16)"], 0,
     r".*errno\(EPERM\).*policy:5:15.*", ""),
    ("explain: by the default", ["explain", "policy", "getpid"], 0,
     r".*allow.*", ""),
    ("explain: both answers", ["explain", "policy", "socket"], 0,
     r".*errno\(EPERM\).*allow.*|.*allow.*errno\(EPERM\).*", ""),
    ("explain: no such call", ["explain", "policy", "bnid"], 2, "",
     r"callgate: .*bnid.*did you mean.*bind.*\n"),
    ("explain: too many arguments", ["explain", "policy", "bind(1,2,3,4)"], 2,
     "", r"callgate: CALL:1:1: bind has 3 arguments, not 4\n(.*\n)*"),
    ("diff: equal", ["diff", "policy", "policy"], 0,
     r"policy and policy answer every call alike\n", ""),
    ("diff: not equal", ["diff", "strict", "policy"], 1,
     r".*\blisten\b.*errno\(EPERM\).*allow.*", ""),
    ("diff: what differs alike, in one line",
     ["diff", "-a", "i386", "./many", "./none-of-it"], 1,
     r"- i386     getpid, getuid: errno\(EPERM\), then allow\n"
     r"- i386     personality\(personality == 3\): errno\(EPERM\), then "
     r"allow\n.*", ""),
    ("diff: a call for each line",
     ["diff", "-w", "-a", "i386", "./many", "./none-of-it"], 1,
     r"- i386     getpid: .*\n           such as getpid\(\)\n- i386     "
     r"getuid: .*\n.*personality == 3.*\n           such as "
     r"personality\(3\)\n.*", ""),
    ("diff: only the status", ["diff", "-q", "strict", "policy"], 1, "", ""),
    ("diff: a subset", ["diff", "-q", "--subset", "strict", "policy"], 0, "",
     ""),
    ("diff: no subset", ["diff", "-q", "--subset", "policy", "strict"], 1, "",
     ""),
    ("diff: told, equal", ["diff", "-qt", "policy", "policy"], 0, "", ""),
    ("diff: told, stricter", ["diff", "-qt", "strict", "policy"], 10, "", ""),
    ("diff: told, looser", ["diff", "-qt", "policy", "strict"], 11, "", ""),
    ("diff: told, different", ["diff", "-qt", "policy", "no-exec"], 12, "",
     ""),
    ("merge: what any allows", ["merge", "policy", "strict"], 0,
     r"# What any of these allow.*\n#   policy\n#   strict\nseccomp:\n.*", ""),
    ("merge: what all allow", ["merge", "-i", "policy", "no-exec"], 0,
     r"# What all of .*\bbind\b.*|# What all of .*\bexecve\b.*", ""),
    ("merge: as JSON", ["merge", "--json", "policy", "strict"], 0,
     r"\{\n  \"seccomp\": \{.*\}\n\}\n", ""),
    ("merge: nothing named", ["merge"], 2, "", r"callgate: .*\n(.*\n)*"),
    ("dump: as a policy", ["dump", "--policy", "filter.bpf"], 0,
     r"seccomp:\n.*\bbind\b.*", ""),
    ("dump: a policy anew", ["dump", "-P", "policy"], 0,
     r"seccomp:\n.*\bbind\b.*", ""),
    ("test: all right", ["test", "policy", "table"], 0,
     r"ok 1 - .*ok 2 - .*1\.\.2\n", ""),
    ("test: one wrong", ["test", "policy", "wrong"], 1,
     r".*not ok 1 - .*1\.\.1\n", ""),
    ("dump: a policy", ["dump", "policy"], 0, r".*\bret\b.*", ""),
    ("dump: BPF bytes", ["dump", "filter.bpf"], 0, r".*\bret\b.*", ""),
    ("syscalls: by name", ["syscalls", "-a", "x86_64", "bind"], 0,
     r".*\bbind\b.*49.*|.*49.*\bbind\b.*", ""),
    ("syscalls: by number", ["syscalls", "-a", "x86_64", "49"], 0,
     r".*\bbind\b.*", ""),
    ("syscalls: not found", ["syscalls", "bnid"], 1, "",
     r"callgate: .*'bnid'; did you mean 'bind'\?\n"),
    ("syscalls: architectures", ["syscalls", "--abis"], 0,
     r".*\bx86_64\b.*\baarch64\b.*|.*\baarch64\b.*\bx86_64\b.*", ""),
    ("syscalls: groups", ["syscalls", "--groups"], 0, r".*@\S+.*", ""),
    ("syscalls: presets", ["syscalls", "--presets"], 0, r".*no-network.*", ""),
    ("explain: a filter, by the way through it",
     ["explain", "filter.bpf", "bind(3, _, 16)"], 0,
     r".*errno\(EPERM\)\n  after \d+ instructions\n +0  ld .*: (yes|no)\n.*"
     r"ret .*; .*errno\(EPERM\)\n", ""),
    ("explain: no call", ["explain", "policy"], 2, "",
     r"callgate: explain wants a call.*\n"),
    ("explain: a policy's way", ["explain", "--path", "policy", "getpid"], 0,
     r".*default_action.*\n +0  ld .*", ""),
    ("dump: nothing named", ["dump"], 2, "", r".*FILTER, or --pid PID\n"),
    ("dump: no id", ["dump", "--pid", "x1"], 2, "", r".*'x1' is no id.*\n"),
    ("dump: no process", ["dump", "--pid", "2147483647"], 3, "",
     r".*there is no thread 2147483647.*\n"),
    ("diff: no process", ["diff", "policy", "pid:2147483647"], 3, "",
     r".*there is no thread 2147483647.*\n"),
    ("ps", ["ps"], 0, r".*\d+ of \d+ processes are confined\n", ".*"),
    ("doctor", ["doctor"], 0, r".*seccomp.*", ""),
]

# arguments, exit status, keys of each object
JSON = [
    (["compile", "--report", "--json", "policy"], 0, {"instructions", "abis"}),
    (["explain", "--json", "policy", "bind(3)", "socket"], 0,
     {"call", "outcomes"}),
    (["diff", "--json", "policy", "policy"], 0, {"relation", "differences"}),
    (["diff", "--json", "strict", "policy"], 1, {"relation", "differences"}),
    (["diff", "--json", "./many", "./none-of-it"], 1,
     {"relation", "differences"}),
    (["dump", "--json", "policy"], 0, {"instructions", "big_endian"}),
    (["explain", "--json", "filter.bpf", "bind(3)"], 0, {"call", "outcomes"}),
    (["ps", "--json"], 0, {"seen", "groups"}),
    (["syscalls", "--json", "bind"], 0, {"name", "nr", "arguments"}),
    (["syscalls", "--json"], 0, {"name", "nr"}),
    (["syscalls", "--json", "--abis"], 0, {"name"}),
    (["syscalls", "--json", "--groups"], 0, {"name"}),
    (["doctor", "--json"], 0, {"release", "seccomp"}),
]


def test_json(tap, callgate):
    for words, status, keys in JSON:
        got = callgate(*words)
        lines = got.out.splitlines()
        why = []
        for line in lines:
            try:
                value = json.loads(line)
                missing = keys - value.keys()
            except (ValueError, AttributeError) as error:
                missing = {str(error)}
            if missing:
                why.append(f"{sorted(missing)} in {line[:200]}")
        tap.ok(got.status == status and lines and not why,
               " ".join(words), f"status {got.status}", *why[:3], got.err)


def test_filter_bytes(tap, callgate):
    """What is compiled is what others read: struct sock_filter, whole."""
    got = callgate("compile", "policy", "-o", "filter.bpf")
    size = (callgate.folder / "filter.bpf").stat().st_size
    tap.ok(got.status == 0 and size > 0 and size % 8 == 0,
           "compile -o writes whole instructions", got.err, size)
    piped = subprocess.run([callgate.path, "compile", "policy"], check=True,
                           capture_output=True, cwd=callgate.folder).stdout
    tap.ok(piped == (callgate.folder / "filter.bpf").read_bytes(),
           "a pipe gets the same bytes")
    got = callgate("diff", "filter.bpf", "policy")
    tap.ok(got.status == 0, "the bytes equal their policy", got.out, got.err)
    for words in (("explain", "-", "bind"), ("diff", "policy", "-"),
                  ("lint", "-"), ("dump", "-")):
        named = callgate(*["policy" if word == "-" else word
                           for word in words])
        got = callgate(*words, text=POLICY)
        tap.ok(got.status == named.status and
               got.out.replace("/dev/stdin", "policy") ==
               named.out.replace("/dev/stdin", "policy").replace(
                   "policy and policy", "policy and -"),
               f"{words[0]}: - is standard input", got, named)
    got = callgate("run", "-p", "-", "--", "/bin/true", text=POLICY)
    tap.ok(got.status == 0, "run: a policy from standard input", got)
    got = callgate("explain", "./-", "bind", text=POLICY)
    tap.ok(got.status == 2 and not got.out, "./- is a file", got)
    got = callgate("compile", "/dev/stdin", text=POLICY)
    tap.ok(got.status == 0 and got.out, "a policy from a pipe", got.err)


def test_unknown_actions(tap, callgate):
    """What the kernel does not know it kills for, however large it is."""
    def filter_of(name, answer):
        (callgate.folder / name).write_bytes(
            struct.pack("=HBBI", 6, 0, 0, answer))

    filter_of("odd", 0x7ffe0000)
    for name, answer, wanted in (("errno", 0x50001, r"errno\(EPERM\)"),
                                 ("log", 0x7ffc0000, "log")):
        filter_of(name, answer)
        for order in ("odd", name), (name, "odd"):
            got = callgate("merge", *order)
            tap.ok(got.status == 0 and
                   re.search(f"default_action: {wanted}", got.out),
                   f"merge {' '.join(order)}: the other is looser", got)
            got = callgate("merge", "--intersect", *order)
            tap.ok(got.status == 2 and not got.out and "0x7ffe0000" in got.err,
                   f"merge -i {' '.join(order)}: it is stricter, and has no "
                   f"name", got)
    filter_of("kill", 0x80000000)
    got = callgate("merge", "--intersect", "odd", "kill")
    tap.ok(got.status == 0 and "default_action: kill_process" in got.out,
           "merge -i odd kill: as strict, with a name", got)


def test_regions(tap, callgate):
    """Where two filters differ, for a program."""
    got = json.loads(callgate("diff", "--json", "./many", "./none-of-it").out)
    of = {d["call"]: d for d in got["differences"]}
    tap.ok(set(of) == {"getpid", "getuid", "personality"} and
           all(d["exact"] and d["abi"] == "i386" for d in of.values()),
           "diff --json: each call", got)
    tap.ok(of.get("personality", {}).get("regions") == [{
        "relation": "stricter", "witness": "personality(3)",
        "left": "errno(EPERM)", "right": "allow",
        "conditions": ["personality == 3"],
        "tests": [[{"argument": 0, "mask": "0xffffffff", "op": "==",
                    "value": "0x3"}]]}],
           "diff --json: a region, as tests and in words", got)
    tap.ok(of.get("getpid", {}).get("regions", [{}])[0].get("tests") == [[]],
           "diff --json: no test where every call is one", got)


def test_output(tap, callgate):
    """A file is replaced whole or not at all; what is no file stays it."""
    callgate.write("old", "as it was")
    got = callgate("compile", "--drop", "bnid", "-o", "old")
    tap.ok(got.status == 2 and
           (callgate.folder / "old").read_text() == "as it was",
           "a failure leaves the old file", got.err)
    (callgate.folder / "link").symlink_to("target")
    callgate.write("target", "")
    got = callgate("compile", "policy", "-o", "link")
    tap.ok(got.status == 0 and (callgate.folder / "link").is_symlink() and
           (callgate.folder / "target").stat().st_size > 0,
           "a link is followed", got.err)
    (callgate.folder / "full").symlink_to("/dev/full")
    check(tap, "a device that is full",
          callgate("compile", "policy", "-o", "full"), 3,
          err=r"callgate: full: cannot write: No space left on device\n")
    tap.ok((callgate.folder / "full").is_char_device(), "it stays a device")
    left = [path.name for path in callgate.folder.iterdir()
            if path.name.startswith(("old.", "link.", "full.", "target."))]
    tap.ok(not left, "nothing is left beside them", *left)


def test_full(tap, callgate):
    """An answer that could not be written is no success."""
    for words in (["compile", "policy"], ["explain", "policy", "bind"],
                  ["diff", "strict", "policy"], ["test", "policy", "table"],
                  ["dump", "policy"], ["syscalls"], ["doctor"], ["--help"],
                  ["--version"], ["run", "--help"]):
        with open("/dev/full", "wb") as full:
            got = callgate(*words, stdout=full)
        check(tap, f"{' '.join(words)} >/dev/full", got, 3,
              err=r"callgate: cannot write the output: "
                  r"No space left on device\n")


def main():
    callgate, tap = begin()
    for name, text in (("policy", POLICY), ("strict", STRICT),
                       ("many", MANY), ("none-of-it", NONE),
                       ("table", TABLE), ("wrong", WRONG),
                       ("allow", ALLOW), ("block", BLOCK), ("off", OFF),
                       ("more", MORE)):
        callgate.write(name, text)
    test_filter_bytes(tap, callgate)
    test_unknown_actions(tap, callgate)
    for name, words, status, out, err in ROWS:
        check(tap, name, callgate(*words), status, out, err)
    test_json(tap, callgate)
    test_regions(tap, callgate)
    test_output(tap, callgate)
    test_full(tap, callgate)
    tap.done()


main()
