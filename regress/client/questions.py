# SPDX-License-Identifier: ISC
"""questions.py CASE AGENT CLIENT [OPTION...]

password-agent among people who ask: AGENT is started with a directory of its
own, and CLIENT, a program that reads its password from the file "password" as
soon as that is there, as mandos-client.  CASE is a function below.  Exits with
0, or says on standard error what was not as it should be.
"""
import os
import resource
import signal
import socket
import struct
import subprocess
import sys
import time

PATIENCE = 20
HERE = os.getcwd()
ASK = HERE + "/ask"
SECRET = b"se\0cr\net"


class Failure(Exception):
    pass


def hold(condition, what):
    if not condition:
        raise Failure(what)


def until(condition, what):
    end = time.monotonic() + PATIENCE
    while not condition():
        hold(time.monotonic() < end, "in vain waited for: " + what)
        time.sleep(0.01)


class Question:
    """Somebody who asks, as systemd 252 does it."""

    def __init__(self, name, pid=None, not_after=0, text=None, listen=True):
        self.name = name
        self.path = "%s/sck.%s" % (ASK, name)
        self.socket = None
        if listen:
            self.listen()
        if text is None:
            text = ("[Ask]\nPID=%d\nSocket=%s\nAcceptCached=0\nEcho=0\n"
                    "NotAfter=%d\nSilent=0\nMessage=Please enter passphrase "
                    "for disk x (y):\nIcon=drive-harddisk\n"
                    "Id=cryptsetup:/dev/x\n"
                    % (pid or os.getpid(), self.path, not_after))
        temporary = "%s/.#ask.%s" % (ASK, name)
        with open(temporary, "w") as f:
            f.write(text)
        os.rename(temporary, "%s/ask.%s" % (ASK, name))

    def listen(self):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.socket.bind(self.path)
        self.socket.settimeout(PATIENCE)

    def withdraw(self):
        os.unlink("%s/ask.%s" % (ASK, self.name))

    def answered(self, secret=SECRET):
        data, control, _, _ = self.socket.recvmsg(1 << 20, 1024)
        hold(data == b"+" + secret + b"\0", "%s: got %r" % (self.name, data))
        # Others than root are not believed by systemd.
        pid, uid, gid = struct.unpack("iii", control[0][2])
        hold(uid == 0, "%s: sent by user %d" % (self.name, uid))
        self.unanswered()

    def unanswered(self):
        self.socket.setblocking(False)
        try:
            data = self.socket.recv(100)
        except BlockingIOError:
            return
        raise Failure("%s: got %r, too" % (self.name, data))


class Agent:
    def __init__(self, *options):
        self.process = subprocess.Popen(
            [sys.argv[2], "--agent-directory=" + ASK] + sys.argv[4:] +
            list(options) + ["--", sys.argv[3], HERE])
        until(lambda: os.path.exists("started"), "the client")

    def ends(self, status):
        until(lambda: self.process.poll() is not None, "the agent's end")
        hold(self.process.returncode == status,
             "ended with %d" % self.process.returncode)

    def runs(self):
        hold(self.process.poll() is None, "the agent has ended")

    def fds(self):
        return len(os.listdir("/proc/%d/fd" % self.process.pid))


def fetched(secret=SECRET):
    """The client has the password."""
    with open("password.new", "wb") as f:
        f.write(secret)
    os.rename("password.new", "password")


def client_pid():
    with open("started") as f:
        return int(f.read())


def is_gone(pid):
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def dead_pid():
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def microseconds(seconds):
    return int((time.monotonic() + seconds) * 1000000)


def one():
    question = Question("a")
    agent = Agent()
    fetched()
    question.answered()
    agent.ends(0)


