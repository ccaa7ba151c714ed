// On every page: relative times go on, and copy buttons copy. Everything else works without it.
"use strict";
const scrobbled = (() => {
  const calendar = (at) => {
    const year = at.getFullYear() === new Date().getFullYear() ? "" : ` ${at.getFullYear()}`;
    return `${at.getDate()} ${at.toLocaleString("en", { month: "short" })}${year}`;
  };
  const relative = (at) => {
    const seconds = (Date.now() - at) / 1000;
    if (seconds < 60) return "just now";
    if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
    if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
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
  const copied = async (text) => {
    if (navigator.clipboard) return navigator.clipboard.writeText(text);
    const field = document.createElement("textarea");
    field.value = text;
    document.body.append(field);
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
    const before = label.textContent;
    try {
      await copied(button.dataset.copy);
      label.textContent = "Copied";
    } catch {
      label.textContent = "Select it, then copy";
    }
    setTimeout(() => (label.textContent = before), 2000);
  });

  // What a form did is told once, and not again on reload.
  const here = new URL(location.href);
  if (here.searchParams.has("did")) {
    ["did", "count"].forEach((name) => here.searchParams.delete(name));
    history.replaceState(history.state, "", here);
  }

  tick();
  offerCopies();
  setInterval(tick, 15000);
  return { tick, offerCopies };
})();

// What is on screen goes on between two words of the player.
setInterval(() => {
  document.querySelectorAll("progress[data-goes-on]").forEach((bar) => (bar.value = Math.min(bar.max, bar.value + 5)));
}, 5000);
