"""Whose files are received at all."""

from typing import Any

from django.core.files.uploadhandler import FileUploadHandler, StopUpload


class OnlySignedIn(FileUploadHandler):
    """Stands before the handlers that store: of somebody not signed in no file is read.

    ``request.upload_unread`` is true then. The text before the first file has been read, so a
    form whose session ended keeps it; what follows stays unread, and the server drops it.
    """

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        if not self.request.user.is_authenticated:
            self.request.upload_unread = True
            raise StopUpload(connection_reset=True)
        super().new_file(*args, **kwargs)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None
