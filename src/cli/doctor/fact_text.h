/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_DOCTOR_FACT_TEXT_H
#define CLI_DOCTOR_FACT_TEXT_H

#include "cli/doctor/facts.h"

/* Read a file of up to 1 MiB; what goes wrong is kept in *ret. */
void fact_read_file(struct fact_text *ret, const char *path, struct arena *a);

/* Run a program for up to 20 s and keep its output. */
void fact_run(struct fact_text *ret, const char *const *argv, struct arena *a);

/* The pid of a process of this name (as in /proc/PID/comm); 0: none. */
int64_t fact_process(const char *comm);

#endif
