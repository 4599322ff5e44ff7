#!/usr/bin/env python3
"""Measures what readers of live events cost a server, and how long an event takes to reach all.

    scripts/measure-readers.py PROGRAM [READERS]

PROGRAM is a `shelfread`, best a release build. It serves a catalogue of its own; the memory is that
of its process beyond what it had before the first reader.
"""

import json
import pathlib
import selectors
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

program = pathlib.Path(sys.argv[1]).resolve()
count = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000


def memory(process):
    for line in pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


def request(address, token, method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    asked = urllib.request.Request(address + path, data, headers, method=method)
    with urllib.request.urlopen(asked, timeout=30) as answer:
        return json.load(answer)


def reader(port, token):
    line = socket.create_connection(("127.0.0.1", port))
    line.sendall(
        f"GET /api/v1/events/stream HTTP/1.1\r\nHost: x\r\n"
        f"Authorization: Bearer {token}\r\n\r\n".encode()
    )
    line.recv(4096)
    return line


def heard_by_all(lines, watch):
    left = set(lines)
    while left:
        for key, _ in watch.select(10):
            if b"run.finished" in key.fileobj.recv(65536):
                left.discard(key.fileobj)
    return time.monotonic()


with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    (folder / "films/Heat (1995)").mkdir(parents=True)
    (folder / "films/Heat (1995)/Heat (1995).mkv").write_bytes(b"film")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = folder / "shelfread.toml"
    config.write_text(
        f'data_dir = "{folder}/data"\n[server]\nlisten = "127.0.0.1:{port}"\n'
        f'[[source]]\nname = "films"\nkind = "folder"\npath = "{folder}/films"\nmedia = "movies"\n'
    )
    ours = [str(program), "--config", str(config)]
    subprocess.run([*ours, "sync"], check=True, stdout=subprocess.DEVNULL)
    made = subprocess.run(
        [*ours, "token", "create", "measure", "--scope", "admin", "--json"],
        check=True, capture_output=True,
    )
    token = json.loads(made.stdout)["token"]
    server = subprocess.Popen([*ours, "serve"], stdout=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        time.sleep(2)
        item = request(address, token, "GET", "/api/v1/items")["items"][0]["id"]
        reader(port, token).close()
        before = memory(server)
        begun = time.monotonic()
        lines = [reader(port, token) for _ in range(count)]
        print(f"{count} readers in {time.monotonic() - begun:.1f} s")
        watch = selectors.EpollSelector()
        for line in lines:
            watch.register(line, selectors.EVENT_READ)
        took = []
        for n in range(10):
            request(address, token, "PATCH", f"/api/v1/items/{item}/overrides", {"title": f"T{n}"})
            committed = time.monotonic()
            took.append((heard_by_all(lines, watch) - committed) * 1000)
        print(f"{(memory(server) - before) / count:.1f} KiB for each")
        print("from the answer to the writer until all heard it, in ms:",
              ", ".join(f"{ms:.0f}" for ms in took))
    finally:
        server.terminate()
        server.wait(60)
