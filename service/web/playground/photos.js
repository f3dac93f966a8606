// The section "Cats and dogs": any number of photographs, each with its label.

import {
  announce,
  find,
  formatMilliseconds,
  formatOutlierScore,
  formatShare,
  isOutlier,
  make,
  isPressed,
  showBlob,
} from "./dom.js";
import { explain, predict, prepare } from "./service.js";
import { SILENT, Status } from "./status.js";

const MODEL = "cats-dogs";
const AT_ONCE = 4; // requests in flight

export function startPhotos() {
  const queue = [];
  let inFlight = 0;
  let answers = []; // since the queue was last empty

  function add(files) {
    for (const file of files) {
      const card = makeCard(file);
      find("cards").append(card.item);
      queue.push({ file, ...card });
    }
    find("forget").hidden = !find("cards").childElementCount;
    while (inFlight < AT_ONCE && queue.length) readNext();
  }

  async function readNext() {
    inFlight++;
    while (queue.length) await read(queue.shift());
    inFlight--;
    if (!inFlight && answers.length) {
      announce(summarise(answers));
      answers = [];
    }
  }

  async function read(entry) {
    const { file, text, status } = entry;
    text.textContent = "Reading…";
    try {
      const answer = await predict(MODEL, () => file, status);
      showAnswer(entry, answer);
      addHeatButton(entry, answer.prediction.label);
      answers.push(answer.prediction.label);
    } catch (error) {
      text.textContent = "";
      status.showError(error.message, () => read(entry));
    }
  }

  for (const id of ["files", "camera"]) {
    find(id).addEventListener("change", ({ target }) => {
      add(target.files);
      target.value = ""; // or the same file could not be chosen again
    });
  }
  find("forget").addEventListener("click", () => {
    queue.length = 0;
    for (const image of find("cards").querySelectorAll("img")) URL.revokeObjectURL(image.src);
    find("cards").replaceChildren();
    find("forget").hidden = true;
    find("files").focus();
    announce("All photographs are removed.");
  });
  followDrops(add);
}

function followDrops(add) {
  const zone = find("drop");
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  window.addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    zone.classList.add("over");
  });
  window.addEventListener("dragleave", (event) => event.relatedTarget || zone.classList.remove("over"));
  window.addEventListener("drop", (event) => {
    zone.classList.remove("over");
    if (!hasFiles(event)) return;
    event.preventDefault();
    add(event.dataTransfer.files);
    zone.scrollIntoView({ block: "nearest" });
  });
  window.addEventListener("paste", (event) => event.clipboardData?.files.length && add(event.clipboardData.files));
}

function makeCard(file) {
  const item = make("li", "card");
  const image = make("img");
  const text = make("p", "label", "Waiting…");
  const detail = make("p", "note");
  const place = make("div", "status");
  const status = new Status(place);
  image.alt = file.name;
  image.addEventListener("error", () => showPrepared(file, image));
  showBlob(image, file);
  item.append(image, text, detail, place);
  return { item, image, text, detail, status };
}

// A browser does not show every format that the service reads: then the thumbnail is what the net sees.
async function showPrepared(file, image) {
  try {
    showBlob(image, await prepare(MODEL, () => file, SILENT));
  } catch {
    image.classList.add("missing"); // the card says why: the prediction fails too
  }
}

function showAnswer({ text, detail, status }, { prediction, version, milliseconds }) {
  const { label, probability, outlier_score: score, warnings = [] } = prediction;
  text.replaceChildren(make("b", "", label), ` ${formatShare(probability)}`);
  const strangeness = make("span", isOutlier(score) ? "warning" : "", formatOutlierScore(score));
  if (isOutlier(score)) strangeness.textContent += ": unlike what it learned from";
  if (warnings.includes("truncated")) strangeness.append(". The file lacks its end.");
  detail.replaceChildren(strangeness, make("br"), `version ${version}, ${formatMilliseconds(milliseconds)}`);
  status.clear();
}

// Shows the map of where the net looked in the photograph's place, and the photograph again.
function addHeatButton({ file, item, image, status }, label) {
  const button = make("button", "", "Heat map");
  let map;
  button.type = "button";
  button.ariaPressed = "false";
  button.ariaLabel = `Heat map of ${file.name}`;
  button.addEventListener("click", async () => {
    if (isPressed(button)) return show(file, file.name);
    button.disabled = true;
    try {
      map ??= await explain(MODEL, () => file, status);
      status.clear();
      show(map, `${file.name}, bright where it looks like a ${label}`);
    } catch (error) {
      status.showError(error.message, () => button.click());
    }
    button.disabled = false;
    button.focus();
  });

  function show(picture, alt) {
    showBlob(image, picture);
    image.alt = alt;
    button.ariaPressed = String(picture === map);
  }

  item.append(button);
}

function summarise(labels) {
  const counts = Map.groupBy(labels, (label) => label);
  return [...counts].map(([label, { length }]) => `${length} ${label}${length > 1 ? "s" : ""}`).join(", ");
}
