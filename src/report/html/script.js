// Adds filters, zoom, hover and copying to a page that is whole without them. Works on the shapes that are drawn; builds
// nothing from text, so that nothing in the page can become markup.
"use strict";
(() => {
  const WIDTH = 1000;
  // Room for what is added later, so that nothing moves under the pointer.
  document.documentElement.classList.add("js");
  const all = (selector, root = document) => Array.from(root.querySelectorAll(selector));
  const make = (name, text, label) => {
    const element = document.createElement(name);
    element.textContent = text;
    if (label) element.setAttribute("aria-label", label);
    return element;
  };

  // Findings: by rule, severity and agent. Groups count what is left of them.
  for (const controls of all('[data-filter="findings"]')) {
    const section = controls.parentElement;
    const groups = all("details.rule", section).map((element) => ({
      element,
      rule: element.dataset.rule,
      severity: element.dataset.severity,
      rows: all(".findings > li", element),
      count: element.querySelector("summary .count"),
      total: element.querySelector("summary .count").textContent,
    }));
    const total = groups.reduce((sum, group) => sum + group.rows.length, 0);
    const output = controls.querySelector("output");
    const apply = () => {
      const rule = controls.querySelector('[data-by="rule"]').value;
      const agent = controls.querySelector('[data-by="agent"]').value;
      const severities = new Set(all('[data-by="severity"]:checked', controls).map((box) => box.value));
      let shown = 0;
      for (const group of groups) {
        const wanted = (!rule || group.rule === rule) && severities.has(group.severity);
        let left = 0;
        for (const row of wanted ? group.rows : []) {
          const matches = !agent || (row.dataset.agent ?? "none") === agent;
          if (row.hidden === matches) row.hidden = !matches;
          if (matches) left += 1;
        }
        group.element.hidden = left === 0;
        group.count.textContent = agent ? String(left) : group.total;
        if (left > 0 && rule) group.element.open = true;
        shown += left;
      }
      output.textContent = `${shown} of ${total} shown`;
    };
    controls.addEventListener("input", apply);
    controls.hidden = false;
    apply();
  }

  // Conversations: by any word that stands in their head.
  for (const controls of all('[data-filter="cards"]')) {
    const cards = all("article.card", controls.parentElement);
    const words = new Map();
    const text = (card) => {
      if (!words.has(card)) words.set(card, all("h3, .who, .seams", card).map((part) => part.textContent).join(" ").toLowerCase());
      return words.get(card);
    };
    const output = controls.querySelector("output");
    const apply = () => {
      const wanted = controls.querySelector("input").value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const card of cards) {
        const matches = wanted.every((word) => text(card).includes(word));
        card.hidden = !matches;
        if (matches) shown += 1;
      }
      output.textContent = `${shown} of ${cards.length} shown`;
    };
    controls.addEventListener("input", apply);
    controls.hidden = false;
    apply();
  }

  // Commands: a button that copies; where the browser refuses, the text is selected.
  const select = (code) => {
    const range = document.createRange();
    range.selectNodeContents(code);
    const selection = window.getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
  };
  const equip = (box) => {
    if (box.querySelector("button")) return;
    const code = box.querySelector("code");
    const button = make("button", "Copy");
    button.type = "button";
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(code.textContent);
        button.textContent = "Copied";
      } catch {
        select(code);
        button.textContent = "Selected";
      }
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    });
    box.append(button);
  };
  // What is folded gets its buttons when it is opened: thousands of them would hold up the page.
  const open = (root) => {
    for (const box of all(".cmd", root)) {
      if (!box.closest("details:not([open])")) equip(box);
    }
  };
  open(document);
  document.addEventListener("toggle", (event) => { if (event.target.open) open(event.target); }, true);

  // Timelines: zoom, drag, and a line that tells what is under the pointer.
  const STEPS = [0.05, 0.25, 1, 5, 10, 30, 60, 300, 900, 1800, 3600, 7200, 21600, 43200, 86400, 172800, 604800, 1209600, 2592000, 7776000, 31536000];
  const stamp = (ms, from, to) => {
    const date = new Date(ms);
    return Number.isNaN(date.getTime()) ? "" : date.toISOString().slice(from, to).replace("T", " ");
  };

  const setUp = (svg) => {
    const figure = svg.closest("figure");
    const zoomed = svg.querySelector(".zoom");
    const axis = svg.querySelector(".axis");
    const cuts = all(".cut", svg);
    const from = Number(svg.dataset.from);
    const length = Math.max(1, Number(svg.dataset.to) - from);
    const most = Math.max(1, Math.min(2000, length / 200));
    let scale = 1;
    let left = 0;
    const time = (x) => from + (x / WIDTH) * length;
    const place = (x) => (x - left) * scale;

    const labels = () => {
      const seen = length / scale / 1000;
      const wide = svg.clientWidth < 500 ? 3 : 6;
      const step = STEPS.find((candidate) => seen / candidate <= wide) ?? Math.ceil(seen / wide);
      const start = time(left) / 1000;
      const fresh = [];
      for (let at = Math.ceil(start / step) * step; at < start + seen && fresh.length <= wide; at += step) {
        const x = place(((at * 1000 - from) / length) * WIDTH);
        if (x < 50 || x > 950) continue;
        const label = document.createElementNS(axis.namespaceURI, "text");
        label.setAttribute("x", `${x / 10}%`);
        label.setAttribute("y", "94");
        label.textContent = step >= 86400 ? stamp(at * 1000, 0, 10) : step < 1 ? stamp(at * 1000, 14, 22) : step < 60 ? stamp(at * 1000, 11, 19) : stamp(at * 1000, 5, 16);
        fresh.push(label);
      }
      axis.replaceChildren(...fresh);
    };
    const draw = () => {
      zoomed.setAttribute("transform", `scale(${scale} 1) translate(${-left} 0)`);
      for (const cut of cuts) {
        const x = place(Number(cut.dataset.x));
        cut.setAttribute("x", `${x / 10}%`);
      }
      labels();
      svg.classList.toggle("zoomed", scale > 1);
      out.disabled = scale <= 1;
      whole.disabled = scale <= 1;
      into.disabled = scale >= most;
    };
    const zoom = (factor, middle = left + WIDTH / scale / 2) => {
      const before = scale;
      scale = Math.min(most, Math.max(1, scale * factor));
      left = middle - (middle - left) * (before / scale);
      move(0);
    };
    const move = (units) => {
      left = Math.min(WIDTH - WIDTH / scale, Math.max(0, left + units));
      draw();
    };

    const buttons = make("div", "");
    buttons.className = "zoom-buttons";
    const button = (text, label, act) => {
      const element = make("button", text, label);
      element.type = "button";
      element.addEventListener("click", act);
      buttons.append(element);
      return element;
    };
    const out = button("−", "Zoom out", () => zoom(1 / 2));
    const into = button("+", "Zoom in", () => zoom(2));
    const whole = button("Whole", "Show the whole timeline", () => zoom(1 / scale));
    figure.append(buttons);
    const read = make("p", "");
    read.className = "read";
    figure.append(read);
    svg.classList.add("live");
    out.disabled = whole.disabled = true;

    // Places of marks are read from the drawing when the pointer first comes.
    let things;
    const look = () => {
      things = [];
      for (const mark of all(".mark", zoomed)) {
        const name = mark.dataset.name;
        for (const [, x] of mark.getAttribute("d").matchAll(/M([\d.]+) /g)) things.push({ x: Number(x), name });
      }
      for (const cut of cuts) things.push({ x: Number(cut.dataset.x), name: cut.querySelector("title").textContent, cut: true });
      things.bars = all(".bar", zoomed).map((bar) => {
        const x = Number(bar.getAttribute("x"));
        return { x, end: x + Number(bar.getAttribute("width")), name: bar.querySelector("title").textContent };
      });
    };
    const tell = (event) => {
      if (!things) look();
      const box = svg.getBoundingClientRect();
      const x = left + ((event.clientX - box.left) / box.width) * (WIDTH / scale);
      const reach = ((6 / box.width) * WIDTH) / scale;
      const names = new Map();
      let cut = "";
      for (const thing of things) {
        if (Math.abs(thing.x - x) > reach) continue;
        if (thing.cut) cut = thing.name;
        else names.set(thing.name, (names.get(thing.name) ?? 0) + 1);
      }
      const marks = Array.from(names, ([name, count]) => (count > 1 ? `${count} × ${name}` : name));
      const bars = things.bars.filter((bar) => bar.x - reach <= x && x <= bar.end + reach).map((bar) => bar.name);
      read.textContent = [stamp(time(x), 0, 19), cut, ...marks, ...(cut ? [] : bars)].filter(Boolean).join("  ·  ");
    };

    let dragged;
    svg.addEventListener("pointerdown", (event) => {
      dragged = event.clientX;
      if (scale > 1 && event.pointerType === "mouse") svg.setPointerCapture(event.pointerId);
    });
    svg.addEventListener("pointermove", (event) => {
      if (dragged !== undefined && event.buttons && scale > 1) {
        move((((dragged - event.clientX) / svg.clientWidth) * WIDTH) / scale);
        dragged = event.clientX;
      }
      tell(event);
    });
    svg.addEventListener("pointerup", () => { dragged = undefined; });
    svg.addEventListener("pointerleave", () => { dragged = undefined; read.textContent = ""; });
    svg.addEventListener("dblclick", (event) => {
      const box = svg.getBoundingClientRect();
      zoom(2, left + ((event.clientX - box.left) / box.width) * (WIDTH / scale));
    });
    // Only with a key held, so that the page still scrolls.
    svg.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      const box = svg.getBoundingClientRect();
      zoom(event.deltaY < 0 ? 1.25 : 0.8, left + ((event.clientX - box.left) / box.width) * (WIDTH / scale));
    }, { passive: false });
    svg.setAttribute("tabindex", "0");
    svg.addEventListener("keydown", (event) => {
      const act = { "+": () => zoom(2), "=": () => zoom(2), "-": () => zoom(1 / 2), "0": () => zoom(1 / scale), ArrowLeft: () => move(-100 / scale), ArrowRight: () => move(100 / scale) }[event.key];
      if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      act();
    });
  };
  // Set up when first seen: a page of hundreds opens no slower than one of three.
  const watch = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      watch.unobserve(entry.target);
      setUp(entry.target);
    }
  }, { rootMargin: "400px" });
  for (const svg of all("svg.timeline")) watch.observe(svg);

  // Paper has no summaries to click on.
  let closed = [];
  window.addEventListener("beforeprint", () => {
    closed = all("details:not([open])").filter((element) => !element.matches(".doc, .list"));
    for (const element of closed) element.open = true;
  });
  window.addEventListener("afterprint", () => {
    for (const element of closed) element.open = false;
  });
})();
