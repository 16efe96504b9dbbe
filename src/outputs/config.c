/* SPDX-License-Identifier: Apache-2.0 */
#include "outputs/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "net/mail.h"

#define MSEC	   ((int64_t)1000)
#define SECOND	   (1000 * MSEC)
#define AT(member) offsetof(struct output_config, member)

static const char *const type_words[] = {
    "file", "syslog", "elastic", "splunk", "webhook", "mail", NULL};
static const char *const format_words[] = {"auto", "json", "line", "rfc5424",
    "rfc3164", "cef", "ecs", "ocsf", "hec", NULL};
static const char *const start_words[] = {"beginning", "now", NULL};
static const char *const transport_words[] = {"udp", "tcp", "tls", NULL};
static const char *const framing_words[] = {"octets", "lines", NULL};
static const char *const on_words[] = {"off", "on", NULL};
static const char *const facility_words[] = {"auto", "auth", "authpriv",
    "audit", "local0", "local1", "local2", "local3", "local4", "local5",
    "local6", "local7", NULL};
static const int facilities[] = {-1, 4, 10, 13, 16, 17, 18, 19, 20, 21, 22, 23};

/* What each type has for format: "auto". */
static const char *const type_formats[] = {
    [OUTPUT_FILE] = "json",
    [OUTPUT_SYSLOG] = "rfc5424",
    [OUTPUT_ELASTIC] = "ecs-bulk",
    [OUTPUT_SPLUNK] = "hec",
    [OUTPUT_WEBHOOK] = "json",
    [OUTPUT_MAIL] = "line",
};

