/* SPDX-License-Identifier: Apache-2.0 */
#include "record/sequence.h"

/* What a code point is to the state machine. */
enum kind {
	KIND_CONTROL, /* C0 but those below */
	KIND_BELL,
	KIND_CANCEL, /* CAN, SUB */
	KIND_ESC,
	KIND_MORE,    /* 20 to 2f */
	KIND_NUMBER,  /* digits ; : */
	KIND_PRIVATE, /* < = > ? */
	KIND_FINAL,   /* 40 to 7e but those below */
	KIND_DCS,     /* P */
	KIND_SOS,     /* X ^ _ */
	KIND_CSI,     /* [ */
	KIND_OSC,     /* ] */
	KIND_DEL,
	KIND_C1,
	KIND_C1_DCS,
	KIND_C1_SOS,
	KIND_C1_CSI,
	KIND_C1_ST,
	KIND_C1_OSC,
	KIND_TEXT,
	N_KINDS,
};

enum action {
	ACT_NONE,
	ACT_PRINT,
	ACT_CONTROL,
	ACT_CLEAR,
	ACT_COLLECT,
	ACT_NUMBER,
	ACT_ESCAPE,
	ACT_CSI,
	ACT_STRING_END,
};

struct step {
	uint8_t action, next;
};

/* These leave any state for another one, */
#define C1_GOES                                                                \
	[KIND_C1] = {ACT_CONTROL, SEQ_GROUND},                                 \
	[KIND_C1_DCS] = {ACT_CLEAR, SEQ_DCS}, [KIND_C1_SOS] = {0, SEQ_SOS},    \
	[KIND_C1_CSI] = {ACT_CLEAR, SEQ_CSI}, [KIND_C1_OSC] = {0, SEQ_OSC}
/* and these, which strings take for their end. */
#define ANYWHERE                                                               \
	C1_GOES, [KIND_CANCEL] = {ACT_CONTROL, SEQ_GROUND},                    \
		 [KIND_ESC] = {ACT_CLEAR, SEQ_ESCAPE},                         \
		 [KIND_C1_ST] = {0, SEQ_GROUND}
#define STRING_ENDS                                                            \
	C1_GOES, [KIND_CANCEL] = {ACT_STRING_END, SEQ_GROUND},                 \
		 [KIND_ESC] = {ACT_STRING_END, SEQ_ESCAPE},                    \
		 [KIND_C1_ST] = {ACT_STRING_END, SEQ_GROUND}

#define FINALS_GO(a, s)                                                        \
	[KIND_FINAL] = {a, s}, [KIND_DCS] = {a, s}, [KIND_SOS] = {a, s},       \
	[KIND_CSI] = {a, s}, [KIND_OSC] = {a, s}

#define CONTROLS_GO(a, s) [KIND_CONTROL] = {a, s}, [KIND_BELL] = {a, s}

#define PRINTABLE_STAYS(s)                                                     \
	[KIND_MORE] = {0, s}, [KIND_NUMBER] = {0, s}, [KIND_PRIVATE] = {0, s}, \
	[KIND_DEL] = {0, s}

