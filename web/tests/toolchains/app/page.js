// The title tells what the page found, and what its worker did.
import { tell } from "./tell.js";

const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
worker.onmessage = ({ data }) => (document.title = JSON.stringify([tell(), data]));
worker.onerror = ({ message }) => (document.title = JSON.stringify(message ?? "the worker failed"));
