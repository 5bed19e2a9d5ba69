"""Search texts: nearest neighbours and BM25 over a folder.

ids, texts, unit vectors -> Index; questions -> Hits (ids and scores, best first). `index.py` is the Index read top to
bottom; `graph.py` the neighbours' graph, `lexicon.py` BM25 over the terms of `terms.py`, `rank.py` what is best and how
two rankings become one, `rows.py` what is kept of each row, `folder.py` all of it on disk. Knows no model: vectors come
in as numpy.
"""

from dongcha.index.index import Hits, Index, editing, open_index

__all__ = ["Hits", "Index", "editing", "open_index"]
