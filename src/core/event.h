/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event: one immutable fact with a kind, a time and fields. All that an
 * event can hold is said in two tables, EVENT_KINDS and EVENT_FIELDS: the
 * JSON form, the columns of the index and docs/events.md follow from them.
 *
 * What a source states lies in an event as it was read. What sshtrail
 * concludes later (which session it belongs to) is not part of the evidence
 * and lives in `track`, `session` and the fields of the group "derived": these
 * are never written to the trail.
 */
#ifndef CORE_EVENT_H
#define CORE_EVENT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

/* X(C name, JSON name, what it says) */
#define EVENT_KINDS(X)                                                         \
	X(CONN_OPEN, "conn.open", "TCP connection to sshd, before any login")  \
	X(CONN_CLOSE, "conn.close", "end of a connection, with its reason")    \
	X(AUTH_OK, "auth.ok", "a login was accepted")                          \
	X(AUTH_FAIL, "auth.fail", "a login attempt failed")                    \
	X(AUTH_PARTIAL, "auth.partial",                                        \
	    "one step of several succeeded, or a key was asked about: not a "  \
	    "login")                                                           \
	X(SESSION_OPEN, "session.open", "a login session began")               \
	X(SESSION_CLOSE, "session.close", "a login session ended")             \
	X(CHANNEL_OPEN, "channel.open",                                        \
	    "a shell, command or subsystem began within a session")            \
	X(CHANNEL_CLOSE, "channel.close", "a channel ended")                   \
	X(EXEC, "exec", "a program was executed")                              \
	X(EXIT, "exit", "a process ended")                                     \
	X(FILE, "file",                                                        \
	    "a file was opened for writing, created, changed, removed or "     \
	    "transferred")                                                     \
	X(NET_CONNECT, "net.connect", "a process opened a connection")         \
	X(NET_LISTEN, "net.listen", "a process began to listen")               \
	X(FORWARD, "forward", "a port forward was made, used or refused")      \
	X(PRIV, "priv", "sudo, su or another change of identity")              \
	X(TTY_INPUT, "tty.input", "keystrokes seen by the kernel's TTY audit") \
	X(ACCOUNT, "account",                                                  \
	    "a user, group, password or key was changed or is known")          \
	X(CONFIG, "config",                                                    \
	    "configuration of sshd, audit or logging was changed")             \
	X(HOST_BOOT, "host.boot", "the host started or stopped")               \
	X(AGENT_START, "agent.start",                                          \
	    "a daemon that watches or serves started")                         \
	X(AGENT_STOP, "agent.stop", "a daemon that watches or serves stopped") \
	X(CLOCK, "clock", "the clock was set, or the host slept")              \
	X(GAP, "gap", "something was, or may have been, lost")                 \
	X(ALERT, "alert", "a detection, with the events it rests on")          \
	X(IMPORT_START, "import.start", "a source file begins to be read in")  \
	X(IMPORT_END, "import.end",                                            \
	    "a source file was read to its end: size and SHA-256")             \
	X(OTHER, "other",                                                      \
	    "a record or line that was read but fits no other kind: kept as "  \
	    "it is")                                                           \
	/* Behind the others: the index keeps kinds as numbers. */             \
	X(REVEAL, "reveal",                                                    \
	    "somebody had secrets shown that are masked otherwise")            \
	X(VIEW, "view", "somebody asked a hub for what it keeps")

enum event_kind {
#define X(c, json, help) EVENT_##c,
	EVENT_KINDS(X)
#undef X
	    EVENT_N_KINDS
};

/*
 * Who vouches for the fact, best first: the kernel; a trusted field of the
 * journal; a daemon's own log line or record; text that a user could have
 * written (any line in a text log can come from logger(1)); text that came over
 * the network from whoever could reach us.
 */
enum trust {
	TRUST_KERNEL,
	TRUST_JOURNAL,
	TRUST_DAEMON,
	TRUST_TEXT,
	TRUST_NETWORK,
	TRUST_N
};

