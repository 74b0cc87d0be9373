/* The server: requests, the filter in the address, and the stream. */
const FILTERS = ["text", "program", "call", "verdict", "container", "unit"];

/* What is asked for. `since` and `until` are milliseconds, or 0. */
const state = {
	filter: { range: "", since: 0, until: 0 },
	paused: false,
	needsToken: null, /* what to do when a token is wanted */
};

function filterQuery() {
	const query = new URLSearchParams();
	const { range, since, until } = state.filter;

	for (const name of FILTERS)
		if (state.filter[name])
			query.set(name, state.filter[name]);
	if (range === "custom") {
		query.set("since", Math.floor(since));
		query.set("until", Math.ceil(until));
	} else if (range) {
		query.set("since", Math.floor(Date.now() - range * 1000));
	}
	return query;
}

/* The filter lives behind the # of the address: it can be kept and sent. */
function filterToAddress() {
	const query = new URLSearchParams();

	for (const name of [...FILTERS, "range", "since", "until"])
		if (state.filter[name] &&
		    (!["since", "until"].includes(name) || state.filter.range === "custom"))
			query.set(name, state.filter[name]);
	const hash = query.toString();
	if (hash !== location.hash.slice(1))
		history.replaceState(null, "", hash ? "#" + hash : location.pathname);
}

function filterFromAddress() {
	const query = new URLSearchParams(location.hash.slice(1));

	for (const name of FILTERS)
		state.filter[name] = (query.get(name) || "").slice(0, 5000);
	state.filter.range = /^(custom|\d{1,7})$/.test(query.get("range") || "")
		? query.get("range") : "";
	state.filter.since = Number(query.get("since")) || 0;
	state.filter.until = Number(query.get("until")) || 0;
	if (state.filter.range === "custom" && !(state.filter.since < state.filter.until))
		state.filter.range = "";
}

class Refused extends Error {
	constructor(status, body) {
		super(body.error || `the server answered ${status}`);
		this.status = status;
		this.body = body;
	}
}

async function ask(path, options) {
	const answer = await fetch(path, { credentials: "same-origin", cache: "no-store", ...options });
	const body = await answer.json().catch(() => ({}));

	if (answer.status === 401 && path !== "/api/login" && state.needsToken)
		state.needsToken();
	if (!answer.ok)
		throw new Refused(answer.status, body);
	return body;
}

function get(path, query, options) {
	const text = query ? query.toString() : "";

	return ask(text ? `${path}?${text}` : path, options);
}

function post(path, fields) {
	return ask(path, { method: "POST", body: new URLSearchParams(fields) });
}

/* Rows as they come. EventSource asks again by itself, from its last row on. */
class Stream {
	constructor(handlers) {
		this.handlers = handlers;
		this.source = null;
	}

	open(after) {
		const query = filterQuery();

		this.close();
		query.delete("until");
		query.set("after", after);
		const source = new EventSource(`/api/stream?${query}`);
		this.source = source;
		source.onopen = () => this.handlers.state("live");
		source.onerror = () => {
			this.handlers.state("lost");
			/* Closed for good, as by an answer that is no stream. */
			if (source.readyState === EventSource.CLOSED && this.source === source)
				this.timer = setTimeout(() => this.handlers.again(), 3000);
		};
		source.onmessage = (event) => this.handlers.rows(JSON.parse(event.data));
		source.addEventListener("skipped", (event) =>
			this.handlers.skipped(Number(event.data)));
	}

	close() {
		clearTimeout(this.timer);
		if (this.source)
			this.source.close();
		this.source = null;
	}
}
