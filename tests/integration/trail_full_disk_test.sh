#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A trail on a file system without room: what was stored is signed and
# verifies, and the chain goes on when there is room again.
# usage: trail_full_disk_test.sh TRAIL_TOOL
set -u

if [ "${2-}" != inside ]; then
	unshare -Urm true 2>/dev/null || {
		echo "no file system can be mounted here (unshare)"
		exit 77
	}
	exec unshare -Urm "$0" "$1" inside
fi

tool=$1
top=$(mktemp -d) || exit 77
mount -t tmpfs -o size=20m none "$top" || exit 77
mkdir "$top/events" "$top/keep"

fail() {
	echo "$*"
	ls -l "$top/events"
	exit 1
}

stored=$("$tool" fill "$top/events" 300) || fail "fill: $stored"
stored=${stored#stored }
[ "$stored" -gt 20000 ] || fail "only $stored frames were stored"
[ "$("$tool" verify "$top/events")" = "" ] || fail "findings on a full disk"
[ "$("$tool" count "$top/events")" = "$stored" ] || fail "not all can be read"

# Still full: nothing more fits, nothing is harmed.
dd if=/dev/zero of="$top/keep/rest" bs=1k 2>/dev/null
"$tool" fill "$top/events" 300 >/dev/null 2>&1
"$tool" verify "$top/events" >/dev/null || fail "harmed by a second try"

rm "$top/keep/rest"
mount -o remount,size=40m none "$top"
"$tool" append "$top/events" 1000 300 >/dev/null || fail "does not go on"
"$tool" verify "$top/events" >/dev/null || fail "harmed by going on"
[ "$("$tool" count "$top/events")" -ge $((stored + 1000)) ] || fail "lost"
umount "$top" && rmdir "$top"
