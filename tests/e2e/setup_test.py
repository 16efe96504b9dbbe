#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""sshtrail setup: on folders of its own with --root, and on the running system
with the real sshd, PAM and audit, seen through private copies of /etc and
/var/lib that nobody else sees; what it changes in the kernel is put back."""
import contextlib
import json
import os
import pwd
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
from audittest import audit_as_found, audit_state, auditctl
from daemontest import Daemon, wait_for
from trailtest import SSHTRAIL, Skip, case, check, equal, main

PLUGIN = "etc/audit/plugins.d/sshtrail.conf"
RULES = "etc/audit/rules.d/zz-sshtrail.rules"
SSHD = "etc/ssh/sshd_config.d/00-sshtrail.conf"
REC = "etc/ssh/sshd_config.d/01-sshtrail-rec.conf"
PAM = "etc/pam.d/sshd"
PASSWD = "etc/passwd"
SETTINGS = "etc/sshtrail/rec.yml"
RECORDS = "var/lib/sshtrail-setup"
CONFIG = "# main\nInclude /etc/ssh/sshd_config.d/*.conf\nUsePAM yes\n"
COPIED = ("etc/ssh", "etc/pam.d", "etc/audit")
# An sshd's login records go there too.
EMPTY = ("var/lib", "var/log")


class Host:
    """A root directory with the files that are changed."""

    def __init__(self):
        self.top = tempfile.mkdtemp(prefix="sshtrail-test.")
        for name in ("etc/audit/plugins.d", "etc/audit/rules.d",
                     "etc/ssh/sshd_config.d", "etc/pam.d",
                     "etc/sudoers.d", "etc/sshtrail", "var/lib"):
            os.makedirs(os.path.join(self.top, name))
        self.write("etc/ssh/sshd_config", CONFIG)
        self.write("etc/audit/rules.d/audit.rules", "-D\n-b 8192\n-f 1\n")
        self.write(PAM, "@include common-auth\nsession required "
                   "pam_loginuid.so\n", 0o640)
        self.write(PASSWD, "root:x:0:0:root:/root:/bin/bash\n"
                   "ann:x:7001:7001:Ann:/home/ann:/bin/bash\n"
                   "bob:x:7002:7002::/home/bob:/bin/bash")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.top)

    def path(self, name):
        return os.path.join(self.top, name)

    def write(self, name, text, mode=0o644):
        with open(self.path(name), "w") as f:
            f.write(text)
        os.chmod(self.path(name), mode)

    def read(self, name):
        with open(self.path(name)) as f:
            return f.read()

    def command(self, args):
        return [SSHTRAIL, "setup", "--root", self.top, *args]

    def run(self, *args, expect=0):
        done = subprocess.run(self.command(args), capture_output=True,
                              text=True, timeout=120)
        equal(done.returncode, expect, "%s: %s%s" % (
            " ".join(args), done.stdout, done.stderr))
        return done.stdout + done.stderr

    def json(self, *args, expect=0):
        return json.loads(self.run("--json", *args, expect=expect))

    def tree(self):
        """Every file: content, mode, owner, time of change."""
        found = {}
        for folder, _, names in os.walk(self.top):
            if folder.endswith("sshtrail-setup"):
                continue
            for name in names:
                path = os.path.join(folder, name)
                if os.path.islink(path):
                    found[os.path.relpath(path, self.top)] = os.readlink(path)
                    continue
                st = os.lstat(path)
                with open(path, "rb") as f:
                    found[os.path.relpath(path, self.top)] = (
                        f.read(), st.st_mode, st.st_uid, st.st_gid,
                        st.st_mtime_ns)
        return found


CHANGES = (("audit-plugin", PLUGIN, ()), ("audit-rules", RULES, ()),
           ("rec", REC, ("--user", "ann,bob")),
           ("rec-shell", PASSWD, ("--user", "ann,bob")),
           ("sshd-verbose", SSHD, ()),
           ("tty-audit", PAM, ("--user", "ann,bob")))


@case
def shows_makes_and_undoes():
    """Each change: shown as a diff that patch applies, made, undone exactly"""
    for name, file, more in CHANGES:
        with Host() as host:
            before = host.tree()
            shown = host.json(name, *more)
            equal((shown["done"], host.tree()), ("shown", before), name)
            check(not os.path.exists(host.path(RECORDS)), "recorded too soon")
            undone = host.json(name, "--undo")
            equal((undone["done"], host.tree()), ("nothing", before), name)
            made = host.json(name, "--yes", *more)
            equal((made["done"], made["diff"]), ("made", shown["diff"]), name)
            after = host.tree()
            equal({k for k in {*after, *before}
                   if after.get(k) != before.get(k)}, {file}, name)
            equal(host.json(name, "--yes", *more)["done"], "nothing", name)
            equal(host.tree(), after, name)
            patched(host, before, shown["diff"], file)
            equal(host.json(name, "--undo")["done"], "undone", name)
            equal(host.tree(), before, name)
            equal(os.listdir(host.path(RECORDS)), [], name)


def patched(host, before, diff, file):
    """What patch(1) makes of the diff is what setup made."""
    if not shutil.which("patch"):
        return
    with tempfile.TemporaryDirectory() as top:
        target = os.path.join(top, "file")
        with open(target, "wb") as f:
            f.write(before.get(file, (b"",))[0])
        subprocess.run(["patch", "-s", "-f", target], input=diff, text=True,
                       check=True, stdout=subprocess.DEVNULL)
        with open(target) as f:
            equal(f.read(), host.read(file), "by patch")


@case
def keeps_what_others_changed():
    """A file that somebody changed since: undo and yes refuse, and show how"""
    with Host() as host:
        host.run("tty-audit", "--yes", "--user", "ann")
        with open(host.path(PAM), "a") as f:
            f.write("session optional pam_mine.so\x1b[2J\n")
        for args in (("--undo",), ("--yes", "--user", "bob")):
            before = host.tree()
            said = host.run("tty-audit", *args, expect=4)
            check("\n+session optional pam_mine.so\\x1b[2J\n" in said, said)
            check("changed by someone else" in said, said)
            equal(host.tree(), before)
        host.write(PAM, host.read(PAM).replace(
            "session optional pam_mine.so\x1b[2J\n", ""), 0o600)
        said = host.run("tty-audit", "--undo", expect=4)
        check("mode of /etc/pam.d/sshd: 0640, now 0600" in said, said)
        os.chmod(host.path(PAM), 0o640)
        host.run("tty-audit", "--undo")


@case
def follows_its_own_changes():
    """Other users: one line for the new ones; undone to the first state"""
    with Host() as host:
        before = host.tree()
        host.run("tty-audit", "--yes", "--user", "ann")
        host.run("tty-audit", "--yes", "--user", "bob", "--user", "*")
        equal(host.read(PAM).count("pam_tty_audit"), 1)
        check("enable=bob,*\n" in host.read(PAM), host.read(PAM))
        host.run("tty-audit", "--undo")
        equal(host.tree(), before)
        # What somebody else set up already is left alone.
        host.write(PAM, "session required pam_tty_audit.so enable=ann,bob\n")
        equal(host.json("tty-audit", "--yes", "--user", "bob")["done"],
              "nothing")


def shells(host):
    return {line.split(":")[0]: line.rstrip("\n").split(":")[-1]
            for line in host.read(PASSWD).splitlines()}


@case
def undoes_shells_line_by_line():
    """rec-shell: what others do with accounts meanwhile stays; our shells go"""
    recorder = rec_path()
    with Host() as host:
        host.run("rec-shell", "--yes", "--user", "ann,bob")
        equal(shells(host), {"root": "/bin/bash", "ann": recorder,
                             "bob": recorder})
        text = host.read(PASSWD).replace("7001:Ann:", "7001:Ann B.:")
        text = text.replace("/bob:" + recorder, "/bob:/bin/dash")
        host.write(PASSWD, text + "\ncem:x:7003:7003::/:/bin/sh\n", 0o600)
        # Who is asked for no more has his own shell again.
        host.write(SETTINGS, "shells: [cem:/bin/sh]\n")
        host.run("rec-shell", "--yes", "--user", "cem")
        equal(shells(host), {"root": "/bin/bash", "ann": "/bin/bash",
                             "bob": "/bin/dash", "cem": recorder})
        host.run("rec-shell", "--yes", "--user", "ann,cem")
        equal(shells(host)["ann"], recorder)
        host.run("rec-shell", "--undo")
        equal(host.read(PASSWD), text.replace(
            "/ann:" + recorder, "/ann:/bin/bash")
            + "\ncem:x:7003:7003::/:/bin/sh\n")
        equal(os.stat(host.path(PASSWD)).st_mode & 0o777, 0o600)
        equal(host.json("rec-shell", "--undo")["done"], "nothing")


@case
def gives_nobody_another_shell():
    """rec-shell: only who then has the shell that he has, and may log in"""
    with Host() as host:
        host.write(PASSWD, host.read(PASSWD) + "\nzoe:x:1:1::/:/bin/zsh\n"
                   "off:x:2:2::/:/usr/sbin/nologin\nsh:x:3:3::/:\n"
                   "two:x:4:4::/:/bin/bash\ntwo:x:5:5::/:/bin/bash\n")
        before = host.tree()
        for users, what in (
                ("ann,zoe,sh", "'shells: [zoe:/bin/zsh, sh:/bin/sh]'"),
                ("off", "lets nobody in"), ("two", "more than one line"),
                ("who", "no line in /etc/passwd"), ("root", "left alone"),
                ("a:b", "names of users")):
            said = host.run("rec-shell", "--yes", "--user", users, expect=4)
            check(what in said, said)
        host.write(SETTINGS, "shels: [zoe:/bin/zsh]\n")
        said = host.run("rec-shell", "--yes", "--user", "zoe", expect=4)
        check("mend this first" in said and "rec.yml:1:1:" in said, said)
        host.write(SETTINGS, "shells: [zoe:/bin/zsh]\n")
        host.write("etc/shells", "/bin/bash\n%s\n" % rec_path())
        said = host.json("rec-shell", "--user", "zoe")
        check("take it out" in said["notes"], said)
        os.unlink(host.path(SETTINGS))
        os.unlink(host.path("etc/shells"))
        equal(host.tree(), before)


@case
def survives_interruption():
    """Remembered but not in place, or the file gone: it goes on from there"""
    with Host() as host:
        before = host.tree()
        host.run("audit-rules", "--yes")
        content = host.read(RULES)
        os.unlink(host.path(RULES))
        equal(host.json("audit-rules", "--yes")["done"], "made")
        equal(host.read(RULES), content)
        os.unlink(host.path(RULES))
        equal(host.json("audit-rules", "--undo")["done"], "undone")
        equal(host.tree(), before)
        host.run("audit-rules", "--yes")
        with open(host.path(RECORDS + "/audit-rules"), "r+") as f:
            f.truncate(100)
        said = host.run("audit-rules", "--undo", expect=4)
        check("byte " in said, said)
        equal(host.read(RULES), content)


@case
def replaces_a_file_of_the_same_name():
    """A file that was there before comes back with its mode and content"""
    with Host() as host:
        host.write(SSHD, "LogLevel QUIET", 0o600)
        before = host.tree()
        said = host.run("sshd-verbose", "--yes")
        check("-LogLevel QUIET\n\\ No newline at end of file\n" in said, said)
        equal(os.stat(host.path(SSHD)).st_mode & 0o777, 0o600)
        host.run("sshd-verbose", "--undo")
        equal(host.tree(), before)


@case
def says_what_is_in_the_way():
    """Links, missing folders, wrong words: what is wrong and what to do"""
    with Host() as host:
        os.rename(host.path(PAM), host.path("etc/pam.d/other"))
        os.symlink("other", host.path(PAM))
        check("symbolic link" in host.run(
            "tty-audit", "--yes", "--user", "ann", expect=4), "link")
        os.unlink(host.path(PAM))
        check("is not there" in host.run(
            "tty-audit", "--yes", "--user", "ann", expect=4), "no file")
        for name in ("a,b c", "x\ny", "-x", "", "1000:2000", "a;b", "[a-z]"):
            host.write(PAM, "")
            if name:
                host.run("tty-audit", "--yes", "--user", name, expect=4)
            else:
                host.run("tty-audit", "--yes", expect=2)
            equal(host.read(PAM), "", name)
        host.write("etc/ssh/sshd_config", "Port 22\n")
        check("Include" in host.run("sshd-verbose", "--yes", expect=4), "inc")
        shutil.rmtree(host.path("etc/audit"))
        check("install auditd" in host.run(
            "audit-rules", "--yes", expect=4), "no auditd")
        os.chmod(host.path("etc/pam.d"), 0o777)
        check("chmod go-w" in host.run(
            "tty-audit", "--yes", "--user", "ann", expect=4), "mode")
        host.run("no-such", expect=2)
        host.run("--yes", expect=2)
        host.run("sshd-verbose", "--yes", "--undo", expect=2)
        host.run("sshd-verbose", "--user", "ann", expect=2)
        equal(host.json("sshd-verbose", "--undo")["done"], "nothing")


@case
def lists_them():
    """Without a name: every change and how it stands"""
    with Host() as host:
        host.run("sshd-verbose", "--yes")
        host.run("tty-audit", "--yes", "--user", "ann")
        with open(host.path(PAM), "a") as f:
            f.write("#\n")
        states = {row["change"]: row["state"] for row in map(
            json.loads, host.run("--json").splitlines())}
        equal(states, {"audit-plugin": "not made", "audit-rules": "not made",
                       "rec": "not made", "rec-shell": "not made",
                       "sshd-verbose": "made",
                       "tty-audit": "changed since by someone else"})
        check("CHANGE" in host.run(), "table")


@case
def needs_root():
    """Without root nothing of the running system is changed"""
    if os.geteuid() == 0:
        demote = lambda: os.setuid(pwd.getpwnam("nobody").pw_uid)
    else:
        demote = None
    with tempfile.TemporaryDirectory() as top:
        os.chmod(top, 0o755)
        program = shutil.copy(SSHTRAIL, top)
        done = subprocess.run(
            [program, "setup", "audit-rules", "--yes"], preexec_fn=demote,
            env={"HOME": "/nonexistent"}, capture_output=True, text=True)
        equal(done.returncode, 4, done.stderr)
        check("only root" in done.stderr, done.stderr)


class Private(Host):
    """The running system, with the folders that are changed as its own."""

    copied = COPIED

    def __init__(self):
        self.top = tempfile.mkdtemp(prefix="sshtrail-test.")
        for name in self.copied:
            if os.path.isdir("/" + name):
                shutil.copytree("/" + name, self.path(name), symlinks=True)
        for name in EMPTY:
            os.makedirs(self.path(name))

    def within(self, *command):
        """That command where these copies are the system's files."""
        mounts = "".join("mount --bind '%s' '/%s' && " % (self.path(n), n)
                         for n in self.copied + EMPTY
                         if os.path.isdir(self.path(n)))
        return ["unshare", "-m", "sh", "-c", mounts + 'exec "$@"', "sh",
                *command]

    def command(self, args):
        return self.within(SSHTRAIL, "setup", *args)


