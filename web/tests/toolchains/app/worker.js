import { tell } from "./tell.js";

postMessage(tell());
