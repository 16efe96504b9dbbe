/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prints the list of keys for the manual page sshtraild.yml(5), in mdoc(7),
 * for scripts/check-config-page. With an argument: the file of defaults.
 */
#include <stdio.h>

#include "agent/config.h"

/* Each sentence on a line of its own, as mdoc wants it. */
static void add_sentences(struct buf *b, struct str text)
{
	while (text.n) {
		size_t end = str_find(text, STR(". "));

		end = end == STR_NPOS ? text.n : end + 1;
		buf_add_str(b, str_upto(text, end));
		buf_add_char(b, '\n');
		text = str_trim(str_from(text, end));
	}
}

static void add_key(struct buf *b, const struct conf_key *key)
{
	buf_printf(b, ".It Cm %s\n", key->name);
	add_sentences(b, str_z(key->help));
	buf_add_z(b, "Value: ");
	conf_describe(key, b);
	if (key->preset)
		buf_printf(b, ".\nDefault:\n.Ql %s .\n", key->preset);
	else
		buf_add_z(b, ".\n");
}

int main(int argc, char **argv)
{
	struct buf b = BUF_INIT;
	int failed;

	if (argc > 1)
		conf_print_defaults(config_keys, &b);
	else
		for (const struct conf_key *k = config_keys; k->name; k++)
			add_key(&b, k);
	failed = buf_error(&b) || fwrite(b.p, 1, b.n, stdout) != b.n;
	buf_free(&b);
	return failed;
}
