/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/authlog/trusted.h"

/* Where only root can put a program. */
static bool is_system_path(struct str exe)
{
	return str_starts(exe, STR("/usr/")) || str_starts(exe, STR("/bin/")) ||
	       str_starts(exe, STR("/sbin/")) ||
	       str_starts(exe, STR("/lib/")) ||
	       str_starts(exe, STR("/nix/store/")) ||
	       str_starts(exe, STR("/gnu/store/"));
}

static bool is_name_of(const struct program *p, struct str name)
{
	if (str_eq(name, p->ident))
		return true;
	for (size_t i = 0; i < sizeof p->exes / sizeof *p->exes; i++)
		if (p->exes[i] && str_eqz(name, p->exes[i]))
			return true;
	return false;
}

/* The kernel keeps 15 bytes of a command's name. */
static bool is_comm_of(const struct program *p, struct str comm)
{
	return is_name_of(p, comm) ||
	       (comm.n == 15 && str_starts(p->ident, comm));
}

/* Debian's sshd -i and old chains: the unit too tells that it is sshd. */
static bool is_sender(const struct program *p, const struct log_trusted *t)
{
	if (t->exe.n)
		return is_system_path(t->exe) &&
		       is_name_of(p,
			   str_from(t->exe, str_rfind_char(t->exe, '/') + 1));
	return t->uid == 0 && t->comm.n && is_comm_of(p, t->comm);
}

static void facts_set(const struct log_trusted *t, struct event *ev)
{
	ev->boot = t->boot;
	if (t->ses >= 0 && t->ses != AUDIT_UNSET)
		event_set_int(ev, F_SES, t->ses);
	if (t->auid >= 0 && t->auid != AUDIT_UNSET)
		event_set_int(ev, F_AUID, t->auid);
	if (t->pid >= 0)
		event_set_int(ev, F_PID, t->pid);
	if (t->gid >= 0 && ev->kind == EVENT_PRIV)
		event_set_int(ev, F_GID, t->gid);
	if (t->uid >= 0 && ev->kind == EVENT_PRIV)
		event_set_int(ev, F_UID, t->uid);
}

struct str trusted_apply(const struct log_trusted *t,
    const struct program *program, struct message *m)
{
	struct str sender = t->exe.n ? t->exe : t->comm;

	facts_set(t, m->ev);
	if (!sender.n)
		return STR_NONE;
	/*
	 * Lines of PAM modules come from whatever program: only root's count.
	 */
	if (!program) {
		m->ev->trust = t->uid == 0 ? TRUST_JOURNAL : TRUST_TEXT;
		return STR_NONE;
	}
	if (is_sender(program, t)) {
		m->ev->trust = t->uid == 0 || program->setuid ? TRUST_JOURNAL
							      : TRUST_DAEMON;
		return STR_NONE;
	}
	return arena_printf(m->scratch,
	    "ident: claimed by the sender, which the journal knows as %.*s "
	    "of uid %lld",
	    STR_ARG(sender), (long long)t->uid);
}
