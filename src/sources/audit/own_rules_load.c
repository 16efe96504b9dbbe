/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <libaudit.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/fd.h"
#include "sources/audit/own_rules.h"
#include "sources/audit/rules.h"

/* --- the kernel's form --- */

struct compiled {
	struct audit_rule_data *head;
	struct buf texts;
};

static void add_field(
    struct compiled *c, uint32_t field, uint32_t op, uint32_t value)
{
	struct audit_rule_data *r = c->head;

	r->fields[r->field_count] = field;
	r->fieldflags[r->field_count] = op;
	r->values[r->field_count++] = value;
}

static void add_text(struct compiled *c, uint32_t field, struct str text)
{
	add_field(c, field, AUDIT_EQUAL, (uint32_t)text.n);
	buf_add_str(&c->texts, text);
}

static int machine(bool b32)
{
	static const struct {
		int own, narrow;
	} machines[] = {
	    {MACH_86_64, MACH_X86},
	    {MACH_AARCH64, MACH_ARM},
	    {MACH_PPC64, MACH_PPC},
	    {MACH_PPC64LE, -1},
	    {MACH_S390X, MACH_S390},
	};
	int own = audit_detect_machine();

	if (!b32)
		return own;
	for (size_t i = 0; i < sizeof machines / sizeof *machines; i++)
		if (machines[i].own == own)
			return machines[i].narrow;
	return -1;
}

/* Some calls are not there on every kind of machine; none at all: false. */
static bool add_calls(struct compiled *c, struct str names, int mach)
{
	struct str name;
	bool any = false;

	while (names.n) {
		char text[64];
		int nr;

		str_cut(&names, ',', &name);
		if (name.n >= sizeof text)
			return false;
		memcpy(text, name.p, name.n);
		text[name.n] = '\0';
		nr = audit_name_to_syscall(text, mach);
		if (nr < 0 || AUDIT_WORD(nr) >= AUDIT_BITMASK_SIZE)
			continue;
		c->head->mask[AUDIT_WORD(nr)] |= AUDIT_BIT((uint32_t)nr);
		any = true;
	}
	return any;
}

/* The last word of the mask stands for classes of calls. */
static void add_path(struct compiled *c, struct str path)
{
	bool dir = str_chop(&path, STR("/"));

	for (size_t i = 0; i < AUDIT_BITMASK_SIZE - 1; i++)
		c->head->mask[i] = UINT32_MAX;
	add_text(c, dir ? AUDIT_DIR : AUDIT_WATCH, path);
	add_field(
	    c, AUDIT_PERM, AUDIT_EQUAL, AUDIT_PERM_WRITE | AUDIT_PERM_ATTR);
}

/* In the order of auditctl(8), so that its rules are known for the same. */
int own_rule_compile(const struct own_rule *rule, bool b32,
    const char *key_begin, struct buf *ret)
{
	struct audit_rule_data head = {
	    .flags = AUDIT_FILTER_EXIT, .action = AUDIT_ALWAYS};
	struct compiled c = {&head, BUF_INIT};
	int mach = machine(b32), r = 0;
	size_t at;

	if (mach < 0 || (b32 && !rule->both))
		return -EOPNOTSUPP;
	add_field(&c, AUDIT_ARCH, AUDIT_EQUAL, audit_machine_to_elf(mach));
	if (!rule->calls)
		add_path(&c, str_z(rule->path));
	else if (!add_calls(&c, str_z(rule->calls), mach))
		return -EOPNOTSUPP;
	if (rule->arg >= 0)
		add_field(&c, AUDIT_ARG0 + (uint32_t)rule->arg, AUDIT_EQUAL,
		    rule->value);
	add_field(&c, AUDIT_LOGINUID, AUDIT_NOT_EQUAL, UINT32_MAX);
	at = c.texts.n;
	buf_printf(&c.texts, "%s%s", key_begin, rule->key);
	add_field(&c, AUDIT_FILTERKEY, AUDIT_EQUAL, (uint32_t)(c.texts.n - at));
	head.buflen = (uint32_t)c.texts.n;
	buf_add(ret, &head, sizeof head);
	buf_add_str(ret, buf_str(&c.texts));
	r = buf_error(&c.texts) ? buf_error(&c.texts) : buf_error(ret);
	buf_free(&c.texts);
	return r;
}

/* --- loading --- */

struct wanted {
	struct str raw;
	bool ours, others; /* it is there */
};

struct loading {
	struct wanted rules[2 * 32];
	size_t n;
	struct arena texts;
	bool has_stale; /* of ours, and not wanted any more */
};

_Static_assert(AUDIT_MAX_FIELDS >= 6, "a rule of ours fits");

static int want(struct loading *l, const struct own_rule *rule, bool b32)
{
	struct buf b = BUF_INIT;
	int r = own_rule_compile(rule, b32, OWN_RULES_DAEMON_KEY, &b);

	if (r == 0 && l->n < sizeof l->rules / sizeof *l->rules) {
		struct str raw = arena_dup(&l->texts, buf_str(&b));

		if (raw.p)
			l->rules[l->n++] = (struct wanted){.raw = raw};
		else
			r = -ENOMEM;
	}
	buf_free(&b);
	return r == -EOPNOTSUPP ? 0 : r;
}

static bool is_there(const char *path)
{
	return !str_ends(str_z(path), STR("/")) || access(path, F_OK) == 0;
}

static int want_all(struct loading *l, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < own_rules_count && r == 0; i++) {
		const struct own_rule *rule = &own_rules[i];

		if (!rule->calls && !is_there(rule->path))
			continue;
		r = want(l, rule, false);
		if (r == 0)
			r = want(l, rule, true);
	}
	return r < 0 ? err_sys(err, r, "cannot make the audit rules") : 0;
}

static void compare(void *ctx, const struct rule *rule)
{
	struct loading *l = ctx;
	bool ours = str_starts(rule->key, STR(OWN_RULES_DAEMON_KEY));
	bool wanted = false;

	for (size_t i = 0; i < l->n; i++) {
		if (!rule_same(rule->raw, l->rules[i].raw))
			continue;
		wanted = true;
		if (ours)
			l->rules[i].ours = true;
		else
			l->rules[i].others = true;
	}
	l->has_stale = l->has_stale || (ours && !wanted);
}

static int add_missing(
    struct loading *l, struct own_rules_result *ret, struct err *err)
{
	for (size_t i = 0; i < l->n; i++) {
		struct wanted *w = &l->rules[i];
		int r = w->ours || w->others ? 0 : rule_add(w->raw, err);

		if (r == -EPERM || r == -ECONNREFUSED)
			return r;
		if (r < 0 && r != -EEXIST) {
			ret->refused++;
			ret->refused_error = r;
		}
		ret->others += w->others && !w->ours;
		ret->loaded += w->ours || (!w->others && r == 0);
	}
	return 0;
}

int own_rules_load(struct own_rules_result *ret, struct err *err)
{
	struct loading l = {.texts = ARENA_INIT};
	int r = want_all(&l, err);

	*ret = (struct own_rules_result){.loaded = 0};
	if (r == 0)
		r = rules_each(compare, &l, err);
	/* Another version's: all of ours are made anew. */
	if (r == 0 && l.has_stale) {
		r = own_rules_unload(err);
		for (size_t i = 0; i < l.n; i++)
			l.rules[i].ours = false;
	}
	if (r >= 0)
		r = add_missing(&l, ret, err);
	arena_free(&l.texts);
	return r;
}

int own_rules_unload(struct err *err)
{
	return rules_delete(STR(OWN_RULES_DAEMON_KEY), err);
}
