/* One event: what happened, why, and what to do about it. */

/* A value somewhere inside, as "process.parent.pid". */
function dig(event, path) {
	return path.split(".").reduce((at, name) =>
		at && typeof at === "object" ? at[name] : undefined, event);
}

/* All leaves of an event, by their paths. */
function leaves(value, path, out) {
	if (Array.isArray(value) && value.every((item) => typeof item !== "object"))
		out.push([path, value.join(", ")]);
	else if (value && typeof value === "object")
		for (const [name, member] of Object.entries(value))
			leaves(member, path ? `${path}.${name}` : name, out);
	else
		out.push([path, String(value)]);
	return out;
}

/* What is told of an event, in order: a word, and where it stands. A third
   member names the filter that the value can become. */
const FACTS = [
	["Program", "process.executable", "program"],
	["Thread", "process.name"],
	["PID", "process.pid"],
	["Command", "process.command_line"],
	["Folder", "process.working_directory"],
	["Parent", "process.parent.pid"],
	["User", "user.id"],
	["Container", "container.id", "container"],
	["Image", "container.image.name"],
	["Pod", "orchestrator.resource.name"],
	["Unit", "seccomp.systemd.unit", "unit"],
	["Cgroup", "seccomp.cgroup.path"],
	["Error", "error.code"],
	["Signal", "seccomp.signal"],
	["Label", "seccomp.label"],
	["Seen by", "event.provider"],
];

function arguments_(event) {
	const args = dig(event, "seccomp.syscall.args") ?? dig(event, "seccomp.syscall.arguments");

	if (Array.isArray(args))
		return args.map((one) => typeof one === "object" ? JSON.stringify(one) : String(one));
	if (typeof args === "string")
		return [args];
	return args && typeof args === "object"
		? Object.entries(args).map(([name, value]) => `${name}=${typeof value === "object" ? JSON.stringify(value) : value}`)
		: [];
}

function frames(value) {
	const list = Array.isArray(value) ? value : [];

	return list.map((frame) => typeof frame === "object" && frame
		? [frame.symbol ?? frame.function ?? frame.address ?? "", frame.file ?? frame.module ?? "", frame.line ?? ""].filter((part) => part !== "").join("  ")
		: String(frame));
}

class Detail {
	constructor(hooks) {
		this.box = by("detail");
		this.hooks = hooks;
		this.fix = null;
		by("detail-close").addEventListener("click", () => this.close());
	}

	async open(row, focus) {
		const wanted = row.row;

		this.row = wanted;
		try {
			const answer = await get(`/api/event/${wanted}`);
			if (this.row === wanted)
				this.show(answer, focus);
		} catch (error) {
			toast(error.message);
		}
	}

	close() {
		this.box.hidden = true;
		this.row = this.fix = null;
		by("main").classList.remove("open");
		this.hooks.closed();
	}

	show({ summary, event, first, last }, focus) {
		const body = by("detail-body");
		const verdict = summary.verdict || "";

		event = event || {};
		this.fix = dig(event, "seccomp.suggestion") || null;
		by("detail-title").replaceChildren(
			make("code", {}, shown(summary.call || "a call", 100)),
			make("span", { class: "verdict", "data-verdict": verdict }, verdictWord(verdict)));
		body.replaceChildren(
			...this.story(event, summary),
			...this.remedy(event, verdict),
			...this.facts(event, summary, first, last),
			...this.more(event));
		body.scrollTop = 0;
		this.box.hidden = false;
		by("main").classList.add("open");
		if (focus)
			by("detail-title").focus();
	}

	story(event, summary) {
		const why = VERDICTS[summary.verdict];
		const reason = dig(event, "seccomp.explanation") ?? dig(event, "event.reason");
		const risk = dig(event, "seccomp.risk") ?? summary.risk;
		const out = [make("p", { class: "said" }, shown(event.message || "", 5000))];

		if (why)
			out.push(make("p", { class: "why" }, why[1]));
		if (typeof reason === "string")
			out.push(make("p", { class: "why" }, shown(reason, 2000)));
		if (risk)
			out.push(make("p", { class: "risk" }, make("strong", {}, "Think before allowing it: "),
				shown(typeof risk === "object" ? leaves(risk, "", []).map((leaf) => leaf[1]).join(", ") : risk, 500)));
		return out;
	}

