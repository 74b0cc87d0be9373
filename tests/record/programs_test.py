#!/usr/bin/env -S python3 -B
"""Real programs: what is recorded is what strace saw in the very same run, and
the policy made of one workload carries another one of the same kind.

usage: programs_test.py CALLGATE TARGET [PROGRAM]...
"""

import os
import pathlib
import re
import signal
import subprocess
import sys
import time

from world import Group, begin, is_root, missing_tools

SLACK = 1.25

NGINX = """
daemon on; pid %s/nginx.pid; error_log %s/error.log;
events {}
http {
    access_log %s/access.log;
    client_body_temp_path %s; proxy_temp_path %s; fastcgi_temp_path %s;
    uwsgi_temp_path %s; scgi_temp_path %s;
    server { listen 127.0.0.1:8471; root %s/www; }
}
"""

SERVER = """package main

import ("fmt"; "io"; "net/http"; "net/http/httptest"; "os")

func main() {
	s := httptest.NewServer(http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintln(w, r.URL.Path)
		}))
	defer s.Close()
	for i := 0; i < 20; i++ {
		r, err := http.Get(s.URL + "/" + os.Args[1])
		if err != nil { panic(err) }
		io.Copy(io.Discard, r.Body)
		r.Body.Close()
	}
}
"""

C_FILE = """
#include <stdio.h>
int main(void) { FILE *f = fopen("/etc/hostname", "r"); return !f; }
"""

# Each workload is a script of sh. name, tools, first workload, another of the
# same kind (None: the set alone is compared), what to prepare.
PROGRAMS = [
    ("shell", ["sort", "awk"],
     "ls /usr/bin | sort | head -50 | awk '{print $1}' | tr a b | wc -l",
     "ls /etc | sort -r | tail -5 | awk '{print NF}' | tr x y | uniq | wc -c"),
    ("git", ["git"],
     "rm -rf g; git init -q g; cd g; echo a >a; git add a; "
     "git -c user.name=a -c user.email=a@b commit -qm one; git log --oneline; "
     "git status; git diff",
     "cd g; echo b >>a; echo c >c; git add c a; git -c user.name=a "
     "-c user.email=a@b commit -qm two; git log -p; git status -s; git diff "
     "HEAD~1"),
    ("python3", ["python3"],
     "/usr/bin/python3 -c 'import os, json, hashlib, tempfile; "
     "print(json.dumps(os.listdir(\"/\"))); "
     "tempfile.TemporaryFile().write(hashlib.sha256(b\"a\").digest())'",
     "/usr/bin/python3 -c 'import os, json, random, tempfile; "
     "f = tempfile.TemporaryFile(); f.write(b\"x\" * 100000); f.seek(0); "
     "print(len(f.read()), sorted(os.listdir(\"/etc\"))[:3])'"),
    ("gcc", ["gcc"],
     "gcc -O1 -o one one.c && ./one",
     "gcc -O2 -g -Wall -c -o two.o one.c && gcc -o two two.o && ./two"),
    ("tar", ["tar", "gzip"],
     "tar czf t.tgz /usr/share/doc/git /etc/passwd 2>/dev/null; mkdir -p x; "
     "tar xzf t.tgz -C x; rm -rf x",
     "tar czf t2.tgz /usr/share/doc/tar /etc/group 2>/dev/null; mkdir -p y; "
     "tar xzf t2.tgz -C y; tar tzf t2.tgz >list; rm -rf y"),
    ("curl", ["curl", "nginx"],
     "nginx -c $PWD/nginx.conf; curl -s -o page http://127.0.0.1:8471/; "
     "kill $(cat nginx.pid); sleep 0.3",
     None),
    ("nginx", ["curl", "nginx"],
     "nginx -c $PWD/nginx.conf; for i in 1 2 3; do curl -s -o page "
     "http://127.0.0.1:8471/; done; curl -s -o none "
     "http://127.0.0.1:8471/none; kill $(cat nginx.pid); sleep 0.3",
     "nginx -c $PWD/nginx.conf; for i in 1 2 3 4 5 6; do curl -s -o page "
     "http://127.0.0.1:8471/?q=$i; done; curl -s -I -o none "
     "http://127.0.0.1:8471/other; kill $(cat nginx.pid); sleep 0.3"),
    ("redis", ["redis-server", "redis-benchmark"],
     "redis-server --port 8472 --save '' --daemonize yes >log; until redis-cli "
     "-p 8472 ping >log 2>&1; do sleep 0.1; done; "
     "redis-benchmark -p 8472 -n 300 -q -t set,get >log; redis-cli -p 8472 "
     "info >log; redis-cli -p 8472 shutdown nosave; sleep 0.5",
     "redis-server --port 8472 --save '' --daemonize yes >log; until redis-cli "
     "-p 8472 ping >log 2>&1; do sleep 0.1; done; "
     "redis-benchmark -p 8472 -n 300 -q -t lpush,incr,mset >log; redis-cli "
     "-p 8472 set a b >log; redis-cli -p 8472 shutdown nosave; sleep 0.5"),
    ("sqlite3", ["sqlite3"],
     "rm -f db; sqlite3 db 'create table a (b); insert into a values (1), (2);"
     " select * from a;'",
     "sqlite3 db 'create table c (d primary key); insert into c select b from "
     "a; update c set d = d + 10; select count(*) from c; delete from a;'"),
    ("apt-get", ["apt-get"],
     "apt-get -s install sl >log 2>&1; apt-cache policy git >log", None),
    ("openssl", ["openssl"],
     "openssl genrsa -out key 2048 2>log; openssl rsa -in key -pubout 2>log "
     ">pub; echo hi | openssl sha256",
     "openssl ecparam -genkey -name prime256v1 -out key2 2>log; "
     "openssl ec -in key2 -pubout 2>log >pub2; echo more | openssl sha512"),
    ("perl", ["perl"],
     "perl -e 'open F, \"<\", \"/etc/passwd\"; while (<F>) { $n++ } print $n; "
     "print `ls /etc`'",
     "perl -e 'open F, \">\", \"out\"; print F \"x\\n\" x 1000; close F; "
     "print -s \"out\"; print sort `ls /`'"),
    ("go", ["go"], "./server one", "./server other"),
    ("i386", ["gcc"], "./m32 forks 3; ./m32 threads 2; ./m32 signals 2",
     "./m32 forks 5; ./m32 threads 1; ./m32 signals 9"),
    ("musl", ["musl-gcc"], "./musl forks 3; ./musl threads 2; ./musl signals 2",
     "./musl forks 9; ./musl threads 3; ./musl signals 5"),
    ("threads", [], "TARGET threads 10; TARGET exec 5", None),
    ("vforks", [], "TARGET vforks 30; TARGET orphan 5; TARGET forks 30", None),
    ("make", ["make", "gcc"], "make -s -f Makefile.test one two", None),
    ("busybox", ["busybox"],
     "busybox sh -c 'busybox ls /bin | busybox wc; busybox id; busybox seq 9'",
     "busybox sh -c 'busybox ls /usr/lib | busybox wc -l; busybox id -u; "
     "busybox seq 3'"),
    ("find", ["find", "xargs"],
     "find /usr/share/doc -name 'c*' | xargs -n 50 grep -l x >log; du -s /etc",
     "find /etc -type f 2>/dev/null | xargs -n 20 grep -c root >log 2>&1; "
     "du -sh /usr/share/doc/git"),
]


