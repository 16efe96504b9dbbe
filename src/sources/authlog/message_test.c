/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One real-looking message for every form: program, text, kind, and fields as
 * "key=value|...". Versions of OpenSSH are noted where a form depends on them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sources/authlog/form_index.h"
#include "sources/authlog/program.h"
#include "sources/test_event.h"

struct message_case {
	const char *ident, *text;
	enum event_kind kind;
	const char *fields;
};

#define KEY    "SHA256:MkbqUaeWVmuUhkLgnQdl6uzkBHmfHIppBlsc4xLXc5s"
#define CA     "SHA256:USxADgrSb29Mi+CJhABcWs6N0iXOUV+WXfe7so1WP4E"
#define CLIENT "addr=192.0.2.9|port=51000"

/* clang-format off */
static const struct message_case sshd_cases[] = {
	/* The outcome of an attempt. */
	{"sshd", "Accepted publickey for amelia from 192.0.2.9 port 51000 ssh2: ED25519 " KEY, EVENT_AUTH_OK, "user=amelia|method=publickey|key_type=ED25519|fp=" KEY "|valid=1|" CLIENT}, /* 6.8 */
	{"sshd", "Accepted publickey for amelia from 192.0.2.9 port 51000 ssh2: RSA 3e:fd:01:02", EVENT_AUTH_OK, "key_type=RSA|fp=3e:fd:01:02"}, /* 6.3 */
	{"sshd", "Accepted publickey for amelia from 2001:db8::1 port 51000 ssh2", EVENT_AUTH_OK, "addr=2001:db8::1|fp="}, /* 5 */
	{"sshd", "Accepted password for root from 192.0.2.9 port 51000 ssh1", EVENT_AUTH_OK, "user=root"}, /* to 7.3 */
	{"sshd-session", "Accepted publickey for carol from 192.0.2.9 port 51000 ssh2: ED25519-CERT " KEY " ID carol@corp (serial 1) 2026 (serial 4242) CA ED25519 " CA, EVENT_AUTH_OK, "key_type=ED25519-CERT|cert_id=carol@corp (serial 1) 2026|cert_serial=4242|ca_fp=" CA "|fp=" KEY},
	{"sshd", "Accepted hostbased for bob from 192.0.2.9 port 51000 ssh2: RSA " KEY ", client user \"bob\", client host \"h.example\"", EVENT_AUTH_OK, "method=hostbased|fp=" KEY},
	{"sshd", "Accepted gssapi-with-mic for bob from 192.0.2.9 port 51000 ssh2: bob@EXAMPLE.ORG", EVENT_AUTH_OK, "method=gssapi-with-mic|text=bob@EXAMPLE.ORG"},
	{"sshd", "Accepted keyboard-interactive/pam for bob from 192.0.2.9 port 51000 ssh2", EVENT_AUTH_OK, "method=keyboard-interactive/pam"},
	{"sshd", "Failed password for bob from 192.0.2.9 port 51000 ssh2", EVENT_AUTH_FAIL, "user=bob|valid=1|method=password|" CLIENT},
	{"sshd", "Failed password for invalid user root from 10.9.9.9 port 22 ssh2 from 192.0.2.9 port 51000 ssh2", EVENT_AUTH_FAIL, "user=root from 10.9.9.9 port 22 ssh2|valid=0|" CLIENT},
	{"sshd", "Failed none for illegal user x from 192.0.2.9 port 51000 ssh2", EVENT_AUTH_FAIL, "user=x|valid=0|method=none"}, /* 3 */
	{"sshd", "Failed publickey for invalid user x from 192.0.2.9 port 51000 ssh2: RSA " KEY, EVENT_AUTH_FAIL, "fp=" KEY "|valid=0"},
	{"sshd", "Failed unknown for invalid user  from 192.0.2.9 port 51000 ssh2", EVENT_AUTH_FAIL, "user=|valid=0"},
	{"sshd", "Postponed publickey for bob from 192.0.2.9 port 51000 ssh2 [preauth]", EVENT_AUTH_PARTIAL, "type=postponed|preauth=1|" CLIENT},
	{"sshd", "Postponed keyboard-interactive for invalid user bob from 192.0.2.9 port 51000 ssh2 [preauth]", EVENT_AUTH_PARTIAL, "type=postponed|valid=0|user=bob"},
	{"sshd", "Partial publickey for bob from 192.0.2.9 port 51000 ssh2: ED25519 " KEY, EVENT_AUTH_PARTIAL, "type=partial|fp=" KEY},
	/* Before it. */
	{"sshd", "Invalid user admin from 192.0.2.9 port 51000", EVENT_OTHER, "type=invalid-user|user=admin|valid=0|" CLIENT}, /* 7.3 */
	{"sshd", "Invalid user admin from 192.0.2.9", EVENT_OTHER, "type=invalid-user|addr=192.0.2.9|port="},
	{"sshd", "Invalid user  from 192.0.2.9 port 51000", EVENT_OTHER, "type=invalid-user|user=|" CLIENT},
	{"sshd", "Illegal user admin from 192.0.2.9", EVENT_OTHER, "type=invalid-user|user=admin"},
	{"sshd", "input_userauth_request: invalid user a b [preauth]", EVENT_OTHER, "type=invalid-user-request|user=a b|preauth=1"}, /* to 7.4 */
	{"sshd", "User dave from h.example not allowed because listed in DenyUsers", EVENT_OTHER, "type=user-refused|user=dave|addr=h.example|reason=listed in DenyUsers"},
	{"sshd", "User dave not allowed because account is locked", EVENT_OTHER, "type=user-refused|reason=account is locked"},
	/* Keys. */
	{"sshd", "Accepted key ED25519 " KEY " found at /home/a/.ssh/authorized_keys:1", EVENT_AUTH_PARTIAL, "type=key-asked|fp=" KEY "|path=/home/a/.ssh/authorized_keys:1"}, /* 7.7 */
	{"sshd", "Found matching RSA key: 3e:fd:01", EVENT_AUTH_PARTIAL, "type=key-asked|key_type=RSA|fp=3e:fd:01"}, /* to 6.2 */
	{"sshd", "Accepted certificate ID \"carol 1\" (serial 7) signed by ED25519 CA " CA " via /etc/ssh/ca.pub", EVENT_AUTH_PARTIAL, "type=key-asked|cert_id=carol 1|cert_serial=7|ca_fp=" CA "|path=/etc/ssh/ca.pub"},
	{"sshd", "Accepted certificate ID \"c\" (serial 7) signed by CA ED25519 " CA " found at /h/k:3", EVENT_AUTH_PARTIAL, "type=key-asked|ca_fp=" CA "|path=/h/k:3"},
	{"sshd", "Accepted certificate ID \"c\" signed by RSA CA 3e:fd via /etc/ssh/ca.pub", EVENT_AUTH_PARTIAL, "cert_id=c|ca_fp=3e:fd"}, /* 5.5 */
	{"sshd-session", "error: Refusing certificate ID \"c d\" serial=9 signed by ED25519 CA " CA " via /etc/ssh/ca.pub: expired", EVENT_AUTH_FAIL, "cert_id=c d|cert_serial=9|reason=expired|level=err|path=/etc/ssh/ca.pub"}, /* 10.1 */
	{"sshd-session", "error: Refusing certificate ID \"c\" serial=9 signed by ED25519 CA " CA ": not yet valid", EVENT_AUTH_FAIL, "reason=not yet valid|ca_fp=" CA},
	{"sshd", "error: Certificate invalid: expired", EVENT_AUTH_FAIL, "type=cert-refused|reason=expired|method=publickey"},
	{"sshd", "error: Authentication key ED25519 " KEY " revoked by file /etc/ssh/revoked", EVENT_AUTH_FAIL, "type=key-revoked|fp=" KEY "|path=/etc/ssh/revoked"},
	{"sshd", "/h/.ssh/authorized_keys:4: Authentication tried for amelia with correct key but not from a permitted host (host=a.example, ip=192.0.2.9, required=10.0.0.0/8).", EVENT_AUTH_FAIL, "type=key-not-permitted-host|user=amelia|addr=192.0.2.9|path=/h/.ssh/authorized_keys:4"},
	{"sshd", "Authentication tried for amelia with correct key but not from a permitted host (host=a.example, ip=192.0.2.9).", EVENT_AUTH_FAIL, "type=key-not-permitted-host|user=amelia|addr=192.0.2.9"}, /* 5 */
	{"sshd", "cert: Authentication tried for carol with valid certificate but not from a permitted source address (192.0.2.9).", EVENT_AUTH_FAIL, "type=cert-not-permitted-host|user=carol|addr=192.0.2.9"},
	{"sshd", "error: public key SK-ED25519 " KEY " signature for amelia from 192.0.2.9 port 51000 rejected: user presence (authenticator touch) requirement not met", EVENT_AUTH_FAIL, "type=key-refused|fp=" KEY "|user=amelia|reason=user presence (authenticator touch) requirement not met|" CLIENT}, /* 8.2 */
	{"sshd", "ROOT LOGIN REFUSED FROM 192.0.2.9 port 51000", EVENT_AUTH_FAIL, "type=root-refused|user=root|" CLIENT},
	{"sshd", "ROOT LOGIN REFUSED FROM 192.0.2.9", EVENT_AUTH_FAIL, "type=root-refused|addr=192.0.2.9"},
	{"sshd", "error: maximum authentication attempts exceeded for amelia from 192.0.2.9 port 51000 ssh2 [preauth]", EVENT_OTHER, "type=max-attempts|user=amelia|preauth=1|" CLIENT},
	{"sshd", "error: PAM: Authentication failure for illegal user x y from 192.0.2.9", EVENT_OTHER, "type=pam-failure|user=x y|valid=0|reason=Authentication failure"},
	{"sshd", "error: PAM: Authentication failure for bob from h.example via 192.0.2.1", EVENT_OTHER, "type=pam-failure|user=bob|addr=h.example|laddr=192.0.2.1"},
	{"sshd", "fatal: Access denied for user bob by PAM account configuration [preauth]", EVENT_AUTH_FAIL, "type=account-refused|user=bob|level=crit"},
	{"sshd", "PAM 2 more authentication failures; logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.9  user=bob", EVENT_OTHER, "type=pam-more-failures|repeat=2|reason="},
	{"sshd", "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=NODEVssh ruser= rhost=192.0.2.9 user=bob", EVENT_OTHER, "type=pam-failure|user=bob|tty="},
	{"sudo", "bob : user NOT in sudoers ; PWD=/ ; USER=root ; COMMAND=/bin/echo ; EXIT=0", EVENT_PRIV, "success=0|cmd=/bin/echo ; EXIT=0|exit="},
	{"sshd", "PAM service(sshd) ignoring max retries; 5 > 3", EVENT_OTHER, "type=pam-max-retries|reason=5 > 3"},
	/* Begin and end of a connection. */
	{"sshd", "Connection from 192.0.2.9 port 51000 on 192.0.2.1 port 22 rdomain \"\"", EVENT_CONN_OPEN, CLIENT "|laddr=192.0.2.1|lport=22"}, /* 7.7 */
	{"sshd", "Connection from 192.0.2.9 port 51000 on 192.0.2.1 port 22", EVENT_CONN_OPEN, CLIENT "|laddr=192.0.2.1|lport=22"},
	{"sshd", "Connection from 192.0.2.9 port 51000", EVENT_CONN_OPEN, CLIENT},
	{"sshd", "Connection closed by authenticating user amelia 192.0.2.9 port 51000 [preauth]", EVENT_CONN_CLOSE, "type=closed|user=amelia|valid=1|preauth=1|" CLIENT}, /* 7.5 */
	{"sshd", "Connection closed by invalid user for a from 1.2.3.4 port 1 ssh2 192.0.2.9 port 51000 [preauth]", EVENT_CONN_CLOSE, "user=for a from 1.2.3.4 port 1 ssh2|valid=0|" CLIENT},
	{"sshd", "Connection closed by 192.0.2.9 port 51000", EVENT_CONN_CLOSE, "user=|" CLIENT},
	{"sshd", "Connection closed by 192.0.2.9 [preauth]", EVENT_CONN_CLOSE, "addr=192.0.2.9|port="},
	{"sshd", "Connection reset by 192.0.2.9 port 51000 [preauth]", EVENT_CONN_CLOSE, "type=reset|" CLIENT},
	{"sshd", "Connection reset by authenticating user a 192.0.2.9 port 51000 [preauth]", EVENT_CONN_CLOSE, "type=reset|user=a"},
	{"sshd", "Connection from authenticating user a 192.0.2.9 port 51000 timed out [preauth]", EVENT_CONN_CLOSE, "type=timeout|user=a|" CLIENT},
	{"sshd", "Timeout, client not responding from user a 192.0.2.9 port 51000", EVENT_CONN_CLOSE, "type=timeout|user=a|" CLIENT},
	{"sshd", "Disconnected from user a 192.0.2.9 port 51000", EVENT_CONN_CLOSE, "type=disconnected|user=a|" CLIENT},
	{"sshd", "Disconnected from 192.0.2.9 port 51000 [preauth]", EVENT_CONN_CLOSE, "type=disconnected|user=|" CLIENT},
	{"sshd", "Disconnecting authenticating user a b 192.0.2.9 port 51000: Change of username or service not allowed: (x,y) -> (q port 1: z,y) [preauth]", EVENT_CONN_CLOSE, "user=a b|reason=Change of username or service not allowed: (x,y) -> (q port 1: z,y)|" CLIENT},
	{"sshd", "Disconnecting: Too many authentication failures for bob [preauth]", EVENT_CONN_CLOSE, "user=bob|reason=Too many authentication failures"}, /* to 7.4 */
	{"sshd", "Received disconnect from 192.0.2.9 port 51000:11: Bye from 1.2.3.4 port 5:11: x", EVENT_CONN_CLOSE, "type=received-disconnect|reason=Bye from 1.2.3.4 port 5:11: x|" CLIENT},
	{"sshd", "Received disconnect from 2001:db8::: 11: Bye Bye [preauth]", EVENT_CONN_CLOSE, "addr=2001:db8::|reason=Bye Bye"}, /* to 7.1 */
	{"sshd", "error: Received disconnect from 192.0.2.9 port 51000:14: No supported authentication methods available [preauth]", EVENT_CONN_CLOSE, "level=err|" CLIENT},
	{"sshd", "Closing connection to 192.0.2.9 port 51000", EVENT_CONN_CLOSE, "type=closing|" CLIENT},
	{"sshd", "fatal: Timeout before authentication for 192.0.2.9 port 51000", EVENT_CONN_CLOSE, "type=login-timeout|" CLIENT},
	{"sshd", "Timeout before authentication for connection from 192.0.2.9 to 192.0.2.1, pid = 77", EVENT_CONN_CLOSE, "type=login-timeout|addr=192.0.2.9|laddr=192.0.2.1|child_pid=77"}, /* 9.8 */
	{"sshd", "drop connection #10 from [2001:db8::9]:51000 on [2001:db8::1]:22 past MaxStartups", EVENT_CONN_CLOSE, "type=dropped|addr=2001:db8::9|port=51000|laddr=2001:db8::1|lport=22|reason=past MaxStartups"},
	{"sshd", "refused connect from h.example (192.0.2.9)", EVENT_CONN_CLOSE, "type=refused|addr=192.0.2.9"},
	{"sshd", "Did not receive identification string from 192.0.2.9 port 51000", EVENT_CONN_CLOSE, "type=no-identification|" CLIENT}, /* to 7.9 */
	{"sshd", "error: kex_exchange_identification: client sent invalid protocol identifier \"x' from 6.6.6.6 port 22\"", EVENT_OTHER, "type=bad-identification|addr="}, /* 8.0 */
	{"sshd", "banner exchange: Connection from 192.0.2.9 port 51000: invalid format", EVENT_CONN_CLOSE, "reason=invalid format|" CLIENT},
	{"sshd", "ssh_dispatch_run_fatal: Connection from 192.0.2.9 port 51000: message authentication code incorrect [preauth]", EVENT_CONN_CLOSE, "type=protocol-error|reason=message authentication code incorrect|" CLIENT},
	{"sshd", "ssh_dispatch_run_fatal: Connection from authenticating user a 192.0.2.9 port 51000: Broken pipe [preauth]", EVENT_CONN_CLOSE, "user=a|reason=Broken pipe|" CLIENT},
	{"sshd", "Bad protocol version identification 'GET / from 1.1.1.1 port 1' from 192.0.2.9 port 51000", EVENT_CONN_CLOSE, "reason=GET / from 1.1.1.1 port 1|" CLIENT},
	{"sshd", "error: Protocol major versions differ: 2 vs. 1", EVENT_OTHER, "type=bad-identification|reason=2 vs. 1"},
	{"sshd", "scanned from 192.0.2.9 port 51000 with SSH-1.0-SSH_Version_Mapper.  Don't panic.", EVENT_CONN_CLOSE, "type=scan|" CLIENT},
	{"sshd", "Unable to negotiate with 192.0.2.9 port 51000: no matching cipher found. Their offer: 3des-cbc [preauth]", EVENT_CONN_CLOSE, "reason=no matching cipher found. Their offer: 3des-cbc|" CLIENT},
	{"sshd", "fatal: Unable to negotiate with 192.0.2.9: no matching cipher found. Their offer: x [preauth]", EVENT_CONN_CLOSE, "addr=192.0.2.9|level=crit"}, /* 7.0 */
	{"sshd", "fatal: Read from socket failed: Connection reset by peer [preauth]", EVENT_CONN_CLOSE, "type=read-error|reason=Connection reset by peer"},
	/* Channels and forwards. */
	{"sshd", "User child is on pid 141", EVENT_OTHER, "type=user-child|child_pid=141"},
	{"sshd", "Starting session: shell on pts/0 for amelia from 192.0.2.9 port 51000 id 0", EVENT_CHANNEL_OPEN, "chan_type=shell|tty=pts/0|user=amelia|chan=0|" CLIENT}, /* 7.2 */
	{"sshd", "Starting session: shell on pts/0 for amelia from 192.0.2.9 port 51000", EVENT_CHANNEL_OPEN, "chan_type=shell|tty=pts/0|chan="}, /* 6.5 */
	{"sshd", "Starting session: command for amelia from 192.0.2.9 port 51000 id 1", EVENT_CHANNEL_OPEN, "chan_type=command|chan=1|tty="},
	{"sshd", "Starting session: subsystem 'sftp' for amelia from 192.0.2.9 port 51000 id 0", EVENT_CHANNEL_OPEN, "chan_type=subsystem|service=sftp"},
	{"sshd", "Starting session: forced-command (config) 'sh -c 'x' for bob from 1.1.1.1 port 1 id 9' for amelia from 192.0.2.9 port 51000 id 0", EVENT_CHANNEL_OPEN, "chan_type=forced-command|type=config|cmd=sh -c 'x' for bob from 1.1.1.1 port 1 id 9|user=amelia|" CLIENT},
	{"sshd", "Starting session: forced-command (key-option) '/bin/true' on pts/3 for amelia from 192.0.2.9 port 51000 id 0", EVENT_CHANNEL_OPEN, "type=key-option|cmd=/bin/true|tty=pts/3"},
	{"sshd", "Close session: user amelia from 192.0.2.9 port 51000 id 0", EVENT_CHANNEL_CLOSE, "user=amelia|chan=0|" CLIENT},
	{"sshd", "subsystem request for a by user b by user amelia failed, subsystem not found", EVENT_CHANNEL_OPEN, "service=a by user b|user=amelia|success=0"},
	{"sshd", "subsystem request for sftp by user amelia", EVENT_CHANNEL_OPEN, "service=sftp|user=amelia|success="}, /* 5 and 6 */
	{"sshd", "Transferred: sent 3664, received 3404 bytes", EVENT_OTHER, "type=transferred|bytes_read=3664|bytes_written=3404"},
	{"sshd", "refused local port forward: originator 127.0.0.1 port 57120, target 10.0.0.1 port 8099", EVENT_FORWARD, "dest=10.0.0.1|dport=8099|success=0|addr="},
	{"sshd", "refused streamlocal port forward: originator unknown port 0, target /run/x sock", EVENT_FORWARD, "path=/run/x sock|success=0"},
	{"sshd", "Received request from 192.0.2.9 port 51000 to connect to host a b port 99, but the request was denied.", EVENT_FORWARD, "dest=a b|dport=99|" CLIENT},
	{"sshd", "Received request from 192.0.2.9 port 51000 to remote forward to host * port 99, but the request was denied.", EVENT_FORWARD, "type=remote|dport=99"},
	{"sshd", "error: connect_to 127.0.0.1 port 9: failed.", EVENT_FORWARD, "dest=127.0.0.1|dport=9|reason=connect failed"},
	{"sshd", "error: connect_to h.example: unknown host (Name or service not known)", EVENT_FORWARD, "dest=h.example|reason=Name or service not known"},
	/* The daemon. */
	{"sshd-session", "administratively prohibited connection for invalid user x from 1.1.1.1 port 2 from 192.0.2.9 port 51000", EVENT_CONN_CLOSE, "type=refused|user=x from 1.1.1.1 port 2|valid=0|" CLIENT}, /* 10.0 */
	{"sshd", "Account bob has expired", EVENT_OTHER, "type=user-refused|user=bob|reason=account has expired|valid=0"},
	{"sshd", "User bob password has expired (password aged)", EVENT_OTHER, "type=user-refused|user=bob|reason=password aged"},
	{"sshd", "Accepted certificate ID \"h from a\" signed by ED25519 CA " CA " from bob@h.example", EVENT_AUTH_PARTIAL, "type=key-asked|cert_id=h from a|ca_fp=" CA},
	{"sshd", "Accepted ED25519 public key " KEY " from bob@h.example", EVENT_AUTH_PARTIAL, "type=key-asked|fp=" KEY "|user="},
	{"sshd", "error: Certificate lacks principal list", EVENT_AUTH_FAIL, "type=cert-refused|method="},
	{"sshd", "error: Certificate critical option \"x\" is not supported", EVENT_OTHER, "type=cert-option|reason=critical option \"x\" is not supported"},
	{"sshd", "error: Error checking authentication key RSA " KEY " in revoked keys file /etc/ssh/revoked: No such file or directory", EVENT_AUTH_FAIL, "type=key-revoked|fp=" KEY},
	{"sshd", "Authentication refused: bad ownership or modes for directory /home/a b", EVENT_OTHER, "type=key-file-refused|reason=bad ownership or modes for directory /home/a b"},
	{"sshd", "Authentication refused for bob: bad owner or modes for /h/.shosts", EVENT_OTHER, "type=key-file-refused|user=bob"},
	{"sshd", "Could not open user 'bob' authorized keys '/h/a b': Permission denied", EVENT_OTHER, "type=key-file-refused|user=bob|path=/h/a b|reason=Permission denied"}, /* 9.3 */
	{"sshd", "User 'bob' authorized keys '/h/a b' is not a regular file", EVENT_OTHER, "user=bob|path=/h/a b"},
	{"sshd", "User bob authorized keys /h/a b is not a regular file", EVENT_OTHER, "user=bob|path=/h/a b"}, /* to 9.2 */
	{"sshd", "error: AuthorizedKeysCommand /usr/bin/keys bob failed, status 1", EVENT_OTHER, "type=key-command|level=err"},
	{"sshd", "userauth_pubkey: signature algorithm ssh-rsa not in PubkeyAcceptedAlgorithms [preauth]", EVENT_OTHER, "type=key-unusable|preauth=1|reason=signature algorithm ssh-rsa not in PubkeyAcceptedAlgorithms"}, /* 8.8 */
	{"sshd", "userauth_pubkey: key type ssh-dss not in PubkeyAcceptedKeyTypes [preauth]", EVENT_OTHER, "type=key-unusable"}, /* 7.0 */
	{"sshd", "error: RSA key type ssh-rsa is not in permitted list x,y", EVENT_OTHER, "type=key-unusable|key_type=ssh-rsa"},
	{"sshd", "userauth_hostbased mismatch: client sends a, but we resolve 192.0.2.9 to b", EVENT_OTHER, "type=host-mismatch|addr="},
	{"sshd", "error: PAM: pam_open_session(): Cannot make/remove an entry for the specified session", EVENT_OTHER, "type=pam-error"},
	{"sshd", "Timeout before authentication for connection from 2001:db8::9 to 2001:db8::1, pid = 77 (early)", EVENT_CONN_CLOSE, "type=login-timeout|addr=2001:db8::9|laddr=2001:db8::1|child_pid=77"}, /* 9.9 */
	{"sshd", "terminating inactive connection from user a b 192.0.2.9 port 51000", EVENT_CONN_CLOSE, "type=timeout|user=a b|reason=inactive|" CLIENT}, /* 9.2 */
	{"sshd", "dispatch_protocol_error: type 20 seq 3 [preauth]", EVENT_OTHER, "type=bad-protocol"},
	{"sshd", "error: Hm, kex protocol error: type 30 seq 1 [preauth]", EVENT_OTHER, "type=bad-protocol"}, /* to 6.8 */
	{"sshd", "fatal: Username too long from 192.0.2.9 port 51000", EVENT_CONN_CLOSE, "level=crit|" CLIENT},
	{"sshd", "fatal: no hostkey alg [preauth]", EVENT_CONN_CLOSE, "type=no-negotiation"}, /* to 6.9 */
	{"sshd", "error: send_error: write: Connection reset by peer", EVENT_OTHER, "type=write-error|reason=write: Connection reset by peer"}, /* 8.1 */
	{"sshd", "error: ssh_msg_send: write: Broken pipe", EVENT_OTHER, "type=write-error"},
	{"sshd", "Changed root directory to \"/srv/a \"b\"", EVENT_OTHER, "type=chroot|path=/srv/a \"b"},
	{"sshd", "fatal: bad ownership or modes for chroot directory \"/srv\"", EVENT_OTHER, "type=chroot-refused"},
	{"sshd", "error: Connection from 2001:db8::9: refusing non-sftp session", EVENT_CHANNEL_OPEN, "addr=2001:db8::9|success=0"},
	{"sshd", "error: no more sessions", EVENT_CHANNEL_OPEN, "success=0"},
	{"sshd", "channel 3: closing after 60 seconds of inactivity", EVENT_OTHER, "type=channel-ended|chan=3|reason=closing after 60 seconds of inactivity"}, /* 9.2 */
	{"sshd", "Received request from 192.0.2.9 port 51000 to remote forward, but the request was denied.", EVENT_FORWARD, "type=remote|success=0|" CLIENT}, /* 8.1 */
	{"sshd", "Received request to connect to path /run/a b, but the request was denied.", EVENT_FORWARD, "path=/run/a b|success=0"},
	{"sshd", "error: bind [::1]:8080: Address already in use", EVENT_FORWARD, "type=remote|laddr=::1|lport=8080|reason=Address already in use"},
	{"sshd", "error: listen [127.0.0.1]:8080: Address already in use", EVENT_FORWARD, "type=remote|laddr=127.0.0.1|lport=8080"},
	{"sshd", "X11 connection rejected because of wrong authentication.", EVENT_FORWARD, "type=x11|success=0"},
	{"sshd", "Server listening on :: port 22 rdomain \"4\".", EVENT_OTHER, "type=listening|laddr=::|lport=22"},
	{"sshd", "error: Bind to port 22 on :: failed: Address already in use.", EVENT_OTHER, "type=listen-failed|lport=22|laddr=::"},
	{"sshd", "error: Could not load host key: /etc/ssh/ssh_host_dsa_key", EVENT_OTHER, "type=host-key"},
	{"sshd", "error: Unable to load host key \"/etc/ssh/k\": invalid format", EVENT_OTHER, "type=host-key"},
	{"sshd", "Session process 55 unpriv child crash for connection from 192.0.2.9 to 192.0.2.1", EVENT_OTHER, "type=crash|child_pid=55|addr=192.0.2.9"}, /* 10.0 */
	{"sshd", "fatal: privsep_preauth: preauth child terminated by signal 31", EVENT_OTHER, "type=crash|reason=terminated by signal 31"},
	{"sshd", "fatal: monitor_read: unpermitted request 104", EVENT_OTHER, "type=monitor-refused|reason=unpermitted request 104"},
	{"sshd", "PerSourcePenalties logging rate-limited: additional 12 connections dropped", EVENT_OTHER, "type=dropped|reason=additional 12 connections dropped"}, /* 9.8 */
	{"sshd", "warning: /etc/hosts.allow, line 10: can't verify hostname: getaddrinfo(x, AF_INET) failed", EVENT_OTHER, "type=tcp-wrappers"},
	{"sshd", "Server listening on 0.0.0.0 port 22.", EVENT_OTHER, "type=listening|laddr=0.0.0.0|lport=22"},
	{"sshd", "Received signal 15; terminating.", EVENT_AGENT_STOP, "signal=15"},
	{"sshd", "Received SIGHUP; restarting.", EVENT_AGENT_START, "type=restart"},
	{"sshd", "session process 55 for connection from 192.0.2.9 to 192.0.2.1 killed by signal 11", EVENT_OTHER, "type=crash|child_pid=55|signal=11|addr=192.0.2.9"}, /* 9.8 */
	{"sshd", "srclimit_penalise: ipv4: new 192.0.2.9/32 deferred penalty of 5 seconds for penalty: failed authentication", EVENT_OTHER, "type=penalty"},
	{"sshd", "Address 192.0.2.9 maps to h.example, but this does not map back to the address - POSSIBLE BREAK-IN ATTEMPT!", EVENT_OTHER, "type=reverse-dns|addr=192.0.2.9"},
	{"sshd", "reverse mapping checking getaddrinfo for h.example [192.0.2.9] failed.", EVENT_OTHER, "type=reverse-dns|addr=192.0.2.9"},
	{"sshd", "auth2.c:userauth_finish():389 (bin=sshd-session, pid=42): error: maximum authentication attempts exceeded for invalid user x from 192.0.2.9 port 51000 ssh2 [preauth]", EVENT_OTHER, "type=max-attempts|user=x|level=err|" CLIENT},
	/* vis(3): once, or twice before authentication. */
	{"sshd", "Invalid user J\\303\\266rg\\t\\\\ from 192.0.2.9 port 51000", EVENT_OTHER, "user=J\303\266rg\t\\|" CLIENT},
	{"sshd", "Connection closed by invalid user J\\\\303\\\\266rg 192.0.2.9 port 51000 [preauth]", EVENT_CONN_CLOSE, "user=J\303\266rg"},
	{"sshd", "Connection closed by invalid user J\\303\\266rg 192.0.2.9 port 51000 [preauth]", EVENT_CONN_CLOSE, "user=J\303\266rg"}, /* 10.3 */
};