	remedy(event, verdict) {
		if (!this.fix)
			return verdict && verdict !== "log" ? [] : [];
		const button = make("button", { type: "button", class: "main-button", id: "copy-fix", on: { click: () => this.copyFix() } }, "Copy the fix");
		const compare = make("button", { type: "button", class: "quiet", id: "try-fix", on: { click: () => this.hooks.compare(this.fix) } }, "Try it on a policy");
		return [
			make("h3", {}, "To allow it"),
			make("div", { class: "fix" },
				make("pre", { id: "fix", tabindex: "0", "aria-label": "The fix" }, visible(this.fix)),
				make("div", { class: "fix-row" }, button, compare)),
		];
	}

	facts(event, summary, first, last) {
		const rows = [["Time", `${day(summary.time)} ${clock(summary.time)}`]];
		const args = arguments_(event);
		const abi = dig(event, "seccomp.syscall.abi"), nr = dig(event, "seccomp.syscall.number");

		if (summary.count > 1)
			rows.push(["Seen", `${number(summary.count)} times, ${clock(first)} to ${clock(last)}`]);
		if (args.length)
			rows.push(["Arguments", args.join("\n")]);
		if (abi || nr !== undefined)
			rows.push(["Call", [abi, nr === undefined ? null : `number ${nr}`, dig(event, "seccomp.syscall.ip") ? `at ${dig(event, "seccomp.syscall.ip")}` : null].filter(Boolean).join(", ")]);
		for (const [word, path, filter] of FACTS) {
			const value = dig(event, path);
			if (value !== undefined && typeof value !== "object")
				rows.push([word, String(value), filter]);
		}
		return [make("h3", {}, "What is known"), this.table(rows)];
	}

	table(rows) {
		return make("dl", { class: "facts" }, ...rows.flatMap(([word, value, filter]) => [
			make("dt", {}, word),
			make("dd", {}, filter
				? make("button", { type: "button", class: "as", title: "Show only these", on: { click: () => this.hooks.filter(filter, value) } }, shown(value, 5000))
				: shown(value, 5000)),
		]));
	}

	more(event) {
		const stack = frames(dig(event, "seccomp.stack"));
		const tree = dig(event, "seccomp.ancestors") ?? dig(event, "process.ancestors");
		const filter = dig(event, "seccomp.filter"), rule = event.rule;
		const out = [];
		const text = JSON.stringify(event, null, 2);

		if (stack.length)
			out.push(make("h3", {}, "Stack"), this.numbered(stack));
		if (Array.isArray(tree) && tree.length)
			out.push(make("h3", {}, "Started by"), this.numbered(tree.map((one) =>
				typeof one === "object" ? leaves(one, "", []).map((leaf) => leaf[1]).join("  ") : String(one))));
		if (filter || rule)
			out.push(make("h3", {}, "Filter"), this.table(leaves({ ...filter, rule }, "", []).filter((leaf) => leaf[1] !== "undefined")));
		out.push(
			make("details", {}, make("summary", {}, "Every field"), this.table(leaves(event, "", []))),
			make("details", {}, make("summary", {}, "As JSON"),
				make("pre", { class: "plain", tabindex: "0" }, text.replace(UNSEEN, (c) => c === "\n" ? c : visible(c))),
				make("button", { type: "button", class: "quiet", on: { click: () => copy(text) } }, "Copy the JSON")));
		return out;
	}

	numbered(list) {
		return make("ol", { class: "frames" }, ...list.map((line, i) =>
			make("li", {}, make("span", { class: "n" }, `#${i}`), shown(line, 2000))));
	}

	copyFix() {
		if (this.fix)
			copy(this.fix);
	}
}
