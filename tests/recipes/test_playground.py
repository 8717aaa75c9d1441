import math
import re

import keras
import numpy as np
import pytest
from browser import CHROMIUM, Browser

from recipes import playground

pytestmark = pytest.mark.tensorflow
in_a_browser = pytest.mark.skipif(CHROMIUM is None, reason="needs chromium (apt-get install)")
NAMES = ["bowl 0 0.1 0", "ravine 1 0.5 0.9", "saddle 0 0.1 0", "saddle 1 0.2 adam", "bowl 2 1 0"]
ARROW_RIGHT = ("ArrowRight", 39)
TAB = ("Tab", 9)


@pytest.mark.parametrize("name", NAMES)
def test_a_stored_walk_is_that_of_trace_descent(name):
    surface, start, rate, way = name.split()
    chosen = playground.SURFACES[surface]
    optimizer = playground.optimizers(float(rate))[way]
    walk = playground.kt.trace_descent(
        chosen["function"], chosen["starts"][int(start)], optimizer, steps=playground.STEPS
    )
    stored = playground.read_walk(name).astype(float)
    np.testing.assert_allclose(stored, walk[["x", "y", "value"]], rtol=1e-5, atol=1e-30)


def test_every_place_of_the_sliders_has_its_walk():
    walks = playground.stored()["walks"]
    ways = len(playground.MOMENTA) + 1
    assert len(walks) == len(playground.SURFACES) * 3 * len(playground.RATES) * ways
    assert {len(walk) for walk in walks.values()} == {playground.STEPS + 1}


def test_the_probabilities_are_those_of_keras_softmax():
    page = playground.stored()
    logits = np.array(page["logits"], np.float32)
    for temperature, row in zip(page["temperatures"], page["probabilities"], strict=True):
        np.testing.assert_allclose(row, keras.ops.softmax(logits / temperature), rtol=1e-3)


def test_the_page_is_made_of_the_template_and_the_data(tmp_path):
    page = tmp_path / "page.html"
    playground.write(page, playground.stored())
    assert page.read_text("utf-8") == playground.PAGE.read_text("utf-8")


def test_a_number_is_stored_with_six_digits_or_not_at_all():
    assert playground.digits(1 / 3) == 0.333333
    assert playground.digits(math.inf) is None


@pytest.fixture
def browser(tmp_path, request):
    one = Browser(tmp_path / "profile", width=getattr(request, "param", 1000))
    one.open(playground.PAGE.as_uri())
    yield one
    one.close()


def text(browser, name):
    return browser.evaluate(f"document.getElementById('{name}').textContent")


@in_a_browser
@pytest.mark.process
@pytest.mark.parametrize("browser", [390, 1000], indirect=True, ids=["phone", "desktop"])
def test_the_page_loads_by_itself_without_an_error_and_fits_the_width(browser):
    assert browser.errors == []
    assert [url for url in browser.requests if not url.startswith(("file:", "data:"))] == []
    assert browser.evaluate("document.documentElement.scrollWidth <= innerWidth")
    lowest = (
        "Math.min(...[...document.querySelectorAll('input[type=range]')].map(i => i.offsetHeight))"
    )
    assert browser.evaluate(lowest) >= 30  # a finger hits it


@in_a_browser
@pytest.mark.process
def test_the_sliders_move_by_keyboard_and_show_the_stored_numbers(browser):
    browser.evaluate("document.querySelector('input[name=surface]').focus()")
    browser.press(*TAB)
    for rate in playground.RATES[3:6]:
        browser.press(*ARROW_RIGHT)
        assert text(browser, "rate-value") == f"{rate:g}"
        end = playground.read_walk(f"bowl 0 {rate:g} 0")["value"].iloc[-1]
        shown = re.search(r"loss of ([-\d.e]*\d)", text(browser, "said"))[1]
        assert float(shown) == end
    browser.press(*TAB)
    browser.press(*ARROW_RIGHT)
    assert text(browser, "momentum-value") == "0.5"
    assert browser.errors == []


@in_a_browser
@pytest.mark.process
def test_each_surface_draws_its_walk_and_each_temperature_its_bars(browser):
    points = set()
    for surface in playground.SURFACES:
        browser.evaluate(f"document.querySelector('input[value={surface}]').click()")
        points.add(browser.evaluate("document.getElementById('sgd').getAttribute('points')"))
    assert len(points) == 3
    browser.evaluate("document.getElementById('with-adam').click()")
    assert "Adam after 40 steps" in text(browser, "said")
    browser.evaluate("document.getElementById('temperature').focus()")
    browser.press(*ARROW_RIGHT)
    assert text(browser, "temperature-value") == "1.5"
    shown = browser.evaluate(
        "[...document.querySelectorAll('.bar span:last-child')].map(s => s.textContent)"
    )
    row = playground.stored()["probabilities"][playground.TEMPERATURES.index(1.5)]
    assert [float(one) for one in shown] == pytest.approx(row, abs=5e-4)
    assert browser.errors == []
