"""A model's folder + texts without labels -> a folder whose backbone has read them; what it gained, what it forgot.

One file a method, named as the recipe names it. Such a file has `Options`; LEARNING_RATE and ROWS (texts of mean length
in a step), its usual ones; `encode(texts, tokenizer, first)`, a chunk of features; and
`build(folder, tokenizer, options, seed)`, a `Learner`. It may say which kinds of models it is for (FITS, else encoders
alone), that they still write (WRITES, with the METRICS of what is written), how long blocks usually are (MOST_TOKENS),
and how texts held out are asked: `general(texts, folder, tokenizer, seed)`, beside `by_frequency(corpus, num_pieces)`,
which guesses without context.
"""

from dongcha.pretrain.pretrain import Pretrained, pretrain

__all__ = ["Pretrained", "pretrain"]
