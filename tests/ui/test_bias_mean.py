"""The mean of the biases as a visitor types it, and what is said where a formula does not go with it."""

from __future__ import annotations

from ui.shown import opened


def test_the_entry_reads_the_address_and_writes_it():
    app = opened(bias_mean="0.3")
    assert not app.exception and app.number_input(key="bias_mean").value == 0.3
    app.number_input(key="bias_mean").set_value(-0.5).run()
    assert not app.exception and app.query_params["bias_mean"] in ("-0.5", ["-0.5"])


def test_what_cannot_be_is_said_and_not_taken():
    app = opened(bias_mean="0.3")
    app.number_input(key="bias_mean").set_value(1e-7).run()
    assert not app.exception and app.number_input(key="bias_mean").value == 0.3
    assert any("bias_mean = 1e-07" in info.value.replace("\\", "") for info in app.info)
