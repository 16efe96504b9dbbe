/* SPDX-License-Identifier: Apache-2.0 */
#include "base/maker.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/fd.h"

struct maker {
	const struct maker_ops *ops;
	void *ctx;
	size_t ahead;
	int wakefd;
	/* Of both threads, under the lock: */
	pthread_mutex_t lock;
	pthread_cond_t taken;
	struct buf ready;
	bool left, ended;
	unsigned users;
};

static void let_go(struct maker *m)
{
	bool last;

	pthread_mutex_lock(&m->lock);
	last = --m->users == 0;
	pthread_mutex_unlock(&m->lock);
	if (!last)
		return;
	m->ops->free(m->ctx);
	pthread_mutex_destroy(&m->lock);
	pthread_cond_destroy(&m->taken);
	buf_free(&m->ready);
	fd_close(&m->wakefd);
	free(m);
}

static void wake(const struct maker *m)
{
	const uint64_t one = 1;

	/* Fails only where so many wait to be read already. */
	if (write(m->wakefd, &one, sizeof one) < 0)
		return;
}

static void *run(void *ctx)
{
	struct maker *m = ctx;

	m->ops->run(m->ctx, m);
	pthread_mutex_lock(&m->lock);
	m->ended = true;
	pthread_mutex_unlock(&m->lock);
	wake(m);
	let_go(m);
	return NULL;
}

static int start_thread(struct maker *m)
{
	pthread_attr_t attr;
	pthread_t thread;
	int r;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	m->users = 2;
	r = -pthread_create(&thread, &attr, run, m);
	pthread_attr_destroy(&attr);
	if (r < 0)
		m->users = 1;
	return r;
}

int maker_start(
    struct maker **ret, const struct maker_ops *ops, void *ctx, size_t ahead)
{
	struct maker *m = calloc(1, sizeof *m);
	int r;

	if (!m) {
		ops->free(ctx);
		return -ENOMEM;
	}
	m->ops = ops;
	m->ctx = ctx;
	m->ahead = ahead;
	m->users = 1;
	pthread_mutex_init(&m->lock, NULL);
	pthread_cond_init(&m->taken, NULL);
	m->wakefd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	r = m->wakefd < 0 ? -errno : start_thread(m);
	if (r < 0)
		let_go(m);
	else
		*ret = m;
	return r;
}

int maker_put(struct maker *m, struct str bytes)
{
	int r;

	pthread_mutex_lock(&m->lock);
	while (m->ready.n >= m->ahead && !m->left)
		pthread_cond_wait(&m->taken, &m->lock);
	if (!m->left)
		buf_add_str(&m->ready, bytes);
	r = m->left ? -ECANCELED : buf_error(&m->ready);
	pthread_mutex_unlock(&m->lock);
	wake(m);
	return r;
}

int maker_alive(struct maker *m)
{
	bool left;

	pthread_mutex_lock(&m->lock);
	left = m->left;
	pthread_mutex_unlock(&m->lock);
	return left ? -ECANCELED : 0;
}

int maker_fd(const struct maker *m)
{
	return m->wakefd;
}

bool maker_take(struct maker *m, struct buf *ret)
{
	uint64_t n;
	bool more;

	/* Whatever it was woken for is taken now. */
	if (read(m->wakefd, &n, sizeof n) < 0)
		n = 0;
	pthread_mutex_lock(&m->lock);
	*ret = m->ready;
	m->ready = BUF_INIT;
	more = ret->n || !m->ended;
	pthread_cond_signal(&m->taken);
	pthread_mutex_unlock(&m->lock);
	return more;
}

void maker_leave(struct maker *m)
{
	pthread_mutex_lock(&m->lock);
	m->left = true;
	pthread_cond_signal(&m->taken);
	pthread_mutex_unlock(&m->lock);
	let_go(m);
}
