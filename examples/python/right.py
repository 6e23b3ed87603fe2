#!/usr/bin/env python3
"""A right chat server in Python: the protocol `plain`, docs/lessons/protocol.md.

    python3 right.py 7000        (or PORT=7000 python3 right.py)

Each client has two threads. The reader takes lines and says them; the writer sends what waits for this client.
One lock holds everything that threads share. Under it nothing waits for the network: to speak is to put a line into
the queues of the others. So the order in which the lock is taken is the order in which all clients see the lines.
"""
import errno
import os
import signal
import socket
import sys
import threading
import time

LONGEST_LINE = 4096         # bytes of text
LONGEST_NAME = 24           # characters
MOST_WAITING = 1 << 20      # bytes that may wait for one client; one byte more, and it is closed
PATIENCE = 0.2              # seconds that a speaker waits for a client that is late

lock = threading.Lock()
space = threading.Condition(lock)   # a queue has become shorter
clients = set()                     # all connections
names = {}                          # name -> client, for those that have come in


class Client:
    def __init__(self, sock):
        self.sock = sock
        self.name = None
        self.queue = []             # lines that the writer has not taken yet
        self.waiting = 0            # bytes in the queue, and those that the writer is sending
        self.ends = False           # nothing more is put into the queue
        self.late = False           # speakers do not wait for this client any more
        self.filled = threading.Condition(lock)
        self.writer = threading.Thread(target=self.write)
        self.reader = threading.Thread(target=self.read)

    # These three are called with the lock held.

    def put(self, line):
        if self.ends:
            return
        self.queue.append(line.encode() + b"\n")
        self.waiting += len(self.queue[-1])
        if self.waiting > MOST_WAITING:
            self.queue.clear()
            self.end()
            self.hang_up()
        else:
            self.filled.notify()

    def end(self):
        """The writer sends what waits, and then the end of the stream."""
        self.ends = True
        self.filled.notify()

    def hang_up(self):
        """Wakes both threads of this client. To close the socket would not wake them."""
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass                    # the client was faster

    def write(self):
        try:
            while True:
                with lock:
                    self.filled.wait_for(lambda: self.queue or self.ends)
                    batch = b"".join(self.queue)
                    self.queue.clear()
                if not batch:
                    break
                self.sock.sendall(batch)        # may take long: never under the lock
                with lock:
                    self.waiting -= len(batch)
                    self.late = False
                    space.notify_all()
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:             # this client is not there any more; the error is nobody else's
            with lock:
                self.ends = True
                self.hang_up()

    def lines(self):
        """Lines without their ends. One `recv` may bring a part of a line, or many lines."""
        rest = b""
        while data := self.sock.recv(65536):
            *whole, rest = (rest + data).split(b"\n")
            rest = rest[:LONGEST_LINE + 2]      # a line that is too long stays too long
            for line in whole:
                yield line.removesuffix(b"\r")

    def read(self):
        try:
            for line in self.lines():
                if line == b"/quit":
                    break
                self.obey(line)
        except OSError:
            pass                    # a reset is an end, too
        self.leave()

    def obey(self, line):
        try:
            text = line.decode()
        except UnicodeDecodeError:
            return self.refuse("this line is not UTF-8")
        if len(line) > LONGEST_LINE:
            self.refuse(f"a line has at most {LONGEST_LINE} bytes")
        elif self.name is None:
            self.come_in(text)
        elif text:
            self.say(text)

    def refuse(self, reason):
        with lock:
            self.put("! " + reason)

    def come_in(self, name):
        if not 1 <= len(name) <= LONGEST_NAME or not all(c.isalnum() or c in "-_" for c in name):
            return self.refuse(f"a name has 1 to {LONGEST_NAME} letters, digits, - and _; try another one")
        with lock:                  # to look and to take is one step, else two clients get one name
            if name in names:
                return self.put(f"! the name {name} is taken; try another one")
            tell(f"* {name} joined")
            here = ", ".join(names) or "nobody"
            self.put(f"* welcome, {name}. Here: {here}")
            self.name = name
            names[name] = self

    def say(self, text):
        with lock:
            tell(f"{self.name}: {text}", but=self)
            # A burst must not throw out a client that reads. So the speaker waits until there is space, but not long,
            # and only once for a client that does not read at all.
            if not space.wait_for(lambda: not behind(), PATIENCE):
                for client in behind():
                    client.late = True

    def leave(self):
        """The only place where a client is removed."""
        with lock:
            self.end()
            if self.name is not None:
                del names[self.name]
                tell(f"* {self.name} left")
        self.writer.join(1)         # what waits may still be sent, but not for ever
        with lock:
            self.hang_up()
        self.writer.join()
        self.sock.close()
        with lock:
            clients.discard(self)


def tell(line, but=None):
    for client in names.values():
        if client is not but:
            client.put(line)


def behind():
    return [c for c in names.values() if c.waiting > MOST_WAITING // 2 and not (c.late or c.ends)]


def accept(listener):
    while True:
        try:
            sock, _ = listener.accept()
        except OSError as error:
            if error.errno == errno.EINVAL:     # the listener was shut down: the server stops
                return
            time.sleep(0.1)         # no descriptors left, for example; others may leave
            continue
        client = Client(sock)
        with lock:
            clients.add(client)
        client.writer.start()
        client.reader.start()


def main():
    port = int(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("PORT", 7000))
    signals = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)   # before the first thread, because threads inherit it
    listener = socket.create_server(("127.0.0.1", port), backlog=128)   # sets SO_REUSEADDR, too
    acceptor = threading.Thread(target=accept, args=[listener])
    acceptor.start()
    print(f"right.py: listening on 127.0.0.1:{listener.getsockname()[1]}", file=sys.stderr)

    signal.sigwait(signals)
    listener.shutdown(socket.SHUT_RDWR)         # wakes `accept`
    acceptor.join()                             # from here on no client is added
    listener.close()
    with lock:
        last = list(clients)
        for client in last:
            client.put("* the server stops")
            client.end()
    deadline = time.monotonic() + 1
    for client in last:
        client.writer.join(max(0, deadline - time.monotonic()))
    with lock:
        for client in last:
            client.hang_up()
    for client in last:
        client.reader.join()


if __name__ == "__main__":
    main()
