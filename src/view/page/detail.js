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
	["Name", "process.name"],
	["PID", "process.pid"],
	["Thread", "process.thread.id"],
	["Command", "process.command_line"],
	["Folder", "process.working_directory"],
	["Parent", "process.parent.pid"],
	["Its command", "process.parent.command_line"],
	["User", "user.id"],
	["Container", "container.id", "container"],
	["Image", "container.image.name"],
	["Pod", "orchestrator.resource.id"],
	["Unit", "seccomp.systemd.unit", "unit"],
	["Cgroup", "seccomp.cgroup.path"],
	["Error", "seccomp.errno"],
	["Signal", "seccomp.signal"],
	["Label", "seccomp.label"],
	["Lost by", "seccomp.lost.where"],
	["Which", "seccomp.lost.name"],
	["Lost now", "seccomp.lost.count"],
	["Lost in all", "seccomp.lost.total"],
	["Reason", "seccomp.lost.reason"],
];

/* Who words a fix how; Callgate's own comes first. */
const FIXES = [["callgate", "Callgate"], ["oci", "Docker, OCI"], ["systemd", "systemd"]];

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
		const error = dig(event, "seccomp.errno");
		by("detail-title").replaceChildren(...summary.notice ? ["Events were lost"] : [
			make("code", {}, shown(summary.call || "a call", 100)),
			make("span", { class: "verdict", "data-verdict": verdict }, verdictWord(verdict) + (verdict === "errno" && error ? `, ${visible(error)}` : ""))]);
		body.replaceChildren(
			...this.story(event, summary),
			...this.remedy(event),
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
		const risk = dig(event, "seccomp.risk"), reason = dig(event, "seccomp.risk_reason");
		const out = [make("p", { class: "said" }, shown(event.message || "", 5000))];

		if (why)
			out.push(make("p", { class: "why" }, why[1]));
		if (risk && this.fix)
			out.push(make("p", { class: "risk", "data-risk": risk },
				make("strong", {}, risk === "low" ? "Little risk in allowing it: " : `Think before allowing it, the risk is ${visible(risk)}: `),
				shown(reason || "", 500)));
		return out;
	}

	remedy(event) {
		if (!this.fix)
			return [];
		const all = dig(event, "seccomp.suggestions") || {};
		const own = all.callgate || this.fix;
		const words = FIXES.filter(([name]) => all[name]);
		const text = make("pre", { id: "fix", tabindex: "0", "aria-label": "The fix" }, visible(this.fix));
		const tabs = words.map(([name, word]) => make("button", {
			type: "button", class: "tab", "aria-pressed": String(all[name] === this.fix),
			on: { click: (click) => {
				this.fix = all[name];
				text.textContent = visible(this.fix);
				tabs.forEach((tab) => tab.setAttribute("aria-pressed", tab === click.currentTarget));
			} },
		}, word));
		const button = make("button", { type: "button", class: "main-button", id: "copy-fix", on: { click: () => this.copyFix() } }, "Copy the fix");
		const compare = make("button", { type: "button", class: "quiet", id: "try-fix", on: { click: () => this.hooks.compare(own) } }, "Try it on a policy");
		return [
			make("h3", {}, "To allow it"),
			make("div", { class: "fix" },
				tabs.length > 1 ? make("div", { class: "tabs", role: "group", "aria-label": "For which tool" }, ...tabs) : null,
				text,
				make("div", { class: "fix-row" }, button, compare)),
		];
	}

	facts(event, summary, first, last) {
		const rows = [["Time", `${day(summary.time)} ${clock(summary.time)}`]];
		const text = dig(event, "seccomp.syscall.text"), source = dig(event, "seccomp.source");
		const abi = dig(event, "seccomp.syscall.abi"), nr = dig(event, "seccomp.syscall.number");

		if (summary.count > 1)
			rows.push(["Seen", `${number(summary.count)} times, ${clock(first)} to ${clock(last)}`]);
		if (text)
			rows.push(["Called", text]);
		if (abi || nr !== undefined)
			rows.push(["ABI", [abi, nr === undefined ? null : `number ${nr}`, dig(event, "seccomp.syscall.ip") ? `at ${dig(event, "seccomp.syscall.ip")}` : null].filter(Boolean).join(", ")]);
		for (const [word, path, filter] of FACTS) {
			const value = dig(event, path);
			if (value !== undefined && typeof value !== "object")
				rows.push([word, String(value), filter]);
		}
		if (!summary.notice)
			rows.push(["Seen by", Array.isArray(source) ? source.join(", ") : dig(event, "event.provider") || "?"]);
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
		const filter = dig(event, "seccomp.filter");
		const out = [];
		const text = JSON.stringify(event, null, 2);

		if (stack.length)
			out.push(make("h3", {}, "Stack"), this.numbered(stack));
		if (Array.isArray(tree) && tree.length)
			out.push(make("h3", {}, "Started by"), this.numbered(tree.map(String)));
		if (filter)
			out.push(make("h3", {}, "The filter that decided"), this.table([
				["SHA-256", filter.id],
				["Place", `${filter.index + 1} of ${filter.count} on this process, the oldest is 1`],
				["Instruction", filter.instruction],
				["Logs", filter.logs ? "yes: audit is told, too" : "no: audit is not told of refusals"]]));
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
