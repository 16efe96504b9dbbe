/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/authlog/form.h"

#include "base/uninit.h"
#include "sources/authlog/form_index.h"
#include "sources/authlog/vis.h"

#define MAX_HOLES 12

/* What fits in a hole. */
enum shape {
	SHAPE_NONE,
	SHAPE_WORD,   /* no blank, at least one byte */
	SHAPE_MAYBE,  /* no blank, may be empty */
	SHAPE_NUMBER, /* decimal digits */
	SHAPE_OCTAL,
	SHAPE_FREE, /* anything, also nothing */
};

struct hole {
	enum shape shape;
	enum field field; /* EVENT_N_FIELDS: not kept */
};

static const struct hole holes['z' + 1] = {
    ['A'] = {SHAPE_FREE, F_ADDR},
    ['C'] = {SHAPE_FREE, F_CERT_ID},
    ['D'] = {SHAPE_FREE, F_DEST},
    ['M'] = {SHAPE_FREE, F_CMD},
    ['P'] = {SHAPE_FREE, F_PATH},
    ['Q'] = {SHAPE_FREE, F_PATH2},
    ['R'] = {SHAPE_FREE, F_REASON},
    ['S'] = {SHAPE_FREE, F_SERVICE},
    ['U'] = {SHAPE_FREE, F_USER},
    ['W'] = {SHAPE_FREE, F_CWD},
    ['X'] = {SHAPE_FREE, EVENT_N_FIELDS},
    ['_'] = {SHAPE_WORD, EVENT_N_FIELDS},
    ['a'] = {SHAPE_WORD, F_ADDR},
    ['b'] = {SHAPE_NUMBER, F_BYTES_READ},
    ['c'] = {SHAPE_NUMBER, F_REPEAT},
    ['e'] = {SHAPE_NUMBER, F_DPORT},
    ['f'] = {SHAPE_WORD, F_FP},
    ['g'] = {SHAPE_WORD, F_CA_FP},
    ['h'] = {SHAPE_WORD, F_PATH},
    ['i'] = {SHAPE_NUMBER, F_CHAN},
    ['j'] = {SHAPE_NUMBER, F_SIGNAL},
    ['k'] = {SHAPE_WORD, F_KEY_TYPE},
    ['l'] = {SHAPE_WORD, F_LADDR},
    ['m'] = {SHAPE_WORD, F_METHOD},
    ['n'] = {SHAPE_WORD, F_CERT_SERIAL},
    ['o'] = {SHAPE_OCTAL, F_MODE},
    ['p'] = {SHAPE_NUMBER, F_PORT},
    ['q'] = {SHAPE_NUMBER, F_LPORT},
    ['t'] = {SHAPE_WORD, F_TARGET},
    ['u'] = {SHAPE_WORD, F_USER},
    ['v'] = {SHAPE_WORD, F_OPTIONS},
    ['w'] = {SHAPE_NUMBER, F_BYTES_WRITTEN},
    ['x'] = {SHAPE_NUMBER, F_CHILD_PID},
    ['y'] = {SHAPE_WORD, F_TTY},
    ['z'] = {SHAPE_NUMBER, F_UID},
    ['0'] = {SHAPE_NUMBER, EVENT_N_FIELDS},
    ['?'] = {SHAPE_MAYBE, EVENT_N_FIELDS},
};

struct capture {
	const struct hole *hole;
	struct str s;
};

struct captures {
	struct capture c[MAX_HOLES];
	size_t n;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool capture_add(
    struct captures *caps, const struct hole *h, struct str s)
{
	if (caps->n == MAX_HOLES ||
	    (s.n == 0 && h->shape < SHAPE_FREE && h->shape != SHAPE_MAYBE))
		return false;
	caps->c[caps->n++] = (struct capture){h, s};
	return true;
}

/* The part of the pattern at p up to the next hole, blank or end. */
static struct str solid_after(const char *p)
{
	return str_make(p, strcspn(p, "% "));
}

static struct str solid_before(const char *begin, const char *p)
{
	const char *at = p;

	while (
	    at > begin && at[-1] != ' ' && !(at - begin >= 2 && at[-2] == '%'))
		at--;
	return str_make(at, (size_t)(p - at));
}

static bool is_number(enum shape shape)
{
	return shape == SHAPE_NUMBER || shape == SHAPE_OCTAL;
}

/*
 * Take a word or number from the front; `p` is the pattern behind the hole. A
 * word ends at a blank, or at the last place where the solid text behind the
 * hole stands in it ("%a: " on "2001:db8::1: ").
 */
static bool take_front(
    struct str *s, const struct hole *h, const char *p, struct captures *caps)
{
	struct str solid = solid_after(p);
	struct str word;
	size_t n = 0;

