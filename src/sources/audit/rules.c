/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/audit/rules.h"

#include <errno.h>
#include <libaudit.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/fd.h"
#include "sources/audit/control.h"

/* A kernel that does not answer within this hangs. */
#define ANSWER_SECONDS 2
/* No host has as many; each costs every system call. */
#define RULES_MAX      65536

/* Fields of a rule that carry a text, which lies in its buffer. */
static bool has_text(uint32_t field)
{
	return (field >= AUDIT_SUBJ_USER && field <= AUDIT_SUBJ_CLR) ||
	       (field >= AUDIT_OBJ_USER && field <= AUDIT_OBJ_LEV_HIGH) ||
	       field == AUDIT_WATCH || field == AUDIT_DIR ||
	       field == AUDIT_FILTERKEY || field == AUDIT_EXE;
}

/* Whether a condition lets through every process of a login. */
static bool fits_all(const struct audit_rule_data *r, uint32_t i)
{
	uint32_t op = r->fieldflags[i], value = r->values[i];

	switch (r->fields[i]) {
	case AUDIT_FILTERKEY:
	case AUDIT_ARCH: /* which one, the caller looks at */
		return true;
	case AUDIT_LOGINUID:
		return op == AUDIT_NOT_EQUAL && value == UINT32_MAX;
	case AUDIT_LOGINUID_SET:
		return op == AUDIT_EQUAL ? value != 0 : value == 0;
	default:
		return false;
	}
}

static bool asks_execve(const struct audit_rule_data *r)
{
	return r->mask[SYS_execve / 32] >> SYS_execve % 32 & 1;
}

/* Of this machine's own kind of program: the number of execve differs. */
static bool is_own_arch(const struct audit_rule_data *r, uint32_t i)
{
	return r->fields[i] != AUDIT_ARCH ||
	       (r->fieldflags[i] == AUDIT_EQUAL &&
		   r->values[i] ==
		       audit_machine_to_elf(audit_detect_machine()));
}

bool rule_parse(struct str raw, struct rule *ret)
{
	struct audit_rule_data r;
	struct str texts;
	bool own_arch = true, all = true;

	*ret = (struct rule){.raw = raw};
	if (raw.n < sizeof r)
		return false;
	memcpy(&r, raw.p, sizeof r);
	texts = str_from(raw, sizeof r);
	if (r.field_count > AUDIT_MAX_FIELDS || r.buflen > texts.n)
		return false;
	texts = str_upto(texts, r.buflen);
	for (uint32_t i = 0; i < r.field_count; i++) {
		if (has_text(r.fields[i])) {
			if (r.values[i] > texts.n)
				return false;
			if (r.fields[i] == AUDIT_FILTERKEY)
				ret->key = str_upto(texts, r.values[i]);
			texts = str_from(texts, r.values[i]);
		}
		own_arch = own_arch && is_own_arch(&r, i);
		all = all && fits_all(&r, i);
	}
	ret->never_task =
	    r.flags == AUDIT_FILTER_TASK && r.action == AUDIT_NEVER;
	ret->exec = r.flags == AUDIT_FILTER_EXIT && r.action == AUDIT_ALWAYS &&
		    own_arch && asks_execve(&r);
	ret->exec_all = ret->exec && all;
	return true;
}

/* Its conditions, texts resolved, without the key. */
struct conditions {
	struct {
		uint32_t field, op, value;
		struct str text;
	} v[AUDIT_MAX_FIELDS];
	uint32_t n;
	bool watches;
};

static bool read_conditions(struct str raw, struct conditions *ret)
{
	struct audit_rule_data r;
	struct rule rule;
	struct str texts;

	ret->n = 0;
	ret->watches = false;
	if (!rule_parse(raw, &rule))
		return false;
	memcpy(&r, raw.p, sizeof r);
	texts = str_from(raw, sizeof r);
	for (uint32_t i = 0; i < r.field_count; i++) {
		struct str text = STR_NONE;

		if (has_text(r.fields[i])) {
			text = str_upto(texts, r.values[i]);
			texts = str_from(texts, text.n);
		}
		if (r.fields[i] == AUDIT_FILTERKEY)
			continue;
		ret->watches = ret->watches || r.fields[i] == AUDIT_PERM;
		ret->v[ret->n].field = r.fields[i];
		ret->v[ret->n].op = r.fieldflags[i];
		ret->v[ret->n].value = r.values[i];
		ret->v[ret->n++].text = text;
	}
	return true;
}

