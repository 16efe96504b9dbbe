/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process that no other one of the same user may look into: no debugger, no
 * core. LeakSanitizer, which looks in as a debugger does, is switched off in
 * it.
 */
#ifndef BASE_HIDE_H
#define BASE_HIDE_H

/*
 * For this process and those forked from it, until they run a program or change
 * their ids. 0 or a negative errno.
 */
int hide_process(void);

#endif
