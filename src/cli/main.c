/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "archive/archive.h"
#include "cli/command.h"

/* Room for every command's name and for words that mean one. */
#define NAMES_MAX 32

static int open_archive(struct cli *c, struct err *err)
{
	int r = archive_open(&c->archive, c->dir.p, ARCHIVE_READ, err);

	if (r < 0)
		return r;
	c->store = archive_store(c->archive);
	return 0;
}

static int open_hub(struct cli *c, struct err *err)
{
	int r = commands_hub->ops->open(&c->store, c->dir.p, STORE_READ, err);

	return r < 0 ? r : commands_hub->recordings(&c->archive, c->store, err);
}

static int open_store(struct cli *c, struct err *err)
{
	return c->hub ? open_hub(c, err) : open_archive(c, err);
}

static const struct {
	const char *option, *command;
} spellings[] = {
    {"--help", "help"},
    {"-h", "help"},
    {"--version", "version"},
    {"-V", "version"},
};

static const struct command *find_spelling(struct str name)
{
	for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++)
		if (str_eqz(name, spellings[i].option))
			return command_find(str_z(spellings[i].command));
	return command_find(name);
}

/* Beside this program as built, or where it is installed. */
static void find_elsewhere(char ret[static PATH_MAX])
{
	ssize_t n = readlink("/proc/self/exe", ret, PATH_MAX - 1);
	size_t dir = 0;

	if (n > 0)
		dir = (size_t)n - str_base_name((struct str){ret, (size_t)n}).n;
	snprintf(ret + dir, PATH_MAX - dir, "%s", commands_elsewhere);
	if (access(ret, X_OK) < 0)
		snprintf(
		    ret, PATH_MAX, "%s/%s", LIBEXEC_DIR, commands_elsewhere);
}

/* --hub, or how it may be cut short; the other program takes all else too. */
static bool asks_hub(char **words, size_t n)
{
	for (size_t i = 0; i < n && strcmp(words[i], "--") != 0; i++)
		if (str_starts(str_z(words[i]), STR("--hu")))
			return true;
	return false;
}

/* Returns only when it cannot be run: why, to be freed. */
static char *go_elsewhere(char **argv)
{
	char program[PATH_MAX], *why;

	find_elsewhere(program);
	signal(SIGPIPE, SIG_DFL);
	execv(program, argv);
	if (asprintf(&why, "cannot run %s: %s", program, strerror(errno)) < 0)
		why = NULL;
	signal(SIGPIPE, SIG_IGN);
	return why;
}

static int unknown_command(struct cli *c, const char *name)
{
	const char *names[NAMES_MAX], *near;
	size_t n = 0;

	while (n < commands_count && n < NAMES_MAX) {
		names[n] = commands[n]->name;
		n++;
	}
	near = opt_nearest(str_z(name), names, n);
	if (near)
		return cli_usage(
		    c, "no command \"%s\"; did you mean \"%s\"?", name, near);
	return cli_usage(
	    c, "no command \"%s\"; 'sshtrail help' lists them", name);
}

static int print_usage(struct cli *c)
{
	command_help(NULL, 0, &c->out.b);
	c->out.fd = c->err_fd;
	out_end(&c->out);
	return CLI_USAGE;
}

static const struct command *find_instead(const char *name)
{
	const struct command *const *i = commands_instead;

	while (*i && strcmp((*i)->name, name) != 0)
		i++;
	return *i;
}

/* `name` is no command of this program, or NULL: none was given. */
static int run_instead(struct cli *c, const struct common_options *common,
    struct opt_args *args, const char *name, const char *why)
{
	const char *wanted = name ? name : common->help ? "help" : "";
	const struct command *command = find_instead(wanted);
	struct common_options known = *common;

	if (!command && name)
		return cli_fail(c,
		    "no command \"%s\" here; %s, where those for the network "
		    "are: install sshtrail anew",
		    name, why);
	if (!command)
		return print_usage(c);
	cli_note(c, "%s: its commands, for the network, are left out", why);
	known.help = known.help && name;
	args->stop_early = false;
	return command_run(command, c, &known, args);
}

/* args->v[0] is no command of this program, or there is none. */
static int run_other(struct cli *c, char **argv,
    const struct common_options *common, struct opt_args *args)
{
	const char *name = args->n ? args->v[0] : NULL;
	char *why;
	int code;

	if (!commands_elsewhere)
		return name ? unknown_command(c, name) : print_usage(c);
	why = go_elsewhere(argv);
	if (name) {
		args->v++;
		args->n--;
	}
	code = run_instead(c, common, args, name, why ? why : strerror(ENOMEM));
	free(why);
	return code;
}

/* A hub is asked by the program elsewhere. */
static int run_hub(struct cli *c, char **argv)
{
	char *why = go_elsewhere(argv);
	int code = cli_fail(c, "%s; --hub needs it: install sshtrail anew",
	    why ? why : strerror(ENOMEM));

	free(why);
	return code;
}

/* `words`: those of argv behind the first, to be put in another order. */
static int run(struct cli *c, char **argv, char **words, size_t n)
{
	struct common_options common = {0};
	struct opt_group groups[] = {{NULL, common_opts, &common}, {0}};
	struct opt_args args = {words, n, c->now, true};
	const struct command *command;
	struct err err = {""};

	if (!commands_hub && commands_elsewhere && asks_hub(words, n))
		return run_hub(c, argv);
	if (n && (command = find_spelling(str_z(args.v[0]))) != NULL) {
		args.v++;
		args.n--;
	} else {
		if (opt_parse(groups, &args, &err) < 0)
			return cli_usage(
			    c, "%s; see 'sshtrail help'", err.text);
		command = args.n ? command_find(str_z(args.v[0])) : NULL;
		if (!command)
			return run_other(c, argv, &common, &args);
		args.v++;
		args.n--;
	}
	args.stop_early = false;
	return command_run(command, c, &common, &args);
}

int main(int argc, char **argv)
{
	struct cli c = {
	    .out = OUT_INIT(STDOUT_FILENO),
	    .err_fd = STDERR_FILENO,
	    .now = time_now(),
	    .open = open_store,
	};
	size_t n = argc > 0 ? (size_t)argc - 1 : 0;
	char **words = calloc(n + 1, sizeof *words);
	int code;

	if (!words)
		return cli_fail(&c, "not enough memory");
	memcpy(words, argv + (n > 0), n * sizeof *words);
	signal(SIGPIPE, SIG_IGN);
	tzset();
	term_init(&c.term, c.out.fd, 0, COLOR_AUTO);
	code = run(&c, argv, words, n);
	free(words);
	archive_close(c.archive);
	/* That of an archive has gone with it. */
	if (c.store && (c.hub || !c.archive))
		c.store->ops->close(c.store);
	buf_free(&c.out.b);
	buf_free(&c.dir);
	return code;
}
