// The package without the module: whoever loads it hands the module to `init`.
export { Filter, Reader, init, parse, read, toJson, toObject } from "./api.js";
