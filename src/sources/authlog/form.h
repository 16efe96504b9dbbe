/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A form is one kind of message that a program writes, said as a pattern with
 * named holes. The messages hold text that attackers choose (user names,
 * disconnect reasons, file names), so matching never searches for the
 * "first from" or the like:
 *
 * - Holes for words and numbers have a shape. A hole for free text has none,
 *   and most patterns have one only: all before it is matched from the left,
 *   all behind it from the right, and what is left is the text, whatever it
 *   says.
 * - sshd's own `: REASON` or `: KEY` behind `port N` or `ssh2` is cut off
 *   before: a user name cannot hold a colon (sshd takes what follows it as
 *   the authentication style), so the first such place is the true one.
 * - Where a pattern has more holes of free text, all but the last end at the
 *   first place where what follows them fits: right only when the client did
 *   not choose them.
 */
#ifndef SOURCES_AUTHLOG_FORM_H
#define SOURCES_AUTHLOG_FORM_H

#include "core/event.h"

enum form_flag {
	FORM_KEY = 1 << 0,     /* may be followed by `: KEY` */
	FORM_REASON = 1 << 1,  /* may be followed by `: REASON` */
	FORM_VALID = 1 << 2,   /* valid = true */
	FORM_INVALID = 1 << 3, /* valid = false */
	FORM_DONE = 1 << 4,    /* success = true */
	FORM_FAILED = 1 << 5,  /* success = false */
	FORM_TEXT = 1 << 6,    /* keep the whole message too */
	/*
	 * Written at LogLevel VERBOSE only: on this connection every failed
	 * attempt has a line of its own.
	 */
	FORM_VERBOSE = 1 << 7,
	FORM_COUNTED = 1 << 8, /* is such a line of a failed attempt */
	/* Tells of a failed attempt that may have no line of its own. */
	FORM_WEAK = 1 << 9,
	/*
	 * Refuses an attempt that the next `Failed` line tells of, if there
	 * is one: auth.fail where only this line tells, else `other`.
	 */
	FORM_REFUSAL = 1 << 10,
	FORM_ACCEPTED = 1 << 11, /* a login: what failed before is over */
	FORM_ONCE = 1 << 12,	 /* with REFUSAL: not after a counted line */
};

/*
 * `pattern`: text with holes of `%` and a letter, see form.c. `field`, when
 * `value` is not NULL, is a string field that gets it.
 */
struct form {
	const char *pattern;
	enum event_kind kind;
	unsigned flags;
	const char *type; /* F_TYPE, or NULL */
	enum field field;
	const char *value;
};

struct form_indexes;

/* A message being read. */
struct message {
	struct str text;	      /* without prefixes and `[preauth]` */
	struct str ident;	      /* program, without decoration */
	bool preauth;		      /* had `[preauth]` behind it */
	bool vis;		      /* values are encoded with vis(3) */
	struct event *ev;	      /* to fill */
	struct arena *scratch;	      /* for decoded values */
	const struct form *form;      /* that matched, or NULL */
	struct form_indexes *indexes; /* to find forms faster, or NULL */
};

/*
 * Try `forms` (ended by a NULL pattern) on m->text in order. On the first
 * match set kind and fields of m->ev and m->form, and return true. No memory
 * for a decoded value: the value is left out and ev gets F_PARTIAL.
 */
bool form_match(const struct form *forms, struct message *m);

/*
 * Set a string field to a value of the message, its escapes read back.
 */
void message_set_str(struct message *m, enum field f, struct str s);

#endif