static const struct message_case other_cases[] = {
	{"sshd", "pam_unix(sshd:session): session opened for user amelia(uid=3001) by (uid=0)", EVENT_SESSION_OPEN, "service=sshd|user=amelia|uid=3001"},
	{"sshd", "pam_unix(sshd:session): session opened for user amelia by (uid=0)", EVENT_SESSION_OPEN, "user=amelia|uid="},
	{"sshd", "pam_unix(sshd:session): session closed for user amelia", EVENT_SESSION_CLOSE, "service=sshd|user=amelia"},
	{"sshd(pam_unix)", "session opened for user root by (uid=0)", EVENT_SESSION_OPEN, "service=sshd|user=root"},
	{"CRON", "pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)", EVENT_SESSION_OPEN, "service=cron|user=root|uid=0"},
	{"sshd", "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.9  user=bob", EVENT_OTHER, "type=pam-failure|user=bob|addr=192.0.2.9|service=sshd|tty="},
	{"sshd", "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.9", EVENT_OTHER, "user=|addr=192.0.2.9"},
	{"sudo", "pam_unix(sudo:auth): authentication failure; logname=a uid=3001 euid=0 tty=/dev/pts/1 ruser=a rhost=  user=a", EVENT_AUTH_FAIL, "service=sudo|user=a|uid=3001|tty=pts/1|method=pam"},
	{"login", "pam_unix(login:auth): authentication failure; logname=LOGIN uid=0 euid=0 tty=tty1 ruser= rhost=", EVENT_AUTH_FAIL, "service=login|tty=tty1|user="},
	{"sshd", "pam_unix(sshd:auth): check pass; user unknown", EVENT_OTHER, "type=pam-unknown-user|valid=0"},
	{"sshd", "pam_faillock(sshd:auth): Consecutive login failures for user bob account temporarily locked", EVENT_ACCOUNT, "user=bob|op=lock"},
	{"sshd", "pam_sss(sshd:auth): received for user bob: 7 (Authentication failure)", EVENT_OTHER, "user=bob|reason=Authentication failure"},
	{"sshd", "pam_access(sshd:account): access denied for user `bob' from `192.0.2.9'", EVENT_OTHER, "type=pam-denied|user=bob|addr=192.0.2.9"},
	{"passwd", "pam_unix(passwd:chauthtok): password changed for bob", EVENT_ACCOUNT, "target=bob|op=change-password"},
	{"unix_chkpwd", "password check failed for user (bob)", EVENT_OTHER, "type=pam-password-failed|user=bob"},
	{"sudo", "amelia : TTY=pts/0 ; PWD=/home/amelia ; USER=root ; COMMAND=/usr/bin/apt update ; USER=bob", EVENT_PRIV, "user=amelia|target=root|tty=pts/0|cwd=/home/amelia|cmd=/usr/bin/apt update ; USER=bob|success=1|via=sudo"},
	{"sudo", "amelia : user NOT in sudoers ; TTY=unknown ; PWD=/ ; USER=root ; COMMAND=/bin/id", EVENT_PRIV, "reason=user NOT in sudoers|success=0|cmd=/bin/id|tty="},
	{"sudo", "amelia : 3 incorrect password attempts ; TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/id", EVENT_PRIV, "reason=3 incorrect password attempts|success=0"},
	{"sudo", "amelia : HOST=h ; CHROOT=/c ; PWD=/ ; USER=root ; GROUP=adm ; TSID=000001 ; ENV=A=b ; COMMAND=/bin/id", EVENT_PRIV, "target=root|cmd=/bin/id|success=1"},
	{"sudo", "amelia : PWD=/x ; USER=root ; COMMAND=/bin/ls ; USER=bob ; COMMAND=/bin/sh", EVENT_PRIV, "cmd=/bin/ls ; USER=bob ; COMMAND=/bin/sh|inferred=the line holds COMMAND= more than once: cmd begins at the first"},
	{"sudo", "amelia : (command continued) --more", EVENT_PRIV, "type=command-continued|cmd=--more|partial=1|user=amelia"},
	{"sudo", "amelia : PWD=/ ; USER=root ; COMMAND=/bin/false ; EXIT=1", EVENT_PRIV, "type=exit-status|exit=1|cmd=/bin/false"},
	{"sudo", "amelia : PWD=/ ; USER=root ; COMMAND=/bin/x ; SIGNAL=TERM ; EXIT=143", EVENT_PRIV, "type=exit-status|exit=143|signal=15|cmd=/bin/x"},
	{"sudo", "amelia : PWD=/ ; USER=root ; COMMAND=/bin/x ; SIGNAL=KILL", EVENT_PRIV, "type=exit-status|exit=|signal=9|cmd=/bin/x"},
	{"sudo", "amelia : PWD=/ ; USER=root ; COMMAND=/bin/x ; SIGNAL=NO", EVENT_PRIV, "type=|signal=|cmd=/bin/x ; SIGNAL=NO"},
	{"su", "(to root) amelia on pts/0", EVENT_PRIV, "user=amelia|target=root|tty=pts/0|success=1|via=su"},
	{"su", "FAILED SU (to root) amelia on pts/0", EVENT_PRIV, "user=amelia|target=root|success=0"},
	{"su", "Successful su for root by amelia", EVENT_PRIV, "user=amelia|target=root|success=1"},
	{"su", "+ /dev/pts/0 amelia:root", EVENT_PRIV, "user=amelia|target=root|tty=pts/0"},
	{"su", "- pts/0 amelia:root", EVENT_PRIV, "success=0"},
	{"pkexec", "amelia: Executing command [USER=root] [TTY=/dev/pts/0] [CWD=/home/a b] [COMMAND=/bin/x [y] z]", EVENT_PRIV, "user=amelia|target=root|tty=pts/0|cwd=/home/a b|cmd=/bin/x [y] z|via=pkexec"},
	{"pkexec", "amelia: Error executing command as another user: Not authorized [USER=root] [TTY=unknown] [CWD=/] [COMMAND=/bin/x]", EVENT_PRIV, "reason=Not authorized|success=0|tty="},
	{"doas", "amelia ran command ls -l as root from /tmp", EVENT_PRIV, "user=amelia|target=root|cmd=ls -l|cwd=/tmp|via=doas"},
	{"doas", "command not permitted for amelia: ls", EVENT_PRIV, "user=amelia|cmd=ls|success=0"},
	{"doas", "failed auth for amelia", EVENT_AUTH_FAIL, "user=amelia|service=doas"},
	{"systemd-logind", "New session 7 of user amelia.", EVENT_OTHER, "type=logind-session|user=amelia"},
	{"systemd-logind", "New session '7' of user 'amelia' with class 'user' and type 'tty'.", EVENT_OTHER, "type=logind-session|user=amelia"},
	{"systemd-logind", "Removed session 7.", EVENT_OTHER, "type=logind-removed"},
	{"useradd", "new user: name=eve, UID=1005, GID=1005, home=/home/eve, shell=/bin/bash, from=/dev/pts/1", EVENT_ACCOUNT, "target=eve|uid=1005|op=add-user"},
	{"useradd", "new group: name=eve, GID=1005", EVENT_ACCOUNT, "target=eve|op=add-group"},
	{"usermod", "add 'eve' to group 'sudo'", EVENT_ACCOUNT, "target=eve|path=sudo|op=add-to-group"},
	{"usermod", "change user 'eve' shell from '/bin/sh' to '/bin/bash'", EVENT_ACCOUNT, "target=eve|op=change-shell"},
	{"userdel", "delete user 'eve'", EVENT_ACCOUNT, "target=eve|op=remove-user"},
	{"groupadd", "group added to /etc/group: name=dev, GID=1010", EVENT_ACCOUNT, "target=dev|op=add-group"},
	{"gpasswd", "user eve added by root to group sudo", EVENT_ACCOUNT, "target=eve|user=root|op=add-to-group"},
	{"chage", "changed password expiry for eve", EVENT_ACCOUNT, "target=eve|op=change-expiry"},
	{"internal-sftp", "session opened for local user amelia from [192.0.2.9]", EVENT_CHANNEL_OPEN, "user=amelia|addr=192.0.2.9|service=internal-sftp|chan_type=subsystem"},
	{"sftp-server", "session closed for local user amelia from [2001:db8::9]", EVENT_CHANNEL_CLOSE, "user=amelia|addr=2001:db8::9|service=sftp-server"},
	{"internal-sftp", "open \"/a\" flags READ mode 0666\" flags WRITE,CREATE,TRUNCATE mode 0644", EVENT_FILE, "path=/a\" flags READ mode 0666|op=open|direction=upload|mode=420"},
	{"internal-sftp", "open \"/a b\" flags READ mode 0666", EVENT_FILE, "path=/a b|direction=download"},
	{"internal-sftp", "close \"/a\" bytes read 0 written 1200", EVENT_FILE, "path=/a|op=close|bytes_read=0|bytes_written=1200|direction=upload"},
	{"internal-sftp", "forced close \"/a\" bytes read 7 written 0", EVENT_FILE, "type=forced|bytes_read=7|direction=download"},
	{"internal-sftp", "rename old \"/a b\" new \"/c\"", EVENT_FILE, "op=rename|path=/a b|path2=/c"},
	{"internal-sftp", "set \"/a\" mode 0600", EVENT_FILE, "op=chmod|mode=384|path=/a"},
	{"internal-sftp", "remove name \"/J\\303\\266rg\"", EVENT_FILE, "op=remove|path=/J\303\266rg"},
	{"internal-sftp", "Refusing open request in read-only mode", EVENT_OTHER, "type=sftp-refused|reason=open request in read-only mode"},
	{"sftp-server", "error: process_write: write \"/a\": No space left on device", EVENT_OTHER, "type=sftp-error"},
	{"internal-sftp", "sent status No such file", EVENT_OTHER, "type=sftp-status|reason=No such file"},
};
/* clang-format on */

