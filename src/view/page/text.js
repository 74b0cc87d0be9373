"use strict";

/*
 * Text and elements. Names come from processes that may hope to look like
 * something else: what is shown is always a text node, and characters that one
 * cannot see, or that turn the line around, are written as \u{...}.
 */
const UNSEEN = /[\u0000-\u001f\u007f-\u00a0\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202f\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\u{e0000}-\u{e0fff}]/gu;

function by(id) {
	return document.getElementById(id);
}

/* An element with attributes and children; text becomes text. */
function make(name, attributes, ...children) {
	const element = document.createElement(name);

	for (const [key, value] of Object.entries(attributes || {})) {
		if (value === undefined || value === null || value === false)
			continue;
		if (key === "class")
			element.className = value;
		else if (key === "on")
			for (const [type, call] of Object.entries(value))
				element.addEventListener(type, call);
		else
			element.setAttribute(key, value === true ? "" : value);
	}
	element.append(...children.filter((child) => child !== null && child !== undefined));
	return element;
}

/* Bring what cannot be seen into sight. */
function visible(text) {
	return String(text).replace(UNSEEN, (c) =>
		"\\u{" + c.codePointAt(0).toString(16) + "}");
}

/* The same as nodes, in a direction of its own, with escapes set apart. */
function shown(text, most) {
	const out = make("bdi");
	let at = 0;
	let whole = String(text);

	if (most && whole.length > most)
		whole = whole.slice(0, most) + "…";
	for (const match of whole.matchAll(UNSEEN)) {
		out.append(whole.slice(at, match.index));
		out.append(make("span", { class: "esc" }, visible(match[0])));
		at = match.index + match[0].length;
	}
	out.append(whole.slice(at));
	return out;
}

const TWO = (n) => String(n).padStart(2, "0");
const THREE = (n) => String(n).padStart(3, "0");

function clock(ms) {
	const time = new Date(ms);

	return `${TWO(time.getHours())}:${TWO(time.getMinutes())}:` +
		`${TWO(time.getSeconds())}.${THREE(time.getMilliseconds())}`;
}

function day(ms) {
	const time = new Date(ms);

	return `${time.getFullYear()}-${TWO(time.getMonth() + 1)}-${TWO(time.getDate())}`;
}

/* The time of a row: without the day where that is today. */
function when(ms) {
	return day(ms) === day(Date.now())
		? clock(ms)
		: `${day(ms).slice(5)} ${clock(ms).slice(0, 8)}`;
}

const NUMBERS = new Intl.NumberFormat("en");

function number(n) {
	return NUMBERS.format(n);
}

function plural(n, one, many) {
	return `${number(n)} ${n === 1 ? one : many}`;
}

function later(wait, call) {
	let timer = 0;

	return (...values) => {
		clearTimeout(timer);
		timer = setTimeout(() => call(...values), wait);
	};
}

function toast(text) {
	const box = by("toast");

	box.textContent = text;
	box.classList.add("up");
	clearTimeout(toast.timer);
	toast.timer = setTimeout(() => box.classList.remove("up"), 1800);
}

async function copy(text) {
	try {
		await navigator.clipboard.writeText(text);
	} catch (error) {
		/* Where a page may not write there itself, a selection may. */
		const area = make("textarea", { class: "hidden", readonly: true });
		const host = document.querySelector("dialog[open]") || document.body;
		const before = document.activeElement;

		area.value = text;
		host.append(area);
		area.select();
		const ok = document.execCommand("copy");
		area.remove();
		before?.focus();
		if (!ok) {
			toast("The browser does not let this page copy");
			return false;
		}
	}
	toast("Copied");
	return true;
}

/* What the verdicts mean, and the order in which they are drawn. */
const VERDICTS = {
	kill_process: ["killed", "The filter answered kill_process: the call was not made, and the whole process was killed with SIGSYS."],
	kill_thread: ["thread killed", "The filter answered kill_thread: the call was not made, and the thread that tried was killed. Others of the process go on, often in a bad state."],
	trap: ["SIGSYS", "The filter answered trap: the call was not made, and the process got the signal SIGSYS, which kills it unless it has a handler."],
	errno: ["refused", "The filter answered errno: the call was not made, and the program was given an error number instead of a result."],
	trace: ["tracer", "The filter left the call to a tracer. Without one the program sees ENOSYS."],
	user_notif: ["supervisor", "The filter left the call to a supervisor, which answered in the kernel's place."],
	log: ["logged", "The filter let the call through, and had it logged. Nothing was refused."],
};

function verdictWord(verdict) {
	return VERDICTS[verdict] ? VERDICTS[verdict][0] : visible(verdict || "unknown");
}
