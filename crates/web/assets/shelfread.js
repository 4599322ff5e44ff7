// What pages do beyond HTML: dates in the reader's own time, parts that follow what happens, and
// a key for the search. Pages work without any of it.
"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // ---- dates: the server writes UTC, the reader sees their own clock ----
  const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
  const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
  const steps = [["year", 31557600], ["month", 2629800], ["week", 604800], ["day", 86400], ["hour", 3600], ["minute", 60]];
  const since = (at) => {
    const seconds = (at - Date.now()) / 1000;
    const step = steps.find(([, length]) => Math.abs(seconds) >= length);
    if (step) return relative.format(Math.trunc(seconds / step[1]), step[0]);
    return seconds > 0 ? "in a moment" : "just now";
  };
  const tell = (time) => {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) return;
    const text = "ago" in time.dataset ? since(at) : exact.format(at);
    if (time.textContent !== text) time.textContent = text;
    const title = exact.format(at);
    if (time.title !== title) time.title = title;
  };
  const tellAll = () => all("time[datetime][data-local]").forEach(tell);

  // ---- parts that follow what happens: htmx fetches a part when "live" fires on it ----
  const waiting = new Set();
  const refresh = (part, delay = 250) => {
    if (document.hidden || waiting.has(part)) return;
    waiting.add(part);
    setTimeout(() => {
      waiting.delete(part);
      if (part.isConnected) part.dispatchEvent(new CustomEvent("live"));
    }, delay);
  };
  const follows = (part, kind) => part.dataset.live.split(" ").some((word) => kind === word || kind.startsWith(`${word}.`));
  const happened = (kind) => all("[data-live]").filter((part) => follows(part, kind)).forEach((part) => refresh(part));
  const say = (text) => {
    const voice = document.getElementById("voice");
    if (voice) voice.textContent = text;
  };

  const removed = (id) => {
    all(`[data-item="${CSS.escape(id)}"]`).forEach((part) => {
      part.classList.add("leaving");
      setTimeout(() => part.remove(), 260);
    });
    const page = document.querySelector(`[data-page-item="${CSS.escape(id)}"]`);
    if (page) all("[data-gone]").forEach((notice) => (notice.hidden = false));
  };
  const fill = (bar, value, max) => {
    if (max) { bar.max = max; bar.value = value; } else bar.removeAttribute("value");
  };
  const runMoved = (run) => {
    all(`[data-run="${CSS.escape(run.run)}"]`).forEach((part) => {
      all("progress", part).forEach((bar) => fill(bar, run.received, run.expected));
      all("[data-told]", part).forEach((told) => {
        const of = run.expected ? ` of ${run.expected}` : "";
        told.textContent = run.library ? `${run.library}: ${run.received}${of}` : "getting ready";
      });
    });
    if (run.status !== "running" || !document.querySelector(`[data-run="${CSS.escape(run.run)}"]`)) happened("run.progress");
  };
  const downloadsMoved = (client) => {
    for (const one of client.downloads) {
      all(`[data-download="${CSS.escape(one.id)}"]`).forEach((part) => {
        all("progress", part).forEach((bar) => (bar.value = one.progress));
        all("[data-told]", part).forEach((told) => (told.textContent = `${Math.floor(one.progress * 1000) / 10} %`));
      });
    }
    happened("download.progress");
  };
  const parse = (text) => { try { return JSON.parse(text); } catch { return {}; } };
  const heard = (kind, message) => {
    const data = parse(message.data);
    if (kind === "run.progress") return runMoved(data);
    if (kind === "download.progress") return downloadsMoved(data);
    if (kind === "item.removed" && data.item_id) {
      removed(data.item_id);
      const label = data.data && data.data.label;
      if (label) say(`${label} was removed`);
    }
    happened(kind);
  };

  // ---- the stream, only while the page is seen: a browser has few connections to give. It begins
  // behind what the page knows, so nothing is missed between the two ----
  const kinds = (document.body.dataset.events || "").split(" ").filter(Boolean);
  let stream = null;
  let newest = document.body.dataset.after;
  const listen = () => {
    if (stream || !kinds.length || document.hidden) return;
    stream = new EventSource(`/api/v1/events/stream?after=${newest}`);
    // How far a run is has no number, so its end may have gone by.
    stream.addEventListener("open", () => all("[data-moving]").forEach((part) => refresh(part, 0)));
    for (const kind of kinds) stream.addEventListener(kind, (message) => {
      newest = message.lastEventId || newest;
      heard(kind, message);
    });
  };
  const rest = () => { if (stream) stream.close(); stream = null; };
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return rest();
    listen();
    tellAll();
    all("[data-live]").forEach((part) => refresh(part, 0));
  });
  addEventListener("pagehide", rest);
  addEventListener("pageshow", listen);

  // ---- small things ----
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest && event.target.closest("input, textarea, select, [contenteditable]");
    if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const search = document.querySelector("input[type=search]");
    if (search) { event.preventDefault(); search.focus(); search.select(); }
  });
  document.addEventListener("click", async (event) => {
    const button = event.target.closest && event.target.closest("[data-copy]");
    if (!button || !navigator.clipboard) return;
    await navigator.clipboard.writeText(button.dataset.copy);
    say("copied");
    button.textContent = "Copied";
  });
  document.addEventListener("htmx:after:swap", tellAll);
  document.addEventListener("htmx:after:settle", tellAll);
  setInterval(tellAll, 30000);
  tellAll();
  listen();
})();
