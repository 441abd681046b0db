/* Conveniences; every page works without them. */
(function () {
  "use strict";

  // What the last act did is heard: a live region that comes with the page is not announced.
  const news =
    document.querySelector("[data-error-summary]") || document.querySelector("main .usa-alert[role]");
  if (news) {
    news.tabIndex = -1;
    news.focus();
  }

  // data-guard: text typed and not yet sent is not lost by a stray click.
  const touched = new Set();
  document.addEventListener("input", (event) => {
    const form = event.target.closest("form[data-guard]");
    if (form) touched.add(form);
  });
  window.addEventListener("beforeunload", (event) => {
    if (touched.size) event.preventDefault();
  });

  // data-once: a second click sends nothing. aria-disabled keeps the button reachable.
  const sent = new Set();
  const mark = (form, busy) =>
    form.querySelectorAll("button:not([type=button])").forEach((button) => {
      if (busy) button.setAttribute("aria-disabled", "true");
      else button.removeAttribute("aria-disabled");
    });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented) return;
    if (sent.has(form)) {
      event.preventDefault();
      return;
    }
    touched.delete(form);
    if (form.hasAttribute("data-once")) {
      sent.add(form);
      mark(form, true);
    }
  });
  // A page brought back by the Back button comes with its buttons as they were left.
  window.addEventListener("pageshow", () => {
    sent.forEach((form) => mark(form, false));
    sent.clear();
  });

  // data-max-bytes: says before the upload what the server would say after it.
  const size = (bytes) =>
    bytes < 1048576
      ? Math.max(1, Math.round(bytes / 1024)) + " KB"
      : (bytes / 1048576).toFixed(1).replace(/\.0$/, "") + " MB";
  document.querySelectorAll("input[type=file][data-max-bytes]").forEach((input) => {
    const limit = Number(input.dataset.maxBytes);
    const words = document.createElement("div");
    words.setAttribute("aria-live", "polite");
    input.after(words);
    input.addEventListener("change", () => {
      const large = Array.from(input.files).filter((file) => file.size > limit);
      words.replaceChildren(
        ...large.map((file) => {
          const line = document.createElement("span");
          line.className = "usa-error-message";
          line.textContent = `${file.name} has ${size(file.size)}; the limit is ${size(limit)}. Choose a smaller file.`;
          return line;
        })
      );
    });
  });
})();
