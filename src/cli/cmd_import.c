/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/when.h"
#include "base/zone.h"
#include "cli/command.h"
#include "cli/import/report.h"

struct import_options {
	const char *host, *timezone;
	struct opt_list identity;
	bool wait, keep_unechoed;
};

static const struct opt import_opts[] = {
    {"host", 'H', OPT_STR, "NAME",
	"the host that files are of which name none (login records, audit "
	"logs without node=, recordings); else this machine for its own logs, "
	"or the host "
	"that a log beside them names",
	.at = offsetof(struct import_options, host), .hint = OPT_HINT_HOST},
    {"identity", 'i', OPT_EACH, "FILE",
	"identity map: who stands behind which key, see sshtrail-identity(5); "
	"may be given more than once",
	.at = offsetof(struct import_options, identity), .hint = OPT_HINT_FILE},
    {"timezone", 'z', OPT_STR, "ZONE",
	"zone of times that are written without one, as Europe/Berlin or UTC; "
	"else that of this machine",
	.at = offsetof(struct import_options, timezone)},
    {"keep-unechoed", 0, OPT_FLAG, NULL,
	"keep what was typed and not shown in recordings that hold what was "
	"typed: passwords, too",
	.at = offsetof(struct import_options, keep_unechoed)},
    {"wait", 0, OPT_FLAG, NULL,
	"wait for another import into the same store to end, instead of "
	"failing",
	.at = offsetof(struct import_options, wait)},
    {0}};

struct import_call {
	struct cli *cli;
	const struct import_options *options;
	struct import_files files;
	struct import_progress progress;
	bool failed; /* some file could not be read */
};

static void show_progress(
    void *ctx, const struct import_file *f, const struct import_totals *t)
{
	struct import_call *call = ctx;

	import_progress_show(&call->progress, f, t);
}

static void show_settling(void *ctx, uint64_t done, uint64_t total)
{
	struct import_call *call = ctx;

	import_progress_settle(&call->progress, done, total);
}

static void warn(void *ctx, const struct import_file *f, const char *text)
{
	struct import_call *call = ctx;

	import_progress_end(&call->progress);
	cli_note(call->cli, "%s: %s", f->path, text);
	call->failed = true;
}

static void add_path(struct import_call *call, const char *path)
{
	struct err err;

	if (import_files_add(&call->files, path, call->cli->dir.p, &err) < 0) {
		cli_note(call->cli, "%s", err.text);
		call->failed = true;
	}
}

static void find_files(struct import_call *call, const struct invocation *inv)
{
	for (size_t i = 0; i < inv->n_args; i++)
		add_path(call, inv->args[i]);
	/* Parsed operands and option values end with a NUL. */
	for (size_t i = 0; i < call->options->identity.n; i++)
		add_path(call, call->options->identity.v[i].p);
	import_files_detect(&call->files);
	import_files_hosts(&call->files, call->options->host);
	import_files_sort(&call->files);
	for (size_t i = 0; i < call->files.n; i++) {
		const struct import_file *f = &call->files.v[i];

		call->failed = call->failed || f->unreadable;
		/* What was found below one is in the summary. */
		if (f->named && !import_file_format(f))
			cli_note(call->cli, "%s: %s", f->path, f->why_not);
	}
}

/* The host that most of the files are of names the chain. */
static const char *main_host(const struct import_call *call)
{
	const char *best = call->options->host;
	size_t best_n = 0;

	for (size_t i = 0; i < call->files.n && !call->options->host; i++) {
		const struct import_file *f = &call->files.v[i];
		size_t n = 0;

		if (!import_file_format(f) || !f->host)
			continue;
		for (size_t k = 0; k < call->files.n; k++)
			n += import_file_format(&call->files.v[k]) &&
			     call->files.v[k].host &&
			     strcmp(call->files.v[k].host, f->host) == 0;
		if (n > best_n) {
			best = f->host;
			best_n = n;
		}
	}
	return best;
}

/* A chain's name stands in signed lines of text: it holds no such bytes. */
static void chain_name(const char *host, char *ret, size_t size)
{
	size_t n = (size_t)snprintf(ret, size, "import:%.80s", host);

	for (size_t i = 0; i < n && i < size; i++)
		if ((unsigned char)ret[i] <= ' ' || ret[i] == '+' ||
		    ret[i] == 0x7f)
			ret[i] = '_';
}

static int run_import(struct import_call *call, struct archive *archive)
{
	struct import_run run = {.archive = archive,
	    .utc_offset = time_zone_local,
	    .progress = show_progress,
	    .warn = warn,
	    .keep_unechoed = call->options->keep_unechoed,
	    .ctx = call};
	const char *host = main_host(call);
	char chain[320];
	struct err err = {""};
	int r;

	if (!host) {
		cli_note(call->cli,
		    "found nothing that sshtrail reads: name log files, or a "
		    "directory that holds some");
		return call->failed ? CLI_FAILED : CLI_NOTHING;
	}
	chain_name(host, chain, sizeof chain);
	import_progress_start(&call->progress, call->cli->err_fd, &call->files);
	run.chain = chain;
	r = archive_begin(archive, chain, &err);
	if (r == 0)
		r = import_run(&run, &call->files, &err);
	if (r == 0)
		r = archive_settle(archive, show_settling, call, &err);
	import_progress_end(&call->progress);
	if (call->cli->json)
		import_summary_json(
		    &call->cli->out.b, &run.totals, &call->files);
	else
		import_summary_text(
		    &call->cli->out.b, &run.totals, &call->files);
	import_run_free(&run);
	if (r < 0)
		return cli_fail_code(call->cli, r, &err);
	return call->failed ? CLI_FAILED : CLI_FOUND;
}

