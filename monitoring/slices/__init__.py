"""Loss of parts of the rows: which rows belong to a slice, what is lost there, and whether that is worse than before.

- `membership`: the slices that each row belongs to.
- `parts`: the losses of each slice, from pieces of rows.
- `drift`: the column that moved most on each slice.
- `judging`: the loss of each slice against the champion's loss there at training, all slices as one family.
"""
