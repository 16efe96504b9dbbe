/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/own.h"

#include <pwd.h>
#include <unistd.h>

#include "base/fd.h"

static void set_id(struct event *ev, enum field f, const char *file)
{
	uint32_t id = fd_read_u32(file);

	if (id != AUDIT_UNSET)
		event_set_int(ev, f, id);
}

struct str own_tty(void)
{
	const char *tty = ttyname(STDIN_FILENO);
	struct str name = str_z(tty ? tty : ttyname(STDERR_FILENO));

	str_skip(&name, STR("/dev/"));
	return name;
}

void own_tell(struct event *ev)
{
	const struct passwd *pw = getpwuid(getuid());

	event_set_str(ev, F_TTY, own_tty());
	event_set_str(ev, F_USER, str_z(pw ? pw->pw_name : NULL));
	event_set_int(ev, F_UID, (int64_t)getuid());
	event_set_int(ev, F_PID, getpid());
	set_id(ev, F_AUID, "/proc/self/loginuid");
	set_id(ev, F_SES, "/proc/self/sessionid");
}