const struct conf_key output_config_keys[] = {
    {"type", CONF_ENUM, AT(type), "file", .choices = type_words,
	.help = "Where to: a file, a syslog server, Elasticsearch or "
		"OpenSearch, Splunk's HTTP event collector, any web server, or "
		"people by mail."},
    {"format", CONF_ENUM, AT(format), "auto", .choices = format_words,
	.help =
	    "What the events are written as. auto: json to files and web "
	    "servers, line by mail, rfc5424 to syslog, ecs to Elasticsearch, "
	    "hec to Splunk; the last two take nothing else."},
    {"store", CONF_PATH, AT(store), NULL,
	.help = "The store whose events are forwarded. Without it: as of "
		"sshtrail --store."},
    {"state", CONF_PATH, AT(state), "/var/lib/sshtrail-forward",
	.help = "The directory in which the place reached and refused events "
		"are kept. It is made when it is not there."},
    {"start", CONF_ENUM, AT(start), "beginning", .choices = start_words,
	.help = "Where a new output begins: with the oldest event of the "
		"store, or with what comes from now on."},
    {"filter.host", CONF_LIST, AT(host), "[]", 0, 16,
	.help = "Only events of these hosts."},
    {"filter.user", CONF_LIST, AT(user), "[]", 0, 16,
	.help = "Only events of these login users, tried users, or targets of "
		"sudo and su."},
    {"filter.person", CONF_LIST, AT(person), "[]", 0, 16,
	.help = "Only events of these persons."},
    {"filter.from", CONF_LIST, AT(from), "[]", 0, 16,
	.help = "Only events from these client addresses, beginnings of one "
		"(10.1.) or networks (10.1.0.0/16)."},
    {"filter.kind", CONF_LIST, AT(kind), "[]", 0, CONF_LIST_MAX,
	.help = "Only these kinds: exec, auth.fail, or auth for all of "
		"auth.*."},
    {"filter.cmd", CONF_STR, AT(cmd), NULL, .max = 1024,
	.help = "Only commands that hold this text."},
    {"filter.path", CONF_STR, AT(path), NULL, .max = 1024,
	.help = "Only files whose path holds this text."},
    {"filter.text", CONF_STR, AT(text), NULL, .max = 1024,
	.help = "Only events that hold this text."},
    {"filter.key", CONF_STR, AT(key), NULL, .max = 256,
	.help = "Only records of the audit rule with this key."},
    {"masks", CONF_ENUM, AT(masks), "on", .choices = on_words,
	.help = "Whether secrets in commands and in what was typed are masked, "
		"by our rules and those of the file masks in the store, as "
		"exports have it. They are read at the start."},
    {"batch.events", CONF_INT, AT(batch_events), "500", 1, 10000,
	.unit = "events",
	.help = "How many events are sent at once. As many may come twice "
		"after a crash."},
    {"batch.bytes", CONF_SIZE, AT(batch_bytes), "1MiB", 4096, (int64_t)64 << 20,
	.help = "How many bytes are sent at once."},
    {"poll", CONF_DURATION, AT(poll), "500ms", 10 * MSEC, 3600 * SECOND,
	.help = "How often the store is asked for more, once all is sent."},
    {"timeout", CONF_DURATION, AT(timeout), "30s", 100 * MSEC, 600 * SECOND,
	.help = "How long a connection, and the answer to a batch, may take."},
    {"retry", CONF_DURATION, AT(retry), "2min", 100 * MSEC, 3600 * SECOND,
	.help = "What did not succeed is tried again, at first after a second, "
		"then ever later, at most this late, for as long as it takes."},
    {"dead_letters", CONF_SIZE, AT(dead_size), "16MiB", 4096, (int64_t)1 << 40,
	.help = "Events that the other side refuses for good go to the file "
		"NAME.dead in the state directory; one that is as large "
		"becomes NAME.dead.1, in place of the one before."},
    {"file.path", CONF_PATH, AT(file), NULL,
	.help = "The file of the type file."},
    {"file.size", CONF_SIZE, AT(file_size), "100MiB", 4096, (int64_t)1 << 40,
	.help = "A file that has become as large is renamed to FILE.1, that "
		"one to FILE.2, and so on."},
    {"file.keep", CONF_INT, AT(file_keep), "5", 0, 1000, .unit = "files",
	.help = "How many of these are kept."},
    {"syslog.host", CONF_STR, AT(address), NULL, .max = 255,
	.help = "The name or address of the syslog server."},
    {"syslog.port", CONF_STR, AT(port), "514", 1, 32,
	.help = "Its port. 6514 is the one of TLS."},
    {"syslog.transport", CONF_ENUM, AT(transport), "tcp",
	.choices = transport_words,
	.help = "udp loses what the network or a busy server drops, and "
		"nobody is told."},
    {"syslog.framing", CONF_ENUM, AT(framing), "octets",
	.choices = framing_words,
	.help = "How messages are told apart over tcp and tls: octet counting "
		"(RFC 6587, RFC 5425), or a line feed behind each, for "
		"receivers that know nothing else."},
    {"syslog.facility", CONF_ENUM, AT(facility), "auto",
	.choices = facility_words,
	.help = "auto: authpriv for logins, audit for the rest."},
    {"syslog.id", CONF_STR, AT(sd_id), "sshtrail@32473", 1, 32,
	.help = "The name of the element of structured data: NAME@NUMBER with "
		"the enterprise number of your organisation. 32473 is the "
		"one for examples."},
    {"syslog.size", CONF_SIZE, AT(max_message), "8KiB", 480, 1 << 20,
	.help = "Bytes of a message at most: what the receiver takes. "
		"rfc3164: 1024 at most."},
    {"syslog.bom", CONF_ENUM, AT(bom), "off", .choices = on_words,
	.help = "Whether a byte order mark says that the message is UTF-8, as "
		"RFC 5424 has it and many receivers do not."},
    {"http.url", CONF_STR, AT(url), NULL, .max = 2048,
	.help = "elastic: up to and with _bulk, as in "
		"https://es:9200/logs-sshtrail-default/_bulk. splunk: the "
		"server, https://splunk:8088. webhook: where to POST to."},
    {"http.secret_file", CONF_PATH, AT(secret), NULL,
	.help = "A file with the secret in its first line, which others may "
		"not read. elastic: an API key, sent as \"ApiKey KEY\". "
		"splunk: the token. webhook: the key that requests are signed "
		"with."},
    {"http.proxy", CONF_STR, AT(proxy), NULL, .max = 1024,
	.help = "http://HOST:PORT, https, socks5 or socks5h. The environment "
		"is not asked."},
    {"splunk.ack", CONF_ENUM, AT(ack), "on", .choices = on_words,
	.help = "Whether a batch counts as accepted only when Splunk says that "
		"it is indexed. The token must have indexer acknowledgment "
		"on."},
    {"mail.server", CONF_STR, AT(mail_server), NULL, .max = 512,
	.help = "smtp://HOST:PORT, with STARTTLS, or smtps://HOST:PORT, with "
		"TLS from the start."},
    {"mail.starttls", CONF_ENUM, AT(mail_starttls), "on", .choices = on_words,
	.help = "off: nothing is encrypted between here and a server at "
		"smtp://, and nobody logs in there."},
    {"mail.from", CONF_STR, AT(mail_from), NULL, .max = 254,
	.help = "The address of the sender, NAME@DOMAIN."},
    {"mail.to", CONF_LIST, AT(mail_to), "[]", 0, MAIL_TO_MAX,
	.help = "The addresses that mails go to. The server must take all of "
		"them."},
    {"mail.user", CONF_STR, AT(mail_user), NULL, .max = 254,
	.help = "The user who logs in to the server. Without it: nobody "
		"does."},
    {"mail.secret_file", CONF_PATH, AT(mail_secret), NULL,
	.help = "A file with his password in its first line, which others may "
		"not read."},
    {"mail.subject", CONF_STR, AT(mail_subject), "sshtrail", 1, 100,
	.help = "The beginning of the subject; the number of events follows. "
		"ASCII."},
    {"mail.period", CONF_DURATION, AT(mail_period), "5min", 10 * MSEC,
	7 * 86400 * SECOND,
	.help = "The time between two mails. The first event is told at once, "
		"what comes after it in the next mail, at most batch.events "
		"of them."},
    {"mail.size", CONF_SIZE, AT(mail_size), "256KiB", 1024, (int64_t)32 << 20,
	.help = "Bytes of text in a mail at most, before it is encoded. "
		"Events beyond are only counted in it."},
    {"tls.ca", CONF_PATH, AT(ca), NULL,
	.help = "The authorities that may vouch for the server, in PEM. "
		"Without it: those of the system."},
    {"tls.cert", CONF_PATH, AT(cert), NULL,
	.help = "The certificate of this client, in PEM."},
    {"tls.key", CONF_PATH, AT(cert_key), NULL, .help = "Its key, in PEM."},
    {"tls.name", CONF_STR, AT(server_name), NULL, .max = 255,
	.help = "The name that a syslog server's certificate must have, where "
		"it is not syslog.host."},
    {0},
};

