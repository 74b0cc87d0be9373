#!/usr/bin/env -S python3 -B
"""Filters that callgate writes, in the hands of those who load them.

bubblewrap and setpriv take raw filters, C programs an array or a header: each
runs a program that tries two calls, one that the policy refuses and one that
it allows. Go's own tools look at the Go source.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "house")]

from tap import Tap  # noqa: E402

POLICY = """
seccomp:
  default_action: allow
  syscalls:
  - action: errno(ENOTTY)
    names: [mkdir, mkdirat]
  - action: errno(EUSERS)
    rules: ["socket(AF_INET)"]
"""

# errno of each call, of which the last must work.
PROBE = r"""
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
static int tell(int result) { return result < 0 ? errno : 0; }
int main(void)
{
	int made = tell(mkdir("/no/such/folder", 0700));
	int inet = tell(socket(AF_INET, SOCK_STREAM, 0));
	int local = tell(socket(AF_UNIX, SOCK_STREAM, 0));
	printf("%d %d %d\n", made, inet, local);
	return 0;
}
"""
WANTED = "25 87 0\n"  # ENOTTY, EUSERS, none

LOADER = r"""
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <unistd.h>
%s
int main(int argc, char **argv)
{
	struct sock_fprog program = %s;

	(void)argc;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		return 99;
	execv(argv[1], argv + 1);
	return 98;
}
"""


class Test:
    def __init__(self, callgate, folder):
        self.tap, self.callgate, self.folder = Tap(), callgate, folder
        (folder / "policy.yml").write_text(POLICY)
        self.probe = self.compile("probe", PROBE)
        self.filter = self.convert("bpf", "filter.bpf")

    def run(self, *words, **more):
        return subprocess.run(list(map(str, words)), check=False, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              **more)

    def compile(self, name, text):
        source = self.folder / f"{name}.c"
        source.write_text(text)
        done = self.run("cc", "-Wall", "-Werror", f"-I{self.folder}", "-o",
                        self.folder / name, source)
        self.tap.ok(done.returncode == 0, f"{name} is compiled", done.stdout)
        return self.folder / name

    def convert(self, form, name):
        path = self.folder / name
        done = self.run(self.callgate, "convert", "--to", form, "-o", path,
                        self.folder / "policy.yml")
        self.tap.ok(done.returncode == 0, f"{form} is written", done.stdout)
        return path

    def expect(self, name, done):
        self.tap.ok(done.stdout == WANTED, f"{name} refuses and allows",
                    f"{done.stdout!r} and not {WANTED!r}")

    def bubblewrap(self):
        if not shutil.which("bwrap"):
            self.tap.skip("bubblewrap", "bwrap is not installed")
            return
        with open(self.filter, "rb") as file:
            done = self.run("bwrap", "--dev-bind", "/", "/", "--seccomp",
                            file.fileno(), self.probe,
                            pass_fds=[file.fileno()])
        self.expect("bubblewrap", done)

    def bubblewrap_cut(self):
        """Half a filter is taken by nobody: neither by them nor by us."""
        cut = self.folder / "cut.bpf"
        cut.write_bytes(self.filter.read_bytes()[:-8])
        ours = self.run(self.callgate, "convert", "--from", "bpf", "--to",
                        "asm", cut)
        self.tap.ok(ours.returncode == 2, "a cut filter is refused",
                    ours.stdout)

    def setpriv(self):
        if "--seccomp-filter" not in self.run("setpriv", "--help").stdout:
            self.tap.skip("setpriv", "this one takes no filters")
            return
        self.expect("setpriv", self.run("setpriv", "--no-new-privs",
                                        "--seccomp-filter", self.filter,
                                        self.probe))

    def c_programs(self):
        self.convert("c", "array.c")
        loader = self.compile("by_array", LOADER % (
            '#include "array.c"',
            "{ sizeof(filter) / sizeof(filter[0]), "
            "(struct sock_filter *)filter }"))
        self.expect("an array in C", self.run(loader, self.probe))
        self.convert("c-header", "header.h")
        loader = self.compile("by_header", LOADER % (
            '#include "header.h"', "filter_program"))
        self.expect("a header for C", self.run(loader, self.probe))

    def go_source(self):
        path = self.convert("go", "filter.go")
        if not shutil.which("gofmt"):
            self.tap.skip("Go source", "gofmt is not installed")
            return
        done = self.run("gofmt", "-l", "-e", path)
        self.tap.ok(done.returncode == 0 and not done.stdout,
                    "gofmt has nothing to say", done.stdout)


def main():
    if os.uname().machine != "x86_64":
        tap = Tap()
        tap.skip("filters", "the numbers of errnos are those of x86_64")
        tap.done()
    with tempfile.TemporaryDirectory() as name:
        test = Test(os.path.abspath(sys.argv[1]), pathlib.Path(name))
        for row in (test.bubblewrap, test.bubblewrap_cut, test.setpriv,
                    test.c_programs, test.go_source):
            row()
        test.tap.done()


if __name__ == "__main__":
    main()
