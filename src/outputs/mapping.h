/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A JSON schema of others as a table: which of its paths has which field of
 * an event, for which kinds. Fields that no row took follow below one path of
 * the schema's choice, so that nothing is lost in translation.
 */
#ifndef OUTPUTS_MAPPING_H
#define OUTPUTS_MAPPING_H

#include "outputs/event_format.h"
#include "outputs/json_tree.h"
#include "outputs/traits.h"

enum map_how {
	MAP_END,     /* ends a table */
	MAP_FIELD,   /* the field as its type has it */
	MAP_TEXT,    /* the field as a string, numbers too */
	MAP_IP,	     /* the field, where it is an address */
	MAP_DOMAIN,  /* the field, where it is none */
	MAP_NAME,    /* the last part of the path in it */
	MAP_OCTAL,   /* the number as four octal digits or more */
	MAP_NSEC,    /* microseconds as nanoseconds */
	MAP_MSEC,    /* ... as milliseconds */
	MAP_COMMAND, /* argv or cmd as one text; field: F_ARGV */
	MAP_LITERAL, /* `text` as it is, JSON */
	MAP_IF,	     /* `text` as it is, where the field is there */
	MAP_SENTENCE,
	MAP_EID,
	MAP_SEQ,
	MAP_HOST,
	MAP_BOOT,
	MAP_SOURCE,
	MAP_TRUST,
	MAP_KIND,
	MAP_SESSION,  /* where there is one */
	MAP_TIME_ISO, /* of the event */
	MAP_TIME_MSEC,
	MAP_CUSTOM, /* `custom` appends the value */
};

struct mapping {
	const char *path;
	enum map_how how;
	enum field field;
	const char *text;
	uint64_t kinds; /* bit set of 1 << enum event_kind; 0: all */
	/* False, nothing appended: there is no such value. */
	bool (*custom)(const struct event *ev, const struct traits *t,
	    const struct format_settings *s, struct buf *b);
};

/* Rows: what is said of the whole event, of a field, always, and so on. */
#define MAP_EVENT(path, how, kinds)                                            \
	{                                                                      \
		path, how, 0, NULL, kinds, NULL                                \
	}
#define MAP_OF(path, how, field, kinds)                                        \
	{                                                                      \
		path, how, field, NULL, kinds, NULL                            \
	}
#define MAP_FIXED(path, json, kinds)                                           \
	{                                                                      \
		path, MAP_LITERAL, 0, json, kinds, NULL                        \
	}
#define MAP_WHERE(path, field, json, kinds)                                    \
	{                                                                      \
		path, MAP_IF, field, json, kinds, NULL                         \
	}
#define MAP_MADE(path, make, kinds)                                            \
	{                                                                      \
		path, MAP_CUSTOM, 0, NULL, kinds, make                         \
	}
#define MAP_LAST                                                               \
	{                                                                      \
		NULL, MAP_END, 0, NULL, 0, NULL                                \
	}

#define KIND(k) ((uint64_t)1 << EVENT_##k)

/*
 * Append ev as one object by the rows of `table`, then what is left as
 * "REST.KEY", or "KEY" where REST is NULL. Never fails; look at buf_error().
 */
void mapping_write(const struct event *ev, const struct mapping *table,
    const char *rest, const struct format_settings *s, struct buf *b);

/* Whether the text is an IPv4 or IPv6 address. */
bool is_address(struct str s);

#endif
