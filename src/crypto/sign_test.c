/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/sign.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"

/* The key pair that the Go implementation of signed notes tests with. */
#define KNOWN_PUBLIC                                                           \
	"PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
#define KNOWN_SECRET                                                           \
	"PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+"          \
	"Y7hfZx09iUvxdXHKDFz\n"

struct place {
	char path[64];
	int fd;
};

static int setup(void **state)
{
	struct place *at = calloc(1, sizeof *at);

	snprintf(at->path, sizeof at->path, "/tmp/sshtrail-sign.XXXXXX");
	if (!mkdtemp(at->path))
		return -1;
	at->fd = open(at->path, O_RDONLY | O_DIRECTORY);
	*state = at;
	return at->fd < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	struct place *at = *state;

	unlinkat(at->fd, "host.key", 0);
	unlinkat(at->fd, "host.pub", 0);
	close(at->fd);
	rmdir(at->path);
	free(at);
	return 0;
}

static void put(int dirfd, const char *name, const char *text, mode_t mode)
{
	assert_int_equal(
	    fd_replace_file(dirfd, name, mode, text, strlen(text)), 0);
}

static void test_make_and_load(void **state)
{
	struct place *at = *state;
	struct sign_key a, b;
	struct sign_public pub;
	struct buf text = BUF_INIT;
	struct stat st;
	struct str name, line;

	assert_int_equal(sign_key_load(&a, at->fd, "host", NULL), 0);
	assert_int_equal(fstatat(at->fd, "host.key", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_nlink, 1);
	assert_int_equal(sign_key_load(&b, at->fd, "host", NULL), 0);
	assert_memory_equal(&a, &b, sizeof a);
	assert_int_equal(fd_read_file(at->fd, "host.pub", 200, &text), 0);
	line = str_trim(buf_str(&text));
	assert_int_equal(sign_public_parse(line, &pub, &name, NULL), 0);
	assert_memory_equal(&pub, &a.pub, sizeof pub);
	assert_true(str_eqz(name, "host"));
	buf_free(&text);
	sign_key_wipe(&a);
	assert_int_equal(a.secret[0] | a.secret[40] | a.pub.key[5], 0);
}

static void test_known_key(void **state)
{
	struct place *at = *state;
	struct sign_public pub;
	struct sign_key key;
	struct buf b = BUF_INIT;
	struct str name;

	put(at->fd, "host.key", KNOWN_SECRET, 0600);
	assert_int_equal(sign_key_load(&key, at->fd, "host", NULL), 0);
	assert_int_equal(
	    sign_public_parse(STR(KNOWN_PUBLIC), &pub, &name, NULL), 0);
	assert_true(str_eqz(name, "PeterNeumann"));
	assert_memory_equal(&pub, &key.pub, sizeof pub);
	sign_public_format(&pub, name, &b);
	assert_true(str_eqz(buf_str(&b), KNOWN_PUBLIC));
	buf_free(&b);
}

static void test_damaged_files(void **state)
{
	struct place *at = *state;
	static const char *const secrets[] = {"", "\n", "PRIVATE+KEY+a+b+c\n",
	    KNOWN_PUBLIC "\n",
	    /* One bit of the hash, of the seed; a line too many. */
	    "PRIVATE+KEY+PeterNeumann+c74f20a2+AYEKFALVFGyNhPJEMzD1QIDr+"
	    "Y7hfZx09iUvxdXHKDFz\n",
	    "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+"
	    "Y7hfZx09iUvxdXHKDF0\n",
	    KNOWN_SECRET "\n"};
	struct sign_key key;
	struct err err;

	for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) {
		put(at->fd, "host.key", secrets[i], 0600);
		assert_int_equal(
		    sign_key_load(&key, at->fd, "host", &err), -EBADMSG);
	}
	put(at->fd, "host.key", KNOWN_SECRET, 0640);
	assert_int_equal(sign_key_load(&key, at->fd, "host", &err), -EACCES);
	put(at->fd, "host.key", KNOWN_SECRET, 0600);
	put(at->fd, "host.pub", "other\n", 0644);
	assert_int_equal(sign_key_load(&key, at->fd, "host", &err), -EBADMSG);
	assert_int_equal(sign_key_load(&key, at->fd, "../x", &err), -EINVAL);
}

static void test_hostile_public(void **state)
{
	static const char *const cases[] = {"", "+", "++", "a", "a+00000000+",
	    "+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
	    "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/"
	    "LDE4izWy10TW",
	    "PeterNeumanN+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/"
	    "LDE4izWy10TW",
	    "PeterNeumann+c74f20a3+AhpC2QcUPDhMQegwxbzhKqiBfsVkmqq/"
	    "LDE4izWy10TW",
	    KNOWN_PUBLIC "\n", KNOWN_PUBLIC "="};
	struct sign_public pub;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(
		    sign_public_parse(str_z(cases[i]), &pub, NULL, NULL),
		    -EBADMSG);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		test_make_and_load, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_known_key, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		test_damaged_files, setup, teardown),
	    cmocka_unit_test(test_hostile_public),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