static void check_with(
    const struct message_case *c, struct form_indexes *indexes, struct arena *a)
{
	struct event ev;
	struct message m = {.text = str_z(c->text),
	    .ident = str_z(c->ident),
	    .ev = &ev,
	    .scratch = a,
	    .indexes = indexes};
	enum message_result r;

	event_init(&ev, EVENT_GAP);
	r = message_parse(&m, program_find(m.ident));
	if (r != MESSAGE_KNOWN || ev.kind != c->kind)
		fail_msg("%s: %s: result %d, kind %s", c->ident, c->text,
		    (int)r, event_kind_name(ev.kind));
	test_event_has(&ev, c->fields);
	arena_reset(a);
}

/* An index changes nothing. */
static void check_all(const struct message_case *cases, size_t n)
{
	struct form_indexes *indexes = form_indexes_new();
	struct arena a = ARENA_INIT;

	assert_non_null(indexes);
	for (size_t i = 0; i < n; i++) {
		check_with(&cases[i], NULL, &a);
		check_with(&cases[i], indexes, &a);
	}
	form_indexes_free(indexes);
	arena_free(&a);
}

static void test_sshd(void **state)
{
	check_all(sshd_cases, sizeof sshd_cases / sizeof *sshd_cases);
}

static void test_others(void **state)
{
	check_all(other_cases, sizeof other_cases / sizeof *other_cases);
}

