// The line of a section that says who answered and how long it took, or what went wrong.

import { formatMilliseconds, make } from "./dom.js";

// For requests whose troubles are not worth a sentence of their own.
export const SILENT = { showSlow() {}, showRetry() {} };

export class Status {
  constructor(element) {
    this.element = element;
  }

  clear() {
    this.element.replaceChildren();
  }

  showAnswer(model, version, milliseconds) {
    this.element.replaceChildren(
      make("p", "note", `${model}, version ${version}, answered in ${formatMilliseconds(milliseconds)}`),
    );
  }

  showSlow() {
    this._showProblem("waiting", "The service is slow. Still waiting for its answer.");
  }

  showRetry(message, seconds) {
    this._showProblem("waiting", `${message} The page asks again in ${seconds} s.`);
  }

  // `retry` is called by a button beside the sentence.
  showError(message, retry) {
    const problem = this._showProblem("problem", message);
    if (!retry) return;
    const button = make("button", "", "Try again");
    button.type = "button";
    button.addEventListener("click", retry);
    problem.append(" ", button);
  }

  _showProblem(className, text) {
    const problem = make("div", className);
    problem.setAttribute("role", "alert");
    problem.append(make("span", "", text));
    this.element.replaceChildren(problem);
    return problem;
  }
}
