#!/usr/bin/env -S python3 -B
"""The service's unit, its manifests and its dashboard say what is so.

usage: service_test.py CALLGATE DASHBOARD
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from served import Watch, program_of, record

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent
                       / "house"))
from tap import ROOT, Tap  # noqa: E402

WATCH = ROOT / "examples" / "watch"
UNIT = WATCH / "callgate-watch.service"
EXPOSURE_MAX = 2.5  # of 10, as systemd-analyze counts

REFUSER = """
seccomp:
  default_action: allow
  syscalls:
    - {action: errno, names: [mkdir, mkdirat]}
    - {action: kill_process, names: [socket]}
"""


def run(*command, **options):
    return subprocess.run([str(word) for word in command], check=False,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, **options)


def options_of(program):
    return set(re.findall(r"--[a-z-]+", run(program, "--help").stdout))


def check_commands(tap, program):
    """Each option in the examples is one."""
    known = options_of(program)
    for path in sorted(WATCH.iterdir()):
        text = path.read_text("utf-8")
        used = set()
        for line in text.splitlines():
            if line.startswith("ExecStart=/") or \
                    line.strip().startswith("- --"):
                used |= set(re.findall(r"--[a-z-]+", line))
        tap.ok(used <= known, f"{path.name}: its options", used - known)


def check_unit(tap, folder):
    if not shutil.which("systemd-analyze"):
        tap.skip("the unit", "no systemd-analyze")
        return
    # What it starts is looked for: let it be there.
    copies = {}
    for name, lines in [("callgate-watch", ""), ("callgate-watch-ebpf", (
            WATCH / "callgate-watch-ebpf.conf").read_text("utf-8"))]:
        copies[name] = folder / f"{name}.service"
        text = UNIT.read_text("utf-8").replace("[Install]", re.sub(
            r"^#.*\n|^\[Service\]\n", "", lines, flags=re.M) + "\n[Install]")
        copies[name].write_text(text.replace("/usr/bin/callgate-watch",
                                             "/bin/true"))
    for name, path in copies.items():
        ran = run("systemd-analyze", "verify", "--man=no", path)
        about = [line for line in ran.stdout.splitlines() if name in line]
        tap.ok(not about, f"{name}: verified", ran.stdout)
        ran = run("systemd-analyze", "security", "--offline=true",
                  "--no-pager", path)
        found = re.search(r"exposure level for \S+: ([\d.]+)", ran.stdout)
        if not found:
            tap.skip(f"{name}: its exposure", "systemd-analyze cannot say: " +
                     " ".join(ran.stdout.split()[:12]))
            continue
        tap.ok(float(found[1]) <= EXPOSURE_MAX,
               f"{name}: exposure {found[1]} of 10", ran.stdout)
    for name, wanted in [("callgate-watch.service", {"CAP_AUDIT_READ"}),
                         ("callgate-watch-ebpf.conf",
                          {"CAP_BPF", "CAP_PERFMON"})]:
        text = (WATCH / name).read_text("utf-8")
        named = set(re.findall(r"\bCAP_[A-Z_]+", re.sub(
            r"^#.*", "", text, flags=re.M)))
        tap.ok(named == wanted, f"{name}: no other capability", named)


def check_capabilities(tap, callgate, program, folder):
    """What the units leave is enough: as nobody, with nothing else."""
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        tap.skip("capabilities", "no root to give up, or no setpriv")
        return
    copy = folder / "callgate-watch"
    shutil.copy(program, copy)
    folder.chmod(0o755)
    (folder / "refuser.yml").write_text(REFUSER)
    for sources, names, calls in [
            ("audit", "+audit_read", {"socket"}),
            ("audit,ebpf", "+audit_read,+bpf,+perfmon", {"socket", "mkdir"})]:
        watch = Watch(folder, "setpriv", "--reuid=65534", "--regid=65534",
                      "--clear-groups", "--no-new-privs",
                      f"--inh-caps=-all,{names}",
                      f"--ambient-caps=-all,{names}",
                      f"--bounding-set=-all,{names}", copy, "--source",
                      sources, "--json")
        err = watch.text(watch.err)
        if not watch.ready:
            tap.skip(f"with {names}", " ".join(err.split())[:100])
            continue
        for command in (["mkdir", folder / "no"],
                        ["python3", "-c", "import socket; socket.socket()"]):
            subprocess.run([callgate, "run", "--no-explain", "--policy",
                            folder / "refuser.yml", "--", *command],
                           check=False, stderr=subprocess.DEVNULL)
        tap.ok(watch.tells(*(f'"syscall":{{"name":"{call}"'
                             for call in calls)), f"with {names} alone", err)
        tap.ok(watch.stop() == 0, "and it ends in order")


def check_manifests(tap):
    """As far as can be told without the tools that read them."""
    for name in ("daemonset.yaml", "compose.yaml"):
        text = (WATCH / name).read_text("utf-8")
        tap.ok(re.search(r"(drop|cap_drop): \[ALL\]", text) and
               re.search(r"\[AUDIT_READ, BPF, PERFMON\]", text) and
               "privileged: true" not in text and
               re.search(r"(readOnlyRootFilesystem|read_only): true", text),
               f"{name}: three capabilities, nothing to write")
        try:
            import yaml
        except ImportError:
            tap.skip(f"{name}: it is YAML", "no yaml module for Python")
            continue
        documents = list(yaml.safe_load_all(text))
        tap.ok(all(isinstance(one, dict) for one in documents),
               f"{name}: it is YAML")


def leaves(value, path=""):
    if isinstance(value, dict):
        return {leaf for name, member in value.items()
                for leaf in leaves(member, f"{path}.{name}" if path else name)}
    return {path}


def fields_of(item):
    """The fields that a saved object asks for."""
    attributes = item["attributes"]
    found = set(attributes.get("columns", []))
    if "visState" in attributes:
        for agg in json.loads(attributes["visState"])["aggs"]:
            if "field" in agg["params"]:
                found.add(agg["params"]["field"])
    return found


def check_dashboard(tap, program, dashboard):
    lines = pathlib.Path(dashboard).read_text("utf-8").splitlines()
    items = [json.loads(line) for line in lines]
    ids = {(item["type"], item["id"]) for item in items}
    missing = [reference for item in items for reference in item["references"]
               if (reference["type"], reference["id"]) not in ids]
    tap.ok(len(ids) == len(items) > 8 and not missing,
           "the dashboard: each reference leads somewhere", missing)
    wanted = {"id", "type", "attributes", "references", "migrationVersion"}
    tap.ok(all(set(item) == wanted and item["attributes"]["title"]
               for item in items), "the dashboard: saved objects")
    nested = [text for item in items for text in (
        item["attributes"].get("panelsJSON"), item["attributes"].get(
            "kibanaSavedObjectMeta", {}).get("searchSourceJSON")) if text]
    tap.ok(all(json.loads(text) is not None for text in nested),
           "the dashboard: JSON inside JSON")
    board = next(item for item in items if item["type"] == "dashboard")
    panels = json.loads(board["attributes"]["panelsJSON"])
    names = {reference["name"] for reference in board["references"]}
    cells = [(x, y) for panel in panels for grid in [panel["gridData"]]
             for x in range(grid["x"], grid["x"] + grid["w"])
             for y in range(grid["y"], grid["y"] + grid["h"])]
    tap.ok({panel["panelRefName"] for panel in panels} == names and
           len(cells) == len(set(cells)) and max(x for x, _ in cells) < 48,
           "the dashboard: panels stand beside each other")
    pattern = next(item for item in items if item["type"] == "index-pattern")
    tap.ok(pattern["attributes"]["title"] == "logs-seccomp.violation-*",
           "the dashboard: the data stream of the sink")
    log = "".join("node=web1 " + record(i + 1, 1795313417.0, verdict=verdict)
                  for i, verdict in enumerate(("errno", "kill_process")))
    events = subprocess.run([program, "--json", "-"], input=log, check=True,
                            stdout=subprocess.PIPE, text=True).stdout
    known = {leaf for line in events.splitlines()
             for leaf in leaves(json.loads(line))}
    used = {field for item in items for field in fields_of(item)}
    tap.ok(used <= known and len(used) > 6,
           "the dashboard: each field is in events", used - known)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__.strip())
    program = program_of(sys.argv[1])
    tap = Tap()
    check_commands(tap, program)
    with tempfile.TemporaryDirectory(prefix="callgate-service-") as name:
        check_unit(tap, pathlib.Path(name))
        check_capabilities(tap, os.path.abspath(sys.argv[1]), program,
                           pathlib.Path(name))
    check_manifests(tap)
    check_dashboard(tap, program, sys.argv[2])
    tap.done()


if __name__ == "__main__":
    main()
