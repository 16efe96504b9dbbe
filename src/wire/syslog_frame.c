/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/syslog_frame.h"

static bool ends_line(char c)
{
	return c == '\n' || c == '\0';
}

static size_t find_end(struct str s)
{
	size_t i = 0;

	while (i < s.n && !ends_line(s.p[i]))
		i++;
	return i;
}

/* What is passed over of a long message. */
static void skip_rest(struct syslog_frames *f, struct str *data)
{
	size_t n = f->skip < data->n ? (size_t)f->skip : data->n;

	f->skip -= n;
	*data = str_from(*data, n);
	if (!f->skip_line)
		return;
	n = find_end(*data);
	f->skip_line = n == data->n;
	*data = str_from(*data, n + 1);
}

/*
 * The length before a message: digits and a blank. Returns how many bytes these
 * are; 0: there is none. *ret_more: it may be that there is one.
 */
static size_t read_length(struct str s, uint64_t *ret, bool *ret_more)
{
	size_t n = 0;

	*ret_more = false;
	*ret = 0;
	if (s.n == 0 || s.p[0] == '0')
		return 0;
	while (
	    n < s.n && n < SYSLOG_DIGITS_MAX && s.p[n] >= '0' && s.p[n] <= '9')
		*ret = *ret * 10 + (uint64_t)(s.p[n++] - '0');
	if (n == s.n)
		*ret_more = true;
	return n > 0 && n < s.n && s.p[n] == ' ' ? n + 1 : 0;
}

static int take_counted(struct syslog_frames *f, struct str *data, size_t begin,
    uint64_t n, struct str *ret)
{
	const size_t kept = n < SYSLOG_MESSAGE_MAX ? n : SYSLOG_MESSAGE_MAX;
	const struct str s = str_from(*data, begin);

	if (s.n < kept)
		return 0;
	*ret = str_upto(s, kept);
	*data = str_from(s, kept);
	f->skip = n - kept;
	return 1;
}

/* Bytes may come one by one: none is looked at twice. */
static int take_line(
    struct syslog_frames *f, struct str *data, struct str *ret, bool *ret_cut)
{
	const struct str window = str_upto(*data, SYSLOG_MESSAGE_MAX + 1);
	const size_t end = f->seen + find_end(str_from(window, f->seen));
	const bool whole = end < window.n;

	f->seen = end;
	if (!whole && window.n <= SYSLOG_MESSAGE_MAX)
		return 0;
	f->seen = 0;
	*ret = str_upto(*data, end);
	if (!whole)
		*ret = str_upto(*ret, SYSLOG_MESSAGE_MAX);
	*data = str_from(*data, whole ? end + 1 : ret->n);
	f->skip_line = *ret_cut = !whole;
	return 1;
}

int syslog_next(
    struct syslog_frames *f, struct str *data, struct str *ret, bool *ret_cut)
{
	uint64_t n;
	size_t begin;
	bool more;
	int r;

	*ret_cut = false;
	skip_rest(f, data);
	if (data->n == 0 || f->skip_line)
		return 0;
	begin = read_length(*data, &n, &more);
	if (more)
		return 0;
	if (begin == 0)
		return take_line(f, data, ret, ret_cut);
	r = take_counted(f, data, begin, n, ret);
	*ret_cut = f->skip > 0;
	return r;
}

bool syslog_is_torn(const struct syslog_frames *f, struct str data)
{
	return f->skip > 0 || f->skip_line || data.n > 0;
}

static bool is_edge(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || ends_line(c);
}

static struct str trim_begin(struct str message)
{
	while (message.n && is_edge(message.p[0]))
		message = str_from(message, 1);
	return message;
}

void syslog_line(struct str message, struct buf *ret)
{
	while (message.n && is_edge(message.p[message.n - 1]))
		message.n--;
	message = trim_begin(message);
	if (str_skip(&message, STR("\xef\xbb\xbf")))
		message = trim_begin(message);
	if (message.n == 0)
		return;
	for (size_t i = 0; i < message.n; i++) {
		const char c = message.p[i];

		if (ends_line(c) || c == '\r')
			buf_printf(ret, "#%03o", (unsigned)c);
		else
			buf_add_char(ret, c);
	}
	buf_add_char(ret, '\n');
}