class Accounts(Private):
    """With users and groups of its own, too."""

    def __init__(self):
        super().__init__()
        os.mkdir(self.path("accounts"))
        for name in ("passwd", "group"):
            with open("/etc/" + name) as f:
                self.write("accounts/" + name, f.read())

    def add(self, name, *lines):
        name = "accounts/" + name
        self.write(name, "\n".join(
            [self.read(name).rstrip("\n"), *lines, ""]))

    def within(self, *command):
        mounts = "".join("mount --bind '%s' '/etc/%s' && " % (
            self.path("accounts/" + n), n) for n in ("passwd", "group"))
        return super().within("sh", "-c", mounts + 'exec "$@"', "sh", *command)


def need_private():
    if os.geteuid() != 0:
        raise Skip("only root can give a process files of its own")
    if not os.path.exists("/usr/sbin/sshd"):
        raise Skip("no sshd here")
    done = subprocess.run(["unshare", "-m", "mount", "--bind", "/etc", "/etc"],
                          capture_output=True, text=True)
    if done.returncode:
        raise Skip("no mounts of our own here: " + done.stderr.strip())


@case
def asks_the_real_sshd():
    """sshd-verbose: sshd's effective LogLevel decides, before and after"""
    need_private()
    with Private() as host:
        host.write("etc/ssh/sshd_config", CONFIG)
        before = host.tree()
        made = host.json("sshd-verbose", "--yes")
        equal(made["done"], "made")
        check("sshd -T: LogLevel VERBOSE" in made["notes"], made)
        equal(host.json("sshd-verbose", "--yes")["done"], "nothing")
        host.run("sshd-verbose", "--undo")
        equal(host.tree(), before)
        # Set before the folder is read: the drop-in would change nothing.
        host.write("etc/ssh/sshd_config", "LogLevel INFO\n" + CONFIG)
        before = host.tree()
        said = host.run("sshd-verbose", "--yes", expect=4)
        check("would stay INFO" in said, said)
        equal(host.tree(), before)
        # Set by a file that sorts before ours: found once it is in place.
        host.write("etc/ssh/sshd_config", CONFIG)
        host.write("etc/ssh/sshd_config.d/00-a.conf", "LogLevel ERROR\n")
        before = host.tree()
        said = host.run("sshd-verbose", "--yes", expect=4)
        check("stays ERROR" in said, said)
        equal(host.tree(), before)
        equal(os.listdir(host.path(RECORDS)), [])
        os.unlink(host.path("etc/ssh/sshd_config.d/00-a.conf"))
        # Verbose enough already.
        host.write("etc/ssh/sshd_config", CONFIG + "LogLevel DEBUG\n")
        equal(host.json("sshd-verbose", "--yes")["done"], "nothing")
        # A configuration that sshd refuses is told in sshd's words.
        host.write("etc/ssh/sshd_config", CONFIG + "NoSuchWord yes\n")
        said = host.run("sshd-verbose", "--yes", expect=4)
        check("NoSuchWord" in said, said)


