"""The canonical form of each kind of field.

In: Cells, a column of one batch. Out: its Arrow column; a value that cannot be brought to its form is refused with its
row. Which field has which form is said in `data/fields.py`.
"""
