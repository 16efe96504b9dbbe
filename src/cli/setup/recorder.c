/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/setup/recorder.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <sys/stat.h>

#include "cli/setup/sshd.h"

#define GROUP	      "sshtrail-rec"
#define NAME_MAX_HERE 64

static bool is_name(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!(s.p[i] >= 'a' && s.p[i] <= 'z') &&
		    !(s.p[i] >= 'A' && s.p[i] <= 'Z') &&
		    !(s.p[i] >= '0' && s.p[i] <= '9') && !strchr("._-", s.p[i]))
			return false;
	return s.n && s.n < NAME_MAX_HERE && s.p[0] != '-';
}

int recorder_check_names(const struct setup *s, struct err *err)
{
	for (size_t i = 0; i < s->users->n; i++)
		if (!is_name(s->users->v[i]))
			return err_set(err, -EINVAL,
			    "--user takes names of users, not \"%.*s\"",
			    STR_ARG(s->users->v[i]));
	return 0;
}

int recorder_effective(
    struct str name, const char *keyword, struct buf *ret, struct err *err)
{
	char connection[NAME_MAX_HERE + 40];

	snprintf(connection, sizeof connection,
	    "user=%.*s,host=localhost,addr=127.0.0.1", STR_ARG(name));
	return sshd_effective(keyword, NULL, connection, ret, err);
}

int recorder_check(
    const struct setup *s, const struct buf *content, struct err *err)
{
	const struct group *group;
	struct stat st;

	if (!s->live)
		return 0;
	if (stat(REC_PATH, &st) < 0)
		return err_sys(err, -errno,
		    REC_PATH ": nobody could log in; install sshtrail-rec");
	group = getgrnam(GROUP);
	if (!group || st.st_gid != group->gr_gid || !(st.st_mode & S_ISGID) ||
	    st.st_uid != 0 || (st.st_mode & 0022) || !(st.st_mode & S_IXOTH))
		return err_set(err, -EPERM,
		    REC_PATH ": the daemon would not know it; run: groupadd "
			     "--system " GROUP "; chown root:" GROUP
			     " " REC_PATH "; chmod 2755 " REC_PATH
			     "; systemctl restart sshtraild");
	return 0;
}
