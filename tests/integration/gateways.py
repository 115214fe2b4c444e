"""Real gateways for notices that leave the house: a server, and the file of channels by which notices get there."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers import outside
from tests.servers.certificates import authority
from tests.servers.outside import HOST, PASSWORD, USER, Arrival, Outside

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
KINDS = ("e-mail", "webhook")
_HEADER = {"e-mail": "message-id", "webhook": "webhook-id"}


@dataclass(frozen=True)
class Gateway:
    """A server, and what the file of channels says of it. folder: where that file and its secrets lie."""

    kind: str
    server: Outside
    folder: Path

    def file(self, to: str = "ward") -> Path:
        """Write the file of channels with one route, `all`, to the ward or to another name; return its path."""
        file = self.folder / f"channels-{to}.yaml"
        file.write_text(
            f"format: 1\nlink: https://carepath.example\n{self._part()}\nroutes: {{all: {self._route(to)}}}\n"
        )
        return file

    def references(self) -> list[str]:
        """Return by what each message that came can be told from others."""
        return [each.headers[_HEADER[self.kind]] for each in self.server.arrivals]

    def of(self, episode_id: str) -> list[Arrival]:
        """Return what came about an episode."""
        return [each for each in self.server.arrivals if episode_id.encode() in each.body]

    def _part(self) -> str:
        if self.kind == "e-mail":
            login = f"from: carepath@hospital.example, user: {USER}, password_file: password"
            return f"mail: {{server: {HOST}, port: {self.server.port}, ca: trusted.pem, {login}}}"
        host = "secret_files: secret, ca: trusted.pem, networks: [127.0.0.0/8, '::1/128']"
        return f"webhook: {{hosts: {{'{HOST}:{self.server.port}': {{{host}}}}}}}"

    def _route(self, to: str) -> str:
        address = f"{to}@hospital.example" if self.kind == "e-mail" else f"https://{HOST}:{self.server.port}/{to}"
        return f"{{channel: {self.kind}, to: '{address}'}}"


@contextmanager
def gateway(kind: str, folder: Path) -> Iterator[Gateway]:
    """Run a gateway of a kind; its files lie in `folder`."""
    folder.mkdir(exist_ok=True)
    trusted = authority(folder, "trusted")
    (folder / "password").write_text(PASSWORD)
    (folder / "secret").write_text(SECRET)
    context = trusted.server(HOST)
    serving = outside.mail_server(context, login=True) if kind == "e-mail" else outside.hook_server(context)
    with serving as server:
        yield Gateway(kind, server, folder)
