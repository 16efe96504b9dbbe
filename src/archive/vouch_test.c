/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/vouch.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "archive/archive.h"
#include "archive/layout.h"
#include "archive/verify.h"
#include "base/fd.h"
#include "base/when.h"
#include "core/event_json.h"
#include "crypto/digest.h"

/*
 * Words, each an event behind the recordings: "cNUMBER-LAST=CONTENT", a
 * channel.close; "s=CONTENT,CONTENT", the session.close over recordings of
 * such contents; "t", the same as text that anybody may have written; "d", a
 * session.close over none, a day and a second later.
 */
static const struct scene {
	const char *name, *frames, *events, *want;
	uint64_t recordings, sessions;
} scenes[] = {
    {"as it was", "1aa 2bb 1cc", "c2-2=bb c1-3=aacc s=bb,aacc", "", 2, 1},
    {"none", "", "s=", "", 0, 0},
    {"another one behind the session", "1aa 2bb",
	"c1-1=aa s=aa c2-2=bb s=aa,bb", "", 2, 2},
    {"other content", "1aa 2bx 1cc", "c2-2=bb c1-3=aacc s=bb,aacc",
	"EDITED recording 2\n", 2, 1},
    {"frames missing within it", "1aa 2bb 2xx 1cc", "c1-3=aacc",
	"MISSING recording 1\n", 1, 0},
    {"the end is missing", "1aa 2bb", "c2-2=bb c1-3=aacc",
	"TRUNCATED recording 1\n", 2, 0},
    {"nothing is there", "", "c1-1=aa s=aa", "MISSING recording 1\n", 1, 1},
    {"other recordings", "1aa 2bb", "c1-1=aa c2-2=bb s=bb,aa",
	"EDITED events:h 3\n", 2, 1},
    {"one is not told of", "1aa 2bb", "c1-1=aa c2-2=bb s=aa",
	"EDITED events:h 3\n", 2, 1},
    {"one too many", "1aa", "c1-1=aa s=aa,bb", "EDITED events:h 2\n", 1, 1},
    {"text vouches for nothing", "1aa", "c1-1=aa t=bb", "", 1, 0},
};

#define FIRST "00000000000000000001.seg"

/* Damaged in the last event: those before it still vouch. */
static const struct scene damaged[] = {
    {"damage", "1aa 2bb 1cc", "c2-2=bb c1-3=aacc s=bb,aacc",
	"EDITED " FIRST " 3\n", 2, 0},
    {"damage, and other content", "1aa 2bx 1cc", "c2-2=bb c1-3=aacc s=bb,aacc",
	"EDITED " FIRST " 3\nEDITED recording 2\n", 2, 0},
};

/* Of the chains of imports, as text: that is what most recorders write. */
static const struct scene imports[] = {
    {"imported", "1aa 2bb 1cc", "c2-2=bb c1-3=aacc", "", 2, 0},
    {"other content was imported", "1aa 2bx", "c1-1=aa c2-2=bb",
	"EDITED recording 2\n", 2, 0},
    {"what was imported is gone", "", "c1-1=aa", "MISSING recording 1\n", 1, 0},
};

/* Of a host whose chains a hub keeps: its recordings come behind its events. */
static const struct scene replicas[] = {
    {"all is there", "1aa 2bb", "c1-1=aa c2-2=bb", "", 2, 0},
    {"none has come", "", "c1-1=aa s=aa", "AWAITED recording 1\n", 1, 1},
    {"the end has not come", "1aa 2bb", "c2-2=bb c1-3=aacc",
	"AWAITED recording 1\n", 2, 0},
    {"the day after", "1aa", "c1-1=aa c2-2=bb d", "TRUNCATED recording 2\n", 2,
	0},
    {"other content came", "1aa 2bx", "c2-2=bb", "EDITED recording 2\n", 1, 0},
};

enum role { OWN, DAMAGED, IMPORT, REPLICA };

