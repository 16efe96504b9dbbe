/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a terminal asks for a password: its last row of text, as far as it
 * can be known without a screen, ends as a question does (":"), and has a word
 * such as "password" or "PIN" in it. It is made for prompts that programs
 * write; some it will not know.
 */
#ifndef RECORD_ASKED_H
#define RECORD_ASKED_H

#include <stdint.h>

#include "base/str.h"

#define ASKED_ROW 256

/* Begins as zeros. */
struct asked {
	char row[2 * ASKED_ROW]; /* n bytes: the end of the row at least */
	uint16_t n;
};

/* What is shown, as record/sequence.h tells it. */
void asked_text(struct asked *a, struct str text);
void asked_character(struct asked *a, uint32_t cp);
void asked_control(struct asked *a, uint32_t code);
void asked_csi(struct asked *a, char final);
/* The row is not known any more. */
static inline void asked_nothing(struct asked *a)
{
	a->n = 0;
}

bool asked_for_secret(const struct asked *a);

#endif
