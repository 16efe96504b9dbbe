/* SPDX-License-Identifier: Apache-2.0 */
#include "record/sudo.h"

#include "record/stamp.h"

const struct format_part sudo_parts[SUDO_N_PARTS] = {
    [SUDO_TIMING] = {.name = "timing", .fixed = true},
    [SUDO_LOG] = {.name = "log", .fixed = true, .optional = true},
    [SUDO_LOG_JSON] = {.name = "log.json", .fixed = true, .optional = true},
    [SUDO_STDIN] = {.name = "stdin", .fixed = true, .optional = true},
    [SUDO_STDOUT] = {.name = "stdout", .fixed = true, .optional = true},
    [SUDO_STDERR] = {.name = "stderr", .fixed = true, .optional = true},
    [SUDO_TTYIN] = {.name = "ttyin", .fixed = true, .optional = true},
    [SUDO_TTYOUT] = {.name = "ttyout", .fixed = true, .optional = true},
};

struct writing {
	uint64_t first, told;
	bool no_tty;
};

/* A field of the line: no colon and no newline may be in it. */
static void add_field(struct buf *b, struct str s, const char *instead)
{
	if (s.n == 0)
		s = str_z(instead);
	for (size_t i = 0; i < s.n; i++)
		buf_add_char(
		    b, (uint8_t)s.p[i] < ' ' || s.p[i] == ':' ? '_' : s.p[i]);
}

static void add_line(struct buf *b, struct str s, const char *instead)
{
	if (s.n == 0)
		s = str_z(instead);
	for (size_t i = 0; i < s.n; i++)
		buf_add_char(b, (uint8_t)s.p[i] < ' ' ? '?' : s.p[i]);
	buf_add_char(b, '\n');
}

static void begin(void *state, struct format_files *files, const struct head *h,
    uint64_t boot)
{
	struct buf *b = &files->part[SUDO_LOG];
	struct writing *w = state;

	*w = (struct writing){.first = boot, .no_tty = h->no_tty};
	buf_printf(b, "%lld:", (long long)(h->time / (int64_t)NS_PER_S));
	add_field(b, h->user, "unknown");
	buf_add_char(b, ':');
	add_field(b, h->target.n ? h->target : h->user, "unknown");
	buf_add_z(b, h->tty.n ? "::/dev/" : "::");
	add_field(b, h->tty, "unknown");
	buf_printf(
	    b, ":%u:%u\n", h->rows ? h->rows : 24, h->cols ? h->cols : 80);
	add_line(b, h->cwd, "/");
	add_line(b, h->command.n ? h->command : h->shell, "/bin/sh");
}

static void add_time(struct writing *w, struct buf *b, uint64_t boot)
{
	uint64_t since = boot > w->first ? boot - w->first : 0;

	stamp_add(b, stamp_interval(&w->told, since, 1), 9);
}

static void add_entry(struct writing *w, struct buf *b, const struct piece *p,
    enum sudo_entry entry)
{
	buf_printf(b, "%u ", (unsigned)entry);
	add_time(w, b, p->boot);
}

static void add_bytes(struct writing *w, struct format_files *files,
    const struct piece *p, enum sudo_entry entry, enum sudo_part part)
{
	struct buf *b = &files->part[SUDO_TIMING];

	if (p->bytes.n == 0)
		return;
	add_entry(w, b, p, entry);
	buf_printf(b, " %zu\n", p->bytes.n);
	buf_add_str(&files->part[part], p->bytes);
}

static void add_piece(
    void *state, struct format_files *files, const struct piece *p)
{
	struct buf *b = &files->part[SUDO_TIMING];
	struct writing *w = state;
	struct str name = p->bytes;

	if (p->type == PIECE_ERRORS) {
		add_bytes(w, files, p, SUDO_ENTRY_STDERR, SUDO_STDERR);
	} else if (p->type == PIECE_OUTPUT && w->no_tty) {
		add_bytes(w, files, p, SUDO_ENTRY_STDOUT, SUDO_STDOUT);
	} else if (p->type == PIECE_OUTPUT) {
		add_bytes(w, files, p, SUDO_ENTRY_TTYOUT, SUDO_TTYOUT);
	} else if (p->type == PIECE_INPUT && w->no_tty) {
		add_bytes(w, files, p, SUDO_ENTRY_STDIN, SUDO_STDIN);
	} else if (p->type == PIECE_INPUT) {
		add_bytes(w, files, p, SUDO_ENTRY_TTYIN, SUDO_TTYIN);
	} else if (p->type == PIECE_SIZE) {
		add_entry(w, b, p, SUDO_ENTRY_SIZE);
		buf_printf(b, " %u %u\n", p->rows, p->cols);
	} else if (p->type == PIECE_MARK &&
		   str_skip(&name, STR(PIECE_SIGNAL))) {
		add_entry(w, b, p, SUDO_ENTRY_SUSPEND);
		buf_add_char(b, ' ');
		add_field(b, str_upto(name, 16), "CONT");
		buf_add_char(b, '\n');
	}
}

static const struct format_writer writer = {
    .size = sizeof(struct writing),
    .begin = begin,
    .piece = add_piece,
};

const struct format format_sudo = {
    .name = "sudo",
    .help = "sudoreplay, a directory",
    .parts = sudo_parts,
    .n_parts = SUDO_N_PARTS,
    .hostile = true,
    .guarded = true,
    .probe = sudo_probe,
    .reader = &sudo_reader,
    .writer = &writer,
};
