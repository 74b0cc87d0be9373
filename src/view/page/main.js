/* All of it together. */
const theme = {
	names: ["auto", "light", "dark"],
	words: { auto: "as the system", light: "light", dark: "dark" },
	now: "auto",

	set(name) {
		theme.now = theme.names.includes(name) ? name : "auto";
		if (theme.now === "auto")
			delete document.documentElement.dataset.theme;
		else
			document.documentElement.dataset.theme = theme.now;
		by("theme").setAttribute("aria-label", `Theme: ${theme.words[theme.now]}`);
		by("theme").title = `Theme: ${theme.words[theme.now]}`;
		try {
			localStorage.setItem("theme", theme.now);
		} catch (error) { /* then it is for this visit */ }
	},

	next() {
		theme.set(theme.names[(theme.names.indexOf(theme.now) + 1) % 3]);
		toast(`Theme: ${theme.words[theme.now]}`);
	},

	begin() {
		let kept = "auto";

		try {
			kept = localStorage.getItem("theme");
		} catch (error) { /* not allowed to keep anything */ }
		theme.set(kept);
	},
};
theme.begin();

const detail = new Detail({
	closed: () => by("rows").focus(),
	filter: (name, value) => setFilter({ [name]: value }),
	compare: (fix) => diff.open(fix),
});
const diff = new Diff();
const list = new List((row, focus) => detail.open(row, focus));
const timeline = new Timeline(by("plot"), (since, until) =>
	setFilter(since ? { range: "custom", since, until } : { range: "", since: 0, until: 0 }));
const stream = new Stream({
	state: (name) => tellLive(name),
	rows: (rows) => {
		list.add(rows);
		status.stored += rows.length;
		tellStored();
		overviewSoon();
		const notice = rows.findLast((row) => row.notice);
		if (notice) {
			toast(visible(notice.notice));
			askStatus();
		}
	},
	skipped: (count) => {
		toast(`${number(count)} came too fast to show; they are in the list`);
		reload();
	},
	again: () => reload(),
});
const status = { stored: 0, state: "connecting" };

/* ---------------------------------------------------------------- header -- */
function tellLive(name) {
	const words = { live: "Live", lost: "Connection lost", connecting: "Connecting", paused: "Paused" };

	if (name)
		status.state = name;
	const shows = status.state === "live" && state.paused ? "paused" : status.state;
	by("live").dataset.state = shows;
	if (by("live-text").textContent !== words[shows])
		by("live-text").textContent = words[shows];
}

function tellStored() {
	by("stored").textContent = `${plural(status.stored, "event", "events")} stored`;
}

/* Losses and blind spots: what this page cannot show, said first. */
function tellBlind(watch) {
	const lost = Object.entries(watch.lost || {}).filter(([, count]) => count > 0);
	const spots = [
		...lost.map(([where, count]) => `${where}: ${plural(count, "event was", "events were")} lost`),
		...(watch.blind_spots || []),
	];
	const button = by("open-blind");

	button.hidden = !spots.length;
	button.textContent = lost.length ? "Events were lost" : plural(spots.length, "blind spot", "blind spots");
	by("blind-list").replaceChildren(...spots.map((spot) => make("li", {}, visible(spot))));
}

async function askStatus() {
	try {
		const answer = await get("/api/status");

		status.stored = answer.stored;
		tellStored();
		tellBlind(answer.watch || {});
		document.title = `Callgate watch${answer.watch?.host ? ` · ${visible(answer.watch.host)}` : ""}`;
	} catch (error) {
		if (error.status !== 401)
			tellLive("lost");
	}
}

