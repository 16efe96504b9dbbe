/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "sources/tap.h"

#define MSEC	   ((int64_t)1000)
#define SECOND	   (1000 * MSEC)
#define AT(member) offsetof(struct config, member)

static const char *const audit_words[] = {"auto", "register", "off", NULL};
static const char *const bpf_words[] = {"auto", "off", NULL};
static const char *const terminal_words[] = {"auto", "off", NULL};
static const char *const on_words[] = {"off", "on", NULL};
static const char *const ship_words[] = {"auto", "off", NULL};
static const char *const file_words[] = {"auto", "off", NULL};

const struct conf_key config_keys[] = {
    {"host", CONF_STR, AT(host), NULL, .max = HOST_NAME_MAX,
	.help = "The name under which this host's events are kept. Without "
		"it: the name that the host has when the daemon starts."},
    {"store", CONF_PATH, AT(store), "/var/lib/sshtrail",
	.help = "The store directory, as of sshtrail --store. It must belong "
		"to the daemon's user."},
    {"user", CONF_STR, AT(user), "sshtrail", .max = 32,
	.help = "The user as whom what is captured is read, parsed and "
		"written. Only a small monitor, which opens descriptors and "
		"never reads from them, stays root."},
    {"group", CONF_STR, AT(group), "sshtrail", .max = 32,
	.help = "The group whose members may ask the daemon for its state, "
		"through the control socket."},
    {"socket", CONF_PATH, AT(socket), "/run/sshtrail/control",
	.help = "The control socket."},
    {"commit.interval", CONF_DURATION, AT(commit_interval), "500ms", 10 * MSEC,
	60 * SECOND,
	.help = "How long it takes at most until an event is signed and can "
		"be found. Shorter costs more processor time and space."},
    {"sync.interval", CONF_DURATION, AT(sync_interval), "50ms", 1 * MSEC,
	10 * SECOND,
	.help = "How long it takes at most until an event is on the disk, "
		"where it outlives a power failure."},
    {"reserve", CONF_SIZE, AT(reserve), "64MiB", 0, (int64_t)1 << 40,
	.help = "Room on the disk of the store that is allocated in advance "
		"for logins and commands. While less than as much is left "
		"beside it, what terminals show is not recorded; with less "
		"than a quarter of it, files and connections are not kept "
		"either. Gaps tell of both. 0: all is kept until the disk is "
		"full."},
    {"taps.audit", CONF_ENUM, AT(audit), "auto", .choices = audit_words,
	.help = "The kernel's audit records. auto: they are listened to, "
		"beside the audit daemon or without one. register: as the "
		"audit daemon of this host, where there is no other."},
    {"taps.bpf", CONF_ENUM, AT(bpf), "auto", .choices = bpf_words,
	.help = "Login sessions, the programs that are run in them, the "
		"connections that these make, the files that they change "
		"(files.watch, files.read) and the users that they become, "
		"seen by programs in the kernel. "
		"auto: as far as this kernel can. What it tells whole is left "
		"out of what taps.audit tells."},
    {"taps.terminals", CONF_ENUM, AT(terminals), "auto",
	.choices = terminal_words,
	.help = "What the terminals of SSH sessions show, recorded by programs "
		"in the kernel. auto: as far as this kernel can. What is "
		"transferred without a terminal is never recorded. What "
		"commands without a terminal write is, if commands.output "
		"says so."},
    {"taps.rec", CONF_PATH, AT(rec), "auto", .choices = file_words,
	.help = "The socket at which sshtrail-rec hands over what terminals "
		"show, where it is set up. auto: /run/sshtrail/rec. While "
		"taps.terminals records them, sshtrail-rec is told to step "
		"aside."},
    {"taps.auth_log", CONF_PATH, AT(auth_log), "auto", .choices = file_words,
	.help = "The log file of sshd. auto: where this host keeps it."},
    {"taps.journal", CONF_PATH, AT(journal), "auto", .choices = file_words,
	.help = "The directory of the systemd journal. auto: where this host "
		"keeps it."},
    {"taps.wtmp", CONF_PATH, AT(wtmp), "auto", .choices = file_words,
	.help = "The records of logins. auto: where this host keeps them."},
    {"taps.btmp", CONF_PATH, AT(btmp), "auto", .choices = file_words,
	.help = "The records of failed logins. auto: where this host keeps "
		"them."},
    {"taps.wtmpdb", CONF_PATH, AT(wtmpdb), "auto", .choices = file_words,
	.help = "The database of wtmpdb, which some hosts have in the place "
		"of wtmp. auto: where this host keeps it."},
    {"taps.lastlog2", CONF_PATH, AT(lastlog2), "auto", .choices = file_words,
	.help = "The database of lastlog2, with the last login of each user. "
		"auto: where this host keeps it."},
    {"rec.spool", CONF_PATH, AT(rec_spool), "/var/lib/sshtrail-rec",
	.help = "A directory in which sshtrail-rec leaves what no daemon took. "
		"It is made where sshtrail-rec is set up."},
    {"audit.rules", CONF_ENUM, AT(audit_rules), "off", .choices = on_words,
	.help = "Whether taps.audit loads rules of its own, those of "
		"\"sshtrail setup audit-rules\", as far as they are not there: "
		"what login sessions run, connect to and change. Audit is "
		"switched on for it, its queue made longer, and no program "
		"waits for it. When the daemon stops, all of this is as it was "
		"before. A locked audit (enabled 2) takes no rules."},
    {"files.watch", CONF_LIST, AT(watch),
	"[/etc, /root, .ssh, /boot, /usr/bin, /usr/sbin, /usr/local, "
	"/usr/lib/systemd, /usr/lib/security, "
	"/usr/lib/x86_64-linux-gnu/security, "
	"/usr/lib/aarch64-linux-gnu/security, /usr/lib64/security, "
	"/var/spool/cron, /var/spool/at, /var/log]",
	0, CONF_LIST_MAX,
	.help = "Files whose change is told by taps.bpf: opened for writing, "
		"created, removed, renamed, linked, or given other owners, "
		"modes or attributes. An absolute path, of a file or of a "
		"directory and all below it, which need not be there yet; or "
		"a name without a slash, for files and directories of that "
		"name anywhere. The store itself is always among them, "
		"unless the list is empty or the daemon was started from a "
		"login session."},
    {"files.read", CONF_LIST, AT(read),
	"[/etc/shadow, /etc/gshadow, /etc/security/opasswd, "
	"/etc/krb5.keytab, /etc/ssh/ssh_host_rsa_key, "
	"/etc/ssh/ssh_host_ecdsa_key, /etc/ssh/ssh_host_ed25519_key, id_rsa, "
	"id_ecdsa, id_ed25519, id_dsa, .netrc, .pgpass, .git-credentials]",
	0, CONF_LIST_MAX,
	.help = "Files whose reading is told by taps.bpf: paths and names as "
		"in files.watch. Of a directory: the files directly in it."},
    {"terminals.input", CONF_ENUM, AT(terminals_input), "off",
	.choices = on_words,
	.help = "Whether what is typed is recorded, too, while the terminal "
		"echoes it. What is typed while it does not (passwords, and "
		"all that an editor of lines like that of a shell reads) is "
		"not kept in any case."},
    {"commands.output", CONF_ENUM, AT(commands_output), "off",
	.choices = on_words,
	.help = "Whether what commands without a terminal (ssh HOST COMMAND) "
		"write to their client is recorded, too, while taps.terminals "
		"is not off. What sftp, scp, rsync, tar, git and their like "
		"transfer is only counted, and so is, from there on, what is "
		"no text."},
    {"commands.limit", CONF_SIZE, AT(commands_limit), "1MiB", 4096, 1 << 30,
	.help = "Of each such command so much output is kept; the rest is only "
		"counted."},
    {"hub.ship", CONF_ENUM, AT(hub_ship), "auto", .choices = ship_words,
	.help = "Whether the trail is sent to a hub. auto: to the one that "
		"the host has joined (sshtrail enroll), if any."},
    {"hub.proxy", CONF_STR, AT(hub_proxy), NULL, .max = 1024,
	.help = "The HTTP proxy through which the hub is reached, as "
		"http://HOST:PORT. Without it: none, whatever the environment "
		"says."},
    {0},
};

