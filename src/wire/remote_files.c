/* SPDX-License-Identifier: Apache-2.0 */
/* What a hub answers in files: it may be large, and take as long as it likes.
 */
#include <errno.h>

#include "base/when.h"
#include "wire/files.h"
#include "wire/remote_inside.h"

/* A hub gives a sign of life each 15 seconds. */
#define SILENCE (60 * USEC_PER_SEC)

struct fetching {
	struct files_reader reader;
	int failed;
};

static int on_piece(void *ctx, struct str piece)
{
	struct fetching *f = ctx;

	f->failed = files_read(&f->reader, piece);
	return f->failed < 0;
}

static int on_idle(void *ctx)
{
	(void)ctx;
	return 0;
}

/* What there is when the answer has ended; `r`: how it did. */
static int judge(const struct remote *remote, const struct fetching *f, int r,
    struct err *err)
{
	if (f->failed == -EBADMSG)
		return remote_not_understood(remote, err);
	if (f->failed < 0)
		return f->failed;
	if (f->reader.ended && f->reader.status)
		return remote_failed(
		    remote, f->reader.status, str_z(f->reader.why), err);
	if (f->reader.ended)
		return 0;
	return r < 0 ? r
		     : err_set(err, -ECONNRESET,
			   "%s: the hub ended the connection before all was "
			   "there",
			   remote->profile.url);
}

static int fetch(struct store *s, const char *path, const struct ask *question,
    struct fetching *f, struct err *err)
{
	const struct http_listener listener = {on_piece, on_idle, f, SILENCE};
	struct remote *remote = remote_of(s);
	const char *const headers[] = {remote->authorization, NULL};
	struct http_answer answer = {.status = 0};
	struct buf url = BUF_INIT;
	int r = remote_url(remote, path, question, &url, err);

	if (r == 0) {
		r = http_client_listen(remote->client,
		    &(struct http_request){"GET", url.p, headers, STR_NONE},
		    &listener, &answer, err);
		if (r == 0 && answer.status != 200)
			r = remote_refused(remote, &answer, err);
		else
			r = judge(remote, f, r, err);
	}
	http_answer_free(&answer);
	buf_free(&url);
	return r;
}

int remote_evidence(struct store *s, const struct query *q,
    const struct file_sink *to, struct evidence_size *ret, struct err *err)
{
	const struct ask question = {.q = *q};
	struct fetching f = {.reader = {.to = *to}};
	int r = fetch(s, "evidence", &question, &f, err);

	*ret = f.reader.size;
	return r;
}

int remote_frames(struct store *s, struct str chain, uint64_t number,
    const struct file_sink *to, struct err *err)
{
	struct fetching f = {.reader = {.to = *to}};
	struct buf name = BUF_INIT;
	struct ask question;
	int r;

	ask_init(&question);
	buf_add_str(&name, chain);
	buf_add_char(&name, ':');
	buf_add_u64(&name, number);
	question.recording = buf_str(&name);
	r = buf_error(&name);
	if (r == 0)
		r = fetch(s, "frames", &question, &f, err);
	buf_free(&name);
	return r;
}

int remote_moments(struct store *s, const struct query *q,
    const struct file_sink *to, struct err *err)
{
	const struct ask question = {.q = *q};
	struct fetching f = {.reader = {.to = *to}};

	return fetch(s, "screens", &question, &f, err);
}
