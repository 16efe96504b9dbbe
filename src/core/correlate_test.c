/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/scenario.h"

struct scene {
	const char *name;
	const char *events;
	const char *want;
};

#define AUDIT_LOGIN(t, ses, pid, auid)                                         \
	"audit session.open " t " type=LOGIN trust=kernel ses=" ses            \
	" pid=" pid " auid=" auid " ident=sshd exe=/usr/sbin/sshd\n"
#define AUDIT_START(t, ses, pid, user, addr)                                   \
	"audit session.open " t " ses=" ses " pid=" pid " user=" user          \
	" addr=" addr " tty=ssh exe=/usr/sbin/sshd\n"
#define AUDIT_END(t, ses, pid)                                                 \
	"audit session.close " t " ses=" ses " pid=" pid                       \
	" exe=/usr/sbin/sshd op=PAM:session_close\n"
#define AUDIT_EXEC(t, ses, pid, ppid, argv)                                    \
	"audit exec " t " ses=" ses " pid=" pid " ppid=" ppid                  \
	" tty=pts0 argv=" argv "\n"
#define BPF_EXEC(t, ses, pid, ppid, argv)                                      \
	"bpf exec " t " trust=kernel boot=b1 auid=1000 ses=" ses " pid=" pid   \
	" ppid=" ppid " tty=pts/0 success=1 argv=" argv "\n"
#define ROOT_EXEC(t, ses, pid, ppid, argv)                                     \
	"audit exec " t " ses=" ses " pid=" pid " ppid=" ppid                  \
	" euid=0 argv=" argv "\n"
#define CONN(t, pid, addr, port)                                               \
	"auth-log conn.open " t " ident=sshd pid=" pid " addr=" addr           \
	" port=" port "\n"
#define ACCEPTED(t, pid, user, addr, port)                                     \
	"auth-log auth.ok " t " ident=sshd pid=" pid " user=" user             \
	" addr=" addr " port=" port " method=publickey fp=SHA256:x\n"
#define FACTOR(t, type, fp)                                                    \
	"auth-log auth.partial " t " ident=sshd pid=100 user=ann "             \
	"addr=192.0.2.1 port=5000 method=publickey type=" type " fp=" fp "\n"
#define PASSWORD(t)                                                            \
	"auth-log auth.ok " t " ident=sshd pid=100 user=ann addr=192.0.2.1 "   \
	"port=5000 method=password\n"
#define CHILD(t, pid, child)                                                   \
	"auth-log other " t " ident=sshd pid=" pid " child_pid=" child "\n"
#define SHELL(t, pid, user, addr, port, tty)                                   \
	"auth-log channel.open " t " ident=sshd pid=" pid " user=" user        \
	" addr=" addr " port=" port " chan_type=shell tty=" tty "\n"
#define GONE(t, pid, addr, port)                                               \
	"auth-log conn.close " t " ident=sshd pid=" pid " addr=" addr          \
	" port=" port " reason=user\n"
#define PAM_CLOSED(t, pid, user)                                               \
	"auth-log session.close " t " ident=sshd pid=" pid " user=" user "\n"

#define AUDIT_A                                                                \
	AUDIT_LOGIN("101", "4", "100", "1000")                                 \
	AUDIT_START("101.1", "4", "100", "ann", "192.0.2.1")                   \
	AUDIT_EXEC("102", "4", "110", "105", "-bash")                          \
	AUDIT_EXEC("103", "4", "111", "110", "ls,-l")                          \
	AUDIT_END("120", "4", "100")
#define BPF_BEGIN(t, ses, pid, addr, port)                                     \
	"bpf session.open " t " type=LOGIN trust=kernel comm=sshd ses=" ses    \
	" pid=" pid " addr=" addr " port=" port "\n"
#define LOG_A                                                                  \
	CONN("100", "100", "192.0.2.1", "5000")                                \
	ACCEPTED("101", "100", "ann", "192.0.2.1", "5000")                     \
	CHILD("101", "100", "105")                                             \
	SHELL("102", "105", "ann", "192.0.2.1", "5000", "pts/0")               \
	GONE("120", "105", "192.0.2.1", "5000")                                \
	PAM_CLOSED("120", "100", "ann")
#define WTMP_A                                                                 \
	"utmp session.open 102 pid=105 user=ann addr=192.0.2.1 tty=pts/0\n"    \
	"utmp session.close 120 pid=105 tty=pts/0\n"
#define RECORDED(t, n, of)                                                     \
	"recordings channel.open " t " recording_chain=c recording=" n " " of  \
	"\n"
#define RECORDED_END(t, n)                                                     \
	"recordings channel.close " t " recording_chain=c recording=" n "\n"
#define DIV "---\n"

