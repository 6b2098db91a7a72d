// What Jest finds by its defaults.
const { parse } = require("oom-web");

test("a kill", () => {
  const { kills } = parse(Buffer.from("Out of memory: Killed process 42 (a) total-vm:8kB, anon-rss:4kB, file-rss:0kB"));
  expect(kills[0].record.oom.victim.pid).toBe(42);
});
