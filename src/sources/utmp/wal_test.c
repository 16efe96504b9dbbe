/* SPDX-License-Identifier: Apache-2.0 */
/* Databases and logs that SQLite itself writes, whole and damaged. */
#include "sources/utmp/wal.h"

#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "sources/test_sink.h"

#define SCHEMA                                                                 \
	"CREATE TABLE wtmp(ID INTEGER PRIMARY KEY, Type INTEGER, User TEXT, "  \
	"Login INTEGER, Logout INTEGER, TTY TEXT, RemoteHost TEXT, Service "   \
	"TEXT) STRICT;"
#define FRAME_LEN(page) (24 + (page))

struct pair {
	char dir[64], path[96];
	sqlite3 *db;
	struct str file, wal;
};

static void exec(struct pair *p, const char *sql)
{
	assert_int_equal(sqlite3_exec(p->db, sql, NULL, NULL, NULL), SQLITE_OK);
}

/* A login of its own, in a commit of its own. */
static void add_login(struct pair *p, int n)
{
	char sql[200];

	snprintf(sql, sizeof sql,
	    "INSERT INTO wtmp VALUES(%d, 3, 'u%d', %lld, NULL, 'ssh', "
	    "'203.0.113.9', 'sshd')",
	    n, n, 1795000010000000LL + n);
	exec(p, sql);
}

static void pair_open(struct pair *p, unsigned page_size)
{
	char sql[120];

	*p = (struct pair){0};
	snprintf(p->dir, sizeof p->dir, "/tmp/sshtrail-wal.XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	snprintf(p->path, sizeof p->path, "%s/wtmp.db", p->dir);
	assert_int_equal(sqlite3_open(p->path, &p->db), SQLITE_OK);
	snprintf(sql, sizeof sql,
	    "PRAGMA page_size=%u; PRAGMA journal_mode=WAL; "
	    "PRAGMA wal_autocheckpoint=0;",
	    page_size);
	exec(p, sql);
}

static struct str load(const struct pair *p, const char *suffix)
{
	char name[128];
	size_t max = (size_t)8 << 20;
	char *bytes = malloc(max);
	FILE *f;
	size_t n = 0;

	snprintf(name, sizeof name, "%s%s", p->path, suffix);
	f = fopen(name, "rb");
	assert_non_null(bytes);
	if (f) {
		n = fread(bytes, 1, max, f);
		fclose(f);
	}
	assert_true(n < max);
	return str_make(bytes, n);
}

static void drop(struct str *s)
{
	free((void *)(uintptr_t)s->p);
	*s = STR_NONE;
}

static void pair_load(struct pair *p)
{
	drop(&p->file);
	drop(&p->wal);
	p->file = load(p, "");
	p->wal = load(p, "-wal");
}

static void pair_close(struct pair *p)
{
	sqlite3_close(p->db);
	unlink(p->path);
	rmdir(p->dir);
	drop(&p->file);
	drop(&p->wal);
}

static struct test_sink *read_pair(struct str file, struct str wal)
{
	const struct source *src = source_find(STR("wtmpdb"));
	struct source_input in = test_input("wtmp.db");
	struct test_sink *t = test_sink_new();
	struct source_run *run;

	assert_int_equal(src->open(&run, &in, NULL), 0);
	src->beside(run, wal);
	assert_int_equal(test_feed(src, run, file, 0, t), 0);
	src->close(run);
	return t;
}

static void check_pair(
    struct str file, struct str wal, size_t events, uint64_t unparsed)
{
	struct test_sink *t = read_pair(file, wal);

	if (t->n != events || t->sink.unparsed != unparsed)
		fail_msg("%zu events, %llu not understood; want %zu, %llu",
		    t->n, (unsigned long long)t->sink.unparsed, events,
		    (unsigned long long)unparsed);
	test_sink_free(t);
}

/* The source named `want`, or none. */
static void check_detected(struct str head, const char *want)
{
	struct str host;
	int64_t time;
	const struct source *src = source_detect(head, "x", &host, &time);

	assert_ptr_equal(src, want ? source_find(str_z(want)) : NULL);
}

static void check_detected_with(struct str file, struct str wal)
{
	char *all = malloc(file.n + wal.n);

	assert_non_null(all);
	memcpy(all, file.p, file.n);
	memcpy(all + file.n, wal.p, wal.n);
	check_detected(str_make(all, file.n + wal.n), "wtmpdb");
	free(all);
}

static void test_commits_in_log(void **state)
{
	static const unsigned sizes[] = {512, 4096, 65536};

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct pair p;
		pair_open(&p, sizes[i]);
		exec(&p, SCHEMA);
		add_login(&p, 1);
		pair_load(&p);
		/* The schema, too, is in the log only. */
		check_detected(p.file, NULL);
		check_detected(p.wal, NULL);
		check_detected_with(p.file, p.wal);
		check_pair(p.file, p.wal, 1, 0);
		exec(&p, "PRAGMA wal_checkpoint");
		for (int n = 2; n <= 40; n++)
			add_login(&p, n);
		pair_load(&p);
		check_pair(p.file, STR_NONE, 1, 0);
		check_pair(p.file, p.wal, 40, 0);
		/* The log begins anew; old frames lie behind the new ones. */
		exec(&p, "PRAGMA wal_checkpoint");
		add_login(&p, 41);
		pair_load(&p);
		check_pair(p.file, STR_NONE, 40, 0);
		check_pair(p.file, p.wal, 41, 0);
		exec(&p, "DELETE FROM wtmp; VACUUM;");
		pair_load(&p);
		check_pair(p.file, p.wal, 0, 0);
		pair_close(&p);
	}
}