/* -------------------------------------------------------------- overview -- */
async function askTop(column) {
	const query = filterQuery();

	query.delete(column);
	query.set("column", column);
	query.set("limit", column === "verdict" ? 10 : 8);
	const { values } = await get("/api/top", query);
	const most = Math.max(1, ...values.map((one) => one.count));
	const rows = values.map(({ value, count }) => {
		const name = make("span", { class: "name" });
		const share = make("span", { class: "share" });
		const on = state.filter[column] === value;

		share.style.width = `${Math.max(1.5, count / most * 100)}%`;
		if (column === "program")
			name.append(shown(value.slice(value.lastIndexOf("/") + 1) || value, 200));
		else if (column === "verdict")
			name.append(make("span", { class: "verdict", "data-verdict": value }, verdictWord(value)));
		else
			name.append(shown(column === "container" ? value.slice(0, 12) : value, 200));
		return make("li", {}, make("button", {
			type: "button", "aria-pressed": String(on), title: visible(value.slice(0, 300)),
			"data-value": value,
			on: { click: () => setFilter({ [column]: on ? "" : value }) },
		}, share, name, make("span", { class: "number" }, number(count))));
	});
	keepFocus(document.querySelector(`ol[data-column="${column}"]`), rows);
	const names = by(`l-${column}`);
	if (names)
		names.replaceChildren(...values.map(({ value }) => make("option", { value })));
	if (column === "verdict")
		tellVerdicts(values);
}

/* Put rows in anew, without taking the keyboard away from one. */
function keepFocus(box, rows) {
	const value = box.contains(document.activeElement) ? document.activeElement.dataset.value : null;

	box.replaceChildren(...rows);
	if (value !== null)
		[...box.querySelectorAll("button")].find((button) => button.dataset.value === value)?.focus();
}

function tellVerdicts(values) {
	const names = new Set([...values.map((one) => one.value), state.filter.verdict].filter(Boolean));

	by("f-verdict").replaceChildren(make("option", { value: "" }, "any"),
		...[...names].map((name) => make("option", { value: name }, verdictWord(name))));
	by("f-verdict").value = state.filter.verdict || "";
}

async function overview() {
	const query = filterQuery();

	const begun = overview.last = Date.now();
	query.set("buckets", 120);
	try {
		await Promise.all([
			get("/api/timeline", query).then((data) => timeline.show(data)),
			...["program", "call", "verdict", "container", "unit"].map(askTop)]);
	} catch (error) {
		if (error.status !== 401)
			toast(error.message);
	}
	overview.took = Date.now() - begun;
}

/* However much comes, most of the time is the server's own; and not out of
   sight. */
function overviewSoon() {
	if (overview.timer || document.hidden)
		return;
	overview.timer = setTimeout(() => {
		overview.timer = 0;
		if (!state.paused)
			overview();
	}, Math.max(250, Math.max(900, 4 * (overview.took || 0)) - (Date.now() - (overview.last || 0))));
}

/* --------------------------------------------------------------- filters -- */
function anyFilter() {
	return FILTERS.some((name) => state.filter[name]) || Boolean(state.filter.range);
}

function tellFilters() {
	for (const name of FILTERS) {
		const input = by(`f-${name}`);
		if (document.activeElement !== input || input.value.trim() !== state.filter[name])
			input.value = state.filter[name] || "";
		input.closest(".field")?.classList.toggle("set", Boolean(state.filter[name]));
	}
	by("f-range").value = state.filter.range;
	by("f-range").closest(".field").classList.toggle("set", Boolean(state.filter.range));
	by("clear").hidden = !anyFilter();
	by("empty-title").textContent = anyFilter() ? "Nothing matches" : "No violations so far";
	by("empty-text").textContent = anyFilter()
		? "No stored event has all that the filter asks for."
		: "Each call that a seccomp filter refuses shows here at once.";
}

function setFilter(change) {
	Object.assign(state.filter, change);
	filterToAddress();
	reload();
}

async function reload() {
	tellFilters();
	stream.close();
	try {
		const loaded = list.load();
		overview();
		const top = await loaded;
		/* A stretch of the past has no news. */
		if (top !== null && state.filter.range !== "custom")
			stream.open(top);
		else if (top !== null)
			tellLive("live");
	} catch (error) {
		if (error.status === 401)
			return;
		tellLive("lost");
		clearTimeout(reload.timer);
		reload.timer = setTimeout(reload, 3000);
	}
}