	if (is_number(h->shape)) {
		while (n < s->n && is_digit(s->p[n]))
			n++;
	} else {
		n = str_find_char(*s, ' ');
		if (n == STR_NPOS)
			n = s->n;
		if (solid.n) {
			n = str_rfind(str_upto(*s, n), solid);
			if (n == STR_NPOS)
				return false;
		}
	}
	word = str_upto(*s, n);
	*s = str_from(*s, n);
	return capture_add(caps, h, word);
}

/* The same from the end; `p` is where the hole begins in the pattern. */
static bool take_back(struct str *s, const struct hole *h, struct str before,
    struct captures *caps)
{
	size_t n = s->n;
	struct str word;

	if (is_number(h->shape)) {
		while (n > 0 && is_digit(s->p[n - 1]))
			n--;
	} else {
		n = str_rfind_char(*s, ' ') + 1; /* none: STR_NPOS + 1 is 0 */
		if (before.n) {
			size_t at = str_find(str_from(*s, n), before);

			if (at == STR_NPOS)
				return false;
			n += at + before.n;
		}
	}
	word = str_from(*s, n);
	s->n = n;
	return capture_add(caps, h, word);
}

static const struct hole *hole_at(const char *p)
{
	return &holes[(unsigned char)p[1] & 0x7f];
}

/* Match up to the first free hole, at which *p is left (or at the end). */
static bool match_front(const char **p, struct str *s, struct captures *caps)
{
	for (;;) {
		const char *q = *p;
		size_t n = 0;

		while (q[n] && q[n] != '%' && n < s->n && q[n] == s->p[n])
			n++;
		*s = str_from(*s, n);
		*p += n;
		if (q[n] != '%')
			return !q[n];
		const struct hole *h = hole_at(*p);

		if (h->shape == SHAPE_FREE)
			return true;
		*p += 2;
		if (!take_front(s, h, *p, caps))
			return false;
	}
}

/*
 * Match backwards from the end of the pattern to the last free hole, to whose
 * end *end is set.
 */
static bool match_back(
    const char *begin, const char **end, struct str *s, struct captures *caps)
{
	const char *p = *end;

	while (p > begin) {
		if (p - begin >= 2 && p[-2] == '%') {
			const struct hole *h = hole_at(p - 2);

			if (h->shape == SHAPE_FREE)
				break;
			p -= 2;
			if (!take_back(s, h, solid_before(begin, p), caps))
				return false;
			continue;
		}
		if (s->n == 0 || s->p[s->n - 1] != p[-1])
			return false;
		s->n--;
		p--;
	}
	*end = p;
	return true;
}

/*
 * A free hole at *p that is not the last: it ends at the first place where
 * the text behind it stands.
 */
static bool take_free(const char **p, struct str *s, struct captures *caps)
{
	const struct hole *h = hole_at(*p);
	struct str literal;
	size_t at;

	*p += 2;
	literal = str_make(*p, strcspn(*p, "%"));
	at = str_find(*s, literal);
	if (!literal.n || at == STR_NPOS)
		return false;
	if (!capture_add(caps, h, str_upto(*s, at)))
		return false;
	*s = str_from(*s, at);
	return match_front(p, s, caps);
}

/* `p` is the pattern without what was found to stand in front of s. */
static bool pattern_match(const char *p, struct str s, struct captures *caps)
{
	const char *end;

	caps->n = 0;
	if (!match_front(&p, &s, caps))
		return false;
	if (!*p)
		return s.n == 0;
	end = p + strlen(p);
	if (!match_back(p, &end, &s, caps))
		return false;
	while (p + 2 < end)
		if (!take_free(&p, &s, caps) || p + 2 > end)
			return false;
	return capture_add(caps, hole_at(p), s);
}

void message_set_str(struct message *m, enum field f, struct str s)
{
	if (m->vis)
		s = m->preauth ? vis_decode_preauth(s, m->scratch)
			       : vis_decode(s, m->scratch);
	if (!s.p)
		event_set_int(m->ev, F_PARTIAL, true);
	event_set_str(m->ev, f, s);
}

static void capture_store(struct message *m, const struct capture *c)
{
	uint64_t v;

	if (c->hole->field == EVENT_N_FIELDS)
		return;
	if (!is_number(c->hole->shape)) {
		message_set_str(m, c->hole->field, c->s);
		return;
	}
	if (c->hole->shape == SHAPE_OCTAL ? !str_oct64(c->s, &v)
					  : !str_u64(c->s, &v))
		return;
	if (v <= INT64_MAX)
		event_set_int(m->ev, c->hole->field, (int64_t)v);
}

/*
 * Where `: ` stands behind "port N" or "ssh2"; STR_NPOS when nowhere.
 */
static size_t tail_find(struct str s)
{
	size_t at = 0;

	for (;;) {
		size_t more = str_find_char(str_from(s, at), ':');
		struct str head;
		size_t n;

		if (more == STR_NPOS)
			return STR_NPOS;
		at += more;
		if (at + 1 == s.n || s.p[at + 1] != ' ') {
			at++;
			continue;
		}
		head = str_upto(s, at);
		n = head.n;
		while (head.n && is_digit(head.p[head.n - 1]))
			head.n--;
		if (head.n < n && (str_ends(head, STR(" port ")) ||
				      str_ends(head, STR(" ssh"))))
			return at;
		at += 2;
	}
}

static void captures_store(struct message *m, const struct captures *caps)
{
	for (size_t i = 0; i < caps->n; i++)
		capture_store(m, &caps->c[i]);
}

static void key_store(struct message *m, struct str tail)
{
	static const char *const patterns[] = {
	    "%k %f ID %C (serial %n) CA %_ %g",
	    "%k %f ID %C (serial %n) CA %_ %g, client user %X",
	    "%k %f ID %C CA %_ %g",
	    "%k %f, client user %X",
	    "%k %f",
	};
	UNINIT struct captures caps;

	for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++)
		if (pattern_match(patterns[i], tail, &caps)) {
			captures_store(m, &caps);
			if (str_find(tail, STR(", client user ")) != STR_NPOS)
				message_set_str(m, F_TEXT, tail);
			return;
		}
	/* The principal of GSSAPI, or what a later version adds. */
	message_set_str(m, F_TEXT, tail);
}

