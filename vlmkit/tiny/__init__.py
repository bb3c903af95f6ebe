"""Tiny: the bundled teaching model and the one world it knows.

Takes   nothing: its world is drawn, its weights lie beside this file in ``weights/``.
Gives   `scenes` (the world), `questions` (what can be asked of it), `train` and `evaluate` (how it came about).
May use Pillow to draw, mlx and mlx-vlm to train. Never the network, the frame or a backend.
"""
