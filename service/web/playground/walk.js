// The way from the selected digit to that of another seed, as an animation in its place.

import { announce, find, setLink, showBlob } from "./dom.js";
import { walk } from "./service.js";

const IMAGE = "chosen-image";

export class Walk {
  constructor(model, status) {
    this.model = model;
    this.status = status;
    this.requests = 0; // an answer that is not to the newest one is dropped
    find("walk").addEventListener("submit", (event) => {
      event.preventDefault();
      this.play();
    });
    find("walk-stop").addEventListener("click", () => {
      this.stop();
      find("walk-to").focus();
    });
  }

  // `still` is the address of the picture of that seed.
  startFrom(seed, wishes, still) {
    Object.assign(this, { seed, wishes, still });
    this.requests++;
    find("walk").hidden = false;
    if (!find("walk-to").value) find("walk-to").value = Number(seed) + 1;
    this.showStill();
  }

  async play() {
    const number = ++this.requests;
    const to = find("walk-to").value;
    const wishes = new URLSearchParams({ from: this.seed, to });
    for (const name of ["label", "truncation"]) wishes.set(name, this.wishes.get(name));
    try {
      const { data, version, milliseconds } = await walk(this.model, wishes, this.status);
      if (number !== this.requests) return;
      showBlob(find(IMAGE), data);
      find(IMAGE).alt = `A digit that turns from seed ${this.seed} into seed ${to}`;
      find("chosen-text").textContent = `From seed ${this.seed} to seed ${to}`;
      find("walk-stop").hidden = false;
      setLink("save-walk", find(IMAGE).src, `walk-${this.seed}-${to}.png`);
      this.status.showAnswer(this.model, version, milliseconds);
      announce(`Walking from seed ${this.seed} to seed ${to}.`);
    } catch (error) {
      if (number === this.requests) this.status.showError(error.message, () => this.play());
    }
  }

  stop() {
    this.requests++;
    this.showStill();
    find("chosen-text").textContent = `Seed ${this.seed}`;
    this.status.clear();
  }

  showStill() {
    const image = find(IMAGE);
    if (image.src.startsWith("blob:")) URL.revokeObjectURL(image.src);
    Object.assign(image, { src: this.still, alt: "The selected digit" });
    find("walk-stop").hidden = true;
    find("save-walk").hidden = true;
  }
}