@case
def overrides_nothing():
    """rec: no ForceCommand and no key with command= is overridden, and only
    what was installed as it must be is run; undone"""
    need_private()
    with Accounts() as host, tempfile.TemporaryDirectory() as keys:
        host.add("passwd", *("%s:x:%d:%d::%s/%s:/bin/sh" % (n, i, i, keys, n)
                             for i, n in ((7001, "ann"), (7002, "bob"))))
        for name in ("ann", "bob"):
            os.makedirs("%s/%s/.ssh" % (keys, name))
        with open(keys + "/bob/.ssh/authorized_keys", "w") as f:
            f.write('command="backup" ssh-ed25519 AAAA x\n')
        host.write("etc/ssh/sshd_config", CONFIG +
                   "Match User ann\nForceCommand internal-sftp\n")
        before = host.tree()
        for users, what in (("ann", "ForceCommand for ann already"),
                            ("bob", "a key in it has command="),
                            ("nobody-here", "there is no user"),
                            ("*", "takes names of users")):
            said = host.run("rec", "--user", users, "--yes", expect=4)
            check(what in said, said)
        host.write("etc/ssh/sshd_config", CONFIG)
        before = host.tree()
        with no_recorder() as program:
            said = host.run("rec", "--user", "ann", "--yes", expect=4)
            check("install sshtrail-rec" in said, said)
            equal(host.tree(), before)
            shutil.copy("/bin/true", program)
            said = host.run("rec", "--user", "ann", "--yes", expect=4)
            check("groupadd --system sshtrail-rec" in said, said)
            host.add("group", "sshtrail-rec:x:7003:")
            os.chown(program, 0, 7003)
            os.chmod(program, 0o2755)
            before = host.tree()
            equal(host.json("rec", "--user", "ann", "--yes")["done"], "made")
            equal(host.json("rec", "--user", "ann", "--yes")["done"], "nothing")
            for user, forced in (("ann", program), ("bob", "none")):
                told = subprocess.run(
                    host.within("/usr/sbin/sshd", "-T", "-C",
                                "user=%s,host=h,addr=::1" % user),
                    capture_output=True, text=True).stdout
                check("\nforcecommand %s\n" % forced in told, told)
            # The other changes still see what sshd does.
            equal(host.json("sshd-verbose", "--yes")["done"], "made")
            host.run("sshd-verbose", "--undo")
            host.run("rec", "--undo")
            equal(host.tree(), before)


