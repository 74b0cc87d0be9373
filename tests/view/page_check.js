/*
 * The page of callgate watch, as a person with a browser meets it.
 *
 * usage: page_check.js FOLDER-OF-PROGRAMS WORK
 *
 * Prints TAP; screenshots go to WORK. CHROMIUM names the browser.
 */
"use strict";

const child = require("child_process");
const fs = require("fs");
const os = require("os");
const path = require("path");
const { chromium } = require("playwright-core");

const [programs, work] = process.argv.slice(2).map((name) => path.resolve(name));
const PATIENCE = 15000;
const MANY = 100000;
const NOW = Date.now() / 1000;
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
	"--disable-background-networking", "--disable-component-update", "--disable-sync"];

let count = 0, failed = 0;

function ok(passed, name, ...notes) {
	count++;
	failed += !passed;
	if (!passed)
		for (const note of notes)
			console.log(`# ${typeof note === "string" ? note : JSON.stringify(note)}`);
	console.log(`${passed ? "ok" : "not ok"} ${count} - ${name}`);
}

function skip(name, why) {
	console.log(`ok ${++count} - ${name} # SKIP ${why}`);
}

/* ------------------------------------------------------------ the server -- */
const CODES = { kill_process: "0x80000000", errno: "0x50000", log: "0x7ffc0000", trap: "0x30000" };

function record(serial, at, comm, exe, call, verdict) {
	const name = (value) => {
		const bytes = Buffer.isBuffer(value) ? value : Buffer.from(value);

		return bytes.every((b) => b > 0x20 && b < 0x7f && b !== 0x22)
			? `"${bytes}"` : bytes.toString("hex").toUpperCase();
	};

	return `type=SECCOMP msg=audit(${at.toFixed(3)}:${serial}): auid=1000 uid=33 gid=33 ses=1 ` +
		`pid=${1000 + serial % 30000} comm=${name(comm)} exe=${name(exe)} sig=0 ` +
		`arch=c000003e syscall=${call} compat=0 ip=0x7f code=${CODES[verdict]}\n`;
}

const PROGRAMS = ["nginx", "redis-server", "postgres", "node", "python3.11", "java", "curl"];
const CALLS = [49, 41, 42, 59, 165, 101, 272, 321];

/* Made-up records over some hours, the same each time. */
function many(total) {
	const lines = [];
	let seed = 1;
	const chance = (n) => (seed = seed * 48271 % 2147483647) % n;

	for (let i = 0; i < total; i++) {
		const program = PROGRAMS[Math.min(chance(7), chance(7))];
		const verdict = ["errno", "errno", "errno", "kill_process", "log", "trap"][chance(6)];
		lines.push(record(i + 1, NOW - 7200 * (1 - i / total), program, `/usr/bin/${program}`, CALLS[Math.min(chance(8), chance(8))], verdict));
	}
	return lines.join("");
}

class Server {
	constructor(...words) {
		this.said = "";
		this.process = child.spawn(path.join(programs, "callgate-watch"),
			["--listen", "127.0.0.1:0", ...words], { stdio: ["pipe", "ignore", "pipe"] });
		this.process.stderr.on("data", (data) => this.said += data);
		this.over = new Promise((resolve) => this.process.on("exit", resolve));
	}

	async begun() {
		for (let waited = 0; waited < PATIENCE; waited += 20) {
			const found = /the page is at (\S+)/.exec(this.said);
			if (found)
				return this.url = found[1];
			if (this.process.exitCode !== null)
				return null;
			await new Promise((resolve) => setTimeout(resolve, 20));
		}
		return null;
	}

	feed(text) {
		this.process.stdin.write(text);
	}

	async end() {
		this.process.stdin.end();
		this.process.kill("SIGTERM");
		return this.over;
	}
}

/* ----------------------------------------------------------- the browser -- */
const wrong = []; /* what the browser complained of */

