/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading back the escapes of logs. OpenSSH writes its messages through
 * vis(3) with C-style escapes and octal; rsyslog writes a control character
 * as '#' and three octal digits.
 */
#ifndef SOURCES_AUTHLOG_VIS_H
#define SOURCES_AUTHLOG_VIS_H

#include "base/arena.h"

/*
 * s without its vis escapes: s itself when it holds none, else a copy in `a`
 * (STR_NONE: no memory). A backslash that begins no escape stays.
 */
struct str vis_decode(struct str s, struct arena *a);

/*
 * A value of a line written before authentication. sshd before 10.3 encoded
 * these twice, since then once, and the line does not tell which. The second
 * decoding is done when the result of the first could have been written by
 * vis itself: printable ASCII in which every backslash begins an escape. So a
 * control or 8-bit character is always told right; only a name that holds
 * what looks like an escape is read one level too far in logs of 10.3.
 */
struct str vis_decode_preauth(struct str s, struct arena *a);

/*
 * s with "#ooo" read as the control character it stands for (below 32 or
 * 127); s itself when there is none. STR_NONE: no memory.
 */
struct str hash_decode(struct str s, struct arena *a);

/*
 * The opposite: control characters written as rsyslog does, so that the same
 * message reads the same from the journal and from a text log. s itself when
 * it holds none. STR_NONE: no memory.
 */
struct str hash_encode(struct str s, struct arena *a);

#endif
