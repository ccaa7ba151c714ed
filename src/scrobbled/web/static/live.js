// Keeps the page fresh: asks for its parts again when the service says that something changed, and lets relative times
// go on. Without it the page works all the same, on reload.
"use strict";
(() => {
  const live = document.getElementById("live");
  if (!live) return;
  const root = live.dataset.root;
  const shown = new Map();
  const each = (selector, within, act) => within.querySelectorAll(selector).forEach(act);
  each("[data-part]", live, (part) => shown.set(part.id, part.outerHTML));

  const relative = (seconds, at) => {
    if (seconds < 60) return "just now";
    if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
    if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
    return calendar(at);
  };
  const calendar = (at) => {
    const year = at.getFullYear() === new Date().getFullYear() ? "" : ` ${at.getFullYear()}`;
    return `${at.getDate()} ${at.toLocaleString("en", { month: "short" })}${year}`;
  };
  const sinceWhen = (at) => {
    const clock = `${String(at.getHours()).padStart(2, "0")}:${String(at.getMinutes()).padStart(2, "0")}`;
    return at.toDateString() === new Date().toDateString() ? clock : `${calendar(at)}, ${clock}`;
  };
  const tick = () => each("time[data-time]", document, (element) => {
    const at = new Date(element.dateTime);
    if (Number.isNaN(at.getTime())) return;
    const text = element.dataset.time === "since" ? sinceWhen(at) : relative((Date.now() - at) / 1000, at);
    if (element.textContent !== text) element.textContent = text;
    element.title = at.toLocaleString(undefined, { dateStyle: "full", timeStyle: "short" });
  });

  // Parts are swapped one by one and only where they differ, so that nothing jumps and an open question stays open.
  const swap = (fresh) => {
    const structure = (node) => [...node.querySelectorAll("[data-part]")].map((part) => part.id).join();
    if (structure(fresh) !== structure(live)) {
      live.replaceChildren(...fresh.childNodes);
      shown.clear();
      each("[data-part]", live, (part) => shown.set(part.id, part.outerHTML));
      return;
    }
    each("[data-part]", fresh, (part) => {
      if (shown.get(part.id) === part.outerHTML) return;
      shown.set(part.id, part.outerHTML);
      document.getElementById(part.id).replaceWith(part);
    });
  };
  const keepingFocus = (act) => {
    const id = document.activeElement && document.activeElement.id;
    act();
    const again = id && document.getElementById(id);
    if (again && document.activeElement !== again) again.focus({ preventScroll: true });
  };

  let asking = false;
  let askAgain = false;
  const busy = () => Boolean(live.querySelector("details[open]"));
  const refresh = async () => {
    if (asking || busy()) {
      askAgain = true;
      return;
    }
    asking = true;
    askAgain = false;
    try {
      const answer = await fetch(`${root}?fragment=1`, { cache: "no-store", redirect: "manual" });
      if (answer.type === "opaqueredirect" || answer.status === 403) return location.reload();
      if (answer.ok) {
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").body;
        keepingFocus(() => swap(fresh));
        tick();
        document.title = `${live.querySelector("h1").textContent} · scrobbled`;
      }
    } catch {
      askAgain = true;
    } finally {
      asking = false;
    }
  };

  let stream = null;
  let failures = 0;
  let retry = 0;
  const connect = () => {
    clearTimeout(retry);
    if (stream || document.hidden) return;
    stream = new EventSource(`${root}api/v1/live`);
    stream.addEventListener("hello", () => {
      failures = 0;
      refresh();
    });
    stream.addEventListener("change", () => (askAgain = true));
    stream.addEventListener("error", () => {
      disconnect();
      failures += 1;
      retry = setTimeout(connect, Math.min(60000, 1000 * 2 ** Math.min(failures, 6)) * (0.5 + Math.random() / 2));
    });
  };
  const disconnect = () => {
    if (stream) stream.close();
    stream = null;
  };

  tick();
  setInterval(tick, 15000);
  document.addEventListener("visibilitychange", () => (document.hidden ? disconnect() : connect()));
  window.addEventListener("pagehide", disconnect);
  window.addEventListener("pageshow", () => live.dataset.live === "yes" && connect());
  if (live.dataset.live === "yes") {
    setInterval(() => askAgain && refresh(), 700);
    connect();
  }
  if (location.search.includes("did=")) history.replaceState(null, "", location.pathname);
})();
