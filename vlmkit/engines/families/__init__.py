"""Families: what has to be known of single architectures.

Takes   a checkpoint's configuration, a loaded model.     Gives  the model as its makers meant it, or why it is not.
May use engines; mlx and mlx_vlm on the desk.             Never  a change of mlx_vlm that other models would see."""
