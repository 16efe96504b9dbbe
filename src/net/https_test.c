/* SPDX-License-Identifier: Apache-2.0 */
/* Client, server and certificates together, over real connections. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "net/http_client.h"
#include "net/http_server.h"

#define BODY_MAX     100000
#define STRANGER_MAX 1000

/* An authority, a server, a client of the authority and one of another. */
struct world {
	char dir[64];
	struct buf ca_key, ca, server_key, server, key, cert, stranger;
	pid_t pid;
	char url[80];
};

static const char *put(
    const struct world *w, const char *name, const struct buf *b)
{
	static char path[4][128];
	static unsigned at;
	char *p = path[at++ % 4];

	snprintf(p, sizeof path[0], "%s/%s", w->dir, name);
	assert_int_equal(fd_replace_file(AT_FDCWD, p, 0600, b->p, b->n), 0);
	return p;
}

static int add_pair(void *ctx, struct str name, struct str value)
{
	buf_add_str(ctx, name);
	buf_add_z(ctx, "=");
	buf_add_str(ctx, value);
	buf_add_z(ctx, ";");
	return 0;
}

/* A feed of `n` pieces, each of which waits to be woken. */
struct feed {
	int n, told;
	bool ready;
};

static int next_piece(void *ctx, struct buf *ret)
{
	struct feed *f = ctx;

	f->ready = !f->ready;
	if (f->ready)
		return 0;
	if (f->told == f->n)
		return -EPIPE;
	buf_printf(ret, "%d;", f->told++);
	return 1;
}

static const struct http_feed pieces = {.next = next_piece, .end = free};

static void begin_feed(int n, struct http_reply *reply)
{
	struct feed *f = calloc(1, sizeof *f);

	f->n = n;
	reply->feed = &pieces;
	reply->feed_ctx = f;
}

static void on_wake(struct loop *l, struct loop_timer *t)
{
	(void)l;
	http_server_wake(t->ctx);
}

static void handle(
    void *ctx, const struct http_call *call, struct http_reply *reply)
{
	const char *from = http_call_query(call, "from");
	const char *said = http_call_header(call, "Authorization");

	(void)ctx;
	if (strcmp(call->path, "/each") == 0) {
		http_call_each_query(call, add_pair, &reply->body);
		buf_add_z(&reply->body, said ? said : "-");
		reply->retry_after = 7;
		return;
	}
	if (strcmp(call->path, "/feed") == 0) {
		uint64_t n = 0;

		begin_feed(str_u64(str_z(from), &n) ? (int)n : 0, reply);
		return;
	}
	if (strcmp(call->path, "/none") == 0)
		reply->status = 404;
	buf_printf(&reply->body, "%s %s from=%s peer=%s n=%zu by=%s",
	    call->method, call->path, from ? from : "-",
	    call->peer ? call->peer->name : "-", call->body.n, call->address);
}

static void serve(struct world *w, int port_fd)
{
	const char *cert = buf_z(&w->server), *key = buf_z(&w->server_key);
	const struct http_server_config cfg = {.address = "127.0.0.1",
	    .cert = cert,
	    .key = key,
	    .client_ca = buf_z(&w->ca),
	    .body_max = BODY_MAX,
	    .stranger_max = STRANGER_MAX,
	    .connections_max = 10,
	    .timeout_sec = 5,
	    .patience = 30000000,
	    .handle = handle};
	struct http_server *s;
	struct loop_timer wake = {.due = on_wake};
	struct loop l;
	uint16_t port;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (loop_init(&l) < 0 || http_server_open(&s, &cfg, NULL) < 0 ||
	    http_server_start(s, &l, NULL) < 0)
		_exit(1);
	port = http_server_port(s);
	fd_write_all(port_fd, &port, sizeof port);
	wake.ctx = s;
	loop_timer_start(&l, &wake, 5000, 5000);
	loop_run(&l);
	_exit(1);
}

