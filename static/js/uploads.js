/* Sends files in parts; what has arrived is kept by the server, and the same file goes on there. */
(function () {
  "use strict";

  const place = document.querySelector("[data-uploads]");
  if (!place || !window.tus || !tus.isSupported) return;
  place.hidden = false;

  const list = place.querySelector("[data-list]");
  const said = place.querySelector("[data-said]");
  const token = place.querySelector("[name=csrfmiddlewaretoken]").value;
  const DELAYS = [0, 1000, 2000, 5000, 10000, 20000, 30000, 60000, 60000, 60000];
  const QUARTER = 25;
  // A connection for each part, and few at once: each holds a thread of the server for as long.
  const PART = 64 * 1024 * 1024;
  const AT_ONCE = 2;
  const queue = [];
  const open = new Set();

  const amount = (bytes) => {
    const units = ["bytes", "KB", "MB", "GB"];
    let step = 0;
    for (; bytes >= 1024 && step < units.length - 1; step += 1) bytes /= 1024;
    return (step ? bytes.toFixed(1) : bytes) + " " + units[step];
  };
  const left = (seconds) => {
    if (seconds < 90) return Math.max(1, Math.round(seconds)) + " s left";
    if (seconds < 5400) return Math.round(seconds / 60) + " min left";
    return (seconds / 3600).toFixed(1) + " h left";
  };

  // What the server has of this file already, begun here, elsewhere or before a restart.
  const begun = (file) => {
    const row = Array.from(document.querySelectorAll("[data-begun]")).find(
      ({ dataset }) =>
        dataset.name === file.name &&
        dataset.size === String(file.size) &&
        dataset.modified === String(file.lastModified)
    );
    return row ? row.dataset.begun : null;
  };
  // What this page sends or has sent: chosen once more, a file goes on and is not begun again.
  const here = new Map();
  const named = (file) => [file.name, file.size, file.lastModified].join("/");

  const button = (words, name, act) => {
    const made = document.createElement("button");
    made.type = "button";
    made.className = "usa-button usa-button--unstyled";
    made.append(words);
    const whose = document.createElement("span");
    whose.className = "usa-sr-only";
    whose.textContent = " " + name;
    made.append(whose);
    made.addEventListener("click", act);
    return made;
  };

  const send = (file) => {
    if (here.has(named(file))) {
      here.get(named(file))();
      return;
    }
    const none = document.querySelector("[data-none]");
    if (none) none.hidden = true;
    const row = document.createElement("li");
    const name = document.createElement("strong");
    const bar = document.createElement("progress");
    const words = document.createElement("span");
    name.className = "fv-typed";
    name.textContent = file.name;
    bar.max = file.size || 1;
    bar.value = 0;
    bar.setAttribute("aria-label", file.name);
    words.className = "fv-send__words";
    row.append(name, bar, words);
    list.append(row);

    const speak = (text) => {
      words.textContent = text;
      said.textContent = file.name + ": " + text;
    };
    let samples = [];
    let quarter = 0;
    let finished = false;

    const progress = (sent, total) => {
      bar.value = sent;
      const now = performance.now();
      samples.push([now, sent]);
      samples = samples.filter(([at]) => now - at < 8000);
      const [at, before] = samples[0];
      const speed = now > at ? ((sent - before) * 1000) / (now - at) : 0;
      words.textContent =
        amount(sent) + " of " + amount(total) +
        (speed > 0 ? ", " + amount(speed) + " a second, " + left((total - sent) / speed) : "");
      const reached = Math.floor((100 * sent) / total / QUARTER) * QUARTER;
      if (reached > quarter && reached < 100) {
        quarter = reached;
        said.textContent = file.name + ": " + reached + " percent";
      }
    };

    const upload = new tus.Upload(file, {
      endpoint: place.dataset.endpoint,
      uploadUrl: begun(file),
      headers: { "X-CSRFToken": token },
      metadata: { filename: file.name, modified: String(file.lastModified) },
      chunkSize: PART,
      retryDelays: DELAYS,
      storeFingerprintForResuming: false,
      onProgress: progress,
      onSuccess: () => {
        leave();
        finished = true;
        bar.value = bar.max;
        pause.remove();
        speak("Arrived. Choose “Describe and add” to say what it is.");
      },
      onError: (error) => {
        leave();
        const answer = error.originalResponse;
        const status = answer ? answer.getStatus() : 0;
        const refusal = answer && (answer.getHeader("Content-Type") || "").startsWith("text/plain");
        pause.firstChild.textContent = "Continue";
        if (refusal && status !== 409) {
          pause.remove();
          here.delete(named(file));
          speak(answer.getBody().trim());
        } else if (status && status < 500) {
          speak("Stopped. What has arrived is kept: reload this page to see why, and to go on.");
        } else {
          speak("Stopped: the server cannot be reached. What has arrived is kept; continue when it can.");
        }
      },
    });

    const leave = () => {
      open.delete(upload);
      const next = queue.shift();
      if (next) next();
    };
    const go = () => {
      pause.firstChild.textContent = "Pause";
      if (open.size >= AT_ONCE) {
        words.textContent = "Waits for the files before it.";
        if (!queue.includes(go)) queue.push(go);
        return;
      }
      open.add(upload);
      samples = [];
      upload.start();
    };
    const pause = button("Pause", file.name, () => {
      const waiting = queue.indexOf(go);
      if (waiting >= 0) queue.splice(waiting, 1);
      if (open.has(upload) || waiting >= 0) {
        upload.abort();
        if (waiting < 0) leave();
        pause.firstChild.textContent = "Continue";
        speak("Paused. What has arrived is kept.");
      } else {
        go();
      }
    });
    row.append(pause);
    here.set(named(file), () => {
      if (!finished && !open.has(upload) && !queue.includes(go)) go();
    });
    window.addEventListener("online", () => {
      if (!finished && pause.isConnected && pause.firstChild.textContent === "Continue" &&
          words.textContent.startsWith("Stopped:")) go();
    });
    go();
  };

  place.querySelector("input[type=file]").addEventListener("change", (event) => {
    Array.from(event.target.files).forEach(send);
    event.target.value = "";
  });

  const drop = place.querySelector("[data-drop]");
  ["dragenter", "dragover"].forEach((kind) =>
    drop.addEventListener(kind, (event) => {
      event.preventDefault();
      drop.classList.add("fv-send__drop--over");
    })
  );
  ["dragleave", "drop"].forEach((kind) =>
    drop.addEventListener(kind, () => drop.classList.remove("fv-send__drop--over"))
  );
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    Array.from(event.dataTransfer.files).forEach(send);
  });

  window.addEventListener("beforeunload", (event) => {
    if (open.size || queue.length) event.preventDefault();
  });
})();
