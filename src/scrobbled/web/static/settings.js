// Settings: shows what a form would make of the file while it is filled in. Without it "See what changes" does the same.
"use strict";
(() => {
  const form = document.getElementById("form");
  const wide = matchMedia("(min-width: 1180px)");
  const panel = () => document.getElementById("yaml");
  const toChange = () => {
    const first = panel() && panel().querySelector(".line.added, .line.removed");
    const box = first && first.closest(".yaml");
    if (box) box.scrollTop = first.offsetTop - box.offsetTop - box.clientHeight / 3;
  };
  if (wide.matches && panel()) panel().open = true;
  toChange();
  const wrong = document.querySelector(".field.wrong, .errors .error");
  if (wrong && document.querySelector("[role=alert]")) {
    wrong.closest("details.rest")?.setAttribute("open", "");
    wrong.scrollIntoView({ block: "center" });
  }
  if (!form) return;

  let dirty = panel() && panel().dataset.changed === "yes";
  let asked = 0;
  let timer = 0;
  const swap = (fresh, id) => {
    const now = document.getElementById(id);
    const then = fresh.getElementById(id);
    if (now && then && now.innerHTML !== then.innerHTML) now.innerHTML = then.innerHTML;
    return then;
  };
  const look = async () => {
    const number = ++asked;
    const body = new URLSearchParams(new FormData(form));
    body.set("do", "look");
    try {
      const answer = await fetch(form.action, { method: "POST", body, redirect: "manual" });
      if (!answer.ok || number !== asked) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      const then = swap(fresh, "yaml");
      if (then) panel().dataset.changed = then.dataset.changed;
      swap(fresh, "restart");
      swap(fresh, "state");
      document.querySelectorAll(".errors[id]").forEach((place) => {
        swap(fresh, place.id);
        place.closest(".field")?.classList.toggle("wrong", place.querySelector(".error") !== null);
      });
      toChange();
    } catch {
      // The next key, or the button, asks again.
    }
  };
  form.addEventListener("input", () => {
    dirty = true;
    clearTimeout(timer);
    timer = setTimeout(look, 400);
  });
  form.addEventListener("submit", () => {
    dirty = false;
    clearTimeout(timer);
    asked++;
  });
  addEventListener("beforeunload", (event) => {
    if (dirty) event.preventDefault();
  });
})();
