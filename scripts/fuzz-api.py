#!/usr/bin/env python3
"""Sends a running server what its OpenAPI document allows, and what it does not.

    scripts/fuzz-api.py PROGRAM

PROGRAM is the `shelfread` to test. It serves a catalogue of its own in a folder that is gone
afterwards. No answer may be a server error or one that the document does not know. Schemathesis
makes the requests; it is installed into target/schemathesis, once, from the package index.
"""

import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

VERSION = "4.32.5"
ROOT = pathlib.Path(__file__).resolve().parent.parent
VENV = ROOT / "target" / "schemathesis"
# The whole of it must stay below two minutes.
SECONDS = 75
# What is refused although the document allows it depends on what there is: no schema says that a
# name must be one of a source. What is taken although the document does not allow it is an empty
# value, which counts as none. The stream never ends. And nothing is removed from a disk.
CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
]
LEFT_OUT = ["stream_events", "remove_everywhere"]


def installed():
    """The schemathesis of this version; made when it is not there."""
    program = VENV / "bin" / "schemathesis"
    marker = VENV / VERSION
    if marker.exists():
        return program
    for command, missing in [
        ([sys.executable, "-m", "venv", str(VENV)], "python3 with venv (Debian: python3-venv)"),
        (
            [str(VENV / "bin" / "pip"), "install", "--quiet", f"schemathesis=={VERSION}"],
            f"schemathesis {VERSION} from the Python package index",
        ),
    ]:
        if subprocess.run(command, check=False).returncode != 0:
            sys.exit(f"the API was not tested: missing {missing}")
    marker.touch()
    return program


def configured(folder):
    """A configuration with a few films in it, and where its server will be."""
    films = folder / "films"
    for name in ["Heat (1995)", "Ran (1985)", "Alien (1979)"]:
        (films / name).mkdir(parents=True)
        (films / name / f"{name}.mkv").write_bytes(b"film")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = folder / "shelfread.toml"
    config.write_text(
        f'data_dir = "{folder}/data"\n[server]\nlisten = "127.0.0.1:{port}"\n'
        f'[[source]]\nname = "films"\nkind = "folder"\npath = "{films}"\nmedia = "movies"\n'
    )
    return config, f"http://127.0.0.1:{port}"


def wait_for(address, server):
    end = time.monotonic() + 30
    while time.monotonic() < end and server.poll() is None:
        try:
            urllib.request.urlopen(f"{address}/readyz", timeout=1)
            return
        except OSError:
            time.sleep(0.1)
    sys.exit("the server did not begin to answer")


def fuzz(program, address, token):
    command = [
        str(program), "run", f"{address}/api/openapi.json",
        "--header", f"Authorization: Bearer {token}",
        "--phases", "examples,coverage,fuzzing",
        "--checks", ",".join(CHECKS),
        "--max-examples", "40",
        "--max-time", str(SECONDS),
        "--workers", "1",
        "--request-timeout", "30",
        "--suppress-health-check", "all",
        "--warnings", "off",
        "--continue-on-failure",
        "--seed", "1",
    ]
    for name in LEFT_OUT:
        command += ["--exclude-operation-id", name]
    environment = {**os.environ, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    return subprocess.run(command, check=False, env=environment).returncode


def main():
    program = pathlib.Path(sys.argv[1]).resolve()
    schemathesis = installed()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        config, address = configured(folder)
        ours = [str(program), "--config", str(config)]
        made = subprocess.run(
            [*ours, "token", "create", "fuzz", "--scope", "admin", "--json"],
            check=True, capture_output=True,
        )
        token = json.loads(made.stdout)["token"]
        subprocess.run([*ours, "sync"], check=True, stdout=subprocess.DEVNULL)
        log = folder / "log"
        with log.open("wb") as out:
            server = subprocess.Popen([*ours, "serve"], stdout=out, stderr=out)
            try:
                wait_for(address, server)
                code = fuzz(schemathesis, address, token)
                alive = server.poll() is None
            finally:
                server.terminate()
                server.wait(60)
        if code != 0 or not alive:
            print(log.read_text(errors="replace")[-4000:], file=sys.stderr)
        if not alive:
            sys.exit("the server ended by itself")
        sys.exit(code)


main()
