#!/usr/bin/env -S python3 -B
"""What stands in examples/ builds, runs and says what it says.

usage: examples_test.py BUILD

Callgate is installed into a temporary folder, and each example is used against
that as its reader would: make, CMake and Meson build the service, which is then
asked for a greeting; each `run:` of the workflow is run; the unit is verified,
the image's file and the manifest are checked.
"""

import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent
                       / "house"))
from tap import ROOT, Tap  # noqa: E402

EXAMPLES = ROOT / "examples"


def run(*command, **options):
    options.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.run([str(word) for word in command], check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, **options)


def install(build, root):
    """The environment of somebody who has Callgate installed."""
    done = run("meson", "install", "-C", build, "--no-rebuild", "--destdir",
               root)
    library = next(root.rglob("libcallgate.so.0"), None)
    command = next(root.rglob("bin/callgate"), None)
    if done.returncode or not library or not command:
        sys.exit(f"cannot install: {done.stdout}")
    # Installed elsewhere than it was made for, as distributions build it.
    for pc in library.parent.rglob("pkgconfig/callgate.pc"):
        pc.write_text(re.sub(r"^prefix=", f"prefix={root}", pc.read_text(),
                             flags=re.M))
    return {**os.environ,
            "PKG_CONFIG_PATH": str(library.parent / "pkgconfig"),
            "LD_LIBRARY_PATH": str(library.parent),
            "PATH": f"{command.parent}:{os.environ['PATH']}"}


def good(tap, name, ran):
    tap.ok(ran.returncode == 0, name, ran.stdout)
    return ran.returncode == 0


def greets(tap, name, program, env):
    """The service greets, and is under a filter while it does."""
    service = subprocess.Popen(
        [str(program), "127.0.0.1", "0", str(EXAMPLES / "service" /
                                             "greeter.yml"), "1"],
        env=env, stdout=subprocess.PIPE, text=True)
    port = int(service.stdout.readline().split()[1])
    with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
        said = client.recv(100)
    status = service.wait(timeout=60)
    service.stdout.close()
    tap.ok((said, status) == (b"hello\n", 0), f"{name}: greets, confined",
           said, status)


def test_make(tap, work, env):
    folder = work / "tree" / "make"
    if good(tap, "make: builds", run("make", "-C", folder, env=env)):
        greets(tap, "make", folder / "greeter", env)


def test_guide(tap, work, env):
    """The C of the guide compiles, links, and confines itself."""
    text = (ROOT / "docs" / "howto-in-every-program.md").read_text()
    source = work / "guide.c"
    source.write_text("\n".join(re.findall(r"```c\n(.*?)```", text, re.S)))
    flags = run("pkg-config", "--cflags", "--libs", "callgate", env=env)
    if not good(tap, "the guide's C builds", run(
            "cc", "-Wall", "-Wextra", "-Wno-unused-function", source,
            *flags.stdout.split(), "-o", work / "guide", env=env)):
        return
    user = work / "user.yml"
    user.write_text(re.search(r"```yaml\n(.*?)```", text, re.S)[1])
    ran = run(work / "guide", user, env=env)
    tap.ok(ran.returncode == 0 and "seccomp: installed {" in ran.stdout and
           '"policy":"shipper"' in ran.stdout, "the guide's C confines itself",
           ran.stdout)


def test_cmake(tap, work, env):
    if not shutil.which("cmake"):
        tap.skip("CMake", "no cmake")
        return
    build = work / "cmake"
    if good(tap, "CMake: sets up", run(
            "cmake", "-S", work / "tree" / "cmake", "-B", build, env=env)) and \
            good(tap, "CMake: builds, the policy too", run(
                "cmake", "--build", build, env=env)):
        tap.ok((build / "greeter.bpf").stat().st_size % 8 == 0,
               "CMake: compiles the policy")
        good(tap, "CMake: tests", run("ctest", "--test-dir", build, env=env))


def test_meson(tap, work, env):
    build = work / "meson"
    if good(tap, "Meson: sets up", run("meson", "setup", build, work / "tree" /
                                       "meson", env=env)):
        good(tap, "Meson: builds and tests", run("meson", "test", "-C", build,
                                                 env=env))


def steps(text):
    """(name, commands) of each `run: |` of a workflow."""
    found = re.findall(r"- name: (.*)\n        run: \|\n((?:          .*\n)+)",
                       text)
    return [(name, re.sub(r"^ {10}", "", body, flags=re.M))
            for name, body in found]


def repository(tree, env):
    """The examples as somebody's project, whose main branch is known."""
    for command in (["init", "-q"], ["add", "-A"],
                    ["-c", "user.name=n", "-c", "user.email=e", "commit",
                     "-qm", "the policy as it was"],
                    ["update-ref", "refs/remotes/origin/main", "HEAD"]):
        done = run("git", "-C", tree, *command, env=env)
        if done.returncode:
            sys.exit(done.stdout)
    policy = tree / "service" / "greeter.yml"
    policy.write_text(policy.read_text().replace("        - shutdown\n", ""))


