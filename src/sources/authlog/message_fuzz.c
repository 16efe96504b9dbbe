/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One message: the first byte chooses the program, the rest is its text. Then
 * the rest is read as a line with its envelope, whatever that gives.
 */
#include <stdlib.h>

#include "core/event.h"
#include "sources/authlog/log_line.h"
#include "sources/authlog/program.h"
#include "sources/authlog/vis.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const idents[] = {"sshd", "sudo", "su", "internal-sftp",
    "pkexec", "doas", "useradd", "sshd(pam_unix)"};

static void message_try(struct str ident, struct str text, struct arena *a)
{
	struct event ev;
	struct message m = {
	    .text = text, .ident = ident, .ev = &ev, .scratch = a};
	unsigned char sum = 0;

	event_init(&ev, EVENT_OTHER);
	message_parse(&m, program_find(ident));
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
