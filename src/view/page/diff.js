/* Two policies, compared by the server for every possible call. */
const RELATIONS = {
	equal: "Both answer every call alike.",
	stricter: "The right one allows less: nothing more, and less somewhere.",
	looser: "The right one allows more: nothing less, and more somewhere.",
	different: "Each allows something that the other does not.",
};
const MARKS = { stricter: "− less", looser: "+ more", different: "~ other" };

/*
 * A policy with the fix in front of its groups, where the first match decides.
 * What has no groups of ours gets it at its end, for a person to place.
 */
function withFix(text, fix) {
	const groups = /^([ \t]*)syscalls:[ \t]*(#.*)?$/m.exec(text);

	if (!groups)
		return `${text.replace(/\n*$/, "")}\n${fix}\n`;
	const behind = groups.index + groups[0].length;
	const next = /\n([ \t]*)-/.exec(text.slice(behind));
	const indent = next ? next[1] : groups[1] + "  ";
	return `${text.slice(0, behind)}\n${indent}${fix.split("\n").join(`\n${indent}`)}${text.slice(behind)}`;
}

class Diff {
	constructor() {
		this.dialog = by("diff");
		this.offers = null;
		by("diff-form").addEventListener("submit", (event) => {
			event.preventDefault();
			this.run();
		});
		by("diff-swap").addEventListener("click", () => {
			[by("left").value, by("right").value] = [by("right").value, by("left").value];
			this.run();
		});
		by("diff-copy").addEventListener("click", () => copy(by("right").value));
		for (const select of this.dialog.querySelectorAll("select"))
			select.addEventListener("change", () => {
				const offer = this.offers[Number(select.value)];
				if (offer)
					by(select.dataset.offer).value = offer.text;
			});
	}

	async open(fix) {
		await this.load();
		if (fix) {
			by("left").value = by("left").value || this.first();
			by("right").value = withFix(by("left").value, fix);
		}
		if (!this.dialog.open)
			this.dialog.showModal();
		if (fix && by("left").value)
			this.run();
		else
			by("left").focus();
	}

	/* The present policy: the first that was named when the watch began. */
	first() {
		const own = this.offers.find((offer) => offer.kind === "file");

		return own ? own.text : "";
	}

	async load() {
		if (this.offers)
			return;
		try {
			this.offers = (await get("/api/policies")).policies;
		} catch (error) {
			this.offers = null;
			toast(error.message);
			return;
		}
		for (const select of this.dialog.querySelectorAll("select"))
			select.replaceChildren(make("option", { value: "" }, "pasted text"),
				...["file", "preset"].map((kind) => make("optgroup", { label: kind === "file" ? "Your policies" : "Presets" },
					...this.offers.map((offer, i) => [offer, i]).filter(([offer]) => offer.kind === kind)
						.map(([offer, i]) => make("option", { value: i }, visible(offer.name)))))
					.filter((group) => group.children.length));
	}

	async run() {
		const button = by("diff-run");

		this.wrong("left", "");
		this.wrong("right", "");
		by("diff-result").replaceChildren();
		button.disabled = true;
		by("diff-said").textContent = "Comparing…";
		try {
			this.show(await post("/api/diff", { left: by("left").value, right: by("right").value }));
			by("diff-said").textContent = "";
		} catch (error) {
			this.fail(error);
		}
		button.disabled = false;
	}

	wrong(side, text) {
		by(`${side}-wrong`).hidden = !text;
		by(`${side}-wrong`).textContent = text;
		by(side).toggleAttribute("aria-invalid", Boolean(text));
	}

	/* Said below the text that it is about, with the cursor at the place. */
	fail(error) {
		const { side, line, column } = error.body || {};

		by("diff-said").textContent = side ? "" : visible(error.message);
		if (!side)
			return;
		this.wrong(side, (line ? `line ${line}, column ${column}: ` : "") + visible(error.message));
		const lines = by(side).value.split("\n");
		const at = line ? lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0) + Math.max(0, column - 1) : 0;
		by(side).focus();
		by(side).setSelectionRange(at, at);
	}

	show({ relation, differences, count }) {
		/* The server says what the left is beside the right; here the right
		   one is the change. */
		const turned = { stricter: "looser", looser: "stricter" };
		const turn = (name) => turned[name] || name;
		const rows = differences.flatMap((one) => one.ways.map((way) => make("tr", {},
			make("td", { class: `sign ${turn(way.relation)}` }, MARKS[turn(way.relation)] || "="),
			make("td", {}, visible(one.abi)),
			make("td", {}, visible(one.call)),
			make("td", {}, way.where === null ? "for some arguments" : way.where.filter(Boolean).map(visible).join(" or ") || "any"),
			make("td", {}, visible(way.left)),
			make("td", {}, visible(way.right)))));
		const head = make("tr", {}, ...["Change", "ABI", "Call", "Arguments", "Now", "Then"].map((word) => make("th", { scope: "col" }, word)));
		const most = 1000;

		by("diff-result").replaceChildren(make("p", { class: "verdict-line" }, RELATIONS[turn(relation)] || ""));
		if (rows.length)
			by("diff-result").append(make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows.slice(0, most))));
		if (rows.length > most || count > differences.length)
			by("diff-result").append(make("p", { class: "hint" }, `${number(count)} calls differ; the first ones are shown.`));
	}
}
