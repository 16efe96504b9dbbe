/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "cli/command.h"
#include "cli/daemon.h"
#include "cli/evidence/evidence.h"
#include "cli/masks.h"
#include "cli/recording_export.h"
#include "cli/rows.h"
#include "cli/shown/transcript.h"
#include "core/event_text.h"
#include "outputs/event_format.h"

#define PAGE_LARGE ((off_t)64 << 20)

struct export_options {
	bool sessions, local, reveal, evidence;
	int format, stream;
	const char *recording;
	const char *output;
	const char *socket;
};

#define NAME(symbol, name) name,
#define NONE(symbol, name)

/* Those of events, then what formats of recordings there are to write. */
static const char *const choices[] = {"json", "line", "rfc5424", "rfc3164",
    "cef", "ecs", "ecs-bulk", "ocsf", "hec", FORMATS(NAME, NONE) "text", NULL};

static const char *const streams[] = {
    [RECORDING_BOTH] = "both",
    [RECORDING_STDOUT] = "stdout",
    [RECORDING_STDERR] = "stderr",
    NULL,
};

static const struct opt export_opts[] = {
    {"sessions", 0, OPT_FLAG,
	.help = "sessions as 'ls --json' prints them, instead of events",
	.at = offsetof(struct export_options, sessions)},
    {"local", 'l', OPT_FLAG,
	.help = "with --sessions: also those that did not come over SSH",
	.at = offsetof(struct export_options, local)},
    {"format", 'F', OPT_CHOICE, "FORMAT",
	"json; line, a line for people; what other programs take, see "
	"docs/forwarding.md: rfc5424 and "
	"rfc3164 (syslog), cef, ecs, ecs-bulk (Elastic), ocsf, hec (Splunk); "
	"or a recording of a terminal or command of SESSION, as other "
	"programs play it: asciicast (asciinema, version 2), asciicast-v3, "
	"script "
	"(scriptreplay), script-classic, ttyrec (ttyplay), tlog (tlog-play), "
	"sudo (sudoreplay), raw, the bytes of its output, html, a page that "
	"plays itself in a browser, or text, what was shown line by line; "
	"script and sudo are directories, which --output "
	"names",
	.at = offsetof(struct export_options, format), .choices = choices},
    {"recording", 'R', OPT_STR, "NAME",
	"which recording of the session, as show names them: a number, or "
	"CHAIN:NUMBER of one that was imported",
	.at = offsetof(struct export_options, recording)},
    {"stream", 0, OPT_CHOICE, "STREAM",
	"of a command that had no terminal: both, as they came, or stdout or "
	"stderr alone",
	.at = offsetof(struct export_options, stream), .choices = streams},
    {"output", 'o', OPT_STR, "FILE",
	"write to FILE, which must not be there yet, instead of standard "
	"output; the directory of a recording of several files",
	.at = offsetof(struct export_options, output), .hint = OPT_HINT_FILE},
    {"reveal", 0, OPT_FLAG,
	.help = "show passwords, keys and tokens, which are masked otherwise; "
		"where there are any, that they were shown is recorded in the "
		"store, or else they are not",
	.at = offsetof(struct export_options, reveal)},
    {"evidence", 0, OPT_FLAG,
	.help = "a bundle that proves itself to who has neither this program "
		"nor the store: the frames of the events and of their "
		"recordings, signed checkpoints, keys, a program that verifies "
		"it and how to do so by hand; --output names a directory, or a "
		"file that ends in .tar. Nothing is masked in it, which is "
		"recorded as with --reveal",
	.at = offsetof(struct export_options, evidence)},
    {"socket", 0, OPT_STR, "FILE",
	"control socket of the daemon, which records it where it writes to "
	"the store (" DAEMON_SOCKET ")",
	.at = offsetof(struct export_options, socket), .hint = OPT_HINT_FILE},
    {.name = NULL},
};

/* NULL: events. */
static const struct format *format_of(const struct export_options *own)
{
	const char *name = choices[own->format];

	if (event_format_find(str_z(name)))
		return NULL;
	if (strcmp(name, transcript_text.name) == 0)
		return &transcript_text;
	return format_find(str_z(name));
}

static bool is_directory(const struct export_options *own)
{
	const struct format *format = format_of(own);

	return format && format->n_parts > 1;
}

