/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/play/moment.h"
#include "cli/play/play.h"
#include "cli/recordings.h"

#define IDLE_DEFAULT (2 * USEC_PER_SEC)

struct play_command {
	const char *at, *until, *speed;
	int64_t idle;
	bool follow;
};

static const struct opt play_opts[] = {
    {"at", 0, OPT_STR, "TIME",
	"begin there: 1:23 or 90s from the beginning, or a time of the clock",
	.at = offsetof(struct play_command, at)},
    {"until", 0, OPT_STR, "TIME", "stop there",
	.at = offsetof(struct play_command, until)},
    {"speed", 0, OPT_STR, "N", "N times as fast: 2, 0.5",
	.at = offsetof(struct play_command, speed)},
    {"idle", 'i', OPT_SPAN, "SECONDS",
	"where nothing comes for longer, go on after so long",
	.at = offsetof(struct play_command, idle)},
    {"follow", 'f', OPT_FLAG,
	.help = "a session that goes on: show what comes, as it comes; not "
		"with --hub",
	.at = offsetof(struct play_command, follow)},
    {.name = NULL},
};

/* SESSION[:RECORDING]; `name` is empty where the first one is meant. */
static struct str cut_name(const char *arg, char *session, size_t size)
{
	struct str rest = str_z(arg), id;

	str_cut(&rest, ':', &id);
	id = str_upto(id, size - 1);
	memcpy(session, id.p, id.n);
	session[id.n] = 0;
	return rest;
}

static void tell_others(struct cli *c, const struct recordings *all)
{
	struct buf text = BUF_INIT;

	recordings_describe(c, all, &text);
	cli_note(c, "the session has several recordings: %.*s",
	    STR_ARG(buf_str(&text)));
	buf_free(&text);
}

/* The one that is asked for, or the first one. */
static int choose(struct cli *c, const struct recordings *all, struct str name,
    const struct recording **ret)
{
	if (all->n == 0)
		return cli_found(c, 0, "recording of this session");
	for (size_t i = 0; i < all->n && !*ret; i++)
		if (!name.n || recording_is_named(&all->v[i], name))
			*ret = &all->v[i];
	if (!*ret || (!name.n && all->n > 1))
		tell_others(c, all);
	if (*ret)
		return CLI_FOUND;
	return cli_usage(c, "no recording of it is named %.*s", STR_ARG(name));
}

static int play_session(struct cli *c, uint64_t session, struct str name,
    const struct play_options *options)
{
	const struct recording *one = NULL;
	struct recordings all;
	struct err err = {""};
	int r = recordings_find(&all, c->store, session, &err);

	if (r < 0)
		return cli_fail_code(c, r, &err);
	r = choose(c, &all, name, &one);
	if (r == CLI_FOUND && options->follow && one->end >= 0)
		r = cli_usage(
		    c, "the recording has ended: play it without --follow");
	if (r == CLI_FOUND)
		r = play_recording(c, one, options);
	recordings_free(&all);
	return r;
}

static int play_run(const struct invocation *inv)
{
	const struct play_command *own = inv->own;
	struct play_options options = {.at = own->at,
	    .until = own->until,
	    .speed = SPEED_NORMAL,
	    .idle = own->idle ? own->idle : IDLE_DEFAULT,
	    .skip = own->idle != 0,
	    .follow = own->follow};
	struct cli *c = inv->cli;
	char session[64] = "last";
	struct str name = STR_NONE;
	uint64_t id;
	int r;

	if (inv->n_args)
		name = cut_name(inv->args[0], session, sizeof session);
	if (own->follow && c->hub)
		return cli_usage(c,
		    "a recording is had of a hub as it is now: follow it at "
		    "the store of the hub, or play it anew");
	if (own->speed && !speed_parse(str_z(own->speed), &options.speed))
		return cli_usage(c,
		    "--speed %s: give a number from 0.05 to 1000", own->speed);
	if (!isatty(c->out.fd))
		return cli_usage(c,
		    "play needs a terminal to show a recording on; for a "
		    "file or pipe: sshtrail export %s --format asciicast, or "
		    "--format raw",
		    session);
	if (str_eqz(str_z(getenv("TERM")), "dumb"))
		return cli_usage(c,
		    "play needs a terminal whose cursor moves: TERM is dumb");
	r = cli_find_session(c, session, &id);
	return r == CLI_FOUND ? play_session(c, id, name, &options) : r;
}

const struct command cmd_play = {
    .name = "play",
    .operands = "[SESSION[:RECORDING]]",
    .summary = "show the recording of a session on the terminal",
    .help =
	"SESSION is an id as ls prints it, a unique beginning of one, or last "
	"(the default): the newest that came over SSH, or, where there is "
	"none, the newest that was recorded. Of several recordings the first "
	"one is played, or that of the number RECORDING, as show names them. "
	"Nothing that was recorded reaches the terminal but characters and "
	"their colours.\n\n"
	"Keys: space pauses, the arrows go 5 seconds back and on, [ and ] to "
	"the previous and next command, / looks for a text that was shown, n "
	"and N for the next and previous place of it, < and > change the "
	"speed, i passes over idle time, g goes to a time, . shows the next "
	"piece, h j k l move about where the terminal is smaller than that "
	"which was recorded, ? lists all keys, q quits.",
    .examples = "  sshtrail play last\n"
		"  sshtrail play 7f3a --at 12:00 --speed 4 --idle 2\n"
		"  sshtrail play 7f3a:41 --at '2026-11-22 11:02'\n"
		"  sshtrail play 7f3a --follow\n",
    .opts = play_opts,
    .opts_size = sizeof(struct play_command),
    .takes = COMMAND_HUB,
    .max_args = 1,
    .operand_hint = OPT_HINT_SESSION,
    .run = play_run,
};
