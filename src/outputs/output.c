/* SPDX-License-Identifier: Apache-2.0 */
#include "outputs/output.h"

#include <stdio.h>

#include "outputs/plain.h"

extern const struct output_ops output_file;
extern const struct output_ops output_syslog;
extern const struct output_ops output_elastic;
extern const struct output_ops output_splunk;
extern const struct output_ops output_webhook;
extern const struct output_ops output_mail;

const struct output_ops *const outputs[] = {
    [OUTPUT_FILE] = &output_file,
    [OUTPUT_SYSLOG] = &output_syslog,
    [OUTPUT_ELASTIC] = &output_elastic,
    [OUTPUT_SPLUNK] = &output_splunk,
    [OUTPUT_WEBHOOK] = &output_webhook,
    [OUTPUT_MAIL] = &output_mail,
};

void record_reject(struct record *r, struct str reason)
{
	struct buf text = BUF_INIT;

	plain_add(&text, reason, RECORD_REASON_MAX / 2);
	snprintf(r->reason, sizeof r->reason, "%.*s", STR_ARG(buf_str(&text)));
	r->state = RECORD_REJECTED;
	buf_free(&text);
}
