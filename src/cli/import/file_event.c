/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/import/file_event.h"

#include "base/when.h"
#include "cli/import/files.h"

static void describe(
    const struct import_file *f, struct event *ev, enum event_kind kind)
{
	event_init(ev, kind);
	ev->time = time_now();
	ev->host = str_z(f->host);
	ev->source = STR("import");
	ev->trust = TRUST_DAEMON;
	event_set_str(ev, F_FILE_NAME, str_z(f->path));
	event_set_str(ev, F_FORMAT, str_z(import_file_format(f)));
}

void file_event_start(
    struct event *ev, const struct import_file *f, struct str op)
{
	describe(f, ev, EVENT_IMPORT_START);
	event_set_str(ev, F_OP, op);
	event_set_int(ev, F_FILE_SIZE, (int64_t)f->size);
	if (f->host_inferred)
		event_set_str(ev, F_INFERRED, str_z(f->host_inferred));
}

void file_event_end(struct event *ev, const struct import_file *f, int64_t src,
    const struct file_digest *digest, char hex[static 2][65])
{
	sha256_hex(&digest->raw, hex[0]);
	sha256_hex(&digest->content, hex[1]);
	describe(f, ev, EVENT_IMPORT_END);
	event_set_int(ev, F_SRC, src);
	event_set_int(ev, F_FILE_SIZE, (int64_t)digest->raw_bytes);
	event_set_str(ev, F_SHA256, str_z(hex[0]));
	event_set_int(ev, F_CONTENT_SIZE, (int64_t)digest->content_bytes);
	event_set_str(ev, F_CONTENT_SHA256, str_z(hex[1]));
}

void file_event_gap(struct event *ev, const struct import_file *f, int64_t src,
    uint64_t offset, const char *why)
{
	describe(f, ev, EVENT_GAP);
	event_set_int(ev, F_SRC, src);
	event_set_int(ev, F_OFFSET, (int64_t)offset);
	event_set_str(ev, F_REASON, str_z(why));
}
