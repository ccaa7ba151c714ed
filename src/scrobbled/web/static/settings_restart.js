// Waits until the service that was started again answers, and goes on then.
"use strict";
(() => {
  const place = document.getElementById("restarting");
  let away = false;
  let asked = 0;
  const look = async () => {
    asked++;
    try {
      const answer = await fetch(place.dataset.health, { cache: "no-store" });
      if (answer.ok && (away || asked > 8)) return location.assign(place.dataset.next);
      if (!answer.ok) away = true;
    } catch {
      away = true;
    }
    if (asked < 120) setTimeout(look, 500);
    else place.textContent = "It does not answer yet. If it listens elsewhere now, open it there.";
  };
  setTimeout(look, 700);
})();
