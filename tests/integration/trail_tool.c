/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A trail from the shell, for tests.
 *   trail_tool append DIR COUNT SIZE [EVERY [BOOT [crash]]]
 *       append frames in boot BOOT, sync each EVERY (0: at the end only);
 *       prints "synced SEQ" whenever all is on the disk; with `crash`, end
 *       without a checkpoint
 *   trail_tool fill DIR SIZE   append until there is no room, close; prints
 *       "stored SEQ"
 *   trail_tool count DIR       number of good frames, each as expected
 *   trail_tool verify DIR      "VERDICT SEGMENT SEQ" lines; 0 sound, 3 not
 *   trail_tool go-on DIR COUNT SIZE   append, verify and count
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "trail/verify.h"

#define ORIGIN "events:tool"

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

static uint64_t number(const char *s)
{
	uint64_t v;

	if (!str_u64(str_z(s), &v))
		die(2, "not a number: %s", s);
	return v;
}

static void payload(struct buf *b, uint64_t seq, size_t size)
{
	buf_clear(b);
	buf_printf(b, "{\"n\":%llu,\"x\":\"", (unsigned long long)seq);
	while (b->n + 2 < size)
		buf_add_char(b, (char)('a' + (seq * 7 + b->n) % 26));
	buf_add_z(b, "\"}");
}

static int tell_synced(struct trail *t)
{
	struct err err = {""};
	int r = trail_sync(t, &err);

	if (r < 0) {
		fprintf(stderr, "%s\n", err.text);
		return r;
	}
	printf("synced %llu\n", (unsigned long long)trail_last_seq(t));
	fflush(stdout);
	return 0;
}

static int append(int dirfd, int keyfd, char **args)
{
	uint64_t count = number(args[0]), size = number(args[1]);
	uint64_t every = args[2] ? number(args[2]) : 0;
	uint8_t boot[16] = {
	    (uint8_t)(args[2] && args[3] ? number(args[3]) : 0)};
	bool crash = args[2] && args[3] && args[4];
	struct trail_config cfg = {.origin = ORIGIN, .boot_id = boot};
	struct trail_recovery rec;
	struct sign_key key;
	struct err err = {""};
	struct buf b = BUF_INIT;
	struct trail *t;
	int r;

	if (sign_key_load(&key, keyfd, "host", &err) < 0)
		die(4, "%s", err.text);
	cfg.key = &key;
	r = trail_open(&t, dirfd, &cfg, &rec, &err);
	if (r < 0)
		die(4, "open: %s", err.text);
	printf("opened %llu torn %llu\n", (unsigned long long)rec.last_seq,
	    (unsigned long long)rec.torn_bytes);
	fflush(stdout);
	for (uint64_t i = 1; r == 0 && i <= count; i++) {
		payload(&b, trail_last_seq(t) + 1, size);
		r = trail_append(t, FRAME_EVENT, 1, buf_str(&b), NULL, &err);
		if (r == 0 && every && i % every == 0)
			r = tell_synced(t);
	}
	buf_free(&b);
	if (crash || r < 0) {
		trail_abandon(t);
		return r < 0 ? 4 : 0;
	}
	r = tell_synced(t);
	if (r == 0)
		return trail_close(t, &err) < 0 ? 4 : 0;
	trail_abandon(t);
	return 4;
}

static int fill(int dirfd, int keyfd, char **args)
{
	uint64_t size = number(args[0]);
	struct trail_config cfg = {.origin = ORIGIN};
	struct sign_key key;
	struct err err = {""};
	struct buf b = BUF_INIT;
	struct trail *t;
	int r;

	if (sign_key_load(&key, keyfd, "host", &err) < 0)
		die(4, "%s", err.text);
	cfg.key = &key;
	r = trail_open(&t, dirfd, &cfg, NULL, &err);
	if (r < 0)
		die(4, "open: %s", err.text);
	while (r == 0) {
		payload(&b, trail_last_seq(t) + 1, size);
		r = trail_append(t, FRAME_EVENT, 1, buf_str(&b), NULL, &err);
	}
	buf_free(&b);
	if (r != -ENOSPC)
		die(4, "%s", err.text);
	printf("stored %llu\n", (unsigned long long)trail_last_seq(t));
	if (trail_close(t, &err) < 0)
		die(4, "close: %s", err.text);
	return 0;
}

static int count(int dirfd)
{
	struct trail_reader *r;
	struct buf want = BUF_INIT;
	struct err err = {""};
	struct frame f;
	uint64_t n = 0;
	int e;

	if (trail_reader_open(&r, dirfd, 0, &err) < 0)
		die(4, "%s", err.text);
	while ((e = trail_reader_next(r, &f, &err)) > 0) {
		payload(&want, f.seq, f.payload.n);
		if (f.seq != ++n || !str_eq(f.payload, buf_str(&want)))
			die(3, "frame %llu is not as it was written",
			    (unsigned long long)n);
	}
	if (e < 0)
		die(3, "%s", err.text);
	trail_reader_close(r);
	buf_free(&want);
	printf("%llu\n", (unsigned long long)n);
	return 0;
}

static void print_finding(void *ctx, const struct finding *f)
{
	printf("%s %s %llu\n", verdict_name(f->verdict), f->segment,
	    (unsigned long long)f->seq);
	fprintf(stderr, "%s\n", f->detail);
}

static int verify(int dirfd, int keyfd)
{
	const struct verify_sink sink = {.finding = print_finding};
	struct verify_result ret;
	struct sign_public pub;
	struct err err = {""};
	char line[512];
	ssize_t n;
	int fd = openat(keyfd, "host.pub", O_RDONLY | O_CLOEXEC);

	n = fd < 0 ? -1 : read(fd, line, sizeof line);
	if (n < 0 || sign_public_parse(str_trim(str_make(line, (size_t)n)),
			 &pub, NULL, &err) < 0)
		die(4, "host.pub: %s", err.text);
	close(fd);
	if (trail_verify(dirfd, &pub, ORIGIN, &sink, &ret, &err) < 0)
		die(4, "%s", err.text);
	return ret.sound ? 0 : 3;
}

static int go_on(int dirfd, int keyfd, char **args)
{
	int r = append(dirfd, keyfd, args);

	if (r == 0)
		r = verify(dirfd, keyfd);
	return r ? r : count(dirfd);
}

int main(int argc, char **argv)
{
	int dirfd, keyfd;
	char keys[4096];

	if (argc < 3)
		die(2,
		    "usage: trail_tool append|fill|count|verify|go-on DIR ...");
	/* The keys lie in the directory above, as they do in a store. */
	snprintf(keys, sizeof keys, "%s/..", argv[2]);
	dirfd = open(argv[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	keyfd = open(keys, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0 || keyfd < 0)
		die(4, "%s: %s", argv[2], strerror(errno));
	if (strcmp(argv[1], "append") == 0 && argc >= 5)
		return append(dirfd, keyfd, argv + 3);
	if (strcmp(argv[1], "go-on") == 0 && argc == 5)
		return go_on(dirfd, keyfd, argv + 3);
	if (strcmp(argv[1], "fill") == 0 && argc >= 4)
		return fill(dirfd, keyfd, argv + 3);
	if (strcmp(argv[1], "count") == 0)
		return count(dirfd);
	if (strcmp(argv[1], "verify") == 0)
		return verify(dirfd, keyfd);
	die(2, "not a command: %s", argv[1]);
}