async function browse(options = {}) {
	const folder = fs.mkdtempSync(path.join(os.tmpdir(), "callgate-page-"));
	const context = await chromium.launchPersistentContext(folder, {
		executablePath: process.env.CHROMIUM, headless: true, args: FLAGS,
		viewport: { width: 1440, height: 900 }, colorScheme: "light",
		...options,
	});
	const page = context.pages()[0] || await context.newPage();

	page.on("console", (message) => {
		if (["error", "warning"].includes(message.type()))
			wrong.push(message.text());
	});
	page.on("pageerror", (error) => wrong.push(String(error)));
	page.on("dialog", (dialog) => {
		wrong.push(`a dialog: ${dialog.message()}`);
		dialog.dismiss();
	});
	page.setDefaultTimeout(PATIENCE);
	await page.addInitScript(() => {
		window.violations = [];
		document.addEventListener("securitypolicyviolation", (event) =>
			window.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
	});
	return {
		page, context,
		end: async () => {
			wrong.push(...await page.evaluate(() => window.violations));
			await context.close();
			fs.rmSync(folder, { recursive: true, force: true });
		},
	};
}

const rowTexts = (page, name) => page.$$eval(`#canvas .row:not([hidden]) .${name}`, (cells) =>
	cells.map((cell) => cell.textContent));

async function until(page, what, ...values) {
	try {
		await page.waitForFunction(what, ...values, { timeout: PATIENCE, polling: 50 });
		return true;
	} catch (error) {
		return false;
	}
}

const counts = (page, text) => until(page, (want) => document.getElementById("count").textContent === want, text);

/* ------------------------------------------------------------------ tests -- */
async function checkLive(server) {
	const { page, end } = await browse();

	await page.goto(server.url);
	await until(page, () => document.getElementById("live").dataset.state === "live");
	const before = await page.textContent("#count");
	const start = Date.now();
	server.feed(record(999001, NOW, "tracker", "/usr/bin/tracker", 42, "kill_process"));
	const seen = await until(page, () => document.querySelector("#canvas .row .program")?.textContent === "/usr/bin/tracker");
	const took = Date.now() - start;
	ok(seen && took < 1000, `a violation appears within a second (${took} ms)`, before);
	ok(await until(page, () => document.querySelector("ol[data-column=program]").textContent.includes("tracker")), "and in the sums");
	await page.keyboard.press("p");
	server.feed(record(999002, NOW, "paused", "/usr/bin/paused", 42, "errno"));
	ok(await until(page, () => document.getElementById("count").textContent.includes("1 held back")), "paused, it is held back");
	ok(!(await rowTexts(page, "program")).some((text) => text.includes("paused")), "and not shown");
	await page.keyboard.press("p");
	ok(await until(page, () => document.querySelector("#canvas .row .program").textContent.includes("paused")), "until it goes on");
	await end();
}

/* A violation of this very machine, where that can be seen. */
async function checkReal() {
	const server = new Server();

	if (!await server.begun()) {
		skip("a real violation", server.said.trim().split("\n")[0]);
		return;
	}
	await new Promise((resolve) => setTimeout(resolve, 2500));
	if (server.process.exitCode !== null) {
		skip("a real violation", server.said.trim().split("\n")[1] || "the kernel is not heard");
		return;
	}
	const { page, end } = await browse();
	const policy = path.join(work, "refuser.yml");
	/* Of a name that nobody else on the machine has. */
	const maker = path.join(work, "maker");

	fs.copyFileSync("/usr/bin/mkdir", maker);
	fs.writeFileSync(policy, "seccomp:\n  default_action: allow\n  syscalls:\n    - {action: kill_process, names: [mkdir, mkdirat, rmdir]}\n");
	await page.goto(`${server.url}#program=${encodeURIComponent(maker)}`);
	await until(page, () => document.getElementById("live").dataset.state === "live");
	/* Until one is seen it may not listen yet. */
	for (let turn = 0; turn < 40; turn++) {
		child.spawnSync(path.join(programs, "callgate"), ["run", "--no-explain", "--policy", policy, "--", "rmdir", work], { stdio: "ignore" });
		await page.waitForTimeout(250);
		if (await page.evaluate(() => fetch("/api/events?call=rmdir").then((answer) => answer.json()).then((body) => body.rows.length)))
			break;
	}
	const ran = new Promise((resolve) => child.spawn(path.join(programs, "callgate"),
		["run", "--no-explain", "--policy", policy, "--", maker, path.join(work, "never")],
		{ stdio: "ignore" }).on("exit", () => resolve(Date.now())));
	const seen = await until(page, () => document.querySelector("#canvas .row .call")?.textContent === "mkdir");
	const took = Date.now() - await ran;
	ok(seen && took < 1000, `a real violation appears within a second (${took} ms)`);
	await page.click("#canvas .row .call");
	ok(await until(page, () => document.getElementById("detail-body").textContent.includes("killed")), "and opens");
	await page.screenshot({ path: path.join(work, "real.png") });
	await end();
	await server.end();
}

async function checkFilters(server) {
	const { page, end } = await browse();

	await page.goto(server.url);
	await until(page, () => document.querySelectorAll("ol[data-column=call] button").length > 3);
	await page.fill("#f-call", "bind");
	await page.press("#f-call", "Enter");
	ok(await until(page, () => {
		const cells = [...document.querySelectorAll("#canvas .row:not([hidden]) .call")];
		return cells.length > 5 && cells.every((cell) => cell.textContent === "bind");
	}), "a filter by call");
	ok((await page.evaluate(() => location.hash)) === "#call=bind", "is in the address");
	await page.click("ol[data-column=program] button >> nth=0");
	const program = await page.inputValue("#f-program");
	ok(program.startsWith("/usr/bin/") && await until(page, (name) => {
		const cells = [...document.querySelectorAll("#canvas .row:not([hidden]) .program")];
		return cells.length && cells.every((cell) => cell.textContent === name);
	}, program), "a click on a program filters", program);
	await page.selectOption("#f-verdict", "kill_process");
	ok(await until(page, () => {
		const cells = [...document.querySelectorAll("#canvas .row:not([hidden]) .verdict")];
		return cells.length && cells.every((cell) => cell.textContent === "killed");
	}), "and by verdict");
	await page.click("#clear");
	await page.keyboard.type("redis");
	ok(await until(page, () => {
		const cells = [...document.querySelectorAll("#canvas .row:not([hidden]) .program")].slice(0, 5);
		return cells.length === 5 && cells.every((cell) => cell.textContent.includes("redis"));
	}), "a search");
	await page.keyboard.type("nothing like this");
	ok(await until(page, () => !document.getElementById("empty").hidden) &&
		(await page.textContent("#empty-title")) === "Nothing matches", "which may find nothing, and says so");
	await page.click("#clear");
	await until(page, () => document.querySelectorAll("#plot rect[data-verdict]").length > 10 &&
		document.getElementById("count").textContent !== "0");
	const whole = await page.textContent("#count");
	const box = await (await page.$("#plot")).boundingBox();
	await page.mouse.move(box.x + box.width * 0.4, box.y + 50);
	await page.mouse.down();
	await page.mouse.move(box.x + box.width * 0.6, box.y + 50, { steps: 5 });
	await page.mouse.up();
	ok(await until(page, (text) => document.getElementById("count").textContent !== text && location.hash.includes("range=custom"), whole), "a stretch of time, by dragging");
	await page.focus("#plot");
	await page.keyboard.press("Escape");
	ok(await counts(page, whole), "and back, by Escape", whole);
	await page.keyboard.press("ArrowLeft");
	await page.keyboard.press("ArrowLeft");
	ok(/\d\d:\d\d:\d\d: /.test(await page.getAttribute("#plot", "aria-valuetext")), "the plot tells its bars to the keyboard");
	await end();
}

async function checkDetail(server) {
	const { page, context, end } = await browse();

	await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: new URL(server.url).origin });
	await page.goto(`${server.url}#call=bind`);
	await until(page, () => document.querySelectorAll("#canvas .row:not(.ghost)").length > 5);
	await page.click("#canvas .row >> nth=2");
	await page.waitForSelector("#detail:not([hidden])");
	const text = await page.textContent("#detail");
	ok(text.includes("bind") && text.includes("The filter answered") && text.includes("To allow it") && text.includes("x86_64"), "an event with its explanation", text);
	await page.click("#copy-fix");
	const copied = await page.evaluate(() => navigator.clipboard.readText());
	ok(copied === "- {action: allow, names: [bind]}", "the fix is copied", copied);
	await page.keyboard.press("Escape");
	ok(await page.isHidden("#detail"), "Escape closes it");
	ok(await page.evaluate(() => document.activeElement.id) === "rows", "and the list has the keyboard");
	await page.keyboard.press("ArrowDown");
	await page.keyboard.press("Enter");
	await page.waitForSelector("#detail:not([hidden])");
	ok(await page.evaluate(() => document.activeElement.id) === "detail-title", "Enter opens the next one, and goes there");
	await page.click("#try-fix");
	await page.waitForSelector("#diff[open]");
	ok(await until(page, () => document.querySelectorAll("#diff-result tbody tr").length > 0), "the fix is tried on the policy");
	const result = await page.textContent("#diff-result");
	ok(result.includes("allows more") && result.includes("bind"), "and what it changes is told", result);
	await page.screenshot({ path: path.join(work, "diff.png") });
	await page.fill("#right", "seccomp: {default_action: alow}");
	wrong.length = 0;
	await page.click("#diff-run");
	ok(await until(page, () => document.getElementById("right-wrong").textContent.includes("alow")), "what is wrong stands below the policy");
	/* The browser itself notes each answer that is no 200. */
	wrong.splice(0, wrong.length, ...wrong.filter((text) => !text.includes("422")));
	await page.keyboard.press("Escape");
	await end();
}

