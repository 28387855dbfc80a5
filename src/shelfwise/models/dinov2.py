"""DINOv2 ViT-S/14, a vision transformer (Oquab et al. 2023, arXiv 2304.07193; Dosovitskiy et al. 2021).

Module names are those of the published weights, so that these load by name.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from shelfwise.models.network import Network, fresh_head

__all__ = ["DINOv2", "keep_random"]

_PATCH = 14
_TRAINED_GRID = 37  # 518 px of 14


class DINOv2(Network):
    """A plain transformer over patches of 14×14 pixels, with layer scale, without register tokens.

    The feature vector is the normed class token beside the mean of the normed patch tokens (2·``width``), as in
    the linear evaluation of the paper.

    Args:
        num_classes: number C of categories.
        dropout: rate before the last layer.
        token_keep: share of the patch tokens that each picture keeps while training, above 0 up to 1. Fewer
            tokens make a step about that much cheaper and regularise it (Liu et al. 2022, "PatchDropout",
            arXiv 2208.07220).
        depth: number of blocks.
        width: length of a token.
        heads: attention heads a block.
    """

    def __init__(
        self,
        num_classes: int,
        dropout: float = 0.0,
        *,
        token_keep: float = 1.0,
        depth: int = 12,
        width: int = 384,
        heads: int = 6,
    ) -> None:
        super().__init__(2 * width, num_classes)
        self.token_keep = token_keep
        self.patch_embed = _PatchEmbed(width)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + _TRAINED_GRID**2, width))
        nn.init.trunc_normal_(self.pos_embed, std=0.02)
        self.blocks = nn.ModuleList(_Block(width, heads) for _ in range(depth))
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.head = fresh_head(2 * width, num_classes, dropout)

    def stages(self) -> list[nn.Module]:
        """The patch embedding, each block, and the last norm."""
        return [self.patch_embed, *self.blocks, self.norm]

    def features(self, x: Tensor) -> Tensor:
        """Embed normalised pictures whose sides are multiples of 14: (N, 3, H, W) to (N, 2·width)."""
        tokens = self.tokens(x)
        if self.training and self.token_keep < 1:
            tokens = keep_random(tokens, self.token_keep)
        for block in self.blocks:
            tokens = block(tokens)
        tokens = self.norm(tokens)
        return torch.cat([tokens[:, 0], tokens[:, 1:].mean(1)], dim=1)

    def tokens(self, x: Tensor) -> Tensor:
        """Class token and patch tokens with their positions: (N, 3, H, W) to (N, 1 + H/14·W/14, width)."""
        patches = self.patch_embed(x)
        tokens = patches.flatten(2).transpose(1, 2)
        # Not len(): the export would take that for a constant, and the graph only pictures by twos.
        tokens = torch.cat([self.cls_token.expand(tokens.shape[0], -1, -1), tokens], dim=1)
        return tokens + self._positions(patches.shape[2], patches.shape[3])

    def _positions(self, height: int, width: int) -> Tensor:
        if height == width == _TRAINED_GRID:
            return self.pos_embed
        grid = self.pos_embed[:, 1:].reshape(1, _TRAINED_GRID, _TRAINED_GRID, -1).permute(0, 3, 1, 2)
        grid = functional.interpolate(
            grid, size=(height, width), mode="bicubic", antialias=True, align_corners=False
        )
        return torch.cat([self.pos_embed[:, :1], grid.flatten(2).transpose(1, 2)], dim=1)


def keep_random(tokens: Tensor, share: float) -> Tensor:
    """Keep the first token and a random share of the others, another one for each picture: (N, 1+L, D)."""
    count, length, width = tokens.shape
    kept = max(1, round((length - 1) * share))
    # Drawn on the CPU, as all that is random, so that a GPU sees the same.
    order = torch.rand(count, length - 1).argsort(1)[:, :kept].sort(1).values.to(tokens.device)
    chosen = tokens[:, 1:].gather(1, order[..., None].expand(-1, -1, width))
    return torch.cat([tokens[:, :1], chosen], dim=1)


class _PatchEmbed(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, width, _PATCH, _PATCH)

    def forward(self, x: Tensor) -> Tensor:
        patches: Tensor = self.proj(x)
        return patches


class _Attention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        count, length, width = x.shape
        qkv = self.qkv(x).reshape(count, length, 3, self.heads, width // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        mixed = functional.scaled_dot_product_attention(q, k, v)
        out: Tensor = self.proj(mixed.transpose(1, 2).reshape(count, length, width))
        return out


class _Mlp(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, 4 * width)
        self.fc2 = nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.fc2(functional.gelu(self.fc1(x)))
        return out


class _LayerScale(nn.Module):
    """Touvron et al. 2021, "Going deeper with Image Transformers", arXiv 2103.17239."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.full((width,), 1e-5))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.gamma


class _Block(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=1e-6)
        self.attn = _Attention(width, heads)
        self.ls1 = _LayerScale(width)
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        self.mlp = _Mlp(width)
        self.ls2 = _LayerScale(width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.ls1(self.attn(self.norm1(x)))
        out: Tensor = x + self.ls2(self.mlp(self.norm2(x)))
        return out