/* What is not named is dropped, and ends what was begun. */
static const struct step steps[SEQ_N_STATES][N_KINDS] = {
    [SEQ_GROUND] = {ANYWHERE, CONTROLS_GO(ACT_CONTROL, SEQ_GROUND),
	FINALS_GO(ACT_PRINT, SEQ_GROUND), [KIND_MORE] = {ACT_PRINT, SEQ_GROUND},
	[KIND_NUMBER] = {ACT_PRINT, SEQ_GROUND},
	[KIND_PRIVATE] = {ACT_PRINT, SEQ_GROUND},
	[KIND_TEXT] = {ACT_PRINT, SEQ_GROUND}},
    [SEQ_ESCAPE] = {ANYWHERE, CONTROLS_GO(ACT_CONTROL, SEQ_ESCAPE),
	[KIND_MORE] = {ACT_COLLECT, SEQ_ESCAPE_MORE},
	[KIND_NUMBER] = {ACT_ESCAPE, SEQ_GROUND},
	[KIND_PRIVATE] = {ACT_ESCAPE, SEQ_GROUND},
	[KIND_FINAL] = {ACT_ESCAPE, SEQ_GROUND},
	[KIND_DCS] = {ACT_CLEAR, SEQ_DCS}, [KIND_SOS] = {0, SEQ_SOS},
	[KIND_CSI] = {ACT_CLEAR, SEQ_CSI}, [KIND_OSC] = {0, SEQ_OSC},
	[KIND_DEL] = {0, SEQ_ESCAPE}},
    [SEQ_ESCAPE_MORE] = {ANYWHERE, CONTROLS_GO(ACT_CONTROL, SEQ_ESCAPE_MORE),
	FINALS_GO(ACT_ESCAPE, SEQ_GROUND),
	[KIND_MORE] = {ACT_COLLECT, SEQ_ESCAPE_MORE},
	[KIND_NUMBER] = {ACT_ESCAPE, SEQ_GROUND},
	[KIND_PRIVATE] = {ACT_ESCAPE, SEQ_GROUND},
	[KIND_DEL] = {0, SEQ_ESCAPE_MORE}},
    [SEQ_CSI] = {ANYWHERE, CONTROLS_GO(ACT_CONTROL, SEQ_CSI),
	FINALS_GO(ACT_CSI, SEQ_GROUND),
	[KIND_MORE] = {ACT_COLLECT, SEQ_CSI_MORE},
	[KIND_NUMBER] = {ACT_NUMBER, SEQ_CSI_PARAM},
	[KIND_PRIVATE] = {ACT_COLLECT, SEQ_CSI_PARAM},
	[KIND_DEL] = {0, SEQ_CSI}},
    [SEQ_CSI_PARAM] = {ANYWHERE, CONTROLS_GO(ACT_CONTROL, SEQ_CSI_PARAM),
	FINALS_GO(ACT_CSI, SEQ_GROUND),
	[KIND_MORE] = {ACT_COLLECT, SEQ_CSI_MORE},
	[KIND_NUMBER] = {ACT_NUMBER, SEQ_CSI_PARAM},
	[KIND_PRIVATE] = {0, SEQ_CSI_IGNORE}, [KIND_DEL] = {0, SEQ_CSI_PARAM}},
    [SEQ_CSI_MORE] = {ANYWHERE, CONTROLS_GO(ACT_CONTROL, SEQ_CSI_MORE),
	FINALS_GO(ACT_CSI, SEQ_GROUND),
	[KIND_MORE] = {ACT_COLLECT, SEQ_CSI_MORE},
	[KIND_NUMBER] = {0, SEQ_CSI_IGNORE},
	[KIND_PRIVATE] = {0, SEQ_CSI_IGNORE}, [KIND_DEL] = {0, SEQ_CSI_MORE}},
    [SEQ_CSI_IGNORE] = {ANYWHERE, CONTROLS_GO(ACT_CONTROL, SEQ_CSI_IGNORE),
	PRINTABLE_STAYS(SEQ_CSI_IGNORE), [KIND_TEXT] = {0, SEQ_CSI_IGNORE}},
    [SEQ_OSC] = {STRING_ENDS, PRINTABLE_STAYS(SEQ_OSC),
	FINALS_GO(0, SEQ_OSC), [KIND_CONTROL] = {0, SEQ_OSC},
	[KIND_TEXT] = {0, SEQ_OSC}, [KIND_BELL] = {ACT_STRING_END, SEQ_GROUND}},
    [SEQ_SOS] = {ANYWHERE, PRINTABLE_STAYS(SEQ_SOS), FINALS_GO(0, SEQ_SOS),
	CONTROLS_GO(0, SEQ_SOS)},
    [SEQ_DCS] = {ANYWHERE, CONTROLS_GO(0, SEQ_DCS), FINALS_GO(0, SEQ_DCS_DATA),
	[KIND_MORE] = {0, SEQ_DCS_MORE}, [KIND_NUMBER] = {0, SEQ_DCS_PARAM},
	[KIND_PRIVATE] = {0, SEQ_DCS_PARAM}, [KIND_DEL] = {0, SEQ_DCS}},
    [SEQ_DCS_PARAM] = {ANYWHERE, CONTROLS_GO(0, SEQ_DCS_PARAM),
	FINALS_GO(0, SEQ_DCS_DATA), [KIND_MORE] = {0, SEQ_DCS_MORE},
	[KIND_NUMBER] = {0, SEQ_DCS_PARAM},
	[KIND_PRIVATE] = {0, SEQ_DCS_IGNORE}, [KIND_DEL] = {0, SEQ_DCS_PARAM}},
    [SEQ_DCS_MORE] = {ANYWHERE, CONTROLS_GO(0, SEQ_DCS_MORE),
	FINALS_GO(0, SEQ_DCS_DATA), [KIND_MORE] = {0, SEQ_DCS_MORE},
	[KIND_NUMBER] = {0, SEQ_DCS_IGNORE},
	[KIND_PRIVATE] = {0, SEQ_DCS_IGNORE}, [KIND_DEL] = {0, SEQ_DCS_MORE}},
    [SEQ_DCS_IGNORE] = {ANYWHERE, PRINTABLE_STAYS(SEQ_DCS_IGNORE),
	FINALS_GO(0, SEQ_DCS_IGNORE),
	CONTROLS_GO(0, SEQ_DCS_IGNORE), [KIND_TEXT] = {0, SEQ_DCS_IGNORE}},
    [SEQ_DCS_DATA] = {STRING_ENDS, PRINTABLE_STAYS(SEQ_DCS_DATA),
	FINALS_GO(0, SEQ_DCS_DATA),
	CONTROLS_GO(0, SEQ_DCS_DATA), [KIND_TEXT] = {0, SEQ_DCS_DATA}},
};

