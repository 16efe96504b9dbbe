/* SPDX-License-Identifier: Apache-2.0 */
#include "base/zone.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define DATABASE "/usr/share/zoneinfo/"
#define MAGIC	 "TZif"

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* A name that cannot lead out of the database. */
static bool is_name(struct str s)
{
	if (!s.n || s.n >= ZONE_NAME_LEN || !is_letter(s.p[0]))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!is_letter(s.p[i]) && !memchr("0123456789_+-/", s.p[i], 14))
			return false;
	return true;
}

bool zone_known(struct str name)
{
	char path[sizeof DATABASE + ZONE_NAME_LEN], magic[4];
	bool good;
	int fd;

	if (str_eqz(name, "UTC") || str_eqz(name, "GMT"))
		return true;
	if (!is_name(name))
		return false;
	snprintf(path, sizeof path, DATABASE "%.*s", STR_ARG(name));
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return false;
	good = read(fd, magic, sizeof magic) == (ssize_t)sizeof magic &&
	       memcmp(magic, MAGIC, sizeof magic) == 0;
	close(fd);
	return good;
}

/* The C library takes any name, and UTC for those it does not know. With a
 * slash it is a name of the database, with a digit it may be a rule. */
static bool is_usable(const char *name)
{
	return zone_known(str_z(name)) ||
	       (!strchr(name, '/') && strpbrk(name, "0123456789"));
}

static int set(const char *tz)
{
	if ((tz ? setenv("TZ", tz, 1) : unsetenv("TZ")) < 0)
		return -errno;
	tzset();
	return 0;
}

int zone_set(const char *name)
{
	return is_usable(name) ? set(name) : -EINVAL;
}

int zone_enter(struct str name, struct zone_before *ret)
{
	const char *tz = getenv("TZ");
	char entered[ZONE_NAME_LEN];

	if (!zone_known(name))
		return -EINVAL;
	if (tz && strlen(tz) >= sizeof ret->tz)
		return -ENAMETOOLONG;
	ret->set = tz;
	snprintf(ret->tz, sizeof ret->tz, "%s", tz ? tz : "");
	snprintf(entered, sizeof entered, "%.*s", STR_ARG(name));
	return set(entered);
}

void zone_leave(const struct zone_before *before)
{
	/* There was room for it before. */
	(void)set(before->set ? before->tz : NULL);
}
