/* SPDX-License-Identifier: Apache-2.0 */
#include "hub/visit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fd.h"
#include "base/when.h"
#include "hub/hub.h"
#include "wire/audit_remote.h"

/* To tell who it is. */
#define SETTLE_WITHIN (10 * USEC_PER_SEC)
/* A sender that does not read its answers gets no more. */
#define ANSWERS_MAX   ((size_t)64 << 10)
#define DRAIN_ROUNDS  16
/* Of all connections that may be, one sender has this part at most. */
#define SHARE	      4

static struct senders *senders(struct visit *v)
{
	return &v->inputs->hub->senders;
}

void visit_end(struct visit *v)
{
	struct senders *ss = senders(v);

	loop_unwatch(v->inputs->loop, &v->watch);
	if (v->sender && syslog_is_torn(&v->frames, buf_str(&v->window)))
		sender_lost(v->sender, SENDER_LOST_TORN, 1);
	if (v->sender)
		v->sender->connections--;
	ss->connections--;
	crowd_leave(&v->inputs->crowd, &v->member);
	*v->place = v->next;
	if (v->next)
		v->next->place = v->place;
	guest_close(v->guest);
	buf_free(&v->window);
	buf_free(&v->answers);
	buf_free(&v->out);
	free(v);
}

/* --- who it is --- */

static void refuse(struct visit *v)
{
	struct senders *ss = senders(v);

	loss_add(&ss->losses[SENDERS_LOST_GUEST], 1, time_now());
	snprintf(ss->stranger, sizeof ss->stranger, "%s", v->address);
}

/* False: it is over. */
static bool meet(struct visit *v)
{
	struct senders *ss = senders(v);
	const char *name = guest_name(v->guest);
	struct sender *s;

	if (name && !sender_name_is_good(name)) {
		refuse(v);
		return false;
	}
	s = senders_get(ss, name ? name : v->address);
	if (!s)
		return false;
	if (s->connections >=
	    1 + (size_t)v->inputs->hub->cfg->sender_connections / SHARE) {
		refuse(v);
		return false;
	}
	/* What it did not know to be here comes again. */
	if (s->connections++ == 0 && sender_connected(s) < 0)
		inputs_fail(v->inputs, -ENOMEM);
	v->sender = s;
	return true;
}

/* --- what it says --- */

/* Over its rate it is read on later; what is at hand of it still counts. */
static int take(struct visit *v, enum sender_kind kind, struct str message)
{
	struct buf line = BUF_INIT;
	int r;

	senders_charge(v->sender, message.n);
	syslog_line(message, &line);
	r = buf_error(&line);
	if (r == 0 && line.n)
		r = sender_take(v->sender, kind, buf_str(&line), v->address);
	buf_free(&line);
	return r;
}

static int take_lines(struct visit *v, struct str *rest, enum sender_kind kind)
{
	struct str message;
	bool cut;
	int r = 0;

	while (r == 0 && syslog_next(&v->frames, rest, &message, &cut)) {
		if (cut)
			sender_lost(v->sender, SENDER_LOST_LONG, 1);
		else
			r = take(v, kind, message);
	}
	return r;
}

/* -EPROTO: it is no sender of these. */
static int take_records(struct visit *v, struct str *rest)
{
	struct audit_remote m;
	int r = 0, got = 0;

	while (r == 0 && (got = audit_remote_next(rest, &m)) > 0) {
		if (m.type == AUDIT_REMOTE_MESSAGE)
			r = take(v, SENDER_AUDIT, m.text);
		else if (m.type != AUDIT_REMOTE_HEARTBEAT)
			continue;
		audit_remote_answer(
		    AUDIT_REMOTE_ACK, m.sequence, STR_NONE, &v->answers);
	}
	if (v->answers.n)
		loop_timer_start(v->inputs->loop, &v->inputs->answers, 0, 0);
	return r < 0 ? r : got < 0 ? got : 0;
}

static int take_audit(struct visit *v, struct str *rest)
{
	/* Within a line it cannot change its mind. */
	if (v->frames.seen == 0 && !v->frames.skip_line &&
	    audit_remote_has_headers(*rest) == 1)
		return take_records(v, rest);
	return take_lines(v, rest, SENDER_AUDIT);
}

/* Read what is at hand, once: 0; 1: the other side is done; or an error. */
static int read_some(struct visit *v)
{
	struct str rest;
	long n = guest_read(v->guest, v->inputs->chunk, INPUT_CHUNK);
	int r;

	/* Also one that says nothing counts among those of its sender. */
	if (!v->sender && guest_is_settled(v->guest) && !meet(v))
		return 1;
	if (n <= 0)
		return n == 0 ? 1 : n == -EAGAIN ? 0 : (int)n;
	v->read += (uint64_t)n;
	buf_add(&v->window, v->inputs->chunk, (size_t)n);
	r = buf_error(&v->window);
	rest = buf_str(&v->window);
	if (r == 0 && v->kind == INPUT_AUDIT)
		r = take_audit(v, &rest);
	else if (r == 0)
		r = take_lines(v, &rest, SENDER_SYSLOG);
	if (v->inputs->hub->failed < 0)
		return r;
	buf_consume(&v->window, v->window.n - rest.n);
	if (v->window.n == 0)
		buf_free(&v->window);
	return r;
}

