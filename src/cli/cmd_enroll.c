/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <unistd.h>

#include "archive/layout.h"
#include "base/fd.h"
#include "cli/command.h"
#include "wire/member.h"

struct enroll_options {
	const char *name, *proxy;
};

static const struct opt enroll_opts[] = {
    {"name", 0, OPT_STR, "NAME",
	"the host's name, where sshtraild.yml gives it another than it has",
	.at = offsetof(struct enroll_options, name), .hint = OPT_HINT_HOST},
    {"proxy", 0, OPT_STR, "URL", "reach the hub through an HTTP proxy",
	.at = offsetof(struct enroll_options, proxy)},
    {.name = NULL},
};

static int enroll(struct cli *c, struct member_join *join, struct err *err)
{
	uint8_t id_key[LAYOUT_ID_KEY_LEN];
	struct sign_key key;
	CLEANUP_FD int dirfd = -1;
	int r = layout_open(c->dir.p, true, &dirfd, err);

	if (r == 0)
		r = layout_keys(dirfd, &key, id_key, err);
	if (r < 0)
		return r;
	join->key = &key;
	r = member_enroll(c->dir.p, dirfd, join, err);
	sign_key_wipe(&key);
	return r;
}

static int enroll_run(const struct invocation *inv)
{
	const struct enroll_options *own = inv->own;
	char self[HOST_NAME_MAX + 1] = "";
	struct member_join join = {.url = inv->args[0],
	    .token = inv->args[1],
	    .name = own->name ? own->name : self,
	    .proxy = own->proxy};
	struct err err = {""};
	int r;

	gethostname(self, sizeof self - 1);
	r = enroll(inv->cli, &join, &err);
	if (r < 0)
		return cli_fail_code(inv->cli, r, &err);
	return cli_note(inv->cli,
	    "%s has joined the hub at %s; sshtraild sends to it once it is "
	    "started anew, or told to read its configuration (SIGHUP)",
	    join.name, join.url);
}

const struct command cmd_enroll = {
    .name = "enroll",
    .operands = "HUB-URL TOKEN",
    .summary = "join a hub, to which sshtraild then sends the trail",
    .help = "TOKEN is what \"sshtrail-hub token\" printed: it is good for one "
	    "host, once, and names the hub's authority, so that no file need "
	    "be copied. The host shows that it has the key of its store, and "
	    "gets a certificate, which sshtraild renews by itself.\n\n"
	    "Where a certificate was lost, or ran out while the host was "
	    "off, a new token makes it good. A host that was built anew has "
	    "another key: it joins under another name (host, in "
	    "sshtraild.yml), as the chains of the old one are kept under "
	    "theirs.",
    .examples = "  sshtrail enroll https://hub.example:7420 5e0c...\n",
    .opts = enroll_opts,
    .opts_size = sizeof(struct enroll_options),
    .min_args = 2,
    .max_args = 2,
    .run = enroll_run,
};
