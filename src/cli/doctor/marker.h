/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A harmless program that is run as one of a login session, to see whether it
 * is captured: /bin/true with a random word that says where it is from.
 */
#ifndef CLI_DOCTOR_MARKER_H
#define CLI_DOCTOR_MARKER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

#define MARKER_PROGRAM "/bin/true"

struct marker {
	char word[40];	 /* its argument: "sshtrail-doctor-" and 16 digits */
	uid_t auid;	 /* the login uid that it runs with */
	bool own_login;	 /* ... is that of our own session */
	int64_t started; /* microseconds since 1970 */
};

/*
 * Choose the word and the login uid: that of our own session where there is
 * one, so that nobody else's name comes into it. Else, as a service or a
 * console has none: who called sudo, the first user of the host, or root. With
 * `user` (may be NULL): that one, in a session of its own, as after a login.
 * -ENOENT: there is no such user.
 */
int marker_choose(struct marker *m, const char *user, struct err *err);

/*
 * Run it and wait for its end. The login uid is set in the child only, as PAM
 * does it for a login. -EPERM: the kernel refuses that.
 */
int marker_run(struct marker *m, struct err *err);

#endif