enum field_type {
	FIELD_INT,  /* signed 64 bits; JSON number */
	FIELD_BOOL, /* JSON true or false */
	FIELD_HEX,  /* unsigned 64 bits; JSON string of 16 hex digits */
	FIELD_TIME, /* microseconds since 1970; JSON string as `time` */
	FIELD_STR,  /* any bytes; JSON string */
	FIELD_LIST  /* strings, each followed by a NUL byte; JSON array */
};

/* F_TYPE of a session.open: it was under way when its host was first looked at.
 */
#define EVENT_TYPE_FOUND  "FOUND"
/* F_TYPE of an auth.partial that proved something: a factor of several. */
#define EVENT_TYPE_FACTOR "partial"

/* X(C name, JSON key, type, group, what it says) */
#define EVENT_FIELDS(X)                                                        \
	/* who */                                                              \
	X(USER, "user", STR, "who",                                            \
	    "login user; in auth.fail the name that was tried")                \
	X(TARGET, "target", STR, "who",                                        \
	    "user (or group) that is acted on: sudo and su target, changed "   \
	    "account")                                                         \
	X(AUID, "auid", INT, "who",                                            \
	    "login uid, kept through sudo and su; absent when unset")          \
	X(SES, "ses", INT, "who",                                              \
	    "kernel audit session id; absent when unset")                      \
	X(UID, "uid", INT, "who", "real user id")                              \
	X(EUID, "euid", INT, "who", "effective user id")                       \
	X(GID, "gid", INT, "who", "real group id")                             \
	X(OLD_AUID, "old_auid", INT, "who",                                    \
	    "login uid before this login, when it was set")                    \
	X(OLD_SES, "old_ses", INT, "who",                                      \
	    "audit session before this login, when it was set")                \
	X(PERSON, "person", STR, "who",                                        \
	    "person behind a key, from an identity map")                       \
	/* process */                                                          \
	X(PID, "pid", INT, "process",                                          \
	    "process; for sshd lines the sshd process")                        \
	X(PPID, "ppid", INT, "process", "parent process")                      \
	X(SID, "sid", INT, "process",                                          \
	    "process that leads its group of processes, as of setsid(2)")      \
	X(CHILD_PID, "child_pid", INT, "process",                              \
	    "process that serves the user after login (User child is on pid)") \
	X(IDENT, "ident", STR, "process",                                      \
	    "program that wrote the line or sent the record")                  \
	X(EXE, "exe", STR, "process", "executed file")                         \
	X(COMM, "comm", STR, "process",                                        \
	    "command name as the kernel knows it, at most 15 bytes")           \
	X(ARGV, "argv", LIST, "process", "arguments, complete unless `cut`")   \
	X(CMD, "cmd", STR, "process",                                          \
	    "command as one text, where argv is not known")                    \
	X(CWD, "cwd", STR, "process", "working directory")                     \
	X(TTY, "tty", STR, "process", "terminal, without /dev/")               \
	X(EXIT, "exit", INT, "process",                                        \
	    "exit code, or result of the system call")                         \
	X(SIGNAL, "signal", INT, "process", "signal that ended the process")   \
	X(DURATION, "duration", INT, "process",                                \
	    "microseconds from start to end")                                  \
	X(SUCCESS, "success", BOOL, "process",                                 \
	    "whether the operation succeeded")                                 \
	X(SYSCALL, "syscall", STR, "process",                                  \
	    "system call, by name where known")                                \
	X(ARCH, "arch", STR, "process", "architecture of the system call")     \
	X(ARGS, "args", STR, "process",                                        \
	    "system call arguments a0 to a3, hexadecimal")                     \
	X(VIA, "via", STR, "process",                                          \
	    "program that changed the identity: sudo, su, doas, pkexec")       \
	/* network */                                                          \
	X(ADDR, "addr", STR, "network",                                        \
	    "remote address (or host name where only that is known)")          \
	X(PORT, "port", INT, "network", "remote port")                         \
	X(LADDR, "laddr", STR, "network", "local address")                     \
	X(LPORT, "lport", INT, "network", "local port")                        \
	X(DEST, "dest", STR, "network", "destination asked for by a forward")  \
	X(DPORT, "dport", INT, "network", "port of that destination")          \
	/* authentication */                                                   \
	X(METHOD, "method", STR, "auth",                                       \
	    "authentication method as sshd names it")                          \
	X(KEY_TYPE, "key_type", STR, "auth", "type of the key")                \
	X(FP, "fp", STR, "auth", "fingerprint of the key")                     \
	X(CERT_ID, "cert_id", STR, "auth", "key id of the certificate")        \
	X(CERT_SERIAL, "cert_serial", STR, "auth",                             \
	    "serial number of the certificate")                                \
	X(CA_FP, "ca_fp", STR, "auth",                                         \
	    "fingerprint of the certificate authority")                        \
	X(VALID, "valid", BOOL, "auth",                                        \
	    "whether sshd knew and allowed the user")                          \
	X(WEAK, "weak", BOOL, "auth",                                          \
	    "the attempt is concluded from how the connection ended")          \
	X(PREAUTH, "preauth", BOOL, "auth",                                    \
	    "written before authentication, by the unprivileged process")      \
	X(COMMENT, "comment", STR, "auth",                                     \
	    "comment of a key in authorized_keys")                             \
	X(OPTIONS, "options", STR, "auth",                                     \
	    "options of a key in authorized_keys")                             \
	/* channel */                                                          \
	X(CHAN, "chan", INT, "channel",                                        \
	    "number of the channel in its connection")                         \
	X(CHAN_TYPE, "chan_type", STR, "channel",                              \
	    "shell, command, subsystem, forced-command, terminal")             \
	X(SERVICE, "service", STR, "channel", "subsystem or PAM service")      \
	X(SIZE, "size", STR, "channel",                                        \
	    "size of the terminal at its begin, COLUMNSxROWS")                 \
	X(TERM, "term", STR, "channel",                                        \
	    "kind of terminal, as the variable TERM names it")                 \
	X(RECORDING, "recording", INT, "channel",                              \
	    "recording of the terminal or command: number of its first frame " \
	    "in the chain recordings:HOST")                                    \
	X(RECORDING_CHAIN, "recording_chain", STR, "channel",                  \
	    "what is behind recordings: in the chain's name, where it is not " \
	    "the host: an imported recording")                                 \
	X(RECORDING_END, "recording_end", INT, "channel",                      \
	    "number of its last frame")                                        \
	X(RECORDED, "recorded", INT, "channel",                                \
	    "bytes of the frames of a recording; in session.close, of all "    \
	    "recordings of the session that ended before")                     \
	X(RECORDINGS, "recordings", INT, "channel", "how many these are")      \
	X(RECORDINGS_SHA256, "recordings_sha256", STR, "channel",              \
	    "SHA-256 of the sha256 of all of these, see recordings.md")        \
	X(LEFT_OUT, "left_out", INT, "channel",                                \
	    "bytes sent to the client that are on purpose not in the "         \
	    "recording, or of which there is none: `reason`")                  \
	X(MASKED, "masked", INT, "channel",                                    \
	    "how many times the recording tells that what was typed was not "  \
	    "echoed, and is not kept")                                         \
	/* file */                                                             \
	X(PATH, "path", STR, "file", "file acted on")                          \
	X(PATH2, "path2", STR, "file", "second file: new name, link target")   \
	X(OP, "op", STR, "file", "what was done")                              \
	X(DIRECTION, "direction", STR, "file", "upload or download")           \
	X(BYTES_READ, "bytes_read", INT, "file",                               \
	    "bytes read by the server (sent to the client)")                   \
	X(BYTES_WRITTEN, "bytes_written", INT, "file",                         \
	    "bytes written by the server (received)")                          \
	X(MODE, "mode", INT, "file", "permission bits")                        \
	X(INODE, "inode", INT, "file", "inode, where the name is not known")   \
	X(DEV, "dev", STR, "file", "device of that inode")                     \
	/* record */                                                           \
	X(TYPE, "type", STR, "record",                                         \
	    "audit record types, or type of the login record")                 \
	X(SERIAL, "serial", INT, "record", "audit serial number")              \
	X(KEY, "key", STR, "record", "audit rule keys, separated by commas")   \
	X(TEXT, "text", STR, "record",                                         \
	    "the message, keystrokes or record itself")                        \
	X(REASON, "reason", STR, "record",                                     \
	    "why: end of a connection, refusal, gap")                          \
	X(LEVEL, "level", STR, "record", "severity that the writer gave")      \
	X(REPEAT, "repeat", INT, "record",                                     \
	    "how many times more the same line was written")                   \
	X(INFERRED, "inferred", STR, "record",                                 \
	    "what in this event is concluded, and from what")                  \
	X(CUT, "cut", BOOL, "record",                                          \
	    "some text was longer than what could be kept")                    \
	X(PARTIAL, "partial", BOOL, "record",                                  \
	    "records of this event are missing")                               \
	X(AMENDS, "amends", BOOL, "record",                                    \
	    "replaces an earlier event of the same id, which was incomplete")  \
	X(ID, "id", HEX, "record",                                             \
	    "identity: equal for the same fact read twice")                    \
	X(SRC, "src", INT, "record",                                           \
	    "sequence number of the import.start of the source file")          \
	X(OFFSET, "offset", INT, "record",                                     \
	    "byte offset of the line or first record in the source file; in "  \
	    "import.start where reading went on, in import.end where it has "  \
	    "to go on")                                                        \
	X(FILE_NAME, "file_name", STR, "record", "name of the source file")    \
	X(FILE_SIZE, "file_size", INT, "record", "size of the source file")    \
	X(SHA256, "sha256", STR, "record",                                     \
	    "SHA-256 of the source file, or of the frames of a recording")     \
	X(CONTENT_SIZE, "content_size", INT, "record",                         \
	    "size of its content, decompressed")                               \
	X(CONTENT_SHA256, "content_sha256", STR, "record",                     \
	    "SHA-256 of its content, decompressed")                            \
	X(FORMAT, "format", STR, "record",                                     \
	    "format that the source file was read as")                         \
	X(LINES, "lines", INT, "record", "lines or records read")              \
	X(UNPARSED, "unparsed", INT, "record",                                 \
	    "lines or records not understood")                                 \
	X(SENDER, "sender", STR, "record",                                     \
	    "who handed this over by network: the name in its certificate, "   \
	    "if it showed one, and its address")                               \
	X(LOST, "lost", INT, "record",                                         \
	    "how many were lost; absent when not known")                       \
	X(SINCE, "since", TIME, "record", "begin of a stretch of time")        \
	X(UNTIL, "until", TIME, "record", "end of a stretch of time")          \
	/* derived */                                                          \
	X(INTERACTIVE, "interactive", BOOL, "derived",                         \
	    "typed at a shell, not started by a script")                       \
	X(LOGIN_USER, "login_user", STR, "derived",                            \
	    "user of the session the event belongs to")                        \
	X(SETUP, "setup", BOOL, "derived",                                     \
	    "run by sshd itself for the login (PAM, motd), not by the user")

