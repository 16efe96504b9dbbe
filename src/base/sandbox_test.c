/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sandbox.h"

#include <grp.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

#include "base/compress.h"
#include "base/confined_test.h"
#include "base/worker.h"

/* What the kernel says of the process. */

static void check_status(const char *text, const char *name, const char *value)
{
	char line[128];

	snprintf(line, sizeof line, "\n%s:\t%s\n", name, value);
	if (!strstr(text, line)) {
		dprintf(2, "# %s is not %s in:\n%s", name, value, text);
		_exit(1);
	}
}

static void read_status(struct buf *b, int fd)
{
	char *at = buf_reserve(b, 8192);
	ssize_t n = pread(fd, at, 8192, 0);

	CHECK(n > 0);
	b->n = (size_t)n;
	CHECK(buf_z(b) != NULL);
}

static void inside_status(struct confined *c)
{
	static const char none[] = "0000000000000000";
	static const char *const sets[] = {
	    "CapInh", "CapPrm", "CapEff", "CapAmb"};
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	struct rlimit limit;
	struct buf b = BUF_INIT;
	struct sandbox_state state;

	c->sandbox.files_max = 50;
	state = confined_enter(c);
	read_status(&b, fd);
	for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++)
		check_status(b.p, sets[i], none);
	if (c->is_root)
		check_status(b.p, "CapBnd", none);
	check_status(b.p, "NoNewPrivs", "1");
	check_status(b.p, "Seccomp", "2");
	CHECK(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0);
	CHECK(getrlimit(RLIMIT_CORE, &limit) == 0);
	CHECK(limit.rlim_cur == 0 && limit.rlim_max == 0);
	CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	CHECK(limit.rlim_cur == 50 && limit.rlim_max == 50);
	CHECK((state.landlock_abi > 0) == (state.note[0] == '\0'));
	buf_free(&b);
}

static void test_status(void **state)
{
	assert_works(*state, inside_status);
}

static void inside_ids(struct confined *c)
{
	const gid_t groups[] = {0, 4, 6};
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	struct buf b = BUF_INIT;

	CHECK(setgroups(3, groups) == 0);
	confined_enter(c);
	read_status(&b, fd);
	check_status(b.p, "Uid", "65534\t65534\t65534\t65534");
	check_status(b.p, "Gid", "65534\t65534\t65534\t65534");
	check_status(b.p, "Groups", " ");
	CHECK(getgroups(0, NULL) == 0);
	buf_free(&b);
}

static void test_ids(void **state)
{
	need_root(*state);
	assert_works(*state, inside_ids);
}

/* What works. */

static void inside_files(struct confined *c)
{
	struct buf b = BUF_INIT;
	int at, sub = -1, lock;

	confined_enter(c);
	at = open(c->folders[HOME], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(at >= 0);
	CHECK(fd_replace_file(at, "a", 0640, "hello", 5) == 0);
	CHECK(fd_open_dir(at, "sub", 0700, &sub) == 0);
	CHECK(renameat(at, "a", sub, "b") == 0 || errno == EXDEV);
	CHECK(unlinkat(sub, "b", 0) == 0 || unlinkat(at, "a", 0) == 0);
	CHECK(fd_read_file(at, "file", 100, &b) == 0);
	lock = confined_open(c, HOME, "lock", O_RDWR | O_CREAT);
	CHECK(lock >= 0 && flock(lock, LOCK_EX) == 0);
	CHECK(posix_fallocate(lock, 0, 4096) == 0);
	CHECK(ftruncate(lock, 0) == 0 && fdatasync(lock) == 0 &&
	      syncfs(lock) == 0);
	CHECK(unlinkat(at, "lock", 0) == 0);
	CHECK(unlinkat(at, "sub", AT_REMOVEDIR) == 0);
	CHECK(confined_open(c, READONLY, "file", O_RDONLY) >= 0);
	CHECK(confined_open(c, READONLY, ".", O_RDONLY | O_DIRECTORY) >= 0);
	buf_free(&b);
}

static void test_files(void **state)
{
	assert_works(*state, inside_files);
}

struct zip {
	struct job job;
	struct buf out;
};

static int run_zip(struct job *job)
{
	struct zip *z = (struct zip *)(void *)job;

	return compress_append(&z->out, "aaaaaaaaaaaaaaaaaaaa", 20, 3);
}

static void inside_threads(struct confined *c)
{
	struct zip z = {.job.run = run_zip, .out = BUF_INIT};
	struct worker *w;

	confined_enter(c);
	CHECK(worker_start(&w, 2) == 0);
	worker_give(w, &z.job);
	CHECK(worker_take(w, true) == &z.job);
	CHECK(z.job.result == 0 && z.out.n > 0);
	worker_stop(w);
	buf_free(&z.out);
}

static void test_threads(void **state)
{
	assert_works(*state, inside_threads);
}

static void inside_waiting(struct confined *c)
{
	const struct itimerspec soon = {.it_value.tv_nsec = 1000000};
	struct epoll_event ev = {.events = EPOLLIN};
	struct msghdr msg = {.msg_iovlen = 1};
	char byte;
	struct iovec iov = {&byte, 1};
	sigset_t set;
	int ep, timer, sig;

	msg.msg_iov = &iov;
	confined_enter(c);
	CHECK(sendmsg(c->pair[0], &msg, 0) == 1);
	CHECK(recvmsg(c->pair[1], &msg, 0) == 1);
	ep = epoll_create1(EPOLL_CLOEXEC);
	timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
	sig = signalfd(-1, &set, SFD_CLOEXEC);
	CHECK(ep >= 0 && timer >= 0 && sig >= 0);
	CHECK(timerfd_settime(timer, 0, &soon, NULL) == 0);
	CHECK(epoll_ctl(ep, EPOLL_CTL_ADD, timer, &ev) == 0);
	CHECK(epoll_wait(ep, &ev, 1, 5000) == 1);
	CHECK(epoll_ctl(ep, EPOLL_CTL_DEL, timer, NULL) == 0);
	CHECK(epoll_ctl(ep, EPOLL_CTL_ADD, sig, &ev) == 0);
	CHECK(raise(SIGTERM) == 0 && kill(getpid(), SIGTERM) == 0);
	CHECK(epoll_wait(ep, &ev, 1, 5000) == 1);
}

static void test_waiting(void **state)
{
	struct confined *c = *state;

	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, c->pair), 0);
	assert_works(c, inside_waiting);
	fd_close(&c->pair[0]);
	fd_close(&c->pair[1]);
}

