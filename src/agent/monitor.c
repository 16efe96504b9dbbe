/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/collector.h"
#include "agent/handover.h"
#include "agent/host.h"
#include "agent/link.h"
#include "agent/room.h"
#include "agent/shipping.h"
#include "base/disk.h"
#include "base/fd.h"
#include "base/fdpass.h"
#include "base/loop.h"
#include "base/notify.h"
#include "sources/source.h"

/* Two deaths within this time are not chance: somebody should look. */
#define QUICK_SEC ((int64_t)60)
/* How often a full disk is looked at. */
#define ROOM_USEC ((int64_t)1000000)

/* Blocks of memory from this size on go back to the system when freed. */
#define BIG_BYTES (256 << 10)

/* What a tap needs done while it runs, see struct tap_tender. */
struct tended {
	struct monitor *monitor;
	const struct tap *tap;
	struct tap_tending *state; /* NULL: nothing */
	struct loop_watch watch;
};

struct monitor {
	const char *config_file;
	void (*say)(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
	struct config cfg, next; /* next: while `reload` */
	struct agent agent;
	struct loop loop;
	struct loop_signals signals;
	struct loop_watch link;
	struct loop_timer refresh;
	struct tended tended[AGENT_TAPS_MAX]; /* by number of tap */
	pid_t child;
	struct shipping shipping;
	int64_t died_at; /* loop_now(); 0: never */
	char restart[512];
	char failure[512]; /* what the collector said before its end */
	int failure_error; /* negative errno, with it */
	bool waiting;	   /* without a collector, for room on the disk */
	struct loop_timer room;
	bool stop, reload; /* the collector was asked to end for it */
};

static void on_tend(struct loop *l, struct loop_watch *w, unsigned what)
{
	struct tended *t = w->ctx;
	struct err why = {""};

	(void)what;
	if (t->tap->tender->tend(t->state, &why) == 0)
		return;
	t->monitor->say("%s: %s", t->tap->name, why.text);
	loop_unwatch(l, w);
}

static void begin_tending(struct monitor *m, const struct agent_tap *tap)
{
	struct tended *t = &m->tended[tap - m->agent.taps];
	struct err why = {""};
	int r;

	*t = (struct tended){.monitor = m, .tap = tap->tap};
	if (tap->error || !tap->tap->tender)
		return;
	r = tap->tap->tender->start(&t->state, &tap->opened, &why);
	if (r == 0 && t->state) {
		t->watch =
		    (struct loop_watch){.fd = tap->tap->tender->fd(t->state),
			.ready = on_tend,
			.ctx = t};
		r = loop_watch(&m->loop, &t->watch, LOOP_READ);
	}
	if (r < 0)
		m->say("%s: %s", tap->tap->name,
		    why.text[0] ? why.text : strerror(-r));
}

static void end_tending(struct monitor *m, struct tended *t)
{
	if (!t->state)
		return;
	loop_unwatch(&m->loop, &t->watch);
	t->tap->tender->stop(t->state);
	t->state = NULL;
}

/*
 * Whether it captures under `next` just what it does now: then it goes on, with
 * what it holds for the collector to come. All that a tap is told is its path.
 */
static bool goes_on(const struct monitor *m, const struct agent_tap *t,
    const struct config *next)
{
	const char *now, *then;

	return next && t->error == 0 && config_tap(next, t->tap->name, &then) &&
	       config_tap(&m->cfg, t->tap->name, &now) &&
	       (now && then ? strcmp(now, then) == 0 : now == then);
}

/* But for those that go on. NULL: none does. */
static void close_taps(struct monitor *m, const struct config *next)
{
	for (size_t i = 0; i < m->agent.n_taps; i++) {
		struct agent_tap *t = &m->agent.taps[i];

		if (goes_on(m, t, next))
			continue;
		end_tending(m, &m->tended[i]);
		if (t->error == 0 && t->tap->release)
			t->tap->release(&t->opened);
		tap_opened_close(&t->opened);
		t->tap = NULL;
	}
	m->agent.n_taps = 0;
}

static bool is_open(const struct monitor *m, const char *tap)
{
	for (size_t i = 0; i < m->agent.n_taps; i++)
		if (strcmp(m->agent.taps[i].tap->name, tap) == 0)
			return m->agent.taps[i].error == 0;
	return false;
}

static void open_tap(struct monitor *m, struct agent_tap *t)
{
	const char *path;

	if (!config_tap(&m->cfg, t->tap->name, &path)) {
		t->error = err_set(
		    &t->why, -ENOENT, "switched off in the configuration");
		return;
	}
	t->error = t->tap->open(&t->opened, path, &t->why);
	if (t->error < 0)
		m->say("%s: not captured: %s", t->tap->name, t->why.text);
}

static void open_taps(struct monitor *m)
{
	for (size_t i = 0; taps[i] && i < AGENT_TAPS_MAX; i++) {
		struct agent_tap *t = &m->agent.taps[i];
		const bool fresh = !t->tap;
		bool yields;

		if (fresh) {
			*t = (struct agent_tap){.tap = taps[i]};
			open_tap(m, t);
		}
		yields = t->tap->yields_to && is_open(m, t->tap->yields_to);
		if (fresh || yields != t->opened.yields) {
			t->opened.yields = yields;
			end_tending(m, &m->tended[i]);
			begin_tending(m, t);
		}
		m->agent.n_taps = i + 1;
	}
}

static void refresh_taps(struct monitor *m)
{
	const char *path;

	for (size_t i = 0; i < m->agent.n_taps; i++) {
		struct agent_tap *tap = &m->agent.taps[i];

		if (tap->error == 0 && tap->tap->refresh &&
		    config_tap(&m->cfg, tap->tap->name, &path))
			tap->tap->refresh(&tap->opened, path);
	}
}

static void on_refresh(struct loop *l, struct loop_timer *t)
{
	(void)l;
	refresh_taps(t->ctx);
}

static int configure(struct monitor *m, const struct config *cfg)
{
	struct err err = {""};
	int r;

	m->cfg = *cfg;
	r = host_prepare(&m->agent, &m->cfg, &err);
	if (r < 0)
		m->say("%s", err.text);
	else
		open_taps(m);
	return r;
}

static void unconfigure(struct monitor *m, const struct config *next)
{
	shipping_stop(&m->shipping);
	close_taps(m, next);
	fd_close(&m->agent.control_fd);
	config_free(&m->cfg);
}

/* In the child: it keeps what the agent names and nothing else of ours. */
static _Noreturn void become_collector(struct monitor *m)
{
	/* Only our copies: what the monitor attached goes by its own. */
	for (size_t i = 0; i < AGENT_TAPS_MAX; i++)
		if (m->tended[i].state)
			m->tended[i].tap->tender->stop(m->tended[i].state);
	loop_free(&m->loop);
	loop_signals_stop(&m->loop, &m->signals);
	/* A signal to the group is the monitor's to act on. */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	host_come_first();
	exit(collector_run(&m->agent) < 0);
}

static int start_collector(struct monitor *m)
{
	int pair[2], r = fdpass_pair(pair);

	for (unsigned i = 0; i < 2 && r == 0; i++)
		if (fcntl(pair[i], F_SETFL, O_NONBLOCK) < 0)
			r = -errno;
	if (r < 0)
		return r;
	m->failure[0] = '\0';
	m->failure_error = 0;
	/* What loading the programs for the kernel took: megabytes, twice. */
	malloc_trim(0);
	m->child = fork();
	if (m->child == 0) {
		close(pair[0]);
		m->agent.link_fd = pair[1];
		become_collector(m);
	}
	r = m->child < 0 ? -errno : 0;
	close(pair[1]);
	m->link.fd = pair[0];
	if (r == 0)
		r = loop_watch(&m->loop, &m->link, LOOP_READ);
	if (r < 0)
		fd_close(&m->link.fd);
	return r;
}

static void answer_reopen(struct monitor *m, unsigned index)
{
	struct link_message answer = {.what = LINK_REOPENED, .index = index};
	struct agent_tap *t = &m->agent.taps[index];
	struct tap_opened fresh = {0};
	struct err why = {""};
	const char *path;

	if (index >= m->agent.n_taps || t->error ||
	    !config_tap(&m->cfg, t->tap->name, &path))
		return;
	answer.error = t->tap->open(&fresh, path, &why);
	if (answer.error == 0) {
		fresh.yields = t->opened.yields;
		tap_opened_close(&t->opened);
		t->opened = answer.opened = fresh;
	}
	snprintf(answer.text, sizeof answer.text, "%s", why.text);
	link_send(m->link.fd, &answer);
}

static void answer_give(struct monitor *m)
{
	struct link_message answer = {.what = LINK_GIVEN};
	struct err why = {""};

	answer.error = host_prepare_store(&m->agent, &why);
	snprintf(answer.text, sizeof answer.text, "%s", why.text);
	link_send(m->link.fd, &answer);
}

static void close_link(struct monitor *m)
{
	loop_unwatch(&m->loop, &m->link);
	fd_close(&m->link.fd);
}

/* The collector has made the store what it is to be. */
static void say_ready(struct monitor *m)
{
	shipping_start(&m->shipping, &m->agent, &m->loop, m->say);
	m->say("collecting into %s", m->agent.store);
	notify("READY=1\nSTATUS=collecting");
}

static void say_waits(struct monitor *m, const char *why)
{
	m->say("collecting begins later: %s", why);
	notify("STATUS=waiting for an import into the store to end");
}

static void take_messages(struct monitor *m)
{
	struct link_message in;
	int r;

	while ((r = link_receive(m->link.fd, &in)) > 0) {
		/* The collector has nothing to hand over. */
		tap_opened_close(&in.opened);
		if (in.what == LINK_READY) {
			say_ready(m);
			/* What came while there was no collector. */
			refresh_taps(m);
		} else if (in.what == LINK_REOPEN)
			answer_reopen(m, in.index);
		else if (in.what == LINK_WAITS)
			say_waits(m, in.text);
		else if (in.what == LINK_GIVE)
			answer_give(m);
		else if (in.what == LINK_FAILED) {
			snprintf(m->failure, sizeof m->failure, "%s", in.text);
			m->failure_error = in.error;
		}
	}
	/* Its end is told by SIGCHLD. */
	if (r < 0)
		close_link(m);
}

static void on_message(struct loop *l, struct loop_watch *w, unsigned what)
{
	(void)l;
	(void)what;
	take_messages(w->ctx);
}

static void describe_end(struct monitor *m, int status)
{
	if (WIFSIGNALED(status))
		snprintf(m->restart, sizeof m->restart,
		    "the collector was killed by signal %d (%s); what it held "
		    "unsynced is lost",
		    WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		snprintf(m->restart, sizeof m->restart,
		    "the collector failed: %s",
		    m->failure[0] ? m->failure : "it did not say why");
}

/*
 * On a full disk nothing can be kept. What the taps hold meanwhile, and what
 * logs hold, is read when there is room; what was lost of it is counted then.
 */
static void wait_for_room(struct monitor *m)
{
	m->say("the disk of %s is full: nothing is kept until there is room",
	    m->agent.store);
	notify("STATUS=the disk is full: nothing is kept until there is room");
	snprintf(m->restart, sizeof m->restart,
	    "the disk of the store was full: nothing was kept");
	m->waiting = true;
	loop_timer_start(&m->loop, &m->room, ROOM_USEC, ROOM_USEC);
}

/* -EIO: it dies again and again. */
static int restart_collector(struct monitor *m, int status)
{
	int64_t now = loop_now();
	bool quick = m->died_at && now - m->died_at < QUICK_SEC * 1000000;
	struct err err = {""};

	describe_end(m, status);
	m->say("%s", m->restart);
	if (disk_is_full(m->failure_error))
		return wait_for_room(m), 0;
	notify("STATUS=the collector died and is started again");
	m->died_at = now;
	if (quick) {
		m->say(
		    "the collector died twice within %lld seconds: giving up",
		    (long long)QUICK_SEC);
		return -EIO;
	}
	m->agent.restart = m->restart;
	/* Somebody may have removed it. */
	if (host_prepare_store(&m->agent, &err) < 0)
		m->say("%s", err.text);
	return start_collector(m);
}

/*
 * Whether what is open when a collector ends for `next` can go on: of a tap
 * that goes on, and in the same chain.
 */
static bool leaves(const struct monitor *m, const struct config *next)
{
	for (size_t i = 0; i < m->agent.n_taps; i++) {
		const struct agent_tap *t = &m->agent.taps[i];
		const struct source *s = source_find(str_z(t->tap->source));

		if (t->error == 0 && s && s->keep && !goes_on(m, t, next))
			return false;
	}
	return strcmp(m->cfg.store, next->store) == 0 &&
	       strcmp(m->cfg.host, next->host) == 0;
}

static void ask_to_stop(struct monitor *m)
{
	const struct link_message stop = {
	    .what = !m->stop && leaves(m, &m->next) ? LINK_LEAVE : LINK_STOP};

	if (m->stop)
		notify("STOPPING=1");
	/* What is known by now is for this collector to tell. */
	refresh_taps(m);
	if (m->link.fd >= 0)
		link_send(m->link.fd, &stop);
}

/* The collector has ended as it was asked to. */
static int reconfigure(struct monitor *m)
{
	int r;

	m->reload = false;
	notify("STATUS=reading the configuration again");
	/* It may have been read once more since that was asked. */
	if (!leaves(m, &m->next))
		handover_drop(m->agent.handover_fd);
	unconfigure(m, &m->next);
	r = configure(m, &m->next);
	m->next = (struct config){.texts = ARENA_INIT};
	m->agent.restart = NULL;
	return r < 0 ? r : start_collector(m);
}

static void on_room(struct loop *l, struct loop_timer *t)
{
	struct monitor *m = t->ctx;
	int r;

	if (!room_is_back(m->agent.store, m->agent.reserve))
		return;
	loop_timer_stop(l, t);
	m->waiting = false;
	m->agent.restart = m->restart;
	r = start_collector(m);
	if (r < 0)
		loop_stop(l, r);
	else if (m->reload)
		ask_to_stop(m);
}

/* A file with errors changes nothing: what runs goes on. */
static bool read_again(struct monitor *m)
{
	struct config cfg;

	if (config_load_or_say(&cfg, m->config_file, m->say) < 0) {
		m->say("not reloaded: what runs goes on as it was");
		return false;
	}
	config_free(&m->next);
	m->next = cfg;
	return true;
}

static int end_status(struct monitor *m, int status)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	describe_end(m, status);
	m->say("%s", m->restart);
	return -EIO;
}

static void reap(struct monitor *m)
{
	int status, r;

	if (m->child <= 0 || waitpid(m->child, &status, WNOHANG) != m->child)
		return;
	m->child = 0;
	/* What it said last may still lie in the socket. */
	if (m->link.fd >= 0)
		take_messages(m);
	close_link(m);
	if (m->stop && !m->reload) {
		loop_stop(&m->loop, end_status(m, status));
		return;
	}
	r = m->reload ? reconfigure(m) : restart_collector(m, status);
	if (r < 0)
		loop_stop(&m->loop, r);
	else if (m->stop)
		/* While it was reloaded: what was left is to be ended. */
		ask_to_stop(m);
}

static void on_signal(
    struct loop *l, struct loop_signals *s, const struct signalfd_siginfo *info)
{
	struct monitor *m = s->ctx;
	bool asked = m->stop || m->reload;

