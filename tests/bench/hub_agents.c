/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Agents of a hub that runs, each with a key, a certificate and a connection of
 * its own. They are made members by the hub's own code, in its store.
 *
 *   hub_agents load STORE URL DIR AGENTS BATCHES
 *     each sends so many batches (hub/fixture.h), made before, one behind the
 *     other, all of them at once
 *   hub_agents idle STORE URL DIR AGENTS SECONDS
 *     each sends a session, and then a heartbeat a minute
 *   hub_agents spool STORE MIB
 *     no hub: the store of a host whose trail takes so much; the process kills
 *     itself with 20,000 to 40,000 of its events not committed
 *
 * DIR is for what agents keep. Lines of output, with times of the monotonic
 * clock: "begin TIME", "took TIME EVENTS" for each answer of the hub, "idle
 * TIME" when all are connected, "beats N", "appended N".
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "archive/archive.h"
#include "base/arena.h"
#include "base/fd.h"
#include "base/when.h"
#include "hub/fixture.h"
#include "wire/message.h"

#define CERT_DAYS 2
#define COMMIT	  20000
#define BEAT	  60.0 /* seconds, as the shipper's */

struct agent {
	struct fake_host host;
	struct http_client *client;
	char pem[64], url[256];
	struct buf *batches;
	double beat; /* the next */
	pthread_t thread;
};

struct crowd {
	const char *url;
	char ca[4096];
	int dirfd;
	struct place place;
	struct agent *agents;
	uint64_t n, n_batches;
	pthread_barrier_t ready;
};

static struct crowd crowd;

_Noreturn static void die(const char *what)
{
	fprintf(stderr, "hub_agents: %s\n", what);
	exit(1);
}

static uint64_t number(const char *text)
{
	uint64_t n;

	if (!str_u64(str_z(text), &n) || n == 0)
		die("a number above 0 was expected");
	return n;
}

/* --- membership --- */

static void make_certificate(struct agent *a, struct buf *pem)
{
	const struct cert_signer ca = {
	    buf_str(&crowd.place.ca_cert), buf_str(&crowd.place.ca_key)};
	struct buf key = BUF_INIT, request = BUF_INIT;
	struct cert_info info;
	struct err err = {""};

	if (cert_make_key(&key, &err) < 0 ||
	    cert_make_request(buf_str(&key), a->host.entry.id, &request, &err) <
		0 ||
	    cert_sign_client(&ca, buf_str(&request), a->host.entry.id,
		CERT_DAYS, pem, &err) < 0 ||
	    cert_read(buf_str(pem), &info, &err) < 0)
		die(err.text);
	memcpy(a->host.entry.serial, info.serial, sizeof info.serial);
	a->host.entry.until = info.until;
	buf_add_str(pem, buf_str(&key));
	buf_free(&key);
	buf_free(&request);
}

static void join(struct agent *a, unsigned i)
{
	struct buf pem = BUF_INIT;
	struct http_client_config cfg = {
	    .tls = {
		.ca_file = crowd.ca, .cert_file = a->pem, .key_file = a->pem}};
	struct err err = {""};

	if (fake_host_make(&a->host, crowd.dirfd, i, &err) < 0)
		die(err.text);
	make_certificate(a, &pem);
	snprintf(a->pem, sizeof a->pem, "client%u.pem", i);
	snprintf(
	    a->url, sizeof a->url, "%s/v1/chains/%s", crowd.url, a->host.chain);
	if (fd_replace_file(crowd.dirfd, a->pem, 0600, pem.p, pem.n) < 0 ||
	    host_put(&crowd.place, &a->host.entry, &err) < 0 ||
	    http_client_open(&a->client, &cfg, &err) < 0)
		die(err.text);
	buf_free(&pem);
}

/* --- requests --- */

/* The hub wants what comes next of the chain; anything else is the end. */
static void ask(
    struct agent *a, const char *more, struct str body, uint64_t next)
{
	char url[sizeof a->url + 16];
	const struct http_request request = {
	    body.p ? "POST" : "GET", url, NULL, body};
	struct http_answer answer;
	struct err err = {""};
	uint64_t said = 0;

	snprintf(url, sizeof url, "%s%s", a->url, more);
	if (http_client_send(a->client, &request, &answer, &err) < 0)
		die(err.text);
	if (answer.status != 200)
		die(buf_z(&answer.body));
	if (!message_get_number(buf_str(&answer.body), "next", &said) ||
	    said != next)
		die("the hub acknowledges another number than was sent");
	http_answer_free(&answer);
}

static void send_batch(struct agent *a, const struct buf *batch, uint64_t next)
{
	ask(a, "/frames", buf_str(batch), next);
}

static void make_batch(struct agent *a, unsigned events, struct buf *ret)
{
	if (fake_host_batch(&a->host, events, ret) < 0)
		die("no batch");
}

/* --- load --- */

static void *send_all(void *ctx)
{
	struct agent *a = ctx;

	ask(a, "", STR_NONE, 1);
	pthread_barrier_wait(&crowd.ready);
	for (uint64_t i = 0; i < crowd.n_batches; i++) {
		send_batch(a, &a->batches[i], (i + 1) * FAKE_BATCH + 1);
		printf("took %.6f %d\n", fake_seconds(CLOCK_MONOTONIC),
		    FAKE_BATCH);
	}
	return NULL;
}

