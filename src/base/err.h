/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Error context. Libraries return 0 or a negative errno and leave in a
 * struct err the sentence that a person needs: what was being done, to what,
 * and what to do about it. Only programs print it.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

struct err {
	char text[768];
};

/*
 * Store a message and return `code` (a negative errno), so that a failure is
 * one statement: return err_set(err, -ENOSPC, "cannot grow %s", name);
 * `err` may be NULL. The text is cut at the size of the buffer.
 */
int err_set(struct err *err, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* As err_set(), with ": " and strerror(-code) appended. */
int err_sys(struct err *err, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Put "MESSAGE: " before what `err` says already; returns `code`. */
int err_context(struct err *err, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
