/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a stream of messages: whole, and in pieces as long as the first
 * byte says, which must give the same messages.
 */
#include "wire/syslog_frame.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Lines of what was read, behind each whether it was cut. */
static void read_all(struct str stream, size_t piece, struct buf *ret)
{
	struct syslog_frames f = {0};
	struct buf window = BUF_INIT;
	struct str message;
	bool cut;

	while (stream.n) {
		struct str rest;

		buf_add_str(&window, str_upto(stream, piece));
		stream = str_from(stream, piece);
		rest = buf_str(&window);
		while (syslog_next(&f, &rest, &message, &cut)) {
			assert(message.n <= SYSLOG_MESSAGE_MAX);
			syslog_line(message, ret);
			buf_add_char(ret, cut ? '1' : '0');
		}
		assert(rest.n < SYSLOG_WINDOW_MAX);
		buf_consume(&window, window.n - rest.n);
	}
	buf_add_char(ret, syslog_is_torn(&f, buf_str(&window)) ? 't' : 'w');
	buf_free(&window);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct str stream = str_make(data, size);
	struct buf whole = BUF_INIT, pieces = BUF_INIT;

	read_all(stream, size ? size : 1, &whole);
	read_all(stream, size ? (size_t)data[0] + 1 : 1, &pieces);
	assert(str_eq(buf_str(&whole), buf_str(&pieces)));
	buf_free(&whole);
	buf_free(&pieces);
	return 0;
}