static const struct scene scenes[] = {
    {"audit only", AUDIT_A,
	"1 origin=sshd user=ann addr=192.0.2.1 ses=4 tty=pts/0 101-120 LCHY "
	"exec=2\n"},
    {"auth.log only", LOG_A,
	"1 origin=sshd user=ann addr=192.0.2.1 port=5000 method=publickey "
	"tty=pts/0 100-120 LCHY reason=user\n"},
    {"wtmp only", WTMP_A,
	"1 user=ann addr=192.0.2.1 tty=pts/0 102-120 LCHYI\n"},
    {"all three, any order", LOG_A DIV WTMP_A DIV AUDIT_A,
	"3 origin=sshd user=ann addr=192.0.2.1 port=5000 ses=4 "
	"method=publickey tty=pts/0 100-120 LCHY exec=2 reason=user\n"},
    {"all three in one run", LOG_A WTMP_A AUDIT_A,
	"3 origin=sshd user=ann addr=192.0.2.1 port=5000 ses=4 "
	"method=publickey tty=pts/0 100-120 LCHY exec=2 reason=user\n"},
    {"audit and wtmp, without sshd's lines", WTMP_A DIV AUDIT_A,
	"2 origin=sshd user=ann addr=192.0.2.1 ses=4 tty=pts/0 101-120 LCHY "
	"exec=2\n"},
    {"copies by programs, and what only looks like them",
	AUDIT_EXEC("101", "1", "110", "105", "/usr/bin/rsync,--server,-e.x")
	    AUDIT_EXEC("102", "2", "111", "105", "scp,-v,-t,x")
		AUDIT_EXEC("103", "3", "112", "105", "rsync,a,--server")
		    AUDIT_EXEC("104", "4", "113", "105", "scp,x,-t")
			AUDIT_EXEC("105", "5", "114", "105", "scp"),
	"1 ses=1 tty=pts/0 101-101 TY exec=1\n"
	"1 ses=2 tty=pts/0 102-102 TY exec=1\n"
	"1 ses=3 tty=pts/0 103-103 Y exec=1\n"
	"1 ses=4 tty=pts/0 104-104 Y exec=1\n"
	"1 ses=5 tty=pts/0 105-105 Y exec=1\n"},
    {"a login for which PAM takes long, seen by programs in the kernel",
	ACCEPTED("101", "100", "ann", "192.0.2.1", "5000")
	    BPF_BEGIN("141", "4", "100", "192.0.2.1", "5000"),
	"2 origin=sshd user=ann addr=192.0.2.1 port=5000 ses=4 "
	"method=publickey 101-141 LH\n"},
    {"the same, seen by audit before, and others logged in meanwhile",
	"audit session.open 101 type=LOGIN trust=kernel boot=B ses=4 pid=100 "
	"auid=1000\n"
	"audit session.open 110 type=LOGIN trust=kernel boot=B ses=40 pid=300 "
	"auid=1000\n"
	"bpf session.open 141 type=LOGIN trust=kernel boot=B ses=4 pid=100 "
	"auid=1000\n"
	"bpf session.open 142 type=LOGIN trust=kernel boot=B ses=5 pid=110 "
	"auid=1000\n"
	"audit exec 150 boot=B ses=40 pid=310 argv=a\n",
	"1 ses=4 101-141 L\n1 ses=40 110-150 L exec=1\n1 ses=5 142-142 L\n"},
    {"the same, told by another audit log",
	"audit session.open 101 type=LOGIN trust=kernel ses=4 pid=100 "
	"auid=1000\n"
	"audit exec 150 ses=4 pid=110 argv=a\n" DIV
	"bpf session.open 141 type=LOGIN trust=kernel ses=4 pid=100 "
	"auid=1000\n",
	"2 ses=4 101-150 L exec=1\n"},
    {"no such LOGIN: behind all that is known, or of another process",
	"audit session.open 101 type=LOGIN trust=kernel ses=4 pid=100 "
	"auid=1000\n"
	"audit session.open 101 type=LOGIN trust=kernel ses=5 pid=105 "
	"auid=1000\n"
	"audit exec 150 ses=5 pid=110 argv=a\n" DIV
	"bpf session.open 141 type=LOGIN trust=kernel ses=4 pid=100 "
	"auid=1000\n"
	"bpf session.open 141 type=LOGIN trust=kernel ses=5 pid=106 "
	"auid=1000\n",
	"1 ses=4 101-101 L\n1 ses=5 101-150 L exec=1\n"
	"1 ses=5 141-141 L\n1 ses=4 141-141 L\n"},
    {"the same where its end was seen",
	ACCEPTED("101", "100", "ann", "192.0.2.1", "5000")
	    GONE("150", "105", "192.0.2.1", "5000")
		BPF_BEGIN("141", "4", "100", "192.0.2.1", "5000"),
	"2 origin=sshd user=ann addr=192.0.2.1 port=5000 ses=4 "
	"method=publickey 101-150 LCH reason=user\n"},
    {"no such login: behind the end, or of another connection",
	ACCEPTED("101", "100", "ann", "192.0.2.1", "5000")
	    GONE("130", "105", "192.0.2.1", "5000")
		BPF_BEGIN("141", "4", "100", "192.0.2.1", "5000")
		    ACCEPTED("201", "200", "bob", "192.0.2.1", "5001")
			BPF_BEGIN("241", "5", "200", "192.0.2.1", "5002"),
	"1 origin=sshd user=ann addr=192.0.2.1 port=5000 method=publickey "
	"101-130 LCH reason=user\n"
	"1 origin=sshd addr=192.0.2.1 port=5000 ses=4 141-141 LH\n"
	"1 origin=sshd user=bob addr=192.0.2.1 port=5001 method=publickey "
	"201-201 LH\n"
	"1 origin=sshd addr=192.0.2.1 port=5002 ses=5 241-241 LH\n"},
    {"pid used again for another login",
	LOG_A ACCEPTED("200", "100", "bob", "192.0.2.9", "6000")
	    PAM_CLOSED("210", "100", "bob"),
	"1 origin=sshd user=ann addr=192.0.2.1 port=5000 method=publickey "
	"tty=pts/0 100-120 LCHY reason=user\n"
	"1 origin=sshd user=bob addr=192.0.2.9 port=6000 method=publickey "
	"200-210 LCH\n"},
    {"port used again within the late time of the first",
	LOG_A CONN("121", "300", "192.0.2.1", "5000") ACCEPTED("122", "300",
	    "ann", "192.0.2.1", "5000") GONE("130", "300", "192.0.2.1", "5000"),
	"1 origin=sshd user=ann addr=192.0.2.1 port=5000 method=publickey "
	"tty=pts/0 100-120 LCHY reason=user\n"
	"1 origin=sshd user=ann addr=192.0.2.1 port=5000 method=publickey "
	"121-130 LCH reason=user\n"},
    {"two channels on one connection (ControlMaster)",
	CONN("100", "100", "192.0.2.1", "5000") ACCEPTED(
	    "101", "100", "ann", "192.0.2.1", "5000") CHILD("101", "100", "105")
	    SHELL("102", "105", "ann", "192.0.2.1", "5000", "pts/0")
		SHELL("1000", "105", "ann", "192.0.2.1", "5000", "pts/1")
		    GONE("2000", "105", "192.0.2.1", "5000") DIV
	"utmp session.open 102 pid=105 user=ann addr=192.0.2.1 tty=pts/0\n"
	"utmp session.open 1000 pid=105 user=ann addr=192.0.2.1 tty=pts/1\n"
	"utmp session.close 1999 pid=105 tty=pts/1\n"
	"utmp session.close 2000 pid=105 tty=pts/0\n",
	"3 origin=sshd user=ann addr=192.0.2.1 port=5000 method=publickey "
	"tty=pts/0 100-2000 LCHY reason=user\n"},
    {"failures are a connection of their own",
	CONN("100", "90", "203.0.113.5",
	    "40000") "auth-log auth.fail 101 ident=sshd pid=90 user=root "
		     "addr=203.0.113.5 port=40000 repeat=2\n"
		     "auth-log auth.fail 102 ident=sshd pid=90 user=root "
		     "addr=203.0.113.5 port=40000\n"
		     "auth-log conn.close 103 ident=sshd pid=90 "
		     "addr=203.0.113.5 "
		     "port=40000 reason=closed\n",
	"1 origin=sshd user=root addr=203.0.113.5 port=40000 100-103 CFH "
	"fail=3 reason=closed\n"},
    {"the same ses after a boot",
	AUDIT_A "audit host.boot 500 trust=kernel type=SYSTEM_BOOT serial=2\n"
		"audit agent.start 501 serial=9999\n" AUDIT_LOGIN(
		    "510", "4", "77", "1001")
		    AUDIT_START("510", "4", "77", "bob", "192.0.2.2"),
	"1 origin=sshd user=ann addr=192.0.2.1 ses=4 tty=pts/0 101-120 LCHY "
	"exec=2\n"
	"1 origin=sshd user=bob addr=192.0.2.2 ses=4 510-510 LH\n"},
    {"a boot that only the login tells of",
	AUDIT_LOGIN("100", "40", "100", "1000") AUDIT_EXEC("101", "40", "110",
	    "100", "id") AUDIT_LOGIN("300", "2", "50", "1000") AUDIT_EXEC("301",
	    "2", "60", "50", "id") AUDIT_LOGIN("400", "40", "900", "1000"),
	"1 origin=sshd ses=40 tty=pts/0 100-101 LCHYI exec=1 "
	"reason=host restarted notes=no end was recorded: the host was "
	"restarted\n"
	"1 origin=sshd ses=2 tty=pts/0 300-301 LHY exec=1\n"
	"1 origin=sshd ses=40 400-400 LH\n"},
    {"auditd restarted, no boot",
	"audit exec 90 ses=4 pid=5 serial=100 argv=a\n"
	"audit agent.start 91 serial=7\n"
	"audit exec 92 ses=4 pid=5 serial=101 argv=b\n",
	"1 ses=4 90-92 exec=2\n"},
    {"auditd started and serials fell: a boot",
	"audit exec 90 ses=4 pid=5 serial=100 argv=a\n"
	"audit agent.start 91 serial=7\n"
	"audit exec 92 ses=4 pid=5 serial=12 argv=b\n",
	"1 ses=4 90-90 CI exec=1 reason=host restarted notes=no end was "
	"recorded: the host was restarted\n"
	"1 ses=4 92-92 exec=1\n"},
    {"rotated parts in the wrong order",
	AUDIT_EXEC("110", "4", "112", "110", "vi") AUDIT_END("120", "4", "100")
	    DIV AUDIT_LOGIN("101", "4", "100", "1000")
		AUDIT_START("101.1", "4", "100", "ann", "192.0.2.1")
		    AUDIT_EXEC("103", "4", "111", "110", "ls") DIV LOG_A,
	"3 origin=sshd user=ann addr=192.0.2.1 port=5000 ses=4 "
	"method=publickey tty=pts/0 100-120 LCHY exec=2 reason=user\n"},
    {"rotated parts, a boot between them",
	AUDIT_LOGIN("101", "4", "100", "1000") DIV
	"audit host.boot 105 type=KERNEL\n" DIV AUDIT_EXEC(
	    "110", "4", "112", "110", "vi"),
	"1 origin=sshd ses=4 101-101 LH\n"
	"1 ses=4 tty=pts/0 110-110 Y exec=1\n"},
    {"rotated parts of a text log, a boot of anybody's between them",
	AUDIT_LOGIN("101", "4", "100", "1000") DIV
	"audit host.boot 105 trust=text type=KERNEL\n" DIV AUDIT_EXEC(
	    "110", "4", "112", "110", "vi"),
	"2 origin=sshd ses=4 tty=pts/0 101-110 LHY exec=1\n"},
    {"a text log with audit's records and sshd's lines",
	CONN("100", "100", "192.0.2.1", "5000") ACCEPTED("101", "100", "ann",
	    "192.0.2.1", "5000") "audit session.open 101 type=LOGIN trust=text "
				 "ses=4 pid=100 auid=1000 ident=sshd\n"
				 "audit exec 103 trust=text ses=4 pid=111 "
				 "ppid=110 argv=ls\n"
				 "audit auth.fail 200 trust=text pid=300 "
				 "ident=sshd addr=192.0.2.9\n"
				 "auth-log auth.fail 200 ident=sshd pid=300 "
				 "addr=192.0.2.9 port=77\n",
	"2 origin=sshd user=ann addr=192.0.2.1 port=5000 ses=4 "
	"method=publickey 100-103 LH exec=1\n"
	"1 origin=sshd addr=192.0.2.9 200-200 FH fail=1\n"
	"1 origin=sshd addr=192.0.2.9 port=77 200-200 FH fail=1\n"},
    {"cron is a login, but not ssh's",
	"audit session.open 60 type=LOGIN trust=kernel ses=9 pid=70 auid=0 "
	"ident=cron\n"
	"audit session.open 60 ses=9 pid=70 user=root addr=? tty=cron "
	"exe=/usr/sbin/cron\n"
	"audit exec 60 ses=9 pid=71 ppid=70 euid=0 argv=/bin/sh,-c,date\n"
	"audit session.close 61 ses=9 pid=70 exe=/usr/sbin/cron\n"
	"auth-log session.open 60 ident=CRON pid=70 user=root\n",
	"1 origin=cron user=root ses=9 60-61 LCR exec=1\n"},
    {"what sshd runs for a login is not the user's",
	AUDIT_LOGIN("101", "4", "100", "1000") ROOT_EXEC("101.1", "4", "102",
	    "100", "sh,-c,motd") ROOT_EXEC("101.2", "4", "103", "102",
	    "run-parts") AUDIT_START("101.3", "4", "100", "ann", "192.0.2.1")
	    AUDIT_EXEC("102", "4", "110", "105",
		"bash,-c,id") "audit exec 103 ses=4 pid=111 ppid=110 success=0 "
			      "exit=-2 euid=0 argv=id\n" ROOT_EXEC(
				  "104", "4", "120", "100", "pam-end")
				  AUDIT_END("120", "4", "100"),
	"1 origin=sshd user=ann addr=192.0.2.1 ses=4 tty=pts/0 101-120 LCHY "
	"exec=1\n"},
    {"sshd becomes the user whom it lets in",
	AUDIT_LOGIN("101", "4", "100", "1000") AUDIT_START("101.3", "4", "100",
	    "ann", "192.0.2.1") "audit priv 102 ses=4 pid=105 "
				"exe=/usr/sbin/sshd target=ann\n",
	"1 origin=sshd user=ann addr=192.0.2.1 ses=4 101-102 LH\n"},
    {"root's own commands are children of sshd",
	AUDIT_LOGIN("101", "4", "100", "0") ROOT_EXEC("101.1", "4", "102",
	    "100", "motd") AUDIT_START("101.3", "4", "100", "root", "192.0.2.1")
	    ROOT_EXEC("102", "4", "110", "100", "bash,-c,id")
		ROOT_EXEC("103", "4", "111", "110", "id"),
	"1 origin=sshd user=root addr=192.0.2.1 ses=4 101-103 LRH exec=2\n"},
    {"a pid of the login's given out again is the user's",
	AUDIT_LOGIN("101", "4", "100", "1000") ROOT_EXEC("101.1", "4", "102",
	    "100", "motd") AUDIT_START("101.3", "4", "100", "ann", "192.0.2.1")
	    ROOT_EXEC("102", "4", "110", "102", "evil")
		ROOT_EXEC("103", "4", "102", "105", "evil"),
	"1 origin=sshd user=ann addr=192.0.2.1 ses=4 101-103 LRH exec=2\n"},
    {"without privilege separation sudo is a child of sshd",
	AUDIT_LOGIN("101", "4", "100", "1000")
	    AUDIT_START("101.3", "4", "100", "ann", "192.0.2.1")
		AUDIT_EXEC("102", "4", "110", "100", "bash,-c,sudo_id")
		    ROOT_EXEC("103", "4", "110", "100", "sudo,id"),
	"1 origin=sshd user=ann addr=192.0.2.1 ses=4 tty=pts/0 101-103 LRHY "
	"exec=2\n"},
    {"sudo within a session does not end it",
	AUDIT_LOGIN("101", "4", "100", "1000")
	    AUDIT_START("101", "4", "100", "ann",
		"192.0.2.1") "audit priv 110 ses=4 pid=200 user=ann "
			     "target=root via=sudo "
			     "exe=/usr/bin/sudo\n"
			     "audit exec 111 ses=4 pid=201 euid=0 argv=id\n"
			     "audit session.close 112 ses=4 pid=200 "
			     "exe=/usr/bin/sudo\n"
			     "audit exec 113 ses=4 pid=202 euid=1000 argv=id\n",
	"1 origin=sshd user=ann addr=192.0.2.1 ses=4 101-113 LRSH exec=2 "
	"priv=1\n"},
    {"nested login",
	AUDIT_LOGIN("101", "4", "100",
	    "1000") "audit session.open 110 type=LOGIN "
		    "trust=kernel ses=5 pid=150 auid=0 old_ses=4 "
		    "old_auid=1000 ident=su\n",
	"1 origin=sshd ses=4 101-101 LH\n"
	"1 origin=su ses=5 110-110 LR notes=began within another audit "
	"session (nested login)\n"},
    {"two people in one ses",
	AUDIT_LOGIN("101", "4", "100", "0") AUDIT_START("101", "4", "100",
	    "root", "192.0.2.1") AUDIT_START("200", "4", "700", "eve",
	    "203.0.113.7") AUDIT_EXEC("201", "4", "710", "705", "id")
	    AUDIT_END("210", "4", "700") AUDIT_END("220", "4", "100"),
	"1 origin=sshd user=root addr=192.0.2.1 ses=4 tty=pts/0 101-220 "
	"LCRHY! exec=1 notes=another login shares this audit session: "
	"commands of both are here\n"
	"1 origin=sshd user=eve addr=203.0.113.7 ses=4 200-210 LCH! "
	"notes=shares the audit session of whoever started this sshd: "
	"commands are listed there\n"},
    {"sudo line tied by terminal",
	LOG_A CONN("200", "300", "192.0.2.1", "5001") ACCEPTED("201", "300",
	    "ann", "192.0.2.1",
	    "5001") SHELL("202", "305", "ann", "192.0.2.1", "5001", "pts/0")
	    CONN("203", "310", "192.0.2.1", "5002") ACCEPTED("204", "310",
		"ann", "192.0.2.1", "5002") "auth-log priv 205 ident=sudo "
					    "user=ann target=root via=sudo "
					    "tty=pts/0\n"
					    "auth-log priv 206 ident=sudo "
					    "user=ann target=root via=sudo\n",
	"1 origin=sshd user=ann addr=192.0.2.1 port=5000 method=publickey "
	"tty=pts/0 100-120 LCHY reason=user\n"
	"1 origin=sshd user=ann addr=192.0.2.1 port=5001 method=publickey "
	"tty=pts/0 200-205 LSHY priv=1\n"
	"1 origin=sshd user=ann addr=192.0.2.1 port=5002 method=publickey "
	"203-204 LH\n"},
    {"sudo line tied by the only session of its user",
	ACCEPTED("101", "100", "ann", "192.0.2.1",
	    "5000") "auth-log priv 102 ident=sudo user=ann target=root "
		    "via=sudo\n"
		    "auth-log priv 103 ident=su pid=55 user=zoe target=root "
		    "via=su\n",
	"1 origin=sshd user=ann addr=192.0.2.1 port=5000 method=publickey "
	"101-102 LSHI priv=1\n"},
    {"sftp-server is tied by user, address and time",
	ACCEPTED("101", "100", "ann", "192.0.2.1",
	    "5000") "auth-log channel.open 102 ident=sshd pid=105 user=ann "
		    "addr=192.0.2.1 port=5000 chan_type=subsystem "
		    "service=sftp\n"
		    "auth-log channel.open 102 ident=internal-sftp pid=106 "
		    "user=ann "
		    "addr=192.0.2.1 service=internal-sftp\n"
		    "auth-log file 103 ident=internal-sftp pid=106 path=/x "
		    "direction=upload bytes_read=0 bytes_written=77\n"
		    "auth-log file 104 ident=internal-sftp pid=999 path=/y "
		    "direction=upload bytes_read=0 bytes_written=5\n",
	"1 origin=sshd user=ann addr=192.0.2.1 port=5000 method=publickey "
	"101-103 LTH file=1 in=77 out=0\n"},
    {"a failure before the login, under another name",
	AUDIT_LOGIN("101", "4", "100", "1000") AUDIT_START("101", "4", "100",
	    "ann", "192.0.2.1") DIV CONN("100", "100", "192.0.2.1",
	    "5000") "auth-log auth.fail 101 ident=sshd pid=100 user=mallory "
		    "addr=192.0.2.1 port=5000\n",
	"2 origin=sshd user=ann addr=192.0.2.1 port=5000 ses=4 100-101 LFH "
	"fail=1\n"},
    {"sources disagree about the user",
	LOG_A DIV
	"utmp session.open 102 pid=105 user=eve addr=192.0.2.1 tty=pts/0\n",
	"2 origin=sshd user=ann addr=192.0.2.1 port=5000 method=publickey "
	"tty=pts/0 100-120 LCHY! reason=user notes=sshd says user ann, the "
	"login record says eve\n"},
    {"a key and a password, both asked for",
	CONN("100", "100", "192.0.2.1", "5000") FACTOR("100.4", "key-asked",
	    "SHA256:asked") FACTOR("100.5", "partial", "SHA256:proven")
	    FACTOR("100.6", "postponed", "SHA256:other") PASSWORD("101"),
	"1 origin=sshd user=ann addr=192.0.2.1 port=5000 "
	"method=publickey,password 100-101 LH\n"},
    {"a key alone of two factors",
	CONN("100", "100", "192.0.2.1", "5000") FACTOR("100.5", "partial",
	    "SHA256:proven") GONE("102", "100", "192.0.2.1", "5000"),
	"1 origin=sshd user=ann addr=192.0.2.1 port=5000 method=publickey "
	"100-102 CH reason=user\n"},
    {"the journal tells the ses",
	AUDIT_LOGIN("100", "4", "1", "1000") DIV
	"journal auth.ok 300 ident=sshd pid=100 user=ann addr=192.0.2.1 "
	"port=5000 method=password ses=4\n" DIV AUDIT_EXEC(
	    "290", "4", "112", "110", "vi"),
	"2 origin=sshd ses=4 tty=pts/0 100-290 LHY exec=1\n"
	"1 origin=sshd user=ann addr=192.0.2.1 port=5000 ses=4 "
	"method=password 300-300 LH\n"},
    {"one log in two forms, one with whole seconds",
	CONN("100.4", "100", "192.0.2.1", "5000")
	    ACCEPTED("101.6", "100", "ann", "192.0.2.1", "5000")
		GONE("120.9", "105", "192.0.2.1", "5000") DIV LOG_A,
	"2 origin=sshd user=ann addr=192.0.2.1 port=5000 method=publickey "
	"tty=pts/0 100-120 LCHY reason=user\n"},
    {"utmp knows the end of a login that wtmp tells of",
	"utmp session.close 120.1 pid=105 tty=pts/0 addr=192.0.2.1\n" DIV
	"utmp session.open 102 pid=105 user=ann addr=192.0.2.1 tty=pts/0\n",
	"2 user=ann addr=192.0.2.1 tty=pts/0 102-120 LCHYI\n"},
    {"wtmp knows the end of a login that utmp told of",
	"utmp session.open 102 pid=105 user=ann addr=192.0.2.1 tty=pts/0\n" DIV
	"utmp session.close 120 pid=105 tty=pts/0\n"
	"utmp session.open 200 pid=105 user=bob addr=192.0.2.1 tty=pts/0\n",
	"2 user=ann addr=192.0.2.1 tty=pts/0 102-120 LCHYI\n"
	"1 user=bob addr=192.0.2.1 tty=pts/0 200-200 LHYI\n"},
    {"attempts that became a login, as another source tells it",
	"auth-log auth.fail 98 ident=sshd pid=100 user=ann addr=192.0.2.1 "
	"port=5000\n"
	"auth-log auth.fail 98 ident=sshd pid=99 user=ann addr=192.0.2.1 "
	"port=4999\n"
	"auth-log auth.fail 5000 ident=sshd pid=100 user=ann addr=192.0.2.1 "
	"port=6000\n" DIV LOG_A,
	"1 origin=sshd user=ann addr=192.0.2.1 port=4999 98-98 FH fail=1\n"
	"2 origin=sshd user=ann addr=192.0.2.1 port=5000 method=publickey "
	"tty=pts/0 98-120 LCFHY fail=1 reason=user\n"
	"1 origin=sshd user=ann addr=192.0.2.1 port=6000 5000-5000 FH "
	"fail=1\n"},
    {"attempts that became a session of the kernel's",
	"auth-log auth.fail 98 ident=sshd pid=100 user=ann addr=192.0.2.1 "
	"port=5000\n" DIV AUDIT_LOGIN("101", "4", "100", "1000")
	    AUDIT_EXEC("103", "4", "111", "110", "ls"),
	"2 origin=sshd user=ann addr=192.0.2.1 port=5000 ses=4 tty=pts/0 "
	"98-103 LFHY "
	"exec=1 fail=1\n"},
    {"attempts that became none are not joined, though told twice",
	"auth-log auth.fail 100 ident=sshd pid=9 user=x addr=192.0.2.1 "
	"port=7\n"
	"auth-log auth.fail 101 ident=sshd pid=9 user=x addr=192.0.2.1 "
	"port=7\n" DIV
	"journal auth.fail 100.5 ident=sshd pid=9 user=x addr=192.0.2.1 "
	"port=7\n"
	"journal auth.fail 101.5 ident=sshd pid=9 user=x addr=192.0.2.1 "
	"port=7\n" DIV
	"auth-log auth.fail 130 ident=sshd pid=9 user=x addr=192.0.2.1 "
	"port=7\n",
	"1 origin=sshd user=x addr=192.0.2.1 port=7 100-101 FH fail=2\n"
	"1 origin=sshd user=x addr=192.0.2.1 port=7 100-101 FH fail=2\n"
	"1 origin=sshd user=x addr=192.0.2.1 port=7 130-130 FH fail=1\n"},
    {"a log that goes on in the next import",
	ACCEPTED("101", "100", "ann", "192.0.2.1", "5000")
	    DIV PAM_CLOSED("9000", "100", "ann"),
	"2 origin=sshd user=ann addr=192.0.2.1 port=5000 method=publickey "
	"101-9000 LCH\n"},
    {"wtmp: crash, and a terminal taken over",
	"utmp session.open 100 pid=1 user=ann addr=192.0.2.1 tty=pts/0\n"
	"utmp session.open 200 pid=2 user=bob addr=192.0.2.2 tty=pts/0\n"
	"utmp host.boot 300\n"
	"utmp session.open 400 pid=3 user=cat addr=:0 tty=pts/1\n",
	"1 user=ann addr=192.0.2.1 tty=pts/0 100-200 LCHYI "
	"reason=terminal reused notes=no logout was recorded: another login "
	"took its terminal\n"
	"1 user=bob addr=192.0.2.2 tty=pts/0 200-300 LCHYI "
	"reason=host restarted notes=no end was recorded: the host was "
	"restarted\n"
	"1 user=cat addr=:0 tty=pts/1 400-400 LY\n"},
    {"a gap marks what was open",
	ACCEPTED("101", "100", "ann", "192.0.2.1",
	    "5000") "auth-log gap 102\n" ACCEPTED("103", "101", "bob",
	    "192.0.2.2", "5000"),
	"1 origin=sshd user=ann addr=192.0.2.1 port=5000 method=publickey "
	"101-101 LGH\n"
	"1 origin=sshd user=bob addr=192.0.2.2 port=5000 method=publickey "
	"103-103 LH\n"},
    {"bpf only: no login was seen",
	BPF_EXEC("102", "4", "110", "105", "-bash") BPF_EXEC("103", "4", "111",
	    "110", "ls,-l") "bpf exit 104 boot=b1 ses=4 pid=111 exit=0\n",
	"1 ses=4 tty=pts/0 102-104 Y exec=2\n"},
    {"bpf's commands in the session that audit opened",
	AUDIT_LOGIN("101", "4", "100", "1000") BPF_EXEC(
	    "102", "4", "110", "105", "-bash") AUDIT_END("120", "4", "100"),
	"1 origin=sshd ses=4 tty=pts/0 101-120 LCHY exec=1\n"},
    {"bpf is ahead of audit",
	BPF_EXEC("101.2", "4", "110", "105", "-bash")
	    AUDIT_LOGIN("101", "4", "100", "1000") BPF_EXEC(
		"103", "4", "111", "110", "ls,-l") AUDIT_END("120", "4", "100"),
	"1 origin=sshd ses=4 tty=pts/0 101-120 LCHY exec=2\n"},
    {"bpf and audit in imports of their own",
	BPF_EXEC("102", "4", "110", "105", "-bash") BPF_EXEC("103", "4", "111",
	    "110", "ls,-l") DIV AUDIT_LOGIN("101", "4", "100", "1000")
	    AUDIT_START("101.1", "4", "100", "ann", "192.0.2.1")
		AUDIT_END("120", "4", "100"),
	"2 origin=sshd user=ann addr=192.0.2.1 ses=4 tty=pts/0 101-120 LCHY "
	"exec=2\n"},
    {"bpf alone: LOGIN with the peer joins sshd's own lines",
	"bpf session.open 101 trust=kernel boot=b1 ses=4 auid=1000 pid=100 "
	"comm=sshd type=LOGIN addr=192.0.2.1 port=5000\n" BPF_EXEC("102", "4",
	    "110", "105",
	    "-bash") "bpf session.close 120 trust=kernel "
		     "boot=b1 ses=4 pid=100 comm=sshd exit=0\n" DIV LOG_A,
	"2 origin=sshd user=ann addr=192.0.2.1 port=5000 ses=4 "
	"method=publickey tty=pts/0 100-120 LCHY exec=1 reason=user\n"},
    {"bpf: root's commands lead their group, those of PAM do not",
	"bpf session.open 101 trust=kernel boot=b1 ses=4 auid=0 pid=100 "
	"comm=sshd type=LOGIN\n"
	"bpf exec 101.1 trust=kernel boot=b1 ses=4 pid=110 ppid=100 sid=100 "
	"euid=0 argv=run-parts\n"
	"bpf exec 101.2 trust=kernel boot=b1 ses=4 pid=111 ppid=110 sid=100 "
	"euid=0 argv=uname\n"
	"bpf exec 102 trust=kernel boot=b1 ses=4 pid=112 ppid=100 sid=112 "
	"euid=0 argv=-bash\n"
	"bpf exec 103 trust=kernel boot=b1 ses=4 pid=113 ppid=112 sid=112 "
	"euid=0 argv=id\n",
	"1 origin=sshd ses=4 101-103 LRH exec=2\n"},
    {"PAM's programs told after PAM said that it is done",
	AUDIT_LOGIN("101", "4", "100", "0") AUDIT_START("101.5", "4", "100",
	    "root", "192.0.2.1") "bpf exec 101.1 trust=kernel ses=4 pid=110 "
				 "ppid=100 sid=100 euid=0 argv=run-parts\n"
				 "bpf exec 101.2 trust=kernel ses=4 pid=111 "
				 "ppid=110 sid=100 euid=0 argv=uname\n",
	"1 origin=sshd user=root addr=192.0.2.1 ses=4 101-101 LRH\n"},
    {"a process takes its login off: the session that it was of",
	AUDIT_LOGIN("101", "4", "100", "1000") AUDIT_EXEC("102", "4", "112",
	    "110",
	    "sh") "audit priv 103 "
		  "trust=kernel pid=112 old_ses=4 old_auid=1000 type=LOGIN\n",
	"1 origin=sshd ses=4 tty=pts/0 101-103 LSHY exec=1 priv=1\n"},
    {"PAM's programs told after the end of a short session",
	AUDIT_LOGIN("101", "4", "100", "1000")
	    AUDIT_START("101.5", "4", "100", "ann", "192.0.2.1")
		AUDIT_END("101.6", "4", "100") "bpf exec 101.1 trust=kernel "
					       "ses=4 pid=110 ppid=100 sid=100 "
					       "euid=0 argv=run-parts\n"
					       "bpf exec 101.501 trust=kernel "
					       "ses=4 pid=111 ppid=110 sid=100 "
					       "euid=0 argv=uname\n"
					       "bpf exec 101.55 trust=kernel "
					       "ses=4 pid=112 ppid=105 sid=112 "
					       "euid=1000 argv=id\n",
	"1 origin=sshd user=ann addr=192.0.2.1 ses=4 101-101 LCH exec=1\n"},
    {"bpf finds a session that was under way",
	"bpf session.open 500 trust=kernel boot=b1 ses=4 auid=1000 pid=100 "
	"comm=sshd type=FOUND addr=192.0.2.1 port=5000\n" BPF_EXEC(
	    "502", "4", "110", "105", "ls")
	    DIV ACCEPTED("101", "100", "ann", "192.0.2.1", "5000"),
	"2 origin=sshd user=ann addr=192.0.2.1 port=5000 ses=4 "
	"method=publickey tty=pts/0 101-502 LHY exec=1 notes=began before "
	"this host was watched: what it did until then is not known from the "
	"kernel\n"},
    {"bpf finds a session again that it followed before",
	"bpf session.open 101 trust=kernel boot=b1 ses=4 auid=1000 pid=100 "
	"comm=sshd type=LOGIN\n" BPF_EXEC("102", "4", "110", "105",
	    "ls") "bpf session.open 500 trust=kernel boot=b1 ses=4 auid=1000 "
		  "pid=100 comm=sshd type=FOUND\n" BPF_EXEC(
		      "502", "4", "111", "105", "ls"),
	"1 origin=sshd ses=4 tty=pts/0 101-502 LGHY exec=2 "
	"notes=was not watched for a time: what it did then is not known from "
	"programs in the kernel\n"},
    {"bpf sees another boot by its id",
	BPF_EXEC("102", "4", "110", "105",
	    "-bash") "bpf exec 300 trust=kernel boot=b2 ses=4 pid=9 argv=ls\n",
	"1 ses=4 tty=pts/0 102-102 CYI exec=1 reason=host restarted notes=no "
	"end was recorded: the host was restarted\n"
	"1 ses=4 300-300 exec=1\n"},
    {"a recording alone",
	RECORDED("105", "1", "tty=pts/0 user=ann") RECORDED_END("106", "1"),
	"1 user=ann tty=pts/0 105-106 CYI\n"},
    {"recordings of a terminal, by the user or without one",
	RECORDED("105", "1", "tty=pts/0") RECORDED_END("106", "1")
	    RECORDED("107", "2", "tty=pts/0 user=ann") DIV AUDIT_A DIV RECORDED(
		"121", "3", "tty=pts/0") RECORDED_END("180", "3"),
	"4 origin=sshd user=ann addr=192.0.2.1 ses=4 tty=pts/0 101-120 LCHY "
	"exec=2\n"},
    {"recordings of others, of another terminal, before and behind it",
	AUDIT_A RECORDED("105", "1", "tty=pts/0 user=bob") RECORDED(
	    "105", "2", "tty=pts/1") RECORDED("90", "3", "tty=pts/0")
	    RECORDED("130", "4", "tty=pts/0") RECORDED("110", "5", "user=ann"),
	"1 tty=pts/0 90-90 YI\n"
	"1 origin=sshd user=ann addr=192.0.2.1 ses=4 tty=pts/0 101-120 LCHY "
	"exec=2\n"
	"1 user=bob tty=pts/0 105-105 YI\n"
	"1 tty=pts/1 105-105 YI\n"
	"1 user=ann 110-110 YI\n"
	"1 tty=pts/0 130-130 YI\n"},
    {"a recording that knows its audit session",
	AUDIT_A RECORDED("105", "1", "ses=4 user=ann") RECORDED("106", "2",
	    "ses=4 user=bob") RECORDED("107", "3", "ses=5 user=ann"),
	"2 origin=sshd user=ann addr=192.0.2.1 ses=4 tty=pts/0 101-120 LCHY "
	"exec=2\n"
	"1 user=bob ses=4 106-106 Y\n"
	"1 user=ann ses=5 107-107 Y\n"},
    {"the last of two sessions on a terminal, whatever lies between",
	WTMP_A "utmp session.open 130 pid=205 user=bob addr=192.0.2.2 "
	       "tty=pts/0\n" RECORDED("131", "1", "tty=pts/0") RECORDED(
		   "132", "2", "tty=pts/0") RECORDED("133", "3", "tty=pts/0")
		   RECORDED("134", "4", "tty=pts/0") RECORDED("135", "5",
		       "tty=pts/0") RECORDED("136", "6", "tty=pts/0")
		       RECORDED("137", "7", "tty=pts/0")
			   RECORDED("138", "8", "tty=pts/0"),
	"1 user=ann addr=192.0.2.1 tty=pts/0 102-120 LCHYI\n"
	"9 user=bob addr=192.0.2.2 tty=pts/0 130-130 LHYI\n"},
    {"a recording between two sessions on a terminal is of the one it fits",
	WTMP_A "utmp session.open 121 pid=205 user=bob addr=192.0.2.2 "
	       "tty=pts/0\n" RECORDED("119", "1", "tty=pts/0")
		   RECORDED_END("120", "1") RECORDED("120", "2", "tty=pts/0")
		       RECORDED_END("140", "2"),
	"2 user=ann addr=192.0.2.1 tty=pts/0 102-120 LCHYI\n"
	"2 user=bob addr=192.0.2.2 tty=pts/0 121-121 LHYI\n"},
    {"no session for what is nobody's",
	"audit exec 100 pid=5 ppid=1 argv=systemd\n"
	"audit exec 100 pid=5 ppid=1 argv=systemd ses=4294967295\n"
	"auth-log agent.start 100 ident=sshd pid=1 text=listening\n"
	"auth-log other 100 ident=sshd pid=1\n"
	"utmp auth.fail 100 user=x addr=192.0.2.3 pid=9\n"
	"auth-log session.close 100 ident=sudo user=root\n",
	""},
};

