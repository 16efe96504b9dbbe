/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/shipper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "agent/spooled.h"
#include "archive/archive.h"
#include "archive/layout.h"
#include "base/fd.h"
#include "base/loop.h"
#include "base/sandbox.h"
#include "base/when.h"
#include "crypto/cosign.h"
#include "wire/member.h"
#include "wire/message.h"

#define MSEC	    ((int64_t)1000)
#define LOOK_USEC   (200 * MSEC)
#define BEAT_USEC   (60 * USEC_PER_SEC)
#define RETRY_FIRST (500 * MSEC)
#define RETRY_LAST  (60 * USEC_PER_SEC)
#define RENEW_USEC  (600 * USEC_PER_SEC)
/* The daemon is niced so that it sees what happens; this can wait. */
#define NICENESS    5

enum { EVENTS, RECORDINGS, FLOWS };

struct flow {
	struct spooled spooled;
	uint64_t acked;	   /* frames that the hub has cosigned */
	uint64_t next;	   /* the hub wants this frame next; 0: ask it */
	int64_t due;	   /* loop_now(): not before */
	int64_t beat;	   /* when it was heard last */
	unsigned failures; /* in a row */
	char trouble[512]; /* said last; empty: none */
};

struct shipper {
	const struct agent *agent;
	void (*say)(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
	pid_t monitor;
	int store_fd;
	struct member member;
	struct http_client *client;
	struct flow flows[FLOWS];
	struct batch_writer writer;
	int64_t renew_at;
};

/* --- what goes wrong --- */

/* Double each time, with chance: hosts do not come back all at once. */
static int64_t backoff(unsigned failures)
{
	int64_t delay = RETRY_FIRST;
	uint32_t chance;

	while (failures-- > 1 && delay < RETRY_LAST)
		delay *= 2;
	if (delay > RETRY_LAST)
		delay = RETRY_LAST;
	random_bytes(&chance, sizeof chance);
	return delay / 2 + (int64_t)(chance % (uint32_t)(delay / 1000)) * 1000;
}

static void trouble(
    struct shipper *s, struct flow *f, int64_t at_least, const char *why)
{
	int64_t delay = backoff(++f->failures);

	f->due = loop_now() + (delay > at_least ? delay : at_least);
	/* The same again and again is said once. */
	if (strcmp(f->trouble, why) == 0)
		return;
	snprintf(f->trouble, sizeof f->trouble, "%s", why);
	s->say("hub: %s: %s", f->spooled.chain, why);
}

static void well(struct shipper *s, struct flow *f)
{
	if (f->trouble[0])
		s->say("hub: %s: goes on", f->spooled.chain);
	f->trouble[0] = '\0';
	f->failures = 0;
	f->due = 0;
	f->beat = loop_now();
}

/* --- asking --- */

/* The answer's status, or a negative errno. */
static int ask(struct shipper *s, const struct flow *f, const char *more,
    struct str body, struct http_answer *ret, struct err *err)
{
	static const char *const headers[] = {
	    "Content-Type: application/vnd.sshtrail.batch", NULL};
	char url[2048];
	int r;

	snprintf(url, sizeof url, "%s/v1/chains/%s%s", s->member.url,
	    f->spooled.chain, more);
	r = http_client_send(s->client,
	    &(struct http_request){body.p ? "POST" : "GET", url, headers, body},
	    ret, err);
	return r < 0 ? r : ret->status;
}

static void refused(
    struct shipper *s, struct flow *f, const struct http_answer *answer)
{
	struct arena a = ARENA_INIT;
	struct str detail = message_get(buf_str(&answer->body), "detail", &a);
	char why[512];

	snprintf(why, sizeof why, "%d: %.*s", answer->status, STR_ARG(detail));
	/* Where it goes on is for the hub to say. */
	f->next = 0;
	if (answer->status == 416 && f->failures++ == 0)
		f->due = 0;
	else
		trouble(s, f, answer->retry_after, why);
	arena_free(&a);
}

/* It has signed that it had more: it was restored from a backup, or worse. */
static void compare_acked(struct shipper *s, struct flow *f)
{
	if (f->next > f->acked)
		return;
	s->say("hub: %s: the hub has %llu frames, and has signed that it had "
	       "%llu: what it lost is sent again",
	    f->spooled.chain, (unsigned long long)f->next - 1,
	    (unsigned long long)f->acked);
	f->acked = f->next - 1;
}

static int learn_next(struct shipper *s, struct flow *f, struct err *err)
{
	struct http_answer answer;
	int r = ask(s, f, "", STR_NONE, &answer, err);

	if (r == 200) {
		if (!message_get_number(
			buf_str(&answer.body), "next", &f->next) ||
		    f->next == 0)
			r = err_set(err, -EBADMSG, "the hub says no number");
		else
			compare_acked(s, f);
	} else if (r > 0) {
		refused(s, f, &answer);
	}
	http_answer_free(&answer);
	return r < 0 ? r : 0;
}

/* --- what the hub acknowledges --- */

static void note_name(const struct flow *f, char *ret, size_t n)
{
	snprintf(ret, n, MEMBER_DIR "/%s.note", f->spooled.chain);
}

/*
 * A checkpoint with the hub's line: evidence that it has what it says, against
 * itself too.
 */
static int check_note(
    const struct shipper *s, struct flow *f, struct str note, struct err *err)
{
	struct checkpoint cp;
	uint64_t seconds;
	int r = checkpoint_verify(note, &f->spooled.key, &cp, err);

	if (r == 0)
		r = cosign_check(
		    note, s->member.hub_name, &s->member.hub, &seconds, err);
	if (r < 0)
		return err_context(err, r, "the hub's acknowledgement");
	f->acked = cp.size;
	return 0;
}

static int keep_note(
    struct shipper *s, struct flow *f, struct str note, struct err *err)
{
	char name[TRAIL_ORIGIN_MAX + 64];
	int r = check_note(s, f, note, err);

