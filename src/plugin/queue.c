/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/queue.h"

#include <inttypes.h>
#include <string.h>

#include "sources/audit/plugin_wire.h"

/* Longer than what is said of a loss. */
#define LOST_MAX 40

void queue_free(struct queue *q)
{
	buf_free(&q->bytes);
}

/* Where more is added, or nothing else is left to be sent. */
static void say_lost(struct queue *q)
{
	if (!q->lost)
		return;
	buf_printf(&q->bytes, PLUGIN_LOST "%" PRIu64 "\n", q->lost);
	q->lost = 0;
}

/* At least a quarter, as each time all the rest is moved; how many lines. */
static size_t make_room(struct queue *q)
{
	struct str all = buf_str(&q->bytes), line;
	struct str rest = all;
	size_t n = 0, from = 0;

	/* A line that was begun is ended. */
	if (q->sent) {
		str_cut(&rest, '\n', &line);
		from = all.n - rest.n;
	}
	while (rest.n && all.n - rest.n < from + QUEUE_MAX / 4) {
		str_cut(&rest, '\n', &line);
		n++;
	}
	memmove(q->bytes.p + from, rest.p, rest.n);
	q->bytes.n = from + rest.n;
	return n;
}

size_t queue_add(struct queue *q, struct str line)
{
	size_t dropped = 0;

	if (q->bytes.n + line.n + LOST_MAX > QUEUE_MAX)
		dropped = make_room(q);
	if (!buf_reserve(&q->bytes, line.n + LOST_MAX))
		return dropped + 1;
	say_lost(q);
	/* Nobody else may say that something was lost. */
	while (line.n && line.p[0] == PLUGIN_LOST[0])
		line = str_from(line, 1);
	buf_add_str(&q->bytes, line);
	buf_add_char(&q->bytes, '\n');
	return dropped;
}

void queue_count_lost(struct queue *q, size_t n)
{
	q->lost += n;
}

struct str queue_next(struct queue *q)
{
	if (q->bytes.n == q->sent)
		say_lost(q);
	return str_from(buf_str(&q->bytes), q->sent);
}

void queue_sent(struct queue *q, size_t n)
{
	size_t whole = q->sent + n;

	q->sent = whole;
	while (whole > 0 && q->bytes.p[whole - 1] != '\n')
		whole--;
	buf_consume(&q->bytes, whole);
	q->sent -= whole;
}

void queue_again(struct queue *q)
{
	q->sent = 0;
}