static int export_sessions(const struct invocation *inv, struct query *q)
{
	const struct export_options *own = inv->own;
	struct session_rows rows;
	int r;

	q->ssh_only = !own->local;
	r = session_rows_open(&rows, inv->cli, q, own->local);
	if (r != CLI_FOUND)
		return r;
	r = session_rows_json(&rows);
	session_rows_close(&rows);
	return r == CLI_FOUND ? cli_found(inv->cli, rows.n, "session") : r;
}

static int export_recording(
    const struct invocation *inv, struct masks *masks, uint64_t session)
{
	const struct export_options *own = inv->own;
	const struct recording_view view = {.format = format_of(own),
	    .stream = (enum recording_stream)own->stream,
	    .dir = is_directory(own) ? own->output : NULL,
	    .masks = masks};
	const struct recording *one = NULL;
	struct cli *c = inv->cli;
	struct recordings all;
	struct err err = {""};
	int r = recordings_find(&all, c->store, session, &err);

	if (r < 0)
		return cli_fail_code(c, r, &err);
	r = recordings_only(c, &all, own->recording, &one);
	if (r == CLI_FOUND)
		r = recording_export(c, one, &view);
	recordings_free(&all);
	return r;
}

struct event_rows {
	const struct event_format *format;
	struct masks *masks;
};

static bool event_row(void *ctx, const struct event *ev)
{
	const struct format_settings settings = FORMAT_SETTINGS_DEFAULT;
	struct event_rows *rows = ctx;
	struct out *out = &rows->masks->cli->out;
	struct event shown;
	int r = masks_event(rows->masks, ev, &shown);

	if (r < 0) {
		if (r != -ECANCELED)
			out->b.error = r;
		return false;
	}
	rows->format->write(&shown, &settings, &out->b);
	buf_add_char(&out->b, '\n');
	return out_row(out);
}

static int export_events(
    struct cli *c, struct event_rows *rows, struct query *q)
{
	uint64_t n = 0;
	int r = rows_events(c, q, event_row, rows, &n, NULL);

	if (r == CLI_FOUND && *rows->masks->err.text)
		return cli_fail(c, "%s", rows->masks->err.text);
	return r == CLI_FOUND ? cli_found(c, n, "event") : r;
}

static struct reveal reveal_of(
    const struct invocation *inv, const struct query *q)
{
	const struct export_options *own = inv->own;

	return (struct reveal){
	    own->evidence ? "sshtrail export --evidence" : "sshtrail export",
	    q->session, own->socket ? own->socket : DAEMON_SOCKET};
}

static int export_rows(const struct invocation *inv, struct query *q)
{
	const struct export_options *own = inv->own;
	const struct masks_for what = {own->reveal, reveal_of(inv, q)};
	struct masks masks;
	struct event_rows rows = {
	    event_format_find(str_z(choices[own->format])), &masks};
	int r = masks_open(&masks, inv->cli, &what);

	if (r != CLI_FOUND)
		;
	else if (format_of(own))
		r = export_recording(inv, &masks, q->session);
	else if (own->sessions)
		r = export_sessions(inv, q);
	else
		r = export_events(inv->cli, &rows, q);
	masks_tell(&masks);
	masks_free(&masks);
	return r;
}

/* A page is held in a browser's memory as a whole, and more than once. */
static void tell_large(struct cli *c, const struct export_options *own, int fd)
{
	struct buf size = BUF_INIT;
	struct stat st;

	if (format_of(own) != &format_html || fstat(fd, &st) < 0 ||
	    st.st_size < PAGE_LARGE)
		return;
	bytes_format(st.st_size, &size);
	cli_note(c,
	    "%s is %.*s: a browser needs several times as much memory, and "
	    "most play no page of more than 512 MiB; 'sshtrail play' shows "
	    "recordings of any size",
	    own->output, STR_ARG(buf_str(&size)));
	buf_free(&size);
}

static int export_evidence(const struct invocation *inv, const struct query *q)
{
	const struct reveal of = reveal_of(inv, q);

	return evidence_export(inv->cli, q,
	    ((const struct export_options *)inv->own)->output, &of);
}

