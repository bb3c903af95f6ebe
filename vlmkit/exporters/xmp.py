"""XMP sidecars, as photo programs read them: description, keywords and alt text, and nothing else touched."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Unpack
from xml.dom import minidom
from xml.parsers.expat import ExpatError

from vlmkit.arguments import check_choice
from vlmkit.exporters.job import start
from vlmkit.exporters.lenient import Fault, Reading
from vlmkit.exporters.locating import Names
from vlmkit.exporters.options import ExportOptions
from vlmkit.exporters.rows import Row
from vlmkit.exporters.side_files import Content, write_side_files
from vlmkit.exporters.sidecars import pictures_below, side_targets
from vlmkit.untrusted import for_xml

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["XmpFile", "read_xmp", "to_xmp"]

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_DC = "http://purl.org/dc/elements/1.1/"
_IPTC = "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/"
_XML = "http://www.w3.org/XML/1998/namespace"
_XMLNS = "http://www.w3.org/2000/xmlns/"
_NAMES = {"dc": _DC, "Iptc4xmpCore": _IPTC}
_EMPTY = f"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{_RDF}">
<rdf:Description rdf:about=""/>
</rdf:RDF></x:xmpmeta>"""
# XML 1.0 cannot hold these; carriage returns it would read back as line feeds.
_NO_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


@dataclass(frozen=True, kw_only=True, slots=True)
class XmpFile:
    """How such a file is read and written.

    Attributes
    ----------
    separator : str, default a space
    is_tags : bool, default False
        Whether texts are tags; here these stand apart.
    alt_text : bool, default False
        Whether the text is also the picture's alternative for those who cannot see it.
    """

    separator: str = " "
    is_tags: bool = False
    alt_text: bool = False

    def read(self, data: bytes) -> Content:
        """Description and keywords of a file.

        Raises
        ------
        ValueError
            It is not XMP, or defines entities, which XMP does not.
        """
        description = _description(_parsed(data))
        texts = _items(description, _DC, "description", "x-default")
        return Content(texts[0] if texts else "", tuple(_items(description, _DC, "subject")))

    def write(self, old: bytes | None, content: Content) -> bytes:
        """The file with these words; whatever else was in it stays."""
        document = _parsed(old or b"")
        description = _description(document)
        text = [content.text] if content.text else []
        _put(document, description, "dc:description", "Alt", text)
        _put(document, description, "dc:subject", "Bag", content.tags)
        if self.alt_text:
            _put(document, description, "Iptc4xmpCore:AltTextAccessibility", "Alt", text)
        return for_xml(document.toxml(encoding="utf-8").decode()).encode()

    def content(self, row: Row) -> Content:
        """Words of a row, as XML can hold them."""
        return Content(_xml_text(row.text or "").strip(), tuple(_xml_text(tag) for tag in row.tags))


def _xml_text(text: str) -> str:
    return _NO_XML.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


def _parsed(data: bytes) -> minidom.Document:
    text = data.decode("utf-8-sig") if data.strip(b"\0\t\r\n ") else _EMPTY  # a power cut leaves empty files
    if "<!" in re.sub(r"<!--.*?-->|<!\[CDATA\[.*?\]\]>", "", text, flags=re.DOTALL):
        raise ValueError("it defines a document type, which no XMP file needs")
    try:
        return minidom.parseString(text.encode())  # noqa: S318  without a document type there are no entities
    except (ExpatError, LookupError) as error:  # the latter where it names an encoding that nobody knows
        raise ValueError(f"not well-formed XML ({error})") from error


def _description(document: minidom.Document) -> minidom.Element:
    """The description that has the words, else the first.

    Raises
    ------
    ValueError
        There is none.
    """
    found = document.getElementsByTagNameNS(_RDF, "Description")
    if not found:
        raise ValueError("no rdf:Description in it")
    with_words = (each for each in found if each.getElementsByTagNameNS(_DC, "description"))
    return next(with_words, found[0])


def _items(description: minidom.Element, space: str, name: str, language: str | None = None) -> list[str]:
    items = [
        item
        for each in description.getElementsByTagNameNS(space, name)
        for item in each.getElementsByTagNameNS(_RDF, "li")
        if language is None or item.getAttributeNS(_XML, "lang") in {language, ""}
    ]
    return ["".join(node.data for node in item.childNodes if hasattr(node, "data")) for item in items]


