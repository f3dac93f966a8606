// The drawing: strokes that can be undone, and their picture on the canvas.

const PICTURE_SIDE = 168; // pixels: six for each that the net sees
const SIDE = 280; // units of the drawing; a stroke does not depend on the size of the canvas
const INK = "#15171c";

// A stroke is {points, width, erases}; clearing is an entry too, so that it can be undone.
export class Pad {
  constructor(canvas, onChange, onEnd) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d", { willReadFrequently: true });
    this.context.scale(canvas.width / SIDE, canvas.height / SIDE);
    this.entries = [];
    this.onChange = onChange;
    this.onEnd = onEnd; // a stroke has ended; the drawing is the same
    this.isDrawing = false;
    this.picture = null; // of the drawing as it is now, once somebody asked for it
  }

  get side() {
    return SIDE;
  }

  get isEmpty() {
    return !this._visible().some((stroke) => !stroke.erases);
  }

  get canUndo() {
    return this.entries.length > 0;
  }

  begin(x, y, width, erases) {
    this.entries.push({ points: [[x, y]], width, erases });
    this.isDrawing = true;
    this._change();
  }

  // `points` are [x, y] each.
  extend(...points) {
    if (!this.isDrawing) return;
    this.entries.at(-1).points.push(...points);
    this._change();
  }

  end() {
    if (!this.isDrawing) return;
    this.isDrawing = false;
    this.onEnd();
  }

  undo() {
    this.isDrawing = false;
    if (this.entries.pop()) this._change();
  }

  clear() {
    this.isDrawing = false;
    if (this.isEmpty) return;
    this.entries.push({ clears: true });
    this._change();
  }

  // A PNG of the drawing, dark on white.
  toPicture() {
    this.picture ??= this._render();
    return this.picture;
  }

  _render() {
    const copy = new OffscreenCanvas(PICTURE_SIDE, PICTURE_SIDE);
    const context = copy.getContext("2d", { willReadFrequently: true });
    context.fillStyle = "#fff";
    context.fillRect(0, 0, PICTURE_SIDE, PICTURE_SIDE);
    context.drawImage(this.canvas, 0, 0, PICTURE_SIDE, PICTURE_SIDE);
    return copy.convertToBlob({ type: "image/png" });
  }

  _visible() {
    return this.entries.slice(this.entries.findLastIndex((entry) => entry.clears) + 1);
  }

  _change() {
    this.context.clearRect(0, 0, SIDE, SIDE);
    for (const stroke of this._visible()) drawStroke(this.context, stroke);
    this.picture = null;
    this.onChange();
  }
}

function drawStroke(context, { points, width, erases }) {
  context.globalCompositeOperation = erases ? "destination-out" : "source-over";
  context.strokeStyle = INK;
  context.lineWidth = width;
  context.lineCap = context.lineJoin = "round";
  context.beginPath();
  context.moveTo(...points[0]);
  for (let index = 1; index < points.length - 1; index++) {
    const [x, y] = points[index];
    const [nextX, nextY] = points[index + 1];
    context.quadraticCurveTo(x, y, (x + nextX) / 2, (y + nextY) / 2); // through the middles: no corners
  }
  context.lineTo(...points.at(-1));
  context.stroke();
  context.globalCompositeOperation = "source-over";
}