async function checkHostile(server) {
	const { page, end } = await browse();
	const names = [
		["<img src=x one>", "/tmp/<script>document.title='x'</script>/<img src=x onerror=alert(1)>"],
		[Buffer.from("\x1b[2J\x1b]0;t\x07"), Buffer.from("/tmp/\x1b[31mred\x1b]52;c;ZXZpbA==\x07")],
		[Buffer.from([0xff, 0xfe, 0x62]), Buffer.from([0x2f, 0x6f, 0xc3, 0x28, 0x2f, 0xe2, 0x80, 0xae, 0x67, 0x6e, 0x70])],
		["long", `/${"A".repeat(4090)}`],
	];

	await page.goto(server.url);
	await until(page, () => document.getElementById("live").dataset.state === "live");
	names.forEach(([comm, exe], i) => server.feed(record(999100 + i, NOW, comm, exe, 59, "errno")));
	await until(page, () => [...document.querySelectorAll("#canvas .row .program")].some((cell) => cell.textContent.includes("AAAA")));
	const programsShown = await rowTexts(page, "program");
	ok(programsShown.some((text) => text.includes("<script>document.title='x'</script>")), "HTML in a path is text", programsShown.slice(0, 6));
	ok(programsShown.some((text) => text.includes("\\u{1b}[31mred")), "escape sequences are text");
	ok(programsShown.some((text) => text.includes("\\u{202e}gnp")) && !programsShown.some((text) => text.includes("\u202e")), "what turns a line around is text");
	for (let i = 0; i < 4; i++) {
		await page.click(`#canvas .row[aria-posinset="${i + 1}"]`);
		await page.waitForSelector("#detail:not([hidden])");
		await page.waitForTimeout(150);
	}
	await until(page, () => document.querySelector("ol[data-column=program]").textContent.includes("AAAA"));
	const state = await page.evaluate(() => ({
		title: document.title,
		foreign: document.querySelectorAll("img, iframe, object, embed, #canvas script, #detail script, #detail b").length,
		wide: [document.documentElement, ...document.querySelectorAll(".side, .middle, .detail-body")].some((box) => box.scrollWidth > box.clientWidth),
	}));
	ok(/^Callgate watch/.test(state.title) && state.foreign === 0 && !state.wide, "nothing of it is more than text", state);
	await page.screenshot({ path: path.join(work, "hostile.png") });
	await end();
}

