"""Table: the tools over a table of pictures, which speak of rows by number and never of files.

Takes   a DataFrame, a vision model.                   Gives  tools, rows that were looked at, a changed copy.
May use agent's tools and results, frame, sources.     Never  a path to a model, a change of the table itself."""