static void inside_abort(struct confined *c)
{
	confined_enter(c);
	/* The sanitizers' own handler would print a report. */
	signal(SIGABRT, SIG_DFL);
	abort();
}

/* A failed assertion is told from a forbidden call. */
static void test_abort(void **state)
{
	assert_dies(*state, inside_abort, SIGABRT);
}

static void inside_exit(struct confined *c)
{
	confined_enter(c);
	exit(0);
}

/* With the leak check that a sanitized build does at exit. */
static void test_exit(void **state)
{
	assert_works(*state, inside_exit);
}

/* What makes sandbox_enter() fail. */

static void inside_root(struct confined *c)
{
	struct sandbox as_root = c->sandbox;
	struct sandbox_state state = {7, ""};
	struct err err;

	as_root.uid = 0;
	CHECK(sandbox_enter(&as_root, &state, &err) == -EINVAL);
	as_root = c->sandbox;
	as_root.gid = 0;
	CHECK(sandbox_enter(&as_root, &state, &err) == -EINVAL);
	CHECK(state.landlock_abi == 7);
}

static void inside_other(struct confined *c)
{
	struct sandbox_state state;
	struct err err;

	CHECK(!c->is_root || setresgid(NOBODY, NOBODY, NOBODY) == 0);
	CHECK(!c->is_root || setresuid(NOBODY, NOBODY, NOBODY) == 0);
	c->sandbox.uid = 7;
	CHECK(sandbox_enter(&c->sandbox, &state, &err) == -EPERM);
	CHECK(strstr(err.text, "start it as root"));
	/* Its own ids are fine. */
	c->sandbox.uid = getuid();
	CHECK(sandbox_enter(&c->sandbox, &state, &err) == 0);
}

static void inside_missing(struct confined *c)
{
	struct sandbox_state state;
	struct err err;

	c->paths[1].path = "/nonexistent/file";
	CHECK(sandbox_enter(&c->sandbox, &state, &err) == -ENOENT);
	CHECK(strstr(err.text, "/nonexistent/file"));
}

static void *wait_long(void *arg)
{
	pause();
	return NULL;
}

static void inside_second_thread(struct confined *c)
{
	struct sandbox_state state;
	pthread_t thread;
	struct err err;

	CHECK(pthread_create(&thread, NULL, wait_long, NULL) == 0);
	CHECK(sandbox_enter(&c->sandbox, &state, &err) == -EBUSY);
	CHECK(strstr(err.text, "2 threads"));
}

static void test_failures(void **state)
{
	assert_works(*state, inside_root);
	assert_works(*state, inside_other);
	assert_works(*state, inside_second_thread);
}

static void test_missing_path(void **state)
{
	need_landlock();
	assert_works(*state, inside_missing);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_status),
	    cmocka_unit_test(test_ids),
	    cmocka_unit_test(test_files),
	    cmocka_unit_test(test_threads),
	    cmocka_unit_test(test_waiting),
	    cmocka_unit_test(test_abort),
	    cmocka_unit_test(test_exit),
	    cmocka_unit_test(test_failures),
	    cmocka_unit_test(test_missing_path),
	};

	return cmocka_run_group_tests_name(
	    "sandbox", tests, confined_set_up, confined_tear_down);
}
