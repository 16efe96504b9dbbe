/* SPDX-License-Identifier: Apache-2.0 */
#include "record/counts.h"

void counts_add(struct counts *c, const struct piece *p)
{
	if (piece_is_shown(p))
		c->output += (int64_t)p->bytes.n;
	else if (p->type == PIECE_INPUT)
		c->input += (int64_t)p->bytes.n;
	else if (p->type == PIECE_HOLE)
		c->lost += (int64_t)p->lost;
	else if (p->type == PIECE_LEFT_OUT)
		c->left_out += (int64_t)p->lost;
	else if (p->type == PIECE_MASKED)
		c->masked++;
}

int64_t counts_sent(const struct counts *c)
{
	return c->output + c->left_out;
}

void counts_to_event(const struct counts *c, struct event *ev)
{
	event_set_int(ev, F_BYTES_READ, counts_sent(c));
	if (c->input)
		event_set_int(ev, F_BYTES_WRITTEN, c->input);
	if (c->lost)
		event_set_int(ev, F_LOST, c->lost);
	if (c->left_out)
		event_set_int(ev, F_LEFT_OUT, c->left_out);
	if (c->masked)
		event_set_int(ev, F_MASKED, c->masked);
}
