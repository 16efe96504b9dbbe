/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: reexec N TAG: executes itself N times, with N counted down in place:
 * as many programs in a row as one process can become. Static, so that the
 * dynamic linker is no part of it.
 */
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

/* One less, in decimal digits; false when it was zero. */
static bool count_down(char *digits)
{
	for (size_t i = strlen(digits); i-- > 0; digits[i] = '9') {
		if (digits[i] > '0') {
			digits[i]--;
			return true;
		}
	}
	return false;
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	if (!count_down(argv[1]))
		return 0;
	execv("/proc/self/exe", argv);
	return 127;
}
