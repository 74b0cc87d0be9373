#!/usr/bin/env -S python3 -B
"""The filters for Docker's default profile stay as short as they once were.

Usage: figures_test.py CALLGATE
CALLGATE_SHARED names the folder with data/oci; without it, a skip.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "house"))
from tap import Tap  # noqa: E402

PROFILE = "data/oci/resolved-moby-default-x86_64-defaultcaps.json"

# What stands under `rules:` for the calls whose arguments the profile looks at.
RULES = """
      rules:
        - socket(0..37)
        - socket(39)
        - socket(> 40)
        - personality({0, 8, 0x20000, 0x20008, 0xffffffff})
        - clone(&0x7e020000 == 0)
"""

# Which calls; on which ABIs; at what cost; instructions and, of usual programs,
# instructions executed for a call, at most.
SIZES = [
    ("numbers", "x86_64", "uncached", 49, 6.4),
    ("numbers", "x86_64", "size", 43, 10.0),
    ("all", "x86_64", "cached", 60, 11.0),
    ("all", "x86_64", "size", 58, 10.0),
    ("all", "x86_64, i386, x32", "cached", 165, 12.0),
    ("all", "x86_64, i386, x32", "size", 165, 12.0),
    ("all", "x86_64, i386, x32", "uncached", 170, 6.5),
    ("all", "x86_64, i386, x32", "balanced", 170, 6.5),
]

# Instructions executed at most for a call, at the cost `cached`.
CONDITIONAL = 3  # calls whose arguments decide
STEPS = [("socket(AF_INET)", 10), ("clone(SIGCHLD)", 8), ("clone3", 7)]


def run(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE,
                          text=True).stdout


def names_of(callgate, abi):
    return {json.loads(line)["name"] for line in
            run(callgate, "syscalls", "--arch", abi, "--json").splitlines()}


def policy(callgate, profile, which, abis):
    known = set().union(*(names_of(callgate, abi.strip())
                          for abi in abis.split(",")))
    allowed = {name for rule in profile["syscalls"]
               if rule["action"] == "SCMP_ACT_ALLOW" and not rule.get("args")
               for name in rule["names"]}
    text = ("seccomp:\n"
            "  default_action: errno\n"
            "  unknown: errno(EPERM)\n"
            "  foreign: errno(EPERM)\n"
            f"  architectures: [{abis}]\n"
            "  syscalls:\n")
    if which == "all":
        text += ("    - action: errno\n"
                 "      errno: ENOSYS\n"
                 "      names: [clone3]\n")
    text += ("    - action: allow\n"
             f"      names: [{', '.join(sorted(allowed & known))}]\n")
    return text + RULES.lstrip("\n") if which == "all" else text


def check_size(tap, callgate, path, row):
    which, abis, cost, insns, steps = row
    report = json.loads(run(callgate, "compile", "--report", "--json",
                            "--cost", cost, path))
    mix = report["abis"][0]["steps_mix"]
    tap.ok(report["proved"] and report["instructions"] <= insns and
           mix <= steps,
           f"{which}, {abis}, {cost}: {report['instructions']} instructions "
           f"of {insns}, {mix:.2f} executed of {steps}", report)
    # The kernel has no cache for x32's numbers.
    open_calls = CONDITIONAL if which == "all" else 0
    tap.ok(all(abi["cached"] == abi["allowed"] - open_calls
               for abi in report["abis"] if abi["abi"] != "x32"),
           f"{which}, {abis}, {cost}: all unconditional permissions cached",
           report)


def check_steps(tap, callgate, path, call, most):
    # A filter, not the policy: that is compiled at another cost by explain.
    filter_path = path.with_suffix(".bpf")
    run(callgate, "compile", "--cost", "cached", "--format", "raw",
        "--output", filter_path, path)
    outcome = json.loads(run(callgate, "explain", "--json", filter_path,
                             call))["outcomes"][0]
    tap.ok(outcome["steps"] <= most,
           f"{call}: {outcome['steps']} instructions executed of {most}",
           outcome)


def main():
    tap = Tap()
    callgate = sys.argv[1]
    shared = os.environ.get("CALLGATE_SHARED")
    if not shared or not (pathlib.Path(shared) / PROFILE).exists():
        tap.skip("figures", "CALLGATE_SHARED names no folder with data/oci")
        tap.done()
    profile = json.loads((pathlib.Path(shared) / PROFILE).read_text("utf-8"))
    with tempfile.TemporaryDirectory() as name:
        path = pathlib.Path(name) / "policy.yml"
        for row in SIZES:
            path.write_text(policy(callgate, profile, row[0], row[1]), "utf-8")
            check_size(tap, callgate, path, row)
        path.write_text(policy(callgate, profile, "all", "x86_64"), "utf-8")
        for call, most in STEPS:
            check_steps(tap, callgate, path, call, most)
    tap.done()


if __name__ == "__main__":
    main()
