// Callgate from Node, through koffi. One call: no new processes from here on.
"use strict";

const { spawnSync } = require("node:child_process");
const koffi = require("koffi");

const lib = koffi.load(process.env.CALLGATE_LIBRARY || "libcallgate.so.0");

koffi.struct("cg_error", {
	status: "int", line: "uint32", column: "uint32", sys_errno: "int32",
	thread: "int32", check: "str", source: koffi.array("char", 256, "String"),
	message: koffi.array("char", 512, "String"),
});
koffi.struct("cg_noproc", {
	state: "int", system: "str", step: "str", threads: "uint32",
	verified: "bool",
});

const loadFile = lib.func(
	"int cg_load_file(const char *path, void *options, _Out_ cg_error *err)");
const noNewProcesses = lib.func(
	"int cg_no_new_processes(void *options, _Out_ cg_noproc *out, " +
	"_Out_ cg_error *err)");

// Make a call that fills an error; throw what it says.
function check(status, err) {
	if (status !== 0)
		throw Object.assign(new Error(err.message), err);
}

function tryTrue() {
	const { error, status } = spawnSync("true");
	return error ? error.code : `exit status ${status}`;
}

const err = {}, done = {};

try {
	check(loadFile("nowhere.yml", null, err), err);
} catch (error) {
	console.log(error.message);
}
console.log("before:", tryTrue());
check(noNewProcesses(null, done, err), err);
console.log("every thread of Node:", done.state === 2 && done.verified);
console.log("after:", tryTrue());
