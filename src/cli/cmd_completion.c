/* SPDX-License-Identifier: Apache-2.0 */
#include "base/map.h"
#include "cli/completion.h"
#include "cli/rows.h"
#include "core/session_text.h"

struct completion_options {
	const char *words;
};

static const struct opt completion_opts[] = {
    {"words", 0, OPT_STR, "WHAT",
	"print words of the store that complete a value: session, host or "
	"user; the scripts call it",
	.at = offsetof(struct completion_options, words)},
    {.name = NULL},
};

static const struct {
	const char *name;
	void (*print)(struct buf *b);
} shells[] = {
    {"bash", completion_bash},
    {"zsh", completion_zsh},
    {"fish", completion_fish},
};

/* How many of the newest sessions the words are taken from. */
#define WORD_SESSIONS 500

/*
 * A shell puts a word on its command line as it is: one that would mean more
 * than itself there is not offered.
 */
static bool is_harmless(struct str word)
{
	static const char marks[] = "._-@+:";

	for (size_t i = 0; i < word.n; i++) {
		char ch = word.p[i];

		if (!(ch >= 'a' && ch <= 'z') && !(ch >= 'A' && ch <= 'Z') &&
		    !(ch >= '0' && ch <= '9') &&
		    !memchr(marks, ch, sizeof marks - 1))
			return false;
	}
	return word.n && word.p[0] != '-';
}

static void print_word(struct cli *c, struct intern *seen, struct str word)
{
	uint32_t known = seen->n;

	if (!is_harmless(word) || intern_add(seen, word) != known)
		return;
	buf_add_str(&c->out.b, word);
	buf_add_char(&c->out.b, '\n');
	out_row(&c->out);
}

static int print_words(struct cli *c, struct str what)
{
	struct query q = {.since = INT64_MIN,
	    .until = INT64_MAX,
	    .order = ORDER_NEWEST_FIRST,
	    .limit = WORD_SESSIONS};
	struct intern seen = INTERN_INIT;
	struct session_rows rows;
	struct session s;
	char id[SESSION_ID_LEN];
	unsigned width;
	int r;

	if (cli_open(c) != CLI_FOUND)
		return CLI_FAILED;
	width = rows_id_width(c);
	r = session_rows_open(&rows, c, &q, false);
	if (r != CLI_FOUND)
		return r;
	while ((r = session_rows_next(&rows, &s)) > 0) {
		if (str_eqz(what, "session"))
			print_word(
			    c, &seen, session_id_text(s.sum.id, width, id));
		else
			print_word(c, &seen,
			    str_eqz(what, "host") ? s.sum.host : s.sum.user);
	}
	session_rows_close(&rows);
	intern_free(&seen);
	return r < 0 ? CLI_FAILED : CLI_FOUND;
}

static int completion_run(const struct invocation *inv)
{
	const struct completion_options *own = inv->own;
	struct cli *c = inv->cli;

	if (own->words)
		return print_words(c, str_z(own->words));
	for (size_t i = 0; inv->n_args && i < sizeof shells / sizeof *shells;
	     i++) {
		if (!str_eqz(str_z(inv->args[0]), shells[i].name))
			continue;
		shells[i].print(&c->out.b);
		out_row(&c->out);
		return CLI_FOUND;
	}
	return cli_usage(c, "completion: say for which shell: bash, zsh or "
			    "fish");
}

const struct command cmd_completion = {
    .name = "completion",
    .operands = "bash|zsh|fish",
    .summary = "print the completion script of a shell",
    .examples = "  source <(sshtrail completion bash)\n"
		"  sshtrail completion fish > "
		"~/.config/fish/completions/sshtrail.fish\n",
    .opts = completion_opts,
    .opts_size = sizeof(struct completion_options),
    .max_args = 1,
    .operand_choices = "bash zsh fish",
    .run = completion_run,
};
