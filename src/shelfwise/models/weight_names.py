"""What the tensors of published weights are called with us.

The files differ in names and form by who published them; which form a file has is told by its names. A tensor that
is not known keeps its name, so that the check after it finds it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

__all__ = ["dinov2_names", "tiny_vit_names"]

_NORM_EPS = 1e-5


def tiny_vit_names(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """TinyViT's tensors under timm's names, with or without batch norms, or under our own.

    A batch norm is folded into the convolution before it.
    """
    kept = _without(tensors, r"head\.(fc|dense)\.", r".*\.num_batches_tracked$", r".*\.attention_bias_idxs$")
    renamed = {
        re.sub(r"^head\.norm\.", "norm.", re.sub(r"^stages\.", "layers.", name)): value
        for name, value in kept.items()
    }
    return _fold_norms(renamed)


def dinov2_names(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """DINOv2's tensors under timm's names, under those of ``transformers``, or under our own."""
    kept = _without(
        tensors, r"mask_token$", r"(dinov2\.)?embeddings\.mask_token$", r"head\.", r"classifier\."
    )
    theirs = any(name.endswith("embeddings.cls_token") for name in kept)
    renamed = _of_transformers(kept) if theirs else kept
    first = {"cls_token": "embed.cls_token", "pos_embed": "embed.pos_embed"}
    return {
        first.get(name, re.sub(r"^patch_embed\.", "embed.", name)): value for name, value in renamed.items()
    }


def _without(tensors: Mapping[str, Tensor], *patterns: str) -> dict[str, Tensor]:
    unused = re.compile("|".join(patterns))
    return {name: value for name, value in tensors.items() if not unused.match(name)}


def _fold_norms(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Take each ``X.bn`` into the convolution ``X.conv``, for running statistics: in double precision."""
    folded = dict(tensors)
    for name in tensors:
        place, _, rest = name.rpartition(".bn.")
        parts = [f"{place}.bn.{part}" for part in ("weight", "bias", "running_mean", "running_var")]
        conv = f"{place}.conv.weight"
        if rest != "weight" or not _fit(tensors, conv, parts):
            continue
        weight, bias, mean, variance = (folded.pop(part).double() for part in parts)
        scale = weight / torch.sqrt(variance + _NORM_EPS)
        folded[conv] = tensors[conv].double() * scale.view(-1, *[1] * (tensors[conv].ndim - 1))
        folded[f"{place}.conv.bias"] = bias - mean * scale
    return folded


def _fit(tensors: Mapping[str, Tensor], conv: str, parts: Iterable[str]) -> bool:
    """Whether a convolution without bias and all of its batch norm are there, of one number of channels."""
    if conv not in tensors or not tensors[conv].ndim or conv.replace(".weight", ".bias") in tensors:
        return False
    return all(part in tensors and tensors[part].shape == tensors[conv].shape[:1] for part in parts)


_TRANSFORMERS = (
    (r"^dinov2\.", ""),
    (r"^embeddings\.cls_token$", "cls_token"),
    (r"^embeddings\.position_embeddings$", "pos_embed"),
    (r"^embeddings\.patch_embeddings\.projection\.", "patch_embed.proj."),
    (r"^encoder\.layer\.", "blocks."),
    (r"\.attention\.output\.dense\.", ".attn.proj."),
    (r"\.layer_scale([12])\.lambda1$", r".ls\1.gamma"),
    (r"^layernorm\.", "norm."),
)


def _of_transformers(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """To timm's names; query, key and value become one matrix."""
    renamed = {}
    for name, value in tensors.items():
        for pattern, replacement in _TRANSFORMERS:
            name = re.sub(pattern, replacement, name)
        renamed[name] = value
    for name in list(renamed):
        if match := re.fullmatch(r"(blocks\.\d+)\.attention\.attention\.query\.(weight|bias)", name):
            parts = [
                f"{match[1]}.attention.attention.{part}.{match[2]}" for part in ("query", "key", "value")
            ]
            shapes = {renamed[part].shape if part in renamed else None for part in parts}
            if len(shapes) == 1 and renamed[name].ndim:
                renamed[f"{match[1]}.attn.qkv.{match[2]}"] = torch.cat([renamed.pop(part) for part in parts])
    return renamed
