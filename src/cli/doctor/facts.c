/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/doctor/facts.h"

#include <errno.h>
#include <unistd.h>

#include "base/disk.h"
#include "cli/daemon.h"

static void read_file_state(struct fact_file *ret, const char *path)
{
	ret->path = path;
	ret->error = lstat(path, &ret->st) < 0 ? errno : 0;
}

static void read_daemon(struct facts *f, const char *socket_path)
{
	struct buf answer = BUF_INIT;

	f->daemon_socket = socket_path;
	f->daemon_error =
	    daemon_ask(socket_path, STR("status json\n"), &answer);
	if (f->daemon_error == 0 &&
	    !daemon_state_parse(&f->daemon, buf_str(&answer), &f->texts))
		f->daemon_error = EBADMSG;
	buf_free(&answer);
}

static void read_store(struct facts *f, const char *store)
{
	struct disk disk;

	if (f->daemon_error == 0)
		store = f->daemon.store.p;
	read_file_state(&f->store, store);
	if (disk_look(store, &disk) == 0) {
		f->store_free = disk.free;
		f->store_size = disk.size;
	}
}

void facts_read(struct facts *f, const char *socket_path, const char *store)
{
	*f = (struct facts){.texts = ARENA_INIT, .root = geteuid() == 0};
	facts_read_login(f);
	facts_read_kernel(f);
	read_daemon(f, socket_path);
	read_store(f, store);
	read_file_state(&f->config, FACTS_CONFIG);
}

void facts_free(struct facts *f)
{
	arena_free(&f->texts);
}
