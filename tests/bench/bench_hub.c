/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many events a hub takes a second: batches of several hosts, checked,
 * kept, synced, cosigned, indexed and committed, without the network. Usage:
 * bench_hub EVENTS [HOSTS [DIRECTORY]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/fd.h"
#include "base/when.h"
#include "crypto/checkpoint.h"
#include "hub/hub.h"
#include "trail/frame.h"
#include "wire/batch.h"

#define HOSTS_MAX   64
#define BATCH	    2000 /* events: as in 0.9 MB */
#define SESSION	    50	 /* events of one session */
#define COMMIT_USEC ((int64_t)500000)

struct host {
	struct host_entry entry;
	struct cert_info peer;
	struct sign_key key;
	struct merkle tree;
	char chain[sizeof "events:" + CERT_NAME_MAX];
	uint64_t sent;
};

static double seconds(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

_Noreturn static void die(const char *what)
{
	fprintf(stderr, "%s\n", what);
	exit(1);
}

static void make_host(struct hub *h, struct host *host, int n)
{
	char dir[16];
	struct err err;
	int fd;

	snprintf(dir, sizeof dir, "key%d", n);
	snprintf(host->entry.name, sizeof host->entry.name, "web-%d", n);
	snprintf(host->chain, sizeof host->chain, "events:web-%d", n);
	if (fd_open_dir(h->place.dirfd, dir, 0700, &fd) < 0 ||
	    sign_key_load(&host->key, fd, "host", &err) < 0)
		die("no key");
	fd_close(&fd);
	host->entry.key = host->key.pub;
	host->entry.serial[0] = host->peer.serial[0] = '1';
	host_id(&host->key.pub, host->entry.id);
	memcpy(host->peer.name, host->entry.id, sizeof host->entry.id);
	merkle_init(&host->tree);
	if (host_put(&h->place, &host->entry, &err) < 0)
		die(err.text);
}

/* The daemon's start, then sessions: one event of login, commands, its end. */
static void payload(const struct host *host, uint64_t seq, struct buf *b)
{
	uint64_t n = seq % SESSION, ses = seq / SESSION + 1;
	const char *kind = seq == 1	      ? "agent.start"
			   : n == 0	      ? "session.open"
			   : n == SESSION - 1 ? "session.close"
					      : "exec";

	buf_clear(b);
	buf_printf(b,
	    "{\"time\":\"2026-11-%02lluT%02llu:%02llu:%02llu.%06lluZ\","
	    "\"host\":"
	    "\"%s\",\"boot\":\"0123456789abcdef0123456789abcdef\",\"kind\":\"%"
	    "s\""
	    ",\"source\":\"audit\",\"trust\":\"kernel\",\"ses\":%llu,\"auid\":"
	    "1001,\"pid\":%llu,\"ppid\":%llu,\"uid\":0,\"exe\":\"/usr/bin/"
	    "systemctl\",\"argv\":[\"systemctl\",\"restart\",\"unit-%llu\"],"
	    "\"cwd\":\"/home/alice\"}",
	    (unsigned long long)(1 + seq / 8640000 % 28),
	    (unsigned long long)(seq / 360000 % 24),
	    (unsigned long long)(seq / 6000 % 60),
	    (unsigned long long)(seq / 100 % 60),
	    (unsigned long long)(seq % 100 * 10000), host->entry.name, kind,
	    (unsigned long long)ses, (unsigned long long)(2000 + seq % 30000),
	    (unsigned long long)(1000 + ses % 30000),
	    (unsigned long long)(seq % 977));
}

/* As a shipper would send them. */
static void make_batch(struct host *host, struct buf *ret)
{
	struct batch_writer w = {.n = 0};
	struct checkpoint cp = {.origin = str_z(host->chain)};
	struct buf b = BUF_INIT, note = BUF_INIT;
	struct sha256 leaf;

	batch_begin(&w, STR_NONE);
	for (int i = 0; i < BATCH; i++) {
		struct frame f = {.seq = ++host->sent, .type = FRAME_EVENT};
		size_t at = w.plain.n;

		payload(host, f.seq, &b);
		f.payload = buf_str(&b);
		batch_add(&w, &f);
		merkle_leaf_hash(w.plain.p + at, w.plain.n - at, &leaf);
		merkle_append(&host->tree, &leaf);
	}
	cp.size = host->sent;
	merkle_root(&host->tree, &cp.root);
	if (checkpoint_sign(&cp, &host->key, &note) < 0)
		die("checkpoint");
	batch_set_note(&w, buf_str(&note));
	if (batch_end(&w, ret) < 0)
		die("batch");
	batch_free(&w);
	buf_free(&b);
	buf_free(&note);
}

static void send_batch(struct hub *h, const struct host *host, struct str body)
{
	const struct http_call call = {.body = body, .peer = &host->peer};
	struct http_reply reply = {.body = BUF_INIT};

	hub_ingest(h, &call, host->chain, &reply);
	if (reply.status)
		die(buf_z(&reply.body));
	buf_free(&reply.body);
}

struct times {
	double wall, cpu, slowest;
};

static void run(struct hub *h, struct host *hosts, uint64_t n_hosts,
    uint64_t events, struct times *t)
{
	struct err err = {""};
	double committed = seconds(CLOCK_MONOTONIC);

	for (uint64_t done = 0, i = 0; done < events; done += BATCH, i++) {
		struct buf body = BUF_INIT;
		double wall, cpu, commit;

		make_batch(&hosts[i % n_hosts], &body);
		wall = seconds(CLOCK_MONOTONIC);
		cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
		send_batch(h, &hosts[i % n_hosts], buf_str(&body));
		if (wall - committed > (double)COMMIT_USEC / 1e6 ||
		    done + BATCH >= events) {
			commit = seconds(CLOCK_MONOTONIC);
			if (hub_commit(h, &err) < 0)
				die(err.text);
			committed = seconds(CLOCK_MONOTONIC);
			if (committed - commit > t->slowest)
				t->slowest = committed - commit;
		}
		t->wall += seconds(CLOCK_MONOTONIC) - wall;
		t->cpu += seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
		buf_free(&body);
	}
}

int main(int argc, char **argv)
{
	static const char *const names[] = {"localhost", NULL};
	static struct host hosts[HOSTS_MAX];
	struct hub_config cfg = {.name = "hub"};
	struct hub h = {.cfg = &cfg};
	struct times t = {0};
	uint64_t events = 0, n_hosts = 8;
	char dir[] = "/tmp/bench_hub.XXXXXX";
	const char *store = argc > 3 ? argv[3] : mkdtemp(dir);
	struct err err = {""};

	if (argc < 2 || !store || !str_u64(str_z(argv[1]), &events) ||
	    (argc > 2 && !str_u64(str_z(argv[2]), &n_hosts)) || n_hosts == 0 ||
	    n_hosts > HOSTS_MAX)
		die("usage: bench_hub EVENTS [HOSTS [DIRECTORY]]");
	if (place_init(store, names, &err) < 0 ||
	    place_open(&h.place, store, &err) < 0 ||
	    archive_open(&h.archive, store, ARCHIVE_WRITE, &err) < 0 ||
	    archive_begin(h.archive, "events:hub", &err) < 0)
		die(err.text);
	for (uint64_t i = 0; i < n_hosts; i++)
		make_host(&h, &hosts[i], (int)i);
	run(&h, hosts, n_hosts, events, &t);
	printf("%llu events of %llu hosts: %.0f/s, %.0f for a second of CPU; "
	       "slowest commit %.2f s\n",
	    (unsigned long long)events, (unsigned long long)n_hosts,
	    (double)events / t.wall, (double)events / t.cpu, t.slowest);
	hub_close_chains(&h);
	silence_free(&h.silence);
	archive_close(h.archive);
	place_close(&h.place);
	if (argc <= 3)
		fd_remove_tree(store);
	return 0;
}
