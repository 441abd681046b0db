/* Keyboard shortcuts, for whoever has not switched them off; every page works without them. */
(function () {
  "use strict";

  const list = document.body.dataset.shortcuts;
  if (!list) return;

  // After "g", a second key within this time names a place.
  const SECOND_KEY = 2000;
  let goingUntil = 0;

  const typing = (element) =>
    element.closest("input, select, textarea, [contenteditable], dialog[open]") !== null;

  const go = (key) => {
    const link = document.querySelector(`.fv-nav [data-key="${CSS.escape(key)}"]`);
    if (link) location.assign(link.href);
    return Boolean(link);
  };

  const search = () => {
    const field = document.querySelector("main form[role=search] input[type=text]");
    if (field) field.focus();
    return Boolean(field);
  };

  const move = (by) => {
    const links = Array.from(document.querySelectorAll("main tbody tr"))
      .map((row) => row.cells[0] && row.cells[0].querySelector("a[href]"))
      .filter((link) => link && link.getClientRects().length);
    if (!links.length) return false;
    const row = document.activeElement.closest("tr");
    const here = links.findIndex((link) => row !== null && row.contains(link));
    const next = here < 0 ? (by > 0 ? 0 : links.length - 1) : here + by;
    links[Math.min(Math.max(next, 0), links.length - 1)].focus();
    return true;
  };

  // The page that lists them is what the dialog shows; without it, that page itself.
  let asked = false;
  const help = () => {
    if (asked) return true;
    asked = true;
    fetch(list)
      .then((answer) => (answer.ok ? answer.text() : Promise.reject(new Error(answer.statusText))))
      .then((text) => {
        const page = new DOMParser().parseFromString(text, "text/html");
        open(page.querySelector("[data-shortcut-list]"));
      })
      .catch(() => location.assign(list))
      .finally(() => {
        asked = false;
      });
    return true;
  };

  const open = (table) => {
    const dialog = document.createElement("dialog");
    const title = document.createElement("h2");
    const close = document.createElement("button");
    dialog.className = "fv-dialog";
    title.id = "shortcuts-title";
    title.textContent = "Keyboard shortcuts";
    dialog.setAttribute("aria-labelledby", title.id);
    close.type = "button";
    close.className = "usa-button";
    close.textContent = "Close";
    close.autofocus = true;
    close.addEventListener("click", () => dialog.close());
    dialog.append(title, document.importNode(table, true), close);
    // The browser gives the focus back to where it was.
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
  };

  const acts = { "?": help, "/": search, j: () => move(1), k: () => move(-1) };

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || event.repeat && event.key === "g") return;
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (event.key === "Shift") return;
    const going = Date.now() < goingUntil;
    goingUntil = 0;
    if (going && go(event.key)) event.preventDefault();
    else if (going) return;
    else if (event.key === "g") goingUntil = Date.now() + SECOND_KEY;
    else if (Object.hasOwn(acts, event.key) && acts[event.key]()) event.preventDefault();
  });
})();
