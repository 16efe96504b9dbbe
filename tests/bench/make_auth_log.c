/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a big auth.log of a host that the whole internet knocks at: failed
 * passwords, invalid users, scans, connections that end before a login, and
 * among them people who work, as sshd 9.2 writes it at LogLevel INFO.
 *
 *     make_auth_log MEGABYTES [SHAPE] > auth.log
 *
 * Shapes other than "mixed" are what an attacker could make of a log: all in
 * one instant, all under the pid of a session, or nothing but open sessions.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/buf.h"

#define BEGIN	  1767225600 /* 2026-01-01 */
#define STEP_MAX  120000     /* microseconds between two lines */
#define AT_ONCE	  64
#define PID_RANGE 4194304
#define REGULARS  5000 /* addresses that come again and again */

/* %A and %P: address and port of the client, %U: a user, %O: one more pid. */
static const char *const scan[] = {"Connection closed by %A port %P [preauth]"};
static const char *const garbage[] = {
    "error: kex_exchange_identification: client sent invalid protocol "
    "identifier \"GET / HTTP/1.1\"",
    "banner exchange: Connection from %A port %P: invalid format"};
static const char *const reset[] = {
    "error: kex_exchange_identification: read: Connection reset by peer",
    "Connection reset by %A port %P"};
static const char *const offer[] = {
    "Unable to negotiate with %A port %P: no matching host key type found. "
    "Their offer: ssh-rsa,ssh-dss [preauth]"};
static const char *const invalid[] = {"Invalid user %U from %A port %P",
    "pam_unix(sshd:auth): check pass; user unknown",
    "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 "
    "tty=ssh ruser= rhost=%A ",
    "Failed password for invalid user %U from %A port %P ssh2",
    "Received disconnect from %A port %P:11: Bye Bye [preauth]",
    "Disconnected from invalid user %U %A port %P [preauth]"};
static const char *const failed[] = {
    "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 "
    "tty=ssh ruser= rhost=%A  user=root",
    "Failed password for root from %A port %P ssh2",
    "Connection closed by authenticating user root %A port %P [preauth]"};
static const char *const key[] = {
    "Connection closed by authenticating user root %A port %P [preauth]"};
static const char *const session[] = {
    "Accepted publickey for ann from %A port %P ssh2: ED25519 "
    "SHA256:MkbqUaeWVmuUhkLgnQdl6uzkBHmfHIppBlsc4xLXc5s",
    "pam_unix(sshd:session): session opened for user ann(uid=3001) by (uid=0)",
    "sudo:      ann : TTY=pts/0 ; PWD=/home/ann ; USER=root ; "
    "COMMAND=/usr/bin/systemctl restart nginx",
    "Received disconnect from %A port %P:11: disconnected by user",
    "Disconnected from user ann %A port %P",
    "pam_unix(sshd:session): session closed for user ann"};

struct script {
	const char *const *lines;
	unsigned n, weight;
};

#define SCRIPT(lines, weight)                                                  \
	{                                                                      \
		lines, sizeof lines / sizeof *lines, weight                    \
	}
#define SCRIPTS 8
static const struct script mixed[SCRIPTS] = {SCRIPT(scan, 20),
    SCRIPT(garbage, 4), SCRIPT(reset, 4), SCRIPT(offer, 2), SCRIPT(invalid, 35),
    SCRIPT(failed, 25), SCRIPT(key, 5), SCRIPT(session, 5)};
/* Open, and never closed. */
static const struct script logins[SCRIPTS] = {{session, 2, 100}};

static const struct shape {
	const char *name;
	const struct script *scripts;
	unsigned step; /* microseconds at most; 1: one instant */
	unsigned pids; /* that are given out */
} shapes[] = {{"mixed", mixed, STEP_MAX, PID_RANGE},
    {"instant", mixed, 1, PID_RANGE}, {"pid", mixed, 2000, 1},
    {"instant-pid", mixed, 1, 1}, {"logins", logins, 1, PID_RANGE}};

struct connection {
	const struct script *script;
	unsigned at, pid, addr, port, user;
};

static unsigned next(uint64_t *random)
{
	*random = *random * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(*random >> 33);
}

static void open_one(struct connection *c, const struct shape *shape,
    uint64_t *random, unsigned *pid)
{
	const struct script *s = shape->scripts;
	unsigned pick = next(random) % 100;

	for (; pick >= s->weight; s++)
		pick -= s->weight;
	*pid = (*pid + 1 + next(random) % 3) % shape->pids;
	*c = (struct connection){.script = s,
	    .pid = *pid + 300,
	    .addr = next(random),
	    .port = 1024 + next(random) % 64000,
	    .user = next(random) % 20000};
	if (next(random) % 2)
		c->addr = c->addr % REGULARS * 2654435761u;
}

static void put_text(struct buf *out, const struct connection *c, const char *p)
{
	for (; *p; p++) {
		if (p[0] != '%') {
			buf_add_char(out, *p);
			continue;
		}
		p++;
		if (*p == 'A')
			buf_printf(out, "%u.%u.%u.%u",
			    1 + (c->addr >> 24) % 223, c->addr >> 16 & 255,
			    c->addr >> 8 & 255, c->addr & 255);
		else if (*p == 'P')
			buf_add_u64(out, c->port);
		else
			buf_printf(out, "user%u", c->user);
	}
}

static void put_line(struct buf *out, const struct connection *c, uint64_t us)
{
	const char *text = c->script->lines[c->at];
	time_t seconds = (time_t)(BEGIN + us / 1000000);
	struct tm tm;
	char when[32];

	gmtime_r(&seconds, &tm);
	strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%S", &tm);
	buf_printf(
	    out, "%s.%06u+00:00 bastion ", when, (unsigned)(us % 1000000));
	if (strncmp(text, "sudo: ", 6))
		buf_printf(out, "sshd[%u]: ", c->pid);
	put_text(out, c, text);
	buf_add_char(out, '\n');
}

/* 0, or what the program ends with. */
static int write_log(const struct shape *shape, uint64_t bytes)
{
	struct connection open[AT_ONCE];
	struct buf out = BUF_INIT;
	uint64_t random = 1, us = 0, written = 0;
	unsigned pid = 0;
	int ret = 0;

	for (unsigned i = 0; i < AT_ONCE; i++)
		open_one(&open[i], shape, &random, &pid);
	while (!ret && written < bytes) {
		struct connection *c = &open[next(&random) % AT_ONCE];

		put_line(&out, c, us);
		us += next(&random) % shape->step;
		if (++c->at == c->script->n)
			open_one(c, shape, &random, &pid);
		if (out.n < 1 << 16)
			continue;
		if (buf_error(&out) || fwrite(out.p, 1, out.n, stdout) != out.n)
			ret = 4;
		written += out.n;
		buf_clear(&out);
	}
	buf_free(&out);
	return ret;
}

int main(int argc, char **argv)
{
	const char *name = argc > 2 ? argv[2] : "mixed";
	uint64_t megabytes;
	int ret = 2;

	if (argc > 1 && argc < 4 && str_u64(str_z(argv[1]), &megabytes))
		for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
			if (!strcmp(shapes[i].name, name))
				ret = write_log(&shapes[i], megabytes << 20);
	if (ret == 2)
		fprintf(stderr, "usage: make_auth_log MEGABYTES [SHAPE]\n");
	return fclose(stdout) && !ret ? 4 : ret;
}
