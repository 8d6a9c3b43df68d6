# SPDX-License-Identifier: ISC
"""Run a program that inherits descriptors.

    with_fds.py [NUMBER=KIND]... -- PROGRAM [ARGUMENT]...

KIND is bound:PORT, ipv4:PORT or listening:PORT, a TCP socket; udp:PORT;
file:PATH; or closed.  One that listens already is what a service manager
makes.
"""
import os
import socket
import sys


def make(kind):
    kind, _, value = kind.partition(":")
    if kind == "file":
        return os.open(value, os.O_RDWR | os.O_CREAT, 0o600)
    fd = socket.socket(
        socket.AF_INET if kind == "ipv4" else socket.AF_INET6,
        socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM)
    fd.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    fd.bind(("127.0.0.1" if kind == "ipv4" else "::", int(value)))
    if kind == "listening":
        fd.listen(1)
    return fd.detach()


end = sys.argv.index("--")
wanted = [arg.split("=", 1) for arg in sys.argv[1:end]]
# None of what is made may be in the way of a number that is wanted.
made = [(int(number), None if kind == "closed" else
         os.dup2(make(kind), 100 + i, inheritable=False))
        for i, (number, kind) in enumerate(wanted)]
for number, fd in made:
    if fd is None:
        try:
            os.close(number)
        except OSError:
            pass
    else:
        os.dup2(fd, number)
os.execv(sys.argv[end + 1], sys.argv[end + 1:])
