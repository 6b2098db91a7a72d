// The package in every toolchain of toolchains/rows.mjs: a small project is built with it and run.
//
// node --test toolchains.test.mjs; the first run installs 1.7 GB. TOOLCHAIN=name takes the rows of that name.
import assert from "node:assert/strict";
import { arch, platform } from "node:process";
import { after, test } from "node:test";

import { chromium } from "./lib.mjs";
import { close, install } from "./toolchains/kit.mjs";
import { rows } from "./toolchains/rows.mjs";

after(close);

const isKnown = platform === "linux" && arch === "x64";
const lack = isKnown ? install() : "the toolchains are installed for Linux on x86-64";
const wanted = process.env.TOOLCHAIN ?? "";

for (const { name, needs, find, expected } of rows.filter((row) => row.name.startsWith(wanted))) {
  const missing = needs === "chromium" && chromium() === undefined ? "there is no Chromium" : undefined;
  test(name, { skip: lack ?? missing ?? false }, async () => assert.deepEqual(await find(), expected));
}
