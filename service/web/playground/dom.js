// Small helpers for the page: find an element, make one, write numbers for people, speak to screen readers.

export const find = (id) => document.getElementById(id);

export function make(tag, className = "", text = "") {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
}

// A share is cut off, not rounded, at the top: 99.96% must not look certain.
export function formatShare(share) {
  const percent = share * 100;
  if (percent < 0.05) return "0%";
  return percent < 10 || percent > 99 ? `${(Math.floor(percent * 10) / 10).toFixed(1)}%` : `${Math.round(percent)}%`;
}

export function formatMilliseconds(milliseconds) {
  return milliseconds < 1000 ? `${Math.max(1, Math.round(milliseconds))} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}

export function formatOutlierScore(score) {
  return score === undefined ? "" : `outlier score ${score.toFixed(2)}`;
}

export const isOutlier = (score) => score !== undefined && score > 0.95;

export const isPressed = (button) => button.ariaPressed === "true";

export function announce(text) {
  find("live").textContent = text;
}

export function setLink(id, address, fileName) {
  Object.assign(find(id), { href: address, download: fileName, hidden: false });
}

// Shows a blob in an <img>, and frees the one that it showed before.
export function showBlob(image, blob) {
  if (image.src.startsWith("blob:")) URL.revokeObjectURL(image.src);
  image.src = URL.createObjectURL(blob);
  image.hidden = false;
}

export function hideImage(image) {
  if (image.src.startsWith("blob:")) URL.revokeObjectURL(image.src);
  image.removeAttribute("src");
  image.hidden = true;
}