/* Standard output is the file while `run` is at work. */
static int into_file(const struct invocation *inv, struct query *q)
{
	const char *name = ((const struct export_options *)inv->own)->output;
	struct out *out = &inv->cli->out;
	int before = out->fd, r, error;
	CLEANUP_FD int fd = open(
	    name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return cli_fail(
		    inv->cli, "cannot make %s: %s", name, strerror(errno));
	out->fd = fd;
	r = export_rows(inv, q);
	error = out_end(out);
	out->fd = before;
	out->error = 0;
	if (error < 0)
		return cli_fail(
		    inv->cli, "cannot write %s: %s", name, strerror(-error));
	tell_large(inv->cli, inv->own, fd);
	return r;
}

/* All of it is as it was written, in a form of its own. */
static int check_evidence(const struct invocation *inv)
{
	const struct export_options *own = inv->own;
	struct cli *c = inv->cli;

	if (!own->output)
		return cli_usage(c,
		    "--evidence is several files: name a directory, which is "
		    "made, or a file that ends in .tar, with --output");
	if (own->sessions || own->local || own->recording || own->reveal ||
	    own->format || own->stream || c->json)
		return cli_usage(c,
		    "--evidence has a form of its own, with all as it was "
		    "written: it takes filters, --output and --socket");
	return CLI_FOUND;
}

static int check_format(const struct invocation *inv, const char *session)
{
	const struct export_options *own = inv->own;
	const struct format *format = format_of(own);
	struct cli *c = inv->cli;

	if (own->evidence)
		return check_evidence(inv);
	if (c->hub && own->reveal)
		return cli_usage(c,
		    "what is masked is shown at the store of the hub, where "
		    "it is recorded who sees it, not with --hub");
	if (format && !session)
		return cli_usage(
		    c, "a recording is of a session: name one, or last");
	if (is_directory(own) && !own->output)
		return cli_usage(c,
		    "%s is several files: name a directory, which is made, "
		    "with --output",
		    format->name);
	/* It was written to act on a terminal, by somebody not to be trusted.
	 */
	if (format && format->hostile && !own->output && isatty(c->out.fd))
		return cli_usage(c,
		    "recorded bytes do not go to a terminal: write them to "
		    "a file with --output");
	return CLI_FOUND;
}

static int export_run(const struct invocation *inv)
{
	const struct export_options *own = inv->own;
	struct filters f = *inv->filters;
	struct cli *c = inv->cli;
	struct query q;
	int r;

	if (inv->n_args)
		f.session = inv->args[0];
	r = check_format(inv, f.session);
	if (r != CLI_FOUND)
		return r;
	r = filters_query(&f, c, RANGE_ALL, &q);
	if (r == CLI_FOUND)
		r = cli_open(c);
	if (r != CLI_FOUND)
		return r;
	q.order = f.reverse ? ORDER_NEWEST_FIRST : ORDER_OLDEST_FIRST;
	if (own->evidence)
		return export_evidence(inv, &q);
	return own->output && !is_directory(own) ? into_file(inv, &q)
						 : export_rows(inv, &q);
}

const struct command cmd_export = {
    .name = "export",
    .operands = "[SESSION]",
    .summary = "print events, oldest first, or a recording; or evidence",
    .help = "All times unless --since or --until say otherwise; --reverse "
	    "prints the newest first. With SESSION, only what belongs to it; "
	    "with a --format of recordings that of its terminal, which must "
	    "match what its events vouch for. In asciicast and tlog control "
	    "characters are escaped, so that it can be looked at before it is "
	    "played. --evidence writes what others can verify; see "
	    "docs/evidence.md.",
    .examples = "  sshtrail export > events.jsonl\n"
		"  sshtrail export --sessions --user root --since -30d\n"
		"  sshtrail export --format ocsf --kind auth,exec\n"
		"  sshtrail export last --format asciicast -o last.cast\n"
		"  sshtrail export last --format script -o last.script\n"
		"  sshtrail export last --format html -o last.html\n"
		"  sshtrail export last --evidence -o last.tar\n",
    .opts = export_opts,
    .opts_size = sizeof(struct export_options),
    .takes = COMMAND_HUB | COMMAND_FILTERS | COMMAND_FILTERS_ALL |
	     COMMAND_FILTERS_FLAGS,
    .max_args = 1,
    .operand_hint = OPT_HINT_SESSION,
    .run = export_run,
};
