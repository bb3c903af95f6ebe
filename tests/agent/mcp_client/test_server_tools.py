"""Blocks that servers give, as text, pictures and data."""

import base64

import pytest
from mcp_types import (
    AudioContent,
    BlobResourceContents,
    CallToolResult,
    EmbeddedResource,
    ImageContent,
    ResourceLink,
    TextContent,
    TextResourceContents,
    Tool,
    ToolAnnotations,
)

from vlmkit.agent.mcp_client.server_tools import tool_from, tool_result

PICTURE = base64.b64encode(bytes(range(256)) * 5).decode()


def result(*blocks, **options):
    return tool_result(CallToolResult(content=list(blocks), **options), "files")


def text(said):
    return TextContent(type="text", text=said)


def picture(data=PICTURE, media_type="image/png"):
    return ImageContent(type="image", data=data, mime_type=media_type)


def resource(**options):
    kind = BlobResourceContents if "blob" in options else TextResourceContents
    return EmbeddedResource(type="resource", resource=kind(uri="file:///a", **options))


@pytest.mark.parametrize(
    ("block", "said"),
    [
        (text("a\nb"), "a\nb"),
        (AudioContent(type="audio", data="QUJD" * 1000, mime_type="audio/wav"), "[audio/wav, 3 kB, not shown]"),
        (
            ResourceLink(type="resource_link", uri="file:///a", name="A", mime_type="text/csv"),
            "file:///a (A, text/csv)",
        ),
        (ResourceLink(type="resource_link", uri="file:///a", name="A"), "file:///a (A)"),
        (resource(text="words"), "file:///a:\nwords"),
        (resource(blob="QUJD"), "file:///a: [application/octet-stream, 3 bytes, not shown]"),
        (resource(blob="QUJD", mime_type="text/csv"), "file:///a:\nABC"),
        (picture("QUJ"), "[image/png that is no base64, not shown]"),
        (picture("QUJD", "no type"), "[application/octet-stream, 3 bytes, not shown]"),
    ],
)
def test_a_block_as_text(block, said):
    """What is no text is named, with its kind and size."""
    assert result(block).text == said
    assert result(block).pictures == ()


def test_pictures_are_numbered_where_they_stand():
    """Pictures of blocks, of embedded files and of data URLs; alone they need no words."""
    many = result(
        text(f"see data:image/png;base64,{PICTURE} there"), picture(), resource(blob=PICTURE, mime_type="image/gif")
    )
    assert many.text == "see [picture] there\n[picture 2]\nfile:///a: [picture 3]"
    assert [each.source for each in many.pictures] == [base64.b64decode(PICTURE)] * 3
    assert all(each.is_foreign and each.label == "<picture of files>" for each in many.pictures)
    assert result(picture()).text == ""


def test_base64_is_never_text():
    """Neither within data nor within the text that repeats it; long words of people are left alone."""
    data = {"content": [{"type": "image", "data": PICTURE}], "note": "x" * 5000}
    found = result(text(f'{{"data": "{PICTURE}"}}'), structured_content=data)
    assert found.data == {"content": [{"type": "image", "data": "[base64, 1 kB, not shown]"}], "note": "x" * 5000}
    assert found.text == '{"data": "[base64, 1 kB, not shown]"}'
    assert "not shown" in result(structured_content=data).text


def test_data_alone_are_text_too():
    """As JSON, in its own letters."""
    assert result(structured_content={"name": "Grüße"}).text == '{"name": "Grüße"}'
    assert result().text == ""


def test_a_failure_is_marked():
    """The text says why."""
    failed = result(text("no such row"), is_error=True)
    assert (failed.failed, failed.text) == (True, "no such row")


def test_a_tool_takes_over_what_its_server_says():
    """A title stands with the tool or with its hints; hints that are not given are not known."""
    plain = Tool(name="a b", input_schema={"type": "object"})
    made = tool_from(
        plain, "files", 5.0, lambda arguments: tool_result(CallToolResult(content=[text(str(arguments))]), "f")
    )
    assert (made.name, made.description, made.title, made.read_only) == ("a b", "", None, None)
    assert made.run({"self": 1, "call": 2}).text == "{'self': 1, 'call': 2}"
    hinted = Tool(name="a", input_schema={}, annotations=ToolAnnotations(title="A", read_only_hint=True))
    assert tool_from(hinted, "files", 5.0, print).title == "A"
