"""The harness itself: a notebook runs in a real JupyterLab, in a real browser, and what goes wrong is seen."""


def test_a_notebook_runs_and_its_outputs_are_seen(lab):
    """Cells run, raise, and are run again in a new kernel."""
    notebook = lab(["x = 6 * 7; x", "x + 1"])
    assert notebook.run_all()
    assert "42" in notebook.text(0)
    notebook.restart_kernel()
    assert not notebook.run_cell(1)
    assert "NameError" in notebook.text(1)


def test_a_script_in_an_output_is_noticed(lab, page):
    """What proves elsewhere that nothing ran does see it when something runs."""
    notebook = lab(["from IPython.display import HTML; HTML('<img src=x onerror=\"window.ran = 1\">')"])
    assert notebook.run_all()
    page.wait_for_function("() => window.ran === 1")
