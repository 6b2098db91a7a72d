import { tell } from "./tell.js";

console.log(tell());
