"""A loop hands freed memory back around each look at validation rows: what a step left is not what a look stands on."""

import sys

from toy_loop import Toy, toy_features, toy_fit, toy_settings

from dongcha.loop import Validation


def test_memory_goes_back_before_and_after_each_look(monkeypatch):
    seen = []
    monkeypatch.setattr(sys.modules["dongcha.loop.fit"], "give_back", lambda: seen.append("back"))

    def validate():
        seen.append("look")
        return Validation(0.5, 0.5)

    toy_fit(Toy(), toy_features([3, 4, 5, 6] * 4), toy_settings(epochs=2), validate=validate).run()
    assert seen == ["back", "look", "back"] * 2