static void make_certs(struct world *w)
{
	const char *const names[] = {"localhost", "127.0.0.1", "::1", NULL};
	struct buf request = BUF_INIT, other_ca = BUF_INIT;
	struct cert_signer ca, other;

	assert_int_equal(cert_make_key(&w->ca_key, NULL), 0);
	assert_int_equal(
	    cert_make_authority(buf_str(&w->ca_key), "a", 10, &w->ca, NULL), 0);
	ca = (struct cert_signer){buf_str(&w->ca), buf_str(&w->ca_key)};
	assert_int_equal(cert_make_key(&w->server_key, NULL), 0);
	assert_int_equal(cert_sign_server(&ca, buf_str(&w->server_key), names,
			     10, &w->server, NULL),
	    0);
	assert_int_equal(cert_make_key(&w->key, NULL), 0);
	assert_int_equal(
	    cert_make_request(buf_str(&w->key), "mallory", &request, NULL), 0);
	assert_int_equal(cert_sign_client(&ca, buf_str(&request), "host-7", 10,
			     &w->cert, NULL),
	    0);
	/* Signed by an authority of the same name that is another. */
	assert_int_equal(
	    cert_make_authority(buf_str(&w->key), "a", 10, &other_ca, NULL), 0);
	other = (struct cert_signer){buf_str(&other_ca), buf_str(&w->key)};
	assert_int_equal(cert_sign_client(&other, buf_str(&request), "host-7",
			     10, &w->stranger, NULL),
	    0);
	buf_free(&request);
	buf_free(&other_ca);
}

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	uint16_t port = 0;
	int p[2];

	snprintf(w->dir, sizeof w->dir, "/tmp/https_test.XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	make_certs(w);
	assert_int_equal(pipe(p), 0);
	w->pid = fork();
	if (w->pid == 0)
		serve(w, p[1]);
	close(p[1]);
	assert_int_equal(fd_read_full(p[0], &port, sizeof port), sizeof port);
	close(p[0]);
	snprintf(w->url, sizeof w->url, "https://127.0.0.1:%u", port);
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	kill(w->pid, SIGKILL);
	waitpid(w->pid, NULL, 0);
	fd_remove_tree(w->dir);
	buf_free(&w->ca_key);
	buf_free(&w->ca);
	buf_free(&w->server_key);
	buf_free(&w->server);
	buf_free(&w->key);
	buf_free(&w->cert);
	buf_free(&w->stranger);
	free(w);
	return 0;
}

/* A client, and the address of `path` at the world's server. */
static struct http_client *client_for(const struct world *w,
    const struct http_client_config *cfg, const char *path,
    char url[static 256])
{
	struct http_client *c;
	struct err err = {""};

	snprintf(url, 256, "%s%s", w->url, path);
	assert_int_equal(http_client_open(&c, cfg, &err), 0);
	return c;
}

/* The status or a negative errno; the body in `said`. */
static int ask(const struct world *w, const struct http_tls *tls,
    const char *path, struct str body, char said[static 256])
{
	const struct http_client_config cfg = {.tls = *tls, .timeout = 5000000};
	struct http_answer a;
	char url[256];
	struct http_client *c = client_for(w, &cfg, path, url);
	struct err err = {""};
	int r;

	r = http_client_send(c,
	    &(struct http_request){body.p ? "POST" : "GET", url, NULL, body},
	    &a, &err);
	snprintf(said, 256, "%.*s", STR_ARG(buf_str(&a.body)));
	if (r < 0)
		snprintf(said, 256, "%s", err.text);
	r = r < 0 ? r : a.status;
	http_answer_free(&a);
	http_client_close(c);
	return r;
}

static void test_peers(void **state)
{
	const struct world *w = *state;
	struct http_tls tls = {.ca_file = put(w, "ca", &w->ca)};
	char said[256];

	assert_int_equal(ask(w, &tls, "/x?from=12", STR_NONE, said), 200);
	assert_string_equal(said, "GET /x from=12 peer=- n=0 by=127.0.0.1");
	tls.cert_file = put(w, "cert", &w->cert);
	tls.key_file = put(w, "key", &w->key);
	assert_int_equal(ask(w, &tls, "/x%20y", STR("abc"), said), 200);
	assert_string_equal(
	    said, "POST /x y from=- peer=host-7 n=3 by=127.0.0.1");
	assert_int_equal(ask(w, &tls, "/none", STR_NONE, said), 404);
	/* Of another authority: it is as if it had shown none. */
	tls.cert_file = put(w, "stranger", &w->stranger);
	if (ask(w, &tls, "/x", STR_NONE, said) == 200)
		assert_string_equal(
		    said, "GET /x from=- peer=- n=0 by=127.0.0.1");
}

/* Who has a server's certificate is no client, and the other way round. */
static void test_purpose(void **state)
{
	const struct world *w = *state;
	const struct http_tls tls = {.ca_file = put(w, "ca", &w->ca),
	    .cert_file = put(w, "server", &w->server),
	    .key_file = put(w, "server.key", &w->server_key)};
	char said[256];

	assert_int_equal(ask(w, &tls, "/x", STR_NONE, said), 200);
	assert_string_equal(said, "GET /x from=- peer=- n=0 by=127.0.0.1");
}

static void test_wrong_server(void **state)
{
	const struct world *w = *state;
	const struct http_tls other = {.ca_file = put(w, "cert", &w->cert)};
	const struct http_tls system = {.ca_file = NULL};
	const struct http_tls any = {.any_server = true};
	char said[256];

	assert_int_equal(ask(w, &other, "/", STR_NONE, said), -EKEYREJECTED);
	assert_int_equal(ask(w, &system, "/", STR_NONE, said), -EKEYREJECTED);
	assert_int_equal(ask(w, &any, "/", STR_NONE, said), 200);
}

/* What is asked for, decoded: values may hold anything, and come again. */
static void test_queries(void **state)
{
	const struct world *w = *state;
	const struct http_tls any = {.any_server = true};
	char said[256];

	assert_int_equal(
	    ask(w, &any, "/each?a=1&a=2&b=%2f%3D+x&c=&d", STR_NONE, said), 200);
	assert_string_equal(said, "a=1;a=2;b=/= x;c=;d=;-");
	assert_int_equal(ask(w, &any, "/each", STR_NONE, said), 200);
	assert_string_equal(said, "-");
}