static void test_open_transaction(void **state)
{
	struct pair p;

	pair_open(&p, 4096);
	exec(&p, SCHEMA "PRAGMA wal_checkpoint; PRAGMA cache_size=1;");
	add_login(&p, 1);
	exec(&p, "BEGIN");
	for (int n = 2; n <= 400; n++)
		add_login(&p, n);
	pair_load(&p);
	/* Some of its pages are in the log, for want of memory. */
	assert_true(p.wal.n > 32 + 3 * FRAME_LEN(4096));
	check_pair(p.file, p.wal, 1, 0);
	exec(&p, "COMMIT");
	pair_load(&p);
	check_pair(p.file, p.wal, 400, 0);
	pair_close(&p);
}

static void test_damage(void **state)
{
	struct pair p;
	char *bytes;

	pair_open(&p, 4096);
	exec(&p, SCHEMA "PRAGMA wal_checkpoint");
	for (int n = 1; n <= 5; n++)
		add_login(&p, n);
	pair_load(&p);
	bytes = (char *)(uintptr_t)p.wal.p;
	assert_int_equal(p.wal.n, 32 + 5 * FRAME_LEN(4096));
	check_pair(p.file, p.wal, 5, 0);
	/* Cut off: as after a crash. */
	check_pair(p.file, str_upto(p.wal, 32 + 3 * FRAME_LEN(4096) + 7), 3, 0);
	check_pair(p.file, str_upto(p.wal, 32), 0, 0);
	check_pair(p.file, str_upto(p.wal, 31), 0, 1);
	/* In the midst: commits behind it are lost. */
	bytes[32 + 2 * FRAME_LEN(4096) + 500] ^= 1;
	check_pair(p.file, p.wal, 2, 1);
	/* In the header. */
	bytes[9] ^= 1;
	check_pair(p.file, p.wal, 0, 1);
	/* Of another page size than the database's. */
	bytes[9] ^= 1;
	((char *)(uintptr_t)p.file.p)[16] = 0x08;
	check_pair(p.file, p.wal, 0, 2);
	pair_close(&p);
}

/* Sums as the format's description has them, for frames made up. */
static void seal(unsigned char *wal, size_t n_frames, unsigned page)
{
	uint32_t a = 0, b = 0;
	unsigned char *p = wal;

	for (size_t i = 0; i <= n_frames; i++) {
		unsigned char *to = i ? p + 16 : p + 24;
		size_t len = i ? 8 : 24;

		for (size_t k = 0; k < len + (i ? page : 0); k += 8) {
			unsigned char *q = k < len ? p + k : p + 24 + (k - len);

			a += ((uint32_t)q[0] << 24 | (uint32_t)q[1] << 16 |
				 (uint32_t)q[2] << 8 | q[3]) +
			     b;
			b += ((uint32_t)q[4] << 24 | (uint32_t)q[5] << 16 |
				 (uint32_t)q[6] << 8 | q[7]) +
			     a;
		}
		for (int k = 0; k < 4; k++) {
			to[k] = (unsigned char)(a >> (24 - 8 * k));
			to[4 + k] = (unsigned char)(b >> (24 - 8 * k));
		}
		p += i ? FRAME_LEN(page) : 32;
	}
}

/* Big endian sums; pages beyond the end; a database too large to be true. */
static void test_made_up(void **state)
{
	unsigned char bytes[32 + 2 * FRAME_LEN(512)] = {0x37, 0x7f, 0x06, 0x83,
	    0x00, 0x2d, 0xe2, 0x18, 0x00, 0x00, 0x02, 0x00};
	unsigned char *one = bytes + 32, *two = one + FRAME_LEN(512);
	unsigned char db[512] = {0};
	struct str all = str_make(bytes, sizeof bytes);
	struct wal w;

	one[3] = 1;
	one[24] = 'x';
	two[0] = two[1] = two[2] = two[3] = 0xff;
	two[7] = 1;
	seal(bytes, 2, 512);
	assert_null(wal_open(&w, all));
	assert_int_equal(w.n_frames, 2);
	assert_int_equal(w.db_size, 512);
	wal_apply(&w, db);
	assert_int_equal(db[0], 'x');
	memset(two + 4, 0xff, 4);
	seal(bytes, 2, 512);
	assert_null(wal_open(&w, all));
	assert_true(w.db_size == (uint64_t)UINT32_MAX * 512);
	{
		struct pair p;

		pair_open(&p, 512);
		exec(&p, SCHEMA "PRAGMA wal_checkpoint");
		pair_load(&p);
		check_pair(p.file, all, 0, 1);
		pair_close(&p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_commits_in_log),
	    cmocka_unit_test(test_open_transaction),
	    cmocka_unit_test(test_damage),
	    cmocka_unit_test(test_made_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
