// Compiled, never run: the types of what `require` gives.
import oom = require("oom-web");
import slim = require("oom-web/slim");

slim.init(new Uint8Array());
const kills: oom.Line[] = oom.parse("", { mode: "events" }).kills;

export = kills;
