/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast frames of about 400 bytes of JSON go into a trail, out of it, and
 * through verification. Usage: bench_trail [MEGABYTES [DIRECTORY]]
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "trail/verify.h"

__attribute__((format(printf, 2, 3))) _Noreturn static void die(
    int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(code);
}

struct stopwatch {
	double wall, cpu, own; /* own: CPU of the calling thread */
};

static double seconds(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void start(struct stopwatch *w)
{
	w->wall = seconds(CLOCK_MONOTONIC);
	w->cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
	w->own = seconds(CLOCK_THREAD_CPUTIME_ID);
}

static void stop(const struct stopwatch *w, const char *what, uint64_t bytes)
{
	double wall = seconds(CLOCK_MONOTONIC) - w->wall;
	double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - w->cpu;
	double own = seconds(CLOCK_THREAD_CPUTIME_ID) - w->own;

	printf("%-8s %7.1f MB/s  %6.3f s, CPU %6.3f s, of this thread "
	       "%6.3f s\n",
	    what, (double)bytes / 1e6 / wall, wall, cpu, own);
}

static void payload(struct buf *b, uint64_t i)
{
	static const char *const users[] = {"alice", "bob", "deploy", "root"};
	static const char *const commands[] = {"/usr/bin/systemctl",
	    "/usr/bin/journalctl", "/bin/ls", "/usr/bin/psql", "/usr/bin/git"};
	const char *cmd = commands[i * 7 % 5];

	buf_clear(b);
	buf_printf(b,
	    "{\"time\":\"2026-11-22T10:%02u:%02u.%06uZ\",\"host\":\"web-%02u\","
	    "\"boot\":\"6f2c1c0e8f0a4c57a1d0c6b1b7d5e3f2\",\"kind\":\"exec\","
	    "\"session\":\"%016llx\",\"source\":\"audit\",\"trust\":\"kernel\","
	    "\"user\":\"%s\",\"uid\":%u,\"pid\":%u,\"ppid\":%u,\"tty\":\"pts%"
	    "u\","
	    "\"exe\":\"%s\",\"argv\":[\"%s\",\"--since\",\"%u\",\"/srv/app%u/"
	    "releases/%u/config.yml\"],\"cwd\":\"/home/%s\"}",
	    (unsigned)(i / 60 % 60), (unsigned)(i % 60),
	    (unsigned)(i * 7919 % 1000000), (unsigned)(i % 20),
	    (unsigned long long)(i / 40) * 0x9e3779b97f4a7c15u, users[i % 4],
	    1000 + (unsigned)(i % 4), 2000 + (unsigned)(i * 13 % 30000),
	    2000 + (unsigned)(i * 11 % 30000), (unsigned)(i % 12), cmd, cmd,
	    (unsigned)(i * 31 % 86400), (unsigned)(i % 9),
	    (unsigned)(i * 17 % 1000), users[i % 4]);
}

static uint64_t append(struct trail *t, uint64_t total)
{
	struct buf lines[1024] = {{0}};
	struct err err = {""};
	uint64_t bytes = 0;

	for (uint64_t i = 0; i < 1024; i++)
		payload(&lines[i], i * 104729);
	for (uint64_t i = 0; bytes < total; i++) {
		struct str p = buf_str(&lines[i % 1024]);

		if (trail_append(t, FRAME_EVENT, 1, p, NULL, &err) < 0)
			die(1, "%s", err.text);
		bytes += 40 + p.n;
	}
	for (uint64_t i = 0; i < 1024; i++)
		buf_free(&lines[i]);
	return bytes;
}

static void bench_read(int dirfd, uint64_t bytes)
{
	struct trail_reader *r;
	struct stopwatch w;
	struct frame f;
	uint64_t got = 0;

	start(&w);
	if (trail_reader_open(&r, dirfd, 0, NULL) < 0)
		die(1, "cannot read");
	while (trail_reader_next(r, &f, NULL) > 0)
		got += 40 + f.payload.n;
	trail_reader_close(r);
	if (got != bytes)
		die(1, "%llu bytes of %llu read", (unsigned long long)got,
		    (unsigned long long)bytes);
	stop(&w, "read", bytes);
}

static void bench_verify(int dirfd, const struct sign_key *key)
{
	struct verify_result ret;
	struct stopwatch w;

	start(&w);
	if (trail_verify(dirfd, &key->pub, "bench", NULL, &ret, NULL) < 0 ||
	    !ret.sound)
		die(1, "does not verify");
	stop(&w, "verify", ret.bytes);
}

static uint64_t clear(int dirfd)
{
	DIR *dir = fdopendir(openat(dirfd, ".", O_RDONLY | O_DIRECTORY));
	struct dirent *e;

	while ((e = readdir(dir)))
		if (e->d_name[0] != '.')
			unlinkat(dirfd, e->d_name, 0);
	closedir(dir);
	return 0;
}

int main(int argc, char **argv)
{
	uint64_t megabytes = 150, bytes;
	const char *parent = argc > 2 ? argv[2] : "/tmp";
	struct trail_config cfg = {.origin = "bench"};
	struct sign_key key;
	struct stopwatch w;
	struct trail *t;
	struct err error = {""};
	char path[256];
	int dirfd;

	if (argc > 1 && !str_u64(str_z(argv[1]), &megabytes))
		die(2, "usage: bench_trail [MEGABYTES [DIRECTORY]]");
	snprintf(path, sizeof path, "%s/bench-trail.XXXXXX", parent);
	if (!mkdtemp(path) || (dirfd = open(path, O_RDONLY | O_DIRECTORY)) < 0)
		die(1, "%s: %s", path, strerror(errno));
	if (sign_key_load(&key, dirfd, "k", &error) < 0)
		die(1, "%s", error.text);
	cfg.key = &key;
	if (trail_open(&t, dirfd, &cfg, NULL, &error) < 0)
		die(1, "%s", error.text);
	start(&w);
	bytes = append(t, megabytes * 1000000);
	if (trail_close(t, &error) < 0)
		die(1, "%s", error.text);
	stop(&w, "append", bytes);
	bench_read(dirfd, bytes);
	bench_verify(dirfd, &key);
	clear(dirfd);
	close(dirfd);
	return rmdir(path) < 0;
}
