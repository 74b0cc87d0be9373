#!/usr/bin/env -S python3 -B
"""callgate profile as a user meets it: its forms, its answers, its bad input."""

import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
from xml.etree import ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent /
                       "house"))

from tap import Tap  # noqa: E402

SVG = "{http://www.w3.org/2000/svg}"

SOURCE = r"""
static inline long raw(long number)
{
	long result;
	__asm__ volatile("syscall" : "=a"(result) : "0"(number)
			 : "rcx", "r11", "memory");
	return result;
}
void _start(void) { raw(CALL); for (;;) raw(60); }
"""


class Command:
    def __init__(self, path, folder):
        self.path, self.folder = path, folder
        self.cache = folder / "cache"
        self.env = dict(os.environ, XDG_CACHE_HOME=str(self.cache))

    def __call__(self, *words):
        return subprocess.run([self.path, "profile", *map(str, words)],
                              cwd=self.folder, check=False, timeout=120,
                              capture_output=True, text=True, env=self.env)

    def build(self, name, number):
        source = self.folder / f"{name}.c"
        source.write_text(SOURCE)
        subprocess.run(["cc", "-O1", "-nostdlib", "-static-pie", "-fPIE",
                        "-fno-stack-protector", f"-DCALL={number}", "-o",
                        str(self.folder / name), str(source)], check=True)
        return self.folder / name


def forms(tap, run, acct, reboot):
    ran = run("-f", "names", acct)
    tap.ok(ran.returncode == 0 and ran.stdout.split() ==
           ["acct", "exit", "restart_syscall"], "names", ran)
    ran = run(acct)
    tap.ok(ran.returncode == 0 and "acct!_start" in ran.stdout, "table", ran)
    ran = run("--json", acct)
    report = json.loads(ran.stdout)
    tap.ok(report["complete"] and {c["name"] for c in report["calls"]} ==
           {"acct", "exit", "restart_syscall"} and
           report["calls"][0]["path"][-1]["image"] == str(acct), "JSON", ran)
    ran = run("-f", "names", acct, reboot)
    tap.ok("reboot" in ran.stdout and "acct" in ran.stdout,
           "two programs at once", ran)
    ran = run("-f", "names", "-b", "acct;exit", "--allow", "read, write", acct)
    tap.ok(ran.stdout.split() == ["read", "restart_syscall", "write"],
           "lists of calls", ran)
    (run.folder / "allow.txt").write_text("# of others\ngetpid\nbogus_call\n")
    ran = run("-f", "names", "--allow", "./allow.txt", acct)
    tap.ok("getpid" in ran.stdout and "bogus_call" in ran.stderr,
           "a list in a file", ran)
    ran = run("-f", "code", "--pkg", "sand", acct)
    tap.ok("package sand" in ran.stdout and '"acct",' in ran.stdout and
           "amd64" in ran.stdout, "Go code", ran)
    (run.folder / "own.tmpl").write_text(
        "{{.GOARCH}}:{{range .SyscallNames}}\n{{.}}{{- end}};")
    ran = run("-t", "own.tmpl", acct)
    tap.ok(ran.stdout.startswith("amd64:\nacct\nexit"), "a template", ran)
    (run.folder / "own.tmpl").write_text(
        "{{range .SyscallNames}}{{range .SyscallNames}}{{end}}")
    ran = run("-t", "own.tmpl", acct)
    tap.ok(ran.returncode == 2 and "{{range .SyscallNames}}" in ran.stderr,
           "a template with a range in a range", ran)
    ran = run("-f", "graph", acct)
    tap.ok(ran.stdout.startswith("strict digraph") and '"acct()"' in ran.stdout,
           "a graph", ran)


def pictures(tap, run, acct):
    ran = run("-f", "svg", acct)
    texts = [one.text for one in
             ElementTree.fromstring(ran.stdout).iter(SVG + "text")]
    tap.ok("acct()" in texts and "acct!_start" in texts, "a picture", ran)
    # A name may be anything.
    (run.folder / "a<&>\"b").write_bytes(acct.read_bytes())
    ran = run("-f", "svg", "--sysroot", run.folder, '/a<&>"b')
    tap.ok(ran.returncode == 0 and any(
        one.text.startswith('a<&>"b!') for one in
        ElementTree.fromstring(ran.stdout).iter(SVG + "text")),
        "names that are no SVG", ran)


