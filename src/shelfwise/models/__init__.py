"""Networks: one explicit table from a name to what builds it, the small CNN, the pretrained backbones.

Importing this package loads no torch; building a network does.
"""

from shelfwise.models.spec import (
    SPECS,
    ModelSpec,
    WeightsInfo,
    build_network,
    get_spec,
    weights_info,
    with_weights,
)

__all__ = ["SPECS", "ModelSpec", "WeightsInfo", "build_network", "get_spec", "weights_info", "with_weights"]
