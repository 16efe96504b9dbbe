/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is left to do as root while terminals or commands are watched by what
 * sshd reads: the programs for that are attached while there are processes that
 * sshd forked, and a little longer. sshd forks for each connection, long before
 * it opens a terminal or runs a command.
 */
#ifndef SOURCES_PTY_TEND_H
#define SOURCES_PTY_TEND_H

#include "sources/tap.h"

extern const struct tap_tender pty_tender;

#endif
