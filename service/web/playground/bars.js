// One bar per label, which grows and shrinks with its probability.

import { formatShare, make } from "./dom.js";

export class Bars {
  constructor(list, labels) {
    this.rows = new Map(labels.map((label) => [label, makeRow(label)]));
    list.replaceChildren(...[...this.rows.values()].map((row) => row.item));
  }

  show(probabilities, best) {
    for (const [label, row] of this.rows) showShare(row, probabilities[label] ?? 0, label === best);
  }

  clear() {
    for (const row of this.rows.values()) showShare(row, 0, false);
  }
}

function makeRow(label) {
  const item = make("li");
  const fill = make("span", "fill");
  const track = make("span", "track");
  const value = make("span", "value", "0%");
  track.append(fill);
  item.append(make("span", "name", label), track, value);
  return { item, fill, value };
}

function showShare({ item, fill, value }, share, isBest) {
  fill.style.setProperty("--share", share);
  value.textContent = formatShare(share);
  item.classList.toggle("best", isBest);
}
