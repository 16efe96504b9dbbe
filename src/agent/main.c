/* SPDX-License-Identifier: Apache-2.0 */
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>

#include "agent/config.h"
#include "agent/monitor.h"

/* As the exit status of sshtrail(1). */
enum { EXIT_DONE = 0, EXIT_USAGE = 2, EXIT_FAILED = 4 };

static const char usage[] =
    "Usage: sshtraild [OPTION]...\n"
    "Watch the SSH sessions of this host, in the foreground.\n"
    "\n"
    "  -c, --config FILE     configuration (" CONFIG_FILE ", if there)\n"
    "      --check           check the configuration and end\n"
    "      --print-defaults  print a configuration with all defaults\n"
    "  -h, --help            this text\n"
    "  -V, --version         the version\n"
    "\n"
    "SIGTERM ends it, SIGHUP reads the configuration again. See "
    "sshtraild(8).\n";

static void __attribute__((format(printf, 1, 2))) say(const char *fmt, ...)
{
	va_list ap;

	fputs("sshtraild: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

static int check(const char *file)
{
	struct config cfg;
	struct buf complaints = BUF_INIT;
	int r = config_load(&cfg, file, &complaints);

	if (r < 0)
		fwrite(complaints.p, 1, complaints.n, stderr);
	buf_free(&complaints);
	config_free(&cfg);
	return r < 0 ? EXIT_USAGE : EXIT_DONE;
}

static int print_defaults(void)
{
	struct buf b = BUF_INIT;
	bool good;

	conf_print_defaults(config_keys, &b);
	good = !buf_error(&b) && fwrite(b.p, 1, b.n, stdout) == b.n &&
	       fflush(stdout) == 0;
	buf_free(&b);
	return good ? EXIT_DONE : EXIT_FAILED;
}

int main(int argc, char **argv)
{
	enum { OPT_CHECK = 256, OPT_PRINT };
	static const struct option options[] = {
	    {"config", required_argument, NULL, 'c'},
	    {"check", no_argument, NULL, OPT_CHECK},
	    {"print-defaults", no_argument, NULL, OPT_PRINT},
	    {"help", no_argument, NULL, 'h'},
	    {"version", no_argument, NULL, 'V'},
	    {0},
	};
	const char *file = NULL;
	bool only_check = false;
	int c;

	while ((c = getopt_long(argc, argv, "c:hV", options, NULL)) != -1)
		switch (c) {
		case 'c':
			file = optarg;
			break;
		case OPT_CHECK:
			only_check = true;
			break;
		case OPT_PRINT:
			return print_defaults();
		case 'h':
			fputs(usage, stdout);
			return EXIT_DONE;
		case 'V':
			puts("sshtraild " SSHTRAIL_VERSION);
			return EXIT_DONE;
		default:
			return EXIT_USAGE;
		}
	if (optind < argc) {
		say("takes no operand: %s; see --help", argv[optind]);
		return EXIT_USAGE;
	}
	if (only_check)
		return check(file);
	return monitor_run(file, say) < 0 ? EXIT_FAILED : EXIT_DONE;
}