class Whole(Private):
    """With all of /etc as its own, for the programs that change accounts."""

    copied = ("etc",)

    def root(self, *command, expect=0):
        done = subprocess.run(self.within(*command), capture_output=True,
                              text=True, timeout=60)
        equal(done.returncode, expect, done.stdout + done.stderr)
        return done.stdout + done.stderr


@case
def is_a_real_login_shell():
    """rec-shell: the real su, chsh and usermod: who has it runs what he had,
    cannot choose another one, and is given it back"""
    need_private()
    with no_recorder() as program, Whole() as host:
        host.write("etc/ssh/sshd_config", CONFIG)
        host.root("groupadd", "--system", "sshtrail-rec")
        host.root("useradd", "-K", "MAIL_DIR=/nonexistent", "-M", "-s",
                  "/bin/bash", "setup-ann")
        host.root("usermod", "-p", "", "setup-ann")
        before = host.tree()
        shutil.copy(os.environ.get("SSHTRAIL_REC", "sshtrail-rec"), program)
        host.root("chgrp", "sshtrail-rec", program)
        os.chmod(program, 0o2755)
        made = host.json("rec-shell", "--user", "setup-ann", "--yes")
        equal(made["done"], "made")
        check("PermitUserRC" in made["notes"], made)
        said = host.root("su", "setup-ann", "-c", "echo $0 $SHELL")
        equal(said, "bash /bin/bash\n")
        said = host.root("setpriv", "--reuid", "setup-ann", "--clear-groups",
                         "chsh", "-s", "/bin/sh", expect=1)
        check("may not change the shell" in said, said)
        said = host.run("rec", "--user", "setup-ann", expect=4)
        check("is the recorder already" in said, said)
        host.run("rec-shell", "--undo")
        equal(host.tree(), before)
        host.run("rec-shell", "--user", "setup-ann", "--yes")
        host.root("usermod", "-c", "Ann", "setup-ann")
        host.root("useradd", "-M", "setup-bob")
        host.run("rec-shell", "--undo")
        equal(shells(host)["setup-ann"], "/bin/bash")
        check(":Ann:" in host.read(PASSWD) and "setup-bob" in shells(host),
              host.read(PASSWD))


