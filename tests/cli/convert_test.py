#!/usr/bin/env -S python3 -B
"""callgate convert, and foreign files with the verbs that take a policy."""

import json

import cli

PROFILE = json.dumps({
    "defaultAction": "SCMP_ACT_ERRNO",
    "archMap": [{"architecture": "SCMP_ARCH_X86_64",
                 "subArchitectures": ["SCMP_ARCH_X86"]}],
    "syscalls": [
        {"names": ["read", "write", "exit_group"],
         "action": "SCMP_ACT_ALLOW"},
        {"names": ["mount"], "action": "SCMP_ACT_ALLOW",
         "includes": {"caps": ["CAP_SYS_ADMIN"]}}]}, indent=1)
OWN = """\
seccomp:
  default_action: allow
  syscalls:
  - action: errno
    names: [mount, umount2]
"""
TWO = "".join(f"""\
---
apiVersion: security-profiles-operator.x-k8s.io/v1
kind: SeccompProfile
metadata: {{name: {name}}}
spec: {{defaultAction: {action}}}
""" for name, action in (("a", "SCMP_ACT_LOG"), ("b", "SCMP_ACT_ERRNO")))


def usage(tap, callgate):
    cli.check(tap, "formats and runtimes are listed",
              callgate("convert", "--list"), 0,
              r"formats:\n.*  oci +rw .*runtimes:\n.*  crun +.*")
    listed = json.loads(callgate("convert", "--list", "--json").out)
    names = {row["name"]: row for row in listed["formats"]}
    tap.ok(names["docker"]["reads"] and names["docker"]["writes"] and
           names["docker"]["runtime"] == "docker", "they are in JSON, too",
           listed)
    cli.check(tap, "no policy", callgate("convert", "--to", "oci"), 2,
              err="callgate: nothing to convert: give a policy\n")
    cli.check(tap, "no format", callgate("convert", "own.yml"), 2,
              err="callgate: no format to write: give --to FORMAT; --list "
              "lists them\n")
    cli.check(tap, "a misspelt format",
              callgate("convert", "own.yml", "--to", "dokcer"), 2,
              err="callgate: no format is called 'dokcer'; did you mean "
              "'docker'?.*")
    cli.check(tap, "a runtime that is none",
              callgate("convert", "p.json", "--for", "rnuc", "--to", "oci"),
              2, err="callgate: .*no runtime is called 'rnuc'; there are .*")
    cli.check(tap, "a capability that is none",
              callgate("convert", "p.json", "--caps", "default,+SYS_ADMN",
                       "--to", "oci"),
              2, err=".*did you mean 'CAP_SYS_ADMIN'.*")
    for option, value in (("--kernel", "6"), ("--libseccomp", "new")):
        cli.check(tap, f"{option} {value}",
                  callgate("convert", "p.json", option, value, "--to", "oci"),
                  2, err=f"callgate: '{value}' is no .*")


def conversions(tap, callgate):
    done = callgate("convert", "p.json", "--to", "oci", "-o", "out.json")
    cli.check(tap, "a profile of Docker's becomes OCI", done, 0)
    written = json.loads((callgate.folder / "out.json").read_text())
    tap.ok(written["architectures"] == ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"]
           and not any("mount" in rule["names"]
                       for rule in written["syscalls"]),
           "its conditions are resolved", written)
    cli.check(tap, "both mean the same",
              callgate("diff", "--for-b", "runc", "p.json", "out.json"), 0,
              "p.json and out.json answer every call alike\n")
    cli.check(tap, "runc reads the first otherwise",
              callgate("diff", "-q", "--for", "runc", "p.json", "out.json"),
              1)
    cli.check(tap, "what cannot be said is named",
              callgate("convert", "own.yml", "--to", "oci"), 1,
              err="callgate: .*; the nearest form lets no more through\n")
    near = callgate("convert", "own.yml", "--nearest", "--to", "oci")
    tap.ok(near.status == 0 and "SCMP_ACT_ALLOW" in near.out and
           "callgate: " in near.err, "or is a note", near)
    report = callgate("convert", "p.json", "--json", "--to", "spo", "-o",
                      "out.yml")
    said = json.loads(report.out)
    tap.ok(said["proved"] and said["exact"] and said["from"] == "docker",
           "a report in JSON", report)
    cli.check(tap, "a name for the object",
              callgate("convert", "p.json", "--to", "spo", "-n", "web"), 0,
              ".*\n  name: web\n.*")
    cli.check(tap, "a name that is none there",
              callgate("convert", "p.json", "--to", "spo", "-n", "Web!"), 2,
              err="callgate: 'Web!' is no name of an object in Kubernetes.*")
    cli.check(tap, "Callgate's own", callgate("convert", "p.json", "--to",
                                              "callgate"), 0,
              "seccomp:\n.*")


def verbs(tap, callgate):
    cli.check(tap, "explain, for docker",
              callgate("explain", "p.json", "mount()"), 0,
              r"mount\(\) on x86_64: errno\(EPERM\)\n.*")
    cli.check(tap, "explain, with a capability",
              callgate("explain", "--caps", "default,+SYS_ADMIN", "p.json",
                       "mount()"), 0,
              r"mount\(\) on x86_64: allow\n  by rule at p.json:\d+:\d+\n.*")
    cli.check(tap, "explain, for runc",
              callgate("explain", "--for", "runc", "p.json", "mount()"), 0,
              r"mount\(\) on x86_64: allow\n.*",
              ".*warning: runc passes over 'archMap'.*")
    cli.check(tap, "compile", callgate("compile", "-c", "p.json"), 0)
    cli.check(tap, "one of two", callgate("explain", "--item", "b", "two.yml",
                                          "getpid()"), 0,
              r"getpid\(\) on x86_64: errno\(EPERM\)\n.*")
    cli.check(tap, "two, and none is said",
              callgate("explain", "two.yml", "getpid()"), 2,
              err="callgate: two.yml:7:1: the file has 2 profiles: say which "
              "of a, b is meant\n.*")
    cli.check(tap, "a broken one",
              callgate("compile", "-c", "broken.json"), 2,
              err="callgate: broken.json:1:19: no action is called "
              "'SCMP_ACT_ALOW'; did you mean 'SCMP_ACT_ALLOW'.*")


def main():
    callgate, tap = cli.begin()
    callgate.write("p.json", PROFILE)
    callgate.write("own.yml", OWN)
    callgate.write("two.yml", TWO)
    callgate.write("broken.json", '{"defaultAction": "SCMP_ACT_ALOW"}')
    usage(tap, callgate)
    conversions(tap, callgate)
    verbs(tap, callgate)
    tap.done()


if __name__ == "__main__":
    main()
