/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/play/keys.h"

#include "cli/text/escape.h"

/* No key is longer. */
#define SEQUENCE_MAX 32

/* What xterm, and most terminals as it, send behind ESC. */
static const struct {
	struct str bytes;
	enum key key;
} sequences[] = {
    {STR_INIT("[A"), KEY_UP},
    {STR_INIT("OA"), KEY_UP},
    {STR_INIT("[B"), KEY_DOWN},
    {STR_INIT("OB"), KEY_DOWN},
    {STR_INIT("[C"), KEY_RIGHT},
    {STR_INIT("OC"), KEY_RIGHT},
    {STR_INIT("[D"), KEY_LEFT},
    {STR_INIT("OD"), KEY_LEFT},
    {STR_INIT("[1;2C"), KEY_SHIFT_RIGHT},
    {STR_INIT("[1;2D"), KEY_SHIFT_LEFT},
    {STR_INIT("[H"), KEY_HOME},
    {STR_INIT("OH"), KEY_HOME},
    {STR_INIT("[1~"), KEY_HOME},
    {STR_INIT("[7~"), KEY_HOME},
    {STR_INIT("[F"), KEY_END},
    {STR_INIT("OF"), KEY_END},
    {STR_INIT("[4~"), KEY_END},
    {STR_INIT("[8~"), KEY_END},
    {STR_INIT("[5~"), KEY_PAGE_UP},
    {STR_INIT("[6~"), KEY_PAGE_DOWN},
};

/* Bytes of the sequence that begins with ESC; 0: it has no end yet. */
static size_t sequence_length(struct str in)
{
	if (in.n < 2)
		return 0;
	if (in.p[1] == 'O')
		return in.n < 3 ? 0 : 3;
	/* Escape, and then another key. */
	if (in.p[1] != '[')
		return 1;
	for (size_t i = 2; i < in.n; i++) {
		uint8_t c = (uint8_t)in.p[i];

		if (c >= 0x40 && c <= 0x7e)
			return i + 1;
		if (c < 0x20 || c > 0x7e || i == SEQUENCE_MAX)
			return i;
	}
	return 0;
}

static uint32_t sequence_key(struct str bytes)
{
	if (bytes.n == 1)
		return KEY_ESCAPE;
	for (size_t i = 0; i < sizeof sequences / sizeof *sequences; i++)
		if (str_eq(str_from(bytes, 1), sequences[i].bytes))
			return sequences[i].key;
	return KEY_UNKNOWN;
}

static bool take_sequence(struct str *in, bool whole, uint32_t *ret)
{
	size_t n = sequence_length(*in);

	if (n == 0 && !whole)
		return false;
	if (n == 0)
		n = in->n;
	*ret = sequence_key(str_upto(*in, n));
	*in = str_from(*in, n);
	return true;
}

/* Bytes that a character lacks at the end of `in`. */
static bool is_cut(struct str in)
{
	uint8_t lead = (uint8_t)in.p[0];
	size_t n = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc2 ? 2 : 1;

	for (size_t i = 1; i < in.n && i < n; i++)
		if (((uint8_t)in.p[i] & 0xc0) != 0x80)
			return false;
	return lead <= 0xf4 && in.n < n;
}

bool keys_take(struct str *in, bool whole, uint32_t *ret)
{
	int32_t c;
	size_t n;

	if (in->n == 0)
		return false;
	if (in->p[0] == KEY_ESCAPE)
		return take_sequence(in, whole, ret);
	if (!whole && is_cut(*in))
		return false;
	n = utf8_next(*in, &c);
	*ret = c < 0 ? (uint32_t)KEY_UNKNOWN : (uint32_t)c;
	if (c == '\b')
		*ret = KEY_BACKSPACE;
	*in = str_from(*in, n);
	return true;
}