	if (info->ssi_signo == SIGCHLD) {
		shipping_reap(&m->shipping);
		reap(m);
	} else if (info->ssi_signo == SIGHUP)
		m->reload = read_again(m) || m->reload;
	else
		m->stop = true;
	if (m->waiting && m->stop)
		loop_stop(l, 0);
	else if (!asked && (m->stop || m->reload))
		ask_to_stop(m);
}

static int start(struct monitor *m)
{
	static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGCHLD};
	struct config cfg;
	int r = loop_init(&m->loop);

	if (r == 0)
		r = handover_open(&m->agent.handover_fd);
	m->signals = (struct loop_signals){.got = on_signal, .ctx = m};
	if (r == 0)
		r = loop_signals_start(&m->loop, &m->signals, signals,
		    sizeof signals / sizeof *signals);
	if (r == 0)
		r = config_load_or_say(&cfg, m->config_file, m->say);
	if (r == 0)
		r = configure(m, &cfg);
	if (r == 0)
		loop_timer_start(&m->loop, &m->refresh,
		    TAP_REFRESH_S * (int64_t)1000000,
		    TAP_REFRESH_S * (int64_t)1000000);
	return r < 0 ? r : start_collector(m);
}

int monitor_run(const char *config_file,
    void (*say)(const char *fmt, ...) __attribute__((format(printf, 1, 2))))
{
	struct monitor *m = calloc(1, sizeof *m);
	int r;

	if (!m)
		return -ENOMEM;
	/* Of what was big and is freed nothing is kept, in any thread. */
	mallopt(M_MMAP_THRESHOLD, BIG_BYTES);
	mallopt(M_TRIM_THRESHOLD, BIG_BYTES);
	m->config_file = config_file;
	m->say = say;
	m->agent.link_fd = m->agent.control_fd = m->agent.handover_fd = -1;
	m->link = (struct loop_watch){.fd = -1, .ready = on_message, .ctx = m};
	m->refresh = (struct loop_timer){.due = on_refresh, .ctx = m};
	m->room = (struct loop_timer){.due = on_room, .ctx = m};
	r = start(m);
	if (r == 0)
		r = loop_run(&m->loop);
	close_link(m);
	unconfigure(m, NULL);
	fd_close(&m->agent.handover_fd);
	config_free(&m->next);
	loop_timer_stop(&m->loop, &m->refresh);
	loop_timer_stop(&m->loop, &m->room);
	loop_signals_stop(&m->loop, &m->signals);
	loop_free(&m->loop);
	free(m);
	return r;
}