def _put(
    document: minidom.Document, description: minidom.Element, qualified: str, kind: str, values: Sequence[str]
) -> None:
    """Replace a property; texts in other languages stay."""
    prefix, _, name = qualified.partition(":")
    description.setAttributeNS(_XMLNS, f"xmlns:{prefix}", _NAMES[prefix])
    kept = []
    for old in list(description.getElementsByTagNameNS(_NAMES[prefix], name)):
        kept += [
            item for item in old.getElementsByTagNameNS(_RDF, "li")
            if item.getAttributeNS(_XML, "lang") not in {"", "x-default"}
        ]  # fmt: skip
        if old.parentNode is not None:
            old.parentNode.removeChild(old)
    if not values and not kept:
        return
    holder = document.createElementNS(_NAMES[prefix], qualified)
    items = document.createElementNS(_RDF, f"rdf:{kind}")
    for value in values:
        item = document.createElementNS(_RDF, "rdf:li")
        if kind == "Alt":
            item.setAttributeNS(_XML, "xml:lang", "x-default")
        item.appendChild(document.createTextNode(value))
        items.appendChild(item)
    for item in kept:
        items.appendChild(item)
    holder.appendChild(items)
    description.appendChild(holder)


def to_xmp(
    frame: pd.DataFrame,
    directory: str | Path | None = None,
    *,
    column: str | None = None,
    tags: str | None = None,
    alt_text: bool = False,
    naming: Literal["full", "stem"] = "full",
    **options: Unpack[ExportOptions],
) -> pd.DataFrame:
    """Write an XMP sidecar for each picture: ``dc:description``, and ``dc:subject`` for tags.

    A sidecar that is there keeps everything else in it; a description or keywords in it stay, see `if_exists`. The
    pictures themselves are not touched.

    Parameters
    ----------
    frame : DataFrame
    directory : path or None, default None
        None is beside the pictures themselves.
    column : str or None, default None
        Column of texts. Default: the only column of answers, unless there are tags.
    tags : str or None, default None
        Column of tags, lists or texts with commas.
    alt_text : bool, default False
        Whether the text is also IPTC's alternative text for those who cannot see the picture.
    naming : {"full", "stem"}, default "full"
        ``photo.jpg.xmp``, as darktable has it; or ``photo.xmp``, as Lightroom does.
    **options
        As in `ExportOptions`.

    Returns
    -------
    DataFrame
        What was done, or would be: path, action, before, after, reason.

    Raises
    ------
    SetupError
        Different words are there already, or a file cannot be written.
    """
    check_choice("naming", naming, ("full", "stem"))
    job = start(frame, directory, options, title="XMP sidecars", column=column, tags=tags)
    form = XmpFile(alt_text=alt_text)
    target_of = side_targets(job, directory, lambda name: str(_side(Path(name), naming)))
    write_side_files(job, form, target_of, form.content)
    return job.finish("xmp", [f'import vlmkit as vk\n\ndf = vk.read_dataset({job.folder.name!r}, "xmp")'])


def _side(picture: Path, naming: str) -> Path:
    return picture.with_name(f"{picture.name}.xmp") if naming == "full" else picture.with_suffix(".xmp")


def read_xmp(directory: str | Path, *, column: str = "caption") -> pd.DataFrame:
    """Read the XMP sidecars of the pictures of a folder and its subfolders, of either naming.

    Parameters
    ----------
    directory : path
    column : str, default "caption"
        What the column of texts is called.

    Returns
    -------
    DataFrame
        ``path`` of each picture, the column, and ``tags`` (lists); NA where there is no sidecar. One that cannot be
        read is NA, too, with the reason in ``<column>_error``, and a warning names it.

    Raises
    ------
    SetupError
        There is no such folder, or it holds no pictures.
    """
    folder = Path(os.path.abspath(directory))  # noqa: PTH100  links stay as they were written
    reading, names = Reading(folder), Names()
    return reading.table(
        (_record(picture, names, column) for picture in pictures_below(folder)), ["path", column, "tags"]
    )


def _record(picture: Path, names: Names, column: str) -> dict[str, Any]:
    side = next((side for naming in ("full", "stem") if (side := names.find(_side(picture, naming)))), None)
    row: dict[str, Any] = {"path": str(picture), column: None, "tags": None}
    if side is None:
        return row
    try:
        content = XmpFile().read(side.read_bytes())
    except (ValueError, OSError) as error:
        return row | {column: Fault(f"{side.name}: {error}")}
    return row | {column: content.text or None, "tags": list(content.tags) or None}
