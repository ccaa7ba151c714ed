// "Show all" unfolds the twelve where they are asked about; without this it leads to a page of their own.
"use strict";
(() => {
  const unfold = async (link) => {
    const card = link.closest(".question");
    const open = card.querySelector(".unfolded");
    if (open) return open.remove();
    const answer = await fetch(link.href, { redirect: "manual" });
    if (!answer.ok) return location.assign(link.href);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const list = page.getElementById("unfolded");
    if (!list) return location.assign(link.href);
    list.removeAttribute("id");
    const here = document.querySelector("#questions input[name=back]");
    list.querySelectorAll("input[name=back]").forEach((field) => (field.value = here ? here.value : "needs"));
    // an open <details> is also what keeps the page from being freshened under one's hands
    const box = document.createElement("details");
    const summary = document.createElement("summary");
    summary.textContent = "One by one";
    box.className = "unfolded";
    box.open = true;
    box.append(summary, list);
    const next = page.querySelector("a[rel=next]");
    if (next) box.append(next);
    box.addEventListener("toggle", () => box.open || box.remove());
    link.parentElement.after(box);
    summary.focus({ preventScroll: true });
  };
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-unfold]");
    if (!link || event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
    event.preventDefault();
    unfold(link).catch(() => location.assign(link.href));
  });
})();