enum field {
#define X(c, json, type, group, help) F_##c,
	EVENT_FIELDS(X)
#undef X
	    EVENT_N_FIELDS
};

struct field_info {
	const char *key;
	enum field_type type;
	const char *group;
	const char *help;
};

extern const struct field_info event_fields[EVENT_N_FIELDS];

union field_value {
	int64_t i;    /* INT, BOOL, TIME */
	uint64_t u;   /* HEX */
	struct str s; /* STR, LIST */
};

/* Audit writes 4294967295 for an auid or ses that was never set. */
#define AUDIT_UNSET 4294967295

/*
 * Strings point into memory of whoever made the event and live as long as
 * that contract says; use event_copy() to keep one.
 */
struct event {
	enum event_kind kind;
	enum trust trust;
	uint64_t seq; /* in its chain; 0: not yet in a trail */
	int64_t time; /* microseconds since 1970 */
	struct str host;
	struct str boot;   /* boot id; empty when not known */
	struct str source; /* name of the source: "audit", "auth-log" */
	uint64_t track;	   /* derived, see core/track.h; 0: none */
	uint64_t session;  /* derived: session of the track; 0: not known */
	uint64_t chain;	   /* derived: which chain `seq` counts in */
	uint64_t has[(EVENT_N_FIELDS + 63) / 64];
	union field_value v[EVENT_N_FIELDS]; /* only where `has` says so */
};

