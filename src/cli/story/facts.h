/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a story need not tell: one fact is often told by several sources
 * (kernel, PAM, sshd, login records), a shell tries many files before it
 * finds a program, and sshd runs programs of its own for each login. First
 * all events are noted, in order of time, then any of them asked about.
 */
#ifndef CLI_STORY_FACTS_H
#define CLI_STORY_FACTS_H

#include "base/map.h"
#include "store/query.h"

/* More accounts of logins and ends than these are all told. */
#define STORY_LOGINS_MAX 512
/* More changes of identity than these are all told. */
#define STORY_PRIVS_MAX	 4096
/* More events than these are not left out. */
#define STORY_HIDDEN_MAX ((size_t)1 << 20)

struct story_login;
struct story_log;

/* One change of identity; strings may be empty: not known. */
struct story_priv {
	int64_t time;
	uint64_t exec, command, open, log; /* keys of its accounts, or 0 */
	struct str via, target, cmd;
	bool refused; /* by one of its accounts */
};

struct story_facts {
	struct arena text;
	struct map hidden;	    /* key of an event */
	struct map told;	    /* key of an event: priv + 1 */
	struct map pids;	    /* of running sudo and su: priv + 1 */
	struct map tried, tried_at; /* pid: key, time of its last attempt */
	struct map files;	    /* what was done to a file: when */
	struct story_login *logins;
	struct story_priv *privs;
	struct story_log *logs; /* sudo's lines that name no process */
	size_t n_logins, n_privs, n_logs;
	uint64_t n_setup; /* programs that the login itself ran */
	bool no_memory;
};

/* -ENOMEM. */
int story_facts_init(struct story_facts *f);
void story_facts_free(struct story_facts *f);
/* Ask the store for the fields that are needed. */
void story_facts_want(struct query *q);
void story_facts_note(struct story_facts *f, const struct event *ev);
/* All are noted. -ENOMEM. */
int story_facts_finish(struct story_facts *f);

/* Whether another line, or none, tells what ev does. */
bool story_facts_hide(const struct story_facts *f, const struct event *ev);
/* The change of identity to tell instead of ev, or NULL. */
const struct story_priv *story_facts_priv(
    const struct story_facts *f, const struct event *ev);

#endif