@contextlib.contextmanager
def no_recorder():
    """Where it is to be, and is not; what is put there is gone at the end."""
    program = rec_path()
    folder = os.path.dirname(program)
    if os.path.exists(program):
        raise Skip("sshtrail-rec is installed")
    made = not os.path.isdir(folder)
    os.makedirs(folder, exist_ok=True)
    try:
        yield program
    finally:
        if os.path.exists(program):
            os.unlink(program)
        if made:
            os.rmdir(folder)


def rec_path():
    with Host() as host:
        return re.search(r"ForceCommand (\S+)", host.run(
            "rec", "--user", "ann")).group(1)


@case
def asks_for_real_users():
    """tty-audit: only users that there are, and only where PAM has the module"""
    need_private()
    with Private() as host:
        before = host.tree()
        said = host.run("tty-audit", "--user", "no-such-user", expect=4)
        check("no user" in said, said)
        host.run("tty-audit", "--user", "root", "--yes")
        check("enable=root" in host.read(PAM), host.read(PAM))
        host.run("tty-audit", "--undo")
        equal(host.tree(), before)


@case
def loads_the_real_rules():
    """audit-rules: the kernel has each rule, beside those of others; undone"""
    need_private()
    with Private() as host, audit_as_found():
        auditctl("--backlog_wait_time", "1234")
        auditctl("-e", "0")
        other = ["always,exit", "-F", "path=/etc/hostname", "-F", "perm=x",
                 "-k", "setup_test_other"]
        equal(auditctl("-a", *other).returncode, 0)
        try:
            before, tree = audit_state(), host.tree()
            made = host.json("audit-rules", "--yes")
            equal(made["done"], "made")
            now = audit_state()
            wanted = len(re.findall("^-a ", host.read(RULES), re.M))
            check(wanted >= 14, host.read(RULES))
            equal(len(re.findall("sshtrail_", now[1])), wanted, now[1])
            check("setup_test_other" in now[1], now[1])
            equal((now[0]["backlog_wait_time"], now[0]["enabled"]),
                  ("0", "1"))
            equal(host.json("audit-rules", "--yes")["done"], "nothing")
            # Somebody unloads rules: the file is right, the kernel is not.
            auditctl("-D", "-k", "sshtrail_exec")
            check("not in effect" in host.run("audit-rules"), "not told")
            equal(host.json("audit-rules", "--yes")["done"], "made")
            equal(audit_state(), now)
            equal(host.json("audit-rules", "--undo")["done"], "undone")
            equal((audit_state(), host.tree()), (before, tree))
        finally:
            auditctl("-d", *other)


