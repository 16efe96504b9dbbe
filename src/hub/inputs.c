/* SPDX-License-Identifier: Apache-2.0 */
#include "hub/inputs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fd.h"
#include "base/when.h"
#include "hub/hub.h"
#include "hub/visit.h"
#include "net/listen.h"
#include "wire/syslog_frame.h"

/* Read so often before the hub ends. */
#define END_ROUNDS 64
/* Datagrams that one callback reads, and for how long: that of a new sender
 * takes some calls that wait for the disk. */
#define DATAGRAMS  64
#define TURN	   ((int64_t)20 * 1000)

/* --- what is configured --- */

static const struct {
	int type;
	const char *what;
} kinds[INPUT_N] = {
    [INPUT_UDP] = {SOCK_DGRAM, "syslog by UDP"},
    [INPUT_TCP] = {SOCK_STREAM, "syslog by TCP"},
    [INPUT_TLS] = {SOCK_STREAM, "syslog by TLS"},
    [INPUT_AUDIT] = {SOCK_STREAM, "audit"},
};

static int read_networks(
    struct inputs *in, const struct conf_list *list, struct err *err)
{
	in->networks = calloc(list->n + 1, sizeof *in->networks);
	if (!in->networks)
		return err_sys(err, -ENOMEM, "inputs");
	for (size_t i = 0; i < list->n; i++)
		if (!network_parse(str_z(list->v[i]), &in->networks[i]))
			return err_set(err, -EINVAL,
			    "inputs.allow: \"%s\" is no network as "
			    "192.0.2.0/24",
			    list->v[i]);
	in->n_networks = list->n;
	return 0;
}

static int open_one(
    struct inputs *in, int kind, const char *at, struct err *err)
{
	struct sockaddr_storage a;
	int r;

	if (!network_parse_listen(str_z(at), &a))
		return err_set(err, -EINVAL,
		    "inputs: \"%s\" is no address with a port, as "
		    "192.0.2.1:5514 or [::]:5514",
		    at);
	r = net_listen(&a, kinds[kind].type, &in->v[kind].watch.fd, err);
	return r < 0 ? err_context(err, r, "%s", kinds[kind].what) : 0;
}

/* NULL: `fallback`. */
static int read_pem(const char *file, struct buf *ret, struct err *err)
{
	int r = file ? fd_read_file(AT_FDCWD, file, CERT_PEM_MAX, ret) : 0;

	if (r == 0 && file && !buf_z(ret))
		r = -ENOMEM;
	return r < 0 ? err_sys(err, r, "%s", file) : 0;
}

static int open_tls(struct inputs *in, const struct hub_config *cfg,
    const struct buf *cert, const struct buf *key, struct err *err)
{
	struct buf own_cert = BUF_INIT, own_key = BUF_INIT, ca = BUF_INIT;
	struct guest_tls_config tls = {
	    .cert = cfg->inputs_cert ? &own_cert : cert,
	    .key = cfg->inputs_cert ? &own_key : key,
	    .ca = cfg->inputs_ca ? &ca : NULL};
	int r = read_pem(cfg->inputs_cert, &own_cert, err);

	if (r == 0)
		r = read_pem(cfg->inputs_key, &own_key, err);
	if (r == 0)
		r = read_pem(cfg->inputs_ca, &ca, err);
	if (r == 0)
		r = guest_tls_open(&in->tls, &tls, err);
	buf_free(&own_cert);
	buf_free(&own_key);
	buf_free(&ca);
	return r < 0 ? err_context(err, r, "inputs.tls") : 0;
}

int inputs_open(struct inputs *in, const struct hub_config *cfg,
    const struct buf *cert, const struct buf *key, struct err *err)
{
	const char *const at[INPUT_N] = {cfg->inputs_udp, cfg->inputs_tcp,
	    cfg->inputs_tls, cfg->inputs_audit};
	bool any = false;
	int r = read_networks(in, &cfg->inputs_allow, err);

	for (int i = 0; i < INPUT_N && r == 0; i++) {
		if (!at[i])
			continue;
		any = true;
		r = open_one(in, i, at[i], err);
	}
	if (r == 0 && any && in->n_networks == 0)
		return err_set(err, -EINVAL,
		    "inputs.allow: name the networks that may send, as "
		    "[192.0.2.0/24]: nobody else is taken anything from");
	if (r == 0 && any && !(in->chunk = malloc(INPUT_CHUNK)))
		return err_sys(err, -ENOMEM, "inputs");
	return r == 0 && cfg->inputs_tls ? open_tls(in, cfg, cert, key, err)
					 : r;
}

bool inputs_any(const struct inputs *in)
{
	for (int i = 0; i < INPUT_N; i++)
		if (in->v[i].watch.fd >= 0)
			return true;
	return false;
}

void inputs_fail(struct inputs *in, int r)
{
	hub_fail(in->hub, r);
}

bool inputs_allow(struct inputs *in, const struct sockaddr_storage *from)
{
	struct senders *ss = &in->hub->senders;

	for (size_t i = 0; i < in->n_networks; i++)
		if (network_has(&in->networks[i], from))
			return true;
	loss_add(&ss->losses[SENDERS_LOST_STRANGER], 1, time_now());
	network_text(from, ss->stranger);
	return false;
}

/* --- datagrams --- */