/* Empties ev; values are left as they are, which `has` makes invisible. */
static inline void event_init(struct event *ev, enum event_kind kind)
{
	ev->kind = kind;
	ev->trust = TRUST_TEXT;
	ev->seq = ev->track = ev->session = ev->chain = 0;
	ev->time = 0;
	ev->host = ev->boot = ev->source = STR_NONE;
	memset(ev->has, 0, sizeof ev->has);
}

static inline bool event_has(const struct event *ev, enum field f)
{
	return ev->has[f / 64] >> (f % 64) & 1;
}

static inline void event_unset(struct event *ev, enum field f)
{
	ev->has[f / 64] &= ~((uint64_t)1 << (f % 64));
}

/* For INT, BOOL and TIME fields. */
static inline void event_set_int(struct event *ev, enum field f, int64_t i)
{
	ev->has[f / 64] |= (uint64_t)1 << (f % 64);
	ev->v[f].i = i;
}

static inline void event_set_hex(struct event *ev, enum field f, uint64_t u)
{
	ev->has[f / 64] |= (uint64_t)1 << (f % 64);
	ev->v[f].u = u;
}

/* For STR and LIST fields; a string without memory (p NULL) sets nothing. */
static inline void event_set_str(struct event *ev, enum field f, struct str s)
{
	if (!s.p)
		return;
	ev->has[f / 64] |= (uint64_t)1 << (f % 64);
	ev->v[f].s = s;
}

