// The section "Draw a digit": the drawing goes to the service while it grows, and the bars follow.

import { Bars } from "./bars.js";
import { announce, find, formatOutlierScore, formatShare, hideImage, isOutlier, showBlob } from "./dom.js";
import { Pad } from "./pad.js";
import { followKeyboard, followPointer } from "./pen.js";
import { predict, prepare } from "./service.js";
import { SILENT, Status } from "./status.js";

const MODEL = "digits";
const PACE_MS = 40; // from one request to the next

export function startDigit() {
  const bars = new Bars(find("bars"), [..."0123456789"]);
  const status = new Status(find("digit-status"));
  const eraser = find("eraser");
  const brush = () => ({ width: Number(find("width").value), erases: eraser.ariaPressed === "true" });
  let changes = 0; // counts up with every change of the drawing
  let isAsking = false;
  const pad = new Pad(find("pad"), () => {
    changes++;
    find("undo").disabled = !pad.canUndo;
    find("clear").disabled = pad.isEmpty;
    find("pad-hint").hidden = !pad.isEmpty;
    if (!isAsking) keepAsking();
  });

  // One request at a time, until the newest drawing has its answer.
  async function keepAsking() {
    isAsking = true;
    for (let answered = -1; answered !== changes; ) {
      const pace = new Promise((resolve) => setTimeout(resolve, PACE_MS));
      answered = changes;
      if (pad.isEmpty) showNothing();
      else await askOnce();
      if (answered !== changes) await pace;
    }
    isAsking = false;
  }

  async function askOnce() {
    try {
      const picture = () => pad.toPicture();
      await Promise.all([predict(MODEL, picture, status).then(show), prepare(MODEL, picture, SILENT).then(showSeen)]);
    } catch (error) {
      status.showError(error.message, () => (isAsking ? null : keepAsking()));
    }
  }

  function show({ prediction, version, milliseconds }) {
    if (pad.isEmpty) return; // erased meanwhile
    const { label, probability, probabilities, outlier_score: score } = prediction;
    bars.show(probabilities, label);
    find("digit-label").textContent = label;
    find("digit-detail").textContent =
      `${formatShare(probability)} sure, ${formatOutlierScore(score)}` +
      (isOutlier(score) ? ". This is unlike the digits it learned from." : "");
    status.showAnswer(MODEL, version, milliseconds);
    if (!pad.isDrawing) announce(`It reads ${label}, ${formatShare(probability)} sure.`);
  }

  function showSeen(picture) {
    if (!pad.isEmpty) showBlob(find("seen"), picture);
  }

  function showNothing() {
    bars.clear();
    status.clear();
    hideImage(find("seen"));
    find("digit-label").textContent = "–";
    find("digit-detail").textContent = "Nothing is drawn yet.";
  }

  followPointer(pad, brush);
  followKeyboard(pad, find("pen"), brush);
  eraser.addEventListener("click", () => (eraser.ariaPressed = String(eraser.ariaPressed !== "true")));
  find("undo").addEventListener("click", () => pad.undo());
  find("clear").addEventListener("click", () => pad.clear());
}
