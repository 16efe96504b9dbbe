/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The masks of a store: our rules (core/mask.h) and those of its file `masks`.
 * To see what they hide is recorded in the store before anything of it is
 * shown; where they would hide nothing there is nothing to record.
 */
#ifndef CLI_MASKS_H
#define CLI_MASKS_H

#include "cli/reveal.h"
#include "core/mask.h"

/* For what they are; strings must live as long as the masks. */
struct masks_for {
	bool reveal; /* nothing is masked */
	struct reveal of;
};

struct masks {
	struct cli *cli;
	struct masks_for what;
	uint64_t n;	/* secrets found so far */
	bool recorded;	/* that they are shown */
	struct err err; /* why that could not be; then nothing is to be shown */
	struct mask mask;
	struct arena mem; /* of the event masked last */
};

/* Read them. CLI_FOUND, or what is wrong with the file was told. */
int masks_open(struct masks *m, struct cli *c, const struct masks_for *what);
void masks_free(struct masks *m);

/*
 * A secret was found: whether it is to be hidden. When the first one is to be
 * seen, an event `reveal` says who asked for what (cli/reveal.h). If that
 * fails, m->err has why, and the answer is yes.
 */
bool masks_hide(struct masks *m);

/*
 * `ret` is ev as it may be shown, until the next call. -ENOMEM; -ECANCELED:
 * m->err tells why nothing may be shown.
 */
int masks_event(struct masks *m, const struct event *ev, struct event *ret);

/* The text with MASK_TEXT where secrets are hidden; put into `a`. */
struct str masks_text(struct masks *m, struct str text, struct arena *a);

/* Say on stderr how many secrets were found, if any were. */
void masks_tell(const struct masks *m);

#endif
