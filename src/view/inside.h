/* view/inside.h - what the files of the web server share. */
#ifndef VIEW_INSIDE_H
#define VIEW_INSIDE_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/sha256.h"
#include "view/address.h"
#include "view/shelf.h"
#include "view/tries.h"
#include "view/web.h"

enum {
	CONNECTIONS_MAX = 64,
	PEER_MAX = 24, /* of them from one address that is not our own */
	STREAMS_MAX = 32,
	HELD_MAX = 16,        /* wrong tokens whose answers are held back */
	BODY_MAX = 1 << 20,   /* bytes of what is posted */
	VALUE_MAX = 1 << 13,  /* bytes of one parameter */
	HEADER_ROOM = 1 << 15 /* bytes for a request's headers, and an answer */
};

/* A policy that the page offers; both texts are its own. */
struct offer {
	char *name, *text;
};

/* Who may ask. Set before the first request, but for what the lock is of. */
struct guard {
	bool tls, loopback, wants_token;
	unsigned char token[SHA256_SIZE]; /* of the token itself */
	char session[SHA256_TEXT];        /* what a cookie must be */
	char **hosts;
	size_t host_count;
	pthread_mutex_t lock;
	struct tries tries; /* wrong tokens */
	unsigned held;      /* answers that are being held back */
};

struct web {
	struct guard guard;
	struct shelf shelf;
	struct offer *offers;
	size_t offer_count;
	char address[ADDRESS_TEXT + 16];
	int fd;
	struct MHD_Daemon *daemon;
	/* Below the lock: what the streams wait for, and what they are told. */
	pthread_mutex_t lock;
	pthread_cond_t news;
	bool dirty;       /* something was put since */
	uint64_t flushed; /* how often there was something new */
	bool ready;       /* whoever fills it has begun to */
	bool stopping;
	unsigned streams;
	char *status;
};

/* One request, from its first line to its end. */
struct request {
	struct web *web;
	struct MHD_Connection *connection;
	const char *method, *path;
	struct MHD_PostProcessor *form;
	struct field *fields; /* of a form; up to one without a name */
	size_t body;          /* bytes of it so far */
	bool begun, too_large;
};

/* A field of a form, and what came for it. */
struct field {
	const char *name;
	struct buf value;
};

/* The page, and the hashes of what it may execute: made when building. */
extern const char view_page[], view_page_csp[];
extern const size_t view_page_size;

/* answer.c: each hands the answer over, and says whether that worked. */
enum MHD_Result answer_buf(struct request *request, unsigned status,
			   const char *type, struct buf *body);
enum MHD_Result answer_json(struct request *request, struct buf *body);
__attribute__((format(printf, 3, 4))) enum MHD_Result
answer_error(struct request *request, unsigned status, const char *format, ...);
enum MHD_Result
answer_failure(struct request *request, const struct cg_error *err);
/* 400, and the connection ends: what follows on it may not be a request. */
enum MHD_Result answer_last(struct request *request, const char *message);
enum MHD_Result answer_page(struct request *request);
enum MHD_Result
answer_response(struct request *request, unsigned status, const char *type,
		struct MHD_Response *response);

/* A header of the request; NULL where it is not there. */
const char *request_header(const struct request *request, const char *name);

/* route.c */
enum MHD_Result route(void *context, struct MHD_Connection *connection,
		      const char *path, const char *method, const char *version,
		      const char *body, size_t *body_size, void **state);
void route_done(void *context, struct MHD_Connection *connection, void **state,
		enum MHD_RequestTerminationCode code);

#endif
