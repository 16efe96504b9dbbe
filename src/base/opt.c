/* SPDX-License-Identifier: Apache-2.0 */
#include "base/opt.h"

#include <errno.h>
#include <stdlib.h>

#include "base/when.h"

/* An option as it was found on the command line. */
struct found {
	const struct opt *opt;
	void *at;	   /* where its value goes */
	const char *value; /* NULL for flags */
	int64_t now;
	struct err *err;
};

void opt_list_free(struct opt_list *list)
{
	free(list->v);
	*list = OPT_LIST_INIT;
}

bool opt_list_has(const struct opt_list *list, struct str s)
{
	for (size_t i = 0; i < list->n; i++)
		if (str_eq(list->v[i], s))
			return true;
	return false;
}

static int list_add(struct opt_list *list, struct str s, struct err *err)
{
	/* Doubled whenever the number of items reaches a power of two. */
	if ((list->n & (list->n - 1)) == 0) {
		size_t cap = list->n ? list->n * 2 : 1;
		struct str *v = realloc(list->v, cap * sizeof *v);

		if (!v)
			return err_set(err, -ENOMEM, "out of memory");
		list->v = v;
	}
	list->v[list->n++] = s;
	return 0;
}

static int set_flag(const struct found *f)
{
	*(bool *)f->at = true;
	return 0;
}

static int set_str(const struct found *f)
{
	*(const char **)f->at = f->value;
	return 0;
}

static int set_list(const struct found *f)
{
	struct str rest = str_z(f->value), item;
	bool more;
	int r = 0;

	do {
		more = str_cut(&rest, ',', &item);
		if (!item.n)
			return err_set(f->err, -EINVAL,
			    "--%s: \"%s\" has an empty item", f->opt->name,
			    f->value);
		r = list_add(f->at, item, f->err);
	} while (more && r == 0);
	return r;
}

static int set_each(const struct found *f)
{
	return list_add(f->at, str_z(f->value), f->err);
}

static int set_u64(const struct found *f)
{
	const uint64_t max = f->opt->max ? f->opt->max : UINT64_MAX;
	const size_t digits = strspn(f->value, "0123456789");
	uint64_t v;

	if (!digits || f->value[digits])
		return err_set(f->err, -EINVAL, "--%s: \"%s\" is not a number",
		    f->opt->name, f->value);
	if (!str_u64(str_z(f->value), &v) || v > max)
		return err_set(f->err, -EINVAL, "--%s: %s is more than %llu",
		    f->opt->name, f->value, (unsigned long long)max);
	*(uint64_t *)f->at = v;
	return 0;
}

static int set_time(const struct found *f)
{
	if (time_parse_when(str_z(f->value), f->now, f->at))
		return 0;
	return err_set(f->err, -EINVAL,
	    "--%s: \"%s\" is not a time; times look like \"2026-11-22 10:00\", "
	    "\"10:00\", \"yesterday\", \"-2h\" or \"2 days ago\"",
	    f->opt->name, f->value);
}

static int set_span(const struct found *f)
{
	if (time_parse_span(str_z(f->value), f->at))
		return 0;
	return err_set(f->err, -EINVAL,
	    "--%s: \"%s\" is not a span of time; spans look like \"90s\", "
	    "\"5min\", \"1h 30min\" or \"2d\"",
	    f->opt->name, f->value);
}

static int set_choice(const struct found *f)
{
	const char *const *names = f->opt->choices;
	struct buf all = BUF_INIT;
	int r;

	for (int i = 0; names[i]; i++) {
		if (strcmp(names[i], f->value) == 0) {
			*(int *)f->at = i;
			buf_free(&all);
			return 0;
		}
		buf_printf(&all, "%s%s", i ? ", " : "", names[i]);
	}
	r = buf_z(&all) ? err_set(f->err, -EINVAL, "--%s: \"%s\" is none of %s",
			      f->opt->name, f->value, all.p)
			: err_set(f->err, -ENOMEM, "out of memory");
	buf_free(&all);
	return r;
}

static int (*const setters[])(const struct found *f) = {
    [OPT_FLAG] = set_flag,
    [OPT_STR] = set_str,
    [OPT_LIST] = set_list,
    [OPT_EACH] = set_each,
    [OPT_U64] = set_u64,
    [OPT_TIME] = set_time,
    [OPT_SPAN] = set_span,
    [OPT_CHOICE] = set_choice,
};

/* Goes through the options of all groups one by one. */
struct walk {
	const struct opt_group *group;
	const struct opt *opt;
};

static struct walk walk_start(const struct opt_group *groups)
{
	return (struct walk){groups, groups->opts};
}

static const struct opt *walk_next(struct walk *w)
{
	while (w->opt && !w->opt->name) {
		w->group++;
		w->opt = w->group->opts;
	}
	return w->opt ? w->opt++ : NULL;
}

static void found_at(
    struct found *f, const struct walk *w, const struct opt *opt)
{
	f->opt = opt;
	f->at = w->group->target ? (char *)w->group->target + opt->at : NULL;
}

