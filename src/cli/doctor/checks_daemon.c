/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "cli/doctor/checks.h"

#define GIB ((uint64_t)1 << 30)
#define START                                                                  \
	"systemctl start sshtraild, or sshtraild & (sshtraild(8)); with "      \
	"another socket: --socket"

void check_daemon_runs(const struct facts *f, struct finding *ret)
{
	const char *file = f->daemon_socket;

	if (f->daemon_error == 0)
		found(ret, LEVEL_OK, file, NULL, "runs, store %.*s",
		    STR_ARG(f->daemon.store));
	else if (f->daemon_error == EACCES)
		found(ret, LEVEL_UNSEEN, file, NULL,
		    "you are neither root nor in its group");
	else if (f->daemon_error == EBADMSG)
		found(ret, LEVEL_PROBLEM, file,
		    "systemctl restart sshtraild: is it of another version?",
		    "what answers there is not understood");
	else
		found(ret, LEVEL_PROBLEM, file, START, "sshtraild: %s",
		    f->daemon_error == ENOENT || f->daemon_error == ECONNREFUSED
			? "it does not run"
			: strerror(f->daemon_error));
}

static bool unseen(const struct facts *f, struct finding *ret)
{
	if (f->daemon_error == 0)
		return false;
	found(ret, LEVEL_UNSEEN, f->daemon_socket, NULL,
	    "sshtraild does not answer");
	return true;
}

void check_daemon_taps(const struct facts *f, struct finding *ret)
{
	const struct daemon_state *d = &f->daemon;
	char open[200] = "", closed[200] = "";
	bool tells_logins =
		 daemon_takes(d, "auth-log") || daemon_takes(d, "journal"),
	     tells_execs = daemon_takes(d, "audit") || daemon_takes(d, "bpf");

	if (unseen(f, ret))
		return;
	for (size_t i = 0; i < d->n_taps; i++) {
		char *list = d->taps[i].open ? open : closed;
		size_t n = strlen(list);

		snprintf(list + n, sizeof open - n, "%s%.*s", n ? ", " : "",
		    STR_ARG(d->taps[i].name));
	}
	found(ret, tells_logins && tells_execs ? LEVEL_OK : LEVEL_PROBLEM,
	    f->daemon_socket,
	    tells_logins && tells_execs
		? NULL
		: "sshtrail status says why each is closed; sshtraild.yml(5) "
		  "opens it",
	    "takes %s%s%s%s%s", *open ? open : "nothing",
	    *closed ? "; not " : "", closed,
	    tells_logins ? "" : ": nothing of sshd's words",
	    tells_execs ? "" : ": nothing of what is run");
}

void check_daemon_lost(const struct facts *f, struct finding *ret)
{
	const struct daemon_tap *worst = NULL;

	if (unseen(f, ret))
		return;
	for (size_t i = 0; i < f->daemon.n_taps; i++)
		if (f->daemon.taps[i].lost &&
		    (!worst || f->daemon.taps[i].lost > worst->lost))
			worst = &f->daemon.taps[i];
	if (worst)
		found(ret, LEVEL_PROBLEM, f->daemon_socket,
		    "sshtrail search --kind gap tells when and why",
		    "tap %.*s lost %" PRIu64 " records", STR_ARG(worst->name),
		    worst->lost);
	else
		found(ret, LEVEL_OK, f->daemon_socket, NULL, "nothing");
}

void check_store_space(const struct facts *f, struct finding *ret)
{
	uint64_t percent;
	bool low, out;

	if (f->store_size == 0) {
		found(ret, LEVEL_UNSEEN, f->store.path, NULL, "%s",
		    f->store.error == ENOENT ? "there is no store yet"
					     : "its file system does not tell");
		return;
	}
	percent = f->store_free / (f->store_size / 100 + 1);
	out = percent < 5 && f->store_free < 5 * GIB;
	low = percent < 15 && f->store_free < 20 * GIB;
	found(ret,
	    out	  ? LEVEL_PROBLEM
	    : low ? LEVEL_NOTE
		  : LEVEL_OK,
	    f->store.path, out || low ? "make room, or move the store" : NULL,
	    "%" PRIu64 " MiB free of %" PRIu64 " MiB (%" PRIu64 " %%)",
	    f->store_free >> 20, f->store_size >> 20, percent);
}

static void check_mode(const struct fact_file *file, mode_t refused,
    const char *mend, struct finding *ret)
{
	unsigned mode = file->st.st_mode & 07777;

	if (mode & refused)
		found(ret, LEVEL_PROBLEM, file->path, mend,
		    "mode %04o of uid %u: others can %s", mode,
		    (unsigned)file->st.st_uid, mode & 022 ? "write" : "read");
	else
		found(ret, LEVEL_OK, file->path, NULL, "mode %04o of uid %u",
		    mode, (unsigned)file->st.st_uid);
}

void check_store_mode(const struct facts *f, struct finding *ret)
{
	char mend[200];

	if (f->store.error) {
		found(ret, LEVEL_UNSEEN, f->store.path, NULL, "%s",
		    f->store.error == ENOENT ? "there is no store yet"
					     : strerror(f->store.error));
		return;
	}
	snprintf(mend, sizeof mend, "chmod go-w,o-rwx %s", f->store.path);
	check_mode(&f->store, 0027, mend, ret);
}

void check_config_mode(const struct facts *f, struct finding *ret)
{
	if (f->config.error == ENOENT)
		found(ret, LEVEL_OK, f->config.path, NULL,
		    "not there: the defaults hold");
	else if (f->config.error)
		found(ret, LEVEL_UNSEEN, f->config.path, NULL, "%s",
		    strerror(f->config.error));
	else if (!S_ISREG(f->config.st.st_mode) || f->config.st.st_uid != 0)
		found(ret, LEVEL_PROBLEM, f->config.path,
		    "chown root:root " FACTS_CONFIG " (and no link there)",
		    "%s of uid %u",
		    S_ISREG(f->config.st.st_mode) ? "a file"
						  : "not a plain file",
		    (unsigned)f->config.st.st_uid);
	else
		check_mode(&f->config, 0022, "chmod go-w " FACTS_CONFIG, ret);
}
