/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One message: the first byte chooses the program, the rest is its text. Then
 * the rest is read as a line with its envelope, whatever that gives.
 */
#include <stdlib.h>

#include "core/event.h"
#include "sources/authlog/form_index.h"
#include "sources/authlog/log_line.h"
#include "sources/authlog/program.h"
#include "sources/authlog/vis.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const idents[] = {"sshd", "sudo", "su", "internal-sftp",
    "pkexec", "doas", "useradd", "sshd(pam_unix)"};

static enum message_result parse(struct str ident, struct str text,
    struct form_indexes *indexes, struct event *ev, struct arena *a)
{
	struct message m = {.text = text,
	    .ident = ident,
	    .ev = ev,
	    .scratch = a,
	    .indexes = indexes};

	event_init(ev, EVENT_OTHER);
	return message_parse(&m, program_find(ident));
}

/* An index changes nothing. */
static void compare(const struct event *a, const struct event *b)
{
	if (a->kind != b->kind || memcmp(a->has, b->has, sizeof a->has) != 0)
		abort();
	for (unsigned f = 0; f < EVENT_N_FIELDS; f++)
		if (event_has(a, (enum field)f) &&
		    (event_fields[f].type == FIELD_STR
			    ? !str_eq(a->v[f].s, b->v[f].s)
			    : a->v[f].i != b->v[f].i))
			abort();
}

static void message_try(struct str ident, struct str text, struct arena *a)
{
	static struct form_indexes *indexes;
	struct event ev, plain;
	unsigned char sum = 0;

	if (!indexes)
		indexes = form_indexes_new();
	if (parse(ident, text, indexes, &ev, a) !=
	    parse(ident, text, NULL, &plain, a))
		abort();
	compare(&ev, &plain);
	/* Every string must be readable. */
	for (unsigned f = 0; f < EVENT_N_FIELDS; f++) {
		struct str s;

		if (!event_has(&ev, (enum field)f) ||
		    event_fields[f].type != FIELD_STR)
			continue;
		s = ev.v[f].s;
		for (size_t i = 0; i < s.n; i++)
			sum = (unsigned char)(sum + (unsigned char)s.p[i]);
	}
	if (ev.kind >= EVENT_N_KINDS || (sum && !event_kind_name(ev.kind)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct arena a;
	struct log_line l;
	struct str text;

	if (size == 0)
		return 0;
	text = str_make(data + 1, size - 1);
	arena_reset(&a);
	message_try(str_z(idents[data[0] % 8]), text, &a);
	if (log_line_parse(text, NULL, &a, &l) == LINE_MESSAGE)
		message_try(l.ident, l.msg, &a);
	/* What rsyslog would write reads back as what was written. */
	if (!str_eq(
		hash_decode(hash_encode(text, &a), &a), hash_decode(text, &a)))
		abort();
	return 0;
}
