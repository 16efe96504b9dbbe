/* SPDX-License-Identifier: Apache-2.0 */
#include "trail/fixture.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"

/* Stands still at 2026-11-22T00:00:00Z, so that chains can be compared. */
static void clock_steady(int64_t *realtime, int64_t *boottime)
{
	*realtime = 1795305600000000;
	*boottime = 1000000;
}

int fixture_setup(void **state)
{
	static const uint8_t boot[16] = "a boot of tests";
	struct fixture *fx = calloc(1, sizeof *fx);

	/* In memory where possible: thousands of syncs are not the subject. */
	snprintf(fx->path, sizeof fx->path, "%s/sshtrail-trail.XXXXXX",
	    access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (!mkdtemp(fx->path))
		return -1;
	fx->dirfd = open(fx->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fx->dirfd < 0 || sign_key_load(&fx->key, fx->dirfd, "k", NULL) < 0)
		return -1;
	fx->cfg = (struct trail_config){.origin = "events:test",
	    .key = &fx->key,
	    .now = clock_steady,
	    .boot_id = boot};
	fixture_clear(fx);
	*state = fx;
	return 0;
}

static DIR *dir_open(const struct fixture *fx)
{
	return fdopendir(openat(fx->dirfd, ".", O_RDONLY | O_DIRECTORY));
}

void fixture_clear(const struct fixture *fx)
{
	DIR *dir = dir_open(fx);
	struct dirent *e;

	while ((e = readdir(dir)))
		if (e->d_name[0] != '.')
			unlinkat(fx->dirfd, e->d_name, 0);
	closedir(dir);
}

int fixture_teardown(void **state)
{
	struct fixture *fx = *state;

	fixture_clear(fx);
	close(fx->dirfd);
	rmdir(fx->path);
	free(fx);
	return 0;
}

void fixture_payload(uint64_t seq, size_t size, struct buf *b)
{
	buf_clear(b);
	buf_printf(b, "{\"kind\":\"exec\",\"n\":%llu,\"argv\":\"",
	    (unsigned long long)seq);
	while (b->n + 2 < size)
		buf_add_char(b, (char)('a' + (seq + b->n) % 26));
	buf_add_z(b, "\"}");
	assert_int_equal(buf_error(b), 0);
}

void fixture_append(struct trail *t, unsigned n, size_t size)
{
	struct buf b = BUF_INIT;

	for (unsigned i = 0; i < n; i++) {
		uint64_t want = trail_last_seq(t) + 1, got;

		fixture_payload(want, size, &b);
		assert_int_equal(
		    trail_append(t, FRAME_EVENT, 7, buf_str(&b), &got, NULL),
		    0);
		assert_int_equal(got, want);
	}
	buf_free(&b);
}

void fixture_fill(const struct fixture *fx, unsigned n, size_t size)
{
	struct trail *t;
	struct err err = {""};
	int r = trail_open(&t, fx->dirfd, &fx->cfg, NULL, &err);

	if (r < 0)
		fail_msg("%s", err.text);
	fixture_append(t, n, size);
	assert_int_equal(trail_close(t, NULL), 0);
}

uint64_t fixture_count(const struct fixture *fx, size_t size)
{
	struct buf want = BUF_INIT;
	struct trail_reader *r;
	struct frame f;
	uint64_t n = 0;

	assert_int_equal(trail_reader_open(&r, fx->dirfd, 0, NULL), 0);
	while (trail_reader_next(r, &f, NULL) > 0) {
		fixture_payload(f.seq, size, &want);
		assert_int_equal(f.seq, n + 1);
		assert_true(str_eq(f.payload, buf_str(&want)));
		assert_int_equal(f.stream, 7);
		assert_int_equal(f.type, FRAME_EVENT);
		n++;
	}
	trail_reader_close(r);
	buf_free(&want);
	return n;
}

void fixture_get(const struct fixture *fx, const char *name, struct buf *b)
{
	buf_clear(b);
	assert_int_equal(fd_read_file(fx->dirfd, name, 1 << 26, b), 0);
}

void fixture_put(const struct fixture *fx, const char *name, struct str bytes)
{
	int fd = openat(fx->dirfd, name, O_WRONLY | O_CREAT | O_TRUNC, 0640);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, bytes.p, bytes.n), 0);
	close(fd);
}

unsigned fixture_files(const struct fixture *fx, const char *part)
{
	DIR *dir = dir_open(fx);
	struct dirent *e;
	unsigned n = 0;

	while ((e = readdir(dir)))
		n += str_find(str_z(e->d_name), str_z(part)) != STR_NPOS;
	closedir(dir);
	return n;
}
