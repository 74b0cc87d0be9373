"""Profiles and calls to try in real containers, as rows.

A call is (ABI, number, argument...). Each is harmless: it fails, or asks.
"""

ALLOW, ERRNO = "SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO"
BIG = 1 << 32

# What the runtimes and the probe need once the filter is there.
NEEDED = ["execve", "exit_group", "write", "close", "futex", "openat", "read",
          "getpid", "epoll_ctl", "fstatfs", "getdents64", "rt_sigreturn",
          "rt_sigprocmask", "rt_sigaction", "tgkill", "nanosleep", "mmap",
          "sched_yield", "prctl", "fcntl"]


# What runtimes call once their filter is in force, and some calls that they do
# not need. Not futex and rt_sigreturn: runc makes these when its scheduler
# likes; nor write, without which the probe cannot say that it runs.
NEEDS = ["close", "openat", "getpid", "epoll_ctl", "fstatfs", "getdents64",
         "execve", "fcntl", "chdir", "capget", "read", "prctl", "newfstatat",
         "fstat", "setgroups", "setgid", "setuid", "getcwd", "capset",
         "getppid", "faccessat2", "setresgid", "setresuid", "rt_sigprocmask",
         "rt_sigaction", "mkdirat", "ptrace", "bind"]
MEASURED = ["crun@1.8.1", "runc@1.1.5"]  # the releases in data/lint/needs.tbl


def rule(names, action, errno=None, args=()):
    made = {"names": names.split(), "action": action}
    if errno is not None:
        made["errnoRet"] = errno
    if args:
        made["args"] = [dict(zip(("index", "op", "value", "valueTwo"),
                                 (index, f"SCMP_CMP_{op}", *values)))
                        for index, op, *values in args]
    return made


def denies(*rules, arches=("SCMP_ARCH_X86_64",)):
    return {"defaultAction": ALLOW, "architectures": list(arches),
            "syscalls": list(rules)}


def allows(*rules, arches=("SCMP_ARCH_X86_64",), **top):
    return {"defaultAction": ERRNO, "architectures": list(arches),
            "syscalls": [rule(" ".join(NEEDED), ALLOW), *rules], **top}


def without(profile, names):
    """The same without some calls."""
    left = [{**item, "names": [name for name in item["names"]
                               if name not in names]}
            for item in profile["syscalls"]]
    return {**profile, "syscalls": [item for item in left if item["names"]]}


# Names that Debian's libseccomp has for some architectures only.
HALF_KNOWN = ["map_shadow_stack", "riscv_hwprobe"]


def x64(*calls):
    return [("x86_64", *call) for call in calls]


def x86(*calls):
    return [("i386", *call) for call in calls]


THREE = ("SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32")

PROFILES = [
    ("two actions for one call",
     denies(rule("getppid", ERRNO, 13), rule("getppid", ERRNO, 22)),
     x64((110,))),
    ("a condition beside none",
     denies(rule("getpgid", ERRNO, 13, [(0, "EQ", 5)]),
            rule("getpgid", ERRNO, 22)),
     x64((121, 5), (121, 6))),
    ("none beside a condition",
     denies(rule("getpgid", ERRNO, 22),
            rule("getpgid", ERRNO, 13, [(0, "EQ", 5)])),
     x64((121, 5), (121, 6))),
    ("overlapping conditions",
     denies(rule("getpgid", ERRNO, 13, [(0, "LT", 10)]),
            rule("getpgid", ERRNO, 22, [(0, "EQ", 2)])),
     x64((121, 2), (121, 3), (121, 9), (121, 10))),
    ("overlapping conditions, turned round",
     denies(rule("getpgid", ERRNO, 22, [(0, "EQ", 2)]),
            rule("getpgid", ERRNO, 13, [(0, "LT", 10)])),
     x64((121, 2), (121, 3), (121, 10))),
    ("two arguments",
     denies(rule("dup2", ERRNO, 13, [(0, "EQ", 200), (1, "EQ", 201)])),
     x64((33, 200, 201), (33, 200, 1), (33, 1000, 201))),
    ("one argument twice",
     denies(rule("dup2", ERRNO, 13, [(0, "EQ", 200), (0, "EQ", 201),
                                     (1, "EQ", 300)])),
     x64((33, 200, 1), (33, 201, 1), (33, 1000, 300), (33, 1000, 301))),
    ("masks, and the upper half",
     denies(rule("lseek", ERRNO, 13, [(1, "MASKED_EQ", 0xff00, 0x1200)]),
            rule("fcntl", ERRNO, 13, [(2, "GE", BIG + 5)]),
            rule("getsid", ERRNO, 13, [(0, "NE", 7)])),
     x64((8, 99, 0x1234), (8, 99, 0x1334), (8, 99, 0x1200 + BIG),
         (72, 99, 3, BIG + 5), (72, 99, 3, BIG + 4), (72, 99, 3, 5),
         (124, 7), (124, 8))),
    ("every operator",
     denies(rule("getpgid", ERRNO, 11, [(0, "LT", 3)]),
            rule("getsid", ERRNO, 12, [(0, "LE", 3)]),
            rule("dup", ERRNO, 13, [(0, "GT", 1000)]),
            rule("fsync", ERRNO, 14, [(0, "GE", 1000)])),
     x64((121, 2), (121, 3), (124, 3), (124, 4), (32, 1000), (32, 1001),
         (74, 999), (74, 1000))),
    ("every action",
     denies(rule("getpgid", "SCMP_ACT_KILL"),
            rule("getsid", "SCMP_ACT_KILL_PROCESS"),
            rule("dup", "SCMP_ACT_TRAP"), rule("fsync", "SCMP_ACT_LOG"),
            rule("getppid", "SCMP_ACT_TRACE"), rule("umask", ERRNO)),
     x64((121, 0), (124, 0), (32, 0), (74, 999), (110,), (95, 0))),
    ("names that are not known", denies(rule("opne getppid", ERRNO, 13)),
     x64((110,))),
    ("one ABI, and the others",
     denies(rule("getppid", ERRNO, 13)),
     x64((110,), (0x40000000 + 110,)) + x86((64,), (20,))),
    ("two ABIs",
     denies(rule("getppid", ERRNO, 13), rule("socket", ERRNO, 13, [
         (0, "EQ", 38)]), arches=THREE[:2]),
     x64((110,), (41, 38, 3, 0), (41, 99, 3, 0)) +
     x86((64,), (20,), (359, 38, 3, 0), (359, 99, 3, 0), (102, 1, 0))),
    ("an allow list for three ABIs", allows(rule("getppid", ALLOW),
                                            arches=THREE),
     x64((110,), (121, 0), (200,), (400,), (450,), (500,), (1000,),
         (0x40000000 + 110,), (0x40000000 + 500,), (0x40000000 + 600,)) +
     x86((64,), (132, 0), (200,), (500,), (1000,))),
    ("an allow list that names no ABI",
     {key: value for key, value in allows(rule("getppid", ALLOW)).items()
      if key != "architectures"},
     x64((110,), (121, 0), (450,), (500,)) + x86((64,),)),
    ("an allow list with another errno",
     allows(rule("getppid", ALLOW), rule("getpgid", ERRNO, 1),
            defaultErrnoRet=38),
     x64((110,), (121, 0), (450,), (500,))),
    ("an allow list with conditions",
     allows(rule("dup2", ALLOW, None, [(0, "MASKED_EQ", ~7 & (1 << 64) - 1,
                                        1000)]),
            rule("personality", ALLOW, None, [(0, "EQ", 0xffffffff)])),
     x64((33, 1000, 5), (33, 1007, 5), (33, 1008, 5), (135, 0xffffffff),
         (135, 0), (135, 0xffffffff + BIG))),
]

