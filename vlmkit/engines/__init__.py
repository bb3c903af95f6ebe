"""Engines: answers from this process.

Takes   asks; the name of a checkpoint.                   Gives  replies, text as it grows, facts about the model.
May use backends, sources; alone mlx and mlx_vlm.         Never  pandas, HTTP of its own, code shipped in a checkpoint,
        a second thread that touches MLX."""
