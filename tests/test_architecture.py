"""Rooms and doors: who may import whom, and which room alone opens a heavy library."""

import ast
import re
import sys

import allowances
import pytest
from package_tree import BY_NAME, MODULES, PACKAGES, deep_imports, first_difference, module_of

GROUND = {
    "errors",
    "records",
    "settings",
    "settings_checks",
    "settings_file",
    "settings_table",
    "settings_trust",
    "extras",
    "notebook",
    "arguments",
    "files",
    "memory",
    "children",
    "framing",
    "notices",
    "finish_reasons",
    "proportions",
    "untrusted",
    "plugins",
}

# Change this table on purpose, in the commit that gives the reason.
MAY_IMPORT = {
    # What may be shown of a stranger's words; an error is a text that people print.
    "untrusted": set(),
    "errors": {"untrusted"},
    "records": {"errors"},
    "settings": {"arguments", "errors", "settings_file", "settings_table", "settings_trust"},
    "settings_checks": set(),
    "settings_file": {"errors", "files", "settings_table"},
    "settings_table": {"settings_checks"},
    "settings_trust": {"errors", "files", "notices", "settings_file", "settings_table"},
    "extras": {"errors"},
    "arguments": {"errors"},
    "files": set(),
    "notices": {"untrusted"},
    # Progress (frame) and objects that show themselves (views) ask where they are.
    "notebook": {"extras"},
    # Weights, pictures and the model picker fit into what is free.
    "memory": set(),
    # Pictures (sources), templates and models (engines) are worked on in processes that may be lost.
    "children": set(),
    "framing": set(),
    # Providers tell why there is no text, the gate whether a text counts: both by the same words.
    "finish_reasons": set(),
    # Votes (frame) and measures (evaluation) have intervals of one kind.
    "proportions": set(),
    # Engines, formats, sources and styles of other packages stand in the same tables as ours.
    "plugins": {"errors", "extras", "settings", "settings_checks"},
    "startup": set(),
    "sources": GROUND,
    "prompts": GROUND,
    # Every open model has `generate`, which takes pictures as people have them.
    "backends": GROUND | {"sources"},
    "store": GROUND,
    "engines": GROUND | {"backends", "sources"},
    "providers": GROUND | {"backends"},
    "runner": GROUND | {"sources", "prompts", "backends", "store"},
    "frame": GROUND | {"sources", "prompts", "backends", "store", "runner"},
    # Plain objects and HTML between the tables and the widgets.
    "views": GROUND | {"sources", "backends", "store", "frame"},
    "exporters": GROUND | {"frame", "sources"},
    # A model is checked at its socket (backends); a comparison names styles (prompts) and listens to runs (runner).
    "evaluation": GROUND | {"frame", "sources", "backends", "prompts", "runner"},
    "chat": GROUND | {"sources", "prompts", "backends", "runner"},
    # The panel of a server shows what it is told by `RunningServer.status`, that of an agent what `AgentControl` heard.
    "widgets": GROUND
    | {"sources", "backends", "runner", "frame", "views", "exporters", "evaluation", "server", "agent"},
    "server": GROUND | {"chat", "backends", "sources", "runner"},
    # Tools speak of rows of a table (frame) and hand pictures on, cut and shrunk (sources). Over HTTP a table is served
    # behind the same gate as a model (server). A conversation is shown as HTML, which views alone makes of words of
    # strangers.
    "agent": GROUND | {"backends", "chat", "exporters", "frame", "server", "sources", "store", "views"},
    "cli": GROUND
    | {"sources", "prompts", "backends", "store", "runner", "frame", "exporters", "evaluation", "chat", "server"}
    | {"agent", "startup"},
    # The teaching model is made here, away from everything a user's run passes through.
    "tiny": GROUND | {"backends", "sources", "prompts"},
    # df.vlm: the verbs on a table.
    "accessor": GROUND | {"frame", "views", "exporters", "evaluation"},
    # The package root: public verbs and df.vlm.
    "": {"accessor", "exporters", "frame", "views", "evaluation", "backends", "server", "settings", "startup"},
}

MLX = {"engines", "tiny"}
DOORS = {
    "PIL": {"sources", "tiny"},
    "pillow_heif": {"sources"},
    # What a model's child process says is read with its types checked, and never unpickled; requests of clients (chat)
    # and arguments of tools (agent) are checked by the same library.
    "pydantic": {"prompts", "engines", "chat", "agent"},
    "pydantic_core": {"engines"},
    "typing_extensions": {"prompts"},
    "sqlite3": {"store"},
    "platformdirs": {"files"},
    "mlx": MLX,
    "mlx_vlm": MLX,
    "transformers": MLX,
    "jinja2": {"engines"},
    "tokenizers": MLX,
    "safetensors": MLX,
    "llguidance": MLX,
    "huggingface_hub": MLX,
    "httpx": {"providers", "sources"},
    "httpcore": {"providers", "sources"},
    "h11": {"providers"},
    # Tools over a table (agent) read it, and put changed copies in its place.
    "pandas": {"accessor", "frame", "views", "exporters", "evaluation", "widgets", "agent"},
    "numpy": {"sources", "engines", "tiny", "frame", "exporters", "evaluation"},
    "pyarrow": {"exporters"},
    "tqdm": {"frame", "exporters", "tiny"},
    "ipywidgets": {"widgets"},
    "IPython": {"widgets"},
    "anywidget": {"widgets"},
    "traitlets": {"widgets"},
    "click": {"cli"},
    "wcwidth": {"cli"},
    "mcp": {"agent"},
    # They come with mcp: its types, and what it speaks HTTP with.
    "mcp_types": {"agent"},
    "httpx2": {"agent"},
    "jsonschema": {"agent"},
    "starlette": {"server"},
    "uvicorn": {"server"},
    "prometheus_client": {"server"},
}