/* What a type cannot do without. */
static const struct {
	enum output_type type;
	size_t at;
	const char *key;
} needs[] = {
    {OUTPUT_FILE, AT(file), "file.path"},
    {OUTPUT_SYSLOG, AT(address), "syslog.host"},
    {OUTPUT_ELASTIC, AT(url), "http.url"},
    {OUTPUT_SPLUNK, AT(url), "http.url"},
    {OUTPUT_SPLUNK, AT(secret), "http.secret_file"},
    {OUTPUT_WEBHOOK, AT(url), "http.url"},
    {OUTPUT_WEBHOOK, AT(secret), "http.secret_file"},
    {OUTPUT_MAIL, AT(mail_server), "mail.server"},
    {OUTPUT_MAIL, AT(mail_from), "mail.from"},
};

static const char *text_at(const struct output_config *c, size_t at)
{
	return *(const char *const *)(const void *)((const char *)c + at);
}

/* Only for what is one line of printable ASCII is there room in a header. */
static bool is_header(const char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text >= 0x7f)
			return false;
	return true;
}

static const char *mail_fault(const struct output_config *c)
{
	bool smtp = str_starts(str_z(c->mail_server), STR("smtp://"));

	if (!smtp && !str_starts(str_z(c->mail_server), STR("smtps://")))
		return "mail.server begins with smtp:// or smtps://";
	if (c->mail_to.n == 0)
		return "type mail needs mail.to, which is not there";
	for (size_t i = 0; i < c->mail_to.n; i++)
		if (!mail_is_address(c->mail_to.v[i]))
			return "an address in mail.to is none";
	if (!mail_is_address(c->mail_from))
		return "mail.from is no address";
	if (!is_header(c->mail_subject))
		return "mail.subject is not printable ASCII";
	if (!c->mail_user != !c->mail_secret)
		return "mail.user and mail.secret_file go together";
	if (c->mail_user && smtp && c->mail_starttls == 0)
		return "a password goes over TLS only: set mail.starttls on, "
		       "or no mail.user";
	return NULL;
}

