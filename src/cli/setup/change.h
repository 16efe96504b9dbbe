/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `sshtrail setup` can change of a host: one descriptor each. Showing,
 * making and undoing is common code (setup.h); a change says what its file
 * should hold, and how the running system takes it.
 */
#ifndef CLI_SETUP_CHANGE_H
#define CLI_SETUP_CHANGE_H

#include "base/opt.h"
#include "cli/setup/record.h"

/* One call. */
struct setup {
	int root;	  /* the directory below which files are changed ... */
	const char *path; /* ... its path; "" for / ... */
	bool live;	  /* ... is / of the running system, which is told */
	const char *name; /* of the change, for comments in its file */
	const struct opt_list *users;
	struct buf notes; /* what the user is told at the end, as lines */
};

struct change {
	const char *name;
	const char *summary;
	const char *file;
	mode_t mode;	 /* of the file where it is new */
	bool takes_user; /* --user says for whom, and is needed */
	/*
	 * Live only: what all programs that change this file hold meanwhile; 0
	 * or -1 with errno. May be NULL.
	 */
	int (*lock)(void);
	int (*unlock)(void);
	/*
	 * Where only parts of the file are ours: carry what is remembered over
	 * to the file as others have left it since. NULL: all of it is ours,
	 * and nothing is undone that others changed. 0 or -ENOMEM.
	 */
	int (*rebase)(struct record *r, const struct placed *now);
	/*
	 * What the file should hold, given how it was before any change of
	 * ours; as it was, where nothing is to be changed (and `ours` is
	 * false: it is not in place). Fails with advice where the change would
	 * have no effect.
	 */
	int (*edit)(struct setup *s, const struct placed *before, bool ours,
	    struct buf *ret, struct err *err);
	/* Ask the real program about the content, before it is put in place. */
	int (*check)(
	    const struct setup *s, const struct buf *content, struct err *err);
	/*
	 * Live only, when the file is in place: let the system take it, and see
	 * that it did. `kept` is what the kernel had before, filled by keep().
	 * May be NULL.
	 */
	int (*begin)(
	    struct setup *s, const struct buf *content, struct err *err);
	void (*keep)(struct kept *ret);
	/* Live only, when the file is as it was again. May be NULL. */
	int (*end)(struct setup *s, const struct kept *kept, struct err *err);
	/* Whether the system works by this content now. NULL: it does. */
	bool (*active)(const struct buf *content);
};

extern const struct change *const changes[];
extern const size_t changes_count;

extern const struct change change_audit_plugin;
extern const struct change change_audit_rules;
extern const struct change change_rec;
extern const struct change change_rec_shell;
extern const struct change change_sshd_verbose;
extern const struct change change_tty_audit;

#endif
