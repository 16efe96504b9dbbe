/* SPDX-License-Identifier: Apache-2.0 */
/* An index in the place of one that is read. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/calls_test.h"
#include "store/model.h"

/* Two blocks that are files. */
static void fill(const char *dir)
{
	static char text[1 << 20];
	struct store *s = open_store(dir, STORE_WRITE);

	memset(text, 'x', sizeof text);
	for (uint64_t i = 1; i <= 12; i++) {
		struct event ev;

		event_init(&ev, EVENT_EXEC);
		ev.host = STR("h");
		ev.chain = 1;
		ev.seq = i;
		ev.time = (int64_t)i;
		text[0] = (char)('a' + i);
		event_set_hex(&ev, F_ID, i);
		event_set_str(&ev, F_TEXT, str_make(text, sizeof text));
		add(s, &ev);
		if (i % 6 == 0)
			commit(s);
	}
	s->ops->close(s);
}

/* An index that another takes the place of, while it is read. */
static void test_replaced(void **state)
{
	char *dir = model_dir(), *other = model_dir();
	struct query q = everything();
	struct err err = {""};
	struct store_cursor *c;
	struct event ev;
	struct store *s;
	size_t n = 0;

	fill(dir);
	fill(other);
	s = open_store(dir, STORE_READ);
	assert_int_equal(s->ops->events(s, &q, &c, &err), 0);
	assert_int_equal(s->ops->next_event(c, &ev, &err), 1);
	assert_return_code(
	    renameat2(AT_FDCWD, dir, AT_FDCWD, other, RENAME_EXCHANGE), errno);
	assert_int_equal(store_embedded.remove(other), -EBUSY);
	while (s->ops->next_event(c, &ev, &err) == 1)
		n++;
	assert_int_equal(n, 11);
	assert_int_equal(count_events(s, &q), 12);
	s->ops->cursor_close(c);
	assert_int_equal(store_embedded.remove(other), 0);
	assert_int_equal(access(other, F_OK), -1);
	assert_int_equal(count_events(s, &q), 12);
	s->ops->close(s);
	free(other);
	model_dir_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
