/* SPDX-License-Identifier: Apache-2.0 */
#include "core/session_text.h"

#include "core/flat_json.h"

struct str session_id_text(
    uint64_t id, unsigned width, char ret[static SESSION_ID_LEN])
{
	for (size_t i = 16; i-- > 0; id >>= 4)
		ret[i] = "0123456789abcdef"[id & 15];
	ret[16] = '\0';
	return str_make(ret, width < 16 ? width : 16);
}

static const struct {
	unsigned flag;
	char letter;  /* '\0': in JSON only */
	bool negated; /* holds where the flag is not set */
	const char *word;
	const char *phrase; /* for people; NULL: goes without saying */
} flag_names[] = {
    {TRACK_ROOT, 'R', false, "root", "root"},
    {TRACK_SUDO, 'S', false, "sudo", "sudo or su"},
    {TRACK_TRANSFER, 'T', false, "transfer", "transfer"},
    {TRACK_FAILURE, 'F', false, "failed", "failed attempts"},
    {TRACK_GAP, 'G', false, "gap", "gap"},
    {TRACK_CLOSED, 'O', true, "open", "still open"},
    {TRACK_INFERRED, '?', false, "inferred", "inferred"},
    {TRACK_CONFLICT, '!', false, "conflict", "sources disagree"},
    {TRACK_SSH, '\0', false, "ssh", NULL},
    {TRACK_TTY, '\0', false, "tty", NULL},
    {TRACK_LOGGED_IN, '\0', true, "login-not-seen", NULL},
};

#define N_FLAG_NAMES (sizeof flag_names / sizeof *flag_names)

static bool flag_holds(unsigned flags, size_t i)
{
	return !(flags & flag_names[i].flag) == flag_names[i].negated;
}

void session_add_letters(struct buf *b, const struct session *s)
{
	for (size_t i = 0; i < N_FLAG_NAMES; i++)
		if (flag_names[i].letter && flag_holds(s->sum.flags, i))
			buf_add_char(b, flag_names[i].letter);
}

void session_add_words(struct buf *b, const struct session *s)
{
	size_t begin = b->n;

	for (size_t i = 0; i < N_FLAG_NAMES; i++) {
		if (!flag_names[i].phrase || !flag_holds(s->sum.flags, i))
			continue;
		if (b->n > begin)
			buf_add_z(b, ", ");
		buf_add_z(b, flag_names[i].phrase);
	}
}

void session_flags_to_json(struct buf *b, unsigned flags)
{
	bool first = true;

	buf_add_char(b, '[');
	for (size_t i = 0; i < N_FLAG_NAMES; i++) {
		if (!flag_holds(flags, i))
			continue;
		if (!first)
			buf_add_char(b, ',');
		first = false;
		buf_add_char(b, '"');
		buf_add_z(b, flag_names[i].word);
		buf_add_char(b, '"');
	}
	buf_add_char(b, ']');
}

/* Put flag i as holding where `holds`, whichever bit that is. */
static unsigned flag_put(unsigned flags, size_t i, bool holds)
{
	return holds != flag_names[i].negated ? flags | flag_names[i].flag
					      : flags & ~flag_names[i].flag;
}

bool session_flags_from_json(struct str items, unsigned *ret)
{
	struct json_pair word;
	int r;

	*ret = 0;
	for (size_t i = 0; i < N_FLAG_NAMES; i++)
		*ret = flag_put(*ret, i, false);
	while ((r = flat_json_item(&items, &word)) == 1)
		for (size_t i = 0; i < N_FLAG_NAMES; i++)
			if (str_eqz(word.raw, flag_names[i].word))
				*ret = flag_put(*ret, i, true);
	return r == 0;
}

unsigned session_flag_parse(struct str word)
{
	for (size_t i = 0; i < N_FLAG_NAMES; i++)
		if (!flag_names[i].negated && str_eqz(word, flag_names[i].word))
			return flag_names[i].flag;
	return 0;
}

const char *session_flag_word(unsigned flag)
{
	for (size_t i = 0; i < N_FLAG_NAMES; i++)
		if (!flag_names[i].negated && flag == flag_names[i].flag)
			return flag_names[i].word;
	return NULL;
}
