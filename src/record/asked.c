/* SPDX-License-Identifier: Apache-2.0 */
#include "record/asked.h"

#include "core/json_string.h"

/* Lower case; a capital letter of other alphabets is left off. */
static const struct {
	struct str text;
	bool whole; /* not as a part of another word */
} words[] = {
    {STR_INIT("password"), false},
    {STR_INIT("passphrase"), false},
    {STR_INIT("pass phrase"), false},
    {STR_INIT("passcode"), false},
    {STR_INIT("passwd"), false},
    {STR_INIT("verification code"), false},
    {STR_INIT("security code"), false},
    {STR_INIT("one-time"), false},
    {STR_INIT("secret"), false},
    {STR_INIT("token"), true},
    {STR_INIT("pin"), true},
    {STR_INIT("otp"), true},
    {STR_INIT("puk"), true},
    /* German, Norwegian, Danish, Swedish, Dutch, Finnish */
    {STR_INIT("passwor"), false},
    {STR_INIT("kennwort"), false},
    {STR_INIT("passord"), false},
    {STR_INIT("adgangskode"), false},
    {STR_INIT("lösenord"), false},
    {STR_INIT("wachtwoord"), false},
    {STR_INIT("salasana"), false},
    /* French, Spanish, Portuguese, Italian, Romanian, Turkish */
    {STR_INIT("mot de passe"), false},
    {STR_INIT("contrase"), false},
    {STR_INIT("senha"), true},
    {STR_INIT("palavra-passe"), false},
    {STR_INIT("parol"), false},
    {STR_INIT("şifre"), false},
    /* Polish, Czech, Hungarian, Russian and its like, Greek */
    {STR_INIT("hasło"), true},
    {STR_INIT("heslo"), true},
    {STR_INIT("jelsz"), false},
    {STR_INIT("ароль"), false},
    {STR_INIT("арола"), false},
    {STR_INIT("ωδικό"), false},
    /* Chinese, Japanese, Korean, Arabic, Hebrew */
    {STR_INIT("密码"), false},
    {STR_INIT("密碼"), false},
    {STR_INIT("口令"), false},
    {STR_INIT("パスワード"), false},
    {STR_INIT("암호"), false},
    {STR_INIT("비밀번호"), false},
    {STR_INIT("كلمة"), false},
    {STR_INIT("סיסמ"), false},
};

static const struct str ends[] = {
    STR_INIT(":"), STR_INIT("?"), STR_INIT(">"), STR_INIT("：")};

void asked_text(struct asked *a, struct str text)
{
	if (text.n > ASKED_ROW)
		text = str_from(text, text.n - ASKED_ROW);
	if (a->n + text.n > sizeof a->row) {
		memmove(a->row, a->row + a->n - ASKED_ROW, ASKED_ROW);
		a->n = ASKED_ROW;
	}
	memcpy(a->row + a->n, text.p, text.n);
	a->n = (uint16_t)(a->n + text.n);
}

void asked_character(struct asked *a, uint32_t cp)
{
	char utf8[4];

	asked_text(a, str_make(utf8, utf8_encode(cp, utf8)));
}

void asked_control(struct asked *a, uint32_t code)
{
	if (code == '\b') {
		while (a->n && ((uint8_t)a->row[--a->n] & 0xc0) == 0x80)
			;
	} else if (code == '\n' || code == '\r' || code == '\f') {
		a->n = 0;
	}
}

/* The cursor goes somewhere else. */
void asked_csi(struct asked *a, char final)
{
	if (strchr("ABEFHdfu", final))
		a->n = 0;
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (uint8_t)c >= 0x80;
}

static bool has_word(struct str row, struct str word, bool whole)
{
	for (;;) {
		size_t at = str_find(row, word);
		struct str rest;

		if (at == STR_NPOS)
			return false;
		rest = str_from(row, at + word.n);
		if (!whole || ((at == 0 || !is_letter(row.p[at - 1])) &&
				  (rest.n == 0 || !is_letter(*rest.p))))
			return true;
		row = rest;
	}
}

bool asked_for_secret(const struct asked *a)
{
	char lower[sizeof a->row];
	struct str row = str_trim(str_make(a->row, a->n));
	bool asks = false;

	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
		asks |= str_ends(row, ends[i]);
	for (size_t i = 0; i < row.n; i++)
		lower[i] = row.p[i] >= 'A' && row.p[i] <= 'Z'
			       ? (char)(row.p[i] | 0x20)
			       : row.p[i];
	row.p = lower;
	for (size_t i = 0; asks && i < sizeof words / sizeof *words; i++)
		if (has_word(row, words[i].text, words[i].whole))
			return true;
	return false;
}