/* What an event is shown under: its session, else its track; 0: neither. */
static inline uint64_t event_session(const struct event *ev)
{
	return ev->session ? ev->session : ev->track;
}

static inline int64_t event_int(
    const struct event *ev, enum field f, int64_t fallback)
{
	return event_has(ev, f) ? ev->v[f].i : fallback;
}

static inline struct str event_str(const struct event *ev, enum field f)
{
	return event_has(ev, f) ? ev->v[f].s : STR_NONE;
}

/*
 * The first field at or behind `from` that ev has, EVENT_N_FIELDS at the end:
 * for (f = event_next_field(ev, 0); f < EVENT_N_FIELDS;
 *      f = event_next_field(ev, f + 1))
 */
static inline enum field event_next_field(const struct event *ev, unsigned from)
{
	size_t w = from / 64;
	uint64_t bits;

	if (from >= EVENT_N_FIELDS)
		return EVENT_N_FIELDS;
	bits = ev->has[w] & ~(uint64_t)0 << (from % 64);
	while (!bits) {
		if (++w == sizeof ev->has / sizeof *ev->has)
			return EVENT_N_FIELDS;
		bits = ev->has[w];
	}
	return (enum field)(w * 64 + (unsigned)__builtin_ctzll(bits));
}

const char *event_kind_name(enum event_kind kind);
/* -1 when there is no such kind. */
int event_kind_parse(struct str name);
const char *trust_name(enum trust trust);
int trust_parse(struct str name);
/* EVENT_N_FIELDS when there is no such key. */
enum field event_field_parse(struct str key);
/* Derived fields are never written to a trail. */
static inline bool event_field_derived(enum field f)
{
	return f >= F_INTERACTIVE;
}

/* As `has`: the fields whose value is a string. */
extern const uint64_t event_text_fields[(EVENT_N_FIELDS + 63) / 64];

/* A deep copy whose strings lie in `a`. -ENOMEM. */
int event_copy(struct event *dst, const struct event *src, struct arena *a);

/*
 * The text that `--cmd` searches and tables show: argv joined by blanks, with
 * arguments that hold blanks or nothing in single quotes; else `cmd`; else
 * empty. Appended to b.
 */
void event_command(const struct event *ev, struct buf *b);

#endif