def ignoring():
    """Started by somebody who does not want to know of children."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    question = Question("a")
    agent = Agent()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    fetched()
    question.answered()
    agent.ends(0)


def many():
    early = [Question("e%d" % i) for i in range(20)]
    agent = Agent()
    late = [Question("l%d" % i) for i in range(20)]
    fetched()
    for question in early + late:
        question.answered()
    agent.ends(0)


def empty():
    question = Question("a")
    agent = Agent()
    fetched(b"")
    question.answered(b"")
    agent.ends(0)


def withdrawn():
    a, b = Question("a"), Question("b")
    agent = Agent()
    a.withdraw()
    c = Question("c")
    fetched()
    b.answered()
    c.answered()
    agent.ends(0)
    a.unanswered()


def all_withdrawn():
    a = Question("a")
    agent = Agent()
    a.withdraw()
    fetched()
    agent.ends(0)
    a.unanswered()


def new_after_withdrawn():
    a = Question("a")
    agent = Agent()
    a.withdraw()
    time.sleep(0.2)
    agent.runs()
    b = Question("b")
    fetched()
    b.answered()
    agent.ends(0)


def same_name_again():
    a = Question("a", listen=False)
    agent = Agent()
    fetched()
    until(lambda: agent.process.poll() is None, "nothing")
    a.withdraw()
    b = Question("a")
    b.answered()
    agent.ends(0)


def timed_out():
    soon = Question("soon", not_after=microseconds(0.3))
    past = Question("past", not_after=1)
    later = Question("later", not_after=microseconds(3600))
    agent = Agent()
    time.sleep(0.5)
    fetched()
    later.answered()
    agent.ends(0)
    soon.unanswered()
    past.unanswered()


def asker_gone():
    process = subprocess.Popen(["sleep", "100"])
    gone = Question("gone", pid=process.pid)
    never = Question("never", pid=dead_pid())
    here = Question("here")
    agent = Agent()
    process.kill()
    process.wait()
    fetched()
    here.answered()
    agent.ends(0)
    gone.unanswered()
    never.unanswered()


def asker_of_another():
    process = subprocess.Popen(["sleep", "100"],
                               preexec_fn=lambda: os.setuid(65534))
    question = Question("a", pid=process.pid)
    agent = Agent()
    fetched()
    question.answered()
    agent.ends(0)
    process.kill()
    process.wait()


def nonsense():
    pid = os.getpid()
    for i, text in enumerate([
            "", "nonsense", "[Ask]\n", "[Ask]\nPID=%d\n" % pid,
            "[Ask]\nSocket=/tmp/x\n", "[Ask]\nPID=x\nSocket=/tmp/x\n",
            "[Ask]\nPID=-1\nSocket=/x\n",
            "[Ask]\nPID=%d\nSocket=x\n" % pid,
            "[Ask]\nPID=%d\nSocket=/%s\n" % (pid, "x" * 200),
            "[Other]\nPID=%d\nSocket=/tmp/x\n" % pid,
            "[Ask]\nPID=%d\nSocket=/tmp/x\n" % pid + "Message=x\n" * 10000,
            "[Ask]\nPID=%d\nPID=%d\nSocket=/tmp/x\n" % (pid, pid)]):
        Question("n%d" % i, text=text, listen=False)
    os.mkdir(ASK + "/ask.directory")
    os.mkfifo(ASK + "/ask.fifo")
    os.symlink("/etc/passwd", ASK + "/ask.link")
    os.symlink("nowhere", ASK + "/ask.broken")
    with open(ASK + "/ask.", "w") as f:
        f.write("[Ask]\n")
    good = Question("good")
    agent = Agent()
    fetched()
    good.answered()
    agent.ends(0)


def socket_later():
    a = Question("a", listen=False)
    agent = Agent()
    fetched()
    time.sleep(1.5)
    agent.runs()
    before = agent.fds()
    time.sleep(2.5)
    hold(agent.fds() == before, "descriptors leak")
    a.listen()
    a.answered()
    agent.ends(0)


def socket_never():
    a = Question("a", listen=False)
    agent = Agent()
    fetched()
    time.sleep(0.5)
    agent.runs()
    a.withdraw()
    agent.ends(0)


def too_large():
    a = Question("a")
    agent = Agent()
    fetched(b"x" * 1000000)
    agent.ends(1)
    a.unanswered()


def idle():
    a = Question("a")
    agent = Agent()
    time.sleep(2)
    with open("/proc/%d/stat" % agent.process.pid) as f:
        fields = f.read().rpartition(")")[2].split()
    ticks = int(fields[11]) + int(fields[12])
    hold(ticks <= 5, "it has used %d ticks while it waited" % ticks)
    fetched()
    a.answered()
    agent.ends(0)


def many_events():
    a = Question("a")
    agent = Agent()
    for i in range(500):
        Question("w%d" % i, listen=False).withdraw()
    b = Question("b")
    fetched()
    a.answered()
    b.answered()
    agent.ends(0)


def signalled():
    for sig in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP,
                signal.SIGQUIT):
        question = Question("a")
        agent = Agent()
        pid = client_pid()
        agent.process.send_signal(sig)
        agent.ends(-sig)
        hold(is_gone(pid), "the client is left")
        question.unanswered()
        question.withdraw()
        os.unlink("started")
        os.unlink(question.path)


def signalled_while_answering():
    Question("a", listen=False)
    agent = Agent()
    fetched()
    time.sleep(0.3)
    agent.process.send_signal(signal.SIGTERM)
    agent.ends(-signal.SIGTERM)


def client_fails():
    for how in (b"exit 3", b"kill -KILL $$"):
        question = Question("a")
        agent = Agent()
        with open("do.new", "wb") as f:
            f.write(how)
        os.rename("do.new", "do")
        agent.ends(1)
        question.unanswered()
        question.withdraw()
        os.unlink(question.path)
        os.unlink("started")
        os.unlink("do")


def secret_stays():
    question = Question("a")
    resource.setrlimit(resource.RLIMIT_CORE, (1 << 20, 1 << 20))
    agent = Agent()
    fetched(b"ohsosecret%d" % os.getpid())
    question.answered(b"ohsosecret%d" % os.getpid())
    agent.ends(0)


def power():
    question = Question("a")
    agent = Agent()
    pid = agent.process.pid
    wanted = {"CapEff": 1 << 5, "CapPrm": 1 << 5, "CapBnd": 0, "CapInh": 0,
              "CapAmb": 0, "NoNewPrivs": 1, "Seccomp": 2}
    until(lambda: status(pid)["Seccomp"] == "2", "the filter")
    is_sanitized = os.environ.get("SANITIZED") == "yes"
    for name, value in wanted.items():
        got = int(status(pid)[name], 16)
        hold(got == value, "%s is %x" % (name, got))
    hold(status(pid)["Groups"] == "", "it has groups")
    hold(is_sanitized or int(status(pid)["VmLck"].split()[0]) > 0,
         "nothing is locked")
    with open("/proc/%d/limits" % pid) as f:
        core = [line for line in f if line.startswith("Max core file size")]
    hold(core[0].split()[4:6] == ["0", "0"], "it may dump core")
    fetched()
    question.answered()
    agent.ends(0)


def status(pid):
    with open("/proc/%d/status" % pid) as f:
        return dict((line.split(":", 1)[0], line.split(":", 1)[1].strip())
                    for line in f)


def main():
    os.mkdir(ASK)
    try:
        globals()[sys.argv[1]]()
    except Failure as failure:
        print("questions.py: %s" % failure, file=sys.stderr)
        return 1
    return 0


sys.exit(main())
