#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The units for systemd: it understands all of them, they leave no more open
# than they must, and neither sshtraild nor the hub makes a system call that its
# unit refuses.
# usage: units_test.sh DIRECTORY_OF_UNITS SSHTRAILD SSHTRAIL_HUB
set -u
units=$1 sshtraild=$2 hub=$3
top=$(mktemp -d) || exit 77
trap 'rm -rf "$top"' EXIT

systemd-analyze --help 2>/dev/null | grep -q -e --offline || {
	echo "systemd-analyze is not there, or older than systemd 250"
	exit 77
}

fail()
{
	echo "$*"
	exit 1
}

# Tenths of what systemd calls exposure, at most.
declare -A exposure=([sshtraild]=42 [sshtrail-hub]=17 [sshtrail-forward]=17
	[sshtrail-retention]=17)

for unit in "$units"/*.service; do
	name=$(basename "$unit" .service)
	# It asks whether the program is there.
	sed 's|^ExecStart=[^ ]*|ExecStart=/bin/true|' "$unit" >"$top/$name.service"
	said=$(systemd-analyze verify --man=no "$top/$name.service" 2>&1) &&
		[ -z "$said" ] || fail "$name: $said"
	said=$(systemd-analyze security --offline=true \
		--threshold="${exposure[$name]}" "$unit" 2>&1) ||
		fail "$name: $said"
done

# All names that a list of SystemCallFilter= stands for.
names_of()
{
	local name

	for name; do
		case $name in
		@*) names_of $(systemd-analyze syscall-filter "$name" |
			awk '$1 !~ /^#/ && NR > 1 { print $1 }') ;;
		*) echo "$name" ;;
		esac
	done
}

# Run a program until it says `ready`, then `meanwhile`, and end it.
# usage: calls_fit UNIT READY MEANWHILE PROGRAM...
calls_fit()
{
	local unit=$1 ready=$2 meanwhile=$3 strace refused
	shift 3

	# LeakSanitizer is a tracer, too.
	ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 strace -f -qq \
		-o "$top/calls" "$@" >"$top/said" 2>&1 &
	strace=$!
	for _ in $(seq 200); do
		grep -q "$ready" "$top/said" && break
		sleep 0.1
	done
	grep -q "$ready" "$top/said" || fail "$unit: $(cat "$top/said")"
	$meanwhile
	kill "$(cat "/proc/$strace/task/$strace/children")"
	wait "$strace" || fail "$unit: it ended with $?: $(cat "$top/said")"
	# shellcheck disable=SC2046
	names_of $(sed -n 's/^SystemCallFilter=//p' "$units/$unit.service") |
		sort -u >"$top/allowed"
	sed -nE 's/^[0-9]+ +([a-z_0-9]+)\(.*/\1/p' "$top/calls" |
		sort -u >"$top/made"
	[ "$(wc -l <"$top/made")" -gt 40 ] || fail "strace saw too little"
	refused=$(comm -13 "$top/allowed" "$top/made")
	[ -z "$refused" ] || fail "$unit.service refuses: $refused"
}

log_in()
{
	echo "$(date +%FT%T.000000%:z) h sshd[7]: Accepted publickey for root" \
		"from 192.0.2.9 port 4000 ssh2" >>"$top/auth.log"
	sleep 1.5
}

[ "$(id -u)" = 0 ] && command -v strace >/dev/null || exit 0
chmod 755 "$top"
touch "$top/auth.log"
cat >"$top/config.yml" <<END
store: $top/store
socket: $top/run/control
user: daemon
taps: {auth_log: $top/auth.log, audit: off, bpf: off, terminals: off}
END
calls_fit sshtraild 'collecting into' log_in "$sshtraild" \
	--config "$top/config.yml"

# It is run as a user who may not get at the build's directory.
cp "$hub" "$top/hub"
install -d -o daemon "$top/hub-store"
as_daemon=(setpriv --reuid daemon --regid daemon --clear-groups)
"${as_daemon[@]}" "$top/hub" init "$top/hub-store" localhost \
	>"$top/said" 2>&1 || fail "$(cat "$top/said")"
printf 'store: %s\nlisten: {address: 127.0.0.1, port: 0}\n' \
	"$top/hub-store" >"$top/hub.yml"
calls_fit sshtrail-hub 'listening at' 'sleep 1.5' \
	"${as_daemon[@]}" "$top/hub" --config "$top/hub.yml" serve
