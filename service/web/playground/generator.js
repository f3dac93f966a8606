// The section of the GAN: a grid of digits from seeds; the one that is selected is read by `digits`.

import { announce, find, formatOutlierScore, formatShare, make, setLink } from "./dom.js";
import { generate, linkTo, predict } from "./service.js";
import { Status } from "./status.js";
import { Walk } from "./walk.js";

const MODEL = "digits-gan";
const READER = "digits";

export function startGenerator() {
  const status = new Status(find("generator-status"));
  const chosenStatus = new Status(find("chosen-status"));
  const walk = new Walk(MODEL, chosenStatus);
  let requests = 0; // an answer that is not to the newest one is dropped
  let readings = 0;

  async function draw() {
    const number = ++requests;
    const wishes = readWishes();
    find("grid").ariaBusy = "true";
    try {
      const answer = await generate(MODEL, wishes, status);
      if (number !== requests) return false;
      showGrid(answer, wishes);
      status.showAnswer(MODEL, answer.version, answer.milliseconds);
      return true;
    } catch (error) {
      if (number === requests) status.showError(error.message, draw);
      return false;
    } finally {
      if (number === requests) find("grid").ariaBusy = "false";
    }
  }

  function showGrid({ seeds, images }, wishes) {
    const label = wishes.get("label");
    const tiles = images.map((image, index) => {
      const item = make("li");
      const button = make("button");
      const picture = make("img");
      picture.src = `data:image/png;base64,${image}`;
      picture.alt = `${label === "any" ? "Digit" : label} of seed ${seeds[index]}`;
      picture.width = picture.height = 28;
      button.type = "button";
      button.ariaPressed = "false";
      button.append(picture);
      button.addEventListener("click", () => choose(button, image, seeds[index], wishes));
      item.append(button);
      return item;
    });
    find("grid").replaceChildren(...tiles);
    setLink("save-grid", linkTo(MODEL, wishes, "grid"), "digits.png");
    setLink("save-zip", linkTo(MODEL, wishes, "zip"), "digits.zip");
  }

  async function choose(button, image, seed, wishes) {
    const number = ++readings;
    for (const other of find("grid").querySelectorAll("button")) other.ariaPressed = String(other === button);
    find("chosen-image").src = `data:image/png;base64,${image}`;
    find("chosen-image").hidden = false;
    find("chosen-text").textContent = `Seed ${seed}: reading…`;
    const one = new URLSearchParams(wishes);
    one.set("seed", seed);
    one.delete("count");
    setLink("save-one", linkTo(MODEL, one, "png"), `digit-${seed}.png`);
    walk.startFrom(seed, wishes, find("chosen-image").src);
    try {
      const { prediction, version, milliseconds } = await predict(READER, () => toBlob(image), chosenStatus);
      if (number !== readings) return;
      const { label, probability, outlier_score: score } = prediction;
      const text = `Seed ${seed}: ${READER} reads ${label}, ${formatShare(probability)} sure`;
      find("chosen-text").textContent = `${text}, ${formatOutlierScore(score)}.`;
      chosenStatus.showAnswer(READER, version, milliseconds);
      announce(text);
    } catch (error) {
      if (number !== readings) return;
      find("chosen-text").textContent = `Seed ${seed}`;
      chosenStatus.showError(error.message, () => choose(button, image, seed, wishes));
    }
  }

  async function drawAndAnnounce() {
    if (await draw()) announce(`${find("grid").childElementCount} digits are drawn.`);
  }

  find("wishes").addEventListener("submit", (event) => {
    event.preventDefault();
    drawAndAnnounce();
  });
  find("reseed").addEventListener("click", () => {
    find("seed").value = crypto.getRandomValues(new Uint32Array(1))[0] >>> 1;
    if (find("wishes").reportValidity()) drawAndAnnounce();
  });
  find("truncation").addEventListener("input", showTruncation);
  showTruncation(); // a browser may have kept another value over a reload
  draw();
}

function readWishes() {
  return new URLSearchParams(["label", "seed", "count", "truncation"].map((id) => [id, find(id).value]));
}

function showTruncation() {
  find("truncation-value").value = Number(find("truncation").value).toFixed(2);
}

function toBlob(base64) {
  return new Blob([Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))], { type: "image/png" });
}
