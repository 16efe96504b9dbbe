/* SPDX-License-Identifier: Apache-2.0 */
#include "net/mail.h"

#include <curl/curl.h>
#include <errno.h>
#include <string.h>

#include "net/curl.h"

#define SAID_MAX 256

struct sending {
	CURL *easy;
	struct str left; /* of the text */
	char error[CURL_ERROR_SIZE];
	char said[SAID_MAX]; /* the last refusal of the server */
};

bool mail_is_address(const char *text)
{
	const char *at = strchr(text, '@');

	if (!at || at == text || !at[1] || strchr(at + 1, '@'))
		return false;
	for (; *text; text++)
		if (*text <= ' ' || *text >= 0x7f ||
		    strchr("<>(),;:\"\\[]", *text))
			return false;
	return true;
}

static size_t give_text(char *p, size_t size, size_t n, void *ctx)
{
	struct sending *s = ctx;
	size_t most = size * n < s->left.n ? size * n : s->left.n;

	if (most)
		memcpy(p, s->left.p, most);
	s->left = str_from(s->left, most);
	return most;
}

/* Lines that the server says; what is no "no" is of no interest. */
static size_t take_line(char *p, size_t size, size_t n, void *ctx)
{
	struct sending *s = ctx;
	struct str line = str_trim(str_make(p, size * n));
	size_t k = 0;

	if (line.n == 0 || (*line.p != '4' && *line.p != '5'))
		return size * n;
	for (; k < line.n && k < SAID_MAX - 1; k++)
		s->said[k] =
		    line.p[k] >= ' ' && line.p[k] < 0x7f ? line.p[k] : '?';
	s->said[k] = '\0';
	return size * n;
}

static void set_up(struct sending *s, const struct mail_server *server)
{
	CURL *easy = s->easy;
	const long ms = (long)(server->timeout / 1000);

	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	curl_easy_setopt(easy, CURLOPT_URL, server->url);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 1L);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, s->error);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, ms);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, ms);
	curl_easy_setopt(easy, CURLOPT_USE_SSL,
	    (long)(server->plain ? CURLUSESSL_NONE : CURLUSESSL_ALL));
	if (server->user) {
		curl_easy_setopt(easy, CURLOPT_USERNAME, server->user);
		curl_easy_setopt(easy, CURLOPT_PASSWORD, server->secret);
	}
	curl_set_tls(easy, &server->tls);
	curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(easy, CURLOPT_READFUNCTION, give_text);
	curl_easy_setopt(easy, CURLOPT_READDATA, s);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_line);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, s);
}

static int failed(
    const struct sending *s, const char *url, CURLcode r, struct err *err)
{
	int code = curl_errno(r);
	long reply = 0;

	curl_easy_getinfo(s->easy, CURLINFO_RESPONSE_CODE, &reply);
	if (r == CURLE_OPERATION_TIMEDOUT || reply < 400 || reply > 599)
		return err_set(err, code, "%s: %s", url,
		    s->error[0] ? s->error : curl_easy_strerror(r));
	/* Only behind the text it is the text that is refused. */
	code = reply >= 500 && s->left.n == 0 ? -EBADMSG : -EREMOTEIO;
	return err_set(err, code, "%s: the server says %s", url, s->said);
}

static struct curl_slist *list_of(const struct mail *m)
{
	struct curl_slist *list = NULL;

	for (size_t i = 0; i < m->n_to; i++) {
		struct curl_slist *longer = curl_slist_append(list, m->to[i]);

		if (!longer) {
			curl_slist_free_all(list);
			return NULL;
		}
		list = longer;
	}
	return list;
}

int mail_send(
    const struct mail_server *server, const struct mail *m, struct err *err)
{
	struct sending s = {.left = m->text};
	struct curl_slist *to;
	CURLcode r;
	int ret = 0;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return err_set(err, -ENOMEM, "no memory for a mail");
	s.easy = curl_easy_init();
	to = list_of(m);
	if (s.easy && to) {
		set_up(&s, server);
		curl_easy_setopt(s.easy, CURLOPT_MAIL_FROM, m->from);
		curl_easy_setopt(s.easy, CURLOPT_MAIL_RCPT, to);
		r = curl_easy_perform(s.easy);
		if (r != CURLE_OK)
			ret = failed(&s, server->url, r, err);
	} else {
		ret = err_set(err, -ENOMEM, "no memory for a mail");
	}
	curl_slist_free_all(to);
	curl_easy_cleanup(s.easy);
	curl_global_cleanup();
	return ret;
}
