/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/authlog/pam.h"

#define NONE	     EVENT_N_FIELDS, NULL
#define REASON(text) F_REASON, text

/* clang-format off */
static const struct form forms[] = {
	{"session opened for user %U(uid=%z) by %?", EVENT_SESSION_OPEN, 0, NULL, NONE},
	{"session opened for user %U by %?", EVENT_SESSION_OPEN, 0, NULL, NONE},
	{"session opened for user %U", EVENT_SESSION_OPEN, 0, NULL, NONE},
	{"session closed for user %U", EVENT_SESSION_CLOSE, 0, NULL, NONE},
	{"check pass; user unknown", EVENT_OTHER, FORM_INVALID, "pam-unknown-user", NONE},
	{"bad username [%U]", EVENT_OTHER, FORM_INVALID, "pam-unknown-user", NONE},
	{"password check failed for user (%U)", EVENT_OTHER, 0, "pam-password-failed", NONE},
	{"auth could not identify password for [%U]", EVENT_OTHER, 0, "pam-failure", REASON("no password given")},
	{"received for user %U: %0 (%R)", EVENT_OTHER, 0, "pam-failure", NONE},
	{"Authentication failed for user %U: %R", EVENT_OTHER, 0, "pam-failure", NONE},
	{"requirement %X not met by user \"%U\"", EVENT_OTHER, FORM_TEXT, "pam-failure", REASON("requirement not met")},
	{"account %U has expired (%R)", EVENT_OTHER, FORM_FAILED, "pam-denied", NONE},
	{"expired password for user %U (%R)", EVENT_OTHER, 0, "pam-expired", NONE},
	{"access denied for user `%U' from `%a'", EVENT_OTHER, FORM_FAILED, "pam-denied", REASON("access denied")},
	{"Access denied for user %U: %R", EVENT_OTHER, FORM_FAILED, "pam-denied", NONE},
	{"Consecutive login failures for user %U account temporarily locked", EVENT_ACCOUNT, 0, "pam-locked", F_OP, "lock"},
	{"user %U (%?) has time limit exceeded%X", EVENT_OTHER, 0, "pam-denied", NONE},
	{"password changed for %t", EVENT_ACCOUNT, FORM_DONE, NULL, F_OP, "change-password"},
	{"Accepted google_authenticator for %U", EVENT_OTHER, 0, "pam-second-factor", NONE},
	{"Invalid verification code for %U", EVENT_OTHER, FORM_FAILED, "pam-second-factor", REASON("invalid verification code")},
	{"Could not set limit for %R", EVENT_OTHER, 0, "pam-limits", NONE},
	{NULL, EVENT_OTHER, 0, NULL, NONE},
};
/* clang-format on */

/* The value of KEY in "logname= uid=0 ... rhost=A", up to the next blank. */
static struct str pair_word(struct str s, struct str key)
{
	size_t at = str_find(s, key);

	if (at == STR_NPOS)
		return STR_NONE;
	s = str_from(s, at + key.n);
	return str_upto(s, str_find_char(s, ' '));
}

static struct str tty_name(struct str s)
{
	str_skip(&s, STR("/dev/"));
	return s;
}

/*
 * "logname= uid=0 euid=0 tty=ssh ruser= rhost=A  user=U": `user` comes last
 * and is there for known names only; ruser is the caller's where the service
 * is one like su.
 */
static void failure_pairs(struct message *m, struct str s)
{
	size_t user = str_find(s, STR(" user="));
	struct str addr, uid, tty;
	uint64_t v;

	if (user != STR_NPOS) {
		message_set_str(m, F_USER, str_from(s, user + 6));
		s = str_upto(s, user);
	}
	addr = pair_word(s, STR(" rhost="));
	if (addr.n)
		message_set_str(m, F_ADDR, addr);
	tty = tty_name(pair_word(s, STR(" tty=")));
	/* "NODEVssh" until OpenSSH 4. */
	if (tty.n && !str_eqz(tty, "ssh") && !str_eqz(tty, "NODEVssh"))
		message_set_str(m, F_TTY, tty);
	uid = pair_word(s, STR(" uid="));
	if (str_u64(uid, &v) && v <= UINT32_MAX)
		event_set_int(m->ev, F_UID, (int64_t)v);
}

/*
 * For sshd this is one of several lines of an attempt that sshd itself tells
 * of; for other services it is the attempt.
 */
static bool failure_parse(struct message *m, struct str service, struct str s)
{
	bool failure = str_skip(&s, STR("authentication failure; "));

	if (!failure && !str_skip(&s, STR("authentication success; ")))
		return false;
	m->ev->kind = EVENT_OTHER;
	if (failure && !str_eqz(service, "sshd")) {
		m->ev->kind = EVENT_AUTH_FAIL;
		event_set_str(m->ev, F_METHOD, STR("pam"));
	}
	event_set_str(
	    m->ev, F_TYPE, failure ? STR("pam-failure") : STR("pam-success"));
	failure_pairs(m, s);
	message_set_str(m, F_TEXT, m->text);
	return true;
}

void pam_parse_text(struct message *m, struct str service, struct str text)
{
	struct str whole = m->text;

	m->vis = false;
	if (!failure_parse(m, service, text)) {
		m->text = text;
		if (!form_match(forms, m)) {
			m->ev->kind = EVENT_OTHER;
			event_set_str(m->ev, F_TYPE, STR("pam"));
		}
		m->text = whole;
		if (m->ev->kind == EVENT_OTHER ||
		    (m->ev->kind == EVENT_SESSION_OPEN &&
			!str_eqz(service, "sshd")))
			message_set_str(m, F_TEXT, whole);
	}
	if (service.n)
		event_set_str(m->ev, F_SERVICE, service);
}

bool pam_parse(struct message *m)
{
	struct str s = m->text;
	struct str module, service = STR_NONE;
	size_t at;

	if (!str_starts(s, STR("pam_")))
		return false;
	at = str_find(s, STR(": "));
	if (at == STR_NPOS)
		return false;
	module = str_upto(s, at);
	if (str_find_char(module, ' ') != STR_NPOS)
		return false;
	s = str_from(s, at + 2);
	at = str_find_char(module, '(');
	if (at != STR_NPOS && str_chop(&module, STR(")"))) {
		service = str_from(module, at + 1);
		service = str_upto(service, str_rfind_char(service, ':'));
	}
	pam_parse_text(m, service, s);
	return true;
}
