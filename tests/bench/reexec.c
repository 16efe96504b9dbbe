/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: reexec N TAG: executes itself N times, with N counted down: as many
 * programs in a row as one process can become. Static, so that the dynamic
 * linker is no part of it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	long n = argc == 3 ? strtol(argv[1], NULL, 10) : -1;
	char text[24];

	if (n <= 0)
		return n < 0;
	snprintf(text, sizeof text, "%ld", n - 1);
	argv[1] = text;
	execv("/proc/self/exe", argv);
	return 127;
}
