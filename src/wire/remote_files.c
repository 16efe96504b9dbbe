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

int remote_evidence(struct store *s, const struct query *q,
    const struct file_sink *to, struct evidence_size *ret, struct err *err)
{
	struct remote *remote = remote_of(s);
	struct fetching f = {.reader = {.to = *to}};
	const struct http_listener listener = {on_piece, on_idle, &f, SILENCE};
	const char *const headers[] = {remote->authorization, NULL};
	struct http_answer answer = {.status = 0};
	struct ask question = {.q = *q};
	struct buf url = BUF_INIT;
	int r = remote_url(remote, "evidence", &question, &url, err);

	if (r == 0)
		r = http_client_listen(remote->client,
		    &(struct http_request){"GET", url.p, headers, STR_NONE},
		    &listener, &answer, err);
	if (r == 0 && answer.status != 200)
		r = remote_refused(remote, &answer, err);
	else if (url.p)
		r = judge(remote, &f, r, err);
	*ret = f.reader.size;
	http_answer_free(&answer);
	buf_free(&url);
	return r;
}