def recording(run, name, programs, *calls):
    whole = {"callgate-recording": 1, "runs": 1, "programs": programs,
             "kernels": [], "backends": ["ptrace"], "gaps": [], "lost": {},
             "calls": [{"abi": "x86_64", "name": call, "nr": number,
                        "count": 3} for call, number in calls]}
    path = run.folder / name
    path.write_text(json.dumps(whole))
    return path


def merges(tap, run, acct, reboot):
    """What was recorded must have been found, or somebody says why not."""
    fits = recording(run, "fits.json", [str(acct)], ("acct", 163))
    more = recording(run, "more.json", [str(acct) + " 0123"], ("acct", 163),
                     ("bpf", 321))
    other = recording(run, "other.json", [str(acct), str(reboot)],
                      ("bpf", 321))
    ran = run("--merge", fits, acct)
    tap.ok(ran.returncode == 0 and ran.stdout.split("found and")[0].split()[:4]
           == ["found,", "but", "never", "recorded:"] and
           "exit" in ran.stdout, "what was never recorded", ran)
    ran = run("--merge", more, acct)
    tap.ok(ran.returncode == 4 and "report" in ran.stderr and
           ran.stdout.startswith("recorded, but not found:\n  bpf"),
           "what was not found has a status of its own", ran)
    ran = run("--merge", other, acct)
    tap.ok(ran.returncode == 1 and "not profiled" in ran.stderr,
           "what another program may have done has not", ran)
    ran = run("--merge", more, "--json", acct)
    report = json.loads(ran.stdout)
    tap.ok([one["name"] for one in report["missing"]] == ["bpf"] and
           [one["name"] for one in report["both"]] == ["acct"] and
           report["missing"][0]["risk"] == "high", "as JSON", ran)
    ran = run("--merge", more, "-f", "names", acct)
    tap.ok(ran.returncode == 4 and ran.stdout.split() ==
           ["acct", "bpf", "exit", "restart_syscall"], "both as one list", ran)
    ran = run("--merge", acct, acct)
    tap.ok(ran.returncode == 2 and "no recording" in ran.stderr,
           "what is no recording", ran)
    ran = run("--merge", "none-at-all.json", acct)
    tap.ok(ran.returncode == 2 and "No such file" in ran.stderr,
           "a recording that is not there", ran)
    ran = run("--rank", acct, reboot)
    tap.ok([line.split()[0] for line in ran.stdout.splitlines()] ==
           sorted((line.split()[0] for line in ran.stdout.splitlines()),
                  key=["high", "medium", "low"].index) and
           ran.stdout.startswith("high    acct "), "by risk", ran)


def answers(tap, run, acct, reboot):
    ran = run("--why", "acct", acct)
    tap.ok(ran.returncode == 0 and "makes the call at" in ran.stdout, "why", ran)
    ran = run("--why", "socket", acct)
    tap.ok(ran.returncode == 1 and "--why-not" in ran.stderr,
           "why of what is not there", ran)
    for word in "--why", "--why-not":
        ran = run(word, "sokcet", acct)
        tap.ok(ran.returncode == 2 and "'socket'?" in ran.stderr,
               f"{word} of what is no call", ran)
    for words in ["--rank"], ["--why", "acct"], ["--diff"]:
        ran = run("--json", *words, acct, reboot)
        tap.ok(ran.returncode == 2 and not ran.stdout and "JSON" in ran.stderr,
               f"{words[0]} has no JSON", ran)
    ran = run("--why-not", "socket", acct)
    tap.ok(ran.returncode == 0 and "no code" in ran.stdout, "why not", ran)
    ran = run("--diff", acct, reboot)
    tap.ok(ran.returncode == 1 and ran.stdout == "- acct\n+ reboot\n", "diff",
           ran)
    ran = run("--diff", acct, acct)
    tap.ok(ran.returncode == 0 and not ran.stdout, "no difference", ran)
    ran = run("-f", "policy", "-o", "own.yml", acct)
    tap.ok(ran.returncode == 0, "a policy", ran)
    ran = run("--against", "own.yml", acct)
    tap.ok(ran.returncode == 0 and not ran.stdout, "against its own policy",
           ran)
    ran = run("--against", "own.yml", reboot)
    tap.ok(ran.returncode == 1 and "reboot" in ran.stdout,
           "against another's policy", ran)
    subprocess.run([run.path, "compile", "-p", "own.yml", "-o", "own.bpf"],
                   cwd=run.folder, check=True)
    ran = run("--against", "own.bpf", acct)
    tap.ok(ran.returncode == 0 and not ran.stdout and not ran.stderr,
           "against its own filter", ran)
    ran = run("--json", "--images", acct)
    tap.ok(ran.returncode == 0 and json.loads(ran.stdout)["images"],
           "as JSON, the files are in it", ran)


