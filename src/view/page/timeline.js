/* Events over time, stacked by verdict; a stretch of it can be chosen. */
const SVG = "http://www.w3.org/2000/svg";

function draw(name, attributes, text) {
	const element = document.createElementNS(SVG, name);

	for (const [key, value] of Object.entries(attributes))
		element.setAttribute(key, value);
	if (text !== undefined)
		element.textContent = text;
	return element;
}

class Timeline {
	constructor(plot, choose) {
		this.plot = plot;
		this.choose = choose;
		this.data = null;
		this.cursor = -1;
		this.drag = null;
		this.order = Object.keys(VERDICTS);
		new ResizeObserver(() => this.render()).observe(plot);
		plot.addEventListener("pointerdown", (event) => this.down(event));
		plot.addEventListener("pointermove", (event) => this.move(event));
		plot.addEventListener("pointerup", (event) => this.up(event));
		plot.addEventListener("pointercancel", () => this.stop());
		plot.addEventListener("pointerleave", () => {
			if (!this.drag && document.activeElement !== plot)
				this.point(-1);
		});
		plot.addEventListener("keydown", (event) => this.key(event));
		plot.addEventListener("blur", () => this.point(-1));
	}

	show(data) {
		this.data = data;
		this.start = Math.floor(data.since / data.bucket) * data.bucket;
		this.count = Math.max(1, Math.ceil((data.until + 1 - this.start) / data.bucket));
		this.bars = Array.from({ length: this.count }, () => ({ total: 0, parts: {} }));
		for (const series of data.series)
			for (const [time, count] of series.points) {
				const bar = this.bars[Math.round((time - this.start) / data.bucket)];
				if (bar) {
					bar.parts[series.verdict] = count;
					bar.total += count;
				}
			}
		this.total = this.bars.reduce((sum, bar) => sum + bar.total, 0);
		this.legend(data.series);
		this.render();
	}

	legend(series) {
		by("legend").replaceChildren(...series.map((one) =>
			make("span", { "data-verdict": one.verdict }, make("i"), verdictWord(one.verdict))));
	}

	/* The highest bar, rounded up to what one can read off. */
	scale() {
		const most = Math.max(1, ...this.bars.map((bar) => bar.total));
		const unit = 10 ** Math.floor(Math.log10(most));

		return Math.max(2, Math.ceil(most / unit / 2) * 2 * unit);
	}