static void scenes_give_sessions(void **state)
{
	unsigned wrong = 0;

	for (size_t i = 0; i < sizeof scenes / sizeof *scenes; i++) {
		for (unsigned seed = 0; seed < 6; seed++) {
			struct buf got = BUF_INIT;
			struct scenario s;

			scenario_run(&s, scenes[i].events);
			scenario_sessions(&s, seed, &got);
			if (!str_eqz(buf_str(&got), scenes[i].want)) {
				printf("# %s, seed %u\n# got:\n%s# want:\n%s",
				    scenes[i].name, seed, buf_z(&got),
				    scenes[i].want);
				wrong++;
			}
			buf_free(&got);
			scenario_free(&s);
		}
	}
	assert_int_equal(wrong, 0);
}

static void same_events_give_same_tracks(void **state)
{
	for (size_t i = 0; i < sizeof scenes / sizeof *scenes; i++) {
		struct scenario a, b;

		scenario_run(&a, scenes[i].events);
		scenario_run(&b, scenes[i].events);
		assert_true(str_eq(buf_str(&a.log), buf_str(&b.log)));
		scenario_free(&a);
		scenario_free(&b);
	}
}

/* Wherever a log is cut, what is known goes on behind it. */
static void saved_state_goes_on(void **state)
{
	for (size_t i = 0; i < sizeof scenes / sizeof *scenes; i++) {
		struct buf whole = BUF_INIT, parts = BUF_INIT;
		struct scenario a, b;

		scenario_run(&a, scenes[i].events);
		scenario_run_cut(&b, scenes[i].events);
		scenario_sessions(&a, 0, &whole);
		scenario_sessions(&b, 0, &parts);
		assert_string_equal(buf_z(&a.log), buf_z(&b.log));
		assert_string_equal(buf_z(&whole), buf_z(&parts));
		buf_free(&whole);
		buf_free(&parts);
		scenario_free(&a);
		scenario_free(&b);
	}
}

