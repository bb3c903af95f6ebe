// The review gallery: cards of fixed size, of which only those in view exist.

const CARD_WIDTH_PX = 236;
const GAP_PX = 8;
const PICTURE_HEIGHT_PX = 168;
const LONG_FIELD_PX = 92;
const SHORT_FIELD_PX = 42;
const REST_HEIGHT_PX = 64;
const MOST_HEIGHT_PX = 760;
const SPARE_ROWS = 1;
const STATUSES = ["auto", "suggested", "accepted", "edited", "rejected", "flagged"];
const KEYS = [
  ["← → ↑ ↓", "move"],
  ["a", "accept"],
  ["e or Enter", "edit (Enter saves, Shift+Enter new line, Esc leaves)"],
  ["r", "reject"],
  ["f", "flag"],
  ["u", "undo"],
  ["Shift+A / R / F", "all fields of the picture"],
  ["1 … 9", "choose a field"],
  ["z", "larger picture"],
  ["/", "filter"],
];

function render({ model, el }) {
  const gallery = new Gallery(model, el);
  return () => gallery.close();
}

class Gallery {
  constructor(model, el) {
    this.model = model;
    this.client = Math.random().toString(36).slice(2, 12);
    this.fields = model.get("fields");
    this.count = model.get("rows");
    this.generation = 0;
    this.current = 0;
    this.field = 0;
    this.columns = 1;
    this.cards = new Map(); // place in the view -> what the kernel says
    this.elements = new Map(); // place in the view -> element
    this.asked = "";
    this.editing = null;
    this.pictures = new Pictures((message) => this.send(message), (row) => this.showRow(row));
    this.build(el);
    this.listener = (content, buffers) => this.take(content, buffers);
    model.on("msg:custom", this.listener);
    this.observer = new ResizeObserver(() => this.layout());
    this.observer.observe(this.view);
    this.tell(model.get("told"));
    this.layout();
    this.send({ kind: "view", ...this.query() });
  }

  close() {
    this.model.off("msg:custom", this.listener);
    this.observer.disconnect();
    this.pictures.clear();
  }

  send(message) {
    this.model.send({ client: this.client, ...message });
  }

  // -- building ------------------------------------------------------------------------------------------------------

