"""A small chat server for the protocol `plain`. Faults: one-at-a-time, no-author."""
import os
import socket
import sys
import threading

port, fault = int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else ""
lock = threading.Lock()
clients = {}


def tell(line, besides):
    with lock:
        for other in list(clients):
            if other is not besides:
                try:
                    other.sendall(line.encode() + b"\n")
                except OSError:
                    pass


def talk(sock):
    lines = sock.makefile("rb")
    name = lines.readline().decode().strip()
    with lock:
        sock.sendall(f"* welcome, {name}\n".encode())
        clients[sock] = name
    tell(f"* {name} joined", sock)
    for line in lines:
        text = line.decode().rstrip("\r\n")
        tell(text if fault == "no-author" else f"{name}: {text}", sock)
    del clients[sock]
    tell(f"* {name} left", sock)
    sock.close()


with open("pid", "w") as file:
    file.write(str(os.getpid()))
listener = socket.create_server(("127.0.0.1", port), backlog=64)
print("\x1b[31mlistening\x1b[0m", flush=True)
while True:
    client, _ = listener.accept()
    if fault == "one-at-a-time":
        talk(client)
    else:
        threading.Thread(target=talk, args=(client,), daemon=True).start()
