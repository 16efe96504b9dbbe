/* SPDX-License-Identifier: Apache-2.0 */
#include "base/conf.h"

#include <stddef.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct target {
	bool flag;
	int64_t number, size, time;
	const char *text, *path;
	int choice;
	struct conf_list list;
};

static const char *const choices[] = {"auto", "off", NULL};

#define AT(member) offsetof(struct target, member)

static const struct conf_key keys[] = {
    {"flag", CONF_BOOL, AT(flag), "yes", .help = "h"},
    {"n.number", CONF_INT, AT(number), "5", -3, 9, .help = "h"},
    {"n.size", CONF_SIZE, AT(size), "64MiB", .help = "h"},
    {"n.deep.time", CONF_DURATION, AT(time), "50ms", 1, 100000, .help = "h"},
    {"text", CONF_STR, AT(text), NULL, .help = "h"},
    {"path", CONF_PATH, AT(path), "auto", .choices = choices, .help = "h"},
    {"choice", CONF_ENUM, AT(choice), "off", .choices = choices, .help = "h"},
    {"list", CONF_LIST, AT(list), "[a, b]", 0, 4, .help = "h"},
    {0},
};

/* Either it is right and all is in range, or it is said what is wrong. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena texts = ARENA_INIT;
	struct buf complaints = BUF_INIT;
	struct target t;
	const struct conf c = {keys, &t, &texts};
	int r = conf_parse(&c, "fuzz", str_make(data, size), &complaints);

	if ((r != 0) != (complaints.n > 0))
		abort();
	if (r == 0 && (t.number < -3 || t.number > 9 || t.size < 0 ||
			  t.time < 1 || t.time > 100000 || !t.path ||
			  (unsigned)t.choice > 1 || t.list.n > 4))
		abort();
	for (size_t i = 0; r == 0 && i < t.list.n; i++)
		if (!t.list.v[i][0])
			abort();
	for (size_t i = 0; i < complaints.n; i++)
		if ((unsigned char)complaints.p[i] >= 0x7f ||
		    (complaints.p[i] < ' ' && complaints.p[i] != '\n'))
			abort();
	buf_free(&complaints);
	arena_free(&texts);
	return 0;
}