static int set_timezone(struct cli *cli, const char *zone)
{
	const int r = zone ? zone_set(zone) : 0;

	if (r == -EINVAL)
		return cli_usage(cli,
		    "--timezone %s: no such zone; names are as Europe/Berlin, "
		    "UTC or CET-1CEST",
		    zone);
	return r < 0 ? cli_fail(cli, "--timezone %s: out of memory", zone)
		     : CLI_FOUND;
}

/* An import of any size needs about twice this; below the threshold from which
 * on malloc() takes memory from elsewhere than the heap. */
#define PIECE_LEN ((size_t)30 << 20)
#define HUGE_PAGE ((uintptr_t)2 << 20)

/*
 * Each block and each segment needs as much memory as the one before, so what
 * is freed is kept; and it is taken in large pages, where the kernel has them:
 * a fault for each small one, and finding it, are 4 to 6 % of an import. One
 * heap for all threads, which seldom ask for memory.
 */
static void prepare_memory(void)
{
	char *first, *second;
	uintptr_t from, end;

	/* Another malloc() than the C library's, as a sanitizer's. */
	if (mallopt(M_ARENA_MAX, 1) == 0)
		return;
	mallopt(M_MMAP_THRESHOLD, 32 << 20);
	mallopt(M_TRIM_THRESHOLD, 128 << 20);
	first = malloc(PIECE_LEN);
	second = malloc(PIECE_LEN);
	from = ((uintptr_t)first + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);
	end = ((uintptr_t)second + PIECE_LEN) & ~(HUGE_PAGE - 1);
	/* Where they do not lie behind each other, it is not the heap. */
	if (first && second && end > from && end - from <= 2 * PIECE_LEN)
		madvise((void *)from, end - from, MADV_HUGEPAGE);
	free(first);
	free(second);
}

static int cmd_import_run(const struct invocation *inv)
{
	struct import_call call = {.cli = inv->cli, .options = inv->own};
	struct archive *archive = NULL;
	struct err err = {""};
	int r;

	if (call.options->host && !*call.options->host)
		return cli_usage(
		    inv->cli, "--host is empty: give the name of the host");
	r = set_timezone(inv->cli, call.options->timezone);
	if (r != CLI_FOUND)
		return r;
	r = archive_make(inv->cli->dir.p, &err);
	/*
	 * A daemon that lends the store has taken by then all that the logs
	 * held when it was asked; what comes later is its to tell. So the files
	 * are looked at before.
	 */
	if (r == 0) {
		find_files(&call, inv);
		r = archive_open(&archive, inv->cli->dir.p,
		    call.options->wait ? ARCHIVE_WRITE_WAIT : ARCHIVE_WRITE,
		    &err);
	}
	if (r == 0) {
		prepare_memory();
		r = run_import(&call, archive);
	} else {
		r = cli_fail_code(inv->cli, r, &err);
	}
	archive_close(archive);
	import_files_free(&call.files);
	return r;
}

static void free_options(void *own)
{
	struct import_options *o = own;

	opt_list_free(&o->identity);
}

const struct command cmd_import = {
    .name = "import",
    .operands = "PATH...",
    .summary = "read log files and recordings into the store",
    .help =
	"Each PATH is a file, a directory that is searched, or - for standard "
	"input; plain or compressed by gzip, xz or zstd, in any order. What a "
	"file is shows in its content: logs of sshd and its neighbours "
	"(auth.log, secure, journalctl -o export or json), audit.log, wtmp, "
	"btmp, utmp, lastlog, wtmpdb, authorized_keys, passwd; recordings of "
	"script, asciinema, ttyrec, tlog and sudo. Symbolic links in a "
	"directory are listed and not followed: what they lead to may be "
	"another host's.\n"
	"The same file again adds nothing; a grown file adds only what is "
	"new. An import that was cut off is completed by repeating it. A "
	"running sshtraild lends its store to an import, which shows about "
	"each second what the daemon takes meanwhile.",
    .examples =
	"sshtrail import /var/log  # the logs of this machine\n"
	"sshtrail import --host web-01 evidence/  # a folder copied from "
	"web-01\n"
	"journalctl -o export | sshtrail import -  # the journal",
    .opts = import_opts,
    .opts_size = sizeof(struct import_options),
    .min_args = 1,
    .max_args = (size_t)-1,
    .operand_hint = OPT_HINT_FILE,
    .run = cmd_import_run,
    .free_own = free_options,
};
