"""Mails into a folder (Maildir, https://cr.yp.to/proto/maildir.html): any mail program opens it."""

import hashlib
import os
from pathlib import Path

from billing.adapters.mail_message import mail_message
from billing.ports import Mail, MailUnavailable
from billing.ports.trace import span


class MaildirMailer:
    """Delivers below one folder. A mail of a known Message-ID is there already, wherever a reader moved it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @span("mail.send")
    def send(self, mail: Mail) -> None:
        """Put the mail into `new`. MailRefused for a mail that can't be one, MailUnavailable where the disk fails."""
        message = mail_message(mail).as_bytes()
        name = f"{int(mail.sent_at.timestamp())}.{hashlib.sha256(mail.message_id.encode()).hexdigest()[:32]}.billing"
        try:
            for part in ("tmp", "new", "cur"):
                (self._folder / part).mkdir(parents=True, exist_ok=True)
            if not self._is_there(name.split(".")[1]):
                self._deliver(name, message)
        except OSError as error:
            raise MailUnavailable(reason=f"{type(error).__name__}: {error}") from error

    def _is_there(self, digest: str) -> bool:
        return any(next((self._folder / part).glob(f"*.{digest}.billing*"), None) for part in ("new", "cur"))

    def _deliver(self, name: str, message: bytes) -> None:
        written = self._folder / "tmp" / f"{name}.{os.getpid()}"
        written.write_bytes(message)
        try:
            os.link(written, self._folder / "new" / name)  # whole or not at all, and never over another
        except FileExistsError:
            pass  # the same mail, delivered at the same time
        finally:
            written.unlink()