/* Frames while one turns the wheel, and the longest task of the page. */
async function scrollAndMeasure(page) {
	await page.evaluate(() => {
		window.frames_ = [];
		window.tasks = [];
		window.observer = new PerformanceObserver((list) => window.tasks.push(...list.getEntries().map((entry) => entry.duration)));
		window.observer.observe({ entryTypes: ["longtask"] });
		let last = performance.now();
		const frame = (now) => {
			window.frames_.push(now - last);
			last = now;
			window.running = requestAnimationFrame(frame);
		};
		window.running = requestAnimationFrame(frame);
	});
	const box = await (await page.$("#rows")).boundingBox();
	await page.mouse.move(box.x + 200, box.y + 200);
	for (let i = 0; i < 60; i++) {
		await page.mouse.wheel(0, 900);
		await page.waitForTimeout(25);
	}
	return page.evaluate(() => {
		cancelAnimationFrame(window.running);
		window.observer.disconnect();
		const sorted = window.frames_.slice(1).sort((a, b) => a - b);
		return {
			count: sorted.length,
			median: sorted[Math.floor(sorted.length / 2)],
			p95: sorted[Math.floor(sorted.length * 0.95)],
			worst: sorted[sorted.length - 1],
			task: Math.max(0, ...window.tasks),
		};
	});
}

