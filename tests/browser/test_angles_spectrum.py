"""Angles and Spectrum, as a person uses them: in a browser, with buttons and links."""

from __future__ import annotations


def charts(visitor) -> int:
    return visitor.page.locator(".js-plotly-plot").count()


def test_chaos_is_one_click_away_and_its_layer_is_in_the_link(visitor):
    visitor.open("angles?width=64&trials=2&depth=10")
    before = visitor.drawn()
    visitor.page.get_by_role("button", name="Chaos", exact=True).click()
    visitor.settle()
    assert visitor.drawn() != before and "weight_variance=6.25" in visitor.page.url
    assert visitor.page.get_by_text("drift together").count() == 0 and charts(visitor) == 3
    visitor.page.get_by_role("radio", name="6", exact=True).or_(visitor.page.get_by_role("button", name="6", exact=True)).click()
    visitor.settle()
    assert "layer=6" in visitor.page.url
    assert visitor.page.get_by_text("in layer 6 it is").count() == 1


def test_spectra_stand_side_by_side_and_under_each_other_on_a_phone(visitor, phone):
    query = "spectrum?width=64&depth=8"
    for person, beside in ((visitor, True), (phone, False)):
        person.open(query)
        person.page.locator(".js-plotly-plot").nth(1).wait_for()
        first, second = (person.page.locator(".js-plotly-plot").nth(i).bounding_box() for i in (0, 1))
        assert (first["y"] == second["y"]) is beside
        assert person.page.evaluate("document.scrollingElement.scrollWidth") <= person.page.viewport_size["width"]