	render() {
		const width = this.plot.clientWidth, height = this.plot.clientHeight;

		if (!this.data || width < 40)
			return;
		this.left = 44;
		this.step = (width - this.left - 4) / this.count;
		this.floor = height - 18;
		const svg = draw("svg", { viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" });
		const most = this.scale();
		for (const part of [0, 0.5, 1]) {
			const y = this.floor - part * (this.floor - 8);
			svg.append(draw("line", { class: "grid", x1: this.left, x2: width - 4, y1: y + 0.5, y2: y + 0.5 }));
			svg.append(draw("text", { x: this.left - 8, y: y + 4, "text-anchor": "end" }, number(most * part)));
		}
		this.ticks(svg, width, height);
		this.bars.forEach((bar, i) => this.stack(svg, bar, i, most));
		this.mark = draw("rect", { class: "cursor", y: 4, height: this.floor - 4, width: 0, x: 0 });
		svg.append(this.mark);
		this.plot.replaceChildren(svg);
		this.plot.setAttribute("aria-valuemax", this.count - 1);
		this.point(this.cursor < this.count ? this.cursor : -1);
	}

	ticks(svg, width, height) {
		const every = Math.max(1, Math.ceil(this.count / Math.max(2, Math.floor(width / 110))));
		const span = this.count * this.data.bucket;

		for (let i = 0; i < this.count; i += every) {
			const time = this.start + i * this.data.bucket;
			const x = this.left + i * this.step;
			const text = this.data.bucket < 1000 ? clock(time).slice(0, 10) : span > 2 * 86400000 ? `${day(time).slice(5)} ${clock(time).slice(0, 5)}`
				: span < 600000 ? clock(time).slice(0, 8) : clock(time).slice(0, 5);
			if (x < width - 60 || i === 0)
				svg.append(draw("text", { x, y: height - 3 }, text));
		}
	}

	stack(svg, bar, i, most) {
		const x = this.left + i * this.step;
		const width = Math.max(1, this.step - (this.step > 4 ? 1.5 : 0));
		let y = this.floor;
		const known = Object.keys(bar.parts).sort((a, b) =>
			this.order.indexOf(a) - this.order.indexOf(b));

		for (const verdict of known) {
			const height = Math.max(1.5, bar.parts[verdict] / most * (this.floor - 8));
			y -= height;
			svg.append(draw("rect", { x, y, width, height, rx: Math.min(1.5, width / 3), "data-verdict": verdict }));
		}
	}

	at(event) {
		const x = event.clientX - this.plot.getBoundingClientRect().left - this.left;

		return Math.max(0, Math.min(this.count - 1, Math.floor(x / this.step)));
	}

	time(i) {
		return this.start + i * this.data.bucket;
	}

	text(i) {
		const bar = this.bars[i];
		const parts = Object.entries(bar.parts).map(([verdict, count]) =>
			`${number(count)} ${verdictWord(verdict)}`);

		return `${day(this.time(i))} ${clock(this.time(i)).slice(0, 8)}: ` +
			(parts.length ? parts.join(", ") : "nothing");
	}

	/* Say what is under the cursor, or what all of it comes to. */
	point(i, until = i) {
		if (!this.data)
			return;
		const first = Math.min(i, until), last = Math.max(i, until);
		this.cursor = until;
		if (i < 0) {
			this.mark?.setAttribute("width", 0);
			by("timeline-text").textContent = plural(this.total, "event", "events");
			return;
		}
		this.mark.setAttribute("class", first === last ? "cursor" : "brush");
		this.mark.setAttribute("x", this.left + first * this.step);
		this.mark.setAttribute("width", (last - first + 1) * this.step);
		const text = first === last ? this.text(first)
			: `${clock(this.time(first)).slice(0, 8)} to ${clock(this.time(last + 1)).slice(0, 8)}: ` +
			plural(this.bars.slice(first, last + 1).reduce((sum, bar) => sum + bar.total, 0), "event", "events");
		by("timeline-text").textContent = text;
		this.plot.setAttribute("aria-valuenow", until);
		this.plot.setAttribute("aria-valuetext", text);
	}

	take(first, last) {
		this.choose(this.time(Math.min(first, last)), this.time(Math.max(first, last) + 1));
		this.cursor = -1;
	}

	down(event) {
		if (!this.data || event.button !== 0)
			return;
		this.drag = { from: this.at(event), moved: false };
		this.plot.setPointerCapture(event.pointerId);
	}

	move(event) {
		if (!this.data)
			return;
		const i = this.at(event);
		if (this.drag && i !== this.drag.from)
			this.drag.moved = true;
		this.point(this.drag ? this.drag.from : i, i);
	}

	up(event) {
		const drag = this.drag;

		this.stop();
		if (drag && drag.moved)
			this.take(drag.from, this.at(event));
	}

	stop() {
		this.drag = null;
	}

	key(event) {
		const moves = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10, Home: -1e9, End: 1e9 };

		if (!this.data)
			return;
		if (event.key in moves) {
			const from = this.cursor < 0 ? this.count : this.cursor;
			const to = Math.max(0, Math.min(this.count - 1, from + moves[event.key]));
			if (event.shiftKey && this.cursor >= 0) {
				this.anchor = this.anchor ?? this.cursor;
				this.point(this.anchor, to);
			} else {
				this.anchor = undefined;
				this.point(to);
			}
			event.preventDefault();
		} else if (event.key === "Enter" && this.cursor >= 0) {
			this.take(this.anchor ?? this.cursor, this.cursor);
			this.anchor = undefined;
		} else if (event.key === "Escape") {
			this.choose(0, 0);
			event.stopPropagation();
		}
	}
}