class Sshd:
    """The real sshd with PAM on a port of its own, for root by key."""

    def __init__(self, host):
        self.top = host.path("sshd")
        self.port = 20000 + os.getpid() % 12000
        os.makedirs(self.top, 0o700)
        os.makedirs("/run/sshd", exist_ok=True)
        for name in ("host", "user"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "",
                            "-f", os.path.join(self.top, name)], check=True)
        host.write("sshd/config", "Port %d\nListenAddress 127.0.0.1\n"
                   "HostKey %s/host\nUsePAM yes\nStrictModes no\n"
                   "PermitRootLogin yes\nPidFile none\n"
                   "AuthorizedKeysFile %s/user.pub\n" % (
                       self.port, self.top, self.top), 0o600)
        self.log = open(host.path("sshd/log"), "w+")
        self.process = subprocess.Popen(
            host.within("/usr/sbin/sshd", "-D", "-e", "-f",
                        host.path("sshd/config")),
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)

    def __enter__(self):
        wait_for("sshd", lambda: "Server listening" in self.said())
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.log.close()

    def said(self):
        with open(self.log.name) as f:
            return f.read()

    def type(self, text, command):
        """Log in with a terminal, and type."""
        done = subprocess.run(
            ["ssh", "-tt", "-F", "none", "-i", os.path.join(self.top, "user"),
             "-p", str(self.port), "-o", "StrictHostKeyChecking=no", "-o",
             "UserKnownHostsFile=/dev/null", "-o", "BatchMode=yes",
             "root@127.0.0.1", command], input=text, text=True,
            capture_output=True, timeout=60)
        equal(done.returncode, 0, done.stderr + self.said())


