"""XMP sidecars: ours in, theirs kept."""

import pandas as pd
import pytest

from vlmkit.errors import SetupError
from vlmkit.exporters import read_dataset, to_xmp
from vlmkit.exporters.side_files import Content
from vlmkit.exporters.xmp import XmpFile

THEIRS = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4"
 xmlns:my="urn:mine"><my:note>keep me</my:note></rdf:Description>
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:description><rdf:Alt><rdf:li xml:lang="x-default">by hand</rdf:li><rdf:li xml:lang="de">von Hand</rdf:li></rdf:Alt>
</dc:description></rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>"""


def test_what_others_wrote_stays(captions, photos):
    """Ratings, notes in unknown names, other languages; a description in it is a text that is there already."""
    side = photos / "a.jpg.xmp"
    side.write_text(THEIRS, encoding="utf-8")
    with pytest.raises(SetupError, match="Nothing was written"):
        to_xmp(captions)
    to_xmp(captions, if_exists="overwrite")
    text = side.read_text(encoding="utf-8")
    for part in ('xmp:Rating="4"', "<my:note>keep me</my:note>", "von Hand", "caption of a.jpg", "<?xpacket end"):
        assert part in text
    assert "by hand" not in text


def test_a_sidecar_without_words_is_no_conflict(captions, photos):
    """A rating alone does not keep a description out."""
    side = photos / "a.jpg.xmp"
    side.write_text(THEIRS.replace("by hand", ""), encoding="utf-8")
    to_xmp(captions)
    assert read_dataset(photos, "xmp")["caption"].tolist().count("caption of a.jpg") == 1
    assert 'xmp:Rating="4"' in side.read_text(encoding="utf-8")


def test_words_go_in_and_out():
    """Keywords are united when texts are joined; both namings are read."""
    form = XmpFile(alt_text=True)
    data = form.write(None, Content("a & <b>\nc", ("x", "y")))
    assert form.read(data) == Content("a & <b>\nc", ("x", "y"))
    assert data.count(b"AltTextAccessibility>") == 2
    assert form.read(form.write(data, Content("", ()))) == Content("")


def test_lightrooms_naming(captions, photos):
    """`photo.xmp`."""
    to_xmp(captions, naming="stem")
    assert (photos / "a.xmp").is_file()
    assert read_dataset(photos, "xmp")["caption"].notna().all()


@pytest.mark.parametrize(
    "hostile",
    [
        b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>',
        b'<?xml version="1.0"?><!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>',
        b"<x>",
        b"<x/>",
        b"\xff\xfe",
    ],
)
def test_hostile_xml_is_not_expanded(captions, photos, hostile):
    """Entities, documents from elsewhere, and what is not XMP: the file is left alone, and the row says why."""
    (photos / "a.jpg.xmp").write_bytes(hostile)
    with pytest.warns(UserWarning, match="1 of 5 rows are left out"):
        account = to_xmp(captions, if_exists="append")
    assert "correct or remove this file" in account["reason"].dropna().tolist()[0]
    assert (photos / "a.jpg.xmp").read_bytes() == hostile
    with pytest.warns(UserWarning, match=r"1 cell.*a\.jpg\.xmp"):
        back = read_dataset(photos, "xmp").set_index("path").loc[str(photos / "a.jpg")]
    assert pd.isna(back["caption"])
    assert back["caption_error"].startswith("a.jpg.xmp: ")
