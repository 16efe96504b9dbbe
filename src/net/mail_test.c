/* SPDX-License-Identifier: Apache-2.0 */
#include "net/mail.h"

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
 * A server in a process of its own, without TLS. It answers each command with
 * what its case says (NULL: yes), and refuses a text that is not `want`.
 */
struct behaviour {
	const char *greets, *mail, *rcpt, *data, *text;
	bool endless; /* a line without end, for a greeting */
};

static const char want[] = "Subject: x\r\n\r\nline\r\n..dots\r\n.\r\n";

static void read_text(FILE *f, const char *then)
{
	struct buf got = BUF_INIT;
	char line[512];

	while (fgets(line, sizeof line, f)) {
		buf_add_z(&got, line);
		if (str_eq(str_z(line), STR(".\r\n")))
			break;
	}
	fputs(str_eq(buf_str(&got), str_z(want)) ? then : "554 other text\r\n",
	    f);
	buf_free(&got);
}

static const char *either(const char *answer, const char *otherwise)
{
	return answer ? answer : otherwise;
}

static void serve(int fd, const struct behaviour *how)
{
	const struct {
		const char *command, *answer;
	} answers[] = {
	    {"EHLO", "250 x\r\n"},
	    {"MAIL FROM:<a@x>", either(how->mail, "250 ok\r\n")},
	    {"RCPT TO:<b@y>", either(how->rcpt, "250 ok\r\n")},
	    {"RCPT TO:<c@z>", either(how->rcpt, "250 ok\r\n")},
	    {"DATA", either(how->data, "354 go\r\n")},
	    {"QUIT", "221 bye\r\n"},
	};
	FILE *f = fdopen(fd, "r+");
	char line[512];

	while (
	    how->endless && fputs("220-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", f) > 0)
		;
	fputs(either(how->greets, "220 x\r\n"), f);
	fflush(f);
	while (fgets(line, sizeof line, f)) {
		const char *answer = "500 what?\r\n";

		for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
			if (str_starts(str_z(line), str_z(answers[i].command)))
				answer = answers[i].answer;
		fseek(f, 0, SEEK_CUR);
		fputs(answer, f);
		fflush(f);
		if (str_starts(str_z(answer), STR("354")))
			read_text(f, either(how->text, "250 kept\r\n"));
		fflush(f);
	}
	fclose(f);
}

static pid_t server_start(const struct behaviour *how, char ret_url[64])
{
	struct sockaddr_in at = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	pid_t pid;

	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(fd, 5), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
	snprintf(ret_url, 64, "smtp://127.0.0.1:%d", ntohs(at.sin_port));
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIGPIPE, SIG_IGN);
		serve(accept(fd, NULL, NULL), how);
		_exit(0);
	}
	close(fd);
	return pid;
}

static const struct {
	const char *name;
	struct behaviour how;
	int code;
	const char *says;
} cases[] = {
    {"taken", {NULL}, 0, ""},
    {"sender refused", {.mail = "550 not you\r\n"}, -EREMOTEIO, "550 not you"},
    {"receiver refused", {.rcpt = "550 no such box\r\n"}, -EREMOTEIO,
	"550 no such box"},
    {"text refused", {.text = "554 spam\r\n"}, -EBADMSG, "554 spam"},
    {"several lines", {.text = "554-spam:\r\n554 7.1\x1b[2J\r\n"}, -EBADMSG,
	"554 7.1?[2J"},
    {"text not now", {.text = "452 full\r\n"}, -EREMOTEIO, "452 full"},
    {"no text now", {.data = "451 later\r\n"}, -EREMOTEIO, "451 later"},
    {"busy", {.greets = "421 busy\r\n"}, -EREMOTEIO, "421 busy"},
    {"nonsense", {.greets = "HTTP/1.1 200 OK\r\n\r\n"}, -ETIMEDOUT, ""},
    {"endless", {.endless = true}, 1, ""},
};

static struct mail_server server_of(const char *url)
{
	return (struct mail_server){
	    .url = url, .plain = true, .timeout = 1000000};
}

static const char *const to[] = {"b@y", "c@z"};
static const struct mail mail = {
    "a@x", to, 2, {"Subject: x\r\n\r\nline\r\n.dots\r\n", 27}};

static void test_case(void **state)
{
	const size_t i = (size_t)(uintptr_t)*state;
	struct mail_server server;
	struct err err = {""};
	char url[64];
	pid_t pid = server_start(&cases[i].how, url);
	int r;

	server = server_of(url);
	r = mail_send(&server, &mail, &err);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	if (cases[i].code == 1)
		assert_true(r < 0 && r != -EBADMSG);
	else
		assert_int_equal(r, cases[i].code);
	if (!strstr(err.text, cases[i].says))
		fail_msg("%s", err.text);
}

/* A server that offers no STARTTLS gets neither text nor password. */
static void tls_is_a_must(void **state)
{
	const struct behaviour how = {NULL};
	struct mail_server server;
	struct err err = {""};
	char url[64];
	pid_t pid = server_start(&how, url);

	server = server_of(url);
	server.plain = false;
	assert_int_equal(mail_send(&server, &mail, &err), -EKEYREJECTED);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	server.url = "smtp://127.0.0.1:1";
	assert_int_equal(mail_send(&server, &mail, &err), -ECONNREFUSED);
	server.url = "http://127.0.0.1:1";
	assert_int_equal(mail_send(&server, &mail, &err), -EINVAL);
}

static void addresses(void **state)
{
	static const char *const good[] = {
	    "a@b", "ann.lee+x@mail.example.com", "root@localhost"};
	static const char *const bad[] = {"", "@", "a@", "@b", "a", "a@b@c",
	    "a b@c", "a@b\r\nRCPT TO:<c@d>", "<a@b>", "a@b>", "\"a\"@b",
	    "a@[::1]", "a,b@c", "\xc3\xa4@b", "a@b\x7f"};

	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_true(mail_is_address(good[i]));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(mail_is_address(bad[i]));
}

#define N_CASES (sizeof cases / sizeof *cases)

int main(void)
{
	struct CMUnitTest tests[N_CASES + 2];

	for (size_t i = 0; i < N_CASES; i++)
		tests[i] = (struct CMUnitTest){
		    cases[i].name, test_case, NULL, NULL, (void *)i};
	tests[N_CASES] = (struct CMUnitTest)cmocka_unit_test(tls_is_a_must);
	tests[N_CASES + 1] = (struct CMUnitTest)cmocka_unit_test(addresses);
	return _cmocka_run_group_tests("mail", tests, N_CASES + 2, NULL, NULL);
}