	if (r < 0)
		return r;
	note_name(f, name, sizeof name);
	r = fd_replace_file(s->store_fd, name, 0644, note.p, note.n);
	return r < 0 ? err_sys(err, r, "%s", name) : 0;
}

/* Of a run before; without it, a hub that went back is not seen as such. */
static void recall_note(const struct shipper *s, struct flow *f)
{
	char name[TRAIL_ORIGIN_MAX + 64];
	struct buf b = BUF_INIT;

	note_name(f, name, sizeof name);
	if (fd_read_file(s->store_fd, name, CHECKPOINT_NOTE_MAX, &b) == 0)
		(void)check_note(s, f, buf_str(&b), NULL);
	buf_free(&b);
}

static int acknowledged(struct shipper *s, struct flow *f,
    const struct http_answer *answer, uint64_t end, struct err *err)
{
	struct arena a = ARENA_INIT;
	struct str note = message_get(buf_str(&answer->body), "checkpoint", &a);
	uint64_t next = 0;
	int r = 0;

	if (!message_get_number(buf_str(&answer->body), "next", &next) ||
	    next < end)
		r = err_set(
		    err, -EBADMSG, "the hub acknowledges less than was sent");
	if (r == 0 && note.n)
		r = keep_note(s, f, note, err);
	if (r == 0)
		f->next = next;
	arena_free(&a);
	return r;
}

/* --- a flow --- */

static int send_batch(struct shipper *s, struct flow *f, struct err *err)
{
	struct buf body = BUF_INIT;
	struct http_answer answer;
	uint64_t end;
	int r = spooled_batch(&f->spooled, f->next, &s->writer, &end, err);

	if (r == 0)
		r = batch_end(&s->writer, &body);
	if (r < 0) {
		buf_free(&body);
		return r;
	}
	r = ask(s, f, "/frames", buf_str(&body), &answer, err);
	if (r == 200) {
		r = acknowledged(s, f, &answer, end, err);
		if (r == 0)
			well(s, f);
	} else if (r > 0) {
		refused(s, f, &answer);
	}
	http_answer_free(&answer);
	buf_free(&body);
	return r < 0 ? r : 0;
}

static bool wants_to_send(const struct flow *f, int64_t now)
{
	return f->next <= f->spooled.size || now - f->beat >= BEAT_USEC;
}

/* One request at the most. True: there is more to do at once. */
static bool work(struct shipper *s, struct flow *f)
{
	struct spooled *spooled = &f->spooled;
	int64_t now = loop_now();
	struct err why = {""};
	int r;

	if (now < f->due)
		return false;
	r = spooled_look(spooled, &why);
	if (r == 0 && spooled->note.n == 0)
		return false;
	if (r == 0 && f->next == 0)
		r = learn_next(s, f, &why);
	else if (r == 0 && f->next > spooled->size + 1)
		r = err_set(&why, -ESTALE,
		    "the hub has %llu frames, and here are %llu: this store "
		    "was restored from an older copy",
		    (unsigned long long)f->next - 1,
		    (unsigned long long)spooled->size);
	else if (r == 0 && wants_to_send(f, now))
		r = send_batch(s, f, &why);
	else if (r == 0)
		return false;
	if (r < 0) {
		f->next = 0;
		trouble(s, f, 0, why.text[0] ? why.text : strerror(-r));
	}
	return f->due == 0;
}

/* --- the process --- */

static int open_client(struct shipper *s, struct err *err)
{
	struct http_client_config cfg = {.proxy = s->agent->proxy};
	int r;

	http_client_close(s->client);
	s->client = NULL;
	member_free(&s->member);
	r = member_load(&s->member, s->agent->store, s->store_fd, err);
	if (r < 0)
		return r;
	cfg.tls = member_tls(&s->member);
	return http_client_open(&s->client, &cfg, err);
}

static int renew(struct shipper *s, struct err *err)
{
	const struct member *m = &s->member;
	int64_t now = loop_now(), left = m->until - time_now();
	char until[TIME_ISO_LEN];
	int r;

	if (now < s->renew_at ||
	    left > (m->until - m->from) / MEMBER_RENEW_PART)
		return 0;
	s->renew_at = now + RENEW_USEC;
	if (left <= 0) {
		time_format_iso(m->until, until);
		s->say("hub: the certificate of this host ended at %s, and the "
		       "hub takes no other: join again (sshtrail enroll)",
		    until);
		return 0;
	}
	r = member_renew(m, s->client, s->store_fd, err);
	if (r < 0) {
		s->say("hub: the certificate is not renewed: %s", err->text);
		return 0;
	}
	s->say("hub: the certificate is renewed");
	return open_client(s, err);
}

static int enter_sandbox(const struct shipper *s, struct err *err)
{
	const struct agent *a = s->agent;
	static const char *const names[] = {
	    "/etc", "/run/systemd/resolve", "/usr/share/zoneinfo"};
	char trail[4200], key[4200], member[4200];
	struct sandbox_path paths[6] = {
	    {trail, false}, {key, false}, {member, true}};
	struct sandbox box = {.uid = a->uid ? a->uid : getuid(),
	    .gid = a->uid ? a->gid : getgid(),
	    .paths = paths,
	    .n_paths = 3,
	    .needs = SANDBOX_CONNECT};
	struct sandbox_state state;

	/* Never the secret key: whoever takes this over signs nothing. */
	snprintf(trail, sizeof trail, "%s/" LAYOUT_TRAIL, a->store);
	snprintf(key, sizeof key, "%s/keys/host.pub", a->store);
	snprintf(member, sizeof member, "%s/" MEMBER_DIR, a->store);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (access(names[i], R_OK) == 0)
			paths[box.n_paths++].path = names[i];
	return sandbox_enter(&box, &state, err);
}

static int open_flows(struct shipper *s, struct err *err)
{
	static const char *const begins[FLOWS] = {
	    [EVENTS] = "events:", [RECORDINGS] = ARCHIVE_RECORDINGS};
	char chain[TRAIL_ORIGIN_MAX + 1];
	int r = 0;

	for (size_t i = 0; i < FLOWS && r == 0; i++) {
		snprintf(
		    chain, sizeof chain, "%s%s", begins[i], s->agent->host);
		r = spooled_open(&s->flows[i].spooled, s->store_fd, chain, err);
		if (r == 0)
			recall_note(s, &s->flows[i]);
	}
	return r;
}

static int open_all(struct shipper *s, struct err *err)
{
	int r = enter_sandbox(s, err);

	if (r < 0)
		return r;
	/* Becoming another user has undone what was asked before. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	s->store_fd = open(s->agent->store, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (s->store_fd < 0)
		return err_sys(err, -errno, "%s", s->agent->store);
	r = open_client(s, err);
	if (r == 0 && strcmp(s->member.name, s->agent->host) != 0)
		r = err_set(err, -EINVAL,
		    "this host joined as %s, and its events are those of %s: "
		    "enroll it as that (sshtrail enroll --name)",
		    s->member.name, s->agent->host);
	return r < 0 ? r : open_flows(s, err);
}

static int ship(struct shipper *s, struct err *err)
{
	const struct timespec nap = {.tv_nsec = LOOK_USEC * 1000};
	int r = 0;

	while (r == 0 && getppid() == s->monitor) {
		bool more;

		while (work(s, &s->flows[EVENTS]))
			;
		more = work(s, &s->flows[RECORDINGS]);
		r = renew(s, err);
		if (!more)
			nanosleep(&nap, NULL);
	}
	return r;
}

int shipper_run(const struct agent *a,
    void (*say)(const char *fmt, ...) __attribute__((format(printf, 1, 2))))
{
	struct shipper *s = calloc(1, sizeof *s);
	struct err err = {""};
	int r;

	if (!s)
		return -ENOMEM;
	s->agent = a;
	s->say = say;
	s->monitor = getppid();
	prctl(PR_SET_NAME, "sshtrail-ship");
	if (nice(NICENESS) < 0) {
		/* It is only slower than it need be for others. */
	}
	r = open_all(s, &err);
	if (r == 0)
		r = ship(s, &err);
	if (r < 0)
		say("hub: nothing is sent: %s", err.text);
	http_client_close(s->client);
	member_free(&s->member);
	for (size_t i = 0; i < FLOWS; i++)
		spooled_close(&s->flows[i].spooled);
	batch_free(&s->writer);
	free(s);
	return r;
}
