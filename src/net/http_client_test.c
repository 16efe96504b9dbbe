/* SPDX-License-Identifier: Apache-2.0 */
#include "net/http_client.h"

#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"

/*
 * A server in a process of its own, on a free port of loopback. It answers any
 * request with what its case says, and the request itself is the body where
 * `says` is NULL.
 */
struct server {
	pid_t pid;
	char url[64];
};

struct behaviour {
	const char *says; /* NULL: the request, in a 200 */
	bool hangs;	  /* then, instead of closing */
};

static void read_request(int fd, struct buf *b)
{
	uint64_t body = 0;
	size_t head = STR_NPOS;
	struct str length;
	char piece[4096];
	ssize_t n;

	while ((head == STR_NPOS || b->n < head + 4 + body) &&
	       (n = read(fd, piece, sizeof piece)) > 0) {
		size_t at;

		buf_add(b, piece, (size_t)n);
		/* A TLS record: what it says is not for this server. */
		if (b->p[0] == 0x16)
			return;
		head = str_find(buf_str(b), STR("\r\n\r\n"));
		at = str_find(buf_str(b), STR("Content-Length: "));
		length = str_from(buf_str(b), at == STR_NPOS ? b->n : at + 16);
		str_u64(str_upto(length, str_find_char(length, '\r')), &body);
	}
}

static void serve_one(int fd, const struct behaviour *how)
{
	struct buf request = BUF_INIT, answer = BUF_INIT;

	read_request(fd, &request);
	if (how->says) {
		buf_add_z(&answer, how->says);
	} else {
		buf_printf(&answer,
		    "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n",
		    request.n);
		buf_add_str(&answer, buf_str(&request));
	}
	fd_write_all(fd, answer.p, answer.n);
	while (how->hangs)
		pause();
	buf_free(&request);
	buf_free(&answer);
	close(fd);
}