def test_workflow(tap, work, env):
    text = (EXAMPLES / "github" / "policy.yml").read_text()
    tree = work / "tree"
    tap.ok(len(steps(text)) == text.count("run:") and steps(text),
           "workflow: every step is seen")
    for name, body in steps(text):
        ran = run("bash", "-eo", "pipefail", "-c", body, cwd=tree,
                  env={**env, "GITHUB_BASE_REF": "main"})
        good(tap, f"workflow: {name}", ran)
    told = (tree / "diff.txt").read_text()
    tap.ok("shutdown" in told and "and more" in told,
           "workflow: the change is told", told)
    # And what it is for: a policy that does not answer what it must.
    policy = tree / "service" / "greeter.yml"
    policy.write_text(policy.read_text().replace("accept4", "execve"))
    ran = run("bash", "-ec", dict(steps(text))["It answers what it must"],
              cwd=tree, env=env)
    tap.ok(ran.returncode != 0, "workflow: a bad change fails", ran.stdout)


def test_unit(tap, work, env):
    if not shutil.which("systemd-analyze"):
        tap.skip("systemd", "no systemd-analyze")
        return
    text = (EXAMPLES / "systemd" / "greeter.service").read_text()
    # What it starts is looked for: let it be there.
    unit = work / "greeter.service"
    unit.write_text(text.replace("/usr/bin/greeter", "/bin/true"))
    ran = run("systemd-analyze", "verify", "--man=no", unit, env=env)
    about = [line for line in ran.stdout.splitlines() if "greeter" in line]
    tap.ok(not about, "systemd: the unit is verified", ran.stdout)
    tap.ok("greeter.yml" in text and "SystemCallFilter=seccomp" in text,
           "systemd: it may load its filter")


def test_image(tap):
    """Each file that is copied is there, and each command is one."""
    text = (EXAMPLES / "docker" / "Dockerfile").read_text()
    lines = [line for line in text.replace("\\\n", " ").splitlines()
             if line and not line.startswith("#")]
    known = {"FROM", "RUN", "COPY", "WORKDIR", "USER", "EXPOSE", "ENTRYPOINT"}
    tap.ok({line.split()[0] for line in lines} <= known and
           lines[0].startswith("FROM"), "image: instructions")
    missing = [line for line in lines if line.startswith("COPY ") and
               not line.startswith("COPY --from") and
               not (EXAMPLES / line.split()[1]).exists() and
               line.split()[1] != "callgate.tar.gz"]
    tap.ok(not missing, "image: what is copied is there", missing)
    entry = [line for line in lines if line.startswith("ENTRYPOINT")]
    tap.ok(len(entry) == 1 and json.loads(entry[0].split(" ", 1)[1])[0] ==
           "/usr/bin/greeter", "image: its program")


def test_manifest(tap, work, env):
    text = (EXAMPLES / "kubernetes" / "greeter.yaml").read_text()
    if shutil.which("kubectl"):
        # Offline it knows the shape of what it creates, and nothing else.
        ran = run("kubectl", "create", "--dry-run=client", "--validate=false",
                  "-o", "json", "-f", EXAMPLES / "kubernetes" / "greeter.yaml",
                  env={**env, "KUBECONFIG": "/dev/null"})
        if "connection refused" in ran.stdout or "couldn't get" in ran.stdout:
            tap.skip("Kubernetes: kubectl reads it", "kubectl wants a cluster")
        else:
            good(tap, "Kubernetes: kubectl reads it", ran)
    else:
        tap.skip("Kubernetes: kubectl reads it", "no kubectl")
    tap.ok(re.search(r"type: Localhost\n\s+localhostProfile: "
                     r"profiles/greeter.json\n", text) is not None,
           "Kubernetes: it names the profile")
    # The command in its comment makes that profile.
    command = re.search(r"^#   (callgate convert .*)$", text, re.M)[1]
    profile = work / "tree" / "greeter.json"
    if good(tap, "Kubernetes: the profile is made",
            run("bash", "-c", command, cwd=work / "tree", env=env)):
        names = [name for rule in json.loads(profile.read_text())["syscalls"]
                 for name in rule["names"]]
        tap.ok("accept4" in names, "Kubernetes: the profile has the calls")


def main():
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        print(__doc__.strip())
        sys.exit(2)
    tap = Tap()
    with tempfile.TemporaryDirectory(prefix="callgate-examples-") as name:
        work = pathlib.Path(name).resolve()
        env = install(sys.argv[1], work / "root")
        shutil.copytree(EXAMPLES, work / "tree")
        test_make(tap, work, env)
        test_guide(tap, work, env)
        test_cmake(tap, work, env)
        test_meson(tap, work, env)
        repository(work / "tree", env)
        test_unit(tap, work, env)
        test_image(tap)
        test_manifest(tap, work, env)
        test_workflow(tap, work, env)
    tap.done()


if __name__ == "__main__":
    main()
