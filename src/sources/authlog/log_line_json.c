/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/authlog/log_line.h"

#include "core/flat_json.h"

enum key {
	KEY_TIME,
	KEY_HOST,
	KEY_PROGRAM,
	KEY_TAG,
	KEY_PID,
	KEY_MESSAGE,
	KEY_SEVERITY,
	KEY_N,
};

/* As the templates of rsyslog, syslog-ng and their documentation name them. */
static const struct {
	struct str name;
	enum key key;
} keys[] = {
#define KEY(s, k)                                                              \
	{                                                                      \
		{s, sizeof(s) - 1}, k                                          \
	}
    KEY("time", KEY_TIME),
    KEY("timestamp", KEY_TIME),
    KEY("@timestamp", KEY_TIME),
    KEY("timereported", KEY_TIME),
    KEY("ISODATE", KEY_TIME),
    KEY("DATE", KEY_TIME),
    KEY("host", KEY_HOST),
    KEY("hostname", KEY_HOST),
    KEY("HOST", KEY_HOST),
    KEY("prog", KEY_PROGRAM),
    KEY("programname", KEY_PROGRAM),
    KEY("program", KEY_PROGRAM),
    KEY("PROGRAM", KEY_PROGRAM),
    KEY("app-name", KEY_PROGRAM),
    KEY("appname", KEY_PROGRAM),
    KEY("app_name", KEY_PROGRAM),
    KEY("ident", KEY_PROGRAM),
    KEY("syslogtag", KEY_TAG),
    KEY("tag", KEY_TAG),
    KEY("pid", KEY_PID),
    KEY("procid", KEY_PID),
    KEY("PID", KEY_PID),
    KEY("msg", KEY_MESSAGE),
    KEY("message", KEY_MESSAGE),
    KEY("MESSAGE", KEY_MESSAGE),
    KEY("sev", KEY_SEVERITY),
    KEY("severity", KEY_SEVERITY),
    KEY("level", KEY_SEVERITY),
    KEY("priority", KEY_SEVERITY),
    KEY("PRIORITY", KEY_SEVERITY),
    KEY("syslogseverity-text", KEY_SEVERITY),
#undef KEY
};

static enum key key_find(struct str name)
{
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (keys[i].name.n == name.n &&
		    keys[i].name.p[0] == name.p[0] &&
		    str_eq(keys[i].name, name))
			return keys[i].key;
	return KEY_N;
}

static bool time_set(
    struct str s, utc_offset_fn *utc_offset, struct log_line *l)
{
	if (time_parse_iso(&s, utc_offset, &l->time))
		return true;
	return log_line_parse_bsd_time(&s, utc_offset, l);
}

static struct str severity_text(struct str s)
{
	uint64_t v;

	return str_u64(s, &v) ? severity_name(v) : s;
}

bool log_line_parse_json(struct str line, utc_offset_fn *utc_offset,
    struct arena *a, struct log_line *ret)
{
	struct flat_json j = {line, false};
	struct str values[KEY_N] = {0};
	struct json_pair pair;
	uint64_t v;
	int r;

	while ((r = flat_json_next(&j, &pair)) > 0) {
		enum key k = key_find(pair.key);

		if (k < KEY_N && !values[k].p)
			values[k] = flat_json_text(&pair, a);
	}
	if (r < 0 || !values[KEY_MESSAGE].p ||
	    !time_set(values[KEY_TIME], utc_offset, ret))
		return false;
	ret->host = values[KEY_HOST];
	if (values[KEY_TAG].n && !log_tag_parse(&values[KEY_TAG], ret))
		ret->ident = values[KEY_TAG];
	if (values[KEY_PROGRAM].n)
		ret->ident = values[KEY_PROGRAM];
	ret->tagged = ret->ident.n > 0;
	if (str_u64(values[KEY_PID], &v) && v <= INT32_MAX)
		ret->pid = (int64_t)v;
	ret->level = severity_text(values[KEY_SEVERITY]);
	log_line_set_msg(ret, values[KEY_MESSAGE]);
	return true;
}
