// What every project does: a kill's sentence from a log.
import { parse } from "oom-web";
import { LOG } from "./log.js";

export const tell = () => parse(LOG).kills[0].record.oom.summary;