# One module of each room speaks httpx: what comes after it is one line away. Sockets are given to what is under it.
ONLY_MODULES = {
    "httpx": {"vlmkit.providers.connection", "vlmkit.sources.remote"},
    "httpcore": {
        "vlmkit.providers.connection",
        "vlmkit.providers.exchange",
        "vlmkit.providers.sockets",
        "vlmkit.sources.remote",
        "vlmkit.sources.connections",
    },
    "h11": {"vlmkit.providers.exchange"},
}

DOTTED = re.compile(r"(vlmkit(?:\.\w+)+):(\w+)")


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_rooms_import_only_what_the_table_allows(module):
    """An import between rooms stands in the table."""
    for imported, node in module.imports():
        if imported.partition(".")[0] == "vlmkit" and (target := module_of(imported)).room:
            allowed = MAY_IMPORT[module.room] | {module.room}
            assert target.room in allowed, f"{module.name}:{node.lineno}: {module.room} must not import {target.room}"


def test_rooms_are_entered_by_their_door():
    """What a room offers to others stands in its ``__init__``; deeper imports are listed, and get fewer."""
    found = {f"{room} → {module}" for room, modules in deep_imports().items() for module in modules}
    listed = {f"{room} → {module}" for room, modules in allowances.PAST_THE_WINDOW.items() for module in modules}
    assert first_difference(found, listed) == ""


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_libraries_come_in_by_their_door(module):
    """A library that is not Python's own is imported only by the rooms that may; so is the database."""
    for imported, node in module.imports():
        library = imported.partition(".")[0]
        if library in DOORS or (library != "vlmkit" and library not in sys.stdlib_module_names):
            where = f"{module.name}:{node.lineno}"
            assert library in DOORS, f"{where}: {library} has no door yet"
            assert module.room in DOORS[library], f"{where}: only {sorted(DOORS[library])} may import {library}"


@pytest.mark.parametrize("library", ONLY_MODULES)
def test_http_has_one_door_in_each_room(library):
    """The modules that import it are these, and no others."""
    importing = {module.name for module in MODULES for name, _ in module.imports() if name.partition(".")[0] == library}
    assert importing == ONLY_MODULES[library]


def test_every_room_is_in_the_table():
    """A new room says first whom it may import."""
    assert {module.room for module in MODULES} <= set(MAY_IMPORT)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_nobody_imports_the_package_root(module):
    """Inside, names come from the module that defines them; ``from vlmkit import errors`` names a module."""
    for imported, node in module.imports():
        if imported.partition(".")[0] == "vlmkit":
            assert module_of(imported).name != "vlmkit", f"{module.name}:{node.lineno}: imports the package root"


def test_there_are_no_import_cycles():
    """No module needs itself, at whatever depth the import stands; a package is its ``__init__``."""
    needs = {
        module.name: {target.name for imported, _ in module.imports() if (target := module_of(imported))}
        for module in MODULES
    }
    done = set()

    def visit(name, trail):
        assert name not in trail, "import cycle: " + " → ".join([*trail[trail.index(name) :], name])
        if name not in done:
            for needed in sorted(needs[name] - {name}):
                visit(needed, [*trail, name])
            done.add(name)

    for name in needs:
        visit(name, [])


def test_dotted_names_lead_somewhere():
    """What is opened by name exists: module and attribute."""
    for module in MODULES:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and (m := DOTTED.fullmatch(node.value)):
                where = f"{module.name}:{node.lineno}: {node.value}"
                assert m[1] in BY_NAME, f"{where}: no such module"
                names = {child.name for child in BY_NAME[m[1]].tree.body if hasattr(child, "name")}
                names |= {imported.rpartition(".")[2] for imported, _ in BY_NAME[m[1]].imports()}
                stored = (child for child in ast.walk(BY_NAME[m[1]].tree) if isinstance(child, ast.Name))
                names |= {child.id for child in stored if isinstance(child.ctx, ast.Store)}
                assert m[2] in names, f"{where}: no such name"


@pytest.mark.parametrize("room", PACKAGES, ids=lambda module: module.name)
def test_a_room_says_what_it_is_for(room):
    """Each room's docstring answers the four questions, in a few lines."""
    text = ast.get_docstring(room.tree) or ""
    missing = [word for word in ("Takes", "Gives", "May use", "Never") if word.lower() not in text.lower()]
    assert not missing, f"{room.name}: its docstring does not say {missing}"
    assert len(text.splitlines()) <= 8, f"{room.name}: a room is introduced in about four lines"
