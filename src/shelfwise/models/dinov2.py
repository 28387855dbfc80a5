"""DINOv2 ViT-S/14, a vision transformer (Oquab et al. 2023, arXiv 2304.07193; Dosovitskiy et al. 2021).

Inside a block, modules are named as in timm's form of the published weights.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from shelfwise.errors import ModelError
from shelfwise.models.activation import gelu
from shelfwise.models.attention import SettledAttention
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
        depth: number of blocks.
        width: length of a token.
        heads: attention heads a block.
    """

    def __init__(
        self, num_classes: int, dropout: float = 0.0, *, depth: int = 12, width: int = 384, heads: int = 6
    ) -> None:
        super().__init__(2 * width, num_classes)
        self._token_keep = 1.0
        self.embed = _Embedding(width)
        self.blocks = nn.ModuleList(_Block(width, heads) for _ in range(depth))
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.head = fresh_head(2 * width, num_classes, dropout)

    def stages(self) -> list[nn.Module]:
        """The embedding of patches and places, each block, and the last norm."""
        return [self.embed, *self.blocks, self.norm]

    def keep_tokens(self, share: float) -> None:
        """While training, keep a random ``share`` of each picture's patch tokens, above 0 up to 1.

        Fewer tokens make a step about that much cheaper and regularise it (Liu et al. 2022, "PatchDropout",
        arXiv 2208.07220).
        """
        if not 0 < share <= 1:
            raise ModelError(f"the share of patch tokens to keep must be above 0 and at most 1, not {share}")
        self._token_keep = share

    def settle(self, size: int) -> None:
        """Resize the places for pictures of ``size`` pixels and take the layers' scales into the weights."""
        self.embed.settle(size)
        for module in self.blocks.modules():
            if isinstance(module, _Block):
                module.settle()

    def features(self, x: Tensor) -> Tensor:
        """Embed normalised pictures whose sides are multiples of 14: (N, 3, H, W) to (N, 2·width)."""
        tokens = self.embed(x)
        if self.training and self._token_keep < 1:
            tokens = keep_random(tokens, self._token_keep)
        for block in self.blocks:
            tokens = block(tokens)
        tokens = self.norm(tokens)
        return torch.cat([tokens[:, 0], tokens[:, 1:].mean(1)], dim=1)


def keep_random(tokens: Tensor, share: float) -> Tensor:
    """Keep the first token and a random share of the others, another one for each picture: (N, 1+L, D)."""
    count, length, width = tokens.shape
    kept = max(1, round((length - 1) * share))
    # Drawn on the CPU, as all that is random, so that a GPU sees the same.
    order = torch.rand(count, length - 1).argsort(1)[:, :kept].sort(1).values.to(tokens.device)
    chosen = tokens[:, 1:].gather(1, order[..., None].expand(-1, -1, width))
    return torch.cat([tokens[:, :1], chosen], dim=1)


class _Embedding(nn.Module):
    """Class token and patch tokens with their places: (N, 3, H, W) to (N, 1 + H/14·W/14, width)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, width, _PATCH, _PATCH)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + _TRAINED_GRID**2, width))
        nn.init.trunc_normal_(self.pos_embed, std=0.02)

    def forward(self, x: Tensor) -> Tensor:
        if x.shape[2] % _PATCH or x.shape[3] % _PATCH:
            sides = f"{x.shape[2]}×{x.shape[3]}"
            raise ModelError(
                f"DINOv2 takes pictures whose sides are multiples of {_PATCH} pixels, not {sides}"
            )
        patches = self.proj(x)
        place = self._places(patches.shape[2], patches.shape[3])
        tokens = patches.flatten(2).transpose(1, 2) + place[:, 1:]
        first = self.cls_token + place[:, :1]
        return torch.cat([first.expand(tokens.shape[0], -1, -1), tokens], dim=1)

    def settle(self, size: int) -> None:
        """Make the places those of a picture of ``size`` pixels a side."""
        places = self._places(size // _PATCH, size // _PATCH).detach()
        self.pos_embed = nn.Parameter(places, requires_grad=False)

    def _places(self, height: int, width: int) -> Tensor:
        """The places' vectors on a grid of another size, as timm resizes them: (1, 1 + height·width, width)."""
        if height * width == self.pos_embed.shape[1] - 1 and height == width:
            return self.pos_embed
        grid = self.pos_embed[:, 1:].reshape(1, _TRAINED_GRID, _TRAINED_GRID, -1).permute(0, 3, 1, 2)
        grid = functional.interpolate(
            grid, size=(height, width), mode="bicubic", antialias=True, align_corners=False
        )
        return torch.cat([self.pos_embed[:, :1], grid.flatten(2).transpose(1, 2)], dim=1)


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
        out: Tensor = self.fc2(gelu(self.fc1(x)))
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
        self.attn: _Attention | SettledAttention = _Attention(width, heads)
        self.ls1: nn.Module = _LayerScale(width)
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        self.mlp = _Mlp(width)
        self.ls2: nn.Module = _LayerScale(width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.ls1(self.attn(self.norm1(x)))
        out: Tensor = x + self.ls2(self.mlp(self.norm2(x)))
        return out

    def settle(self) -> None:
        """Take the layers' scales into the linear layers before them, and write the attention out."""
        for linear, scale in ((self.attn.proj, self.ls1), (self.mlp.fc2, self.ls2)):
            if isinstance(scale, _LayerScale):
                linear.weight.data *= scale.gamma.data[:, None]
                linear.bias.data *= scale.gamma.data
        self.ls1, self.ls2 = nn.Identity(), nn.Identity()
        if isinstance(self.attn, _Attention):
            self.attn = SettledAttention(self.attn.qkv, self.attn.proj, self.attn.heads)
