/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/pty/payload.h"

/* Those with a word move something when it is among their arguments. */
static const struct mover {
	const char *program, *word;
} movers[] = {
    /* files */
    {"sftp-server", NULL},
    {"scp", NULL},
    {"rsync", "--server"},
    {"rrsync", NULL},
    {"tar", NULL},
    {"gtar", NULL},
    {"bsdtar", NULL},
    {"star", NULL},
    {"cpio", NULL},
    {"bsdcpio", NULL},
    {"pax", NULL},
    {"zip", NULL},
    {"dd", NULL},
    {"unison", "-server"},
    {"rclone", "serve"},
    {"csync2", NULL},
    /* repositories; git-lfs-authenticate hands out a secret */
    {"git-shell", NULL},
    {"git-upload-pack", NULL},
    {"git-receive-pack", NULL},
    {"git-upload-archive", NULL},
    {"git-lfs-authenticate", NULL},
    {"git-lfs-transfer", NULL},
    {"git", "upload-pack"},
    {"git", "receive-pack"},
    {"git", "upload-archive"},
    {"git", "archive"},
    {"git", "bundle"},
    {"hg", "serve"},
    {"svnserve", NULL},
    {"svnadmin", "dump"},
    {"bzr", "serve"},
    {"brz", "serve"},
    {"cvs", "server"},
    /* backups, file systems, databases */
    {"borg", "serve"},
    {"rdiff-backup", NULL},
    {"restic", "dump"},
    {"dump", NULL},
    {"xfsdump", NULL},
    {"zfs", "send"},
    {"btrfs", "send"},
    {"pg_dump", NULL},
    {"pg_dumpall", NULL},
    {"pg_basebackup", NULL},
    {"mysqldump", NULL},
    {"mariadb-dump", NULL},
    {"mariabackup", NULL},
    {"xtrabackup", NULL},
    {"mongodump", NULL},
    /* whatever is behind them */
    {"nc", NULL},
    {"nc.openbsd", NULL},
    {"nc.traditional", NULL},
    {"ncat", NULL},
    {"netcat", NULL},
    {"socat", NULL},
    {"dropbear", NULL},
};

/*
 * The first of their arguments that is no option is the program that they run;
 * a version may be behind their names, as of python3.11.
 */
static const char *const holders[] = {"busybox", "toybox", "python", "pypy",
    "perl", "ruby", "php", "node", "nodejs", "lua", "tclsh", "sh", "bash",
    "dash", "ash", "zsh", "ksh", "mksh"};

/*
 * What they are told to run does not descend from them: their arguments are
 * looked at.
 */
static const char *const remotes[] = {"ssh", "rsh", "docker", "podman",
    "nerdctl", "crictl", "kubectl", "oc", "lxc", "incus", "machinectl",
    "systemd-run", "run0", "at", "batch"};

#define N(a) (sizeof(a) / sizeof *(a))

static bool is_one_of(struct str s, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_eqz(s, names[i]))
			return true;
	return false;
}

static bool is_holder(struct str program)
{
	while (program.n && memchr("0123456789.", program.p[program.n - 1], 11))
		program.n--;
	return is_one_of(program, holders, N(holders));
}

static struct str base_name(struct str path)
{
	for (size_t i = path.n; i > 0; i--)
		if (path.p[i - 1] == '/')
			return str_from(path, i);
	return path;
}

static bool has_word(struct str args, const char *word)
{
	struct str arg;

	while (args.n) {
		str_cut(&args, '\0', &arg);
		if (str_eqz(arg, word))
			return true;
	}
	return false;
}

static const char *find_mover(struct str program, struct str args, bool cut)
{
	for (size_t i = 0; i < N(movers); i++)
		if (str_eqz(program, movers[i].program) &&
		    (!movers[i].word || cut || has_word(args, movers[i].word)))
			return movers[i].program;
	return NULL;
}

/* What stands between words, for any shell. */
static bool is_between(char c)
{
	return c == '\0' || memchr(" \t\n;|&()<>{}'\"`$=\\", c, 18);
}

/* Any mention counts: what becomes of it is decided elsewhere. */
static const char *find_mention(struct str args)
{
	while (args.n) {
		size_t n = 0;
		const char *mover;

		while (n < args.n && !is_between(args.p[n]))
			n++;
		mover = find_mover(base_name(str_upto(args, n)), args, true);
		if (mover)
			return mover;
		args = str_from(args, n < args.n ? n + 1 : n);
	}
	return NULL;
}

const char *payload_mover(struct str args, bool cut)
{
	struct str program;

	str_cut(&args, '\0', &program);
	program = base_name(program);
	/* How a login shell is called. */
	str_skip(&program, STR("-"));
	if (is_holder(program)) {
		do
			str_cut(&args, '\0', &program);
		while (program.n && program.p[0] == '-');
		program = base_name(program);
	}
	if (is_one_of(program, remotes, N(remotes)))
		return find_mention(args);
	return find_mover(program, args, cut);
}

bool payload_is_text(struct str bytes)
{
	for (size_t i = 0; i < bytes.n; i++) {
		uint8_t c = (uint8_t)bytes.p[i];

		/* Bell to return, shift out and in, escape. */
		if (c == 0x7f || (c < ' ' && (c < 7 || c > 15) && c != 27))
			return false;
	}
	return true;
}
