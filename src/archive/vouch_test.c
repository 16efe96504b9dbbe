/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/vouch.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "archive/archive.h"
#include "crypto/digest.h"

/*
 * Words, each an event behind the recordings: "cNUMBER-LAST=CONTENT", a
 * channel.close; "s=CONTENT,CONTENT", the session.close over recordings of
 * such contents; "t", the same as text that anybody may have written.
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

/* Of the chains of imports, as text: that is what most recorders write. */
static const struct scene imports[] = {
    {"imported", "1aa 2bb 1cc", "c2-2=bb c1-3=aacc", "", 2, 0},
    {"other content was imported", "1aa 2bx", "c1-1=aa c2-2=bb",
	"EDITED recording 2\n", 2, 0},
    {"what was imported is gone", "", "c1-1=aa", "MISSING recording 1\n", 1, 0},
};

static int remove_entry(
    const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static void add_frames(
    struct archive *a, const struct scene *scene, bool imported)
{
	struct str rest = str_z(scene->frames), word;
	struct trail_recovery recovery;
	struct trail *t;
	struct err err = {""};

	if (!rest.n)
		return;
	assert_int_equal(archive_open_chain(a,
			     imported ? "recordings:import:h" : "recordings:h",
			     &t, &recovery, &err),
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

static void add_events(
    struct archive *a, const struct scene *scene, bool imported)
{
	struct str rest = str_z(scene->events), word, what;
	struct err err = {""};

	assert_int_equal(
	    archive_begin(a, imported ? "import:h" : "events:h", &err), 0);
	while (rest.n) {
		struct event ev;

		str_cut(&rest, ' ', &word);
		str_cut(&word, '=', &what);
		event_init(&ev, what.p[0] == 'c' ? EVENT_CHANNEL_CLOSE
						 : EVENT_SESSION_CLOSE);
		ev.trust =
		    what.p[0] == 't' || imported ? TRUST_TEXT : TRUST_KERNEL;
		ev.source = STR("bpf");
		ev.host = STR("h");
		ev.boot = STR("b");
		ev.time = 1;
		event_set_int(&ev, F_SES, 5);
		if (what.p[0] == 'c') {
			event_set_int(&ev, F_RECORDING, what.p[1] - '0');
			event_set_int(&ev, F_RECORDING_END, what.p[3] - '0');
			set_content(&ev, word);
		} else {
			set_totals(&ev, word);
		}
		assert_int_equal(archive_append(a, &ev, &err), 0);
	}
	assert_int_equal(archive_commit(a, &err), 0);
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
	assert_true(r->sound || v->verdicts);
}

static bool plays(const struct scene *scene, bool imported)
{
	char dir[] = "/tmp/sshtrail-vouch-XXXXXX";
	struct seen seen = {.findings = BUF_INIT};
	const struct archive_verify_sink sink = {on_finding, on_chain, &seen};
	struct err err = {""};
	struct archive *a;
	bool sound, ok;

	assert_non_null(mkdtemp(dir));
	assert_int_equal(archive_open(&a, dir, ARCHIVE_WRITE, &err), 0);
	add_frames(a, scene, imported);
	add_events(a, scene, imported);
	archive_close(a);
	assert_int_equal(archive_verify(dir, NULL, &sink, &sound, &err), 0);
	ok = str_eqz(buf_str(&seen.findings), scene->want) &&
	     sound == !*scene->want && seen.recordings == scene->recordings &&
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

	for (size_t i = 0; i < sizeof scenes / sizeof *scenes; i++)
		wrong += !plays(&scenes[i], false);
	for (size_t i = 0; i < sizeof imports / sizeof *imports; i++)
		wrong += !plays(&imports[i], true);
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(holds_recordings_against_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
