/* SPDX-License-Identifier: Apache-2.0 */
#include "hub/config.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <unistd.h>

#define SECOND	   ((int64_t)1000000)
#define DAY	   (86400 * SECOND)
#define LISTEN_MAX 64
#define AT(member) offsetof(struct hub_config, member)

const struct conf_key hub_config_keys[] = {
    {"name", CONF_STR, AT(name), NULL, .max = 64,
	.help = "The name by which the hub cosigns what it keeps, and under "
		"which its own events are kept. Without it: the name of the "
		"machine."},
    {"store", CONF_PATH, AT(store), "/var/lib/sshtrail-hub",
	.help = "The store directory, as \"sshtrail-hub init\" made it and as "
		"sshtrail --store reads it."},
    {"listen.address", CONF_STR, AT(address), "0.0.0.0", 1, 45,
	.help = "The IP address at which hosts reach the hub; \"::\" is any, "
		"of IPv6 and IPv4."},
    {"listen.port", CONF_INT, AT(port), "7420", 0, 65535,
	.help = "The TCP port. 0: any free one, which is told at the start."},
    {"listen.connections", CONF_INT, AT(connections), "4096", 1, 100000,
	.unit = "connections",
	.help = "So many may be open at a time. Where one more comes, one of "
		"those is ended that have shown no certificate of this hub: of "
		"the address that has most of them, the oldest."},
    {"listen.patience", CONF_DURATION, AT(patience), "30s", SECOND,
	3600 * SECOND,
	.help = "How long somebody may take to say who it is and what it "
		"wants, and beside that a second for each 512 bytes of what is "
		"sent or answered: a connection that takes longer is ended. "
		"Hosts that have shown their certificate may rest for 90 s "
		"between requests."},
    {"listen.followers", CONF_INT, AT(followers), "64", 0, 4096,
	.unit = "followers",
	.help = "So many may follow at a time what comes in; more are told to "
		"try again later."},
    {"commit.interval", CONF_DURATION, AT(commit_interval), "500ms",
	SECOND / 100, 60 * SECOND,
	.help = "How long it takes at most until what a host sent is signed "
		"by the hub and can be found. It is on the disk before the "
		"host is told that it is kept."},
    {"certificates.life", CONF_DURATION, AT(certificate_life), "90d", DAY,
	825 * DAY,
	.help = "How long the certificate of a host lasts. Hosts renew it when "
		"a third of that is left."},
    {"silence", CONF_DURATION, AT(silence), "3min", SECOND, 365 * DAY,
	.help = "A host that was not heard for so long is told in an event "
		"(alert, op silent), and so is its return (op back). Hosts "
		"give a sign of life each minute."},
    {"outputs.config", CONF_PATH, AT(outputs), NULL,
	.help =
	    "A directory of outputs, as sshtrail-output.yml(5) has them, "
	    "which the hub runs. It is read at the start and at SIGHUP: all "
	    "of them then begin anew, where they were. How far they have "
	    "come is kept in hub/outputs of the store. Without it: none."},
    {"outputs.program", CONF_PATH, AT(program), NULL,
	.help = "The program sshtrail, which forwards to them. Without it: "
		"the one beside sshtrail-hub."},
    {"retention.config", CONF_PATH, AT(retention), NULL,
	.help = "How long what is kept, as sshtrail-retention.yml(5) has it. "
		"It is read at the start. Without it: nothing is removed."},
    {"retention.every", CONF_DURATION, AT(retention_every), "1d", SECOND,
	365 * DAY,
	.help = "How often what is to be kept no longer is looked for, and "
		"removed; for the first time a minute after the start. The "
		"index is then made again, and hosts wait for that."},
    {"inputs.udp", CONF_STR, AT(inputs_udp), NULL, 1, LISTEN_MAX,
	.help = "Where syslog comes by UDP from hosts and devices without "
		"sshtraild: an IP address and a port, as 192.0.2.1:5514 or "
		"[::]:5514. Without it: nowhere. So too:"},
    {"inputs.tcp", CONF_STR, AT(inputs_tcp), NULL, 1, LISTEN_MAX,
	.help = "syslog by TCP, with octets counted or a line feed behind "
		"each message (RFC 6587);"},
    {"inputs.tls", CONF_STR, AT(inputs_tls), NULL, 1, LISTEN_MAX,
	.help = "syslog by TLS (RFC 5425);"},
    {"inputs.audit", CONF_STR, AT(inputs_audit), NULL, 1, LISTEN_MAX,
	.help = "what audisp-remote sends."},
    {"inputs.allow", CONF_LIST, AT(inputs_allow), "[]", 0, CONF_LIST_MAX,
	.help = "Networks that may send, as 192.0.2.0/24 or 2001:db8::1. "
		"Nobody else is taken anything from: they must be named where "
		"there is any of the inputs."},
    {"inputs.cert", CONF_PATH, AT(inputs_cert), NULL,
	.help = "The certificate for inputs.tls, in PEM. Without it: the one "
		"that hosts are shown."},
    {"inputs.key", CONF_PATH, AT(inputs_key), NULL, .help = "Its key, in PEM."},
    {"inputs.client_ca", CONF_PATH, AT(inputs_ca), NULL,
	.help = "An authority, in PEM, of which senders by TLS must show a "
		"certificate: they are then known by the name in it. Without "
		"it: by their address, as all others."},
    {"inputs.senders", CONF_INT, AT(senders), "256", 1, 4096, .unit = "senders",
	.help = "So many senders are listened to; who comes then takes the "
		"place of one that said nothing, or has been silent for ten "
		"minutes, or is refused, and counted. Chains are kept of "
		"eight times as many."},
    {"inputs.rate", CONF_SIZE, AT(sender_rate), "4MiB", 1024, 1 << 30,
	.help = "So much a second may come from one sender; a line of which an "
		"event is made counts 1 KiB more. Of who sends more, "
		"connections wait, and datagrams are lost, and counted."},
    {"inputs.connections", CONF_INT, AT(sender_connections), "1024", 1, 65536,
	.unit = "connections",
	.help = "So many may be open at a time, and of one sender a quarter "
		"of them; more are refused, and counted. Where one more comes "
		"of another address than that which has most, that one loses "
		"its oldest."},
    {0},
};

static int set_name(struct hub_config *c)
{
	char name[HOST_NAME_MAX + 1] = "";

	if (c->name)
		return 0;
	if (gethostname(name, sizeof name) < 0)
		return -errno;
	c->name = arena_dup(&c->texts, str_z(name[0] ? name : "hub")).p;
	return c->name ? 0 : -ENOMEM;
}

int hub_config_load(
    struct hub_config *ret, const char *file, struct buf *complaints)
{
	const struct conf conf = {hub_config_keys, ret, &ret->texts};
	int r;

	*ret = (struct hub_config){.texts = ARENA_INIT};
	if (!file && access(HUB_CONFIG_FILE, F_OK) == 0)
		file = HUB_CONFIG_FILE;
	r = conf_load(&conf, file, complaints);
	if (r == 0 && !ret->inputs_cert != !ret->inputs_key) {
		buf_printf(complaints,
		    "%s: inputs.cert and inputs.key go together\n", file);
		r = -EINVAL;
	}
	return r < 0 ? r : set_name(ret);
}

void hub_config_free(struct hub_config *c)
{
	arena_free(&c->texts);
	*c = (struct hub_config){.texts = ARENA_INIT};
}