static void server_start(struct server *s, const struct behaviour *how)
{
	struct sockaddr_in at = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(fd, 5), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
	snprintf(
	    s->url, sizeof s->url, "http://127.0.0.1:%d/x", ntohs(at.sin_port));
	s->pid = fork();
	assert_true(s->pid >= 0);
	if (s->pid == 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (s->pid == 0) {
		int one = accept(fd, NULL, NULL);

		if (one >= 0)
			serve_one(one, how);
	}
	close(fd);
}

static void server_stop(struct server *s)
{
	kill(s->pid, SIGKILL);
	waitpid(s->pid, NULL, 0);
}

static const struct {
	const char *name;
	struct behaviour how;
	int code, status;
	int64_t retry_after;
	const char *body; /* or what err says */
} cases[] = {
    {"answer", {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", 0}, 0, 200, 0,
	"hi"},
    {"busy",
	{"HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n", 0},
	0, 429, 7000000, ""},
    {"never", {"HTTP/1.1 503 No\r\nRetry-After: 999999999\r\n\r\n", 0}, 0, 503,
	(int64_t)3600 * 1000000, ""},
    {"redirect",
	{"HTTP/1.1 302 Go\r\nLocation: http://127.0.0.1:1/\r\n\r\n", 0}, 0, 302,
	0, ""},
    {"cut", {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi", 0}, -ECONNRESET,
	0, 0, "bytes remaining"},
    {"closed", {"", 0}, -ECONNRESET, 0, 0, "Empty reply"},
    {"no http", {"SSH-2.0-OpenSSH_9.2\r\n", 0}, -EIO, 0, 0, "HTTP/0.9"},
    {"silent", {"", 1}, -ETIMEDOUT, 0, 0, "timed out"},
    {"stops", {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi", 1}, -ETIMEDOUT,
	0, 0, "timed out"},
    {"large",
	{"HTTP/1.1 200 OK\r\n\r\n0123456789012345678901234567890123456789", 0},
	-EMSGSIZE, 0, 0, "the answer is larger than 32 bytes"},
};

static void test_answers(void **state)
{
	const struct http_client_config cfg = {
	    .timeout = 400000, .answer_max = 32};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct http_client *c;
		struct http_answer a;
		struct server s;
		struct err err = {""};

		server_start(&s, &cases[i].how);
		assert_int_equal(http_client_open(&c, &cfg, &err), 0);
		assert_int_equal(
		    http_client_send(c,
			&(struct http_request){.method = "GET", .url = s.url},
			&a, &err),
		    cases[i].code);
		assert_int_equal(a.status, cases[i].status);
		assert_int_equal(a.retry_after, cases[i].retry_after);
		if (cases[i].code == 0)
			assert_true(str_eqz(buf_str(&a.body), cases[i].body));
		else
			assert_non_null(strstr(err.text, cases[i].body));
		http_answer_free(&a);
		http_client_close(c);
		server_stop(&s);
	}
}

static bool holds(const struct http_answer *a, struct str what)
{
	return str_find(buf_str(&a->body), what) != STR_NPOS;
}

/* Method, headers and body arrive, and one client sends one after another. */
static void test_requests(void **state)
{
	const char *const headers[] = {"X-From: 7", "Content-Type: a/b", NULL};
	const struct behaviour echo = {NULL, false};
	const struct http_client_config cfg = {.proxy = NULL};
	struct buf big = BUF_INIT;
	struct http_client *c;
	struct http_answer a;
	struct server s;
	struct err err = {""};

	for (int i = 0; i < 200000; i++)
		buf_add_char(&big, i % 100 == 50 ? '\0' : 'x');
	/* Named here only: the environment is not asked. */
	setenv("http_proxy", "http://127.0.0.1:1", 1);
	server_start(&s, &echo);
	assert_int_equal(http_client_open(&c, &cfg, &err), 0);
	assert_int_equal(
	    http_client_send(c,
		&(struct http_request){"POST", s.url, headers, buf_str(&big)},
		&a, &err),
	    0);
	assert_true(str_starts(buf_str(&a.body), STR("POST /x HTTP/1.1\r\n")));
	assert_true(holds(&a, STR("\r\nX-From: 7\r\n")));
	assert_true(holds(&a, STR("\r\nContent-Type: a/b\r\n")));
	assert_true(holds(&a, STR("\r\nContent-Length: 200000\r\n")));
	assert_false(holds(&a, STR("Expect")));
	assert_true(str_ends(buf_str(&a.body), buf_str(&big)));
	http_answer_free(&a);
	assert_int_equal(
	    http_client_send(c,
		&(struct http_request){"PUT", s.url, NULL, STR("")}, &a, &err),
	    0);
	assert_true(holds(&a, STR("PUT /x HTTP/1.1\r\n")));
	assert_false(holds(&a, STR("X-From")));
	http_answer_free(&a);
	assert_int_equal(
	    http_client_send(c,
		&(struct http_request){"GET", s.url, NULL, STR_NONE}, &a, &err),
	    0);
	assert_true(holds(&a, STR("GET /x HTTP/1.1\r\n")));
	assert_false(holds(&a, STR("Content-Length")));
	http_answer_free(&a);
	http_client_close(c);
	server_stop(&s);
	buf_free(&big);
}

static void test_proxy(void **state)
{
	const struct behaviour echo = {NULL, false};
	struct http_client_config cfg = {.proxy = NULL};
	struct http_client *c;
	struct http_answer a;
	struct server s;
	struct err err = {""};

	server_start(&s, &echo);
	cfg.proxy = s.url;
	assert_int_equal(http_client_open(&c, &cfg, &err), 0);
	assert_int_equal(http_client_send(c,
			     &(struct http_request){.method = "GET",
				 .url = "http://hub.invalid/y"},
			     &a, &err),
	    0);
	assert_true(holds(&a, STR("GET http://hub.invalid/y HTTP/1.1\r\n")));
	http_answer_free(&a);
	http_client_close(c);
	server_stop(&s);
}

static const struct {
	const char *url;
	struct http_tls tls;
	int code;
} refused[] = {
    {"http://127.0.0.1:1/", {0}, -ECONNREFUSED},
    {"http://no-such-name.invalid/", {0}, -EHOSTUNREACH},
    {"file:///etc/passwd", {0}, -EINVAL},
    {"http://[", {0}, -EINVAL},
    {"", {0}, -EINVAL},
};

static void test_refused(void **state)
{
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		const struct http_client_config cfg = {.tls = refused[i].tls};
		struct http_client *c;
		struct http_answer a;
		struct err err = {""};

		assert_int_equal(http_client_open(&c, &cfg, &err), 0);
		assert_int_equal(http_client_send(c,
				     &(struct http_request){.method = "GET",
					 .url = refused[i].url},
				     &a, &err),
		    refused[i].code);
		assert_true(err.text[0]);
		http_answer_free(&a);
		http_client_close(c);
	}
}

/* A server that speaks no TLS, and files that are not there. */
static void test_no_tls(void **state)
{
	const struct behaviour plain = {"HTTP/1.1 400 No\r\n\r\n", false};
	const struct http_tls tls[] = {
	    {0}, {.ca_file = "/nonexistent"}, {.any_server = true}};

	for (size_t i = 0; i < sizeof tls / sizeof *tls; i++) {
		const struct http_client_config cfg = {.tls = tls[i]};
		struct http_client *c;
		struct http_answer a;
		struct server s;
		char url[80];
		struct err err = {""};

		server_start(&s, &plain);
		snprintf(url, sizeof url, "https%s", s.url + 4);
		assert_int_equal(http_client_open(&c, &cfg, &err), 0);
		assert_int_equal(
		    http_client_send(c,
			&(struct http_request){.method = "GET", .url = url}, &a,
			&err),
		    -EKEYREJECTED);
		http_answer_free(&a);
		http_client_close(c);
		server_stop(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_answers),
	    cmocka_unit_test(test_requests),
	    cmocka_unit_test(test_proxy),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_no_tls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
