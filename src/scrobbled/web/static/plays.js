// The wall with less waiting: search while one types, more plays as one scrolls, stories in a sheet, and the keyboard.
// Without it all of that works by links and forms.
"use strict";
(() => {
  const wall = document.getElementById("wall");
  const sheet = document.getElementById("sheet");
  const form = document.querySelector("form.search");
  const search = document.getElementById("q");
  if (!wall || !sheet.showModal) return;
  const root = wall.dataset.root;
  const at = (place) => new URL(`${root}${place}`, location.href);
  const part = (id) => document.getElementById(id);
  const tiles = () => [...wall.querySelectorAll(".seen > a")];
  history.scrollRestoration = "manual";

  const asked = async (address, options = {}) => {
    const url = new URL(address, location.href);
    if (!options.method) url.searchParams.set("fragment", "1");
    const answer = await fetch(url, { cache: "no-store", ...options });
    if (new URL(answer.url).pathname.endsWith("/login")) return location.reload();
    const body = new DOMParser().parseFromString(await answer.text(), "text/html").body;
    // what it links to is told as seen from there, and here it stands on another page
    for (const [tag, name] of [["a", "href"], ["img", "src"], ["form", "action"]]) {
      body.querySelectorAll(`${tag}[${name}]`).forEach((one) => one.setAttribute(name, new URL(one.getAttribute(name), answer.url)));
    }
    return { ok: answer.ok, body, url: answer.url };
  };

  // Search: the newest question wins, and the address says what is seen.
  let question = 0;
  const find = async () => {
    const mine = ++question;
    const wish = new URLSearchParams(new FormData(form));
    [...wish.keys()].forEach((name) => wish.get(name).trim() || wish.delete(name));
    const url = at(`history${wish.size ? `?${wish}` : ""}`);
    part("shelves").setAttribute("aria-busy", "true");
    try {
      const found = await asked(url);
      if (mine !== question || !found) return;
      const unfolded = wall.querySelector("details[open]");
      if (!found.ok) return;
      wall.replaceChildren(...found.body.childNodes);
      if (unfolded) wall.querySelector("details").open = true;
      history.replaceState(null, "", url);
      scrollTo({ top: 0 });
      scrobbled.say(part("found")?.textContent ?? "");
      watch();
    } catch {
      part("shelves").removeAttribute("aria-busy");
    }
  };
  let typing = 0;
  form.classList.add("quick");
  search.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(find, 180);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(typing);
    find();
    if (matchMedia("(pointer: coarse)").matches) search.blur();
  });

  // More as one scrolls: each piece is joined to the last day, and the address follows what is seen.
  let pieces = [];
  let fetching = false;
  const more = async (link) => {
    if (fetching) return;
    fetching = true;
    const mine = question;
    try {
      const found = await asked(link.href);
      if (!found || !found.ok || mine !== question) return;
      const [shelves, fresh] = [part("shelves"), found.body.querySelector("#shelves")];
      const first = fresh.querySelector(".seen");
      if (first) pieces.push({ first, before: fresh.dataset.first });
      for (const day of [...fresh.querySelectorAll(".shelf")]) {
        const same = shelves.lastElementChild;
        if (same && same.dataset.day === day.dataset.day) same.querySelector(".tiles").append(...day.querySelectorAll(".seen"));
        else shelves.append(day);
      }
      const further = found.body.querySelector(".pages.older");
      link.closest(".pages").replaceWith(...(further ? [further] : []));
      watch();
    } catch {
      // the link stays, to be pressed
    } finally {
      fetching = false;
    }
  };
  const near = new IntersectionObserver(
    (seen) => seen.forEach((entry) => entry.isIntersecting && more(entry.target)),
    { rootMargin: "1200px" },
  );
  const watch = () => {
    near.disconnect();
    const first = wall.querySelector(".seen");
    if (!pieces.length || !pieces[0].first.isConnected) pieces = first ? [{ first, before: part("shelves").dataset.first }] : [];
    const link = wall.querySelector(".pages.older a");
    if (link) near.observe(link);
  };

  // The place one was at: in the address the piece, in the entry of the history the play.
  const top = () => form.getBoundingClientRect().bottom + 44;
  const remember = () => {
    if (sheet.open || !pieces.length) return;
    const line = top();
    const seen = pieces.filter((piece) => piece.first.getBoundingClientRect().top <= line + 1).pop() || pieces[0];
    const here = new URL(location.href);
    here.hash = "";
    here.searchParams.delete("after");
    if (seen.before) here.searchParams.set("before", seen.before);
    else here.searchParams.delete("before");
    const tile = scrollY > 40 && tiles().find((one) => one.getBoundingClientRect().bottom > line);
    const state = tile ? { tile: tile.parentElement.id, top: tile.getBoundingClientRect().top } : null;
    history.replaceState(state, "", here);
  };
  let scrolled = 0;
  addEventListener("scroll", () => {
    clearTimeout(scrolled);
    scrolled = setTimeout(remember, 150);
  });
  const restore = () => {
    const state = history.state;
    const tile = part(state && state.tile ? state.tile : location.hash.slice(1));
    if (!tile || !tile.matches(".seen")) return;
    scrollBy({ top: tile.getBoundingClientRect().top - (state && state.tile ? state.top : top()) });
    if (!state || !state.tile) tile.firstElementChild.focus({ preventScroll: true });
  };

  // The story in a sheet. Its entry in the history is the wall's address with the play behind a #.
  let opened = null;
  let told = { url: "", html: "" };
  const fill = (found, again = false) => {
    told = { url: found.url, html: found.body.innerHTML };
    const [bar, body] = [document.createElement("div"), document.createElement("div")];
    [bar.className, body.className] = ["sheet-bar", "sheet-body"];
    const close = document.createElement("button");
    close.type = "button";
    close.setAttribute("aria-label", "Close");
    const icon = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    icon.setAttribute("class", "icon");
    icon.setAttribute("viewBox", "0 0 24 24");
    icon.setAttribute("aria-hidden", "true");
    icon.append(document.createElementNS("http://www.w3.org/2000/svg", "use"));
    icon.firstChild.setAttribute("href", "#i-cross");
    close.append(icon);
    close.addEventListener("click", () => sheet.close());
    bar.append(close);
    body.append(...found.body.childNodes);
    sheet.replaceChildren(bar, body);
    if (!again) sheet.scrollTop = 0;
    scrobbled.badge(body);
    const title = body.querySelector("h2");
    if (title) [title.tabIndex, title.autofocus] = [-1, true];
    if (title && sheet.open) title.focus({ preventScroll: true });
    scrobbled.tick();
    scrobbled.offerCopies(sheet);
  };
  const show = async (link) => {
    const found = await asked(link.href);
    if (!found) return false;
    if (!found.ok) return (location.href = link.href);
    opened = link.parentElement.id;
    fill(found);
    if (!sheet.open) sheet.showModal();
    return true;
  };
  const open = async (link) => {
    remember();
    try {
      if (!(await show(link))) return;
    } catch {
      location.href = link.href;
      return;
    }
    const entry = new URL(location.href);
    entry.hash = opened;
    if (history.state && history.state.sheet) history.replaceState({ sheet: opened }, "", entry);
    else history.pushState({ sheet: opened }, "", entry);
  };
  const focus = (id) => {
    const tile = part(id);
    if (tile) tile.firstElementChild.focus({ preventScroll: true });
  };
  // What becomes of it is seen while one looks; whoever is about to answer something is left alone.
  const retell = async () => {
    const url = new URL(told.url || location.href);
    if (!sheet.open || !/\/(plays|events)\/\w+$/.test(url.pathname) || sheet.querySelector("details[open]")) return;
    ["did", "count"].forEach((name) => url.searchParams.delete(name));
    const { url: before } = told;
    const found = await asked(url).catch(() => null);
    if (!found || !found.ok || !sheet.open || told.url !== before || told.html === found.body.innerHTML) return;
    fill(found, true);
    renew(opened);
  };
  sheet.addEventListener("close", () => {
    focus(opened);
    if (history.state && history.state.sheet) history.back();
  });
  sheet.addEventListener("click", (event) => {
    if (event.target === sheet) sheet.close();
    const link = event.target.closest("a[data-sheet]");
    if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    asked(link.href).then((found) => found && fill(found), () => (location.href = link.href));
  });
  sheet.addEventListener("submit", async (event) => {
    event.preventDefault();
    const sent = new URLSearchParams(new FormData(event.target, event.submitter));
    event.submitter.disabled = true;
    try {
      const found = await asked(event.target.getAttribute("action"), { method: "POST", body: sent });
      if (found) fill(found);
      renew(opened);
    } catch {
      event.submitter.disabled = false;
    }
  });
  // What was done is seen on the wall behind.
  const renew = async (id) => {
    const back = encodeURIComponent(`history${location.search}`);
    const found = await asked(at(`plays/${id}/tile?back=${back}`)).catch(() => null);
    const [fresh, old] = [found && found.ok && found.body.querySelector(".seen"), part(id)];
    if (fresh && old) old.replaceWith(fresh);
  };
  addEventListener("popstate", () => {
    const id = history.state && history.state.sheet;
    const tile = id && part(id);
    if (tile && !sheet.open) show(tile.firstElementChild).catch(() => {});
    if (!id && sheet.open) sheet.close();
  });
  wall.addEventListener("click", (event) => {
    const link = event.target.closest(".seen > a");
    if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    open(link);
  });

  // Keys: / searches; arrows, j and k walk along the wall, and from story to story.
  const step = (key, link) => {
    const all = tiles();
    const index = all.indexOf(link);
    if (["ArrowRight", "j", "ArrowLeft", "k"].includes(key)) return all[index + (["ArrowRight", "j"].includes(key) ? 1 : -1)];
    const here = link.getBoundingClientRect();
    const beyond = all.filter((one) => {
      const box = one.getBoundingClientRect();
      return key === "ArrowDown" ? box.top > here.top + 4 : box.top < here.top - 4;
    });
    const row = beyond.length && beyond.at(key === "ArrowDown" ? 0 : -1).getBoundingClientRect().top;
    const away = (one) => Math.abs(one.getBoundingClientRect().left - here.left);
    return beyond.filter((one) => Math.abs(one.getBoundingClientRect().top - row) < 4).sort((a, b) => away(a) - away(b))[0];
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, select, textarea")) return;
    if (event.key === "/" && !sheet.open) {
      event.preventDefault();
      search.focus();
      search.select();
      return;
    }
    if (!["ArrowRight", "ArrowLeft", "ArrowUp", "ArrowDown", "j", "k"].includes(event.key)) return;
    if (sheet.open) {
      const next = !event.key.startsWith("ArrowU") && !event.key.startsWith("ArrowD") && part(opened) && step(event.key, part(opened).firstElementChild);
      if (next) open(next);
      return;
    }
    const link = document.activeElement.closest(".seen > a");
    if (!link && event.key.startsWith("Arrow")) return;
    const next = link ? step(event.key, link) : tiles().find((one) => one.getBoundingClientRect().top >= top());
    if (!next) return;
    event.preventDefault();
    next.focus({ preventScroll: true });
    next.parentElement.scrollIntoView({ block: "nearest" });
  });

  // News: what stands here is kept true, and what is new comes in at the top, or is offered to whoever has scrolled on.
  const offer = () => {
    if (wall.querySelector(".news")) return;
    const [news, button] = [document.createElement("div"), document.createElement("button")];
    [news.className, button.className, button.type] = ["news", "primary", "button"];
    button.textContent = "New plays";
    button.addEventListener("click", () => {
      const newest = new URL(location.href);
      newest.hash = "";
      ["before", "after"].forEach((name) => newest.searchParams.delete(name));
      location.assign(newest);
    });
    news.append(button);
    part("shelves").before(news);
  };
  const freshen = async () => {
    const mine = question;
    const here = new URL(location.href);
    ["before", "after"].forEach((name) => here.searchParams.delete(name));
    const found = await asked(here).catch(() => null);
    if (!found || !found.ok || mine !== question) return;
    const fresh = [...found.body.querySelectorAll(".seen")];
    const isNew = fresh.some((tile) => !part(tile.id));
    if (isNew && scrollY < 80 && !sheet.open && pieces.length < 2 && !wall.contains(document.activeElement)) {
      part("shelves").replaceWith(found.body.querySelector("#shelves"));
      wall.querySelector(".pages.older")?.remove();
      const further = found.body.querySelector(".pages.older");
      if (further) wall.append(further);
      return watch();
    }
    if (isNew) offer();
    for (const tile of fresh) {
      const [ticks, old] = [tile.querySelector(".ticks"), part(tile.id)?.querySelector(".ticks")];
      if (old && old.innerHTML !== ticks.innerHTML) {
        old.replaceWith(ticks);
        part(tile.id).querySelector(".sr").textContent = tile.querySelector(".sr").textContent;
      }
    }
  };
  const fromTop = !["before", "after"].some((name) => new URL(location.href).searchParams.has(name));
  let changed = 0;
  let isNews = false;
  const soon = () => {
    clearTimeout(changed);
    changed = setTimeout(() => {
      if (fromTop) freshen();
      retell();
    }, 1500);
  };
  // the first beginning finds the wall as it was sent, a later one may have missed something
  const hello = () => (isNews ? soon() : (isNews = true));

  watch();
  restore();
  scrobbled.follow(() => at("api/v1/live"), { hello, change: soon });
  const first = history.state && history.state.sheet && part(history.state.sheet);
  if (first) show(first.firstElementChild).catch(() => {});
})();
