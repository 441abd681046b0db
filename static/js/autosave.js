/* Saves a form while one types, and keeps in this browser whatever is not saved yet.

   form[data-autosave] names what is written. The server takes a sending only from a page that
   was opened on what is saved, or that saved last itself (reviews/services/autosaving.py).
   Without this script the form is saved by its buttons. */
(function () {
  "use strict";

  const IDLE = 1500;
  const PATIENCE = 20000;
  const RETRY = [2000, 5000, 10000, 30000];
  const ALOUD_EVERY = 60000;
  const KEPT_FOR = 31 * 24 * 3600 * 1000;
  const OWN = new Set(
    ["csrfmiddlewaretoken", "revision", "version", "page", "turn", "touched", "asked"]
  );
  // More of it than this is not told: then each difference is shown, and the sending is not refused.
  const TOLD = 100000;

  const random = () =>
    Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
      byte.toString(16).padStart(2, "0")
    ).join("");

  // What is held while the page lives: another page knows by it that this one is still open.
  const hold = (name) =>
    new Promise((answer) => {
      navigator.locks.request(name, { ifAvailable: true }, (lock) => {
        answer(lock !== null);
        return lock && new Promise(() => {});
      });
    });

  const typed = (form) =>
    Array.from(new FormData(form)).filter(([name]) => !OWN.has(name) && !name.startsWith("take_"));

  // What a person fills in: neither a button, nor what the page itself tells, nor a choice.
  const fields = (form) =>
    Array.from(form.elements).filter(
      ({ name, type }) =>
        name && !["hidden", "submit", "button"].includes(type) && !name.startsWith("take_")
    );

  // By field, the values that the form would send: as it is now, or as the server gave it.
  const values = (form, given) => {
    const found = {};
    fields(form).forEach((control) => {
      const all = (found[control.name] = found[control.name] || []);
      if (control.type === "checkbox" || control.type === "radio") {
        if (given ? control.defaultChecked : control.checked) all.push(control.value);
      } else if (control.options && given) {
        const options = Array.from(control.options);
        const option = options.find((one) => one.defaultSelected) || options[0];
        if (option) all.push(option.value);
      } else all.push(given ? control.defaultValue : control.value);
    });
    return found;
  };
  const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

  const fill = (form, typedThere, only) => {
    const values = new Map();
    typedThere.forEach(([name, value]) => values.set(name, [...(values.get(name) || []), value]));
    fields(form).forEach((control) => {
      if (only && !(control.name in only)) return;
      const given = values.get(control.name) || [];
      if (control.type === "checkbox" || control.type === "radio")
        control.checked = given.includes(control.value);
      else if (given.length) control.value = given[0];
    });
  };

  // On whatever page: what nobody came back for is not kept for ever.
  const expire = () =>
    Object.keys(localStorage)
      .filter((key) => key.startsWith("fv-typed:"))
      .filter((key) => Date.now() - JSON.parse(localStorage.getItem(key)).at > KEPT_FOR)
      .forEach((key) => localStorage.removeItem(key));

  const begin = async (form) => {
    const series = form.dataset.autosave;
    const prefix = `fv-typed:${series}:`;
    const line = form.querySelector("[data-saving]");
    const aloud = form.querySelector("[data-saving-aloud]");
    const hidden = (name) => form.querySelector(`input[name='${name}']`);
    const keeps = Boolean(navigator.locks && window.localStorage);
    let page = random();
    let turn = 0;
    let timer = 0;
    let failures = 0;
    let sending = null;
    // Where two writings differ, the person chooses first.
    const undecided = form.hasAttribute("data-differs");
    let stopped = undecided;
    let unsaved = false;
    // What each field said in what the page was opened on; of those changed on an earlier page,
    // ``carried``. A page shown again after one without this script knows of none.
    let base = values(form, true);
    let carried = JSON.parse(form.dataset.touched || "{}");
    let known = form.dataset.touched !== "";
    const touched = () => {
      const now = values(form, false);
      const changed = Object.keys(now).filter(
        (name) => name in carried || !same(now[name], base[name])
      );
      return Object.fromEntries(changed.map((name) => [name, carried[name] || base[name]]));
    };
    // Only in a sending: what is sent before this script is ready tells of no field.
    const tell = () => {
      const told = known ? JSON.stringify(touched()) : "";
      if (hidden("touched")) hidden("touched").value = told.length > TOLD ? "" : told;
    };
    // The server has these values, but for the fields that it could not read.
    const isSaved = (sent, unread) => {
      Object.keys(sent)
        .filter((name) => !unread.includes(name))
        .forEach((name) => {
          base[name] = sent[name];
          delete carried[name];
        });
      known = known || !unread.length;
    };

    const say = (words, wrong) => {
      line.textContent = words;
      line.classList.toggle("fv-saving--wrong", Boolean(wrong));
      aloud.textContent = wrong ? words : "";
    };
    // What went well is said aloud when it is news: after something else, or after a while.
    let praised = 0;
    const sayAloud = (words) => {
      if (Date.now() - praised < ALOUD_EVERY) return;
      praised = Date.now();
      aloud.textContent = words;
    };
    const unsavedIs = (whether) => {
      unsaved = whether;
      form.toggleAttribute("data-unsaved", whether);
    };
    const keep = (next) => {
      if (!keeps) return;
      const entry = {
        page,
        turn: next,
        at: Date.now(),
        // Put back before the person chose, it is compared again: it was opened on nothing saved.
        revision: undecided ? "0" : hidden("revision").value,
        version: undecided ? "1" : hidden("version") ? hidden("version").value : "",
        fields: typed(form),
        touched: known ? touched() : null,
      };
      try {
        localStorage.setItem(prefix + page, JSON.stringify(entry));
      } catch {
        say("This browser has no room for a copy. Save before you leave.", true);
      }
    };
    const forget = (name) => keeps && localStorage.removeItem(prefix + name);
    const mark = () => {
      turn += 1;
      hidden("page").value = page;
      hidden("turn").value = turn;
      tell();
      keep(turn);
    };
    const later = (wait) => {
      clearTimeout(timer);
      timer = setTimeout(send, wait);
    };

    async function send() {
      if (sending || stopped || !unsaved) return;
      mark();
      const data = new FormData(form);
      data.set("autosave", "1");
      const sent = JSON.stringify(typed(form));
      const told = values(form, false);
      sending = new AbortController();
      const patience = setTimeout(() => sending && sending.abort(), PATIENCE);
      let status = 0;
      let answer = {};
      try {
        const response = await fetch(form.action, {
          method: "POST",
          body: data,
          redirect: "manual",
          signal: sending.signal,
        });
        status = response.status;
        if (status === 200 || status === 422) answer = await response.json();
      } catch {
        status = 0;
      }
      clearTimeout(patience);
      sending = null;
      if (stopped) return;
      heard(status, answer, sent, told);
    }

    function heard(status, answer, sent, told) {
      const wrong = (answer.errors || []).join(", ");
      if (status === 200) {
        if (failures) praised = 0;
        failures = 0;
        hidden("revision").value = answer.revision;
        if (hidden("version")) hidden("version").value = answer.version;
        isSaved(told, answer.unread || []);
        if (JSON.stringify(typed(form)) !== sent) {
          keep(turn + 1);
          later(IDLE);
        } else if (!wrong) {
          unsavedIs(false);
          forget(page);
        }
        say(
          wrong
            ? `Saved ${answer.saved}, but not what cannot be read: ${wrong}.`
            : `Saved ${answer.saved}.`,
          wrong
        );
        if (!wrong) sayAloud(`Saved ${answer.saved}.`);
        else praised = 0;
      } else if (status === 422) {
        say(`Not saved: correct ${wrong}. What you typed is kept in this browser.`, true);
      } else if (status === 409) {
        stopped = true;
        say("Not saved: a colleague or another window saved in between. Nothing is lost. ", true);
        const compare = document.createElement("button");
        compare.className = "usa-button usa-button--outline";
        compare.type = "button";
        compare.textContent = "Compare and choose";
        compare.addEventListener("click", () =>
          form.requestSubmit(form.querySelector("button[name=save], button:not([type=button])"))
        );
        line.append(compare);
      } else if (status >= 400 && status < 500) {
        stopped = true;
        say(
          "Not saved: you are signed out, or this is closed to you now. What you typed is kept " +
            "in this browser: sign in again and open this page.",
          true
        );
      } else {
        say("Not saved yet: no answer. What you typed is kept in this browser; trying again.", true);
        later(RETRY[Math.min(failures, RETRY.length - 1)]);
        failures += 1;
      }
    }

    const changed = () => {
      unsavedIs(true);
      keep(turn + 1);
      if (!stopped && !failures) say("Saving…");
      if (!stopped) later(failures ? RETRY[Math.min(failures, RETRY.length - 1)] : IDLE);
    };

    // What an earlier page left behind, newest first; not that of one that is still open.
    const orphan = async () => {
      const found = Object.keys(localStorage)
        .filter((key) => key.startsWith(prefix))
        .map((key) => JSON.parse(localStorage.getItem(key)))
        .sort((a, b) => b.at - a.at);
      const handedBack = sessionStorage.getItem(prefix);
      sessionStorage.removeItem(prefix);
      for (const entry of found) {
        const taken =
          form.dataset.savedFrom === entry.page && Number(form.dataset.savedTurn) >= entry.turn;
        const shown = form.hasAttribute("data-typed") && handedBack === entry.page;
        if (taken || shown) forget(entry.page);
        else if (!form.hasAttribute("data-typed") && (await hold(prefix + entry.page))) return entry;
      }
      return null;
    };

    if (keeps) {
      const left = await orphan();
      if (left) {
        ({ page, turn } = left);
        fill(form, left.fields, left.touched);
        if (left.touched) carried = left.touched;
        else known = false;
        hidden("revision").value = left.revision;
        if (hidden("version")) hidden("version").value = left.version;
      } else await hold(prefix + page);
      if (left || form.hasAttribute("data-typed")) changed();
      if (left) {
        line.textContent = "Restored: what was typed here and not saved when the page closed.";
        aloud.textContent = line.textContent;
      }
    } else {
      window.addEventListener("beforeunload", (event) => unsaved && event.preventDefault());
    }

    form.addEventListener("input", changed);
    form.addEventListener("change", changed);
    window.addEventListener("online", () => later(0));
    form.addEventListener("submit", (event) => {
      if (event.defaultPrevented) return;
      stopped = true;
      clearTimeout(timer);
      if (sending) sending.abort();
      mark();
      if (keeps) sessionStorage.setItem(prefix, page);
      unsavedIs(false);
    });
    window.addEventListener("pageshow", (event) => {
      if (event.persisted) stopped = undecided;
    });
    form.dataset.ready = "";
  };
  if (window.localStorage) expire();
  document.querySelectorAll("form[data-autosave]").forEach(begin);

  // data-cite: a page of a document, in its frame, hands its reference to the review.
  document.querySelectorAll("button[data-cite]").forEach((button) => {
    if (window.parent === window) return;
    button.hidden = false;
    button.addEventListener("click", () =>
      window.parent.postMessage({ cite: button.dataset.cite }, location.origin)
    );
  });
  let last = null;
  document.addEventListener("focusin", (event) => {
    if (event.target.matches("form[data-autosave] textarea")) last = event.target;
  });
  window.addEventListener("message", (event) => {
    const cite = event.origin === location.origin && event.data && event.data.cite;
    if (typeof cite !== "string" || !/^\[\[[0-9a-f]{8} v\d+( p\d+)?\]\]$/.test(cite)) return;
    const area = last || document.querySelector("form[data-autosave] textarea");
    if (!area) return;
    area.setRangeText(` ${cite} `, area.selectionStart, area.selectionEnd, "end");
    area.dispatchEvent(new Event("input", { bubbles: true }));
    area.focus();
  });
})();
