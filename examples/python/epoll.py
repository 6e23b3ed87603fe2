#!/usr/bin/env python3
"""A chat server with one thread and epoll, as a first event loop often looks. It has faults on purpose.

    python3 epoll.py 2012        (or PORT=2012 python3 epoll.py)
    chat-lab check --profile address --command 'python3 examples/python/epoll.py {port}'

It speaks `address`: the others hear `[ip:port] : text`; who says `exit` leaves.

What is wrong, and which rules of the checker show it:

1. There is place for one answer to each client. If the next message comes before the last one is sent, it is written
   over it, and that message is lost.
   Rules: order/none-lost, slow/honest; and by chance together/once and leave/reset-under-fire.
2. `if b"exit" in data`: a client that says "the exit is left" is thrown out.
   Rule: leave/word.
3. EPOLLIN is looked at first, and when a client closes, EPOLLIN is set, too. The empty read is dropped, so the loop
   comes back at once, for ever, at 100 % of a core. The client is never removed, and the others are never told.
   Rules: leave/no-spin, leave/no-leak, leave/close; so names/told is not run.

It is right in other things: no `send` waits, so a client that does not read stops nobody; a reset ends one client only;
SO_REUSEADDR is set.
"""
import os
import select
import socket
import sys

epoll = select.epoll()
connections = {}        # descriptor -> socket
addresses = {}          # descriptor -> "ip:port"
responses = {}          # descriptor -> bytes that wait for EPOLLOUT


def send_all(data, sender):
    for fd in connections:
        if fd != sender:
            responses[fd] = data
            epoll.modify(fd, select.EPOLLIN | select.EPOLLOUT | select.EPOLLRDHUP)


def accept(server):
    connection, address = server.accept()
    connection.setblocking(False)
    fd = connection.fileno()
    connections[fd] = connection
    addresses[fd] = "%s:%d" % address
    epoll.register(fd, select.EPOLLIN | select.EPOLLRDHUP)
    send_all(b"Connection established with <%s>\n" % addresses[fd].encode(), fd)


def disconnect(fd):
    epoll.unregister(fd)
    connections.pop(fd).close()
    responses.pop(fd, None)
    send_all(b"Disconnected: <%s>\n" % addresses.pop(fd).encode(), fd)


def data_in(fd):
    data = connections[fd].recv(1024)
    if b"exit" in data:
        disconnect(fd)
    elif data:
        send_all(b"[%s] : %s" % (addresses[fd].encode(), data), fd)


def data_out(fd):
    sent = connections[fd].send(responses[fd])
    responses[fd] = responses[fd][sent:]
    if not responses[fd]:
        epoll.modify(fd, select.EPOLLIN | select.EPOLLRDHUP)


def main():
    port = int(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("PORT", 2012))
    server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("127.0.0.1", port))
    server.listen(100)
    epoll.register(server.fileno(), select.EPOLLIN)
    print("Listening on port", port)
    while True:
        for fd, event in epoll.poll():
            if fd == server.fileno():
                accept(server)
                continue
            try:
                if event & select.EPOLLIN:
                    data_in(fd)
                elif event & select.EPOLLOUT:
                    data_out(fd)
                elif event & select.EPOLLRDHUP:
                    disconnect(fd)
            except OSError:
                disconnect(fd)


if __name__ == "__main__":
    main()