/* Of a process that somebody started from a login session. */
static bool in_session(void)
{
	struct buf b = BUF_INIT;
	bool unset =
	    fd_read_file(AT_FDCWD, "/proc/self/loginuid", 64, &b) < 0 ||
	    str_eqz(buf_str(&b), "4294967295");

	buf_free(&b);
	return !unset;
}

static void add_list(
    struct buf *to, const char *what, const struct conf_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		buf_printf(to, "%s %s\n", what, list->v[i]);
}

static int set_files(struct config *c)
{
	struct buf b = BUF_INIT;
	int r;

	add_list(&b, "watch", &c->watch);
	add_list(&b, "read", &c->read);
	/* Within a session the daemon would tell of itself without end. */
	if (c->watch.n && !in_session())
		buf_printf(&b, "watch %s\n", c->store);
	buf_add_char(&b, '\0');
	r = buf_error(&b);
	if (r == 0)
		c->files = arena_dup(&c->texts, buf_str(&b)).p;
	buf_free(&b);
	return r < 0 ? r : c->files ? 0 : -ENOMEM;
}

static int set_terminals(struct config *c)
{
	struct buf b = BUF_INIT;
	int r;

	if (strcmp(on_words[c->terminals_input], "on") == 0)
		buf_add_z(&b, TAP_TERMINALS_INPUT " ");
	if (strcmp(on_words[c->commands_output], "on") == 0)
		buf_printf(&b, TAP_TERMINALS_COMMANDS "%lld ",
		    (long long)c->commands_limit);
	r = buf_error(&b);
	if (r == 0 && b.n)
		c->terminals_wants =
		    arena_dup(&c->texts, str_upto(buf_str(&b), b.n - 1)).p;
	if (r == 0 && b.n && !c->terminals_wants)
		r = -ENOMEM;
	buf_free(&b);
	return r;
}