def scripts(tap, run, acct):
    """What leads to itself has an end."""
    (run.folder / "env").write_text(f"#!{run.folder}/env x\n")
    (run.folder / "own").write_text(f"#!{run.folder}/own\n")
    for name in "env", "own":
        ran = run(run.folder / name)
        tap.ok(ran.returncode == 2 and "script of a script" in ran.stderr,
               f"a script that is its own interpreter: {name}", ran)
    (run.folder / "sh").write_text(f"#!{acct}\n")
    ran = run("-f", "names", run.folder / "sh")
    tap.ok(ran.returncode == 0 and "acct" in ran.stdout, "a script", ran)


def names(tap, run, acct):
    """Files and functions have any name; a terminal sees none of it."""
    bad = run.folder / "e\x1b[31m\u202e\u2028\n!"
    bad.write_bytes(acct.read_bytes())
    subprocess.run(["objcopy", "--redefine-sym", "_start=f\x1b]0;x\x07\n!",
                    str(bad)], check=True)
    for form in [], ["--why", "acct"], ["-f", "policy"], ["--images"]:
        ran = run(*form, bad)
        tap.ok(ran.returncode == 0 and "e?[31m???????!" in ran.stdout and
               not set(ran.stdout) & set("\x07\x1b\u202e\u2028"),
               f"names that are no text: {form}", ran)


def threads(tap, run):
    """What comes out does not depend on who reads what when."""
    for program in "ls", "id", "python3":
        path = shutil.which(program)
        if not path:
            tap.skip(f"threads: {program}", "it is not installed")
            continue
        path = pathlib.Path(path).resolve()
        seen = {run("--json", "-j", count, path).stdout
                for count in (1, 2, 3, 16)}
        tap.ok(len(seen) == 1 and json.loads(*seen)["calls"],
               f"the same with any number of threads: {program}",
               run("--json", path))
    ran = run("-j", "0", path)
    tap.ok(ran.returncode == 2 and "1 to 1024" in ran.stderr, "no threads", ran)


