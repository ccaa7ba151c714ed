// Keeps a page fresh: asks for its parts again when the service says that something changed. Without it the page works
// all the same, on reload. What is to be kept fresh is #live: each element in it with data-part and an id is swapped.
"use strict";
(() => {
  const live = document.getElementById("live");
  if (!live || live.dataset.live !== "yes") return;
  const FOCUSABLE = "a[href], button, input, select, textarea, summary";
  const shown = new Map();
  const parts = (within) => [...within.querySelectorAll("[data-part]")];
  // that time passes is no difference: relative times go on by themselves
  const written = (part) => part.outerHTML.replace(/(<time[^>]*>)[^<]*/g, "$1");
  const remember = () => parts(live).forEach((part) => shown.set(part.id, written(part)));

  // What a part has to say is read out when it changes.
  const say = (part) => {
    const before = document.getElementById(part.id);
    if (part.dataset.say && part.dataset.say !== before?.dataset.say) scrobbled.say(part.dataset.say);
  };

  // Parts are swapped one by one and only where they differ, so that nothing jumps and an open question stays open.
  const swap = (fresh) => {
    const structure = (node) => parts(node).map((part) => part.id).join();
    parts(fresh).forEach(say);
    if (structure(fresh) !== structure(live)) {
      live.replaceChildren(...fresh.childNodes);
      shown.clear();
      return remember();
    }
    for (const part of parts(fresh)) {
      if (shown.get(part.id) === written(part)) continue;
      shown.set(part.id, written(part));
      document.getElementById(part.id).replaceWith(part);
    }
  };
  // Whoever is on a link or button stays on it: it is found by its own id, or by its place in what has one.
  const keepingFocus = (act) => {
    const held = document.activeElement;
    if (!live.contains(held)) return act();
    const holder = held.closest("[id]");
    const place = [...holder.querySelectorAll(FOCUSABLE)].indexOf(held);
    act();
    if (held.isConnected) return;
    const again = document.getElementById(holder.id);
    const found = held === holder ? again : again?.querySelectorAll(FOCUSABLE)[place];
    if (found) found.focus({ preventScroll: true });
  };

  const fresh = () => {
    const here = new URL(location.href);
    here.hash = "";
    here.searchParams.set("fragment", live.dataset.fragment || "1");
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
      // signed out, or what it was about is gone: the page as it is now says so
      if (answer.type === "opaqueredirect" || answer.status === 403 || answer.status === 404) return location.reload();
      if (answer.ok) {
        const parsed = new DOMParser().parseFromString(await answer.text(), "text/html").body;
        scrobbled.badge(parsed);
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

  remember();
  setInterval(() => askAgain && Date.now() >= notBefore && refresh(), 500);
  scrobbled.follow(() => `${live.dataset.root}api/v1/live`, { hello: refresh, change: () => (askAgain = true) });
})();