static int set_rec(struct config *c)
{
	c->rec_wants =
	    arena_printf(&c->texts, "%s\n%s", c->rec, c->rec_spool).p;
	return c->rec_wants ? 0 : -ENOMEM;
}

static int set_host(struct config *c)
{
	char name[HOST_NAME_MAX + 1] = "";

	/* The kernel's limit is that of `name`. */
	if (gethostname(name, sizeof name) < 0)
		return -errno;
	c->host = arena_dup(&c->texts, str_z(name[0] ? name : "localhost")).p;
	return c->host ? 0 : -ENOMEM;
}

int config_load(struct config *ret, const char *file, struct buf *complaints)
{
	const struct conf conf = {config_keys, ret, &ret->texts};
	int r;

	*ret = (struct config){.texts = ARENA_INIT};
	if (!file && access(CONFIG_FILE, F_OK) == 0)
		file = CONFIG_FILE;
	r = conf_load(&conf, file, complaints);
	if (r == 0 && !ret->host)
		r = set_host(ret);
	if (r == 0)
		r = set_terminals(ret);
	if (r == 0)
		r = set_rec(ret);
	return r < 0 ? r : set_files(ret);
}

int config_load_or_say(struct config *ret, const char *file,
    void (*say)(const char *fmt, ...) __attribute__((format(printf, 1, 2))))
{
	struct buf complaints = BUF_INIT;
	int r = config_load(ret, file, &complaints);
	struct str rest = buf_str(&complaints), line;

	while (r < 0 && rest.n) {
		str_cut(&rest, '\n', &line);
		say("%.*s", STR_ARG(line));
	}
	buf_free(&complaints);
	if (r < 0)
		config_free(ret);
	return r;
}

void config_free(struct config *c)
{
	arena_free(&c->texts);
	*c = (struct config){.texts = ARENA_INIT};
}

bool config_ships(const struct config *c)
{
	return strcmp(ship_words[c->hub_ship], "off") != 0;
}

static const char *audit_value(const struct config *c)
{
	const char *value = audit_words[c->audit];

	if (strcmp(on_words[c->audit_rules], "on") != 0)
		return value;
	if (strcmp(value, TAP_AUDIT_REGISTER) == 0)
		return TAP_AUDIT_REGISTER "," TAP_AUDIT_RULES;
	return strcmp(value, "auto") == 0 ? TAP_AUDIT_RULES : value;
}

static const char *tap_value(const struct config *c, struct str tap)
{
	const struct {
		const char *tap, *value;
	} values[] = {
	    {"audit", audit_value(c)},
	    {"bpf", bpf_words[c->bpf]},
	    {"terminals", terminal_words[c->terminals]},
	    {"rec", c->rec},
	    {"auth-log", c->auth_log},
	    {"journal", c->journal},
	    {"wtmp", c->wtmp},
	    {"btmp", c->btmp},
	    {"wtmpdb", c->wtmpdb},
	    {"lastlog2", c->lastlog2},
	};

	for (size_t i = 0; i < sizeof values / sizeof *values; i++)
		if (str_eqz(tap, values[i].tap))
			return values[i].value;
	return "auto";
}

bool config_tap(const struct config *c, const char *tap, const char **ret_path)
{
	const char *value = tap_value(c, str_z(tap));
	struct str s = str_z(value);

	*ret_path = str_eqz(s, "auto") ? NULL : value;
	if (str_eqz(str_z(tap), "bpf"))
		*ret_path = c->files;
	if (str_eqz(str_z(tap), "terminals"))
		*ret_path = c->terminals_wants;
	if (str_eqz(str_z(tap), "rec"))
		*ret_path = c->rec_wants;
	return !str_eqz(s, "off");
}
