// Keeps a page fresh: asks for its parts again when the service says that something changed. Without it the page works
// all the same, on reload. What is to be kept fresh is #live: each element in it with data-part and an id is swapped.
"use strict";
(() => {
  const live = document.getElementById("live");
  if (!live) return;
  const root = live.dataset.root;
  const shown = new Map();
  const each = (selector, within, act) => within.querySelectorAll(selector).forEach(act);
  each("[data-part]", live, (part) => shown.set(part.id, part.outerHTML));

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
  const badge = (parsed) => {
    const told = parsed.querySelector("#badge-now");
    const shownThere = document.getElementById("badge");
    if (told && shownThere) [shownThere.textContent, shownThere.hidden] = [told.textContent, told.textContent === "0"];
    if (told) told.remove();
  };
  const keepingFocus = (act) => {
    const id = document.activeElement && document.activeElement.id;
    act();
    const again = id && document.getElementById(id);
    if (again && document.activeElement !== again) again.focus({ preventScroll: true });
  };

  const fresh = () => {
    const here = new URL(location.href);
    here.hash = "";
    here.searchParams.set("fragment", "1");
    return here;
  };
  let asking = false;
  let notBefore = 0;
  let askAgain = false;
  const busy = () => Boolean(live.querySelector("details[open]:not([data-calm])"));
  const refresh = async () => {
    if (asking || busy()) {
      askAgain = true;
      return;
    }
    asking = true;
    askAgain = false;
    const began = Date.now();
    try {
      const answer = await fetch(fresh(), { cache: "no-store", redirect: "manual" });
      if (answer.type === "opaqueredirect" || answer.status === 403) return location.reload();
      if (answer.ok) {
        const parsed = new DOMParser().parseFromString(await answer.text(), "text/html").body;
        badge(parsed);
        keepingFocus(() => swap(parsed));
        scrobbled.tick();
        scrobbled.offerCopies(live);
        document.dispatchEvent(new Event("scrobbled:fresh"));
        if (live.dataset.title) document.title = `${live.querySelector("h1").textContent} · scrobbled`;
      }
    } catch {
      askAgain = true;
    } finally {
      asking = false;
      // News may come many times a second. What was asked for and took long is asked for less often.
      notBefore = Date.now() + Math.max(1000, 10 * (Date.now() - began));
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

  document.addEventListener("visibilitychange", () => (document.hidden ? disconnect() : connect()));
  window.addEventListener("pagehide", disconnect);
  window.addEventListener("pageshow", () => live.dataset.live === "yes" && connect());
  if (live.dataset.live === "yes") {
    setInterval(() => askAgain && Date.now() >= notBefore && refresh(), 500);
    connect();
  }
})();
