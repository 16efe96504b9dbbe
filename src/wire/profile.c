/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/profile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "wire/member.h"
#include "wire/message.h"

#define CA_FILE	 "ca.crt"
#define HUB_FILE "hub"
#define HUBS	 "sshtrail/hubs"

static int hubs_dir(struct buf *b, struct err *err)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	if (config && *config == '/')
		buf_printf(b, "%s/" HUBS, config);
	else if (home && *home)
		buf_printf(b, "%s/.config/" HUBS, home);
	else
		return err_set(err, -ENOENT, "HOME is not set");
	return buf_error(b);
}

int profile_dir(const char *name, struct buf *ret, struct err *err)
{
	int r;

	if (!host_name_is_good(str_z(name)) || name[0] == '.')
		return err_set(err, -EINVAL,
		    "\"%s\" is no name for a hub: letters, digits, full "
		    "stops, '_' and '-'",
		    name);
	r = hubs_dir(ret, err);
	buf_printf(ret, "/%s", name);
	if (r == 0 && !buf_z(ret))
		r = -ENOMEM;
	return r;
}

/* Each part of the path that is not there yet. */
static int make_dirs(const char *dir)
{
	struct buf b = BUF_INIT;
	int r = 0;

	buf_add_z(&b, dir);
	if (!buf_z(&b))
		return -ENOMEM;
	for (char *p = b.p + 1; r == 0; p++) {
		char end = *p;

		if (end != '/' && end != '\0')
			continue;
		*p = '\0';
		if (mkdir(b.p, 0700) < 0 && errno != EEXIST)
			r = -errno;
		*p = end;
		if (end == '\0')
			break;
	}
	buf_free(&b);
	return r;
}

static int keep(const char *dir, const char *url, const char *token,
    struct str ca, struct err *err)
{
	struct buf b = BUF_INIT;
	CLEANUP_FD int dirfd = -1;
	int r = make_dirs(dir);

	message_begin(&b);
	message_text(&b, "url", str_z(url));
	message_text(&b, "token", str_z(token));
	message_end(&b);
	if (r == 0)
		r = buf_error(&b);
	if (r == 0)
		dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r == 0 && dirfd < 0)
		r = -errno;
	if (r == 0)
		r = fd_replace_file(dirfd, CA_FILE, 0644, ca.p, ca.n);
	if (r == 0)
		r = fd_replace_file(dirfd, HUB_FILE, 0600, b.p, b.n);
	buf_free(&b);
	return r < 0 ? err_sys(err, r, "%s", dir) : 0;
}

int profile_make(
    const char *dir, const char *url, const char *token, struct err *err)
{
	const struct member_join who = {.url = url, .token = token};
	struct buf ca = BUF_INIT;
	int r = member_fetch_authority(&who, &ca, err);

	if (r == 0)
		r = keep(dir, url, token, buf_str(&ca), err);
	buf_free(&ca);
	return r;
}

static int read_hub(int dirfd, struct buf *ret)
{
	struct stat st;

	if (fstatat(dirfd, HUB_FILE, &st, 0) < 0)
		return -errno;
	if (st.st_mode & 077)
		return -EACCES;
	return fd_read_file(dirfd, HUB_FILE, MESSAGE_MAX, ret);
}

int profile_load(struct profile *ret, const char *dir, struct err *err)
{
	CLEANUP_FD int dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct buf b = BUF_INIT;
	int r = dirfd < 0 ? -errno : read_hub(dirfd, &b);

	*ret = (struct profile){.texts = ARENA_INIT};
	if (r == 0) {
		ret->url = message_get(buf_str(&b), "url", &ret->texts).p;
		ret->token = message_get(buf_str(&b), "token", &ret->texts).p;
		ret->ca_file = arena_printf(&ret->texts, "%s/" CA_FILE, dir).p;
		if (!ret->url || !ret->token || !ret->ca_file)
			r = -EBADMSG;
	}
	buf_free(&b);
	return r < 0 ? err_sys(err, r, "%s/" HUB_FILE, dir) : 0;
}

void profile_free(struct profile *p)
{
	arena_free(&p->texts);
}

static bool has_url(const char *dir, const char *url)
{
	struct profile p;
	bool same = profile_load(&p, dir, NULL) == 0 && strcmp(p.url, url) == 0;

	profile_free(&p);
	return same;
}

static int find_url(const char *url, struct buf *ret, struct err *err)
{
	struct buf hubs = BUF_INIT;
	struct dirent *e;
	DIR *d = NULL;
	int r = hubs_dir(&hubs, err);

	if (r == 0 && buf_z(&hubs))
		d = opendir(hubs.p);
	r = r < 0 ? r : -ENOENT;
	while (r == -ENOENT && d && (e = readdir(d))) {
		buf_clear(ret);
		buf_printf(ret, "%s/%s", hubs.p, e->d_name);
		if (e->d_name[0] != '.' && buf_z(ret) && has_url(ret->p, url))
			r = 0;
	}
	if (d)
		closedir(d);
	buf_free(&hubs);
	return r;
}

int profile_find(const char *name, struct buf *ret, struct err *err)
{
	int r;

	if (strstr(name, "://"))
		r = find_url(name, ret, err);
	else
		r = profile_dir(name, ret, err);
	if (r == 0 && access(ret->p, F_OK) < 0)
		r = -ENOENT;
	if (r == -ENOENT)
		return err_set(err, r,
		    "no hub %s is known here: \"sshtrail login URL\" makes it "
		    "known",
		    name);
	return r;
}
