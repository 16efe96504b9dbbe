/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The environment as sshd gave it. A set-group-id program's is cut by the C
 * library before main(): LD_LIBRARY_PATH, TMPDIR, LOCPATH and others are not
 * for us, but the user's shell is to have them.
 */
#ifndef REC_ENVIRONMENT_H
#define REC_ENVIRONMENT_H

/*
 * What the kernel put behind the arguments of this program: strings, NULL at
 * the end, that point to where they are. Where that cannot be found it is
 * `environ`. Never NULL but without memory.
 */
char **environment_original(int argc, char **argv);

/*
 * Set NAME to VALUE, "NAME=VALUE" as one string that must stay; `name_n` bytes
 * are its name. Where it is not set yet, nothing is done.
 */
void environment_replace(char **env, char *assignment, unsigned long name_n);

/* The value of NAME, or NULL. */
const char *environment_get(char **env, const char *name);

#endif
