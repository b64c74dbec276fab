"""The stand-in as a program on the path."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread

from infra.gcloud import Run

_EXECUTABLE = """#!/bin/bash
# Hands its folder and arguments on to the test, and gives back what that answers.
exec 3<>/dev/tcp/127.0.0.1/{port}
printf '%s\\n' "$#" >&3
printf '%s\\0' "$PWD" "$@" >&3
IFS= read -r -d '' code <&3
IFS= read -r -d '' out <&3
IFS= read -r -d '' said <&3
printf '%s' "$out"
printf '%s' "$said" >&2
exit "$code"
"""


@contextmanager
def on_path(folder: Path, run: Run) -> Iterator[None]:
    """Write an executable `gcloud` into a folder; while the block runs it answers as `run` does."""

    class Handler(StreamRequestHandler):
        def handle(self) -> None:
            number = int(self.rfile.readline())
            words = [self._word() for _ in range(number + 1)]
            code, out, said = run(["gcloud", *words[1:]], Path(words[0]))
            self.wfile.write(b"\0".join(each.encode() for each in (str(code), out, said)) + b"\0")

        def _word(self) -> str:
            return b"".join(iter(lambda: self.rfile.read(1), b"\0")).decode()

    with ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        gcloud = folder / "gcloud"
        gcloud.write_text(_EXECUTABLE.format(port=server.server_address[1]))
        gcloud.chmod(0o755)
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield
        server.shutdown()
