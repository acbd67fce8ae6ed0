"""The trainability map as a visitor uses it: the map that ships, one's own, a cell trained again, and what is said when something fails."""

from __future__ import annotations

from functools import partial

import pytest
from streamlit.testing.v1 import AppTest

from propagation.labs.trainability import Outcome
from propagation.theory.maps import depth_scales
from propagation.ui.pages import trainability as page
from ui.shown import charts, opened_alone

pytestmark = pytest.mark.slow

PAGE = "from propagation.ui.widgets import controls\nfrom propagation.ui.pages import trainability\ntrainability.render(controls.draw())"


@pytest.fixture(autouse=True)
def nothing_known():
    page._known.clear()
    page._shipped_map.clear()


#: the page, opened at an address
opened = partial(opened_alone, PAGE)


def traces(app: AppTest) -> dict:
    figure = charts(app)[0]
    return {trace["name"]: trace for trace in figure["data"]}


def words(app: AppTest) -> str:
    return "\n".join(element.value for element in (*app.header, *app.markdown, *app.caption, *app.info, *app.warning))


def test_the_page_opens_with_the_map_that_ships_and_says_how_good_the_line_is():
    app = opened()
    assert app.title[0].value.endswith("?")
    assert "of 260 networks are where theory puts them" in app.header[0].value
    assert "a signal goes 95 layers deep (6 $ξ_c$), so it should **learn**" in words(app)
    assert "The nearest cell ($σ_w²$ 1.5, 45 layers): **" in words(app) and "is right about" in words(app)
    assert traces(app)["here"]["x"] == [1.5] and traces(app)["here"]["y"] == [50] and not traces(app)["untrained"]["x"]


def test_a_place_beyond_the_line_is_too_deep():
    app = opened()
    app.button(key="place_Ordered, 32 layers").click().run()
    assert "**too deep** to learn" in words(app) and "This cell: **" in words(app)
    assert app.select_slider(key="weight_variance").value == 1.0 and app.select_slider(key="depth").value == 32


@pytest.mark.parametrize("place", page.PLACES, ids=lambda place: place.label)
def test_a_place_says_how_deep_a_signal_goes(place):
    scales = depth_scales(place.fields["activation"], place.fields["weight_variance"], place.fields["bias_variance"])
    gets_through = 6 * scales.xi_c > place.fields["depth"]
    assert ("gets through" in place.help) == gets_through and (f"goes {6 * scales.xi_c:.0f} layers deep" in place.help) != gets_through
    assert place.label.startswith("Chaotic") == (scales.c_star < 0.5), "where two pictures of one digit look as different as two digits"


def test_a_cell_trained_again_comes_out_the_same():
    app = opened(weight_variance="1.75", depth="6")
    app.button(key="train_now").click().run()
    assert not app.exception and not app.error
    assert "The map: " in words(app) and "Now: " in words(app)
    assert "**The same.**" in words(app) or "digits apart" in words(app)


def test_a_difference_is_said_in_digits():
    said = page._compared(Outcome(0.9), Outcome(0.9 - 2 / 360))
    assert "2 of 360 digits apart" in said and "same" not in said
    assert "then it diverged" in page._compared(Outcome(0.3, diverged=True), None)


def test_a_place_between_cells_can_be_trained_too():
    app = opened(weight_variance="1.6", depth="5")
    app.button(key="train_now").click().run()
    assert "Trained now: **" in words(app)


def test_too_deep_to_wait_for_is_said():
    app = opened(depth="2000")
    assert "up to 128 layers" in words(app) and "you: 2,000 layers" in traces(app)["here"]["text"][0]
    assert not [button for button in app.button if button.key == "train_now"]


def test_another_activation_is_pointed_to_its_own_map():
    app = opened(activation="relu", scheme="he")
    assert "This map, and its theory, is of tanh" in words(app) and "map of its own" in words(app)


def test_ones_own_map_is_trained_on_request_and_kept(monkeypatch):
    trained = []

    def outcomes(grid, places):
        for place in places:
            trained.append(place)
            yield place, Outcome(0.9 if place[0] < 3 else 0.1)

    monkeypatch.setattr(page, "outcomes", outcomes)
    app = opened(map="own", activation="relu", bias_variance="0", weight_variance="2")
    assert "Nothing is trained yet" in app.header[0].value and len(traces(app)["untrained"]["x"]) == 36
    app.button(key="train_map").click().run()
    assert len(trained) == 36 and "of 36 networks" in app.header[0].value
    assert not app.get("progress")
    app.select_slider(key="weight_variance").set_value(1.0).run()
    assert len(trained) == 36 and "of 36 networks" in app.header[0].value
    assert not [button for button in app.button if button.key == "train_map"]


def test_what_was_trained_before_a_visitor_left_is_kept(monkeypatch):
    def left(grid, places):
        yield from [(place, Outcome(0.9)) for place in places[:5]]
        raise RuntimeError("gone")

    monkeypatch.setattr(page, "outcomes", left)
    app = opened(map="own")
    app.button(key="train_map").click().run()
    assert "could not be drawn" in app.error[0].value
    app.run()
    assert "5 networks" in app.header[0].value and "Train the other 31" in app.button(key="train_map").label


def test_a_cell_that_cannot_be_trained_says_so(monkeypatch):
    monkeypatch.setattr(page, "outcomes", lambda grid, places: [(place, Outcome(failure="ValueError: *no*")) for place in places])
    app = opened(map="own")
    app.button(key="train_map").click().run()
    assert "could not be trained" in words(app) and "Nothing is trained yet" in app.header[0].value
    monkeypatch.setattr(page, "outcomes", lambda grid, places: [(place, Outcome(0.9)) for place in places])
    other = opened(map="own")
    assert "could not be trained" not in words(other), "what failed once is no fact about the network"
    other.button(key="train_map").click().run()
    assert "of 36 networks" in other.header[0].value


@pytest.mark.parametrize("query", [{"activation": "linear", "bias_variance": "0"}, {"activation": "sigmoid"}, {"activation": "softplus"}])
def test_every_theory_has_a_page(query):
    assert charts(opened(map="own", **query))


def test_a_signal_that_dies_or_explodes_is_said():
    assert "a signal goes 0 layers deep" in words(opened(map="own", weight_variance="0", bias_variance="0"))
    assert "grows without end, so $ξ_c$ sets no limit" in words(opened(map="own", activation="relu", weight_variance="3"))


def test_without_the_file_ones_own_map_is_still_there(monkeypatch, tmp_path):
    monkeypatch.setattr(page, "SHIPPED", tmp_path / "none.json")
    app = opened()
    assert "cannot be read" in app.warning[0].value
    (tmp_path / "none.json").write_text("{}")
    assert "cannot be read" in opened().warning[0].value
    assert charts(opened(map="own"))


def test_a_map_that_could_not_be_read_once_is_looked_for_again(monkeypatch, tmp_path):
    shipped = page.SHIPPED
    monkeypatch.setattr(page, "SHIPPED", tmp_path / "none.json")
    assert "cannot be read" in opened().warning[0].value
    monkeypatch.setattr(page, "SHIPPED", shipped)
    assert "260" in opened().header[0].value


def test_an_unknown_map_in_the_address_is_the_one_that_ships():
    assert "260" in opened(map="nonsense").header[0].value