M32 = ["gcc", "-m32", "-idirafter", "/usr/include/x86_64-linux-gnu"]


def builds(words):
    """Whether a compiler makes any program at all."""
    ran = subprocess.run([*words, "-x", "c", "-o", "/dev/null", "-"],
                         check=False, capture_output=True, text=True,
                         input="int main(void) { return 0; }")
    return ran.returncode == 0


def prepare(world):
    """What the workloads need; the names of programs that cannot be had."""
    folder, absent = world.folder, {}
    source = pathlib.Path(__file__).with_name("target.c")
    world.write("nginx.conf", NGINX % ((folder,) * 9))
    world.write("one.c", C_FILE)
    world.write("Makefile.test", "one:\n\tgcc -O0 -o $@ one.c\n"
                "two: one\n\tcp one $@\n")
    (folder / "www").mkdir()
    world.write("www/index.html", "hello\n")
    world.write("server.go", SERVER)
    shared = ["-O1", "-D_GNU_SOURCE", "-pthread", source]
    if builds(M32):
        subprocess.check_call([*M32, "-o", "m32", *shared], cwd=folder)
    else:
        absent["i386"] = "gcc makes no 32-bit programs here"
    if missing_tools("musl-gcc"):
        absent["musl"] = "musl-gcc is not installed"
    else:
        subprocess.check_call(["musl-gcc", "-static", "-o", "musl", *shared],
                              cwd=folder)
    environment = dict(os.environ, GOCACHE=str(folder / "go-cache"),
                       GOFLAGS="-mod=mod", GO111MODULE="off")
    if missing_tools("go") or subprocess.call(
            ["go", "build", "-o", "server", "server.go"], cwd=folder,
            env=environment, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL):
        absent["go"] = "Go is not installed"
    return absent


