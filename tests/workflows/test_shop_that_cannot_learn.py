"""A shop whose products cannot be opened says so; nobody waits for it for ever."""

import pytest

from shelfwise.errors import ModelError, ProductIndexError
from shelfwise.workflows.shop import ShopSettings, open_shop
from shelfwise.workflows.shop_products import ShopProducts


@pytest.mark.parametrize("error", [ProductIndexError("no prior"), OSError("no disk")])
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_nobody_waits_for_ever(tmp_path, toy, monkeypatch, error):
    def broken(*_: object) -> None:
        raise error

    monkeypatch.setattr(ShopProducts, "opened", broken)
    bundle = toy.write_toy_bundle(tmp_path / "toy").path
    with open_shop(ShopSettings(tmp_path / "home", model=bundle)) as shop:
        with pytest.raises(ModelError, match="cannot be used"):
            shop.models.wait()
        assert not shop.models.ready
        assert shop.models.problem
