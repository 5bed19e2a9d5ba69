"""Give one vector a text: a backbone with its own pooling; and rebuild texts from such vectors, to train it.

In: a model's folder. Out: modules that the objectives of `pretrain` read. Knows no loss.

Shape letters: B texts, T tokens, H hidden width, V pieces of the vocabulary.
"""

from pathlib import Path
from typing import Any

import torch
import transformers
from torch import Tensor, nn

from dongcha.models.heads._base import dropouts, load_hf, refuse_incomplete
from dongcha.models.heads.sequence import own_pooling, pool


class Sentence(nn.Module):
    """A backbone and its pooling: vectors (B, H); of a folder that names no pooling, the mean of its tokens.

    A model that was made without dropout gets `least_dropout`, which its configuration is not told.
    """

    def __init__(self, folder: Path, least_dropout: float = 0.0) -> None:
        super().__init__()
        self.hf, info = load_hf(transformers.AutoModel, folder, None, {})
        own = dropouts(self.hf.config, 0.0)
        if least_dropout and not any(getattr(self.hf.config, name) for name in own):
            self.hf, info = load_hf(transformers.AutoModel, folder, least_dropout, {})
            for name, value in own.items():
                setattr(self.hf.config, name, value)
        refuse_incomplete(folder, info["missing_keys"])
        self.pooling = own_pooling(folder) or "mean"
        self.new: frozenset[str] = frozenset()

    @property
    def backbone(self) -> Any:
        """The model itself."""
        return self.hf

    @property
    def width(self) -> int:
        """H."""
        return int(self.hf.config.hidden_size)

    def vectors(self, input_ids: Tensor, mask: Tensor, **extra: Tensor) -> Tensor:
        """Return a vector a text (B, H)."""
        hidden_BTH = self.hf(input_ids=input_ids, attention_mask=mask.long(), **extra).last_hidden_state
        return pool(hidden_BTH, mask, self.pooling)

    def forward(self, input_ids: Tensor, mask: Tensor, **extra: Tensor) -> Tensor:
        """Return a vector a text (B, H)."""
        return self.vectors(input_ids, mask, **extra)


class Ordered(Sentence):
    """A backbone with two outputs (B, 2) on its vector: in order, swapped."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.linear = nn.Linear(self.width, 2)
        self.new = frozenset({"linear.weight", "linear.bias"})

    def forward(self, input_ids: Tensor, mask: Tensor, **extra: Tensor) -> Tensor:
        """Return logits (B, 2)."""
        logits: Tensor = self.linear(self.vectors(input_ids, mask, **extra))
        return logits


class Denoiser(Sentence):
    """A backbone whose vector alone a small decoder rebuilds the text from.

    The decoder has `layers` layers, each of self-attention to what came before and attention to the one vector; its
    input and output tables are the backbone's own (TSDAE, Wang et al. 2021, section 3), with a layer between where they
    are narrower than its vectors; it knows `max_tokens` places. The paper's decoder is as deep
    as the encoder; one layer costs a small model a sixth of that and leaves more of the work to the vector.
    """

    def __init__(self, folder: Path, layers: int, max_tokens: int) -> None:
        super().__init__(folder)
        config, table = self.hf.config, self.hf.get_input_embeddings()
        layer = nn.TransformerDecoderLayer(
            self.width, int(config.num_attention_heads), 4 * self.width, 0.1, activation="gelu", batch_first=True
        )
        self.decoder = nn.TransformerDecoder(layer, layers)
        self.places = nn.Embedding(max_tokens, self.width)
        nn.init.normal_(self.places.weight, std=0.02)
        self.norm = nn.LayerNorm(self.width)
        narrow = int(table.embedding_dim)
        self.wider = nn.Identity() if narrow == self.width else nn.Linear(narrow, self.width)
        self.narrower = nn.Identity() if narrow == self.width else nn.Linear(self.width, narrow)
        self.output = nn.Linear(narrow, table.num_embeddings)
        nn.init.zeros_(self.output.bias)
        self.output.weight = table.weight  # tied, and seen to be: the table may not be narrowed to the ids in use
        own = ("decoder.", "places.", "norm.", "output.bias", "wider.", "narrower.")
        self.new = frozenset(name for name, _ in self.named_parameters() if name.startswith(own))

    def forward(self, input_ids: Tensor, mask: Tensor, **extra: Tensor) -> Tensor:
        """Return logits (B, T, V) of what follows each token of `whole` (B, T, among `extra`), given the vector."""
        whole = extra["whole"]
        vector_B1H = self.vectors(input_ids, mask)[:, None]
        length = whole.shape[1]
        embedded = self.wider(self.hf.get_input_embeddings()(whole))
        embedded = embedded + self.places(torch.arange(length, device=whole.device))
        ahead = torch.ones(length, length, dtype=torch.bool, device=whole.device).triu(1)
        hidden_BTH = self.decoder(self.norm(embedded), vector_B1H, tgt_mask=ahead)
        logits: Tensor = self.output(self.narrower(hidden_BTH))
        return logits
