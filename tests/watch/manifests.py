"""What the DaemonSet and the compose file ask for, as a bundle that crun runs.

Read strictly: a key that is not known here is an error, as it would be one that
nobody has tried. Both become the same few words, and these a config.json as
containerd and Docker make it: with their mounts, masks and devices.
"""

import json
import pathlib
import re
import shutil
import subprocess

import yaml

# What Kubernetes and Docker hide of /proc and /sys from who is not privileged.
MASKED = ["/proc/asound", "/proc/acpi", "/proc/kcore", "/proc/keys",
          "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats",
          "/proc/sched_debug", "/proc/scsi", "/sys/firmware"]
READ_ONLY = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
             "/proc/sysrq-trigger"]

MOUNTS = [
    {"destination": "/proc", "type": "proc", "source": "proc",
     "options": ["nosuid", "noexec", "nodev"]},
    {"destination": "/dev", "type": "tmpfs", "source": "tmpfs",
     "options": ["nosuid", "strictatime", "mode=755", "size=65536k"]},
    {"destination": "/sys", "type": "sysfs", "source": "sysfs",
     "options": ["nosuid", "noexec", "nodev", "ro"]},
]

ENTRY = re.compile(r'^ENTRYPOINT \["([^"]+)"\]$', re.M)


class Box:
    """What is asked for."""

    def __init__(self, name):
        self.name = name
        self.words, self.capabilities, self.volumes = [], [], []
        self.user, self.memory, self.pids = 0, None, None
        self.probe = None


def take(mapping, known, where):
    """All of `mapping`; what is not `known` there nobody has tried."""
    unknown = set(mapping) - set(known)
    if unknown:
        raise ValueError(f"{where}: nobody has tried {sorted(unknown)}")
    return mapping


def must(mapping, rows, where):
    for key, value in rows.items():
        if mapping.get(key) != value:
            raise ValueError(f"{where}: {key} is {mapping.get(key)!r}, "
                             f"not {value!r}")


def bytes_of(text):
    found = re.fullmatch(r"(\d+)(Mi|Gi|m|g)", text)
    return int(found[1]) << {"m": 20, "g": 30}[found[2][0].lower()]


def read_container(box, item, volumes):
    take(item, {"name", "image", "args", "securityContext", "livenessProbe",
                "readinessProbe", "resources", "volumeMounts"}, "container")
    secure = take(item["securityContext"], {
        "allowPrivilegeEscalation", "readOnlyRootFilesystem",
        "capabilities"}, "securityContext")
    must(secure, {"allowPrivilegeEscalation": False,
                  "readOnlyRootFilesystem": True}, "securityContext")
    caps = take(secure["capabilities"], {"drop", "add"}, "capabilities")
    must(caps, {"drop": ["ALL"]}, "capabilities")
    box.words, box.capabilities = item["args"], caps["add"]
    box.memory = bytes_of(item["resources"]["limits"]["memory"])
    box.volumes = [mount["mountPath"] for mount in item["volumeMounts"]
                   if volumes[mount["name"]]["hostPath"]["type"] ==
                   "DirectoryOrCreate"]
    probe = take(item["livenessProbe"], {"httpGet"}, "livenessProbe")
    must(item, {"readinessProbe": probe}, "container")
    box.probe = take(probe["httpGet"], {"host", "path", "port",
                                        "httpHeaders"}, "httpGet")


def read_daemonset(path):
    documents = list(yaml.safe_load_all(path.read_text("utf-8")))
    kinds = {each["kind"]: each for each in documents}
    if [each["kind"] for each in documents] != ["Namespace", "DaemonSet"]:
        raise ValueError(f"{path}: kinds {list(kinds)}")
    spec = kinds["DaemonSet"]["spec"]
    must(spec["selector"]["matchLabels"],
         spec["template"]["metadata"]["labels"], "matchLabels")
    must(kinds["DaemonSet"]["metadata"],
         {"namespace": kinds["Namespace"]["metadata"]["name"]}, "namespace")
    pod = take(spec["template"]["spec"], {
        "automountServiceAccountToken", "hostNetwork", "hostPID",
        "tolerations", "securityContext", "containers", "volumes"}, "pod")
    must(pod, {"automountServiceAccountToken": False, "hostNetwork": True,
               "hostPID": True}, "pod")
    secure = take(pod["securityContext"], {"runAsUser", "seccompProfile"},
                  "securityContext")
    must(secure, {"seccompProfile": {"type": "Unconfined"}}, "pod")
    box = Box(path.name)
    box.user = secure["runAsUser"]
    [item] = pod["containers"]
    read_container(box, item, {each["name"]: each for each in pod["volumes"]})
    return box


