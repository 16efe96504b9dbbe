/* SPDX-License-Identifier: Apache-2.0 */
#include "rec/environment.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

/* More bytes than the kernel lets a program have. */
#define BYTES_MAX ((size_t)64 << 20)

/*
 * The kernel puts the strings of the arguments, those of the environment and
 * the program's file name one behind the other (fs/exec.c).
 */
static char *find_strings(int argc, char **argv, const char **ret_end)
{
	/* NOLINTNEXTLINE(performance-no-int-to-ptr) */
	*ret_end = (const char *)(uintptr_t)getauxval(AT_EXECFN);
	if (argc < 1 || !*ret_end || argv[argc - 1] >= *ret_end ||
	    (size_t)(*ret_end - argv[argc - 1]) > BYTES_MAX)
		return NULL;
	return argv[argc - 1] + strlen(argv[argc - 1]) + 1;
}

char **environment_original(int argc, char **argv)
{
	const char *end;
	char *begin = find_strings(argc, argv, &end), **env;
	size_t n = 0;

	if (!begin || begin > end)
		return environ;
	for (const char *p = begin; p < end; p += strlen(p) + 1)
		n++;
	env = calloc(n + 1, sizeof *env);
	if (!env)
		return NULL;
	n = 0;
	for (char *p = begin; p < end; p += strlen(p) + 1)
		env[n++] = p;
	return env;
}

void environment_replace(char **env, char *assignment, unsigned long name_n)
{
	for (; *env; env++)
		if (strncmp(*env, assignment, name_n) == 0 &&
		    (*env)[name_n] == '=')
			*env = assignment;
}

const char *environment_get(char **env, const char *name)
{
	const size_t n = strlen(name);

	for (; *env; env++)
		if (strncmp(*env, name, n) == 0 && (*env)[n] == '=')
			return *env + n + 1;
	return NULL;
}
