/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: source_dump FILE: the events that the best source finds in FILE, one
 * JSON object a line, then "unparsed N" on standard error. For tests that
 * compare with other programs. Exit: 0, 1 no source, 4 anything else.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/input.h"
#include "core/event_json.h"
#include "sources/source.h"

#define CONTENT_MAX ((size_t)256 << 20)

static int print_event(struct source_sink *sink, struct event *ev)
{
	struct buf b = BUF_INIT;

	event_to_json(ev, 0, &b);
	buf_add_char(&b, '\n');
	fwrite(b.p, 1, b.n, stdout);
	buf_free(&b);
	return 0;
}

static bool read_all(const char *name, struct buf *b, struct err *err)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	struct input *in;
	ssize_t r = 1;

	if (fd < 0 || input_open(&in, fd, NULL, NULL, err) < 0)
		return false;
	b->max = CONTENT_MAX;
	while (r > 0) {
		char *p = buf_reserve(b, 1 << 16);

		r = p ? input_read(in, p, 1 << 16, err) : -1;
		if (r > 0)
			b->n += (size_t)r;
	}
	input_close(in);
	close(fd);
	return r == 0;
}

static int dump(const struct source *src, const struct source_input *in,
    struct str content, struct err *err)
{
	struct source_sink sink = {.event = print_event};
	struct source_run *run;

	if (src->open(&run, in, err) < 0)
		return 4;
	if (src->feed(run, content, 0, true, &sink) < 0 ||
	    src->finish(run, &sink) < 0)
		return 4;
	src->close(run);
	fprintf(stderr, "unparsed %llu\n", (unsigned long long)sink.unparsed);
	return 0;
}

int main(int argc, char **argv)
{
	static const uint8_t key[16];
	struct source_input in = {.host = STR("host"), .id_key = key};
	struct err err = {"cannot open it"};
	struct buf content = BUF_INIT;
	const struct source *src;
	struct str host;
	int64_t time;
	int r;

	if (argc != 2 || !read_all(argv[1], &content, &err)) {
		fprintf(stderr, "usage: source_dump FILE: %s\n", err.text);
		return 4;
	}
	in.name = argv[1];
	src = source_detect(
	    str_upto(buf_str(&content), 1 << 16), in.name, &host, &time);
	r = src ? dump(src, &in, buf_str(&content), &err) : 1;
	buf_free(&content);
	return r;
}
