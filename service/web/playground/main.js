// Starts the sections of the page.

import { startDigit } from "./digit.js";
import { startGenerator } from "./generator.js";
import { startPhotos } from "./photos.js";

startDigit();
startPhotos();
startGenerator();
