/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sys/socket.h>

#include "base/uninit.h"
#include "sources/audit/build.h"
#include "sources/audit/sockaddr.h"
#include "sources/audit/value.h"

static const enum audit_key arg_keys[] = {K_A0, K_A1, K_A2, K_A3};

/* The directory argument says "working directory", or there is none. */
static bool is_cwd(const struct build *b, int dir_arg)
{
	uint64_t v;

	return dir_arg < 0 || (value_hex(&b->main, arg_keys[dir_arg], &v) &&
				  (int32_t)(uint32_t)v == AT_FDCWD);
}

static bool has_type(const struct build_path *p, struct str type)
{
	return str_eq(p->nametype, type);
}

static const struct build_path *first_of(
    const struct build_path *p, size_t n, struct str type)
{
	for (size_t i = 0; i < n; i++)
		if (has_type(&p[i], type))
			return &p[i];
	return NULL;
}

/* The file itself: anything rather than the directory it lies in. */
static const struct build_path *main_path(const struct build_path *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!has_type(&p[i], STR("PARENT")))
			return &p[i];
	return n ? &p[n - 1] : NULL;
}

static bool is_op(const struct sys_call *call, const char *op)
{
	return call->op && str_eq(str_z(call->op), str_z(op));
}

static uint64_t open_flags(struct build *b, const struct sys_call *call)
{
	const struct group_record *r = build_find(b, ROLE_OPENAT2);
	uint64_t flags = 0;

	if (call->flag_arg >= 0)
		value_hex(&b->main, arg_keys[call->flag_arg], &flags);
	else if (r)
		str_oct64(
		    fields_get(build_fields(b, r, KEY_BIT(K_OFLAG)), K_OFLAG),
		    &flags);
	else
		flags = O_WRONLY | O_CREAT | O_TRUNC;
	return flags;
}

static void set_open(struct build *b, const struct sys_call *call,
    const struct build_path *p, size_t n)
{
	uint64_t flags = open_flags(b, call);
	const struct build_path *made = first_of(p, n, STR("CREATE"));

	if (made && event_int(&b->ev, F_SUCCESS, true)) {
		event_set_str(&b->ev, F_OP, STR("create"));
		if (made->mode >= 0)
			event_set_int(&b->ev, F_MODE, made->mode);
	} else if ((flags & O_ACCMODE) || (flags & (O_CREAT | O_TRUNC))) {
		event_set_str(&b->ev, F_OP, STR("open-write"));
	} else {
		event_set_str(&b->ev, F_OP, STR("open-read"));
	}
}

static void set_op(struct build *b, const struct sys_call *call)
{
	uint64_t v;

	event_set_str(&b->ev, F_OP, str_z(call->op));
	if (str_eq(call->name, STR("unlinkat")) &&
	    value_hex(&b->main, K_A2, &v) && (v & AT_REMOVEDIR))
		event_set_str(&b->ev, F_OP, STR("rmdir"));
	if (call->mode_arg >= 0 &&
	    value_hex(&b->main, arg_keys[call->mode_arg], &v))
		event_set_int(&b->ev, F_MODE, (int64_t)(v & 07777));
}

/* No name: the inode tells which file, the title by what. */
static void set_inode(struct build *b, const struct build_path *p)
{
	if (p && p->inode >= 0)
		event_set_int(&b->ev, F_INODE, p->inode);
	if (p)
		event_set_str(&b->ev, F_DEV, p->dev);
	build_title(b);
}

static void set_one_path(struct build *b, const struct sys_call *call,
    const struct build_path *p, size_t n)
{
	const struct build_path *path = main_path(p, n);

	if (!path || !path->name.p) {
		set_inode(b, path);
		return;
	}
	if (has_type(path, STR("PARENT")))
		build_infer(b, STR("only the directory was logged"));
	build_set_path(b, F_PATH, path->name, is_cwd(b, call->dir_arg));
}

/*
 * rename: DELETE is the old name (the first: an overwritten file is a DELETE
 * as well), CREATE the new one. link: CREATE the link, NORMAL what it leads
 * to. symlink: CREATE the link, UNKNOWN its text.
 */
static bool set_two_paths(struct build *b, const struct sys_call *call,
    const struct build_path *p, size_t n)
{
	const struct build_path *made = first_of(p, n, STR("CREATE"));
	const struct build_path *from;

	if (is_op(call, "rename")) {
		from = first_of(p, n, STR("DELETE"));
		if (!from || !made)
			return false;
		build_set_path(b, F_PATH, from->name, is_cwd(b, call->dir_arg));
		build_set_path(
		    b, F_PATH2, made->name, is_cwd(b, call->dir2_arg));
		return true;
	}
	from = first_of(
	    p, n, is_op(call, "link") ? STR("NORMAL") : STR("UNKNOWN"));
	if (!made)
		return false;
	build_set_path(b, F_PATH, made->name, is_cwd(b, call->dir_arg));
	if (from && is_op(call, "link"))
		build_set_path(
		    b, F_PATH2, from->name, is_cwd(b, call->dir2_arg));
	else if (from)
		event_set_str(&b->ev, F_PATH2, from->name);
	return true;
}

void build_file(struct build *b, const struct sys_call *call)
{
	UNINIT struct build_path paths[BUILD_MAX_PATHS];
	size_t n = build_paths(b, paths);

	b->ev.kind = EVENT_FILE;
	if (call->cls == SYS_OPEN)
		set_open(b, call, paths, n);
	else
		set_op(b, call);
	if ((is_op(call, "rename") || is_op(call, "link") ||
		is_op(call, "symlink")) &&
	    set_two_paths(b, call, paths, n))
		return;
	set_one_path(b, call, paths, n);
}

static void set_address(
    struct build *b, const struct sock_address *sa, bool local)
{
	if (sa->addr.p)
		event_set_str(&b->ev, local ? F_LADDR : F_ADDR, sa->addr);
	if (sa->port >= 0)
		event_set_int(&b->ev, local ? F_LPORT : F_PORT, sa->port);
	event_set_str(&b->ev, F_PATH, sa->path);
}

void build_socket(struct build *b, const struct sys_call *call)
{
	const struct group_record *r = build_find(b, ROLE_SOCKADDR);
	struct sock_address sa = {.family = -1, .port = -1};
	bool bound = is_op(call, "bind");
	bool listens = bound || is_op(call, "listen") || is_op(call, "accept");

	event_set_str(&b->ev, F_OP, str_z(call->op));
	if (r)
		sockaddr_parse(&b->mem,
		    fields_get(build_fields(b, r, KEY_BIT(K_SADDR)), K_SADDR),
		    &sa);
	set_address(b, &sa, bound);
	if (sa.family == AF_INET || sa.family == AF_INET6 ||
	    sa.family == AF_UNIX || is_op(call, "listen")) {
		b->ev.kind = listens ? EVENT_NET_LISTEN : EVENT_NET_CONNECT;
		return;
	}
	b->missing |=
	    !r && is_op(call, "connect") && event_int(&b->ev, F_SUCCESS, false);
	build_types(b);
	build_text(b, true);
}
