// Every request to the service: its time, its errors in its own words, its key, and a second try after 503 and 429.

import { askForKey, getKey } from "./key.js";

const SLOW_MS = 1500;
const MAX_TRIES = 4;
const MAX_RETRY_SECONDS = 30;

export class ServiceError extends Error {}

// Gives {data, version, milliseconds}. `body` is a function: each try sends what is newest by then. `status` shows
// what happens meanwhile. Throws ServiceError.
async function ask(path, read, status, body) {
  for (let tries = 1; ; tries++) {
    const slow = setTimeout(() => status.showSlow(), SLOW_MS);
    try {
      const key = getKey();
      const headers = key ? { Authorization: `Bearer ${key}` } : {};
      const options = body
        ? { method: "POST", body: await body(), headers }
        : { headers: { ...headers, Accept: "application/json" } };
      const started = performance.now();
      const response = await send(path, options);
      if (response.ok) {
        const data = await read(response);
        return { data, version: response.headers.get("Inkpaw-Version"), milliseconds: performance.now() - started };
      }
      const message = await readMessage(response);
      if (response.status === 401 && tries < MAX_TRIES && askForKey(key)) continue;
      const seconds = Math.min(Number(response.headers.get("Retry-After")), MAX_RETRY_SECONDS);
      if (![429, 503].includes(response.status) || !(seconds > 0) || tries === MAX_TRIES) throw new ServiceError(message);
      clearTimeout(slow);
      status.showRetry(message, seconds);
      await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    } finally {
      clearTimeout(slow);
    }
  }
}

async function send(path, options) {
  try {
    return await fetch(path, options);
  } catch {
    throw new ServiceError("The service cannot be reached.");
  }
}

async function readMessage(response) {
  try {
    return (await response.json()).error.message;
  } catch {
    return `The service answered ${response.status}, without a sentence.`;
  }
}

// Gives {version, milliseconds, prediction}. `picture` gives a Blob, or a promise of one.
export async function predict(model, picture, status) {
  const { data, milliseconds } = await ask(`predict/${model}`, (response) => response.json(), status, picture);
  return { version: data.version, milliseconds, prediction: data.predictions[0] };
}

// The picture as the net sees it: a Blob.
export async function prepare(model, picture, status) {
  return (await ask(`prepare/${model}`, (response) => response.blob(), status, picture)).data;
}

// The picture under a map of where the answer comes from: a Blob.
export async function explain(model, picture, status) {
  return (await ask(`explain/${model}?format=png`, (response) => response.blob(), status, picture)).data;
}

// Gives {version, milliseconds, data}, `data` a Blob: an animation. `wishes` is URLSearchParams.
export function walk(model, wishes, status) {
  return ask(`generate/${model}/walk?${wishes}`, (response) => response.blob(), status);
}

// Gives {version, milliseconds, seeds, images}, each image in base64. `wishes` is URLSearchParams.
export async function generate(model, wishes, status) {
  const { data, milliseconds } = await ask(linkTo(model, wishes, "json"), (response) => response.json(), status);
  return { version: data.version, milliseconds, seeds: data.seeds, images: data.images.map((image) => image.b64) };
}

export function linkTo(model, wishes, format) {
  return `generate/${model}?${new URLSearchParams([...wishes, ["format", format]])}`;
}
