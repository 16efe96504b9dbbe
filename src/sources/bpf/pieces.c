/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/bpf/pieces.h"

void pieces_free(struct pieces *p)
{
	for (size_t i = 0; i < PIECES_OPEN_MAX; i++)
		buf_free(&p->open[i].text);
}

void pieces_drop(struct piece_list *list)
{
	/* Most execs need none: what a long one took is given back. */
	buf_free(&list->text);
	*list = (struct piece_list){.text = BUF_INIT};
}

struct piece_list *pieces_find(struct pieces *p, uint32_t pid, uint64_t time)
{
	for (size_t i = 0; i < PIECES_OPEN_MAX; i++)
		if (p->open[i].text.n && p->open[i].pid == pid &&
		    p->open[i].time == time)
			return &p->open[i];
	return NULL;
}

static struct piece_list *make_room(struct pieces *p)
{
	struct piece_list *oldest = &p->open[0];

	for (size_t i = 0; i < PIECES_OPEN_MAX; i++) {
		if (p->open[i].text.n == 0)
			return &p->open[i];
		if (p->open[i].begin < oldest->begin)
			oldest = &p->open[i];
	}
	pieces_drop(oldest);
	return oldest;
}

bool pieces_add(struct pieces *p, const struct rec_args *piece,
    const char *text, uint64_t offset)
{
	struct piece_list *list =
	    pieces_find(p, piece->head.pid, piece->head.time);

	if (piece->offset != (list ? list->text.n : 0) || piece->n == 0 ||
	    piece->n > REC_ARGS_MAX - piece->offset)
		return false;
	if (!list) {
		list = make_room(p);
		list->begin = offset;
		list->pid = piece->head.pid;
		list->time = piece->head.time;
	}
	buf_add(&list->text, text, piece->n);
	if (buf_error(&list->text) == 0)
		return true;
	pieces_drop(list);
	return false;
}

void pieces_forget(struct pieces *p, uint32_t pid)
{
	for (size_t i = 0; i < PIECES_OPEN_MAX; i++)
		if (p->open[i].text.n && p->open[i].pid == pid)
			pieces_drop(&p->open[i]);
}

uint64_t pieces_held(const struct pieces *p, uint64_t end)
{
	for (size_t i = 0; i < PIECES_OPEN_MAX; i++)
		if (p->open[i].text.n && p->open[i].begin < end)
			end = p->open[i].begin;
	return end;
}
