"""The dashboard's saved objects, asked of a real server as their reader would.

Kibana and OpenSearch Dashboards make a search of each object: its query, and
for a visualization its aggregations, one inside the other.
"""

import json
import re

PHRASE = re.compile(r'([\w.@]+) : "([^"]*)"')  # of their query language

# Whatever is not named here is a keyword.
TYPES = {
    "@timestamp": "date", "seccomp.first_seen": "date",
    "seccomp.last_seen": "date",
    "message": "text", "process.command_line.text": "text",
    "process.parent.command_line.text": "text",
    "seccomp.filter.logs": "boolean",
    **dict.fromkeys((
        "event.sequence", "process.pid", "process.thread.id",
        "process.parent.pid", "seccomp.count", "seccomp.data",
        "seccomp.session", "seccomp.syscall.number", "seccomp.filter.index",
        "seccomp.filter.count", "seccomp.filter.instruction",
        "seccomp.lost.count", "seccomp.lost.total"), "long"),
}


def query_of(item):
    """What the object's text inside JSON asks for."""
    about = json.loads(item["attributes"]["kibanaSavedObjectMeta"]
                       ["searchSourceJSON"])
    found = PHRASE.fullmatch(about["query"]["query"])
    if about["query"]["language"] != "kuery" or not found or about["filter"]:
        raise ValueError(f"{item['id']}: a query that is not known here")
    return {"bool": {"filter": [{"match_phrase": {found[1]: found[2]}}]}}


def one_agg(agg):
    params = agg["params"]
    if agg["type"] == "terms":
        return {"terms": {"field": params["field"], "size": params["size"],
                          "order": {"_count": params["order"]}}}
    if agg["type"] == "date_histogram":
        return {"date_histogram": {
            "field": params["field"], "fixed_interval": "1h",
            "min_doc_count": params["min_doc_count"]}}
    if agg["type"] == "cardinality":
        return {"cardinality": {"field": params["field"]}}
    raise ValueError(f"an aggregation {agg['type']} is not known here")


def body_of(item):
    """The search, and the names of its aggregations from outside in."""
    aggs = [agg for agg in json.loads(item["attributes"]["visState"])["aggs"]
            if agg["type"] != "count"]
    body = {"size": 0, "track_total_hits": True, "query": query_of(item)}
    inner = body
    for agg in aggs:
        inner["aggs"] = {agg["id"]: one_agg(agg)}
        inner = inner["aggs"][agg["id"]]
    return body, [agg["id"] for agg in aggs]


def counts(answer, names):
    """What each aggregation gave: a value, or its buckets' documents."""
    if not names:
        return [answer["hits"]["total"]["value"]]
    level, found = [answer["aggregations"]], []
    for name in names:
        results = [one[name] for one in level]
        if "value" in results[0]:
            return found + [results[0]["value"]]
        level = [bucket for one in results for bucket in one["buckets"]]
        found.append(sum(bucket["doc_count"] for bucket in level))
        if not level or any(bucket["key"] == "" for bucket in level):
            return found + [0]
    return found


def check_search(tap, ask, pattern, item):
    columns = item["attributes"]["columns"]
    field, order = item["attributes"]["sort"][0]
    answer = ask(f"/{pattern}/_search", {
        "size": 100, "query": query_of(item), "_source": False,
        "fields": columns, "sort": [{field: order}]})
    hits = answer["hits"]["hits"]
    missing = [column for column in columns
               if not any(hit.get("fields", {}).get(column) for hit in hits)]
    times = [hit["sort"][0] for hit in hits]
    tap.ok(hits and not missing and times == sorted(times, reverse=True),
           f"the dashboard's {item['attributes']['title']}: {len(hits)} "
           "events with all columns", missing, answer)


def check(tap, ask, path):
    """Each object of the file gives something over what is there."""
    items = [json.loads(line) for line in
             path.read_text("utf-8").splitlines()]
    pattern = next(item["attributes"]["title"] for item in items
                   if item["type"] == "index-pattern")
    for item in items:
        if item["type"] == "search":
            check_search(tap, ask, pattern, item)
        if item["type"] != "visualization":
            continue
        body, names = body_of(item)
        answer = ask(f"/{pattern}/_search", body)
        found = counts(answer, names)
        tap.ok(all(found) and answer["_shards"]["failed"] == 0,
               f"the dashboard's {item['attributes']['title']}: {found}",
               body, answer)


def check_types(tap, ask, pattern):
    """Each field that came is of the type that it has to be."""
    fields = ask(f"/{pattern}/_field_caps?fields=*")["fields"]
    wrong, seen = [], 0
    for name, kinds in fields.items():
        kinds = set(kinds) - {"object", "unmapped"}
        if name.startswith("_") or not kinds:
            continue
        seen += 1
        if kinds != {TYPES.get(name, "keyword")}:
            wrong.append((name, sorted(kinds)))
    tap.ok(not wrong and seen > 40, f"{seen} fields, each of its type", wrong)
