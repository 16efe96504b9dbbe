/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mails: the first event at once, what follows within a period together. What
 * events hold, attackers have written: it stands in the body only, which is
 * base64, so that no byte of it can end a line, a header or the message.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/when.h"
#include "crypto/digest.h"
#include "net/mail.h"
#include "outputs/output.h"

#define LINE_BYTES 57 /* 76 characters of base64 */

struct mailer {
	struct output base; /* first */
	const struct output_config *cfg;
	struct mail_server server;
	struct buf secret; /* with a NUL behind it; empty: none */
};

static void mail_close(struct output *o)
{
	struct mailer *m = (struct mailer *)o;

	if (m->secret.n)
		explicit_bzero(m->secret.p, m->secret.n);
	buf_free(&m->secret);
	free(m);
}

static int mail_open(
    struct output **ret, const struct output_config *cfg, struct err *err)
{
	struct mailer *m = calloc(1, sizeof *m);
	int r = 0;

	if (!m)
		return -ENOMEM;
	m->base.ops = outputs[OUTPUT_MAIL];
	m->base.pause = cfg->mail_period;
	m->cfg = cfg;
	if (cfg->mail_user)
		r = output_secret(cfg->mail_secret, &m->secret, err);
	if (r == 0 && m->secret.n && !buf_z(&m->secret))
		r = -ENOMEM;
	m->server = (struct mail_server){.url = cfg->mail_server,
	    .tls = {.ca_file = cfg->ca,
		.cert_file = cfg->cert,
		.key_file = cfg->cert_key},
	    .plain = cfg->mail_starttls == 0,
	    .user = cfg->mail_user,
	    .secret = m->secret.p,
	    .timeout = cfg->timeout};
	if (r < 0)
		mail_close(&m->base);
	else
		*ret = &m->base;
	return r;
}

/* Those of n records that wait. */
struct digest {
	const struct record *first, *last;
	size_t n;
};

static struct digest digest_of(const struct record *records, size_t n)
{
	struct digest d = {NULL, NULL, 0};

	for (size_t i = 0; i < n; i++) {
		if (records[i].state != RECORD_WAITS)
			continue;
		if (d.n++ == 0)
			d.first = &records[i];
		d.last = &records[i];
	}
	return d;
}

static void add_headers(
    const struct output_config *cfg, const struct digest *d, struct buf *b)
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	const int64_t now = time_now();
	struct civil c;

	time_to_civil(now, &c);
	buf_printf(b, "Date: %.3s, %d %.3s %d %02d:%02d:%02d +0000\r\n",
	    days + 3 * ((now / USEC_PER_DAY + 4) % 7), c.day,
	    months + 3 * (c.month - 1), (int)c.year, c.hour, c.minute,
	    c.second);
	buf_printf(b, "From: <%s>\r\nTo: ", cfg->mail_from);
	for (size_t i = 0; i < cfg->mail_to.n; i++)
		buf_printf(b, "%s<%s>", i ? ",\r\n " : "", cfg->mail_to.v[i]);
	/* Sent again, the same digest has the same. */
	buf_printf(b,
	    "\r\nMessage-ID: <%s.%s@sshtrail.invalid>\r\n"
	    "Subject: %s: %zu event%s\r\n"
	    "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
	    "Content-Type: text/plain; charset=utf-8\r\n"
	    "Content-Transfer-Encoding: base64\r\n\r\n",
	    d->first->eid, d->last->eid, cfg->mail_subject, d->n,
	    d->n == 1 ? "" : "s");
}

static void add_lines(const struct output_config *cfg,
    const struct record *records, size_t n, struct buf *b)
{
	size_t left_out = 0;

	for (size_t i = 0; i < n; i++) {
		if (records[i].state != RECORD_WAITS)
			continue;
		if (left_out ||
		    b->n + records[i].text.n + 1 > (size_t)cfg->mail_size) {
			left_out++;
			continue;
		}
		buf_add_str(b, records[i].text);
		buf_add_char(b, '\n');
	}
	if (left_out)
		buf_printf(b, "%zu more: see the store, \"sshtrail search\"\n",
		    left_out);
}

static void add_base64(struct str text, struct buf *b)
{
	char line[LINE_BYTES / 3 * 4 + 1];

	for (size_t at = 0; at < text.n; at += LINE_BYTES) {
		size_t n = text.n - at < LINE_BYTES ? text.n - at : LINE_BYTES;

		base64_encode(text.p + at, n, line);
		buf_printf(b, "%s\r\n", line);
	}
}

static int send_digest(
    struct mailer *m, const struct record *records, size_t n, struct err *err)
{
	const struct output_config *cfg = m->cfg;
	const struct digest d = digest_of(records, n);
	struct mail mail = {.from = cfg->mail_from,
	    .to = cfg->mail_to.v,
	    .n_to = cfg->mail_to.n};
	struct buf body = BUF_INIT, text = BUF_INIT;
	int r;

	if (d.n == 0)
		return 0;
	add_headers(cfg, &d, &text);
	add_lines(cfg, records, n, &body);
	add_base64(buf_str(&body), &text);
	mail.text = buf_str(&text);
	r = buf_error(&body) ? buf_error(&body) : buf_error(&text);
	if (r == 0)
		r = mail_send(&m->server, &mail, err);
	if (r == 0)
		snprintf(m->base.said, sizeof m->base.said,
		    "the server took a mail of %zu event%s", d.n,
		    d.n == 1 ? "" : "s");
	buf_free(&text);
	buf_free(&body);
	return r;
}

static void settle(struct record *records, size_t n, const char *refused)
{
	for (size_t i = 0; i < n; i++) {
		if (records[i].state != RECORD_WAITS)
			continue;
		if (refused)
			record_reject(&records[i], str_z(refused));
		else
			records[i].state = RECORD_ACCEPTED;
	}
}

/*
 * What an attacker wrote may be what a filter for spam or viruses looks for: it
 * must not keep away what else there is to be told. So the half that is refused
 * gets halved, until the one at fault is alone. What is done does not wait any
 * more: the next try begins behind it.
 */
static int mail_send_records(
    struct output *o, struct record *records, size_t n, struct err *err)
{
	struct mailer *m = (struct mailer *)o;
	size_t at = 0, part = n;

	while (at < n) {
		size_t most = part < n - at ? part : n - at;
		int r = send_digest(m, records + at, most, err);

		if (r == -EBADMSG && digest_of(records + at, most).n > 1) {
			part = (most + 1) / 2;
			continue;
		}
		if (r < 0 && r != -EBADMSG)
			return r;
		settle(records + at, most, r ? err->text : NULL);
		at += most;
		part = r ? n : 2 * part;
	}
	return 0;
}

const struct output_ops output_mail = {
    "mail", mail_open, mail_send_records, mail_close};