async function checkMany() {
	const store = path.join(work, "many.db");
	const log = path.join(work, "many.log");

	for (const name of ["", "-wal", "-shm"])
		fs.rmSync(store + name, { force: true });
	fs.writeFileSync(log, many(MANY));
	child.spawnSync(path.join(programs, "callgate-watch"), ["--store", store, log], { stdio: "ignore" });
	const server = new Server("--store", store, "-");
	await server.begun();
	const { page, end } = await browse();
	const start = Date.now();
	await page.goto(server.url);
	ok(await counts(page, MANY.toLocaleString("en")), `100,000 stored events are listed (${Date.now() - start} ms)`);
	await page.waitForTimeout(1500);
	/* The best of some: what else the machine does is not the page's fault. */
	let got = null;
	for (let turn = 0; turn < 4 && !(got && got.p95 < 40 && got.task < 100); turn++) {
		const next = await scrollAndMeasure(page);
		if (!got || next.p95 + next.task < got.p95 + got.task)
			got = next;
	}
	const told = Object.entries(got).map(([name, value]) => `${name} ${Math.round(value)}`).join(", ");
	ok(got.median < 25 && got.p95 < 70 && got.task < 200, `they scroll smoothly (ms: ${told})`);
	ok(await until(page, () => !document.querySelector("#canvas .row.ghost:not([hidden])")), "and what is in sight is filled in");
	ok(await page.$$eval("#canvas .row", (rows) => rows.length) < 100, "by few elements");
	await page.evaluate(() => {
		const box = document.getElementById("rows");
		box.scrollTop = box.scrollHeight / 2;
	});
	ok(await until(page, () => {
		const row = document.querySelector("#canvas .row:not([hidden]):not(.ghost)");
		return row && Math.abs(Number(row.getAttribute("aria-posinset")) - 50000) < 100 && !document.querySelector("#canvas .row.ghost:not([hidden])");
	}), "the middle is there, too");
	await page.focus("#rows");
	await page.keyboard.press("End");
	ok(await until(page, () => document.querySelector("#canvas .row[aria-selected=true]")?.id === "row-1"), "End leads to the oldest");
	await page.keyboard.press("Home");
	ok(await until(page, (id) => document.querySelector("#canvas .row[aria-selected=true]")?.id === id, `row-${MANY}`), "Home to the newest");
	for (let i = 0; i < 40; i++)
		await page.keyboard.press("ArrowDown");
	ok(await page.$eval("#canvas .row[aria-selected=true]", (row) => row.getAttribute("aria-posinset")) === "41", "arrow keys go row by row");
	server.feed(record(999200, NOW, "newest", "/usr/bin/newest", 42, "errno"));
	ok(await until(page, () => !document.getElementById("news").hidden), "new ones wait while one reads below");
	await page.click("#news");
	ok(await until(page, () => document.querySelector("#canvas .row .program").textContent.includes("newest") ||
		[...document.querySelectorAll("#canvas .row:not([hidden])")].some((row) => row.getAttribute("aria-posinset") === "1" && row.textContent.includes("newest"))), "and come on demand");
	for (const [scheme, name] of [["light", "desktop-light"], ["dark", "desktop-dark"]]) {
		await page.emulateMedia({ colorScheme: scheme });
		await page.waitForTimeout(300);
		await page.screenshot({ path: path.join(work, `${name}.png`) });
	}
	await end();
	const narrow = await browse({ viewport: { width: 390, height: 844 }, hasTouch: true });
	await narrow.page.goto(server.url);
	await until(narrow.page, () => document.querySelectorAll("#canvas .row:not(.ghost)").length > 3);
	await until(narrow.page, () => document.querySelectorAll("#plot rect[data-verdict]").length > 10);
	ok(await narrow.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "narrow: nothing sticks out",
		await narrow.page.evaluate(() => [...document.querySelectorAll("body *")].filter((one) => one.getBoundingClientRect().right > innerWidth)
			.map((one) => `${one.tagName}#${one.id} ${Math.round(one.getBoundingClientRect().right)}`).slice(0, 8).join(", ")));
	for (const scheme of ["light", "dark"]) {
		await narrow.page.emulateMedia({ colorScheme: scheme });
		await narrow.page.waitForTimeout(200);
		await narrow.page.screenshot({ path: path.join(work, `narrow-${scheme}.png`) });
	}
	await narrow.page.click("#canvas .row >> nth=1");
	await narrow.page.waitForSelector("#detail:not([hidden])");
	await narrow.page.waitForTimeout(300);
	await narrow.page.screenshot({ path: path.join(work, "narrow-detail.png") });
	await narrow.end();
	await server.end();
}

