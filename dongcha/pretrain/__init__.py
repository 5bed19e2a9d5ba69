"""A model's folder + texts without labels -> a folder whose backbone has read them; what it gained, what it forgot.

One file a method, named as the recipe names it. Such a file has `Options`; LEARNING_RATE and ROWS (texts of mean length
in a step), its usual ones; `encode(texts, tokenizer, first)`, a chunk of features; and
`build(folder, tokenizer, options, seed)`, a `Learner`.
"""

from dongcha.pretrain.pretrain import Pretrained, pretrain

__all__ = ["Pretrained", "pretrain"]
