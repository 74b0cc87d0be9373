#!/usr/bin/env -S python3 -B
"""Recording in real containers: what the payload calls, what its runtime calls
once the filter is on, and that the container starts under the policy.

usage: container_test.py CALLGATE TARGET
"""

import json
import os
import shutil
import signal
import subprocess
import time

from world import begin, is_root, missing_tools

PAYLOAD = ["/bin/sh", "-c", "echo hello; mkdir -p /tmp/x; ls / >/dev/null"]
# Calls that runtimes make on the way, and a small payload does not.
RUNTIMES_OWN = {"mount", "pivot_root", "sethostname", "unshare", "setns",
                "clone3", "umount2", "mknodat"}

# crun refuses a machine with two layouts of cgroups: it gets one of them, in a
# mount namespace of its own.
CRUN = """#!/bin/sh
exec unshare -m --propagation private sh -c 'd="$0.cgroups"; mkdir -p "$d"
mount -t tmpfs none "$d"; mkdir "$d/c"; mount -t cgroup2 none "$d/c"
mount --bind "$d/c" /sys/fs/cgroup; exec crun --cgroup-manager=disabled "$@"' "$0" "$@"
"""


def make_bundle(world):
    root = world.path("bundle/rootfs")
    for name in "bin dev proc sys tmp etc".split():
        (root / name).mkdir(parents=True)
    shutil.copy(shutil.which("busybox"), root / "bin/busybox")
    for name in "sh echo mkdir ls sleep".split():
        (root / "bin" / name).symlink_to("busybox")


def configure(world, seccomp, args, no_new_privs=True):
    path = world.path("bundle/config.json")
    if not path.exists():
        subprocess.run(["runc", "spec"], cwd=world.path("bundle"), check=True)
    config = json.loads(path.read_text())
    config["process"].update(terminal=False, args=args,
                             noNewPrivileges=no_new_privs)
    config["root"]["readonly"] = False
    config["linux"]["seccomp"] = seccomp
    path.write_text(json.dumps(config))


def profile(calls):
    return {"defaultAction": "SCMP_ACT_ERRNO",
            "architectures": ["SCMP_ARCH_X86_64"],
            "syscalls": [{"names": sorted(calls), "action":
                          "SCMP_ACT_ALLOW"}]}


# A filter that allows everything, and is one.
WIDE = {"defaultAction": "SCMP_ACT_ALLOW",
        "syscalls": [{"names": ["getpid"], "action": "SCMP_ACT_LOG"}]}


def names(counts):
    return {call for _, call in counts}


def start(world, runtime):
    name = f"callgate-test-{os.getpid()}"
    return subprocess.run([runtime, "run", "--bundle", "bundle", name],
                          cwd=world.folder, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False,
                          timeout=60)


def of_bundle(world, kind, runtime, no_new_privs):
    title = f"{kind}{'' if no_new_privs else ', new privileges'}"
    configure(world, WIDE, PAYLOAD, no_new_privs)
    record = ["record", "--container", "./bundle", "--runtime", runtime]
    done = world.run(*record, "-o", "payload.json")
    payload = names(world.counts("payload.json"))
    world.tap.ok(done.returncode == 0 and done.stdout == "hello\n" and
                 {"write", "mkdir", "getdents64", "exit_group"} <= payload and
                 not payload & RUNTIMES_OWN,
                 f"{title}: the payload's calls alone", done, sorted(payload))
    both = ["record", "--policy", "--with-runtime", "--from", "payload.json"]
    runtimes = set()
    for i in range(3):  # a runtime in Go does not schedule alike each time
        world.run(*record, "--with-runtime", "-o", f"both{i}.json")
        runtimes |= names(world.counts(f"both{i}.json", "runtime"))
        both += ["--from", f"both{i}.json"]
    world.tap.ok("execve" in runtimes and not runtimes & RUNTIMES_OWN,
                 f"{title}: the runtime's behind its filter", sorted(runtimes))
    # What depends on luck, the policy knows.
    world.write("both.yml", world.run(*both).stdout)
    as_oci = world.run("convert", "--to", "oci", "--nearest", "both.yml")
    configure(world, json.loads(as_oci.stdout), PAYLOAD, no_new_privs)
    under = start(world, runtime)
    world.tap.ok(under.returncode == 0 and under.stdout == "hello\n",
                 f"{title}: the container starts under it", under, as_oci)
    configure(world, profile(payload - {"execve"}), PAYLOAD, no_new_privs)
    bare = start(world, runtime)
    world.tap.ok(bare.returncode != 0,
                 f"{title}: and not without the runtime's", bare)


def one_that_runs(world, kind, runtime):
    configure(world, WIDE, ["/bin/sh", "-c",
                            "echo runs; read word; mkdir -p /tmp/y"])
    name = f"callgate-run-{os.getpid()}"
    container = subprocess.Popen(
        [runtime, "run", "--bundle", "bundle", name], cwd=world.folder,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        stderr=subprocess.PIPE)
    container.stdout.readline()
    # crun notes down what runs a little later than that says so.
    while not any(os.path.exists(f"/run/{kind}/{name}/{file}")
                  for file in ("state.json", "status")):
        time.sleep(0.01)
    record = world.attach("--container", name, "-o", "runs.json")
    container.communicate("go on\n", timeout=60)
    record.send_signal(signal.SIGINT)
    _, err = record.communicate(timeout=30)
    got = names(world.counts("runs.json")) if record.returncode == 0 else err
    world.tap.ok("mkdir" in got, f"{kind}: one that runs, by its name", got)


def main():
    world = begin("CALLGATE TARGET")
    lacking = missing_tools("runc", "busybox", "unshare")
    why = ("it takes root" if not is_root() else world.missing.get("ebpf") or
           (f"{lacking[0]} is not installed" if lacking else None))
    if why:
        world.tap.skip("containers", why)
        world.tap.done()
    make_bundle(world)
    runtimes = [("runc", "runc")]
    if missing_tools("crun"):
        world.tap.skip("crun", "it is not installed")
    else:
        world.write("crun", CRUN)
        world.path("crun").chmod(0o755)
        runtimes.append(("crun", str(world.path("crun"))))
    for kind, runtime in runtimes:
        for no_new_privs in True, False:
            of_bundle(world, kind, runtime, no_new_privs)
        one_that_runs(world, kind, runtime)
    world.tap.done()


if __name__ == "__main__":
    main()
