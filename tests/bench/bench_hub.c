/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many events a hub takes a second: batches of several hosts, checked,
 * kept, synced, cosigned, indexed and committed, without the network. Usage:
 * bench_hub EVENTS [HOSTS [DIRECTORY]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "hub/fixture.h"
#include "hub/hub.h"

#define HOSTS_MAX   64
#define COMMIT_USEC ((int64_t)500000)

struct host {
	struct fake_host fake;
	struct cert_info peer;
};

_Noreturn static void die(const char *what)
{
	fprintf(stderr, "%s\n", what);
	exit(1);
}

static void make_host(struct hub *h, struct host *host, unsigned n)
{
	struct host_entry *entry = &host->fake.entry;
	struct err err = {""};

	if (fake_host_make(&host->fake, h->place.dirfd, n, &err) < 0)
		die(err.text);
	entry->serial[0] = host->peer.serial[0] = '1';
	memcpy(host->peer.name, entry->id, sizeof entry->id);
	if (host_put(&h->place, entry, &err) < 0)
		die(err.text);
}

static void send_batch(struct hub *h, const struct host *host, struct str body)
{
	const struct http_call call = {.body = body, .peer = &host->peer};
	struct http_reply reply = {.body = BUF_INIT};

	hub_ingest(h, &call, host->fake.chain, &reply);
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
	double committed = fake_seconds(CLOCK_MONOTONIC);

	for (uint64_t done = 0, i = 0; done < events; done += FAKE_BATCH, i++) {
		struct buf body = BUF_INIT;
		double wall, cpu, commit;

		if (fake_host_batch(
			&hosts[i % n_hosts].fake, FAKE_BATCH, &body) < 0)
			die("batch");
		wall = fake_seconds(CLOCK_MONOTONIC);
		cpu = fake_seconds(CLOCK_PROCESS_CPUTIME_ID);
		send_batch(h, &hosts[i % n_hosts], buf_str(&body));
		if (wall - committed > (double)COMMIT_USEC / 1e6 ||
		    done + FAKE_BATCH >= events) {
			commit = fake_seconds(CLOCK_MONOTONIC);
			if (hub_commit(h, &err) < 0)
				die(err.text);
			committed = fake_seconds(CLOCK_MONOTONIC);
			if (committed - commit > t->slowest)
				t->slowest = committed - commit;
		}
		t->wall += fake_seconds(CLOCK_MONOTONIC) - wall;
		t->cpu += fake_seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
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
		make_host(&h, &hosts[i], (unsigned)i);
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