/* What is said of each event: was it typed, was its session concluded. */
static void events_are_attributed(void **state)
{
	static const char events[] = AUDIT_LOGIN("101", "4", "100", "1000")
	    AUDIT_START("101", "4", "100", "ann", "192.0.2.1") AUDIT_EXEC("102",
		"4", "110", "105", "-bash") AUDIT_EXEC("103", "4", "111", "110",
		"make,-j2") AUDIT_EXEC("104", "4", "112", "111", "sh,-c,cc")
		AUDIT_EXEC("105", "4", "113", "112", "cc") AUDIT_EXEC("106",
		    "4", "114", "110", "bash,-e,run.sh") AUDIT_EXEC("107", "4",
		    "115", "114", "date") AUDIT_EXEC("108", "4", "116", "999",
		    "date") "audit exit 109 ses=4 pid=110\n" AUDIT_EXEC("110",
		    "4", "117", "110",
		    "date") "audit file 111 pid=117 type=URINGOP path=/x\n"
			    "audit file 112 pid=5555 type=URINGOP path=/x\n"
			    "audit file 113 pid=117 path=/x\n"
			    "auth-log auth.fail 113 ident=sshd pid=7 user=x "
			    "addr=a port=1\n"
			    "auth-log other 114 ident=kernel\n";
	static const char *const want[] = {"", "ann", "ann", "typed ann",
	    "script ann", "script ann", "typed ann", "script ann", "ann", "ann",
	    "ann", "inferred ann", "", "", "x", ""};
	struct scenario s;
	struct str rest, line, id;

	scenario_run(&s, events);
	rest = buf_str(&s.log);
	for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
		str_cut(&rest, '\n', &line);
		str_cut(&line, ' ', &id);
		if (!str_eqz(line, want[i]))
			fail_msg("event %zu: %.*s", i, STR_ARG(line));
		assert_true(
		    i == 0 || !*want[i] == str_eqz(id, "0000000000000000"));
	}
	scenario_free(&s);
}

