/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/files.h"

#include <errno.h>
#include <stdio.h>

/* --- writing --- */

void files_write_name(struct buf *b, const char *name)
{
	buf_printf(b, "file %s\n", name);
}

void files_write_bytes(struct buf *b, struct str bytes)
{
	buf_printf(b, "bytes %zu\n", bytes.n);
	buf_add_str(b, bytes);
}

void files_write_wait(struct buf *b)
{
	buf_add_z(b, "wait\n");
}

void files_write_whole(struct buf *b, const struct evidence_size *size)
{
	buf_printf(b, "whole %llu %llu %llu\n",
	    (unsigned long long)size->events,
	    (unsigned long long)size->recordings,
	    (unsigned long long)size->missing);
}

void files_write_failed(struct buf *b, int status, const char *why)
{
	buf_printf(b, "failed %d ", status);
	for (; *why; why++)
		buf_add_char(b, *why == '\n' ? ' ' : *why);
	buf_add_char(b, '\n');
}

/* --- reading --- */

static bool is_of_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || (c && strchr("._-", c));
}

/* Nothing that would lead elsewhere. */
static bool name_is_good(struct str name)
{
	bool begins = true, within = false;

	for (size_t i = 0; i < name.n; i++) {
		if (name.p[i] == '/' && !begins && !within) {
			within = begins = true;
			continue;
		}
		if (!is_of_name(name.p[i]) || (begins && name.p[i] == '.'))
			return false;
		begins = false;
	}
	return name.n <= FILES_NAME_MAX && !begins;
}

static int take_name(struct files_reader *r, struct str name)
{
	char text[FILES_NAME_MAX + 1];

	if (!name_is_good(name))
		return -EBADMSG;
	snprintf(text, sizeof text, "%.*s", STR_ARG(name));
	r->begun = true;
	return r->to.begin(r->to.ctx, text);
}

static int take_bytes(struct files_reader *r, struct str number)
{
	return r->begun && str_u64(number, &r->left) &&
		       r->left <= FILES_BYTES_MAX
		   ? 0
		   : -EBADMSG;
}

static int take_wait(struct files_reader *r, struct str rest)
{
	(void)r;
	return rest.n ? -EBADMSG : 0;
}

static int take_whole(struct files_reader *r, struct str rest)
{
	struct str events, recordings;

	r->ended = true;
	return str_cut(&rest, ' ', &events) &&
		       str_cut(&rest, ' ', &recordings) &&
		       str_u64(events, &r->size.events) &&
		       str_u64(recordings, &r->size.recordings) &&
		       str_u64(rest, &r->size.missing)
		   ? 0
		   : -EBADMSG;
}

static int take_failed(struct files_reader *r, struct str rest)
{
	struct str word;
	uint64_t status;

	r->ended = true;
	if (!str_cut(&rest, ' ', &word) || !str_u64(word, &status) ||
	    status < 400 || status > 599)
		return -EBADMSG;
	r->status = (int)status;
	snprintf(r->why, sizeof r->why, "%.*s", STR_ARG(rest));
	return 0;
}

static const struct line {
	const char *word;
	int (*take)(struct files_reader *r, struct str rest);
} lines[] = {
    {"file ", take_name},
    {"bytes ", take_bytes},
    {"wait", take_wait},
    {"whole ", take_whole},
    {"failed ", take_failed},
};

static int take_line(struct files_reader *r, struct str line)
{
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		if (str_skip(&line, str_z(lines[i].word)))
			return lines[i].take(r, line);
	return -EBADMSG;
}

/* A part of a line, or its end with all that came before. */
static int read_line(struct files_reader *r, struct str *part)
{
	size_t end = str_find_char(*part, '\n');
	struct str more = str_upto(*part, end);
	int e;

	if (more.n > sizeof r->line - r->n)
		return -EBADMSG;
	memcpy(r->line + r->n, more.p, more.n);
	r->n += more.n;
	*part = str_from(*part, more.n);
	if (end == STR_NPOS)
		return 0;
	*part = str_from(*part, 1);
	e = take_line(r, str_make(r->line, r->n));
	r->n = 0;
	return e;
}

int files_read(struct files_reader *r, struct str part)
{
	int e = 0;

	while (e == 0 && part.n && !r->ended) {
		struct str more = str_upto(part, r->left);

		if (r->left == 0) {
			e = read_line(r, &part);
			continue;
		}
		r->left -= more.n;
		part = str_from(part, more.n);
		e = r->to.add(r->to.ctx, more);
	}
	return e < 0 ? e : part.n ? -EBADMSG : 0;
}
