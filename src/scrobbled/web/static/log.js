// Follows the log: new lines come at the end, in batches. Everything that is shown is set as text, never as markup.
"use strict";
(() => {
  const MOST = 1000;
  const [box, list, state, pause, newest, empty, sift] = ["lines", "entries", "state", "pause", "newest", "empty", "sift"].map((id) =>
    document.getElementById(id));
  if (!box) return;
  const STORIES = { p: "plays/", e: "events/", r: "sync/runs/" };
  const TONES = { debug: "calm", info: "waiting", warning: "need", error: "dead", critical: "dead" };
  const TITLES = new Set(["title", "label", "name", "item"]);
  const ID = /(?<![\w.:/-])([per])(\d{1,15})(?![\w.:/-])/g;

  const made = (name, text, className) => {
    const element = document.createElement(name);
    if (text !== undefined) element.textContent = text;
    if (className) element.className = className;
    return element;
  };
  const two = (number) => String(number).padStart(2, "0");
  const clock = (at) => {
    const time = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
    if (at.toDateString() === new Date().toDateString()) return time;
    return `${at.getDate()} ${at.toLocaleString("en", { month: "short" })}, ${time}`;
  };
  const timed = (element) => {
    const at = new Date(element.dateTime);
    if (Number.isNaN(at.getTime())) return element;
    element.textContent = clock(at);
    element.title = at.toLocaleString(undefined, { dateStyle: "full", timeStyle: "medium" });
    return element;
  };
  const value = (into, name, text) => {
    let done = 0;
    for (const found of TITLES.has(name) ? [] : text.matchAll(ID)) {
      into.append(text.slice(done, found.index));
      const link = made("a", found[0]);
      link.href = `${box.dataset.root}${STORIES[found[1]]}${found[0]}`;
      into.append(link);
      done = found.index + found[0].length;
    }
    into.append(text.slice(done));
  };
  const field = (name, text) => {
    if (text.includes("\n")) {
      const long = made("details");
      const body = made("pre", text);
      body.tabIndex = 0;
      long.append(made("summary", name), body);
      return long;
    }
    const told = made("span", undefined, "pair");
    told.append(made("i", `${name}=`));
    value(told, name, text);
    return told;
  };
  const entry = (line) => {
    const item = made("li", undefined, `tone-${TONES[line.level] || "calm"}`);
    const time = made("time", line.at);
    time.dateTime = line.at;
    const message = made("span", undefined, "message");
    message.append(made("b", line.message));
    for (const [name, text] of Object.entries(line.fields)) message.append(" ", field(name, text));
    item.append(timed(time), " ", made("span", line.level, "level"), " ", made("span", line.component, "part"), " ", message);
    return item;
  };
  const plural = (count, noun) => `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
  const gap = (count) => made("li", `${plural(count, "line")} left out here: more came than can be shown. The download has what is kept.`, "gap tone-need");

  let isPaused = false;
  let waiting = [];
  let skipped = 0;
  const say = (text, tone) => {
    if (state.textContent !== text) state.textContent = text;
    state.className = `state ${tone}`;
  };
  // how many wait stands on the button: what is read out changes only when something is done
  const told = () => {
    const count = waiting.length + skipped;
    pause.querySelector("span").textContent = isPaused ? `Continue${count ? ` (${plural(count, "new line")})` : ""}` : "Pause";
    say(isPaused ? "Paused" : "Live", isPaused ? "tone-need" : "tone-ok");
  };
  let follows = true;
  const isAtEnd = () => box.scrollHeight - box.scrollTop - box.clientHeight < 40;
  const toEnd = () => {
    follows = true;
    box.scrollTop = box.scrollHeight;
    newest.hidden = true;
  };
  const show = () => {
    if (skipped) list.append(gap(skipped));
    list.append(...waiting.map(entry));
    if (waiting.length || skipped) empty.hidden = true;
    while (list.childElementCount > MOST) list.firstElementChild.remove();
    if (follows) toEnd();
    else if (waiting.length) newest.hidden = false;
    waiting = [];
    skipped = 0;
  };

  let next = box.dataset.next;
  const lines = (event) => {
    const news = JSON.parse(event.data);
    next = event.lastEventId;
    skipped += news.skipped;
    waiting.push(...news.lines);
    if (waiting.length > MOST) skipped += waiting.splice(0, waiting.length - MOST).length;
    if (!isPaused) show();
    told();
  };

  pause.hidden = false;
  pause.addEventListener("click", () => {
    isPaused = !isPaused;
    pause.setAttribute("aria-pressed", String(isPaused));
    if (!isPaused) show();
    told();
  });
  newest.addEventListener("click", toEnd);
  box.addEventListener("scroll", () => {
    follows = isAtEnd();
    if (follows) newest.hidden = true;
  }, { passive: true });
  sift.addEventListener("change", (event) => event.target.tagName === "SELECT" && sift.requestSubmit());
  list.querySelectorAll("time").forEach(timed);
  toEnd();
  const from = () => `${box.dataset.live}&after=${encodeURIComponent(next)}`;
  scrobbled.follow(from, { hello: told, lines }, () => say("The line is cut; trying again", "tone-dead"));
})();
