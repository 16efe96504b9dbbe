/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The programs whose messages are read, and how. Lines of other programs are
 * passed over, but for those of PAM modules, which any program may write.
 */
#ifndef SOURCES_AUTHLOG_PROGRAM_H
#define SOURCES_AUTHLOG_PROGRAM_H

#include "sources/authlog/form.h"

struct program {
	struct str ident;
	bool (*parse)(struct message *m); /* or NULL: forms only */
	const struct form *forms;	  /* or NULL */
	const char *via;		  /* F_VIA of its `priv` events */
	bool strict; /* a line that fits no form counts as not understood */
	bool sshd;   /* one of sshd's processes */
	bool vis;    /* writes through vis(3), see vis.h */
	bool setuid; /* runs for users: the sender's uid is theirs */
	/* Names of its executable besides `ident`, ended by NULL. */
	const char *exes[4];
};

/* NULL when the program is none that is read. */
const struct program *program_find(struct str ident);

enum message_result {
	MESSAGE_IGNORED, /* a program that is not read: no event */
	MESSAGE_KNOWN,
	MESSAGE_KEPT,	 /* kept as `other`, not a form we know */
	MESSAGE_UNKNOWN, /* the same, and counts as not understood */
};

/* Fill m->ev from m->text, written by p: program_find(m->ident), or NULL. */
enum message_result message_parse(struct message *m, const struct program *p);

#endif
