/*
 * The list of events, newest first. Only what is in sight has elements; what is
 * in the store comes in pages, from a row that stands still while new ones come.
 */
const PAGE = 100;
const PAGES_KEPT = 60;
const HEAD_MOST = 5000; /* rows that came, before the list is read anew */
const SHOWN_MOST = 400000; /* rows: browsers end elements at some height */

class List {
	constructor(open) {
		this.box = by("rows");
		this.canvas = by("canvas");
		this.open = open;
		this.pool = [];
		this.selected = null;
		this.reset();
		this.box.addEventListener("scroll", () => this.soon(), { passive: true });
		this.box.addEventListener("keydown", (event) => this.key(event));
		this.canvas.addEventListener("click", (event) => this.click(event));
		new ResizeObserver(() => this.measure()).observe(this.box);
	}

	reset() {
		this.head = [];  /* came since, oldest first */
		this.held = [];  /* came while one was reading further down */
		this.total = 0;
		this.top = 0;    /* the row that pages are counted from */
		this.pages = new Map();
		this.asked = new Map();
		this.turn = (this.turn || 0) + 1; /* answers of an older one are void */
	}

	get length() {
		return this.head.length + Math.min(this.total, SHOWN_MOST);
	}

	/* Read the list anew, with the filter as it is; the newest row's number. */
	async load() {
		const query = filterQuery();

		query.set("limit", PAGE);
		query.set("total", 1);
		this.stopAsking();
		this.reset();
		const turn = this.turn;
		this.query = filterQuery();
		const answer = await get("/api/events", query);
		if (turn !== this.turn)
			return null;
		this.total = answer.total;
		this.top = answer.rows.length ? answer.rows[0].row : 0;
		this.pages.set(0, answer.rows);
		if (this.total > SHOWN_MOST)
			toast(`The newest ${number(SHOWN_MOST)} are listed; a filter finds older ones`);
		this.box.scrollTop = 0;
		this.measure();
		return this.top;
	}

	/* Rows from the stream, oldest first. */
	add(rows) {
		if (state.paused || this.box.scrollTop > this.height) {
			this.held.push(...rows);
			if (this.held.length > HEAD_MOST)
				this.held.splice(0, this.held.length - HEAD_MOST - 1);
			this.tell();
			return;
		}
		this.take(rows, true);
	}

	take(rows, fresh) {
		this.head.push(...rows);
		this.fresh = fresh ? new Set(rows.map((row) => row.row)) : null;
		this.measure();
		this.fresh = null;
	}

	/* Show what was held back. True where the list must be read anew for it. */
	release() {
		const held = this.held;

		this.held = [];
		this.tell();
		if (held.length + this.head.length > HEAD_MOST)
			return true;
		this.box.scrollTop = 0;
		this.take(held, true);
		return false;
	}

	/* How much there is, in words. */
	tell() {
		const news = by("news");
		const held = this.held.length > HEAD_MOST ? `over ${number(HEAD_MOST)}`
			: number(this.held.length);

		news.hidden = !this.held.length || state.paused;
		news.textContent = `↑ ${held} new`;
		by("count").textContent = number(this.total + this.head.length) +
			(state.paused && this.held.length ? `, ${held} held back` : "");
	}

	measure() {
		document.documentElement.style.setProperty("--gutter", `${this.box.offsetWidth - this.box.clientWidth}px`);
		const size = parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--row"));

		this.height = size || 34;
		this.canvas.style.height = `${this.length * this.height}px`;
		this.tell();
		this.render();
	}

	at(index) {
		if (index < this.head.length)
			return this.head[this.head.length - 1 - index];
		const i = index - this.head.length;
		const page = this.pages.get(Math.floor(i / PAGE));
		return page && page[i % PAGE];
	}

	soon() {
		if (!this.frame)
			this.frame = requestAnimationFrame(() => {
				this.frame = 0;
				this.render();
			});
		if (this.box.scrollTop <= 1 && this.held.length && !state.paused)
			by("news").click();
	}

	render() {
		const first = Math.max(0, Math.floor(this.box.scrollTop / this.height) - 4);
		const last = Math.min(this.length, Math.ceil((this.box.scrollTop + this.box.clientHeight) / this.height) + 4);
		const wanted = Math.max(0, last - first);

		while (this.pool.length < wanted) {
			const row = this.blank();
			this.pool.push(row);
			this.canvas.append(row.element);
		}
		/* Each place of the pool keeps the rows with its own remainder: what
		   stays in sight while scrolling is not touched. */
		for (let index = first; index < first + this.pool.length; index++)
			this.place(this.pool[index % this.pool.length], index, index < last);
		this.want(first, last);
		by("empty").hidden = this.length > 0;
	}

	blank() {
		const spans = ["time", "verdict", "call", "program", "pid", "where"].map((name) =>
			make("span", { class: name }));
		const element = make("div", { class: "row", role: "option" }, ...spans);

		return { element, spans, index: -1, row: undefined };
	}

	place(slot, index, used) {
		const row = used ? this.at(index) : undefined;
		const element = slot.element;

		if (!used) {
			element.hidden = true;
			slot.index = -1;
			slot.row = undefined;
			return;
		}
		if (slot.index !== index) {
			element.style.transform = `translateY(${index * this.height}px)`;
			element.setAttribute("aria-posinset", index + 1);
			slot.index = index;
		}
		element.hidden = false;
		element.setAttribute("aria-setsize", this.length);
		element.setAttribute("aria-selected", row !== undefined && row.row === this.selected);
		if (row === slot.row && row !== undefined)
			return;
		slot.row = row;
		element.classList.toggle("fresh", Boolean(row && this.fresh?.has(row.row)));
		this.fill(slot, row);
	}