@case
def records_what_is_typed():
    """tty-audit: typed over a real sshd, the kernel tells it; undone, not"""
    need_private()
    with Private() as host, audit_as_found(), Daemon(
            "audit: auto, bpf: off, journal: off, wtmp: off, btmp: off"
            ) as daemon:
        auditctl("-e", "1")
        daemon.start()
        host.run("tty-audit", "--user", "root", "--yes")

        def typed():
            return daemon.run("search", "--all", "--json", "--kind",
                              "tty.input", expect=None).stdout.decode()
        with Sshd(host) as sshd:
            sshd.type("first words\n", "read x; exit 0")
            wait_for("what was typed", lambda: "first words" in typed())
            host.run("tty-audit", "--undo")
            sshd.type("later words\n", "read x; exit 0")
            host.run("tty-audit", "--user", "root", "--yes")
            sshd.type("last words\n", "read x; exit 0")
            wait_for("what was typed", lambda: "last words" in typed())
            check("later words" not in typed(), typed())
        daemon.stop()


@case
def takes_back_what_fails():
    """Rules that audit refuses: file, kernel and records are as before"""
    need_private()
    with Private() as host, audit_as_found():
        # As of an auditctl that does not know a system call of the rules:
        # it loads some, and fails.
        fake, real = host.path("fake"), host.path("real")
        shutil.copy("/usr/sbin/auditctl", real)
        host.write("fake", "#!/bin/sh\n%s -a always,exit -F arch=b64 -F "
                   "auid=4194000 -S "
                   "execve -k sshtrail_exec\necho 'Syscall name unknown: "
                   "io_uring_setup' >&2\nexit 1\n" % real, 0o755)
        before, tree = audit_state(), host.tree()
        done = subprocess.run(
            ["unshare", "-m", "sh", "-c", "mount --bind %s /usr/sbin/auditctl"
             " && exec \"$@\"" % fake, "sh",
             *host.command(("audit-rules", "--yes"))],
            capture_output=True, text=True)
        equal(done.returncode, 4, done.stdout + done.stderr)
        check("io_uring_setup" in done.stderr, done.stderr)
        equal((audit_state(), host.tree()), (before, tree))
        equal(os.listdir(host.path(RECORDS)), [])


sys.exit(main())
