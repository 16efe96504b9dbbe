/* SPDX-License-Identifier: Apache-2.0 */
#include "hub/config.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <unistd.h>

#define SECOND	   ((int64_t)1000000)
#define DAY	   (86400 * SECOND)
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
	.help = "So many may be open at a time; more are not answered."},
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
	return r < 0 ? r : set_name(ret);
}

void hub_config_free(struct hub_config *c)
{
	arena_free(&c->texts);
	*c = (struct hub_config){.texts = ARENA_INIT};
}
