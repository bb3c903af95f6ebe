// What the faces share. Text of strangers goes in by textContent and value only, never as markup.

const MOST_PICTURES = 400;
const LEAST_DELAY_MS = 2000;
const MOST_DELAY_MS = 60_000;

/** An element with properties, data-*, aria-* and other attributes, and children. */
function element(tag, given = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || value === null) continue;
    if (name in made && !name.includes("-") && name !== "role") made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** A picture's own name, without its folders. */
function shortName(label) {
  return label.split(/[\\/]/).pop() || label;
}

/** A field of the toolbar with its label. */
function labeled(text, control) {
  return element("label", { className: "vlm-labeled" }, element("span", { textContent: text }), control);
}

/** A drop-down of [value, text] pairs. */
function choice(pairs) {
  return element("select", {}, ...pairs.map(([value, text]) => element("option", { value, textContent: text })));
}

/** Calls at most once per interval, with the last arguments, and once more at the end. */
function calmly(intervalMs, call) {
  let timer = null;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => call(...given), intervalMs);
  };
}

/** The bytes of a message: a binary buffer, or base64 where the front end delivers none. */
function bytesOf(content, buffers) {
  if (buffers && buffers.length) return buffers[0];
  const text = atob(content.base64 ?? "");
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

/** Thumbnails by row: asked for when needed, kept within a bound. */
class Pictures {
  constructor(send, changed) {
    this.send = send;
    this.changed = changed;
    this.known = new Map();
    this.asked = new Set();
    this.delayMs = LEAST_DELAY_MS;
    this.timer = null;
  }

  get(row) {
    const found = this.known.get(row);
    if (found) {
      this.known.delete(row);
      this.known.set(row, found);
    }
    return found;
  }

  /** Ask for those of these rows that are not there; what was asked for before and did not come is asked again. */
  want(rows) {
    const lacking = rows.filter((row) => !this.known.has(row));
    if (!lacking.length || lacking.every((row) => this.asked.has(row))) return;
    this.asked = new Set(lacking);
    this.send({ kind: "thumbnails", rows: lacking });
    // Where the widget is shown twice, the other place's wishes may have taken the place of ours.
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.delayMs = Math.min(this.delayMs * 2, MOST_DELAY_MS);
      this.asked.clear();
      this.want(lacking);
    }, this.delayMs);
  }

  take(content, buffers) {
    const found = content.fault
      ? { fault: content.fault }
      : { url: URL.createObjectURL(new Blob([bytesOf(content, buffers)], { type: content.type })) };
    this.forget(content.row);
    this.known.set(content.row, found);
    this.asked.delete(content.row);
    this.delayMs = LEAST_DELAY_MS;
    while (this.known.size > MOST_PICTURES) this.forget(this.known.keys().next().value);
    this.changed(content.row);
  }

  forget(row) {
    const found = this.known.get(row);
    if (found && found.url) URL.revokeObjectURL(found.url);
    this.known.delete(row);
  }

  clear() {
    clearTimeout(this.timer);
    for (const row of [...this.known.keys()]) this.forget(row);
  }
}

/** Put a row's picture, or why there is none, into its frame. */
function showPicture(frame, found, label) {
  if (!found) {
    frame.replaceChildren();
    return;
  }
  if (found.fault) {
    frame.replaceChildren(element("span", { className: "vlm-fault", textContent: found.fault }));
    return;
  }
  const shown = frame.querySelector("img");
  if (shown && shown.src === found.url) return;
  frame.replaceChildren(element("img", { src: found.url, alt: label, draggable: false }));
}

/** A face's root: keys pressed in it are nobody else's. */
function rootOf(el, label) {
  const root = element("section", {
    className: "vlm-face",
    "aria-label": label,
    "data-lm-suppress-shortcuts": "true", // JupyterLab's own; it listens before we do
  });
  for (const kind of ["keydown", "keypress", "keyup"]) {
    root.addEventListener(kind, (event) => event.stopPropagation());
  }
  el.replaceChildren(root);
  return root;
}

/** A line that screen readers read out. */
function statusLine() {
  return element("p", { className: "vlm-status", role: "status", "aria-live": "polite" });
}

/** A picture as large as the page allows, closed by any key. */
function enlarge(root, content, buffers, label) {
  const url = URL.createObjectURL(new Blob([bytesOf(content, buffers)], { type: content.type }));
  const dialog = element(
    "dialog",
    { className: "vlm-large", "aria-label": `Larger picture: ${label}` },
    element("img", { src: url, alt: label }),
    element("button", { type: "button", textContent: "Close" }),
  );
  const before = document.activeElement;
  dialog.addEventListener("close", () => {
    URL.revokeObjectURL(url);
    dialog.remove();
    before?.focus?.({ preventScroll: true });
  });
  dialog.addEventListener("click", () => dialog.close());
  dialog.addEventListener("keydown", (event) => {
    event.preventDefault();
    event.stopPropagation();
    dialog.close();
  });
  root.append(dialog);
  dialog.showModal();
}

/** Whether a key is meant for a command: not while text is written, composed, or a modifier is held. */
function isCommand(event) {
  const typing = event.target.closest("input, textarea, select");
  return !typing && !event.isComposing && !event.ctrlKey && !event.metaKey && !event.altKey;
}
