"""Pictures of requests come out of data URLs, or through whoever may fetch; everything else is refused alike."""

import base64

import pytest

from vlmkit.chat import ChatError, ChatLimits
from vlmkit.chat.pictures import picture_of
from vlmkit.errors import ImageNotFound
from vlmkit.sources import Limits

PLACE = "messages[0].content[1]"


def refusal(url, fetch=None, **limits):
    with pytest.raises(ChatError) as found:
        picture_of(url, PLACE, ChatLimits(**limits), fetch)
    assert (found.value.status, found.value.param) == (400, PLACE)
    return found.value


def test_a_data_url_is_a_picture(data_url):
    """Whatever its head calls it, and with line ends in its base64."""
    url = data_url(3)
    broken = url[:100] + "\n" + url[100:]
    wrong_name = url.replace("image/png", "application/octet-stream")
    for each in (url, broken, wrong_name, url.replace("data:", "DATA:")):
        made = picture_of(each, PLACE, ChatLimits(), None).normalized(64, lossless=False)
        assert max(made.width, made.height) == 64


def test_what_pictures_may_be_is_said_once_for_all_requests(data_url, monkeypatch):
    """By the settings at the time at which the limits were made, or by who makes them."""
    before = ChatLimits()
    monkeypatch.setenv("VLMKIT_LARGEST_IMAGE_PIXELS", "100")
    assert picture_of(data_url(3), PLACE, before, None)
    assert refusal(data_url(3)).code == "image_too_large"
    monkeypatch.undo()
    assert refusal(data_url(3), image_limits=Limits.in_force(largest_image_pixels=100)).code == "image_too_large"


def test_low_detail_is_a_small_picture(data_url):
    """It is shrunk, also for a model that gets pictures whole."""
    from io import BytesIO

    from PIL import Image

    file = BytesIO()
    Image.new("RGB", (1200, 600), "red").save(file, "PNG")
    url = f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
    low = picture_of(url, PLACE, ChatLimits(), None, is_low=True).normalized(1568, lossless=True)
    whole = picture_of(url, PLACE, ChatLimits(), None).normalized(1568, lossless=True)
    assert ((low.width, low.height), (whole.width, whole.height)) == ((512, 256), (1200, 600))


@pytest.mark.parametrize(
    "url",
    [
        "data:image/png;base64,AAAA",
        "data:image/png;base64,",
        "data:image/png;base64,@@@@",
        "data:image/png;base64,iVBORw0",
        "data:image/png,plain",
        "data:",
        "",
    ],
)
def test_what_is_no_picture_is_refused(url):
    """Base64 that is none, bytes that are no picture, and nothing at all."""
    assert refusal(url).code == "invalid_image"


def test_a_large_picture_is_refused_before_it_is_decoded(data_url):
    """Its length says it."""
    assert refusal(data_url(), most_picture_bytes=100).code == "image_too_large"


@pytest.mark.parametrize("url", ["file:///etc/passwd", "/etc/passwd", "/no/such/file", "http://127.0.0.1:1/x", "x.png"])
def test_paths_and_addresses_get_the_same_words(url):
    """Nothing is opened, and the answer does not tell what is there."""
    assert str(refusal(url)).endswith("Send the picture itself, in a data: URL, as data:image/png;base64,….")


def test_who_may_fetch_gets_addresses(data_url):
    """Only http and https; a fault of the fetching is the request's."""
    data, asked = base64.b64decode(data_url(3).partition(",")[2]), []

    def fetch(url):
        asked.append(url)
        if "missing" in url:
            raise ImageNotFound("https://a.example/missing: there is none.")
        return data

    assert picture_of("https://a.example/x.png", PLACE, ChatLimits(), fetch).ref.is_foreign
    assert refusal("https://a.example/missing", fetch).code == "invalid_image"
    refusal("file:///etc/passwd", fetch)
    assert len(asked) == 2
    assert refusal("https://a.example/x.png", fetch, most_picture_bytes=10).code == "image_too_large"
