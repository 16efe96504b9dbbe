/* SPDX-License-Identifier: Apache-2.0 */
/* The two parts of sandbox_enter() that have their own files. */
#ifndef BASE_SANDBOX_INSIDE_H
#define BASE_SANDBOX_INSIDE_H

#include "base/sandbox.h"

/* Landlock. Needs PR_SET_NO_NEW_PRIVS. */
int sandbox_restrict_paths(
    const struct sandbox *s, struct sandbox_state *ret, struct err *err);

/* seccomp; nothing else of sandbox_enter() works behind it. */
int sandbox_restrict_calls(const struct sandbox *s, struct err *err);

#endif