static enum kind kind_of_high(uint32_t cp)
{
	switch (cp) {
	case 0x90:
		return KIND_C1_DCS;
	case 0x98:
	case 0x9e:
	case 0x9f:
		return KIND_C1_SOS;
	case 0x9b:
		return KIND_C1_CSI;
	case 0x9c:
		return KIND_C1_ST;
	case 0x9d:
		return KIND_C1_OSC;
	default:
		return cp < 0xa0 ? KIND_C1 : KIND_TEXT;
	}
}

static enum kind kind_of(uint32_t cp)
{
	if (cp < 0x20)
		return cp == 0x1b		  ? KIND_ESC
		       : cp == 0x18 || cp == 0x1a ? KIND_CANCEL
		       : cp == 7		  ? KIND_BELL
						  : KIND_CONTROL;
	if (cp < 0x40)
		return cp < 0x30   ? KIND_MORE
		       : cp < 0x3c ? KIND_NUMBER
				   : KIND_PRIVATE;
	switch (cp) {
	case 'P':
		return KIND_DCS;
	case 'X':
	case '^':
	case '_':
		return KIND_SOS;
	case '[':
		return KIND_CSI;
	case ']':
		return KIND_OSC;
	case 0x7f:
		return KIND_DEL;
	default:
		return cp < 0x7f ? KIND_FINAL : kind_of_high(cp);
	}
}

static void clear(struct sequence *s)
{
	s->marks = 0;
	s->n_params = 1;
	s->params[0] = 0;
	s->sub_from[0] = s->sub_to[0] = 0;
	s->n_subs = 0;
	s->full = s->subs_full = s->in_sub = false;
}

