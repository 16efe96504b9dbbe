/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/text/session_text.h"

#include "base/when.h"
#include "core/event_json.h"

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

static bool flag_holds(const struct session *s, size_t i)
{
	return !(s->sum.flags & flag_names[i].flag) == flag_names[i].negated;
}

void session_add_letters(struct buf *b, const struct session *s)
{
	for (size_t i = 0; i < N_FLAG_NAMES; i++)
		if (flag_names[i].letter && flag_holds(s, i))
			buf_add_char(b, flag_names[i].letter);
}

void session_add_words(struct buf *b, const struct session *s)
{
	size_t begin = b->n;

	for (size_t i = 0; i < N_FLAG_NAMES; i++) {
		if (!flag_names[i].phrase || !flag_holds(s, i))
			continue;
		if (b->n > begin)
			buf_add_z(b, ", ");
		buf_add_z(b, flag_names[i].phrase);
	}
}

static void add_key(struct buf *b, const char *key)
{
	if (b->n && b->p[b->n - 1] != '{')
		buf_add_char(b, ',');
	buf_add_char(b, '"');
	buf_add_z(b, key);
	buf_add_z(b, "\":");
}

static void add_text(struct buf *b, const char *key, struct str s)
{
	add_key(b, key);
	if (s.n)
		json_add_string(b, s);
	else
		buf_add_z(b, "null");
}

static void add_number(struct buf *b, const char *key, int64_t v)
{
	add_key(b, key);
	if (v >= 0)
		buf_add_i64(b, v);
	else
		buf_add_z(b, "null");
}

void json_add_time(struct buf *b, const char *key, int64_t us)
{
	char text[TIME_ISO_LEN];

	add_key(b, key);
	if (us < 0) {
		buf_add_z(b, "null");
		return;
	}
	time_format_iso(us, text);
	buf_add_char(b, '"');
	buf_add_z(b, text);
	buf_add_char(b, '"');
}

static void add_id(struct buf *b, uint64_t id)
{
	char text[SESSION_ID_LEN];

	add_text(b, "session", session_id_text(id, 16, text));
}

/* Type and fingerprint as sshd writes them, for people and for grep. */
static void add_key_text(struct buf *b, const struct track *t)
{
	struct buf text = BUF_INIT;

	buf_add_str(&text, t->key_type);
	if (t->key_type.n && t->fp.n)
		buf_add_char(&text, ' ');
	buf_add_str(&text, t->fp);
	add_text(b, "key", buf_str(&text));
	buf_free(&text);
}

/* Seconds, since that is what a reader of JSON takes a bare number for. */
static void add_duration(struct buf *b, const struct track *t)
{
	int64_t us = t->end > t->start ? t->end - t->start : 0;

	add_key(b, "duration");
	buf_printf(b, "%lld.%06lld", (long long)(us / USEC_PER_SEC),
	    (long long)(us % USEC_PER_SEC));
}

static void add_flags(struct buf *b, const struct session *s)
{
	bool first = true;

	add_key(b, "flags");
	buf_add_char(b, '[');
	for (size_t i = 0; i < N_FLAG_NAMES; i++) {
		if (!flag_holds(s, i))
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

void session_to_json(struct buf *b, const struct session *s)
{
	const struct track *t = &s->sum;

	buf_add_char(b, '{');
	add_id(b, t->id);
	add_text(b, "host", t->host);
	add_text(b, "user", t->user);
	add_text(b, "person", s->person);
	add_text(b, "addr", t->addr);
	add_number(b, "port", t->port);
	add_text(b, "method", t->method);
	add_key_text(b, t);
	json_add_time(b, "start", t->start);
	json_add_time(b, "end", session_is_open(s) ? -1 : t->end);
	json_add_time(b, "last", t->end);
	add_duration(b, t);
	add_number(b, "commands", t->n_exec < 0 ? 0 : t->n_exec);
	add_flags(b, s);
	add_text(b, "key_type", t->key_type);
	add_text(b, "fp", t->fp);
	add_text(b, "cert_id", t->cert_id);
	add_text(b, "tty", t->tty);
	add_text(b, "origin", t->origin);
	add_text(b, "reason", t->reason);
	add_text(b, "notes", t->notes);
	json_add_time(b, "login", t->login);
	add_text(b, "boot", t->boot);
	add_number(b, "ses", t->ses);
	add_number(b, "auid", t->auid);
	add_number(b, "pid", t->pid);
	add_number(b, "n_file", t->n_file);
	add_number(b, "n_auth_fail", t->n_auth_fail);
	add_number(b, "n_priv", t->n_priv);
	add_number(b, "bytes_in", t->bytes_in);
	add_number(b, "bytes_out", t->bytes_out);
	add_number(b, "n_tracks", (int64_t)s->n_tracks);
	buf_add_char(b, '}');
}
