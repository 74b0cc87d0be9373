/* sink/elastic.h - parts of the sink for Elasticsearch and OpenSearch. */
#ifndef SINK_ELASTIC_H
#define SINK_ELASTIC_H

#include "base/buf.h"
#include "sink/inside.h"

/*
 * The URL that a cloud.id stands for: "label:" and, in base64,
 * "host$uuid$kibana", ports allowed. free() it.
 */
bool elastic_cloud(const char *id, char **url, struct cg_error *err);

/* Whether a data stream may be called so; if not, `why` says what is wrong. */
bool elastic_is_stream(const char *name, const char **why);

/* What a bulk request has for these parcels, those that wait. */
void elastic_bulk(struct buf *out, struct parcel *const *parcels, size_t count);

/*
 * Read the answer to it: each parcel gets its fate. False, with nothing
 * touched, where it is no answer to these.
 */
bool elastic_answer(const char *body, size_t length,
		    struct parcel *const *parcels, size_t count, char *why,
		    size_t size);

/* "type: reason" of an answer that is an error, or its first words. */
void elastic_error(const char *body, size_t length, char *out, size_t size);

/* Name and body of the index template for a data stream. */
void elastic_template_name(struct buf *out, const char *stream);
void elastic_template(struct buf *out, const char *stream);

#endif
