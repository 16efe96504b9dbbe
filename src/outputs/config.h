/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an administrator can set of one output: sshtrail-output.yml(5). Each
 * output has a file of its own, whose name is its name, so that a mistake in
 * one stops no other. The table in config.c says all of it.
 */
#ifndef OUTPUTS_CONFIG_H
#define OUTPUTS_CONFIG_H

#include "base/conf.h"
#include "outputs/event_format.h"
#include "outputs/names.h"

#define OUTPUT_CONFIG_DIR "/etc/sshtrail/outputs"

enum output_type {
	OUTPUT_FILE,
	OUTPUT_SYSLOG,
	OUTPUT_ELASTIC,
	OUTPUT_SPLUNK,
	OUTPUT_WEBHOOK,
	OUTPUT_MAIL,
};

enum output_start { START_BEGINNING, START_NOW };

struct output_config {
	int type;   /* enum output_type */
	int format; /* 0: that of the type; see output_config_format() */
	const char *store, *state;
	int start; /* enum output_start */
	/* Of events, as the options of 'sshtrail search'. */
	struct conf_list host, user, person, from, kind;
	const char *cmd, *path, *text, *key;
	int masks; /* a word: off or on */
	int64_t batch_events, batch_bytes;
	int64_t poll, timeout, retry; /* microseconds */
	int64_t dead_size;
	/* syslog */
	const char *address, *port;
	int transport, framing, facility;
	int bom; /* a word: off or on */
	const char *sd_id;
	int64_t max_message;
	/* file */
	const char *file;
	int64_t file_size, file_keep;
	/* elastic, splunk, webhook */
	const char *url, *proxy, *secret;
	int ack; /* a word: off or on */
	/* mail */
	const char *mail_server, *mail_from, *mail_user, *mail_secret;
	const char *mail_subject;
	struct conf_list mail_to;
	int mail_starttls; /* a word: off or on */
	int64_t mail_period, mail_size;
	/* TLS of all of them */
	const char *ca, *cert, *cert_key, *server_name;
	struct arena texts;
};

enum { TRANSPORT_UDP, TRANSPORT_TCP, TRANSPORT_TLS };
enum { FRAMING_OCTETS, FRAMING_LINES };

extern const struct conf_key output_config_keys[];

/*
 * Load FILE; returns and complains as conf_load(), -EINVAL too where the type
 * lacks what it needs. Free with output_config_free(), also after a failure.
 */
int output_config_load(
    struct output_config *ret, const char *file, struct buf *complaints);
void output_config_free(struct output_config *c);

/* The format that events are sent in, and how. */
const struct event_format *output_config_format(const struct output_config *c);
struct format_settings output_config_settings(const struct output_config *c);

/*
 * The secret in a file: its first line. -EPERM where others may read the file;
 * it is never part of a message.
 */
#define OUTPUT_SECRET_MAX 4096
int output_secret(const char *file, struct buf *ret, struct err *err);

#endif
