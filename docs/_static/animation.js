// Shows the frames of an animation one after the other. Python made them: docs/animation.py.
"use strict";

for (const figure of document.querySelectorAll("figure.animation")) {
  const frames = JSON.parse(figure.querySelector("script").textContent);
  const button = figure.querySelector("button");
  const slider = figure.querySelector("input");
  const rules = Object.keys(frames[0]).filter((key) => key !== "t");
  const parts = (kind, rule, tag) =>
    figure.querySelector(`svg[data-kind=${kind}] .moving ${tag}.${rule}`);
  const SECONDS = 9;
  let started = null;

  function show(number) {
    const frame = frames[number];
    slider.value = number;
    slider.setAttribute("aria-valuetext", `t = ${frame.t}`);
    figure.querySelector("[data-t]").textContent = frame.t;
    for (const rule of rules) {
      const now = frame[rule];
      parts("tail", rule, "path").setAttribute("d", now.tail);
      for (const kind of ["mean", "cost"]) {
        const dot = parts(kind, rule, "circle");
        dot.setAttribute("cx", now[kind][0]);
        dot.setAttribute("cy", now[kind][1]);
      }
      figure.querySelector(`tr.${rule} [data-mean]`).textContent = now.meanText;
      figure.querySelector(`tr.${rule} [data-cost]`).textContent = now.costText;
    }
  }

  function pause() {
    started = null;
    button.textContent = "Play";
  }

  function play() {
    const last = frames.length - 1;
    const from = Number(slider.value) >= last ? 0 : Number(slider.value);
    started = performance.now() - (from / last) * SECONDS * 1000;
    button.textContent = "Pause";
    requestAnimationFrame(step);
  }

  function step(now) {
    if (started === null) return;
    const share = Math.min((now - started) / (SECONDS * 1000), 1);
    show(Math.round(Math.max(share, 0) * (frames.length - 1)));
    if (share < 1) requestAnimationFrame(step);
    else pause();
  }

  button.addEventListener("click", () => (started === null ? play() : pause()));
  slider.addEventListener("input", () => {
    pause();
    show(Number(slider.value));
  });
  window.addEventListener("beforeprint", () => {
    pause();
    show(frames.length - 1);
  });

  // It begins by itself once it is seen, unless the reader asked for less motion.
  if (!window.matchMedia("(prefers-reduced-motion: reduce)").matches) {
    const seen = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting)) {
        seen.disconnect();
        play();
      }
    }, { threshold: 0.5 });
    seen.observe(figure);
  }
}
