"""Widgets: thin faces over plain objects that work without a browser.

Takes   a run, a review, a server, an agent, a choice.    Gives  something to look at and to press in a notebook.
May use sources, backends, runner, frame, views, exporters, evaluation, server, agent, ipywidgets, anywidget.
Never   holds what the plain object does not have, or shows text of strangers as markup."""
