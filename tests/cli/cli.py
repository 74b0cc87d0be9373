"""Run the command as a user does, in a folder that is gone afterwards."""

import collections
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "house"))

from tap import Tap  # noqa: E402  (it lies beside the other users of it)

NOBODY = 65534
MARKER = "marker"  # a command that must not run would make it

Result = collections.namedtuple("Result", "status out err")


class Callgate:
    """A copy of the command in a folder that anybody may enter."""

    def __init__(self, path):
        self.holder = tempfile.TemporaryDirectory(prefix="callgate-cli-")
        self.folder = pathlib.Path(self.holder.name)
        self.folder.chmod(0o777)
        self.path = self.folder / "callgate"
        shutil.copy(path, self.path)
        self.path.chmod(0o755)
        for beside in pathlib.Path(path).parent.glob("callgate-*"):
            if beside.is_file():
                shutil.copy(beside, self.folder / beside.name)
                (self.folder / beside.name).chmod(0o755)

    def write(self, name, content):
        data = content.encode() if isinstance(content, str) else content
        (self.folder / name).write_bytes(data)
        return name

    def __call__(self, *words, text="", nobody=False, stdout=subprocess.PIPE):
        """What it answers; a death by signal N is status -N."""
        ids = {}
        if nobody and os.geteuid() == 0:
            ids = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        done = subprocess.run([str(self.path), *map(str, words)],
                              input=text.encode(), stdout=stdout,
                              stderr=subprocess.PIPE, cwd=self.folder,
                              timeout=300, check=False, **ids)
        return Result(done.returncode,
                      (done.stdout or b"").decode(errors="replace"),
                      done.stderr.decode(errors="replace"))

    def marked(self):
        """Whether the command has run; forgets it."""
        marker = self.folder / MARKER
        there = marker.exists()
        if there:
            marker.unlink()
        return there


def check(tap, name, result, status, out="", err=""):
    """`out` and `err` are patterns for all of it; "" is: nothing at all."""
    passed = (result.status == status and
              re.fullmatch(out, result.out, re.DOTALL) is not None and
              re.fullmatch(err, result.err, re.DOTALL) is not None)
    tap.ok(passed, name, f"status {result.status}, not {status}"
           if result.status != status else "as for the status",
           f"stdout: {result.out[:500]!r}", f"wanted: {out!r}",
           f"stderr: {result.err[:500]!r}", f"wanted: {err!r}")


def begin():
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} CALLGATE")
    return Callgate(sys.argv[1]), Tap()
