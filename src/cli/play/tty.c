/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/play/tty.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/fd.h"
#include "record/screen.h"

#define GIVE_BACK_MS 500
#define READ_BYTES   4096

/* The other screen, on which text does not go on in the next row. */
#define TAKE	  "\033[?1049h\033[?7l\033[?25l"
/* Colours, wrap and cursor; a terminal without other screen is left below. */
#define GIVE_BACK "\033[0m\033[?7h\033[?25h\033[999;1H\033[K\033[?1049l"

static bool is_same(int a, int b)
{
	unsigned int one, other;

	return ioctl(a, TIOCGDEV, &one) == 0 &&
	       ioctl(b, TIOCGDEV, &other) == 0 && one == other;
}

/* Under su its name belongs to somebody else: /dev/tty is it, then. */
static int open_again(int fd)
{
	const int flags = O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	char name[64];
	const char *names[] = {name, "/dev/tty"};

	if (ttyname_r(fd, name, sizeof name) != 0)
		name[0] = 0;
	for (size_t i = 0; i < 2; i++) {
		int again = open(names[i], flags);

		if (again >= 0 && is_same(fd, again))
			return again;
		fd_close(&again);
	}
	return fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

int tty_open(struct tty *t, int fd, struct err *err)
{
	*t = (struct tty){.fd = -1, .out = BUF_INIT};
	if (!isatty(fd))
		return err_set(err, -ENOTTY, "no terminal");
	t->fd = open_again(fd);
	return t->fd < 0 ? err_sys(err, -errno, "cannot open the terminal") : 0;
}

void tty_close(struct tty *t)
{
	tty_give_back(t);
	fd_close(&t->fd);
	buf_free(&t->out);
}

int tty_take(struct tty *t, struct err *err)
{
	struct termios raw;

	if (t->taken)
		return 0;
	if (tcgetattr(t->fd, &t->before) < 0)
		return err_sys(err, -errno, "cannot ask the terminal");
	raw = t->before;
	/* Signals are still sent for keys: what waits for them is restored. */
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ECHONL | IEXTEN);
	raw.c_iflag &= ~(tcflag_t)(ICRNL | INLCR | IGNCR | IXON | ISTRIP);
	raw.c_oflag &= ~(tcflag_t)OPOST;
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	if (tcsetattr(t->fd, TCSANOW, &raw) < 0)
		return err_sys(err, -errno, "cannot set the terminal");
	t->taken = true;
	buf_clear(&t->out);
	buf_add_z(&t->out, TAKE);
	return 0;
}

void tty_give_back(struct tty *t)
{
	struct pollfd p = {.fd = t->fd, .events = POLLOUT};

	if (!t->taken)
		return;
	t->taken = false;
	/* A sequence that was cut here is ended by the next one. */
	buf_clear(&t->out);
	buf_add_z(&t->out, GIVE_BACK);
	while (tty_flush(t) == 0 && t->out.n &&
	       poll(&p, 1, GIVE_BACK_MS) == 1 && !(p.revents & POLLERR))
		;
	buf_clear(&t->out);
	(void)tcsetattr(t->fd, TCSANOW, &t->before);
}

int tty_flush(struct tty *t)
{
	while (t->out.n) {
		ssize_t n = write(t->fd, t->out.p, t->out.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		buf_consume(&t->out, (size_t)n);
	}
	return buf_error(&t->out);
}

int tty_read(const struct tty *t, struct buf *in)
{
	char *at = buf_reserve(in, READ_BYTES);
	ssize_t n;

	if (!at)
		return buf_error(in);
	n = read(t->fd, at, READ_BYTES);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (n == 0)
		return -EIO;
	in->n += (size_t)n;
	return 1;
}

static unsigned fit(unsigned v, unsigned none)
{
	return v == 0 ? none : v < SCREEN_MAX ? v : SCREEN_MAX;
}

void tty_size(const struct tty *t, unsigned *ret_rows, unsigned *ret_cols)
{
	struct winsize size = {.ws_row = 0};

	(void)ioctl(t->fd, TIOCGWINSZ, &size);
	*ret_rows = fit(size.ws_row, 24);
	*ret_cols = fit(size.ws_col, 80);
}
