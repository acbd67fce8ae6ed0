"""An address with more parameters than Streamlit hands on: the visitor is told, once."""

from __future__ import annotations


def test_of_an_address_with_too_many_parameters_the_visitor_is_told_once(visitor):
    many = "&".join(f"a{number}=1" for number in range(1200))
    visitor.open(f"explore?depth=30&{many}")
    told = visitor.page.get_by_text("This address has 1,201 parameters. Of more than 1,000 none is read")
    told.wait_for()
    assert told.count() == 1 and visitor.value("Depth") == 50
    visitor.press("Depth", "ArrowRight")
    visitor.settle()
    assert told.count() == 0 and "a7=1" not in visitor.page.url


def test_of_fewer_the_first_are_told(visitor):
    visitor.open("?depth=30&" + "&".join(f"a{number}=1" for number in range(900)))
    visitor.page.get_by_text("and 892 more").wait_for()
    assert visitor.page.get_by_text("none is read").count() == 0