static void add_param(struct sequence *s)
{
	s->in_sub = false;
	if (s->n_params == SEQUENCE_PARAMS) {
		s->full = true;
		return;
	}
	s->params[s->n_params] = 0;
	s->sub_from[s->n_params] = s->sub_to[s->n_params] = (uint8_t)s->n_subs;
	s->n_params++;
}

static void add_sub(struct sequence *s)
{
	s->in_sub = true;
	if (s->full || s->n_subs == SEQUENCE_PARAMS) {
		s->subs_full = true;
		return;
	}
	s->subs[s->n_subs++] = -1;
	s->sub_to[s->n_params - 1]++;
}

static void add_digit(struct sequence *s, int digit)
{
	int32_t *n;
	int64_t value;

	if (s->full || (s->in_sub && s->subs_full))
		return;
	n = s->in_sub ? &s->subs[s->n_subs - 1] : &s->params[s->n_params - 1];
	value = *n < 0 ? digit : (int64_t)*n * 10 + digit;
	*n = value > SEQUENCE_PARAM_MAX ? SEQUENCE_PARAM_MAX : (int32_t)value;
}

static void print(const struct sequence_parser *p, uint32_t cp)
{
	const char c = (char)cp;

	if (cp < 0x80)
		p->ops->ascii(p->user, &c, 1);
	else
		p->ops->character(p->user, cp);
}

static void step(struct sequence_parser *p, uint32_t cp)
{
	struct step step = steps[p->state][kind_of(cp)];

	/* First: who is called may ask for the state, or set it anew. */
	p->state = step.next;
	switch ((enum action)step.action) {
	case ACT_NONE:
		break;
	case ACT_PRINT:
		print(p, cp);
		break;
	case ACT_CONTROL:
		p->ops->control(p->user, cp);
		break;
	case ACT_CLEAR:
		clear(&p->s);
		break;
	case ACT_COLLECT:
		p->s.marks = p->s.marks << 8 | cp;
		break;
	case ACT_NUMBER:
		if (cp == ';')
			add_param(&p->s);
		else if (cp == ':')
			add_sub(&p->s);
		else
			add_digit(&p->s, (int)cp - '0');
		break;
	case ACT_ESCAPE:
		p->ops->escape(p->user, &p->s, (char)cp);
		break;
	case ACT_CSI:
		p->ops->csi(p->user, &p->s, (char)cp);
		break;
	case ACT_STRING_END:
		clear(&p->s);
		p->ops->string(p->user);
		break;
	}
}

/* How many bytes a character has that begins with c, 0: none does. */
static unsigned length_of(uint8_t c)
{
	return c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;
}

/* Whether c can be the n-th byte, from 1 on, of what begins with `lead`. */
static bool continues(uint8_t lead, unsigned n, uint8_t c)
{
	if ((c & 0xc0) != 0x80)
		return false;
	if (n > 1)
		return true;
	/* Overlong forms, surrogates, and what lies above U+10FFFF. */
	return !((lead == 0xe0 && c < 0xa0) || (lead == 0xed && c > 0x9f) ||
		 (lead == 0xf0 && c < 0x90) || (lead == 0xf4 && c > 0x8f));
}

static uint32_t decode(const uint8_t *p, unsigned n)
{
	uint32_t cp = p[0] & (0xffu >> (n + 1));

	for (unsigned i = 1; i < n; i++)
		cp = cp << 6 | (p[i] & 0x3f);
	return cp;
}

/* A byte above 0x7f, or any while a character is not complete. */
static void take_byte(struct sequence_parser *p, uint8_t c)
{
	if (p->n_tail && !continues(p->tail[0], p->n_tail, c)) {
		p->n_tail = 0;
		step(p, 0xfffd);
	}
	if (p->n_tail == 0 && c < 0x80) {
		step(p, c);
		return;
	}
	if (p->n_tail == 0 && length_of(c) == 0) {
		step(p, 0xfffd);
		return;
	}
	p->tail[p->n_tail++] = c;
	if (p->n_tail == length_of(p->tail[0])) {
		p->n_tail = 0;
		step(p, decode(p->tail, length_of(p->tail[0])));
	}
}

