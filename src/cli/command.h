/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A subcommand is one descriptor in one file, and one line in the array of
 * commands.c. Parsing, --help, completion and the check of the manual pages
 * follow from the descriptor.
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "cli/filters.h"

struct command;

/* One call of a subcommand: its options are parsed, nothing is open yet. */
struct invocation {
	struct cli *cli;
	const struct command *command;
	struct filters *filters; /* all zero where the command takes none */
	void *own;		 /* struct of command->opts; zeroed at first */
	char **args;		 /* operands */
	size_t n_args;
};

enum command_options {
	COMMAND_FILTERS = 1,	   /* those of filters_opts */
	COMMAND_FILTERS_ALL = 2,   /* --all: all times */
	COMMAND_FILTERS_FLAGS = 4, /* what happened in a session */
	COMMAND_PAGER = 8,	   /* long output for people */
	COMMAND_OPERAND_NAME = 16, /* operands are names of commands */
	COMMAND_OWN_TEXT = 32,	   /* of filters_opts all but --text */
	COMMAND_HUB = 64,	   /* it asks a hub as well as a store */
};

struct command {
	const char *name;
	const char *operands;	/* for the usage line: "SESSION"; or "" */
	const char *summary;	/* one line, no full stop */
	const char *help;	/* paragraphs for --help; may be NULL */
	const char *examples;	/* lines "command  # what it does" or NULL */
	const struct opt *opts; /* own options; may be NULL */
	size_t opts_size;	/* of the struct that they are stored in */
	unsigned takes;		/* enum command_options */
	size_t min_args, max_args;
	enum opt_hint operand_hint;  /* what shells complete it with ... */
	const char *operand_choices; /* ... or these words */
	int (*run)(const struct invocation *inv); /* an enum cli_exit */
	/* Free what parsing put into `own`; may be NULL. */
	void (*free_own)(void *own);
};

/* Options of every command. */
struct common_options {
	const char *store, *hub;
	bool json, no_pager, utc, help;
	uint64_t width;
	int color; /* enum color_when */
};

#define COMMAND_GROUPS_MAX 6

/*
 * The option groups of a command, for parsing and for printing; targets may
 * be NULL when only printed.
 */
void command_groups(const struct command *command, void *own,
    struct filters *filters, struct common_options *common,
    struct opt_group ret[static COMMAND_GROUPS_MAX]);

extern const struct command *const commands[];
extern const size_t commands_count;
/* The program that has more commands, run in the place of this; NULL: none. */
extern const char *const commands_elsewhere;
/* The first is `help`. Run here where that program is not; ended by NULL. */
extern const struct command *const commands_instead[];

/* How a hub is asked in the place of a store. */
struct hub_engine {
	/* Append what store_ops.open takes, by the hub's name or URL. */
	int (*find)(const char *name, struct buf *ret, struct err *err);
	const struct store_ops *ops;
	/* Its recordings as an archive (archive_open_far()), which ends before
	 * the store. */
	int (*recordings)(
	    struct archive **ret, struct store *s, struct err *err);
};

/* NULL: only the program elsewhere asks hubs. */
extern const struct hub_engine *const commands_hub;

/* NULL when there is none of that name. */
const struct command *command_find(struct str name);

extern const struct opt common_opts[];

/*
 * Parse args (behind the command's name) and run it; `common` holds what was
 * given before the name. Returns the exit code; output is flushed.
 */
int command_run(const struct command *command, struct cli *c,
    const struct common_options *common, struct opt_args *args);

/* The help text of one command, or of the program when NULL. */
void command_help(const struct command *command, unsigned width, struct buf *b);

#endif
