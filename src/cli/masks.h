/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The masks of a store: our rules (core/mask.h) and those of its file `masks`.
 * To see what they hide is recorded in the store before anything is shown.
 */
#ifndef CLI_MASKS_H
#define CLI_MASKS_H

#include "cli/cli.h"
#include "core/mask.h"

struct masks {
	bool reveal; /* nothing is masked */
	uint64_t n;  /* secrets masked so far */
	struct mask mask;
	struct arena mem; /* of the event masked last */
};

/* Read them. CLI_FOUND, or what is wrong with the file was told. */
int masks_open(struct masks *m, struct cli *c);
void masks_free(struct masks *m);

/* `ret` is ev without its secrets, until the next call. -ENOMEM. */
int masks_event(struct masks *m, const struct event *ev, struct event *ret);

/* Say on stderr how many secrets were masked, if any were. */
void masks_tell(const struct masks *m, struct cli *c);

/*
 * Nothing is to be masked: append an event `reveal` to the chain reveal:HOST,
 * which says who asked for what (`command`, and of which `session`; 0: of all).
 * CLI_FAILED, told, where that cannot be done: then nothing is to be shown.
 */
int masks_reveal(
    struct masks *m, struct cli *c, const char *command, uint64_t session);

#endif
