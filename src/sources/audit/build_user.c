/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records that programs send: what they say lies in msg='...', which shadows
 * the outer fields; those are of the sender and come from the kernel.
 */
#include "sources/audit/build.h"

#include <libaudit.h>

#include "sources/audit/value.h"

static const struct fields *holder(const struct build *b, enum audit_key k)
{
	return fields_has(&b->nested, k) ? &b->nested : &b->main;
}

static bool is_sshd(const struct build *b)
{
	return str_starts(event_str(&b->ev, F_IDENT), STR("sshd"));
}

static bool changes_identity(const struct build *b)
{
	static const char *const tools[] = {"sudo", "su", "pkexec", "doas",
	    "sudoedit", "sudo-rs", "su-rs", "runuser", "run0"};

	for (size_t i = 0; i < sizeof tools / sizeof tools[0]; i++)
		if (str_eqz(event_str(&b->ev, F_IDENT), tools[i]))
			return true;
	return false;
}

/* Words of records from before 2010 end in a comma or a parenthesis. */
static struct str plain_word(const struct build *b, enum audit_key k)
{
	struct str s = value_word(holder(b, k), k);

	str_chop(&s, STR(")"));
	str_chop(&s, STR(","));
	return s.n && !str_eq(s, STR("?")) ? s : STR_NONE;
}

/*
 * Only sshd knows where the client is; what others write is made up from the
 * name of the host they run on.
 */
static void set_address(struct build *b)
{
	struct str addr = plain_word(b, K_ADDR);

	if (!is_sshd(b))
		return;
	if (!addr.p)
		addr = plain_word(b, K_HOSTNAME);
	event_set_str(&b->ev, F_ADDR, addr);
	if (!event_has(&b->ev, F_PORT))
		build_set_int(b, F_PORT, &b->nested, K_RPORT);
}

static struct str type_name(const struct build *b)
{
	struct audit_line line;

	for (size_t i = 0; i < b->g->n; i++)
		if (b->g->rec[i].type == b->type &&
		    !line_split(record_line(&b->g->rec[i]), &line))
			return names_type_name(line.type, b->type);
	return STR_NONE;
}

static void set_sender(struct build *b)
{
	const struct fields *exe = holder(b, K_EXE);
	const struct fields *comm = holder(b, K_COMM);
	struct str res = plain_word(b, K_RES);

	build_process(b, &b->main);
	build_set_text(b, F_EXE, exe, K_EXE);
	build_set_text(b, F_COMM, comm, K_COMM);
	if (event_has(&b->ev, F_EXE))
		event_set_str(
		    &b->ev, F_IDENT, str_base_name(event_str(&b->ev, F_EXE)));
	else
		event_set_str(&b->ev, F_IDENT, event_str(&b->ev, F_COMM));
	if (fields_has(&b->nested, K_TERMINAL))
		event_set_str(&b->ev, F_TTY,
		    value_tty(&b->mem, plain_word(b, K_TERMINAL)));
	if (!res.p)
		res = plain_word(b, K_RESULT);
	if (res.n)
		event_set_int(&b->ev, F_SUCCESS,
		    str_eq(res, STR("1")) || str_starts(res, STR("succ")) ||
			str_starts(res, STR("Succ")) ||
			str_eq(res, STR("yes")));
	event_set_str(&b->ev, F_OP, plain_word(b, K_OP));
	event_set_str(&b->ev, F_TYPE, type_name(b));
	set_address(b);
}

/* The account the record is about; STR_NONE when the program knew none. */
static struct str account(struct build *b)
{
	static const char *const unknown[] = {
	    "(invalid user)", "(unknown)", "(unknown user)", "unknown user"};
	struct str name = value_name(&b->mem, holder(b, K_ACCT), K_ACCT);
	struct str id;

	for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++)
		if (str_eqz(name, unknown[i]))
			return STR_NONE;
	if (name.n)
		return name;
	id = value_name(&b->mem, &b->main, K_ID_NAME);
	if (id.n && !str_starts(id, STR("unknown(")) && !str_eqz(id, "unset"))
		return id;
	return STR_NONE;
}

static void replace_user(struct build *b, struct str name)
{
	event_unset(&b->ev, F_USER);
	event_set_str(&b->ev, F_USER, name);
}

static void priv_event(struct build *b, struct str op)
{
	b->ev.kind = EVENT_PRIV;
	event_set_str(&b->ev, F_VIA, event_str(&b->ev, F_IDENT));
	event_set_str(&b->ev, F_TARGET, account(b));
	event_set_str(&b->ev, F_OP, op);
}

/* sudo and su open PAM sessions within the session of the login. */
static void session_event(struct build *b, enum event_kind kind, struct str op)
{
	set_sender(b);
	if (changes_identity(b)) {
		priv_event(b, op);
		return;
	}
	b->ev.kind = kind;
	replace_user(b, account(b));
}

void build_user_open(struct build *b)
{
	session_event(b, EVENT_SESSION_OPEN, STR("session_open"));
}