static size_t printable(const char *p, size_t n)
{
	size_t i = 0;

	while (i < n && (uint8_t)(p[i] - 0x20) < 0x5f)
		i++;
	return i;
}

void sequence_feed(struct sequence_parser *p, struct str bytes)
{
	for (size_t i = 0; i < bytes.n;) {
		bool text = p->state == SEQ_GROUND && p->n_tail == 0;
		bool passed = (p->state == SEQ_OSC || p->state == SEQ_SOS ||
				  p->state == SEQ_DCS_DATA) &&
			      p->n_tail == 0;
		size_t n =
		    text || passed ? printable(bytes.p + i, bytes.n - i) : 0;

		if (n && text)
			p->ops->ascii(p->user, bytes.p + i, n);
		i += n;
		p->taken += n + (i < bytes.n);
		if (i < bytes.n && (uint8_t)bytes.p[i] < 0x80 && p->n_tail == 0)
			step(p, (uint8_t)bytes.p[i++]);
		else if (i < bytes.n)
			take_byte(p, (uint8_t)bytes.p[i++]);
	}
}

void sequence_init(
    struct sequence_parser *p, const struct sequence_ops *ops, void *user)
{
	*p = (struct sequence_parser){.ops = ops, .user = user};
	clear(&p->s);
}

static void add_marks(struct buf *out, uint32_t marks)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		if (marks >> shift & 0xff)
			buf_add_char(out, (char)(marks >> shift & 0xff));
}

static void add_params(struct buf *out, const struct sequence *s)
{
	for (unsigned i = 0; i < s->n_params; i++) {
		if (i)
			buf_add_char(out, ';');
		buf_add_i64(out, s->params[i]);
		for (unsigned j = s->sub_from[i]; j < s->sub_to[i]; j++) {
			buf_add_char(out, ':');
			if (s->subs[j] >= 0)
				buf_add_i64(out, s->subs[j]);
		}
	}
	if (s->full)
		buf_add_char(out, ';');
	if (s->subs_full)
		buf_add_char(out, ':');
}

/* The private mark, if there is one, stands before the numbers. */
static void add_csi(struct buf *out, const struct sequence *s, bool more)
{
	uint32_t marks = s->marks, lead = marks;
	int shift = 0;

	while (lead > 0xff) {
		lead >>= 8;
		shift += 8;
	}
	buf_add_z(out, "\033[");
	if (lead >= '<') {
		buf_add_char(out, (char)lead);
		marks &= ((uint32_t)1 << shift) - 1;
	}
	add_params(out, s);
	if (more)
		add_marks(out, marks);
}

void sequence_pending(const struct sequence_parser *p, struct buf *out)
{
	static const char *const begun[SEQ_N_STATES] = {
	    [SEQ_ESCAPE] = "\033",
	    [SEQ_CSI] = "\033[",
	    [SEQ_CSI_IGNORE] = "\033[0<",
	    [SEQ_OSC] = "\033]",
	    [SEQ_SOS] = "\033X",
	    [SEQ_DCS] = "\033P",
	    [SEQ_DCS_PARAM] = "\033P0",
	    [SEQ_DCS_MORE] = "\033P ",
	    [SEQ_DCS_IGNORE] = "\033P0<",
	    [SEQ_DCS_DATA] = "\033Pq",
	};

	if (begun[p->state])
		buf_add_z(out, begun[p->state]);
	if (p->state == SEQ_ESCAPE_MORE) {
		buf_add_char(out, '\033');
		add_marks(out, p->s.marks);
	}
	if (p->state == SEQ_CSI_PARAM || p->state == SEQ_CSI_MORE)
		add_csi(out, &p->s, p->state == SEQ_CSI_MORE);
	buf_add(out, p->tail, p->n_tail);
}