static void note_kernel(struct inputs *in, uint32_t lost)
{
	/* It counts in 32 bits, and begins anew behind them. */
	loss_add(&in->hub->senders.losses[SENDERS_LOST_KERNEL],
	    (uint32_t)(lost - in->kernel_lost), time_now());
	in->kernel_lost = lost;
}

static int take_datagram(struct inputs *in, size_t n, const char *address)
{
	const struct str message = str_make(in->chunk, n);
	struct senders *ss = &in->hub->senders;
	struct sender *s = senders_get(ss, address);
	struct buf line = BUF_INIT;
	int r;

	if (!s)
		return 0;
	if (n > SYSLOG_MESSAGE_MAX) {
		sender_lost(s, SENDER_LOST_LONG, 1);
		return 0;
	}
	if (!senders_may_read(ss, s)) {
		sender_lost(
		    s, s->credit > 0 ? SENDER_LOST_FULL : SENDER_LOST_RATE, 1);
		return 0;
	}
	senders_charge(s, n);
	syslog_line(message, &line);
	r = buf_error(&line);
	if (r == 0 && line.n)
		r = sender_take(s, SENDER_SYSLOG, buf_str(&line), address);
	buf_free(&line);
	return r;
}

static void on_datagrams(struct loop *l, struct loop_watch *w, unsigned what)
{
	struct input *input = w->ctx;
	struct inputs *in = input->inputs;
	const int64_t until = loop_now() + TURN;
	int r = 0;

	(void)l;
	(void)what;
	for (int i = 0; i < DATAGRAMS && r == 0 && loop_now() < until; i++) {
		struct sockaddr_storage from = {.ss_family = AF_UNSPEC};
		char address[NETWORK_TEXT_MAX];
		uint32_t lost = in->kernel_lost;
		long n =
		    net_receive(w->fd, in->chunk, INPUT_CHUNK, &from, &lost);

		if (n < 0)
			break;
		note_kernel(in, lost);
		network_text(&from, address);
		if (inputs_allow(in, &from))
			r = take_datagram(in, (size_t)n, address);
	}
	if (r < 0)
		inputs_fail(in, r);
}

/* --- connections --- */

static void on_connection(struct loop *l, struct loop_watch *w, unsigned what)
{
	struct input *input = w->ctx;
	struct inputs *in = input->inputs;
	struct sockaddr_storage from = {.ss_family = AF_UNSPEC};
	int fd, r;

	(void)what;
	r = net_accept(w->fd, &fd, &from);
	/* Of descriptors, say, there are none: again at the next tick. */
	if (r < 0 && r != -EAGAIN)
		loop_unwatch(l, w);
	if (r < 0)
		return;
	if (inputs_allow(in, &from))
		visit_begin(in, input->kind, fd, &from);
	else
		fd_close(&fd);
}

static void on_answers(struct loop *l, struct loop_timer *t)
{
	struct inputs *in = t->ctx;
	int r = senders_hold(&in->hub->senders);

	(void)l;
	if (r < 0) {
		inputs_fail(in, r);
		return;
	}
	for (struct visit *v = in->visits, *next; v; v = next) {
		next = v->next;
		visit_answer(v);
	}
}

void inputs_tick(struct inputs *in)
{
	for (int i = 0; i < INPUT_N; i++)
		if (in->v[i].watch.fd >= 0 && !in->v[i].watch.is_added)
			(void)loop_watch(in->loop, &in->v[i].watch, LOOP_READ);
	for (struct visit *v = in->visits, *next; v; v = next) {
		next = v->next;
		visit_tick(v);
	}
}

static void tick(void *ctx)
{
	inputs_tick(ctx);
}

int inputs_start(struct inputs *in, struct hub *h, struct loop *l)
{
	int r = 0;

	in->hub = h;
	in->loop = l;
	crowd_init(&in->crowd);
	in->answers = (struct loop_timer){.due = on_answers, .ctx = in};
	h->senders.ticked = tick;
	h->senders.ctx = in;
	for (int i = 0; i < INPUT_N && r == 0; i++) {
		struct input *input = &in->v[i];

		input->inputs = in;
		input->kind = (enum input_kind)i;
		input->watch.ready =
		    i == INPUT_UDP ? on_datagrams : on_connection;
		input->watch.ctx = input;
		if (input->watch.fd >= 0)
			r = loop_watch(l, &input->watch, LOOP_READ);
	}
	if (r == 0 && inputs_any(in))
		r = senders_start(&h->senders, l);
	return r;
}

void inputs_end(struct inputs *in)
{
	struct loop_watch *udp = &in->v[INPUT_UDP].watch;

	if (!in->loop)
		return;
	for (int i = 0; i < INPUT_N; i++)
		loop_unwatch(in->loop, &in->v[i].watch);
	for (int i = 0; i < END_ROUNDS && udp->fd >= 0; i++)
		on_datagrams(in->loop, udp, LOOP_READ);
	for (struct visit *v = in->visits, *next; v; v = next) {
		next = v->next;
		visit_drain(v);
	}
	on_answers(in->loop, &in->answers);
}

void inputs_close(struct inputs *in)
{
	while (in->visits)
		visit_end(in->visits);
	crowd_free(&in->crowd);
	for (int i = 0; i < INPUT_N; i++) {
		if (in->loop)
			loop_unwatch(in->loop, &in->v[i].watch);
		fd_close(&in->v[i].watch.fd);
	}
	guest_tls_close(in->tls);
	free(in->networks);
	free(in->chunk);
	in->networks = NULL;
	in->chunk = NULL;
	in->tls = NULL;
}