void build_user_close(struct build *b)
{
	session_event(b, EVENT_SESSION_CLOSE, STR("session_close"));
}

static void failed_event(struct build *b)
{
	struct str name = account(b);
	bool unknown = !name.p && plain_word(b, K_ACCT).p;
	enum try what = TRY_COUNTS;

	replace_user(b, name);
	if (unknown)
		event_set_int(&b->ev, F_VALID, false);
	if (is_sshd(b))
		what = tries_see(&b->tries, &b->ev, b->g->serial, unknown);
	b->ev.kind = what == TRY_TOLD ? EVENT_OTHER : EVENT_AUTH_FAIL;
	if (what == TRY_TOLD)
		build_text(b, true);
	if (what == TRY_WEAK)
		event_set_int(&b->ev, F_WEAK, true);
	if (changes_identity(b))
		event_set_str(&b->ev, F_VIA, event_str(&b->ev, F_IDENT));
}

void build_user_login(struct build *b)
{
	set_sender(b);
	if (!event_int(&b->ev, F_SUCCESS, true)) {
		failed_event(b);
		return;
	}
	b->ev.kind = EVENT_SESSION_OPEN;
	replace_user(b, account(b));
}

/* The patches of Red Hat's sshd tell the method in `op`. */
static void set_method(struct build *b)
{
	struct str op = event_str(&b->ev, F_OP);

	if (str_starts(op, STR("pubkey")))
		op = STR("publickey");
	if (op.n && is_sshd(b) && !str_starts(op, STR("PAM:")) &&
	    !str_starts(op, STR("success")))
		event_set_str(&b->ev, F_METHOD, op);
	event_set_str(&b->ev, F_FP, plain_word(b, K_FP));
}

void build_user_auth(struct build *b)
{
	set_sender(b);
	set_method(b);
	if (!event_int(&b->ev, F_SUCCESS, true)) {
		failed_event(b);
		return;
	}
	b->ev.kind =
	    b->type == AUDIT_USER_AUTH ? EVENT_AUTH_PARTIAL : EVENT_OTHER;
	replace_user(b, account(b));
	if (changes_identity(b))
		event_set_str(&b->ev, F_VIA, event_str(&b->ev, F_IDENT));
}

void build_user_check(struct build *b)
{
	set_sender(b);
	if (b->type == AUDIT_USER_ACCT && !event_int(&b->ev, F_SUCCESS, true)) {
		failed_event(b);
		return;
	}
	if (changes_identity(b))
		event_set_str(&b->ev, F_TARGET, account(b));
	else
		replace_user(b, account(b));
}

/* argv is lost here: sudo joins the arguments with blanks. */
void build_user_cmd(struct build *b)
{
	set_sender(b);
	b->ev.kind = EVENT_PRIV;
	event_set_str(&b->ev, F_VIA,
	    event_has(&b->ev, F_IDENT) ? event_str(&b->ev, F_IDENT)
				       : STR("sudo"));
	event_set_str(&b->ev, F_OP, STR("command"));
	build_set_text(b, F_CMD, holder(b, K_CMD), K_CMD);
	build_set_text(b, F_CWD, holder(b, K_CWD), K_CWD);
}

void build_user_tty(struct build *b)
{
	set_sender(b);
	b->ev.kind = EVENT_TTY_INPUT;
	build_set_text(b, F_TEXT, holder(b, K_DATA), K_DATA);
}

void build_account(struct build *b)
{
	static const enum audit_key groups[] = {K_GRP, K_NEW_GROUP};
	struct str target;

	set_sender(b);
	b->ev.kind = EVENT_ACCOUNT;
	target = account(b);
	for (size_t i = 0; i < 2 && !target.p; i++)
		target = value_name(&b->mem, holder(b, groups[i]), groups[i]);
	if (!target.p)
		target = plain_word(b, K_ID);
	event_set_str(&b->ev, F_TARGET, target);
	build_text(b, true);
}

void build_crypto_key(struct build *b)
{
	set_sender(b);
	event_set_str(&b->ev, F_FP, plain_word(b, K_FP));
	event_set_str(&b->ev, F_DIRECTION, plain_word(b, K_DIRECTION));
}

void build_crypto_session(struct build *b)
{
	set_sender(b);
	b->ev.kind = EVENT_CONN_OPEN;
	event_set_str(&b->ev, F_DIRECTION, plain_word(b, K_DIRECTION));
	event_set_str(&b->ev, F_LADDR, plain_word(b, K_LADDR));
	build_set_int(b, F_LPORT, holder(b, K_LPORT), K_LPORT);
	build_set_int(b, F_PORT, holder(b, K_RPORT), K_RPORT);
}

void build_user_other(struct build *b)
{
	set_sender(b);
	event_set_str(&b->ev, F_SERVICE, plain_word(b, K_UNIT));
	if (!event_has(&b->ev, F_USER))
		event_set_str(&b->ev, F_USER, account(b));
	build_types(b);
	build_text(b, true);
}
