# SPDX-License-Identifier: ISC
"""Peers that no Mandos client is like, and what the server tells them.

    talk.py lines PORT LINE...     say each LINE, which may have \\-escapes, on
                                   a connection of its own, and no more
    talk.py x509 PORT CERT KEY     do the handshake with an X.509 certificate
    talk.py idle PORT              begin well, and then do nothing

All talk to ::1.  Of each connection one line says how many bytes came from
the server: all of them, or with x509 those that TLS has decrypted.  An idle
peer instead says "open" when the server answers and "closed" at its end.
"""
import socket
import ssl
import sys

TIMEOUT = 10


def connect(port):
    return socket.create_connection(("::1", int(port)), TIMEOUT)


def count(connection):
    """Read to the end, however that comes; but it has to come."""
    total = 0
    try:
        while data := connection.recv(65536):
            total += len(data)
    except (ConnectionResetError, ssl.SSLError):
        pass
    return total


def lines(port, *texts):
    for text in texts:
        with connect(port) as peer:
            peer.sendall(text.encode().decode("unicode_escape")
                         .encode("latin-1"))
            peer.shutdown(socket.SHUT_WR)
            print(f"{text}: {count(peer)} bytes")


def x509(port, cert, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    with connect(port) as peer:
        peer.sendall(b"1\r\n")
        with context.wrap_socket(peer, server_side=True) as tls:
            print(f"{count(tls)} bytes")


def idle(port):
    with connect(port) as peer:
        peer.sendall(b"1\r\n")
        peer.recv(1)
        print("open", flush=True)
        count(peer)
        print("closed", flush=True)


{"lines": lines, "x509": x509, "idle": idle}[sys.argv[1]](*sys.argv[2:])