static int check_mail(
    const struct output_config *c, const char *file, struct buf *complaints)
{
	const char *fault = c->type == OUTPUT_MAIL ? mail_fault(c) : NULL;

	if (fault)
		buf_printf(complaints, "%s: %s\n", file, fault);
	return fault ? -EINVAL : 0;
}

static int check_needs(
    const struct output_config *c, const char *file, struct buf *complaints)
{
	const char *format = format_words[c->format];
	int r = 0;

	for (size_t i = 0; i < sizeof needs / sizeof *needs; i++)
		if ((int)needs[i].type == c->type && !text_at(c, needs[i].at)) {
			buf_printf(complaints,
			    "%s: type %s needs %s, which is not there\n", file,
			    type_words[c->type], needs[i].key);
			r = -EINVAL;
		}
	if ((c->type == OUTPUT_ELASTIC || c->type == OUTPUT_SPLUNK) &&
	    c->format) {
		buf_printf(complaints,
		    "%s: type %s has its own format, not %s\n", file,
		    type_words[c->type], format);
		r = -EINVAL;
	}
	if (!c->cert != !c->cert_key) {
		buf_printf(
		    complaints, "%s: tls.cert and tls.key go together\n", file);
		r = -EINVAL;
	}
	return r < 0 ? r : check_mail(c, file, complaints);
}

int output_config_load(
    struct output_config *ret, const char *file, struct buf *complaints)
{
	const struct conf conf = {output_config_keys, ret, &ret->texts};
	int r;

	*ret = (struct output_config){.texts = ARENA_INIT};
	r = conf_load(&conf, file, complaints);
	return r < 0 ? r : check_needs(ret, file, complaints);
}

void output_config_free(struct output_config *c)
{
	arena_free(&c->texts);
	*c = (struct output_config){.texts = ARENA_INIT};
}

const struct event_format *output_config_format(const struct output_config *c)
{
	return event_format_find(
	    str_z(c->format ? format_words[c->format] : type_formats[c->type]));
}

struct format_settings output_config_settings(const struct output_config *c)
{
	struct format_settings s = FORMAT_SETTINGS_DEFAULT;

	s.max_message = (size_t)c->max_message;
	if (str_eqz(str_z(output_config_format(c)->name), "rfc3164") &&
	    s.max_message > 1024)
		s.max_message = 1024;
	s.sd_id = c->sd_id;
	s.facility = facilities[c->facility];
	s.bom = c->bom == 1;
	return s;
}

int output_secret(const char *file, struct buf *ret, struct err *err)
{
	CLEANUP_FD int fd = open(file, O_RDONLY | O_CLOEXEC);
	char text[OUTPUT_SECRET_MAX];
	struct stat st;
	struct str line;
	ssize_t n;

	if (fd < 0)
		return err_sys(err, -errno, "cannot read the secret %s", file);
	if (fstat(fd, &st) == 0 && st.st_mode & 0007)
		return err_set(err, -EPERM,
		    "others may read or write the secret %s; run: chmod o= %s",
		    file, file);
	n = fd_read_full(fd, text, sizeof text);
	if (n < 0)
		return err_sys(err, (int)n, "cannot read the secret %s", file);
	line = str_make(text, (size_t)n);
	line = str_trim(str_upto(line, str_find_char(line, '\n')));
	if (line.n == 0)
		return err_set(err, -EINVAL, "the secret %s is empty", file);
	for (size_t i = 0; i < line.n; i++)
		if (line.p[i] < ' ' || line.p[i] == 0x7f)
			return err_set(err, -EINVAL,
			    "the secret %s has control characters", file);
	buf_add_str(ret, line);
	explicit_bzero(text, sizeof text);
	return buf_error(ret);
}