for (const name of FILTERS) {
	const input = by(`f-${name}`);
	const change = () => {
		if (input.value.trim() !== (state.filter[name] || ""))
			setFilter({ [name]: input.value.trim() });
	};

	input.addEventListener("change", change);
	if (name === "text")
		input.addEventListener("input", later(350, change));
}
by("filters").addEventListener("submit", (event) => {
	event.preventDefault();
	document.activeElement?.blur();
	by("rows").focus();
});
by("f-range").addEventListener("change", () => setFilter({ range: by("f-range").value, since: 0, until: 0 }));
by("clear").addEventListener("click", () => {
	setFilter({ ...Object.fromEntries(FILTERS.map((name) => [name, ""])), range: "", since: 0, until: 0 });
	by("f-text").focus();
});
addEventListener("hashchange", () => {
	filterFromAddress();
	reload();
});

/* ---------------------------------------------------------------- buttons -- */
function release() {
	if (list.release())
		reload();
}

function pause() {
	state.paused = !state.paused;
	by("pause").setAttribute("aria-pressed", state.paused);
	by("pause").textContent = state.paused ? "Go on" : "Pause";
	tellLive();
	list.tell();
	if (!state.paused) {
		release();
		overview();
	}
}

by("pause").addEventListener("click", pause);
by("news").addEventListener("click", () => {
	release();
	by("rows").focus();
});
by("theme").addEventListener("click", () => theme.next());
by("open-diff").addEventListener("click", () => diff.open());
by("open-help").addEventListener("click", () => by("help").showModal());
by("open-blind").addEventListener("click", () => by("blind").showModal());
for (const button of document.querySelectorAll("[data-close]"))
	button.addEventListener("click", () => button.closest("dialog").close());

const KEYS = {
	"/": () => by("f-text").focus(),
	"?": () => by("help").showModal(),
	p: pause,
	d: () => diff.open(),
	t: () => theme.next(),
	c: () => detail.copyFix(),
	j: () => list.step(1),
	k: () => list.step(-1),
};

addEventListener("keydown", (event) => {
	const typing = event.target.closest("input, textarea, select");

	if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]"))
		return;
	if (event.key === "Escape") {
		if (typing) {
			if (typing.id === "f-text" && typing.value)
				setFilter({ text: "" });
			typing.blur();
			by("rows").focus();
		} else if (!by("detail").hidden) {
			detail.close();
		}
		return;
	}
	if (!typing && KEYS[event.key]) {
		event.preventDefault();
		KEYS[event.key]();
	}
});

/* ------------------------------------------------------------------ token -- */
state.needsToken = () => {
	stream.close();
	if (!by("login").open)
		by("login").showModal();
};
by("login").addEventListener("cancel", (event) => event.preventDefault());
by("login-form").addEventListener("submit", async (event) => {
	event.preventDefault();
	by("login-wrong").hidden = true;
	try {
		await post("/api/login", { token: by("token").value });
		by("token").value = "";
		by("login").close();
		begin();
	} catch (error) {
		by("login-wrong").textContent = error.message;
		by("login-wrong").hidden = false;
		by("token").select();
	}
});

/* ------------------------------------------------------------------ begin -- */
if (matchMedia("(max-width: 820px)").matches)
	by("tops-fold").open = false;
document.addEventListener("visibilitychange", () => {
	if (!document.hidden)
		overview();
});
setInterval(() => {
	if (!document.hidden) {
		askStatus();
		if (state.filter.range && state.filter.range !== "custom" && !state.paused)
			overviewSoon();
	}
}, 10000);

async function begin() {
	filterFromAddress();
	tellFilters();
	await askStatus();
	await reload();
}

begin();