def ours(log):
    """The part of the log behind the exec of the workload itself."""
    lines = log.read_text(errors="replace").splitlines(keepends=True)
    starts = [i for i, line in enumerate(lines)
              if re.search(r'\bexecve\("/bin/sh"', line)]
    log.write_text("".join(lines[starts[0]:]))


def same_run(world, group, script):
    """Counts by strace and by eBPF, of one and the same run."""
    record = world.attach("--errors", "--cgroup", group.path, "-o",
                          "own.json")
    subprocess.run(
        ["strace", "-f", "-o", "strace.log", "--", world.target, "enter",
         f"{group.path}/cgroup.procs", "/bin/sh", "-c", script],
        cwd=world.folder, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, check=False, timeout=300)
    record.send_signal(signal.SIGINT)
    record.communicate(timeout=60)
    group.kill()
    ours(world.path("strace.log"))
    done = world.run("record", "--from", "strace.log", "-o", "log.json")
    if done.returncode:
        return {}, {"error": done.stderr}
    own = world.counts("own.json")
    own["x86_64", "execve"] -= 1  # the one that began the workload
    return {k: v for k, v in own.items() if v}, world.counts("log.json")


def allowed(text):
    """The names that a policy allows."""
    names = set()
    for group in text.split("- action: ")[1:]:
        if group.startswith("allow"):
            names |= set(re.findall(r"[a-z_0-9]+",
                                    "".join(re.findall(r"\[(.*?)\]", group,
                                                       re.S)[:1])))
            names |= set(re.findall(r"^ *- ([a-z_0-9]+)\(", group, re.M))
    return names


def other_workload(world, group, name, scripts, seen):
    """What is refused may make a program wait or loop: none outlives this."""
    made = world.run("record", "-o", "app.yml", "--", "/bin/sh", "-c",
                     scripts[0], preexec_fn=group.enter)
    group.kill()
    under = world.run("run", "--explain", "--policy", "app.yml", "--",
                      "/bin/sh", "-c", scripts[1], preexec_fn=group.enter)
    group.kill()
    refused = [line for line in under.stderr.splitlines()
               if re.match(r"callgate: .* to \w+\(", line)]
    names = allowed(world.path("app.yml").read_text())
    world.tap.ok(made.returncode == 0 and under.returncode == 0 and
                 not refused, f"{name}: another workload under the policy",
                 made.stderr, under.returncode, under.stderr[:1500])
    world.tap.ok(len(names) <= SLACK * len(seen),
                 f"{name}: {len(names)} calls allowed, strace saw "
                 f"{len(seen)}: {len(names) / len(seen):.2f} times",
                 sorted(names - seen))


def one_program(world, group, name, script, second):
    script = script.replace("TARGET", world.target)
    own, log = same_run(world, group, script)
    calls = sum(own.values())
    world.tap.ok(set(own) == set(log) and len(own) > 10,
                 f"{name}: the set of strace, {len(own)} calls",
                 f"ours alone: {set(own) - set(log)}",
                 f"strace alone: {set(log) - set(own)}")
    # A thread that is killed as it enters a call has told strace already.
    killed = re.findall(r"^\d+ +(?:<\.\.\. )?(\w+).* = \?$",
                        world.path("strace.log").read_text(), re.M)
    differ = {k: (v, log.get(k)) for k, v in own.items()
              if not 0 <= log.get(k, 0) - v <= killed.count(k[1])}
    world.tap.ok(not differ, f"{name}: the counts of strace, {calls} in all",
                 f"ours, strace's: {differ}")
    if second:
        seen = {call for _, call in log} | {"execve"}
        other_workload(world, group, name, (script, second), seen)


def main():
    world = begin("CALLGATE TARGET [PROGRAM]...")
    only = sys.argv[3:]
    why = ("it takes root" if not is_root() else
           world.missing.get("ebpf") or
           ("strace is not installed" if missing_tools("strace") else None))
    if why:
        world.tap.skip("real programs", why)
        world.tap.done()
    absent = prepare(world)
    with Group("programs") as group:
        for name, tools, first, second in PROGRAMS:
            lacking = missing_tools(*tools)
            if only and name not in only:
                continue
            if lacking or name in absent:
                world.tap.skip(name, absent.get(name) or
                               f"{lacking[0]} is not installed")
                continue
            one_program(world, group, name, first, second)
    world.tap.done()


if __name__ == "__main__":
    main()
