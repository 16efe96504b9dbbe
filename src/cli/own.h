/* SPDX-License-Identifier: Apache-2.0 */
/* Who runs this program, for the events that tell what was done with it. */
#ifndef CLI_OWN_H
#define CLI_OWN_H

#include "core/event.h"

/* Terminal, without /dev/; lives until the next call. */
struct str own_tty(void);
/* User, login user, session, terminal and process; strings as above. */
void own_tell(struct event *ev);

#endif
