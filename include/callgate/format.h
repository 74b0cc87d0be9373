/*
 * callgate/format.h - policies in everybody's formats.
 *
 * A foreign file means what its own runtime makes of it, faults included: which
 * names that drops, which of two rules wins, what stands in front. So reading
 * needs a target: the runtime, and what it would see on its host. What is read
 * is a cg_policy like any other. What is written is read back, as its runtime
 * would, and proved equal before anyone gets it.
 */
#ifndef CALLGATE_FORMAT_H
#define CALLGATE_FORMAT_H

#include <callgate/policy.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A format, by index from 0; NULL past the end. Constant, never freed. */
struct cg_format {
	const char *name;    /* "oci" */
	const char *aliases; /* other names, separated by blanks, or "" */
	const char *about;   /* one line */
	const char *runtime; /* who reads it where no target says; or NULL */
	bool reads, writes;
	bool binary; /* bytes, that no terminal should get */
};
CG_API const struct cg_format *cg_format_get(size_t index);

/* By name or alias; NULL if there is none. */
CG_API const struct cg_format *cg_format_by_name(const char *name);

/* Text to read. Everything is borrowed for the call. */
struct cg_source {
	const char *text;
	size_t length;
	const char *name; /* of the file, for messages; NULL: "" */
};

/* The format that a text looks like; NULL if it looks like none of them. */
CG_API const struct cg_format *cg_format_guess(const struct cg_source *source);

/* Who reads a foreign file. By index from 0; NULL past the end. */
struct cg_runtime {
	const char *name; /* "runc" */
	const char *about;
};
CG_API const struct cg_runtime *cg_runtime_get(size_t index);

/*
 * Releases as one number that sorts; each part is 0..255 but the first, which
 * may be larger.
 */
#define CG_RELEASE(major, minor, patch) \
	((uint32_t)(major) << 16 | (uint32_t)(minor) << 8 | (uint32_t)(patch))

/* Where a file is read. All zeros: this machine's ABI, and what is usual. */
struct cg_target {
	/* NULL: this build; where something is written, the policy's own. */
	const struct cg_abi *native;
	/*
	 * NULL: the format's own. "runc", "crun", "docker", ... What runs a
	 * container below an engine may be said behind a plus, and which
	 * release that is behind an @: "podman+runc@1.1.5".
	 */
	const char *runtime;
	/* The bounding set, bit n for capability n, if `has_capabilities`;
	   otherwise what the engine gives by default. */
	uint64_t capabilities;
	bool has_capabilities;
	uint32_t kernel;     /* CG_KERNEL; 0: the newest that is known */
	uint32_t libseccomp; /* CG_RELEASE of the host's; 0: the newest */
	/* CG_KERNEL whose calls that knows, where a distribution has given it
	   newer tables; 0: those of its release. */
	uint32_t libseccomp_kernel;
	const char *item; /* which of several in a file; NULL: the only one */
	cg_policy_finder *finder; /* for files that name others; or NULL */
	void *context;            /* handed to `finder` */
	size_t memory;            /* as in cg_policy_options */
};

/*
 * Read capabilities as people write them: "default" (what `*set` holds on
 * entry), "none" or "all", then names with or without CAP_, each joined by a
 * comma; `-NAME` takes one away. A list that starts with a name starts at none.
 *
 * Fails with CG_E_MEANING and the column.
 */
CG_API CG_CHECKED enum cg_status
cg_capabilities_parse(const char *text, uint64_t *set, struct cg_error *err);

/*
 * The capabilities that a runtime gives a container by default; what it is
 * not known to take away is there. NULL: none.
 */
CG_API uint64_t cg_capabilities_default(const char *runtime);

/*
 * Read `count` sources, most of the time one, as `target` would (NULL: all
 * zeros). What the runtime passes over in silence stands in the policy's
 * warnings; where it refuses the file, this does, too.
 *
 * Fails with CG_E_SYNTAX, CG_E_MEANING, CG_E_ARCH, CG_E_PROGRAM or CG_E_NOMEM
 * and the place; CG_E_INPUT where `format` cannot be read, or the target has
 * an unknown runtime.
 */
CG_API CG_CHECKED enum cg_status
cg_format_read(const struct cg_format *format, const struct cg_source *sources,
	       size_t count, const struct cg_target *target,
	       struct cg_policy **out, struct cg_error *err);

/*
 * Read the file `path` in `*format`. Where that, or `format` itself, is NULL,
 * the text is guessed by its looks, what looks like nothing is taken for
 * Callgate's own, and `*format` says which it was. Other files that it names
 * are looked for beside it, unless the target has a finder; the drop-ins of a
 * unit of systemd, PATH.d/NAME.conf, are read with it. Fails as cg_format_read,
 * and with CG_E_SYSTEM.
 */
CG_API CG_CHECKED enum cg_status
cg_format_open(const char *path, const struct cg_format **format,
	       const struct cg_target *target, struct cg_policy **out,
	       struct cg_error *err);

/* How to write. All zeros: exactly, with names of the writer's choice. */
struct cg_write_options {
	/*
	 * Where the format cannot say what the policy means, write the nearest
	 * that lets no more through, and say so in a note.
	 */
	bool nearest;
	const char *name; /* of the array, profile or package; NULL: usual */
	/* A text with variables, for formats that fill in one; or NULL. */
	const char *template_text;
	size_t template_length;
};

/* What was written. */
struct cg_written;

/*
 * Write a policy in a format, read it back as `target` would, and prove it
 * equal; with `nearest`, prove that it lets no more through. `options` and
 * `target` may be NULL.
 *
 * Fails with CG_E_MEANING where the format cannot say it: the message names
 * what would be lost. Also with CG_E_INPUT, CG_E_NOMEM, CG_E_UNDECIDED,
 * CG_E_TOOLONG, or CG_E_PROOF, which is a bug of Callgate: please report it.
 */
CG_API CG_CHECKED enum cg_status
cg_format_write(const struct cg_format *format, const struct cg_policy *policy,
		const struct cg_target *target,
		const struct cg_write_options *options, struct cg_written **out,
		struct cg_error *err);

/* The bytes, borrowed, with a NUL behind them that `*length` does not count. */
CG_API const char *
cg_written_text(const struct cg_written *written, size_t *length);

/* What to know about it, as cg_policy_warning(). */
CG_API bool cg_written_note(const struct cg_written *written, size_t index,
			    struct cg_error *out);

/*
 * Whether the text was read back and proved. False only for formats that hold
 * no policy to read, such as a template's.
 */
CG_API bool cg_written_proved(const struct cg_written *written);

/* Free it. NULL is fine. */
CG_API void cg_written_free(struct cg_written *written);

#ifdef __cplusplus
}
#endif

#endif
