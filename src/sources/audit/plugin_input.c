/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/audit/plugin_input.h"

#include <errno.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/fdpass.h"
#include "sources/audit/plugin_wire.h"

#define READ_MAX    ((size_t)128 << 10)
#define NAMES_BEGIN 0x1d /* behind it auditd writes what numbers mean */

void plugin_input_init(struct plugin_input *p, int listen_fd)
{
	*p = (struct plugin_input){
	    .listen_fd = listen_fd, .fd = -1, .bytes = BUF_INIT};
}

void plugin_input_close(struct plugin_input *p)
{
	fd_close(&p->fd);
	fd_close(&p->listen_fd);
	buf_free(&p->bytes);
}

bool plugin_input_accept(struct plugin_input *p)
{
	struct ucred who;
	int fd = p->listen_fd < 0 ? -1
				  : accept4(p->listen_fd, NULL, NULL,
					SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return false;
	if (p->fd >= 0 || fdpass_peer(fd, &who) < 0 || who.uid != 0) {
		fd_close(&fd);
		return false;
	}
	p->fd = fd;
	p->at = 0;
	buf_clear(&p->bytes);
	return true;
}

/* True: it was no record. */
static bool take_loss(struct plugin_input *p, struct str line)
{
	uint64_t n;

	if (!str_skip(&line, STR(PLUGIN_LOST)))
		return false;
	if (str_u64(line, &n))
		p->lost += n;
	return true;
}

static int receive(struct plugin_input *p)
{
	ssize_t n;
	char *to;

	buf_consume(&p->bytes, p->at);
	p->at = 0;
	/* Nobody who keeps to plugin_wire.h sends such a line. */
	to = p->bytes.n > PLUGIN_LINE_MAX ? NULL
					  : buf_reserve(&p->bytes, READ_MAX);
	n = to ? recv(p->fd, to, READ_MAX, MSG_DONTWAIT) : 0;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0) {
		fd_close(&p->fd);
		return -EPIPE;
	}
	p->bytes.n += (size_t)n;
	return 1;
}

int plugin_input_line(struct plugin_input *p, char **ret, size_t *ret_n)
{
	int r = 1;

	while (r > 0) {
		struct str rest = str_from(buf_str(&p->bytes), p->at);
		size_t n = str_find_char(rest, '\n');

		if (n == STR_NPOS) {
			r = receive(p);
			continue;
		}
		*ret = p->bytes.p + p->at;
		*ret_n = n;
		p->at += n + 1;
		if (!take_loss(p, str_upto(rest, n)))
			return 1;
	}
	return r;
}

struct str plugin_input_plain(char *line, size_t n)
{
	struct str plain, node;

	for (size_t i = n; i > 0; i--)
		if (line[i - 1] == NAMES_BEGIN) {
			n = i - 1;
			break;
		}
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
			line[i] = ' ';
	while (n > 0 && line[n - 1] == ' ')
		n--;
	plain = str_make(line, n);
	if (str_starts(plain, STR("node=")))
		str_cut(&plain, ' ', &node);
	return plain;
}