static void test_large(void **state)
{
	const struct world *w = *state;
	struct http_tls tls = {.ca_file = put(w, "ca", &w->ca)};
	char *big = calloc(1, BODY_MAX + 1), said[256];

	assert_int_equal(
	    ask(w, &tls, "/", str_make(big, STRANGER_MAX), said), 200);
	assert_int_equal(
	    ask(w, &tls, "/", str_make(big, STRANGER_MAX + 1), said), 413);
	tls.cert_file = put(w, "cert", &w->cert);
	tls.key_file = put(w, "key", &w->key);
	assert_int_equal(ask(w, &tls, "/", str_make(big, BODY_MAX), said), 200);
	assert_string_equal(
	    said, "POST / from=- peer=host-7 n=100000 by=127.0.0.1");
	assert_int_equal(
	    ask(w, &tls, "/", str_make(big, BODY_MAX + 1), said), 413);
	free(big);
}

static void test_certs(void **state)
{
	const struct world *w = *state;
	const struct cert_signer ca = {buf_str(&w->ca), buf_str(&w->ca_key)};
	struct cert_info info, again;
	struct buf out = BUF_INIT, request = BUF_INIT;
	struct err err;

	assert_int_equal(cert_read(buf_str(&w->cert), &info, &err), 0);
	assert_string_equal(info.name, "host-7");
	assert_int_equal(strlen(info.serial), CERT_SERIAL_LEN);
	assert_true(info.until - info.from > (int64_t)10 * 86400 * 1000000);
	assert_int_equal(cert_read(buf_str(&w->ca), &again, &err), 0);
	assert_memory_not_equal(info.fingerprint, again.fingerprint, 32);
	assert_string_not_equal(info.serial, again.serial);
	assert_int_equal(cert_read(STR("no"), &info, &err), -EBADMSG);
	assert_int_equal(
	    cert_read(buf_str(&w->server_key), &info, &err), -EBADMSG);
	/* A request whose key did not sign it. */
	assert_int_equal(
	    cert_make_request(buf_str(&w->key), "x", &request, &err), 0);
	request.p[request.n / 2] ^= 1;
	assert_int_equal(
	    cert_sign_client(&ca, buf_str(&request), "y", 1, &out, &err),
	    -EBADMSG);
	assert_int_equal(
	    cert_sign_client(&ca, STR(""), "y", 1, &out, &err), -EBADMSG);
	buf_free(&out);
	buf_free(&request);
}

struct heard {
	struct buf text;
	size_t enough;
	int idle;
};

static int hear(void *ctx, struct str piece)
{
	struct heard *h = ctx;

	buf_add_str(&h->text, piece);
	return h->enough && h->text.n >= h->enough;
}

static int hear_nothing(void *ctx)
{
	struct heard *h = ctx;

	h->idle++;
	return 0;
}

static int listen_to(
    const struct world *w, const char *path, struct heard *h, int64_t silence)
{
	const struct http_client_config cfg = {
	    .tls = {.ca_file = put(w, "ca", &w->ca)}, .timeout = 5000000};
	const struct http_listener listener = {hear, hear_nothing, h, silence};
	struct http_answer a;
	char url[256];
	struct http_client *c = client_for(w, &cfg, path, url);
	struct err err = {""};
	int r;

	r = http_client_listen(c,
	    &(struct http_request){"GET", url, NULL, STR_NONE}, &listener, &a,
	    &err);
	r = r < 0 ? r : a.status;
	http_answer_free(&a);
	http_client_close(c);
	return r;
}

/* It comes piece by piece, ends as the server or the client likes, and so many
 * are no burden to what others ask. */
static void test_feeds(void **state)
{
	const struct world *w = *state;
	const struct http_tls tls = {.ca_file = put(w, "ca", &w->ca)};
	struct heard h = {.text = BUF_INIT};
	char said[256];

	assert_int_equal(listen_to(w, "/feed?from=30", &h, 5000000), 200);
	assert_true(str_starts(buf_str(&h.text), STR("0;1;2;")));
	assert_true(str_chop(&(struct str){h.text.p, h.text.n}, STR(";29;")));
	for (h.enough = 20; h.enough < 40; h.enough++) {
		buf_clear(&h.text);
		assert_int_equal(
		    listen_to(w, "/feed?from=99999", &h, 5000000), 200);
		assert_true(h.text.n >= h.enough);
	}
	assert_int_equal(ask(w, &tls, "/none", STR_NONE, said), 404);
	h.enough = 0;
	buf_clear(&h.text);
	assert_int_equal(listen_to(w, "/none", &h, 5000000), 404);
	assert_int_equal(h.text.n, 0);
	buf_free(&h.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_peers),
	    cmocka_unit_test(test_purpose),
	    cmocka_unit_test(test_wrong_server),
	    cmocka_unit_test(test_queries),
	    cmocka_unit_test(test_large),
	    cmocka_unit_test(test_feeds),
	    cmocka_unit_test(test_certs),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