const struct opt *opt_find(const struct opt_group *groups, struct str name)
{
	struct walk w = walk_start(groups);
	const struct opt *opt;

	while ((opt = walk_next(&w)))
		if (str_eqz(name, opt->name))
			return opt;
	return NULL;
}

static void say_unknown(
    const struct opt_group *groups, struct str name, struct err *err)
{
	struct walk w = walk_start(groups);
	const char *names[256], *near;
	const struct opt *opt;
	size_t n = 0;

	while (n < sizeof names / sizeof *names && (opt = walk_next(&w)))
		if (!opt->hidden)
			names[n++] = opt->name;
	near = opt_nearest(name, names, n);
	err_set(err, -EINVAL, "unknown option --%.*s%s%s%s", STR_ARG(name),
	    near ? "; did you mean --" : "", near ? near : "", near ? "?" : "");
}

/* Exactly this name, or the only one that begins so; opt NULL: neither. */
static void find_name(
    const struct opt_group *groups, struct str name, struct found *ret)
{
	struct walk w = walk_start(groups);
	const struct opt *opt, *second = NULL;

	ret->opt = NULL;
	while ((opt = walk_next(&w))) {
		if (str_eqz(name, opt->name)) {
			found_at(ret, &w, opt);
			return;
		}
		if (opt->hidden || !name.n ||
		    !str_starts(str_z(opt->name), name))
			continue;
		if (!ret->opt)
			found_at(ret, &w, opt);
		else if (!second)
			second = opt;
	}
	if (second) {
		err_set(ret->err, -EINVAL, "--%.*s could be --%s or --%s",
		    STR_ARG(name), ret->opt->name, second->name);
		ret->opt = NULL;
	} else if (!ret->opt) {
		say_unknown(groups, name, ret->err);
	}
}

static void find_letter(
    const struct opt_group *groups, char letter, struct found *ret)
{
	struct walk w = walk_start(groups);
	const struct opt *opt;

	ret->opt = NULL;
	while ((opt = walk_next(&w)))
		if (letter && opt->letter == letter) {
			found_at(ret, &w, opt);
			return;
		}
	err_set(ret->err, -EINVAL, "unknown option -%c", letter);
}

/* Where the parser stands in the arguments. */
struct cursor {
	const struct opt_group *groups;
	struct opt_args *args;
	size_t i;     /* the next argument */
	size_t n_out; /* operands kept so far, at the front of args->v */
	struct err *err;
};

static int take_value(struct cursor *c, struct found *f)
{
	if (c->i < c->args->n) {
		f->value = c->args->v[c->i++];
		return 0;
	}
	return err_set(c->err, -EINVAL, "--%s needs a value%s%s", f->opt->name,
	    f->opt->arg ? ": " : "", f->opt->arg ? f->opt->arg : "");
}

static int parse_long(struct cursor *c, const char *text)
{
	struct found f = {.now = c->args->now, .err = c->err};
	const char *equals = strchr(text, '=');
	struct str name =
	    equals ? str_make(text, (size_t)(equals - text)) : str_z(text);
	int r = 0;

	find_name(c->groups, name, &f);
	if (!f.opt)
		return -EINVAL;
	if (equals && f.opt->type == OPT_FLAG)
		return err_set(
		    c->err, -EINVAL, "--%s takes no value", f.opt->name);
	if (equals)
		f.value = equals + 1;
	else if (f.opt->type != OPT_FLAG)
		r = take_value(c, &f);
	return r ? r : setters[f.opt->type](&f);
}

static int parse_letters(struct cursor *c, const char *text)
{
	for (; *text; text++) {
		struct found f = {.now = c->args->now, .err = c->err};
		bool last;
		int r = 0;

		find_letter(c->groups, *text, &f);
		if (!f.opt)
			return -EINVAL;
		last = f.opt->type != OPT_FLAG;
		if (last && text[1])
			f.value = text + 1;
		else if (last)
			r = take_value(c, &f);
		if (r == 0)
			r = setters[f.opt->type](&f);
		if (r || last)
			return r;
	}
	return 0;
}

static void keep_rest(struct cursor *c)
{
	while (c->i < c->args->n)
		c->args->v[c->n_out++] = c->args->v[c->i++];
}

int opt_parse(
    const struct opt_group *groups, struct opt_args *args, struct err *err)
{
	struct cursor c = {.groups = groups, .args = args, .err = err};
	int r = 0;

	while (c.i < args->n && r == 0) {
		char *arg = args->v[c.i++];

		if (strcmp(arg, "--") == 0) {
			keep_rest(&c);
		} else if (arg[0] == '-' && arg[1] == '-') {
			r = parse_long(&c, arg + 2);
		} else if (arg[0] == '-' && arg[1]) {
			r = parse_letters(&c, arg + 1);
		} else {
			args->v[c.n_out++] = arg;
			if (args->stop_early)
				keep_rest(&c);
		}
	}
	if (r == 0)
		args->n = c.n_out;
	return r;
}
