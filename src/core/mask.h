/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secrets in texts, found by what stands before them: a password behind
 * "--password=", the rest of a token that begins with "ghp_". What is stored
 * stays as it is; masks are for what is shown and handed on.
 *
 * Rules are ours (mask_rules.c) and those of a file, a rule a line:
 *
 *	# BEFORE           SECRET  [AT LEAST] [nocase]
 *	vault_pin=         value
 *	"vaultctl... -k "  token   20
 *
 * BEFORE stands in quotes where there is a blank in it. A blank is one or more
 * blanks; * up to 64 characters of a name (letters, digits, . _ - + %); ... the
 * shortest stretch, up to 256 characters of the same command, behind which the
 * rest follows; all else is itself. SECRET is what the secret is made of, as
 * enum mask_secret says.
 *
 * Time is linear in the text, whatever stands in it: a rule looks at a bounded
 * number of bytes from where it begins, and at each byte of a secret once.
 */
#ifndef CORE_MASK_H
#define CORE_MASK_H

#include "core/event.h"

/* X(C name, name in files, what it is) */
#define MASK_SECRETS(X)                                                        \
	X(VALUE, "value", "all up to a blank, or what stands in quotes")       \
	X(TOKEN, "token", "letters, digits and _ - . + / = ~")                 \
	X(UPPER, "upper", "capital letters and digits")                        \
	X(LOGIN, "login", "all up to an @ that follows")                       \
	X(BLOCK, "block", "all up to -----END")

enum mask_secret {
#define X(c, name, help) MASK_##c,
	MASK_SECRETS(X)
#undef X
	    MASK_N_SECRETS
};

struct mask_rule {
	const char *before;
	enum mask_secret secret;
	bool nocase;	/* letters of `before` in either case */
	unsigned least; /* bytes of the secret; 0: one */
};

#define MASK_RULES_MAX	256
#define MASK_BEFORE_MAX 64
#define MASK_FILE_MAX	((size_t)64 << 10)
/* What is put in the place of a secret. */
#define MASK_TEXT	"[masked]"

struct mask {
	struct mask_rule rules[MASK_RULES_MAX];
	size_t n;
	uint8_t begins[1 << 13]; /* a bit for each two bytes that a rule does
				    with */
	struct arena mem;
};

/* With our rules. */
void mask_init(struct mask *m);
/*
 * Those of a file as well. -EINVAL: err has "NAME:LINE: what is wrong";
 * -ENOMEM.
 */
int mask_read(
    struct mask *m, const char *name, struct str content, struct err *err);
void mask_free(struct mask *m);

/*
 * Set marks[i], which are zeros before, where text.p[i] is of a secret. A NUL
 * is the border of two arguments. True: a block has begun and did not end.
 */
bool mask_mark(const struct mask *m, struct str text, uint8_t *marks);

/* Whether c can be of a MASK_TOKEN. */
bool mask_is_token(char c);

/* Append text with MASK_TEXT in the place of secrets: how many these are. */
size_t mask_text(const struct mask *m, struct str text, struct buf *b);

/*
 * Mask what ev tells of commands and what was typed or logged; the new strings
 * lie in `a`. How many secrets there were, or -ENOMEM.
 */
int64_t mask_event(const struct mask *m, struct event *ev, struct arena *a);

#endif