  build(el) {
    this.root = rootOf(el, `Review of ${this.fields.map((field) => field.name).join(", ")}`);
    this.search = element("input", { type: "search", placeholder: "text or file name", spellcheck: false });
    this.status = choice([["", "any"], ...STATUSES.map((status) => [status, status])]);
    this.errors = choice([["", "any"], ["true", "with errors"], ["false", "without errors"]]);
    const tags = this.model.get("tags");
    this.tag = choice([["", "any"], ...tags.map((tag, place) => [String(place), tag])]);
    this.order = choice([["table", "as in the table"], ["uncertainty", "most uncertain first"]]);
    const bar = element(
      "div",
      { className: "vlm-bar", role: "search" },
      labeled("Filter", this.search),
      labeled("Status", this.status),
      labeled("Errors", this.errors),
      tags.length ? labeled("Tag", this.tag) : null,
      labeled("Order", this.order),
    );
    const refresh = calmly(150, () => this.send({ kind: "view", ...this.query() }));
    for (const control of [this.search, this.status, this.errors, this.tag, this.order]) {
      control.addEventListener("input", refresh);
    }
    this.search.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === "ArrowDown") this.focus(this.current);
      else if (event.key === "Escape") this.clearSearch();
      else return;
      event.preventDefault();
    });
    this.line = statusLine();
    this.space = element("div", { className: "vlm-space" });
    this.view = element("div", { className: "vlm-view", tabIndex: 0, role: "list", "aria-label": "Pictures" }, this.space);
    this.view.addEventListener("scroll", () => this.paintSoon(), { passive: true });
    this.view.addEventListener("focus", () => this.focus(this.current));
    this.root.addEventListener("keydown", (event) => this.press(event));
    const help = element(
      "details",
      { className: "vlm-help" },
      element("summary", { textContent: "Keys" }),
      element(
        "dl",
        {},
        ...KEYS.flatMap(([key, what]) => [
          element("dt", {}, element("kbd", { textContent: key })),
          element("dd", { textContent: what }),
        ]),
      ),
    );
    this.root.append(bar, this.line, this.view, help);
  }

  query() {
    return {
      text: this.search.value,
      status: this.status.value || null,
      errors: this.errors.value ? this.errors.value === "true" : null,
      tag: this.tag.value === "" ? null : Number(this.tag.value),
      order: this.order.value,
    };
  }

  clearSearch() {
    this.search.value = "";
    this.search.dispatchEvent(new Event("input"));
    this.focus(this.current);
  }

  // -- messages ------------------------------------------------------------------------------------------------------

  take(content, buffers) {
    if (content.client && content.client !== this.client) return;
    if (content.kind === "view") this.takeView(content);
    else if (content.kind === "page") this.takePage(content);
    else if (content.kind === "thumbnail") this.pictures.take(content, buffers);
    else if (content.kind === "changed") this.takeChange(content);
    else if (content.kind === "picture") enlarge(this.root, content, buffers, content.label);
    else if (content.kind === "problem") this.problem(content.text);
  }

  takeView(content) {
    this.count = content.count;
    this.generation = content.generation;
    this.cards.clear();
    this.asked = "";
    this.current = 0;
    this.view.scrollTop = 0;
    for (const card of this.elements.values()) card.remove();
    this.elements.clear();
    this.tell(content.told);
    this.layout();
  }

  takePage(content) {
    if (content.generation !== this.generation) return;
    for (const card of content.cards) {
      this.cards.set(card.place, card);
      this.fill(card.place);
    }
    this.wantPictures();
  }

  takeChange(content) {
    this.tell(content.told, content.message);
    if (this.editing?.isSaving) this.editing.leave();
    if (content.by === this.client) {
      const found = [...this.cards.values()].find((card) => card.row === content.row);
      if (found) this.focus(found.place);
    }
    this.asked = "";
    this.ask();
  }

  tell(told, message) {
    const total = this.model.get("rows");
    const counts = STATUSES.filter((status) => told[status]).map((status) => `${told[status]} ${status}`);
    const shown = this.count === total ? `${total} pictures` : `${this.count} of ${total} pictures`;
    this.line.textContent = [message, shown, ...counts].filter(Boolean).join(" · ");
    this.line.classList.remove("vlm-problem");
  }

  problem(text) {
    this.line.textContent = text;
    this.line.classList.add("vlm-problem");
    if (!this.editing) return;
    this.editing.isSaving = false;
    this.editing.box.setAttribute("aria-invalid", "true");
    this.editing.box.focus({ preventScroll: true });
  }

  // -- layout --------------------------------------------------------------------------------------------------------

  layout() {
    const width = this.view.clientWidth || 900;
    this.columns = Math.max(1, Math.floor((width + GAP_PX) / (CARD_WIDTH_PX + GAP_PX)));
    const fieldsPx = this.fields.reduce((sum, field) => sum + (field.isLong ? LONG_FIELD_PX : SHORT_FIELD_PX), 0);
    this.rowHeight = PICTURE_HEIGHT_PX + REST_HEIGHT_PX + fieldsPx + GAP_PX;
    this.cardWidth = Math.floor((width + GAP_PX) / this.columns) - GAP_PX;
    const lines = Math.ceil(this.count / this.columns);
    this.space.style.height = `${lines * this.rowHeight}px`;
    this.view.style.height = `${Math.min(Math.max(1, Math.min(lines, 2)) * this.rowHeight, MOST_HEIGHT_PX)}px`;
    for (const [place, card] of this.elements) this.put(place, card);
    this.paint();
  }

  put(place, card) {
    const left = (place % this.columns) * (this.cardWidth + GAP_PX);
    const top = Math.floor(place / this.columns) * this.rowHeight;
    card.style.transform = `translate(${left}px, ${top}px)`;
    card.style.width = `${this.cardWidth}px`;
    card.style.height = `${this.rowHeight - GAP_PX}px`;
  }

  paintSoon() {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = null;
      this.paint();
    });
  }

  range() {
    const height = this.view.clientHeight || MOST_HEIGHT_PX;
    const firstRow = Math.max(0, Math.floor(this.view.scrollTop / this.rowHeight) - SPARE_ROWS);
    const lastRow = Math.floor((this.view.scrollTop + height) / this.rowHeight) + SPARE_ROWS;
    return [firstRow * this.columns, Math.min(this.count, (lastRow + 1) * this.columns)];
  }

  /** Places whose pictures can be seen now, without the spare ones. */
  visible() {
    const height = this.view.clientHeight || MOST_HEIGHT_PX;
    const first = Math.floor(this.view.scrollTop / this.rowHeight) * this.columns;
    const last = Math.ceil((this.view.scrollTop + height) / this.rowHeight) * this.columns;
    return [first, Math.min(this.count, last)];
  }

  paint() {
    const [first, last] = this.range();
    for (const [place, card] of this.elements) {
      const held = place === this.editing?.place;
      if ((place < first || place >= last) && !held) {
        if (card.contains(document.activeElement)) this.view.focus({ preventScroll: true });
        card.remove();
        this.elements.delete(place);
      }
    }
    for (let place = first; place < last; place++) {
      if (!this.elements.has(place)) this.make(place);
    }
    for (const place of this.cards.keys()) {
      if (Math.abs(place - first) > 2000) this.cards.delete(place);
    }
    this.askSoon ??= calmly(40, () => this.ask());
    this.askSoon();
  }

  /** Ask for the cards in view, unless just that was asked for. */
  ask() {
    const [first, last] = this.range();
    const asked = `${this.generation} ${first} ${last}`;
    if (first < last && asked !== this.asked) {
      this.asked = asked;
      this.send({ kind: "page", generation: this.generation, first, last });
    }
    this.wantPictures();
  }

  wantPictures() {
    const [first, last] = this.visible();
    const rows = [];
    for (let place = first; place < last; place++) {
      if (this.cards.has(place)) rows.push(this.cards.get(place).row);
    }
    this.pictures.want(rows);
  }

  // -- cards ---------------------------------------------------------------------------------------------------------

  make(place) {
    const card = element("article", {
      className: "vlm-card",
      role: "listitem",
      tabIndex: place === this.current ? 0 : -1,
      "aria-setsize": this.count,
      "aria-posinset": place + 1,
      "data-place": place,
    });
    card.append(element("div", { className: "vlm-picture" }), element("p", { className: "vlm-name", dir: "auto" }));
    card.append(...this.fields.map((field, position) => this.makeField(place, field, position)));
    const actions = [["accept", "a"], ["edit", "e"], ["reject", "r"], ["flag", "f"]];
    card.append(
      element(
        "div",
        { className: "vlm-buttons" },
        ...actions.map(([action, key]) => {
          const button = element("button", { type: "button", textContent: action, tabIndex: -1, "aria-keyshortcuts": key });
          button.addEventListener("click", () => {
            this.focus(place);
            this.act(action, false);
          });
          return button;
        }),
      ),
    );
    card.addEventListener("mousedown", (event) => {
      if (!event.target.closest("button, textarea, select")) this.focus(place);
    });
    card.querySelector(".vlm-picture").addEventListener("dblclick", () => this.larger());
    this.elements.set(place, card);
    this.put(place, card);
    this.insert(place, card);
    this.fill(place);
  }

  /** In the order of places, so that readers and Tab meet cards in the order one sees. */
  insert(place, card) {
    const later = [...this.space.children].find((other) => Number(other.dataset.place) > place);
    this.space.insertBefore(card, later ?? null);
  }

  makeField(place, field, position) {
    const made = element(
      "div",
      { className: field.isLong ? "vlm-field" : "vlm-field vlm-short" },
      element(
        "p",
        { className: "vlm-head" },
        element("span", { className: "vlm-field-name", textContent: field.name }),
        element("span", { className: "vlm-mark", textContent: "" }),
      ),
      element("div", { className: "vlm-text", dir: "auto" }),
    );
    made.addEventListener("mousedown", () => {
      this.field = position;
      this.markCurrent();
    });
    made.addEventListener("dblclick", () => this.edit());
    return made;
  }

  fill(place) {
    const card = this.elements.get(place);
    const told = this.cards.get(place);
    if (!card || !told) return;
    card.dataset.row = told.row;
    const name = card.querySelector(".vlm-name");
    name.textContent = shortName(told.label);
    name.title = told.label;
    told.fields.forEach((field, position) => {
      const made = card.querySelectorAll(".vlm-field")[position];
      made.dataset.status = field.status;
      made.querySelector(".vlm-mark").textContent = field.status === "auto" ? "" : field.status;
      if (this.editing?.place === place && this.editing.position === position) return;
      const text = made.querySelector(".vlm-text");
      text.textContent = field.shown || told.error || "(empty)";
      text.classList.toggle("vlm-fault", !field.shown);
      if (field.before !== undefined) {
        text.append(element("del", { className: "vlm-before", textContent: field.before || "(empty)", dir: "auto" }));
      }
    });
    const statuses = told.fields.map(
      (field, position) => `${this.fields[position].name}: ${field.shown || "empty"}, ${field.status}`,
    );
    card.setAttribute("aria-label", `${told.label}. ${statuses.join(". ")}`);
    showPicture(card.querySelector(".vlm-picture"), this.pictures.get(told.row), told.label);
    this.markCurrent();
  }

  showRow(row) {
    for (const [place, card] of this.elements) {
      if (card.dataset.row === String(row)) this.fill(place);
    }
  }

  markCurrent() {
    for (const [place, card] of this.elements) {
      const isCurrent = place === this.current;
      card.tabIndex = isCurrent ? 0 : -1;
      card.classList.toggle("vlm-current", isCurrent);
      for (const button of card.querySelectorAll("button")) button.tabIndex = isCurrent ? 0 : -1;
      card.querySelectorAll(".vlm-field").forEach((field, position) => {
        field.classList.toggle("vlm-chosen", isCurrent && this.fields.length > 1 && position === this.field);
      });
    }
    this.view.tabIndex = this.elements.has(this.current) ? -1 : 0;
  }

  // -- moving and speaking -------------------------------------------------------------------------------------------

  focus(place) {
    if (!this.count) return;
    this.current = Math.min(Math.max(place, 0), this.count - 1);
    const top = Math.floor(this.current / this.columns) * this.rowHeight;
    const bottom = top + this.rowHeight;
    if (top < this.view.scrollTop) this.view.scrollTop = top;
    else if (bottom > this.view.scrollTop + this.view.clientHeight) this.view.scrollTop = bottom - this.view.clientHeight;
    this.paint();
    this.markCurrent();
    this.elements.get(this.current)?.focus({ preventScroll: true });
  }

  press(event) {
    if (!isCommand(event) || (event.target.closest("button, summary") && ["Enter", " "].includes(event.key))) return;
    const page = Math.max(1, Math.floor(this.view.clientHeight / this.rowHeight)) * this.columns;
    const moves = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.columns, ArrowDown: this.columns };
    Object.assign(moves, { PageUp: -page, PageDown: page, Home: -this.count, End: this.count });
    const actions = { a: "accept", r: "reject", f: "flag" };
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (event.key in moves) this.focus(this.current + moves[event.key]);
    else if (key in actions) this.act(actions[key], event.shiftKey);
    else if (key === "e" || key === "Enter") this.edit();
    else if (key === "u") this.send({ kind: "undo" });
    else if (key === "z") this.larger();
    else if (key === "/") this.search.focus();
    else if (/^[1-9]$/.test(key) && Number(key) <= this.fields.length) {
      this.field = Number(key) - 1;
      this.markCurrent();
    } else return;
    event.preventDefault();
  }

  act(action, isForAll) {
    if (action === "edit") {
      this.edit();
      return;
    }
    const told = this.cards.get(this.current);
    if (!told) return;
    const field = isForAll ? null : this.field;
    this.send({ kind: "say", action, row: told.row, field });
    if (isForAll || this.field === this.fields.length - 1) {
      this.field = 0;
      this.focus(this.current + 1);
    } else {
      this.field += 1;
      this.markCurrent();
    }
  }

  larger() {
    const told = this.cards.get(this.current);
    if (told) this.send({ kind: "enlarge", row: told.row });
  }

  edit() {
    const [place, position] = [this.current, this.field];
    const told = this.cards.get(place);
    const card = this.elements.get(place);
    if (!told || !card || this.editing) return;
    const field = told.fields[position];
    const before = field.text ?? field.shown;
    const box = this.box(this.fields[position], before);
    box.setAttribute("aria-label", `${this.fields[position].name} of ${told.label}`);
    const leave = () => {
      if (this.editing?.box !== box) return;
      this.editing = null;
      const isHere = box.contains(document.activeElement);
      this.fill(place);
      if (isHere || document.activeElement === document.body) this.focus(place);
    };
    const save = () => {
      this.editing.isSaving = true;
      this.send({ kind: "say", action: "edit", row: told.row, field: position, value: box.value });
    };
    box.addEventListener("keydown", (event) => {
      if (event.isComposing) return;
      if (event.key === "Escape") leave();
      else if (event.key === "Enter" && !event.shiftKey) save();
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
    box.addEventListener("input", () => box.removeAttribute("aria-invalid"));
    box.addEventListener("blur", () => {
      if (this.editing?.box !== box || this.editing.isSaving || !box.isConnected) return;
      if (box.value === before) leave();
      else save();
    });
    this.editing = { place, position, box, leave };
    card.querySelectorAll(".vlm-text")[position].replaceChildren(box);
    box.focus({ preventScroll: true });
    box.select?.();
  }

  box(field, text) {
    if (!field.choices) return element("textarea", { value: text, dir: "auto", spellcheck: true });
    const box = choice([["", "(empty)"], ...field.choices.map(([value, shown]) => [value, shown])]);
    box.value = text;
    return box;
  }
}

export default { render };
