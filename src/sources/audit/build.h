/* SPDX-License-Identifier: Apache-2.0 */
/* The records of one audit event to one struct event. */
#ifndef SOURCES_AUDIT_BUILD_H
#define SOURCES_AUDIT_BUILD_H

#include "core/event.h"
#include "sources/audit/argv.h"
#include "sources/audit/fields.h"
#include "sources/audit/group.h"
#include "sources/audit/tries.h"
#include "sources/source.h"

#define BUILD_MAX_PATHS	 16
#define BUILD_MAX_EXECVE 512

/* A PATH record, text decoded. */
struct build_path {
	int64_t item; /* -1: not told */
	struct str name, nametype, dev;
	int64_t inode, mode; /* -1: not told */
};

struct build {
	struct names *names;
	struct keys *keys;
	struct source_input in;
	bool vouched;	  /* see records_new() */
	struct arena mem; /* of the event being built */
	struct event ev;
	struct argv argv;
	struct tries tries;
	struct str bodies[BUILD_MAX_EXECVE]; /* of EXECVE records */
	struct fields main;		     /* of the record that decides */
	struct fields nested;		     /* inside its msg='...' */
	struct fields other; /* of any other record, one at a time */
	const struct group *g;
	unsigned type; /* of the record that decides */
	bool force;    /* do not wait for missing records */
	bool missing;  /* a record that must be there is not */
};

int build_new(struct build **ret, const struct source_input *in, bool vouched);
void build_free(struct build *b);

/*
 * Build the event of g in b->ev; its strings live until the next call.
 * Returns 0; 1 when records are missing and `force` is not set; -ENOMEM.
 */
int build_event(struct build *b, const struct group *g, bool force);

/*
 * A loss that a line outside the records tells, of host `node` unless that is
 * empty: b->ev becomes a gap.
 */
void build_gap(struct build *b, int64_t time, struct str node, struct str text,
    uint64_t offset);

/* --- for the builders of kinds --- */

/* The first record of a role, NULL when there is none. */
const struct group_record *build_find(
    const struct build *b, enum audit_role role);
/* Fields of a record, at least those wanted, in b->other. */
const struct fields *build_fields(
    struct build *b, const struct group_record *r, uint64_t wanted);
/* Say what is concluded in this event; several are joined. */
void build_infer(struct build *b, struct str what);
void build_set_id(
    struct build *b, enum field to, const struct fields *f, enum audit_key k);
void build_set_int(
    struct build *b, enum field to, const struct fields *f, enum audit_key k);
void build_set_text(
    struct build *b, enum field to, const struct fields *f, enum audit_key k);
/* pid ppid auid ses uid euid gid tty comm exe of kernel records. */
void build_process(struct build *b, const struct fields *f);
/* `type`: the types of all records but those that every call has. */
void build_types(struct build *b);
/* `text`: the lines of all records, or of those that have no role. */
void build_text(struct build *b, bool all);

/*
 * Title of the process as `cmd`, marked: at most 128 bytes, which the process
 * itself can change.
 */
void build_title(struct build *b);
/* Working directory, or STR_NONE. */
struct str build_cwd(struct build *b);
/* Read the PATH records, sorted by item, without repeats; how many. */
size_t build_paths(
    struct build *b, struct build_path ret[static BUILD_MAX_PATHS]);
/*
 * Set `to` to the name, made absolute (and marked so) where the directory is
 * known: `relative_ok` says that it is the working directory.
 */
void build_set_path(
    struct build *b, enum field to, struct str name, bool relative_ok);

/* The builders; the fields of the deciding record are in main and nested. */
void build_other(struct build *b);
void build_syscall(struct build *b);
void build_exec(struct build *b, const struct sys_call *call);
void build_file(struct build *b, const struct sys_call *call);
void build_socket(struct build *b, const struct sys_call *call);
void build_login(struct build *b);
void build_tty(struct build *b);
void build_abend(struct build *b);
void build_time(struct build *b);
void build_uring(struct build *b);
void build_config(struct build *b);
void build_agent_start(struct build *b);
void build_agent_stop(struct build *b);
void build_agent_error(struct build *b);
void build_boot(struct build *b);
void build_user_open(struct build *b);
void build_user_close(struct build *b);
void build_user_login(struct build *b);
void build_user_auth(struct build *b);
void build_user_check(struct build *b);
void build_user_cmd(struct build *b);
void build_user_tty(struct build *b);
void build_account(struct build *b);
void build_crypto_key(struct build *b);
void build_crypto_session(struct build *b);
void build_user_other(struct build *b);

#endif
