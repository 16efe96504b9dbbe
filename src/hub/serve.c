/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "archive/lock.h"
#include "base/fd.h"
#include "base/loop.h"
#include "base/notify.h"
#include "base/sandbox.h"
#include "base/when.h"
#include "hub/api.h"
#include "hub/follow.h"
#include "hub/hub.h"
#include "hub/inputs.h"
#include "hub/metrics.h"
#include "hub/retain.h"
#include "hub/room.h"
#include "wire/batch.h"
#include "wire/message.h"

#define TIMEOUT_SEC  90
/* Of what who has no certificate sends: a request to join. */
#define STRANGER_MAX ((size_t)16 << 10)
#define CHAINS	     "/v1/chains/"
/* So many times what a commit took is what lies between two of them. */
#define COMMIT_SHARE 4

struct server {
	struct hub hub;
	struct loop loop;
	struct loop_signals signals;
	struct loop_timer commit;
	struct retain retain;
	struct inputs inputs;
	int manager; /* of services, see base/notify.h */
	uint64_t
	    woken_for;	  /* hub.commits, when followers were woken last ... */
	int64_t woken_at; /* ... and loop_now() */
};

void hub_refuse(struct http_reply *reply, int status, const char *what,
    const char *fmt, ...)
{
	char detail[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(detail, sizeof detail, fmt, ap);
	va_end(ap);
	reply->status = status;
	reply->type = "application/json";
	buf_clear(&reply->body);
	message_begin(&reply->body);
	message_text(&reply->body, "error", str_z(what));
	message_text(&reply->body, "detail", str_z(detail));
	message_end(&reply->body);
}

/* What was not heard meanwhile may be all that matters. */
static void note_heard(struct hub *h, const struct host_entry *host)
{
	char reason[128], span[TIME_SPAN_LEN];
	int64_t now = loop_now(), since;

	if (silence_heard(&h->silence, host, now, &since) < 0 || since == 0)
		return;
	time_format_span(now - since, span);
	snprintf(reason, sizeof reason, "heard again after %s", span);
	hub_note(h, EVENT_ALERT, str_z(host->name), "back", reason);
}

static int note_silent(void *ctx, const struct heard *heard)
{
	struct hub *h = ctx;
	struct host_entry host;
	char reason[128], span[TIME_SPAN_LEN];

	if (host_find(&h->place, heard->id, &host, NULL) < 0 || host.revoked)
		return 0;
	time_format_span(loop_now() - heard->at, span);
	snprintf(reason, sizeof reason,
	    "not heard for %s: it is down or cut off, or somebody stopped "
	    "sshtraild",
	    span);
	return hub_note(h, EVENT_ALERT, str_z(heard->name), "silent", reason);
}

bool hub_host(struct hub *h, const struct http_call *call,
    struct host_entry *ret, struct http_reply *reply)
{
	struct err why = {""};

	if (!call->peer)
		hub_refuse(reply, 401, "certificate",
		    "show the certificate that this hub made, in its time");
	else if (host_find(&h->place, call->peer->name, ret, &why) < 0)
		hub_refuse(reply, 403, "host", "%s", why.text);
	else if (ret->revoked)
		hub_refuse(reply, 403, "revoked",
		    "host %s is shut out of this hub", ret->id);
	else if (strcmp(call->peer->serial, ret->serial) != 0 &&
		 strcmp(call->peer->serial, ret->before) != 0)
		hub_refuse(reply, 403, "certificate",
		    "this certificate was followed by others");
	else
		return note_heard(h, ret), true;
	return false;
}

int hub_append(struct hub *h, struct event *ev)
{
	int r = h->full ? -ENOSPC : archive_append(h->archive, ev, &h->failure);

	if (r == 0)
		r = archive_sync(h->archive, &h->failure);
	if (r < 0)
		hub_fail(h, r);
	h->uncommitted = true;
	return r;
}

int hub_note(struct hub *h, enum event_kind kind, struct str host,
    const char *op, const char *reason)
{
	struct event ev;

	event_init(&ev, kind);
	ev.time = time_now();
	ev.source = STR(HUB_SOURCE);
	ev.trust = TRUST_DAEMON;
	ev.host = host.n ? host : str_z(h->cfg->name);
	event_set_str(&ev, F_OP, str_z(op));
	if (reason)
		event_set_str(&ev, F_REASON, str_z(reason));
	return hub_append(h, &ev);
}

static void send_ca(
    struct hub *h, const struct http_call *call, struct http_reply *reply)
{
	(void)call;
	reply->type = "application/x-pem-file";
	buf_add_str(&reply->body, buf_str(&h->place.ca_cert));
}

static const struct route {
	const char *method, *path;
	void (*handle)(struct hub *h, const struct http_call *call,
	    struct http_reply *reply);
} routes[] = {
    {"GET", "/v1/ca", send_ca},
    {"GET", "/v1/health", metrics_health},
    {"GET", "/metrics", metrics_send},
    {"POST", "/v1/enroll", hub_enroll},
    {"POST", "/v1/renew", hub_renew},
};

/* /v1/chains/CHAIN and /v1/chains/CHAIN/frames. */
static bool route_chain(
    struct hub *h, const struct http_call *call, struct http_reply *reply)
{
	struct str rest = str_z(call->path);
	char chain[256];
	bool frames, post = strcmp(call->method, "POST") == 0;

	if (!str_skip(&rest, STR(CHAINS)))
		return false;
	frames = str_chop(&rest, STR("/frames"));
	if (frames != post || rest.n == 0 || rest.n >= sizeof chain)
		return false;
	snprintf(chain, sizeof chain, "%.*s", STR_ARG(rest));
	if (frames)
		hub_ingest(h, call, chain, reply);
	else
		hub_chain_state(h, call, chain, reply);
	return true;
}

/* Without its store a hub has nothing to say but how it is. */
static bool refuse_full(
    struct hub *h, const struct http_call *call, struct http_reply *reply)
{
	static const char *const always[] = {
	    "/v1/ca", "/v1/health", "/metrics"};

	if (!h->full)
		return false;
	for (size_t i = 0; i < sizeof always / sizeof *always; i++)
		if (strcmp(always[i], call->path) == 0)
			return false;
	hub_refuse(reply, 507, "room",
	    "the disk of the hub is full: nothing is kept nor told until there "
	    "is room");
	return true;
}

static void handle(
    void *ctx, const struct http_call *call, struct http_reply *reply)
{
	struct server *s = ctx;
	bool done = refuse_full(&s->hub, call, reply);

	for (size_t i = 0; i < sizeof routes / sizeof *routes && !done; i++)
		if (strcmp(routes[i].path, call->path) == 0 &&
		    strcmp(routes[i].method, call->method) == 0) {
			routes[i].handle(&s->hub, call, reply);
			done = true;
		}
	if (!done && !route_chain(&s->hub, call, reply) &&
	    !api_handle(&s->hub, call, reply))
		hub_refuse(reply, 404, "path", "there is no %s %s",
		    call->method, call->path);
}

/* There is something new to them, or it is time for a sign of life. */
static void wake_followers(struct server *s)
{
	if (s->woken_for == s->hub.commits &&
	    loop_now() - s->woken_at < FOLLOW_BEAT)
		return;
	s->woken_for = s->hub.commits;
	s->woken_at = loop_now();
	http_server_wake(s->hub.http);
}

/*
 * With a large backlog a commit may take longer than its interval: then most of
 * the time is still for taking what comes.
 */
static void on_commit(struct loop *l, struct loop_timer *t)
{
	struct server *s = t->ctx;
	struct hub *h = &s->hub;
	int64_t begun = loop_now(), pause;
	int r = room_follow(h, &h->failure);

	if (r == 0 && !h->full)
		r = silence_check(
		    &h->silence, begun, h->cfg->silence, note_silent, h);
	if (r == 0 && !h->full)
		r = hub_commit(h, &h->failure);
	if (r < 0)
		hub_fail(h, r);
	wake_followers(s);
	pause = COMMIT_SHARE * (loop_now() - begun);
	if (pause < h->cfg->commit_interval)
		pause = h->cfg->commit_interval;
	loop_timer_start(l, t, pause, 0);
}

static void on_signal(
    struct loop *l, struct loop_signals *s, const struct signalfd_siginfo *info)
{
	struct server *server = s->ctx;

	if (info->ssi_signo == SIGHUP) {
		notify_reloading(server->manager);
		keeper_reload(&server->hub.keeper);
	} else {
		notify_by(server->manager, "STOPPING=1");
		loop_stop(l, 0);
	}
}

static void on_reloaded(void *ctx)
{
	const struct server *s = ctx;

	notify_by(s->manager, "READY=1");
}

/* As many as may be: each connection takes one, each chain some. */
static void raise_files_max(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) < 0)
		return;
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
}

