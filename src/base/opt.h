/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Command line options as data. One table says name, letter, type, help text
 * and where the value goes; parsing, --help, shell completions and the option
 * lists of the man pages all follow from it.
 *
 *	struct ls { bool json; const char *host; struct opt_list users; };
 *
 *	static const struct opt ls_opts[] = {
 *		{"json", 'j', OPT_FLAG, .help = "print JSON lines",
 *		    .at = offsetof(struct ls, json)},
 *		{"user", 'u', OPT_LIST, "NAME", "only sessions of NAME",
 *		    offsetof(struct ls, users)},
 *		{0},
 *	};
 *	struct opt_group groups[] = {
 *		{"Filter", ls_opts, &ls}, {NULL, common_opts, &common}, {0},
 *	};
 *
 * Forms taken: --name VALUE, --name=VALUE, -nVALUE, -n VALUE, bundled letters
 * (-jn5), and any prefix of a name that fits one option only. "--" ends the
 * options. Options and operands may be mixed. A value may begin with "-"
 * (--since -2h). Where an option is given twice the last one counts, except
 * for lists, which grow.
 */
#ifndef BASE_OPT_H
#define BASE_OPT_H

#include "base/buf.h"
#include "base/err.h"

enum opt_type {
	OPT_FLAG,   /* bool: set to true; takes no value */
	OPT_STR,    /* const char *: points into the arguments */
	OPT_LIST,   /* struct opt_list: comma separated and repeatable */
	OPT_EACH,   /* struct opt_list: repeatable, each value taken whole */
	OPT_U64,    /* uint64_t: decimal, at most `max` when that is not 0 */
	OPT_TIME,   /* int64_t: microseconds, as time_parse_when() reads it */
	OPT_SPAN,   /* int64_t: microseconds, as time_parse_span() reads it */
	OPT_CHOICE, /* int: index into `choices` */
};

/* What a shell completes a value with; choices complete by themselves. */
enum opt_hint {
	OPT_HINT_NONE,
	OPT_HINT_FILE,
	OPT_HINT_DIR,
	OPT_HINT_USER,
	OPT_HINT_HOST,
	OPT_HINT_SESSION,
};

struct opt {
	const char *name; /* without dashes; NULL ends a table */
	char letter;	  /* 0: none */
	enum opt_type type;
	const char *arg;  /* what the value is called: "FILE"; not for flags */
	const char *help; /* one or more sentences, no line breaks */
	size_t at;	  /* offset of the value in the group's target */
	const char *const *choices; /* OPT_CHOICE: names, NULL at the end */
	uint64_t max;
	enum opt_hint hint;
	bool hidden; /* works, but is not listed */
};

/* Options that are shown under one title and stored in one struct. */
struct opt_group {
	const char *title;	/* NULL: "Options" */
	const struct opt *opts; /* NULL ends the groups */
	void *target;
};

/* Strings point into the arguments. Free with opt_list_free(). */
struct opt_list {
	struct str *v;
	size_t n;
};

#define OPT_LIST_INIT ((struct opt_list){NULL, 0})

void opt_list_free(struct opt_list *list);
bool opt_list_has(const struct opt_list *list, struct str s);

struct opt_args {
	/*
	 * In: the arguments behind the program's (and command's) name. Out: the
	 * operands among them, in order. The array is changed, the strings are
	 * not.
	 */
	char **v;
	size_t n;
	int64_t now;	 /* what OPT_TIME counts from */
	bool stop_early; /* at the first operand: it and all behind it remain */
};

/*
 * Put the values where `groups` say; what is not given stays as it was, so
 * that the caller sets defaults before. 0; -EINVAL with a sentence in err that
 * names the option, what is wrong and, for an unknown one, the nearest name;
 * -ENOMEM. After a failure the targets are partly filled and the lists in them
 * still to be freed.
 */
int opt_parse(
    const struct opt_group *groups, struct opt_args *args, struct err *err);

/*
 * The list of options for --help, `width` columns wide (at least 40): a title
 * line per group, then an indented line or more per option.
 */
void opt_help(const struct opt_group *groups, unsigned width, struct buf *b);

/* The option of exactly this name, or NULL. */
const struct opt *opt_find(const struct opt_group *groups, struct str name);

/*
 * The name in names (n of them) that was probably meant by `wrong`: the one
 * with the fewest edits, when these are few for its length; else NULL. Also
 * for the names of commands.
 */
const char *opt_nearest(struct str wrong, const char *const *names, size_t n);

#endif