/* More connections than are kept must neither fail nor grow without end. */
static void floods_are_bounded(void **state)
{
	static const uint8_t key[16] = {0};
	struct correlator *c;
	struct arena a = ARENA_INIT;
	size_t tracks = 0;

	assert_int_equal(correlator_new(&c, key, NULL), 0);
	for (unsigned i = 0; i < 40000; i++) {
		struct event ev;

		event_init(&ev, EVENT_CONN_OPEN);
		ev.time = i * 1000;
		ev.host = STR("h");
		ev.source = STR("auth-log");
		event_set_str(&ev, F_IDENT, STR("sshd"));
		event_set_str(&ev, F_ADDR, STR("203.0.113.1"));
		event_set_int(&ev, F_PORT, 1 + i % 60000);
		event_set_int(&ev, F_PID, 1 + i % 30000);
		assert_int_equal(correlate(c, &ev), 0);
		assert_true(ev.track != 0);
		tracks += ev.track != 0;
	}
	assert_int_equal(tracks, 40000);
	correlator_free(c);
	arena_free(&a);
}

/* Thousands of tracks that share all they can be found by. */
static void hostile_joins_are_quick(void **state)
{
	enum { N = 30000 };
	struct track *t = calloc(N, sizeof *t);
	size_t sessions = 0;

	for (size_t i = 0; i < N; i++)
		t[i] = (struct track){.id = i + 1,
		    .kind = i % 3,
		    .flags = TRACK_BEGAN,
		    .host = STR("h"),
		    .start = (int64_t)(i / 100),
		    .end = (int64_t)(i / 100),
		    .login = (int64_t)(i / 100),
		    .ses = i % 3 ? -1 : (int64_t)i,
		    .auid = 0,
		    .pid = 7,
		    .child_pid = 8,
		    .port = (int64_t)(i % 65536),
		    .tty = STR("pts/0"),
		    .user = STR("root"),
		    .addr = STR("203.0.113.1")};
	assert_int_equal(join_tracks(t, N, NULL, 0), 0);
	for (size_t i = 0; i < N; i++) {
		assert_true(t[i].session != 0);
		sessions += t[i].session == t[i].id;
	}
	/* Different ports and different ses are never one session. */
	assert_true(sessions >= N / 3);
	free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(scenes_give_sessions),
	    cmocka_unit_test(same_events_give_same_tracks),
	    cmocka_unit_test(saved_state_goes_on),
	    cmocka_unit_test(events_are_attributed),
	    cmocka_unit_test(floods_are_bounded),
	    cmocka_unit_test(hostile_joins_are_quick),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
