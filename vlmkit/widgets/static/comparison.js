// The comparison: one picture, its answers in an order of chance, a number key for each.

const LETTERS = "ABCDEFGHI";

function render({ model, el }) {
  const view = new View(model, el);
  return () => view.close();
}

class View {
  constructor(model, el) {
    this.model = model;
    this.client = Math.random().toString(36).slice(2, 12);
    this.total = model.get("total");
    this.count = model.get("options");
    this.pair = null;
    this.pictures = new Pictures((message) => this.send(message), (row) => this.showRow(row));
    this.build(el);
    this.listener = (content, buffers) => this.take(content, buffers);
    model.on("msg:custom", this.listener);
    if (this.total) this.send({ kind: "next", place: -1 });
    this.send({ kind: "standings" });
  }

  close() {
    this.model.off("msg:custom", this.listener);
    this.pictures.clear();
  }

  send(message) {
    this.model.send({ client: this.client, ...message });
  }

  build(el) {
    this.root = rootOf(el, "Comparison of answers");
    this.line = statusLine();
    this.line.textContent = this.total ? "" : "No row has different answers in all columns: nothing to compare.";
    this.frame = element("div", { className: "vlm-picture" });
    this.name = element("p", { className: "vlm-name", dir: "auto" });
    const buttons = [...Array(this.count).keys()].map((slot) => {
      const letter = LETTERS[slot] ?? String(slot + 1);
      const button = element("button", { type: "button", "aria-keyshortcuts": String(slot + 1) });
      button.textContent = `${letter} is best (${slot + 1})`;
      button.addEventListener("click", () => this.vote(slot));
      return button;
    });
    this.options = buttons.map((button, slot) =>
      element(
        "li",
        { className: "vlm-option" },
        element("strong", { textContent: LETTERS[slot] ?? String(slot + 1) }),
        element("div", { className: "vlm-text", dir: "auto" }),
        button,
      ),
    );
    const tool = (text, key, call) => {
      const button = element("button", { type: "button", textContent: `${text} (${key})` });
      button.addEventListener("click", call);
      return button;
    };
    this.stage = element(
      "div",
      { className: "vlm-stage", tabIndex: 0, role: "group", "aria-label": "Answers to compare" },
      element(
        "div",
        { className: "vlm-pair" },
        element("div", {}, this.frame, this.name),
        element("ol", { className: "vlm-options" }, ...this.options),
      ),
    );
    const bar = element(
      "div",
      { className: "vlm-bar" },
      tool("No difference", "0", () => this.vote(null)),
      tool("Back", "←", () => this.move(-1)),
      tool("On", "→", () => this.move(1)),
      tool("Next without a vote", "n", () => this.send({ kind: "next", place: this.place() })),
      tool("Undo", "u", () => this.send({ kind: "undo" })),
      tool("Larger picture", "z", () => this.larger()),
    );
    this.table = element("table", { className: "vlm-standings" });
    // Closed at first: whoever sees a number rise after a vote knows whose answer it was.
    const standings = element("details", {}, element("summary", { textContent: "Standings" }), this.table);
    this.root.append(this.line, this.stage, bar, standings);
    this.root.addEventListener("keydown", (event) => this.press(event));
  }

  take(content, buffers) {
    if (content.client && content.client !== this.client) return;
    if (content.kind === "pair") this.show(content);
    else if (content.kind === "thumbnail") this.pictures.take(content, buffers);
    else if (content.kind === "votes") this.showVotes(content);
    else if (content.kind === "picture") enlarge(this.root, content, buffers, content.label);
    else if (content.kind === "problem") {
      this.line.textContent = content.text;
      this.line.classList.add("vlm-problem");
    }
  }

  place() {
    return this.pair?.place ?? -1;
  }

  show(pair) {
    this.pair = pair;
    this.name.textContent = shortName(pair.label);
    this.name.title = pair.label;
    pair.options.forEach((parts, slot) => {
      const option = this.options[slot];
      const text = parts.map(([part, differs]) =>
        differs ? element("mark", { textContent: part }) : document.createTextNode(part),
      );
      option.querySelector(".vlm-text").replaceChildren(...text);
      option.classList.toggle("vlm-winner", pair.slot === slot);
      option.querySelector("button").setAttribute("aria-pressed", String(pair.slot === slot));
    });
    this.tell();
    this.showRow(pair.row);
    this.pictures.want([pair.row]);
  }

  showRow(row) {
    if (this.pair?.row === row) showPicture(this.frame, this.pictures.get(row), this.pair.label);
  }

  showVotes(content) {
    this.votes = content.votes;
    const cells = (row) => [row.name, row.wins, row.losses, row.ties, percent(row.win_rate), interval(row)];
    const heads = ["column", "wins", "losses", "ties", "win rate", "95 % interval"];
    this.table.replaceChildren(
      element("thead", {}, element("tr", {}, ...heads.map((head) => element("th", { scope: "col", textContent: head })))),
      element(
        "tbody",
        {},
        ...content.standings.map((row) =>
          element("tr", {}, ...cells(row).map((cell) => element("td", { textContent: String(cell) }))),
        ),
      ),
    );
    this.tell();
  }

  tell() {
    if (!this.total) return;
    const voted = { "-1": "no difference" }[this.pair?.slot] ?? LETTERS[this.pair?.slot];
    const parts = [`${this.place() + 1} of ${this.total}`, `${this.votes ?? 0} votes`];
    if (voted) parts.push(`voted: ${voted}`);
    this.line.textContent = parts.join(" · ");
    this.line.classList.remove("vlm-problem");
  }

  press(event) {
    if (!isCommand(event) || (event.target.closest("button, summary") && ["Enter", " "].includes(event.key))) return;
    const slot = /^[1-9]$/.test(event.key) ? Number(event.key) - 1 : -1;
    if (slot >= 0 && slot < this.count) this.vote(slot);
    else if (event.key === "0") this.vote(null);
    else if (event.key === "ArrowLeft") this.move(-1);
    else if (event.key === "ArrowRight") this.move(1);
    else if (event.key === "n") this.send({ kind: "next", place: this.place() });
    else if (event.key === "u") this.send({ kind: "undo" });
    else if (event.key === "z") this.larger();
    else return;
    event.preventDefault();
  }

  vote(slot) {
    if (this.pair) this.send({ kind: "vote", place: this.pair.place, slot });
  }

  move(by) {
    if (this.pair) this.send({ kind: "open", place: this.pair.place + by });
  }

  larger() {
    if (this.pair) this.send({ kind: "enlarge", place: this.pair.place });
  }
}

function percent(share) {
  return share === null ? "–" : `${Math.round(share * 100)} %`;
}

function interval(row) {
  return row.low === null ? "–" : `${percent(row.low)} to ${percent(row.high)}`;
}

export default { render };