static int enter_sandbox(const char *store, struct err *err)
{
	const struct sandbox_path paths[] = {
	    {store, true}, {"/usr/share/zoneinfo", false}};
	const struct sandbox box = {.uid = getuid(),
	    .gid = getgid(),
	    .paths = paths,
	    .n_paths = access(paths[1].path, R_OK) == 0 ? 2 : 1};
	struct sandbox_state state;

	if (getuid() == 0)
		return err_set(err, -EPERM,
		    "the hub needs no root: run it as a user of its own, to "
		    "whom %s belongs",
		    store);
	return sandbox_enter(&box, &state, err);
}

static int listen_at(struct server *s, struct err *err)
{
	const struct hub_config *cfg = s->hub.cfg;
	const struct http_server_config http = {.address = cfg->address,
	    .port = (uint16_t)cfg->port,
	    .cert = s->hub.place.server_cert.p,
	    .key = s->hub.place.server_key.p,
	    .client_ca = s->hub.place.ca_cert.p,
	    .body_max = BATCH_BODY_MAX,
	    .stranger_max = STRANGER_MAX,
	    .connections_max = (unsigned)cfg->connections,
	    .timeout_sec = TIMEOUT_SEC,
	    .patience = cfg->patience,
	    .handle = handle,
	    .ctx = s};

	return http_server_open(&s->hub.http, &http, err);
}

