/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/beside.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/event_frame.h"
#include "archive/layout.h"
#include "base/fd.h"
#include "trail/trail.h"

bool beside_is_hub(const char *dir)
{
	char path[4096];

	snprintf(path, sizeof path, "%s/hub/hosts", dir);
	return access(path, F_OK) == 0;
}

static int check_owner(int dirfd, const char *dir, struct err *err)
{
	struct stat st;

	if (fstat(dirfd, &st) < 0)
		return err_sys(err, -errno, "store %s", dir);
	if (st.st_uid == geteuid())
		return 0;
	return err_set(err, -EPERM,
	    "the store %s is that of user %u: run this as that user", dir,
	    (unsigned)st.st_uid);
}

static int append(struct trail *t, struct event *ev, struct err *err)
{
	struct buf json = BUF_INIT;
	int r = event_frame(ev, &json, err);

	if (r == 0)
		r = trail_append(t, FRAME_EVENT, 0, buf_str(&json), NULL, err);
	buf_free(&json);
	return r;
}

/* Behind what its last writer left, if that was cut off. */
static int append_gap(struct trail *t, const char *chain,
    const struct trail_recovery *rec, struct err *err)
{
	char reason[EVENT_FRAME_REASON_MAX];
	struct event ev;

	if (!rec->torn_bytes && !rec->unclean)
		return 0;
	event_frame_gap(&ev, chain, rec, reason);
	return append(t, &ev, err);
}

static int append_to(int chainfd, const struct trail_config *cfg,
    struct event *ev, struct err *err)
{
	struct trail_recovery recovery = {0};
	struct trail *t = NULL;
	int r = trail_open(&t, chainfd, cfg, &recovery, err);

	if (r < 0)
		return r;
	r = append_gap(t, cfg->origin, &recovery, err);
	if (r == 0)
		r = append(t, ev, err);
	if (r == 0)
		return trail_close(t, err);
	trail_abandon(t);
	return r;
}

int beside_append(
    const char *dir, const char *chain, struct event *ev, struct err *err)
{
	CLEANUP_FD int dirfd = -1, chainfd = -1;
	uint8_t id_key[LAYOUT_ID_KEY_LEN];
	struct sign_key key = {.secret = {0}};
	const struct trail_config cfg = {.origin = chain, .key = &key};
	int r = layout_open(dir, false, &dirfd, err);

	if (r == 0)
		r = check_owner(dirfd, dir, err);
	if (r == 0)
		r = layout_keys(dirfd, &key, id_key, err);
	if (r == 0)
		r = layout_open_chain(dirfd, chain, true, &chainfd, err);
	if (r == 0)
		r = append_to(chainfd, &cfg, ev, err);
	sign_key_wipe(&key);
	return r;
}
