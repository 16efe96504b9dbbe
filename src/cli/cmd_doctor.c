/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/daemon.h"
#include "cli/doctor/capture.h"
#include "cli/doctor/checks.h"
#include "cli/text/escape.h"
#include "core/event_json.h"

#define WAIT_SECONDS 5
#define NAME_WIDTH   17

struct doctor_options {
	const char *socket, *user;
	uint64_t wait;
	bool no_capture;
};

static const struct opt doctor_opts[] = {
    {"socket", 0, OPT_STR, "FILE",
	"control socket of the daemon (" DAEMON_SOCKET ")",
	.at = offsetof(struct doctor_options, socket), .hint = OPT_HINT_FILE},
    {"no-capture", 0, OPT_FLAG, .help = "run no marker program; look only",
	.at = offsetof(struct doctor_options, no_capture)},
    {"user", 'u', OPT_STR, "NAME",
	"run the marker in a session of NAME, as after a login; else in your "
	"own",
	.at = offsetof(struct doctor_options, user), .hint = OPT_HINT_USER},
    {"wait", 0, OPT_U64, "N", "wait N seconds at most for the marker (5)",
	.at = offsetof(struct doctor_options, wait), .max = 600},
    {.name = NULL},
};

static const enum style level_styles[LEVEL_N] = {
    [LEVEL_OK] = STYLE_GREEN,
    [LEVEL_NOTE] = STYLE_YELLOW,
    [LEVEL_PROBLEM] = STYLE_RED,
    [LEVEL_UNSEEN] = STYLE_DIM,
};

struct doctor {
	struct cli *cli;
	unsigned count[LEVEL_N];
};

static void put_json(struct buf *b, const char *name, const char *why,
    const struct finding *f, const struct capture *seen)
{
	const struct {
		const char *key, *text;
	} texts[] = {{"check", name}, {"level", level_names[f->level]},
	    {"seen", f->seen}, {"file", f->file}, {"why", why},
	    {"mend", f->mend}};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		buf_printf(b, "%s\"%s\":", i ? "," : "{", texts[i].key);
		json_add_string(b, str_z(texts[i].text));
	}
	if (seen && seen->seen) {
		buf_add_z(b, ",\"source\":");
		json_add_string(b, str_z(seen->source));
		buf_printf(b, ",\"ms\":%" PRId64, seen->took / 1000);
	}
	buf_add_z(b, "}\n");
}

/* The rest of a line, cut at the terminal's edge only where it is one. */
static void put_rest(struct doctor *d, const char *label, const char *text)
{
	struct buf *b = &d->cli->out.b;

	buf_printf(b, "%-9s%-*s ", "", NAME_WIDTH, label);
	escape_add(b, str_z(text), ESCAPE_NO_LIMIT,
	    term_escape_flags(&d->cli->term), NULL);
	buf_add_char(b, '\n');
}

static void put_text(struct doctor *d, const char *name, const char *why,
    const struct finding *f)
{
	const struct term *term = &d->cli->term;
	struct buf *b = &d->cli->out.b;

	term_style(term, b, level_styles[f->level]);
	buf_printf(b, "%-8s", level_names[f->level]);
	term_unstyle(term, b, level_styles[f->level]);
	buf_printf(b, " %-*s ", NAME_WIDTH, name);
	escape_add(
	    b, str_z(f->seen), ESCAPE_NO_LIMIT, term_escape_flags(term), NULL);
	if (f->file[0]) {
		buf_add_z(b, " (");
		escape_add(b, str_z(f->file), ESCAPE_NO_LIMIT,
		    term_escape_flags(term), NULL);
		buf_add_char(b, ')');
	}
	buf_add_char(b, '\n');
	if (f->level == LEVEL_NOTE || f->level == LEVEL_PROBLEM) {
		put_rest(d, "  why", why);
		if (f->mend[0])
			put_rest(d, "  mend", f->mend);
	}
}

static void put(struct doctor *d, const char *name, const char *why,
    const struct finding *f, const struct capture *seen)
{
	d->count[f->level]++;
	if (d->cli->json)
		put_json(&d->cli->out.b, name, why, f, seen);
	else
		put_text(d, name, why, f);
	out_row(&d->cli->out);
}

static int conclude(const struct doctor *d)
{
	if (!d->cli->json) {
		buf_printf(&d->cli->out.b,
		    "%u problem%s, %u note%s, %u ok, %u not to be seen\n",
		    d->count[LEVEL_PROBLEM],
		    d->count[LEVEL_PROBLEM] == 1 ? "" : "s",
		    d->count[LEVEL_NOTE], d->count[LEVEL_NOTE] == 1 ? "" : "s",
		    d->count[LEVEL_OK], d->count[LEVEL_UNSEEN]);
		out_row(&d->cli->out);
	}
	if (!d->cli->json && geteuid() != 0)
		cli_note(d->cli, "not root: what could not be seen, root sees");
	return d->count[LEVEL_PROBLEM] ? CLI_NOTHING : CLI_FOUND;
}

static int doctor_run(const struct invocation *inv)
{
	const struct doctor_options *own = inv->own;
	struct doctor d = {.cli = inv->cli};
	struct finding finding = {.level = LEVEL_OK};
	struct capture seen;
	struct facts f;

	facts_read(
	    &f, own->socket ? own->socket : DAEMON_SOCKET, inv->cli->dir.p);
	for (size_t i = 0; i < checks_count; i++) {
		checks[i].look(&f, &finding);
		put(&d, checks[i].name, checks[i].why, &finding, NULL);
	}
	if (!own->no_capture) {
		out_flush(&inv->cli->out);
		capture_prove(inv->cli, &f, own->user,
		    own->wait ? (unsigned)own->wait : WAIT_SECONDS, &seen,
		    &finding);
		put(&d, CAPTURE_NAME, CAPTURE_WHY, &finding, &seen);
	}
	facts_free(&f);
	return conclude(&d);
}

const struct command cmd_doctor = {
    .name = "doctor",
    .operands = "",
    .summary = "check this host, and prove that sessions are captured",
    .help =
	"Looks at what evidence of SSH sessions rests on: sshd, PAM, the "
	"logs, the kernel's audit and programs in it, the clock, the daemon "
	"and its store. Each finding says what was seen and where; a note or "
	"problem also why it matters and how to mend it. What could not be "
	"looked at is \"unseen\", and says why; root sees most.\n\n"
	"Then it proves capture: it runs '/bin/true sshtrail-doctor-...' with "
	"a login uid, as in a session, and asks the daemon's store for it: by "
	"which source it was seen and after how long, or what keeps it from "
	"being seen.\n\n"
	"Exit status: 0 no problem, 1 problems were found.",
    .examples = "  sshtrail doctor\n"
		"  sshtrail doctor --json | jq 'select(.level == "
		"\"problem\").mend'\n"
		"  sshtrail doctor --user alice    # as if alice had logged "
		"in\n",
    .opts = doctor_opts,
    .opts_size = sizeof(struct doctor_options),
    .max_args = 0,
    .run = doctor_run,
};
