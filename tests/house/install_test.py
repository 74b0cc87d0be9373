#!/usr/bin/env -S python3 -B
"""Can a program be built against what is installed, and does it run?

usage: install_test.py BUILD

Installs into a temporary folder, and builds a small program with what
pkg-config says: shared, static, and as C++. The program has functions of its
own named as some inside the library, which must not meet.
"""

import os
import pathlib
import subprocess
import sys
import tempfile

from tap import Tap

PROGRAM = """\
#include <stdio.h>
#include <string.h>

#include <callgate/callgate.h>

int fail(void);
int arena_alloc(void);

int fail(void)
{
	return 1;
}

int arena_alloc(void)
{
	return 2;
}

int main(void)
{
	const struct cg_abi *abi = cg_abi_by_name("amd64");

	if (!abi || strcmp(abi->name, "x86_64") != 0)
		return 1;
	printf("%d\\n", fail() + arena_alloc());
	return 0;
}
"""

# how, compiler, options, whether pkg-config is asked for --static
WAYS = [
    ("shared", ["cc", "-std=c17"], [], False),
    ("shared, C++", ["c++", "-x", "c++"], [], False),
    ("static", ["cc", "-std=c17"], ["-Wl,-Bstatic", "-lcallgate",
                                    "-Wl,-Bdynamic"], True),
]


def run(*command, **options):
    return subprocess.run([str(word) for word in command], check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, **options)


def flags(root, libraries, static):
    """What pkg-config says, as if `root` were the root of the system."""
    ran = run("pkg-config", *(["--static"] if static else []), "--cflags",
              "--libs", "callgate", env={
                  **os.environ, "PKG_CONFIG_SYSROOT_DIR": str(root),
                  "PKG_CONFIG_PATH": str(libraries / "pkgconfig")})
    words = ran.stdout.split()
    # Libraries of the system itself are where they are.
    return [word for word in words if ran.returncode == 0 and
            not (static and word == "-lcallgate")]


def build_and_run(tap, root, libraries, way):
    name, compiler, options, static = way
    source, program = root / "main.c", root / f"main-{name.split()[-1]}"
    source.write_text(PROGRAM)
    found = flags(root, libraries, static)
    before = [word for word in found if word.startswith(("-I", "-L"))]
    after = [word for word in found if word not in before]
    built = run(*compiler, "-Wall", "-Wextra", "-Werror", *before, source,
                "-o", program, *options, *after)
    tap.ok(found and built.returncode == 0, f"{name}: builds", found,
           built.stdout)
    ran = run(program, env={"LD_LIBRARY_PATH": str(libraries)}) \
        if built.returncode == 0 else built
    tap.ok(ran.returncode == 0 and ran.stdout == "3\n", f"{name}: runs",
           ran.stdout)
    shown = run("readelf", "-d", program).stdout
    tap.ok("(NEEDED)" in shown and ("libcallgate.so.0" in shown) != static,
           f"{name}: {'does not need' if static else 'needs'} "
           "libcallgate.so.0", shown)


def main():
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        print(__doc__.strip())
        sys.exit(2)
    tap = Tap()
    with tempfile.TemporaryDirectory(prefix="callgate-install-") as name:
        root = pathlib.Path(name).resolve()
        installed = run("meson", "install", "-C", sys.argv[1], "--no-rebuild",
                        "--destdir", root)
        tap.ok(installed.returncode == 0, "installs", installed.stdout)
        found = sorted(root.rglob("libcallgate.so.0"))
        tap.ok(len(found) == 1, "one shared library", found)
        beside = [path.parent for name in ("callgate", "callgate-watch")
                  for path in root.rglob(name) if os.access(path, os.X_OK) and
                  path.is_file() and path.parent.name == "bin"]
        tap.ok(len(beside) == 2 and beside[0] == beside[1],
               "callgate watch finds its program", beside)
        for way in WAYS if found else []:
            build_and_run(tap, root, found[0].parent, way)
    tap.done()


if __name__ == "__main__":
    main()