static void load(const char *batches)
{
	crowd.n_batches = number(batches);
	for (uint64_t i = 0; i < crowd.n; i++) {
		struct agent *a = &crowd.agents[i];

		a->batches = calloc(crowd.n_batches, sizeof *a->batches);
		if (!a->batches)
			die("no memory");
		for (uint64_t k = 0; k < crowd.n_batches; k++)
			make_batch(a, FAKE_BATCH, &a->batches[k]);
	}
	pthread_barrier_init(&crowd.ready, NULL, (unsigned)crowd.n + 1);
	for (uint64_t i = 0; i < crowd.n; i++)
		if (pthread_create(&crowd.agents[i].thread, NULL, send_all,
			&crowd.agents[i]) != 0)
			die("no thread");
	pthread_barrier_wait(&crowd.ready);
	printf("begin %.6f\n", fake_seconds(CLOCK_MONOTONIC));
	for (uint64_t i = 0; i < crowd.n; i++)
		pthread_join(crowd.agents[i].thread, NULL);
}

/* --- idle --- */

static void idle(const char *seconds)
{
	struct buf b = BUF_INIT;
	uint64_t beats = 0;
	double end;

	for (uint64_t i = 0; i < crowd.n; i++) {
		struct agent *a = &crowd.agents[i];

		ask(a, "", STR_NONE, 1);
		buf_clear(&b);
		make_batch(a, FAKE_SESSION, &b);
		send_batch(a, &b, FAKE_SESSION + 1);
		a->beat = fake_seconds(CLOCK_MONOTONIC) + BEAT;
	}
	printf("idle %.6f\n", fake_seconds(CLOCK_MONOTONIC));
	end = fake_seconds(CLOCK_MONOTONIC) + (double)number(seconds);
	for (uint64_t i = 0;; i = (i + 1) % crowd.n) {
		struct agent *a = &crowd.agents[i];
		double nap = a->beat - fake_seconds(CLOCK_MONOTONIC);

		if (a->beat >= end)
			break;
		if (nap > 0)
			usleep((useconds_t)(nap * 1e6));
		buf_clear(&b);
		make_batch(a, 0, &b);
		send_batch(a, &b, FAKE_SESSION + 1);
		a->beat += BEAT;
		beats++;
	}
	end -= fake_seconds(CLOCK_MONOTONIC);
	if (end > 0)
		usleep((useconds_t)(end * 1e6));
	printf("beats %llu\n", (unsigned long long)beats);
	buf_free(&b);
}

/* --- spool --- */

/* A command with an argument that does not shrink: 1 KB, of random digits. */
static void append(struct archive *archive, int64_t time)
{
	char argv[1100] = "deploy";
	uint8_t random[500];
	struct event ev;
	struct err err = {""};

	random_bytes(random, sizeof random);
	for (size_t i = 0; i < sizeof random; i++)
		snprintf(argv + 7 + 2 * i, 3, "%02x", random[i]);
	event_init(&ev, EVENT_EXEC);
	ev.trust = TRUST_KERNEL;
	ev.time = time;
	ev.host = STR("web-1");
	ev.source = STR("audit");
	event_set_int(&ev, F_SES, time / 50000000 % 1000000 + 1);
	event_set_int(&ev, F_AUID, 1001);
	event_set_int(&ev, F_PID, 2000 + time % 30000);
	event_set_str(&ev, F_EXE, STR("/usr/bin/deploy"));
	event_set_str(&ev, F_ARGV, str_make(argv, 7 + 2 * sizeof random + 1));
	if (archive_append(archive, &ev, &err) < 0)
		die(err.text);
}

_Noreturn static void spool(const char *store, const char *mebibytes)
{
	/* 530 bytes of an event remain, compressed. */
	const uint64_t events = (number(mebibytes) << 20) / 530;
	struct archive *archive;
	struct err err = {""};

	if (archive_open(&archive, store, ARCHIVE_WRITE, &err) < 0 ||
	    archive_begin(archive, "events:web-1", &err) < 0)
		die(err.text);
	for (uint64_t i = 0; i < events; i++) {
		append(archive,
		    (int64_t)1795000000 * USEC_PER_SEC + (int64_t)i * 1000000);
		if (i % COMMIT == 0 && i + COMMIT < events &&
		    archive_commit(archive, &err) < 0)
			die(err.text);
	}
	if (archive_sync(archive, &err) < 0)
		die(err.text);
	printf("appended %llu\n", (unsigned long long)events);
	kill(getpid(), SIGKILL);
	abort();
}

/* --- */

static void open_crowd(char **argv)
{
	struct rlimit files;
	struct err err = {""};

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	if (place_open(&crowd.place, argv[2], &err) < 0)
		die(err.text);
	snprintf(crowd.ca, sizeof crowd.ca, "%s/" HUB_DIR "/ca.crt", argv[2]);
	crowd.url = argv[3];
	if (chdir(argv[4]) < 0)
		die("DIR: no such directory");
	crowd.dirfd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	crowd.n = number(argv[5]);
	crowd.agents = calloc(crowd.n, sizeof *crowd.agents);
	if (crowd.dirfd < 0 || !crowd.agents)
		die("no memory");
	for (uint64_t i = 0; i < crowd.n; i++)
		join(&crowd.agents[i], (unsigned)i);
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 4 && strcmp(mode, "spool") == 0)
		spool(argv[2], argv[3]);
	if (argc != 7 || (strcmp(mode, "load") && strcmp(mode, "idle")))
		die("usage: hub_agents load|idle STORE URL DIR AGENTS "
		    "BATCHES|SECONDS, or hub_agents spool STORE MIB");
	open_crowd(argv);
	if (strcmp(mode, "load") == 0)
		load(argv[6]);
	else
		idle(argv[6]);
	return 0;
}