/* --- when it is read --- */

static int send_answers(struct visit *v)
{
	long n = 0;

	while (v->out.n && n >= 0) {
		n = guest_write(v->guest, v->out.p, v->out.n);
		if (n > 0)
			buf_consume(&v->out, (size_t)n);
	}
	if (v->answers.n + v->out.n > ANSWERS_MAX)
		return -ENOBUFS;
	return n < 0 && n != -EAGAIN ? (int)n : 0;
}

static int watch(struct visit *v)
{
	struct loop *l = v->inputs->loop;
	const bool waits =
	    v->sender && !senders_may_read(senders(v), v->sender);
	unsigned wants =
	    guest_wants_write(v->guest) && !guest_is_settled(v->guest)
		? LOOP_WRITE
		: LOOP_READ;

	if (v->out.n)
		wants |= LOOP_WRITE;
	/* A hang-up is told for as long as it is watched. */
	if (waits) {
		loop_unwatch(l, &v->watch);
		return 0;
	}
	return v->watch.is_added ? loop_want(l, &v->watch, wants)
				 : loop_watch(l, &v->watch, wants);
}

static void go_on(struct visit *v, int r)
{
	struct inputs *in = v->inputs;

	if (in->hub->failed < 0) {
		inputs_fail(in, in->hub->failed);
		return;
	}
	if (r == 0)
		r = watch(v);
	if (r == -EKEYREJECTED || (r < 0 && !guest_is_settled(v->guest)))
		refuse(v);
	if (r != 0)
		visit_end(v);
}

static void on_ready(struct loop *l, struct loop_watch *w, unsigned what)
{
	struct visit *v = w->ctx;
	int r = 0;

	(void)l;
	if (v->out.n)
		r = send_answers(v);
	if (r == 0 && (what & (LOOP_READ | LOOP_HANGUP) || !v->sender))
		r = read_some(v);
	go_on(v, r);
}

void visit_tick(struct visit *v)
{
	if (!v->sender && loop_now() - v->since > SETTLE_WITHIN) {
		refuse(v);
		visit_end(v);
	} else if (!v->watch.is_added) {
		go_on(v, 0);
	}
}

void visit_drain(struct visit *v)
{
	int r = guest_is_settled(v->guest) ? 0 : 1;

	for (int i = 0; i < DRAIN_ROUNDS && r == 0; i++) {
		const uint64_t before = v->read;

		r = read_some(v);
		if (v->read == before)
			break;
	}
}

void visit_answer(struct visit *v)
{
	if (v->answers.n == 0)
		return;
	/* It is not kept: it will come again. */
	if (v->sender->full) {
		visit_end(v);
		return;
	}
	buf_add_str(&v->out, buf_str(&v->answers));
	buf_clear(&v->answers);
	go_on(v, buf_error(&v->out) < 0 ? -ENOMEM : send_answers(v));
}

static void make_room(struct visit *v)
{
	const struct crowd *crowd = &v->inputs->crowd;
	struct visit *other = (struct visit *)crowd_yields(crowd);

	if (crowd_count(crowd, &other->member) <=
	    crowd_count(crowd, &v->member))
		other = v;
	refuse(other);
	visit_end(other);
}

static int open_guest(struct visit *v, int fd)
{
	int r = guest_open(
	    &v->guest, fd, v->kind == INPUT_TLS ? v->inputs->tls : NULL);

	if (r < 0)
		return r;
	/* Who has to show a certificate is known by that. */
	if (guest_is_settled(v->guest) && !meet(v))
		return -EUSERS;
	v->watch = (struct loop_watch){.fd = fd, .ready = on_ready, .ctx = v};
	return loop_watch(v->inputs->loop, &v->watch, LOOP_READ);
}

void visit_begin(struct inputs *in, enum input_kind kind, int fd,
    const struct sockaddr_storage *from)
{
	struct visit *v = calloc(1, sizeof *v);

	if (!v) {
		fd_close(&fd);
		return;
	}
	v->inputs = in;
	v->kind = kind;
	v->since = loop_now();
	network_text(from, v->address);
	v->next = in->visits;
	v->place = &in->visits;
	if (v->next)
		v->next->place = &v->next;
	in->visits = v;
	senders(v)->connections++;
	if (crowd_enter(&in->crowd, &v->member, (const struct sockaddr *)from) <
	    0) {
		fd_close(&fd);
		visit_end(v);
	} else if (open_guest(v, fd) < 0) {
		visit_end(v);
	} else if (senders(v)->connections >
		   (size_t)in->hub->cfg->sender_connections) {
		make_room(v);
	}
}