	fill(slot, row) {
		const [time, verdict, call, program, pid, where] = slot.spans;

		slot.element.classList.toggle("ghost", !row);
		slot.element.classList.toggle("notice", Boolean(row?.notice));
		if (!row) {
			slot.spans.forEach((span) => span.textContent = "");
			slot.element.id = "";
			return;
		}
		slot.element.id = `row-${row.row}`;
		time.textContent = when(row.time);
		verdict.textContent = verdictWord(row.verdict);
		verdict.dataset.verdict = row.verdict || "";
		if (row.notice) {
			verdict.textContent = "lost";
			call.textContent = pid.textContent = where.textContent = "";
			program.title = visible(row.notice);
			program.replaceChildren(shown(row.notice, 300));
			return;
		}
		call.replaceChildren(shown(row.call || "?", 60));
		fillProgram(program, row.program || "?");
		pid.textContent = row.pid ?? "";
		where.replaceChildren(row.unit || row.container
			? shown(row.unit || `container ${row.container.slice(0, 12)}`, 120) : "");
	}

	/* Ask for the pages in sight that are not there; forget far ones. */
	want(first, last) {
		const from = Math.floor(Math.max(0, first - this.head.length) / PAGE);
		const to = Math.floor(Math.max(0, last - 1 - this.head.length) / PAGE);
		const missing = [];

		for (let page = from; page <= to && page * PAGE < this.total; page++)
			if (!this.pages.has(page))
				missing.push(page);
		for (const [page, control] of this.asked)
			if (page < from - 1 || page > to + 1)
				control.abort();
		this.wanted = missing;
		if (!missing.length)
			return;
		clearTimeout(this.timer);
		/* While one drags past thousands, nothing is asked for. */
		this.timer = setTimeout(() => this.wanted.forEach((page) => this.fetch(page)), 40);
	}

	async fetch(page) {
		const turn = this.turn;
		const control = new AbortController();
		const query = new URLSearchParams(this.query);

		if (this.pages.has(page) || this.asked.has(page))
			return;
		this.asked.set(page, control);
		query.set("before", this.top + 1);
		query.set("skip", page * PAGE);
		query.set("limit", PAGE);
		try {
			const answer = await get("/api/events", query, { signal: control.signal });
			if (turn !== this.turn)
				return;
			this.pages.set(page, answer.rows);
			this.forget(page);
			this.render();
		} catch (error) {
			if (error.name !== "AbortError")
				toast(error.message);
		} finally {
			if (turn === this.turn)
				this.asked.delete(page);
		}
	}

	forget(near) {
		const far = [...this.pages.keys()].sort((a, b) => Math.abs(b - near) - Math.abs(a - near));

		while (this.pages.size > PAGES_KEPT)
			this.pages.delete(far.shift());
	}

	stopAsking() {
		clearTimeout(this.timer);
		for (const control of this.asked.values())
			control.abort();
	}

	/* ------------------------------------------------------ keys and clicks -- */
	indexOf(number) {
		for (const slot of this.pool)
			if (slot.row && slot.row.row === number)
				return slot.index;
		const head = this.head.findIndex((row) => row.row === number);
		if (head >= 0)
			return this.head.length - 1 - head;
		for (const [page, rows] of this.pages) {
			const i = rows.findIndex((row) => row.row === number);
			if (i >= 0)
				return this.head.length + page * PAGE + i;
		}
		return -1;
	}

	select(index, opens) {
		const row = this.at(index);

		if (!row)
			return;
		this.selected = row.row;
		const top = index * this.height, bottom = top + this.height;
		if (top < this.box.scrollTop)
			this.box.scrollTop = top;
		else if (bottom > this.box.scrollTop + this.box.clientHeight)
			this.box.scrollTop = bottom - this.box.clientHeight;
		this.render();
		this.box.setAttribute("aria-activedescendant", `row-${row.row}`);
		if (opens)
			this.open(row, opens === "focus");
	}

	step(by) {
		const now = this.selected === null ? -1 : this.indexOf(this.selected);
		const to = Math.max(0, Math.min(this.length - 1, now + by));

		this.select(to, !by || by && !document.getElementById("detail").hidden);
	}

	key(event) {
		const page = Math.max(1, Math.floor(this.box.clientHeight / this.height) - 1);
		const moves = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page };

		if (event.ctrlKey || event.metaKey || event.altKey)
			return;
		if (event.key in moves) {
			this.step(moves[event.key]);
		} else if (event.key === "Home" || event.key === "End") {
			this.edge(event.key === "Home" ? 0 : this.length - 1);
		} else if (event.key === "Enter" || event.key === " ") {
			const index = this.indexOf(this.selected);
			if (index >= 0)
				this.select(index, "focus");
		} else {
			return;
		}
		event.preventDefault();
	}

	/* An end, whose page may have to come first. */
	async edge(index) {
		this.box.scrollTop = index * this.height;
		if (!this.at(index) && index >= 0)
			await this.fetch(Math.floor((index - this.head.length) / PAGE));
		this.select(index);
	}

	click(event) {
		const element = event.target.closest(".row");
		const slot = this.pool.find((one) => one.element === element);

		if (slot && slot.row)
			this.select(slot.index, "mouse");
	}
}

/* The folder, which may go, before the name, which counts. */
function fillProgram(span, path) {
	const slash = path.lastIndexOf("/");
	const name = path.slice(slash + 1);

	span.title = visible(path.slice(0, 300));
	if (slash < 0 || !name)
		span.replaceChildren(shown(path, 300));
	else
		span.replaceChildren(make("bdi", { class: "dir" }, shown(path.slice(0, slash + 1), 160)),
			make("bdi", { class: "name" }, shown(name, 160)));
}
