/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/shown/moment_text.h"

#include "cli/recordings.h"
#include "core/session_text.h"

#define NS_PER_SEC ((uint64_t)1000000000)
#define NS_PER_MS  ((uint64_t)1000000)

/* Of a line longer than this, in bytes, so much before the text and in all. */
#define LINE_MAX_BYTES 160
#define LINE_BEFORE    40

static uint64_t round_up(uint64_t ns, uint64_t unit)
{
	uint64_t over = ns % unit;

	return over ? ns - over + unit : ns;
}

void moment_add_at(struct buf *b, uint64_t at, uint64_t gone)
{
	static const uint64_t units[] = {
	    NS_PER_SEC, NS_PER_SEC / 10, NS_PER_SEC / 100, NS_PER_MS};
	static const int digits[] = {0, 1, 2, 3};
	uint64_t ns = 0, seconds, unit = NS_PER_MS;
	size_t i = 0;

	for (; i < sizeof units / sizeof *units; i++) {
		unit = units[i];
		ns = round_up(at, unit);
		if (ns == at || ns < gone)
			break;
	}
	i = i < sizeof units / sizeof *units ? i : i - 1;
	seconds = ns / NS_PER_SEC;
	if (seconds >= 3600)
		buf_printf(b, "%llu:%02llu", (unsigned long long)seconds / 3600,
		    (unsigned long long)seconds / 60 % 60);
	else
		buf_add_u64(b, seconds / 60);
	buf_printf(b, ":%02llu", (unsigned long long)seconds % 60);
	if (digits[i])
		buf_printf(b, ".%0*llu", digits[i],
		    (unsigned long long)(ns % NS_PER_SEC / unit));
}

static bool is_inside_character(struct str s, size_t at)
{
	return at < s.n && ((unsigned char)s.p[at] & 0xc0) == 0x80;
}

/* Where the text stands in a line of many rows is what is to be seen. */
static void add_line(struct buf *b, struct str line, size_t match)
{
	size_t at, end;

	if (line.n <= LINE_MAX_BYTES) {
		buf_add_str(b, line);
		return;
	}
	at = match > LINE_BEFORE ? match - LINE_BEFORE : 0;
	while (is_inside_character(line, at))
		at--;
	end = line.n - at > LINE_MAX_BYTES ? at + LINE_MAX_BYTES : line.n;
	while (is_inside_character(line, end))
		end++;
	if (at)
		buf_add_z(b, "...");
	buf_add_str(b, str_upto(str_from(line, at), end - at));
	if (end < line.n)
		buf_add_z(b, "...");
}

static void describe(struct buf *b, const struct moment *m, struct str id)
{
	char span[TIME_SPAN_LEN];

	buf_add_z(b, "sshtrail play ");
	buf_add_str(b, id);
	buf_add_char(b, ':');
	recording_add_name(m->recording, b);
	buf_add_z(b, " --at ");
	moment_add_at(b, m->at, m->gone);
	if (m->to - m->from >= USEC_PER_SEC) {
		time_format_span(m->to - m->from, span);
		buf_printf(b, "  for %s", span);
	}
	buf_add_z(b, ": ");
	add_line(b, m->text, m->match);
}

bool moment_row(struct event_table *t, const struct moment *m)
{
	char time[TIME_LOCAL_LEN], id[SESSION_ID_LEN];
	struct str session =
	    session_id_text(m->recording->session, t->id_width, id);

	table_cell(
	    &t->table, clock_format(&t->cli->clock, m->from, time), STYLE_NONE);
	table_cell(&t->table, m->recording->host, STYLE_NONE);
	table_cell(&t->table, m->user, STYLE_NONE);
	table_cell(&t->table, session, STYLE_YELLOW);
	table_cell_z(&t->table, "screen", STYLE_CYAN);
	buf_clear(&t->text);
	describe(&t->text, m, session);
	table_cell(&t->table, buf_str(&t->text), STYLE_NONE);
	return table_row(&t->table);
}
