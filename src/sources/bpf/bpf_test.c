/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "sources/bpf/record.h"
#include "sources/test_sink.h"

#define BOOT   "0123456789abcdef0123456789abcdef"
#define OFFSET ((int64_t)1700000000 * 1000000000)
#define SECOND ((uint64_t)1000000000)
#define WHO                                                                    \
	{                                                                      \
		41, 1000, 7, 1000, 0, 100, "id", "pts3"                        \
	}
#define WHO_IDS	     " auid=1000 ses=7 uid=1000 euid=0 gid=100"
#define WHO_TEXT     WHO_IDS " pid=42 ppid=41"
#define WHO_OLD_TEXT WHO_IDS " old_auid=6 old_ses=6 pid=42 ppid=41"

static const struct source *source(void)
{
	return source_find(STR("bpf"));
}

static struct rec_head head(uint16_t type, size_t size)
{
	return (struct rec_head){
	    REC_MAGIC, REC_VERSION, type, (uint32_t)size, 42, 5 * SECOND};
}

static void add_clock(struct buf *to)
{
	struct rec_clock rec = {.real_offset = OFFSET};

	rec.head = head(REC_CLOCK, sizeof rec);
	memcpy(rec.boot, BOOT, sizeof rec.boot);
	buf_add(to, &rec, sizeof rec);
}

/* Lengths with the NUL bytes in between, as in sizeof "..." - 1 of each. */
struct exec_text {
	struct str file, exe, cwd, args;
	uint8_t exe_flags, cwd_flags;
	uint32_t before; /* bytes of arguments told in pieces */
	uint32_t total;	 /* of all; 0: what is here */
};

static void add_exec(struct buf *to, const struct exec_text *t)
{
	struct rec_exec rec = {
	    .who = WHO,
	    .args_kept = (uint32_t)t->args.n + t->before,
	    .exe_flags = t->exe_flags,
	    .cwd_flags = t->cwd_flags,
	    .n_file = (uint16_t)t->file.n,
	    .n_exe = (uint16_t)t->exe.n,
	    .n_cwd = (uint16_t)t->cwd.n,
	    .n_args = (uint32_t)t->args.n,
	    .start = 2 * SECOND,
	};

	rec.args_total = t->total ? t->total : rec.args_kept;
	rec.head = head(
	    REC_EXEC, sizeof rec + t->file.n + t->exe.n + t->cwd.n + t->args.n);
	buf_add(to, &rec, sizeof rec);
	buf_add_str(to, t->file);
	buf_add_str(to, t->exe);
	buf_add_str(to, t->cwd);
	buf_add_str(to, t->args);
}

static void add_piece(struct buf *to, uint32_t offset, size_t n, char c)
{
	struct rec_args rec = {.offset = offset, .n = (uint32_t)n};

	rec.head = head(REC_ARGS, sizeof rec + n);
	buf_add(to, &rec, sizeof rec);
	for (size_t i = 0; i < n; i++)
		buf_add_char(to, c);
}

static struct rec_exit exit_record(uint32_t status)
{
	struct rec_exit rec = {.who = WHO, .status = status, .start = SECOND};

	rec.head = head(REC_EXIT, sizeof rec);
	return rec;
}

static void assert_gives(
    const struct buf *data, const char *want, unsigned unparsed)
{
	static const size_t chunks[] = {0, 1, 7, 100, 30000};

	for (size_t i = 0; i < sizeof chunks / sizeof *chunks; i++) {
		struct source_input in = test_input("bpf");
		struct test_sink *t = test_sink_new();

		assert_int_equal(
		    test_run(source(), &in, buf_str(data), chunks[i], t), 0);
		assert_string_equal(test_sink_text(t), want);
		assert_int_equal(t->sink.unparsed, unparsed);
		test_sink_free(t);
	}
}

#define K REC_PATH_KNOWN

