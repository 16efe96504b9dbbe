/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tap's end of the way from auditd's plugin (plugin_wire.h): one connection
 * at a time, of root alone.
 */
#ifndef SOURCES_AUDIT_PLUGIN_INPUT_H
#define SOURCES_AUDIT_PLUGIN_INPUT_H

#include "base/buf.h"

struct plugin_input {
	int listen_fd; /* -1: there is no such way */
	int fd;	       /* -1: no plugin is connected */
	struct buf bytes;
	size_t at;     /* of the line behind the one given last */
	uint64_t lost; /* as plugins said */
};

/* Take over listen_fd, or -1. */
void plugin_input_init(struct plugin_input *p, int listen_fd);
void plugin_input_close(struct plugin_input *p);

/*
 * Whether one has come. Sent away are another one than root, who cannot reach
 * the socket, and a second one, which comes again.
 */
bool plugin_input_accept(struct plugin_input *p);

/*
 * 1 and a line without its newline, which stays and may be changed until the
 * next call; 0: nothing at hand; -EPIPE: it is gone, and so is what it had not
 * sent whole.
 */
int plugin_input_line(struct plugin_input *p, char **ret, size_t *ret_n);

/*
 * Make the line as the kernel gives its record to others: without the node's
 * name, the names that auditd added behind 0x1D, and control characters, of
 * which a program's message may hold any.
 */
struct str plugin_input_plain(char *line, size_t n);

#endif