/* What a screen reader is told, and whether one can read it. */
async function checkAccess(server) {
	const { page, end } = await browse();

	await page.goto(server.url);
	await until(page, () => document.querySelectorAll("#canvas .row").length > 3);
	const unnamed = await page.$$eval("button, input, select, textarea, [tabindex='0']", (elements) => elements.filter((element) =>
		element.getAttribute("aria-hidden") !== "true" && !(element.getAttribute("aria-label") || element.textContent.trim() ||
		element.labels?.length || element.getAttribute("aria-labelledby"))).map((element) => element.outerHTML.slice(0, 80)));
	ok(unnamed.length === 0, "every control has a name", unnamed);
	for (const scheme of ["light", "dark"]) {
		await page.emulateMedia({ colorScheme: scheme });
		const poor = await page.evaluate(() => {
			const probe = document.createElement("i");
			document.body.append(probe);
			const colour = (name) => {
				probe.style.color = `var(--${name})`;
				return getComputedStyle(probe).color.match(/[\d.]+/g).slice(0, 3).map(Number);
			};
			const light = (rgb) => rgb.map((value) => {
				const part = value / 255;
				return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
			}).reduce((sum, part, i) => sum + part * [0.2126, 0.7152, 0.0722][i], 0);
			const found = [];
			for (const back of ["card", "ground", "raise", "pick"])
				for (const front of ["ink", "dim", "accent", "red", "rust", "amber", "blue", "violet", "green", "grey"]) {
					const [a, b] = [light(colour(front)), light(colour(back))].sort((x, y) => y - x);
					const ratio = (a + 0.05) / (b + 0.05);
					if (ratio < 4.5)
						found.push(`${front} on ${back}: ${ratio.toFixed(2)}`);
				}
			probe.remove();
			return found;
		});
		ok(poor.length === 0, `${scheme}: letters stand out from what is behind them`, poor);
	}
	await page.keyboard.press("t");
	await page.keyboard.press("t");
	ok(await page.evaluate(() => document.documentElement.dataset.theme) === "dark", "the theme by a key");
	await page.reload();
	ok(await page.evaluate(() => document.documentElement.dataset.theme) === "dark", "which is kept");
	await page.keyboard.press("?");
	ok(await page.isVisible("#help"), "help by a key");
	await page.keyboard.press("Escape");
	await page.keyboard.press("/");
	ok(await page.evaluate(() => document.activeElement.id) === "f-text", "search by a key");
	await page.keyboard.press("Escape");
	const reached = new Set();
	for (let i = 0; i < 60; i++) {
		await page.keyboard.press("Tab");
		reached.add(await page.evaluate(() => document.activeElement.id || document.activeElement.dataset.value || document.activeElement.className));
	}
	ok(["open-diff", "theme", "f-text", "f-verdict", "plot", "pause", "rows"].every((id) => reached.has(id)), "Tab reaches everything", [...reached]);
	await end();
}

