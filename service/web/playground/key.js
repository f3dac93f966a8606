// The API key of a service that needs one: asked for once, and kept until the tab is closed.

const NAME = "inkpaw-key";

let declined = false;

export const getKey = () => sessionStorage.getItem(NAME);

// Asks for a key after `refused` was refused; whether there is another one to try. Requests that were refused together
// ask once.
export function askForKey(refused) {
  if (getKey() !== refused) return true;
  if (declined) return false;
  const key = window.prompt(refused ? "That key is not known. Another API key:" : "This service needs an API key:");
  declined = !key;
  if (key) sessionStorage.setItem(NAME, key.trim());
  return Boolean(key);
}
