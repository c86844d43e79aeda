"""Strangers on a shared network: what is not the page's own is refused, and nothing is stored."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pages import Served, served

from devices.browser.identity import Browser, info_of
from devices.browser.messages import Answered, Join
from devices.browser.pages import MOST_PAGES, Page, Pages, Refused
from devices.browser.server import MOST_BYTES
from devices.browser.serving import Where
from devices.emulated.page import EmulatedPage
from zoo.base.errors import DeviceError
from zoo.home import Home

PAGE = "0123456789abcdef"
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
    "Gecko) Version/26.1 Mobile/15E148 Safari/604.1"
)
CHROME_ON_ANDROID = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/149.0.0.0 Mobile Safari/537.36"
)
CHROME_ON_IPHONE = SAFARI.replace("Version/26.1", "CriOS/149.0.7680.81")
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0"


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("site")
    with served(Home(root=folder / "home"), folder) as found:
        yield found


def sent(
    here: Served, method: str, path: str, body: bytes = b"", **headers: str
) -> tuple[int, dict[str, str], bytes]:
    """As any program would. Headers: with _ for -."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    connection = EmulatedPage(link=here.server.link()).line.connection()
    try:
        connection.request(method, path, body or None, given)
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), response.read()
    finally:
        connection.close()


def test_without_the_token_there_is_a_page_and_nothing_else(here: Served) -> None:
    here.server.pages.heard = 0.0
    status, headers, _ = sent(here, "GET", "/")
    assert status == 200
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "default-src 'none'" in headers["content-security-policy"]
    here.server.offered.files["0" * 64] = b"weights"
    for path in ("/api/welcome", f"/file/{'0' * 64}", "/portrait/0"):
        assert sent(here, "GET", path)[0] == 401
        assert sent(here, "GET", path, X_Bench_Token="guess")[0] == 401
    for path in ("/api/join", "/api/turn", "/api/pulse"):
        assert sent(here, "POST", path, b"{}")[0] == 401
    # Nor does whoever has none keep the server awake.
    assert here.server.pages.heard == 0.0
    assert sent(here, "GET", f"/file/{'0' * 64}", X_Bench_Token=here.server.token)[2] == b"weights"
    assert here.server.pages.heard > 0.0


def test_other_names_of_this_machine_lead_nowhere(here: Served) -> None:
    assert sent(here, "GET", "/", Host=f"evil.example:{here.server.port}")[0] == 421
    assert sent(here, "GET", "/", Host="localhost")[0] == 421


@pytest.mark.parametrize(
    "path",
    [
        "/s/bare/../../server.py",
        "/s/bare/%2e%2e/index.html",
        "/s/bare//etc/hostname",
        "/s/other/index.html",
    ],
)
def test_no_other_files(here: Served, path: str) -> None:
    assert sent(here, "GET", path)[0] == 404


def test_long_posts_are_cut_off(here: Served) -> None:
    body = b'{"page": "' + b"0" * MOST_BYTES + b'"}'
    try:
        status, _, _ = sent(here, "POST", "/api/turn", body, X_Bench_Token=here.server.token)
    except (BrokenPipeError, ConnectionResetError):
        # It went away before all of it had arrived.
        return
    assert status == 413


def post(here: Served, path: str, message: Any) -> tuple[int, bytes]:
    status, _, told = sent(
        here, "POST", path, json.dumps(message).encode(), X_Bench_Token=here.server.token
    )
    return status, told


def joined(**changes: Any) -> dict[str, Any]:
    return {
        "page": PAGE,
        "unit": "f" * 16,
        "name": "a phone",
        "user_agent": SAFARI,
        "touch": True,
        "model": None,
        "platform": None,
        "platform_version": None,
        "cores": 4,
        "memory_gb": None,
        "secure": True,
        "isolated": True,
        "shared_memory": True,
        "relaxed_simd": False,
        "webgpu": True,
        "clock_step_us": 20,
    } | changes


@pytest.mark.parametrize(
    "changes",
    [
        {"cores": "4"},
        {"cores": 0},
        {"unit": "short"},
        {"name": "x" * 61},
        {"more": 1},
        {"memory_gb": float("inf")},
        {"clock_step_us": True},
    ],
)
def test_a_join_is_read_strictly(here: Served, changes: dict[str, Any]) -> None:
    status, told = post(here, "/api/join", joined(**changes))
    assert status == 422
    assert json.loads(told) == {"reason": "This is no message of the page."}
    assert here.server.pages.known == {}


def test_a_browser_is_known_again_at_another_port(here: Served) -> None:
    """By cookies that no script has set: Safari forgets those after a week."""
    message, token = json.dumps(joined(name="Mei's; Pfü\x00")).encode(), here.server.token
    _, headers, _ = sent(here, "POST", "/api/join", message, X_Bench_Token=token)
    assert headers["set-cookie"] == (
        "bench-name=Mei%27s%3B%20Pf%C3%BC%00; Max-Age=34560000; Path=/; SameSite=strict"
    )
    message = json.dumps(joined(name="")).encode()
    _, headers, _ = sent(here, "POST", "/api/join", message, X_Bench_Token=token)
    assert headers["set-cookie"].startswith('bench-name=""; ')
    assert "Max-Age=0; " in headers["set-cookie"]
    here.server.pages.known.clear()


