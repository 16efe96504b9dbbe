/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Configuration as data. One table says name, type, default, range and help of
 * each key and where its value goes; reading a file, saying what is wrong in
 * it, the commented file of defaults and the manual page all follow from it.
 *
 *	struct config { const char *dir; int64_t every; };
 *
 *	static const struct conf_key keys[] = {
 *		{"store.dir", CONF_PATH, offsetof(struct config, dir),
 *		    "/var/lib/x", .help = "Where it lies."},
 *		{"store.every", CONF_DURATION, offsetof(struct config, every),
 *		    "5s", .min = 1000, .max = 60000000, .help = "How often."},
 *		{0},
 *	};
 *
 * The file is YAML; the parts of a name are nested mappings:
 *
 *	store:
 *	  dir: /srv/x
 *	  every: 500ms
 *
 * Aliases, more than one document and more than CONF_DEPTH_MAX levels are
 * refused. Values are taken as the text that stands there, quoted or not.
 */
#ifndef BASE_CONF_H
#define BASE_CONF_H

#include "base/arena.h"
#include "base/buf.h"

enum conf_type {
	CONF_BOOL,     /* bool: true, false, yes, no, on, off */
	CONF_INT,      /* int64_t: decimal */
	CONF_SIZE,     /* int64_t: bytes; "64MiB" (B, KiB, MiB, GiB, TiB) */
	CONF_DURATION, /* int64_t: microseconds, as time_parse_span() reads it
			*/
	CONF_STR,      /* const char *: at most `max` bytes, none of control */
	CONF_PATH,     /* const char *: absolute, or one of `choices` if any */
	CONF_ENUM,     /* int: index into `choices` */
	CONF_LIST,     /* struct conf_list: as many texts as min and max say */
};

struct conf_list {
	const char **v;
	size_t n;
};

struct conf_key {
	const char *name; /* "store.dir"; NULL ends a table */
	enum conf_type type;
	size_t at; /* offset of the value in the target */
	/*
	 * The default, as it would stand in the file. NULL, for texts and paths
	 * only: there is none, and the value stays NULL.
	 */
	const char *preset;
	int64_t min, max;	    /* both 0: any; each type says what of */
	const char *unit;	    /* CONF_INT: "connections", for people */
	const char *const *choices; /* NULL at the end */
	const char *help;	    /* sentences without line breaks */
};

#define CONF_FILE_MAX	((size_t)1 << 20)
#define CONF_NAME_MAX	64
#define CONF_TEXT_MAX	4095 /* bytes of a value */
#define CONF_LIST_MAX	64
#define CONF_DEPTH_MAX	8
#define CONF_ERRORS_MAX 50 /* then it is said that there are more */

/* A table, and where values go. */
struct conf {
	const struct conf_key *keys; /* those of one section side by side */
	void *target;
	struct arena *texts; /* strings and lists; the caller's to free */
};

/*
 * Set all defaults, then what `content` says. All errors are appended to
 * `complaints`, one line each: "FILE:LINE:COLUMN: what is wrong, what was
 * expected, and what was probably meant", in printable ASCII. Returns 0;
 * -EINVAL with at least one complaint; or -ENOMEM. After a failure the target
 * is partly filled.
 */
int conf_parse(const struct conf *c, const char *file, struct str content,
    struct buf *complaints);

/*
 * As conf_parse() with what is in FILE, or defaults only where that is NULL.
 * -ENOENT, -EFBIG (beyond CONF_FILE_MAX) and the like, with a complaint, when
 * it cannot be read.
 */
int conf_load(const struct conf *c, const char *file, struct buf *complaints);

/*
 * A file in which each key has its default, with its help, type and range as
 * comments. Reading it gives the defaults.
 */
void conf_print_defaults(const struct conf_key *keys, struct buf *b);

/* The list of keys for a manual page, in mdoc(7). */
void conf_print_page(const struct conf_key *keys, struct buf *b);

/* What a value must be: "a duration as 50ms, 1ms to 1min". */
void conf_describe(const struct conf_key *key, struct buf *b);

#endif