static void test_not_known(void **state)
{
	static const struct {
		const char *ident, *text;
		enum message_result want;
	} cases[] = {
	    {"sshd", "", MESSAGE_UNKNOWN},
	    {"sshd", "Accepted password for root", MESSAGE_UNKNOWN},
	    {"sshd", "Accepted password for root from 1.1.1.1 port x ssh2",
		MESSAGE_UNKNOWN},
	    {"sshd", "x Accepted password for root from 1.1.1.1 port 1 ssh2",
		MESSAGE_UNKNOWN},
	    {"sshd", "Accepted password for root from 1.1.1.1 port 1 ssh2 x",
		MESSAGE_UNKNOWN},
	    {"sudo", "hello", MESSAGE_UNKNOWN},
	    {"sudo", "a : b", MESSAGE_UNKNOWN},
	    {"useradd", "hello", MESSAGE_KEPT},
	    {"cron", "Accepted password for root from 1.1.1.1 port 1 ssh2",
		MESSAGE_IGNORED},
	    {"", "x", MESSAGE_IGNORED},
	};
	struct arena a = ARENA_INIT;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct event ev;
		struct message m = {.text = str_z(cases[i].text),
		    .ident = str_z(cases[i].ident),
		    .ev = &ev,
		    .scratch = &a};

		event_init(&ev, EVENT_OTHER);
		assert_int_equal(
		    message_parse(&m, program_find(m.ident)), cases[i].want);
		assert_int_equal(ev.kind, EVENT_OTHER);
	}
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_sshd),
	    cmocka_unit_test(test_others),
	    cmocka_unit_test(test_not_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