bool rule_same(struct str a, struct str b)
{
	struct conditions ca, cb;
	struct audit_rule_data ra, rb;

	if (!read_conditions(a, &ca) || !read_conditions(b, &cb))
		return false;
	memcpy(&ra, a.p, sizeof ra);
	memcpy(&rb, b.p, sizeof rb);
	if (ra.flags != rb.flags || ra.action != rb.action || ca.n != cb.n ||
	    (!ca.watches && memcmp(ra.mask, rb.mask, sizeof ra.mask) != 0))
		return false;
	for (uint32_t i = 0; i < ca.n; i++)
		if (ca.v[i].field != cb.v[i].field ||
		    ca.v[i].op != cb.v[i].op ||
		    ca.v[i].value != cb.v[i].value ||
		    !str_eq(ca.v[i].text, cb.v[i].text))
			return false;
	return true;
}

static int open_socket(struct err *err)
{
	const struct timeval timeout = {.tv_sec = ANSWER_SECONDS};
	struct audit_status st;
	/* Says what is wrong where audit cannot be asked at all. */
	int fd, r = control_status(&st, err);

	if (r < 0)
		return r;
	fd = audit_open();
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout,
			  sizeof timeout) < 0) {
		r = err_sys(err, -errno, "cannot open an audit socket");
		fd_close(&fd);
		return r;
	}
	return fd;
}

/* 1: *ret is the next rule; 0: that was all; or a negative errno. */
static int next_rule(int fd, struct audit_reply *reply, struct str *ret)
{
	for (;;) {
		if (audit_get_reply(fd, reply, GET_REPLY_BLOCKING, 0) <= 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		if (reply->type == NLMSG_DONE)
			return 0;
		if (reply->type == NLMSG_ERROR && reply->error->error)
			return reply->error->error;
		if (reply->type != AUDIT_LIST_RULES)
			continue;
		*ret = str_make(
		    reply->ruledata, reply->len < (int)NLMSG_HDRLEN
					 ? 0
					 : (size_t)reply->len - NLMSG_HDRLEN);
		return 1;
	}
}

int rules_each(void (*each)(void *ctx, const struct rule *rule), void *ctx,
    struct err *err)
{
	CLEANUP_FD int fd = open_socket(err);
	struct audit_reply reply;
	struct rule rule;
	struct str raw;
	int r;

	if (fd < 0)
		return fd;
	r = audit_request_rules_list_data(fd);
	if (r <= 0)
		return err_sys(err, r, "cannot ask for the audit rules");
	for (unsigned n = 0; (r = next_rule(fd, &reply, &raw)) > 0; n++) {
		if (!rule_parse(raw, &rule) || n == RULES_MAX)
			return err_set(err, -EBADMSG,
			    "the kernel told an audit rule in a form that is "
			    "not known here");
		each(ctx, &rule);
	}
	return r < 0 ? err_sys(err, r, "cannot read the audit rules") : 0;
}

int rule_add(struct str raw, struct err *err)
{
	CLEANUP_FD int fd = open_socket(err);
	struct audit_rule_data *rule = (void *)(uintptr_t)raw.p;
	int r;

	if (fd < 0)
		return fd;
	r = audit_add_rule_data(fd, rule, (int)rule->flags, (int)rule->action);
	return r > 0 ? 0
		     : err_sys(err, r ? r : -EIO, "cannot load an audit rule");
}

struct collected {
	struct str prefix;
	struct arena copies;
	struct buf list; /* of struct str */
	bool no_memory;
};

static void collect(void *ctx, const struct rule *rule)
{
	struct collected *c = ctx;
	struct str copy;

	if (!str_starts(rule->key, c->prefix))
		return;
	copy = arena_dup(&c->copies, rule->raw);
	c->no_memory = c->no_memory || !copy.p;
	buf_add(&c->list, &copy, sizeof copy);
}

static int delete_all(const struct collected *c, struct err *err)
{
	CLEANUP_FD int fd = open_socket(err);
	int n = 0, r;

	if (fd < 0)
		return fd;
	for (size_t at = 0; at < c->list.n; at += sizeof(struct str), n++) {
		struct str raw;
		struct audit_rule_data *rule;

		memcpy(&raw, c->list.p + at, sizeof raw);
		rule = (void *)(uintptr_t)raw.p;
		r = audit_delete_rule_data(
		    fd, rule, (int)rule->flags, (int)rule->action);
		/* Somebody else was quicker. */
		if (r <= 0 && r != -ENOENT)
			return err_sys(
			    err, r ? r : -EIO, "cannot unload an audit rule");
	}
	return n;
}

int rules_delete(struct str prefix, struct err *err)
{
	struct collected c = {prefix, ARENA_INIT, BUF_INIT, false};
	int r = rules_each(collect, &c, err);

	if (r == 0 && (c.no_memory || buf_error(&c.list)))
		r = err_set(err, -ENOMEM, "no memory for the audit rules");
	if (r == 0)
		r = delete_all(&c, err);
	buf_free(&c.list);
	arena_free(&c.copies);
	return r;
}
