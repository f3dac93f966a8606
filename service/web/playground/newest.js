// Asks about something that changes: one question at a time, always about what is newest by then.

export class Newest {
  // `ask` gives a promise that does not fail. A question comes `pace` milliseconds after the last one, or later.
  constructor(ask, pace) {
    this.ask = ask;
    this.pace = pace;
    this.changes = 0; // counts up
    this.asked = 0; // the change that the last question was about
    this.isAsking = false;
  }

  // Whether the last question was about what is there now.
  get isCurrent() {
    return this.asked === this.changes;
  }

  change() {
    this.changes++;
    if (!this.isAsking) this.keepAsking();
  }

  // To be called for what is sent: a question that is asked again, after an error, is about what is newest then.
  note() {
    this.asked = this.changes;
  }

  // The next question need not wait.
  hurry() {
    this.endPause?.();
  }

  async keepAsking() {
    this.isAsking = true;
    do {
      const pause = new Promise((resolve) => {
        this.endPause = resolve;
        setTimeout(resolve, this.pace);
      });
      this.note();
      await this.ask();
      if (!this.isCurrent) await pause;
    } while (!this.isCurrent);
    this.isAsking = false;
  }
}
