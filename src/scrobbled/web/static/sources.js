// Counts down how long a code is good for. Without it the page says until when.
"use strict";
(() => {
  const left = (seconds) => {
    const minutes = Math.floor(seconds / 60);
    return minutes ? `${minutes} min ${String(seconds % 60).padStart(2, "0")} s` : `${seconds} s`;
  };
  const tick = () =>
    document.querySelectorAll("time[data-until]").forEach((element) => {
      const at = new Date(element.dateTime);
      if (Number.isNaN(at.getTime())) return;
      element.nextElementSibling.textContent = `, ${left(Math.max(0, Math.round((at - Date.now()) / 1000)))} left`;
    });
  tick();
  setInterval(tick, 1000);
  document.addEventListener("scrobbled:fresh", tick);
})();
