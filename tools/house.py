"""What the check-* tools share: walking the tree, and saying what is wrong.

A check looks at a tree and prints one line a violation, `FILE:LINE: what is
wrong; what would be right`. It exits 0 if there is none, 1 if there is one,
77 (which Meson calls a skip) if it cannot look, 2 on bad usage.
"""

import argparse
import pathlib
import re
import subprocess
import sys

SKIP = 77


class Report:
    """Violations, in the order in which they were found."""

    def __init__(self, root):
        self.root = pathlib.Path(root).resolve()
        self.count = 0

    def say(self, path, line, message):
        path = pathlib.Path(path)
        if path.is_absolute() and path.is_relative_to(self.root):
            path = path.relative_to(self.root)
        print(f"{path}:{line}: {message}" if line else f"{path}: {message}")
        self.count += 1

    def done(self, looked_at, thing):
        """The exit status. Having looked at nothing is a failure, too."""
        if not looked_at:
            print(f"nothing to look at: no {thing} under {self.root}")
            return 1
        print(f"{looked_at} {thing} looked at, {self.count} violations")
        return 1 if self.count else 0


def arguments(doc, *extra):
    """Parse the command line: --root, and rows of add_argument() besides."""
    parser = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=pathlib.Path,
                        default=pathlib.Path(__file__).resolve().parent.parent,
                        help="the tree to look at (default: this one)")
    for names, options in extra:
        parser.add_argument(*names, **options)
    args = parser.parse_args()
    args.root = args.root.resolve()
    return args


def skip(why):
    print(f"SKIP {why}")
    sys.exit(SKIP)


def sources(root, folders, suffixes):
    """Files of these suffixes in these folders, sorted, none generated."""
    found = []
    for folder in folders:
        for path in sorted((root / folder).rglob("*")):
            if path.is_file() and path.suffix in suffixes:
                found.append(path)
    return found


def tracked(root):
    """The files that are, or would be, committed: what git does not ignore.

    Outside a git repository (a release tarball, a self-test) every file.
    """
    if (root / ".git").exists():
        listed = subprocess.run(
            ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others",
             "--exclude-standard"], check=True, stdout=subprocess.PIPE)
        names = listed.stdout.decode().split("\0")
        paths = [root / name for name in sorted(names) if name]
    else:
        paths = [path for path in sorted(root.rglob("*"))
                 if not path.relative_to(root).parts[0].startswith("build")]
    return [path for path in paths if path.is_file()]


TOKEN = re.compile(
    r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def blank(text, strings=True):
    """C without its comments (and strings), every line where it was."""
    def empty(match):
        token = match.group()
        if token[0] in "\"'" and not strings:
            return token
        return token[0] * 2 if token[0] in "\"'" else (
            " " + "\n" * token.count("\n"))
    return TOKEN.sub(empty, text)


def declarations(header):
    """(name, line, has a comment) of each CG_API function of a header."""
    text = header.read_text()
    plain = blank(text)
    lines = text.split("\n")
    found = []
    for match in re.finditer(r"^CG_API\b[^;{]*?\b(\w+)\s*\(", plain, re.M):
        line = plain.count("\n", 0, match.start()) + 1
        above = line - 2
        # A run of declarations, or the type they are about, shares a comment.
        while above > 0 and lines[above].strip() and \
                not lines[above].rstrip().endswith("*/"):
            above -= 1
        found.append((match.group(1), line,
                      above >= 0 and lines[above].rstrip().endswith("*/")))
    return found
