#!/usr/bin/env python3
"""A chat server as many courses begin: a thread for each client, a list of sockets, one lock. It has faults on purpose.

    python3 threads.py 8080        (or PORT=8080 python3 threads.py)
    chat-lab check --profile raw --command 'python3 examples/python/threads.py {port}'

It speaks `raw`: each chunk of bytes goes to all others, and each client puts its own name before what it says.

What is wrong, and which rules of the checker show it:

1. The end of the stream is not seen. After a clean leave `recv` gives nothing, at once, again and again: the thread
   goes round at 100 % of a core, and neither the thread nor the socket ever ends.
   Rules: leave/no-spin, leave/no-leak.
2. Nothing is ever removed from the list, so a client that was reset stays in it. The next client that speaks gets the
   error of that socket, and *its* thread ends, although it did nothing wrong.
   Rules: leave/reset, leave/reset-under-fire.
3. `sendall` under the lock. One client that does not read stops all others; and the main thread, too, because it needs
   the lock for a newcomer.
   Rules: slow/others, slow/newcomer, slow/speaker.
4. No SO_REUSEADDR: after it was stopped, it cannot listen on its port again for a minute.
   Rule: stop/restart.

Two more faults that the rules ask only where a protocol has names and ends of messages:

5. A chunk is decoded as if it were a whole text. It may end inside a letter, or hold no UTF-8 at all, and then the
   thread of that client ends.
   Rules: framing/letter, framing/bad-utf8.
6. What one `recv` gives is taken for a message, and the client writes the name, so it can write any name.
   Rules: framing/split, framing/glued, together/author.
"""
import os
import socket
import sys
import threading

clients = []
lock = threading.Lock()


def broadcast(text, sender):
    with lock:
        for client in clients:
            if client is not sender:
                client.sendall(text.encode())


def talk(conn, addr):
    print(addr, "connected")
    while True:
        text = conn.recv(1024).decode()
        if text:
            broadcast(text, conn)


def main():
    port = int(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("PORT", 8080))
    server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    server.bind(("127.0.0.1", port))
    server.listen()
    print("Chat started on port", port)
    while True:
        conn, addr = server.accept()
        with lock:
            clients.append(conn)
        threading.Thread(target=talk, args=(conn, addr), daemon=True).start()


if __name__ == "__main__":
    main()
