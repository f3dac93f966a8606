// The section "Draw a digit": the drawing goes to the service while it grows, and the bars follow.

import { Bars } from "./bars.js";
import { announce, find, formatOutlierScore, formatShare, hideImage, isOutlier, isPressed, showBlob } from "./dom.js";
import { Newest } from "./newest.js";
import { Pad } from "./pad.js";
import { followKeyboard, followPointer } from "./pen.js";
import { explain, predict, prepare } from "./service.js";
import { SILENT, Status } from "./status.js";

const MODEL = "digits";
const READING_PACE_MS = 40; // from one request to the next
const SEEN_PACE_MS = 120; // slower: the bars come first

export function startDigit() {
  const bars = new Bars(find("bars"), [..."0123456789"]);
  const status = new Status(find("digit-status"));
  const eraser = find("eraser");
  const heat = find("heat");
  const brush = () => ({ width: Number(find("width").value), erases: isPressed(eraser) });
  const pad = new Pad(find("pad"), showChange, showEnd);
  const reading = new Newest(read, READING_PACE_MS);
  const seeing = new Newest(see, SEEN_PACE_MS);
  let verdict = "";

  function showChange() {
    find("undo").disabled = !pad.canUndo;
    find("clear").disabled = pad.isEmpty;
    find("pad-hint").hidden = !pad.isEmpty;
    if (pad.isEmpty) showNothing(); // at once, however slow the service is
    reading.change();
    seeing.change();
  }

  function showEnd() {
    if (reading.isAsking) reading.hurry();
    else if (verdict) announce(verdict);
  }

  async function read() {
    if (pad.isEmpty) return showNothing();
    try {
      show(await predict(MODEL, () => takePicture(reading), status));
    } catch (error) {
      status.showError(error.message, () => (reading.change(), seeing.change()));
    }
  }

  async function see() {
    if (pad.isEmpty) return;
    const isHeat = isPressed(heat);
    try {
      const picture = await (isHeat ? explain : prepare)(MODEL, () => takePicture(seeing), SILENT);
      if (!pad.isEmpty && isHeat === isPressed(heat)) showBlob(find("seen"), picture);
    } catch (error) {
      if (isHeat && reading.isCurrent) status.showError(error.message, () => seeing.change());
      hideImage(find("seen")); // the bars' request fails too, and says why
    }
  }

  function showHeat() {
    heat.ariaPressed = String(!isPressed(heat));
    find("seen-title").textContent = isPressed(heat) ? "Where it looked" : "What the net sees";
    find("seen").alt = isPressed(heat)
      ? "Your drawing, bright where the answer comes from"
      : "Your drawing as the net sees it, in 28 by 28 pixels";
    seeing.change();
  }

  function takePicture(newest) {
    newest.note();
    return pad.toPicture();
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
    verdict = `It reads ${label}, ${formatShare(probability)} sure.`;
    if (!pad.isDrawing && reading.isCurrent) announce(verdict);
  }

  function showNothing() {
    bars.clear();
    status.clear();
    verdict = "";
    hideImage(find("seen"));
    find("digit-label").textContent = "–";
    find("digit-detail").textContent = "Nothing is drawn yet.";
  }

  followPointer(pad, brush);
  followKeyboard(pad, find("pen"), brush);
  eraser.addEventListener("click", () => (eraser.ariaPressed = String(!isPressed(eraser))));
  heat.addEventListener("click", showHeat);
  for (const id of ["undo", "clear"]) {
    find(id).addEventListener("click", ({ currentTarget }) => {
      pad[id]();
      if (currentTarget.disabled) pad.canvas.focus(); // or the keyboard would be nowhere
    });
  }
}
