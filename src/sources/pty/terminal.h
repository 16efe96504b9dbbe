/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of a terminal, or of a command without one, from its records
 * (record.h), and how it becomes a recording and the events beside it.
 */
#ifndef SOURCES_PTY_TERMINAL_H
#define SOURCES_PTY_TERMINAL_H

#include "sources/bpf/records.h"
#include "sources/pty/record.h"

/* Why output of a command is left out. */
enum omission {
	OMIT_NOTHING,
	OMIT_LATE,
	OMIT_UNREAD,
	OMIT_UNKNOWN,
	OMIT_PAYLOAD,
	OMIT_BINARY,
	OMIT_LIMIT,
	OMIT_N,
};

struct terminal {
	uint64_t serial; /* 0: free */
	uint64_t offset; /* bytes of output told or known to be lost */
	uint64_t begun;	 /* boot time of its first record */
	uint64_t output, input, lost;
	uint64_t untold; /* of the lost ones, by a gap */
	uint64_t gap_at; /* boot time of its last gap; 0: none yet */
	uint16_t cols, rows;
	bool ended; /* whoever keeps it is to forget it */
	/* The rest is of commands. */
	bool command;
	bool told;     /* its channel.open is */
	bool recorded; /* it has a recording */
	bool args_cut;
	bool partial; /* output may have come before it was watched */
	enum omission omission;
	const char *mover; /* with OMIT_PAYLOAD; static */
	uint64_t left_out; /* bytes */
	uint32_t execs;	   /* programs that were told */
	struct buf args;   /* to be freed */
};

/* Who tells of them. */
struct origin {
	const char *name; /* of the source */
	uint32_t magic;	  /* of its records */
	enum trust trust;
	const char *what; /* a record of it is called so */
};

/* One sound record at work. */
struct work {
	const struct origin *origin;
	const struct source_input *in;
	const struct records *records;
	struct arena *mem; /* of this record */
	struct source_sink *sink;
	struct pty_rec rec;
	struct str bytes;
	uint64_t offset; /* where it stands in the stream */
	struct terminal *t;
};

/*
 * All of these return what the sink does. The first record of a terminal,
 * whichever that is; then each, the first as well.
 */
int terminal_begin(struct work *w);
int terminal_follow(struct work *w);

/* For commands as well: */

/* As its first record says: it was there before. */
bool terminal_is_late(const struct work *w);
/* An event of this kind and boot time, with whose it is. */
void terminal_event(const struct work *w, enum event_kind kind,
    uint64_t boot_time, struct event *ev);
/*
 * A piece at the time of the record, or of PIECE_BEGIN at that which it has;
 * with its event, or NULL.
 */
int terminal_tell(struct work *w, struct piece *p, struct event *ev);
/* What the kernel counted and we did not read is lost. */
int terminal_follow_offset(struct work *w);
/* Output or input that the record has. */
int terminal_take(struct work *w, enum piece_type type);
/* The channel.close, with what was lost and not told before. */
int terminal_close(struct work *w, struct event *ev);

#endif
