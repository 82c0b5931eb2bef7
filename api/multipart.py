"""multipart/form-data bodies: fields and files. Any part name is taken; a part with a file name is a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import Request

from api.errors import RestError, invalid_request

MAX_FILES: Final = 1000
MAX_FIELDS: Final = 1000
MAX_FIELD_BYTES: Final = 2_000_000


@dataclass(frozen=True, slots=True)
class File:
    """An uploaded file: the name of its part, its own name, its media type as sent, and its bytes."""

    part: str
    filename: str
    content_type: str | None
    content: bytes


@dataclass(frozen=True, slots=True)
class Form:
    """The parts of a body in the order sent; of fields with one name the last counts."""

    fields: dict[str, str]
    files: list[File]

    def flag(self, name: str) -> bool:
        """A field that is true in any case of letters."""
        return self.fields.get(name, "").strip().lower() == "true"


async def read_form(request: Request) -> Form:
    """The parts of the body. RestError 415 when it is no multipart body, 400 when it is a broken one."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "multipart/form-data":
        raise RestError(
            415,
            "NotSupportedException",
            f"Expected a body of multipart/form-data but it is {media_type or 'of no type'}.",
        )
    fields: dict[str, str] = {}
    files: list[File] = []
    try:
        async with request.form(max_files=MAX_FILES, max_fields=MAX_FIELDS, max_part_size=MAX_FIELD_BYTES) as form:
            for name, part in form.multi_items():
                if isinstance(part, UploadFile):
                    files.append(File(name, part.filename or name, part.content_type, await part.read()))
                else:
                    fields[name] = part
    except (HTTPException, MultiPartException) as error:
        detail = error.detail if isinstance(error, HTTPException) else error.message
        raise invalid_request(f"Expected a body of multipart/form-data but it cannot be read: {detail}") from error
    return Form(fields, files)