def spoiled(kept, rng):
    """What a file that was kept may have become, by accident or by malice."""
    whole = kept.read_bytes()
    yield "cut in half", whole[:len(whole) // 2]
    yield "empty", b""
    yield "text", b"hello, world\n" * 100
    yield "a count too large", whole[:24] + b"\xff" * 4 + whole[28:]
    yield "no check", whole[:16] + bytes(8) + whole[24:]
    for i in range(20):
        at = rng.randrange(len(whole))
        yield f"one bit, {i}", (whole[:at] + bytes([whole[at] ^ 1 << i % 8]) +
                                whole[at + 1:])


def forget_answers(folder):
    """So that the rest of what is kept is looked at."""
    for one in folder.iterdir():
        if one.read_bytes().startswith(b"callgate answer"):
            one.unlink()


def spoil(tap, run, kept, wanted, answers):
    """Each way to spoil a file: the answer stays the same."""
    whole = kept.read_bytes()
    for name, content in spoiled(kept, random.Random(1)):
        if not answers:
            forget_answers(kept.parent)
        kept.write_bytes(content)
        ran = run("--json", run.usual)
        tap.ok(ran.stdout == wanted,
               f"a spoiled {'answer' if answers else 'shelf'}: {name}", ran)
        kept.write_bytes(whole)


def cache(tap, run):
    """It may be lost, spoiled or another's: the answer stays the same."""
    path = pathlib.Path(shutil.which("ls") or sys.executable).resolve()
    plain = run("--json", "--no-cache", path)
    wanted = plain.stdout
    tap.ok(not run.cache.exists(), "--no-cache keeps nothing")
    tap.ok(run("--json", path).stdout == wanted, "a cold cache")
    folder = run.cache / "callgate"
    kept = sorted(folder.iterdir(), key=lambda one: one.stat().st_size)
    tap.ok(folder.stat().st_mode & 0o777 == 0o700 and kept and
           all(one.stat().st_mode & 0o777 == 0o600 for one in kept),
           "what is kept is its owner's alone", kept)
    ran = run("--json", path)
    tap.ok(ran.stdout == wanted and ran.stderr == plain.stderr,
           "a warm cache", ran)
    answers = [one for one in kept
               if one.read_bytes().startswith(b"callgate answer")]
    tap.ok(len(answers) == 1, "the answer is kept", kept)
    run.usual = path
    spoil(tap, run, answers[0], wanted, True)
    one = [one for one in kept if one not in answers][-1]
    spoil(tap, run, one, wanted, False)
    forget_answers(folder)
    one.chmod(0o622)
    ran = run("--json", path)
    tap.ok(ran.stdout == wanted and "others may write" in ran.stderr,
           "a file that others may write", ran)
    one.unlink()
    one.symlink_to("/etc/passwd")
    forget_answers(folder)
    ran = run("--json", path)
    tap.ok(ran.stdout == wanted and one.name[:16] in ran.stderr,
           "a link in place of a file", ran)
    folder.chmod(0o777)
    ran = run("--json", path)
    tap.ok(ran.stdout == wanted and "others may write" in ran.stderr,
           "a folder that others may write", ran)
    folder.chmod(0o700)
    if os.geteuid() == 0:
        os.chown(folder, 65534, 65534)
        ran = run("--json", path)
        tap.ok(ran.stdout == wanted and "another user" in ran.stderr,
               "another user's folder", ran)
    else:
        tap.skip("another user's folder", "only root can make one")
    shutil.rmtree(run.cache)
    tap.ok(run("--json", path).stdout == wanted, "a cache that was deleted")


def bad_input(tap, run, acct):
    whole = acct.read_bytes()
    rows = [
        ("nothing", b"", "no ELF file"),
        ("text", b"hello, world, this is no program", "no ELF file"),
        ("a header alone", whole[:64], "program headers"),
        ("half of it", whole[:len(whole) // 2], "truncated"),
        ("another machine", whole[:18] + b"\x08\x00" + whole[20:], "machine"),
        ("big endian", whole[:5] + b"\x02" + whole[6:], "big-endian"),
        ("a script without interpreter", b"#!/nowhere/at/all\n", "cannot open"),
    ]
    for name, content, wanted in rows:
        (run.folder / "bad").write_bytes(content)
        ran = run("./bad")
        tap.ok(ran.returncode == 2 and wanted in ran.stderr, name, ran)
    ran = run("./not-there")
    tap.ok(ran.returncode == 2 and "not-there" in ran.stderr, "no file", ran)
    (run.folder / "none").mkdir()
    ran = run("none")
    tap.ok(ran.returncode == 2 and "no program is in" in ran.stderr,
           "a folder without programs", ran)
    (run.folder / "script").write_text(f"#! {acct} -x\n")
    ran = run("-f", "names", "./script")
    tap.ok("acct" in ran.stdout, "a script, by its interpreter", ran)


def bundle_of(run, root, **process):
    """A bundle whose root holds the programs of the tests, and links."""
    folder = run.folder / "bundle"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / root / "bin").mkdir(parents=True)
    (folder / root / "opt").mkdir()
    shutil.copy(run.folder / "acct", folder / root / "opt" / "acct")
    (folder / root / "bin" / "link").symlink_to("/opt/acct")
    (folder / root / "bin" / "up").symlink_to("../" * 30 + "opt/acct")
    (folder / root / "bin" / "script").write_text("#!/bin/link -x\n")
    (folder / "config.json").write_text(json.dumps(
        {"ociVersion": "1.0.2", "root": {"path": root},
         "process": {"cwd": "/opt", "env": ["PATH=/none:/bin"], **process}}))
    return folder


def bundles(tap, run):
    rows = [
        ("by PATH, and a link to a path in the root", "link"),
        ("a link with too many ..", "up"),
        ("by its path", "/opt/acct"),
        ("by a path from its folder", "./acct"),
        ("a script, by its interpreter in the root", "script"),
    ]
    for name, word in rows:
        ran = run("-f", "names", bundle_of(run, "rootfs", args=[word, "-v"]))
        tap.ok(ran.stdout.split() == ["acct", "exit", "restart_syscall"],
               f"a bundle: {name}", ran)
    ran = run("-f", "names", bundle_of(run, "other", args=["link"]))
    tap.ok("acct" in ran.stdout, "a bundle whose root is called otherwise", ran)
    for name, process, wanted in [
            ("no arguments", {}, "process.args"),
            ("a program that is not there", {"args": ["sh"]}, "sh: no such"),
            ("arguments of another kind", {"args": {"a": 1}}, "process.args")]:
        ran = run(bundle_of(run, "rootfs", **process))
        tap.ok(ran.returncode == 2 and wanted in ran.stderr,
               f"a bundle: {name}", ran)
    (run.folder / "bundle" / "config.json").write_text('{"process": ')
    ran = run("bundle")
    tap.ok(ran.returncode == 2 and "config.json" in ran.stderr,
           "a bundle: no JSON", ran)


def folders(tap, run, acct, reboot):
    folder = run.folder / "programs"
    (folder / "below").mkdir(parents=True)
    shutil.copy(acct, folder)
    shutil.copy(reboot, folder / "below")
    (folder / "text").write_text("no program")
    (folder / "text").chmod(0o755)
    (folder / "loop").symlink_to(".")
    ran = run("-f", "names", "programs")
    tap.ok(ran.returncode == 0 and {"acct", "reboot"} <=
           set(ran.stdout.split()), "all programs of a folder", ran)
    ran = run("-f", "names", "--sysroot", folder, "/")
    tap.ok(ran.returncode == 0 and {"acct", "reboot"} <=
           set(ran.stdout.split()), "all programs of a root", ran)
    (folder / "half").write_bytes(acct.read_bytes()[:600])
    (folder / "half").chmod(0o755)
    ran = run("-f", "names", "programs")
    tap.ok(ran.returncode == 1 and "half" in ran.stderr,
           "a program that cannot be read is an open gap", ran)


def modules(tap, run):
    """What configuration names is loaded from the root that it is of."""
    root = run.folder / "pam"
    for name in "etc/pam.d", "lib/x86_64-linux-gnu/security", "bin":
        (root / name).mkdir(parents=True)
    (run.folder / "module.c").write_text(
        "long pam_sm_authenticate(void){long r;__asm__ volatile(\"syscall\":"
        "\"=a\"(r):\"0\"(163L):\"rcx\",\"r11\");return r;}\n")
    built = subprocess.run(
        ["cc", "-O1", "-nostdlib", "-shared", "-fPIC", "-o",
         str(root / "lib/x86_64-linux-gnu/security/pam_own.so"),
         str(run.folder / "module.c")], check=False)
    shutil.copy(run.folder / "reboot", root / "bin")
    (root / "etc/pam.d/own").write_text(
        "# comment\nauth [default=ignore \\\n success=1] pam_own.so nullok\n"
        "@include own\nsession include more\n")
    (root / "etc/pam.d/more").write_text("-session required pam_gone.so\n")
    ran = run("-f", "names", "--gaps", "--sysroot", root, "--with", "pam:OWN",
              "/bin/reboot")
    tap.ok(built.returncode == 0 and "acct" in ran.stdout.split(),
           "a module of PAM, by its service", ran)
    tap.ok("pam_gone.so" in ran.stderr, "one that is not there is a gap", ran)
    ran = run("-f", "names", "--sysroot", root, "--with", "pam:../x",
              "/bin/reboot")
    tap.ok(ran.returncode == 2, "a service that is no name", ran)


def lost_library(tap, run):
    (run.folder / "lib.c").write_text("int f(void){return 1;}")
    (run.folder / "use.c").write_text("int f(void);int main(void){return f();}")
    subprocess.run("cc -shared -fPIC -o libgone.so lib.c && "
                   "cc -o use use.c ./libgone.so && rm libgone.so",
                   shell=True, check=True, cwd=run.folder)
    ran = run("-f", "names", "./use")
    tap.ok(ran.returncode == 1 and "libgone.so" in ran.stderr,
           "a library that is not there is a gap", ran)


def main():
    tap = Tap()
    if not shutil.which("cc"):
        tap.skip("profile", "no compiler is installed")
        tap.done()
    with tempfile.TemporaryDirectory(prefix="callgate-profile-") as name:
        folder = pathlib.Path(name)
        run = Command(str(pathlib.Path(sys.argv[1]).resolve()), folder)
        acct, reboot = run.build("acct", 163), run.build("reboot", 169)
        cache(tap, run)
        forms(tap, run, acct, reboot)
        answers(tap, run, acct, reboot)
        pictures(tap, run, acct)
        merges(tap, run, acct, reboot)
        bad_input(tap, run, acct)
        scripts(tap, run, acct)
        names(tap, run, acct)
        threads(tap, run)
        lost_library(tap, run)
        bundles(tap, run)
        folders(tap, run, acct, reboot)
        modules(tap, run)
    tap.done()


if __name__ == "__main__":
    main()