static void form_store(const struct form *f, struct message *m,
    const struct captures *caps, struct str tail)
{
	struct event *ev = m->ev;

	ev->kind = f->kind;
	captures_store(m, caps);
	if (f->flags & FORM_KEY && tail.n)
		key_store(m, tail);
	if (f->flags & FORM_REASON && tail.n)
		message_set_str(m, F_REASON, tail);
	if (f->type)
		event_set_str(ev, F_TYPE, str_z(f->type));
	if (f->value)
		event_set_str(ev, f->field, str_z(f->value));
	if (f->flags & (FORM_VALID | FORM_INVALID))
		event_set_int(ev, F_VALID, !(f->flags & FORM_INVALID));
	if (f->flags & (FORM_DONE | FORM_FAILED))
		event_set_int(ev, F_SUCCESS, !(f->flags & FORM_FAILED));
	if (f->flags & FORM_TEXT || f->kind == EVENT_OTHER)
		message_set_str(m, F_TEXT, m->text);
	m->form = f;
}

/* What is looked for once, however many forms are tried. */
struct attempt {
	struct message *m;
	struct str head, tail; /* m->text with its `: KEY` or `: REASON` off */
	bool divided;
};

static void divide(struct attempt *a)
{
	size_t at;

	if (a->divided)
		return;
	at = tail_find(a->m->text);
	a->head = str_upto(a->m->text, at);
	if (at != STR_NPOS)
		a->tail = str_from(a->m->text, at + 2);
	a->divided = true;
}

static bool form_try(struct attempt *a, const struct form_entry *e)
{
	const struct form *f = e->form;
	struct str text = a->m->text;
	UNINIT struct captures caps;

	if (!str_starts(text, str_make(f->pattern, e->n_literal)))
		return false;
	if (f->flags & (FORM_KEY | FORM_REASON)) {
		divide(a);
		text = a->head;
		if (text.n < e->n_literal)
			return false;
	}
	if (!pattern_match(
		f->pattern + e->n_literal, str_from(text, e->n_literal), &caps))
		return false;
	form_store(f, a->m, &caps, a->tail);
	return true;
}

/* Without an index. */
static bool try_all(struct attempt *a, const struct form *forms)
{
	for (; forms->pattern; forms++)
		if (form_try(a, &(struct form_entry){.form = forms}))
			return true;
	return false;
}

bool form_match(const struct form *forms, struct message *m)
{
	struct attempt a = {.m = m};
	const struct form_entry *e;
	uint64_t first = form_first8(m->text);

	if (m->text.n == 0 || !m->indexes)
		return try_all(&a, forms);
	e = form_index_get(m->indexes, forms, (unsigned char)m->text.p[0]);
	if (!e)
		return try_all(&a, forms);
	for (; e->form; e++)
		if ((first & e->mask) == e->first && form_try(&a, e))
			return true;
	return false;
}
