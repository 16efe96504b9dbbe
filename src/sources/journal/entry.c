/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/journal/entry.h"

#include "sources/authlog/program.h"

static const struct str names[JOURNAL_N_FIELDS] = {
#define X(c, name) {name, sizeof(name) - 1},
    JOURNAL_FIELDS(X)
#undef X
};

enum journal_field journal_field_find(struct str name)
{
	for (unsigned i = 0; i < JOURNAL_N_FIELDS; i++)
		if (names[i].n == name.n && str_eq(names[i], name))
			return (enum journal_field)i;
	return JOURNAL_N_FIELDS;
}

static int64_t number(const struct journal_entry *e, enum journal_field f)
{
	uint64_t v;

	return str_u64(e->v[f], &v) && v <= INT64_MAX ? (int64_t)v : -1;
}

int64_t journal_entry_time(const struct journal_entry *e)
{
	int64_t t = number(e, JOURNAL_SOURCE_TIME);

	if (t <= 0)
		t = number(e, JOURNAL_TIME);
	return t > 0 ? t : 0;
}

static void line_fill(struct log_line *l, const struct journal_entry *e)
{
	int64_t priority = number(e, JOURNAL_PRIORITY);

	l->time = journal_entry_time(e);
	l->host = e->v[JOURNAL_HOSTNAME];
	l->ident = e->v[JOURNAL_IDENTIFIER];
	if (!l->ident.n)
		l->ident = e->v[JOURNAL_COMM];
	l->pid = number(e, JOURNAL_SYSLOG_PID);
	if (priority >= 0)
		l->level = severity_name((uint64_t)priority);
	log_line_set_msg(l, e->v[JOURNAL_MESSAGE]);
}

static void trusted_fill(struct log_trusted *t, const struct journal_entry *e)
{
	*t = (struct log_trusted){
	    .boot = e->v[JOURNAL_BOOT_ID],
	    .comm = e->v[JOURNAL_COMM],
	    .exe = e->v[JOURNAL_EXE],
	    .unit = e->v[JOURNAL_UNIT],
	    .pid = number(e, JOURNAL_PID),
	    .uid = number(e, JOURNAL_UID),
	    .gid = number(e, JOURNAL_GID),
	    .ses = number(e, JOURNAL_SESSION),
	    .auid = number(e, JOURNAL_LOGINUID),
	};
}

int journal_entry_take(struct log_reader *r, const struct journal_entry *e,
    const struct source_input *in, struct source_sink *sink)
{
	struct log_trusted trusted;
	struct log_entry entry = {
	    .line = {.pid = -1},
	    .raw = e->v[JOURNAL_MESSAGE],
	    .source = STR("journal"),
	    .offset = e->offset,
	    .trusted = &trusted,
	};

	sink->lines++;
	/* The audit log has these, complete. */
	if (str_eqz(e->v[JOURNAL_TRANSPORT], "audit"))
		return 0;
	line_fill(&entry.line, e);
	if (!entry.line.time) {
		source_unparsed(sink, e->offset, entry.raw,
		    "an entry with __REALTIME_TIMESTAMP");
		return 0;
	}
	if (!e->v[JOURNAL_MESSAGE].p) {
		if (program_find(entry.line.ident))
			source_unparsed(sink, e->offset, entry.line.ident,
			    "an entry with its MESSAGE (journalctl --all)");
		return 0;
	}
	if (!entry.line.host.n) {
		entry.line.host = in->host;
		entry.host_note = str_z(in->host_inferred);
	}
	trusted_fill(&trusted, e);
	return log_reader_take(r, &entry, sink);
}