def test_answers_of_strangers_are_refused(here: Served) -> None:
    answer = {"id": 1, "value": {"started": True}}
    status, told = post(here, "/api/turn", {"page": "1" * 16, "answer": answer})
    assert status == 409
    assert b"Load it again" in told
    # And of a page that was asked nothing.
    page = "2" * 16
    assert post(here, "/api/join", joined(page=page))[0] == 200
    assert post(here, "/api/turn", {"page": page, "answer": answer})[0] == 409
    here.server.pages.known.clear()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
NAMES = st.sampled_from(["page", "answer", "id", "value", "error", "stage", "cores", "unit"])


@given(
    path=st.sampled_from(["/api/join", "/api/turn", "/api/pulse"]),
    message=st.dictionaries(NAMES, JSON),
)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_other_post_is_refused_without_a_word_of_it(
    here: Served, path: str, message: dict[str, Any]
) -> None:
    status, told = post(here, path, message)
    assert status == 422
    assert json.loads(told) == {"reason": "This is no message of the page."}
    assert here.server.pages.known == {}


@given(body=st.binary(max_size=200))
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_bytes_that_are_no_message(here: Served, body: bytes) -> None:
    status, _, _ = sent(here, "POST", "/api/turn", body or b"x", X_Bench_Token=here.server.token)
    assert status == 422


@pytest.mark.parametrize(
    ("agent", "touch", "kind", "engine", "text"),
    [
        (SAFARI, True, "iphone", "WebKit", "Safari 26.1"),
        (CHROME_ON_IPHONE, True, "iphone", "WebKit", "Chrome 149.0"),
        (CHROME_ON_ANDROID, True, "android", "Blink", "Chrome 149.0"),
        (FIREFOX, False, "computer", "Gecko", "Firefox 153.0"),
    ],
)
def test_a_browser_by_what_it_tells(
    agent: str, touch: bool, kind: str, engine: str, text: str
) -> None:
    browser = Browser.of(Join(**joined(user_agent=agent, touch=touch)))
    assert (browser.kind, browser.engine, browser.text) == (kind, engine, text)
    refused = {one for one in ("iphone", "android", "browser") if browser.why_not(one)}
    assert refused == {"iphone", "android"} - {kind}
    told = browser.why_not("iphone")
    assert told is None or "This address is for an iPhone" in told


def test_a_device_is_named_by_its_user_and_its_engine() -> None:
    info = info_of(Join(**joined(name="Mei's\x00 phone")))
    assert info.name == "Mei's phone, Safari 26.1"
    assert info.cpu == "WebKit's WebAssembly"
    assert info.unit
    assert info.unit not in joined()["unit"]


def test_no_word_of_a_page_acts_on_the_terminal(
    here: Served, caplog: pytest.LogCaptureFixture
) -> None:
    evil = "\x1b]0;owned\x07"
    told = joined(user_agent=CHROME_ON_ANDROID, platform_version=evil, name=evil, model=evil)
    info = info_of(Join(**told))
    answered = Answered(id=1, error=evil)
    assert sent(here, "GET", "/file/%1b[2J")[0] == 401
    for text in (info.os, info.name, str(answered.error), *caplog.messages):
        assert text.isprintable()
    assert "owned" in str(answered.error)


def test_another_kind_of_device_is_refused_with_the_reason(here: Served) -> None:
    here.server.pages.refuses = lambda join: Browser.of(join).why_not("android")
    try:
        page = EmulatedPage(link=here.server.link(), agent=SAFARI)
        assert not page.join()
        assert page.line.refused == [
            "This address is for an Android phone. This browser is on iPhone, version not told."
        ]
    finally:
        here.server.pages.refuses = lambda join: None


def test_a_port_that_is_taken(here: Served, tmp_path: Path) -> None:
    with (
        pytest.raises(DeviceError, match="cannot be used"),
        served(here.home, tmp_path, Where(port=here.server.port)),
    ):
        pass


def test_the_network_is_served_by_https(
    here: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENCH_CONFIG", str(tmp_path / "config"))
    where = Where(network=True, address="127.0.0.1")
    with served(here.home, tmp_path, where) as network:
        assert network.server.link().startswith("https://127.0.0.1:")
        assert network.server.fingerprint
        page = EmulatedPage(link=network.server.link())
        assert page.join()
        # For a phone to install, once.
        assert network.server.offered.root == page.line.fetch("/root.cer")


def test_pages_that_are_over_take_no_place() -> None:
    pages = Pages()
    for number in range(MOST_PAGES):
        pages.join(Join(**joined(page=f"{number:016x}")))
    late = Join(**joined(page="f" * 16))
    with pytest.raises(Refused, match="no more pages now"):
        pages.join(late)
    pages.get("0" * 16).end("It is over.")
    pages.join(late)


def test_a_tab_that_has_ended_may_begin_again() -> None:
    """As one that is loaded again, and not as one that was loaded anew in the middle."""
    came: list[Page] = []
    pages, join = Pages(arrived=came.append), Join(**joined())
    pages.join(join)
    pages.join(join)
    assert [page.loads for page in came] == [2]
    came[0].end("It is over.")
    pages.join(join)
    assert [page.over for page in came] == ["It is over.", None]
    assert pages.get(PAGE) is came[1]