static int open_all(struct server *s, struct err *err)
{
	const struct hub_config *cfg = s->hub.cfg;
	int lockfd = -1;
	int r = keeper_begin(&s->hub.keeper, cfg, err);

	s->manager = notify_open();
	tzset();
	if (r == 0)
		r = retain_begin(&s->retain, &s->hub, err);
	if (r == 0)
		r = place_open(&s->hub.place, cfg->store, err);
	if (r == 0)
		r = listen_at(s, err);
	if (r == 0)
		r = inputs_open(&s->inputs, cfg, &s->hub.place.server_cert,
		    &s->hub.place.server_key, err);
	/* The sandbox hides who else has it. */
	prctl(PR_SET_NAME, LOCK_HUB);
	if (r == 0)
		r = archive_lock(cfg->store, &lockfd, err);
	if (r == 0)
		r = enter_sandbox(cfg->store, err);
	if (r == 0)
		r = archive_open_locked(
		    &s->hub.archive, cfg->store, lockfd, err);
	if (r == 0)
		r = hub_begin_own(&s->hub, err);
	s->hub.inputs = inputs_any(&s->inputs);
	if (r == 0)
		r = senders_open(&s->hub.senders, &s->hub, err);
	if (r == 0 && (r = hub_note(&s->hub, EVENT_AGENT_START, STR_NONE,
			   "start", NULL)) < 0)
		*err = s->hub.failure;
	return r;
}

/* They have as long as others before they count as silent. */
static int expect_host(void *ctx, const struct host_entry *host)
{
	struct hub *h = ctx;
	int64_t since;

	return host->revoked
		   ? 0
		   : silence_heard(&h->silence, host, loop_now(), &since);
}

static int run(struct server *s,
    void (*say)(const char *fmt, ...) __attribute__((format(printf, 1, 2))),
    struct err *err)
{
	static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
	const int64_t every = s->hub.cfg->commit_interval;
	int r = loop_init(&s->loop);

	s->signals = (struct loop_signals){.got = on_signal, .ctx = s};
	s->commit = (struct loop_timer){.due = on_commit, .ctx = s};
	s->hub.keeper.reloaded = on_reloaded;
	s->hub.keeper.ctx = s;
	if (r == 0)
		r = loop_signals_start(&s->loop, &s->signals, signals, 3);
	if (r < 0)
		return err_sys(err, r, "event loop");
	r = keeper_start(&s->hub.keeper, &s->loop);
	if (r < 0)
		return err_sys(err, r, "the outputs");
	r = host_each(&s->hub.place, expect_host, &s->hub, err);
	if (r == 0)
		r = http_server_start(s->hub.http, &s->loop, err);
	if (r == 0)
		r = inputs_start(&s->inputs, &s->hub, &s->loop);
	if (r < 0)
		return r;
	s->hub.loop = &s->loop;
	s->hub.committed_at = loop_now();
	loop_timer_start(&s->loop, &s->commit, every, 0);
	retain_start(&s->retain, &s->loop);
	say("listening at %s port %u, keeping in %s", s->hub.cfg->address,
	    http_server_port(s->hub.http), s->hub.cfg->store);
	notify_by(s->manager, "READY=1\nSTATUS=listening");
	r = loop_run(&s->loop);
	if (r < 0)
		*err = s->hub.failure;
	return r;
}

static void close_all(struct server *s, int r)
{
	http_server_close(s->hub.http);
	if (r == 0)
		inputs_end(&s->inputs);
	inputs_close(&s->inputs);
	if (r == 0 && s->hub.archive)
		r = senders_end(&s->hub.senders);
	if (r == 0 && s->hub.archive)
		hub_note(&s->hub, EVENT_AGENT_STOP, STR_NONE, "stop", NULL);
	if (r == 0 && s->hub.archive)
		hub_commit(&s->hub, NULL);
	keeper_end(&s->hub.keeper);
	hub_close_chains(&s->hub);
	senders_free(&s->hub.senders);
	silence_free(&s->hub.silence);
	retain_free(&s->retain);
	archive_close(s->hub.archive);
	place_close(&s->hub.place);
	loop_free(&s->loop);
	fd_close(&s->manager);
	free(s);
}

int hub_serve(const struct hub_config *cfg,
    void (*say)(const char *fmt, ...) __attribute__((format(printf, 1, 2))))
{
	struct server *s = calloc(1, sizeof *s);
	struct err err = {""};
	int r;

	if (!s)
		return -ENOMEM;
	s->hub.cfg = cfg;
	s->hub.keeper = (struct keeper)KEEPER_INIT;
	s->inputs = (struct inputs)INPUTS_NONE;
	s->loop.epfd = s->manager = -1;
	signal(SIGPIPE, SIG_IGN);
	raise_files_max();
	r = open_all(s, &err);
	if (r == 0)
		r = run(s, say, &err);
	if (r < 0)
		say("%s", err.text[0] ? err.text : strerror(-r));
	close_all(s, r);
	return r;
}
