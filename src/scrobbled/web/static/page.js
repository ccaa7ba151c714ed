// On every page: relative times go on, copy buttons copy, and news are followed. Everything else works without it.
"use strict";
const scrobbled = (() => {
  const calendar = (at) => {
    const year = at.getFullYear() === new Date().getFullYear() ? "" : ` ${at.getFullYear()}`;
    return `${at.getDate()} ${at.toLocaleString("en", { month: "short" })}${year}`;
  };
  const relative = (at) => {
    const seconds = (Date.now() - at) / 1000;
    if (seconds > -86400 && seconds < 60) return "just now";
    if (seconds > 0 && seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
    if (seconds > 0 && seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
    return calendar(at);
  };
  const sinceWhen = (at) => {
    const clock = `${String(at.getHours()).padStart(2, "0")}:${String(at.getMinutes()).padStart(2, "0")}`;
    return at.toDateString() === new Date().toDateString() ? clock : `${calendar(at)}, ${clock}`;
  };
  const tick = () =>
    document.querySelectorAll("time[data-time]").forEach((element) => {
      const at = new Date(element.dateTime);
      if (Number.isNaN(at.getTime())) return;
      const text = element.dataset.time === "since" ? sinceWhen(at) : relative(at);
      if (element.textContent !== text) element.textContent = text;
      element.title = at.toLocaleString(undefined, { dateStyle: "full", timeStyle: "short" });
    });

  // Where the page is not served over TLS browsers have no clipboard for us, but still the older way.
  const copied = async (text, beside) => {
    if (navigator.clipboard) return navigator.clipboard.writeText(text);
    const field = document.createElement("textarea");
    field.value = text;
    beside.append(field); // behind an open dialog nothing can be selected
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    if (!done) throw new Error("not copied");
  };
  const offerCopies = (within = document) =>
    within.querySelectorAll("[data-copy][hidden]").forEach((button) => (button.hidden = false));
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const label = button.querySelector("span") || button;
    button.dataset.label ??= label.textContent;
    try {
      await copied(button.dataset.copy, button.parentElement);
      label.textContent = "Copied";
    } catch {
      label.textContent = "Select it, then copy";
    }
    say(label.textContent);
    setTimeout(() => (label.textContent = button.dataset.label), 2000);
  });

  // News of the service, only while somebody looks: hidden pages let go, and what broke off is begun again with more and
  // more patience. `heard` has a function for each kind of news; `hello` comes at every beginning.
  const follow = (address, heard, lost = () => {}) => {
    let stream = null;
    let failures = 0;
    let retry = 0;
    const hush = () => {
      clearTimeout(retry);
      if (stream) stream.close();
      stream = null;
    };
    const listen = () => {
      if (stream || document.hidden) return;
      clearTimeout(retry);
      stream = new EventSource(address());
      stream.addEventListener("hello", () => (failures = 0));
      for (const [kind, act] of Object.entries(heard)) stream.addEventListener(kind, act);
      stream.addEventListener("error", () => {
        hush();
        failures += 1;
        lost();
        retry = setTimeout(listen, Math.min(60000, 1000 * 2 ** Math.min(failures, 6)) * (0.5 + Math.random() / 2));
      });
    };
    document.addEventListener("visibilitychange", () => (document.hidden ? hush() : listen()));
    addEventListener("pagehide", hush);
    addEventListener("pageshow", listen);
    addEventListener("online", listen);
    listen();
  };

  // What a form did is told once, and not again on reload.
  const here = new URL(location.href);
  if (here.searchParams.has("did")) {
    ["did", "count"].forEach((name) => here.searchParams.delete(name));
    history.replaceState(history.state, "", here);
  }

  // Read out by one voice that stays: a region that comes with its text, or is swapped, is not heard.
  const voice = document.createElement("p");
  voice.className = "sr";
  voice.setAttribute("role", "status");
  document.getElementById("main").append(voice);
  const say = (text) => (voice.textContent = text);

  // A page that was asked for in part says how many things need somebody; the number stands in the frame.
  const badge = (fresh) => {
    const told = fresh.querySelector("#badge-now");
    const shown = document.getElementById("badge");
    if (told && shown) [shown.textContent, shown.hidden] = [told.textContent, told.textContent === "0"];
    told?.remove();
  };

  tick();
  offerCopies();
  setInterval(tick, 15000);
  return { tick, offerCopies, follow, say, badge };
})();

// What is on screen goes on between two words of the player.
setInterval(() => {
  document.querySelectorAll("progress[data-goes-on]").forEach((bar) => (bar.value = Math.min(bar.max, bar.value + 5)));
}, 5000);