GOOD = rule("getppid", ERRNO, 13)

# Whether each starts at all depends on the runtime.
REFUSALS = [
    ("an unknown action", denies(rule("getppid", "SCMP_ACT_NO"))),
    ("an unknown operator", denies(rule("getppid", ERRNO, 13,
                                        [(0, "IN", 1)]))),
    ("an unknown architecture", denies(GOOD, arches=("SCMP_ARCH_VAX",))),
    ("argument 6", denies(rule("getppid", ERRNO, 13, [(6, "EQ", 1)]))),
    ("errno 5000", denies(rule("getppid", ERRNO, 5000))),
    ("an errno for a kill", denies(rule("getppid", "SCMP_ACT_KILL", 13))),
    ("no default action", {"syscalls": [GOOD]}),
    ("a rule with a name in place of names",
     denies({"name": "getppid", "action": ERRNO})),
    ("an unknown flag", {**denies(GOOD), "flags": ["NO_FLAG"]}),
    ("an empty list of flags", {**denies(GOOD), "flags": []}),
    ("the flag LOG", {**denies(GOOD),
                      "flags": ["SECCOMP_FILTER_FLAG_LOG"]}),
    ("notify without a listener",
     denies(rule("getppid", "SCMP_ACT_NOTIFY"))),
    ("PA-RISC beside x86_64", denies(GOOD, arches=("SCMP_ARCH_PARISC",))),
]

COMMON = x64((41, 38, 3, 0), (41, 40, 1, 0), (41, 2, 99, 0), (110,),
             (165, 0, 0, 0, 0, 0), (272, 0xffff00ff), (435, 0, 0),
             (135, 0xffffffff), (135, 0x20000), (135, 5),
             (56, 0x7e020000, 0, 0, 0, 0), (321, 99, 0, 0), (425, 0, 0),
             (460, 0, 0, 0, 0), (480,), (1000,)) + \
    x86((64,), (102, 99, 0), (500,), (21, 0, 0, 0, 0, 0))

# Files of engines, beside the data that facts come from.
ENGINES = [
    ("Docker's default, resolved",
     "resolved-moby-default-x86_64-defaultcaps.json", COMMON),
    ("Docker's default, as it is", "moby-default.json", COMMON[:12]),
    ("Podman's default, resolved",
     "resolved-containers-common-x86_64-dockercaps.json", COMMON[:14]),
    ("containerd's default",
     "containerd-1.6.20-default-resolved-x86_64.json", COMMON[:6]),
]

PODMAN = [
    ("Docker's default", "moby-default.json",
     x64((165, 0, 0, 0, 0, 0), (41, 38, 3, 0), (110,))),
    ("Podman's own default", "debian12-containers-common-0.50.1.json",
     x64((321, 99, 0, 0), (1000,))),
]
