/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/bpf/streams.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#define CALLED 1764115200123

/* In the place of the map: memory that both sides see. */
struct map {
	int fd;
	struct stream *slots;
	struct streams streams;
};

static void map_make(struct map *m)
{
	const size_t bytes = STREAMS_SLOTS * sizeof *m->slots;

	m->fd = memfd_create("streams", MFD_CLOEXEC);
	assert_true(m->fd >= 0 && ftruncate(m->fd, (off_t)bytes) == 0);
	m->slots =
	    mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, m->fd, 0);
	assert_ptr_not_equal(m->slots, MAP_FAILED);
	assert_int_equal(streams_open(&m->streams, m->fd), 0);
}

static void map_drop(struct map *m)
{
	streams_close(&m->streams);
	munmap(m->slots, STREAMS_SLOTS * sizeof *m->slots);
	close(m->fd);
}

static void connects(
    struct map *m, uint16_t family, const void *addr, size_t n, uint32_t times)
{
	struct stream s = {.pid = 77,
	    .family = family,
	    .port = 443,
	    .called = CALLED,
	    .n = times};

	memcpy(s.addr, addr, n);
	m->slots[stream_slot(s.pid, s.port, s.called)] = s;
}

static bool take(
    struct map *m, int64_t pid, const char *addr, int64_t port, int64_t time)
{
	struct event ev;

	event_init(&ev, EVENT_NET_CONNECT);
	ev.time = time;
	event_set_int(&ev, F_PID, pid);
	if (addr)
		event_set_str(&ev, F_ADDR, str_z(addr));
	event_set_int(&ev, F_PORT, port);
	return streams_take(&m->streams, &ev);
}

static void each_once(void **state)
{
	struct map m;

	(void)state;
	map_make(&m);
	assert_false(take(&m, 77, "192.0.2.1", 443, CALLED * 1000));
	connects(&m, 2, "\xc0\0\2\1", 4, 2);
	assert_true(take(&m, 77, "192.0.2.1", 443, CALLED * 1000));
	assert_true(take(&m, 77, "192.0.2.1", 443, CALLED * 1000));
	/* A third one is another kind of socket. */
	assert_false(take(&m, 77, "192.0.2.1", 443, CALLED * 1000));
	/* One more of these. */
	connects(&m, 2, "\xc0\0\2\1", 4, 3);
	assert_true(take(&m, 77, "192.0.2.1", 443, CALLED * 1000));
	map_drop(&m);
}

static void only_the_same(void **state)
{
	struct map m;

	(void)state;
	map_make(&m);
	connects(&m, 2, "\xc0\0\2\1", 4, 9);
	assert_false(take(&m, 78, "192.0.2.1", 443, CALLED * 1000));
	assert_false(take(&m, 77, "192.0.2.2", 443, CALLED * 1000));
	assert_false(take(&m, 77, "192.0.2.1", 53, CALLED * 1000));
	assert_false(take(&m, 77, "192.0.2.1", 443, (CALLED + 4) * 1000));
	assert_false(take(&m, 77, "2001:db8::1", 443, CALLED * 1000));
	assert_false(take(&m, 77, "no address", 443, CALLED * 1000));
	assert_false(take(&m, 77, NULL, 443, CALLED * 1000));
	assert_false(take(&m, 0, "192.0.2.1", 443, CALLED * 1000));
	assert_true(take(&m, 77, "192.0.2.1", 443, CALLED * 1000));
	map_drop(&m);
}

static void addresses(void **state)
{
	static const char v6[] = "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1";
	static const char v4_in_v6[] = "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\2\1";
	struct map m;

	(void)state;
	map_make(&m);
	connects(&m, 10, v6, 16, 1);
	assert_false(take(&m, 77, "192.0.2.1", 443, CALLED * 1000));
	assert_true(take(&m, 77, "2001:db8::1", 443, CALLED * 1000));
	connects(&m, 10, v4_in_v6, 16, 1);
	assert_true(take(&m, 77, "192.0.2.1", 443, CALLED * 1000));
	map_drop(&m);
}

static void without_a_map(void **state)
{
	struct map m = {.fd = -1};

	(void)state;
	assert_int_equal(streams_open(&m.streams, -1), 0);
	assert_false(take(&m, 77, "192.0.2.1", 443, CALLED * 1000));
	streams_close(&m.streams);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_once),
	    cmocka_unit_test(only_the_same),
	    cmocka_unit_test(addresses),
	    cmocka_unit_test(without_a_map),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