static const struct {
	enum role role;
	const struct scene *scenes;
	size_t n;
} acts[] = {
    {OWN, scenes, sizeof scenes / sizeof *scenes},
    {DAMAGED, damaged, sizeof damaged / sizeof *damaged},
    {IMPORT, imports, sizeof imports / sizeof *imports},
    {REPLICA, replicas, sizeof replicas / sizeof *replicas},
};

static int remove_entry(
    const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static void add_frames(
    struct archive *a, const struct scene *scene, enum role role)
{
	struct str rest = str_z(scene->frames), word;
	struct trail_recovery recovery;
	struct trail *t;
	struct err err = {""};

	if (!rest.n)
		return;
	assert_int_equal(
	    archive_open_chain(a,
		role == IMPORT ? "recordings:import:h" : "recordings:h", &t,
		&recovery, &err),
	    0);
	while (rest.n) {
		str_cut(&rest, ' ', &word);
		assert_int_equal(trail_append(t, FRAME_RECORDING,
				     (uint32_t)(word.p[0] - '0'),
				     str_from(word, 1), NULL, &err),
		    0);
	}
	assert_int_equal(trail_close(t, &err), 0);
}

static void set_content(struct event *ev, struct str content)
{
	static char hex[65];
	struct sha256 digest;

	sha256_of(content.p, content.n, &digest);
	sha256_hex(&digest, hex);
	event_set_str(ev, F_SHA256, str_z(hex));
	event_set_int(ev, F_RECORDED, (int64_t)content.n);
}

static void set_totals(struct event *ev, struct str contents)
{
	static char hex[65];
	struct sha256_ctx digests;
	struct sha256 digest;
	struct str content;
	int64_t bytes = 0, n = 0;

	sha256_init(&digests);
	while (contents.n) {
		str_cut(&contents, ',', &content);
		sha256_of(content.p, content.n, &digest);
		sha256_add(&digests, digest.h, sizeof digest.h);
		n++;
		bytes += (int64_t)content.n;
	}
	if (n == 0)
		return;
	sha256_final(&digests, &digest);
	sha256_hex(&digest, hex);
	event_set_str(ev, F_RECORDINGS_SHA256, str_z(hex));
	event_set_int(ev, F_RECORDINGS, n);
	event_set_int(ev, F_RECORDED, bytes);
}

static void set_event(struct event *ev, struct str word, enum role role)
{
	struct str what;

	str_cut(&word, '=', &what);
	event_init(
	    ev, what.p[0] == 'c' ? EVENT_CHANNEL_CLOSE : EVENT_SESSION_CLOSE);
	ev->trust =
	    what.p[0] == 't' || role == IMPORT ? TRUST_TEXT : TRUST_KERNEL;
	ev->source = STR("bpf");
	ev->host = STR("h");
	ev->boot = STR("b");
	ev->time = 1;
	event_set_int(ev, F_SES, 5);
	if (what.p[0] == 'c') {
		event_set_int(ev, F_RECORDING, what.p[1] - '0');
		event_set_int(ev, F_RECORDING_END, what.p[3] - '0');
		set_content(ev, word);
	} else {
		set_totals(ev, word);
	}
}

static void add_events(
    struct archive *a, const struct scene *scene, enum role role)
{
	struct frame f = {
	    .type = FRAME_EVENT, .realtime = 1800000000000000, .boottime = 1};
	struct str rest = str_z(scene->events), word;
	struct buf json = BUF_INIT;
	struct trail_recovery recovery;
	struct trail *t;
	struct err err = {""};

	assert_int_equal(
	    archive_open_chain(a, role == IMPORT ? "import:h" : "events:h", &t,
		&recovery, &err),
	    0);
	while (rest.n) {
		struct event ev;

		str_cut(&rest, ' ', &word);
		set_event(&ev, word, role);
		buf_clear(&json);
		event_to_json(&ev, 0, &json);
		f.seq++;
		f.payload = buf_str(&json);
		if (word.p[0] == 'd')
			f.realtime += USEC_PER_DAY + USEC_PER_SEC;
		assert_int_equal(trail_append_as(t, &f, &err), 0);
	}
	assert_int_equal(trail_close(t, &err), 0);
	buf_free(&json);
}

static void mark_replica(struct archive *a)
{
	struct err err = {""};
	int fd;

	assert_int_equal(
	    layout_open_chain(archive_dirfd(a), "events:h", false, &fd, &err),
	    0);
	assert_int_equal(
	    fd_replace_file(fd, LAYOUT_WRITER_NOTE, 0644, "n", 1), 0);
	fd_close(&fd);
}

static void damage_last(struct archive *a)
{
	struct buf bytes = BUF_INIT;
	struct err err = {""};
	size_t at;
	int fd;

	assert_int_equal(
	    layout_open_chain(archive_dirfd(a), "events:h", false, &fd, &err),
	    0);
	assert_int_equal(fd_read_file(fd, FIRST, 1 << 20, &bytes), 0);
	at = str_find(buf_str(&bytes), STR("session.close"));
	assert_int_not_equal(at, STR_NPOS);
	bytes.p[at] ^= 1;
	assert_int_equal(fd_replace_file(fd, FIRST, 0644, bytes.p, bytes.n), 0);
	buf_free(&bytes);
	fd_close(&fd);
}

struct seen {
	struct buf findings;
	uint64_t recordings, sessions;
};

static void on_finding(void *ctx, const char *chain, const struct finding *f)
{
	struct seen *seen = ctx;

	buf_printf(&seen->findings, "%s %s %llu\n", verdict_name(f->verdict),
	    f->segment, (unsigned long long)f->seq);
}

static void on_chain(void *ctx, const char *chain,
    const struct verify_result *r, const struct vouch_result *v)
{
	struct seen *seen = ctx;

	seen->recordings += v->recordings;
	seen->sessions += v->sessions;
	assert_int_equal(r->verdicts & v->verdicts, v->verdicts);
	assert_int_equal(r->sound, (r->verdicts & ~VERDICTS_NOTED) == 0);
}

static bool plays(const struct scene *scene, enum role role)
{
	char dir[] = "/tmp/sshtrail-vouch-XXXXXX";
	struct seen seen = {.findings = BUF_INIT};
	const struct archive_verify_sink sink = {
	    on_finding, on_chain, NULL, &seen};
	struct err err = {""};
	struct archive *a;
	bool sound, ok;

	assert_non_null(mkdtemp(dir));
	assert_int_equal(archive_open(&a, dir, ARCHIVE_WRITE, &err), 0);
	add_frames(a, scene, role);
	add_events(a, scene, role);
	if (role == REPLICA)
		mark_replica(a);
	if (role == DAMAGED)
		damage_last(a);
	archive_close(a);
	assert_int_equal(archive_verify(dir, NULL, &sink, &sound, &err), 0);
	ok = str_eqz(buf_str(&seen.findings), scene->want) &&
	     sound == (!*scene->want || strstr(scene->want, "AWAITED")) &&
	     seen.recordings == scene->recordings &&
	     seen.sessions == scene->sessions;
	if (!ok)
		printf("# %s: %llu recordings, %llu sessions\n%s", scene->name,
		    (unsigned long long)seen.recordings,
		    (unsigned long long)seen.sessions, buf_z(&seen.findings));
	buf_free(&seen.findings);
	nftw(dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	return ok;
}

static void holds_recordings_against_events(void **state)
{
	unsigned wrong = 0;

	for (size_t a = 0; a < sizeof acts / sizeof *acts; a++)
		for (size_t i = 0; i < acts[a].n; i++)
			wrong += !plays(&acts[a].scenes[i], acts[a].role);
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(holds_recordings_against_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