static void test_exec(void **state)
{
	static const struct {
		struct exec_text text;
		const char *event;
	} cases[] = {
	    {{{"/usr/bin/id", 12}, {"id\0bin\0usr", 11}, {"ann\0home", 9},
		 {"id\0-u\0", 6}, K, K, 0, 0},
		" exe=/usr/bin/id comm=id argv=id\\x00-u\\x00 cwd=/home/ann"
		" tty=pts/3 success=1\n"},
	    {{{"./run.sh", 9}, {"bash\0bin", 9}, {"", 0}, {"sh\0\0", 4}, K, K,
		 0, 0},
		" exe=/bin/bash comm=id argv=sh\\x00\\x00 cwd=/ tty=pts/3"
		" success=1 path=/run.sh inferred=path\\x20made\\x20absolute"
		"\\x20from\\x20the\\x20working\\x20directory\n"},
	    {{{"bin/id", 7}, {"id\0bin\0home", 12}, {"home", 5}, {"", 0}, K, K,
		 0, 0},
		" exe=/home/bin/id comm=id argv= cwd=/home tty=pts/3"
		" success=1\n"},
	    {{{"/dev/fd/3", 10}, {"memfd:x", 8}, {"x", 2}, {"x", 1},
		 K | REC_PATH_DETACHED, K | REC_PATH_DELETED, 0, 0},
		" exe=/memfd:x\\x20(deleted) comm=id argv=x\\x00"
		" cwd=/x\\x20(deleted) tty=pts/3 success=1 path=/dev/fd/3\n"},
	    {{{"", 0}, {"y\0x", 4}, {"", 0}, {"x", 2}, K | REC_PATH_CUT, 0, 0,
		 REC_ARGS_MAX + 1},
		" exe=.../x/y comm=id argv=x\\x00 tty=pts/3 success=1 cut=1"
		" partial=1\n"},
	    {{{"", 0}, {"", 0}, {"", 0}, {"", 0}, 0, 0, 0, 9},
		" comm=id argv= tty=pts/3 success=1 partial=1\n"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buf data = BUF_INIT;
		char want[1000];

		add_clock(&data);
		add_exec(&data, &cases[i].text);
		snprintf(want, sizeof want,
		    "exec 1700000005.000000" WHO_TEXT "%s", cases[i].event);
		assert_gives(&data, want, 0);
		buf_free(&data);
	}
}

static struct str argv_of(
    const struct buf *data, struct buf *ret, bool *partial)
{
	struct source_input in = test_input("bpf");
	struct test_sink *t = test_sink_new();
	struct str text, head_text;

	assert_int_equal(test_run(source(), &in, buf_str(data), 0, t), 0);
	text = buf_str(&t->text);
	*partial = str_find(text, STR("partial=1")) != STR_NPOS;
	text = str_from(text, str_find(text, STR("argv=")) + 5);
	assert_true(str_cut(&text, ' ', &head_text));
	buf_clear(ret);
	buf_add_str(ret, head_text);
	test_sink_free(t);
	return buf_str(ret);
}

static void test_pieces(void **state)
{
	const struct exec_text end = {.args = STR("c"), .before = 20};
	struct buf data = BUF_INIT, mem = BUF_INIT;
	bool partial;

	add_clock(&data);
	add_piece(&data, 0, 10, 'a');
	add_piece(&data, 10, 10, 'b');
	add_exec(&data, &end);
	assert_true(str_eqz(
	    argv_of(&data, &mem, &partial), "aaaaaaaaaabbbbbbbbbbc\\x00"));
	assert_false(partial);

	/* One is lost: what follows the hole is not put in its place. */
	buf_clear(&data);
	add_clock(&data);
	add_piece(&data, 0, 10, 'a');
	add_piece(&data, 11, 9, 'b');
	add_exec(&data, &end);
	assert_true(str_eqz(argv_of(&data, &mem, &partial), "aaaaaaaaaa\\x00"));
	assert_true(partial);

	buf_clear(&data);
	add_clock(&data);
	add_exec(&data, &end);
	assert_true(str_eqz(argv_of(&data, &mem, &partial), ""));
	assert_true(partial);
	buf_free(&data);
	buf_free(&mem);
}

/* Pieces without end neither take memory without end nor disturb others. */
static void test_flood_of_pieces(void **state)
{
	struct source_input in = test_input("bpf");
	struct test_sink *t = test_sink_new();
	struct buf data = BUF_INIT;
	struct source_run *run;

	for (unsigned i = 0; i < 1000; i++) {
		size_t begin = data.n;
		uint32_t pid = i;

		add_piece(&data, 0, 100, 'a');
		memcpy(data.p + begin + offsetof(struct rec_head, pid), &pid,
		    sizeof pid);
	}
	assert_int_equal(source()->open(&run, &in, NULL), 0);
	assert_int_equal(test_feed(source(), run, buf_str(&data), 0, t), 0);
	assert_int_equal(t->sink.unparsed, 0);
	/* The last 64 wait. */
	assert_int_equal(
	    source()->held(run, data.n), data.n - data.n / 1000 * 64);
	source()->close(run);
	test_sink_free(t);
	buf_free(&data);
}

static void test_exit(void **state)
{
	static const struct {
		uint32_t status;
		const char *event;
	} cases[] = {
	    {0, "exit=0 duration=4000000\n"},
	    {3 << 8, "exit=3 duration=4000000\n"},
	    {9, "signal=9 duration=4000000\n"},
	    {11 | 128, "signal=11 duration=4000000\n"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct rec_exit rec = exit_record(cases[i].status);
		struct buf data = BUF_INIT;
		char want[1000];

		add_clock(&data);
		buf_add(&data, &rec, sizeof rec);
		snprintf(want, sizeof want,
		    "exit 1700000005.000000" WHO_TEXT " comm=id tty=pts/3 %s",
		    cases[i].event);
		assert_gives(&data, want, 0);
		buf_free(&data);
	}
}

static void test_net(void **state)
{
	static const uint8_t mapped[16] = {[10] = 255, 255, 10, 0, 0, 1};
	static const struct {
		uint8_t op;
		uint16_t family, port, lport;
		uint8_t addr[16];
		uint32_t error;
		const char *event;
	} cases[] = {
	    {REC_NET_CONNECT, 2, 22, 40000, {192, 0, 2, 1}, 0,
		"net.connect 1700000005.000000" WHO_TEXT " exe=/nc comm=id"
		" tty=pts/3 success=1 addr=192.0.2.1 port=22 laddr=10.0.0.1"
		" lport=40000 op=connect\n"},
	    {REC_NET_REFUSED, 10, 22, 40000, {0x20, 1, 0xd, 0xb8, [15] = 1},
		111,
		"net.connect 1700000005.000000" WHO_TEXT " exe=/nc comm=id"
		" tty=pts/3 exit=-111 success=0 addr=2001:db8::1 port=22"
		" laddr=10.0.0.1 lport=40000 op=connect\n"},
	    {REC_NET_DATAGRAM, 2, 53, 0, {192, 0, 2, 1}, 0,
		"net.connect 1700000005.000000" WHO_TEXT " exe=/nc comm=id"
		" tty=pts/3 addr=192.0.2.1 port=53 op=datagram\n"},
	    {REC_NET_LISTEN, 10, 0, 8080, {0}, 0,
		"net.listen 1700000005.000000" WHO_TEXT " exe=/nc comm=id"
		" tty=pts/3 success=1 laddr=10.0.0.1 lport=8080 op=listen\n"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buf data = BUF_INIT;
		struct rec_net rec = {.who = WHO,
		    .op = cases[i].op,
		    .ends = {.family = cases[i].family,
			.port = cases[i].port,
			.lport = cases[i].lport},
		    .error = cases[i].error,
		    .exe_flags = K,
		    .n_exe = 3};

		memcpy(rec.ends.addr, cases[i].addr, sizeof rec.ends.addr);
		memcpy(rec.ends.laddr,
		    rec.ends.family == 2 ? mapped + 12 : mapped,
		    rec.ends.family == 2 ? 4 : 16);
		rec.head = head(REC_NET, sizeof rec + 3);
		add_clock(&data);
		buf_add(&data, &rec, sizeof rec);
		buf_add(&data, "nc", 3);
		assert_gives(&data, cases[i].event, 0);
		buf_free(&data);
	}
}

static void test_session(void **state)
{
	static const struct {
		uint32_t op, status, old;
		uint16_t family;
		const char *event;
	} cases[] = {
	    {REC_SESSION_BEGIN, 0, UINT32_MAX, 2,
		"session.open 1700000005.000000" WHO_TEXT
		" comm=id tty=pts/3 addr=192.0.2.1 port=5000"
		" laddr=10.0.0.1 lport=22 type=LOGIN\n"},
	    {REC_SESSION_BEGIN, 0, 6, 0,
		"session.open 1700000005.000000" WHO_OLD_TEXT
		" comm=id tty=pts/3 type=LOGIN\n"},
	    {REC_SESSION_FOUND, 0, UINT32_MAX, 0,
		"session.open 1700000005.000000" WHO_TEXT
		" comm=id tty=pts/3 duration=4000000 type=FOUND\n"},
	    {REC_SESSION_LEFT, 0, UINT32_MAX, 0,
		"priv 1700000005.000000" WHO_TEXT
		" comm=id tty=pts/3 duration=4000000 type=LEFT"
		" reason=a\\x20process\\x20took\\x20off\\x20its\\x20login"
		"\\x20uid:\\x20it\\x20is\\x20followed\\x20as\\x20of\\x20this"
		"\\x20session\n"},
	    {REC_SESSION_END, 9, UINT32_MAX, 0,
		"session.close 1700000005.000000" WHO_TEXT
		" comm=id tty=pts/3 signal=9 duration=4000000\n"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buf data = BUF_INIT;
		struct rec_session rec = {.who = WHO,
		    .op = cases[i].op,
		    .status = cases[i].status,
		    .start = 1000000000,
		    .old_auid = cases[i].old,
		    .old_ses = cases[i].old,
		    .peer = {.family = cases[i].family,
			.port = 5000,
			.lport = 22,
			.addr = {192, 0, 2, 1},
			.laddr = {10, 0, 0, 1}}};

		rec.head = head(REC_SESSION, sizeof rec);
		add_clock(&data);
		buf_add(&data, &rec, sizeof rec);
		assert_gives(&data, cases[i].event, 0);
		buf_free(&data);
	}
}

static void add_file(struct buf *to, struct rec_file rec, const char *path,
    size_t n_path, const char *path2, size_t n_path2, const char *name)
{
	rec.who = (struct rec_who)WHO;
	rec.exe_flags = K;
	rec.n_path = (uint16_t)n_path;
	rec.n_path2 = (uint16_t)n_path2;
	rec.n_name = (uint16_t)strlen(name);
	rec.n_exe = 3;
	rec.head =
	    head(REC_FILE, sizeof rec + n_path + n_path2 + rec.n_name + 3);
	buf_add(to, &rec, sizeof rec);
	buf_add(to, path, n_path);
	buf_add(to, path2, n_path2);
	buf_add_z(to, name);
	buf_add(to, "vi", 3);
}

static void test_file(void **state)
{
	static const struct {
		struct rec_file rec;
		const char *path, *path2, *name;
		size_t n_path, n_path2;
		const char *event;
	} cases[] = {
	    {{.op = REC_FILE_CREATE,
		 .path_flags = K,
		 .mode = 0100644,
		 .uid = UINT32_MAX,
		 .gid = UINT32_MAX},
		"new\0etc", "", "", 8, 0,
		" success=1 path=/etc/new op=create mode=420\n"},
	    {{.op = REC_FILE_WRITE,
		 .path_flags = K,
		 .error = 13,
		 .uid = UINT32_MAX,
		 .gid = UINT32_MAX},
		"etc", "", "cron.d/x", 4, 0,
		" exit=-13 success=0 path=/etc/cron.d/x op=open-write"
		" inferred=path\\x20made\\x20absolute\\x20from\\x20the"
		"\\x20directory\\x20that\\x20it\\x20was\\x20asked\\x20for"
		"\\x20in\n"},
	    {{.op = REC_FILE_READ,
		 .error = 1,
		 .uid = UINT32_MAX,
		 .gid = UINT32_MAX},
		"", "", "/etc/shadow", 0, 0,
		" exit=-1 success=0 path=/etc/shadow op=open-read\n"},
	    {{.op = REC_FILE_RENAME,
		 .path_flags = K,
		 .path2_flags = K,
		 .uid = UINT32_MAX,
		 .gid = UINT32_MAX},
		"a\0etc", "b\0etc", "", 6, 6,
		" success=1 path=/etc/a path2=/etc/b op=rename\n"},
	    {{.op = REC_FILE_SYMLINK,
		 .path_flags = K | REC_PATH_INNER,
		 .uid = UINT32_MAX,
		 .gid = UINT32_MAX},
		"a", "", "../x y", 2, 0,
		" success=1 path=/a path2=../x\\x20y op=symlink"
		" inferred=path\\x20within\\x20its\\x20file\\x20system:"
		"\\x20where\\x20that\\x20is\\x20mounted\\x20is\\x20not"
		"\\x20known\n"},
	    {{.op = REC_FILE_CHOWN, .path_flags = K, .uid = 0, .gid = 7}, "a",
		"", "", 2, 0,
		" success=1 path=/a op=chown text=uid=0\\x20gid=7\n"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buf data = BUF_INIT;
		char want[1000];

		add_clock(&data);
		add_file(&data, cases[i].rec, cases[i].path, cases[i].n_path,
		    cases[i].path2, cases[i].n_path2, cases[i].name);
		snprintf(want, sizeof want,
		    "file 1700000005.000000" WHO_TEXT
		    " exe=/vi comm=id tty=pts/3%s",
		    cases[i].event);
		assert_gives(&data, want, 0);
		buf_free(&data);
	}
}

static void add_act(
    struct buf *to, struct rec_act rec, const char *path, const char *name)
{
	size_t n_path = *path ? strlen(path) + 1 : 0;

	rec.who = (struct rec_who)WHO;
	rec.n_path = (uint16_t)n_path;
	rec.n_name = (uint16_t)strlen(name);
	rec.head = head(REC_ACT, sizeof rec + n_path + rec.n_name);
	buf_add(to, &rec, sizeof rec);
	buf_add(to, path, n_path);
	buf_add_z(to, name);
}

static void test_act(void **state)
{
	static const struct {
		struct rec_act rec;
		const char *path, *name, *kind, *event;
	} cases[] = {
	    {{.op = REC_ACT_PTRACE, .error = 1, .pid = 9}, "", "a b", "other",
		" exit=-1 success=0 op=ptrace text=pid=9\\x20comm=a\\x20b\n"},
	    {{.op = REC_ACT_MODULE}, "", "evil", "other",
		" success=1 op=module-load text=evil\n"},
	    {{.op = REC_ACT_MOUNT, .path_flags = K}, "mnt", "/dev/sdb", "file",
		" success=1 path=/mnt path2=/dev/sdb op=mount\n"},
	    {{.op = REC_ACT_NAMESPACE, .spaces = REC_NS_MNT | REC_NS_USER}, "",
		"", "other", " success=1 op=namespace text=mnt\\x20user\n"},
	};
	const struct rec_act setuid = {
	    .op = REC_ACT_SETUID, .uid = 33, .euid = 34};
	struct buf data = BUF_INIT;
	char want[1000];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		buf_clear(&data);
		add_clock(&data);
		add_act(&data, cases[i].rec, cases[i].path, cases[i].name);
		snprintf(want, sizeof want,
		    "%s 1700000005.000000" WHO_TEXT " comm=id tty=pts/3%s",
		    cases[i].kind, cases[i].event);
		assert_gives(&data, want, 0);
	}
	buf_clear(&data);
	add_clock(&data);
	add_act(&data, setuid, "", "");
	assert_gives(&data,
	    "priv 1700000005.000000 target=34 auid=1000 ses=7 uid=33 euid=34 "
	    "gid=100 pid=42 ppid=41 comm=id tty=pts/3 success=1 op=setuid "
	    "text=was\\x20uid=1000\\x20euid=0\n",
	    0);
	buf_free(&data);
}

/* Lengths and ops that no program writes. */
static void test_file_and_act_not_understood(void **state)
{
	const struct rec_file files[] = {
	    {.op = 0}, {.op = REC_FILE_N_OPS}, {.op = 0xffff}};
	const struct rec_act acts[] = {
	    {.op = 0}, {.op = REC_ACT_N_OPS}, {.op = 0xffff}};
	struct buf data = BUF_INIT;
	uint32_t size = sizeof(struct rec_file);

	add_clock(&data);
	for (size_t i = 0; i < 3; i++) {
		add_file(&data, files[i], "", 0, "", 0, "");
		add_act(&data, acts[i], "", "");
	}
	/* A path without an end, and a record without its text. */
	add_file(&data, (struct rec_file){.op = 1}, "a", 1, "", 0, "");
	assert_gives(&data, "", 7);
	buf_clear(&data);
	add_clock(&data);
	add_file(&data, (struct rec_file){.op = 1}, "a", 2, "", 0, "");
	memcpy(
	    data.p + sizeof(struct rec_clock) + offsetof(struct rec_head, size),
	    &size, sizeof size);
	data.n = sizeof(struct rec_clock) + size;
	assert_gives(&data, "", 1);
	buf_free(&data);
}

/* Any four bytes of good records replaced, and any end: no crash, all told. */
static void test_hostile(void **state)
{
	static const uint32_t values[] = {
	    0, 1, 23, 24, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff};
	const struct exec_text text = {
	    {"/a", 3}, {"a", 2}, {"b", 2}, {"a", 2}, K, K, 0, 0};
	struct rec_exit end = exit_record(0);
	struct buf data = BUF_INIT;

	add_clock(&data);
	add_exec(&data, &text);
	buf_add(&data, &end, sizeof end);
	add_file(&data, (struct rec_file){.op = REC_FILE_RENAME}, "a", 2, "b",
	    2, "c");
	add_act(&data, (struct rec_act){.op = REC_ACT_MOUNT}, "a", "b");
	for (size_t at = 0; at + 4 <= data.n; at++) {
		for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
			struct source_input in = test_input("bpf");
			struct test_sink *t = test_sink_new();
			struct str s = buf_str(&data);
			char *copy = malloc(s.n);

			memcpy(copy, s.p, s.n);
			memcpy(copy + at, &values[i], 4);
			s = str_make(copy, i % 2 ? s.n : at + 4);
			assert_int_equal(test_run(source(), &in, s, 0, t), 0);
			assert_true(t->n + t->sink.unparsed > 0 || s.n < 150);
			assert_true(t->sink.unparsed <= t->sink.lines);
			test_sink_free(t);
			free(copy);
		}
	}
	buf_free(&data);
}

static void test_not_understood(void **state)
{
	struct rec_exit rec = exit_record(0);
	struct buf data = BUF_INIT;

	/* Before a clock record no time is known. */
	buf_add(&data, &rec, sizeof rec);
	assert_gives(&data, "", 1);
	/* Bytes that are no record are one mistake; reading goes on behind. */
	add_clock(&data);
	buf_add_z(&data, "some bytes of another kind, more than a head");
	buf_add(&data, &rec, sizeof rec);
	buf_add_z(&data, "x");
	assert_gives(&data,
	    "exit 1700000005.000000" WHO_TEXT " comm=id tty=pts/3 exit=0 "
	    "duration=4000000\n",
	    3);
	/* A later version is skipped as a whole. */
	buf_clear(&data);
	rec.head.version++;
	buf_add(&data, &rec, sizeof rec);
	assert_gives(&data, "", 1);
	buf_free(&data);
}

static void test_same_fact_same_id(void **state)
{
	struct source_input in = test_input("bpf");
	struct test_sink *t = test_sink_new();
	struct rec_exit rec = exit_record(0);
	struct buf data = BUF_INIT;

	add_clock(&data);
	buf_add(&data, &rec, sizeof rec);
	buf_add(&data, &rec, sizeof rec);
	rec.head.time++;
	buf_add(&data, &rec, sizeof rec);
	assert_int_equal(test_run(source(), &in, buf_str(&data), 0, t), 0);
	assert_int_equal(t->n, 3);
	assert_true(t->ids[0] == t->ids[1] && t->ids[1] != t->ids[2]);
	test_sink_free(t);
	buf_free(&data);
}

static void test_probe(void **state)
{
	struct buf data = BUF_INIT;
	struct str host;
	int64_t time;

	add_clock(&data);
	assert_int_equal(
	    source()->probe(buf_str(&data), "x", &host, &time), 95);
	data.p[4]++;
	assert_int_equal(source()->probe(buf_str(&data), "x", &host, &time), 0);
	assert_int_equal(source()->probe(STR("Ss"), "bpf", &host, &time), 0);
	buf_free(&data);
}

static void test_sink_error_is_returned(void **state)
{
	struct source_input in = test_input("bpf");
	struct test_sink *t = test_sink_new();
	struct rec_exit rec = exit_record(0);
	struct buf data = BUF_INIT;

	add_clock(&data);
	buf_add(&data, &rec, sizeof rec);
	t->fail_with = -ENOSPC;
	assert_int_equal(
	    test_run(source(), &in, buf_str(&data), 0, t), -ENOSPC);
	test_sink_free(t);
	buf_free(&data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_exec),
	    cmocka_unit_test(test_pieces),
	    cmocka_unit_test(test_flood_of_pieces),
	    cmocka_unit_test(test_exit),
	    cmocka_unit_test(test_net),
	    cmocka_unit_test(test_session),
	    cmocka_unit_test(test_file),
	    cmocka_unit_test(test_act),
	    cmocka_unit_test(test_file_and_act_not_understood),
	    cmocka_unit_test(test_hostile),
	    cmocka_unit_test(test_not_understood),
	    cmocka_unit_test(test_same_fact_same_id),
	    cmocka_unit_test(test_probe),
	    cmocka_unit_test(test_sink_error_is_returned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