def read_compose(path):
    document = yaml.safe_load(path.read_text("utf-8"))
    [service] = document["services"].values()
    take(service, {"image", "build", "command", "restart", "network_mode",
                   "pid", "read_only", "cap_drop", "cap_add", "security_opt",
                   "mem_limit", "pids_limit", "volumes"}, "service")
    must(service, {"network_mode": "host", "pid": "host", "read_only": True,
                   "cap_drop": ["ALL"],
                   "security_opt": ["no-new-privileges:true",
                                    "seccomp:unconfined"]}, "service")
    box = Box(path.name)
    box.words, box.capabilities = service["command"], service["cap_add"]
    box.memory, box.pids = bytes_of(service["mem_limit"]), \
        service["pids_limit"]
    for volume in service["volumes"]:
        name, target = volume.split(":")
        if name not in document["volumes"]:
            raise ValueError(f"{path}: no volume {name}")
        box.volumes.append(target)
    return box


def needed(paths):
    """The libraries that these load, and those, in turn."""
    told = subprocess.run(["ldd", *paths], check=False, text=True,
                          stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL).stdout
    return set(re.findall(r"(?:=> |^\s+)(/\S+)", told, re.M))


class Image:
    """What the Dockerfile says, of packages that this machine has, too."""

    def __init__(self, path):
        text = path.read_text("utf-8")
        self.entry = ENTRY.search(text)[1]
        self.packages = re.search(r"install -y --no-install-recommends"
                                  r"([^&]*)&&", text)[1].replace(
                                      "\\", " ").split()

    def libraries(self):
        found = set()
        for package in [*self.packages, "libc6"]:
            listed = subprocess.run(["dpkg", "-L", package], check=False,
                                    text=True, stdout=subprocess.PIPE,
                                    stderr=subprocess.DEVNULL).stdout
            found |= {path for path in listed.split()
                      if re.search(r"/lib[^/]*\.so\.\d+$", path)}
        return found | needed(sorted(found))

    def make(self, root, program):
        """No library is there but those of the packages."""
        for name in ("proc", "dev", "sys", "tmp", "etc"):
            (root / name).mkdir(parents=True)
        loader = [path for path in needed([program]) if "ld-linux" in path]
        for source, target in [(program, self.entry)] + [
                (path, path) for path in self.libraries() | set(loader)]:
            copy = root / str(target).lstrip("/")
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, copy)


def configure(box, folder, command, state):
    """The bundle's config.json; each volume is a folder of `state`."""
    caps = [f"CAP_{name}" for name in box.capabilities]
    volumes = []
    for number, target in enumerate(box.volumes):
        source = state / str(number)
        source.mkdir()
        volumes.append({"destination": target, "type": "bind",
                        "source": str(source), "options": ["rbind", "rw"]})
    (folder / "config.json").write_text(json.dumps({
        "ociVersion": "1.0.2",
        "process": {"terminal": False, "user": {"uid": box.user,
                                                "gid": box.user},
                    "args": command, "env": ["PATH=/usr/bin"], "cwd": "/",
                    "capabilities": {kind: caps for kind in
                                     ("bounding", "effective", "permitted")},
                    "noNewPrivileges": True},
        "root": {"path": "rootfs", "readonly": True},
        "mounts": MOUNTS + volumes,
        # Network, processes and host name are the machine's.
        "linux": {"namespaces": [{"type": "ipc"}, {"type": "mount"}],
                  "maskedPaths": MASKED, "readonlyPaths": READ_ONLY},
    }))


def examples(root):
    return pathlib.Path(root) / "examples" / "watch"
