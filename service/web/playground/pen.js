// What moves the pen: mouse, finger, pen and keyboard.

import { announce } from "./dom.js";

const STEP = 8; // units of the drawing per key press
const SMALL_STEP = 2;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

// `brush()` gives {width, erases}.
export function followPointer(pad, brush) {
  const { canvas } = pad;
  let pointer = null;

  function locate(event) {
    const box = canvas.getBoundingClientRect();
    const scale = pad.side / box.width;
    return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
  }

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || pointer !== null) return;
    pointer = event.pointerId;
    canvas.setPointerCapture(pointer);
    pad.end(); // a stroke of the keyboard
    const { width, erases } = brush();
    pad.begin(...locate(event), width, erases || event.buttons === 32); // 32: the eraser end of a pen
  });
  canvas.addEventListener("pointermove", (event) => {
    if (event.pointerId !== pointer) return;
    const events = event.getCoalescedEvents?.() ?? [];
    pad.extend(...(events.length ? events : [event]).map(locate));
  });
  for (const name of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(name, (event) => {
      if (event.pointerId !== pointer) return;
      pointer = null;
      pad.end();
    });
  }
}

export function followKeyboard(pad, marker, brush) {
  const { canvas } = pad;
  const pressed = new Set(); // two arrows at once move the pen aslant
  let [x, y] = [pad.side / 2, pad.side / 2];
  let isDown = false;

  function showMarker() {
    marker.style.setProperty("--x", x / pad.side);
    marker.style.setProperty("--y", y / pad.side);
    marker.style.setProperty("--size", brush().width / pad.side);
    marker.classList.toggle("down", isDown);
    marker.hidden = false;
  }

  function lift() {
    if (isDown) pad.end();
    isDown = false;
  }

  function toggle() {
    if (isDown) {
      lift();
    } else {
      isDown = true;
      const { width, erases } = brush();
      pad.begin(x, y, width, erases);
    }
    announce(isDown ? "Pen down" : "Pen up");
  }

  function move(step) {
    for (const key of pressed) {
      x = Math.min(Math.max(x + ARROWS[key][0] * step, 0), pad.side);
      y = Math.min(Math.max(y + ARROWS[key][1] * step, 0), pad.side);
    }
    if (isDown && pad.isDrawing) pad.extend([x, y]);
  }

  canvas.addEventListener("keydown", (event) => {
    if (event.altKey || ((event.ctrlKey || event.metaKey) && event.key !== "z")) return;
    if (event.key in ARROWS) {
      pressed.add(event.key);
      move(event.shiftKey ? SMALL_STEP : STEP);
    } else if (event.key === " ") {
      if (!event.repeat) toggle();
    } else if (event.key === "Escape") {
      lift();
    } else if (event.key === "z") {
      isDown = false;
      pad.undo();
    } else if (event.key === "Delete" || event.key === "Backspace") {
      isDown = false;
      pad.clear();
    } else {
      return;
    }
    event.preventDefault();
    showMarker();
  });
  canvas.addEventListener("keyup", (event) => pressed.delete(event.key));
  canvas.addEventListener("pointerdown", () => {
    isDown = false;
    marker.hidden = true;
  });
  canvas.addEventListener("focus", () => canvas.matches(":focus-visible") && showMarker());
  canvas.addEventListener("blur", () => {
    lift();
    pressed.clear();
    marker.hidden = true;
  });
}
