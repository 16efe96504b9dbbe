/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: bench_calls FOLDER ROUNDS: nanoseconds of processor time that system
 * calls take, the least of ROUNDS, as "NAME NS" lines. FOLDER has watched/file
 * and plain/file.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"

static char watched[4096], plain[4096];
static int zero, from_pipe, to_pipe;

static void call_getppid(void)
{
	syscall(SYS_getppid);
}

static void call_read(void)
{
	char c;

	if (read(zero, &c, 1) != 1)
		exit(4);
}

static void call_pipe(void)
{
	char c = 0;

	if (write(to_pipe, &c, 1) != 1 || read(from_pipe, &c, 1) != 1)
		exit(4);
}

static void call_stat(void)
{
	struct stat st;

	if (stat(plain, &st) < 0)
		exit(4);
}

static void call_open(const char *path, int flags)
{
	int fd = open(path, flags);

	if (fd < 0)
		exit(4);
	close(fd);
}

static void call_open_read(void)
{
	call_open(plain, O_RDONLY);
}

static void call_open_write(void)
{
	call_open(plain, O_WRONLY);
}

static void call_open_watched(void)
{
	call_open(watched, O_WRONLY);
}

static void call_chmod(void)
{
	chmod(plain, 0600);
}

static void call_exec(void)
{
	char name[] = "true", *argv[] = {name, NULL};
	pid_t pid;

	if (posix_spawn(&pid, "/bin/true", NULL, NULL, argv, NULL))
		exit(4);
	waitpid(pid, NULL, 0);
}

static double cpu_of(int who)
{
	struct rusage u;

	getrusage(who, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e9 +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1e3;
}

/* Processor time: what waits or is done elsewhere does not count. */
static double now(void)
{
	return cpu_of(RUSAGE_SELF) + cpu_of(RUSAGE_CHILDREN);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*call)(void);
		int times;
	} calls[] = {
	    {"getppid", call_getppid, 20000},
	    {"read", call_read, 20000},
	    {"pipe", call_pipe, 20000},
	    {"stat", call_stat, 10000},
	    {"open-read", call_open_read, 5000},
	    {"open-write", call_open_write, 5000},
	    {"open-watched", call_open_watched, 1000},
	    {"chmod", call_chmod, 2000},
	    {"exec", call_exec, 50},
	};
	uint64_t rounds;
	int ends[2];

	if (argc < 3 || !str_u64(str_z(argv[2]), &rounds))
		return 4;
	snprintf(watched, sizeof watched, "%s/watched/file", argv[1]);
	snprintf(plain, sizeof plain, "%s/plain/file", argv[1]);
	zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	if (pipe(ends) < 0)
		return 4;
	from_pipe = ends[0];
	to_pipe = ends[1];
	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
		double least = 1e18;

		for (uint64_t r = 0; r < rounds; r++) {
			double begin = now(), took;

			for (int n = 0; n < calls[i].times; n++)
				calls[i].call();
			took = (now() - begin) / calls[i].times;
			least = took < least ? took : least;
		}
		printf("%s %.0f\n", calls[i].name, least);
	}
	return 0;
}