async function checkToken() {
	const token = path.join(work, "token");

	fs.writeFileSync(token, "0123456789abcdef0123\n", { mode: 0o600 });
	const server = new Server("--token-file", token, "-");
	await server.begun();
	server.feed(many(50));
	const { page, end } = await browse();
	await page.goto(server.url);
	await page.waitForSelector("#login[open]");
	await page.fill("#token", "wrong");
	await page.keyboard.press("Enter");
	ok(await until(page, () => document.getElementById("login-wrong").textContent === "that is not the token"), "a wrong token is refused");
	await page.screenshot({ path: path.join(work, "login.png") });
	await page.fill("#token", "0123456789abcdef0123");
	await page.keyboard.press("Enter");
	ok(await counts(page, "50"), "the right one opens the page");
	ok(!(await page.evaluate(() => document.cookie)), "its cookie is not the page's to read");
	/* The browser itself notes each answer that is no 200. */
	wrong.splice(0, wrong.length, ...wrong.filter((text) => !text.includes("401")));
	await end();
	await server.end();
}

/* What a sink lost is a notice, in the list and at the top. */
async function checkLosses() {
	const server = new Server("--spool", path.join(work, `spool-${process.pid}`), "--sink", "file:/dev/full,name=full,spool=256KiB", "-");

	await server.begun();
	const { page, end } = await browse();
	await page.goto(server.url);
	await until(page, () => document.getElementById("live").dataset.state === "live");
	server.feed(many(2000));
	ok(await until(page, () => document.querySelector("#canvas .row.notice .program")?.textContent.includes("events were lost by sink full: ")), "what a sink lost is a notice among the events");
	ok(await until(page, () => !document.getElementById("open-blind").hidden && document.getElementById("blind-list").textContent.includes("sink full: ")), "and at the top");
	await page.click("#canvas .row.notice");
	ok(await until(page, () => document.getElementById("detail-title").textContent === "Events were lost"), "it opens like any other");
	await page.screenshot({ path: path.join(work, "lost.png") });
	await end();
	await server.end();
	fs.rmSync(path.join(work, `spool-${process.pid}`), { recursive: true, force: true });
}

async function main() {
	const policy = path.join(work, "now.yml");

	fs.writeFileSync(policy, "seccomp:\n  default_action: allow\n  syscalls:\n    - action: errno\n      names: [bind, connect]\n");
	const server = new Server("--policy", policy, "-");
	if (!await server.begun()) {
		skip("the page", server.said.trim());
		console.log("1..1");
		return;
	}
	server.feed(many(3000));
	for (const check of [checkLive, checkFilters, checkDetail, checkHostile, checkAccess])
		await check(server);
	ok(await server.end() === 0, "the watch ends in order");
	await checkToken();
	await checkLosses();
	await checkReal();
	await checkMany();
	ok(wrong.length === 0, "no error on the console, nothing that the policy had to stop", ...wrong);
	console.log(`1..${count}`);
	process.exitCode = failed ? 1 : 0;
}

main().catch((error) => {
	console.log(`Bail out! ${error.stack}`);
	process.exitCode = 1;
});
